/* The part of RscSession that deals with a launched program. */
#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-session-private.h"

#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/rsc-error.h"

#define SAMPLE_INTERVAL_MS 500
#define STOP_GRACE_MS 3000
/* An hour of samples; then every second one goes. */
#define MEMORY_POINTS_MAX 7200

static void
free_target (gpointer data)
{
  rsc_target_unref (data);
}

/* Letting go of a target ends its reader thread, which may take a moment. */
static void
unref_target_in_thread (GTask *task, gpointer source_object, gpointer task_data, GCancellable *cancellable)
{
  g_task_return_boolean (task, TRUE);
}

static void
let_go_of_target (RscTarget *target)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, NULL, NULL);

  g_task_set_task_data (task, target, free_target);
  g_task_run_in_thread (task, unref_target_in_thread);
}

static double
seconds_since_launch (RscSession *self)
{
  return (double) (g_get_monotonic_time () - self->launched_at) / G_USEC_PER_SEC;
}

/* Memory. */

/* Leaves out every second sample, and every second collection of each
 * generation.  Marks stay, and the first sample. */
static void
thin_memory_points (GArray *points)
{
  gboolean drop[4] = { FALSE };
  guint n = 0;

  for (guint i = 0; i < points->len; i++)
    {
      RscMemoryPoint *point = &g_array_index (points, RscMemoryPoint, i);
      gboolean *turn = &drop[CLAMP (point->generation + 1, 0, 3)];

      if (point->hint == NULL)
        {
          *turn = !*turn;
          if (!*turn)
            continue;
        }
      if (n < i)
        {
          g_array_index (points, RscMemoryPoint, n) = *point;
          point->hint = NULL; /* it has moved */
        }
      n++;
    }
  g_array_set_size (points, n);
}

static void
add_memory_point (RscSession *self, RscMemoryPoint point)
{
  if (self->memory->len >= MEMORY_POINTS_MAX)
    thin_memory_points (self->memory);
  g_array_append_val (self->memory, point);
  g_signal_emit_by_name (self, "memory-sampled");
}

typedef struct
{
  guint64 uss, rss;
  double seconds;
} MemorySample;

static gpointer
sample_memory (gpointer data, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  MemorySample sample = { 0, };

  if (!rsc_target_sample_memory (data, &sample.uss, &sample.rss))
    return NULL;

  return g_memdup2 (&sample, sizeof sample);
}

static void
memory_sampled (gpointer owner, RscJob *job, gpointer result, const GError *error)
{
  RscSession *self = owner;
  g_autofree MemorySample *sample = result;

  self->sampling = FALSE;
  if (sample == NULL || self->closed)
    return;

  add_memory_point (self, (RscMemoryPoint) { .seconds = seconds_since_launch (self), .uss = sample->uss,
                                             .rss = sample->rss, .generation = -1 });
}

static gboolean
on_sample_time (gpointer user_data)
{
  RscSession *self = user_data;
  g_autoptr (RscJob) job = NULL;

  if (self->sampling)
    return G_SOURCE_CONTINUE;

  self->sampling = TRUE;
  job = rsc_job_start (self, "", sample_memory, rsc_target_ref (self->target), free_target, g_free, memory_sampled);

  return G_SOURCE_CONTINUE;
}

/* Output. */

/* Shows what is whole; the bytes of a character whose rest is still to come
 * wait in self->partial. */
static void
add_output (RscSession *self, int fd, const void *data, gsize size, gboolean last)
{
  GString *partial = self->partial[fd == 2 ? 1 : 0];
  g_autofree char *text = NULL;
  gsize keep = 0;
  const char *end;

  if (size > 0)
    g_string_append_len (partial, data, (gssize) size);
  if (partial->len == 0)
    return;

  if (!last && !g_utf8_validate_len (partial->str, partial->len, &end))
    {
      gsize rest = partial->len - (gsize) (end - partial->str);

      /* An incomplete character has at most three bytes. */
      if (rest <= 3 && g_utf8_get_char_validated (end, (gssize) rest) == (gunichar) -2)
        keep = rest;
    }

  text = g_utf8_make_valid (partial->str, (gssize) (partial->len - keep));
  g_string_erase (partial, 0, (gssize) (partial->len - keep));
  if (*text == '\0')
    return;

  g_string_append (self->output, text);
  if (self->output->len > RSC_OUTPUT_MAX)
    {
      const char *cut = self->output->str + self->output->len - RSC_OUTPUT_MAX / 2;

      cut = g_utf8_find_next_char (cut, NULL);
      g_string_erase (self->output, 0, cut - self->output->str);
    }
  g_signal_emit_by_name (self, "output", fd, text);
}

