#include "rsc-commands.h"

#include <glib/gi18n-lib.h>

#include "analysis/rsc-components.h"
#include "base/rsc-error.h"
#include "collect/rsc-collect.h"
#include "graph/rsc-graph.h"
#include "query/rsc-filter.h"
#include "rsc-cli-filter.h"
#include "rsc-cli-progress.h"

/* So many types of a cycle are named in the table. */
#define MAX_TYPES 4

static gboolean only_garbage;
static gint64 min_objects = 1;
static char *filter;

static const GOptionEntry entries[] = {
  { "garbage", 0, 0, G_OPTION_ARG_NONE, &only_garbage, N_("Only those that a collection would free"), NULL },
  { "min-objects", 0, 0, G_OPTION_ARG_INT64, &min_objects, N_("Only those with at least so many objects"), N_("N") },
  { "filter", 0, 0, G_OPTION_ARG_STRING, &filter, N_("Only those with an object for which this SQL expression is true"), N_("SQL") },
  G_OPTION_ENTRY_NULL
};

enum
{
  FIELD_OBJECTS,
  FIELD_BYTES,
  FIELD_HELD,
  FIELD_GARBAGE,
  FIELD_TYPES,
  N_FIELDS
};

static const RscField fields[N_FIELDS] = {
  [FIELD_OBJECTS] = { "objects", N_("Objects"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_BYTES] = { "bytes", N_("Bytes"), RSC_FIELD_BYTES, RSC_FIELD_SHOWN },
  /* Translators: the number of references into a cycle from outside. */
  [FIELD_HELD] = { "held_from_outside", N_("Held from outside"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_GARBAGE] = { "garbage", N_("Garbage"), RSC_FIELD_BOOLEAN, RSC_FIELD_SHOWN },
  [FIELD_TYPES] = { "types", N_("Types"), RSC_FIELD_TEXT, RSC_FIELD_ELASTIC },
};

typedef struct
{
  RscSnapshot *snapshot;
  RscComponents *components;
  GArray *shown; /* guint32: indices of components */
  gboolean garbage_known;
} Cycles;

static RscComponent
get_component (Cycles *cycles,
               gsize   row)
{
  return rsc_components_get (cycles->components, g_array_index (cycles->shown, guint32, row));
}

typedef struct
{
  guint32 type;
  guint32 count;
  guint32 first; /* where it was met first, so that the order is stable */
} TypeCount;

static int
compare_type_counts (gconstpointer a,
                     gconstpointer b)
{
  const TypeCount *one = a, *other = b;

  if (one->count != other->count)
    return one->count < other->count ? 1 : -1;

  return one->first < other->first ? -1 : 1;
}

/* "Node × 2, dict × 2". */
static char *
describe_types (Cycles             *cycles,
                const RscComponent *component)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (cycles->snapshot);
  g_autoptr (GHashTable) index = g_hash_table_new (NULL, NULL);
  g_autoptr (GArray) counts = g_array_new (FALSE, TRUE, sizeof (TypeCount));
  GString *text = g_string_new (NULL);

  for (guint32 i = 0; i < component->n_members; i++)
    {
      guint32 type = columns->type[component->members[i]];
      gpointer found = g_hash_table_lookup (index, GUINT_TO_POINTER (type + 1));
      TypeCount fresh = { type, 1, counts->len };

      if (found != NULL)
        {
          g_array_index (counts, TypeCount, GPOINTER_TO_UINT (found) - 1).count++;
          continue;
        }
      g_array_append_val (counts, fresh);
      g_hash_table_insert (index, GUINT_TO_POINTER (type + 1), GUINT_TO_POINTER (counts->len));
    }

  g_array_sort (counts, compare_type_counts);
  for (guint i = 0; i < counts->len && i < MAX_TYPES; i++)
    {
      const TypeCount *count = &g_array_index (counts, TypeCount, i);
      RscType type = rsc_snapshot_get_type (cycles->snapshot, count->type);

      g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", type.name);
      if (count->count > 1)
        g_string_append_printf (text, " × %u", count->count);
    }
  if (counts->len > MAX_TYPES)
    g_string_append (text, ", …");

  return g_string_free (text, FALSE);
}

static void
fill (gsize    row,
      RscCell *cells,
      gpointer data)
{
  Cycles *cycles = data;
  RscComponent component = get_component (cycles, row);

  rsc_cell_set_number (&cells[FIELD_OBJECTS], component.n_members);
  rsc_cell_set_number (&cells[FIELD_BYTES], component.bytes);
  rsc_cell_set_number (&cells[FIELD_HELD], component.held_from_outside);
  if (cycles->garbage_known)
    rsc_cell_set_number (&cells[FIELD_GARBAGE], component.garbage);
  rsc_cell_take_text (&cells[FIELD_TYPES], describe_types (cycles, &component));
}

static void
append_json (GString *json,
             gsize    row,
             gpointer data)
{
  Cycles *cycles = data;
  RscComponent component = get_component (cycles, row);

  g_string_append (json, "{\"objects\": [");
  for (guint32 i = 0; i < component.n_members; i++)
    {
      if (i > 0)
        g_string_append (json, ",\n    ");
      rsc_node_append_json (json, cycles->snapshot, component.members[i]);
    }
  g_string_append_printf (json, "], \"bytes\": %" G_GUINT64_FORMAT ", \"held_from_outside\": %" G_GUINT64_FORMAT ", \"garbage\": %s}",
                          component.bytes, component.held_from_outside,
                          !cycles->garbage_known ? "null" : component.garbage ? "true" : "false");
}

/* How garbage is told. */
static const char *
describe_rule (const RscPrediction *prediction,
               const GError        *error)
{
  if (prediction == NULL)
    return error->message;

  return prediction->rule == RSC_RULE_REFCOUNTS
           ? _("Garbage: what a collection would find, by the collector's references and the reference counts.")
           : _("Garbage: what cannot be reached from the roots (this heap has no reference counts).");
}

static gboolean
check (RscCli  *cli,
       GError **error)
{
  if (filter != NULL && !rsc_filter_check (filter, NULL, error))
    return FALSE;

  return cli->options.fail_if == NULL || rsc_condition_check (cli->options.fail_if, fields, N_FIELDS, error);
}

static gboolean
has_member_in (const RscComponent *component,
               const RscBitset    *set)
{
  for (guint32 i = 0; i < component->n_members; i++)
    if (rsc_bitset_get (set, component->members[i]))
      return TRUE;

  return FALSE;
}

static gboolean
run (RscCli  *cli,
     GError **error)
{
  RscSnapshot *snapshot = rsc_source_open (cli, error);
  g_autoptr (RscPrediction) prediction = NULL;
  g_autoptr (RscComponents) components = NULL;
  g_autoptr (RscBitset) only = NULL;
  g_autoptr (GArray) shown = NULL;
  g_autoptr (GError) local_error = NULL;
  Cycles cycles;
  RscRows rows = { .fields = fields, .n_fields = N_FIELDS, .fill = fill, .append_json = append_json, .data = &cycles };

  if (snapshot == NULL)
    return FALSE;

  /* Cycles are there to be shown also where garbage cannot be told. */
  prediction = rsc_collect_predict (snapshot, RSC_GENERATION_OF_ALL, &cli->progress, cli->cancellable, &local_error);
  if (prediction == NULL && (only_garbage || local_error->domain != RSC_ANALYSIS_ERROR))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  components = rsc_components_compute (snapshot, prediction != NULL ? prediction->unreachable : NULL,
                                       &cli->progress, cli->cancellable, error);
  rsc_cli_progress_clear ();
  if (components == NULL || rsc_snapshot_get_columns (snapshot, RSC_BLOCK_NODES | RSC_BLOCK_STRINGS, error) == NULL)
    return FALSE;

  if (filter != NULL)
    {
      only = rsc_cli_filter_nodes (cli, filter, error);
      if (only == NULL)
        return FALSE;
    }

  shown = g_array_new (FALSE, FALSE, sizeof (guint32));
  for (guint32 i = 0; i < rsc_components_get_n (components); i++)
    {
      RscComponent component = rsc_components_get (components, i);

      if (component.n_members >= min_objects && (component.garbage || !only_garbage)
          && (only == NULL || has_member_in (&component, only)))
        g_array_append_val (shown, i);
    }

  cycles = (Cycles) { snapshot, components, shown, prediction != NULL };
  rows.n_rows = shown->len;
  rows.if_empty = only_garbage ? _("No cycles are garbage.") : _("No cycles.");
  if (shown->len > 0)
    rows.footer = describe_rule (prediction, local_error);

  return rsc_rows_print (&rows, cli, error);
}

const RscCliCommand rsc_cmd_cycles = {
  .name = "cycles",
  .parameters = N_("SOURCE"),
  .summary = N_("Strongly connected components: objects that hold each other"),
  .description = N_("Lists the cycles of what the collector traverses, largest first: how many objects and bytes, how many references "
                    "come from outside, and whether a collection would free them. --json names every member."),
  .examples = "  refscope-cli cycles heap.refscope --garbage\n"
              "  refscope-cli cycles heap.refscope --filter \"module = '__main__'\"\n"
              "  refscope-cli cycles --fail-if 'garbage and objects > 10' -- python3 test.py",
  .flags = RSC_COMMAND_ROWS | RSC_COMMAND_LIVE | RSC_COMMAND_OUTPUT,
  .entries = entries,
  .check = check,
  .run = run,
};
