/* Ctrl+Z, held back for as long as it takes.
 *
 * A thread of another program that is stopped by us would stay so until this program goes on, if that is stopped meanwhile.  So the
 * signals that a terminal stops programs with are only noted, and come when nobody holds them any more: to the whole process,
 * as such a signal goes to any of its threads.  SIGSTOP cannot be held. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Any thread, several at once: each begin has its end.  What the program ignores, it goes on ignoring. */
void rsc_hold_stop_begin (void);
void rsc_hold_stop_end   (void);

G_END_DECLS
