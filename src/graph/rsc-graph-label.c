/* What is written on nodes, and what kind of thing an object is. */
#include "config.h"
#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>

#include "rsc-graph-private.h"

/* Characters of a value that are shown. */
#define MAX_VALUE 40

static const struct { const char *type; RscRole role; } roles[] = {
  { "function", RSC_ROLE_FUNCTION },
  { "builtin_function_or_method", RSC_ROLE_FUNCTION },
  { "method", RSC_ROLE_FUNCTION },
  { "method_descriptor", RSC_ROLE_FUNCTION },
  { "wrapper_descriptor", RSC_ROLE_FUNCTION },
  { "method-wrapper", RSC_ROLE_FUNCTION },
  { "classmethod", RSC_ROLE_FUNCTION },
  { "staticmethod", RSC_ROLE_FUNCTION },
  { "code", RSC_ROLE_FUNCTION },
  { "generator", RSC_ROLE_FUNCTION },
  { "coroutine", RSC_ROLE_FUNCTION },
  { "async_generator", RSC_ROLE_FUNCTION },
  { "partial", RSC_ROLE_FUNCTION },
  { "module", RSC_ROLE_MODULE },
  { "list", RSC_ROLE_CONTAINER },
  { "tuple", RSC_ROLE_CONTAINER },
  { "dict", RSC_ROLE_CONTAINER },
  { "set", RSC_ROLE_CONTAINER },
  { "frozenset", RSC_ROLE_CONTAINER },
  { "deque", RSC_ROLE_CONTAINER },
  { "defaultdict", RSC_ROLE_CONTAINER },
  { "OrderedDict", RSC_ROLE_CONTAINER },
  { "Counter", RSC_ROLE_CONTAINER },
  { "ChainMap", RSC_ROLE_CONTAINER },
  { "mappingproxy", RSC_ROLE_CONTAINER },
  { "array", RSC_ROLE_CONTAINER },
  { "int", RSC_ROLE_VALUE },
  { "float", RSC_ROLE_VALUE },
  { "complex", RSC_ROLE_VALUE },
  { "bool", RSC_ROLE_VALUE },
  { "str", RSC_ROLE_VALUE },
  { "bytes", RSC_ROLE_VALUE },
  { "bytearray", RSC_ROLE_VALUE },
  { "range", RSC_ROLE_VALUE },
  { "slice", RSC_ROLE_VALUE },
  { "NoneType", RSC_ROLE_VALUE },
  { "ellipsis", RSC_ROLE_VALUE },
  { "NotImplementedType", RSC_ROLE_VALUE },
  { "frame", RSC_ROLE_FRAME },
};

RscRole
rsc_node_get_role (RscSnapshot *snapshot, RscNode node)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (snapshot);
  RscType type = rsc_snapshot_get_type (snapshot, columns->type[node]);

  if (columns->flags[node] & RSC_NODE_SYNTHETIC)
    return RSC_ROLE_FRAME;
  if (columns->flags[node] & RSC_NODE_TYPE)
    return RSC_ROLE_CLASS;
  if (columns->flags[node] & RSC_NODE_PROPER_MODULE)
    return RSC_ROLE_MODULE;
  for (gsize i = 0; i < G_N_ELEMENTS (roles); i++)
    if (strcmp (type.name, roles[i].type) == 0)
      return roles[i].role;
  if (columns->flags[node] & (RSC_NODE_TEXT | RSC_NODE_BYTES))
    return RSC_ROLE_VALUE;
  return (type.flags & RSC_TYPE_HEAP) ? RSC_ROLE_INSTANCE : RSC_ROLE_OTHER;
}

gboolean
rsc_graph_is_module (RscSnapshot *snapshot, const RscColumns *columns, RscNode node)
{
  return (columns->flags[node] & RSC_NODE_PROPER_MODULE) != 0
         || strcmp (rsc_snapshot_get_type (snapshot, columns->type[node]).name, "module") == 0;
}

const char *
rsc_graph_short_type_name (const RscType *type)
{
  const char *dot = strrchr (type->name, '.');

  return dot != NULL && dot[1] != '\0' ? dot + 1 : type->name;
}

char *
rsc_graph_dup_node_id (const RscColumns *columns, RscNode node)
{
  if (columns->address[node] != 0)
    return g_strdup_printf ("o%" G_GUINT64_FORMAT, columns->address[node]);
  return g_strdup_printf ("n%u", node);
}

/* "/a/long/way/to/shop.py:12" or "serve (/a/long/way/to/shop.py:12)" without
 * the folders. */
static char *
dup_without_folders (const char *value)
{
  const char *open = strstr (value, " (/");
  const char *path = open != NULL ? open + 2 : *value == '/' ? value : NULL;
  const char *slash = path != NULL ? strrchr (path, '/') : NULL;

  if (slash == NULL)
    return g_strdup (value);
  return g_strdup_printf ("%.*s%s", (int) (path - value), value, slash + 1);
}

