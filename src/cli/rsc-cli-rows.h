/* What a command prints, as rows of cells: one description serves the table,
 * JSON, CSV and the condition of --fail-if.  Cells are made on demand, so that
 * a million rows need no memory. */
#pragma once

#include "rsc-cli-output.h"

G_BEGIN_DECLS

typedef enum
{
  RSC_FIELD_TEXT,
  RSC_FIELD_COUNT,
  RSC_FIELD_SIGNED,
  RSC_FIELD_BYTES,
  RSC_FIELD_REAL,
  RSC_FIELD_BOOLEAN,
  RSC_FIELD_ADDRESS
} RscFieldKind;

typedef enum
{
  RSC_FIELD_SHOWN = 0,
  RSC_FIELD_HIDDEN = 1 << 0,  /* not in the table */
  RSC_FIELD_TABLE_ONLY = 1 << 1, /* not in JSON and CSV, which say it otherwise */
  RSC_FIELD_ELASTIC = 1 << 2  /* cut where the terminal is too narrow */
} RscFieldFlags;

typedef struct
{
  const char *key;     /* in JSON, CSV and --fail-if */
  const char *heading; /* translated when shown; NULL: the key */
  RscFieldKind kind;
  RscFieldFlags flags;
} RscField;

typedef struct
{
  gboolean known; /* else null, shown as "-" */
  guint64 number; /* all others; SIGNED: its bits */
  double real;    /* REAL */
  char *text;     /* TEXT; owned */
} RscCell;

void rsc_cell_set_text   (RscCell *self, const char *text);
void rsc_cell_take_text  (RscCell *self, char *text);
void rsc_cell_set_number (RscCell *self, guint64 number);
void rsc_cell_set_real   (RscCell *self, double real);

/* Fills the cells of row @row, which are empty and unknown. */
typedef void (*RscRowsFillFunc) (gsize row, RscCell *cells, gpointer data);
/* Fills at least those of the cells whose bit is in @wanted. */
typedef void (*RscRowsFillSomeFunc) (gsize row, guint32 wanted, RscCell *cells, gpointer data);
/* Appends row @row as one JSON value. */
typedef void (*RscRowsJsonFunc) (GString *json, gsize row, gpointer data);
/* Appends members (", \"key\": value" each) to a result that is one object. */
typedef void (*RscRowsMoreFunc) (GString *json, gpointer data);

typedef struct _RscRows RscRows;

struct _RscRows
{
  const RscField *fields;
  gsize n_fields;
  gsize n_rows;
  gboolean single;             /* one row, shown as "name: value" lines and as a JSON object */
  RscRowsFillFunc fill;
  RscRowsFillSomeFunc fill_some; /* in place of @fill, where some cells take long to make */
  RscRowsJsonFunc append_json; /* NULL: made of the cells */
  RscRowsMoreFunc append_more; /* @single only; NULL: nothing */
  gpointer data;
  const char *if_empty;        /* a translated sentence for a table without rows */
  const char *footer;          /* translated lines after the table, or NULL */
  const RscRows *details;      /* a second table, for people only, or NULL */
};

/* Asks --fail-if, waits for a launched program to end, and prints to where
 * the options say.  RSC_CLI_ERROR, OUTPUT; RSC_QUERY_ERROR. */
gboolean rsc_rows_print (const RscRows *self, RscCli *cli, GError **error);

/* Tells what is wrong with an expression before any work is done. */
gboolean rsc_condition_check (const char *expression, const RscField *fields, gsize n_fields, GError **error);

/* Whether @expression is true: for any row, or, where it uses an aggregate
 * ("count(*) > 10", "sum(bytes) > 1e6"), for all together. */
gboolean rsc_condition_evaluate (const char     *expression,
                                 const RscRows  *rows,
                                 GCancellable   *cancellable,
                                 gboolean       *holds,
                                 GError        **error);

/* Fills the cells of row @row, which are empty, or only those in @wanted.  Clear
 * them with rsc_cells_clear(). */
#define RSC_ROWS_ALL_FIELDS G_MAXUINT32
void rsc_rows_fill (const RscRows *self, gsize row, guint32 wanted, RscCell *cells);

/* The three ways of showing rows; @n_shown of them. */
void rsc_table_write (const RscRows *rows, gsize n_shown, guint terminal_width, RscOutput *output);
void rsc_csv_write_header (const RscRows *rows, GString *csv);
void rsc_csv_append_row (const RscRows *rows, gsize row, GString *csv);
void rsc_rows_append_json_row (const RscRows *rows, gsize row, GString *json);

void rsc_cells_clear (RscCell *cells, gsize n_cells);

G_END_DECLS
