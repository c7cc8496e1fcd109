/* What the canvas draws: tiles, and on top of them marks, and nodes that move. */
#include "config.h"

#include "rsc-canvas-private.h"

#include <math.h>

#include "render/rsc-paint.h"
#include "render/rsc-style.h"
#include "render/rsc-theme.h"

#define VEIL_OPACITY 0.78
#define SELECTION_WIDTH 2.6
#define HOVER_WIDTH 1.6
#define MATCH_WIDTH 2.0
#define LIT_WIDTH 4.0
#define HALO_WIDTH 7.0
/* What sticks out of a node: rings and badges. */
#define NODE_AROUND RSC_SCENE_MARGIN

GdkRGBA
rsc_canvas_make_rgba (guint32 rgb, float alpha)
{
  return (GdkRGBA) { (float) (rgb >> 16 & 0xff) / 255, (float) (rgb >> 8 & 0xff) / 255, (float) (rgb & 0xff) / 255, alpha };
}

static void
set_source (cairo_t *cr, guint32 rgb)
{
  cairo_set_source_rgb (cr, (rgb >> 16 & 0xff) / 255.0, (rgb >> 8 & 0xff) / 255.0, (rgb & 0xff) / 255.0);
}

/* Device pixels a unit: what the painter wants to know. */
static double
get_device_zoom (RscCanvas *self)
{
  return self->viewport.zoom * gtk_widget_get_scale_factor (GTK_WIDGET (self));
}

/* From units to pixels, in step with the tiles. */
static void
apply_viewport (RscCanvas *self, cairo_t *cr)
{
  int scale = gtk_widget_get_scale_factor (GTK_WIDGET (self));

  cairo_translate (cr, round (-self->viewport.x * self->viewport.zoom * scale) / scale,
                   round (-self->viewport.y * self->viewport.zoom * scale) / scale);
  cairo_scale (cr, self->viewport.zoom, self->viewport.zoom);
}

/* Marks */

typedef struct
{
  RscCanvas *canvas;
  GHashTable *nodes; /* to be drawn again */
  GHashTable *edges; /* to be drawn emphasised */
  double left, top, right, bottom; /* in units */
} Marks;

static void
add_box (Marks *self, double left, double top, double right, double bottom)
{
  self->left = MIN (self->left, left);
  self->top = MIN (self->top, top);
  self->right = MAX (self->right, right);
  self->bottom = MAX (self->bottom, bottom);
}

static void
add_node (Marks *self, gsize index)
{
  const RscSceneNode *node = &rsc_scene_get_nodes (self->canvas->scene, NULL)[index];

  if (!g_hash_table_add (self->nodes, GSIZE_TO_POINTER (index)))
    return;
  add_box (self, node->x - NODE_AROUND, node->y - NODE_AROUND,
           node->x + node->width + NODE_AROUND, node->y + node->height + NODE_AROUND);
}

static void
add_edge (Marks *self, gsize index)
{
  const RscSceneEdge *edge = &rsc_scene_get_edges (self->canvas->scene, NULL)[index];
  const RscGraphEdge *graph_edge = &rsc_graph_get_edges (rsc_scene_get_graph (self->canvas->scene), NULL)[index];

  if (!g_hash_table_add (self->edges, GSIZE_TO_POINTER (index)))
    return;
  add_box (self, edge->left - NODE_AROUND, edge->top - NODE_AROUND, edge->right + NODE_AROUND, edge->bottom + NODE_AROUND);
  /* The ends, so that the line does not cross them. */
  add_node (self, graph_edge->source);
  add_node (self, graph_edge->target);
}

static void
add_node_with_edges (Marks *self, int node)
{
  gsize n;
  const RscGraphEdge *edges = rsc_graph_get_edges (rsc_scene_get_graph (self->canvas->scene), &n);

  add_node (self, (gsize) node);
  for (gsize e = 0; e < n; e++)
    if (edges[e].source == (guint32) node || edges[e].target == (guint32) node)
      add_edge (self, e);
}

