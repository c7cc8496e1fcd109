/* The canvas in a window: places, selection, pointer and keys. */
#include "config.h"

#include <gtk/gtk.h>
#include <math.h>
#include <string.h>

#include "../cpu-time.h"
#include "../unit/test-scene.h"
#include "app/rsc-canvas.h"
#include "app/rsc-viewport.h"
#include "render/rsc-bezier.h"

#define TREE "digraph { A -> B; A -> C; A -> D; B -> E; B -> F; C -> G; G -> A; D -> H; H -> I [label=\"next\"] }"
#define MAX_WAIT_SECONDS 20

typedef struct
{
  GtkWidget *window;
  RscCanvas *canvas;
  RscSnapshot *snapshot;
  int selected, hovered;
  guint activated, folds, menus;
} Fixture;

static void
on_selected (RscCanvas *canvas, int node, Fixture *f)
{
  f->selected = node;
}

static void
on_activated (RscCanvas *canvas, guint node, Fixture *f)
{
  f->activated++;
}

static void
on_fold (RscCanvas *canvas, guint node, Fixture *f)
{
  f->folds++;
}

static void
on_hover (RscCanvas *canvas, int node, int edge, Fixture *f)
{
  f->hovered = node;
}

static void
on_menu (RscCanvas *canvas, int node, int edge, double x, double y, Fixture *f)
{
  f->menus++;
}

