/* The agent: what runs inside a program that Refscope launched.
 *
 * One thread of its own, the agent's thread, serves the control socket.  It is
 * a guest: it blocks all signals, its descriptors have high numbers and are
 * checked to be its own before each use (the program may close and reuse them),
 * and it is gone while the program forks.  All that it is in the middle of stands in
 * RscAgent, so that it can be stopped and started again at any time.
 *
 * The lock guards what is marked [lock].  The GIL may be taken without the lock
 * only: never wait for the GIL while holding it. */
#pragma once

#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030A0000
#endif
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "rsc-agent.h"
#include "rsc-walk.h"
#include "wire/rsc-wire-message.h"

/* How long the program waits for Refscope's answer when it starts, and when it
 * sends something and the socket is full. */
#define RSC_AGENT_CONNECT_SECONDS 5
#define RSC_AGENT_SEND_SECONDS 2
/* A mark at which a capture was asked for waits so long for it. */
#define RSC_AGENT_MARK_SECONDS 10
/* A child that captures may live so long. */
#define RSC_AGENT_CHILD_SECONDS 300

/* What an eventfd is: no kind of file. */
#define RSC_AGENT_EVENTS 0

/* There was one, and the program took the number away. */
#define RSC_AGENT_FD_LOST -2

/* A descriptor, and which file it was when it was ours. */
typedef struct
{
  int fd; /* negative: none */
  dev_t device;
  ino_t inode;
} RscAgentFd;

typedef struct
{
  RscWireMessageType type;
  uint32_t number;
  uint64_t deadline; /* CLOCK_MONOTONIC, nanoseconds */
  unsigned flags;    /* RscWireRequestFlags */
  unsigned generation;
  uint64_t thresholds[3];
  bool enabled;   /* SET_ENABLED, SET_RECORDING */
  RscAgentFd files[RSC_WIRE_FDS_MAX];
} RscAgentRequest;

/* A clone() of the program that walks the heap; the agent's to reap. */
typedef struct
{
  _Atomic pid_t pid; /* 0: none, or reaped */
  RscWalk *walk;   /* NULL: none; stays until its end was told */
  uint64_t end;    /* CLOCK_MONOTONIC: until then it may live */
} RscAgentChild;

typedef enum
{
  RSC_AGENT_IDLE,
  RSC_AGENT_QUEUED,   /* a request that was not begun yet */
  RSC_AGENT_ON_MAIN,  /* the main thread is to run it, or runs it */
  RSC_AGENT_AWAITING, /* the next collection is to run it, or runs it */
  RSC_AGENT_RAN,      /* it ran; reply stands, children may still walk */
} RscAgentPhase;

/* Who asks takes it back when that takes too long: unless the thread has said that it returns. */
typedef enum
{
  RSC_AGENT_STAYS,
  RSC_AGENT_ASKED_TO_RETURN,
  RSC_AGENT_RETURNS
} RscAgentStop;

typedef struct
{
  /* set once, before the thread exists */
  pid_t pid;
  pid_t main_thread; /* the kernel's number */
  bool interactive; /* it reads its program from standard input */
  PyThreadState *(*current_thread) (void);
  bool current_is_own; /* the calling thread's, not the GIL holder's */
  bool fork_tells;     /* os.fork() warns of other threads, and has no lock for which others wait with the GIL */
  int (*is_finalizing) (void); /* may be NULL */
  atomic_bool is_ending;       /* it comes to its end: nothing is waited for any more */
  atomic_bool has_ended;       /* it came to its end, and said so: nothing begins again */
  PyInterpreterState *(*main_interpreter) (void);
  bool is_watching_end; /* GIL held: this interpreter's, as is_watching: its end, and forks, are told of by Python */
  bool is_watching;
  PyObject *own[16]; /* what of the heap is the agent's */
  size_t n_own;

  bool is_launched;        /* by Refscope; else it attached */
  atomic_bool active;      /* connected, in the process that connected */
  atomic_bool hold_all;    /* hold at marks and before the end */
  bool record;             /* record collections from the beginning */
  atomic_uint released;    /* counts how often held threads were let go */
  atomic_uint signals;     /* counts what a held thread should look at; a futex */
  atomic_bool main_held;   /* the main thread waits in a hold */
  _Atomic RscAgentStop stopping; /* whether the agent's thread is to return */
  atomic_bool needs_gil;   /* it waits for the GIL, or has it */
  char *hold_names;        /* NUL-terminated strings, one after the other; an empty one ends them */

  pthread_mutex_t fd_lock; /* taken last */
  RscAgentFd socket;       /* [fd_lock] to use it, but in the agent's thread, which closes it */
  RscAgentFd wake;         /* as socket; an eventfd */

  pthread_mutex_t begin_lock;  /* an attach or a fork: the first only tries for it, the second waits for it at last, and not long */
  pthread_mutex_t thread_lock; /* starting and stopping */
  _Atomic pid_t thread_id; /* the kernel's; 0: there is none */
  pthread_t thread;        /* [thread_lock] */
  atomic_bool has_thread;  /* [thread_lock] to change it */
  atomic_bool thread_ended; /* it is not to be waited for long */

  pthread_mutex_t lock;
  pthread_cond_t changed;  /* phase became RSC_AGENT_IDLE */
  _Atomic RscAgentPhase phase; /* [lock] to change it */
  bool main_began;         /* [lock] ON_MAIN, AWAITING: it is running */
  bool left_to_main;       /* [lock] the thread is gone: who runs the request puts an end to it */
  atomic_bool cancelled;   /* nobody waits for the request any more */
  RscAgentRequest request; /* the thread's; the main thread's while main_began */
  RscWireMessage reply;    /* as request */
  RscAgentChild children[2]; /* as request */
  RscWalk *_Atomic old_walks[2]; /* to be finished by whoever has the GIL */
} RscAgent;

