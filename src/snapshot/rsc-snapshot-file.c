#include "config.h"

#include "rsc-snapshot-file.h"

#include <inttypes.h>
#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>

#include "base/rsc-error.h"
#include "base/rsc-hash.h"

/* Messages about a file that is not as it should be. */
static void
set_corrupt (GError    **error,
             const char *path,
             const char *what,
             guint64     offset)
{
  g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_CORRUPT,
               /* Translators: %1$s is a file name, %2$s the name of a part of it, which stays as it is */
               _("“%1$s” is damaged: the block “%2$s” is wrong at offset %3$" PRIu64
                 ". Use a copy of the file, or capture again."),
               path, what, offset);
}

static gboolean
check_magic (const char   *path,
             const guint8 *data,
             gsize         size,
             GError      **error)
{
  if (size == 0)
    {
      /* Translators: %s is a file name */
      g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_TRUNCATED, _("“%s” is empty."), path);
      return FALSE;
    }
  if (memcmp (data, RSC_SNAPSHOT_MAGIC, MIN (size, 8)) != 0)
    {
      g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_BAD_MAGIC,
                   /* Translators: %s is a file name */
                   _("“%s” is not a Refscope heap file."), path);
      return FALSE;
    }
  if (size < sizeof (RscSnapshotHeader))
    {
      g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_TRUNCATED,
                   /* Translators: %1$s is a file name */
                   _("“%1$s” ends within its header, after %2$zu bytes."), path, size);
      return FALSE;
    }

  return TRUE;
}

static gboolean
check_header (const char              *path,
              const RscSnapshotHeader *header,
              gsize                    size,
              GError                 **error)
{
  static const guint64 zeros[G_N_ELEMENTS (header->reserved)];

  if (header->version != RSC_SNAPSHOT_VERSION)
    {
      g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_BAD_VERSION,
                   /* Translators: %1$s is a file name */
                   _("“%1$s” has version %2$u of the format, this program reads version %3$u. Use a newer Refscope."),
                   path, header->version, RSC_SNAPSHOT_VERSION);
      return FALSE;
    }
  if (header->header_sum != rsc_hash_bytes (header, G_STRUCT_OFFSET (RscSnapshotHeader, header_sum), 0))
    {
      set_corrupt (error, path, "header", 0);
      return FALSE;
    }
  if (header->file_size > size)
    {
      g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_TRUNCATED,
                   /* Translators: %1$s is a file name */
                   _("“%1$s” is incomplete: %2$zu of %3$" PRIu64 " bytes."),
                   path, size, header->file_size);
      return FALSE;
    }
  if (header->file_size != size
      || header->header_size != sizeof *header
      || header->n_columns != RSC_N_COLUMNS
      || header->chunk_size != RSC_SNAPSHOT_CHUNK
      || memcmp (header->reserved, zeros, sizeof zeros) != 0
      || header->n_strings == 0)
    {
      set_corrupt (error, path, "header", 0);
      return FALSE;
    }
  if (header->n_nodes > RSC_MAX_NODES || header->n_edges > RSC_MAX_EDGES)
    {
      g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_LIMIT,
                   /* Translators: %s is a file name */
                   _("“%s” has more objects or references than a snapshot can hold."), path);
      return FALSE;
    }

  return TRUE;
}

/* The sizes of all columns follow from the header; only the strings' and the
 * info's own are free, and by_address may be missing. */
static gboolean
is_right_size (const RscSnapshotEntry *entry,
               const RscColumns       *columns)
{
  switch ((RscColumn) entry->column)
    {
    case RSC_COLUMN_INFO:
      return entry->size <= RSC_SNAPSHOT_MAX_INFO;
    case RSC_COLUMN_STRING_DATA:
      return entry->size >= columns->n_strings
             && entry->size <= (guint64) columns->n_strings * (RSC_MAX_STRING + 1);
    case RSC_COLUMN_BY_ADDRESS:
      if (entry->size == 0)
        return TRUE;
      break;
    default:
      break;
    }

  /* No product overflows: at most 2^36 items of 32 bytes. */
  return entry->size == _rsc_column_get_n_items ((RscColumn) entry->column, columns) * entry->item_size;
}

