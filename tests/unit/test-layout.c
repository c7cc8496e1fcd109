/* The layout child and its parent: places, DOT, and what goes wrong. */
#include "config.h"

#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cpu-time.h"
#include "layout/rsc-layout-child.h"
#include "layout/rsc-layout-rows.h"
#include "layout/rsc-layout-wire.h"
#include "layout/rsc-layout.h"

#define EPSILON 0.51 /* Graphviz works in whole points for boxes */

typedef struct
{
  RscLayoutRequest request;
  RscLayoutNode *nodes;
  RscLayoutEdge *edges;
} Case;

static Case
make_case (guint n_nodes, guint n_cross, guint seed, gboolean labels)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed (seed);
  Case self = { 0 };
  guint n_edges = n_nodes - 1 + n_cross;

  self.nodes = g_new0 (RscLayoutNode, n_nodes);
  self.edges = g_new0 (RscLayoutEdge, MAX (n_edges, 1));
  for (guint i = 0; i < n_nodes; i++)
    self.nodes[i] = (RscLayoutNode) { g_rand_int_range (rand, 20, 160), g_rand_int_range (rand, 16, 60) };
  for (guint e = 0; e < n_edges; e++)
    {
      guint32 target = e < n_nodes - 1 ? e + 1 : (guint32) g_rand_int_range (rand, 0, (gint32) n_nodes);
      guint32 source = (guint32) g_rand_int_range (rand, 0, (gint32) (e < n_nodes - 1 ? target : n_nodes));

      self.edges[e] = (RscLayoutEdge) { source, target, labels && e % 3 == 0 ? 40 : 0, labels && e % 3 == 0 ? 12 : 0,
                                        e % 5 == 0 ? 2 : 1, e % 7 == 6 };
    }
  self.request = (RscLayoutRequest) { .n_nodes = n_nodes, .nodes = self.nodes, .n_edges = n_edges, .edges = self.edges };
  return self;
}

static void
case_clear (Case *self)
{
  g_free (self->nodes);
  g_free (self->edges);
}

static gboolean
boxes_overlap (RscPoint a, RscLayoutNode as, RscPoint b, RscLayoutNode bs)
{
  return fabs (a.x - b.x) < (as.width + bs.width) / 2 - EPSILON && fabs (a.y - b.y) < (as.height + bs.height) / 2 - EPSILON;
}

static double
distance_to_box (RscPoint p, RscPoint center, RscLayoutNode size)
{
  double dx = MAX (fabs (p.x - center.x) - size.width / 2, 0);
  double dy = MAX (fabs (p.y - center.y) - size.height / 2, 0);

  return hypot (dx, dy);
}

/* What any good answer has: nothing overlaps, all within the page, splines go
 * from box to box. */
static void
check_places (const RscLayoutRequest *request, const RscLayoutResult *result)
{
  g_assert_cmpuint (result->n_nodes, ==, request->n_nodes);
  g_assert_cmpuint (result->n_edges, ==, request->n_edges);
  for (gsize i = 0; i < result->n_nodes; i++)
    {
      g_assert_cmpfloat (result->centers[i].x - request->nodes[i].width / 2, >=, -EPSILON);
      g_assert_cmpfloat (result->centers[i].y - request->nodes[i].height / 2, >=, -EPSILON);
      g_assert_cmpfloat (result->centers[i].x + request->nodes[i].width / 2, <=, result->width + EPSILON);
      g_assert_cmpfloat (result->centers[i].y + request->nodes[i].height / 2, <=, result->height + EPSILON);
      for (gsize j = 0; j < i; j++)
        g_assert_false (boxes_overlap (result->centers[i], request->nodes[i], result->centers[j], request->nodes[j]));
    }
  for (gsize e = 0; e < result->n_edges; e++)
    {
      const RscLayoutEdge *edge = &request->edges[e];
      guint first = result->first_point[e], last = result->first_point[e + 1] - 1;

      g_assert_cmpuint ((last - first) % 3, ==, 0);
      g_assert_cmpfloat (distance_to_box (result->points[first], result->centers[edge->source], request->nodes[edge->source]), <, 3);
      g_assert_cmpfloat (distance_to_box (result->points[last], result->centers[edge->target], request->nodes[edge->target]), <, 3);
      for (guint p = first; p <= last; p++)
        {
          g_assert_cmpfloat (result->points[p].x, >=, -EPSILON);
          g_assert_cmpfloat (result->points[p].x, <=, result->width + EPSILON);
        }
    }
}

