/* Finds objects: all types with their counts and bytes, and searches by type,
 * name and value.  What is chosen is drawn. */
#pragma once

#include <gtk/gtk.h>

#include "rsc-session.h"

G_BEGIN_DECLS

/* As many rows as a person may want to scroll through. */
#define RSC_FIND_PANEL_ROWS_MAX 1000

#define RSC_TYPE_FIND_PANEL (rsc_find_panel_get_type ())
G_DECLARE_FINAL_TYPE (RscFindPanel, rsc_find_panel, RSC, FIND_PANEL, GtkWidget)

void rsc_find_panel_set_session (RscFindPanel *self, RscSession *session);
/* Puts the cursor into the search entry. */
void rsc_find_panel_focus       (RscFindPanel *self);
/* Lists these nodes of the session's snapshot (an array of RscNode) under
 * @title ("Freed by the collection"). */
void rsc_find_panel_show_nodes  (RscFindPanel *self, const char *title, RscSnapshot *snapshot, GArray *nodes);

G_END_DECLS
