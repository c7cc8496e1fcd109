/* The part of RscSession that collects, predicts collections and finds
 * cycles, and tells which of these lies on top of the scene. */
#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-session-private.h"

#include "rsc-own-cycles.h"

/* What a collection would do, and the cycles, which it tells the garbage of:
 * both are asked of a snapshot, and kept with its capture. */

typedef struct
{
  RscHeapCapture *capture;
  RscSide side;
  RscSnapshot *snapshot;
  guint generation;
} Question;

typedef struct
{
  RscPrediction *prediction;
  RscOverlay *prediction_overlay;
  RscComponents *components; /* of cycles only, as the next */
  RscOverlay *components_overlay;
  RscBitset *own_cycles;
} Answer;

static Question *
question_new (RscSession *self, guint generation)
{
  Question *question = g_new0 (Question, 1);

  question->capture = g_object_ref (self->capture);
  question->side = self->side;
  question->snapshot = rsc_snapshot_ref (rsc_session_get_snapshot (self));
  question->generation = generation;

  return question;
}

static void
question_free (gpointer data)
{
  Question *question = data;

  g_object_unref (question->capture);
  rsc_snapshot_unref (question->snapshot);
  g_free (question);
}

static void
answer_free (gpointer data)
{
  Answer *answer = data;

  g_clear_pointer (&answer->prediction, rsc_prediction_free);
  g_clear_pointer (&answer->prediction_overlay, rsc_overlay_unref);
  g_clear_pointer (&answer->components, rsc_components_free);
  g_clear_pointer (&answer->components_overlay, rsc_overlay_unref);
  g_clear_pointer (&answer->own_cycles, rsc_bitset_free);
  g_free (answer);
}

static gpointer
predict (gpointer data, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  Question *question = data;
  Answer *answer = g_new0 (Answer, 1);

  answer->prediction = rsc_collect_predict (question->snapshot, question->generation, progress, cancellable, error);
  if (answer->prediction == NULL)
    g_clear_pointer (&answer, answer_free);
  else
    answer->prediction_overlay = rsc_prediction_to_overlay (answer->prediction, question->snapshot);

  return answer;
}

/* Keeps what was predicted. */
static void
keep_prediction (Question *question, Answer *answer)
{
  rsc_heap_capture_set_prediction (question->capture, question->side, g_steal_pointer (&answer->prediction),
                                   g_steal_pointer (&answer->prediction_overlay));
}

static void
predicted (gpointer owner, RscJob *job, gpointer data, const GError *error)
{
  RscSession *self = owner;
  Question *question = rsc_job_get_data (job);
  Answer *answer = data;

  if (!rsc_session_job_done (self, job, error))
    {
      g_clear_pointer (&answer, answer_free);
      return;
    }
  if (error != NULL)
    {
      rsc_session_fail (self, _("The collection could not be predicted"), error);
      return;
    }

  keep_prediction (question, answer);
  answer_free (answer);
  self->shown_prediction = (int) question->generation;
  rsc_session_set_overlay_mode (self, RSC_OVERLAY_MODE_COLLECTION);
}

static void
predict_collection (RscSession *self, guint generation)
{
  if (self->capture == NULL)
    return;

  rsc_session_add_job (self, rsc_job_start (self, _("Predicting a collection"), predict, question_new (self, generation),
                                            question_free, answer_free, predicted));
}

static gpointer
find_cycles (gpointer data, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  Question *question = data;
  Answer *answer = predict (question, progress, cancellable, error);

  if (answer == NULL)
    return NULL;

  answer->components = rsc_components_compute (question->snapshot, answer->prediction->unreachable, progress, cancellable, error);
  if (answer->components == NULL)
    g_clear_pointer (&answer, answer_free);
  else
    {
      answer->components_overlay = rsc_components_to_overlay (answer->components, question->snapshot);
      answer->own_cycles = rsc_own_cycles_find (question->snapshot, answer->components);
    }

  return answer;
}

