/* The lessons of data/examples/lessons.ini: small programs that each teach one
 * point, with the sentence that says what to look for. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define RSC_TYPE_LESSON (rsc_lesson_get_type ())
G_DECLARE_FINAL_TYPE (RscLesson, rsc_lesson, RSC, LESSON, GObject)

/* A list of RscLesson in the file's order; empty, with @error set, if the
 * index is missing or damaged. */
GListModel *rsc_lesson_load_all (GError **error);

const char *rsc_lesson_get_id    (RscLesson *self);
/* 1 to 8; 0 is the demonstration, which is no lesson. */
guint       rsc_lesson_get_number (RscLesson *self);
/* Translated. */
const char *rsc_lesson_get_title (RscLesson *self);
const char *rsc_lesson_get_look  (RscLesson *self);
/* Why it is so, in the words for that version ("3.11.2"; NULL: unknown).
 * Free with g_free(). */
char       *rsc_lesson_dup_explanation (RscLesson *self, const char *version);
/* The program or the heap file: a full path. */
const char *rsc_lesson_get_path  (RscLesson *self);
gboolean    rsc_lesson_is_program (RscLesson *self);
/* The command that runs it; NULL-terminated.  Free with g_strfreev(). */
char      **rsc_lesson_dup_argv  (RscLesson *self);
/* The hint of the mark at which there is most to see; NULL: at the end. */
const char *rsc_lesson_get_mark  (RscLesson *self);
/* What the first graph starts from, an object reference, or NULL. */
const char *rsc_lesson_get_object (RscLesson *self);
/* "refs", "backrefs", "both", or NULL. */
const char *rsc_lesson_get_direction (RscLesson *self);

G_END_DECLS
