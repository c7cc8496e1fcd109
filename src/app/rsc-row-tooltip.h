/* Tooltips of what lists make by the hundred.  Each time GTK is given a tooltip's
 * text it asks the X server, twice, where the pointer is, and waits for the
 * answer; for a list that is filled, that adds up to a standstill on a busy
 * machine.  This text is only looked at when the pointer rests on the widget. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* On @widget, until it is set again. */
void rsc_row_tooltip_set (GtkWidget *widget, const char *text);

G_END_DECLS
