#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-memory-plot.h"

#include <math.h>

#include "rsc-session.h"

/* Of the curves; above them are two lines of text. */
#define CURVES_HEIGHT 128
#define MINIMUM_WIDTH 120
#define MARGIN 4.0
/* A mark at the right edge has its number so far (in pixels) inside. */
#define LABEL_DISTANCE 14.0
/* What is pointed at is at most so far away, in pixels. */
#define POINTED_DISTANCE 6.0

struct _RscMemoryPlot
{
  GtkWidget parent_instance;
  GArray *points;   /* of RscMemoryPoint */
  GArray *recorded; /* of RscRecordedCollection */
};

G_DEFINE_FINAL_TYPE (RscMemoryPlot, rsc_memory_plot, GTK_TYPE_WIDGET)

typedef struct
{
  double width, height;
  double seconds; /* the whole time */
  guint64 bytes;  /* the top */
  double top;     /* where the plot begins: above it are the size, and the numbers of the marks */
} Scale;

static double
x_of (const Scale *scale, double seconds)
{
  return MARGIN + (scale->width - 2 * MARGIN) * seconds / scale->seconds;
}

static double
y_of (const Scale *scale, guint64 bytes)
{
  double bottom = scale->height - MARGIN;

  return bottom - (bottom - scale->top) * (double) bytes / (double) scale->bytes;
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

static double
get_line_height (RscMemoryPlot *self)
{
  g_autoptr (PangoLayout) layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), "8");
  int height;

  pango_layout_get_pixel_size (layout, NULL, &height);

  return height;
}

/* Returns where the text ends. */
static double
draw_text (RscMemoryPlot *self, cairo_t *cr, double x, double y, double max_x, const char *text)
{
  g_autoptr (PangoLayout) layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), text);
  int width, height;

  pango_layout_set_width (layout, (int) MAX (max_x - x, 20.0) * PANGO_SCALE);
  pango_layout_set_ellipsize (layout, PANGO_ELLIPSIZE_END);
  pango_layout_get_pixel_size (layout, &width, &height);
  cairo_move_to (cr, x, y);
  pango_cairo_show_layout (cr, layout);

  return x + width;
}

static void
draw_events (RscMemoryPlot *self, cairo_t *cr, const Scale *scale, const GdkRGBA *color)
{
  const double dashes[] = { 2, 2 };
  guint number = 0;
  double free_x = 0;

  for (guint i = 0; i < self->points->len; i++)
    {
      const RscMemoryPoint *point = &g_array_index (self->points, RscMemoryPoint, i);
      double x = x_of (scale, point->seconds);

      if (point->hint != NULL)
        {
          g_autofree char *text = g_strdup_printf ("%u", ++number);

          cairo_set_source_rgba (cr, color->red, color->green, color->blue, 0.55);
          cairo_set_dash (cr, NULL, 0, 0);
          cairo_set_line_width (cr, 1.0);
          cairo_move_to (cr, x, scale->top);
          cairo_line_to (cr, x, scale->height - MARGIN);
          cairo_stroke (cr);
          cairo_set_source_rgba (cr, color->red, color->green, color->blue, 0.9);
          /* Marks that came at the same time have their numbers side by side. */
          free_x = draw_text (self, cr, MAX (MIN (x + 2, scale->width - LABEL_DISTANCE), free_x), scale->top / 2, scale->width, text) + 3;
        }
      else if (point->generation >= 0)
        {
          cairo_set_source_rgba (cr, color->red, color->green, color->blue, 0.2 + 0.2 * MIN (point->generation, 2));
          cairo_set_dash (cr, dashes, 2, 0);
          cairo_move_to (cr, x, scale->top + (scale->height - scale->top) * (0.6 - 0.3 * MIN (point->generation, 2)));
          cairo_line_to (cr, x, scale->height - MARGIN);
          cairo_stroke (cr);
        }
    }
  cairo_set_dash (cr, NULL, 0, 0);
}

/* As wide as they took long, from the bottom up: those of the youngest generation are many, and short. */
static void
draw_recorded (RscMemoryPlot *self, cairo_t *cr, const Scale *scale, const GdkRGBA *color)
{
  static const double heights[] = { 0.12, 0.35, 1.0 };
  static const double alphas[] = { 0.35, 0.45, 0.5 };

  for (guint i = 0; i < self->recorded->len; i++)
    {
      const RscRecordedCollection *item = &g_array_index (self->recorded, RscRecordedCollection, i);
      double x = x_of (scale, item->seconds);
      double bottom = scale->height - MARGIN;
      double height = (bottom - scale->top) * heights[item->generation];

      cairo_set_source_rgba (cr, color->red, color->green, color->blue, alphas[item->generation]);
      cairo_rectangle (cr, x, bottom - height, MAX (x_of (scale, item->seconds + item->duration) - x, 1.0), height);
      cairo_fill (cr);
    }
}

