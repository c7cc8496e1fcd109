#include "config.h"

#include "rsc-layout-graphviz.h"

#include <gvc.h>
#include <string.h>

#define POINTS_PER_INCH_D 72.0
/* In inches; Graphviz's own 0.5 and 0.25 make large graphs a third larger. */
#define RANK_GAP "0.35"
#define NODE_GAP "0.16"
#define MAX_MESSAGE 4096
#define FILE_NAME "DOT" /* as cgraph's messages call what it reads */

extern gvplugin_library_t gvplugin_dot_layout_LTX_library;
extern gvplugin_library_t gvplugin_neato_layout_LTX_library;

static const lt_symlist_t builtins[] = {
  { "gvplugin_dot_layout_LTX_library", &gvplugin_dot_layout_LTX_library },
  { "gvplugin_neato_layout_LTX_library", &gvplugin_neato_layout_LTX_library },
  { NULL, NULL }
};

static GVC_t *context;
/* Only one thing is done in the life of this process. */
static GString *messages;

static int
collect_message (char *text)
{
  if (messages->len < MAX_MESSAGE)
    g_string_append_len (messages, text, (gssize) strnlen (text, MAX_MESSAGE));
  return 0;
}

void
rsc_layout_graphviz_prepare (void)
{
  messages = g_string_new (NULL);
  agseterrf (collect_message);
  agseterr (AGERR);
  /* No demand loading: no configuration file is looked for, and nothing but
   * the two layout plugins is there. */
  context = gvContextPlugins (builtins, FALSE);
}

static void
set_error_from_messages (GError **error, RscErrorCode code, const char *fallback)
{
  const char *words;

  g_strstrip (messages->str);
  messages->len = strlen (messages->str);
  words = messages->str;
  if (g_str_has_prefix (words, "Error: "))
    words += strlen ("Error: ");
  if (g_str_has_prefix (words, FILE_NAME ": "))
    words += strlen (FILE_NAME ": ");
  g_set_error_literal (error, RSC_LAYOUT_ERROR, (int) code, words[0] != '\0' ? words : fallback);
}

static void
set_graph_attribute (Agraph_t *graph, int kind, const char *name, const char *value)
{
  agattr (graph, kind, (char *) name, (char *) value);
}

static Agsym_t *
declare (Agraph_t *graph, int kind, const char *name, const char *value)
{
  return agattr (graph, kind, (char *) name, (char *) value);
}

/* The process never calls setlocale(), so that printf writes a dot. */
static void
set_number (void *object, Agsym_t *symbol, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  agxset (object, symbol, g_ascii_formatd (text, sizeof text, "%.5f", value));
}

