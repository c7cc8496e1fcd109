/* Drop-downs of texts whose parts all have accessible names: GTK 4.8 gives the
 * items of the list none. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* @name: what is chosen by it, for screen readers. */
void rsc_drop_down_set_name (GtkDropDown *drop_down, const char *name);

G_END_DECLS
