/* Telling of the collections that the program's collector makes.
 *
 * A callback in gc.callbacks is an object of ours in the program's heap,
 * and Python code of the program can see it: there is one only if it is asked for (see
 * rsc-agent-record.c).  The collector counts for itself: the numbers are read, which
 * needs no GIL. */

#include "rsc-agent-private.h"

#include <errno.h>
#include <poll.h>

/* How often room is looked for at the program's end, in milliseconds. */
#define ROOM_INTERVAL 10

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* all below: [lock], but for the counters' places, which are set before there is a thread */
static RscWalkGcCounters counters;
static RscWalkGcCounts told;
static RscWireMessage message;
static bool is_watching;
static bool has_told;        /* told is known: a collection may be in the middle when that begins */
static int64_t n_unrecorded; /* collections that ran while they were recorded, less their records */

void
rsc_agent_watch_collections (void)
{
  char error[RSC_WALK_ERROR_SIZE];

  /* What cannot be read is not told of; a capture says why. */
  is_watching = rsc_walk_find_gc_counters (&counters, error) == 0;
  has_told = is_watching && rsc_walk_read_gc_counters (&counters, &told) == 0;
}

void
rsc_agent_unwatch_collections (void)
{
  is_watching = false;
}

/* false: there is no room for the rest. */
static bool
tell_records (void)
{
  static RscWireRecord records[RSC_WIRE_RECORDS_MAX];
  size_t n;

  while ((n = rsc_agent_copy_records (records, RSC_WIRE_RECORDS_MAX)) > 0)
    {
      rsc_wire_message_init (&message, RSC_WIRE_RECORDED, 0);
      rsc_wire_message_add_list (&message, RSC_WIRE_RECORDS, (const uint64_t *) records, n * RSC_WIRE_RECORD_VALUES);
      if (!rsc_agent_send_now (&message))
        return false;
      rsc_agent_drop_records (n);
      n_unrecorded -= (int64_t) n;
    }

  return true;
}

/* Those that a callback too few, or a full ring, made it miss. */
static bool
tell_unrecorded (const RscWalkGcCounts *now)
{
  for (unsigned i = 0; i < 3; i++)
    n_unrecorded += (int64_t) (now->collections[i] - told.collections[i]);
  told = *now;
  /* They were written before the collector said that it was done. */
  if (!tell_records ())
    return false;
  /* Records of collections that ran since then are less than none. */
  if (n_unrecorded <= 0)
    return true;
  rsc_wire_message_init (&message, RSC_WIRE_UNRECORDED, 0);
  rsc_wire_message_add_number (&message, RSC_WIRE_TIME, rsc_agent_now ());
  rsc_wire_message_add_number (&message, RSC_WIRE_COLLECTIONS, (uint64_t) n_unrecorded);
  if (!rsc_agent_send_now (&message))
    return false;
  n_unrecorded = 0;

  return true;
}

static bool
tell_counted (const RscWalkGcCounts *now)
{
  for (unsigned i = 0; i < 3; i++)
    {
      uint64_t collections = now->collections[i] - told.collections[i];

      if (collections == 0)
        continue;
      rsc_wire_message_init (&message, RSC_WIRE_COLLECTED, 0);
      rsc_wire_message_add_number (&message, RSC_WIRE_TIME, rsc_agent_now ());
      rsc_wire_message_add_number (&message, RSC_WIRE_GENERATION, i);
      rsc_wire_message_add_number (&message, RSC_WIRE_COLLECTIONS, collections);
      rsc_wire_message_add_number (&message, RSC_WIRE_FREED, now->collected[i] - told.collected[i]);
      rsc_wire_message_add_number (&message, RSC_WIRE_UNCOLLECTABLE, now->uncollectable[i] - told.uncollectable[i]);
      /* What there is no room for is told the next time. */
      if (!rsc_agent_send_now (&message))
        return false;
      told.collections[i] = now->collections[i];
      told.collected[i] = now->collected[i];
      told.uncollectable[i] = now->uncollectable[i];
    }

  return true;
}

/* The lock is held.  false: a collection is in the middle, or there was no room; then not all is told. */
static bool
tell (void)
{
  RscWalkGcCounts now;

  if (rsc_agent_is_recording () && !tell_records ())
    return false;
  if (rsc_walk_read_gc_counters (&counters, &now) != 0)
    return false;
  if (has_told)
    return rsc_agent_is_recording () ? tell_unrecorded (&now) : tell_counted (&now);
  n_unrecorded = 0;
  told = now;
  has_told = true;

  return true;
}

static bool
tell_all (void)
{
  bool told_all;

  if (!is_watching || !atomic_load (&rsc_agent.active))
    return true;
  pthread_mutex_lock (&lock);
  told_all = tell ();
  pthread_mutex_unlock (&lock);

  return told_all;
}

void
rsc_agent_tell_collections (void)
{
  tell_all ();
}

void
rsc_agent_tell_last_collections (void)
{
  uint64_t end = rsc_agent_now () + RSC_AGENT_SEND_SECONDS * UINT64_C (1000000000);
  RscWalkGcCounts now;

  while (!tell_all () && rsc_walk_read_gc_counters (&counters, &now) == 0 && atomic_load (&rsc_agent.active)
         && rsc_agent_now () < end)
    {
      struct pollfd room = { .fd = rsc_agent.socket.fd, .events = POLLOUT };

      if (poll (&room, 1, ROOM_INTERVAL) < 0 && errno != EINTR)
        break;
    }
}

void
rsc_agent_tell_otherwise (bool recording, atomic_bool *is_recording)
{
  /* Whoever has it waits for nothing. */
  pthread_mutex_lock (&lock);
  /* Where that does not work just now, the numbers are told of from the next time on. */
  if (is_watching && atomic_load (&rsc_agent.active) && !tell ())
    has_told = false;
  atomic_store (is_recording, recording);
  pthread_mutex_unlock (&lock);
}

void
rsc_agent_lock_collections (void)
{
  pthread_mutex_lock (&lock);
}

void
rsc_agent_unlock_collections (void)
{
  pthread_mutex_unlock (&lock);
}

void
rsc_agent_forget_collections (void)
{
  pthread_mutex_init (&lock, NULL);
  has_told = false;
  n_unrecorded = 0;
}
