#include "base/rsc-error.h"
#include "query/rsc-filter.h"
#include "small-heap.h"

/* 0 dict (3 references, size 64), 1 Widget, 2 'hello', 3 int 42, 4 str '42',
 * 5 function f, 6 float */
static RscSnapshot *
make_heap (void)
{
  SmallHeap heap;

  small_heap_init (&heap);
  small_heap_node (&heap, "dict", "2 items", 0);
  small_heap_node (&heap, "__main__.Widget", NULL, RSC_NODE_FINALIZER | RSC_NODE_HAS_WEAKREFS);
  small_heap_text (&heap, "hello");
  small_heap_node (&heap, "int", "42", 0);
  small_heap_text (&heap, "42");
  small_heap_node (&heap, "function", "f", RSC_NODE_ROOT);
  small_heap_node (&heap, "float", "-1.5", RSC_NODE_IMMORTAL);
  small_heap_edge (&heap, 0, 1, T | RSC_EDGE_VALUE, 2);
  small_heap_edge (&heap, 0, 3, T | RSC_EDGE_VALUE, 4);
  small_heap_edge (&heap, 0, 2, RSC_EDGE_KEY, 0);
  small_heap_edge (&heap, 1, 0, T | RSC_EDGE_DICT, 0);
  return small_heap_freeze (&heap);
}

/* The nodes that match, as "0 3 5". */
static char *
select_nodes (RscSnapshot *snapshot, const char *expression)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RscFilter) filter = rsc_filter_new (snapshot, expression, &error);
  GString *found = g_string_new (NULL);

  g_assert_no_error (error);
  for (RscNode node = 0; node < rsc_snapshot_peek_columns (snapshot)->n_nodes; node++)
    if (rsc_filter_matches (filter, node, node == 6 ? -1 : (int) node, &error))
      g_string_append_printf (found, found->len > 0 ? " %u" : "%u", node);
  g_assert_no_error (error);
  return g_string_free (found, FALSE);
}

static void
test_columns (void)
{
  static const struct { const char *expression, *nodes; } cases[] = {
    { "type = 'dict'", "0" },
    { "TYPE == 'dict' OR Size > 1000", "0" },
    { "module = '__main__'", "1" },
    { "type in ('int', 'float')", "3 6" },
    { "name = 'f'", "5" },
    { "name is not null", "5" },
    { "value = 'hello'", "2" },
    { "value like '%ELL%'", "2" },
    { "value = 42", "3 4" },
    { "value = 42 and type = 'int'", "3" },
    { "value < 0", "6" },
    { "value glob '4*'", "3 4" },
    { "value is null", "1" },
    { "size between 1 and 64", "0 1 2 3 4 5 6" },
    { "refcount = 1", "0 1 2 3 4 5 6" },
    { "references = 3", "0" },
    { "\"references\" > 0", "0 1" },
    { "References >= 3 and references < 4", "0" },
    { "refs = 1", "1" },
    { "referrers = 0", "4 5 6" },
    { "referrers", "0 1 2 3" },
    { "depth < 2", "0 1" },
    { "depth is null", "6" },
    { "address = 0x1030", "3" },
    { "id in (1, 3)", "1 3" },
    { "tracked", "0 1 5 6" },
    { "not tracked", "2 3 4" },
    { "root", "5" },
    { "container and generation = 2", "0 1 5 6" },
    { "generation is null", "2 3 4" },
    { "finalizer", "1" },
    { "weakrefs = true", "1" },
    { "immortal", "6" },
    { "synthetic", "" },
    { "length(value) > 5 and max(size, 1) > 1", "0" },
    { "case type when 'dict' then 1 else 0 end", "0" },
    { "cast(value as integer) = 42", "3 4" },
    { "type = 'DICT' collate nocase", "0" },
    { "(type = 'dict')", "0" },
    { "substr(type, 1, 1) = 'f'", "5 6" },
    { "type || module = 'dictbuiltins'", "0" },
    { "value = 'it''s' or id = 1e0", "1" },
  };
  g_autoptr(RscSnapshot) snapshot = make_heap ();

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *nodes = select_nodes (snapshot, cases[i].expression);

      g_test_message ("%s", cases[i].expression);
      g_assert_cmpstr (nodes, ==, cases[i].nodes);
    }
}

