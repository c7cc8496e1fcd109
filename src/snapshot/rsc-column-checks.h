/* Bounds of what stands in the columns: the same checks for a heap that is
 * frozen and for a file that is not trusted. */
#pragma once

#include <glib.h>

#include "rsc-types.h"

G_BEGIN_DECLS

/* Each returns the index of the first bad item, or @n if all are good. */

/* Less than @limit. */
gsize rsc_check_indices (const guint32 *items, gsize n, guint32 limit);

/* Not falling, within 0 to @limit. @previous: the item before the first. */
gsize rsc_check_offsets (const guint64 *items, gsize n, guint64 previous, guint64 limit);

/* Kinds known, and labels by kind: a node, a string, or anything. */
gsize rsc_check_labels (const guint32 *label, const guint8 *kind, gsize n, guint32 n_nodes, guint32 n_strings);

/* Each string ends with a NUL where the next begins and has no other;
 * offsets has n + 1 items, which were checked by rsc_check_offsets(). */
gsize rsc_check_strings (const guint64 *offsets, gsize n, const char *data);

/* UTF-8, NUL allowed. */
gsize rsc_check_utf8 (const char *text, gsize size);

G_END_DECLS
