/* While the program forks, the agent has no thread: CPython 3.12 and later warn
 * of a fork with threads, on standard error.
 *
 * Python's own forks are seen by os.register_at_fork().  The warning comes before
 * its "after_in_parent" functions (3.12) or behind them (3.13), in any case before
 * the next line of Python code: the thread comes back with a pending call of the
 * main thread or with the next audit event of any, whichever is first.
 *
 * pthread_atfork() sees the forks of C code, after which the thread is back at
 * once, and what becomes a child: there the agent is no more, and its descriptors are
 * closed.
 *
 * A child of _Fork() or of a system call is told by nobody.  It has the agent's memory, and neither its thread nor its
 * connection: what the program's threads come to asks for the process first. */

#include "rsc-agent-private.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* So long a fork that Python did not announce waits for the agent's thread to go. */
#define UNANNOUNCED_SECONDS 2
/* So often, and so long in between (nanoseconds), a fork tries to keep attaching away. */
#define BEGIN_TRIES 2000
#define BEGIN_INTERVAL 100000

/* In a page that is not copied: true in the process that connected, and false in a child, whoever made it.  So that no thread of the
 * program's makes a system call to ask, which a filter of its own may forbid.  NULL: there is no such page to be had. */
static bool *here;
/* How many forks are under way: the thread comes back after the last. */
static atomic_int n_forking;
/* They are over, but the thread is not back yet. */
static atomic_bool is_away;
/* The fork that this thread is in was announced by Python, and by the system; it has the lock of the agent's thread, and that of
 * who attaches. */
static _Thread_local bool announced, prepared, has_thread_lock, has_begin_lock;

/* true: it was the last. */
static bool
forking_ends (void)
{
  return atomic_fetch_sub (&n_forking, 1) == 1 && atomic_load (&rsc_agent.active);
}

void
rsc_agent_come_back (void)
{
  if (atomic_load (&is_away) && atomic_load (&n_forking) == 0 && atomic_exchange (&is_away, false))
    rsc_agent_thread_start ();
}

static PyObject *
before_fork (PyObject *self, PyObject *unused)
{
  rsc_agent_look_where ();
  if (atomic_load (&rsc_agent.has_thread) && !announced)
    {
      announced = true;
      atomic_fetch_add (&n_forking, 1);
      rsc_agent_thread_stop (true, 0);
    }
  Py_RETURN_NONE;
}

static PyObject *
after_fork_in_parent (PyObject *self, PyObject *unused)
{
  if (announced)
    {
      announced = false;
      if (forking_ends ())
        {
          atomic_store (&is_away, true);
          rsc_agent_call_main ();
        }
    }
  Py_RETURN_NONE;
}

/* Which locks the program holds here is not known: the agent's thread may wait for one.  C code that forks with the GIL may
 * have one of its own.  A fork of Python's that was not announced, of a thread while the main thread has not come by since Refscope
 * attached or of a sub-interpreter, has the list of interpreters locked, from 3.13 on.  If the GIL were let go, whoever got
 * it, and then waited for that lock (to make a thread, or to end one), would never give it back. */
static void
stop_unannounced (bool keeps_gil)
{
  atomic_fetch_add (&n_forking, 1);
  if (keeps_gil)
    rsc_agent_thread_stop_with_gil (UNANNOUNCED_SECONDS);
  else
    rsc_agent_thread_stop (rsc_agent_has_gil (), UNANNOUNCED_SECONDS);
}

/* Besides the agent's there is no other: nobody to wait for a lock, and nobody else to be warned of.  The folder has a link from
 * each thread's, as any has.  The agent's is among them if it was there before and is still: it may be away, or have come to its
 * end and wait to be joined. */
static bool
is_only_thread (void)
{
  struct stat threads;
  pid_t agent = atomic_load (&rsc_agent.thread_id);

  if (stat ("/proc/self/task", &threads) != 0)
    return false;
  if (threads.st_nlink == 2 + 1)
    return true;

  return threads.st_nlink == 2 + 2 && agent != 0 && !rsc_agent_is_own_thread () && atomic_load (&rsc_agent.has_thread)
         && !atomic_load (&rsc_agent.thread_ended) && agent == atomic_load (&rsc_agent.thread_id);
}

static void
prepare (void)
{
  bool keeps_gil = !announced && rsc_agent_has_gil () && !(rsc_agent.fork_tells && is_only_thread ());

  if (!announced)
    stop_unannounced (keeps_gil);
  /* Nobody else is inside when the memory is copied.  First the lock whose holder may wait for the agent's thread: who has another
   * already is waited for with the GIL.  Unless another thread, which forks as well, waits with it for the agent's, and that for this
   * one's GIL: also where Python's fork was announced, for there may have come a new one since, with a new connection. */
  has_thread_lock = announced || keeps_gil || rsc_agent_is_own_thread () ? rsc_agent_thread_lock_soon ()
                                                                         : pthread_mutex_lock (&rsc_agent.thread_lock) == 0;
  rsc_agent_lock_collections ();
  pthread_mutex_lock (&rsc_agent.lock);
}

/* The child is not to have the sockets that an attach is making.  Not for ever: who attaches may wait for a lock that this thread
 * has since, if its own begin fails. */
static bool
keep_attach_away (void)
{
  for (unsigned i = 0; i < BEGIN_TRIES; i++)
    {
      if (pthread_mutex_trylock (&rsc_agent.begin_lock) == 0)
        return true;
      nanosleep (&(struct timespec) { .tv_nsec = BEGIN_INTERVAL }, NULL);
    }

  return false;
}

