#include "rsc-commands.h"

#include <glib/gi18n-lib.h>

#include "rsc-cli-progress.h"
#include "rsc-cli-summary.h"

enum
{
  FIELD_FILE,
  FIELD_OBJECTS,
  FIELD_EDGES,
  FIELD_INTACT,
  N_FIELDS
};

static const RscField fields[N_FIELDS] = {
  [FIELD_FILE] = { "file", N_("File"), RSC_FIELD_TEXT, RSC_FIELD_SHOWN },
  [FIELD_OBJECTS] = { "objects", N_("Objects"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_EDGES] = { "edges", N_("References"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_INTACT] = { "intact", N_("Intact"), RSC_FIELD_BOOLEAN, RSC_FIELD_SHOWN },
};

typedef struct
{
  const char *file;
  RscSummary summary;
} Verified;

static void
fill (gsize    row,
      RscCell *cells,
      gpointer data)
{
  Verified *verified = data;

  rsc_cell_set_text (&cells[FIELD_FILE], verified->file);
  rsc_cell_set_number (&cells[FIELD_OBJECTS], verified->summary.objects);
  rsc_cell_set_number (&cells[FIELD_EDGES], verified->summary.edges);
  rsc_cell_set_number (&cells[FIELD_INTACT], TRUE);
}

static gboolean
run (RscCli  *cli,
     GError **error)
{
  Verified verified = { .file = cli->source };
  RscRows rows = { .fields = fields, .n_fields = N_FIELDS, .n_rows = 1, .single = TRUE, .fill = fill, .data = &verified };

  if (rsc_source_open (cli, error) == NULL
      || !rsc_snapshot_verify (cli->snapshot, &cli->progress, cli->cancellable, error)
      || !rsc_summary_compute (cli->snapshot, &verified.summary, error))
    return FALSE;
  rsc_cli_progress_clear ();

  return rsc_rows_print (&rows, cli, error);
}

const RscCliCommand rsc_cmd_verify = {
  .name = "verify",
  .parameters = N_("FILE"),
  .summary = N_("Check every sum and offset of a heap file"),
  .description = N_("Reads the whole file and checks it. Exit status 3, with the offset and the record, if it is damaged."),
  .examples = "  refscope-cli verify heap.refscope",
  .run = run,
};
