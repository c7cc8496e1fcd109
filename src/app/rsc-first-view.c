#include "config.h"

#include "rsc-first-view.h"

#include <string.h>

#include "query/rsc-object-ref.h"

#include "rsc-own-modules.h"

/* How much an object says about the program, from its type: containers and
 * instances before functions and classes before plain values. */
typedef enum
{
  RANK_OBJECT,
  RANK_MACHINERY, /* locks, threads, streams, and what else libraries make */
  RANK_CODE,
  RANK_VALUE,
  RANK_NOTHING
} Rank;

static const struct
{
  const char *type;
  Rank rank;
} type_ranks[] = {
  { "Thread", RANK_MACHINERY },
  { "Condition", RANK_MACHINERY },
  { "Event", RANK_MACHINERY },
  { "lock", RANK_MACHINERY },
  { "RLock", RANK_MACHINERY },
  { "TextIOWrapper", RANK_MACHINERY },
  { "module", RANK_NOTHING },
  { "NoneType", RANK_NOTHING },
  { "frame", RANK_NOTHING },
  { "function", RANK_CODE },
  { "builtin_function_or_method", RANK_NOTHING },
  { "type", RANK_CODE },
  { "ABCMeta", RANK_CODE },
  { "bool", RANK_VALUE },
  { "int", RANK_VALUE },
  { "float", RANK_VALUE },
  { "str", RANK_VALUE },
  { "bytes", RANK_VALUE }
};

typedef struct
{
  RscSnapshot *snapshot;
  const RscColumns *columns;
  GHashTable *own_modules; /* their names */
  GArray *by_rank[RANK_NOTHING];
} Candidates;

static void
consider (RscNode node, gpointer user_data)
{
  Candidates *candidates = user_data;
  RscType type = rsc_snapshot_get_type (candidates->snapshot, candidates->columns->type[node]);
  Rank rank = RANK_OBJECT;
  GArray *array;

  for (gsize i = 0; i < G_N_ELEMENTS (type_ranks); i++)
    if (strcmp (type.name, type_ranks[i].type) == 0)
      rank = type_ranks[i].rank;
  /* What a library made says less than what the program did: of "from flask import g" the proxy. */
  if (rank == RANK_OBJECT && strcmp (type.module, "builtins") != 0 && *type.module != '\0' &&
      !g_hash_table_contains (candidates->own_modules, type.module))
    rank = RANK_MACHINERY;
  if (rank == RANK_NOTHING)
    return;

  array = candidates->by_rank[rank];
  if (array->len >= RSC_FIRST_VIEW_MAX_OBJECTS)
    return;
  for (guint i = 0; i < array->len; i++)
    if (g_array_index (array, RscNode, i) == node)
      return;
  g_array_append_val (array, node);
}

/* The index of the main thread.  If its name is not known it is the one that
 * began first, which the interpreter lists last. */
static guint32
find_main_thread (RscSnapshot *snapshot, const RscColumns *columns)
{
  for (guint32 i = 0; i < columns->n_threads; i++)
    if (strcmp (rsc_snapshot_get_thread (snapshot, i).name, "MainThread") == 0)
      return i;

  return columns->n_threads - 1;
}

/* Those of the best rank that there are, or NULL. */
static GArray *
find_best (const Candidates *candidates)
{
  for (guint i = 0; i < RANK_NOTHING; i++)
    if (candidates->by_rank[i]->len > 0)
      return g_array_ref (candidates->by_rank[i]);

  return NULL;
}

