/* What the canvas's files share. */
#pragma once

#include "rsc-canvas.h"
#include "rsc-tiles.h"
#include "rsc-viewport.h"

G_BEGIN_DECLS

#define RSC_CANVAS_MOVE_SECONDS 0.22

typedef enum
{
  RSC_DRAG_NONE,
  RSC_DRAG_PAN,
  RSC_DRAG_ZOOM,
  RSC_DRAG_AREA,
  RSC_DRAG_MAP
} RscDragMode;

struct _RscCanvas
{
  GtkWidget parent_instance;

  /* Owned */
  RscScene *scene;
  RscOverlay *overlay;
  RscScene *old_scene;      /* while nodes move */
  RscTiles *tiles;          /* at the current zoom, or nearly */
  RscTiles *previous_tiles; /* shown below, scaled, until the others are there */
  RscTiles *overview;       /* all of the scene, coarse: below everything */
  GArray *matches;          /* guint */
  GHashTable *moving_nodes; /* node -> GskRenderNode, while nodes move */
  GskRenderNode *marks;     /* hover, selection, matches; NULL: to be made */
  GskRenderNode *map;       /* the whole scene, small; NULL: to be made */

  /* State */
  RscViewport viewport;
  RscTheme theme;
  int selected_node, selected_edge;
  int hovered_node, hovered_edge;
  int lit_node, lit_edge;
  gboolean highlight_neighbours;
  gboolean needs_first_view; /* a scene came before a size */
  gboolean fitted;           /* and is to stay so when the size changes */
  guint settle_id;           /* paints at the new zoom once zooming rests */

  /* Animation of the viewport, and of the nodes */
  guint tick_id;
  gint64 fly_start, move_start; /* frame time; 0: none */
  RscViewport fly_from, fly_to;
  int *old_index;            /* per node: its index in old_scene, or -1 */
  double move_dx, move_dy;   /* from a place in old_scene to where it was seen, in the new scene's units */

  /* Input */
  RscDragMode drag_mode;
  RscViewport drag_viewport; /* as it was */
  double drag_x, drag_y;     /* where it began */
  RscBox drag_area;
  double pinch_zoom;
  double pointer_x, pointer_y;
  gboolean pointer_inside;
  gboolean dragged;          /* so that the release is no click */
};

void rsc_canvas_add_input (RscCanvas *self);
void rsc_canvas_add_actions (GtkWidgetClass *widget_class);

/* After the viewport changed by hand: stops flying, repaints. */
void rsc_canvas_viewport_changed (RscCanvas *self, gboolean zoom_changed);
/* After it changed in any way: repaints, and tells. */
void rsc_canvas_viewport_moved (RscCanvas *self, gboolean zoom_changed);
void rsc_canvas_hover (RscCanvas *self, int node, int edge);

void rsc_canvas_emit_activate (RscCanvas *self, int node);
void rsc_canvas_emit_context_menu (RscCanvas *self, int node, int edge, double x, double y);

/* rsc-canvas-tiles.c */
void rsc_canvas_drop_tiles (RscCanvas *self);
/* At the current zoom; the old ones stay below until they are there. */
void rsc_canvas_renew_tiles (RscCanvas *self);
void rsc_canvas_renew_overview (RscCanvas *self);
/* Paints at the new zoom once zooming rests. */
void rsc_canvas_settle_later (RscCanvas *self);

/* rsc-canvas-animation.c */
gboolean rsc_canvas_can_animate (RscCanvas *self);
void rsc_canvas_fly_to (RscCanvas *self, const RscViewport *to);
/* Nodes go from where they were in @old_scene. */
void rsc_canvas_start_moving (RscCanvas *self, RscScene *old_scene, const RscViewport *old_viewport);
void rsc_canvas_stop_moving (RscCanvas *self);

/* rsc-canvas-draw.c.  @software: rsc-picture.h says what is better then. */
void rsc_canvas_draw (RscCanvas *self, GtkSnapshot *snapshot, gboolean software);
GdkRGBA rsc_canvas_make_rgba (guint32 rgb, float alpha);

/* rsc-canvas-map.c */
void rsc_canvas_draw_map (RscCanvas *self, GtkSnapshot *snapshot, gboolean software);
/* After the overview changed. */
void rsc_canvas_forget_map (RscCanvas *self);

G_END_DECLS
