/* What of an injection depends on the processor.
 *
 * A thread that is stopped is made to call something, and must be as before
 * afterwards, also when the process that traces it is killed meanwhile.  So each
 * call has below it a frame as the kernel makes it for a signal's handler, and
 * returns into the system call that gives the state in that frame back. */
#pragma once

#include "rsc-process-memory.h"
#include "wire/rsc-wire-attach.h"

G_BEGIN_DECLS

/* All of a thread that is stopped. */
typedef struct _RscThreadState RscThreadState;

/* NULL: the thread is gone, errno is set. */
RscThreadState *rsc_thread_state_read (pid_t tid);
void            rsc_thread_state_free (RscThreadState *self);
/* As it was read. */
gboolean        rsc_thread_state_write (pid_t tid, const RscThreadState *self);

guint64  rsc_thread_state_get_pc (const RscThreadState *self);
guint64  rsc_thread_state_get_sp (const RscThreadState *self);
/* The thread pointer, which tells the thread's own variables. */
guint64  rsc_thread_state_get_tls (const RscThreadState *self);
/* Whether it was stopped in a system call: its number and second argument. */
gboolean rsc_thread_state_get_call (const RscThreadState *self, long *number, guint64 *second);
/* Of that call: whether it returned as much as its third argument says, as what writes does if it was not interrupted. */
gboolean rsc_thread_state_is_whole (const RscThreadState *self);

/* Code that is in every C library. */
typedef struct
{
  guint64 call;      /* a system call, then a return */
  guint64 give_back; /* rt_sigreturn */
} RscGadgets;

gboolean rsc_gadgets_find (RscProcessMemory *memory, guint64 libc, RscGadgets *gadgets);

/* The frame, for just below @top, which gives back @self.  *address: where the stack
 * pointer is to be when a called function begins. */
GBytes *rsc_thread_state_make_frame (const RscThreadState *self, const RscGadgets *gadgets, guint64 top, guint64 *address);

/* Where the mask of blocked signals is in a frame: it is not part of what was read. */
extern const gsize rsc_frame_mask_offset;
/* How much of a frame the return of the function takes off the stack. */
extern const gsize rsc_frame_return_size;

/* Whether a frame of the kernel's, for a handler of a signal, may begin with these words of a stack: where
 * the thread was when the signal came, and which signals it blocked.  The number of the signal is in there only if the handler was
 * to be told more (SA_SIGINFO): else what was on the stack before. */
gboolean rsc_frame_get_pc (const RscGadgets *gadgets, const guint64 *words, gsize n_words, guint64 *pc, guint64 *mask);

/* The thread, stopped in a system call as @self, comes back from it with EINTR. */
gboolean rsc_thread_end_call    (pid_t tid, const RscThreadState *self);
/* In the stopped thread @tid, which was as @self: a system call is to be made.  The frame at @frame is written. */
gboolean rsc_thread_begin_call  (pid_t tid, const RscThreadState *self, const RscGadgets *gadgets, guint64 frame,
                                 long number, const guint64 arguments[6]);
/* At a stop for a system call: whether it is the begin of @number. */
gboolean rsc_thread_is_in_call  (pid_t tid, long number);
/* At the stop after it: what it returned. */
gboolean rsc_thread_get_result  (pid_t tid, gint64 *result);

/* What the stub is to do: to be written where the thread can read and write it.  Addresses of the process. */
typedef struct
{
  guint64 errno_location, dlopen, dlsym, dlerror; /* of the C library */
  guint64 library;   /* a path */
  guint64 symbol;    /* a name in it: an RscWireAttachFunc */
  guint64 entry;     /* that symbol, if the library is there already: then it is not opened; or 0 */
  guint64 frame;     /* at which the stack pointer is to be in the end */
  gint64  file;      /* a descriptor of the library, to be closed; -1: none */
  RscWireRoom room;  /* where all this is; done is set by the stub */
  /* set by the stub */
  guint64 handle;    /* 0: the library could not be opened */
  guint64 failure;   /* the address of a text, or 0 */
  gint32  ends[2];   /* by the symbol */
  gint64  result;    /* of the symbol */
  gint64  busy;      /* not 0: another thread has the loader's lock, and nothing was done */
  /* not set by the stub */
  guint64 loader_lock;     /* a pthread_mutex_t, which is tried, and had for as long as anything else is done; 0: not known */
  guint64 trylock, unlock; /* of the C library; only for that lock */
} RscStubParameters;
/* As the machine code of each processor has them. */
G_STATIC_ASSERT (G_STRUCT_OFFSET (RscStubParameters, library) == 32);
G_STATIC_ASSERT (G_STRUCT_OFFSET (RscStubParameters, entry) == 48);
G_STATIC_ASSERT (G_STRUCT_OFFSET (RscStubParameters, frame) == 56);
G_STATIC_ASSERT (G_STRUCT_OFFSET (RscStubParameters, file) == 64);
G_STATIC_ASSERT (G_STRUCT_OFFSET (RscStubParameters, room.done) == 104);
G_STATIC_ASSERT (G_STRUCT_OFFSET (RscStubParameters, handle) == 112);
G_STATIC_ASSERT (G_STRUCT_OFFSET (RscStubParameters, ends) == 128);
G_STATIC_ASSERT (G_STRUCT_OFFSET (RscStubParameters, result) == 136);
G_STATIC_ASSERT (G_STRUCT_OFFSET (RscStubParameters, busy) == 144);
G_STATIC_ASSERT (G_STRUCT_OFFSET (RscStubParameters, loader_lock) == 152);
G_STATIC_ASSERT (G_STRUCT_OFFSET (RscStubParameters, trylock) == 160);
G_STATIC_ASSERT (G_STRUCT_OFFSET (RscStubParameters, unlock) == 168);

/* The machine code, which runs wherever it is put. */
const guint8 *rsc_stub_get (gsize *size);
/* In the stopped thread @tid: the stub runs, sets room.done, waits for RSC_STUB_WAIT_MS to be stopped, and ends with
 * give_back, of the frame at parameters.frame. */
#define RSC_STUB_WAIT_MS 200
gboolean rsc_thread_begin_stub  (pid_t tid, const RscThreadState *self, guint64 stub, guint64 parameters, guint64 stack);
/* At the stop before a system call: it is not made, and what is behind it comes next. */
gboolean rsc_thread_skip_call   (pid_t tid);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscThreadState, rsc_thread_state_free)

G_END_DECLS
