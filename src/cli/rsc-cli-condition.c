/* --fail-if: the rows become a table of an in-memory SQLite database, and the
 * expression is asked of it.  Only reading that table is allowed. */

#include "rsc-cli-rows.h"

#include <sqlite3.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "base/rsc-error.h"

/* How many virtual-machine steps SQLite takes between two looks at the cancellable. */
#define PROGRESS_STEPS 100000

typedef sqlite3 Database;
typedef sqlite3_stmt Statement;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Database, sqlite3_close)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Statement, sqlite3_finalize)

static int
authorize (void       *data,
           int         action,
           const char *a,
           const char *b,
           const char *database,
           const char *trigger)
{
  switch (action)
    {
    case SQLITE_SELECT:
      return SQLITE_OK;
    case SQLITE_FUNCTION:
      return g_strcmp0 (b, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_READ:
      return g_strcmp0 (a, "rows") == 0 ? SQLITE_OK : SQLITE_DENY;
    default:
      return SQLITE_DENY;
    }
}

static char *
quote_identifier (const char *name)
{
  return g_strdup_printf ("\"%s\"", name);
}

static Database *
create_database (const RscField  *fields,
                 gsize            n_fields,
                 GError         **error)
{
  g_autoptr (Database) database = NULL;
  g_autoptr (GString) sql = g_string_new ("CREATE TABLE rows (");

  for (gsize i = 0; i < n_fields; i++)
    {
      g_autofree char *name = quote_identifier (fields[i].key);

      g_string_append_printf (sql, "%s%s", i > 0 ? ", " : "", name);
    }
  g_string_append_c (sql, ')');

  if (sqlite3_open (":memory:", &database) != SQLITE_OK
      || sqlite3_exec (database, sql->str, NULL, NULL, NULL) != SQLITE_OK)
    {
      g_set_error (error, RSC_QUERY_ERROR, RSC_ERROR_FAILED, _("SQLite cannot be used: %s."),
                   database != NULL ? sqlite3_errmsg (database) : sqlite3_errstr (SQLITE_NOMEM));
      return NULL;
    }

  /* 'text' is text and nothing else: "text" would silently become a string. */
  sqlite3_db_config (database, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
  sqlite3_db_config (database, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);

  return g_steal_pointer (&database);
}

static void
set_syntax_error (GError         **error,
                  Database        *database,
                  const char      *expression,
                  const RscField  *fields,
                  gsize            n_fields)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (gsize i = 0; i < n_fields; i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", fields[i].key);

  g_set_error (error, RSC_QUERY_ERROR, RSC_ERROR_SYNTAX,
               /* Translators: SQLite's own words follow the first colon. */
               _("The condition “%s” of --fail-if is not valid: %s. Its columns are %s; text stands in single quotes."),
               expression, sqlite3_errmsg (database), names->str);
}

/* "WHERE (expression)" asks row by row; an expression with an aggregate is
 * refused there and asked of all rows together. */
static Statement *
prepare (Database        *database,
         const char      *expression,
         const RscField  *fields,
         gsize            n_fields,
         GError         **error)
{
  g_autofree char *by_row = g_strdup_printf ("SELECT 1 FROM rows WHERE (%s\n) LIMIT 1", expression);
  g_autofree char *together = g_strdup_printf ("SELECT (%s\n) FROM rows", expression);
  Statement *statement = NULL;
  const char *rest = NULL;

  sqlite3_set_authorizer (database, authorize, NULL);

  if (sqlite3_prepare_v2 (database, by_row, -1, &statement, &rest) != SQLITE_OK)
    {
      gboolean aggregate = strstr (sqlite3_errmsg (database), "misuse of aggregate") != NULL;

      if (!aggregate || sqlite3_prepare_v2 (database, together, -1, &statement, &rest) != SQLITE_OK)
        {
          set_syntax_error (error, database, expression, fields, n_fields);
          return NULL;
        }
    }

  if (*rest != '\0')
    {
      sqlite3_finalize (statement);
      g_set_error (error, RSC_QUERY_ERROR, RSC_ERROR_SYNTAX,
                   _("The condition “%s” of --fail-if is more than one expression."), expression);
      return NULL;
    }

  return statement;
}

gboolean
rsc_condition_check (const char      *expression,
                     const RscField  *fields,
                     gsize            n_fields,
                     GError         **error)
{
  g_autoptr (Database) database = create_database (fields, n_fields, error);
  g_autoptr (Statement) statement = NULL;

  if (database == NULL)
    return FALSE;

  statement = prepare (database, expression, fields, n_fields, error);

  return statement != NULL;
}

static void
bind_cell (Statement      *statement,
           int             index,
           const RscField *field,
           const RscCell  *cell)
{
  if (!cell->known)
    sqlite3_bind_null (statement, index);
  else if (field->kind == RSC_FIELD_TEXT)
    sqlite3_bind_text (statement, index, cell->text, -1, SQLITE_TRANSIENT);
  else if (field->kind == RSC_FIELD_REAL)
    sqlite3_bind_double (statement, index, cell->real);
  else
    sqlite3_bind_int64 (statement, index, (sqlite3_int64) cell->number);
}

static gboolean
insert_rows (Database       *database,
             const RscRows  *rows,
             GCancellable   *cancellable,
             GError        **error)
{
  g_autoptr (GString) sql = g_string_new ("INSERT INTO rows VALUES (");
  g_autoptr (Statement) statement = NULL;
  g_autofree RscCell *cells = g_new0 (RscCell, rows->n_fields);

  for (gsize i = 0; i < rows->n_fields; i++)
    g_string_append (sql, i > 0 ? ", ?" : "?");
  g_string_append_c (sql, ')');

  if (sqlite3_exec (database, "BEGIN", NULL, NULL, NULL) != SQLITE_OK
      || sqlite3_prepare_v2 (database, sql->str, -1, &statement, NULL) != SQLITE_OK)
    goto fail;

  for (gsize row = 0; row < rows->n_rows; row++)
    {
      if (row % RSC_CANCEL_INTERVAL == 0 && g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;

      rows->fill (row, cells, rows->data);
      for (gsize i = 0; i < rows->n_fields; i++)
        bind_cell (statement, (int) i + 1, &rows->fields[i], &cells[i]);
      rsc_cells_clear (cells, rows->n_fields);

      if (sqlite3_step (statement) != SQLITE_DONE)
        goto fail;
      sqlite3_reset (statement);
    }

  if (sqlite3_exec (database, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
    goto fail;

  return TRUE;

fail:
  g_set_error (error, RSC_QUERY_ERROR, RSC_ERROR_FAILED,
               _("The rows cannot be put into SQLite for --fail-if: %s."), sqlite3_errmsg (database));
  return FALSE;
}

static int
look_at_cancellable (void *data)
{
  return g_cancellable_is_cancelled (data);
}

gboolean
rsc_condition_evaluate (const char     *expression,
                        const RscRows  *rows,
                        GCancellable   *cancellable,
                        gboolean       *holds,
                        GError        **error)
{
  g_autoptr (Database) database = create_database (rows->fields, rows->n_fields, error);
  g_autoptr (Statement) statement = NULL;
  int result;

  if (database == NULL || !insert_rows (database, rows, cancellable, error))
    return FALSE;

  statement = prepare (database, expression, rows->fields, rows->n_fields, error);
  if (statement == NULL)
    return FALSE;

  sqlite3_progress_handler (database, PROGRESS_STEPS, look_at_cancellable, cancellable);
  result = sqlite3_step (statement);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  if (result != SQLITE_ROW && result != SQLITE_DONE)
    {
      g_set_error (error, RSC_QUERY_ERROR, RSC_ERROR_FAILED,
                   _("The condition “%s” of --fail-if failed: %s."), expression, sqlite3_errmsg (database));
      return FALSE;
    }

  *holds = result == SQLITE_ROW && sqlite3_column_double (statement, 0) != 0;

  return TRUE;
}
