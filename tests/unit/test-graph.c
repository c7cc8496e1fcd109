/* Refscope's own graph: folds, bounds, fairness, bridges. */
#include "base/rsc-error.h"
#include "graph/rsc-graph.h"
#include "random-heap.h"
#include "small-heap.h"

static RscGraph *
build (RscSnapshot *snapshot, const RscViewParams *params)
{
  g_autoptr(RscView) view = rsc_view_new (params);
  g_autoptr(GError) error = NULL;
  RscGraph *graph = rsc_graph_build (snapshot, view, NULL, NULL, &error);

  g_assert_no_error (error);
  return graph;
}

static RscViewParams
params_from (const RscNode *objects, gsize n_objects)
{
  RscViewParams params = RSC_VIEW_PARAMS_INIT;

  params.objects = objects;
  params.n_objects = n_objects;
  return params;
}

static const char *
edge_label (RscGraph *graph, RscNode source, RscNode target)
{
  gsize n_edges;
  const RscGraphEdge *edges = rsc_graph_get_edges (graph, &n_edges);
  gssize s = rsc_graph_find (graph, source);
  gssize t = rsc_graph_find (graph, target);

  for (gsize i = 0; i < n_edges; i++)
    if (edges[i].source == s && edges[i].target == t)
      return edges[i].label;
  return NULL;
}

/* The fold of @node for @reason, or NULL. */
static const RscGraphNode *
find_fold (RscGraph *graph, RscNode node, RscFoldReason reason)
{
  gsize n_nodes;
  const RscGraphNode *nodes = rsc_graph_get_nodes (graph, &n_nodes);

  for (gsize i = 0; i < n_nodes; i++)
    if (nodes[i].kind == RSC_GRAPH_NODE_FOLD && nodes[i].node == node && nodes[i].fold_reason == reason)
      return &nodes[i];
  return NULL;
}

/* Objects of the graph as "0 3 5", ascending. */
static char *
list_objects (RscGraph *graph)
{
  guint32 n = rsc_snapshot_peek_columns (rsc_graph_get_snapshot (graph))->n_nodes;
  GString *text = g_string_new (NULL);

  for (RscNode node = 0; node < n; node++)
    if (rsc_graph_find (graph, node) >= 0)
      g_string_append_printf (text, text->len > 0 ? " %u" : "%u", node);
  return g_string_free (text, FALSE);
}

static guint
count_objects (RscGraph *graph)
{
  gsize n_nodes;
  const RscGraphNode *nodes = rsc_graph_get_nodes (graph, &n_nodes);
  guint n = 0;

  for (gsize i = 0; i < n_nodes; i++)
    n += nodes[i].kind == RSC_GRAPH_NODE_OBJECT;
  return n;
}

/* 0 list of 30: [0]..[28] are 1..29, [29] is 1 again; as a list is traversed,
 * from its end. */
static RscSnapshot *
make_long_list (void)
{
  SmallHeap heap;

  small_heap_init (&heap);
  small_heap_node (&heap, "list", "30 items", 0);
  for (guint i = 1; i < 30; i++)
    small_heap_node (&heap, i % 2 ? "dict" : "tuple", NULL, 0);
  small_heap_edge (&heap, 0, 1, T | RSC_EDGE_INDEX, 29);
  for (guint i = 29; i > 0; i--)
    small_heap_edge (&heap, 0, i, T | RSC_EDGE_INDEX, i - 1);
  return small_heap_freeze (&heap);
}

static void
test_order_and_too_many (void)
{
  g_autoptr(RscSnapshot) snapshot = make_long_list ();
  RscNode start = 0;
  RscViewParams params = params_from (&start, 1);
  RscExpansion expansion = { 0, RSC_VIEW_EXPAND_STEP };
  g_autoptr(RscGraph) graph = build (snapshot, &params);
  g_autoptr(RscGraph) opened = NULL;
  g_autofree char *objects = list_objects (graph);

  /* The first ten by index, not the last ones. */
  g_assert_cmpstr (objects, ==, "0 1 2 3 4 5 6 7 8 9 10");
  g_assert_cmpstr (edge_label (graph, 0, 2), ==, "[1]");
  g_assert_cmpstr (edge_label (graph, 0, 1), ==, "[0], [29]");
  g_assert_cmpuint (find_fold (graph, 0, RSC_FOLD_TOO_MANY)->count, ==, 19);
  g_assert_cmpstr (find_fold (graph, 0, RSC_FOLD_TOO_MANY)->label, ==, "19 more objects");

  params.expansions = &expansion;
  params.n_expansions = 1;
  opened = build (snapshot, &params);
  g_assert_cmpuint (count_objects (opened), ==, 30);
  g_assert_null (find_fold (opened, 0, RSC_FOLD_TOO_MANY));
}

