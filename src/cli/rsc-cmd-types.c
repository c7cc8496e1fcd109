#include "rsc-commands.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "analysis/rsc-histogram.h"
#include "query/rsc-filter.h"
#include "rsc-cli-filter.h"

static char *filter;
static char *sort;

static const GOptionEntry entries[] = {
  { "filter", 0, 0, G_OPTION_ARG_STRING, &filter, N_("Count only the objects for which this SQL expression is true"), N_("SQL") },
  { "sort", 0, 0, G_OPTION_ARG_STRING, &sort, N_("Order by bytes (default), count or type"), N_("COLUMN") },
  G_OPTION_ENTRY_NULL
};

enum
{
  FIELD_TYPE,
  FIELD_COUNT,
  FIELD_BYTES,
  FIELD_MODULE,
  N_FIELDS
};

static const RscField fields[N_FIELDS] = {
  [FIELD_TYPE] = { "type", N_("Type"), RSC_FIELD_TEXT, RSC_FIELD_ELASTIC },
  [FIELD_COUNT] = { "count", N_("Count"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_BYTES] = { "bytes", N_("Bytes"), RSC_FIELD_BYTES, RSC_FIELD_SHOWN },
  [FIELD_MODULE] = { "module", N_("Module"), RSC_FIELD_TEXT, RSC_FIELD_ELASTIC },
};

typedef struct
{
  RscSnapshot *snapshot;
  GArray *histogram;
} Types;

static void
fill (gsize    row,
      RscCell *cells,
      gpointer data)
{
  Types *types = data;
  const RscHistogramRow *entry = &g_array_index (types->histogram, RscHistogramRow, row);
  RscType type = rsc_snapshot_get_type (types->snapshot, entry->type);

  rsc_cell_set_text (&cells[FIELD_TYPE], type.name);
  rsc_cell_set_number (&cells[FIELD_COUNT], entry->count);
  rsc_cell_set_number (&cells[FIELD_BYTES], entry->bytes);
  rsc_cell_set_text (&cells[FIELD_MODULE], type.module);
}

static int
compare_counts (gconstpointer a,
                gconstpointer b)
{
  const RscHistogramRow *one = a, *other = b;

  return one->count < other->count ? 1 : one->count > other->count ? -1 : 0;
}

static int
compare_names (gconstpointer a,
               gconstpointer b,
               gpointer      data)
{
  RscType one = rsc_snapshot_get_type (data, ((const RscHistogramRow *) a)->type);
  RscType other = rsc_snapshot_get_type (data, ((const RscHistogramRow *) b)->type);
  int order = strcmp (one.name, other.name);

  return order != 0 ? order : strcmp (one.module, other.module);
}

static gboolean
check (RscCli  *cli,
       GError **error)
{
  if (sort != NULL && strcmp (sort, "bytes") != 0 && strcmp (sort, "count") != 0 && strcmp (sort, "type") != 0)
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                   _("--sort takes bytes, count or type, not “%s”."), sort);
      return FALSE;
    }

  if (filter != NULL && !rsc_filter_check (filter, NULL, error))
    return FALSE;

  return cli->options.fail_if == NULL || rsc_condition_check (cli->options.fail_if, fields, N_FIELDS, error);
}

static gboolean
run (RscCli  *cli,
     GError **error)
{
  RscSnapshot *snapshot = rsc_source_open (cli, error);
  g_autoptr (RscBitset) only = NULL;
  g_autoptr (GArray) histogram = NULL;
  Types types;
  RscRows rows = { .fields = fields, .n_fields = N_FIELDS, .fill = fill, .data = &types };

  if (snapshot == NULL)
    return FALSE;

  if (filter != NULL)
    {
      only = rsc_cli_filter_nodes (cli, filter, error);
      if (only == NULL)
        return FALSE;
    }

  histogram = rsc_histogram_compute (snapshot, only, &cli->progress, cli->cancellable, error);
  if (histogram == NULL)
    return FALSE;

  if (sort != NULL && strcmp (sort, "count") == 0)
    g_array_sort (histogram, compare_counts);
  else if (sort != NULL && strcmp (sort, "type") == 0)
    g_array_sort_with_data (histogram, compare_names, snapshot);

  types = (Types) { snapshot, histogram };
  rows.n_rows = histogram->len;
  rows.if_empty = _("No objects.");

  return rsc_rows_print (&rows, cli, error);
}

const RscCliCommand rsc_cmd_types = {
  .name = "types",
  .parameters = N_("SOURCE"),
  .summary = N_("Counts and bytes by type"),
  .description = N_("Counts the objects of each type and adds up their bytes (shallow, as sys.getsizeof() says)."),
  .examples = "  refscope-cli types heap.refscope\n"
              "  refscope-cli types heap.refscope --filter \"module = '__main__'\" --sort count\n"
              "  refscope-cli types --fail-if \"type = 'Session' and count > 100\" -- python3 test.py",
  .flags = RSC_COMMAND_ROWS | RSC_COMMAND_LIVE | RSC_COMMAND_OUTPUT,
  .entries = entries,
  .check = check,
  .run = run,
};
