/* The child that captures: a raw clone() of the program that walks the heap it
 * was born with, while the program goes on.
 *
 * Its exit signal is 0: the program gets no SIGCHLD, its wait() does not see the
 * child, and no fork handlers run.  The child belongs to itself: no descriptors
 * but two, no signals but its own, a process group of its own, first in line
 * for the OOM killer, and it ends when the program does, or when its time is over.
 *
 * Until it has closed the others, files that the program closes are still open, locks that it
 * lets go of are still held, and pipes have a writer still: the program stands still as long. */

#include "rsc-agent-private.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHILD_DONE 0
#define CHILD_FAILED 1   /* the walk has a sentence */
#define CHILD_ORPHANED 2 /* the program ended */
#define CHILD_LATE 3     /* its time was over */

/* How long other interpreters are asked for their GIL while everything else stands still, and how long the program then goes
 * on, each time twice as long until it has been so often: nanoseconds. */
#define OTHERS_STOP 10000000
#define OTHERS_INTERVAL 20000000
#define OTHERS_TRIES 6
#define OTHERS_LOOK 5000000 /* meanwhile it is looked so often whether it is to go on at once */

/* So long the program stands still at most until the child has closed its descriptors, also if it does not live: nanoseconds. */
#define CLOSE_MOST 100000000

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

/* What /proc/self/fd lists, for kernels before 5.9 and filters of system calls
 * that do not know close_range().  readdir() would allocate. */