static void
test_mistakes (void)
{
  static const struct { const char *expression; int position; const char *contains; } cases[] = {
    { "type = dict", 7, "did you mean type = 'dict'?" },
    { "type = \"dict\"", 7, "did you mean type = 'dict'?" },
    { "type like dict", 10, "did you mean type like 'dict'?" },
    { "type = collections.deque", 7, "did you mean type = 'collections.deque'?" },
    { "type in (dict, list)", 9, "did you mean 'dict'?" },
    { "typ = 'dict'", 0, "did you mean type?" },
    { "größe > 1", 0, "there is no column “größe”" },
    { "size > 1 and grösse", 13, "the columns are id, address" },
    { "size >", 6, "ends too early" },
    { "(size > 1", 0, "never closed" },
    { "size > 1)", 8, "never opened" },
    { "value = 'abc", 8, "no closing quote" },
    { "", 0, "nothing to evaluate" },
    { "   ", 0, "nothing to evaluate" },
    { "size > 1; drop table node", 8, "“;” cannot be used" },
    { "size > ?", 7, "“?” cannot be used" },
    { "size > 1 -- comment", 9, "comments" },
    { "1 /* x */", 2, "comments" },
    { "size > 1 && refs", 9, "did you mean AND?" },
    { "load_extension('x')", 0, "cannot be used" },
    { "lenght(value) > 1", 0, "did you mean length?" },
    { "random()", 0, "cannot be used" },
    { "id in (select 1)", 7, "SELECT" },
    { "exists (select 1)", 0, "cannot be used" },
    { "id in node", 6, "there is no column" },
    { "count(*) > 1", 0, "cannot be used" },
    { "max(size) > 1", 0, "aggregate" },
    { "size > 1 size", 9, "syntax error" },
    { "1) union select (1", 1, "never opened" },
    { "size > 12abc", 7, "neither a number nor a name" },
    { "cast(size as dict)", 13, "INTEGER" },
    { "[type] = 'x'", 0, "“[” cannot be used" },
    { "size > @x", 7, "cannot be used" },
    { "value match 'x'", 6, "there is no column “match”" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;
      int position = -1;

      g_test_message ("%s", cases[i].expression);
      g_assert_false (rsc_filter_check (cases[i].expression, &position, &error));
      g_assert_error (error, RSC_QUERY_ERROR, RSC_ERROR_SYNTAX);
      g_test_message ("%s", error->message);
      g_assert_cmpint (position, ==, cases[i].position);
      g_assert_nonnull (strstr (error->message, cases[i].contains));
    }
}

static void
test_message (void)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (rsc_filter_check ("size > 3 and\ntype = dict", NULL, &error));
  g_assert_cmpstr (error->message, ==,
                   "The expression does not parse at character 21: there is no column “dict”;"
                   " did you mean type = 'dict'?\n"
                   "  size > 3 and type = dict\n"
                   "                      ^");
}

static void
test_good_ones_pass_check (void)
{
  g_autoptr(GError) error = NULL;
  int position;

  g_assert_true (rsc_filter_check ("type = 'dict' and size > 1000 and references < 4", &position, &error));
  g_assert_no_error (error);
}

