#include "config.h"

#include "rsc-inject.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rsc-error.h"
#include "base/rsc-file.h"
#include "rsc-agent-entry.h"
#include "rsc-hold-stop.h"
#include "rsc-loader-lock.h"
#include "rsc-process-status.h"
#include "rsc-process-symbols.h"
#include "rsc-python-process.h"
#include "rsc-seccomp.h"
#include "rsc-signal-wake.h"
#include "rsc-thread-stop.h"
#include "rsc-visiting-file.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

/* Code, then data, then the stack that the thread has meanwhile: its own may be nearly full. */
#define STUB_SIZE 4096
#define DATA_SIZE 32768
#define STACK_SIZE (128 * 1024)
/* The loader may wait for another thread, and starting a thread takes its time. */
#define STUB_MS 10000
/* How often to look whether the stub is done, in microseconds. */
#define STUB_INTERVAL 20
#define CALL_MS 2000
/* A library is loaded in some milliseconds, if its constructors do not wait for something; in microseconds. */
#define LOADER_PATIENCE (2 * G_USEC_PER_SEC)
#define LOADER_INTERVAL 5000
/* A thread that is gone is the first of its process's: so often to look for the end of the others, in microseconds. */
#define END_TRIES 50
#define END_INTERVAL 10000

/* Where things are in the data. */
enum
{
  AT_PARAMETERS = 0,
  AT_LIBRARY = 1024,
  AT_SYMBOL = AT_LIBRARY + PATH_MAX + 64,
  AT_FRAME = DATA_SIZE /* downwards; the stack begins behind it */
};

typedef struct
{
  pid_t pid;
  const char *library;
  GError **error;

  RscProcessMemory *memory;
  RscGadgets gadgets;
  RscStubParameters functions; /* of the C library, and the agent's entry if it was there before the thread was stopped */
  RscStoppedThread thread;
  guint64 signals;       /* where the interpreter notes that there is a signal; 0: not known */
  guint64 frame;         /* on the thread's own stack */
  guint64 signal_mask;
  guint64 stub, data;    /* what was mapped in the process; 0: not yet */
  int file;              /* descriptor of the process, a copy of the library; -1: none */
  RscVisitingFile *copy; /* of the library; or NULL */
  char *bytes;           /* of the library */
  gsize size;
  gboolean has_begun;    /* the agent has what was mapped, and unmaps it */
  gboolean runs;         /* the thread did not come back: it is gone, or comes back without us */
  gboolean loader_is_busy; /* nothing was done: another thread has the loader's lock */
  gboolean nests;        /* there are handlers of signals that do not block their own */
  gboolean is_in_vain;   /* nothing was done: a handler of that kind may run in the thread */
  RscInjection *injection;
} Injection;

static gboolean
is_libc (const char *name)
{
  return strcmp (name, "libc.so.6") == 0 || (g_str_has_prefix (name, "libc-2.") && g_str_has_suffix (name, ".so"));
}

/* Its memory goes before it is seen to have ended. */
static gboolean
is_gone (Injection *self)
{
  const RscMapping *first = self->memory != NULL && self->memory->mappings->len > 0
                              ? &g_array_index (self->memory->mappings, RscMapping, 0)
                              : NULL;
  char byte;

  return rsc_process_has_ended (self->pid)
         || (first != NULL && first->readable && !rsc_process_memory_read (self->memory, first->start, &byte, sizeof byte));
}

/* One that is killed has many threads to end, perhaps. */
static gboolean
ends_soon (Injection *self)
{
  for (guint i = 0; i < END_TRIES && !is_gone (self); i++)
    g_usleep (END_INTERVAL);

  return is_gone (self);
}

/* Whatever was seen of a process that has ended since, that is what there is to say. */
static gboolean
fail (Injection *self, RscErrorCode code, const char *message)
{
  if (*self->error != NULL)
    return FALSE;
  if (self->runs ? ends_soon (self) : is_gone (self))
    {
      code = RSC_ERROR_EXITED;
      message = _("Process %d ended while it was attached to.");
    }
  g_set_error (self->error, RSC_CAPTURE_ERROR, code, message, (int) self->pid);

  return FALSE;
}

