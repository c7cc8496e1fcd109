/* What the parts of the graph's construction share. */
#pragma once

#include "base/rsc-bitset.h"
#include "query/rsc-filter.h"
#include "rsc-edge-finder.h"
#include "rsc-graph.h"

G_BEGIN_DECLS

struct _RscGraph
{
  gatomicrefcount refs;
  RscSnapshot *snapshot;
  RscView *view;
  GArray *nodes;        /* RscGraphNode */
  GArray *edges;        /* RscGraphEdge */
  GArray *queue;        /* guint32: with objgraph, nodes in the order in which they were walked
                         * from; an object that was given twice stands there twice */
  GArray *owners;       /* guint32 for each edge: with objgraph, the place in the queue that drew it */
  GHashTable *index;    /* RscNode + 1 -> index + 1 */
  GStringChunk *strings;
};

/* A graph under construction. */
typedef struct
{
  RscGraph *graph;

  /* Borrowed */
  RscSnapshot *snapshot;
  const RscColumns *columns;
  const RscViewParams *params;
  const RscProgress *progress;
  GCancellable *cancellable;

  /* Owned; NULL where the view has none */
  RscFilter *filter;
  RscFilter *hide;
  RscFilter *highlight;
  RscFilter *extra_info;
  RscBitset *ignored;       /* nodes */
  RscBitset *ignored_types;

  RscBitset *drawn;         /* nodes that are in the graph */
  RscEdgeFinder *finder;
  GHashTable *boxes;        /* folds and finalizer marks: id -> index + 1 */
  guint n_objects;
  guint max_objects;        /* max_nodes, or fewer for the folds' sake; 0: no limit */
  gboolean unexpanded;      /* as if there were no expansions */
  guint n_polls;
  guint64 n_steps_polled;   /* the finder's steps at the last look at the cancellable */
} RscGraphBuild;

/* Counts one item; FALSE if cancelled. */
gboolean rsc_graph_build_poll (RscGraphBuild *self, GError **error);

/* The index of the object's node in the graph; it is added if need be.
 * -1: an expression failed, or the graph is too large. */
gssize   rsc_graph_build_add_object (RscGraphBuild *self, RscNode node, guint depth,
                                     gboolean is_start, GError **error);
/* Puts objgraph's small "__del__" at the object's node. */
gboolean rsc_graph_build_add_finalizer (RscGraphBuild *self, gsize owner, GError **error);
/* @forwards: the neighbours of @owner are what it refers to. */
gboolean rsc_graph_build_add_edge (RscGraphBuild *self, gsize owner, gsize neighbour, gboolean forwards,
                                   const RscGraphEdge *edge, GError **error);
gboolean rsc_graph_build_add_fold (RscGraphBuild *self, gssize owner, guint depth, gboolean forwards,
                                   RscFoldReason reason, guint64 count, GError **error);
gboolean rsc_graph_build_is_ignored (RscGraphBuild *self, RscNode node);
/* How many more neighbours of @node an expansion asks for. */
guint32  rsc_graph_build_get_extra (RscGraphBuild *self, RscNode node);

static inline gssize
rsc_graph_build_find (RscGraphBuild *self, RscNode node)
{
  return rsc_bitset_get (self->drawn, node) ? rsc_graph_find (self->graph, node) : -1;
}

/* The two ways to walk. */
gboolean rsc_graph_walk          (RscGraphBuild *self, GError **error);
gboolean rsc_graph_walk_objgraph (RscGraphBuild *self, GError **error);

/* Labels.  Free with g_free(). */
char *rsc_graph_dup_node_label (RscGraphBuild *self, RscNode node, int depth, GError **error);
char *rsc_graph_dup_fold_label (const RscViewParams *params, gboolean forwards, RscFoldReason reason, guint64 count);
char *rsc_graph_dup_node_id    (const RscColumns *columns, RscNode node);
/* The type's own name, without an outer class's: borrowed from @type. */
const char *rsc_graph_short_type_name (const RscType *type);
gboolean rsc_graph_is_module (RscSnapshot *snapshot, const RscColumns *columns, RscNode node);

/* Colours */
typedef struct
{
  double h, s, v;
} RscHsv;

/* objgraph's fill for an object, and for the box of what was left out. */
RscHsv  rsc_graph_objgraph_fill (guint depth, guint max_depth, gboolean is_module, gboolean highlighted);
RscHsv  rsc_graph_objgraph_fold_fill (guint depth, guint max_depth);
guint32 rsc_hsv_to_rgb (RscHsv color);
/* Sets the node's fill and font. */
void    rsc_graph_color_node (RscGraphNode *node, const RscViewParams *params);

G_END_DECLS
