/* The next collection that the program makes, captured before and after, in the middle of it. */

#include "rsc-agent-private.h"

/* GIL held: the collection that runs is the one that was waited for. */
static bool is_the_one;

void
rsc_agent_await_begin (void)
{
  char error[RSC_WALK_ERROR_SIZE];
  static RscWireMessage message;

  if (atomic_load (&rsc_agent.is_ending))
    {
      rsc_agent_reply (RSC_WIRE_ENDING, RSC_SENTENCE_NO_COLLECTION, NULL);
      return;
    }
  if (rsc_agent_listen_for_await (error) != 0)
    {
      rsc_agent_reply_written (RSC_WIRE_UNSUPPORTED, error);
      return;
    }
  is_the_one = false;
  rsc_wire_message_init (&message, RSC_WIRE_BEGUN, rsc_agent.request.number);
  rsc_agent_send_now (&message);
  pthread_mutex_lock (&rsc_agent.lock);
  rsc_agent.main_began = false;
  rsc_agent.phase = RSC_AGENT_AWAITING;
  pthread_mutex_unlock (&rsc_agent.lock);
}

void
rsc_agent_await_start (unsigned generation)
{
  uint64_t now = rsc_agent_now ();

  pthread_mutex_lock (&rsc_agent.lock);
  is_the_one = rsc_agent.phase == RSC_AGENT_AWAITING && !rsc_agent.main_began && atomic_load (&rsc_agent.active)
               && generation >= rsc_agent.request.generation;
  rsc_agent.main_began |= is_the_one;
  pthread_mutex_unlock (&rsc_agent.lock);
  if (!is_the_one)
    return;

  rsc_agent.request.generation = generation;
  if (!rsc_agent_request_capture (0, now))
    {
      is_the_one = false;
      rsc_agent_request_ran ();
    }
}

bool
rsc_agent_await_stop (uint64_t returned)
{
  if (is_the_one)
    {
      is_the_one = false;
      if (rsc_agent_request_capture (1, rsc_agent_now ()))
        {
          rsc_wire_message_add_number (&rsc_agent.reply, RSC_WIRE_RETURNED, returned);
          rsc_wire_message_add_number (&rsc_agent.reply, RSC_WIRE_GENERATION, rsc_agent.request.generation);
          rsc_wire_message_add_number (&rsc_agent.reply, RSC_WIRE_ON_MAIN_THREAD, rsc_agent_is_main_thread ());
        }
      rsc_agent_request_ran ();
    }

  return rsc_agent.phase != RSC_AGENT_AWAITING;
}

void
rsc_agent_await_forget (void)
{
  is_the_one = false;
}

bool
rsc_agent_await_runs (void)
{
  return is_the_one;
}

/* The lock is held; nobody has begun. */
static void
end_with (RscWireStatus status, RscSentence sentence)
{
  rsc_agent_reply (status, sentence, NULL);
  rsc_agent.phase = RSC_AGENT_RAN;
}

void
rsc_agent_await_end (void)
{
  pthread_mutex_lock (&rsc_agent.lock);
  if (rsc_agent.phase == RSC_AGENT_AWAITING && !rsc_agent.main_began)
    end_with (RSC_WIRE_ENDING, RSC_SENTENCE_NO_COLLECTION);
  else if (rsc_agent.phase == RSC_AGENT_AWAITING)
    {
      /* Another thread is in the middle of it. */
      atomic_store (&rsc_agent.cancelled, true);
      rsc_agent.left_to_main = true;
    }
  pthread_mutex_unlock (&rsc_agent.lock);
  rsc_agent_wake ();
}

void
rsc_agent_await_look (void)
{
  pthread_mutex_lock (&rsc_agent.lock);
  if (rsc_agent.phase == RSC_AGENT_AWAITING && !rsc_agent.main_began && rsc_agent_misses_collections ())
    end_with (RSC_WIRE_FAILED, RSC_SENTENCE_CALLBACK_GONE);
  pthread_mutex_unlock (&rsc_agent.lock);
}
