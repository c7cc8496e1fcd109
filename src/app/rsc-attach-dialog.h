/* Asks which of the running Pythons is to be attached to. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define RSC_TYPE_ATTACH_DIALOG (rsc_attach_dialog_get_type ())
G_DECLARE_FINAL_TYPE (RscAttachDialog, rsc_attach_dialog, RSC, ATTACH_DIALOG, AdwWindow)

/* Signals:
 *   attach (int pid) */
GtkWidget *rsc_attach_dialog_new (GtkWindow *parent);

G_END_DECLS
