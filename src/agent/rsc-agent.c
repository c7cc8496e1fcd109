/* The connection, and how the program's beginning and end are seen. */

#include "rsc-agent-private.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

RscAgent rsc_agent = {
  .socket.fd = -1,
  .wake.fd = -1,
  .fd_lock = PTHREAD_MUTEX_INITIALIZER,
  .begin_lock = PTHREAD_MUTEX_INITIALIZER,
  .thread_lock = PTHREAD_MUTEX_INITIALIZER,
  .lock = PTHREAD_MUTEX_INITIALIZER,
  .changed = PTHREAD_COND_INITIALIZER,
  .request.files = { { .fd = -1 }, { .fd = -1 } },
};

uint64_t
rsc_agent_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);

  return (uint64_t) now.tv_sec * 1000000000 + (uint64_t) now.tv_nsec;
}

bool
rsc_agent_is_connected (void)
{
  rsc_agent_look_where ();

  return atomic_load (&rsc_agent.active);
}

bool
rsc_agent_is_main_thread (void)
{
  return (pid_t) syscall (SYS_gettid) == rsc_agent.main_thread;
}

void
rsc_agent_lose (void)
{
  atomic_store (&rsc_agent.active, false);
  rsc_agent_release ();
  /* Its thread sees it, and closes them at its end. */
  if (!atomic_load (&rsc_agent.has_thread))
    rsc_agent_close_connection ();
}

void
rsc_agent_close_connection (void)
{
  pthread_mutex_lock (&rsc_agent.fd_lock);
  rsc_agent_fd_close (&rsc_agent.socket);
  rsc_agent_fd_close (&rsc_agent.wake);
  pthread_mutex_unlock (&rsc_agent.fd_lock);
}

void
rsc_agent_send (const RscWireMessage *message)
{
  int error = EPIPE;

  if (!atomic_load (&rsc_agent.active))
    return;
  pthread_mutex_lock (&rsc_agent.fd_lock);
  if (rsc_agent_fd_is_ours (&rsc_agent.socket))
    error = rsc_wire_message_send (message, rsc_agent.socket.fd, NULL, 0);
  pthread_mutex_unlock (&rsc_agent.fd_lock);
  if (error == EPIPE)
    rsc_agent_lose ();
}

bool
rsc_agent_send_now (const RscWireMessage *message)
{
  int error = EAGAIN;

  /* Whoever has the lock may be waiting for room. */
  if (!atomic_load (&rsc_agent.active) || pthread_mutex_trylock (&rsc_agent.fd_lock) != 0)
    return false;
  if (rsc_agent_fd_is_ours (&rsc_agent.socket))
    error = rsc_wire_message_send_now (message, rsc_agent.socket.fd);
  pthread_mutex_unlock (&rsc_agent.fd_lock);

  return error == 0;
}

void
rsc_agent_wake (void)
{
  static const uint64_t one = 1;

  /* A program's thread is not to wait for one that sends: the agent's thread looks by itself soon. */
  if (pthread_mutex_trylock (&rsc_agent.fd_lock) != 0)
    return;
  /* EAGAIN: it is awake already. */
  if (rsc_agent_fd_is_ours (&rsc_agent.wake) && write (rsc_agent.wake.fd, &one, sizeof one) < 0)
    {
    }
  pthread_mutex_unlock (&rsc_agent.fd_lock);
}

static bool
connect_socket (const char *folder)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  struct timeval send_limit = { .tv_sec = RSC_AGENT_SEND_SECONDS };
  struct timeval receive_limit = { .tv_sec = RSC_AGENT_CONNECT_SECONDS };
  int fd;

  if (snprintf (address.sun_path, sizeof address.sun_path, "%s/" RSC_WIRE_SOCKET, folder)
      >= (int) sizeof address.sun_path)
    return false;
  fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (!rsc_agent_fd_take (&rsc_agent.socket, fd, S_IFSOCK))
    return false;
  setsockopt (rsc_agent.socket.fd, SOL_SOCKET, SO_SNDTIMEO, &send_limit, sizeof send_limit);
  setsockopt (rsc_agent.socket.fd, SOL_SOCKET, SO_RCVTIMEO, &receive_limit, sizeof receive_limit);

  return connect (rsc_agent.socket.fd, (const struct sockaddr *) &address, sizeof address) == 0;
}

