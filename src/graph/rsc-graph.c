#include "config.h"
#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/rsc-census.h"
#include "base/rsc-error.h"
#include "query/rsc-type-name.h"
#include "rsc-graph-private.h"

/* Edges that are looked at for one item do not take as long as an item. */
#define MAX_STEPS_UNPOLLED (1u << 20)

/* So often it is walked, at most, to find how many objects fit. */
#define MAX_WALKS 4

/* The life of a graph */

static RscGraph *
graph_new (RscSnapshot *snapshot, RscView *view)
{
  RscGraph *self = g_new0 (RscGraph, 1);

  rsc_census_born (RSC_CENSUS_GRAPH);
  g_atomic_ref_count_init (&self->refs);
  self->snapshot = rsc_snapshot_ref (snapshot);
  self->view = rsc_view_ref (view);
  self->nodes = g_array_new (FALSE, TRUE, sizeof (RscGraphNode));
  self->edges = g_array_new (FALSE, TRUE, sizeof (RscGraphEdge));
  self->queue = g_array_new (FALSE, FALSE, sizeof (guint32));
  self->owners = g_array_new (FALSE, FALSE, sizeof (guint32));
  self->index = g_hash_table_new (NULL, NULL);
  self->strings = g_string_chunk_new (4096);
  return self;
}

