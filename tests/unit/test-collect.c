#include "base/rsc-error.h"
#include "collect/rsc-collect.h"
#include "collect/rsc-comparison.h"
#include "random-heap.h"

#define N_SEEDS 1000

/* What the collector's textbook says, by nothing but loops over all edges. */

static gboolean
is_young (const RscColumns *columns, RscNode node, guint generation)
{
  return columns->generation[node] <= generation && (columns->flags[node] & RSC_NODE_IMMORTAL) == 0;
}

static gboolean
is_traversed (guint8 kind)
{
  return (kind & (RSC_EDGE_TRAVERSED | RSC_EDGE_WEAK)) == RSC_EDGE_TRAVERSED;
}

/* Adds to @set what of @among its members refer to, until nothing changes. */
static void
naive_close (const RscColumns *columns, gboolean *set, const gboolean *among)
{
  gboolean changed = TRUE;

  while (changed)
    {
      changed = FALSE;
      for (guint32 source = 0; source < columns->n_nodes; source++)
        for (guint64 e = columns->first_edge[source]; set[source] && e < columns->first_edge[source + 1]; e++)
          {
            RscNode target = columns->target[e];

            if (is_traversed (columns->kind[e]) && among[target] && !set[target])
              {
                set[target] = TRUE;
                changed = TRUE;
              }
          }
    }
}

/* An object of the young generations is kept if more references are counted than come from young ones, or if a kept
 * one refers to it. */
static gboolean *
naive_kept (const RscColumns *columns, guint generation)
{
  gboolean *kept = g_new0 (gboolean, columns->n_nodes);
  g_autofree gboolean *young = g_new0 (gboolean, columns->n_nodes);

  for (guint32 i = 0; i < columns->n_nodes; i++)
    {
      guint inner = 0;

      young[i] = is_young (columns, i, generation);
      for (guint32 source = 0; source < columns->n_nodes; source++)
        for (guint64 e = columns->first_edge[source]; e < columns->first_edge[source + 1]; e++)
          inner += columns->target[e] == i && is_young (columns, source, generation) && is_traversed (columns->kind[e])
                   && !(columns->kind[e] & RSC_EDGE_BORROWED);
      kept[i] = young[i] && columns->refcount[i] > inner;
    }
  naive_close (columns, kept, young);

  return kept;
}

/* Of what is not kept: what has a finalizer of the old kind, and what that refers to. */
static gboolean *
naive_uncollectable (const RscColumns *columns, const gboolean *kept, guint generation)
{
  gboolean *set = g_new0 (gboolean, columns->n_nodes);
  g_autofree gboolean *lost = g_new0 (gboolean, columns->n_nodes);

  for (guint32 i = 0; i < columns->n_nodes; i++)
    {
      lost[i] = is_young (columns, i, generation) && !kept[i];
      set[i] = lost[i] && columns->type[i] == 4;
    }
  naive_close (columns, set, lost);

  return set;
}

