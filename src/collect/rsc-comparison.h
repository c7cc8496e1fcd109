/* A collection that was predicted beside what really went. */
#pragma once

#include "rsc-collect.h"

G_BEGIN_DECLS

typedef struct
{
  GArray *really;         /* of RscNode: freed, and of those that the collector examines */
  GArray *only_predicted; /* still there */
  GArray *only_real;      /* of really, what was not predicted */
  guint64 freed_along;    /* what else was freed: only what is examined can be unreachable to the collector, the rest
                           * goes because its last referrer went (numbers, texts) */
} RscComparison;

/* @diff is of the snapshot that @prediction was made from. */
RscComparison *rsc_comparison_new  (const RscPrediction *prediction, const RscCollectionDiff *diff);
void           rsc_comparison_free (RscComparison *self);
gboolean       rsc_comparison_is_different (const RscComparison *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscComparison, rsc_comparison_free)

G_END_DECLS
