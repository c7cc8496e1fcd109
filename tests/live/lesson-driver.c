/* Drives a launched program for the tests in Python: a command a line on
 * standard input, its words separated by tabs, and a JSON object a line on
 * standard output.
 *
 *   lesson-driver PROGRAM ARGS...
 *
 *   wait                     until it is held or has ended; with what it printed since
 *   continue                 lets a held program go on
 *   memory                   {"uss", "rss"}, sampled now
 *   capture FILE             to a file, which the next commands speak of
 *   node OBJECT              {"address", "type", ..., "generation", "references", "name"}
 *   holders OBJECT           {"refcount", "getrefcount", "holders": [...]}
 *   predict GENERATION       {"unreachable": [objects]}
 *   collect GENERATION FILE  {"returned", "freed": [objects], ...}; FILE is the heap before
 *   stop SIGNAL
 *
 * What fails is answered with {"error": "..."}. */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/rsc-holders.h"
#include "analysis/rsc-names.h"
#include "base/rsc-error.h"
#include "capture/rsc-target.h"
#include "collect/rsc-collect.h"
#include "graph/rsc-graph.h"
#include "query/rsc-object-ref.h"

#define LIST_LIMIT 1000

typedef struct
{
  RscTarget *target;
  RscSnapshot *snapshot; /* the last capture */
  GByteArray *output[2]; /* since the last "wait" */
  guint64 mark_uss;      /* of the last mark that was passed */
} Driver;

static void
answer (GString *json)
{
  puts (json->str);
  fflush (stdout);
}

static void
answer_error (const GError *error)
{
  g_autoptr (GString) json = g_string_new ("{\"error\": ");

  rsc_json_append_string (json, error->message);
  g_string_append_printf (json, ", \"domain\": \"%s\", \"code\": %d}", g_quark_to_string (error->domain), error->code);
  answer (json);
}

static void
append_output (GString *json, const char *name, GByteArray *bytes)
{
  g_autofree char *text = g_utf8_make_valid (bytes->len > 0 ? (const char *) bytes->data : "", bytes->len);

  g_string_append_printf (json, ", \"%s\": ", name);
  rsc_json_append_string (json, text);
  g_byte_array_set_size (bytes, 0);
}

static void
append_text (GString *json, const char *name, const char *text)
{
  g_string_append_printf (json, ", \"%s\": ", name);
  if (text == NULL)
    g_string_append (json, "null");
  else
    rsc_json_append_string (json, text);
}

static gboolean
driver_wait (Driver *self, GError **error)
{
  static const char *const holds[] = { "", "mark", "at-exit", "uncaught" };

  for (;;)
    {
      g_autoptr (RscTargetEvent) event = rsc_target_next_event (self->target, 120 * 1000, NULL, error);

      if (event == NULL)
        {
          if (error != NULL && *error == NULL)
            g_set_error_literal (error, RSC_CAPTURE_ERROR, RSC_ERROR_TIMEOUT, "no event");
          return FALSE;
        }
      if (event->type == RSC_EVENT_OUTPUT && (event->fd == 1 || event->fd == 2))
        {
          gsize size;
          gconstpointer data = g_bytes_get_data (event->bytes, &size);

          g_byte_array_append (self->output[event->fd - 1], data, (guint) size);
        }
      else if (event->type == RSC_EVENT_MARK)
        self->mark_uss = event->uss;
      else if (event->type == RSC_EVENT_NO_PYTHON)
        {
          g_set_error_literal (error, RSC_CAPTURE_ERROR, RSC_ERROR_UNSUPPORTED, event->message);
          return FALSE;
        }
      else if (event->type == RSC_EVENT_STATE
               && (event->state == RSC_TARGET_HELD || event->state == RSC_TARGET_EXITED))
        {
          g_autoptr (GString) json = g_string_new (NULL);
          guint64 uss = 0, rss = 0;

          rsc_target_sample_memory (self->target, &uss, &rss);
          g_string_append_printf (json, "{\"state\": \"%s\", \"hold\": \"%s\", \"pid\": %d, \"line\": %u, \"status\": %d",
                                  event->state == RSC_TARGET_HELD ? "held" : "exited", holds[event->hold],
                                  (int) rsc_target_get_pid (self->target), event->line, event->exit_status);
          g_string_append_printf (json,
                                  ", \"uss\": %" G_GUINT64_FORMAT ", \"rss\": %" G_GUINT64_FORMAT
                                  ", \"mark_uss\": %" G_GUINT64_FORMAT,
                                  uss, rss, self->mark_uss);
          append_text (json, "hint", event->hint);
          append_text (json, "file", event->file);
          append_output (json, "stdout", self->output[0]);
          append_output (json, "stderr", self->output[1]);
          g_string_append_c (json, '}');
          answer (json);
          return TRUE;
        }
    }
}

