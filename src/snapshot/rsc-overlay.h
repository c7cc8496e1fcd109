/* What is to be shown on top of a snapshot's nodes: a state, a group and a
 * badge for some of them.  Made by analyses and collections; the graph and its
 * places stay while overlays come and go.  Immutable once handed out. */
#pragma once

#include "rsc-snapshot.h"

G_BEGIN_DECLS

typedef enum
{
  RSC_STATE_NONE,
  RSC_STATE_FREED,         /* a ghost: it was freed by the collection */
  RSC_STATE_PREDICTED,     /* a collection would free it */
  RSC_STATE_PROMOTED,      /* moved to an older generation */
  RSC_STATE_STAYED,        /* survived where it was */
  RSC_STATE_NEW,           /* came into being meanwhile */
  RSC_STATE_UNKNOWN,       /* untracked: cannot be told */
  RSC_STATE_CYCLE,         /* member of a strongly connected component, alive */
  RSC_STATE_GARBAGE_CYCLE, /* member of one that is unreachable */
  RSC_STATE_UNREACHABLE,   /* not reached from the chosen start */
  RSC_STATE_REACHED,       /* reached from the chosen start */
  /* of a replay, while it goes on */
  RSC_STATE_EXAMINED,      /* in the list that is collected, not decided yet */
  RSC_STATE_TENTATIVE,     /* set aside: tentatively unreachable */
  RSC_STATE_RESCUED,       /* had been set aside, and was reached after all */
  RSC_STATE_KEPT,          /* unreachable, but kept for a legacy finalizer */
  RSC_STATE_FINALIZED,     /* its finalizer was called */
  RSC_STATE_CLEARED,       /* lets go of what it refers to */
  RSC_STATE_DYING,         /* its reference count is zero, it is being deallocated */
  RSC_STATE_WHITE,         /* not marked */
  RSC_STATE_GREY,          /* marked, its references are being followed */
  RSC_STATE_BLACK,         /* marked, and all its references were followed */
  RSC_N_STATES
} RscState;

typedef struct _RscOverlay RscOverlay;

RscOverlay *rsc_overlay_new   (RscSnapshot *snapshot);
RscOverlay *rsc_overlay_ref   (RscOverlay *self);
void        rsc_overlay_unref (RscOverlay *self);

/* group: which component or batch, counted from 0; -1 for none.
 * badge: a short text drawn at the node's corner, or NULL; copied. */
void        rsc_overlay_set (RscOverlay *self, RscNode node, RscState state, int group, const char *badge);

/* The reference that is being looked at; one of them. */
void        rsc_overlay_light_edge (RscOverlay *self, RscNode source, RscNode target);
gboolean    rsc_overlay_is_lit     (RscOverlay *self, RscNode source, RscNode target);

RscState    rsc_overlay_get_state (RscOverlay *self, RscNode node);
int         rsc_overlay_get_group (RscOverlay *self, RscNode node);
const char *rsc_overlay_get_badge (RscOverlay *self, RscNode node);
/* How many nodes of the whole snapshot have @state, drawn or not. */
guint32     rsc_overlay_count     (RscOverlay *self, RscState state);
/* The first @max nodes with @state, ascending; an array of RscNode, to be unref'd. */
GArray     *rsc_overlay_list      (RscOverlay *self, RscState state, guint max);
RscSnapshot *rsc_overlay_get_snapshot (RscOverlay *self);

/* The state as a translated word ("freed"), and as an identifier ("freed") for
 * JSON and CSS, never translated. */
const char *rsc_state_get_label (RscState state);
/* A sign for its badge ("✕"), or NULL where it has none. */
const char *rsc_state_get_sign  (RscState state);
const char *rsc_state_get_id    (RscState state);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscOverlay, rsc_overlay_unref)

G_END_DECLS
