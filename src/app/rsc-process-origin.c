#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-process-origin.h"

#include <time.h>
#include <unistd.h>

#include "inject/rsc-process-status.h"

char *
rsc_process_origin_dup_parent (pid_t pid)
{
  gint64 parent = rsc_process_status_get_number (pid, "PPid");
  g_autofree char *path = NULL;
  g_autofree char *name = NULL;
  g_autofree char *valid = NULL;

  /* Those whose parent has ended are the first process's. */
  if (parent <= 1)
    return NULL;

  path = g_strdup_printf ("/proc/%d/comm", (int) parent);
  if (g_file_get_contents (path, &name, NULL, NULL))
    valid = g_utf8_make_valid (g_strchomp (name), -1);
  if (valid == NULL || *valid == '\0')
    /* Translators: of a process: its parent's number */
    return g_strdup_printf (_("child of %d"), (int) parent);

  /* Translators: of a process: its parent's number and name */
  return g_strdup_printf (_("child of %1$d (%2$s)"), (int) parent, valid);
}

char *
rsc_process_origin_dup_time (GDateTime *began, GDateTime *now)
{
  g_autofree char *time = NULL;

  if (g_date_time_get_year (began) == g_date_time_get_year (now) && g_date_time_get_day_of_year (began) == g_date_time_get_day_of_year (now))
    time = g_date_time_format (began, "%H:%M:%S");
  else
    /* Translators: the day and the time at which a process began: see strftime() */
    time = g_date_time_format (began, _("%Y-%m-%d %H:%M"));

  /* Translators: of a process: when it began */
  return g_strdup_printf (_("since %s"), time);
}

char *
rsc_process_origin_dup_since (guint64 ticks)
{
  long second = sysconf (_SC_CLK_TCK);
  struct timespec up;
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autoptr (GDateTime) began = NULL;
  double ago;

  if (ticks == 0 || second <= 0 || now == NULL || clock_gettime (CLOCK_BOOTTIME, &up) != 0)
    return NULL;

  ago = (double) up.tv_sec + (double) up.tv_nsec / 1e9 - (double) ticks / (double) second;
  began = g_date_time_add_seconds (now, -MAX (ago, 0));

  return began != NULL ? rsc_process_origin_dup_time (began, now) : NULL;
}
