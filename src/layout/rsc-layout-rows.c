#include "config.h"

#include "rsc-layout-rows.h"

#include <math.h>

#define GAP_X 16.0
#define GAP_Y 52.0
#define GAP_WRAPPED_Y 16.0
#define N_SWEEPS 4
#define LOOP_SIZE 14.0
/* A row wider than that goes on below. */
#define MIN_ROW_WIDTH 2400.0

typedef struct
{
  const RscLayoutRequest *request;
  gsize *first_edge;    /* of each node, both ways */
  guint32 *neighbours;
  guint32 *row;         /* of each node */
  guint32 n_rows;
  guint32 *order;       /* nodes, row by row */
  gsize *first_in_row;  /* n_rows + 1 */
  double *position;     /* of each node in its row */
} Rows;

static void
find_neighbours (Rows *self, gsize *n_incoming)
{
  const RscLayoutRequest *request = self->request;
  g_autofree gsize *next = NULL;

  self->first_edge = g_new0 (gsize, request->n_nodes + 1);
  for (gsize e = 0; e < request->n_edges; e++)
    {
      self->first_edge[request->edges[e].source + 1]++;
      self->first_edge[request->edges[e].target + 1]++;
      if (request->edges[e].source != request->edges[e].target)
        n_incoming[request->edges[e].target]++;
    }
  for (gsize i = 0; i < request->n_nodes; i++)
    self->first_edge[i + 1] += self->first_edge[i];
  next = g_memdup2 (self->first_edge, request->n_nodes * sizeof *next);
  self->neighbours = g_new (guint32, MAX (2 * request->n_edges, 1));
  for (gsize e = 0; e < request->n_edges; e++)
    {
      self->neighbours[next[request->edges[e].source]++] = request->edges[e].target;
      self->neighbours[next[request->edges[e].target]++] = request->edges[e].source;
    }
}

/* Breadth first from what nobody refers to; what is left (cycles) starts anew
 * at its first node. */
static void
find_rows (Rows *self, const gsize *n_incoming)
{
  gsize n = self->request->n_nodes, head = 0, tail = 0;
  g_autofree guint32 *queue = g_new (guint32, MAX (n, 1));

  self->row = g_new (guint32, MAX (n, 1));
  for (gsize i = 0; i < n; i++)
    self->row[i] = G_MAXUINT32;
  for (gsize i = 0; i < n; i++)
    if (n_incoming[i] == 0)
      {
        self->row[i] = 0;
        queue[tail++] = (guint32) i;
      }
  for (gsize start = 0; ; start++)
    {
      while (head < tail)
        {
          guint32 node = queue[head++];

          self->n_rows = MAX (self->n_rows, self->row[node] + 1);
          for (gsize e = self->first_edge[node]; e < self->first_edge[node + 1]; e++)
            if (self->row[self->neighbours[e]] == G_MAXUINT32)
              {
                self->row[self->neighbours[e]] = self->row[node] + 1;
                queue[tail++] = self->neighbours[e];
              }
        }
      while (start < n && self->row[start] != G_MAXUINT32)
        start++;
      if (start == n)
        break;
      self->row[start] = 0;
      queue[tail++] = (guint32) start;
    }
}

static void
fill_rows (Rows *self)
{
  gsize n = self->request->n_nodes;
  g_autofree gsize *next = NULL;

  self->first_in_row = g_new0 (gsize, self->n_rows + 1);
  for (gsize i = 0; i < n; i++)
    self->first_in_row[self->row[i] + 1]++;
  for (guint32 r = 0; r < self->n_rows; r++)
    self->first_in_row[r + 1] += self->first_in_row[r];
  next = g_memdup2 (self->first_in_row, (self->n_rows + 1) * sizeof *next);
  self->order = g_new (guint32, MAX (n, 1));
  self->position = g_new0 (double, MAX (n, 1));
  for (gsize i = 0; i < n; i++)
    {
      gsize at = next[self->row[i]]++;

      self->order[at] = (guint32) i;
      self->position[i] = (double) (at - self->first_in_row[self->row[i]]);
    }
}

typedef struct
{
  double key;
  guint32 node;
} Keyed;

static int
compare_keys (const void *a, const void *b)
{
  const Keyed *first = a, *second = b;

  if (first->key != second->key)
    return first->key < second->key ? -1 : 1;
  return (first->node > second->node) - (first->node < second->node);
}

/* Each node goes to where its neighbours are on average, in shares of their
 * rows; down and up in turn. */
static void
sort_rows (Rows *self)
{
  g_autofree Keyed *keyed = g_new (Keyed, MAX (self->request->n_nodes, 1));

  for (guint sweep = 0; sweep < N_SWEEPS; sweep++)
    for (guint32 i = 0; i < self->n_rows; i++)
      {
        guint32 r = sweep % 2 == 0 ? i : self->n_rows - 1 - i;
        gsize first = self->first_in_row[r], size = self->first_in_row[r + 1] - first;

        for (gsize k = 0; k < size; k++)
          {
            guint32 node = self->order[first + k];
            double sum = 0;
            gsize count = 0;

            for (gsize e = self->first_edge[node]; e < self->first_edge[node + 1]; e++)
              {
                guint32 other = self->neighbours[e], other_row = self->row[other];

                if (other_row == r)
                  continue;
                sum += (self->position[other] + 0.5) / (double) (self->first_in_row[other_row + 1] - self->first_in_row[other_row]);
                count++;
              }
            keyed[k] = (Keyed) { count > 0 ? sum / (double) count : (self->position[node] + 0.5) / (double) size, node };
          }
        qsort (keyed, size, sizeof *keyed, compare_keys);
        for (gsize k = 0; k < size; k++)
          {
            self->order[first + k] = keyed[k].node;
            self->position[keyed[k].node] = (double) k;
          }
      }
}

