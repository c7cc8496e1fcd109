#include "rsc-cli-summary.h"

gboolean
rsc_summary_compute (RscSnapshot  *snapshot,
                     RscSummary   *summary,
                     GError      **error)
{
  const RscColumns *columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_NODES, error);

  if (columns == NULL)
    return FALSE;

  *summary = (RscSummary) { .edges = columns->n_edges };
  for (RscNode node = 0; node < columns->n_nodes; node++)
    {
      if (columns->flags[node] & RSC_NODE_SYNTHETIC)
        continue;
      summary->objects++;
      summary->bytes += columns->size[node];
    }

  return TRUE;
}

void
rsc_summary_set_milliseconds (RscCell     *cell,
                              RscSnapshot *snapshot,
                              const char  *key)
{
  guint64 microseconds;

  if (g_variant_lookup (rsc_snapshot_get_info (snapshot), key, "t", &microseconds))
    rsc_cell_set_real (cell, (double) microseconds / 1000);
}