static void
test_predict_random (void)
{
  guint64 n_garbage = 0, n_kept = 0, n_uncollectable = 0, n_immortal = 0;

  for (guint32 seed = 0; seed < N_SEEDS; seed++)
    for (guint generation = 0; generation <= 2; generation++)
      {
        RandomHeapShape shape = {
          .n_nodes = seed % 40,
          .n_edges = (seed * 5) % 100,
          .weak = .1,
          .untraversed = seed % 2 ? .2 : 0,
          .untracked = .15,
          .borrowed = seed % 7 == 0 ? .1 : 0,
          .held = seed % 5 * .1,
          .legacy = seed % 3 == 0,
          .immortal = seed % 4 == 0 ? .1 : 0,
        };
        g_autoptr(RscSnapshot) snapshot = random_heap_new (seed, &shape);
        const RscColumns *columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL, NULL);
        g_autofree gboolean *kept = naive_kept (columns, generation);
        g_autofree gboolean *uncollectable = NULL;
        g_autoptr(GError) error = NULL;
        g_autoptr(RscPrediction) prediction = rsc_collect_predict (snapshot, generation, NULL, NULL, &error);
        g_autoptr(RscOverlay) overlay = NULL;
        guint64 examined = 0, unreachable = 0, saved = 0, bytes = 0, finalizers = 0;
        gboolean any_counted = FALSE;

        for (guint32 i = 0; i < columns->n_nodes; i++)
          any_counted |= (columns->flags[i] & RSC_NODE_TRACKED) != 0 && columns->refcount[i] != RSC_REFCOUNT_UNKNOWN;
        if (!any_counted)
          continue;
        g_assert_no_error (error);
        g_assert_cmpint (prediction->rule, ==, RSC_RULE_REFCOUNTS);
        uncollectable = shape.legacy ? naive_uncollectable (columns, kept, generation) : g_new0 (gboolean, columns->n_nodes);
        overlay = rsc_prediction_to_overlay (prediction, snapshot);
        for (guint32 i = 0; i < columns->n_nodes; i++)
          {
            gboolean young = is_young (columns, i, generation);
            gboolean garbage = young && !kept[i] && !uncollectable[i];
            gboolean looked_at = columns->generation[i] <= generation;
            guint to = looked_at && !young ? RSC_GENERATION_PERMANENT : MIN (generation + 1, 2);
            RscState expected = garbage ? RSC_STATE_PREDICTED
                                : !looked_at ? RSC_STATE_NONE
                                : columns->generation[i] < to ? RSC_STATE_PROMOTED
                                                              : RSC_STATE_STAYED;

            g_assert_cmpint (rsc_bitset_get (prediction->unreachable, i), ==, garbage);
            g_assert_cmpint (rsc_bitset_get (prediction->uncollectable, i), ==, uncollectable[i]);
            g_assert_cmpint (rsc_overlay_get_state (overlay, i), ==, expected);
            examined += young;
            unreachable += garbage;
            saved += uncollectable[i];
            n_immortal += looked_at && !young;
            bytes += garbage ? columns->size[i] : 0;
            finalizers += garbage && columns->flags[i] & RSC_NODE_FINALIZER;
          }
        g_assert_cmpuint (prediction->examined, ==, examined);
        g_assert_cmpuint (prediction->n_unreachable, ==, unreachable);
        g_assert_cmpuint (prediction->n_uncollectable, ==, saved);
        g_assert_cmpuint (prediction->survivors, ==, examined - unreachable);
        g_assert_cmpuint (prediction->bytes, ==, bytes);
        g_assert_cmpuint (prediction->n_finalizers, ==, finalizers);
        g_assert_cmpuint (prediction->promoted_to, ==, MIN (generation + 1, 2));
        n_garbage += unreachable;
        n_kept += examined - unreachable;
        n_uncollectable += saved;
      }
  g_assert_cmpuint (n_garbage, >, 1000);
  g_assert_cmpuint (n_kept, >, 1000);
  g_assert_cmpuint (n_uncollectable, >, 200);
  g_assert_cmpuint (n_immortal, >, 200);
}

typedef struct
{
  guint64 address;
  guint32 refcount;
  guint32 flags;
  guint8 generation;
  const char *value;
} Object;

#define CONTAINER (RSC_NODE_CONTAINER | RSC_NODE_TRACKED)

static RscSnapshotBuilder *
builder_new (const Object *objects, guint n)
{
  RscSnapshotBuilder *builder = rsc_snapshot_builder_new ();

  rsc_snapshot_builder_add_type (builder, "list", "builtins", RSC_NODE_NONE, 0);
  rsc_snapshot_builder_add_type (builder, "Other", "builtins", RSC_NODE_NONE, 0);
  for (guint i = 0; i < n; i++)
    {
      RscNodeRecord record = {
        .address = objects[i].address,
        .size = 10,
        .refcount = objects[i].refcount,
        .flags = objects[i].flags,
        .generation = objects[i].generation,
        .value = rsc_snapshot_builder_add_string (builder, objects[i].value, -1),
        .type = objects[i].value != NULL && g_str_equal (objects[i].value, "other") ? 1 : 0,
      };

      rsc_snapshot_builder_add_node (builder, &record);
    }

  return builder;
}

/* The course's two lists, which hold each other, and a third that holds both
 * from an older generation. */