static void
test_evaluate (void)
{
  g_autoptr(RscSnapshot) snapshot = make_heap ();
  g_autoptr(GError) error = NULL;
  g_autoptr(RscFilter) filter = rsc_filter_new (snapshot, "size || ' B, ' || name", &error);
  g_autofree char *of_function = rsc_filter_evaluate (filter, 5, 0, &error);
  g_autofree char *of_dict = rsc_filter_evaluate (filter, 0, 0, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (of_function, ==, "64 B, f");
  g_assert_cmpstr (of_dict, ==, "");
}

/* A row that fails leaves the filter usable. */
static void
test_run_time_error (void)
{
  g_autoptr(RscSnapshot) snapshot = make_heap ();
  g_autoptr(GError) error = NULL;
  g_autoptr(RscFilter) filter
    = rsc_filter_new (snapshot, "length(hex(printf('%' || (id * 300000) || 'd', 1))) > 2", &error);

  g_assert_no_error (error);
  g_assert_false (rsc_filter_matches (filter, 0, 0, &error));
  g_assert_no_error (error);
  g_assert_false (rsc_filter_matches (filter, 3, 0, &error));
  g_assert_error (error, RSC_QUERY_ERROR, RSC_ERROR_FAILED);
  g_clear_error (&error);
  g_assert_true (rsc_filter_matches (filter, 1, 0, &error));
  g_assert_no_error (error);
}

/* Long runs are not mistaken for long rows, and a million rows are quick. */
static void
test_million_rows (void)
{
  g_autoptr(RscSnapshot) snapshot = make_heap ();
  g_autoptr(GError) error = NULL;
  g_autoptr(RscFilter) filter = rsc_filter_new (snapshot, "type = 'dict' and size > 1000", &error);
  gint64 start = g_get_monotonic_time ();
  guint n = 0;

  for (guint i = 0; i < 1000000; i++)
    n += rsc_filter_matches (filter, i % 7, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, 0);
  g_test_message ("1,000,000 rows: %" G_GINT64_FORMAT " ms", (g_get_monotonic_time () - start) / 1000);
}

/* Whatever is written, no crash and either a filter or an error. */
static void
test_random_expressions (void)
{
  static const char *const words[] = {
    "type", "size", "references", "=", "'x'", "\"y\"", "(", ")", ",", "and", "not", "in", "1", "0x10", "like", "max",
    "length", "||", "null", "is", "case", "end", "when", "then", "cast", "as", "text", "-", "collate", "nocase", "ü",
    "between", "escape", "''", "1e5", ".5", "~", "dict", "value", "->", "glob", "distinct", "from"
  };
  g_autoptr(RscSnapshot) snapshot = make_heap ();
  g_autoptr(GRand) rand = g_rand_new_with_seed (7);
  guint n_good = 0;

  for (guint i = 0; i < 20000; i++)
    {
      g_autoptr(GString) text = g_string_new (NULL);
      g_autoptr(GError) error = NULL;
      g_autoptr(RscFilter) filter = NULL;
      int n = g_rand_int_range (rand, 1, 9);

      for (int k = 0; k < n; k++)
        g_string_append_printf (text, "%s ", words[g_rand_int_range (rand, 0, G_N_ELEMENTS (words))]);
      filter = rsc_filter_new (snapshot, text->str, &error);
      g_assert_true ((filter == NULL) == (error != NULL));
      if (filter == NULL)
        continue;
      n_good++;
      for (RscNode node = 0; node < 7 && error == NULL; node++)
        rsc_filter_matches (filter, node, 0, &error);
    }
  g_assert_cmpuint (n_good, >, 100);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/filter/columns", test_columns);
  g_test_add_func ("/filter/mistakes", test_mistakes);
  g_test_add_func ("/filter/message", test_message);
  g_test_add_func ("/filter/good-ones-pass-check", test_good_ones_pass_check);
  g_test_add_func ("/filter/evaluate", test_evaluate);
  g_test_add_func ("/filter/run-time-error", test_run_time_error);
  g_test_add_func ("/filter/million-rows", test_million_rows);
  g_test_add_func ("/filter/random-expressions", test_random_expressions);
  return g_test_run ();
}