extern RscAgent rsc_agent;

/* rsc-agent.c */
uint64_t rsc_agent_now (void);
/* Whether Refscope listens.  In a process that is not the one that connected, which no handler has told so, what is the other's is
 * forgotten first: to be asked by what the program's threads come to. */
bool     rsc_agent_is_connected (void);
/* Whether this is the thread that runs what is to run on the program's main thread. */
bool     rsc_agent_is_main_thread (void);
/* The calling thread has its GIL. */
bool     rsc_agent_is_in_main_interpreter (void);
void     rsc_agent_send (const RscWireMessage *message);
/* Without waiting for anything; false: it was not sent. */
bool     rsc_agent_send_now (const RscWireMessage *message);
void     rsc_agent_wake (void);
/* Finds what of the interpreter is not in every version of it. */
void     rsc_agent_find_functions (void);
/* Says hello; false: there is no connection. */
bool     rsc_agent_say_hello (void);
/* Takes what Refscope answered. */
void     rsc_agent_take_welcome (const RscWireMessage *welcome);
/* GIL held.  A module that is part of the interpreter, without importing it; @is_ours: it was made for this, and is not in
 * sys.modules.  A new reference; NULL, with an exception, if there is none. */
PyObject *rsc_agent_find_builtin (const char *name, bool *is_ours);
/* GIL held.  The interpreter's end will be seen: before it, and behind it. */
void     rsc_agent_watch_exit (void);
void     rsc_agent_watch_end (void);
/* The connection is over: what is held goes on. */
void     rsc_agent_lose (void);
/* Closes the agent's descriptors.  To be called when it has no thread, or in it. */
void     rsc_agent_close_connection (void);
/* What of the heap is the agent's; GIL held. */
void     rsc_agent_own (PyObject *object);
/* What is under way is finished, and nothing comes any more.  GIL held. */
void     rsc_agent_say_goodbye (void);
/* The last that is sent, and no more; the connection is to be closed.  With or without the GIL. */
void     rsc_agent_send_last (void);

/* rsc-agent-fd.c */
/* Remembers which file @fd is, that was made just now and is of that kind (S_IFMT); false: it was not made, or is another by now. */
bool rsc_agent_fd_note (RscAgentFd *self, int fd, mode_t kind);
/* The same for what came with a message, which says it. */
bool rsc_agent_fd_receive (RscAgentFd *self, const RscWireMessage *message, size_t nth, int fd);
/* Moves it to a number above what programs use, close-on-exec.  false, and it is none any more: no number is free, or it was lost. */
bool rsc_agent_fd_move (RscAgentFd *self);
/* note and move. */
bool rsc_agent_fd_take (RscAgentFd *self, int fd, mode_t kind);
/* Whether the number still means the same file. */
bool rsc_agent_fd_is_ours (const RscAgentFd *self);
/* Closes it if it is still ours. */
void rsc_agent_fd_close (RscAgentFd *self);
/* No cancellation point, unlike close(). */
void rsc_agent_close (int fd);

