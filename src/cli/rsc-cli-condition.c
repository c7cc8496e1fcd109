/* --fail-if: the rows are a virtual table of an SQLite database, whose cells are
 * made as the expression asks for them, up to the first row for which it holds.
 * Only reading that table is allowed. */

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

/* The virtual table */

/* What it shows; it outlives the database. */
typedef struct
{
  const RscRows *rows; /* at least the fields */
  GCancellable *cancellable;
} Source;

typedef struct
{
  sqlite3_vtab base;
  const Source *source;
} Table;

typedef struct
{
  sqlite3_vtab_cursor base;
  const Source *source;
  gsize row;
  guint32 wanted;     /* the fields that are asked for, a bit each */
  gboolean is_filled; /* the cells are those of the row */
  RscCell *cells;
} Cursor;

static int
table_connect (sqlite3           *database,
               void              *data,
               int                argc,
               const char *const *argv,
               sqlite3_vtab     **table,
               char             **message)
{
  const Source *source = data;
  g_autoptr (GString) sql = g_string_new ("CREATE TABLE rows (");
  int code;

  for (gsize i = 0; i < source->rows->n_fields; i++)
    g_string_append_printf (sql, "%s\"%s\"", i > 0 ? ", " : "", source->rows->fields[i].key);
  g_string_append_c (sql, ')');

  code = sqlite3_declare_vtab (database, sql->str);
  if (code == SQLITE_OK)
    {
      Table *self = g_new0 (Table, 1);

      self->source = source;
      *table = &self->base;
    }

  return code;
}

static int
table_disconnect (sqlite3_vtab *table)
{
  g_free (table);

  return SQLITE_OK;
}

static int
table_best_index (sqlite3_vtab       *table,
                  sqlite3_index_info *info)
{
  const RscRows *rows = ((Table *) table)->source->rows;

  info->idxNum = (int) (guint32) info->colUsed;
  info->estimatedCost = (double) rows->n_rows;
  info->estimatedRows = (sqlite3_int64) rows->n_rows;

  return SQLITE_OK;
}

static int
table_open (sqlite3_vtab         *table,
            sqlite3_vtab_cursor **cursor)
{
  Cursor *self = g_new0 (Cursor, 1);

  self->source = ((Table *) table)->source;
  self->cells = g_new0 (RscCell, self->source->rows->n_fields);
  *cursor = &self->base;

  return SQLITE_OK;
}

static int
table_close (sqlite3_vtab_cursor *cursor)
{
  Cursor *self = (Cursor *) cursor;

  rsc_cells_clear (self->cells, self->source->rows->n_fields);
  g_free (self->cells);
  g_free (self);

  return SQLITE_OK;
}

static void
move_to (Cursor *self,
         gsize   row)
{
  if (self->is_filled)
    rsc_cells_clear (self->cells, self->source->rows->n_fields);
  self->is_filled = FALSE;
  self->row = row;
}

static int
table_filter (sqlite3_vtab_cursor *cursor,
              int                  wanted,
              const char          *text,
              int                  argc,
              sqlite3_value      **argv)
{
  Cursor *self = (Cursor *) cursor;

  self->wanted = (guint32) wanted;
  move_to (self, 0);

  return SQLITE_OK;
}

static int
table_next (sqlite3_vtab_cursor *cursor)
{
  Cursor *self = (Cursor *) cursor;

  /* A cell may take long to make. */
  if (g_cancellable_is_cancelled (self->source->cancellable))
    return SQLITE_INTERRUPT;
  move_to (self, self->row + 1);

  return SQLITE_OK;
}

static int
table_eof (sqlite3_vtab_cursor *cursor)
{
  Cursor *self = (Cursor *) cursor;

  return self->row >= self->source->rows->n_rows;
}

static int
table_column (sqlite3_vtab_cursor *cursor,
              sqlite3_context     *context,
              int                  column)
{
  Cursor *self = (Cursor *) cursor;
  const RscRows *rows = self->source->rows;
  const RscCell *cell = &self->cells[column];

  if (!self->is_filled)
    {
      rsc_rows_fill (rows, self->row, self->wanted, self->cells);
      self->is_filled = TRUE;
    }

  if (!cell->known)
    sqlite3_result_null (context);
  else if (rows->fields[column].kind == RSC_FIELD_TEXT)
    sqlite3_result_text (context, cell->text, -1, SQLITE_TRANSIENT);
  else if (rows->fields[column].kind == RSC_FIELD_REAL)
    sqlite3_result_double (context, cell->real);
  else
    sqlite3_result_int64 (context, (sqlite3_int64) cell->number);

  return SQLITE_OK;
}

static int
table_rowid (sqlite3_vtab_cursor *cursor,
             sqlite3_int64       *rowid)
{
  *rowid = (sqlite3_int64) ((Cursor *) cursor)->row;

  return SQLITE_OK;
}

/* Without xCreate: it is there by its name alone. */
static const sqlite3_module module = {
  .xConnect = table_connect,
  .xBestIndex = table_best_index,
  .xDisconnect = table_disconnect,
  .xOpen = table_open,
  .xClose = table_close,
  .xFilter = table_filter,
  .xNext = table_next,
  .xEof = table_eof,
  .xColumn = table_column,
  .xRowid = table_rowid,
};

/* The expression */

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

static Database *
create_database (const Source *source,
                 GError      **error)
{
  g_autoptr (Database) database = NULL;
  g_autoptr (Statement) statement = NULL;

  g_assert (source->rows->n_fields <= 32);

  /* The table is made when it is first named, which the authorizer would not
   * let through later. */
  if (sqlite3_open (":memory:", &database) != SQLITE_OK
      || sqlite3_create_module (database, "rows", &module, (gpointer) source) != SQLITE_OK
      || sqlite3_prepare_v2 (database, "SELECT 1 FROM rows", -1, &statement, NULL) != SQLITE_OK)
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
 * refused there and asked of all rows together.  Two pairs of parentheses: one
 * could be closed by mistake. */
static Statement *
prepare (Database        *database,
         const char      *expression,
         const RscField  *fields,
         gsize            n_fields,
         GError         **error)
{
  g_autofree char *by_row = g_strdup_printf ("SELECT 1 FROM rows WHERE ((%s\n)) LIMIT 1", expression);
  g_autofree char *together = g_strdup_printf ("SELECT ((%s\n)) FROM rows", expression);
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
  const RscRows rows = { .fields = fields, .n_fields = n_fields };
  const Source source = { .rows = &rows };
  g_autoptr (Database) database = create_database (&source, error);
  g_autoptr (Statement) statement = NULL;

  if (database == NULL)
    return FALSE;

  statement = prepare (database, expression, fields, n_fields, error);

  return statement != NULL;
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
  const Source source = { .rows = rows, .cancellable = cancellable };
  g_autoptr (Database) database = create_database (&source, error);
  g_autoptr (Statement) statement = NULL;
  int result;

  if (database == NULL)
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
