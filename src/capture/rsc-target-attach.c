/* Attaching to a program that runs already. */
#include "config.h"

#include "rsc-target-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/rsc-error.h"
#include "inject/rsc-process-status.h"
#include "inject/rsc-way-in.h"

/* The agent of an earlier connection is gone so soon after its end, in microseconds; how often to look. */
#define BUSY_PATIENCE (2 * G_USEC_PER_SEC)
#define BUSY_INTERVAL 20000

static char **
read_arguments (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/cmdline", (int) pid);
  g_autoptr(GPtrArray) arguments = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *text = NULL;
  gsize size = 0;

  if (g_file_get_contents (path, &text, &size, NULL))
    for (gsize at = 0; at < size; at += strlen (text + at) + 1)
      g_ptr_array_add (arguments, g_strdup (text + at));
  if (arguments->len == 0)
    g_ptr_array_add (arguments, g_strdup_printf ("%d", (int) pid));
  g_ptr_array_add (arguments, NULL);

  return (char **) g_ptr_array_free (g_steal_pointer (&arguments), FALSE);
}

/* Who hung up just now may be looked for again before the agent has seen it. */
static gboolean
inject (pid_t pid, const char *agent, RscInjection *injection, GError **error)
{
  gint64 until = g_get_monotonic_time () + BUSY_PATIENCE;

  for (;;)
    {
      g_autoptr(GError) local_error = NULL;

      if (rsc_way_in (pid, agent, injection, &local_error))
        return TRUE;
      if (!injection->is_busy || g_get_monotonic_time () > until)
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
      g_usleep (BUSY_INTERVAL);
    }
}

RscTarget *
rsc_target_attach (pid_t pid, const RscAttachOptions *options, GError **error)
{
  g_autoptr(RscTarget) self = rsc_target_new (options != NULL && options->hold, options != NULL ? options->hold_marks : NULL);
  g_autofree char *agent = rsc_target_find_agent (error);
  RscInjection injection;

  self->attached = TRUE;
  self->record = options != NULL && options->record;
  if (agent == NULL || !rsc_target_make_events (self, error))
    return NULL;
  if (pid == getpid ())
    {
      g_set_error_literal (error, RSC_CAPTURE_ERROR, RSC_ERROR_UNSUPPORTED, _("Refscope cannot attach to itself."));
      return NULL;
    }
  self->pidfd = (int) syscall (SYS_pidfd_open, pid, 0);
  if (self->pidfd < 0)
    {
      rsc_process_set_error (pid, pid, errno, error);
      return NULL;
    }
  if (!inject (pid, agent, &injection, error))
    return NULL;

  self->pid = self->python_pid = pid;
  self->argv = read_arguments (pid);
  self->attach_pause = injection.stopped_us;
  self->launched = self->silent_since = g_get_monotonic_time ();
  if (!rsc_target_take_agent (self, injection.connection, error))
    return NULL;
  self->reader = g_thread_new ("rsc-target", rsc_target_read, self);

  return g_steal_pointer (&self);
}
