#include "rsc-adjacency.h"

#include <string.h>

/* See rsc_edge_index_invert(): how far ahead memory is asked for. */
#define AHEAD 24

static gboolean
all_followed (const guint8 *kind,
              guint64       n,
              guint8        mask,
              guint8        wanted)
{
  for (guint64 e = 0; e < n; e++)
    if ((kind[e] & mask) != wanted)
      return FALSE;

  return TRUE;
}

/* The backward edges of those that are followed. */
static gboolean
invert (RscAdjacency     *self,
        const RscColumns *columns,
        GCancellable     *cancellable,
        GError          **error)
{
  guint64 *first = self->owned_first = g_new0 (guint64, (gsize) columns->n_nodes + 1);
  guint32 *neighbour;
  guint64 sum = 0;

  for (guint64 e = 0; e < columns->n_edges; e++)
    {
      if (e % RSC_CANCEL_INTERVAL == 0 && g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (e + AHEAD < columns->n_edges)
        __builtin_prefetch (&first[columns->target[e + AHEAD] + 1], 1);
      if ((columns->kind[e] & self->mask) == self->wanted)
        first[columns->target[e] + 1]++;
    }
  for (guint32 node = 0; node < columns->n_nodes; node++)
    {
      guint64 count = first[node + 1];

      first[node + 1] = sum;
      sum += count;
    }

  neighbour = self->owned_neighbour = g_new (guint32, MAX (sum, 1));
  for (guint32 source = 0; source < columns->n_nodes; source++)
    {
      if (source % RSC_CANCEL_INTERVAL == 0 && g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      for (guint64 e = columns->first_edge[source]; e < columns->first_edge[source + 1]; e++)
        {
          if (e + AHEAD < columns->n_edges)
            __builtin_prefetch (&first[columns->target[e + AHEAD] + 1], 1);
          if ((columns->kind[e] & self->mask) == self->wanted)
            neighbour[first[columns->target[e] + 1]++] = source;
        }
    }
  self->first = first;
  self->neighbour = neighbour;

  return TRUE;
}

gboolean
rsc_adjacency_init (RscAdjacency *self,
                    RscSnapshot  *snapshot,
                    RscReachFlags flags,
                    GCancellable *cancellable,
                    GError      **error)
{
  gboolean backwards = (flags & RSC_REACH_BACKWARDS) != 0;
  const RscColumns *columns = rsc_snapshot_get_columns (
      snapshot, backwards ? RSC_BLOCK_EDGES | RSC_BLOCK_REFERRERS : RSC_BLOCK_EDGES, error);

  memset (self, 0, sizeof *self);
  if (columns == NULL)
    return FALSE;

  if (!(flags & RSC_REACH_WEAK_TOO))
    self->mask |= RSC_EDGE_WEAK;
  if (flags & RSC_REACH_TRAVERSED_ONLY)
    {
      self->mask |= RSC_EDGE_TRAVERSED;
      self->wanted |= RSC_EDGE_TRAVERSED;
    }

  if (!backwards)
    {
      self->first = columns->first_edge;
      self->neighbour = columns->target;
      self->kind = self->mask != 0 ? columns->kind : NULL;
      return TRUE;
    }
  if (all_followed (columns->kind, columns->n_edges, self->mask, self->wanted))
    {
      self->first = columns->first_referrer;
      self->neighbour = columns->referrer;
      return TRUE;
    }
  if (!invert (self, columns, cancellable, error))
    {
      rsc_adjacency_clear (self);
      return FALSE;
    }

  return TRUE;
}

void
rsc_adjacency_clear (RscAdjacency *self)
{
  g_clear_pointer (&self->owned_first, g_free);
  g_clear_pointer (&self->owned_neighbour, g_free);
}
