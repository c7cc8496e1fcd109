/* Whether a process may be made to do what attaching needs.
 *
 * A filter of system calls may end the process for one that it does not expect:
 * then it is not to be asked. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* Of the stopped and traced thread @tid of process @pid.  FALSE: @error (RSC_CAPTURE_ERROR, UNSUPPORTED) says why not. */
gboolean rsc_seccomp_check (pid_t pid, pid_t tid, GError **error);

/* What a filter of @n instructions says of system call @number with its arguments zero: an
 * action of linux/seccomp.h; SECCOMP_RET_KILL_PROCESS of a filter that is none. */
struct sock_filter;
guint32 rsc_seccomp_run (const struct sock_filter *filter, gsize n, guint32 number);

G_END_DECLS
