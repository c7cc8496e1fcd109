/* The part of RscSession that gives a program short orders.  They may wait for
 * a capture that runs, so they have a worker. */
#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-session-private.h"

#include <signal.h>
#include <string.h>

#include "base/rsc-error.h"

#define STOP_GRACE_MS 3000

typedef enum
{
  ORDER_CONTINUE,
  ORDER_STOP,
  ORDER_KILL,
  ORDER_HOLD,
  ORDER_NO_HOLD,
  ORDER_RELEASE,
  ORDER_INPUT,
  ORDER_END_OF_INPUT,
  ORDER_THRESHOLDS,
  ORDER_GC_ON,
  ORDER_GC_OFF,
  ORDER_RECORD,
  ORDER_NO_RECORD,
  ORDER_GC_INFO
} OrderKind;

typedef struct
{
  OrderKind kind;
  RscTarget *target;
  char *text;
  guint thresholds[3];
} Order;

static void
order_free (gpointer data)
{
  Order *order = data;

  rsc_target_unref (order->target);
  g_free (order->text);
  g_free (order);
}

static gpointer
run_order (gpointer data, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  Order *order = data;

  switch (order->kind)
    {
    case ORDER_CONTINUE:
      rsc_target_continue (order->target, error);
      return NULL;

    case ORDER_STOP:
      rsc_target_stop (order->target, SIGTERM, error);
      return NULL;

    case ORDER_KILL:
      rsc_target_stop (order->target, SIGKILL, error);
      return NULL;

    case ORDER_HOLD:
    case ORDER_NO_HOLD:
      rsc_target_set_hold (order->target, order->kind == ORDER_HOLD, error);
      return NULL;

    case ORDER_RELEASE:
      if (rsc_target_set_hold (order->target, FALSE, error))
        rsc_target_continue (order->target, NULL);
      return NULL;

    case ORDER_INPUT:
      rsc_target_write_input (order->target, order->text, strlen (order->text), error);
      return NULL;

    case ORDER_END_OF_INPUT:
      rsc_target_write_input (order->target, NULL, 0, error);
      return NULL;

    case ORDER_THRESHOLDS:
      if (!rsc_target_set_thresholds (order->target, order->thresholds, cancellable, error))
        return NULL;
      return rsc_target_get_gc_info (order->target, cancellable, error);

    case ORDER_GC_ON:
    case ORDER_GC_OFF:
      if (!rsc_target_set_gc_enabled (order->target, order->kind == ORDER_GC_ON, cancellable, error))
        return NULL;
      return rsc_target_get_gc_info (order->target, cancellable, error);

    case ORDER_RECORD:
    case ORDER_NO_RECORD:
      rsc_target_set_recording (order->target, order->kind == ORDER_RECORD, cancellable, error);
      return NULL;

    case ORDER_GC_INFO:
      return rsc_target_get_gc_info (order->target, cancellable, NULL);

    default:
      g_assert_not_reached ();
    }
}

static void
order_done (gpointer owner, RscJob *job, gpointer result, const GError *error)
{
  RscSession *self = owner;
  Order *order = rsc_job_get_data (job);
  g_autoptr (GVariant) info = result;

  if (g_application_get_default () != NULL)
    g_application_release (g_application_get_default ());
  self->n_orders--;
  if (self->closed)
    return;

  if (info != NULL)
    {
      g_clear_pointer (&self->gc_info, g_variant_unref);
      self->gc_info = g_steal_pointer (&info);
      g_object_notify (G_OBJECT (self), "gc-info");
    }

  /* That a program has ended meanwhile is no failure of an order to end it, and
   * is said by its state. */
  if (error != NULL && !g_error_matches (error, RSC_CAPTURE_ERROR, RSC_ERROR_EXITED))
    {
      const char *title = _("The program did not do what was asked");

      if (order->kind == ORDER_INPUT || order->kind == ORDER_END_OF_INPUT)
        title = _("The program did not take the input");
      if (order->kind == ORDER_RECORD)
        self->recording = FALSE;
      rsc_session_fail (self, title, error);
      g_object_notify (G_OBJECT (self), "gc-info");
    }
}

