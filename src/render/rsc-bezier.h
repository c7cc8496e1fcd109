/* Cubic Bezier splines of 3k + 1 points. */
#pragma once

#include "layout/rsc-layout.h"

G_BEGIN_DECLS

/* The distance from @p to the spline, by flattening. */
double rsc_bezier_distance (const RscPoint *points, gsize n_points, RscPoint p);

/* The point at @t (0 to 1) of the spline's length in pieces. */
RscPoint rsc_bezier_at (const RscPoint *points, gsize n_points, double t);

/* The direction in which the spline arrives at its last point, of length 1;
 * 0, 0 for a spline that is a point. */
RscPoint rsc_bezier_end_direction (const RscPoint *points, gsize n_points);

/* The spline's control points' hull, as a box. */
void rsc_bezier_get_bounds (const RscPoint *points, gsize n_points,
                            double *left, double *top, double *right, double *bottom);

/* An arrow head of @length and @width whose tip is the spline's end. */
typedef struct
{
  RscPoint tip, left, right;
  RscPoint base; /* where the line is to end */
} RscArrow;
void rsc_bezier_get_arrow (const RscPoint *points, gsize n_points, double length, double width, RscArrow *arrow);

G_END_DECLS
