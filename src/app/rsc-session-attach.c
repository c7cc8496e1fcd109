/* The part of RscSession that attaches to a process which ran before, and lets
 * go of it again. */
#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-session-private.h"

#include "base/rsc-error.h"
#include "inject/rsc-process-status.h"

#include "rsc-recent-programs.h"

typedef struct
{
  pid_t pid;
  guint64 start; /* when the process began; 0: to be found out */
} Attachment;

static gpointer
attach (gpointer data, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  Attachment *attachment = data;
  guint64 start = rsc_process_get_start (attachment->pid);

  /* A number is given again when its process has ended. */
  if (attachment->start != 0 && start != attachment->start)
    {
      g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_EXITED,
                   start == 0 ? _("Process %d has ended. What was captured of it can still be looked at and saved.") :
                   _("Process %d is another program now: the one that was looked at has ended. Choose from the programs that run."),
                   (int) attachment->pid);
      return NULL;
    }
  attachment->start = start;

  return rsc_target_attach (attachment->pid, NULL, error);
}

static void
not_attached (RscSession *self, const GError *error)
{
  gboolean again = self->attach_start != 0;

  if (!again)
    {
      g_clear_error (&self->error);
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        self->error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, _("Attach again to look into the program."));
      else
        self->error = g_error_copy (error);
      rsc_session_set_state (self, RSC_SESSION_FAILED);
      return;
    }

  rsc_session_set_state (self, g_error_matches (error, RSC_CAPTURE_ERROR, RSC_ERROR_EXITED) ? RSC_SESSION_EXITED : RSC_SESSION_DETACHED);
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    rsc_session_fail (self, _("The program could not be attached to"), error);
}

static void
attached (gpointer owner, RscJob *job, gpointer result, const GError *error)
{
  RscSession *self = owner;
  Attachment *attachment = rsc_job_get_data (job);
  RscTarget *target = result;

  if (!rsc_session_job_done (self, job, NULL))
    {
      if (target != NULL)
        rsc_session_drop_target (target);
      return;
    }
  if (error != NULL)
    {
      not_attached (self, error);
      return;
    }

  self->attach_start = attachment->start;
  g_free (self->title);
  self->title = rsc_program_dup_title (rsc_target_get_argv (target));
  rsc_session_take_target (self, target);
}

void
rsc_session_start_process (RscSession *self)
{
  Attachment *attachment = g_new0 (Attachment, 1);

  attachment->pid = self->attach_pid;
  attachment->start = self->attach_start;
  rsc_session_add_job (self, rsc_job_start (self, _("Attaching to the program"), attach, attachment, g_free,
                                            (GDestroyNotify) rsc_target_unref, attached));
}

void
rsc_session_detach (RscSession *self)
{
  if (self->attach_pid == 0 || self->target == NULL || !rsc_session_is_live (self))
    return;

  self->hold = FALSE;
  self->continue_after_capture = FALSE;
  /* What still asks the program something would keep the connection. */
  rsc_session_cancel_requests (self);
  rsc_session_dispose_program (self);
  g_clear_pointer (&self->no_python, g_free);
  rsc_session_set_state (self, RSC_SESSION_DETACHED);
  rsc_session_message (self, _("Detached. The program runs on as before, and the agent in it is quiet."));
}

gboolean
rsc_session_can_attach_again (RscSession *self)
{
  return self->attach_pid != 0 && self->target == NULL && (self->state == RSC_SESSION_DETACHED || self->state == RSC_SESSION_FAILED);
}

void
rsc_session_attach_again (RscSession *self)
{
  if (!rsc_session_can_attach_again (self))
    return;

  rsc_session_set_state (self, RSC_SESSION_STARTING);
  rsc_session_start_process (self);
}
