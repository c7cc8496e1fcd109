/* The small map in the canvas's corner: the whole scene, with a frame around what
 * is in sight. */
#include "config.h"

#include "rsc-canvas-private.h"

#include <math.h>

#include "render/rsc-paint.h"
#include "render/rsc-theme.h"
#include "rsc-picture.h"

#define OPACITY 0.94
#define CORNER_RADIUS 4
#define FRAME_WIDTH 1.5f
#define MIN_FRAME 4

/* Each pixel the mean of four. */
static cairo_surface_t *
halve (cairo_surface_t *surface)
{
  cairo_surface_t *half = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, cairo_image_surface_get_width (surface) / 2,
                                                      cairo_image_surface_get_height (surface) / 2);
  cairo_t *cr = cairo_create (half);

  cairo_scale (cr, 0.5, 0.5);
  cairo_set_source_surface (cr, surface, 0, 0);
  cairo_pattern_set_filter (cairo_get_source (cr), CAIRO_FILTER_BILINEAR);
  cairo_set_operator (cr, CAIRO_OPERATOR_SOURCE);
  cairo_paint (cr);
  cairo_destroy (cr);
  cairo_surface_destroy (surface);
  return half;
}

/* All of the scene on @width x @height pixels, at @zoom pixels a unit.  From the
 * overview by halves: as good as cairo's best way to reduce, and ten times as fast. */
static cairo_surface_t *
reduce_scene (RscCanvas *self, int width, int height, double zoom)
{
  guint32 ground = rsc_theme_get_background (self->theme);
  RscViewport viewport = { 0 };
  cairo_surface_t *surface;
  int factor = 1;
  cairo_t *cr;

  while (zoom * factor * 2 <= rsc_tiles_get_zoom (self->overview))
    factor *= 2;
  viewport.zoom = zoom * factor;
  viewport.scene_width = self->viewport.scene_width;
  viewport.scene_height = self->viewport.scene_height;
  viewport.width = viewport.scene_width * viewport.zoom;
  viewport.height = viewport.scene_height * viewport.zoom;
  surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, width * factor, height * factor);
  cr = cairo_create (surface);
  cairo_set_source_rgb (cr, (ground >> 16 & 0xff) / 255.0, (ground >> 8 & 0xff) / 255.0, (ground & 0xff) / 255.0);
  cairo_paint (cr);
  rsc_tiles_draw (self->overview, cr, &viewport);
  cairo_destroy (cr);
  for (; factor > 1; factor /= 2)
    surface = halve (surface);
  return surface;
}

/* Once for many frames. */
static RscPicture *
paint_map (RscCanvas *self, const RscBox *box, double zoom)
{
  int scale = gtk_widget_get_scale_factor (GTK_WIDGET (self));
  int width = (int) ceil (box->width * scale), height = (int) ceil (box->height * scale);
  cairo_surface_t *scene = reduce_scene (self, width, height, zoom * scale);
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, width, height);
  cairo_t *cr = cairo_create (surface);

  rsc_paint_rounded_box (cr, 0, 0, box->width * scale, box->height * scale, CORNER_RADIUS * scale);
  cairo_clip (cr);
  cairo_set_source_surface (cr, scene, 0, 0);
  cairo_paint_with_alpha (cr, OPACITY);
  cairo_destroy (cr);
  cairo_surface_destroy (scene);
  cairo_surface_set_device_scale (surface, scale, scale);
  return rsc_picture_new (surface);
}

/* Its upper left corner is at 0, 0. */
static GskRenderNode *
make_map (RscCanvas *self, const RscBox *box, double zoom, gboolean software)
{
  g_autoptr (RscPicture) picture = paint_map (self, box, zoom);
  graphene_rect_t area = GRAPHENE_RECT_INIT (0, 0, (float) ceil (box->width), (float) ceil (box->height));
  GtkSnapshot *snapshot = gtk_snapshot_new ();
  cairo_t *cr;

  if (software)
    {
      cr = gtk_snapshot_append_cairo (snapshot, &area);
      cairo_set_source_surface (cr, rsc_picture_get_surface (picture), 0, 0);
      cairo_pattern_set_filter (cairo_get_source (cr), CAIRO_FILTER_NEAREST);
      cairo_paint (cr);
      cairo_destroy (cr);
    }
  else
    {
      GdkTexture *texture = rsc_picture_get_texture (picture);
      float scale = (float) gtk_widget_get_scale_factor (GTK_WIDGET (self));

      gtk_snapshot_append_texture (snapshot, texture, &GRAPHENE_RECT_INIT (0, 0, (float) gdk_texture_get_width (texture) / scale,
                                                                           (float) gdk_texture_get_height (texture) / scale));
    }
  return gtk_snapshot_free_to_node (snapshot);
}

void
rsc_canvas_forget_map (RscCanvas *self)
{
  g_clear_pointer (&self->map, gsk_render_node_unref);
}

void
rsc_canvas_draw_map (RscCanvas *self, GtkSnapshot *snapshot, gboolean software)
{
  const RscThemeColors *colors = rsc_theme_get_colors (self->theme);
  GdkRGBA line = rsc_canvas_make_rgba (colors->fold_stroke, 1), frame = rsc_canvas_make_rgba (colors->emphasis, 1);
  GdkRGBA inside = rsc_canvas_make_rgba (colors->emphasis, 0.12f);
  RscBox sight = rsc_viewport_get_sight (&self->viewport);
  graphene_rect_t area, seen;
  GskRoundedRect outline;
  double zoom;
  RscBox box;

  if (self->overview == NULL || !rsc_viewport_get_map (&self->viewport, &box, &zoom))
    return;
  if (self->map == NULL)
    self->map = make_map (self, &box, zoom, software);
  graphene_rect_init (&area, 0, 0, (float) box.width, (float) box.height);
  graphene_rect_init (&seen, (float) (sight.x * zoom), (float) (sight.y * zoom),
                      (float) MAX (sight.width * zoom, MIN_FRAME), (float) MAX (sight.height * zoom, MIN_FRAME));
  gsk_rounded_rect_init_from_rect (&outline, &area, CORNER_RADIUS);
  gtk_snapshot_save (snapshot);
  /* Whole pixels: then the map is copied, not smoothed. */
  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT ((float) floor (box.x), (float) floor (box.y)));
  if (self->map != NULL)
    gtk_snapshot_append_node (snapshot, self->map);
  if (graphene_rect_intersection (&seen, &area, &seen))
    {
      gtk_snapshot_append_color (snapshot, &inside, &seen);
      gtk_snapshot_append_border (snapshot, &GSK_ROUNDED_RECT_INIT (seen.origin.x, seen.origin.y, seen.size.width, seen.size.height),
                                  (float[4]) { FRAME_WIDTH, FRAME_WIDTH, FRAME_WIDTH, FRAME_WIDTH },
                                  (GdkRGBA[4]) { frame, frame, frame, frame });
    }
  gtk_snapshot_append_border (snapshot, &outline, (float[4]) { 1, 1, 1, 1 }, (GdkRGBA[4]) { line, line, line, line });
  gtk_snapshot_restore (snapshot);
}
