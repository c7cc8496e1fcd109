/* What the preload stub knows of the agent. */
#pragma once

#include <stdbool.h>

#include "wire/rsc-wire-attach.h"
#include "wire/rsc-wire-folder.h"

/* The package that programs import, and the module with its C functions. */
#define RSC_AGENT_PACKAGE "refscope"
#define RSC_AGENT_MARKS_MODULE "_refscope"

/* The program proper is about to begin: connects to Refscope.  On the main
 * thread, with the GIL, from the audit event @event. */
typedef void (*RscAgentBeginFunc) (const char *folder, const char *event);

/* The program ends without the interpreter coming to its end.  On any thread, also
 * without the GIL, and in children. */
typedef void (*RscAgentLeaveFunc) (void);

/* Whether the program is about to become a Python at @path, to which the stub is to go
 * along.  On any thread, also without the GIL, in children and in handlers of signals. */
typedef bool (*RscAgentFollowsFunc) (const char *path);

/* What was to be executed could not be: the program goes on as it is.  Where follows() may be called. */
typedef void (*RscAgentStayFunc) (void);

/* A later audit event; @args is a tuple, borrowed.  0, or -1 with an exception. */
typedef int (*RscAgentAuditFunc) (const char *event, void *args);

#define RSC_AGENT_EXPORT __attribute__((visibility ("default")))

RSC_AGENT_EXPORT void rsc_agent_begin (const char *folder, const char *event);
RSC_AGENT_EXPORT int  rsc_agent_audit (const char *event, void *args);
RSC_AGENT_EXPORT void rsc_agent_leave (void);
RSC_AGENT_EXPORT bool rsc_agent_follows (const char *path);
RSC_AGENT_EXPORT void rsc_agent_stay (void);
RSC_AGENT_EXPORT int  rsc_agent_attach_2 (int32_t ends[2], const RscWireRoom *room);
