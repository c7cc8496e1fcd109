#include "base/rsc-error.h"
#include "collect/rsc-thresholds.h"
#include "snapshot/rsc-snapshot-builder.h"

#include <math.h>

#define N_SEEDS 400

/* CPython's counter, one allocation after the other, and the lists as plain numbers. */

typedef struct
{
  guint64 count[3], threshold[3], total, pending;
  guint64 old[3], new[3];
} Naive;

static guint
naive_allocate (Naive *self, const RscThresholdsStart *start, RscThresholdsCollection *collection)
{
  guint64 examined = 0, survivors = 0, old = 0;
  int chosen = -1;

  if (!start->tracked_late)
    self->new[0]++;
  self->count[0]++;
  if (self->threshold[0] == 0 || self->count[0] <= self->threshold[0])
    {
      self->new[0] += start->tracked_late;
      return 3;
    }

  for (int i = 2; i >= 0 && chosen < 0; i--)
    if (self->count[i] > self->threshold[i] && !(i == 2 && self->pending < self->total / 4))
      chosen = i;
  g_assert_cmpint (chosen, >=, 0);

  if (chosen < 2)
    self->count[chosen + 1]++;
  for (int i = 0; i <= chosen; i++)
    self->count[i] = 0;
  for (int i = 0; i <= chosen; i++)
    {
      examined += self->old[i] + self->new[i];
      old += self->old[i];
      survivors += (guint64) llround ((double) self->new[i] * start->survive[i]);
      self->old[i] = self->new[i] = 0;
    }
  self->old[MIN (chosen + 1, 2)] += old;
  self->new[MIN (chosen + 1, 2)] += survivors;
  survivors += old;
  if (chosen == 1)
    self->pending += survivors;
  if (chosen == 2)
    {
      self->pending = 0;
      self->total = survivors;
    }
  self->new[0] += start->tracked_late;
  *collection = (RscThresholdsCollection) { .generation = (guint) chosen, .examined = examined, .survivors = survivors };

  return (guint) chosen;
}

static void
check_one (const RscThresholdsStart *start, guint64 totals[3])
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RscThresholdsOutcome) outcome = rsc_thresholds_simulate (start, NULL, &error);
  guint64 n = 0, peak = 0, collections[3] = { 0 }, freed = 0;
  RscThresholdsCollection expected;
  Naive naive = { .total = start->counter.long_lived_total, .pending = start->counter.long_lived_pending };
  guint g;

  g_assert_no_error (error);
  for (guint i = 0; i < 3; i++)
    {
      naive.count[i] = start->counter.counts[i];
      naive.threshold[i] = start->counter.thresholds[i];
      naive.old[i] = start->sizes[i];
    }
  for (guint64 at = 1; at <= start->allocations; at++)
    {
      const RscThresholdsCollection *found;
      guint64 before = 1;

      for (guint i = 0; i < 3; i++)
        before += naive.old[i] + naive.new[i];
      peak = MAX (peak, before);
      g = naive_allocate (&naive, start, &expected);
      if (g > 2)
        continue;
      g_assert_cmpuint (n, <, outcome->listed->len);
      expected.allocations = at;
      found = &g_array_index (outcome->listed, RscThresholdsCollection, n);
      g_assert_cmpuint (found->allocations, ==, expected.allocations);
      g_assert_cmpuint (found->generation, ==, expected.generation);
      g_assert_cmpuint (found->examined, ==, expected.examined);
      g_assert_cmpuint (found->survivors, ==, expected.survivors);
      freed += expected.examined - expected.survivors;
      collections[g]++;
      totals[g]++;
      n++;
    }
  g_assert_cmpuint (n, ==, outcome->listed->len);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpuint (outcome->collections[i], ==, collections[i]);
  g_assert_cmpuint (outcome->freed, ==, freed);
  if (start->allocations > 0)
    g_assert_cmpuint (outcome->peak_objects, ==, peak);

  if (outcome->until_next == 0)
    {
      g_assert_cmpuint (start->counter.thresholds[0], ==, 0);
      return;
    }
  for (guint64 i = 1; i < outcome->until_next; i++)
    g_assert_cmpuint (naive_allocate (&naive, start, &expected), ==, 3);
  g_assert_cmpuint (naive_allocate (&naive, start, &expected), ==, outcome->next_generation);
}

static void
test_random (void)
{
  guint64 totals[3] = { 0 };

  for (guint32 seed = 0; seed < N_SEEDS; seed++)
    {
      g_autoptr(GRand) rand = g_rand_new_with_seed (seed);
      RscThresholdsStart start = {
        .allocations = (guint64) g_rand_int_range (rand, 0, 3000),
        .tracked_late = seed % 2,
      };

      for (guint g = 0; g < 3; g++)
        {
          start.counter.thresholds[g] = (guint64) g_rand_int_range (rand, g == 0 && seed % 20 != 0, g == 0 ? 60 : 6);
          start.counter.counts[g] = (guint64) g_rand_int_range (rand, 0, g == 0 ? 80 : 9);
          start.sizes[g] = (guint64) g_rand_int_range (rand, 0, 200);
          start.survive[g] = seed % 4 == 0 ? 1 : seed % 4 == 1 ? 0 : g_rand_double (rand);
        }
      start.counter.long_lived_total = (guint64) g_rand_int_range (rand, 0, 2000);
      start.counter.long_lived_pending = (guint64) g_rand_int_range (rand, 0, 200);
      check_one (&start, totals);
    }

  /* Each of them happened. */
  for (guint g = 0; g < 3; g++)
    g_assert_cmpuint (totals[g], >, 100);
}

