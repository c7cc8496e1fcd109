#include "analysis/rsc-holders.h"
#include "base/rsc-bitset.h"
#include "random-heap.h"

static RscNode
add (RscSnapshotBuilder *builder, guint32 type, guint32 refcount, guint32 flags)
{
  RscNodeRecord record = { .address = 16, .type = type, .refcount = refcount, .flags = flags };

  return rsc_snapshot_builder_add_node (builder, &record);
}

/* sys.getrefcount(a) in a function that a was passed to, as the course has it:
 * each holder is named. */
static void
check_course_example (const char *version, gboolean stack_is_borrowed, guint32 refcount, guint32 expected_getrefcount)
{
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
  g_autoptr(RscSnapshot) snapshot = NULL;
  g_autoptr(RscHolders) holders = NULL;
  g_autoptr(GError) error = NULL;
  guint32 list_type = rsc_snapshot_builder_add_type (builder, "list", "builtins", RSC_NODE_NONE, 0);
  guint32 name = rsc_snapshot_builder_intern_string (builder, "a", -1);
  RscNode list = add (builder, list_type, refcount, RSC_NODE_TRACKED);
  RscNode dict = add (builder, list_type, 1, RSC_NODE_TRACKED);
  RscNode caller = add (builder, list_type, RSC_REFCOUNT_UNKNOWN, RSC_NODE_SYNTHETIC);
  RscNode callee = add (builder, list_type, RSC_REFCOUNT_UNKNOWN, RSC_NODE_SYNTHETIC);
  const RscHolder *holder;

  rsc_snapshot_builder_add_edge_from (builder, dict, list, RSC_EDGE_VALUE | RSC_EDGE_TRAVERSED, list);
  rsc_snapshot_builder_add_edge_from (builder, caller, list,
                                      RSC_EDGE_STACK, 0);
  rsc_snapshot_builder_add_edge_from (builder, callee, list, RSC_EDGE_LOCAL, name);
  rsc_snapshot_builder_set_info (builder, "version", g_variant_new_string (version));
  snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, NULL);

  holders = rsc_holders_compute (snapshot, list, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (holders->n_holders, ==, 3);
  g_assert_cmpuint (holders->refcount, ==, refcount);
  g_assert_cmpuint (holders->explained, ==, stack_is_borrowed ? 2 : 3);
  g_assert_cmpuint (holders->unexplained, ==, refcount - holders->explained);
  g_assert_cmpuint (holders->getrefcount, ==, expected_getrefcount);
  holder = &g_array_index (holders->holders, RscHolder, 0);
  g_assert_cmpint (holder->kind, ==, RSC_HOLDER_OBJECT);
  g_assert_cmpuint (holder->node, ==, dict);
  holder = &g_array_index (holders->holders, RscHolder, 1);
  g_assert_cmpint (holder->kind, ==, RSC_HOLDER_STACK);
  g_assert_cmpint (holder->counted, ==, !stack_is_borrowed);
  holder = &g_array_index (holders->holders, RscHolder, 2);
  g_assert_cmpint (holder->kind, ==, RSC_HOLDER_LOCAL);
  g_assert_cmpuint (holder->node, ==, callee);
}

static void
test_course_example (void)
{
  check_course_example ("3.10.13", FALSE, 3, 4);
  check_course_example ("3.13.0", FALSE, 3, 4);
  check_course_example ("3.14.0", TRUE, 2, 2);
  check_course_example ("3.9.1", FALSE, 5, 6);
  check_course_example ("", FALSE, 3, 4);
  check_course_example ("3.14.2", FALSE, 3, 3);
}

static void
test_what_counts (void)
{
  static const struct
  {
    guint8 kind;
    const char *label;
    gboolean from_frame;
    gboolean counted;
  } cases[] = {
    { RSC_EDGE_PLAIN | RSC_EDGE_TRAVERSED, "", FALSE, TRUE },
    { RSC_EDGE_KEY, "", FALSE, TRUE },
    { RSC_EDGE_CONSTANT, "", FALSE, TRUE },
    { RSC_EDGE_WEAK_REFERENT | RSC_EDGE_WEAK, "", FALSE, FALSE },
    { RSC_EDGE_WEAK_REFERENT, "", FALSE, FALSE },
    { RSC_EDGE_LOCAL, "x", TRUE, TRUE },
    { RSC_EDGE_LOCAL | RSC_EDGE_WEAK, "x", TRUE, FALSE },
    { RSC_EDGE_GLOBALS, "", TRUE, FALSE },
    { RSC_EDGE_GLOBALS | RSC_EDGE_TRAVERSED, "", FALSE, TRUE },
    { RSC_EDGE_NAMED, "f_back", TRUE, FALSE },
    { RSC_EDGE_NAMED, "f_code", TRUE, TRUE },
    { RSC_EDGE_NAMED, "f_back", FALSE, TRUE },
    { RSC_EDGE_BASE, "", FALSE, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
      g_autoptr(RscSnapshot) snapshot = NULL;
      g_autoptr(RscHolders) holders = NULL;
      guint32 type = rsc_snapshot_builder_add_type (builder, "t", "", RSC_NODE_NONE, 0);
      RscNode object = add (builder, type, 7, 0);
      RscNode source = add (builder, type, 1, cases[i].from_frame ? RSC_NODE_SYNTHETIC : 0);

      rsc_snapshot_builder_add_edge_from (builder, source, object, cases[i].kind,
                                          rsc_snapshot_builder_intern_string (builder, cases[i].label, -1));
      snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, NULL);
      holders = rsc_holders_compute (snapshot, object, 0, NULL);
      g_assert_cmpuint (holders->n_holders, ==, 1);
      g_assert_cmpint (g_array_index (holders->holders, RscHolder, 0).counted, ==, cases[i].counted);
      g_assert_cmpuint (holders->explained, ==, cases[i].counted);
    }
}