static void
test_two_lists (void)
{
  static const Object objects[] = {
    { 16, 1, CONTAINER, 0, NULL },
    { 32, 1, CONTAINER, 0, NULL },
    { 48, 1, CONTAINER, 0, NULL },
    { 64, 2, CONTAINER, 0, NULL },
    { 80, 1, CONTAINER, 2, NULL },
    { 96, RSC_REFCOUNT_UNKNOWN, CONTAINER | RSC_NODE_IMMORTAL, 0, NULL },
    { 112, 1, CONTAINER, 0, NULL },
  };
  g_autoptr(RscSnapshotBuilder) builder = builder_new (objects, G_N_ELEMENTS (objects));
  g_autoptr(RscSnapshot) snapshot = NULL;
  const guint8 traversed = RSC_EDGE_TRAVERSED | RSC_EDGE_INDEX;

  rsc_snapshot_builder_add_edge_from (builder, 0, 1, traversed, 0);
  rsc_snapshot_builder_add_edge_from (builder, 1, 0, traversed, 0);
  rsc_snapshot_builder_add_edge_from (builder, 2, 3, traversed, 0);
  rsc_snapshot_builder_add_edge_from (builder, 3, 2, traversed, 0);
  rsc_snapshot_builder_add_edge_from (builder, 4, 3, traversed, 0);
  rsc_snapshot_builder_add_edge_from (builder, 4, 4, traversed, 1);
  rsc_snapshot_builder_add_edge_from (builder, 5, 6, traversed, 1);
  snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, NULL);

  for (guint generation = 0; generation <= 2; generation++)
    {
      g_autoptr(RscPrediction) prediction = rsc_collect_predict (snapshot, generation, NULL, NULL, NULL);

      g_assert_true (rsc_bitset_get (prediction->unreachable, 0));
      g_assert_true (rsc_bitset_get (prediction->unreachable, 1));
      /* The old one is garbage itself, but only a full collection sees that. */
      g_assert_cmpint (rsc_bitset_get (prediction->unreachable, 2), ==, generation == 2);
      g_assert_cmpint (rsc_bitset_get (prediction->unreachable, 3), ==, generation == 2);
      g_assert_cmpint (rsc_bitset_get (prediction->unreachable, 4), ==, generation == 2);
      /* The immortal one is not looked at, and keeps what it holds. */
      g_assert_false (rsc_bitset_get (prediction->unreachable, 5));
      g_assert_false (rsc_bitset_get (prediction->unreachable, 6));
      g_assert_cmpuint (prediction->examined, ==, generation == 2 ? 6 : 5);
    }
}

static void
test_roots_rule (void)
{
  static const Object objects[] = {
    { 16, RSC_REFCOUNT_UNKNOWN, 0, RSC_GENERATION_NONE, "A" }, { 32, RSC_REFCOUNT_UNKNOWN, 0, RSC_GENERATION_NONE, "B" },
    { 48, RSC_REFCOUNT_UNKNOWN, 0, RSC_GENERATION_NONE, "D" }, { 64, RSC_REFCOUNT_UNKNOWN, 0, RSC_GENERATION_NONE, "F" },
  };

  /* A graph's nodes are tracked, or not, but in no generation. */
  for (guint variant = 0; variant < 4; variant++)
    {
      gboolean rooted = variant % 2 == 1;
      Object nodes[G_N_ELEMENTS (objects)];
      g_autoptr(RscSnapshotBuilder) builder = NULL;
      g_autoptr(RscSnapshot) snapshot = NULL;
      g_autoptr(RscPrediction) prediction = NULL;
      g_autoptr(GError) error = NULL;

      for (guint i = 0; i < G_N_ELEMENTS (objects); i++)
        {
          nodes[i] = objects[i];
          nodes[i].flags = variant / 2 == 1 ? CONTAINER : 0;
        }
      builder = builder_new (nodes, G_N_ELEMENTS (nodes));
      rsc_snapshot_builder_add_edge_from (builder, 0, 1, RSC_EDGE_TRAVERSED, 0);
      rsc_snapshot_builder_add_edge_from (builder, 2, 3, RSC_EDGE_TRAVERSED, 0);
      rsc_snapshot_builder_add_edge_from (builder, 3, 1, RSC_EDGE_TRAVERSED, 0);
      rsc_snapshot_builder_add_edge_from (builder, 1, 2, RSC_EDGE_TRAVERSED | RSC_EDGE_WEAK, 0);
      if (rooted)
        rsc_snapshot_builder_add_root (builder, 0, RSC_ROOT_DECLARED, G_MAXUINT32, "A");
      snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, NULL);
      prediction = rsc_collect_predict (snapshot, 2, NULL, NULL, &error);
      if (!rooted)
        {
          g_assert_null (prediction);
          g_assert_error (error, RSC_ANALYSIS_ERROR, RSC_ERROR_NOT_FOUND);
          continue;
        }
      g_assert_no_error (error);
      g_assert_cmpint (prediction->rule, ==, RSC_RULE_ROOTS);
      g_assert_cmpuint (prediction->examined, ==, 4);
      g_assert_cmpuint (prediction->n_unreachable, ==, 2);
      g_assert_true (rsc_bitset_get (prediction->unreachable, 2));
      g_assert_true (rsc_bitset_get (prediction->unreachable, 3));
    }
}

