/* What is asked of the agent. */
#include "config.h"

#include "rsc-target-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/rsc-error.h"
#include "rsc-sentence.h"

/* An agent that cannot do it in time says so at the deadline: it is heard out
 * for a moment, as it knows why.  In microseconds. */
#define DEADLINE_GRACE 500000

/* The lock is held. */
static void
set_not_connected_error (RscTarget *self, GError **error)
{
  if (self->why_not != NULL && self->state != RSC_TARGET_EXITED)
    g_set_error_literal (error, RSC_CAPTURE_ERROR, RSC_ERROR_UNSUPPORTED, self->why_not);
  else if (self->state == RSC_TARGET_EXITED || self->reaped)
    {
      if (self->why_ended != NULL)
        g_set_error_literal (error, RSC_CAPTURE_ERROR, RSC_ERROR_EXITED, self->why_ended);
      else if (self->attached)
        g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_EXITED,
                     _("Process %d has ended; how is told only to the process that started it."), (int) self->pid);
      else if (WIFSIGNALED (self->exit_status))
        g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_EXITED,
                     _("The program has ended, by signal %d (%s): start it again."),
                     WTERMSIG (self->exit_status), g_strsignal (WTERMSIG (self->exit_status)));
      else
        g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_EXITED,
                     _("The program has ended, with status %d: start it again, and hold it to look at it."),
                     WEXITSTATUS (self->exit_status));
    }
  else if (self->attached)
    g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_EXITED,
                 _("Process %d has ended the connection, as programs do that close all their descriptors, execute another program, or end their "
                   "interpreter: attach to it again."),
                 (int) self->pid);
  else if (self->had_python && self->state != RSC_TARGET_STARTING)
    g_set_error_literal (error, RSC_CAPTURE_ERROR, RSC_ERROR_EXITED,
                         _("The program's interpreter has ended, or ended the connection: start the program again."));
  else
    g_set_error_literal (error, RSC_CAPTURE_ERROR, RSC_ERROR_BUSY,
                         _("The program's Python code has not begun to run yet: try again in a moment."));
}

gboolean
rsc_target_send (RscTarget *self, const RscWireMessage *message, const int *fds, gsize n_fds, GError **error)
{
  g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->lock);
  int code;

  if (self->socket < 0)
    {
      set_not_connected_error (self, error);
      return FALSE;
    }
  code = rsc_wire_message_send (message, self->socket, fds, n_fds);
  if (code == 0)
    return TRUE;
  if (code == EAGAIN)
    g_set_error_literal (error, RSC_CAPTURE_ERROR, RSC_ERROR_BUSY,
                         _("The agent does not read what it is asked: the program is stopped, or it is very busy."));
  else
    g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_EXITED,
                 _("The connection to the program was lost: %s."), g_strerror (code));

  return FALSE;
}

static RscErrorCode
get_error_code (RscWireStatus status)
{
  switch (status)
    {
    case RSC_WIRE_LATE:
      return RSC_ERROR_TIMEOUT;
    case RSC_WIRE_NOT_RUN:
      return RSC_ERROR_BLOCKED;
    case RSC_WIRE_UNSUPPORTED:
      return RSC_ERROR_UNSUPPORTED;
    case RSC_WIRE_BUSY:
      return RSC_ERROR_BUSY;
    case RSC_WIRE_ENDING:
      return RSC_ERROR_EXITED;
    case RSC_WIRE_DONE:
    case RSC_WIRE_FAILED:
    default:
      return RSC_ERROR_FAILED;
    }
}

static void
set_timeout_error (double seconds, GError **error)
{
  g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_TIMEOUT,
               _("The program did not let go of the interpreter's lock (the GIL) within %.3g s: it is inside long-running C code, or stopped. Try again later, or allow more time."),
               seconds);
}

/* FALSE, and @error, unless the reply is good. */
static gboolean
check_reply (const RscWireMessage *reply, double seconds, GError **error)
{
  RscWireStatus status = (RscWireStatus) rsc_wire_message_number (reply, RSC_WIRE_STATUS, RSC_WIRE_FAILED);
  const char *text = rsc_wire_message_string (reply, RSC_WIRE_TEXT);
  g_autofree char *valid = NULL;

  switch (status)
    {
    case RSC_WIRE_DONE:
      return TRUE;
    case RSC_WIRE_LATE:
      set_timeout_error (seconds, error);
      return FALSE;
    case RSC_WIRE_NOT_RUN:
      g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_BLOCKED,
                   _("The program's main thread did not come to run the collection within %.3g s: it is blocked, or inside long-running C code. The collection could run on the agent's thread instead; the program's finalizers would then run there too, which breaks those that belong to one thread (sqlite3, asyncio, thread-local data)."),
                   seconds);
      return FALSE;
    default:
      valid = text != NULL && text[0] != '\0' ? rsc_sentence_dup (text) : g_strdup (_("The agent failed and gave no reason."));
      g_set_error_literal (error, RSC_CAPTURE_ERROR, (gint) get_error_code (status), valid);
      return FALSE;
    }
}

