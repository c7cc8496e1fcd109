/* Checks the columns of a mapped file: sums and bounds, chunk by chunk, on a
 * few threads, so that a big heap answers soon. */
#include "config.h"

#include <inttypes.h>
#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>

#include "base/rsc-error.h"
#include "base/rsc-hash.h"
#include "rsc-column-checks.h"
#include "rsc-edge-index.h"
#include "rsc-snapshot-file.h"

#define MAX_THREADS 4
/* Fewer chunks than this are not worth a thread. */
#define MIN_CHUNKS_PER_THREAD 8

/* Strings are looked at one by one until so many were asked for; then all. */
#define MAX_SINGLE_STRINGS 65536

typedef struct
{
  RscColumn first;
  RscColumn last;
} ColumnRange;

static const ColumnRange block_columns[RSC_N_BLOCKS] = {
  { RSC_COLUMN_ADDRESS, RSC_COLUMN_GENERATION },          /* RSC_BLOCK_NODES */
  { RSC_COLUMN_FIRST_EDGE, RSC_COLUMN_KIND },             /* RSC_BLOCK_EDGES */
  { RSC_COLUMN_FIRST_REFERRER, RSC_COLUMN_REFERRER },     /* RSC_BLOCK_REFERRERS */
  { RSC_COLUMN_STRING_OFFSETS, RSC_COLUMN_STRING_DATA },  /* RSC_BLOCK_STRINGS */
  { RSC_COLUMN_THREADS, RSC_COLUMN_ROOTS },               /* RSC_BLOCK_ROOTS */
  { RSC_COLUMN_BY_ADDRESS, RSC_COLUMN_BY_ADDRESS },       /* RSC_BLOCK_ADDRESSES */
  { RSC_COLUMN_TYPES, RSC_COLUMN_TYPES },                 /* RSC_BLOCK_TYPES */
};

static guint64
count_chunks (guint64 size)
{
  return (size + RSC_SNAPSHOT_CHUNK - 1) / RSC_SNAPSHOT_CHUNK;
}

static gboolean
is_node_or_none (guint32 node,
                 guint32 n_nodes)
{
  return node < n_nodes || node == RSC_NODE_NONE;
}

static gsize
check_generations (const guint8 *items,
                   gsize         n,
                   guint         n_interpreters)
{
  for (gsize i = 0; i < n; i++)
    if (items[i] >= RSC_N_COLLECTOR_LISTS * n_interpreters && items[i] != RSC_GENERATION_NONE)
      return i;

  return n;
}

static gsize
check_types (const RscColumns *columns,
             const RscTypeRow *rows,
             gsize             n)
{
  for (gsize i = 0; i < n; i++)
    if (rows[i].name >= columns->n_strings || rows[i].module >= columns->n_strings
        || !is_node_or_none (rows[i].node, columns->n_nodes))
      return i;

  return n;
}

static gsize
check_threads (const RscColumns   *columns,
               const RscThreadRow *rows,
               gsize               n)
{
  for (gsize i = 0; i < n; i++)
    if (rows[i].name >= columns->n_strings)
      return i;

  return n;
}

static gsize
check_frames (const RscColumns  *columns,
              const RscFrameRow *rows,
              gsize              n)
{
  for (gsize i = 0; i < n; i++)
    if (rows[i].thread >= columns->n_threads || !is_node_or_none (rows[i].node, columns->n_nodes)
        || rows[i].function >= columns->n_strings || rows[i].file >= columns->n_strings)
      return i;

  return n;
}

static gsize
check_roots (const RscColumns *columns,
             const RscRootRow *rows,
             gsize             n)
{
  for (gsize i = 0; i < n; i++)
    if (rows[i].node >= columns->n_nodes || rows[i].kind > RSC_ROOT_DECLARED || rows[i].name >= columns->n_strings
        || (rows[i].thread >= columns->n_threads && rows[i].thread != G_MAXUINT32))
      return i;

  return n;
}

/* Offsets start at 0, never fall and end at @limit. */
static gsize
check_offsets (const guint64 *all,
               guint64        n_all,
               guint64        start,
               gsize          n,
               guint64        limit)
{
  gsize bad = rsc_check_offsets (all + start, n, start > 0 ? all[start - 1] : 0, limit);

  if (bad < n)
    return bad;
  if (start == 0 && all[0] != 0)
    return 0;
  if (start + n == n_all && all[n_all - 1] != limit)
    return n - 1;

  return n;
}

