#include <string.h>

#include "base/rsc-census.h"
#include "base/rsc-error.h"
#include "base/rsc-release.h"
#include "random-heap.h"

static RscNode
add_node (RscSnapshotBuilder *builder, guint64 address, guint32 type, const char *value, guint32 flags)
{
  RscNodeRecord record = {
    .address = address,
    .size = 10,
    .type = type,
    .refcount = 1,
    .flags = flags,
    .value = rsc_snapshot_builder_add_string (builder, value, -1),
    .generation = RSC_GENERATION_NONE,
  };

  return rsc_snapshot_builder_add_node (builder, &record);
}

static void
test_small (void)
{
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
  g_autoptr(RscSnapshot) snapshot = NULL;
  g_autoptr(GError) error = NULL;
  const RscColumns *columns;
  guint32 type = rsc_snapshot_builder_add_type (builder, "Widget", "__main__", RSC_NODE_NONE, RSC_TYPE_HEAP);
  guint32 dict = rsc_snapshot_builder_add_type (builder, "dict", "builtins", RSC_NODE_NONE, 0);
  guint32 thread = rsc_snapshot_builder_add_thread (builder, 7, 8, "MainThread");
  RscType row;

  add_node (builder, 0x30, type, "", 0);
  rsc_snapshot_builder_add_edge (builder, 1, RSC_EDGE_ATTRIBUTE, rsc_snapshot_builder_intern_string (builder, "a", 1));
  rsc_snapshot_builder_add_edge (builder, 1, RSC_EDGE_TRAVERSED | RSC_EDGE_DICT, 0);
  add_node (builder, 0x10, dict, "1 items", 0);
  rsc_snapshot_builder_add_edge (builder, 2, RSC_EDGE_VALUE | RSC_EDGE_TRAVERSED, 2);
  add_node (builder, 0x20, dict, "it's", RSC_NODE_TEXT);
  add_node (builder, 0, dict, "", RSC_NODE_SYNTHETIC);
  rsc_snapshot_builder_add_root (builder, 0, RSC_ROOT_MODULE, thread, "__main__");
  rsc_snapshot_builder_add_frame (builder, thread, 3, "main", "a.py", 12);
  rsc_snapshot_builder_set_info (builder, "pid", g_variant_new_uint32 (42));
  snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, &error);
  g_assert_no_error (error);

  columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (columns->n_nodes, ==, 4);
  g_assert_cmpuint (columns->n_edges, ==, 3);
  /* What the collector traverses was put first. */
  g_assert_cmpint (columns->kind[0], ==, RSC_EDGE_TRAVERSED | RSC_EDGE_DICT);
  g_assert_cmpint (columns->kind[1], ==, RSC_EDGE_ATTRIBUTE);
  g_assert_cmpuint (columns->first_referrer[2] - columns->first_referrer[1], ==, 2);
  g_assert_cmpuint (columns->referrer[0], ==, 0);
  g_assert_cmpuint (columns->referrer[2], ==, 1);
  g_assert_true (columns->flags[0] & RSC_NODE_ROOT);

  g_assert_cmpuint (rsc_snapshot_find_address (snapshot, 0x20), ==, 2);
  g_assert_cmpuint (rsc_snapshot_find_address (snapshot, 0x30), ==, 0);
  g_assert_cmpuint (rsc_snapshot_find_address (snapshot, 0x11), ==, RSC_NODE_NONE);
  g_assert_cmpuint (rsc_snapshot_find_address (snapshot, 0x40), ==, RSC_NODE_NONE);
  g_assert_cmpuint (rsc_snapshot_find_address (snapshot, 0), ==, RSC_NODE_NONE);

  row = rsc_snapshot_get_type (snapshot, 1);
  g_assert_cmpstr (row.name, ==, "dict");
  g_assert_cmpstr (row.module, ==, "builtins");
  g_assert_cmpuint (row.n_objects, ==, 2);
  g_assert_cmpuint (row.bytes, ==, 20);
  g_assert_cmpuint (rsc_snapshot_get_total_bytes (snapshot), ==, 30);
  g_assert_cmpstr (rsc_snapshot_get_root (snapshot, 0).name, ==, "__main__");
  g_assert_cmpuint (rsc_snapshot_get_thread (snapshot, 0).native_id, ==, 8);
  g_assert_cmpuint (rsc_snapshot_get_frame (snapshot, 0).line, ==, 12);
  g_assert_cmpuint (rsc_snapshot_get_info_number (snapshot, "pid"), ==, 42);
  g_assert_cmpuint (rsc_snapshot_get_info_number (snapshot, "none"), ==, 0);
  g_assert_cmpstr (rsc_snapshot_get_info_string (snapshot, "pid"), ==, "");

  g_assert_cmpuint (rsc_snapshot_find_edge (snapshot, 0, 1), ==, 1);
  g_assert_cmpuint (rsc_snapshot_find_edge (snapshot, 1, 0), ==, G_MAXUINT64);
  g_assert_true (rsc_snapshot_verify (snapshot, NULL, NULL, &error));
}

