/* The canvas alone, with a heap file, to be tried by hand:
 *
 *   show-canvas HEAP [MAX_DEPTH [MAX_NODES]]
 *
 * A double click starts anew from a node, a fold opens 20 more, D is dark, H
 * highlights neighbours, O shows an overlay, F marks every tenth node. */
#include "config.h"

#include <gtk/gtk.h>

#include "app/rsc-canvas.h"
#include "formats/rsc-heap-file.h"

static RscSnapshot *snapshot;
static GArray *expansions;
static RscNode start;
static guint max_depth = 3, max_nodes = 200;

static void
show (RscCanvas *canvas)
{
  RscViewParams params = RSC_VIEW_PARAMS_INIT;
  g_autoptr(RscView) view = NULL;
  g_autoptr(RscGraph) graph = NULL;
  g_autoptr(RscScene) scene = NULL;
  g_autoptr(GError) error = NULL;

  params.objects = &start;
  params.n_objects = 1;
  params.max_depth = max_depth;
  params.max_nodes = max_nodes;
  params.expansions = (const RscExpansion *) (gpointer) expansions->data;
  params.n_expansions = expansions->len;
  view = rsc_view_new (&params);
  graph = rsc_graph_build (snapshot, view, NULL, NULL, &error);
  if (graph != NULL)
    scene = rsc_scene_new (graph, 0, NULL, NULL, &error);
  if (scene == NULL)
    g_printerr ("%s\n", error->message);
  else
    rsc_canvas_set_scene (canvas, scene, NULL);
}

static void
node_activated (RscCanvas *canvas, guint node)
{
  start = rsc_graph_get_nodes (rsc_scene_get_graph (rsc_canvas_get_scene (canvas)), NULL)[node].node;
  show (canvas);
}

static void
fold_activated (RscCanvas *canvas, guint node)
{
  const RscGraphNode *fold = &rsc_graph_get_nodes (rsc_scene_get_graph (rsc_canvas_get_scene (canvas)), NULL)[node];
  RscExpansion expansion = { fold->node, RSC_VIEW_EXPAND_STEP };

  g_array_append_val (expansions, expansion);
  show (canvas);
}

static void
show_overlay (RscCanvas *canvas)
{
  RscOverlay *overlay = NULL;

  if (rsc_canvas_get_overlay (canvas) == NULL)
    {
      overlay = rsc_overlay_new (snapshot);
      for (RscNode node = 0; node < rsc_snapshot_peek_columns (snapshot)->n_nodes; node++)
        rsc_overlay_set (overlay, node, (RscState) (node % RSC_N_STATES), (int) node % 3, NULL);
    }
  rsc_canvas_set_overlay (canvas, overlay);
  g_clear_pointer (&overlay, rsc_overlay_unref);
}

static gboolean
key_pressed (GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state, gpointer data)
{
  RscCanvas *canvas = data;
  GArray *matches;

  switch (key)
    {
    case GDK_KEY_d:
      rsc_canvas_set_theme (canvas, (rsc_canvas_get_theme (canvas) + 1) % 4);
      return TRUE;
    case GDK_KEY_h:
      rsc_canvas_set_highlight_neighbours (canvas, !rsc_canvas_get_highlight_neighbours (canvas));
      return TRUE;
    case GDK_KEY_o:
      show_overlay (canvas);
      return TRUE;
    case GDK_KEY_f:
      matches = g_array_new (FALSE, FALSE, sizeof (guint));
      for (guint i = 0; i < 100; i += 10)
        g_array_append_val (matches, i);
      rsc_canvas_set_matches (canvas, (const guint *) (gpointer) matches->data, matches->len);
      g_array_unref (matches);
      return TRUE;
    default:
      return FALSE;
    }
}

static void
activate (GtkApplication *app, gpointer data)
{
  GtkWidget *window = gtk_application_window_new (app);
  GtkWidget *canvas = rsc_canvas_new ();
  GtkEventController *keys = gtk_event_controller_key_new ();

  gtk_window_set_default_size (GTK_WINDOW (window), 1200, 800);
  gtk_window_set_child (GTK_WINDOW (window), canvas);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (key_pressed), canvas);
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  gtk_widget_add_controller (window, keys);
  g_signal_connect (canvas, "node-activated", G_CALLBACK (node_activated), NULL);
  g_signal_connect (canvas, "fold-activated", G_CALLBACK (fold_activated), NULL);
  show (RSC_CANVAS (canvas));
  gtk_window_present (GTK_WINDOW (window));
}

int
main (int argc, char *argv[])
{
  g_autoptr(GtkApplication) app = gtk_application_new (NULL, G_APPLICATION_NON_UNIQUE);
  g_autoptr(GError) error = NULL;
  int status;

  if (argc < 2)
    {
      g_printerr ("show-canvas HEAP [MAX_DEPTH [MAX_NODES]]\n");
      return 2;
    }
  if (argc > 2)
    max_depth = (guint) g_ascii_strtoull (argv[2], NULL, 10);
  if (argc > 3)
    max_nodes = (guint) g_ascii_strtoull (argv[3], NULL, 10);
  snapshot = rsc_heap_file_open (argv[1], NULL, NULL, &error);
  if (snapshot == NULL || rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL, &error) == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 3;
    }
  expansions = g_array_new (FALSE, FALSE, sizeof (RscExpansion));
  start = (RscNode) rsc_snapshot_get_info_number (snapshot, "start");
  g_signal_connect (app, "activate", G_CALLBACK (activate), NULL);
  status = g_application_run (G_APPLICATION (app), 1, argv);
  g_array_unref (expansions);
  rsc_snapshot_unref (snapshot);
  return status;
}
