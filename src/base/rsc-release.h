/* Giving large memory back.  To unmap a gigabyte keeps the kernel busy for a tenth of a second, which a
 * program with a window has no thread for that may wait so long: it names one. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Calls @destroy with @data, at once or on another thread. */
typedef void (*RscReleaseFunc) (gpointer data, GDestroyNotify destroy);

/* By whom large things are freed from now on; NULL: by who lets go of them, which is how it
 * begins.  To be called before there is a second thread. */
void rsc_release_set_func (RscReleaseFunc func);
/* Frees @data, which nobody uses any more, by @destroy, which must be good on any thread.
 * @data may be NULL. */
void rsc_release          (gpointer data, GDestroyNotify destroy);

G_END_DECLS
