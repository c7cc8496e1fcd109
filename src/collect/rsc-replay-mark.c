/* Mark and sweep as a textbook has it: white, grey, black. */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "analysis/rsc-reach.h"
#include "base/rsc-error.h"
#include "rsc-replay-private.h"

/* A node whose references are being followed. */
typedef struct
{
  RscNode node;
  guint64 next; /* edge */
} Visit;

static gboolean
is_white (RscReplay *self,
          RscNode    node)
{
  RscState state = rsc_replay_peek (self, node)->state;

  /* The runtime's own roots are no objects, and have no colour at first. */
  return state == RSC_STATE_WHITE || state == RSC_STATE_NONE;
}

/* The recursive function without its recursion: the stack holds the calls. */
static void
mark_depth_first (RscReplay *self,
                  RscNode    root)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (self->snapshot);
  g_autoptr(GArray) stack = g_array_new (FALSE, FALSE, sizeof (Visit));
  Visit first = { root, columns->first_edge[root] };

  rsc_replay_add (self, RSC_STEP_ROOT, root);
  g_array_append_val (stack, first);
  while (stack->len > 0 && self->error == NULL)
    {
      Visit *visit = &g_array_index (stack, Visit, stack->len - 1);
      guint64 edge = visit->next++;
      RscNode target;

      if (edge == columns->first_edge[visit->node + 1])
        {
          rsc_replay_add (self, RSC_STEP_LEAVE, visit->node);
          self->summary.reachable++;
          g_array_set_size (stack, stack->len - 1);
          continue;
        }
      target = columns->target[edge];
      if (columns->kind[edge] & RSC_EDGE_WEAK)
        continue;
      if (is_white (self, target))
        {
          Visit inner = { target, columns->first_edge[target] };

          rsc_replay_add (self, RSC_STEP_ENTER, target);
          g_array_append_val (stack, inner);
        }
      else
        {
          rsc_replay_add (self, RSC_STEP_SEEN, target);
        }
    }
}

static void
mark_breadth_first (RscReplay     *self,
                    const RscNode *starts,
                    gsize          n_starts)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (self->snapshot);
  g_autoptr(GArray) queue = g_array_new (FALSE, FALSE, sizeof (RscNode));

  for (gsize i = 0; i < n_starts; i++)
    if (is_white (self, starts[i]))
      {
        rsc_replay_add (self, RSC_STEP_ROOT, starts[i]);
        g_array_append_val (queue, starts[i]);
      }
  for (guint i = 0; i < queue->len && self->error == NULL; i++)
    {
      RscNode node = g_array_index (queue, RscNode, i);

      rsc_replay_add (self, RSC_STEP_TAKE, node);
      for (guint64 e = columns->first_edge[node]; e < columns->first_edge[node + 1] && self->error == NULL; e++)
        {
          RscNode target = columns->target[e];

          if (columns->kind[e] & RSC_EDGE_WEAK)
            continue;
          if (is_white (self, target))
            {
              rsc_replay_add (self, RSC_STEP_QUEUE, target);
              g_array_append_val (queue, target);
            }
          else
            {
              rsc_replay_add (self, RSC_STEP_SEEN, target);
            }
        }
      rsc_replay_add (self, RSC_STEP_LEAVE, node);
      self->summary.reachable++;
    }
}

static void
sweep (RscReplay *self)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (self->snapshot);

  for (RscNode node = 0; node < columns->n_nodes && self->error == NULL; node++)
    if (rsc_replay_peek (self, node)->state == RSC_STATE_WHITE)
      {
        rsc_replay_add (self, RSC_STEP_SWEEP, node);
        self->summary.unreachable++;
        self->summary.freed++;
        self->summary.freed_bytes += columns->size[node];
      }
}

RscReplay *
rsc_replay_new_mark_sweep (RscSnapshot       *snapshot,
                           const RscNode     *starts,
                           gsize              n_starts,
                           RscMarkOrder       order,
                           const RscProgress *progress,
                           GCancellable      *cancellable,
                           GError           **error)
{
  const RscColumns *columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL & ~RSC_BLOCK_ADDRESSES, error);
  g_autoptr(GArray) roots = NULL;
  RscReplay *self;

  if (columns == NULL || g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;

  if (n_starts == 0)
    {
      roots = rsc_reach_get_roots (snapshot);
      starts = (const RscNode *) (void *) roots->data;
      n_starts = roots->len;
    }
  if (n_starts == 0)
    {
      g_set_error_literal (error, RSC_ANALYSIS_ERROR, RSC_ERROR_NOT_FOUND,
                           _("This heap names no roots to start marking from. Choose an object to start from."));
      return NULL;
    }

  self = rsc_replay_new (snapshot, RSC_REPLAY_MARK_SWEEP, RSC_STATE_WHITE, 0, progress, cancellable);
  self->order = order;
  self->summary.examined = self->now.in_state[RSC_STATE_WHITE];
  rsc_replay_begin_phase (self, RSC_PHASE_MARK, 0.1);
  if (order == RSC_ORDER_BREADTH_FIRST)
    mark_breadth_first (self, starts, n_starts);
  else
    for (gsize i = 0; i < n_starts && self->error == NULL; i++)
      if (is_white (self, starts[i]))
        mark_depth_first (self, starts[i]);
  rsc_replay_begin_phase (self, RSC_PHASE_SWEEP, 0.9);
  sweep (self);

  return rsc_replay_finish (self, error);
}
