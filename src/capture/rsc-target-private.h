/* The parts of a target, shared by its files.
 *
 * One thread, the reader, owns the listening socket, waits for the program and
 * reads all that comes from it.  What it learns it puts under the lock and
 * signals; callers only wait and send. */
#pragma once

#include "rsc-target.h"
#include "wire/rsc-wire-message.h"

G_BEGIN_DECLS

/* The program's agent is to answer so soon, unless the caller says otherwise. */
#define RSC_TARGET_DEFAULT_SECONDS 10.0
/* A child that captures lives 300 s at most, and the agent ends it 5 s later: then
 * nothing comes any more. */
#define RSC_TARGET_CHILD_SECONDS 330
/* Without a word from an agent for so long, it is said that no Python has started. */
#define RSC_TARGET_SILENCE_SECONDS 10.0
/* Ceilings for what the program makes us keep. */
#define RSC_TARGET_MAX_EVENTS 100000
#define RSC_TARGET_MAX_MARKS 10000
#define RSC_TARGET_MAX_INPUT (64 * 1024 * 1024)

typedef struct
{
  char *hint;
  char *file;
  guint line;
  double seconds;
  guint64 uss;
} RscTargetMark;

/* The request that is under way. */
typedef struct
{
  guint32 number;
  gboolean begun;    /* the program has come to it: it may take its time */
  const RscProgress *progress; /* told when it takes long, with what; or NULL */
  const char *what;
  gint64 told;       /* monotonic: when it was */
  gint64 began;
  gint64 child_end;  /* monotonic: until then a child that captures ends; 0: there is none */
  gboolean answered; /* reply stands */
  guint64 pause_ns;
  RscWireMessage reply;
} RscTargetExchange;

struct _RscTarget
{
  gatomicrefcount ref_count; /* callers wait in threads of their own */

  /* set at the launch */
  gboolean attached; /* no child of ours: its end is seen, its status not */
  gint64 attach_pause; /* microseconds */
  char **argv;
  char *folder;
  pid_t pid;
  gint64 launched; /* monotonic, microseconds */
  int child_seconds; /* RSC_TARGET_CHILD_SECONDS; tests wait less */
  int listener;
  int pidfd;       /* of the launched process */
  int event_fd;    /* an eventfd: readable while events wait */
  int wake_fd;     /* an eventfd: the reader is to look around */
  GThread *reader;

  GMutex request_lock; /* one request at a time; taken before the lock */
  guint32 last_number; /* [request_lock] */
  double timeout;      /* [request_lock] seconds */

  GMutex lock;
  GCond changed;
  /* all below: [lock] */
  RscTargetState state;
  RscHoldKind hold_kind;
  guint n_held;
  char *hint;        /* of the mark at which it is held, or last passed */
  gboolean hold;     /* what new agents are told */
  char **hold_names;
  gboolean record;   /* likewise */
  int socket;        /* to the agent, or -1 */
  pid_t python_pid;  /* its process, or 0 */
  gint64 clock_offset; /* by how much its CLOCK_MONOTONIC is ahead of ours, nanoseconds */
  char *version;     /* of its CPython */
  char *why_not;     /* why it cannot be captured, or NULL */
  gboolean had_python;
  gboolean said_no_python;
  gint64 silent_since; /* STARTING: monotonic */
  gboolean said_waiting; /* STARTING: that it takes long */
  gboolean said_goodbye;
  char *executed;    /* what it said that it executes; NULL: it has said something since */
  gboolean followed; /* executed is a Python, too, that is to say hello */
  char *why_ended;   /* why it could not be held at its end, if that is known, or NULL */
  gint64 lost_at;    /* the agent hung up without a word; 0: it did not */
  gboolean reaped;
  gboolean finished; /* the last event was made */
  gboolean quit;     /* the reader is to end */
  int exit_status;
  int streams[3];    /* our ends, or -1 */
  GByteArray *input;
  gboolean input_ends;
  gboolean capturing; /* a child may share its pages */
  RscTargetExchange *exchange;
  GQueue events;
  guint64 n_unrecorded; /* recorded collections for whose events there was no room: told with the next that has it */
  GArray *marks;     /* RscTargetMark */
};

/* rsc-target.c */
RscTarget *rsc_target_new (gboolean hold, const char *const *hold_marks);

/* rsc-target-launch.c */
gboolean rsc_target_spawn (RscTarget *self, const RscLaunchOptions *options, GError **error);

/* Descriptors that tell of events. */
gboolean rsc_target_make_events (RscTarget *self, GError **error);
/* Where the agent is. */
char    *rsc_target_find_agent (GError **error);

/* rsc-target-folder.c */
/* Also removes those that nobody uses any more. */
char    *rsc_target_make_folder (GError **error);
void     rsc_target_remove_folder (RscTarget *self);
gboolean rsc_target_listen (RscTarget *self, GError **error);

/* rsc-target-reader.c */
/* Before the reader is: @connection is to an agent that is about to say hello. */
gboolean rsc_target_take_agent (RscTarget *self, int connection, GError **error);
gpointer rsc_target_read (gpointer target);
double   rsc_target_get_seconds (RscTarget *self);
GArray  *rsc_target_new_marks (void);

/* rsc-target-events.c; the lock is held */
void rsc_target_push_event (RscTarget *self, RscTargetEvent *event);
/* Changes the state and tells. */
void rsc_target_set_state (RscTarget *self, RscTargetState state, RscHoldKind hold);
void rsc_target_push_no_python (RscTarget *self, const char *message);
void rsc_target_push_waiting (RscTarget *self, const char *message);

/* rsc-target-request.c; the lock is not held */
gboolean rsc_target_send (RscTarget *self, const RscWireMessage *message, const int *fds, gsize n_fds, GError **error);
/* Sends, and waits for the answer: in @reply, STATUS is DONE.  @seconds: until
 * the program comes to it.  @what: what the progress says, with the seconds that it has
 * taken once these are some; may be NULL. */
gboolean rsc_target_exchange (RscTarget *self, RscWireMessage *request, RscTargetExchange *exchange,
                              const int *fds, gsize n_fds, double seconds,
                              const RscProgress *progress, const char *what,
                              GCancellable *cancellable, GError **error);

G_END_DECLS