/* The bounds of @n items from @start; the index, from @start, of the first bad
 * one, or @n. */
static gsize
check_bounds (RscSnapshot *self,
              RscColumn    column,
              guint64      start,
              gsize        n)
{
  const RscColumns *columns = &self->columns;
  const guint8 *data = (const guint8 *) self->extents[column].data + start * _rsc_column_get_item_size (column);
  const void *items = data;

  switch (column)
    {
    case RSC_COLUMN_TYPES:
      return check_types (columns, items, n);
    case RSC_COLUMN_THREADS:
      return check_threads (columns, items, n);
    case RSC_COLUMN_FRAMES:
      return check_frames (columns, items, n);
    case RSC_COLUMN_ROOTS:
      return check_roots (columns, items, n);
    case RSC_COLUMN_STRING_OFFSETS:
      return check_offsets (self->extents[column].data, (guint64) columns->n_strings + 1, start, n,
                            self->string_data_size);
    case RSC_COLUMN_TYPE:
      return rsc_check_indices (items, n, columns->n_types);
    case RSC_COLUMN_VALUE:
      return rsc_check_indices (items, n, columns->n_strings);
    case RSC_COLUMN_GENERATION:
      return check_generations (items, n, rsc_snapshot_get_n_interpreters (self));
    case RSC_COLUMN_FIRST_EDGE:
    case RSC_COLUMN_FIRST_REFERRER:
      return check_offsets (self->extents[column].data, (guint64) columns->n_nodes + 1, start, n, columns->n_edges);
    case RSC_COLUMN_TARGET:
    case RSC_COLUMN_REFERRER:
    case RSC_COLUMN_BY_ADDRESS:
      return rsc_check_indices (items, n, columns->n_nodes);
    case RSC_COLUMN_LABEL:
      return rsc_check_labels (items, (const guint8 *) self->extents[RSC_COLUMN_KIND].data + start, n,
                               columns->n_nodes, columns->n_strings);
    case RSC_COLUMN_INFO:
    case RSC_COLUMN_STRING_DATA:
    case RSC_COLUMN_ADDRESS:
    case RSC_COLUMN_SIZE:
    case RSC_COLUMN_REFCOUNT:
    case RSC_COLUMN_FLAGS:
    case RSC_COLUMN_KIND: /* with the labels */
    case RSC_N_COLUMNS:
    default:
      return n;
    }
}

static gboolean
chunk_sum_is_right (RscSnapshot *self,
                    RscColumn    column,
                    guint64      chunk)
{
  const RscExtent *extent = &self->extents[column];
  guint64 start = chunk * RSC_SNAPSHOT_CHUNK;
  guint64 size = MIN (RSC_SNAPSHOT_CHUNK, extent->size - start);

  return rsc_hash_bytes ((const guint8 *) extent->data + start, size, column)
         == self->chunk_sums[self->first_sum[column] + chunk];
}

/* Shared by the threads that check the columns from first to last. */
typedef struct
{
  RscSnapshot *self;
  ColumnRange range;
  guint64 n_chunks;
  guint64 next;      /* atomic */
  guint64 bad_chunk; /* atomic: the first that is wrong, G_MAXUINT64 for none */
  guint64 bad_offset; /* guarded by lock: within bad_column */
  RscColumn bad_column;
  GMutex lock;
} CheckJob;

static void
report_bad (CheckJob *job,
            guint64   chunk,
            RscColumn column,
            guint64   offset)
{
  g_mutex_lock (&job->lock);
  if (chunk < job->bad_chunk)
    {
      __atomic_store_n (&job->bad_chunk, chunk, __ATOMIC_RELAXED);
      job->bad_column = column;
      job->bad_offset = offset;
    }
  g_mutex_unlock (&job->lock);
}

