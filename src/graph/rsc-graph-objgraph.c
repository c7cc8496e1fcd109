/* objgraph's way to walk and to name edges, to the letter; its labels go by
 * identity, whatever edge it was. */
#include "config.h"
#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN

#include <glib/gi18n-lib.h>
#include <string.h>

#include "rsc-graph-private.h"

#define is_traversed(columns, edge) (((columns)->kind[edge] & RSC_EDGE_TRAVERSED) != 0)

static guint
edge_kind (const RscColumns *columns, guint64 edge)
{
  return columns->kind[edge] & RSC_EDGE_KIND_MASK;
}

/* Edge labels */

static gboolean
has_type (RscSnapshot *snapshot, const RscColumns *columns, RscNode node, const char *name)
{
  RscType type = rsc_snapshot_get_type (snapshot, columns->type[node]);

  return strcmp (type.name, name) == 0;
}

/* re.match('[a-zA-Z_][a-zA-Z_0-9]*$'): a newline at the end is let through. */
static gboolean
is_identifier (const char *text)
{
  if (!g_ascii_isalpha (*text) && *text != '_')
    return FALSE;
  while (g_ascii_isalnum (*text) || *text == '_')
    text++;
  return *text == '\0' || strcmp (text, "\n") == 0;
}

static const char *
string_label (RscSnapshot *snapshot, const RscColumns *columns, guint64 edge)
{
  return rsc_snapshot_get_string (snapshot, columns->label[edge]);
}

/* The attributes of functions that dir() lists before their own. */
static gboolean
is_function_attribute (guint kind, const char *name)
{
  return kind == RSC_EDGE_CLOSURE || kind == RSC_EDGE_GLOBALS || (kind == RSC_EDGE_NAMED && *name == '_');
}

/* CPython 3.14 and later: functions have __annotate__. */
static gboolean
has_annotate (RscSnapshot *snapshot)
{
  return rsc_snapshot_get_python_minor (snapshot) >= 14;
}

/* The first attribute in dir()'s order (that of strings) whose value is
 * @target: those that the function itself holds, and where it holds nothing,
 * None. */
static char *
dup_function_label (RscGraphBuild *build, RscNode source, RscNode target)
{
  RscSnapshot *snapshot = build->snapshot;
  const RscColumns *columns = build->columns;
  static const char *const optional[] = { "__closure__", "__defaults__", "__kwdefaults__", "__annotate__" };
  const char *best = NULL;
  gboolean held[G_N_ELEMENTS (optional)] = { FALSE };
  RscNode dict = RSC_NODE_NONE;

  for (guint64 edge = columns->first_edge[source]; edge < columns->first_edge[source + 1]; edge++)
    {
      guint kind = edge_kind (columns, edge);
      const char *name = kind == RSC_EDGE_CLOSURE ? "__closure__"
                         : kind == RSC_EDGE_GLOBALS ? "__globals__"
                         : kind == RSC_EDGE_NAMED ? string_label (snapshot, columns, edge) : "";

      if (kind == RSC_EDGE_DICT)
        dict = columns->target[edge];
      if (!is_function_attribute (kind, name))
        continue;
      for (gsize i = 0; i < G_N_ELEMENTS (optional); i++)
        if (strcmp (name, optional[i]) == 0)
          held[i] = TRUE;
      if (columns->target[edge] == target && (best == NULL || strcmp (name, best) < 0))
        best = name;
    }

  if (!has_annotate (snapshot))
    held[G_N_ELEMENTS (optional) - 1] = TRUE;
  if (has_type (snapshot, columns, target, "NoneType"))
    for (gsize i = 0; i < G_N_ELEMENTS (optional); i++)
      if (!held[i] && (best == NULL || strcmp (optional[i], best) < 0))
        best = optional[i];

  /* Its own attributes. */
  if (dict != RSC_NODE_NONE)
    for (guint64 edge = rsc_edge_finder_next (build->finder, dict, target, 0); edge != G_MAXUINT64;
         edge = rsc_edge_finder_next (build->finder, dict, target, edge + 1))
      if (edge_kind (columns, edge) == RSC_EDGE_VALUE)
        {
          const char *name = rsc_snapshot_get_string (snapshot, columns->value[columns->label[edge]]);

          if (best == NULL || strcmp (name, best) < 0)
            best = name;
        }
  return g_strdup (best);
}

