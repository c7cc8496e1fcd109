/* How a replay is made: an algorithm writes steps to a log, which does them at
 * once, so that the algorithm reads the same state that a cursor will show. */
#pragma once

#include "base/rsc-bitset.h"
#include "rsc-replay.h"

G_BEGIN_DECLS

/* A list is one or more segments in a row: joining two lists relinks their ends
 * only, as in CPython, and so is one step however long they are. */
typedef enum
{
  RSC_SEGMENT_NONE,
  RSC_SEGMENT_GENERATION_0,
  RSC_SEGMENT_GENERATION_1,
  RSC_SEGMENT_GENERATION_2,
  RSC_SEGMENT_PERMANENT,
  RSC_SEGMENT_IMMORTAL,    /* moved to the permanent generation's end */
  RSC_SEGMENT_RESCUED,     /* came back while unreachable ones were set aside */
  RSC_SEGMENT_UNREACHABLE,
  RSC_SEGMENT_LEGACY,      /* kept for a legacy finalizer, until all is done */
  RSC_SEGMENT_FINAL,       /* unreachable when counted once more */
  RSC_SEGMENT_RESURRECTED,
  RSC_SEGMENT_TOLD,        /* weak references whose callback the collection called */
  RSC_SEGMENT_ALIVE,       /* not freed by its own tp_clear */
  RSC_SEGMENT_FREED,
  RSC_N_SEGMENTS
} RscSegment;

typedef struct
{
  guint8 list[RSC_N_SEGMENTS];  /* RscList */
  guint8 place[RSC_N_SEGMENTS]; /* ascending along the list */
} RscLists;

typedef struct
{
  guint32 refcount;
  guint32 gc_refs;
  guint32 key; /* ascending along its segment */
  guint8 state;
  guint8 segment;
  guint8 is_oldest; /* of the oldest generation at position 0 */
} RscReplayNode;

/* Everything at one position. */
typedef struct
{
  RscReplayNode *nodes;
  guint64 position;
  guint64 n_undos; /* entries of the undo log up to here */
  guint n_joins;   /* joinings of lists up to here */
  RscLists lists;
  guint64 in_state[RSC_N_STATES];
  guint64 in_segment[RSC_N_SEGMENTS];
  guint64 oldest_reached; /* reached nodes with is_oldest */
} RscReplayState;

/* What a step that sets things has set. */
typedef struct
{
  guint32 key;
  guint32 gc_refs;
  guint8 state;
  guint8 segment;
} RscUndo;

#define RSC_REPLAY_CHUNK (1u << 18)

typedef struct
{
  guint8 kind[RSC_REPLAY_CHUNK];
  RscNode node[RSC_REPLAY_CHUNK];
} RscReplayChunk;

struct _RscReplay
{
  gatomicrefcount ref_count;
  RscSnapshot *snapshot;
  RscReplayKind kind;
  RscMarkOrder order;   /* mark-sweep */
  RscState first_state; /* of every object at position 0 */
  guint interpreter;    /* whose lists they are: objects of another are in none */

  GPtrArray *chunks;    /* of RscReplayChunk */
  guint64 n_steps;
  RscUndo *undos;
  guint64 n_undos, max_undos;
  GArray *lists;        /* of RscLists: before the first joining, and after each */
  GArray *phases;       /* of RscPhaseSpan */
  GArray *checkpoints;  /* of RscReplayState */
  guint64 checkpoint_interval;
  RscBitset *cleared;   /* nodes that tp_clear was called for; NULL: none */
  RscBitset *finalized; /* nodes whose finalizer was called; NULL: none */
  RscBitset *weakrefs;  /* weak references that were cleared */
  RscBitset *is_weakref;   /* nodes that are one; NULL: not asked yet, as the next */
  RscBitset *has_callback;
  RscNode held;         /* is not deallocated for now; RSC_NODE_NONE */
  GArray *dropped;      /* of guint64: the edge of each DROP step */
  GHashTable *dropped_set; /* of these edges; NULL: none */
  RscReplaySummary summary;

  /* while it is made */
  RscReplayState now;
  const RscProgress *progress;
  GCancellable *cancellable;
  GError *error;        /* set: the algorithm is to end */
};

/* Ready for steps at position 0.  The columns of the snapshot must have been asked for. */
RscReplay *rsc_replay_new (RscSnapshot *snapshot, RscReplayKind kind, RscState first_state, guint interpreter,
                           const RscProgress *progress, GCancellable *cancellable);