/* classmethod has two names for one field, of which tp_traverse visits one. */
static void
test_second_name (void)
{
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
  g_autoptr(RscSnapshot) snapshot = NULL;
  g_autoptr(RscHolders) holders = NULL;
  guint32 type = rsc_snapshot_builder_add_type (builder, "classmethod", "builtins", RSC_NODE_NONE, 0);
  guint32 name = rsc_snapshot_builder_intern_string (builder, "__func__", -1);
  guint32 second_name = rsc_snapshot_builder_intern_string (builder, "__wrapped__", -1);
  RscNode function = add (builder, type, 2, 0);

  add (builder, type, 1, 0);
  rsc_snapshot_builder_add_edge (builder, function, RSC_EDGE_NAMED, second_name);
  rsc_snapshot_builder_add_edge (builder, function, RSC_EDGE_NAMED | RSC_EDGE_TRAVERSED, name);
  /* A str that is both key and value of a dict is referred to twice. */
  add (builder, type, 1, 0);
  rsc_snapshot_builder_add_edge (builder, function, RSC_EDGE_KEY, 0);
  rsc_snapshot_builder_add_edge (builder, function, RSC_EDGE_VALUE | RSC_EDGE_TRAVERSED, function);
  snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, NULL);
  holders = rsc_holders_compute (snapshot, function, 0, NULL);
  g_assert_cmpuint (holders->n_holders, ==, 4);
  g_assert_cmpuint (holders->explained, ==, 3);
  g_assert_cmpuint (holders->counted[RSC_HOLDER_OBJECT], ==, 3);
  g_assert_cmpuint (holders->unexplained, ==, 0);
}

/* What an interpreter holds is a root, and where there are several, the node that stands for it refers to it, too. */
static void
test_interpreter (void)
{
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
  g_autoptr(RscSnapshot) snapshot = NULL;
  g_autoptr(RscHolders) holders = NULL;
  guint32 type = rsc_snapshot_builder_add_type (builder, "dict", "builtins", RSC_NODE_NONE, 0);
  guint32 interpreter_type = rsc_snapshot_builder_add_type (builder, "interpreter", "", RSC_NODE_NONE, 0);
  guint32 name = rsc_snapshot_builder_intern_string (builder, "sys.modules", -1);
  RscNode modules = add (builder, type, 2, 0), sys = add (builder, type, 1, 0);
  RscNode interpreter = add (builder, interpreter_type, RSC_REFCOUNT_UNKNOWN, RSC_NODE_SYNTHETIC);
  const RscHolder *holder;

  rsc_snapshot_builder_add_edge_from (builder, sys, modules, RSC_EDGE_VALUE | RSC_EDGE_TRAVERSED, modules);
  rsc_snapshot_builder_add_edge_from (builder, interpreter, modules, RSC_EDGE_NAMED, name);
  rsc_snapshot_builder_add_root (builder, modules, RSC_ROOT_INTERPRETER, G_MAXUINT32, "sys.modules");
  snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, NULL);
  holders = rsc_holders_compute (snapshot, modules, 0, NULL);
  g_assert_cmpuint (holders->n_holders, ==, 2);
  g_assert_cmpuint (holders->counted[RSC_HOLDER_OBJECT], ==, 1);
  g_assert_cmpuint (holders->counted[RSC_HOLDER_ROOT], ==, 1);
  g_assert_cmpuint (holders->unexplained, ==, 0);
  holder = &g_array_index (holders->holders, RscHolder, 1);
  g_assert_cmpint (holder->kind, ==, RSC_HOLDER_ROOT);
  g_assert_cmpuint (holder->node, ==, interpreter);
}

/* Those that are not listed are counted all the same. */
static void
test_limit (void)
{
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
  g_autoptr(RscSnapshot) snapshot = NULL;
  g_autoptr(RscHolders) holders = NULL;
  guint32 type = rsc_snapshot_builder_add_type (builder, "list", "builtins", RSC_NODE_NONE, 0);
  RscNode hub = add (builder, type, 300, 0);

  for (guint i = 0; i < 300; i++)
    {
      add (builder, type, 1, 0);
      rsc_snapshot_builder_add_edge (builder, hub, RSC_EDGE_INDEX | RSC_EDGE_TRAVERSED, 0);
    }
  snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, NULL);
  holders = rsc_holders_compute (snapshot, hub, 20, NULL);
  g_assert_cmpuint (holders->holders->len, ==, 20);
  g_assert_cmpuint (holders->n_holders, ==, 300);
  g_assert_cmpuint (holders->counted[RSC_HOLDER_OBJECT], ==, 300);
  g_assert_cmpuint (holders->unexplained, ==, 0);
}

