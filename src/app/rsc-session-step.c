/* The part of RscSession that goes through a collection step by step, on the
 * objects of the shown heap.  The steps are computed by a worker and kept; where
 * they stand is told by "notify::steps", and lies on the scene as an overlay. */
#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include <string.h>

#include "analysis/rsc-holders.h"
#include "base/rsc-error.h"
#include "query/rsc-drop-ref.h"

#include "rsc-session-private.h"

/* Of the first garbage so many objects are drawn to begin with. */
#define FIRST_OBJECTS_MAX 6
/* ... of so many that are looked at for them. */
#define FIRST_LOOK_MAX 400

typedef struct
{
  RscReplayKind kind;
  RscHeapCapture *capture;
  RscSide side;
  RscSnapshot *snapshot;
  RscScene *scene;      /* what is drawn */
  gboolean keep;        /* that, whatever becomes of it */
  guint generation;
  RscNode *starts;
  gsize n_starts;
  char **dropped;       /* what is dropped, by its names; else the next two say it */
  RscDrop *drops;
  gsize n_drops;
} StepQuestion;

typedef struct
{
  RscReplay *replay;
  RscReplayCursor *cursor;
  RscNode objects[FIRST_OBJECTS_MAX]; /* to be drawn to begin with */
  gsize n_objects;
} StepAnswer;

static void
step_question_free (gpointer data)
{
  StepQuestion *question = data;

  g_object_unref (question->capture);
  rsc_snapshot_unref (question->snapshot);
  g_clear_pointer (&question->scene, rsc_scene_unref);
  g_free (question->starts);
  g_strfreev (question->dropped);
  g_free (question->drops);
  g_free (question);
}

static void
step_answer_free (gpointer data)
{
  StepAnswer *answer = data;

  g_clear_pointer (&answer->cursor, rsc_replay_cursor_free);
  g_clear_pointer (&answer->replay, rsc_replay_unref);
  g_free (answer);
}

/* Is it what the collector found, in the end? */
static gboolean
is_garbage (const RscNodeState *state)
{
  return state->list == RSC_LIST_FREED || state->list == RSC_LIST_UNREACHABLE || state->list == RSC_LIST_LEGACY ||
         state->state == RSC_STATE_UNREACHABLE;
}

static gboolean
is_drawn (RscScene *scene, RscNode node)
{
  return scene != NULL && rsc_graph_find (rsc_scene_get_graph (scene), node) >= 0;
}

static gboolean
draws_garbage (RscScene *scene, RscReplayCursor *end)
{
  const RscGraphNode *nodes;
  gsize n_nodes;

  if (scene == NULL)
    return FALSE;

  nodes = rsc_graph_get_nodes (rsc_scene_get_graph (scene), &n_nodes);
  for (gsize i = 0; i < n_nodes; i++)
    if (nodes[i].kind == RSC_GRAPH_NODE_OBJECT)
      {
        RscNodeState state = rsc_replay_cursor_get (end, nodes[i].node);

        if (is_garbage (&state))
          return TRUE;
      }

  return FALSE;
}

/* The first tracked object that goes, and what of that it leads to: with a cycle its members. */
static void
find_first_garbage (StepAnswer *answer, RscReplayCursor *end)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (rsc_replay_get_snapshot (answer->replay));
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);

  for (RscNode node = 0; node < columns->n_nodes && answer->n_objects == 0; node++)
    if (columns->flags[node] & RSC_NODE_TRACKED)
      {
        RscNodeState state = rsc_replay_cursor_get (end, node);

        if (is_garbage (&state))
          answer->objects[answer->n_objects++] = node;
      }

  for (gsize i = 0; i < answer->n_objects; i++)
    {
      RscNode source = answer->objects[i];
      guint looked = 0;

      g_hash_table_add (seen, GUINT_TO_POINTER (source));
      for (guint64 e = columns->first_edge[source];
           e < columns->first_edge[source + 1] && answer->n_objects < FIRST_OBJECTS_MAX && looked < FIRST_LOOK_MAX; e++, looked++)
        {
          RscNode target = columns->target[e];
          RscNodeState state = rsc_replay_cursor_get (end, target);

          if ((columns->flags[target] & RSC_NODE_TRACKED) && is_garbage (&state) &&
              g_hash_table_add (seen, GUINT_TO_POINTER (target)))
            answer->objects[answer->n_objects++] = target;
        }
    }
}

