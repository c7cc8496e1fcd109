#include "config.h"
#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN

#include "rsc-object-ref.h"

#include <inttypes.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#include "analysis/rsc-names.h"
#include "base/rsc-bitset.h"
#include "base/rsc-error.h"
#include "rsc-expression.h"
#include "rsc-near-name.h"
#include "rsc-node-table.h"
#include "rsc-type-name.h"

/* A query that takes longer than this is stopped. */
#define QUERY_SECONDS 30
#define STEPS_PER_LOOK 100000

typedef enum
{
  FORM_NONE,
  FORM_ADDRESS,
  FORM_INDEX,
  FORM_TYPE,
  FORM_NAME,
  FORM_SQL
} Form;

/* What follows the form's prefix is *rest; a number is in *number. */
static Form
parse (const char *text, const char **rest, guint64 *number)
{
  static const struct { const char *prefix; Form form; } words[] = {
    { "type:", FORM_TYPE }, { "name:", FORM_NAME }, { "sql:", FORM_SQL }
  };

  if (g_ascii_strncasecmp (text, "0x", 2) == 0)
    return g_ascii_isxdigit (text[2]) && g_ascii_string_to_unsigned (text + 2, 16, 0, G_MAXUINT64, number, NULL)
             ? FORM_ADDRESS : FORM_NONE;
  if (text[0] == '#')
    return g_ascii_isdigit (text[1]) && g_ascii_string_to_unsigned (text + 1, 10, 0, G_MAXUINT64, number, NULL)
             ? FORM_INDEX : FORM_NONE;
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (g_str_has_prefix (text, words[i].prefix) && text[strlen (words[i].prefix)] != '\0')
      {
        *rest = text + strlen (words[i].prefix);
        return words[i].form;
      }
  return FORM_NONE;
}

gboolean
rsc_object_ref_is_valid (const char *text)
{
  const char *rest;
  guint64 number;

  return parse (text, &rest, &number) != FORM_NONE;
}

static GArray *
new_nodes (void)
{
  return g_array_new (FALSE, FALSE, sizeof (RscNode));
}

static GArray *
resolve_address (RscSnapshot *snapshot, guint64 address, GError **error)
{
  GArray *nodes;
  RscNode node = rsc_snapshot_find_address (snapshot, address);

  if (node == RSC_NODE_NONE)
    {
      g_set_error (error, RSC_QUERY_ERROR, RSC_ERROR_NOT_FOUND,
                   _("There is no object at 0x%" PRIx64 " in this heap; it may have been freed."
                     " Look for it by its type or name."), address);
      return NULL;
    }
  nodes = new_nodes ();
  g_array_append_val (nodes, node);
  return nodes;
}

static GArray *
resolve_index (const RscColumns *columns, guint64 index, GError **error)
{
  GArray *nodes;
  RscNode node = index;

  if (index >= columns->n_nodes)
    {
      g_set_error (error, RSC_QUERY_ERROR, RSC_ERROR_NOT_FOUND,
                   ngettext ("There is no object #%" PRIu64 ": this heap has %u object, counted from 0.",
                             "There is no object #%" PRIu64 ": this heap has %u objects, counted from 0.",
                             columns->n_nodes),
                   index, columns->n_nodes);
      return NULL;
    }
  nodes = new_nodes ();
  g_array_append_val (nodes, node);
  return nodes;
}

static void
set_no_such_type (RscSnapshot *snapshot, const RscColumns *columns, const char *wanted,
                  gboolean type_known, GError **error)
{
  RscNearNames near;
  g_autofree char *names = NULL;

  if (type_known)
    {
      g_set_error (error, RSC_QUERY_ERROR, RSC_ERROR_NOT_FOUND,
                   _("There is no object of the type “%s” in this heap, though the type is known."), wanted);
      return;
    }
  rsc_near_names_init (&near, wanted);
  for (guint32 i = 0; i < columns->n_types; i++)
    rsc_near_names_offer (&near, rsc_snapshot_get_type (snapshot, i).name);
  names = rsc_near_names_join (&near);
  if (names != NULL)
    g_set_error (error, RSC_QUERY_ERROR, RSC_ERROR_NOT_FOUND,
                 _("There is no object of the type “%s” in this heap; did you mean %s?"), wanted, names);
  else
    g_set_error (error, RSC_QUERY_ERROR, RSC_ERROR_NOT_FOUND,
                 _("There is no object of the type “%s” in this heap; list its types first."), wanted);
}

