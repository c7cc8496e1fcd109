#include "config.h"

#include "rsc-process-memory.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rsc-error.h"

#define DELETED " (deleted)"

static void
clear_mapping (gpointer data)
{
  g_free (((RscMapping *) data)->path);
}

char
rsc_process_get_state (pid_t tid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", (int) tid);
  g_autofree char *text = NULL;
  const char *state;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 'X';
  state = strrchr (text, ')');

  return state != NULL && state[1] == ' ' && state[2] != '\0' ? state[2] : 'X';
}

/* Behind the state there are eighteen numbers before it. */
guint64
rsc_process_get_start (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", (int) pid);
  g_autofree char *text = NULL;
  const char *at;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  at = strrchr (text, ')');
  for (guint i = 0; at != NULL && i < 20; i++)
    at = strchr (at + 1, ' ');

  return at != NULL ? g_ascii_strtoull (at + 1, NULL, 10) : 0;
}

gboolean
rsc_process_has_ended (pid_t tid)
{
  return strchr ("ZXx", rsc_process_get_state (tid)) != NULL;
}

static gboolean
add_bytes (const char *text, const char *name, guint64 *bytes)
{
  const char *at = strstr (text, name);

  if (at == NULL)
    return FALSE;
  *bytes += g_ascii_strtoull (at + strlen (name), NULL, 10) * 1024;

  return TRUE;
}

gboolean
rsc_process_measure (pid_t pid, guint64 *uss, guint64 *rss)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/smaps_rollup", (int) pid);
  g_autofree char *text = NULL;

  *uss = *rss = 0;
  if (!g_file_get_contents (path, &text, NULL, NULL)
      || !add_bytes (text, "\nRss:", rss)
      || !add_bytes (text, "\nPrivate_Clean:", uss)
      || !add_bytes (text, "\nPrivate_Dirty:", uss))
    return FALSE;
  add_bytes (text, "\nPrivate_Hugetlb:", uss);

  return TRUE;
}

gint64
rsc_process_read_status (pid_t pid, const char *name)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/status", (int) pid);
  g_autofree char *text = NULL;
  const char *at;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return -1;
  at = strstr (text, name);

  return at != NULL ? g_ascii_strtoll (at + strlen (name), NULL, 10) : -1;
}

gboolean
rsc_process_is_traced (pid_t tid)
{
  return rsc_process_read_status (tid, "\nTracerPid:") > 0;
}

pid_t
rsc_process_get_inner (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/status", (int) pid);
  g_autofree char *text = NULL;
  g_autofree char *line = NULL;
  const char *at, *last;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return pid;
  at = strstr (text, "\nNSpid:");
  if (at == NULL)
    return pid;
  line = g_strndup (at + 1, strcspn (at + 1, "\n"));
  last = strrchr (line, '\t');

  return last != NULL ? (pid_t) strtol (last + 1, NULL, 10) : pid;
}

static int
read_ptrace_scope (void)
{
  g_autofree char *text = NULL;

  if (!g_file_get_contents ("/proc/sys/kernel/yama/ptrace_scope", &text, NULL, NULL))
    return 0;

  return atoi (text);
}

/* Threads of the kernel's have no program. */
static gboolean
is_of_the_kernel (pid_t pid)
{
  g_autofree char *exe = g_strdup_printf ("/proc/%d/exe", (int) pid);
  g_autofree char *path = g_strdup_printf ("/proc/%d/maps", (int) pid);
  g_autofree char *target = g_file_read_link (exe, NULL);
  g_autofree char *maps = NULL;

  return target == NULL && g_file_get_contents (path, &maps, NULL, NULL) && maps[0] == '\0'
         && !rsc_process_has_ended (pid);
}

void
rsc_process_set_error (pid_t pid, pid_t tid, int code, GError **error)
{
  gint64 tracer = rsc_process_read_status (tid, "\nTracerPid:");
  gint64 user = rsc_process_read_status (pid, "\nUid:");
  int scope = read_ptrace_scope ();

  if (is_of_the_kernel (pid))
    g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_UNSUPPORTED, _("Process %d is a thread of the kernel's: it runs no Python."), (int) pid);
  else if (code == ESRCH || code == ENOENT || user < 0 || rsc_process_has_ended (pid))
    g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_EXITED, _("There is no process %d, or it has ended."), (int) pid);
  else if (code != EACCES && code != EPERM)
    g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_FAILED, _("Process %d could not be looked into: %s."), (int) pid,
                 g_strerror (code));
  else if (tracer > 0)
    g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_BUSY,
                 _("Process %d is traced by process %d already (a debugger, strace or another Refscope): end that, and try again."),
                 (int) pid, (int) tracer);
  else if (geteuid () != 0 && user != (gint64) geteuid ())
    g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_PERMISSION,
                 _("Process %d belongs to another user (number %d): run Refscope as that user or as root (sudo)."), (int) pid,
                 (int) user);
  else if (scope >= 1)
    g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_PERMISSION,
                 _("The system restricts attaching to running processes (kernel.yama.ptrace_scope is %d): run Refscope by sudo, or %s."),
                 scope,
                 scope >= 3 ? _("start the system without that setting, for it cannot be lowered")
                            : _("allow it until the next start of the system with “sudo sysctl kernel.yama.ptrace_scope=0”"));
  else if (geteuid () == 0)
    g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_PERMISSION,
                 _("The system does not allow looking into process %d, to root here neither: run Refscope outside of this container, or "
                   "allow the container CAP_SYS_PTRACE."),
                 (int) pid);
  else
    g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_PERMISSION,
                 _("The system does not allow looking into process %d: it has changed its user or gained privileges since it was "
                   "started, or runs in a container that keeps others out. Run Refscope as root (sudo), and outside of the container."),
                 (int) pid);
}

