/* A collection as steps, forwards and backwards.
 *
 * A replay is computed once from a snapshot and is immutable: a log of steps.
 * A cursor stands at a position between two steps, knows the state of every
 * node there, and goes to any other position.  At position p the first p steps
 * have been done, so step p - 1 is the one that was done last.
 *
 * What is replayed is the runtime's algorithm on the references and counts of
 * the snapshot.  What finalizers and callbacks do when they run cannot be known
 * and is taken to be nothing; rsc_replay_get_summary() counts them. */
#pragma once

#include "analysis/rsc-drop.h"
#include "base/rsc-bitset.h"
#include "base/rsc-progress.h"
#include "snapshot/rsc-overlay.h"

G_BEGIN_DECLS

typedef enum
{
  RSC_REPLAY_COLLECTION, /* CPython's collector */
  RSC_REPLAY_MARK_SWEEP, /* a textbook's marking from roots, then sweeping */
  RSC_REPLAY_DROP        /* reference counting: what goes when references do */
} RscReplayKind;

typedef enum
{
  /* a collection, in CPython's order */
  RSC_PHASE_MERGE,            /* younger generations join the one that is collected */
  RSC_PHASE_UPDATE_REFS,      /* gc_refs = reference count */
  RSC_PHASE_SUBTRACT_REFS,    /* less the references from within */
  RSC_PHASE_MOVE_UNREACHABLE, /* what has none left is set aside, and comes back if it is reached */
  RSC_PHASE_UNTRACK,          /* tuples, and before 3.14 dictionaries, that cannot be in a cycle leave the collector */
  RSC_PHASE_PROMOTE,          /* survivors join the next generation */
  RSC_PHASE_LEGACY,           /* what has a tp_del is not cleared, nor what it reaches */
  RSC_PHASE_CALLBACKS,        /* weak references that have a callback are cleared, and called back (3.15; before: see WEAKREFS) */
  RSC_PHASE_WEAKREFS,         /* weak references are cleared, callbacks called; from 3.15 on those left, after RESURRECTION */
  RSC_PHASE_FINALIZE,         /* finalizers are called */
  RSC_PHASE_RESURRECTION,     /* the same counting once more: did a finalizer bring something back? */
  RSC_PHASE_CLEAR,            /* tp_clear, and with the cycles broken the counts fall to zero */
  /* mark-sweep */
  RSC_PHASE_MARK,
  RSC_PHASE_SWEEP,
  /* reference counting */
  RSC_PHASE_DROP,             /* references go, counts fall */
  RSC_PHASE_LEFT,             /* what nobody reaches, but its cycles keep */
  RSC_N_PHASES
} RscPhase;

typedef enum
{
  RSC_STEP_MERGE,           /* the list @before joins the end of the list @after; no node */
  RSC_STEP_SET_REFS,        /* node: gc_refs = reference count */
  RSC_STEP_IMMORTAL,        /* node: never freed, moved to the permanent generation (3.12 and 3.13) */
  RSC_STEP_UNTRACK_IMMORTAL, /* node: likewise, and leaves the collector (3.14 and later) */
  RSC_STEP_VISIT,           /* node: its references are followed, to subtract them */
  RSC_STEP_SUBTRACT,        /* edge: gc_refs of its target - 1 */
  RSC_STEP_PASS,            /* edge: to an object whose count is not known, or zero already: nothing changes */
  RSC_STEP_HELD,            /* node: gc_refs above zero, so something outside holds it: reachable */
  RSC_STEP_SET_ASIDE,       /* node: gc_refs zero, tentatively unreachable */
  RSC_STEP_KEEP,            /* edge: from a reachable object to one not yet looked at: gc_refs = 1 */
  RSC_STEP_RESCUE,          /* edge: from a reachable object to one set aside: it comes back, gc_refs = 1 */
  RSC_STEP_UNTRACK,         /* node */
  RSC_STEP_PROMOTE,         /* the survivors join the end of the list @after; no node */
  RSC_STEP_LEGACY,          /* node: has a legacy finalizer, moved to gc.garbage's list */
  RSC_STEP_LEGACY_REACHED,  /* edge: such an object reaches the target, which is kept as well */
  RSC_STEP_CLEAR_WEAKREF,   /* node: a weak reference is cleared */
  RSC_STEP_CALLBACK,        /* node: a weak reference from outside whose callback is called */
  RSC_STEP_TOLD,            /* node: that weak reference moves to the end of the list @after, wherever it was */
  RSC_STEP_FINALIZE,        /* node: its finalizer is called */
  RSC_STEP_STILL_UNREACHABLE, /* node: as SET_ASIDE, when counted once more: it will be cleared */
  RSC_STEP_RESURRECT,       /* edge: as RESCUE, when counted once more */
  RSC_STEP_GIVE_BACK,       /* what came back, or is kept for a legacy finalizer, joins the end of the list @after; no node */
  RSC_STEP_CLEAR,           /* node: tp_clear drops its references ... */
  RSC_STEP_CLEARED,         /* node: ... and is done */
  RSC_STEP_NO_CLEAR,        /* node: its type has no tp_clear; moved to the older generation until another's frees it */
  RSC_STEP_ALIVE,           /* node: not freed by its own tp_clear; likewise */
  RSC_STEP_DECREF,          /* edge: the reference count of its target - 1 */
  RSC_STEP_DEALLOCATE,      /* node: count zero, tp_dealloc drops its references ... */
  RSC_STEP_FREE,            /* node: ... and gives its memory back */
  RSC_STEP_ROOT,            /* node: marking starts from here */
  RSC_STEP_ENTER,           /* edge: leads to a white node, which becomes grey and is followed at once (depth first) */
  RSC_STEP_QUEUE,           /* edge: leads to a white node, which becomes grey and waits (breadth first) */
  RSC_STEP_SEEN,            /* edge: leads to a node that was marked before */
  RSC_STEP_TAKE,            /* node: the next of those that wait (breadth first) */
  RSC_STEP_LEAVE,           /* node: all its references were followed: black */
  RSC_STEP_SWEEP,           /* node: still white, freed */
  RSC_STEP_DROP,            /* a reference to the node goes by hand; @edge if it is one */
  RSC_STEP_LEFT,            /* node: unreachable now, but referred to in a cycle */
  RSC_N_STEP_KINDS
} RscStepKind;

