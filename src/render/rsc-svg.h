/* A scene as SVG text: real text, a title for every node and edge, and no link
 * to anything outside.  cairo's own SVG has outlines of glyphs instead. */
#pragma once

#include "rsc-painter.h"

G_BEGIN_DECLS

/* Free with g_free(). */
char *rsc_svg_write (RscScene *scene, RscOverlay *overlay, RscTheme theme);

G_END_DECLS
