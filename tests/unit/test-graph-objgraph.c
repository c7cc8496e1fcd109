/* objgraph's rules on heaps small enough to know its text by heart; the parity
 * test compares with the real one. */
#include "base/rsc-error.h"
#include "graph/rsc-graph.h"
#include "small-heap.h"

static char *
draw (RscSnapshot *snapshot, const RscViewParams *params)
{
  g_autoptr(RscView) view = rsc_view_new (params);
  g_autoptr(GError) error = NULL;
  g_autoptr(RscGraph) graph = rsc_graph_build (snapshot, view, NULL, NULL, &error);

  g_assert_no_error (error);
  return rsc_graph_to_dot (graph);
}

static RscViewParams
objgraph_params (const RscNode *objects, gsize n_objects)
{
  RscViewParams params = RSC_VIEW_PARAMS_INIT;

  params.objgraph = TRUE;
  params.edges = RSC_EDGES_COLLECTOR;
  params.max_nodes = 0;
  params.objects = objects;
  params.n_objects = n_objects;
  return params;
}

/* 0 list, 1 int, 2 dict, 3 str "k" */
static RscSnapshot *
make_list (void)
{
  SmallHeap heap;

  small_heap_init (&heap);
  small_heap_node (&heap, "list", "3 items", 0);
  small_heap_node (&heap, "int", "7", 0);
  small_heap_node (&heap, "dict", "1 items", 0);
  small_heap_text (&heap, "k");
  small_heap_edge (&heap, 0, 1, T | RSC_EDGE_INDEX, 2);
  small_heap_edge (&heap, 0, 2, T | RSC_EDGE_INDEX, 1);
  small_heap_edge (&heap, 0, 1, T | RSC_EDGE_INDEX, 0);
  small_heap_edge (&heap, 2, 0, T | RSC_EDGE_VALUE, 3);
  small_heap_edge (&heap, 2, 3, RSC_EDGE_KEY, 0);
  return small_heap_freeze (&heap);
}

static void
test_refs (void)
{
  g_autoptr(RscSnapshot) snapshot = make_list ();
  RscNode start = 0;
  RscViewParams params = objgraph_params (&start, 1);
  g_autofree char *dot = draw (snapshot, &params);

  g_assert_cmpstr (dot, ==,
                   "digraph ObjectGraph {\n"
                   "  node[shape=box, style=filled, fillcolor=white];\n"
                   "  o4096[fontcolor=red];\n"
                   "  o4096[label=\"list\\n3 items\"];\n"
                   "  o4096[fillcolor=\"0,0,1\"];\n"
                   "  o4096 -> o4112;\n"
                   "  o4096 -> o4128;\n"
                   "  o4096 -> o4112;\n"
                   "  o4112[label=\"int\\n7\"];\n"
                   "  o4112[fillcolor=\"0,0,0.766667\"];\n"
                   "  o4128[label=\"dict\\n1 items\"];\n"
                   "  o4128[fillcolor=\"0,0,0.766667\"];\n"
                   "  o4128 -> o4096 [label=\"k\",weight=2];\n"
                   "}\n");
}

