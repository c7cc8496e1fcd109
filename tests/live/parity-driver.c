/* Draws a captured heap by objgraph's rules, many views a process:
 *
 *   parity-driver HEAP < requests
 *
 * HEAP is a .refscope file, or a heap stream as the walk writes it.  A request
 * is a line of KEY=VALUE separated by tabs; objects are decimal addresses
 * separated by commas.  The answer is "DOT LENGTH" and the text, or "ERROR" and
 * the message on one line. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "capture/rsc-heap-stream-reader.h"
#include "graph/rsc-graph.h"

static RscSnapshot *
open_heap (const char *path, GError **error)
{
  g_autoptr(RscSnapshotBuilder) builder = NULL;
  gboolean ok;
  int fd;

  if (g_str_has_suffix (path, ".refscope"))
    return rsc_snapshot_open (path, error);

  fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    {
      g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "%s: %s", path, g_strerror (errno));
      return NULL;
    }
  builder = rsc_snapshot_builder_new ();
  ok = rsc_heap_stream_read (fd, builder, NULL, NULL, error);
  close (fd);
  return ok ? rsc_snapshot_builder_freeze (builder, NULL, NULL, error) : NULL;
}

/* Objects that are not in the heap are an error: the test would compare less
 * than it means to. */
static gboolean
read_objects (RscSnapshot *snapshot, const char *text, GArray *nodes, GError **error)
{
  g_auto(GStrv) parts = g_strsplit (text, ",", -1);

  for (gsize i = 0; parts[i] != NULL; i++)
    {
      RscNode node = rsc_snapshot_find_address (snapshot, g_ascii_strtoull (parts[i], NULL, 10));

      if (node == RSC_NODE_NONE)
        {
          g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "no object at %s", parts[i]);
          return FALSE;
        }
      g_array_append_val (nodes, node);
    }
  return TRUE;
}

static char *
answer (RscSnapshot *snapshot, char *line, GError **error)
{
  RscViewParams params = RSC_VIEW_PARAMS_INIT;
  g_autoptr(GArray) objects = g_array_new (FALSE, FALSE, sizeof (RscNode));
  g_autoptr(GArray) ignore = g_array_new (FALSE, FALSE, sizeof (RscNode));
  g_autoptr(RscView) view = NULL;
  g_autoptr(RscGraph) graph = NULL;
  g_auto(GStrv) parts = g_strsplit (line, "\t", -1);

  params.objgraph = TRUE;
  params.edges = RSC_EDGES_COLLECTOR;
  params.max_nodes = 0;
  for (gsize i = 0; parts[i] != NULL; i++)
    {
      char *value = strchr (parts[i], '=');

      if (value == NULL)
        continue;
      *value++ = '\0';
      if (strcmp (parts[i], "view") == 0)
        params.direction = strcmp (value, "backrefs") == 0 ? RSC_DIRECTION_BACKREFS : RSC_DIRECTION_REFS;
      else if (strcmp (parts[i], "max_depth") == 0)
        params.max_depth = g_ascii_strtoull (value, NULL, 10);
      else if (strcmp (parts[i], "too_many") == 0)
        params.too_many = g_ascii_strtoull (value, NULL, 10);
      else if (strcmp (parts[i], "refcounts") == 0)
        params.refcounts = *value == '1';
      else if (strcmp (parts[i], "shortnames") == 0)
        params.shortnames = *value == '1';
      else if (strcmp (parts[i], "filter") == 0)
        params.filter = value;
      else if (strcmp (parts[i], "highlight") == 0)
        params.highlight = value;
      else if (strcmp (parts[i], "extra_info") == 0)
        params.extra_info = value;
      else if (strcmp (parts[i], "objects") == 0 && !read_objects (snapshot, value, objects, error))
        return NULL;
      else if (strcmp (parts[i], "extra_ignore") == 0 && !read_objects (snapshot, value, ignore, error))
        return NULL;
    }
  params.objects = (const RscNode *) objects->data;
  params.n_objects = objects->len;
  params.extra_ignore = (const RscNode *) ignore->data;
  params.n_extra_ignore = ignore->len;

  view = rsc_view_new (&params);
  graph = rsc_graph_build (snapshot, view, NULL, NULL, error);
  return graph != NULL ? rsc_graph_to_dot (graph) : NULL;
}

int
main (int argc, char *argv[])
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RscSnapshot) snapshot = NULL;
  char *line = NULL;
  size_t size = 0;
  ssize_t length;

  if (argc != 2)
    {
      g_printerr ("usage: parity-driver HEAP\n");
      return 2;
    }
  snapshot = open_heap (argv[1], &error);
  if (snapshot == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 3;
    }
  while ((length = getline (&line, &size, stdin)) > 0)
    {
      g_autoptr(GError) local = NULL;
      g_autofree char *dot = NULL;

      line[strcspn (line, "\n")] = '\0';
      dot = answer (snapshot, line, &local);
      if (dot != NULL)
        {
          printf ("DOT %zu\n", strlen (dot));
          fputs (dot, stdout);
        }
      else
        printf ("ERROR %s\n", g_strdelimit (local->message, "\n", ' '));
      fflush (stdout);
    }
  free (line);
  return 0;
}
