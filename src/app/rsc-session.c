#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-session-private.h"

#include <string.h>

#include "base/rsc-census.h"
#include "base/rsc-error.h"
#include "formats/rsc-heap-file.h"

#include "rsc-first-view.h"
#include "rsc-recent-programs.h"

enum
{
  PROP_0,
  PROP_STATE,
  PROP_CAPTURE,
  PROP_VIEW,
  PROP_SCENE,
  PROP_OVERLAY,
  PROP_SELECTED,
  PROP_HISTORY,
  PROP_BUSY,
  PROP_GC_INFO,
  N_PROPS
};

enum
{
  OUTPUT,
  FAILED,
  MESSAGE,
  VIEW_FAILED,
  MEMORY_SAMPLED,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RscSession, rsc_session, G_TYPE_OBJECT)

static void draw (RscSession *self, RscView *view, RscNode selected, int history_step);

static void
rsc_session_dispose (GObject *object)
{
  rsc_session_close (RSC_SESSION (object));

  G_OBJECT_CLASS (rsc_session_parent_class)->dispose (object);
}

static void
rsc_session_finalize (GObject *object)
{
  RscSession *self = RSC_SESSION (object);

  g_clear_object (&self->file);
  g_clear_object (&self->lesson);
  g_strfreev (self->argv);
  g_strfreev (self->envp);
  g_free (self->cwd);
  g_free (self->title);
  g_clear_error (&self->error);
  g_free (self->hold_hint);
  g_free (self->hold_file);
  g_free (self->no_python);
  g_clear_pointer (&self->gc_info, g_variant_unref);
  g_array_unref (self->memory);
  g_string_free (self->output, TRUE);
  for (guint i = 0; i < 2; i++)
    g_string_free (self->partial[i], TRUE);
  g_clear_pointer (&self->history, rsc_history_free);
  g_clear_pointer (&self->view, rsc_view_unref);
  g_clear_pointer (&self->scene, rsc_scene_unref);
  g_clear_object (&self->capture);
  g_clear_object (&self->wanted_capture);
  g_clear_object (&self->captures);
  g_clear_object (&self->jobs);

  G_OBJECT_CLASS (rsc_session_parent_class)->finalize (object);
  rsc_census_died (RSC_CENSUS_SESSION);
}

