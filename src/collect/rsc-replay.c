/* The log of a replay and the cursor over it. */
#include "config.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>

#include "base/rsc-error.h"
#include "base/rsc-large.h"
#include "base/rsc-release.h"
#include "rsc-replay-private.h"

/* How many copies of all nodes' state are kept along a long replay, so that no
 * position is far from one, from the start or from the end. */
#define MAX_CHECKPOINTS 3
#define FIRST_CHECKPOINT_INTERVAL (8u * RSC_REPLAY_CHUNK)

/* Nodes lie anywhere: they are asked for this many steps ahead. */
#define AHEAD 16

typedef enum
{
  REFS_KEEP,
  REFS_LOAD, /* gc_refs = the reference count */
  REFS_ONE
} RefsChange;

/* What a step of a kind does to its node.  NOTHING and the two decrements are
 * undone by themselves; what SETS leaves behind is in the undo log. */
typedef enum
{
  DOES_NOTHING,
  DOES_GC_DECREF,
  DOES_DECREF,
  DOES_SET,
  DOES_JOIN
} Doing;

#define SAME_STATE RSC_N_STATES
#define SAME_SEGMENT RSC_N_SEGMENTS

static const struct
{
  Doing doing;
  RefsChange refs;
  guint8 state;   /* RscState or SAME_STATE */
  guint8 segment; /* RscSegment or SAME_SEGMENT: it goes to that one's end */
} effects[RSC_N_STEP_KINDS] = {
  [RSC_STEP_MERGE] = { .doing = DOES_JOIN },
  [RSC_STEP_SET_REFS] = { DOES_SET, REFS_LOAD, RSC_STATE_EXAMINED, SAME_SEGMENT },
  [RSC_STEP_IMMORTAL] = { DOES_SET, REFS_KEEP, SAME_STATE, RSC_SEGMENT_IMMORTAL },
  [RSC_STEP_UNTRACK_IMMORTAL] = { DOES_SET, REFS_KEEP, RSC_STATE_NONE, RSC_SEGMENT_NONE },
  [RSC_STEP_VISIT] = { .doing = DOES_NOTHING },
  [RSC_STEP_SUBTRACT] = { .doing = DOES_GC_DECREF },
  [RSC_STEP_PASS] = { .doing = DOES_NOTHING },
  [RSC_STEP_HELD] = { DOES_SET, REFS_KEEP, RSC_STATE_REACHED, SAME_SEGMENT },
  [RSC_STEP_SET_ASIDE] = { DOES_SET, REFS_KEEP, RSC_STATE_TENTATIVE, RSC_SEGMENT_UNREACHABLE },
  [RSC_STEP_KEEP] = { DOES_SET, REFS_ONE, SAME_STATE, SAME_SEGMENT },
  [RSC_STEP_RESCUE] = { DOES_SET, REFS_ONE, RSC_STATE_RESCUED, RSC_SEGMENT_RESCUED },
  [RSC_STEP_UNTRACK] = { DOES_SET, REFS_KEEP, RSC_STATE_NONE, RSC_SEGMENT_NONE },
  [RSC_STEP_PROMOTE] = { .doing = DOES_JOIN },
  [RSC_STEP_LEGACY] = { DOES_SET, REFS_KEEP, RSC_STATE_KEPT, RSC_SEGMENT_LEGACY },
  [RSC_STEP_LEGACY_REACHED] = { DOES_SET, REFS_KEEP, RSC_STATE_KEPT, RSC_SEGMENT_LEGACY },
  [RSC_STEP_CLEAR_WEAKREF] = { .doing = DOES_NOTHING },
  [RSC_STEP_CALLBACK] = { .doing = DOES_NOTHING },
  [RSC_STEP_TOLD] = { DOES_SET, REFS_KEEP, SAME_STATE, RSC_SEGMENT_TOLD },
  [RSC_STEP_FINALIZE] = { DOES_SET, REFS_KEEP, RSC_STATE_FINALIZED, SAME_SEGMENT },
  [RSC_STEP_STILL_UNREACHABLE] = { DOES_SET, REFS_KEEP, RSC_STATE_UNREACHABLE, RSC_SEGMENT_FINAL },
  [RSC_STEP_RESURRECT] = { DOES_SET, REFS_ONE, RSC_STATE_RESCUED, RSC_SEGMENT_RESURRECTED },
  [RSC_STEP_GIVE_BACK] = { .doing = DOES_JOIN },
  [RSC_STEP_CLEAR] = { DOES_SET, REFS_KEEP, RSC_STATE_CLEARED, SAME_SEGMENT },
  [RSC_STEP_CLEARED] = { .doing = DOES_NOTHING },
  [RSC_STEP_NO_CLEAR] = { DOES_SET, REFS_KEEP, SAME_STATE, RSC_SEGMENT_ALIVE },
  [RSC_STEP_ALIVE] = { DOES_SET, REFS_KEEP, SAME_STATE, RSC_SEGMENT_ALIVE },
  [RSC_STEP_DECREF] = { .doing = DOES_DECREF },
  [RSC_STEP_DEALLOCATE] = { DOES_SET, REFS_KEEP, RSC_STATE_DYING, RSC_SEGMENT_FREED },
  [RSC_STEP_FREE] = { DOES_SET, REFS_KEEP, RSC_STATE_FREED, SAME_SEGMENT },
  [RSC_STEP_ROOT] = { DOES_SET, REFS_KEEP, RSC_STATE_GREY, SAME_SEGMENT },
  [RSC_STEP_ENTER] = { DOES_SET, REFS_KEEP, RSC_STATE_GREY, SAME_SEGMENT },
  [RSC_STEP_QUEUE] = { DOES_SET, REFS_KEEP, RSC_STATE_GREY, SAME_SEGMENT },
  [RSC_STEP_SEEN] = { .doing = DOES_NOTHING },
  [RSC_STEP_TAKE] = { .doing = DOES_NOTHING },
  [RSC_STEP_LEAVE] = { DOES_SET, REFS_KEEP, RSC_STATE_BLACK, SAME_SEGMENT },
  [RSC_STEP_SWEEP] = { DOES_SET, REFS_KEEP, RSC_STATE_FREED, RSC_SEGMENT_FREED },
  [RSC_STEP_DROP] = { .doing = DOES_DECREF },
  [RSC_STEP_LEFT] = { DOES_SET, REFS_KEEP, RSC_STATE_GARBAGE_CYCLE, SAME_SEGMENT },
};

