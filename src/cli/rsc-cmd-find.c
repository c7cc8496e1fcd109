#include "rsc-commands.h"

#include <glib/gi18n-lib.h>

#include "analysis/rsc-histogram.h"
#include "base/rsc-bitset.h"
#include "query/rsc-filter.h"
#include "rsc-cli-filter.h"

static char *type;
static char *name;
static char *value;
static char *filter;
static gboolean paths;

static const GOptionEntry entries[] = {
  { "type", 't', 0, G_OPTION_ARG_STRING, &type, N_("Of this type, with or without its module; * stands for anything"), N_("NAME") },
  { "name", 0, 0, G_OPTION_ARG_STRING, &name, N_("A function, class or module of this name, or what a path of names leads to"), N_("NAME") },
  { "value", 0, 0, G_OPTION_ARG_STRING, &value, N_("With this text in the value, in upper or lower case"), N_("TEXT") },
  { "filter", 0, 0, G_OPTION_ARG_STRING, &filter, N_("For which this SQL expression is true"), N_("SQL") },
  { "paths", 0, 0, G_OPTION_ARG_NONE, &paths, N_("Show a path of names that leads to each (slower)"), NULL },
  G_OPTION_ENTRY_NULL
};

static RscObjectsFlags
get_flags (void)
{
  return paths ? RSC_OBJECTS_PATHS : RSC_OBJECTS_PLAIN;
}

static gboolean
check (RscCli  *cli,
       GError **error)
{
  gsize n_fields;
  const RscField *fields = rsc_objects_get_fields (get_flags (), &n_fields);

  if (filter != NULL && !rsc_filter_check (filter, NULL, error))
    return FALSE;

  return cli->options.fail_if == NULL || rsc_condition_check (cli->options.fail_if, fields, n_fields, error);
}

/* Keeps what is also in @set. */
static void
intersect (GArray          *nodes,
           const RscBitset *set)
{
  guint kept = 0;

  for (guint i = 0; i < nodes->len; i++)
    {
      RscNode node = g_array_index (nodes, RscNode, i);

      if (rsc_bitset_get (set, node))
        g_array_index (nodes, RscNode, kept++) = node;
    }

  g_array_set_size (nodes, kept);
}

/* Every criterion that was given must hold. */
static GArray *
find (RscCli  *cli,
      GError **error)
{
  const RscColumns *columns = rsc_snapshot_get_columns (cli->snapshot, RSC_BLOCK_NODES, error);
  g_autoptr (GArray) nodes = NULL;

  if (columns == NULL)
    return NULL;

  if (type != NULL || name != NULL || value != NULL)
    {
      guint64 n_found;

      nodes = rsc_find_objects (cli->snapshot, type, name, value, 0, &n_found, &cli->progress, cli->cancellable, error);
    }
  else
    {
      g_autoptr (RscBitset) none = rsc_bitset_new (columns->n_nodes);

      nodes = rsc_cli_list_nodes (cli->snapshot, none, FALSE, error);
    }
  if (nodes == NULL)
    return NULL;

  if (cli->objects[0] != NULL)
    {
      g_autoptr (GArray) named = rsc_source_resolve (cli, cli->objects, -1, error);
      g_autoptr (RscBitset) set = NULL;

      if (named == NULL)
        return NULL;

      set = rsc_bitset_new (columns->n_nodes);
      for (guint i = 0; i < named->len; i++)
        rsc_bitset_set (set, g_array_index (named, RscNode, i));
      intersect (nodes, set);
    }

  if (filter != NULL)
    {
      g_autoptr (RscBitset) set = rsc_cli_filter_nodes (cli, filter, error);

      if (set == NULL)
        return NULL;
      intersect (nodes, set);
    }

  return g_steal_pointer (&nodes);
}

static gboolean
run (RscCli  *cli,
     GError **error)
{
  g_autoptr (GArray) nodes = NULL;
  RscObjects objects;
  RscRows rows;

  if (rsc_source_open (cli, error) == NULL)
    return FALSE;

  nodes = find (cli, error);
  if (nodes == NULL
      || !rsc_objects_init_rows (&objects, &rows, cli, (const RscNode *) nodes->data, nodes->len, get_flags (), error))
    return FALSE;

  rows.if_empty = _("No object is like that.");

  return rsc_rows_print (&rows, cli, error);
}

const RscCliCommand rsc_cmd_find = {
  .name = "find",
  .parameters = N_("SOURCE [OBJECT…]"),
  .summary = N_("Objects by type, name, value or filter"),
  .description = N_("Lists the objects for which everything holds that is asked for."),
  .examples = "  refscope-cli find heap.refscope --type dict --limit 50\n"
              "  refscope-cli find heap.refscope --value localhost --paths\n"
              "  refscope-cli find heap.refscope --filter \"type = 'list' and size > 100000\" --json\n"
              "  refscope-cli find heap.refscope name:__main__.cache",
  .flags = RSC_COMMAND_ROWS | RSC_COMMAND_LIVE | RSC_COMMAND_OBJECTS | RSC_COMMAND_OUTPUT,
  .entries = entries,
  .check = check,
  .run = run,
};