static void
test_filter_fold (void)
{
  g_autoptr(RscSnapshot) snapshot = make_long_list ();
  RscNode start = 0;
  RscViewParams params = params_from (&start, 1);
  const char *const types[] = { "tuple", NULL };
  RscExpansion expansion = { 0, 3 };
  g_autoptr(RscGraph) graph = NULL;
  g_autoptr(RscGraph) ignoring = NULL;
  g_autoptr(RscGraph) opened = NULL;

  params.filter = "type = 'tuple'";
  graph = build (snapshot, &params);
  g_assert_cmpuint (find_fold (graph, 0, RSC_FOLD_FILTER)->count, ==, 15);
  g_assert_cmpuint (find_fold (graph, 0, RSC_FOLD_TOO_MANY)->count, ==, 4);
  g_assert_cmpuint (count_objects (graph), ==, 11);

  params.filter = NULL;
  params.ignore_types = types;
  ignoring = build (snapshot, &params);
  g_assert_cmpuint (find_fold (ignoring, 0, RSC_FOLD_FILTER)->count, ==, 14);

  /* Where nothing else is folded, an expansion shows what was filtered out. */
  params.ignore_types = NULL;
  params.filter = "id in (1, 2)";
  params.expansions = &expansion;
  params.n_expansions = 1;
  opened = build (snapshot, &params);
  g_assert_cmpuint (count_objects (opened), ==, 1 + 2 + 3);
  g_assert_cmpuint (find_fold (opened, 0, RSC_FOLD_FILTER)->count, ==, 29 - 2 - 3);
}

/* A binary tree of 2^n - 1 nodes; node i refers to 2i + 1 and 2i + 2. */
static RscSnapshot *
make_tree (guint n)
{
  SmallHeap heap;

  small_heap_init (&heap);
  for (guint i = 0; i < n; i++)
    small_heap_node (&heap, "__main__.Node", NULL, 0);
  for (guint i = 0; i < n; i++)
    for (guint k = 2 * i + 1; k <= 2 * i + 2 && k < n; k++)
      small_heap_named_edge (&heap, i, k, T | RSC_EDGE_ATTRIBUTE, k % 2 ? "left" : "right");
  return small_heap_freeze (&heap);
}

static void
test_depth_fold (void)
{
  g_autoptr(RscSnapshot) snapshot = make_tree (31);
  RscNode start = 0;
  RscViewParams params = params_from (&start, 1);
  RscExpansion expansion = { 3, 20 };
  g_autoptr(RscGraph) graph = NULL;
  g_autoptr(RscGraph) opened = NULL;
  g_autoptr(RscGraph) alone = NULL;

  params.max_depth = 2;
  graph = build (snapshot, &params);
  g_assert_cmpuint (count_objects (graph), ==, 7);
  g_assert_cmpuint (find_fold (graph, 3, RSC_FOLD_DEPTH)->count, ==, 2);
  g_assert_null (find_fold (graph, 1, RSC_FOLD_DEPTH));
  g_assert_cmpstr (edge_label (graph, 0, 1), ==, ".left");

  params.expansions = &expansion;
  params.n_expansions = 1;
  opened = build (snapshot, &params);
  g_assert_cmpuint (count_objects (opened), ==, 9);
  g_assert_null (find_fold (opened, 3, RSC_FOLD_DEPTH));
  g_assert_cmpuint (find_fold (opened, 7, RSC_FOLD_DEPTH)->count, ==, 2);

  params.n_expansions = 0;
  params.max_depth = 0;
  alone = build (snapshot, &params);
  g_assert_cmpuint (count_objects (alone), ==, 1);
  g_assert_cmpuint (find_fold (alone, 0, RSC_FOLD_DEPTH)->count, ==, 2);
}

/* Two hubs of 100 under one root; room for 20; what says how many are left out comes on top. */
static void
test_max_nodes_is_fair (void)
{
  SmallHeap heap;
  g_autoptr(RscSnapshot) snapshot = NULL;
  g_autoptr(RscGraph) graph = NULL;
  RscNode start = 0;
  RscViewParams params = params_from (&start, 1);
  gsize n_edges;
  const RscGraphEdge *edges;
  guint n_first = 0, n_second = 0;

  small_heap_init (&heap);
  for (guint i = 0; i < 203; i++)
    small_heap_node (&heap, "list", NULL, 0);
  small_heap_edge (&heap, 0, 1, T | RSC_EDGE_INDEX, 0);
  small_heap_edge (&heap, 0, 2, T | RSC_EDGE_INDEX, 1);
  for (guint i = 0; i < 100; i++)
    {
      small_heap_edge (&heap, 1, 3 + i, T | RSC_EDGE_INDEX, i);
      small_heap_edge (&heap, 2, 103 + i, T | RSC_EDGE_INDEX, i);
    }
  snapshot = small_heap_freeze (&heap);

  params.too_many = 1000;
  params.max_nodes = 23;
  graph = build (snapshot, &params);
  g_assert_cmpuint (count_objects (graph), ==, 23);
  edges = rsc_graph_get_edges (graph, &n_edges);
  for (gsize i = 0; i < n_edges; i++)
    if (edges[i].kind == RSC_GRAPH_EDGE_REFERENCE)
      {
        n_first += edges[i].source == (guint32) rsc_graph_find (graph, 1);
        n_second += edges[i].source == (guint32) rsc_graph_find (graph, 2);
      }
  g_assert_cmpuint (n_first, ==, 10);
  g_assert_cmpuint (n_second, ==, 10);
  g_assert_cmpuint (find_fold (graph, 1, RSC_FOLD_MAX_NODES)->count, ==, 90);
  g_assert_cmpuint (find_fold (graph, 2, RSC_FOLD_MAX_NODES)->count, ==, 90);
}

