#include "config.h"

#include "rsc-process-status.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <linux/kcmp.h>
#include <stdlib.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/rsc-error.h"

/* The kernel's: of the flags of its own threads. */
#define PF_KTHREAD 0x00200000

static char *
read_file (pid_t pid, const char *name)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/%s", (int) pid, name);
  char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? text : NULL;
}

char *
rsc_process_status_read (pid_t pid)
{
  return read_file (pid, "status");
}

char *
rsc_process_read_call (pid_t tid)
{
  return read_file (tid, "syscall");
}

gboolean
rsc_process_read_written (pid_t tid, guint64 *bytes, guint64 *calls)
{
  g_autofree char *name = g_strdup_printf ("task/%d/io", (int) tid); /* elsewhere it is of all threads */
  g_autofree char *text = read_file (tid, name);
  const char *found_bytes = rsc_process_status_find (text, "wchar");
  const char *found_calls = rsc_process_status_find (text, "syscw");

  if (found_bytes == NULL || found_calls == NULL)
    return FALSE;
  *bytes = g_ascii_strtoull (found_bytes, NULL, 10);
  *calls = g_ascii_strtoull (found_calls, NULL, 10);

  return TRUE;
}

const char *
rsc_process_status_find (const char *status, const char *field)
{
  gsize length = strlen (field);

  for (const char *line = status; line != NULL; line = strchr (line, '\n'))
    {
      line += *line == '\n';
      if (strncmp (line, field, length) == 0 && line[length] == ':')
        return line + length + 1 + strspn (line + length + 1, " \t");
    }

  return NULL;
}

gint64
rsc_process_status_get_number (pid_t pid, const char *field)
{
  g_autofree char *status = rsc_process_status_read (pid);
  const char *value = rsc_process_status_find (status, field);

  return value != NULL ? g_ascii_strtoll (value, NULL, 10) : -1;
}

/* The last number of the line is the one in the innermost namespace. */
pid_t
rsc_process_get_inner (pid_t pid)
{
  g_autofree char *status = rsc_process_status_read (pid);
  const char *value = rsc_process_status_find (status, "NSpid");
  g_autofree char *line = value != NULL ? g_strndup (value, strcspn (value, "\n")) : NULL;
  const char *last = line != NULL ? strrchr (line, '\t') : NULL;

  return last != NULL ? (pid_t) strtol (last + 1, NULL, 10) : pid;
}

/* Of the namespace for its children, in nanoseconds. */
static gint64
read_clock_offset (pid_t pid)
{
  g_autofree char *text = read_file (pid, "timens_offsets");
  char *at = text != NULL && g_str_has_prefix (text, "monotonic") ? text + strlen ("monotonic") : NULL;
  gint64 seconds = at != NULL ? g_ascii_strtoll (at, &at, 10) : 0;

  return at != NULL ? seconds * 1000000000 + g_ascii_strtoll (at, NULL, 10) : 0;
}

gint64
rsc_process_get_clock_offset (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/ns/time", (int) pid);
  g_autofree char *its = g_file_read_link (path, NULL);
  g_autofree char *ours = g_file_read_link ("/proc/self/ns/time", NULL);

  /* It may have made one for its children only. */
  if (its == NULL || g_strcmp0 (its, ours) == 0)
    return 0;

  return read_clock_offset (pid) - read_clock_offset (getpid ());
}

char
rsc_process_get_state (pid_t tid)
{
  g_autofree char *text = read_file (tid, "stat");
  const char *state = text != NULL ? strrchr (text, ')') : NULL;

  return state != NULL && state[1] == ' ' && state[2] != '\0' ? state[2] : 'X';
}

/* Field @n of its stat, as proc(5) counts them, from 4 on; 0: it is gone. */
static guint64
get_stat_number (pid_t pid, guint n)
{
  g_autofree char *text = read_file (pid, "stat");
  const char *at = text != NULL ? strrchr (text, ')') : NULL;

  for (guint i = 2; at != NULL && i < n; i++)
    at = strchr (at + 1, ' ');

  return at != NULL ? g_ascii_strtoull (at + 1, NULL, 10) : 0;
}

gboolean
rsc_process_is_real_time (pid_t tid)
{
  guint64 policy = get_stat_number (tid, 41);

  return policy == SCHED_FIFO || policy == SCHED_RR;
}

guint64
rsc_process_get_start (pid_t pid)
{
  return get_stat_number (pid, 22);
}

gboolean
rsc_process_shares_memory (pid_t pid)
{
  gint64 parent = rsc_process_status_get_number (pid, "PPid");

  return parent > 0 && syscall (SYS_kcmp, pid, (pid_t) parent, KCMP_VM, 0, 0) == 0;
}

gboolean
rsc_process_has_ended (pid_t tid)
{
  return strchr ("ZXx", rsc_process_get_state (tid)) != NULL;
}

static gboolean
add_bytes (const char *text, const char *name, guint64 *bytes)
{
  const char *at = rsc_process_status_find (text, name);

  if (at == NULL)
    return FALSE;
  *bytes += g_ascii_strtoull (at, NULL, 10) * 1024;

  return TRUE;
}

gboolean
rsc_process_measure (pid_t pid, guint64 *uss, guint64 *rss)
{
  g_autofree char *text = read_file (pid, "smaps_rollup");

  *uss = *rss = 0;
  if (!add_bytes (text, "Rss", rss) || !add_bytes (text, "Private_Clean", uss) || !add_bytes (text, "Private_Dirty", uss))
    return FALSE;
  add_bytes (text, "Private_Hugetlb", uss);

  return TRUE;
}

static int
read_ptrace_scope (void)
{
  g_autofree char *text = NULL;

  if (!g_file_get_contents ("/proc/sys/kernel/yama/ptrace_scope", &text, NULL, NULL))
    return 0;

  return atoi (text);
}

static gboolean
is_of_the_kernel (pid_t pid)
{
  return (get_stat_number (pid, 9) & PF_KTHREAD) != 0;
}

void
rsc_process_set_traced_error (pid_t pid, pid_t tracer, GError **error)
{
  g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_BUSY,
               _("Process %d is traced by process %d already (a debugger, strace or another Refscope): end that, and try again."), (int) pid,
               (int) tracer);
}

void
rsc_process_set_error (pid_t pid, pid_t tid, int code, GError **error)
{
  gint64 tracer = rsc_process_status_get_number (tid, "TracerPid");
  gint64 user = rsc_process_status_get_number (pid, "Uid");
  int scope = read_ptrace_scope ();

  if (is_of_the_kernel (pid))
    g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_UNSUPPORTED, _("Process %d is a thread of the kernel's: it runs no Python."), (int) pid);
  else if (code == ESRCH || code == ENOENT || user < 0 || rsc_process_has_ended (pid))
    g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_EXITED, _("There is no process %d, or it has ended."), (int) pid);
  else if (code != EACCES && code != EPERM)
    g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_FAILED, _("Process %d could not be looked into: %s."), (int) pid,
                 g_strerror (code));
  else if (tracer > 0)
    rsc_process_set_traced_error (pid, (pid_t) tracer, error);
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
