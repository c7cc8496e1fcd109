#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-thresholds.h"

#include <inttypes.h>
#include <string.h>
#include <math.h>

#include "base/rsc-error.h"
#include "rsc-collector.h"

guint
rsc_gc_counter_choose (const RscGcCounter *self)
{
  for (guint g = RSC_N_GENERATIONS - 1; g > 0; g--)
    {
      if (self->counts[g] <= self->thresholds[g])
        continue;
      if (g == RSC_N_GENERATIONS - 1 && self->long_lived_pending < self->long_lived_total / 4)
        continue;
      return g;
    }

  return 0;
}

void
rsc_gc_counter_collect (RscGcCounter *self, guint generation, guint64 survivors)
{
  if (generation + 1 < RSC_N_GENERATIONS)
    self->counts[generation + 1]++;
  for (guint g = 0; g <= generation; g++)
    self->counts[g] = 0;

  if (generation == RSC_N_GENERATIONS - 2)
    self->long_lived_pending += survivors;
  if (generation == RSC_N_GENERATIONS - 1)
    {
      self->long_lived_pending = 0;
      self->long_lived_total = survivors;
    }
}

guint64
rsc_gc_counter_get_until_next (const RscGcCounter *self)
{
  if (self->thresholds[0] == 0)
    return 0;

  /* Above the threshold already, because that was lowered: the next allocation looks. */
  return self->counts[0] > self->thresholds[0] ? 1 : self->thresholds[0] + 1 - self->counts[0];
}

/* The objects while a simulation runs. */
typedef struct
{
  guint64 old[RSC_N_GENERATIONS]; /* those that were there: none of them goes */
  guint64 new[RSC_N_GENERATIONS];
  guint64 late; /* allocated, but not tracked yet: 0 or 1 */
} Objects;

static guint64
count_objects (const Objects *self)
{
  guint64 n = self->late;

  for (guint g = 0; g < RSC_N_GENERATIONS; g++)
    n += self->old[g] + self->new[g];

  return n;
}

static guint64
survive (guint64 n, double share)
{
  return MIN (n, (guint64) llround ((double) n * share));
}

static void
collect_objects (Objects *self, const double shares[RSC_N_GENERATIONS], RscThresholdsCollection *collection)
{
  guint generation = collection->generation;
  guint to = MIN (generation + 1, RSC_N_GENERATIONS - 1);
  guint64 old = 0, new = 0;

  collection->examined = 0;
  for (guint g = 0; g <= generation; g++)
    {
      collection->examined += self->old[g] + self->new[g];
      old += self->old[g];
      new += survive (self->new[g], shares[g]);
      self->old[g] = self->new[g] = 0;
    }
  self->old[to] += old;
  self->new[to] += new;
  collection->survivors = old + new;
}

gboolean
rsc_gc_counter_check (const RscGcCounter *self, guint64 allocations, GError **error)
{
  guint64 n = self->thresholds[0] > 0 ? allocations / (self->thresholds[0] + 1) : 0;

  if (n <= RSC_THRESHOLDS_MAX_COLLECTIONS)
    return TRUE;

  g_set_error (error, RSC_ANALYSIS_ERROR, RSC_ERROR_LIMIT,
               _("That would be %" PRIu64 " collections, and %u at most are simulated: ask for fewer allocations, or a higher "
                 "threshold."),
               n, RSC_THRESHOLDS_MAX_COLLECTIONS);
  return FALSE;
}