static Agraph_t *
make_graph (const RscLayoutRequest *request, const RscLayoutSettings *settings,
            Agnode_t **nodes, Agedge_t **edges)
{
  Agraph_t *graph = agopen ((char *) "G", Agdirected, NULL);
  Agsym_t *width, *height, *weight, *constraint, *label;
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  if (request->left_to_right)
    set_graph_attribute (graph, AGRAPH, "rankdir", "LR");
  set_graph_attribute (graph, AGRAPH, "ranksep", RANK_GAP);
  set_graph_attribute (graph, AGRAPH, "nodesep", NODE_GAP);
  if (settings->nslimit > 0)
    {
      g_ascii_formatd (text, sizeof text, "%g", settings->nslimit);
      set_graph_attribute (graph, AGRAPH, "nslimit", text);
      set_graph_attribute (graph, AGRAPH, "nslimit1", text);
    }
  if (settings->mclimit > 0)
    set_graph_attribute (graph, AGRAPH, "mclimit", g_ascii_formatd (text, sizeof text, "%g", settings->mclimit));
  if (settings->lines)
    set_graph_attribute (graph, AGRAPH, "splines", "line");
  if (settings->engine == RSC_LAYOUT_ENGINE_SFDP)
    set_graph_attribute (graph, AGRAPH, "overlap", "prism");

  set_graph_attribute (graph, AGNODE, "shape", "box");
  set_graph_attribute (graph, AGNODE, "fixedsize", "true");
  set_graph_attribute (graph, AGNODE, "label", "");
  width = declare (graph, AGNODE, "width", "0.5");
  height = declare (graph, AGNODE, "height", "0.5");
  /* Arrow heads are ours: a spline ends at the box. */
  set_graph_attribute (graph, AGEDGE, "dir", "none");
  weight = declare (graph, AGEDGE, "weight", "1");
  constraint = declare (graph, AGEDGE, "constraint", "true");
  label = declare (graph, AGEDGE, "label", "");

  for (gsize i = 0; i < request->n_nodes; i++)
    {
      char name[16];

      g_snprintf (name, sizeof name, "%u", (guint) i);
      nodes[i] = agnode (graph, name, TRUE);
      agbindrec (nodes[i], "Agnodeinfo_t", sizeof (Agnodeinfo_t), TRUE);
      set_number (nodes[i], width, request->nodes[i].width / POINTS_PER_INCH_D);
      set_number (nodes[i], height, request->nodes[i].height / POINTS_PER_INCH_D);
    }
  for (gsize e = 0; e < request->n_edges; e++)
    {
      const RscLayoutEdge *edge = &request->edges[e];

      edges[e] = agedge (graph, nodes[edge->source], nodes[edge->target], NULL, TRUE);
      agbindrec (edges[e], "Agedgeinfo_t", sizeof (Agedgeinfo_t), TRUE);
      if (edge->weight != 1)
        {
          g_snprintf (text, sizeof text, "%u", edge->weight);
          agxset (edges[e], weight, text);
        }
      if (edge->loose)
        agxset (edges[e], constraint, "false");
      if (edge->label_width > 0 && edge->label_height > 0)
        {
          g_autofree char *table =
            g_strdup_printf ("<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLPADDING=\"0\" CELLSPACING=\"0\" FIXEDSIZE=\"TRUE\""
                             " WIDTH=\"%d\" HEIGHT=\"%d\"><TR><TD></TD></TR></TABLE>",
                             (int) (edge->label_width + 0.999), (int) (edge->label_height + 0.999));

          agxset (edges[e], label, agstrdup_html (graph, table));
        }
    }
  return graph;
}

static RscPoint
to_page (pointf p, boxf bounds)
{
  return (RscPoint) { p.x - bounds.LL.x, bounds.UR.y - p.y };
}

static RscPoint
midpoint (RscPoint a, RscPoint b)
{
  return (RscPoint) { (a.x + b.x) / 2, (a.y + b.y) / 2 };
}

/* Appends 3k + 1 points. */
static void
append_spline (GArray *points, Agedge_t *edge, boxf bounds)
{
  splines *spline = ED_spl (edge);
  guint before = points->len;

  for (gsize s = 0; spline != NULL && s < (gsize) spline->size; s++)
    {
      const bezier *piece = &spline->list[s];

      if (piece->size < 4 || piece->size % 3 != 1)
        break;
      /* Pieces meet: the first point of a later one is the last of the one before. */
      for (int p = s == 0 ? 0 : 1; p < (int) piece->size; p++)
        {
          RscPoint place = to_page (piece->list[p], bounds);

          g_array_append_val (points, place);
        }
    }
  if (points->len == before)
    {
      /* Graphviz drew none (it may lose an edge): a straight one. */
      RscPoint from = to_page (ND_coord (agtail (edge)), bounds);
      RscPoint to = to_page (ND_coord (aghead (edge)), bounds);
      RscPoint line[4] = { from, midpoint (from, to), midpoint (from, to), to };

      g_array_append_vals (points, line, G_N_ELEMENTS (line));
    }
}

