#include "config.h"

#include "rsc-target-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rsc-error.h"
#include "inject/rsc-process-status.h"

static void
wake_reader (RscTarget *self)
{
  const guint64 one = 1;

  if (write (self->wake_fd, &one, sizeof one) < 0)
    {
      /* It is awake already. */
    }
}

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

/* What is left to do for a program that outlives its target. */
typedef struct
{
  pid_t pid;
  int streams[2];
} Leftover;

/* Reads what the program writes, so that it is not stopped by a full or a
 * closed pipe, and takes its exit status off the system. */
static gpointer
attend_leftover (gpointer data)
{
  g_autofree Leftover *self = data;
  char buffer[4096];
  int status;

  while (self->streams[0] >= 0 || self->streams[1] >= 0)
    {
      struct pollfd fds[] = {
        { .fd = self->streams[0], .events = POLLIN },
        { .fd = self->streams[1], .events = POLLIN },
      };

      if (poll (fds, 2, -1) < 0 && errno != EINTR)
        break;
      for (int i = 0; i < 2; i++)
        if (fds[i].revents != 0)
          {
            ssize_t length = read (self->streams[i], buffer, sizeof buffer);

            if (length == 0 || (length < 0 && errno != EAGAIN && errno != EINTR))
              close_fd (&self->streams[i]);
          }
    }
  while (waitpid (self->pid, &status, 0) < 0 && errno == EINTR)
    ;

  return NULL;
}

static void
rsc_target_free (RscTarget *self)
{
  if (self->reader != NULL)
    {
      g_mutex_lock (&self->lock);
      self->quit = TRUE;
      g_mutex_unlock (&self->lock);
      wake_reader (self);
      g_thread_join (self->reader);
    }
  if (self->pid != 0 && !self->reaped && !self->attached)
    {
      Leftover *leftover = g_new0 (Leftover, 1);

      leftover->pid = self->pid;
      leftover->streams[0] = self->streams[1];
      leftover->streams[1] = self->streams[2];
      self->streams[1] = self->streams[2] = -1;
      g_thread_unref (g_thread_new ("rsc-leftover", attend_leftover, leftover));
    }

  /* The agent sees the hang-up, and lets go what it holds. */
  close_fd (&self->socket);
  close_fd (&self->listener);
  close_fd (&self->pidfd);
  close_fd (&self->event_fd);
  close_fd (&self->wake_fd);
  for (int i = 0; i < 3; i++)
    close_fd (&self->streams[i]);
  rsc_target_remove_folder (self);

  for (RscTargetEvent *event; (event = g_queue_pop_head (&self->events)) != NULL;)
    rsc_target_event_free (event);
  g_strfreev (self->argv);
  g_strfreev (self->hold_names);
  g_free (self->folder);
  g_free (self->hint);
  g_free (self->version);
  g_free (self->why_not);
  g_free (self->executed);
  g_free (self->why_ended);
  g_byte_array_unref (self->input);
  g_array_unref (self->marks);
  g_mutex_clear (&self->request_lock);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

RscTarget *
rsc_target_new (gboolean hold, const char *const *hold_marks)
{
  RscTarget *self = g_new0 (RscTarget, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->request_lock);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->events);
  self->timeout = RSC_TARGET_DEFAULT_SECONDS;
  self->child_seconds = RSC_TARGET_CHILD_SECONDS;
  self->listener = self->pidfd = self->event_fd = self->wake_fd = self->socket = -1;
  self->streams[0] = self->streams[1] = self->streams[2] = -1;
  self->input = g_byte_array_new ();
  self->marks = rsc_target_new_marks ();
  self->hold = hold;
  self->hold_names = g_strdupv ((char **) hold_marks);

  return self;
}

RscTarget *
rsc_target_launch (const RscLaunchOptions *options, GError **error)
{
  g_autoptr(RscTarget) self = rsc_target_new (options->hold, options->hold_marks);

  self->record = options->record;
  self->argv = g_strdupv ((char **) options->argv);
  if (self->argv == NULL || self->argv[0] == NULL || self->argv[0][0] == '\0')
    {
      g_set_error_literal (error, RSC_CAPTURE_ERROR, RSC_ERROR_NOT_FOUND, _("There is no program to start: give its name."));
      return NULL;
    }
  if (!rsc_target_spawn (self, options, error))
    return NULL;
  self->reader = g_thread_new ("rsc-target", rsc_target_read, self);

  return g_steal_pointer (&self);
}

RscTarget *
rsc_target_ref (RscTarget *self)
{
  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

void
rsc_target_unref (RscTarget *self)
{
  if (g_atomic_ref_count_dec (&self->ref_count))
    rsc_target_free (self);
}

pid_t
rsc_target_get_pid (RscTarget *self)
{
  g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->lock);

  return self->python_pid != 0 ? self->python_pid : self->pid;
}

gboolean
rsc_target_is_attached (RscTarget *self)
{
  return self->attached;
}

double
rsc_target_get_attach_pause (RscTarget *self)
{
  return (double) self->attach_pause / G_USEC_PER_SEC;
}

