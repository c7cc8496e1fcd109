/* One row of a filter: column, operator, value.
 *
 * Signals:
 *   changed ()
 *   removed ()   its button was pressed */
#pragma once

#include <gtk/gtk.h>

#include "query/rsc-conditions.h"

G_BEGIN_DECLS

#define RSC_TYPE_CONDITION_ROW (rsc_condition_row_get_type ())
G_DECLARE_FINAL_TYPE (RscConditionRow, rsc_condition_row, RSC, CONDITION_ROW, GtkWidget)

/* @condition NULL: "type is", without a value. */
GtkWidget    *rsc_condition_row_new  (const RscCondition *condition);
/* To be freed; NULL if the value is not one of the column, which the row says. */
RscCondition *rsc_condition_row_read (RscConditionRow *self);

G_END_DECLS
