/* A scene as SVG text: real text, a title for every node and edge, and no link
 * to anything outside.  cairo's own SVG has outlines of glyphs instead. */
#pragma once

#include "rsc-painter.h"

G_BEGIN_DECLS

/* Free with g_free(). */
char *rsc_svg_write (RscScene *scene, RscOverlay *overlay, RscTheme theme);

/* Its parts, for pictures of several scenes: the opening tag with the
 * background, to be closed by "</svg>"; and what stands in it. */
void rsc_svg_begin          (GString *svg, double width, double height, RscTheme theme);
void rsc_svg_append_scene   (GString *svg, RscScene *scene, RscOverlay *overlay, RscTheme theme);
/* Text in XML or HTML, without what these do not admit. */
void rsc_svg_append_escaped (GString *svg, const char *text);

G_END_DECLS