/* FALSE: there is nothing to draw. */
static gboolean
get_scale (RscMemoryPlot *self, Scale *scale)
{
  *scale = (Scale) { gtk_widget_get_width (GTK_WIDGET (self)), gtk_widget_get_height (GTK_WIDGET (self)), 0.1, 1, 0 };
  if (self->points == NULL || self->points->len == 0 || scale->width < 1 || scale->height < 1)
    return FALSE;

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
  scale->top = 2 * get_line_height (self);

  return TRUE;
}

/* The mark or the recorded collection that is nearest; of collections at one place the longest. */
static gboolean
rsc_memory_plot_query_tooltip (GtkWidget *widget, int x, int y, gboolean keyboard, GtkTooltip *tooltip)
{
  RscMemoryPlot *self = RSC_MEMORY_PLOT (widget);
  const RscRecordedCollection *nearest = NULL;
  const RscMemoryPoint *mark = NULL;
  double distance = POINTED_DISTANCE;
  Scale scale;

  if (keyboard || !get_scale (self, &scale))
    return FALSE;

  for (guint i = 0; i < self->points->len; i++)
    {
      const RscMemoryPoint *point = &g_array_index (self->points, RscMemoryPoint, i);
      double away = fabs (x_of (&scale, point->seconds) - x);

      if (point->hint == NULL || away > distance)
        continue;
      mark = point;
      distance = away;
    }
  for (guint i = 0; i < self->recorded->len; i++)
    {
      const RscRecordedCollection *item = &g_array_index (self->recorded, RscRecordedCollection, i);
      double from = x_of (&scale, item->seconds), to = MAX (x_of (&scale, item->seconds + item->duration), from + 1);
      double away = x < from ? floor (from - x) : x > to ? floor (x - to) : 0;

      if (away > distance || (nearest != NULL && away == distance && item->duration < nearest->duration))
        continue;
      nearest = item;
      distance = away;
    }
  if (nearest != NULL)
    {
      g_autofree char *title = rsc_recorded_dup_title (nearest);
      g_autofree char *details = rsc_recorded_dup_details (nearest);
      g_autofree char *text = g_strconcat (title, "\n", details, NULL);

      gtk_tooltip_set_text (tooltip, text);
    }
  else if (mark != NULL)
    gtk_tooltip_set_text (tooltip, mark->hint);

  return nearest != NULL || mark != NULL;
}

static void
rsc_memory_plot_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  RscMemoryPlot *self = RSC_MEMORY_PLOT (widget);
  graphene_rect_t bounds;
  Scale scale;
  g_autofree char *top = NULL;
  GdkRGBA color, accent = { 0.21f, 0.52f, 0.89f, 1.0f };
  cairo_t *cr;

  if (!get_scale (self, &scale))
    return;

  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &color);
  gtk_style_context_lookup_color (gtk_widget_get_style_context (widget), "accent_color", &accent);
  graphene_rect_init (&bounds, 0, 0, (float) scale.width, (float) scale.height);
  cr = gtk_snapshot_append_cairo (snapshot, &bounds);

  cairo_set_source_rgba (cr, color.red, color.green, color.blue, 0.12);
  for (guint i = 0; i <= 2; i++)
    {
      double y = y_of (&scale, scale.bytes / 2 * i);

      cairo_rectangle (cr, 0, (int) y, scale.width, 1);
      cairo_fill (cr);
    }

  cairo_set_line_width (cr, 1.5);
  cairo_set_source_rgba (cr, color.red, color.green, color.blue, 0.5);
  draw_line (self, cr, &scale, FALSE, FALSE);
  cairo_set_source_rgba (cr, accent.red, accent.green, accent.blue, 0.18);
  draw_line (self, cr, &scale, TRUE, TRUE);
  cairo_set_source_rgba (cr, accent.red, accent.green, accent.blue, 1.0);
  cairo_set_line_width (cr, 2.0);
  draw_line (self, cr, &scale, TRUE, FALSE);
  draw_recorded (self, cr, &scale, &color);
  draw_events (self, cr, &scale, &color);

  top = g_format_size_full (scale.bytes, G_FORMAT_SIZE_IEC_UNITS);
  cairo_set_source_rgba (cr, color.red, color.green, color.blue, 0.7);
  draw_text (self, cr, 0, 0, scale.width, top);
  cairo_destroy (cr);
}

static void
rsc_memory_plot_measure (GtkWidget *widget, GtkOrientation orientation, int for_size,
                         int *minimum, int *natural, int *minimum_baseline, int *natural_baseline)
{
  *minimum = orientation == GTK_ORIENTATION_HORIZONTAL ? MINIMUM_WIDTH : CURVES_HEIGHT + 2 * (int) get_line_height (RSC_MEMORY_PLOT (widget));
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

void
rsc_memory_plot_changed (RscMemoryPlot *self)
{
  g_autofree char *text = NULL;

  for (guint i = self->points != NULL ? self->points->len : 0; i > 0 && text == NULL; i--)
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
