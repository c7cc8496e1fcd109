/* Gathers a heap, then freezes it to an RscSnapshot.
 *
 * Nodes are numbered in the order in which they are added.  Edges are added
 * for the node that was added last, or, for readers that learn them later, by
 * rsc_snapshot_builder_add_edge_from() in any order (the relative order of one
 * node's edges is kept).  Targets may lie ahead; freezing fails if one never
 * came. */
#pragma once

#include "rsc-snapshot.h"

G_BEGIN_DECLS

typedef struct _RscSnapshotBuilder RscSnapshotBuilder;

typedef struct
{
  guint64 address;
  guint64 size;
  guint32 type;     /* from rsc_snapshot_builder_add_type() */
  guint32 refcount; /* RSC_REFCOUNT_UNKNOWN */
  guint32 flags;
  guint32 value;    /* a string's index; 0 for none */
  guint8 generation;
} RscNodeRecord;

RscSnapshotBuilder *rsc_snapshot_builder_new  (void);
void                rsc_snapshot_builder_free (RscSnapshotBuilder *self);

/* Sizes that are known in advance; 0 where not.  Only a hint. */
void rsc_snapshot_builder_reserve (RscSnapshotBuilder *self, guint32 n_nodes, guint64 n_edges);

/* String 0 is "".  add_string() always appends; intern_string() gives the same
 * index for the same text.  Text that is not UTF-8 is made so. @length -1:
 * NUL-terminated, else a NUL within becomes U+2400, which
 * rsc_snapshot_dup_value() shows as \x00.  Longer than RSC_MAX_STRING is cut
 * between two characters. */
guint32 rsc_snapshot_builder_add_string    (RscSnapshotBuilder *self, const char *text, gssize length);
guint32 rsc_snapshot_builder_intern_string (RscSnapshotBuilder *self, const char *text, gssize length);

/* Bytes as text, one character (U+0001 to U+00FF) for each: what
 * RSC_NODE_BYTES stands for. */
guint32 rsc_snapshot_builder_add_bytes     (RscSnapshotBuilder *self, const guint8 *bytes, gsize length);
/* Borrowed until the next string is added. */
const char *rsc_snapshot_builder_get_string (RscSnapshotBuilder *self, guint32 index);
guint32 rsc_snapshot_builder_get_n_nodes   (RscSnapshotBuilder *self);

guint32 rsc_snapshot_builder_add_type (RscSnapshotBuilder *self,
                                       const char *name, const char *module,
                                       RscNode node, guint32 type_flags);
RscNode rsc_snapshot_builder_add_node (RscSnapshotBuilder *self, const RscNodeRecord *record);
void    rsc_snapshot_builder_add_edge (RscSnapshotBuilder *self, RscNode target, guint8 kind, guint32 label);
void    rsc_snapshot_builder_add_edge_from (RscSnapshotBuilder *self, RscNode source,
                                            RscNode target, guint8 kind, guint32 label);

guint32 rsc_snapshot_builder_add_thread (RscSnapshotBuilder *self, guint64 id, guint64 native_id, const char *name);
void    rsc_snapshot_builder_add_frame  (RscSnapshotBuilder *self, guint32 thread, RscNode node,
                                         const char *function, const char *file, guint32 line);
/* Sets RSC_NODE_ROOT on the node as well. @thread: its index, or G_MAXUINT32. */
void    rsc_snapshot_builder_add_root   (RscSnapshotBuilder *self, RscNode node, RscRootKind kind,
                                         guint32 thread, const char *name);
/* Takes a floating @value. */
void    rsc_snapshot_builder_set_info   (RscSnapshotBuilder *self, const char *key, GVariant *value);

/* Ready-made columns, for the capture's fast path: the arrays are taken over
 * (g_free() frees them) and replace all nodes and edges so far.  first_edge
 * has n_nodes + 1 items. */
typedef struct
{
  guint32 n_nodes;
  guint64 n_edges;
  guint64 *address, *size, *first_edge;
  guint32 *type, *refcount, *flags, *value, *target, *label;
  guint8 *generation, *kind;
} RscColumnArrays;
void rsc_snapshot_builder_take_columns (RscSnapshotBuilder *self, RscColumnArrays *arrays);

/* Checks all indices, puts each node's traversed edges first, makes the backward edges and returns the snapshot; the
 * builder is empty afterwards and has only to be freed.  RSC_FORMAT_ERROR:
 * CORRUPT (a target, type, label or string out of range), LIMIT. */
RscSnapshot *rsc_snapshot_builder_freeze (RscSnapshotBuilder  *self,
                                          const RscProgress   *progress,
                                          GCancellable        *cancellable,
                                          GError             **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscSnapshotBuilder, rsc_snapshot_builder_free)

G_END_DECLS
