/* Beginning in a program that runs already.
 *
 * Refscope makes a thread of the program call rsc_agent_attach_2(), wherever that
 * thread may be: all that may be done there is to start the agent's own thread, which
 * greets Refscope and then does what needs the GIL.  It may have to go for a fork in
 * between, and goes on when it is back. */

#include "rsc-agent-private.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

/* So long the other end waits here for Refscope to take its copy, which it does at once: seconds. */
#define OTHER_END_SECONDS 2

/* So often sockets and an eventfd are made for a connection. */
#define DESCRIPTOR_TRIES 3

typedef enum
{
  NOTHING_LEFT,
  TO_GREET,
  TO_BE_WELCOMED,
  TO_BEGIN
} Left;

/* the agent's thread's; set before there is one */
static Left left;
static RscAgentFd other_end = { .fd = -1 }; /* [fd_lock] to close it */
/* CLOCK_MONOTONIC, nanoseconds: until then Refscope has to have a copy of the other end, and to answer */
static uint64_t other_end_until, patience;
static bool is_to_watch; /* GIL held */
static RscWireRoom room;
static const RscWireRoom *room_place; /* in the room itself; NULL: it is unmapped */

/* The thread that called has left it: Refscope says so by its welcome. */
static void
leave_room (void)
{
  if (room_place != NULL)
    for (size_t i = 0; i < 2 && room.sizes[i] != 0; i++)
      munmap ((void *) (uintptr_t) room.areas[i], room.sizes[i]);
  room_place = NULL;
}

static void
close_other_end (void)
{
  pthread_mutex_lock (&rsc_agent.fd_lock);
  rsc_agent_fd_close (&other_end);
  pthread_mutex_unlock (&rsc_agent.fd_lock);
}

static void
give_up (void)
{
  /* Refscope is gone, and the thread may be in the room for as long as the program is stopped: it stays mapped. */
  room_place = NULL;
  close_other_end ();
  left = NOTHING_LEFT;
  rsc_agent_lose ();
}

/* Refscope may have been killed since: the other end that waits here for it keeps the connection open.  When that is closed, it is
 * seen whether there is anybody. */
static void
wait_for_welcome (void)
{
  static RscWireMessage message;

  for (;;)
    {
      struct pollfd fds[] = {
        { .fd = rsc_agent.socket.fd, .events = POLLIN },
        { .fd = rsc_agent.wake.fd, .events = POLLIN },
      };
      uint64_t now = rsc_agent_now (), count;
      uint64_t until = now < other_end_until ? other_end_until : patience;
      bool late = now >= patience, answered;
      RscWireResult result;
      int n;

      /* One that comes back between two forks looks once, however soon it is to go for the next. */
      bool stops = atomic_load (&rsc_agent.stopping);

      if (now >= other_end_until)
        close_other_end ();
      n = poll (fds, 2, stops || late ? 0 : (int) ((until - now) / 1000000) + 1);
      if (n < 0 && errno == EINTR)
        continue;
      if (!rsc_agent_fd_is_ours (&rsc_agent.socket) || !rsc_agent_fd_is_ours (&rsc_agent.wake))
        {
          give_up ();
          return;
        }
      answered = n > 0 && fds[0].revents != 0;
      /* It stays from a fork that is over: only if there is another, this thread is to go. */
      if (n > 0 && fds[1].revents != 0 && read (rsc_agent.wake.fd, &count, sizeof count) < 0 && errno != EAGAIN)
        late = true;
      if (!answered && !late && stops)
        return;
      if (!answered && !late && n >= 0)
        continue;
      if (!answered || rsc_wire_message_receive (&message, rsc_agent.socket.fd, NULL, NULL, &result) != 0
          || rsc_wire_message_get_type (&message) != RSC_WIRE_WELCOME)
        {
          give_up ();
          return;
        }
      break;
    }
  rsc_agent_take_welcome (&message);
  leave_room ();
  close_other_end ();
  left = TO_BEGIN;
}

