/* One run of refscope-cli: what was asked for, and what its parts share.
 *
 * A run handles one command and ends, so that a command keeps its own options
 * in static variables of its file; everything shared is here. */
#pragma once

#include <gio/gio.h>

#include "base/rsc-progress.h"
#include "capture/rsc-target.h"
#include "snapshot/rsc-snapshot.h"

G_BEGIN_DECLS

/* The exit statuses: part of the command line's contract. */
typedef enum
{
  RSC_CLI_DONE = 0,
  RSC_CLI_CONDITION = 1,  /* what --fail-if said was true */
  RSC_CLI_USAGE = 2,      /* wrong arguments, or the result can't be made or written */
  RSC_CLI_MALFORMED = 3,  /* the input is no heap, or a damaged one */
  RSC_CLI_UNCAPTURED = 4, /* the program can't be captured */
  RSC_CLI_CANCELLED = 5
} RscCliStatus;

#define RSC_CLI_ERROR (rsc_cli_error_quark ())
GQuark rsc_cli_error_quark (void);

typedef enum
{
  RSC_CLI_ERROR_USAGE, /* the arguments are wrong: "see COMMAND --help" is added */
  RSC_CLI_ERROR_OUTPUT /* the result can't be written */
} RscCliErrorCode;

/* What an error means to the caller of the program. */
RscCliStatus rsc_cli_status_from_error (const GError *error);

typedef enum
{
  RSC_COMMAND_ROWS = 1 << 0,    /* prints rows: --json, --csv, --limit, --fail-if */
  RSC_COMMAND_LIVE = 1 << 1,    /* SOURCE may be a program: the capture options */
  RSC_COMMAND_OBJECTS = 1 << 2, /* takes OBJECTs after SOURCE */
  RSC_COMMAND_OUTPUT = 1 << 3,  /* -o and --force, of a kind the command checks itself */
  RSC_COMMAND_CONDITION = 1 << 4, /* --fail-if without rows */
  RSC_COMMAND_PROGRAM_ONLY = 1 << 5, /* SOURCE must be a program */
  RSC_COMMAND_FOLDER = 1 << 6,  /* -o may name a folder, by a slash at its end; the command makes it */
  RSC_COMMAND_SOURCE_OPTIONAL = 1 << 7, /* SOURCE may be left out */
  RSC_COMMAND_NO_SOURCE = 1 << 8, /* takes no SOURCE */
  RSC_COMMAND_STREAM = 1 << 9 /* -o - is standard output */
} RscCommandFlags;

typedef struct _RscCli RscCli;

typedef struct
{
  const char *name;
  const char *parameters;  /* for the usage line; translated when shown, as the next three */
  const char *summary;     /* one line, for the list of commands */
  const char *description; /* a paragraph */
  const char *examples;    /* ready lines */
  RscCommandFlags flags;
  const GOptionEntry *entries; /* the command's own options; NULL: none */

  /* Checks the command's own options before any work is done; NULL: nothing. */
  gboolean (*check) (RscCli *cli, GError **error);
  gboolean (*run) (RscCli *cli, GError **error);
} RscCliCommand;

/* A number of seconds that was not given; what people give is checked. */
#define RSC_SECONDS_UNSET (-G_MAXDOUBLE)

/* The options that commands share. */
typedef struct
{
  gboolean help;
  gboolean quiet;
  gboolean json;
  gboolean csv;
  gboolean wrap;
  gint64 limit; /* -1: the default, 0: all */
  char *fail_if;
  char *output;
  gboolean force;

  double after; /* RSC_SECONDS_UNSET: not given */
  char *on_mark;
  gboolean at_exit;
  gboolean in_place;
  gboolean collect;
  gboolean agent_thread;
  gboolean stop;
  gboolean no_wait;
  char *program_output;
  double timeout;
} RscCliOptions;

struct _RscCli
{
  const RscCliCommand *command;
  RscCliOptions options;

  /* Borrowed from the arguments */
  const char *source;          /* a file or pid:N; NULL: a program */
  const char *const *objects;  /* NULL-terminated, never NULL */
  const char *const *program;  /* NULL-terminated; NULL: none */
  pid_t process;               /* of pid:N, once the source was checked; 0: none */

  /* Owned */
  char **arguments;
  const char **owned_objects; /* the array; its strings are interned */
  GCancellable *cancellable;
  RscTarget *target;
  RscSnapshot *snapshot;
  GPtrArray *marks; /* hints of the marks that the program passed */

  RscProgress progress;
  int result_fd;           /* where results go if there is no -o */
  gboolean result_is_tty;
  gboolean condition_held; /* --fail-if */
  gboolean target_ended;
  int exit_status;         /* the program's, as from waitpid(); once target_ended */
  gboolean collects;       /* the command itself has the program collect */
  gboolean records;        /* the program's collections are to be recorded, from its beginning */
  RscCaptureValues values; /* what captures have of them */
  gboolean is_series;      /* -o names many files, none of which is that one */
  gboolean has_written;    /* some of a series are there */
  gboolean waits_for_end;  /* all that is left to do is to wait for its end */
};

/* A sentence for people on standard error, unless --quiet. */
void rsc_cli_note (RscCli *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* The same, of what would be a silence without an end: also with --quiet. */
void rsc_cli_warn (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* The commands, in the order of the help text; NULL ends it. */
extern const RscCliCommand *const rsc_cli_commands[];

G_END_DECLS
