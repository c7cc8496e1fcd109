#include "config.h"
#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN

#include "rsc-node-table.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/rsc-error.h"

const char *const rsc_node_column_names[RSC_N_NODE_COLUMNS] = {
  "id", "address", "type", "module", "name", "value", "size", "refcount", "generation",
  "referrers", "references", "refs", "depth", "tracked", "root", "container", "finalizer",
  "weakrefs", "immortal", "synthetic", "interpreter"
};

/* The affinities make "value = 42" and "value = '42'" find the same objects. */
static const char declaration[]
  = "CREATE TABLE x (id INTEGER, address INTEGER, type TEXT, module TEXT, name TEXT, value NUMERIC,"
    " size INTEGER, refcount INTEGER, generation INTEGER, referrers INTEGER, \"references\" INTEGER,"
    " refs INTEGER, depth INTEGER, tracked INTEGER, root INTEGER, container INTEGER,"
    " finalizer INTEGER, weakrefs INTEGER, immortal INTEGER, synthetic INTEGER, interpreter INTEGER)";

/* Types whose objects have a name as their value. */
static const char *const named_types[] = {
  "function", "module", "builtin_function_or_method", "method", "method_descriptor",
  "wrapper_descriptor", "getset_descriptor", "member_descriptor", "classmethod_descriptor",
  "method-wrapper", "code", "generator", "coroutine", "async_generator"
};

RscBlocks
rsc_node_table_get_blocks (guint32 columns_used)
{
  RscBlocks blocks = RSC_BLOCK_NODES | RSC_BLOCK_STRINGS;

  if (columns_used & (1u << RSC_NODE_COLUMN_REFERRERS))
    blocks |= RSC_BLOCK_REFERRERS;
  if (columns_used & ((1u << RSC_NODE_COLUMN_REFERENCES) | (1u << RSC_NODE_COLUMN_REFS)))
    blocks |= RSC_BLOCK_EDGES;
  return blocks;
}

void
rsc_node_table_init (RscNodeTable *self, RscSnapshot *snapshot)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (snapshot);

  self->snapshot = snapshot;
  self->columns = columns;
  self->has_own_names = rsc_own_names_init (&self->own_names, snapshot);
  self->has_name = g_new0 (gboolean, columns->n_types);
  for (guint32 i = 0; i < columns->n_types; i++)
    {
      RscType type = rsc_snapshot_get_type (snapshot, i);

      for (gsize k = 0; k < G_N_ELEMENTS (named_types); k++)
        if (strcmp (type.name, named_types[k]) == 0)
          self->has_name[i] = TRUE;
    }
}

void
rsc_node_table_clear (RscNodeTable *self)
{
  g_clear_pointer (&self->has_name, g_free);
  rsc_own_names_clear (&self->own_names);
}

/* SQLite's side of it */

typedef struct
{
  sqlite3_vtab base;
  RscNodeTable *table;
} NodeVtab;

typedef struct
{
  sqlite3_vtab_cursor base;
  RscNode node;
  RscNode end;
} NodeCursor;

enum
{
  PLAN_SCAN,
  PLAN_ID,
  PLAN_ADDRESS
};

static int
node_connect (sqlite3 *db, void *data, int argc, const char *const *argv,
              sqlite3_vtab **vtab, char **message)
{
  NodeVtab *self;
  int code = sqlite3_declare_vtab (db, declaration);

  if (code != SQLITE_OK)
    return code;
  self = sqlite3_malloc (sizeof *self);
  if (self == NULL)
    return SQLITE_NOMEM;
  memset (self, 0, sizeof *self);
  self->table = data;
  *vtab = &self->base;
  return SQLITE_OK;
}

static int
node_disconnect (sqlite3_vtab *vtab)
{
  sqlite3_free (vtab);
  return SQLITE_OK;
}

static int
node_best_index (sqlite3_vtab *vtab, sqlite3_index_info *info)
{
  RscNodeTable *table = ((NodeVtab *) vtab)->table;

  info->idxNum = PLAN_SCAN;
  info->estimatedCost = 1e6;
  info->estimatedRows = 1000000;
  if (table->single || table->snapshot == NULL)
    return SQLITE_OK;

  for (int i = 0; i < info->nConstraint; i++)
    {
      int column = info->aConstraint[i].iColumn;

      if (!info->aConstraint[i].usable || info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ
          || (column != RSC_NODE_COLUMN_ID && column != RSC_NODE_COLUMN_ADDRESS))
        continue;
      info->idxNum = column == RSC_NODE_COLUMN_ID ? PLAN_ID : PLAN_ADDRESS;
      info->aConstraintUsage[i].argvIndex = 1;
      info->estimatedCost = column == RSC_NODE_COLUMN_ID ? 1 : 20;
      info->estimatedRows = 1;
      info->idxFlags = SQLITE_INDEX_SCAN_UNIQUE;
      break;
    }
  return SQLITE_OK;
}

