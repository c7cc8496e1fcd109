/* --fail-if over rows that count how often they are made. */

#include "base/rsc-error.h"
#include "cli/rsc-cli-rows.h"

enum
{
  FIELD_NUMBER,
  FIELD_NAME,
  FIELD_COSTLY,
  N_FIELDS
};

static const RscField fields[N_FIELDS] = {
  [FIELD_NUMBER] = { "number", NULL, RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_NAME] = { "name", NULL, RSC_FIELD_TEXT, RSC_FIELD_SHOWN },
  [FIELD_COSTLY] = { "costly", NULL, RSC_FIELD_REAL, RSC_FIELD_SHOWN },
};

typedef struct
{
  gsize n_filled;
  gsize n_costly;
  GCancellable *cancel_at_row_9;
} Counts;

static void
fill_some (gsize row, guint32 wanted, RscCell *cells, gpointer data)
{
  Counts *counts = data;

  counts->n_filled++;
  rsc_cell_set_number (&cells[FIELD_NUMBER], row);
  if (wanted & (1u << FIELD_NAME))
    rsc_cell_take_text (&cells[FIELD_NAME], row % 2 ? g_strdup_printf ("row %zu", row) : NULL);
  if (wanted & (1u << FIELD_COSTLY))
    {
      counts->n_costly++;
      rsc_cell_set_real (&cells[FIELD_COSTLY], row / 2.0);
    }
  if (row == 9 && counts->cancel_at_row_9 != NULL)
    g_cancellable_cancel (counts->cancel_at_row_9);
}

static gboolean
evaluate (const char *expression, gsize n_rows, Counts *counts)
{
  RscRows rows = { .fields = fields, .n_fields = N_FIELDS, .n_rows = n_rows, .fill_some = fill_some, .data = counts };
  g_autoptr(GError) error = NULL;
  gboolean holds = FALSE;

  g_assert_true (rsc_condition_check (expression, fields, N_FIELDS, &error));
  g_assert_no_error (error);
  *counts = (Counts) { 0 };
  g_assert_true (rsc_condition_evaluate (expression, &rows, NULL, &holds, &error));
  g_assert_no_error (error);
  return holds;
}

/* No row after the first for which it holds, no cell that it does not ask for. */
static void
test_no_more_than_needed (void)
{
  enum { N = 1000000 };
  Counts counts;

  g_assert_true (evaluate ("number = 4", N, &counts));
  g_assert_cmpuint (counts.n_filled, ==, 5);
  g_assert_cmpuint (counts.n_costly, ==, 0);

  g_assert_true (evaluate ("count(*) > 999999", N, &counts));
  g_assert_cmpuint (counts.n_filled, ==, 0);

  g_assert_false (evaluate ("number > 1000000 and costly > 3", 1000, &counts));
  g_assert_cmpuint (counts.n_filled, ==, 1000);
  g_assert_true (evaluate ("costly > 1", N, &counts));
  g_assert_cmpuint (counts.n_costly, ==, 4);
}

static void
test_values (void)
{
  static const struct { const char *expression; gboolean holds; } cases[] = {
    { "name = 'row 7'", TRUE }, { "name = 'row 8'", FALSE }, { "name is null", TRUE }, { "name", FALSE },
    { "null", FALSE }, { "costly = 4.5", TRUE }, { "sum(number) = 45", TRUE }, { "max(costly) > 4.5", FALSE },
    { "count(name) = 5", TRUE }, { "(select count(*) from rows) = 10", TRUE },
    { "number = (select max(number) from rows where name is null)", TRUE }, { "min(number) + max(number) = 9", TRUE },
  };
  Counts counts;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    if (evaluate (cases[i].expression, 10, &counts) != cases[i].holds)
      g_error ("%s", cases[i].expression);
  g_assert_false (evaluate ("1", 0, &counts));
  g_assert_true (evaluate ("count(*) = 0", 0, &counts));
}

static void
test_errors (void)
{
  static const char *const wrong[] = {
    "numbr > 3", "number >", "number > 3; DROP TABLE rows", "\"text\" = name", "load_extension('x')",
    "(select count(*) from sqlite_master)", "1) union select (1",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_false (rsc_condition_check (wrong[i], fields, N_FIELDS, &error));
      g_assert_error (error, RSC_QUERY_ERROR, RSC_ERROR_SYNTAX);
    }
}

/* Between two rows, for a row may take long. */
static void
test_cancelled (void)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Counts counts = { .cancel_at_row_9 = cancellable };
  RscRows rows = { .fields = fields, .n_fields = N_FIELDS, .n_rows = 1000000, .fill_some = fill_some, .data = &counts };
  g_autoptr(GError) error = NULL;
  gboolean holds;

  g_assert_false (rsc_condition_evaluate ("costly < 0", &rows, cancellable, &holds, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (counts.n_filled, ==, 10);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/condition/no-more-than-needed", test_no_more_than_needed);
  g_test_add_func ("/condition/values", test_values);
  g_test_add_func ("/condition/errors", test_errors);
  g_test_add_func ("/condition/cancelled", test_cancelled);
  return g_test_run ();
}
