/* Labels, scenes, styles and exports. */
#include "config.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#include "base/rsc-census.h"
#include "base/rsc-error.h"
#include "formats/rsc-heap-file.h"
#include "render/rsc-bezier.h"
#include "render/rsc-painter.h"
#include "render/rsc-style.h"
#include "render/rsc-theme.h"

#include "small-heap.h"
#include "test-scene.h"

/* Names and labels of several scripts, a weak-looking cycle, folds. */
#define HEAP \
  "digraph {" \
  " o100 [label=\"Session\\nuser 'ada'\"]; o101 [label=\"dict\\n4 items\"]; o102 [label=\"str\\n'\xe8\x8a\x82\xe7\x82\xb9'\"];" \
  " o103 [label=\"str\\n'\xd9\x85\xd8\xb1\xd8\xad\xd8\xa8\xd8\xa7'\"]; o104 [label=\"module\\nwebapp <&\\\">\"]; o105 [label=\"function\\nhandle\"];" \
  " o106 [label=\"AVeryLongClassNameThatGoesOnAndOnAndOnWithoutAnyEnd\\nx\"]; o107 [label=\"tuple\\n2 items\"]; o108 [label=\"int\\n42\"];" \
  " o100 -> o101 [label=\"__dict__\"]; o101 -> o102 [label=\"['key']\"]; o101 -> o103; o101 -> o104; o101 -> o105;" \
  " o100 -> o106 [label=\".\xe5\x90\x8d\xe5\x89\x8d\"]; o106 -> o107; o107 -> o100; o107 -> o108; o100 -> o100 }"

#define PLAIN_HEAP "digraph { o100 [label=\"Session\\nuser 'ada'\"]; o100 -> o101 [label=\"__dict__\"]; o101 -> o102; o102 -> o100 }"

/* Pictures, and what each may leave behind, in bytes: under a sanitizer it is none, but what glibc counts goes up
 * and down by some KiB. */
#define WARM_UP 10
#define REPETITIONS 50
#define LEAK 512

static RscScene *
make_scene_full (const char *dot, guint too_many, gboolean swap, gboolean objgraph)
{
  RscViewParams params = RSC_VIEW_PARAMS_INIT;

  params.max_depth = 5;
  params.too_many = too_many;
  params.swap = swap;
  params.objgraph = objgraph;
  if (objgraph)
    params.edges = RSC_EDGES_COLLECTOR;
  return test_scene_new_from_dot (dot, &params);
}

static RscScene *
make_scene (void)
{
  return make_scene_full (HEAP, 3, FALSE, FALSE);
}

static RscOverlay *
make_overlay (RscScene *scene, guint shift)
{
  RscSnapshot *snapshot = rsc_graph_get_snapshot (rsc_scene_get_graph (scene));
  RscOverlay *overlay = rsc_overlay_new (snapshot);

  for (RscNode node = 0; node < rsc_snapshot_peek_columns (snapshot)->n_nodes; node++)
    rsc_overlay_set (overlay, node, (RscState) ((node + shift) % RSC_N_STATES), (int) node % 3, node == 2 ? "gen 2" : NULL);
  return overlay;
}

/* Labels */

static void
test_label_sizes (void)
{
  g_autoptr(RscLabelContext) context = rsc_label_context_new ();
  g_autoptr(RscLabel) one = rsc_label_new (context, RSC_LABEL_NODE, "dict");
  g_autoptr(RscLabel) two = rsc_label_new (context, RSC_LABEL_NODE, "dict\n4 items");
  g_autoptr(RscLabel) empty = rsc_label_new (context, RSC_LABEL_NODE, "");
  g_autoptr(RscLabel) again = rsc_label_new (rsc_label_context_get_for_thread (), RSC_LABEL_NODE, "dict\n4 items");
  double w1, h1, w2, h2, w3, h3;

  rsc_label_get_size (one, &w1, &h1);
  rsc_label_get_size (two, &w2, &h2);
  g_assert_cmpfloat (w1, >, 10);
  g_assert_cmpfloat (h1, >, 10);
  g_assert_cmpfloat (h2, >, 1.8 * h1);
  rsc_label_get_size (again, &w3, &h3);
  g_assert_cmpfloat_with_epsilon (w2, w3, 1e-9);
  g_assert_cmpfloat_with_epsilon (h2, h3, 1e-9);
  rsc_label_get_size (empty, &w3, &h3);
  g_assert_cmpfloat (w3, ==, 0);
}

static void
test_label_text (void)
{
  static const struct { const char *in, *out; } cases[] = {
    { "dict", "dict" },
    { "a\tb\rc\x01" "d", "a b c d" },
    { "0123456789012345678901234567890123456789", "0123456789012345678901234567890123456789" },
    { "01234567890123456789012345678901234567890", "012345678901234567890123456789012345678…" },
    { "x\n\ny", "x\n\ny" },
    { "bad \xff utf", "bad \xef\xbf\xbd utf" },
    { "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n…" },
    { "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12" },
  };
  g_autoptr(RscLabelContext) context = rsc_label_context_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(RscLabel) label = rsc_label_new (context, RSC_LABEL_NODE, cases[i].in);
      gsize n_lines, expected = 1;
      const RscLabelLine *lines = rsc_label_get_lines (label, &n_lines);

      g_assert_cmpstr (rsc_label_get_text (label), ==, cases[i].out);
      for (const char *p = cases[i].out; *p != '\0'; p++)
        expected += *p == '\n';
      g_assert_cmpuint (n_lines, ==, expected);
      g_assert_true (lines[0].bold);
    }
}

/* The ink of a label drawn at @scale is within its box, and where it is does
 * not depend on the scale: geometry is the same at every zoom. */
