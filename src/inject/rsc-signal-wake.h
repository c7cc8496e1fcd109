/* Signals of a process that came while one of its threads was stopped.
 *
 * CPython calls handlers on the main thread only, which learns of a signal as the call that it waits in ends with EINTR.  But whichever
 * thread looks for signals first takes it, and one that is stopped, or let go, does so: another one while the main thread is stopped, or
 * the one that was stopped while the main thread waits for a processor.  It is noted there, and the main thread's call begins again. */
#pragma once

#include "rsc-python-process.h"

G_BEGIN_DECLS

/* Where the interpreter notes that there is one; 0: not known. */
guint64 rsc_signal_wake_find (RscProcessMemory *memory, const RscInterpreter *interpreter);
/* When all go on: ends the main thread's call if one is noted at @address and it still waits.  @tid: the thread that was stopped, which may
 * have taken one and not noted it yet, if it is not the main thread; 0: there were more. */
void    rsc_signal_wake (RscProcessMemory *memory, guint64 address, pid_t tid);

G_END_DECLS
