#include "rsc-cli-rows.h"

#include <string.h>
#include <sys/ioctl.h>

#include <glib/gi18n-lib.h>

#include "config.h"
#include "graph/rsc-graph.h"
#include "rsc-cli-options.h"
#include "rsc-cli-source.h"

/* Rows of a table unless --limit says otherwise; JSON and CSV have them all. */
#define DEFAULT_TABLE_ROWS 20

static void
append_json_cell (GString       *json,
                  const RscField *field,
                  const RscCell  *cell)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  if (!cell->known)
    {
      g_string_append (json, "null");
      return;
    }

  switch (field->kind)
    {
    case RSC_FIELD_TEXT:
      rsc_json_append_string (json, cell->text);
      break;
    case RSC_FIELD_COUNT:
    case RSC_FIELD_BYTES:
      g_string_append_printf (json, "%" G_GUINT64_FORMAT, cell->number);
      break;
    case RSC_FIELD_SIGNED:
      g_string_append_printf (json, "%" G_GINT64_FORMAT, (gint64) cell->number);
      break;
    case RSC_FIELD_REAL:
      g_string_append (json, g_ascii_formatd (buffer, sizeof buffer, "%.3f", cell->real));
      break;
    case RSC_FIELD_BOOLEAN:
      g_string_append (json, cell->number != 0 ? "true" : "false");
      break;
    case RSC_FIELD_ADDRESS:
      g_string_append_printf (json, "\"0x%" G_GINT64_MODIFIER "x\"", cell->number);
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
append_json_members (const RscRows *rows,
                     gsize          row,
                     const char    *separator,
                     GString       *json)
{
  g_autofree RscCell *cells = g_new0 (RscCell, rows->n_fields);
  gboolean first = TRUE;

  rsc_rows_fill (rows, row, RSC_ROWS_ALL_FIELDS, cells);

  for (gsize i = 0; i < rows->n_fields; i++)
    {
      if (rows->fields[i].flags & RSC_FIELD_TABLE_ONLY)
        continue;
      if (!first)
        g_string_append (json, separator);
      first = FALSE;
      rsc_json_append_string (json, rows->fields[i].key);
      g_string_append (json, ": ");
      append_json_cell (json, &rows->fields[i], &cells[i]);
    }

  rsc_cells_clear (cells, rows->n_fields);
}

void
rsc_rows_append_json_row (const RscRows *rows,
                          gsize          row,
                          GString       *json)
{
  if (rows->append_json != NULL)
    {
      rows->append_json (json, row, rows->data);
      return;
    }

  g_string_append_c (json, '{');
  append_json_members (rows, row, ", ", json);
  g_string_append_c (json, '}');
}

void
rsc_csv_write_header (const RscRows *rows,
                      GString       *csv)
{
  gboolean first = TRUE;

  for (gsize i = 0; i < rows->n_fields; i++)
    {
      if (rows->fields[i].flags & RSC_FIELD_TABLE_ONLY)
        continue;
      g_string_append_printf (csv, "%s%s", first ? "" : ",", rows->fields[i].key);
      first = FALSE;
    }

  g_string_append_c (csv, '\n');
}

static void
append_csv_text (GString    *csv,
                 const char *text)
{
  if (strpbrk (text, ",\"\r\n") == NULL)
    {
      g_string_append (csv, text);
      return;
    }

  g_string_append_c (csv, '"');
  for (const char *p = text; *p != '\0'; p++)
    {
      if (*p == '"')
        g_string_append_c (csv, '"');
      g_string_append_c (csv, *p);
    }
  g_string_append_c (csv, '"');
}

void
rsc_csv_append_row (const RscRows *rows,
                    gsize          row,
                    GString       *csv)
{
  g_autofree RscCell *cells = g_new0 (RscCell, rows->n_fields);
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];
  gboolean first = TRUE;

  rsc_rows_fill (rows, row, RSC_ROWS_ALL_FIELDS, cells);

  for (gsize i = 0; i < rows->n_fields; i++)
    {
      if (rows->fields[i].flags & RSC_FIELD_TABLE_ONLY)
        continue;
      if (!first)
        g_string_append_c (csv, ',');
      first = FALSE;
      if (!cells[i].known)
        continue;

      switch (rows->fields[i].kind)
        {
        case RSC_FIELD_TEXT:
          append_csv_text (csv, cells[i].text);
          break;
        case RSC_FIELD_REAL:
          g_string_append (csv, g_ascii_formatd (buffer, sizeof buffer, "%.3f", cells[i].real));
          break;
        case RSC_FIELD_ADDRESS:
          g_string_append_printf (csv, "0x%" G_GINT64_MODIFIER "x", cells[i].number);
          break;
        case RSC_FIELD_SIGNED:
          g_string_append_printf (csv, "%" G_GINT64_FORMAT, (gint64) cells[i].number);
          break;
        case RSC_FIELD_COUNT:
        case RSC_FIELD_BYTES:
        case RSC_FIELD_BOOLEAN:
        default:
          g_string_append_printf (csv, "%" G_GUINT64_FORMAT, cells[i].number);
          break;
        }
    }

  g_string_append_c (csv, '\n');
  rsc_cells_clear (cells, rows->n_fields);
}

/* --- printing --- */

