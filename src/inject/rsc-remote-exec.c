#include "config.h"

#include "rsc-remote-exec.h"

#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/rsc-error.h"
#include "base/rsc-file.h"
#include "rsc-agent-entry.h"
#include "rsc-process-status.h"
#include "rsc-remote-support.h"
#include "rsc-visiting-file.h"
#include "wire/rsc-wire-attach.h"

/* How long the main thread has to come to the script; who had just begun with it when that was over; and then how long
 * it has for loading the agent. */
#define COME_MS 2000
#define LATE_MS 50
/* How long for a request that somebody else made. */
#define OTHER_MS 200
#define PATH_US 2000
#define LOAD_MS 3000
/* How often to look, in microseconds. */
#define INTERVAL 500

/* What the byte is made to be: the thread looks for signals, for calls that wait for it, and for an exception that
 * another thread gave it.  Each is looked for where it is, so that there may be none.  Never: that another
 * thread wants the GIL, for giving it up would wait for one that takes it, for ever (who wants it asks again); that a
 * collection is due, for then there would be one (the next allocation says so again); and what JIT and free-threaded builds
 * have (a look for unused traces would come later). */
#define SIGNALS_PENDING (1u << 1)
#define CALLS_TO_DO (1u << 2)
#define ASYNC_EXCEPTION (1u << 3)
#define WAKE (SIGNALS_PENDING | CALLS_TO_DO | ASYNC_EXCEPTION)

typedef struct
{
  pid_t pid;
  RscProcessMemory *memory;
  RscRemoteSupport support;
  RscVisitingFile *copy, *script;
  guint64 token;
  gint64 came; /* monotonic: when the thread was seen to have come; 0: not yet */
  GError **error;
} Remote;

static gboolean
fail (Remote *self, RscErrorCode code, const char *message)
{
  g_set_error (self->error, RSC_CAPTURE_ERROR, code, message, (int) self->pid);

  return FALSE;
}

static gboolean
fail_gone (Remote *self)
{
  return fail (self, RSC_ERROR_EXITED, _("Process %d ended while it was attached to."));
}

/* What a filter of system calls says is seen by who traces the process only: it may end the program for what the agent does. */
static gboolean
check_filter (Remote *self)
{
  return rsc_process_status_get_number (self->pid, "Seccomp") <= 0
         || fail (self, RSC_ERROR_UNSUPPORTED,
                  _("Process %d is under a filter of system calls (seccomp, as in most containers), which might end it for what the agent does, and cannot be asked what it forbids."));
}