/* What was named may be anywhere: one sees it go where it is drawn. */
static void
find_dropped (StepAnswer *answer, RscScene *scene, const RscDrop *drop)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (rsc_replay_get_snapshot (answer->replay));
  RscNode node = drop->edge != G_MAXUINT64 ? columns->target[drop->edge] : drop->node;

  if (!is_drawn (scene, node))
    answer->objects[answer->n_objects++] = node;
}

static void
compute_drop (const StepQuestion *question, StepAnswer *answer, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  g_autoptr (GArray) named = NULL;
  const RscDrop *drops = question->drops;
  gsize n_drops = question->n_drops;

  if (question->dropped != NULL)
    {
      named = rsc_drop_refs_resolve (question->snapshot, (const char *const *) question->dropped, cancellable, error);
      if (named == NULL)
        return;
      drops = (const RscDrop *) (void *) named->data;
      n_drops = named->len;
    }

  answer->replay = rsc_replay_new_drop (question->snapshot, drops, n_drops, progress, cancellable, error);
  if (answer->replay != NULL)
    find_dropped (answer, question->scene, &drops[0]);
}

static gpointer
compute_steps (gpointer data, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  StepQuestion *question = data;
  StepAnswer *answer = g_new0 (StepAnswer, 1);

  switch (question->kind)
    {
    case RSC_REPLAY_MARK_SWEEP:
      answer->replay = rsc_replay_new_mark_sweep (question->snapshot, question->starts, question->n_starts,
                                                  RSC_ORDER_DEPTH_FIRST, progress, cancellable, error);
      break;
    case RSC_REPLAY_DROP:
      compute_drop (question, answer, progress, cancellable, error);
      break;
    case RSC_REPLAY_COLLECTION:
    default:
      answer->replay = rsc_replay_new_collection (question->snapshot, question->generation, progress, cancellable, error);
      break;
    }
  if (answer->replay == NULL)
    {
      step_answer_free (answer);
      return NULL;
    }

  answer->cursor = rsc_replay_cursor_new (answer->replay);
  if (!question->keep)
    {
      rsc_replay_cursor_seek (answer->cursor, rsc_replay_get_n_steps (answer->replay));
      if (!draws_garbage (question->scene, answer->cursor))
        find_first_garbage (answer, answer->cursor);
      rsc_replay_cursor_seek (answer->cursor, 0);
    }

  return answer;
}

/* On top of the scene. */

/* Of what is drawn: the rest is counted by rsc_session_count_outside(). */
static RscOverlay *
make_overlay (RscSession *self)
{
  g_autoptr (GArray) drawn = g_array_new (FALSE, FALSE, sizeof (RscNode));
  const RscGraphNode *nodes = NULL;
  gsize n_nodes = 0;

  if (self->scene != NULL && rsc_graph_get_snapshot (rsc_scene_get_graph (self->scene)) == rsc_session_get_snapshot (self))
    nodes = rsc_graph_get_nodes (rsc_scene_get_graph (self->scene), &n_nodes);
  for (gsize i = 0; i < n_nodes; i++)
    if (nodes[i].kind == RSC_GRAPH_NODE_OBJECT)
      g_array_append_val (drawn, nodes[i].node);

  return rsc_replay_cursor_to_overlay (self->steps, (const RscNode *) drawn->data, drawn->len);
}

