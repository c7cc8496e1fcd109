/* The child that captures: a raw clone() of the program that walks the heap it
 * was born with, while the program goes on.
 *
 * Its exit signal is 0: the program gets no SIGCHLD, its wait() does not see the
 * child, and no fork handlers run.  The child belongs to itself: no descriptors
 * but two, no signals but its own, a process group of its own, first in line
 * for the OOM killer, and it ends when the program does, or when its time is over. */

#include "rsc-agent-private.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_DONE 0
#define CHILD_FAILED 1   /* the walk has a sentence */
#define CHILD_ORPHANED 2 /* the program ended */
#define CHILD_LATE 3     /* its time was over */

/* How often the child looks whether the program is still there. */
#define CHECK_SECONDS 1

static struct
{
  RscWalk *walk;
  pid_t program;
  int wake;
  unsigned seconds_left;
} child; /* in the child only */

static _Noreturn void
leave (int status)
{
  static const uint64_t one = 1;

  /* A hint only: the agent's thread looks by itself now and then. */
  if (write (child.wake, &one, sizeof one) < 0)
    {
    }
  for (;;)
    syscall (SYS_exit_group, status);
}

static void
on_fault (int signum)
{
  rsc_walk_note_fault (child.walk, signum);
  leave (CHILD_FAILED);
}

/* SIGHUP comes when the thread that made this child ends, which need not be
 * the program's end: that thread also ends while the program forks. */
static void
on_check (int signum)
{
  if (getppid () != child.program)
    leave (CHILD_ORPHANED);
  if (signum == SIGALRM && --child.seconds_left == 0)
    leave (CHILD_LATE);
  if (signum == SIGALRM)
    alarm (CHECK_SECONDS);
}

/* All descriptors but two. */
static void
close_others (int a, int b)
{
  unsigned low = (unsigned) (a < b ? a : b), high = (unsigned) (a < b ? b : a);

  if (low > 0)
    syscall (SYS_close_range, 0u, low - 1, 0u);
  if (low + 1 < high)
    syscall (SYS_close_range, low + 1, high - 1, 0u);
  syscall (SYS_close_range, high + 1, ~0u, 0u);
}

/* As far as it may be raised: the program's own limits on memory and on the
 * size of files are not meant for the capture. */