RscLayoutResult *
rsc_layout_graphviz_place (const RscLayoutRequest *request, const RscLayoutSettings *settings, GError **error)
{
  static const char *const engine_names[RSC_LAYOUT_N_ENGINES] = { "dot", "sfdp" };
  g_autoptr(RscLayoutResult) result = g_new0 (RscLayoutResult, 1);
  g_autoptr(GArray) points = g_array_new (FALSE, FALSE, sizeof (RscPoint));
  g_autofree Agnode_t **nodes = g_new (Agnode_t *, MAX (request->n_nodes, 1));
  g_autofree Agedge_t **edges = g_new (Agedge_t *, MAX (request->n_edges, 1));
  Agraph_t *graph = make_graph (request, settings, nodes, edges);
  boxf bounds;

  if (gvLayout (context, graph, engine_names[settings->engine]) != 0)
    {
      set_error_from_messages (error, RSC_ERROR_FAILED, "gvLayout() failed");
      return NULL;
    }
  bounds = GD_bb (graph);

  result->n_nodes = request->n_nodes;
  result->n_edges = request->n_edges;
  result->centers = g_new (RscPoint, MAX (request->n_nodes, 1));
  result->label_centers = g_new0 (RscPoint, MAX (request->n_edges, 1));
  result->first_point = g_new0 (guint32, request->n_edges + 1);
  for (gsize i = 0; i < request->n_nodes; i++)
    result->centers[i] = to_page (ND_coord (nodes[i]), bounds);
  for (gsize e = 0; e < request->n_edges; e++)
    {
      const textlabel_t *label = ED_label (edges[e]);

      append_spline (points, edges[e], bounds);
      result->first_point[e + 1] = points->len;
      if (label != NULL && label->set)
        result->label_centers[e] = to_page (label->pos, bounds);
      else
        {
          guint first = result->first_point[e];

          result->label_centers[e] = g_array_index (points, RscPoint, first + (points->len - first) / 2);
        }
    }
  result->points = (RscPoint *) (gpointer) g_array_free (g_steal_pointer (&points), FALSE);
  result->width = MAX (0, bounds.UR.x - bounds.LL.x);
  result->height = MAX (0, bounds.UR.y - bounds.LL.y);
  return g_steal_pointer (&result);
}

/* A label's escapes as text: \n \l \r end a line; \N, \G, \E, \T and \H stand
 * for names.  HTML-like labels are not text: @fallback. */
