/* What a collection did, or would do: told apart and counted, also what is not
 * in the picture. */
#pragma once

#include <gtk/gtk.h>

#include "rsc-session.h"

G_BEGIN_DECLS

#define RSC_TYPE_COLLECT_BAR (rsc_collect_bar_get_type ())
G_DECLARE_FINAL_TYPE (RscCollectBar, rsc_collect_bar, RSC, COLLECT_BAR, GtkWidget)

/* Signals:
 *   show-state (uint state)   the objects of the overlay in this RscState are to
 *                             be listed
 *   show-nodes (string title, pointer snapshot, pointer nodes)   a GArray of RscNode of that RscSnapshot, likewise */
void rsc_collect_bar_set_session (RscCollectBar *self, RscSession *session);

G_END_DECLS
