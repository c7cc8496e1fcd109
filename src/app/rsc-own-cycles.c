#include "config.h"

#include "rsc-own-cycles.h"

#include <string.h>

#include "rsc-own-modules.h"

typedef struct
{
  RscSnapshot *snapshot;
  const RscColumns *columns;
  RscComponents *components;
  RscBitset *own;
} Search;

static void
mark (Search *search, RscNode node)
{
  gint64 component = rsc_components_find (search->components, node);

  if (component >= 0)
    rsc_bitset_set (search->own, (gsize) component);
}

/* Every module names classes, functions and modules, which are all in one cycle with it. */
static gboolean
is_code (Search *search, RscNode node)
{
  static const char *const types[] = { "module", "function", "builtin_function_or_method", "frame" };
  RscType type = rsc_snapshot_get_type (search->snapshot, search->columns->type[node]);

  if (search->columns->flags[node] & RSC_NODE_TYPE)
    return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    if (strcmp (type.name, types[i]) == 0)
      return TRUE;
  return FALSE;
}

static void
mark_named (RscNode node, gpointer user_data)
{
  Search *search = user_data;

  if (!is_code (search, node))
    mark (search, node);
}

static void
mark_instances (Search *search, GHashTable *names)
{
  const RscColumns *columns = search->columns;
  g_autoptr (RscBitset) own_types = rsc_bitset_new (columns->n_types);

  for (guint32 t = 0; t < columns->n_types; t++)
    if (g_hash_table_contains (names, rsc_snapshot_get_type (search->snapshot, t).module))
      rsc_bitset_set (own_types, t);
  for (RscNode node = 0; node < columns->n_nodes; node++)
    if (rsc_bitset_get (own_types, columns->type[node]))
      mark (search, node);
}

RscBitset *
rsc_own_cycles_find (RscSnapshot *snapshot, RscComponents *components)
{
  const RscColumns *columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_NODES | RSC_BLOCK_EDGES | RSC_BLOCK_STRINGS | RSC_BLOCK_ROOTS, NULL);
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GArray) modules = NULL;
  RscNode main_module = RSC_NODE_NONE;
  Search search = { snapshot, columns, components, NULL };

  if (columns == NULL)
    return NULL;

  for (guint32 i = 0; i < columns->n_roots; i++)
    {
      RscRoot root = rsc_snapshot_get_root (snapshot, i);

      if (root.kind == RSC_ROOT_MODULE && strcmp (root.name, RSC_MAIN_MODULE) == 0)
        main_module = root.node;
    }
  if (main_module == RSC_NODE_NONE)
    return NULL;

  search.own = rsc_bitset_new (rsc_components_get_n (components));
  modules = rsc_own_find_modules (snapshot, columns, names);
  /* Of "python3 -m flask run" the main module is flask's. */
  if (rsc_own_main_is_own (snapshot, columns, main_module))
    g_array_append_val (modules, main_module);
  else
    g_hash_table_remove (names, RSC_MAIN_MODULE);
  for (guint i = 0; i < modules->len; i++)
    rsc_own_foreach_global (snapshot, columns, g_array_index (modules, RscNode, i), mark_named, &search);
  for (guint32 i = 0; i < columns->n_frames; i++)
    {
      RscFrame frame = rsc_snapshot_get_frame (snapshot, i);

      if (!rsc_own_is_library (frame.file))
        rsc_own_foreach_local (snapshot, columns, frame.node, mark_named, &search);
    }
  mark_instances (&search, names);

  return search.own;
}