/* Events. */

static void
set_hold_place (RscSession *self, const RscTargetEvent *event)
{
  g_free (self->hold_hint);
  g_free (self->hold_file);
  self->hold_kind = event->hold;
  self->hold_hint = g_strdup (event->hint);
  self->hold_file = g_strdup (event->file);
  self->hold_line = event->line;
}

/* On the way to a lesson's mark the program goes on by itself. */
static gboolean
should_go_on (RscSession *self)
{
  const char *mark;

  if (self->lesson == NULL || self->lesson_at_mark || self->user_drew)
    return FALSE;

  mark = rsc_lesson_get_mark (self->lesson);
  self->lesson_at_mark = self->hold_kind != RSC_HOLD_MARK || (mark != NULL && g_strcmp0 (mark, self->hold_hint) == 0);

  return !self->lesson_at_mark;
}

static void
handle_state (RscSession *self, const RscTargetEvent *event)
{
  switch (event->state)
    {
    case RSC_TARGET_STARTING:
      rsc_session_set_state (self, RSC_SESSION_STARTING);
      break;

    case RSC_TARGET_RUNNING:
      rsc_session_set_state (self, RSC_SESSION_RUNNING);
      if (self->gc_info == NULL)
        rsc_session_refresh_gc (self);
      break;

    case RSC_TARGET_HELD:
      /* It came to a stop before it heard that it need not stop any more. */
      if (!self->hold)
        {
          rsc_session_continue (self);
          break;
        }
      set_hold_place (self, event);
      rsc_session_set_state (self, RSC_SESSION_HELD);
      self->continue_after_capture = should_go_on (self);
      rsc_session_refresh_gc (self);
      rsc_session_capture (self);
      break;

    case RSC_TARGET_EXITED:
      self->exit_status = event->exit_status;
      if (event->message != NULL)
        {
          g_free (self->no_python);
          self->no_python = g_strdup (event->message);
        }
      for (int fd = 1; fd <= 2; fd++)
        add_output (self, fd, NULL, 0, TRUE);
      g_clear_handle_id (&self->sample_source, g_source_remove);
      rsc_session_set_state (self, RSC_SESSION_EXITED);
      break;
    }
}

static void
handle_event (RscSession *self, const RscTargetEvent *event)
{
  switch (event->type)
    {
    case RSC_EVENT_STATE:
      handle_state (self, event);
      break;

    case RSC_EVENT_OUTPUT:
      if (event->bytes != NULL)
        {
          gsize size;
          const void *data = g_bytes_get_data (event->bytes, &size);

          add_output (self, event->fd, data, size, FALSE);
        }
      break;

    case RSC_EVENT_MARK:
      add_memory_point (self, (RscMemoryPoint) { .seconds = event->seconds, .uss = event->uss, .rss = event->rss,
                                                 .hint = g_strdup (event->hint != NULL ? event->hint : ""),
                                                 .generation = -1 });
      break;

    case RSC_EVENT_COLLECTION:
      add_memory_point (self, (RscMemoryPoint) { .seconds = event->seconds, .generation = (int) event->generation });
      break;

    case RSC_EVENT_NO_PYTHON:
      g_free (self->no_python);
      self->no_python = g_strdup (event->message != NULL ? event->message :
                                  _("The program runs, but it is no Python that can be captured."));
      rsc_session_set_state (self, RSC_SESSION_RUNNING);
      break;
    }
}

static gboolean
on_events (int fd, GIOCondition condition, gpointer user_data)
{
  RscSession *self = user_data;

  /* Handlers may close the session. */
  g_object_ref (self);
  while (!self->closed)
    {
      g_autoptr (RscTargetEvent) event = rsc_target_next_event (self->target, 0, NULL, NULL);

      if (event == NULL)
        break;
      handle_event (self, event);
    }

  if (!self->closed && self->state == RSC_SESSION_EXITED && (condition & (G_IO_HUP | G_IO_ERR)) != 0)
    {
      self->event_source = 0;
      g_object_unref (self);
      return G_SOURCE_REMOVE;
    }
  g_object_unref (self);

  return G_SOURCE_CONTINUE;
}

/* Launching. */

static gpointer
launch (gpointer data, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  RscSession *self = data;
  RscLaunchOptions options = {
    .argv = (const char *const *) self->argv,
    .envp = (const char *const *) self->envp,
    .cwd = self->cwd,
    .hold = self->hold,
    .pipe_streams = self->pipe_streams
  };

  return rsc_target_launch (&options, error);
}

