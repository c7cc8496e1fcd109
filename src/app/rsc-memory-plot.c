#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-memory-plot.h"

#include <adwaita.h>
#include <math.h>

#include "rsc-number.h"
#include "rsc-plot-scale.h"
#include "rsc-plot-swatch.h"
#include "rsc-session.h"

/* Of the curves; above them is a line for the marks' numbers, below them a row for the collections of each generation, and a line
 * for the times. */
#define CURVES_HEIGHT 128
#define MINIMUM_WIDTH 120
#define MARGIN 4
/* Between a label and what it belongs to. */
#define GAP 6
/* The lines across. */
#define BYTE_STEPS_MAX 3
/* What the time axis has from the beginning on. */
#define SECONDS_MIN 1.0
/* Collections come by the thousand: one bar stands for all of a column. */
#define BIN_WIDTH 2
#define ROW_HEIGHT_MIN 16
/* Of rings that would hide each other one is drawn. */
#define RING_DISTANCE 8.0
#define BAR_MIN 2.0
/* A mark at the right edge has its number so far (in pixels) inside. */
#define LABEL_DISTANCE 14.0
/* What is pointed at is at most so far away, in pixels. */
#define POINTED_DISTANCE 6.0

struct _RscMemoryPlot
{
  GtkWidget parent_instance;
  GArray *points;   /* of RscMemoryPoint */
  GArray *recorded; /* of RscRecordedCollection */
  gboolean has_marks, has_collections;
};

G_DEFINE_FINAL_TYPE (RscMemoryPlot, rsc_memory_plot, GTK_TYPE_WIDGET)

typedef struct
{
  double left, right;   /* of the time axis */
  double top, bottom;   /* of the curves */
  double row;           /* height of one, 0 if there are none; they begin below the curves */
  double axis;          /* where the times begin */
  double line;          /* height of a line of text */
  double seconds;       /* the whole time */
  guint64 bytes, byte_step; /* the top, and the lines across */
} Scale;

/* Text at the edges is smaller, like other captions. */
static PangoLayout *
make_layout (RscMemoryPlot *self, const char *text)
{
  PangoLayout *layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), text);
  g_autoptr (PangoAttrList) attributes = pango_attr_list_new ();

  pango_attr_list_insert (attributes, pango_attr_scale_new (0.82));
  pango_layout_set_attributes (layout, attributes);

  return layout;
}

static void
measure_text (RscMemoryPlot *self, const char *text, int *width, int *height)
{
  g_autoptr (PangoLayout) layout = make_layout (self, text);

  pango_layout_get_pixel_size (layout, width, height);
}

static int
get_text_width (RscMemoryPlot *self, const char *text)
{
  int width;

  measure_text (self, text, &width, NULL);

  return width;
}

static int
get_line_height (RscMemoryPlot *self)
{
  int height;

  measure_text (self, "8", NULL, &height);

  return height;
}

static char *
dup_generation (guint generation)
{
  /* Translators: a generation of the collector, at the edge of a plot: short */
  return g_strdup_printf (_("Gen. %u"), generation);
}

static double
x_of (const Scale *scale, double seconds)
{
  return scale->left + (scale->right - scale->left) * seconds / scale->seconds;
}

static double
y_of (const Scale *scale, guint64 bytes)
{
  return scale->bottom - (scale->bottom - scale->top) * (double) bytes / (double) scale->bytes;
}

/* Where the row of a generation ends: that of the youngest is the lowest. */
static double
get_row_bottom (const Scale *scale, guint generation)
{
  return scale->axis - scale->row * generation;
}

static double
get_above (RscMemoryPlot *self, int line)
{
  return self->has_marks ? line + 2 : line / 2 + 1;
}

static double
get_row_height (RscMemoryPlot *self, int line)
{
  return self->has_collections ? MAX (line, ROW_HEIGHT_MIN) : 0;
}

