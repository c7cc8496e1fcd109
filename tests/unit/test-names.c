#include <string.h>

#include "analysis/rsc-histogram.h"
#include "analysis/rsc-names.h"
#include "base/rsc-error.h"
#include "../cpu-time.h"
#include "random-heap.h"

/* A small Python program by hand. */
typedef struct
{
  RscSnapshotBuilder *builder;
  guint64 next_address;
  guint32 t_module, t_dict, t_str, t_int, t_list, t_widget, t_base, t_type, t_frame, t_tuple, t_cell, t_function;
  RscNode main, os_path, os, main_dict, table, widget, widget_dict, list, item, class, base, frame, local, mro,
      method, function, closure, cell, cell_value, nested;
} Program;

static RscNode
add (Program *program, guint32 type, guint32 flags, const char *value)
{
  RscNodeRecord record = {
    .address = program->next_address += 16,
    .size = 10,
    .type = type,
    .refcount = 1,
    .flags = flags,
    .value = rsc_snapshot_builder_add_string (program->builder, value, -1),
    .generation = 2,
  };

  return rsc_snapshot_builder_add_node (program->builder, &record);
}

static void
add_labelled (Program *program, RscNode source, RscNode target, RscEdgeKind kind, const char *label)
{
  rsc_snapshot_builder_add_edge_from (program->builder, source, target, (guint8) (kind | RSC_EDGE_TRAVERSED),
                                      rsc_snapshot_builder_intern_string (program->builder, label, -1));
}

static void
add_plain (Program *program, RscNode source, RscNode target, RscEdgeKind kind, guint32 label)
{
  rsc_snapshot_builder_add_edge_from (program->builder, source, target, (guint8) (kind | RSC_EDGE_TRAVERSED), label);
}

static void
add_item (Program *program, RscNode dict, const char *key, RscNode value)
{
  RscNode node = add (program, program->t_str, RSC_NODE_TEXT, key);

  rsc_snapshot_builder_add_edge_from (program->builder, dict, node, RSC_EDGE_KEY, 0);
  add_plain (program, dict, value, RSC_EDGE_VALUE, node);
}

static RscNode
add_module (Program *program, const char *name, RscNode *dict)
{
  RscNode node = add (program, program->t_module, RSC_NODE_PROPER_MODULE, name);

  *dict = add (program, program->t_dict, 0, "1 items");
  add_plain (program, node, *dict, RSC_EDGE_DICT, 0);
  rsc_snapshot_builder_add_root (program->builder, node, RSC_ROOT_MODULE, G_MAXUINT32, name);

  return node;
}