static Order *
order_new (RscSession *self, OrderKind kind)
{
  Order *order = g_new0 (Order, 1);

  order->kind = kind;
  order->target = rsc_target_ref (self->target);

  return order;
}

/* An order is no job that could be cancelled: that a program is to be stopped
 * holds also when the window closes next, and the process waits for it. */
static void
give_order (RscSession *self, Order *order)
{
  g_autoptr (RscJob) job = NULL;

  if (g_application_get_default () != NULL)
    g_application_hold (g_application_get_default ());
  self->n_orders++;
  job = rsc_job_start (self, "", run_order, order, order_free, (GDestroyNotify) g_variant_unref, order_done);
}

void
rsc_session_continue (RscSession *self)
{
  if (self->target != NULL)
    give_order (self, order_new (self, ORDER_CONTINUE));
}

static gboolean
on_stop_grace_over (gpointer user_data)
{
  RscSession *self = user_data;

  if (!self->closed && rsc_session_is_live (self))
    give_order (self, order_new (self, ORDER_KILL));

  return G_SOURCE_REMOVE;
}

void
rsc_session_stop (RscSession *self)
{
  if (self->target == NULL)
    return;
  /* Not ours to be ended. */
  if (self->attach_pid != 0)
    {
      rsc_session_detach (self);
      return;
    }

  self->hold = FALSE;
  give_order (self, order_new (self, ORDER_STOP));
  g_timeout_add_full (G_PRIORITY_DEFAULT, STOP_GRACE_MS, on_stop_grace_over, g_object_ref (self), g_object_unref);
}

void
rsc_session_set_hold (RscSession *self, gboolean hold)
{
  self->hold = hold;
  if (self->target != NULL)
    give_order (self, order_new (self, hold ? ORDER_HOLD : ORDER_NO_HOLD));
}

gboolean
rsc_session_get_hold (RscSession *self)
{
  return self->hold;
}

void
rsc_session_release (RscSession *self)
{
  self->hold = FALSE;
  if (self->target != NULL)
    give_order (self, order_new (self, ORDER_RELEASE));
}

void
rsc_session_write_input (RscSession *self, const char *text)
{
  Order *order;

  if (self->target == NULL)
    return;

  order = order_new (self, ORDER_INPUT);
  order->text = g_strdup (text);
  give_order (self, order);
}

void
rsc_session_close_input (RscSession *self)
{
  if (self->target != NULL)
    give_order (self, order_new (self, ORDER_END_OF_INPUT));
}

void
rsc_session_set_thresholds (RscSession *self, const guint thresholds[3])
{
  Order *order;

  if (!rsc_session_is_live (self))
    return;

  rsc_session_stop_awaiting (self);
  order = order_new (self, ORDER_THRESHOLDS);
  memcpy (order->thresholds, thresholds, sizeof order->thresholds);
  give_order (self, order);
}

void
rsc_session_set_gc_enabled (RscSession *self, gboolean enabled)
{
  if (rsc_session_is_live (self))
    {
      rsc_session_stop_awaiting (self);
      give_order (self, order_new (self, enabled ? ORDER_GC_ON : ORDER_GC_OFF));
    }
}

void
rsc_session_set_recording (RscSession *self, gboolean recording)
{
  if (self->recording == recording)
    return;
  self->recording = recording;
  if (!rsc_session_is_live (self) || self->target == NULL)
    return;
  rsc_session_stop_awaiting (self);
  give_order (self, order_new (self, recording ? ORDER_RECORD : ORDER_NO_RECORD));
}

void
rsc_session_resume_recording (RscSession *self)
{
  if (self->recording)
    give_order (self, order_new (self, ORDER_RECORD));
}

void
rsc_session_refresh_gc (RscSession *self)
{
  /* While it is waited for a collection there is no answer: it is asked again when that has come. */
  if (rsc_session_is_live (self) && self->no_python == NULL && self->await_job == NULL)
    give_order (self, order_new (self, ORDER_GC_INFO));
}
