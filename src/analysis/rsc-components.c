#include "config.h"

#include "rsc-components.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/rsc-release.h"

#define NO_COMPONENT G_MAXUINT32

/* Targets lie anywhere: they are asked for this many edges ahead. */
#define AHEAD 24

struct _RscComponents
{
  RscComponent *components;
  guint32 n_components;
  guint32 *by_bytes; /* indices, most bytes first */
  RscNode *members;
  guint32 *of_node; /* the component of each node, or NO_COMPONENT */
  guint32 n_nodes;
};

static inline gboolean
is_followed (guint8 kind)
{
  return (kind & (RSC_EDGE_TRAVERSED | RSC_EDGE_WEAK)) == RSC_EDGE_TRAVERSED;
}

/* A node whose edges are being followed, and the next of them. */
typedef struct
{
  guint64 edge;
  RscNode node;
  gboolean is_root; /* nothing older was reached from it so far */
} Visit;

/* Tarjan's algorithm in Pearce's form: rank[v] is 0 for what was not visited,
 * a small number (the order of visiting, lowered to the oldest one reached)
 * while v's component is open, and one of the numbers from G_MAXUINT32 down,
 * its component's, afterwards.  Open ones are never more than the nodes left,
 * so the two ranges don't meet. */
static gboolean
find_components (const RscColumns  *columns,
                 guint32           *rank,
                 guint32           *n_found,
                 const RscProgress *progress,
                 GCancellable      *cancellable,
                 GError           **error)
{
  g_autoptr(GArray) visits = g_array_new (FALSE, FALSE, sizeof (Visit));
  g_autoptr(GArray) open = g_array_new (FALSE, FALSE, sizeof (RscNode));
  guint32 next_rank = 1, next_component = G_MAXUINT32;
  guint64 n_steps = 0;

  for (RscNode start = 0; start < columns->n_nodes; start++)
    {
      Visit visit = { columns->first_edge[start], start, TRUE };

      if (rank[start] != 0)
        continue;
      rank[start] = next_rank++;
      g_array_append_val (visits, visit);

      while (visits->len > 0)
        {
          Visit *top = &g_array_index (visits, Visit, visits->len - 1);
          RscNode node = top->node;
          gboolean descended = FALSE;

          while (!descended && top->edge < columns->first_edge[node + 1])
            {
              RscNode target = columns->target[top->edge];

              if (++n_steps % RSC_CANCEL_INTERVAL == 0)
                {
                  if (g_cancellable_set_error_if_cancelled (cancellable, error))
                    return FALSE;
                  if (n_steps % (RSC_CANCEL_INTERVAL * 256) == 0)
                    /* An edge that is descended is looked at twice. */
                    rsc_progress_report (progress, (double) n_steps / (double) (columns->n_edges + columns->n_nodes),
                                         _("Looking for cycles"));
                }
              if (!is_followed (columns->kind[top->edge]))
                {
                  top->edge++;
                }
              else if (rank[target] == 0)
                {
                  /* The edge is looked at again when the visit is over. */
                  Visit child = { columns->first_edge[target], target, TRUE };

                  rank[target] = next_rank++;
                  g_array_append_val (visits, child);
                  descended = TRUE;
                }
              else
                {
                  if (rank[target] < rank[node])
                    {
                      rank[node] = rank[target];
                      top->is_root = FALSE;
                    }
                  top->edge++;
                }
            }
          if (descended)
            continue;

          if (top->is_root)
            {
              next_rank--;
              while (open->len > 0 && rank[node] <= rank[g_array_index (open, RscNode, open->len - 1)])
                {
                  rank[g_array_index (open, RscNode, open->len - 1)] = next_component;
                  g_array_set_size (open, open->len - 1);
                  next_rank--;
                }
              rank[node] = next_component--;
            }
          else
            {
              g_array_append_val (open, node);
            }
          g_array_set_size (visits, visits->len - 1);
        }
    }
  *n_found = G_MAXUINT32 - next_component;

  return TRUE;
}

static int
compare_components (gconstpointer a,
                    gconstpointer b)
{
  const RscComponent *first = a, *second = b;

  if (first->n_members != second->n_members)
    return first->n_members > second->n_members ? -1 : 1;
  if (first->bytes != second->bytes)
    return first->bytes > second->bytes ? -1 : 1;

  return first->members[0] < second->members[0] ? -1 : 1;
}

static int
compare_by_bytes (gconstpointer a,
                  gconstpointer b,
                  gpointer      user_data)
{
  guint32 first = *(const guint32 *) a, second = *(const guint32 *) b;
  const RscComponent *components = user_data;

  if (components[first].bytes != components[second].bytes)
    return components[first].bytes > components[second].bytes ? -1 : 1;

  return first < second ? -1 : 1;
}

/* Turns of_node from the numbers of all components into those of the cycles,
 * and fills in the cycles but for what holds them. */