static gboolean
driver_memory (Driver *self, GError **error)
{
  g_autoptr (GString) json = g_string_new (NULL);
  guint64 uss, rss;

  if (!rsc_target_sample_memory (self->target, &uss, &rss))
    {
      g_set_error_literal (error, RSC_CAPTURE_ERROR, RSC_ERROR_BUSY, "no sample");
      return FALSE;
    }
  g_string_printf (json, "{\"uss\": %" G_GUINT64_FORMAT ", \"rss\": %" G_GUINT64_FORMAT "}", uss, rss);
  answer (json);
  return TRUE;
}

static gboolean
driver_capture (Driver *self, const char *path, GError **error)
{
  g_autoptr (GString) json = g_string_new (NULL);
  g_autoptr (RscSnapshot) snapshot = NULL;
  RscCaptureOptions options = { .timeout_seconds = 60 };
  const RscColumns *columns;

  snapshot = rsc_target_capture (self->target, &options, NULL, NULL, error);
  if (snapshot == NULL || !rsc_snapshot_save (snapshot, path, TRUE, NULL, NULL, error))
    return FALSE;
  columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL, error);
  if (columns == NULL)
    return FALSE;
  g_string_printf (json, "{\"objects\": %u, \"edges\": %" G_GUINT64_FORMAT, columns->n_nodes, columns->n_edges);
  append_text (json, "version", rsc_snapshot_get_info_string (snapshot, "version"));
  g_string_append_printf (json, ", \"uss\": %" G_GUINT64_FORMAT, rsc_snapshot_get_info_number (snapshot, "uss"));
  append_text (json, "hint", rsc_snapshot_get_info_string (snapshot, "hint"));
  g_string_append_c (json, '}');
  answer (json);
  g_clear_pointer (&self->snapshot, rsc_snapshot_unref);
  self->snapshot = g_steal_pointer (&snapshot);
  return TRUE;
}

static gboolean
driver_lookup (Driver *self, const char *object, RscNode *node, GError **error)
{
  g_autoptr (GArray) nodes = NULL;

  if (self->snapshot == NULL)
    {
      g_set_error_literal (error, RSC_CAPTURE_ERROR, RSC_ERROR_NOT_FOUND, "nothing was captured yet");
      return FALSE;
    }
  nodes = rsc_object_ref_resolve (self->snapshot, object, NULL, error);
  if (nodes == NULL)
    return FALSE;
  *node = g_array_index (nodes, RscNode, 0);
  return TRUE;
}

static gboolean
driver_node (Driver *self, const char *object, GError **error)
{
  g_autoptr (GString) json = g_string_new ("{\"object\": ");
  g_autofree char *name = NULL;
  const RscColumns *columns;
  RscNode node;

  if (!driver_lookup (self, object, &node, error))
    return FALSE;
  columns = rsc_snapshot_get_columns (self->snapshot, RSC_BLOCK_ALL, error);
  if (columns == NULL)
    return FALSE;
  rsc_node_append_json (json, self->snapshot, node);
  g_string_append_printf (json, ", \"generation\": %u, \"references\": %" G_GUINT64_FORMAT,
                          columns->generation[node], columns->first_edge[node + 1] - columns->first_edge[node]);
  name = rsc_names_describe (self->snapshot, node, 8);
  append_text (json, "name", name);
  g_string_append_c (json, '}');
  answer (json);
  return TRUE;
}

