/* A program that Refscope launched, or attached to, with the agent in it.
 *
 * Thread-safe.  Calls block; one request is served at a time, others wait.
 * Events come from a reader thread of the target's own and are fetched with
 * rsc_target_next_event(); a file descriptor tells when there are some, so that
 * a main loop needs no thread.  Dropping the last reference lets the program
 * run on, not held any more; rsc_target_stop() ends it. */
#pragma once

#include <gio/gio.h>
#include <sys/types.h>

#include "snapshot/rsc-snapshot.h"

G_BEGIN_DECLS

typedef struct _RscTarget RscTarget;

typedef enum
{
  RSC_TARGET_STARTING, /* no agent has said hello yet: just launched, or executed in the place of another program */
  RSC_TARGET_RUNNING,
  RSC_TARGET_HELD,     /* waits at a mark, or before the interpreter ends */
  RSC_TARGET_EXITED
} RscTargetState;

typedef enum
{
  RSC_HOLD_NONE,
  RSC_HOLD_MARK,         /* refscope.mark("hint") */
  RSC_HOLD_AT_EXIT,      /* the main program is done; modules are still there */
  RSC_HOLD_UNCAUGHT      /* an exception ends the program; its frames are still there */
} RscHoldKind;

typedef struct
{
  const char *const *argv;  /* NULL-terminated; argv[0] is searched in PATH */
  const char *const *envp;  /* NULL: the caller's */
  const char *cwd;          /* NULL: the caller's */
  gboolean hold;            /* hold at marks, at an uncaught exception and before the end */
  const char *const *hold_marks; /* NULL-terminated: also without hold, wait at marks of these
                             * names for a capture, some seconds at most; or NULL */
  gboolean pipe_streams;    /* standard streams are pipes to Refscope; else they are inherited */
  gboolean record;          /* from the beginning, see rsc_target_set_recording() */
} RscLaunchOptions;

typedef enum
{
  RSC_EVENT_STATE,    /* the state, or where it is held, changed */
  RSC_EVENT_OUTPUT,   /* bytes of its standard output or error (pipe_streams) */
  RSC_EVENT_MARK,     /* a mark was passed (also when it does not hold) */
  RSC_EVENT_COLLECTION, /* the program's collector ran */
  RSC_EVENT_UNRECORDED, /* the same while its collections were recorded, and the record has missed it */
  RSC_EVENT_WAITING,  /* it is STARTING for long: message says what is waited for */
  RSC_EVENT_NO_PYTHON /* it runs, but no CPython that can be captured: message says why */
} RscTargetEventType;

typedef struct
{
  RscTargetEventType type;
  RscTargetState state;
  RscHoldKind hold;
  int fd;            /* OUTPUT: 1 or 2 */
  GBytes *bytes;     /* OUTPUT */
  char *hint;        /* HELD at a mark, MARK; for RSC_HOLD_UNCAUGHT the exception's type */
  char *file;        /* where; NULL if unknown */
  guint line;
  double seconds;    /* since the launch */
  guint64 uss, rss;  /* MARK: bytes at the mark, in the program's standstill */
  int exit_status;   /* EXITED: as from waitpid(); 0 of one that was attached to, whose parent only is told */
  guint generation;  /* COLLECTION */
  guint64 collections; /* COLLECTION: how many of that generation, since the last was told; UNRECORDED: how many */
  guint64 collected; /* COLLECTION: the objects that they freed */
  guint64 uncollectable; /* COLLECTION: those that they could not free, see gc.garbage */
  gboolean recorded; /* COLLECTION: it is a single one, which began at seconds, and what follows is known */
  double duration;   /* seconds, with the finalizers and callbacks that it called */
  guint64 counts_before[3], counts_after[3]; /* as gc.get_count() */
  guint64 thresholds[3];
  guint32 request;   /* of rsc_target_await_collection(), which captured it; 0: nobody waited for this one */
  char *message;     /* a sentence for people, or NULL; EXITED: why it could not be held before, if that is known */
} RscTargetEvent;

