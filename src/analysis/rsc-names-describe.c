#include "config.h"

#include <string.h>

#include "rsc-names-private.h"

/* Ceilings that keep a hub from costing more than people wait: edges looked at,
 * nodes remembered, and referrers of one node. */
#define MAX_EDGES_SEEN 8000000u
#define MAX_STEPS_SEEN 50000u
#define MAX_REFERRERS 2000u
/* Paths that are looked up to see whether they lead back. */
#define MAX_CANDIDATES 16u

/* One node on a path that leads to the described one. */
typedef struct
{
  RscNode node;
  guint32 next;  /* the step that follows, towards the described node; G_MAXUINT32 for that itself */
  guint64 edge;  /* from this node to the next */
  guint32 depth; /* visible steps from here to the end */
} Step;

typedef struct
{
  RscSnapshot *snapshot;
  const RscColumns *columns;
  GArray *steps;      /* Step, those with few visible steps first */
  GArray *next_level; /* Step, with one visible step more than those now in steps */
  GHashTable *seen;   /* of nodes */
  guint64 edges_seen;
} Search;

/* Whether people would write the edge down. */
static gboolean
has_name (const Search *search,
          guint64       edge)
{
  const RscColumns *columns = search->columns;
  RscNode key;

  if (columns->kind[edge] & RSC_EDGE_WEAK)
    return FALSE;
  switch ((RscEdgeKind) (columns->kind[edge] & RSC_EDGE_KIND_MASK))
    {
    case RSC_EDGE_INDEX:
    case RSC_EDGE_ATTRIBUTE:
    case RSC_EDGE_SLOT:
    case RSC_EDGE_DICT:
    case RSC_EDGE_LOCAL:
    case RSC_EDGE_CLOSURE:
    case RSC_EDGE_CELL:
      return TRUE;
    case RSC_EDGE_NAMED:
      return _rsc_names_is_identifier (rsc_snapshot_get_string (search->snapshot, columns->label[edge]));
    case RSC_EDGE_VALUE:
      key = columns->label[edge];
      return columns->flags[key] & RSC_NODE_TEXT
                 ? !(columns->flags[key] & RSC_NODE_TRUNCATED)
                 : columns->value[key] != 0 && !(columns->flags[key] & (RSC_NODE_BYTES | RSC_NODE_TRUNCATED));
    default:
      return FALSE;
    }
}

/* The best edge from @source to @target that has a name, or G_MAXUINT64. */
static guint64
find_named_edge (Search *search,
                 RscNode source,
                 RscNode target)
{
  const RscColumns *columns = search->columns;
  guint64 first = columns->first_edge[source];
  guint64 end = columns->first_edge[source + 1];

  if (end <= first)
    return G_MAXUINT64;
  search->edges_seen += end - first;
  for (guint64 e = first; e < end; e++)
    if (columns->target[e] == target && has_name (search, e))
      return e;

  return G_MAXUINT64;
}

/* What a path can start with; of paths that are as long, people like the one
 * with the lowest. */
typedef enum
{
  START_MODULE,
  START_CLASS,
  START_FRAME,
  START_NONE
} StartKind;

/* The start of a path at @node, or NULL. */
static char *
dup_start (const Search *search,
           RscNode       node,
           StartKind    *kind)
{
  const RscColumns *columns = search->columns;

  if (columns->flags[node] & RSC_NODE_ROOT)
    for (guint32 i = 0; i < columns->n_roots; i++)
      {
        RscRoot root = rsc_snapshot_get_root (search->snapshot, i);

        if (root.node != node)
          continue;
        *kind = START_MODULE;
        if (root.kind == RSC_ROOT_MODULE || root.kind == RSC_ROOT_DECLARED)
          return g_strdup (root.name);
        if (root.kind == RSC_ROOT_FRAME)
          {
            const char *function = _rsc_names_get_function (search->snapshot, node);

            *kind = START_FRAME;
            return function != NULL ? g_strconcat (function, "()", NULL) : NULL;
          }
      }

  if (columns->flags[node] & RSC_NODE_TYPE)
    for (guint32 t = 0; t < columns->n_types; t++)
      {
        RscType type = rsc_snapshot_get_type (search->snapshot, t);

        *kind = START_CLASS;
        /* "<locals>" in a qualified name leads nowhere. */
        if (type.node == node && *type.module != '\0' && strchr (type.name, '<') == NULL)
          return g_strconcat (type.module, ".", type.name, NULL);
      }

  return NULL;
}

static void
append_key (Search  *search,
            GString *path,
            guint64  edge,
            gboolean as_attribute)
{
  RscNode key = search->columns->label[edge];
  const char *text = rsc_snapshot_get_string (search->snapshot, search->columns->value[key]);
  gboolean is_text = (search->columns->flags[key] & RSC_NODE_TEXT) != 0;

  /* What is called "__dict__" in a class's dict is not the dict itself. */
  if (as_attribute && is_text && _rsc_names_is_identifier (text) && strcmp (text, "__dict__") != 0)
    {
      g_string_append_printf (path, ".%s", text);
    }
  else
    {
      g_autofree char *value = rsc_snapshot_dup_value (search->snapshot, key);

      if (as_attribute)
        g_string_append (path, ".__dict__");
      g_string_append_printf (path, "[%s]", value);
    }
}