/* What must not fail of a process that is there. */
static gboolean
fail_gone (Injection *self)
{
  if (*self->error == NULL)
    ends_soon (self);

  return fail (self, RSC_ERROR_FAILED,
               _("Process %d could not be written to, or did not come back from a system call: it was left alone."));
}

/* What process @pid was asked to do by a system call it may be forbidden by a filter. */
static gboolean
fail_call (Injection *self, gint64 result)
{
  g_set_error (self->error, RSC_CAPTURE_ERROR, RSC_ERROR_FAILED,
               _("Process %d could not make room for the agent (%s): it has reached a limit, or a filter of system calls (seccomp) "
                 "forbids it. It goes on as before."),
               (int) self->pid, g_strerror ((int) -result));

  return FALSE;
}

/* Whether the thread was stopped by a signal that it is to have: one by which the process is stopped, that cannot be blocked, comes
 * at once, for one that lets it go on again would not find it later.  The thread itself goes on, and is stopped when it is let go. */
static gboolean
take_signal (Injection *self, int number)
{
  if (number == 0 || number == SIGSTOP || number == RSC_WIRE_SETXID_SIGNAL)
    return TRUE;
  /* What we brought has failed: the thread is put back where it was. */
  g_set_error (self->error, RSC_CAPTURE_ERROR, RSC_ERROR_FAILED,
               _("Process %d could not load Refscope's agent: %s. It goes on as before."), (int) self->pid, g_strsignal (number));

  return FALSE;
}

/* The signal that the thread stopped for; 0: an event, as that the process is being stopped. */
static int
get_signal (int status)
{
  return status >> 16 == 0 ? WSTOPSIG (status) : 0;
}

/* To the next stop for a system call. */
static gboolean
run_to_call (Injection *self, int ms)
{
  int status, number = 0;

  for (;;)
    {
      if (ptrace (PTRACE_SYSCALL, self->thread.tid, NULL, number) != 0 || !rsc_thread_wait (self->thread.tid, ms, &status))
        {
          self->runs = TRUE;
          return FALSE;
        }
      number = get_signal (status);
      if (number == (SIGTRAP | 0x80))
        return TRUE;
      if (!take_signal (self, number))
        return FALSE;
    }
}

/* Whether the stopped thread waits in the stub, and has not given its state back by itself: then it is on its way. */
static gboolean
is_in_stub (Injection *self)
{
  g_autoptr(RscThreadState) state = rsc_thread_state_read (self->thread.tid);
  guint64 pc = state != NULL ? rsc_thread_state_get_pc (state) : 0;

  return pc >= self->stub && pc < self->stub + STUB_SIZE;
}

/* To the end of the stub, without a stop for each system call of the loader's. */
static gboolean
run_to_end (Injection *self)
{
  guint64 address = self->data + AT_PARAMETERS + G_STRUCT_OFFSET (RscStubParameters, room.done);
  gint64 until = g_get_monotonic_time () + STUB_MS * 1000;
  guint64 done = 0;
  gboolean goes_on = ptrace (PTRACE_CONT, self->thread.tid, NULL, NULL) == 0;

  while (goes_on)
    {
      int status;
      pid_t stopped = waitpid (self->thread.tid, &status, __WALL | WNOHANG);

      if (stopped == self->thread.tid)
        {
          if (!WIFSTOPPED (status))
            break;
          if (!take_signal (self, get_signal (status)))
            return FALSE;
          goes_on = ptrace (PTRACE_CONT, self->thread.tid, NULL, get_signal (status)) == 0;
        }
      else if ((stopped < 0 && errno != EINTR) || !rsc_process_memory_read (self->memory, address, &done, sizeof done)
               || g_get_monotonic_time () > until)
        break;
      else if (done != 0)
        {
          if (!rsc_thread_interrupt (self->thread.tid) && !rsc_process_has_ended (self->thread.tid))
            break; /* it may be in there still */
          self->runs = !is_in_stub (self);
          return TRUE;
        }
      else
        g_usleep (STUB_INTERVAL);
    }
  self->runs = TRUE;

  return FALSE;
}