void rsc_target_event_free (RscTargetEvent *self);

/* Launches.  The agent, the stub that loads it and the Python package are found
 * where they are installed, or by RSC_AGENT, RSC_PRELOAD and RSC_PYTHON_PACKAGE.
 * The first CPython among the launched process and its descendants is the
 * program; when it ends and another begins (a shell script), or is executed in its
 * place, that one is.
 * RSC_CAPTURE_ERROR: NOT_FOUND (no such program), PERMISSION,
 * FAILED.  That the program has no Python is known later (NO_PYTHON). */
RscTarget *rsc_target_launch (const RscLaunchOptions *options, GError **error);

typedef struct
{
  gboolean hold;           /* as for a launch: at marks and before the end */
  const char *const *hold_marks; /* likewise */
  gboolean record;         /* likewise */
} RscAttachOptions;

/* Attaches to the running CPython 3.10 or later that is process @pid: loads the agent into it, see
 * inject/rsc-inject.h, or wakes the one that is there.  One of its threads stands still for some
 * milliseconds.  Dropping the last reference detaches: the agent's thread ends and its sockets are
 * closed; its code stays.  @options may be NULL.
 * RSC_CAPTURE_ERROR: EXITED (no such process), PERMISSION, UNSUPPORTED (no CPython that can be
 * attached to), BUSY (traced, stopped, another Refscope), TIMEOUT, FAILED. */
RscTarget *rsc_target_attach (pid_t pid, const RscAttachOptions *options, GError **error);
gboolean   rsc_target_is_attached (RscTarget *self);
/* How long a thread of the program stood still while Refscope attached, seconds; 0 of one that was launched. */
double     rsc_target_get_attach_pause (RscTarget *self);

RscTarget *rsc_target_ref    (RscTarget *self);
void       rsc_target_unref  (RscTarget *self);

pid_t          rsc_target_get_pid   (RscTarget *self);
RscTargetState rsc_target_get_state (RscTarget *self, RscHoldKind *hold);
/* What it was started with; of one that was attached to, what it says. */
const char *const *rsc_target_get_argv (RscTarget *self);
/* As from waitpid(); meaningful once EXITED. */
int            rsc_target_get_exit_status (RscTarget *self);

/* How long the program may take to come to a request; 10 s unless set. */
void            rsc_target_set_timeout  (RscTarget *self, double seconds);

/* Readable when events wait.  Borrowed. */
int             rsc_target_get_event_fd (RscTarget *self);
/* The next event, or NULL after @timeout_ms (-1: wait for ever, 0: look only),
 * or if cancelled (@error set), or after the last one. */
RscTargetEvent *rsc_target_next_event   (RscTarget     *self,
                                         int            timeout_ms,
                                         GCancellable  *cancellable,
                                         GError       **error);

/* What the file is to have of strings, bytes and numbers.  Names that the program's
 * code says stay: of modules, classes, functions, variables and attributes.  What
 * does not stay does not leave the program's process. */
typedef enum
{
  RSC_VALUES_ALL,
  RSC_VALUES_NONE,
  RSC_VALUES_LENGTHS,
  RSC_VALUES_HASHES /* and lengths; by a key of this capture alone, that is forgotten */
} RscCaptureValues;

typedef struct
{
  RscCaptureValues values; /* else than all: of the command line only the program's name stays, too */
  gboolean in_place;       /* walk in the program itself, which stands still meanwhile */
  gboolean collect_before; /* gc.collect() first, as rsc_target_collect() does */
  gboolean agent_thread;   /* that on the agent's thread: only if the user said so */
  const char *hint;        /* for the snapshot's info; NULL: the mark at which it is held */
  gboolean release;        /* a held program goes on as soon as the child that captures exists */
  double timeout_seconds;  /* until the program comes to it; 0: as rsc_target_set_timeout() */
} RscCaptureOptions;

