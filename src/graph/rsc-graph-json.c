/* JSON by the command line's contract. */
#include "rsc-graph-private.h"

static const char *const role_ids[RSC_N_ROLES] = {
  [RSC_ROLE_OTHER] = "other", [RSC_ROLE_INSTANCE] = "instance", [RSC_ROLE_CLASS] = "class",
  [RSC_ROLE_FUNCTION] = "function", [RSC_ROLE_MODULE] = "module", [RSC_ROLE_CONTAINER] = "container",
  [RSC_ROLE_VALUE] = "value", [RSC_ROLE_FRAME] = "frame"
};

static const char *const edge_kind_ids[RSC_EDGE_N_KINDS] = {
  [RSC_EDGE_PLAIN] = "plain", [RSC_EDGE_INDEX] = "index", [RSC_EDGE_KEY] = "key",
  [RSC_EDGE_VALUE] = "value", [RSC_EDGE_ATTRIBUTE] = "attribute", [RSC_EDGE_SLOT] = "slot",
  [RSC_EDGE_DICT] = "dict", [RSC_EDGE_TYPE] = "type", [RSC_EDGE_BASE] = "base", [RSC_EDGE_MRO] = "mro",
  [RSC_EDGE_CLOSURE] = "closure", [RSC_EDGE_CELL] = "cell", [RSC_EDGE_GLOBALS] = "globals",
  [RSC_EDGE_LOCAL] = "local", [RSC_EDGE_CONSTANT] = "constant", [RSC_EDGE_NAMED] = "named",
  [RSC_EDGE_ELEMENT] = "element", [RSC_EDGE_STACK] = "stack", [RSC_EDGE_WEAK_REFERENT] = "weak_referent"
};

static const char *const reason_ids[] = {
  [RSC_FOLD_NONE] = "none", [RSC_FOLD_TOO_MANY] = "too_many", [RSC_FOLD_DEPTH] = "max_depth",
  [RSC_FOLD_MAX_NODES] = "max_nodes", [RSC_FOLD_FILTER] = "filter"
};

void
rsc_json_append_string (GString *json, const char *text)
{
  g_string_append_c (json, '"');
  for (const guchar *p = (const guchar *) text; *p != '\0'; p++)
    switch (*p)
      {
      case '"':
        g_string_append (json, "\\\"");
        break;
      case '\\':
        g_string_append (json, "\\\\");
        break;
      case '\n':
        g_string_append (json, "\\n");
        break;
      case '\t':
        g_string_append (json, "\\t");
        break;
      case '\r':
        g_string_append (json, "\\r");
        break;
      default:
        if (*p < 0x20 || *p == 0x7f)
          g_string_append_printf (json, "\\u%04x", *p);
        else
          g_string_append_c (json, *p);
      }
  g_string_append_c (json, '"');
}

/* What identifies the object in JSON, and names it on a command line. */
static void
append_reference (GString *json, const RscColumns *columns, RscNode node)
{
  if (columns->address[node] != 0)
    g_string_append_printf (json, "\"0x%" G_GINT64_MODIFIER "x\"", columns->address[node]);
  else
    g_string_append_printf (json, "\"#%u\"", node);
}

/* The object's members, without the closing brace. */
static void
append_object (GString *json, RscSnapshot *snapshot, RscNode node)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (snapshot);
  RscType type = rsc_snapshot_get_type (snapshot, columns->type[node]);
  g_autofree char *value = rsc_snapshot_dup_value (snapshot, node);

  g_string_append (json, "{\"address\": ");
  append_reference (json, columns, node);
  g_string_append (json, ", \"type\": ");
  rsc_json_append_string (json, type.name);
  g_string_append (json, ", \"module\": ");
  rsc_json_append_string (json, type.module);
  g_string_append_printf (json, ", \"size\": %" G_GUINT64_FORMAT ", \"refcount\": ", columns->size[node]);
  if (columns->refcount[node] != RSC_REFCOUNT_UNKNOWN)
    g_string_append_printf (json, "%u", columns->refcount[node]);
  else
    g_string_append (json, "null");
  g_string_append (json, ", \"value\": ");
  rsc_json_append_string (json, value);
}