/* A thread that lost its connection may still be about to end: that is why it is
 * asked for the thread, not for the connection. */
static void
on_prepare (void)
{
  rsc_agent_look_where ();
  prepared = atomic_load (&rsc_agent.has_thread) || announced || atomic_load (&rsc_agent.active);
  if (prepared)
    prepare ();
  has_begin_lock = keep_attach_away ();
  /* Nor is one to be closed: descriptors are copied before memory is, which would not tell of it any more. */
  pthread_mutex_lock (&rsc_agent.fd_lock);
}

static void
on_parent (void)
{
  pthread_mutex_unlock (&rsc_agent.fd_lock);
  if (has_begin_lock)
    pthread_mutex_unlock (&rsc_agent.begin_lock);
  if (!prepared)
    return;
  prepared = false;
  pthread_mutex_unlock (&rsc_agent.lock);
  if (has_thread_lock)
    pthread_mutex_unlock (&rsc_agent.thread_lock);
  rsc_agent_unlock_collections ();
  if (announced || !forking_ends ())
    return;
  /* Python's own, which looks for threads behind this.  It finds the main thread, at least, if that is another: which may wait
   * for something, and there may be nobody to see an audit event yet. */
  if (rsc_agent_has_gil () && rsc_agent_is_main_thread ())
    {
      atomic_store (&is_away, true);
      rsc_agent_call_main ();
    }
  /* Whoever waits for it to end has its lock. */
  else if (!atomic_load (&rsc_agent.has_thread))
    rsc_agent_thread_start ();
}

/* What the parent was in the middle of is the parent's. */
static void
forget_request (void)
{
  rsc_agent.phase = RSC_AGENT_IDLE;
  rsc_agent.main_began = false;
  rsc_agent.left_to_main = false;
  atomic_store (&rsc_agent.cancelled, false);
  for (size_t i = 0; i < 2; i++)
    {
      rsc_agent.children[i].pid = 0;
      rsc_agent.children[i].walk = NULL;
      atomic_store (&rsc_agent.old_walks[i], NULL);
    }
}

/* Also where there was nothing to prepare for: Refscope may have attached since. */
static void
on_child (void)
{
  prepared = announced = false;
  pthread_mutex_init (&rsc_agent.begin_lock, NULL);
  pthread_mutex_init (&rsc_agent.fd_lock, NULL);
  pthread_mutex_init (&rsc_agent.lock, NULL);
  pthread_mutex_init (&rsc_agent.thread_lock, NULL);
  atomic_store (&n_forking, 0);
  atomic_store (&is_away, false);
  atomic_store (&rsc_agent.has_thread, false);
  atomic_store (&rsc_agent.thread_id, 0);
  atomic_store (&rsc_agent.active, false);
  atomic_store (&rsc_agent.needs_gil, false);
  atomic_store (&rsc_agent.stopping, RSC_AGENT_STAYS);
  rsc_agent_forget_collections ();
  rsc_agent_close_connection ();
  rsc_agent_close_request ();
  forget_request ();
  rsc_agent_attach_forget ();
  rsc_agent_await_forget ();
  rsc_agent_forget_recording ();
  rsc_agent_reserve_give ();
}

void
rsc_agent_be_here (void)
{
  if (here == NULL)
    {
      void *page = mmap (NULL, sizeof *here, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

      if (page != MAP_FAILED && madvise (page, sizeof *here, MADV_WIPEONFORK) == 0)
        here = page;
      else if (page != MAP_FAILED)
        munmap (page, sizeof *here);
    }
  if (here != NULL)
    *here = true;
  rsc_agent.pid = getpid ();
}

void
rsc_agent_look_where (void)
{
  if ((atomic_load (&rsc_agent.active) || atomic_load (&rsc_agent.has_thread))
      && !(here != NULL ? *here : getpid () == rsc_agent.pid))
    on_child ();
}

void
rsc_agent_watch_forks (void)
{
  static PyMethodDef methods[] = {
    { "refscope_before_fork", before_fork, METH_NOARGS, NULL },
    { "refscope_after_fork", after_fork_in_parent, METH_NOARGS, NULL },
  };
  bool is_ours;
  PyObject *posix = rsc_agent_find_builtin ("posix", &is_ours);
  PyObject *before = PyCFunction_NewEx (&methods[0], NULL, NULL);
  PyObject *after = PyCFunction_NewEx (&methods[1], NULL, NULL);
  PyObject *function = NULL, *arguments = NULL, *names = NULL, *result = NULL;

  if (posix != NULL)
    function = PyObject_GetAttrString (posix, "register_at_fork");
  if (before != NULL && after != NULL)
    names = Py_BuildValue ("{s:O,s:O}", "before", before, "after_in_parent", after);
  arguments = PyTuple_New (0);
  if (function != NULL && names != NULL && arguments != NULL)
    result = PyObject_Call (function, arguments, names);
  if (result != NULL)
    {
      rsc_agent_own (before);
      rsc_agent_own (after);
    }
  Py_XDECREF (result);
  Py_XDECREF (arguments);
  Py_XDECREF (names);
  Py_XDECREF (function);
  Py_XDECREF (after);
  Py_XDECREF (before);
  if (!is_ours) /* as atexit's */
    Py_XDECREF (posix);
  PyErr_Clear ();
}

/* With the library, before anything of an attach is there. */
__attribute__ ((constructor)) bool
rsc_agent_watch_system_forks (void)
{
  static bool is_watching;

  is_watching = is_watching || pthread_atfork (on_prepare, on_parent, on_child) == 0;

  return is_watching;
}