/* What the program has of the agent's in its heap it keeps: the next time it is there.  On the main
 * thread, for it imports modules: a thread that forks holds the lock for that, and waits for the agent's
 * thread to be gone. */
void
rsc_agent_attach_on_main (void)
{
  /* What is made here is not to set off a collection. */
  int was_enabled;

  if (rsc_agent.is_watching || !is_to_watch)
    return;
  was_enabled = PyGC_Disable ();
  rsc_agent_watch_exit ();
  rsc_agent_watch_forks ();
  rsc_agent.is_watching = true;
  if (was_enabled)
    PyGC_Enable ();
}

static void
begin (void)
{
  PyGILState_STATE state;
  int was_enabled;

  if (!rsc_agent_may_take_gil ())
    {
      give_up ();
      return;
    }
  /* Whoever stops this thread has let the GIL go. */
  state = rsc_agent_take_gil ();
  was_enabled = PyGC_Disable ();
  rsc_agent_watch_end ();
  rsc_agent_watch_collections ();
  rsc_agent_begin_recording ();
  rsc_agent_give_marks ();
  if (was_enabled)
    PyGC_Enable ();
  /* Until it comes to that, its end is a surprise, and 3.12 and later may warn of a fork with threads. */
  is_to_watch = true;
  rsc_agent_call_main ();
  left = NOTHING_LEFT;
  rsc_agent_give_gil (state);
}

bool
rsc_agent_attach_go_on (void)
{
  if (left == TO_GREET)
    {
      if (rsc_agent_say_hello ())
        left = TO_BE_WELCOMED;
      else
        give_up ();
    }
  if (left == TO_BE_WELCOMED)
    wait_for_welcome ();
  if (left == TO_BEGIN)
    begin ();

  return left == NOTHING_LEFT;
}

void
rsc_agent_attach_forget (void)
{
  close_other_end ();
  /* A child has a copy of it, in which no thread is. */
  leave_room ();
  left = NOTHING_LEFT;
}

/* The Refscope that is connected is not there any more, which the agent's thread has not seen yet: it may be away for a fork,
 * or wait for the GIL. */
static bool
has_hung_up (void)
{
  struct pollfd connection = { 0 };
  struct timespec at_once = { 0 };
  bool has;

  if (pthread_mutex_trylock (&rsc_agent.fd_lock) != 0)
    return false;
  connection.fd = rsc_agent.socket.fd;
  has = rsc_agent_fd_is_ours (&rsc_agent.socket) && syscall (SYS_ppoll, &connection, 1, &at_once, NULL, (size_t) 0) == 1
        && (connection.revents & POLLHUP) != 0;
  pthread_mutex_unlock (&rsc_agent.fd_lock);

  return has;
}

/* The thread of an earlier connection is gone, or was never there, and thread_lock is held: else a fork may have it, and wait for
 * the lock that is held already. */
static bool
lock_if_free (void)
{
  bool is_gone;

  if (atomic_load (&rsc_agent.active)
      || (atomic_load (&rsc_agent.has_thread) && !atomic_load (&rsc_agent.thread_ended)))
    return false;
  /* Whoever has it is starting or stopping the thread. */
  if (pthread_mutex_trylock (&rsc_agent.thread_lock) != 0)
    return false;
  is_gone = !atomic_load (&rsc_agent.active) && (!atomic_load (&rsc_agent.has_thread) || atomic_load (&rsc_agent.thread_ended));
  /* It may have some instructions to go still. */
  if (is_gone && atomic_load (&rsc_agent.has_thread))
    is_gone = pthread_tryjoin_np (rsc_agent.thread, NULL) == 0;
  if (is_gone)
    {
      atomic_store (&rsc_agent.has_thread, false);
      atomic_store (&rsc_agent.thread_id, 0);
    }
  else
    pthread_mutex_unlock (&rsc_agent.thread_lock);

  return is_gone;
}

