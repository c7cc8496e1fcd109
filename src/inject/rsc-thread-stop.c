#include "config.h"

#include "rsc-thread-stop.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "base/rsc-error.h"
#include "rsc-process-status.h"
#include "rsc-thread-cost.h"
#include "rsc-thread-stack.h"

/* A thread that is not at a safe point goes on for so long, in microseconds, before it is looked at again. */
#define FIRST_PAUSE 130
#define NEXT_PAUSE 7
#define MAX_TRIES 400
/* Until a thread has stopped: it may be in a system call that cannot be interrupted. */
#define STOP_MS 1000
/* How often to look whether it has, in microseconds. */
#define LOOK_INTERVAL 20
/* How much of a stack is looked through for handlers of signals. */
#define MAX_STACK (64 * 1024)
/* So much of a frame, in words, tells it from another; and a handler that does not block its own signal, and waits for nothing, is over
 * in so many microseconds. */
#define FRAME_WORDS 64
#define HANDLER_US 5000

static gboolean
is_loader (const char *path)
{
  const char *slash = strrchr (path, '/');

  return slash != NULL && g_str_has_prefix (slash + 1, "ld-");
}

/* What handlers of a thread may have left on its stack, and since when it is there. */
typedef struct
{
  guint hash; /* 0: nothing */
  gint64 since;
} Left;

/* Those of which a handler may be running: that have one, or did, for it may have put itself away. */
static guint64
get_handled (pid_t pid)
{
  static const int usual[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS };
  g_autofree char *status = rsc_process_status_read (pid);
  const char *caught = rsc_process_status_find (status, "SigCgt");
  guint64 handled;

  if (caught == NULL)
    return ~UINT64_C (0);
  handled = g_ascii_strtoull (caught, NULL, 16);
  for (gsize i = 0; i < G_N_ELEMENTS (usual); i++)
    handled |= UINT64_C (1) << (usual[i] - 1);

  return handled;
}

/* Whether a handler of a signal runs, which may have come while a lock was held, in a thread that blocks the signals of @mask.
 * A frame stays on the stack when the handler is over, for long if what is called next does not write to its place:
 * select.select() has room for a thousand descriptors there.  While a handler runs, its signal is blocked, which it was not when it
 * came: so a frame that had blocked all that is blocked now, and has a handler, is an old one.  Or it is of a handler that was asked
 * not to block it (SA_NODEFER): *@left tells whether it is still the same a little later, by which such a handler is over if it does
 * not wait in a system call. */
static gboolean
is_in_handler (RscProcessMemory *memory, const RscThreadState *state, guint64 mask, const RscGadgets *gadgets, guint *left)
{
  guint64 sp = rsc_thread_state_get_sp (state) & ~UINT64_C (7);
  const RscMapping *stack = rsc_process_memory_find (memory, sp);
  g_autofree guint64 *words = NULL;
  guint64 handled = 0; /* asked for once, if at all: the thread stands still */
  gsize size, n;

  *left = 0;
  if (stack == NULL)
    return TRUE;
  size = MIN (stack->end - sp, MAX_STACK);
  words = g_malloc (size);
  if (!rsc_process_memory_read (memory, sp, words, size))
    return TRUE;
  n = size / sizeof *words;
  for (gsize i = 0; i < n; i++)
    {
      const RscMapping *code;
      guint64 pc, before;

      if (!rsc_frame_get_pc (gadgets, words + i, n - i, &pc, &before))
        continue;
      code = rsc_process_memory_find (memory, pc);
      if (code == NULL || !code->executable)
        continue;
      if ((mask & ~before) != 0)
        {
          if (handled == 0)
            handled = get_handled (memory->pid);
          if ((mask & ~before & handled) != 0)
            return TRUE;
        }
      for (gsize k = i; k < MIN (i + FRAME_WORDS, n); k++)
        *left = (*left * 31 + (guint) words[k]) * 31 + (guint) (words[k] >> 32);
      *left |= 1;
    }

  return FALSE;
}

static gboolean
is_safe (RscProcessMemory *memory, const RscThreadState *state, const char *python)
{
  const RscMapping *code = rsc_process_memory_find (memory, rsc_thread_state_get_pc (state));
  guint64 second;
  long number;

  if (code == NULL || !code->executable)
    return FALSE;
  if (rsc_thread_state_get_call (state, &number, &second))
    return rsc_system_call_is_safe (number, second) && !is_loader (code->path);

  return python != NULL && strcmp (code->path, python) == 0;
}

/* *running: when it was last seen not to be stopped; it may have waited for a processor then, as it would have without us. */
static gboolean
wait_for_stop (pid_t tid, int ms, int *status, gint64 *running)
{
  gint64 until = g_get_monotonic_time () + (gint64) ms * 1000;

  for (;;)
    {
      gint64 now = g_get_monotonic_time ();
      pid_t ended = waitpid (tid, status, __WALL | WNOHANG);

      if (ended == tid)
        return WIFSTOPPED (*status);
      if ((ended < 0 && errno != EINTR) || now > until)
        return FALSE;
      *running = now;
      g_usleep (LOOK_INTERVAL);
    }
}

