#include "config.h"

#include "rsc-scene.h"

#include <string.h>

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "base/rsc-census.h"
#include "base/rsc-error.h"
#include "rsc-bezier.h"

#define NODE_PADDING_X 11.0
#define NODE_PADDING_Y 6.0
#define NODE_MIN_WIDTH 46.0
#define NODE_MIN_HEIGHT 27.0
#define FOLD_PADDING_X 9.0
#define FOLD_PADDING_Y 3.5
#define OVAL_PADDING_X 13.0
#define OVAL_PADDING_Y 7.0
#define EDGE_LABEL_PADDING 3.0
/* Of the edges by which a graph was walked, in pictures small enough for dot's defaults. */
#define WALKED_WEIGHT 12u
#define WALKED_WEIGHT_MAX 200u
#define WEIGHED_NODES_MAX 220u

struct _RscScene
{
  gatomicrefcount ref_count;
  RscGraph *graph;
  RscLayoutResult *layout;
  RscSceneNode *nodes;
  gsize n_nodes;
  RscSceneEdge *edges;
  gsize n_edges;
  double width, height;
};

static gboolean
check_size (gsize n_nodes, GError **error)
{
  if (n_nodes <= RSC_VIEW_MAX_NODES_CEILING)
    return TRUE;
  g_set_error (error, RSC_LAYOUT_ERROR, RSC_ERROR_LIMIT,
               _("The graph has %zu nodes; at most %d can be drawn. "
                 "Lower the depth, “too many” or the number of nodes, set a filter, or write a DOT file."),
               n_nodes, RSC_VIEW_MAX_NODES_CEILING);
  return FALSE;
}

/* In a DOT graph all are of the type "node": only the name says something. */
static const char *
skip_idle_type (const char *label, gboolean dot_graph)
{
  return dot_graph && g_str_has_prefix (label, "node\n") ? label + strlen ("node\n") : label;
}

static RscLabel *
make_node_label (RscLabelContext *context, const RscGraphNode *node, gboolean objgraph, gboolean dot_graph)
{
  g_autofree char *more = NULL;

  if (node->kind == RSC_GRAPH_NODE_OBJECT)
    return rsc_label_new (context, RSC_LABEL_NODE, skip_idle_type (node->label, dot_graph && !objgraph));
  if (node->kind == RSC_GRAPH_NODE_FINALIZER || objgraph)
    return rsc_label_new (context, RSC_LABEL_FOLD, node->label);
  /* Translators: a small box that stands for objects not drawn: "+12 more". */
  more = g_strdup_printf (ngettext ("+%lu more", "+%lu more", (gulong) node->count), (gulong) node->count);
  return rsc_label_new (context, RSC_LABEL_FOLD, more);
}

static void
get_box (const RscLabel *label, const RscGraphNode *node, double *width, double *height)
{
  rsc_label_get_size (label, width, height);
  switch (node->kind)
    {
    case RSC_GRAPH_NODE_FOLD:
      *width += 2 * FOLD_PADDING_X;
      *height += 2 * FOLD_PADDING_Y;
      break;
    case RSC_GRAPH_NODE_FINALIZER:
      *width += 2 * OVAL_PADDING_X;
      *height += 2 * OVAL_PADDING_Y;
      break;
    case RSC_GRAPH_NODE_OBJECT:
    default:
      *width = MAX (*width + 2 * NODE_PADDING_X, NODE_MIN_WIDTH);
      *height = MAX (*height + 2 * NODE_PADDING_Y, NODE_MIN_HEIGHT);
      break;
    }
}

