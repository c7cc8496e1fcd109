#include "config.h"

#include "rsc-layout-wire.h"

#include <math.h>
#include <string.h>

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

/* As they stand in a record. */
typedef struct
{
  guint32 n_nodes;
  guint32 n_edges;
  guint32 left_to_right;
  guint32 engine;
  guint32 lines;
  guint32 reserved;
  double nslimit;
  double mclimit;
} WirePlace;
G_STATIC_ASSERT (sizeof (WirePlace) == 40);

typedef struct
{
  guint32 source;
  guint32 target;
  guint32 weight;
  guint32 loose;
  double label_width;
  double label_height;
} WireEdge;
G_STATIC_ASSERT (sizeof (WireEdge) == 32);

typedef struct
{
  guint32 n_nodes;
  guint32 n_edges;
  guint32 n_points;
  guint32 reserved;
  double width;
  double height;
} WirePlaces;
G_STATIC_ASSERT (sizeof (WirePlaces) == 32);
G_STATIC_ASSERT (sizeof (RscPoint) == 16);
G_STATIC_ASSERT (sizeof (RscLayoutNode) == 16);

typedef struct
{
  guint32 n_nodes;
  guint32 n_edges;
  guint32 flags; /* DOT_DIRECTED, DOT_MORE */
  guint32 root;
} WireDot;
G_STATIC_ASSERT (sizeof (WireDot) == 16);

enum
{
  DOT_DIRECTED = 1 << 0,
  DOT_MORE = 1 << 1
};

/* What is left of a payload.  Its bytes are tainted until they were compared
 * with something. */
typedef struct
{
  const guint8 *at;
  gsize left;
} Cursor;

static gboolean
cursor_take (Cursor *self, void *to, gsize size)
{
  if (size > self->left)
    return FALSE;
  if (size > 0)
    memcpy (to, self->at, size);
  self->at += size;
  self->left -= size;
  return TRUE;
}

/* NULL if the record does not hold that many. */
static gpointer
cursor_take_array (Cursor *self, gsize n, gsize item_size)
{
  gpointer array;

  if (n > self->left / item_size)
    return NULL;
  array = g_malloc (MAX (n, 1) * item_size);
  cursor_take (self, array, n * item_size);
  return array;
}

/* A length and that many bytes; made UTF-8. */
static char *
cursor_take_string (Cursor *self)
{
  guint32 length;
  char *text;

  if (!cursor_take (self, &length, sizeof length) || length > RSC_LAYOUT_MAX_DOT_STRING || length > self->left)
    return NULL;
  text = g_utf8_make_valid ((const char *) self->at, length);
  self->at += length;
  self->left -= length;
  return text;
}

static gboolean
fail (GError **error, RscErrorCode code, const char *what)
{
  g_set_error (error, RSC_LAYOUT_ERROR, (int) code,
               /* Translators: %s is an English word or two for a part of the record. */
               _("The layout program and Refscope do not understand each other: bad %s. Install both from one build."),
               what);
  return FALSE;
}

static gboolean
is_side (double value)
{
  return isfinite (value) && value >= 0 && value <= RSC_LAYOUT_MAX_SIDE;
}

static gboolean
is_coordinate (double value)
{
  return isfinite (value) && fabs (value) <= RSC_LAYOUT_MAX_COORDINATE;
}

static gsize
begin (GByteArray *out, RscLayoutRecordType type)
{
  RscLayoutHeader header = { RSC_LAYOUT_MAGIC, RSC_LAYOUT_VERSION, (guint16) type, 0, 0 };
  gsize at = out->len;

  g_byte_array_append (out, (const guint8 *) &header, sizeof header);
  return at;
}

static void
end (GByteArray *out, gsize at)
{
  guint32 length = out->len - (guint32) at - (guint32) sizeof (RscLayoutHeader);

  memcpy (out->data + at + G_STRUCT_OFFSET (RscLayoutHeader, length), &length, sizeof length);
}

static void
append (GByteArray *out, const void *data, gsize size)
{
  if (size > 0)
    g_byte_array_append (out, data, (guint) size);
}

static void
append_string (GByteArray *out, const char *text)
{
  guint32 length = (guint32) MIN (strlen (text), RSC_LAYOUT_MAX_DOT_STRING);

  append (out, &length, sizeof length);
  append (out, text, length);
}