RscProcessMemory *
rsc_process_memory_open (pid_t pid, gboolean writable, GError **error)
{
  g_autoptr(RscProcessMemory) self = g_new0 (RscProcessMemory, 1);
  g_autofree char *path = g_strdup_printf ("/proc/%d/mem", (int) pid);

  self->pid = pid;
  self->mappings = g_array_new (FALSE, FALSE, sizeof (RscMapping));
  g_array_set_clear_func (self->mappings, clear_mapping);
  self->fd = open (path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
  if (self->fd < 0)
    {
      rsc_process_set_error (pid, pid, errno, error);
      return NULL;
    }
  if (!rsc_process_memory_reload (self, error))
    return NULL;

  return g_steal_pointer (&self);
}

void
rsc_process_memory_free (RscProcessMemory *self)
{
  if (self == NULL)
    return;
  if (self->fd >= 0)
    close (self->fd);
  g_array_unref (self->mappings);
  g_free (self);
}

static gboolean
parse_mapping (const char *line, RscMapping *mapping)
{
  char permissions[5];
  int at = 0;
  unsigned long start, end, offset, inode;

  if (sscanf (line, "%lx-%lx %4s %lx %*s %lu %n", &start, &end, permissions, &offset, &inode, &at) < 5 || at == 0)
    return FALSE;
  *mapping = (RscMapping) {
    .start = start, .end = end, .offset = offset, .inode = inode,
    .readable = permissions[0] == 'r', .writable = permissions[1] == 'w', .executable = permissions[2] == 'x',
    .path = g_strdup (line + at),
  };
  if (g_str_has_suffix (mapping->path, DELETED))
    mapping->path[strlen (mapping->path) - strlen (DELETED)] = '\0';

  return TRUE;
}

gboolean
rsc_process_memory_reload (RscProcessMemory *self, GError **error)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/maps", (int) self->pid);
  g_autofree char *line = NULL;
  size_t size = 0;
  FILE *file = fopen (path, "re");

  if (file == NULL)
    {
      rsc_process_set_error (self->pid, self->pid, errno, error);
      return FALSE;
    }
  g_array_set_size (self->mappings, 0);
  while (getline (&line, &size, file) > 0)
    {
      RscMapping mapping;

      line[strcspn (line, "\n")] = '\0';
      if (parse_mapping (line, &mapping))
        g_array_append_val (self->mappings, mapping);
    }
  fclose (file);
  if (self->mappings->len == 0)
    {
      rsc_process_set_error (self->pid, self->pid, ESRCH, error);
      return FALSE;
    }

  return TRUE;
}

gboolean
rsc_process_memory_read (RscProcessMemory *self, guint64 address, void *bytes, gsize size)
{
  char *at = bytes;

  while (size > 0)
    {
      ssize_t n = pread (self->fd, at, size, (off_t) address);

      if (n <= 0)
        return FALSE;
      at += n;
      address += (guint64) n;
      size -= (gsize) n;
    }

  return TRUE;
}

gboolean
rsc_process_memory_write (RscProcessMemory *self, guint64 address, const void *bytes, gsize size)
{
  const char *at = bytes;

  while (size > 0)
    {
      ssize_t n = pwrite (self->fd, at, size, (off_t) address);

      if (n <= 0)
        return FALSE;
      at += n;
      address += (guint64) n;
      size -= (gsize) n;
    }

  return TRUE;
}

char *
rsc_process_memory_read_text (RscProcessMemory *self, guint64 address, gsize max)
{
  g_autoptr(GString) text = g_string_new (NULL);
  char byte;

  while (text->len < max && rsc_process_memory_read (self, address + text->len, &byte, 1))
    {
      if (byte == '\0')
        return g_string_free (g_steal_pointer (&text), FALSE);
      g_string_append_c (text, byte);
    }

  return NULL;
}

const RscMapping *
rsc_process_memory_find (RscProcessMemory *self, guint64 address)
{
  guint low = 0, high = self->mappings->len;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      const RscMapping *mapping = &g_array_index (self->mappings, RscMapping, middle);

      if (address < mapping->start)
        high = middle;
      else if (address >= mapping->end)
        low = middle + 1;
      else
        return mapping;
    }

  return NULL;
}
