#include "config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/rsc-error.h"
#include "base/rsc-file.h"
#include "base/rsc-hash.h"
#include "rsc-snapshot-file.h"

typedef struct
{
  RscSnapshot *snapshot;
  const RscProgress *progress;
  GCancellable *cancellable;
  RscSnapshotHeader header;
  RscSnapshotEntry entries[RSC_N_COLUMNS];
  guint64 *sums;
  guint64 done;
  gboolean is_stream; /* it may be a pipe: writing waits for its reader */
} Writer;

static guint64
align (guint64 offset)
{
  return (offset + RSC_SNAPSHOT_ALIGNMENT - 1) & ~(guint64) (RSC_SNAPSHOT_ALIGNMENT - 1);
}

static guint64
count_chunks (guint64 size)
{
  return (size + RSC_SNAPSHOT_CHUNK - 1) / RSC_SNAPSHOT_CHUNK;
}

/* Places the columns and fills the header, but for the sums. */
static void
plan (Writer *writer)
{
  RscSnapshot *snapshot = writer->snapshot;
  const RscColumns *columns = &snapshot->columns;
  RscSnapshotHeader *header = &writer->header;
  guint64 n_sums = 0, end;

  for (guint c = 0; c < RSC_N_COLUMNS; c++)
    n_sums += count_chunks (snapshot->extents[c].size);
  end = sizeof *header + sizeof writer->entries + n_sums * sizeof (guint64);

  n_sums = 0;
  for (guint c = 0; c < RSC_N_COLUMNS; c++)
    {
      writer->entries[c] = (RscSnapshotEntry) {
        .column = c,
        .item_size = (guint32) _rsc_column_get_item_size ((RscColumn) c),
        .offset = align (end),
        .size = snapshot->extents[c].size,
        .first_sum = n_sums,
      };
      n_sums += count_chunks (snapshot->extents[c].size);
      end = writer->entries[c].offset + writer->entries[c].size;
    }

  *header = (RscSnapshotHeader) {
    .version = RSC_SNAPSHOT_VERSION,
    .header_size = sizeof *header,
    .file_size = end,
    .n_edges = columns->n_edges,
    .total_bytes = snapshot->total_bytes,
    .n_nodes = columns->n_nodes,
    .n_types = columns->n_types,
    .n_strings = columns->n_strings,
    .n_roots = columns->n_roots,
    .n_threads = columns->n_threads,
    .n_frames = columns->n_frames,
    .n_columns = RSC_N_COLUMNS,
    .chunk_size = RSC_SNAPSHOT_CHUNK,
    .n_sums = n_sums,
  };
  memcpy (header->magic, RSC_SNAPSHOT_MAGIC, sizeof header->magic);
}

/* The sums stand before the columns and the file is written from front to back,
 * so that it can also go into a pipe. */
static gboolean
add_up (Writer  *writer,
        GError **error)
{
  writer->sums = g_new (guint64, MAX (writer->header.n_sums, 1));
  for (guint c = 0; c < RSC_N_COLUMNS; c++)
    {
      const RscExtent *extent = &writer->snapshot->extents[c];
      guint64 *sum = writer->sums + writer->entries[c].first_sum;

      for (guint64 start = 0; start < extent->size; start += RSC_SNAPSHOT_CHUNK)
        {
          guint64 size = MIN (RSC_SNAPSHOT_CHUNK, extent->size - start);

          if (g_cancellable_set_error_if_cancelled (writer->cancellable, error))
            return FALSE;
          *sum++ = rsc_hash_bytes ((const guint8 *) extent->data + start, size, c);
        }
    }

  writer->header.contents_sum
      = rsc_hash_bytes (writer->entries, sizeof writer->entries, 0)
        ^ rsc_hash_bytes (writer->sums, writer->header.n_sums * sizeof *writer->sums, 1);
  writer->header.header_sum = rsc_hash_bytes (&writer->header, G_STRUCT_OFFSET (RscSnapshotHeader, header_sum), 0);

  return TRUE;
}

