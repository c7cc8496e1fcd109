#include "config.h"

#include "rsc-deduce.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* Targets lie anywhere: they are asked for this many edges ahead. */
#define AHEAD 24

typedef struct
{
  const RscColumns *columns;
  const RscBitset *young;
  GHashTable *dropped;
  GCancellable *cancellable;
  guint64 n_steps;
} Deduction;

static gboolean
is_cancelled (Deduction *deduction,
              GError   **error)
{
  return ++deduction->n_steps % RSC_CANCEL_INTERVAL == 0
         && g_cancellable_set_error_if_cancelled (deduction->cancellable, error);
}

static inline gboolean
is_followed (const Deduction *deduction,
             guint64          edge)
{
  return (deduction->columns->kind[edge] & (RSC_EDGE_TRAVERSED | RSC_EDGE_WEAK)) == RSC_EDGE_TRAVERSED
         && (deduction->dropped == NULL
             || !g_hash_table_contains (deduction->dropped, GSIZE_TO_POINTER (edge)));
}

/* update_refs and subtract_refs.  Invariant: gc_refs of a young object is its
 * reference count less the references seen so far that come from young ones. */
static guint32 *
count_outside_references (Deduction     *deduction,
                          const guint32 *refcounts,
                          GError       **error)
{
  const RscColumns *columns = deduction->columns;
  g_autofree guint32 *gc_refs = g_memdup2 (refcounts, (gsize) columns->n_nodes * sizeof *refcounts);

  for (RscNode node = 0; node < columns->n_nodes; node++)
    {
      if (is_cancelled (deduction, error))
        return NULL;
      if (!rsc_bitset_get (deduction->young, node))
        continue;
      for (guint64 e = columns->first_edge[node]; e < columns->first_edge[node + 1]; e++)
        {
          RscNode target = columns->target[e];

          if (is_cancelled (deduction, error))
            return NULL;
          if (e + AHEAD < columns->n_edges)
            __builtin_prefetch (&gc_refs[columns->target[e + AHEAD]], 1);
          /* A count that is not known stays: its object is held from outside.
           * None falls below zero in a heap that stood still. */
          if (is_followed (deduction, e) && !(columns->kind[e] & RSC_EDGE_BORROWED) && rsc_bitset_get (deduction->young, target)
              && gc_refs[target] != RSC_REFCOUNT_UNKNOWN && gc_refs[target] > 0)
            gc_refs[target]--;
        }
    }

  return g_steal_pointer (&gc_refs);
}

/* Takes out of @set what those on the @stack, which are out of it, lead to; puts
 * it into @into, if that is not NULL. */
static gboolean
follow (Deduction *deduction,
        GArray    *stack,
        RscBitset *set,
        RscBitset *into,
        GError   **error)
{
  const RscColumns *columns = deduction->columns;

  while (stack->len > 0)
    {
      RscNode node = g_array_index (stack, RscNode, stack->len - 1);

      g_array_set_size (stack, stack->len - 1);
      for (guint64 e = columns->first_edge[node]; e < columns->first_edge[node + 1]; e++)
        {
          RscNode target = columns->target[e];

          if (is_cancelled (deduction, error))
            return FALSE;
          if (!is_followed (deduction, e) || !rsc_bitset_get (set, target))
            continue;
          rsc_bitset_unset (set, target);
          if (into != NULL)
            rsc_bitset_set (into, target);
          g_array_append_val (stack, target);
        }
    }

  return TRUE;
}

/* move_unreachable: what young objects that are held from outside reach stays.
 * Invariant: all nodes on the stack are reachable and no longer in @unreachable. */
static gboolean
take_out_reachable (Deduction     *deduction,
                    const guint32 *gc_refs,
                    RscBitset     *unreachable,
                    GError       **error)
{
  const RscColumns *columns = deduction->columns;
  g_autoptr(GArray) stack = g_array_new (FALSE, FALSE, sizeof (RscNode));

  for (RscNode start = 0; start < columns->n_nodes; start++)
    {
      if (!rsc_bitset_get (unreachable, start) || gc_refs[start] == 0)
        continue;
      rsc_bitset_unset (unreachable, start);
      g_array_append_val (stack, start);
      if (!follow (deduction, stack, unreachable, NULL, error))
        return FALSE;
    }

  return TRUE;
}

