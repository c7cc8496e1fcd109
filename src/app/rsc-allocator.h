/* How the C library's allocator behaves in a program that opens and closes heaps
 * for days.  Left alone it keeps what a closed heap had: after the first large
 * block was freed, larger and larger blocks come from its pools, where small
 * things that live on keep them from being given back; and each of the many
 * short-lived worker threads may get a pool of its own. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* To be called on the main thread, before there is a second one, which from then on frees nothing large
 * itself.  Where the C library is not GNU's, that is all that is done. */
void rsc_allocator_init      (void);
/* Gives what is free back to the system, on a thread of its own: a heap was closed. */
void rsc_allocator_trim_soon (void);

G_END_DECLS
