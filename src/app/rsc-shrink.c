#include "config.h"

#include "rsc-shrink.h"

/* GtkButton:can-shrink came with GTK 4.12. */
void
rsc_shrink_buttons (GtkWidget *box, PangoEllipsizeMode ellipsize)
{
  for (GtkWidget *child = gtk_widget_get_first_child (box); child != NULL; child = gtk_widget_get_next_sibling (child))
    if (GTK_IS_BUTTON (child) && GTK_IS_LABEL (gtk_button_get_child (GTK_BUTTON (child))))
      gtk_label_set_ellipsize (GTK_LABEL (gtk_button_get_child (GTK_BUTTON (child))), ellipsize);
}

void
rsc_shrink_switcher (GtkStackSwitcher *switcher)
{
  gtk_box_layout_set_homogeneous (GTK_BOX_LAYOUT (gtk_widget_get_layout_manager (GTK_WIDGET (switcher))), FALSE);
  for (GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (switcher)); child != NULL; child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *label = gtk_button_get_child (GTK_BUTTON (child));

      gtk_label_set_wrap (GTK_LABEL (label), TRUE);
      gtk_label_set_justify (GTK_LABEL (label), GTK_JUSTIFY_CENTER);
    }
}

static void
shrink_labels (GtkWidget *widget)
{
  if (GTK_IS_LABEL (widget))
    gtk_label_set_width_chars (GTK_LABEL (widget), -1);
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    shrink_labels (child);
}

void
rsc_shrink_title (AdwWindowTitle *title)
{
  shrink_labels (GTK_WIDGET (title));
}
