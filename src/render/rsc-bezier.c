#include "config.h"

#include "rsc-bezier.h"

#include <math.h>

#define FLATTEN_STEPS 16

static RscPoint
evaluate (const RscPoint *p, double t)
{
  double s = 1 - t;
  double a = s * s * s, b = 3 * s * s * t, c = 3 * s * t * t, d = t * t * t;

  return (RscPoint) { a * p[0].x + b * p[1].x + c * p[2].x + d * p[3].x,
                      a * p[0].y + b * p[1].y + c * p[2].y + d * p[3].y };
}

static double
segment_distance (RscPoint a, RscPoint b, RscPoint p)
{
  double dx = b.x - a.x, dy = b.y - a.y;
  double length = dx * dx + dy * dy;
  double t = length > 0 ? CLAMP (((p.x - a.x) * dx + (p.y - a.y) * dy) / length, 0, 1) : 0;

  return hypot (p.x - (a.x + t * dx), p.y - (a.y + t * dy));
}

double
rsc_bezier_distance (const RscPoint *points, gsize n_points, RscPoint p)
{
  double best = G_MAXDOUBLE;

  for (gsize piece = 0; piece + 3 < n_points; piece += 3)
    {
      RscPoint from = points[piece];

      for (guint i = 1; i <= FLATTEN_STEPS; i++)
        {
          RscPoint to = evaluate (points + piece, (double) i / FLATTEN_STEPS);

          best = MIN (best, segment_distance (from, to, p));
          from = to;
        }
    }
  return best;
}

RscPoint
rsc_bezier_at (const RscPoint *points, gsize n_points, double t)
{
  gsize n_pieces = (n_points - 1) / 3;
  double at = CLAMP (t, 0, 1) * (double) n_pieces;
  gsize piece = MIN ((gsize) at, n_pieces - 1);

  return evaluate (points + 3 * piece, at - (double) piece);
}

RscPoint
rsc_bezier_end_direction (const RscPoint *points, gsize n_points)
{
  RscPoint end = points[n_points - 1];

  /* Control points may lie on one another. */
  for (gsize i = n_points - 1; i-- > 0;)
    {
      double dx = end.x - points[i].x, dy = end.y - points[i].y;
      double length = hypot (dx, dy);

      if (length > 1e-3)
        return (RscPoint) { dx / length, dy / length };
    }
  return (RscPoint) { 0, 0 };
}

void
rsc_bezier_get_bounds (const RscPoint *points, gsize n_points, double *left, double *top, double *right, double *bottom)
{
  *left = *right = points[0].x;
  *top = *bottom = points[0].y;
  for (gsize i = 1; i < n_points; i++)
    {
      *left = MIN (*left, points[i].x);
      *right = MAX (*right, points[i].x);
      *top = MIN (*top, points[i].y);
      *bottom = MAX (*bottom, points[i].y);
    }
}

void
rsc_bezier_get_arrow (const RscPoint *points, gsize n_points, double length, double width, RscArrow *arrow)
{
  RscPoint tip = points[n_points - 1];
  RscPoint direction = rsc_bezier_end_direction (points, n_points);
  RscPoint back = { tip.x - direction.x * length, tip.y - direction.y * length };

  arrow->tip = tip;
  arrow->left = (RscPoint) { back.x - direction.y * width / 2, back.y + direction.x * width / 2 };
  arrow->right = (RscPoint) { back.x + direction.y * width / 2, back.y - direction.x * width / 2 };
  /* A little into the head, so that no gap shows. */
  arrow->base = (RscPoint) { tip.x - direction.x * length * 0.85, tip.y - direction.y * length * 0.85 };
}