static void
test_places (void)
{
  for (guint seed = 0; seed < 20; seed++)
    {
      Case c = make_case (2 + seed * 4, seed, seed, seed % 2 == 0);
      g_autoptr(GError) error = NULL;
      g_autoptr(RscLayoutResult) result = NULL;

      c.request.left_to_right = seed % 3 == 0;
      result = rsc_layout_run (&c.request, 0, NULL, &error);
      g_assert_no_error (error);
      check_places (&c.request, result);
      g_assert_cmpstr (result->engine, ==, "dot");
      g_assert_cmpstr (result->settings, ==, "");
      g_assert_null (result->note);
      case_clear (&c);
    }
}

static void
test_edge_labels_have_room (void)
{
  RscLayoutNode nodes[2] = { { 60, 30 }, { 60, 30 } };
  RscLayoutEdge edges[1] = { { 0, 1, 120, 40, 1, FALSE } };
  RscLayoutRequest request = { .n_nodes = 2, .nodes = nodes, .n_edges = 1, .edges = edges };
  g_autoptr(GError) error = NULL;
  g_autoptr(RscLayoutResult) result = rsc_layout_run (&request, 0, NULL, &error);

  g_assert_no_error (error);
  for (guint i = 0; i < 2; i++)
    g_assert_false (boxes_overlap (result->centers[i], nodes[i], result->label_centers[0], (RscLayoutNode) { 120, 40 }));
  g_assert_cmpfloat (result->label_centers[0].x + 60, <=, result->width + EPSILON);
}

