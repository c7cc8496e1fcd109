/* The agent's thread: serves the socket and takes a request through its phases.
 *
 * It never holds on to anything that a stop must wait for, except the GIL's
 * turn: who stops it lets the GIL go meanwhile. */

#include "rsc-agent-private.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Big enough for a walk in place through deep structures. */
#define STACK_SIZE (1024 * 1024)

/* The thread looks by itself so often, in milliseconds: whether the program
 * collected, and its descriptors are still its own; whether a child has ended. */
#define IDLE_INTERVAL 100
#define CHILD_INTERVAL 20
/* A child says when it is about to end; then it is looked for so often. */
#define CHILD_END_INTERVAL 1

/* How often to yield to a thread that is about to be gone. */
#define GONE_TRIES 10000

/* Who waits for the thread with the GIL looks so often whether that is in vain, and waits so long for its lock: milliseconds. */
#define GIL_INTERVAL 2
#define GIL_LOCK_MS 100

void
rsc_agent_close_request (void)
{
  for (size_t i = 0; i < RSC_WIRE_FDS_MAX; i++)
    rsc_agent_fd_close (&rsc_agent.request.files[i]);
}

void
rsc_agent_drop_walks (void)
{
  for (size_t i = 0; i < 2; i++)
    {
      RscWalk *walk = atomic_exchange (&rsc_agent.old_walks[i], NULL);

      if (walk != NULL)
        rsc_walk_finish (walk);
    }
}

/* The GIL costs memory for a thread state, and the C library gives a thread that asks
 * for memory the first time 64 MiB of address space to have it in.  A program with a limit
 * on that would run into it so much earlier: there, threads share what is there already. */
bool
rsc_agent_may_take_gil (void)
{
  return !atomic_load (&rsc_agent.has_ended) && Py_IsInitialized () != 0
         && (rsc_agent.is_finalizing == NULL || rsc_agent.is_finalizing () == 0);
}

