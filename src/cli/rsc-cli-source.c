#include "rsc-cli-source.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>

#include "base/rsc-bitset.h"
#include "base/rsc-error.h"
#include "formats/rsc-heap-file.h"
#include "query/rsc-object-ref.h"
#include "rsc-cli-output.h"
#include "rsc-cli-progress.h"

/* How long a program is waited for after something failed. */
#define GRACE_MS 2000
/* So long a Python is waited for that should have started, where nobody sees the waiting. */
#define LATE_PYTHON_SECONDS 50.0
/* The longest --after and --timeout: a month. */
#define MAX_SECONDS (31 * 24 * 3600.0)
#define PROCESS_PREFIX "pid:"

static gboolean
set_usage_error (GError     **error,
                 const char  *message)
{
  g_set_error_literal (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE, message);
  return FALSE;
}

gboolean
rsc_source_check_seconds (double       value,
                          const char  *option,
                          GError     **error)
{
  if (isfinite (value) && value >= 0 && value <= MAX_SECONDS)
    return TRUE;

  g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
               _("%s takes a number of seconds, from 0 to a month."), option);
  return FALSE;
}

static gboolean
check_program (RscCli  *cli,
               GError **error)
{
  const RscCliOptions *options = &cli->options;
  int n_moments = (options->after != RSC_SECONDS_UNSET) + (options->on_mark != NULL) + options->at_exit;

  if (n_moments > 1)
    return set_usage_error (error, _("--after, --on-mark and --at-exit exclude each other: a capture has one moment."));
  if (options->stop && options->no_wait)
    return set_usage_error (error, _("--stop and --no-wait exclude each other."));
  if (rsc_output_is_stream (cli) && g_strcmp0 (options->program_output, "inherit") == 0)
    return set_usage_error (error, _("With -o - standard output has the heap, and cannot be the program's: --program-output takes stderr, null or a file then."));
  if (options->agent_thread && !options->collect && !cli->collects)
    return set_usage_error (error, _("--agent-thread says how the program collects: give it with --collect-before, --objgraph or “collect --live”."));
  if (options->after != RSC_SECONDS_UNSET && !rsc_source_check_seconds (options->after, "--after", error))
    return FALSE;

  return rsc_source_check_seconds (options->timeout, "--timeout", error);
}

static gboolean
check_process (RscCli  *cli,
               GError **error)
{
  const RscCliOptions *options = &cli->options;
  const char *number = cli->source + strlen (PROCESS_PREFIX);
  char *end;
  guint64 pid = g_ascii_strtoull (number, &end, 10);

  if (!g_ascii_isdigit (number[0]) || *end != '\0' || pid == 0 || pid > G_MAXINT)
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                   _("“%s” names no process: write pid:N with its number, as “refscope-cli ps” lists it."), cli->source);
      return FALSE;
    }
  if (options->stop || options->no_wait || options->program_output != NULL)
    return set_usage_error (error, _("--stop, --no-wait and --program-output are for a program that Refscope launches: one that it "
                                     "attaches to goes on as it was."));
  cli->process = (pid_t) pid;

  return check_program (cli, error);
}

static gboolean
check_file (RscCli  *cli,
            GError **error)
{
  const RscCliOptions *options = &cli->options;

  if (options->after != RSC_SECONDS_UNSET || options->on_mark != NULL || options->at_exit || options->in_place
      || options->agent_thread || options->stop || options->no_wait || options->program_output != NULL || options->timeout != 0)
    return set_usage_error (error, _("--after, --on-mark, --at-exit, --in-place, --agent-thread, --stop, --no-wait, "
                                     "--program-output and --timeout are for a program after “--”; a file holds the heap of one moment."));
  if (options->collect)
    return set_usage_error (error, _("--collect-before needs a program after “--”: in a file nothing can be collected."));

  if (cli->source != NULL && rsc_object_ref_is_valid (cli->source) && !g_file_test (cli->source, G_FILE_TEST_EXISTS))
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                   _("SOURCE is missing: “%s” names an object. Name a heap file before it, or a program after “--”."),
                   cli->source);
      return FALSE;
    }

  return TRUE;
}

