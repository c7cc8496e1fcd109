/* Drives one launched program for the tests in Python.
 *
 *   target-driver [--hold] [--hold-mark NAME] [--pipe] [--cwd DIR] PROGRAM ARGS...
 *
 * Commands come on standard input, a line each, words separated by tabs, the
 * first one a number of the caller's choice; each runs in a thread of its own.
 * Events and answers go to standard output, a JSON object a line: {"event": ...}
 * and {"answer": NUMBER, ...}, with "error" and "code" for what failed.  At the
 * end of the commands it lets go of the program and ends. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rsc-error.h"
#include "capture/rsc-target.h"

typedef struct
{
  RscTarget *target;
  char **words;
} Command;

static GMutex output_lock;
static GCancellable *cancellable;

static void
append_string (GString *json, const char *key, const char *text)
{
  g_string_append_printf (json, ", \"%s\": ", key);
  if (text == NULL)
    {
      g_string_append (json, "null");
      return;
    }
  g_string_append_c (json, '"');
  for (const char *at = text; *at != '\0'; at++)
    if ((guchar) *at < 0x20 || *at == '"' || *at == '\\' || (guchar) *at >= 0x7f)
      g_string_append_printf (json, "\\u%04x", (guint) (guchar) *at); /* bytes as Latin-1 */
    else
      g_string_append_c (json, *at);
  g_string_append_c (json, '"');
}

static void
say (GString *json)
{
  g_mutex_lock (&output_lock);
  puts (json->str);
  fflush (stdout);
  g_mutex_unlock (&output_lock);
}

static void
say_event (const RscTargetEvent *event)
{
  static const char *const types[] = {
    [RSC_EVENT_STATE] = "state", [RSC_EVENT_OUTPUT] = "output", [RSC_EVENT_MARK] = "mark",
    [RSC_EVENT_COLLECTION] = "collection", [RSC_EVENT_UNRECORDED] = "unrecorded",
    [RSC_EVENT_WAITING] = "waiting", [RSC_EVENT_NO_PYTHON] = "no-python",
  };
  static const char *const states[] = {
    [RSC_TARGET_STARTING] = "starting", [RSC_TARGET_RUNNING] = "running",
    [RSC_TARGET_HELD] = "held", [RSC_TARGET_EXITED] = "exited",
  };
  static const char *const holds[] = {
    [RSC_HOLD_NONE] = "", [RSC_HOLD_MARK] = "mark", [RSC_HOLD_AT_EXIT] = "at-exit", [RSC_HOLD_UNCAUGHT] = "uncaught",
  };
  g_autoptr(GString) json = g_string_new (NULL);

  g_string_printf (json, "{\"event\": \"%s\", \"state\": \"%s\", \"hold\": \"%s\", \"line\": %u, \"seconds\": %.6f, "
                   "\"uss\": %" G_GUINT64_FORMAT ", \"rss\": %" G_GUINT64_FORMAT ", \"fd\": %d, \"generation\": %u, "
                   "\"collections\": %" G_GUINT64_FORMAT ", \"collected\": %" G_GUINT64_FORMAT ", \"uncollectable\": %" G_GUINT64_FORMAT,
                   types[event->type], states[event->state], holds[event->hold], event->line, event->seconds,
                   event->uss, event->rss, event->fd, event->generation, event->collections, event->collected,
                   event->uncollectable);
  append_string (json, "hint", event->hint);
  append_string (json, "file", event->file);
  append_string (json, "message", event->message);
  if (event->state == RSC_TARGET_EXITED)
    {
      g_string_append_printf (json, ", \"exited\": %s, \"status\": %d",
                              WIFEXITED (event->exit_status) ? "true" : "false",
                              WIFEXITED (event->exit_status) ? WEXITSTATUS (event->exit_status) : WTERMSIG (event->exit_status));
    }
  if (event->bytes != NULL)
    {
      gsize size;
      const char *data = g_bytes_get_data (event->bytes, &size);
      g_autofree char *text = g_base64_encode ((const guchar *) data, size);

      append_string (json, "bytes", text);
    }
  g_string_append_c (json, '}');
  say (json);
}