/* A hub holds 300: some of them are drawn, and the hub as well. */
static void
test_many_starts_leave_room (void)
{
  SmallHeap heap;
  g_autoptr(RscSnapshot) snapshot = NULL;
  g_autoptr(RscGraph) graph = NULL;
  RscNode starts[300];
  RscViewParams params = params_from (starts, 300);

  small_heap_init (&heap);
  for (guint i = 0; i < 301; i++)
    small_heap_node (&heap, "list", NULL, 0);
  for (guint i = 0; i < 300; i++)
    {
      small_heap_edge (&heap, 0, 1 + i, T | RSC_EDGE_INDEX, i);
      starts[i] = 1 + i;
    }
  snapshot = small_heap_freeze (&heap);

  params.direction = RSC_DIRECTION_BACKREFS;
  graph = build (snapshot, &params);
  g_assert_cmpint (rsc_graph_find (graph, 0), >=, 0);
  g_assert_cmpuint (count_objects (graph), ==, RSC_VIEW_MAX_NODES_DEFAULT / 2 + 1);
  g_assert_cmpuint (find_fold (graph, RSC_NODE_NONE, RSC_FOLD_MAX_NODES)->count, ==, 300 - RSC_VIEW_MAX_NODES_DEFAULT / 2);
}

/* A list of @n_lists lists, each with @n_items of its own; @n_opened more of the lists are asked for. */
static RscGraph *
build_nested (guint n_lists, guint n_items, guint too_many, guint max_nodes, guint32 n_opened)
{
  SmallHeap heap;
  g_autoptr(RscSnapshot) snapshot = NULL;
  RscNode start = 0;
  RscViewParams params = params_from (&start, 1);
  RscExpansion expansion = { start, n_opened };

  small_heap_init (&heap);
  for (guint i = 0; i < 1 + n_lists + n_lists * n_items; i++)
    small_heap_node (&heap, "list", NULL, 0);
  for (guint i = 0; i < n_lists; i++)
    {
      small_heap_edge (&heap, 0, 1 + i, T | RSC_EDGE_INDEX, i);
      for (guint k = 0; k < n_items; k++)
        small_heap_edge (&heap, 1 + i, 1 + n_lists + i * n_items + k, T | RSC_EDGE_INDEX, k);
    }
  snapshot = small_heap_freeze (&heap);
  params.too_many = too_many;
  params.max_nodes = max_nodes;
  params.expansions = &expansion;
  params.n_expansions = n_opened > 0;
  return build (snapshot, &params);
}

static gsize
count_folds (RscGraph *graph)
{
  gsize n_nodes;

  rsc_graph_get_nodes (graph, &n_nodes);
  return n_nodes - count_objects (graph);
}

/* One object less than there are costs that one, and not half of them. */
static void
test_folds_come_on_top (void)
{
  g_autoptr(RscGraph) all = build_nested (100, 1, 1000, 201, 0);
  g_autoptr(RscGraph) most = build_nested (100, 1, 1000, 200, 0);
  g_autoptr(RscGraph) narrow = build_nested (100, 1, 1000, 120, 0);

  g_assert_cmpuint (count_objects (all), ==, 201);
  g_assert_cmpuint (count_folds (all), ==, 0);
  g_assert_cmpuint (count_objects (most), ==, 200);
  g_assert_cmpuint (count_folds (most), ==, 1);
  /* Each list that is drawn, with what it holds or a fold: 74 of them, or a few less. */
  g_assert_cmpuint (count_objects (narrow) + count_folds (narrow), <=, 150);
  g_assert_cmpuint (count_objects (narrow) + count_folds (narrow), >, 130);
}

/* Two limits that cut the same list are one fold. */
static void
test_one_fold_for_two_cuts (void)
{
  g_autoptr(RscGraph) graph = build_nested (8, 12, 10, 49, 0);

  g_assert_cmpuint (count_objects (graph), ==, 49);
  g_assert_cmpuint (count_folds (graph), ==, 8);
  for (RscNode list = 1; list <= 8; list++)
    g_assert_cmpuint (find_fold (graph, list, RSC_FOLD_MAX_NODES)->count, ==, 7);
}

/* What is opened takes no room from the levels below. */
static void
test_opened_comes_on_top (void)
{
  g_autoptr(RscGraph) graph = build_nested (30, 2, 10, 28, 0);
  g_autoptr(RscGraph) opened = build_nested (30, 2, 10, 28, 5);

  g_assert_cmpuint (count_objects (graph), ==, 28);
  g_assert_cmpuint (count_objects (opened), ==, 28 + 5);
}

static void
test_many_starts (void)
{
  g_autoptr(RscSnapshot) snapshot = make_tree (5000);
  g_autofree RscNode *starts = g_new (RscNode, 10000);
  RscViewParams params = params_from (starts, 10000);
  g_autoptr(RscGraph) graph = NULL;
  g_autoptr(RscGraph) more = NULL;
  RscExpansion expansion = { RSC_NODE_NONE, 20 };
  gsize n_nodes;
  guint n_objects;

  for (guint i = 0; i < 10000; i++)
    starts[i] = i / 2;
  graph = build (snapshot, &params);
  rsc_graph_get_nodes (graph, &n_nodes);
  n_objects = count_objects (graph);
  g_assert_cmpuint (n_objects, >=, RSC_VIEW_MAX_NODES_DEFAULT / 2);
  g_assert_cmpuint (n_nodes, <=, RSC_VIEW_MAX_NODES_DEFAULT * 5 / 4);
  g_assert_cmpuint (n_nodes, >, RSC_VIEW_MAX_NODES_DEFAULT);
  g_assert_cmpuint (find_fold (graph, RSC_NODE_NONE, RSC_FOLD_MAX_NODES)->count, ==, 5000 - n_objects);

  params.expansions = &expansion;
  params.n_expansions = 1;
  more = build (snapshot, &params);
  /* What is opened comes on top. */
  g_assert_cmpuint (count_objects (more), ==, n_objects + 20);
}

