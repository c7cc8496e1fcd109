#include "config.h"

#include "rsc-label.h"

#include <pango/pangocairo.h>
#include <string.h>

#define FAMILIES "Adwaita Sans, Inter, Cantarell, Noto Sans, Sans"
#define LINE_SPACING 1.08f

struct _RscLabelContext
{
  PangoFontMap *font_map;
  PangoContext *pango;
};

/* Glyphs of one font and direction; everything cairo needs to draw them. */
typedef struct
{
  cairo_font_face_t *face;
  cairo_matrix_t matrix; /* of the font */
  cairo_glyph_t *glyphs; /* relative to the label's centre */
  int n_glyphs;
  cairo_text_cluster_t *clusters;
  int n_clusters;
  cairo_text_cluster_flags_t flags;
  gsize start;           /* of its bytes in the text */
  gsize length;
  guint line;
} Run;

struct _RscLabel
{
  char *text;
  double width, height;
  double font_size;
  Run *runs;
  gsize n_runs;
  RscLabelLine *lines;
  gsize n_lines;
};

static const double font_sizes[] = {
  [RSC_LABEL_NODE] = 11, [RSC_LABEL_EDGE] = 9, [RSC_LABEL_FOLD] = 9.5, [RSC_LABEL_BADGE] = 8
};

