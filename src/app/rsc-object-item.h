/* An object of a snapshot as an item of a list model, and the factory that
 * shows such items.  Texts are made only when they are asked for. */
#pragma once

#include <gtk/gtk.h>

#include "snapshot/rsc-snapshot.h"

G_BEGIN_DECLS

#define RSC_TYPE_OBJECT_ITEM (rsc_object_item_get_type ())
G_DECLARE_FINAL_TYPE (RscObjectItem, rsc_object_item, RSC, OBJECT_ITEM, GObject)

/* @node may be RSC_NODE_NONE for an entry that is no object; @prefix says how
 * it is referred to (".attr") and @note what else there is to say; both may be
 * NULL. */
RscObjectItem *rsc_object_item_new (RscSnapshot *snapshot, RscNode node, const char *prefix, const char *note);

RscNode      rsc_object_item_get_node     (RscObjectItem *self);
RscSnapshot *rsc_object_item_get_snapshot (RscObjectItem *self);
/* A number for whoever made it; -1 at first. */
int          rsc_object_item_get_index    (RscObjectItem *self);
void         rsc_object_item_set_index    (RscObjectItem *self, int index);
/* The snapshot's edge that the entry stands for; G_MAXUINT64 at first: none. */
guint64      rsc_object_item_get_edge     (RscObjectItem *self);
void         rsc_object_item_set_edge     (RscObjectItem *self, guint64 edge);
/* What a screen reader says after an object's title instead of prefix and note,
 * or all that it says of an entry that is no object. */
void         rsc_object_item_take_spoken  (RscObjectItem *self, char *spoken);
/* The whole as a sentence.  Free with g_free(). */
char        *rsc_object_item_dup_description (RscObjectItem *self);

/* Rows of RscObjectItem for a GtkListView. */
GtkListItemFactory *rsc_object_item_factory_new (void);
/* What the row shows that @widget is, or is in, or that is in it (the list's own
 * widget around a row, which has the focus); borrowed, or NULL. */
RscObjectItem *rsc_object_item_at (GtkWidget *widget);

/* "Widget", "dict" or, with @with_module, "__main__.Widget"; builtins always
 * bare.  Free with g_free(). */
char *rsc_node_dup_type  (RscSnapshot *snapshot, RscNode node, gboolean with_module);
/* "dict (3 items)": an object in a few words.  Free with g_free(). */
char *rsc_node_dup_title (RscSnapshot *snapshot, RscNode node);
/* The same as a part of a sentence: "list (2 items)", "Pair"; a drawing's "A". */
char *rsc_node_dup_name  (RscSnapshot *snapshot, RscNode node);
/* ... that tells an instance from others of its class, where it can: "Guest (name: 'Mei 8')". */
char *rsc_node_dup_long_name (RscSnapshot *snapshot, RscNode node);

G_END_DECLS
