/* The lessons of data/examples/lessons.ini: small programs that each teach one
 * point, step by step. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define RSC_TYPE_LESSON (rsc_lesson_get_type ())
G_DECLARE_FINAL_TYPE (RscLesson, rsc_lesson, RSC, LESSON, GObject)

/* Of a lesson, which owns it. */
typedef struct _RscLessonStep RscLessonStep;

/* A list of RscLesson in the file's order; empty, with @error set, if the
 * index is missing or damaged. */
GListModel *rsc_lesson_load_all (GError **error);

const char *rsc_lesson_get_id    (RscLesson *self);
/* 1 to 8; 0 is the demonstration, which is no lesson. */
guint       rsc_lesson_get_number (RscLesson *self);
/* Translated. */
const char *rsc_lesson_get_title (RscLesson *self);
const char *rsc_lesson_get_look  (RscLesson *self);
/* What the lessons of this number have in common; NULL for a single one, and
 * for those after the first. */
const char *rsc_lesson_get_chapter (RscLesson *self);
/* The program or the heap file: a full path. */
const char *rsc_lesson_get_path  (RscLesson *self);
gboolean    rsc_lesson_is_program (RscLesson *self);
/* The command that runs it; NULL-terminated.  Free with g_strfreev(). */
char      **rsc_lesson_dup_argv  (RscLesson *self);
/* The hint of the mark where it begins; NULL: at the end. */
const char *rsc_lesson_get_mark  (RscLesson *self);
/* What the first graph starts from, an object reference, or NULL. */
const char *rsc_lesson_get_object (RscLesson *self);
/* "refs", "backrefs", "both", or NULL. */
const char *rsc_lesson_get_direction (RscLesson *self);
/* Of the first graph: max_depth; 0: as usual. */
guint       rsc_lesson_get_depth (RscLesson *self);
/* ... its filter; NULL: none. */
const char *rsc_lesson_get_filter (RscLesson *self);
/* One of its steps at least opens with those of a collection. */
gboolean    rsc_lesson_opens_steps (RscLesson *self);
/* The collector's lists are beside the picture from its first steps on. */
gboolean    rsc_lesson_shows_lists (RscLesson *self);

guint          rsc_lesson_get_n_steps (RscLesson *self);
RscLessonStep *rsc_lesson_get_step    (RscLesson *self, guint index);
/* A mark's hint, "@end", "@uncaught", "@exited", or NULL: anywhere. */
const char    *rsc_lesson_step_get_at    (RscLessonStep *self);
/* "refs", "backrefs", "both", "cycles", "collect", or NULL. */
const char    *rsc_lesson_step_get_after (RscLessonStep *self);
/* Translated; what was measured is still in braces: see RscLessonGuide. */
const char    *rsc_lesson_step_get_title (RscLessonStep *self);
const char    *rsc_lesson_step_get_look  (RscLessonStep *self);
const char    *rsc_lesson_step_get_press (RscLessonStep *self);
/* In the words for that version of CPython ("3.11.2"; NULL: unknown).  Free
 * with g_free(). */
char          *rsc_lesson_step_dup_meaning (RscLessonStep *self, const char *version);
/* See rsc-lesson-button.h; may be NULL. */
const char *const *rsc_lesson_step_get_buttons (RscLessonStep *self);
/* An object reference: what is to be drawn when it comes; NULL: the picture stays. */
const char    *rsc_lesson_step_get_draws (RscLessonStep *self);
/* The button whose steps are on the screen as soon as the heap is there; NULL: none. */
const char    *rsc_lesson_step_get_opens (RscLessonStep *self);
/* "continue" or "collect": what going on from the last of these steps does; NULL: nothing. */
const char    *rsc_lesson_step_get_then  (RscLessonStep *self);

G_END_DECLS