static void
cycles_found (gpointer owner, RscJob *job, gpointer data, const GError *error)
{
  RscSession *self = owner;
  Question *question = rsc_job_get_data (job);
  Answer *answer = data;

  self->finding_cycles = FALSE;
  if (!rsc_session_job_done (self, job, error))
    {
      g_clear_pointer (&answer, answer_free);
      if (!self->closed && self->overlay_mode == RSC_OVERLAY_MODE_CYCLES)
        rsc_session_set_overlay_mode (self, RSC_OVERLAY_MODE_NONE);
      return;
    }
  if (error != NULL)
    {
      rsc_session_fail (self, _("The cycles could not be found"), error);
      rsc_session_set_overlay_mode (self, RSC_OVERLAY_MODE_NONE);
      return;
    }

  if (question->generation != RSC_GENERATION_OF_ALL)
    keep_prediction (question, answer);
  rsc_heap_capture_set_components (question->capture, question->side, g_steal_pointer (&answer->components),
                                   g_steal_pointer (&answer->components_overlay), g_steal_pointer (&answer->own_cycles));
  answer_free (answer);

  if (question->capture == self->capture && question->side == self->side)
    g_object_notify (G_OBJECT (self), "overlay");
  else
    rsc_session_find_cycles (self);
}

/* A full collection tells the garbage from the living: each interpreter's, if there are several. */
void
rsc_session_find_cycles (RscSession *self)
{
  Question *question;

  if (self->capture == NULL || self->finding_cycles || self->closed ||
      rsc_heap_capture_get_components (self->capture, self->side, NULL) != NULL)
    return;

  self->finding_cycles = TRUE;
  question = question_new (self, RSC_GENERATION_2);
  if (rsc_snapshot_get_n_interpreters (question->snapshot) > 1)
    question->generation = RSC_GENERATION_OF_ALL;
  rsc_session_add_job (self, rsc_job_start (self, _("Finding cycles"), find_cycles, question, question_free,
                                            answer_free, cycles_found));
}

/* Collecting. */

typedef struct
{
  RscTarget *target;
  guint generation;
  RscCollectFlags flags;
  gboolean compare; /* with what is predicted */
  gboolean await;   /* the program's own next collection, of that generation or an older one */
} CollectRequest;

typedef struct
{
  RscCollection *collection;
  RscCollectionDiff *diff;
  RscPrediction *prediction; /* of what was collected; NULL unless it was to be compared */
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

  g_clear_pointer (&result->prediction, rsc_prediction_free);
  g_clear_pointer (&result->diff, rsc_collection_diff_free);
  g_clear_pointer (&result->collection, rsc_collection_free);
  g_free (result);
}

static gpointer
collect (gpointer data, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  CollectRequest *request = data;
  CollectResult *result = g_new0 (CollectResult, 1);

  if (request->await)
    result->collection = rsc_target_await_collection (request->target, request->generation, progress, cancellable, error);
  else
    result->collection = rsc_target_collect (request->target, request->generation, request->flags, progress, cancellable, error);
  if (result->collection != NULL && request->await)
    request->generation = result->collection->generation;
  if (result->collection != NULL)
    result->diff = rsc_collection_diff_compute (result->collection->before, result->collection->after, request->generation,
                                                progress, cancellable, error);
  if (result->diff == NULL)
    g_clear_pointer (&result, collect_result_free);
  else if (request->compare)
    result->prediction = g_steal_pointer (&result->diff->prediction);

  return result;
}

static void
collected (gpointer owner, RscJob *job, gpointer data, const GError *error)
{
  RscSession *self = owner;
  CollectRequest *request = rsc_job_get_data (job);
  CollectResult *result = data;
  g_autoptr (RscHeapCapture) item = NULL;
  RscOverlay *overlay = NULL;

  if (self->await_job == job)
    self->await_job = NULL;
  if (!rsc_session_job_done (self, job, error))
    {
      g_clear_pointer (&result, collect_result_free);
      return;
    }
  if (error != NULL && request->await)
    {
      rsc_session_fail (self, _("No collection came"), error);
      return;
    }
  if (error != NULL)
    {
      self->blocked_generation = request->generation;
      rsc_session_fail (self, _("The program did not collect"), error);
      return;
    }

  if (result->prediction != NULL)
    overlay = rsc_prediction_to_overlay (result->prediction, result->collection->before);
  item = rsc_heap_capture_new_for_collection (g_steal_pointer (&result->collection), g_steal_pointer (&result->diff),
                                              ++self->n_captures);
  if (result->prediction != NULL)
    rsc_heap_capture_set_prediction (item, RSC_SIDE_BEFORE, g_steal_pointer (&result->prediction), overlay);
  collect_result_free (result);
  rsc_session_forget_steps (self);
  self->overlay_mode = RSC_OVERLAY_MODE_COLLECTION;
  self->shown_prediction = -1;
  rsc_session_add_capture (self, item, FALSE);
  rsc_session_refresh_gc (self);
}

