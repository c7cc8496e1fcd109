/* capture --when: waits for the moment at which a condition holds.
 *
 * Memory is read from outside, at an interval, and never takes more than a
 * hundredth of the time.  A condition on the heap needs a capture, which takes
 * at most a twentieth of it; the one for which the condition holds is kept. */
#pragma once

#include "rsc-cli-when.h"
#include "rsc-cli.h"

G_BEGIN_DECLS

/* Of a target that was started, @interval is in microseconds.  Afterwards
 * @cli->snapshot is the capture for which the condition holds, or NULL if it could
 * be told without.  RSC_CAPTURE_ERROR, EXITED: the program ended before. */
gboolean rsc_trigger_wait (RscCli *cli, RscWhen *when, gint64 interval, GError **error);

G_END_DECLS
