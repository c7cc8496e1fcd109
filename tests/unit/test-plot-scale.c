/* What the plot of the memory says at its edges, and how collections come into columns. */
#include "config.h"

#include "app/rsc-plot-scale.h"

static void
test_time_steps (void)
{
  /* 200 px of 10 s, ticks at least 50 px apart: four at most. */
  g_assert_cmpfloat (rsc_plot_get_time_step (10, 200, 50), ==, 5);
  g_assert_cmpfloat (rsc_plot_get_time_step (8, 200, 50), ==, 2);
  g_assert_cmpfloat (rsc_plot_get_time_step (0.5, 200, 50), ==, 0.2);
  g_assert_cmpfloat (rsc_plot_get_time_step (3600, 200, 50), ==, 900);
  /* Of any length, and where there is no room at all. */
  for (double seconds = 0.1; seconds < 1e8; seconds *= 1.7)
    for (double width = 0; width < 3000; width += 137)
      {
        double step = rsc_plot_get_time_step (seconds, width, 60);

        g_assert_cmpfloat (step, >, 0);
        if (width > 0)
          g_assert_cmpfloat (width * step / seconds, >=, 60 - 1e-6);
      }
}

static void
assert_time (double seconds, const char *expected)
{
  g_autofree char *text = rsc_plot_dup_time (seconds);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_times (void)
{
  assert_time (0, "0");
  assert_time (0.2, "0.2 s");
  assert_time (1, "1 s");
  assert_time (3 * 0.1 * 10, "3 s");
  assert_time (45, "45 s");
  assert_time (60, "1 min");
  assert_time (90, "1:30 min");
  assert_time (605, "10:05 min");
  assert_time (3600, "1 h");
  assert_time (5400, "1:30 h");
  assert_time (48 * 3600, "48 h");
}

static void
assert_bytes (guint64 bytes, guint64 step, const char *expected)
{
  g_autofree char *text = rsc_plot_dup_bytes (bytes, step);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_bytes (void)
{
  const guint64 mib = 1 << 20;

  g_assert_cmpuint (rsc_plot_get_byte_step (0, 3), ==, 1024);
  g_assert_cmpuint (rsc_plot_get_byte_step (11 * mib, 3), ==, 5 * mib);
  g_assert_cmpuint (rsc_plot_get_byte_step (15 * mib, 3), ==, 5 * mib);
  g_assert_cmpuint (rsc_plot_get_byte_step (15 * mib + 1, 3), ==, 10 * mib);
  g_assert_cmpuint (rsc_plot_get_byte_step (1500 * mib, 3), ==, 500 * mib);
  g_assert_cmpuint (rsc_plot_get_byte_step (1501 * mib, 3), ==, 1024 * mib);
  g_assert_cmpuint (rsc_plot_get_byte_step (G_MAXUINT64, 2), >, G_MAXUINT64 / 2);
  assert_bytes (0, 5 * mib, "0");
  assert_bytes (15 * mib, 5 * mib, "15\302\240MiB");
  assert_bytes (20 << 10, 10 << 10, "20\302\240KiB");
  /* In the unit of the lines. */
  assert_bytes (1500 * mib, 500 * mib, "1500\302\240MiB");
}

static void
add (GArray *recorded, guint generation, double seconds, double duration)
{
  RscRecordedCollection item = { .seconds = seconds, .duration = duration, .generation = generation, .stands_for = 1, .together = duration };

  g_array_append_val (recorded, item);
}

static void
test_bins (void)
{
  g_autoptr (GArray) recorded = g_array_new (FALSE, FALSE, sizeof (RscRecordedCollection));
  RscPlotBin bins[RSC_PLOT_GENERATIONS * 10];

  add (recorded, 0, 0.1, 0.001);
  add (recorded, 0, 0.2, 0.003);
  add (recorded, 0, 0.3, 0.002);
  add (recorded, 2, 4.5, 2.0);   /* lasts into three columns */
  add (recorded, 2, 5.9, 0.01);  /* a shorter one within does not hide it */
  add (recorded, 1, 10, 0.5);    /* at the very end, and beyond */
  g_array_index (recorded, RscRecordedCollection, 5).stands_for = 4;
  g_array_index (recorded, RscRecordedCollection, 5).together = 0.7;
  rsc_plot_fill_bins (recorded, 10, 10, bins);

  g_assert_cmpuint (bins[0].count, ==, 3);
  g_assert_cmpuint (bins[0].longest, ==, 1);
  g_assert_cmpfloat_with_epsilon (bins[0].total, 0.006, 1e-9);
  g_assert_false (bins[1].any);
  g_assert_false (bins[20 + 3].any);
  g_assert_cmpuint (bins[20 + 4].count, ==, 1);
  for (guint i = 4; i <= 6; i++)
    {
      g_assert_true (bins[20 + i].any);
      g_assert_cmpuint (bins[20 + i].longest, ==, 3);
      g_assert_cmpfloat (bins[20 + i].duration, ==, 2.0);
    }
  g_assert_cmpuint (bins[20 + 5].count, ==, 1);
  g_assert_cmpuint (bins[20 + 6].count, ==, 0);
  g_assert_false (bins[20 + 7].any);
  g_assert_cmpuint (bins[10 + 9].longest, ==, 5);
  g_assert_cmpuint (bins[10 + 9].count, ==, 4);
  g_assert_cmpfloat (bins[10 + 9].total, ==, 0.7);

  /* Of a time that is nothing there is nothing. */
  rsc_plot_fill_bins (recorded, 0, 10, bins);
  g_assert_false (bins[0].any);
  rsc_plot_fill_bins (recorded, 10, 0, bins);
}

/* However many there are, none gets lost. */
static void
test_many (void)
{
  g_autoptr (GArray) recorded = g_array_new (FALSE, FALSE, sizeof (RscRecordedCollection));
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  guint n_bins = 137, n = 0;
  g_autofree RscPlotBin *bins = g_new (RscPlotBin, RSC_PLOT_GENERATIONS * n_bins);
  double longest = 0;

  for (guint i = 0; i < 4000; i++)
    add (recorded, (guint) g_rand_int_range (rand, 0, 3), i * 0.01, g_rand_double_range (rand, 0, 0.05));
  rsc_plot_fill_bins (recorded, 40, n_bins, bins);
  for (guint i = 0; i < RSC_PLOT_GENERATIONS * n_bins; i++)
    {
      n += bins[i].count;
      longest = MAX (longest, bins[i].duration);
    }
  g_assert_cmpuint (n, ==, 4000);
  for (guint i = 0; i < recorded->len; i++)
    g_assert_cmpfloat (g_array_index (recorded, RscRecordedCollection, i).duration, <=, longest);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/plot-scale/time-steps", test_time_steps);
  g_test_add_func ("/plot-scale/times", test_times);
  g_test_add_func ("/plot-scale/bytes", test_bytes);
  g_test_add_func ("/plot-scale/bins", test_bins);
  g_test_add_func ("/plot-scale/many", test_many);

  return g_test_run ();
}
