/* How another process or thread is, by what /proc says of it. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* All of /proc/PID/status; NULL: it is gone.  Free with g_free(). */
char       *rsc_process_status_read (pid_t pid);
/* What stands behind @field ("Uid") in @status, up to the end of that text; NULL: nothing, or @status is NULL.  Borrowed. */
const char *rsc_process_status_find (const char *status, const char *field);
/* The first number there; -1: there is none. */
gint64      rsc_process_status_get_number (pid_t pid, const char *field);

/* The system call that a thread waits in, as /proc/TID/syscall has it, or "running"; NULL: not to be had.  Free with g_free(). */
char    *rsc_process_read_call (pid_t tid);
/* What it has written so far, by write() and its like, and in how many calls; FALSE: that is not told. */
gboolean rsc_process_read_written (pid_t tid, guint64 *bytes, guint64 *calls);
/* How a process or thread is: a letter, as in /proc/PID/stat; X: gone. */
char     rsc_process_get_state (pid_t tid);
/* Whether it is scheduled before all others (SCHED_FIFO, SCHED_RR). */
gboolean rsc_process_is_real_time (pid_t tid);
/* When it began, clock ticks since the system did: with the number, no other process's.  0: it is gone. */
guint64  rsc_process_get_start (pid_t pid);
/* Its number in its own PID namespace: @pid if that is ours. */
pid_t    rsc_process_get_inner (pid_t pid);
/* By how much its CLOCK_MONOTONIC is ahead of ours, nanoseconds: 0, but in another time namespace. */
gint64   rsc_process_get_clock_offset (pid_t pid);
/* Whether it has its parent's memory: until it executes another program, the parent waits. */
gboolean rsc_process_shares_memory (pid_t pid);
/* Also if its parent has not looked yet. */
gboolean rsc_process_has_ended (pid_t tid);
/* Unique and resident set size, bytes; FALSE: it is gone, or may not be looked into. */
gboolean rsc_process_measure (pid_t pid, guint64 *uss, guint64 *rss);
/* That process @pid is traced, by process @tracer. */
void rsc_process_set_traced_error (pid_t pid, pid_t tracer, GError **error);
/* Why process @pid could not be looked into, when that failed with @code, of its thread @tid: a sentence with the
 * remedy. */
void rsc_process_set_error (pid_t pid, pid_t tid, int code, GError **error);

G_END_DECLS
