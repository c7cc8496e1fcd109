#include "rsc-cli-duration.h"

#include <math.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "rsc-cli.h"

#define MAX_SECONDS (31 * 24 * 3600.0)

gboolean
rsc_duration_parse (const char  *text,
                    const char  *option,
                    gint64      *microseconds,
                    GError     **error)
{
  static const struct
  {
    const char *name;
    double seconds;
  } units[] = { { "", 1 }, { "ms", 0.001 }, { "s", 1 }, { "m", 60 }, { "min", 60 }, { "h", 3600 }, { "d", 24 * 3600 } };
  char *end;
  double seconds = g_ascii_strtod (text, &end);

  while (g_ascii_isspace (*end))
    end++;
  for (gsize i = 0; end != text && i < G_N_ELEMENTS (units); i++)
    if (strcmp (end, units[i].name) == 0)
      {
        seconds *= units[i].seconds;
        if (!isfinite (seconds) || seconds < 0.001 || seconds > MAX_SECONDS)
          break;
        *microseconds = (gint64) (seconds * G_USEC_PER_SEC);
        return TRUE;
      }

  g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
               _("%s takes a time as 60s, 5m or 1h (ms, s, m, h, d), up to a month, and not “%s”."), option, text);
  return FALSE;
}

char *
rsc_duration_format (gint64 microseconds)
{
  double seconds = (double) microseconds / G_USEC_PER_SEC;

  if (seconds >= 7200)
    return g_strdup_printf (_("%.3g h"), seconds / 3600);
  if (seconds >= 120)
    return g_strdup_printf (_("%.3g min"), seconds / 60);

  return g_strdup_printf (_("%.3g s"), seconds);
}