typedef enum
{
  FORMAT_TABLE,
  FORMAT_JSON,
  FORMAT_CSV
} Format;

typedef struct
{
  const RscRows *rows;
  RscCli *cli;
  Format format;
  gsize n_shown;
} Printing;

static Format
find_format (RscCli *cli)
{
  if (cli->options.json)
    return FORMAT_JSON;
  if (cli->options.csv)
    return FORMAT_CSV;
  if (rsc_options_output_ends (&cli->options, ".json"))
    return FORMAT_JSON;
  if (rsc_options_output_ends (&cli->options, ".csv"))
    return FORMAT_CSV;

  return FORMAT_TABLE;
}

static guint
find_terminal_width (RscCli *cli)
{
  struct winsize size;

  if (cli->options.output != NULL || !cli->result_is_tty)
    return 0;
  if (ioctl (cli->result_fd, TIOCGWINSZ, &size) != 0)
    return 0;

  return size.ws_col;
}

static void
emit_json (Printing  *printing,
           RscOutput *output)
{
  const RscRows *rows = printing->rows;
  GString *json = rsc_output_get_buffer (output);
  gboolean wrap = printing->cli->options.wrap && !rows->single;

  if (rows->single)
    {
      g_string_append (json, "{\n  ");
      append_json_members (rows, 0, ",\n  ", json);
      if (rows->append_more != NULL)
        rows->append_more (json, rows->data);
      rsc_source_append_exit_status (printing->cli, json);
      g_string_append (json, "\n}\n");
      return;
    }

  if (wrap)
    g_string_append_printf (json, "{\n\"total\": %" G_GSIZE_FORMAT ",\n\"rows\": ", rows->n_rows);

  g_string_append_c (json, '[');
  for (gsize i = 0; i < printing->n_shown && rsc_output_flush_some (output); i++)
    {
      g_string_append (json, i > 0 ? ",\n  " : "\n  ");
      rsc_rows_append_json_row (rows, i, json);
    }
  g_string_append (json, printing->n_shown > 0 ? "\n]" : "]");

  if (wrap)
    {
      rsc_source_append_exit_status (printing->cli, json);
      g_string_append (json, "\n}");
    }
  g_string_append_c (json, '\n');
}

static void
emit_csv (Printing  *printing,
          RscOutput *output)
{
  GString *csv = rsc_output_get_buffer (output);

  rsc_csv_write_header (printing->rows, csv);
  for (gsize i = 0; i < printing->n_shown && rsc_output_flush_some (output); i++)
    rsc_csv_append_row (printing->rows, i, csv);
}

/* As many rows as --limit says. */
static gsize
count_shown (const RscRows *rows,
             RscCli        *cli,
             Format         format)
{
  gint64 limit = cli->options.limit;

  if (limit < 0)
    limit = format == FORMAT_TABLE ? DEFAULT_TABLE_ROWS : 0;
  if (limit == 0 || rows->single)
    return rows->n_rows;

  return MIN ((guint64) limit, rows->n_rows);
}

static void
emit_table (const RscRows *rows,
            RscCli        *cli,
            RscOutput     *output)
{
  GString *text = rsc_output_get_buffer (output);
  gsize n_shown = count_shown (rows, cli, FORMAT_TABLE);

  if (rows->n_rows > 0)
    rsc_table_write (rows, n_shown, find_terminal_width (cli), output);
  else if (rows->if_empty != NULL)
    g_string_append_printf (text, "%s\n", rows->if_empty);

  if (n_shown < rows->n_rows)
    {
      /* Translators: below a table that was cut. */
      g_string_append_printf (text, g_dngettext (RSC_GETTEXT_DOMAIN, "… and %zu more row (--limit 0 shows all)",
                                                 "… and %zu more rows (--limit 0 shows all)", rows->n_rows - n_shown),
                              rows->n_rows - n_shown);
      g_string_append_c (text, '\n');
    }

  if (rows->footer != NULL)
    g_string_append_printf (text, "%s\n", rows->footer);

  if (rows->details != NULL && rows->details->n_rows > 0)
    {
      g_string_append_c (text, '\n');
      emit_table (rows->details, cli, output);
    }
}

static void
emit (RscOutput *output,
      gpointer   data)
{
  Printing *printing = data;

  switch (printing->format)
    {
    case FORMAT_JSON:
      emit_json (printing, output);
      break;
    case FORMAT_CSV:
      emit_csv (printing, output);
      break;
    case FORMAT_TABLE:
    default:
      emit_table (printing->rows, printing->cli, output);
      break;
    }
}

gboolean
rsc_rows_print (const RscRows  *self,
                RscCli         *cli,
                GError        **error)
{
  Printing printing = { .rows = self, .cli = cli, .format = find_format (cli) };
  g_autoptr (GError) finish_error = NULL;

  if (cli->options.fail_if != NULL
      && !rsc_condition_evaluate (cli->options.fail_if, self, cli->cancellable, &cli->condition_held, error))
    return FALSE;

  /* The result is there: who gives up waiting for the program still gets it. */
  rsc_source_finish (cli, &finish_error);

  printing.n_shown = count_shown (self, cli, printing.format);

  if (!rsc_output_run (cli, emit, &printing, error))
    return FALSE;

  if (finish_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&finish_error));
      return FALSE;
    }

  return TRUE;
}