/* rsc-agent-thread.c */
void rsc_agent_thread_start (void);
/* The same by who has thread_lock. */
void rsc_agent_thread_start_locked (void);
/* @gil: this thread holds the GIL, which is let go meanwhile.  @seconds: at most, then the thread stays; 0: for ever. */
void rsc_agent_thread_stop (bool gil, unsigned seconds);
/* This thread holds the GIL, and keeps it: no longer than until the agent's thread waits for that, which stays then. */
void rsc_agent_thread_stop_with_gil (unsigned seconds);
/* The calling thread is the agent's. */
bool rsc_agent_is_own_thread (void);
/* thread_lock, whose holder may wait for the agent's thread; false: it is not to be had just now. */
bool rsc_agent_thread_lock_soon (void);
/* Closes what came with the request. */
void rsc_agent_close_request (void);
/* In the agent's thread, which is busy with a request: hears that it is cancelled. */
void rsc_agent_hear_cancel (void);
/* The main thread runs a request that waits for it; false: there is none.  GIL held. */
bool rsc_agent_run_on_main (void);

/* Whether there is an interpreter, and will be for a while. */
bool rsc_agent_may_take_gil (void);
/* PyGILState_Ensure(), in the agent's thread: if may_take_gil(). */
PyGILState_STATE rsc_agent_take_gil (void);
void rsc_agent_give_gil (PyGILState_STATE state);
/* Finishes the walks that are over.  GIL held. */
void rsc_agent_drop_walks (void);

/* rsc-agent-request.c; GIL held */
/* Runs the request that stands in rsc_agent: fills reply and children. */
void rsc_agent_request_run (bool on_main);
/* @a: a parameter of the sentence, or NULL. */
void rsc_agent_reply (RscWireStatus status, RscSentence sentence, const char *a);
/* With a sentence that was written. */
void rsc_agent_reply_written (RscWireStatus status, const char *text);
/* From here on Refscope waits without a time limit. */
void rsc_agent_say_begun (void);

/* Captures into the request's memfd number @which; false: the reply says why. */
bool rsc_agent_request_capture (size_t which, uint64_t since);
/* Without the GIL as well, in the thread that ran it: it is over but for its children. */
void rsc_agent_request_ran (void);
/* Makes the interpreter make what it makes when the program imports gc, which stays where it was. */
void rsc_agent_import_gc (void);
/* Where there is no interpreter: nor is the module. */
void rsc_agent_forget_gc (void);

/* rsc-agent-capture.c */
/* GIL held.  Begins a capture of the heap into @fd, in a child or in place; 0,
 * or -1 with a sentence in @error and the status in *status. */
int  rsc_agent_capture (RscAgentChild *child, int fd, bool in_place, unsigned values, uint64_t since,
                        RscWireStatus *status, char error[RSC_WALK_ERROR_SIZE]);
/* Reaps it if it has ended: true; then @error has a sentence, or is empty. */
bool rsc_agent_child_reap (RscAgentChild *child, char error[RSC_WALK_ERROR_SIZE]);
void rsc_agent_child_kill (RscAgentChild *child);
/* Without the GIL as well: whether a child shares the program's pages. */
bool rsc_agent_has_children (void);

/* rsc-agent-reserve.c; GIL held, or in a child: address space for walks */
/* In a program that was launched, where a limit on it is, and cannot be lifted. */
void rsc_agent_reserve_take (void);
/* For a limit that is about to be, in bytes. */
void rsc_agent_reserve_take_for (uint64_t limit);
void rsc_agent_reserve_give (void);

/* rsc-agent-collections.c */
/* GIL held, before there is a thread: from here on collections are told of. */
void rsc_agent_watch_collections (void);
/* Where there is no interpreter: nor are its numbers. */
void rsc_agent_unwatch_collections (void);
/* With or without the GIL: tells of those since the last time, as far as there is room. */
void rsc_agent_tell_collections (void);
/* The same at the program's end, for which room is waited some seconds. */
void rsc_agent_tell_last_collections (void);
/* Around a fork: nobody is inside. */
void rsc_agent_lock_collections (void);
void rsc_agent_unlock_collections (void);
/* In its child: what was told, and who has the lock, is the parent's. */
void rsc_agent_forget_collections (void);
/* Tells of what was until now, and sets *@is_recording: from here on they are told by their records, or not. */
void rsc_agent_tell_otherwise (bool recording, atomic_bool *is_recording);

/* rsc-agent-record.c; GIL held unless said otherwise */
/* If Refscope asked for it in its welcome. */
void   rsc_agent_begin_recording (void);
/* 0, or -1 with a sentence in @error. */
int    rsc_agent_set_recording (bool recording, char error[RSC_WALK_ERROR_SIZE]);
/* Without it, too. */
bool   rsc_agent_is_recording (void);
/* The next collections call rsc_agent_await_start() and _stop(), until that says that it is over.  As above. */
int    rsc_agent_listen_for_await (char error[RSC_WALK_ERROR_SIZE]);
/* Whether it is in the program's list; without it, too. */
bool   rsc_agent_has_callback (void);
/* Nobody listens any more. */
void   rsc_agent_end_recording (void);
/* In the child of a fork, without it: the callback goes with its next collection. */
void   rsc_agent_forget_recording (void);
/* Where there is no interpreter: nor is the callback. */
void   rsc_agent_forget_callback (void);
/* With the lock of rsc_agent_tell_collections() only: copies the oldest, at most @max; and takes @n of them away. */
size_t rsc_agent_copy_records (RscWireRecord *records, size_t max);
void   rsc_agent_drop_records (size_t n);
/* Before a new connection, without the GIL: nothing is left of the one before. */
void   rsc_agent_reset_recording (void);
/* In the agent's thread: collections went by, and the callback was not called. */
bool   rsc_agent_misses_collections (void);