/* The lists that an object can be in. */
typedef enum
{
  RSC_LIST_NONE,        /* not tracked */
  RSC_LIST_GENERATION_0,
  RSC_LIST_GENERATION_1,
  RSC_LIST_GENERATION_2,
  RSC_LIST_PERMANENT,
  RSC_LIST_UNREACHABLE,
  RSC_LIST_LEGACY,
  RSC_LIST_FREED,       /* no list: the object is gone */
  RSC_N_LISTS
} RscList;

#define RSC_GC_REFS_NONE G_MAXUINT32

/* A node at a position. */
typedef struct
{
  guint32 refcount; /* RSC_REFCOUNT_UNKNOWN */
  guint32 gc_refs;  /* RSC_GC_REFS_NONE: not in use */
  RscState state;
  RscList list;
  guint64 order;    /* ascending along its list */
} RscNodeState;

typedef struct
{
  guint64 index;
  RscPhase phase;
  RscStepKind kind;
  RscNode node;     /* what it is done to (an edge's target); RSC_NODE_NONE */
  RscNode source;   /* an edge's source; RSC_NODE_NONE */
  guint64 edge;     /* the snapshot's edge, or G_MAXUINT64 */
  RscNodeState before, after; /* of @node; for MERGE and PROMOTE only the lists */
} RscStep;

typedef struct
{
  RscPhase phase;
  guint64 first; /* its first step */
  guint64 n_steps;
} RscPhaseSpan;

typedef struct
{
  guint generation;       /* collection */
  guint promoted_to;      /* collection */
  guint64 examined;       /* collection: objects in the merged list; mark-sweep: all */
  guint64 reachable;      /* collection: survivors, with those kept for a legacy finalizer; mark-sweep: marked */
  guint64 unreachable;    /* collection: found unreachable, before finalizers, without those; mark-sweep: swept */
  guint64 freed;          /* objects whose memory is given back, untracked ones too */
  guint64 freed_bytes;
  guint64 left;           /* drop: unreachable but kept by cycles; collection: still alive after clearing */
  guint64 legacy;         /* kept for a legacy finalizer */
  guint64 finalizers;     /* would run: what they do is not predicted */
  guint64 callbacks;      /* of weak references, likewise */
  guint64 weakrefs;       /* cleared */
} RscReplaySummary;

typedef enum
{
  RSC_GRAIN_STEP,   /* the next or the last edge or object */
  RSC_GRAIN_OBJECT, /* the next or the last object that is taken up */
  RSC_GRAIN_PHASE
} RscGrain;

typedef enum
{
  RSC_ORDER_DEPTH_FIRST, /* as a textbook's recursive function */
  RSC_ORDER_BREADTH_FIRST
} RscMarkOrder;

typedef enum
{
  RSC_SEARCH_FOUND,     /* the position is the one after the step */
  RSC_SEARCH_NONE,      /* it is the end, or 0 */
  RSC_SEARCH_UNFINISHED /* it is where to go on looking */
} RscSearchResult;

/* A phase or a kind of step as an identifier ("subtract_refs"), never
 * translated, and as a translated heading ("Subtract references"). */
const char *rsc_phase_get_id    (RscPhase phase);
const char *rsc_phase_get_label (RscPhase phase);
const char *rsc_step_get_id     (RscStepKind kind);
/* The line of the algorithm that it stands for: "update_refs: gc_refs = ob_refcnt". */
const char *rsc_step_get_code   (RscStepKind kind);
const char *rsc_list_get_id     (RscList list);
const char *rsc_list_get_label  (RscList list);

typedef struct _RscReplay RscReplay;
typedef struct _RscReplayCursor RscReplayCursor;