static void
launched (gpointer owner, RscJob *job, gpointer result, const GError *error)
{
  RscSession *self = owner;
  RscTarget *target = result;

  if (!rsc_session_job_done (self, job, NULL))
    {
      if (target != NULL)
        let_go_of_target (target);
      return;
    }
  if (error != NULL)
    {
      self->error = g_error_copy (error);
      rsc_session_set_state (self, RSC_SESSION_FAILED);
      return;
    }

  self->target = target;
  self->launched_at = g_get_monotonic_time ();
  self->event_source = g_unix_fd_add (rsc_target_get_event_fd (target), G_IO_IN | G_IO_HUP | G_IO_ERR, on_events, self);
  self->sample_source = g_timeout_add (SAMPLE_INTERVAL_MS, on_sample_time, self);
  g_object_notify (G_OBJECT (self), "state");
}

void
rsc_session_start_program (RscSession *self)
{
  rsc_session_add_job (self, rsc_job_start (self, _("Starting the program"), launch, self, NULL, free_target, launched));
}

void
rsc_session_dispose_program (RscSession *self)
{
  g_clear_handle_id (&self->event_source, g_source_remove);
  g_clear_handle_id (&self->sample_source, g_source_remove);
  if (self->target != NULL)
    let_go_of_target (g_steal_pointer (&self->target));
}

/* Capturing. */

static void
free_snapshot (gpointer data)
{
  rsc_snapshot_unref (data);
}

static gpointer
capture (gpointer data, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  RscCaptureOptions options = { 0, };

  return rsc_target_capture (data, &options, progress, cancellable, error);
}

static void
captured (gpointer owner, RscJob *job, gpointer result, const GError *error)
{
  RscSession *self = owner;
  g_autoptr (RscSnapshot) snapshot = result;
  gboolean go_on = self->continue_after_capture;

  self->continue_after_capture = FALSE;
  if (!rsc_session_job_done (self, job, error))
    return;

  if (error != NULL)
    rsc_session_fail (self, _("The program could not be captured"), error);
  else
    {
      g_autoptr (RscHeapCapture) item = rsc_heap_capture_new (snapshot, NULL, ++self->n_captures);

      self->overlay_mode = self->overlay_mode == RSC_OVERLAY_MODE_COLLECTION ? RSC_OVERLAY_MODE_NONE : self->overlay_mode;
      rsc_session_add_capture (self, item);
    }

  if (go_on && self->state == RSC_SESSION_HELD)
    rsc_session_continue (self);
}

void
rsc_session_capture (RscSession *self)
{
  if (self->target == NULL || !rsc_session_is_live (self))
    return;

  rsc_session_add_job (self, rsc_job_start (self, _("Capturing the heap"), capture, rsc_target_ref (self->target), free_target,
                                            free_snapshot, captured));
}

/* Short orders.  They may wait for a capture that runs, so they have a worker. */

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

static void
free_variant (gpointer data)
{
  g_variant_unref (data);
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
  job = rsc_job_start (self, "", run_order, order, order_free, free_variant, order_done);
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

  order = order_new (self, ORDER_THRESHOLDS);
  memcpy (order->thresholds, thresholds, sizeof order->thresholds);
  give_order (self, order);
}

void
rsc_session_set_gc_enabled (RscSession *self, gboolean enabled)
{
  if (rsc_session_is_live (self))
    give_order (self, order_new (self, enabled ? ORDER_GC_ON : ORDER_GC_OFF));
}

void
rsc_session_refresh_gc (RscSession *self)
{
  if (rsc_session_is_live (self) && self->no_python == NULL)
    give_order (self, order_new (self, ORDER_GC_INFO));
}

/* Collecting. */

typedef struct
{
  RscTarget *target;
  guint generation;
} CollectRequest;

typedef struct
{
  RscCollection *collection;
  RscCollectionDiff *diff;
} CollectResult;

static void
collect_request_free (gpointer data)
{
  CollectRequest *request = data;

  rsc_target_unref (request->target);
  g_free (request);
}

static void
collect_result_free (gpointer data)
{
  CollectResult *result = data;

  g_clear_pointer (&result->diff, rsc_collection_diff_free);
  g_clear_pointer (&result->collection, rsc_collection_free);
  g_free (result);
}

