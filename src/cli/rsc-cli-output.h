/* Where a command's result goes: a file that is replaced as a whole, or
 * standard output. */
#pragma once

#include "rsc-cli.h"

G_BEGIN_DECLS

typedef struct _RscOutput RscOutput;

/* Text that was gathered but not yet written; append to it. */
GString *rsc_output_get_buffer (RscOutput *self);
/* To be called every now and then: writes if enough was gathered.  FALSE after
 * a failure; the emitter should return. */
gboolean rsc_output_flush_some (RscOutput *self);

/* Writes what was gathered, now. */
gboolean rsc_output_flush (RscOutput *self);

typedef void (*RscEmitFunc) (RscOutput *output, gpointer data);

/* Runs @emit with an output to -o FILE or, without it, to standard output. */
gboolean rsc_output_run (RscCli *cli, RscEmitFunc emit, gpointer data, GError **error);

/* Writes ready text or bytes to standard output. */
gboolean rsc_output_write (RscCli *cli, const void *data, gsize size, GError **error);

/* TRUE if -o FILE may be written: it does not exist, or --force was given. */
gboolean rsc_output_check (RscCli *cli, GError **error);

/* Whether -o - was given, to a command for which that is standard output. */
gboolean rsc_output_is_stream (RscCli *cli);

/* Ends with the default action of SIGPIPE: the reader has gone. */
void rsc_output_die_of_sigpipe (void) G_GNUC_NORETURN;

G_END_DECLS