/* A system call of the process; FALSE: it is gone. */
static gboolean
call (Injection *self, gint64 *result, long number, guint64 a, guint64 b, guint64 c, guint64 d, guint64 e)
{
  const guint64 arguments[6] = { a, b, c, d, e, 0 };
  guint64 all = ~UINT64_C (0);

  if (!rsc_thread_begin_call (self->thread.tid, self->thread.state, &self->gadgets, self->frame, number, arguments))
    return FALSE;
  /* Not before it has a frame by which it gets its own mask back. */
  ptrace (PTRACE_SETSIGMASK, self->thread.tid, sizeof all, &all);
  do
    if (!run_to_call (self, CALL_MS))
      return FALSE;
  while (!rsc_thread_is_in_call (self->thread.tid, number));

  return run_to_call (self, CALL_MS) && rsc_thread_get_result (self->thread.tid, result);
}

/* Lays the frame onto the thread's own stack. */
static gboolean
prepare_frame (Injection *self)
{
  guint64 sp = rsc_thread_state_get_sp (self->thread.state);
  g_autoptr(GBytes) bytes = rsc_thread_state_make_frame (self->thread.state, &self->gadgets, sp, &self->frame);
  gsize size;
  const void *data = g_bytes_get_data (bytes, &size);

  ptrace (PTRACE_GETSIGMASK, self->thread.tid, sizeof self->signal_mask, &self->signal_mask);
  /* Below it may be a page that guards it, into which we could write, and the thread could not. */
  if (self->frame >= self->thread.stack_bottom && rsc_process_memory_write (self->memory, self->frame, data, size)
      && rsc_process_memory_write (self->memory, self->frame + rsc_frame_mask_offset, &self->signal_mask,
                                   sizeof self->signal_mask))
    return TRUE;

  return fail (self, RSC_ERROR_BUSY,
               _("A thread of process %d that could be interrupted has no room left on its stack just now: it was left alone. Try again."));
}

static gboolean
map (Injection *self, gsize size, int protection, guint64 *address)
{
  gint64 result;

  if (!call (self, &result, SYS_mmap, 0, size, (guint64) protection, MAP_PRIVATE | MAP_ANONYMOUS, (guint64) -1))
    return fail_gone (self);
  if (result < 0 && result > -4096)
    return fail_call (self, result);
  *address = (guint64) result;

  return TRUE;
}

static gboolean
make_room (Injection *self)
{
  gsize size;
  const guint8 *stub = rsc_stub_get (&size);

  return map (self, STUB_SIZE, PROT_READ | PROT_EXEC, &self->stub)
         && map (self, DATA_SIZE + STACK_SIZE, PROT_READ | PROT_WRITE, &self->data)
         && (rsc_process_memory_write (self->memory, self->stub, stub, size) || fail_gone (self));
}

static gboolean
write_text (Injection *self, guint64 at, const char *text)
{
  return rsc_process_memory_write (self->memory, self->data + at, text, strlen (text) + 1);
}

/* Ways to bring the library there, in this order.  Each writes the path by which the process opens it; FALSE
 * without an error: not this way. */

/* Under its own name, where the process sees the same file. */
static gboolean
give_name (Injection *self)
{
  g_autofree char *theirs = g_strdup_printf ("/proc/%d/root%s", (int) self->pid, self->library);
  struct stat a, b;

  return strlen (self->library) < PATH_MAX && stat (self->library, &a) == 0 && stat (theirs, &b) == 0
         && a.st_dev == b.st_dev && a.st_ino == b.st_ino && write_text (self, AT_LIBRARY, self->library);
}

/* As a file of the process's that has no name: in a container. */
static gboolean
give_descriptor (Injection *self)
{
  g_autofree char *path = NULL;
  gint64 result;
  gboolean written;
  int fd;

  if (!write_text (self, AT_LIBRARY, RSC_AGENT_FILE_NAME)
      || !call (self, &result, SYS_memfd_create, self->data + AT_LIBRARY, MFD_CLOEXEC | MFD_EXEC, 0, 0, 0)
      /* Kernels before 6.3 do not know that flag, and need none. */
      || (result == -EINVAL && !call (self, &result, SYS_memfd_create, self->data + AT_LIBRARY, MFD_CLOEXEC, 0, 0, 0)))
    return fail_gone (self);
  if (result < 0)
    return FALSE;
  self->file = (int) result;

  path = g_strdup_printf ("/proc/%d/fd/%d", (int) self->pid, self->file);
  fd = open (path, O_WRONLY | O_CLOEXEC);
  written = fd >= 0 && rsc_file_write_all (fd, self->bytes, self->size, NULL);
  if (fd >= 0)
    close (fd);
  g_free (path);
  path = g_strdup_printf ("/proc/self/fd/%d", self->file);

  return written && write_text (self, AT_LIBRARY, path);
}

