/* How Refscope begins with an agent in a program that runs already: it makes a
 * thread of the program call a function of the agent's. */
#pragma once

#include <stdint.h>

/* The function.  Its name changes when agents of two versions could not tell what the other means. */
#define RSC_WIRE_ATTACH_FUNCTION "rsc_agent_attach_1"

/* What was mapped into the program for the call.  The agent unmaps it when it is over. */
typedef struct
{
  uint64_t areas[2], sizes[2];
  volatile uint64_t done; /* the call has returned, and the thread is about to leave the areas */
} RscWireRoom;

typedef enum
{
  RSC_WIRE_ATTACHED,
  RSC_WIRE_ATTACH_BUSY,        /* another Refscope is connected, or was until just now */
  RSC_WIRE_ATTACH_NOT_RUNNING, /* there is no interpreter, or it ends */
  RSC_WIRE_ATTACH_NO_ROOM,     /* no thread or descriptor to be had */
  RSC_WIRE_ATTACH_LEAVING      /* the agent has not let go yet of the Refscope before */
} RscWireAttachStatus;

/* On any thread, without the GIL perhaps.  @connection: a socket; @other_end: the one that Refscope takes a
 * copy of, if it lives so long.  They are the agent's in any case, which closes them if it fails; what @room tells of is if
 * it returns 0. */
typedef int (*RscWireAttachFunc) (int connection, int other_end, const RscWireRoom *room);
