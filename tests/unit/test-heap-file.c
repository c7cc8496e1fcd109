/* Heap files by their content: DOT read and written, foreign ones named. */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>

#include "analysis/rsc-histogram.h"
#include "analysis/rsc-names.h"
#include "base/rsc-error.h"
#include "formats/rsc-heap-file.h"
#include "snapshot/rsc-snapshot-builder.h"

#define SIX "digraph { A -> B; A -> C; B -> A; B -> E; C -> E; D -> F; F -> D }"

static char *dir;

static char *
write_file (const char *name, const char *data, gssize length)
{
  char *path = g_build_filename (dir, name, NULL);
  g_autoptr(GError) error = NULL;

  g_file_set_contents (path, data, length, &error);
  g_assert_no_error (error);
  return path;
}

static RscSnapshot *
read_dot (const char *text)
{
  g_autoptr(GError) error = NULL;
  RscSnapshot *snapshot = rsc_dot_reader_read (text, strlen (text), NULL, NULL, &error);

  g_assert_no_error (error);
  return snapshot;
}

static const char *
get_value (RscSnapshot *snapshot, RscNode node)
{
  return rsc_snapshot_get_string (snapshot, rsc_snapshot_peek_columns (snapshot)->value[node]);
}

static gboolean
has_edge (RscSnapshot *snapshot, const char *from, const char *to)
{
  const RscColumns *c = rsc_snapshot_peek_columns (snapshot);

  for (RscNode node = 0; node < c->n_nodes; node++)
    for (guint64 edge = c->first_edge[node]; edge < c->first_edge[node + 1]; edge++)
      if (strcmp (get_value (snapshot, node), from) == 0 && strcmp (get_value (snapshot, c->target[edge]), to) == 0)
        {
          g_assert_true (c->kind[edge] & RSC_EDGE_TRAVERSED);
          return TRUE;
        }
  return FALSE;
}

static void
test_six (void)
{
  g_autoptr(RscSnapshot) snapshot = read_dot (SIX);
  const RscColumns *c = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL, NULL);

  g_assert_cmpuint (c->n_nodes, ==, 6);
  g_assert_cmpuint (c->n_edges, ==, 7);
  g_assert_true (has_edge (snapshot, "A", "B"));
  g_assert_true (has_edge (snapshot, "F", "D"));
  g_assert_false (has_edge (snapshot, "E", "A"));
  g_assert_cmpuint (c->n_roots, ==, 1);
  g_assert_cmpint (rsc_snapshot_get_root (snapshot, 0).kind, ==, RSC_ROOT_DECLARED);
  g_assert_cmpstr (rsc_snapshot_get_root (snapshot, 0).name, ==, "A");
  g_assert_cmpstr (rsc_snapshot_get_type (snapshot, c->type[3]).name, ==, "node");
  g_assert_cmpstr (rsc_snapshot_get_info_string (snapshot, "runtime"), ==, "DOT graph");
}

static void
test_root (void)
{
  g_autoptr(RscSnapshot) by_node = read_dot ("digraph { A -> B; B [root=true] }");
  g_autoptr(RscSnapshot) by_graph = read_dot ("digraph { root=B; A -> B }");

  g_assert_cmpuint (rsc_snapshot_get_info_number (by_node, "start"), ==, 1);
  g_assert_cmpuint (rsc_snapshot_get_info_number (by_graph, "start"), ==, 1);
}

static void
test_kinds (void)
{
  g_autoptr(RscSnapshot) strict = read_dot ("strict digraph { A -> B; A -> B }");
  g_autoptr(RscSnapshot) many = read_dot ("digraph { A -> B; A -> B; A -> A [label=\"me\"] }");
  g_autoptr(RscSnapshot) nested = read_dot ("digraph { subgraph cluster_x { A -> B; subgraph { C } } B -> { D; E } }");
  g_autoptr(RscSnapshot) empty = read_dot ("digraph {}");
  g_autofree char *label = NULL;

  g_assert_cmpuint (rsc_snapshot_peek_columns (strict)->n_edges, ==, 1);
  g_assert_cmpuint (rsc_snapshot_peek_columns (many)->n_edges, ==, 3);
  label = rsc_snapshot_dup_edge_label (many, 2);
  g_assert_nonnull (strstr (label, "me"));
  g_assert_cmpuint (rsc_snapshot_peek_columns (nested)->n_nodes, ==, 5);
  g_assert_true (has_edge (nested, "B", "E"));
  g_assert_cmpuint (rsc_snapshot_peek_columns (empty)->n_nodes, ==, 0);
}