static void
test_diff (void)
{
  /* What the state of each is before and after a collection of generation 1. */
  static const struct
  {
    Object before;
    RscState was;
    Object after;
    RscState is;
  } pairs[] = {
    { { 16, 1, CONTAINER, 0, NULL }, RSC_STATE_FREED, { 0 }, RSC_STATE_NONE },
    { { 32, 1, CONTAINER, 1, NULL }, RSC_STATE_PROMOTED, { 32, 1, CONTAINER, 2, NULL }, RSC_STATE_PROMOTED },
    { { 48, 1, CONTAINER, 2, NULL }, RSC_STATE_STAYED, { 48, 1, CONTAINER, 2, NULL }, RSC_STATE_STAYED },
    /* the address was used again: younger than what would have been promoted */
    { { 64, 1, CONTAINER, 0, NULL }, RSC_STATE_FREED, { 64, 1, CONTAINER, 0, NULL }, RSC_STATE_NEW },
    { { 80, 1, CONTAINER, 1, "other" }, RSC_STATE_FREED, { 80, 1, CONTAINER, 2, NULL }, RSC_STATE_NEW },
    { { 96, 1, CONTAINER, 1, NULL }, RSC_STATE_STAYED,
      { 96, 1, RSC_NODE_CONTAINER, RSC_GENERATION_NONE, NULL }, RSC_STATE_STAYED },
    { { 112, 1, 0, RSC_GENERATION_NONE, "same" }, RSC_STATE_STAYED,
      { 112, 1, 0, RSC_GENERATION_NONE, "same" }, RSC_STATE_STAYED },
    { { 128, 1, 0, RSC_GENERATION_NONE, "one" }, RSC_STATE_UNKNOWN,
      { 128, 1, 0, RSC_GENERATION_NONE, "two" }, RSC_STATE_UNKNOWN },
    { { 0 }, RSC_STATE_NONE, { 144, 1, CONTAINER, 0, NULL }, RSC_STATE_NEW },
    { { 160, 1, 0, RSC_GENERATION_NONE, "gone" }, RSC_STATE_FREED, { 0 }, RSC_STATE_NONE },
    { { 176, 1, CONTAINER, 2, NULL }, RSC_STATE_FREED, { 176, 1, CONTAINER, 0, NULL }, RSC_STATE_NEW },
    { { 192, 1, 0, RSC_GENERATION_NONE, "x" }, RSC_STATE_FREED, { 192, 1, CONTAINER, 2, "x" }, RSC_STATE_NEW },
    { { 208, 1, RSC_NODE_CONTAINER, RSC_GENERATION_NONE, "1 items" }, RSC_STATE_UNKNOWN,
      { 208, 1, RSC_NODE_CONTAINER, RSC_GENERATION_NONE, "1 items" }, RSC_STATE_UNKNOWN },
    { { 224, 1, CONTAINER, 3, NULL }, RSC_STATE_STAYED, { 224, 1, CONTAINER, 3, NULL }, RSC_STATE_STAYED },
  };
  g_autoptr(GArray) before = g_array_new (FALSE, FALSE, sizeof (Object));
  g_autoptr(GArray) after = g_array_new (FALSE, FALSE, sizeof (Object));
  g_autoptr(RscSnapshotBuilder) old_builder = NULL;
  g_autoptr(RscSnapshotBuilder) new_builder = NULL;
  g_autoptr(RscSnapshot) old = NULL;
  g_autoptr(RscSnapshot) new = NULL;
  g_autoptr(RscCollectionDiff) diff = NULL;
  g_autoptr(GError) error = NULL;

  /* Backwards, so that node order is not address order. */
  for (guint i = G_N_ELEMENTS (pairs); i-- > 0;)
    {
      if (pairs[i].before.address != 0)
        g_array_append_val (before, pairs[i].before);
      if (pairs[i].after.address != 0)
        g_array_append_val (after, pairs[i].after);
    }
  old_builder = builder_new ((const Object *) (void *) before->data, before->len);
  new_builder = builder_new ((const Object *) (void *) after->data, after->len);
  old = rsc_snapshot_builder_freeze (old_builder, NULL, NULL, NULL);
  new = rsc_snapshot_builder_freeze (new_builder, NULL, NULL, NULL);
  diff = rsc_collection_diff_compute (old, new, 1, NULL, NULL, &error);
  g_assert_no_error (error);

  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      if (pairs[i].before.address != 0)
        g_assert_cmpint (rsc_overlay_get_state (diff->before, rsc_snapshot_find_address (old, pairs[i].before.address)),
                         ==, pairs[i].was);
      if (pairs[i].after.address != 0)
        g_assert_cmpint (rsc_overlay_get_state (diff->after, rsc_snapshot_find_address (new, pairs[i].after.address)),
                         ==, pairs[i].is);
    }
  g_assert_cmpuint (diff->freed, ==, 6);
  g_assert_cmpuint (diff->freed_bytes, ==, 60);
  g_assert_cmpuint (diff->promoted, ==, 1);
  g_assert_cmpuint (diff->stayed, ==, 4);
  g_assert_cmpuint (diff->created, ==, 5);
  g_assert_cmpuint (diff->unknown, ==, 2);
}

