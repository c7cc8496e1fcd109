/* The steps of a collection below the picture: what happens now in a sentence,
 * with the line of the algorithm, and the ways to other steps.
 *
 * Its own keys, wherever in it the focus is: Left and Right, comma and period
 * for a step; Up and Down for an object; Page_Up and Page_Down for a phase; Home
 * and End; P plays; Escape ends.
 *
 * Signals:
 *   ended ()   there are no steps any more, and it had the focus */
#pragma once

#include <gtk/gtk.h>

#include "rsc-lesson-guide.h"
#include "rsc-session.h"

G_BEGIN_DECLS

#define RSC_TYPE_STEP_BAR (rsc_step_bar_get_type ())
G_DECLARE_FINAL_TYPE (RscStepBar, rsc_step_bar, RSC, STEP_BAR, GtkWidget)

void rsc_step_bar_set_session (RscStepBar *self, RscSession *session);
/* A lesson, which may go on from the last step. */
void rsc_step_bar_set_guide   (RscStepBar *self, RscLessonGuide *guide);
/* "first", "last", "next-step", "previous-object", "next-phase", "next-own" (of the selected object) ... */
void rsc_step_bar_go          (RscStepBar *self, const char *where);
void rsc_step_bar_set_playing (RscStepBar *self, gboolean playing);
gboolean rsc_step_bar_get_playing (RscStepBar *self);

G_END_DECLS