RscOverlay *
rsc_session_get_step_overlay (RscSession *self)
{
  if (self->steps == NULL)
    return NULL;
  if (self->step_overlay == NULL || self->step_overlay_scene != self->scene)
    {
      g_clear_pointer (&self->step_overlay, rsc_overlay_unref);
      self->step_overlay = make_overlay (self);
      self->step_overlay_scene = self->scene;
    }

  return self->step_overlay;
}

static void
steps_moved (RscSession *self)
{
  g_clear_pointer (&self->step_overlay, rsc_overlay_unref);
  g_object_freeze_notify (G_OBJECT (self));
  g_object_notify (G_OBJECT (self), "steps");
  g_object_notify (G_OBJECT (self), "overlay");
  g_object_notify (G_OBJECT (self), "history");
  g_object_thaw_notify (G_OBJECT (self));
}

/* The numbers of what is not in the picture, by state. */
void
rsc_session_count_outside (RscSession *self, guint64 *outside)
{
  RscOverlay *overlay = rsc_session_get_step_overlay (self);
  const RscGraphNode *nodes;
  gsize n_nodes;

  memset (outside, 0, RSC_N_STATES * sizeof *outside);
  if (overlay == NULL)
    return;

  rsc_replay_cursor_count (self->steps, NULL, outside);
  if (self->scene == NULL || rsc_graph_get_snapshot (rsc_scene_get_graph (self->scene)) != rsc_overlay_get_snapshot (overlay))
    return;

  nodes = rsc_graph_get_nodes (rsc_scene_get_graph (self->scene), &n_nodes);
  for (gsize i = 0; i < n_nodes; i++)
    if (nodes[i].kind == RSC_GRAPH_NODE_OBJECT)
      {
        RscState state = rsc_overlay_get_state (overlay, nodes[i].node);

        if (outside[state] > 0)
          outside[state]--;
      }
}

/* Starting and ending. */

static void
draw_first (RscSession *self, StepAnswer *answer, RscDirection direction)
{
  gboolean user_drew = self->user_drew;
  g_autoptr (RscView) view = NULL;
  RscViewParams params = RSC_VIEW_PARAMS_INIT;

  if (self->view != NULL)
    params = *rsc_view_get_params (self->view);
  params.direction = direction;
  params.objects = answer->objects;
  params.n_objects = answer->n_objects;
  params.expansions = NULL;
  params.n_expansions = 0;
  view = rsc_view_new (&params);
  /* The picture is where stepping begins: who goes back from it has ended stepping before. */
  self->steps_depth = -1;
  rsc_session_select (self, answer->objects[0]);
  rsc_session_set_view (self, view);
  /* Nobody asked for it: the next capture's garbage is to be drawn as well. */
  self->user_drew = user_drew;
}

static void
steps_computed (gpointer owner, RscJob *job, gpointer data, const GError *error)
{
  RscSession *self = owner;
  StepQuestion *question = rsc_job_get_data (job);
  StepAnswer *answer = data;

  if (self->step_job == job)
    self->step_job = NULL;
  if (!rsc_session_job_done (self, job, error))
    {
      g_clear_pointer (&answer, step_answer_free);
      return;
    }
  if (error != NULL)
    {
      rsc_session_fail (self, _("The steps could not be found"), error);
      return;
    }
  /* Another heap came to be shown meanwhile. */
  if (question->capture != self->capture || question->side != self->side)
    {
      step_answer_free (answer);
      return;
    }

  rsc_session_cancel_seek (self);
  g_clear_pointer (&self->steps, rsc_replay_cursor_free);
  self->steps = g_steal_pointer (&answer->cursor);
  self->followed_position = G_MAXUINT64;
  self->overlay_mode = RSC_OVERLAY_MODE_STEPS;
  self->steps_depth = 0;
  steps_moved (self);
  if (answer->n_objects > 0)
    /* What is dropped takes along what it refers to. */
    draw_first (self, answer, question->kind == RSC_REPLAY_DROP ? RSC_DIRECTION_REFS : RSC_DIRECTION_BOTH);
  step_answer_free (answer);
}