static GArray *
resolve_type (RscSnapshot *snapshot, const RscColumns *columns, const char *wanted, GError **error)
{
  g_autoptr(RscBitset) types = rsc_bitset_new (columns->n_types);
  g_autoptr(GArray) nodes = new_nodes ();
  gboolean known = FALSE;

  for (guint32 i = 0; i < columns->n_types; i++)
    {
      RscType type = rsc_snapshot_get_type (snapshot, i);

      if (rsc_type_name_matches (&type, wanted))
        {
          rsc_bitset_set (types, i);
          known = TRUE;
        }
    }
  if (known)
    for (RscNode node = 0; node < columns->n_nodes; node++)
      if (rsc_bitset_get (types, columns->type[node]))
        g_array_append_val (nodes, node);
  if (nodes->len == 0)
    {
      set_no_such_type (snapshot, columns, wanted, known, error);
      return NULL;
    }
  return g_steal_pointer (&nodes);
}

static GArray *
resolve_name (RscSnapshot *snapshot, const char *path, GError **error)
{
  g_autoptr(GError) local = NULL;
  RscNode node = rsc_names_lookup (snapshot, path, &local);
  GArray *nodes;

  if (node == RSC_NODE_NONE)
    {
      if (local->domain == RSC_ANALYSIS_ERROR)
        g_set_error_literal (error, RSC_QUERY_ERROR, local->code, local->message);
      else
        g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  nodes = new_nodes ();
  g_array_append_val (nodes, node);
  return nodes;
}

/* Queries */

typedef struct
{
  gint64 deadline; /* monotonic time */
  GCancellable *cancellable;
} Patience;

static int
is_over (void *data)
{
  const Patience *patience = data;

  return g_cancellable_is_cancelled (patience->cancellable) || g_get_monotonic_time () > patience->deadline;
}

static void
set_query_error (sqlite3 *db, int code, const char *query, GCancellable *cancellable, GError **error)
{
  int offset = sqlite3_error_offset (db);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return;
  if (code == SQLITE_INTERRUPT)
    g_set_error (error, RSC_QUERY_ERROR, RSC_ERROR_TIMEOUT,
                 _("The query was stopped after %d seconds; narrow it, for example with LIMIT."), QUERY_SECONDS);
  else if (code == SQLITE_AUTH)
    g_set_error (error, RSC_QUERY_ERROR, RSC_ERROR_SYNTAX,
                 _("The query “%s” may only read the table “objects”, with built-in functions (%s)."),
                 query, sqlite3_errmsg (db));
  else if (offset >= 0 && (gsize) offset <= strlen (query))
    {
      g_autofree char *what = NULL;
      const char *message = sqlite3_errmsg (db);

      if (g_str_has_prefix (message, "no such column: "))
        what = g_strdup_printf (_("%s; text stands in single quotes"), message);
      else
        what = g_strdup (message);
      rsc_expression_set_error (query, offset, what, NULL, error);
    }
  else if (g_str_has_prefix (sqlite3_errmsg (db), "no such table: "))
    g_set_error (error, RSC_QUERY_ERROR, RSC_ERROR_SYNTAX,
                 _("The query “%s” cannot be run: %s; there is one table, “objects”."), query, sqlite3_errmsg (db));
  else
    g_set_error (error, RSC_QUERY_ERROR, RSC_ERROR_SYNTAX,
                 _("The query “%s” cannot be run: %s."), query, sqlite3_errmsg (db));
}

/* The column that says which object a row is: by name, else the first. */
static int
find_object_column (sqlite3_stmt *statement, gboolean *is_address)
{
  int n = sqlite3_column_count (statement);

  for (int i = 0; i < n; i++)
    if (g_ascii_strcasecmp (sqlite3_column_name (statement, i), "id") == 0)
      {
        *is_address = FALSE;
        return i;
      }
  for (int i = 0; i < n; i++)
    if (g_ascii_strcasecmp (sqlite3_column_name (statement, i), "address") == 0)
      {
        *is_address = TRUE;
        return i;
      }
  *is_address = FALSE;
  return -1;
}

static gboolean
collect_rows (sqlite3 *db, sqlite3_stmt *statement, RscSnapshot *snapshot, const RscColumns *columns,
              const char *query, GArray *nodes, GCancellable *cancellable, GError **error)
{
  g_autoptr(RscBitset) seen = rsc_bitset_new (columns->n_nodes);
  gboolean is_address;
  int column = find_object_column (statement, &is_address);
  int code;

  if (column < 0)
    {
      g_set_error (error, RSC_QUERY_ERROR, RSC_ERROR_SYNTAX,
                   _("The query “%s” gives no objects: select the column id or address."), query);
      return FALSE;
    }
  while ((code = sqlite3_step (statement)) == SQLITE_ROW)
    {
      sqlite3_int64 value = sqlite3_column_int64 (statement, column);
      RscNode node = RSC_NODE_NONE;

      if (sqlite3_column_type (statement, column) != SQLITE_INTEGER)
        continue;
      if (is_address)
        node = rsc_snapshot_find_address (snapshot, (guint64) value);
      else if (value >= 0 && value < columns->n_nodes)
        node = value;
      if (node == RSC_NODE_NONE || rsc_bitset_get (seen, node))
        continue;
      rsc_bitset_set (seen, node);
      g_array_append_val (nodes, node);
    }
  if (code != SQLITE_DONE)
    {
      set_query_error (db, code, query, cancellable, error);
      return FALSE;
    }
  if (nodes->len == 0)
    {
      g_set_error (error, RSC_QUERY_ERROR, RSC_ERROR_NOT_FOUND,
                   _("The query “%s” finds no object in this heap."), query);
      return FALSE;
    }
  return TRUE;
}

static GArray *
resolve_sql (RscSnapshot *snapshot, const char *query, GCancellable *cancellable, GError **error)
{
  g_autoptr(GArray) nodes = new_nodes ();
  const RscColumns *columns;
  RscNodeTable table = { 0 };
  Patience patience = { g_get_monotonic_time () + QUERY_SECONDS * G_USEC_PER_SEC, cancellable };
  sqlite3 *db;
  sqlite3_stmt *statement = NULL;
  const char *tail;
  gboolean ok = FALSE;
  int code;

  if (!g_utf8_validate (query, -1, NULL))
    {
      g_set_error_literal (error, RSC_QUERY_ERROR, RSC_ERROR_SYNTAX,
                           _("The query is not UTF-8 text; write it again."));
      return NULL;
    }
  columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_NODES | RSC_BLOCK_EDGES | RSC_BLOCK_REFERRERS
                                                | RSC_BLOCK_STRINGS | RSC_BLOCK_ADDRESSES, error);
  if (columns == NULL)
    return NULL;
  rsc_node_table_init (&table, snapshot);
  db = rsc_sql_open (&table, TRUE, error);
  if (db == NULL)
    {
      rsc_node_table_clear (&table);
      return NULL;
    }

  sqlite3_progress_handler (db, STEPS_PER_LOOK, is_over, &patience);
  code = sqlite3_prepare_v2 (db, query, -1, &statement, &tail);
  if (code != SQLITE_OK)
    set_query_error (db, code, query, cancellable, error);
  else if (statement == NULL || tail[strspn (tail, " \t\n;")] != '\0')
    g_set_error (error, RSC_QUERY_ERROR, RSC_ERROR_SYNTAX,
                 _("“%s” is not one query; write a single SELECT."), query);
  else
    ok = collect_rows (db, statement, snapshot, columns, query, nodes, cancellable, error);

  sqlite3_finalize (statement);
  sqlite3_close (db);
  rsc_node_table_clear (&table);
  return ok ? g_steal_pointer (&nodes) : NULL;
}