static void
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  RscTarget *self = user_data;

  g_mutex_lock (&self->lock);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

/* Waits for a change, a second at most, or until @end (0: there is none), and says
 * now and then how long it has taken.  The lock is held, but let go of meanwhile.  FALSE: @end
 * has come. */
static gboolean
wait_for_change (RscTarget *self, RscTargetExchange *exchange, gint64 end)
{
  gint64 now = g_get_monotonic_time ();
  gint64 tick = now + G_USEC_PER_SEC;

  if (g_cond_wait_until (&self->changed, &self->lock, end != 0 ? MIN (end, tick) : tick))
    return TRUE;
  now = g_get_monotonic_time ();
  if (exchange->progress != NULL && now - exchange->told >= G_USEC_PER_SEC)
    {
      g_autofree char *text = NULL;

      exchange->told = now;
      /* Translators: %1$s is what is being done, "Collecting" */
      text = g_strdup_printf (_("%1$s (for %2$d s)"), exchange->what, (int) ((now - exchange->began) / G_USEC_PER_SEC));
      g_mutex_unlock (&self->lock);
      rsc_progress_report (exchange->progress, -1.0, text);
      g_mutex_lock (&self->lock);
    }

  return end == 0 || g_get_monotonic_time () < end;
}

/* The lock is held.  What ends the wait is in the exchange, or gives FALSE. */
static gboolean
wait_for_answer (RscTarget *self, RscTargetExchange *exchange, gint64 end, int socket, double seconds,
                 GCancellable *cancellable, GError **error)
{
  while (!exchange->answered)
    {
      if (self->socket != socket)
        {
          /* It is known in a moment how the program ended. */
          gint64 grace = g_get_monotonic_time () + DEADLINE_GRACE;

          while (!self->reaped && self->why_not == NULL && g_cond_wait_until (&self->changed, &self->lock, grace))
            ;
          set_not_connected_error (self, error);
          return FALSE;
        }
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (exchange->begun && exchange->child_end != 0)
        {
          gint64 child_end = exchange->child_end;

          if (!wait_for_change (self, exchange, child_end)
              && !exchange->answered && exchange->child_end == child_end)
            {
              g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_TIMEOUT,
                           _("The capture was not over after %d s, and the program's agent says nothing of it: the program is stopped, or the machine too busy. Let it go on (kill -CONT %d), and try again."),
                           self->child_seconds, (int) self->python_pid);
              return FALSE;
            }
        }
      else if (exchange->begun)
        wait_for_change (self, exchange, 0);
      else if (!wait_for_change (self, exchange, end + DEADLINE_GRACE)
               && !exchange->answered && !exchange->begun)
        {
          set_timeout_error (seconds, error);
          return FALSE;
        }
    }

  return TRUE;
}

gboolean
rsc_target_exchange (RscTarget *self, RscWireMessage *request, RscTargetExchange *exchange,
                     const int *fds, gsize n_fds, double seconds, const RscProgress *progress, const char *what,
                     GCancellable *cancellable, GError **error)
{
  double limit = seconds > 0 ? seconds : self->timeout;
  gint64 end = g_get_monotonic_time () + (gint64) (limit * G_USEC_PER_SEC);
  RscWireMessageHeader header;
  gboolean answered = FALSE;
  gulong id = 0;
  gint64 clock_offset;
  int socket;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  exchange->number = ++self->last_number;
  exchange->begun = exchange->answered = FALSE;
  exchange->child_end = 0;
  exchange->pause_ns = 0;
  exchange->progress = what != NULL ? progress : NULL;
  exchange->what = what;
  exchange->told = exchange->began = g_get_monotonic_time ();

  g_mutex_lock (&self->lock);
  self->exchange = exchange;
  socket = self->socket;
  clock_offset = self->clock_offset;
  g_mutex_unlock (&self->lock);

  rsc_wire_message_add_number (request, RSC_WIRE_DEADLINE, (guint64) (end * 1000 + clock_offset));
  memcpy (&header, request->data, sizeof header);
  header.number = exchange->number;
  memcpy (request->data, &header, sizeof header);

  if (cancellable != NULL)
    id = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), self, NULL);
  if (rsc_target_send (self, request, fds, n_fds, error))
    {
      g_mutex_lock (&self->lock);
      answered = wait_for_answer (self, exchange, end, socket, limit, cancellable, error);
      g_mutex_unlock (&self->lock);
      if (!answered)
        {
          RscWireMessage *cancel = g_new (RscWireMessage, 1);

          rsc_wire_message_init (cancel, RSC_WIRE_CANCEL, exchange->number);
          rsc_target_send (self, cancel, NULL, 0, NULL);
          g_free (cancel);
        }
    }
  if (id != 0)
    g_cancellable_disconnect (cancellable, id);
  g_mutex_lock (&self->lock);
  self->exchange = NULL;
  g_mutex_unlock (&self->lock);

  return answered && check_reply (&exchange->reply, limit, error);
}