static void
draw_ring (RscCanvas *self, cairo_t *cr, gsize index, guint32 rgb, double width, gboolean dashed)
{
  const RscSceneNode *node = &rsc_scene_get_nodes (self->scene, NULL)[index];
  RscNodeStyle style;
  double line, gap;

  rsc_style_get_node (&style, self->scene, index, self->overlay, self->theme);
  /* Two pixels at least, however far away. */
  line = MAX (width, 0.75 * width / self->viewport.zoom);
  gap = line / 2 + style.stroke_width / 2 + (style.ring ? RSC_RING_GAP + 3 : 1.2);
  rsc_paint_rounded_box (cr, node->x - gap, node->y - gap, node->width + 2 * gap, node->height + 2 * gap,
                         style.shape == RSC_SHAPE_BOX ? RSC_CORNER_RADIUS + gap : (node->height + 2 * gap) / 2);
  set_source (cr, rgb);
  cairo_set_line_width (cr, line);
  if (dashed)
    cairo_set_dash (cr, (double[]) { 2.5 * line, 1.5 * line }, 2, 0);
  cairo_stroke (cr);
  cairo_set_dash (cr, NULL, 0, 0);
}

/* A ghost is translucent: drawn twice it would be less of one. */
static void
cover_node (RscCanvas *self, cairo_t *cr, gsize index)
{
  const RscSceneNode *node = &rsc_scene_get_nodes (self->scene, NULL)[index];
  RscNodeStyle style;

  rsc_style_get_node (&style, self->scene, index, self->overlay, self->theme);
  if (style.opacity == 1)
    return;
  rsc_paint_rounded_box (cr, node->x - 1, node->y - 1, node->width + 2, node->height + 2, RSC_CORNER_RADIUS);
  set_source (cr, rsc_theme_get_background (self->theme));
  cairo_fill (cr);
}

/* Below the edge that is lit a broad line in another colour than those that are selected have. */
static void
draw_halo (RscCanvas *self, cairo_t *cr, guint32 rgb)
{
  const RscSceneEdge *edge = &rsc_scene_get_edges (self->scene, NULL)[self->lit_edge];

  if (edge->n_points == 0)
    return;
  cairo_move_to (cr, edge->points[0].x, edge->points[0].y);
  for (gsize i = 1; i + 2 < edge->n_points; i += 3)
    cairo_curve_to (cr, edge->points[i].x, edge->points[i].y, edge->points[i + 1].x, edge->points[i + 1].y,
                    edge->points[i + 2].x, edge->points[i + 2].y);
  set_source (cr, rgb);
  cairo_set_line_width (cr, HALO_WIDTH);
  cairo_set_line_cap (cr, CAIRO_LINE_CAP_ROUND);
  cairo_stroke (cr);
}

static void
draw_marks (Marks *self, cairo_t *cr)
{
  RscCanvas *canvas = self->canvas;
  const RscThemeColors *colors = rsc_theme_get_colors (canvas->theme);
  double zoom = get_device_zoom (canvas);
  GHashTableIter iter;
  gpointer index;

  apply_viewport (canvas, cr);
  if (canvas->lit_edge >= 0)
    draw_halo (canvas, cr, colors->ring);
  g_hash_table_iter_init (&iter, self->edges);
  while (g_hash_table_iter_next (&iter, &index, NULL))
    rsc_painter_draw_edge (canvas->scene, GPOINTER_TO_SIZE (index), canvas->theme, zoom, TRUE, cr);
  /* The rings are below the nodes, whose badges lie across them. */
  for (guint i = 0; i < canvas->matches->len; i++)
    draw_ring (canvas, cr, g_array_index (canvas->matches, guint, i), colors->ring, MATCH_WIDTH, TRUE);
  if (canvas->lit_node >= 0)
    draw_ring (canvas, cr, (gsize) canvas->lit_node, colors->ring, LIT_WIDTH, FALSE);
  if (canvas->hovered_node >= 0 && canvas->hovered_node != canvas->selected_node)
    draw_ring (canvas, cr, (gsize) canvas->hovered_node, colors->emphasis, HOVER_WIDTH, FALSE);
  if (canvas->selected_node >= 0)
    draw_ring (canvas, cr, (gsize) canvas->selected_node, colors->emphasis, SELECTION_WIDTH, FALSE);
  g_hash_table_iter_init (&iter, self->nodes);
  while (g_hash_table_iter_next (&iter, &index, NULL))
    {
      cover_node (canvas, cr, GPOINTER_TO_SIZE (index));
      rsc_painter_draw_node (canvas->scene, GPOINTER_TO_SIZE (index), canvas->overlay, canvas->theme, zoom, cr);
    }
}

