/* How Refscope begins with an agent in a program that runs already: it makes a
 * thread of the program call a function of the agent's. */
#pragma once

#include <stdint.h>

/* glibc's own signal, by which setuid() and its like ask every thread to do the same, wait for all, and keep new ones from being
 * made: a thread that has it blocked must not wait for another one. */
#define RSC_WIRE_SETXID_SIGNAL 33

/* The function.  Its name changes when agents of two versions could not tell what the other means. */
#define RSC_WIRE_ATTACH_FUNCTION "rsc_agent_attach_2"

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
  RSC_WIRE_ATTACH_LEAVING,     /* the agent has not let go yet of the Refscope before */
  RSC_WIRE_ATTACH_LATE         /* the call came when Refscope had given up */
} RscWireAttachStatus;

/* On any thread, without the GIL perhaps.  An RscWireAttachStatus; negative: an errno, of making sockets.  If it returns 0,
 * @ends[1] is the socket that Refscope takes a copy of, if it lives so long, and what @room tells of is the agent's. */
typedef int (*RscWireAttachFunc) (int32_t ends[2], const RscWireRoom *room);

/* The other way, of CPython 3.14 and later: the interpreter runs a script, which loads the agent as an extension
 * module of this name.  Nothing of it stays: no name, no module. */
#define RSC_WIRE_REMOTE_MODULE "refscope_agent"
/* What the script has among its names: a tuple of the process's number (as itself sees it), RscWireRemoteAnswer.token,
 * its CLOCK_MONOTONIC in nanoseconds until which it may begin, and paths of files that are
 * removed: the script's, and the agent's if it was made for this. */
#define RSC_WIRE_REMOTE_REQUEST "request"
/* What it gets: a function for an exception that was raised in it and is the program's. */
#define RSC_WIRE_REMOTE_PASS_ON "pass_on"
/* Of the agent's, read from outside. */
#define RSC_WIRE_REMOTE_ANSWER "rsc_agent_remote_answer_1"

typedef struct
{
  uint64_t token; /* of the request; the rest is there before it is */
  int64_t result; /* an RscWireAttachStatus; negative: an errno, of making the sockets */
  int32_t ends[2];
} RscWireRemoteAnswer;
