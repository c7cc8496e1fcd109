#include "base/rsc-error.h"
#include "collect/rsc-threshold-model.h"

#include <math.h>
#include <string.h>

/* A program and CPython's collector, object by object. */

typedef struct
{
  guint64 death;    /* from this allocation on nobody reaches it */
  guint generation;
} Object;

typedef struct
{
  guint64 n;             /* allocations */
  guint64 asked_at;      /* gc.collect () at this allocation; 0: never */
  gboolean mortal;       /* some die late */
} Program;

static guint64
get_death (const Program *program, guint64 at)
{
  if (at % 10 < 4)
    return at + 1;
  if (program->mortal && at % 10 < 6)
    return at + 1000 + at % 7 * 500;

  return G_MAXUINT64;
}

static void
collect (GArray *objects, guint generation, guint64 at, GArray *log, RscGcCounter *counter)
{
  RscLoggedCollection collection = { .generation = generation };
  guint64 examined = 0;
  guint kept = 0;

  for (guint i = 0; i < objects->len; i++)
    {
      Object object = g_array_index (objects, Object, i);

      collection.sizes[object.generation]++;
      if (object.generation <= generation)
        {
          examined++;
          if (object.death <= at)
            {
              collection.unreachable++;
              continue;
            }
          object.generation = MIN (generation + 1, 2);
        }
      g_array_index (objects, Object, kept++) = object;
    }
  g_array_set_size (objects, kept);
  collection.seconds = 1e-7 * (double) examined;
  g_array_append_val (log, collection);

  if (generation < 2)
    counter->counts[generation + 1]++;
  for (guint g = 0; g <= generation; g++)
    counter->counts[g] = 0;
  if (generation == 1)
    counter->long_lived_pending += examined - collection.unreachable;
  if (generation == 2)
    {
      counter->long_lived_pending = 0;
      counter->long_lived_total = examined - collection.unreachable;
    }
}

/* The record of a run; @peak: the most objects at once. */
static GArray *
run (const Program *program, const guint64 thresholds[3], guint64 *peak)
{
  g_autoptr(GArray) objects = g_array_new (FALSE, FALSE, sizeof (Object));
  GArray *log = g_array_new (FALSE, FALSE, sizeof (RscLoggedCollection));
  RscGcCounter counter = { .counts = { 0 } };

  *peak = 0;
  for (guint64 at = 1; at <= program->n; at++)
    {
      Object object = { .death = get_death (program, at) };
      guint generation = 0;

      g_array_append_val (objects, object);
      *peak = MAX (*peak, objects->len);
      counter.counts[0]++;
      if (counter.counts[0] > thresholds[0] && thresholds[0] > 0)
        {
          if (counter.counts[2] > thresholds[2] && counter.long_lived_pending >= counter.long_lived_total / 4)
            generation = 2;
          else if (counter.counts[1] > thresholds[1])
            generation = 1;
          collect (objects, generation, at, log, &counter);
        }
      if (at == program->asked_at)
        collect (objects, 2, at, log, &counter);
    }
  /* The program's end */
  collect (objects, 2, G_MAXUINT64, log, &counter);

  return log;
}

static void
assert_near (double value, double expected, double share)
{
  if (fabs (value - expected) > share * expected)
    g_error ("%g is not near %g", value, expected);
}

/* With the record of the real run with these thresholds, without its end. */
static void
compare (const RscThresholdsRun *predicted, const GArray *log, guint64 peak, double share)
{
  RscThresholdsRun real = { .seconds = 0 };

  for (guint i = 0; i + 1 < log->len; i++)
    {
      const RscLoggedCollection *collection = &g_array_index (log, RscLoggedCollection, i);

      real.collections[collection->generation]++;
      for (guint g = 0; g <= collection->generation; g++)
        real.examined += collection->sizes[g];
      real.seconds += collection->seconds;
      real.longest = MAX (real.longest, collection->seconds);
      real.freed += collection->unreachable;
    }
  for (guint g = 0; g < 3; g++)
    g_assert_cmpuint (predicted->collections[g], ==, real.collections[g]);
  assert_near ((double) predicted->freed, (double) real.freed, share);
  assert_near ((double) predicted->examined, (double) real.examined, share);
  assert_near (predicted->seconds, real.seconds, share);
  assert_near (predicted->longest, real.longest, share);
  assert_near ((double) predicted->peak_objects, (double) peak, share);
}

