/* Reachability, chains, components and counts, each against a naive one. */
#include <string.h>

#include "analysis/rsc-components.h"
#include "analysis/rsc-histogram.h"
#include "analysis/rsc-reach.h"
#include "random-heap.h"

#define N_SEEDS 400
#define N_DEEP 1000000u

static RscSnapshot *
heap_of_seed (guint32 seed)
{
  RandomHeapShape shape = {
    .n_nodes = 1 + seed % 37,
    .n_edges = (seed * 7) % 90,
    .weak = seed % 3 == 0 ? .2 : 0,
    .untraversed = seed % 2 == 0 ? .3 : 0,
    .untracked = .2,
    .held = -1,
  };

  return random_heap_new (seed, &shape);
}

static gboolean
follows (guint8 kind, RscReachFlags flags)
{
  if ((kind & RSC_EDGE_WEAK) && !(flags & RSC_REACH_WEAK_TOO))
    return FALSE;
  return (kind & RSC_EDGE_TRAVERSED) || !(flags & RSC_REACH_TRAVERSED_ONLY);
}

/* distance[i]: edges from a start, G_MAXUINT if not reached; goes over all edges
 * until nothing changes. */
static guint *
naive_distances (RscSnapshot *snapshot, const RscNode *starts, gsize n_starts, RscReachFlags flags)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (snapshot);
  guint *distance = g_new (guint, columns->n_nodes);
  gboolean changed = TRUE;

  for (guint32 i = 0; i < columns->n_nodes; i++)
    distance[i] = G_MAXUINT;
  for (gsize i = 0; i < n_starts; i++)
    distance[starts[i]] = 0;
  while (changed)
    {
      changed = FALSE;
      for (guint32 source = 0; source < columns->n_nodes; source++)
        for (guint64 e = columns->first_edge[source]; e < columns->first_edge[source + 1]; e++)
          {
            RscNode a = flags & RSC_REACH_BACKWARDS ? columns->target[e] : source;
            RscNode b = flags & RSC_REACH_BACKWARDS ? source : columns->target[e];

            if (follows (columns->kind[e], flags) && distance[a] != G_MAXUINT && distance[a] + 1 < distance[b])
              {
                distance[b] = distance[a] + 1;
                changed = TRUE;
              }
          }
    }

  return distance;
}

static void
test_reach (void)
{
  for (guint32 seed = 0; seed < N_SEEDS; seed++)
    for (RscReachFlags flags = 0; flags < 8; flags++)
      {
        g_autoptr(RscSnapshot) snapshot = heap_of_seed (seed);
        guint32 n = rsc_snapshot_peek_columns (snapshot)->n_nodes;
        RscNode starts[2] = { seed % n, (seed * 5) % n };
        g_autofree guint *distance = naive_distances (snapshot, starts, 2, flags);
        g_autoptr(RscOverlay) overlay = NULL;
        g_autoptr(RscBitset) reached = NULL;
        g_autoptr(GError) error = NULL;

        reached = rsc_reach_compute (snapshot, starts, 2, flags, NULL, NULL, &error);
        g_assert_no_error (error);
        overlay = rsc_reach_to_overlay (snapshot, reached);
        for (guint32 i = 0; i < n; i++)
          {
            g_assert_cmpint (rsc_bitset_get (reached, i), ==, distance[i] != G_MAXUINT);
            g_assert_cmpint (rsc_overlay_get_state (overlay, i), ==,
                             distance[i] != G_MAXUINT ? RSC_STATE_REACHED : RSC_STATE_UNREACHABLE);
          }
      }
}

static gboolean
has_edge (const RscColumns *columns, RscNode source, RscNode target, RscReachFlags flags)
{
  for (guint64 e = columns->first_edge[source]; e < columns->first_edge[source + 1]; e++)
    if (columns->target[e] == target && follows (columns->kind[e], flags))
      return TRUE;

  return FALSE;
}

