#include "config.h"

#include "rsc-histogram.h"

#include <glib/gi18n-lib.h>

static int
compare_rows (gconstpointer a,
              gconstpointer b)
{
  const RscHistogramRow *first = a, *second = b;

  if (first->bytes != second->bytes)
    return first->bytes > second->bytes ? -1 : 1;
  if (first->count != second->count)
    return first->count > second->count ? -1 : 1;

  return first->type < second->type ? -1 : first->type > second->type;
}

static gboolean
add_up_nodes (RscSnapshot       *snapshot,
              const RscBitset   *only,
              RscHistogramRow   *rows,
              const RscProgress *progress,
              GCancellable      *cancellable,
              GError           **error)
{
  const RscColumns *columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_NODES, error);

  if (columns == NULL)
    return FALSE;
  for (RscNode node = 0; node < columns->n_nodes; node++)
    {
      if (node % RSC_CANCEL_INTERVAL == 0)
        {
          if (g_cancellable_set_error_if_cancelled (cancellable, error))
            return FALSE;
          if (node % (RSC_CANCEL_INTERVAL * 256) == 0)
            rsc_progress_report (progress, (double) node / columns->n_nodes, _("Counting objects"));
        }
      if (!rsc_bitset_get (only, node))
        continue;
      rows[columns->type[node]].count++;
      rows[columns->type[node]].bytes += columns->size[node];
    }

  return TRUE;
}

GArray *
rsc_histogram_compute (RscSnapshot       *snapshot,
                       const RscBitset   *only,
                       const RscProgress *progress,
                       GCancellable      *cancellable,
                       GError           **error)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (snapshot);
  g_autofree RscHistogramRow *rows = g_new0 (RscHistogramRow, MAX (columns->n_types, 1));
  g_autoptr(GArray) result = g_array_new (FALSE, FALSE, sizeof (RscHistogramRow));

  g_return_val_if_fail (only == NULL || only->n_bits == columns->n_nodes, NULL);

  if (only != NULL && !add_up_nodes (snapshot, only, rows, progress, cancellable, error))
    return NULL;
  for (guint32 t = 0; t < columns->n_types; t++)
    {
      rows[t].type = t;
      if (only == NULL)
        {
          /* Every snapshot has counted these already. */
          RscType type = rsc_snapshot_get_type (snapshot, t);

          rows[t].count = type.n_objects;
          rows[t].bytes = type.bytes;
        }
      if (rows[t].count > 0)
        g_array_append_val (result, rows[t]);
    }
  g_array_sort (result, compare_rows);

  if (!rsc_snapshot_check (snapshot, error))
    return NULL;

  return g_steal_pointer (&result);
}