GVariant *
rsc_target_get_gc_info (RscTarget *self, GCancellable *cancellable, GError **error)
{
  g_autofree RscWireMessage *request = g_new (RscWireMessage, 1);
  g_autofree RscTargetExchange *exchange = g_new (RscTargetExchange, 1);
  g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->request_lock);
  guint64 thresholds[3] = { 0 }, counts[3] = { 0 }, statistics[9] = { 0 }, objects[3] = { 0 };
  GVariantBuilder builder, list;

  rsc_wire_message_init (request, RSC_WIRE_GC_INFO, 0);
  if (!rsc_target_exchange (self, request, exchange, NULL, 0, 0, NULL, NULL, cancellable, error))
    return NULL;

  rsc_wire_message_list (&exchange->reply, RSC_WIRE_THRESHOLDS, thresholds, 3);
  rsc_wire_message_list (&exchange->reply, RSC_WIRE_COUNTS, counts, 3);
  rsc_wire_message_list (&exchange->reply, RSC_WIRE_STATISTICS, statistics, 9);
  rsc_wire_message_list (&exchange->reply, RSC_WIRE_OBJECTS, objects, 3);
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "gc-enabled",
                         g_variant_new_boolean (rsc_wire_message_number (&exchange->reply, RSC_WIRE_ENABLED, 0) != 0));
  g_variant_builder_init (&list, G_VARIANT_TYPE ("au"));
  for (gsize i = 0; i < 3; i++)
    g_variant_builder_add (&list, "u", (guint) thresholds[i]);
  g_variant_builder_add (&builder, "{sv}", "gc-thresholds", g_variant_builder_end (&list));
  g_variant_builder_init (&list, G_VARIANT_TYPE ("au"));
  for (gsize i = 0; i < 3; i++)
    g_variant_builder_add (&list, "u", (guint) counts[i]);
  g_variant_builder_add (&builder, "{sv}", "gc-counts", g_variant_builder_end (&list));
  g_variant_builder_init (&list, G_VARIANT_TYPE ("a(ttt)"));
  for (gsize i = 0; i < 3; i++)
    g_variant_builder_add (&list, "(ttt)", statistics[3 * i], statistics[3 * i + 1], statistics[3 * i + 2]);
  g_variant_builder_add (&builder, "{sv}", "gc-stats", g_variant_builder_end (&list));
  g_variant_builder_init (&list, G_VARIANT_TYPE ("a(sut)"));
  for (gsize i = 0; i < 3; i++)
    g_variant_builder_add (&list, "(sut)", "main", (guint) i, objects[i]);
  g_variant_builder_add (&builder, "{sv}", "generations", g_variant_builder_end (&list));
  g_variant_builder_add (&builder, "{sv}", "gc-frozen",
                         g_variant_new_uint64 (rsc_wire_message_number (&exchange->reply, RSC_WIRE_FROZEN, 0)));

  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

gboolean
rsc_target_set_thresholds (RscTarget *self, const guint thresholds[3], GCancellable *cancellable, GError **error)
{
  g_autofree RscWireMessage *request = g_new (RscWireMessage, 1);
  g_autofree RscTargetExchange *exchange = g_new (RscTargetExchange, 1);
  g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->request_lock);
  guint64 values[3] = { thresholds[0], thresholds[1], thresholds[2] };

  rsc_wire_message_init (request, RSC_WIRE_SET_THRESHOLDS, 0);
  rsc_wire_message_add_list (request, RSC_WIRE_THRESHOLDS, values, 3);

  return rsc_target_exchange (self, request, exchange, NULL, 0, 0, NULL, NULL, cancellable, error);
}

gboolean
rsc_target_set_gc_enabled (RscTarget *self, gboolean enabled, GCancellable *cancellable, GError **error)
{
  g_autofree RscWireMessage *request = g_new (RscWireMessage, 1);
  g_autofree RscTargetExchange *exchange = g_new (RscTargetExchange, 1);
  g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->request_lock);

  rsc_wire_message_init (request, RSC_WIRE_SET_ENABLED, 0);
  rsc_wire_message_add_number (request, RSC_WIRE_ENABLED, enabled != FALSE);

  return rsc_target_exchange (self, request, exchange, NULL, 0, 0, NULL, NULL, cancellable, error);
}

gboolean
rsc_target_set_recording (RscTarget *self, gboolean recording, GCancellable *cancellable, GError **error)
{
  g_autofree RscWireMessage *request = g_new (RscWireMessage, 1);
  g_autofree RscTargetExchange *exchange = g_new (RscTargetExchange, 1);
  g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->request_lock);

  /* What follows in its place is told the same. */
  g_mutex_lock (&self->lock);
  self->record = recording;
  g_mutex_unlock (&self->lock);
  rsc_wire_message_init (request, RSC_WIRE_SET_RECORDING, 0);
  rsc_wire_message_add_number (request, RSC_WIRE_ENABLED, recording != FALSE);

  return rsc_target_exchange (self, request, exchange, NULL, 0, 0, NULL, NULL, cancellable, error);
}