/* 0, or an errno. */
static int
make_descriptors (void)
{
  int ends[2];

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return errno;
  /* What they are is looked at first: until then they are only numbers. */
  rsc_agent_fd_note (&rsc_agent.socket, ends[0], S_IFSOCK);
  rsc_agent_fd_note (&other_end, ends[1], S_IFSOCK);
  if (rsc_agent_fd_move (&rsc_agent.socket) && rsc_agent_fd_move (&other_end)
      && rsc_agent_fd_take (&rsc_agent.wake, eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK), RSC_AGENT_EVENTS))
    return 0;
  /* Without their lock, which the thread that was stopped may have; nobody uses them yet. */
  rsc_agent_fd_close (&other_end);
  rsc_agent_fd_close (&rsc_agent.socket);
  rsc_agent_fd_close (&rsc_agent.wake);

  return EBADF;
}

/* Starts the thread, with what is to be the agent's from then on.  thread_lock is held. */
static int
start (int32_t ends[2], const RscWireRoom *where)
{
  struct timeval limit = { .tv_sec = RSC_AGENT_SEND_SECONDS };
  int error = EBADF;

  if (!rsc_agent_watch_system_forks ())
    return RSC_WIRE_ATTACH_NO_ROOM;
  /* The program may have taken a number away just then. */
  for (unsigned i = 0; error == EBADF && i < DESCRIPTOR_TRIES; i++)
    error = make_descriptors ();
  if (error != 0)
    return error == EBADF ? (int) RSC_WIRE_ATTACH_NO_ROOM : -error;

  ends[0] = rsc_agent.socket.fd;
  ends[1] = other_end.fd; /* by that number Refscope looks for it */
  rsc_agent_be_here ();
  rsc_agent.main_thread = rsc_agent.pid;
  atomic_store (&rsc_agent.hold_all, false);
  rsc_agent_reset_recording ();
  setsockopt (rsc_agent.socket.fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  room = *where;
  room_place = where;
  other_end_until = rsc_agent_now () + OTHER_END_SECONDS * UINT64_C (1000000000);
  patience = rsc_agent_now () + RSC_AGENT_CONNECT_SECONDS * UINT64_C (1000000000);
  left = TO_GREET;
  atomic_store (&rsc_agent.active, true);
  rsc_agent_thread_start_locked ();
  if (!atomic_load (&rsc_agent.active))
    {
      /* It could not be started, and has closed the connection.  The room is left to who made it. */
      room_place = NULL;
      rsc_agent_attach_forget ();
      return RSC_WIRE_ATTACH_NO_ROOM;
    }

  return RSC_WIRE_ATTACHED;
}

/* begin_lock is held. */
static int
attach (int32_t ends[2], const RscWireRoom *where)
{
  int result;

  if (!lock_if_free ())
    return atomic_load (&rsc_agent.active) && !has_hung_up () ? RSC_WIRE_ATTACH_BUSY : RSC_WIRE_ATTACH_LEAVING;
  result = start (ends, where);
  pthread_mutex_unlock (&rsc_agent.thread_lock);

  return result;
}

/* No cancellation point is called: the program may have cancelled the thread, which would end in the middle of this. */
int
rsc_agent_attach_2 (int32_t ends[2], const RscWireRoom *where)
{
  int result;

  rsc_agent_look_where ();
  rsc_agent_find_functions ();
  if (!rsc_agent_may_take_gil ())
    return RSC_WIRE_ATTACH_NOT_RUNNING;
  /* Another Refscope may have stopped a thread as well.  Or one forks: its child would have the sockets. */
  if (pthread_mutex_trylock (&rsc_agent.begin_lock) != 0)
    return RSC_WIRE_ATTACH_BUSY;
  result = attach (ends, where);
  pthread_mutex_unlock (&rsc_agent.begin_lock);

  return result;
}