static void
test_chain (void)
{
  guint n_found = 0;

  for (guint32 seed = 0; seed < N_SEEDS; seed++)
    for (RscReachFlags flags = 0; flags < 8; flags++)
      for (guint max_depth = 0; max_depth < 4; max_depth++)
        {
          g_autoptr(RscSnapshot) snapshot = heap_of_seed (seed);
          const RscColumns *columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL, NULL);
          guint32 n = columns->n_nodes;
          RscNode from[2] = { seed % n, (seed * 3 + 1) % n };
          RscNode to[2] = { (seed * 11 + 5) % n, (seed * 13 + 2) % n };
          g_autofree guint *distance = naive_distances (snapshot, from, 2, flags);
          guint best = MIN (distance[to[0]], distance[to[1]]);
          g_autoptr(GError) error = NULL;
          g_autoptr(GArray) chain = rsc_chain_find (snapshot, from, 2, to, 2, max_depth, flags, NULL, NULL, &error);
          RscNode first, last;

          g_assert_no_error (error);
          if (best == G_MAXUINT || (max_depth > 0 && best > max_depth))
            {
              g_assert_null (chain);
              continue;
            }
          g_assert_nonnull (chain);
          g_assert_cmpuint (chain->len, ==, best + 1);
          for (guint i = 0; i + 1 < chain->len; i++)
            g_assert_true (has_edge (columns, g_array_index (chain, RscNode, i),
                                     g_array_index (chain, RscNode, i + 1), flags));
          first = g_array_index (chain, RscNode, flags & RSC_REACH_BACKWARDS ? chain->len - 1 : 0);
          last = g_array_index (chain, RscNode, flags & RSC_REACH_BACKWARDS ? 0 : chain->len - 1);
          g_assert_true (first == from[0] || first == from[1]);
          g_assert_true (last == to[0] || last == to[1]);
          n_found += chain->len > 2;
        }
  g_assert_cmpuint (n_found, >, 100);
}

static void
test_components (void)
{
  const RscReachFlags flags = RSC_REACH_TRAVERSED_ONLY;
  guint n_cycles = 0;

  for (guint32 seed = 0; seed < N_SEEDS; seed++)
    {
      g_autoptr(RscSnapshot) snapshot = heap_of_seed (seed);
      const RscColumns *columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL, NULL);
      g_autoptr(RscBitset) garbage = rsc_bitset_new (columns->n_nodes);
      g_autoptr(RscComponents) components = NULL;
      g_autoptr(RscOverlay) overlay = NULL;
      g_autoptr(GError) error = NULL;
      guint **distance = g_new (guint *, columns->n_nodes);

      if (seed % 2)
        rsc_bitset_set (garbage, 0);
      for (guint32 i = 0; i < columns->n_nodes; i++)
        distance[i] = naive_distances (snapshot, &i, 1, flags);
      components = rsc_components_compute (snapshot, garbage, NULL, NULL, &error);
      g_assert_no_error (error);
      overlay = rsc_components_to_overlay (components, snapshot);

      for (guint32 i = 0; i < columns->n_nodes; i++)
        {
          gint64 found = rsc_components_find (components, i);
          gboolean in_cycle = has_edge (columns, i, i, flags);

          for (guint32 j = 0; j < columns->n_nodes; j++)
            {
              gboolean together = distance[i][j] != G_MAXUINT && distance[j][i] != G_MAXUINT;

              in_cycle |= i != j && together;
              if (found >= 0)
                g_assert_cmpint (rsc_components_find (components, j) == found, ==, together);
            }
          g_assert_cmpint (found >= 0, ==, in_cycle);
          g_assert_cmpint (rsc_overlay_get_group (overlay, i), ==, found);
        }
      for (guint32 c = 0; c < rsc_components_get_n (components); c++)
        {
          RscComponent component = rsc_components_get (components, c);
          guint64 bytes = 0, held = 0;

          n_cycles++;
          for (guint32 m = 0; m < component.n_members; m++)
            {
              g_assert_cmpint (rsc_components_find (components, component.members[m]), ==, c);
              g_assert_true (m == 0 || component.members[m - 1] < component.members[m]);
              bytes += columns->size[component.members[m]];
            }
          for (guint32 source = 0; source < columns->n_nodes; source++)
            for (guint64 e = columns->first_edge[source]; e < columns->first_edge[source + 1]; e++)
              held += follows (columns->kind[e], 0) && rsc_components_find (components, source) != c
                      && rsc_components_find (components, columns->target[e]) == c;
          g_assert_cmpuint (component.bytes, ==, bytes);
          g_assert_cmpuint (component.held_from_outside, ==, held);
          g_assert_cmpint (component.garbage, ==, seed % 2 == 1 && rsc_components_find (components, 0) == c);
          if (c > 0)
            g_assert_cmpuint (rsc_components_get (components, c - 1).n_members, >=, component.n_members);
          if (c > 0)
            g_assert_cmpuint (rsc_components_get (components, rsc_components_get_by_bytes (components, c - 1)).bytes, >=,
                              rsc_components_get (components, rsc_components_get_by_bytes (components, c)).bytes);
        }
      for (guint32 i = 0; i < columns->n_nodes; i++)
        g_free (distance[i]);
      g_free (distance);
    }
  g_assert_cmpuint (n_cycles, >, N_SEEDS / 4);
}