static inline RscStepKind
get_step_kind (RscReplay *self,
               guint64    index)
{
  const RscReplayChunk *chunk = self->chunks->pdata[index / RSC_REPLAY_CHUNK];

  return chunk->kind[index % RSC_REPLAY_CHUNK];
}

static inline RscNode
get_step_node (RscReplay *self,
               guint64    index)
{
  const RscReplayChunk *chunk = self->chunks->pdata[index / RSC_REPLAY_CHUNK];

  return chunk->node[index % RSC_REPLAY_CHUNK];
}

RscStepKind
rsc_replay_get_step_kind (RscReplay *self,
                          guint64    index)
{
  return get_step_kind (self, index);
}

RscNode
rsc_replay_get_step_node (RscReplay *self,
                          guint64    index)
{
  return get_step_node (self, index);
}

/* --- The state ------------------------------------------------------------- */

static RscSegment
get_first_segment (const RscColumns *columns,
                   guint             interpreter,
                   RscNode           node)
{
  if (!(columns->flags[node] & RSC_NODE_TRACKED) || rsc_generation_get_interpreter (columns->generation[node]) != interpreter)
    return RSC_SEGMENT_NONE;

  switch (rsc_generation_in_interpreter (columns->generation[node]))
    {
    case RSC_GENERATION_0:
      return RSC_SEGMENT_GENERATION_0;
    case RSC_GENERATION_1:
      return RSC_SEGMENT_GENERATION_1;
    case RSC_GENERATION_2:
      return RSC_SEGMENT_GENERATION_2;
    case RSC_GENERATION_PERMANENT:
      return RSC_SEGMENT_PERMANENT;
    default:
      return RSC_SEGMENT_NONE;
    }
}

/* Position 0; @state's nodes are used again, if it has them. */
static void
init_state (RscReplayState *state,
            RscReplay      *replay)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (replay->snapshot);
  RscReplayNode *nodes = state->nodes != NULL ? state->nodes : rsc_large_alloc (sizeof (RscReplayNode) * columns->n_nodes);

  *state = (RscReplayState) { .nodes = nodes };
  for (RscNode node = 0; node < columns->n_nodes; node++)
    {
      RscSegment segment = get_first_segment (columns, replay->interpreter, node);
      RscState first = columns->flags[node] & RSC_NODE_SYNTHETIC ? RSC_STATE_NONE : replay->first_state;
      gboolean counted = !(columns->flags[node] & RSC_NODE_IMMORTAL);

      state->nodes[node] = (RscReplayNode) {
        .refcount = counted ? columns->refcount[node] : RSC_REFCOUNT_UNKNOWN,
        .gc_refs = RSC_GC_REFS_NONE,
        .key = node,
        .state = (guint8) first,
        .segment = (guint8) segment,
        .is_oldest = segment == RSC_SEGMENT_GENERATION_2,
      };
      state->in_state[first]++;
      state->in_segment[segment]++;
    }
  state->lists = g_array_index (replay->lists, RscLists, 0);
}