void
rsc_layout_wire_append_place (GByteArray *out, const RscLayoutRequest *request, const RscLayoutSettings *settings)
{
  WirePlace head = {
    .n_nodes = (guint32) request->n_nodes, .n_edges = (guint32) request->n_edges,
    .left_to_right = request->left_to_right ? 1 : 0,
    .engine = settings->engine, .lines = settings->lines ? 1 : 0,
    .nslimit = settings->nslimit, .mclimit = settings->mclimit,
  };
  gsize at = begin (out, RSC_LAYOUT_RECORD_PLACE);

  append (out, &head, sizeof head);
  append (out, request->nodes, request->n_nodes * sizeof *request->nodes);
  for (gsize e = 0; e < request->n_edges; e++)
    {
      const RscLayoutEdge *edge = &request->edges[e];
      WireEdge wire = { edge->source, edge->target, edge->weight, edge->loose ? 1 : 0, edge->label_width, edge->label_height };

      append (out, &wire, sizeof wire);
    }
  end (out, at);
}

void
rsc_layout_wire_append_parse (GByteArray *out, const char *text, gsize length)
{
  gsize at = begin (out, RSC_LAYOUT_RECORD_PARSE);

  append (out, text, length);
  end (out, at);
}

void
rsc_layout_wire_append_places (GByteArray *out, const RscLayoutResult *result)
{
  WirePlaces head = {
    .n_nodes = (guint32) result->n_nodes, .n_edges = (guint32) result->n_edges,
    .n_points = result->first_point[result->n_edges],
    .width = result->width, .height = result->height,
  };
  gsize at = begin (out, RSC_LAYOUT_RECORD_PLACES);

  append (out, &head, sizeof head);
  append (out, result->centers, result->n_nodes * sizeof *result->centers);
  append (out, result->first_point, (result->n_edges + 1) * sizeof *result->first_point);
  append (out, result->points, head.n_points * sizeof *result->points);
  append (out, result->label_centers, result->n_edges * sizeof *result->label_centers);
  end (out, at);
}

void
rsc_layout_wire_append_dot (GByteArray *out, const RscDotGraph *graph)
{
  WireDot head = {
    (guint32) graph->n_nodes, (guint32) graph->n_edges,
    (graph->directed ? DOT_DIRECTED : 0) | (graph->more ? DOT_MORE : 0), graph->root
  };
  gsize at = begin (out, RSC_LAYOUT_RECORD_DOT);

  append (out, &head, sizeof head);
  append (out, graph->sources, graph->n_edges * sizeof *graph->sources);
  append (out, graph->targets, graph->n_edges * sizeof *graph->targets);
  append_string (out, graph->graph_name);
  for (gsize i = 0; i < graph->n_nodes; i++)
    {
      append_string (out, graph->names[i]);
      append_string (out, graph->labels[i]);
    }
  for (gsize e = 0; e < graph->n_edges; e++)
    append_string (out, graph->edge_labels[e]);
  end (out, at);
}

void
rsc_layout_wire_append_error (GByteArray *out, const RscLayoutFault *fault, const char *text)
{
  gsize at = begin (out, RSC_LAYOUT_RECORD_ERROR);

  append (out, fault, sizeof *fault);
  append (out, text, MIN (strlen (text), RSC_LAYOUT_MAX_ERROR_TEXT));
  end (out, at);
}

gboolean
rsc_layout_wire_check_header (const RscLayoutHeader *header, GError **error)
{
  if (header->magic != RSC_LAYOUT_MAGIC)
    return fail (error, RSC_ERROR_CORRUPT, "magic");
  if (header->version != RSC_LAYOUT_VERSION)
    return fail (error, RSC_ERROR_BAD_VERSION, "version");
  if (header->type < RSC_LAYOUT_RECORD_PLACE || header->type > RSC_LAYOUT_RECORD_ERROR)
    return fail (error, RSC_ERROR_CORRUPT, "record type");
  if (header->length > RSC_LAYOUT_MAX_PAYLOAD)
    return fail (error, RSC_ERROR_LIMIT, "record length");
  return TRUE;
}

void
rsc_layout_place_free (RscLayoutPlace *self)
{
  g_free ((gpointer) self->request.nodes);
  g_free ((gpointer) self->request.edges);
  g_free (self);
}