static gboolean
write_piece (Writer     *writer,
             int         fd,
             const void *data,
             guint64     size,
             GError    **error)
{
  if (g_cancellable_set_error_if_cancelled (writer->cancellable, error)
      || !(writer->is_stream ? rsc_file_write_stream (fd, data, size, writer->cancellable, error)
                             : rsc_file_write_all (fd, data, size, error)))
    return FALSE;
  writer->done += size;
  rsc_progress_report (writer->progress, (double) writer->done / (double) writer->header.file_size,
                       _("Writing the heap"));

  return TRUE;
}

static gboolean
write_columns (int      fd,
               gpointer user_data,
               GError **error)
{
  static const guint8 zeros[RSC_SNAPSHOT_ALIGNMENT];
  Writer *writer = user_data;

  if (!write_piece (writer, fd, &writer->header, sizeof writer->header, error)
      || !write_piece (writer, fd, writer->entries, sizeof writer->entries, error)
      || !write_piece (writer, fd, writer->sums, writer->header.n_sums * sizeof *writer->sums, error))
    return FALSE;

  for (guint c = 0; c < RSC_N_COLUMNS; c++)
    {
      const RscExtent *extent = &writer->snapshot->extents[c];

      if (!write_piece (writer, fd, zeros, writer->entries[c].offset - writer->done, error))
        return FALSE;
      for (guint64 start = 0; start < extent->size; start += RSC_SNAPSHOT_CHUNK)
        if (!write_piece (writer, fd, (const guint8 *) extent->data + start,
                          MIN (RSC_SNAPSHOT_CHUNK, extent->size - start), error))
          return FALSE;
    }

  /* What was read from a map that lost pages must not become a good file. */
  return rsc_snapshot_check (writer->snapshot, error);
}

/* All but the writing itself. */
static gboolean
prepare (Writer  *writer,
         GError **error)
{
#if G_BYTE_ORDER != G_LITTLE_ENDIAN
  g_set_error_literal (error, RSC_FORMAT_ERROR, RSC_ERROR_UNSUPPORTED,
                       _("Heap files can be written on little-endian machines only."));
  return FALSE;
#endif

  /* What is written must be whole, and includes the order of the addresses. */
  if (rsc_snapshot_get_columns (writer->snapshot, RSC_BLOCK_ALL, error) == NULL)
    return FALSE;

  plan (writer);

  return add_up (writer, error);
}

gboolean
rsc_snapshot_save (RscSnapshot       *self,
                   const char        *path,
                   gboolean           overwrite,
                   const RscProgress *progress,
                   GCancellable      *cancellable,
                   GError           **error)
{
  Writer writer = { .snapshot = self, .progress = progress, .cancellable = cancellable };
  gboolean ok;

  g_return_val_if_fail (path != NULL, FALSE);

  ok = prepare (&writer, error) && rsc_file_replace_private (path, overwrite, write_columns, &writer, error);
  g_free (writer.sums);
  if (ok)
    _rsc_snapshot_set_path (self, path);

  return ok;
}

gboolean
rsc_snapshot_write (RscSnapshot       *self,
                    int                fd,
                    const char        *name,
                    const RscProgress *progress,
                    GCancellable      *cancellable,
                    GError           **error)
{
  Writer writer = { .snapshot = self, .progress = progress, .cancellable = cancellable, .is_stream = TRUE };
  gboolean ok = prepare (&writer, error) && rsc_file_write_to (fd, name, write_columns, &writer, error);

  g_free (writer.sums);

  return ok;
}

guint64
rsc_snapshot_compute_file_size (RscSnapshot  *self,
                                GError      **error)
{
  Writer writer = { .snapshot = self };

  if (rsc_snapshot_get_columns (self, RSC_BLOCK_ALL, error) == NULL)
    return 0;

  plan (&writer);

  return writer.header.file_size;
}