/* A full collection untracks a dict that can hold no cycle; one that only C
 * code holds is not found afterwards, unless something else is at its place. */
static void
test_diff_untracked (void)
{
  static const Object objects[] = {
    { 16, 1, CONTAINER, 1, NULL }, /* held from outside the heap, gone */
    { 32, 0, CONTAINER, 1, NULL }, /* held by nobody, gone */
    { 48, 1, CONTAINER, 1, NULL }, /* held from outside, but another is there now */
    { 64, 1, CONTAINER, 3, NULL }, /* was not looked at, gone */
  };
  static const Object other = { 48, 1, 0, RSC_GENERATION_NONE, "other" };
  g_autoptr(RscSnapshotBuilder) old_builder = rsc_snapshot_builder_new ();
  g_autoptr(RscSnapshotBuilder) new_builder = builder_new (&other, 1);
  g_autoptr(RscSnapshot) old = NULL;
  g_autoptr(RscSnapshot) new = NULL;
  g_autoptr(RscCollectionDiff) diff = NULL;

  rsc_snapshot_builder_add_type (old_builder, "dict", "builtins", RSC_NODE_NONE, 0);
  for (guint i = 0; i < G_N_ELEMENTS (objects); i++)
    {
      RscNodeRecord record = {
        .address = objects[i].address,
        .refcount = objects[i].refcount,
        .flags = objects[i].flags,
        .generation = objects[i].generation,
      };

      rsc_snapshot_builder_add_node (old_builder, &record);
    }
  old = rsc_snapshot_builder_freeze (old_builder, NULL, NULL, NULL);
  new = rsc_snapshot_builder_freeze (new_builder, NULL, NULL, NULL);
  diff = rsc_collection_diff_compute (old, new, 2, NULL, NULL, NULL);
  g_assert_cmpint (rsc_overlay_get_state (diff->before, 0), ==, RSC_STATE_UNKNOWN);
  g_assert_cmpint (rsc_overlay_get_state (diff->before, 1), ==, RSC_STATE_FREED);
  g_assert_cmpint (rsc_overlay_get_state (diff->before, 2), ==, RSC_STATE_FREED);
  g_assert_cmpint (rsc_overlay_get_state (diff->before, 3), ==, RSC_STATE_FREED);
  g_assert_cmpuint (diff->unknown, ==, 1);
  g_assert_cmpuint (diff->freed, ==, 3);
}

/* What went with its holder, which does not show it to the collector, was no wrong prediction.  What the holder shows was one,
 * also if it has a second name for that, as a class method has: __func__ and __wrapped__. */