/* FALSE: there is nothing to draw. */
static gboolean
get_scale (RscMemoryPlot *self, Scale *scale)
{
  int width = gtk_widget_get_width (GTK_WIDGET (self)), height = gtk_widget_get_height (GTK_WIDGET (self));
  int line, gutter;
  g_autofree char *top = NULL;
  g_autofree char *generation = dup_generation (0);

  if (self->points == NULL || (self->points->len == 0 && self->recorded->len == 0) || width < 1 || height < 1)
    return FALSE;

  *scale = (Scale) { .seconds = SECONDS_MIN, .bytes = 1 };
  for (guint i = 0; i < self->points->len; i++)
    {
      const RscMemoryPoint *point = &g_array_index (self->points, RscMemoryPoint, i);

      scale->seconds = MAX (scale->seconds, point->seconds);
      scale->bytes = MAX (scale->bytes, MAX (point->uss, point->rss));
    }
  if (self->recorded->len > 0)
    {
      const RscRecordedCollection *last = &g_array_index (self->recorded, RscRecordedCollection, self->recorded->len - 1);

      scale->seconds = MAX (scale->seconds, last->seconds + last->duration);
    }

  scale->byte_step = rsc_plot_get_byte_step (scale->bytes, BYTE_STEPS_MAX);
  scale->bytes = (scale->bytes + scale->byte_step - 1) / scale->byte_step * scale->byte_step;
  top = rsc_plot_dup_bytes (scale->bytes, scale->byte_step);
  gutter = get_text_width (self, top);
  if (self->has_collections)
    gutter = MAX (gutter, get_text_width (self, generation));
  line = get_line_height (self);
  scale->line = line;
  scale->left = gutter + GAP;
  scale->right = MAX (width - MARGIN, scale->left + 1);
  scale->row = get_row_height (self, line);
  scale->top = get_above (self, line);
  scale->axis = MAX (height - line - GAP / 2, scale->top + 1);
  scale->bottom = MAX (scale->axis - (scale->row > 0 ? scale->row * RSC_PLOT_GENERATIONS + GAP : 0), scale->top + 1);

  return TRUE;
}

/* The columns that bars are drawn in; free it. */
static RscPlotBin *
make_bins (RscMemoryPlot *self, const Scale *scale, guint *n_bins)
{
  RscPlotBin *bins;

  *n_bins = (guint) MAX ((scale->right - scale->left) / BIN_WIDTH, 1);
  bins = g_new (RscPlotBin, RSC_PLOT_GENERATIONS * *n_bins);
  /* They end where the axis does, but for a pixel. */
  rsc_plot_fill_bins (self->recorded, scale->seconds * (*n_bins * BIN_WIDTH) / (scale->right - scale->left), *n_bins, bins);

  return bins;
}

static double
get_longest (const RscPlotBin *bins, guint n_bins)
{
  double longest = 0;

  for (guint i = 0; i < RSC_PLOT_GENERATIONS * n_bins; i++)
    longest = MAX (longest, bins[i].duration);

  return longest;
}

/* Drawing. */

/* @x_align: where @x is in the text: 0 its beginning, 1 its end.  The text stays within the widget. */
static void
draw_text (RscMemoryPlot *self, cairo_t *cr, double x, double y, double x_align, const char *text)
{
  g_autoptr (PangoLayout) layout = make_layout (self, text);
  int width, all = gtk_widget_get_width (GTK_WIDGET (self));

  pango_layout_get_pixel_size (layout, &width, NULL);
  cairo_move_to (cr, (int) MAX (MIN (x - width * x_align, all - width), 0), y);
  pango_cairo_show_layout (cr, layout);
}

static void
draw_horizontal (cairo_t *cr, const Scale *scale, double y)
{
  cairo_rectangle (cr, scale->left, (int) y, scale->right - scale->left, 1);
  cairo_fill (cr);
}