static double
get_row_limit (const RscLayoutRequest *request)
{
  double area = 0;

  for (gsize i = 0; i < request->n_nodes; i++)
    area += (request->nodes[i].width + GAP_X) * (request->nodes[i].height + GAP_Y);
  return MAX (MIN_ROW_WIDTH, 2 * sqrt (area));
}

/* Rows below each other, each in the middle; a long one in several lines. */
static void
place_nodes (Rows *self, RscLayoutResult *result)
{
  const RscLayoutRequest *request = self->request;
  double limit = get_row_limit (request), y = 0;

  for (guint32 r = 0; r < self->n_rows; r++)
    {
      gsize at = self->first_in_row[r], end = self->first_in_row[r + 1];

      while (at < end)
        {
          gsize line = at;
          double width = 0, height = 0, x;

          while (at < end && (at == line || width + request->nodes[self->order[at]].width <= limit))
            {
              width += request->nodes[self->order[at]].width + GAP_X;
              height = MAX (height, request->nodes[self->order[at]].height);
              at++;
            }
          x = -width / 2;
          for (gsize k = line; k < at; k++)
            {
              const RscLayoutNode *node = &request->nodes[self->order[k]];

              result->centers[self->order[k]] = (RscPoint) { x + (node->width + GAP_X) / 2, y + height / 2 };
              x += node->width + GAP_X;
            }
          y += height + (at < end ? GAP_WRAPPED_Y : GAP_Y);
        }
    }
}

/* Where the line from @center to @to leaves the box. */
static RscPoint
leave_box (RscPoint center, RscLayoutNode box, RscPoint to)
{
  double dx = to.x - center.x, dy = to.y - center.y, t = 1;

  if (fabs (dx) > 1e-9)
    t = MIN (t, box.width / 2 / fabs (dx));
  if (fabs (dy) > 1e-9)
    t = MIN (t, box.height / 2 / fabs (dy));
  return (RscPoint) { center.x + dx * t, center.y + dy * t };
}

static void
place_edge (Rows *self, RscLayoutResult *result, gsize e)
{
  const RscLayoutEdge *edge = &self->request->edges[e];
  RscPoint a = result->centers[edge->source], b = result->centers[edge->target];
  RscPoint *points = &result->points[4 * e];

  if (edge->source == edge->target)
    {
      double x = a.x + self->request->nodes[edge->source].width / 2;

      points[0] = (RscPoint) { x, a.y - LOOP_SIZE / 3 };
      points[1] = (RscPoint) { x + LOOP_SIZE, a.y - LOOP_SIZE };
      points[2] = (RscPoint) { x + LOOP_SIZE, a.y + LOOP_SIZE };
      points[3] = (RscPoint) { x, a.y + LOOP_SIZE / 3 };
      result->label_centers[e] = (RscPoint) { x + LOOP_SIZE, a.y };
      return;
    }
  points[0] = leave_box (a, self->request->nodes[edge->source], b);
  points[3] = leave_box (b, self->request->nodes[edge->target], a);
  points[1] = (RscPoint) { (2 * points[0].x + points[3].x) / 3, (2 * points[0].y + points[3].y) / 3 };
  points[2] = (RscPoint) { (points[0].x + 2 * points[3].x) / 3, (points[0].y + 2 * points[3].y) / 3 };
  result->label_centers[e] = (RscPoint) { (points[0].x + points[3].x) / 2, (points[0].y + points[3].y) / 2 };
}

RscLayoutResult *
rsc_layout_rows (const RscLayoutRequest *request)
{
  RscLayoutResult *result = g_new0 (RscLayoutResult, 1);
  g_autofree gsize *n_incoming = g_new0 (gsize, MAX (request->n_nodes, 1));
  Rows self = { .request = request };

  find_neighbours (&self, n_incoming);
  find_rows (&self, n_incoming);
  fill_rows (&self);
  sort_rows (&self);

  result->n_nodes = request->n_nodes;
  result->n_edges = request->n_edges;
  result->centers = g_new0 (RscPoint, MAX (request->n_nodes, 1));
  result->first_point = g_new0 (guint32, request->n_edges + 1);
  result->points = g_new0 (RscPoint, MAX (4 * request->n_edges, 1));
  result->label_centers = g_new0 (RscPoint, MAX (request->n_edges, 1));
  place_nodes (&self, result);
  for (gsize e = 0; e < request->n_edges; e++)
    {
      place_edge (&self, result, e);
      result->first_point[e + 1] = (guint32) (4 * (e + 1));
    }
  g_free (self.first_edge);
  g_free (self.neighbours);
  g_free (self.row);
  g_free (self.order);
  g_free (self.first_in_row);
  g_free (self.position);
  return result;
}
