/* Opens the input as a .refscope file and uses all of it: as it is, and with
 * its sums made right, so that what lies behind them is tried too. */
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../unit/forge.h"
#include "analysis/rsc-components.h"
#include "analysis/rsc-histogram.h"
#include "analysis/rsc-holders.h"
#include "analysis/rsc-names.h"
#include "base/rsc-error.h"
#include "collect/rsc-collect.h"

/* Enough to meet everything once; a fuzzer wants many short runs. */
#define MAX_ITEMS 200u

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
use_tables (RscSnapshot *snapshot, const RscColumns *columns)
{
  gsize sum = 0;

  for (guint32 i = 0; i < MIN (columns->n_strings, MAX_ITEMS); i++)
    {
      const char *text = rsc_snapshot_get_string (snapshot, i);

      g_assert_true (g_utf8_validate (text, -1, NULL));
      sum += strlen (text);
    }
  for (guint32 i = 0; i < MIN (columns->n_types, MAX_ITEMS); i++)
    sum += strlen (rsc_snapshot_get_type (snapshot, i).name);
  for (guint32 i = 0; i < MIN (columns->n_roots, MAX_ITEMS); i++)
    sum += strlen (rsc_snapshot_get_root (snapshot, i).name);
  for (guint32 i = 0; i < MIN (columns->n_threads, MAX_ITEMS); i++)
    sum += strlen (rsc_snapshot_get_thread (snapshot, i).name);
  for (guint32 i = 0; i < MIN (columns->n_frames, MAX_ITEMS); i++)
    sum += strlen (rsc_snapshot_get_frame (snapshot, i).file);
  g_assert_cmpuint (sum, <, G_MAXSIZE);
}

static void
use_nodes (RscSnapshot *snapshot, const RscColumns *columns)
{
  for (guint32 i = 0; i < MIN (columns->n_nodes, MAX_ITEMS); i++)
    {
      g_autofree char *name = rsc_names_describe (snapshot, i, 6);

      g_free (rsc_snapshot_dup_value (snapshot, i));
      rsc_holders_free (rsc_holders_compute (snapshot, i, 10, NULL));
      if (name != NULL)
        rsc_names_lookup (snapshot, name, NULL);
      rsc_snapshot_find_address (snapshot, columns->address[i]);
      rsc_snapshot_find_edge (snapshot, i, 0);
      for (guint64 r = columns->first_referrer[i]; r < columns->first_referrer[i + 1]; r++)
        g_assert_cmpuint (columns->referrer[r], <, columns->n_nodes);
    }
  for (guint64 e = 0; e < MIN (columns->n_edges, MAX_ITEMS); e++)
    g_free (rsc_snapshot_dup_edge_label (snapshot, e));
}

static void
use (RscSnapshot *snapshot)
{
  const RscColumns *columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL, NULL);
  g_autoptr(RscPrediction) prediction = NULL;
  g_autoptr(GArray) rows = NULL;
  g_autoptr(GArray) found = NULL;

  rsc_snapshot_get_info_string (snapshot, "runtime");
  rsc_snapshot_get_info_number (snapshot, "pid");
  if (columns == NULL)
    return;
  use_tables (snapshot, columns);
  use_nodes (snapshot, columns);
  prediction = rsc_collect_predict (snapshot, 2, NULL, NULL, NULL);
  rsc_components_free (rsc_components_compute (snapshot, prediction != NULL ? prediction->unreachable : NULL,
                                               NULL, NULL, NULL));
  rows = rsc_histogram_compute (snapshot, NULL, NULL, NULL, NULL);
  found = rsc_find_objects (snapshot, "*", "n1", NULL, 3, NULL, NULL, NULL, NULL);
  g_assert_true (rows == NULL || rows->len <= columns->n_types);
  g_assert_true (found == NULL || found->len <= 3);
}

static void
run (const uint8_t *data, size_t size)
{
  g_autoptr(RscSnapshot) snapshot = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *path = NULL;
  int fd = memfd_create ("fuzz", MFD_CLOEXEC);

  g_assert_cmpint (write (fd, data, size), ==, (gssize) size);
  path = g_strdup_printf ("/proc/self/fd/%d", fd);
  snapshot = rsc_snapshot_open (path, &error);
  close (fd);
  g_assert_true ((snapshot == NULL) == (error != NULL));
  if (snapshot == NULL)
    {
      g_assert_true (error->domain == RSC_FORMAT_ERROR);
      return;
    }
  use (snapshot);
  if (!rsc_snapshot_verify (snapshot, NULL, NULL, &error))
    g_assert_true (error->domain == RSC_FORMAT_ERROR);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree guint8 *forged = NULL;

  run (data, size);
  /* An aligned copy of its own size. */
  forged = g_memdup2 (data, size);
  forge_sums (forged, size);
  run (forged, size);

  return 0;
}
