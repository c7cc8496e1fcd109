/* Reads an SQL expression before SQLite does: admits the columns, operators
 * and functions that filters may use, and says in plain words what is wrong
 * with anything else. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The expression ready for SQLite: as long as @text, byte by byte in the same
 * places.  *columns_used gets a bit for each RscNodeColumn.  On failure NULL,
 * RSC_QUERY_ERROR, SYNTAX, and *position (may be NULL) is the character. */
char *rsc_expression_prepare (const char *text, guint32 *columns_used, int *position, GError **error);

/* The error for a mistake at byte @offset of @text; @what is a phrase without
 * a full stop (a question has its mark).  Always returns FALSE. */
gboolean rsc_expression_set_error (const char *text, gsize offset, const char *what,
                                   int *position, GError **error);

G_END_DECLS
