#include "config.h"

#include "rsc-heap-spool.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include "base/rsc-error.h"
#include "base/rsc-file.h"
#include "rsc-heap-file.h"

#define PIECE_SIZE ((gsize) 1 << 20)
/* What stays free for others: a part of what is free, and no less than this. */
#define RESERVE_PART 20
#define MIN_RESERVE (G_GUINT64_CONSTANT (64) << 20)

typedef struct
{
  int fd;
  const char *name;
  int spool;
  const char *folder;
  char *piece;     /* PIECE_SIZE */
  guint64 n_read;
  guint64 expected; /* by what the heap says; 0: it is no .refscope file, or that is not known yet */
} Spool;

/* -1 and an errno: it cannot be made. */
static int
open_nameless (const char *folder)
{
  g_autofree char *path = NULL;
  int fd = open (folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

  if (fd >= 0)
    return fd;

  /* Not every file system can do that. */
  path = g_build_filename (folder, "refscope-XXXXXX", NULL);
  fd = g_mkstemp_full (path, O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0)
    g_unlink (path);

  return fd;
}

/* The number of bytes that came; 0: the end; -1 and @error. */
static gssize
read_some (Spool         *self,
           gsize          most,
           GCancellable  *cancellable,
           GError       **error)
{
  GPollFD polled[2] = { { .fd = self->fd, .events = G_IO_IN } };
  guint n_polled = g_cancellable_make_pollfd (cancellable, &polled[1]) ? 2 : 1;
  gssize n;

  do
    {
      n = -1;
      if (g_poll (polled, n_polled, -1) >= 0 && !g_cancellable_is_cancelled (cancellable))
        n = read (self->fd, self->piece, most);
    }
  while (n < 0 && (errno == EINTR || errno == EAGAIN) && !g_cancellable_is_cancelled (cancellable));
  if (n_polled == 2)
    g_cancellable_release_fd (cancellable);

  if (n < 0 && !g_cancellable_set_error_if_cancelled (cancellable, error))
    {
      int saved_errno = errno;

      /* Translators: the first %s is a name, the second the system's reason */
      g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_IO, _("“%s” cannot be read: %s."), self->name, g_strerror (saved_errno));
    }

  return n;
}

static gboolean
check_room (Spool   *self,
            GError **error)
{
  struct statvfs status;
  guint64 room, reserve;
  g_autofree char *needed = NULL;
  g_autofree char *free_room = NULL;
  g_autofree char *kept = NULL;

  /* Where it cannot be told, writing will tell. */
  if (fstatvfs (self->spool, &status) != 0)
    return TRUE;
  room = (guint64) status.f_bavail * status.f_frsize;
  reserve = MAX (room / RESERVE_PART, MIN_RESERVE);
  if (room > reserve && self->expected <= room - reserve)
    return TRUE;

  needed = g_format_size_full (self->expected, G_FORMAT_SIZE_IEC_UNITS);
  free_room = g_format_size_full (room, G_FORMAT_SIZE_IEC_UNITS);
  kept = g_format_size_full (reserve, G_FORMAT_SIZE_IEC_UNITS);
  g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_IO,
               _("There is no room in “%s” for what comes from “%s”: the heap takes %s, and %s is free, of which %s is left to others. Name "
                 "another folder by the environment variable TMPDIR, or save the heap to a file first."),
               self->folder, self->name, needed, free_room, kept);

  return FALSE;
}

static gboolean
check_length (Spool   *self,
              GError **error)
{
  g_autofree char *needed = NULL;
  g_autofree char *most = NULL;

  if (self->expected <= RSC_HEAP_SPOOL_MAX)
    return TRUE;

  needed = g_format_size_full (self->expected, G_FORMAT_SIZE_IEC_UNITS);
  most = g_format_size_full (RSC_HEAP_SPOOL_MAX, G_FORMAT_SIZE_IEC_UNITS);
  g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_LIMIT,
               _("The heap that comes from “%s” takes %s, as it says itself: at most %s is read from a pipe. Save it to a file, and name that."),
               self->name, needed, most);

  return FALSE;
}

/* What the heap says of its length, once enough of it is there. */
static gboolean
look_at_begin (Spool   *self,
               GError **error)
{
  char begin[RSC_SNAPSHOT_PEEK_SIZE];
  gssize n = pread (self->spool, begin, sizeof begin, 0);

  self->expected = n > 0 ? rsc_snapshot_peek_file_size (begin, (gsize) n) : 0;

  return self->expected == 0 || (check_length (self, error) && check_room (self, error));
}

static gboolean
write_piece (int       fd,
             gpointer  user_data,
             GError  **error)
{
  GBytes *piece = user_data;

  return rsc_file_write_all (fd, g_bytes_get_data (piece, NULL), g_bytes_get_size (piece), error);
}

static gboolean
append (Spool   *self,
        gsize    size,
        GError **error)
{
  g_autoptr (GBytes) piece = g_bytes_new_static (self->piece, size);
  gboolean was_short = self->n_read < RSC_SNAPSHOT_PEEK_SIZE;

  if (!rsc_file_write_to (self->spool, self->folder, write_piece, piece, error))
    return FALSE;
  self->n_read += size;

  return !was_short || look_at_begin (self, error);
}

/* How much is read at most, with a byte more than there may be. */
static guint64
get_limit (const Spool *self)
{
  return (self->expected > 0 ? self->expected : RSC_HEAP_FILE_MAX_DOT) + 1;
}

static gboolean
copy (Spool              *self,
      const RscProgress  *progress,
      GCancellable       *cancellable,
      GError            **error)
{
  while (self->n_read < get_limit (self))
    {
      gssize n = read_some (self, (gsize) MIN (get_limit (self) - self->n_read, PIECE_SIZE), cancellable, error);

      if (n < 0)
        return FALSE;
      if (n == 0)
        return TRUE;
      if (!append (self, (gsize) n, error))
        return FALSE;
      rsc_progress_report (progress, self->expected > 0 ? (double) self->n_read / (double) self->expected : -1.0,
                           _("Reading the heap"));
    }
  if (self->expected == 0)
    return TRUE;

  g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_CORRUPT,
               _("“%1$s” goes on where the heap ends, after %2$" PRIu64 " bytes: something else was written to it, too."),
               self->name, self->expected);

  return FALSE;
}

int
rsc_heap_spool (int                 fd,
                const char         *name,
                const RscProgress  *progress,
                GCancellable       *cancellable,
                GError            **error)
{
  Spool self = { .fd = fd, .name = name, .folder = g_get_tmp_dir () };
  struct stat status;
  gboolean copied;

  if (isatty (fd))
    {
      g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_UNSUPPORTED, _("“%s” is a terminal: let a program write a heap to it by a pipe."), name);
      return -1;
    }
  /* From its beginning, a file needs no copy. */
  if (fstat (fd, &status) == 0 && S_ISREG (status.st_mode) && lseek (fd, 0, SEEK_CUR) == 0)
    return fcntl (fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

  self.spool = open_nameless (self.folder);
  if (self.spool < 0)
    {
      int saved_errno = errno;

      g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_IO, _("No temporary file can be made in “%s”: %s. Name another folder by the environment "
                                                            "variable TMPDIR."), self.folder, g_strerror (saved_errno));
      return -1;
    }
  self.piece = g_malloc (PIECE_SIZE);
  copied = copy (&self, progress, cancellable, error);
  g_free (self.piece);
  if (!copied)
    {
      close (self.spool);
      return -1;
    }

  return self.spool;
}
