/* The coarsest layout: rows of nodes by distance, straight lines.  It takes
 * milliseconds for thousands of nodes and cannot fail, so that there is always
 * a drawing. */
#pragma once

#include "rsc-layout.h"

G_BEGIN_DECLS

/* engine, settings, note and seconds are left for the caller to fill in. */
RscLayoutResult *rsc_layout_rows (const RscLayoutRequest *request);

G_END_DECLS
