/* The shortest chain of references: rsc_chain_find() of rsc-reach.h. */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "rsc-adjacency.h"

/* From @last back to where the search began. */
static GArray *
collect_chain (const RscNode *parent,
               RscNode        last,
               gboolean       backwards)
{
  GArray *chain = g_array_new (FALSE, FALSE, sizeof (RscNode));

  for (RscNode node = last; node != RSC_NODE_NONE; node = parent[node])
    g_array_append_val (chain, node);

  /* Found backwards, it stands in the direction of the references already. */
  if (!backwards)
    for (guint i = 0; i < chain->len / 2; i++)
      {
        RscNode *a = &g_array_index (chain, RscNode, i);
        RscNode *b = &g_array_index (chain, RscNode, chain->len - 1 - i);
        RscNode swap = *a;

        *a = *b;
        *b = swap;
      }

  return chain;
}

GArray *
rsc_chain_find (RscSnapshot       *snapshot,
                const RscNode     *from,
                gsize              n_from,
                const RscNode     *to,
                gsize              n_to,
                guint              max_depth,
                RscReachFlags      flags,
                const RscProgress *progress,
                GCancellable      *cancellable,
                GError           **error)
{
  guint32 n_nodes = rsc_snapshot_peek_columns (snapshot)->n_nodes;
  gboolean backwards = (flags & RSC_REACH_BACKWARDS) != 0;
  g_autoptr(RscBitset) wanted = rsc_bitset_new (n_nodes);
  g_autoptr(RscBitset) seen = rsc_bitset_new (n_nodes);
  g_autoptr(GArray) level = g_array_new (FALSE, FALSE, sizeof (RscNode));
  g_autoptr(GArray) next_level = g_array_new (FALSE, FALSE, sizeof (RscNode));
  g_auto(RscAdjacency) adjacency = { 0 };
  g_autofree RscNode *parent = NULL;
  guint64 n_seen = 0;

  if (!rsc_adjacency_init (&adjacency, snapshot, flags, cancellable, error))
    return NULL;

  for (gsize i = 0; i < n_to; i++)
    {
      g_return_val_if_fail (to[i] < n_nodes, NULL);
      rsc_bitset_set (wanted, to[i]);
    }
  /* Written for a node when it is seen, and never read before. */
  parent = g_new (RscNode, MAX (n_nodes, 1));
  for (gsize i = 0; i < n_from; i++)
    {
      g_return_val_if_fail (from[i] < n_nodes, NULL);
      if (rsc_bitset_get (seen, from[i]))
        continue;
      rsc_bitset_set (seen, from[i]);
      parent[from[i]] = RSC_NODE_NONE;
      if (rsc_bitset_get (wanted, from[i]))
        return collect_chain (parent, from[i], backwards);
      g_array_append_val (level, from[i]);
    }

  for (guint depth = 0; level->len > 0 && (max_depth == 0 || depth < max_depth); depth++)
    {
      GArray *swap;

      rsc_progress_report (progress, -1.0, _("Looking for a chain"));
      for (guint i = 0; i < level->len; i++)
        {
          RscNode node = g_array_index (level, RscNode, i);

          for (guint64 e = adjacency.first[node]; e < adjacency.first[node + 1]; e++)
            {
              RscNode next = adjacency.neighbour[e];

              if (++n_seen % RSC_CANCEL_INTERVAL == 0 && g_cancellable_set_error_if_cancelled (cancellable, error))
                return NULL;
              if (!rsc_adjacency_follows (&adjacency, e) || rsc_bitset_get (seen, next))
                continue;
              rsc_bitset_set (seen, next);
              parent[next] = node;
              if (rsc_bitset_get (wanted, next))
                return rsc_snapshot_check (snapshot, error) ? collect_chain (parent, next, backwards) : NULL;
              g_array_append_val (next_level, next);
            }
        }
      swap = level;
      level = next_level;
      next_level = swap;
      g_array_set_size (next_level, 0);
    }

  (void) rsc_snapshot_check (snapshot, error);
  return NULL;
}