gboolean
rsc_source_is_live (RscCli *cli)
{
  return cli->program != NULL
         || (cli->source != NULL && g_str_has_prefix (cli->source, PROCESS_PREFIX) && !g_file_test (cli->source, G_FILE_TEST_EXISTS));
}

gboolean
rsc_source_check (RscCli  *cli,
                  GError **error)
{
  if (cli->program != NULL)
    return check_program (cli, error);
  if (!(cli->command->flags & (RSC_COMMAND_LIVE | RSC_COMMAND_PROGRAM_ONLY)))
    return TRUE;

  return rsc_source_is_live (cli) ? check_process (cli, error) : check_file (cli, error);
}

/* TRUE if this command will write to standard output. */
static gboolean
writes_to_stdout (RscCli *cli)
{
  if (strcmp (cli->command->name, "capture") == 0)
    return cli->options.json || rsc_output_is_stream (cli);

  return cli->options.output == NULL;
}

/* The program inherits descriptor 1; results go to cli->result_fd, so that the
 * two can be told apart. */
static gboolean
connect_program_output (RscCli  *cli,
                        GError **error)
{
  const char *where = cli->options.program_output;
  int fd;

  if (where == NULL)
    where = writes_to_stdout (cli) && !cli->result_is_tty ? "stderr" : "inherit";

  if (strcmp (where, "inherit") == 0)
    return TRUE;

  if (strcmp (where, "stderr") == 0)
    fd = fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  else if (strcmp (where, "null") == 0)
    fd = open ("/dev/null", O_WRONLY | O_CLOEXEC);
  else
    fd = open (where, O_WRONLY | O_CREAT | O_CLOEXEC | (cli->options.force ? O_TRUNC : O_EXCL), 0666);

  if (fd < 0 || dup2 (fd, STDOUT_FILENO) < 0)
    {
      int saved_errno = errno;

      if (fd >= 0)
        close (fd);
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_OUTPUT,
                   _("The program's output cannot go to “%s”: %s."), where, g_strerror (saved_errno));
      return FALSE;
    }

  close (fd);

  return TRUE;
}

/* One that is attached to is held only where it is to be captured: it is at work. */
static gboolean
attach (RscCli    *cli,
        gboolean   hold,
        GError   **error)
{
  RscAttachOptions options = { .hold = hold && (cli->options.on_mark != NULL || cli->options.at_exit),
                               .record = cli->records };

  cli->target = rsc_target_attach (cli->process, &options, error);
  if (cli->target == NULL)
    return FALSE;
  if (cli->options.on_mark != NULL)
    rsc_cli_note (cli, _("Waiting for process %d to pass the mark “%s”: marks are heard of a program that had imported refscope when it was attached to. Ctrl+C ends the waiting."),
                  (int) cli->process, cli->options.on_mark);

  return TRUE;
}

gboolean
rsc_source_start (RscCli    *cli,
                  gboolean   hold,
                  GError   **error)
{
  RscLaunchOptions options = { .argv = cli->program, .hold = hold, .record = cli->records };

  if (cli->process != 0)
    return attach (cli, hold, error);
  if (!connect_program_output (cli, error))
    return FALSE;

  cli->target = rsc_target_launch (&options, error);

  return cli->target != NULL;
}

static void
note_end (RscCli *cli,
          int     status)
{
  cli->target_ended = TRUE;
  cli->exit_status = status;
}

