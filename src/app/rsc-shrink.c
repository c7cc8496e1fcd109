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