static void
rsc_session_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  RscSession *self = RSC_SESSION (object);

  switch (prop_id)
    {
    case PROP_STATE:
      g_value_set_uint (value, self->state);
      break;

    case PROP_CAPTURE:
      g_value_set_object (value, self->capture);
      break;

    case PROP_VIEW:
      g_value_set_pointer (value, self->view);
      break;

    case PROP_SCENE:
      g_value_set_pointer (value, self->scene);
      break;

    case PROP_OVERLAY:
      g_value_set_pointer (value, rsc_session_get_overlay (self));
      break;

    case PROP_SELECTED:
      g_value_set_uint (value, self->selected);
      break;

    case PROP_HISTORY:
      g_value_set_pointer (value, self->history);
      break;

    case PROP_BUSY:
      g_value_set_boolean (value, rsc_session_get_busy (self));
      break;

    case PROP_GC_INFO:
      g_value_set_variant (value, self->gc_info);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
rsc_session_class_init (RscSessionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->dispose = rsc_session_dispose;
  object_class->finalize = rsc_session_finalize;
  object_class->get_property = rsc_session_get_property;

  properties[PROP_STATE] = g_param_spec_uint ("state", NULL, NULL, 0, G_MAXUINT, 0, flags);
  properties[PROP_CAPTURE] = g_param_spec_object ("capture", NULL, NULL, RSC_TYPE_HEAP_CAPTURE, flags);
  properties[PROP_VIEW] = g_param_spec_pointer ("view", NULL, NULL, flags);
  properties[PROP_SCENE] = g_param_spec_pointer ("scene", NULL, NULL, flags);
  properties[PROP_OVERLAY] = g_param_spec_pointer ("overlay", NULL, NULL, flags);
  properties[PROP_SELECTED] = g_param_spec_uint ("selected", NULL, NULL, 0, G_MAXUINT, RSC_NODE_NONE, flags);
  properties[PROP_HISTORY] = g_param_spec_pointer ("history", NULL, NULL, flags);
  properties[PROP_BUSY] = g_param_spec_boolean ("busy", NULL, NULL, FALSE, flags);
  properties[PROP_GC_INFO] = g_param_spec_variant ("gc-info", NULL, NULL, G_VARIANT_TYPE_VARDICT, NULL, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  signals[OUTPUT] = g_signal_new ("output", RSC_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 2, G_TYPE_INT, G_TYPE_STRING);
  signals[FAILED] = g_signal_new ("failed", RSC_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_ERROR);
  signals[MESSAGE] = g_signal_new ("message", RSC_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[VIEW_FAILED] = g_signal_new ("view-failed", RSC_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                       G_TYPE_NONE, 1, G_TYPE_ERROR);
  signals[MEMORY_SAMPLED] = g_signal_new ("memory-sampled", RSC_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 0);
}

static void
memory_point_clear (gpointer data)
{
  RscMemoryPoint *point = data;

  g_free (point->hint);
}

static void
rsc_session_init (RscSession *self)
{
  rsc_census_born (RSC_CENSUS_SESSION);
  self->captures = g_list_store_new (RSC_TYPE_HEAP_CAPTURE);
  self->jobs = g_list_store_new (RSC_TYPE_JOB);
  self->history = rsc_history_new ();
  self->memory = g_array_new (FALSE, FALSE, sizeof (RscMemoryPoint));
  g_array_set_clear_func (self->memory, memory_point_clear);
  self->output = g_string_new (NULL);
  for (guint i = 0; i < 2; i++)
    self->partial[i] = g_string_new (NULL);
  self->selected = RSC_NODE_NONE;
  self->shown_prediction = -1;
}

RscSession *
rsc_session_new_for_file (GFile *file)
{
  RscSession *self = g_object_new (RSC_TYPE_SESSION, NULL);

  self->file = g_object_ref (file);
  self->title = g_file_get_basename (file);
  self->state = RSC_SESSION_LOADING;

  return self;
}

RscSession *
rsc_session_new_for_program (const RscLaunchOptions *options)
{
  RscSession *self = g_object_new (RSC_TYPE_SESSION, NULL);

  g_return_val_if_fail (options->argv != NULL && options->argv[0] != NULL, self);

  self->argv = g_strdupv ((char **) options->argv);
  self->envp = g_strdupv ((char **) options->envp);
  self->cwd = g_strdup (options->cwd);
  self->hold = options->hold;
  self->pipe_streams = options->pipe_streams;
  self->title = rsc_program_dup_title (options->argv);
  self->state = RSC_SESSION_STARTING;

  return self;
}

RscSession *
rsc_session_new_for_lesson (RscLesson *lesson)
{
  RscSession *self;

  if (rsc_lesson_is_program (lesson))
    {
      g_auto (GStrv) argv = rsc_lesson_dup_argv (lesson);
      RscLaunchOptions options = { .argv = (const char *const *) argv, .hold = TRUE, .pipe_streams = TRUE };

      self = rsc_session_new_for_program (&options);
    }
  else
    {
      g_autoptr (GFile) file = g_file_new_for_path (rsc_lesson_get_path (lesson));

      self = rsc_session_new_for_file (file);
    }
  self->lesson = g_object_ref (lesson);

  return self;
}

static gpointer
open_file (gpointer data, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  return rsc_heap_file_open (data, progress, cancellable, error);
}

static void
free_snapshot (gpointer data)
{
  rsc_snapshot_unref (data);
}

static void
file_opened (gpointer owner, RscJob *job, gpointer result, const GError *error)
{
  RscSession *self = owner;
  g_autoptr (RscSnapshot) snapshot = result;
  g_autoptr (RscHeapCapture) capture = NULL;

  if (!rsc_session_job_done (self, job, NULL))
    return;

  if (error != NULL)
    {
      self->error = g_error_copy (error);
      rsc_session_set_state (self, RSC_SESSION_FAILED);
      return;
    }

  rsc_session_set_state (self, RSC_SESSION_READY);
  capture = rsc_heap_capture_new (snapshot, NULL, ++self->n_captures);
  rsc_session_add_capture (self, capture);
}

void
rsc_session_start (RscSession *self)
{
  g_autofree char *path = NULL;

  if (self->file == NULL)
    {
      rsc_session_start_program (self);
      return;
    }

  path = g_file_get_path (self->file);
  if (path == NULL)
    {
      g_autofree char *uri = g_file_get_uri (self->file);

      g_set_error (&self->error, RSC_FORMAT_ERROR, RSC_ERROR_UNSUPPORTED,
                   _("“%s” is not on this machine. Copy the file to a local folder and open it there."), uri);
      rsc_session_set_state (self, RSC_SESSION_FAILED);
      return;
    }

  rsc_session_add_job (self, rsc_job_start (self, _("Opening the file"), open_file, g_steal_pointer (&path), g_free,
                                            free_snapshot, file_opened));
}

void
rsc_session_close (RscSession *self)
{
  if (self->closed)
    return;

  self->closed = TRUE;
  rsc_session_cancel (self);
  rsc_session_dispose_program (self);
}

/* Jobs. */

RscJob *
rsc_session_add_job (RscSession *self, RscJob *job)
{
  g_list_store_append (self->jobs, job);
  g_object_unref (job);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BUSY]);

  return job;
}

gboolean
rsc_session_job_done (RscSession *self, RscJob *job, const GError *error)
{
  guint position;

  if (g_list_store_find (self->jobs, job, &position))
    g_list_store_remove (self->jobs, position);
  if (self->closed)
    return FALSE;

  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BUSY]);

  return !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

