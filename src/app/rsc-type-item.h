/* A row of the types list. */
#pragma once

#include <gtk/gtk.h>

#include "analysis/rsc-histogram.h"

G_BEGIN_DECLS

#define RSC_TYPE_TYPE_ITEM (rsc_type_item_get_type ())
G_DECLARE_FINAL_TYPE (RscTypeItem, rsc_type_item, RSC, TYPE_ITEM, GObject)

RscTypeItem *rsc_type_item_new (RscSnapshot *snapshot, const RscHistogramRow *row);

/* "dict", "__main__.Widget" */
const char *rsc_type_item_get_name  (RscTypeItem *self);
guint64     rsc_type_item_get_count (RscTypeItem *self);
guint64     rsc_type_item_get_bytes (RscTypeItem *self);

/* Adds the columns type, count and bytes, each sortable, to @view; the widest
 * (by bytes) comes first. */
void rsc_type_item_add_columns (GtkColumnView *view);

G_END_DECLS
