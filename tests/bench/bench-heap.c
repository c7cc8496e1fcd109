/* Measures what the speed goals speak of, and prints each with its limit.
 *
 *   bench-heap PYTHON HEAP.PY TRACKED FOLDER
 *
 * Leaves the heap in FOLDER/bench.refscope.  Exit status 1 if a limit was missed.  Ratios compare what was measured in one
 * run, on one heap, in one process: times alone say little across machines. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench-report.h"
#include "capture/rsc-target.h"
#include "collect/rsc-replay.h"
#include "graph/rsc-graph.h"

#define REPEATS 21
#define N_JUMPS 100

static void
die (const GError *error)
{
  fprintf (stderr, "bench-heap: %s\n", error != NULL ? error->message : "no answer");
  exit (2);
}

/* The number after "KEY": in one of heap.py's lines, or NAN. */
static double
number_of (const char *lines, const char *key)
{
  g_autofree char *quoted = g_strdup_printf ("\"%s\": ", key);
  const char *found = g_strrstr (lines, quoted);

  return found != NULL && strncmp (found + strlen (quoted), "null", 4) != 0
           ? g_ascii_strtod (found + strlen (quoted), NULL)
           : 0.0 / 0.0;
}

/* Collects the program's output until it has @text, or is held. */
static void
wait_for (RscTarget *target, GString *output, const char *text)
{
  while (text == NULL || strstr (output->str, text) == NULL)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RscTargetEvent) event = rsc_target_next_event (target, 600 * 1000, NULL, &error);
      gsize size;
      gconstpointer data;

      if (event == NULL)
        die (error);
      if (event->type == RSC_EVENT_OUTPUT)
        {
          data = g_bytes_get_data (event->bytes, &size);
          if (event->fd == 2)
            fwrite (data, 1, size, stderr);
          else
            g_string_append_len (output, data, size);
        }
      else if (event->type == RSC_EVENT_STATE && event->state == RSC_TARGET_EXITED)
        {
          fprintf (stderr, "bench-heap: the program ended too early\n%s", output->str);
          exit (2);
        }
      else if (text == NULL && event->type == RSC_EVENT_STATE && event->state == RSC_TARGET_HELD)
        return;
    }
}

/* Back-references of depth 3 to DOT text, as objgraph is asked for; the median. */
static double
time_backrefs (RscSnapshot *snapshot, guint64 address, gboolean objgraph, gsize *n_drawn)
{
  double taken[REPEATS];
  g_autoptr (GError) error = NULL;
  RscNode node;

  if (rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL, &error) == NULL)
    die (error);
  node = rsc_snapshot_find_address (snapshot, address);
  if (node == RSC_NODE_NONE)
    {
      fprintf (stderr, "bench-heap: the sample is not in the heap\n");
      exit (2);
    }
  for (int i = 0; i < REPEATS; i++)
    {
      RscViewParams params = RSC_VIEW_PARAMS_INIT;
      g_autoptr (RscView) view = NULL;
      g_autoptr (RscGraph) graph = NULL;
      g_autofree char *dot = NULL;
      double start = bench_now_ms ();

      params.direction = RSC_DIRECTION_BACKREFS;
      params.objects = &node;
      params.n_objects = 1;
      params.objgraph = objgraph;
      params.edges = objgraph ? RSC_EDGES_COLLECTOR : RSC_EDGES_EVERYTHING;
      params.max_nodes = 0;
      view = rsc_view_new (&params);
      graph = rsc_graph_build (snapshot, view, NULL, NULL, &error);
      if (graph == NULL)
        die (error);
      dot = rsc_graph_to_dot (graph);
      taken[i] = bench_now_ms () - start;
      rsc_graph_get_nodes (graph, n_drawn);
    }
  return bench_median (taken, REPEATS);
}

/* A full collection as steps, beside the real one; and going to any of them. */
static void
bench_replay (RscSnapshot *snapshot, double collect, gboolean large)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  g_autoptr (RscReplay) replay = NULL;
  g_autoptr (RscReplayCursor) cursor = NULL;
  g_autoptr (GError) error = NULL;
  double start = bench_now_ms ();
  double computed, longest = 0, all = 0;
  guint64 n;

  replay = rsc_replay_new_collection (snapshot, 2, NULL, NULL, &error);
  if (replay == NULL)
    die (error);
  computed = bench_now_ms () - start;
  n = rsc_replay_get_n_steps (replay);
  cursor = rsc_replay_cursor_new (replay);
  for (int i = 0; i < N_JUMPS; i++)
    {
      guint64 to = (guint64) (g_rand_double (rand) * (double) n);
      double taken;
      RscStep step;

      start = bench_now_ms ();
      rsc_replay_cursor_seek (cursor, to);
      rsc_replay_cursor_get_step (cursor, &step);
      taken = bench_now_ms () - start;
      longest = MAX (longest, taken);
      all += taken;
    }
  printf ("  a full collection is %" G_GUINT64_FORMAT " steps, computed in %.0f ms; a jump takes %.1f ms on average\n",
          n, computed, all / N_JUMPS);
  bench_report ("steps computed / gc.collect()", computed / collect, "x", 3);
  if (!large)
    bench_report ("the longest of the jumps between random steps", longest, "ms", 50);
  else
    printf ("  the longest of the jumps between random steps: %.1f ms\n", longest);
}

