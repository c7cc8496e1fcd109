#include "rsc-commands.h"

#include <glib/gi18n-lib.h>

#include "collect/rsc-replay.h"
#include "query/rsc-drop-ref.h"
#include "rsc-cli-filter.h"
#include "rsc-cli-progress.h"

static char **drop;

static const GOptionEntry entries[] = {
  { "drop", 0, 0, G_OPTION_ARG_STRING_ARRAY, &drop, N_("What goes: a NAME (“cache”), a reference (FROM->TO), or an OBJECT with all references to it (may be repeated)"), N_("WHAT") },
  G_OPTION_ENTRY_NULL
};

enum
{
  FIELD_FREED,
  FIELD_BYTES,
  FIELD_LEFT,
  FIELD_FINALIZERS,
  FIELD_CALLBACKS,
  N_FIELDS
};

static const RscField fields[N_FIELDS] = {
  [FIELD_FREED] = { "freed", N_("Would be freed"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_BYTES] = { "bytes", N_("Their bytes"), RSC_FIELD_BYTES, RSC_FIELD_SHOWN },
  /* Translators: objects that nobody can reach any more, but which refer to each other */
  [FIELD_LEFT] = { "left", N_("Left in cycles"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_FINALIZERS] = { "finalizers", N_("With a finalizer"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_CALLBACKS] = { "callbacks", N_("Callbacks of weak references"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
};

typedef struct
{
  RscReplay *replay;
  GArray *freed; /* of RscNode */
  GArray *left;
} WhatIf;

static void
clear_what_if (WhatIf *self)
{
  g_clear_pointer (&self->replay, rsc_replay_unref);
  g_clear_pointer (&self->freed, g_array_unref);
  g_clear_pointer (&self->left, g_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (WhatIf, clear_what_if)

static void
fill (gsize    row,
      RscCell *cells,
      gpointer data)
{
  WhatIf *self = data;
  const RscReplaySummary *summary = rsc_replay_get_summary (self->replay);

  rsc_cell_set_number (&cells[FIELD_FREED], summary->freed);
  rsc_cell_set_number (&cells[FIELD_BYTES], summary->freed_bytes);
  rsc_cell_set_number (&cells[FIELD_LEFT], summary->left);
  rsc_cell_set_number (&cells[FIELD_FINALIZERS], summary->finalizers);
  rsc_cell_set_number (&cells[FIELD_CALLBACKS], summary->callbacks);
}

static void
append_more (GString *json,
             gpointer data)
{
  WhatIf *self = data;
  RscSnapshot *snapshot = rsc_replay_get_snapshot (self->replay);

  rsc_objects_append_addresses (json, snapshot, "freed_objects", self->freed);
  rsc_objects_append_addresses (json, snapshot, "left_objects", self->left);
}

static gboolean
check (RscCli  *cli,
       GError **error)
{
  if (drop == NULL)
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                   _("Say by --drop what would go: a name, a reference FROM->TO, or an object."));
      return FALSE;
    }

  return cli->options.fail_if == NULL || rsc_condition_check (cli->options.fail_if, fields, N_FIELDS, error);
}

static void
list_outcome (WhatIf *self)
{
  g_autoptr (RscReplayCursor) cursor = rsc_replay_cursor_new (self->replay);
  const RscColumns *columns = rsc_snapshot_peek_columns (rsc_replay_get_snapshot (self->replay));

  self->freed = g_array_new (FALSE, FALSE, sizeof (RscNode));
  self->left = g_array_new (FALSE, FALSE, sizeof (RscNode));
  rsc_replay_cursor_seek (cursor, rsc_replay_get_n_steps (self->replay));
  for (RscNode node = 0; node < columns->n_nodes; node++)
    {
      RscState state = rsc_replay_cursor_get (cursor, node).state;

      if (state == RSC_STATE_FREED)
        g_array_append_val (self->freed, node);
      else if (state == RSC_STATE_GARBAGE_CYCLE)
        g_array_append_val (self->left, node);
    }
}

static gboolean
run (RscCli  *cli,
     GError **error)
{
  g_auto (WhatIf) self = { NULL };
  g_autoptr (GArray) drops = NULL;
  RscObjects objects;
  RscRows details;
  RscRows rows = {
    .fields = fields, .n_fields = N_FIELDS, .n_rows = 1, .single = TRUE,
    .fill = fill, .append_more = append_more, .data = &self, .details = &details
  };

  if (rsc_source_open (cli, error) == NULL)
    return FALSE;
  drops = rsc_drop_refs_resolve (cli->snapshot, (const char *const *) drop, cli->cancellable, error);
  if (drops == NULL)
    return FALSE;
  self.replay = rsc_replay_new_drop (cli->snapshot, (const RscDrop *) drops->data, drops->len, &cli->progress,
                                     cli->cancellable, error);
  rsc_cli_progress_clear ();
  if (self.replay == NULL)
    return FALSE;

  list_outcome (&self);
  if (!rsc_objects_init_rows (&objects, &details, cli, (const RscNode *) self.freed->data, self.freed->len,
                              RSC_OBJECTS_PLAIN, error))
    return FALSE;
  rows.footer = _("Worked out on the capture, before finalizers run; nothing was changed in the program.");

  return rsc_rows_print (&rows, cli, error);
}

const RscCliCommand rsc_cmd_what_if = {
  .name = "what-if",
  .parameters = N_("SOURCE --drop WHAT"),
  .summary = N_("What would go if a name, a reference or an object went"),
  .description = N_("Drops references and follows the reference counts: what falls to zero is freed with what it held, and what "
                    "only a cycle keeps is left for the collector. The program itself is not changed."),
  .examples = "  refscope-cli what-if heap.refscope --drop cache\n"
              "  refscope-cli what-if heap.refscope --drop 'name:__main__.a->name:__main__.b:[0]'\n"
              "  refscope-cli what-if --drop 'main().session' --json -- python3 service.py",
  .flags = RSC_COMMAND_ROWS | RSC_COMMAND_LIVE | RSC_COMMAND_OUTPUT,
  .entries = entries,
  .check = check,
  .run = run,
};