/* The names of marks that are to hold in any case, kept as one block. */
static void
take_hold_names (const RscWireMessage *welcome)
{
  const char *name;
  size_t size = 1;
  char *at;

  rsc_agent.hold_names = NULL;
  if (rsc_wire_message_nth_string (welcome, RSC_WIRE_HOLD_NAME, 0) == NULL)
    return;

  for (unsigned i = 0; (name = rsc_wire_message_nth_string (welcome, RSC_WIRE_HOLD_NAME, i)) != NULL; i++)
    size += strlen (name) + 1;
  /* Of an earlier connection: a thread may be reading them still. */
  rsc_agent.hold_names = at = calloc (1, size);
  if (at == NULL)
    return;
  for (unsigned i = 0; (name = rsc_wire_message_nth_string (welcome, RSC_WIRE_HOLD_NAME, i)) != NULL; i++)
    at = stpcpy (at, name) + 1;
}

void
rsc_agent_take_welcome (const RscWireMessage *welcome)
{
  atomic_store (&rsc_agent.hold_all, rsc_wire_message_number (welcome, RSC_WIRE_HOLD_ALL, 0) != 0);
  take_hold_names (welcome);
  rsc_agent.record = rsc_wire_message_number (welcome, RSC_WIRE_ENABLED, 0) != 0;
}

bool
rsc_agent_say_hello (void)
{
  static RscWireMessage message;
  const unsigned long *version = dlsym (RTLD_DEFAULT, "Py_Version");

  rsc_wire_message_init (&message, RSC_WIRE_HELLO, 0);
  rsc_wire_message_add_number (&message, RSC_WIRE_PID, (uint64_t) rsc_agent.pid);
  rsc_wire_message_add_number (&message, RSC_WIRE_VERSION_HEX, version != NULL ? *version : 0);
  rsc_wire_message_add_string (&message, RSC_WIRE_TEXT, Py_GetVersion ());

  return rsc_wire_message_send (&message, rsc_agent.socket.fd, NULL, 0) == 0;
}

static bool
greet (void)
{
  static RscWireMessage message;
  RscWireResult result;

  if (!rsc_agent_say_hello ()
      || rsc_wire_message_receive (&message, rsc_agent.socket.fd, NULL, NULL, &result) != 0
      || rsc_wire_message_get_type (&message) != RSC_WIRE_WELCOME)
    return false;
  rsc_agent_take_welcome (&message);

  return true;
}

/* Captures that were asked for are finished before the interpreter ends:
 * their children end with the program. */
static void
wait_until_idle (void)
{
  pthread_mutex_lock (&rsc_agent.lock);
  /* A collection that another thread is in the middle of is not waited for: it need not come to its end. */
  while (rsc_agent.phase != RSC_AGENT_IDLE && rsc_agent.phase != RSC_AGENT_AWAITING && atomic_load (&rsc_agent.active))
    {
      struct timespec limit;

      clock_gettime (CLOCK_REALTIME, &limit);
      limit.tv_sec += 1;
      pthread_cond_timedwait (&rsc_agent.changed, &rsc_agent.lock, &limit);
      /* Another thread may fork meanwhile: the pending call by which the agent's
       * thread comes back is the main thread's, which waits here for it. */
      pthread_mutex_unlock (&rsc_agent.lock);
      rsc_agent_come_back ();
      pthread_mutex_lock (&rsc_agent.lock);
    }
  pthread_mutex_unlock (&rsc_agent.lock);
}

void
rsc_agent_send_last (void)
{
  static RscWireMessage message;

  rsc_agent_tell_last_collections ();
  rsc_wire_message_init (&message, RSC_WIRE_GOODBYE, 0);
  rsc_agent_send (&message);
  atomic_store (&rsc_agent.active, false);
}

void
rsc_agent_say_goodbye (void)
{
  rsc_agent_come_back ();
  /* From here on no collection is waited for. */
  atomic_store (&rsc_agent.is_ending, true);
  rsc_agent_await_end ();
  if (rsc_agent_is_main_thread ())
    rsc_agent_run_on_main ();
  Py_BEGIN_ALLOW_THREADS
  wait_until_idle ();
  Py_END_ALLOW_THREADS
  /* From here on nobody may wait for the GIL. */
  atomic_store (&rsc_agent.has_ended, true);
  /* It says goodbye: this one may not be allowed to send any more (seccomp). */
  rsc_agent_thread_stop (true, 0);
  if (!atomic_load (&rsc_agent.active))
    return;
  /* It is away for a fork of another thread's, or this is the agent's. */
  rsc_agent_send_last ();
  rsc_agent_close_connection ();
}

