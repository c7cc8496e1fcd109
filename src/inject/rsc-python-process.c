#include "config.h"

#include "rsc-python-process.h"

#include <glib/gi18n-lib.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rsc-error.h"
#include "rsc-process-status.h"
#include "rsc-process-symbols.h"
#include "rsc-remote-support.h"

#define DELETED " (deleted)"
/* Of a name in a container's control group. */
#define CONTAINER_DIGITS 12

/* Not libpython3.so, which has nothing in it. */
static gboolean
is_libpython (const char *name)
{
  return g_str_has_prefix (name, "libpython3.") && g_ascii_isdigit (name[strlen ("libpython3.")]);
}

/* "3.13t" in a path such as /usr/lib/libpython3.13t.so.1.0 or /usr/bin/python3.13. */
static gboolean
parse_path (const char *path, RscInterpreter *self)
{
  const char *at = path;

  while ((at = strstr (at, "python3.")) != NULL)
    {
      char *end;
      guint64 minor = g_ascii_strtoull (at + strlen ("python3."), &end, 10);

      if (end != at + strlen ("python3.") && minor < 100)
        {
          self->major = 3;
          self->minor = (guint) minor;
          self->micro = G_MAXUINT;
          self->free_threaded = *end == 't' && !g_ascii_isalpha (end[1]);
          return TRUE;
        }
      at = end;
    }

  return FALSE;
}

static char *
read_program (pid_t pid)
{
  g_autofree char *link = g_strdup_printf ("/proc/%d/exe", (int) pid);
  char *path = g_file_read_link (link, NULL);

  if (path != NULL && g_str_has_suffix (path, DELETED))
    path[strlen (path) - strlen (DELETED)] = '\0';

  return path;
}

static const RscMapping *
find_object (RscProcessMemory *memory)
{
  const RscMapping *library = rsc_process_symbols_find_object (memory, is_libpython);
  g_autofree char *program = NULL;

  if (library != NULL && rsc_process_symbols_find (memory, library->start, "Py_IsInitialized") != 0)
    return library;

  program = read_program (memory->pid);
  for (guint i = 0; program != NULL && i < memory->mappings->len; i++)
    {
      const RscMapping *mapping = &g_array_index (memory->mappings, RscMapping, i);

      if (mapping->offset == 0 && strcmp (mapping->path, program) == 0)
        return rsc_process_symbols_find (memory, mapping->start, "Py_IsInitialized") != 0 ? mapping : NULL;
    }

  return NULL;
}

RscInterpreter *
rsc_interpreter_find (RscProcessMemory *memory)
{
  const RscMapping *object = find_object (memory);
  RscInterpreter *self;
  guint64 address;
  unsigned long version;

  if (object == NULL)
    return NULL;
  self = g_new0 (RscInterpreter, 1);
  self->path = g_strdup (object->path);
  self->base = object->start;
  parse_path (object->path, self);
  /* Its standard library says it where its own name does not. */
  for (guint i = 0; self->major == 0 && i < memory->mappings->len; i++)
    parse_path (g_array_index (memory->mappings, RscMapping, i).path, self);
  /* From 3.11 on the version is a number of its own. */
  address = rsc_process_symbols_find (memory, self->base, "Py_Version");
  if (address != 0 && rsc_process_memory_read (memory, address, &version, sizeof version))
    {
      self->major = version >> 24 & 0xff;
      self->minor = version >> 16 & 0xff;
      self->micro = version >> 8 & 0xff;
    }

  return self;
}

void
rsc_interpreter_free (RscInterpreter *self)
{
  if (self == NULL)
    return;
  g_free (self->path);
  g_free (self);
}

void
rsc_python_process_free (RscPythonProcess *self)
{
  if (self == NULL)
    return;
  g_free (self->user);
  g_free (self->version);
  g_free (self->command);
  g_free (self->container);
  g_free (self->why_not);
  g_free (self);
}

static char *
read_file (pid_t pid, const char *name, gsize *size)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/%s", (int) pid, name);
  char *text = NULL;

  return g_file_get_contents (path, &text, size, NULL) ? text : NULL;
}

static char *
read_command (pid_t pid)
{
  gsize size = 0;
  g_autofree char *text = read_file (pid, "cmdline", &size);

  if (text == NULL || size == 0)
    return NULL;
  for (gsize i = 0; i + 1 < size; i++)
    if (text[i] == '\0')
      text[i] = ' ';

  return g_utf8_make_valid (text, -1);
}

/* By its name only: of others' processes more is not seen. */
static gboolean
is_named_python (const char *command)
{
  gsize length = strcspn (command, " ");
  g_autofree char *program = g_strndup (command, length);
  const char *slash = strrchr (program, '/');
  const char *name = slash != NULL ? slash + 1 : program;

  return g_str_has_prefix (name, "python") && name[strspn (name + strlen ("python"), "0123456789.t") + strlen ("python")] == '\0';
}

static char *
get_user (uid_t uid)
{
  char buffer[4096];
  struct passwd entry, *found = NULL;

  if (getpwuid_r (uid, &entry, buffer, sizeof buffer, &found) == 0 && found != NULL)
    return g_utf8_make_valid (found->pw_name, -1);

  return g_strdup_printf ("%u", (guint) uid);
}

