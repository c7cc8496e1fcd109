/* Refscope's own way to walk: a level at a time, so that what is over
 * max_nodes is shared out fairly among the parents. */
#include "config.h"
#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN

#include <glib/gi18n-lib.h>

#include "rsc-graph-neighbours.h"

/* Neighbours that are kept for one level while its share-out is made. */
#define MAX_LISTED_PER_LEVEL (1u << 20)
#define MIN_LISTED_PER_PARENT 64

/* One object whose neighbours are to be drawn. */
typedef struct
{
  guint32 index;     /* in the graph */
  gboolean forwards;
  guint32 extra;     /* asked for by an expansion */
  gboolean at_limit; /* lies at max_depth */
  gboolean capped;   /* fewer are listed than too_many allows */
  RscNeighbours neighbours;
  guint next;        /* the next neighbour to be admitted */
  guint64 n_over;    /* not admitted for max_nodes */
} Parent;

typedef struct
{
  RscGraphBuild *build;
  RscNeighbourScan *scan;
  GArray *level;       /* Parent */
  GArray *next_level;  /* Parent */
  GArray *classes;     /* Parent: met as an object's type only */
  RscBitset *admitted; /* not in the graph yet, but to be */
  RscBitset *queued[2]; /* nodes that were a Parent: backwards, forwards */
  GHashTable *pairs;   /* with RSC_DIRECTION_BOTH: edges that were drawn */
  guint depth;
  gsize n_starts;      /* of the objects, so many were gone through */
  guint n_opened;      /* objects that are there for an expansion only: they take no room from the next levels */
} Walk;

static void
clear_parent (gpointer data)
{
  rsc_neighbours_clear (&((Parent *) data)->neighbours);
}

static RscNode
parent_node (Walk *walk, const Parent *parent)
{
  return g_array_index (walk->build->graph->nodes, RscGraphNode, parent->index).node;
}

static void
queue_parent (Walk *walk, GArray *level, guint32 index, RscNode node, gboolean forwards)
{
  Parent parent = { .index = index, .forwards = forwards };

  if (rsc_bitset_get (walk->queued[forwards], node))
    return;
  rsc_bitset_set (walk->queued[forwards], node);
  g_array_append_val (level, parent);
}

/* Each object's box says what its class is, so that only those who ask see an
 * arrow to it.  Who asks what refers to a class asks for its instances; of one
 * that is met on the way they are counted, and an expansion shows them. */
static gboolean
wants_types (Walk *walk, const Parent *parent)
{
  const RscViewParams *params = walk->build->params;

  return params->type_edges || params->edges == RSC_EDGES_COLLECTOR
         || (!parent->forwards && (walk->depth == 0 || parent->extra > 0));
}

/* Lists the neighbours of a parent. */
static gboolean
scan_parent (Walk *walk, Parent *parent, gsize max_listed, GError **error)
{
  const RscViewParams *params = walk->build->params;
  RscNode node = parent_node (walk, parent);
  RscNeighbourQuery query = { .node = node, .depth = walk->depth, .forwards = parent->forwards };

  parent->extra = rsc_graph_build_get_extra (walk->build, node);
  parent->at_limit = walk->depth >= params->max_depth;
  /* A module that programs can name is a root: backwards the walk ends there. */
  if (!parent->forwards && parent->extra == 0
      && (walk->build->columns->flags[node] & RSC_NODE_PROPER_MODULE))
    {
      parent->neighbours.listed = g_array_new (FALSE, FALSE, sizeof (RscNeighbour));
      return TRUE;
    }

  query.types = wants_types (walk, parent);
  query.n_rejected_wanted = parent->extra;
  query.only_drawn = parent->at_limit && parent->extra == 0;
  query.limit = parent->at_limit && parent->extra > 0 ? parent->extra : (gsize) params->too_many + parent->extra;
  if (query.limit > max_listed + parent->extra)
    {
      query.limit = max_listed + parent->extra;
      parent->capped = TRUE;
    }
  return rsc_neighbour_scan_run (walk->scan, &query, &parent->neighbours, error);
}

