/* All cycles of the heap by size, garbage told from live.  Choosing one draws
 * it; while the panel is asked for, the cycles are marked in the picture. */
#pragma once

#include <gtk/gtk.h>

#include "rsc-session.h"

G_BEGIN_DECLS

#define RSC_TYPE_CYCLES_PANEL (rsc_cycles_panel_get_type ())
G_DECLARE_FINAL_TYPE (RscCyclesPanel, rsc_cycles_panel, RSC, CYCLES_PANEL, GtkWidget)

void rsc_cycles_panel_set_session (RscCyclesPanel *self, RscSession *session);

G_END_DECLS