/* rsc-agent-await.c; GIL held */
/* The request waits for the next collection; or the reply says why it does not. */
void rsc_agent_await_begin (void);
void rsc_agent_await_start (unsigned generation);
/* @returned: what gc.collect() would return.  true: nobody waits any more. */
bool rsc_agent_await_stop (uint64_t returned);
/* In the child of a fork: what is in the middle is the parent's. */
void rsc_agent_await_forget (void);
/* The collection that was waited for is in the middle. */
bool rsc_agent_await_runs (void);
/* Without it, too: the program ends, and nothing is to be waited for. */
void rsc_agent_await_end (void);
/* In the agent's thread: puts an end to the waiting if the program has taken the callback away. */
void rsc_agent_await_look (void);

/* rsc-agent-hold.c; GIL held unless said otherwise */
/* Waits until Refscope lets it go on.  @seconds: at most; 0: for ever.  @flush: what the
 * program and its finalizers printed is to be seen meanwhile, and may wait in the buffer of
 * its standard output.  0, or -1 with an exception (a signal's handler raised one). */
int  rsc_agent_hold (RscWireHold kind, const char *hint, const char *file, unsigned line, unsigned seconds, bool flush);
/* The program passed a mark.  As above. */
int  rsc_agent_mark (const char *hint, const char *file, unsigned line);
/* Whether a mark of that name is to hold, and for how long at most. */
bool rsc_agent_holds_at (const char *hint, unsigned *seconds);
/* Without the GIL as well: lets all held threads go on, or look around. */
void rsc_agent_release (void);
void rsc_agent_signal_held (void);

/* rsc-agent-leave.c */
/* Whether this thread has the GIL. */
bool rsc_agent_has_gil (void);

/* rsc-agent-main.c; GIL held */
/* The main thread comes by and does what waits for it, if it comes by at all. */
void rsc_agent_call_main (void);
/* Where there is no interpreter: as its queue, so what is known of it. */
void rsc_agent_forget_main_call (void);

/* rsc-agent-memory.c */
/* From /proc/self/smaps_rollup, in bytes; no memory is needed. */
bool rsc_agent_read_memory (uint64_t *uss, uint64_t *rss);

/* rsc-agent-module.c */
/* Remembers where the Python package is. */
void rsc_agent_find_package (const char *folder);
/* GIL held.  Where the program imported the package when Refscope was not there, its marks begin to tell. */
void rsc_agent_give_marks (void);
/* GIL held.  For those who do not use the import statement. */
void rsc_agent_add_finder (void);
/* GIL held.  The audit event of an import statement: 0, or -1 with an exception. */
int  rsc_agent_import (PyObject *args);

/* rsc-agent-uncaught.c; GIL held */
/* An exception is about to be printed; @args: of the audit event sys.excepthook. */
void rsc_agent_uncaught (PyObject *args);

/* rsc-agent-exec.c; GIL held */
/* The program is about to execute another; @args: of the audit event os.exec. */
void rsc_agent_say_exec (PyObject *args);
/* Remembers where the preload stub is. */
void rsc_agent_watch_exec (const char *folder);

/* rsc-agent-attach.c; in the agent's thread */
/* Goes on with what is left to do since Refscope attached; false: it was to stop before that was done. */
bool rsc_agent_attach_go_on (void);
/* On the main thread, GIL held: what is left to do there. */
void rsc_agent_attach_on_main (void);
/* In the child of a fork. */
void rsc_agent_attach_forget (void);

/* rsc-agent-fork.c; GIL held */
void rsc_agent_watch_forks (void);
/* Without it, too: of the forks that C code makes, and of what becomes a child.  Only once; false: no memory. */
bool rsc_agent_watch_system_forks (void);
/* Without it, too: this is the process that is connected. */
void rsc_agent_be_here (void);
/* In any thread, with or without the GIL: if this is a child that became one without a handler of forks, as by a system call,
 * what the handler would have done. */
void rsc_agent_look_where (void);
/* If the thread went for a fork that is over: starts it again. */
void rsc_agent_come_back (void);