/* As a file in a folder of the process's, for as long as it takes to open it: without /proc in there. */
static gboolean
give_copy (Injection *self)
{
  self->copy = rsc_visiting_file_create (self->pid, RSC_VISITING_CODE, ".so", self->bytes, self->size);

  return self->copy != NULL && write_text (self, AT_LIBRARY, self->copy->path);
}

static gboolean
fail_to_open (Injection *self, const RscStubParameters *parameters)
{
  g_autofree char *why = parameters->failure != 0 ? rsc_process_memory_read_text (self->memory, parameters->failure, 1024) : NULL;

  g_set_error (self->error, RSC_CAPTURE_ERROR, RSC_ERROR_FAILED,
               _("Process %d could not load Refscope's agent: %s. It goes on as before."), (int) self->pid,
               why != NULL ? why : _("there is no way to give it a file"));

  return FALSE;
}

static gboolean
fail_busy (Injection *self)
{
  self->loader_is_busy = TRUE;

  return fail (self, RSC_ERROR_BUSY,
               _("A thread of process %d loads or unloads a library just now: it was left alone, as that one and the thread that loads the agent might wait for each other. Try again when it is done."));
}

/* Lets the thread open the library and call its entry. */
static gboolean
run_stub (Injection *self, guint64 entry, RscStubParameters *parameters)
{
  const guint64 mask = ~(UINT64_C (1) << (RSC_WIRE_SETXID_SIGNAL - 1));
  g_autoptr(GBytes) frame = NULL;
  guint64 address;
  gsize size;
  const void *data;

  /* The agent's own thread would wait until this one is done with that. */
  if (self->functions.loader_lock != 0
      && rsc_loader_lock_is_of (self->memory, self->functions.loader_lock, rsc_process_get_inner (self->thread.tid)))
    return fail_busy (self);

  frame = rsc_thread_state_make_frame (self->thread.state, &self->gadgets, self->data + AT_FRAME, &address);
  data = g_bytes_get_data (frame, &size);
  *parameters = self->functions;
  parameters->library = self->data + AT_LIBRARY;
  parameters->symbol = self->data + AT_SYMBOL;
  parameters->entry = entry;
  parameters->frame = address + rsc_frame_return_size;
  parameters->file = self->file;
  parameters->room = (RscWireRoom) { .areas = { self->stub, self->data }, .sizes = { STUB_SIZE, DATA_SIZE + STACK_SIZE } };
  if (!rsc_process_memory_write (self->memory, address, data, size)
      || !rsc_process_memory_write (self->memory, address + rsc_frame_mask_offset, &self->signal_mask, sizeof self->signal_mask)
      || !rsc_process_memory_write (self->memory, self->data + AT_PARAMETERS, parameters, sizeof *parameters)
      || !write_text (self, AT_SYMBOL, RSC_WIRE_ATTACH_FUNCTION)
      || !rsc_thread_begin_stub (self->thread.tid, self->thread.state, self->stub, self->data + AT_PARAMETERS,
                                 self->data + DATA_SIZE + STACK_SIZE))
    return fail_gone (self);

  ptrace (PTRACE_SETSIGMASK, self->thread.tid, sizeof mask, &mask);
  if (!run_to_end (self))
    return fail (self, RSC_ERROR_TIMEOUT,
                 _("The loader of process %d is busy in another thread: the agent comes when that is done, and goes again. Try again later."));
  self->file = -1;
  if (!rsc_process_memory_read (self->memory, self->data + AT_PARAMETERS, parameters, sizeof *parameters))
    return fail_gone (self);

  return parameters->busy == 0 || fail_busy (self);
}