/* An instance holds its type if that was made at run time. */
static void
test_types (void)
{
  for (guint heap = 0; heap < 2; heap++)
    {
      g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
      g_autoptr(RscSnapshot) snapshot = NULL;
      g_autoptr(RscHolders) holders = NULL;
      guint32 meta = rsc_snapshot_builder_add_type (builder, "type", "builtins", RSC_NODE_NONE, 0);
      RscNode class = add (builder, meta, 5, RSC_NODE_TYPE);
      guint32 type = rsc_snapshot_builder_add_type (builder, "W", "m", class, heap ? RSC_TYPE_HEAP : 0);

      for (guint i = 0; i < 3; i++)
        {
          add (builder, type, 1, 0);
          rsc_snapshot_builder_add_edge (builder, class, RSC_EDGE_TYPE, 0);
        }
      rsc_snapshot_builder_add_root (builder, class, RSC_ROOT_STATIC, G_MAXUINT32, "W");
      rsc_snapshot_builder_add_root (builder, class, RSC_ROOT_DECLARED, G_MAXUINT32, "W");
      snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, NULL);
      holders = rsc_holders_compute (snapshot, class, 2, NULL);
      g_assert_cmpuint (holders->n_holders, ==, 4);
      g_assert_cmpuint (holders->holders->len, ==, 2);
      g_assert_cmpuint (holders->explained, ==, heap ? 4 : 1);
      g_assert_cmpuint (holders->unexplained, ==, heap ? 1 : 4);
    }
}

static void
test_immortal (void)
{
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
  g_autoptr(RscSnapshot) snapshot = NULL;
  g_autoptr(RscHolders) holders = NULL;
  guint32 type = rsc_snapshot_builder_add_type (builder, "NoneType", "builtins", RSC_NODE_NONE, 0);
  RscNode none = add (builder, type, 0x50000000, RSC_NODE_IMMORTAL);

  rsc_snapshot_builder_add_edge (builder, none, RSC_EDGE_PLAIN | RSC_EDGE_TRAVERSED, 0);
  snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, NULL);
  holders = rsc_holders_compute (snapshot, none, 0, NULL);
  g_assert_cmpuint (holders->refcount, ==, RSC_REFCOUNT_UNKNOWN);
  g_assert_cmpuint (holders->getrefcount, ==, RSC_REFCOUNT_UNKNOWN);
  g_assert_cmpuint (holders->unexplained, ==, 0);
  g_assert_cmpuint (holders->explained, ==, 1);
}

/* Every edge to a node is one holder, self references and parallels included. */
static void
test_random (void)
{
  for (guint32 seed = 0; seed < 200; seed++)
    {
      RandomHeapShape shape = { .n_nodes = 1 + seed % 30, .n_edges = 120, .weak = .2, .untraversed = .2, .held = .5 };
      g_autoptr(RscSnapshot) snapshot = random_heap_new (seed, &shape);
      const RscColumns *columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL, NULL);

      for (RscNode node = 0; node < columns->n_nodes; node++)
        {
          g_autoptr(RscHolders) holders = rsc_holders_compute (snapshot, node, 0, NULL);
          g_autoptr(RscBitset) edges = rsc_bitset_new (columns->n_edges);
          guint64 expected = 0;

          for (guint64 e = 0; e < columns->n_edges; e++)
            expected += columns->target[e] == node;
          for (guint h = 0; h < holders->holders->len; h++)
            {
              const RscHolder *holder = &g_array_index (holders->holders, RscHolder, h);

              /* The last node's frame root counts too. */
              if (holder->kind == RSC_HOLDER_ROOT)
                continue;
              g_assert_false (rsc_bitset_get (edges, holder->edge));
              rsc_bitset_set (edges, holder->edge);
              g_assert_cmpuint (columns->target[holder->edge], ==, node);
              g_assert_cmpuint (columns->first_edge[holder->node], <=, holder->edge);
              g_assert_cmpuint (columns->first_edge[holder->node + 1], >, holder->edge);
              if (columns->kind[holder->edge] & RSC_EDGE_WEAK)
                g_assert_false (holder->counted);
              else if (columns->kind[holder->edge] & RSC_EDGE_TRAVERSED)
                g_assert_true (holder->counted);
            }
          g_assert_cmpuint (rsc_bitset_count (edges), ==, expected);
        }
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/holders/course-example", test_course_example);
  g_test_add_func ("/holders/what-counts", test_what_counts);
  g_test_add_func ("/holders/second-name", test_second_name);
  g_test_add_func ("/holders/interpreter", test_interpreter);
  g_test_add_func ("/holders/limit", test_limit);
  g_test_add_func ("/holders/types", test_types);
  g_test_add_func ("/holders/immortal", test_immortal);
  g_test_add_func ("/holders/random", test_random);
  return g_test_run ();
}
