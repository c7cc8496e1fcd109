#include "config.h"
#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN

#include "rsc-graph-neighbours.h"

#include <glib/gi18n-lib.h>

/* Hidden objects that are looked through from one node; what lies behind
 * further ones is counted as one each. */
#define MAX_HIDDEN 100000

/* Dicts that are larger are no module's or class's. */
#define MAX_NAMES 4096

struct _RscNeighbourScan
{
  RscGraphBuild *build;
  RscBitset *met;        /* nodes met in this run; empty between runs */
  GArray *met_list;      /* the same nodes */
  GHashTable *places;    /* RscNode + 1 -> place in the list + 1 */
  GArray *hidden;        /* HiddenNode, a queue */
  GArray *rejected;      /* RscNeighbour */

  /* of this run */
  RscNeighbours *out;
  guint depth;
  gboolean forwards;
  gboolean types;
  gsize limit;
  gsize n_rejected_wanted;
  gboolean only_drawn;
};

typedef struct
{
  RscNode node;
  guint32 n_hidden; /* on the way, itself included */
} HiddenNode;

RscNeighbourScan *
rsc_neighbour_scan_new (RscGraphBuild *build)
{
  RscNeighbourScan *self = g_new0 (RscNeighbourScan, 1);

  self->build = build;
  self->met = rsc_bitset_new (build->columns->n_nodes);
  self->met_list = g_array_new (FALSE, FALSE, sizeof (RscNode));
  self->places = g_hash_table_new (NULL, NULL);
  self->hidden = g_array_new (FALSE, FALSE, sizeof (HiddenNode));
  self->rejected = g_array_new (FALSE, FALSE, sizeof (RscNeighbour));
  return self;
}

void
rsc_neighbour_scan_free (RscNeighbourScan *self)
{
  rsc_bitset_free (self->met);
  g_array_unref (self->met_list);
  g_hash_table_unref (self->places);
  g_array_unref (self->hidden);
  g_array_unref (self->rejected);
  g_free (self);
}

void
rsc_neighbours_clear (RscNeighbours *self)
{
  g_clear_pointer (&self->listed, g_array_unref);
}

/* Edges */

static gboolean
is_type_edge (const RscColumns *columns, guint64 edge)
{
  return (columns->kind[edge] & RSC_EDGE_KIND_MASK) == RSC_EDGE_TYPE;
}

/* Which edges of @source a view draws.  Its class stands on each object, and
 * keys and the names in a class that were added for people stand in labels
 * already; those are drawn where one asks who refers to such a text. */
static gboolean
is_shown (const RscNeighbourScan *self, RscNode source, guint64 edge)
{
  const RscColumns *columns = self->build->columns;
  guint8 kind = columns->kind[edge];

  if (is_type_edge (columns, edge))
    return self->types && (kind & RSC_EDGE_TRAVERSED);
  if (kind & RSC_EDGE_TRAVERSED)
    return TRUE;
  if (self->build->params->edges == RSC_EDGES_COLLECTOR)
    return FALSE;
  switch (kind & RSC_EDGE_KIND_MASK)
    {
    case RSC_EDGE_KEY:
      return !self->forwards;
    case RSC_EDGE_NAMED:
      return !self->forwards || !(columns->flags[source] & RSC_NODE_TYPE)
             || !(columns->flags[columns->target[edge]] & RSC_NODE_TEXT);
    default:
      return TRUE;
    }
}

static void
add_reference (const RscColumns *columns, RscNeighbour *neighbour, guint64 edge)
{
  guint8 kind = columns->kind[edge];

  if (kind & RSC_EDGE_TRAVERSED)
    neighbour->n_traversed++;
  else
    neighbour->n_added++;

  if (neighbour->n_labels == 1
      && (columns->kind[neighbour->edges[0]] & RSC_EDGE_KIND_MASK) == RSC_EDGE_PLAIN)
    /* A name says more. */
    neighbour->edges[0] = edge;
  else if (neighbour->n_labels < RSC_NEIGHBOUR_LABELS
           && (neighbour->n_labels == 0 || (kind & RSC_EDGE_KIND_MASK) != RSC_EDGE_PLAIN))
    neighbour->edges[neighbour->n_labels++] = edge;
}

/* How many references there are: one that the collector sees and one that was
 * added to name it are the same. */
static guint32
count_references (const RscNeighbour *neighbour)
{
  return neighbour->n_traversed > 0 ? neighbour->n_traversed : neighbour->n_added;
}

