#include "config.h"

#include "rsc-cli-series.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "base/rsc-error.h"
#include "rsc-cli-kept.h"
#include "rsc-cli-progress.h"
#include "rsc-cli-source.h"

typedef struct
{
  RscCli *cli;
  const RscSeriesOptions *options;
  RscSeriesFunc func;
  gpointer data;

  char *folder;
  char *stem;   /* of the name, without the number */
  char *ending;
  guint number; /* of the last one */
  RscKept *kept;
} Series;

/* The number in @name, if it is one of such a series; else 0. */
static guint
get_number (Series     *self,
            const char *name)
{
  gsize stem = strlen (self->stem);
  char *end;
  guint64 number;

  if (strncmp (name, self->stem, stem) != 0 || name[stem] != '-' || !g_ascii_isdigit (name[stem + 1]))
    return 0;
  number = g_ascii_strtoull (name + stem + 1, &end, 10);

  return strcmp (end, self->ending) == 0 && number < G_MAXUINT / 2 ? (guint) number : 0;
}

/* Goes on after what is there from another run. */
static gboolean
find_names (Series  *self,
            GError **error)
{
  const char *output = self->cli->options.output;
  g_autoptr (GDir) dir = NULL;
  char *dot;

  self->folder = g_path_get_dirname (output);
  self->stem = g_path_get_basename (output);
  dot = strrchr (self->stem, '.');
  self->ending = g_strdup (dot != NULL && dot != self->stem ? dot : ".refscope");
  if (dot != NULL && dot != self->stem)
    *dot = '\0';

  dir = g_dir_open (self->folder, 0, error);
  if (dir == NULL)
    return FALSE;
  for (const char *name = g_dir_read_name (dir); name != NULL; name = g_dir_read_name (dir))
    self->number = MAX (self->number, get_number (self, name));

  return TRUE;
}

static char *
next_path (Series *self)
{
  g_autofree char *name = g_strdup_printf ("%s-%04u%s", self->stem, ++self->number, self->ending);

  /* As it was written: "heap" and not "./heap". */
  return strchr (self->cli->options.output, G_DIR_SEPARATOR) != NULL ? g_build_filename (self->folder, name, NULL)
                                                                     : g_steal_pointer (&name);
}

/* Under the next name that is free. */
static char *
save (Series  *self,
      GError **error)
{
  RscCli *cli = self->cli;

  for (;;)
    {
      g_autofree char *path = next_path (self);
      g_autoptr (GError) local_error = NULL;

      if (rsc_snapshot_save (cli->snapshot, path, FALSE, &cli->progress, cli->cancellable, &local_error))
        return g_steal_pointer (&path);
      if (!g_error_matches (local_error, RSC_FORMAT_ERROR, RSC_ERROR_EXISTS))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return NULL;
        }
    }
}

static gboolean
write_one (Series  *self,
           GError **error)
{
  guint64 size = rsc_snapshot_compute_file_size (self->cli->snapshot, error);
  g_autofree char *path = NULL;

  if (size == 0 || !rsc_kept_check_room (self->kept, size, error))
    return FALSE;

  path = save (self, error);
  rsc_cli_progress_clear ();
  if (path == NULL)
    return FALSE;
  rsc_kept_add (self->kept, (const char *const[]) { path });

  return self->func (self->cli, path, self->data, error) && rsc_kept_remove_old (self->kept, error);
}

static gboolean
is_at_its_end (RscCli *cli)
{
  RscHoldKind hold = RSC_HOLD_NONE;

  return rsc_target_get_state (cli->target, &hold) == RSC_TARGET_HELD && hold != RSC_HOLD_MARK;
}

static gboolean
run (Series  *self,
     GError **error)
{
  RscCli *cli = self->cli;
  const RscSeriesOptions *options = self->options;
  gint64 began = g_get_monotonic_time ();
  gint64 end = options->duration > 0 ? began + options->duration : G_MAXINT64;
  gint64 next = options->at_once ? began : began + options->every;

  for (;;)
    {
      g_autoptr (GError) local_error = NULL;
      gboolean is_last, has_ended;
      gint64 now;

      if (cli->snapshot == NULL && !rsc_source_wait_until (cli, MIN (next, end), &local_error))
        is_last = TRUE;
      else
        is_last = is_at_its_end (cli);

      if (cli->snapshot == NULL && local_error == NULL)
        {
          if (!is_last && g_get_monotonic_time () >= end)
            return TRUE;
          rsc_source_capture (cli, &local_error);
        }

      has_ended = rsc_source_has_ended (cli, local_error);
      if (has_ended && rsc_kept_get_n_written (self->kept) > 0)
        {
          rsc_cli_note (cli, _("The program has ended."));
          return TRUE;
        }
      /* The night is long. */
      if (local_error != NULL && (is_last || !rsc_source_may_come_later (local_error)))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
      if (local_error != NULL)
        rsc_cli_note (cli, _("%s It is tried again."), local_error->message);
      else if (!write_one (self, error))
        return FALSE;
      g_clear_pointer (&cli->snapshot, rsc_snapshot_unref);

      if (is_last || (options->count > 0 && rsc_kept_get_n_written (self->kept) >= options->count))
        return TRUE;

      /* One that was missed is left out, not made up for. */
      now = g_get_monotonic_time ();
      next += options->every * MAX (1, 1 + (now - next) / options->every);
    }
}

gboolean
rsc_series_run (RscCli                  *cli,
                const RscSeriesOptions  *options,
                RscSeriesFunc            func,
                gpointer                 data,
                GError                 **error)
{
  Series self = { .cli = cli, .options = options, .func = func, .data = data };
  gboolean ok = find_names (&self, error);

  if (ok)
    {
      self.kept = rsc_kept_new (cli, self.folder, options->keep, options->count, 1);
      ok = run (&self, error);
      if (!ok)
        rsc_kept_note (self.kept);
      cli->has_written = !ok && rsc_kept_get_n_written (self.kept) > 0;
      rsc_kept_free (self.kept);
    }
  g_free (self.folder);
  g_free (self.stem);
  g_free (self.ending);

  return ok;
}
