/* Beginning in a program that runs already.
 *
 * Refscope makes a thread of the program call rsc_agent_attach_1(), wherever that
 * thread may be: all that may be done there is to start the agent's own thread, which
 * greets Refscope and then does what needs the GIL.  It may have to go for a fork in
 * between, and goes on when it is back. */

#include "rsc-agent-private.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

typedef enum
{
  NOTHING_LEFT,
  TO_GREET,
  TO_BE_WELCOMED,
  TO_BEGIN
} Left;

/* the agent's thread's; set before there is one */
static Left left;
static RscAgentFd other_end = { .fd = -1 };
static uint64_t patience; /* CLOCK_MONOTONIC, nanoseconds: until then Refscope has to answer */
static RscWireRoom room;
static const RscWireRoom *room_place; /* in the room itself; NULL: it is unmapped */

/* The thread that called has left it: Refscope says so by its welcome.  If that does not come, the
 * call itself has said that it was about to, seconds ago. */
static void
leave_room (bool sure)
{
  if (room_place != NULL && (sure || room_place->done != 0))
    for (size_t i = 0; i < 2; i++)
      munmap ((void *) (uintptr_t) room.areas[i], room.sizes[i]);
  room_place = NULL;
}

static void
give_up (void)
{
  leave_room (false);
  rsc_agent_fd_close (&other_end);
  left = NOTHING_LEFT;
  rsc_agent_lose ();
}

/* Refscope may have been killed since: its own copy of the other end is what this one waits for,
 * which would keep the connection open for ever. */
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
      uint64_t now = rsc_agent_now ();
      RscWireResult result;
      int n;

      /* One that comes back between two forks looks once, however soon it is to go for the next. */
      bool stops = atomic_load (&rsc_agent.stopping);

      n = poll (fds, 2, stops || now >= patience ? 0 : (int) ((patience - now) / 1000000) + 1);
      if (n < 0 && errno == EINTR)
        continue;
      if ((n == 0 && stops) || (n > 0 && fds[0].revents == 0))
        return;
      if (n <= 0 || rsc_wire_message_receive (&message, rsc_agent.socket.fd, NULL, NULL, &result) != 0
          || rsc_wire_message_get_type (&message) != RSC_WIRE_WELCOME)
        {
          give_up ();
          return;
        }
      break;
    }
  rsc_agent_take_welcome (&message);
  leave_room (true);
  rsc_agent_fd_close (&other_end);
  left = TO_BEGIN;
}

/* What the program has of the agent's in its heap it keeps: the next time it is there. */
static void
begin (void)
{
  static bool has_begun;
  /* Whoever stops this thread has let the GIL go. */
  PyGILState_STATE state = rsc_agent_take_gil ();
  /* What is made here is not to set off a collection, on this thread. */
  int was_enabled = PyGC_Disable ();

  rsc_agent_reserve_take ();
  if (!has_begun)
    {
      rsc_agent_watch_exit ();
      rsc_agent_watch_forks ();
      has_begun = true;
    }
  rsc_agent_watch_collections ();
  rsc_agent_give_marks ();
  if (was_enabled)
    PyGC_Enable ();
  left = NOTHING_LEFT;
  PyGILState_Release (state);
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
  rsc_agent_fd_close (&other_end);
  room_place = NULL;
  left = NOTHING_LEFT;
}

/* Whether the thread of an earlier connection is gone, or was never there. */
static bool
is_free (void)
{
  bool is_gone;

  if (atomic_load (&rsc_agent.active)
      || (atomic_load (&rsc_agent.has_thread) && !atomic_load (&rsc_agent.thread_ended)))
    return false;
  /* Whoever has it is starting or stopping the thread. */
  if (pthread_mutex_trylock (&rsc_agent.thread_lock) != 0)
    return false;
  is_gone = !atomic_load (&rsc_agent.active) && (!atomic_load (&rsc_agent.has_thread) || atomic_load (&rsc_agent.thread_ended));
  if (is_gone && atomic_load (&rsc_agent.has_thread))
    {
      pthread_join (rsc_agent.thread, NULL);
      atomic_store (&rsc_agent.has_thread, false);
      atomic_store (&rsc_agent.thread_id, 0);
    }
  pthread_mutex_unlock (&rsc_agent.thread_lock);

  return is_gone;
}

int
rsc_agent_attach_1 (int connection, int end, const RscWireRoom *where)
{
  struct timeval limit = { .tv_sec = RSC_AGENT_SEND_SECONDS };
  int wake;

  if (!Py_IsInitialized ())
    return RSC_WIRE_ATTACH_NOT_RUNNING;
  if (!is_free ())
    return RSC_WIRE_ATTACH_BUSY;
  wake = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake < 0)
    return RSC_WIRE_ATTACH_NO_ROOM;
  if (!rsc_agent_watch_system_forks ())
    {
      close (wake);
      return RSC_WIRE_ATTACH_NO_ROOM;
    }

  rsc_agent.pid = getpid ();
  rsc_agent.main_thread = rsc_agent.pid;
  rsc_agent_find_functions ();
  setsockopt (connection, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  /* From here on they are the agent's: it closes them. */
  rsc_agent_fd_take (&rsc_agent.socket, connection);
  rsc_agent_fd_keep (&other_end, end); /* by that number Refscope looks for it */
  rsc_agent_fd_take (&rsc_agent.wake, wake);
  room = *where;
  room_place = where;
  patience = rsc_agent_now () + RSC_AGENT_CONNECT_SECONDS * UINT64_C (1000000000);
  left = TO_GREET;
  atomic_store (&rsc_agent.active, true);
  rsc_agent_thread_start ();
  if (!atomic_load (&rsc_agent.active))
    {
      /* It could not be started, and has closed the connection. */
      rsc_agent_attach_forget ();
      return RSC_WIRE_ATTACH_NO_ROOM;
    }

  return RSC_WIRE_ATTACHED;
}