void
rsc_session_cancel (RscSession *self)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->jobs));

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (RscJob) job = g_list_model_get_item (G_LIST_MODEL (self->jobs), i);

      rsc_job_cancel (job);
    }
}

GListModel *
rsc_session_get_jobs (RscSession *self)
{
  return G_LIST_MODEL (self->jobs);
}

gboolean
rsc_session_get_busy (RscSession *self)
{
  return g_list_model_get_n_items (G_LIST_MODEL (self->jobs)) > 0;
}

gboolean
rsc_session_has_orders (RscSession *self)
{
  return self->n_orders > 0;
}

void
rsc_session_set_outlives_page (RscSession *self, gboolean outlives)
{
  self->outlives_page = outlives;
}

gboolean
rsc_session_get_outlives_page (RscSession *self)
{
  return self->outlives_page;
}

void
rsc_session_fail (RscSession *self, const char *title, const GError *error)
{
  if (!self->closed)
    g_signal_emit (self, signals[FAILED], 0, title, error);
}

void
rsc_session_message (RscSession *self, const char *message)
{
  if (!self->closed)
    g_signal_emit (self, signals[MESSAGE], 0, message);
}

void
rsc_session_set_state (RscSession *self, RscSessionState state)
{
  self->state = state;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
}

/* Drawing. */

typedef struct
{
  guint64 serial;
  RscSnapshot *from; /* what @view and @selected are of; NULL: none */
  RscSnapshot *to;
  RscView *view;     /* NULL: the first one is to be found */
  RscViewParams base;
  char *object_ref;
  RscNode selected;
  RscHeapCapture *capture;
  RscSide side;
  int history_step;  /* 0: a new place */
} DrawRequest;

typedef struct
{
  RscView *view;
  RscScene *scene;
  RscNode selected;
  RscFate fate;
  gboolean start_gone;
} DrawResult;