RscLabelContext *
rsc_label_context_new (void)
{
  RscLabelContext *self = g_new0 (RscLabelContext, 1);
  cairo_font_options_t *options = cairo_font_options_create ();

  /* Not the default map, which has hinted metrics and the display's resolution. */
  self->font_map = pango_cairo_font_map_new ();
  pango_cairo_font_map_set_resolution (PANGO_CAIRO_FONT_MAP (self->font_map), 72);
  self->pango = pango_font_map_create_context (self->font_map);
  cairo_font_options_set_hint_style (options, CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics (options, CAIRO_HINT_METRICS_OFF);
  cairo_font_options_set_antialias (options, CAIRO_ANTIALIAS_GRAY);
  pango_cairo_context_set_font_options (self->pango, options);
  pango_context_set_round_glyph_positions (self->pango, FALSE);
  cairo_font_options_destroy (options);
  return self;
}

void
rsc_label_context_free (RscLabelContext *self)
{
  g_object_unref (self->pango);
  g_object_unref (self->font_map);
  g_free (self);
}

RscLabelContext *
rsc_label_context_get_for_thread (void)
{
  static GPrivate private = G_PRIVATE_INIT ((GDestroyNotify) rsc_label_context_free);
  RscLabelContext *self = g_private_get (&private);

  if (self == NULL)
    {
      self = rsc_label_context_new ();
      g_private_set (&private, self);
    }
  return self;
}

const char *
rsc_label_get_families (void)
{
  return FAMILIES;
}

/* Appends one line, cut; combining marks stay with their base. */
static void
append_line (GString *out, const char *line, gsize length)
{
  const char *end = line + length;
  const char *cut = NULL;
  guint n_chars = 0;

  for (const char *p = line; p < end; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (g_unichar_iszerowidth (c))
        continue;
      if (n_chars == RSC_LABEL_MAX_CHARS - 1)
        cut = p;
      n_chars++;
    }
  if (n_chars > RSC_LABEL_MAX_CHARS)
    end = cut;
  for (const char *p = line; p < end; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      /* U+2028 and U+2029 would begin a line of their own in Pango. */
      if (g_unichar_iscntrl (c) || c == 0x2028 || c == 0x2029)
        g_string_append_c (out, ' ');
      else
        g_string_append_unichar (out, c);
    }
  if (cut == end)
    g_string_append (out, "…");
}

static char *
dup_shown_text (const char *text)
{
  g_autoptr(GString) shown = g_string_new (NULL);
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  guint n_lines = 0;

  for (const char *line = valid; line != NULL; n_lines++)
    {
      const char *newline = strchr (line, '\n');

      if (n_lines > 0)
        g_string_append_c (shown, '\n');
      if (n_lines == RSC_LABEL_MAX_LINES - 1 && newline != NULL)
        {
          g_string_append (shown, "…");
          break;
        }
      append_line (shown, line, newline != NULL ? (gsize) (newline - line) : strlen (line));
      line = newline != NULL ? newline + 1 : NULL;
    }
  return g_string_free (g_steal_pointer (&shown), FALSE);
}

static PangoLayout *
make_layout (RscLabelContext *context, RscLabelStyle style, const char *text)
{
  PangoLayout *layout = pango_layout_new (context->pango);
  PangoFontDescription *font = pango_font_description_from_string (FAMILIES);

  pango_font_description_set_size (font, (int) (font_sizes[style] * PANGO_SCALE));
  if (style == RSC_LABEL_BADGE)
    pango_font_description_set_weight (font, PANGO_WEIGHT_BOLD);
  pango_layout_set_font_description (layout, font);
  pango_layout_set_alignment (layout, PANGO_ALIGN_CENTER);
  pango_layout_set_line_spacing (layout, LINE_SPACING);
  /* A line for a line, whatever its direction. */
  pango_layout_set_width (layout, -1);
  pango_layout_set_text (layout, text, -1);
  if (style == RSC_LABEL_NODE)
    {
      PangoAttrList *attributes = pango_attr_list_new ();
      PangoAttribute *bold = pango_attr_weight_new (PANGO_WEIGHT_BOLD);

      bold->start_index = 0;
      bold->end_index = (guint) strcspn (text, "\n");
      pango_attr_list_insert (attributes, bold);
      pango_layout_set_attributes (layout, attributes);
      pango_attr_list_unref (attributes);
    }
  pango_font_description_free (font);
  return layout;
}

/* Takes a run's glyphs and clusters off Pango, as Pango's own renderer would
 * hand them to cairo. */
static gboolean
run_init (Run *self, PangoLayoutRun *item, const char *text, double x, double baseline)
{
  PangoFont *pango_font = item->item->analysis.font;
  gboolean backward = (item->item->analysis.level & 1) != 0;
  cairo_scaled_font_t *font;
  PangoGlyphItemIter iter;
  double at = x;

  if (pango_font == NULL || !PANGO_IS_CAIRO_FONT (pango_font))
    return FALSE;
  font = pango_cairo_font_get_scaled_font (PANGO_CAIRO_FONT (pango_font));
  if (font == NULL || cairo_scaled_font_status (font) != CAIRO_STATUS_SUCCESS)
    return FALSE;

  self->face = cairo_font_face_reference (cairo_scaled_font_get_font_face (font));
  cairo_scaled_font_get_font_matrix (font, &self->matrix);
  self->start = (gsize) item->item->offset;
  self->length = (gsize) item->item->length;
  self->flags = backward ? CAIRO_TEXT_CLUSTER_FLAG_BACKWARD : 0;
  self->glyphs = g_new (cairo_glyph_t, MAX (item->glyphs->num_glyphs, 1));
  self->clusters = g_new (cairo_text_cluster_t, MAX (item->item->num_chars, 1));
  for (int g = 0; g < item->glyphs->num_glyphs; g++)
    {
      const PangoGlyphInfo *info = &item->glyphs->glyphs[g];

      if (info->glyph != PANGO_GLYPH_EMPTY)
        self->glyphs[self->n_glyphs++] = (cairo_glyph_t) {
          /* Without a glyph in any font: the font's own box. */
          .index = info->glyph & PANGO_GLYPH_UNKNOWN_FLAG ? 0 : info->glyph,
          .x = at + pango_units_to_double (info->geometry.x_offset),
          .y = baseline + pango_units_to_double (info->geometry.y_offset),
        };
      at += pango_units_to_double (info->geometry.width);
    }
  for (gboolean have = pango_glyph_item_iter_init_start (&iter, item, text); have;
       have = pango_glyph_item_iter_next_cluster (&iter))
    {
      int first = backward ? iter.end_glyph + 1 : iter.start_glyph;
      int last = backward ? iter.start_glyph + 1 : iter.end_glyph;
      cairo_text_cluster_t *cluster = &self->clusters[self->n_clusters++];

      cluster->num_bytes = iter.end_index - iter.start_index;
      cluster->num_glyphs = 0;
      for (int g = first; g < last; g++)
        if (item->glyphs->glyphs[g].glyph != PANGO_GLYPH_EMPTY)
          cluster->num_glyphs++;
    }
  return TRUE;
}

static void
take_glyphs (RscLabel *self, PangoLayout *layout)
{
  PangoLayoutIter *iter = pango_layout_get_iter (layout);
  g_autoptr(GArray) runs = g_array_new (FALSE, TRUE, sizeof (Run));
  g_autoptr(GArray) lines = g_array_new (FALSE, TRUE, sizeof (RscLabelLine));

  do
    {
      PangoLayoutLine *line = pango_layout_iter_get_line_readonly (iter);
      double baseline = pango_units_to_double (pango_layout_iter_get_baseline (iter)) - self->height / 2;
      PangoRectangle extents;
      RscLabelLine shown;
      double x;

      pango_layout_iter_get_line_extents (iter, NULL, &extents);
      x = pango_units_to_double (extents.x) - self->width / 2;
      shown = (RscLabelLine) {
        .text = self->text + line->start_index, .length = (gsize) line->length,
        .x = x, .baseline = baseline, .width = pango_units_to_double (extents.width),
      };
      for (GSList *l = line->runs; l != NULL; l = l->next)
        {
          PangoLayoutRun *item = l->data;
          Run run = { .line = lines->len };

          if (run_init (&run, item, self->text, x, baseline))
            g_array_append_val (runs, run);
          x += pango_units_to_double (pango_glyph_string_get_width (item->glyphs));
        }
      g_array_append_val (lines, shown);
    }
  while (pango_layout_iter_next_line (iter));
  pango_layout_iter_free (iter);

  self->n_runs = runs->len;
  self->runs = (Run *) (gpointer) g_array_free (g_steal_pointer (&runs), FALSE);
  self->n_lines = lines->len;
  self->lines = (RscLabelLine *) (gpointer) g_array_free (g_steal_pointer (&lines), FALSE);
}

RscLabel *
rsc_label_new (RscLabelContext *context, RscLabelStyle style, const char *text)
{
  RscLabel *self = g_new0 (RscLabel, 1);
  PangoLayout *layout;
  PangoRectangle logical;

  self->text = dup_shown_text (text);
  self->font_size = font_sizes[style];
  layout = make_layout (context, style, self->text);
  pango_layout_get_extents (layout, NULL, &logical);
  self->width = pango_units_to_double (logical.width);
  self->height = pango_units_to_double (logical.height);
  take_glyphs (self, layout);
  for (gsize l = 0; l < self->n_lines; l++)
    self->lines[l].bold = style == RSC_LABEL_BADGE || (style == RSC_LABEL_NODE && l == 0);
  g_object_unref (layout);
  return self;
}

void
rsc_label_free (RscLabel *self)
{
  for (gsize r = 0; r < self->n_runs; r++)
    {
      cairo_font_face_destroy (self->runs[r].face);
      g_free (self->runs[r].glyphs);
      g_free (self->runs[r].clusters);
    }
  g_free (self->runs);
  g_free (self->lines);
  g_free (self->text);
  g_free (self);
}

void
rsc_label_get_size (const RscLabel *self, double *width, double *height)
{
  *width = self->width;
  *height = self->height;
}

const char *
rsc_label_get_text (const RscLabel *self)
{
  return self->text;
}

double
rsc_label_get_font_size (const RscLabel *self)
{
  return self->font_size;
}

const RscLabelLine *
rsc_label_get_lines (const RscLabel *self, gsize *n_lines)
{
  *n_lines = self->n_lines;
  return self->lines;
}

static void
draw_run (const RscLabel *self, const Run *run, cairo_t *cr)
{
  cairo_set_font_face (cr, run->face);
  cairo_set_font_matrix (cr, &run->matrix);
  cairo_show_text_glyphs (cr, self->text + run->start, (int) run->length, run->glyphs, run->n_glyphs,
                          run->clusters, run->n_clusters, run->flags);
}

static void
begin_drawing (cairo_t *cr, double x, double y)
{
  cairo_font_options_t *options = cairo_font_options_create ();

  cairo_save (cr);
  cairo_translate (cr, x, y);
  cairo_font_options_set_hint_style (options, CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics (options, CAIRO_HINT_METRICS_OFF);
  cairo_font_options_set_antialias (options, CAIRO_ANTIALIAS_GRAY);
  cairo_set_font_options (cr, options);
  cairo_font_options_destroy (options);
}

void
rsc_label_draw (const RscLabel *self, cairo_t *cr, double x, double y)
{
  begin_drawing (cr, x, y);
  for (gsize r = 0; r < self->n_runs; r++)
    draw_run (self, &self->runs[r], cr);
  cairo_restore (cr);
}

static void
set_source_rgb (cairo_t *cr, guint32 rgb)
{
  cairo_set_source_rgb (cr, (rgb >> 16 & 0xff) / 255.0, (rgb >> 8 & 0xff) / 255.0, (rgb & 0xff) / 255.0);
}

void
rsc_label_draw_colored (const RscLabel *self, cairo_t *cr, double x, double y, guint32 first_rgb, guint32 rest_rgb)
{
  begin_drawing (cr, x, y);
  for (gsize r = 0; r < self->n_runs; r++)
    {
      set_source_rgb (cr, self->runs[r].line == 0 ? first_rgb : rest_rgb);
      draw_run (self, &self->runs[r], cr);
    }
  cairo_restore (cr);
}
