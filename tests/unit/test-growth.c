/* Growth over a series: against numbers that are known. */

#include "analysis/rsc-growth.h"
#include "small-heap.h"

static RscSnapshot *
make_heap (guint sessions, guint texts, guint others, gint64 captured_at)
{
  SmallHeap heap;

  small_heap_init (&heap);
  /* Types need not have the same number in each heap. */
  for (guint i = 0; i < texts; i++)
    small_heap_text (&heap, "text");
  for (guint i = 0; i < sessions; i++)
    small_heap_node (&heap, "app.Session", NULL, 0);
  for (guint i = 0; i < others; i++)
    small_heap_node (&heap, "other.Session", NULL, 0);
  if (captured_at != 0)
    rsc_snapshot_builder_set_info (heap.builder, "captured-at", g_variant_new_int64 (captured_at));
  return small_heap_freeze (&heap);
}

typedef struct
{
  guint sessions, texts, others;
  gint64 hours;
} Heap;

static RscGrowth *
grow (const Heap *heaps, guint n)
{
  RscGrowth *growth = rsc_growth_new ();

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GError) error = NULL;
      RscSnapshot *snapshot = make_heap (heaps[i].sessions, heaps[i].texts, heaps[i].others,
                                         heaps[i].hours * 3600 * G_USEC_PER_SEC);

      g_assert_true (rsc_growth_add (growth, snapshot, NULL, NULL, &error));
      g_assert_no_error (error);
      rsc_snapshot_unref (snapshot);
    }
  g_assert_cmpuint (rsc_growth_get_n_heaps (growth), ==, n);
  return growth;
}

static void
test_series (void)
{
  static const Heap heaps[] = { { 1, 5, 0, 10 }, { 3, 1005, 0, 11 }, { 5, 2005, 7, 12 }, { 7, 1005, 7, 13 } };
  g_autoptr (RscGrowth) growth = grow (heaps, 4);
  g_autoptr (GPtrArray) rows = rsc_growth_compute (growth, FALSE);
  const RscGrowthRow *row;

  g_assert_true (rsc_growth_has_times (growth));
  g_assert_cmpuint (rsc_growth_find_disorder (growth), ==, 0);
  g_assert_cmpuint (rows->len, ==, 3);

  /* The one that grew in each step comes first, though it grew by the least. */
  row = g_ptr_array_index (rows, 0);
  g_assert_cmpstr (row->module, ==, "app");
  g_assert_cmpstr (row->type, ==, "Session");
  g_assert_cmpuint (row->grew, ==, 3);
  g_assert_cmpint (row->growth, ==, 6);
  g_assert_cmpint (row->bytes_growth, ==, 6 * 64);
  g_assert_true (row->monotonic);
  g_assert_cmpfloat_with_epsilon (row->per_step, 2, 1e-9);
  g_assert_cmpfloat_with_epsilon (row->per_hour, 2, 1e-9);
  g_assert_cmpuint (row->counts[2], ==, 5);
  g_assert_cmpuint (row->bytes[3], ==, 7 * 64);

  row = g_ptr_array_index (rows, 1);
  g_assert_cmpstr (row->type, ==, "str");
  g_assert_cmpuint (row->grew, ==, 2);
  g_assert_cmpint (row->growth, ==, 1000);
  g_assert_false (row->monotonic);
  /* x: -1.5 -0.5 0.5 1.5, y: -1000 0 1000 0: 2000 / 5 */
  g_assert_cmpfloat_with_epsilon (row->per_step, 400, 1e-9);

  /* A type that came later was 0 before; it is not the one of the same name. */
  row = g_ptr_array_index (rows, 2);
  g_assert_cmpstr (row->module, ==, "other");
  g_assert_cmpuint (row->counts[0], ==, 0);
  g_assert_cmpuint (row->grew, ==, 1);
  g_assert_true (row->monotonic);
}

static void
test_two (void)
{
  static const Heap heaps[] = { { 4, 9, 3, 0 }, { 4, 2, 5, 7 } };
  g_autoptr (RscGrowth) growth = grow (heaps, 2);
  g_autoptr (GPtrArray) rows = rsc_growth_compute (growth, FALSE), every = rsc_growth_compute (growth, TRUE);
  const RscGrowthRow *row = g_ptr_array_index (rows, 0);

  g_assert_false (rsc_growth_has_times (growth));
  g_assert_cmpuint (rows->len, ==, 1);
  g_assert_cmpint (row->growth, ==, 2);
  g_assert_cmpfloat_with_epsilon (row->per_step, 2, 1e-9);
  g_assert_cmpuint (every->len, ==, 3);
  row = g_ptr_array_index (every, 2);
  g_assert_cmpstr (row->type, ==, "str");
  g_assert_cmpint (row->growth, ==, -7);
  g_assert_false (row->monotonic);
}

static void
test_order (void)
{
  static const Heap heaps[] = { { 1, 1, 1, 5 }, { 2, 1, 1, 6 }, { 3, 1, 1, 2 } };
  g_autoptr (RscGrowth) growth = grow (heaps, 3);

  g_assert_false (rsc_growth_has_times (growth));
  g_assert_cmpuint (rsc_growth_find_disorder (growth), ==, 2);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/growth/series", test_series);
  g_test_add_func ("/growth/two", test_two);
  g_test_add_func ("/growth/order", test_order);
  return g_test_run ();
}