static void
draw_request_free (gpointer data)
{
  DrawRequest *request = data;

  g_clear_pointer (&request->from, rsc_snapshot_unref);
  g_clear_pointer (&request->to, rsc_snapshot_unref);
  g_clear_pointer (&request->view, rsc_view_unref);
  g_clear_object (&request->capture);
  g_free (request->object_ref);
  g_free (request);
}

static void
draw_result_free (gpointer data)
{
  DrawResult *result = data;

  g_clear_pointer (&result->view, rsc_view_unref);
  g_clear_pointer (&result->scene, rsc_scene_unref);
  g_free (result);
}

static gpointer
draw_in_thread (gpointer data, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  DrawRequest *request = data;
  DrawResult *result = g_new0 (DrawResult, 1);
  g_autoptr (RscGraph) graph = NULL;

  result->selected = request->selected;
  if (request->from != NULL && request->from != request->to)
    {
      if (request->view != NULL)
        {
          result->view = rsc_view_move (request->view, request->from, request->to);
          result->start_gone = result->view == NULL;
        }
      if (request->selected != RSC_NODE_NONE)
        {
          gboolean presumed = FALSE;

          result->selected = rsc_view_carry_over (request->from, request->selected, request->to, &presumed);
          if (result->selected == RSC_NODE_NONE)
            result->fate = RSC_FATE_GONE;
          else
            result->fate = presumed ? RSC_FATE_PRESUMED : RSC_FATE_SAME;
        }
    }
  else if (request->view != NULL)
    result->view = rsc_view_ref (request->view);

  if (result->view == NULL)
    {
      result->view = rsc_first_view_new (request->to, &request->base, request->object_ref, error);
      if (result->view != NULL && result->selected == RSC_NODE_NONE && result->fate == RSC_FATE_NONE)
        {
          const RscViewParams *params = rsc_view_get_params (result->view);

          if (params->n_objects > 0)
            result->selected = params->objects[0];
        }
    }
  if (result->view != NULL)
    graph = rsc_graph_build (request->to, result->view, progress, cancellable, error);
  if (graph != NULL)
    result->scene = rsc_scene_new (graph, 0, progress, cancellable, error);
  if (result->scene == NULL)
    g_clear_pointer (&result, draw_result_free);

  return result;
}

static void
drawn (gpointer owner, RscJob *job, gpointer data, const GError *error)
{
  RscSession *self = owner;
  DrawRequest *request = rsc_job_get_data (job);
  DrawResult *result = data;
  gboolean late = request->serial != self->draw_serial;
  gboolean wanted = rsc_session_job_done (self, job, error);

  if (!late)
    self->draw_job = NULL;

  if (late || !wanted || error != NULL)
    {
      if (!late && !self->closed)
        {
          /* Cancelled or failed: what is shown stays, and is what is wanted. */
          g_set_object (&self->wanted_capture, self->capture);
          self->wanted_side = self->side;
          if (self->scene != NULL)
            {
              g_clear_pointer (&self->view, rsc_view_unref);
              self->view = rsc_view_ref (rsc_graph_get_view (rsc_scene_get_graph (self->scene)));
            }
          if (wanted && error != NULL)
            g_signal_emit (self, signals[VIEW_FAILED], 0, error);
          g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_VIEW]);
        }
      g_clear_pointer (&result, draw_result_free);
      return;
    }

  g_object_freeze_notify (G_OBJECT (self));

  if (self->capture != request->capture || self->side != request->side)
    {
      g_set_object (&self->capture, request->capture);
      self->side = request->side;
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CAPTURE]);
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_GC_INFO]);
    }
  g_clear_pointer (&self->view, rsc_view_unref);
  self->view = g_steal_pointer (&result->view);
  g_clear_pointer (&self->scene, rsc_scene_unref);
  self->scene = g_steal_pointer (&result->scene);
  self->selected = result->selected;
  self->selected_fate = result->fate;
  self->first_view = request->view == NULL;

  if (request->history_step != 0 && rsc_history_peek (self->history, request->history_step) != NULL)
    rsc_history_go (self->history, request->history_step);
  else
    rsc_history_push (self->history, rsc_place_new (self->capture, self->side, self->view, self->selected));

  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SCENE]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_VIEW]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SELECTED]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HISTORY]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_OVERLAY]);
  g_object_thaw_notify (G_OBJECT (self));

  if (result->start_gone)
    rsc_session_message (self, _("The drawn objects are not in this capture any more."));
  if (self->overlay_mode == RSC_OVERLAY_MODE_CYCLES)
    rsc_session_find_cycles (self);

  draw_result_free (result);
}