/* Each entry must be just where a writer would put it. */
static gboolean
check_contents (RscSnapshot             *self,
                const RscSnapshotHeader *header,
                const guint8            *data,
                GError                 **error)
{
  const RscSnapshotEntry *entries = (const RscSnapshotEntry *) (const void *) (data + sizeof *header);
  guint64 end = sizeof *header + sizeof *entries * RSC_N_COLUMNS;
  guint64 n_sums = 0;

  if (end > header->file_size || header->n_sums > (header->file_size - end) / sizeof (guint64))
    {
      set_corrupt (error, self->shown_path, "contents", sizeof *header);
      return FALSE;
    }
  self->chunk_sums = (const guint64 *) (const void *) (data + end);
  if (header->contents_sum != (rsc_hash_bytes (entries, sizeof *entries * RSC_N_COLUMNS, 0)
                               ^ rsc_hash_bytes (self->chunk_sums, header->n_sums * sizeof (guint64), 1)))
    {
      set_corrupt (error, self->shown_path, "contents", sizeof *header);
      return FALSE;
    }
  end += header->n_sums * sizeof (guint64);

  for (guint c = 0; c < RSC_N_COLUMNS; c++)
    {
      const RscSnapshotEntry *entry = &entries[c];
      guint64 start = (end + RSC_SNAPSHOT_ALIGNMENT - 1) & ~(guint64) (RSC_SNAPSHOT_ALIGNMENT - 1);

      if (entry->column != c
          || entry->item_size != _rsc_column_get_item_size ((RscColumn) c)
          || entry->offset != start
          || start > header->file_size
          || entry->size > header->file_size - start
          || entry->first_sum != n_sums
          || !is_right_size (entry, &self->columns))
        {
          set_corrupt (error, self->shown_path, "contents", (guint64) ((const guint8 *) entry - data));
          return FALSE;
        }
      if (entry->size > 0 || c != RSC_COLUMN_BY_ADDRESS || self->columns.n_nodes == 0)
        self->extents[c] = (RscExtent) { data + start, entry->size };
      self->first_sum[c] = entry->first_sum;
      n_sums += (entry->size + RSC_SNAPSHOT_CHUNK - 1) / RSC_SNAPSHOT_CHUNK;
      end = start + entry->size;
    }
  if (end != header->file_size || n_sums != header->n_sums)
    {
      set_corrupt (error, self->shown_path, "contents", sizeof *header);
      return FALSE;
    }

  return TRUE;
}

static gboolean
load_info (RscSnapshot *self,
           GError     **error)
{
  const RscExtent *extent = &self->extents[RSC_COLUMN_INFO];
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(GVariant) info = NULL;

  if (!_rsc_snapshot_file_check_sums (self, RSC_COLUMN_INFO, error))
    return FALSE;

  /* Copied: it must stay as it is, and aligned, whatever becomes of the file. */
  bytes = g_bytes_new (extent->data, extent->size);
  info = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE_VARDICT, bytes, FALSE));
  if (!g_variant_is_normal_form (info))
    {
      set_corrupt (error, self->shown_path, "info", (guint64) ((const guint8 *) extent->data - rsc_mapped_file_get_data (self->file)));
      return FALSE;
    }
  self->info = g_steal_pointer (&info);

  return TRUE;
}

/* Takes over @file; NULL and @error: it could not be opened. */
static RscSnapshot *
open_mapped (RscMappedFile *file,
             const char    *name,
             GError       **error)
{
  g_autoptr(RscSnapshot) self = NULL;
  RscSnapshotHeader header;
  const guint8 *data;
  gsize size;

  if (file == NULL)
    return NULL;
  self = _rsc_snapshot_new_empty ();
  self->shown_path = g_filename_display_name (name);
  self->file = file;
#if G_BYTE_ORDER != G_LITTLE_ENDIAN
  g_set_error_literal (error, RSC_FORMAT_ERROR, RSC_ERROR_UNSUPPORTED,
                       _("Heap files can be read on little-endian machines only."));
  return NULL;
#endif
  data = rsc_mapped_file_get_data (self->file);
  size = rsc_mapped_file_get_size (self->file);

  if (!check_magic (self->shown_path, data, size, error))
    return NULL;
  /* A copy, so that what was checked is what is used. */
  memcpy (&header, data, sizeof header);
  if (!check_header (self->shown_path, &header, size, error))
    return NULL;

  self->columns.n_nodes = header.n_nodes;
  self->columns.n_types = header.n_types;
  self->columns.n_strings = header.n_strings;
  self->columns.n_roots = header.n_roots;
  self->columns.n_threads = header.n_threads;
  self->columns.n_frames = header.n_frames;
  self->columns.n_edges = header.n_edges;
  self->total_bytes = header.total_bytes;
  if (!check_contents (self, &header, data, error))
    return NULL;
  self->string_data_size = self->extents[RSC_COLUMN_STRING_DATA].size;

  self->n_sums = header.n_sums;
  self->good_chunks = g_new0 (guint, header.n_sums / 32 + 1);
  if (!load_info (self, error) || !_rsc_snapshot_check_lost (self, error))
    return NULL;

  return g_steal_pointer (&self);
}

RscSnapshot *
rsc_snapshot_open (const char *path,
                   GError    **error)
{
  RscSnapshot *self;

  g_return_val_if_fail (path != NULL, NULL);

  self = open_mapped (rsc_mapped_file_new (path, error), path, error);
  if (self != NULL)
    _rsc_snapshot_set_path (self, path);

  return self;
}

RscSnapshot *
rsc_snapshot_open_fd (int          fd,
                      const char  *name,
                      GError     **error)
{
  return open_mapped (rsc_mapped_file_new_for_fd (fd, name, error), name, error);
}

guint64
rsc_snapshot_peek_file_size (const void *data,
                             gsize       size)
{
  RscSnapshotHeader header;

  G_STATIC_ASSERT (sizeof header == RSC_SNAPSHOT_PEEK_SIZE);
  if (size < sizeof header || memcmp (data, RSC_SNAPSHOT_MAGIC, sizeof header.magic) != 0)
    return 0;
  memcpy (&header, data, sizeof header);

  return header.file_size;
}
