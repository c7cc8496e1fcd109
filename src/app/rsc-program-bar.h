/* The program's state and what can be done about it.  The buttons activate the
 * page's actions, which know when they make sense. */
#pragma once

#include <gtk/gtk.h>

#include "rsc-session.h"

G_BEGIN_DECLS

#define RSC_TYPE_PROGRAM_BAR (rsc_program_bar_get_type ())
G_DECLARE_FINAL_TYPE (RscProgramBar, rsc_program_bar, RSC, PROGRAM_BAR, GtkWidget)

void rsc_program_bar_set_session (RscProgramBar *self, RscSession *session);
/* Buttons show their icons alone, as far as these are known. */
void rsc_program_bar_set_compact (RscProgramBar *self, gboolean compact);

G_END_DECLS
