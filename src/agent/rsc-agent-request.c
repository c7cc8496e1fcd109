/* What Refscope asks for, done with the GIL held. */

#include "rsc-agent-private.h"

#include <stdarg.h>
#include <time.h>

/* Threads that wait for the GIL wake up now and then: less than this, in
 * nanoseconds and as a part of the time that passed, is no running. */
#define RAN_LEAST 100000
#define RAN_PART 50

void
rsc_agent_reply (RscWireStatus status, RscSentence sentence, const char *a)
{
  char text[RSC_WIRE_SENTENCE_SIZE] = "";

  if (sentence != RSC_SENTENCE_NONE)
    rsc_wire_sentence_write (text, sentence, a, NULL);
  rsc_agent_reply_written (status, text);
}

void
rsc_agent_reply_written (RscWireStatus status, const char *text)
{
  rsc_wire_message_init (&rsc_agent.reply, RSC_WIRE_REPLY, rsc_agent.request.number);
  rsc_wire_message_add_number (&rsc_agent.reply, RSC_WIRE_STATUS, status);
  rsc_wire_message_add_string (&rsc_agent.reply, RSC_WIRE_TEXT, text);
}

void
rsc_agent_say_begun (void)
{
  static RscWireMessage message;

  rsc_wire_message_init (&message, RSC_WIRE_BEGUN, rsc_agent.request.number);
  rsc_agent_send (&message);
}

/* The exception, which is cleared, as a sentence. */
static void
reply_exception (void)
{
  PyObject *type, *value, *traceback, *text;
  const char *bytes = NULL;

  PyErr_Fetch (&type, &value, &traceback);
  text = value != NULL ? PyObject_Str (value) : NULL;
  if (text != NULL)
    bytes = PyUnicode_AsUTF8AndSize (text, NULL);
  rsc_agent_reply (RSC_WIRE_FAILED, RSC_SENTENCE_COLLECTOR_REFUSED, bytes != NULL ? bytes : "?");
  PyErr_Clear ();
  Py_XDECREF (text);
  Py_XDECREF (type);
  Py_XDECREF (value);
  Py_XDECREF (traceback);
}

static PyObject *made; /* GIL held; kept: let go of, it would be garbage of ours */

/* gc.@function (...), as the program would call it.  What is made for that sets no collection off; the collector is not stopped
 * while code of the program's may run, which would see it, or stop it for good. */
static PyObject *
call_gc (const char *function, const char *format, ...)
{
  int was_enabled = PyGC_Disable ();
  bool is_ours = true;
  PyObject *module = made != NULL ? Py_NewRef (made) : rsc_agent_find_builtin ("gc", &is_ours);
  PyObject *callable = NULL, *arguments = NULL, *result = NULL;
  va_list values;

  if (module != NULL)
    callable = PyObject_GetAttrString (module, function);
  if (is_ours && made == NULL && module != NULL)
    made = Py_NewRef (module);
  if (callable != NULL)
    {
      va_start (values, format);
      arguments = Py_VaBuildValue (format, values);
      va_end (values);
    }
  if (was_enabled)
    PyGC_Enable ();
  if (arguments != NULL)
    result = PyObject_CallObject (callable, arguments);
  Py_XDECREF (arguments);
  Py_XDECREF (callable);
  Py_XDECREF (module);

  return result;
}

void
rsc_agent_import_gc (void)
{
  Py_XDECREF (call_gc ("isenabled", "()"));
  PyErr_Clear ();
}

void
rsc_agent_forget_gc (void)
{
  made = NULL;
}

static int64_t
get_cpu_time (clockid_t clock)
{
  struct timespec time;

  return clock_gettime (clock, &time) == 0 ? (int64_t) time.tv_sec * 1000000000 + time.tv_nsec : 0;
}

/* Of a thread that may be gone: pthread_getcpuclockid() is for those that are there.  The kernel's numbers for
 * "of a thread" and "as the scheduler counts it". */
static int64_t
get_thread_cpu_time (pid_t tid)
{
  return tid != 0 ? get_cpu_time ((clockid_t) (~(unsigned) tid << 3 | 4 | 2)) : 0;
}