/* @why: what is known of it, or NULL. */
static void
set_ended_error (RscCli      *cli,
                 const char  *why,
                 GError     **error)
{
  int status = cli->exit_status;

  if (why == NULL && cli->process != 0)
    g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_EXITED, _("Process %d ended before it could be captured."), (int) cli->process);
  else if (why != NULL)
    g_set_error_literal (error, RSC_CAPTURE_ERROR, RSC_ERROR_EXITED, why);
  else if (WIFSIGNALED (status))
    g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_EXITED,
                 _("“%s” was ended by signal %d (%s) before it could be captured."),
                 cli->program[0], WTERMSIG (status), g_strsignal (WTERMSIG (status)));
  else
    g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_EXITED,
                 _("“%s” ended with status %d before it could be captured."),
                 cli->program[0], WEXITSTATUS (status));
}

static void
set_mark_error (RscCli  *cli,
                GError **error)
{
  g_autofree char *list = NULL;

  if (cli->marks->len == 0)
    {
      g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_NOT_FOUND,
                   _("The program ended without passing the mark “%s”: it passed none. "
                     "A mark is set by “import refscope; refscope.mark(\"%s\")”."),
                   cli->options.on_mark, cli->options.on_mark);
      return;
    }

  g_ptr_array_add (cli->marks, NULL);
  list = g_strjoinv ("”, “", (char **) cli->marks->pdata);
  g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_NOT_FOUND,
               _("The program ended without passing the mark “%s”. It passed “%s”."), cli->options.on_mark, list);
}

/* What an event means for who waits for the moment. */
typedef enum
{
  VERDICT_WAIT,
  VERDICT_NOW,
  VERDICT_ERROR
} Verdict;

static Verdict
judge_held (RscCli          *cli,
            RscTargetEvent  *event,
            GError         **error)
{
  if (event->hold == RSC_HOLD_MARK)
    {
      const char *hint = event->hint != NULL ? event->hint : "";

      if (cli->options.on_mark != NULL && g_pattern_match_simple (cli->options.on_mark, hint))
        return VERDICT_NOW;

      g_ptr_array_add (cli->marks, g_strdup (hint));

      /* That it is not held any more is not our trouble: it may have died. */
      rsc_target_continue (cli->target, NULL);
      return VERDICT_WAIT;
    }

  if (event->hold == RSC_HOLD_UNCAUGHT)
    rsc_cli_note (cli, _("The program ends with an uncaught %s; it is captured with its frames still there."),
                  event->hint != NULL ? event->hint : _("exception"));

  if (cli->options.on_mark != NULL)
    {
      set_mark_error (cli, error);
      return VERDICT_ERROR;
    }

  if (cli->options.after != RSC_SECONDS_UNSET)
    rsc_cli_note (cli, _("The program is done after %.1f s, before the %g s of --after were over; it is captured at its end."),
                  event->seconds, cli->options.after);

  return VERDICT_NOW;
}

/* How long a Python that should have started is still waited for: 0 is for ever, for
 * who sits there and can end it. */
static double
get_patience (RscCli *cli)
{
  if (cli->options.timeout > 0)
    return cli->options.timeout;

  return isatty (STDERR_FILENO) ? 0 : LATE_PYTHON_SECONDS;
}

static Verdict
judge (RscCli          *cli,
       RscTargetEvent  *event,
       GError         **error)
{
  if (event->type == RSC_EVENT_NO_PYTHON)
    {
      g_set_error_literal (error, RSC_CAPTURE_ERROR, RSC_ERROR_UNSUPPORTED,
                           event->message != NULL ? event->message
                                                  : _("The program has no CPython that can be captured."));
      return VERDICT_ERROR;
    }

  if (event->type == RSC_EVENT_WAITING && get_patience (cli) > 0)
    rsc_cli_warn (_("%s It waits for %g s more (--timeout)."), event->message, get_patience (cli));
  else if (event->type == RSC_EVENT_WAITING)
    rsc_cli_warn (_("%s Ctrl+C ends the waiting."), event->message);

  if (event->type != RSC_EVENT_STATE)
    return VERDICT_WAIT;

  if (event->state == RSC_TARGET_EXITED)
    {
      note_end (cli, event->exit_status);
      set_ended_error (cli, event->message, error);
      return VERDICT_ERROR;
    }

  if (event->state == RSC_TARGET_HELD)
    return judge_held (cli, event, error);

  return VERDICT_WAIT;
}

