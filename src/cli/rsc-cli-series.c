#include "config.h"

#include "rsc-cli-series.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include "base/rsc-error.h"
#include "rsc-cli-progress.h"
#include "rsc-cli-source.h"

/* A file that this run wrote, and how it is known again. */
typedef struct
{
  char *path;
  struct stat status;
} Written;

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
  guint n_written;
  GQueue *kept; /* of Written, the oldest first */
} Series;

static void
written_free (gpointer data)
{
  Written *self = data;

  g_free (self->path);
  g_free (self);
}

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

/* How many files there may be at once: the oldest goes after the new one has come. */
static guint
count_at_once (Series *self)
{
  guint most = self->options->keep + 1;

  return self->options->count > 0 ? MIN (self->options->count, most) : most;
}

static char *
format_bytes (guint64 bytes)
{
  return g_format_size_full (bytes, G_FORMAT_SIZE_IEC_UNITS);
}

/* FALSE and @error: there is no room for files of @size that are still to come. */
static gboolean
check_room (Series   *self,
            guint64   size,
            GError  **error)
{
  gboolean is_first = self->n_written == 0;
  guint n_files = is_first ? count_at_once (self) : 1;
  guint n_kept = MIN (self->options->keep, n_files);
  struct statvfs status;
  guint64 room;
  g_autofree char *kept = format_bytes (n_kept * size);
  g_autofree char *needed = format_bytes (n_files * size);
  g_autofree char *free_room = NULL;

  /* Where it cannot be told, writing will tell. */
  if (statvfs (self->folder, &status) != 0)
    return TRUE;
  room = (guint64) status.f_bavail * status.f_frsize;
  free_room = format_bytes (room);

  if (room / n_files < size)
    {
      if (is_first)
        g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_OUTPUT,
                     g_dngettext (RSC_GETTEXT_DOMAIN,
                                  "There is no room in “%s” for such a series: up to %u file, with heaps as large as this one %s, and %s is free. "
                                  "Keep fewer by --keep, or write them elsewhere. Nothing was written.",
                                  "There is no room in “%s” for such a series: up to %u files, with heaps as large as this one %s, and %s is free. "
                                  "Keep fewer by --keep, or write them elsewhere. Nothing was written.",
                                  n_files),
                     self->folder, n_files, needed, free_room);
      else
        g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_OUTPUT,
                     _("There is no room in “%s” for the next heap: it takes %s, and %s is free."), self->folder, needed, free_room);
      return FALSE;
    }

  if (is_first)
    rsc_cli_note (self->cli,
                  g_dngettext (RSC_GETTEXT_DOMAIN,
                               "Keeps at most %u file, about %s; while one is written, %s. Heaps that grow take more. %s is free in “%s”.",
                               "Keeps at most %u files, about %s; while one is written, %s. Heaps that grow take more. %s is free in “%s”.",
                               n_kept),
                  n_kept, kept, needed, free_room, self->folder);

  return TRUE;
}

/* Not what somebody has put in its place. */
static gboolean
is_still_ours (const Written *written)
{
  struct stat now;

  return lstat (written->path, &now) == 0 && now.st_dev == written->status.st_dev && now.st_ino == written->status.st_ino
         && now.st_size == written->status.st_size && now.st_mtim.tv_sec == written->status.st_mtim.tv_sec
         && now.st_mtim.tv_nsec == written->status.st_mtim.tv_nsec;
}

static gboolean
remove_oldest (Series  *self,
               GError **error)
{
  Written *oldest = g_queue_pop_head (self->kept);
  gboolean ok = TRUE;

  if (!is_still_ours (oldest))
    rsc_cli_note (self->cli, _("“%s” is not what this run wrote any more: it is left alone."), oldest->path);
  else if (g_unlink (oldest->path) == 0)
    rsc_cli_note (self->cli, _("%s was removed."), oldest->path);
  else
    {
      int saved_errno = errno;

      ok = FALSE;
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_OUTPUT,
                   _("“%s” cannot be removed, and the series would take more room than it may: %s."), oldest->path, g_strerror (saved_errno));
    }
  written_free (oldest);

  return ok;
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
  Written *written;
  char *path;

  if (size == 0 || !check_room (self, size, error))
    return FALSE;

  path = save (self, error);
  rsc_cli_progress_clear ();
  if (path == NULL)
    return FALSE;

  written = g_new0 (Written, 1);
  written->path = path;
  g_queue_push_tail (self->kept, written);
  self->n_written++;
  if (lstat (path, &written->status) != 0)
    written->status.st_ino = 0;

  return self->func (self->cli, path, self->data, error)
         && (g_queue_get_length (self->kept) <= self->options->keep || remove_oldest (self, error));
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
      if (has_ended && self->n_written > 0)
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

      if (is_last || (options->count > 0 && self->n_written >= options->count))
        return TRUE;

      /* One that was missed is left out, not made up for. */
      now = g_get_monotonic_time ();
      next += options->every * MAX (1, 1 + (now - next) / options->every);
    }
}

/* After a failure: what there is. */
static void
note_kept (Series *self)
{
  const Written *first = g_queue_peek_head (self->kept), *last = g_queue_peek_tail (self->kept);

  if (first == last && first != NULL)
    rsc_cli_warn (_("What was written before is there: %s."), first->path);
  else if (first != NULL)
    rsc_cli_warn (_("What was written before is there: %s to %s."), first->path, last->path);
}

gboolean
rsc_series_run (RscCli                  *cli,
                const RscSeriesOptions  *options,
                RscSeriesFunc            func,
                gpointer                 data,
                GError                 **error)
{
  Series self = { .cli = cli, .options = options, .func = func, .data = data, .kept = g_queue_new () };
  gboolean ok = find_names (&self, error) && run (&self, error);

  if (!ok)
    note_kept (&self);
  cli->has_written = !ok && self.n_written > 0;
  g_queue_free_full (self.kept, written_free);
  g_free (self.folder);
  g_free (self.stem);
  g_free (self.ending);

  return ok;
}
