/* What a plot over time says at its edges, and what of the collections falls into the same
 * pixels.  Without GTK, and tested without it. */
#pragma once

#include <glib.h>

#include "rsc-recorded.h"

G_BEGIN_DECLS

#define RSC_PLOT_GENERATIONS 3

/* Seconds between two ticks of an axis of @seconds that is @width pixels long: a round number, and at least
 * @least pixels. */
double  rsc_plot_get_time_step (double seconds, double width, double least);
/* "0", "5 s", "1:30 min", "2 h"; free with g_free(). */
char   *rsc_plot_dup_time      (double seconds);

/* Bytes between two lines of an axis that goes up to @bytes at least: 1, 2 or 5, 10 and so on of a unit, so that at most @most
 * (2 or more) reach it. */
guint64 rsc_plot_get_byte_step (guint64 bytes, guint most);
/* "15 MiB", in the unit of @step, of which @bytes is a multiple; free with g_free(). */
char   *rsc_plot_dup_bytes     (guint64 bytes, guint64 step);

/* The collections of one generation in one column of pixels. */
typedef struct
{
  guint64 count;    /* that began in it */
  double total;     /* seconds that those took */
  gboolean any;     /* also if it only lasted into it */
  guint longest;    /* of these, an index among the recorded */
  double duration;  /* seconds that it took */
} RscPlotBin;

/* Puts each of @recorded (of RscRecordedCollection) where it falls on an axis of @seconds in @n_bins columns.  One that lasts is
 * in each column that it reaches, and is counted in the first.  @bins is of RSC_PLOT_GENERATIONS times @n_bins, a
 * generation after the other. */
void    rsc_plot_fill_bins     (const GArray *recorded, double seconds, guint n_bins, RscPlotBin *bins);

G_END_DECLS
