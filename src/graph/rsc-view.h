/* A view: what is to be drawn of a heap.  An immutable value. */
#pragma once

#include "snapshot/rsc-snapshot.h"

G_BEGIN_DECLS

typedef enum
{
  RSC_DIRECTION_REFS,     /* what the objects refer to */
  RSC_DIRECTION_BACKREFS, /* what refers to them */
  RSC_DIRECTION_BOTH
} RscDirection;

typedef enum
{
  RSC_EDGES_EVERYTHING, /* what the collector sees, and what people ask for */
  RSC_EDGES_COLLECTOR   /* what tp_traverse visits, as objgraph sees it */
} RscEdgeSet;

/* A fold that was opened: @extra more neighbours of @node than the limits say. */
typedef struct
{
  RscNode node;
  guint32 extra;
} RscExpansion;

#define RSC_VIEW_EXPAND_STEP 20
#define RSC_VIEW_MAX_NODES_DEFAULT 200
#define RSC_VIEW_MAX_NODES_CEILING 5000 /* a layout of more is refused */

/* The parameters, by objgraph's names.  NULL and 0-length mean none. */
typedef struct
{
  RscDirection direction;
  RscEdgeSet edges;
  guint max_depth;  /* 3 */
  guint too_many;   /* 10 */
  guint max_nodes;  /* RSC_VIEW_MAX_NODES_DEFAULT; 0: no limit.  So many objects at most.  The boxes of what
                     * was left out come on top, but with them it is at most a quarter more (and no
                     * ceiling is passed for them): else fewer objects are drawn, at least one. */
  const RscNode *objects;
  gsize n_objects;
  const RscNode *extra_ignore; /* objects, by identity */
  gsize n_extra_ignore;
  const char *const *ignore_types; /* NULL-terminated: "this type": names, with or without module */
  const char *filter;     /* SQL over the node columns: go through only these */
  const char *hide;       /* SQL: left out, bridged by a dashed edge */
  const char *highlight;  /* SQL */
  const char *extra_info; /* SQL expression whose text is added to the label */
  const RscExpansion *expansions;
  gsize n_expansions;
  gboolean refcounts;
  gboolean shortnames;    /* TRUE */
  gboolean swap;          /* arrows drawn from the target to the source */
  gboolean type_edges;    /* draw the reference from an object to its class, too, which the
                           * object's box names already; see rsc_graph_build() */
  gboolean objgraph;      /* objgraph's order, labels, colours and truncation, to the letter */
} RscViewParams;

#define RSC_VIEW_PARAMS_INIT \
  { .direction = RSC_DIRECTION_REFS, .edges = RSC_EDGES_EVERYTHING, .max_depth = 3, .too_many = 10, \
    .max_nodes = RSC_VIEW_MAX_NODES_DEFAULT, .shortnames = TRUE }

typedef struct _RscView RscView;

/* Copies all of @params. */
RscView *rsc_view_new   (const RscViewParams *params);
RscView *rsc_view_ref   (RscView *self);
void     rsc_view_unref (RscView *self);

/* Borrowed; lives as long as the view. */
const RscViewParams *rsc_view_get_params (RscView *self);
gboolean             rsc_view_equal      (RscView *a, RscView *b);

/* An a{sv}, to be unref'd; objects as (address, type name) so that it can be looked up again. */
GVariant *rsc_view_to_variant   (RscView *self, RscSnapshot *snapshot);
RscView  *rsc_view_from_variant (GVariant *variant, RscSnapshot *snapshot, GError **error);

/* "refscope-cli backrefs FILE 0x... --max-depth 5": quoted for a shell.
 * @source: the file, or "pid:N".  Free with g_free(). */
char *rsc_view_to_command_line (RscView *self, RscSnapshot *snapshot, const char *source);

/* The same object in another snapshot: by address, type and size.
 * RSC_NODE_NONE if it is gone; *presumed is TRUE where only those three agree. */
RscNode rsc_view_carry_over (RscSnapshot *from, RscNode node, RscSnapshot *to, gboolean *presumed);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscView, rsc_view_unref)

G_END_DECLS
