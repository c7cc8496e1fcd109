/* A page: a heap file or a program, with everything around its graph. */
#pragma once

#include <gtk/gtk.h>

#include "rsc-canvas.h"
#include "rsc-session.h"

G_BEGIN_DECLS

#define RSC_TYPE_HEAP_PAGE (rsc_heap_page_get_type ())
G_DECLARE_FINAL_TYPE (RscHeapPage, rsc_heap_page, RSC, HEAP_PAGE, GtkWidget)

/* Signals:
 *   toast (const char *)   good news for the window to show
 *
 * The session is started. */
GtkWidget  *rsc_heap_page_new         (RscSession *session);
RscSession *rsc_heap_page_get_session (RscHeapPage *self);
/* Gives the keyboard to what the middle shows. */
void        rsc_heap_page_focus_center (RscHeapPage *self);
/* Borrowed; for the tests' interface. */
RscCanvas  *rsc_heap_page_get_canvas  (RscHeapPage *self);
/* Lets go of the session and of everything it keeps. */
void        rsc_heap_page_close       (RscHeapPage *self);
/* The keys of the page's actions, for the application's menus: an array of
 * detailed action names and accelerators, ended by NULL. */
typedef struct
{
  const char *action;
  const char *accels[3];
} RscHeapPageAccel;
const RscHeapPageAccel *rsc_heap_page_get_accels (gsize *n_accels);

G_END_DECLS
