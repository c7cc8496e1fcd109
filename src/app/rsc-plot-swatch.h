/* How the parts of the memory plot look: told by their shapes as well as by their colours, in the plot and beside the words
 * of its key. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

typedef enum
{
  RSC_PLOT_UNIQUE,     /* a strong line over an area */
  RSC_PLOT_RESIDENT,   /* a dashed line */
  RSC_PLOT_COLLECTION, /* a bar */
  RSC_PLOT_UNRECORDED  /* a ring */
} RscPlotPart;

/* Sets the colour, and a line's width and dashes; high contrast has no half tones. */
void rsc_plot_set_source (cairo_t *cr, GtkWidget *widget, RscPlotPart part);
/* What lies below the unique memory's line. */
void rsc_plot_set_area   (cairo_t *cr, GtkWidget *widget);
/* The text's colour: text, or what is fainter. */
void rsc_plot_set_text   (cairo_t *cr, GtkWidget *widget);
void rsc_plot_set_grid   (cairo_t *cr, GtkWidget *widget);
void rsc_plot_add_ring   (cairo_t *cr, double x, double y);

/* A sample of one, as high as a line of text.
 *
 * Properties:
 *   part (char *)   "unique", "resident", "collection" or "unrecorded" */
#define RSC_TYPE_PLOT_SWATCH (rsc_plot_swatch_get_type ())
G_DECLARE_FINAL_TYPE (RscPlotSwatch, rsc_plot_swatch, RSC, PLOT_SWATCH, GtkWidget)

G_END_DECLS
