/* A box whose children go on in the next row where the width ends, for
 * toolbars and chips.  Children that expand share what is left of a row. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define RSC_TYPE_WRAP_BOX (rsc_wrap_box_get_type ())
G_DECLARE_FINAL_TYPE (RscWrapBox, rsc_wrap_box, RSC, WRAP_BOX, GtkWidget)

GtkWidget *rsc_wrap_box_new    (void);
void       rsc_wrap_box_append (RscWrapBox *self, GtkWidget *child);
void       rsc_wrap_box_remove_all (RscWrapBox *self);

G_END_DECLS