static void
make_marks (RscCanvas *self)
{
  g_autoptr(GHashTable) nodes = g_hash_table_new (NULL, NULL);
  g_autoptr(GHashTable) edges = g_hash_table_new (NULL, NULL);
  Marks marks = { self, nodes, edges, G_MAXDOUBLE, G_MAXDOUBLE, -G_MAXDOUBLE, -G_MAXDOUBLE };
  GtkSnapshot *snapshot = gtk_snapshot_new ();
  int focus = self->selected_node >= 0 ? self->selected_node : self->hovered_node;
  RscPoint corner, far;
  graphene_rect_t bounds, widget;
  cairo_t *cr;

  graphene_rect_init (&widget, 0, 0, (float) self->viewport.width, (float) self->viewport.height);
  if (self->highlight_neighbours && focus >= 0)
    {
      GdkRGBA veil = rsc_canvas_make_rgba (rsc_theme_get_background (self->theme), VEIL_OPACITY);

      gtk_snapshot_append_color (snapshot, &veil, &widget);
    }
  if (self->hovered_node >= 0)
    add_node_with_edges (&marks, self->hovered_node);
  if (self->selected_node >= 0)
    add_node_with_edges (&marks, self->selected_node);
  if (self->lit_node >= 0)
    add_node (&marks, (gsize) self->lit_node);
  if (self->lit_edge >= 0)
    add_edge (&marks, (gsize) self->lit_edge);
  if (self->hovered_edge >= 0)
    add_edge (&marks, (gsize) self->hovered_edge);
  if (self->selected_edge >= 0)
    add_edge (&marks, (gsize) self->selected_edge);
  for (guint i = 0; i < self->matches->len; i++)
    add_node (&marks, g_array_index (self->matches, guint, i));

  corner = rsc_viewport_to_widget (&self->viewport, marks.left, marks.top);
  far = rsc_viewport_to_widget (&self->viewport, marks.right, marks.bottom);
  if (marks.right >= marks.left)
    {
      graphene_rect_init (&bounds, (float) corner.x, (float) corner.y, (float) (far.x - corner.x), (float) (far.y - corner.y));
      if (graphene_rect_intersection (&bounds, &widget, &bounds))
        {
          graphene_rect_round_extents (&bounds, &bounds);
          cr = gtk_snapshot_append_cairo (snapshot, &bounds);
          draw_marks (&marks, cr);
          cairo_destroy (cr);
        }
    }
  self->marks = gtk_snapshot_free_to_node (snapshot);
}

static gboolean
has_marks (RscCanvas *self)
{
  return self->hovered_node >= 0 || self->hovered_edge >= 0 || self->selected_node >= 0 || self->selected_edge >= 0 ||
         self->lit_node >= 0 || self->lit_edge >= 0 || self->matches->len > 0;
}

/* Nodes on their way */