static void
assert_label (RscSnapshot *snapshot, guint64 edge, const char *expected)
{
  g_autofree char *label = rsc_snapshot_dup_edge_label (snapshot, edge);

  g_assert_cmpstr (label, ==, expected);
}

static void
test_edge_labels (void)
{
  static const struct
  {
    RscEdgeKind kind;
    const char *expected;
  } cases[] = {
    { RSC_EDGE_PLAIN, "" },
    { RSC_EDGE_INDEX, "[1]" },
    { RSC_EDGE_KEY, "key" },
    { RSC_EDGE_VALUE, "['k\\n']" },
    { RSC_EDGE_ATTRIBUTE, ".name" },
    { RSC_EDGE_SLOT, ".name" },
    { RSC_EDGE_DICT, "__dict__" },
    { RSC_EDGE_TYPE, "type" },
    { RSC_EDGE_BASE, "base" },
    { RSC_EDGE_MRO, "__mro__" },
    { RSC_EDGE_CLOSURE, "closure" },
    { RSC_EDGE_CELL, "cell" },
    { RSC_EDGE_GLOBALS, "__globals__" },
    { RSC_EDGE_LOCAL, "local name" },
    { RSC_EDGE_CONSTANT, "co_consts[1]" },
    { RSC_EDGE_NAMED, "name" },
    { RSC_EDGE_ELEMENT, "element" },
    { RSC_EDGE_STACK, "stack" },
    { RSC_EDGE_WEAK_REFERENT, "weak reference" },
  };
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
  g_autoptr(RscSnapshot) snapshot = NULL;
  g_autoptr(GError) error = NULL;
  guint32 name = rsc_snapshot_builder_intern_string (builder, "name", -1);
  guint32 type = rsc_snapshot_builder_add_type (builder, "dict", "builtins", RSC_NODE_NONE, 0);

  g_assert_cmpuint (name, ==, 1);
  g_assert_cmpuint (G_N_ELEMENTS (cases), ==, RSC_EDGE_N_KINDS);
  add_node (builder, 16, type, "", 0);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    rsc_snapshot_builder_add_edge (builder, 0, (guint8) cases[i].kind, 1);
  add_node (builder, 32, type, "k\n", RSC_NODE_TEXT);
  add_node (builder, 48, type, "", RSC_NODE_SYNTHETIC);
  rsc_snapshot_builder_add_edge (builder, 0, RSC_EDGE_GLOBALS, 0);
  rsc_snapshot_builder_add_edge (builder, 0, RSC_EDGE_VALUE, 2);
  snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, &error);
  g_assert_no_error (error);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_label (snapshot, i, cases[i].expected);
  assert_label (snapshot, G_N_ELEMENTS (cases), "f_globals");
  /* A key without a value text is named by its type. */
  assert_label (snapshot, G_N_ELEMENTS (cases) + 1, "[dict]");
}

