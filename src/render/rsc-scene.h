/* A laid-out graph: every box, line and text with its place.  The canvas and
 * all exports draw the same scene.  Immutable; any thread may draw it. */
#pragma once

#include "graph/rsc-graph.h"
#include "layout/rsc-layout.h"
#include "snapshot/rsc-overlay.h"
#include "text/rsc-label.h"

G_BEGIN_DECLS

typedef struct
{
  double x, y, width, height; /* the box; x, y is its upper left corner */
  const RscLabel *label;      /* drawn at the box's centre */
} RscSceneNode;

typedef struct
{
  const RscPoint *points; /* 3k + 1; the last is the arrow's tip, at the target (at the source in a swapped view) */
  gsize n_points;
  const RscLabel *label;  /* NULL: none */
  double label_x, label_y; /* its centre */
  double left, top, right, bottom; /* of the line and its label */
} RscSceneEdge;

/* Free space around everything, for rings, badges and wide lines. */
#define RSC_SCENE_MARGIN 16.0

typedef struct _RscScene RscScene;

/* Measures, lays out (rsc_layout_run()) and puts together.  Node i of the
 * scene is node i of the graph, likewise edges.  RSC_LAYOUT_ERROR, LIMIT above
 * RSC_VIEW_MAX_NODES_CEILING nodes, with the count and what to do. */
RscScene *rsc_scene_new (RscGraph            *graph,
                         double               budget_seconds,
                         const RscProgress   *progress,
                         GCancellable        *cancellable,
                         GError             **error);
RscScene *rsc_scene_ref   (RscScene *self);
void      rsc_scene_unref (RscScene *self);

RscGraph           *rsc_scene_get_graph (RscScene *self);
const RscSceneNode *rsc_scene_get_nodes (RscScene *self, gsize *n_nodes);
const RscSceneEdge *rsc_scene_get_edges (RscScene *self, gsize *n_edges);
void                rsc_scene_get_size  (RscScene *self, double *width, double *height);
/* The layout's report: borrowed; note may be NULL. */
const char *rsc_scene_get_engine   (RscScene *self);
const char *rsc_scene_get_settings (RscScene *self);
const char *rsc_scene_get_note     (RscScene *self);
double      rsc_scene_get_seconds  (RscScene *self);

/* The topmost node or edge at a point, or -1.  Edges within @tolerance units. */
gssize rsc_scene_find_node (RscScene *self, double x, double y);
gssize rsc_scene_find_edge (RscScene *self, double x, double y, double tolerance);

/* Geometry and texts, for golden files and exports.  Free with g_free(). */
char *rsc_scene_to_json (RscScene *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscScene, rsc_scene_unref)

G_END_DECLS
