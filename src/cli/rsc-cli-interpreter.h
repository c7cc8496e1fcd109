/* --interpreter: which of a heap's interpreters is meant. */
#pragma once

#include "snapshot/rsc-snapshot.h"

G_BEGIN_DECLS

/* @generation (0, 1, 2) of the interpreter that CPython calls @id, as the generation column has it.  FALSE, RSC_ANALYSIS_ERROR:
 * NOT_FOUND. */
gboolean rsc_cli_find_generation (RscSnapshot *snapshot, gint64 id, guint generation, guint *in_column, GError **error);

G_END_DECLS