/* Labels and boxes, in a context of its own so that any thread may do it. */
static gboolean
measure (RscScene *self, gboolean objgraph, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  const RscGraphNode *nodes = rsc_graph_get_nodes (self->graph, &self->n_nodes);
  const RscGraphEdge *edges = rsc_graph_get_edges (self->graph, &self->n_edges);
  RscLabelContext *context = rsc_label_context_get_for_thread ();
  gboolean dot_graph = strcmp (rsc_snapshot_get_info_string (rsc_graph_get_snapshot (self->graph), "runtime"), "DOT graph") == 0;

  rsc_progress_report (progress, -1, _("Measuring labels"));
  self->nodes = g_new0 (RscSceneNode, MAX (self->n_nodes, 1));
  self->edges = g_new0 (RscSceneEdge, MAX (self->n_edges, 1));
  for (gsize i = 0; i < self->n_nodes; i++)
    {
      if (i % 256 == 0 && g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      self->nodes[i].label = make_node_label (context, &nodes[i], objgraph, dot_graph);
      get_box (self->nodes[i].label, &nodes[i], &self->nodes[i].width, &self->nodes[i].height);
    }
  for (gsize e = 0; e < self->n_edges; e++)
    {
      if (e % 256 == 0 && g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (edges[e].label != NULL && edges[e].label[0] != '\0')
        self->edges[e].label = rsc_label_new (context, RSC_LABEL_EDGE, edges[e].label);
    }
  return TRUE;
}

static guint32
find_part (guint32 *parent, guint32 node)
{
  while (parent[node] != node)
    node = parent[node] = parent[parent[node]];
  return node;
}

/* A weak reference holds nothing, so it need not push its target down: what a
 * weak set watches stays below what really holds it.  Only where it alone joins
 * two parts of the picture it counts like any other, or one would float. */
static void
loosen_weak_edges (const RscGraphEdge *edges, gsize n_edges, gsize n_nodes, RscLayoutEdge *out)
{
  g_autofree guint32 *parent = g_new (guint32, MAX (n_nodes, 1));

  for (gsize i = 0; i < n_nodes; i++)
    parent[i] = (guint32) i;
  for (int weak = 0; weak <= 1; weak++)
    for (gsize e = 0; e < n_edges; e++)
      if (((edges[e].edge_kind & RSC_EDGE_WEAK) != 0) == weak)
        {
          guint32 a = find_part (parent, edges[e].source), b = find_part (parent, edges[e].target);

          out[e].loose = weak && a == b;
          parent[a] = b;
        }
}

/* The edges by which the graph was walked are short and straight, so that what is
 * one step from the start is drawn one step from it: else whatever many others
 * refer to pulls everything between down to it. */
static void
weigh_walked_edges (RscGraph *graph, RscLayoutEdge *out)
{
  gsize n_nodes, n_edges;
  const RscGraphNode *nodes = rsc_graph_get_nodes (graph, &n_nodes);
  const RscGraphEdge *edges = rsc_graph_get_edges (graph, &n_edges);
  g_autofree gboolean *joined = g_new0 (gboolean, MAX (n_nodes, 1));

  if (n_nodes > WEIGHED_NODES_MAX)
    return;
  for (gsize e = 0; e < n_edges; e++)
    {
      guint32 a = edges[e].source, b = edges[e].target;
      guint32 far = nodes[a].depth > nodes[b].depth ? a : b;

      if (nodes[a].depth == nodes[b].depth || nodes[far].depth - nodes[far == a ? b : a].depth != 1 || joined[far])
        continue;
      joined[far] = TRUE;
      out[e].weight = MIN (out[e].weight * WALKED_WEIGHT, WALKED_WEIGHT_MAX);
    }
}

static gboolean
lay_out (RscScene *self, gboolean swap, gboolean objgraph, double budget, const RscProgress *progress,
         GCancellable *cancellable, GError **error)
{
  const RscGraphEdge *graph_edges = rsc_graph_get_edges (self->graph, &self->n_edges);
  g_autofree RscLayoutNode *nodes = g_new (RscLayoutNode, MAX (self->n_nodes, 1));
  g_autofree RscLayoutEdge *edges = g_new (RscLayoutEdge, MAX (self->n_edges, 1));
  RscLayoutRequest request = { .n_nodes = self->n_nodes, .nodes = nodes, .n_edges = self->n_edges, .edges = edges };

  rsc_progress_report (progress, -1, _("Laying out"));
  for (gsize i = 0; i < self->n_nodes; i++)
    nodes[i] = (RscLayoutNode) { self->nodes[i].width, self->nodes[i].height };
  for (gsize e = 0; e < self->n_edges; e++)
    {
      const RscGraphEdge *edge = &graph_edges[e];

      edges[e] = (RscLayoutEdge) {
        .source = swap ? edge->target : edge->source, .target = swap ? edge->source : edge->target,
        .weight = MAX (edge->weight, 1),
      };
      if (self->edges[e].label != NULL)
        {
          rsc_label_get_size (self->edges[e].label, &edges[e].label_width, &edges[e].label_height);
          edges[e].label_width += 2 * EDGE_LABEL_PADDING;
        }
    }
  if (!objgraph)
    {
      loosen_weak_edges (graph_edges, self->n_edges, self->n_nodes, edges);
      weigh_walked_edges (self->graph, edges);
    }
  self->layout = rsc_layout_run (&request, budget, cancellable, error);
  return self->layout != NULL;
}

static void
set_edge_bounds (RscSceneEdge *edge)
{
  rsc_bezier_get_bounds (edge->points, edge->n_points, &edge->left, &edge->top, &edge->right, &edge->bottom);
  if (edge->label != NULL)
    {
      double width, height;

      rsc_label_get_size (edge->label, &width, &height);
      edge->left = MIN (edge->left, edge->label_x - width / 2);
      edge->right = MAX (edge->right, edge->label_x + width / 2);
      edge->top = MIN (edge->top, edge->label_y - height / 2);
      edge->bottom = MAX (edge->bottom, edge->label_y + height / 2);
    }
}

static void
put_together (RscScene *self)
{
  RscLayoutResult *layout = self->layout;

  for (guint32 p = 0; p < layout->first_point[self->n_edges]; p++)
    {
      layout->points[p].x += RSC_SCENE_MARGIN;
      layout->points[p].y += RSC_SCENE_MARGIN;
    }
  for (gsize i = 0; i < self->n_nodes; i++)
    {
      self->nodes[i].x = layout->centers[i].x + RSC_SCENE_MARGIN - self->nodes[i].width / 2;
      self->nodes[i].y = layout->centers[i].y + RSC_SCENE_MARGIN - self->nodes[i].height / 2;
    }
  for (gsize e = 0; e < self->n_edges; e++)
    {
      RscSceneEdge *edge = &self->edges[e];

      edge->points = layout->points + layout->first_point[e];
      edge->n_points = layout->first_point[e + 1] - layout->first_point[e];
      edge->label_x = layout->label_centers[e].x + RSC_SCENE_MARGIN;
      edge->label_y = layout->label_centers[e].y + RSC_SCENE_MARGIN;
      set_edge_bounds (edge);
    }
  self->width = layout->width + 2 * RSC_SCENE_MARGIN;
  self->height = layout->height + 2 * RSC_SCENE_MARGIN;
}

RscScene *
rsc_scene_new (RscGraph *graph, double budget_seconds, const RscProgress *progress, GCancellable *cancellable,
               GError **error)
{
  g_autoptr(RscScene) self = g_new0 (RscScene, 1);
  const RscViewParams *params = rsc_view_get_params (rsc_graph_get_view (graph));

  rsc_census_born (RSC_CENSUS_SCENE);
  g_atomic_ref_count_init (&self->ref_count);
  self->graph = rsc_graph_ref (graph);
  rsc_graph_get_nodes (graph, &self->n_nodes);
  if (!check_size (self->n_nodes, error))
    return NULL;
  if (!measure (self, params->objgraph, progress, cancellable, error) ||
      !lay_out (self, params->swap, params->objgraph, budget_seconds, progress, cancellable, error))
    return NULL;
  put_together (self);
  rsc_progress_report (progress, 1, _("Laid out"));
  return g_steal_pointer (&self);
}

RscScene *
rsc_scene_ref (RscScene *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
rsc_scene_unref (RscScene *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  for (gsize i = 0; self->nodes != NULL && i < self->n_nodes; i++)
    g_clear_pointer ((RscLabel **) &self->nodes[i].label, rsc_label_free);
  for (gsize e = 0; self->edges != NULL && e < self->n_edges; e++)
    g_clear_pointer ((RscLabel **) &self->edges[e].label, rsc_label_free);
  g_free (self->nodes);
  g_free (self->edges);
  g_clear_pointer (&self->layout, rsc_layout_result_free);
  rsc_graph_unref (self->graph);
  g_free (self);
  rsc_census_died (RSC_CENSUS_SCENE);
}

RscGraph *
rsc_scene_get_graph (RscScene *self)
{
  return self->graph;
}

const RscSceneNode *
rsc_scene_get_nodes (RscScene *self, gsize *n_nodes)
{
  if (n_nodes != NULL)
    *n_nodes = self->n_nodes;
  return self->nodes;
}

const RscSceneEdge *
rsc_scene_get_edges (RscScene *self, gsize *n_edges)
{
  if (n_edges != NULL)
    *n_edges = self->n_edges;
  return self->edges;
}

void
rsc_scene_get_size (RscScene *self, double *width, double *height)
{
  *width = self->width;
  *height = self->height;
}

const char *
rsc_scene_get_engine (RscScene *self)
{
  return self->layout->engine;
}

const char *
rsc_scene_get_settings (RscScene *self)
{
  return self->layout->settings;
}

const char *
rsc_scene_get_note (RscScene *self)
{
  return self->layout->note;
}

double
rsc_scene_get_seconds (RscScene *self)
{
  return self->layout->seconds;
}

gssize
rsc_scene_find_node (RscScene *self, double x, double y)
{
  for (gsize i = self->n_nodes; i-- > 0;)
    {
      const RscSceneNode *node = &self->nodes[i];

      if (x >= node->x && y >= node->y && x <= node->x + node->width && y <= node->y + node->height)
        return (gssize) i;
    }
  return -1;
}

static gboolean
is_on_label (const RscSceneEdge *edge, double x, double y)
{
  double width, height;

  if (edge->label == NULL)
    return FALSE;
  rsc_label_get_size (edge->label, &width, &height);
  return ABS (x - edge->label_x) <= width / 2 && ABS (y - edge->label_y) <= height / 2;
}

gssize
rsc_scene_find_edge (RscScene *self, double x, double y, double tolerance)
{
  double best = tolerance;
  gssize found = -1;

  for (gsize e = self->n_edges; e-- > 0;)
    {
      const RscSceneEdge *edge = &self->edges[e];
      double distance;

      if (x < edge->left - tolerance || x > edge->right + tolerance ||
          y < edge->top - tolerance || y > edge->bottom + tolerance)
        continue;
      if (is_on_label (edge, x, y))
        return (gssize) e;
      distance = rsc_bezier_distance (edge->points, edge->n_points, (RscPoint) { x, y });
      if (distance < best || (found < 0 && distance <= best))
        {
          best = distance;
          found = (gssize) e;
        }
    }
  return found;
}

static void
append_number (GString *json, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  /* Hundredths of a point are finer than any output. */
  g_string_append (json, g_ascii_formatd (text, sizeof text, "%.2f", value == 0 ? 0 : value));
}

static void
append_member (GString *json, const char *name, double value)
{
  g_string_append_printf (json, ", \"%s\": ", name);
  append_number (json, value);
}

char *
rsc_scene_to_json (RscScene *self)
{
  static const char *const kinds[] = { "object", "fold", "finalizer" };
  static const char *const edge_kinds[] = { "reference", "fold", "bridge" };
  const RscGraphNode *graph_nodes = rsc_graph_get_nodes (self->graph, &self->n_nodes);
  const RscGraphEdge *graph_edges = rsc_graph_get_edges (self->graph, &self->n_edges);
  GString *json = g_string_new ("{\n\"engine\": ");

  rsc_json_append_string (json, self->layout->engine);
  g_string_append (json, ", \"settings\": ");
  rsc_json_append_string (json, self->layout->settings);
  append_member (json, "width", self->width);
  append_member (json, "height", self->height);
  g_string_append (json, ",\n\"nodes\": [");
  for (gsize i = 0; i < self->n_nodes; i++)
    {
      g_string_append (json, i > 0 ? ",\n {\"id\": " : "\n {\"id\": ");
      rsc_json_append_string (json, graph_nodes[i].id);
      g_string_append_printf (json, ", \"kind\": \"%s\"", kinds[graph_nodes[i].kind]);
      append_member (json, "x", self->nodes[i].x);
      append_member (json, "y", self->nodes[i].y);
      append_member (json, "width", self->nodes[i].width);
      append_member (json, "height", self->nodes[i].height);
      g_string_append (json, ", \"text\": ");
      rsc_json_append_string (json, rsc_label_get_text (self->nodes[i].label));
      g_string_append_c (json, '}');
    }
  g_string_append (json, "],\n\"edges\": [");
  for (gsize e = 0; e < self->n_edges; e++)
    {
      const RscSceneEdge *edge = &self->edges[e];

      g_string_append_printf (json, "%s\n {\"source\": %u, \"target\": %u, \"kind\": \"%s\", \"points\": [",
                              e > 0 ? "," : "", graph_edges[e].source, graph_edges[e].target,
                              edge_kinds[graph_edges[e].kind]);
      for (gsize p = 0; p < edge->n_points; p++)
        {
          g_string_append (json, p > 0 ? ", [" : "[");
          append_number (json, edge->points[p].x);
          g_string_append (json, ", ");
          append_number (json, edge->points[p].y);
          g_string_append_c (json, ']');
        }
      g_string_append_c (json, ']');
      if (edge->label != NULL)
        {
          append_member (json, "x", edge->label_x);
          append_member (json, "y", edge->label_y);
          g_string_append (json, ", \"text\": ");
          rsc_json_append_string (json, rsc_label_get_text (edge->label));
        }
      g_string_append_c (json, '}');
    }
  g_string_append (json, "]\n}\n");
  return g_string_free (json, FALSE);
}