/* Where a node is at @t, in units. */
static RscPoint
get_moving_corner (RscCanvas *self, gsize index, double t)
{
  const RscSceneNode *to = &rsc_scene_get_nodes (self->scene, NULL)[index];
  const RscSceneNode *from;
  RscPoint before, after;

  if (self->old_index[index] < 0)
    return (RscPoint) { to->x, to->y };
  from = &rsc_scene_get_nodes (self->old_scene, NULL)[self->old_index[index]];
  /* Both in the new viewport: the old place is where it was seen. */
  before = (RscPoint) { from->x + from->width / 2 + self->move_dx, from->y + from->height / 2 + self->move_dy };
  after = (RscPoint) { to->x + to->width / 2, to->y + to->height / 2 };
  return (RscPoint) { before.x + (after.x - before.x) * t - to->width / 2, before.y + (after.y - before.y) * t - to->height / 2 };
}

/* The node's picture around its upper left corner, in pixels. */
static GskRenderNode *
get_picture (RscCanvas *self, gsize index)
{
  GskRenderNode *picture = g_hash_table_lookup (self->moving_nodes, GSIZE_TO_POINTER (index));
  const RscSceneNode *node = &rsc_scene_get_nodes (self->scene, NULL)[index];
  double zoom = self->viewport.zoom;
  float around = (float) ceil (NODE_AROUND * zoom);
  GtkSnapshot *snapshot;
  cairo_t *cr;

  if (picture != NULL)
    return picture;
  snapshot = gtk_snapshot_new ();
  cr = gtk_snapshot_append_cairo (snapshot, &GRAPHENE_RECT_INIT (-around, -around, (float) ceil (node->width * zoom) + 2 * around,
                                                                 (float) ceil (node->height * zoom) + 2 * around));
  cairo_scale (cr, zoom, zoom);
  cairo_translate (cr, -node->x, -node->y);
  rsc_painter_draw_node (self->scene, index, self->overlay, self->theme, get_device_zoom (self), cr);
  cairo_destroy (cr);
  picture = gtk_snapshot_free_to_node (snapshot);
  g_hash_table_insert (self->moving_nodes, GSIZE_TO_POINTER (index), picture);
  return picture;
}

static void
draw_moving_edges (RscCanvas *self, GtkSnapshot *snapshot, double t)
{
  const RscThemeColors *colors = rsc_theme_get_colors (self->theme);
  const RscSceneNode *nodes = rsc_scene_get_nodes (self->scene, NULL);
  gsize n;
  const RscGraphEdge *edges = rsc_graph_get_edges (rsc_scene_get_graph (self->scene), &n);
  cairo_t *cr = gtk_snapshot_append_cairo (snapshot, &GRAPHENE_RECT_INIT (0, 0, (float) self->viewport.width,
                                                                         (float) self->viewport.height));

  apply_viewport (self, cr);
  set_source (cr, colors->edge);
  cairo_set_line_width (cr, MAX (colors->line_width, 0.6 / self->viewport.zoom));
  for (gsize e = 0; e < n; e++)
    {
      RscPoint from = get_moving_corner (self, edges[e].source, t), to = get_moving_corner (self, edges[e].target, t);

      cairo_move_to (cr, from.x + nodes[edges[e].source].width / 2, from.y + nodes[edges[e].source].height / 2);
      cairo_line_to (cr, to.x + nodes[edges[e].target].width / 2, to.y + nodes[edges[e].target].height / 2);
    }
  cairo_stroke (cr);
  cairo_destroy (cr);
}

static void
draw_moving (RscCanvas *self, GtkSnapshot *snapshot)
{
  gint64 now = gdk_frame_clock_get_frame_time (gtk_widget_get_frame_clock (GTK_WIDGET (self)));
  double linear = CLAMP ((double) (now - self->move_start) / G_USEC_PER_SEC / RSC_CANVAS_MOVE_SECONDS, 0, 1);
  double t = 1 - pow (1 - linear, 3);
  const RscSceneNode *nodes;
  gsize n;

  draw_moving_edges (self, snapshot, t);
  nodes = rsc_scene_get_nodes (self->scene, &n);
  for (gsize i = 0; i < n; i++)
    {
      RscPoint corner = get_moving_corner (self, i, t);
      RscPoint at = rsc_viewport_to_widget (&self->viewport, corner.x, corner.y);
      gboolean is_new = self->old_index[i] < 0;

      if (at.x > self->viewport.width || at.y > self->viewport.height ||
          at.x + nodes[i].width * self->viewport.zoom < 0 || at.y + nodes[i].height * self->viewport.zoom < 0)
        continue;
      gtk_snapshot_save (snapshot);
      gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT ((float) at.x, (float) at.y));
      if (is_new)
        gtk_snapshot_push_opacity (snapshot, t);
      gtk_snapshot_append_node (snapshot, get_picture (self, i));
      if (is_new)
        gtk_snapshot_pop (snapshot);
      gtk_snapshot_restore (snapshot);
    }
}

