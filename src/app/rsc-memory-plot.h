/* Memory over time: the unique and the resident set, with the marks on it, and below it the collections, a row for
 * each generation: as high as they took long, the longest where many fall into the same pixels. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define RSC_TYPE_MEMORY_PLOT (rsc_memory_plot_get_type ())
G_DECLARE_FINAL_TYPE (RscMemoryPlot, rsc_memory_plot, RSC, MEMORY_PLOT, GtkWidget)

/* Of RscMemoryPoint, and of RscRecordedCollection, oldest first; kept and drawn anew at each
 * rsc_memory_plot_changed(). */
void rsc_memory_plot_set_points (RscMemoryPlot *self, GArray *points, GArray *recorded);
void rsc_memory_plot_changed    (RscMemoryPlot *self);
/* What is said of what is at (x, y), in pixels of the widget; NULL: nothing.  Free with g_free(). */
char *rsc_memory_plot_dup_text_at (RscMemoryPlot *self, double x, double y);

G_END_DECLS
