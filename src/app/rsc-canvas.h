/* The canvas: one scene, to be panned, zoomed, pointed at and walked over by
 * keyboard.  It knows scenes and overlays only; what a click means for the view
 * is decided by who listens to its signals.
 *
 * A widget that scrolls itself (not inside a GtkScrolledWindow).  Node and edge
 * numbers are those of the scene and its graph; -1 stands for none.
 *
 * Signals:
 *   node-selected (int node)       by pointer, by keyboard, or by a call; -1: none
 *   node-activated (uint node)     double click or Return on an object
 *   fold-activated (uint node)     click or Return on a fold: open more
 *   edge-selected (int edge)
 *   hover-changed (int node, int edge)
 *   context-menu (int node, int edge, double x, double y)
 *                                  secondary click, long press, Menu key or
 *                                  Shift+F10; x, y in the canvas's coordinates,
 *                                  where a popover is to point to.  A node is
 *                                  selected before.
 *   zoom-changed ()
 *
 * Properties, all with notification: scene, overlay, theme, selected-node,
 * selected-edge, zoom, highlight-neighbours.
 *
 * Actions of the class: canvas.zoom-in, canvas.zoom-out, canvas.fit,
 * canvas.zoom-normal, canvas.select-next, canvas.select-previous.
 *
 * Keys: arrows pan, or with a selected node go to the nearest node in that
 * direction, along an edge where there is one (Ctrl+arrows always pan); + -
 * Page_Up Page_Down zoom; 1 or Ctrl+0 is 1:1, W or 0 fits; Home selects the
 * start node; with a selected node Tab and Shift+Tab go on in graph order and
 * leave the canvas at the ends, without one they leave at once; Return
 * activates; Escape deselects.  Pointer: drag pans, Ctrl+drag zooms, Shift+drag
 * zooms into an area, the wheel scrolls, Ctrl+wheel and pinch zoom at the
 * pointer; a double click on an edge flies to its far end.  A small map in the
 * upper right corner, where not all is in sight, is clicked or dragged to go
 * elsewhere. */
#pragma once

#include <gtk/gtk.h>

#include "render/rsc-painter.h"
#include "render/rsc-scene.h"

G_BEGIN_DECLS

#define RSC_TYPE_CANVAS (rsc_canvas_get_type ())
G_DECLARE_FINAL_TYPE (RscCanvas, rsc_canvas, RSC, CANVAS, GtkWidget)

GtkWidget *rsc_canvas_new (void);

/* Shows @scene (NULL: nothing).  The first scene is fitted, never above 1:1;
 * where its labels could not be read then, its start node comes to the middle,
 * legible.
 * With a later one the zoom stays and one node keeps its place to a pixel: the
 * one whose graph id is @anchor_id ("o140..."), else the selected one, else the
 * one nearest to the middle that is in both.  Where nothing is in both, the
 * start node comes to the middle.  Nodes in both move from their old place to
 * the new one where animations are enabled.  The selection stays where its node
 * is in both.  An overlay stays set only if it is of the same snapshot. */
void        rsc_canvas_set_scene   (RscCanvas *self, RscScene *scene, const char *anchor_id);
RscScene   *rsc_canvas_get_scene   (RscCanvas *self); /* borrowed, may be NULL */

/* States, badges and ghosts; NULL: none.  The picture stays in place. */
void        rsc_canvas_set_overlay (RscCanvas *self, RscOverlay *overlay);
RscOverlay *rsc_canvas_get_overlay (RscCanvas *self);

void        rsc_canvas_set_theme   (RscCanvas *self, RscTheme theme);
RscTheme    rsc_canvas_get_theme   (RscCanvas *self);

/* Dims everything but the selected (else the hovered) node, its neighbours and
 * the edges between them. */
void        rsc_canvas_set_highlight_neighbours (RscCanvas *self, gboolean highlight);
gboolean    rsc_canvas_get_highlight_neighbours (RscCanvas *self);

/* What happens just now: a ring around the node, and the edge stands out; -1: none.  Gone with the scene. */
void        rsc_canvas_set_lit (RscCanvas *self, int node, int edge);
int         rsc_canvas_get_lit_node (RscCanvas *self);
int         rsc_canvas_get_lit_edge (RscCanvas *self);

/* What a search found is marked; NULL, 0: nothing. */
void        rsc_canvas_set_matches (RscCanvas *self, const guint *nodes, gsize n_nodes);

/* Selecting a node deselects the edge, and the other way round. */
void        rsc_canvas_select_node (RscCanvas *self, int node);
int         rsc_canvas_get_selected_node (RscCanvas *self);
void        rsc_canvas_select_edge (RscCanvas *self, int edge);
int         rsc_canvas_get_selected_edge (RscCanvas *self);
int         rsc_canvas_get_hovered_node (RscCanvas *self);

/* Brings the node to the middle, smoothly where animations are enabled. */
void        rsc_canvas_center_on_node (RscCanvas *self, int node);
/* Pans as little as is needed to have the whole node in sight. */
void        rsc_canvas_reveal_node    (RscCanvas *self, int node);

/* Pixels a unit; 1.0 is 1:1. */
double      rsc_canvas_get_zoom (RscCanvas *self);
/* Keeps the middle in place. */
void        rsc_canvas_set_zoom (RscCanvas *self, double zoom);
void        rsc_canvas_zoom_in  (RscCanvas *self);
void        rsc_canvas_zoom_out (RscCanvas *self);
void        rsc_canvas_fit      (RscCanvas *self);

/* As the first scene is shown: all of it if that is legible, else the start. */
void        rsc_canvas_show_start (RscCanvas *self);

/* Where the node is now, in the canvas's coordinates; also where it is out of
 * sight.  FALSE if there is no such node.  For popovers and tests. */
gboolean    rsc_canvas_get_node_rect (RscCanvas *self, int node, graphene_rect_t *rect);

/* TRUE once everything in sight is painted at its final zoom and nothing
 * moves; for tests. */
gboolean    rsc_canvas_is_settled (RscCanvas *self);

G_END_DECLS