static void
bench_heap (const char *python, const char *program, const char *tracked, const char *folder)
{
  g_autofree char *dot_path = g_build_filename (folder, "objgraph.dot", NULL);
  g_autofree char *path = g_build_filename (folder, "bench.refscope", NULL);
  const char *argv[] = { python, program, tracked, "--objgraph", dot_path, NULL };
  RscLaunchOptions launch = { .argv = argv, .hold = TRUE, .pipe_streams = TRUE };
  RscCaptureOptions capture = { .timeout_seconds = 60 };
  g_autoptr (GString) output = g_string_new (NULL);
  g_autoptr (RscTarget) target = NULL;
  g_autoptr (RscSnapshot) snapshot = NULL, opened = NULL;
  g_autoptr (GError) error = NULL;
  const RscColumns *columns;
  double collect, queryable, backrefs, objgraph, start, first, answered;
  guint64 sample;
  gsize n_drawn;
  gboolean large = g_ascii_strtoull (tracked, NULL, 10) > 2 * 1000 * 1000;

  target = rsc_target_launch (&launch, &error);
  if (target == NULL)
    die (error);
  wait_for (target, output, NULL);
  if (!rsc_target_set_hold (target, FALSE, &error) || !rsc_target_continue (target, &error))
    die (error);
  wait_for (target, output, "beating");
  sample = g_ascii_strtoull (strstr (output->str, "\"sample\": ") + strlen ("\"sample\": "), NULL, 10);

  start = bench_now_ms ();
  snapshot = rsc_target_capture (target, &capture, NULL, NULL, &error);
  if (snapshot == NULL)
    die (error);
  columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL, &error);
  if (columns == NULL || rsc_snapshot_find_address (snapshot, sample) == RSC_NODE_NONE)
    die (error);
  queryable = bench_now_ms () - start;

  if (!rsc_target_write_input (target, "\n", 1, &error))
    die (error);
  wait_for (target, output, "standstill_ms");
  collect = number_of (output->str, "collect_ms");
  wait_for (target, output, "\"done\"");

  printf ("mixed heap, %s tracked objects: %u nodes, %" G_GUINT64_FORMAT " references; CPython %s\n",
          tracked, columns->n_nodes, columns->n_edges, rsc_snapshot_get_info_string (snapshot, "version"));
  printf ("  one full gc.collect(): %.1f ms; stood still: %.1f ms (the agent says %.1f ms); queryable after %.0f ms\n",
          collect, number_of (output->str, "standstill_ms"),
          rsc_snapshot_get_info_number (snapshot, "paused-us") / 1000.0, queryable);
  bench_report ("standstill of a capture / gc.collect()", number_of (output->str, "standstill_ms") / collect, "x", 0.5);
  if (!large)
    bench_report ("from request to queryable / gc.collect()  (5 is the goal)", queryable / collect, "x", 8);
  else
    printf ("  from request to queryable / gc.collect(): %.3gx\n", queryable / collect);

  bench_replay (snapshot, collect, large);

  objgraph = number_of (output->str, "objgraph_ms");
  backrefs = time_backrefs (snapshot, sample, TRUE, &n_drawn);
  if (objgraph > 0)
    {
      printf ("  objgraph.show_backrefs() to DOT, depth 3, its collection left out: %.1f ms; here: %.3f ms (%zu boxes)\n",
              objgraph, backrefs, n_drawn);
      bench_report ("objgraph's back-references / these", objgraph / backrefs, "x", -100);
    }
  else
    printf ("  objgraph is not installed for this Python; back-references, depth 3: %.3f ms\n", backrefs);

  if (!rsc_snapshot_save (snapshot, path, TRUE, NULL, NULL, &error))
    die (error);
  g_clear_pointer (&snapshot, rsc_snapshot_unref);

  start = bench_now_ms ();
  opened = rsc_snapshot_open (path, &error);
  if (opened == NULL || rsc_snapshot_get_columns (opened, RSC_BLOCK_NODES | RSC_BLOCK_ADDRESSES, &error) == NULL)
    die (error);
  if (rsc_snapshot_find_address (opened, sample) == RSC_NODE_NONE)
    die (NULL);
  first = bench_now_ms () - start;
  start = bench_now_ms ();
  time_backrefs (opened, sample, FALSE, &n_drawn);
  answered = first + bench_now_ms () - start;
  bench_report ("opening the file, to the first answer (an object)", first, "ms", 50);
  printf ("  ... and to the first %d graphs, all blocks checked: %.1f ms\n", REPEATS, answered);
  remove (dot_path);
}

int
main (int argc, char **argv)
{
  if (argc != 5)
    {
      fprintf (stderr, "usage: %s PYTHON HEAP.PY TRACKED FOLDER\n", argv[0]);
      return 2;
    }
  bench_heap (argv[1], argv[2], argv[3], argv[4]);
  return bench_missed () ? 1 : 0;
}