static void
copy_state (RscReplayState       *state,
            const RscReplayState *from,
            RscReplay            *replay)
{
  gsize size = sizeof (RscReplayNode) * rsc_snapshot_peek_columns (replay->snapshot)->n_nodes;
  RscReplayNode *nodes = state->nodes != NULL ? state->nodes : rsc_large_alloc (size);

  memcpy (nodes, from->nodes, size);
  *state = *from;
  state->nodes = nodes;
}

static void
clear_state (gpointer data)
{
  RscReplayState *state = data;

  g_clear_pointer (&state->nodes, g_free);
}

static inline void
set_node (RscReplayState *state,
          RscReplayNode  *node,
          guint8          new_state,
          guint8          new_segment)
{
  if (node->is_oldest && node->state != new_state)
    {
      state->oldest_reached -= node->state == RSC_STATE_REACHED;
      state->oldest_reached += new_state == RSC_STATE_REACHED;
    }
  state->in_state[node->state]--;
  state->in_state[new_state]++;
  node->state = new_state;
  state->in_segment[node->segment]--;
  state->in_segment[new_segment]++;
  node->segment = new_segment;
}

/* For the end of a segment: all keys there are below, for positions ascend, and
 * none of the segments that had members from the start (by their node numbers)
 * ever gets another, but for those that are in no list and have no order. */
static inline guint32
get_key (const RscReplayState *state)
{
  return (guint32) state->position;
}

static inline void
do_step (RscReplay      *replay,
         RscReplayState *state,
         RscStepKind     kind,
         RscNode         at)
{
  RscReplayNode *node = &state->nodes[at];

  switch (effects[kind].doing)
    {
    case DOES_GC_DECREF:
      node->gc_refs--;
      break;
    case DOES_DECREF:
      node->refcount--;
      break;
    case DOES_SET:
      if (effects[kind].refs == REFS_LOAD)
        node->gc_refs = node->refcount;
      else if (effects[kind].refs == REFS_ONE)
        node->gc_refs = 1;
      if (effects[kind].segment != SAME_SEGMENT)
        node->key = get_key (state);
      set_node (state, node, effects[kind].state != SAME_STATE ? effects[kind].state : node->state,
                effects[kind].segment != SAME_SEGMENT ? effects[kind].segment : node->segment);
      state->n_undos++;
      break;
    case DOES_JOIN:
      state->n_joins++;
      state->lists = g_array_index (replay->lists, RscLists, state->n_joins);
      break;
    case DOES_NOTHING:
    default:
      break;
    }
  state->position++;
}

static inline void
undo_step (RscReplay      *replay,
           RscReplayState *state,
           RscStepKind     kind,
           RscNode         at)
{
  RscReplayNode *node = &state->nodes[at];

  switch (effects[kind].doing)
    {
    case DOES_GC_DECREF:
      node->gc_refs++;
      break;
    case DOES_DECREF:
      node->refcount++;
      break;
    case DOES_SET:
      {
        const RscUndo *undo = &replay->undos[--state->n_undos];

        node->key = undo->key;
        node->gc_refs = undo->gc_refs;
        set_node (state, node, undo->state, undo->segment);
      }
      break;
    case DOES_JOIN:
      state->n_joins--;
      state->lists = g_array_index (replay->lists, RscLists, state->n_joins);
      break;
    case DOES_NOTHING:
    default:
      break;
    }
  state->position--;
}

/* --- Making ---------------------------------------------------------------- */

/* Places of segments that are the end of a list, whatever joins it until things are given back. */
#define FIRST_END_PLACE 64

