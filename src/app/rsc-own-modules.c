#include "config.h"

#include "rsc-own-modules.h"

#include <string.h>

/* The module's dictionary, or the module itself where it has none. */
static RscNode
find_dict (const RscColumns *columns, RscNode module)
{
  for (guint64 e = columns->first_edge[module]; e < columns->first_edge[module + 1]; e++)
    if ((columns->kind[e] & RSC_EDGE_KIND_MASK) == RSC_EDGE_DICT)
      return columns->target[e];

  return module;
}

/* The key of an entry of a dictionary, as text; NULL for another edge. */
static const char *
get_key (RscSnapshot *snapshot, const RscColumns *columns, guint64 edge)
{
  if ((columns->kind[edge] & RSC_EDGE_KIND_MASK) != RSC_EDGE_VALUE || columns->label[edge] >= columns->n_nodes)
    return NULL;

  return rsc_snapshot_get_string (snapshot, columns->value[columns->label[edge]]);
}

/* Does a folder of the interpreter's own begin in this path?  "lib/python3/...", "lib64/python3.12/..." */
static gboolean
is_below_python (const char *file)
{
  static const char *const folders[] = { "/lib/python", "/lib64/python" };

  for (gsize i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      const char *found = strstr (file, folders[i]);

      if (found != NULL && g_ascii_isdigit (found[strlen (folders[i])]))
        return TRUE;
    }

  return FALSE;
}

gboolean
rsc_own_is_library (const char *file)
{
  return file[0] == '\0' || file[0] == '<' || is_below_python (file) || strstr (file, "/site-packages/") != NULL ||
         strstr (file, "/dist-packages/") != NULL || g_str_has_suffix (file, "/refscope/__init__.py");
}

const char *
rsc_own_get_module_file (RscSnapshot *snapshot, const RscColumns *columns, RscNode module)
{
  RscNode dict = find_dict (columns, module);

  for (guint64 e = columns->first_edge[dict]; e < columns->first_edge[dict + 1]; e++)
    if (g_strcmp0 (get_key (snapshot, columns, e), "__file__") == 0)
      return rsc_snapshot_get_string (snapshot, columns->value[columns->target[e]]);

  return "";
}

gboolean
rsc_own_main_is_own (RscSnapshot *snapshot, const RscColumns *columns, RscNode module)
{
  const char *file = rsc_own_get_module_file (snapshot, columns, module);

  return *file == '\0' || !rsc_own_is_library (file);
}

GArray *
rsc_own_find_modules (RscSnapshot *snapshot, const RscColumns *columns, GHashTable *names)
{
  GArray *modules = g_array_new (FALSE, FALSE, sizeof (RscNode));

  for (guint32 i = 0; i < columns->n_roots; i++)
    {
      RscRoot root = rsc_snapshot_get_root (snapshot, i);

      if (root.kind != RSC_ROOT_MODULE || strcmp (root.name, RSC_MAIN_MODULE) == 0 ||
          rsc_own_is_library (rsc_own_get_module_file (snapshot, columns, root.node)) || !g_hash_table_add (names, g_strdup (root.name)))
        continue;
      g_array_append_val (modules, root.node);
    }
  g_hash_table_add (names, g_strdup (RSC_MAIN_MODULE));

  return modules;
}

/* Names that begin so are the interpreter's. */
static gboolean
is_given (const char *name)
{
  return name != NULL && !g_str_has_prefix (name, "__");
}

void
rsc_own_foreach_global (RscSnapshot *snapshot, const RscColumns *columns, RscNode module, RscOwnNamedFunc func, gpointer user_data)
{
  RscNode dict = find_dict (columns, module);

  for (guint64 e = columns->first_edge[dict]; e < columns->first_edge[dict + 1]; e++)
    if (is_given (get_key (snapshot, columns, e)))
      func (columns->target[e], user_data);
}

void
rsc_own_foreach_local (RscSnapshot *snapshot, const RscColumns *columns, RscNode frame, RscOwnNamedFunc func, gpointer user_data)
{
  for (guint64 e = columns->first_edge[frame]; e < columns->first_edge[frame + 1]; e++)
    if ((columns->kind[e] & RSC_EDGE_KIND_MASK) == RSC_EDGE_LOCAL && is_given (rsc_snapshot_get_string (snapshot, columns->label[e])))
      func (columns->target[e], user_data);
}
