/* What is wrong with the places of the widgets: asked for by the test
 * interface, for the accessible extents do not tell what is in sight from what
 * is not. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* A sentence for each widget in sight that reaches out of its window, has no
 * room, or has text of which nothing can be read, and for each window or
 * popover that cannot be as narrow as @narrowest. */
GStrv rsc_widget_audit (int narrowest);

G_END_DECLS