static void
test_comparison (void)
{
  static const Object objects[] = {
    { 16, 1, CONTAINER, 0, NULL }, /* garbage */
    { 32, 1, CONTAINER, 0, NULL }, /* held by it, unseen */
    { 48, 1, CONTAINER, 0, NULL }, /* held by that */
    { 64, 2, CONTAINER, 0, NULL }, /* held by the first, and from outside, it seemed */
  };
  static const Object other = { 128, 1, CONTAINER, 1, NULL };
  g_autoptr(RscSnapshotBuilder) old_builder = builder_new (objects, G_N_ELEMENTS (objects));
  g_autoptr(RscSnapshotBuilder) new_builder = builder_new (&other, 1);
  g_autoptr(RscSnapshot) old = NULL;
  g_autoptr(RscSnapshot) new = NULL;
  g_autoptr(RscCollectionDiff) diff = NULL;
  g_autoptr(RscComparison) comparison = NULL;

  rsc_snapshot_builder_add_edge_from (old_builder, 0, 0, RSC_EDGE_TRAVERSED, 0);
  rsc_snapshot_builder_add_edge_from (old_builder, 0, 3, RSC_EDGE_NAMED | RSC_EDGE_TRAVERSED,
                                      rsc_snapshot_builder_intern_string (old_builder, "__func__", -1));
  rsc_snapshot_builder_add_edge_from (old_builder, 0, 3, RSC_EDGE_NAMED,
                                      rsc_snapshot_builder_intern_string (old_builder, "__wrapped__", -1));
  rsc_snapshot_builder_add_edge_from (old_builder, 0, 1, RSC_EDGE_NAMED,
                                      rsc_snapshot_builder_intern_string (old_builder, "__slots__", -1));
  rsc_snapshot_builder_add_edge_from (old_builder, 1, 2, RSC_EDGE_TRAVERSED, 0);
  old = rsc_snapshot_builder_freeze (old_builder, NULL, NULL, NULL);
  new = rsc_snapshot_builder_freeze (new_builder, NULL, NULL, NULL);
  diff = rsc_collection_diff_compute (old, new, 0, NULL, NULL, NULL);
  g_assert_cmpuint (diff->freed, ==, 4);
  g_assert_cmpuint (diff->prediction->n_unreachable, ==, 1);
  comparison = rsc_comparison_new (diff->prediction, diff);
  g_assert_cmpuint (comparison->only_predicted->len, ==, 0);
  g_assert_cmpuint (comparison->only_real->len, ==, 1);
  g_assert_cmpuint (g_array_index (comparison->only_real, RscNode, 0), ==, 3);
  g_assert_cmpuint (comparison->freed_along, ==, 2);
}

/* A heap with itself: nothing came or went. */
static void
test_diff_random (void)
{
  for (guint32 seed = 0; seed < 100; seed++)
    {
      RandomHeapShape shape = { .n_nodes = 60, .n_edges = 100, .held = .3, .untracked = .3 };
      g_autoptr(RscSnapshot) before = random_heap_new (seed, &shape);
      g_autoptr(RscSnapshot) after = random_heap_new (seed, &shape);
      g_autoptr(RscCollectionDiff) diff = rsc_collection_diff_compute (before, after, 0, NULL, NULL, NULL);
      const RscColumns *columns = rsc_snapshot_peek_columns (before);
      guint64 youngest = 0;

      for (guint32 i = 0; i < columns->n_nodes; i++)
        youngest += columns->generation[i] == 0;
      /* Those of generation 0 would have been promoted, so these are others. */
      g_assert_cmpuint (diff->freed, ==, youngest);
      g_assert_cmpuint (diff->created, ==, youngest);
      g_assert_cmpuint (diff->stayed, ==, 60 - youngest);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/collect/predict-random", test_predict_random);
  g_test_add_func ("/collect/two-lists", test_two_lists);
  g_test_add_func ("/collect/roots-rule", test_roots_rule);
  g_test_add_func ("/collect/diff", test_diff);
  g_test_add_func ("/collect/diff-untracked", test_diff_untracked);
  g_test_add_func ("/collect/comparison", test_comparison);
  g_test_add_func ("/collect/diff-random", test_diff_random);
  return g_test_run ();
}
