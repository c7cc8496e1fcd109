#include "rsc-cli-filter.h"

#include <glib/gi18n-lib.h>

#include "query/rsc-filter.h"
#include "rsc-cli-progress.h"

RscBitset *
rsc_cli_filter_nodes (RscCli      *cli,
                      const char  *expression,
                      GError     **error)
{
  const RscColumns *columns = rsc_snapshot_get_columns (cli->snapshot, RSC_BLOCK_NODES, error);
  g_autoptr (RscFilter) filter = NULL;
  g_autoptr (RscBitset) set = NULL;

  if (columns == NULL)
    return NULL;

  filter = rsc_filter_new (cli->snapshot, expression, error);
  if (filter == NULL)
    return NULL;

  set = rsc_bitset_new (columns->n_nodes);
  for (RscNode node = 0; node < columns->n_nodes; node++)
    {
      g_autoptr (GError) local_error = NULL;

      if (node % RSC_CANCEL_INTERVAL == 0)
        {
          if (g_cancellable_set_error_if_cancelled (cli->cancellable, error))
            return NULL;
          rsc_progress_report (&cli->progress, (double) node / columns->n_nodes, _("Filtering objects"));
        }

      if (columns->flags[node] & RSC_NODE_SYNTHETIC)
        continue;

      if (rsc_filter_matches (filter, node, -1, &local_error))
        {
          rsc_bitset_set (set, node);
        }
      else if (local_error != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return NULL;
        }
    }
  rsc_cli_progress_clear ();

  return g_steal_pointer (&set);
}

GArray *
rsc_cli_list_nodes (RscSnapshot      *snapshot,
                    const RscBitset  *set,
                    gboolean          value,
                    GError          **error)
{
  const RscColumns *columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_NODES, error);
  GArray *nodes;

  if (columns == NULL)
    return NULL;

  nodes = g_array_new (FALSE, FALSE, sizeof (RscNode));
  for (RscNode node = 0; node < columns->n_nodes; node++)
    if (rsc_bitset_get (set, node) == value && !(columns->flags[node] & RSC_NODE_SYNTHETIC))
      g_array_append_val (nodes, node);

  return nodes;
}