/* Opens the library in one of the ways. */
static gboolean
open_library (Injection *self, RscStubParameters *parameters)
{
  static gboolean (*const ways[]) (Injection *self) = { give_name, give_descriptor, give_copy };

  *parameters = (RscStubParameters) { 0 };
  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      if (!ways[i] (self))
        {
          if (*self->error != NULL)
            return FALSE;
          continue;
        }
      if (!run_stub (self, 0, parameters))
        return FALSE;
      if (parameters->handle != 0)
        return parameters->failure == 0 || fail_to_open (self, parameters);
    }

  return fail_to_open (self, parameters);
}

static gboolean
load (Injection *self)
{
  RscStubParameters parameters;
  guint64 entry;

  entry = self->functions.entry;
  if (entry == 0)
    {
      /* Another Refscope may have brought it meanwhile. */
      if (!rsc_process_memory_reload (self->memory, self->error))
        return FALSE;
      entry = rsc_agent_entry_find (self->memory, RSC_WIRE_ATTACH_FUNCTION, NULL);
    }
  if (entry != 0 ? !run_stub (self, entry, &parameters) : !open_library (self, &parameters))
    return FALSE;
  if (parameters.result < 0)
    return fail_call (self, parameters.result);
  self->has_begun = parameters.result == RSC_WIRE_ATTACHED;

  return rsc_agent_entry_take (self->pid, parameters.result, parameters.ends[1], self->injection, self->error);
}

/* Takes back what the process does not need any more; it may be gone. */
static void
clean_up (Injection *self)
{
  gint64 result;

  if (self->file >= 0)
    call (self, &result, SYS_close, (guint64) self->file, 0, 0, 0, 0);
  if (self->data != 0 && !self->has_begun)
    call (self, &result, SYS_munmap, self->data, DATA_SIZE + STACK_SIZE, 0, 0, 0);
  if (self->stub != 0 && !self->has_begun)
    call (self, &result, SYS_munmap, self->stub, STUB_SIZE, 0, 0, 0);
}

/* The thread goes on as if nothing had been. */
static void
let_go (Injection *self)
{
  static const guint64 zero = 0;
  pid_t tid = self->thread.tid;

  /* If it is about to give its state back by itself: we know it better, with the call that was interrupted. */
  rsc_thread_skip_call (tid);
  if (rsc_thread_park (tid))
    {
      /* In this order: whatever comes between, it has its mask. */
      ptrace (PTRACE_SETSIGMASK, tid, sizeof self->signal_mask, &self->signal_mask);
      rsc_thread_state_write (tid, self->thread.state);
      /* Nobody is to take it for a handler's. */
      rsc_process_memory_write (self->memory, self->frame, &zero, sizeof zero);
    }
  ptrace (PTRACE_DETACH, tid, NULL, NULL);
}

/* So that nothing waits for the loader's lock; where it is not found, the loader may wait. */
static void
find_loader_lock (Injection *self, guint64 libc)
{
  RscStubParameters *functions = &self->functions;

  functions->trylock = rsc_process_symbols_find (self->memory, libc, "pthread_mutex_trylock");
  functions->unlock = rsc_process_symbols_find (self->memory, libc, "pthread_mutex_unlock");
  if (functions->trylock != 0 && functions->unlock != 0)
    functions->loader_lock = rsc_loader_lock_find (self->memory);
}

static gboolean
find_functions (Injection *self, guint64 libc)
{
  RscStubParameters *functions = &self->functions;

  functions->errno_location = rsc_process_symbols_find (self->memory, libc, "__errno_location");
  functions->dlopen = rsc_process_symbols_find (self->memory, libc, "dlopen");
  functions->dlsym = rsc_process_symbols_find (self->memory, libc, "dlsym");
  functions->dlerror = rsc_process_symbols_find (self->memory, libc, "dlerror");
  if (functions->errno_location == 0 || functions->dlopen == 0 || functions->dlsym == 0 || functions->dlerror == 0)
    return fail (self, RSC_ERROR_UNSUPPORTED,
                 _("Process %d has a C library older than glibc 2.34, whose loader cannot be asked. Launch the program with Refscope."));
  functions->entry = rsc_agent_entry_find (self->memory, RSC_WIRE_ATTACH_FUNCTION, NULL);
  find_loader_lock (self, libc);

  return functions->entry != 0 || g_file_get_contents (self->library, &self->bytes, &self->size, self->error);
}

