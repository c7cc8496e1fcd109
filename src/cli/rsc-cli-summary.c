#include "rsc-cli-summary.h"

#include <glib/gi18n-lib.h>

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

char *
rsc_summary_dup_counts (guint64 objects,
                        guint64 references)
{
  gsize n_objects = (gsize) objects;
  gsize n_references = (gsize) references;
  g_autofree char *first = g_strdup_printf (ngettext ("%zu object", "%zu objects", n_objects), n_objects);
  g_autofree char *second = g_strdup_printf (ngettext ("%zu reference", "%zu references", n_references), n_references);

  /* Translators: "12 objects", "34 references" */
  return g_strdup_printf (_("%s, %s"), first, second);
}