static void
append_snapshot (GString *json, const char *key, RscSnapshot *snapshot)
{
  const RscColumns *columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL, NULL);
  g_autofree char *info = g_variant_print (rsc_snapshot_get_info (snapshot), FALSE);

  g_string_append_printf (json, ", \"%s\": {\"objects\": %u, \"edges\": %" G_GUINT64_FORMAT
                          ", \"paused_us\": %" G_GUINT64_FORMAT ", \"total_us\": %" G_GUINT64_FORMAT
                          ", \"uss\": %" G_GUINT64_FORMAT ", \"rss\": %" G_GUINT64_FORMAT,
                          key, columns->n_nodes, columns->n_edges,
                          rsc_snapshot_get_info_number (snapshot, "paused-us"),
                          rsc_snapshot_get_info_number (snapshot, "total-us"),
                          rsc_snapshot_get_info_number (snapshot, "uss"),
                          rsc_snapshot_get_info_number (snapshot, "rss"));
  append_string (json, "hint", rsc_snapshot_get_info_string (snapshot, "hint"));
  append_string (json, "version", rsc_snapshot_get_info_string (snapshot, "version"));
  append_string (json, "info", info);
  g_string_append_c (json, '}');
}

static gboolean
has_word (char **words, const char *word)
{
  return g_strv_contains ((const char *const *) words, word);
}

static gboolean
run_capture (RscTarget *target, char **words, GString *json, GError **error)
{
  RscCaptureOptions options = {
    .in_place = has_word (words, "in-place"),
    .collect_before = has_word (words, "collect-before"),
    .release = has_word (words, "release"),
  };
  g_autoptr(RscSnapshot) snapshot = NULL;

  for (gsize i = 2; words[i] != NULL; i++)
    {
      if (g_str_has_prefix (words[i], "timeout="))
        options.timeout_seconds = g_ascii_strtod (words[i] + strlen ("timeout="), NULL);
      if (g_str_has_prefix (words[i], "hint="))
        options.hint = words[i] + strlen ("hint=");
    }
  snapshot = rsc_target_capture (target, &options, NULL, cancellable, error);
  if (snapshot == NULL)
    return FALSE;
  for (gsize i = 2; words[i] != NULL; i++)
    if (g_str_has_prefix (words[i], "file=")
        && !rsc_snapshot_save (snapshot, words[i] + strlen ("file="), TRUE, NULL, NULL, error))
      return FALSE;
  append_snapshot (json, "snapshot", snapshot);

  return TRUE;
}

static gboolean
run_collect (RscTarget *target, char **words, GString *json, GError **error)
{
  RscCollectFlags flags = (has_word (words, "capture") ? RSC_COLLECT_CAPTURE : 0)
                          | (has_word (words, "agent-thread") ? RSC_COLLECT_AGENT_THREAD : 0);
  g_autoptr(RscCollection) collection = NULL;

  for (gsize i = 3; words[i] != NULL; i++)
    if (g_str_has_prefix (words[i], "timeout="))
      rsc_target_set_timeout (target, g_ascii_strtod (words[i] + strlen ("timeout="), NULL));
  collection = rsc_target_collect (target, (guint) atoi (words[2]), flags, NULL, cancellable, error);
  if (collection == NULL)
    return FALSE;
  g_string_append_printf (json, ", \"returned\": %" G_GINT64_FORMAT ", \"on_main_thread\": %s, \"others_ran\": %s",
                          collection->returned, collection->on_main_thread ? "true" : "false",
                          collection->others_ran ? "true" : "false");
  if (collection->before != NULL)
    append_snapshot (json, "before", collection->before);
  if (collection->after != NULL)
    append_snapshot (json, "after", collection->after);

  return TRUE;
}

static gboolean
run_command (RscTarget *target, char **words, GString *json, GError **error)
{
  const char *name = words[1];

  if (g_str_equal (name, "capture"))
    return run_capture (target, words, json, error);
  if (g_str_equal (name, "collect"))
    return run_collect (target, words, json, error);
  if (g_str_equal (name, "continue"))
    return rsc_target_continue (target, error);
  if (g_str_equal (name, "set-hold"))
    return rsc_target_set_hold (target, atoi (words[2]), error);
  if (g_str_equal (name, "stop"))
    return rsc_target_stop (target, atoi (words[2]), error);
  if (g_str_equal (name, "input"))
    return rsc_target_write_input (target, words[2], words[2] != NULL ? strlen (words[2]) : 0, error);
  if (g_str_equal (name, "cancel"))
    {
      g_cancellable_cancel (cancellable);
      return TRUE;
    }
  if (g_str_equal (name, "pid"))
    {
      g_string_append_printf (json, ", \"pid\": %d", (int) rsc_target_get_pid (target));
      return TRUE;
    }
  if (g_str_equal (name, "memory"))
    {
      guint64 uss = 0, rss = 0;

      g_string_append_printf (json, ", \"sampled\": %s", rsc_target_sample_memory (target, &uss, &rss) ? "true" : "false");
      g_string_append_printf (json, ", \"uss\": %" G_GUINT64_FORMAT ", \"rss\": %" G_GUINT64_FORMAT, uss, rss);
      return TRUE;
    }
  if (g_str_equal (name, "gc-info"))
    {
      g_autoptr(GVariant) info = rsc_target_get_gc_info (target, cancellable, error);
      g_autofree char *text = NULL;

      if (info == NULL)
        return FALSE;
      text = g_variant_print (info, FALSE);
      append_string (json, "info", text);
      return TRUE;
    }
  if (g_str_equal (name, "thresholds"))
    {
      guint thresholds[3] = { 0 };

      for (gsize i = 0; i < 3 && words[2 + i] != NULL; i++)
        thresholds[i] = (guint) atoi (words[2 + i]);
      return rsc_target_set_thresholds (target, thresholds, cancellable, error);
    }
  if (g_str_equal (name, "gc-enabled"))
    return rsc_target_set_gc_enabled (target, atoi (words[2]), cancellable, error);

  g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_SYNTAX, "No command %s", name);

  return FALSE;
}

