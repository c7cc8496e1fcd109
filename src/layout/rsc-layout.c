#include "config.h"

#include "rsc-layout.h"

#include <string.h>

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-layout-child.h"
#include "rsc-layout-rows.h"

#define DEFAULT_BUDGET 5.0
#define LARGE_NODES 2000
#define LARGE_BUDGET 20.0
#define PARSE_BUDGET 60.0
/* Below, dot's defaults draw best and are quick. */
#define SMALL_NODES 200
#define SMALL_EDGES 400

/* The ways to lay out, finest first.  Where a graph starts depends on its
 * size; it goes down when a way's time is up or Graphviz fails.  Measured with
 * bench-layout; nslimit bounds the network simplex, where most of the time
 * goes, mclimit the crossing minimisation. */
typedef struct
{
  RscLayoutSettings settings;
  const char *description;
  gsize max_nodes, max_edges; /* what it can be expected to do in about a second */
  double share;               /* of the time that is left */
} Way;

static const Way ways[] = {
  { { RSC_LAYOUT_ENGINE_DOT, 0, 0, FALSE }, "", SMALL_NODES, SMALL_EDGES, 0.5 },
  { { RSC_LAYOUT_ENGINE_DOT, 0.1, 0.1, FALSE }, "nslimit=0.1 mclimit=0.1", 1000, 1200, 0.5 },
  { { RSC_LAYOUT_ENGINE_DOT, 0.02, 0.02, TRUE }, "nslimit=0.02 mclimit=0.02 splines=line", G_MAXSIZE, 5600, 0.6 },
  { { RSC_LAYOUT_ENGINE_SFDP, 0, 0, FALSE }, "overlap=prism", G_MAXSIZE, G_MAXSIZE, 0.9 },
};

static RscLayoutResult *
new_empty_result (void)
{
  RscLayoutResult *result = g_new0 (RscLayoutResult, 1);

  result->first_point = g_new0 (guint32, 1);
  return result;
}

static gboolean
check_request (const RscLayoutRequest *request, GError **error)
{
  if (request->n_nodes > RSC_LAYOUT_MAX_NODES || request->n_edges > RSC_LAYOUT_MAX_EDGES)
    {
      g_set_error (error, RSC_LAYOUT_ERROR, RSC_ERROR_LIMIT,
                   _("A drawing of %zu nodes and %zu edges is too large. Show fewer objects."),
                   request->n_nodes, request->n_edges);
      return FALSE;
    }
  for (gsize e = 0; e < request->n_edges; e++)
    g_return_val_if_fail (request->edges[e].source < request->n_nodes && request->edges[e].target < request->n_nodes,
                          FALSE);
  return TRUE;
}

/* The child answers with an error record where Graphviz refused. */
static void
set_error_from_record (const GByteArray *payload, GError **error)
{
  g_autofree char *text = NULL;
  RscLayoutFault fault;

  if (rsc_layout_wire_read_error (payload->data, payload->len, &fault, &text, error))
    g_set_error (error, RSC_LAYOUT_ERROR, (int) fault.code, _("Graphviz could not lay the graph out: %s"), text);
}

