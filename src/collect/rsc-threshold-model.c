#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-threshold-model.h"

#include <math.h>

#include "base/rsc-error.h"

#define OLDEST (RSC_N_GENERATIONS - 1)

/* A collection that was asked for. */
typedef struct
{
  guint64 at; /* allocations since the beginning */
  guint32 generation;
} Asked;

struct _RscThresholdsModel
{
  RscThresholdsRun recorded;
  guint64 allocations;
  guint64 left_out;
  GArray *asked; /* of Asked */

  /* At the beginning */
  guint64 sizes[RSC_N_GENERATIONS];
  RscGcCounter counter;             /* but for its thresholds */
  double since[RSC_N_GENERATIONS];  /* allocations since a collection of this generation or an older one */

  /* Of the run */
  double tracked;
  double garbage[RSC_N_GENERATIONS];
  double gone[RSC_N_GENERATIONS];
  double seconds[RSC_N_GENERATIONS];
};

/* The record, and what is found out of each of its collections. */
typedef struct
{
  const RscLoggedCollection *log;
  gsize n; /* without the end of the program */
  gboolean *by_rule;
  double *allocations; /* before it, since the one before */
} Record;

static guint64
count_examined (const RscLoggedCollection *collection)
{
  guint64 n = 0;

  for (guint g = 0; g <= collection->generation; g++)
    n += collection->sizes[g];

  return n;
}

static guint64
count_survivors (const RscLoggedCollection *collection)
{
  guint64 examined = count_examined (collection);

  return examined - MIN (examined, collection->unreachable);
}

static guint64
count_objects (const RscLoggedCollection *collection)
{
  return collection->sizes[0] + collection->sizes[1] + collection->sizes[2];
}


/* Follows the rule along the record.  @young: so many objects are usual in generation 0; 0: not known yet. */
static gsize
find_by_rule (const RscThresholdsModel *self, const guint64 thresholds[RSC_N_GENERATIONS], double young, Record *record)
{
  RscGcCounter counter = self->counter;
  gsize n = 0;

  for (guint g = 0; g < RSC_N_GENERATIONS; g++)
    counter.thresholds[g] = thresholds[g];
  for (gsize i = 0; i < record->n; i++)
    {
      const RscLoggedCollection *collection = &record->log[i];
      guint64 count = counter.counts[0];

      counter.counts[0] = thresholds[0] + 1;
      record->by_rule[i] = rsc_gc_counter_choose (&counter) == collection->generation
                           /* gc.collect() where a full one is due as well */
                           && !(collection->generation == OLDEST && (double) collection->sizes[0] < young / 2);
      counter.counts[0] = count;
      n += record->by_rule[i];
      rsc_gc_counter_collect (&counter, collection->generation, count_survivors (collection));
    }

  return n;
}

/* How far the count of @generation (1 or 2) may have been when the record begins, so that its first collection is due
 * when it comes: as many less than usual as of the generation before came until then. */
static guint64
guess_count (const Record *record, guint generation, guint64 threshold)
{
  guint64 n = 0;
  gsize i = 0;

  for (; i < record->n && record->log[i].generation < generation; i++)
    n += record->log[i].generation == generation - 1;

  return i < record->n && record->log[i].generation == generation && n > 0 && n <= threshold ? threshold + 1 - n : 0;
}

/* That first one may have been asked for as well: what explains most of the record is taken. */
static void
guess_counts (RscThresholdsModel *self, const guint64 thresholds[RSC_N_GENERATIONS], Record *record)
{
  const guint64 first = guess_count (record, 1, thresholds[1]), second = guess_count (record, 2, thresholds[2]);
  gsize most = 0;
  guint best = 0;

  for (guint guess = 0; guess < 4; guess++)
    {
      gsize n;

      self->counter.counts[1] = guess & 1 ? first : 0;
      self->counter.counts[2] = guess & 2 ? second : 0;
      n = find_by_rule (self, thresholds, 0, record);
      if (n > most)
        {
          most = n;
          best = guess;
        }
    }
  self->counter.counts[1] = best & 1 ? first : 0;
  self->counter.counts[2] = best & 2 ? second : 0;
}

