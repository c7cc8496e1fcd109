#include "base/rsc-error.h"
#include "query/rsc-object-ref.h"
#include "query/rsc-type-name.h"
#include "small-heap.h"

/* 0 dict, 1 list, 2 __main__.Outer.Inner, 3 list, 4 str; then a module's dict
 * and the module __main__, which names the list 1 "a". */
static RscSnapshot *
make_heap (void)
{
  SmallHeap heap;

  small_heap_init (&heap);
  small_heap_node (&heap, "dict", "0 items", 0);
  small_heap_node (&heap, "list", "1 items", 0);
  small_heap_node (&heap, "__main__.Outer.Inner", NULL, 0);
  small_heap_node (&heap, "list", "2 items", 0);
  small_heap_text (&heap, "a");
  small_heap_node (&heap, "dict", "1 items", 0);
  small_heap_node (&heap, "module", "__main__", RSC_NODE_PROPER_MODULE);
  small_heap_edge (&heap, 3, 1, T | RSC_EDGE_INDEX, 0);
  small_heap_edge (&heap, 5, 1, T | RSC_EDGE_VALUE, 4);
  small_heap_edge (&heap, 6, 5, T | RSC_EDGE_DICT, 0);
  rsc_snapshot_builder_add_root (heap.builder, 6, RSC_ROOT_MODULE, G_MAXUINT32, "__main__");
  return small_heap_freeze (&heap);
}

static void
test_forms (void)
{
  static const struct { const char *text, *nodes; } cases[] = {
    { "0x1010", "1" },
    { "0X1010", "1" },
    { "#0", "0" },
    { "#6", "6" },
    { "type:list", "1 3" },
    { "type:builtins.list", "1 3" },
    { "type:Inner", "2" },
    { "type:Outer.Inner", "2" },
    { "type:__main__.Outer.Inner", "2" },
    { "type:__main__.Inner", "2" },
    { "name:__main__.a", "1" },
    { "name:__main__", "6" },
    { "sql:SELECT id FROM objects WHERE type = 'list' ORDER BY id DESC", "3 1" },
    { "sql:select address from node where value = '2 items'", "3" },
    { "sql:SELECT * FROM objects LIMIT 2;", "0 1" },
    { "sql:SELECT a.id FROM objects a JOIN objects b ON a.type = b.type AND a.id <> b.id", "0 1 3 5" },
    { "sql:SELECT max(id) AS id FROM objects", "6" },
    { "sql:SELECT id FROM objects WHERE address = 0x1040", "4" },
    { "sql:SELECT id FROM objects WHERE \"references\" > 0 AND id IN (SELECT id FROM objects WHERE tracked)", "3 5 6" },
  };
  g_autoptr(RscSnapshot) snapshot = make_heap ();

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(GArray) nodes = rsc_object_ref_resolve (snapshot, cases[i].text, NULL, &error);
      g_autoptr(GString) text = g_string_new (NULL);

      g_test_message ("%s", cases[i].text);
      g_assert_no_error (error);
      g_assert_true (rsc_object_ref_is_valid (cases[i].text));
      for (guint k = 0; k < nodes->len; k++)
        g_string_append_printf (text, k > 0 ? " %u" : "%u", g_array_index (nodes, RscNode, k));
      if (strstr (cases[i].text, "JOIN") == NULL)
        g_assert_cmpstr (text->str, ==, cases[i].nodes);
      else
        g_assert_cmpuint (nodes->len, ==, 4);
    }
}

