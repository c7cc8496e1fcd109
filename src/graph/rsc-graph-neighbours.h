/* The neighbours of one object in Refscope's own view: each other object once,
 * with all the references that lead to it. */
#pragma once

#include "rsc-graph-private.h"

G_BEGIN_DECLS

/* How many of a neighbour's references are named on its edge. */
#define RSC_NEIGHBOUR_LABELS 3

typedef struct
{
  RscNode node;
  guint32 hidden;      /* objects that were hidden on the way; 0: a direct reference */
  guint32 n_traversed; /* references that the collector sees */
  guint32 n_added;     /* references that were added for people */
  guint32 n_labels;
  guint64 edges[RSC_NEIGHBOUR_LABELS]; /* named ones before plain ones */
} RscNeighbour;

typedef struct
{
  GArray *listed;      /* RscNeighbour, at most the limit */
  guint64 n_more;      /* further ones that could be drawn */
  guint64 n_rejected;  /* left out by the filter or an ignore */
} RscNeighbours;

typedef struct _RscNeighbourScan RscNeighbourScan;

RscNeighbourScan *rsc_neighbour_scan_new  (RscGraphBuild *build);
void              rsc_neighbour_scan_free (RscNeighbourScan *self);

typedef struct
{
  RscNode node;
  guint depth;             /* of @node */
  gboolean forwards;
  gboolean types;          /* also the references from objects to their classes; without, a class's
                            * instances are counted where one asks who refers to it */
  gsize limit;
  gsize n_rejected_wanted; /* if fewer than @limit can be drawn, up to so many of the rejected ones are listed too */
  gboolean only_drawn;     /* lists those that are in the graph already; the others count as more */
} RscNeighbourQuery;

/* Lists at most @query's limit of neighbours in their order for people, and
 * counts the others. */
gboolean rsc_neighbour_scan_run (RscNeighbourScan *self, const RscNeighbourQuery *query,
                                 RscNeighbours *neighbours, GError **error);

void rsc_neighbours_clear (RscNeighbours *self);

/* "[0], [1], [2] … ×15".  Free with g_free(). */
char *rsc_neighbour_dup_label (RscSnapshot *snapshot, const RscNeighbour *neighbour);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscNeighbourScan, rsc_neighbour_scan_free)

G_END_DECLS
