#include "query/rsc-conditions.h"
#include "query/rsc-filter.h"
#include "small-heap.h"

#include <string.h>

static const RscNodeColumn columns[] = {
  RSC_NODE_COLUMN_TYPE, RSC_NODE_COLUMN_MODULE, RSC_NODE_COLUMN_NAME, RSC_NODE_COLUMN_VALUE,
  RSC_NODE_COLUMN_SIZE, RSC_NODE_COLUMN_REFCOUNT, RSC_NODE_COLUMN_GENERATION, RSC_NODE_COLUMN_REFERRERS,
  RSC_NODE_COLUMN_REFERENCES, RSC_NODE_COLUMN_DEPTH, RSC_NODE_COLUMN_ADDRESS, RSC_NODE_COLUMN_TRACKED,
  RSC_NODE_COLUMN_ROOT, RSC_NODE_COLUMN_CONTAINER, RSC_NODE_COLUMN_FINALIZER, RSC_NODE_COLUMN_WEAKREFS,
  RSC_NODE_COLUMN_IMMORTAL, RSC_NODE_COLUMN_SYNTHETIC
};

static RscConditionOperator
random_operator (RscConditionKind kind)
{
  for (;;)
    {
      RscConditionOperator operator = g_test_rand_int_range (0, RSC_N_CONDITION_OPERATORS);

      if (rsc_condition_operator_get_kind (operator) == kind)
        return operator;
    }
}

/* Rows write an expression that the filter takes, and it becomes the same rows. */
static void
test_round_trip (void)
{
  static const char *const texts[] = { "dict", "it's", "50%", "a_b", "\\", "\\%", "''", "%", "_", "a b", "é", " x ", "NOT (" };

  for (guint round = 0; round < 3000; round++)
    {
      g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) rsc_condition_free);
      g_autoptr (GPtrArray) back = NULL;
      g_autoptr (GError) error = NULL;
      g_autofree char *expression = NULL;
      RscMatch match = g_test_rand_int_range (0, 3), match_back;
      guint n = g_test_rand_int_range (1, 6);

      for (guint i = 0; i < n; i++)
        {
          RscNodeColumn column = columns[g_test_rand_int_range (0, G_N_ELEMENTS (columns))];
          RscConditionKind kind = rsc_condition_column_get_kind (column);
          g_autofree char *value = NULL;

          if (kind == RSC_CONDITION_TEXT)
            value = g_strdup (texts[g_test_rand_int_range (0, G_N_ELEMENTS (texts))]);
          else if (kind == RSC_CONDITION_NUMBER)
            value = g_strdup_printf (g_test_rand_bit () ? "%d" : "0x%x", g_test_rand_int_range (0, 100000));
          g_ptr_array_add (rows, rsc_condition_new (column, random_operator (kind), value));
          g_assert_true (rsc_condition_check (g_ptr_array_index (rows, i), &error));
          g_assert_no_error (error);
        }

      expression = rsc_conditions_to_expression (rows, match);
      rsc_filter_check (expression, NULL, &error);
      g_assert_no_error (error);
      back = rsc_conditions_from_expression (expression, &match_back);
      g_test_message ("%s", expression);
      g_assert_nonnull (back);
      g_assert_cmpuint (back->len, ==, n);
      if (n > 1 || match == RSC_MATCH_NONE)
        g_assert_cmpint (match_back, ==, match);
      for (guint i = 0; i < n; i++)
        {
          RscCondition *a = g_ptr_array_index (rows, i), *b = g_ptr_array_index (back, i);

          g_assert_cmpint (a->column, ==, b->column);
          g_assert_cmpint (a->operator, ==, b->operator);
          g_assert_cmpstr (a->value, ==, b->value);
        }
    }
}

