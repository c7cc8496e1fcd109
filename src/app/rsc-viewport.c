#include "config.h"

#include "rsc-viewport.h"

#include <math.h>

#define FIT_PADDING 16.0
#define STRIP 64.0         /* pixels of the scene that stay in sight */
#define REVEAL_MARGIN 24.0
#define MIN_COSINE 0.5     /* of 60 degrees */
#define MAP_WIDTH 240.0
#define MAP_HEIGHT 130.0
#define MAP_MIN_SIDE 18.0
#define MAP_MARGIN 12.0
#define MAP_MIN_WIDGET 420.0

RscPoint
rsc_viewport_to_scene (const RscViewport *self, double x, double y)
{
  return (RscPoint) { self->x + x / self->zoom, self->y + y / self->zoom };
}

RscPoint
rsc_viewport_to_widget (const RscViewport *self, double x, double y)
{
  return (RscPoint) { (x - self->x) * self->zoom, (y - self->y) * self->zoom };
}

RscBox
rsc_viewport_box_to_widget (const RscViewport *self, const RscSceneNode *node)
{
  RscPoint corner = rsc_viewport_to_widget (self, node->x, node->y);

  return (RscBox) { corner.x, corner.y, node->width * self->zoom, node->height * self->zoom };
}

RscBox
rsc_viewport_get_sight (const RscViewport *self)
{
  return (RscBox) { self->x, self->y, self->width / self->zoom, self->height / self->zoom };
}

double
rsc_viewport_get_fit_zoom (const RscViewport *self)
{
  double across = MAX (self->width - 2 * FIT_PADDING, 1) / MAX (self->scene_width, 1);
  double down = MAX (self->height - 2 * FIT_PADDING, 1) / MAX (self->scene_height, 1);

  return MIN (MIN (across, down), 1);
}

double
rsc_viewport_clamp_zoom (const RscViewport *self, double zoom)
{
  /* A scene larger than any can still be fitted. */
  double least = MIN (RSC_VIEWPORT_MIN_ZOOM, rsc_viewport_get_fit_zoom (self));

  return CLAMP (zoom, least, RSC_VIEWPORT_MAX_ZOOM);
}

static double
clamp_axis (double at, double sight, double extent, double strip)
{
  double least = MIN (strip, extent) - sight, most = extent - MIN (strip, extent);

  return CLAMP (at, least, MAX (least, most));
}

static void
clamp_place (RscViewport *self)
{
  self->x = clamp_axis (self->x, self->width / self->zoom, self->scene_width, STRIP / self->zoom);
  self->y = clamp_axis (self->y, self->height / self->zoom, self->scene_height, STRIP / self->zoom);
}

void
rsc_viewport_fit (RscViewport *self)
{
  self->zoom = rsc_viewport_get_fit_zoom (self);
  self->x = self->scene_width / 2 - self->width / self->zoom / 2;
  self->y = self->scene_height / 2 - self->height / self->zoom / 2;
}

/* The middle on @focus, but no empty space beyond the scene's ends. */
static double
place_axis (double focus, double sight, double extent, double padding)
{
  if (extent + 2 * padding <= sight)
    return (extent - sight) / 2;
  return CLAMP (focus - sight / 2, -padding, extent + padding - sight);
}

void
rsc_viewport_first (RscViewport *self, RscPoint focus)
{
  rsc_viewport_fit (self);
  if (self->zoom >= RSC_VIEWPORT_LEGIBLE_ZOOM)
    return;
  self->zoom = RSC_VIEWPORT_LEGIBLE_ZOOM;
  self->x = place_axis (focus.x, self->width / self->zoom, self->scene_width, FIT_PADDING / self->zoom);
  self->y = place_axis (focus.y, self->height / self->zoom, self->scene_height, FIT_PADDING / self->zoom);
}

void
rsc_viewport_zoom_at (RscViewport *self, double zoom, double x, double y)
{
  RscPoint at = rsc_viewport_to_scene (self, x, y);

  self->zoom = rsc_viewport_clamp_zoom (self, zoom);
  self->x = at.x - x / self->zoom;
  self->y = at.y - y / self->zoom;
  clamp_place (self);
}