/* How long threads other than this one and the agent's were on a processor, in nanoseconds; the clocks are read one after
 * the other.  No file is opened for that: its number would be the program's next. */
static int64_t
sum_other_threads (void)
{
  pid_t agent = rsc_agent_is_own_thread () ? 0 : atomic_load (&rsc_agent.thread_id);

  return get_cpu_time (CLOCK_PROCESS_CPUTIME_ID) - get_cpu_time (CLOCK_THREAD_CPUTIME_ID) - get_thread_cpu_time (agent);
}

static void
add_gc_state (void)
{
  RscWalkGcState state;
  char error[RSC_WALK_ERROR_SIZE];
  uint64_t values[9];

  if (rsc_walk_read_gc_state (&state, true, error) != 0)
    {
      rsc_agent_reply_written (RSC_WIRE_UNSUPPORTED, error);
      return;
    }
  for (size_t i = 0; i < 3; i++)
    values[i] = state.thresholds[i];
  rsc_wire_message_add_list (&rsc_agent.reply, RSC_WIRE_THRESHOLDS, values, 3);
  for (size_t i = 0; i < 3; i++)
    values[i] = state.counts[i];
  rsc_wire_message_add_list (&rsc_agent.reply, RSC_WIRE_COUNTS, values, 3);
  for (size_t i = 0; i < 3; i++)
    {
      values[3 * i] = state.collections[i];
      values[3 * i + 1] = state.collected[i];
      values[3 * i + 2] = state.uncollectable[i];
    }
  rsc_wire_message_add_list (&rsc_agent.reply, RSC_WIRE_STATISTICS, values, 9);
  rsc_wire_message_add_list (&rsc_agent.reply, RSC_WIRE_OBJECTS, state.generation_objects, 3);
  rsc_wire_message_add_number (&rsc_agent.reply, RSC_WIRE_FROZEN, state.frozen);
  rsc_wire_message_add_number (&rsc_agent.reply, RSC_WIRE_ENABLED, state.enabled);
}

bool
rsc_agent_request_capture (size_t which, uint64_t since)
{
  char error[RSC_WALK_ERROR_SIZE] = "";
  RscWireStatus status = RSC_WIRE_FAILED;

  /* It is written to: not if it is not the one that came. */
  if (!rsc_agent_fd_is_ours (&rsc_agent.request.files[which]))
    {
      bool came = rsc_agent.request.files[which].fd >= 0;

      rsc_agent_reply (RSC_WIRE_FAILED, came ? RSC_SENTENCE_FILE_LOST : RSC_SENTENCE_NO_FILE, NULL);
      return false;
    }
  if (rsc_agent_capture (&rsc_agent.children[which], rsc_agent.request.files[which].fd,
                         (rsc_agent.request.flags & RSC_WIRE_IN_PLACE) != 0,
                         rsc_agent.request.flags >> RSC_WIRE_VALUES_SHIFT, since, &status, error) == 0)
    return true;
  rsc_agent_reply_written (status, error);

  return false;
}

/* The number that gc.collect (@generation) returned, or -1: the reply says why. */
static int64_t
collect (unsigned generation)
{
  PyObject *result;
  int64_t returned = -1;

  rsc_agent_say_begun ();
  result = call_gc ("collect", "(I)", generation);
  /* A child that a finalizer made may have come back. */
  rsc_agent_look_where ();
  if (result != NULL)
    returned = PyLong_AsLongLong (result);
  Py_XDECREF (result);
  if (PyErr_Occurred () != NULL)
    {
      reply_exception ();
      return -1;
    }

  return returned;
}

static void
run_capture (uint64_t since)
{
  if ((rsc_agent.request.flags & RSC_WIRE_COLLECT_BEFORE) != 0)
    {
      int64_t returned = collect (2);

      if (returned >= 0)
        {
          rsc_agent_reply (RSC_WIRE_DONE, RSC_SENTENCE_NONE, NULL);
          rsc_wire_message_add_number (&rsc_agent.reply, RSC_WIRE_RETURNED, (uint64_t) returned);
          rsc_agent_request_capture (0, rsc_agent_now ());
        }
    }
  else
    rsc_agent_request_capture (0, since);

  if ((rsc_agent.request.flags & RSC_WIRE_RELEASE) != 0)
    rsc_agent_release ();
}

