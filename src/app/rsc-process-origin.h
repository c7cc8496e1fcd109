/* Where a process comes from: what tells apart the workers of a server, whose commands are the same. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* "child of 1234 (gunicorn)"; NULL: of none that can be seen, or of the first process, which says nothing.  Free with g_free(). */
char *rsc_process_origin_dup_parent (pid_t pid);
/* "since 14:03:22"; with the day, if that was not today.  @ticks: see rsc_process_get_start(); NULL for 0.  Free with g_free(). */
char *rsc_process_origin_dup_since  (guint64 ticks);
/* The same of one that began at @began, looked at at @now. */
char *rsc_process_origin_dup_time   (GDateTime *began, GDateTime *now);

G_END_DECLS
