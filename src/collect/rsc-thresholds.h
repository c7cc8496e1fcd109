/* When CPython's collector runs by itself: its allocation counter, and what it would do with other thresholds.
 *
 * The rule (3.10 and 3.11: Modules/gcmodule.c, _PyObject_GC_Link() and PyObject_GC_Del(), gc_collect_generations(),
 * gc_collect_main(); the same in 3.12's, and in Python/gc.c of 3.13 and of those later ones that
 * rsc_collector_get() knows, gc_select_generation()):
 *
 * - generations[0].count goes up when a container is allocated and down, not below 0, when one is given back.
 * - When it goes above threshold 0, the oldest generation whose count is above its threshold is collected; the oldest
 *   of all only if long_lived_pending is at least a quarter of long_lived_total.
 * - A collection of generation G counts one up in G + 1, and sets the counts of G and the younger ones to 0.
 * - What survives a collection of generation 1 is added to long_lived_pending; a full one sets that to 0, and
 *   long_lived_total to what survived it.
 *
 * Before 3.12 the collection runs inside of the allocation, and the object that is being allocated is not in a list
 * yet; since 3.12 soon after it, between two instructions.  Collectors that work in increments (3.14.0 to 3.14.4) have another
 * rule, which is not here.
 *
 * Units: "allocations" are net container allocations as the counter sees them, allocated less given back.  What comes
 * from a free list (some lists, tuples, dictionaries) is not counted by CPython, and is not here.  Objects are those
 * that the collector tracks.
 *
 * All functions are pure, and may be called from any thread. */
#pragma once

#include <gio/gio.h>

#include "base/rsc-progress.h"
#include "snapshot/rsc-snapshot.h"

G_BEGIN_DECLS

#define RSC_N_GENERATIONS 3
/* A simulation with more collections than that is refused. */
#define RSC_THRESHOLDS_MAX_COLLECTIONS 100000000u
/* So many of them are listed, the first ones; all are counted. */
#define RSC_THRESHOLDS_MAX_LISTED 100000u
/* CPython's thresholds and counts are ints. */
#define RSC_THRESHOLD_MAX ((guint64) G_MAXINT32)
/* Allocations that a simulation may be asked for. */
#define RSC_THRESHOLDS_MAX_ALLOCATIONS (G_GUINT64_CONSTANT (1) << 53)

typedef struct
{
  guint64 thresholds[RSC_N_GENERATIONS]; /* thresholds[0] == 0: no collection runs by itself */
  guint64 counts[RSC_N_GENERATIONS];
  guint64 long_lived_total, long_lived_pending; /* objects */
} RscGcCounter;

/* The generation that is collected when counts[0] is above its threshold. */
guint    rsc_gc_counter_choose         (const RscGcCounter *self);
/* A collection of @generation, after which @survivors of the examined objects are left. */
void     rsc_gc_counter_collect        (RscGcCounter *self, guint generation, guint64 survivors);
/* How many allocations from now the next collection runs; 0: none runs. */
guint64  rsc_gc_counter_get_until_next (const RscGcCounter *self);
/* Whether so many allocations can be simulated.  RSC_ANALYSIS_ERROR, LIMIT. */
gboolean rsc_gc_counter_check          (const RscGcCounter *self, guint64 allocations, GError **error);

/* From a heap */

typedef struct
{
  RscGcCounter counter;
  guint64 sizes[RSC_N_GENERATIONS]; /* objects that are there; they stay */
  guint64 allocations;              /* to go on for, each of an object that is tracked */
  /* Of the new objects in generation 0, 1, 2 that a collection examines, the share that survives it: 0.0 to 1.0. */
  double survive[RSC_N_GENERATIONS];
  gboolean tracked_late; /* before 3.12: the object whose allocation starts a collection is not examined by it */
} RscThresholdsStart;

typedef struct
{
  guint64 allocations; /* since the start, with the one that made it run */
  guint32 generation;
  guint64 examined, survivors; /* objects of this generation and the younger ones */
} RscThresholdsCollection;

typedef struct
{
  GArray *listed; /* of RscThresholdsCollection: the first RSC_THRESHOLDS_MAX_LISTED */
  guint64 collections[RSC_N_GENERATIONS];
  guint64 examined, freed;  /* objects, of all collections together */
  guint64 peak_objects;     /* tracked at once */
  guint64 until_next;       /* allocations after the end that make the next one run; 0: none runs */
  guint next_generation;
} RscThresholdsOutcome;

/* What the heap says of its collector: counts, thresholds, sizes, and long_lived_* if the capture knows them
 * (*@long_lived_known), else taken as if the last full collection was just over.  @start is set but for allocations and
 * survive.  RSC_ANALYSIS_ERROR, UNSUPPORTED if rsc_collector_get() knows none; FALSE without an error: it says nothing of it. */
gboolean rsc_thresholds_read (RscSnapshot *snapshot, RscThresholdsStart *start, gboolean *long_lived_known, GError **error);

/* RSC_ANALYSIS_ERROR, LIMIT; G_IO_ERROR_CANCELLED. */
RscThresholdsOutcome *rsc_thresholds_simulate (const RscThresholdsStart *start, GCancellable *cancellable, GError **error);
void                  rsc_thresholds_outcome_free (RscThresholdsOutcome *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscThresholdsOutcome, rsc_thresholds_outcome_free)

G_END_DECLS
