/* Beginning in a program whose interpreter was asked to (3.14 and later): its main thread runs a
 * script of Refscope's, at a point that the interpreter has for that, and the script
 * loads the agent as if it were an extension module.
 *
 * The module is of the kind that leaves nothing behind: it is made for the script, which has the
 * only reference. */

#include "rsc-agent-private.h"

#include <unistd.h>

RSC_AGENT_EXPORT RscWireRemoteAnswer rsc_agent_remote_answer_1;
RSC_AGENT_EXPORT PyObject *PyInit_refscope_agent (void);

/* Whether it is one of the script's own: none that a function of the program's raised, nor one for its main thread. */
static bool
is_own (PyObject *exception)
{
  PyObject *const own[] = {
    PyExc_ImportError, PyExc_SystemError, PyExc_LookupError, PyExc_AttributeError, PyExc_NameError, PyExc_TypeError,
    PyExc_MemoryError, PyExc_RecursionError,
  };
  PyObject *trace = PyException_GetTraceback (exception);
  PyObject *deeper = trace != NULL ? PyObject_GetAttrString (trace, "tb_next") : NULL;
  bool found = false;

  if (deeper == NULL)
    PyErr_Clear ();
  for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
    found |= deeper == Py_None && PyErr_GivenExceptionMatches (exception, own[i]);
  /* The program is not to see where it came by. */
  if (!found && deeper != NULL && PyException_SetTraceback (exception, deeper) != 0)
    PyErr_Clear ();
  Py_XDECREF (deeper);
  Py_XDECREF (trace);

  return found;
}

static void
raise_again (PyObject *exception)
{
  PyObject *type = (PyObject *) Py_TYPE (exception);

  Py_INCREF (type);
  Py_INCREF (exception);
  PyErr_Restore (type, exception, PyException_GetTraceback (exception));
}

/* @data: of the exception, and of the script's names, which may be compared as long as they are there. */
static int
on_pending_call (void *data)
{
  PyObject *owed = data;

  /* The script has not come to its end yet. */
  if (PyEval_GetGlobals () == PyTuple_GetItem (owed, 1) && Py_AddPendingCall (on_pending_call, owed) == 0)
    return 0;
  raise_again (PyTuple_GetItem (owed, 0));
  Py_DECREF (owed);

  return -1;
}

/* What a handler of a signal raises while the script runs is raised in there: the interpreter would print it, and the
 * program not hear of it.  So it is raised again as soon as the program goes on. */
static PyObject *
pass_on (PyObject *self, PyObject *exception)
{
  PyObject *owed;

  (void) self;
  if (is_own (exception))
    Py_RETURN_NONE;
  owed = PyTuple_Pack (2, exception, PyEval_GetGlobals ());
  if (owed == NULL)
    return NULL;
  if (Py_AddPendingCall (on_pending_call, owed) == 0)
    Py_RETURN_NONE;
  /* It is printed, at least. */
  raise_again (exception);
  Py_DECREF (owed);

  return NULL;
}

static bool
read_number (PyObject *tuple, Py_ssize_t i, uint64_t *number)
{
  PyObject *item = PyTuple_GetItem (tuple, i);

  if (item == NULL)
    return false;
  *number = PyLong_AsUnsignedLongLong (item);

  return PyErr_Occurred () == NULL;
}

/* Refscope may have been killed since. */
static void
remove_files (PyObject *request)
{
  for (Py_ssize_t i = 3; i < PyTuple_Size (request); i++)
    {
      const char *path = PyBytes_AsString (PyTuple_GetItem (request, i));

      if (path != NULL)
        unlink (path);
    }
}

/* Begins, if the request is meant for now and here. */
static void
begin (PyObject *request)
{
  static const RscWireRoom room;
  RscWireRemoteAnswer answer = { .ends = { -1, -1 } };
  uint64_t pid, until;

  if (!read_number (request, 0, &pid) || !read_number (request, 1, &answer.token)
      || !read_number (request, 2, &until))
    return;
  if ((uint64_t) getpid () != pid)
    return;
  remove_files (request);
  if (rsc_agent_now () > until)
    answer.result = RSC_WIRE_ATTACH_LATE;
  else
    answer.result = rsc_agent_attach_2 (answer.ends, &room);
  rsc_agent_remote_answer_1.result = answer.result;
  rsc_agent_remote_answer_1.ends[0] = answer.ends[0];
  rsc_agent_remote_answer_1.ends[1] = answer.ends[1];
  __atomic_store_n (&rsc_agent_remote_answer_1.token, answer.token, __ATOMIC_RELEASE);
}

PyObject *
PyInit_refscope_agent (void)
{
  static PyMethodDef method = { RSC_WIRE_REMOTE_PASS_ON, pass_on, METH_O, NULL };
  static PyModuleDef module = { PyModuleDef_HEAD_INIT, .m_name = RSC_WIRE_REMOTE_MODULE };
  PyObject *script = PyEval_GetGlobals (), *request, *function;

  request = script != NULL ? PyDict_GetItemString (script, RSC_WIRE_REMOTE_REQUEST) : NULL;
  if (request != NULL)
    {
      function = PyCFunction_NewEx (&method, NULL, NULL);
      if (function != NULL)
        PyDict_SetItemString (script, RSC_WIRE_REMOTE_PASS_ON, function);
      Py_XDECREF (function);
      PyErr_Clear ();
      begin (request);
      PyErr_Clear ();
    }

  return PyModuleDef_Init (&module);
}
