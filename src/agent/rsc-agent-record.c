/* Recording the program's collections, each of them, with a callback in gc.callbacks.
 *
 * That callback is an object in a list of the program's, which its code can see: it is there
 * only while somebody asks for it.  It runs with the GIL, in whatever thread collects, and does
 * next to nothing: it reads two clocks and the collector's counters, and leaves a record for the
 * agent's thread to send: it waits for nothing. */

#include "rsc-agent-private.h"

/* Between two looks of the agent's thread, 100 ms, there is room for so many; a power of two.  The thread is not
 * woken: for that there is a lock, which it may have while Refscope does not read. */
#define RING_SIZE 8192u

static RscWalkGcCounters counters; /* set once for an interpreter, before there is a callback */
static PyObject *callback;         /* made once for an interpreter, and kept; GIL held */
static bool for_await;             /* GIL held: somebody waits for the next collection */
static atomic_ulong n_calls;       /* since then, at the end of a collection */
static uint64_t collections_before; /* until then */
static atomic_bool is_recording;

/* One writes, with the GIL; one reads, whoever has the lock of rsc_agent_tell_collections(). */
static RscWireRecord ring[RING_SIZE];
static atomic_size_t n_written, n_read;

static uint64_t began;
static uint64_t counts_before[3];

static void
load (uint64_t values[3], const uint32_t *const places[3])
{
  for (unsigned g = 0; g < 3; g++)
    values[g] = __atomic_load_n (places[g], __ATOMIC_RELAXED);
}

static uint64_t
get_number (PyObject *info, const char *key)
{
  PyObject *number = PyDict_GetItemString (info, key); /* borrowed */
  long long value = number != NULL && PyLong_Check (number) ? PyLong_AsLongLong (number) : 0;

  return value < 0 ? 0 : (uint64_t) value;
}

static void
write_record (PyObject *info)
{
  size_t at = atomic_load (&n_written), n = at - atomic_load (&n_read);
  RscWireRecord *record = &ring[at % RING_SIZE];

  /* What is missed is seen from the collector's own numbers. */
  if (n >= RING_SIZE || began == 0)
    return;
  record->began = began;
  record->duration = rsc_agent_now () - began;
  record->generation = get_number (info, "generation");
  record->collected = get_number (info, "collected");
  record->uncollectable = get_number (info, "uncollectable");
  for (unsigned g = 0; g < 3; g++)
    record->counts_before[g] = counts_before[g];
  load (record->counts_after, counters.counts);
  load (record->thresholds, counters.thresholds);
  record->request = rsc_agent_await_runs () ? rsc_agent.request.number : 0;
  atomic_store (&n_written, at + 1);
}

/* The place of the callback in the list; -1: it is not there. */
static Py_ssize_t
find_callback (PyObject *list)
{
  for (Py_ssize_t i = 0; i < PyList_Size (list); i++)
    if (PyList_GetItem (list, i) == callback)
      return i;

  return -1;
}

static bool
is_wanted (void)
{
  return for_await || (atomic_load (&is_recording) && atomic_load (&rsc_agent.active));
}

/* The list, and where in it the callback is; NULL: nowhere. */
static PyObject *
find_list (Py_ssize_t *at)
{
  PyObject *list = counters.callbacks != NULL ? *counters.callbacks : NULL;

  *at = list != NULL && callback != NULL && PyList_Check (list) ? find_callback (list) : -1;

  return *at >= 0 ? list : NULL;
}

/* Not in a call of it. */
static void
unlist (void)
{
  Py_ssize_t at;
  PyObject *list = find_list (&at);

  /* A collection that goes through the list would miss another's: the callback goes when it is called. */
  if (list == NULL || (*counters.collecting != 0 && at < PyList_Size (list) - 1))
    return;
  if (PySequence_DelItem (list, at) != 0)
    PyErr_Clear ();
}

/* In a call of it: the collector goes on behind where it was, and so would pass over the next one.  That is called here, then. */
static void
unlist_called (PyObject *args)
{
  Py_ssize_t at;
  PyObject *list = find_list (&at);
  PyObject *next, *result;

  if (list == NULL)
    return;
  next = at + 1 < PyList_Size (list) ? PyList_GetItem (list, at + 1) : NULL;
  Py_XINCREF (next);
  if (PySequence_DelItem (list, at) != 0)
    PyErr_Clear ();
  else if (next != NULL)
    {
      result = PyObject_CallObject (next, args);
      if (result == NULL)
        PyErr_WriteUnraisable (next);
      Py_XDECREF (result);
    }
  Py_XDECREF (next);
}

/* What the interpreter made for the call is no part of the heap that somebody waits for. */
static size_t
hide (PyObject *args, PyObject *info)
{
  size_t n_own = rsc_agent.n_own;

  rsc_agent_own (args);
  rsc_agent_own (info);

  return n_own;
}

