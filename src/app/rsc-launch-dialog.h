/* Asks which program is to be launched, and how. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define RSC_TYPE_LAUNCH_DIALOG (rsc_launch_dialog_get_type ())
G_DECLARE_FINAL_TYPE (RscLaunchDialog, rsc_launch_dialog, RSC, LAUNCH_DIALOG, AdwWindow)

/* Signals:
 *   launch (const char *command, const char *folder, gboolean hold)
 *       @command is a command line that parses; @folder may be "" */
GtkWidget *rsc_launch_dialog_new (GtkWindow *parent);

G_END_DECLS