static gboolean
driver_holders (Driver *self, const char *object, GError **error)
{
  static const char *const kinds[] = { "object", "local", "stack", "root" };
  g_autoptr (GString) json = g_string_new (NULL);
  g_autoptr (RscHolders) holders = NULL;
  RscNode node;

  if (!driver_lookup (self, object, &node, error))
    return FALSE;
  holders = rsc_holders_compute (self->snapshot, node, LIST_LIMIT, error);
  if (holders == NULL)
    return FALSE;
  g_string_append_printf (json, "{\"refcount\": %u, \"getrefcount\": %u, \"explained\": %u, \"unexplained\": %u, \"holders\": [",
                          holders->refcount, holders->getrefcount, holders->explained, holders->unexplained);
  for (guint i = 0; i < holders->holders->len; i++)
    {
      const RscHolder *holder = &g_array_index (holders->holders, RscHolder, i);
      g_autofree char *label = NULL, *name = NULL;

      if (holder->edge != G_MAXUINT64)
        label = rsc_snapshot_dup_edge_label (self->snapshot, holder->edge);
      if (holder->node != RSC_NODE_NONE)
        name = rsc_names_describe (self->snapshot, holder->node, 8);
      g_string_append_printf (json, "%s{\"kind\": \"%s\", \"counted\": %s", i > 0 ? ", " : "", kinds[holder->kind],
                              holder->counted ? "true" : "false");
      append_text (json, "label", label);
      append_text (json, "name", name);
      if (holder->node != RSC_NODE_NONE)
        {
          g_string_append (json, ", \"object\": ");
          rsc_node_append_json (json, self->snapshot, holder->node);
        }
      g_string_append_c (json, '}');
    }
  g_string_append (json, "]}");
  answer (json);
  return TRUE;
}

static void
append_nodes (GString *json, const char *name, RscSnapshot *snapshot, GArray *nodes)
{
  g_string_append_printf (json, ", \"%s\": [", name);
  for (guint i = 0; i < MIN (nodes->len, LIST_LIMIT); i++)
    {
      if (i > 0)
        g_string_append (json, ", ");
      rsc_node_append_json (json, snapshot, g_array_index (nodes, RscNode, i));
    }
  g_string_append_c (json, ']');
}

static gboolean
driver_predict (Driver *self, guint generation, GError **error)
{
  g_autoptr (GString) json = g_string_new (NULL);
  g_autoptr (RscPrediction) prediction = NULL;
  g_autoptr (RscOverlay) overlay = NULL;
  g_autoptr (GArray) nodes = NULL;

  if (self->snapshot == NULL)
    {
      g_set_error_literal (error, RSC_CAPTURE_ERROR, RSC_ERROR_NOT_FOUND, "nothing was captured yet");
      return FALSE;
    }
  prediction = rsc_collect_predict (self->snapshot, generation, NULL, NULL, error);
  if (prediction == NULL)
    return FALSE;
  overlay = rsc_prediction_to_overlay (prediction, self->snapshot);
  nodes = rsc_overlay_list (overlay, RSC_STATE_PREDICTED, G_MAXUINT);
  g_string_printf (json, "{\"n_unreachable\": %" G_GUINT64_FORMAT ", \"promoted_to\": %u",
                   prediction->n_unreachable, prediction->promoted_to);
  append_nodes (json, "unreachable", self->snapshot, nodes);
  g_string_append_c (json, '}');
  answer (json);
  return TRUE;
}

