/* Shared by the files of RscSession only. */
#pragma once

#include "rsc-session.h"

#include "rsc-place.h"

G_BEGIN_DECLS

/* The output that is kept for a pane that opens later. */
#define RSC_OUTPUT_MAX (1024 * 1024)

struct _RscSession
{
  GObject parent_instance;

  /* What it is. */
  GFile *file;
  gboolean reads_input;    /* a heap from standard input */
  RscLesson *lesson;
  pid_t attach_pid;        /* the process to attach to; 0: none */
  guint64 attach_start;    /* when it began, see rsc_process_get_start(); 0: never attached yet */
  char **argv;
  char **envp;
  char *cwd;
  char *title;
  gboolean pipe_streams;
  gboolean closed;
  gboolean outlives_page;

  /* The program. */
  RscSessionState state;
  GError *error;
  RscTarget *target;
  guint event_source;
  guint sample_source;
  gboolean sampling;
  gint64 next_sample;      /* not before; monotonic */
  gint64 launched_at;      /* or attached to, the last time */
  double earlier_seconds;  /* from the first time to that */
  gboolean hold;
  guint n_orders;          /* given and not answered yet */
  RscHoldKind hold_kind;
  char *hold_hint;
  char *hold_file;
  guint hold_line;
  int exit_status;
  char *no_python;
  char *waiting;           /* STARTING: what it waits for, once that takes long */
  gboolean lesson_at_mark; /* the lesson's mark was reached: no going on by ourselves */
  gboolean continue_after_capture;
  GVariant *gc_info;
  GArray *memory;
  gboolean recording;      /* wanted; a program that begins is told */
  GArray *recorded;
  RscRecordTotals record_totals;
  GString *output;
  GString *partial[2];     /* bytes of a character that has not come whole, by stream */

  /* The captures. */
  GListStore *captures;
  guint n_captures;        /* for their numbers */
  RscHeapCapture *capture;
  RscSide side;
  RscHeapCapture *wanted_capture; /* being drawn; else the same */
  RscSide wanted_side;

  /* What is drawn. */
  RscView *view;
  RscScene *scene;
  gboolean first_view;     /* the scene is of a view that nobody asked for yet */
  gboolean user_drew;      /* the view is what the user asked for */
  gboolean lesson_drawn;   /* ... or the object that the lesson's question found where it begins */
  RscPlace *lost;          /* what was drawn before a capture without it was shown; else NULL */
  RscNode selected;
  RscFate selected_fate;
  RscHistory *history;
  guint64 draw_serial;
  RscJob *draw_job;
  RscJob *step_job;
  RscJob *seek_job;                /* that looks for a step; NULL: none */

  /* On top of it. */
  RscOverlayMode overlay_mode;
  int shown_prediction;    /* its generation; -1: the real collection's */
  gboolean finding_cycles;
  RscJob *await_job;       /* that waits for the program's next collection; NULL: none */
  guint blocked_generation; /* of the collection to which the main thread did not come */

  /* Step by step. */
  RscReplayCursor *steps;          /* NULL: not now */
  RscOverlay *step_overlay;        /* of where it stands; NULL: to be made */
  RscScene *step_overlay_scene;    /* what was drawn then: only to be compared */
  gboolean follow_steps;
  guint64 followed_position;       /* drawn for it, and not left since; else G_MAXUINT64 */
  int steps_depth;                 /* pictures that were drawn since it began */

  GListStore *jobs;
};

void rsc_session_fail    (RscSession *self, const char *title, const GError *error);
void rsc_session_message (RscSession *self, const char *message);
void rsc_session_set_state (RscSession *self, RscSessionState state);
/* Appends, and shows unless it is only @passing. */
void rsc_session_add_capture (RscSession *self, RscHeapCapture *capture, gboolean passing);
/* Who comes to a collection's capture sees what it did. */
void rsc_session_come_to_collection (RscSession *self, RscHeapCapture *capture);

/* One that asks something of the program: it goes with it. */
void rsc_session_add_request     (RscSession *self, RscJob *job);
void rsc_session_cancel_requests (RscSession *self);
/* The program can do something else, which it could not while it is waited for a collection. */
void rsc_session_stop_awaiting   (RscSession *self);

/* Ends stepping. */
void        rsc_session_forget_steps     (RscSession *self);
RscOverlay *rsc_session_get_step_overlay (RscSession *self);
/* Nobody waits for the step any more that is looked for. */
void        rsc_session_cancel_seek      (RscSession *self);
/* Draws what the step is about if it is to be followed, once what is being drawn is there. */
void        rsc_session_follow_step      (RscSession *self);

void rsc_session_start_program   (RscSession *self);
/* It runs, or begins to: follows what it does. */
void rsc_session_take_target     (RscSession *self, RscTarget *target);
/* Off the main thread, as that may take a moment. */
void rsc_session_drop_target     (RscTarget *target);
void rsc_session_dispose_program (RscSession *self);
/* Attaches to the process. */
void rsc_session_start_process   (RscSession *self);

/* Takes the point's hint over. */
void rsc_session_add_recorded (RscSession *self, const RscTargetEvent *event);
/* Another target has come: it is told. */
void rsc_session_resume_recording (RscSession *self);
void rsc_session_add_unrecorded (RscSession *self, guint64 collections);
void rsc_session_add_memory_point (RscSession *self, RscMemoryPoint point);
/* Every half second, until sample_source is removed. */
void rsc_session_start_sampling   (RscSession *self);

G_END_DECLS