/* RSC_CAPTURE_ERROR: TIMEOUT (the GIL was not released), BLOCKED (the main thread
 * did not come to the collection before), EXITED, UNSUPPORTED
 * (no Python, sub-interpreters, a free-threaded build), LIMIT, FAILED (what went
 * wrong in the child, with the type that was being walked). */
RscSnapshot *rsc_target_capture (RscTarget                *self,
                                 const RscCaptureOptions  *options,
                                 const RscProgress        *progress,
                                 GCancellable             *cancellable,
                                 GError                  **error);

/* What a collection did: captured before and after in one request. */
typedef struct
{
  RscSnapshot *before, *after; /* NULL unless asked for */
  guint generation;
  gint64 returned;             /* what gc.collect() returned, or would have */
  gboolean by_itself;          /* the program's own, which was waited for */
  guint32 request;             /* then: as in its event, if it is recorded */
  gboolean on_main_thread;     /* else on the agent's, which was asked for */
  gboolean others_ran;         /* other threads ran meanwhile */
} RscCollection;
void rsc_collection_free (RscCollection *self);

typedef enum
{
  RSC_COLLECT_CAPTURE = 1 << 0,      /* capture before and after */
  RSC_COLLECT_AGENT_THREAD = 1 << 1  /* run finalizers on the agent's thread: only if the user said so */
} RscCollectFlags;

/* gc.collect(generation) on the main thread.  BLOCKED if that is blocked in C:
 * the message offers the agent's thread and says what it means. */
RscCollection *rsc_target_collect (RscTarget           *self,
                                   guint                generation,
                                   RscCollectFlags      flags,
                                   const RscProgress   *progress,
                                   GCancellable        *cancellable,
                                   GError             **error);

/* Waits, without a limit, for the next collection of @generation or an older one that the program makes: by itself, or because it
 * calls gc.collect().  Captures it before and after, in the middle of it.  Meanwhile no other request is served.
 * As above; EXITED: the program came to its end before. */
RscCollection *rsc_target_await_collection (RscTarget          *self,
                                            guint               generation,
                                            const RscProgress  *progress,
                                            GCancellable       *cancellable,
                                            GError            **error);

/* From now on every collection is an event of its own, with its duration, counts and thresholds: a callback in the program's
 * gc.callbacks writes it down.  Or not any more: then the callback is taken away.  UNSUPPORTED, and as for any request. */
gboolean  rsc_target_set_recording  (RscTarget *self, gboolean recording, GCancellable *cancellable, GError **error);

/* The collector's state: an a{sv} with the gc-... keys of the snapshot's info. */
GVariant *rsc_target_get_gc_info    (RscTarget *self, GCancellable *cancellable, GError **error);
gboolean  rsc_target_set_thresholds (RscTarget *self, const guint thresholds[3], GCancellable *cancellable, GError **error);
gboolean  rsc_target_set_gc_enabled (RscTarget *self, gboolean enabled, GCancellable *cancellable, GError **error);

/* Lets a held program go on.  BUSY if it is not held. */
gboolean rsc_target_continue (RscTarget *self, GError **error);
/* From now on: hold at marks and at the end, or not. */
gboolean rsc_target_set_hold (RscTarget *self, gboolean hold, GError **error);
/* Sends @signum (SIGTERM, SIGKILL, SIGINT) to the program, and lets it go on. */
gboolean rsc_target_stop     (RscTarget *self, int signum, GError **error);
/* With pipe_streams: to its standard input; @data NULL closes it. */
gboolean rsc_target_write_input (RscTarget *self, const void *data, gsize size, GError **error);

/* Unique and resident set size in bytes from /proc/PID/smaps_rollup; FALSE
 * while a capture's child shares the pages (the numbers would be wrong), or
 * if it has ended. */
gboolean rsc_target_sample_memory (RscTarget *self, guint64 *uss, guint64 *rss);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscTarget, rsc_target_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscTargetEvent, rsc_target_event_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscCollection, rsc_collection_free)

G_END_DECLS
