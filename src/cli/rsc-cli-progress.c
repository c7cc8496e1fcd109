#include "rsc-cli-progress.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <glib-unix.h>

/* Between two updates of the line. */
#define UPDATE_INTERVAL_US (G_USEC_PER_SEC / 10)
/* Work that is done sooner shows nothing. */
#define DELAY_US (G_USEC_PER_SEC / 2)

static gint64 started, last_update;
static gboolean is_shown;
static int signal_pipe[2] = { -1, -1 };
static volatile sig_atomic_t n_signals;

static void
show_progress (double      fraction,
               const char *what,
               gpointer    user_data)
{
  gint64 now = g_get_monotonic_time ();

  if (started == 0)
    started = now;
  if (now - started < DELAY_US || now - last_update < UPDATE_INTERVAL_US)
    return;

  last_update = now;
  is_shown = TRUE;

  if (fraction >= 0)
    fprintf (stderr, "\r\033[K%s %3.0f %%", what != NULL ? what : "", CLAMP (fraction, 0.0, 1.0) * 100);
  else
    fprintf (stderr, "\r\033[K%s …", what != NULL ? what : "");
  fflush (stderr);
}

void
rsc_cli_progress_init (RscProgress *progress,
                       gboolean     enabled)
{
  if (enabled && isatty (STDERR_FILENO))
    progress->func = show_progress;
}

void
rsc_cli_progress_clear (void)
{
  started = 0;
  if (!is_shown)
    return;

  fputs ("\r\033[K", stderr);
  fflush (stderr);
  is_shown = FALSE;
}

/* Only what a signal handler may do: the watching thread does the rest. */
static void
handle_signal (int signum)
{
  int saved_errno = errno;

  if (n_signals++ > 0)
    _exit (RSC_CLI_CANCELLED);

  if (write (signal_pipe[1], "", 1) != 1)
    _exit (RSC_CLI_CANCELLED);

  errno = saved_errno;
}

/* A broken pipe is told by write(); unlike SIG_IGN a handler does not reach
 * the programs that are launched. */
static void
handle_sigpipe (int signum)
{
}

static gpointer
watch_signals (gpointer data)
{
  g_autoptr (GCancellable) cancellable = data;
  char byte;

  while (read (signal_pipe[0], &byte, 1) < 0 && errno == EINTR)
    ;
  g_cancellable_cancel (cancellable);

  return NULL;
}

static void
handle (int    signum,
        void (*handler) (int))
{
  struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };
  struct sigaction old;

  sigemptyset (&action.sa_mask);

  /* Who started us may want it ignored, for us and for the program. */
  if (sigaction (signum, NULL, &old) == 0 && old.sa_handler == SIG_IGN)
    return;

  sigaction (signum, &action, NULL);
}

void
rsc_cli_signals_init (GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  GThread *thread;

  handle (SIGPIPE, handle_sigpipe);

  if (!g_unix_open_pipe (signal_pipe, FD_CLOEXEC, &error))
    {
      g_warning ("%s", error->message);
      return;
    }

  thread = g_thread_new ("signals", watch_signals, g_object_ref (cancellable));
  g_thread_unref (thread);
  handle (SIGINT, handle_signal);
  handle (SIGTERM, handle_signal);
}

gboolean
rsc_cli_signals_came (void)
{
  return n_signals > 0;
}