/* The first key whose value is @target. */
static char *
dup_key_label (RscSnapshot *snapshot, const RscColumns *columns, const RscViewParams *params,
               RscNode key, guint8 *weight)
{
  const char *text = rsc_snapshot_get_string (snapshot, columns->value[key]);
  RscType type;
  g_autofree char *repr = NULL;

  if ((columns->flags[key] & RSC_NODE_TEXT) && is_identifier (text))
    {
      *weight = 2;
      return g_strdup (text);
    }
  type = rsc_snapshot_get_type (snapshot, columns->type[key]);
  repr = rsc_node_dup_repr (snapshot, key);
  if (!params->shortnames && *type.module != '\0')
    return g_strdup_printf ("%s.%s\n%s", type.module, rsc_graph_short_type_name (&type), repr);
  return g_strdup_printf ("%s\n%s", rsc_graph_short_type_name (&type), repr);
}

/* NULL: no label. */
static char *
dup_edge_label (RscGraphBuild *build, RscNode source, RscNode target, guint8 *weight)
{
  RscSnapshot *snapshot = build->snapshot;
  const RscColumns *columns = build->columns;
  gboolean is_type = (columns->flags[source] & RSC_NODE_TYPE) != 0;
  guint64 first_value = G_MAXUINT64;
  gboolean is_function, is_frame, is_method;

  *weight = 10;
  for (guint64 edge = rsc_edge_finder_next (build->finder, source, target, 0); edge != G_MAXUINT64;
       edge = rsc_edge_finder_next (build->finder, source, target, edge + 1))
    {
      guint kind = edge_kind (columns, edge);

      /* A class's __dict__ is a proxy, not the dict that it holds. */
      if (kind == RSC_EDGE_DICT && !is_type)
        return g_strdup ("__dict__");
      if (kind == RSC_EDGE_VALUE)
        {
          first_value = edge;
          break;
        }
    }

  is_frame = has_type (snapshot, columns, source, "frame");
  is_method = has_type (snapshot, columns, source, "method");
  is_function = has_type (snapshot, columns, source, "function");
  if (is_frame || is_method)
    for (guint64 edge = rsc_edge_finder_next (build->finder, source, target, 0); edge != G_MAXUINT64;
         edge = rsc_edge_finder_next (build->finder, source, target, edge + 1))
      {
        guint kind = edge_kind (columns, edge);
        const char *name = kind == RSC_EDGE_NAMED ? string_label (snapshot, columns, edge) : "";

        if (is_frame && strcmp (name, "f_locals") == 0)
          return g_strdup ("f_locals");
        if (is_frame && kind == RSC_EDGE_GLOBALS)
          return g_strdup ("f_globals");
        if (is_method && (strcmp (name, "__self__") == 0 || strcmp (name, "__func__") == 0))
          return g_strdup (name);
      }
  if (is_function)
    {
      char *label = dup_function_label (build, source, target);

      if (label != NULL)
        return label;
    }

  *weight = 1;
  if (first_value != G_MAXUINT64)
    return dup_key_label (snapshot, columns, build->params, columns->label[first_value], weight);
  return NULL;
}

/* The walk */

typedef struct
{
  guint32 index; /* in the graph */
  guint depth;
} Queued;

typedef struct
{
  RscGraphBuild *build;
  gboolean forwards;
  GArray *queue;      /* Queued; read from queue_head */
  gsize queue_head;
  RscBitset *seen;    /* nodes that were queued */

  /* of the node at hand */
  Queued owner;
  RscNode node;
  guint32 limit;
  guint32 n_drawn;
  guint64 n_skipped;
  guint64 n_over_max; /* left out by max_nodes */
} Walk;