/* The rule's rarely seen part: a full collection waits until enough has come. */
static void
test_long_lived (void)
{
  RscThresholdsStart start = {
    .counter = { .thresholds = { 1, 1, 1 }, .long_lived_total = 400 },
    .allocations = 1000,
    .survive = { 1, 1, 1 },
  };
  g_autoptr(RscThresholdsOutcome) outcome = rsc_thresholds_simulate (&start, NULL, NULL);
  guint n = 0;

  g_assert_nonnull (outcome);
  while (g_array_index (outcome->listed, RscThresholdsCollection, n).generation != 2)
    n++;
  /* With each 2nd allocation a collection, each 3rd of which is of generation 1 and brings 6 objects: 17 of them bring
   * more than the 100 that are a quarter. */
  g_assert_cmpuint (g_array_index (outcome->listed, RscThresholdsCollection, n).allocations, ==, 17 * 6 + 2);

  start.counter.long_lived_total = 400000;
  g_clear_pointer (&outcome, rsc_thresholds_outcome_free);
  outcome = rsc_thresholds_simulate (&start, NULL, NULL);
  g_assert_cmpuint (outcome->collections[2], ==, 0);
}

static void
test_bounds (void)
{
  RscThresholdsStart start = {
    .counter = { .thresholds = { 1, RSC_THRESHOLD_MAX, RSC_THRESHOLD_MAX } },
    .allocations = 4 * RSC_THRESHOLDS_MAX_LISTED,
    .survive = { 1, 1, 1 },
  };
  g_autoptr(GError) error = NULL;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(RscThresholdsOutcome) outcome = rsc_thresholds_simulate (&start, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (outcome->listed->len, ==, RSC_THRESHOLDS_MAX_LISTED);
  g_assert_cmpuint (outcome->collections[0], ==, 2 * RSC_THRESHOLDS_MAX_LISTED);

  start.allocations = RSC_THRESHOLDS_MAX_ALLOCATIONS;
  g_assert_null (rsc_thresholds_simulate (&start, NULL, &error));
  g_assert_error (error, RSC_ANALYSIS_ERROR, RSC_ERROR_LIMIT);
  g_clear_error (&error);

  start.counter.thresholds[0] = 0;
  g_clear_pointer (&outcome, rsc_thresholds_outcome_free);
  outcome = rsc_thresholds_simulate (&start, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (outcome->until_next, ==, 0);

  g_cancellable_cancel (cancellable);
  g_assert_null (rsc_thresholds_simulate (&start, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static GVariant *
numbers (guint a, guint b, guint c)
{
  guint32 values[] = { a, b, c };

  return g_variant_new_fixed_array (G_VARIANT_TYPE_UINT32, values, 3, sizeof values[0]);
}

static RscSnapshot *
snapshot_new (const char *version, gboolean long_lived)
{
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
  g_autoptr(GError) error = NULL;
  RscSnapshot *snapshot;

  rsc_snapshot_builder_set_info (builder, "version", g_variant_new_string (version));
  rsc_snapshot_builder_set_info (builder, "gc-counts", numbers (5, 6, 7));
  rsc_snapshot_builder_set_info (builder, "gc-thresholds", numbers (700, 10, 11));
  rsc_snapshot_builder_set_info (builder, "gc-stats", g_variant_new_parsed ("[(@t 9, @t 0, @t 0), (3, 0, 0), (1, 0, 0)]"));
  rsc_snapshot_builder_set_info (builder, "generations",
                                 g_variant_new_parsed ("[('main', @u 0, @t 50), ('main', 1, 60), ('main', 2, 70), ('main', 3, 80)]"));
  if (long_lived)
    {
      rsc_snapshot_builder_set_info (builder, "gc-hidden", g_variant_new_parsed ("(@t 1, @t 2, @t 3)"));
      rsc_snapshot_builder_set_info (builder, "gc-long-lived", g_variant_new ("(tt)", G_GUINT64_CONSTANT (66), G_GUINT64_CONSTANT (4)));
    }
  snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, &error);
  g_assert_no_error (error);

  return snapshot;
}

static void
test_read (void)
{
  static const struct
  {
    const char *version;
    gboolean late, good;
  } versions[] = {
    { "3.10.13", TRUE, TRUE }, { "3.11.2", TRUE, TRUE }, { "3.12.0", FALSE, TRUE }, { "3.13.5", FALSE, TRUE }, { "3.14.4", FALSE, FALSE },
    { "3.14.5", FALSE, TRUE },  { "3.15.2", FALSE, TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (versions); i++)
    for (guint known = 0; known < 2; known++)
      {
        g_autoptr(RscSnapshot) snapshot = snapshot_new (versions[i].version, known != 0);
        g_autoptr(GError) error = NULL;
        RscThresholdsStart start;
        gboolean long_lived_known;

        g_assert_true (rsc_thresholds_read (snapshot, &start, &long_lived_known, &error) == versions[i].good);
        if (!versions[i].good)
          {
            g_assert_error (error, RSC_ANALYSIS_ERROR, RSC_ERROR_UNSUPPORTED);
            continue;
          }
        g_assert_no_error (error);
        g_assert_true (start.tracked_late == versions[i].late);
        g_assert_true (long_lived_known == (known != 0));
        g_assert_cmpuint (start.counter.long_lived_total, ==, known ? 66 : 70);
        g_assert_cmpuint (start.counter.long_lived_pending, ==, known ? 4 : 0);
        g_assert_cmpuint (start.counter.counts[1], ==, 6);
        g_assert_cmpuint (start.counter.thresholds[2], ==, 11);
        g_assert_cmpuint (start.sizes[2], ==, known ? 73 : 70);
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/thresholds/random", test_random);
  g_test_add_func ("/thresholds/long-lived", test_long_lived);
  g_test_add_func ("/thresholds/bounds", test_bounds);
  g_test_add_func ("/thresholds/read", test_read);

  return g_test_run ();
}