/* As objgraph writes: address by name, type and value by label. */
static void
test_objgraph_names (void)
{
  g_autoptr(RscSnapshot) snapshot = read_dot ("digraph ObjectGraph { o140 [label=\"dict\\n2 items\"]; o99[label=\"Widget\"]; o140 -> o99 }");
  g_autoptr(RscSnapshot) mixed = read_dot ("digraph { o140 [label=\"dict\\n2 items\"]; x }");
  const RscColumns *c = rsc_snapshot_peek_columns (snapshot);

  g_assert_cmpuint (c->address[0], ==, 140);
  g_assert_cmpuint (c->address[1], ==, 99);
  g_assert_cmpstr (rsc_snapshot_get_type (snapshot, c->type[0]).name, ==, "dict");
  g_assert_cmpstr (get_value (snapshot, 0), ==, "2 items");
  g_assert_cmpstr (rsc_snapshot_get_type (snapshot, c->type[1]).name, ==, "Widget");
  g_assert_cmpstr (get_value (snapshot, 1), ==, "");
  g_assert_cmpstr (rsc_snapshot_get_type (mixed, rsc_snapshot_peek_columns (mixed)->type[0]).name, ==, "node");
}

/* What limits left out in a picture is no object, and takes no addresses away. */
static void
test_boxes (void)
{
  g_autoptr(RscSnapshot) snapshot = read_dot (
    "digraph ObjectGraph { o140 [label=\"dict\\n2 items\"]; n7 [label=\"frame\\nmain\"]; too_many_o140 [label=\"5 more\"];"
    " depth_back_o140 [label=\"x\"]; o140_has_a_del [label=\"__del__\"]; o140 -> too_many_o140; n7 -> o140 }");
  g_autoptr(RscSnapshot) own = read_dot ("digraph { o140 [label=\"dict\\n2 items\"]; too_many_others }");
  const RscColumns *c = rsc_snapshot_peek_columns (snapshot);

  g_assert_cmpuint (c->n_nodes, ==, 5);
  g_assert_cmpuint (c->address[0], ==, 140);
  g_assert_cmpstr (rsc_snapshot_get_type (snapshot, c->type[0]).name, ==, "dict");
  g_assert_cmpuint (c->flags[0] & RSC_NODE_SYNTHETIC, ==, 0);
  for (RscNode node = 1; node < 5; node++)
    {
      g_assert_cmpuint (c->address[node], ==, 0);
      g_assert_cmpuint (c->flags[node] & RSC_NODE_SYNTHETIC, !=, 0);
    }
  g_assert_cmpstr (rsc_snapshot_get_type (snapshot, c->type[1]).name, ==, "frame");
  g_assert_cmpstr (rsc_snapshot_get_type (own, rsc_snapshot_peek_columns (own)->type[0]).name, ==, "node");
}

/* The box says the label; the name finds it. */
static void
test_labels_and_names (void)
{
  g_autoptr(RscSnapshot) snapshot = read_dot ("digraph { a [label=\"node\\nA\"]; b [label=a]; c; a -> b -> c }");
  g_autoptr(RscSnapshot) again = NULL;
  g_autofree char *path = g_build_filename (dir, "names.refscope", NULL);
  g_autoptr(GError) error = NULL;
  static const struct { const char *name; guint node; } cases[] = {
    { "a", 0 }, { "b", 1 }, { "c", 2 }, { "node\nA", 0 },
  };

  g_assert_true (rsc_snapshot_save (snapshot, path, TRUE, NULL, NULL, &error));
  again = rsc_heap_file_open (path, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (rsc_snapshot_get_columns (again, RSC_BLOCK_NODES | RSC_BLOCK_STRINGS, &error));
  g_assert_cmpstr (get_value (again, 0), ==, "node\nA");
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GArray) found = NULL;
      g_autofree char *described = rsc_names_describe (again, cases[i].node, 8);

      g_assert_cmpuint (rsc_names_lookup (again, cases[i].name, &error), ==, cases[i].node);
      g_assert_no_error (error);
      found = rsc_find_objects (again, NULL, cases[i].name, NULL, 0, NULL, NULL, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (found->len, ==, 1);
      g_assert_cmpuint (g_array_index (found, RscNode, 0), ==, cases[i].node);
      g_assert_cmpstr (described, ==, cases[i].node == 0 ? "a" : cases[i].name);
    }
}

static void
test_further_graphs (void)
{
  g_autoptr(RscSnapshot) one = read_dot ("digraph { A }  \n// the end\n");
  g_autoptr(RscSnapshot) two = read_dot ("digraph { A } digraph { B }");

  g_assert_false (g_variant_lookup (rsc_snapshot_get_info (one), "notes", "as", NULL));
  g_assert_true (g_variant_lookup (rsc_snapshot_get_info (two), "notes", "as", NULL));
}

