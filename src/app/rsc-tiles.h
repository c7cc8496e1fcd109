/* A scene as tiles at one zoom, painted by worker threads.
 *
 * Main thread only, but for what the workers do inside.  Inputs are immutable,
 * so that nothing is locked: a set that is no longer wanted is dropped, and
 * what its workers still paint is thrown away. */
#pragma once

#include <gtk/gtk.h>

#include "render/rsc-painter.h"
#include "rsc-viewport.h"

G_BEGIN_DECLS

/* Pixels of the device, a side. */
#define RSC_TILE_SIZE 512

typedef struct _RscTiles RscTiles;

/* @changed is called in the main thread whenever a tile has come. */
RscTiles *rsc_tiles_new   (RscScene *scene, RscOverlay *overlay, RscTheme theme, double zoom, int scale_factor,
                           GSourceFunc changed, gpointer user_data);
/* After this @changed is not called any more. */
void      rsc_tiles_close (RscTiles *self);

double rsc_tiles_get_zoom (RscTiles *self);

/* Asks for what @sight (in units) needs, the middle first, and forgets what is
 * far from it. */
void rsc_tiles_want (RscTiles *self, RscBox sight);
/* Whether all of it is there. */
gboolean rsc_tiles_is_complete (RscTiles *self, RscBox sight);
/* Draws what is there of the sight, in pixels of @viewport.  @software: rsc-picture.h
 * says what is better then. */
void rsc_tiles_snapshot (RscTiles *self, GtkSnapshot *snapshot, const RscViewport *viewport, gboolean software);
/* The same, onto a surface. */
void rsc_tiles_draw     (RscTiles *self, cairo_t *cr, const RscViewport *viewport);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscTiles, rsc_tiles_close)

G_END_DECLS