RscLayoutPlace *
rsc_layout_wire_read_place (const guint8 *payload, gsize length, GError **error)
{
  g_autoptr(RscLayoutPlace) self = g_new0 (RscLayoutPlace, 1);
  Cursor cursor = { payload, length };
  WirePlace head;
  RscLayoutNode *nodes;
  RscLayoutEdge *edges;

  if (!cursor_take (&cursor, &head, sizeof head))
    return fail (error, RSC_ERROR_CORRUPT, "request"), NULL;
  if (head.n_nodes > RSC_LAYOUT_MAX_NODES || head.n_edges > RSC_LAYOUT_MAX_EDGES)
    return fail (error, RSC_ERROR_LIMIT, "number of nodes or edges"), NULL;
  if (head.engine >= RSC_LAYOUT_N_ENGINES || !isfinite (head.nslimit) || !isfinite (head.mclimit))
    return fail (error, RSC_ERROR_CORRUPT, "settings"), NULL;
  if (cursor.left != head.n_nodes * sizeof (RscLayoutNode) + head.n_edges * sizeof (WireEdge))
    return fail (error, RSC_ERROR_CORRUPT, "request length"), NULL;

  nodes = cursor_take_array (&cursor, head.n_nodes, sizeof *nodes);
  self->request.nodes = nodes;
  self->request.n_nodes = head.n_nodes;
  for (guint32 i = 0; i < head.n_nodes; i++)
    if (!is_side (nodes[i].width) || !is_side (nodes[i].height))
      return fail (error, RSC_ERROR_CORRUPT, "node size"), NULL;

  edges = g_new (RscLayoutEdge, MAX (head.n_edges, 1));
  self->request.edges = edges;
  self->request.n_edges = head.n_edges;
  for (guint32 e = 0; e < head.n_edges; e++)
    {
      WireEdge wire;

      cursor_take (&cursor, &wire, sizeof wire);
      if (wire.source >= head.n_nodes || wire.target >= head.n_nodes)
        return fail (error, RSC_ERROR_CORRUPT, "edge"), NULL;
      if (!is_side (wire.label_width) || !is_side (wire.label_height) ||
          wire.weight < 1 || wire.weight > RSC_LAYOUT_MAX_WEIGHT)
        return fail (error, RSC_ERROR_CORRUPT, "edge label or weight"), NULL;
      edges[e] = (RscLayoutEdge) { wire.source, wire.target, wire.label_width, wire.label_height, wire.weight,
                                     wire.loose != 0 };
    }

  self->request.left_to_right = head.left_to_right != 0;
  self->settings = (RscLayoutSettings) {
    (RscLayoutEngine) head.engine, head.nslimit, head.mclimit, head.lines != 0
  };
  return g_steal_pointer (&self);
}

RscLayoutResult *
rsc_layout_wire_read_places (const guint8 *payload, gsize length, GError **error)
{
  g_autoptr(RscLayoutResult) self = g_new0 (RscLayoutResult, 1);
  Cursor cursor = { payload, length };
  WirePlaces head;

  if (!cursor_take (&cursor, &head, sizeof head))
    return fail (error, RSC_ERROR_CORRUPT, "reply"), NULL;
  if (head.n_nodes > RSC_LAYOUT_MAX_NODES || head.n_edges > RSC_LAYOUT_MAX_EDGES ||
      head.n_points > RSC_LAYOUT_MAX_POINTS)
    return fail (error, RSC_ERROR_LIMIT, "number of nodes, edges or points"), NULL;
  if (cursor.left != head.n_nodes * sizeof (RscPoint) + (head.n_edges + 1) * sizeof (guint32) +
                       head.n_points * sizeof (RscPoint) + head.n_edges * sizeof (RscPoint))
    return fail (error, RSC_ERROR_CORRUPT, "reply length"), NULL;

  self->n_nodes = head.n_nodes;
  self->n_edges = head.n_edges;
  self->centers = cursor_take_array (&cursor, head.n_nodes, sizeof (RscPoint));
  self->first_point = cursor_take_array (&cursor, head.n_edges + 1, sizeof (guint32));
  self->points = cursor_take_array (&cursor, head.n_points, sizeof (RscPoint));
  self->label_centers = cursor_take_array (&cursor, head.n_edges, sizeof (RscPoint));

  for (guint32 i = 0; i < head.n_nodes; i++)
    if (!is_coordinate (self->centers[i].x) || !is_coordinate (self->centers[i].y))
      return fail (error, RSC_ERROR_CORRUPT, "place of a node"), NULL;
  if (self->first_point[0] != 0 || self->first_point[head.n_edges] != head.n_points)
    return fail (error, RSC_ERROR_CORRUPT, "spline index"), NULL;
  for (guint32 e = 0; e < head.n_edges; e++)
    {
      guint32 first = self->first_point[e], last = self->first_point[e + 1];

      if (last > head.n_points || last < first + 4 || (last - first) % 3 != 1)
        return fail (error, RSC_ERROR_CORRUPT, "spline"), NULL;
      if (!is_coordinate (self->label_centers[e].x) || !is_coordinate (self->label_centers[e].y))
        return fail (error, RSC_ERROR_CORRUPT, "place of a label"), NULL;
    }
  for (guint32 p = 0; p < head.n_points; p++)
    if (!is_coordinate (self->points[p].x) || !is_coordinate (self->points[p].y))
      return fail (error, RSC_ERROR_CORRUPT, "point of a spline"), NULL;
  if (!is_coordinate (head.width) || !is_coordinate (head.height) || head.width < 0 || head.height < 0)
    return fail (error, RSC_ERROR_CORRUPT, "size of the drawing"), NULL;
  self->width = head.width;
  self->height = head.height;
  return g_steal_pointer (&self);
}

