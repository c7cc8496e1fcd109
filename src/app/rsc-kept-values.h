/* What a capture kept of the program's values: all, unless it was told otherwise. */
#pragma once

#include "snapshot/rsc-snapshot.h"

G_BEGIN_DECLS

/* A sentence that says what was left out; NULL: nothing was. */
const char *rsc_kept_values_get_sentence (RscSnapshot *snapshot);
/* The same in two words. */
const char *rsc_kept_values_get_note     (RscSnapshot *snapshot);

G_END_DECLS