static gboolean
is_same_file (pid_t pid, const char *path)
{
  g_autofree char *theirs = g_strdup_printf ("/proc/%d/root%s", (int) pid, path);
  struct stat a, b;

  return stat (path, &a) == 0 && stat (theirs, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* By which path the process opens the library.  The loader knows one that it has already by its name, also if
 * the file is gone. */
static char *
find_library (Remote *self, const char *library)
{
  g_autofree char *path = NULL;
  g_autofree char *bytes = NULL;
  gsize size;

  if (rsc_agent_entry_find (self->memory, RSC_WIRE_REMOTE_ANSWER, &path) != 0)
    {
      if (!g_str_has_prefix (path, "/memfd:"))
        return g_steal_pointer (&path);
      fail (self, RSC_ERROR_UNSUPPORTED,
            _("Process %d has the agent from a file without a name: its Python cannot be asked to begin with it again."));
      return NULL;
    }
  if (is_same_file (self->pid, library) && g_utf8_validate (library, -1, NULL))
    return g_strdup (library);
  if (!g_file_get_contents (library, &bytes, &size, self->error))
    return NULL;
  self->copy = rsc_visiting_file_create (self->pid, RSC_VISITING_CODE, ".so", bytes, size);
  if (self->copy != NULL)
    return g_strdup (self->copy->path);
  fail (self, RSC_ERROR_FAILED, _("There is no folder in which process %d could be given the agent: neither /dev/shm nor /tmp or /var/tmp."));

  return NULL;
}

/* A text of Python's between double quotes. */
static char *
quote (const char *text)
{
  char others[129] = { 0 };

  for (guint i = 0; i < 128; i++)
    others[i] = (char) (0x80 + i);

  return g_strescape (text, others);
}

/* There is no call in it before the one that loads, for after each the interpreter may run a handler of a signal.  Names
 * are taken from the importing machinery: an import statement could be the program's own code.  What a handler raises
 * before the agent is there to pass it on, the interpreter prints. */
static char *
make_text (Remote *self, const char *library)
{
  g_autofree char *origin = quote (library);
  g_autofree char *copy = self->copy != NULL ? g_strdup_printf (", b\"%s\"", self->copy->path) : g_strdup ("");

  return g_strdup_printf (RSC_WIRE_REMOTE_REQUEST " = %d, %" G_GUINT64_FORMAT ", %" G_GINT64_FORMAT ", b\"%s\"%s\n"
                          RSC_WIRE_REMOTE_PASS_ON " = None\n"
                          "def spec(): pass\n"
                          "spec.name = '" RSC_WIRE_REMOTE_MODULE "'\n"
                          "spec.origin = \"%s\"\n"
                          "try:\n"
                          "    __loader__.create_module.__globals__['_imp'].create_dynamic(spec)\n"
                          "except BaseException as exception:\n"
                          "    if " RSC_WIRE_REMOTE_PASS_ON " is not None:\n"
                          "        " RSC_WIRE_REMOTE_PASS_ON "(exception)\n"
                          "    elif not isinstance(exception, ImportError):\n"
                          "        raise\n"
                          "finally:\n"
                          "    del spec\n",
                          (int) rsc_process_get_inner (self->pid), self->token,
                          (g_get_monotonic_time () + (COME_MS + LATE_MS) * 1000) * 1000 + rsc_process_get_clock_offset (self->pid),
                          self->script->path, copy,
                          origin);
}

static gboolean
make_script (Remote *self, const char *library)
{
  self->script = rsc_visiting_file_create (self->pid, RSC_VISITING_SECRET, ".py", "", 0);
  if (self->script != NULL && strlen (self->script->path) < self->support.path_size)
    {
      g_autofree char *text = make_text (self, library);

      if (rsc_file_write_all (self->script->fd, text, strlen (text), self->error))
        return TRUE;
      g_prefix_error (self->error, "%s: ", self->script->path);
      return FALSE;
    }

  return fail (self, RSC_ERROR_FAILED, _("There is no folder in which process %d could be given the agent: neither /dev/shm nor /tmp or /var/tmp."));
}

static gboolean
read_pending (Remote *self, gint32 *pending)
{
  return rsc_process_memory_read (self->memory, self->support.pending, pending, sizeof *pending);
}

static gboolean
has_our_path (Remote *self)
{
  gsize size = strlen (self->script->path) + 1;
  g_autofree char *path = g_malloc (size);

  return rsc_process_memory_read (self->memory, self->support.path, path, size) && memcmp (path, self->script->path, size) == 0;
}

static gboolean
fail_other (Remote *self, RscInjection *injection)
{
  injection->is_busy = TRUE;

  return fail (self, RSC_ERROR_BUSY, _("The Python of process %d has been asked by another debugger to run something: let that end, and try again."));
}

/* What is not 0 makes the thread look as well. */
static gboolean
wake (Remote *self)
{
  static const guint8 flags = WAKE;
  guint8 byte;

  return rsc_process_memory_read (self->memory, self->support.breaker, &byte, 1)
         && (byte != 0 || rsc_process_memory_write (self->memory, self->support.breaker, &flags, 1));
}

/* Who made a request that stands there may have been killed before the thread was made to look: it would stand there as long as
 * the thread does not look for another reason.  FALSE: the process ended. */
static gboolean
see_off_other (Remote *self, gint32 *pending)
{
  gint64 until = g_get_monotonic_time () + OTHER_MS * 1000;
  gboolean was_there = FALSE;

  while (read_pending (self, pending))
    {
      /* It is taken before its path is read: which is not to be written over meanwhile. */
      if (*pending == 0 && was_there)
        g_usleep (PATH_US);
      if (*pending == 0 || g_get_monotonic_time () > until)
        return TRUE;
      was_there = TRUE;
      if (!wake (self))
        return FALSE;
      g_usleep (INTERVAL);
    }

  return FALSE;
}

static gboolean
ask (Remote *self, RscInjection *injection)
{
  static const gint32 one = 1;
  gint32 pending;

  if (!see_off_other (self, &pending))
    return fail_gone (self);
  if (pending != 0)
    return fail_other (self, injection);
  if (!rsc_process_memory_write (self->memory, self->support.path, self->script->path, strlen (self->script->path) + 1)
      || !rsc_process_memory_write (self->memory, self->support.pending, &one, sizeof one))
    return fail_gone (self);

  return has_our_path (self) || fail_other (self, injection);
}

/* Until the thread has taken the request, or has had the time. */
static gboolean
wait_for_thread (Remote *self)
{
  gint64 until = g_get_monotonic_time () + COME_MS * 1000;
  gint32 pending;

  do
    {
      if (!read_pending (self, &pending))
        return fail_gone (self);
      if (pending == 0)
        {
          self->came = g_get_monotonic_time ();
          return TRUE;
        }
      if (!wake (self))
        return fail_gone (self);
      g_usleep (INTERVAL);
    }
  while (g_get_monotonic_time () < until);

  return TRUE;
}

/* The thread may be about to read the script just now: it finds it empty, and nobody prints that it is not there. */
static void
withdraw (Remote *self)
{
  static const gint32 zero = 0;

  rsc_visiting_file_empty (self->script);
  if (has_our_path (self))
    rsc_process_memory_write (self->memory, self->support.pending, &zero, sizeof zero);
}

/* What the agent says to the request; FALSE: nothing until @ms have gone by. */
static gboolean
wait_for_answer (Remote *self, int ms, RscWireRemoteAnswer *answer)
{
  gint64 until = g_get_monotonic_time () + ms * 1000;

  do
    {
      guint64 address;

      if (!rsc_process_memory_reload (self->memory, self->error))
        return FALSE;
      address = rsc_agent_entry_find (self->memory, RSC_WIRE_REMOTE_ANSWER, NULL);
      /* The rest is there before the number is. */
      if (address != 0 && rsc_process_memory_read (self->memory, address, answer, sizeof *answer)
          && answer->token == self->token)
        return rsc_process_memory_read (self->memory, address, answer, sizeof *answer);
      g_usleep (INTERVAL);
    }
  while (g_get_monotonic_time () < until);

  return FALSE;
}

static gboolean
run (Remote *self, RscInjection *injection)
{
  RscWireRemoteAnswer answer;
  gboolean came;

  if (!ask (self, injection) || !wait_for_thread (self))
    return FALSE;
  came = self->came != 0;
  if (!came)
    withdraw (self);
  if (wait_for_answer (self, came ? LOAD_MS : LATE_MS, &answer))
    {
      injection->stopped_us = came ? g_get_monotonic_time () - self->came : 0;
      return rsc_agent_entry_take (self->pid, answer.result, answer.ends[1], injection, self->error);
    }
  if (*self->error != NULL)
    return FALSE;

  return came ? fail (self, RSC_ERROR_FAILED,
                      _("The Python of process %d did not load Refscope's agent when it was asked to: a signal came first, or the program forbids it (sys.addaudithook). It goes on as before: try again."))
              : fail (self, RSC_ERROR_TIMEOUT,
                      _("The main thread of process %d did not come to where its Python can be asked to load the agent: it waits for something, is inside long-running C code, or is held by a debugger. Nothing of that stays. Try again when it runs Python code."));
}

gboolean
rsc_remote_exec (pid_t pid, const char *library, RscInjection *injection, GError **error)
{
  GError *local_error = NULL;
  Remote self = {
    .pid = pid, .error = &local_error,
    .token = (guint64) g_random_int () << 32 | g_random_int () | 1,
  };
  g_autoptr(RscInterpreter) interpreter = NULL;
  g_autofree char *path = NULL;
  gboolean done = FALSE;

  *injection = (RscInjection) { .connection = -1 };
  self.memory = rsc_process_memory_open (pid, TRUE, &local_error);
  interpreter = self.memory != NULL ? rsc_interpreter_find (self.memory) : NULL;
  if (self.memory != NULL && interpreter == NULL)
    fail (&self, RSC_ERROR_UNSUPPORTED,
          _("Process %d runs no CPython that Refscope can attach to: it is another program, one of 32 bits, a Python of long ago, or its interpreter's symbols were stripped."));
  else if (interpreter != NULL && rsc_remote_support_find (self.memory, interpreter, &self.support, &local_error)
           && check_filter (&self))
    path = find_library (&self, library);
  if (path != NULL)
    done = make_script (&self, path) && run (&self, injection);

  rsc_visiting_file_free (self.script);
  rsc_visiting_file_free (self.copy);
  rsc_process_memory_free (self.memory);
  if (local_error != NULL)
    g_propagate_error (error, local_error);

  return done;
}
