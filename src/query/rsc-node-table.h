/* The heap as SQLite sees it: one table whose rows are the snapshot's nodes.
 * For filters the table has an endless row that shows the node at hand. */
#pragma once

#include <sqlite3.h>

#include "analysis/rsc-names.h"
#include "snapshot/rsc-snapshot.h"

G_BEGIN_DECLS

typedef enum
{
  RSC_NODE_COLUMN_ID,
  RSC_NODE_COLUMN_ADDRESS,
  RSC_NODE_COLUMN_TYPE,
  RSC_NODE_COLUMN_MODULE,
  RSC_NODE_COLUMN_NAME,
  RSC_NODE_COLUMN_VALUE,
  RSC_NODE_COLUMN_SIZE,
  RSC_NODE_COLUMN_REFCOUNT,
  RSC_NODE_COLUMN_GENERATION,
  RSC_NODE_COLUMN_REFERRERS,
  RSC_NODE_COLUMN_REFERENCES,
  RSC_NODE_COLUMN_REFS,
  RSC_NODE_COLUMN_DEPTH,
  RSC_NODE_COLUMN_TRACKED,
  RSC_NODE_COLUMN_ROOT,
  RSC_NODE_COLUMN_CONTAINER,
  RSC_NODE_COLUMN_FINALIZER,
  RSC_NODE_COLUMN_WEAKREFS,
  RSC_NODE_COLUMN_IMMORTAL,
  RSC_NODE_COLUMN_SYNTHETIC,
  RSC_NODE_COLUMN_INTERPRETER,
  RSC_N_NODE_COLUMNS
} RscNodeColumn;

extern const char *const rsc_node_column_names[RSC_N_NODE_COLUMNS];

/* What a table reads; it must outlive the connection. */
typedef struct
{
  RscSnapshot *snapshot;     /* borrowed; NULL: for checking the grammar only */
  const RscColumns *columns;
  gboolean *has_name;        /* by type: its objects' value is a name; owned */
  RscOwnNames own_names;
  gboolean has_own_names;

  /* For filters: one endless row. */
  gboolean single;
  RscNode node;
  int depth;                 /* -1: NULL */
  gboolean stepped;          /* the caller asked for one row */
} RscNodeTable;

/* Which blocks the columns of @columns_used (a bit each) need. */
RscBlocks rsc_node_table_get_blocks (guint32 columns_used);

/* Reads the types; the blocks must have been asked for. */
void rsc_node_table_init  (RscNodeTable *self, RscSnapshot *snapshot);
void rsc_node_table_clear (RscNodeTable *self);

/* Makes the table known to @db as @name.  Returns SQLite's code. */
int rsc_node_table_register (RscNodeTable *self, sqlite3 *db, const char *name);

/* A read-only connection without files on @table, which it calls node: DQS off,
 * small limits, an authorizer that admits reading that table with built-in
 * deterministic functions (@queries: aggregates too, and the name objects). */
sqlite3 *rsc_sql_open (RscNodeTable *table, gboolean queries, GError **error);

G_END_DECLS