static void
check_bad (const char *data, gssize length, int code, const char *words)
{
  g_autofree char *path = write_file ("bad", data, length);
  g_autoptr(GError) error = NULL;

  g_assert_null (rsc_heap_file_open (path, NULL, NULL, &error));
  g_assert_error (error, RSC_FORMAT_ERROR, code);
  if (words != NULL)
    g_assert_nonnull (strstr (error->message, words));
}

static void
test_foreign (void)
{
  g_autoptr(GError) error = NULL;

  check_bad ("JAVA PROFILE 1.0.2\0abc", 22, RSC_ERROR_BAD_MAGIC, "HPROF");
  check_bad ("{\"snapshot\":{\"meta\":{}}}", -1, RSC_ERROR_BAD_MAGIC, "Node.js");
  check_bad ("\177ELF\2\1\1\0\0\0\0\0\0\0\0\0", 16, RSC_ERROR_BAD_MAGIC, "ELF");
  check_bad ("hello, world, this is text", -1, RSC_ERROR_BAD_MAGIC, "DOT");
  check_bad ("digraphical { A }", -1, RSC_ERROR_BAD_MAGIC, NULL);
  check_bad ("/* only a comment, without an end", -1, RSC_ERROR_BAD_MAGIC, NULL);
  check_bad ("digraph {\n\n A -> ; -> }", -1, RSC_ERROR_CORRUPT, "line 3, column 7 (byte offset 17)");
  check_bad ("graph { A -- B }", -1, RSC_ERROR_BAD_MAGIC, "undirected");
  check_bad ("digraph { A \0 }", 15, RSC_ERROR_CORRUPT, "offset 12");
  g_assert_null (rsc_heap_file_open ("/nonexistent/file", NULL, NULL, &error));
  g_assert_error (error, RSC_FORMAT_ERROR, RSC_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (rsc_heap_file_open (dir, NULL, NULL, &error));
  g_assert_error (error, RSC_FORMAT_ERROR, RSC_ERROR_UNSUPPORTED);
}

static void
test_sniffing (void)
{
  static const char *const texts[] = {
    "digraph { A }", "  \n\t digraph x{A}", "// comment\n/* another */\n# line 1\nstrict DIGRAPH{A}",
    ("\xef\xbb\xbf" "digraph { A }")
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *path = write_file ("any.name", texts[i], -1);
      g_autoptr(GError) error = NULL;
      g_autoptr(RscSnapshot) snapshot = rsc_heap_file_open (path, NULL, NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (rsc_snapshot_peek_columns (snapshot)->n_nodes, ==, 1);
    }
}

static void
test_own_format (void)
{
  g_autoptr(RscSnapshot) snapshot = read_dot (SIX);
  g_autofree char *path = g_build_filename (dir, "x.refscope", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(RscSnapshot) opened = NULL;

  g_assert_true (rsc_snapshot_save (snapshot, path, TRUE, NULL, NULL, &error));
  opened = rsc_heap_file_open (path, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rsc_snapshot_get_columns (opened, RSC_BLOCK_ALL, NULL)->n_edges, ==, 7);
}

/* Random heaps through the writer and the reader. */
static RscSnapshot *
make_heap (guint seed, guint n_nodes, guint n_edges)
{
  static const char *const types[] = { "dict", "list", "My\"Class\\", "str" };
  static const char *const values[] = { "", "4 items", "line\nbreak \\ \"quoted\"", "\xe8\x8a\x82\xe7\x82\xb9", "<b>" };
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
  g_autoptr(GRand) rand = g_rand_new_with_seed (seed);
  g_autoptr(GError) error = NULL;
  guint32 indices[G_N_ELEMENTS (types)];
  RscSnapshot *snapshot;

  for (gsize t = 0; t < G_N_ELEMENTS (types); t++)
    indices[t] = rsc_snapshot_builder_add_type (builder, types[t], "builtins", RSC_NODE_NONE, RSC_TYPE_COLLECTED);
  for (guint i = 0; i < n_nodes; i++)
    {
      RscNodeRecord record = {
        .address = 0x1000 + 16 * i, .size = 64, .refcount = 1, .flags = RSC_NODE_CONTAINER | RSC_NODE_TRACKED, .generation = 2,
        .type = indices[g_rand_int_range (rand, 0, G_N_ELEMENTS (types))],
        .value = rsc_snapshot_builder_intern_string (builder, values[g_rand_int_range (rand, 0, G_N_ELEMENTS (values))], -1),
      };

      rsc_snapshot_builder_add_node (builder, &record);
    }
  for (guint e = 0; e < n_edges; e++)
    rsc_snapshot_builder_add_edge_from (builder, (RscNode) g_rand_int_range (rand, 0, (gint32) n_nodes),
                                        (RscNode) g_rand_int_range (rand, 0, (gint32) n_nodes),
                                        RSC_EDGE_PLAIN | RSC_EDGE_TRAVERSED, 0);
  snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, &error);
  g_assert_no_error (error);
  return snapshot;
}

static void
test_round_trip (void)
{
  for (guint seed = 0; seed < 20; seed++)
    {
      g_autoptr(RscSnapshot) heap = make_heap (seed, 1 + seed * 20, seed * 40);
      g_autofree char *path = g_build_filename (dir, "heap.dot", NULL);
      g_autoptr(GError) error = NULL;
      g_autoptr(RscSnapshot) back = NULL;
      const RscColumns *a, *b;

      g_assert_true (rsc_dot_writer_write (heap, path, TRUE, NULL, NULL, &error));
      g_assert_no_error (error);
      back = rsc_heap_file_open (path, NULL, NULL, &error);
      g_assert_no_error (error);
      a = rsc_snapshot_get_columns (heap, RSC_BLOCK_ALL, NULL);
      b = rsc_snapshot_get_columns (back, RSC_BLOCK_ALL, NULL);
      g_assert_cmpuint (a->n_nodes, ==, b->n_nodes);
      g_assert_cmpuint (a->n_edges, ==, b->n_edges);
      for (RscNode node = 0; node < a->n_nodes; node++)
        {
          g_autofree char *value = rsc_snapshot_dup_value (heap, node);

          g_assert_cmpuint (a->address[node], ==, b->address[node]);
          g_assert_cmpstr (rsc_snapshot_get_type (heap, a->type[node]).name, ==, rsc_snapshot_get_type (back, b->type[node]).name);
          g_assert_cmpstr (value, ==, get_value (back, node));
        }
      g_assert_cmpmem (a->first_edge, (a->n_nodes + 1) * sizeof (guint64), b->first_edge, (b->n_nodes + 1) * sizeof (guint64));
      g_assert_cmpmem (a->target, a->n_edges * sizeof (guint32), b->target, b->n_edges * sizeof (guint32));
    }
}

static void
test_writer_is_careful (void)
{
  g_autoptr(RscSnapshot) heap = make_heap (1, 20000, 100);
  g_autofree char *path = write_file ("precious.dot", "precious", -1);
  g_autofree char *other = g_build_filename (dir, "cancelled.dot", NULL);
  g_autofree char *content = NULL;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;

  g_assert_false (rsc_dot_writer_write (heap, path, FALSE, NULL, NULL, &error));
  g_assert_error (error, RSC_FORMAT_ERROR, RSC_ERROR_EXISTS);
  g_assert_true (g_file_get_contents (path, &content, NULL, NULL));
  g_assert_cmpstr (content, ==, "precious");
  g_clear_error (&error);
  g_cancellable_cancel (cancellable);
  g_assert_false (rsc_dot_writer_write (heap, other, FALSE, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (g_file_test (other, G_FILE_TEST_EXISTS));
}

int
main (int argc, char *argv[])
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GDir) files = NULL;
  const char *name;
  int status;

  g_test_init (&argc, &argv, NULL);
  dir = g_dir_make_tmp ("refscope-heap-file-XXXXXX", &error);
  g_assert_no_error (error);
  g_test_add_func ("/heap-file/six", test_six);
  g_test_add_func ("/heap-file/root", test_root);
  g_test_add_func ("/heap-file/kinds", test_kinds);
  g_test_add_func ("/heap-file/objgraph-names", test_objgraph_names);
  g_test_add_func ("/heap-file/boxes", test_boxes);
  g_test_add_func ("/heap-file/labels-and-names", test_labels_and_names);
  g_test_add_func ("/heap-file/further-graphs", test_further_graphs);
  g_test_add_func ("/heap-file/foreign", test_foreign);
  g_test_add_func ("/heap-file/sniffing", test_sniffing);
  g_test_add_func ("/heap-file/own-format", test_own_format);
  g_test_add_func ("/heap-file/round-trip", test_round_trip);
  g_test_add_func ("/heap-file/writer-is-careful", test_writer_is_careful);
  status = g_test_run ();
  files = g_dir_open (dir, 0, NULL);
  while ((name = g_dir_read_name (files)) != NULL)
    {
      g_autofree char *path = g_build_filename (dir, name, NULL);

      g_unlink (path);
    }
  g_rmdir (dir);
  g_free (dir);
  return status;
}