static RscLayoutResult *
try_way (const RscLayoutRequest *request, const Way *way, double seconds, GCancellable *cancellable, GError **error)
{
  static const char *const engine_names[RSC_LAYOUT_N_ENGINES] = { "dot", "sfdp" };
  g_autoptr(GByteArray) record = g_byte_array_new ();
  g_autoptr(GByteArray) reply = NULL;
  g_autoptr(RscLayoutResult) result = NULL;
  RscLayoutHeader header;

  rsc_layout_wire_append_place (record, request, &way->settings);
  reply = rsc_layout_child_exchange (record, seconds, cancellable, &header, error);
  if (reply == NULL)
    return NULL;
  if (header.type == RSC_LAYOUT_RECORD_ERROR)
    {
      set_error_from_record (reply, error);
      return NULL;
    }
  if (header.type != RSC_LAYOUT_RECORD_PLACES)
    {
      g_set_error_literal (error, RSC_LAYOUT_ERROR, RSC_ERROR_CORRUPT,
                           _("The layout program answered something else than was asked."));
      return NULL;
    }
  result = rsc_layout_wire_read_places (reply->data, reply->len, error);
  if (result == NULL)
    return NULL;
  if (result->n_nodes != request->n_nodes || result->n_edges != request->n_edges)
    {
      g_set_error_literal (error, RSC_LAYOUT_ERROR, RSC_ERROR_CORRUPT,
                           _("The layout program answered for another graph."));
      return NULL;
    }
  result->engine = g_strdup (engine_names[way->settings.engine]);
  result->settings = g_strdup (way->description);
  return g_steal_pointer (&result);
}

typedef struct
{
  double left, top, right, bottom;
} Bounds;

static void
bounds_add (Bounds *self, RscPoint center, double width, double height)
{
  self->left = MIN (self->left, center.x - width / 2);
  self->right = MAX (self->right, center.x + width / 2);
  self->top = MIN (self->top, center.y - height / 2);
  self->bottom = MAX (self->bottom, center.y + height / 2);
}

/* Moves everything so that it lies within 0,0 - width,height: Graphviz's own
 * box leaves out what pokes out of it (labels, loops). */
static void
normalise (RscLayoutResult *result, const RscLayoutRequest *request)
{
  Bounds bounds = { G_MAXDOUBLE, G_MAXDOUBLE, -G_MAXDOUBLE, -G_MAXDOUBLE };
  guint32 n_points = result->first_point[result->n_edges];

  for (gsize i = 0; i < result->n_nodes; i++)
    bounds_add (&bounds, result->centers[i], request->nodes[i].width, request->nodes[i].height);
  /* A spline lies within the hull of its points. */
  for (guint32 p = 0; p < n_points; p++)
    bounds_add (&bounds, result->points[p], 0, 0);
  for (gsize e = 0; e < result->n_edges; e++)
    if (request->edges[e].label_width > 0)
      bounds_add (&bounds, result->label_centers[e], request->edges[e].label_width, request->edges[e].label_height);

  for (gsize i = 0; i < result->n_nodes; i++)
    {
      result->centers[i].x -= bounds.left;
      result->centers[i].y -= bounds.top;
    }
  for (guint32 p = 0; p < n_points; p++)
    {
      result->points[p].x -= bounds.left;
      result->points[p].y -= bounds.top;
    }
  for (gsize e = 0; e < result->n_edges; e++)
    {
      result->label_centers[e].x -= bounds.left;
      result->label_centers[e].y -= bounds.top;
    }
  result->width = bounds.right - bounds.left;
  result->height = bounds.bottom - bounds.top;
}

static char *
dup_note (const RscLayoutResult *result, const GError *reason)
{
  if (reason->code == RSC_ERROR_TIMEOUT)
    return g_strdup_printf (/* Translators: %s is the name of a layout engine: dot, sfdp or rows. */
                            _("A finer layout took too long; this one is by %s, made coarser to be ready in time."),
                            result->engine);
  return g_strdup_printf (/* Translators: %s is the name of a layout engine, then an error message. */
                          _("A finer layout failed; this one is by %s. (%s)"), result->engine, reason->message);
}

static void
finish (RscLayoutResult *result, const RscLayoutRequest *request, const GError *reason, gint64 started)
{
  normalise (result, request);
  if (reason != NULL)
    result->note = dup_note (result, reason);
  result->seconds = (double) (g_get_monotonic_time () - started) / G_USEC_PER_SEC;
}

/* Errors that another way may not have. */
static gboolean
is_worth_another_way (const GError *error)
{
  return error->domain == RSC_LAYOUT_ERROR && error->code != RSC_ERROR_NOT_FOUND &&
         error->code != RSC_ERROR_BAD_VERSION;
}

