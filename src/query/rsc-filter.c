#include "config.h"
#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN

#include "rsc-filter.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/rsc-error.h"
#include "rsc-expression.h"
#include "rsc-node-table.h"

struct _RscFilter
{
  RscSnapshot *snapshot;
  char *expression;
  sqlite3 *db;
  sqlite3_stmt *statement;
  RscNodeTable table;
  guint n_alarms; /* during this row */
};

/* SQLite's machine calls back each so many steps, whichever row they are for;
 * twice for one row is too long. */
#define STEPS_PER_ALARM 1000000

static const char check_prefix[] = "SELECT 1 FROM node WHERE (";
static const char select_prefix[] = "SELECT (";

static int
stop_long_row (void *data)
{
  RscFilter *self = data;

  return ++self->n_alarms > 1;
}

/* Turns SQLite's complaint about prefix + expression + ... into ours. */
static gboolean
set_sqlite_error (sqlite3 *db, const char *text, gsize prefix, int *position, GError **error)
{
  int offset = sqlite3_error_offset (db);
  gsize length = strlen (text);
  g_autofree char *what = NULL;

  if (offset < 0 || (gsize) offset < prefix)
    offset = prefix;
  if ((gsize) offset >= prefix + length)
    {
      offset = prefix + length;
      what = g_strdup (_("the expression ends too early"));
    }
  else
    /* Translators: %s is SQLite's own message, in English. */
    what = g_strdup_printf (_("SQLite says: %s"), sqlite3_errmsg (db));
  return rsc_expression_set_error (text, offset - prefix, what, position, error);
}

/* Compiles @expression against @self's table; the statement is kept. */
static gboolean
compile (RscFilter *self, const char *sql_expression, int *position, GError **error)
{
  g_autofree char *check = NULL;
  g_autofree char *select = NULL;
  int code;

  self->db = rsc_sql_open (&self->table, FALSE, error);
  if (self->db == NULL)
    return FALSE;

  /* A condition cannot hold an aggregate, which would never see the end of the
   * endless row. */
  check = g_strconcat (check_prefix, sql_expression, ")", NULL);
  code = sqlite3_prepare_v2 (self->db, check, -1, &self->statement, NULL);
  if (code != SQLITE_OK)
    return set_sqlite_error (self->db, self->expression, strlen (check_prefix), position, error);
  g_clear_pointer (&self->statement, sqlite3_finalize);

  select = g_strconcat (select_prefix, sql_expression, ") FROM node", NULL);
  code = sqlite3_prepare_v3 (self->db, select, -1, SQLITE_PREPARE_PERSISTENT, &self->statement, NULL);
  if (code != SQLITE_OK)
    return set_sqlite_error (self->db, self->expression, strlen (select_prefix), position, error);
  sqlite3_progress_handler (self->db, STEPS_PER_ALARM, stop_long_row, self);
  return TRUE;
}

static RscFilter *
filter_new (RscSnapshot *snapshot, const char *expression, int *position, GError **error)
{
  g_autoptr(RscFilter) self = g_new0 (RscFilter, 1);
  g_autofree char *sql = NULL;
  guint32 columns_used;

  self->expression = g_strdup (expression);
  sql = rsc_expression_prepare (expression, &columns_used, position, error);
  if (sql == NULL)
    return NULL;
  self->table.single = TRUE;
  self->table.depth = -1;
  if (snapshot != NULL)
    {
      if (rsc_snapshot_get_columns (snapshot, rsc_node_table_get_blocks (columns_used), error) == NULL)
        return NULL;
      self->snapshot = rsc_snapshot_ref (snapshot);
      rsc_node_table_init (&self->table, snapshot);
    }
  if (!compile (self, sql, position, error))
    return NULL;
  return g_steal_pointer (&self);
}

RscFilter *
rsc_filter_new (RscSnapshot *snapshot, const char *expression, GError **error)
{
  return filter_new (snapshot, expression, NULL, error);
}

void
rsc_filter_free (RscFilter *self)
{
  sqlite3_finalize (self->statement);
  sqlite3_close (self->db);
  rsc_node_table_clear (&self->table);
  g_clear_pointer (&self->snapshot, rsc_snapshot_unref);
  g_free (self->expression);
  g_free (self);
}

gboolean
rsc_filter_check (const char *expression, int *position, GError **error)
{
  g_autoptr(RscFilter) self = filter_new (NULL, expression, position, error);

  return self != NULL;
}

gboolean
rsc_filter_asks_value (const char *expression)
{
  guint32 columns_used = 0;
  g_autofree char *sql = rsc_expression_prepare (expression, &columns_used, NULL, NULL);

  return sql != NULL && (columns_used & (1u << RSC_NODE_COLUMN_VALUE)) != 0;
}

/* Puts the row of @node into the statement. */
static gboolean
step (RscFilter *self, RscNode node, int depth, GError **error)
{
  int code;

  g_assert (node < self->table.columns->n_nodes);
  self->table.node = node;
  self->table.depth = depth;
  self->table.stepped = TRUE;
  self->n_alarms = 0;
  code = sqlite3_step (self->statement);
  if (code == SQLITE_ROW)
    return TRUE;

  g_set_error (error, RSC_QUERY_ERROR, RSC_ERROR_FAILED,
               _("The expression “%s” could not be evaluated for an object: %s."), self->expression,
               code == SQLITE_INTERRUPT ? _("it takes too long") : sqlite3_errmsg (self->db));
  sqlite3_reset (self->statement);
  return FALSE;
}

gboolean
rsc_filter_matches (RscFilter *self, RscNode node, int depth, GError **error)
{
  return step (self, node, depth, error) && sqlite3_column_double (self->statement, 0) != 0;
}

char *
rsc_filter_evaluate (RscFilter *self, RscNode node, int depth, GError **error)
{
  const char *text;

  if (!step (self, node, depth, error))
    return NULL;
  text = (const char *) sqlite3_column_text (self->statement, 0);
  return text != NULL ? g_utf8_make_valid (text, -1) : g_strdup ("");
}
