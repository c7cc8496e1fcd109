/* The agent's call of the program's main thread.
 *
 * The interpreter has a queue for such calls, which is short, and the program's as well: while the main thread waits for something,
 * it fills up.  So there is one call of ours in it at most, which does all that there is to do. */

#include "rsc-agent-private.h"

/* A child of a fork has what is in the queue as well. */
static atomic_bool is_queued;

static int
on_pending_call (void *data)
{
  /* Who wants something from here on asks again; what was wanted until now is there to be seen. */
  atomic_store (&is_queued, false);
  if (rsc_agent_is_connected ())
    {
      rsc_agent_come_back ();
      rsc_agent_attach_on_main ();
      rsc_agent_run_on_main ();
    }

  return 0;
}

void
rsc_agent_call_main (void)
{
  if (!atomic_exchange (&is_queued, true) && Py_AddPendingCall (on_pending_call, NULL) != 0)
    atomic_store (&is_queued, false);
}

void
rsc_agent_forget_main_call (void)
{
  atomic_store (&is_queued, false);
}
