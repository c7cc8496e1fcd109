/* The picture as a list: every object and fold of the canvas, in its order, for
 * the keyboard and for screen readers. */
#pragma once

#include <gtk/gtk.h>

#include "rsc-session.h"

G_BEGIN_DECLS

#define RSC_TYPE_GRAPH_LIST (rsc_graph_list_get_type ())
G_DECLARE_FINAL_TYPE (RscGraphList, rsc_graph_list, RSC, GRAPH_LIST, GtkWidget)

/* Signals:
 *   fold-activated (uint node)   the graph's node: open more of it */
void rsc_graph_list_set_session (RscGraphList *self, RscSession *session);

G_END_DECLS