static gpointer
collect (gpointer data, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  CollectRequest *request = data;
  CollectResult *result = g_new0 (CollectResult, 1);

  result->collection = rsc_target_collect (request->target, request->generation, RSC_COLLECT_CAPTURE, progress, cancellable, error);
  if (result->collection != NULL)
    result->diff = rsc_collection_diff_compute (result->collection->before, result->collection->after, request->generation,
                                                progress, cancellable, error);
  if (result->diff == NULL)
    g_clear_pointer (&result, collect_result_free);

  return result;
}

static void
collected (gpointer owner, RscJob *job, gpointer data, const GError *error)
{
  RscSession *self = owner;
  CollectResult *result = data;
  g_autoptr (RscHeapCapture) item = NULL;

  if (!rsc_session_job_done (self, job, error))
    {
      g_clear_pointer (&result, collect_result_free);
      return;
    }
  if (error != NULL)
    {
      rsc_session_fail (self, _("The program did not collect"), error);
      return;
    }

  item = rsc_heap_capture_new_for_collection (g_steal_pointer (&result->collection), g_steal_pointer (&result->diff),
                                              ++self->n_captures);
  collect_result_free (result);
  self->overlay_mode = RSC_OVERLAY_MODE_COLLECTION;
  self->shown_prediction = -1;
  rsc_session_add_capture (self, item);
  rsc_session_refresh_gc (self);
}

static void
collect_live (RscSession *self, guint generation)
{
  CollectRequest *request = g_new0 (CollectRequest, 1);

  request->target = rsc_target_ref (self->target);
  request->generation = generation;
  rsc_session_add_job (self, rsc_job_start (self, _("Collecting"), collect, request, collect_request_free,
                                            collect_result_free, collected));
}

/* Predicting. */

typedef struct
{
  RscHeapCapture *capture;
  RscSide side;
  RscSnapshot *snapshot;
  guint generation;
} PredictRequest;

typedef struct
{
  RscPrediction *prediction;
  RscOverlay *overlay;
} PredictResult;

static void
predict_request_free (gpointer data)
{
  PredictRequest *request = data;

  g_object_unref (request->capture);
  rsc_snapshot_unref (request->snapshot);
  g_free (request);
}

static void
predict_result_free (gpointer data)
{
  PredictResult *result = data;

  g_clear_pointer (&result->prediction, rsc_prediction_free);
  g_clear_pointer (&result->overlay, rsc_overlay_unref);
  g_free (result);
}

static gpointer
predict (gpointer data, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  PredictRequest *request = data;
  PredictResult *result = g_new0 (PredictResult, 1);

  result->prediction = rsc_collect_predict (request->snapshot, request->generation, progress, cancellable, error);
  if (result->prediction == NULL)
    g_clear_pointer (&result, predict_result_free);
  else
    result->overlay = rsc_prediction_to_overlay (result->prediction, request->snapshot);

  return result;
}

static void
predicted (gpointer owner, RscJob *job, gpointer data, const GError *error)
{
  RscSession *self = owner;
  PredictRequest *request = rsc_job_get_data (job);
  PredictResult *result = data;

  if (!rsc_session_job_done (self, job, error))
    {
      g_clear_pointer (&result, predict_result_free);
      return;
    }
  if (error != NULL)
    {
      rsc_session_fail (self, _("The collection could not be predicted"), error);
      return;
    }

  rsc_heap_capture_set_prediction (request->capture, request->side, g_steal_pointer (&result->prediction),
                                   g_steal_pointer (&result->overlay));
  predict_result_free (result);
  self->shown_prediction = (int) request->generation;
  rsc_session_set_overlay_mode (self, RSC_OVERLAY_MODE_COLLECTION);
}

void
rsc_session_predict (RscSession *self, guint generation)
{
  PredictRequest *request;

  if (self->capture == NULL)
    return;

  request = g_new0 (PredictRequest, 1);
  request->capture = g_object_ref (self->capture);
  request->side = self->side;
  request->snapshot = rsc_snapshot_ref (rsc_session_get_snapshot (self));
  request->generation = generation;
  rsc_session_add_job (self, rsc_job_start (self, _("Predicting a collection"), predict, request, predict_request_free,
                                            predict_result_free, predicted));
}

void
rsc_session_collect (RscSession *self, guint generation)
{
  if (rsc_session_is_live (self) && self->no_python == NULL)
    collect_live (self, generation);
  else
    rsc_session_predict (self, generation);
}

/* Plain questions. */

