/* How the programs that measure say what they found. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Prints @value beside its limit: "at most" if @limit is positive, else "at least" its negative. */
void bench_report (const char *what, double value, const char *unit, double limit);

/* TRUE if a limit was missed. */
gboolean bench_missed (void);

double bench_now_ms (void);

/* Sorts @values. */
double bench_median (double *values, gsize n);

G_END_DECLS
