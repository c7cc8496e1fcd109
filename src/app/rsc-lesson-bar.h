/* The step of the lesson that is now, in a few lines: for when the lesson's
 * pane is not in sight. */
#pragma once

#include <gtk/gtk.h>

#include "rsc-lesson-guide.h"

G_BEGIN_DECLS

#define RSC_TYPE_LESSON_BAR (rsc_lesson_bar_get_type ())
G_DECLARE_FINAL_TYPE (RscLessonBar, rsc_lesson_bar, RSC, LESSON_BAR, GtkWidget)

/* Once. */
void rsc_lesson_bar_set_guide    (RscLessonBar *self, RscLessonGuide *guide);
/* Hidden until then, and without a guide. */
void rsc_lesson_bar_set_revealed (RscLessonBar *self, gboolean revealed);
/* In a narrow window, where the text needs the place of the button's word. */
void rsc_lesson_bar_set_compact  (RscLessonBar *self, gboolean compact);

G_END_DECLS