/* Nothing is collected by itself between the captures: what differs is what this collection did, and what finalizers and
 * other threads made.  The collector does not begin another one while finalizers let go of the GIL; before and behind that it is
 * kept, and nothing that the collector counts is made but what makes sure of it by itself. */
static void
run_collect (bool on_main, uint64_t since)
{
  bool with_captures = (rsc_agent.request.flags & RSC_WIRE_WITH_CAPTURES) != 0;
  uint64_t began;
  int64_t ran;

  if (!with_captures || rsc_agent_request_capture (0, since))
    {
      int64_t returned;

      ran = sum_other_threads ();
      began = rsc_agent_now ();
      returned = collect (rsc_agent.request.generation);
      began = rsc_agent_now () - began;
      ran = sum_other_threads () - ran;
      if (returned >= 0 && (!with_captures || rsc_agent_request_capture (1, rsc_agent_now ())))
        {
          rsc_wire_message_add_number (&rsc_agent.reply, RSC_WIRE_RETURNED, (uint64_t) returned);
          rsc_wire_message_add_number (&rsc_agent.reply, RSC_WIRE_ON_MAIN_THREAD, on_main);
          rsc_wire_message_add_number (&rsc_agent.reply, RSC_WIRE_OTHERS_RAN,
                                       ran > RAN_LEAST && ran > (int64_t) began / RAN_PART);
        }
    }
}

static void
run_set_thresholds (void)
{
  PyObject *result = call_gc ("set_threshold", "(III)",
                              (unsigned) rsc_agent.request.thresholds[0],
                              (unsigned) rsc_agent.request.thresholds[1],
                              (unsigned) rsc_agent.request.thresholds[2]);

  if (result == NULL)
    reply_exception ();
  Py_XDECREF (result);
}

static void
set_recording (void)
{
  char error[RSC_WALK_ERROR_SIZE];

  if (rsc_agent_set_recording (rsc_agent.request.enabled, error) != 0)
    rsc_agent_reply_written (RSC_WIRE_UNSUPPORTED, error);
}

static bool
has_lost_file (void)
{
  for (size_t i = 0; i < RSC_WIRE_FDS_MAX; i++)
    if (rsc_agent.request.files[i].fd == RSC_AGENT_FD_LOST)
      return true;

  return false;
}

void
rsc_agent_request_run (bool on_main)
{
  uint64_t since = rsc_agent_now ();

  rsc_agent_drop_walks ();
  rsc_agent_reply (RSC_WIRE_DONE, RSC_SENTENCE_NONE, NULL);
  if (since > rsc_agent.request.deadline)
    {
      rsc_agent_reply (RSC_WIRE_LATE, RSC_SENTENCE_NONE, NULL);
      return;
    }
  /* Before anything is collected. */
  if (has_lost_file ())
    {
      rsc_agent_reply (RSC_WIRE_FAILED, RSC_SENTENCE_FILE_LOST, NULL);
      return;
    }

  switch (rsc_agent.request.type)
    {
    case RSC_WIRE_CAPTURE:
      run_capture (since);
      break;
    case RSC_WIRE_COLLECT:
      run_collect (on_main, since);
      break;
    case RSC_WIRE_GC_INFO:
      add_gc_state ();
      break;
    case RSC_WIRE_SET_THRESHOLDS:
      run_set_thresholds ();
      break;
    case RSC_WIRE_SET_ENABLED:
      if (rsc_agent.request.enabled)
        PyGC_Enable ();
      else
        PyGC_Disable ();
      break;
    case RSC_WIRE_SET_RECORDING:
      set_recording ();
      break;
    case RSC_WIRE_AWAIT_COLLECTION:
      rsc_agent_await_begin ();
      break;
    default:
      rsc_agent_reply (RSC_WIRE_UNSUPPORTED, RSC_SENTENCE_UNKNOWN_REQUEST, NULL);
      break;
    }
}