RscLayoutResult *
rsc_layout_run (const RscLayoutRequest *request, double budget_seconds, GCancellable *cancellable, GError **error)
{
  gint64 started = g_get_monotonic_time ();
  double budget = budget_seconds > 0 ? budget_seconds : request->n_nodes > LARGE_NODES ? LARGE_BUDGET : DEFAULT_BUDGET;
  g_autoptr(GError) first_error = NULL;
  RscLayoutResult *rows;

  if (g_cancellable_set_error_if_cancelled (cancellable, error) || !check_request (request, error))
    return NULL;
  if (request->n_nodes == 0)
    {
      RscLayoutResult *empty = new_empty_result ();

      empty->engine = g_strdup ("dot");
      empty->settings = g_strdup ("");
      return empty;
    }

  for (gsize w = 0; w < G_N_ELEMENTS (ways); w++)
    {
      double left = budget - (double) (g_get_monotonic_time () - started) / G_USEC_PER_SEC;
      g_autoptr(RscLayoutResult) result = NULL;
      g_autoptr(GError) local_error = NULL;

      if (request->n_nodes > ways[w].max_nodes || request->n_edges > ways[w].max_edges)
        continue;
      result = try_way (request, &ways[w], MAX (left, 0) * ways[w].share, cancellable, &local_error);
      if (result != NULL)
        {
          finish (result, request, first_error, started);
          return g_steal_pointer (&result);
        }
      if (!is_worth_another_way (local_error))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return NULL;
        }
      if (first_error == NULL)
        first_error = g_steal_pointer (&local_error);
    }
  rows = rsc_layout_rows (request);
  rows->engine = g_strdup ("rows");
  rows->settings = g_strdup ("");
  finish (rows, request, first_error, started);
  return rows;
}

static gboolean
check_dot_text (const char *text, gsize length, GError **error)
{
  const char *nul = memchr (text, '\0', length);

  if (length > RSC_LAYOUT_MAX_DOT_TEXT)
    {
      g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_LIMIT,
                   _("The DOT file has %zu bytes; at most %u are read."),
                   length, RSC_LAYOUT_MAX_DOT_TEXT);
      return FALSE;
    }
  if (nul != NULL)
    {
      g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_CORRUPT,
                   _("This is no DOT file: there is a zero byte at offset %zu."), (gsize) (nul - text));
      return FALSE;
    }
  return TRUE;
}

/* The line of @offset and, in characters, its column, from 1. */
static void
find_line (const char *text, gsize offset, guint *line, guint *column)
{
  gsize start = 0;

  *line = 1;
  for (gsize i = 0; i < offset; i++)
    if (text[i] == '\n')
      {
        (*line)++;
        start = i + 1;
      }
  *column = 1;
  for (gsize i = start; i < offset; i++)
    *column += ((guchar) text[i] & 0xc0) != 0x80;
}

/* Where line @line begins, or @length. */
static gsize
find_offset (const char *text, gsize length, guint line)
{
  gsize at = 0;

  while (at < length && line > 1)
    line -= text[at++] == '\n';
  return at;
}

/* What the child said becomes an error of the format.  @skipped: bytes of the
 * file before @text. */
