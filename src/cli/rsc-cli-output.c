#include "rsc-cli-output.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>

#include "base/rsc-error.h"
#include "base/rsc-file.h"

/* How much text is gathered before it is written. */
#define FLUSH_SIZE (256 * 1024)

struct _RscOutput
{
  int fd;
  GString *buffer;
  gboolean is_stdout;
  GError *error;
};

typedef struct
{
  RscEmitFunc emit;
  gpointer data;
} Emission;

GString *
rsc_output_get_buffer (RscOutput *self)
{
  return self->buffer;
}

void
rsc_output_die_of_sigpipe (void)
{
  struct sigaction action = { .sa_handler = SIG_DFL };
  sigset_t set;

  sigaction (SIGPIPE, &action, NULL);
  sigemptyset (&set);
  sigaddset (&set, SIGPIPE);
  sigprocmask (SIG_UNBLOCK, &set, NULL);
  raise (SIGPIPE);
  _exit (RSC_CLI_USAGE);
}

/* Unlike rsc_file_write_all() it tells a reader that has gone from a failure. */
static gboolean
write_to_stdout (int          fd,
                 const char  *data,
                 gsize        size,
                 GError     **error)
{
  while (size > 0)
    {
      gssize n = write (fd, data, size);

      if (n < 0)
        {
          int saved_errno = errno;

          if (saved_errno == EINTR)
            continue;
          if (saved_errno == EPIPE)
            rsc_output_die_of_sigpipe ();

          g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_OUTPUT,
                       _("The result cannot be written to standard output: %s."), g_strerror (saved_errno));
          return FALSE;
        }

      data += n;
      size -= (gsize) n;
    }

  return TRUE;
}

gboolean
rsc_output_flush (RscOutput *self)
{
  if (self->error == NULL)
    {
      if (self->is_stdout)
        write_to_stdout (self->fd, self->buffer->str, self->buffer->len, &self->error);
      else
        rsc_file_write_all (self->fd, self->buffer->str, self->buffer->len, &self->error);
    }

  g_string_truncate (self->buffer, 0);

  return self->error == NULL;
}

gboolean
rsc_output_flush_some (RscOutput *self)
{
  if (self->buffer->len >= FLUSH_SIZE)
    rsc_output_flush (self);

  return self->error == NULL;
}

static gboolean
emit_to (Emission  *emission,
         int        fd,
         gboolean   is_stdout,
         GError   **error)
{
  RscOutput output = { .fd = fd, .buffer = g_string_sized_new (FLUSH_SIZE / 4), .is_stdout = is_stdout };

  emission->emit (&output, emission->data);
  rsc_output_flush (&output);
  g_string_free (output.buffer, TRUE);

  if (output.error != NULL)
    {
      g_propagate_error (error, output.error);
      return FALSE;
    }

  return TRUE;
}

static gboolean
emit_to_file (int       fd,
              gpointer  user_data,
              GError  **error)
{
  return emit_to (user_data, fd, FALSE, error);
}

gboolean
rsc_output_run (RscCli       *cli,
                RscEmitFunc   emit,
                gpointer      data,
                GError      **error)
{
  Emission emission = { emit, data };

  if (cli->options.output != NULL)
    return rsc_file_replace (cli->options.output, cli->options.force, emit_to_file, &emission, error);

  return emit_to (&emission, cli->result_fd, TRUE, error);
}

gboolean
rsc_output_write (RscCli      *cli,
                  const void  *data,
                  gsize        size,
                  GError     **error)
{
  return write_to_stdout (cli->result_fd, data, size, error);
}

gboolean
rsc_output_is_stream (RscCli *cli)
{
  return (cli->command->flags & RSC_COMMAND_STREAM) && g_strcmp0 (cli->options.output, "-") == 0;
}

static gboolean
check_stream (RscCli  *cli,
              GError **error)
{
  const char *message = NULL;

  if (cli->options.json)
    message = _("--json and -o - both write to standard output: name a file for one of them.");
  else if (cli->result_fd < 0)
    message = _("-o - writes to standard output, which is closed. Redirect it to a file or a pipe, or name a file.");
  else if (cli->result_is_tty)
    message = _("-o - would write the heap, which is no text, to this terminal. Redirect standard output to a file or a pipe, or name a file.");

  if (message != NULL)
    g_set_error_literal (error, RSC_CLI_ERROR, RSC_CLI_ERROR_OUTPUT, message);

  return message == NULL;
}

gboolean
rsc_output_check (RscCli  *cli,
                  GError **error)
{
  g_autofree char *folder = NULL;
  const char *path = cli->options.output;

  if (path == NULL)
    return TRUE;

  if (rsc_output_is_stream (cli))
    return check_stream (cli, error);
  if (strcmp (path, "-") == 0)
    {
      g_set_error_literal (error, RSC_CLI_ERROR, RSC_CLI_ERROR_OUTPUT,
                           _("“-” is no file: results with -o are not written to standard output. Name a file, or ./- for one of this name."));
      return FALSE;
    }

  if ((cli->command->flags & RSC_COMMAND_FOLDER) && g_str_has_suffix (path, G_DIR_SEPARATOR_S))
    return TRUE;

  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_OUTPUT,
                   _("“%s” is a folder. Name a file in it."), path);
      return FALSE;
    }

  if (!cli->options.force && !cli->is_series && g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_OUTPUT,
                   _("“%s” exists already, and is not overwritten unasked. Give another name or --force."), path);
      return FALSE;
    }

  folder = g_path_get_dirname (path);
  if (!g_file_test (folder, G_FILE_TEST_IS_DIR))
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_OUTPUT,
                   _("“%s” cannot be written: there is no folder “%s”."), path, folder);
      return FALSE;
    }

  return TRUE;
}