static void
check_chunk (CheckJob *job,
             guint64   index)
{
  RscSnapshot *self = job->self;
  RscColumn column = job->range.first;
  guint64 chunk = index, item_size, first_item, n_items;
  gsize bad;

  for (; chunk >= count_chunks (self->extents[column].size); column++)
    chunk -= count_chunks (self->extents[column].size);
  item_size = _rsc_column_get_item_size (column);

  if (!chunk_sum_is_right (self, column, chunk))
    {
      report_bad (job, index, column, chunk * RSC_SNAPSHOT_CHUNK);
      return;
    }
  first_item = chunk * RSC_SNAPSHOT_CHUNK / item_size;
  n_items = MIN (RSC_SNAPSHOT_CHUNK, self->extents[column].size - chunk * RSC_SNAPSHOT_CHUNK) / item_size;
  bad = check_bounds (self, column, first_item, n_items);
  if (bad < n_items)
    report_bad (job, index, column, (first_item + bad) * item_size);
}

static gpointer
check_chunks (gpointer data)
{
  CheckJob *job = data;
  guint64 index;

  while ((index = __atomic_fetch_add (&job->next, 1, __ATOMIC_RELAXED)) < job->n_chunks
         && __atomic_load_n (&job->bad_chunk, __ATOMIC_RELAXED) == G_MAXUINT64)
    check_chunk (job, index);

  return NULL;
}

/* Of the byte @offset of @column, from the start of the file; 0 if it is not of
 * the file. */
static guint64
get_file_offset (RscSnapshot *self,
                 RscColumn    column,
                 guint64      offset)
{
  guintptr start = (guintptr) rsc_mapped_file_get_data (self->file);
  guintptr at = (guintptr) self->extents[column].data + offset;

  return at >= start && at - start < rsc_mapped_file_get_size (self->file) ? at - start : 0;
}

static void
set_damaged (RscSnapshot *self,
             RscColumn    column,
             guint64      offset,
             GError     **error)
{
  /* Pages that were lost read as zeros, and their sum is wrong. */
  if (!_rsc_snapshot_check_lost (self, error))
    return;
  g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_CORRUPT,
               /* Translators: %1$s is a file name, %2$s the name of a part of it, which stays as it is */
               _("“%1$s” is damaged: the block “%2$s” is wrong at offset %3$" PRIu64
                 ". Use a copy of the file, or capture again."),
               self->shown_path, _rsc_column_get_name (column), get_file_offset (self, column, offset));
}

static gboolean
check_range (RscSnapshot *self,
             ColumnRange  range,
             GError     **error)
{
  CheckJob job = { .self = self, .range = range, .bad_chunk = G_MAXUINT64 };
  GThread *threads[MAX_THREADS];
  guint n_threads = 0, n_wanted;

  for (guint c = range.first; c <= range.last; c++)
    job.n_chunks += count_chunks (self->extents[c].size);
  g_mutex_init (&job.lock);

  n_wanted = (guint) MIN (job.n_chunks / MIN_CHUNKS_PER_THREAD, MIN (g_get_num_processors (), MAX_THREADS));
  for (guint i = 1; i < n_wanted; i++)
    {
      threads[n_threads] = g_thread_try_new ("rsc-check", check_chunks, &job, NULL);
      if (threads[n_threads] != NULL)
        n_threads++;
    }
  check_chunks (&job);
  for (guint i = 0; i < n_threads; i++)
    g_thread_join (threads[i]);
  g_mutex_clear (&job.lock);

  if (job.bad_chunk != G_MAXUINT64)
    {
      set_damaged (self, job.bad_column, job.bad_offset, error);
      return FALSE;
    }

  return _rsc_snapshot_check_lost (self, error);
}

gboolean
_rsc_snapshot_file_check_sums (RscSnapshot *self,
                               RscColumn    column,
                               GError     **error)
{
  return check_range (self, (ColumnRange) { column, column }, error);
}

/* Where one string ends the next begins, and each is UTF-8. */
static gboolean
check_all_strings (RscSnapshot *self,
                   GError     **error)
{
  const RscExtent *data = &self->extents[RSC_COLUMN_STRING_DATA];
  const guint64 *offsets = self->extents[RSC_COLUMN_STRING_OFFSETS].data;
  gsize bad_string = rsc_check_strings (offsets, self->columns.n_strings, data->data);
  gsize bad = data->size;

  if (bad_string < self->columns.n_strings)
    bad = offsets[bad_string];
  else
    bad = rsc_check_utf8 (data->data, data->size);
  if (bad < data->size || bad_string < self->columns.n_strings)
    {
      set_damaged (self, RSC_COLUMN_STRING_DATA, bad, error);
      return FALSE;
    }

  return _rsc_snapshot_check_lost (self, error);
}