static void
draw_area (RscCanvas *self, GtkSnapshot *snapshot)
{
  const RscThemeColors *colors = rsc_theme_get_colors (self->theme);
  GdkRGBA fill = rsc_canvas_make_rgba (colors->emphasis, 0.15f), line = rsc_canvas_make_rgba (colors->emphasis, 1);
  GskRoundedRect outline;
  graphene_rect_t area;

  graphene_rect_init (&area, (float) self->drag_area.x, (float) self->drag_area.y,
                      (float) self->drag_area.width, (float) self->drag_area.height);
  gsk_rounded_rect_init_from_rect (&outline, &area, 0);
  gtk_snapshot_append_color (snapshot, &fill, &area);
  gtk_snapshot_append_border (snapshot, &outline, (float[4]) { 1, 1, 1, 1 }, (GdkRGBA[4]) { line, line, line, line });
}

static void
draw_focus (RscCanvas *self, GtkSnapshot *snapshot)
{
  GdkRGBA line = rsc_canvas_make_rgba (rsc_theme_get_colors (self->theme)->emphasis, 1);
  GskRoundedRect outline;

  gsk_rounded_rect_init_from_rect (&outline, &GRAPHENE_RECT_INIT (0, 0, (float) self->viewport.width, (float) self->viewport.height), 0);
  gtk_snapshot_append_border (snapshot, &outline, (float[4]) { 2, 2, 2, 2 }, (GdkRGBA[4]) { line, line, line, line });
}

/* The coarse below the fine, while that is not all there. */
static void
draw_tiles (RscCanvas *self, GtkSnapshot *snapshot, gboolean software)
{
  gboolean complete = self->tiles != NULL && rsc_tiles_is_complete (self->tiles, rsc_viewport_get_sight (&self->viewport));

  if (!complete && self->overview != NULL)
    rsc_tiles_snapshot (self->overview, snapshot, &self->viewport, software);
  if (!complete && self->previous_tiles != NULL)
    rsc_tiles_snapshot (self->previous_tiles, snapshot, &self->viewport, software);
  if (self->tiles != NULL)
    rsc_tiles_snapshot (self->tiles, snapshot, &self->viewport, software);
}

void
rsc_canvas_draw (RscCanvas *self, GtkSnapshot *snapshot, gboolean software)
{
  GdkRGBA ground = rsc_canvas_make_rgba (rsc_theme_get_background (self->theme), 1);

  gtk_snapshot_append_color (snapshot, &ground, &GRAPHENE_RECT_INIT (0, 0, (float) self->viewport.width, (float) self->viewport.height));
  if (self->scene != NULL && self->move_start != 0)
    draw_moving (self, snapshot);
  else if (self->scene != NULL)
    {
      draw_tiles (self, snapshot, software);
      if (has_marks (self))
        {
          if (self->marks == NULL)
            make_marks (self);
          if (self->marks != NULL)
            gtk_snapshot_append_node (snapshot, self->marks);
        }
    }
  if (self->scene != NULL)
    rsc_canvas_draw_map (self, snapshot, software);
  if (self->drag_mode == RSC_DRAG_AREA)
    draw_area (self, snapshot);
  if (gtk_widget_has_visible_focus (GTK_WIDGET (self)))
    draw_focus (self, snapshot);
}