static RscSnapshot *
program_new (Program *program)
{
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
  g_autoptr(GError) error = NULL;
  RscSnapshot *snapshot;
  RscNode os_dict, path_dict, key, class_dict, base_dict;
  guint32 thread;

  *program = (Program) { .builder = builder, .next_address = 4096 };
  program->t_module = rsc_snapshot_builder_add_type (builder, "module", "builtins", RSC_NODE_NONE, 0);
  program->t_dict = rsc_snapshot_builder_add_type (builder, "dict", "builtins", RSC_NODE_NONE, 0);
  program->t_str = rsc_snapshot_builder_add_type (builder, "str", "builtins", RSC_NODE_NONE, 0);
  program->t_int = rsc_snapshot_builder_add_type (builder, "int", "builtins", RSC_NODE_NONE, 0);
  program->t_list = rsc_snapshot_builder_add_type (builder, "list", "builtins", RSC_NODE_NONE, 0);
  program->t_tuple = rsc_snapshot_builder_add_type (builder, "tuple", "builtins", RSC_NODE_NONE, 0);
  program->t_type = rsc_snapshot_builder_add_type (builder, "type", "builtins", RSC_NODE_NONE, 0);
  program->t_frame = rsc_snapshot_builder_add_type (builder, "frame", "builtins", RSC_NODE_NONE, 0);
  program->t_cell = rsc_snapshot_builder_add_type (builder, "cell", "builtins", RSC_NODE_NONE, 0);
  program->t_function = rsc_snapshot_builder_add_type (builder, "function", "builtins", RSC_NODE_NONE, 0);

  program->main = add_module (program, "__main__", &program->main_dict);
  program->os = add_module (program, "os", &os_dict);
  program->os_path = add_module (program, "os.path", &path_dict);
  add_item (program, os_dict, "path", program->os_path);
  add_item (program, os_dict, "sep", add (program, program->t_str, RSC_NODE_TEXT, "/"));
  program->item = add (program, program->t_int, 0, "7");

  program->class = add (program, program->t_type, RSC_NODE_TYPE, "Widget");
  program->base = add (program, program->t_type, RSC_NODE_TYPE, "Base");
  program->t_widget = rsc_snapshot_builder_add_type (builder, "Widget", "my.app", program->class, RSC_TYPE_HEAP);
  program->t_base = rsc_snapshot_builder_add_type (builder, "Base", "my.app", program->base, RSC_TYPE_HEAP);
  class_dict = add (program, program->t_dict, 0, "1 items");
  base_dict = add (program, program->t_dict, 0, "1 items");
  program->method = add (program, program->t_function, 0, "Base.run");
  add_plain (program, program->class, class_dict, RSC_EDGE_DICT, 0);
  add_plain (program, program->base, base_dict, RSC_EDGE_DICT, 0);
  add_item (program, base_dict, "run", program->method);
  program->mro = add (program, program->t_tuple, 0, "2 items");
  add_plain (program, program->class, program->mro, RSC_EDGE_MRO, 0);
  add_plain (program, program->mro, program->base, RSC_EDGE_INDEX, 1);
  add_plain (program, program->mro, program->class, RSC_EDGE_INDEX, 0);

  /* __main__.table = {'key': [.., .., .., Widget()], 7: ..., "it's": ...} */
  program->table = add (program, program->t_dict, 0, "3 items");
  add_item (program, program->main_dict, "table", program->table);
  program->list = add (program, program->t_list, 0, "4 items");
  add_item (program, program->table, "key", program->list);
  program->widget = add (program, program->t_widget, 0, "");
  add_plain (program, program->list, program->widget, RSC_EDGE_INDEX, 3);
  program->widget_dict = add (program, program->t_dict, 0, "1 items");
  add_plain (program, program->widget, program->widget_dict, RSC_EDGE_DICT, 0);
  add_item (program, program->widget_dict, "attr", program->item);
  key = add (program, program->t_int, 0, "7");
  program->nested = add (program, program->t_list, 0, "0 items");
  add_plain (program, program->table, program->nested, RSC_EDGE_VALUE, key);
  add_item (program, program->table, "it's \"a\"\n\\", add (program, program->t_list, 0, "odd"));
  add_item (program, program->main_dict, "no identifier", add (program, program->t_list, 0, "spaced"));
  add_labelled (program, program->widget, add (program, program->t_list, 0, "slot"), RSC_EDGE_SLOT, "slot");
  add_labelled (program, program->widget, add (program, program->t_list, 0, "inline"), RSC_EDGE_ATTRIBUTE, "inline");

  /* A closure, and a running function. */
  program->function = add (program, program->t_function, 0, "f");
  program->closure = add (program, program->t_tuple, 0, "1 items");
  program->cell = add (program, program->t_cell, 0, "");
  program->cell_value = add (program, program->t_list, 0, "in cell");
  add_item (program, program->main_dict, "f", program->function);
  add_plain (program, program->function, program->closure, RSC_EDGE_CLOSURE, 0);
  add_plain (program, program->closure, program->cell, RSC_EDGE_INDEX, 0);
  add_plain (program, program->cell, program->cell_value, RSC_EDGE_CELL, 0);
  program->frame = add (program, program->t_frame, RSC_NODE_SYNTHETIC, "");
  program->local = add (program, program->t_list, 0, "local");
  add_labelled (program, program->frame, program->local, RSC_EDGE_LOCAL, "x");
  thread = rsc_snapshot_builder_add_thread (builder, 1, 1, "MainThread");
  rsc_snapshot_builder_add_frame (builder, thread, program->frame, "Worker.main", "a.py", 3);
  rsc_snapshot_builder_add_root (builder, program->frame, RSC_ROOT_FRAME, thread, "Worker.main (a.py:3)");
  rsc_snapshot_builder_set_info (builder, "runtime", g_variant_new_string ("CPython"));

  snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, &error);
  g_assert_no_error (error);

  return snapshot;
}