static gboolean
draw_neighbour (Walk *walk, RscNode neighbour, guint64 edge, GError **error)
{
  RscGraphBuild *build = walk->build;
  RscNode source = walk->forwards ? walk->node : neighbour;
  RscNode target = walk->forwards ? neighbour : walk->node;
  RscGraphEdge drawn = { .kind = RSC_GRAPH_EDGE_REFERENCE, .count = 1 };
  g_autofree char *label = NULL;
  gssize index;

  if (build->max_objects > 0 && build->n_objects >= build->max_objects
      && !rsc_bitset_get (build->drawn, neighbour))
    {
      walk->n_over_max++;
      return TRUE;
    }
  index = rsc_graph_build_add_object (build, neighbour, walk->owner.depth + 1, FALSE, error);
  if (index < 0)
    return FALSE;
  label = dup_edge_label (build, source, target, &drawn.weight);
  drawn.label = label;
  drawn.edge_kind = build->columns->kind[edge];
  if (!rsc_graph_build_add_edge (build, walk->owner.index, index, walk->forwards, &drawn, error))
    return FALSE;

  if (!rsc_bitset_get (walk->seen, neighbour))
    {
      Queued queued = { index, walk->owner.depth + 1 };

      rsc_bitset_set (walk->seen, neighbour);
      g_array_append_val (walk->queue, queued);
    }
  walk->n_drawn++;
  return TRUE;
}

/* objgraph leaves out the container of extra_ignore; by default that is the
 * empty tuple, of which there is only one. */
static gboolean
is_default_ignore (RscGraphBuild *build, RscNode node)
{
  return build->params->n_extra_ignore == 0
         && has_type (build->snapshot, build->columns, node, "tuple")
         && strcmp (rsc_snapshot_get_string (build->snapshot, build->columns->value[node]), "0 items") == 0;
}