static char *
dup_exit_status (int status)
{
  if (WIFSIGNALED (status))
    {
      const char *name = sigabbrev_np (WTERMSIG (status));

      /* Translators: a program was ended by a signal; %s is its name, as in SIGTERM */
      return g_strdup_printf (_("Ended by SIG%s"), name != NULL ? name : "?");
    }

  /* Translators: a program ended; the number is its exit status */
  return g_strdup_printf (_("Exited (%d)"), WEXITSTATUS (status));
}

static char *
dup_hold_place (RscSession *self)
{
  g_autofree char *file = NULL;

  if (self->hold_file == NULL || *self->hold_file == '\0')
    return g_strdup ("");

  file = g_path_get_basename (self->hold_file);
  if (self->hold_line == 0)
    return g_strdup_printf (" (%s)", file);

  return g_strdup_printf (" (%s:%u)", file, self->hold_line);
}

char *
rsc_session_dup_status (RscSession *self)
{
  g_autofree char *place = NULL;

  switch (self->state)
    {
    case RSC_SESSION_LOADING:
      return g_strdup (_("Opening"));

    case RSC_SESSION_READY:
      {
        RscSnapshot *snapshot = rsc_session_get_snapshot (self);
        const char *runtime = snapshot != NULL ? rsc_snapshot_get_info_string (snapshot, "runtime") : "";
        const char *version = snapshot != NULL ? rsc_snapshot_get_info_string (snapshot, "version") : "";

        return *version != '\0' ? g_strdup_printf ("%s %s", runtime, version) : g_strdup (runtime);
      }

    case RSC_SESSION_STARTING:
      return g_strdup (_("Starting"));

    case RSC_SESSION_RUNNING:
      return g_strdup (self->no_python != NULL ? _("Running, no Python") : _("Running"));

    case RSC_SESSION_HELD:
      place = dup_hold_place (self);
      if (self->hold_kind == RSC_HOLD_UNCAUGHT)
        /* Translators: %1$s is an exception's type, %2$s is " (demo.py:12)" or empty */
        return g_strdup_printf (_("Held at its %1$s%2$s"), self->hold_hint != NULL ? self->hold_hint : _("exception"), place);
      if (self->hold_kind == RSC_HOLD_AT_EXIT)
        return g_strdup_printf (_("Held at its end%s"), place);
      /* Translators: %1$s is a mark's hint, %2$s is " (demo.py:12)" or empty */
      return g_strdup_printf (_("Held at ‘%1$s’%2$s"), self->hold_hint != NULL ? self->hold_hint : "", place);

    case RSC_SESSION_EXITED:
      return dup_exit_status (self->exit_status);

    case RSC_SESSION_FAILED:
      return g_strdup (_("Failed"));

    default:
      g_assert_not_reached ();
    }
}

RscHoldKind
rsc_session_get_hold_kind (RscSession *self)
{
  return self->state == RSC_SESSION_HELD ? self->hold_kind : RSC_HOLD_NONE;
}

const char *
rsc_session_get_hold_hint (RscSession *self)
{
  return self->state == RSC_SESSION_HELD ? self->hold_hint : NULL;
}

const char *
rsc_session_get_no_python (RscSession *self)
{
  return self->no_python;
}

pid_t
rsc_session_get_pid (RscSession *self)
{
  return self->target != NULL ? rsc_target_get_pid (self->target) : 0;
}

int
rsc_session_get_exit_status (RscSession *self)
{
  return self->exit_status;
}

char *
rsc_session_dup_source (RscSession *self, gboolean *saved)
{
  RscSnapshot *snapshot = rsc_session_get_snapshot (self);
  const char *path = snapshot != NULL ? rsc_snapshot_get_path (snapshot) : NULL;
  g_autofree char *stem = NULL;
  char *dot;

  *saved = TRUE;
  if (path != NULL)
    return g_strdup (path);
  if (self->file != NULL)
    return g_file_get_path (self->file);

  *saved = FALSE;
  stem = g_strdup (self->title);
  dot = strrchr (stem, '.');
  if (dot != NULL && dot != stem)
    *dot = '\0';

  return g_strconcat (stem, ".refscope", NULL);
}

const char *
rsc_session_get_output (RscSession *self)
{
  return self->output->str;
}

GVariant *
rsc_session_get_gc_info (RscSession *self)
{
  if (rsc_session_is_live (self) && self->gc_info != NULL)
    return self->gc_info;
  if (self->capture != NULL)
    return rsc_snapshot_get_info (rsc_session_get_snapshot (self));

  return self->gc_info;
}

GArray *
rsc_session_get_memory (RscSession *self)
{
  return self->memory;
}
