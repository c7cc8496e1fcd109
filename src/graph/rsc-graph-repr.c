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

/* A type as C code calls it: static ones of a module with the module's name. */
static char *
dup_c_name (const RscType *type)
{
  if ((type->flags & RSC_TYPE_HEAP) || *type->module == '\0' || strcmp (type->module, "builtins") == 0)
    return g_strdup (rsc_graph_short_type_name (type));
  return g_strconcat (type->module, ".", type->name, NULL);
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

/* Of a value "name (file:line)": the file's beginning, or NULL; *line is set to
 * the line's. */
static const char *
find_file (const char *value, const char **line)
{
  const char *colon = strrchr (value, ':');
  const char *open = strstr (value, " (");

  if (open == NULL || colon == NULL || colon < open || !g_str_has_suffix (value, ")"))
    return NULL;
  *line = colon + 1;
  return open + 2;
}

/* "lambda: file.py:12" */
static char *
dup_lambda (const char *value)
{
  const char *line;
  const char *file = find_file (value, &line);
  g_autofree char *path = NULL;
  const char *slash;

  if (file == NULL)
    return g_strdup (value);
  path = g_strndup (file, line - 1 - file);
  slash = strrchr (path, '/');
  return g_strdup_printf ("lambda: %s:%.*s", slash != NULL ? slash + 1 : path, (int) strlen (line) - 1, line);
}

/* "<code object f at 0x7f..., file \"f.py\", line 3>" */
static char *
dup_code (const char *value, guint64 address)
{
  const char *line;
  const char *file = find_file (value, &line);

  if (file == NULL)
    return dup_named ("code object", value, address);
  return g_strdup_printf ("<code object %.*s at 0x%" G_GINT64_MODIFIER "x, file \"%.*s\", line %.*s>",
                          (int) (file - 2 - value), value, address, (int) (line - 1 - file), file,
                          (int) strlen (line) - 1, line);
}

/* "<weakref at 0x7f...; to 'A' at 0x7f...>" */
static char *
dup_weakref (RscSnapshot *snapshot, const RscColumns *columns, RscNode node)
{
  for (guint64 edge = columns->first_edge[node]; edge < columns->first_edge[node + 1]; edge++)
    if ((columns->kind[edge] & RSC_EDGE_KIND_MASK) == RSC_EDGE_WEAK_REFERENT)
      {
        RscNode target = columns->target[edge];
        RscType type = rsc_snapshot_get_type (snapshot, columns->type[target]);
        g_autofree char *name = dup_c_name (&type);

        return g_strdup_printf ("<weakref at 0x%" G_GINT64_MODIFIER "x; to '%s' at 0x%" G_GINT64_MODIFIER "x>",
                                columns->address[node], name, columns->address[target]);
      }
  return g_strdup_printf ("<weakref at 0x%" G_GINT64_MODIFIER "x; dead>", columns->address[node]);
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
  g_autofree char *name = NULL;
  RscType type;

  if (edge == columns->first_edge[node + 1])
    return g_strdup_printf ("<cell at 0x%" G_GINT64_MODIFIER "x: empty>", columns->address[node]);
  type = rsc_snapshot_get_type (snapshot, columns->type[columns->target[edge]]);
  name = dup_c_name (&type);
  return g_strdup_printf ("<cell at 0x%" G_GINT64_MODIFIER "x: %s object at 0x%" G_GINT64_MODIFIER "x>",
                          columns->address[node],
                          name,
                          columns->address[columns->target[edge]]);
}

/* The type that the type object @node is; FALSE if it has no instances here. */
static gboolean
find_type (RscSnapshot *snapshot, const RscColumns *columns, RscNode node, RscType *type)
{
  for (guint32 i = 0; i < columns->n_types; i++)
    {
      *type = rsc_snapshot_get_type (snapshot, i);
      if (type->node == node)
        return TRUE;
    }
  return FALSE;
}

/* "<method 'append' of 'list' objects>" */
static char *
dup_descriptor (RscSnapshot *snapshot, const RscColumns *columns, RscNode node, const char *what)
{
  RscNode owner = find_named (snapshot, columns, node, "__objclass__");
  g_autofree char *name = NULL;
  RscType type;

  if (owner != RSC_NODE_NONE)
    name = find_type (snapshot, columns, owner, &type)
             ? dup_c_name (&type) : g_strdup (rsc_snapshot_get_string (snapshot, columns->value[owner]));
  /* From 3.15 on nothing is said of what all objects have. */
  if (g_strcmp0 (name, "object") == 0 && rsc_snapshot_get_python_minor (snapshot) >= 15)
    return g_strdup_printf ("<%s '%s'>", what, rsc_snapshot_get_string (snapshot, columns->value[node]));
  return g_strdup_printf ("<%s '%s' of '%s' objects>", what,
                          rsc_snapshot_get_string (snapshot, columns->value[node]), name != NULL ? name : "?");
}

/* Containers that objgraph lets repr() write out, down to a few levels: only
 * the beginning is shown. */
#define MAX_LEVELS 12

static char *dup_repr (RscSnapshot *snapshot, const RscColumns *columns, RscNode node, guint level);
static void append_repr (GString *out, RscSnapshot *snapshot, const RscColumns *columns, RscNode node, guint level);

/* The members' edges, in index order. */
static void
append_items (GString *out, RscSnapshot *snapshot, const RscColumns *columns, RscNode node, guint level)
{
  guint64 first = columns->first_edge[node];
  guint64 end = columns->first_edge[node + 1];
  gboolean backwards = end - first >= 2 && (columns->kind[first] & RSC_EDGE_KIND_MASK) == RSC_EDGE_INDEX
                       && (columns->kind[end - 1] & RSC_EDGE_KIND_MASK) == RSC_EDGE_INDEX
                       && columns->label[first] > columns->label[end - 1];
  gboolean any = FALSE;

  for (guint64 i = 0; i < end - first && out->len <= 4 * MAX_REPR; i++)
    {
      guint64 edge = backwards ? end - 1 - i : first + i;
      guint kind = columns->kind[edge] & RSC_EDGE_KIND_MASK;

      if (kind != RSC_EDGE_INDEX && kind != RSC_EDGE_ELEMENT && kind != RSC_EDGE_VALUE)
        continue;
      if (any)
        g_string_append (out, ", ");
      any = TRUE;
      if (kind == RSC_EDGE_VALUE)
        {
          append_repr (out, snapshot, columns, columns->label[edge], level + 1);
          g_string_append (out, ": ");
        }
      append_repr (out, snapshot, columns, columns->target[edge], level + 1);
    }
}

static const struct { const char *type, *open, *close, *empty; } brackets[] = {
  { "list", "[", "]", "[]" },
  { "tuple", "(", ")", "()" },
  { "dict", "{", "}", "{}" },
  { "set", "{", "}", "set()" },
  { "frozenset", "frozenset({", "})", "frozenset()" },
  { "deque", "deque([", "])", "deque([])" },
};

static gboolean
append_container (GString *out, RscSnapshot *snapshot, const RscColumns *columns, RscNode node, guint level)
{
  RscType type = rsc_snapshot_get_type (snapshot, columns->type[node]);
  const char *value = rsc_snapshot_get_string (snapshot, columns->value[node]);

  for (gsize i = 0; i < G_N_ELEMENTS (brackets); i++)
    if (strcmp (type.name, brackets[i].type) == 0)
      {
        if (g_str_has_prefix (value, "0 "))
          {
            g_string_append (out, brackets[i].empty);
            return TRUE;
          }
        g_string_append (out, brackets[i].open);
        append_items (out, snapshot, columns, node, level);
        if (*brackets[i].open == '(' && g_str_has_prefix (value, "1 "))
          g_string_append_c (out, ',');
        g_string_append (out, brackets[i].close);
        return TRUE;
      }
  return FALSE;
}

/* Inside another object's text what objgraph names short stands in full. */
static char *
dup_inner (RscSnapshot *snapshot, const RscColumns *columns, RscNode node)
{
  RscType type = rsc_snapshot_get_type (snapshot, columns->type[node]);
  const char *value = rsc_snapshot_get_string (snapshot, columns->value[node]);
  guint64 address = columns->address[node];

  if (columns->flags[node] & RSC_NODE_TYPE)
    {
      RscType own;

      if (find_type (snapshot, columns, node, &own) && *own.module != '\0' && strcmp (own.module, "builtins") != 0)
        return g_strdup_printf ("<class '%s.%s'>", own.module, own.name);
      return g_strdup_printf ("<class '%s'>", value);
    }
  if (strcmp (type.name, "function") == 0)
    {
      RscNode name = find_named (snapshot, columns, node, "__qualname__");

      return dup_named ("function", name != RSC_NODE_NONE
                                      ? rsc_snapshot_get_string (snapshot, columns->value[name]) : value, address);
    }
  if (strcmp (type.name, "module") == 0)
    return g_strdup_printf ("<module '%s'>", value);
  if (strcmp (type.name, "frame") == 0)
    return g_strdup_printf ("<frame at 0x%" G_GINT64_MODIFIER "x, file '%s'>", address, value);
  if (strcmp (type.name, "builtin_function_or_method") == 0)
    {
      RscNode self = find_named (snapshot, columns, node, "__self__");
      RscType self_type;

      if (self == RSC_NODE_NONE || rsc_graph_is_module (snapshot, columns, self))
        return g_strdup_printf ("<built-in function %s>", value);
      self_type = rsc_snapshot_get_type (snapshot, columns->type[self]);
      return g_strdup_printf ("<built-in method %s of %s object at 0x%" G_GINT64_MODIFIER "x>", value,
                              rsc_graph_short_type_name (&self_type), columns->address[self]);
    }
  return NULL;
}

static void
append_repr (GString *out, RscSnapshot *snapshot, const RscColumns *columns, RscNode node, guint level)
{
  g_autofree char *text = NULL;

  if (level >= MAX_LEVELS)
    {
      g_string_append (out, "...");
      return;
    }
  if (append_container (out, snapshot, columns, node, level))
    return;
  text = dup_inner (snapshot, columns, node);
  if (text == NULL)
    text = dup_repr (snapshot, columns, node, level);
  g_string_append (out, text);
}

/* "ValueError('x')": an exception is known by its args. */
static char *
dup_exception (RscSnapshot *snapshot, const RscColumns *columns, RscNode node, RscNode args, guint level)
{
  RscType type = rsc_snapshot_get_type (snapshot, columns->type[node]);
  GString *out = g_string_new (rsc_graph_short_type_name (&type));

  g_string_append_c (out, '(');
  append_items (out, snapshot, columns, args, level + 1);
  g_string_append_c (out, ')');
  return g_string_free (out, FALSE);
}

/* "mappingproxy({...})", "<staticmethod(<function f at 0x7f...>)>" */
static char *
dup_wrapper (RscSnapshot *snapshot, const RscColumns *columns, RscNode node, guint level,
             const char *open, const char *wrapped_type, const char *close)
{
  for (guint64 edge = columns->first_edge[node]; edge < columns->first_edge[node + 1]; edge++)
    {
      RscNode target = columns->target[edge];

      if (strcmp (rsc_snapshot_get_type (snapshot, columns->type[target]).name, wrapped_type) == 0)
        {
          GString *out = g_string_new (open);

          append_repr (out, snapshot, columns, target, level + 1);
          g_string_append (out, close);
          return g_string_free (out, FALSE);
        }
    }
  return dup_default (snapshot, columns, node);
}

/* "functools.partial(<function f at 0x7f...>, 1)" */
static char *
dup_partial (RscSnapshot *snapshot, const RscColumns *columns, RscNode node, guint level)
{
  RscNode function = find_named (snapshot, columns, node, "func");
  RscNode args = find_named (snapshot, columns, node, "args");
  GString *out = g_string_new ("functools.partial(");

  if (function != RSC_NODE_NONE)
    append_repr (out, snapshot, columns, function, level + 1);
  if (args != RSC_NODE_NONE && columns->first_edge[args] < columns->first_edge[args + 1])
    {
      g_string_append (out, ", ");
      append_items (out, snapshot, columns, args, level + 1);
    }
  g_string_append_c (out, ')');
  return g_string_free (out, FALSE);
}

/* "<method-wrapper '__str__' of dict object at 0x7f...>": the name is that of the
 * descriptor, the address that of the object. */
static char *
dup_method_wrapper (RscSnapshot *snapshot, const RscColumns *columns, RscNode node)
{
  RscNode descriptor = find_named (snapshot, columns, node, "descriptor");
  RscNode self = find_named (snapshot, columns, node, "__self__");

  if (descriptor == RSC_NODE_NONE || self == RSC_NODE_NONE)
    return dup_default (snapshot, columns, node);
  return g_strdup_printf ("<method-wrapper '%s' of %s object at 0x%" G_GINT64_MODIFIER "x>",
                          rsc_snapshot_get_string (snapshot, columns->value[descriptor]),
                          rsc_snapshot_get_type (snapshot, columns->type[self]).name, columns->address[self]);
}

/* "slice(1, 2, None)": a slice refers to its three parts. */
static char *
dup_slice (RscSnapshot *snapshot, const RscColumns *columns, RscNode node, guint level)
{
  GString *out = g_string_new ("slice(");

  for (guint64 edge = columns->first_edge[node]; edge < columns->first_edge[node + 1] && out->len <= 4 * MAX_REPR; edge++)
    {
      if (edge > columns->first_edge[node])
        g_string_append (out, ", ");
      append_repr (out, snapshot, columns, columns->target[edge], level + 1);
    }
  g_string_append_c (out, ')');
  return g_string_free (out, FALSE);
}

typedef enum
{
  SHAPE_VALUE,    /* the value */
  SHAPE_WHOLE,    /* the value, however long */
  SHAPE_NAME,     /* the value's last part: __name__ */
  SHAPE_FUNCTION,
  SHAPE_METHOD,
  SHAPE_CELL,
  SHAPE_CODE,
  SHAPE_WEAKREF,
  SHAPE_NAMED,     /* <type name at address> */
  SHAPE_ITEMS,     /* a container that repr() writes out */
  SHAPE_ATTRIBUTE,
  SHAPE_MEMBER,
  SHAPE_METHOD_OF,
  SHAPE_SLOT,
  SHAPE_STATIC,
  SHAPE_CLASS_METHOD,
  SHAPE_PROXY,
  SHAPE_SLICE,
  SHAPE_METHOD_WRAPPER,
  SHAPE_PARTIAL
} Shape;

static const struct { const char *type; Shape shape; } shapes[] = {
  { "builtin_function_or_method", SHAPE_NAME },
  { "module", SHAPE_WHOLE },
  { "frame", SHAPE_WHOLE },
  { "function", SHAPE_FUNCTION },
  { "method", SHAPE_METHOD },
  { "cell", SHAPE_CELL },
  { "code", SHAPE_CODE },
  { "weakref", SHAPE_WEAKREF },
  { "ReferenceType", SHAPE_WEAKREF },
  { "generator", SHAPE_NAMED },
  { "coroutine", SHAPE_NAMED },
  { "async_generator", SHAPE_NAMED },
  { "frozenset", SHAPE_ITEMS },
  { "deque", SHAPE_ITEMS },
  { "getset_descriptor", SHAPE_ATTRIBUTE },
  { "member_descriptor", SHAPE_MEMBER },
  { "method_descriptor", SHAPE_METHOD_OF },
  { "classmethod_descriptor", SHAPE_METHOD_OF },
  { "wrapper_descriptor", SHAPE_SLOT },
  { "staticmethod", SHAPE_STATIC },
  { "classmethod", SHAPE_CLASS_METHOD },
  { "mappingproxy", SHAPE_PROXY },
  { "slice", SHAPE_SLICE },
  { "method-wrapper", SHAPE_METHOD_WRAPPER },
  { "partial", SHAPE_PARTIAL },
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

static char *
dup_repr (RscSnapshot *snapshot, const RscColumns *columns, RscNode node, guint level)
{
  RscType type = rsc_snapshot_get_type (snapshot, columns->type[node]);
  const char *value = rsc_snapshot_get_string (snapshot, columns->value[node]);
  guint64 address = columns->address[node];

  if (columns->flags[node] & (RSC_NODE_TEXT | RSC_NODE_BYTES))
    {
      char *text = rsc_snapshot_dup_value (snapshot, node);

      if (strcmp (type.name, "bytearray") == 0)
        {
          char *inner = text;

          text = g_strdup_printf ("bytearray(%s)", inner);
          g_free (inner);
        }
      return cut (text);
    }

  switch (get_shape (&type, columns->flags[node]))
    {
    case SHAPE_WHOLE:
      return g_strdup (value);
    case SHAPE_NAME:
      return g_strdup (last_part (value));
    case SHAPE_FUNCTION:
      if (g_str_has_prefix (value, "<lambda> ("))
        return dup_lambda (value);
      return cut (dup_named ("function", value, address));
    case SHAPE_METHOD:
      return dup_method (snapshot, columns, node);
    case SHAPE_CELL:
      return cut (dup_cell (snapshot, columns, node));
    case SHAPE_CODE:
      return cut (dup_code (value, address));
    case SHAPE_WEAKREF:
      return cut (dup_weakref (snapshot, columns, node));
    case SHAPE_NAMED:
      {
        g_autofree char *what = g_strconcat (type.name, " object", NULL);

        return cut (dup_named (what, value, address));
      }
    case SHAPE_ITEMS:
      {
        GString *out = g_string_new (NULL);

        append_container (out, snapshot, columns, node, level);
        return cut (g_string_free (out, FALSE));
      }
    case SHAPE_ATTRIBUTE:
      return cut (dup_descriptor (snapshot, columns, node, "attribute"));
    case SHAPE_MEMBER:
      return cut (dup_descriptor (snapshot, columns, node, "member"));
    case SHAPE_METHOD_OF:
      return cut (dup_descriptor (snapshot, columns, node, "method"));
    case SHAPE_SLOT:
      return cut (dup_descriptor (snapshot, columns, node, "slot wrapper"));
    case SHAPE_STATIC:
      return cut (dup_wrapper (snapshot, columns, node, level, "<staticmethod(", "function", ")>"));
    case SHAPE_CLASS_METHOD:
      return cut (dup_wrapper (snapshot, columns, node, level, "<classmethod(", "function", ")>"));
    case SHAPE_PROXY:
      return cut (dup_wrapper (snapshot, columns, node, level, "mappingproxy(", "dict", ")"));
    case SHAPE_PARTIAL:
      return cut (dup_partial (snapshot, columns, node, level));
    case SHAPE_METHOD_WRAPPER:
      return cut (dup_method_wrapper (snapshot, columns, node));
    case SHAPE_SLICE:
      return cut (dup_slice (snapshot, columns, node, level));
    case SHAPE_VALUE:
    default:
      {
        RscNode args;

        if (*value != '\0')
          return cut (g_strdup (value));
        args = find_named (snapshot, columns, node, "args");
        return cut (args != RSC_NODE_NONE ? dup_exception (snapshot, columns, node, args, level)
                                          : dup_default (snapshot, columns, node));
      }
    }
}

char *
rsc_node_dup_repr (RscSnapshot *snapshot, RscNode node)
{
  return dup_repr (snapshot, rsc_snapshot_peek_columns (snapshot), node, 0);
}
