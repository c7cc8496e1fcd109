#include "config.h"

#include "rsc-painter.h"

#include <math.h>

#include "rsc-bezier.h"
#include "rsc-paint.h"
#include "rsc-style.h"
#include "rsc-theme.h"

#define MIN_TEXT_PIXELS 6.0
/* Below, corners, arrows and patterns are smaller than a pixel or two. */
#define MIN_DETAIL_ZOOM 0.22
/* No line gets thinner than that, in device pixels. */
#define MIN_LINE_PIXELS 0.55
#define LABEL_GROUND_OPACITY 0.82
#define EMPHASIS_EXTRA 1.2

static gboolean
is_legible (const RscLabel *label, double zoom)
{
  return zoom == 0 || rsc_label_get_font_size (label) * zoom >= MIN_TEXT_PIXELS;
}

static gboolean
is_detailed (double zoom)
{
  return zoom == 0 || zoom >= MIN_DETAIL_ZOOM;
}

static double
get_line_width (double width, double zoom)
{
  return zoom > 0 ? MAX (width, MIN_LINE_PIXELS / zoom) : width;
}

static void
set_source (cairo_t *cr, guint32 rgb, double opacity)
{
  cairo_set_source_rgba (cr, (rgb >> 16 & 0xff) / 255.0, (rgb >> 8 & 0xff) / 255.0, (rgb & 0xff) / 255.0, opacity);
}

static void
set_dash (cairo_t *cr, RscLine line, double width)
{
  double dashes[4];
  int n;

  rsc_line_get_dashes (line, width, dashes, &n);
  cairo_set_dash (cr, dashes, n, 0);
}

void
rsc_paint_rounded_box (cairo_t *cr, double x, double y, double width, double height, double radius)
{
  double r = MIN (radius, MIN (width, height) / 2);

  cairo_new_sub_path (cr);
  cairo_arc (cr, x + width - r, y + r, r, -G_PI / 2, 0);
  cairo_arc (cr, x + width - r, y + height - r, r, 0, G_PI / 2);
  cairo_arc (cr, x + r, y + height - r, r, G_PI / 2, G_PI);
  cairo_arc (cr, x + r, y + r, r, G_PI, 3 * G_PI / 2);
  cairo_close_path (cr);
}

/* The outline, made smaller by @inset on all sides. */
static void
outline (cairo_t *cr, const RscSceneNode *node, RscShape shape, double inset, gboolean detailed)
{
  double x = node->x + inset, y = node->y + inset;
  double width = node->width - 2 * inset, height = node->height - 2 * inset;

  if (width <= 0 || height <= 0)
    return;
  if (!detailed)
    cairo_rectangle (cr, x, y, width, height);
  else if (shape == RSC_SHAPE_OVAL)
    {
      cairo_save (cr);
      cairo_translate (cr, x + width / 2, y + height / 2);
      cairo_scale (cr, width / 2, height / 2);
      cairo_new_sub_path (cr);
      cairo_arc (cr, 0, 0, 1, 0, 2 * G_PI);
      cairo_restore (cr);
    }
  else
    rsc_paint_rounded_box (cr, x, y, width, height,
                           shape == RSC_SHAPE_PILL ? height / 2 : MAX (RSC_CORNER_RADIUS - inset, 1));
}

static void
draw_pattern (cairo_t *cr, const RscSceneNode *node, const RscNodeStyle *style)
{
  cairo_save (cr);
  outline (cr, node, style->shape, 0, TRUE);
  cairo_clip (cr);
  if (style->pattern == RSC_PATTERN_HATCH)
    {
      for (double at = RSC_HATCH_STEP; at < node->width + node->height; at += RSC_HATCH_STEP)
        {
          cairo_move_to (cr, node->x + at, node->y);
          cairo_line_to (cr, node->x + at - node->height, node->y + node->height);
        }
      set_source (cr, style->pattern_rgb, 0.22);
      cairo_set_line_width (cr, 1.2);
      cairo_set_dash (cr, NULL, 0, 0);
      cairo_stroke (cr);
    }
  else
    {
      for (double dy = RSC_HATCH_STEP / 2; dy < node->height; dy += RSC_HATCH_STEP)
        for (double dx = RSC_HATCH_STEP / 2; dx < node->width; dx += RSC_HATCH_STEP)
          {
            cairo_new_sub_path (cr);
            cairo_arc (cr, node->x + dx, node->y + dy, 0.8, 0, 2 * G_PI);
          }
      set_source (cr, style->pattern_rgb, 0.35);
      cairo_fill (cr);
    }
  cairo_restore (cr);
}