/* 0 -> 1 -> 2 -> 3, 0 -> 3; 1 and 2 hidden. */
static void
test_hide (void)
{
  SmallHeap heap;
  g_autoptr(RscSnapshot) snapshot = NULL;
  g_autoptr(RscGraph) graph = NULL;
  g_autoptr(RscGraph) back = NULL;
  g_autofree char *objects = NULL;
  RscNode start = 0;
  RscNode end = 4;
  RscViewParams params = params_from (&start, 1);
  gsize n_edges;
  const RscGraphEdge *edges;

  small_heap_init (&heap);
  for (guint i = 0; i < 5; i++)
    small_heap_node (&heap, i == 1 || i == 2 ? "dict" : "list", NULL, 0);
  small_heap_edge (&heap, 0, 1, T | RSC_EDGE_INDEX, 0);
  small_heap_edge (&heap, 0, 3, T | RSC_EDGE_INDEX, 1);
  small_heap_edge (&heap, 1, 2, T | RSC_EDGE_PLAIN, 0);
  small_heap_edge (&heap, 2, 1, T | RSC_EDGE_PLAIN, 0);
  small_heap_edge (&heap, 2, 3, T | RSC_EDGE_PLAIN, 0);
  small_heap_edge (&heap, 2, 4, T | RSC_EDGE_PLAIN, 0);
  snapshot = small_heap_freeze (&heap);

  params.hide = "type = 'dict'";
  graph = build (snapshot, &params);
  objects = list_objects (graph);
  g_assert_cmpstr (objects, ==, "0 3 4");
  edges = rsc_graph_get_edges (graph, &n_edges);
  g_assert_cmpuint (n_edges, ==, 2);
  g_assert_cmpint (edges[0].kind, ==, RSC_GRAPH_EDGE_REFERENCE);
  g_assert_cmpint (edges[1].kind, ==, RSC_GRAPH_EDGE_BRIDGE);
  g_assert_cmpuint (edges[1].count, ==, 2);
  g_assert_cmpstr (edges[1].label, ==, "2 hidden");

  params.objects = &end;
  params.direction = RSC_DIRECTION_BACKREFS;
  back = build (snapshot, &params);
  edges = rsc_graph_get_edges (back, &n_edges);
  g_assert_cmpuint (n_edges, ==, 1);
  g_assert_cmpint (edges[0].source, ==, rsc_graph_find (back, 0));
  g_assert_cmpint (edges[0].target, ==, rsc_graph_find (back, 4));
}

static void
test_both_and_swap (void)
{
  g_autoptr(RscSnapshot) snapshot = make_tree (15);
  RscNode start = 1;
  RscViewParams params = params_from (&start, 1);
  g_autoptr(RscGraph) graph = NULL;
  g_autoptr(RscGraph) swapped = NULL;
  g_autofree char *objects = NULL;
  g_autofree char *json = NULL;

  params.direction = RSC_DIRECTION_BOTH;
  params.max_depth = 1;
  graph = build (snapshot, &params);
  objects = list_objects (graph);
  /* Its parent, itself, its children; not the parent's other child. */
  g_assert_cmpstr (objects, ==, "0 1 3 4");
  g_assert_nonnull (edge_label (graph, 0, 1));
  g_assert_nonnull (edge_label (graph, 1, 3));

  params.swap = TRUE;
  swapped = build (snapshot, &params);
  g_assert_null (edge_label (swapped, 0, 1));
  g_assert_nonnull (edge_label (swapped, 1, 0));
  json = rsc_graph_to_json (swapped);
  g_assert_nonnull (strstr (json, "{\"source\": \"0x1000\", \"target\": \"0x1010\", \"label\": \".left\""));
}

/* A synthetic frame with a local, and edges that the collector does not see. */
static void
test_edge_sets (void)
{
  SmallHeap heap;
  g_autoptr(RscSnapshot) snapshot = NULL;
  RscNode object = 0;
  RscViewParams params = params_from (&object, 1);
  g_autoptr(RscGraph) everything = NULL;
  g_autoptr(RscGraph) collector = NULL;
  g_autofree char *all = NULL;
  g_autofree char *seen = NULL;
  RscNode frame;

  small_heap_init (&heap);
  small_heap_node (&heap, "list", "0 items", 0);
  small_heap_node (&heap, "dict", "1 items", 0);
  small_heap_text (&heap, "key");
  frame = small_heap_node (&heap, "frame", "f (/there/f.py:3)", RSC_NODE_SYNTHETIC);
  small_heap_edge (&heap, 1, 0, T | RSC_EDGE_VALUE, 2);
  small_heap_edge (&heap, 1, 2, RSC_EDGE_KEY, 0);
  small_heap_named_edge (&heap, frame, 0, RSC_EDGE_LOCAL, "x");
  snapshot = small_heap_freeze (&heap);

  params.direction = RSC_DIRECTION_BACKREFS;
  everything = build (snapshot, &params);
  all = list_objects (everything);
  g_assert_cmpstr (all, ==, "0 1 3");
  g_assert_cmpstr (edge_label (everything, 3, 0), ==, "local x");
  g_assert_cmpstr (edge_label (everything, 1, 0), ==, "['key']");
  g_assert_cmpint (rsc_graph_get_nodes (everything, &(gsize) { 0 })[rsc_graph_find (everything, 3)].role,
                   ==, RSC_ROLE_FRAME);
  g_assert_cmpstr (rsc_graph_get_nodes (everything, &(gsize) { 0 })[rsc_graph_find (everything, 3)].label,
                   ==, "frame\nf (f.py:3)");

  params.edges = RSC_EDGES_COLLECTOR;
  collector = build (snapshot, &params);
  seen = list_objects (collector);
  g_assert_cmpstr (seen, ==, "0 1");
}