static void
collect_live (RscSession *self, guint generation, RscCollectFlags flags, gboolean compare)
{
  CollectRequest *request = g_new0 (CollectRequest, 1);

  rsc_session_stop_awaiting (self);
  request->target = rsc_target_ref (self->target);
  request->generation = generation;
  request->flags = flags | RSC_COLLECT_CAPTURE;
  request->compare = compare;
  rsc_session_add_request (self, rsc_job_start (self, _("Collecting"), collect, request, collect_request_free,
                                                collect_result_free, collected));
}

void
rsc_session_collect (RscSession *self, guint generation)
{
  if (rsc_session_is_live (self) && self->no_python == NULL)
    collect_live (self, generation, 0, FALSE);
  else
    predict_collection (self, generation);
}

void
rsc_session_await_collection (RscSession *self, guint generation)
{
  CollectRequest *request;

  if (!rsc_session_is_live (self) || self->no_python != NULL)
    return;

  rsc_session_stop_awaiting (self);
  request = g_new0 (CollectRequest, 1);
  request->target = rsc_target_ref (self->target);
  request->generation = generation;
  request->compare = TRUE;
  request->await = TRUE;
  self->await_job = rsc_job_start (self, _("Waiting for a collection"), collect, request, collect_request_free,
                                   collect_result_free, collected);
  rsc_session_add_request (self, self->await_job);
}

void
rsc_session_stop_awaiting (RscSession *self)
{
  if (self->await_job != NULL)
    rsc_job_cancel (g_steal_pointer (&self->await_job));
}

void
rsc_session_collect_and_compare (RscSession *self, guint generation)
{
  if (rsc_session_is_live (self) && self->no_python == NULL)
    collect_live (self, generation, 0, TRUE);
}

void
rsc_session_collect_on_agent_thread (RscSession *self)
{
  if (rsc_session_is_live (self))
    collect_live (self, self->blocked_generation, RSC_COLLECT_AGENT_THREAD, FALSE);
}

/* On top of the scene. */

RscOverlayMode
rsc_session_get_overlay_mode (RscSession *self)
{
  return self->overlay_mode;
}

void
rsc_session_set_overlay_mode (RscSession *self, RscOverlayMode mode)
{
  if (mode != RSC_OVERLAY_MODE_STEPS)
    rsc_session_forget_steps (self);
  self->overlay_mode = mode;
  if (mode == RSC_OVERLAY_MODE_CYCLES)
    rsc_session_find_cycles (self);
  g_object_notify (G_OBJECT (self), "overlay");
}

void
rsc_session_come_to_collection (RscSession *self, RscHeapCapture *capture)
{
  if (rsc_heap_capture_get_diff (capture) == NULL || self->overlay_mode == RSC_OVERLAY_MODE_CYCLES)
    return;

  rsc_session_forget_steps (self);
  self->overlay_mode = RSC_OVERLAY_MODE_COLLECTION;
  self->shown_prediction = -1;
}

/* Of a capture without a collection there is none, whatever the mode. */
RscOverlay *
rsc_session_get_overlay (RscSession *self)
{
  RscOverlay *overlay = NULL;

  if (self->capture == NULL)
    return NULL;

  if (self->overlay_mode == RSC_OVERLAY_MODE_STEPS)
    overlay = rsc_session_get_step_overlay (self);
  else if (self->overlay_mode == RSC_OVERLAY_MODE_CYCLES)
    rsc_heap_capture_get_components (self->capture, self->side, &overlay);
  else if (self->overlay_mode == RSC_OVERLAY_MODE_COLLECTION)
    {
      RscCollectionDiff *diff = rsc_session_get_diff (self);

      if (diff != NULL)
        overlay = self->side == RSC_SIDE_BEFORE ? diff->before : diff->after;
      else if (self->shown_prediction >= 0)
        rsc_heap_capture_get_prediction (self->capture, self->side, (guint) self->shown_prediction, &overlay);
    }

  return overlay;
}

RscComponents *
rsc_session_get_components (RscSession *self)
{
  return self->capture != NULL ? rsc_heap_capture_get_components (self->capture, self->side, NULL) : NULL;
}

RscPrediction *
rsc_session_get_prediction (RscSession *self)
{
  if (self->capture == NULL || self->shown_prediction < 0)
    return NULL;

  return rsc_heap_capture_get_prediction (self->capture, self->side, (guint) self->shown_prediction, NULL);
}

/* The real collection's, unless a prediction was asked for since. */
RscCollectionDiff *
rsc_session_get_diff (RscSession *self)
{
  if (self->capture == NULL || self->shown_prediction >= 0)
    return NULL;

  return rsc_heap_capture_get_diff (self->capture);
}
