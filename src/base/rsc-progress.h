/* Progress of a synchronous core call, reported on the calling thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* fraction: 0.0 to 1.0, or negative while unknown.
 * what: a short translated phrase ("Reading objects"), borrowed. */
typedef void (*RscProgressFunc) (double      fraction,
                                 const char *what,
                                 gpointer    user_data);

/* Passed by const pointer; NULL means that nobody listens. */
typedef struct
{
  RscProgressFunc func;
  gpointer user_data;
} RscProgress;

static inline void
rsc_progress_report (const RscProgress *progress,
                     double             fraction,
                     const char        *what)
{
  if (progress != NULL && progress->func != NULL)
    progress->func (fraction, what, progress->user_data);
}

/* How many items a loop handles between two looks at its GCancellable. */
#define RSC_CANCEL_INTERVAL 4096

G_END_DECLS