/* A module's own names come first; a class met as a type is not gone into. */
static void
test_order_for_people (void)
{
  SmallHeap heap;
  g_autoptr(RscSnapshot) snapshot = NULL;
  g_autoptr(RscGraph) names = NULL;
  g_autoptr(RscGraph) instance = NULL;
  g_autoptr(RscGraph) opened = NULL;
  g_autofree char *objects = NULL;
  g_autofree char *of_instance = NULL;
  RscNode dict = 0;
  RscNode object = 3;
  RscViewParams params = params_from (&dict, 1);
  RscExpansion expansion = { 4, 20 };

  small_heap_init (&heap);
  small_heap_node (&heap, "dict", "1 items", 0);
  small_heap_text (&heap, "__name__");
  small_heap_text (&heap, "shop");
  small_heap_node (&heap, "__main__.Shop", NULL, 0);
  small_heap_node (&heap, "type", "Shop", RSC_NODE_TYPE);
  small_heap_node (&heap, "dict", NULL, 0);
  small_heap_edge (&heap, 0, 1, T | RSC_EDGE_VALUE, 1);
  small_heap_edge (&heap, 0, 3, T | RSC_EDGE_VALUE, 2);
  small_heap_edge (&heap, 3, 4, T | RSC_EDGE_TYPE, 0);
  small_heap_edge (&heap, 4, 5, T | RSC_EDGE_DICT, 0);
  snapshot = small_heap_freeze (&heap);

  params.too_many = 1;
  params.max_depth = 1;
  names = build (snapshot, &params);
  objects = list_objects (names);
  g_assert_cmpstr (objects, ==, "0 3");
  g_assert_cmpstr (rsc_graph_get_nodes (names, &(gsize) { 0 })[0].label, ==, "dict\n1 item");

  params = params_from (&object, 1);
  params.type_edges = TRUE;
  instance = build (snapshot, &params);
  of_instance = list_objects (instance);
  g_assert_cmpstr (of_instance, ==, "3 4");
  g_assert_cmpuint (find_fold (instance, 4, RSC_FOLD_DEPTH)->count, ==, 1);

  params.expansions = &expansion;
  params.n_expansions = 1;
  opened = build (snapshot, &params);
  g_assert_cmpuint (count_objects (opened), ==, 3);
}

/* 0, 1, and @n lists that refer to 0. */
static void
add_hub (SmallHeap *heap, guint n)
{
  guint32 type = small_heap_type (heap, "builtins", "list", 0);

  for (guint i = 0; i < n + 2; i++)
    {
      RscNodeRecord record = { .address = 0x1000 + 16 * (guint64) i, .size = 56, .type = type,
                               .flags = RSC_NODE_TRACKED | RSC_NODE_CONTAINER };

      rsc_snapshot_builder_add_node (heap->builder, &record);
      if (i > 1)
        rsc_snapshot_builder_add_edge (heap->builder, 0, T | RSC_EDGE_INDEX, 0);
    }
}

/* A million referrers and a million references, counted and not drawn. */
static void
test_hub (void)
{
  enum { N = 1000000 };
  SmallHeap heap;
  g_autoptr(RscSnapshot) snapshot = NULL;
  g_autoptr(RscGraph) refs = NULL;
  g_autoptr(RscGraph) back = NULL;
  RscNode hub = 0;
  RscNode list = 1;
  RscViewParams params = params_from (&hub, 1);
  gint64 start;

  small_heap_init (&heap);
  add_hub (&heap, N);
  for (guint i = 0; i < N; i++)
    rsc_snapshot_builder_add_edge_from (heap.builder, 1, i + 2, T | RSC_EDGE_INDEX, i);
  snapshot = small_heap_freeze (&heap);

  start = g_get_monotonic_time ();
  params.direction = RSC_DIRECTION_BACKREFS;
  params.max_depth = 1;
  back = build (snapshot, &params);
  g_test_message ("a million referrers: %" G_GINT64_FORMAT " us", g_get_monotonic_time () - start);
  g_assert_cmpuint (find_fold (back, 0, RSC_FOLD_TOO_MANY)->count, ==, N - 10);

  start = g_get_monotonic_time ();
  params.direction = RSC_DIRECTION_REFS;
  params.objects = &list;
  refs = build (snapshot, &params);
  g_test_message ("a million references: %" G_GINT64_FORMAT " us", g_get_monotonic_time () - start);
  g_assert_cmpuint (find_fold (refs, 1, RSC_FOLD_TOO_MANY)->count, ==, N - 10);
}