gboolean
_rsc_snapshot_file_check_block (RscSnapshot *self,
                                guint        block,
                                GError     **error)
{
  if (!check_range (self, block_columns[g_bit_nth_lsf (block, -1)], error))
    return FALSE;

  return block != RSC_BLOCK_STRINGS || check_all_strings (self, error);
}

static gboolean
ensure_chunk (RscSnapshot *self,
              RscColumn    column,
              guint64      chunk)
{
  guint64 bit = self->first_sum[column] + chunk;
  guint *word = &self->good_chunks[bit / 32];
  guint mask = 1u << (bit % 32);

  if ((guint) g_atomic_int_get (word) & mask)
    return TRUE;
  if (!chunk_sum_is_right (self, column, chunk))
    return FALSE;
  g_atomic_int_or (word, mask);

  return TRUE;
}

static gboolean
ensure_bytes (RscSnapshot *self,
              RscColumn    column,
              guint64      start,
              guint64      end)
{
  for (guint64 chunk = start / RSC_SNAPSHOT_CHUNK; chunk <= (end - 1) / RSC_SNAPSHOT_CHUNK; chunk++)
    if (!ensure_chunk (self, column, chunk))
      {
        g_autoptr(GError) error = NULL;

        set_damaged (self, column, chunk * RSC_SNAPSHOT_CHUNK, &error);
        _rsc_snapshot_note_damage (self, error);
        return FALSE;
      }

  return TRUE;
}

const char *
_rsc_snapshot_file_get_string (RscSnapshot *self,
                               guint32      index)
{
  const guint64 *offsets = self->extents[RSC_COLUMN_STRING_OFFSETS].data;
  const char *data = self->extents[RSC_COLUMN_STRING_DATA].data;
  g_autoptr(GError) error = NULL;
  guint64 bounds[2];

  if (g_atomic_int_add (&self->n_single_strings, 1) > MAX_SINGLE_STRINGS)
    {
      g_atomic_int_set (&self->n_single_strings, 0);
      if (!_rsc_snapshot_ask_for (self, RSC_BLOCK_STRINGS, NULL))
        return "";
      return data + offsets[index];
    }

  if (!ensure_bytes (self, RSC_COLUMN_STRING_OFFSETS, (guint64) index * sizeof *offsets,
                     ((guint64) index + 2) * sizeof *offsets))
    return "";
  bounds[0] = offsets[index];
  bounds[1] = offsets[index + 1];
  if (rsc_check_offsets (bounds, 2, 0, self->string_data_size) == 2
      && bounds[1] > bounds[0]
      && bounds[1] - bounds[0] <= (guint64) RSC_MAX_STRING + 1)
    {
      if (!ensure_bytes (self, RSC_COLUMN_STRING_DATA, bounds[0], bounds[1]))
        return "";
      if (rsc_check_strings (bounds, 1, data) == 1
          && rsc_check_utf8 (data + bounds[0], bounds[1] - bounds[0]) == bounds[1] - bounds[0])
        return data + bounds[0];
    }

  set_damaged (self, RSC_COLUMN_STRING_OFFSETS, (guint64) index * sizeof *offsets, &error);
  _rsc_snapshot_note_damage (self, error);

  return "";
}

/* The zeros between the columns. */
static gboolean
check_padding (RscSnapshot *self,
               GError     **error)
{
  const guint8 *at = (const guint8 *) (self->chunk_sums + self->n_sums);

  for (guint c = 0; c < RSC_N_COLUMNS; c++)
    {
      /* by_address may have been missing, and made in memory since. */
      if (self->extents[c].size == 0 || get_file_offset (self, (RscColumn) c, 0) == 0)
        continue;
      for (; at < (const guint8 *) self->extents[c].data; at++)
        if (*at != 0)
          {
            set_damaged (self, (RscColumn) c, 0, error);
            return FALSE;
          }
      at += self->extents[c].size;
    }

  return TRUE;
}

static gboolean
report_disagreement (RscSnapshot *self,
                     RscColumn    column,
                     guint64      item,
                     GError     **error)
{
  if (self->file != NULL)
    set_damaged (self, column, item * _rsc_column_get_item_size (column), error);
  else
    g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_CORRUPT,
                 /* Translators: %1$s is the name of a table, which stays as it is */
                 _("The heap contradicts itself in entry %2$" PRIu64 " of “%1$s”."),
                 _rsc_column_get_name (column), item);

  return FALSE;
}