static int
node_open (sqlite3_vtab *vtab, sqlite3_vtab_cursor **cursor)
{
  NodeCursor *self = sqlite3_malloc (sizeof *self);

  if (self == NULL)
    return SQLITE_NOMEM;
  memset (self, 0, sizeof *self);
  *cursor = &self->base;
  return SQLITE_OK;
}

static int
node_close (sqlite3_vtab_cursor *cursor)
{
  sqlite3_free (cursor);
  return SQLITE_OK;
}

static int
node_filter (sqlite3_vtab_cursor *cursor, int plan, const char *text, int argc, sqlite3_value **argv)
{
  NodeCursor *self = (NodeCursor *) cursor;
  RscNodeTable *table = ((NodeVtab *) cursor->pVtab)->table;

  self->node = 0;
  self->end = table->snapshot != NULL ? table->columns->n_nodes : 0;
  if (plan != PLAN_SCAN)
    {
      sqlite3_int64 wanted = sqlite3_value_int64 (argv[0]);
      gboolean is_integer = sqlite3_value_numeric_type (argv[0]) == SQLITE_INTEGER;
      RscNode found = RSC_NODE_NONE;

      if (is_integer && plan == PLAN_ADDRESS)
        found = rsc_snapshot_find_address (table->snapshot, (guint64) wanted);
      else if (is_integer && wanted >= 0 && wanted < table->columns->n_nodes)
        found = wanted;
      self->node = found == RSC_NODE_NONE ? 0 : found;
      self->end = found == RSC_NODE_NONE ? 0 : found + 1;
    }
  return SQLITE_OK;
}

static int
node_next (sqlite3_vtab_cursor *cursor)
{
  ((NodeCursor *) cursor)->node++;
  return SQLITE_OK;
}

/* A filter's row never ends, but is given only when the caller asks: an
 * expression that reads the table by itself sees an end. */
static int
node_eof (sqlite3_vtab_cursor *cursor)
{
  NodeCursor *self = (NodeCursor *) cursor;
  RscNodeTable *table = ((NodeVtab *) cursor->pVtab)->table;

  if (table->single)
    {
      gboolean at_end = !table->stepped;

      table->stepped = FALSE;
      return at_end;
    }
  return self->node >= self->end;
}

static void
result_text (sqlite3_context *context, const char *text)
{
  /* Strings live as long as the snapshot. */
  sqlite3_result_text (context, text, -1, SQLITE_STATIC);
}

/* Numbers as numbers, so that "value > 1000" works. */
static void
result_value (sqlite3_context *context, RscSnapshot *snapshot, const RscColumns *columns, RscNode node)
{
  guint32 flags = columns->flags[node];
  const char *text = rsc_snapshot_get_string (snapshot, columns->value[node]);

  if (flags & (RSC_NODE_TEXT | RSC_NODE_BYTES))
    result_text (context, text);
  else if (*text == '\0')
    sqlite3_result_null (context);
  else if (g_ascii_isdigit (*text) || ((*text == '-' || *text == '.') && g_ascii_isdigit (text[1])))
    {
      char *end;
      gint64 integer = g_ascii_strtoll (text, &end, 10);

      /* At most 18 digits: no overflow. */
      if (*end == '\0' && end - text <= 18)
        sqlite3_result_int64 (context, integer);
      else
        {
          double number = g_ascii_strtod (text, &end);

          if (*end == '\0')
            sqlite3_result_double (context, number);
          else
            result_text (context, text);
        }
    }
  else
    result_text (context, text);
}