/* Admits the next neighbour of @parent that is new; FALSE if there is none. */
static gboolean
admit_next (Walk *walk, Parent *parent)
{
  GArray *listed = parent->neighbours.listed;

  while (parent->next < listed->len)
    {
      RscNode node = g_array_index (listed, RscNeighbour, parent->next++).node;

      if (!rsc_bitset_get (walk->build->drawn, node) && !rsc_bitset_get (walk->admitted, node))
        {
          rsc_bitset_set (walk->admitted, node);
          return TRUE;
        }
    }
  return FALSE;
}

/* Whether the neighbour that was admitted last is there for an expansion only. */
static gboolean
is_opened (Walk *walk, const Parent *parent)
{
  return parent->extra > 0 && (parent->at_limit || parent->next > walk->build->params->too_many);
}

/* In turn, one new neighbour for each parent, as long as there is room; then
 * what expansions ask for. */
static void
share_out (Walk *walk, Parent *parents, guint n_parents)
{
  guint64 max_nodes = walk->build->max_objects;
  guint64 n_asked = max_nodes + rsc_graph_build_get_extra (walk->build, RSC_NODE_NONE) + walk->n_opened;
  guint64 room = max_nodes == 0 ? G_MAXUINT64
                 : n_asked > walk->build->n_objects ? n_asked - walk->build->n_objects : 0;
  gboolean found = TRUE;

  while (room > 0 && found)
    {
      found = FALSE;
      for (guint i = 0; i < n_parents && room > 0; i++)
        if (admit_next (walk, &parents[i]))
          {
            found = TRUE;
            room--;
            walk->n_opened += is_opened (walk, &parents[i]);
          }
    }
  for (guint i = 0; i < n_parents; i++)
    for (guint32 k = 0; k < parents[i].extra && admit_next (walk, &parents[i]); k++)
      walk->n_opened++;
}

/* Both ways the same edge can be met from either end. */
static gboolean
is_first_meeting (Walk *walk, guint32 source, guint32 target)
{
  guint64 key = (guint64) source << 32 | target;

  if (walk->pairs == NULL)
    return TRUE;
  return g_hash_table_add (walk->pairs, g_memdup2 (&key, sizeof key));
}

/* Each object refers to its class, and a class to a hundred things that have
 * nothing to do with the object: it is drawn, but not gone into. */
static gboolean
is_only_type (Walk *walk, const Parent *parent, const RscNeighbour *neighbour)
{
  const RscColumns *columns = walk->build->columns;

  return parent->forwards && neighbour->hidden == 0 && neighbour->n_traversed + neighbour->n_added == 1
         && (columns->kind[neighbour->edges[0]] & RSC_EDGE_KIND_MASK) == RSC_EDGE_TYPE
         && rsc_graph_build_get_extra (walk->build, neighbour->node) == 0;
}

static void
queue_neighbour (Walk *walk, const Parent *parent, const RscNeighbour *neighbour, guint32 index)
{
  Parent class = { .index = index, .forwards = TRUE };

  if (parent->at_limit && parent->extra == 0)
    return;
  if (is_only_type (walk, parent, neighbour))
    g_array_append_val (walk->classes, class);
  else
    queue_parent (walk, walk->next_level, index, neighbour->node, parent->forwards);
}

static guint8
edge_weight (guint8 kind)
{
  switch (kind & RSC_EDGE_KIND_MASK)
    {
    case RSC_EDGE_DICT:
      return 10;
    case RSC_EDGE_VALUE:
    case RSC_EDGE_ATTRIBUTE:
    case RSC_EDGE_SLOT:
    case RSC_EDGE_LOCAL:
      return 2;
    default:
      return 1;
    }
}

static gboolean
mark_finalizer (Walk *walk, gsize index, RscNode node, GError **error)
{
  return !(walk->build->columns->flags[node] & RSC_NODE_HAS_DEL)
         || rsc_graph_build_add_finalizer (walk->build, index, error);
}

