/* Makes the sums of a .refscope file's bytes right, so that what lies behind
 * the sums is tried. */
#pragma once

#include <string.h>

#include "base/rsc-hash.h"
#include "snapshot/rsc-snapshot-file.h"

/* Where everything stands, if the table of contents is usable. */
static inline RscSnapshotEntry *
forge_get_entries (guint8 *data, gsize size)
{
  if (size < sizeof (RscSnapshotHeader) + RSC_N_COLUMNS * sizeof (RscSnapshotEntry))
    return NULL;
  return (RscSnapshotEntry *) (void *) (data + sizeof (RscSnapshotHeader));
}

static inline void
forge_sums (guint8 *data, gsize size)
{
  RscSnapshotHeader *header = (RscSnapshotHeader *) (void *) data;
  RscSnapshotEntry *entries = forge_get_entries (data, size);
  gsize sums_offset = sizeof *header + RSC_N_COLUMNS * sizeof *entries;
  guint64 *sums;

  if (entries == NULL)
    return;
  sums = (guint64 *) (void *) (data + sums_offset);
  header->file_size = size;
  if (header->n_sums <= (size - sums_offset) / sizeof *sums)
    {
      for (guint c = 0; c < RSC_N_COLUMNS; c++)
        {
          if (entries[c].offset > size || entries[c].size > size - entries[c].offset)
            continue;
          for (guint64 start = 0, i = entries[c].first_sum; start < entries[c].size && i < header->n_sums;
               start += RSC_SNAPSHOT_CHUNK, i++)
            sums[i] = rsc_hash_bytes (data + entries[c].offset + start,
                                      MIN (RSC_SNAPSHOT_CHUNK, entries[c].size - start), c);
        }
      header->contents_sum = rsc_hash_bytes (entries, RSC_N_COLUMNS * sizeof *entries, 0)
                             ^ rsc_hash_bytes (sums, header->n_sums * sizeof *sums, 1);
    }
  header->header_sum = rsc_hash_bytes (header, G_STRUCT_OFFSET (RscSnapshotHeader, header_sum), 0);
}
