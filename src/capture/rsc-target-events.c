/* What the program did, in order, for whoever fetches it. */
#include "config.h"

#include "rsc-target-private.h"

#include <glib/gi18n-lib.h>
#include <unistd.h>

void
rsc_target_event_free (RscTargetEvent *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_free (self->hint);
  g_free (self->file);
  g_free (self->message);
  g_free (self);
}

/* So that whoever keeps the record knows that it is not whole. */
static void
push_unrecorded (RscTarget *self, double seconds)
{
  RscTargetEvent *event = g_new0 (RscTargetEvent, 1);

  event->type = RSC_EVENT_UNRECORDED;
  event->collections = self->n_unrecorded;
  event->seconds = seconds;
  event->state = self->state;
  self->n_unrecorded = 0;
  g_queue_push_tail (&self->events, event);
}

void
rsc_target_push_event (RscTarget *self, RscTargetEvent *event)
{
  const guint64 one = 1;

  event->seconds = event->seconds > 0 ? event->seconds : rsc_target_get_seconds (self);
  event->state = self->state;

  /* Nobody fetches them: what the program wrote is the first to go. */
  if (g_queue_get_length (&self->events) >= RSC_TARGET_MAX_EVENTS
      && (event->type == RSC_EVENT_OUTPUT || event->type == RSC_EVENT_MARK || event->type == RSC_EVENT_COLLECTION
          || event->type == RSC_EVENT_UNRECORDED))
    {
      if (event->recorded || event->type == RSC_EVENT_UNRECORDED)
        self->n_unrecorded += event->collections;
      rsc_target_event_free (event);
      return;
    }
  if (self->n_unrecorded > 0)
    push_unrecorded (self, event->seconds);
  g_queue_push_tail (&self->events, event);
  if (write (self->event_fd, &one, sizeof one) < 0)
    {
      /* Readable already. */
    }
  g_cond_broadcast (&self->changed);
}

void
rsc_target_set_state (RscTarget *self, RscTargetState state, RscHoldKind hold)
{
  RscTargetEvent *event;

  if (self->state == state && self->hold_kind == hold)
    return;
  self->state = state;
  self->hold_kind = hold;
  event = g_new0 (RscTargetEvent, 1);
  event->type = RSC_EVENT_STATE;
  event->hold = hold;
  event->exit_status = self->exit_status;
  if (state == RSC_TARGET_EXITED)
    event->message = g_strdup (self->why_ended);
  rsc_target_push_event (self, event);
}

void
rsc_target_push_no_python (RscTarget *self, const char *message)
{
  RscTargetEvent *event = g_new0 (RscTargetEvent, 1);

  g_free (self->why_not);
  self->why_not = g_strdup (message);
  event->type = RSC_EVENT_NO_PYTHON;
  event->message = g_strdup (message);
  rsc_target_push_event (self, event);
}

void
rsc_target_push_waiting (RscTarget *self, const char *message)
{
  RscTargetEvent *event = g_new0 (RscTargetEvent, 1);

  event->type = RSC_EVENT_WAITING;
  event->message = g_strdup (message);
  rsc_target_push_event (self, event);
}

static void
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  RscTarget *self = user_data;

  g_mutex_lock (&self->lock);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

RscTargetEvent *
rsc_target_next_event (RscTarget *self, int timeout_ms, GCancellable *cancellable, GError **error)
{
  gint64 end = g_get_monotonic_time () + (gint64) MAX (timeout_ms, 0) * 1000;
  RscTargetEvent *event;
  gulong id = 0;

  g_return_val_if_fail (self != NULL, NULL);

  if (cancellable != NULL)
    id = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), self, NULL);
  g_mutex_lock (&self->lock);
  while (g_queue_is_empty (&self->events) && !self->finished && timeout_ms != 0
         && !g_cancellable_is_cancelled (cancellable))
    {
      if (timeout_ms < 0)
        g_cond_wait (&self->changed, &self->lock);
      else if (!g_cond_wait_until (&self->changed, &self->lock, end))
        break;
    }
  event = g_queue_pop_head (&self->events);
  if (g_queue_is_empty (&self->events))
    {
      guint64 count;

      if (read (self->event_fd, &count, sizeof count) < 0)
        {
          /* Nothing had been written. */
        }
    }
  g_mutex_unlock (&self->lock);
  if (id != 0)
    g_cancellable_disconnect (cancellable, id);
  if (event == NULL)
    g_cancellable_set_error_if_cancelled (cancellable, error);

  return event;
}