/* [x] * 1200000: all are counted. */
static void
test_many_parallel (void)
{
  SmallHeap heap;
  g_autoptr(RscSnapshot) snapshot = NULL;
  g_autoptr(RscGraph) back = NULL;
  g_autoptr(RscGraph) refs = NULL;
  RscNode nodes[] = { 0, 1 };
  RscViewParams params = params_from (&nodes[1], 1);

  small_heap_init (&heap);
  small_heap_node (&heap, "list", NULL, 0);
  small_heap_node (&heap, "tuple", NULL, 0);
  for (guint i = 1200000; i > 0; i--)
    small_heap_edge (&heap, 0, 1, T | RSC_EDGE_INDEX, i - 1);
  snapshot = small_heap_freeze (&heap);

  params.direction = RSC_DIRECTION_BACKREFS;
  back = build (snapshot, &params);
  g_assert_cmpstr (edge_label (back, 0, 1), ==, "[1199999], [1199998], [1199997] … ×1200000");
  params.direction = RSC_DIRECTION_REFS;
  params.objects = &nodes[0];
  refs = build (snapshot, &params);
  g_assert_cmpstr (edge_label (refs, 0, 1), ==, "[0], [1], [2] … ×1200000");
}

/* Many objects that one list holds, each of which holds the hub: what is behind
 * the hub is behind the list, too.  A walk of the list for each takes minutes. */
static void
test_one_container (void)
{
  enum { N = 700000 };
  SmallHeap heap;
  g_autoptr(RscSnapshot) snapshot = NULL;
  g_autoptr(RscGraph) graph = NULL;
  RscNode hub = 0;
  RscViewParams params = params_from (&hub, 1);

  small_heap_init (&heap);
  add_hub (&heap, N);
  /* As a list is traversed, from its end; the last object is there twice. */
  rsc_snapshot_builder_add_edge_from (heap.builder, 1, N + 1, T | RSC_EDGE_INDEX, N);
  for (guint i = N; i > 0; i--)
    rsc_snapshot_builder_add_edge_from (heap.builder, 1, i + 1, T | RSC_EDGE_INDEX, i - 1);
  snapshot = small_heap_freeze (&heap);

  params.direction = RSC_DIRECTION_BACKREFS;
  params.max_nodes = 0;
  params.too_many = N;
  params.max_depth = 2;
  graph = build (snapshot, &params);
  g_assert_cmpuint (count_objects (graph), ==, N + 2);
  g_assert_cmpstr (edge_label (graph, 1, 2), ==, "[0]");
  g_assert_cmpstr (edge_label (graph, 1, N / 2), ==, "[" G_STRINGIFY (349998) "]");
  g_assert_cmpstr (edge_label (graph, 1, N + 1), ==, "[" G_STRINGIFY (700000) "], [" G_STRINGIFY (699999) "]");

  g_clear_pointer (&graph, rsc_graph_unref);
  params.max_depth = 1;
  graph = build (snapshot, &params);
  g_assert_cmpuint (count_objects (graph), ==, N + 1);
  g_assert_cmpuint (find_fold (graph, 2, RSC_FOLD_DEPTH)->count, ==, 1);

  g_clear_pointer (&graph, rsc_graph_unref);
  params.objgraph = TRUE;
  params.edges = RSC_EDGES_COLLECTOR;
  params.max_depth = 2;
  graph = build (snapshot, &params);
  g_assert_cmpuint (count_objects (graph), ==, N + 2);
}

/* 0 a list of 1..20, instances of 21 Shop, which is 22 __main__'s and holds 23. */
static RscSnapshot *
make_class (void)
{
  SmallHeap heap;

  small_heap_init (&heap);
  small_heap_node (&heap, "list", "20 items", 0);
  for (guint i = 1; i <= 20; i++)
    small_heap_node (&heap, "__main__.Shop", NULL, 0);
  small_heap_node (&heap, "type", "Shop", RSC_NODE_TYPE);
  small_heap_node (&heap, "dict", "1 items", 0);
  small_heap_node (&heap, "function", "open", 0);
  for (guint i = 1; i <= 20; i++)
    {
      small_heap_edge (&heap, 0, i, T | RSC_EDGE_INDEX, i - 1);
      small_heap_edge (&heap, i, 21, T | RSC_EDGE_TYPE, 0);
    }
  small_heap_named_edge (&heap, 20, 21, T | RSC_EDGE_ATTRIBUTE, "cls");
  small_heap_named_edge (&heap, 22, 21, T | RSC_EDGE_NAMED, "Shop");
  small_heap_named_edge (&heap, 21, 23, T | RSC_EDGE_ATTRIBUTE, "open");
  return small_heap_freeze (&heap);
}

/* An object's box says what its class is; no arrow does. */
static void
test_types_forwards (void)
{
  g_autoptr(RscSnapshot) snapshot = make_class ();
  RscNode list = 0;
  RscViewParams params = params_from (&list, 1);
  g_autoptr(RscGraph) plain = NULL;
  g_autoptr(RscGraph) typed = NULL;
  g_autoptr(RscGraph) collector = NULL;

  params.too_many = 20;
  plain = build (snapshot, &params);
  g_assert_null (edge_label (plain, 1, 21));
  /* What says more than a type is drawn. */
  g_assert_cmpstr (edge_label (plain, 20, 21), ==, ".cls");
  g_assert_null (find_fold (plain, 1, RSC_FOLD_DEPTH));

  params.type_edges = TRUE;
  typed = build (snapshot, &params);
  g_assert_cmpstr (edge_label (typed, 1, 21), ==, "type");
  g_assert_cmpstr (edge_label (typed, 20, 21), ==, "type, .cls");

  params.type_edges = FALSE;
  params.edges = RSC_EDGES_COLLECTOR;
  collector = build (snapshot, &params);
  g_assert_cmpstr (edge_label (collector, 1, 21), ==, "type");
}