void
rsc_viewport_pan (RscViewport *self, double dx, double dy)
{
  self->x += dx / self->zoom;
  self->y += dy / self->zoom;
  clamp_place (self);
}

void
rsc_viewport_put (RscViewport *self, double x, double y, double wx, double wy)
{
  self->x = x - wx / self->zoom;
  self->y = y - wy / self->zoom;
}

void
rsc_viewport_center_on (RscViewport *self, double x, double y)
{
  rsc_viewport_put (self, x, y, self->width / 2, self->height / 2);
}

/* How far, in pixels, the interval has to move to be within 0 and @extent. */
static double
get_shift (double start, double length, double extent)
{
  double margin = MIN (REVEAL_MARGIN, MAX ((extent - length) / 2, 0));

  if (start < margin || length > extent)
    return start - margin;
  if (start + length > extent - margin)
    return start + length - (extent - margin);
  return 0;
}

void
rsc_viewport_reveal (RscViewport *self, const RscSceneNode *node)
{
  RscBox box = rsc_viewport_box_to_widget (self, node);

  self->x += get_shift (box.x, box.width, self->width) / self->zoom;
  self->y += get_shift (box.y, box.height, self->height) / self->zoom;
}

void
rsc_viewport_zoom_to_area (RscViewport *self, RscBox area)
{
  RscPoint middle = rsc_viewport_to_scene (self, area.x + area.width / 2, area.y + area.height / 2);
  double factor = MIN (self->width / MAX (area.width, 1), self->height / MAX (area.height, 1));

  self->zoom = rsc_viewport_clamp_zoom (self, self->zoom * factor);
  rsc_viewport_center_on (self, middle.x, middle.y);
}

void
rsc_viewport_resize (RscViewport *self, double width, double height)
{
  RscPoint middle = rsc_viewport_to_scene (self, self->width / 2, self->height / 2);

  self->width = width;
  self->height = height;
  rsc_viewport_center_on (self, middle.x, middle.y);
}

gboolean
rsc_viewport_get_map (const RscViewport *self, RscBox *box, double *zoom)
{
  RscPoint corner = rsc_viewport_to_widget (self, 0, 0);
  RscPoint far = rsc_viewport_to_widget (self, self->scene_width, self->scene_height);

  if (self->width < MAP_MIN_WIDGET || self->height < MAP_MIN_WIDGET || self->scene_width <= 0 || self->scene_height <= 0)
    return FALSE;
  /* A pixel of the free margin around the scene is nobody's loss. */
  if (corner.x >= -2 && corner.y >= -2 && far.x <= self->width + 2 && far.y <= self->height + 2)
    return FALSE;
  *zoom = MIN (MAP_WIDTH / self->scene_width, MAP_HEIGHT / self->scene_height);
  box->width = MAX (self->scene_width * *zoom, MAP_MIN_SIDE);
  box->height = MAX (self->scene_height * *zoom, MAP_MIN_SIDE);
  box->x = self->width - MAP_MARGIN - box->width;
  box->y = MAP_MARGIN;
  return TRUE;
}

void
rsc_viewport_go_by_map (RscViewport *self, double x, double y)
{
  double zoom;
  RscBox box;

  if (!rsc_viewport_get_map (self, &box, &zoom))
    return;
  rsc_viewport_center_on (self, CLAMP ((x - box.x) / zoom, 0, self->scene_width),
                          CLAMP ((y - box.y) / zoom, 0, self->scene_height));
}

void
rsc_viewport_interpolate (RscViewport *self, const RscViewport *from, const RscViewport *to, double t)
{
  /* By the middle, and by the zoom's logarithm: then both seem even. */
  RscPoint a = rsc_viewport_to_scene (from, from->width / 2, from->height / 2);
  RscPoint b = rsc_viewport_to_scene (to, to->width / 2, to->height / 2);

  *self = *to;
  if (t >= 1)
    return;
  self->zoom = from->zoom * pow (to->zoom / from->zoom, t);
  rsc_viewport_center_on (self, a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t);
}

static RscPoint
get_center (const RscSceneNode *node)
{
  return (RscPoint) { node->x + node->width / 2, node->y + node->height / 2 };
}