static const RscLists first_lists = {
  .list = { [RSC_SEGMENT_NONE] = RSC_LIST_NONE,
            [RSC_SEGMENT_GENERATION_0] = RSC_LIST_GENERATION_0,
            [RSC_SEGMENT_GENERATION_1] = RSC_LIST_GENERATION_1,
            [RSC_SEGMENT_GENERATION_2] = RSC_LIST_GENERATION_2,
            [RSC_SEGMENT_PERMANENT] = RSC_LIST_PERMANENT,
            [RSC_SEGMENT_IMMORTAL] = RSC_LIST_PERMANENT,
            [RSC_SEGMENT_RESCUED] = RSC_LIST_NONE,
            [RSC_SEGMENT_UNREACHABLE] = RSC_LIST_UNREACHABLE,
            [RSC_SEGMENT_LEGACY] = RSC_LIST_LEGACY,
            [RSC_SEGMENT_FINAL] = RSC_LIST_UNREACHABLE,
            [RSC_SEGMENT_RESURRECTED] = RSC_LIST_NONE,
            [RSC_SEGMENT_TOLD] = RSC_LIST_NONE,
            [RSC_SEGMENT_ALIVE] = RSC_LIST_NONE,
            [RSC_SEGMENT_FREED] = RSC_LIST_FREED },
  /* The new list of what is unreachable follows what is left of the old one. */
  .place = { [RSC_SEGMENT_IMMORTAL] = 1, [RSC_SEGMENT_FINAL] = 1 },
};

