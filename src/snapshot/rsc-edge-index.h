/* Orders a heap's edges: by their sources, and backwards by their targets. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* All return FALSE if cancelled, with @error set. */

/* Sorts target, label and kind by source, which is used up; edges of one source
 * keep their order.  The arrays are replaced by new ones. */
gboolean rsc_edge_index_sort_by_source (guint32 n_nodes, guint64 n_edges, const guint32 *source,
                                        guint64 *first_edge, guint32 **target, guint32 **label, guint8 **kind,
                                        GCancellable *cancellable, GError **error);

/* Puts what the collector traverses before the rest of each node's edges,
 * keeping the order within both. */
gboolean rsc_edge_index_put_traversed_first (guint32 n_nodes, const guint64 *first_edge,
                                             guint32 *target, guint32 *label, guint8 *kind,
                                             GCancellable *cancellable, GError **error);

/* The backward edges. @first_referrer: n_nodes + 1 zeros; @referrer: n_edges.
 * All targets are less than @n_nodes. */
gboolean rsc_edge_index_invert (guint32 n_nodes, const guint64 *first_edge, const guint32 *target,
                                guint64 *first_referrer, guint32 *referrer,
                                GCancellable *cancellable, GError **error);

/* All nodes by address, equal ones by node; NULL if cancelled.  Free with g_free(). */
guint32 *rsc_edge_index_sort_addresses (guint32 n_nodes, const guint64 *address,
                                        GCancellable *cancellable, GError **error);

G_END_DECLS