/* @deadline: of a moment that is a time; -1: none. */
static gboolean
wait_for_moment (RscCli  *cli,
                 gint64   deadline,
                 GError **error)
{
  gint64 give_up = -1;

  for (;;)
    {
      g_autoptr (RscTargetEvent) event = NULL;
      g_autoptr (GError) local_error = NULL;
      int timeout = -1;

      if (deadline >= 0)
        {
          gint64 left = deadline - g_get_monotonic_time ();

          /* What takes longer to begin is captured as soon as it has begun. */
          if (left <= 0 && rsc_target_get_state (cli->target, NULL) != RSC_TARGET_STARTING)
            return TRUE;
          timeout = left <= 0 ? -1 : (int) MIN (left / 1000 + 1, G_MAXINT);
        }
      if (give_up >= 0)
        {
          gint64 left = give_up - g_get_monotonic_time ();

          if (left <= 0)
            {
              g_set_error_literal (error, RSC_CAPTURE_ERROR, RSC_ERROR_UNSUPPORTED,
                                   _("No Python has started in this program: there is nothing to capture. If it starts one later, "
                                     "wait longer by --timeout; otherwise launch python3 itself."));
              return FALSE;
            }
          left = MIN (left / 1000 + 1, G_MAXINT);
          timeout = timeout < 0 ? (int) left : MIN (timeout, (int) left);
        }

      event = rsc_target_next_event (cli->target, timeout, cli->cancellable, &local_error);
      if (event == NULL)
        {
          if (local_error != NULL)
            {
              g_propagate_error (error, g_steal_pointer (&local_error));
              return FALSE;
            }
          if (rsc_target_get_state (cli->target, NULL) != RSC_TARGET_EXITED)
            continue;

          note_end (cli, rsc_target_get_exit_status (cli->target));
          set_ended_error (cli, NULL, error);
          return FALSE;
        }

      if (event->type == RSC_EVENT_STATE)
        give_up = -1;
      else if (event->type == RSC_EVENT_WAITING && get_patience (cli) > 0)
        give_up = g_get_monotonic_time () + (gint64) (get_patience (cli) * G_USEC_PER_SEC);

      switch (judge (cli, event, error))
        {
        case VERDICT_NOW:
          return TRUE;
        case VERDICT_ERROR:
          return FALSE;
        case VERDICT_WAIT:
        default:
          break;
        }
    }
}

gboolean
rsc_source_wait_for_moment (RscCli  *cli,
                            GError **error)
{
  gint64 deadline = -1;

  if (cli->process != 0 && cli->options.after == RSC_SECONDS_UNSET && cli->options.on_mark == NULL && !cli->options.at_exit)
    return TRUE;
  if (cli->options.after != RSC_SECONDS_UNSET)
    deadline = g_get_monotonic_time () + (gint64) (cli->options.after * G_USEC_PER_SEC);

  return wait_for_moment (cli, deadline, error);
}

gboolean
rsc_source_wait_until (RscCli  *cli,
                       gint64   deadline,
                       GError **error)
{
  return wait_for_moment (cli, deadline, error);
}

void
rsc_source_release (RscCli *cli)
{
  if (cli->target == NULL || cli->target_ended)
    return;

  /* Either may fail because the program has ended or is not held: fine. */
  rsc_target_set_hold (cli->target, FALSE, NULL);
  if (cli->options.stop)
    rsc_target_stop (cli->target, SIGTERM, NULL);
  else
    rsc_target_continue (cli->target, NULL);
}

void
rsc_source_add_remedy (GError **error)
{
  g_autofree char *message = NULL;

  if (error == NULL || !g_error_matches (*error, RSC_CAPTURE_ERROR, RSC_ERROR_BLOCKED))
    return;
  message = g_strdup_printf (_("%s --agent-thread allows that."), (*error)->message);
  g_free ((*error)->message);
  (*error)->message = g_steal_pointer (&message);
}

