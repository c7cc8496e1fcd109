/* What the program writes, and a line to write to it. */
#pragma once

#include <gtk/gtk.h>

#include "rsc-session.h"

G_BEGIN_DECLS

#define RSC_TYPE_OUTPUT_PANE (rsc_output_pane_get_type ())
G_DECLARE_FINAL_TYPE (RscOutputPane, rsc_output_pane, RSC, OUTPUT_PANE, GtkWidget)

void rsc_output_pane_set_session (RscOutputPane *self, RscSession *session);

G_END_DECLS
