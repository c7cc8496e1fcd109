#include "config.h"

#include "rsc-reach.h"

#include <glib/gi18n-lib.h>

#include "rsc-adjacency.h"

RscBitset *
rsc_reach_compute (RscSnapshot       *snapshot,
                   const RscNode     *starts,
                   gsize              n_starts,
                   RscReachFlags      flags,
                   const RscProgress *progress,
                   GCancellable      *cancellable,
                   GError           **error)
{
  guint32 n_nodes = rsc_snapshot_peek_columns (snapshot)->n_nodes;
  g_autoptr(RscBitset) reached = NULL;
  g_autoptr(GArray) stack = NULL;
  g_auto(RscAdjacency) adjacency = { 0 };
  guint64 n_seen = 0;

  if (!rsc_adjacency_init (&adjacency, snapshot, flags, cancellable, error))
    return NULL;

  reached = rsc_bitset_new (n_nodes);
  stack = g_array_new (FALSE, FALSE, sizeof (RscNode));
  for (gsize s = 0; s < n_starts; s++)
    {
      g_return_val_if_fail (starts[s] < n_nodes, NULL);
      if (rsc_bitset_get (reached, starts[s]))
        continue;
      rsc_bitset_set (reached, starts[s]);
      g_array_append_val (stack, starts[s]);

      /* All nodes on the stack are marked; each is on it once at most. */
      while (stack->len > 0)
        {
          RscNode node = g_array_index (stack, RscNode, stack->len - 1);

          g_array_set_size (stack, stack->len - 1);
          /* Nodes lie anywhere: those that come next are asked for in time. */
          if (stack->len >= 2)
            {
              __builtin_prefetch (&adjacency.first[g_array_index (stack, RscNode, stack->len - 2)]);
              __builtin_prefetch (&adjacency.neighbour[adjacency.first[g_array_index (stack, RscNode, stack->len - 1)]]);
            }
          for (guint64 e = adjacency.first[node]; e < adjacency.first[node + 1]; e++)
            {
              RscNode next = adjacency.neighbour[e];

              if (++n_seen % RSC_CANCEL_INTERVAL == 0)
                {
                  if (g_cancellable_set_error_if_cancelled (cancellable, error))
                    return NULL;
                  if (n_seen % (RSC_CANCEL_INTERVAL * 256) == 0)
                    rsc_progress_report (progress, (double) n_seen / (double) adjacency.first[n_nodes],
                                         _("Following references"));
                }
              if (!rsc_adjacency_follows (&adjacency, e) || rsc_bitset_get (reached, next))
                continue;
              rsc_bitset_set (reached, next);
              g_array_append_val (stack, next);
            }
        }
    }

  if (!rsc_snapshot_check (snapshot, error))
    return NULL;

  return g_steal_pointer (&reached);
}

GArray *
rsc_reach_get_roots (RscSnapshot *snapshot)
{
  guint32 n_roots = rsc_snapshot_peek_columns (snapshot)->n_roots;
  GArray *nodes = g_array_sized_new (FALSE, FALSE, sizeof (RscNode), n_roots);

  for (guint32 i = 0; i < n_roots; i++)
    {
      RscNode node = rsc_snapshot_get_root (snapshot, i).node;

      if (node != RSC_NODE_NONE)
        g_array_append_val (nodes, node);
    }

  return nodes;
}

RscOverlay *
rsc_reach_to_overlay (RscSnapshot     *snapshot,
                      const RscBitset *reached)
{
  RscOverlay *overlay = rsc_overlay_new (snapshot);

  for (guint32 node = 0; node < reached->n_bits; node++)
    rsc_overlay_set (overlay, node, rsc_bitset_get (reached, node) ? RSC_STATE_REACHED : RSC_STATE_UNREACHABLE,
                     -1, NULL);

  return overlay;
}