static void
test_lookup (void)
{
  Program p;
  g_autoptr(RscSnapshot) snapshot = program_new (&p);
  const struct
  {
    const char *path;
    RscNode node;
  } cases[] = {
    { "__main__", p.main },
    { "os", p.os },
    { "os.path", p.os_path },
    { "__main__.__dict__", p.main_dict },
    { "__main__.table", p.table },
    { "table", p.table },
    { "table['key']", p.list },
    { "__main__.table[\"key\"][3]", p.widget },
    { "table['key'][-1]", p.widget },
    { "__main__.table['key'][3].attr", p.item },
    { "__main__.table['k\\x65y'][3].__dict__['attr']", p.item },
    { "table[7]", p.nested },
    { "table['key'][3].__class__", p.class },
    { "table['key'][3].run", p.method },
    { "table['key'][3].__class__.run", p.method },
    { "f.__closure__[0].cell_contents", p.cell_value },
    { "my.app.Widget", p.class },
    { "my.app.Widget.__mro__[1].run", p.method },
    { "x", p.local },
    { "Worker.main().x", p.local },
    { "__main__.__dict__['table']", p.table },
  };
  static const char *const missing[] = {
    "", ".", "..", "nothing", "os.nothing", "__main__.table[", "__main__.table[]", "__main__.table['key",
    "__main__.table['key'", "__main__.table['key']x", "__main__.table[7", "__main__.table['\\", "__main__.table['\\x4",
    "__main__.table['\\ud800']", "table[99]", "table.", "x.", "main().x", "Worker.main().y", "os.path.path", "[0]", "()",
    "table['key'][99999999999999999999]", "my.app", "my.app.Widge", "my.app.Widgets", "my.app.Widget.none",
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_cmpuint (rsc_names_lookup (snapshot, cases[i].path, &error), ==, cases[i].node);
      g_assert_no_error (error);
    }
  for (guint i = 0; i < G_N_ELEMENTS (missing); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_cmpuint (rsc_names_lookup (snapshot, missing[i], &error), ==, RSC_NODE_NONE);
      g_assert_error (error, RSC_ANALYSIS_ERROR, RSC_ERROR_NOT_FOUND);
    }
}

static void
test_lookup_message (void)
{
  Program p;
  g_autoptr(RscSnapshot) snapshot = program_new (&p);
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) error_in_main = NULL;

  rsc_names_lookup (snapshot, "__main__.table['key'][5].attr", &error);
  g_assert_nonnull (strstr (error->message, "“__main__.table['key']”"));
  g_assert_nonnull (strstr (error->message, "“[5].attr”"));
  rsc_names_lookup (snapshot, "table['key'].nope", &error_in_main);
  g_assert_nonnull (strstr (error_in_main->message, "“table['key']”"));
  g_assert_nonnull (strstr (error_in_main->message, "“.nope”"));
}

static void
assert_described (RscSnapshot *snapshot, RscNode node, guint max_steps, const char *expected)
{
  g_autofree char *path = rsc_names_describe (snapshot, node, max_steps);

  g_assert_cmpstr (path, ==, expected);
}

static void
test_describe (void)
{
  Program p;
  g_autoptr(RscSnapshot) snapshot = program_new (&p);
  const RscColumns *columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL, NULL);
  guint n_described = 0;

  assert_described (snapshot, p.main, 8, "__main__");
  assert_described (snapshot, p.main_dict, 8, "__main__.__dict__");
  assert_described (snapshot, p.table, 8, "__main__.table");
  assert_described (snapshot, p.list, 8, "__main__.table['key']");
  assert_described (snapshot, p.widget, 8, "__main__.table['key'][3]");
  assert_described (snapshot, p.widget_dict, 8, "__main__.table['key'][3].__dict__");
  assert_described (snapshot, p.item, 8, "__main__.table['key'][3].attr");
  assert_described (snapshot, p.item, 3, NULL);
  assert_described (snapshot, p.nested, 8, "__main__.table[7]");
  assert_described (snapshot, p.class, 8, "my.app.Widget");
  assert_described (snapshot, p.method, 8, "my.app.Base.run");
  assert_described (snapshot, p.cell_value, 8, "__main__.f.__closure__[0].cell_contents");
  assert_described (snapshot, p.local, 8, "Worker.main().x");
  assert_described (snapshot, p.local, 0, NULL);

  /* What is described is found by it. */
  for (RscNode node = 0; node < columns->n_nodes; node++)
    {
      g_autofree char *path = rsc_names_describe (snapshot, node, 8);

      if (path == NULL)
        continue;
      n_described++;
      if (!g_str_has_suffix (path, "()"))
        g_assert_cmpuint (rsc_names_lookup (snapshot, path, NULL), ==, node);
    }
  g_assert_cmpuint (n_described, >, 20);
}

