/* The two views of the reference graph: refs and backrefs. */

#include "rsc-commands.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "base/rsc-error.h"
#include "query/rsc-filter.h"
#include "rsc-cli-view.h"

static gboolean objgraph;
static gboolean both;
static int max_depth = 3;
static int too_many = 10;
static int max_nodes = -1;
static char *filter;
static char *hide;
static char **extra_ignore;
static char *highlight;
static char *extra_info;
static gboolean refcounts;
static gboolean no_shortnames;
static gboolean swap;
static gboolean type_edges;
static char *edges;
static int scale = 1;

static const GOptionEntry entries[] = {
  { "max-depth", 0, 0, G_OPTION_ARG_INT, &max_depth, N_("Go this far from the objects (default: 3; 0: only the objects)"), N_("N") },
  { "too-many", 0, 0, G_OPTION_ARG_INT, &too_many, N_("Draw so many references of one object, and fold the rest (default: 10)"), N_("N") },
  { "max-nodes", 0, 0, G_OPTION_ARG_INT, &max_nodes, N_("Draw so many objects in all, with the folds at most a quarter more (default: 200, with --objgraph no limit; 0: no limit)"), N_("N") },
  { "filter", 0, 0, G_OPTION_ARG_STRING, &filter, N_("Go through only the objects for which this is true"), N_("SQL") },
  { "hide", 0, 0, G_OPTION_ARG_STRING, &hide, N_("Leave these out, and bridge them by dashed edges"), N_("SQL") },
  { "extra-ignore", 0, 0, G_OPTION_ARG_STRING_ARRAY, &extra_ignore, N_("Pass over OBJECT; type:NAME: over all of that type (may be repeated)"), N_("OBJECT") },
  { "highlight", 0, 0, G_OPTION_ARG_STRING, &highlight, N_("Highlight the objects for which this is true"), N_("SQL") },
  { "extra-info", 0, 0, G_OPTION_ARG_STRING, &extra_info, N_("Add this expression's value to each label"), N_("SQL") },
  { "refcounts", 0, 0, G_OPTION_ARG_NONE, &refcounts, N_("Show reference counts"), NULL },
  { "no-shortnames", 0, 0, G_OPTION_ARG_NONE, &no_shortnames, N_("Show types with their modules"), NULL },
  { "swap", 0, 0, G_OPTION_ARG_NONE, &swap, N_("Draw the arrows from the target to the source"), NULL },
  { "types", 0, 0, G_OPTION_ARG_NONE, &type_edges, N_("Draw the reference from each object to its class, too"), NULL },
  { "both", 0, 0, G_OPTION_ARG_NONE, &both, N_("Draw references and back-references"), NULL },
  { "edges", 0, 0, G_OPTION_ARG_STRING, &edges, N_("everything (default), or collector: only what the collector traverses (with --objgraph the default)"), N_("WHICH") },
  { "objgraph", 0, 0, G_OPTION_ARG_NONE, &objgraph, N_("Order, labels, colours and limits as objgraph has them; collects first if SOURCE is a program"), NULL },
  { "scale", 0, 0, G_OPTION_ARG_INT, &scale, N_("Pixels a unit of a PNG: 1 or 2 (default: 1)"), N_("N") },
  G_OPTION_ENTRY_NULL
};

static gboolean
check_number (int          value,
              const char  *option,
              GError     **error)
{
  if (value >= 0)
    return TRUE;

  g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE, _("%s takes 0 or more, not %d."), option, value);
  return FALSE;
}

static gboolean
check_expression (const char  *expression,
                  const char  *option,
                  GError     **error)
{
  if (expression == NULL || rsc_filter_check (expression, NULL, error))
    return TRUE;

  g_prefix_error (error, "%s: ", option);
  return FALSE;
}

static gboolean
check (RscCli  *cli,
       GError **error)
{
  gsize n_fields;
  const RscField *fields = rsc_objects_get_fields (RSC_OBJECTS_PLAIN, &n_fields);

  if (edges != NULL && strcmp (edges, "everything") != 0 && strcmp (edges, "collector") != 0)
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                   _("--edges takes everything or collector, not “%s”."), edges);
      return FALSE;
    }
  if (scale != 1 && scale != 2)
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE, _("--scale takes 1 or 2, not %d."), scale);
      return FALSE;
    }

  if (rsc_source_is_live (cli) && objgraph)
    cli->options.collect = TRUE;

  return check_number (max_depth, "--max-depth", error)
         && check_number (too_many, "--too-many", error)
         && (max_nodes == -1 || check_number (max_nodes, "--max-nodes", error))
         && check_expression (filter, "--filter", error)
         && check_expression (hide, "--hide", error)
         && check_expression (highlight, "--highlight", error)
         && check_expression (extra_info, "--extra-info", error)
         && (cli->options.fail_if == NULL || rsc_condition_check (cli->options.fail_if, fields, n_fields, error))
         && rsc_picture_check (cli, error);
}

/* The OBJECTs, or where a DOT graph says to start. */
static GArray *
get_objects (RscCli  *cli,
             GError **error)
{
  guint32 start;
  GArray *objects;

  if (cli->objects[0] != NULL)
    return rsc_source_resolve (cli, cli->objects, -1, error);

  if (!g_variant_lookup (rsc_snapshot_get_info (cli->snapshot), "start", "u", &start))
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                   _("OBJECT is missing: name what to start from, as 0xADDRESS, #INDEX, type:NAME, name:PATH or sql:SELECT…"));
      return NULL;
    }

  objects = g_array_new (FALSE, FALSE, sizeof (RscNode));
  g_array_append_val (objects, start);

  return objects;
}

