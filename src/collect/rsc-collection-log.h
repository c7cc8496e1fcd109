/* A run's collections as CPython itself writes them to standard error after gc.set_debug (gc.DEBUG_STATS).
 *
 * Four lines each (3.10 to 3.15, gc_collect_main() and show_stats_each_generations()):
 *
 *   gc: collecting generation 0...
 *   gc: objects in each generation: 700 0 11099
 *   gc: objects in permanent generation: 0
 *   gc: done, 400 unreachable, 0 uncollectable, 0.0021s elapsed
 *
 * What the program wrote in between is skipped.  Times are to a tenth of a millisecond.  Writing them costs the run itself
 * an allocation or two for each collection. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A record of more collections is refused. */
#define RSC_COLLECTION_LOG_MAX 10000000u

typedef struct
{
  guint32 generation;
  guint64 sizes[3];      /* objects in generations 0, 1, 2 when it begins */
  guint64 unreachable;   /* with the uncollectable ones */
  guint64 uncollectable;
  double seconds;
} RscLoggedCollection;

/* Those that are whole, in their order; unref it.  RSC_FORMAT_ERROR: BAD_MAGIC (there is none),
 * LIMIT. */
GArray *rsc_collection_log_parse (const char *text, gsize size, GCancellable *cancellable, GError **error);
/* The same of a file; besides NOT_FOUND, PERMISSION, IO, UNSUPPORTED (no regular file). */
GArray *rsc_collection_log_read  (const char *path, GCancellable *cancellable, GError **error);

G_END_DECLS
