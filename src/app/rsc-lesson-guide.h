/* Where in its lesson a session is: which step belongs to the place where the
 * program is held and to what has been done there.  What a step opens is opened
 * as soon as its heap is drawn.  No widgets.
 *
 * Signals:
 *   changed ()    the step, or what the texts say */
#pragma once

#include "rsc-session.h"

G_BEGIN_DECLS

#define RSC_TYPE_LESSON_GUIDE (rsc_lesson_guide_get_type ())
G_DECLARE_FINAL_TYPE (RscLessonGuide, rsc_lesson_guide, RSC, LESSON_GUIDE, GObject)

/* @session has a lesson. */
RscLessonGuide *rsc_lesson_guide_new         (RscSession *session);
RscLesson      *rsc_lesson_guide_get_lesson  (RscLessonGuide *self);
/* The step that is now; -1 before the first. */
int             rsc_lesson_guide_get_current (RscLessonGuide *self);
/* The step came, now or before. */
gboolean        rsc_lesson_guide_is_reached  (RscLessonGuide *self, guint step);
/* The version of the program's Python, or NULL. */
const char     *rsc_lesson_guide_get_version (RscLessonGuide *self);
/* With what was measured in the places for it ("…" if it was not yet).  Free
 * with g_free(). */
char           *rsc_lesson_guide_dup_look    (RscLessonGuide *self, guint step);
char           *rsc_lesson_guide_dup_press   (RscLessonGuide *self, guint step);
char           *rsc_lesson_guide_dup_meaning (RscLessonGuide *self, guint step);
/* Where the steps of a collection have come to their end and the lesson goes on
 * from there: what the key for the next step does then; else NULL. */
const char     *rsc_lesson_guide_get_hint    (RscLessonGuide *self);
/* Does that, if there is something. */
void            rsc_lesson_guide_go_on       (RscLessonGuide *self);

G_END_DECLS
