/* The .refscope file: a header, a table of contents, sums, and the columns of a
 * snapshot as they stand in memory.
 *
 *   +--------+----------+------------+---------+---+---------+---+-----
 *   | header | contents | chunk sums | column  | 0 | column  | 0 | ...
 *   +--------+----------+------------+---------+---+---------+---+-----
 *   0        128                     each column starts at a multiple of 64
 *
 * All numbers are little-endian.  Each column has an entry in the table, in the
 * order of RscColumn; the next begins right after it, at the next multiple of
 * 64, with zeros between, and the last one ends the file, so that no byte is
 * unaccounted for.  Columns are summed in chunks of RSC_SNAPSHOT_CHUNK bytes
 * (XXH64, seeded with the column's number); the sums stand in one array, in the
 * order of the columns.  The table and the sums have a sum in the header, and
 * the header has its own. */
#pragma once

#include "rsc-snapshot-private.h"

G_BEGIN_DECLS

#define RSC_SNAPSHOT_VERSION 1u
#define RSC_SNAPSHOT_CHUNK (1u << 20)
#define RSC_SNAPSHOT_ALIGNMENT 64u
#define RSC_SNAPSHOT_MAX_INFO (64u << 20)

typedef struct
{
  char magic[8];       /* RSC_SNAPSHOT_MAGIC */
  guint32 version;
  guint32 header_size; /* of this struct */
  guint64 file_size;
  guint64 n_edges;
  guint64 total_bytes; /* the shallow sizes of all but synthetic nodes */
  guint32 n_nodes;
  guint32 n_types;
  guint32 n_strings;
  guint32 n_roots;
  guint32 n_threads;
  guint32 n_frames;
  guint32 n_columns;   /* entries in the table of contents */
  guint32 chunk_size;
  guint64 n_sums;
  guint64 reserved[4]; /* 0 */
  guint64 contents_sum; /* of the table and the sums */
  guint64 header_sum;   /* of all before it */
} RscSnapshotHeader;
G_STATIC_ASSERT (sizeof (RscSnapshotHeader) == 128);

typedef struct
{
  guint32 column;
  guint32 item_size;
  guint64 offset;    /* from the start of the file */
  guint64 size;      /* bytes; 0: missing (by_address only) or empty */
  guint64 first_sum; /* index of the first of its chunks' sums */
} RscSnapshotEntry;
G_STATIC_ASSERT (sizeof (RscSnapshotEntry) == 32);

G_END_DECLS