/* The usual number of objects in generation 0 when the rule collects. */
static double
find_young (const Record *record)
{
  double sum = 0;
  gsize n = 0;

  for (gsize i = 0; i < record->n; i++)
    if (record->by_rule[i])
      {
        sum += (double) record->log[i].sizes[0];
        n++;
      }

  return n > 0 ? sum / (double) n : 0;
}

/* Before a collection that was asked for: by the objects that came. */
static double
guess_allocations (const RscThresholdsModel *self, const RscLoggedCollection *collection, guint64 threshold)
{
  if (self->tracked <= 0)
    return 0;

  return MIN ((double) threshold, floor ((double) collection->sizes[0] / self->tracked + .5));
}

static void
find_moments (RscThresholdsModel *self, const guint64 thresholds[RSC_N_GENERATIONS], Record *record)
{
  for (gsize i = 0; i < record->n; i++)
    {
      const RscLoggedCollection *collection = &record->log[i];

      record->allocations[i] = record->by_rule[i] ? (double) thresholds[0] + 1
                                                  : guess_allocations (self, collection, thresholds[0]);
      self->allocations += (guint64) record->allocations[i];
      if (!record->by_rule[i])
        {
          Asked asked = { .at = self->allocations, .generation = collection->generation };

          g_array_append_val (self->asked, asked);
        }
    }
}

/* What is found over the allocations since the last look, generation by generation: an older one's collection finds
 * that of the younger ones, too. */
static void
fit_garbage (RscThresholdsModel *self, const Record *record)
{
  for (guint g = 0; g < RSC_N_GENERATIONS; g++)
    {
      double since[RSC_N_GENERATIONS];
      double found = 0, allocations = 0;

      for (guint h = 0; h < RSC_N_GENERATIONS; h++)
        since[h] = self->since[h];
      for (gsize i = 0; i < record->n; i++)
        {
          guint generation = record->log[i].generation;

          for (guint h = 0; h < RSC_N_GENERATIONS; h++)
            since[h] += record->allocations[i];
          if (generation == g)
            {
              found += (double) record->log[i].unreachable;
              for (guint h = 0; h < g; h++)
                found -= self->garbage[h] * since[h];
              allocations += since[g];
            }
          for (guint h = 0; h <= generation; h++)
            since[h] = 0;
        }
      self->garbage[g] = allocations > 0 ? MAX (0, found / allocations) : 0;
    }
}

static void
fit_gone (RscThresholdsModel *self, const Record *record)
{
  double gone[RSC_N_GENERATIONS] = { 0 }, allocations = 0;

  for (gsize i = 0; i + 1 < record->n; i++)
    {
      const RscLoggedCollection *collection = &record->log[i];
      const RscLoggedCollection *next = &record->log[i + 1];
      double expected[RSC_N_GENERATIONS] = { 0, (double) collection->sizes[1], (double) collection->sizes[2] };
      guint to = MIN (collection->generation + 1, OLDEST);

      for (guint g = 0; g <= collection->generation; g++)
        expected[g] = 0;
      expected[to] += (double) count_survivors (collection);
      for (guint g = 1; g < RSC_N_GENERATIONS; g++)
        gone[g] += expected[g] - (double) next->sizes[g];
      allocations += record->allocations[i + 1];
    }
  for (guint g = 1; g < RSC_N_GENERATIONS; g++)
    self->gone[g] = allocations > 0 ? MAX (0, gone[g] / allocations) : 0;
}