/* Who asks what refers to a class sees its instances, after what names it; of
 * one on the way they are in the fold. */
static void
test_types_backwards (void)
{
  g_autoptr(RscSnapshot) snapshot = make_class ();
  RscNode class = 21, function = 23;
  RscViewParams params = params_from (&class, 1);
  RscExpansion expansion = { 21, 5 };
  g_autoptr(RscGraph) of_class = NULL;
  g_autoptr(RscGraph) of_function = NULL;
  g_autoptr(RscGraph) opened = NULL;
  g_autoptr(RscGraph) filtered = NULL;
  g_autoptr(RscGraph) typed = NULL;
  g_autofree char *objects = NULL;
  g_autofree char *met = NULL;

  params.direction = RSC_DIRECTION_BACKREFS;
  params.max_depth = 1;
  params.too_many = 5;
  of_class = build (snapshot, &params);
  objects = list_objects (of_class);
  g_assert_cmpstr (objects, ==, "1 2 3 20 21 22");
  g_assert_cmpstr (edge_label (of_class, 1, 21), ==, "type");
  g_assert_cmpuint (find_fold (of_class, 21, RSC_FOLD_TOO_MANY)->count, ==, 16);

  params.objects = &function;
  params.max_depth = 2;
  of_function = build (snapshot, &params);
  met = list_objects (of_function);
  g_assert_cmpstr (met, ==, "20 21 22 23");
  g_assert_cmpuint (find_fold (of_function, 21, RSC_FOLD_TOO_MANY)->count, ==, 19);

  params.filter = "id > 10";
  filtered = build (snapshot, &params);
  g_assert_cmpuint (find_fold (filtered, 21, RSC_FOLD_TOO_MANY)->count, ==, 9);
  g_assert_cmpuint (find_fold (filtered, 21, RSC_FOLD_FILTER)->count, ==, 10);
  params.filter = NULL;

  params.expansions = &expansion;
  params.n_expansions = 1;
  opened = build (snapshot, &params);
  g_assert_cmpuint (count_objects (opened), ==, 2 + 5 + 5);
  g_assert_cmpuint (find_fold (opened, 21, RSC_FOLD_TOO_MANY)->count, ==, 11);

  params.n_expansions = 0;
  params.type_edges = TRUE;
  typed = build (snapshot, &params);
  g_assert_cmpuint (count_objects (typed), ==, 2 + 5);
}

static void
test_errors (void)
{
  g_autoptr(RscSnapshot) snapshot = make_tree (7);
  RscNode start = 0;
  RscNode gone = 99;
  RscViewParams params = params_from (&start, 1);
  static const struct { const char *filter, *hide; int code; } cases[] = {
    { "type = dict", NULL, RSC_ERROR_SYNTAX },
    { NULL, "siz > 3", RSC_ERROR_SYNTAX },
    { NULL, "length(hex(printf('%' || (900000 + id) || 'd', 1)))", RSC_ERROR_FAILED },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(RscView) view = NULL;
      g_autoptr(GError) error = NULL;

      params.filter = cases[i].filter;
      params.hide = cases[i].hide;
      view = rsc_view_new (&params);
      g_assert_null (rsc_graph_build (snapshot, view, NULL, NULL, &error));
      g_assert_error (error, RSC_QUERY_ERROR, cases[i].code);
    }

  for (guint i = 0; i < 3; i++)
    {
      RscViewParams wrong = params_from (i == 0 ? &gone : &start, i == 1 ? 0 : 1);
      g_autoptr(RscView) view = NULL;
      g_autoptr(GError) error = NULL;
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();

      if (i == 2)
        g_cancellable_cancel (cancellable);
      view = rsc_view_new (&wrong);
      g_assert_null (rsc_graph_build (snapshot, view, NULL, cancellable, &error));
      if (i == 2)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      else
        g_assert_error (error, RSC_QUERY_ERROR, RSC_ERROR_NOT_FOUND);
    }
}

/* What is promised of any graph, on random heaps with random parameters. */

static guint
count_neighbours (const RscColumns *columns, RscNode node, gboolean forwards)
{
  g_autoptr(GHashTable) set = g_hash_table_new (NULL, NULL);

  if (forwards)
    for (guint64 e = columns->first_edge[node]; e < columns->first_edge[node + 1]; e++)
      g_hash_table_add (set, GSIZE_TO_POINTER ((gsize) columns->target[e]));
  else
    for (guint64 e = columns->first_referrer[node]; e < columns->first_referrer[node + 1]; e++)
      g_hash_table_add (set, GSIZE_TO_POINTER ((gsize) columns->referrer[e]));
  return g_hash_table_size (set);
}