static gboolean
visit_neighbour (Walk *walk, RscNode neighbour, guint64 edge, GError **error)
{
  RscGraphBuild *build = walk->build;

  if (!rsc_graph_build_poll (build, error))
    return FALSE;
  if (rsc_graph_build_is_ignored (build, neighbour) || is_default_ignore (build, neighbour))
    return TRUE;
  if (build->filter != NULL)
    {
      g_autoptr(GError) local = NULL;

      if (!rsc_filter_matches (build->filter, neighbour, walk->owner.depth + 1, &local))
        {
          if (local == NULL)
            return TRUE;
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
    }
  if (walk->n_drawn >= walk->limit)
    {
      walk->n_skipped++;
      return TRUE;
    }
  return draw_neighbour (walk, neighbour, edge, error);
}

/* gc.get_referents(): as tp_traverse goes, with repeats. */
static gboolean
visit_referents (Walk *walk, GError **error)
{
  const RscColumns *columns = walk->build->columns;

  for (guint64 edge = columns->first_edge[walk->node]; edge < columns->first_edge[walk->node + 1]; edge++)
    if (is_traversed (columns, edge) && !visit_neighbour (walk, columns->target[edge], edge, error))
      return FALSE;
  return TRUE;
}

static guint64
find_traversed_edge (RscGraphBuild *build, RscNode source, RscNode target)
{
  guint64 edge = rsc_edge_finder_next (build->finder, source, target, 0);

  while (edge != G_MAXUINT64 && !is_traversed (build->columns, edge))
    edge = rsc_edge_finder_next (build->finder, source, target, edge + 1);
  return edge;
}

/* gc.get_referrers(): tracked objects that are not frozen, as the lists stand,
 * each once. */
static gboolean
visit_referrers (Walk *walk, GError **error)
{
  const RscColumns *columns = walk->build->columns;
  RscNode last = RSC_NODE_NONE;

  for (guint64 i = columns->first_referrer[walk->node]; i < columns->first_referrer[walk->node + 1]; i++)
    {
      RscNode referrer = columns->referrer[i];
      guint64 edge;

      if (referrer == last)
        continue;
      last = referrer;
      if (!(columns->flags[referrer] & RSC_NODE_TRACKED)
          || rsc_generation_in_interpreter (columns->generation[referrer]) == RSC_GENERATION_PERMANENT)
        continue;
      edge = find_traversed_edge (walk->build, referrer, walk->node);
      if (edge != G_MAXUINT64 && !visit_neighbour (walk, referrer, edge, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
expand (Walk *walk, GError **error)
{
  RscGraphBuild *build = walk->build;
  const RscViewParams *params = build->params;
  guint32 extra;

  walk->owner = g_array_index (walk->queue, Queued, walk->queue_head);
  walk->queue_head++;
  walk->node = g_array_index (build->graph->nodes, RscGraphNode, walk->owner.index).node;
  walk->n_drawn = 0;
  walk->n_skipped = 0;
  walk->n_over_max = 0;
  extra = rsc_graph_build_get_extra (build, walk->node);
  walk->limit = params->too_many > G_MAXUINT32 - extra ? G_MAXUINT32 : params->too_many + extra;
  if (walk->owner.depth >= params->max_depth)
    walk->limit = extra;

  g_array_append_val (build->graph->queue, walk->owner.index);
  if (!rsc_graph_build_poll (build, error)
      || ((build->columns->flags[walk->node] & RSC_NODE_HAS_DEL)
          && !rsc_graph_build_add_finalizer (build, walk->owner.index, error)))
    return FALSE;
  if (walk->owner.depth >= params->max_depth && extra == 0)
    return TRUE;
  if (!walk->forwards && extra == 0 && (build->columns->flags[walk->node] & RSC_NODE_PROPER_MODULE))
    return TRUE;
  if (!(walk->forwards ? visit_referents (walk, error) : visit_referrers (walk, error)))
    return FALSE;

  if (walk->n_skipped > 0
      && !rsc_graph_build_add_fold (build, walk->owner.index, walk->owner.depth + 1, walk->forwards,
                                    RSC_FOLD_TOO_MANY, walk->n_skipped, error))
    return FALSE;
  return walk->n_over_max == 0
         || rsc_graph_build_add_fold (build, walk->owner.index, walk->owner.depth + 1, walk->forwards,
                                      RSC_FOLD_MAX_NODES, walk->n_over_max, error);
}

static gboolean
walk_one_way (RscGraphBuild *build, gboolean forwards, GError **error)
{
  const RscViewParams *params = build->params;
  g_autoptr(GArray) queue = g_array_new (FALSE, FALSE, sizeof (Queued));
  g_autoptr(RscBitset) seen = rsc_bitset_new (build->columns->n_nodes);
  Walk walk = { .build = build, .forwards = forwards, .queue = queue, .seen = seen };
  guint64 n_over = 0;

  for (gsize i = 0; i < params->n_objects; i++)
    {
      RscNode node = params->objects[i];
      Queued queued = { 0, 0 };
      gssize index;

      if (!rsc_graph_build_poll (build, error))
        return FALSE;
      if (build->max_objects > 0 && build->n_objects >= build->max_objects && !rsc_bitset_get (build->drawn, node))
        {
          n_over++;
          continue;
        }
      index = rsc_graph_build_add_object (build, node, 0, TRUE, error);
      if (index < 0)
        return FALSE;
      rsc_bitset_set (seen, node);
      /* An object that was given twice is walked from twice. */
      queued.index = index;
      g_array_append_val (queue, queued);
    }
  while (walk.queue_head < queue->len)
    if (!expand (&walk, error))
      return FALSE;
  return n_over == 0
         || rsc_graph_build_add_fold (build, -1, 0, TRUE, RSC_FOLD_MAX_NODES, n_over, error);
}

gboolean
rsc_graph_walk_objgraph (RscGraphBuild *self, GError **error)
{
  RscDirection direction = self->params->direction;

  if (direction != RSC_DIRECTION_BACKREFS && !walk_one_way (self, TRUE, error))
    return FALSE;
  return direction == RSC_DIRECTION_REFS || walk_one_way (self, FALSE, error);
}
