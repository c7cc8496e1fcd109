#include "rsc-hold-stop.h"

#include <signal.h>
#include <unistd.h>

enum { N_STOPS = 3, CONTINUE = N_STOPS, N_HELD };

static const int numbers[N_HELD] = { SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT };

/* For the handler, on any thread. */
static gint is_held, came[N_STOPS];

G_LOCK_DEFINE_STATIC (held);
static guint n_held;
static struct sigaction before[N_HELD];
static gboolean is_ours[N_HELD];

static void
pass_on (void)
{
  for (guint i = 0; i < N_STOPS; i++)
    if (g_atomic_int_compare_and_exchange (&came[i], 1, 0))
      kill (getpid (), numbers[i]);
}

static void
note (int number)
{
  /* Who lets the program go on takes back what came before. */
  for (guint i = 0; i < N_STOPS; i++)
    if (number == numbers[i] || number == SIGCONT)
      g_atomic_int_set (&came[i], number != SIGCONT);
  /* The last one has looked already. */
  if (!g_atomic_int_get (&is_held))
    pass_on ();
}

/* What ignores to be stopped is not stopped; what a handler of SIGCONT does is not ours to hold back. */
static gboolean
is_left_alone (guint i)
{
  return i == CONTINUE ? before[i].sa_handler != SIG_DFL : before[i].sa_handler == SIG_IGN;
}

static void
put_handlers (void)
{
  struct sigaction action = { .sa_handler = note, .sa_flags = SA_RESTART };

  sigemptyset (&action.sa_mask);
  for (guint i = 0; i < N_HELD; i++)
    sigaddset (&action.sa_mask, numbers[i]);
  g_atomic_int_set (&is_held, 1);
  for (guint i = 0; i < N_HELD; i++)
    is_ours[i] = sigaction (numbers[i], NULL, &before[i]) == 0 && !is_left_alone (i) && sigaction (numbers[i], &action, NULL) == 0;
}

static void
put_back (void)
{
  for (guint i = 0; i < N_HELD; i++)
    if (is_ours[i])
      sigaction (numbers[i], &before[i], NULL);
  g_atomic_int_set (&is_held, 0);
}

void
rsc_hold_stop_begin (void)
{
  G_LOCK (held);
  if (n_held++ == 0)
    put_handlers ();
  G_UNLOCK (held);
}

void
rsc_hold_stop_end (void)
{
  gboolean is_last;

  G_LOCK (held);
  is_last = --n_held == 0;
  if (is_last)
    put_back ();
  G_UNLOCK (held);
  if (is_last)
    pass_on ();
}