static void
check_graph (RscGraph *graph, const RscViewParams *params)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (rsc_graph_get_snapshot (graph));
  gboolean forwards = params->direction == RSC_DIRECTION_REFS;
  gsize n_nodes, n_edges;
  const RscGraphNode *nodes = rsc_graph_get_nodes (graph, &n_nodes);
  const RscGraphEdge *edges = rsc_graph_get_edges (graph, &n_edges);
  g_autofree guint64 *accounted = g_new0 (guint64, n_nodes);
  g_autofree guint *drawn = g_new0 (guint, n_nodes);
  g_autoptr(GHashTable) ids = g_hash_table_new (g_str_hash, g_str_equal);

  for (gsize i = 0; i < n_nodes; i++)
    {
      g_assert_true (g_hash_table_add (ids, (gpointer) nodes[i].id));
      if (nodes[i].kind != RSC_GRAPH_NODE_OBJECT)
        continue;
      g_assert_cmpuint (nodes[i].depth, <=, params->max_depth);
      g_assert_cmpint (rsc_graph_find (graph, nodes[i].node), ==, i);
    }
  /* But one object with all that is left out at it is always drawn. */
  g_assert_cmpuint (count_objects (graph), <=, params->max_nodes);
  g_assert_true (n_nodes <= params->max_nodes + params->max_nodes / 4 || count_objects (graph) == 1);

  for (gsize i = 0; i < n_edges; i++)
    {
      guint32 owner = forwards ? edges[i].source : edges[i].target;
      guint32 other = forwards ? edges[i].target : edges[i].source;

      if (edges[i].kind == RSC_GRAPH_EDGE_FOLD)
        accounted[owner] += nodes[other].count;
      else
        {
          accounted[owner]++;
          drawn[owner]++;
          /* Such a reference exists. */
          g_assert_cmpuint (rsc_snapshot_find_edge (rsc_graph_get_snapshot (graph), nodes[edges[i].source].node,
                                                    nodes[edges[i].target].node), !=, G_MAXUINT64);
        }
    }
  /* Nothing is lost: each neighbour is drawn or counted in a fold. */
  for (gsize i = 0; i < n_nodes; i++)
    if (nodes[i].kind == RSC_GRAPH_NODE_OBJECT)
      {
        g_assert_cmpuint (drawn[i], <=, params->too_many);
        g_assert_cmpuint (accounted[i], ==, count_neighbours (columns, nodes[i].node, forwards));
      }
}

static void
test_random (void)
{
  static const char *const filters[] = { NULL, "type = 'T1'", "size > 60", "depth < 2", "referrers > 2 or id % 3 = 0" };
  g_autoptr(GRand) rand = g_rand_new_with_seed (20);

  for (guint32 seed = 0; seed < 150; seed++)
    {
      RandomHeapShape shape = { .n_nodes = (guint32) g_rand_int_range (rand, 1, 120),
                                .n_edges = (guint32) g_rand_int_range (rand, 0, 400),
                                .weak = .1, .untraversed = .2, .untracked = .3 };
      g_autoptr(RscSnapshot) snapshot = random_heap_new (seed, &shape);

      for (guint k = 0; k < 12; k++)
        {
          RscNode starts[3];
          RscViewParams params = params_from (starts, (gsize) g_rand_int_range (rand, 1, 4));
          g_autoptr(RscGraph) graph = NULL;
          g_autoptr(RscGraph) again = NULL;
          g_autofree char *first = NULL;
          g_autofree char *second = NULL;

          for (guint i = 0; i < 3; i++)
            starts[i] = (RscNode) g_rand_int_range (rand, 0, (gint32) shape.n_nodes);
          params.direction = k % 2 ? RSC_DIRECTION_REFS : RSC_DIRECTION_BACKREFS;
          params.max_depth = (guint) g_rand_int_range (rand, 0, 6);
          params.too_many = (guint) g_rand_int_range (rand, 0, 12);
          params.max_nodes = (guint) g_rand_int_range (rand, 3, 60);
          params.filter = filters[g_rand_int_range (rand, 0, G_N_ELEMENTS (filters))];
          graph = build (snapshot, &params);
          check_graph (graph, &params);
          again = build (snapshot, &params);
          first = rsc_graph_to_json (graph);
          second = rsc_graph_to_json (again);
          g_assert_cmpstr (first, ==, second);
        }
    }
}

static void
test_json_string (void)
{
  g_autoptr(GString) json = g_string_new (NULL);

  rsc_json_append_string (json, "a\"b\\c\n\t\r\x01é");
  g_assert_cmpstr (json->str, ==, "\"a\\\"b\\\\c\\n\\t\\r\\u0001é\"");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/graph/order-and-too-many", test_order_and_too_many);
  g_test_add_func ("/graph/filter-fold", test_filter_fold);
  g_test_add_func ("/graph/depth-fold", test_depth_fold);
  g_test_add_func ("/graph/max-nodes-is-fair", test_max_nodes_is_fair);
  g_test_add_func ("/graph/folds-come-on-top", test_folds_come_on_top);
  g_test_add_func ("/graph/one-fold-for-two-cuts", test_one_fold_for_two_cuts);
  g_test_add_func ("/graph/opened-comes-on-top", test_opened_comes_on_top);
  g_test_add_func ("/graph/many-starts-leave-room", test_many_starts_leave_room);
  g_test_add_func ("/graph/many-starts", test_many_starts);
  g_test_add_func ("/graph/hide", test_hide);
  g_test_add_func ("/graph/both-and-swap", test_both_and_swap);
  g_test_add_func ("/graph/edge-sets", test_edge_sets);
  g_test_add_func ("/graph/order-for-people", test_order_for_people);
  g_test_add_func ("/graph/hub", test_hub);
  g_test_add_func ("/graph/many-parallel", test_many_parallel);
  g_test_add_func ("/graph/one-container", test_one_container);
  g_test_add_func ("/graph/types-forwards", test_types_forwards);
  g_test_add_func ("/graph/types-backwards", test_types_backwards);
  g_test_add_func ("/graph/errors", test_errors);
  g_test_add_func ("/graph/random", test_random);
  g_test_add_func ("/graph/json-string", test_json_string);
  return g_test_run ();
}
