/* The lock of another process's dynamic loader, which has no name that the outside could know.
 *
 * Whoever loads a library has it, also while the library's constructors run, and these may wait for another thread: one that
 * was made to load something would wait for them, for ever. */
#pragma once

#include "rsc-process-memory.h"

G_BEGIN_DECLS

/* The address of glibc's pthread_mutex_t, a recursive one; 0: it is not where it is known to be. */
guint64  rsc_loader_lock_find     (RscProcessMemory *memory);
/* Whether thread @tid, which is stopped, has it: its number in its own PID namespace. */
gboolean rsc_loader_lock_is_of    (RscProcessMemory *memory, guint64 lock, pid_t tid);
/* Whether a thread has it just now; FALSE also if the process is gone.  The process is not touched. */
gboolean rsc_loader_lock_is_taken (RscProcessMemory *memory, guint64 lock);

G_END_DECLS
