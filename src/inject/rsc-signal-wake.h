/* Signals of a process that came while its main thread was stopped.
 *
 * The system gives them to another thread then.  CPython notes them there, and calls handlers on the main thread only, which learns
 * of a signal as the call that it waits in ends with EINTR: this one did not. */
#pragma once

#include "rsc-python-process.h"

G_BEGIN_DECLS

/* Where the interpreter notes that there is one; 0: not known. */
guint64 rsc_signal_wake_find (RscProcessMemory *memory, const RscInterpreter *interpreter);
/* When the main thread goes on: ends its call if one is noted at @address and it still waits. */
void    rsc_signal_wake (RscProcessMemory *memory, guint64 address);

G_END_DECLS
