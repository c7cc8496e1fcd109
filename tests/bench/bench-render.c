/* Draws a graph of a heap, timed; to look at, or to measure.
 *
 *   bench-render HEAP [OUTPUT...]
 *     --overlay N   every node gets a state, turn by turn, from the Nth on
 *     --objgraph --backrefs --max-depth N --too-many N --max-nodes N --theme N --zoom Z
 *
 * HEAP is a heap file; the graph starts at its declared root. OUTPUT ends in
 * .png, .svg, .pdf, .dot or .json. */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "formats/rsc-heap-file.h"
#include "render/rsc-painter.h"

static int overlay_from = -1;
static gboolean objgraph, backrefs;
static int max_depth = 3, too_many = 10, max_nodes = 200, theme;
static double zoom = 1;

static const GOptionEntry entries[] = {
  { "overlay", 0, 0, G_OPTION_ARG_INT, &overlay_from, NULL, NULL },
  { "objgraph", 0, 0, G_OPTION_ARG_NONE, &objgraph, NULL, NULL },
  { "backrefs", 0, 0, G_OPTION_ARG_NONE, &backrefs, NULL, NULL },
  { "max-depth", 0, 0, G_OPTION_ARG_INT, &max_depth, NULL, NULL },
  { "too-many", 0, 0, G_OPTION_ARG_INT, &too_many, NULL, NULL },
  { "max-nodes", 0, 0, G_OPTION_ARG_INT, &max_nodes, NULL, NULL },
  { "theme", 0, 0, G_OPTION_ARG_INT, &theme, NULL, NULL },
  { "zoom", 0, 0, G_OPTION_ARG_DOUBLE, &zoom, NULL, NULL },
  { NULL }
};

static double
seconds_since (gint64 start)
{
  return (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
}

/* Another theme or zoom than the exports have. */
static void
write_themed (RscScene *scene, RscOverlay *overlay, const char *path)
{
  guint32 ground = rsc_theme_get_background ((RscTheme) theme);
  double width, height;
  cairo_surface_t *surface;
  cairo_t *cr;

  rsc_scene_get_size (scene, &width, &height);
  surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, (int) ceil (width * zoom), (int) ceil (height * zoom));
  cr = cairo_create (surface);
  cairo_set_source_rgb (cr, (ground >> 16 & 0xff) / 255.0, (ground >> 8 & 0xff) / 255.0, (ground & 0xff) / 255.0);
  cairo_paint (cr);
  cairo_scale (cr, zoom, zoom);
  rsc_painter_draw (scene, overlay, (RscTheme) theme, zoom, cr);
  cairo_destroy (cr);
  cairo_surface_write_to_png (surface, path);
  cairo_surface_destroy (surface);
}

static RscOverlay *
make_overlay (RscSnapshot *snapshot)
{
  RscOverlay *overlay = rsc_overlay_new (snapshot);
  const RscColumns *columns = rsc_snapshot_peek_columns (snapshot);

  for (RscNode node = 0; node < columns->n_nodes; node++)
    rsc_overlay_set (overlay, node, (RscState) (((int) node + overlay_from) % RSC_N_STATES), (int) node % 3, NULL);
  return overlay;
}

int
main (int argc, char *argv[])
{
  g_autoptr(GOptionContext) options = g_option_context_new (NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(RscSnapshot) snapshot = NULL;
  g_autoptr(RscView) view = NULL;
  g_autoptr(RscGraph) graph = NULL;
  g_autoptr(RscScene) scene = NULL;
  g_autoptr(RscOverlay) overlay = NULL;
  RscViewParams params = RSC_VIEW_PARAMS_INIT;
  RscNode start;
  gint64 started;
  gsize n_nodes, n_edges;

  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error) || argc < 2)
    {
      fprintf (stderr, "%s\n", error != NULL ? error->message : "a heap file is needed");
      return 2;
    }
  snapshot = rsc_heap_file_open (argv[1], NULL, NULL, &error);
  if (snapshot == NULL || rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL, &error) == NULL)
    {
      fprintf (stderr, "%s\n", error->message);
      return 3;
    }
  start = (RscNode) rsc_snapshot_get_info_number (snapshot, "start");
  params.objects = &start;
  params.n_objects = 1;
  params.objgraph = objgraph;
  params.direction = backrefs ? RSC_DIRECTION_BACKREFS : RSC_DIRECTION_REFS;
  params.max_depth = (guint) max_depth;
  params.too_many = (guint) too_many;
  params.max_nodes = (guint) max_nodes;
  view = rsc_view_new (&params);

  started = g_get_monotonic_time ();
  graph = rsc_graph_build (snapshot, view, NULL, NULL, &error);
  if (graph != NULL)
    {
      printf ("graph: %.1f ms\n", 1000 * seconds_since (started));
      started = g_get_monotonic_time ();
      scene = rsc_scene_new (graph, 60, NULL, NULL, &error);
    }
  if (scene == NULL)
    {
      fprintf (stderr, "%s\n", error->message);
      return 1;
    }
  rsc_scene_get_nodes (scene, &n_nodes);
  rsc_scene_get_edges (scene, &n_edges);
  printf ("scene: %.1f ms, %zu nodes, %zu edges; layout %.1f ms by %s %s\n", 1000 * seconds_since (started), n_nodes, n_edges,
          1000 * rsc_scene_get_seconds (scene), rsc_scene_get_engine (scene), rsc_scene_get_settings (scene));
  if (overlay_from >= 0)
    overlay = make_overlay (snapshot);

  for (int i = 2; i < argc; i++)
    {
      RscExportFormat format;

      started = g_get_monotonic_time ();
      if (!rsc_export_format_from_path (argv[i], &format, &error) ||
          (format == RSC_EXPORT_PNG && (theme != 0 || zoom < 1)
             ? (write_themed (scene, overlay, argv[i]), FALSE)
             : !rsc_export_scene (scene, overlay, format, zoom, argv[i], TRUE, NULL, &error)))
        {
          fprintf (stderr, "%s\n", error->message);
          return 1;
        }
      printf ("%s: %.1f ms\n", argv[i], 1000 * seconds_since (started));
    }
  return 0;
}
