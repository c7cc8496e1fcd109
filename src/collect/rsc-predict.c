/* What CPython's collector would find unreachable: rsc_collect_predict(). */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "analysis/rsc-reach.h"
#include "base/rsc-error.h"
#include "base/rsc-release.h"
#include "rsc-collect.h"
#include "rsc-collector.h"
#include "rsc-deduce.h"

#define OLDEST 2u

/* The objects that a collection looks at. */
typedef struct
{
  const RscColumns *columns;
  RscBitset *young;
  guint64 n_young;
  const RscProgress *progress;
  GCancellable *cancellable;
} Collection;

/* The generation's list, merged with the younger ones.  Immortal objects are
 * moved to the permanent generation by the collector itself, or leave it. */
static void
merge_younger (Collection *collection,
               guint       generation)
{
  const RscColumns *columns = collection->columns;

  for (RscNode node = 0; node < columns->n_nodes; node++)
    if ((columns->flags[node] & (RSC_NODE_TRACKED | RSC_NODE_IMMORTAL)) == RSC_NODE_TRACKED
        && rsc_generation_is_collected (columns->generation[node], generation))
      {
        rsc_bitset_set (collection->young, node);
        collection->n_young++;
      }
}

static RscBitset *
find_by_refcounts (Collection *collection,
                   GError    **error)
{
  return rsc_deduce_unreachable (collection->columns, collection->young, collection->columns->refcount, NULL,
                                 collection->progress, collection->cancellable, error);
}

static RscBitset *
find_by_roots (RscSnapshot *snapshot,
               Collection  *collection,
               GError     **error)
{
  g_autoptr(GArray) roots = rsc_reach_get_roots (snapshot);
  g_autoptr(RscBitset) reached = NULL;
  RscBitset *unreachable;

  if (roots->len == 0)
    {
      if (rsc_snapshot_check (snapshot, error))
        g_set_error_literal (error, RSC_ANALYSIS_ERROR, RSC_ERROR_NOT_FOUND,
                             _("This heap has neither reference counts nor roots, so what is garbage cannot be"
                               " told. Choose an object and look for what cannot be reached from it."));
      return NULL;
    }
  reached = rsc_reach_compute (snapshot, (const RscNode *) (void *) roots->data, roots->len, RSC_REACH_STRONG,
                               collection->progress, collection->cancellable, error);
  if (reached == NULL)
    return NULL;

  unreachable = rsc_bitset_new (collection->columns->n_nodes);
  for (RscNode node = 0; node < collection->columns->n_nodes; node++)
    if (rsc_bitset_get (collection->young, node) && !rsc_bitset_get (reached, node))
      rsc_bitset_set (unreachable, node);

  return unreachable;
}

/* The rule, and for the roots rule what it looks at where the runtime has no
 * generations: every object. */
static RscGarbageRule
choose_rule (Collection *collection)
{
  const RscColumns *columns = collection->columns;
  gboolean any_in_generation = FALSE;

  for (RscNode node = 0; node < columns->n_nodes; node++)
    if ((columns->flags[node] & RSC_NODE_TRACKED) && columns->generation[node] != RSC_GENERATION_NONE)
      {
        any_in_generation = TRUE;
        if (columns->refcount[node] != RSC_REFCOUNT_UNKNOWN)
          return RSC_RULE_REFCOUNTS;
      }

  if (!any_in_generation)
    for (RscNode node = 0; node < columns->n_nodes; node++)
      if (!(columns->flags[node] & RSC_NODE_SYNTHETIC))
        {
          rsc_bitset_set (collection->young, node);
          collection->n_young++;
        }

  return RSC_RULE_ROOTS;
}

/* A full collection of each interpreter: one does not see what another's objects refer to. */
static RscPrediction *
predict_each (RscSnapshot       *snapshot,
              guint              n_interpreters,
              const RscProgress *progress,
              GCancellable      *cancellable,
              GError           **error)
{
  g_autoptr(RscPrediction) self = rsc_collect_predict (snapshot, OLDEST, progress, cancellable, error);

  for (guint i = 1; self != NULL && i < n_interpreters; i++)
    {
      g_autoptr(RscPrediction) other
          = rsc_collect_predict (snapshot, OLDEST + i * RSC_N_COLLECTOR_LISTS, progress, cancellable, error);

      if (other == NULL)
        return NULL;
      for (RscNode node = 0; node < rsc_snapshot_peek_columns (snapshot)->n_nodes; node++)
        {
          if (rsc_bitset_get (other->unreachable, node))
            rsc_bitset_set (self->unreachable, node);
          if (rsc_bitset_get (other->uncollectable, node))
            rsc_bitset_set (self->uncollectable, node);
        }
      self->examined += other->examined;
      self->n_unreachable += other->n_unreachable;
      self->bytes += other->bytes;
      self->n_uncollectable += other->n_uncollectable;
      self->survivors += other->survivors;
      self->n_finalizers += other->n_finalizers;
    }
  if (self != NULL)
    self->collected = RSC_GENERATION_OF_ALL;

  return g_steal_pointer (&self);
}

