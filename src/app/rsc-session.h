/* What a page shows: a heap file or a program that was launched or attached to,
 * its captures, the history of what was drawn, and everything that runs for it on worker threads.
 * No widgets.
 *
 * Signals:
 *   output (int fd, const char *text)       of the program, always UTF-8
 *   failed (const char *title, GError *)    an operation failed: to be shown
 *   message (const char *)                  good news in a few words
 *   view-failed (GError *)                  the view cannot be drawn; the one
 *                                           before it stays
 *   memory-sampled ()
 *
 * Properties, all read-only with notification: state, capture, side, view,
 * scene, overlay, selected, history, busy, gc-info, steps. */
#pragma once

#include <gio/gio.h>

#include "capture/rsc-target.h"
#include "collect/rsc-replay.h"
#include "render/rsc-scene.h"

#include "rsc-heap-capture.h"
#include "rsc-recorded.h"
#include "rsc-job.h"
#include "rsc-lesson.h"

G_BEGIN_DECLS

typedef enum
{
  RSC_SESSION_LOADING,  /* a file is being read */
  RSC_SESSION_READY,    /* a file is open */
  RSC_SESSION_STARTING,
  RSC_SESSION_RUNNING,
  RSC_SESSION_HELD,
  RSC_SESSION_EXITED,
  RSC_SESSION_FAILED,   /* nothing could be opened, launched or attached to: see rsc_session_get_error() */
  RSC_SESSION_DETACHED  /* from a program that runs on; its captures stay */
} RscSessionState;

typedef enum
{
  RSC_OVERLAY_MODE_NONE,
  RSC_OVERLAY_MODE_CYCLES,
  RSC_OVERLAY_MODE_COLLECTION, /* real or predicted */
  RSC_OVERLAY_MODE_STEPS       /* of one that is gone through step by step */
} RscOverlayMode;

/* What became of the selected object when another capture was shown. */
typedef enum
{
  RSC_FATE_NONE,     /* nothing is selected, or it was selected in this capture */
  RSC_FATE_SAME,     /* certainly the same */
  RSC_FATE_PRESUMED, /* address, type and size agree */
  RSC_FATE_GONE
} RscFate;

/* A moment in the program's life, for the memory plot. */
typedef struct
{
  double seconds;       /* since the launch, or since it was attached to first */
  guint64 uss, rss;     /* bytes; 0: unknown (a mark or a collection without a sample) */
  char *hint;           /* a mark's, or NULL */
  int generation;       /* of a collection, or -1 */
} RscMemoryPoint;

/* Of all that were recorded. */
typedef struct
{
  guint64 collections, missed;
  double seconds, longest; /* together, and of one */
} RscRecordTotals;

#define RSC_TYPE_SESSION (rsc_session_get_type ())
G_DECLARE_FINAL_TYPE (RscSession, rsc_session, RSC, SESSION, GObject)

RscSession *rsc_session_new_for_file    (GFile *file);
/* Of the heap that comes from standard input. */
RscSession *rsc_session_new_for_input   (void);
/* Copies @options.  @lesson may be NULL. */
RscSession *rsc_session_new_for_program (const RscLaunchOptions *options);
RscSession *rsc_session_new_for_lesson  (RscLesson *lesson);
/* A Python that runs already.  It is never ended or held by us, unless held by the user's order. */
RscSession *rsc_session_new_for_process (pid_t pid);
/* Opens, launches or attaches.  Call once. */
void        rsc_session_start (RscSession *self);
/* Cancels everything and lets go of the program, which runs on unless it was
 * stopped.  Nothing is emitted afterwards. */
void        rsc_session_close (RscSession *self);