/* Called by the interpreter after all that the program registered with atexit: the first to
 * be registered is the last to be called.  Where Refscope attached, after what was registered since. */
static PyObject *
on_exit_callback (PyObject *self, PyObject *unused)
{
  int result = 0;

  if (!rsc_agent_is_connected ())
    {
      atomic_store (&rsc_agent.has_ended, true);
      Py_RETURN_NONE;
    }
  if (atomic_load (&rsc_agent.hold_all))
    result = rsc_agent_hold (RSC_WIRE_HOLD_AT_EXIT, "", NULL, 0, 0, true);
  rsc_agent_say_goodbye ();

  if (result != 0)
    return NULL;
  Py_RETURN_NONE;
}

/* The last that the interpreter does at its end, when nobody has a GIL any more.  What is kept of it means nothing from here on:
 * a program that has Python inside may begin another one.  Unless there is a thread still, which was not told of the end: then
 * nothing begins again. */
static void
on_interpreter_gone (void)
{
  bool is_quiet = !rsc_agent_is_connected ()
                  && (!atomic_load (&rsc_agent.has_thread) || atomic_load (&rsc_agent.thread_ended));

  rsc_agent.is_watching_end = false;
  rsc_agent.is_watching = false;
  rsc_agent.n_own = 0;
  rsc_agent_forget_main_call ();
  rsc_agent_forget_gc ();
  rsc_agent_forget_callback ();
  rsc_agent_unwatch_collections ();
  rsc_walk_forget_interpreters ();
  atomic_store (&rsc_agent.is_ending, false);
  atomic_store (&rsc_agent.has_ended, !is_quiet);
}

void
rsc_agent_watch_end (void)
{
  if (!rsc_agent.is_watching_end)
    rsc_agent.is_watching_end = Py_AtExit (on_interpreter_gone) == 0;
}

void
rsc_agent_own (PyObject *object)
{
  if (rsc_agent.n_own < sizeof rsc_agent.own / sizeof rsc_agent.own[0])
    rsc_agent.own[rsc_agent.n_own++] = object;
}

/* Importing calls what the program has put into builtins.__import__ and sys.meta_path, and its audit hooks, between any two
 * instructions of its own, while it has locks that they wait for. */
PyObject *
rsc_agent_find_builtin (const char *name, bool *is_ours)
{
  PyObject *modules = PyImport_GetModuleDict ();
  PyObject *module = PyDict_GetItemString (modules, name);    /* borrowed, as those below */
  PyObject *makers = PyDict_GetItemString (modules, "_imp");
  PyObject *spec, *text, *result = NULL;

  *is_ours = false;
  if (module != NULL && PyModule_Check (module))
    return Py_NewRef (module);
  if (makers == NULL)
    {
      PyErr_SetString (PyExc_ImportError, name);
      return NULL;
    }
  *is_ours = true;
  /* All that is asked of a spec is its name; the class of those is written in Python. */
  spec = PyModule_New (name);
  text = PyUnicode_FromString (name);
  module = NULL;
  if (spec != NULL && text != NULL && PyObject_SetAttrString (spec, "name", text) == 0)
    module = PyObject_CallMethod (makers, "create_builtin", "O", spec);
  if (module == Py_None)
    PyErr_SetString (PyExc_ImportError, name);
  else if (module != NULL)
    result = PyObject_CallMethod (makers, "exec_builtin", "O", module);
  if (result == NULL)
    Py_CLEAR (module);
  /* Those of an older kind are put there. */
  else if (PyDict_GetItemString (modules, name) != NULL)
    PyDict_DelItemString (modules, name);
  Py_XDECREF (result);
  Py_XDECREF (text);
  Py_XDECREF (spec);

  return module;
}

/* atexit.register(). */
void
rsc_agent_watch_exit (void)
{
  static PyMethodDef method = { "refscope_at_exit", on_exit_callback, METH_NOARGS, NULL };
  bool is_ours;
  PyObject *module = rsc_agent_find_builtin ("atexit", &is_ours);
  PyObject *callback = PyCFunction_NewEx (&method, NULL, NULL);
  PyObject *result = NULL;

  if (module != NULL && callback != NULL)
    result = PyObject_CallMethod (module, "register", "O", callback);
  if (result != NULL)
    rsc_agent_own (callback);
  Py_XDECREF (result);
  Py_XDECREF (callback);
  /* The module and its functions are a cycle: let go of, it would be garbage of ours
   * that the program's next collection counts. */
  if (!is_ours)
    Py_XDECREF (module);
  PyErr_Clear ();
}

