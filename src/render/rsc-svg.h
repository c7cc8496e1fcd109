/* A scene as SVG text: real text, a title for every node and edge, and no link
 * to anything outside.  cairo's own SVG has outlines of glyphs instead. */
#pragma once

#include "rsc-painter.h"

G_BEGIN_DECLS

/* Free with g_free(). */
char *rsc_svg_write (RscScene *scene, RscOverlay *overlay, RscTheme theme);

/* Its parts, for pictures of several scenes: the opening tag with the
 * background, to be closed by "</svg>"; the patterns that nodes are filled with,
 * once in a document; and the scene, with the nodes' names as ids only if it is
 * the only one of a document. */
void rsc_svg_begin           (GString *svg, double width, double height, RscTheme theme);
void rsc_svg_append_patterns (GString *svg, RscTheme theme);
void rsc_svg_append_scene    (GString *svg, RscScene *scene, RscOverlay *overlay, RscTheme theme, gboolean with_ids);
/* Text in XML or HTML, without what these do not admit. */
void rsc_svg_append_escaped (GString *svg, const char *text);

G_END_DECLS