static void
test_values_are_names (void)
{
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
  g_autoptr(RscSnapshot) snapshot = NULL;
  g_autoptr(GArray) found = NULL;
  static const char *const names[] = { "A", "B.x", "C d" };

  rsc_snapshot_builder_add_type (builder, "node", "", RSC_NODE_NONE, 0);
  for (guint i = 0; i < 3; i++)
    {
      RscNodeRecord record = { .value = rsc_snapshot_builder_add_string (builder, names[i], -1) };

      rsc_snapshot_builder_add_node (builder, &record);
    }
  rsc_snapshot_builder_set_info (builder, "runtime", g_variant_new_string ("DOT graph"));
  snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, NULL);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_cmpuint (rsc_names_lookup (snapshot, names[i], NULL), ==, i);
      assert_described (snapshot, i, 0, names[i]);
    }
  g_assert_cmpuint (rsc_names_lookup (snapshot, "D", NULL), ==, RSC_NODE_NONE);
  found = rsc_find_objects (snapshot, NULL, "B.x", NULL, 0, NULL, NULL, NULL, NULL);
  g_assert_cmpuint (found->len, ==, 1);
}

/* None, which a million lists and one list of a million hold: answered at once. */
static void
test_hub (void)
{
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
  g_autoptr(RscSnapshot) snapshot = NULL;
  g_autofree char *path = NULL;
  RscNodeRecord record = { .address = 16 };
  gint64 start;

  rsc_snapshot_builder_add_type (builder, "list", "builtins", RSC_NODE_NONE, 0);
  rsc_snapshot_builder_add_node (builder, &record);
  for (guint32 i = 1; i <= 1000000; i++)
    {
      record.address = 16 * (guint64) (i + 1);
      rsc_snapshot_builder_add_node (builder, &record);
      rsc_snapshot_builder_add_edge (builder, 0, RSC_EDGE_INDEX | RSC_EDGE_TRAVERSED, 0);
      /* Lists hold each other in a ring, so that there is always one more. */
      rsc_snapshot_builder_add_edge (builder, i % 1000000 + 1, RSC_EDGE_INDEX | RSC_EDGE_TRAVERSED, 1);
    }
  for (guint32 big = 0; big < 3; big++)
    {
      record.address++;
      rsc_snapshot_builder_add_node (builder, &record);
      for (guint32 i = 0; i < 1000000; i++)
        rsc_snapshot_builder_add_edge (builder, i + 1, RSC_EDGE_INDEX | RSC_EDGE_TRAVERSED, i);
    }
  snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, NULL);

  start = cpu_time ();
  path = rsc_names_describe (snapshot, 0, 8);
  g_assert_null (path);
  g_assert_cmpint (cpu_time () - start, <, 5 * G_TIME_SPAN_SECOND);
}

static void
test_random (void)
{
  guint n_found = 0;

  for (guint32 seed = 0; seed < 100; seed++)
    {
      RandomHeapShape shape = { .n_nodes = 50, .n_edges = 120, .weak = .1, .untraversed = .2, .held = -1 };
      g_autoptr(RscSnapshot) snapshot = random_heap_new (seed, &shape);

      for (RscNode node = 0; node < 50; node++)
        {
          g_autofree char *path = rsc_names_describe (snapshot, node, 10);

          /* Two attributes of one name lead elsewhere, but the first step leads
           * somewhere. */
          if (path != NULL && strcspn (path, ".[") == 2 && g_str_has_prefix (path, "n0")
              && path[2] != '\0' && strpbrk (path + 3, ".[") == NULL)
            {
              n_found++;
              g_assert_cmpuint (rsc_names_lookup (snapshot, path, NULL), !=, RSC_NODE_NONE);
            }
        }
    }
  g_assert_cmpuint (n_found, >, 50);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/names/lookup", test_lookup);
  g_test_add_func ("/names/lookup-message", test_lookup_message);
  g_test_add_func ("/names/describe", test_describe);
  g_test_add_func ("/names/values-are-names", test_values_are_names);
  g_test_add_func ("/names/hub", test_hub);
  g_test_add_func ("/names/random", test_random);
  return g_test_run ();
}