/* Of container engines, the control group's last name has the container's number. */
static char *
find_container (pid_t pid, pid_t inner_pid)
{
  g_autofree char *groups = read_file (pid, "cgroup", NULL);
  const char *at = groups;

  while (at != NULL && *at != '\0')
    {
      gsize digits = strspn (at, "0123456789abcdef");

      if (digits == 64)
        return g_strndup (at, CONTAINER_DIGITS);
      at += digits > 0 ? digits : 1;
    }

  return inner_pid != pid ? g_strdup (_("its own PID namespace")) : NULL;
}

static char *
dup_version (const RscInterpreter *interpreter)
{
  if (interpreter->major == 0)
    return NULL;
  if (interpreter->micro == G_MAXUINT)
    return g_strdup_printf ("%u.%u", interpreter->major, interpreter->minor);

  return g_strdup_printf ("%u.%u.%u", interpreter->major, interpreter->minor, interpreter->micro);
}

/* What its status tells. FALSE: it is gone, or a thread of the kernel's, or of another program. */
static gboolean
read_status (RscPythonProcess *self, pid_t *tracer, char *state)
{
  g_autofree char *status = rsc_process_status_read (self->pid);
  const char *uid = rsc_process_status_find (status, "Uid");
  const char *traced = rsc_process_status_find (status, "TracerPid");
  const char *how = rsc_process_status_find (status, "State");

  if (uid == NULL || how == NULL)
    return FALSE;
  self->uid = (uid_t) strtoul (uid, NULL, 10);
  self->inner_pid = rsc_process_get_inner (self->pid);
  *tracer = traced != NULL ? (pid_t) strtol (traced, NULL, 10) : 0;
  *state = *how;

  return TRUE;
}

static char *
find_obstacle (const RscPythonProcess *self, RscProcessMemory *memory, const RscInterpreter *interpreter, pid_t tracer, char state)
{
  RscRemoteSupport support;

  if (interpreter->free_threaded)
    return g_strdup (_("Its interpreter is free-threaded: captures of these cannot be had yet. Run the program with the usual build."));
  if (interpreter->major != 0 && (interpreter->major != 3 || interpreter->minor < RSC_PYTHON_OLDEST_MINOR))
    return g_strdup (_("Its Python is older than 3.10, which is the oldest that Refscope knows."));
  /* 3.14 and later need not be traced. */
  if (tracer != 0 && !rsc_remote_support_find (memory, interpreter, &support, NULL))
    return g_strdup_printf (_("It is traced by process %d already (a debugger, strace or another Refscope): end that."), (int) tracer);
  if (rsc_process_shares_memory (self->pid))
    return g_strdup (_("It is about to execute another program, and has its parent's memory until then."));
  if (state == 'T')
    return g_strdup_printf (_("It is stopped: let it go on (kill -CONT %d)."), (int) self->pid);

  return NULL;
}

static RscPythonProcess *
look (pid_t pid)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RscProcessMemory) memory = NULL;
  g_autoptr(RscInterpreter) interpreter = NULL;
  g_autofree char *command = read_command (pid);
  RscPythonProcess *self;
  guint64 uss, rss;
  pid_t tracer;
  char state;

  if (command == NULL)
    return NULL;
  memory = rsc_process_memory_open (pid, FALSE, &error);
  if (memory != NULL)
    interpreter = rsc_interpreter_find (memory);
  /* What may not be looked into can be told by its name only. */
  if (interpreter == NULL && (memory != NULL || g_error_matches (error, RSC_CAPTURE_ERROR, RSC_ERROR_EXITED)
                              || !is_named_python (command)))
    return NULL;

  self = g_new0 (RscPythonProcess, 1);
  self->pid = pid;
  if (!read_status (self, &tracer, &state))
    {
      rsc_python_process_free (self);
      return NULL;
    }
  self->user = get_user (self->uid);
  self->command = g_steal_pointer (&command);
  self->container = find_container (pid, self->inner_pid);
  self->uss = rsc_process_measure (pid, &uss, &rss) ? (gint64) uss : -1;
  if (interpreter != NULL)
    {
      self->version = dup_version (interpreter);
      self->why_not = find_obstacle (self, memory, interpreter, tracer, state);
    }
  else
    self->why_not = g_strdup (error->message);

  return self;
}

static int
compare_pids (gconstpointer a, gconstpointer b)
{
  const RscPythonProcess *first = *(RscPythonProcess *const *) a;
  const RscPythonProcess *second = *(RscPythonProcess *const *) b;

  return (first->pid > second->pid) - (first->pid < second->pid);
}

GPtrArray *
rsc_python_process_list (GCancellable *cancellable)
{
  GPtrArray *processes = g_ptr_array_new_with_free_func ((GDestroyNotify) rsc_python_process_free);
  g_autoptr(GDir) folder = g_dir_open ("/proc", 0, NULL);
  const char *name;

  while (folder != NULL && !g_cancellable_is_cancelled (cancellable) && (name = g_dir_read_name (folder)) != NULL)
    {
      pid_t pid = (pid_t) atoi (name);
      RscPythonProcess *process = pid > 0 && pid != getpid () ? look (pid) : NULL;

      if (process != NULL)
        g_ptr_array_add (processes, process);
    }
  g_ptr_array_sort (processes, compare_pids);

  return processes;
}
