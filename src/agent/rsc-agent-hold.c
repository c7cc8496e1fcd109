/* Holding the program: at a mark, at an exception that ends it, and before the
 * interpreter takes its modules apart.
 *
 * The thread that came there waits; the GIL is free meanwhile, so the program's
 * other threads go on.  Signals are served as in time.sleep().  The wait ends when
 * Refscope says so, and at once when Refscope is gone. */

#include "rsc-agent-private.h"

#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

void
rsc_agent_signal_held (void)
{
  atomic_fetch_add (&rsc_agent.signals, 1);
  syscall (SYS_futex, &rsc_agent.signals, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

void
rsc_agent_release (void)
{
  atomic_fetch_add (&rsc_agent.released, 1);
  rsc_agent_signal_held ();
}

/* Until the count of signals is not @signals any more: 0; else an errno. */
static int
wait_for_signal (unsigned signals, uint64_t end)
{
  struct timespec limit, *timeout = NULL;

  if (end != 0)
    {
      uint64_t now = rsc_agent_now ();
      uint64_t left = end > now ? end - now : 0;

      limit.tv_sec = (time_t) (left / 1000000000);
      limit.tv_nsec = (long) (left % 1000000000);
      timeout = &limit;
    }

  if (syscall (SYS_futex, &rsc_agent.signals, FUTEX_WAIT_PRIVATE, signals, timeout, NULL, 0) == 0
      || errno == EAGAIN)
    return 0;

  return errno;
}

/* Only of the one that the interpreter made: its flush() runs no code of the program. */
static void
flush_output (void)
{
  PyObject *type, *value, *traceback;
  PyObject *output, *module, *class = NULL, *result = NULL;

  PyErr_Fetch (&type, &value, &traceback);
  output = PySys_GetObject ("__stdout__"); /* borrowed */
  module = PyImport_AddModule ("_io");     /* borrowed; it is always there */
  if (module != NULL)
    class = PyObject_GetAttrString (module, "TextIOWrapper");
  if (output != NULL && class != NULL && (PyObject *) Py_TYPE (output) == class)
    result = PyObject_CallMethod (output, "flush", NULL);
  Py_XDECREF (result);
  Py_XDECREF (class);
  PyErr_Clear (); /* a closed pipe is the program's affair, when it writes */
  PyErr_Restore (type, value, traceback);
}

int
rsc_agent_hold (RscWireHold kind, const char *hint, const char *file, unsigned line, unsigned seconds, bool flush)
{
  /* Too big for every thread's stack, and malloc() may have nothing: it is
   * static, and filled and sent under the GIL. */
  static RscWireMessage message;
  /* Taken before Refscope can know: a release that answers this hold counts. */
  unsigned released = atomic_load (&rsc_agent.released);
  bool on_main = rsc_agent_is_main_thread ();
  uint64_t end = seconds > 0 ? rsc_agent_now () + seconds * UINT64_C (1000000000) : 0;
  int result = 0;

  if (flush)
    flush_output ();
  rsc_agent_tell_collections ();
  rsc_agent_come_back ();
  if (on_main)
    atomic_store (&rsc_agent.main_held, true);
  rsc_wire_message_init (&message, RSC_WIRE_HELD, 0);
  rsc_wire_message_add_number (&message, RSC_WIRE_HOLD, kind);
  rsc_wire_message_add_string (&message, RSC_WIRE_HINT, hint);
  if (file != NULL)
    rsc_wire_message_add_string (&message, RSC_WIRE_FILE, file);
  rsc_wire_message_add_number (&message, RSC_WIRE_LINE, line);
  rsc_agent_send (&message);

  while (atomic_load (&rsc_agent.active))
    {
      unsigned signals = atomic_load (&rsc_agent.signals);
      int error;

      rsc_agent_drop_walks ();
      /* A collection ran finalizers, perhaps. */
      if (on_main && rsc_agent_run_on_main () && flush)
        flush_output ();
      if (atomic_load (&rsc_agent.released) != released)
        break;

      Py_BEGIN_ALLOW_THREADS
      error = wait_for_signal (signals, end);
      Py_END_ALLOW_THREADS

      if (error == ETIMEDOUT)
        break;
      if (error == EINTR && PyErr_CheckSignals () != 0)
        {
          result = -1;
          break;
        }
      /* What a handler made may have come back. */
      rsc_agent_look_where ();
    }

  if (on_main)
    {
      atomic_store (&rsc_agent.main_held, false);
      /* What was begun while that was still true came by no other way. */
      rsc_agent_run_on_main ();
    }
  rsc_wire_message_init (&message, RSC_WIRE_RESUMED, 0);
  rsc_agent_send (&message);

  return result;
}

bool
rsc_agent_holds_at (const char *hint, unsigned *seconds)
{
  *seconds = 0;
  if (atomic_load (&rsc_agent.hold_all))
    return true;

  for (const char *name = rsc_agent.hold_names; name != NULL && *name != '\0'; name += strlen (name) + 1)
    if (strcmp (name, hint) == 0)
      {
        *seconds = RSC_AGENT_MARK_SECONDS;
        return true;
      }

  return false;
}

int
rsc_agent_mark (const char *hint, const char *file, unsigned line)
{
  static RscWireMessage message; /* see above */
  uint64_t uss, rss;
  unsigned seconds;

  rsc_agent_tell_collections ();
  rsc_wire_message_init (&message, RSC_WIRE_MARK, 0);
  rsc_wire_message_add_string (&message, RSC_WIRE_HINT, hint);
  rsc_wire_message_add_string (&message, RSC_WIRE_FILE, file);
  rsc_wire_message_add_number (&message, RSC_WIRE_LINE, line);
  rsc_wire_message_add_number (&message, RSC_WIRE_TIME, rsc_agent_now ());
  /* While a child shares the program's pages, its unique set size would be
   * anything: the mark has none. */
  if (!rsc_agent_has_children () && rsc_agent_read_memory (&uss, &rss))
    {
      rsc_wire_message_add_number (&message, RSC_WIRE_USS, uss);
      rsc_wire_message_add_number (&message, RSC_WIRE_RSS, rss);
    }
  rsc_agent_send (&message);

  if (!rsc_agent_holds_at (hint, &seconds))
    return 0;

  return rsc_agent_hold (RSC_WIRE_HOLD_MARK, hint, file, line, seconds, true);
}