static void
set_dot_error (const GByteArray *payload, const char *text, gsize length, gsize skipped, GError **error)
{
  g_autofree char *words = NULL;
  RscLayoutFault fault;
  guint line, column;

  if (!rsc_layout_wire_read_error (payload->data, payload->len, &fault, &words, error))
    return;
  g_strdelimit (words, "\r\n", ' ');
  if (fault.code == RSC_ERROR_LIMIT)
    {
      g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_LIMIT,
                   /* Translators: %s is "12 nodes and 34 edges", in English. */
                   _("The DOT graph is too large: %s."), words);
    }
  else if (strstr (words, "memory exhausted") != NULL)
    {
      /* So the parser says that its stack, of ten thousand entries, is full. */
      g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_LIMIT,
                   _("The DOT text is nested too deeply in line %u: Graphviz reads about three thousand brackets inside each other. Take out subgraphs that hold nothing but another."),
                   MAX (fault.line, 1));
    }
  else if (fault.offset < length && fault.length <= length - fault.offset)
    {
      g_autofree char *part = g_strndup (text + fault.offset, fault.length);
      g_autofree char *word = g_utf8_make_valid (part, -1);

      find_line (text, fault.offset, &line, &column);
      g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_CORRUPT,
                   /* Translators: the last is a word of the file that stands where it must not. */
                   _("The DOT text is malformed in line %u, column %u (byte offset %zu): “%s” does not belong there."),
                   line, column, skipped + fault.offset, word);
    }
  else if (fault.offset == length)
    {
      find_line (text, length, &line, &column);
      g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_CORRUPT,
                   _("The DOT text ends too early, in line %u (byte offset %zu): a bracket is not closed, or a word is missing."),
                   line, skipped + length);
    }
  else if (fault.line > 0 && find_offset (text, length, fault.line) < length)
    {
      g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_CORRUPT,
                   /* Translators: the last is Graphviz's own message. */
                   _("The DOT text is malformed in line %u, which begins at byte offset %zu: %s"),
                   fault.line, skipped + find_offset (text, length, fault.line), words);
    }
  else
    {
      g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_CORRUPT, _("The DOT text is malformed: %s"), words);
    }
}

/* There was no answer.  Where the text made the parser fail (no memory left, a
 * crash) or take too long, it is the text that is at fault. */
static void
set_dot_ending_error (const GError *reason, GError **error)
{
  if (g_error_matches (reason, RSC_LAYOUT_ERROR, RSC_ERROR_TIMEOUT))
    g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_LIMIT,
                 _("The DOT text could not be read within %d seconds: it is too large, or has very long strings."),
                 (int) PARSE_BUDGET);
  else if (g_error_matches (reason, RSC_LAYOUT_ERROR, RSC_ERROR_FAILED))
    g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_LIMIT,
                 /* Translators: %s is an error message. */
                 _("The DOT text could not be read: it is too large for the memory that is allowed, or Graphviz failed. (%s)"),
                 reason->message);
  else
    g_propagate_error (error, g_error_copy (reason));
}

RscDotGraph *
rsc_layout_parse_dot (const char *text, gsize length, GCancellable *cancellable, GError **error)
{
  g_autoptr(GByteArray) record = NULL;
  g_autoptr(GByteArray) reply = NULL;
  g_autoptr(GError) local_error = NULL;
  RscLayoutHeader header;
  gsize skipped = 0;

  if (!check_dot_text (text, length, error))
    return NULL;
  /* A byte order mark, which old versions of cgraph stumble over. */
  if (length >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0)
    {
      skipped = 3;
      text += skipped;
      length -= skipped;
    }
  record = g_byte_array_new ();
  rsc_layout_wire_append_parse (record, text, length);
  reply = rsc_layout_child_exchange (record, PARSE_BUDGET, cancellable, &header, &local_error);
  if (reply == NULL)
    {
      set_dot_ending_error (local_error, error);
      return NULL;
    }
  if (header.type == RSC_LAYOUT_RECORD_ERROR)
    {
      set_dot_error (reply, text, length, skipped, error);
      return NULL;
    }
  if (header.type != RSC_LAYOUT_RECORD_DOT)
    {
      g_set_error_literal (error, RSC_LAYOUT_ERROR, RSC_ERROR_CORRUPT,
                           _("The layout program answered something else than was asked."));
      return NULL;
    }
  return rsc_layout_wire_read_dot (reply->data, reply->len, error);
}

void
rsc_layout_warm_up (void)
{
  rsc_layout_child_warm_up ();
}
