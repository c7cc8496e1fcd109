/* Loading the agent into a CPython of 3.14 or later that is asked to do it by itself (PEP 768, what sys.remote_exec()
 * does): without tracing it, so that it can be traced by somebody else, and whatever its processor is.
 *
 * The main thread does it between two instructions of its Python code.  It is asked by three writes into the interpreter's
 * own data: a script's path, that there is one, and flags that make the thread look.  CPython's own client
 * reads the word of flags, and writes it back while the program runs: what is set in between, such as
 * that a signal has come, is lost.  Here one byte is written, and only where it was 0, with all flags set of which the
 * program would not find out otherwise; for each of them the thread looks whether there is anything to do.
 *
 * It is the second way, for the program can see more of it: its audit hooks, and a function that traces or profiles it,
 * are called for the script, and what a handler of a signal raises while the script is read is printed, and does
 * not reach the program. */
#pragma once

#include "rsc-inject.h"

G_BEGIN_DECLS

/* As rsc_inject().  RSC_CAPTURE_ERROR also TIMEOUT: the main thread did not come to it, and nothing stays of the request. */
gboolean rsc_remote_exec (pid_t pid, const char *library, RscInjection *injection, GError **error);

G_END_DECLS
