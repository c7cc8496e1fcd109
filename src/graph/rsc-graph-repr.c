/* objgraph's short repr, from what the snapshot knows: user code is never run,
 * so an instance of a user's class always reads as object.__repr__ would say. */
#include <string.h>

#include "rsc-graph-private.h"

/* repr(obj)[:40] */
#define MAX_REPR 40

static char *
cut (char *text)
{
  if (g_utf8_strlen (text, -1) > MAX_REPR)
    *g_utf8_offset_to_pointer (text, MAX_REPR) = '\0';
  return text;
}

/* "<function f at 0x7f...>": @name may be NULL. */
static char *
dup_named (const char *what, const char *name, guint64 address)
{
  if (name != NULL && *name != '\0')
    return g_strdup_printf ("<%s %s at 0x%" G_GINT64_MODIFIER "x>", what, name, address);
  return g_strdup_printf ("<%s at 0x%" G_GINT64_MODIFIER "x>", what, address);
}

static char *
dup_default (RscSnapshot *snapshot, const RscColumns *columns, RscNode node)
{
  RscType type = rsc_snapshot_get_type (snapshot, columns->type[node]);

  /* Nothing is known of a DOT graph's nodes but their names. */
  if (columns->address[node] == 0)
    return g_strdup_printf ("<%s>", type.name);
  if (*type.module == '\0' || strcmp (type.module, "builtins") == 0)
    return g_strdup_printf ("<%s object at 0x%" G_GINT64_MODIFIER "x>", type.name, columns->address[node]);
  return g_strdup_printf ("<%s.%s object at 0x%" G_GINT64_MODIFIER "x>", type.module, type.name,
                          columns->address[node]);
}

static const char *
last_part (const char *name)
{
  const char *dot = strrchr (name, '.');

  return dot != NULL && dot[1] != '\0' ? dot + 1 : name;
}

/* The target of the edge that is called @label, or NONE. */
static RscNode
find_named (RscSnapshot *snapshot, const RscColumns *columns, RscNode source, const char *label)
{
  for (guint64 edge = columns->first_edge[source]; edge < columns->first_edge[source + 1]; edge++)
    if ((columns->kind[edge] & RSC_EDGE_KIND_MASK) == RSC_EDGE_NAMED
        && strcmp (rsc_snapshot_get_string (snapshot, columns->label[edge]), label) == 0)
      return columns->target[edge];
  return RSC_NODE_NONE;
}

/* "f (bound)" */
static char *
dup_method (RscSnapshot *snapshot, const RscColumns *columns, RscNode node)
{
  RscNode function = find_named (snapshot, columns, node, "__func__");
  const char *name = rsc_snapshot_get_string (snapshot, columns->value[function != RSC_NODE_NONE ? function : node]);

  return g_strconcat (last_part (name), " (bound)", NULL);
}

/* "<cell at 0x7f...: int object at 0x7f...>" */
static char *
dup_cell (RscSnapshot *snapshot, const RscColumns *columns, RscNode node)
{
  guint64 edge = columns->first_edge[node];

  if (edge == columns->first_edge[node + 1])
    return g_strdup_printf ("<cell at 0x%" G_GINT64_MODIFIER "x: empty>", columns->address[node]);
  return g_strdup_printf ("<cell at 0x%" G_GINT64_MODIFIER "x: %s object at 0x%" G_GINT64_MODIFIER "x>",
                          columns->address[node],
                          rsc_snapshot_get_type (snapshot, columns->type[columns->target[edge]]).name,
                          columns->address[columns->target[edge]]);
}

typedef enum
{
  SHAPE_VALUE,    /* the value as it is */
  SHAPE_NAME,     /* the value's last part: __name__ */
  SHAPE_FUNCTION,
  SHAPE_METHOD,
  SHAPE_CELL,
  SHAPE_CODE,
  SHAPE_NAMED     /* <type name at address> */
} Shape;

static const struct { const char *type; Shape shape; } shapes[] = {
  { "builtin_function_or_method", SHAPE_NAME },
  { "module", SHAPE_VALUE },
  { "function", SHAPE_FUNCTION },
  { "method", SHAPE_METHOD },
  { "cell", SHAPE_CELL },
  { "code", SHAPE_CODE },
  { "generator", SHAPE_NAMED },
  { "coroutine", SHAPE_NAMED },
  { "async_generator", SHAPE_NAMED },
};

static Shape
get_shape (const RscType *type, guint32 flags)
{
  if (flags & RSC_NODE_TYPE)
    return SHAPE_NAME;
  for (gsize i = 0; i < G_N_ELEMENTS (shapes); i++)
    if (strcmp (type->name, shapes[i].type) == 0)
      return shapes[i].shape;
  return SHAPE_VALUE;
}

char *
rsc_node_dup_repr (RscSnapshot *snapshot, RscNode node)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (snapshot);
  RscType type = rsc_snapshot_get_type (snapshot, columns->type[node]);
  const char *value = rsc_snapshot_get_string (snapshot, columns->value[node]);
  guint64 address = columns->address[node];

  if (columns->flags[node] & (RSC_NODE_TEXT | RSC_NODE_BYTES))
    return cut (rsc_snapshot_dup_value (snapshot, node));

  switch (get_shape (&type, columns->flags[node]))
    {
    case SHAPE_NAME:
      return g_strdup (last_part (value));
    case SHAPE_FUNCTION:
      if (g_str_has_prefix (value, "lambda: "))
        return g_strdup (value);
      return cut (dup_named ("function", value, address));
    case SHAPE_METHOD:
      return dup_method (snapshot, columns, node);
    case SHAPE_CELL:
      return cut (dup_cell (snapshot, columns, node));
    case SHAPE_CODE:
      return cut (g_strdup_printf ("<code object %s at 0x%" G_GINT64_MODIFIER "x, file \"", value, address));
    case SHAPE_NAMED:
      {
        g_autofree char *what = g_strconcat (type.name, " object", NULL);

        return cut (dup_named (what, value, address));
      }
    case SHAPE_VALUE:
    default:
      return *value != '\0' ? cut (g_strdup (value)) : cut (dup_default (snapshot, columns, node));
    }
}
