/* Reference counting: references that go by hand, and all that follows. */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "analysis/rsc-holders.h"
#include "base/rsc-error.h"
#include "rsc-deduce.h"
#include "rsc-replay-private.h"

static void
drop_edge (RscReplay *self,
           guint64    edge)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (self->snapshot);
  RscNode target = columns->target[edge];

  /* It went already, by itself or with what it belonged to. */
  if (g_hash_table_contains (self->dropped_set, GSIZE_TO_POINTER (edge))
      || rsc_replay_peek (self, rsc_edge_get_source (columns, edge))->segment == RSC_SEGMENT_FREED
      || rsc_replay_peek (self, target)->segment == RSC_SEGMENT_FREED)
    return;
  /* A count that is not true says nothing. */
  if (rsc_replay_peek (self, target)->refcount == 0)
    return;

  g_hash_table_add (self->dropped_set, GSIZE_TO_POINTER (edge));
  g_array_append_val (self->dropped, edge);
  if (rsc_replay_decref (self, RSC_STEP_DROP, target))
    rsc_replay_deallocate (self, target);
}

/* The edges that are to go, all counted ones of a node that goes; what holds it
 * beyond is not known of.  One pass serves any number of nodes. */
static GArray *
list_edges (RscSnapshot   *snapshot,
            const RscDrop *drops,
            gsize          n_drops)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (snapshot);
  GArray *edges = g_array_new (FALSE, FALSE, sizeof (guint64));
  g_autoptr(RscBitset) nodes = NULL;

  for (gsize i = 0; i < n_drops; i++)
    if (drops[i].edge != G_MAXUINT64)
      {
        g_array_append_val (edges, drops[i].edge);
      }
    else
      {
        if (nodes == NULL)
          nodes = rsc_bitset_new (columns->n_nodes);
        rsc_bitset_set (nodes, drops[i].node);
      }
  for (RscNode source = 0; nodes != NULL && source < columns->n_nodes; source++)
    for (guint64 e = columns->first_edge[source]; e < columns->first_edge[source + 1]; e++)
      if (rsc_bitset_get (nodes, columns->target[e]) && rsc_edge_is_counted (snapshot, source, e))
        g_array_append_val (edges, e);

  return edges;
}

static gboolean
check_drop (RscSnapshot      *snapshot,
            const RscColumns *columns,
            const RscDrop    *drop,
            GError          **error)
{
  RscNode node = drop->node;

  if (drop->edge != G_MAXUINT64)
    {
      node = columns->target[drop->edge];
      if (!rsc_edge_is_counted (snapshot, rsc_edge_get_source (columns, drop->edge), drop->edge))
        {
          g_set_error_literal (error, RSC_ANALYSIS_ERROR, RSC_ERROR_FAILED,
                               _("This reference is not counted in what it refers to (a weak reference, or a name for"
                                 " another one), so that nothing follows from dropping it. Choose another."));
          return FALSE;
        }
    }
  if (columns->refcount[node] == RSC_REFCOUNT_UNKNOWN || (columns->flags[node] & RSC_NODE_IMMORTAL))
    {
      g_set_error_literal (error, RSC_ANALYSIS_ERROR, RSC_ERROR_UNSUPPORTED,
                           _("What this refers to has no reference count (it is never freed, or this heap has none), so"
                             " that nothing follows from dropping a reference to it."));
      return FALSE;
    }

  return TRUE;
}

/* What is unreachable now and was not before: cycles, and what they hold. */
static void
point_out_left (RscReplay *self)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (self->snapshot);
  g_autofree guint32 *refcounts = g_new (guint32, MAX (columns->n_nodes, 1));
  g_autoptr(RscBitset) before = NULL;
  g_autoptr(RscBitset) after = NULL;
  g_autoptr(RscBitset) alive = rsc_bitset_new (columns->n_nodes);

  rsc_replay_begin_phase (self, RSC_PHASE_LEFT, 0.6);
  for (RscNode node = 0; node < columns->n_nodes; node++)
    if ((columns->flags[node] & (RSC_NODE_TRACKED | RSC_NODE_IMMORTAL)) == RSC_NODE_TRACKED
        && rsc_generation_is_collected (columns->generation[node], RSC_GENERATION_OF_ALL))
      rsc_bitset_set (alive, node);
  before = rsc_deduce_unreachable (columns, alive, columns->refcount, NULL, self->progress, self->cancellable,
                                   &self->error);
  if (before == NULL)
    return;

  for (RscNode node = 0; node < columns->n_nodes; node++)
    {
      refcounts[node] = rsc_replay_peek (self, node)->refcount;
      if (rsc_replay_peek (self, node)->segment == RSC_SEGMENT_FREED)
        rsc_bitset_unset (alive, node);
    }
  after = rsc_deduce_unreachable (columns, alive, refcounts, self->dropped_set, self->progress, self->cancellable,
                                  &self->error);
  for (RscNode node = 0; after != NULL && node < columns->n_nodes && self->error == NULL; node++)
    if (rsc_bitset_get (after, node) && !rsc_bitset_get (before, node))
      {
        self->summary.left++;
        rsc_replay_add (self, RSC_STEP_LEFT, node);
      }
}

RscReplay *
rsc_replay_new_drop (RscSnapshot       *snapshot,
                     const RscDrop     *drops,
                     gsize              n_drops,
                     const RscProgress *progress,
                     GCancellable      *cancellable,
                     GError           **error)
{
  const RscColumns *columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL & ~RSC_BLOCK_ADDRESSES, error);
  g_autoptr(GArray) edges = NULL;
  RscReplay *self;

  if (columns == NULL || g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  for (gsize i = 0; i < n_drops; i++)
    {
      g_return_val_if_fail (drops[i].edge != G_MAXUINT64 ? drops[i].edge < columns->n_edges
                                                         : drops[i].node < columns->n_nodes, NULL);
      if (!check_drop (snapshot, columns, &drops[i], error))
        return NULL;
    }

  self = rsc_replay_new (snapshot, RSC_REPLAY_DROP, RSC_STATE_NONE, 0, progress, cancellable);
  self->dropped_set = g_hash_table_new (NULL, NULL);
  rsc_replay_begin_phase (self, RSC_PHASE_DROP, 0.3);
  edges = list_edges (snapshot, drops, n_drops);
  for (guint i = 0; i < edges->len && self->error == NULL; i++)
    drop_edge (self, g_array_index (edges, guint64, i));
  if (self->error == NULL)
    point_out_left (self);

  return rsc_replay_finish (self, error);
}