static void
fit_seconds (RscThresholdsModel *self, const Record *record)
{
  double products[RSC_N_GENERATIONS + 1] = { 0 }, squares[RSC_N_GENERATIONS + 1] = { 0 };

  for (gsize i = 0; i < record->n; i++)
    {
      double examined = (double) count_examined (&record->log[i]);
      guint to[] = { record->log[i].generation, RSC_N_GENERATIONS };

      for (gsize k = 0; k < G_N_ELEMENTS (to); k++)
        {
          products[to[k]] += examined * record->log[i].seconds;
          squares[to[k]] += examined * examined;
        }
    }
  /* Of a generation that was never collected nothing is known but what the others took. */
  for (guint g = 0; g < RSC_N_GENERATIONS; g++)
    {
      guint from = squares[g] > 0 ? g : RSC_N_GENERATIONS;

      self->seconds[g] = squares[from] > 0 ? products[from] / squares[from] : 0;
    }
}

static void
sum_up (RscThresholdsModel *self, const Record *record)
{
  RscThresholdsRun *recorded = &self->recorded;

  for (gsize i = 0; i < record->n; i++)
    {
      const RscLoggedCollection *collection = &record->log[i];

      recorded->collections[collection->generation]++;
      recorded->seconds += collection->seconds;
      recorded->longest = MAX (recorded->longest, collection->seconds);
      recorded->examined += count_examined (collection);
      recorded->freed += collection->unreachable - MIN (collection->unreachable, collection->uncollectable);
      recorded->peak_objects = MAX (recorded->peak_objects, count_objects (collection));
    }
}

RscThresholdsModel *
rsc_thresholds_model_new (const GArray *log, const guint64 thresholds[RSC_N_GENERATIONS], GError **error)
{
  g_autoptr (RscThresholdsModel) self = g_new0 (RscThresholdsModel, 1);
  g_autofree gboolean *by_rule = g_new0 (gboolean, log->len);
  g_autofree double *allocations = g_new0 (double, log->len);
  Record record = {
    .log = &g_array_index (log, RscLoggedCollection, 0), .n = log->len, .by_rule = by_rule, .allocations = allocations
  };
  gsize n;

  self->asked = g_array_new (FALSE, FALSE, sizeof (Asked));
  if (log->len > 0)
    {
      for (guint g = 0; g < RSC_N_GENERATIONS; g++)
        self->sizes[g] = record.log[0].sizes[g];
      self->sizes[0] = 0;
      self->counter.long_lived_total = self->sizes[OLDEST];
    }
  guess_counts (self, thresholds, &record);
  find_by_rule (self, thresholds, 0, &record);
  n = find_by_rule (self, thresholds, find_young (&record), &record);
  if (n == 0 || thresholds[0] == 0)
    {
      g_set_error (error, RSC_ANALYSIS_ERROR, RSC_ERROR_UNSUPPORTED,
                   _("None of the %u collections of the record ran by itself: there is nothing to tell what other thresholds would do."),
                   log->len);
      return NULL;
    }

  while (!record.by_rule[record.n - 1])
    record.n--;
  self->left_out = log->len - record.n;

  self->tracked = find_young (&record) / ((double) thresholds[0] + 1);
  self->since[1] = (double) self->counter.counts[1] * ((double) thresholds[0] + 1);
  self->since[2] = self->since[1] + (double) self->counter.counts[2] * ((double) thresholds[1] + 1) * ((double) thresholds[0] + 1);
  find_moments (self, thresholds, &record);
  if (self->left_out > 0)
    self->allocations += (guint64) guess_allocations (self, &record.log[record.n], thresholds[0]);
  fit_garbage (self, &record);
  fit_gone (self, &record);
  fit_seconds (self, &record);
  sum_up (self, &record);

  return g_steal_pointer (&self);
}

void
rsc_thresholds_model_free (RscThresholdsModel *self)
{
  g_clear_pointer (&self->asked, g_array_unref);
  g_free (self);
}

const RscThresholdsRun *
rsc_thresholds_model_get_recorded (const RscThresholdsModel *self)
{
  return &self->recorded;
}

guint64
rsc_thresholds_model_get_allocations (const RscThresholdsModel *self)
{
  return self->allocations;
}

guint64
rsc_thresholds_model_get_asked (const RscThresholdsModel *self)
{
  return self->asked->len;
}

