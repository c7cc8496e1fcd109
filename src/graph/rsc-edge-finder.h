/* Where in a source's edges a target stands, for one who asks often: a list
 * that holds a million objects is not to be gone through a million times. */
#pragma once

#include "snapshot/rsc-snapshot.h"

G_BEGIN_DECLS

typedef struct _RscEdgeFinder RscEdgeFinder;

/* @columns must have the edges, and outlive it. */
RscEdgeFinder *rsc_edge_finder_new  (const RscColumns *columns, GCancellable *cancellable);
void           rsc_edge_finder_free (RscEdgeFinder *self);

/* The first edge from @source to @target at or after @from, or G_MAXUINT64.
 * Sources that were asked about before are sorted by target, as long as
 * there is room. */
guint64 rsc_edge_finder_next (RscEdgeFinder *self, RscNode source, RscNode target, guint64 from);

/* How many edges were looked at so far, sorting included. */
guint64 rsc_edge_finder_get_steps (const RscEdgeFinder *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscEdgeFinder, rsc_edge_finder_free)

G_END_DECLS