/* Who asks for other steps, or for something else on the scene, does not want these. */
static void
cancel_step_job (RscSession *self)
{
  if (self->step_job != NULL)
    rsc_job_cancel (self->step_job);
}

static void
start (RscSession *self, StepQuestion *question)
{
  question->capture = g_object_ref (self->capture);
  question->side = self->side;
  question->snapshot = rsc_snapshot_ref (rsc_session_get_snapshot (self));
  question->scene = self->scene != NULL ? rsc_scene_ref (self->scene) : NULL;
  /* A lesson's picture is what it speaks of, and who drew one or starts from an object is looking at it. */
  question->keep = self->lesson != NULL || self->user_drew || question->kind != RSC_REPLAY_COLLECTION;
  cancel_step_job (self);
  self->step_job = rsc_session_add_job (self, rsc_job_start (self, _("Finding the steps"), compute_steps, question,
                                                             step_question_free, step_answer_free, steps_computed));
}

void
rsc_session_step_collection (RscSession *self, guint generation)
{
  StepQuestion *question;

  if (self->capture == NULL)
    return;

  question = g_new0 (StepQuestion, 1);
  question->kind = RSC_REPLAY_COLLECTION;
  question->generation = generation;
  start (self, question);
}

void
rsc_session_step_mark_sweep (RscSession *self, const RscNode *starts, gsize n_starts)
{
  StepQuestion *question;

  if (self->capture == NULL)
    return;

  question = g_new0 (StepQuestion, 1);
  question->kind = RSC_REPLAY_MARK_SWEEP;
  question->starts = g_memdup2 (starts, n_starts * sizeof *starts);
  question->n_starts = n_starts;
  start (self, question);
}

static void
drop (RscSession *self, RscDrop dropped)
{
  StepQuestion *question;

  if (self->capture == NULL)
    return;

  question = g_new0 (StepQuestion, 1);
  question->kind = RSC_REPLAY_DROP;
  question->drops = g_memdup2 (&dropped, sizeof dropped);
  question->n_drops = 1;
  start (self, question);
}

void
rsc_session_step_drop_object (RscSession *self, RscNode node)
{
  drop (self, (RscDrop) { .edge = G_MAXUINT64, .node = node });
}

void
rsc_session_step_drop_edge (RscSession *self, guint64 edge)
{
  drop (self, (RscDrop) { .edge = edge, .node = RSC_NODE_NONE });
}

void
rsc_session_step_drop_named (RscSession *self, const char *const *texts)
{
  StepQuestion *question;

  if (self->capture == NULL)
    return;

  question = g_new0 (StepQuestion, 1);
  question->kind = RSC_REPLAY_DROP;
  question->dropped = g_strdupv ((char **) texts);
  start (self, question);
}

void
rsc_session_step_drop_reference (RscSession *self, RscNode source, RscNode target)
{
  const RscColumns *columns;
  g_autoptr (GArray) drops = g_array_new (FALSE, FALSE, sizeof (RscDrop));
  g_autoptr (GError) error = NULL;
  StepQuestion *question;

  if (self->capture == NULL)
    return;

  columns = rsc_snapshot_get_columns (rsc_session_get_snapshot (self), RSC_BLOCK_ALL & ~RSC_BLOCK_ADDRESSES, &error);
  for (guint64 e = columns != NULL ? columns->first_edge[source] : 0; columns != NULL && e < columns->first_edge[source + 1]; e++)
    if (columns->target[e] == target && rsc_edge_is_counted (rsc_session_get_snapshot (self), source, e))
      {
        RscDrop drop = { .edge = e, .node = target };

        g_array_append_val (drops, drop);
      }
  if (columns != NULL && drops->len == 0)
    g_set_error_literal (&error, RSC_ANALYSIS_ERROR, RSC_ERROR_FAILED,
                         _("This reference is not counted in what it refers to (a weak reference, or a name for another one), so that nothing follows from dropping it. Choose another."));
  if (error != NULL)
    {
      rsc_session_fail (self, _("The steps could not be found"), error);
      return;
    }

  question = g_new0 (StepQuestion, 1);
  question->kind = RSC_REPLAY_DROP;
  question->n_drops = drops->len;
  question->drops = (RscDrop *) g_array_steal (drops, NULL);
  start (self, question);
}

