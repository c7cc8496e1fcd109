/* What can be reached, by an explicit stack: heaps are deeper than stacks. */
#pragma once

#include "base/rsc-bitset.h"
#include "base/rsc-progress.h"
#include "snapshot/rsc-overlay.h"

G_BEGIN_DECLS

typedef enum
{
  RSC_REACH_STRONG = 0,
  RSC_REACH_WEAK_TOO = 1 << 0,       /* follow weak references */
  RSC_REACH_TRAVERSED_ONLY = 1 << 1, /* only what the collector sees */
  RSC_REACH_BACKWARDS = 1 << 2
} RscReachFlags;

/* Depth-first from @starts (in order).  The set of the nodes that were reached. */
RscBitset *rsc_reach_compute (RscSnapshot *snapshot, const RscNode *starts, gsize n_starts,
                              RscReachFlags flags, const RscProgress *progress,
                              GCancellable *cancellable, GError **error);

/* All root entries' nodes. */
GArray *rsc_reach_get_roots (RscSnapshot *snapshot);

/* Marks each node REACHED or UNREACHABLE. */
RscOverlay *rsc_reach_to_overlay (RscSnapshot *snapshot, const RscBitset *reached);

/* Shortest chain of references, breadth first, from any of @from to the first
 * of @to; an array of RscNode in the direction of the references.  NULL without
 * error if there is none. @max_depth 0: no limit. */
GArray *rsc_chain_find (RscSnapshot *snapshot, const RscNode *from, gsize n_from,
                        const RscNode *to, gsize n_to, guint max_depth, RscReachFlags flags,
                        const RscProgress *progress, GCancellable *cancellable, GError **error);

G_END_DECLS
