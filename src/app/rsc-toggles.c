#include "config.h"

#include "rsc-toggles.h"

struct _RscToggles
{
  GtkWidget parent_instance;
};

static void buildable_init (GtkBuildableIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RscToggles, rsc_toggles, GTK_TYPE_WIDGET,
                               G_IMPLEMENT_INTERFACE (GTK_TYPE_BUILDABLE, buildable_init))

static GtkBuildableIface *parent_buildable;

typedef struct
{
  int n;
  int widest_minimum;
  int widest;      /* naturally */
  int all;         /* naturally, beside each other */
  int all_minimum;
  gboolean icons;  /* each has one */
} Widths;

typedef enum
{
  WORDS,
  ICONS,
  COLUMN
} Form;

static Widths
measure_widths (GtkWidget *widget)
{
  Widths widths = { .icons = TRUE };

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    {
      int minimum, natural;

      if (!gtk_widget_should_layout (child))
        continue;
      gtk_widget_measure (child, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, &natural, NULL, NULL);
      widths.n++;
      widths.widest_minimum = MAX (widths.widest_minimum, minimum);
      widths.widest = MAX (widths.widest, natural);
      widths.all += natural;
      widths.all_minimum += minimum;
      widths.icons &= ADW_IS_SQUEEZER (gtk_button_get_child (GTK_BUTTON (child)));
    }

  return widths;
}

/* @width may be -1: as they like. */
static Form
choose_form (Widths widths, int width)
{
  if (width < 0 || widths.all <= width)
    return WORDS;

  return widths.icons ? ICONS : COLUMN;
}

static int
measure_height (GtkWidget *child, int width)
{
  int minimum;

  gtk_widget_measure (child, GTK_ORIENTATION_VERTICAL, width, &minimum, NULL, NULL, NULL);

  return minimum;
}

static GtkSizeRequestMode
rsc_toggles_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
rsc_toggles_measure (GtkWidget *widget, GtkOrientation orientation, int for_size,
                     int *minimum, int *natural, int *minimum_baseline, int *natural_baseline)
{
  Widths widths = measure_widths (widget);
  gboolean row = orientation == GTK_ORIENTATION_HORIZONTAL || choose_form (widths, for_size) != COLUMN;

  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    {
      *minimum = widths.icons ? widths.all_minimum : widths.widest_minimum;
      *natural = widths.all;
      return;
    }

  *minimum = 0;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    if (gtk_widget_should_layout (child))
      {
        int height = measure_height (child, row ? -1 : for_size);

        *minimum = row ? MAX (*minimum, height) : *minimum + height;
      }
  *natural = *minimum;
}

/* Each is as wide as the widest if they all fit so; else what is left is shared. An icon that
 * got more would give way to a word again. */
static void
allocate_row (GtkWidget *widget, Widths widths, gboolean icons, int width, int height)
{
  gboolean rtl = gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL;
  gboolean equal = !icons && widths.n * widths.widest <= width;
  int n_left = widths.n;
  int left = equal ? width : icons ? 0 : width - widths.all;
  int x = 0;

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    {
      int minimum, natural, own;

      if (!gtk_widget_should_layout (child))
        continue;
      gtk_widget_measure (child, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, &natural, NULL, NULL);
      own = (equal ? 0 : icons ? minimum : natural) + left / n_left;
      left -= left / n_left;
      n_left--;
      gtk_widget_size_allocate (child, &(GtkAllocation) { rtl ? width - x - own : x, 0, own, height }, -1);
      x += own;
    }
}

static void
allocate_column (GtkWidget *widget, int width)
{
  int y = 0;

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    if (gtk_widget_should_layout (child))
      {
        int height = measure_height (child, width);

        gtk_widget_size_allocate (child, &(GtkAllocation) { 0, y, width, height }, -1);
        y += height;
      }
}

static void
rsc_toggles_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  Widths widths = measure_widths (widget);
  Form form = choose_form (widths, width);

  /* The platform's style makes them one by this class: corners that touch are not round. */
  if (form == COLUMN)
    {
      gtk_widget_add_css_class (widget, "vertical");
      allocate_column (widget, width);
    }
  else
    {
      gtk_widget_remove_css_class (widget, "vertical");
      allocate_row (widget, widths, form == ICONS, width, height);
    }
}

static void
rsc_toggles_dispose (GObject *object)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (object))) != NULL)
    gtk_widget_unparent (child);

  G_OBJECT_CLASS (rsc_toggles_parent_class)->dispose (object);
}

static void
rsc_toggles_class_init (RscTogglesClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rsc_toggles_dispose;
  widget_class->get_request_mode = rsc_toggles_get_request_mode;
  widget_class->measure = rsc_toggles_measure;
  widget_class->size_allocate = rsc_toggles_size_allocate;
}

static void
rsc_toggles_init (RscToggles *self)
{
  gtk_widget_add_css_class (GTK_WIDGET (self), "linked");
  gtk_widget_add_css_class (GTK_WIDGET (self), "toggles");
}

static void
on_label_changed (GtkButton *button)
{
  GtkWidget *label = gtk_button_get_child (button);

  if (!GTK_IS_LABEL (label))
    return;
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_justify (GTK_LABEL (label), GTK_JUSTIFY_CENTER);
}

static void
rsc_toggles_add_child (GtkBuildable *buildable, GtkBuilder *builder, GObject *child, const char *type)
{
  if (!GTK_IS_BUTTON (child))
    {
      parent_buildable->add_child (buildable, builder, child, type);
      return;
    }

  gtk_widget_insert_before (GTK_WIDGET (child), GTK_WIDGET (buildable), NULL);
  g_signal_connect (child, "notify::label", G_CALLBACK (on_label_changed), NULL);
  on_label_changed (GTK_BUTTON (child));
}

static void
buildable_init (GtkBuildableIface *iface)
{
  parent_buildable = g_type_interface_peek_parent (iface);
  iface->add_child = rsc_toggles_add_child;
}
