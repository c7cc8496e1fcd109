/* What the agent's child wrote, from a program that nobody trusts. */
#include "capture/rsc-heap-stream-reader.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
  g_autoptr(RscSnapshot) snapshot = NULL;
  g_autoptr(GError) error = NULL;

  if (!rsc_heap_stream_read_memory (data, size, builder, NULL, NULL, &error))
    {
      g_assert_nonnull (error);
      return 0;
    }
  snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, &error);
  if (snapshot == NULL)
    {
      g_assert_nonnull (error);
      return 0;
    }
  for (RscNode node = 0; node < rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL, NULL)->n_nodes; node++)
    g_free (rsc_snapshot_dup_value (snapshot, node));
  for (guint64 edge = 0; edge < rsc_snapshot_peek_columns (snapshot)->n_edges; edge++)
    g_free (rsc_snapshot_dup_edge_label (snapshot, edge));
  return 0;
}
