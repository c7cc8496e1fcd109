#include "config.h"

#include "rsc-widget-audit.h"

#include <adwaita.h>

/* Sizes are rounded to whole pixels. */
#define TOLERANCE 1.5f
/* An ellipsis and a letter. */
#define LEGIBLE_WIDTH 16

typedef struct
{
  GtkWidget *native;
  GStrvBuilder *complaints;
  int narrowest;
  /* Within what scrolls, edges are where they like to be. */
  gboolean scrolls_across, scrolls_down;
} Audit;

static const char *
get_text (GtkWidget *widget)
{
  const char *text = NULL;

  if (GTK_IS_LABEL (widget))
    text = gtk_label_get_text (GTK_LABEL (widget));

  return text != NULL && *text != '\0' ? text : NULL;
}

static void
complain (const Audit *audit, GtkWidget *widget, const graphene_rect_t *bounds, const char *what)
{
  const char *text = get_text (widget);
  GtkWidget *parent = gtk_widget_get_parent (widget);
  g_autofree char *sentence = NULL;

  sentence = g_strdup_printf ("%s%s%s%s in %s at (%.0f, %.0f, %.0f, %.0f) %s %s of %d × %d",
                              G_OBJECT_TYPE_NAME (widget), text != NULL ? " “" : "", text != NULL ? text : "", text != NULL ? "”" : "",
                              parent != NULL ? G_OBJECT_TYPE_NAME (parent) : "none", (double) bounds->origin.x, (double) bounds->origin.y,
                              (double) bounds->size.width, (double) bounds->size.height, what, G_OBJECT_TYPE_NAME (audit->native),
                              gtk_widget_get_width (audit->native), gtk_widget_get_height (audit->native));
  g_strv_builder_add (audit->complaints, sentence);
}

static gboolean
has_no_room (GtkWidget *widget, GtkOrientation orientation, float size)
{
  int minimum;

  gtk_widget_measure (widget, orientation, -1, &minimum, NULL, NULL, NULL);

  return minimum > 0 && size <= 0;
}

static void
check_widget (const Audit *audit, GtkWidget *widget)
{
  float width = (float) gtk_widget_get_width (audit->native);
  float height = (float) gtk_widget_get_height (audit->native);
  graphene_rect_t bounds;

  if (!gtk_widget_compute_bounds (widget, audit->native, &bounds))
    return;

  if (!audit->scrolls_across && (bounds.origin.x < -TOLERANCE || bounds.origin.x + bounds.size.width > width + TOLERANCE))
    complain (audit, widget, &bounds, "reaches out at the sides");
  if (!audit->scrolls_down && (bounds.origin.y < -TOLERANCE || bounds.origin.y + bounds.size.height > height + TOLERANCE))
    complain (audit, widget, &bounds, "reaches out above or below");
  if (has_no_room (widget, GTK_ORIENTATION_HORIZONTAL, bounds.size.width) ||
      has_no_room (widget, GTK_ORIENTATION_VERTICAL, bounds.size.height))
    complain (audit, widget, &bounds, "has no room");
  if (get_text (widget) != NULL && bounds.size.width < LEGIBLE_WIDTH &&
      pango_layout_is_ellipsized (gtk_label_get_layout (GTK_LABEL (widget))))
    complain (audit, widget, &bounds, "cannot be read");
}

/* The innermost widget that takes most of the width that @widget cannot do without. */
static GtkWidget *
find_widest (GtkWidget *widget, int minimum)
{
  for (;;)
    {
      GtkWidget *widest = NULL;
      int least = minimum * 3 / 4;

      for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
        {
          int width;

          if (!gtk_widget_should_layout (child))
            continue;
          gtk_widget_measure (child, GTK_ORIENTATION_HORIZONTAL, -1, &width, NULL, NULL, NULL);
          if (width > least)
            {
              widest = child;
              least = width;
            }
        }
      if (widest == NULL)
        return widget;
      widget = widest;
    }
}

static void
check_native (const Audit *audit)
{
  /* Around a popover's contents is its shadow. */
  GtkWidget *seen = GTK_IS_POPOVER (audit->native) ? gtk_widget_get_first_child (audit->native) : audit->native;
  int minimum;

  gtk_widget_measure (seen, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
  if (minimum > audit->narrowest)
    {
      GtkWidget *widest = find_widest (seen, minimum);
      g_auto (GStrv) classes = gtk_widget_get_css_classes (widest);
      g_autofree char *class_list = g_strjoinv (".", classes);
      g_autofree char *sentence = g_strdup_printf ("%s is %d wide at least, more than %d, because of a %s.%s",
                                                   G_OBJECT_TYPE_NAME (audit->native), minimum, audit->narrowest,
                                                   G_OBJECT_TYPE_NAME (widest), class_list);

      g_strv_builder_add (audit->complaints, sentence);
    }
}

/* libadwaita's own shadow and shield of a flap slide along with it. */
static gboolean
is_flap_shade (GtkWidget *widget)
{
  return ADW_IS_FLAP (gtk_widget_get_parent (widget)) && g_str_equal (G_OBJECT_TYPE_NAME (widget), "AdwGizmo");
}

static void
walk (const Audit *parent, GtkWidget *widget)
{
  Audit audit = *parent;

  /* What fades in or out is on its way. */
  if (!gtk_widget_get_mapped (widget) || gtk_widget_get_opacity (widget) <= 0 || is_flap_shade (widget))
    return;

  if (GTK_IS_NATIVE (widget))
    {
      audit.native = widget;
      audit.scrolls_across = audit.scrolls_down = FALSE;
      check_native (&audit);
    }
  else
    check_widget (&audit, widget);

  if (GTK_IS_SCROLLED_WINDOW (widget))
    {
      GtkPolicyType across, down;

      gtk_scrolled_window_get_policy (GTK_SCROLLED_WINDOW (widget), &across, &down);
      audit.scrolls_across |= across != GTK_POLICY_NEVER;
      audit.scrolls_down |= down != GTK_POLICY_NEVER;
    }

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    walk (&audit, child);
}

GStrv
rsc_widget_audit (int narrowest)
{
  g_autoptr (GStrvBuilder) complaints = g_strv_builder_new ();
  g_autoptr (GListModel) windows = g_object_ref (gtk_window_get_toplevels ());
  guint n_windows = g_list_model_get_n_items (windows);

  for (guint i = 0; i < n_windows; i++)
    {
      g_autoptr (GtkWidget) window = g_list_model_get_item (windows, i);
      Audit audit = { .native = window, .complaints = complaints, .narrowest = narrowest };

      walk (&audit, window);
    }

  return g_strv_builder_end (complaints);
}
