/* What it costs a program that one of its threads is interrupted.
 *
 * That is known of the system call it waits in; of a thread that runs, only by
 * looking again and again: a call in the middle of its bytes would come back with
 * less, and the next look may find it waiting in there. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* The least first. */
typedef enum
{
  RSC_THREAD_COST_NOTHING,   /* it waits in a call that begins again by itself */
  RSC_THREAD_COST_SIGNAL,    /* so does the main thread: a signal that comes meanwhile is to be told to it (rsc-signal-wake.c) */
  RSC_THREAD_COST_TIME,      /* it runs */
  RSC_THREAD_COST_MAIN_TIME,
  RSC_THREAD_COST_ERROR,     /* its call comes back with EINTR */
  RSC_N_THREAD_COSTS,
  RSC_THREAD_COST_TOO_MUCH = RSC_N_THREAD_COSTS /* its call would come back with less */
} RscThreadCost;

/* Whether the kernel begins the call again by itself when it was interrupted for nothing.  @second: its second argument. */
gboolean rsc_system_call_is_restarted (long number, guint64 second);
/* Whether a thread that waits in the call holds no lock of the C library or of the loader. */
gboolean rsc_system_call_is_safe      (long number, guint64 second);

/* What was seen of the threads of a process. */
typedef struct _RscThreadLooks RscThreadLooks;

RscThreadLooks *rsc_thread_looks_new      (pid_t pid);
void            rsc_thread_looks_free     (RscThreadLooks *self);
RscThreadCost   rsc_thread_looks_get_cost (RscThreadLooks *self, pid_t tid);
/* Whether a thread that runs was looked at for long enough to say that it is not in the middle of reading or writing. */
gboolean        rsc_thread_looks_watch    (RscThreadLooks *self, pid_t tid);
/* The thread was stopped as it came from this call: with less than it asked for; if that was reading or writing, it is let be for a while. */
void            rsc_thread_looks_add_hit  (RscThreadLooks *self, pid_t tid, long number);

/* The thread is not taken any more while it waits in a call. */
void            rsc_thread_looks_leave_out (RscThreadLooks *self, pid_t tid);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscThreadLooks, rsc_thread_looks_free)

G_END_DECLS