gboolean
rsc_source_has_ended (RscCli       *cli,
                      const GError *error)
{
  return error != NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)
         && (g_error_matches (error, RSC_CAPTURE_ERROR, RSC_ERROR_EXITED)
             || rsc_target_get_state (cli->target, NULL) == RSC_TARGET_EXITED);
}

gboolean
rsc_source_may_come_later (const GError *error)
{
  return g_error_matches (error, RSC_CAPTURE_ERROR, RSC_ERROR_TIMEOUT) || g_error_matches (error, RSC_CAPTURE_ERROR, RSC_ERROR_BLOCKED);
}

gboolean
rsc_source_capture (RscCli  *cli,
                    GError **error)
{
  RscCaptureOptions options = {
    .values = cli->values,
    .in_place = cli->options.in_place,
    .collect_before = cli->options.collect,
    .agent_thread = cli->options.agent_thread,
    .timeout_seconds = cli->options.timeout,
  };

  g_clear_pointer (&cli->snapshot, rsc_snapshot_unref);
  cli->snapshot = rsc_target_capture (cli->target, &options, &cli->progress, cli->cancellable, error);
  rsc_cli_progress_clear ();
  if (cli->snapshot == NULL && options.collect_before)
    rsc_source_add_remedy (error);

  return cli->snapshot != NULL;
}

/* What a reader of files left out.  What a capture could not read "info" tells. */
static void
tell_notes (RscCli *cli)
{
  g_autofree const char **notes = NULL;

  if (!g_str_has_prefix (rsc_snapshot_get_info_string (cli->snapshot, "runtime"), "DOT")
      || !g_variant_lookup (rsc_snapshot_get_info (cli->snapshot), "notes", "^a&s", &notes))
    return;
  for (gsize i = 0; notes[i] != NULL; i++)
    rsc_cli_note (cli, "%s", notes[i]);
}

RscSnapshot *
rsc_source_open_file (RscCli      *cli,
                      const char  *file,
                      GError     **error)
{
  if (strcmp (file, RSC_SOURCE_STANDARD_INPUT) == 0)
    return rsc_heap_file_open_stream (STDIN_FILENO, _("standard input"), &cli->progress, cli->cancellable, error);

  return rsc_heap_file_open (file, &cli->progress, cli->cancellable, error);
}

RscSnapshot *
rsc_source_open (RscCli  *cli,
                 GError **error)
{
  if (!rsc_source_is_live (cli))
    {
      cli->snapshot = rsc_source_open_file (cli, cli->source, error);
      rsc_cli_progress_clear ();
      if (cli->snapshot != NULL)
        tell_notes (cli);
      return cli->snapshot;
    }

  if (!rsc_source_start (cli, TRUE, error) || !rsc_source_wait_for_moment (cli, error) || !rsc_source_capture (cli, error))
    return NULL;
  rsc_source_release (cli);

  return cli->snapshot;
}

/* Waits for the end, at most until @deadline (monotonic time; -1: for ever). */
static gboolean
wait_for_end (RscCli        *cli,
              gint64         deadline,
              GCancellable  *cancellable,
              GError       **error)
{
  while (!cli->target_ended)
    {
      g_autoptr (RscTargetEvent) event = NULL;
      g_autoptr (GError) local_error = NULL;
      int timeout = -1;

      if (deadline >= 0)
        {
          gint64 left = deadline - g_get_monotonic_time ();

          if (left <= 0)
            return TRUE;
          timeout = (int) (left / 1000 + 1);
        }

      event = rsc_target_next_event (cli->target, timeout, cancellable, &local_error);
      if (local_error != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }

      if (event != NULL && event->type == RSC_EVENT_STATE && event->state == RSC_TARGET_EXITED)
        note_end (cli, event->exit_status);
      /* It came to a stop before it heard that it need not stop any more. */
      else if (event != NULL && event->type == RSC_EVENT_STATE && event->state == RSC_TARGET_HELD)
        rsc_target_continue (cli->target, NULL);
      else if (event == NULL && rsc_target_get_state (cli->target, NULL) == RSC_TARGET_EXITED)
        note_end (cli, rsc_target_get_exit_status (cli->target));
    }

  return TRUE;
}