static void
test_too_many (void)
{
  g_autoptr(RscSnapshot) snapshot = make_list ();
  RscNode start = 0;
  RscViewParams params = objgraph_params (&start, 1);
  g_autofree char *dot = NULL;
  g_autofree char *none = NULL;

  params.too_many = 1;
  params.refcounts = TRUE;
  params.shortnames = FALSE;
  params.extra_info = "size";
  params.highlight = "type = 'int'";
  dot = draw (snapshot, &params);
  g_assert_cmpstr (dot, ==,
                   "digraph ObjectGraph {\n"
                   "  node[shape=box, style=filled, fillcolor=white];\n"
                   "  o4096[fontcolor=red];\n"
                   "  o4096[label=\"builtins.list [1]\\n3 items\\n64\"];\n"
                   "  o4096[fillcolor=\"0,0,1\"];\n"
                   "  o4096 -> o4112;\n"
                   "  o4096->too_many_o4096[color=red,style=dotted,len=0.25,weight=10];\n"
                   "  too_many_o4096[label=\"2 more references\",shape=box,height=0.25,color=red,"
                   "fillcolor=\"0,1,0.766667\",fontsize=6];\n"
                   "  too_many_o4096[fontcolor=white];\n"
                   "  o4112[label=\"builtins.int [1]\\n7\\n64\"];\n"
                   "  o4112[fillcolor=\"0.6,0.6,0.883333\"];\n"
                   "}\n");

  params = objgraph_params (&start, 1);
  params.too_many = 0;
  none = draw (snapshot, &params);
  g_assert_nonnull (strstr (none, "3 more references"));
  g_assert_null (strstr (none, " -> "));
}

/* 0 module m, 1 its dict, 2 class A with __del__, 3 instance, 4 its dict,
 * 5 None, 6 function, 7 tuple key */
static RscSnapshot *
make_module (void)
{
  SmallHeap heap;

  small_heap_init (&heap);
  small_heap_node (&heap, "module", "m", RSC_NODE_PROPER_MODULE);
  small_heap_node (&heap, "dict", "2 items", 0);
  small_heap_node (&heap, "type", "A", RSC_NODE_TYPE);
  small_heap_node (&heap, "m.Outer.A", NULL, RSC_NODE_HAS_DEL);
  small_heap_node (&heap, "dict", "1 items", 0);
  small_heap_node (&heap, "NoneType", "None", 0);
  small_heap_node (&heap, "function", "f", 0);
  small_heap_node (&heap, "tuple", "2 items", 0);
  small_heap_text (&heap, "not an identifier \"\\");
  small_heap_edge (&heap, 0, 1, T | RSC_EDGE_DICT, 0);
  small_heap_edge (&heap, 1, 2, T | RSC_EDGE_VALUE, 7);
  small_heap_edge (&heap, 1, 6, T | RSC_EDGE_VALUE, 8);
  small_heap_edge (&heap, 2, 1, T | RSC_EDGE_DICT, 0);
  small_heap_edge (&heap, 3, 4, T | RSC_EDGE_DICT, 0);
  small_heap_edge (&heap, 3, 2, T | RSC_EDGE_TYPE, 0);
  small_heap_edge (&heap, 4, 5, T | RSC_EDGE_VALUE, 8);
  small_heap_edge (&heap, 6, 1, T | RSC_EDGE_GLOBALS, 0);
  small_heap_named_edge (&heap, 6, 5, T | RSC_EDGE_NAMED, "__doc__");
  return small_heap_freeze (&heap);
}

static void
test_labels (void)
{
  g_autoptr(RscSnapshot) snapshot = make_module ();
  const RscNode starts[] = { 3, 0 };
  RscViewParams params = objgraph_params (starts, 2);
  g_autofree char *dot = draw (snapshot, &params);

  /* The instance, its mark, its dict and class. */
  g_assert_nonnull (strstr (dot, "  o4144[label=\"A\\n<m.Outer.A object at 0x1030>\"];\n"));
  g_assert_nonnull (strstr (dot, "  o4144->o4144_has_a_del[color=red,style=dotted,len=0.25,weight=10];\n"
                                 "  o4144_has_a_del[label=\"__del__\",shape=doublecircle,height=0.25,color=red,"
                                 "fillcolor=\"0,.5,1\",fontsize=6];\n"));
  g_assert_nonnull (strstr (dot, "  o4144 -> o4160 [label=\"__dict__\",weight=10];\n  o4144 -> o4128;\n"));
  /* A module is green; a class's dict has no name; keys that are no identifiers. */
  g_assert_nonnull (strstr (dot, "  o4096[label=\"module\\nm\"];\n  o4096[fillcolor=\"0.3,1,1\"];\n"));
  g_assert_nonnull (strstr (dot, "  o4128 -> o4112;\n"));
  g_assert_nonnull (strstr (dot, "  o4112 -> o4128 [label=\"tuple\\n2 items\"];\n"));
  g_assert_nonnull (strstr (dot, "  o4112 -> o4192 [label=\"str\\n'not an identifier \\\"\\\\\\\\'\"];\n"));
  /* __closure__ comes before __doc__ in dir(), and is None as well. */
  g_assert_nonnull (strstr (dot, "  o4192 -> o4112 [label=\"__globals__\",weight=10];\n"));
  g_assert_nonnull (strstr (dot, "  o4192 -> o4176 [label=\"__closure__\",weight=10];\n"));
}