/* RSC_ANALYSIS_ERROR: UNSUPPORTED (no reference counts and generations in this
 * heap, or a CPython whose collector is another one), LIMIT (more steps than
 * RSC_REPLAY_MAX_STEPS).  @generation: 0, 1, 2 of the main interpreter; of another what the generation column says. */
RscReplay *rsc_replay_new_collection (RscSnapshot *snapshot, guint generation, const RscProgress *progress,
                                      GCancellable *cancellable, GError **error);
/* @n_starts 0: from the heap's roots; NOT_FOUND if it has none. */
RscReplay *rsc_replay_new_mark_sweep (RscSnapshot *snapshot, const RscNode *starts, gsize n_starts,
                                      RscMarkOrder order, const RscProgress *progress, GCancellable *cancellable,
                                      GError **error);
/* UNSUPPORTED: no reference counts. FAILED: an edge that is not counted in its target's. */
RscReplay *rsc_replay_new_drop       (RscSnapshot *snapshot, const RscDrop *drops, gsize n_drops,
                                      const RscProgress *progress, GCancellable *cancellable, GError **error);

#define RSC_REPLAY_MAX_STEPS (G_GUINT64_CONSTANT (1) << 30)

RscReplay *rsc_replay_ref   (RscReplay *self);
void       rsc_replay_unref (RscReplay *self);

RscReplayKind           rsc_replay_get_kind     (RscReplay *self);
RscSnapshot            *rsc_replay_get_snapshot (RscReplay *self);
guint64                 rsc_replay_get_n_steps  (RscReplay *self);
/* Those that have steps, in order; borrowed. */
const RscPhaseSpan     *rsc_replay_get_phases   (RscReplay *self, gsize *n_phases);
const RscReplaySummary *rsc_replay_get_summary  (RscReplay *self);
/* The phase of step @index. */
RscPhase                rsc_replay_get_phase    (RscReplay *self, guint64 index);
/* Looks from *position on, or back, for a step that concerns one of @nodes or
 * whole lists; with NULL for one of @node itself (not of its references).  At most
 * @max steps far: a log can have too many of them to be looked through at once. */
RscSearchResult         rsc_replay_search       (RscReplay *self, const RscBitset *nodes, RscNode node,
                                                 gboolean forwards, guint64 max, guint64 *position);

/* What happens in step @step, as a sentence; @node and @source are what its
 * objects are called ("list (2 items)"), NULL where there is none.  Free with g_free(). */
char                   *rsc_replay_describe     (RscReplay *self, const RscStep *step, const char *node,
                                                 const char *source);

/* What to draw of a heap to see a replay of it: all of a small one; else what
 * is unreachable, dropped or marked first; at most @max nodes. */
GArray                 *rsc_replay_list_actors  (RscReplay *self, guint max);
/* The positions after the steps that change one of @nodes, or follow its
 * references, and after joinings of lists; the first is 0, the last the end: an array of guint64.
 * Where there are more than @max, steps of edges are left out, then the rest but
 * for the end is cut; *n_left_out counts what is not shown, *n_cut what was cut of that. */
GArray                 *rsc_replay_list_frames  (RscReplay *self, const RscNode *nodes, gsize n_nodes, RscGrain grain,
                                                 guint max, guint64 *n_left_out, guint64 *n_cut);

/* At position 0. */
RscReplayCursor *rsc_replay_cursor_new  (RscReplay *replay);
void             rsc_replay_cursor_free (RscReplayCursor *self);
RscReplay       *rsc_replay_cursor_get_replay   (RscReplayCursor *self);
guint64          rsc_replay_cursor_get_position (RscReplayCursor *self);
/* 0 to the number of steps. */
void             rsc_replay_cursor_seek (RscReplayCursor *self, guint64 position);
/* The position after (or before) as much as @grain says, for rsc_replay_cursor_seek(). */
guint64          rsc_replay_cursor_find (RscReplayCursor *self, RscGrain grain, gboolean forwards);
RscNodeState     rsc_replay_cursor_get  (RscReplayCursor *self, RscNode node);
/* The step that was done last; FALSE at position 0. */
gboolean         rsc_replay_cursor_get_step (RscReplayCursor *self, RscStep *step);
/* How many nodes of the snapshot are in each list and in each state there,
 * drawn or not: RSC_N_LISTS and RSC_N_STATES numbers; NULL for none. */
void             rsc_replay_cursor_count (RscReplayCursor *self, guint64 *lists, guint64 *states);
/* The members of a list in its order, the first @max after @skip. */
GArray          *rsc_replay_cursor_list  (RscReplayCursor *self, RscList list, guint64 skip, guint max);

/* How @nodes (those that are drawn) stand there: their states, gc_refs and
 * reference counts as badges ("∅? gc 0/1": gc_refs, then the count), and the
 * reference that the last step was about.  What is not among @nodes has no state there. */
RscOverlay      *rsc_replay_cursor_to_overlay (RscReplayCursor *self, const RscNode *nodes, gsize n_nodes);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscReplay, rsc_replay_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscReplayCursor, rsc_replay_cursor_free)

G_END_DECLS