static GArray *
find_start (RscSnapshot *snapshot, const RscColumns *columns)
{
  g_autoptr (GHashTable) own_names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GArray) own_modules = rsc_own_find_modules (snapshot, columns, own_names);
  Candidates candidates = { snapshot, columns, own_names, { NULL, } };
  GArray *found = NULL;
  RscNode main_module = RSC_NODE_NONE;
  RscNode root = RSC_NODE_NONE;
  guint64 start = rsc_snapshot_get_info_number (snapshot, "start");

  for (guint i = 0; i < RANK_NOTHING; i++)
    candidates.by_rank[i] = g_array_new (FALSE, FALSE, sizeof (RscNode));

  for (guint32 i = 0; i < columns->n_roots; i++)
    {
      RscRoot entry = rsc_snapshot_get_root (snapshot, i);

      if (entry.kind == RSC_ROOT_MODULE && strcmp (entry.name, RSC_MAIN_MODULE) == 0)
        main_module = entry.node;
      else if (root == RSC_NODE_NONE || entry.kind == RSC_ROOT_DECLARED)
        root = entry.node;
    }

  if (main_module != RSC_NODE_NONE)
    {
      guint32 main_thread = find_main_thread (snapshot, columns);
      gboolean main_is_own = rsc_own_main_is_own (snapshot, columns, main_module);

      for (guint32 i = 0; i < columns->n_frames; i++)
        {
          RscFrame frame = rsc_snapshot_get_frame (snapshot, i);

          if (frame.thread == main_thread && !rsc_own_is_library (frame.file))
            rsc_own_foreach_local (snapshot, columns, frame.node, consider, &candidates);
        }
      /* Of "python3 -m flask run" the main module is flask's. */
      if (main_is_own)
        rsc_own_foreach_global (snapshot, columns, main_module, consider, &candidates);
      for (guint i = 0; i < own_modules->len; i++)
        rsc_own_foreach_global (snapshot, columns, g_array_index (own_modules, RscNode, i), consider, &candidates);
      found = find_best (&candidates);
      /* Nor is a program that was installed its author's alone, but there is nothing else. */
      if (found == NULL && !main_is_own)
        {
          rsc_own_foreach_global (snapshot, columns, main_module, consider, &candidates);
          found = find_best (&candidates);
        }
    }
  if (found == NULL)
    {
      RscNode node = main_module != RSC_NODE_NONE ? main_module : root;

      if (node == RSC_NODE_NONE)
        node = start < columns->n_nodes ? (RscNode) start : 0;
      found = g_array_new (FALSE, FALSE, sizeof (RscNode));
      if (columns->n_nodes > 0)
        g_array_append_val (found, node);
    }

  for (guint i = 0; i < RANK_NOTHING; i++)
    g_array_unref (candidates.by_rank[i]);

  return found;
}

RscView *
rsc_first_view_new (RscSnapshot         *snapshot,
                    const RscViewParams *base,
                    const char          *object_ref,
                    gboolean            *object_found,
                    GError             **error)
{
  const RscColumns *columns;
  g_autoptr (GArray) start = NULL;
  RscViewParams params = *base;

  columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_NODES | RSC_BLOCK_EDGES | RSC_BLOCK_STRINGS | RSC_BLOCK_ROOTS, error);
  if (columns == NULL)
    return NULL;

  if (object_ref != NULL)
    start = rsc_object_ref_resolve (snapshot, object_ref, NULL, NULL);
  *object_found = start != NULL;
  if (start == NULL)
    start = find_start (snapshot, columns);

  params.objects = (const RscNode *) (gconstpointer) start->data;
  params.n_objects = MIN (start->len, RSC_FIRST_VIEW_MAX_OBJECTS);

  return rsc_view_new (&params);
}

static GArray *
move_nodes (RscSnapshot *from, const RscNode *nodes, gsize n_nodes, RscSnapshot *to)
{
  GArray *moved = g_array_sized_new (FALSE, FALSE, sizeof (RscNode), (guint) n_nodes);

  for (gsize i = 0; i < n_nodes; i++)
    {
      gboolean presumed;
      RscNode node = rsc_view_carry_over (from, nodes[i], to, &presumed);

      if (node != RSC_NODE_NONE)
        g_array_append_val (moved, node);
    }

  return moved;
}

RscView *
rsc_view_move (RscView *view, RscSnapshot *from, RscSnapshot *to)
{
  RscViewParams params = *rsc_view_get_params (view);
  g_autoptr (GArray) objects = NULL;
  g_autoptr (GArray) ignore = NULL;
  g_autoptr (GArray) expansions = NULL;

  if (from == to)
    return rsc_view_ref (view);

  objects = move_nodes (from, params.objects, params.n_objects, to);
  if (objects->len == 0)
    return NULL;
  ignore = move_nodes (from, params.extra_ignore, params.n_extra_ignore, to);
  expansions = g_array_new (FALSE, FALSE, sizeof (RscExpansion));
  for (gsize i = 0; i < params.n_expansions; i++)
    {
      RscExpansion expansion = params.expansions[i];
      gboolean presumed;

      expansion.node = rsc_view_carry_over (from, expansion.node, to, &presumed);
      if (expansion.node != RSC_NODE_NONE)
        g_array_append_val (expansions, expansion);
    }

  params.objects = (const RscNode *) (gconstpointer) objects->data;
  params.n_objects = objects->len;
  params.extra_ignore = (const RscNode *) (gconstpointer) ignore->data;
  params.n_extra_ignore = ignore->len;
  params.expansions = (const RscExpansion *) (gconstpointer) expansions->data;
  params.n_expansions = expansions->len;

  return rsc_view_new (&params);
}