static void
draw_axes (RscMemoryPlot *self, cairo_t *cr, const Scale *scale)
{
  GtkWidget *widget = GTK_WIDGET (self);
  /* As wide as those to come will be. */
  g_autofree char *sample = rsc_plot_dup_time (scale->seconds < 60 ? 55 : scale->seconds < 3600 ? 3570 : 37 * 3600 + 1800);
  double least = 1.5 * get_text_width (self, sample) + GAP;
  double step = rsc_plot_get_time_step (scale->seconds, scale->right - scale->left, least);

  for (guint64 bytes = 0; bytes <= scale->bytes; bytes += scale->byte_step)
    {
      g_autofree char *text = rsc_plot_dup_bytes (bytes, scale->byte_step);
      double y = y_of (scale, bytes);

      rsc_plot_set_grid (cr, widget);
      draw_horizontal (cr, scale, y);
      rsc_plot_set_text (cr, widget);
      draw_text (self, cr, scale->left - GAP, y - scale->line / 2, 1, text);
      if (bytes > G_MAXUINT64 - scale->byte_step)
        break;
    }
  for (guint i = 0; scale->row > 0 && i < RSC_PLOT_GENERATIONS; i++)
    {
      g_autofree char *text = dup_generation (i);
      double bottom = get_row_bottom (scale, i);

      rsc_plot_set_grid (cr, widget);
      draw_horizontal (cr, scale, bottom);
      rsc_plot_set_text (cr, widget);
      draw_text (self, cr, scale->left - GAP, bottom - (scale->row + scale->line) / 2, 1, text);
    }
  for (guint i = 0; i * step <= scale->seconds; i++)
    {
      g_autofree char *text = rsc_plot_dup_time (i * step);
      double x = (int) x_of (scale, i * step);

      rsc_plot_set_grid (cr, widget);
      if (i > 0)
        {
          cairo_rectangle (cr, x, scale->top, 1, scale->axis - scale->top);
          cairo_fill (cr);
        }
      rsc_plot_set_text (cr, widget);
      draw_text (self, cr, x, scale->axis + GAP / 2, i > 0 ? 0.5 : 0, text);
    }
}

static void
draw_line (RscMemoryPlot *self, cairo_t *cr, const Scale *scale, gboolean uss, gboolean fill)
{
  gboolean any = FALSE;
  double last_x = 0;

  for (guint i = 0; i < self->points->len; i++)
    {
      const RscMemoryPoint *point = &g_array_index (self->points, RscMemoryPoint, i);
      guint64 bytes = uss ? point->uss : point->rss;

      if (bytes == 0)
        continue;
      last_x = x_of (scale, point->seconds);
      if (any)
        cairo_line_to (cr, last_x, y_of (scale, bytes));
      else
        {
          if (fill)
            {
              cairo_move_to (cr, last_x, y_of (scale, 0));
              cairo_line_to (cr, last_x, y_of (scale, bytes));
            }
          else
            cairo_move_to (cr, last_x, y_of (scale, bytes));
        }
      any = TRUE;
    }
  if (!any)
    return;

  if (fill)
    {
      cairo_line_to (cr, last_x, y_of (scale, 0));
      cairo_close_path (cr);
      cairo_fill (cr);
    }
  else
    cairo_stroke (cr);
}

static void
draw_marks (RscMemoryPlot *self, cairo_t *cr, const Scale *scale)
{
  guint number = 0;
  double free_x = 0;

  rsc_plot_set_text (cr, GTK_WIDGET (self));
  for (guint i = 0; i < self->points->len; i++)
    {
      const RscMemoryPoint *point = &g_array_index (self->points, RscMemoryPoint, i);
      double x = x_of (scale, point->seconds);
      g_autofree char *text = NULL;

      if (point->hint == NULL)
        continue;

      text = g_strdup_printf ("%u", ++number);
      cairo_rectangle (cr, (int) x, scale->top, 1, scale->bottom - scale->top);
      cairo_fill (cr);
      /* Marks that came at the same time have their numbers side by side. */
      x = MAX (MIN (x + 2, scale->right - LABEL_DISTANCE), free_x);
      draw_text (self, cr, x, 0, 0, text);
      free_x = x + get_text_width (self, text) + 3;
    }
}

