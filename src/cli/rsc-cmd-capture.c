#include "rsc-commands.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "rsc-cli-duration.h"
#include "rsc-cli-kept.h"
#include "rsc-cli-output.h"
#include "rsc-cli-progress.h"
#include "rsc-cli-series.h"
#include "rsc-cli-source.h"
#include "rsc-cli-summary.h"
#include "rsc-cli-trigger.h"

/* Between two looks at the memory. */
#define DEFAULT_INTERVAL G_USEC_PER_SEC

static char *when_text;
static char *interval_text;
static RscWhen *when;
static gint64 interval = DEFAULT_INTERVAL;
static char *values_text;
static gboolean no_values;
static char *every_text;
static char *duration_text;
static gint64 keep = -1, count = -1; /* not given */
static RscSeriesOptions series;

static const GOptionEntry entries[] = {
  { "when", 0, 0, G_OPTION_ARG_STRING, &when_text,
    N_("Wait until this holds, of uss, rss, count(…) and bytes(…), and capture then: 'uss > 2G', \"count(type = 'Session') > 1000\""),
    N_("CONDITION") },
  { "interval", 0, 0, G_OPTION_ARG_STRING, &interval_text,
    N_("How often --when reads the program's memory (default: 1s); that takes at most a hundredth of the time, and captures for count(…) and bytes(…) a twentieth"),
    N_("TIME") },
  { "no-values", 0, 0, G_OPTION_ARG_NONE, &no_values,
    N_("Leave out what strings, bytes and numbers are, also as keys: they do not leave the program. Names in its code stay"), NULL },
  { "values", 0, 0, G_OPTION_ARG_STRING, &values_text,
    N_("What to keep of them: all (default), hashes (with a key of this capture, which is forgotten; and lengths), lengths, or none"), N_("WHAT") },
  { "every", 0, 0, G_OPTION_ARG_STRING, &every_text,
    N_("Capture again and again, as FILE-0001.refscope, FILE-0002.refscope …: 60s, 5m, 1h; with --when from then on"), N_("TIME") },
  { "keep", 0, 0, G_OPTION_ARG_INT64, &keep, N_("Keep the last N of them, and remove older ones of this run (default: 5)"), N_("N") },
  { "count", 0, 0, G_OPTION_ARG_INT64, &count, N_("End the series after N captures"), N_("N") },
  { "duration", 0, 0, G_OPTION_ARG_STRING, &duration_text, N_("End it after this time (default: with the program, or Ctrl+C)"), N_("TIME") },
  G_OPTION_ENTRY_NULL
};

enum
{
  FIELD_OBJECTS,
  FIELD_EDGES,
  FIELD_BYTES,
  FIELD_PAUSED,
  FIELD_TOTAL,
  FIELD_FILE,
  N_FIELDS
};

