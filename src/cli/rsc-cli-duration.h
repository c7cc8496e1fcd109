/* "60s", "5m", "1h": how long something takes. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Microseconds: a number with ms, s, m, h or d, or of seconds; above 0, up to a
 * month.  RSC_CLI_ERROR, USAGE: names @option. */
gboolean rsc_duration_parse (const char *text, const char *option, gint64 *microseconds, GError **error);

/* "90 s" for people; free with g_free(). */
char *rsc_duration_format (gint64 microseconds);

G_END_DECLS
