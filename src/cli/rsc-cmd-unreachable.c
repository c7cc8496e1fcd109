#include "rsc-commands.h"

#include <glib/gi18n-lib.h>

#include "analysis/rsc-reach.h"
#include "base/rsc-bitset.h"
#include "base/rsc-error.h"
#include "rsc-cli-filter.h"
#include "rsc-cli-progress.h"

static char **from;
static gboolean weak;
static gboolean collector;

static const GOptionEntry entries[] = {
  { "from", 0, 0, G_OPTION_ARG_STRING_ARRAY, &from, N_("Start from OBJECT (may be repeated; default: all roots)"), N_("OBJECT") },
  { "weak", 0, 0, G_OPTION_ARG_NONE, &weak, N_("Follow weak references too"), NULL },
  { "collector", 0, 0, G_OPTION_ARG_NONE, &collector, N_("Follow only what the collector traverses"), NULL },
  G_OPTION_ENTRY_NULL
};

static gboolean
check (RscCli  *cli,
       GError **error)
{
  gsize n_fields;
  const RscField *fields = rsc_objects_get_fields (RSC_OBJECTS_PLAIN, &n_fields);

  return cli->options.fail_if == NULL || rsc_condition_check (cli->options.fail_if, fields, n_fields, error);
}

static GArray *
get_starts (RscCli  *cli,
            GError **error)
{
  g_autoptr (GArray) starts = NULL;

  if (from != NULL)
    return rsc_source_resolve (cli, (const char *const *) from, -1, error);

  if (rsc_snapshot_get_columns (cli->snapshot, RSC_BLOCK_ROOTS, error) == NULL)
    return NULL;

  starts = rsc_reach_get_roots (cli->snapshot);
  if (starts->len == 0)
    {
      g_set_error (error, RSC_ANALYSIS_ERROR, RSC_ERROR_NOT_FOUND,
                   _("This heap names no roots: say by --from OBJECT where to start."));
      return NULL;
    }

  return g_steal_pointer (&starts);
}

static gboolean
run (RscCli  *cli,
     GError **error)
{
  RscReachFlags flags = (weak ? RSC_REACH_WEAK_TOO : 0) | (collector ? RSC_REACH_TRAVERSED_ONLY : 0);
  g_autoptr (GArray) starts = NULL;
  g_autoptr (GArray) nodes = NULL;
  g_autoptr (RscBitset) reached = NULL;
  RscObjects objects;
  RscRows rows;

  if (rsc_source_open (cli, error) == NULL)
    return FALSE;

  starts = get_starts (cli, error);
  if (starts == NULL)
    return FALSE;

  reached = rsc_reach_compute (cli->snapshot, (const RscNode *) starts->data, starts->len, flags,
                               &cli->progress, cli->cancellable, error);
  rsc_cli_progress_clear ();
  if (reached == NULL)
    return FALSE;

  nodes = rsc_cli_list_nodes (cli->snapshot, reached, FALSE, error);
  if (nodes == NULL
      || !rsc_objects_init_rows (&objects, &rows, cli, (const RscNode *) nodes->data, nodes->len, RSC_OBJECTS_PLAIN, error))
    return FALSE;

  rows.if_empty = _("Everything was reached.");

  return rsc_rows_print (&rows, cli, error);
}

const RscCliCommand rsc_cmd_unreachable = {
  .name = "unreachable",
  .parameters = N_("SOURCE"),
  .summary = N_("What a depth-first search from an object does not reach"),
  .description = N_("Marks every object that can be reached by references from OBJECT, or from all roots, and lists the others."),
  .examples = "  refscope-cli unreachable graph.dot --from name:A\n"
              "  refscope-cli unreachable heap.refscope --collector --fail-if 'count(*) > 0'",
  .flags = RSC_COMMAND_ROWS | RSC_COMMAND_LIVE | RSC_COMMAND_OUTPUT,
  .entries = entries,
  .check = check,
  .run = run,
};
