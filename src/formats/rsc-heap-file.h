/* Opening a heap file of any known format. */
#pragma once

#include "snapshot/rsc-snapshot.h"

G_BEGIN_DECLS

/* Bytes: a larger graph is for nobody to look at. */
#define RSC_HEAP_FILE_MAX_DOT (64u << 20)

/* Looks at the content, not at the name: .refscope, DOT.  RSC_FORMAT_ERROR:
 * BAD_MAGIC says what the file is not, and which formats are known. */
RscSnapshot *rsc_heap_file_open (const char         *path,
                                 const RscProgress  *progress,
                                 GCancellable       *cancellable,
                                 GError            **error);

/* The same from @fd, which may be a pipe: what comes is kept in a file without a name that only this process can read.  It is read
 * to its end, but no further than a heap goes.  @name is what messages call it. */
RscSnapshot *rsc_heap_file_open_stream (int                 fd,
                                        const char         *name,
                                        const RscProgress  *progress,
                                        GCancellable       *cancellable,
                                        GError            **error);

/* A DOT digraph as a heap: each node an object of type "node" with its label
 * (else its name) as value, found by its name; each edge a reference.  The first
 * node, or the one with root=true or that the graph's root names, is the declared
 * root.  Where all nodes are named as objgraph and our writers name them, "o" and
 * a number is the address, the label's first line the type; folds and marks are
 * synthetic.  RSC_FORMAT_ERROR: BAD_MAGIC, the graph is undirected. */
RscSnapshot *rsc_dot_reader_read (const char         *text,
                                  gsize               length,
                                  const RscProgress  *progress,
                                  GCancellable       *cancellable,
                                  GError            **error);

/* The whole heap as a DOT digraph, atomically (see rsc_file_replace_private()). */
gboolean rsc_dot_writer_write (RscSnapshot        *snapshot,
                               const char         *path,
                               gboolean            overwrite,
                               const RscProgress  *progress,
                               GCancellable       *cancellable,
                               GError            **error);

G_END_DECLS
