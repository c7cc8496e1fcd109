/* The canvas's geometry, without GTK: which part of a scene is where in the
 * widget.  Scene coordinates are units, widget coordinates pixels. */
#pragma once

#include "render/rsc-scene.h"

G_BEGIN_DECLS

#define RSC_VIEWPORT_MAX_ZOOM 4.0
#define RSC_VIEWPORT_MIN_ZOOM 0.02
#define RSC_VIEWPORT_ZOOM_STEP 1.2
/* The first view of a scene is not smaller, or its labels could not be read. */
#define RSC_VIEWPORT_LEGIBLE_ZOOM 0.85

typedef struct
{
  double x, y;          /* the scene point at the widget's upper left corner */
  double zoom;          /* pixels a unit */
  double width, height; /* of the widget */
  double scene_width, scene_height;
} RscViewport;

typedef struct { double x, y, width, height; } RscBox;

RscPoint rsc_viewport_to_scene  (const RscViewport *self, double x, double y);
RscPoint rsc_viewport_to_widget (const RscViewport *self, double x, double y);
RscBox   rsc_viewport_box_to_widget (const RscViewport *self, const RscSceneNode *node);
/* What is in sight, in units. */
RscBox   rsc_viewport_get_sight (const RscViewport *self);

/* The zoom at which all of the scene is in sight; not above 1. */
double rsc_viewport_get_fit_zoom (const RscViewport *self);
double rsc_viewport_clamp_zoom   (const RscViewport *self, double zoom);

void rsc_viewport_fit (RscViewport *self);
/* As large as fits, but legible: then the middle is on @focus, unless its
 * surroundings end before that. */
void rsc_viewport_first (RscViewport *self, RscPoint focus);
/* @x, @y, in pixels, stays on the same scene point. */
void rsc_viewport_zoom_at (RscViewport *self, double zoom, double x, double y);
/* By pixels; at least a strip of the scene stays in sight. */
void rsc_viewport_pan (RscViewport *self, double dx, double dy);
/* The scene point (x, y) comes to the pixel (wx, wy). */
void rsc_viewport_put (RscViewport *self, double x, double y, double wx, double wy);
void rsc_viewport_center_on (RscViewport *self, double x, double y);
/* Pans as little as needed to have the box in sight with a margin. */
void rsc_viewport_reveal (RscViewport *self, const RscSceneNode *node);
/* Zooms into an area given in pixels. */
void rsc_viewport_zoom_to_area (RscViewport *self, RscBox area);
/* The middle stays in the middle. */
void rsc_viewport_resize (RscViewport *self, double width, double height);

/* Where a small map of the whole scene is drawn, and at which zoom: in the upper
 * right corner.  FALSE where all of the scene is in sight, or the widget is too
 * small for it. */
gboolean rsc_viewport_get_map (const RscViewport *self, RscBox *box, double *zoom);
/* The middle comes to where (x, y), in pixels of the widget, points to in the map. */
void rsc_viewport_go_by_map (RscViewport *self, double x, double y);

/* Between two viewports of one widget, for animations; t from 0 to 1. */
void rsc_viewport_interpolate (RscViewport *self, const RscViewport *from, const RscViewport *to, double t);

typedef enum { RSC_WAY_LEFT, RSC_WAY_RIGHT, RSC_WAY_UP, RSC_WAY_DOWN } RscWay;

/* The node in that direction from @from: its nearest neighbour by an edge, else
 * the nearest of all, within 60 degrees; -1 if there is none. */
gssize rsc_viewport_find_next (RscScene *scene, gsize from, RscWay way);

/* Which node of @to is to keep the place that the same node has in @from: that
 * with the id @preferred (may be NULL), else the one of both scenes nearest to
 * the scene point @middle of @from.  FALSE if they share none. */
gboolean rsc_viewport_choose_anchor (RscScene *from, RscScene *to, const char *preferred, RscPoint middle,
                                     gsize *from_node, gsize *to_node);
/* Node of @scene with that id, or -1. */
gssize rsc_viewport_find_id (RscScene *scene, const char *id);

G_END_DECLS