static void
test_backrefs_stop_at_modules (void)
{
  g_autoptr(RscSnapshot) snapshot = make_module ();
  RscNode start = 1;
  RscViewParams params = objgraph_params (&start, 1);
  g_autofree char *dot = NULL;

  params.direction = RSC_DIRECTION_BACKREFS;
  dot = draw (snapshot, &params);
  g_assert_nonnull (strstr (dot, "  o4096 -> o4112 [label=\"__dict__\",weight=10];\n  o4128 -> o4112;\n"
                                 "  o4192 -> o4112 [label=\"__globals__\",weight=10];\n"));
  g_assert_null (strstr (dot, "o4160"));
}

/* gc.get_referrers() sees neither the untracked nor the frozen. */
static void
test_referrers (void)
{
  SmallHeap heap;
  g_autoptr(RscSnapshot) snapshot = NULL;
  RscNode start = 0;
  RscViewParams params = objgraph_params (&start, 1);
  RscNodeRecord frozen = { .address = 0x9000, .flags = RSC_NODE_TRACKED | RSC_NODE_CONTAINER,
                           .generation = RSC_GENERATION_PERMANENT };
  RscNodeRecord untracked = { .address = 0x9010, .generation = RSC_GENERATION_NONE };
  g_autofree char *dot = NULL;

  small_heap_init (&heap);
  small_heap_node (&heap, "list", "0 items", 0);
  small_heap_node (&heap, "list", "2 items", 0);
  rsc_snapshot_builder_add_node (heap.builder, &frozen);
  rsc_snapshot_builder_add_node (heap.builder, &untracked);
  small_heap_edge (&heap, 1, 0, T | RSC_EDGE_INDEX, 1);
  small_heap_edge (&heap, 1, 0, T | RSC_EDGE_INDEX, 0);
  small_heap_edge (&heap, 2, 0, T | RSC_EDGE_INDEX, 0);
  small_heap_edge (&heap, 3, 0, T | RSC_EDGE_INDEX, 0);
  snapshot = small_heap_freeze (&heap);

  params.direction = RSC_DIRECTION_BACKREFS;
  dot = draw (snapshot, &params);
  /* Once, however often it refers. */
  g_assert_nonnull (strstr (dot, "  o4112 -> o4096;\n  o4112[label"));
  g_assert_null (strstr (dot, "o36864"));
  g_assert_null (strstr (dot, "o36880"));
}

static void
test_ignore_and_filter (void)
{
  g_autoptr(RscSnapshot) snapshot = make_list ();
  RscNode start = 0;
  RscNode ignored = 1;
  RscViewParams params = objgraph_params (&start, 1);
  g_autofree char *ignoring = NULL;
  g_autofree char *filtering = NULL;

  params.too_many = 0;
  params.extra_ignore = &ignored;
  params.n_extra_ignore = 1;
  ignoring = draw (snapshot, &params);
  g_assert_nonnull (strstr (ignoring, "\"1 more references\""));

  params.n_extra_ignore = 0;
  params.filter = "type = 'int'"; /* the start object is not filtered */
  filtering = draw (snapshot, &params);
  g_assert_nonnull (strstr (filtering, "\"2 more references\""));
}

