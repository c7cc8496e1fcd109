/* The reference graph: a view's parameters applied to a snapshot.  Small,
 * self-contained (all text is in it), immutable. */
#pragma once

#include "base/rsc-progress.h"
#include "rsc-view.h"

G_BEGIN_DECLS

typedef enum
{
  RSC_GRAPH_NODE_OBJECT,
  RSC_GRAPH_NODE_FOLD,     /* "5 more references": objgraph's too_many box, and our other cuts */
  RSC_GRAPH_NODE_FINALIZER /* objgraph's small "__del__" mark */
} RscGraphNodeKind;

typedef enum
{
  RSC_FOLD_NONE,
  RSC_FOLD_TOO_MANY,
  RSC_FOLD_DEPTH,     /* neighbours beyond max_depth (not with objgraph) */
  RSC_FOLD_MAX_NODES,
  RSC_FOLD_FILTER     /* neighbours that the filter or an ignore left out (not with objgraph) */
} RscFoldReason;

/* Ceilings of what is built in memory; a layout has a lower one.  Folds do not
 * count as nodes: each has its edge. */
#define RSC_GRAPH_MAX_NODES 1000000u
#define RSC_GRAPH_MAX_EDGES 4000000u

/* What an object is to a reader: the painter's themes choose colours by it.
 * With objgraph the node's own fill and font are to be taken instead. */
typedef enum
{
  RSC_ROLE_OTHER,     /* descriptors, cells, weak references ...; folds */
  RSC_ROLE_INSTANCE,  /* of a class made at run time */
  RSC_ROLE_CLASS,
  RSC_ROLE_FUNCTION,  /* functions, methods, builtins, code, generators */
  RSC_ROLE_MODULE,
  RSC_ROLE_CONTAINER, /* list, tuple, dict, set ... */
  RSC_ROLE_VALUE,     /* text, numbers, None */
  RSC_ROLE_FRAME,     /* a running function */
  RSC_N_ROLES
} RscRole;

/* Colours are 0xRRGGBB. */
typedef struct
{
  RscGraphNodeKind kind;
  RscRole role;
  RscFoldReason fold_reason;
  RscNode node;        /* the object; for the other kinds the one they belong to;
                        * RSC_NODE_NONE for a fold of further start objects */
  guint depth;
  guint64 count;       /* folds: how many references (backwards: referring objects) were left out */
  const char *id;      /* the DOT name: "o140...", "too_many_o140..." */
  const char *label;   /* lines separated by \n; the first is the type */
  guint32 fill;
  guint32 font;
  gboolean is_start;
  gboolean highlighted;
  gboolean is_module;
} RscGraphNode;

typedef enum
{
  RSC_GRAPH_EDGE_REFERENCE,
  RSC_GRAPH_EDGE_FOLD,      /* dotted, to a fold or a finalizer mark */
  RSC_GRAPH_EDGE_BRIDGE     /* dashed, over objects that are hidden */
} RscGraphEdgeKind;

typedef struct
{
  guint32 source;      /* index into the graph's nodes; in the sense of the reference,
                        * exchanged if the view swaps them */
  guint32 target;
  RscGraphEdgeKind kind;
  guint8 edge_kind;    /* RscEdgeKind and its flag bits */
  guint8 weight;       /* dot's weight: 1, 2, 10 */
  guint32 count;       /* references drawn as one, or objects hidden by a bridge; 1 */
  const char *label;   /* "" for none */
} RscGraphEdge;

typedef struct _RscGraph RscGraph;

/* RSC_QUERY_ERROR, SYNTAX: an expression does not parse; the message has its
 * position and is given before anything is drawn.  LIMIT: more than
 * RSC_GRAPH_MAX_NODES or _EDGES (only where max_nodes is 0).
 *
 * By objgraph's rules, see view->objgraph, or by Refscope's own: a level at a
 * time; references from one object to another are one edge that knows how many
 * they are; too_many counts neighbours; what is over max_nodes is shared out
 * among the parents in turn; each cut is a fold with the number of neighbours
 * behind it.  References from objects to their classes are drawn only with
 * type_edges, with RSC_EDGES_COLLECTOR, and backwards from a class that is one
 * of the objects or is expanded; of a class that is met on the way backwards the
 * instances are in its fold.  With RSC_DIRECTION_BOTH what the objects refer to is followed
 * forwards and what refers to them backwards.  An expansion draws as many more
 * of a node's neighbours, over all limits, also those that a filter left out
 * where there are no others. */
RscGraph *rsc_graph_build (RscSnapshot        *snapshot,
                           RscView            *view,
                           const RscProgress  *progress,
                           GCancellable       *cancellable,
                           GError            **error);
RscGraph *rsc_graph_ref   (RscGraph *self);
void      rsc_graph_unref (RscGraph *self);

/* Borrowed.  The count may be NULL. */
const RscGraphNode *rsc_graph_get_nodes (RscGraph *self, gsize *n_nodes);
const RscGraphEdge *rsc_graph_get_edges (RscGraph *self, gsize *n_edges);
RscSnapshot        *rsc_graph_get_snapshot (RscGraph *self);
RscView            *rsc_graph_get_view (RscGraph *self);
/* The graph's index of the object @node, or -1. */
gssize              rsc_graph_find (RscGraph *self, RscNode node);

/* DOT text as objgraph writes it.  Free with g_free(). */
char *rsc_graph_to_dot  (RscGraph *self);
/* {"nodes": [..], "edges": [..], "folds": [..]} by the command line's contract. */
char *rsc_graph_to_json (RscGraph *self);

/* The object as the contract's JSON: {"address": "0x..", "type": ...}. Appends. */
void rsc_node_append_json (GString *json, RscSnapshot *snapshot, RscNode node);
/* The line that says what @node is, as objgraph's repr: "3 items", "'text'",
 * "<__main__.A object at 0x7f...>"; at most 40 characters, made without
 * running the program's code.  Free with g_free(). */
char *rsc_node_dup_repr (RscSnapshot *snapshot, RscNode node);
/* The value as it is said to people: as rsc_snapshot_dup_value(), but "1 item",
 * and in their language.  Free with g_free(). */
char *rsc_node_dup_value (RscSnapshot *snapshot, RscNode node);
RscRole rsc_node_get_role (RscSnapshot *snapshot, RscNode node);

/* Appends @text as a JSON string with its quotes. */
void rsc_json_append_string (GString *json, const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscGraph, rsc_graph_unref)

G_END_DECLS
