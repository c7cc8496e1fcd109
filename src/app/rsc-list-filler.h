/* Fills a list in pieces.  A GtkListView has widgets for 200 items, whether they are in sight or
 * not; to make them, or to throw them away, at once, is a tenth of a second in which the window
 * answers nothing. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* @store begins with the first of @items (owned GObjects) when this returns, and has all of them,
 * and nothing else, soon: those beyond a screen once @view, which shows it, is in sight.  What an
 * earlier call left to do is not done any more. */
void     rsc_list_fill    (GListStore *store, GtkWidget *view, GPtrArray *items);
/* Whether what is at @position is still from before the last call. */
gboolean rsc_list_is_old  (GListStore *store, guint position);
/* Whether any list has something to be done now. */
gboolean rsc_list_filling (void);

G_END_DECLS
