#include "rsc-commands.h"

#include <glib/gi18n-lib.h>

#include "analysis/rsc-reach.h"
#include "rsc-cli-progress.h"
#include "rsc-cli-view.h"

static int max_depth;
static gboolean weak;
static gboolean collector;

static const GOptionEntry entries[] = {
  { "max-depth", 0, 0, G_OPTION_ARG_INT, &max_depth, N_("At most so many steps (0, the default: no limit)"), N_("N") },
  { "weak", 0, 0, G_OPTION_ARG_NONE, &weak, N_("Follow weak references too"), NULL },
  { "collector", 0, 0, G_OPTION_ARG_NONE, &collector, N_("Follow only what the collector traverses"), NULL },
  G_OPTION_ENTRY_NULL
};

/* -o with an ending that is a picture's, not a table's: in JSON a chain is a list of objects. */
static gboolean
wants_picture (RscCli *cli)
{
  RscExportFormat format;

  return cli->options.output != NULL && rsc_export_format_from_path (cli->options.output, &format, NULL)
         && format != RSC_EXPORT_JSON;
}

static gboolean
check (RscCli  *cli,
       GError **error)
{
  gsize n_fields;
  const RscField *fields = rsc_objects_get_fields (RSC_OBJECTS_LABELS, &n_fields);

  if (g_strv_length ((char **) cli->objects) != 2)
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                   _("A chain has two ends: name them, FROM and TO, each as an OBJECT."));
      return FALSE;
    }
  if (max_depth < 0)
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE, _("--max-depth takes 0 (no limit) or more, not %d."), max_depth);
      return FALSE;
    }

  if (cli->options.fail_if != NULL && !rsc_condition_check (cli->options.fail_if, fields, n_fields, error))
    return FALSE;

  return !wants_picture (cli) || rsc_picture_check (cli, error);
}

/* As objgraph's show_chain(): only the chain's own objects are gone through. */
static gboolean
draw (RscCli  *cli,
      GArray  *chain,
      GError **error)
{
  RscViewParams params = RSC_VIEW_PARAMS_INIT;
  g_autoptr (GString) filter = g_string_new ("id IN (");

  for (guint i = 0; i < chain->len; i++)
    g_string_append_printf (filter, "%s%u", i > 0 ? ", " : "", g_array_index (chain, RscNode, i));
  g_string_append_c (filter, ')');

  params.objects = (const RscNode *) chain->data;
  params.n_objects = 1;
  params.filter = filter->str;
  params.max_depth = chain->len - 1;
  params.too_many = G_MAXINT;
  params.max_nodes = 0;
  params.type_edges = TRUE;
  params.edges = collector ? RSC_EDGES_COLLECTOR : RSC_EDGES_EVERYTHING;

  return rsc_picture_draw (cli, &params, 1, error);
}

static gboolean
run (RscCli  *cli,
     GError **error)
{
  RscReachFlags flags = (weak ? RSC_REACH_WEAK_TOO : 0) | (collector ? RSC_REACH_TRAVERSED_ONLY : 0);
  g_autoptr (GArray) from = NULL;
  g_autoptr (GArray) to = NULL;
  g_autoptr (GArray) chain = NULL;
  g_autoptr (GError) local_error = NULL;
  g_autofree char *if_empty = NULL;
  RscObjects objects;
  RscRows rows;

  if (rsc_source_open (cli, error) == NULL)
    return FALSE;

  from = rsc_source_resolve (cli, cli->objects, 1, error);
  if (from == NULL)
    return FALSE;
  to = rsc_source_resolve (cli, cli->objects + 1, 1, error);
  if (to == NULL)
    return FALSE;

  chain = rsc_chain_find (cli->snapshot, (const RscNode *) from->data, from->len, (const RscNode *) to->data, to->len,
                          (guint) max_depth, flags, &cli->progress, cli->cancellable, &local_error);
  rsc_cli_progress_clear ();
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  if (chain == NULL && wants_picture (cli))
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_OUTPUT,
                   _("No chain of references leads from %s to %s; “%s” was not written."),
                   cli->objects[0], cli->objects[1], cli->options.output);
      return FALSE;
    }
  if (chain != NULL && wants_picture (cli))
    return draw (cli, chain, error);

  if (!rsc_objects_init_rows (&objects, &rows, cli, chain != NULL ? (const RscNode *) chain->data : NULL,
                              chain != NULL ? chain->len : 0, RSC_OBJECTS_LABELS, error))
    return FALSE;

  if_empty = g_strdup_printf (_("No chain of references leads from %s to %s."), cli->objects[0], cli->objects[1]);
  rows.if_empty = if_empty;

  return rsc_rows_print (&rows, cli, error);
}

const RscCliCommand rsc_cmd_chain = {
  .name = "chain",
  .parameters = N_("SOURCE FROM TO"),
  .summary = N_("The shortest chain of references from one object to another"),
  .description = N_("Prints a shortest chain of references that leads from FROM to TO, and how each object refers to the next. "
                    "Where FROM or TO names several objects, any of them will do. With -o FILE.svg (.png, .pdf, .dot) it is drawn."),
  .examples = "  refscope-cli chain heap.refscope name:__main__ type:Session\n"
              "  refscope-cli chain graph.dot name:A name:E --json\n"
              "  refscope-cli chain heap.refscope name:__main__.app 0x7f52ac1b3d40 -o chain.svg",
  .flags = RSC_COMMAND_ROWS | RSC_COMMAND_LIVE | RSC_COMMAND_OBJECTS | RSC_COMMAND_OUTPUT,
  .entries = entries,
  .check = check,
  .run = run,
};
