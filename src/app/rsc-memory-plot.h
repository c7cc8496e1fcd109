/* Memory over time: the unique and the resident set, with the marks and the
 * collections on it; those that were recorded tell of themselves where one points at them. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define RSC_TYPE_MEMORY_PLOT (rsc_memory_plot_get_type ())
G_DECLARE_FINAL_TYPE (RscMemoryPlot, rsc_memory_plot, RSC, MEMORY_PLOT, GtkWidget)

/* Of RscMemoryPoint, and of RscRecordedCollection, oldest first; kept and drawn anew at each
 * rsc_memory_plot_changed(). */
void rsc_memory_plot_set_points (RscMemoryPlot *self, GArray *points, GArray *recorded);
void rsc_memory_plot_changed    (RscMemoryPlot *self);

G_END_DECLS
