/* One place in a page's history: what was drawn, of which capture, and what was
 * selected in it. */
#pragma once

#include "rsc-heap-capture.h"

#include "graph/rsc-view.h"

G_BEGIN_DECLS

typedef struct
{
  RscHeapCapture *capture;
  RscSide side;
  RscView *view;
  RscNode selected; /* RSC_NODE_NONE: nothing */
} RscPlace;

RscPlace *rsc_place_new  (RscHeapCapture *capture, RscSide side, RscView *view, RscNode selected);
void      rsc_place_free (RscPlace *self);

/* Places that were left and can be gone back to, as in a browser. */
typedef struct _RscHistory RscHistory;

#define RSC_HISTORY_MAX 200

RscHistory *rsc_history_new  (void);
void        rsc_history_free (RscHistory *self);

/* Takes @place over; what lay ahead is dropped.  A place that draws the same as
 * the current one replaces it. */
void      rsc_history_push (RscHistory *self, RscPlace *place);
/* The current place, borrowed; NULL while there is none. */
RscPlace *rsc_history_get_current (RscHistory *self);
/* The place @steps away (-1: back), borrowed; NULL if there is none. */
RscPlace *rsc_history_peek (RscHistory *self, int steps);
/* Makes that place the current one. */
void      rsc_history_go   (RscHistory *self, int steps);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscPlace, rsc_place_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscHistory, rsc_history_free)

G_END_DECLS