static const RscField fields[N_FIELDS] = {
  [FIELD_OBJECTS] = { "objects", N_("Objects"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_EDGES] = { "edges", N_("References"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_BYTES] = { "bytes", N_("Bytes"), RSC_FIELD_BYTES, RSC_FIELD_SHOWN },
  [FIELD_PAUSED] = { "paused_ms", N_("Program stood still (ms)"), RSC_FIELD_REAL, RSC_FIELD_SHOWN },
  [FIELD_TOTAL] = { "total_ms", N_("Capture took (ms)"), RSC_FIELD_REAL, RSC_FIELD_SHOWN },
  [FIELD_FILE] = { "file", N_("File"), RSC_FIELD_TEXT, RSC_FIELD_SHOWN },
};

typedef struct
{
  RscSnapshot *snapshot;
  RscSummary summary;
  const char *file;
} Capture;

static void
fill (gsize    row,
      RscCell *cells,
      gpointer data)
{
  Capture *capture = data;

  rsc_cell_set_number (&cells[FIELD_OBJECTS], capture->summary.objects);
  rsc_cell_set_number (&cells[FIELD_EDGES], capture->summary.edges);
  rsc_cell_set_number (&cells[FIELD_BYTES], capture->summary.bytes);
  rsc_summary_set_milliseconds (&cells[FIELD_PAUSED], capture->snapshot, "paused-us");
  rsc_summary_set_milliseconds (&cells[FIELD_TOTAL], capture->snapshot, "total-us");
  rsc_cell_set_text (&cells[FIELD_FILE], capture->file);
}

/* --when names the moment, so that nothing else may. */
static gboolean
check_when (RscCli  *cli,
            GError **error)
{
  const RscCliOptions *options = &cli->options;
  const char *message = NULL;

  if (interval_text != NULL && when_text == NULL)
    message = _("--interval says how often --when looks: give both.");
  else if (when_text != NULL && !rsc_source_is_live (cli))
    message = _("--when waits for a running program: name pid:N, or one after “--”.");
  else if (when_text != NULL && (options->after != RSC_SECONDS_UNSET || options->on_mark != NULL || options->at_exit))
    message = _("--when, --after, --on-mark and --at-exit exclude each other: a capture has one moment.");
  if (message != NULL)
    {
      g_set_error_literal (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE, message);
      return FALSE;
    }

  if (interval_text != NULL && !rsc_duration_parse (interval_text, "--interval", &interval, error))
    return FALSE;
  if (when_text != NULL)
    when = rsc_when_parse (when_text, error);

  return when_text == NULL || when != NULL;
}

static gboolean
check_kept_values (RscCli  *cli,
                   GError **error)
{
  static const char *const names[] = {
    [RSC_VALUES_ALL] = "all", [RSC_VALUES_NONE] = "none", [RSC_VALUES_LENGTHS] = "lengths", [RSC_VALUES_HASHES] = "hashes",
  };
  gsize values = no_values ? RSC_VALUES_NONE : RSC_VALUES_ALL;
  const char *message = NULL;

  if (values_text != NULL)
    for (values = 0; values < G_N_ELEMENTS (names) && strcmp (values_text, names[values]) != 0;)
      values++;

  if (values == G_N_ELEMENTS (names))
    message = _("--values takes all, hashes, lengths or none.");
  else if (no_values && values != RSC_VALUES_NONE)
    message = _("--no-values is --values none: give one of them.");
  else if (values != RSC_VALUES_ALL && when != NULL && rsc_when_asks_value (when))
    message = _("--when asks for value, and values are left out: they are not known to it. Ask for type, name or size, or keep values.");
  else if (values != RSC_VALUES_ALL && !rsc_source_is_live (cli))
    message = _("Values are left out when a running program is captured: name pid:N, or one after “--”.");
  if (message != NULL)
    {
      g_set_error_literal (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE, message);
      return FALSE;
    }
  cli->values = (RscCaptureValues) values;

  return TRUE;
}

static gboolean
check_series (RscCli  *cli,
              GError **error)
{
  const RscCliOptions *options = &cli->options;
  const char *message = NULL;

  if (every_text == NULL && (keep != -1 || count != -1 || duration_text != NULL))
    message = _("--keep, --count and --duration are of a series: give --every, too.");
  else if (every_text == NULL)
    return TRUE;
  else if (!rsc_source_is_live (cli))
    message = _("--every captures a running program: name pid:N, or one after “--”.");
  else if (options->after != RSC_SECONDS_UNSET || options->on_mark != NULL || options->at_exit)
    message = _("--every and --after, --on-mark or --at-exit exclude each other: these name one moment.");
  else if (rsc_output_is_stream (cli))
    message = _("--every writes many files, and -o - is one stream: name a file.");
  else if (options->force)
    message = _("--every never overwrites anything: it goes on with the next number. Leave --force out.");
  else if (options->fail_if != NULL)
    message = _("--fail-if is of one capture, and --every makes many.");
  else if (keep != -1 && (keep < 1 || keep > RSC_KEPT_MAX))
    message = _("--keep takes a number of files, from 1 to 10,000.");
  else if (count != -1 && (count < 1 || count > G_MAXINT))
    message = _("--count takes a number of captures, from 1 on.");
  if (message != NULL)
    {
      g_set_error_literal (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE, message);
      return FALSE;
    }

  cli->is_series = TRUE;
  series.keep = keep == -1 ? RSC_KEPT_DEFAULT : (guint) keep;
  series.count = count == -1 ? 0 : (guint) count;
  /* One that is launched has to come to something first. */
  series.at_once = when_text != NULL || cli->program == NULL;

  return rsc_duration_parse (every_text, "--every", &series.every, error)
         && (duration_text == NULL || rsc_duration_parse (duration_text, "--duration", &series.duration, error));
}

static gboolean
check (RscCli  *cli,
       GError **error)
{
  if (cli->options.output == NULL)
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                   _("Say by -o FILE.refscope where to write the heap to."));
      return FALSE;
    }
  if (!check_when (cli, error) || !check_kept_values (cli, error) || !check_series (cli, error))
    return FALSE;

  return cli->options.fail_if == NULL || rsc_condition_check (cli->options.fail_if, fields, N_FIELDS, error);
}