static void
gather_members (RscComponents    *self,
                const RscColumns *columns,
                guint32           n_found,
                const RscBitset  *garbage)
{
  g_autofree guint32 *n_members = g_new0 (guint32, MAX (n_found, 1));
  g_autofree guint32 *cycle_of = g_new (guint32, MAX (n_found, 1));
  g_autoptr(RscBitset) has_loop = rsc_bitset_new (n_found);
  g_autofree guint64 *place = NULL;
  guint32 n_cycles = 0;
  guint64 total = 0;

  for (RscNode node = 0; node < self->n_nodes; node++)
    {
      guint32 found = G_MAXUINT32 - self->of_node[node];

      self->of_node[node] = found;
      n_members[found]++;
      for (guint64 e = columns->first_edge[node]; e < columns->first_edge[node + 1]; e++)
        if (columns->target[e] == node && is_followed (columns->kind[e]))
          rsc_bitset_set (has_loop, found);
    }

  place = g_new (guint64, MAX (n_found, 1));
  for (guint32 found = 0; found < n_found; found++)
    {
      cycle_of[found] = NO_COMPONENT;
      if (n_members[found] < 2 && !rsc_bitset_get (has_loop, found))
        continue;
      place[found] = total;
      total += n_members[found];
      cycle_of[found] = n_cycles++;
    }
  self->members = g_new (RscNode, MAX (total, 1));
  self->components = g_new0 (RscComponent, MAX (n_cycles, 1));
  self->n_components = n_cycles;

  /* Nodes come in ascending order, and so do each component's members. */
  for (RscNode node = 0; node < self->n_nodes; node++)
    {
      guint32 found = self->of_node[node];
      RscComponent *component;

      self->of_node[node] = cycle_of[found];
      if (cycle_of[found] == NO_COMPONENT)
        continue;
      component = &self->components[cycle_of[found]];
      if (component->n_members++ == 0)
        component->members = self->members + place[found];
      self->members[place[found]++] = node;
      component->bytes += columns->size[node];
      component->garbage |= garbage != NULL && rsc_bitset_get (garbage, node);
    }
}

static gboolean
count_holders (RscComponents    *self,
               const RscColumns *columns,
               GCancellable     *cancellable,
               GError          **error)
{
  for (RscNode node = 0; node < self->n_nodes; node++)
    {
      if (node % RSC_CANCEL_INTERVAL == 0 && g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      for (guint64 e = columns->first_edge[node]; e < columns->first_edge[node + 1]; e++)
        {
          guint32 component = self->of_node[columns->target[e]];

          if (e + AHEAD < columns->n_edges)
            __builtin_prefetch (&self->of_node[columns->target[e + AHEAD]]);
          if (component != NO_COMPONENT && component != self->of_node[node] && !(columns->kind[e] & RSC_EDGE_WEAK))
            self->components[component].held_from_outside++;
        }
    }

  return TRUE;
}

RscComponents *
rsc_components_compute (RscSnapshot       *snapshot,
                        const RscBitset   *garbage,
                        const RscProgress *progress,
                        GCancellable      *cancellable,
                        GError           **error)
{
  g_autoptr(RscComponents) self = NULL;
  const RscColumns *columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_NODES | RSC_BLOCK_EDGES, error);
  guint32 n_found = 0;

  if (columns == NULL)
    return NULL;
  g_return_val_if_fail (garbage == NULL || garbage->n_bits == columns->n_nodes, NULL);

  self = g_new0 (RscComponents, 1);
  self->n_nodes = columns->n_nodes;
  self->of_node = g_new0 (guint32, MAX (columns->n_nodes, 1));
  if (!find_components (columns, self->of_node, &n_found, progress, cancellable, error))
    return NULL;
  gather_members (self, columns, n_found, garbage);

  if (self->n_components > 0)
    qsort (self->components, self->n_components, sizeof *self->components, compare_components);
  self->by_bytes = g_new (guint32, MAX (self->n_components, 1));
  for (guint32 c = 0; c < self->n_components; c++)
    self->by_bytes[c] = c;
  if (self->n_components > 0)
    qsort_r (self->by_bytes, self->n_components, sizeof *self->by_bytes, compare_by_bytes, self->components);
  for (guint32 c = 0; c < self->n_components; c++)
    for (guint32 m = 0; m < self->components[c].n_members; m++)
      self->of_node[self->components[c].members[m]] = c;
  if (!count_holders (self, columns, cancellable, error) || !rsc_snapshot_check (snapshot, error))
    return NULL;

  return g_steal_pointer (&self);
}

static void
free_components (gpointer data)
{
  RscComponents *self = data;

  g_free (self->components);
  g_free (self->by_bytes);
  g_free (self->members);
  g_free (self->of_node);
  g_free (self);
}

void
rsc_components_free (RscComponents *self)
{
  rsc_release (self, free_components);
}

guint32
rsc_components_get_n (RscComponents *self)
{
  return self->n_components;
}

RscComponent
rsc_components_get (RscComponents *self,
                    guint32        index)
{
  g_return_val_if_fail (index < self->n_components, ((RscComponent) { 0 }));

  return self->components[index];
}

guint32
rsc_components_get_by_bytes (RscComponents *self,
                             guint32        rank)
{
  g_return_val_if_fail (rank < self->n_components, 0);

  return self->by_bytes[rank];
}

gint64
rsc_components_find (RscComponents *self,
                     RscNode        node)
{
  g_return_val_if_fail (node < self->n_nodes, -1);

  return self->of_node[node] == NO_COMPONENT ? -1 : (gint64) self->of_node[node];
}

RscOverlay *
rsc_components_to_overlay (RscComponents *self,
                           RscSnapshot   *snapshot)
{
  RscOverlay *overlay = rsc_overlay_new (snapshot);

  for (guint32 c = 0; c < self->n_components; c++)
    {
      const RscComponent *component = &self->components[c];

      for (guint32 m = 0; m < component->n_members; m++)
        rsc_overlay_set (overlay, component->members[m],
                         component->garbage ? RSC_STATE_GARBAGE_CYCLE : RSC_STATE_CYCLE, (int) MIN (c, G_MAXINT), NULL);
    }

  return overlay;
}
