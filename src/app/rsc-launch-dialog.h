/* Asks which program is to be launched, and how. */
#pragma once

#include <adwaita.h>

#include "rsc-recent-programs.h"

G_BEGIN_DECLS

#define RSC_TYPE_LAUNCH_DIALOG (rsc_launch_dialog_get_type ())
G_DECLARE_FINAL_TYPE (RscLaunchDialog, rsc_launch_dialog, RSC, LAUNCH_DIALOG, AdwWindow)

/* Signals:
 *   launch (GVariant *program)   an RSC_RECENT_PROGRAM_FORMAT
 * Offers what @recent has. */
GtkWidget *rsc_launch_dialog_new (GtkWindow *parent, RscRecentPrograms *recent);

G_END_DECLS
