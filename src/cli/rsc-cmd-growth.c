#include "rsc-commands.h"

#include <inttypes.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "analysis/rsc-growth.h"
#include "graph/rsc-graph.h"
#include "rsc-cli-progress.h"
#include "rsc-cli-source.h"

/* In a table's cell. */
#define COUNTS_SHOWN 6
#define MAX_FILES 10000

static gboolean all;

static const GOptionEntry entries[] = {
  { "all", 0, 0, G_OPTION_ARG_NONE, &all, N_("Also the types that did not grow"), NULL },
  G_OPTION_ENTRY_NULL
};

enum
{
  FIELD_TYPE,
  FIELD_GREW,
  FIELD_STEPS,
  FIELD_GROWTH,
  FIELD_BYTES_GROWTH,
  FIELD_MONOTONIC,
  FIELD_PER_STEP,
  FIELD_PER_HOUR,
  FIELD_COUNTS_SHORT,
  FIELD_COUNTS,
  FIELD_BYTES,
  FIELD_MODULE,
  N_FIELDS
};

static const RscField fields[N_FIELDS] = {
  [FIELD_TYPE] = { "type", N_("Type"), RSC_FIELD_TEXT, RSC_FIELD_ELASTIC },
  [FIELD_GREW] = { "grew", N_("Grew"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_STEPS] = { "steps", N_("Steps"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_GROWTH] = { "growth", N_("Growth"), RSC_FIELD_SIGNED, RSC_FIELD_SHOWN },
  [FIELD_BYTES_GROWTH] = { "bytes_growth", N_("Bytes"), RSC_FIELD_SIGNED, RSC_FIELD_SHOWN },
  [FIELD_MONOTONIC] = { "monotonic", N_("Never fewer"), RSC_FIELD_BOOLEAN, RSC_FIELD_SHOWN },
  [FIELD_PER_STEP] = { "per_step", N_("Each step"), RSC_FIELD_REAL, RSC_FIELD_SHOWN },
  [FIELD_PER_HOUR] = { "per_hour", N_("An hour"), RSC_FIELD_REAL, RSC_FIELD_SHOWN },
  [FIELD_COUNTS_SHORT] = { "counts_short", N_("Counts"), RSC_FIELD_TEXT, RSC_FIELD_TABLE_ONLY },
  [FIELD_COUNTS] = { "counts", NULL, RSC_FIELD_TEXT, RSC_FIELD_HIDDEN },
  [FIELD_BYTES] = { "bytes", NULL, RSC_FIELD_TEXT, RSC_FIELD_HIDDEN },
  [FIELD_MODULE] = { "module", N_("Module"), RSC_FIELD_TEXT, RSC_FIELD_ELASTIC },
};

typedef struct
{
  GPtrArray *rows;
  guint n_heaps;
  gboolean has_times;
} Growth;

/* "1 2 3"; of many the first ones and the last. */
static char *
format_numbers (const guint64 *numbers,
                guint          n,
                const char    *between,
                guint          most)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    {
      if (n > most && i == most - 1)
        {
          g_string_append_printf (text, "%s…", between);
          i = n - 1;
        }
      g_string_append_printf (text, "%s%" PRIu64, i > 0 ? between : "", numbers[i]);
    }

  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
fill (gsize    index,
      RscCell *cells,
      gpointer data)
{
  Growth *growth = data;
  const RscGrowthRow *row = g_ptr_array_index (growth->rows, index);

  rsc_cell_set_text (&cells[FIELD_TYPE], row->type);
  rsc_cell_set_text (&cells[FIELD_MODULE], row->module);
  rsc_cell_take_text (&cells[FIELD_COUNTS_SHORT], format_numbers (row->counts, growth->n_heaps, " ", COUNTS_SHOWN));
  rsc_cell_take_text (&cells[FIELD_COUNTS], format_numbers (row->counts, growth->n_heaps, " ", growth->n_heaps));
  rsc_cell_take_text (&cells[FIELD_BYTES], format_numbers (row->bytes, growth->n_heaps, " ", growth->n_heaps));
  rsc_cell_set_number (&cells[FIELD_GROWTH], (guint64) row->growth);
  rsc_cell_set_number (&cells[FIELD_BYTES_GROWTH], (guint64) row->bytes_growth);
  rsc_cell_set_number (&cells[FIELD_GREW], row->grew);
  rsc_cell_set_number (&cells[FIELD_STEPS], growth->n_heaps - 1);
  rsc_cell_set_number (&cells[FIELD_MONOTONIC], row->monotonic);
  rsc_cell_set_real (&cells[FIELD_PER_STEP], row->per_step);
  if (growth->has_times)
    rsc_cell_set_real (&cells[FIELD_PER_HOUR], row->per_hour);
}

static void
append_json (GString  *json,
             gsize     index,
             gpointer  data)
{
  Growth *growth = data;
  const RscGrowthRow *row = g_ptr_array_index (growth->rows, index);
  g_autofree char *counts = format_numbers (row->counts, growth->n_heaps, ", ", growth->n_heaps);
  g_autofree char *bytes = format_numbers (row->bytes, growth->n_heaps, ", ", growth->n_heaps);
  char step[G_ASCII_DTOSTR_BUF_SIZE], hour[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append (json, "{\"type\": ");
  rsc_json_append_string (json, row->type);
  g_string_append (json, ", \"module\": ");
  rsc_json_append_string (json, row->module);
  g_string_append_printf (json,
                          ", \"counts\": [%s], \"bytes\": [%s], \"growth\": %" PRId64 ", \"bytes_growth\": %" PRId64
                          ", \"grew\": %u, \"steps\": %u, \"monotonic\": %s, \"per_step\": %s, \"per_hour\": %s}",
                          counts, bytes, row->growth, row->bytes_growth, row->grew, growth->n_heaps - 1,
                          row->monotonic ? "true" : "false", g_ascii_formatd (step, sizeof step, "%.3f", row->per_step),
                          growth->has_times ? g_ascii_formatd (hour, sizeof hour, "%.3f", row->per_hour) : "null");
}

static const char *
get_file (RscCli *cli,
          guint   index)
{
  return index == 0 ? cli->source : cli->objects[index - 1];
}

static gboolean
check (RscCli  *cli,
       GError **error)
{
  guint n = g_strv_length ((char **) cli->objects) + 1;

  if (n < 2)
    {
      g_set_error_literal (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                           _("“growth” compares heaps: name two files or more, in the order in which they were captured."));
      return FALSE;
    }
  if (n > MAX_FILES)
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE, _("“growth” takes at most %d files."), MAX_FILES);
      return FALSE;
    }
  for (guint i = 0, n_streams = 0; i < n; i++)
    if (strcmp (get_file (cli, i), RSC_SOURCE_STANDARD_INPUT) == 0 && ++n_streams > 1)
      {
        g_set_error_literal (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE, _("Standard input has one heap: give “-” once."));
        return FALSE;
      }

  return cli->options.fail_if == NULL || rsc_condition_check (cli->options.fail_if, fields, N_FIELDS, error);
}

/* One heap after the other: only their counts are kept. */
static RscGrowth *
read_heaps (RscCli  *cli,
            GError **error)
{
  g_autoptr (RscGrowth) growth = rsc_growth_new ();
  guint disorder;

  for (guint i = 0; get_file (cli, i) != NULL; i++)
    {
      cli->snapshot = rsc_source_open_file (cli, get_file (cli, i), error);
      if (cli->snapshot == NULL || !rsc_growth_add (growth, cli->snapshot, &cli->progress, cli->cancellable, error))
        return NULL;
      g_clear_pointer (&cli->snapshot, rsc_snapshot_unref);
    }
  rsc_cli_progress_clear ();

  disorder = rsc_growth_find_disorder (growth);
  if (disorder > 0)
    rsc_cli_note (cli, _("“%s” was captured before “%s”: is that the order that you mean?"), get_file (cli, disorder), get_file (cli, disorder - 1));

  return g_steal_pointer (&growth);
}

static gboolean
run (RscCli  *cli,
     GError **error)
{
  g_autoptr (RscGrowth) growth = read_heaps (cli, error);
  g_autoptr (GPtrArray) types = NULL;
  Growth shown;
  RscRows rows = { .fields = fields, .n_fields = N_FIELDS, .fill = fill, .append_json = append_json, .data = &shown };

  if (growth == NULL)
    return FALSE;

  types = rsc_growth_compute (growth, all);
  shown = (Growth) { types, rsc_growth_get_n_heaps (growth), rsc_growth_has_times (growth) };
  rows.n_rows = types->len;
  rows.if_empty = _("Nothing grew.");

  return rsc_rows_print (&rows, cli, error);
}

const RscCliCommand rsc_cmd_growth = {
  .name = "growth",
  .parameters = N_("OLD NEW…"),
  .summary = N_("Which types grow over two heaps or a series of them"),
  .description = N_("Compares the heaps of one program, in the order in which they were captured, and lists the types that grew: those that "
                    "grew in the most steps first. For each it tells in how many of the steps there were more objects than before, by how "
                    "many objects and bytes it grew from the first to the last, whether there were never fewer, and how many more there are "
                    "each step and an hour, by the line that fits best."),
  .examples = "  refscope-cli growth before.refscope after.refscope\n"
              "  refscope-cli growth night-*.refscope\n"
              "  refscope-cli growth night-*.refscope --fail-if \"grew = steps and growth > 1000\"",
  .flags = RSC_COMMAND_ROWS | RSC_COMMAND_OBJECTS | RSC_COMMAND_OUTPUT,
  .entries = entries,
  .check = check,
  .run = run,
};