guint64
rsc_thresholds_model_get_left_out (const RscThresholdsModel *self)
{
  return self->left_out;
}

/* The heap while the run is gone through again. */
typedef struct
{
  RscGcCounter counter;
  double sizes[RSC_N_GENERATIONS];
  double since[RSC_N_GENERATIONS];
} Heap;

/* Garbage that a collection of @generation would find. */
static double
count_garbage (const RscThresholdsModel *self, const Heap *heap, guint generation)
{
  double garbage = 0;

  for (guint g = 0; g <= generation; g++)
    garbage += self->garbage[g] * heap->since[g];

  return garbage;
}

static void
go_on (const RscThresholdsModel *self, guint64 allocations, Heap *heap, RscThresholdsRun *run)
{
  double n = (double) allocations, objects;

  heap->counter.counts[0] += allocations;
  heap->sizes[0] += self->tracked * n;
  for (guint g = 1; g < RSC_N_GENERATIONS; g++)
    heap->sizes[g] = MAX (0, heap->sizes[g] - self->gone[g] * n);
  for (guint g = 0; g < RSC_N_GENERATIONS; g++)
    heap->since[g] += n;

  objects = heap->sizes[0] + heap->sizes[1] + heap->sizes[2];
  run->peak_objects = MAX (run->peak_objects, (guint64) llround (objects));
  run->peak_garbage = MAX (run->peak_garbage, (guint64) llround (MIN (objects, count_garbage (self, heap, OLDEST))));
}

static void
collect (const RscThresholdsModel *self, guint generation, Heap *heap, RscThresholdsRun *run)
{
  double examined = 0, freed, seconds;
  guint to = MIN (generation + 1, OLDEST);

  for (guint g = 0; g <= generation; g++)
    {
      examined += heap->sizes[g];
      heap->sizes[g] = 0;
    }
  freed = MIN (examined, count_garbage (self, heap, generation));
  for (guint g = 0; g <= generation; g++)
    heap->since[g] = 0;
  heap->sizes[to] += examined - freed;
  rsc_gc_counter_collect (&heap->counter, generation, (guint64) llround (examined - freed));

  seconds = examined * self->seconds[generation];
  run->collections[generation]++;
  run->seconds += seconds;
  run->longest = MAX (run->longest, seconds);
  run->examined += (guint64) llround (examined);
  run->freed += (guint64) llround (freed);
}

gboolean
rsc_thresholds_model_run (const RscThresholdsModel *self, const guint64 thresholds[RSC_N_GENERATIONS],
                          RscThresholdsRun *run, GCancellable *cancellable, GError **error)
{
  Heap heap = { .counter = self->counter };
  guint64 at = 0;
  guint next = 0;

  *run = (RscThresholdsRun) { .seconds = 0 };
  for (guint g = 0; g < RSC_N_GENERATIONS; g++)
    {
      heap.counter.thresholds[g] = thresholds[g];
      heap.sizes[g] = (double) self->sizes[g];
      heap.since[g] = self->since[g];
    }
  if (!rsc_gc_counter_check (&heap.counter, self->allocations, error))
    return FALSE;

  for (guint64 n = 0; at < self->allocations || next < self->asked->len; n++)
    {
      const Asked *asked = next < self->asked->len ? &g_array_index (self->asked, Asked, next) : NULL;
      guint64 left = (asked != NULL ? asked->at : self->allocations) - at;
      guint64 until = rsc_gc_counter_get_until_next (&heap.counter);

      if (n % RSC_CANCEL_INTERVAL == 0 && g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;

      if (until > 0 && until <= left)
        {
          go_on (self, until, &heap, run);
          at += until;
          collect (self, rsc_gc_counter_choose (&heap.counter), &heap, run);
          continue;
        }

      go_on (self, left, &heap, run);
      at += left;
      if (asked == NULL)
        break;
      collect (self, asked->generation, &heap, run);
      next++;
    }

  return TRUE;
}
