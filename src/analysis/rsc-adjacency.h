/* The neighbours of a heap's nodes in one direction, with what a walk is not to
 * follow left out.  Used by every walk over the heap. */
#pragma once

#include "rsc-reach.h"

G_BEGIN_DECLS

typedef struct
{
  /* Node i's neighbours: first[i] to first[i + 1], exclusive; those to be
   * followed where kind is NULL or (kind[e] & mask) == wanted. */
  const guint64 *first;
  const guint32 *neighbour;
  const guint8 *kind;
  guint8 mask;
  guint8 wanted;

  guint64 *owned_first;
  guint32 *owned_neighbour;
} RscAdjacency;

/* Asks for the blocks it needs.  Backwards, where some edges are to be left
 * out, it makes an index of the others: about 60 ms for 8 million edges. */
gboolean rsc_adjacency_init  (RscAdjacency *self, RscSnapshot *snapshot, RscReachFlags flags,
                              GCancellable *cancellable, GError **error);
void     rsc_adjacency_clear (RscAdjacency *self);

static inline gboolean
rsc_adjacency_follows (const RscAdjacency *self, guint64 edge)
{
  return self->kind == NULL || (self->kind[edge] & self->mask) == self->wanted;
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RscAdjacency, rsc_adjacency_clear)

G_END_DECLS
