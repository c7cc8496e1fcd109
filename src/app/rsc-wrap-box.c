#include "config.h"

#include "rsc-wrap-box.h"

#define SPACING 6

struct _RscWrapBox
{
  GtkWidget parent_instance;
};

static void buildable_init (GtkBuildableIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RscWrapBox, rsc_wrap_box, GTK_TYPE_WIDGET,
                               G_IMPLEMENT_INTERFACE (GTK_TYPE_BUILDABLE, buildable_init))

static GtkBuildableIface *parent_buildable;

/* The children of one row: from @first up to the next row's first, or NULL. */
typedef struct
{
  GtkWidget *first;
  GtkWidget *end;
  int height;
  int natural;   /* the width of its children, spacing included */
  int n_expand;
} WrapRow;

/* A child is as wide as it likes to be, but never wider than the box and never
 * narrower than it must be. */
static int
child_width (GtkWidget *child, int width)
{
  int minimum, natural;

  gtk_widget_measure (child, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, &natural, NULL, NULL);

  return MAX (MIN (natural, width), minimum);
}

static WrapRow
next_row (GtkWidget *first, int width)
{
  WrapRow row = { .first = first };
  GtkWidget *child;

  for (child = first; child != NULL; child = gtk_widget_get_next_sibling (child))
    {
      int child_natural, height, needed;

      if (!gtk_widget_should_layout (child))
        continue;

      child_natural = child_width (child, width);
      needed = row.natural + (row.natural > 0 ? SPACING : 0) + child_natural;
      if (row.natural > 0 && needed > width)
        break;

      gtk_widget_measure (child, GTK_ORIENTATION_VERTICAL, child_natural, NULL, &height, NULL, NULL);
      row.natural = needed;
      row.height = MAX (row.height, height);
      if (gtk_widget_compute_expand (child, GTK_ORIENTATION_HORIZONTAL))
        row.n_expand++;
    }
  row.end = child;

  return row;
}

static GtkSizeRequestMode
rsc_wrap_box_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
rsc_wrap_box_measure (GtkWidget *widget, GtkOrientation orientation, int for_size,
                      int *minimum, int *natural, int *minimum_baseline, int *natural_baseline)
{
  *minimum = *natural = 0;

  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    {
      for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
        {
          int child_minimum, child_natural;

          if (!gtk_widget_should_layout (child))
            continue;
          gtk_widget_measure (child, GTK_ORIENTATION_HORIZONTAL, -1, &child_minimum, &child_natural, NULL, NULL);
          *minimum = MAX (*minimum, child_minimum);
          *natural += child_natural + (*natural > 0 ? SPACING : 0);
        }
    }
  else
    {
      /* Who does not say how wide is told of one row: more would make a
       * window as tall as it has to be at its narrowest. */
      int width = for_size >= 0 ? for_size : G_MAXINT / 2;

      for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;)
        {
          WrapRow row = next_row (child, width);

          if (row.height > 0)
            *natural += row.height + (*natural > 0 ? SPACING : 0);
          child = row.end;
        }
      *minimum = *natural;
    }
}

static void
rsc_wrap_box_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  gboolean rtl = gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL;
  int y = 0;

  for (GtkWidget *first = gtk_widget_get_first_child (widget); first != NULL;)
    {
      WrapRow row = next_row (first, width);
      int left = MAX (width - row.natural, 0);
      int n_expand = row.n_expand;
      int x = 0;

      for (GtkWidget *child = row.first; child != row.end; child = gtk_widget_get_next_sibling (child))
        {
          GtkAllocation allocation;
          int child_natural;

          if (!gtk_widget_should_layout (child))
            continue;

          child_natural = child_width (child, width);
          if (n_expand > 0 && gtk_widget_compute_expand (child, GTK_ORIENTATION_HORIZONTAL))
            {
              int share = left / n_expand;

              child_natural += share;
              left -= share;
              n_expand--;
            }
          allocation = (GtkAllocation) { rtl ? width - x - child_natural : x, y, child_natural, row.height };
          gtk_widget_size_allocate (child, &allocation, -1);
          x += child_natural + SPACING;
        }
      if (row.height > 0)
        y += row.height + SPACING;
      first = row.end;
    }
}

static void
rsc_wrap_box_dispose (GObject *object)
{
  rsc_wrap_box_remove_all (RSC_WRAP_BOX (object));

  G_OBJECT_CLASS (rsc_wrap_box_parent_class)->dispose (object);
}

static void
rsc_wrap_box_class_init (RscWrapBoxClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rsc_wrap_box_dispose;
  widget_class->get_request_mode = rsc_wrap_box_get_request_mode;
  widget_class->measure = rsc_wrap_box_measure;
  widget_class->size_allocate = rsc_wrap_box_size_allocate;
}

static void
rsc_wrap_box_init (RscWrapBox *self)
{
}

static void
rsc_wrap_box_add_child (GtkBuildable *buildable, GtkBuilder *builder, GObject *child, const char *type)
{
  if (GTK_IS_WIDGET (child))
    rsc_wrap_box_append (RSC_WRAP_BOX (buildable), GTK_WIDGET (child));
  else
    parent_buildable->add_child (buildable, builder, child, type);
}

static void
buildable_init (GtkBuildableIface *iface)
{
  parent_buildable = g_type_interface_peek_parent (iface);
  iface->add_child = rsc_wrap_box_add_child;
}

GtkWidget *
rsc_wrap_box_new (void)
{
  return g_object_new (RSC_TYPE_WRAP_BOX, NULL);
}

void
rsc_wrap_box_append (RscWrapBox *self, GtkWidget *child)
{
  gtk_widget_insert_before (child, GTK_WIDGET (self), NULL);
}

void
rsc_wrap_box_remove_all (RscWrapBox *self)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
}