/* In the row of its generation; of all in a column of pixels the longest. */
static void
draw_recorded (RscMemoryPlot *self, cairo_t *cr, const Scale *scale)
{
  guint n_bins;
  g_autofree RscPlotBin *bins = make_bins (self, scale, &n_bins);
  double longest = get_longest (bins, n_bins);

  rsc_plot_set_source (cr, GTK_WIDGET (self), RSC_PLOT_COLLECTION);
  for (guint generation = 0; generation < RSC_PLOT_GENERATIONS; generation++)
    for (guint i = 0; i < n_bins; i++)
      {
        const RscPlotBin *bin = &bins[generation * n_bins + i];
        /* By the square root: those of the young are seen beside one of all, which takes a hundred times as long. */
        double height = longest > 0 ? MAX (round ((scale->row - 2) * sqrt (bin->duration / longest)), BAR_MIN) : BAR_MIN;

        if (bin->any)
          cairo_rectangle (cr, scale->left + i * BIN_WIDTH, (int) get_row_bottom (scale, generation) - height, BIN_WIDTH, height);
      }
  cairo_fill (cr);
}

static void
draw_unrecorded (RscMemoryPlot *self, cairo_t *cr, const Scale *scale)
{
  double last[RSC_PLOT_GENERATIONS] = { -RING_DISTANCE, -RING_DISTANCE, -RING_DISTANCE };

  rsc_plot_set_source (cr, GTK_WIDGET (self), RSC_PLOT_UNRECORDED);
  for (guint i = 0; i < self->points->len; i++)
    {
      const RscMemoryPoint *point = &g_array_index (self->points, RscMemoryPoint, i);

      guint generation = (guint) CLAMP (point->generation, 0, RSC_PLOT_GENERATIONS - 1);
      double x = x_of (scale, point->seconds);

      if (point->hint != NULL || point->generation < 0 || x < last[generation] + RING_DISTANCE)
        continue;
      rsc_plot_add_ring (cr, x, get_row_bottom (scale, generation) - 4);
      last[generation] = x;
    }
  cairo_stroke (cr);
}

static void
rsc_memory_plot_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  RscMemoryPlot *self = RSC_MEMORY_PLOT (widget);
  graphene_rect_t bounds;
  Scale scale;
  cairo_t *cr;

  if (!get_scale (self, &scale))
    return;

  graphene_rect_init (&bounds, 0, 0, (float) gtk_widget_get_width (widget), (float) gtk_widget_get_height (widget));
  cr = gtk_snapshot_append_cairo (snapshot, &bounds);
  draw_axes (self, cr, &scale);
  rsc_plot_set_area (cr, widget);
  draw_line (self, cr, &scale, TRUE, TRUE);
  rsc_plot_set_source (cr, widget, RSC_PLOT_RESIDENT);
  draw_line (self, cr, &scale, FALSE, FALSE);
  rsc_plot_set_source (cr, widget, RSC_PLOT_UNIQUE);
  draw_line (self, cr, &scale, TRUE, FALSE);
  if (self->has_marks)
    draw_marks (self, cr, &scale);
  if (scale.row > 0)
    {
      draw_recorded (self, cr, &scale);
      draw_unrecorded (self, cr, &scale);
    }
  cairo_destroy (cr);
}

/* What is pointed at. */

static char *
dup_bin_text (RscMemoryPlot *self, const RscPlotBin *bin)
{
  const RscRecordedCollection *item = &g_array_index (self->recorded, RscRecordedCollection, bin->longest);
  g_autofree char *title = rsc_recorded_dup_title (item);
  g_autofree char *details = rsc_recorded_dup_details (item);
  g_autofree char *number = rsc_number_dup (bin->count);
  g_autofree char *of = NULL;

  if (bin->count > 1)
    of = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%1$s collection here, %2$.2f ms together. The longest:",
                                       "%1$s collections here, %2$.2f ms together. The longest:", RSC_PLURAL (bin->count)),
                          number, bin->total * 1000);

  return of != NULL ? g_strdup_printf ("%s\n%s\n%s", of, title, details) : g_strdup_printf ("%s\n%s", title, details);
}