RscThresholdsOutcome *
rsc_thresholds_simulate (const RscThresholdsStart *start, GCancellable *cancellable, GError **error)
{
  g_autoptr (RscThresholdsOutcome) outcome = NULL;
  RscGcCounter counter = start->counter;
  Objects objects = { .late = 0 };
  guint64 at = 0, until;

  if (!rsc_gc_counter_check (&start->counter, start->allocations, error))
    return NULL;

  outcome = g_new0 (RscThresholdsOutcome, 1);
  outcome->listed = g_array_new (FALSE, FALSE, sizeof (RscThresholdsCollection));
  for (guint g = 0; g < RSC_N_GENERATIONS; g++)
    objects.old[g] = start->sizes[g];

  for (guint64 n = 0;; n++)
    {
      RscThresholdsCollection collection;

      if (n % RSC_CANCEL_INTERVAL == 0 && g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;

      until = rsc_gc_counter_get_until_next (&counter);
      if (until == 0 || until > start->allocations - at)
        break;

      at += until;
      objects.new[0] += objects.late + until - (start->tracked_late ? 1 : 0);
      objects.late = start->tracked_late ? 1 : 0;
      counter.counts[0] += until;
      outcome->peak_objects = MAX (outcome->peak_objects, count_objects (&objects));

      collection.allocations = at;
      collection.generation = rsc_gc_counter_choose (&counter);
      collect_objects (&objects, start->survive, &collection);
      rsc_gc_counter_collect (&counter, collection.generation, collection.survivors);

      outcome->collections[collection.generation]++;
      outcome->examined += collection.examined;
      outcome->freed += collection.examined - collection.survivors;
      if (outcome->listed->len < RSC_THRESHOLDS_MAX_LISTED)
        g_array_append_val (outcome->listed, collection);
    }

  /* The rest, after the last of them. */
  objects.new[0] += start->allocations - at;
  counter.counts[0] += start->allocations - at;
  outcome->peak_objects = MAX (outcome->peak_objects, count_objects (&objects));
  outcome->until_next = rsc_gc_counter_get_until_next (&counter);
  outcome->next_generation = rsc_gc_counter_choose (&counter);

  return g_steal_pointer (&outcome);
}

void
rsc_thresholds_outcome_free (RscThresholdsOutcome *self)
{
  g_clear_pointer (&self->listed, g_array_unref);
  g_free (self);
}

static gboolean
read_numbers (GVariant *info, const char *key, guint64 numbers[RSC_N_GENERATIONS])
{
  g_autoptr (GVariant) value = g_variant_lookup_value (info, key, G_VARIANT_TYPE ("au"));

  if (value == NULL || g_variant_n_children (value) < RSC_N_GENERATIONS)
    return FALSE;

  for (guint g = 0; g < RSC_N_GENERATIONS; g++)
    {
      guint32 number;

      g_variant_get_child (value, g, "u", &number);
      numbers[g] = number;
    }

  return TRUE;
}

static void
read_sizes (GVariant *info, guint64 sizes[RSC_N_GENERATIONS])
{
  guint64 hidden[RSC_N_GENERATIONS];
  g_autoptr (GVariant) value = g_variant_lookup_value (info, "generations", G_VARIANT_TYPE ("a(sut)"));

  for (gsize i = 0; value != NULL && i < g_variant_n_children (value); i++)
    {
      const char *interpreter;
      guint32 generation;
      guint64 n;

      g_variant_get_child (value, i, "(&sut)", &interpreter, &generation, &n);
      if (generation < RSC_N_GENERATIONS && strcmp (interpreter, "main") == 0)
        sizes[generation] = n;
    }

  if (g_variant_lookup (info, "gc-hidden", "(ttt)", &hidden[0], &hidden[1], &hidden[2]))
    for (guint g = 0; g < RSC_N_GENERATIONS; g++)
      sizes[g] += hidden[g];
}

gboolean
rsc_thresholds_read (RscSnapshot *snapshot, RscThresholdsStart *start, gboolean *long_lived_known, GError **error)
{
  GVariant *info = rsc_snapshot_get_info (snapshot);
  g_autoptr (GVariant) stats = g_variant_lookup_value (info, "gc-stats", G_VARIANT_TYPE ("a(ttt)"));
  const RscCollector *collector = rsc_collector_get (snapshot);
  guint64 full_collections = 0, collected, uncollectable;

  *start = (RscThresholdsStart) { .tracked_late = collector != NULL && collector->collects_in_allocation };
  if (!read_numbers (info, "gc-counts", start->counter.counts)
      || !read_numbers (info, "gc-thresholds", start->counter.thresholds))
    return FALSE;
  if (collector == NULL)
    {
      /* Translators: %2$s are versions: "3.10 to 3.13, ..." */
      g_set_error (error, RSC_ANALYSIS_ERROR, RSC_ERROR_UNSUPPORTED,
                   _("CPython %1$s decides by another rule when to collect, which is not simulated: that of %2$s is."),
                   rsc_snapshot_get_info_string (snapshot, "version"), rsc_collector_get_known ());
      return FALSE;
    }

  read_sizes (info, start->sizes);
  *long_lived_known = g_variant_lookup (info, "gc-long-lived", "(tt)", &start->counter.long_lived_total,
                                        &start->counter.long_lived_pending);
  if (!*long_lived_known && stats != NULL && g_variant_n_children (stats) >= RSC_N_GENERATIONS)
    {
      g_variant_get_child (stats, RSC_N_GENERATIONS - 1, "(ttt)", &full_collections, &collected, &uncollectable);
      start->counter.long_lived_total = full_collections > 0 ? start->sizes[RSC_N_GENERATIONS - 1] : 0;
    }

  return TRUE;
}
