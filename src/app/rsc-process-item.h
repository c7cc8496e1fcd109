/* A running Python as a row of a list. */
#pragma once

#include <gtk/gtk.h>

#include "inject/rsc-python-process.h"

G_BEGIN_DECLS

/* Signals:
 *   changed ()   what is known of it is another than before */
#define RSC_TYPE_PROCESS_ITEM (rsc_process_item_get_type ())
G_DECLARE_FINAL_TYPE (RscProcessItem, rsc_process_item, RSC, PROCESS_ITEM, GObject)

/* Takes @process over. */
RscProcessItem         *rsc_process_item_new     (RscPythonProcess *process);
void                    rsc_process_item_update  (RscProcessItem *self, RscPythonProcess *process);
/* Borrowed until the next update. */
const RscPythonProcess *rsc_process_item_get     (RscProcessItem *self);
/* Each word of @text is somewhere in what its row shows, or in its command. */
gboolean                rsc_process_item_matches (RscProcessItem *self, const char *text);
/* Those that can be attached to first, then the newest: a GCompareFunc for arrays of them. */
int                     rsc_process_item_compare (gconstpointer a, gconstpointer b);

/* Makes rows of them. */
GtkListItemFactory     *rsc_process_item_factory_new (void);

G_END_DECLS
