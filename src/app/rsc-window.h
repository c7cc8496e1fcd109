/* A window: the start page, or one heap page. */
#pragma once

#include <adwaita.h>

#include "rsc-heap-page.h"

G_BEGIN_DECLS

#define RSC_TYPE_WINDOW (rsc_window_get_type ())
G_DECLARE_FINAL_TYPE (RscWindow, rsc_window, RSC, WINDOW, AdwApplicationWindow)

/* @lessons: of RscLesson. */
GtkWidget   *rsc_window_new          (GtkApplication *application, GListModel *lessons);
/* Shows @session in this window if it shows the start page, else in a new one. */
void         rsc_window_open_session (RscWindow *self, RscSession *session);
/* Remembers what @session launched with @options, too. */
void         rsc_window_open_program (RscWindow *self, RscSession *session, const RscLaunchOptions *options);
/* Attaches to process @pid, or shows the window in which that was done. */
void         rsc_window_open_process (RscWindow *self, pid_t pid);
void         rsc_window_open_file    (RscWindow *self, GFile *file);
/* NULL on the start page. */
RscHeapPage *rsc_window_get_page     (RscWindow *self);

G_END_DECLS
