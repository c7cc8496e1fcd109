/* The parameters of the view.  Each change is drawn at once. */
#pragma once

#include <gtk/gtk.h>

#include "rsc-session.h"

G_BEGIN_DECLS

#define RSC_TYPE_VIEW_CONTROLS (rsc_view_controls_get_type ())
G_DECLARE_FINAL_TYPE (RscViewControls, rsc_view_controls, RSC, VIEW_CONTROLS, GtkWidget)

void rsc_view_controls_set_session  (RscViewControls *self, RscSession *session);
void rsc_view_controls_set_direction (RscViewControls *self, RscDirection direction);
/* Changes max_depth by @by. */
void rsc_view_controls_add_depth    (RscViewControls *self, int by);
void rsc_view_controls_focus_filter (RscViewControls *self);
/* Opens the filter's rows. */
void rsc_view_controls_show_conditions (RscViewControls *self);
void rsc_view_controls_ignore_object (RscViewControls *self, RscNode node);
void rsc_view_controls_ignore_type  (RscViewControls *self, RscNode node);
/* Opens a fold: more neighbours of @node. */
void rsc_view_controls_expand       (RscViewControls *self, RscNode node);

G_END_DECLS