/* Draws @view, which is of the shown snapshot unless a history step says of
 * which, in the wanted capture. */
static void
draw (RscSession *self, RscView *view, RscNode selected, int history_step)
{
  DrawRequest *request;
  RscPlace *place = history_step != 0 ? rsc_history_peek (self->history, history_step) : NULL;
  const RscViewParams defaults = RSC_VIEW_PARAMS_INIT;

  if (self->closed || self->wanted_capture == NULL)
    return;

  request = g_new0 (DrawRequest, 1);
  request->serial = ++self->draw_serial;
  request->capture = g_object_ref (self->wanted_capture);
  request->side = self->wanted_side;
  request->to = rsc_snapshot_ref (rsc_heap_capture_get_snapshot (request->capture, request->side));
  if (place != NULL)
    request->from = rsc_snapshot_ref (request->to);
  else if (self->capture != NULL)
    request->from = rsc_snapshot_ref (rsc_heap_capture_get_snapshot (self->capture, self->side));
  request->view = view != NULL ? rsc_view_ref (view) : NULL;
  request->selected = selected;
  request->history_step = history_step;
  request->base = view != NULL ? *rsc_view_get_params (view) : defaults;
  if (view != NULL)
    {
      /* These belong to the view's snapshot and are not base parameters. */
      request->base.objects = NULL;
      request->base.extra_ignore = NULL;
      request->base.expansions = NULL;
      request->base.n_objects = request->base.n_extra_ignore = request->base.n_expansions = 0;
    }
  if (self->lesson != NULL)
    {
      const char *direction = rsc_lesson_get_direction (self->lesson);

      request->object_ref = g_strdup (rsc_lesson_get_object (self->lesson));
      if (view == NULL && g_strcmp0 (direction, "backrefs") == 0)
        request->base.direction = RSC_DIRECTION_BACKREFS;
      else if (view == NULL && g_strcmp0 (direction, "both") == 0)
        request->base.direction = RSC_DIRECTION_BOTH;
    }

  if (self->draw_job != NULL)
    rsc_job_cancel (self->draw_job);
  self->draw_job = rsc_session_add_job (self, rsc_job_start (self, _("Drawing"), draw_in_thread, request,
                                                             draw_request_free, draw_result_free, drawn));
}

void
rsc_session_add_capture (RscSession *self, RscHeapCapture *capture)
{
  g_list_store_append (self->captures, capture);
  rsc_session_show_capture (self, capture, RSC_SIDE_BEFORE);
}

void
rsc_session_show_capture (RscSession *self, RscHeapCapture *capture, RscSide side)
{
  RscView *view = self->view;
  RscNode selected = self->selected;

  g_set_object (&self->wanted_capture, capture);
  self->wanted_side = side;
  /* A lesson names what to draw; until that object came into being something
   * else was drawn and selected, which is not to be kept. */
  if (self->lesson != NULL && !self->user_drew)
    {
      view = NULL;
      selected = RSC_NODE_NONE;
    }
  draw (self, view, selected, 0);
}