static gboolean
draw_neighbour (Walk *walk, Parent *parent, const RscNeighbour *neighbour, GError **error)
{
  RscGraphBuild *build = walk->build;
  RscGraphEdge edge = { .weight = 1 };
  g_autofree char *label = NULL;
  gssize index;

  if (!rsc_bitset_get (build->drawn, neighbour->node) && !rsc_bitset_get (walk->admitted, neighbour->node))
    {
      parent->n_over++;
      return TRUE;
    }
  index = rsc_graph_build_add_object (build, neighbour->node, walk->depth + 1, FALSE, error);
  if (index < 0)
    return FALSE;
  if (rsc_bitset_get (walk->admitted, neighbour->node) && !mark_finalizer (walk, index, neighbour->node, error))
    return FALSE;
  rsc_bitset_unset (walk->admitted, neighbour->node);
  queue_neighbour (walk, parent, neighbour, index);

  if (!is_first_meeting (walk, parent->forwards ? parent->index : index, parent->forwards ? index : parent->index))
    return TRUE;
  if (neighbour->hidden > 0)
    {
      edge.kind = RSC_GRAPH_EDGE_BRIDGE;
      edge.count = neighbour->hidden;
      label = g_strdup_printf (ngettext ("%u hidden", "%u hidden", neighbour->hidden), neighbour->hidden);
    }
  else
    {
      edge.kind = RSC_GRAPH_EDGE_REFERENCE;
      edge.count = neighbour->n_traversed > 0 ? neighbour->n_traversed : neighbour->n_added;
      edge.edge_kind = build->columns->kind[neighbour->edges[0]];
      edge.weight = edge_weight (edge.edge_kind);
      label = rsc_neighbour_dup_label (build->snapshot, neighbour);
    }
  edge.label = label;
  return rsc_graph_build_add_edge (build, parent->index, index, parent->forwards, &edge, error);
}

static gboolean
draw_parent (Walk *walk, Parent *parent, GError **error)
{
  RscNeighbours *neighbours = &parent->neighbours;
  RscFoldReason reason = parent->at_limit ? RSC_FOLD_DEPTH
                         : parent->capped ? RSC_FOLD_MAX_NODES : RSC_FOLD_TOO_MANY;
  guint64 n_more = neighbours->n_more;
  guint depth = walk->depth + 1;

  for (guint i = 0; i < neighbours->listed->len; i++)
    if (!draw_neighbour (walk, parent, &g_array_index (neighbours->listed, RscNeighbour, i), error))
      return FALSE;

  /* One box where two cuts would say the same to a reader. */
  if (parent->n_over > 0)
    {
      reason = RSC_FOLD_MAX_NODES;
      n_more += parent->n_over;
    }
  return (n_more == 0
          || rsc_graph_build_add_fold (walk->build, parent->index, depth, parent->forwards, reason, n_more, error))
         && (neighbours->n_rejected == 0
             || rsc_graph_build_add_fold (walk->build, parent->index, depth, parent->forwards,
                                          RSC_FOLD_FILTER, neighbours->n_rejected, error));
}

/* Draws the neighbours of @n_parents objects of the level. */
static gboolean
draw_parents (Walk *walk, Parent *parents, guint n_parents, GError **error)
{
  gsize max_listed = walk->build->max_objects == 0
                       ? G_MAXUINT32 : MAX (MIN_LISTED_PER_PARENT, MAX_LISTED_PER_LEVEL / n_parents);

  for (guint i = 0; i < n_parents; i++)
    if (!scan_parent (walk, &parents[i], max_listed, error))
      return FALSE;
  share_out (walk, parents, n_parents);
  for (guint i = 0; i < n_parents; i++)
    {
      if (!draw_parent (walk, &parents[i], error))
        return FALSE;
      rsc_neighbours_clear (&parents[i].neighbours);
    }
  return TRUE;
}

static gboolean
draw_level (Walk *walk, GError **error)
{
  Parent *parents = (Parent *) walk->level->data;

  /* Where there is no limit there is nothing to share: one parent at a time
   * keeps no more than its own neighbours. */
  if (walk->build->max_objects > 0)
    return draw_parents (walk, parents, walk->level->len, error);
  for (guint i = 0; i < walk->level->len; i++)
    if (!draw_parents (walk, &parents[i], 1, error))
      return FALSE;
  return TRUE;
}

/* How many of the objects themselves are drawn.  Where they are many, half of
 * max_nodes is left for what was asked about them. */
static gsize
get_max_starts (RscGraphBuild *build)
{
  if (build->max_objects == 0)
    return G_MAXSIZE;
  return build->params->max_depth == 0 ? build->max_objects : build->max_objects - build->max_objects / 2;
}