static void
raise_limit (__rlimit_resource_t resource)
{
  struct rlimit limit;

  if (getrlimit (resource, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit (resource, &limit);
  limit.rlim_cur = limit.rlim_max = RLIM_INFINITY;
  setrlimit (resource, &limit);
}

/* Lifts the program's limits on its memory as far as they may be.  What a walk needs is not the program's, which may have
 * reached its limit: that is when one wants to see its heap. */
static void
lift_limits (struct rlimit before[2])
{
  static const __rlimit_resource_t resources[2] = { RLIMIT_AS, RLIMIT_DATA };

  for (size_t i = 0; i < 2; i++)
    {
      struct rlimit lifted;

      getrlimit (resources[i], &before[i]);
      lifted = before[i];
      lifted.rlim_cur = lifted.rlim_max;
      setrlimit (resources[i], &lifted);
    }
}

static void
put_limits_back (const struct rlimit before[2])
{
  setrlimit (RLIMIT_AS, &before[0]);
  setrlimit (RLIMIT_DATA, &before[1]);
}

static void
handle (int signum, void (*handler) (int))
{
  struct sigaction action = { .sa_handler = handler, .sa_flags = SA_ONSTACK };

  sigaction (signum, &action, NULL);
}

static _Noreturn void
run_child (RscWalk *walk, int fd, int wake, pid_t program)
{
  static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
  static char stack[64 * 1024]; /* a deep tp_traverse may overflow the other */
  stack_t alternative = { .ss_sp = stack, .ss_size = sizeof stack };
  sigset_t ours;
  int oom;

  child.walk = walk;
  child.program = program;
  child.wake = wake;
  child.seconds_left = RSC_AGENT_CHILD_SECONDS / CHECK_SECONDS;

  sigaltstack (&alternative, NULL);
  sigemptyset (&ours);
  for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
    {
      handle (faults[i], on_fault);
      sigaddset (&ours, faults[i]);
    }
  handle (SIGHUP, on_check);
  handle (SIGALRM, on_check);
  sigaddset (&ours, SIGHUP);
  sigaddset (&ours, SIGALRM);
  handle (SIGPIPE, SIG_IGN);
  handle (SIGXFSZ, SIG_IGN);

  prctl (PR_SET_PDEATHSIG, SIGHUP);
  if (getppid () != program)
    leave (CHILD_ORPHANED);
  close_others (fd, wake);
  setpgid (0, 0);
  oom = open ("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (oom >= 0)
    {
      if (write (oom, "1000", 4) < 0)
        {
        }
      close (oom);
    }
  raise_limit (RLIMIT_AS);
  raise_limit (RLIMIT_DATA);
  raise_limit (RLIMIT_FSIZE);
  raise_limit (RLIMIT_CPU);
  sigprocmask (SIG_UNBLOCK, &ours, NULL);
  alarm (CHECK_SECONDS);

  leave (rsc_walk_run (walk, fd) == 0 ? CHILD_DONE : CHILD_FAILED);
}

static void
explain_clone (int error, char text[RSC_WALK_ERROR_SIZE])
{
  snprintf (text, RSC_WALK_ERROR_SIZE,
            "The system did not let the program make the process that captures (%s): %s",
            error == EAGAIN ? "EAGAIN" : error == ENOMEM ? "ENOMEM" : "clone() failed",
            error == EAGAIN ? "its limit on processes is reached. Raise it (ulimit -u), or capture in place."
            : error == ENOMEM ? "there is not enough memory for a second view of the heap. Free some, or capture in place."
            : "capture in place, which needs no second process.");
}

int
rsc_agent_capture (RscAgentChild *self, int fd, bool in_place, uint64_t since,
                   RscWireStatus *status, char error[RSC_WALK_ERROR_SIZE])
{
  RscWalkOptions options = {
    .excluded = (const void *const *) rsc_agent.own,
    .n_excluded = rsc_agent.n_own,
    .skip_this_thread = !pthread_equal (pthread_self (), rsc_agent.main_thread),
    .in_place = in_place,
  };
  static RscWireMessage message;
  struct rlimit limits[2];
  sigset_t all, before;
  RscWalk *walk;
  uint64_t pause;
  pid_t pid, program = getpid ();
  int clone_error;

  lift_limits (limits);
  walk = rsc_walk_prepare (&options, error);
  if (walk == NULL)
    {
      put_limits_back (limits);
      *status = RSC_WIRE_UNSUPPORTED;
      return -1;
    }

  if (in_place)
    {
      int result;

      rsc_agent_say_begun ();
      result = rsc_walk_run (walk, fd);
      put_limits_back (limits);
      pause = rsc_agent_now () - since;
      if (result != 0)
        snprintf (error, RSC_WALK_ERROR_SIZE, "%s", rsc_walk_get_error (walk));
      rsc_walk_finish (walk);
      *status = RSC_WIRE_FAILED;
      rsc_wire_message_init (&message, RSC_WIRE_CHILD, rsc_agent.request.number);
      rsc_wire_message_add_number (&message, RSC_WIRE_PAUSE, pause);
      rsc_agent_send (&message);

      return result;
    }

  put_limits_back (limits);
  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &before);
  pid = (pid_t) syscall (SYS_clone, 0ul, NULL, NULL, NULL, 0ul);
  clone_error = errno;
  if (pid == 0)
    run_child (walk, fd, rsc_agent.wake.fd, program);
  pause = rsc_agent_now () - since;
  pthread_sigmask (SIG_SETMASK, &before, NULL);

  if (pid < 0)
    {
      rsc_walk_finish (walk);
      explain_clone (clone_error, error);
      *status = RSC_WIRE_FAILED;
      return -1;
    }

  rsc_walk_set_pause (walk, pause);
  rsc_walk_drop_marker (walk);
  self->walk = walk;
  self->end = since + (RSC_AGENT_CHILD_SECONDS + 5) * UINT64_C (1000000000);
  self->pid = pid;
  rsc_wire_message_init (&message, RSC_WIRE_CHILD, rsc_agent.request.number);
  rsc_wire_message_add_number (&message, RSC_WIRE_PID, (uint64_t) pid);
  rsc_wire_message_add_number (&message, RSC_WIRE_PAUSE, pause);
  rsc_agent_send (&message);

  return 0;
}

bool
rsc_agent_child_reap (RscAgentChild *self, char error[RSC_WALK_ERROR_SIZE])
{
  int status;
  pid_t ended;

  error[0] = '\0';
  if (self->pid == 0)
    return true;
  ended = waitpid (self->pid, &status, __WCLONE | WNOHANG);
  if (ended == 0)
    {
      /* It looks at its own clock; this is for one that is stopped or stuck. */
      if (rsc_agent_now () > self->end)
        kill (self->pid, SIGKILL);
      return false;
    }

  self->pid = 0;
  if (ended < 0)
    /* The program waited for all there is with __WALL: how it ended is not
     * known, only what it wrote. */
    return true;
  if (WIFEXITED (status) && WEXITSTATUS (status) == CHILD_DONE)
    return true;

  if (WIFEXITED (status) && WEXITSTATUS (status) == CHILD_LATE)
    snprintf (error, RSC_WALK_ERROR_SIZE,
              "The process that captures was ended after %d s: the heap is too big for that, or the machine too busy.",
              RSC_AGENT_CHILD_SECONDS);
  else
    {
      if (WIFSIGNALED (status))
        {
          char what[64];

          snprintf (what, sizeof what, "was killed by signal %d", WTERMSIG (status));
          rsc_walk_note_death (self->walk, what);
        }
      snprintf (error, RSC_WALK_ERROR_SIZE, "%s", rsc_walk_get_error (self->walk));
    }
  if (error[0] == '\0')
    snprintf (error, RSC_WALK_ERROR_SIZE, "The process that captures ended without a word.");

  return true;
}

void
rsc_agent_child_kill (RscAgentChild *self)
{
  int status;

  if (self->pid == 0)
    return;
  kill (self->pid, SIGKILL);
  while (waitpid (self->pid, &status, __WCLONE) < 0 && errno == EINTR)
    ;
  self->pid = 0;
}

bool
rsc_agent_has_children (void)
{
  return rsc_agent.children[0].pid != 0 || rsc_agent.children[1].pid != 0;
}
