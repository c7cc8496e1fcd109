/* What comes through a pipe, kept in a file so that it can be mapped. */
#pragma once

#include <gio/gio.h>

#include "base/rsc-progress.h"

G_BEGIN_DECLS

/* Reads @fd to its end, but no further than the heap that it begins with says that it goes, or than a DOT graph may be.  Returns a file
 * without a name in the folder for temporary ones (TMPDIR), for the caller to close; where @fd is a file itself, that one.  @name is what
 * messages call it.  -1 and RSC_FORMAT_ERROR: CORRUPT (something follows the heap), IO (there is no room for it, too), UNSUPPORTED (a terminal). */
int rsc_heap_spool (int fd, const char *name, const RscProgress *progress, GCancellable *cancellable, GError **error);

G_END_DECLS