RscTargetState
rsc_target_get_state (RscTarget *self, RscHoldKind *hold)
{
  g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->lock);

  if (hold != NULL)
    *hold = self->hold_kind;

  return self->state;
}

const char *const *
rsc_target_get_argv (RscTarget *self)
{
  return (const char *const *) self->argv;
}

int
rsc_target_get_exit_status (RscTarget *self)
{
  g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->lock);

  return self->exit_status;
}

void
rsc_target_set_timeout (RscTarget *self, double seconds)
{
  g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->request_lock);

  self->timeout = seconds;
}

int
rsc_target_get_event_fd (RscTarget *self)
{
  return self->event_fd;
}

gboolean
rsc_target_continue (RscTarget *self, GError **error)
{
  g_autofree RscWireMessage *message = g_new (RscWireMessage, 1);

  g_mutex_lock (&self->lock);
  if (self->state != RSC_TARGET_HELD)
    {
      g_mutex_unlock (&self->lock);
      g_set_error_literal (error, RSC_CAPTURE_ERROR, RSC_ERROR_BUSY, _("The program is not held: there is nothing to continue."));
      return FALSE;
    }
  g_mutex_unlock (&self->lock);
  rsc_wire_message_init (message, RSC_WIRE_CONTINUE, 0);

  return rsc_target_send (self, message, NULL, 0, error);
}

gboolean
rsc_target_set_hold (RscTarget *self, gboolean hold, GError **error)
{
  g_autofree RscWireMessage *message = g_new (RscWireMessage, 1);
  gboolean connected;

  g_mutex_lock (&self->lock);
  self->hold = hold;
  connected = self->socket >= 0;
  g_mutex_unlock (&self->lock);
  if (!connected)
    return TRUE; /* an agent that comes is told */
  rsc_wire_message_init (message, RSC_WIRE_SET_HOLD, 0);
  rsc_wire_message_add_number (message, RSC_WIRE_HOLD_ALL, hold != FALSE);

  return rsc_target_send (self, message, NULL, 0, error);
}

gboolean
rsc_target_stop (RscTarget *self, int signum, GError **error)
{
  pid_t pid, python_pid;
  int failed = 0;

  /* Nor is it to stop at its end. */
  rsc_target_set_hold (self, FALSE, NULL);

  g_mutex_lock (&self->lock);
  if (self->state == RSC_TARGET_EXITED)
    {
      g_mutex_unlock (&self->lock);
      g_set_error_literal (error, RSC_CAPTURE_ERROR, RSC_ERROR_EXITED, _("The program has ended already."));
      return FALSE;
    }
  /* Until it is reaped, its number is its own. */
  pid = self->reaped ? 0 : self->pid;
  python_pid = self->python_pid != self->pid
               && (self->socket >= 0 || (self->reaped && self->state == RSC_TARGET_STARTING)) ? self->python_pid : 0;
  if (python_pid != 0 && kill (python_pid, signum) != 0)
    failed = errno;
  if (self->attached && pid != 0)
    failed = syscall (SYS_pidfd_send_signal, self->pidfd, signum, NULL, 0) != 0 ? errno : 0;
  else if (pid != 0 && kill (pid, signum) != 0)
    failed = errno;
  g_mutex_unlock (&self->lock);

  if (failed != 0)
    {
      g_set_error (error, RSC_CAPTURE_ERROR, failed == EPERM ? RSC_ERROR_PERMISSION : RSC_ERROR_FAILED,
                   _("Process %d could not be stopped: %s."), (int) rsc_target_get_pid (self), g_strerror (failed));
      return FALSE;
    }
  /* A held program could not end. */
  rsc_target_continue (self, NULL);

  return TRUE;
}

gboolean
rsc_target_write_input (RscTarget *self, const void *data, gsize size, GError **error)
{
  g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->lock);

  if (self->streams[0] < 0 || self->input_ends)
    {
      g_set_error_literal (error, RSC_CAPTURE_ERROR, RSC_ERROR_EXITED, _("The program's standard input is closed."));
      return FALSE;
    }
  if (size > RSC_TARGET_MAX_INPUT - self->input->len)
    {
      g_set_error_literal (error, RSC_CAPTURE_ERROR, RSC_ERROR_LIMIT,
                           _("The program does not read its standard input: nothing more is kept for it."));
      return FALSE;
    }
  if (data == NULL)
    self->input_ends = TRUE;
  else
    g_byte_array_append (self->input, data, (guint) size);
  wake_reader (self);

  return TRUE;
}

gboolean
rsc_target_sample_memory (RscTarget *self, guint64 *uss, guint64 *rss)
{
  guint64 unique, resident;
  gboolean shared;

  if (!rsc_process_measure (rsc_target_get_pid (self), &unique, &resident))
    return FALSE;
  g_mutex_lock (&self->lock);
  shared = self->capturing;
  g_mutex_unlock (&self->lock);
  if (shared)
    return FALSE;
  if (uss != NULL)
    *uss = unique;
  if (rss != NULL)
    *rss = resident;

  return TRUE;
}
