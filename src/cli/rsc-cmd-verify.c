#include "rsc-commands.h"

#include <glib/gi18n-lib.h>

#include "rsc-cli-progress.h"

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

static void
fill (gsize    row,
      RscCell *cells,
      gpointer data)
{
  RscCli *cli = data;
  const RscColumns *columns = rsc_snapshot_peek_columns (cli->snapshot);

  rsc_cell_set_text (&cells[FIELD_FILE], cli->source);
  rsc_cell_set_number (&cells[FIELD_OBJECTS], columns->n_nodes);
  rsc_cell_set_number (&cells[FIELD_EDGES], columns->n_edges);
  rsc_cell_set_number (&cells[FIELD_INTACT], TRUE);
}

static gboolean
run (RscCli  *cli,
     GError **error)
{
  RscRows rows = { .fields = fields, .n_fields = N_FIELDS, .n_rows = 1, .single = TRUE, .fill = fill, .data = cli };

  if (rsc_source_open (cli, error) == NULL
      || !rsc_snapshot_verify (cli->snapshot, &cli->progress, cli->cancellable, error))
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
