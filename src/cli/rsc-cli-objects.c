#include "rsc-cli-objects.h"

#include <glib/gi18n-lib.h>

#include "analysis/rsc-names.h"
#include "graph/rsc-graph.h"

/* As many steps as a path for people should have. */
#define MAX_PATH_STEPS 8

enum
{
  FIELD_ADDRESS,
  FIELD_TYPE,
  FIELD_SIZE,
  FIELD_REFCOUNT,
  FIELD_VALUE,
  FIELD_MODULE,
  FIELD_ID,
  FIELD_GENERATION,
  FIELD_REFERRERS,
  FIELD_REFERENCES,
  FIELD_TRACKED,
  FIELD_ROOT,
  FIELD_CONTAINER,
  FIELD_IMMORTAL,
  FIELD_EXTRA, /* the label or the path */
  N_FIELDS
};

/* Translators: these are the headings of columns. */
#define COMMON_FIELDS                                                                          \
  [FIELD_ADDRESS] = { "address", N_("Address"), RSC_FIELD_ADDRESS, RSC_FIELD_SHOWN },          \
  [FIELD_TYPE] = { "type", N_("Type"), RSC_FIELD_TEXT, RSC_FIELD_ELASTIC },                    \
  [FIELD_SIZE] = { "size", N_("Size"), RSC_FIELD_BYTES, RSC_FIELD_SHOWN },                     \
  [FIELD_REFCOUNT] = { "refcount", N_("Refcount"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },         \
  [FIELD_VALUE] = { "value", N_("Value"), RSC_FIELD_TEXT, RSC_FIELD_ELASTIC },                 \
  [FIELD_MODULE] = { "module", NULL, RSC_FIELD_TEXT, RSC_FIELD_HIDDEN },                       \
  [FIELD_ID] = { "id", NULL, RSC_FIELD_COUNT, RSC_FIELD_HIDDEN },                              \
  [FIELD_GENERATION] = { "generation", NULL, RSC_FIELD_COUNT, RSC_FIELD_HIDDEN },              \
  [FIELD_REFERRERS] = { "referrers", NULL, RSC_FIELD_COUNT, RSC_FIELD_HIDDEN },                \
  [FIELD_REFERENCES] = { "references", NULL, RSC_FIELD_COUNT, RSC_FIELD_HIDDEN },              \
  [FIELD_TRACKED] = { "tracked", NULL, RSC_FIELD_BOOLEAN, RSC_FIELD_HIDDEN },                  \
  [FIELD_ROOT] = { "root", NULL, RSC_FIELD_BOOLEAN, RSC_FIELD_HIDDEN },                        \
  [FIELD_CONTAINER] = { "container", NULL, RSC_FIELD_BOOLEAN, RSC_FIELD_HIDDEN },              \
  [FIELD_IMMORTAL] = { "immortal", NULL, RSC_FIELD_BOOLEAN, RSC_FIELD_HIDDEN }

static const RscField plain_fields[N_FIELDS] = { COMMON_FIELDS };

static const RscField label_fields[N_FIELDS] = {
  COMMON_FIELDS,
  /* Translators: how an object of a chain refers to the one in the next line. */
  [FIELD_EXTRA] = { "label", N_("Refers to the next by"), RSC_FIELD_TEXT, RSC_FIELD_SHOWN }
};

static const RscField path_fields[N_FIELDS] = {
  COMMON_FIELDS,
  [FIELD_EXTRA] = { "path", N_("Path"), RSC_FIELD_TEXT, RSC_FIELD_ELASTIC }
};

const RscField *
rsc_objects_get_fields (RscObjectsFlags  flags,
                        gsize           *n_fields)
{
  *n_fields = flags == RSC_OBJECTS_PLAIN ? FIELD_EXTRA : N_FIELDS;

  if (flags & RSC_OBJECTS_LABELS)
    return label_fields;
  if (flags & RSC_OBJECTS_PATHS)
    return path_fields;

  return plain_fields;
}

/* How object @row of a chain refers to the next; NULL at its end. */
static char *
dup_label (RscObjects *self,
           gsize       row)
{
  guint64 edge;

  if (row + 1 >= self->n_nodes)
    return NULL;

  edge = rsc_snapshot_find_edge (self->snapshot, self->nodes[row], self->nodes[row + 1]);

  return edge != G_MAXUINT64 ? rsc_snapshot_dup_edge_label (self->snapshot, edge) : NULL;
}

/* What is read from a column is always filled; what has to be made only if it
 * is wanted. */
static void
fill_some (gsize    row,
           guint32  wanted,
           RscCell *cells,
           gpointer data)
{
  RscObjects *self = data;
  const RscColumns *columns = self->columns;
  RscNode node = self->nodes[row];
  guint32 flags = columns->flags[node];

  rsc_cell_set_number (&cells[FIELD_ADDRESS], columns->address[node]);
  if (wanted & (1u << FIELD_TYPE))
    rsc_cell_set_text (&cells[FIELD_TYPE], rsc_snapshot_get_type (self->snapshot, columns->type[node]).name);
  if (wanted & (1u << FIELD_MODULE))
    rsc_cell_set_text (&cells[FIELD_MODULE], rsc_snapshot_get_type (self->snapshot, columns->type[node]).module);
  rsc_cell_set_number (&cells[FIELD_SIZE], columns->size[node]);
  if (columns->refcount[node] != RSC_REFCOUNT_UNKNOWN)
    rsc_cell_set_number (&cells[FIELD_REFCOUNT], columns->refcount[node]);
  if (wanted & (1u << FIELD_VALUE))
    rsc_cell_take_text (&cells[FIELD_VALUE], rsc_snapshot_dup_value (self->snapshot, node));
  rsc_cell_set_number (&cells[FIELD_ID], node);
  if (columns->generation[node] != RSC_GENERATION_NONE)
    rsc_cell_set_number (&cells[FIELD_GENERATION], rsc_generation_in_interpreter (columns->generation[node]));
  if (columns->first_referrer != NULL)
    rsc_cell_set_number (&cells[FIELD_REFERRERS], columns->first_referrer[node + 1] - columns->first_referrer[node]);
  if (columns->first_edge != NULL)
    rsc_cell_set_number (&cells[FIELD_REFERENCES], columns->first_edge[node + 1] - columns->first_edge[node]);
  rsc_cell_set_number (&cells[FIELD_TRACKED], (flags & RSC_NODE_TRACKED) != 0);
  rsc_cell_set_number (&cells[FIELD_ROOT], (flags & RSC_NODE_ROOT) != 0);
  rsc_cell_set_number (&cells[FIELD_CONTAINER], (flags & RSC_NODE_CONTAINER) != 0);
  rsc_cell_set_number (&cells[FIELD_IMMORTAL], (flags & RSC_NODE_IMMORTAL) != 0);

  if (self->flags == RSC_OBJECTS_PLAIN || !(wanted & (1u << FIELD_EXTRA)))
    return;
  if (self->flags & RSC_OBJECTS_LABELS)
    rsc_cell_take_text (&cells[FIELD_EXTRA], dup_label (self, row));
  else
    rsc_cell_take_text (&cells[FIELD_EXTRA], rsc_names_describe (self->snapshot, node, MAX_PATH_STEPS));
}

static void
append_json (GString *json,
             gsize    row,
             gpointer data)
{
  RscObjects *self = data;
  g_autofree char *extra = NULL;
  const char *key;

  rsc_node_append_json (json, self->snapshot, self->nodes[row]);
  if (self->flags == RSC_OBJECTS_PLAIN)
    return;

  if (self->flags & RSC_OBJECTS_LABELS)
    {
      key = "label";
      extra = dup_label (self, row);
    }
  else
    {
      key = "path";
      extra = rsc_names_describe (self->snapshot, self->nodes[row], MAX_PATH_STEPS);
    }

  /* Into the object that has just been closed. */
  g_assert (json->len > 0 && json->str[json->len - 1] == '}');
  g_string_truncate (json, json->len - 1);
  g_string_append_printf (json, ", \"%s\": ", key);
  if (extra != NULL)
    rsc_json_append_string (json, extra);
  else
    g_string_append (json, "null");
  g_string_append_c (json, '}');
}

gboolean
rsc_objects_init_rows (RscObjects       *self,
                       RscRows          *rows,
                       RscCli           *cli,
                       const RscNode    *nodes,
                       gsize             n_nodes,
                       RscObjectsFlags   flags,
                       GError          **error)
{
  RscBlocks blocks = RSC_BLOCK_NODES | RSC_BLOCK_STRINGS;

  /* Columns that are not asked for cost nothing. */
  if (cli->options.fail_if != NULL || cli->options.csv || flags != RSC_OBJECTS_PLAIN)
    blocks |= RSC_BLOCK_EDGES | RSC_BLOCK_REFERRERS;

  *self = (RscObjects) {
    .snapshot = cli->snapshot,
    .columns = rsc_snapshot_get_columns (cli->snapshot, blocks, error),
    .nodes = nodes,
    .n_nodes = n_nodes,
    .flags = flags,
  };
  if (self->columns == NULL)
    return FALSE;

  *rows = (RscRows) { .n_rows = n_nodes, .fill_some = fill_some, .append_json = append_json, .data = self };
  rows->fields = rsc_objects_get_fields (flags, &rows->n_fields);

  return TRUE;
}

char *
rsc_objects_describe (RscSnapshot *snapshot,
                      RscNode      node)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (snapshot);
  RscType type = rsc_snapshot_get_type (snapshot, columns->type[node]);
  g_autofree char *value = rsc_node_dup_value (snapshot, node);

  return g_strdup_printf ("%s 0x%" G_GINT64_MODIFIER "x%s%s", type.name, columns->address[node],
                          *value != '\0' ? " " : "", value);
}

void
rsc_objects_append_addresses (GString     *json,
                              RscSnapshot *snapshot,
                              const char  *member,
                              GArray      *nodes)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (snapshot);

  g_string_append_printf (json, ",\n  \"%s\": [", member);
  for (guint i = 0; i < nodes->len; i++)
    g_string_append_printf (json, "%s\"0x%" G_GINT64_MODIFIER "x\"", i > 0 ? ", " : "",
                            columns->address[g_array_index (nodes, RscNode, i)]);
  g_string_append_c (json, ']');
}
