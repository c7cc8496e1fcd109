/* What the agent's child wrote to the memfd (see wire/rsc-wire-heap.h), read
 * into a snapshot.  Trusts nothing. */
#pragma once

#include "snapshot/rsc-snapshot-builder.h"

G_BEGIN_DECLS

/* Maps @fd and fills @builder; info keys that only the agent knows are set.
 * RSC_FORMAT_ERROR: TRUNCATED, BAD_VERSION, CORRUPT, LIMIT; RSC_CAPTURE_ERROR,
 * FAILED with the child's own sentence if it wrote one. */
gboolean rsc_heap_stream_read (int                  fd,
                               RscSnapshotBuilder  *builder,
                               const RscProgress   *progress,
                               GCancellable        *cancellable,
                               GError             **error);

/* The same from memory: for the fuzz target. */
gboolean rsc_heap_stream_read_memory (const void          *data,
                                      gsize                size,
                                      RscSnapshotBuilder  *builder,
                                      const RscProgress   *progress,
                                      GCancellable        *cancellable,
                                      GError             **error);

G_END_DECLS