char *
rsc_neighbour_dup_label (RscSnapshot *snapshot, const RscNeighbour *neighbour)
{
  GString *label = g_string_new (NULL);
  guint32 n_references = count_references (neighbour);
  guint n_named = 0;
  g_autofree char *last = NULL;

  for (guint32 i = 0; i < neighbour->n_labels; i++)
    {
      char *text = rsc_snapshot_dup_edge_label (snapshot, neighbour->edges[i]);

      if (*text == '\0' || g_strcmp0 (text, last) == 0)
        {
          g_free (text);
          continue;
        }
      if (label->len > 0)
        g_string_append (label, ", ");
      g_string_append (label, text);
      n_named++;
      g_free (last);
      last = text;
    }
  if (n_references > MAX (n_named, 1))
    g_string_append_printf (label, n_named > 0 ? " … ×%u" : "×%u", n_references);
  return g_string_free (label, FALSE);
}

/* One neighbour */

static gboolean
matches (RscFilter *filter, RscNode node, guint depth, gboolean *failed, GError **error)
{
  g_autoptr(GError) local = NULL;
  gboolean result = rsc_filter_matches (filter, node, depth, &local);

  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      *failed = TRUE;
    }
  return result;
}

/* A node that was not met before in this run.  FALSE: an expression failed. */
static gboolean
mark_met (RscNeighbourScan *self, RscNode node, gboolean *rejected, GError **error)
{
  RscGraphBuild *build = self->build;
  gboolean failed = FALSE;

  rsc_bitset_set (self->met, node);
  g_array_append_val (self->met_list, node);

  *rejected = rsc_graph_build_is_ignored (build, node);
  if (!*rejected && build->filter != NULL)
    *rejected = !matches (build->filter, node, self->depth + 1, &failed, error);
  return !failed;
}

static gboolean
meet (RscNeighbourScan *self, RscNode node, guint64 edge, guint32 n_hidden, GError **error)
{
  RscGraphBuild *build = self->build;
  RscNeighbour neighbour = { .node = node, .hidden = n_hidden };
  gboolean failed = FALSE;
  gboolean rejected;

  if (!mark_met (self, node, &rejected, error))
    return FALSE;
  if (rejected)
    {
      self->out->n_rejected++;
      if (self->rejected->len < self->n_rejected_wanted)
        {
          add_reference (build->columns, &neighbour, edge);
          g_array_append_val (self->rejected, neighbour);
        }
      return TRUE;
    }

  if (build->hide != NULL && !rsc_bitset_get (build->drawn, node)
      && matches (build->hide, node, self->depth + 1, &failed, error))
    {
      HiddenNode hidden = { node, n_hidden + 1 };

      if (self->hidden->len < MAX_HIDDEN)
        g_array_append_val (self->hidden, hidden);
      else
        self->out->n_more++;
      return TRUE;
    }
  if (failed)
    return FALSE;

  if (self->out->listed->len >= self->limit || (self->only_drawn && !rsc_bitset_get (build->drawn, node)))
    {
      self->out->n_more++;
      return TRUE;
    }
  add_reference (build->columns, &neighbour, edge);
  g_array_append_val (self->out->listed, neighbour);
  g_hash_table_insert (self->places, GSIZE_TO_POINTER ((gsize) node + 1),
                       GSIZE_TO_POINTER ((gsize) self->out->listed->len));
  return TRUE;
}

static gboolean
visit_edge (RscNeighbourScan *self, RscNode source, guint64 edge, guint32 n_hidden, GError **error)
{
  const RscColumns *columns = self->build->columns;
  RscNode target = columns->target[edge];
  gsize place;

  if (!rsc_graph_build_poll (self->build, error))
    return FALSE;
  if (!is_shown (self, source, edge))
    return TRUE;
  if (!rsc_bitset_get (self->met, target))
    return meet (self, target, edge, n_hidden, error);
  if (n_hidden > 0)
    return TRUE;
  place = GPOINTER_TO_SIZE (g_hash_table_lookup (self->places, GSIZE_TO_POINTER ((gsize) target + 1)));
  if (place > 0)
    add_reference (columns, &g_array_index (self->out->listed, RscNeighbour, place - 1), edge);
  return TRUE;
}

/* A list is traversed from its end; people count from its beginning.  The run
 * of indexed edges is *first to *end, exclusive, if it goes downwards. */
static void
find_backward_run (const RscColumns *columns, RscNode node, guint64 *first, guint64 *end)
{
  enum { MARGIN = 16 };
  guint64 begin = columns->first_edge[node];
  guint64 stop = columns->first_edge[node + 1];

  *first = begin;
  *end = stop;
  while (*first < stop && *first < begin + MARGIN
         && (columns->kind[*first] & RSC_EDGE_KIND_MASK) != RSC_EDGE_INDEX)
    (*first)++;
  while (*end > *first && *end + MARGIN > stop
         && (columns->kind[*end - 1] & RSC_EDGE_KIND_MASK) != RSC_EDGE_INDEX)
    (*end)--;
  if (*end - *first < 2
      || (columns->kind[*first] & RSC_EDGE_KIND_MASK) != RSC_EDGE_INDEX
      || (columns->kind[*end - 1] & RSC_EDGE_KIND_MASK) != RSC_EDGE_INDEX
      || columns->label[*first] < columns->label[*end - 1])
    *first = *end = stop;
}