RscReplay *
rsc_replay_new (RscSnapshot       *snapshot,
                RscReplayKind      kind,
                RscState           first_state,
                guint              interpreter,
                const RscProgress *progress,
                GCancellable      *cancellable)
{
  RscReplay *self = g_new0 (RscReplay, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->snapshot = rsc_snapshot_ref (snapshot);
  self->kind = kind;
  self->first_state = first_state;
  self->interpreter = interpreter;
  self->chunks = g_ptr_array_new_with_free_func (g_free);
  self->lists = g_array_new (FALSE, FALSE, sizeof (RscLists));
  g_array_append_val (self->lists, first_lists);
  self->phases = g_array_new (FALSE, FALSE, sizeof (RscPhaseSpan));
  self->checkpoints = g_array_new (FALSE, FALSE, sizeof (RscReplayState));
  g_array_set_clear_func (self->checkpoints, clear_state);
  self->checkpoint_interval = FIRST_CHECKPOINT_INTERVAL;
  self->dropped = g_array_new (FALSE, FALSE, sizeof (guint64));
  self->weakrefs = rsc_bitset_new (rsc_snapshot_peek_columns (snapshot)->n_nodes);
  self->held = RSC_NODE_NONE;
  self->progress = progress;
  self->cancellable = cancellable;
  init_state (&self->now, self);

  return self;
}

void
rsc_replay_set_end (RscReplay *self,
                    RscSegment segment,
                    RscList    list)
{
  g_return_if_fail (self->n_steps == 0);

  self->now.lists.list[segment] = (guint8) list;
  self->now.lists.place[segment] = (guint8) (FIRST_END_PLACE + segment);
  g_array_index (self->lists, RscLists, 0) = self->now.lists;
}

static void
end_phase (RscReplay *self)
{
  RscPhaseSpan *last;

  if (self->phases->len == 0)
    return;
  last = &g_array_index (self->phases, RscPhaseSpan, self->phases->len - 1);
  last->n_steps = self->n_steps - last->first;
  if (last->n_steps == 0)
    g_array_set_size (self->phases, self->phases->len - 1);
}

void
rsc_replay_begin_phase (RscReplay *self,
                        RscPhase   phase,
                        double     progress)
{
  RscPhaseSpan span = { phase, self->n_steps, 0 };

  end_phase (self);
  g_array_append_val (self->phases, span);
  rsc_progress_report (self->progress, progress, rsc_phase_get_label (phase));
}

static void
keep_checkpoint (RscReplay *self)
{
  RscReplayState copy = { NULL };

  if (self->checkpoints->len == MAX_CHECKPOINTS)
    {
      /* Every other one is enough from now on. */
      for (guint i = 0; i < self->checkpoints->len; i++)
        g_array_remove_index (self->checkpoints, i);
      self->checkpoint_interval *= 2;
      if (self->n_steps % self->checkpoint_interval != 0)
        return;
    }
  copy_state (&copy, &self->now, self);
  g_array_append_val (self->checkpoints, copy);
}

static void
push_undo (RscReplay           *self,
           const RscReplayNode *node)
{
  if (self->n_undos == self->max_undos)
    {
      self->max_undos = MAX (2 * self->max_undos, 1024);
      self->undos = g_renew (RscUndo, self->undos, self->max_undos);
    }
  self->undos[self->n_undos++] = (RscUndo) { node->key, node->gc_refs, node->state, node->segment };
}

static gboolean
may_go_on (RscReplay *self)
{
  if (self->n_steps >= RSC_REPLAY_MAX_STEPS)
    g_set_error (&self->error, RSC_ANALYSIS_ERROR, RSC_ERROR_LIMIT,
                 _("This collection has more than %" PRIu64 " steps, which is more than can be gone through."
                   " Choose a younger generation."),
                 RSC_REPLAY_MAX_STEPS);
  else
    g_cancellable_set_error_if_cancelled (self->cancellable, &self->error);

  return self->error == NULL;
}

gboolean
rsc_replay_add (RscReplay  *self,
                RscStepKind kind,
                RscNode     node)
{
  guint64 at = self->n_steps % RSC_REPLAY_CHUNK;
  RscReplayChunk *chunk;

  if (self->error != NULL || (self->n_steps % RSC_CANCEL_INTERVAL == 0 && !may_go_on (self)))
    return FALSE;

  if (at == 0)
    {
      if (self->n_steps > 0 && self->n_steps % self->checkpoint_interval == 0)
        keep_checkpoint (self);
      g_ptr_array_add (self->chunks, g_new (RscReplayChunk, 1));
    }
  chunk = self->chunks->pdata[self->chunks->len - 1];
  chunk->kind[at] = (guint8) kind;
  chunk->node[at] = node;
  self->n_steps++;
  if (effects[kind].doing == DOES_SET)
    push_undo (self, rsc_replay_peek (self, node));
  do_step (self, &self->now, kind, node);

  return TRUE;
}

gboolean
rsc_replay_join (RscReplay        *self,
                 RscStepKind       kind,
                 const RscSegment *segments,
                 gsize             n_segments,
                 RscList           to)
{
  RscLists lists = self->now.lists;
  guint8 place = 0;

  for (guint s = 0; s < RSC_N_SEGMENTS; s++)
    if (lists.list[s] == to && (lists.place[s] < FIRST_END_PLACE || kind == RSC_STEP_GIVE_BACK))
      place = MAX (place, lists.place[s]);
  for (gsize i = 0; i < n_segments; i++)
    {
      lists.list[segments[i]] = (guint8) to;
      lists.place[segments[i]] = ++place;
    }
  g_array_append_val (self->lists, lists);

  return rsc_replay_add (self, kind, 0);
}

static void
clear_working_sets (RscReplay *self)
{
  g_clear_pointer (&self->finalized, rsc_bitset_free);
  g_clear_pointer (&self->weakrefs, rsc_bitset_free);
  g_clear_pointer (&self->is_weakref, rsc_bitset_free);
  g_clear_pointer (&self->has_callback, rsc_bitset_free);
}

RscReplay *
rsc_replay_finish (RscReplay *self,
                   GError   **error)
{
  end_phase (self);
  clear_working_sets (self);
  self->progress = NULL;
  self->cancellable = NULL;
  if (self->error == NULL)
    rsc_snapshot_check (self->snapshot, &self->error);
  if (self->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self->error));
      rsc_replay_unref (self);
      return NULL;
    }
  /* What is known at the end costs nothing more to keep. */
  g_array_append_val (self->checkpoints, self->now);
  self->now.nodes = NULL;

  return self;
}

