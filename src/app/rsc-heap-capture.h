/* One capture of a heap as the window keeps it: a snapshot, or the two of a
 * collection, with what was computed about them. */
#pragma once

#include "analysis/rsc-components.h"
#include "capture/rsc-target.h"
#include "collect/rsc-collect.h"
#include "snapshot/rsc-snapshot.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum
{
  RSC_SIDE_BEFORE, /* a collection's snapshot before; of any other capture the only one */
  RSC_SIDE_AFTER
} RscSide;

#define RSC_TYPE_HEAP_CAPTURE (rsc_heap_capture_get_type ())
G_DECLARE_FINAL_TYPE (RscHeapCapture, rsc_heap_capture, RSC, HEAP_CAPTURE, GObject)

/* @title: what people call it ("after a created"); NULL takes the hint. */
RscHeapCapture *rsc_heap_capture_new                (RscSnapshot *snapshot, const char *title, guint number);
/* Takes @collection and @diff over. */
RscHeapCapture *rsc_heap_capture_new_for_collection (RscCollection *collection, RscCollectionDiff *diff, guint number);

const char   *rsc_heap_capture_get_title    (RscHeapCapture *self);
/* "1,204 objects, 1.2 MB" */
const char   *rsc_heap_capture_get_subtitle (RscHeapCapture *self);
guint         rsc_heap_capture_get_number   (RscHeapCapture *self);
RscSnapshot  *rsc_heap_capture_get_snapshot (RscHeapCapture *self, RscSide side);
/* NULL unless it is a collection's. */
RscCollection     *rsc_heap_capture_get_collection (RscHeapCapture *self);
RscCollectionDiff *rsc_heap_capture_get_diff       (RscHeapCapture *self);

/* Computed later, kept here; the setters take over. */
RscPrediction *rsc_heap_capture_get_prediction (RscHeapCapture *self, RscSide side, guint generation, RscOverlay **overlay);
void           rsc_heap_capture_set_prediction (RscHeapCapture *self, RscSide side, RscPrediction *prediction, RscOverlay *overlay);
RscComponents *rsc_heap_capture_get_components (RscHeapCapture *self, RscSide side, RscOverlay **overlay);
/* @own: which of them are of the author's making, or NULL. */
void           rsc_heap_capture_set_components (RscHeapCapture *self, RscSide side, RscComponents *components, RscOverlay *overlay,
                                                RscBitset *own);
RscBitset     *rsc_heap_capture_get_own_cycles (RscHeapCapture *self, RscSide side);

G_END_DECLS