/* '__name__': of a module's or a class's names those that Python puts there. */
static gboolean
is_special_name (RscNeighbourScan *self, guint64 edge)
{
  const RscColumns *columns = self->build->columns;
  RscNode key;
  const char *name;

  if ((columns->kind[edge] & RSC_EDGE_KIND_MASK) != RSC_EDGE_VALUE)
    return FALSE;
  key = columns->label[edge];
  if (!(columns->flags[key] & RSC_NODE_TEXT))
    return FALSE;
  name = rsc_snapshot_get_string (self->build->snapshot, columns->value[key]);
  return g_str_has_prefix (name, "__") && g_str_has_suffix (name, "__");
}

/* The names that a program gave first, then those of Python's own. */
static gboolean
visit_names (RscNeighbourScan *self, RscNode node, guint32 n_hidden, GError **error)
{
  const RscColumns *columns = self->build->columns;

  for (int special = 0; special < 2; special++)
    for (guint64 edge = columns->first_edge[node]; edge < columns->first_edge[node + 1]; edge++)
      if (is_special_name (self, edge) == special && !visit_edge (self, node, edge, n_hidden, error))
        return FALSE;
  return TRUE;
}

static gboolean
visit_references (RscNeighbourScan *self, RscNode node, guint32 n_hidden, GError **error)
{
  const RscColumns *columns = self->build->columns;
  guint64 stop = columns->first_edge[node + 1];
  guint64 first, end;

  first = columns->first_edge[node];
  if (first < stop && stop - first <= MAX_NAMES && (columns->kind[first] & RSC_EDGE_KIND_MASK) == RSC_EDGE_VALUE)
    return visit_names (self, node, n_hidden, error);

  find_backward_run (columns, node, &first, &end);
  for (guint64 edge = columns->first_edge[node]; edge < first; edge++)
    if (!visit_edge (self, node, edge, n_hidden, error))
      return FALSE;
  for (guint64 edge = end; edge > first; edge--)
    if (!visit_edge (self, node, edge - 1, n_hidden, error))
      return FALSE;
  for (guint64 edge = end; edge < stop; edge++)
    if (!visit_edge (self, node, edge, n_hidden, error))
      return FALSE;
  return TRUE;
}

/* What of @referrer's edges to @node a pass over the referrers looks for. */
typedef enum
{
  PASS_ALL,
  PASS_HOLDERS,  /* what refers to a class other than as its type */
  PASS_INSTANCES /* what refers to it as its type only */
} Pass;

static guint64
find_shown_edge (RscNeighbourScan *self, RscNode source, RscNode target, guint64 from)
{
  RscEdgeFinder *finder = self->build->finder;
  guint64 edge = rsc_edge_finder_next (finder, source, target, from);

  while (edge != G_MAXUINT64 && !is_shown (self, source, edge))
    edge = rsc_edge_finder_next (finder, source, target, edge + 1);
  return edge;
}

/* The first edge that @pass is about. */
static guint64
find_edge_of_pass (RscNeighbourScan *self, RscNode source, RscNode target, Pass pass)
{
  const RscColumns *columns = self->build->columns;
  guint64 edge = rsc_edge_finder_next (self->build->finder, source, target, 0);

  for (; edge != G_MAXUINT64; edge = rsc_edge_finder_next (self->build->finder, source, target, edge + 1))
    {
      gboolean is_instance = is_type_edge (columns, edge) && (columns->kind[edge] & RSC_EDGE_TRAVERSED);

      if (pass == PASS_INSTANCES ? is_instance : !is_type_edge (columns, edge) && is_shown (self, source, edge))
        break;
    }
  return edge;
}

/* An instance of a class that was met on the way. */
static gboolean
count_instance (RscNeighbourScan *self, RscNode node, GError **error)
{
  gboolean rejected;

  if (!mark_met (self, node, &rejected, error))
    return FALSE;
  if (rejected)
    self->out->n_rejected++;
  else
    self->out->n_more++;
  return TRUE;
}

