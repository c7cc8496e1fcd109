/* How a node or an edge looks: the one place where roles, kinds and overlay
 * states become colours, lines and patterns.  The painter draws what it says
 * with cairo, the SVG writer says the same in SVG.
 *
 * No state is told by colour alone: each has a line, a pattern or a badge of
 * its own as well. */
#pragma once

#include "rsc-painter.h"

G_BEGIN_DECLS

typedef enum
{
  RSC_SHAPE_BOX,  /* rounded */
  RSC_SHAPE_PILL, /* folds */
  RSC_SHAPE_OVAL  /* finalizer marks, with a second line */
} RscShape;

typedef enum
{
  RSC_LINE_SOLID,
  RSC_LINE_DASHED,
  RSC_LINE_DOTTED,
  RSC_LINE_DASH_DOT
} RscLine;

typedef enum
{
  RSC_PATTERN_NONE,
  RSC_PATTERN_HATCH, /* lines from lower left to upper right */
  RSC_PATTERN_DOTS
} RscPattern;

#define RSC_CORNER_RADIUS 6.0
#define RSC_RING_GAP 2.5       /* between the border and the ring of a highlighted node */
#define RSC_DOUBLE_GAP 3.0     /* between the two lines of a double border */
#define RSC_HATCH_STEP 7.0
#define RSC_ARROW_LENGTH 8.0
#define RSC_ARROW_WIDTH 6.4
#define RSC_BADGE_HEIGHT 13.0
#define RSC_BADGE_PADDING 5.0

/* Colours are 0xRRGGBB. */
typedef struct
{
  RscShape shape;
  double opacity;
  guint32 fill;
  guint32 stroke;
  double stroke_width;
  RscLine line;
  gboolean double_border;
  RscPattern pattern;
  guint32 pattern_rgb;
  guint32 title; /* the first line */
  guint32 text;  /* the others */
  gboolean ring; /* highlighted */
  guint32 ring_rgb;
  const char *badge; /* NULL: none; borrowed from the overlay or static */
  guint32 badge_fill;
  guint32 badge_text;
} RscNodeStyle;

typedef struct
{
  double opacity;
  guint32 stroke;
  double width;
  RscLine line;
  gboolean hollow_arrow; /* weak references */
  guint32 text;
} RscEdgeStyle;

void rsc_style_get_node (RscNodeStyle *style, RscScene *scene, gsize node, RscOverlay *overlay, RscTheme theme);
void rsc_style_get_edge (RscEdgeStyle *style, RscScene *scene, gsize edge, RscOverlay *overlay, RscTheme theme);

/* Lengths on and off, for a line of @width; *n is 0 for a solid one. */
void rsc_line_get_dashes (RscLine line, double width, double dashes[4], int *n);

/* Of two colours, from 1 to 21, as WCAG 2 defines it. */
double rsc_contrast_ratio (guint32 a, guint32 b);

G_END_DECLS