static void
test_errors (void)
{
  static const struct { const char *text; int code; const char *contains; } cases[] = {
    { "list", RSC_ERROR_SYNTAX, "0xADDRESS" },
    { "0xzz", RSC_ERROR_SYNTAX, "0xADDRESS" },
    { "0x10000000000000000", RSC_ERROR_SYNTAX, "0xADDRESS" },
    { "#", RSC_ERROR_SYNTAX, "0xADDRESS" },
    { "#-1", RSC_ERROR_SYNTAX, "0xADDRESS" },
    { "type:", RSC_ERROR_SYNTAX, "0xADDRESS" },
    { "0x9", RSC_ERROR_NOT_FOUND, "0x9" },
    { "#7", RSC_ERROR_NOT_FOUND, "7 objects" },
    { "type:lsit", RSC_ERROR_NOT_FOUND, "did you mean list" },
    { "type:Dict", RSC_ERROR_NOT_FOUND, "did you mean dict" },
    { "type:nothing_like_it", RSC_ERROR_NOT_FOUND, "list its types" },
    { "name:__main__.b", RSC_ERROR_NOT_FOUND, "b" },
    { "sql:SELECT id FROM objects WHERE type = 'set'", RSC_ERROR_NOT_FOUND, "finds no object" },
    { "sql:SELECT type FROM objects", RSC_ERROR_SYNTAX, "id or address" },
    { "sql:SELECT id FROM objects WHERE type = \"list\"", RSC_ERROR_SYNTAX, "single quotes" },
    { "sql:SELECT id FROM objects WHERE", RSC_ERROR_SYNTAX, "incomplete input" },
    { "sql:SELECT id FROM nodes", RSC_ERROR_SYNTAX, "there is one table, “objects”" },
    { "sql:SELECT id FROM nonsense", RSC_ERROR_SYNTAX, "no such table" },
    { "sql:DELETE FROM objects", RSC_ERROR_SYNTAX, "" },
    { "sql:CREATE TABLE t (id)", RSC_ERROR_SYNTAX, "may only read" },
    { "sql:ATTACH '/tmp/x' AS x", RSC_ERROR_SYNTAX, "may only read" },
    { "sql:PRAGMA writable_schema=1", RSC_ERROR_SYNTAX, "may only read" },
    { "sql:SELECT load_extension('x') AS id", RSC_ERROR_SYNTAX, "" },
    { "sql:SELECT rootpage AS id FROM sqlite_master", RSC_ERROR_SYNTAX, "" },
    { "sql:WITH RECURSIVE r(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM r) SELECT id FROM r", RSC_ERROR_SYNTAX, "may only read" },
    { "sql:SELECT id FROM objects; SELECT 1", RSC_ERROR_SYNTAX, "not one query" },
    { "sql:;", RSC_ERROR_SYNTAX, "not one query" },
    { "sql:SELECT random() AS id", RSC_ERROR_SYNTAX, "" },
  };
  g_autoptr(RscSnapshot) snapshot = make_heap ();

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;

      g_test_message ("%s", cases[i].text);
      g_assert_null (rsc_object_ref_resolve (snapshot, cases[i].text, NULL, &error));
      g_test_message ("  %s", error->message);
      g_assert_error (error, RSC_QUERY_ERROR, cases[i].code);
      g_assert_nonnull (strstr (error->message, cases[i].contains));
    }
}

/* A query that would take for ever ends when it is cancelled. */
static gpointer
cancel (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return NULL;
}

static void
test_cancelled (void)
{
  static const char query[] =
    "sql:SELECT count(*) AS id FROM objects a, objects b, objects c, objects d, objects e, objects f, objects g,"
    " objects h, objects i, objects j, objects k, objects l, objects m, objects n, objects o, objects p"
    " WHERE a.id + b.id + c.id + d.id + e.id + f.id + g.id + h.id + i.id + j.id + k.id + l.id + m.id + n.id + o.id + p.id < 0";
  g_autoptr(RscSnapshot) snapshot = make_heap ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  GThread *thread = g_thread_new ("cancel", cancel, cancellable);

  g_assert_null (rsc_object_ref_resolve (snapshot, query, cancellable, &error));
  g_thread_join (thread);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_type_names (void)
{
  RscType type = { .name = "Outer.Inner", .module = "package.part" };

  g_assert_true (rsc_type_name_matches (&type, "Inner"));
  g_assert_true (rsc_type_name_matches (&type, "package.part.Outer.Inner"));
  g_assert_false (rsc_type_name_matches (&type, "part.Inner"));
  g_assert_false (rsc_type_name_matches (&type, "package.part"));
  g_assert_false (rsc_type_name_matches (&type, ""));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/object-ref/forms", test_forms);
  g_test_add_func ("/object-ref/errors", test_errors);
  g_test_add_func ("/object-ref/type-names", test_type_names);
  g_test_add_func ("/object-ref/cancelled", test_cancelled);
  return g_test_run ();
}