/* --extra-ignore: objects by identity, types by name; of the latter there need
 * not be any in this heap. */
static gboolean
get_ignored (RscCli     *cli,
             GArray    **objects,
             GPtrArray **types,
             GError    **error)
{
  g_autoptr (GPtrArray) references = g_ptr_array_new ();

  *types = g_ptr_array_new ();
  for (gsize i = 0; extra_ignore != NULL && extra_ignore[i] != NULL; i++)
    if (g_str_has_prefix (extra_ignore[i], "type:"))
      g_ptr_array_add (*types, extra_ignore[i] + strlen ("type:"));
    else
      g_ptr_array_add (references, extra_ignore[i]);
  g_ptr_array_add (*types, NULL);
  g_ptr_array_add (references, NULL);

  *objects = rsc_source_resolve (cli, (const char *const *) references->pdata, -1, error);

  return *objects != NULL;
}

static gboolean
draw (RscCli        *cli,
      RscDirection   direction,
      GError       **error)
{
  g_autoptr (GArray) objects = NULL;
  g_autoptr (GArray) ignored = NULL;
  g_autoptr (GPtrArray) ignored_types = NULL;
  RscViewParams params = RSC_VIEW_PARAMS_INIT;
  gboolean collected;

  if (rsc_source_open (cli, error) == NULL)
    return FALSE;

  /* A DOT graph knows of no collections. */
  if (objgraph && !rsc_source_is_live (cli)
      && g_variant_lookup (rsc_snapshot_get_info (cli->snapshot), "collected-before", "b", &collected))
    rsc_cli_note (cli, "%s", collected
                               ? _("A collection ran before this heap was captured, as objgraph would have it.")
                               : _("No collection ran before this heap was captured: objgraph would have collected first."));

  objects = get_objects (cli, error);
  if (objects == NULL)
    return FALSE;

  if (!get_ignored (cli, &ignored, &ignored_types, error))
    return FALSE;

  params.direction = both ? RSC_DIRECTION_BOTH : direction;
  params.edges = (edges != NULL ? strcmp (edges, "collector") == 0 : objgraph) ? RSC_EDGES_COLLECTOR : RSC_EDGES_EVERYTHING;
  params.max_depth = (guint) max_depth;
  params.too_many = (guint) too_many;
  params.max_nodes = max_nodes >= 0 ? (guint) max_nodes : objgraph ? 0 : RSC_VIEW_MAX_NODES_DEFAULT;
  params.objects = (const RscNode *) objects->data;
  params.n_objects = objects->len;
  params.extra_ignore = (const RscNode *) ignored->data;
  params.n_extra_ignore = ignored->len;
  params.ignore_types = (const char *const *) ignored_types->pdata;
  params.filter = filter;
  params.hide = hide;
  params.highlight = highlight;
  params.extra_info = extra_info;
  params.refcounts = refcounts;
  params.shortnames = !no_shortnames;
  params.swap = swap;
  params.type_edges = type_edges;
  params.objgraph = objgraph;

  return rsc_picture_draw (cli, &params, scale, error);
}

static gboolean
run_refs (RscCli  *cli,
          GError **error)
{
  return draw (cli, RSC_DIRECTION_REFS, error);
}

static gboolean
run_backrefs (RscCli  *cli,
              GError **error)
{
  return draw (cli, RSC_DIRECTION_BACKREFS, error);
}

const RscCliCommand rsc_cmd_refs = {
  .name = "refs",
  .parameters = N_("SOURCE [OBJECT…]"),
  .summary = N_("Draw what objects refer to"),
  .description = N_("Draws the graph of what OBJECTs refer to, breadth first: to FILE.png, .svg, .pdf, .dot or .json, "
                    "or as DOT (with --json as JSON) to standard output. A DOT graph needs no OBJECT."),
  .examples = "  refscope-cli refs heap.refscope name:__main__.config -o config.svg\n"
              "  refscope-cli refs graph.dot -o graph.png --scale 2\n"
              "  refscope-cli refs heap.refscope type:Widget --filter \"type != 'str'\" | dot -Tx11",
  .flags = RSC_COMMAND_LIVE | RSC_COMMAND_OBJECTS | RSC_COMMAND_OUTPUT | RSC_COMMAND_CONDITION,
  .entries = entries,
  .check = check,
  .run = run_refs,
};

const RscCliCommand rsc_cmd_backrefs = {
  .name = "backrefs",
  .parameters = N_("SOURCE [OBJECT…]"),
  .summary = N_("Draw what refers to objects: what keeps them alive"),
  .description = N_("Draws the graph of what refers to OBJECTs, breadth first, not beyond modules: to FILE.png, .svg, .pdf, "
                    ".dot or .json, or as DOT (with --json as JSON) to standard output."),
  .examples = "  refscope-cli backrefs heap.refscope name:__main__.a -o a.svg\n"
              "  refscope-cli backrefs heap.refscope 0x7f52ac1b3d40 --max-depth 5 --too-many 20 --refcounts -o why.png\n"
              "  refscope-cli backrefs name:__main__.cache --objgraph -o cache.dot -- python3 script.py",
  .flags = RSC_COMMAND_LIVE | RSC_COMMAND_OBJECTS | RSC_COMMAND_OUTPUT | RSC_COMMAND_CONDITION,
  .entries = entries,
  .check = check,
  .run = run_backrefs,
};
