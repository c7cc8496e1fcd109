/* The connection: nothing but reading one table is allowed. */
#include "config.h"
#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/rsc-error.h"
#include "rsc-node-table.h"

/* Deterministic built-in functions whose cost is bounded by their arguments
 * and by SQLITE_LIMIT_LENGTH.  Sorted. */
static const char *const scalar_functions[] = {
  "abs", "char", "coalesce", "format", "glob", "hex", "ifnull", "iif", "instr", "length", "like",
  "lower", "ltrim", "max", "min", "nullif", "printf", "quote", "replace", "round", "rtrim", "sign",
  "substr", "substring", "trim", "typeof", "unicode", "upper"
};

static const char *const aggregate_functions[] = {
  "avg", "count", "dense_rank", "group_concat", "lag", "lead", "ntile", "rank", "row_number", "sum", "total"
};

static gboolean
is_listed (const char *name, const char *const *list, gsize n)
{
  for (gsize i = 0; i < n; i++)
    if (g_ascii_strcasecmp (name, list[i]) == 0)
      return TRUE;
  return FALSE;
}

typedef struct
{
  gboolean queries;
} Guard;

static const Guard filter_guard = { FALSE };
static const Guard query_guard = { TRUE };

static int
authorize (void *data, int action, const char *first, const char *second,
           const char *database, const char *trigger)
{
  const Guard *guard = data;

  switch (action)
    {
    case SQLITE_SELECT:
      return SQLITE_OK;
    case SQLITE_READ:
      /* first: the table, second: the column.  SQLite's own tables stay shut. */
      return first != NULL && g_ascii_strncasecmp (first, "sqlite_", 7) != 0 ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_FUNCTION:
      if (is_listed (second, scalar_functions, G_N_ELEMENTS (scalar_functions)))
        return SQLITE_OK;
      if (guard->queries && is_listed (second, aggregate_functions, G_N_ELEMENTS (aggregate_functions)))
        return SQLITE_OK;
      return SQLITE_DENY;
    default:
      /* Writing, attaching, pragmas, recursion, schema ... */
      return SQLITE_DENY;
    }
}

/* SQLite makes the table when it is first named, by a statement that the
 * authorizer would not let through: so it is named here. */
static int
add_table (sqlite3 *db, RscNodeTable *table, const char *name)
{
  g_autofree char *query = g_strconcat ("SELECT 1 FROM ", name, NULL);
  sqlite3_stmt *statement = NULL;
  int code = rsc_node_table_register (table, db, name);

  if (code == SQLITE_OK)
    code = sqlite3_prepare_v2 (db, query, -1, &statement, NULL);
  sqlite3_finalize (statement);
  return code;
}

sqlite3 *
rsc_sql_open (RscNodeTable *table, gboolean queries, GError **error)
{
  static const struct { int id, value; } limits[] = {
    { SQLITE_LIMIT_LENGTH, 1 << 20 },
    { SQLITE_LIMIT_SQL_LENGTH, 64 * 1024 },
    { SQLITE_LIMIT_COLUMN, 64 },
    { SQLITE_LIMIT_EXPR_DEPTH, 200 },
    { SQLITE_LIMIT_COMPOUND_SELECT, 10 },
    { SQLITE_LIMIT_VDBE_OP, 25000 },
    { SQLITE_LIMIT_FUNCTION_ARG, 50 },
    { SQLITE_LIMIT_ATTACHED, 0 },
    { SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 200 },
    { SQLITE_LIMIT_VARIABLE_NUMBER, 0 },
    { SQLITE_LIMIT_TRIGGER_DEPTH, 0 },
    { SQLITE_LIMIT_WORKER_THREADS, 0 },
  };
  sqlite3 *db = NULL;
  int code = sqlite3_open_v2 (":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

  if (code == SQLITE_OK)
    code = add_table (db, table, "node");
  if (code == SQLITE_OK && queries)
    code = add_table (db, table, "objects");
  if (code != SQLITE_OK)
    {
      g_set_error (error, RSC_QUERY_ERROR, RSC_ERROR_FAILED,
                   _("SQLite could not be started: %s."), sqlite3_errstr (code));
      sqlite3_close (db);
      return NULL;
    }

  sqlite3_db_config (db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
  sqlite3_db_config (db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
  sqlite3_db_config (db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  sqlite3_db_config (db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  sqlite3_db_config (db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (limits); i++)
    sqlite3_limit (db, limits[i].id, limits[i].value);
  sqlite3_set_authorizer (db, authorize, (void *) (queries ? &query_guard : &filter_guard));
  return db;
}