/* All that can be known before a thread is stopped. */
static gboolean
look_up (Injection *self, char **python)
{
  g_autoptr(RscInterpreter) interpreter = rsc_interpreter_find (self->memory);
  const RscMapping *libc;

  if (interpreter == NULL)
    return fail (self, RSC_ERROR_UNSUPPORTED,
                 _("Process %d runs no CPython that Refscope can attach to: it is another program, one of 32 bits, a Python of long ago, or its interpreter's symbols were stripped."));
  if (interpreter->free_threaded)
    return fail (self, RSC_ERROR_UNSUPPORTED,
                 _("The interpreter of process %d is free-threaded: captures of these cannot be had yet. Run the program with the usual build."));
  if (interpreter->major != 0 && (interpreter->major != 3 || interpreter->minor < RSC_PYTHON_OLDEST_MINOR))
    return fail (self, RSC_ERROR_UNSUPPORTED, _("The Python of process %d is older than 3.10, which is the oldest that Refscope knows."));
  libc = rsc_process_symbols_find_object (self->memory, is_libc);
  if (libc == NULL)
    return fail (self, RSC_ERROR_UNSUPPORTED,
                 _("Process %d does not use glibc (it is linked statically, or with musl), which attaching needs. Run the program with a Python for glibc."));
  self->injection->other_way = TRUE;
  self->signals = rsc_signal_wake_find (self->memory, interpreter);
  if (!rsc_gadgets_find (self->memory, libc->start, &self->gadgets))
    return fail (self, RSC_ERROR_UNSUPPORTED,
                 _("Refscope cannot attach to process %d on this processor or with this C library. Launch the program with Refscope."));
  if (!find_functions (self, libc->start))
    return FALSE;
  /* With an allocator of its own in it, that code may hold a lock that the loader needs: only system calls are safe then. */
  if (rsc_process_symbols_find (self->memory, interpreter->base, "malloc") == 0)
    *python = g_steal_pointer (&interpreter->path);

  return TRUE;
}

/* Whether the handler of a signal does not block that: only the process itself can ask. */
static gboolean
may_nest (Injection *self, guint number, gboolean *nests)
{
  struct { guint64 handler, flags, restorer, mask; } action = { 0 }; /* the kernel's */
  gint64 result;

  if (!call (self, &result, SYS_rt_sigaction, number, 0, self->data, sizeof action.mask, 0)
      || (result == 0 && !rsc_process_memory_read (self->memory, self->data, &action, sizeof action)))
    return fail_gone (self);
  *nests = result != 0 || (action.flags & SA_NODEFER) != 0;

  return TRUE;
}

/* If there is the frame of a handler on the stack of the thread: whether that is over.  faulthandler's, for what usually ends a program,
 * nest; but such a program does not wait. */
static gboolean
check_handlers (Injection *self)
{
  static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS };
  g_autofree char *status = NULL;
  const char *text;
  guint64 caught;

  if (!self->thread.has_frame)
    return TRUE;
  status = rsc_process_status_read (self->pid);
  text = rsc_process_status_find (status, "SigCgt");
  caught = text != NULL ? g_ascii_strtoull (text, NULL, 16) : 0;
  for (gsize i = 0; i < G_N_ELEMENTS (faults); i++)
    caught &= ~(UINT64_C (1) << (faults[i] - 1));
  for (guint i = 0; i < 64 && !self->nests; i++)
    if ((caught >> i & 1) != 0 && !may_nest (self, i + 1, &self->nests))
      return FALSE;
  self->is_in_vain = self->nests;

  return !self->nests;
}