static void
test_values (void)
{
  static const struct
  {
    const char *text;
    gssize length;
    guint32 flags;
    const char *expected;
  } cases[] = {
    { "plain", -1, 0, "plain" },
    { "3 items", -1, RSC_NODE_TRUNCATED, "3 items…" },
    { "abc", -1, RSC_NODE_TEXT, "'abc'" },
    { "it's", -1, RSC_NODE_TEXT, "\"it's\"" },
    { "it's \"so\"", -1, RSC_NODE_TEXT, "'it\\'s \"so\"'" },
    { "a\\b\n\t\r\x1b", -1, RSC_NODE_TEXT, "'a\\\\b\\n\\t\\r\\x1b'" },
    { "a\0b", 3, RSC_NODE_TEXT, "'a\\x00b'" },
    { "中文é\xc2\xa0\xe2\x80\xa8", -1, RSC_NODE_TEXT, "'中文é\\xa0\\u2028'" },
    { "\xff\xfe", -1, RSC_NODE_TEXT, "'\xef\xbf\xbd\xef\xbf\xbd'" },
    { "abc", -1, RSC_NODE_TEXT | RSC_NODE_TRUNCATED, "'abc'…" },
    { "a\xc3\xa9'", -1, RSC_NODE_BYTES, "b\"a\\xe9'\"" },
    { "", -1, RSC_NODE_TEXT, "''" },
    { "", -1, 0, "" },
  };
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
  g_autoptr(RscSnapshot) snapshot = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *bytes_value = NULL;
  guint8 all_bytes[256];
  RscNodeRecord record = { 0 };

  rsc_snapshot_builder_add_type (builder, "t", "", RSC_NODE_NONE, 0);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      record.value = rsc_snapshot_builder_add_string (builder, cases[i].text, cases[i].length);
      record.flags = cases[i].flags;
      rsc_snapshot_builder_add_node (builder, &record);
    }
  for (guint i = 0; i < 256; i++)
    all_bytes[i] = (guint8) i;
  record.value = rsc_snapshot_builder_add_bytes (builder, all_bytes, 256);
  record.flags = RSC_NODE_BYTES;
  rsc_snapshot_builder_add_node (builder, &record);
  snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, &error);
  g_assert_no_error (error);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *value = rsc_snapshot_dup_value (snapshot, i);

      g_assert_cmpstr (value, ==, cases[i].expected);
    }
  bytes_value = rsc_snapshot_dup_value (snapshot, G_N_ELEMENTS (cases));
  g_assert_true (g_str_has_prefix (bytes_value, "b'\\x00\\x01"));
  g_assert_true (g_str_has_suffix (bytes_value, "\\xfe\\xff'"));
  g_assert_nonnull (strstr (bytes_value, "\\r\\x0e"));
  g_assert_nonnull (strstr (bytes_value, "xyz{|}~\\x7f\\x80"));
}

static void
test_strings (void)
{
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
  g_autofree char *long_text = g_malloc (200001);
  guint32 first = rsc_snapshot_builder_intern_string (builder, "same", -1);
  guint32 long_index;
  const char *cut;

  g_assert_cmpuint (rsc_snapshot_builder_intern_string (builder, "", -1), ==, 0);
  g_assert_cmpuint (rsc_snapshot_builder_intern_string (builder, NULL, -1), ==, 0);
  g_assert_cmpuint (rsc_snapshot_builder_intern_string (builder, "same and more", 4), ==, first);
  g_assert_cmpuint (rsc_snapshot_builder_add_string (builder, "same", -1), !=, first);
  for (guint i = 0; i < 20000; i++)
    {
      g_autofree char *text = g_strdup_printf ("text %u", i);
      guint32 index = rsc_snapshot_builder_intern_string (builder, text, -1);

      g_assert_cmpuint (rsc_snapshot_builder_intern_string (builder, text, -1), ==, index);
      g_assert_cmpstr (rsc_snapshot_builder_get_string (builder, index), ==, text);
    }

  /* Cut between two characters, for every place where the cut may fall. */
  for (guint shift = 0; shift < 4; shift++)
    {
      memset (long_text, 'a', shift);
      for (guint i = shift; i + 3 <= 200000; i += 3)
        memcpy (long_text + i, "\xe4\xb8\xad", 3);
      long_index = rsc_snapshot_builder_add_string (builder, long_text, 199990);
      cut = rsc_snapshot_builder_get_string (builder, long_index);
      g_assert_true (g_utf8_validate (cut, -1, NULL));
      g_assert_cmpuint (strlen (cut), <=, RSC_MAX_STRING);
      g_assert_cmpuint (strlen (cut), >, RSC_MAX_STRING - 4);
    }
  /* Nothing but broken bytes, each of which becomes three. */
  memset (long_text, 0xff, 200000);
  long_index = rsc_snapshot_builder_add_string (builder, long_text, 200000);
  cut = rsc_snapshot_builder_get_string (builder, long_index);
  g_assert_true (g_utf8_validate (cut, -1, NULL));
  g_assert_cmpuint (strlen (cut), ==, RSC_MAX_STRING / 3 * 3);
  /* Nothing but NULs. */
  memset (long_text, 0, 200000);
  long_index = rsc_snapshot_builder_add_string (builder, long_text, 200000);
  g_assert_true (g_utf8_validate (rsc_snapshot_builder_get_string (builder, long_index), -1, NULL));
}