/* Of the row of @generation; NULL: nothing is near. */
static char *
dup_collection_text (RscMemoryPlot *self, const Scale *scale, guint generation, double x)
{
  guint n_bins;
  g_autofree RscPlotBin *bins = make_bins (self, scale, &n_bins);
  const RscPlotBin *row = bins + generation * n_bins, *nearest = NULL;
  const RscMemoryPoint *unrecorded = NULL;
  double distance = POINTED_DISTANCE;

  for (guint i = 0; i < n_bins; i++)
    {
      double from = scale->left + i * BIN_WIDTH;
      double away = x < from ? from - x : x > from + BIN_WIDTH ? x - from - BIN_WIDTH : 0;

      if (!row[i].any || away > distance || (nearest != NULL && away == distance && row[i].duration <= nearest->duration))
        continue;
      nearest = &row[i];
      distance = away;
    }
  for (guint i = 0; i < self->points->len; i++)
    {
      const RscMemoryPoint *point = &g_array_index (self->points, RscMemoryPoint, i);
      double away = fabs (x_of (scale, point->seconds) - x);

      if (point->hint != NULL || MIN (point->generation, 2) != (int) generation || away > distance || (nearest != NULL && away == distance))
        continue;
      unrecorded = point;
      distance = away;
    }
  if (unrecorded != NULL)
    return g_strdup_printf (_("Generation %1$d, at %2$.2f s: not recorded, so how long it took is not known"),
                            unrecorded->generation, unrecorded->seconds);

  return nearest != NULL ? dup_bin_text (self, nearest) : NULL;
}

/* The mark that is near, or how much memory it was. */
static char *
dup_memory_text (RscMemoryPlot *self, const Scale *scale, double x)
{
  const RscMemoryPoint *mark = NULL, *sample = NULL;
  double distance = POINTED_DISTANCE, sample_distance = G_MAXDOUBLE;
  g_autofree char *uss = NULL;
  g_autofree char *rss = NULL;
  g_autofree char *text = NULL;

  for (guint i = 0; i < self->points->len; i++)
    {
      const RscMemoryPoint *point = &g_array_index (self->points, RscMemoryPoint, i);
      double away = fabs (x_of (scale, point->seconds) - x);

      if (point->hint != NULL && away <= distance)
        {
          mark = point;
          distance = away;
        }
      if (point->uss > 0 && away < sample_distance)
        {
          sample = point;
          sample_distance = away;
        }
    }
  if (mark != NULL && mark->uss > 0)
    sample = mark;
  if (sample == NULL)
    return mark != NULL ? g_strdup (mark->hint) : NULL;

  uss = g_format_size_full (sample->uss, G_FORMAT_SIZE_IEC_UNITS);
  rss = g_format_size_full (sample->rss, G_FORMAT_SIZE_IEC_UNITS);
  text = g_strdup_printf (_("At %1$.2f s: USS %2$s, RSS %3$s"), sample->seconds, uss, rss);

  return mark != NULL ? g_strdup_printf ("%s\n%s", mark->hint, text) : g_steal_pointer (&text);
}

char *
rsc_memory_plot_dup_text_at (RscMemoryPlot *self, double x, double y)
{
  Scale scale;

  if (!get_scale (self, &scale) || x < scale.left - POINTED_DISTANCE || y > scale.axis)
    return NULL;

  if (scale.row > 0 && y > scale.bottom)
    return dup_collection_text (self, &scale, (guint) CLAMP ((scale.axis - y) / scale.row, 0, RSC_PLOT_GENERATIONS - 1), x);

  return dup_memory_text (self, &scale, x);
}

