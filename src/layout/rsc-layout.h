/* Places for a graph, found by Graphviz in a child process.  Sizes in, places
 * out; no text and no fonts.  Units are points, y grows downwards. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  double width, height; /* of the box */
} RscLayoutNode;

typedef struct
{
  guint32 source, target;
  double label_width, label_height; /* 0, 0: no label */
  guint weight;                     /* 1 or more */
  gboolean loose;                   /* does not ask that its source be above its target */
} RscLayoutEdge;

typedef struct
{
  gsize n_nodes;
  const RscLayoutNode *nodes;
  gsize n_edges;
  const RscLayoutEdge *edges;
  gboolean left_to_right; /* rankdir=LR */
} RscLayoutRequest;

typedef struct { double x, y; } RscPoint;

typedef struct
{
  gsize n_nodes;
  RscPoint *centers;
  gsize n_edges;
  /* A cubic Bezier spline: points[first_point[e]] to points[first_point[e+1]],
   * exclusive; 3k + 1 points, the last one being the arrow's tip. */
  guint32 *first_point;
  RscPoint *points;
  RscPoint *label_centers; /* meaningless where the edge has no label */
  double width, height;    /* everything lies within 0,0 - width,height */
  char *engine;            /* "dot", "sfdp", "rows" */
  char *settings;          /* "nslimit=0.02 splines=line"; "" for the engine's defaults */
  char *note;              /* a translated sentence if a coarser engine had to be taken, or NULL */
  double seconds;
} RscLayoutResult;

/* Lays out within @budget_seconds (0: the default, 5, or 20 above 2,000 nodes):
 * dot's defaults for up to about 200 nodes, limits above, a coarser engine if
 * the time ran out or Graphviz failed (each attempt is a child process, killed
 * when its time is up), and at last rows and straight lines of our own, so that
 * there always is a drawing.  @cancellable kills it at once.  RSC_LAYOUT_ERROR:
 * LIMIT, NOT_FOUND (the refscope-layout program), BAD_VERSION (it is another
 * build's). */
RscLayoutResult *rsc_layout_run (const RscLayoutRequest  *request,
                                 double                   budget_seconds,
                                 GCancellable            *cancellable,
                                 GError                 **error);
void rsc_layout_result_free (RscLayoutResult *self);

/* A DOT digraph, parsed in the child. */
typedef struct
{
  gsize n_nodes;
  char **names;   /* n_nodes, and NULL */
  char **labels;  /* the label attribute or the name */
  gsize n_edges;
  guint32 *sources, *targets;
  char **edge_labels; /* "" for none; n_edges, and NULL */
  char *graph_name;
  gboolean directed;
  gboolean more; /* further graphs follow in the text; they were not read */
  guint32 root; /* the first node with root=true or that the graph's root names; else G_MAXUINT32 */
} RscDotGraph;

/* RSC_FORMAT_ERROR: CORRUPT with line, column and byte offset, as far as Graphviz
 * lets them be found; LIMIT: too large, too slow to parse,
 * or too much for the parser.  RSC_LAYOUT_ERROR: NOT_FOUND, as above. */
RscDotGraph *rsc_layout_parse_dot (const char    *text,
                                   gsize          length,
                                   GCancellable  *cancellable,
                                   GError       **error);
void rsc_dot_graph_free (RscDotGraph *self);

/* Starts a spare child now, so that the next layout does not wait for it. */
void rsc_layout_warm_up (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscLayoutResult, rsc_layout_result_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscDotGraph, rsc_dot_graph_free)

G_END_DECLS