void
rsc_session_set_view (RscSession *self, RscView *view)
{
  if (self->capture == NULL)
    return;
  if (self->view != NULL && rsc_view_equal (self->view, view))
    return;

  self->user_drew = TRUE;
  rsc_view_ref (view);
  g_clear_pointer (&self->view, rsc_view_unref);
  self->view = view;
  draw (self, view, self->selected, 0);
}

void
rsc_session_draw_objects (RscSession *self, const RscNode *nodes, gsize n_nodes)
{
  g_autoptr (RscView) view = NULL;
  RscViewParams params = RSC_VIEW_PARAMS_INIT;

  if (self->capture == NULL || n_nodes == 0)
    return;

  if (self->view != NULL)
    params = *rsc_view_get_params (self->view);
  params.objects = nodes;
  params.n_objects = n_nodes;
  params.expansions = NULL;
  params.n_expansions = 0;
  view = rsc_view_new (&params);

  rsc_session_select (self, nodes[0]);
  rsc_session_set_view (self, view);
}

gboolean
rsc_session_is_first_view (RscSession *self)
{
  return self->first_view;
}

RscNode
rsc_session_get_selected (RscSession *self)
{
  return self->selected;
}

RscFate
rsc_session_get_selected_fate (RscSession *self)
{
  return self->selected_fate;
}

void
rsc_session_select (RscSession *self, RscNode node)
{
  RscPlace *place = rsc_history_get_current (self->history);

  if (self->selected == node)
    return;

  self->selected = node;
  self->selected_fate = RSC_FATE_NONE;
  if (place != NULL && place->capture == self->capture && place->side == self->side)
    place->selected = node;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SELECTED]);
}

void
rsc_session_visit (RscSession *self, RscNode node)
{
  if (self->scene != NULL && rsc_graph_find (rsc_scene_get_graph (self->scene), node) >= 0)
    rsc_session_select (self, node);
  else
    rsc_session_draw_objects (self, &node, 1);
}

gboolean
rsc_session_can_go (RscSession *self, int steps)
{
  return rsc_history_peek (self->history, steps) != NULL;
}

void
rsc_session_go (RscSession *self, int steps)
{
  RscPlace *place = rsc_history_peek (self->history, steps);

  if (place == NULL)
    return;

  g_set_object (&self->wanted_capture, place->capture);
  self->wanted_side = place->side;
  draw (self, place->view, place->selected, steps);
}

/* Cycles. */

typedef struct
{
  RscHeapCapture *capture;
  RscSide side;
  RscSnapshot *snapshot;
} CyclesRequest;

typedef struct
{
  RscPrediction *prediction;
  RscOverlay *prediction_overlay;
  RscComponents *components;
  RscOverlay *overlay;
} CyclesResult;

static void
cycles_request_free (gpointer data)
{
  CyclesRequest *request = data;

  g_object_unref (request->capture);
  rsc_snapshot_unref (request->snapshot);
  g_free (request);
}

static void
cycles_result_free (gpointer data)
{
  CyclesResult *result = data;

  g_clear_pointer (&result->prediction, rsc_prediction_free);
  g_clear_pointer (&result->prediction_overlay, rsc_overlay_unref);
  g_clear_pointer (&result->components, rsc_components_free);
  g_clear_pointer (&result->overlay, rsc_overlay_unref);
  g_free (result);
}

static gpointer
find_cycles (gpointer data, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  CyclesRequest *request = data;
  CyclesResult *result = g_new0 (CyclesResult, 1);

  /* A full collection tells the garbage from the living. */
  result->prediction = rsc_collect_predict (request->snapshot, 2, progress, cancellable, error);
  if (result->prediction != NULL)
    result->components = rsc_components_compute (request->snapshot, result->prediction->unreachable, progress, cancellable, error);
  if (result->components == NULL)
    {
      cycles_result_free (result);
      return NULL;
    }

  result->prediction_overlay = rsc_prediction_to_overlay (result->prediction, request->snapshot);
  result->overlay = rsc_components_to_overlay (result->components, request->snapshot);

  return result;
}

