#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "rsc-plot-scale.h"

#define KIB (G_GUINT64_CONSTANT (1) << 10)

double
rsc_plot_get_time_step (double seconds, double width, double least)
{
  static const double steps[] = { 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 6 * 3600, 12 * 3600, 24 * 3600 };
  double step;

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    if (width * steps[i] >= seconds * least)
      return steps[i];

  step = steps[G_N_ELEMENTS (steps) - 1];
  return width > 0 && least > 0 ? ceil (seconds * least / width / step) * step : MAX (seconds, step);
}

char *
rsc_plot_dup_time (double seconds)
{
  guint64 whole = (guint64) (MAX (seconds, 0) + 0.01);

  if (seconds < 0.05)
    return g_strdup ("0");
  if (seconds < 59.95 && fabs (seconds - (double) whole) > 0.05)
    /* Translators: seconds, with one decimal, at the axis of a plot */
    return g_strdup_printf (_("%.1f s"), seconds);
  if (whole < 60)
    /* Translators: seconds, at the axis of a plot */
    return g_strdup_printf (_("%u s"), (guint) whole);
  if (whole < 3600)
    return whole % 60 == 0 ?
           /* Translators: minutes, at the axis of a plot */
           g_strdup_printf (_("%u min"), (guint) (whole / 60)) :
           /* Translators: minutes and seconds, at the axis of a plot */
           g_strdup_printf (_("%u:%02u min"), (guint) (whole / 60), (guint) (whole % 60));
  if (whole % 3600 == 0)
    /* Translators: hours, at the axis of a plot */
    return g_strdup_printf (_("%u h"), (guint) (whole / 3600));

  /* Translators: hours and minutes, at the axis of a plot */
  return g_strdup_printf (_("%u:%02u h"), (guint) (whole / 3600), (guint) (whole / 60 % 60));
}

guint64
rsc_plot_get_byte_step (guint64 bytes, guint most)
{
  static const guint factors[] = { 1, 2, 5, 10, 20, 50, 100, 200, 500 };

  g_return_val_if_fail (most >= 2, KIB);

  /* It ends: 2 times 10 EiB are more than can be asked for. */
  for (guint64 unit = KIB;; unit *= KIB)
    for (guint i = 0; i < G_N_ELEMENTS (factors); i++)
      if ((double) bytes <= (double) unit * factors[i] * most)
        return unit * factors[i];
}

char *
rsc_plot_dup_bytes (guint64 bytes, guint64 step)
{
  static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
  guint64 unit = KIB;
  guint i = 0;

  if (bytes == 0)
    return g_strdup ("0");

  while (i + 1 < G_N_ELEMENTS (units) && step / unit >= KIB)
    {
      unit *= KIB;
      i++;
    }

  return g_strdup_printf ("%" PRIu64 "\302\240%s", bytes / unit, units[i]);
}

void
rsc_plot_fill_bins (const GArray *recorded, double seconds, guint n_bins, RscPlotBin *bins)
{
  memset (bins, 0, sizeof *bins * RSC_PLOT_GENERATIONS * n_bins);
  if (n_bins == 0 || !(seconds > 0))
    return;

  for (guint i = 0; i < recorded->len; i++)
    {
      const RscRecordedCollection *item = &g_array_index (recorded, RscRecordedCollection, i);
      double place = item->seconds / seconds * n_bins;
      double end = (item->seconds + item->duration) / seconds * n_bins;
      guint first = (guint) CLAMP (place, 0, n_bins - 1);
      guint last = (guint) CLAMP (end, first, n_bins - 1);
      RscPlotBin *row = bins + (gsize) MIN (item->generation, RSC_PLOT_GENERATIONS - 1) * n_bins;

      row[first].count += item->stands_for;
      row[first].total += item->together;
      for (guint j = first; j <= last; j++)
        if (!row[j].any || row[j].duration < item->duration)
          {
            row[j].any = TRUE;
            row[j].longest = i;
            row[j].duration = item->duration;
          }
    }
}
