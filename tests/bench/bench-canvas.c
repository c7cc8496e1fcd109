/* Measures how long a frame of the canvas takes, beside xdot's redraw of the same
 * graph at the same places.
 *
 *   bench-canvas PYTHON XDOT_FRAMES.PY FOLDER [NODES...]
 *
 * A frame is what the main loop does for it: the viewport changes, the canvas says
 * what is to be drawn, and cairo, the slowest renderer that GTK has, draws it.
 * Both are timed by the processor time of the thread that draws, so that a busy
 * machine slows neither.  Tiles are painted by other threads meanwhile; how long
 * after a change of zoom they are all there is said too, and how long a frame of
 * the window takes with all that GTK does for one: over X it sends the pixels that
 * changed by memory which the system makes anew for each frame.  Needs a display.
 * Exit status 1 if a limit was missed. */
#include "config.h"

#include <gtk/gtk.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cpu-time.h"
#include "app/rsc-allocator.h"
#include "app/rsc-canvas-private.h"
#include "app/rsc-picture.h"
#include "bench-report.h"
#include "formats/rsc-heap-file.h"

#define SEED 4711
#define CROSS 0.1
#define WIDTH 1280
#define HEIGHT 800
#define FRAMES 60
#define FRAME_MS 16
#define PAN_X 6
#define PAN_Y 4
#define ZOOM 1.03
#define LIMIT 5
#define SKIPPED 77

static const char *python, *xdot_frames, *folder;

static void
die (const char *what)
{
  fprintf (stderr, "bench-canvas: %s\n", what);
  exit (2);
}

/* A tree with cross edges. */
static RscScene *
make_scene (guint n_nodes)
{
  g_autoptr (GString) dot = g_string_new ("digraph {\n");
  g_autoptr (GRand) rand = g_rand_new_with_seed (SEED);
  g_autoptr (RscSnapshot) snapshot = NULL;
  g_autoptr (RscView) view = NULL;
  g_autoptr (RscGraph) graph = NULL;
  g_autoptr (GError) error = NULL;
  RscViewParams params = RSC_VIEW_PARAMS_INIT;
  RscScene *scene;
  RscNode start = 0;

  for (guint i = 1; i < n_nodes; i++)
    g_string_append_printf (dot, "\"dict %d\" -> \"dict %u\";\n", g_rand_int_range (rand, 0, (gint32) i), i);
  for (guint i = 0; i < (guint) (n_nodes * CROSS); i++)
    g_string_append_printf (dot, "\"dict %d\" -> \"dict %d\";\n", g_rand_int_range (rand, 0, (gint32) n_nodes),
                            g_rand_int_range (rand, 0, (gint32) n_nodes));
  g_string_append (dot, "}");
  snapshot = rsc_dot_reader_read (dot->str, dot->len, NULL, NULL, &error);
  if (snapshot == NULL)
    die (error->message);
  params.objects = &start;
  params.n_objects = 1;
  params.max_depth = params.too_many = n_nodes;
  params.max_nodes = n_nodes;
  view = rsc_view_new (&params);
  graph = rsc_graph_build (snapshot, view, NULL, NULL, &error);
  scene = graph != NULL ? rsc_scene_new (graph, 0, NULL, NULL, &error) : NULL;
  if (scene == NULL)
    die (error->message);
  return scene;
}

/* For Graphviz, which puts nothing elsewhere: y grows upwards there. */
static void
write_dot (RscScene *scene, const char *path)
{
  g_autoptr (GString) dot = g_string_new ("digraph {\n  node [shape=box style=filled fillcolor=\"#dfe8f6\" fixedsize=true]\n");
  g_autoptr (GError) error = NULL;
  RscGraph *graph = rsc_scene_get_graph (scene);
  double width, height;
  gsize n_nodes, n_edges;
  const RscSceneNode *nodes = rsc_scene_get_nodes (scene, &n_nodes);
  const RscSceneEdge *edges = rsc_scene_get_edges (scene, &n_edges);
  const RscGraphNode *graph_nodes = rsc_graph_get_nodes (graph, NULL);
  const RscGraphEdge *graph_edges = rsc_graph_get_edges (graph, NULL);

  rsc_scene_get_size (scene, &width, &height);
  for (gsize i = 0; i < n_nodes; i++)
    {
      g_autofree char *label = g_strescape (graph_nodes[i].label, NULL);

      g_string_append_printf (dot, "  n%zu [label=\"%s\" pos=\"%.2f,%.2f\" width=%.4f height=%.4f]\n", i, label,
                              nodes[i].x + nodes[i].width / 2, height - nodes[i].y - nodes[i].height / 2,
                              nodes[i].width / 72, nodes[i].height / 72);
    }
  for (gsize e = 0; e < n_edges; e++)
    {
      const RscPoint *tip = &edges[e].points[edges[e].n_points - 1];

      g_string_append_printf (dot, "  n%u -> n%u [pos=\"e,%.2f,%.2f", graph_edges[e].source, graph_edges[e].target,
                              tip->x, height - tip->y);
      for (gsize p = 0; p < edges[e].n_points; p++)
        g_string_append_printf (dot, " %.2f,%.2f", edges[e].points[p].x, height - edges[e].points[p].y);
      g_string_append (dot, "\"]\n");
    }
  g_string_append (dot, "}\n");
  if (!g_file_set_contents (path, dot->str, (gssize) dot->len, &error))
    die (error->message);
}

