/* The part of RscSession that draws views of its captures. */
#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-session-private.h"

#include "rsc-first-view.h"

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
  gboolean arrived;  /* @capture was just taken, nobody chose it */
  gboolean at_mark;  /* of a lesson, which begins there */
} DrawRequest;

typedef struct
{
  RscView *view;
  RscScene *scene;
  RscNode selected;
  RscFate fate;
  gboolean start_gone;
  gboolean object_found; /* the request's object_ref is what is drawn */
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

/* A name stands for whatever has it; what a question finds is one object, and
 * the same question may find another one later. */
static gboolean
is_name (const char *object_ref)
{
  return object_ref != NULL && g_str_has_prefix (object_ref, "name:");
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
      const char *object_ref = result->start_gone && !is_name (request->object_ref) ? NULL : request->object_ref;

      result->view = rsc_first_view_new (request->to, &request->base, object_ref, &result->object_found, error);
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

/* Is the picture one of ghosts: of what the collection in sight freed? */
static gboolean
shows_freed (RscSession *self)
{
  RscOverlay *overlay = rsc_session_get_overlay (self);
  const RscViewParams *params = self->view != NULL ? rsc_view_get_params (self->view) : NULL;

  if (overlay == NULL || params == NULL || self->overlay_mode != RSC_OVERLAY_MODE_COLLECTION)
    return FALSE;
  for (gsize i = 0; i < params->n_objects; i++)
    if (rsc_overlay_get_state (overlay, params->objects[i]) != RSC_STATE_FREED)
      return FALSE;
  return TRUE;
}

/* What is shown stays, and is what is wanted. */
static void
stay (RscSession *self)
{
  g_set_object (&self->wanted_capture, self->capture);
  self->wanted_side = self->side;
  if (self->scene != NULL)
    {
      g_clear_pointer (&self->view, rsc_view_unref);
      self->view = rsc_view_ref (rsc_graph_get_view (rsc_scene_get_graph (self->scene)));
    }
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
          stay (self);
          if (wanted && error != NULL)
            g_signal_emit_by_name (self, "view-failed", error);
          g_object_notify (G_OBJECT (self), "view");
        }
      g_clear_pointer (&result, draw_result_free);
      return;
    }

  /* A lesson's ghosts are what it is about: the picture stays when the program went on,
   * until there are other ghosts. */
  if (result->start_gone && request->arrived && self->lesson != NULL && shows_freed (self) &&
      rsc_heap_capture_get_collection (request->capture) == NULL)
    {
      stay (self);
      g_object_notify (G_OBJECT (self), "view");
      rsc_session_message (self, _("What is drawn was freed, and is not in the new capture. Its ghosts stay in the picture."));
      draw_result_free (result);
      return;
    }

  g_object_freeze_notify (G_OBJECT (self));

  if (result->start_gone && self->lost == NULL)
    self->lost = rsc_place_new (self->capture, self->side, self->view, self->selected);
  else if (!result->start_gone && !request->arrived)
    g_clear_pointer (&self->lost, rsc_place_free);
  self->lesson_drawn |= request->at_mark && result->object_found && !is_name (request->object_ref);
  if (self->capture != request->capture || self->side != request->side)
    {
      /* Its steps were of the other heap. */
      rsc_session_forget_steps (self);
      if (self->capture != request->capture)
        rsc_session_come_to_collection (self, request->capture);
      g_set_object (&self->capture, request->capture);
      self->side = request->side;
      g_object_notify (G_OBJECT (self), "capture");
      g_object_notify (G_OBJECT (self), "gc-info");
    }
  g_clear_pointer (&self->view, rsc_view_unref);
  self->view = g_steal_pointer (&result->view);
  g_clear_pointer (&self->scene, rsc_scene_unref);
  self->scene = g_steal_pointer (&result->scene);
  self->selected = result->selected;
  self->selected_fate = result->fate;
  self->first_view = request->view == NULL || result->start_gone;

  self->steps_depth += request->history_step != 0 ? request->history_step : 1;
  if (request->history_step != 0 && rsc_history_peek (self->history, request->history_step) != NULL)
    rsc_history_go (self->history, request->history_step);
  else
    rsc_history_push (self->history, rsc_place_new (self->capture, self->side, self->view, self->selected));

  g_object_notify (G_OBJECT (self), "scene");
  g_object_notify (G_OBJECT (self), "view");
  g_object_notify (G_OBJECT (self), "selected");
  g_object_notify (G_OBJECT (self), "history");
  g_object_notify (G_OBJECT (self), "overlay");
  g_object_thaw_notify (G_OBJECT (self));

  if (result->start_gone)
    rsc_session_message (self, _("The drawn objects are not in this capture any more."));
  if (self->overlay_mode == RSC_OVERLAY_MODE_CYCLES)
    rsc_session_find_cycles (self);
  rsc_session_follow_step (self);

  draw_result_free (result);
}

/* Draws @view in the wanted capture.  @from: the snapshot that @view and
 * @selected are of, NULL for the wanted capture's. */