static void
close_listed (int a, int b)
{
  static _Alignas (uint64_t) char buffer[4096];
  int listing = open ("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool closed = listing >= 0;

  /* What is closed moves the listing: until there is nothing to close. */
  while (closed)
    {
      long size;

      closed = false;
      lseek (listing, 0, SEEK_SET);
      while ((size = syscall (SYS_getdents64, listing, buffer, sizeof buffer)) > 0)
        for (long at = 0; at < size;)
          {
            uint16_t length;
            const char *name = buffer + at + 19; /* behind d_ino, d_off, d_reclen, d_type */
            int fd = 0;

            memcpy (&length, buffer + at + 16, sizeof length);
            at += length;
            if (*name < '0' || *name > '9')
              continue;
            for (; *name >= '0' && *name <= '9'; name++)
              fd = fd * 10 + (*name - '0');
            if (fd != a && fd != b && fd != listing && close (fd) == 0)
              closed = true;
          }
    }
  if (listing >= 0)
    close (listing);
}

/* All descriptors but two. */
static void
close_others (int a, int b)
{
  unsigned low = (unsigned) (a < b ? a : b), high = (unsigned) (a < b ? b : a);

  if ((low > 0 && syscall (SYS_close_range, 0u, low - 1, 0u) != 0)
      || (low + 1 < high && syscall (SYS_close_range, low + 1, high - 1, 0u) != 0)
      || syscall (SYS_close_range, high + 1, ~0u, 0u) != 0)
    close_listed (a, b);
}

static void
say_closed (uint32_t *word)
{
  __atomic_store_n (word, 1, __ATOMIC_RELEASE);
  syscall (SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void
wait_until_closed (uint32_t *word)
{
  uint64_t now = rsc_agent_now (), end = now + CLOSE_MOST;

  for (; __atomic_load_n (word, __ATOMIC_ACQUIRE) == 0 && now < end; now = rsc_agent_now ())
    syscall (SYS_futex, word, FUTEX_WAIT, 0, &(struct timespec) { .tv_nsec = (long) (end - now) }, NULL, 0);
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

static const __rlimit_resource_t memory_limits[2] = { RLIMIT_AS, RLIMIT_DATA };

/* Lifts the program's limits on its memory as far as they may be, and gives back what was kept for this.  What a walk needs
 * is not the program's, which may have reached its limit: that is when one wants to see its heap. */
static void
make_room (struct rlimit before[2], bool lifted[2])
{
  for (size_t i = 0; i < 2; i++)
    {
      struct rlimit limit;

      lifted[i] = getrlimit (memory_limits[i], &before[i]) == 0 && before[i].rlim_cur != RLIM_INFINITY;
      if (!lifted[i])
        continue;
      limit.rlim_cur = limit.rlim_max = RLIM_INFINITY;
      if (setrlimit (memory_limits[i], &limit) == 0)
        continue;
      limit = before[i];
      limit.rlim_cur = limit.rlim_max;
      lifted[i] = setrlimit (memory_limits[i], &limit) == 0;
    }
  rsc_agent_reserve_give ();
}

static void
put_limits_back (const struct rlimit before[2], const bool lifted[2])
{
  for (size_t i = 0; i < 2; i++)
    if (lifted[i])
      setrlimit (memory_limits[i], &before[i]);
  rsc_agent_reserve_take ();
}

static void
handle (int signum, void (*handler) (int))
{
  struct sigaction action = { .sa_handler = handler, .sa_flags = SA_ONSTACK };

  sigaction (signum, &action, NULL);
}

/* Not by sched_getscheduler(): a filter of system calls may have no place for it. */
static int
read_policy (void)
{
  char text[1024], *at = NULL;
  int fd = open ("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  ssize_t n = fd >= 0 ? read (fd, text, sizeof text - 1) : 0;

  if (fd >= 0)
    close (fd);
  if (n > 0)
    {
      text[n] = '\0';
      at = strrchr (text, ')'); /* behind the second word, the name */
    }
  for (int word = 2; at != NULL && word < 41; word++)
    at = strchr (at + 1, ' ');

  return at != NULL ? atoi (at) : SCHED_OTHER;
}

/* Where the program has real-time threads, they would stand still for as long as this walks on their processor. */
static void
leave_real_time (void)
{
  int policy = read_policy ();

  /* That with deadlines makes no processes. */
  if (policy == SCHED_FIFO || policy == SCHED_RR)
    sched_setscheduler (0, SCHED_OTHER, &(struct sched_param) { 0 });
}

static _Noreturn void
run_child (RscWalk *walk, int fd, int wake, pid_t program)
{
  static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
  static char stack[64 * 1024]; /* a deep tp_traverse may overflow the other */
  stack_t alternative = { .ss_sp = stack, .ss_size = sizeof stack };
  sigset_t ours;
  int oom;

  /* First of all: the program waits for it. */
  close_others (fd, wake);
  say_closed (rsc_walk_get_word (walk));
  leave_real_time ();
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
  RscSentence sentence = error == EAGAIN ? RSC_SENTENCE_CLONE_PROCESSES
                         : error == ENOMEM ? RSC_SENTENCE_CLONE_MEMORY
                         : RSC_SENTENCE_CLONE_ERROR;
  char number[24];

  rsc_wire_sentence_write (text, sentence,
                           sentence == RSC_SENTENCE_CLONE_ERROR ? rsc_wire_sentence_number (number, (uint64_t) error) : NULL,
                           NULL);
}

/* Whether the first child of this thread would be the first process of a PID namespace, with which that ends; or would not be seen by the
 * program. */
static bool
makes_other_children (void)
{
  char own[64], childrens[64];
  ssize_t n_own = readlink ("/proc/thread-self/ns/pid", own, sizeof own);
  ssize_t n_childrens = readlink ("/proc/thread-self/ns/pid_for_children", childrens, sizeof childrens);

  /* As long as it has no first process, there is nothing to be read. */
  return n_own > 0 && (n_childrens < 0 ? errno == ENOENT : n_childrens != n_own || memcmp (own, childrens, (size_t) n_own) != 0);
}

/* Asked by a walk in place, which may take seconds: on the agent's thread, the program's main one, or that whose collection was
 * waited for. */
static int
is_given_up (void)
{
  if (rsc_agent_is_own_thread ())
    rsc_agent_hear_cancel ();

  return atomic_load (&rsc_agent.cancelled) || !atomic_load (&rsc_agent.active);
}

/* A fork waits until the agent's thread is gone. */
static void
rest (uint64_t nanoseconds)
{
  uint64_t end = rsc_agent_now () + nanoseconds;

  while (rsc_agent_now () < end && !atomic_load (&rsc_agent.stopping))
    nanosleep (&(struct timespec) { .tv_nsec = OTHERS_LOOK }, NULL);
}

/* The program's other interpreters.  While they are waited for in vain, it goes on in between, but not in the middle of a
 * collection, or behind one: what it does then is not to be in the capture.  Between the captures before and after one,
 * those that have a GIL of their own are left out.  @since: from when on it stands still; becomes later by how long it went on. */
static void
stop_others (RscWalkOthers *others, uint64_t *since)
{
  bool with_own_gil = rsc_agent.request.type == RSC_WIRE_CAPTURE;
  bool may_go_on = with_own_gil && (rsc_agent.request.flags & RSC_WIRE_COLLECT_BEFORE) == 0;

  for (unsigned i = 1;; i++)
    {
      uint64_t began;

      rsc_walk_stop_others (others, with_own_gil, OTHERS_STOP);
      if (others->n_running == 0 || !may_go_on || i == OTHERS_TRIES || is_given_up () || atomic_load (&rsc_agent.stopping))
        return;
      rsc_walk_let_others_go (others);
      began = rsc_agent_now ();
      Py_BEGIN_ALLOW_THREADS
      rest ((uint64_t) OTHERS_INTERVAL << (i - 1));
      Py_END_ALLOW_THREADS
      *since += rsc_agent_now () - began;
    }
}

int
rsc_agent_capture (RscAgentChild *self, int fd, bool in_place, unsigned values, uint64_t since,
                   RscWireStatus *status, char error[RSC_WALK_ERROR_SIZE])
{
  RscWalkOptions options = {
    .excluded = (const void *const *) rsc_agent.own,
    .n_excluded = rsc_agent.n_own,
    .skip_this_thread = rsc_agent_is_own_thread (),
    .in_place = in_place,
    .values = values,
    .is_cancelled = is_given_up,
  };
  static RscWireMessage message;
  RscWalkOthers others;
  struct rlimit limits[2];
  bool lifted[2];
  sigset_t all, before;
  RscWalk *walk;
  uint64_t pause;
  pid_t pid, program = getpid ();
  int clone_error;

  if (!in_place && makes_other_children ())
    {
      rsc_wire_sentence_write (error, RSC_SENTENCE_OTHER_CHILDREN, NULL, NULL);
      *status = RSC_WIRE_UNSUPPORTED;
      return -1;
    }
  stop_others (&others, &since);
  options.others = &others;
  make_room (limits, lifted);
  walk = rsc_walk_prepare (&options, error);
  if (walk == NULL)
    {
      rsc_walk_let_others_go (&others);
      put_limits_back (limits, lifted);
      *status = RSC_WIRE_UNSUPPORTED;
      return -1;
    }

  if (in_place)
    {
      int result;

      rsc_agent_say_begun ();
      result = rsc_walk_run (walk, fd);
      rsc_walk_let_others_go (&others);
      put_limits_back (limits, lifted);
      pause = rsc_agent_now () - since;
      if (result != 0)
        memcpy (error, rsc_walk_get_error (walk), RSC_WALK_ERROR_SIZE);
      rsc_walk_finish (walk);
      *status = RSC_WIRE_FAILED;
      rsc_wire_message_init (&message, RSC_WIRE_CHILD, rsc_agent.request.number);
      rsc_wire_message_add_number (&message, RSC_WIRE_PAUSE, pause);
      rsc_agent_send (&message);

      return result;
    }

  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &before);
  pid = (pid_t) syscall (SYS_clone, 0ul, NULL, NULL, NULL, 0ul);
  clone_error = errno;
  if (pid == 0)
    run_child (walk, fd, rsc_agent.wake.fd, program);
  if (pid > 0)
    wait_until_closed (rsc_walk_get_word (walk));
  rsc_walk_let_others_go (&others);
  pause = rsc_agent_now () - since;
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  put_limits_back (limits, lifted);

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
  /* In the middle of the program's collection nothing is waited for. */
  if (rsc_agent.phase == RSC_AGENT_AWAITING)
    rsc_agent_send_now (&message);
  else
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
    {
      char seconds[24];

      rsc_wire_sentence_write (error, RSC_SENTENCE_CHILD_LATE,
                               rsc_wire_sentence_number (seconds, RSC_AGENT_CHILD_SECONDS), NULL);
    }
  else
    {
      if (WIFSIGNALED (status))
        rsc_walk_note_death (self->walk, WTERMSIG (status));
      memcpy (error, rsc_walk_get_error (self->walk), RSC_WALK_ERROR_SIZE);
    }
  if (error[0] == '\0')
    rsc_wire_sentence_write (error, RSC_SENTENCE_CHILD_SILENT, NULL, NULL);

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
