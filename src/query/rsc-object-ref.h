/* The command line's OBJECT: "0xADDRESS", "#INDEX", "type:NAME", "name:PATH"
 * ("name:__main__.a", "name:A" for a DOT node), "sql:SELECT ...". */
#pragma once

#include "snapshot/rsc-snapshot.h"

G_BEGIN_DECLS

/* TRUE if @text has one of those forms (whether or not such an object exists). */
gboolean rsc_object_ref_is_valid (const char *text);

/* An array of RscNode, not empty, in heap order ("sql:" in the query's order);
 * unref it.  RSC_QUERY_ERROR: NOT_FOUND (what was looked for, and near names
 * where there are), SYNTAX. */
GArray *rsc_object_ref_resolve (RscSnapshot  *snapshot,
                                const char   *text,
                                GCancellable *cancellable,
                                GError      **error);

G_END_DECLS