RscPrediction *
rsc_collect_predict (RscSnapshot       *snapshot,
                     guint              generation,
                     const RscProgress *progress,
                     GCancellable      *cancellable,
                     GError           **error)
{
  const RscColumns *columns
      = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_NODES | RSC_BLOCK_EDGES | RSC_BLOCK_ROOTS, error);
  Collection collection = { .columns = columns, .progress = progress, .cancellable = cancellable };
  g_autoptr(RscPrediction) self = NULL;

  g_return_val_if_fail (generation == RSC_GENERATION_OF_ALL || rsc_generation_in_interpreter ((guint8) generation) <= OLDEST, NULL);

  if (columns == NULL || g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  if (generation == RSC_GENERATION_OF_ALL)
    return predict_each (snapshot, rsc_snapshot_get_n_interpreters (snapshot), progress, cancellable, error);

  self = g_new0 (RscPrediction, 1);
  self->collected = generation;
  self->generation = rsc_generation_in_interpreter ((guint8) generation);
  self->promoted_to = MIN (self->generation + 1, OLDEST);
  collection.young = rsc_bitset_new (columns->n_nodes);
  merge_younger (&collection, generation);
  self->rule = choose_rule (&collection);
  self->unreachable = self->rule == RSC_RULE_REFCOUNTS
                          ? find_by_refcounts (&collection, error)
                          : find_by_roots (snapshot, &collection, error);
  self->uncollectable = rsc_bitset_new (columns->n_nodes);
  rsc_bitset_free (collection.young);
  if (self->unreachable == NULL
      || (self->rule == RSC_RULE_REFCOUNTS
          && !rsc_deduce_uncollectable (snapshot, self->unreachable, self->uncollectable, cancellable, error))
      || !rsc_snapshot_check (snapshot, error))
    return NULL;

  self->examined = collection.n_young;
  for (RscNode node = 0; node < columns->n_nodes; node++)
    {
      self->n_uncollectable += rsc_bitset_get (self->uncollectable, node);
      if (!rsc_bitset_get (self->unreachable, node))
        continue;
      self->n_unreachable++;
      self->bytes += columns->size[node];
      if ((columns->flags[node] & (RSC_NODE_FINALIZER | RSC_NODE_FINALIZED)) == RSC_NODE_FINALIZER)
        self->n_finalizers++;
    }
  self->survivors = self->examined - self->n_unreachable;

  return g_steal_pointer (&self);
}

static void
free_prediction (gpointer data)
{
  RscPrediction *self = data;

  g_clear_pointer (&self->unreachable, rsc_bitset_free);
  g_clear_pointer (&self->uncollectable, rsc_bitset_free);
  g_free (self);
}

void
rsc_prediction_free (RscPrediction *self)
{
  rsc_release (self, free_prediction);
}

RscOverlay *
rsc_prediction_to_overlay (RscPrediction *self,
                           RscSnapshot   *snapshot)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (snapshot);
  const RscCollector *collector = rsc_collector_get (snapshot);
  gboolean untracks_immortal = collector != NULL && collector->immortal == RSC_IMMORTAL_UNTRACKED;
  RscOverlay *overlay = rsc_overlay_new (snapshot);

  for (RscNode node = 0; node < columns->n_nodes; node++)
    {
      gboolean tracked = (columns->flags[node] & RSC_NODE_TRACKED) != 0;

      if (rsc_bitset_get (self->unreachable, node))
        rsc_overlay_set (overlay, node, RSC_STATE_PREDICTED, -1, NULL);
      else if (tracked && rsc_generation_is_collected (columns->generation[node], self->collected))
        {
          guint from = rsc_generation_in_interpreter (columns->generation[node]), to = self->promoted_to;

          /* Where the collector meets an immortal one, it puts it among the frozen, or looks at it no more. */
          if (columns->flags[node] & RSC_NODE_IMMORTAL)
            to = untracks_immortal ? from : (guint) RSC_GENERATION_PERMANENT;

          rsc_overlay_set (overlay, node, from < to ? RSC_STATE_PROMOTED : RSC_STATE_STAYED, -1, NULL);
        }
    }

  return overlay;
}
