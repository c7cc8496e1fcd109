/* The canvas's geometry. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "app/rsc-viewport.h"
#include "test-scene.h"

#define EPSILON 1e-6

static RscViewport
make_viewport (double width, double height, double scene_width, double scene_height)
{
  return (RscViewport) { .zoom = 1, .width = width, .height = height, .scene_width = scene_width, .scene_height = scene_height };
}

static void
assert_near (double a, double b)
{
  g_assert_cmpfloat_with_epsilon (a, b, EPSILON);
}

static void
test_round_trip (void)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed (1);

  for (guint i = 0; i < 1000; i++)
    {
      RscViewport v = make_viewport (800, 600, 3000, 2000);
      double x = g_rand_double_range (rand, -100, 900), y = g_rand_double_range (rand, -100, 700);
      RscPoint scene, back;

      v.zoom = g_rand_double_range (rand, 0.02, 4);
      v.x = g_rand_double_range (rand, -500, 3000);
      v.y = g_rand_double_range (rand, -500, 2000);
      scene = rsc_viewport_to_scene (&v, x, y);
      back = rsc_viewport_to_widget (&v, scene.x, scene.y);
      assert_near (back.x, x);
      assert_near (back.y, y);
    }
}

/* The point under the pointer stays under it, unless the scene would leave. */
static void
test_zoom_at_pointer (void)
{
  RscViewport v = make_viewport (800, 600, 3000, 2000);
  RscPoint before, after;

  v.x = 700;
  v.y = 500;
  before = rsc_viewport_to_scene (&v, 123, 456);
  for (guint i = 0; i < 6; i++)
    rsc_viewport_zoom_at (&v, v.zoom * 1.3, 123, 456);
  after = rsc_viewport_to_scene (&v, 123, 456);
  assert_near (before.x, after.x);
  assert_near (before.y, after.y);
  for (guint i = 0; i < 100; i++)
    rsc_viewport_zoom_at (&v, v.zoom * 1.3, 123, 456);
  assert_near (v.zoom, RSC_VIEWPORT_MAX_ZOOM);
  for (guint i = 0; i < 200; i++)
    rsc_viewport_zoom_at (&v, v.zoom / 1.3, 400, 300);
  assert_near (v.zoom, RSC_VIEWPORT_MIN_ZOOM);
}

static void
test_fit (void)
{
  static const double sizes[][2] = { { 100, 50 }, { 3000, 2000 }, { 100000, 300 }, { 40, 90000 }, { 0, 0 } };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      RscViewport v = make_viewport (800, 600, sizes[i][0], sizes[i][1]);
      RscPoint corner, far;

      rsc_viewport_fit (&v);
      g_assert_cmpfloat (v.zoom, <=, 1);
      corner = rsc_viewport_to_widget (&v, 0, 0);
      far = rsc_viewport_to_widget (&v, sizes[i][0], sizes[i][1]);
      g_assert_cmpfloat (corner.x, >=, -EPSILON);
      g_assert_cmpfloat (corner.y, >=, -EPSILON);
      g_assert_cmpfloat (far.x, <=, 800 + EPSILON);
      g_assert_cmpfloat (far.y, <=, 600 + EPSILON);
      assert_near (corner.x + far.x, 800);
    }
}

static void
test_first (void)
{
  RscViewport small = make_viewport (800, 600, 300, 200), large = make_viewport (800, 600, 20000, 900);
  RscPoint at;

  rsc_viewport_first (&small, (RscPoint) { 10, 10 });
  assert_near (small.zoom, 1);
  rsc_viewport_first (&large, (RscPoint) { 9000, 40 });
  assert_near (large.zoom, RSC_VIEWPORT_LEGIBLE_ZOOM);
  at = rsc_viewport_to_widget (&large, 9000, 40);
  assert_near (at.x, 400);
  g_assert_cmpfloat (at.y, >, 0);
  g_assert_cmpfloat (at.y, <, 300);
}

static void
test_pan_keeps_sight (void)
{
  static const double ways[][2] = { { 1e6, 0 }, { -1e6, 0 }, { 0, 1e6 }, { 0, -1e6 }, { 1e6, 1e6 } };

  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      RscViewport v = make_viewport (800, 600, 3000, 2000);
      RscPoint corner, far;

      v.zoom = 0.5;
      rsc_viewport_pan (&v, ways[i][0], ways[i][1]);
      corner = rsc_viewport_to_widget (&v, 0, 0);
      far = rsc_viewport_to_widget (&v, 3000, 2000);
      g_assert_cmpfloat (corner.x, <=, 800 - 60);
      g_assert_cmpfloat (corner.y, <=, 600 - 60);
      g_assert_cmpfloat (far.x, >=, 60);
      g_assert_cmpfloat (far.y, >=, 60);
    }
}

static void
test_reveal (void)
{
  RscViewport v = make_viewport (800, 600, 3000, 2000), before;
  RscSceneNode node = { 1500, 900, 100, 40, NULL };
  RscBox box;

  rsc_viewport_reveal (&v, &node);
  box = rsc_viewport_box_to_widget (&v, &node);
  g_assert_cmpfloat (box.x, >=, 0);
  g_assert_cmpfloat (box.x + box.width, <=, 800);
  g_assert_cmpfloat (box.y + box.height, <=, 600);
  before = v;
  rsc_viewport_reveal (&v, &node);
  g_assert_cmpmem (&v, sizeof v, &before, sizeof before);
}

