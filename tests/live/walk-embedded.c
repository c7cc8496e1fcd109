/* The walk, and the reader of its stream, in a program that embeds Python: the
 * one place where a sanitizer sees the walk. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/rsc-walk.h"
#include "capture/rsc-heap-stream-reader.h"
#include "capture/rsc-sentence.h"

static const char *check_path;

/* For walk_check.py, which finds it in this program. */
__attribute__ ((visibility ("default"))) const char *rsc_probe_walk (int fd);

const char *
rsc_probe_walk (int fd)
{
  static char *sentence;
  char error[RSC_WALK_ERROR_SIZE];
  RscWalkOptions options = { .in_place = 1 };
  RscWalk *walk = rsc_walk_prepare (&options, error);
  int result = walk != NULL ? rsc_walk_run (walk, fd) : -1;

  g_clear_pointer (&sentence, g_free);
  if (result != 0)
    sentence = rsc_sentence_dup (walk != NULL ? rsc_walk_get_error (walk) : error);
  rsc_walk_finish (walk);
  return sentence;
}

/* The same comparison as in every interpreter. */
static void
test_every_object (void)
{
  PyObject *globals = PyDict_New (), *result, *status;

  PyDict_SetItemString (globals, "__builtins__", PyEval_GetBuiltins ());
  result = PyRun_String ("import sys, runpy\n"
                         "def check(path):\n"
                         "    sys.argv = [path, '']\n"
                         "    try:\n"
                         "        runpy.run_path(path, run_name='__main__')\n"
                         "    except SystemExit as end:\n"
                         "        return end.code\n"
                         "    return -1\n",
                         Py_file_input, globals, globals);
  g_assert_nonnull (result);
  Py_DECREF (result);
  status = PyObject_CallFunction (PyDict_GetItemString (globals, "check"), "s", check_path);
  if (status == NULL)
    PyErr_Print ();
  g_assert_nonnull (status);
  g_assert_cmpint (PyLong_AsLong (status), ==, 0);
  Py_DECREF (status);
  Py_DECREF (globals);
}

static RscSnapshot *
capture (const RscWalkOptions *options)
{
  int fd = memfd_create ("heap", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  char message[RSC_WALK_ERROR_SIZE];
  RscWalk *walk = rsc_walk_prepare (options, message);
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
  g_autoptr(GError) error = NULL;
  RscSnapshot *snapshot;

  g_assert_cmpstr (message, ==, "");
  g_assert_nonnull (walk);
  rsc_walk_set_pause (walk, 12345678);
  g_assert_cmpint (rsc_walk_run (walk, fd), ==, 0);
  rsc_walk_finish (walk);
  rsc_heap_stream_read (fd, builder, NULL, NULL, &error);
  g_assert_no_error (error);
  snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, &error);
  g_assert_no_error (error);
  close (fd);
  return snapshot;
}

/* Every traversed edge of every tracked object, against what the object's own tp_traverse says. */
typedef struct
{
  RscSnapshot *snapshot;
  const RscColumns *columns;
  guint64 edge, end;
  guint64 n_wrong, n_right;
} Comparison;

static int
compare_visit (PyObject *object, void *data)
{
  Comparison *comparison = data;

  if (comparison->edge < comparison->end && (comparison->columns->kind[comparison->edge] & RSC_EDGE_TRAVERSED)
      && comparison->columns->address[comparison->columns->target[comparison->edge]] == (guint64) (guintptr) object)
    comparison->n_right++;
  else
    comparison->n_wrong++;
  comparison->edge++;
  return 0;
}

static void
test_snapshot (void)
{
  RscWalkOptions options = { .in_place = 1 };
  g_autoptr(RscSnapshot) snapshot = capture (&options);
  Comparison comparison = { .snapshot = snapshot, .columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL, NULL) };
  const RscColumns *columns = comparison.columns;
  guint64 n_tracked = 0;

  for (RscNode node = 0; node < columns->n_nodes; node++)
    {
      PyObject *object = (PyObject *) (guintptr) columns->address[node];

      if (!(columns->flags[node] & RSC_NODE_TRACKED))
        continue;
      n_tracked++;
      comparison.edge = columns->first_edge[node];
      comparison.end = columns->first_edge[node + 1];
      Py_TYPE (object)->tp_traverse (object, compare_visit, &comparison);
      if (comparison.edge < comparison.end && (columns->kind[comparison.edge] & RSC_EDGE_TRAVERSED))
        comparison.n_wrong++;
    }
  g_assert_cmpuint (n_tracked, >, 1000);
  g_assert_cmpuint (comparison.n_wrong, ==, 0);
  g_assert_cmpuint (comparison.n_right, >, 5000);
  g_assert_cmpuint (rsc_snapshot_get_info_number (snapshot, "paused-us"), ==, 12345);
  g_assert_true (rsc_snapshot_get_info_boolean (snapshot, "in-place"));
  g_assert_true (g_str_has_prefix (Py_GetVersion (), rsc_snapshot_get_info_string (snapshot, "version")));
}