RscReplay *
rsc_replay_ref (RscReplay *self)
{
  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

static void
free_replay (gpointer data)
{
  RscReplay *self = data;

  clear_state (&self->now);
  g_ptr_array_unref (self->chunks);
  g_free (self->undos);
  g_array_unref (self->lists);
  g_array_unref (self->phases);
  g_array_unref (self->checkpoints);
  g_array_unref (self->dropped);
  g_clear_pointer (&self->dropped_set, g_hash_table_unref);
  g_clear_pointer (&self->cleared, rsc_bitset_free);
  clear_working_sets (self);
  g_clear_error (&self->error);
  rsc_snapshot_unref (self->snapshot);
  g_free (self);
}

void
rsc_replay_unref (RscReplay *self)
{
  if (g_atomic_ref_count_dec (&self->ref_count))
    rsc_release (self, free_replay);
}

/* --- Questions ------------------------------------------------------------- */

RscReplayKind
rsc_replay_get_kind (RscReplay *self)
{
  return self->kind;
}

RscSnapshot *
rsc_replay_get_snapshot (RscReplay *self)
{
  return self->snapshot;
}

guint64
rsc_replay_get_n_steps (RscReplay *self)
{
  return self->n_steps;
}

const RscPhaseSpan *
rsc_replay_get_phases (RscReplay *self,
                       gsize     *n_phases)
{
  *n_phases = self->phases->len;

  return (const RscPhaseSpan *) (void *) self->phases->data;
}

const RscReplaySummary *
rsc_replay_get_summary (RscReplay *self)
{
  return &self->summary;
}

static guint
find_phase (RscReplay *self,
            guint64    index)
{
  guint last = self->phases->len - 1;

  while (last > 0 && g_array_index (self->phases, RscPhaseSpan, last).first > index)
    last--;

  return last;
}

RscPhase
rsc_replay_get_phase (RscReplay *self,
                      guint64    index)
{
  g_return_val_if_fail (index < self->n_steps, RSC_PHASE_MERGE);

  return g_array_index (self->phases, RscPhaseSpan, find_phase (self, index)).phase;
}

/* --- The cursor ------------------------------------------------------------ */

struct _RscReplayCursor
{
  RscReplay *replay;
  RscReplayState state;
  RscOpenNodes *open;
  RscStep last;        /* what was asked for, of last_position; 0: nothing yet */
  guint64 last_position;
};

RscReplayCursor *
rsc_replay_cursor_new (RscReplay *replay)
{
  RscReplayCursor *self = g_new0 (RscReplayCursor, 1);

  self->replay = rsc_replay_ref (replay);
  init_state (&self->state, replay);
  self->open = rsc_open_nodes_new ();

  return self;
}

void
rsc_replay_cursor_free (RscReplayCursor *self)
{
  if (self == NULL)
    return;
  clear_state (&self->state);
  rsc_open_nodes_free (self->open);
  rsc_replay_unref (self->replay);
  g_free (self);
}

RscReplay *
rsc_replay_cursor_get_replay (RscReplayCursor *self)
{
  return self->replay;
}

guint64
rsc_replay_cursor_get_position (RscReplayCursor *self)
{
  return self->state.position;
}

static guint64
get_distance (guint64 a,
              guint64 b)
{
  return a > b ? a - b : b - a;
}

static void
take_nearest_checkpoint (RscReplayCursor *self,
                         guint64          position)
{
  const RscReplayState *nearest = &self->state;
  guint64 distance;

  for (guint i = 0; i < self->replay->checkpoints->len; i++)
    {
      const RscReplayState *checkpoint = &g_array_index (self->replay->checkpoints, RscReplayState, i);

      if (get_distance (checkpoint->position, position) < get_distance (nearest->position, position))
        nearest = checkpoint;
    }
  /* Setting all nodes is not worth it for a few steps. */
  distance = get_distance (nearest->position, position);
  if (MIN (distance, position) + rsc_snapshot_peek_columns (self->replay->snapshot)->n_nodes / 4
      > get_distance (self->state.position, position))
    return;
  if (position < distance)
    init_state (&self->state, self->replay);
  else
    copy_state (&self->state, nearest, self->replay);
}

void
rsc_replay_cursor_seek (RscReplayCursor *self,
                        guint64          position)
{
  RscReplay *replay = self->replay;
  RscReplayState *state = &self->state;

  g_return_if_fail (position <= replay->n_steps);

  take_nearest_checkpoint (self, position);
  while (state->position < position)
    {
      if (state->position + AHEAD < position)
        __builtin_prefetch (&state->nodes[get_step_node (replay, state->position + AHEAD)], 1);
      do_step (replay, state, get_step_kind (replay, state->position), get_step_node (replay, state->position));
    }
  while (state->position > position)
    {
      guint64 index = state->position - 1;

      if (index >= position + AHEAD)
        __builtin_prefetch (&state->nodes[get_step_node (replay, index - AHEAD)], 1);
      undo_step (replay, state, get_step_kind (replay, index), get_step_node (replay, index));
    }
}

guint64
rsc_replay_cursor_find (RscReplayCursor *self,
                        RscGrain         grain,
                        gboolean         forwards)
{
  RscReplay *replay = self->replay;
  guint64 position = self->state.position;

  if (forwards ? position == replay->n_steps : position == 0)
    return position;

  switch (grain)
    {
    case RSC_GRAIN_PHASE:
      for (guint i = 0; i < replay->phases->len; i++)
        {
          guint p = forwards ? i : replay->phases->len - 1 - i;
          guint64 first = g_array_index (replay->phases, RscPhaseSpan, p).first;

          /* The first step of a phase is done, so that one sees it begin. */
          if (forwards ? first >= position && first + 1 > position : first + 1 < position)
            return first + 1;
        }
      return forwards ? replay->n_steps : 0;
    case RSC_GRAIN_OBJECT:
      if (forwards)
        {
          do
            position++;
          while (position < replay->n_steps && !rsc_step_is_object (get_step_kind (replay, position - 1)));
          return position;
        }
      do
        position--;
      while (position > 0 && !rsc_step_is_object (get_step_kind (replay, position - 1)));
      return position;
    case RSC_GRAIN_STEP:
    default:
      return forwards ? position + 1 : position - 1;
    }
}

/* Whether the survivors have been promoted: the step for it is of no single node. */
static gboolean
has_promoted (RscReplayCursor *self)
{
  return self->replay->kind == RSC_REPLAY_COLLECTION && self->state.position > 0
         && rsc_replay_get_phase (self->replay, self->state.position - 1) >= RSC_PHASE_PROMOTE;
}

/* What is told of a node, which is more than what its steps have set: when the
 * looking is over, what is still set aside is unreachable, and what was
 * reached has survived, here or in an older generation. */
static RscState
get_shown_state (RscReplayCursor     *self,
                 RscNode              node)
{
  const RscReplayNode *at = &self->state.nodes[node];

  if ((at->state != RSC_STATE_TENTATIVE && at->state != RSC_STATE_REACHED) || !has_promoted (self))
    return at->state;
  if (at->state == RSC_STATE_TENTATIVE)
    return RSC_STATE_UNREACHABLE;
  if (at->state == RSC_STATE_REACHED)
    return rsc_generation_in_interpreter (rsc_snapshot_peek_columns (self->replay->snapshot)->generation[node])
                   < self->replay->summary.promoted_to
               ? RSC_STATE_PROMOTED
               : RSC_STATE_STAYED;

  return at->state;
}

static guint64
get_order (const RscReplayState *state,
           RscNode               node)
{
  const RscReplayNode *at = &state->nodes[node];

  return ((guint64) state->lists.place[at->segment] << 32) | at->key;
}

RscNodeState
rsc_replay_cursor_get (RscReplayCursor *self,
                       RscNode          node)
{
  const RscReplayNode *at = &self->state.nodes[node];
  RscNodeState result = {
    .refcount = at->refcount,
    .gc_refs = at->gc_refs,
    .state = get_shown_state (self, node),
    .list = self->state.lists.list[at->segment],
    .order = get_order (&self->state, node),
  };

  /* A field that holds gc_refs while it is needed, and a link of the list otherwise. */
  if (result.state != RSC_STATE_EXAMINED && result.state != RSC_STATE_TENTATIVE && result.state != RSC_STATE_RESCUED
      && result.state != RSC_STATE_REACHED)
    result.gc_refs = RSC_GC_REFS_NONE;

  return result;
}

gboolean
rsc_replay_cursor_get_step (RscReplayCursor *self,
                            RscStep         *step)
{
  RscReplay *replay = self->replay;
  guint64 position = self->state.position;
  guint64 index;

  if (position == 0)
    return FALSE;

  /* Several ask for it when the cursor has moved. */
  if (self->last_position == position)
    {
      *step = self->last;
      return TRUE;
    }

  index = position - 1;
  *step = (RscStep) {
    .index = index,
    .phase = rsc_replay_get_phase (replay, index),
    .kind = get_step_kind (replay, index),
    .node = get_step_node (replay, index),
    .source = RSC_NODE_NONE,
    .edge = G_MAXUINT64,
  };
  if (effects[step->kind].doing == DOES_JOIN)
    {
      const RscLists *before = &g_array_index (replay->lists, RscLists, self->state.n_joins - 1);
      const RscLists *after = &g_array_index (replay->lists, RscLists, self->state.n_joins);

      step->node = RSC_NODE_NONE;
      for (guint s = 0; s < RSC_N_SEGMENTS; s++)
        if (before->list[s] != after->list[s] || before->place[s] != after->place[s])
          {
            step->before.list = before->list[s];
            step->after.list = after->list[s];
            break;
          }
      self->last = *step;
      self->last_position = position;
      return TRUE;
    }

  step->after = rsc_replay_cursor_get (self, step->node);
  undo_step (replay, &self->state, step->kind, step->node);
  step->before = rsc_replay_cursor_get (self, step->node);
  /* An edge's place among its source's is told by the state that it was found in. */
  rsc_replay_find_source (self, self->open, index, &step->source, &step->edge);
  do_step (replay, &self->state, step->kind, step->node);
  self->last = *step;
  self->last_position = position;

  return TRUE;
}

void
rsc_replay_cursor_count (RscReplayCursor *self,
                         guint64         *lists,
                         guint64         *states)
{
  if (lists != NULL)
    {
      memset (lists, 0, RSC_N_LISTS * sizeof *lists);
      for (guint s = 0; s < RSC_N_SEGMENTS; s++)
        lists[self->state.lists.list[s]] += self->state.in_segment[s];
    }
  if (states == NULL)
    return;

  memcpy (states, self->state.in_state, sizeof self->state.in_state);
  if (has_promoted (self))
    {
      states[RSC_STATE_UNREACHABLE] += states[RSC_STATE_TENTATIVE];
      states[RSC_STATE_TENTATIVE] = 0;
      states[RSC_STATE_STAYED] = self->state.oldest_reached;
      states[RSC_STATE_PROMOTED] = states[RSC_STATE_REACHED] - states[RSC_STATE_STAYED];
      states[RSC_STATE_REACHED] = 0;
    }
}

static int
compare_order (gconstpointer a,
               gconstpointer b,
               gpointer      data)
{
  guint64 order_a = get_order (data, *(const RscNode *) a);
  guint64 order_b = get_order (data, *(const RscNode *) b);

  return (order_a > order_b) - (order_a < order_b);
}

GArray *
rsc_replay_cursor_list (RscReplayCursor *self,
                        RscList          list,
                        guint64          skip,
                        guint            max)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (self->replay->snapshot);
  GArray *members = g_array_new (FALSE, FALSE, sizeof (RscNode));
  gboolean sorted = TRUE;
  guint64 last = 0;

  for (RscNode node = 0; node < columns->n_nodes; node++)
    {
      guint64 order;

      if (self->state.lists.list[self->state.nodes[node].segment] != list)
        continue;
      order = get_order (&self->state, node);
      sorted = sorted && order >= last;
      last = order;
      g_array_append_val (members, node);
    }
  if (!sorted)
    g_array_sort_with_data (members, compare_order, &self->state);
  if (skip > 0)
    g_array_remove_range (members, 0, (guint) MIN (skip, members->len));
  if (members->len > max)
    g_array_set_size (members, max);

  return members;
}