void
rsc_session_forget_steps (RscSession *self)
{
  cancel_step_job (self);
  rsc_session_cancel_seek (self);
  if (self->steps == NULL)
    return;

  g_clear_pointer (&self->steps, rsc_replay_cursor_free);
  if (self->overlay_mode == RSC_OVERLAY_MODE_STEPS)
    self->overlay_mode = RSC_OVERLAY_MODE_NONE;
  steps_moved (self);
}

void
rsc_session_stop_stepping (RscSession *self)
{
  rsc_session_forget_steps (self);
}

/* Where the steps stand. */

RscReplayCursor *
rsc_session_get_steps (RscSession *self)
{
  return self->steps;
}

gboolean
rsc_session_get_follow_steps (RscSession *self)
{
  return self->follow_steps;
}

/* Of the step done last: an edge's source, and what it is done to; where there is none RSC_NODE_NONE. */
static void
get_step_nodes (RscSession *self, RscNode nodes[2])
{
  RscStep step;

  nodes[0] = nodes[1] = RSC_NODE_NONE;
  if (self->steps == NULL || !rsc_replay_cursor_get_step (self->steps, &step))
    return;
  nodes[0] = step.node;
  nodes[1] = step.source;
}

gboolean
rsc_session_is_node_drawn (RscSession *self, RscNode node)
{
  return is_drawn (self->scene, node);
}

gboolean
rsc_session_is_step_drawn (RscSession *self)
{
  RscNode nodes[2];

  get_step_nodes (self, nodes);
  for (guint i = 0; i < 2; i++)
    if (nodes[i] != RSC_NODE_NONE && !is_drawn (self->scene, nodes[i]))
      return FALSE;

  return TRUE;
}

void
rsc_session_draw_step (RscSession *self)
{
  RscNode nodes[2];

  get_step_nodes (self, nodes);
  if (nodes[0] != RSC_NODE_NONE)
    rsc_session_draw_objects (self, nodes, nodes[1] != RSC_NODE_NONE && nodes[1] != nodes[0] ? 2 : 1);
}

/* One picture at a time: while it plays fast a new one with each step would never be done. */
void
rsc_session_follow_step (RscSession *self)
{
  guint64 position = self->steps != NULL ? rsc_replay_cursor_get_position (self->steps) : 0;

  if (!self->follow_steps || self->steps == NULL || self->draw_job != NULL || position == self->followed_position ||
      rsc_session_is_step_drawn (self))
    return;

  /* What a filter hides is not drawn though it was asked for: once is enough. */
  self->followed_position = position;
  rsc_session_draw_step (self);
}

void
rsc_session_set_follow_steps (RscSession *self, gboolean follow)
{
  self->follow_steps = follow;
  self->followed_position = G_MAXUINT64;
  rsc_session_follow_step (self);
}

void
rsc_session_go_to_step (RscSession *self, guint64 position)
{
  if (self->steps == NULL || self->draw_job != NULL || position > rsc_replay_get_n_steps (rsc_replay_cursor_get_replay (self->steps)) ||
      position == rsc_replay_cursor_get_position (self->steps))
    return;

  rsc_session_cancel_seek (self);
  rsc_replay_cursor_seek (self->steps, position);
  steps_moved (self);
  self->followed_position = G_MAXUINT64;
  rsc_session_follow_step (self);
}

void
rsc_session_do_steps (RscSession *self)
{
  if (self->steps != NULL && rsc_replay_get_kind (rsc_replay_cursor_get_replay (self->steps)) == RSC_REPLAY_COLLECTION)
    rsc_session_collect_and_compare (self, rsc_replay_get_summary (rsc_replay_cursor_get_replay (self->steps))->generation);
}
