/* SQL expressions over the columns of one node, evaluated through SQLite.
 *
 * Columns: type, module, name (of functions, classes and modules), size,
 * refcount, generation, referrers, "references" (count of edges; also as
 * refs), depth, value, address, id (the node's index), tracked, root,
 * container, finalizer, weakrefs, immortal, synthetic, interpreter.  Text in single quotes
 * only; an authorizer admits reading columns and built-in functions, nothing
 * else.  Not thread-safe: one filter for one thread. */
#pragma once

#include "snapshot/rsc-snapshot.h"

G_BEGIN_DECLS

typedef struct _RscFilter RscFilter;

/* RSC_QUERY_ERROR: SYNTAX; the message quotes the expression, says at which
 * character it went wrong and, where it can, what was meant ("did you mean
 * type = 'dict'?"). */
RscFilter *rsc_filter_new  (RscSnapshot  *snapshot,
                            const char   *expression,
                            GError      **error);
void       rsc_filter_free (RscFilter *self);

/* Parses only; no snapshot is needed.  *position: the character, from 0. */
gboolean rsc_filter_check (const char *expression, int *position, GError **error);

/* Whether @expression, which parses, asks for the value column. */
gboolean rsc_filter_asks_value (const char *expression);

/* @depth is the value of the depth column (-1: null).  An error at run time
 * (division by text, out of memory) is set in @error and returns FALSE. */
gboolean rsc_filter_matches (RscFilter *self, RscNode node, int depth, GError **error);

/* The expression's value as text ("" for NULL), for extra_info. Free with g_free(). */
char *rsc_filter_evaluate (RscFilter *self, RscNode node, int depth, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscFilter, rsc_filter_free)

G_END_DECLS
