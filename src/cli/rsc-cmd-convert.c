#include "rsc-commands.h"

#include <glib/gi18n-lib.h>

#include "formats/rsc-heap-file.h"
#include "rsc-cli-options.h"
#include "rsc-cli-progress.h"
#include "rsc-cli-source.h"
#include "rsc-cli-summary.h"

enum
{
  FIELD_OBJECTS,
  FIELD_EDGES,
  FIELD_BYTES,
  FIELD_FILE,
  N_FIELDS
};

static const RscField fields[N_FIELDS] = {
  [FIELD_OBJECTS] = { "objects", N_("Objects"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_EDGES] = { "edges", N_("References"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_BYTES] = { "bytes", N_("Bytes"), RSC_FIELD_BYTES, RSC_FIELD_SHOWN },
  [FIELD_FILE] = { "file", N_("File"), RSC_FIELD_TEXT, RSC_FIELD_SHOWN },
};

typedef struct
{
  const char *file;
  RscSummary summary;
} Converted;

static void
fill (gsize    row,
      RscCell *cells,
      gpointer data)
{
  const Converted *converted = data;

  rsc_cell_set_number (&cells[FIELD_OBJECTS], converted->summary.objects);
  rsc_cell_set_number (&cells[FIELD_EDGES], converted->summary.edges);
  rsc_cell_set_number (&cells[FIELD_BYTES], converted->summary.bytes);
  rsc_cell_set_text (&cells[FIELD_FILE], converted->file);
}

static gboolean
check (RscCli  *cli,
       GError **error)
{
  const char *output = cli->options.output;

  if (output == NULL)
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                   _("Say by -o FILE where to write to; the ending .refscope or .dot says the format."));
      return FALSE;
    }

  if (!rsc_options_output_ends (&cli->options, ".dot") && !rsc_options_output_ends (&cli->options, ".gv")
      && !rsc_options_output_ends (&cli->options, ".refscope"))
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                   _("“%s” ends in no format that can be written: .refscope, .dot or .gv."), output);
      return FALSE;
    }

  return TRUE;
}

static gboolean
run (RscCli  *cli,
     GError **error)
{
  const char *output = cli->options.output;
  g_autofree char *counts = NULL;
  g_autofree char *file = NULL;
  Converted converted;
  RscRows rows = { .fields = fields, .n_fields = N_FIELDS, .n_rows = 1, .single = TRUE, .fill = fill, .data = &converted };
  gboolean written;

  if (rsc_source_open (cli, error) == NULL)
    return FALSE;

  if (rsc_options_output_ends (&cli->options, ".refscope"))
    written = rsc_snapshot_save (cli->snapshot, output, cli->options.force, &cli->progress, cli->cancellable, error);
  else
    written = rsc_dot_writer_write (cli->snapshot, output, cli->options.force, &cli->progress, cli->cancellable, error);
  rsc_cli_progress_clear ();
  if (!written || !rsc_summary_compute (cli->snapshot, &converted.summary, error))
    return FALSE;

  /* -o named the heap; what is said of it goes elsewhere. */
  file = g_steal_pointer (&cli->options.output);
  converted.file = file;
  if (cli->options.json)
    return rsc_rows_print (&rows, cli, error);

  counts = rsc_summary_dup_counts (converted.summary.objects, converted.summary.edges);
  rsc_cli_note (cli, _("%s: %s."), file, counts);

  return TRUE;
}

const RscCliCommand rsc_cmd_convert = {
  .name = "convert",
  .parameters = N_("FILE -o FILE"),
  .summary = N_("Write a heap in another format: .refscope, .dot"),
  .description = N_("Writes the whole heap to another file, whose ending says the format."),
  .examples = "  refscope-cli convert heap.refscope -o heap.dot\n"
              "  refscope-cli convert graph.dot -o graph.refscope",
  .flags = RSC_COMMAND_OUTPUT,
  .check = check,
  .run = run,
};
