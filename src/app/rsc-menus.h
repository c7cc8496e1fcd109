/* The menus of ui/rsc-menus.ui.  They are made once and all windows share them:
 * GTK 4.8's gtk_popover_menu_new_from_model() keeps a reference to each of a
 * menu's sections for good, so a menu made anew with each page would stay when
 * the page is closed. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* By its id; lives as long as the program.  From the main thread. */
GMenuModel *rsc_menus_get (const char *id);

G_END_DECLS
