/* What the canvas draws is what the painter would, to the pixel, by either way that
 * it has: for GTK's software renderer, and as textures.  Run once more with pixels
 * of the screen of half the size (GDK_SCALE). */
#include "config.h"

#include <gtk/gtk.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/rsc-canvas-private.h"
#include "app/rsc-picture.h"
#include "../unit/test-scene.h"

#define TREE "digraph { A -> B; A -> C; A -> D; B -> E; B -> F; C -> G; G -> A; D -> H; H -> I [label=\"next\"] }"
#define WIDTH 900
#define HEIGHT 700
#define MAX_WAIT_SECONDS 20
/* Of 255: GTK converts textures by way of floating point, and a tile's edges are
 * rounded from its own corner. */
#define NEARLY 16

static RscCanvas *canvas;
static int scale;

static RscScene *
make_scene (void)
{
  RscViewParams params = RSC_VIEW_PARAMS_INIT;

  params.max_depth = 5;
  return test_scene_new_from_dot (TREE, &params);
}

static gboolean
time_is_up (gpointer data)
{
  g_error ("the canvas is still not all painted");
  return G_SOURCE_REMOVE;
}

static void
settle (void)
{
  guint id = g_timeout_add_seconds (MAX_WAIT_SECONDS, time_is_up, NULL);

  while (!gtk_widget_get_mapped (GTK_WIDGET (canvas)) || gtk_widget_get_width (GTK_WIDGET (canvas)) == 0 ||
         !rsc_canvas_is_settled (canvas) || !rsc_tiles_is_complete (canvas->overview, (RscBox) { 0, 0, 1e6, 1e6 }))
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (id);
}

/* In pixels of the screen. */
static cairo_surface_t *
make_surface (void)
{
  return cairo_image_surface_create (CAIRO_FORMAT_ARGB32, (int) canvas->viewport.width * scale, (int) canvas->viewport.height * scale);
}

static cairo_surface_t *
draw_canvas (gboolean software)
{
  GtkSnapshot *snapshot = gtk_snapshot_new ();
  cairo_surface_t *surface = make_surface ();
  cairo_t *cr = cairo_create (surface);
  g_autoptr(GskRenderNode) node = NULL;

  rsc_canvas_forget_map (canvas);
  rsc_canvas_draw (canvas, snapshot, software);
  node = gtk_snapshot_free_to_node (snapshot);
  cairo_scale (cr, scale, scale);
  gsk_render_node_draw (node, cr);
  cairo_destroy (cr);
  cairo_surface_flush (surface);
  return surface;
}

static cairo_surface_t *
draw_painter (RscScene *scene)
{
  cairo_surface_t *surface = make_surface ();
  cairo_t *cr = cairo_create (surface);
  guint32 ground = rsc_theme_get_background (RSC_THEME_LIGHT);
  double zoom = canvas->viewport.zoom * scale;

  cairo_set_source_rgb (cr, (ground >> 16 & 0xff) / 255.0, (ground >> 8 & 0xff) / 255.0, (ground & 0xff) / 255.0);
  cairo_paint (cr);
  cairo_translate (cr, round (-canvas->viewport.x * zoom), round (-canvas->viewport.y * zoom));
  cairo_scale (cr, zoom, zoom);
  rsc_painter_draw (scene, NULL, RSC_THEME_LIGHT, zoom, cr);
  cairo_destroy (cr);
  cairo_surface_flush (surface);
  return surface;
}

/* How many bytes differ by more than @tolerance, but for those in @except (may be NULL). */
static guint
count_differences (cairo_surface_t *a, cairo_surface_t *b, int tolerance, const RscBox *except)
{
  int width = cairo_image_surface_get_width (a), height = cairo_image_surface_get_height (a);
  int stride = cairo_image_surface_get_stride (a);
  const guint8 *a_data = cairo_image_surface_get_data (a), *b_data = cairo_image_surface_get_data (b);
  guint n = 0;

  for (int y = 0; y < height; y++)
    for (int x = 0; x < width * 4; x++)
      if (abs (a_data[y * stride + x] - b_data[y * stride + x]) > tolerance &&
          (except == NULL || x / 4 < (except->x - 1) * scale || x / 4 > (except->x + except->width + 1) * scale ||
           y < (except->y - 1) * scale || y > (except->y + except->height + 1) * scale))
        n++;
  return n;
}

