/* What is selected: type, value, size, its reference count explained, and its
 * referrers and references as lists that lead on. */
#pragma once

#include <gtk/gtk.h>

#include "rsc-session.h"

G_BEGIN_DECLS

#define RSC_TYPE_DETAILS_PANEL (rsc_details_panel_get_type ())
G_DECLARE_FINAL_TYPE (RscDetailsPanel, rsc_details_panel, RSC, DETAILS_PANEL, GtkWidget)

void rsc_details_panel_set_session (RscDetailsPanel *self, RscSession *session);

G_END_DECLS
