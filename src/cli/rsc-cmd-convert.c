#include "rsc-commands.h"

#include <glib/gi18n-lib.h>

#include "formats/rsc-heap-file.h"
#include "rsc-cli-progress.h"
#include "rsc-cli-source.h"
#include "rsc-cli-summary.h"

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

  if (!g_str_has_suffix (output, ".dot") && !g_str_has_suffix (output, ".gv") && !g_str_has_suffix (output, ".refscope"))
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
  RscSummary summary;
  gboolean written;

  if (rsc_source_open (cli, error) == NULL)
    return FALSE;

  if (g_str_has_suffix (output, ".refscope"))
    written = rsc_snapshot_save (cli->snapshot, output, cli->options.force, &cli->progress, cli->cancellable, error);
  else
    written = rsc_dot_writer_write (cli->snapshot, output, cli->options.force, &cli->progress, cli->cancellable, error);
  rsc_cli_progress_clear ();
  if (!written || !rsc_summary_compute (cli->snapshot, &summary, error))
    return FALSE;

  counts = rsc_summary_dup_counts (summary.objects, summary.edges);
  rsc_cli_note (cli, _("%s: %s."), output, counts);

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
