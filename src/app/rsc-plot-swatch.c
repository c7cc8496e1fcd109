#include "config.h"

#include "rsc-plot-swatch.h"

#include <adwaita.h>
#include <string.h>

#define WIDTH 22
#define HEIGHT 14
#define RING 2.5

struct _RscPlotSwatch
{
  GtkWidget parent_instance;
  RscPlotPart part;
};

G_DEFINE_FINAL_TYPE (RscPlotSwatch, rsc_plot_swatch, GTK_TYPE_WIDGET)

enum
{
  PROP_0,
  PROP_PART,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

static void
set_color (cairo_t *cr, GtkWidget *widget, double alpha, double contrast_alpha)
{
  GdkRGBA color;

  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &color);
  if (adw_style_manager_get_high_contrast (adw_style_manager_get_default ()))
    alpha = contrast_alpha;
  cairo_set_source_rgba (cr, color.red, color.green, color.blue, color.alpha * alpha);
}

static void
set_accent (cairo_t *cr, GtkWidget *widget, double alpha)
{
  GdkRGBA accent = { 0.21f, 0.52f, 0.89f, 1.0f };

  gtk_style_context_lookup_color (gtk_widget_get_style_context (widget), "accent_color", &accent);
  cairo_set_source_rgba (cr, accent.red, accent.green, accent.blue, alpha);
}

void
rsc_plot_set_source (cairo_t *cr, GtkWidget *widget, RscPlotPart part)
{
  static const double dashes[] = { 4, 3 };

  cairo_set_dash (cr, dashes, part == RSC_PLOT_RESIDENT ? G_N_ELEMENTS (dashes) : 0, 0);
  switch (part)
    {
    case RSC_PLOT_UNIQUE:
      set_accent (cr, widget, 1);
      cairo_set_line_width (cr, 2);
      break;

    case RSC_PLOT_RESIDENT:
      set_color (cr, widget, 0.7, 1);
      cairo_set_line_width (cr, 1.5);
      break;

    case RSC_PLOT_COLLECTION:
    case RSC_PLOT_UNRECORDED:
      set_color (cr, widget, 0.75, 1);
      cairo_set_line_width (cr, 1.25);
      break;
    }
}

void
rsc_plot_set_area (cairo_t *cr, GtkWidget *widget)
{
  set_accent (cr, widget, 0.18);
}

void
rsc_plot_set_text (cairo_t *cr, GtkWidget *widget)
{
  set_color (cr, widget, 0.75, 1);
}

void
rsc_plot_set_grid (cairo_t *cr, GtkWidget *widget)
{
  set_color (cr, widget, 0.12, 0.3);
}

void
rsc_plot_add_ring (cairo_t *cr, double x, double y)
{
  cairo_new_sub_path (cr);
  cairo_arc (cr, x, y - RING, RING, 0, 2 * G_PI);
}

static void
rsc_plot_swatch_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  RscPlotSwatch *self = RSC_PLOT_SWATCH (widget);
  double width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);
  double middle = (int) (height / 2), bottom = middle + HEIGHT / 2.0;
  graphene_rect_t bounds;
  cairo_t *cr;

  if (width < 1 || height < 1)
    return;

  graphene_rect_init (&bounds, 0, 0, (float) width, (float) height);
  cr = gtk_snapshot_append_cairo (snapshot, &bounds);
  if (self->part == RSC_PLOT_UNIQUE)
    {
      rsc_plot_set_area (cr, widget);
      cairo_rectangle (cr, 0, middle, width, bottom - middle);
      cairo_fill (cr);
    }
  rsc_plot_set_source (cr, widget, self->part);
  switch (self->part)
    {
    case RSC_PLOT_UNIQUE:
    case RSC_PLOT_RESIDENT:
      cairo_move_to (cr, 0, middle);
      cairo_line_to (cr, width, middle);
      cairo_stroke (cr);
      break;

    case RSC_PLOT_COLLECTION:
      for (guint i = 0; i < 3; i++)
        cairo_rectangle (cr, 4 + 6 * i, bottom - 4 - 4 * i, 2, 4 + 4 * i);
      cairo_fill (cr);
      break;

    case RSC_PLOT_UNRECORDED:
      rsc_plot_add_ring (cr, width / 2, middle + RING);
      cairo_stroke (cr);
      break;
    }
  cairo_destroy (cr);
}

static void
rsc_plot_swatch_measure (GtkWidget *widget, GtkOrientation orientation, int for_size,
                         int *minimum, int *natural, int *minimum_baseline, int *natural_baseline)
{
  *minimum = *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? WIDTH : HEIGHT;
}

static const char *const parts[] = {
  [RSC_PLOT_UNIQUE] = "unique", [RSC_PLOT_RESIDENT] = "resident",
  [RSC_PLOT_COLLECTION] = "collection", [RSC_PLOT_UNRECORDED] = "unrecorded"
};

static void
rsc_plot_swatch_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  RscPlotSwatch *self = RSC_PLOT_SWATCH (object);

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    if (g_strcmp0 (g_value_get_string (value), parts[i]) == 0)
      self->part = (RscPlotPart) i;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
rsc_plot_swatch_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  g_value_set_static_string (value, parts[RSC_PLOT_SWATCH (object)->part]);
}

static void
rsc_plot_swatch_class_init (RscPlotSwatchClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->set_property = rsc_plot_swatch_set_property;
  G_OBJECT_CLASS (klass)->get_property = rsc_plot_swatch_get_property;
  props[PROP_PART] = g_param_spec_string ("part", NULL, NULL, "unique", G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (G_OBJECT_CLASS (klass), N_PROPS, props);
  widget_class->snapshot = rsc_plot_swatch_snapshot;
  widget_class->measure = rsc_plot_swatch_measure;
  /* The words beside it say it. */
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
  gtk_widget_class_set_css_name (widget_class, "plotswatch");
}

static void
rsc_plot_swatch_init (RscPlotSwatch *self)
{
  g_signal_connect_object (adw_style_manager_get_default (), "notify::high-contrast", G_CALLBACK (gtk_widget_queue_draw), self,
                           G_CONNECT_SWAPPED);
}