void
rsc_node_append_json (GString *json, RscSnapshot *snapshot, RscNode node)
{
  append_object (json, snapshot, node);
  g_string_append_c (json, '}');
}

static const char *
json_boolean (gboolean value)
{
  return value ? "true" : "false";
}

static void
append_graph_node (GString *json, RscGraph *graph, const RscGraphNode *node)
{
  append_object (json, graph->snapshot, node->node);
  g_string_append_printf (json, ", \"depth\": %u, \"role\": \"%s\", \"start\": %s, \"highlighted\": %s, \"label\": ",
                          node->depth, role_ids[node->role], json_boolean (node->is_start),
                          json_boolean (node->highlighted));
  rsc_json_append_string (json, node->label);
  g_string_append (json, "}");
}

static void
append_graph_edge (GString *json, RscGraph *graph, const RscGraphEdge *edge)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (graph->snapshot);
  gboolean swap = rsc_view_get_params (graph->view)->swap;
  guint32 source = swap ? edge->target : edge->source;
  guint32 target = swap ? edge->source : edge->target;
  guint kind = edge->edge_kind & RSC_EDGE_KIND_MASK;

  g_string_append (json, "{\"source\": ");
  append_reference (json, columns, g_array_index (graph->nodes, RscGraphNode, source).node);
  g_string_append (json, ", \"target\": ");
  append_reference (json, columns, g_array_index (graph->nodes, RscGraphNode, target).node);
  g_string_append (json, ", \"label\": ");
  rsc_json_append_string (json, edge->label);
  g_string_append_printf (json, ", \"kind\": \"%s\", \"weak\": %s, \"count\": %u}",
                          edge->kind == RSC_GRAPH_EDGE_BRIDGE ? "hidden"
                          : kind < RSC_EDGE_N_KINDS ? edge_kind_ids[kind] : "plain",
                          json_boolean (edge->edge_kind & RSC_EDGE_WEAK), edge->count);
}

static void
append_fold (GString *json, RscGraph *graph, const RscGraphNode *fold)
{
  g_string_append (json, "{\"at\": ");
  if (fold->node == RSC_NODE_NONE)
    g_string_append (json, "null");
  else
    append_reference (json, rsc_snapshot_peek_columns (graph->snapshot), fold->node);
  g_string_append_printf (json, ", \"count\": %" G_GUINT64_FORMAT ", \"reason\": \"%s\", \"label\": ",
                          fold->count, reason_ids[fold->fold_reason]);
  rsc_json_append_string (json, fold->label);
  g_string_append_c (json, '}');
}

/* One item a line, after a comma or the opening bracket. */
static void
begin_item (GString *json, gboolean *first)
{
  g_string_append (json, *first ? "\n  " : ",\n  ");
  *first = FALSE;
}

char *
rsc_graph_to_json (RscGraph *self)
{
  GString *json = g_string_new ("{\"nodes\": [");
  const RscGraphNode *nodes = (const RscGraphNode *) self->nodes->data;
  const RscGraphEdge *edges = (const RscGraphEdge *) self->edges->data;
  gboolean first = TRUE;

  for (guint i = 0; i < self->nodes->len; i++)
    if (nodes[i].kind == RSC_GRAPH_NODE_OBJECT)
      {
        begin_item (json, &first);
        append_graph_node (json, self, &nodes[i]);
      }

  g_string_append (json, "],\n \"edges\": [");
  first = TRUE;
  for (guint i = 0; i < self->edges->len; i++)
    if (edges[i].kind != RSC_GRAPH_EDGE_FOLD)
      {
        begin_item (json, &first);
        append_graph_edge (json, self, &edges[i]);
      }

  g_string_append (json, "],\n \"folds\": [");
  first = TRUE;
  for (guint i = 0; i < self->nodes->len; i++)
    if (nodes[i].kind == RSC_GRAPH_NODE_FOLD)
      {
        begin_item (json, &first);
        append_fold (json, self, &nodes[i]);
      }
  g_string_append (json, "]}\n");
  return g_string_free (json, FALSE);
}