static void
draw (RscSession *self, RscView *view, RscNode selected, RscSnapshot *from, int history_step, gboolean arrived)
{
  DrawRequest *request;
  const RscViewParams defaults = RSC_VIEW_PARAMS_INIT;

  if (self->closed || self->wanted_capture == NULL)
    return;

  request = g_new0 (DrawRequest, 1);
  request->serial = ++self->draw_serial;
  request->capture = g_object_ref (self->wanted_capture);
  request->side = self->wanted_side;
  request->to = rsc_snapshot_ref (rsc_heap_capture_get_snapshot (request->capture, request->side));
  request->from = rsc_snapshot_ref (from != NULL ? from : request->to);
  request->arrived = arrived;
  request->at_mark = self->lesson_at_mark;
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
      guint depth = rsc_lesson_get_depth (self->lesson);

      request->object_ref = g_strdup (rsc_lesson_get_object (self->lesson));
      if (view == NULL && g_strcmp0 (direction, "backrefs") == 0)
        request->base.direction = RSC_DIRECTION_BACKREFS;
      else if (view == NULL && g_strcmp0 (direction, "both") == 0)
        request->base.direction = RSC_DIRECTION_BOTH;
      if (view == NULL && depth > 0)
        request->base.max_depth = depth;
      if (view == NULL)
        request->base.filter = rsc_lesson_get_filter (self->lesson);
    }

  if (self->draw_job != NULL)
    rsc_job_cancel (self->draw_job);
  self->draw_job = rsc_session_add_job (self, rsc_job_start (self, _("Drawing"), draw_in_thread, request,
                                                             draw_request_free, draw_result_free, drawn));
}

static void
show_capture (RscSession *self, RscHeapCapture *capture, RscSide side, gboolean arrived)
{
  g_set_object (&self->wanted_capture, capture);
  self->wanted_side = side;

  /* A lesson names what to draw; until that object came into being something
   * else was drawn and selected, which is not to be kept. */
  if (self->lesson != NULL && !self->user_drew && !self->lesson_drawn)
    draw (self, NULL, RSC_NODE_NONE, NULL, 0, arrived);
  /* What one capture did not have another may have; but who sees a new one goes on from
   * what is in sight. */
  else if (self->lost != NULL && !arrived)
    draw (self, self->lost->view, self->lost->selected, rsc_heap_capture_get_snapshot (self->lost->capture, self->lost->side), 0,
          arrived);
  else
    draw (self, self->view, self->selected, rsc_session_get_snapshot (self), 0, arrived);
}

void
rsc_session_show_capture (RscSession *self, RscHeapCapture *capture, RscSide side)
{
  show_capture (self, capture, side, FALSE);
}

void
rsc_session_add_capture (RscSession *self, RscHeapCapture *capture, gboolean passing)
{
  g_list_store_append (self->captures, capture);
  if (!passing)
    show_capture (self, capture, RSC_SIDE_BEFORE, TRUE);
}

void
rsc_session_draw_again (RscSession *self)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->captures));
  g_autoptr (RscHeapCapture) last = n > 0 ? g_list_model_get_item (G_LIST_MODEL (self->captures), n - 1) : NULL;

  if (last != NULL)
    show_capture (self, last, RSC_SIDE_BEFORE, FALSE);
}

void
rsc_session_set_view (RscSession *self, RscView *view)
{
  if (self->capture == NULL)
    return;
  if (self->view != NULL && rsc_view_equal (self->view, view))
    return;

  self->user_drew = TRUE;
  g_clear_pointer (&self->lost, rsc_place_free);
  rsc_view_ref (view);
  g_clear_pointer (&self->view, rsc_view_unref);
  self->view = view;
  draw (self, view, self->selected, rsc_session_get_snapshot (self), 0, FALSE);
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
  g_object_notify (G_OBJECT (self), "selected");
}

void
rsc_session_visit (RscSession *self, RscNode node)
{
  if (self->scene != NULL && rsc_graph_find (rsc_scene_get_graph (self->scene), node) >= 0)
    rsc_session_select (self, node);
  else
    rsc_session_draw_objects (self, &node, 1);
}

/* Going back ends stepping first, where that began with the picture in sight, which stays. */
static gboolean
leads_out_of_steps (RscSession *self, int steps)
{
  return self->steps != NULL && steps < 0 && self->steps_depth + steps < 0;
}

gboolean
rsc_session_can_go (RscSession *self, int steps)
{
  if (leads_out_of_steps (self, steps))
    return TRUE;

  return rsc_history_peek (self->history, steps) != NULL;
}

void
rsc_session_go (RscSession *self, int steps)
{
  RscPlace *place = rsc_history_peek (self->history, steps);

  if (leads_out_of_steps (self, steps))
    {
      rsc_session_stop_stepping (self);
      return;
    }
  if (place == NULL)
    return;

  g_set_object (&self->wanted_capture, place->capture);
  self->wanted_side = place->side;
  draw (self, place->view, place->selected, NULL, steps, FALSE);
}
