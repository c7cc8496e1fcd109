/* What grew over a series of heaps of one program, by type. */
#pragma once

#include "base/rsc-progress.h"
#include "snapshot/rsc-snapshot.h"

G_BEGIN_DECLS

typedef struct _RscGrowth RscGrowth;

typedef struct
{
  char *type, *module;
  guint64 *counts; /* of each heap, in their order */
  guint64 *bytes;
  gint64 growth;       /* objects, from the first to the last */
  gint64 bytes_growth;
  guint grew;          /* in how many steps from one heap to the next there were more objects */
  gboolean monotonic;  /* there were more at the end, and never fewer than before */
  double per_step;     /* objects: the slope of the line that fits best */
  double per_hour;     /* the same over time; only if that is known */
} RscGrowthRow;

RscGrowth *rsc_growth_new  (void);
void       rsc_growth_free (RscGrowth *self);

/* Counts the next heap, which is not kept. */
gboolean rsc_growth_add (RscGrowth          *self,
                         RscSnapshot        *snapshot,
                         const RscProgress  *progress,
                         GCancellable       *cancellable,
                         GError            **error);

guint    rsc_growth_get_n_heaps (const RscGrowth *self);
/* Whether each heap says when it was captured, and each later than the one before. */
gboolean rsc_growth_has_times   (const RscGrowth *self);
/* The first heap that was captured before the one before it, or 0. */
guint    rsc_growth_find_disorder (const RscGrowth *self);

/* RscGrowthRow of each type, of two heaps or more; types of the same name and module are one.
 * Those that grew in the most steps come first, among these those that grew by the most
 * objects.  @all: also those that did not grow, neither in objects nor in bytes.  Owned by
 * @self, until the next call; unref it. */
GPtrArray *rsc_growth_compute (RscGrowth *self, gboolean all);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscGrowth, rsc_growth_free)

G_END_DECLS