/* Before the first step: @segment is the end of @list, also when others join that. */
void rsc_replay_set_end (RscReplay *self, RscSegment segment, RscList list);
/* Following steps belong to @phase. */
void rsc_replay_begin_phase (RscReplay *self, RscPhase phase, double progress);
/* Does a step.  FALSE: cancelled or too many of them, self->error is set. */
gboolean rsc_replay_add (RscReplay *self, RscStepKind kind, RscNode node);
/* MERGE, PROMOTE and GIVE_BACK: @segments' lists change. */
gboolean rsc_replay_join (RscReplay *self, RscStepKind kind, const RscSegment *segments, gsize n_segments, RscList to);
/* Ends the making. NULL: self is freed, @error set. */
RscReplay *rsc_replay_finish (RscReplay *self, GError **error);

static inline RscReplayNode *
rsc_replay_peek (RscReplay *self, RscNode node)
{
  return &self->now.nodes[node];
}

RscStepKind rsc_replay_get_step_kind (RscReplay *self, guint64 index);
RscNode     rsc_replay_get_step_node (RscReplay *self, guint64 index);
const RscReplayState *rsc_replay_cursor_peek (RscReplayCursor *self);

/* Whether @kind is done to an edge's target; opens or closes a node whose edges follow. */
gboolean rsc_step_is_edge   (RscStepKind kind);
/* Of whole lists, and of no node. */
gboolean rsc_step_is_join   (RscStepKind kind);
gboolean rsc_step_is_object (RscStepKind kind);
gboolean rsc_step_opens     (RscReplay *self, RscStepKind kind);
gboolean rsc_step_closes    (RscStepKind kind);

/* Where a step's edge is, see rsc-replay-edge.c.  The cursor stands before the step. */
typedef struct _RscOpenNodes RscOpenNodes;

RscOpenNodes *rsc_open_nodes_new  (void);
void          rsc_open_nodes_free (RscOpenNodes *self);
void          rsc_replay_find_source (RscReplayCursor *cursor, RscOpenNodes *open, guint64 index, RscNode *source,
                                      guint64 *edge);

RscNode rsc_edge_get_source (const RscColumns *columns, guint64 edge);

/* What the collector sees of @source's edges: from first_edge on, until one is not. */
static inline gboolean
rsc_edge_is_traversed (guint8 kind)
{
  return (kind & (RSC_EDGE_TRAVERSED | RSC_EDGE_WEAK)) == RSC_EDGE_TRAVERSED;
}

/* What subtract_refs counts of it: the collector passes by what a frame borrows there, and follows it all the same. */
static inline gboolean
rsc_edge_is_subtracted (guint8 kind)
{
  return rsc_edge_is_traversed (kind) && !(kind & RSC_EDGE_BORROWED);
}

/* References in the order in which tp_clear and tp_dealloc drop them, see rsc-replay-release.c. */
typedef enum
{
  RSC_RELEASE_CLEAR, /* all but the type */
  RSC_RELEASE_REST,  /* what tp_clear left */
  RSC_RELEASE_ALL
} RscReleaseMode;

typedef struct
{
  RscNode node;
  RscReleaseMode mode;
  guint64 next, end;  /* edges, end exclusive */
} RscRelease;

void     rsc_release_begin (RscRelease *self, RscReplay *replay, RscNode node, RscReleaseMode mode);
/* FALSE: no more. */
gboolean rsc_release_next  (RscRelease *self, RscReplay *replay, guint64 *edge);

/* The references of @node are dropped, after RSC_STEP_CLEAR or for a count that
 * fell to zero, and everything that follows from it. */
void rsc_replay_clear      (RscReplay *self, RscNode node);
void rsc_replay_deallocate (RscReplay *self, RscNode node);
/* One reference less to @target, as @kind says. TRUE: its count is zero now. */
gboolean rsc_replay_decref (RscReplay *self, RscStepKind kind, RscNode target);
/* Weak references to @node, or those of them that have a callback: each is cleared
 * once, and appended to @callbacks if it has one and is not unreachable itself. */
void rsc_replay_clear_weakrefs (RscReplay *self, RscNode node, gboolean with_callback_only, GArray *callbacks);
void rsc_replay_call_back      (RscReplay *self, RscNode weakref);
/* @node, if it is a weak reference. */
void rsc_replay_clear_weakref  (RscReplay *self, RscNode node);

G_END_DECLS
