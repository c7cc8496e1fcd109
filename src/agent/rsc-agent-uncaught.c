/* An exception that ends the program: seen before its traceback is printed, while
 * its frames are still there.  It may be a MemoryError: nothing here has to
 * have memory, and what fails is left out. */

#include "rsc-agent-private.h"

#include <stdio.h>
#include <string.h>

/* Deeper tracebacks exist: what is asked for is only where it was raised. */
#define TRACEBACK_MAX 100000

/* Where the head of every type object has its name: PyTypeObject.tp_name, after
 * the header of a variable-sized object, in every version of CPython 3. */
static const char *
get_type_name (PyObject *type)
{
  const char *name;

  memcpy (&name, (const char *) type + 3 * sizeof (void *), sizeof name);

  return name;
}

/* Where the traceback ends: the file's name is copied to @file. */
static unsigned
find_place (PyObject *traceback, char file[PATH_MAX])
{
  PyObject *at = traceback;
  PyObject *frame = NULL, *code = NULL, *name = NULL, *line = NULL;
  unsigned result = 0;

  file[0] = '\0';
  if (at == NULL || at == Py_None)
    return 0;
  Py_INCREF (at);
  for (size_t i = 0; i < TRACEBACK_MAX; i++)
    {
      PyObject *next = PyObject_GetAttrString (at, "tb_next");

      if (next == NULL || next == Py_None)
        {
          Py_XDECREF (next);
          break;
        }
      Py_DECREF (at);
      at = next;
    }

  frame = PyObject_GetAttrString (at, "tb_frame");
  if (frame != NULL)
    code = (PyObject *) PyFrame_GetCode ((PyFrameObject *) frame);
  if (code != NULL)
    name = PyObject_GetAttrString (code, "co_filename");
  if (name != NULL && PyUnicode_Check (name))
    {
      const char *text = PyUnicode_AsUTF8AndSize (name, NULL);

      if (text != NULL)
        snprintf (file, PATH_MAX, "%s", text);
    }
  line = PyObject_GetAttrString (at, "tb_lineno");
  if (line != NULL && PyLong_Check (line))
    result = (unsigned) PyLong_AsLong (line);
  Py_XDECREF (line);
  Py_XDECREF (name);
  Py_XDECREF (code);
  Py_XDECREF (frame);
  Py_DECREF (at);
  PyErr_Clear ();

  return result;
}

void
rsc_agent_uncaught (PyObject *args)
{
  static char file[PATH_MAX]; /* guarded by the GIL */
  PyObject *type;
  void *place;
  uint32_t place_line;
  unsigned line;

  /* PyErr_Print() is also called by C code that goes on: only what reached the
   * end of the main thread's last frame ends the program. */
  if (!atomic_load (&rsc_agent.hold_all) || rsc_agent.interactive
      || !rsc_agent_is_main_thread ()
      || rsc_walk_get_place (&place, &place_line) == 0)
    return;
  if (args == NULL || !PyTuple_Check (args) || PyTuple_Size (args) < 4)
    return;

  type = PyTuple_GetItem (args, 1);
  line = find_place (PyTuple_GetItem (args, 3), file);
  if (rsc_agent_hold (RSC_WIRE_HOLD_UNCAUGHT,
                      type != NULL && PyType_Check (type) ? get_type_name (type) : "",
                      file[0] != '\0' ? file : NULL, line, 0, true) != 0)
    /* Stopped a second time while held: the first exception is what it ends with. */
    PyErr_Clear ();
}