/* In the window max_nodes holds with objgraph's rules, too. */
static void
test_max_nodes (void)
{
  g_autoptr(RscSnapshot) snapshot = make_module ();
  const RscNode starts[] = { 0, 1, 2, 3, 1 };
  RscViewParams params = objgraph_params (starts, 5);
  g_autoptr(RscView) view = NULL;
  g_autoptr(RscGraph) graph = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *dot = NULL;
  const RscGraphNode *nodes;
  gsize n_nodes;

  params.max_nodes = 4; /* two objects, and two boxes of what is left out */
  view = rsc_view_new (&params);
  graph = rsc_graph_build (snapshot, view, NULL, NULL, &error);
  g_assert_no_error (error);
  nodes = rsc_graph_get_nodes (graph, &n_nodes);
  g_assert_cmpint (nodes[n_nodes - 1].kind, ==, RSC_GRAPH_NODE_FOLD);
  g_assert_cmpuint (nodes[n_nodes - 1].node, ==, RSC_NODE_NONE);
  g_assert_cmpuint (nodes[n_nodes - 1].count, ==, 2);
  dot = rsc_graph_to_dot (graph);
  g_assert_null (strstr (dot, "o4128[label"));
  g_assert_nonnull (strstr (dot, "max_nodes_o4112[label=\"2 more references\""));
}

/* An object that was given twice is walked from twice. */
static void
test_given_twice (void)
{
  g_autoptr(RscSnapshot) snapshot = make_list ();
  const RscNode starts[] = { 0, 0 };
  RscViewParams params = objgraph_params (starts, 2);
  g_autofree char *dot = NULL;

  params.too_many = 1;
  params.max_depth = 1;
  dot = draw (snapshot, &params);
  g_assert_cmpstr (dot, ==,
                   "digraph ObjectGraph {\n"
                   "  node[shape=box, style=filled, fillcolor=white];\n"
                   "  o4096[fontcolor=red];\n"
                   "  o4096[fontcolor=red];\n"
                   "  o4096[label=\"list\\n3 items\"];\n"
                   "  o4096[fillcolor=\"0,0,1\"];\n"
                   "  o4096 -> o4112;\n"
                   "  o4096->too_many_o4096[color=red,style=dotted,len=0.25,weight=10];\n"
                   "  too_many_o4096[label=\"2 more references\",shape=box,height=0.25,color=red,"
                   "fillcolor=\"0,1,0.3\",fontsize=6];\n"
                   "  too_many_o4096[fontcolor=white];\n"
                   "  o4096[label=\"list\\n3 items\"];\n"
                   "  o4096[fillcolor=\"0,0,1\"];\n"
                   "  o4096 -> o4112;\n"
                   "  o4096->too_many_o4096[color=red,style=dotted,len=0.25,weight=10];\n"
                   "  too_many_o4096[label=\"2 more references\",shape=box,height=0.25,color=red,"
                   "fillcolor=\"0,1,0.3\",fontsize=6];\n"
                   "  too_many_o4096[fontcolor=white];\n"
                   "  o4112[label=\"int\\n7\"];\n"
                   "  o4112[fillcolor=\"0,0,0.3\"];\n"
                   "  o4112[fontcolor=white];\n"
                   "}\n");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/graph-objgraph/refs", test_refs);
  g_test_add_func ("/graph-objgraph/too-many", test_too_many);
  g_test_add_func ("/graph-objgraph/labels", test_labels);
  g_test_add_func ("/graph-objgraph/backrefs-stop-at-modules", test_backrefs_stop_at_modules);
  g_test_add_func ("/graph-objgraph/referrers", test_referrers);
  g_test_add_func ("/graph-objgraph/ignore-and-filter", test_ignore_and_filter);
  g_test_add_func ("/graph-objgraph/max-nodes", test_max_nodes);
  g_test_add_func ("/graph-objgraph/given-twice", test_given_twice);
  return g_test_run ();
}
