/* What other thresholds would have done to a run that was recorded.
 *
 * The record is the collections of the run, in their order; which thresholds held is to be said with it.  The time of
 * the model is the allocation counter (rsc-thresholds.h), as a program does the same whatever its collector does: between
 * two collections by the rule there are threshold 0 + 1 allocations.  A collection that the rule does not choose was asked
 * for (gc.collect()); it stays where it was.  Those after the last one by the rule are the end of the program, and are
 * left out.  Taken from the record, each as a mean over the run:
 *
 * - how many objects come into generation 0 with an allocation;
 * - how much garbage is made with an allocation that only a collection of generation 0, 1, 2 or older finds;
 * - how many objects leave generations 1 and 2 with an allocation without a collection (given back, or not tracked any more);
 * - what a collection of each generation takes for each object it examines (least squares, a line through 0).
 *
 * Assumed: that these do not depend on the thresholds.  That is not quite so: with a higher threshold 0 more objects die
 * before the first collection looks at them.
 *
 * Units: allocations and objects as in rsc-thresholds.h; seconds.  All functions are pure, and may be called from any
 * thread. */
#pragma once

#include "rsc-collection-log.h"
#include "rsc-thresholds.h"

G_BEGIN_DECLS

typedef struct
{
  guint64 collections[RSC_N_GENERATIONS]; /* with those that were asked for */
  double seconds, longest;                /* all pauses, and the longest */
  guint64 examined, freed;                /* objects, of all collections together */
  guint64 peak_objects;                   /* tracked at once */
  guint64 peak_garbage;                   /* unreachable and not collected yet, at once; 0 in what was recorded */
} RscThresholdsRun;

typedef struct _RscThresholdsModel RscThresholdsModel;

/* @log: of RscLoggedCollection.  RSC_ANALYSIS_ERROR, UNSUPPORTED: none of them was made by the rule. */
RscThresholdsModel *rsc_thresholds_model_new  (const GArray *log, const guint64 thresholds[RSC_N_GENERATIONS], GError **error);
void                rsc_thresholds_model_free (RscThresholdsModel *self);

const RscThresholdsRun *rsc_thresholds_model_get_recorded    (const RscThresholdsModel *self);
guint64                 rsc_thresholds_model_get_allocations (const RscThresholdsModel *self);
/* Collections that were asked for, and those at the end that are left out. */
guint64                 rsc_thresholds_model_get_asked       (const RscThresholdsModel *self);
guint64                 rsc_thresholds_model_get_left_out    (const RscThresholdsModel *self);

/* The run with other thresholds.  RSC_ANALYSIS_ERROR, LIMIT; G_IO_ERROR_CANCELLED. */
gboolean rsc_thresholds_model_run (const RscThresholdsModel *self, const guint64 thresholds[RSC_N_GENERATIONS],
                                   RscThresholdsRun *run, GCancellable *cancellable, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscThresholdsModel, rsc_thresholds_model_free)

G_END_DECLS