const RscReplayState *
rsc_replay_cursor_peek (RscReplayCursor *self)
{
  return &self->state;
}

/* --- Kinds ----------------------------------------------------------------- */

gboolean
rsc_step_is_edge (RscStepKind kind)
{
  switch (kind)
    {
    case RSC_STEP_SUBTRACT:
    case RSC_STEP_PASS:
    case RSC_STEP_KEEP:
    case RSC_STEP_RESCUE:
    case RSC_STEP_LEGACY_REACHED:
    case RSC_STEP_RESURRECT:
    case RSC_STEP_DECREF:
    case RSC_STEP_ENTER:
    case RSC_STEP_QUEUE:
    case RSC_STEP_SEEN:
      return TRUE;
    default:
      return FALSE;
    }
}

gboolean
rsc_step_is_join (RscStepKind kind)
{
  return effects[kind].doing == DOES_JOIN;
}

gboolean
rsc_step_is_object (RscStepKind kind)
{
  switch (kind)
    {
    case RSC_STEP_CLEARED:
    case RSC_STEP_FREE:
    case RSC_STEP_CLEAR_WEAKREF:
      return FALSE;
    case RSC_STEP_ENTER:
      return TRUE;
    default:
      return !rsc_step_is_edge (kind);
    }
}

gboolean
rsc_step_opens (RscReplay  *self,
                RscStepKind kind)
{
  switch (kind)
    {
    case RSC_STEP_VISIT:
    case RSC_STEP_HELD:
    case RSC_STEP_CLEAR:
    case RSC_STEP_DEALLOCATE:
    case RSC_STEP_ENTER:
    case RSC_STEP_TAKE:
      return TRUE;
    case RSC_STEP_ROOT:
      return self->order == RSC_ORDER_DEPTH_FIRST;
    default:
      return FALSE;
    }
}

gboolean
rsc_step_closes (RscStepKind kind)
{
  return kind == RSC_STEP_CLEARED || kind == RSC_STEP_FREE || kind == RSC_STEP_LEAVE;
}
