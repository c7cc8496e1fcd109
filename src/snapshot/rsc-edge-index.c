#include "rsc-edge-index.h"

#include <string.h>

#include "base/rsc-progress.h"
#include "rsc-types.h"

/* The targets of neighbouring edges lie anywhere: asking for a line this many
 * edges ahead hides most of the wait for memory. */
#define AHEAD 24

#define RADIX_BITS 11
#define RADIX (1u << RADIX_BITS)

/* Counts the items with each key, then turns first[k + 1] into the place where
 * key k starts; placing an item moves it on, so that in the end first[k] is the
 * start of k for all keys. */
static gboolean
count_keys (const guint32 *keys,
            guint64        n,
            guint64       *first,
            guint32        n_keys,
            GCancellable  *cancellable,
            GError       **error)
{
  guint64 sum = 0;

  for (guint64 start = 0; start < n; start += RSC_CANCEL_INTERVAL)
    {
      guint64 end = MIN (start + RSC_CANCEL_INTERVAL, n);

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      for (guint64 i = start; i < end; i++)
        {
          if (i + AHEAD < n)
            __builtin_prefetch (&first[keys[i + AHEAD] + 1], 1);
          first[keys[i] + 1]++;
        }
    }

  for (guint32 k = 0; k < n_keys; k++)
    {
      guint64 count = first[k + 1];

      first[k + 1] = sum;
      sum += count;
    }

  return TRUE;
}

gboolean
rsc_edge_index_sort_by_source (guint32        n_nodes,
                               guint64        n_edges,
                               const guint32 *source,
                               guint64       *first_edge,
                               guint32      **target,
                               guint32      **label,
                               guint8       **kind,
                               GCancellable  *cancellable,
                               GError       **error)
{
  g_autofree guint32 *new_target = g_new (guint32, MAX (n_edges, 1));
  g_autofree guint32 *new_label = g_new (guint32, MAX (n_edges, 1));
  g_autofree guint8 *new_kind = g_new (guint8, MAX (n_edges, 1));

  memset (first_edge, 0, ((gsize) n_nodes + 1) * sizeof *first_edge);
  if (!count_keys (source, n_edges, first_edge, n_nodes, cancellable, error))
    return FALSE;

  for (guint64 start = 0; start < n_edges; start += RSC_CANCEL_INTERVAL)
    {
      guint64 end = MIN (start + RSC_CANCEL_INTERVAL, n_edges);

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      for (guint64 i = start; i < end; i++)
        {
          guint64 place = first_edge[source[i] + 1]++;

          new_target[place] = (*target)[i];
          new_label[place] = (*label)[i];
          new_kind[place] = (*kind)[i];
        }
    }

  g_free (*target);
  g_free (*label);
  g_free (*kind);
  *target = g_steal_pointer (&new_target);
  *label = g_steal_pointer (&new_label);
  *kind = g_steal_pointer (&new_kind);

  return TRUE;
}

/* Of one node that needs it. */
static void
partition_edges (guint64  n,
                 guint32 *target,
                 guint32 *label,
                 guint8  *kind)
{
  g_autofree guint32 *old_target = g_memdup2 (target, n * sizeof *target);
  g_autofree guint32 *old_label = g_memdup2 (label, n * sizeof *label);
  g_autofree guint8 *old_kind = g_memdup2 (kind, n * sizeof *kind);
  guint64 place = 0;

  for (guint pass = 0; pass < 2; pass++)
    for (guint64 i = 0; i < n; i++)
      if (((old_kind[i] & RSC_EDGE_TRAVERSED) != 0) == (pass == 0))
        {
          target[place] = old_target[i];
          label[place] = old_label[i];
          kind[place] = old_kind[i];
          place++;
        }
}