static gboolean
rsc_memory_plot_query_tooltip (GtkWidget *widget, int x, int y, gboolean keyboard, GtkTooltip *tooltip)
{
  g_autofree char *text = keyboard ? NULL : rsc_memory_plot_dup_text_at (RSC_MEMORY_PLOT (widget), x, y);

  if (text != NULL)
    gtk_tooltip_set_text (tooltip, text);

  return text != NULL;
}

static void
rsc_memory_plot_measure (GtkWidget *widget, GtkOrientation orientation, int for_size,
                         int *minimum, int *natural, int *minimum_baseline, int *natural_baseline)
{
  RscMemoryPlot *self = RSC_MEMORY_PLOT (widget);
  int line = get_line_height (self);
  double row = get_row_height (self, line);

  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    *minimum = MINIMUM_WIDTH;
  else
    *minimum = (int) (get_above (self, line) + CURVES_HEIGHT + (row > 0 ? row * RSC_PLOT_GENERATIONS + GAP : 0)) + GAP / 2 + line;
  *natural = *minimum;
}

static void
rsc_memory_plot_finalize (GObject *object)
{
  RscMemoryPlot *self = RSC_MEMORY_PLOT (object);

  g_clear_pointer (&self->points, g_array_unref);
  g_clear_pointer (&self->recorded, g_array_unref);

  G_OBJECT_CLASS (rsc_memory_plot_parent_class)->finalize (object);
}

static void
rsc_memory_plot_class_init (RscMemoryPlotClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = rsc_memory_plot_finalize;
  widget_class->snapshot = rsc_memory_plot_snapshot;
  widget_class->measure = rsc_memory_plot_measure;
  widget_class->query_tooltip = rsc_memory_plot_query_tooltip;
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
  gtk_widget_class_set_css_name (widget_class, "memoryplot");
}

static void
rsc_memory_plot_init (RscMemoryPlot *self)
{
  gtk_widget_set_has_tooltip (GTK_WIDGET (self), TRUE);
  g_signal_connect_object (adw_style_manager_get_default (), "notify::high-contrast", G_CALLBACK (gtk_widget_queue_draw), self,
                           G_CONNECT_SWAPPED);
}

void
rsc_memory_plot_set_points (RscMemoryPlot *self, GArray *points, GArray *recorded)
{
  g_clear_pointer (&self->points, g_array_unref);
  g_clear_pointer (&self->recorded, g_array_unref);
  self->points = g_array_ref (points);
  self->recorded = g_array_ref (recorded);
  rsc_memory_plot_changed (self);
}

/* What comes needs room. */
static void
look_what_there_is (RscMemoryPlot *self)
{
  gboolean has_marks = FALSE, has_collections = self->recorded->len > 0;

  for (guint i = 0; i < self->points->len; i++)
    {
      const RscMemoryPoint *point = &g_array_index (self->points, RscMemoryPoint, i);

      has_marks |= point->hint != NULL;
      has_collections |= point->hint == NULL && point->generation >= 0;
    }
  if (has_marks == self->has_marks && has_collections == self->has_collections)
    return;

  self->has_marks = has_marks;
  self->has_collections = has_collections;
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

void
rsc_memory_plot_changed (RscMemoryPlot *self)
{
  g_autofree char *text = NULL;

  look_what_there_is (self);
  for (guint i = self->points->len; i > 0 && text == NULL; i--)
    {
      const RscMemoryPoint *point = &g_array_index (self->points, RscMemoryPoint, i - 1);

      if (point->uss > 0)
        {
          g_autofree char *uss = g_format_size_full (point->uss, G_FORMAT_SIZE_IEC_UNITS);
          g_autofree char *rss = g_format_size_full (point->rss, G_FORMAT_SIZE_IEC_UNITS);

          text = g_strdup_printf (_("Memory over time. Now %s unique, %s resident."), uss, rss);
        }
    }
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  text != NULL ? text : _("Memory over time"), -1);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}
