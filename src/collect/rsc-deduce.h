/* What of a set of objects is held by nothing outside it. */
#pragma once

#include "base/rsc-bitset.h"
#include "base/rsc-progress.h"
#include "snapshot/rsc-snapshot.h"

G_BEGIN_DECLS

/* update_refs, subtract_refs and move_unreachable of CPython's collector over
 * @young, without their steps.  @refcounts: of each node.  @dropped: a set of
 * edges (GSIZE_TO_POINTER()) that are taken to be gone and not in the counts; NULL for none.
 * The only error is that it was cancelled. */
RscBitset *rsc_deduce_unreachable (const RscColumns *columns, const RscBitset *young, const guint32 *refcounts,
                                   GHashTable *dropped, const RscProgress *progress, GCancellable *cancellable,
                                   GError **error);

/* Moves from @unreachable to @uncollectable what is kept for a finalizer of the old kind (tp_del). */
gboolean rsc_deduce_uncollectable (RscSnapshot *snapshot, RscBitset *unreachable, RscBitset *uncollectable,
                                   GCancellable *cancellable, GError **error);

G_END_DECLS
