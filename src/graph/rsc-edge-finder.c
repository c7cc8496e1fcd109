#include "config.h"

#include "rsc-edge-finder.h"

/* Fewer edges than this are gone through each time. */
#define MIN_SORTED 256

/* A source is sorted once its edges were gone through that often. */
#define SCANS_BEFORE_SORTING 4

/* Edges of all sorted sources together, four bytes each.  What does not fit is
 * gone through. */
#define MAX_SORTED (128u << 20)

#define DIGIT_BITS 16
#define N_DIGITS (1u << DIGIT_BITS)

/* Edges that are sorted between two looks at the cancellable. */
#define SORT_INTERVAL (1u << 20)

typedef struct
{
  guint64 n_scanned;
  guint32 *order; /* the source's edges, counted from its first, by target and then as they stand */
} Source;

struct _RscEdgeFinder
{
  const RscColumns *columns;
  GCancellable *cancellable;
  GHashTable *sources; /* RscNode + 1 -> Source */
  guint64 n_sorted;
  guint64 n_steps;
};

static void
source_free (gpointer data)
{
  Source *source = data;

  g_free (source->order);
  g_free (source);
}

RscEdgeFinder *
rsc_edge_finder_new (const RscColumns *columns, GCancellable *cancellable)
{
  RscEdgeFinder *self = g_new0 (RscEdgeFinder, 1);

  self->columns = columns;
  self->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  self->sources = g_hash_table_new_full (NULL, NULL, NULL, source_free);
  return self;
}

void
rsc_edge_finder_free (RscEdgeFinder *self)
{
  g_clear_object (&self->cancellable);
  g_hash_table_unref (self->sources);
  g_free (self);
}

guint64
rsc_edge_finder_get_steps (const RscEdgeFinder *self)
{
  return self->n_steps;
}

/* One pass of a radix sort: by the digit of the targets that begins at bit
 * @shift.  Equal ones stay as they stand.  @from may be NULL: 0, 1, 2 ... */
static gboolean
sort_by_digit (RscEdgeFinder *self, const guint32 *targets, guint64 n, guint shift, const guint32 *from, guint32 *to)
{
  g_autofree guint32 *first = g_new0 (guint32, N_DIGITS + 1);

  for (guint64 i = 0; i < n; i++)
    first[(targets[i] >> shift & (N_DIGITS - 1)) + 1]++;
  for (guint32 digit = 0; digit < N_DIGITS; digit++)
    first[digit + 1] += first[digit];
  for (guint64 i = 0; i < n; i++)
    {
      guint32 edge = from != NULL ? from[i] : (guint32) i;

      if (i % SORT_INTERVAL == 0 && g_cancellable_is_cancelled (self->cancellable))
        return FALSE;
      to[first[targets[edge] >> shift & (N_DIGITS - 1)]++] = edge;
    }
  self->n_steps += 2 * n;
  return TRUE;
}

static void
sort_source (RscEdgeFinder *self, Source *source, const guint32 *targets, guint64 n)
{
  g_autofree guint32 *half = NULL;
  g_autofree guint32 *order = NULL;

  if (n > MAX_SORTED || self->n_sorted + n > MAX_SORTED)
    return;
  half = g_try_new (guint32, n);
  order = g_try_new (guint32, n);
  /* Without, it only takes longer. */
  if (half == NULL || order == NULL
      || !sort_by_digit (self, targets, n, 0, NULL, half)
      || !sort_by_digit (self, targets, n, DIGIT_BITS, half, order))
    return;
  source->order = g_steal_pointer (&order);
  self->n_sorted += n;
}

/* In blocks, which the compiler turns into wide comparisons. */
static guint64
scan (const guint32 *targets, guint64 edge, guint64 end, RscNode target)
{
  while (edge + 32 <= end)
    {
      guint32 found = 0;

      for (int i = 0; i < 32; i++)
        found |= targets[edge + i] == target;
      if (found)
        break;
      edge += 32;
    }
  for (; edge < end; edge++)
    if (targets[edge] == target)
      return edge;
  return G_MAXUINT64;
}

/* The first edge in @order, by (target, edge), that is not before @edge. */
static guint64
search (RscEdgeFinder *self, const guint32 *order, const guint32 *targets, guint64 n, RscNode target, guint64 edge)
{
  guint64 low = 0, high = n;

  while (low < high)
    {
      guint64 middle = low + (high - low) / 2;
      guint32 found = targets[order[middle]];

      self->n_steps++;
      if (found < target || (found == target && order[middle] < edge))
        low = middle + 1;
      else
        high = middle;
    }
  return low < n && targets[order[low]] == target ? order[low] : G_MAXUINT64;
}

static Source *
get_source (RscEdgeFinder *self, RscNode node)
{
  gpointer key = GSIZE_TO_POINTER ((gsize) node + 1);
  Source *source = g_hash_table_lookup (self->sources, key);

  if (source == NULL)
    {
      source = g_new0 (Source, 1);
      g_hash_table_insert (self->sources, key, source);
    }
  return source;
}

guint64
rsc_edge_finder_next (RscEdgeFinder *self, RscNode source, RscNode target, guint64 from)
{
  const RscColumns *columns = self->columns;
  guint64 begin = columns->first_edge[source];
  guint64 end = columns->first_edge[source + 1];
  guint64 n = end - begin;
  Source *asked = NULL;
  guint64 found, n_scanned;

  from = MAX (from, begin);
  if (from >= end)
    return G_MAXUINT64;

  if (n >= MIN_SORTED)
    {
      asked = get_source (self, source);
      if (asked->order == NULL && asked->n_scanned >= SCANS_BEFORE_SORTING * n)
        sort_source (self, asked, columns->target + begin, n);
      if (asked->order != NULL)
        {
          found = search (self, asked->order, columns->target + begin, n, target, from - begin);
          return found != G_MAXUINT64 ? begin + found : found;
        }
    }

  found = scan (columns->target, from, end, target);
  n_scanned = (found != G_MAXUINT64 ? found + 1 : end) - from;
  self->n_steps += n_scanned;
  if (asked != NULL)
    asked->n_scanned += n_scanned;
  return found;
}
