/* What comes through a pipe, kept in a file so that it can be mapped. */
#pragma once

#include <gio/gio.h>

#include "base/rsc-progress.h"

G_BEGIN_DECLS

/* The longest heap that is taken from a pipe: what its header says, anybody can write. */
#define RSC_HEAP_SPOOL_MAX (G_GUINT64_CONSTANT (64) << 30)

/* Reads @fd to its end, but no further than the heap that it begins with says that it goes, or than a DOT graph may be.  Returns a file
 * without a name in the folder for temporary ones (TMPDIR), for the caller to close; where @fd is a file itself, that one.  @name is what
 * messages call it.  -1 and RSC_FORMAT_ERROR: CORRUPT (something follows the heap), LIMIT (it is longer than RSC_HEAP_SPOOL_MAX), IO (there is
 * no room for it, too), UNSUPPORTED (a terminal). */
int rsc_heap_spool (int fd, const char *name, const RscProgress *progress, GCancellable *cancellable, GError **error);

G_END_DECLS
