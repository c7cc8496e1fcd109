/* Asks what is to be gone, by its name, to see what would follow: the window's
 * "del cache", which changes nothing in the program. */
#pragma once

#include "rsc-session.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Over @widget's window; @proposed is what stands in the entry, or NULL. */
void rsc_drop_dialog_present (GtkWidget *widget, RscSession *session, const char *proposed);

G_END_DECLS