static const guint64 recorded_thresholds[3] = { 700, 10, 10 };

static void
check_predictions (const Program *program, double share)
{
  static const guint64 others[][3] = {
    { 700, 10, 10 }, { 2000, 5, 5 }, { 300, 20, 3 }, { 10000, 10, 10 }, { 1000000, 10, 10 }, { 0, 10, 10 },
  };
  guint64 peak, before = G_MAXUINT64;
  g_autoptr(GArray) log = run (program, recorded_thresholds, &peak);
  g_autoptr(GError) error = NULL;
  g_autoptr(RscThresholdsModel) model = rsc_thresholds_model_new (log, recorded_thresholds, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (rsc_thresholds_model_get_asked (model), ==, program->asked_at > 0);
  g_assert_cmpuint (rsc_thresholds_model_get_left_out (model), ==, 1);
  /* What follows the last collection is known by the objects that came. */
  g_assert_cmpuint (rsc_thresholds_model_get_allocations (model), ==, program->n);
  compare (rsc_thresholds_model_get_recorded (model), log, peak, 0.01);

  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autoptr(GArray) real = NULL;
      RscThresholdsRun predicted;

      g_assert_true (rsc_thresholds_model_run (model, others[i], &predicted, NULL, &error));
      g_assert_no_error (error);
      real = run (program, others[i], &peak);
      g_test_message ("%" G_GUINT64_FORMAT ": %" G_GUINT64_FORMAT " garbage", others[i][0], predicted.peak_garbage);
      compare (&predicted, real, peak, share);
    }
  /* Where each second collection looks at older ones, an object more or less moves a full one: not so exact. */
  {
    static const guint64 hasty[3] = { 50, 0, 0 };
    g_autoptr(GArray) real = run (program, hasty, &peak);
    RscThresholdsRun predicted;
    guint64 n = 0;

    g_assert_true (rsc_thresholds_model_run (model, hasty, &predicted, NULL, NULL));
    for (guint i = 0; i + 1 < real->len; i++)
      n += g_array_index (real, RscLoggedCollection, i).generation == 0;
    assert_near ((double) predicted.collections[0], (double) n, 0.01);
    assert_near ((double) predicted.collections[1], (double) n, 0.01);
    g_assert_cmpuint (predicted.collections[0] + predicted.collections[1] + predicted.collections[2], ==, real->len - 1);
  }
  /* The higher threshold 0, the more garbage waits. */
  for (gsize i = 0; i < 3; i++)
    {
      static const guint64 falling[][3] = { { 50000, 10, 10 }, { 5000, 10, 10 }, { 500, 10, 10 } };
      RscThresholdsRun predicted;

      g_assert_true (rsc_thresholds_model_run (model, falling[i], &predicted, NULL, NULL));
      g_assert_cmpuint (predicted.peak_garbage, <, before);
      g_assert_cmpuint (predicted.peak_garbage, >, 0);
      before = predicted.peak_garbage;
    }
}

static void
test_young_garbage (void)
{
  const Program program = { .n = 120000 };

  check_predictions (&program, 0.01);
}

static void
test_asked (void)
{
  /* Whatever was due then. */
  static const guint64 moments[] = { 351, 5608, 45678, 92000, 92533, 100000 };

  for (gsize i = 0; i < G_N_ELEMENTS (moments); i++)
    {
      const Program program = { .n = 120000, .asked_at = moments[i] };

      check_predictions (&program, 0.02);
    }
}

/* Some of what was garbage of generation 1 dies while it is in generation 0 with a higher threshold: what the model
 * cannot know.  The collections are the same all the same. */
static void
test_late_garbage (void)
{
  const Program program = { .n = 120000, .mortal = TRUE };

  check_predictions (&program, 0.35);
}