/* What people write is understood where rows can say it, and only there. */
static void
test_from_text (void)
{
  static const struct { const char *expression; int n_rows; RscMatch match; } cases[] = {
    { "", 0, RSC_MATCH_ALL },
    { "  ", 0, RSC_MATCH_ALL },
    { "type = 'dict'", 1, RSC_MATCH_ALL },
    { "TYPE=='dict'and size>1000", 2, RSC_MATCH_ALL },
    { "type != 'dict' OR NOT root", 2, RSC_MATCH_ANY },
    { "refs >= 0x10", 1, RSC_MATCH_ALL },
    { "tracked and not root and value LIKE '%a%'", 3, RSC_MATCH_ALL },
    { "not (tracked or root)", 2, RSC_MATCH_NONE },
    { "not(tracked)", 1, RSC_MATCH_NONE },
    { "value like 'a%'", 1, RSC_MATCH_ALL },
    { "type is not 'dict'", 1, RSC_MATCH_ALL },
    /* Mixed, nested, other functions, patterns and columns on the right. */
    { "type = 'dict' and size > 1 or root", -1, 0 },
    { "not (tracked and root)", -1, 0 },
    { "not (tracked or root) and size > 1", -1, 0 },
    { "(type = 'dict')", -1, 0 },
    { "length(value) > 5", -1, 0 },
    { "value like '%a%b%'", -1, 0 },
    { "value like '%a'", -1, 0 },
    { "value like 'a_%'", -1, 0 },
    { "value like '%'", -1, 0 },
    { "value like '%%'", -1, 0 },
    { "value like '%a\\%' escape '\\'", -1, 0 },
    { "value like '%a%' escape 'a'", -1, 0 },
    { "size > refcount", -1, 0 },
    { "size > 1.5", -1, 0 },
    { "size > 'a'", -1, 0 },
    { "value = 42", -1, 0 },
    { "value = ''", -1, 0 },
    { "value is null", -1, 0 },
    { "size between 1 and 64", -1, 0 },
    { "type in ('int', 'float')", -1, 0 },
    { "type = 'dict' and", -1, 0 },
    { "type = 'dict", -1, 0 },
    { "type =", -1, 0 },
    { "tracked = 1", -1, 0 },
    { "types = 'dict'", -1, 0 },
    { "size > 1 + 1", -1, 0 },
    { "not size", -1, 0 },
    { "ifnull(size, '') not like '%1%'", -1, 0 },
    { "not (tracked", -1, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      RscMatch match;
      g_autoptr (GPtrArray) rows = rsc_conditions_from_expression (cases[i].expression, &match);

      g_test_message ("%s", cases[i].expression);
      g_assert_cmpint (rows != NULL ? (int) rows->len : -1, ==, cases[i].n_rows);
      if (rows != NULL)
        g_assert_cmpint (match, ==, cases[i].match);
    }
}

/* A row finds what it says. */
static void
test_meaning (void)
{
  static const struct { RscNodeColumn column; RscConditionOperator operator; const char *value, *nodes; } cases[] = {
    { RSC_NODE_COLUMN_VALUE, RSC_CONDITION_IS, "50%", "1" },
    { RSC_NODE_COLUMN_VALUE, RSC_CONDITION_IS_NOT, "50%", "0 2 3 4" },
    { RSC_NODE_COLUMN_VALUE, RSC_CONDITION_CONTAINS, "0%", "1" },
    { RSC_NODE_COLUMN_VALUE, RSC_CONDITION_CONTAINS, "_", "3" },
    { RSC_NODE_COLUMN_VALUE, RSC_CONDITION_CONTAINS, "\\", "3" },
    { RSC_NODE_COLUMN_VALUE, RSC_CONDITION_CONTAINS, "IT'S", "2" },
    { RSC_NODE_COLUMN_VALUE, RSC_CONDITION_CONTAINS_NOT, "it's", "0 1 3 4" },
    { RSC_NODE_COLUMN_VALUE, RSC_CONDITION_BEGINS, "50", "1 4" },
    { RSC_NODE_COLUMN_TYPE, RSC_CONDITION_IS, "str", "1 2 3 4" },
    { RSC_NODE_COLUMN_MODULE, RSC_CONDITION_IS, "__main__", "0" },
    { RSC_NODE_COLUMN_REFERENCES, RSC_CONDITION_AT_LEAST, "1", "0" },
    { RSC_NODE_COLUMN_DEPTH, RSC_CONDITION_LESS, " 2 ", "0 1" },
    { RSC_NODE_COLUMN_FINALIZER, RSC_CONDITION_YES, NULL, "0" },
    { RSC_NODE_COLUMN_FINALIZER, RSC_CONDITION_NO, NULL, "1 2 3 4" },
  };
  g_autoptr (RscSnapshot) snapshot = NULL;
  SmallHeap heap;

  small_heap_init (&heap);
  small_heap_node (&heap, "__main__.Widget", NULL, RSC_NODE_FINALIZER);
  small_heap_text (&heap, "50%");
  small_heap_text (&heap, "It's");
  small_heap_text (&heap, "a_\\b");
  small_heap_text (&heap, "505");
  small_heap_edge (&heap, 0, 1, T | RSC_EDGE_VALUE, 2);
  snapshot = small_heap_freeze (&heap);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) rsc_condition_free);
      g_autoptr (GString) found = g_string_new (NULL);
      g_autoptr (GError) error = NULL;
      g_autoptr (RscFilter) filter = NULL;
      g_autofree char *expression = NULL;

      g_ptr_array_add (rows, rsc_condition_new (cases[i].column, cases[i].operator, cases[i].value));
      expression = rsc_conditions_to_expression (rows, RSC_MATCH_ALL);
      g_test_message ("%s", expression);
      filter = rsc_filter_new (snapshot, expression, &error);
      g_assert_no_error (error);
      for (RscNode node = 0; node < 5; node++)
        if (rsc_filter_matches (filter, node, (int) node, &error))
          g_string_append_printf (found, found->len > 0 ? " %u" : "%u", node);
      g_assert_no_error (error);
      g_assert_cmpstr (found->str, ==, cases[i].nodes);
    }
}

static void
test_incomplete (void)
{
  static const char *const bad[] = { "a", "1.5", "1 2", "0x", "0xg", "-", "99999999999999999999", "0x11111111111111111" };
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) rsc_condition_free);
  g_autofree char *nothing = NULL;
  g_autofree char *one = NULL;

  g_ptr_array_add (rows, rsc_condition_new (RSC_NODE_COLUMN_TYPE, RSC_CONDITION_IS, ""));
  nothing = rsc_conditions_to_expression (rows, RSC_MATCH_NONE);
  g_assert_cmpstr (nothing, ==, "");
  g_ptr_array_add (rows, rsc_condition_new (RSC_NODE_COLUMN_SIZE, RSC_CONDITION_GREATER, "10"));
  one = rsc_conditions_to_expression (rows, RSC_MATCH_NONE);
  g_assert_cmpstr (one, ==, "NOT (size > 10)");

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (RscCondition) row = rsc_condition_new (RSC_NODE_COLUMN_SIZE, RSC_CONDITION_GREATER, bad[i]);
      g_autoptr (GError) error = NULL;

      g_assert_false (rsc_condition_check (row, &error));
      g_assert_nonnull (strstr (error->message, bad[i]));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/conditions/round-trip", test_round_trip);
  g_test_add_func ("/conditions/from-text", test_from_text);
  g_test_add_func ("/conditions/meaning", test_meaning);
  g_test_add_func ("/conditions/incomplete", test_incomplete);

  return g_test_run ();
}