/* What the builder made, against lists made the plain way. */
static void
test_random (void)
{
  for (guint32 seed = 0; seed < 200; seed++)
    {
      RandomHeapShape shape = { .n_nodes = seed % 40, .n_edges = seed * 3 % 200, .weak = .1, .untraversed = .3 };
      g_autoptr(RscSnapshot) snapshot = random_heap_new (seed, &shape);
      g_autoptr(GError) error = NULL;
      const RscColumns *columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (columns->first_edge[columns->n_nodes], ==, columns->n_edges);
      for (guint32 node = 0; node < columns->n_nodes; node++)
        {
          guint64 r = columns->first_referrer[node];

          for (guint32 source = 0; source < columns->n_nodes; source++)
            for (guint64 e = columns->first_edge[source]; e < columns->first_edge[source + 1]; e++)
              if (columns->target[e] == node)
                g_assert_cmpuint (columns->referrer[r++], ==, source);
          g_assert_cmpuint (r, ==, columns->first_referrer[node + 1]);
          g_assert_cmpuint (rsc_snapshot_find_address (snapshot, columns->address[node]), ==, node);
        }
      g_assert_true (rsc_snapshot_verify (snapshot, NULL, NULL, &error));
    }
}

/* Edges that come in any order keep the order of each node's own. */
static void
test_edge_order (void)
{
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
  g_autoptr(RscSnapshot) snapshot = NULL;
  g_autoptr(GError) error = NULL;
  const RscColumns *columns;

  rsc_snapshot_builder_add_type (builder, "t", "", RSC_NODE_NONE, 0);
  for (guint i = 0; i < 3; i++)
    add_node (builder, 16 * i, 0, "", 0);
  rsc_snapshot_builder_add_edge (builder, 0, RSC_EDGE_INDEX, 0);
  rsc_snapshot_builder_add_edge_from (builder, 2, 1, RSC_EDGE_INDEX, 1);
  rsc_snapshot_builder_add_edge_from (builder, 0, 1, RSC_EDGE_INDEX, 2);
  rsc_snapshot_builder_add_edge (builder, 2, RSC_EDGE_INDEX, 3);
  rsc_snapshot_builder_add_edge_from (builder, 0, 2, RSC_EDGE_INDEX | RSC_EDGE_TRAVERSED, 4);
  add_node (builder, 64, 0, "", 0);
  rsc_snapshot_builder_add_edge (builder, 3, RSC_EDGE_INDEX, 5);
  snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, &error);
  g_assert_no_error (error);

  columns = rsc_snapshot_peek_columns (snapshot);
  g_assert_cmpmem (columns->first_edge, 5 * sizeof (guint64), ((guint64[]) { 0, 2, 2, 5, 6 }), 5 * sizeof (guint64));
  g_assert_cmpmem (columns->label, 6 * sizeof (guint32), ((guint32[]) { 4, 2, 0, 1, 3, 5 }), 6 * sizeof (guint32));
}

static void
assert_freeze_fails (RscSnapshotBuilder *builder)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (rsc_snapshot_builder_freeze (builder, NULL, NULL, &error));
  g_assert_error (error, RSC_FORMAT_ERROR, RSC_ERROR_CORRUPT);
}

static void
test_bad_indices (void)
{
  for (guint what = 0; what < 10; what++)
    {
      g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
      guint32 type = rsc_snapshot_builder_add_type (builder, "t", "", what == 9 ? 1 : RSC_NODE_NONE, 0);
      RscNodeRecord record = { .type = what == 0 ? type + 1 : type, .value = what == 1 ? 2 : 0 };

      rsc_snapshot_builder_add_node (builder, &record);
      if (what == 2)
        rsc_snapshot_builder_add_edge (builder, 1, RSC_EDGE_PLAIN, 0);
      if (what == 3)
        rsc_snapshot_builder_add_edge (builder, 0, RSC_EDGE_N_KINDS, 0);
      if (what == 4)
        rsc_snapshot_builder_add_edge (builder, 0, RSC_EDGE_VALUE, 1);
      if (what == 5)
        rsc_snapshot_builder_add_edge (builder, 0, RSC_EDGE_ATTRIBUTE | RSC_EDGE_TRAVERSED, 2);
      if (what == 6)
        rsc_snapshot_builder_add_edge_from (builder, 1, 0, RSC_EDGE_PLAIN, 0);
      if (what == 7)
        rsc_snapshot_builder_add_root (builder, 1, RSC_ROOT_MODULE, G_MAXUINT32, "m");
      if (what == 8)
        rsc_snapshot_builder_add_frame (builder, 0, 0, "f", "f", 1);
      assert_freeze_fails (builder);
    }
}