/* One that was launched or attached to. */
gboolean        rsc_session_is_program (RscSession *self);
/* It ran before we came, and is nobody's but its own. */
gboolean        rsc_session_is_process (RscSession *self);
/* The program's output comes to us and its input can be written. */
gboolean        rsc_session_has_output (RscSession *self);
RscSessionState rsc_session_get_state  (RscSession *self);
/* The program has not ended. */
gboolean        rsc_session_is_live    (RscSession *self);
const GError   *rsc_session_get_error  (RscSession *self);
/* "demo.py", "heap.refscope" */
const char     *rsc_session_get_title  (RscSession *self);
/* "Held at 'after a created' (demo.py:12)".  Free with g_free(). */
char           *rsc_session_dup_status (RscSession *self);
/* A sentence on what the status leaves open, or NULL. */
const char     *rsc_session_get_status_reason (RscSession *self);
/* A lesson's program, which goes on by itself to the mark where the lesson begins. */
gboolean        rsc_session_is_on_its_way (RscSession *self);
/* Why the program is held, RSC_HOLD_NONE if it is not. */
RscHoldKind     rsc_session_get_hold_kind (RscSession *self);
/* The hint of the mark, or the type of the exception, or NULL. */
const char     *rsc_session_get_hold_hint (RscSession *self);
/* What a program that is starting waits for, once that takes long; or NULL. */
const char     *rsc_session_get_waiting (RscSession *self);
/* Why the program cannot be captured, or NULL. */
const char     *rsc_session_get_no_python (RscSession *self);
RscLesson      *rsc_session_get_lesson (RscSession *self);
GFile          *rsc_session_get_file   (RscSession *self);
pid_t           rsc_session_get_pid    (RscSession *self);
/* As from waitpid(); unknown of one that was attached to. */
int             rsc_session_get_exit_status (RscSession *self);
/* For "Copy as command": the file of the shown heap, or (*saved is FALSE) the name under which it would be
 * saved, of a process that has not ended "pid:N".  Free with g_free(). */
char           *rsc_session_dup_source (RscSession *self, gboolean *saved);
/* All output so far, bounded; borrowed. */
const char     *rsc_session_get_output (RscSession *self);

/* The program. */
void     rsc_session_capture      (RscSession *self);
void     rsc_session_continue     (RscSession *self);
/* Ends it; from one that was attached to, detaches. */
void     rsc_session_stop         (RscSession *self);
/* Lets go of a process, which runs on, held no more. */
void     rsc_session_detach       (RscSession *self);
gboolean rsc_session_can_attach_again (RscSession *self);
void     rsc_session_attach_again (RscSession *self);
void     rsc_session_set_hold     (RscSession *self, gboolean hold);
gboolean rsc_session_get_hold     (RscSession *self);
void     rsc_session_write_input  (RscSession *self, const char *text);
void     rsc_session_close_input  (RscSession *self);
/* Lets the program run on, not held, while its end is still awaited. */
void     rsc_session_release      (RscSession *self);
void     rsc_session_set_thresholds (RscSession *self, const guint thresholds[3]);
void     rsc_session_set_gc_enabled (RscSession *self, gboolean enabled);
void     rsc_session_refresh_gc   (RscSession *self);
/* An a{sv} with the gc- keys of a snapshot's info, or NULL; borrowed. */
GVariant *rsc_session_get_gc_info (RscSession *self);
/* Each collection is recorded, see rsc_target_set_recording(). */
void     rsc_session_set_recording (RscSession *self, gboolean recording);
gboolean rsc_session_get_recording (RscSession *self);
/* Of RscRecordedCollection, oldest first; of very many, some stand for others, too; borrowed. */
GArray  *rsc_session_get_recorded  (RscSession *self);
const RscRecordTotals *rsc_session_get_record_totals (RscSession *self);
/* Of RscMemoryPoint, oldest first; borrowed. */
GArray   *rsc_session_get_memory  (RscSession *self);

/* A live program collects; of anything else it is predicted. */
void     rsc_session_collect      (RscSession *self, guint generation);
/* Waits for the program's own next collection of @generation or an older one, until something else is asked of the
 * program or it is held. */
void     rsc_session_await_collection (RscSession *self, guint generation);
/* Really, with the prediction beside it: the capture has both. */
void     rsc_session_collect_and_compare (RscSession *self, guint generation);
/* Once more what has failed with RSC_ERROR_BLOCKED.  Finalizers run on that thread: only if the user said so. */
void     rsc_session_collect_on_agent_thread (RscSession *self);
/* The prediction that is shown, or NULL. */
RscPrediction *rsc_session_get_prediction (RscSession *self);
RscCollectionDiff *rsc_session_get_diff (RscSession *self);

/* Going through a collection step by step.  Nothing of it changes a program.  It
 * ends when another heap is shown, or something else lies on the scene. */
