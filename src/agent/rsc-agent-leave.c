/* os._exit(): the program ends without the interpreter coming to its end.  It is
 * held there all the same: the preload stub stands in for the C library's
 * _exit(), and asks here first. */

#include "rsc-agent-private.h"

#include <unistd.h>

/* Not PyGILState_Check(): once there has been a sub-interpreter, it says yes to everything.  The current thread state is
 * the thread's own from 3.12 on; before, it is that of whichever thread has the GIL, and a thread in a sub-interpreter is not known
 * to have it. */
bool
rsc_agent_has_gil (void)
{
  PyThreadState *current = rsc_agent.current_thread != NULL && Py_IsInitialized () ? rsc_agent.current_thread () : NULL;

  return current != NULL && (rsc_agent.current_is_own || current == PyGILState_GetThisThreadState ());
}

/* Also called in children that the program forked, or is only borrowing its memory
 * to (vfork), and in handlers of signals: there it does nothing. */
void
rsc_agent_leave (void)
{
  static atomic_bool leaving;
  static char path[PATH_MAX];
  void *file;
  uint32_t line = 0;
  bool has_file = false;

  if (!atomic_load (&rsc_agent.active) || getpid () != rsc_agent.pid
      || !atomic_load (&rsc_agent.hold_all) || !rsc_agent_has_gil () || !rsc_agent_is_in_main_interpreter ()
      || atomic_exchange (&leaving, true))
    return;

  if (rsc_walk_get_place (&file, &line) == 0 && PyUnicode_Check ((PyObject *) file))
    {
      PyObject *bytes = PyUnicode_AsEncodedString ((PyObject *) file, "utf-8", "backslashreplace");

      has_file = bytes != NULL && PyBytes_Size (bytes) < (Py_ssize_t) sizeof path;
      if (has_file)
        memcpy (path, PyBytes_AsString (bytes), (size_t) PyBytes_Size (bytes) + 1);
      Py_XDECREF (bytes);
    }
  PyErr_Clear ();
  /* What is in the buffers of its files stays there, as without Refscope. */
  if (rsc_agent_hold (RSC_WIRE_HOLD_AT_EXIT, "os._exit", has_file ? path : NULL, line, 0, false) != 0)
    PyErr_Clear ();
  rsc_agent_say_goodbye ();
}
