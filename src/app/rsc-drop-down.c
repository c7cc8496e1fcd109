#include "config.h"

#include "rsc-drop-down.h"

#include <string.h>

static void
setup_item (GtkListItemFactory *factory, GtkListItem *list_item, gpointer user_data)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (label), 0.0f);
  gtk_widget_set_hexpand (label, TRUE);
  gtk_box_append (GTK_BOX (box), label);
  gtk_box_append (GTK_BOX (box), gtk_image_new_from_icon_name ("object-select-symbolic"));
  gtk_list_item_set_child (list_item, box);
}

/* A tick is at the one that is chosen. */
static void
show_choice (GtkDropDown *drop_down, GParamSpec *pspec, gpointer user_data)
{
  GtkListItem *list_item = user_data;
  GtkWidget *box = gtk_list_item_get_child (list_item);

  if (box != NULL)
    gtk_widget_set_opacity (gtk_widget_get_last_child (box),
                            gtk_drop_down_get_selected (drop_down) == gtk_list_item_get_position (list_item) ? 1 : 0);
}

static void
bind_item (GtkListItemFactory *factory, GtkListItem *list_item, gpointer user_data)
{
  GtkDropDown *drop_down = user_data;
  GtkWidget *box = gtk_list_item_get_child (list_item);
  const char *text = gtk_string_object_get_string (gtk_list_item_get_item (list_item));

  gtk_label_set_text (GTK_LABEL (gtk_widget_get_first_child (box)), text);
  if (gtk_widget_get_parent (box) != NULL)
    gtk_accessible_update_property (GTK_ACCESSIBLE (gtk_widget_get_parent (box)), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
  g_signal_connect_object (drop_down, "notify::selected", G_CALLBACK (show_choice), list_item, 0);
  show_choice (drop_down, NULL, list_item);
}

static void
unbind_item (GtkListItemFactory *factory, GtkListItem *list_item, gpointer user_data)
{
  g_signal_handlers_disconnect_by_func (user_data, show_choice, list_item);
}

/* What shows the choice on the button is a row of a list, too, and would be one more thing to come to by keys,
 * without a name. */
static void
keep_row_from_focus (GtkWidget *widget)
{
  if (strcmp (G_OBJECT_TYPE_NAME (widget), "GtkListItemWidget") == 0)
    gtk_widget_set_focusable (widget, FALSE);
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    keep_row_from_focus (child);
}

void
rsc_drop_down_set_name (GtkDropDown *drop_down, const char *name)
{
  g_autoptr (GtkListItemFactory) factory = gtk_signal_list_item_factory_new ();

  g_signal_connect (factory, "setup", G_CALLBACK (setup_item), drop_down);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_item), drop_down);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind_item), drop_down);
  gtk_drop_down_set_list_factory (drop_down, factory);

  keep_row_from_focus (gtk_widget_get_first_child (GTK_WIDGET (drop_down)));
  gtk_accessible_update_property (GTK_ACCESSIBLE (drop_down), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  /* The button inside is what a screen reader meets. */
  gtk_accessible_update_property (GTK_ACCESSIBLE (gtk_widget_get_first_child (GTK_WIDGET (drop_down))),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}