static void
test_resize_keeps_middle (void)
{
  RscViewport v = make_viewport (800, 600, 3000, 2000);
  RscPoint before, after;

  v.x = 300;
  v.zoom = 0.7;
  before = rsc_viewport_to_scene (&v, 400, 300);
  rsc_viewport_resize (&v, 500, 900);
  after = rsc_viewport_to_scene (&v, 250, 450);
  assert_near (before.x, after.x);
  assert_near (before.y, after.y);
}

static void
test_interpolate (void)
{
  RscViewport a = make_viewport (800, 600, 3000, 2000), b = a, v;

  b.x = 1000;
  b.zoom = 0.25;
  rsc_viewport_interpolate (&v, &a, &b, 0);
  assert_near (v.x, a.x);
  assert_near (v.zoom, a.zoom);
  rsc_viewport_interpolate (&v, &a, &b, 0.5);
  assert_near (v.zoom, 0.5);
  rsc_viewport_interpolate (&v, &a, &b, 1);
  g_assert_cmpmem (&v, sizeof v, &b, sizeof b);
}

static void
test_map (void)
{
  RscViewport v = make_viewport (800, 600, 3000, 2000);
  double zoom;
  RscPoint middle;
  RscBox box;

  g_assert_true (rsc_viewport_get_map (&v, &box, &zoom));
  g_assert_cmpfloat (box.x + box.width, <=, 800);
  g_assert_cmpfloat (box.y + box.height, <=, 600);
  assert_near (box.width / box.height, 1.5);
  rsc_viewport_go_by_map (&v, box.x + box.width / 4, box.y + box.height / 2);
  middle = rsc_viewport_to_scene (&v, 400, 300);
  assert_near (middle.x, 750);
  assert_near (middle.y, 1000);
  rsc_viewport_fit (&v);
  g_assert_false (rsc_viewport_get_map (&v, &box, &zoom));
}

static RscScene *
make_scene (const char *dot, guint max_depth)
{
  RscViewParams params = RSC_VIEW_PARAMS_INIT;

  params.max_depth = max_depth;
  return test_scene_new_from_dot (dot, &params);
}

static void
test_find_next (void)
{
  g_autoptr(RscScene) scene = make_scene ("digraph { A -> B; A -> C; B -> D; C -> E }", 5);
  const RscSceneNode *nodes = rsc_scene_get_nodes (scene, NULL);
  gssize a = rsc_viewport_find_id (scene, "o1"), b = rsc_viewport_find_id (scene, "o2");
  gssize c = rsc_viewport_find_id (scene, "o3"), d = rsc_viewport_find_id (scene, "o4");
  gssize left = nodes[b].x < nodes[c].x ? b : c, right = left == b ? c : b;

  g_assert_cmpint (rsc_viewport_find_next (scene, (gsize) b, RSC_WAY_DOWN), ==, d);
  g_assert_cmpint (rsc_viewport_find_next (scene, (gsize) b, RSC_WAY_UP), ==, a);
  g_assert_cmpint (rsc_viewport_find_next (scene, (gsize) left, RSC_WAY_RIGHT), ==, right);
  g_assert_cmpint (rsc_viewport_find_next (scene, (gsize) right, RSC_WAY_LEFT), ==, left);
  g_assert_cmpint (rsc_viewport_find_next (scene, (gsize) a, RSC_WAY_UP), ==, -1);
}

static void
test_anchor (void)
{
  g_autoptr(RscScene) small = make_scene ("digraph { A -> B; A -> C; B -> D; C -> E }", 1);
  g_autoptr(RscScene) large = make_scene ("digraph { A -> B; A -> C; B -> D; C -> E }", 5);
  g_autoptr(RscScene) other = make_scene ("digraph { o900 -> o901 }", 5);
  gsize from = 99, to = 99;

  g_assert_true (rsc_viewport_choose_anchor (small, large, "o3", (RscPoint) { 0, 0 }, &from, &to));
  g_assert_cmpint ((gssize) from, ==, rsc_viewport_find_id (small, "o3"));
  g_assert_cmpint ((gssize) to, ==, rsc_viewport_find_id (large, "o3"));
  /* One that only the new one has: the nearest to the middle instead. */
  g_assert_true (rsc_viewport_choose_anchor (small, large, "o4", (RscPoint) { 0, -1000 }, &from, &to));
  g_assert_cmpint ((gssize) from, ==, rsc_viewport_find_id (small, "o1"));
  g_assert_false (rsc_viewport_choose_anchor (small, other, NULL, (RscPoint) { 0, 0 }, &from, &to));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/viewport/round-trip", test_round_trip);
  g_test_add_func ("/viewport/zoom-at-pointer", test_zoom_at_pointer);
  g_test_add_func ("/viewport/fit", test_fit);
  g_test_add_func ("/viewport/first", test_first);
  g_test_add_func ("/viewport/pan-keeps-sight", test_pan_keeps_sight);
  g_test_add_func ("/viewport/reveal", test_reveal);
  g_test_add_func ("/viewport/resize-keeps-middle", test_resize_keeps_middle);
  g_test_add_func ("/viewport/interpolate", test_interpolate);
  g_test_add_func ("/viewport/map", test_map);
  g_test_add_func ("/viewport/find-next", test_find_next);
  g_test_add_func ("/viewport/anchor", test_anchor);
  return g_test_run ();
}
