/* The collector and the memory: counts and thresholds of each generation, to be
 * set where the program lives, and the memory over time with its marks. */
#pragma once

#include <gtk/gtk.h>

#include "rsc-session.h"

G_BEGIN_DECLS

#define RSC_TYPE_COLLECTOR_PANEL (rsc_collector_panel_get_type ())
G_DECLARE_FINAL_TYPE (RscCollectorPanel, rsc_collector_panel, RSC, COLLECTOR_PANEL, GtkWidget)

void rsc_collector_panel_set_session (RscCollectorPanel *self, RscSession *session);

G_END_DECLS