static void
test_histogram (void)
{
  for (guint32 seed = 0; seed < N_SEEDS; seed++)
    for (guint half = 0; half < 2; half++)
      {
        g_autoptr(RscSnapshot) snapshot = heap_of_seed (seed);
        const RscColumns *columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL, NULL);
        g_autoptr(RscBitset) only = half ? rsc_bitset_new (columns->n_nodes) : NULL;
        g_autoptr(GError) error = NULL;
        g_autoptr(GArray) rows = NULL;
        guint64 total = 0;

        for (guint32 i = 0; half && i < columns->n_nodes; i += 2)
          rsc_bitset_set (only, i);
        rows = rsc_histogram_compute (snapshot, only, NULL, NULL, &error);
        g_assert_no_error (error);
        for (guint r = 0; r < rows->len; r++)
          {
            const RscHistogramRow *row = &g_array_index (rows, RscHistogramRow, r);
            guint64 count = 0, bytes = 0;

            for (guint32 i = 0; i < columns->n_nodes; i += half ? 2 : 1)
              if (columns->type[i] == row->type)
                {
                  count++;
                  bytes += columns->size[i];
                }
            g_assert_cmpuint (row->count, ==, count);
            g_assert_cmpuint (row->bytes, ==, bytes);
            g_assert_true (r == 0 || g_array_index (rows, RscHistogramRow, r - 1).bytes >= bytes);
            total += count;
          }
        g_assert_cmpuint (total, ==, half ? (columns->n_nodes + 1) / 2 : columns->n_nodes);
      }
}

/* A chain of a million, closed to a ring or not, with a hub that all refer to
 * and that refers to all. */
static RscSnapshot *
deep_heap_new (gboolean ring)
{
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
  g_autoptr(GError) error = NULL;
  RscSnapshot *snapshot;
  RscNodeRecord record = { .size = 8, .refcount = 2, .flags = RSC_NODE_CONTAINER | RSC_NODE_TRACKED };

  rsc_snapshot_builder_add_type (builder, "list", "builtins", RSC_NODE_NONE, 0);
  for (guint32 i = 0; i < N_DEEP; i++)
    {
      record.address = 16 * (guint64) (i + 1);
      rsc_snapshot_builder_add_node (builder, &record);
      if (i + 1 < N_DEEP)
        rsc_snapshot_builder_add_edge (builder, i + 1, RSC_EDGE_PLAIN | RSC_EDGE_TRAVERSED, 0);
      else if (ring)
        rsc_snapshot_builder_add_edge (builder, 0, RSC_EDGE_PLAIN | RSC_EDGE_TRAVERSED, 0);
      rsc_snapshot_builder_add_edge (builder, N_DEEP, RSC_EDGE_PLAIN | RSC_EDGE_WEAK, 0);
    }
  record.address = 16 * (guint64) (N_DEEP + 1);
  rsc_snapshot_builder_add_node (builder, &record);
  for (guint32 i = 0; i < N_DEEP; i++)
    rsc_snapshot_builder_add_edge (builder, i, RSC_EDGE_ELEMENT | RSC_EDGE_WEAK, 0);
  snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, &error);
  g_assert_no_error (error);

  return snapshot;
}