/* The backward edges are those that the forward edges give. */
static gboolean
verify_referrers (RscSnapshot  *self,
                  GCancellable *cancellable,
                  GError      **error)
{
  const RscColumns *columns = &self->columns;
  g_autofree guint64 *first = g_new0 (guint64, (gsize) columns->n_nodes + 1);
  g_autofree guint32 *referrer = g_new (guint32, MAX (columns->n_edges, 1));

  if (!rsc_edge_index_invert (columns->n_nodes, columns->first_edge, columns->target, first, referrer,
                              cancellable, error))
    return FALSE;
  for (guint64 i = 0; i <= columns->n_nodes; i++)
    if (first[i] != columns->first_referrer[i])
      return report_disagreement (self, RSC_COLUMN_FIRST_REFERRER, i, error);
  for (guint64 i = 0; i < columns->n_edges; i++)
    if (referrer[i] != columns->referrer[i])
      return report_disagreement (self, RSC_COLUMN_REFERRER, i, error);

  return TRUE;
}

/* What the collector traverses comes first. */
static gboolean
verify_edge_order (RscSnapshot *self,
                   GError     **error)
{
  const RscColumns *columns = &self->columns;

  for (guint32 node = 0; node < columns->n_nodes; node++)
    for (guint64 e = columns->first_edge[node] + 1; e < columns->first_edge[node + 1]; e++)
      if ((columns->kind[e] & RSC_EDGE_TRAVERSED) && !(columns->kind[e - 1] & RSC_EDGE_TRAVERSED))
        return report_disagreement (self, RSC_COLUMN_KIND, e, error);

  return TRUE;
}

static gboolean
verify_addresses (RscSnapshot  *self,
                  GCancellable *cancellable,
                  GError      **error)
{
  const RscColumns *columns = &self->columns;
  g_autofree guint32 *by_address
      = rsc_edge_index_sort_addresses (columns->n_nodes, columns->address, cancellable, error);

  if (by_address == NULL)
    return FALSE;
  for (guint32 i = 0; i < columns->n_nodes; i++)
    if (by_address[i] != columns->by_address[i])
      return report_disagreement (self, RSC_COLUMN_BY_ADDRESS, i, error);

  return TRUE;
}

/* Counts and bytes of the types, and all bytes. */
static gboolean
verify_types (RscSnapshot *self,
              GError     **error)
{
  const RscColumns *columns = &self->columns;
  const RscTypeRow *rows = self->extents[RSC_COLUMN_TYPES].data;
  g_autofree guint64 *sums = g_new0 (guint64, (gsize) columns->n_types * 2 + 1);
  guint64 total = 0;

  for (guint32 node = 0; node < columns->n_nodes; node++)
    if (!(columns->flags[node] & RSC_NODE_SYNTHETIC))
      {
        sums[2 * (gsize) columns->type[node]]++;
        sums[2 * (gsize) columns->type[node] + 1] += columns->size[node];
        total += columns->size[node];
      }
  for (guint32 t = 0; t < columns->n_types; t++)
    if (rows[t].n_objects != sums[2 * (gsize) t] || rows[t].bytes != sums[2 * (gsize) t + 1])
      return report_disagreement (self, RSC_COLUMN_TYPES, t, error);
  if (total != self->total_bytes)
    return report_disagreement (self, RSC_COLUMN_SIZE, 0, error);

  return TRUE;
}

gboolean
rsc_snapshot_verify (RscSnapshot       *self,
                     const RscProgress *progress,
                     GCancellable      *cancellable,
                     GError           **error)
{
  for (guint b = 0; b < RSC_N_BLOCKS; b++)
    {
      rsc_progress_report (progress, 0.5 * b / RSC_N_BLOCKS, _("Checking sums"));
      if (g_cancellable_set_error_if_cancelled (cancellable, error)
          || !_rsc_snapshot_ask_for (self, 1u << b, error))
        return FALSE;
    }

  rsc_progress_report (progress, 0.5, _("Checking references"));
  return (self->file == NULL || check_padding (self, error))
         && verify_edge_order (self, error)
         && verify_types (self, error)
         && verify_referrers (self, cancellable, error)
         && verify_addresses (self, cancellable, error)
         && rsc_snapshot_check (self, error);
}
