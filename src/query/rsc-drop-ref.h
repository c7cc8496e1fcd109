/* What a person names to be dropped: a name, an object, or a reference. */
#pragma once

#include "analysis/rsc-drop.h"

G_BEGIN_DECLS

/* NAME ("cache", "__main__.cache"), an OBJECT, or EDGE: "FROM->TO",
 * "FROM->TO:LABEL" (a label as it is shown: "[3]", "['key']", ".attr").  @texts
 * ends with NULL.  An array of RscDrop; unref it.  RSC_QUERY_ERROR and
 * RSC_ANALYSIS_ERROR: NOT_FOUND, SYNTAX. */
GArray *rsc_drop_refs_resolve (RscSnapshot        *snapshot,
                               const char *const  *texts,
                               GCancellable       *cancellable,
                               GError            **error);

G_END_DECLS
