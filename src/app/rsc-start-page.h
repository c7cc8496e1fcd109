/* Where to begin: a program, a file, the demonstration, or a lesson.  The rows
 * activate the window's actions. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define RSC_TYPE_START_PAGE (rsc_start_page_get_type ())
G_DECLARE_FINAL_TYPE (RscStartPage, rsc_start_page, RSC, START_PAGE, GtkWidget)

GtkWidget *rsc_start_page_new (void);
/* Of RscLesson. */
void       rsc_start_page_set_lessons (RscStartPage *self, GListModel *lessons);

G_END_DECLS
