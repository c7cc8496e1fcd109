#include "rsc-cli-printable.h"
#include "rsc-cli-rows.h"

#include <string.h>

#include <glib/gi18n-lib.h>

/* Between two columns. */
#define GAP 2
/* An elastic column is never cut to less. */
#define MIN_ELASTIC 10

/* How many columns of a terminal @text takes. */
static guint
measure (const char *text)
{
  guint width = 0;

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (g_unichar_iszerowidth (c))
        continue;
      width += g_unichar_iswide (c) ? 2 : 1;
    }

  return width;
}

/* Cut so that at most @width columns are used; ends in an ellipsis then. */
static void
cut (char **text,
     guint  width)
{
  guint used = 0;

  if (measure (*text) <= width)
    return;

  for (char *p = *text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);
      guint w = g_unichar_iszerowidth (c) ? 0 : g_unichar_iswide (c) ? 2 : 1;

      if (used + w + 1 > width)
        {
          g_autofree char *head = g_strndup (*text, (gsize) (p - *text));

          g_free (*text);
          *text = g_strconcat (head, "…", NULL);
          return;
        }
      used += w;
    }
}

/* Short ones in the unit that needs no rounding. */
static char *
format_bytes (guint64 bytes)
{
  if (bytes < 1024)
    return g_strdup_printf ("%" G_GUINT64_FORMAT " B", bytes);

  return g_format_size_full (bytes, G_FORMAT_SIZE_IEC_UNITS);
}

static char *
format_cell (const RscField *field,
             const RscCell  *cell)
{
  if (!cell->known)
    return g_strdup ("-");

  switch (field->kind)
    {
    case RSC_FIELD_TEXT:
      return rsc_printable (cell->text);
    case RSC_FIELD_COUNT:
      return g_strdup_printf ("%" G_GUINT64_FORMAT, cell->number);
    case RSC_FIELD_SIGNED:
      return g_strdup_printf ("%" G_GINT64_FORMAT, (gint64) cell->number);
    case RSC_FIELD_BYTES:
      return format_bytes (cell->number);
    case RSC_FIELD_REAL:
      return g_strdup_printf ("%.1f", cell->real);
    case RSC_FIELD_BOOLEAN:
      return g_strdup (cell->number != 0 ? _("yes") : _("no"));
    case RSC_FIELD_ADDRESS:
      return g_strdup_printf ("0x%" G_GINT64_MODIFIER "x", cell->number);
    default:
      g_assert_not_reached ();
    }
}

static const char *
get_heading (const RscField *field)
{
  return field->heading != NULL ? _(field->heading) : field->key;
}

static gboolean
is_number (const RscField *field)
{
  return field->kind == RSC_FIELD_COUNT || field->kind == RSC_FIELD_SIGNED
         || field->kind == RSC_FIELD_BYTES || field->kind == RSC_FIELD_REAL;
}

static void
append_padding (GString *line,
                guint    n)
{
  for (guint i = 0; i < n; i++)
    g_string_append_c (line, ' ');
}

/* One line; numbers to the right, no trailing blanks. */
static void
append_line (const RscRows *rows,
             char         **texts,
             const guint   *widths,
             GString       *line)
{
  gsize start = line->len;
  gboolean first = TRUE;

  for (gsize i = 0; i < rows->n_fields; i++)
    {
      guint pad;

      if (rows->fields[i].flags & RSC_FIELD_HIDDEN)
        continue;

      if (!first)
        append_padding (line, GAP);
      first = FALSE;

      cut (&texts[i], widths[i]);
      pad = widths[i] - measure (texts[i]);
      if (is_number (&rows->fields[i]))
        append_padding (line, pad);
      g_string_append (line, texts[i]);
      if (!is_number (&rows->fields[i]))
        append_padding (line, pad);
    }

  while (line->len > start && line->str[line->len - 1] == ' ')
    g_string_truncate (line, line->len - 1);
  g_string_append_c (line, '\n');
}

static guint32
get_shown_fields (const RscRows *rows)
{
  guint32 shown = 0;

  for (gsize i = 0; i < rows->n_fields; i++)
    if (!(rows->fields[i].flags & RSC_FIELD_HIDDEN))
      shown |= 1u << i;

  return shown;
}

