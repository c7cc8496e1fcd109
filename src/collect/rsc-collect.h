/* CPython's collection predicted from a snapshot: update_refs, subtract_refs,
 * move_unreachable over refcounts and what tp_traverse visits. */
#pragma once

#include "base/rsc-bitset.h"
#include "base/rsc-progress.h"
#include "snapshot/rsc-overlay.h"

G_BEGIN_DECLS

typedef enum
{
  RSC_RULE_REFCOUNTS, /* by the collector's edges and refcounts */
  RSC_RULE_ROOTS      /* no refcounts: not reachable from the roots */
} RscGarbageRule;

typedef struct
{
  guint generation;        /* 0, 1, 2, of its interpreter */
  guint collected;         /* as it was asked for */
  RscGarbageRule rule;
  guint64 examined;        /* objects of this generation and younger ones */
  RscBitset *unreachable;  /* before finalizers run; without the uncollectable ones */
  guint64 n_unreachable;
  guint64 bytes;           /* of the unreachable ones */
  RscBitset *uncollectable; /* unreachable, too, but with a finalizer of the old kind (tp_del), or referred to by such:
                             * kept, and listed in gc.garbage */
  guint64 n_uncollectable;
  guint64 survivors;       /* with the uncollectable ones */
  guint promoted_to;
  guint64 n_finalizers;    /* unreachable objects whose finalizer would run: what it does cannot be predicted */
} RscPrediction;

/* @generation: 0, 1, 2 of the main interpreter; of another what the generation column says; or RSC_GENERATION_OF_ALL. */
RscPrediction *rsc_collect_predict (RscSnapshot *snapshot, guint generation,
                                    const RscProgress *progress, GCancellable *cancellable, GError **error);
void           rsc_prediction_free (RscPrediction *self);
/* PREDICTED, PROMOTED, STAYED. */
RscOverlay    *rsc_prediction_to_overlay (RscPrediction *self, RscSnapshot *snapshot);

/* A real collection, from the snapshots before and after it.  An object is the
 * same if address, type and container flag agree and its generation is at least
 * the promoted one; the same address in a younger generation is new; untracked
 * objects that cannot be told are unknown. */
typedef struct
{
  RscOverlay *before; /* FREED, PROMOTED, STAYED, UNKNOWN */
  RscOverlay *after;  /* NEW, PROMOTED, STAYED */
  guint64 freed, freed_bytes, promoted, stayed, created, unknown;
  /* Of the freed: what the collector found unreachable, which is what gc.collect() counts.  The rest went along:
   * only what was found referred to it, and the collector does not look at it (numbers, texts), or it had to go
   * because of them (weak references). */
  guint64 found;
  RscPrediction *prediction; /* from the snapshot before; may be stolen, and is NULL then */
} RscCollectionDiff;

RscCollectionDiff *rsc_collection_diff_compute (RscSnapshot *before, RscSnapshot *after, guint generation,
                                                const RscProgress *progress, GCancellable *cancellable,
                                                GError **error);
void               rsc_collection_diff_free (RscCollectionDiff *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscPrediction, rsc_prediction_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscCollectionDiff, rsc_collection_diff_free)

G_END_DECLS