static gboolean
time_is_up (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

/* Until everything is painted and nothing moves. */
static void
settle (Fixture *f)
{
  gboolean up = FALSE;
  guint id = g_timeout_add_seconds (MAX_WAIT_SECONDS, time_is_up, &up);

  while (!up && (!gtk_widget_get_mapped (GTK_WIDGET (f->canvas)) || gtk_widget_get_width (GTK_WIDGET (f->canvas)) == 0 ||
                 !rsc_canvas_is_settled (f->canvas)))
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (up);
  g_source_remove (id);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static RscScene *
make_scene (Fixture *f, RscNode start, guint max_depth, guint too_many)
{
  RscViewParams params = RSC_VIEW_PARAMS_INIT;

  params.objects = &start;
  params.n_objects = 1;
  params.max_depth = max_depth;
  params.too_many = too_many;
  return test_scene_new (f->snapshot, &params);
}

static void
show (Fixture *f, RscNode start, guint max_depth, guint too_many, const char *anchor)
{
  g_autoptr(RscScene) scene = make_scene (f, start, max_depth, too_many);

  rsc_canvas_set_scene (f->canvas, scene, anchor);
}

static void
set_up_with (Fixture *f, const char *dot)
{
  g_autoptr(GError) error = NULL;

  f->snapshot = rsc_dot_reader_read (dot, strlen (dot), NULL, NULL, &error);
  g_assert_no_error (error);
  f->window = gtk_window_new ();
  f->canvas = RSC_CANVAS (rsc_canvas_new ());
  f->selected = f->hovered = -1;
  g_signal_connect (f->canvas, "node-selected", G_CALLBACK (on_selected), f);
  g_signal_connect (f->canvas, "node-activated", G_CALLBACK (on_activated), f);
  g_signal_connect (f->canvas, "fold-activated", G_CALLBACK (on_fold), f);
  g_signal_connect (f->canvas, "hover-changed", G_CALLBACK (on_hover), f);
  g_signal_connect (f->canvas, "context-menu", G_CALLBACK (on_menu), f);
  gtk_window_set_default_size (GTK_WINDOW (f->window), 800, 600);
  gtk_window_set_child (GTK_WINDOW (f->window), GTK_WIDGET (f->canvas));
  gtk_window_present (GTK_WINDOW (f->window));
}

static void
set_up (Fixture *f, gconstpointer data)
{
  set_up_with (f, TREE);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  gtk_window_destroy (GTK_WINDOW (f->window));
  rsc_snapshot_unref (f->snapshot);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* The index of the node with that label, or -1. */
static int
find (Fixture *f, const char *name)
{
  gsize n;
  const RscGraphNode *nodes = rsc_graph_get_nodes (rsc_scene_get_graph (rsc_canvas_get_scene (f->canvas)), &n);

  for (gsize i = 0; i < n; i++)
    {
      const char *line = strrchr (nodes[i].label, '\n');

      if (nodes[i].kind == RSC_GRAPH_NODE_OBJECT && strcmp (line != NULL ? line + 1 : nodes[i].label, name) == 0)
        return (int) i;
    }
  return -1;
}

static graphene_point_t
get_center (Fixture *f, int node)
{
  graphene_rect_t rect;
  graphene_point_t center;

  g_assert_true (rsc_canvas_get_node_rect (f->canvas, node, &rect));
  graphene_rect_get_center (&rect, &center);
  return center;
}

static GtkEventController *
get_controller (Fixture *f, GType type)
{
  g_autoptr(GListModel) controllers = gtk_widget_observe_controllers (GTK_WIDGET (f->canvas));

  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++)
    {
      g_autoptr(GtkEventController) controller = g_list_model_get_item (controllers, i);

      if (G_TYPE_CHECK_INSTANCE_TYPE (controller, type))
        return controller;
    }
  g_assert_not_reached ();
}

static gboolean
press_key (Fixture *f, guint key, GdkModifierType state)
{
  gboolean handled = FALSE;

  g_signal_emit_by_name (get_controller (f, GTK_TYPE_EVENT_CONTROLLER_KEY), "key-pressed", key, 0, state, &handled);
  return handled;
}

static void
click (Fixture *f, graphene_point_t at, int n_press)
{
  GtkEventController *gesture = get_controller (f, GTK_TYPE_GESTURE_CLICK);

  for (int n = 1; n <= n_press; n++)
    {
      g_signal_emit_by_name (gesture, "pressed", n, (double) at.x, (double) at.y);
      g_signal_emit_by_name (gesture, "released", n, (double) at.x, (double) at.y);
    }
}

static void
test_first_view (Fixture *f, gconstpointer data)
{
  gsize n;
  double width, height;

  g_assert_true (rsc_canvas_is_settled (f->canvas));
  show (f, 0, 5, 10, NULL);
  settle (f);
  g_assert_cmpfloat (rsc_canvas_get_zoom (f->canvas), <=, 1);
  rsc_scene_get_nodes (rsc_canvas_get_scene (f->canvas), &n);
  rsc_scene_get_size (rsc_canvas_get_scene (f->canvas), &width, &height);
  for (gsize i = 0; i < n; i++)
    {
      graphene_rect_t rect;

      g_assert_true (rsc_canvas_get_node_rect (f->canvas, (int) i, &rect));
      g_assert_cmpfloat (rect.origin.x, >=, 0);
      g_assert_cmpfloat (rect.origin.y, >=, 0);
      g_assert_cmpfloat (rect.origin.x + rect.size.width, <=, (float) gtk_widget_get_width (GTK_WIDGET (f->canvas)));
      g_assert_cmpfloat (rect.origin.y + rect.size.height, <=, (float) gtk_widget_get_height (GTK_WIDGET (f->canvas)));
    }
  g_assert_false (rsc_canvas_get_node_rect (f->canvas, -1, &(graphene_rect_t) { 0 }));
  g_assert_false (rsc_canvas_get_node_rect (f->canvas, (int) n, &(graphene_rect_t) { 0 }));
}

/* The selected node, or the named one, keeps its place to a pixel, and the zoom stays. */
static void
check_place_kept (Fixture *f, const char *name, const char *anchor)
{
  graphene_point_t before, after;
  double zoom;

  show (f, 0, 1, 10, NULL);
  settle (f);
  rsc_canvas_set_zoom (f->canvas, 0.77);
  settle (f);
  g_assert_cmpint (find (f, name), >=, 0);
  if (anchor == NULL)
    rsc_canvas_select_node (f->canvas, find (f, name));
  zoom = rsc_canvas_get_zoom (f->canvas);
  for (guint depth = 2; depth < 6; depth++)
    {
      before = get_center (f, find (f, name));
      show (f, 0, depth, 10, anchor);
      settle (f);
      after = get_center (f, find (f, name));
      g_assert_cmpfloat (fabs (before.x - after.x), <=, 1);
      g_assert_cmpfloat (fabs (before.y - after.y), <=, 1);
      g_assert_cmpfloat_with_epsilon (zoom, rsc_canvas_get_zoom (f->canvas), 1e-9);
      if (anchor == NULL)
        g_assert_cmpint (rsc_canvas_get_selected_node (f->canvas), ==, find (f, name));
    }
}

static void
test_selected_keeps_place (Fixture *f, gconstpointer data)
{
  check_place_kept (f, "C", NULL);
}

static void
test_anchor_keeps_place (Fixture *f, gconstpointer data)
{
  check_place_kept (f, "D", "o4");
}

static gboolean
is_in_sight (Fixture *f, int node)
{
  graphene_rect_t rect;

  g_assert_true (rsc_canvas_get_node_rect (f->canvas, node, &rect));
  return rect.origin.x >= 0 && rect.origin.x + rect.size.width <= (float) gtk_widget_get_width (GTK_WIDGET (f->canvas)) &&
         rect.origin.y >= 0 && rect.origin.y + rect.size.height <= (float) gtk_widget_get_height (GTK_WIDGET (f->canvas));
}

/* What is selected comes into sight with a new picture, and stays there in a smaller window. */
static void
test_selected_is_in_sight (Fixture *f, gconstpointer data)
{
  show (f, 0, 5, 10, NULL);
  settle (f);
  rsc_canvas_select_node (f->canvas, find (f, "I"));
  rsc_canvas_set_zoom (f->canvas, RSC_VIEWPORT_MAX_ZOOM);
  rsc_canvas_reveal_node (f->canvas, find (f, "A"));
  settle (f);
  g_assert_false (is_in_sight (f, find (f, "I")));
  show (f, 0, 4, 10, NULL);
  settle (f);
  g_assert_true (is_in_sight (f, find (f, "I")));

  for (int width = 700; width >= 400; width -= 100)
    {
      gtk_window_set_default_size (GTK_WINDOW (f->window), width, 500);
      while (gtk_widget_get_width (GTK_WIDGET (f->canvas)) != width)
        g_main_context_iteration (NULL, TRUE);
      settle (f);
      g_assert_true (is_in_sight (f, find (f, "I")));
    }
}

static void
test_selection_goes (Fixture *f, gconstpointer data)
{
  show (f, 0, 5, 10, NULL);
  settle (f);
  rsc_canvas_select_node (f->canvas, find (f, "I"));
  g_assert_cmpint (f->selected, ==, find (f, "I"));
  show (f, 0, 1, 10, NULL);
  settle (f);
  g_assert_cmpint (rsc_canvas_get_selected_node (f->canvas), ==, -1);
  g_assert_cmpint (f->selected, ==, -1);
  rsc_canvas_set_scene (f->canvas, NULL, NULL);
  settle (f);
  show (f, 0, 2, 10, NULL);
  settle (f);
}

static void
test_pointer (Fixture *f, gconstpointer data)
{
  GtkEventController *motion;
  graphene_point_t at;

  show (f, 0, 5, 10, NULL);
  settle (f);
  motion = get_controller (f, GTK_TYPE_EVENT_CONTROLLER_MOTION);
  at = get_center (f, find (f, "B"));
  g_signal_emit_by_name (motion, "motion", (double) at.x, (double) at.y);
  g_assert_cmpint (f->hovered, ==, find (f, "B"));
  g_assert_cmpint (rsc_canvas_get_hovered_node (f->canvas), ==, find (f, "B"));
  g_signal_emit_by_name (motion, "leave");
  g_assert_cmpint (f->hovered, ==, -1);

  click (f, at, 1);
  g_assert_cmpint (f->selected, ==, find (f, "B"));
  g_assert_cmpuint (f->activated, ==, 0);
  click (f, at, 2);
  g_assert_cmpuint (f->activated, ==, 1);
  click (f, (graphene_point_t) { 1, 1 }, 1);
  g_assert_cmpint (f->selected, ==, -1);
}

static void
test_fold (Fixture *f, gconstpointer data)
{
  gsize n;
  const RscGraphNode *nodes;
  int fold = -1;

  show (f, 0, 5, 1, NULL);
  settle (f);
  nodes = rsc_graph_get_nodes (rsc_scene_get_graph (rsc_canvas_get_scene (f->canvas)), &n);
  for (gsize i = 0; i < n; i++)
    if (nodes[i].kind == RSC_GRAPH_NODE_FOLD)
      fold = (int) i;
  g_assert_cmpint (fold, >=, 0);
  click (f, get_center (f, fold), 1);
  g_assert_cmpuint (f->folds, ==, 1);
  g_assert_cmpuint (f->activated, ==, 0);
  rsc_canvas_select_node (f->canvas, fold);
  g_assert_true (press_key (f, GDK_KEY_Return, 0));
  g_assert_cmpuint (f->folds, ==, 2);
}

static void
test_keys (Fixture *f, gconstpointer data)
{
  gsize n;
  double zoom;

  show (f, 0, 5, 10, NULL);
  settle (f);
  rsc_scene_get_nodes (rsc_canvas_get_scene (f->canvas), &n);
  g_assert_false (press_key (f, GDK_KEY_Tab, 0));
  g_assert_true (press_key (f, GDK_KEY_Home, 0));
  g_assert_cmpint (f->selected, ==, find (f, "A"));
  g_assert_true (press_key (f, GDK_KEY_Down, 0));
  g_assert_cmpint (f->selected, !=, find (f, "A"));
  g_assert_true (press_key (f, GDK_KEY_Up, 0));
  g_assert_cmpint (f->selected, ==, find (f, "A"));
  for (gsize i = 1; i < n; i++)
    {
      g_assert_true (press_key (f, GDK_KEY_Tab, 0));
      g_assert_cmpint (f->selected, ==, (int) i);
    }
  g_assert_false (press_key (f, GDK_KEY_Tab, 0));
  g_assert_true (press_key (f, GDK_KEY_ISO_Left_Tab, GDK_SHIFT_MASK));
  g_assert_cmpint (f->selected, ==, (int) n - 2);
  g_assert_true (press_key (f, GDK_KEY_Return, 0));
  g_assert_cmpuint (f->activated, ==, 1);
  g_assert_true (press_key (f, GDK_KEY_Menu, 0));
  g_assert_cmpuint (f->menus, ==, 1);
  g_assert_true (press_key (f, GDK_KEY_Escape, 0));
  g_assert_cmpint (f->selected, ==, -1);
  g_assert_false (press_key (f, GDK_KEY_Escape, 0));

  settle (f);
  zoom = rsc_canvas_get_zoom (f->canvas);
  g_assert_true (press_key (f, GDK_KEY_minus, 0));
  settle (f);
  g_assert_cmpfloat (rsc_canvas_get_zoom (f->canvas), <, zoom);
  g_assert_true (press_key (f, GDK_KEY_1, 0));
  settle (f);
  g_assert_cmpfloat_with_epsilon (rsc_canvas_get_zoom (f->canvas), 1, 1e-9);
}

static void
test_center (Fixture *f, gconstpointer data)
{
  graphene_point_t center;

  show (f, 0, 5, 10, NULL);
  settle (f);
  rsc_canvas_set_zoom (f->canvas, 2);
  settle (f);
  rsc_canvas_center_on_node (f->canvas, find (f, "I"));
  settle (f);
  center = get_center (f, find (f, "I"));
  g_assert_cmpfloat (fabs (center.x - gtk_widget_get_width (GTK_WIDGET (f->canvas)) / 2.0), <=, 1);
  g_assert_cmpfloat (fabs (center.y - gtk_widget_get_height (GTK_WIDGET (f->canvas)) / 2.0), <=, 1);
}

/* GTK's own handler wants an event of the display. */
static void
stop_begin (GtkGesture *gesture, GdkEventSequence *sequence, gpointer data)
{
  g_signal_stop_emission_by_name (gesture, "begin");
}

/* XTEST has no touches, so the gesture's own signals stand for the fingers. */
static void
test_pinch (Fixture *f, gconstpointer data)
{
  GtkEventController *gesture = get_controller (f, GTK_TYPE_GESTURE_ZOOM);
  graphene_point_t before, after;
  double zoom;

  show (f, 0, 5, 10, NULL);
  settle (f);
  zoom = rsc_canvas_get_zoom (f->canvas);
  before = get_center (f, find (f, "B"));
  /* Without fingers it is about the pointer. */
  g_signal_emit_by_name (get_controller (f, GTK_TYPE_EVENT_CONTROLLER_MOTION), "motion", (double) before.x, (double) before.y);
  g_signal_connect (gesture, "begin", G_CALLBACK (stop_begin), NULL);
  g_signal_emit_by_name (gesture, "begin", NULL);
  for (double scale = 1; scale < 1.55; scale += 0.1)
    g_signal_emit_by_name (gesture, "scale-changed", scale);
  settle (f);
  g_assert_cmpfloat_with_epsilon (rsc_canvas_get_zoom (f->canvas), zoom * 1.5, 0.01);
  after = get_center (f, find (f, "B"));
  g_assert_cmpfloat (fabs (before.x - after.x), <=, 1);
  g_assert_cmpfloat (fabs (before.y - after.y), <=, 1);
}

/* What the canvas shows, as pixels. */
static GdkTexture *
grab (Fixture *f)
{
  GtkSnapshot *snapshot = gtk_snapshot_new ();
  g_autoptr(GskRenderNode) node = NULL;

  GTK_WIDGET_GET_CLASS (f->canvas)->snapshot (GTK_WIDGET (f->canvas), snapshot);
  node = gtk_snapshot_free_to_node (snapshot);
  g_assert_nonnull (node);
  return gsk_renderer_render_texture (gtk_native_get_renderer (gtk_widget_get_native (GTK_WIDGET (f->canvas))), node, NULL);
}

static guint32
get_pixel (GdkTexture *texture, int x, int y)
{
  gsize stride = (gsize) gdk_texture_get_width (texture) * 4;
  g_autofree guchar *pixels = g_malloc (stride * (gsize) gdk_texture_get_height (texture));
  guint32 pixel;

  gdk_texture_download (texture, pixels, stride);
  memcpy (&pixel, pixels + (gsize) y * stride + (gsize) x * 4, sizeof pixel);
  return pixel & 0xffffff;
}

/* The start node is dark on light, the ground is the theme's, in each theme. */
static void
test_pixels (Fixture *f, gconstpointer data)
{
  show (f, 0, 5, 10, NULL);
  for (int theme = RSC_THEME_LIGHT; theme <= RSC_THEME_HIGH_CONTRAST_DARK; theme++)
    {
      g_autoptr(GdkTexture) texture = NULL;
      graphene_rect_t rect;

      rsc_canvas_set_theme (f->canvas, (RscTheme) theme);
      settle (f);
      texture = grab (f);
      g_assert_cmphex (get_pixel (texture, 2, 2), ==, rsc_theme_get_background ((RscTheme) theme));
      g_assert_true (rsc_canvas_get_node_rect (f->canvas, find (f, "A"), &rect));
      g_assert_cmphex (get_pixel (texture, (int) (rect.origin.x + 6), (int) (rect.origin.y + rect.size.height / 2)), !=,
                       rsc_theme_get_background ((RscTheme) theme));
    }
}

static void
test_overlay (Fixture *f, gconstpointer data)
{
  g_autoptr(RscOverlay) overlay = rsc_overlay_new (f->snapshot);
  g_autoptr(GdkTexture) before = NULL;
  g_autoptr(GdkTexture) after = NULL;
  graphene_rect_t rect;

  for (RscNode node = 1; node < 9; node++)
    rsc_overlay_set (overlay, node, RSC_STATE_FREED, -1, NULL);
  show (f, 0, 5, 10, NULL);
  settle (f);
  before = grab (f);
  rsc_canvas_set_overlay (f->canvas, overlay);
  settle (f);
  after = grab (f);
  g_assert_true (rsc_canvas_get_node_rect (f->canvas, find (f, "B"), &rect));
  /* The badge at the upper right corner. */
  g_assert_cmphex (get_pixel (before, (int) (rect.origin.x + rect.size.width), (int) rect.origin.y - 4), !=,
                   get_pixel (after, (int) (rect.origin.x + rect.size.width), (int) rect.origin.y - 4));
  /* Another heap's graph does not keep it. */
  {
    g_autoptr(RscSnapshot) other = rsc_dot_reader_read ("digraph { X -> Y }", 18, NULL, NULL, NULL);
    RscSnapshot *first = f->snapshot;

    f->snapshot = other;
    show (f, 0, 5, 10, NULL);
    f->snapshot = first;
  }
  g_assert_null (rsc_canvas_get_overlay (f->canvas));
  settle (f);
}

/* Two clicks on an edge, near its source: its target comes to the middle; at once,
 * where animations are off. */
static void
test_edge_without_animations (Fixture *f, gconstpointer data)
{
  GtkSettings *settings = gtk_widget_get_settings (f->window);
  const RscSceneEdge *edge;
  const RscGraphEdge *graph_edge;
  graphene_rect_t rect;
  graphene_point_t at, center;
  const RscSceneNode *source;
  RscPoint start;
  double zoom;

  g_object_set (settings, "gtk-enable-animations", FALSE, NULL);
  show (f, 0, 10, 10, NULL);
  settle (f);
  rsc_canvas_set_zoom (f->canvas, 2);
  settle (f);
  zoom = rsc_canvas_get_zoom (f->canvas);
  edge = rsc_scene_get_edges (rsc_canvas_get_scene (f->canvas), NULL);
  graph_edge = rsc_graph_get_edges (rsc_scene_get_graph (rsc_canvas_get_scene (f->canvas)), NULL);
  source = &rsc_scene_get_nodes (rsc_canvas_get_scene (f->canvas), NULL)[graph_edge->source];
  g_assert_true (rsc_canvas_get_node_rect (f->canvas, (int) graph_edge->source, &rect));
  /* A little along the edge, away from the node's border. */
  start = rsc_bezier_at (edge->points, edge->n_points, 0.2);
  at.x = (float) (rect.origin.x + (start.x - source->x) * zoom);
  at.y = (float) (rect.origin.y + (start.y - source->y) * zoom);
  click (f, at, 2);
  center = get_center (f, (int) graph_edge->target);
  g_assert_cmpfloat_with_epsilon (center.x, gtk_widget_get_width (GTK_WIDGET (f->canvas)) / 2.0, 1);
  g_assert_cmpfloat_with_epsilon (center.y, gtk_widget_get_height (GTK_WIDGET (f->canvas)) / 2.0, 1);
  g_object_set (settings, "gtk-enable-animations", TRUE, NULL);
}

/* 5,000 nodes: the main loop goes on, and no single turn of it takes long. */
static void
test_large (Fixture *f, gconstpointer data)
{
  g_autoptr(GString) dot = g_string_new ("digraph {\n");
  g_autoptr(RscScene) scene = NULL;
  g_autoptr(GRand) rand = g_rand_new_with_seed (5);
  RscViewParams params = RSC_VIEW_PARAMS_INIT;
  g_autoptr(RscSnapshot) snapshot = NULL;
  g_autoptr(RscView) view = NULL;
  g_autoptr(RscGraph) graph = NULL;
  g_autoptr(GError) error = NULL;
  RscNode start = 0;
  gint64 longest = 0, began, turn;

  for (guint i = 1; i < 4900; i++)
    g_string_append_printf (dot, "n%d -> n%u;\n", g_rand_int_range (rand, 0, (gint32) i), i);
  g_string_append (dot, "}");
  snapshot = rsc_dot_reader_read (dot->str, dot->len, NULL, NULL, &error);
  g_assert_no_error (error);
  params.objects = &start;
  params.n_objects = 1;
  params.max_depth = 10000;
  params.too_many = 10000;
  params.max_nodes = 0;
  view = rsc_view_new (&params);
  graph = rsc_graph_build (snapshot, view, NULL, NULL, &error);
  g_assert_no_error (error);
  scene = rsc_scene_new (graph, 60, NULL, NULL, &error);
  g_assert_no_error (error);

  began = g_get_monotonic_time ();
  turn = cpu_time ();
  rsc_canvas_set_scene (f->canvas, scene, NULL);
  longest = cpu_time () - turn;
  for (guint round = 0; round < 3; round++)
    {
      if (round == 1)
        rsc_canvas_fit (f->canvas);
      if (round == 2)
        rsc_canvas_select_node (f->canvas, 0);
      do
        {
          turn = cpu_time ();
          g_main_context_iteration (NULL, FALSE);
          longest = MAX (longest, cpu_time () - turn);
          g_assert_cmpint (g_get_monotonic_time () - began, <, MAX_WAIT_SECONDS * G_USEC_PER_SEC * 3);
        }
      while (!rsc_canvas_is_settled (f->canvas));
    }
  g_test_message ("longest turn of the main loop: %.1f ms", (double) longest / 1000);
  /* Generous, for slow machines under a sanitizer; a frozen canvas takes seconds. */
  g_assert_cmpint (longest, <, G_USEC_PER_SEC);
}

int
main (int argc, char *argv[])
{
  /* The same pixels everywhere, and no driver that leaks. */
  g_setenv ("GSK_RENDERER", "cairo", TRUE);
  g_setenv ("GDK_DEBUG", "gl-disable", TRUE);
  g_test_init (&argc, &argv, NULL);
  if (!gtk_init_check ())
    {
      g_print ("1..0 # SKIP there is no display; scripts/test runs it under Xvfb\n");
      return 0;
    }
#define ADD(name, func) g_test_add ("/canvas/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("first-view", test_first_view);
  ADD ("selected-keeps-place", test_selected_keeps_place);
  ADD ("anchor-keeps-place", test_anchor_keeps_place);
  ADD ("selected-is-in-sight", test_selected_is_in_sight);
  ADD ("selection-goes", test_selection_goes);
  ADD ("pointer", test_pointer);
  ADD ("fold", test_fold);
  ADD ("keys", test_keys);
  ADD ("center", test_center);
  ADD ("pinch", test_pinch);
  ADD ("pixels", test_pixels);
  ADD ("overlay", test_overlay);
  ADD ("edge-without-animations", test_edge_without_animations);
  ADD ("large", test_large);
  return g_test_run ();
}
