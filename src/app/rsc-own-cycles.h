/* Which cycles are of the program's author's making: with an object of a class
 * from a module of the author's own, or one that such a module or its running
 * code has a name for.  The interpreter's classes and functions are cycles by
 * the hundred. */
#pragma once

#include "analysis/rsc-components.h"

G_BEGIN_DECLS

/* A bit for each component; NULL where there is no Python program. */
RscBitset *rsc_own_cycles_find (RscSnapshot *snapshot, RscComponents *components);

G_END_DECLS
