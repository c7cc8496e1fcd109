/* Stopping a thread of another process where it may be made to call something.
 *
 * Only at a safe point: in the interpreter's own code, or in a system call in which
 * threads wait for long and hold no lock of the C library or of the loader.  Anywhere
 * else it may have malloc()'s lock, or be in the middle of dlopen(). */
#pragma once

#include "rsc-inject-arch.h"

G_BEGIN_DECLS

typedef struct
{
  pid_t tid;
  RscThreadState *state;
  guint64 stack_bottom;   /* the lowest address of its stack */
  gboolean has_others;    /* set: it is not the only one of its process */
  gboolean has_frame;     /* in a system call, with the frame of a handler's on its stack: it is over if a handler's own signal is blocked */
  gint64 stopped;         /* monotonic: when it was last seen to run, or to wait for a processor, before it was stopped for good */
} RscStoppedThread;

/* A thread of the process, rather not its main thread, stopped at a safe point and traced by the calling thread.
 * @python: where the interpreter's code is from (a path of a mapping); NULL: that is not safe.
 * @nests: the process has handlers of signals that do not block their own (SA_NODEFER): one may run wherever there is a frame.
 * RSC_CAPTURE_ERROR: EXITED, PERMISSION, BUSY (traced, stopped, no safe point). */
gboolean rsc_thread_stop (RscProcessMemory *memory, const char *python, const RscGadgets *gadgets, gboolean nests,
                          RscStoppedThread *stopped, GError **error);
/* Waits until the traced thread stops; its status as from waitpid().  FALSE: it is gone, or did not
 * stop within @ms. */
gboolean rsc_thread_wait (pid_t tid, int ms, int *status);
/* Stops the traced thread, which runs. */
gboolean rsc_thread_interrupt (pid_t tid);
/* A thread that is not traced comes back with EINTR from the call that it waits in, if that is one that would begin again by itself. */
void     rsc_thread_end_wait (pid_t tid);
/* To where it is as if it had been interrupted, from any other stop. */
gboolean rsc_thread_park (pid_t tid);

G_END_DECLS