/* The agent's own objects are left out, and what they refer to does not count them. */
static void
test_excluded (void)
{
  PyObject *ours = PyList_New (0), *theirs = PyList_New (0);
  const void *excluded[] = { ours };
  RscWalkOptions options = { .in_place = 1, .excluded = excluded, .n_excluded = 1 };
  g_autoptr(RscSnapshot) with = NULL, without = NULL;
  RscNode node;

  PyList_Append (ours, theirs);
  PyList_Append (ours, theirs);
  with = capture (&(RscWalkOptions) { .in_place = 1 });
  without = capture (&options);
  node = rsc_snapshot_find_address (with, (guint64) (guintptr) theirs);
  g_assert_cmpuint (rsc_snapshot_peek_columns (with)->refcount[node], ==, 3);
  g_assert_cmpuint (rsc_snapshot_find_address (with, (guint64) (guintptr) ours), !=, RSC_NODE_NONE);

  node = rsc_snapshot_find_address (without, (guint64) (guintptr) theirs);
  g_assert_cmpuint (rsc_snapshot_get_columns (without, RSC_BLOCK_ALL, NULL)->refcount[node], ==, 1);
  g_assert_cmpuint (rsc_snapshot_find_address (without, (guint64) (guintptr) ours), ==, RSC_NODE_NONE);
  Py_DECREF (ours);
  Py_DECREF (theirs);
}

/* What cannot be written ends the run with a sentence. */
static void
test_unwritable (void)
{
  int fd = memfd_create ("heap", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  RscWalkOptions options = { .in_place = 1 };
  g_autofree char *sentence = NULL;
  g_autofree char *fault = NULL;
  char message[RSC_WALK_ERROR_SIZE];
  RscWalk *walk;

  g_assert_cmpint (fcntl (fd, F_ADD_SEALS, F_SEAL_GROW), ==, 0);
  walk = rsc_walk_prepare (&options, message);
  g_assert_nonnull (walk);
  g_assert_cmpint (rsc_walk_run (walk, fd), ==, -1);
  sentence = rsc_sentence_dup (rsc_walk_get_error (walk));
  g_assert_true (g_str_has_prefix (sentence, "Writing the heap failed after "));
  rsc_walk_note_fault (walk, SIGSEGV);
  fault = rsc_sentence_dup (rsc_walk_get_error (walk));
  g_assert_nonnull (strstr (fault, "SIGSEGV"));
  rsc_walk_finish (walk);
  close (fd);
}

static void
test_gc_state (void)
{
  RscWalkGcState state;
  char message[RSC_WALK_ERROR_SIZE] = "";
  PyObject *gc = PyImport_ImportModule ("gc"), *thresholds = PyObject_CallMethod (gc, "get_threshold", NULL);
  PyObject *result = PyObject_CallMethod (gc, "disable", NULL);

  Py_XDECREF (result);
  g_assert_cmpint (rsc_walk_read_gc_state (&state, 1, message), ==, 0);
  g_assert_cmpstr (message, ==, "");
  g_assert_cmpuint (state.enabled, ==, 0);
  for (Py_ssize_t i = 0; i < 3; i++)
    g_assert_cmpint (PyLong_AsLong (PyTuple_GetItem (thresholds, i)), ==, (long) state.thresholds[i]);
  g_assert_cmpuint (state.generation_objects[0] + state.generation_objects[1] + state.generation_objects[2], >, 1000);
  g_assert_cmphex (state.version_hex, ==, PY_VERSION_HEX);
  result = PyObject_CallMethod (gc, "enable", NULL);
  Py_XDECREF (result);
  Py_DECREF (thresholds);
  Py_DECREF (gc);
}

int
main (int argc, char *argv[])
{
  int result;

  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, ==, 2);
  check_path = argv[1];
  /* Each object in a block of its own, so that a sanitizer sees a read past its end. */
  g_setenv ("PYTHONMALLOC", "malloc", TRUE);
  Py_InitializeEx (0);
  g_test_add_func ("/walk/snapshot", test_snapshot);
  g_test_add_func ("/walk/excluded", test_excluded);
  g_test_add_func ("/walk/unwritable", test_unwritable);
  g_test_add_func ("/walk/gc-state", test_gc_state);
  g_test_add_func ("/walk/every-object", test_every_object);
  result = g_test_run ();
  Py_FinalizeEx ();
  return result;
}
