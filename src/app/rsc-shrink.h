/* Widgets that give way where large text leaves them little room. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* The labels of the buttons in @box may have an ellipsis there. */
void rsc_shrink_buttons (GtkWidget *box, PangoEllipsizeMode ellipsize);
/* Each has the width that its words need, which wrap where that is not there. */
void rsc_shrink_switcher (GtkStackSwitcher *switcher);
/* It wants room for five letters of large print otherwise. */
void rsc_shrink_title   (AdwWindowTitle *title);

G_END_DECLS
