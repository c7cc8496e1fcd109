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

/* @text: NUL-terminated, of @length bytes.  RSC_LAYOUT_ERROR: SYNTAX, with the
 * place in @fault where Graphviz lets it be found, LIMIT. */
RscDotGraph *rsc_layout_graphviz_parse (const char      *text,
                                        gsize            length,
                                        RscLayoutFault  *fault,
                                        GError         **error);

G_END_DECLS