static void
test_deep (void)
{
  for (guint ring = 0; ring < 2; ring++)
    {
      g_autoptr(RscSnapshot) snapshot = deep_heap_new (ring);
      g_autoptr(RscBitset) reached = NULL;
      g_autoptr(RscBitset) back = NULL;
      g_autoptr(RscComponents) components = NULL;
      g_autoptr(GArray) chain = NULL;
      RscNode first = 0, last = N_DEEP - 1, hub = N_DEEP;

      reached = rsc_reach_compute (snapshot, &first, 1, RSC_REACH_STRONG, NULL, NULL, NULL);
      g_assert_cmpuint (rsc_bitset_count (reached), ==, N_DEEP);
      back = rsc_reach_compute (snapshot, &hub, 1, RSC_REACH_BACKWARDS | RSC_REACH_WEAK_TOO, NULL, NULL, NULL);
      g_assert_cmpuint (rsc_bitset_count (back), ==, N_DEEP + 1);
      chain = rsc_chain_find (snapshot, &first, 1, &last, 1, 0, RSC_REACH_STRONG, NULL, NULL, NULL);
      g_assert_cmpuint (chain->len, ==, N_DEEP);
      components = rsc_components_compute (snapshot, NULL, NULL, NULL, NULL);
      g_assert_cmpuint (rsc_components_get_n (components), ==, ring);
      if (ring)
        g_assert_cmpuint (rsc_components_get (components, 0).n_members, ==, N_DEEP);
    }
}

static void
note_progress (double fraction, const char *what, gpointer data)
{
  double *last = data;

  g_assert_cmpfloat (fraction, >, *last);
  g_assert_cmpfloat (fraction, <=, 1);
  *last = fraction;
}

/* It moves on also where one start leads to everything. */
static void
test_progress (void)
{
  g_autoptr(RscSnapshot) snapshot = deep_heap_new (TRUE);
  double last = 0;
  RscProgress progress = { note_progress, &last };
  RscNode first = 0;
  g_autoptr(RscBitset) reached = rsc_reach_compute (snapshot, &first, 1, RSC_REACH_STRONG, &progress, NULL, NULL);
  g_autoptr(RscComponents) components = NULL;

  /* The edges of the hub, a third of all, are none of it. */
  g_assert_nonnull (reached);
  g_assert_cmpfloat (last, >=, 0.3);
  last = 0;
  components = rsc_components_compute (snapshot, NULL, &progress, NULL, NULL);
  g_assert_cmpfloat (last, >=, 0.5);
}

static void
test_cancelled (void)
{
  g_autoptr(RscSnapshot) snapshot = deep_heap_new (TRUE);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  RscNode first = 0, last = N_DEEP - 1;

  g_cancellable_cancel (cancellable);
  for (guint what = 0; what < 6; what++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(RscBitset) all = rsc_bitset_new (N_DEEP + 1);
      gpointer result = NULL;

      switch (what)
        {
        case 0:
          result = rsc_reach_compute (snapshot, &first, 1, RSC_REACH_STRONG, NULL, cancellable, &error);
          break;
        case 1:
          result = rsc_reach_compute (snapshot, &first, 1, RSC_REACH_BACKWARDS, NULL, cancellable, &error);
          break;
        case 2:
          result = rsc_chain_find (snapshot, &first, 1, &last, 1, 0, 0, NULL, cancellable, &error);
          break;
        case 3:
          result = rsc_components_compute (snapshot, NULL, NULL, cancellable, &error);
          break;
        case 4:
          result = rsc_histogram_compute (snapshot, all, NULL, cancellable, &error);
          break;
        default:
          result = rsc_find_objects (snapshot, NULL, NULL, "x", 0, NULL, NULL, cancellable, &error);
          break;
        }
      g_assert_null (result);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    }
}