/* Smaller is nearer; infinite outside of the cone. */
static double
rate (const RscSceneNode *from, const RscSceneNode *to, RscWay way)
{
  static const RscPoint directions[] = {
    [RSC_WAY_LEFT] = { -1, 0 }, [RSC_WAY_RIGHT] = { 1, 0 }, [RSC_WAY_UP] = { 0, -1 }, [RSC_WAY_DOWN] = { 0, 1 }
  };
  RscPoint a = get_center (from), b = get_center (to);
  double dx = b.x - a.x, dy = b.y - a.y;
  double distance = hypot (dx, dy);
  double along = dx * directions[way].x + dy * directions[way].y;

  if (distance < 1e-6 || along < distance * MIN_COSINE)
    return INFINITY;
  return distance * (2 - along / distance);
}

/* Along an edge any angle below 90 degrees will do: layouts are wide. */
static double
rate_neighbour (const RscSceneNode *from, const RscSceneNode *to, RscWay way)
{
  RscPoint a = get_center (from), b = get_center (to);
  double dx = b.x - a.x, dy = b.y - a.y;
  double along = way == RSC_WAY_LEFT ? -dx : way == RSC_WAY_RIGHT ? dx : way == RSC_WAY_UP ? -dy : dy;
  double across = way == RSC_WAY_LEFT || way == RSC_WAY_RIGHT ? fabs (dy) : fabs (dx);
  gboolean sideways = way == RSC_WAY_LEFT || way == RSC_WAY_RIGHT;

  if (along <= 1 || (sideways && along < across))
    return INFINITY;
  return hypot (dx, dy);
}

gssize
rsc_viewport_find_next (RscScene *scene, gsize from, RscWay way)
{
  gsize n_nodes, n_edges;
  const RscSceneNode *nodes = rsc_scene_get_nodes (scene, &n_nodes);
  const RscGraphEdge *edges = rsc_graph_get_edges (rsc_scene_get_graph (scene), &n_edges);
  double best = INFINITY;
  gssize found = -1;

  for (gsize e = 0; e < n_edges; e++)
    {
      gsize other = edges[e].source == from ? edges[e].target : edges[e].target == from ? edges[e].source : from;
      double rating = other != from ? rate_neighbour (&nodes[from], &nodes[other], way) : INFINITY;

      if (rating < best)
        {
          best = rating;
          found = (gssize) other;
        }
    }
  if (found >= 0)
    return found;
  for (gsize i = 0; i < n_nodes; i++)
    {
      double rating = rate (&nodes[from], &nodes[i], way);

      if (rating < best)
        {
          best = rating;
          found = (gssize) i;
        }
    }
  return found;
}

gssize
rsc_viewport_find_id (RscScene *scene, const char *id)
{
  gsize n;
  const RscGraphNode *nodes = rsc_graph_get_nodes (rsc_scene_get_graph (scene), &n);

  for (gsize i = 0; i < n; i++)
    if (g_strcmp0 (nodes[i].id, id) == 0)
      return (gssize) i;
  return -1;
}

gboolean
rsc_viewport_choose_anchor (RscScene *from, RscScene *to, const char *preferred, RscPoint middle,
                            gsize *from_node, gsize *to_node)
{
  g_autoptr(GHashTable) ids = g_hash_table_new (g_str_hash, g_str_equal);
  gsize n_from, n_to;
  const RscGraphNode *from_graph = rsc_graph_get_nodes (rsc_scene_get_graph (from), &n_from);
  const RscGraphNode *to_graph = rsc_graph_get_nodes (rsc_scene_get_graph (to), &n_to);
  const RscSceneNode *nodes = rsc_scene_get_nodes (from, NULL);
  double best = INFINITY;

  for (gsize i = 0; i < n_to; i++)
    g_hash_table_insert (ids, (gpointer) to_graph[i].id, GSIZE_TO_POINTER (i));
  for (gsize i = 0; i < n_from; i++)
    {
      RscPoint center = get_center (&nodes[i]);
      double distance = g_strcmp0 (from_graph[i].id, preferred) == 0 ? -1 : hypot (center.x - middle.x, center.y - middle.y);
      gpointer index;

      if (distance < best && g_hash_table_lookup_extended (ids, from_graph[i].id, NULL, &index))
        {
          best = distance;
          *from_node = i;
          *to_node = GPOINTER_TO_SIZE (index);
        }
    }
  return best < INFINITY;
}