static PyObject *
on_collection (PyObject *self, PyObject *args)
{
  PyObject *phase, *info;
  size_t n_own;
  bool is_start;

  rsc_agent_look_where ();
  if (!PyArg_ParseTuple (args, "UO!", &phase, &PyDict_Type, &info))
    {
      PyErr_Clear ();
      Py_RETURN_NONE;
    }
  n_own = hide (args, info);
  is_start = PyUnicode_CompareWithASCIIString (phase, "start") == 0;
  if (is_start)
    {
      began = 0;
      if (for_await)
        rsc_agent_await_start ((unsigned) get_number (info, "generation"));
      if (atomic_load (&is_recording))
        {
          load (counts_before, counters.counts);
          began = rsc_agent_now ();
        }
    }
  else
    {
      if (atomic_load (&is_recording))
        write_record (info);
      atomic_fetch_add (&n_calls, 1);
      if (for_await)
        for_await = !rsc_agent_await_stop (get_number (info, "collected") + get_number (info, "uncollectable"));
    }
  rsc_agent.n_own = n_own;
  if (!is_start && !is_wanted ())
    unlist_called (args);
  PyErr_Clear ();

  Py_RETURN_NONE;
}

/* 0, or -1 with a sentence. */
static int
list_callback (char error[RSC_WALK_ERROR_SIZE])
{
  static PyMethodDef method = { "refscope_on_collection", on_collection, METH_VARARGS, NULL };
  PyObject *list;
  int was_enabled, result = -1;

  error[0] = '\0';
  if (counters.statistics == NULL && rsc_walk_find_gc_counters (&counters, error) != 0)
    return -1;
  was_enabled = PyGC_Disable ();
  /* 3.10 makes the list when the program imports the module. */
  if (*counters.callbacks == NULL)
    rsc_agent_import_gc ();
  if (callback == NULL)
    {
      callback = PyCFunction_NewEx (&method, NULL, NULL);
      if (callback != NULL)
        rsc_agent_own (callback);
    }
  list = callback != NULL ? *counters.callbacks : NULL;
  if (list != NULL && PyList_Check (list))
    result = find_callback (list) >= 0 ? 0 : PyList_Append (list, callback);
  if (was_enabled)
    PyGC_Enable ();
  PyErr_Clear ();
  if (result != 0)
    rsc_wire_sentence_write (error, RSC_SENTENCE_NO_CALLBACKS, NULL, NULL);

  return result;
}

int
rsc_agent_set_recording (bool recording, char error[RSC_WALK_ERROR_SIZE])
{
  if (recording == atomic_load (&is_recording))
    return 0;
  if (recording && list_callback (error) != 0)
    return -1;
  began = 0;
  rsc_agent_tell_otherwise (recording, &is_recording);
  if (!recording && !for_await)
    unlist ();

  return 0;
}

void
rsc_agent_begin_recording (void)
{
  char error[RSC_WALK_ERROR_SIZE];

  /* If that fails, collections are told of as always, without their details. */
  if (rsc_agent.record)
    rsc_agent_set_recording (true, error);
}

bool
rsc_agent_is_recording (void)
{
  return atomic_load (&is_recording);
}

static uint64_t
sum_collections (const RscWalkGcCounts *counts)
{
  return counts->collections[0] + counts->collections[1] + counts->collections[2];
}

int
rsc_agent_listen_for_await (char error[RSC_WALK_ERROR_SIZE])
{
  RscWalkGcCounts now;

  if (list_callback (error) != 0)
    return -1;
  for_await = true;
  /* One that is in the middle is counted when it is over, and calls it then. */
  rsc_walk_load_gc_counts (&counters, &now);
  collections_before = sum_collections (&now);
  atomic_store (&n_calls, 0);

  return 0;
}

bool
rsc_agent_has_callback (void)
{
  return callback != NULL;
}

void
rsc_agent_end_recording (void)
{
  atomic_store (&is_recording, false);
  /* Whoever is in the middle of one puts an end to it. */
  for_await = rsc_agent_await_runs ();
  if (!for_await)
    unlist ();
}

void
rsc_agent_forget_recording (void)
{
  rsc_agent_reset_recording ();
  for_await = false;
}

void
rsc_agent_forget_callback (void)
{
  rsc_agent_forget_recording ();
  callback = NULL;
  counters = (RscWalkGcCounters) { 0 };
}

void
rsc_agent_reset_recording (void)
{
  atomic_store (&is_recording, false);
  atomic_store (&n_read, atomic_load (&n_written));
}

bool
rsc_agent_misses_collections (void)
{
  RscWalkGcCounts now;

  if (rsc_walk_read_gc_counters (&counters, &now) != 0)
    return false;

  return sum_collections (&now) - collections_before > atomic_load (&n_calls);
}

size_t
rsc_agent_copy_records (RscWireRecord *records, size_t max)
{
  size_t at = atomic_load (&n_read), n = atomic_load (&n_written) - at;

  n = n < max ? n : max;
  for (size_t i = 0; i < n; i++)
    records[i] = ring[(at + i) % RING_SIZE];

  return n;
}

void
rsc_agent_drop_records (size_t n)
{
  atomic_store (&n_read, atomic_load (&n_read) + n);
}