GArray *
rsc_object_ref_resolve (RscSnapshot *snapshot, const char *text, GCancellable *cancellable, GError **error)
{
  const RscColumns *columns;
  const char *rest = NULL;
  guint64 number = 0;
  Form form = parse (text, &rest, &number);
  RscBlocks blocks = RSC_BLOCK_NODES | RSC_BLOCK_STRINGS;

  if (form == FORM_NONE)
    {
      g_set_error (error, RSC_QUERY_ERROR, RSC_ERROR_SYNTAX,
                   _("“%s” does not name an object: write 0xADDRESS, #INDEX, type:NAME, name:PATH or sql:SELECT …."),
                   text);
      return NULL;
    }
  if (form == FORM_ADDRESS)
    blocks |= RSC_BLOCK_ADDRESSES;
  columns = rsc_snapshot_get_columns (snapshot, blocks, error);
  if (columns == NULL)
    return NULL;

  switch (form)
    {
    case FORM_ADDRESS:
      return resolve_address (snapshot, number, error);
    case FORM_INDEX:
      return resolve_index (columns, number, error);
    case FORM_TYPE:
      return resolve_type (snapshot, columns, rest, error);
    case FORM_NAME:
      return resolve_name (snapshot, rest, error);
    case FORM_SQL:
      return resolve_sql (snapshot, rest, cancellable, error);
    case FORM_NONE:
    default:
      g_assert_not_reached ();
    }
}
