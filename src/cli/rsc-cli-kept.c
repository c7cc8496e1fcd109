#include "config.h"

#include "rsc-cli-kept.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

/* A file that this run wrote, and how it is known again. */
typedef struct
{
  char *path;
  struct stat status;
} Written;

struct _RscKept
{
  RscCli *cli;
  char *folder;
  guint keep, count, n_files;
  guint n_written;
  GQueue files; /* of Written, the oldest first */
};

static void
written_free (gpointer data)
{
  Written *self = data;

  g_free (self->path);
  g_free (self);
}

RscKept *
rsc_kept_new (RscCli     *cli,
              const char *folder,
              guint       keep,
              guint       count,
              guint       n_files)
{
  RscKept *self = g_new0 (RscKept, 1);

  self->cli = cli;
  self->folder = g_strdup (folder);
  self->keep = keep;
  self->count = count;
  self->n_files = n_files;
  g_queue_init (&self->files);

  return self;
}

void
rsc_kept_free (RscKept *self)
{
  g_queue_clear_full (&self->files, written_free);
  g_free (self->folder);
  g_free (self);
}

guint
rsc_kept_get_n_written (RscKept *self)
{
  return self->n_written;
}

static char *
format_bytes (guint64 bytes)
{
  return g_format_size_full (bytes, G_FORMAT_SIZE_IEC_UNITS);
}

gboolean
rsc_kept_check_room (RscKept  *self,
                     guint64   size,
                     GError  **error)
{
  gboolean is_first = self->n_written == 0;
  /* How many there may be at once: the oldest goes after the new one has come. */
  guint at_once = !is_first ? 1 : self->count > 0 ? MIN (self->count, self->keep + 1) : self->keep + 1;
  guint n_kept = MIN (self->keep, at_once);
  guint n_files = at_once * self->n_files;
  struct statvfs status;
  guint64 room;
  g_autofree char *kept = format_bytes (n_kept * size);
  g_autofree char *needed = format_bytes (at_once * size);
  g_autofree char *free_room = NULL;

  /* Where it cannot be told, writing will tell. */
  if (statvfs (self->folder, &status) != 0)
    return TRUE;
  room = (guint64) status.f_bavail * status.f_frsize;
  free_room = format_bytes (room);

  if (room / at_once < size)
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
                               "Keeps at most %u file, about %s; until the oldest is removed, %s. Heaps that grow take more. %s is free in “%s”.",
                               "Keeps at most %u files, about %s; until the oldest is removed, %s. Heaps that grow take more. %s is free in “%s”.",
                               n_kept * self->n_files),
                  n_kept * self->n_files, kept, needed, free_room, self->folder);

  return TRUE;
}

void
rsc_kept_add (RscKept           *self,
              const char *const *paths)
{
  for (guint i = 0; i < self->n_files; i++)
    {
      Written *written = g_new0 (Written, 1);

      written->path = g_strdup (paths[i]);
      if (lstat (paths[i], &written->status) != 0)
        written->status.st_ino = 0;
      g_queue_push_tail (&self->files, written);
    }
  self->n_written++;
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
remove_oldest (RscKept  *self,
               GError  **error)
{
  Written *oldest = g_queue_pop_head (&self->files);
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

gboolean
rsc_kept_remove_old (RscKept  *self,
                     GError  **error)
{
  while (g_queue_get_length (&self->files) > self->keep * self->n_files)
    if (!remove_oldest (self, error))
      return FALSE;

  return TRUE;
}

void
rsc_kept_note (RscKept *self)
{
  const Written *first = NULL, *last = NULL;

  /* Others may have removed some. */
  for (GList *l = self->files.head; l != NULL; l = l->next)
    {
      const Written *written = l->data;

      if (!g_file_test (written->path, G_FILE_TEST_EXISTS))
        continue;
      first = first != NULL ? first : written;
      last = written;
    }
  if (first == last && first != NULL)
    rsc_cli_warn (_("What was written before is there: %s."), first->path);
  else if (first != NULL)
    rsc_cli_warn (_("What was written before is there: %s to %s."), first->path, last->path);
}
