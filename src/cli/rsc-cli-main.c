#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>

#include "base/rsc-locale.h"
#include "base/rsc-error.h"
#include "config.h"
#include "rsc-cli-options.h"
#include "rsc-cli-output.h"
#include "rsc-cli-printable.h"
#include "rsc-cli-progress.h"
#include "rsc-cli-source.h"

G_DEFINE_QUARK (rsc-cli-error-quark, rsc_cli_error)

RscCliStatus
rsc_cli_status_from_error (const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return RSC_CLI_CANCELLED;

  if (error->domain == RSC_CAPTURE_ERROR)
    return RSC_CLI_UNCAPTURED;

  if (error->domain == RSC_FORMAT_ERROR)
    switch (error->code)
      {
      case RSC_ERROR_TRUNCATED:
      case RSC_ERROR_BAD_MAGIC:
      case RSC_ERROR_BAD_VERSION:
      case RSC_ERROR_CORRUPT:
      case RSC_ERROR_LIMIT:
        return RSC_CLI_MALFORMED;
      default:
        break;
      }

  return RSC_CLI_USAGE;
}

static void G_GNUC_PRINTF (1, 0)
say (const char *format,
     va_list     args)
{
  g_autofree char *message = g_strdup_vprintf (format, args);
  g_autofree char *printable = rsc_printable (message);

  rsc_cli_progress_clear ();
  fprintf (stderr, "refscope-cli: %s\n", printable);
}

void
rsc_cli_note (RscCli     *self,
              const char *format,
              ...)
{
  va_list args;

  if (self->options.quiet)
    return;

  va_start (args, format);
  say (format, args);
  va_end (args);
}

void
rsc_cli_warn (const char *format,
              ...)
{
  va_list args;

  va_start (args, format);
  say (format, args);
  va_end (args);
}

/* It was cancelled by a signal: what that means for what was asked for. */
static const char *
describe_interruption (RscCli *cli)
{
  if (cli->target == NULL)
    return _("Interrupted before it was done.");
  if (cli->has_written)
    return _("Interrupted: the series ends here.");
  if (cli->waits_for_end)
    return _("Interrupted while it waited for the program's end: the result is whole, but the exit status is not known.");
  if (cli->snapshot == NULL && (cli->command->flags & RSC_COMMAND_PROGRAM_ONLY) == 0)
    return _("Interrupted before the heap was captured: nothing was written.");

  return _("Interrupted before it was done.");
}

static int
fail (RscCli              *cli,
      const GError        *error,
      const RscCliCommand *command)
{
  gboolean cancelled = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_autofree char *printable = rsc_printable (cancelled ? describe_interruption (cli) : error->message);

  rsc_cli_progress_clear ();
  fprintf (stderr, "refscope-cli: %s\n", printable);
  if (command != NULL && g_error_matches (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE))
    {
      /* Translators: %s is a command's name. */
      fprintf (stderr, _("“refscope-cli %s --help” shows how it is used."), command->name);
      fputc ('\n', stderr);
    }

  return (int) rsc_cli_status_from_error (error);
}

static int
print (RscCli     *cli,
       const char *text)
{
  g_autoptr (GError) error = NULL;

  if (!rsc_output_write (cli, text, strlen (text), &error))
    return fail (cli, error, NULL);

  return RSC_CLI_DONE;
}

static int
run_command (RscCli *cli,
             char  **arguments)
{
  g_autoptr (GError) error = NULL;

  if (!rsc_options_parse (cli, arguments, &error))
    return fail (cli, error, cli->command);

  if (cli->options.help)
    {
      g_autofree char *help = rsc_options_get_help (cli->command);

      return print (cli, help);
    }

  rsc_cli_progress_init (&cli->progress, !cli->options.quiet);

  if ((cli->command->check != NULL && !cli->command->check (cli, &error))
      || (cli->options.output != NULL && !rsc_output_check (cli, &error))
      || !rsc_source_check (cli, &error)
      || !cli->command->run (cli, &error))
    {
      /* The program is let go, and nothing that it does is cut short. */
      if (cli->target != NULL)
        {
          int status = fail (cli, error, cli->command);

          rsc_source_release (cli);
          rsc_source_finish (cli, NULL);
          return status;
        }

      return fail (cli, error, cli->command);
    }

  rsc_cli_progress_clear ();

  return cli->condition_held ? RSC_CLI_CONDITION : RSC_CLI_DONE;
}

/* No file of ours may get a standard number that the caller left closed.  The
 * programs that are launched find it closed again. */
static void
open_standard_descriptors (void)
{
  int fd;

  do
    fd = open ("/dev/null", O_RDWR | O_CLOEXEC);
  while (fd >= 0 && fd <= STDERR_FILENO);

  if (fd > STDERR_FILENO)
    close (fd);
}

static void
clear (RscCli *cli)
{
  g_clear_pointer (&cli->target, rsc_target_unref);
  g_clear_pointer (&cli->snapshot, rsc_snapshot_unref);
  g_clear_pointer (&cli->marks, g_ptr_array_unref);
  g_clear_pointer (&cli->owned_objects, g_free);
  g_clear_pointer (&cli->options.fail_if, g_free);
  g_clear_pointer (&cli->options.output, g_free);
  g_clear_pointer (&cli->options.on_mark, g_free);
  g_clear_pointer (&cli->options.program_output, g_free);
  g_clear_object (&cli->cancellable);
}

int
main (int   argc,
      char *argv[])
{
  RscCli cli = { .cancellable = g_cancellable_new () };
  g_autoptr (GError) error = NULL;
  gboolean have_stdout = fcntl (STDOUT_FILENO, F_GETFD) >= 0;
  int status;

  open_standard_descriptors ();
  rsc_locale_init ();
  g_set_prgname ("refscope-cli");

  cli.result_fd = have_stdout ? fcntl (STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) : -1;
  cli.result_is_tty = isatty (STDOUT_FILENO);
  cli.marks = g_ptr_array_new_with_free_func (g_free);
  rsc_cli_signals_init (cli.cancellable);

  if (argc < 2)
    {
      g_autofree char *overview = rsc_options_get_overview ();

      fputs (overview, stderr);
      status = RSC_CLI_USAGE;
    }
  else if (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0
           || (strcmp (argv[1], "help") == 0 && argc == 2))
    {
      g_autofree char *overview = rsc_options_get_overview ();

      status = print (&cli, overview);
    }
  else if (strcmp (argv[1], "--version") == 0)
    {
      status = print (&cli, "refscope-cli " RSC_VERSION "\n");
    }
  else
    {
      gboolean help = strcmp (argv[1], "help") == 0;
      const char *name = help ? argv[2] : argv[1];

      cli.command = rsc_options_find_command (name);
      if (cli.command == NULL)
        {
          rsc_options_set_unknown_command (name, &error);
          status = fail (&cli, error, NULL);
        }
      else if (help)
        {
          g_autofree char *text = rsc_options_get_help (cli.command);

          status = print (&cli, text);
        }
      else
        {
          status = run_command (&cli, argv + 2);
        }
    }

  clear (&cli);

  return status;
}