/* The medians of panning and zooming, fitted and at 1:1; FALSE if there is no xdot. */
static gboolean
ask_xdot (RscScene *scene, double fit_zoom, double medians[4])
{
  g_autofree char *dot_path = g_build_filename (folder, "canvas.dot", NULL);
  g_autofree char *xdot_path = g_build_filename (folder, "canvas.xdot", NULL);
  g_autofree char *zoom = g_strdup_printf ("%f", fit_zoom);
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;
  const char *neato[] = { "neato", "-q2", "-n2", "-Txdot", "-o", xdot_path, dot_path, NULL };
  const char *xdot[] = { python, xdot_frames, xdot_path, G_STRINGIFY (WIDTH), G_STRINGIFY (HEIGHT), G_STRINGIFY (FRAMES), zoom, NULL };
  int status;
  char *at;

  write_dot (scene, dot_path);
  if (!g_spawn_sync (NULL, (char **) neato, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status, &error) ||
      !g_spawn_check_wait_status (status, &error) ||
      !g_spawn_sync (NULL, (char **) xdot, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, NULL, &status, &error))
    die (error->message);
  remove (dot_path);
  remove (xdot_path);
  if (g_spawn_check_wait_status (status, &error))
    {
      at = output;
      for (int i = 0; i < 4; i++)
        medians[i] = g_ascii_strtod (at, &at);
      return TRUE;
    }
  if (!g_error_matches (error, G_SPAWN_EXIT_ERROR, SKIPPED))
    die (error->message);
  return FALSE;
}