static gboolean
visit_referrer (RscNeighbourScan *self, RscNode referrer, RscNode node, Pass pass, guint32 n_hidden, GError **error)
{
  RscGraphBuild *build = self->build;
  const RscColumns *columns = build->columns;
  guint64 edge = G_MAXUINT64;
  gsize place;

  if (!rsc_graph_build_poll (build, error))
    return FALSE;
  if (rsc_bitset_get (self->met, referrer))
    return TRUE;
  if (build->params->edges == RSC_EDGES_COLLECTOR && !(columns->flags[referrer] & RSC_NODE_TRACKED))
    return TRUE;

  /* To look for the edge in each of a hub's million referrers takes long; only
   * a type may have referrers whose edge is not shown. */
  if (pass != PASS_ALL)
    edge = find_edge_of_pass (self, referrer, node, pass);
  else if (build->params->edges == RSC_EDGES_COLLECTOR || self->out->listed->len < self->limit)
    edge = find_shown_edge (self, referrer, node, 0);
  else
    edge = columns->first_edge[referrer];
  if (edge == G_MAXUINT64)
    return TRUE;
  if (pass == PASS_INSTANCES && !self->types)
    return count_instance (self, referrer, error);
  if (!meet (self, referrer, edge, n_hidden, error))
    return FALSE;

  place = GPOINTER_TO_SIZE (g_hash_table_lookup (self->places, GSIZE_TO_POINTER ((gsize) referrer + 1)));
  if (place == 0 || n_hidden > 0)
    return TRUE;
  for (edge = find_shown_edge (self, referrer, node, edge + 1); edge != G_MAXUINT64;
       edge = find_shown_edge (self, referrer, node, edge + 1))
    {
      if (!rsc_graph_build_poll (build, error))
        return FALSE;
      add_reference (columns, &g_array_index (self->out->listed, RscNeighbour, place - 1), edge);
    }
  return TRUE;
}

/* Running functions, which say most, first; then in list order. */
static gboolean
visit_referrers_in_pass (RscNeighbourScan *self, RscNode node, Pass pass, guint32 n_hidden, GError **error)
{
  const RscColumns *columns = self->build->columns;
  guint64 begin = columns->first_referrer[node];
  guint64 stop = columns->first_referrer[node + 1];
  guint64 first_synthetic = stop;

  while (first_synthetic > begin
         && (columns->flags[columns->referrer[first_synthetic - 1]] & RSC_NODE_SYNTHETIC))
    first_synthetic--;
  for (guint64 i = first_synthetic; i < stop; i++)
    if (!visit_referrer (self, columns->referrer[i], node, pass, n_hidden, error))
      return FALSE;
  for (guint64 i = begin; i < first_synthetic; i++)
    if (!visit_referrer (self, columns->referrer[i], node, pass, n_hidden, error))
      return FALSE;
  return TRUE;
}

/* Of a class, what holds it under a name comes before its instances, of which
 * there may be a million. */
static gboolean
visit_referrers (RscNeighbourScan *self, RscNode node, guint32 n_hidden, GError **error)
{
  const RscColumns *columns = self->build->columns;

  if (self->build->params->edges == RSC_EDGES_COLLECTOR || !(columns->flags[node] & RSC_NODE_TYPE))
    return visit_referrers_in_pass (self, node, PASS_ALL, n_hidden, error);
  return visit_referrers_in_pass (self, node, PASS_HOLDERS, n_hidden, error)
         && visit_referrers_in_pass (self, node, PASS_INSTANCES, n_hidden, error);
}

static gboolean
visit (RscNeighbourScan *self, RscNode node, guint32 n_hidden, GError **error)
{
  return self->forwards ? visit_references (self, node, n_hidden, error)
                        : visit_referrers (self, node, n_hidden, error);
}

static void
forget (RscNeighbourScan *self)
{
  for (guint i = 0; i < self->met_list->len; i++)
    rsc_bitset_unset (self->met, g_array_index (self->met_list, RscNode, i));
  g_array_set_size (self->met_list, 0);
  g_array_set_size (self->hidden, 0);
  g_array_set_size (self->rejected, 0);
  g_hash_table_remove_all (self->places);
}

gboolean
rsc_neighbour_scan_run (RscNeighbourScan *self, const RscNeighbourQuery *query, RscNeighbours *neighbours, GError **error)
{
  gboolean ok;

  self->out = neighbours;
  self->depth = query->depth;
  self->forwards = query->forwards;
  self->types = query->types;
  self->limit = query->limit;
  self->n_rejected_wanted = query->n_rejected_wanted;
  self->only_drawn = query->only_drawn;
  neighbours->listed = g_array_new (FALSE, FALSE, sizeof (RscNeighbour));
  neighbours->n_more = 0;
  neighbours->n_rejected = 0;

  ok = visit (self, query->node, 0, error);
  for (guint i = 0; ok && i < self->hidden->len; i++)
    {
      HiddenNode hidden = g_array_index (self->hidden, HiddenNode, i);

      ok = visit (self, hidden.node, hidden.n_hidden, error);
    }
  if (ok)
    for (guint i = 0; i < self->rejected->len && neighbours->listed->len < query->limit; i++)
      {
        g_array_append_val (neighbours->listed, g_array_index (self->rejected, RscNeighbour, i));
        neighbours->n_rejected--;
      }
  forget (self);
  self->out = NULL;
  return ok;
}
