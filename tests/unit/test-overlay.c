#include "random-heap.h"
#include "snapshot/rsc-overlay.h"

static void
test_states (void)
{
  RandomHeapShape shape = { .n_nodes = 10 };
  g_autoptr(RscSnapshot) snapshot = random_heap_new (1, &shape);
  g_autoptr(RscOverlay) overlay = rsc_overlay_new (snapshot);
  g_autoptr(GArray) freed = NULL;

  g_assert_cmpuint (rsc_overlay_count (overlay, RSC_STATE_NONE), ==, 10);
  rsc_overlay_set (overlay, 3, RSC_STATE_FREED, -1, NULL);
  rsc_overlay_set (overlay, 7, RSC_STATE_CYCLE, 2, "2");
  rsc_overlay_set (overlay, 1, RSC_STATE_FREED, 0, "x");
  g_assert_cmpint (rsc_overlay_get_state (overlay, 3), ==, RSC_STATE_FREED);
  g_assert_cmpint (rsc_overlay_get_group (overlay, 3), ==, -1);
  g_assert_cmpint (rsc_overlay_get_group (overlay, 7), ==, 2);
  g_assert_cmpstr (rsc_overlay_get_badge (overlay, 7), ==, "2");
  g_assert_null (rsc_overlay_get_badge (overlay, 3));
  g_assert_cmpuint (rsc_overlay_count (overlay, RSC_STATE_FREED), ==, 2);
  g_assert_cmpuint (rsc_overlay_count (overlay, RSC_STATE_NONE), ==, 7);

  rsc_overlay_set (overlay, 7, RSC_STATE_NONE, -1, NULL);
  g_assert_null (rsc_overlay_get_badge (overlay, 7));
  g_assert_cmpint (rsc_overlay_get_group (overlay, 7), ==, -1);

  freed = rsc_overlay_list (overlay, RSC_STATE_FREED, G_MAXUINT);
  g_assert_cmpuint (freed->len, ==, 2);
  g_assert_cmpuint (g_array_index (freed, RscNode, 0), ==, 1);
  g_assert_cmpuint (g_array_index (freed, RscNode, 1), ==, 3);
  g_array_unref (freed);
  freed = rsc_overlay_list (overlay, RSC_STATE_FREED, 1);
  g_assert_cmpuint (freed->len, ==, 1);
  g_assert_cmpuint (g_array_index (freed, RscNode, 0), ==, 1);
  g_assert_true (rsc_overlay_get_snapshot (overlay) == snapshot);
}

static void
test_words (void)
{
  for (guint a = 0; a < RSC_N_STATES; a++)
    {
      g_assert_cmpstr (rsc_state_get_label ((RscState) a), !=, "");
      for (guint b = 0; b < a; b++)
        g_assert_cmpstr (rsc_state_get_id ((RscState) a), !=, rsc_state_get_id ((RscState) b));
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/overlay/states", test_states);
  g_test_add_func ("/overlay/words", test_words);
  return g_test_run ();
}
