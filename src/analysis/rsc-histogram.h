/* Counts and bytes by type. */
#pragma once

#include "base/rsc-bitset.h"
#include "base/rsc-progress.h"
#include "snapshot/rsc-snapshot.h"

G_BEGIN_DECLS

typedef struct
{
  guint32 type; /* the snapshot's type index */
  guint64 count;
  guint64 bytes;
} RscHistogramRow;

/* Rows by bytes, largest first, types without objects left out; unref it.
 * @only: these nodes, or NULL for all but synthetic ones. */
GArray *rsc_histogram_compute (RscSnapshot *snapshot, const RscBitset *only,
                               const RscProgress *progress, GCancellable *cancellable, GError **error);

/* Finds objects: each criterion may be NULL.  @type: a name, with or without
 * module; '*' stands for anything.  @name: of a function, class or module, or
 * a name path.  @value: text contained in the value, case-insensitively.
 * At most @limit (0: all); *n_found is the number of all. */
GArray *rsc_find_objects (RscSnapshot *snapshot, const char *type, const char *name, const char *value,
                          gsize limit, guint64 *n_found,
                          const RscProgress *progress, GCancellable *cancellable, GError **error);

G_END_DECLS
