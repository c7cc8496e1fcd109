/* What the layout child does with Graphviz: the only code that includes it. */
#pragma once

#include "rsc-layout-wire.h"

G_BEGIN_DECLS

/* Makes the Graphviz context, so that a spare child has that behind it. */
void rsc_layout_graphviz_prepare (void);

/* RSC_LAYOUT_ERROR, FAILED: with Graphviz's own words. */
RscLayoutResult *rsc_layout_graphviz_place (const RscLayoutRequest   *request,
                                            const RscLayoutSettings  *settings,
                                            GError                  **error);

/* @text: NUL-terminated.  RSC_LAYOUT_ERROR: SYNTAX, with the line where
 * Graphviz names one (else 0), LIMIT. */
RscDotGraph *rsc_layout_graphviz_parse (const char  *text,
                                        guint       *line,
                                        GError     **error);

G_END_DECLS