static void
test_single_nodes (void)
{
  RscLayoutNode nodes[3] = { { 60, 30 }, { 1, 1 }, { 0, 0 } };
  RscLayoutEdge loop[1] = { { 0, 0, 20, 10, 1, FALSE } };
  RscLayoutRequest request = { .n_nodes = 0 };
  g_autoptr(GError) error = NULL;
  RscLayoutResult *result = rsc_layout_run (&request, 0, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpfloat (result->width, ==, 0);
  g_clear_pointer (&result, rsc_layout_result_free);

  request = (RscLayoutRequest) { .n_nodes = 3, .nodes = nodes, .n_edges = 1, .edges = loop };
  result = rsc_layout_run (&request, 0, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (result->first_point[1], >=, 4);
  g_clear_pointer (&result, rsc_layout_result_free);
}

static void
test_large (void)
{
  Case c = make_case (1500, 150, 1, FALSE);
  g_autoptr(GError) error = NULL;
  g_autoptr(RscLayoutResult) result = rsc_layout_run (&c.request, 30, NULL, &error);

  g_assert_no_error (error);
  check_places (&c.request, result);
  g_assert_cmpstr (result->settings, ==, "nslimit=0.02 mclimit=0.02 splines=line");
  case_clear (&c);
}

/* dot needs far longer for this one: a coarser engine has it and says so. */
static void
test_coarser (void)
{
  Case c = make_case (900, 4000, 1, FALSE);
  g_autoptr(GError) error = NULL;
  g_autoptr(RscLayoutResult) result = rsc_layout_run (&c.request, 4, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (result->engine, !=, "dot");
  g_assert_nonnull (result->note);
  g_assert_nonnull (strstr (result->note, result->engine));
  case_clear (&c);
}

/* The layout that cannot fail. */
static void
test_rows (void)
{
  for (guint seed = 0; seed < 30; seed++)
    {
      Case c = make_case (1 + seed * 7, seed, seed, FALSE);
      g_autoptr(RscLayoutResult) result = rsc_layout_rows (&c.request);
      double left = G_MAXDOUBLE, top = G_MAXDOUBLE;

      for (gsize i = 0; i < c.request.n_nodes; i++)
        {
          left = MIN (left, result->centers[i].x - c.nodes[i].width / 2);
          top = MIN (top, result->centers[i].y - c.nodes[i].height / 2);
        }
      for (gsize i = 0; i < c.request.n_nodes; i++)
        {
          result->centers[i].x -= left;
          result->centers[i].y -= top;
        }
      for (guint32 p = 0; p < result->first_point[result->n_edges]; p++)
        {
          result->points[p].x -= left;
          result->points[p].y -= top;
        }
      /* Loops may stick out. */
      result->width = result->height = 1e9;
      check_places (&c.request, result);
      case_clear (&c);
    }
}

static void
test_rows_are_quick (void)
{
  Case c = make_case (RSC_LAYOUT_MAX_NODES, 100000, 1, TRUE);
  gint64 started = cpu_time ();
  g_autoptr(RscLayoutResult) result = rsc_layout_rows (&c.request);

  g_assert_cmpuint (result->n_nodes, ==, RSC_LAYOUT_MAX_NODES);
  g_assert_cmpint (cpu_time () - started, <, 5 * G_USEC_PER_SEC);
  case_clear (&c);
}

static void
test_timeout (void)
{
  Case c = make_case (4000, 3000, 1, FALSE);
  g_autoptr(GError) error = NULL;
  g_autoptr(RscLayoutResult) result = rsc_layout_run (&c.request, 0.05, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (result->engine, ==, "rows");
  g_assert_nonnull (result->note);
  g_assert_cmpfloat (result->width, >, 1000);
  case_clear (&c);
}

static gpointer
cancel_soon (gpointer data)
{
  g_usleep (100000);
  g_cancellable_cancel (data);
  return NULL;
}

static void
test_cancel (void)
{
  Case c = make_case (4000, 3000, 1, FALSE);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  gint64 started = g_get_monotonic_time ();
  GThread *thread = g_thread_new ("cancel", cancel_soon, cancellable);

  g_assert_null (rsc_layout_run (&c.request, 60, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  /* Well below its budget. */
  g_assert_cmpint (g_get_monotonic_time () - started, <, 30 * G_USEC_PER_SEC);
  g_thread_join (thread);
  case_clear (&c);
}

static void
test_limit (void)
{
  RscLayoutRequest request = { .n_nodes = RSC_LAYOUT_MAX_NODES + 1 };
  g_autoptr(GError) error = NULL;

  g_assert_null (rsc_layout_run (&request, 0, NULL, &error));
  g_assert_error (error, RSC_LAYOUT_ERROR, RSC_ERROR_LIMIT);
}

/* A stand-in for the child that does as @script says. */
static char *
write_program (const char *dir, const char *script)
{
  char *path = g_build_filename (dir, "program", NULL);
  g_autofree char *text = g_strconcat ("#!/bin/sh\n", script, "\n", NULL);
  g_autoptr(GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_chmod (path, 0700), ==, 0);
  return path;
}

static void
test_bad_child (void)
{
  static const struct
  {
    const char *script;
    int code;
    const char *words;
  } programs[] = {
    { "echo 'lost edge' >&2; exit 3", RSC_ERROR_FAILED, "lost edge" },
    { "kill -SEGV $$", RSC_ERROR_FAILED, "signal" },
    { "cat >/dev/null; echo this is not a record, but long enough", RSC_ERROR_CORRUPT, NULL },
    { "exit 0", RSC_ERROR_FAILED, NULL },
    { "sleep 30", RSC_ERROR_TIMEOUT, NULL },
    { "cat >/dev/null; yes | head -c 100000 >&2; exit 1", RSC_ERROR_FAILED, NULL },
  };
  g_autofree char *before = g_strdup (g_getenv ("RSC_LAYOUT"));
  g_autoptr(GError) dir_error = NULL;
  g_autofree char *dir = g_dir_make_tmp ("refscope-layout-XXXXXX", &dir_error);

  g_assert_no_error (dir_error);
  for (gsize i = 0; i < G_N_ELEMENTS (programs); i++)
    {
      Case c = make_case (200, 100, 1, FALSE);
      g_autofree char *program = write_program (dir, programs[i].script);
      g_autoptr(GByteArray) record = g_byte_array_new ();
      g_autoptr(RscLayoutResult) result = NULL;
      g_autoptr(GError) error = NULL;
      RscLayoutSettings settings = { 0 };
      RscLayoutHeader header;

      g_setenv ("RSC_LAYOUT", program, TRUE);
      rsc_layout_wire_append_place (record, &c.request, &settings);
      g_assert_null (rsc_layout_child_exchange (record, 0.5, NULL, &header, &error));
      g_assert_error (error, RSC_LAYOUT_ERROR, programs[i].code);
      if (programs[i].words != NULL)
        g_assert_nonnull (strstr (error->message, programs[i].words));
      g_clear_error (&error);
      /* There is a drawing nevertheless. */
      result = rsc_layout_run (&c.request, 0.5, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (result->engine, ==, "rows");
      g_assert_nonnull (result->note);
      check_places (&c.request, result);
      g_unlink (program);
      case_clear (&c);
    }
  {
    Case c = make_case (3, 0, 1, FALSE);
    g_autoptr(GError) error = NULL;

    g_setenv ("RSC_LAYOUT", "/nonexistent/refscope-layout", TRUE);
    g_assert_null (rsc_layout_run (&c.request, 1, NULL, &error));
    g_assert_error (error, RSC_LAYOUT_ERROR, RSC_ERROR_NOT_FOUND);
    case_clear (&c);
  }
  /* A text that ends the parser is the text's fault. */
  {
    g_autofree char *program = write_program (dir, "cat >/dev/null; kill -SEGV $$");
    g_autoptr(GError) error = NULL;

    g_setenv ("RSC_LAYOUT", program, TRUE);
    g_assert_null (rsc_layout_parse_dot ("digraph {}", 10, NULL, &error));
    g_assert_error (error, RSC_FORMAT_ERROR, RSC_ERROR_LIMIT);
    g_unlink (program);
  }
  g_setenv ("RSC_LAYOUT", before, TRUE);
  g_rmdir (dir);
}

static gpointer
run_one (gpointer data)
{
  Case c = make_case (30, 5, GPOINTER_TO_UINT (data), TRUE);
  g_autoptr(GError) error = NULL;
  g_autoptr(RscLayoutResult) result = rsc_layout_run (&c.request, 0, NULL, &error);

  g_assert_no_error (error);
  check_places (&c.request, result);
  case_clear (&c);
  return NULL;
}

/* Threads that come and go, with a spare: the spare outlives the thread that
 * asked for it. */
static void
test_warm (void)
{
  for (guint round = 0; round < 5; round++)
    {
      GThread *threads[4];

      rsc_layout_warm_up ();
      for (guint t = 0; t < G_N_ELEMENTS (threads); t++)
        threads[t] = g_thread_new ("layout", run_one, GUINT_TO_POINTER (t));
      for (guint t = 0; t < G_N_ELEMENTS (threads); t++)
        g_thread_join (threads[t]);
    }
}

/* This program again, as a parent that is to be killed. */
G_NORETURN static void
warm_and_wait (void)
{
  rsc_layout_warm_up ();
  for (;;)
    g_usleep (G_USEC_PER_SEC);
}

/* The children of all of @pid's threads; 0 if there is none yet. */
static pid_t
find_child (GPid pid)
{
  g_autofree char *tasks = g_strdup_printf ("/proc/%d/task", pid);
  g_autoptr(GDir) dir = g_dir_open (tasks, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (tasks, name, "children", NULL);
      g_autofree char *content = NULL;

      if (g_file_get_contents (path, &content, NULL, NULL) && content[0] != '\0')
        return (pid_t) g_ascii_strtoll (content, NULL, 10);
    }
  return 0;
}

/* Gone, or a zombie that its new parent has not reaped. */
static gboolean
has_ended (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", (int) pid);
  g_autofree char *stat = NULL;
  const char *state;

  if (!g_file_get_contents (path, &stat, NULL, NULL))
    return TRUE;
  state = strrchr (stat, ')');
  return state == NULL || state[2] == 'Z' || state[2] == 'X';
}

/* No child outlives a parent that is killed. */
static void
test_parent_killed (void)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  char *argv[] = { self, (char *) "--warm-and-wait", NULL };
  g_autoptr(GError) error = NULL;
  gint64 deadline = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;
  pid_t child = 0;
  GPid pid;

  if (!g_file_test ("/proc/self/task", G_FILE_TEST_IS_DIR))
    {
      g_test_skip ("there is no /proc");
      return;
    }
  g_assert_true (g_spawn_async (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, &error));
  while (child == 0 && g_get_monotonic_time () < deadline)
    child = find_child (pid);
  g_assert_cmpint (child, >, 0);
  g_assert_false (has_ended (child));
  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
  while (!has_ended (child) && g_get_monotonic_time () < deadline)
    g_usleep (1000);
  g_assert_true (has_ended (child));
}

static void
test_dot (void)
{
  static const char text[] =
    "digraph \"Six\" {\n"
    "  A -> B [label=\"first\"]; A -> C; B -> A; B -> E; C -> E; D -> F; F -> D;\n"
    "  B [label=\"\\N has\\na label\"]; C [label=<<b>bold</b>>];\n"
    "  \"\xe8\x8a\x82\xe7\x82\xb9\" [root=true];\n"
    "}\n";
  g_autoptr(GError) error = NULL;
  g_autoptr(RscDotGraph) graph = rsc_layout_parse_dot (text, strlen (text), NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (graph->graph_name, ==, "Six");
  g_assert_true (graph->directed);
  g_assert_cmpuint (graph->n_nodes, ==, 7);
  g_assert_cmpuint (graph->n_edges, ==, 7);
  g_assert_cmpstr (graph->names[0], ==, "A");
  g_assert_cmpstr (graph->labels[0], ==, "A");
  g_assert_cmpstr (graph->labels[1], ==, "B has\na label");
  g_assert_cmpstr (graph->labels[2], ==, "C");
  g_assert_cmpstr (graph->names[6], ==, "\xe8\x8a\x82\xe7\x82\xb9");
  g_assert_cmpuint (graph->root, ==, 6);
  g_assert_cmpuint (graph->sources[0], ==, 0);
  g_assert_cmpuint (graph->targets[0], ==, 1);
  g_assert_cmpstr (graph->edge_labels[0], ==, "first");
  g_assert_cmpstr (graph->edge_labels[1], ==, "");
}

static void
check_bad_dot (const char *text, gsize length, int code, const char *words)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (rsc_layout_parse_dot (text, length, NULL, &error));
  g_assert_error (error, RSC_FORMAT_ERROR, code);
  if (words != NULL && strstr (error->message, words) == NULL)
    g_error ("“%s” is not in “%s”", words, error->message);
}

/* Where it is, to the byte, though Graphviz tells the line only. */
static void
test_bad_dot_place (void)
{
  static const struct { const char *text, *words; } cases[] = {
    { "digraph {\n a -> b\n b -> -> c\n}", "line 3, column 7 (byte offset 24): “->”" },
    { "digraph{\n a->b->->c->d }", "line 2, column 8 (byte offset 16): “->”" },
    { "digraph { a \xe8\x8a\x82 = = }", "line 1, column 17 (byte offset 18): “=”" },
    { "\xef\xbb\xbf" "digraph { a -> = }", "line 1, column 16 (byte offset 18): “=”" },
    { "# 100 \"other\"\ndigraph {\n a -> -> b }", "line 3, column 7 (byte offset 30): “->”" },
    { "digraph { a -- b }", "line 1, column 13 (byte offset 12): “--”" },
    { "digraph { a }\n}", "line 2, column 1 (byte offset 14): “}”" },
    { "digraph { a }\n/* \n */ graph { x -> y }", "line 3, column 15 (byte offset 32): “->”" },
    { "digraph {\n a -> b", "ends too early, in line 2 (byte offset 17)" },
    { "digraph { a [", "ends too early, in line 1 (byte offset 13)" },
    { "digraph {\n a [label=\"x\n] }", "line 2, which begins at byte offset 10" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    check_bad_dot (cases[i].text, strlen (cases[i].text), RSC_ERROR_CORRUPT, cases[i].words);
}

static void
test_bad_dot (void)
{
  g_autoptr(GString) deep = g_string_new ("digraph {\n");
  g_autoptr(GString) binary = g_string_new (NULL);
  g_autofree char *huge = g_malloc0 (RSC_LAYOUT_MAX_DOT_TEXT + 1);

  check_bad_dot ("", 0, RSC_ERROR_CORRUPT, NULL);
  check_bad_dot ("digraph {\n a -> b\n b -> -> c }", 30, RSC_ERROR_CORRUPT, "line 3");
  check_bad_dot ("digraph { a", 11, RSC_ERROR_CORRUPT, NULL);
  check_bad_dot ("digraph {}\0", 11, RSC_ERROR_CORRUPT, "offset 10");
  for (guint i = 0; i < 200000; i++)
    g_string_append (deep, "subgraph {");
  check_bad_dot (deep->str, deep->len, RSC_ERROR_LIMIT, "nested too deeply in line 2");
  for (guint i = 1; i < 5000; i++)
    g_string_append_c (binary, (char) (i * 7919 % 255 + 1));
  check_bad_dot (binary->str, binary->len, RSC_ERROR_CORRUPT, NULL);
  memset (huge, ' ', RSC_LAYOUT_MAX_DOT_TEXT);
  check_bad_dot (huge, RSC_LAYOUT_MAX_DOT_TEXT + 1, RSC_ERROR_LIMIT, NULL);
}

int
main (int argc, char *argv[])
{
  if (argc > 1 && strcmp (argv[1], "--warm-and-wait") == 0)
    warm_and_wait ();
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/layout/parent-killed", test_parent_killed);
  g_test_add_func ("/layout/places", test_places);
  g_test_add_func ("/layout/edge-labels-have-room", test_edge_labels_have_room);
  g_test_add_func ("/layout/single-nodes", test_single_nodes);
  g_test_add_func ("/layout/large", test_large);
  g_test_add_func ("/layout/coarser", test_coarser);
  g_test_add_func ("/layout/rows", test_rows);
  g_test_add_func ("/layout/rows-are-quick", test_rows_are_quick);
  g_test_add_func ("/layout/timeout", test_timeout);
  g_test_add_func ("/layout/cancel", test_cancel);
  g_test_add_func ("/layout/limit", test_limit);
  g_test_add_func ("/layout/bad-child", test_bad_child);
  g_test_add_func ("/layout/warm", test_warm);
  g_test_add_func ("/layout/dot", test_dot);
  g_test_add_func ("/layout/bad-dot", test_bad_dot);
  g_test_add_func ("/layout/bad-dot-place", test_bad_dot_place);
  return g_test_run ();
}