PyGILState_STATE
rsc_agent_take_gil (void)
{
  static bool asked;
  struct rlimit limit;

  if (!asked && getrlimit (RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    {
      mallopt (M_ARENA_MAX, 1);
      asked = true;
    }

  atomic_store (&rsc_agent.needs_gil, true);

  return PyGILState_Ensure ();
}

void
rsc_agent_give_gil (PyGILState_STATE state)
{
  PyGILState_Release (state);
  atomic_store (&rsc_agent.needs_gil, false);
}

/* Takes away what the walks made, for which the GIL is needed: a main thread
 * that is held does it.  See goes_to_main_thread (). */
static void
finish_walks (void)
{
  PyGILState_STATE state;
  bool some = false;

  for (size_t i = 0; i < 2; i++)
    {
      if (rsc_agent.children[i].walk != NULL)
        atomic_store (&rsc_agent.old_walks[i], rsc_agent.children[i].walk);
      rsc_agent.children[i].walk = NULL;
      some |= atomic_load (&rsc_agent.old_walks[i]) != NULL;
    }
  if (!some || !rsc_agent_may_take_gil ())
    return;
  if (atomic_load (&rsc_agent.main_held))
    {
      rsc_agent_signal_held ();
      return;
    }
  state = rsc_agent_take_gil ();
  rsc_agent_drop_walks ();
  rsc_agent_give_gil (state);
}

/* The program's own list is as it was. */
static void
end_recording (void)
{
  PyGILState_STATE state;

  if (!rsc_agent_has_callback () || !rsc_agent_may_take_gil ())
    return;
  state = rsc_agent_take_gil ();
  rsc_agent_end_recording ();
  rsc_agent_give_gil (state);
}

static void
set_phase (RscAgentPhase phase)
{
  pthread_mutex_lock (&rsc_agent.lock);
  rsc_agent.phase = phase;
  pthread_cond_broadcast (&rsc_agent.changed);
  pthread_mutex_unlock (&rsc_agent.lock);
}

/* Nobody is there any more for whom to capture. */
static void
give_up (void)
{
  for (size_t i = 0; i < 2; i++)
    {
      rsc_agent_child_kill (&rsc_agent.children[i]);
      if (rsc_agent.children[i].walk != NULL)
        atomic_store (&rsc_agent.old_walks[i], rsc_agent.children[i].walk);
      rsc_agent.children[i].walk = NULL;
    }
  rsc_agent_close_request ();
}

/* A main thread that is held has nothing else to do, and a thread state: the
 * agent's thread would have to get one, for which a program that is out of memory
 * has none. */
static bool
goes_to_main_thread (const RscAgentRequest *request)
{
  if ((request->flags & RSC_WIRE_AGENT_THREAD) != 0 || request->type == RSC_WIRE_AWAIT_COLLECTION)
    return false;

  return atomic_load (&rsc_agent.main_held)
         || request->type == RSC_WIRE_COLLECT
         || (request->type == RSC_WIRE_CAPTURE && (request->flags & RSC_WIRE_COLLECT_BEFORE) != 0);
}

void
rsc_agent_request_ran (void)
{
  bool ours;

  pthread_mutex_lock (&rsc_agent.lock);
  ours = rsc_agent.left_to_main;
  rsc_agent.left_to_main = false;
  if (!ours)
    rsc_agent.phase = RSC_AGENT_RAN;
  pthread_mutex_unlock (&rsc_agent.lock);
  if (ours)
    {
      /* Nobody waits for the reply, and whoever comes next is not to get it. */
      give_up ();
      rsc_agent_drop_walks ();
      set_phase (RSC_AGENT_IDLE);
    }
  rsc_agent_wake ();
}

bool
rsc_agent_run_on_main (void)
{
  bool ours;

  pthread_mutex_lock (&rsc_agent.lock);
  ours = rsc_agent.phase == RSC_AGENT_ON_MAIN && !rsc_agent.main_began;
  rsc_agent.main_began |= ours;
  pthread_mutex_unlock (&rsc_agent.lock);
  if (!ours)
    return false;

  rsc_agent_request_run (true);
  rsc_agent_request_ran ();

  return true;
}

/* @anyway: also if the thread is to end. */
static void
begin_request (bool anyway)
{
  PyGILState_STATE state;

  if (!rsc_agent_may_take_gil ())
    {
      rsc_agent_lose ();
      return;
    }
  if (goes_to_main_thread (&rsc_agent.request))
    {
      pthread_mutex_lock (&rsc_agent.lock);
      rsc_agent.main_began = false;
      rsc_agent.phase = RSC_AGENT_ON_MAIN;
      pthread_mutex_unlock (&rsc_agent.lock);
      /* Both ways, as it may begin or end to wait in a hold just now: who comes
       * first runs it.  If the queue of pending calls is full, the main thread is
       * not coming to it, and the deadline passes. */
      rsc_agent_signal_held ();
      if (atomic_load (&rsc_agent.main_held))
        return;
      /* With the GIL: up to 3.12 a call that another thread adds is not seen until
       * the main thread has to give the GIL away for some reason. */
      state = rsc_agent_take_gil ();
      rsc_agent_call_main ();
      rsc_agent_give_gil (state);
    }
  else
    {
      bool run;

      state = rsc_agent_take_gil ();
      run = anyway || !atomic_load (&rsc_agent.stopping);
      if (run)
        rsc_agent_request_run (false);
      rsc_agent_give_gil (state);
      /* Else it waits for a collection, which may have been by now. */
      if (run && rsc_agent.phase == RSC_AGENT_QUEUED)
        set_phase (RSC_AGENT_RAN);
    }
}

static void
wait_for_main (void)
{
  bool too_late = false;

  pthread_mutex_lock (&rsc_agent.lock);
  if (rsc_agent.phase == RSC_AGENT_ON_MAIN && !rsc_agent.main_began
      && rsc_agent_now () > rsc_agent.request.deadline)
    {
      too_late = true;
      rsc_agent.phase = RSC_AGENT_RAN;
    }
  pthread_mutex_unlock (&rsc_agent.lock);

  if (too_late)
    rsc_agent_reply (RSC_WIRE_NOT_RUN, RSC_SENTENCE_NONE, NULL);
}

static void
finish_request (void)
{
  for (size_t i = 0; i < 2 && atomic_load (&rsc_agent.cancelled); i++)
    rsc_agent_child_kill (&rsc_agent.children[i]);

  for (size_t i = 0; i < 2; i++)
    {
      char error[RSC_WALK_ERROR_SIZE];

      if (!rsc_agent_child_reap (&rsc_agent.children[i], error))
        return;
      if (error[0] != '\0')
        {
          rsc_agent_reply_written (RSC_WIRE_FAILED, error);
          rsc_agent_child_kill (&rsc_agent.children[1 - i]);
        }
    }

  rsc_agent_close_request ();
  rsc_agent_tell_collections ();
  rsc_agent_send (&rsc_agent.reply);
  finish_walks ();
  set_phase (RSC_AGENT_IDLE);
}

static void
take_request (const RscWireMessage *message, const int *fds, size_t n_fds)
{
  RscAgentRequest *request = &rsc_agent.request;

  atomic_store (&rsc_agent.cancelled, false);
  memset (request, 0, sizeof *request);
  request->type = rsc_wire_message_get_type (message);
  request->number = rsc_wire_message_get_number (message);
  request->deadline = rsc_wire_message_number (message, RSC_WIRE_DEADLINE, 0);
  request->flags = (unsigned) rsc_wire_message_number (message, RSC_WIRE_FLAGS, 0);
  request->generation = (unsigned) rsc_wire_message_number (message, RSC_WIRE_GENERATION, 2);
  request->enabled = rsc_wire_message_number (message, RSC_WIRE_ENABLED, 1) != 0;
  rsc_wire_message_list (message, RSC_WIRE_THRESHOLDS, request->thresholds, 3);
  for (size_t i = 0; i < RSC_WIRE_FDS_MAX; i++)
    {
      request->files[i].fd = -1;
      if (i < n_fds && rsc_agent_fd_receive (&request->files[i], message, i, fds[i]))
        rsc_agent_fd_move (&request->files[i]);
    }
  set_phase (RSC_AGENT_QUEUED);
}

static void
close_received (const RscWireMessage *message, const int *fds, size_t n_fds)
{
  for (size_t i = 0; i < n_fds; i++)
    {
      RscAgentFd file;

      if (rsc_agent_fd_receive (&file, message, i, fds[i]))
        rsc_agent_fd_close (&file);
    }
}

static void
refuse_request (const RscWireMessage *message, const int *fds, size_t n_fds)
{
  static RscWireMessage reply;
  char text[RSC_WIRE_SENTENCE_SIZE];

  close_received (message, fds, n_fds);
  rsc_wire_message_init (&reply, RSC_WIRE_REPLY, rsc_wire_message_get_number (message));
  rsc_wire_message_add_number (&reply, RSC_WIRE_STATUS, RSC_WIRE_BUSY);
  rsc_wire_sentence_write (text, RSC_SENTENCE_BUSY, NULL, NULL);
  rsc_wire_message_add_string (&reply, RSC_WIRE_TEXT, text);
  rsc_agent_send (&reply);
}

/* Nobody waits for it any more: what has not begun does not begin.  If it has,
 * its children end when it has run: see finish_request (). */
static void
cancel_request (uint32_t number)
{
  pthread_mutex_lock (&rsc_agent.lock);
  if (number == rsc_agent.request.number)
    {
      atomic_store (&rsc_agent.cancelled, true);
      if (rsc_agent.phase == RSC_AGENT_QUEUED
          || ((rsc_agent.phase == RSC_AGENT_ON_MAIN || rsc_agent.phase == RSC_AGENT_AWAITING) && !rsc_agent.main_began))
        {
          rsc_agent.phase = RSC_AGENT_RAN;
          rsc_agent_reply (RSC_WIRE_LATE, RSC_SENTENCE_NONE, NULL);
        }
    }
  pthread_mutex_unlock (&rsc_agent.lock);
}

static void
serve_socket (void)
{
  static RscWireMessage message;
  RscWireResult result;
  int fds[RSC_WIRE_FDS_MAX];
  size_t n_fds = RSC_WIRE_FDS_MAX;
  int error;

  if (!rsc_agent_fd_is_ours (&rsc_agent.socket))
    {
      rsc_agent_lose ();
      return;
    }
  error = rsc_wire_message_receive (&message, rsc_agent.socket.fd, fds, &n_fds, &result);
  if (error == EAGAIN)
    return;
  if (error != 0)
    {
      rsc_agent_lose ();
      return;
    }

  switch (rsc_wire_message_get_type (&message))
    {
    case RSC_WIRE_CONTINUE:
      rsc_agent_release ();
      break;
    case RSC_WIRE_SET_HOLD:
      atomic_store (&rsc_agent.hold_all, rsc_wire_message_number (&message, RSC_WIRE_HOLD_ALL, 0) != 0);
      break;
    case RSC_WIRE_CANCEL:
      cancel_request (rsc_wire_message_get_number (&message));
      break;
    default:
      if (rsc_agent.phase == RSC_AGENT_IDLE)
        {
          take_request (&message, fds, n_fds);
          return;
        }
      refuse_request (&message, fds, n_fds);
      return;
    }
  close_received (&message, fds, n_fds);
}

void
rsc_agent_hear_cancel (void)
{
  struct pollfd waiting = { .fd = rsc_agent.socket.fd, .events = POLLIN };

  if (poll (&waiting, 1, 0) > 0)
    serve_socket ();
}

static int
get_timeout (bool child_ends)
{
  switch ((RscAgentPhase) rsc_agent.phase)
    {
    case RSC_AGENT_QUEUED:
      return 0;
    case RSC_AGENT_ON_MAIN:
      {
        uint64_t now = rsc_agent_now ();

        if (now > rsc_agent.request.deadline)
          return IDLE_INTERVAL; /* it has begun */
        return (int) ((rsc_agent.request.deadline - now) / 1000000 % IDLE_INTERVAL) + 1;
      }
    case RSC_AGENT_RAN:
      if (!rsc_agent_has_children ())
        return 0;
      return child_ends ? CHILD_END_INTERVAL : CHILD_INTERVAL;
    case RSC_AGENT_AWAITING:
    case RSC_AGENT_IDLE:
    default:
      return IDLE_INTERVAL;
    }
}

/* Whether the agent's thread is to return: then it has to. */
static bool
has_to_return (void)
{
  RscAgentStop asked = RSC_AGENT_ASKED_TO_RETURN;

  return atomic_compare_exchange_strong (&rsc_agent.stopping, &asked, RSC_AGENT_RETURNS);
}

static void *
serve (void *data)
{
  bool child_ends = false;
  /* A thread that comes back between two forks serves once, however soon it is to
   * end for the next: a program that forks all the time would never answer. */
  bool served = false;

  atomic_store (&rsc_agent.thread_id, (pid_t) syscall (SYS_gettid));
  while (!rsc_agent_attach_go_on ())
    if (!atomic_load (&rsc_agent.active) || has_to_return ())
      {
        atomic_store (&rsc_agent.thread_ended, true);
        return NULL;
      }

  for (; atomic_load (&rsc_agent.active) && !(served && has_to_return ()); served = true)
    {
      struct pollfd fds[] = {
        { .fd = rsc_agent.socket.fd, .events = POLLIN },
        { .fd = rsc_agent.wake.fd, .events = POLLIN },
      };
      int n = poll (fds, 2, atomic_load (&rsc_agent.stopping) ? 0 : get_timeout (child_ends));

      if (served && has_to_return ())
        break;
      if (n < 0 && errno != EINTR)
        continue;
      if (!rsc_agent_fd_is_ours (&rsc_agent.socket) || !rsc_agent_fd_is_ours (&rsc_agent.wake))
        {
          rsc_agent_lose ();
          break;
        }
      child_ends &= rsc_agent_has_children ();
      if (n > 0 && fds[1].revents != 0)
        {
          uint64_t count;

          child_ends = rsc_agent_has_children ();

          if (read (rsc_agent.wake.fd, &count, sizeof count) < 0 && errno != EAGAIN)
            continue;
        }
      rsc_agent_tell_collections ();
      if (n > 0 && fds[0].revents != 0)
        serve_socket ();

      /* Each may lead on to the next. */
      if (rsc_agent.phase == RSC_AGENT_QUEUED)
        begin_request (!served);
      if (rsc_agent.phase == RSC_AGENT_ON_MAIN)
        wait_for_main ();
      if (rsc_agent.phase == RSC_AGENT_AWAITING)
        rsc_agent_await_look ();
      if (rsc_agent.phase == RSC_AGENT_RAN)
        finish_request ();
    }

  if (atomic_load (&rsc_agent.has_ended))
    rsc_agent_send_last ();
  if (!atomic_load (&rsc_agent.active))
    {
      bool busy;

      pthread_mutex_lock (&rsc_agent.lock);
      busy = (rsc_agent.phase == RSC_AGENT_ON_MAIN || rsc_agent.phase == RSC_AGENT_AWAITING) && rsc_agent.main_began;
      rsc_agent.left_to_main = busy;
      if (!busy)
        rsc_agent.phase = RSC_AGENT_IDLE;
      pthread_cond_broadcast (&rsc_agent.changed);
      pthread_mutex_unlock (&rsc_agent.lock);
      if (!busy)
        give_up ();
      rsc_agent_close_connection ();
      if (!busy && !atomic_load (&rsc_agent.stopping))
        finish_walks ();
      if (!atomic_load (&rsc_agent.stopping))
        end_recording ();
    }
  atomic_store (&rsc_agent.thread_ended, true);

  return NULL;
}

void
rsc_agent_thread_start_locked (void)
{
  /* Not by pthread_sigmask(), which lets the C library's own signals come: on a thread that was interrupted for this, they are not all
   * to come before it is back. */
  uint64_t mask = ~(UINT64_C (1) << (RSC_WIRE_SETXID_SIGNAL - 1)), before;
  pthread_attr_t attributes;
  bool created;

  if (rsc_agent.has_thread || !atomic_load (&rsc_agent.active))
    return;
  pthread_attr_init (&attributes);
  pthread_attr_setstacksize (&attributes, STACK_SIZE);
  syscall (SYS_rt_sigprocmask, SIG_SETMASK, &mask, &before, sizeof mask);
  atomic_store (&rsc_agent.thread_ended, false);
  created = pthread_create (&rsc_agent.thread, &attributes, serve, NULL) == 0;
  syscall (SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof before);
  pthread_attr_destroy (&attributes);
  /* No thread to be had: nothing will ever be answered. */
  atomic_store (&rsc_agent.has_thread, created);
  if (!created)
    rsc_agent_lose ();
}

void
rsc_agent_thread_start (void)
{
  pthread_mutex_lock (&rsc_agent.thread_lock);
  rsc_agent_thread_start_locked ();
  pthread_mutex_unlock (&rsc_agent.thread_lock);
}

/* 0, or ETIMEDOUT. */
static int
join_for (unsigned milliseconds)
{
  struct timespec limit;

  clock_gettime (CLOCK_REALTIME, &limit);
  limit.tv_sec += milliseconds / 1000;
  limit.tv_nsec += milliseconds % 1000 * 1000000l;
  if (limit.tv_nsec >= 1000000000l)
    {
      limit.tv_sec++;
      limit.tv_nsec -= 1000000000l;
    }

  return pthread_timedjoin_np (rsc_agent.thread, NULL, &limit);
}

static int
join (unsigned seconds, bool keeps_gil)
{
  if (seconds == 0)
    return pthread_join (rsc_agent.thread, NULL);
  if (!keeps_gil)
    return join_for (1000 * seconds);
  for (unsigned ms = 0; ms < 1000 * seconds; ms += GIL_INTERVAL)
    {
      if (join_for (GIL_INTERVAL) == 0)
        return 0;
      if (atomic_load (&rsc_agent.needs_gil))
        break;
    }

  return ETIMEDOUT;
}

bool
rsc_agent_thread_lock_soon (void)
{
  for (unsigned ms = 0; ms < GIL_LOCK_MS; ms++)
    {
      if (pthread_mutex_trylock (&rsc_agent.thread_lock) == 0)
        return true;
      /* Its holder may wait for the agent's thread, which waits for this one's GIL. */
      if (atomic_load (&rsc_agent.needs_gil))
        break;
      nanosleep (&(struct timespec) { .tv_nsec = 1000000 }, NULL);
    }

  return false;
}

bool
rsc_agent_is_own_thread (void)
{
  return (pid_t) syscall (SYS_gettid) == atomic_load (&rsc_agent.thread_id);
}

static void
stop_and_join (unsigned seconds, bool keeps_gil)
{
  pid_t tid;

  /* A finalizer that forks may run on that very thread: for which the holder of its lock may wait. */
  if (rsc_agent_is_own_thread ())
    return;
  if (!keeps_gil)
    pthread_mutex_lock (&rsc_agent.thread_lock);
  else if (!rsc_agent_thread_lock_soon ())
    return;
  if (rsc_agent.has_thread)
    {
      atomic_store (&rsc_agent.stopping, RSC_AGENT_ASKED_TO_RETURN);
      rsc_agent_wake ();
      if (join (seconds, keeps_gil) == ETIMEDOUT)
        {
          RscAgentStop asked = RSC_AGENT_ASKED_TO_RETURN;

          if (atomic_compare_exchange_strong (&rsc_agent.stopping, &asked, RSC_AGENT_STAYS))
            {
              pthread_mutex_unlock (&rsc_agent.thread_lock);
              return;
            }
          /* It waits for nothing any more. */
          pthread_join (rsc_agent.thread, NULL);
        }
      /* Not before: it may have had no time yet to say it. */
      tid = atomic_load (&rsc_agent.thread_id);
      /* It may be joined before the kernel has stopped counting it, as a fork does. */
      for (int i = 0; tid != 0 && !atomic_load (&rsc_agent.has_ended) && i < GONE_TRIES
                      && syscall (SYS_tgkill, getpid (), tid, 0) == 0; i++)
        sched_yield ();
      rsc_agent.has_thread = false;
      atomic_store (&rsc_agent.thread_id, 0);
      atomic_store (&rsc_agent.stopping, RSC_AGENT_STAYS);
      if (!atomic_load (&rsc_agent.active))
        rsc_agent_close_connection ();
    }
  pthread_mutex_unlock (&rsc_agent.thread_lock);
}

void
rsc_agent_thread_stop (bool gil, unsigned seconds)
{
  if (gil)
    {
      /* The lock too is waited for without the GIL: its holder may need it. */
      Py_BEGIN_ALLOW_THREADS
      stop_and_join (seconds, false);
      Py_END_ALLOW_THREADS
    }
  else
    stop_and_join (seconds, false);
}

void
rsc_agent_thread_stop_with_gil (unsigned seconds)
{
  stop_and_join (seconds, true);
}