static void
get_ink (const RscLabel *label, double scale, double *left, double *right)
{
  int size = (int) (400 * scale);
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_A8, size, size);
  cairo_t *cr = cairo_create (surface);
  int first = size, last = -1;

  cairo_scale (cr, scale, scale);
  rsc_label_draw (label, cr, 200, 200);
  cairo_destroy (cr);
  cairo_surface_flush (surface);
  for (int y = 0; y < size; y++)
    for (int x = 0; x < size; x++)
      if (cairo_image_surface_get_data (surface)[y * cairo_image_surface_get_stride (surface) + x] > 64)
        {
          first = MIN (first, x);
          last = MAX (last, x);
        }
  cairo_surface_destroy (surface);
  *left = first / scale;
  *right = (last + 1) / scale;
}

static void
test_label_ink (void)
{
  static const char *const texts[] = { "Session\nuser 'ada'", "str\n'\xe8\x8a\x82\xe7\x82\xb9'", "\xd9\x85\xd8\xb1\xd8\xad\xd8\xa8\xd8\xa7 abc" };
  g_autoptr(RscLabelContext) context = rsc_label_context_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr(RscLabel) label = rsc_label_new (context, RSC_LABEL_NODE, texts[i]);
      double width, height, left1, right1, left4, right4;

      rsc_label_get_size (label, &width, &height);
      get_ink (label, 1, &left1, &right1);
      get_ink (label, 4, &left4, &right4);
      g_assert_cmpfloat (left4, >=, 200 - width / 2 - 1.5);
      g_assert_cmpfloat (right4, <=, 200 + width / 2 + 1.5);
      g_assert_cmpfloat (right4 - left4, >, width * 0.7);
      g_assert_cmpfloat (fabs (left1 - left4), <=, 1.5);
      g_assert_cmpfloat (fabs (right1 - right4), <=, 1.5);
    }
}

static gpointer
draw_many (gpointer data)
{
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, 300, 300);
  cairo_t *cr = cairo_create (surface);

  for (guint i = 0; i < 50; i++)
    rsc_painter_draw (data, NULL, (RscTheme) (i % 4), 0.5 + i % 3, cr);
  g_assert_cmpint (cairo_status (cr), ==, CAIRO_STATUS_SUCCESS);
  cairo_destroy (cr);
  cairo_surface_destroy (surface);
  return NULL;
}