static void
cycles_found (gpointer owner, RscJob *job, gpointer data, const GError *error)
{
  RscSession *self = owner;
  CyclesRequest *request = rsc_job_get_data (job);
  CyclesResult *result = data;

  self->finding_cycles = FALSE;
  if (!rsc_session_job_done (self, job, error))
    {
      g_clear_pointer (&result, cycles_result_free);
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

  rsc_heap_capture_set_prediction (request->capture, request->side, g_steal_pointer (&result->prediction),
                                   g_steal_pointer (&result->prediction_overlay));
  rsc_heap_capture_set_components (request->capture, request->side, g_steal_pointer (&result->components),
                                   g_steal_pointer (&result->overlay));
  cycles_result_free (result);

  if (request->capture == self->capture && request->side == self->side)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_OVERLAY]);
  else
    rsc_session_find_cycles (self);
}

void
rsc_session_find_cycles (RscSession *self)
{
  CyclesRequest *request;

  if (self->capture == NULL || self->finding_cycles || self->closed ||
      rsc_heap_capture_get_components (self->capture, self->side, NULL) != NULL)
    return;

  self->finding_cycles = TRUE;
  request = g_new0 (CyclesRequest, 1);
  request->capture = g_object_ref (self->capture);
  request->side = self->side;
  request->snapshot = rsc_snapshot_ref (rsc_session_get_snapshot (self));
  rsc_session_add_job (self, rsc_job_start (self, _("Finding cycles"), find_cycles, request, cycles_request_free,
                                            cycles_result_free, cycles_found));
}

RscOverlayMode
rsc_session_get_overlay_mode (RscSession *self)
{
  return self->overlay_mode;
}

void
rsc_session_set_overlay_mode (RscSession *self, RscOverlayMode mode)
{
  self->overlay_mode = mode;
  if (mode == RSC_OVERLAY_MODE_CYCLES)
    rsc_session_find_cycles (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_OVERLAY]);
}

RscOverlay *
rsc_session_get_overlay (RscSession *self)
{
  RscOverlay *overlay = NULL;

  if (self->capture == NULL)
    return NULL;

  if (self->overlay_mode == RSC_OVERLAY_MODE_CYCLES)
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

/* Plain questions. */

gboolean
rsc_session_is_program (RscSession *self)
{
  return self->argv != NULL;
}

gboolean
rsc_session_has_output (RscSession *self)
{
  return self->argv != NULL && self->pipe_streams;
}

RscSessionState
rsc_session_get_state (RscSession *self)
{
  return self->state;
}

gboolean
rsc_session_is_live (RscSession *self)
{
  return self->target != NULL && (self->state == RSC_SESSION_RUNNING || self->state == RSC_SESSION_HELD ||
                                  self->state == RSC_SESSION_STARTING);
}

const GError *
rsc_session_get_error (RscSession *self)
{
  return self->error;
}

const char *
rsc_session_get_title (RscSession *self)
{
  return self->title;
}

RscLesson *
rsc_session_get_lesson (RscSession *self)
{
  return self->lesson;
}

GFile *
rsc_session_get_file (RscSession *self)
{
  return self->file;
}

GListModel *
rsc_session_get_captures (RscSession *self)
{
  return G_LIST_MODEL (self->captures);
}

RscHeapCapture *
rsc_session_get_capture (RscSession *self)
{
  return self->capture;
}

RscSide
rsc_session_get_side (RscSession *self)
{
  return self->side;
}

RscSnapshot *
rsc_session_get_snapshot (RscSession *self)
{
  return self->capture != NULL ? rsc_heap_capture_get_snapshot (self->capture, self->side) : NULL;
}

RscView *
rsc_session_get_view (RscSession *self)
{
  return self->view;
}

RscScene *
rsc_session_get_scene (RscSession *self)
{
  return self->scene;
}