/* The objects themselves, as far as their share of max_nodes goes. */
static gboolean
draw_starts (Walk *walk, GError **error)
{
  RscGraphBuild *build = walk->build;
  const RscViewParams *params = build->params;
  gsize max_starts = get_max_starts (build);

  max_starts += MIN (rsc_graph_build_get_extra (build, RSC_NODE_NONE), G_MAXSIZE - max_starts);
  for (; walk->n_starts < params->n_objects; walk->n_starts++)
    {
      RscNode node = params->objects[walk->n_starts];
      gssize index;

      if (build->n_objects >= max_starts)
        break;
      if (!rsc_graph_build_poll (build, error))
        return FALSE;
      if (rsc_bitset_get (build->drawn, node))
        continue;
      index = rsc_graph_build_add_object (build, node, 0, TRUE, error);
      if (index < 0 || !mark_finalizer (walk, index, node, error))
        return FALSE;
      if (params->direction != RSC_DIRECTION_BACKREFS)
        queue_parent (walk, walk->level, index, node, TRUE);
      if (params->direction != RSC_DIRECTION_REFS)
        queue_parent (walk, walk->level, index, node, FALSE);
    }
  return TRUE;
}

/* Those of the objects that were not drawn, not as neighbours of others either,
 * are one fold. */
static gboolean
fold_starts (Walk *walk, GError **error)
{
  RscGraphBuild *build = walk->build;
  const RscViewParams *params = build->params;
  g_autoptr(RscBitset) counted = NULL;
  guint64 n_over = 0;

  if (walk->n_starts == params->n_objects)
    return TRUE;
  counted = rsc_bitset_new (build->columns->n_nodes);

  /* Those before were drawn. */
  for (gsize i = walk->n_starts; i < params->n_objects; i++)
    {
      RscNode node = params->objects[i];

      if (!rsc_graph_build_poll (build, error))
        return FALSE;
      if (rsc_bitset_get (build->drawn, node) || rsc_bitset_get (counted, node))
        continue;
      rsc_bitset_set (counted, node);
      n_over++;
    }
  return n_over == 0
         || rsc_graph_build_add_fold (build, -1, 0, TRUE, RSC_FOLD_MAX_NODES, n_over, error);
}

/* What classes that were not gone into refer to: counted, and drawn where it is
 * there already. */
static gboolean
draw_classes (Walk *walk, GError **error)
{
  walk->depth = MAX (walk->depth, walk->build->params->max_depth);
  g_array_set_size (walk->level, 0);
  for (guint i = 0; i < walk->classes->len; i++)
    {
      guint32 index = g_array_index (walk->classes, Parent, i).index;

      queue_parent (walk, walk->level, index, g_array_index (walk->build->graph->nodes, RscGraphNode, index).node, TRUE);
    }
  return walk->level->len == 0 || draw_level (walk, error);
}

gboolean
rsc_graph_walk (RscGraphBuild *self, GError **error)
{
  g_autoptr(RscNeighbourScan) scan = rsc_neighbour_scan_new (self);
  g_autoptr(RscBitset) admitted = rsc_bitset_new (self->columns->n_nodes);
  g_autoptr(RscBitset) queued_backwards = rsc_bitset_new (self->columns->n_nodes);
  g_autoptr(RscBitset) queued_forwards = rsc_bitset_new (self->columns->n_nodes);
  g_autoptr(GArray) classes = g_array_new (FALSE, FALSE, sizeof (Parent));
  g_autoptr(GHashTable) pairs = NULL;
  Walk walk = {
    .build = self,
    .scan = scan,
    .level = g_array_new (FALSE, TRUE, sizeof (Parent)),
    .next_level = g_array_new (FALSE, TRUE, sizeof (Parent)),
    .classes = classes,
    .admitted = admitted,
    .queued = { queued_backwards, queued_forwards },
  };
  gboolean ok;

  g_array_set_clear_func (walk.level, clear_parent);
  g_array_set_clear_func (walk.next_level, clear_parent);
  if (self->params->direction == RSC_DIRECTION_BOTH)
    walk.pairs = pairs = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);

  ok = draw_starts (&walk, error);
  while (ok && walk.level->len > 0)
    {
      GArray *done = walk.level;

      ok = draw_level (&walk, error);
      walk.level = walk.next_level;
      walk.next_level = done;
      g_array_set_size (done, 0);
      walk.depth++;
    }
  ok = ok && draw_classes (&walk, error) && fold_starts (&walk, error);
  g_array_unref (walk.level);
  g_array_unref (walk.next_level);
  return ok;
}
