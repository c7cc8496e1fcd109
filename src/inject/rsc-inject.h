/* Loading the agent into a process that runs, without a debugger.
 *
 * A thread is stopped at a safe point (see rsc-thread-stop.h) for some
 * milliseconds and made to open the library, which starts a thread of its own.
 * The stopped thread is then exactly as it was.  If this process is killed meanwhile,
 * the thread gives its state back to itself, and the agent takes away what was made for it
 * when nobody says a word to it. */
#pragma once

#include <gio/gio.h>
#include <sys/types.h>

G_BEGIN_DECLS

typedef struct
{
  int connection;      /* our end: SOCK_SEQPACKET, close-on-exec, non-blocking; the caller's */
  gboolean is_busy;    /* it failed because the agent there is another Refscope's, or was until just now */
  gboolean other_way;  /* it failed, before anything was brought there, by what does not matter to rsc_remote_exec() */
  gint64 stopped_us;   /* how long the thread stood still, microseconds */
} RscInjection;

/* @library: the agent's path.
 * RSC_CAPTURE_ERROR: EXITED, PERMISSION, BUSY (traced, stopped, no safe point, another Refscope), UNSUPPORTED
 * (no CPython, no glibc, another processor), FAILED. */
gboolean rsc_inject (pid_t pid, const char *library, RscInjection *injection, GError **error);

G_END_DECLS