RscGraph *
rsc_graph_ref (RscGraph *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
rsc_graph_unref (RscGraph *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;

  rsc_snapshot_unref (self->snapshot);
  rsc_view_unref (self->view);
  g_array_unref (self->nodes);
  g_array_unref (self->edges);
  g_array_unref (self->queue);
  g_array_unref (self->owners);
  g_hash_table_unref (self->index);
  g_string_chunk_free (self->strings);
  g_free (self);
  rsc_census_died (RSC_CENSUS_GRAPH);
}

const RscGraphNode *
rsc_graph_get_nodes (RscGraph *self, gsize *n_nodes)
{
  if (n_nodes != NULL)
    *n_nodes = self->nodes->len;
  return (const RscGraphNode *) self->nodes->data;
}

const RscGraphEdge *
rsc_graph_get_edges (RscGraph *self, gsize *n_edges)
{
  if (n_edges != NULL)
    *n_edges = self->edges->len;
  return (const RscGraphEdge *) self->edges->data;
}

RscSnapshot *
rsc_graph_get_snapshot (RscGraph *self)
{
  return self->snapshot;
}

RscView *
rsc_graph_get_view (RscGraph *self)
{
  return self->view;
}

gssize
rsc_graph_find (RscGraph *self, RscNode node)
{
  /* One more than the index, so that 0 is "not there". */
  return (gssize) GPOINTER_TO_SIZE (g_hash_table_lookup (self->index, GSIZE_TO_POINTER ((gsize) node))) - 1;
}

/* Construction */

gboolean
rsc_graph_build_poll (RscGraphBuild *self, GError **error)
{
  guint64 n_steps = rsc_edge_finder_get_steps (self->finder);

  if (++self->n_polls % RSC_CANCEL_INTERVAL != 0 && n_steps - self->n_steps_polled < MAX_STEPS_UNPOLLED)
    return TRUE;
  self->n_steps_polled = n_steps;
  return !g_cancellable_set_error_if_cancelled (self->cancellable, error);
}

static gboolean
check_size (RscGraphBuild *self, GError **error)
{
  if (self->n_objects < RSC_GRAPH_MAX_NODES && self->graph->edges->len < RSC_GRAPH_MAX_EDGES)
    return TRUE;
  g_set_error (error, RSC_QUERY_ERROR, RSC_ERROR_LIMIT,
               _("The graph would have more than %u objects or %u references; lower the depth, set a limit on"
                 " the number of objects, or use a filter."),
               RSC_GRAPH_MAX_NODES, RSC_GRAPH_MAX_EDGES);
  return FALSE;
}

static const char *
keep (RscGraph *graph, const char *text)
{
  return g_string_chunk_insert (graph->strings, text);
}

/* Draws the dotted edge from @owner to @box, which is added unless it is there:
 * objgraph walks twice from an object that was given twice. */
static gboolean
add_box (RscGraphBuild *self, gssize owner, const RscGraphNode *box, const char *id, gboolean forwards, GError **error)
{
  gsize index = GPOINTER_TO_SIZE (g_hash_table_lookup (self->boxes, id));
  RscGraphEdge edge = { .kind = RSC_GRAPH_EDGE_FOLD, .weight = 10, .count = 1, .label = "" };

  if (index == 0)
    {
      RscGraphNode added = *box;

      added.id = keep (self->graph, id);
      added.label = keep (self->graph, box->label);
      rsc_graph_color_node (&added, self->params);
      g_array_append_val (self->graph->nodes, added);
      index = self->graph->nodes->len;
      g_hash_table_insert (self->boxes, (gpointer) added.id, GSIZE_TO_POINTER (index));
    }
  return owner < 0 || rsc_graph_build_add_edge (self, owner, index - 1, forwards, &edge, error);
}

gboolean
rsc_graph_build_add_finalizer (RscGraphBuild *self, gsize owner, GError **error)
{
  const RscGraphNode *object = &g_array_index (self->graph->nodes, RscGraphNode, owner);
  RscGraphNode mark = {
    .kind = RSC_GRAPH_NODE_FINALIZER, .node = object->node, .depth = object->depth, .label = "__del__"
  };
  g_autofree char *id = g_strconcat (object->id, "_has_a_del", NULL);

  return add_box (self, owner, &mark, id, TRUE, error);
}

gssize
rsc_graph_build_add_object (RscGraphBuild *self, RscNode node, guint depth, gboolean is_start, GError **error)
{
  gssize index = rsc_graph_build_find (self, node);
  RscGraphNode object = { .kind = RSC_GRAPH_NODE_OBJECT, .node = node, .depth = depth, .is_start = is_start };
  g_autofree char *id = NULL;
  g_autofree char *label = NULL;
  g_autoptr(GError) local = NULL;

  if (index >= 0)
    return index;
  if (!check_size (self, error))
    return -1;

  label = rsc_graph_dup_node_label (self, node, depth, error);
  if (label == NULL)
    return -1;
  if (self->highlight != NULL)
    {
      object.highlighted = rsc_filter_matches (self->highlight, node, depth, &local);
      if (local != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return -1;
        }
    }
  id = rsc_graph_dup_node_id (self->columns, node);
  object.id = keep (self->graph, id);
  object.label = keep (self->graph, label);
  object.is_module = rsc_graph_is_module (self->snapshot, self->columns, node);
  object.role = rsc_node_get_role (self->snapshot, node);
  rsc_graph_color_node (&object, self->params);

  index = self->graph->nodes->len;
  g_array_append_val (self->graph->nodes, object);
  g_hash_table_insert (self->graph->index, GSIZE_TO_POINTER ((gsize) node), GSIZE_TO_POINTER ((gsize) index + 1));
  rsc_bitset_set (self->drawn, node);
  self->n_objects++;
  return index;
}

gboolean
rsc_graph_build_add_edge (RscGraphBuild *self, gsize owner, gsize neighbour, gboolean forwards,
                          const RscGraphEdge *edge, GError **error)
{
  RscGraphEdge added = *edge;
  gboolean away = forwards != self->params->swap;
  guint32 place = MAX (self->graph->queue->len, 1) - 1;

  if (!check_size (self, error))
    return FALSE;
  added.source = away ? owner : neighbour;
  added.target = away ? neighbour : owner;
  added.label = edge->label == NULL || *edge->label == '\0' ? "" : keep (self->graph, edge->label);
  g_array_append_val (self->graph->edges, added);
  g_array_append_val (self->graph->owners, place);
  return TRUE;
}

gboolean
rsc_graph_build_add_fold (RscGraphBuild *self, gssize owner, guint depth, gboolean forwards,
                          RscFoldReason reason, guint64 count, GError **error)
{
  static const char *const prefixes[] = {
    [RSC_FOLD_TOO_MANY] = "too_many", [RSC_FOLD_DEPTH] = "depth",
    [RSC_FOLD_MAX_NODES] = "max_nodes", [RSC_FOLD_FILTER] = "filter"
  };
  RscGraphNode fold = { .kind = RSC_GRAPH_NODE_FOLD, .fold_reason = reason, .depth = depth, .count = count };
  const RscGraphNode *object = owner < 0 ? NULL : &g_array_index (self->graph->nodes, RscGraphNode, owner);
  /* Both ways, one node can have two folds for the same reason. */
  gboolean second = self->params->direction == RSC_DIRECTION_BOTH && !forwards;
  g_autofree char *label = rsc_graph_dup_fold_label (self->params, forwards, reason, count);
  g_autofree char *id = g_strconcat (prefixes[reason], second ? "_back_" : "_",
                                     object != NULL ? object->id : "start", NULL);

  fold.node = object != NULL ? object->node : RSC_NODE_NONE;
  fold.label = label;
  return add_box (self, owner, &fold, id, forwards, error);
}

gboolean
rsc_graph_build_is_ignored (RscGraphBuild *self, RscNode node)
{
  return (self->ignored != NULL && rsc_bitset_get (self->ignored, node))
         || (self->ignored_types != NULL && rsc_bitset_get (self->ignored_types, self->columns->type[node]));
}

guint32
rsc_graph_build_get_extra (RscGraphBuild *self, RscNode node)
{
  guint64 extra = 0;

  if (self->unexpanded)
    return 0;
  for (gsize i = 0; i < self->params->n_expansions; i++)
    if (self->params->expansions[i].node == node)
      extra += self->params->expansions[i].extra;
  return MIN (extra, RSC_GRAPH_MAX_NODES);
}

/* Filters that cannot be made are told before anything is drawn. */
static gboolean
make_filter (RscGraphBuild *self, const char *expression, const char *what, RscFilter **filter, GError **error)
{
  if (expression == NULL)
    return TRUE;
  *filter = rsc_filter_new (self->snapshot, expression, error);
  if (*filter == NULL)
    {
      g_prefix_error (error, "%s: ", what);
      return FALSE;
    }
  return TRUE;
}

static void
make_ignored_types (RscGraphBuild *self)
{
  const char *const *names = self->params->ignore_types;

  if (names == NULL)
    return;
  self->ignored_types = rsc_bitset_new (self->columns->n_types);
  for (guint32 i = 0; i < self->columns->n_types; i++)
    {
      RscType type = rsc_snapshot_get_type (self->snapshot, i);

      for (gsize k = 0; names[k] != NULL; k++)
        if (rsc_type_name_matches (&type, names[k]))
          rsc_bitset_set (self->ignored_types, i);
    }
}

static gboolean
check_objects (RscGraphBuild *self, const RscNode *nodes, gsize n_nodes, GError **error)
{
  for (gsize i = 0; i < n_nodes; i++)
    if (nodes[i] >= self->columns->n_nodes)
      {
        g_set_error (error, RSC_QUERY_ERROR, RSC_ERROR_NOT_FOUND,
                     ngettext ("There is no object #%u: this heap has %u object, counted from 0.",
                               "There is no object #%u: this heap has %u objects, counted from 0.",
                               self->columns->n_nodes),
                     nodes[i], self->columns->n_nodes);
        return FALSE;
      }
  return TRUE;
}

static gboolean
prepare (RscGraphBuild *self, GError **error)
{
  const RscViewParams *params = self->params;

  if (params->n_objects == 0)
    {
      g_set_error_literal (error, RSC_QUERY_ERROR, RSC_ERROR_NOT_FOUND,
                           _("No object was given to start from; choose one."));
      return FALSE;
    }
  if (!check_objects (self, params->objects, params->n_objects, error)
      || !check_objects (self, params->extra_ignore, params->n_extra_ignore, error)
      || !make_filter (self, params->filter, _("Filter"), &self->filter, error)
      || !make_filter (self, params->hide, _("Hide"), &self->hide, error)
      || !make_filter (self, params->highlight, _("Highlight"), &self->highlight, error)
      || !make_filter (self, params->extra_info, _("Extra information"), &self->extra_info, error))
    return FALSE;

  self->finder = rsc_edge_finder_new (self->columns, self->cancellable);
  self->boxes = g_hash_table_new (g_str_hash, g_str_equal);
  if (params->n_extra_ignore > 0)
    {
      self->ignored = rsc_bitset_new (self->columns->n_nodes);
      for (gsize i = 0; i < params->n_extra_ignore; i++)
        rsc_bitset_set (self->ignored, params->extra_ignore[i]);
    }
  make_ignored_types (self);
  return TRUE;
}

static void
clear_build (RscGraphBuild *self)
{
  g_clear_pointer (&self->filter, rsc_filter_free);
  g_clear_pointer (&self->hide, rsc_filter_free);
  g_clear_pointer (&self->highlight, rsc_filter_free);
  g_clear_pointer (&self->extra_info, rsc_filter_free);
  g_clear_pointer (&self->ignored, rsc_bitset_free);
  g_clear_pointer (&self->ignored_types, rsc_bitset_free);
  g_clear_pointer (&self->drawn, rsc_bitset_free);
  g_clear_pointer (&self->finder, rsc_edge_finder_free);
  g_clear_pointer (&self->boxes, g_hash_table_unref);
}

/* One walk, from the beginning. */
static gboolean
walk (RscGraphBuild *self, RscView *view, GError **error)
{
  g_clear_pointer (&self->graph, rsc_graph_unref);
  g_clear_pointer (&self->drawn, rsc_bitset_free);
  g_hash_table_remove_all (self->boxes);
  self->graph = graph_new (self->snapshot, view);
  self->drawn = rsc_bitset_new (self->columns->n_nodes);
  self->n_objects = 0;

  return self->params->objgraph ? rsc_graph_walk_objgraph (self, error) : rsc_graph_walk (self, error);
}

/* With what says that something was left out; a picture of what is allowed is never refused. */
static guint64
get_max_boxes (guint max_nodes)
{
  guint64 max_boxes = (guint64) max_nodes + max_nodes / 4;

  return max_nodes <= RSC_VIEW_MAX_NODES_CEILING ? MIN (max_boxes, RSC_VIEW_MAX_NODES_CEILING) : max_boxes;
}

/* So few objects that all that can be said of them fits: of each at most two folds
 * in each direction and a finalizer's mark, and one fold of the starts.  At least one. */
static guint
get_min_objects (const RscViewParams *params)
{
  guint boxes_per_object = params->direction == RSC_DIRECTION_BOTH ? 6 : 4;

  return (guint) MAX ((get_max_boxes (params->max_nodes) - 1) / boxes_per_object, 1);
}

/* How many boxes say that something was left out is known when they are drawn.  Where
 * they are too many, it is drawn again with fewer objects: as if the same of them stayed,
 * then with what lies in proportion between what fitted and what did not.  The largest
 * that fitted is kept; few walks are enough to come near to what is possible. */
static gboolean
walk_to_fit (RscGraphBuild *self, RscView *view, GError **error)
{
  const gint64 max_boxes = (gint64) get_max_boxes (self->params->max_nodes);
  const guint min_objects = get_min_objects (self->params);
  g_autoptr(RscGraph) fitting = NULL;
  gint64 fitting_max = 0, fitting_boxes = 0;                /* the limit of objects, and what came of it */
  gint64 over_max = 0, over_objects = 0, over_boxes = 0;

  self->max_objects = self->params->max_nodes;
  for (guint n_walks = 1;; n_walks++)
    {
      gint64 n_boxes, next;

      if (!walk (self, view, error))
        return FALSE;
      n_boxes = self->graph->nodes->len;
      if (n_boxes <= max_boxes || self->max_objects <= min_objects)
        {
          g_clear_pointer (&fitting, rsc_graph_unref);
          fitting = rsc_graph_ref (self->graph);
          fitting_max = self->max_objects;
          fitting_boxes = n_boxes;
        }
      else
        {
          over_max = self->max_objects;
          over_objects = self->n_objects;
          over_boxes = n_boxes;
        }
      if (fitting != NULL
          && (over_max <= fitting_max + 1 || fitting_boxes >= max_boxes / 10 * 9 || n_walks >= MAX_WALKS))
        break;

      if (fitting != NULL)
        next = fitting_max + (over_objects - fitting_max) * (max_boxes - fitting_boxes) / (over_boxes - fitting_boxes);
      else if (n_walks + 1 < MAX_WALKS)
        next = max_boxes - (over_boxes - over_objects);
      else
        next = min_objects;
      self->max_objects = (guint) CLAMP (next, MAX (fitting_max + 1, min_objects), over_max - 1);
    }

  g_clear_pointer (&self->graph, rsc_graph_unref);
  self->graph = g_steal_pointer (&fitting);
  self->max_objects = (guint) fitting_max;
  return TRUE;
}

/* What the user opens comes on top of the limit that was found without it; what it
 * refers to shares the room with the rest. */
static gboolean
walk_within_limit (RscGraphBuild *self, RscView *view, GError **error)
{
  if (self->params->max_nodes == 0)
    return walk (self, view, error);

  self->unexpanded = TRUE;
  if (!walk_to_fit (self, view, error))
    return FALSE;
  self->unexpanded = FALSE;

  return self->params->n_expansions == 0 || walk (self, view, error);
}

RscGraph *
rsc_graph_build (RscSnapshot *snapshot, RscView *view, const RscProgress *progress,
                 GCancellable *cancellable, GError **error)
{
  RscGraphBuild build = { 0 };
  const RscViewParams *params = rsc_view_get_params (view);
  RscBlocks blocks = RSC_BLOCK_NODES | RSC_BLOCK_EDGES | RSC_BLOCK_STRINGS;
  gboolean ok;

  if (params->direction != RSC_DIRECTION_REFS)
    blocks |= RSC_BLOCK_REFERRERS;
  build.columns = rsc_snapshot_get_columns (snapshot, blocks, error);
  if (build.columns == NULL)
    return NULL;

  build.snapshot = snapshot;
  build.params = params;
  build.progress = progress;
  build.cancellable = cancellable;
  rsc_progress_report (progress, -1, _("Building the graph"));
  ok = !g_cancellable_set_error_if_cancelled (cancellable, error)
       && prepare (&build, error)
       && walk_within_limit (&build, view, error)
       && rsc_snapshot_check (snapshot, error);
  clear_build (&build);
  if (!ok)
    g_clear_pointer (&build.graph, rsc_graph_unref);
  return build.graph;
}