void
rsc_agent_find_functions (void)
{
  rsc_agent.current_thread = (PyThreadState * (*) (void) ) dlsym (RTLD_DEFAULT, "_PyThreadState_UncheckedGet");
  if (rsc_agent.current_thread == NULL) /* from 3.13 on it has a name of its own */
    rsc_agent.current_thread = (PyThreadState * (*) (void) ) dlsym (RTLD_DEFAULT, "PyThreadState_GetUnchecked");
  rsc_agent.current_is_own = strtoul (Py_GetVersion () + strlen ("3."), NULL, 10) >= 12;
  rsc_agent.fork_tells = strtoul (Py_GetVersion () + strlen ("3."), NULL, 10) == 12;
  rsc_agent.is_finalizing = (int (*) (void)) dlsym (RTLD_DEFAULT, "Py_IsFinalizing");
  if (rsc_agent.is_finalizing == NULL) /* until 3.12 */
    rsc_agent.is_finalizing = (int (*) (void)) dlsym (RTLD_DEFAULT, "_Py_IsFinalizing");
  rsc_agent.main_interpreter = (PyInterpreterState * (*) (void) ) dlsym (RTLD_DEFAULT, "PyInterpreterState_Main");
}

bool
rsc_agent_is_in_main_interpreter (void)
{
  return rsc_agent.main_interpreter != NULL && PyInterpreterState_Get () == rsc_agent.main_interpreter ();
}

void
rsc_agent_begin (const char *folder, const char *event)
{
  int wake;

  rsc_agent_find_package (folder);

  rsc_agent_be_here ();
  rsc_agent.main_thread = (pid_t) syscall (SYS_gettid);
  /* A program that embeds Python prints exceptions, and goes on. */
  rsc_agent.interactive = strcmp (event, "cpython.run_stdin") == 0 || strcmp (event, "exec") == 0;
  rsc_agent_find_functions ();

  wake = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (!rsc_agent_fd_take (&rsc_agent.wake, wake, RSC_AGENT_EVENTS)
      || !connect_socket (folder) || !greet ())
    {
      rsc_agent_close_connection ();
      return;
    }

  rsc_agent.is_launched = true;
  atomic_store (&rsc_agent.active, true);
  rsc_agent_reserve_take ();
  rsc_agent_watch_end ();
  rsc_agent_watch_exit ();
  rsc_agent_add_finder ();
  rsc_agent_watch_collections ();
  rsc_agent_begin_recording ();
  rsc_agent_watch_forks ();
  rsc_agent.is_watching = true;
  rsc_agent_watch_system_forks ();
  rsc_agent_watch_exec (folder);
  rsc_agent_thread_start ();
}

/* A hard limit on its memory that is about to be is one that a capture may meet. */
static void
expect_limit (PyObject *args)
{
  PyObject *resource = PyTuple_Check (args) ? PyTuple_GetItem (args, 0) : NULL; /* borrowed */
  PyObject *limits = PyTuple_Check (args) ? PyTuple_GetItem (args, 1) : NULL;   /* borrowed */
  PyObject *hard = limits != NULL && PyTuple_Check (limits) && PyTuple_Size (limits) == 2 ? PyTuple_GetItem (limits, 1) : NULL;
  long which = resource != NULL && PyLong_Check (resource) ? PyLong_AsLong (resource) : -1;
  long long value = hard != NULL && PyLong_Check (hard) ? PyLong_AsLongLong (hard) : -1;

  PyErr_Clear ();
  if ((which == RLIMIT_AS || which == RLIMIT_DATA) && value >= 0)
    rsc_agent_reserve_take_for ((uint64_t) value);
}

int
rsc_agent_audit (const char *event, void *args)
{
  /* What the agent keeps is the main interpreter's, and guarded by its GIL. */
  if (!rsc_agent_is_in_main_interpreter ())
    return 0;
  if (rsc_agent_is_connected ())
    rsc_agent_come_back ();
  if (event[0] == 'i' && strcmp (event, "import") == 0)
    return rsc_agent_import (args);
  if (!atomic_load (&rsc_agent.active))
    return 0;

  if (strcmp (event, "sys.excepthook") == 0)
    rsc_agent_uncaught (args);
  else if (strcmp (event, "os.exec") == 0)
    rsc_agent_say_exec (args);
  else if (strcmp (event, "resource.setrlimit") == 0)
    expect_limit (args);

  return 0;
}
