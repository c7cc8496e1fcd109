/* What a test cannot learn through accessible names: whether the window has
 * come to rest, where a node of the canvas is, what is drawn; and pictures of
 * the window.  On the session bus, and only if RSC_TEST_INTERFACE is set to the
 * name to own there. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

typedef struct _RscTestInterface RscTestInterface;

/* NULL if the environment does not ask for it. */
RscTestInterface *rsc_test_interface_new_from_environment (GtkApplication *application);
void              rsc_test_interface_free                 (RscTestInterface *self);

G_END_DECLS