static gboolean
driver_collect (Driver *self, guint generation, const char *path, GError **error)
{
  g_autoptr (GString) json = g_string_new (NULL);
  g_autoptr (RscCollection) collection = NULL;
  g_autoptr (RscCollectionDiff) diff = NULL;
  g_autoptr (GArray) nodes = NULL;

  collection = rsc_target_collect (self->target, generation, RSC_COLLECT_CAPTURE, NULL, NULL, error);
  if (collection == NULL)
    return FALSE;
  diff = rsc_collection_diff_compute (collection->before, collection->after, generation, NULL, NULL, error);
  if (diff == NULL || !rsc_snapshot_save (collection->before, path, TRUE, NULL, NULL, error))
    return FALSE;
  nodes = rsc_overlay_list (diff->before, RSC_STATE_FREED, G_MAXUINT);
  g_string_printf (json, "{\"returned\": %" G_GINT64_FORMAT ", \"on_main_thread\": %s, \"n_freed\": %" G_GUINT64_FORMAT ", \"n_found\": %" G_GUINT64_FORMAT
                   ", \"freed_bytes\": %" G_GUINT64_FORMAT ", \"promoted\": %" G_GUINT64_FORMAT,
                   collection->returned, collection->on_main_thread ? "true" : "false", diff->freed, diff->found, diff->freed_bytes,
                   diff->promoted);
  append_nodes (json, "freed", collection->before, nodes);
  g_string_append_c (json, '}');
  answer (json);
  g_clear_pointer (&self->snapshot, rsc_snapshot_unref);
  self->snapshot = rsc_snapshot_ref (collection->after);
  return TRUE;
}

static gboolean
driver_obey (Driver *self, char **words, GError **error)
{
  const char *command = words[0];
  const char *first = command != NULL ? words[1] : NULL;
  const char *second = first != NULL ? words[2] : NULL;
  gboolean done;

  if (g_strcmp0 (command, "wait") == 0)
    return driver_wait (self, error);
  if (g_strcmp0 (command, "memory") == 0)
    return driver_memory (self, error);
  if (g_strcmp0 (command, "capture") == 0 && first != NULL)
    return driver_capture (self, first, error);
  if (g_strcmp0 (command, "node") == 0 && first != NULL)
    return driver_node (self, first, error);
  if (g_strcmp0 (command, "holders") == 0 && first != NULL)
    return driver_holders (self, first, error);
  if (g_strcmp0 (command, "predict") == 0 && first != NULL)
    return driver_predict (self, (guint) atoi (first), error);
  if (g_strcmp0 (command, "collect") == 0 && second != NULL)
    return driver_collect (self, (guint) atoi (first), second, error);

  if (g_strcmp0 (command, "continue") == 0)
    done = rsc_target_continue (self->target, error);
  else if (g_strcmp0 (command, "stop") == 0 && first != NULL)
    done = rsc_target_stop (self->target, atoi (first), error);
  else
    {
      g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_SYNTAX, "no such command: %s", command);
      return FALSE;
    }
  if (done)
    {
      puts ("{}");
      fflush (stdout);
    }
  return done;
}

int
main (int argc, char **argv)
{
  Driver driver = { NULL };
  RscLaunchOptions options = { .argv = (const char *const *) argv + 1, .hold = TRUE, .pipe_streams = TRUE };
  g_autoptr (GError) error = NULL;
  g_autofree char *line = NULL;
  gsize size = 0;

  if (argc < 2)
    {
      fprintf (stderr, "usage: %s PROGRAM ARGS...\n", argv[0]);
      return 2;
    }
  driver.target = rsc_target_launch (&options, &error);
  if (driver.target == NULL)
    {
      answer_error (error);
      return 4;
    }
  driver.output[0] = g_byte_array_new ();
  driver.output[1] = g_byte_array_new ();

  /* getline() allocates with malloc(), as g_free() expects. */
  while (getline (&line, &size, stdin) > 0)
    {
      g_auto (GStrv) words = g_strsplit (g_strchomp (line), "\t", -1);
      g_autoptr (GError) failure = NULL;

      if (!driver_obey (&driver, words, &failure))
        answer_error (failure);
    }

  if (rsc_target_get_state (driver.target, NULL) != RSC_TARGET_EXITED)
    rsc_target_stop (driver.target, SIGKILL, NULL);
  g_clear_pointer (&driver.snapshot, rsc_snapshot_unref);
  g_byte_array_unref (driver.output[0]);
  g_byte_array_unref (driver.output[1]);
  rsc_target_unref (driver.target);
  return 0;
}
