/* The agent in another process: where it is, and our end of the connection to it. */
#pragma once

#include "rsc-inject.h"
#include "rsc-process-memory.h"

G_BEGIN_DECLS

/* Part of the name of each file with the agent. */
#define RSC_AGENT_FILE_NAME "refscope-agent"

/* The address of what the agent in the process calls @symbol; 0: there is none.  *path, if not NULL: of its
 * file as the process sees it, maybe gone; free it. */
guint64  rsc_agent_entry_find (RscProcessMemory *memory, const char *symbol, char **path);

/* The agent has answered with @result (an RscWireAttachStatus): what that means.  If it has begun, takes our own
 * copy of the socket that it waits at, which is descriptor @end of the process's.  Else FALSE with a sentence. */
gboolean rsc_agent_entry_take (pid_t pid, gint64 result, int end, RscInjection *injection, GError **error);

G_END_DECLS
