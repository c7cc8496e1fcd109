/* What is selected: type, value, size, its reference count explained, and its
 * referrers and references as lists that lead on.  In these Delete, or the menu,
 * shows what would follow if a reference went. */
#pragma once

#include <gtk/gtk.h>

#include "rsc-session.h"

G_BEGIN_DECLS

#define RSC_TYPE_DETAILS_PANEL (rsc_details_panel_get_type ())
G_DECLARE_FINAL_TYPE (RscDetailsPanel, rsc_details_panel, RSC, DETAILS_PANEL, GtkWidget)

void rsc_details_panel_set_session (RscDetailsPanel *self, RscSession *session);

/* The names that lead to the object, as they are shown; NULL while there are none. */
const char *rsc_details_panel_get_name (RscDetailsPanel *self);

G_END_DECLS
