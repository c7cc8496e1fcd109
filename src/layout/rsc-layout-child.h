/* The parent's end of a layout child: one exchange for each process. */
#pragma once

#include "rsc-layout-wire.h"

G_BEGIN_DECLS

/* Sends @request (a whole record) to a child, the spare one if there is one,
 * and waits at most @seconds for a whole record as the reply.  The child is
 * gone when this returns; once rsc_layout_child_warm_up() was called, a new
 * spare is being started.  RSC_LAYOUT_ERROR:
 * TIMEOUT, NOT_FOUND, FAILED with the child's standard error or the signal
 * that ended it, CORRUPT. */
GByteArray *rsc_layout_child_exchange (const GByteArray  *request,
                                       double             seconds,
                                       GCancellable      *cancellable,
                                       RscLayoutHeader   *header,
                                       GError           **error);

/* Starts a spare if there is none, now and after each exchange. */
void rsc_layout_child_warm_up (void);

G_END_DECLS