void     rsc_session_step_collection (RscSession *self, guint generation);
/* @n_starts 0: from the heap's roots. */
void     rsc_session_step_mark_sweep (RscSession *self, const RscNode *starts, gsize n_starts);
/* What follows when all counted references to @node went, or those of @source to it. */
void     rsc_session_step_drop_object    (RscSession *self, RscNode node);
void     rsc_session_step_drop_reference (RscSession *self, RscNode source, RscNode target);
void     rsc_session_step_drop_edge      (RscSession *self, guint64 edge);
/* ... what a person names, as rsc_drop_refs_resolve(): "cache", "FROM->TO"; ends with NULL. */
void     rsc_session_step_drop_named     (RscSession *self, const char *const *texts);
void     rsc_session_stop_stepping   (RscSession *self);
/* Where it stands, or NULL; to be moved by rsc_session_go_to_step() only. */
RscReplayCursor *rsc_session_get_steps (RscSession *self);
void     rsc_session_go_to_step      (RscSession *self, guint64 position);
/* The collection that is stepped through, really, in the program. */
void     rsc_session_do_steps        (RscSession *self);
/* How many objects that are not drawn are in each state: RSC_N_STATES numbers. */
void     rsc_session_count_outside   (RscSession *self, guint64 *outside);
/* What the step is done to is in the picture. */
gboolean rsc_session_is_step_drawn   (RscSession *self);
gboolean rsc_session_is_node_drawn   (RscSession *self, RscNode node);
void     rsc_session_draw_step       (RscSession *self);
/* On to the next step (or back) of those that concern what is drawn, or of the
 * selected object's own; in a moment where it is far. */
void     rsc_session_seek_drawn_step (RscSession *self, gboolean forwards);
void     rsc_session_seek_own_step   (RscSession *self, gboolean forwards);
/* Draws it with each step, if it is not drawn. */
void     rsc_session_set_follow_steps (RscSession *self, gboolean follow);
gboolean rsc_session_get_follow_steps (RscSession *self);

/* Captures, oldest first: of RscHeapCapture. */
GListModel     *rsc_session_get_captures (RscSession *self);
RscHeapCapture *rsc_session_get_capture  (RscSession *self);
RscSide         rsc_session_get_side     (RscSession *self);
void            rsc_session_show_capture (RscSession *self, RscHeapCapture *capture, RscSide side);
/* The last one, where nothing is drawn. */
void            rsc_session_draw_again   (RscSession *self);
/* Of the shown capture and side; NULL while there is none. */
RscSnapshot    *rsc_session_get_snapshot (RscSession *self);

/* What is drawn. */
RscView    *rsc_session_get_view  (RscSession *self);
RscScene   *rsc_session_get_scene (RscSession *self);
void        rsc_session_set_view  (RscSession *self, RscView *view);
/* Draws from these objects, else with the parameters as they are. */
void        rsc_session_draw_objects (RscSession *self, const RscNode *nodes, gsize n_nodes);
/* The scene was made without anybody saying what to draw: there is no place in
 * it to be kept. */
gboolean    rsc_session_is_first_view (RscSession *self);
RscNode     rsc_session_get_selected (RscSession *self);
RscFate     rsc_session_get_selected_fate (RscSession *self);
void        rsc_session_select    (RscSession *self, RscNode node);
/* Selects @node; if it is not in the picture, draws from it. */
void        rsc_session_visit     (RscSession *self, RscNode node);
gboolean    rsc_session_can_go    (RscSession *self, int steps);
void        rsc_session_go        (RscSession *self, int steps);

RscOverlayMode rsc_session_get_overlay_mode (RscSession *self);
void           rsc_session_set_overlay_mode (RscSession *self, RscOverlayMode mode);
RscOverlay    *rsc_session_get_overlay      (RscSession *self);
/* NULL until it was computed, which the mode starts. */
RscComponents *rsc_session_get_components   (RscSession *self);
/* Computes the cycles without changing what is shown. */
void           rsc_session_find_cycles      (RscSession *self);

/* Adds the job to the list until rsc_session_job_done(); takes @job over and
 * returns it. */
RscJob  *rsc_session_add_job  (RscSession *self, RscJob *job);
/* The same for one that writes what the user asked for: closing the session does
 * not cancel it. */
void     rsc_session_add_lasting_job (RscSession *self, RscJob *job);
/* FALSE if the answer is not wanted any more (cancelled, or closed). */
gboolean rsc_session_job_done (RscSession *self, RscJob *job, const GError *error);
/* Of RscJob: what runs now and can be cancelled. */
GListModel *rsc_session_get_jobs (RscSession *self);
gboolean    rsc_session_get_busy (RscSession *self);
/* The program was told something and has not answered yet. */
gboolean    rsc_session_has_orders (RscSession *self);
/* A page that goes does not close it: somebody else awaits the program's end. */
void        rsc_session_set_outlives_page (RscSession *self, gboolean outlives);
gboolean    rsc_session_get_outlives_page (RscSession *self);
/* Cancels what runs. */
void        rsc_session_cancel   (RscSession *self);

G_END_DECLS
