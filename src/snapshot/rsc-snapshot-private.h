/* How a snapshot is kept: one stretch of memory for each column, owned (made by
 * the builder) or mapped (from a file), and what has been checked of it. */
#pragma once

#include "base/rsc-mapped-file.h"
#include "rsc-snapshot.h"

G_BEGIN_DECLS

/* The order is the order in a file; the numbers are written there. */
typedef enum
{
  RSC_COLUMN_INFO,
  RSC_COLUMN_TYPES,
  RSC_COLUMN_THREADS,
  RSC_COLUMN_FRAMES,
  RSC_COLUMN_ROOTS,
  RSC_COLUMN_STRING_OFFSETS, /* guint64, n_strings + 1 */
  RSC_COLUMN_STRING_DATA,    /* UTF-8, each ends with a NUL */
  RSC_COLUMN_ADDRESS,
  RSC_COLUMN_SIZE,
  RSC_COLUMN_TYPE,
  RSC_COLUMN_REFCOUNT,
  RSC_COLUMN_FLAGS,
  RSC_COLUMN_VALUE,
  RSC_COLUMN_GENERATION,
  RSC_COLUMN_FIRST_EDGE,
  RSC_COLUMN_TARGET,
  RSC_COLUMN_LABEL,
  RSC_COLUMN_KIND,
  RSC_COLUMN_FIRST_REFERRER,
  RSC_COLUMN_REFERRER,
  RSC_COLUMN_BY_ADDRESS,
  RSC_N_COLUMNS
} RscColumn;

/* Rows of the small tables, in memory as on disk. */
typedef struct
{
  guint32 name;
  guint32 module;
  guint32 node;
  guint32 flags;
  guint64 n_objects; /* without synthetic ones */
  guint64 bytes;
} RscTypeRow;
G_STATIC_ASSERT (sizeof (RscTypeRow) == 32);

typedef struct
{
  guint64 id;
  guint64 native_id;
  guint32 name;
  guint32 reserved;
} RscThreadRow;
G_STATIC_ASSERT (sizeof (RscThreadRow) == 24);

typedef struct
{
  guint32 thread;
  guint32 line;
  guint32 node;
  guint32 function;
  guint32 file;
  guint32 reserved;
} RscFrameRow;
G_STATIC_ASSERT (sizeof (RscFrameRow) == 24);

typedef struct
{
  guint32 node;
  guint32 kind;
  guint32 thread;
  guint32 name;
} RscRootRow;
G_STATIC_ASSERT (sizeof (RscRootRow) == 16);

/* Blocks beyond the public ones: what the small getters ask for. */
#define RSC_BLOCK_TYPES (1 << 6)
#define RSC_N_BLOCKS 7
#define RSC_ALL_BLOCKS ((1u << RSC_N_BLOCKS) - 1)

typedef struct
{
  const void *data;
  guint64 size; /* bytes */
} RscExtent;

struct _RscSnapshot
{
  gatomicrefcount ref_count;
  guint64 id;

  /* Constant after construction */
  RscExtent extents[RSC_N_COLUMNS];
  gboolean owned[RSC_N_COLUMNS]; /* the rest is mapped, or the info's */
  guint64 string_data_size;
  guint64 total_bytes;
  GVariant *info;
  RscMappedFile *file;        /* NULL: made in memory */
  const guint64 *chunk_sums;  /* borrowed from the file */
  guint64 n_sums;
  guint64 first_sum[RSC_N_COLUMNS];
  char *shown_path;           /* for messages */

  /* Atomic */
  guint *good_chunks;         /* a bit for each sum */
  int n_single_strings;
  const char *path;           /* interned; not under the lock, which is held for as long as a block is checked */

  /* Guarded by lock; checked is also read without it, atomically, and says
   * which members of columns may be read. */
  GMutex lock;
  guint checked;
  RscColumns columns;
  GError *damage; /* the first that was found */
};

/* An empty snapshot with an id of its own, for the builder and the file. */
RscSnapshot *_rsc_snapshot_new_empty (void);

/* Bytes of one item of @column. */
gsize _rsc_column_get_item_size (RscColumn column);
/* How many items @column has in a snapshot with the sizes in @columns; the
 * string data and the info have as many as they have. */
guint64 _rsc_column_get_n_items (RscColumn column, const RscColumns *columns);
/* The column's name for messages ("target"), never translated. */
const char *_rsc_column_get_name (RscColumn column);

/* Takes over @info, floating or not: the snapshot's a{sv}. */
void _rsc_snapshot_take_info (RscSnapshot *self, GVariant *info);

/* Hands out what @blocks stand for, which is known to be good. */
void _rsc_snapshot_trust (RscSnapshot *self, guint blocks);

/* Makes sure that @blocks (RSC_ALL_BLOCKS) are good. */
gboolean _rsc_snapshot_ask_for (RscSnapshot *self, guint blocks, GError **error);
void     _rsc_snapshot_set_path (RscSnapshot *self, const char *path);

/* Keeps the first error for rsc_snapshot_check(). */
void     _rsc_snapshot_note_damage (RscSnapshot *self, const GError *error);
/* FALSE if pages of the file were lost. */
gboolean _rsc_snapshot_check_lost (RscSnapshot *self, GError **error);

/* Of a mapped file: checks the sums and bounds of one block, or of one column,
 * and looks up one string while not all are checked. */
gboolean    _rsc_snapshot_file_check_block (RscSnapshot *self, guint block, GError **error);
gboolean    _rsc_snapshot_file_check_sums  (RscSnapshot *self, RscColumn column, GError **error);
const char *_rsc_snapshot_file_get_string  (RscSnapshot *self, guint32 index);

G_END_DECLS