/* At the upper right corner, over the border. */
static void
draw_badge (cairo_t *cr, const RscSceneNode *node, const RscNodeStyle *style)
{
  RscLabel *label = rsc_label_new (rsc_label_context_get_for_thread (), RSC_LABEL_BADGE, style->badge);
  RscBadgeBox box;

  rsc_badge_box_get (node, label, &box);
  rsc_paint_rounded_box (cr, box.x, box.y, box.width, box.height, box.height / 2);
  set_source (cr, style->badge_fill, 1);
  cairo_fill (cr);
  set_source (cr, style->badge_text, 1);
  rsc_label_draw (label, cr, box.x + box.width / 2, box.y + box.height / 2);
  rsc_label_free (label);
}

void
rsc_badge_box_get (const RscSceneNode *node, const RscLabel *label, RscBadgeBox *box)
{
  double width, height;

  rsc_label_get_size (label, &width, &height);
  box->width = MAX (width + 2 * RSC_BADGE_PADDING, RSC_BADGE_HEIGHT);
  box->height = RSC_BADGE_HEIGHT;
  /* Long badges grow to the left, over their own node rather than over a neighbour. */
  box->x = node->x + node->width + MIN (box->width, RSC_BADGE_HEIGHT + 4) / 2 - box->width;
  box->y = node->y - RSC_BADGE_HEIGHT / 2;
}

static void
draw_node_with_style (cairo_t *cr, const RscSceneNode *node, const RscNodeStyle *style, double zoom)
{
  gboolean detailed = is_detailed (zoom);
  gboolean legible = is_legible (node->label, zoom);
  double width = get_line_width (style->stroke_width, zoom);

  if (style->ring && detailed)
    {
      outline (cr, node, style->shape, -RSC_RING_GAP - style->stroke_width, TRUE);
      set_source (cr, style->ring_rgb, 1);
      cairo_set_dash (cr, NULL, 0, 0);
      cairo_set_line_width (cr, get_line_width (2.4, zoom));
      cairo_stroke (cr);
    }
  outline (cr, node, style->shape, 0, detailed);
  /* Without text the border's colour says more than the pale ground. */
  set_source (cr, legible ? style->fill : style->ring ? style->ring_rgb : style->stroke, legible ? 1 : 0.75);
  cairo_fill (cr);
  if (style->pattern != RSC_PATTERN_NONE && detailed)
    draw_pattern (cr, node, style);
  outline (cr, node, style->shape, 0, detailed);
  set_source (cr, style->stroke, 1);
  cairo_set_line_width (cr, width);
  set_dash (cr, style->line, width);
  cairo_stroke (cr);
  if (style->double_border && detailed)
    {
      outline (cr, node, style->shape, RSC_DOUBLE_GAP, TRUE);
      cairo_set_line_width (cr, MAX (width / 2, 0.8));
      cairo_stroke (cr);
    }
  cairo_set_dash (cr, NULL, 0, 0);
  if (legible)
    rsc_label_draw_colored (node->label, cr, node->x + node->width / 2, node->y + node->height / 2,
                            style->title, style->text);
  if (style->badge != NULL && detailed)
    draw_badge (cr, node, style);
}

void
rsc_painter_draw_node (RscScene *scene, gsize node_index, RscOverlay *overlay, RscTheme theme, double zoom, cairo_t *cr)
{
  const RscSceneNode *node = &rsc_scene_get_nodes (scene, NULL)[node_index];
  RscNodeStyle style;

  rsc_style_get_node (&style, scene, node_index, overlay, theme);
  cairo_save (cr);
  if (style.opacity < 1)
    {
      cairo_push_group (cr);
      draw_node_with_style (cr, node, &style, zoom);
      cairo_pop_group_to_source (cr);
      cairo_paint_with_alpha (cr, style.opacity);
    }
  else
    draw_node_with_style (cr, node, &style, zoom);
  cairo_restore (cr);
}

