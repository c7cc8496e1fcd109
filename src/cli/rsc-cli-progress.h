/* Progress on a terminal's standard error, and cancelling by Ctrl+C. */
#pragma once

#include "rsc-cli.h"

G_BEGIN_DECLS

/* Shows progress if standard error is a terminal and @enabled. */
void rsc_cli_progress_init  (RscProgress *progress, gboolean enabled);
/* Removes the line, before anything else is written. */
void rsc_cli_progress_clear (void);

/* SIGINT and SIGTERM cancel @cancellable; a second one ends the process.  The
 * handlers do not reach launched programs. */
void     rsc_cli_signals_init (GCancellable *cancellable);
/* TRUE at once after such a signal; that @cancellable is cancelled may take a moment. */
gboolean rsc_cli_signals_came (void);

G_END_DECLS
