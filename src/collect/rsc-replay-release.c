/* Reference counts that fall: what tp_clear and tp_dealloc drop, in their order,
 * and what goes with it. */
#include "config.h"

#include <string.h>

#include "analysis/rsc-holders.h"
#include "rsc-replay-private.h"

void
rsc_release_begin (RscRelease    *self,
                   RscReplay     *replay,
                   RscNode        node,
                   RscReleaseMode mode)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (replay->snapshot);

  /* Types drop their fields in the order in which their tp_traverse visits them:
   * lists and tuples their last item first. */
  *self = (RscRelease) {
    .node = node,
    .mode = mode,
    .next = columns->first_edge[node],
    .end = columns->first_edge[node + 1],
  };
}

gboolean
rsc_release_next (RscRelease *self,
                  RscReplay  *replay,
                  guint64    *edge)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (replay->snapshot);

  while (self->next < self->end)
    {
      guint64 e = self->next++;
      gboolean is_type = (columns->kind[e] & RSC_EDGE_KIND_MASK) == RSC_EDGE_TYPE;

      /* An object keeps its type until its memory is given back. */
      if (is_type ? self->mode == RSC_RELEASE_CLEAR : self->mode == RSC_RELEASE_REST)
        continue;
      if (!rsc_edge_is_counted (replay->snapshot, self->node, e))
        continue;
      /* It went before, by hand. */
      if (replay->dropped_set != NULL && g_hash_table_contains (replay->dropped_set, GSIZE_TO_POINTER (e)))
        continue;
      *edge = e;
      return TRUE;
    }

  return FALSE;
}

gboolean
rsc_replay_decref (RscReplay  *self,
                   RscStepKind kind,
                   RscNode     target)
{
  RscReplayNode *node = rsc_replay_peek (self, target);

  if (node->refcount == RSC_REFCOUNT_UNKNOWN || node->refcount == 0)
    {
      rsc_replay_add (self, RSC_STEP_PASS, target);
      return FALSE;
    }

  return rsc_replay_add (self, kind, target) && node->refcount == 0;
}

/* Which nodes are weak references, and which of these are to be told.  Of a
 * container with a million weakly referenced objects nothing has to be searched then. */
static void
find_weakrefs (RscReplay *self)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (self->snapshot);

  self->is_weakref = rsc_bitset_new (columns->n_nodes);
  self->has_callback = rsc_bitset_new (columns->n_nodes);
  for (RscNode node = 0; node < columns->n_nodes; node++)
    for (guint64 e = columns->first_edge[node]; e < columns->first_edge[node + 1]; e++)
      switch ((RscEdgeKind) (columns->kind[e] & RSC_EDGE_KIND_MASK))
        {
        case RSC_EDGE_WEAK_REFERENT:
          rsc_bitset_set (self->is_weakref, node);
          break;
        case RSC_EDGE_NAMED:
          if (strcmp (rsc_snapshot_get_string (self->snapshot, columns->label[e]), "__callback__") == 0)
            rsc_bitset_set (self->has_callback, node);
          break;
        default:
          break;
        }
}

static gboolean
is_weakref (RscReplay *self,
            RscNode    node)
{
  if (self->is_weakref == NULL)
    find_weakrefs (self);

  return rsc_bitset_get (self->is_weakref, node);
}

/* Of a weak reference: it has few edges. */
static gboolean
refers_weakly (const RscColumns *columns,
               RscNode           weakref,
               RscNode           referent)
{
  for (guint64 e = columns->first_edge[weakref]; e < columns->first_edge[weakref + 1]; e++)
    if ((columns->kind[e] & RSC_EDGE_KIND_MASK) == RSC_EDGE_WEAK_REFERENT && columns->target[e] == referent)
      return TRUE;

  return FALSE;
}

static void
clear_weakref (RscReplay *self,
               RscNode    weakref)
{
  if (rsc_bitset_get (self->weakrefs, weakref))
    return;
  rsc_bitset_set (self->weakrefs, weakref);
  self->summary.weakrefs++;
  rsc_replay_add (self, RSC_STEP_CLEAR_WEAKREF, weakref);
}

/* The newest first, as an object has them.  That is told by the collector's lists, to
 * whose ends objects come when they are made. */
static int
compare_age (gconstpointer a,
             gconstpointer b,
             gpointer      data)
{
  const RscColumns *columns = data;
  RscNode node_a = *(const RscNode *) a;
  RscNode node_b = *(const RscNode *) b;

  if (columns->generation[node_a] != columns->generation[node_b])
    return columns->generation[node_a] < columns->generation[node_b] ? -1 : 1;

  return node_a > node_b ? -1 : node_a < node_b;
}

