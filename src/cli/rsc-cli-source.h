/* SOURCE: a heap file or standard input, a program that is launched and captured, or a process that is attached to. */
#pragma once

#include "rsc-cli.h"

G_BEGIN_DECLS

/* Checks the capture options and the kind of SOURCE, before any work. */
gboolean rsc_source_check (RscCli *cli, GError **error);

/* A number of seconds that an option may have: 0 to a month. */
gboolean rsc_source_check_seconds (double value, const char *option, GError **error);

/* Whether it is a program, and not a file. */
gboolean rsc_source_is_live (RscCli *cli);

/* A heap file by this name is what comes from standard input. */
#define RSC_SOURCE_STANDARD_INPUT "-"
RscSnapshot *rsc_source_open_file (RscCli *cli, const char *file, GError **error);

/* The heap: opens the file, or launches the program or attaches to it, waits for the moment that
 * the options name, captures it and lets it run on.  Owned by @cli. */
RscSnapshot *rsc_source_open (RscCli *cli, GError **error);

/* The same in two halves, for commands that ask the program for something else
 * at that moment.  Afterwards the program is held, or was at --after. */
gboolean rsc_source_start (RscCli *cli, gboolean hold, GError **error);
gboolean rsc_source_wait_for_moment (RscCli *cli, GError **error);
/* Waits until @deadline (monotonic time), or until the program is held at its end; marks
 * are passed.  One that starts is waited for longer.  RSC_CAPTURE_ERROR, EXITED: it ended. */
gboolean rsc_source_wait_until (RscCli *cli, gint64 deadline, GError **error);
/* Whether @error of a wait or a capture is that the program ended. */
gboolean rsc_source_has_ended (RscCli *cli, const GError *error);
/* Whether it is that the program did not come to it: it may later. */
gboolean rsc_source_may_come_later (const GError *error);
/* Captures it now, as the options say, into @cli->snapshot, in place of what was there. */
gboolean rsc_source_capture (RscCli *cli, GError **error);
/* Lets it run to its end, without any more stops. */
void     rsc_source_release (RscCli *cli);

/* What the command line has against the error of a capture or a collection. */
void     rsc_source_add_remedy (GError **error);

/* Waits until the program has ended (--no-wait: not at all, --stop: ends it). */
gboolean rsc_source_finish (RscCli *cli, GError **error);

/* Appends @exit_status as JSON: a number, negative for a signal, or null; for
 * commands without a program nothing. */
void rsc_source_append_exit_status (RscCli *cli, GString *json);

/* A sentence about how the program ended, or NULL if it ended well. */
char *rsc_source_describe_end (RscCli *cli);

/* The nodes that the OBJECT arguments from @first on name (all of them if
 * @n is negative), in their order, each once; unref it. */
GArray *rsc_source_resolve (RscCli *cli, const char *const *references, gssize n, GError **error);

G_END_DECLS