static char *
dup_label (Agraph_t *graph, void *object, Agsym_t *symbol, const char *fallback)
{
  const char *raw = symbol != NULL ? agxget (object, symbol) : NULL;
  g_autoptr(GString) text = NULL;

  if (raw == NULL || raw[0] == '\0' || aghtmlstr ((char *) raw))
    return g_strdup (fallback);
  text = g_string_new (NULL);
  for (const char *p = raw; *p != '\0' && text->len < RSC_LAYOUT_MAX_DOT_STRING; p++)
    {
      const char *name = NULL;

      if (*p != '\\' || p[1] == '\0')
        {
          g_string_append_c (text, *p);
          continue;
        }
      p++;
      switch (*p)
        {
        case 'n': case 'l': case 'r':
          g_string_append_c (text, '\n');
          break;
        case 'N': case 'E':
          name = fallback;
          break;
        case 'G':
          name = agnameof (graph);
          break;
        case 'T':
          name = agobjkind (object) == AGNODE ? fallback : agnameof (agtail ((Agedge_t *) object));
          break;
        case 'H':
          name = agobjkind (object) == AGNODE ? fallback : agnameof (aghead ((Agedge_t *) object));
          break;
        default:
          g_string_append_c (text, *p);
          break;
        }
      if (name != NULL)
        g_string_append (text, name);
    }
  while (text->len > 0 && text->str[text->len - 1] == '\n')
    g_string_truncate (text, text->len - 1);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* "... in line 7 near ..." */
static guint
find_line (const char *message)
{
  const char *at = strstr (message, "line ");

  return at != NULL ? (guint) MIN (g_ascii_strtoull (at + strlen ("line "), NULL, 10), G_MAXUINT) : 0;
}

static gboolean
is_true (const char *text)
{
  return text != NULL && (g_ascii_strcasecmp (text, "true") == 0 || g_ascii_strcasecmp (text, "yes") == 0 ||
                          strcmp (text, "1") == 0);
}

/* cgraph hands edges out by their other ends; a heap has them as they were written. */
static gint
compare_edges (gconstpointer a, gconstpointer b)
{
  Agedge_t *first = *(Agedge_t *const *) a, *second = *(Agedge_t *const *) b;

  return (AGSEQ (first) > AGSEQ (second)) - (AGSEQ (first) < AGSEQ (second));
}

/* A text that cgraph reads. */
typedef struct
{
  const char *text;
  gsize length;
  gsize at;        /* what was handed out */
  gboolean by_word; /* no more than a word or a sign at a time: then @at says how far cgraph has read */
} Feed;

static gboolean
is_word (char c)
{
  return g_ascii_isalnum (c) || c == '_' || c == '.' || (guchar) c >= 0x80;
}

static int
feed_read (void *channel, char *buffer, int size)
{
  Feed *self = channel;
  gsize n = MIN (self->length - self->at, (gsize) MAX (size, 0));
  const char *from = self->text + self->at;

  if (self->by_word && n > 0)
    {
      gsize word = 1;

      while (is_word (from[0]) && word < n && is_word (from[word]))
        word++;
      n = word;
    }
  memcpy (buffer, from, n);
  self->at += n;
  return (int) n;
}

static int
feed_write (void *channel, const char *text)
{
  return 0;
}

static int
feed_flush (void *channel)
{
  return 0;
}

/* Before something else is read: lines are counted from here. */
static void
name_file (void)
{
#ifdef RSC_HAVE_AGSETFILE
  agsetfile ((char *) FILE_NAME);
#endif
}

static Agraph_t *
read_graph (Feed *feed)
{
  static Agiodisc_t io = { feed_read, feed_write, feed_flush };
  Agdisc_t discipline = AgDefaultDisc;

  discipline.io = &io;
#ifdef RSC_HAVE_AGSETFILE
  return agread (feed, &discipline);
#else
  return agconcat (NULL, FILE_NAME, feed, &discipline);
#endif
}

/* The word that a message names, or NULL: "syntax error in line 3 near '->'". */
static char *
dup_near (const char *message)
{
  static const char before[] = " near '";
  const char *near = strstr (message, before), *end;

  if (near == NULL)
    return NULL;
  near += strlen (before);
  end = strrchr (near, '\'');
  return end != NULL ? g_strndup (near, (gsize) (end - near)) : NULL;
}

/* Graphviz names a line and a word.  Where that word is in the text is known
 * once it reads word by word: the parser stops at it. */
static void
find_place (const char *text, gsize length, RscLayoutFault *fault)
{
  g_autofree char *first = g_strdup (messages->str);
  Feed feed = { text, length, 0, TRUE };
  g_autofree char *near = NULL;

  fault->line = find_line (first);
  if (strstr (first, "syntax error") == NULL || strstr (first, "scanning") != NULL)
    return;

  g_string_truncate (messages, 0);
  name_file ();
  while (read_graph (&feed) != NULL && messages->len == 0)
    ;
  if (messages->len > 0)
    near = dup_near (messages->str);
  else
    feed.at = 0;
  g_string_assign (messages, first);

  if (near != NULL && *near != '\0')
    {
      const char *found = g_strrstr_len (text, (gssize) feed.at, near);

      if (found == NULL)
        return;
      fault->offset = (guint32) (found - text);
      fault->length = (guint32) strlen (near);
    }
  else if (feed.at == length)
    fault->offset = (guint32) length;
}

RscDotGraph *
rsc_layout_graphviz_parse (const char *text, gsize length, RscLayoutFault *fault, GError **error)
{
  g_autoptr(RscDotGraph) self = NULL;
  g_autoptr(GHashTable) index = NULL;
  Feed feed = { text, length, 0, FALSE };
  Agraph_t *graph;
  Agsym_t *node_label, *edge_label, *node_root, *graph_root;
  g_autoptr(GArray) out = NULL;
  const char *root_name;
  gboolean more = FALSE;
  gsize i, e;

  name_file ();
  graph = read_graph (&feed);
  while (graph != NULL && messages->len == 0 && read_graph (&feed) != NULL)
    more = TRUE;
  if (graph == NULL || messages->len > 0)
    {
      find_place (text, length, fault);
      set_error_from_messages (error, RSC_ERROR_SYNTAX, "no graph");
      return NULL;
    }
  if (agnnodes (graph) > (int) RSC_LAYOUT_MAX_DOT_NODES || agnedges (graph) > (int) RSC_LAYOUT_MAX_DOT_EDGES)
    {
      g_set_error (error, RSC_LAYOUT_ERROR, RSC_ERROR_LIMIT, "%d nodes and %d edges",
                   agnnodes (graph), agnedges (graph));
      return NULL;
    }

  self = g_new0 (RscDotGraph, 1);
  self->n_nodes = (gsize) agnnodes (graph);
  self->n_edges = (gsize) agnedges (graph);
  self->directed = agisdirected (graph) != 0;
  self->more = more;
  self->root = G_MAXUINT32;
  /* Graphviz names what has no name with a percent sign and a number. */
  self->graph_name = g_strdup (agnameof (graph) != NULL && agnameof (graph)[0] != '%' ? agnameof (graph) : "");
  self->names = g_new0 (char *, self->n_nodes + 1);
  self->labels = g_new0 (char *, self->n_nodes + 1);
  self->edge_labels = g_new0 (char *, self->n_edges + 1);
  self->sources = g_new0 (guint32, MAX (self->n_edges, 1));
  self->targets = g_new0 (guint32, MAX (self->n_edges, 1));

  node_label = agattr (graph, AGNODE, (char *) "label", NULL);
  edge_label = agattr (graph, AGEDGE, (char *) "label", NULL);
  node_root = agattr (graph, AGNODE, (char *) "root", NULL);
  graph_root = agattr (graph, AGRAPH, (char *) "root", NULL);
  root_name = graph_root != NULL ? agxget (graph, graph_root) : NULL;

  index = g_hash_table_new (NULL, NULL);
  i = 0;
  for (Agnode_t *node = agfstnode (graph); node != NULL; node = agnxtnode (graph, node), i++)
    {
      const char *name = agnameof (node);

      self->names[i] = g_strdup (name != NULL ? name : "");
      self->labels[i] = dup_label (graph, node, node_label, self->names[i]);
      g_hash_table_insert (index, node, GSIZE_TO_POINTER (i));
      if (self->root == G_MAXUINT32 &&
          ((node_root != NULL && is_true (agxget (node, node_root))) || g_strcmp0 (root_name, name) == 0))
        self->root = (guint32) i;
    }
  i = 0;
  e = 0;
  out = g_array_new (FALSE, FALSE, sizeof (Agedge_t *));
  for (Agnode_t *node = agfstnode (graph); node != NULL; node = agnxtnode (graph, node), i++)
    {
      g_array_set_size (out, 0);
      for (Agedge_t *edge = agfstout (graph, node); edge != NULL; edge = agnxtout (graph, edge))
        g_array_append_val (out, edge);
      g_array_sort (out, compare_edges);
      for (guint o = 0; o < out->len; o++, e++)
        {
          Agedge_t *edge = g_array_index (out, Agedge_t *, o);

          self->sources[e] = (guint32) i;
          self->targets[e] = (guint32) GPOINTER_TO_SIZE (g_hash_table_lookup (index, aghead (edge)));
          self->edge_labels[e] = dup_label (graph, edge, edge_label, "");
        }
    }
  return g_steal_pointer (&self);
}
