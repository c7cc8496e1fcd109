/* The collector's lists while a collection is stepped through: a lane for each,
 * with the objects that are drawn or that the step is about as boxes in the
 * list's order, linked both ways (dashed where others may lie between), and the
 * number of the rest.  Marking has its roots apart, and lanes of white, grey and
 * black.  A box is a button that selects its object. */
#pragma once

#include <gtk/gtk.h>

#include "rsc-session.h"

G_BEGIN_DECLS

#define RSC_TYPE_STEP_LANES (rsc_step_lanes_get_type ())
G_DECLARE_FINAL_TYPE (RscStepLanes, rsc_step_lanes, RSC, STEP_LANES, GtkWidget)

void rsc_step_lanes_set_session (RscStepLanes *self, RscSession *session);

G_END_DECLS