gboolean
rsc_edge_index_put_traversed_first (guint32        n_nodes,
                                    const guint64 *first_edge,
                                    guint32       *target,
                                    guint32       *label,
                                    guint8        *kind,
                                    GCancellable  *cancellable,
                                    GError       **error)
{
  guint64 n_edges = first_edge[n_nodes];
  guint32 node = 0;

  for (guint64 start = 1; start < n_edges; start += RSC_CANCEL_INTERVAL)
    {
      guint64 end = MIN (start + RSC_CANCEL_INTERVAL, n_edges);

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      for (guint64 e = start; e < end; e++)
        {
          guint64 first;

          /* Rises within the edges of one node only where it is out of order. */
          if (!(kind[e] & RSC_EDGE_TRAVERSED) || (kind[e - 1] & RSC_EDGE_TRAVERSED))
            continue;
          while (first_edge[node + 1] <= e)
            node++;
          first = first_edge[node];
          if (first < e)
            partition_edges (first_edge[node + 1] - first, target + first, label + first, kind + first);
        }
    }

  return TRUE;
}

gboolean
rsc_edge_index_invert (guint32        n_nodes,
                       const guint64 *first_edge,
                       const guint32 *target,
                       guint64       *first_referrer,
                       guint32       *referrer,
                       GCancellable  *cancellable,
                       GError       **error)
{
  guint64 n_edges = first_edge[n_nodes];
  guint32 source = 0;

  if (!count_keys (target, n_edges, first_referrer, n_nodes, cancellable, error))
    return FALSE;

  /* Sources come in ascending order, and so do each target's referrers. */
  for (guint64 start = 0; start < n_edges; start += RSC_CANCEL_INTERVAL)
    {
      guint64 end = MIN (start + RSC_CANCEL_INTERVAL, n_edges);

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      for (guint64 e = start; e < end; e++)
        {
          while (first_edge[source + 1] <= e)
            source++;
          if (e + 2 * AHEAD < n_edges)
            {
              __builtin_prefetch (&first_referrer[target[e + 2 * AHEAD] + 1], 1);
              __builtin_prefetch (&referrer[first_referrer[target[e + AHEAD] + 1]], 1);
            }
          referrer[first_referrer[target[e] + 1]++] = source;
        }
    }

  return TRUE;
}

typedef struct
{
  guint64 address;
  guint32 node;
} AddressEntry;

guint32 *
rsc_edge_index_sort_addresses (guint32        n_nodes,
                               const guint64 *address,
                               GCancellable  *cancellable,
                               GError       **error)
{
  g_autofree AddressEntry *from = g_new (AddressEntry, MAX (n_nodes, 1));
  g_autofree AddressEntry *to = g_new (AddressEntry, MAX (n_nodes, 1));
  g_autofree guint32 *result = NULL;
  guint64 varying = 0;

  for (guint32 i = 0; i < n_nodes; i++)
    {
      from[i].address = address[i];
      from[i].node = i;
      varying |= address[i] ^ address[0];
    }

  /* Least significant digit first; digits that are the same everywhere need no
   * pass, nor do the low bits that alignment leaves zero. */
  for (guint shift = varying != 0 ? (guint) __builtin_ctzll (varying) : 64; shift < 64; shift += RADIX_BITS)
    {
      gsize place[RADIX] = { 0 };
      gsize sum = 0;
      AddressEntry *swap;

      if (((varying >> shift) & (RADIX - 1)) == 0)
        continue;
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;
      for (guint32 i = 0; i < n_nodes; i++)
        place[(from[i].address >> shift) & (RADIX - 1)]++;
      for (guint d = 0; d < RADIX; d++)
        {
          gsize count = place[d];

          place[d] = sum;
          sum += count;
        }
      for (guint32 i = 0; i < n_nodes; i++)
        to[place[(from[i].address >> shift) & (RADIX - 1)]++] = from[i];
      swap = g_steal_pointer (&from);
      from = g_steal_pointer (&to);
      to = swap;
    }

  result = g_new (guint32, MAX (n_nodes, 1));
  for (guint32 i = 0; i < n_nodes; i++)
    result[i] = from[i].node;

  return g_steal_pointer (&result);
}