static void
test_taken_columns (void)
{
  for (guint misfit = 0; misfit < 2; misfit++)
    {
      g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
      g_autoptr(RscSnapshot) snapshot = NULL;
      g_autoptr(GError) error = NULL;
      RscColumnArrays arrays = {
        .n_nodes = 2,
        .n_edges = 2,
        .address = g_new0 (guint64, 2),
        .size = g_new0 (guint64, 2),
        .first_edge = g_new0 (guint64, 3),
        .type = g_new0 (guint32, 2),
        .refcount = g_new0 (guint32, 2),
        .flags = g_new0 (guint32, 2),
        .value = g_new0 (guint32, 2),
        .target = g_new0 (guint32, 2),
        .label = g_new0 (guint32, 2),
        .generation = g_new0 (guint8, 2),
        .kind = g_new0 (guint8, 2),
      };

      arrays.first_edge[1] = 1;
      arrays.first_edge[2] = misfit ? 1 : 2;
      rsc_snapshot_builder_add_type (builder, "t", "", RSC_NODE_NONE, 0);
      rsc_snapshot_builder_take_columns (builder, &arrays);
      if (misfit)
        {
          assert_freeze_fails (builder);
          continue;
        }
      /* More may follow. */
      add_node (builder, 1, 0, "", RSC_NODE_SYNTHETIC);
      rsc_snapshot_builder_add_edge (builder, 1, RSC_EDGE_PLAIN, 0);
      snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (rsc_snapshot_peek_columns (snapshot)->n_edges, ==, 3);
      g_assert_true (rsc_snapshot_verify (snapshot, NULL, NULL, &error));
    }
}

static void
test_empty (void)
{
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
  g_autoptr(RscSnapshot) snapshot = NULL;
  g_autoptr(GError) error = NULL;

  snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL, NULL)->n_nodes, ==, 0);
  g_assert_cmpuint (rsc_snapshot_find_address (snapshot, 1), ==, RSC_NODE_NONE);
  g_assert_true (rsc_snapshot_verify (snapshot, NULL, NULL, &error));
}

static void
test_cancelled (void)
{
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;

  rsc_snapshot_builder_add_type (builder, "t", "", RSC_NODE_NONE, 0);
  add_node (builder, 1, 0, "", 0);
  rsc_snapshot_builder_add_edge (builder, 0, RSC_EDGE_PLAIN, 0);
  g_cancellable_cancel (cancellable);
  g_assert_null (rsc_snapshot_builder_freeze (builder, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

typedef struct
{
  gpointer data;
  GDestroyNotify destroy;
} Released;

static Released released;

static void
keep_released (gpointer data, GDestroyNotify destroy)
{
  g_assert_null (released.data);
  released = (Released) { data, destroy };
}

/* Freed at once, or by whom the program names. */
static void
test_release (void)
{
  guint before = rsc_census_count (RSC_CENSUS_SNAPSHOT);

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
      g_autoptr(GError) error = NULL;
      RscSnapshot *snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (rsc_census_count (RSC_CENSUS_SNAPSHOT), ==, before + 1);
      rsc_release_set_func (i == 0 ? NULL : keep_released);
      rsc_snapshot_unref (rsc_snapshot_ref (snapshot));
      g_assert_null (released.data);
      rsc_snapshot_unref (snapshot);
      rsc_release_set_func (NULL);
      g_assert_true ((released.data != NULL) == (i == 1));
      g_assert_cmpuint (rsc_census_count (RSC_CENSUS_SNAPSHOT), ==, before + i);
    }
  released.destroy (released.data);
  g_assert_cmpuint (rsc_census_count (RSC_CENSUS_SNAPSHOT), ==, before);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/snapshot/small", test_small);
  g_test_add_func ("/snapshot/edge-labels", test_edge_labels);
  g_test_add_func ("/snapshot/values", test_values);
  g_test_add_func ("/snapshot/strings", test_strings);
  g_test_add_func ("/snapshot/random", test_random);
  g_test_add_func ("/snapshot/edge-order", test_edge_order);
  g_test_add_func ("/snapshot/bad-indices", test_bad_indices);
  g_test_add_func ("/snapshot/taken-columns", test_taken_columns);
  g_test_add_func ("/snapshot/empty", test_empty);
  g_test_add_func ("/snapshot/cancelled", test_cancelled);
  g_test_add_func ("/snapshot/release", test_release);
  return g_test_run ();
}
