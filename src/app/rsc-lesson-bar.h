/* A lesson's line that says what to look for, and behind it why it is so. */
#pragma once

#include <gtk/gtk.h>

#include "rsc-session.h"

G_BEGIN_DECLS

#define RSC_TYPE_LESSON_BAR (rsc_lesson_bar_get_type ())
G_DECLARE_FINAL_TYPE (RscLessonBar, rsc_lesson_bar, RSC, LESSON_BAR, GtkWidget)

void rsc_lesson_bar_set_session (RscLessonBar *self, RscSession *session);

G_END_DECLS
