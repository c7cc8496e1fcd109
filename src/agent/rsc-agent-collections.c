/* Telling of the collections that the program's collector makes.
 *
 * A callback in gc.callbacks would be an object of ours in the program's heap,
 * and Python code of the program could see it.  The collector counts for itself: the
 * numbers are read, which needs no GIL. */

#include "rsc-agent-private.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* all below: [lock], but for the counters' places, which are set before there is a thread */
static RscWalkGcCounters counters;
static RscWalkGcCounts told;
static RscWireMessage message;
static bool is_watching;

void
rsc_agent_watch_collections (void)
{
  char error[RSC_WALK_ERROR_SIZE];

  /* What cannot be read is not told of; a capture says why. */
  is_watching = rsc_walk_find_gc_counters (&counters, error) == 0
                && rsc_walk_read_gc_counters (&counters, &told) == 0;
}

void
rsc_agent_tell_collections (void)
{
  RscWalkGcCounts now;

  if (!is_watching || !atomic_load (&rsc_agent.active))
    return;

  pthread_mutex_lock (&lock);
  if (rsc_walk_read_gc_counters (&counters, &now) == 0)
    {
      for (unsigned i = 0; i < 3; i++)
        {
          uint64_t collections = now.collections[i] - told.collections[i];

          if (collections == 0)
            continue;
          rsc_wire_message_init (&message, RSC_WIRE_COLLECTED, 0);
          rsc_wire_message_add_number (&message, RSC_WIRE_TIME, rsc_agent_now ());
          rsc_wire_message_add_number (&message, RSC_WIRE_GENERATION, i);
          rsc_wire_message_add_number (&message, RSC_WIRE_COLLECTIONS, collections);
          rsc_wire_message_add_number (&message, RSC_WIRE_FREED, now.collected[i] - told.collected[i]);
          rsc_wire_message_add_number (&message, RSC_WIRE_UNCOLLECTABLE, now.uncollectable[i] - told.uncollectable[i]);
          rsc_agent_send (&message);
        }
      told = now;
    }
  pthread_mutex_unlock (&lock);
}