static gpointer
serve_command (gpointer data)
{
  Command *command = data;
  g_autoptr(GString) json = g_string_new (NULL);
  g_autoptr(GError) error = NULL;

  g_string_printf (json, "{\"answer\": %d", atoi (command->words[0]));
  if (!run_command (command->target, command->words, json, &error))
    {
      append_string (json, "error", error->message);
      g_string_append_printf (json, ", \"domain\": \"%s\", \"code\": %d", g_quark_to_string (error->domain), error->code);
    }
  g_string_append_c (json, '}');
  say (json);
  rsc_target_unref (command->target);
  g_strfreev (command->words);
  g_free (command);

  return NULL;
}

static void
drive (RscTarget *target)
{
  g_autoptr(GPtrArray) threads = g_ptr_array_new ();
  g_autoptr(GString) line = g_string_new (NULL);
  gboolean more = TRUE;

  while (more)
    {
      struct pollfd fds[] = {
        { .fd = STDIN_FILENO, .events = POLLIN },
        { .fd = rsc_target_get_event_fd (target), .events = POLLIN },
      };
      RscTargetEvent *event;
      char byte;

      if (poll (fds, 2, -1) < 0 && errno != EINTR)
        break;
      while ((event = rsc_target_next_event (target, 0, NULL, NULL)) != NULL)
        {
          say_event (event);
          rsc_target_event_free (event);
        }
      if (fds[0].revents == 0)
        continue;
      while (more)
        {
          ssize_t got = read (STDIN_FILENO, &byte, 1);

          more = got == 1;
          if (!more || byte == '\n')
            break;
          g_string_append_c (line, byte);
        }
      if (line->len > 0)
        {
          Command *command = g_new0 (Command, 1);

          command->target = rsc_target_ref (target);
          command->words = g_strsplit (line->str, "\t", -1);
          g_ptr_array_add (threads, g_thread_new ("command", serve_command, command));
          g_string_truncate (line, 0);
        }
    }
  for (guint i = 0; i < threads->len; i++)
    g_thread_join (g_ptr_array_index (threads, i));
}

int
main (int argc, char *argv[])
{
  RscLaunchOptions options = { 0 };
  g_autoptr(GPtrArray) names = g_ptr_array_new ();
  g_autoptr(GError) error = NULL;
  g_autoptr(RscTarget) target = NULL;
  int i;

  for (i = 1; i < argc && g_str_has_prefix (argv[i], "--"); i++)
    {
      if (g_str_equal (argv[i], "--hold"))
        options.hold = TRUE;
      else if (g_str_equal (argv[i], "--pipe"))
        options.pipe_streams = TRUE;
      else if (g_str_equal (argv[i], "--cwd") && i + 1 < argc)
        options.cwd = argv[++i];
      else if (g_str_equal (argv[i], "--hold-mark") && i + 1 < argc)
        g_ptr_array_add (names, argv[++i]);
      else
        return 2;
    }
  g_ptr_array_add (names, NULL);
  options.hold_marks = (const char *const *) names->pdata;
  options.argv = (const char *const *) &argv[i];
  cancellable = g_cancellable_new ();

  target = rsc_target_launch (&options, &error);
  if (target == NULL)
    {
      g_autoptr(GString) json = g_string_new ("{\"answer\": 0");

      append_string (json, "error", error->message);
      g_string_append_printf (json, ", \"code\": %d}", error->code);
      say (json);
      return 1;
    }
  drive (target);
  g_object_unref (cancellable);

  return 0;
}