static int
node_column (sqlite3_vtab_cursor *cursor, sqlite3_context *context, int column)
{
  RscNodeTable *table = ((NodeVtab *) cursor->pVtab)->table;
  const RscColumns *columns = table->columns;
  RscNode node = table->single ? table->node : ((NodeCursor *) cursor)->node;
  guint32 flags;

  if (table->snapshot == NULL)
    return SQLITE_OK;

  flags = columns->flags[node];
  switch ((RscNodeColumn) column)
    {
    case RSC_NODE_COLUMN_ID:
      sqlite3_result_int64 (context, node);
      break;
    case RSC_NODE_COLUMN_ADDRESS:
      if (columns->address[node] != 0)
        sqlite3_result_int64 (context, (sqlite3_int64) columns->address[node]);
      break;
    case RSC_NODE_COLUMN_TYPE:
      result_text (context, rsc_snapshot_get_type (table->snapshot, columns->type[node]).name);
      break;
    case RSC_NODE_COLUMN_MODULE:
      result_text (context, rsc_snapshot_get_type (table->snapshot, columns->type[node]).module);
      break;
    case RSC_NODE_COLUMN_NAME:
      if (table->has_own_names)
        result_text (context, rsc_own_names_get (&table->own_names, node));
      else if ((flags & RSC_NODE_TYPE) || table->has_name[columns->type[node]])
        {
          const char *name = rsc_snapshot_get_string (table->snapshot, columns->value[node]);

          if (*name != '\0')
            result_text (context, name);
        }
      break;
    case RSC_NODE_COLUMN_VALUE:
      result_value (context, table->snapshot, columns, node);
      break;
    case RSC_NODE_COLUMN_SIZE:
      sqlite3_result_int64 (context, (sqlite3_int64) columns->size[node]);
      break;
    case RSC_NODE_COLUMN_REFCOUNT:
      if (columns->refcount[node] != RSC_REFCOUNT_UNKNOWN)
        sqlite3_result_int64 (context, columns->refcount[node]);
      break;
    case RSC_NODE_COLUMN_GENERATION:
      if (columns->generation[node] != RSC_GENERATION_NONE)
        sqlite3_result_int (context, rsc_generation_in_interpreter (columns->generation[node]));
      break;
    case RSC_NODE_COLUMN_INTERPRETER:
      if (columns->generation[node] != RSC_GENERATION_NONE)
        sqlite3_result_int64 (context, rsc_snapshot_get_interpreter_id (
                                           table->snapshot, rsc_generation_get_interpreter (columns->generation[node])));
      break;
    case RSC_NODE_COLUMN_REFERRERS:
      sqlite3_result_int64 (context, columns->first_referrer[node + 1] - columns->first_referrer[node]);
      break;
    case RSC_NODE_COLUMN_REFERENCES:
    case RSC_NODE_COLUMN_REFS:
      sqlite3_result_int64 (context, columns->first_edge[node + 1] - columns->first_edge[node]);
      break;
    case RSC_NODE_COLUMN_DEPTH:
      if (table->single && table->depth >= 0)
        sqlite3_result_int (context, table->depth);
      break;
    case RSC_NODE_COLUMN_TRACKED:
      sqlite3_result_int (context, (flags & RSC_NODE_TRACKED) != 0);
      break;
    case RSC_NODE_COLUMN_ROOT:
      sqlite3_result_int (context, (flags & RSC_NODE_ROOT) != 0);
      break;
    case RSC_NODE_COLUMN_CONTAINER:
      sqlite3_result_int (context, (flags & RSC_NODE_CONTAINER) != 0);
      break;
    case RSC_NODE_COLUMN_FINALIZER:
      sqlite3_result_int (context, (flags & RSC_NODE_FINALIZER) != 0);
      break;
    case RSC_NODE_COLUMN_WEAKREFS:
      sqlite3_result_int (context, (flags & RSC_NODE_HAS_WEAKREFS) != 0);
      break;
    case RSC_NODE_COLUMN_IMMORTAL:
      sqlite3_result_int (context, (flags & RSC_NODE_IMMORTAL) != 0);
      break;
    case RSC_NODE_COLUMN_SYNTHETIC:
      sqlite3_result_int (context, (flags & RSC_NODE_SYNTHETIC) != 0);
      break;
    case RSC_N_NODE_COLUMNS:
    default:
      return SQLITE_ERROR;
    }
  return SQLITE_OK;
}

static int
node_rowid (sqlite3_vtab_cursor *cursor, sqlite3_int64 *rowid)
{
  RscNodeTable *table = ((NodeVtab *) cursor->pVtab)->table;

  *rowid = table->single ? table->node : ((NodeCursor *) cursor)->node;
  return SQLITE_OK;
}

static const sqlite3_module node_module = {
  .xConnect = node_connect,
  .xBestIndex = node_best_index,
  .xDisconnect = node_disconnect,
  .xOpen = node_open,
  .xClose = node_close,
  .xFilter = node_filter,
  .xNext = node_next,
  .xEof = node_eof,
  .xColumn = node_column,
  .xRowid = node_rowid,
};

int
rsc_node_table_register (RscNodeTable *self, sqlite3 *db, const char *name)
{
  return sqlite3_create_module (db, name, &node_module, self);
}
