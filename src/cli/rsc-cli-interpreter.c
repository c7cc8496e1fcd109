#include "config.h"

#include "rsc-cli-interpreter.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>

#include "base/rsc-error.h"

gboolean
rsc_cli_find_generation (RscSnapshot  *snapshot,
                         gint64        id,
                         guint         generation,
                         guint        *in_column,
                         GError      **error)
{
  guint n_interpreters = rsc_snapshot_get_n_interpreters (snapshot);
  g_autoptr (GString) known = g_string_new (NULL);

  for (guint i = 0; i < n_interpreters; i++)
    {
      gint64 other = rsc_snapshot_get_interpreter_id (snapshot, i);

      if (other == id)
        {
          *in_column = generation + i * RSC_N_COLLECTOR_LISTS;
          return TRUE;
        }
      g_string_append_printf (known, "%s%" G_GINT64_FORMAT, i > 0 ? ", " : "", other);
    }

  g_set_error (error, RSC_ANALYSIS_ERROR, RSC_ERROR_NOT_FOUND, _("The heap has no interpreter %" PRId64 "; it has: %s."), id, known->str);

  return FALSE;
}