gboolean
rsc_source_finish (RscCli  *cli,
                   GError **error)
{
  /* One that was attached to was there before, and stays. */
  if (cli->target == NULL || cli->target_ended || cli->process != 0)
    return TRUE;

  /* After a failure nobody waits for the result any more. */
  if (error == NULL)
    {
      if (!cli->options.no_wait)
        wait_for_end (cli, g_get_monotonic_time () + GRACE_MS * 1000, cli->cancellable, NULL);
      if (!cli->target_ended)
        rsc_cli_note (cli, _("The program runs on (PID %d)."), (int) rsc_target_get_pid (cli->target));
      return TRUE;
    }

  if (cli->options.no_wait)
    {
      rsc_cli_note (cli, _("The program runs on (PID %d)."), (int) rsc_target_get_pid (cli->target));
      return TRUE;
    }

  if (cli->options.after != RSC_SECONDS_UNSET && !cli->options.stop)
    rsc_cli_note (cli, _("Captured. Waiting for the program to end, to report its exit status (--stop ends it, --no-wait does not wait)."));

  cli->waits_for_end = TRUE;
  if (!wait_for_end (cli, -1, cli->cancellable, error))
    return FALSE;

  /* Ctrl+C reaches the program too, and its end may be heard of first. */
  if (rsc_cli_signals_came ())
    g_cancellable_cancel (cli->cancellable);

  return !g_cancellable_set_error_if_cancelled (cli->cancellable, error);
}

void
rsc_source_append_exit_status (RscCli  *cli,
                               GString *json)
{
  if (cli->target == NULL)
    return;

  if (!cli->target_ended || cli->process != 0)
    g_string_append (json, ",\n  \"exit_status\": null");
  else if (WIFSIGNALED (cli->exit_status))
    g_string_append_printf (json, ",\n  \"exit_status\": %d", -WTERMSIG (cli->exit_status));
  else
    g_string_append_printf (json, ",\n  \"exit_status\": %d", WEXITSTATUS (cli->exit_status));
}

char *
rsc_source_describe_end (RscCli *cli)
{
  if (cli->target == NULL || !cli->target_ended || cli->process != 0 || cli->exit_status == 0)
    return NULL;

  if (WIFSIGNALED (cli->exit_status))
    return g_strdup_printf (_("The program was ended by signal %d (%s)."),
                            WTERMSIG (cli->exit_status), g_strsignal (WTERMSIG (cli->exit_status)));

  return g_strdup_printf (_("The program ended with status %d."), WEXITSTATUS (cli->exit_status));
}

GArray *
rsc_source_resolve (RscCli             *cli,
                    const char *const  *references,
                    gssize              n,
                    GError            **error)
{
  const RscColumns *columns = rsc_snapshot_get_columns (cli->snapshot, RSC_BLOCK_NODES, error);
  g_autoptr (GArray) nodes = NULL;
  g_autoptr (RscBitset) seen = NULL;

  if (columns == NULL)
    return NULL;

  nodes = g_array_new (FALSE, FALSE, sizeof (RscNode));
  seen = rsc_bitset_new (columns->n_nodes);

  for (gssize i = 0; (n < 0 || i < n) && references[i] != NULL; i++)
    {
      g_autoptr (GArray) some = rsc_object_ref_resolve (cli->snapshot, references[i], cli->cancellable, error);

      if (some == NULL)
        return NULL;

      for (guint j = 0; j < some->len; j++)
        {
          RscNode node = g_array_index (some, RscNode, j);

          if (rsc_bitset_get (seen, node))
            continue;
          rsc_bitset_set (seen, node);
          g_array_append_val (nodes, node);
        }
    }

  return g_steal_pointer (&nodes);
}