static void
test_refused (void)
{
  static const guint64 tiny[3] = { 1, 10, 10 };
  g_autoptr(GArray) log = g_array_new (FALSE, FALSE, sizeof (RscLoggedCollection));
  RscLoggedCollection asked = { .generation = 2, .sizes = { 5, 0, 100 } };
  RscLoggedCollection own = { .generation = 0, .sizes = { 700, 0, 100 } };
  g_autoptr(GError) error = NULL;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(RscThresholdsModel) model = NULL;
  RscThresholdsRun predicted;

  g_array_append_val (log, asked);
  g_array_append_val (log, asked);
  g_assert_null (rsc_thresholds_model_new (log, recorded_thresholds, &error));
  g_assert_error (error, RSC_ANALYSIS_ERROR, RSC_ERROR_UNSUPPORTED);
  g_clear_error (&error);

  g_array_append_val (log, own);
  model = rsc_thresholds_model_new (log, recorded_thresholds, &error);
  g_assert_no_error (error);
  g_cancellable_cancel (cancellable);
  g_assert_false (rsc_thresholds_model_run (model, tiny, &predicted, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_log (void)
{
  static const char text[] =
    "gc: done, 7 unreachable, 0 uncollectable, 0.5000s elapsed\n"
    "hello gc: collecting generation 1...\n"
    "gc: objects in each generation: 701 8 11099\n"
    "gc: objects in permanent generation: 3\n"
    "a line of the program\n"
    "gc: done, 400 unreachable, 2 uncollectable, 0.0021s elapsed\n"
    "gc: collecting generation 3...\n"
    "gc: objects in each generation: 1 2 3\n"
    "gc: done, 4 unreachable, 0 uncollectable, 0.0021s elapsed\n"
    "gc: collecting generation 0...\n"
    "gc: objects in each generation: 1 2\n"
    "gc: done, 4 unreachable, 0 uncollectable, 0.0021s elapsed\n"
    "gc: collecting generation 2...\r\n"
    "gc: objects in each generation: 1 2 3\r\n"
    "gc: done, 0 unreachable, 0 uncollectable, 0.0000s elapsed";
  g_autoptr(GError) error = NULL;
  g_autoptr(GArray) log = rsc_collection_log_parse (text, strlen (text), NULL, &error);
  g_autofree char *long_line = g_strnfill (100000, 'x');
  const RscLoggedCollection *first;

  g_assert_no_error (error);
  g_assert_cmpuint (log->len, ==, 2);
  first = &g_array_index (log, RscLoggedCollection, 0);
  g_assert_cmpuint (first->generation, ==, 1);
  g_assert_cmpuint (first->sizes[0], ==, 701);
  g_assert_cmpuint (first->sizes[1], ==, 8);
  g_assert_cmpuint (first->sizes[2], ==, 11099);
  g_assert_cmpuint (first->unreachable, ==, 400);
  g_assert_cmpuint (first->uncollectable, ==, 2);
  g_assert_cmpfloat (first->seconds, ==, 0.0021);

  g_clear_pointer (&log, g_array_unref);
  for (gsize length = 0; length < strlen (text); length++)
    {
      g_autofree char *cut = g_strndup (text, length);

      log = rsc_collection_log_parse (cut, length, NULL, NULL);
      g_clear_pointer (&log, g_array_unref);
    }
  g_assert_null (rsc_collection_log_parse (long_line, 100000, NULL, &error));
  g_assert_error (error, RSC_FORMAT_ERROR, RSC_ERROR_BAD_MAGIC);
  g_clear_error (&error);
  g_assert_null (rsc_collection_log_parse (NULL, 0, NULL, &error));
  g_assert_error (error, RSC_FORMAT_ERROR, RSC_ERROR_BAD_MAGIC);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/threshold-model/young-garbage", test_young_garbage);
  g_test_add_func ("/threshold-model/asked", test_asked);
  g_test_add_func ("/threshold-model/late-garbage", test_late_garbage);
  g_test_add_func ("/threshold-model/refused", test_refused);
  g_test_add_func ("/threshold-model/log", test_log);

  return g_test_run ();
}
