/* The stack of a thread of another process. */
#pragma once

#include "rsc-process-memory.h"

G_BEGIN_DECLS

/* Whether thread @tid, whose stack pointer is @sp and whose thread pointer is @tls, is on the stack that the system or the C library
 * made for it; then *bottom is its lowest address.  Other stacks (of coroutines, of Go's) may have anything below them. */
gboolean rsc_thread_stack_find (RscProcessMemory *memory, pid_t tid, guint64 sp, guint64 tls, guint64 *bottom);

G_END_DECLS
