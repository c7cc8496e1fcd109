#include "config.h"

#include "bench-report.h"

#include <stdio.h>
#include <stdlib.h>

static gboolean missed;

void
bench_report (const char *what, double value, const char *unit, double limit)
{
  /* What is no number is no success either. */
  gboolean good = limit > 0 ? value <= limit : value >= -limit;

  missed |= !good;
  printf ("  %-58s %9.3g%-3s  limit %s %g%s  %s\n", what, value, unit, limit > 0 ? "<=" : ">=", ABS (limit), unit,
          good ? "ok" : "MISSED");
  fflush (stdout);
}

gboolean
bench_missed (void)
{
  return missed;
}

double
bench_now_ms (void)
{
  return (double) g_get_monotonic_time () / 1000;
}

static int
compare_doubles (gconstpointer a, gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

double
bench_median (double *values, gsize n)
{
  qsort (values, n, sizeof values[0], compare_doubles);
  return values[n / 2];
}