static gboolean
wake (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

static void
iterate_until (double until)
{
  while (bench_now_ms () < until)
    g_main_context_iteration (NULL, TRUE);
}

/* For how long, in milliseconds. */
static double
settle (RscCanvas *canvas)
{
  double start = bench_now_ms ();

  while (!gtk_widget_get_mapped (GTK_WIDGET (canvas)) || gtk_widget_get_width (GTK_WIDGET (canvas)) == 0 ||
         !rsc_canvas_is_settled (canvas))
    g_main_context_iteration (NULL, TRUE);
  return bench_now_ms () - start;
}

static double
thread_ms (void)
{
  return (double) cpu_time () / 1000;
}

static void
draw_frame (RscCanvas *canvas, cairo_surface_t *surface)
{
  GtkSnapshot *snapshot = gtk_snapshot_new ();
  g_autoptr (GskRenderNode) node = NULL;
  cairo_t *cr = cairo_create (surface);

  rsc_canvas_draw (canvas, snapshot, rsc_picture_is_software (GTK_WIDGET (canvas)));
  node = gtk_snapshot_free_to_node (snapshot);
  gsk_render_node_draw (node, cr);
  cairo_destroy (cr);
  cairo_surface_flush (surface);
}

/* The frame with that number: half of them forth, half of them back. */
static void
move (RscCanvas *canvas, int frame, gboolean zooming)
{
  int forth = frame < FRAMES / 2 ? 1 : -1;

  if (zooming)
    rsc_viewport_zoom_at (&canvas->viewport, canvas->viewport.zoom * pow (ZOOM, forth), WIDTH / 2.0, HEIGHT / 2.0);
  else
    rsc_viewport_pan (&canvas->viewport, forth * PAN_X, forth * PAN_Y);
  rsc_canvas_viewport_changed (canvas, zooming);
}

typedef struct
{
  double started, taken; /* milliseconds of the thread */
  gboolean done;
} Frame;

static void
frame_begins (GdkFrameClock *clock, Frame *frame)
{
  frame->started = thread_ms ();
}

static void
frame_ends (GdkFrameClock *clock, Frame *frame)
{
  frame->taken = thread_ms () - frame->started;
  frame->done = TRUE;
}

/* The median frame of the window itself: with all that GTK does for one, and with
 * sending it to the display. */
static double
measure_window (RscCanvas *canvas, gboolean zooming)
{
  GdkFrameClock *clock = gtk_widget_get_frame_clock (GTK_WIDGET (canvas));
  Frame frame = { 0 };
  gulong begins = g_signal_connect (clock, "before-paint", G_CALLBACK (frame_begins), &frame);
  gulong ends = g_signal_connect (clock, "after-paint", G_CALLBACK (frame_ends), &frame);
  double taken[FRAMES];

  for (int i = 0; i < FRAMES; i++)
    {
      double moved = thread_ms ();

      move (canvas, i, zooming);
      moved = thread_ms () - moved;
      gtk_widget_queue_draw (GTK_WIDGET (canvas));
      frame.done = FALSE;
      while (!frame.done)
        g_main_context_iteration (NULL, TRUE);
      taken[i] = moved + frame.taken;
    }
  g_signal_handler_disconnect (clock, begins);
  g_signal_handler_disconnect (clock, ends);
  bench_median (taken, FRAMES);
  return taken[FRAMES / 2];
}

/* The median frame, and the longest. */
static double
measure (RscCanvas *canvas, cairo_surface_t *surface, gboolean zooming, double *longest)
{
  double taken[FRAMES];

  for (int frame = 0; frame < FRAMES; frame++)
    {
      double start = bench_now_ms (), started = thread_ms ();

      move (canvas, frame, zooming);
      draw_frame (canvas, surface);
      taken[frame] = thread_ms () - started;
      /* The tiles come meanwhile, as in the window. */
      iterate_until (start + FRAME_MS);
    }
  bench_median (taken, FRAMES);
  *longest = taken[FRAMES - 1];
  return taken[FRAMES / 2];
}

static void
bench_canvas (RscCanvas *canvas, guint n_nodes)
{
  static const char *const names[4] = { "panning, fitted", "zooming, fitted", "panning at 1:1", "zooming at 1:1" };
  g_autoptr (RscScene) scene = make_scene (n_nodes);
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, WIDTH, HEIGHT);
  double medians[4], longest[4], windows[4], theirs[4], fit_zoom, sharp = 0;
  gsize drawn_nodes, drawn_edges;
  gboolean has_xdot;

  rsc_scene_get_nodes (scene, &drawn_nodes);
  rsc_scene_get_edges (scene, &drawn_edges);
  rsc_canvas_set_scene (canvas, scene, NULL);
  settle (canvas);
  rsc_canvas_fit (canvas);
  settle (canvas);
  fit_zoom = rsc_canvas_get_zoom (canvas);
  /* The surface's memory is had from the system when it is first drawn on. */
  draw_frame (canvas, surface);
  for (int i = 0; i < 4; i++)
    {
      if (i == 2)
        {
          rsc_canvas_set_zoom (canvas, 1);
          sharp = settle (canvas);
        }
      medians[i] = measure (canvas, surface, i % 2 == 1, &longest[i]);
      settle (canvas);
      windows[i] = measure_window (canvas, i % 2 == 1);
      settle (canvas);
    }
  cairo_surface_destroy (surface);

  printf ("canvas, %d x %d, a tree with cross edges: %zu nodes, %zu edges; laid out by %s\n", WIDTH, HEIGHT, drawn_nodes,
          drawn_edges, rsc_scene_get_engine (scene));
  printf ("  from 1:%.0f to 1:1: all painted after %.0f ms, in other threads\n", 1 / fit_zoom, sharp);
  has_xdot = ask_xdot (scene, fit_zoom, theirs);
  if (!has_xdot)
    printf ("  xdot is not installed for %s: not compared\n", python);
  for (int i = 0; i < 4; i++)
    {
      printf ("  %s: %.2f ms a frame, the longest %.2f ms; all of the window's frame %.2f ms", names[i], medians[i],
              longest[i], windows[i]);
      if (has_xdot)
        printf ("; xdot %.1f ms, %.3gx", theirs[i], theirs[i] / medians[i]);
      printf ("\n");
    }
  for (int i = 0; i < 2 && has_xdot; i++)
    {
      g_autofree char *what = g_strdup_printf ("xdot's redraw / the canvas's, %s", names[i]);

      bench_report (what, theirs[i] / medians[i], "x", -LIMIT);
    }
}

int
main (int argc, char **argv)
{
  GtkWidget *window, *canvas;
  guint waker;

  rsc_allocator_init ();
  if (argc < 4)
    {
      fprintf (stderr, "usage: %s PYTHON XDOT_FRAMES.PY FOLDER [NODES...]\n", argv[0]);
      return 2;
    }
  python = argv[1];
  xdot_frames = argv[2];
  folder = argv[3];
  g_setenv ("GSK_RENDERER", "cairo", TRUE);
  if (!gtk_init_check ())
    die ("there is no display");
  window = gtk_window_new ();
  canvas = rsc_canvas_new ();
  /* The canvas's size, whatever the window's decoration. */
  gtk_window_set_decorated (GTK_WINDOW (window), FALSE);
  gtk_widget_set_size_request (canvas, WIDTH, HEIGHT);
  gtk_window_set_child (GTK_WINDOW (window), canvas);
  gtk_window_present (GTK_WINDOW (window));
  waker = g_timeout_add (1, wake, NULL);
  if (argc == 4)
    {
      bench_canvas (RSC_CANVAS (canvas), 500);
      bench_canvas (RSC_CANVAS (canvas), 2000);
      bench_canvas (RSC_CANVAS (canvas), 5000);
    }
  for (int i = 4; i < argc; i++)
    bench_canvas (RSC_CANVAS (canvas), (guint) g_ascii_strtoull (argv[i], NULL, 10));
  g_source_remove (waker);
  gtk_window_destroy (GTK_WINDOW (window));
  return bench_missed () ? 1 : 0;
}