static char *
write_path (Search     *search,
            const char *start,
            guint32     step_index)
{
  const RscColumns *columns = search->columns;
  GString *path = g_string_new (start);
  gboolean in_dict = FALSE;

  for (;;)
    {
      const Step *step = &g_array_index (search->steps, Step, step_index);
      RscEdgeKind kind;

      if (step->next == G_MAXUINT32)
        break;
      kind = (RscEdgeKind) (columns->kind[step->edge] & RSC_EDGE_KIND_MASK);
      /* An object's __dict__ is not mentioned where its content is. */
      if (in_dict && kind != RSC_EDGE_VALUE)
        g_string_append (path, ".__dict__");
      switch (kind)
        {
        case RSC_EDGE_INDEX:
          g_string_append_printf (path, "[%u]", columns->label[step->edge]);
          break;
        case RSC_EDGE_VALUE:
          append_key (search, path, step->edge, in_dict);
          break;
        case RSC_EDGE_DICT:
          break;
        case RSC_EDGE_CLOSURE:
          g_string_append (path, ".__closure__");
          break;
        case RSC_EDGE_CELL:
          g_string_append (path, ".cell_contents");
          break;
        default:
          g_string_append_printf (path, ".%s", rsc_snapshot_get_string (search->snapshot, columns->label[step->edge]));
          break;
        }
      in_dict = kind == RSC_EDGE_DICT;
      step_index = step->next;
    }
  if (in_dict)
    g_string_append (path, ".__dict__");

  return g_string_free (path, FALSE);
}

/* Adds the nodes that refer to the step's by a name. */
static void
add_referrers (Search *search,
               guint32 step_index,
               guint   max_steps)
{
  const RscColumns *columns = search->columns;
  RscNode node = g_array_index (search->steps, Step, step_index).node;
  guint32 depth = g_array_index (search->steps, Step, step_index).depth;
  guint64 end = columns->first_referrer[node + 1];
  RscNode previous = RSC_NODE_NONE;
  guint n_referrers = 0;

  for (guint64 r = columns->first_referrer[node]; r < end && n_referrers < MAX_REFERRERS; r++)
    {
      RscNode source = columns->referrer[r];
      Step step = { source, step_index, 0, depth };

      if (source == previous)
        continue;
      previous = source;
      n_referrers++;
      if (search->steps->len + search->next_level->len >= MAX_STEPS_SEEN || search->edges_seen >= MAX_EDGES_SEEN)
        return;
      if (g_hash_table_contains (search->seen, GUINT_TO_POINTER (source)))
        continue;
      step.edge = find_named_edge (search, source, node);
      if (step.edge == G_MAXUINT64)
        continue;
      /* An object's __dict__ is no step that people see. */
      if ((columns->kind[step.edge] & RSC_EDGE_KIND_MASK) == RSC_EDGE_DICT)
        {
          g_hash_table_add (search->seen, GUINT_TO_POINTER (source));
          g_array_append_val (search->steps, step);
        }
      else if (++step.depth <= max_steps)
        {
          g_array_append_val (search->next_level, step);
        }
    }
}

/* Nodes that a shorter path has met since are left out. */
static void
start_next_level (Search *search)
{
  for (guint i = 0; i < search->next_level->len; i++)
    {
      Step step = g_array_index (search->next_level, Step, i);

      if (g_hash_table_add (search->seen, GUINT_TO_POINTER (step.node)))
        g_array_append_val (search->steps, step);
    }
  g_array_set_size (search->next_level, 0);
}

char *
rsc_names_describe (RscSnapshot *snapshot,
                    RscNode      node,
                    guint        max_steps)
{
  Search search = { .snapshot = snapshot };
  Step first = { node, G_MAXUINT32, 0, 0 };
  guint n_candidates = 0;
  RscOwnNames own_names;
  char *path = NULL;

  search.columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL & ~RSC_BLOCK_ADDRESSES, NULL);
  if (search.columns == NULL)
    return NULL;
  g_return_val_if_fail (node < search.columns->n_nodes, NULL);

  if (rsc_own_names_init (&own_names, snapshot))
    {
      const char *name = rsc_own_names_get (&own_names, node);

      path = *name != '\0' ? g_strdup (name) : NULL;
      rsc_own_names_clear (&own_names);
      return path;
    }

  search.steps = g_array_new (FALSE, FALSE, sizeof (Step));
  search.next_level = g_array_new (FALSE, FALSE, sizeof (Step));
  search.seen = g_hash_table_new (NULL, NULL);
  g_array_append_val (search.steps, first);
  g_hash_table_add (search.seen, GUINT_TO_POINTER (node));
  for (guint32 level_start = 0; path == NULL && level_start < search.steps->len;)
    {
      StartKind best = START_NONE;
      guint32 i;

      for (i = level_start; best != START_MODULE && i < search.steps->len; i++)
        {
          StartKind kind = START_NONE;
          g_autofree char *start = dup_start (&search, g_array_index (search.steps, Step, i).node, &kind);

          if (start == NULL)
            {
              add_referrers (&search, i, max_steps);
            }
          else if (kind < best && n_candidates++ < MAX_CANDIDATES)
            {
              g_autofree char *candidate = write_path (&search, start, i);

              /* Another object may go by that name, in Python's eyes. */
              if (rsc_names_lookup (snapshot, candidate, NULL) != node)
                continue;
              best = kind;
              g_free (path);
              path = g_steal_pointer (&candidate);
            }
        }
      level_start = i;
      start_next_level (&search);
    }
  g_array_unref (search.steps);
  g_array_unref (search.next_level);
  g_hash_table_unref (search.seen);

  return path;
}