char *
rsc_node_dup_value (RscSnapshot *snapshot, RscNode node)
{
  const RscColumns *columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_NODES | RSC_BLOCK_STRINGS, NULL);
  g_autofree char *value = rsc_snapshot_dup_value (snapshot, node);
  guint64 count;
  char *end;

  if (columns == NULL || (columns->flags[node] & (RSC_NODE_TEXT | RSC_NODE_BYTES)) != 0 || !g_ascii_isdigit (*value))
    return g_steal_pointer (&value);
  count = g_ascii_strtoull (value, &end, 10);
  if (strcmp (end, " items") != 0)
    return g_steal_pointer (&value);

  /* Translators: how many elements a list or a dictionary has */
  return g_strdup_printf (ngettext ("%" PRIu64 " item", "%" PRIu64 " items", (gulong) MIN (count, (guint64) G_MAXLONG)), count);
}

/* Refscope's own second line: the value, if there is one. */
static char *
dup_value_line (RscSnapshot *snapshot, const RscColumns *columns, RscNode node)
{
  g_autofree char *whole = rsc_node_dup_value (snapshot, node);
  gboolean is_text = (columns->flags[node] & (RSC_NODE_TEXT | RSC_NODE_BYTES)) != 0;
  RscRole role = rsc_node_get_role (snapshot, node);
  g_autofree char *value = role == RSC_ROLE_FRAME || role == RSC_ROLE_FUNCTION
                             ? dup_without_folders (whole) : g_steal_pointer (&whole);
  glong length = g_utf8_strlen (value, -1);

  if (length == 0)
    return NULL;
  if (length > MAX_VALUE)
    {
      g_autofree char *head = g_utf8_substring (value, 0, MAX_VALUE - 1 - is_text);

      return g_strconcat (head, "…", is_text ? "'" : "", NULL);
    }
  return g_steal_pointer (&value);
}

static void
append_refcount (GString *label, const RscColumns *columns, RscNode node)
{
  if (columns->refcount[node] != RSC_REFCOUNT_UNKNOWN)
    g_string_append_printf (label, " [%u]", columns->refcount[node]);
  else if (columns->flags[node] & RSC_NODE_IMMORTAL)
    /* Translators: in place of a reference count, for an object that is never freed. */
    g_string_append_printf (label, " [%s]", _("immortal"));
}

char *
rsc_graph_dup_node_label (RscGraphBuild *self, RscNode node, int depth, GError **error)
{
  RscType type = rsc_snapshot_get_type (self->snapshot, self->columns->type[node]);
  const RscViewParams *params = self->params;
  const char *name = params->objgraph ? rsc_graph_short_type_name (&type) : type.name;
  GString *label = g_string_new (NULL);
  g_autofree char *value = NULL;

  if (params->shortnames)
    g_string_append (label, rsc_graph_short_type_name (&type));
  else if (*type.module != '\0')
    g_string_append_printf (label, "%s.%s", type.module, name);
  else
    g_string_append (label, name);
  if (params->refcounts)
    append_refcount (label, self->columns, node);

  value = params->objgraph ? rsc_node_dup_repr (self->snapshot, node)
                           : dup_value_line (self->snapshot, self->columns, node);
  if (value != NULL)
    g_string_append_printf (label, "\n%s", value);

  if (self->extra_info != NULL)
    {
      g_autofree char *extra = rsc_filter_evaluate (self->extra_info, node, depth, error);

      if (extra == NULL)
        {
          g_string_free (label, TRUE);
          return NULL;
        }
      if (params->objgraph || *extra != '\0')
        g_string_append_printf (label, "\n%s", extra);
    }
  return g_string_free (label, FALSE);
}

char *
rsc_graph_dup_fold_label (const RscViewParams *params, gboolean forwards, RscFoldReason reason, guint64 count)
{
  gulong n = MIN (count, G_MAXULONG);

  /* objgraph's own words, never translated. */
  if (params->objgraph && (reason == RSC_FOLD_TOO_MANY || reason == RSC_FOLD_MAX_NODES))
    return g_strdup_printf (forwards ? "%lu more references" : "%lu more backreferences", n);

  switch (reason)
    {
    case RSC_FOLD_FILTER:
      return g_strdup_printf (ngettext ("%lu filtered out", "%lu filtered out", n), n);
    case RSC_FOLD_DEPTH:
      return forwards
               ? g_strdup_printf (ngettext ("%lu object further", "%lu objects further", n), n)
               : g_strdup_printf (ngettext ("%lu referrer further", "%lu referrers further", n), n);
    case RSC_FOLD_TOO_MANY:
    case RSC_FOLD_MAX_NODES:
    case RSC_FOLD_NONE:
    default:
      return forwards
               ? g_strdup_printf (ngettext ("%lu more object", "%lu more objects", n), n)
               : g_strdup_printf (ngettext ("%lu more referrer", "%lu more referrers", n), n);
    }
}