gboolean
rsc_thread_wait (pid_t tid, int ms, int *status)
{
  gint64 running;

  return wait_for_stop (tid, ms, status, &running);
}

/* Until it has been interrupted; what signals come meanwhile it gets. */
static gboolean
wait_for_interrupt (pid_t tid, gboolean *is_stopped, gint64 *running)
{
  int status;

  while (wait_for_stop (tid, STOP_MS, &status, running))
    {
      int event = status >> 16;

      if (event == PTRACE_EVENT_STOP)
        {
          *is_stopped = WSTOPSIG (status) != SIGTRAP;
          return TRUE;
        }
      if (ptrace (PTRACE_CONT, tid, NULL, event == 0 && WSTOPSIG (status) != (SIGTRAP | 0x80) ? WSTOPSIG (status) : 0) != 0)
        return FALSE;
    }

  return FALSE;
}

gboolean
rsc_thread_interrupt (pid_t tid)
{
  gboolean is_stopped;
  gint64 running;

  return ptrace (PTRACE_INTERRUPT, tid, NULL, NULL) == 0 && wait_for_interrupt (tid, &is_stopped, &running);
}

gboolean
rsc_thread_park (pid_t tid)
{
  gboolean is_stopped;
  gint64 running;

  return ptrace (PTRACE_INTERRUPT, tid, NULL, NULL) == 0 && ptrace (PTRACE_CONT, tid, NULL, NULL) == 0
         && wait_for_interrupt (tid, &is_stopped, &running);
}

void
rsc_thread_end_wait (pid_t tid)
{
  g_autoptr(RscThreadState) state = NULL;
  guint64 second;
  long number;

  if (ptrace (PTRACE_SEIZE, tid, NULL, PTRACE_O_TRACESYSGOOD) != 0)
    return;
  if (rsc_thread_interrupt (tid))
    state = rsc_thread_state_read (tid);
  if (state != NULL && rsc_thread_state_get_call (state, &number, &second) && rsc_system_call_is_restarted (number, second))
    rsc_thread_end_call (tid, state);
  ptrace (PTRACE_DETACH, tid, NULL, NULL);
}

typedef struct
{
  pid_t tid;
  RscThreadCost cost;
} Candidate;

/* The threads that may be stopped, first those that should be. */
static GArray *
list_threads (pid_t pid, RscThreadLooks *looks, guint *n_threads)
{
  g_autofree char *folder = g_strdup_printf ("/proc/%d/task", (int) pid);
  g_autoptr(GDir) tasks = g_dir_open (folder, 0, NULL);
  GArray *threads = g_array_new (FALSE, FALSE, sizeof (Candidate));
  guint ends[RSC_N_THREAD_COSTS] = { 0 }; /* behind the last of each cost */
  const char *name;

  *n_threads = 0;
  while (tasks != NULL && (name = g_dir_read_name (tasks)) != NULL)
    {
      Candidate thread = { .tid = (pid_t) atoi (name) };

      *n_threads += 1;
      thread.cost = rsc_thread_looks_get_cost (looks, thread.tid);
      if (thread.cost == RSC_THREAD_COST_TOO_MUCH)
        continue;
      g_array_insert_val (threads, ends[thread.cost], thread);
      for (guint i = thread.cost; i < RSC_N_THREAD_COSTS; i++)
        ends[i]++;
    }

  return threads;
}

typedef enum
{
  TRY_DONE,
  TRY_AGAIN,   /* not at a safe point: still traced, and stopped */
  TRY_GONE,    /* not this thread */
  TRY_FAILED   /* no thread: error is set */
} Try;

static Try
seize (pid_t pid, pid_t tid, gint64 *running, GError **error)
{
  gboolean is_stopped;

  *running = g_get_monotonic_time ();
  /* One that cannot be interrupted would stop later, wherever it is then. */
  if (rsc_process_get_state (tid) == 'D' || rsc_process_has_ended (tid))
    return TRY_GONE;

  if (ptrace (PTRACE_SEIZE, tid, NULL, PTRACE_O_TRACESYSGOOD) != 0)
    {
      int code = errno;
      gint64 tracer = rsc_process_status_get_number (tid, "TracerPid");

      /* Its memory may be written to, so it is traced, or was until just now. */
      if (code == ESRCH || rsc_process_has_ended (tid) || (code == EPERM && tracer <= 0))
        return TRY_GONE;
      if (code == EPERM)
        rsc_process_set_traced_error (pid, (pid_t) tracer, error);
      else
        rsc_process_set_error (pid, tid, code, error);
      return TRY_FAILED;
    }
  if (ptrace (PTRACE_INTERRUPT, tid, NULL, NULL) != 0 || !wait_for_interrupt (tid, &is_stopped, running))
    {
      if (rsc_process_has_ended (tid))
        return TRY_GONE;
      g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_BUSY,
                   rsc_process_get_state (tid) == 'R'
                     ? _("A thread of process %d got no processor to be interrupted on: the process was left alone. Try again when the system is less busy.")
                     : _("A thread of process %d cannot be interrupted, as it waits for a device or a file system: the process was left alone. Try again later."),
                   (int) pid);
      return TRY_FAILED; /* it is let go when this thread ends */
    }
  if (is_stopped)
    {
      ptrace (PTRACE_DETACH, tid, NULL, NULL);
      g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_BUSY,
                   _("Process %d is stopped: let it go on (kill -CONT %d), and try again."), (int) pid, (int) pid);
      return TRY_FAILED;
    }

  return TRY_DONE;
}