void
rsc_replay_clear_weakrefs (RscReplay *self,
                           RscNode    node,
                           gboolean   with_callback_only,
                           GArray    *callbacks)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (self->snapshot);
  g_autoptr(GArray) weakrefs = NULL;

  if (!(columns->flags[node] & RSC_NODE_HAS_WEAKREFS))
    return;
  weakrefs = g_array_new (FALSE, FALSE, sizeof (RscNode));

  for (guint64 r = columns->first_referrer[node]; r < columns->first_referrer[node + 1]; r++)
    {
      RscNode weakref = columns->referrer[r];

      if (is_weakref (self, weakref) && refers_weakly (columns, weakref, node))
        g_array_append_val (weakrefs, weakref);
    }
  g_array_sort_with_data (weakrefs, compare_age, (gpointer) columns);

  for (guint i = 0; i < weakrefs->len; i++)
    {
      RscNode weakref = g_array_index (weakrefs, RscNode, i);

      /* It may be in here twice: it refers to the object in another way, too. */
      if (rsc_bitset_get (self->weakrefs, weakref)
          || (with_callback_only && !rsc_bitset_get (self->has_callback, weakref)))
        continue;
      clear_weakref (self, weakref);
      /* One that goes itself is not told. */
      if (rsc_bitset_get (self->has_callback, weakref)
          && self->now.lists.list[rsc_replay_peek (self, weakref)->segment] != RSC_LIST_UNREACHABLE
          && rsc_replay_peek (self, weakref)->segment != RSC_SEGMENT_FREED)
        g_array_append_val (callbacks, weakref);
    }
}

void
rsc_replay_call_back (RscReplay *self,
                      RscNode    weakref)
{
  self->summary.callbacks++;
  rsc_replay_add (self, RSC_STEP_CALLBACK, weakref);
}

void
rsc_replay_clear_weakref (RscReplay *self,
                          RscNode    node)
{
  if (is_weakref (self, node))
    clear_weakref (self, node);
}

static void
begin_deallocation (RscReplay *self,
                    GArray    *stack,
                    RscNode    node)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (self->snapshot);
  gboolean was_cleared = self->cleared != NULL && rsc_bitset_get (self->cleared, node);
  g_autoptr(GArray) callbacks = g_array_new (FALSE, FALSE, sizeof (RscNode));
  RscRelease release;

  if ((columns->flags[node] & (RSC_NODE_FINALIZER | RSC_NODE_FINALIZED)) == RSC_NODE_FINALIZER
      && (self->finalized == NULL || !rsc_bitset_get (self->finalized, node)))
    {
      self->summary.finalizers++;
      rsc_replay_add (self, RSC_STEP_FINALIZE, node);
    }
  rsc_replay_clear_weakrefs (self, node, FALSE, callbacks);
  for (guint i = 0; i < callbacks->len; i++)
    rsc_replay_call_back (self, g_array_index (callbacks, RscNode, i));
  rsc_replay_add (self, RSC_STEP_DEALLOCATE, node);
  rsc_release_begin (&release, self, node, was_cleared ? RSC_RELEASE_REST : RSC_RELEASE_ALL);
  g_array_append_val (stack, release);
}

/* The deallocations on the stack and all that follow from them: what a
 * recursive tp_dealloc does, without its recursion. */
static void
run_deallocations (RscReplay *self,
                   GArray    *stack)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (self->snapshot);

  while (stack->len > 0 && self->error == NULL)
    {
      RscRelease *release = &g_array_index (stack, RscRelease, stack->len - 1);
      RscNode node = release->node;
      guint64 edge;

      if (rsc_release_next (release, self, &edge))
        {
          if (rsc_replay_decref (self, RSC_STEP_DECREF, columns->target[edge]) && columns->target[edge] != self->held)
            begin_deallocation (self, stack, columns->target[edge]);
          continue;
        }
      rsc_replay_add (self, RSC_STEP_FREE, node);
      self->summary.freed++;
      self->summary.freed_bytes += columns->size[node];
      g_array_set_size (stack, stack->len - 1);
    }
}

void
rsc_replay_deallocate (RscReplay *self,
                       RscNode    node)
{
  g_autoptr(GArray) stack = g_array_new (FALSE, FALSE, sizeof (RscRelease));

  begin_deallocation (self, stack, node);
  run_deallocations (self, stack);
}

void
rsc_replay_clear (RscReplay *self,
                  RscNode    node)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (self->snapshot);
  g_autoptr(GArray) stack = g_array_new (FALSE, FALSE, sizeof (RscRelease));
  RscRelease release;
  guint64 edge;

  /* The collector itself holds what it clears, until that is done. */
  self->held = node;
  rsc_bitset_set (self->cleared, node);
  rsc_replay_add (self, RSC_STEP_CLEAR, node);
  rsc_release_begin (&release, self, node, RSC_RELEASE_CLEAR);
  while (self->error == NULL && rsc_release_next (&release, self, &edge))
    if (rsc_replay_decref (self, RSC_STEP_DECREF, columns->target[edge]) && columns->target[edge] != node)
      {
        begin_deallocation (self, stack, columns->target[edge]);
        run_deallocations (self, stack);
      }
  rsc_replay_add (self, RSC_STEP_CLEARED, node);
  self->held = RSC_NODE_NONE;
  if (rsc_replay_peek (self, node)->refcount == 0)
    rsc_replay_deallocate (self, node);
}
