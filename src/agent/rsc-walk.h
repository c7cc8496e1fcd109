/* The walk over a CPython heap, from inside.
 *
 * C11 and the 3.10 limited API only, no GLib: this runs inside the program that
 * is inspected.  The order of calls:
 *
 *   walk = rsc_walk_prepare (...)       GIL held, in the program
 *   rsc_walk_run (walk, fd)             in the clone()d child, or in place (GIL
 *                                       held): no malloc, no stdio, no dlsym,
 *                                       no Python code, nothing is changed
 *   rsc_walk_finish (walk)              GIL held, in the program, at any time
 *                                       after the clone() (the child has its
 *                                       own copy), or after rsc_walk_run() in place
 *
 * Between prepare and the clone() (or the end of the run in place) the GIL must
 * not be released. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/rsc-wire-sentence.h"

/* What goes wrong is said as by rsc_wire_sentence_write (). */
#define RSC_WALK_ERROR_SIZE RSC_WIRE_SENTENCE_SIZE

typedef struct _RscWalk RscWalk;

/* The program's interpreters but the calling thread's, kept still for a walk.  Up to 3.11, and if they were made so,
 * they have its GIL in common, and stand still by that; others have a GIL of their own. */
#define RSC_WALK_MAX_OTHERS 62
typedef struct
{
  void *states[RSC_WALK_MAX_OTHERS]; /* of those that stand still: PyInterpreterState */
  bool has_own_gil[RSC_WALK_MAX_OTHERS];
  unsigned n;
  unsigned n_running;  /* others, which were not to be had in that time */
  unsigned n_left_out; /* others, which are not to be had */
} RscWalkOthers;

/* GIL held, and kept until they are let go; their threads wait as for any GIL.  Those with a GIL of their own are left out,
 * or asked for it for so many @nanoseconds in all: who does not let go of it (in long C code) is not waited for. */
void rsc_walk_stop_others (RscWalkOthers *others, int with_own_gil, uint64_t nanoseconds);
void rsc_walk_let_others_go (RscWalkOthers *others);

typedef struct
{
  /* The agent's own objects (addresses): left out of the nodes, and what they
   * refer to is taken off the refcounts. May be NULL. */
  const void *const *excluded;
  size_t n_excluded;
  /* Further interpreters, which stand still until the clone() or the end of the run in place.  May be NULL. */
  const RscWalkOthers *others;
  /* The calling thread is the agent's: leave its thread state out. */
  int skip_this_thread;
  /* The run will be in the program itself, not in a child. */
  int in_place;
  /* What is said of strings, bytes and numbers: RSC_WIRE_VALUES_... */
  unsigned values;
  /* Asked now and then in place: nonzero ends the run.  May be NULL. */
  int (*is_cancelled) (void);
} RscWalkOptions;

/* GIL held.  Probes the interpreter, checks what it found, and gets all that
 * the run needs.  NULL: unsupported or out of memory, with a sentence in
 * @error. */
RscWalk *rsc_walk_prepare (const RscWalkOptions *options,
                           char                  error[RSC_WALK_ERROR_SIZE]);

/* Writes the heap to @fd (see wire/rsc-wire-heap.h) from offset 0.  0: done; -1: it
 * failed, and rsc_walk_get_error() says why, also in the parent. */
int rsc_walk_run (RscWalk *walk, int fd);

/* The sentence of a failed run, or "".  Shared between parent and child: valid
 * in the parent after the child has failed, or was killed (see below). */
const char *rsc_walk_get_error (RscWalk *walk);

/* Async-signal-safe; for the child's handler of SIGSEGV, SIGBUS, SIGILL, SIGFPE,
 * SIGABRT: makes the sentence that rsc_walk_get_error() then gives, naming the
 * type whose object was being traversed.  The handler then calls _exit(). */
void rsc_walk_note_fault (RscWalk *walk, int signum);

/* The same for the parent, if the child was killed without a word (by the OOM
 * killer, or by its time limit). */
void rsc_walk_note_death (RscWalk *walk, int signum);

/* GIL held, in the parent after clone(): gives up the object that the walk made, which the child has a copy of.  The next
 * walk, which may begin before this one is finished, is not to find it. */
void rsc_walk_drop_marker (RscWalk *walk);

/* For the stream's info: how long the program stood still.  To be called in
 * the parent right after clone(): the child reads it at the end of its run. */
void rsc_walk_set_pause (RscWalk *walk, uint64_t nanoseconds);

/* A word that parent and child share, 0 at first: for a futex that is not private. */
uint32_t *rsc_walk_get_word (RscWalk *walk);

/* The interpreter is over: another one need not have anything where it had it. */
void rsc_walk_forget_interpreters (void);

/* GIL held (it drops a Python object). */
void rsc_walk_finish (RscWalk *walk);

/* What the collector's state is now; GIL held; no objects are made. */
typedef struct
{
  uint32_t version_hex;
  uint32_t enabled;
  uint32_t thresholds[3];
  uint32_t counts[3];
  uint64_t collections[3], collected[3], uncollectable[3];
  uint32_t has_long_lived;
  uint64_t long_lived[2];         /* total, pending */
  uint64_t generation_objects[3]; /* only with count_objects */
  uint64_t frozen;                /* only with count_objects */
} RscWalkGcState;

/* Where the collector counts, from rsc_walk_find_gc_counters (): stays as long as the interpreter. */
typedef struct
{
  const void *statistics;      /* collections, collected, uncollectable for each generation */
  int in_buffers;              /* not one behind the other, but the newest of a buffer for each generation */
  const uint32_t *collecting;
  const uint32_t *thresholds[3], *counts[3];
  void *const *callbacks;      /* the list in gc.callbacks; may hold NULL */
} RscWalkGcCounters;

typedef struct
{
  uint64_t collections[3], collected[3], uncollectable[3];
} RscWalkGcCounts;

/* GIL held.  0, or -1 with a sentence in @error. */
int rsc_walk_find_gc_counters (RscWalkGcCounters *counters, char error[RSC_WALK_ERROR_SIZE]);
/* With or without the GIL; in the middle of a collection they need not fit each other. */
void rsc_walk_load_gc_counts (const RscWalkGcCounters *counters, RscWalkGcCounts *counts);
/* With or without the GIL.  0, or -1 while a collection is under way. */
int rsc_walk_read_gc_counters (const RscWalkGcCounters *counters, RscWalkGcCounts *counts);

/* GIL held.  Where the calling thread's innermost Python function is: the str with the name of its file (borrowed
 * from its code, which runs), and the line.  No objects are made.  0, or -1 if no Python function runs. */
int rsc_walk_get_place (void **file, uint32_t *line);

/* 0, or -1 with a sentence in @error. */
int rsc_walk_read_gc_state (RscWalkGcState *state, int count_objects, char error[RSC_WALK_ERROR_SIZE]);