static guint64
count_found (RscSnapshot *snapshot, const char *type, const char *name, const char *value, gsize limit)
{
  g_autoptr(GError) error = NULL;
  guint64 n_found = 0;
  g_autoptr(GArray) found = rsc_find_objects (snapshot, type, name, value, limit, &n_found, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (found->len, ==, limit > 0 ? MIN (limit, n_found) : n_found);

  return n_found;
}

static void
test_find (void)
{
  static const struct
  {
    const char *type;
    const char *value;
    guint32 flags;
  } objects[] = {
    { "str", "Straße nach Köln", RSC_NODE_TEXT },
    { "str", "STRASSE", RSC_NODE_TEXT },
    { "function", "Outer.run", 0 },
    { "function", "run", 0 },
    { "function", "runner", 0 },
    { "Widget", "run", 0 },
    { "WidgetList", "", 0 },
    { "type", "Widget", RSC_NODE_TYPE },
    { "frame", "run", RSC_NODE_SYNTHETIC },
  };
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
  g_autoptr(RscSnapshot) snapshot = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (objects); i++)
    {
      RscNodeRecord record = {
        .address = 16 * (i + 1),
        .type = rsc_snapshot_builder_add_type (builder, objects[i].type,
                                               g_str_has_prefix (objects[i].type, "W") ? "my.app" : "builtins",
                                               RSC_NODE_NONE, 0),
        .flags = objects[i].flags,
        .value = rsc_snapshot_builder_intern_string (builder, objects[i].value, -1),
      };

      rsc_snapshot_builder_add_node (builder, &record);
    }
  snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, NULL);

  g_assert_cmpuint (count_found (snapshot, NULL, NULL, NULL, 0), ==, 8);
  g_assert_cmpuint (count_found (snapshot, NULL, NULL, NULL, 3), ==, 8);
  g_assert_cmpuint (count_found (snapshot, "str", NULL, NULL, 0), ==, 2);
  g_assert_cmpuint (count_found (snapshot, "Widget", NULL, NULL, 0), ==, 1);
  g_assert_cmpuint (count_found (snapshot, "Widget*", NULL, NULL, 0), ==, 2);
  g_assert_cmpuint (count_found (snapshot, "my.app.Widget", NULL, NULL, 0), ==, 1);
  g_assert_cmpuint (count_found (snapshot, "builtins.Widget", NULL, NULL, 0), ==, 0);
  g_assert_cmpuint (count_found (snapshot, "*.app.*", NULL, NULL, 0), ==, 2);
  g_assert_cmpuint (count_found (snapshot, "*t*t", NULL, NULL, 0), ==, 1);
  g_assert_cmpuint (count_found (snapshot, "", NULL, NULL, 0), ==, 0);
  g_assert_cmpuint (count_found (snapshot, NULL, "run", NULL, 0), ==, 2);
  g_assert_cmpuint (count_found (snapshot, NULL, "run*", NULL, 0), ==, 3);
  g_assert_cmpuint (count_found (snapshot, NULL, "Widget", NULL, 0), ==, 1);
  g_assert_cmpuint (count_found (snapshot, NULL, NULL, "strasse", 0), ==, 1);
  g_assert_cmpuint (count_found (snapshot, NULL, NULL, "KÖLN", 0), ==, 1);
  g_assert_cmpuint (count_found (snapshot, NULL, NULL, "straß", 0), ==, 1);
  g_assert_cmpuint (count_found (snapshot, "function", "run", "outer", 0), ==, 1);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/walks/reach", test_reach);
  g_test_add_func ("/walks/chain", test_chain);
  g_test_add_func ("/walks/components", test_components);
  g_test_add_func ("/walks/histogram", test_histogram);
  g_test_add_func ("/walks/deep", test_deep);
  g_test_add_func ("/walks/progress", test_progress);
  g_test_add_func ("/walks/cancelled", test_cancelled);
  g_test_add_func ("/walks/find", test_find);
  return g_test_run ();
}
