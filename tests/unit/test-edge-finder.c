/* Finding edges between two nodes, against going through all of them. */
#include "graph/rsc-edge-finder.h"
#include "small-heap.h"

/* Node 0 holds @n_targets others, @n_edges times in all, in an order that has
 * nothing to do with their numbers; they hold it in turn. */
static RscSnapshot *
make_holder (guint32 n_targets, guint32 n_edges, guint32 seed)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed (seed);
  SmallHeap heap;
  guint32 type;

  small_heap_init (&heap);
  type = small_heap_type (&heap, "builtins", "list", 0);
  for (guint32 i = 0; i <= n_targets; i++)
    {
      RscNodeRecord record = { .address = 0x1000 + 16 * (guint64) i, .size = 56, .type = type,
                               .flags = RSC_NODE_TRACKED | RSC_NODE_CONTAINER };

      rsc_snapshot_builder_add_node (heap.builder, &record);
      if (i > 0)
        rsc_snapshot_builder_add_edge (heap.builder, 0, T | RSC_EDGE_PLAIN, 0);
    }
  for (guint32 e = 0; e < n_edges; e++)
    rsc_snapshot_builder_add_edge_from (heap.builder, 0, (RscNode) g_rand_int_range (rand, 1, (gint32) n_targets + 1),
                                        T | RSC_EDGE_INDEX, e);
  return small_heap_freeze (&heap);
}

static guint64
find_naively (const RscColumns *columns, RscNode source, RscNode target, guint64 from)
{
  for (guint64 edge = MAX (from, columns->first_edge[source]); edge < columns->first_edge[source + 1]; edge++)
    if (columns->target[edge] == target)
      return edge;
  return G_MAXUINT64;
}

/* Small and large sources, before and after they are sorted, from each place. */
static void
test_naive (void)
{
  static const struct { guint32 n_targets, n_edges; } shapes[] = {
    { 3, 0 }, { 5, 40 }, { 300, 255 }, { 300, 256 }, { 7, 2000 }, { 70000, 3000 }, { 1, 600 },
  };

  for (gsize s = 0; s < G_N_ELEMENTS (shapes); s++)
    {
      g_autoptr(RscSnapshot) snapshot = make_holder (shapes[s].n_targets, shapes[s].n_edges, 7 + (guint32) s);
      const RscColumns *columns = rsc_snapshot_peek_columns (snapshot);
      g_autoptr(RscEdgeFinder) finder = rsc_edge_finder_new (columns, NULL);
      g_autoptr(GRand) rand = g_rand_new_with_seed (3);

      for (guint i = 0; i < 1500; i++)
        {
          RscNode target = (RscNode) g_rand_int_range (rand, 0, (gint32) shapes[s].n_targets + 1);
          guint64 from = g_rand_boolean (rand) ? 0 : (guint64) g_rand_int_range (rand, 0, (gint32) shapes[s].n_edges + 2);

          g_assert_cmpuint (rsc_edge_finder_next (finder, 0, target, from), ==, find_naively (columns, 0, target, from));
        }
      g_assert_cmpuint (rsc_edge_finder_next (finder, 1, 0, 0), ==, columns->first_edge[1]);
    }
}

/* To ask for each of a list's objects takes no more than to sort the list. */
static void
test_steps (void)
{
  enum { N = 100000 };
  g_autoptr(RscSnapshot) snapshot = make_holder (N, N, 1);
  const RscColumns *columns = rsc_snapshot_peek_columns (snapshot);
  g_autoptr(RscEdgeFinder) finder = rsc_edge_finder_new (columns, NULL);
  guint64 n_found = 0;

  for (RscNode target = 1; target <= N; target++)
    for (guint64 edge = rsc_edge_finder_next (finder, 0, target, 0); edge != G_MAXUINT64;
         edge = rsc_edge_finder_next (finder, 0, target, edge + 1))
      n_found++;
  g_assert_cmpuint (n_found, ==, N);
  g_assert_cmpuint (rsc_edge_finder_get_steps (finder), <, 100 * N);
}

/* A sort that was cancelled is left, and nothing is wrong. */
static void
test_cancelled (void)
{
  g_autoptr(RscSnapshot) snapshot = make_holder (10, 1000, 1);
  const RscColumns *columns = rsc_snapshot_peek_columns (snapshot);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(RscEdgeFinder) finder = rsc_edge_finder_new (columns, cancellable);

  g_cancellable_cancel (cancellable);
  for (guint i = 0; i < 2000; i++)
    g_assert_cmpuint (rsc_edge_finder_next (finder, 0, i % 11, 900), ==, find_naively (columns, 0, i % 11, 900));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/edge-finder/naive", test_naive);
  g_test_add_func ("/edge-finder/steps", test_steps);
  g_test_add_func ("/edge-finder/cancelled", test_cancelled);
  return g_test_run ();
}
