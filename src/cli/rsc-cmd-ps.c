#include "rsc-commands.h"

#include <glib/gi18n-lib.h>

#include "inject/rsc-python-process.h"
#include "rsc-cli-options.h"
#include "rsc-cli-printable.h"

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
  FIELD_CAN_ATTACH,
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
  [FIELD_CAN_ATTACH] = { "can_attach", N_("Attach"), RSC_FIELD_BOOLEAN, RSC_FIELD_TABLE_ONLY },
  [FIELD_COMMAND] = { "command", N_("Command"), RSC_FIELD_TEXT, RSC_FIELD_ELASTIC },
  /* A sentence, which no table has room for: below it. */
  [FIELD_WHY_NOT] = { "why_not", NULL, RSC_FIELD_TEXT, RSC_FIELD_HIDDEN },
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
  rsc_cell_set_number (&cells[FIELD_CAN_ATTACH], process->why_not == NULL);
  rsc_cell_set_text (&cells[FIELD_COMMAND], process->command);
  rsc_cell_set_text (&cells[FIELD_WHY_NOT], process->why_not);
}

/* Why some cannot be attached to, a line each; those that it holds for alike in one.  NULL: all can. */
static char *
dup_reasons (const GPtrArray *processes)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GHashTable) told = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < processes->len; i++)
    {
      const RscPythonProcess *process = g_ptr_array_index (processes, i);
      g_autofree char *reason = process->why_not != NULL ? rsc_printable (process->why_not) : NULL;

      if (reason == NULL || !g_hash_table_add (told, process->why_not))
        continue;
      g_string_append_printf (text, "\n%d", (int) process->pid);
      for (guint j = i + 1; j < processes->len; j++)
        {
          const RscPythonProcess *other = g_ptr_array_index (processes, j);

          if (g_strcmp0 (other->why_not, process->why_not) == 0)
            g_string_append_printf (text, ", %d", (int) other->pid);
        }
      g_string_append_printf (text, ": %s", reason);
    }

  return text->len > 0 ? g_string_free (g_steal_pointer (&text), FALSE) : NULL;
}

/* The number in there is of use only where it is another. */
static gboolean
is_some_inside (const GPtrArray *processes)
{
  for (guint i = 0; i < processes->len; i++)
    {
      const RscPythonProcess *process = g_ptr_array_index (processes, i);

      if (process->inner_pid != process->pid)
        return TRUE;
    }

  return FALSE;
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
  g_autofree RscField *shown = g_memdup2 (fields, sizeof fields);
  g_autofree char *reasons = NULL;
  RscRows rows = { .fields = shown, .n_fields = N_FIELDS, .fill = fill, .data = processes };

  if (g_cancellable_set_error_if_cancelled (cli->cancellable, error))
    return FALSE;
  for (guint i = processes->len; can_attach && i-- > 0;)
    if (((RscPythonProcess *) g_ptr_array_index (processes, i))->why_not != NULL)
      g_ptr_array_remove_index (processes, i);
  /* The one that is looked for may be the last. */
  if (cli->options.limit < 0)
    cli->options.limit = 0;
  if (is_some_inside (processes))
    shown[FIELD_INNER_PID].flags = RSC_FIELD_SHOWN;
  reasons = dup_reasons (processes);
  rows.footer = reasons;
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