static void
draw_edge_label (cairo_t *cr, const RscSceneEdge *edge, const RscEdgeStyle *style, guint32 ground)
{
  double width, height;

  rsc_label_get_size (edge->label, &width, &height);
  rsc_paint_rounded_box (cr, edge->label_x - width / 2 - 1.5, edge->label_y - height / 2, width + 3, height, 3);
  set_source (cr, ground, LABEL_GROUND_OPACITY);
  cairo_fill (cr);
  set_source (cr, style->text, style->opacity);
  rsc_label_draw (edge->label, cr, edge->label_x, edge->label_y);
}

static void
draw_edge_with_style (cairo_t *cr, const RscSceneEdge *edge, const RscEdgeStyle *style, double zoom)
{
  gboolean detailed = is_detailed (zoom);
  double width = get_line_width (style->width, zoom);
  gsize last = edge->n_points - 1;
  RscArrow arrow;

  rsc_bezier_get_arrow (edge->points, edge->n_points, RSC_ARROW_LENGTH + style->width, RSC_ARROW_WIDTH + style->width,
                        &arrow);
  cairo_move_to (cr, edge->points[0].x, edge->points[0].y);
  for (gsize p = 1; p + 2 <= last; p += 3)
    {
      RscPoint end = edge->points[p + 2];

      if (p + 2 == last && detailed)
        end = arrow.base;
      cairo_curve_to (cr, edge->points[p].x, edge->points[p].y, edge->points[p + 1].x, edge->points[p + 1].y, end.x, end.y);
    }
  set_source (cr, style->stroke, style->opacity);
  cairo_set_line_width (cr, width);
  set_dash (cr, detailed ? style->line : RSC_LINE_SOLID, width);
  cairo_stroke (cr);
  cairo_set_dash (cr, NULL, 0, 0);
  if (!detailed)
    return;
  cairo_move_to (cr, arrow.tip.x, arrow.tip.y);
  cairo_line_to (cr, arrow.left.x, arrow.left.y);
  cairo_line_to (cr, arrow.right.x, arrow.right.y);
  cairo_close_path (cr);
  if (style->hollow_arrow)
    {
      cairo_set_line_join (cr, CAIRO_LINE_JOIN_ROUND);
      cairo_stroke (cr);
    }
  else
    cairo_fill (cr);
}

static void
draw_edge (RscScene *scene, gsize edge_index, RscOverlay *overlay, RscTheme theme, double zoom, gboolean emphasised,
           cairo_t *cr)
{
  const RscThemeColors *colors = rsc_theme_get_colors (theme);
  const RscSceneEdge *edge = &rsc_scene_get_edges (scene, NULL)[edge_index];
  RscEdgeStyle style;

  rsc_style_get_edge (&style, scene, edge_index, overlay, theme);
  if (emphasised)
    {
      style.stroke = style.text = colors->emphasis;
      style.width += EMPHASIS_EXTRA;
      style.opacity = 1;
    }
  cairo_save (cr);
  draw_edge_with_style (cr, edge, &style, zoom);
  if (edge->label != NULL && is_legible (edge->label, zoom))
    draw_edge_label (cr, edge, &style, colors->background);
  cairo_restore (cr);
}

void
rsc_painter_draw_edge (RscScene *scene, gsize edge, RscTheme theme, double zoom, gboolean emphasised, cairo_t *cr)
{
  draw_edge (scene, edge, NULL, theme, zoom, emphasised, cr);
}

void
rsc_painter_draw (RscScene *scene, RscOverlay *overlay, RscTheme theme, double zoom, cairo_t *cr)
{
  /* What sticks out of a node's box: ring, badge, half a line. */
  const double around = RSC_SCENE_MARGIN;
  double left, top, right, bottom;
  const RscSceneNode *nodes;
  const RscSceneEdge *edges;
  gsize n_nodes, n_edges;

  cairo_clip_extents (cr, &left, &top, &right, &bottom);
  nodes = rsc_scene_get_nodes (scene, &n_nodes);
  edges = rsc_scene_get_edges (scene, &n_edges);
  for (gsize e = 0; e < n_edges; e++)
    if (edges[e].left - around <= right && edges[e].right + around >= left &&
        edges[e].top - around <= bottom && edges[e].bottom + around >= top)
      draw_edge (scene, e, overlay, theme, zoom, FALSE, cr);
  for (gsize i = 0; i < n_nodes; i++)
    if (nodes[i].x - around <= right && nodes[i].x + nodes[i].width + around >= left &&
        nodes[i].y - around <= bottom && nodes[i].y + nodes[i].height + around >= top)
      rsc_painter_draw_node (scene, i, overlay, theme, zoom, cr);
}