/* Whether what was left on the stack of thread @tid was there as it is long enough ago. */
static gboolean
is_old (GHashTable *lefts, pid_t tid, guint hash)
{
  Left *left = g_hash_table_lookup (lefts, GINT_TO_POINTER (tid));
  gint64 now = g_get_monotonic_time ();

  if (hash == 0)
    return TRUE;
  if (left != NULL && left->hash == hash)
    return now - left->since > HANDLER_US;
  left = g_new (Left, 1);
  *left = (Left) { hash, now };
  g_hash_table_insert (lefts, GINT_TO_POINTER (tid), left);

  return FALSE;
}

static Try
look (RscProcessMemory *memory, pid_t tid, const char *python, const RscGadgets *gadgets, gboolean nests, RscThreadLooks *looks,
      GHashTable *lefts, RscStoppedThread *stopped)
{
  g_autoptr(RscThreadState) state = rsc_thread_state_read (tid);
  guint64 mask, bottom, second;
  gboolean has_frame;
  long number;
  guint left;

  if (state == NULL || ptrace (PTRACE_GETSIGMASK, tid, sizeof mask, &mask) != 0)
    return TRY_GONE;
  if (rsc_thread_state_get_call (state, &number, &second) && !rsc_thread_state_is_whole (state))
    rsc_thread_looks_add_hit (looks, tid, number);
  if (!is_safe (memory, state, python)
      || !rsc_thread_stack_find (memory, tid, rsc_thread_state_get_sp (state), rsc_thread_state_get_tls (state), &bottom)
      || is_in_handler (memory, state, mask, gadgets, &left) || !is_old (lefts, tid, left))
    return TRY_AGAIN;
  has_frame = left != 0 && rsc_thread_state_get_call (state, &number, &second);
  if (has_frame && nests)
    {
      rsc_thread_looks_leave_out (looks, tid);
      return TRY_AGAIN;
    }
  stopped->tid = tid;
  stopped->has_frame = has_frame;
  stopped->stack_bottom = bottom;
  stopped->state = g_steal_pointer (&state);

  return TRY_DONE;
}

gboolean
rsc_thread_stop (RscProcessMemory *memory, const char *python, const RscGadgets *gadgets, gboolean nests,
                 RscStoppedThread *stopped, GError **error)
{
  g_autoptr(RscThreadLooks) looks = rsc_thread_looks_new (memory->pid);
  g_autoptr(GHashTable) lefts = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  gint64 tracer;

  for (guint tries = 0; tries < MAX_TRIES; tries++)
    {
      guint n_threads;
      g_autoptr(GArray) threads = list_threads (memory->pid, looks, &n_threads);

      for (guint i = 0; i < threads->len && tries < MAX_TRIES; i++, tries++)
        {
          const Candidate *thread = &g_array_index (threads, Candidate, i);
          pid_t tid = thread->tid;
          Try result;

          if ((thread->cost == RSC_THREAD_COST_TIME || thread->cost == RSC_THREAD_COST_MAIN_TIME) && !rsc_thread_looks_watch (looks, tid))
            continue;
          /* That, and those before it, took their time. */
          if (rsc_thread_looks_get_cost (looks, tid) > thread->cost)
            continue;
          stopped->has_others = n_threads > 1;
          result = seize (memory->pid, tid, &stopped->stopped, error);
          if (result == TRY_FAILED)
            return FALSE;
          if (result == TRY_DONE)
            {
              result = look (memory, tid, python, gadgets, nests, looks, lefts, stopped);
              if (result == TRY_DONE)
                return TRUE;
              ptrace (PTRACE_DETACH, tid, NULL, NULL);
            }
        }
      /* Threads, libraries and stacks come and go. */
      g_usleep (FIRST_PAUSE + NEXT_PAUSE * tries);
      if (!rsc_process_memory_reload (memory, error))
        return FALSE;
    }

  tracer = rsc_process_status_get_number (memory->pid, "TracerPid");
  if (tracer > 0)
    {
      rsc_process_set_traced_error (memory->pid, (pid_t) tracer, error);
      return FALSE;
    }
  g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_BUSY,
               _("No thread of process %d came to a point at which it could be interrupted safely: it was left alone. Try again; a"
                 " program that is busy in C code, or reads or writes much, comes to one later."),
               (int) memory->pid);

  return FALSE;
}