static void
test_threads (void)
{
  g_autoptr(RscScene) scene = make_scene ();
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("draw", draw_many, scene);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

/* Scenes */

static void
check_scene (RscScene *scene, gboolean swap)
{
  gsize n_nodes, n_edges, n_graph_nodes, n_graph_edges;
  const RscSceneNode *nodes = rsc_scene_get_nodes (scene, &n_nodes);
  const RscSceneEdge *edges = rsc_scene_get_edges (scene, &n_edges);
  const RscGraphEdge *graph_edges = rsc_graph_get_edges (rsc_scene_get_graph (scene), &n_graph_edges);
  double width, height;

  rsc_graph_get_nodes (rsc_scene_get_graph (scene), &n_graph_nodes);
  g_assert_cmpuint (n_nodes, ==, n_graph_nodes);
  g_assert_cmpuint (n_edges, ==, n_graph_edges);
  rsc_scene_get_size (scene, &width, &height);
  for (gsize i = 0; i < n_nodes; i++)
    {
      double label_width, label_height;

      rsc_label_get_size (nodes[i].label, &label_width, &label_height);
      g_assert_cmpfloat (nodes[i].width, >=, label_width);
      g_assert_cmpfloat (nodes[i].height, >=, label_height);
      g_assert_cmpfloat (nodes[i].x, >=, RSC_SCENE_MARGIN - 0.51);
      g_assert_cmpfloat (nodes[i].y + nodes[i].height, <=, height - RSC_SCENE_MARGIN + 0.51);
      g_assert_cmpint (rsc_scene_find_node (scene, nodes[i].x + nodes[i].width / 2, nodes[i].y + nodes[i].height / 2), ==, (gssize) i);
    }
  g_assert_cmpint (rsc_scene_find_node (scene, -5, -5), ==, -1);
  for (gsize e = 0; e < n_edges; e++)
    {
      const RscSceneNode *head = &nodes[swap ? graph_edges[e].source : graph_edges[e].target];
      RscPoint tip = edges[e].points[edges[e].n_points - 1], middle = rsc_bezier_at (edges[e].points, edges[e].n_points, 0.5);
      gssize found = rsc_scene_find_edge (scene, middle.x, middle.y, 1);

      g_assert_cmpfloat (tip.x, >=, head->x - 3);
      g_assert_cmpfloat (tip.x, <=, head->x + head->width + 3);
      g_assert_cmpfloat (tip.y, >=, head->y - 3);
      g_assert_cmpfloat (tip.y, <=, head->y + head->height + 3);
      /* Another one may lie on it. */
      g_assert_cmpint (found, >=, 0);
      g_assert_cmpfloat (rsc_bezier_distance (edges[found].points, edges[found].n_points, middle), <=, 60);
    }
  g_assert_cmpint (rsc_scene_find_edge (scene, -500, -500, 5), ==, -1);
}

static void
test_scene (void)
{
  for (guint i = 0; i < 8; i++)
    {
      g_autoptr(RscScene) scene = make_scene_full (HEAP, i & 1 ? 2 : 10, (i & 2) != 0, (i & 4) != 0);

      check_scene (scene, (i & 2) != 0);
      g_assert_cmpstr (rsc_scene_get_engine (scene), ==, "dot");
      g_assert_cmpstr (rsc_scene_get_settings (scene), ==, "");
      g_assert_null (rsc_scene_get_note (scene));
    }
}

static void
test_scene_limit (void)
{
  g_autoptr(GString) dot = g_string_new ("digraph {");
  g_autoptr(GError) error = NULL;
  g_autoptr(RscSnapshot) snapshot = NULL;
  g_autoptr(RscView) view = NULL;
  g_autoptr(RscGraph) graph = NULL;
  RscViewParams params = RSC_VIEW_PARAMS_INIT;
  RscNode start = 0;

  for (guint i = 1; i <= RSC_VIEW_MAX_NODES_CEILING + 1; i++)
    g_string_append_printf (dot, "n0 -> n%u;", i);
  g_string_append_c (dot, '}');
  snapshot = rsc_dot_reader_read (dot->str, dot->len, NULL, NULL, &error);
  g_assert_no_error (error);
  params.objects = &start;
  params.n_objects = 1;
  params.too_many = 100000;
  params.max_nodes = 0;
  view = rsc_view_new (&params);
  graph = rsc_graph_build (snapshot, view, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (rsc_scene_new (graph, 0, NULL, NULL, &error));
  g_assert_error (error, RSC_LAYOUT_ERROR, RSC_ERROR_LIMIT);
  g_assert_nonnull (strstr (error->message, "5002"));
}

static void
test_scene_cancel (void)
{
  g_autoptr(RscScene) scene = make_scene ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_null (rsc_scene_new (rsc_scene_get_graph (scene), 0, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_scene_json (void)
{
  g_autoptr(RscScene) scene = make_scene ();
  g_autoptr(RscScene) again = make_scene ();
  g_autofree char *json = rsc_scene_to_json (scene);
  g_autofree char *second = rsc_scene_to_json (again);

  g_assert_cmpstr (json, ==, second);
  g_assert_nonnull (strstr (json, "\"id\": \"o100\""));
  g_assert_nonnull (strstr (json, "\"kind\": \"fold\""));
  g_assert_nonnull (strstr (json, "\"text\": \"__dict__\""));
  g_assert_null (strstr (json, "-0.00"));
  g_assert_null (strstr (json, "nan"));
}

/* Numbers depend on the fonts that are installed: each becomes a #, and a list
 * of points is one. */
static char *
mask_numbers (const char *json)
{
  g_autoptr(GRegex) points = g_regex_new ("\"points\": \\[.*\\]\\]", G_REGEX_DEFAULT, G_REGEX_MATCH_DEFAULT, NULL);
  g_autoptr(GRegex) numbers = g_regex_new ("(\"(x|y|width|height)\": )[-0-9.]+", G_REGEX_DEFAULT, G_REGEX_MATCH_DEFAULT, NULL);
  g_autofree char *without_points = g_regex_replace_literal (points, json, -1, 0, "\"points\": #", G_REGEX_MATCH_DEFAULT, NULL);

  return g_regex_replace (numbers, without_points, -1, 0, "\\1#", G_REGEX_MATCH_DEFAULT, NULL);
}

/* RSC_UPDATE_GOLDEN=1 writes the file anew. */
static void
test_scene_golden (void)
{
  g_autoptr(RscScene) scene = make_scene ();
  g_autofree char *json = rsc_scene_to_json (scene);
  g_autofree char *masked = mask_numbers (json);
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "golden", "scene.json", NULL);
  g_autofree char *expected = NULL;
  g_autoptr(GError) error = NULL;

  if (g_getenv ("RSC_UPDATE_GOLDEN") != NULL)
    g_assert_true (g_file_set_contents (path, masked, -1, &error));
  g_file_get_contents (path, &expected, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (masked, ==, expected);
}

/* Styles */

static guint32
blend (guint32 over, guint32 ground, double opacity)
{
  guint32 rgb = 0;

  for (guint shift = 0; shift <= 16; shift += 8)
    {
      double a = over >> shift & 0xff, b = ground >> shift & 0xff;

      rgb |= (guint32) (a * opacity + b * (1 - opacity) + 0.5) << shift;
    }
  return rgb;
}

/* shop -> sessions -> session, and shop -> watched -> data -> reference, whose weak
 * reference to the session is the only way to it if there are no sessions. */
static RscScene *
make_watched_scene (gboolean held, RscNode *ids)
{
  SmallHeap heap;
  RscViewParams params = RSC_VIEW_PARAMS_INIT;
  g_autoptr(RscSnapshot) snapshot = NULL;

  small_heap_init (&heap);
  for (guint i = 0; i < 6; i++)
    ids[i] = small_heap_node (&heap, "__main__.Thing", NULL, 0);
  if (held)
    {
      small_heap_named_edge (&heap, ids[0], ids[1], T, ".sessions");
      small_heap_named_edge (&heap, ids[1], ids[5], T, ".first");
    }
  small_heap_named_edge (&heap, ids[0], ids[2], T, ".watched");
  small_heap_named_edge (&heap, ids[2], ids[3], T, ".data");
  small_heap_named_edge (&heap, ids[3], ids[4], T, "element");
  small_heap_named_edge (&heap, ids[4], ids[5], RSC_EDGE_WEAK, "weak reference");
  snapshot = small_heap_freeze (&heap);
  params.objects = &ids[0];
  params.n_objects = 1;
  params.max_depth = 5;
  return test_scene_new (snapshot, &params);
}

static double
get_top (RscScene *scene, RscNode node)
{
  gssize index = rsc_graph_find (rsc_scene_get_graph (scene), node);

  g_assert_cmpint (index, >=, 0);
  return rsc_scene_get_nodes (scene, NULL)[index].y;
}

/* A weak reference pulls what it watches down only where nothing else leads there. */
static void
test_weak_edges_are_loose (void)
{
  RscNode ids[6];
  g_autoptr(RscScene) held = make_watched_scene (TRUE, ids);
  g_autoptr(RscScene) watched = NULL;

  g_assert_cmpfloat_with_epsilon (get_top (held, ids[1]), get_top (held, ids[2]), 1);
  g_assert_cmpfloat_with_epsilon (get_top (held, ids[5]), get_top (held, ids[3]), 1);
  watched = make_watched_scene (FALSE, ids);
  g_assert_cmpfloat (get_top (watched, ids[5]), >, get_top (watched, ids[4]));
}

/* What is no text, but has to be seen: WCAG 2.1, 1.4.11. */
#define GRAPHICS_CONTRAST 3.0

static double
get_contrast (guint32 rgb, double opacity, guint32 ground)
{
  return rsc_contrast_ratio (blend (rgb, ground, opacity), ground);
}

/* The lines of all edges and the borders of all nodes in all themes, with each
 * state on each of them, on the ground and beside what they enclose. */
static void
test_contrast_of_graphics (void)
{
  g_autoptr(RscScene) scene = make_scene ();
  gsize n_nodes, n_edges;

  rsc_scene_get_nodes (scene, &n_nodes);
  rsc_scene_get_edges (scene, &n_edges);
  for (int theme = RSC_THEME_LIGHT; theme <= RSC_THEME_HIGH_CONTRAST_DARK; theme++)
    {
      const RscThemeColors *colors = rsc_theme_get_colors ((RscTheme) theme);
      guint32 ground = colors->background;

      for (guint shift = 0; shift < RSC_N_STATES; shift++)
        {
          g_autoptr(RscOverlay) overlay = make_overlay (scene, shift);

          for (gsize i = 0; i < n_nodes; i++)
            {
              RscNodeStyle style;

              rsc_style_get_node (&style, scene, i, overlay, (RscTheme) theme);
              g_assert_cmpfloat (get_contrast (style.stroke, style.opacity, ground), >=, GRAPHICS_CONTRAST);
              if (style.badge != NULL)
                g_assert_cmpfloat (get_contrast (style.badge_fill, style.opacity, ground), >=, GRAPHICS_CONTRAST);
            }
          for (gsize e = 0; e < n_edges; e++)
            {
              RscEdgeStyle style;

              rsc_style_get_edge (&style, scene, e, overlay, (RscTheme) theme);
              g_assert_cmpfloat (get_contrast (style.stroke, style.opacity, ground), >=, GRAPHICS_CONTRAST);
              g_assert_cmpfloat (get_contrast (style.text, style.opacity, ground), >=, 4.5);
            }
        }
      for (int role = 0; role < RSC_N_ROLES; role++)
        {
          g_assert_cmpfloat (rsc_contrast_ratio (colors->roles[role].stroke, ground), >=, GRAPHICS_CONTRAST);
          g_assert_cmpfloat (rsc_contrast_ratio (colors->roles[role].stroke, colors->roles[role].fill), >=, GRAPHICS_CONTRAST);
        }
      /* Not each of these is in the scene above. */
      g_assert_cmpfloat (get_contrast (colors->edge_weak, 1, ground), >=, GRAPHICS_CONTRAST);
      g_assert_cmpfloat (get_contrast (colors->fold_stroke, 1, ground), >=, GRAPHICS_CONTRAST);
      g_assert_cmpfloat (rsc_contrast_ratio (colors->fold_stroke, colors->fold_fill), >=, GRAPHICS_CONTRAST);
      g_assert_cmpfloat (rsc_contrast_ratio (colors->fold_text, colors->fold_fill), >=, 4.5);
      g_assert_cmpfloat (rsc_contrast_ratio (colors->danger, colors->danger_fill), >=, 4.5);
      g_assert_cmpfloat (get_contrast (colors->ring, 1, ground), >=, GRAPHICS_CONTRAST);
      g_assert_cmpfloat (get_contrast (colors->success, 1, ground), >=, GRAPHICS_CONTRAST);
      g_assert_cmpfloat (get_contrast (colors->danger, 1, ground), >=, GRAPHICS_CONTRAST);
      for (guint i = 0; i < G_N_ELEMENTS (colors->groups); i++)
        {
          g_assert_cmpfloat (get_contrast (colors->groups[i], 1, ground), >=, GRAPHICS_CONTRAST);
          g_assert_cmpfloat (rsc_contrast_ratio (colors->badge_text, colors->groups[i]), >=, 4.5);
        }
    }
}

/* All text in all themes, with each state on each node. */
static void
test_contrast (void)
{
  g_autoptr(RscScene) scene = make_scene ();
  gsize n_nodes, n_edges;

  g_assert_cmpfloat_with_epsilon (rsc_contrast_ratio (0, 0xffffff), 21, 0.01);
  rsc_scene_get_nodes (scene, &n_nodes);
  rsc_scene_get_edges (scene, &n_edges);
  for (int theme = RSC_THEME_LIGHT; theme <= RSC_THEME_HIGH_CONTRAST_DARK; theme++)
    {
      const RscThemeColors *colors = rsc_theme_get_colors ((RscTheme) theme);
      double least = theme >= RSC_THEME_HIGH_CONTRAST_LIGHT ? 7 : 4.5;

      for (guint shift = 0; shift < RSC_N_STATES; shift++)
        {
          g_autoptr(RscOverlay) overlay = make_overlay (scene, shift);

          for (gsize i = 0; i < n_nodes; i++)
            {
              RscNodeStyle style;
              guint32 ground;

              rsc_style_get_node (&style, scene, i, overlay, (RscTheme) theme);
              ground = blend (style.fill, colors->background, style.opacity);
              g_assert_cmpfloat (rsc_contrast_ratio (blend (style.title, colors->background, style.opacity), ground), >=, 4.5);
              g_assert_cmpfloat (rsc_contrast_ratio (blend (style.text, colors->background, style.opacity), ground), >=, 4.5);
              if (style.badge != NULL)
                g_assert_cmpfloat (rsc_contrast_ratio (style.badge_text, style.badge_fill), >=, 4.5);
              if (style.opacity == 1)
                g_assert_cmpfloat (rsc_contrast_ratio (style.title, style.fill), >=, least);
            }
        }
      for (int role = 0; role < RSC_N_ROLES; role++)
        {
          g_assert_cmpfloat (rsc_contrast_ratio (colors->roles[role].title, colors->roles[role].fill), >=, least);
          g_assert_cmpfloat (rsc_contrast_ratio (colors->text, colors->roles[role].fill), >=, least);
          g_assert_cmpfloat (rsc_contrast_ratio (colors->start_text, colors->roles[role].title), >=, least);
        }
      for (gsize e = 0; e < n_edges; e++)
        {
          RscEdgeStyle style;

          rsc_style_get_edge (&style, scene, e, NULL, (RscTheme) theme);
          g_assert_cmpfloat (rsc_contrast_ratio (style.text, colors->background), >=, least);
        }
      g_assert_cmpfloat (rsc_contrast_ratio (colors->emphasis, colors->background), >=, 4.5);
    }
}

/* No two states differ by colour alone. */
static void
test_states_without_color (void)
{
  g_autoptr(RscScene) scene = make_scene ();
  RscSnapshot *snapshot = rsc_graph_get_snapshot (rsc_scene_get_graph (scene));
  g_autoptr(GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint state = 0; state < RSC_N_STATES; state++)
    {
      g_autoptr(RscOverlay) overlay = rsc_overlay_new (snapshot);
      RscNodeStyle style;

      rsc_overlay_set (overlay, 1, (RscState) state, 0, NULL);
      rsc_style_get_node (&style, scene, 1, overlay, RSC_THEME_LIGHT);
      g_assert_true (g_hash_table_add (seen, g_strdup_printf ("%d %d %d %s", style.line, style.double_border, style.pattern,
                                                              style.badge != NULL ? style.badge : "")));
    }
}

static void
test_objgraph_colors (void)
{
  g_autoptr(RscScene) scene = make_scene_full (HEAP, 10, FALSE, TRUE);
  gsize n;
  const RscGraphNode *nodes = rsc_graph_get_nodes (rsc_scene_get_graph (scene), &n);

  for (gsize i = 0; i < n; i++)
    {
      RscNodeStyle style;

      rsc_style_get_node (&style, scene, i, NULL, RSC_THEME_LIGHT);
      g_assert_cmphex (style.fill, ==, nodes[i].fill);
      g_assert_cmphex (style.title, ==, nodes[i].font);
    }
}

/* Exports */

/* cairo 1.16 leaks an array for each OpenType font (CJK) that it embeds in a PDF. */
static void
expect_leaks_of_cairo (gboolean expect)
{
#ifdef __SANITIZE_ADDRESS__
  if (expect)
    __lsan_disable ();
  else
    __lsan_enable ();
#endif
}

static GBytes *
export (RscScene *scene, RscOverlay *overlay, RscExportFormat format, double scale)
{
  g_autoptr(GError) error = NULL;
  GBytes *bytes = rsc_export_scene_to_bytes (scene, overlay, format, scale, NULL, &error);

  g_assert_no_error (error);
  return bytes;
}

typedef struct
{
  guint titles, texts, nodes, edges;
  GString *title;
  gboolean in_title;
  GPtrArray *title_texts;
} SvgCount;

static void
start_element (GMarkupParseContext *context, const char *name, const char **names, const char **values, gpointer data,
               GError **error)
{
  SvgCount *count = data;

  for (gsize i = 0; names[i] != NULL; i++)
    {
      /* Nothing that would be fetched. */
      g_assert_false (g_str_has_suffix (names[i], "href"));
      g_assert_true (strstr (values[i], "url(") == NULL || g_str_has_prefix (values[i], "url(#"));
      g_assert_true (strstr (values[i], "://") == NULL || strcmp (names[i], "xmlns") == 0);
      if (strcmp (names[i], "class") == 0)
        {
          count->nodes += strcmp (values[i], "node") == 0;
          count->edges += strcmp (values[i], "edge") == 0;
        }
    }
  count->texts += strcmp (name, "text") == 0;
  count->in_title = strcmp (name, "title") == 0;
  g_string_truncate (count->title, 0);
}

static void
end_element (GMarkupParseContext *context, const char *name, gpointer data, GError **error)
{
  SvgCount *count = data;

  if (strcmp (name, "title") == 0)
    g_ptr_array_add (count->title_texts, g_strdup (count->title->str));
  count->in_title = FALSE;
}

static void
character_data (GMarkupParseContext *context, const char *text, gsize length, gpointer data, GError **error)
{
  SvgCount *count = data;

  if (count->in_title)
    g_string_append_len (count->title, text, (gssize) length);
}

static void
test_svg (void)
{
  static const GMarkupParser parser = { start_element, end_element, character_data, NULL, NULL };
  g_autoptr(RscScene) scene = make_scene ();
  gsize n_nodes, n_edges, size;
  const RscGraphNode *nodes = rsc_graph_get_nodes (rsc_scene_get_graph (scene), &n_nodes);

  rsc_scene_get_edges (scene, &n_edges);
  for (guint shift = 0; shift <= RSC_N_STATES; shift++)
    {
      g_autoptr(RscOverlay) overlay = shift > 0 ? make_overlay (scene, shift) : NULL;
      g_autoptr(GBytes) svg = export (scene, overlay, RSC_EXPORT_SVG, 1);
      const char *text = g_bytes_get_data (svg, &size);
      SvgCount count = { .title = g_string_new (NULL), .title_texts = g_ptr_array_new_with_free_func (g_free) };
      GMarkupParseContext *context = g_markup_parse_context_new (&parser, 0, &count, NULL);
      g_autoptr(GError) error = NULL;

      g_assert_true (g_utf8_validate (text, (gssize) size, NULL));
      g_markup_parse_context_parse (context, text, (gssize) size, &error);
      g_assert_no_error (error);
      g_assert_true (g_markup_parse_context_end_parse (context, &error));
      g_assert_cmpuint (count.nodes, ==, n_nodes);
      g_assert_cmpuint (count.edges, ==, n_edges);
      g_assert_cmpuint (count.title_texts->len, ==, 1 + n_nodes + n_edges);
      for (gsize i = 0; i < n_nodes; i++)
        g_assert_cmpstr (g_ptr_array_index (count.title_texts, 1 + n_edges + i), ==, nodes[i].label);
      g_assert_cmpuint (count.texts, >=, 2 * n_nodes - 3);
      g_markup_parse_context_free (context);
      g_string_free (count.title, TRUE);
      g_ptr_array_unref (count.title_texts);
    }
}

static cairo_status_t
read_bytes (void *closure, unsigned char *data, unsigned int length)
{
  GInputStream *stream = closure;

  return g_input_stream_read (stream, data, length, NULL, NULL) == (gssize) length ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_READ_ERROR;
}

static cairo_surface_t *
load_png (GBytes *png)
{
  g_autoptr(GInputStream) stream = g_memory_input_stream_new_from_bytes (png);
  cairo_surface_t *surface = cairo_image_surface_create_from_png_stream (read_bytes, stream);

  g_assert_cmpint (cairo_surface_status (surface), ==, CAIRO_STATUS_SUCCESS);
  return surface;
}

static guint32
get_pixel (cairo_surface_t *surface, double x, double y)
{
  const guint8 *row = cairo_image_surface_get_data (surface) + (int) y * cairo_image_surface_get_stride (surface);

  return ((const guint32 *) (gconstpointer) row)[(int) x] & 0xffffff;
}

/* A node's ground is where the scene says, in both sizes. */
static void
test_png (void)
{
  g_autoptr(RscScene) scene = make_scene ();
  const RscSceneNode *nodes = rsc_scene_get_nodes (scene, NULL);
  double width, height;

  rsc_scene_get_size (scene, &width, &height);
  for (int scale = 1; scale <= 2; scale++)
    {
      g_autoptr(GBytes) png = export (scene, NULL, RSC_EXPORT_PNG, scale);
      cairo_surface_t *surface = load_png (png);
      RscNodeStyle style;

      g_assert_cmpint (cairo_image_surface_get_width (surface), ==, (int) ceil (width * scale));
      g_assert_cmpint (cairo_image_surface_get_height (surface), ==, (int) ceil (height * scale));
      g_assert_cmphex (get_pixel (surface, 1, 1), ==, rsc_theme_get_background (RSC_THEME_LIGHT));
      rsc_style_get_node (&style, scene, 0, NULL, RSC_THEME_LIGHT);
      g_assert_cmphex (get_pixel (surface, (nodes[0].x + 5) * scale, (nodes[0].y + nodes[0].height / 2) * scale), ==, style.fill);
      cairo_surface_destroy (surface);
    }
}

/* 1,501 objects in a row are a picture that no PNG holds. */
static void
test_too_large (void)
{
  g_autoptr(GString) dot = g_string_new ("digraph {");
  g_autoptr(RscScene) scene = NULL;
  g_autoptr(RscScene) small = make_scene ();
  g_autoptr(GBytes) png = NULL;
  g_autofree char *note = NULL;
  cairo_surface_t *surface;
  RscViewParams params = RSC_VIEW_PARAMS_INIT;
  double width, height;

  g_assert_cmpfloat (rsc_export_get_scale (small, RSC_EXPORT_PNG, 2), ==, 2);
  g_assert_null (rsc_export_dup_scale_note (small, RSC_EXPORT_PNG, 2));

  for (int i = 0; i < 1500; i++)
    g_string_append_printf (dot, "o%d -> o%d;", i, i + 1);
  g_string_append_c (dot, '}');
  params.max_depth = 2000;
  params.max_nodes = 0;
  scene = test_scene_new_from_dot (dot->str, &params);

  rsc_scene_get_size (scene, &width, &height);
  g_assert_cmpfloat (height, >, 40000);
  note = rsc_export_dup_scale_note (scene, RSC_EXPORT_PNG, 1);
  g_assert_nonnull (note);
  g_assert_null (rsc_export_dup_scale_note (scene, RSC_EXPORT_SVG, 1));
  png = export (scene, NULL, RSC_EXPORT_PNG, 1);
  surface = load_png (png);
  g_assert_cmpint (cairo_image_surface_get_height (surface), ==, 32000);
  cairo_surface_destroy (surface);
}

/* By what growth is judged; a sanitised build has another allocator. */
static void
test_allocated_bytes (void)
{
  gsize size = 16 * 1024 * 1024, half = size / 2;
  guint64 before = rsc_census_count_bytes ();
  char *block;

  if (before == 0)
    {
      g_test_skip ("the C library does not say what is allocated");
      return;
    }
  block = g_malloc0 (size);
  g_assert_cmpuint (rsc_census_count_bytes (), >, before + half);
  g_free (block);
  g_assert_cmpuint (rsc_census_count_bytes (), <, before + half);
}

/* Once the libraries have filled their caches, a picture leaves nothing behind. */
static void
test_repeated (void)
{
  static const RscExportFormat formats[] = { RSC_EXPORT_PNG, RSC_EXPORT_SVG, RSC_EXPORT_PDF, RSC_EXPORT_DOT, RSC_EXPORT_JSON };
  /* Few fonts: see expect_leaks_of_cairo(). */
  g_autoptr(RscScene) scene = make_scene_full (PLAIN_HEAP, 10, FALSE, FALSE);
  g_autoptr(RscOverlay) overlay = make_overlay (scene, 1);

  for (gsize f = 0; f < G_N_ELEMENTS (formats); f++)
    {
      guint64 before = 0, after;

      for (int i = 0; i < WARM_UP + REPETITIONS; i++)
        {
          GBytes *bytes;

          if (formats[f] == RSC_EXPORT_PDF)
            expect_leaks_of_cairo (TRUE);
          bytes = export (scene, overlay, formats[f], 1);
          if (formats[f] == RSC_EXPORT_PDF)
            expect_leaks_of_cairo (FALSE);
          g_bytes_unref (bytes);
          if (i == WARM_UP - 1)
            before = rsc_census_count_bytes ();
        }
      after = rsc_census_count_bytes ();
      g_test_message ("format %d: %" G_GINT64_FORMAT " bytes more after %d pictures", formats[f], (gint64) (after - before),
                      REPETITIONS);
      g_assert_cmpint ((gint64) (after - before), <, REPETITIONS * LEAK);
    }
}

static void
test_pdf (void)
{
  g_autoptr(RscScene) scene = make_scene ();
  g_autoptr(GBytes) pdf = NULL;
  gsize size;
  const char *data;

  expect_leaks_of_cairo (TRUE);
  pdf = export (scene, NULL, RSC_EXPORT_PDF, 1);
  expect_leaks_of_cairo (FALSE);
  data = g_bytes_get_data (pdf, &size);
  g_assert_true (size > 1000 && memcmp (data, "%PDF", 4) == 0);
}

/* What another program sees, where it is installed. */
static char *
run_tool (const char *const *argv, GError **error)
{
  char *output = NULL;
  int status;

  if (!g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &output, NULL, &status, error))
    return NULL;
  g_assert_cmpint (status, ==, 0);
  return output;
}

typedef struct
{
  char *dir;
} Folder;

static void
folder_clear (Folder *self)
{
  g_autoptr(GDir) dir = NULL;
  const char *name;

  if (self->dir == NULL) /* the test was skipped */
    return;
  dir = g_dir_open (self->dir, 0, NULL);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (self->dir, name, NULL);

      g_unlink (path);
    }
  g_rmdir (self->dir);
  g_free (self->dir);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Folder, folder_clear)

static void
folder_init (Folder *self)
{
  g_autoptr(GError) error = NULL;

  self->dir = g_dir_make_tmp ("refscope-render-XXXXXX", &error);
  g_assert_no_error (error);
}

static void
test_pdf_text (void)
{
  g_autoptr(RscScene) scene = make_scene ();
  g_auto(Folder) folder = { 0 };
  g_autofree char *path = NULL;
  g_autofree char *text = NULL;
  g_autofree char *tool = g_find_program_in_path ("pdftotext");
  g_autoptr(GError) error = NULL;

  if (tool == NULL)
    {
      g_test_skip ("pdftotext (poppler-utils) is not installed");
      return;
    }
  folder_init (&folder);
  path = g_build_filename (folder.dir, "a.pdf", NULL);
  expect_leaks_of_cairo (TRUE);
  g_assert_true (rsc_export_scene (scene, NULL, RSC_EXPORT_PDF, 1, path, FALSE, NULL, &error));
  expect_leaks_of_cairo (FALSE);
  text = run_tool ((const char *const[]) { "pdftotext", path, "-", NULL }, &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (text, "Session"));
  g_assert_nonnull (strstr (text, "user 'ada'"));
  g_assert_nonnull (strstr (text, "__dict__"));
  g_assert_nonnull (strstr (text, "\xe8\x8a\x82\xe7\x82\xb9"));
}

/* The share of pixels that differ by more than a little. */
static double
compare (cairo_surface_t *a, cairo_surface_t *b)
{
  int width = cairo_image_surface_get_width (a), height = cairo_image_surface_get_height (a);
  guint different = 0;

  g_assert_cmpint (ABS (width - cairo_image_surface_get_width (b)), <=, 1);
  g_assert_cmpint (ABS (height - cairo_image_surface_get_height (b)), <=, 1);
  for (int y = 0; y < height - 1; y++)
    for (int x = 0; x < width - 1; x++)
      {
        guint32 p = get_pixel (a, x, y), q = get_pixel (b, x, y);

        for (guint shift = 0; shift <= 16; shift += 8)
          if (ABS ((int) (p >> shift & 0xff) - (int) (q >> shift & 0xff)) > 96)
            {
              different++;
              break;
            }
      }
  return (double) different / (width * height);
}

/* The SVG looks like the PNG. */
static void
test_svg_looks_like_png (void)
{
  g_autoptr(RscScene) scene = make_scene ();
  g_auto(Folder) folder = { 0 };
  g_autofree char *tool = g_find_program_in_path ("rsvg-convert");

  if (tool == NULL)
    {
      g_test_skip ("rsvg-convert (librsvg2-bin) is not installed");
      return;
    }
  folder_init (&folder);
  for (guint shift = 0; shift < 4; shift++)
    {
      g_autoptr(RscOverlay) overlay = shift > 0 ? make_overlay (scene, 3 * shift) : NULL;
      g_autofree char *svg = g_build_filename (folder.dir, "a.svg", NULL);
      g_autofree char *png = g_build_filename (folder.dir, "b.png", NULL);
      g_autofree char *output = NULL;
      g_autoptr(GBytes) ours = export (scene, overlay, RSC_EXPORT_PNG, 1);
      g_autoptr(GError) error = NULL;
      cairo_surface_t *a, *b;

      g_assert_true (rsc_export_scene (scene, overlay, RSC_EXPORT_SVG, 1, svg, TRUE, NULL, &error));
      output = run_tool ((const char *const[]) { "rsvg-convert", "-o", png, svg, NULL }, &error);
      g_assert_no_error (error);
      a = load_png (ours);
      b = cairo_image_surface_create_from_png (png);
      g_assert_cmpfloat (compare (a, b), <, 0.02);
      cairo_surface_destroy (a);
      cairo_surface_destroy (b);
    }
}

static void
test_dot_and_json (void)
{
  g_autoptr(RscScene) scene = make_scene ();
  g_autoptr(GBytes) dot = export (scene, NULL, RSC_EXPORT_DOT, 1);
  g_autoptr(GBytes) json = export (scene, NULL, RSC_EXPORT_JSON, 1);
  gsize size;
  const char *text = g_bytes_get_data (dot, &size);
  g_autoptr(GError) error = NULL;
  g_autoptr(RscDotGraph) graph = rsc_layout_parse_dot (text, size, NULL, &error);
  gsize n_nodes;

  g_assert_no_error (error);
  rsc_scene_get_nodes (scene, &n_nodes);
  g_assert_cmpuint (graph->n_nodes, ==, n_nodes);
  g_assert_cmpint (((const char *) g_bytes_get_data (json, NULL))[0], ==, '{');
}

static void
test_no_overwriting (void)
{
  static const RscExportFormat formats[] = { RSC_EXPORT_PNG, RSC_EXPORT_SVG, RSC_EXPORT_PDF, RSC_EXPORT_DOT, RSC_EXPORT_JSON };
  g_autoptr(RscScene) scene = make_scene ();
  g_autoptr(GCancellable) cancelled = g_cancellable_new ();
  g_auto(Folder) folder = { 0 };

  g_cancellable_cancel (cancelled);
  folder_init (&folder);
  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      g_autofree char *path = g_build_filename (folder.dir, "out", NULL);
      g_autofree char *content = NULL;
      g_autoptr(GError) error = NULL;

      g_assert_true (g_file_set_contents (path, "precious", -1, NULL));
      expect_leaks_of_cairo (TRUE);
      g_assert_false (rsc_export_scene (scene, NULL, formats[i], 1, path, FALSE, NULL, &error));
      expect_leaks_of_cairo (FALSE);
      g_assert_error (error, RSC_FORMAT_ERROR, RSC_ERROR_EXISTS);
      g_assert_true (g_file_get_contents (path, &content, NULL, NULL));
      g_assert_cmpstr (content, ==, "precious");
      g_clear_error (&error);
      g_clear_pointer (&content, g_free);
      g_assert_false (rsc_export_scene (scene, NULL, formats[i], 1, path, TRUE, cancelled, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_true (g_file_get_contents (path, &content, NULL, NULL));
      g_assert_cmpstr (content, ==, "precious");
      g_clear_error (&error);
      expect_leaks_of_cairo (TRUE);
      g_assert_true (rsc_export_scene (scene, NULL, formats[i], 1, path, TRUE, NULL, &error));
      expect_leaks_of_cairo (FALSE);
      g_assert_no_error (error);
    }
}

static void
test_format_names (void)
{
  RscExportFormat format;
  g_autoptr(GError) error = NULL;

  g_assert_true (rsc_export_format_from_path ("a/b.PNG", &format, &error) && format == RSC_EXPORT_PNG);
  g_assert_true (rsc_export_format_from_path ("x.gv", &format, &error) && format == RSC_EXPORT_DOT);
  g_assert_false (rsc_export_format_from_path ("x.bmp", &format, &error));
  g_assert_error (error, RSC_FORMAT_ERROR, RSC_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, ".svg"));
}

/* Far wider than cairo's images may be. */
static void
test_wide (void)
{
  g_autoptr(GString) dot = g_string_new ("digraph {");
  g_autoptr(RscScene) scene = NULL;
  g_autoptr(GBytes) png = NULL;
  double width, height;
  cairo_surface_t *surface;

  for (guint i = 1; i < 500; i++)
    g_string_append_printf (dot, "root -> \"a node with a rather long name, number %u\";", i);
  g_string_append_c (dot, '}');
  scene = make_scene_full (dot->str, 1000, FALSE, TRUE);
  rsc_scene_get_size (scene, &width, &height);
  g_assert_cmpfloat (width, >, 33000);
  png = export (scene, NULL, RSC_EXPORT_PNG, 2);
  surface = load_png (png);
  g_assert_cmpint (cairo_image_surface_get_width (surface), <=, 32767);
  g_assert_cmpint (cairo_image_surface_get_width (surface), >, 30000);
  cairo_surface_destroy (surface);
}

/* Below 6 pixels nothing is written; with zoom 0 everything is. */
static void
test_level_of_detail (void)
{
  g_autoptr(RscScene) scene = make_scene ();
  double width, height;
  guint inks[2];

  rsc_scene_get_size (scene, &width, &height);
  for (guint i = 0; i < 2; i++)
    {
      cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, (int) width, (int) height);
      cairo_t *cr = cairo_create (surface);
      RscNodeStyle style;
      const RscSceneNode *node = rsc_scene_get_nodes (scene, NULL);

      rsc_painter_draw (scene, NULL, RSC_THEME_LIGHT, i == 0 ? 0 : 0.5, cr);
      rsc_style_get_node (&style, scene, 0, NULL, RSC_THEME_LIGHT);
      inks[i] = 0;
      for (double y = node->y + 6; y < node->y + node->height - 6; y++)
        for (double x = node->x + 6; x < node->x + node->width - 6; x++)
          inks[i] += get_pixel (surface, x, y) != get_pixel (surface, node->x + 6, node->y + node->height / 2);
      cairo_destroy (cr);
      cairo_surface_destroy (surface);
    }
  g_assert_cmpuint (inks[0], >, 100);
  g_assert_cmpuint (inks[1], ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/label/sizes", test_label_sizes);
  g_test_add_func ("/label/text", test_label_text);
  g_test_add_func ("/label/ink", test_label_ink);
  g_test_add_func ("/scene/scene", test_scene);
  g_test_add_func ("/scene/limit", test_scene_limit);
  g_test_add_func ("/scene/cancel", test_scene_cancel);
  g_test_add_func ("/scene/json", test_scene_json);
  g_test_add_func ("/scene/golden", test_scene_golden);
  g_test_add_func ("/scene/threads", test_threads);
  g_test_add_func ("/style/contrast", test_contrast);
  g_test_add_func ("/scene/weak-edges-are-loose", test_weak_edges_are_loose);
  g_test_add_func ("/style/contrast-of-graphics", test_contrast_of_graphics);
  g_test_add_func ("/style/states-without-color", test_states_without_color);
  g_test_add_func ("/style/objgraph-colors", test_objgraph_colors);
  g_test_add_func ("/painter/level-of-detail", test_level_of_detail);
  g_test_add_func ("/export/svg", test_svg);
  g_test_add_func ("/export/svg-looks-like-png", test_svg_looks_like_png);
  g_test_add_func ("/export/png", test_png);
  g_test_add_func ("/export/too-large", test_too_large);
  g_test_add_func ("/export/pdf", test_pdf);
  g_test_add_func ("/export/allocated-bytes", test_allocated_bytes);
  g_test_add_func ("/export/repeated", test_repeated);
  g_test_add_func ("/export/pdf-text", test_pdf_text);
  g_test_add_func ("/export/dot-and-json", test_dot_and_json);
  g_test_add_func ("/export/no-overwriting", test_no_overwriting);
  g_test_add_func ("/export/format-names", test_format_names);
  g_test_add_func ("/export/wide", test_wide);
  return g_test_run ();
}
