#include "rsc-commands.h"

#include <glib/gi18n-lib.h>

#include "inject/rsc-python-process.h"
#include "rsc-cli-options.h"

static gboolean can_attach;

static const GOptionEntry entries[] = {
  { "attachable", 0, 0, G_OPTION_ARG_NONE, &can_attach, N_("Only those that can be attached to"), NULL },
  G_OPTION_ENTRY_NULL
};

enum
{
  FIELD_PID,
  FIELD_USER,
  FIELD_VERSION,
  FIELD_USS,
  FIELD_CONTAINER,
  FIELD_INNER_PID,
  FIELD_COMMAND,
  FIELD_WHY_NOT,
  N_FIELDS
};

static const RscField fields[N_FIELDS] = {
  [FIELD_PID] = { "pid", N_("PID"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_USER] = { "user", N_("User"), RSC_FIELD_TEXT, RSC_FIELD_SHOWN },
  [FIELD_VERSION] = { "version", N_("Python"), RSC_FIELD_TEXT, RSC_FIELD_SHOWN },
  [FIELD_USS] = { "uss", N_("Unique memory"), RSC_FIELD_BYTES, RSC_FIELD_SHOWN },
  [FIELD_CONTAINER] = { "container", N_("Container"), RSC_FIELD_TEXT, RSC_FIELD_SHOWN },
  [FIELD_INNER_PID] = { "inner_pid", N_("PID in there"), RSC_FIELD_COUNT, RSC_FIELD_HIDDEN },
  [FIELD_COMMAND] = { "command", N_("Command"), RSC_FIELD_TEXT, RSC_FIELD_ELASTIC },
  [FIELD_WHY_NOT] = { "why_not", N_("Cannot be attached to"), RSC_FIELD_TEXT, RSC_FIELD_ELASTIC },
};

static void
fill (gsize    row,
      RscCell *cells,
      gpointer data)
{
  const RscPythonProcess *process = g_ptr_array_index ((GPtrArray *) data, row);

  rsc_cell_set_number (&cells[FIELD_PID], (guint64) process->pid);
  rsc_cell_set_text (&cells[FIELD_USER], process->user);
  rsc_cell_set_text (&cells[FIELD_VERSION], process->version);
  if (process->uss >= 0)
    rsc_cell_set_number (&cells[FIELD_USS], (guint64) process->uss);
  rsc_cell_set_text (&cells[FIELD_CONTAINER], process->container);
  rsc_cell_set_number (&cells[FIELD_INNER_PID], (guint64) process->inner_pid);
  rsc_cell_set_text (&cells[FIELD_COMMAND], process->command);
  rsc_cell_set_text (&cells[FIELD_WHY_NOT], process->why_not);
}

static gboolean
check (RscCli  *cli,
       GError **error)
{
  return cli->options.fail_if == NULL || rsc_condition_check (cli->options.fail_if, fields, N_FIELDS, error);
}

static gboolean
run (RscCli  *cli,
     GError **error)
{
  g_autoptr (GPtrArray) processes = rsc_python_process_list (cli->cancellable);
  RscRows rows = { .fields = fields, .n_fields = N_FIELDS, .fill = fill, .data = processes };

  if (g_cancellable_set_error_if_cancelled (cli->cancellable, error))
    return FALSE;
  for (guint i = processes->len; can_attach && i-- > 0;)
    if (((RscPythonProcess *) g_ptr_array_index (processes, i))->why_not != NULL)
      g_ptr_array_remove_index (processes, i);
  rows.n_rows = processes->len;
  rows.if_empty = _("No Python runs here that can be seen.");

  return rsc_rows_print (&rows, cli, error);
}

const RscCliCommand rsc_cmd_ps = {
  .name = "ps",
  .parameters = "",
  .summary = N_("The running Pythons, and whether they can be attached to"),
  .description = N_("Lists the processes that run CPython, with what pid:N needs as SOURCE of other commands. For one that cannot be "
                    "attached to it is said why, and what would help. Others' processes are seen whole by root only."),
  .examples = "  refscope-cli ps\n"
              "  refscope-cli types pid:4711\n"
              "  refscope-cli ps --attachable --json",
  .flags = RSC_COMMAND_ROWS | RSC_COMMAND_OUTPUT | RSC_COMMAND_NO_SOURCE,
  .entries = entries,
  .check = check,
  .run = run,
};