RscBitset *
rsc_deduce_unreachable (const RscColumns  *columns,
                        const RscBitset   *young,
                        const guint32     *refcounts,
                        GHashTable        *dropped,
                        const RscProgress *progress,
                        GCancellable      *cancellable,
                        GError           **error)
{
  Deduction deduction = { .columns = columns, .young = young, .dropped = dropped, .cancellable = cancellable };
  g_autofree guint32 *gc_refs = NULL;
  g_autoptr(RscBitset) unreachable = NULL;

  rsc_progress_report (progress, 0.1, _("Subtracting references"));
  gc_refs = count_outside_references (&deduction, refcounts, error);
  if (gc_refs == NULL && columns->n_nodes > 0)
    return NULL;

  rsc_progress_report (progress, 0.5, _("Following references"));
  unreachable = rsc_bitset_new (columns->n_nodes);
  for (RscNode node = 0; node < columns->n_nodes; node++)
    if (rsc_bitset_get (young, node))
      rsc_bitset_set (unreachable, node);
  if (!take_out_reachable (&deduction, gc_refs, unreachable, error))
    return NULL;

  return g_steal_pointer (&unreachable);
}

/* Whether @node is a weak reference whose callback the collection calls. */
static gboolean
is_told (RscSnapshot     *snapshot,
         RscNode          node,
         const RscBitset *unreachable)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (snapshot);
  gboolean loses_referent = FALSE;
  gboolean has_callback = FALSE;

  for (guint64 e = columns->first_edge[node]; e < columns->first_edge[node + 1]; e++)
    {
      guint8 kind = columns->kind[e] & RSC_EDGE_KIND_MASK;

      if (kind == RSC_EDGE_WEAK_REFERENT)
        loses_referent = rsc_bitset_get (unreachable, columns->target[e]);
      else if (kind == RSC_EDGE_NAMED)
        has_callback = has_callback || strcmp (rsc_snapshot_get_string (snapshot, columns->label[e]), "__callback__") == 0;
    }

  return loses_referent && has_callback;
}

/* move_legacy_finalizers and move_legacy_finalizer_reachable: objects whose type has a tp_del, and what of the
 * unreachable they refer to, are kept: the collector cannot know what tp_del would still look at.
 * handle_weakrefs moves weak references that it calls back to the survivors. */
gboolean
rsc_deduce_uncollectable (RscSnapshot  *snapshot,
                          RscBitset    *unreachable,
                          RscBitset    *uncollectable,
                          GCancellable *cancellable,
                          GError      **error)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (snapshot);
  Deduction deduction = { .columns = columns, .cancellable = cancellable };
  g_autoptr(RscBitset) legacy = rsc_bitset_new (columns->n_types);
  g_autoptr(GArray) stack = g_array_new (FALSE, FALSE, sizeof (RscNode));

  for (guint32 type = 0; type < columns->n_types; type++)
    if (rsc_snapshot_get_type (snapshot, type).flags & RSC_TYPE_LEGACY_FINALIZER)
      rsc_bitset_set (legacy, type);
  if (rsc_bitset_count (legacy) == 0)
    return TRUE;

  for (RscNode node = 0; node < columns->n_nodes; node++)
    if (rsc_bitset_get (unreachable, node) && rsc_bitset_get (legacy, columns->type[node]))
      {
        rsc_bitset_unset (unreachable, node);
        rsc_bitset_set (uncollectable, node);
        g_array_append_val (stack, node);
      }

  if (!follow (&deduction, stack, unreachable, uncollectable, error))
    return FALSE;
  for (RscNode node = 0; node < columns->n_nodes; node++)
    if (rsc_bitset_get (uncollectable, node) && is_told (snapshot, node, unreachable))
      rsc_bitset_unset (uncollectable, node);

  return TRUE;
}