RscDotGraph *
rsc_layout_wire_read_dot (const guint8 *payload, gsize length, GError **error)
{
  g_autoptr(RscDotGraph) self = g_new0 (RscDotGraph, 1);
  Cursor cursor = { payload, length };
  WireDot head;

  if (!cursor_take (&cursor, &head, sizeof head))
    return fail (error, RSC_ERROR_CORRUPT, "reply"), NULL;
  if (head.n_nodes > RSC_LAYOUT_MAX_DOT_NODES || head.n_edges > RSC_LAYOUT_MAX_DOT_EDGES)
    return fail (error, RSC_ERROR_LIMIT, "number of nodes or edges"), NULL;
  /* Each string has at least its length. */
  if (cursor.left / sizeof (guint32) < 2 * (gsize) head.n_nodes + 3 * (gsize) head.n_edges + 1)
    return fail (error, RSC_ERROR_CORRUPT, "reply length"), NULL;

  self->n_nodes = head.n_nodes;
  self->n_edges = head.n_edges;
  self->directed = (head.flags & DOT_DIRECTED) != 0;
  self->more = (head.flags & DOT_MORE) != 0;
  self->root = head.root < head.n_nodes ? head.root : G_MAXUINT32;
  self->names = g_new0 (char *, head.n_nodes + 1);
  self->labels = g_new0 (char *, head.n_nodes + 1);
  self->edge_labels = g_new0 (char *, head.n_edges + 1);
  self->sources = cursor_take_array (&cursor, head.n_edges, sizeof (guint32));
  self->targets = cursor_take_array (&cursor, head.n_edges, sizeof (guint32));
  for (guint32 e = 0; e < head.n_edges; e++)
    if (self->sources[e] >= head.n_nodes || self->targets[e] >= head.n_nodes)
      return fail (error, RSC_ERROR_CORRUPT, "edge"), NULL;

  self->graph_name = cursor_take_string (&cursor);
  if (self->graph_name == NULL)
    return fail (error, RSC_ERROR_CORRUPT, "string"), NULL;
  for (guint32 i = 0; i < head.n_nodes; i++)
    {
      self->names[i] = cursor_take_string (&cursor);
      if (self->names[i] != NULL)
        self->labels[i] = cursor_take_string (&cursor);
      if (self->labels[i] == NULL)
        return fail (error, RSC_ERROR_CORRUPT, "string"), NULL;
    }
  for (guint32 e = 0; e < head.n_edges; e++)
    {
      self->edge_labels[e] = cursor_take_string (&cursor);
      if (self->edge_labels[e] == NULL)
        return fail (error, RSC_ERROR_CORRUPT, "string"), NULL;
    }
  if (cursor.left != 0)
    return fail (error, RSC_ERROR_CORRUPT, "reply length"), NULL;
  return g_steal_pointer (&self);
}

gboolean
rsc_layout_wire_read_error (const guint8 *payload, gsize length, RscLayoutFault *fault, char **text, GError **error)
{
  Cursor cursor = { payload, length };

  if (!cursor_take (&cursor, fault, sizeof *fault) || cursor.left > RSC_LAYOUT_MAX_ERROR_TEXT ||
      fault->code > RSC_ERROR_IO)
    return fail (error, RSC_ERROR_CORRUPT, "error record");
  *text = g_utf8_make_valid ((const char *) cursor.at, (gssize) cursor.left);
  return TRUE;
}

void
rsc_layout_result_free (RscLayoutResult *self)
{
  g_free (self->centers);
  g_free (self->first_point);
  g_free (self->points);
  g_free (self->label_centers);
  g_free (self->engine);
  g_free (self->settings);
  g_free (self->note);
  g_free (self);
}

void
rsc_dot_graph_free (RscDotGraph *self)
{
  g_strfreev (self->names);
  g_strfreev (self->labels);
  g_strfreev (self->edge_labels);
  g_free (self->sources);
  g_free (self->targets);
  g_free (self->graph_name);
  g_free (self);
}
