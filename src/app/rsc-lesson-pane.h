/* A lesson's text beside the graph: its steps, each with what to look at, what
 * to press and what it means, and the step that is now opened. */
#pragma once

#include <gtk/gtk.h>

#include "rsc-lesson-guide.h"

G_BEGIN_DECLS

#define RSC_TYPE_LESSON_PANE (rsc_lesson_pane_get_type ())
G_DECLARE_FINAL_TYPE (RscLessonPane, rsc_lesson_pane, RSC, LESSON_PANE, GtkWidget)

/* Once. */
void rsc_lesson_pane_set_guide (RscLessonPane *self, RscLessonGuide *guide);

G_END_DECLS
