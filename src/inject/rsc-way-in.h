/* Getting the agent into a process that runs already, by whichever way there is. */
#pragma once

#include "rsc-inject.h"

G_BEGIN_DECLS

/* As rsc_inject(), which is what it does first; where that may not or cannot be done, rsc_remote_exec() if the process's
 * Python has that.  The environment's RSC_ATTACH_WAY ("injector" or "remote") has only one of them done, for tests. */
gboolean rsc_way_in (pid_t pid, const char *library, RscInjection *injection, GError **error);

G_END_DECLS
