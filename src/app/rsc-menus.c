#include "config.h"

#include "rsc-menus.h"

#include <gtk/gtk.h>

GMenuModel *
rsc_menus_get (const char *id)
{
  static GtkBuilder *builder; /* has them */

  if (builder == NULL)
    builder = gtk_builder_new_from_resource ("/io/github/refscope/Refscope/ui/rsc-menus.ui");

  return G_MENU_MODEL (gtk_builder_get_object (builder, id));
}
