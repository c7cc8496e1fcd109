/* Strongly connected components: the cycles of a heap.  Tarjan's algorithm
 * with an explicit stack. */
#pragma once

#include "base/rsc-bitset.h"
#include "base/rsc-progress.h"
#include "snapshot/rsc-overlay.h"

G_BEGIN_DECLS

typedef struct
{
  const RscNode *members; /* ascending; borrowed from the set */
  guint32 n_members;
  guint64 bytes;
  guint64 held_from_outside; /* references into it from other objects */
  gboolean garbage;          /* a collection would find it */
} RscComponent;

typedef struct _RscComponents RscComponents;

/* Components of two or more objects, or of one that refers to itself, over
 * what the collector traverses; largest (by members, then bytes) first.
 * @garbage: what a full collection would free (rsc_collect_predict()), or
 * NULL where that is not known.  */
RscComponents *rsc_components_compute (RscSnapshot *snapshot, const RscBitset *garbage,
                                       const RscProgress *progress, GCancellable *cancellable,
                                       GError **error);
void           rsc_components_free (RscComponents *self);

guint32      rsc_components_get_n (RscComponents *self);
RscComponent rsc_components_get   (RscComponents *self, guint32 index);
/* The index of the component that is at @rank when they are ordered by bytes. */
guint32      rsc_components_get_by_bytes (RscComponents *self, guint32 rank);
/* The component @node belongs to, or -1. */
gint64       rsc_components_find  (RscComponents *self, RscNode node);
/* CYCLE and GARBAGE_CYCLE with the component's index as group. */
RscOverlay  *rsc_components_to_overlay (RscComponents *self, RscSnapshot *snapshot);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscComponents, rsc_components_free)

G_END_DECLS
