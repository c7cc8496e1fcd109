/* Opens and closes a revealer.  What a closed one conceals is hidden, too:
 * it would still be there for those who listen.  Not to be called while sizes are
 * given. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

void rsc_reveal (GtkRevealer *revealer, gboolean open);

G_END_DECLS