static void
format_row (const RscRows *rows,
            gsize          row,
            RscCell       *cells,
            char         **texts)
{
  rsc_rows_fill (rows, row, get_shown_fields (rows), cells);
  for (gsize i = 0; i < rows->n_fields; i++)
    texts[i] = rows->fields[i].flags & RSC_FIELD_HIDDEN ? NULL : format_cell (&rows->fields[i], &cells[i]);
  rsc_cells_clear (cells, rows->n_fields);
}

static void
clear_texts (char **texts,
             gsize  n)
{
  for (gsize i = 0; i < n; i++)
    g_clear_pointer (&texts[i], g_free);
}

/* Takes from the elastic columns what is too much for the terminal. */
static void
fit_widths (const RscRows *rows,
            guint         *widths,
            guint          terminal_width)
{
  guint total = 0;

  for (gsize i = 0; i < rows->n_fields; i++)
    if (!(rows->fields[i].flags & RSC_FIELD_HIDDEN))
      total += widths[i] + (total > 0 ? GAP : 0);

  for (gsize i = rows->n_fields; i > 0 && total > terminal_width; i--)
    {
      guint width = widths[i - 1];
      guint excess = total - terminal_width;

      if (!(rows->fields[i - 1].flags & RSC_FIELD_ELASTIC) || width <= MIN_ELASTIC)
        continue;

      widths[i - 1] = MAX (MIN_ELASTIC, width > excess ? width - excess : 0);
      total -= width - widths[i - 1];
    }
}

static void
write_single (const RscRows *rows,
              RscOutput     *output)
{
  g_autofree RscCell *cells = g_new0 (RscCell, rows->n_fields);
  g_autofree char **texts = g_new0 (char *, rows->n_fields);
  GString *text = rsc_output_get_buffer (output);
  guint width = 0;

  /* What is not known takes no line. */
  rsc_rows_fill (rows, 0, get_shown_fields (rows), cells);
  for (gsize i = 0; i < rows->n_fields; i++)
    if (cells[i].known && !(rows->fields[i].flags & RSC_FIELD_HIDDEN))
      texts[i] = format_cell (&rows->fields[i], &cells[i]);
  rsc_cells_clear (cells, rows->n_fields);

  for (gsize i = 0; i < rows->n_fields; i++)
    if (texts[i] != NULL)
      width = MAX (width, measure (get_heading (&rows->fields[i])));

  for (gsize i = 0; i < rows->n_fields; i++)
    {
      const char *heading = get_heading (&rows->fields[i]);

      if (texts[i] == NULL)
        continue;
      g_string_append_printf (text, "%s:", heading);
      append_padding (text, width - measure (heading) + 1);
      g_string_append_printf (text, "%s\n", texts[i]);
    }

  clear_texts (texts, rows->n_fields);
}

void
rsc_table_write (const RscRows *rows,
                 gsize          n_shown,
                 guint          terminal_width,
                 RscOutput     *output)
{
  g_autofree RscCell *cells = NULL;
  g_autofree char **texts = NULL;
  g_autofree guint *widths = NULL;
  GString *buffer = rsc_output_get_buffer (output);

  if (rows->single)
    {
      write_single (rows, output);
      return;
    }

  cells = g_new0 (RscCell, rows->n_fields);
  texts = g_new0 (char *, rows->n_fields);
  widths = g_new0 (guint, rows->n_fields);

  for (gsize i = 0; i < rows->n_fields; i++)
    if (!(rows->fields[i].flags & RSC_FIELD_HIDDEN))
      widths[i] = measure (get_heading (&rows->fields[i]));

  /* The cells are made twice, once to be measured: rows are not kept. */
  for (gsize row = 0; row < n_shown; row++)
    {
      format_row (rows, row, cells, texts);
      for (gsize i = 0; i < rows->n_fields; i++)
        if (texts[i] != NULL)
          widths[i] = MAX (widths[i], measure (texts[i]));
      clear_texts (texts, rows->n_fields);
    }

  if (terminal_width > 0)
    fit_widths (rows, widths, terminal_width);

  for (gsize i = 0; i < rows->n_fields; i++)
    texts[i] = rows->fields[i].flags & RSC_FIELD_HIDDEN ? NULL : g_strdup (get_heading (&rows->fields[i]));
  append_line (rows, texts, widths, buffer);
  clear_texts (texts, rows->n_fields);

  for (gsize row = 0; row < n_shown && rsc_output_flush_some (output); row++)
    {
      format_row (rows, row, cells, texts);
      append_line (rows, texts, widths, buffer);
      clear_texts (texts, rows->n_fields);
    }
}