/* What is done to the thread that was stopped. */
static gboolean
use_thread (Injection *self)
{
  gboolean injected;

  if (rsc_process_shares_memory (self->pid))
    {
      ptrace (PTRACE_DETACH, self->thread.tid, NULL, NULL);
      self->injection->other_way = FALSE;
      return fail (self, RSC_ERROR_BUSY, _("Process %d is about to execute another program, and has its parent's memory until then: it was left alone. Try again."));
    }
  if (!rsc_seccomp_check (self->pid, self->thread.tid, self->error) || !prepare_frame (self))
    {
      /* The agent itself needs those system calls. */
      self->injection->other_way = rsc_process_status_get_number (self->thread.tid, "Seccomp") <= 0;
      ptrace (PTRACE_DETACH, self->thread.tid, NULL, NULL);
      return FALSE;
    }
  injected = make_room (self);
  self->injection->other_way = !injected && !self->runs;
  injected = injected && check_handlers (self) && load (self);
  if (!self->runs)
    clean_up (self);
  if (!self->runs)
    let_go (self);
  self->injection->stopped_us = g_get_monotonic_time () - self->thread.stopped;

  return injected;
}

/* As long as nobody needs to be stopped to see that it would be in vain. */
static void
wait_for_loader (Injection *self, gint64 until)
{
  while (self->functions.loader_lock != 0 && rsc_loader_lock_is_taken (self->memory, self->functions.loader_lock)
         && g_get_monotonic_time () < until)
    g_usleep (LOADER_INTERVAL);
}

/* One thread is stopped, and goes on. */
static gboolean
try_once (Injection *self, const char *python)
{
  gboolean injected = rsc_thread_stop (self->memory, python, &self->gadgets, self->nests, &self->thread, self->error)
                      && use_thread (self);

  if (self->thread.has_others)
    rsc_signal_wake (self->memory, self->signals, self->thread.tid);

  return injected;
}

/* Whether to try again what has failed: then everything is as before. */
static gboolean
forget_try (Injection *self, gint64 until)
{
  if (self->runs || !(self->is_in_vain || (self->loader_is_busy && g_get_monotonic_time () < until)))
    return FALSE;
  g_clear_error (self->error);
  g_clear_pointer (&self->copy, rsc_visiting_file_free);
  g_clear_pointer (&self->thread.state, rsc_thread_state_free);
  self->stub = self->data = 0;
  /* Nothing else is to be feared of that one. */
  self->injection->other_way = self->is_in_vain;
  self->loader_is_busy = self->is_in_vain = FALSE;

  return rsc_process_memory_reload (self->memory, self->error);
}

static gboolean
inject (Injection *self)
{
  gint64 until = g_get_monotonic_time () + LOADER_PATIENCE;
  g_autofree char *python = NULL;
  gboolean injected;

  self->memory = rsc_process_memory_open (self->pid, TRUE, self->error);
  if (self->memory == NULL || !look_up (self, &python))
    return FALSE;
  do
    {
      wait_for_loader (self, until);
      injected = try_once (self, python);
    }
  while (!injected && forget_try (self, until));

  return injected || fail_gone (self);
}

static gpointer
run (gpointer data)
{
  Injection *self = data;
  gboolean injected;

  /* While this thread sleeps, one of the program's stands still.  It gets no precedence: it would keep what it waits for from
   * the processor. */
  prctl (PR_SET_TIMERSLACK, 1, 0, 0, 0);
  injected = inject (self);

  g_clear_pointer (&self->copy, rsc_visiting_file_free);

  if (!injected && self->injection->connection >= 0)
    {
      close (self->injection->connection);
      self->injection->connection = -1;
    }

  return GINT_TO_POINTER (injected);
}

gboolean
rsc_inject (pid_t pid, const char *library, RscInjection *injection, GError **error)
{
  GError *local_error = NULL;
  Injection self = {
    .pid = pid, .library = library, .error = &local_error, .file = -1,
    .injection = injection,
  };
  gboolean injected;

  *injection = (RscInjection) { .connection = -1 };
  /* A thread of its own: what is traced belongs to it, and is free when it ends, whatever happened.  Until then we are not stopped. */
  rsc_hold_stop_begin ();
  injected = GPOINTER_TO_INT (g_thread_join (g_thread_new ("rsc-inject", run, &self)));
  rsc_hold_stop_end ();
  rsc_process_memory_free (self.memory);
  rsc_thread_state_free (self.thread.state);
  g_free (self.bytes);
  if (local_error != NULL)
    g_propagate_error (error, local_error);

  return injected;
}
