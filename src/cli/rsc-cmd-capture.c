#include "rsc-commands.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "rsc-cli-progress.h"
#include "rsc-cli-summary.h"

enum
{
  FIELD_OBJECTS,
  FIELD_EDGES,
  FIELD_BYTES,
  FIELD_PAUSED,
  FIELD_TOTAL,
  FIELD_FILE,
  N_FIELDS
};

static const RscField fields[N_FIELDS] = {
  [FIELD_OBJECTS] = { "objects", N_("Objects"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_EDGES] = { "edges", N_("References"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_BYTES] = { "bytes", N_("Bytes"), RSC_FIELD_BYTES, RSC_FIELD_SHOWN },
  [FIELD_PAUSED] = { "paused_ms", N_("Program stood still (ms)"), RSC_FIELD_REAL, RSC_FIELD_SHOWN },
  [FIELD_TOTAL] = { "total_ms", N_("Capture took (ms)"), RSC_FIELD_REAL, RSC_FIELD_SHOWN },
  [FIELD_FILE] = { "file", N_("File"), RSC_FIELD_TEXT, RSC_FIELD_SHOWN },
};

typedef struct
{
  RscSnapshot *snapshot;
  RscSummary summary;
  const char *file;
} Capture;

static void
fill (gsize    row,
      RscCell *cells,
      gpointer data)
{
  Capture *capture = data;

  rsc_cell_set_number (&cells[FIELD_OBJECTS], capture->summary.objects);
  rsc_cell_set_number (&cells[FIELD_EDGES], capture->summary.edges);
  rsc_cell_set_number (&cells[FIELD_BYTES], capture->summary.bytes);
  rsc_summary_set_milliseconds (&cells[FIELD_PAUSED], capture->snapshot, "paused-us");
  rsc_summary_set_milliseconds (&cells[FIELD_TOTAL], capture->snapshot, "total-us");
  rsc_cell_set_text (&cells[FIELD_FILE], capture->file);
}

static gboolean
check (RscCli  *cli,
       GError **error)
{
  if (cli->options.output == NULL)
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                   _("Say by -o FILE.refscope where to write the heap to."));
      return FALSE;
    }

  return cli->options.fail_if == NULL || rsc_condition_check (cli->options.fail_if, fields, N_FIELDS, error);
}

static void
note_capture (RscCli  *cli,
              Capture *capture)
{
  g_autofree char *bytes = g_format_size_full (capture->summary.bytes, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *end = rsc_source_describe_end (cli);
  guint64 paused = rsc_snapshot_get_info_number (capture->snapshot, "paused-us");

  if (cli->target != NULL)
    rsc_cli_note (cli, _("%s: %u objects, %s; the program stood still for %.1f ms."), capture->file,
                  (guint) capture->summary.objects, bytes, (double) paused / 1000);
  else
    rsc_cli_note (cli, _("%s: %u objects, %s."), capture->file, (guint) capture->summary.objects, bytes);

  if (end != NULL)
    rsc_cli_note (cli, "%s", end);
}

static gboolean
save (RscCli  *cli,
      GError **error)
{
  if (rsc_output_is_stream (cli))
    return rsc_snapshot_write (cli->snapshot, cli->result_fd, _("standard output"), &cli->progress, cli->cancellable, error);

  return rsc_snapshot_save (cli->snapshot, cli->options.output, cli->options.force, &cli->progress, cli->cancellable, error);
}

static gboolean
run (RscCli  *cli,
     GError **error)
{
  g_autofree char *file = NULL;
  Capture capture;
  RscRows rows = { .fields = fields, .n_fields = N_FIELDS, .n_rows = 1, .single = TRUE, .fill = fill, .data = &capture };

  if (rsc_source_open (cli, error) == NULL)
    return FALSE;

  capture.snapshot = cli->snapshot;
  if (!rsc_summary_compute (cli->snapshot, &capture.summary, error) || !save (cli, error))
    return FALSE;
  rsc_cli_progress_clear ();

  /* -o named the heap; what is said of it goes to standard output, if it was
   * asked for: that belongs to the program otherwise. */
  file = g_steal_pointer (&cli->options.output);
  capture.file = strcmp (file, "-") == 0 ? _("standard output") : file;

  if (cli->options.json)
    return rsc_rows_print (&rows, cli, error);

  if (cli->options.fail_if != NULL
      && !rsc_condition_evaluate (cli->options.fail_if, &rows, cli->cancellable, &cli->condition_held, error))
    return FALSE;

  if (!rsc_source_finish (cli, error))
    return FALSE;
  note_capture (cli, &capture);

  return TRUE;
}

const RscCliCommand rsc_cmd_capture = {
  .name = "capture",
  .parameters = N_("-o FILE -- PROGRAM ARGS…"),
  .summary = N_("Launch a program and write its heap to a file"),
  .description = N_("Launches PROGRAM, which runs as it would without Refscope, and writes its heap to FILE: at its end, "
                    "after some seconds, or at a mark. What is said about the capture goes to standard error, with --json to standard output. "
                    "With -o - the heap itself goes to standard output, as into a pipe."),
  .examples = "  refscope-cli capture -o heap.refscope -- python3 script.py\n"
              "  refscope-cli capture -o serving.refscope --after 10 --stop -- python3 -m http.server\n"
              "  ssh host refscope-cli capture pid:1234 -o - > heap.refscope\n"
              "  refscope-cli capture -o loaded.refscope --on-mark 'after loading' --json -- python3 script.py",
  .flags = RSC_COMMAND_LIVE | RSC_COMMAND_OUTPUT | RSC_COMMAND_CONDITION | RSC_COMMAND_STREAM,
  .check = check,
  .run = run,
};