static void
note_capture (RscCli  *cli,
              Capture *capture)
{
  g_autofree char *bytes = g_format_size_full (capture->summary.bytes, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *end = rsc_source_describe_end (cli);
  guint64 paused = rsc_snapshot_get_info_number (capture->snapshot, "paused-us");

  if (cli->target != NULL)
    rsc_cli_note (cli, _("%s: %u objects, %s; the program stood still for %.1f ms."), capture->file,
                  (guint) capture->summary.objects, bytes, (double) paused / 1000);
  else
    rsc_cli_note (cli, _("%s: %u objects, %s."), capture->file, (guint) capture->summary.objects, bytes);

  if (end != NULL)
    rsc_cli_note (cli, "%s", end);
}

static gboolean
save (RscCli  *cli,
      GError **error)
{
  if (rsc_output_is_stream (cli))
    return rsc_snapshot_write (cli->snapshot, cli->result_fd, _("standard output"), &cli->progress, cli->cancellable, error);

  return rsc_snapshot_save (cli->snapshot, cli->options.output, cli->options.force, &cli->progress, cli->cancellable, error);
}

/* Each of a series: a line of JSON, or a note. */
static gboolean
tell_one (RscCli      *cli,
          const char  *file,
          gpointer     data,
          GError     **error)
{
  Capture capture = { .snapshot = cli->snapshot, .file = file };
  RscRows rows = { .fields = fields, .n_fields = N_FIELDS, .n_rows = 1, .fill = fill, .data = &capture };
  g_autoptr (GString) json = NULL;

  if (!rsc_summary_compute (cli->snapshot, &capture.summary, error))
    return FALSE;
  if (!cli->options.json)
    {
      note_capture (cli, &capture);
      return TRUE;
    }

  json = g_string_new (NULL);
  rsc_rows_append_json_row (&rows, 0, json);
  g_string_append_c (json, '\n');

  return rsc_output_write (cli, json->str, json->len, error);
}

static gboolean
run_series (RscCli  *cli,
            GError **error)
{
  gboolean ok = rsc_source_start (cli, TRUE, error)
                && (when == NULL || rsc_trigger_wait (cli, when, interval, error))
                && rsc_series_run (cli, &series, tell_one, NULL, error);
  g_autofree char *end = NULL;

  g_clear_pointer (&when, rsc_when_free);
  if (!ok)
    return FALSE;

  rsc_source_release (cli);
  if (!rsc_source_finish (cli, error))
    return FALSE;
  end = rsc_source_describe_end (cli);
  if (end != NULL)
    rsc_cli_note (cli, "%s", end);

  return TRUE;
}

/* The heap, at the moment that --when or the others name. */
static gboolean
open_source (RscCli  *cli,
             GError **error)
{
  gboolean ok;

  if (when == NULL)
    return rsc_source_open (cli, error) != NULL;

  if (!rsc_source_start (cli, TRUE, error))
    return FALSE;
  ok = rsc_trigger_wait (cli, when, interval, error) && (cli->snapshot != NULL || rsc_source_capture (cli, error));
  g_clear_pointer (&when, rsc_when_free);
  if (ok)
    rsc_source_release (cli);

  return ok;
}

static gboolean
run (RscCli  *cli,
     GError **error)
{
  g_autofree char *file = NULL;
  Capture capture;
  RscRows rows = { .fields = fields, .n_fields = N_FIELDS, .n_rows = 1, .single = TRUE, .fill = fill, .data = &capture };

  if (every_text != NULL)
    return run_series (cli, error);
  if (!open_source (cli, error))
    return FALSE;

  capture.snapshot = cli->snapshot;
  if (!rsc_summary_compute (cli->snapshot, &capture.summary, error) || !save (cli, error))
    return FALSE;
  rsc_cli_progress_clear ();

  /* -o named the heap; what is said of it goes to standard output, if it was
   * asked for: that belongs to the program otherwise. */
  file = g_steal_pointer (&cli->options.output);
  capture.file = strcmp (file, "-") == 0 ? _("standard output") : file;

  if (cli->options.json)
    return rsc_rows_print (&rows, cli, error);

  if (cli->options.fail_if != NULL
      && !rsc_condition_evaluate (cli->options.fail_if, &rows, cli->cancellable, &cli->condition_held, error))
    return FALSE;

  if (!rsc_source_finish (cli, error))
    return FALSE;
  note_capture (cli, &capture);

  return TRUE;
}

const RscCliCommand rsc_cmd_capture = {
  .name = "capture",
  .parameters = N_("-o FILE [pid:N | -- PROGRAM ARGS…]"),
  .summary = N_("Write the heap of a program to a file"),
  .description = N_("Launches PROGRAM, which runs as it would without Refscope, or attaches to process N, and writes its heap to FILE: at its end, "
                    "after some seconds, at a mark, or when a condition on its memory or heap holds. What is said about the capture goes to standard error, with --json to standard output. "
                    "With -o - the heap itself goes to standard output, as into a pipe."),
  .examples = "  refscope-cli capture -o heap.refscope -- python3 script.py\n"
              "  refscope-cli capture -o serving.refscope --after 10 --stop -- python3 -m http.server\n"
              "  refscope-cli capture -o full.refscope --when 'uss > 2G' pid:1234\n"
              "  refscope-cli capture -o night.refscope --every 10m --keep 12 pid:1234\n"
              "  ssh host refscope-cli capture pid:1234 -o - > heap.refscope\n"
              "  refscope-cli capture -o loaded.refscope --on-mark 'after loading' --json -- python3 script.py",
  .flags = RSC_COMMAND_LIVE | RSC_COMMAND_OUTPUT | RSC_COMMAND_CONDITION | RSC_COMMAND_STREAM,
  .entries = entries,
  .check = check,
  .run = run,
};