static void
check (RscScene *scene, const RscBox *map)
{
  cairo_surface_t *right = draw_painter (scene), *software = draw_canvas (TRUE), *textures = draw_canvas (FALSE);

  g_assert_cmpuint (count_differences (right, software, NEARLY, map), ==, 0);
  g_assert_cmpuint (count_differences (right, textures, NEARLY, map), ==, 0);
  /* The map too is the same both ways. */
  g_assert_cmpuint (count_differences (software, textures, NEARLY, NULL), ==, 0);
  if (map != NULL)
    g_assert_cmpuint (count_differences (right, software, NEARLY, NULL), >, 0);
  cairo_surface_destroy (right);
  cairo_surface_destroy (software);
  cairo_surface_destroy (textures);
}

static void
test_sharp (void)
{
  g_autoptr(RscScene) scene = make_scene ();
  GtkWidget *window = gtk_window_new ();
  double zoom;
  RscBox map;

  canvas = RSC_CANVAS (rsc_canvas_new ());
  gtk_window_set_decorated (GTK_WINDOW (window), FALSE);
  gtk_widget_set_size_request (GTK_WIDGET (canvas), WIDTH, HEIGHT);
  gtk_window_set_child (GTK_WINDOW (window), GTK_WIDGET (canvas));
  gtk_window_present (GTK_WINDOW (window));
  rsc_canvas_set_scene (canvas, scene, NULL);
  settle ();
  scale = gtk_widget_get_scale_factor (GTK_WIDGET (canvas));
  g_test_message ("scale %d", scale);
  g_assert_true (rsc_picture_is_software (GTK_WIDGET (canvas)));
  check (scene, NULL);
  /* So large that it takes many tiles, and not where pixels begin. */
  rsc_canvas_set_zoom (canvas, 3.3);
  settle ();
  rsc_viewport_pan (&canvas->viewport, 0.37, -0.71);
  rsc_canvas_viewport_changed (canvas, FALSE);
  settle ();
  g_assert_true (rsc_viewport_get_map (&canvas->viewport, &map, &zoom));
  /* The map is reduced from a larger picture, never enlarged. */
  g_assert_cmpfloat (rsc_tiles_get_zoom (canvas->overview), >=, zoom * scale);
  check (scene, &map);
  gtk_window_destroy (GTK_WINDOW (window));
}

/* The tiles of the zoom before are drawn without holes until the others are there. */
static void
test_zooming (void)
{
  g_autoptr(RscScene) scene = make_scene ();
  GtkWidget *window = gtk_window_new ();

  canvas = RSC_CANVAS (rsc_canvas_new ());
  gtk_window_set_child (GTK_WINDOW (window), GTK_WIDGET (canvas));
  gtk_window_present (GTK_WINDOW (window));
  rsc_canvas_set_scene (canvas, scene, NULL);
  rsc_canvas_set_zoom (canvas, 3);
  settle ();
  scale = gtk_widget_get_scale_factor (GTK_WIDGET (canvas));
  for (double zoom = 2.2; zoom < 4; zoom *= 1.07)
    {
      cairo_surface_t *surface;
      const guint8 *data;
      gsize n_bytes;

      rsc_viewport_zoom_at (&canvas->viewport, zoom, 100, 100);
      surface = draw_canvas (TRUE);
      data = cairo_image_surface_get_data (surface);
      n_bytes = (gsize) cairo_image_surface_get_stride (surface) * (gsize) cairo_image_surface_get_height (surface);
      for (gsize i = 3; i < n_bytes; i += 4)
        g_assert_cmpuint (data[i], ==, 255);
      cairo_surface_destroy (surface);
    }
  gtk_window_destroy (GTK_WINDOW (window));
}

int
main (int argc, char *argv[])
{
  g_setenv ("GSK_RENDERER", "cairo", TRUE);
  g_setenv ("GDK_DEBUG", "gl-disable", TRUE);
  g_test_init (&argc, &argv, NULL);
  if (!gtk_init_check ())
    {
      g_print ("1..0 # SKIP there is no display; scripts/test runs it under Xvfb\n");
      return 0;
    }
  g_object_set (gtk_settings_get_default (), "gtk-enable-animations", FALSE, NULL);
  g_test_add_func ("/canvas/sharp", test_sharp);
  g_test_add_func ("/canvas/zooming", test_zooming);
  return g_test_run ();
}
