#include "config.h"

#include "rsc-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rsc-error.h"

/* Bytes; between two pieces a cancelled write ends. */
#define WRITTEN_AT_ONCE 16384u
#define N_NAME_ATTEMPTS 100

static gboolean
is_about_room (int code)
{
  return code == ENOSPC || code == EDQUOT;
}

static void
set_error_from_errno (GError    **error,
                      const char *path,
                      int         saved_errno)
{
  g_autofree char *shown = g_filename_display_name (path);
  RscErrorCode code;

  switch (saved_errno)
    {
    case EACCES:
    case EPERM:
    case EROFS:
      code = RSC_ERROR_PERMISSION;
      break;
    case ENOENT:
    case ENOTDIR:
      code = RSC_ERROR_NOT_FOUND;
      break;
    case EEXIST:
      code = RSC_ERROR_EXISTS;
      break;
    default:
      code = RSC_ERROR_IO;
      break;
    }

  if (code == RSC_ERROR_EXISTS)
    /* Translators: %s is a file name */
    g_set_error (error, RSC_FORMAT_ERROR, code,
                 _("“%s” exists already. Choose another name, or ask for it to be overwritten."), shown);
  else if (is_about_room (saved_errno))
    /* Translators: the first %s is a file name, the second the system's reason */
    g_set_error (error, RSC_FORMAT_ERROR, code, _("Cannot write “%s”: %s. Make room there, or choose another place."), shown,
                 g_strerror (saved_errno));
  else
    /* Translators: the first %s is a file name, the second the system's reason */
    g_set_error (error, RSC_FORMAT_ERROR, code, _("Cannot write “%s”: %s."), shown, g_strerror (saved_errno));
}

gboolean
rsc_file_write_all (int         fd,
                    const void *data,
                    gsize       size,
                    GError    **error)
{
  const char *at = data;

  while (size > 0)
    {
      /* The kernel takes at most 2 GiB at a time. */
      gssize written = write (fd, at, MIN (size, (gsize) 1 << 30));

      if (written < 0 && errno == EINTR)
        continue;
      /* Who gave us the descriptor may have it so that nothing waits. */
      if (written < 0 && errno == EAGAIN)
        {
          GPollFD polled = { .fd = fd, .events = G_IO_OUT };

          g_poll (&polled, 1, -1);
          continue;
        }
      if (written <= 0)
        {
          int saved_errno = written < 0 ? errno : ENOSPC;

          g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_IO,
                       /* Translators: %s is the system's reason ("No space left on device") */
                       is_about_room (saved_errno) ? _("Writing failed: %s. Make room there, or choose another place.")
                                                   : _("Writing failed: %s."),
                       g_strerror (saved_errno));
          return FALSE;
        }
      at += written;
      size -= (gsize) written;
    }

  return TRUE;
}

gboolean
rsc_file_write_stream (int            fd,
                       const void    *data,
                       gsize          size,
                       GCancellable  *cancellable,
                       GError       **error)
{
  const char *at = data;
  gboolean ok = TRUE;
  GPollFD polled[2] = { { .fd = fd, .events = G_IO_OUT } };
  guint n_polled = g_cancellable_make_pollfd (cancellable, &polled[1]) ? 2 : 1;

  while (ok && size > 0)
    {
      gsize piece = MIN (size, PIPE_BUF);

      /* What can be written at all takes so much without waiting for its reader. */
      if (g_poll (polled, n_polled, -1) < 0)
        continue;
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        {
          ok = FALSE;
        }
      else if (polled[0].revents != 0)
        {
          ok = rsc_file_write_all (fd, at, piece, error);
          at += piece;
          size -= piece;
        }
    }

  if (n_polled == 2)
    g_cancellable_release_fd (cancellable);

  return ok;
}

/* A full pipe or a file size limit would end the process by SIGPIPE or SIGXFSZ
 * before write() could say so.  Both are sent to the writing thread, so they
 * can be held back there and taken away again. */
typedef struct
{
  sigset_t old_mask;
  sigset_t was_pending;
} SignalGuard;

static const int guarded_signals[] = { SIGPIPE, SIGXFSZ };

static void
signal_guard_enter (SignalGuard *guard)
{
  sigset_t set;

  sigemptyset (&set);
  for (gsize i = 0; i < G_N_ELEMENTS (guarded_signals); i++)
    sigaddset (&set, guarded_signals[i]);
  sigpending (&guard->was_pending);
  pthread_sigmask (SIG_BLOCK, &set, &guard->old_mask);
}

static void
signal_guard_leave (SignalGuard *guard)
{
  static const struct timespec no_wait = { 0, 0 };
  sigset_t set;

  sigemptyset (&set);
  for (gsize i = 0; i < G_N_ELEMENTS (guarded_signals); i++)
    if (!sigismember (&guard->was_pending, guarded_signals[i]))
      sigaddset (&set, guarded_signals[i]);
  while (sigtimedwait (&set, NULL, &no_wait) > 0 || errno == EINTR)
    ;
  pthread_sigmask (SIG_SETMASK, &guard->old_mask, NULL);
}

gboolean
rsc_file_write_to (int              fd,
                   const char      *path,
                   RscFileWriteFunc write_func,
                   gpointer         user_data,
                   GError         **error)
{
  g_autofree char *shown = g_filename_display_name (path);
  SignalGuard guard;
  gboolean ok;

  signal_guard_enter (&guard);
  ok = write_func (fd, user_data, error);
  signal_guard_leave (&guard);

  if (!ok && error != NULL && *error != NULL && !g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    /* Translators: put before another sentence; %s is a file name */
    g_prefix_error (error, _("Cannot write “%s”. "), shown);

  return ok;
}

/* Makes a new file beside @path with those of the permissions @mode that the
 * umask leaves. */
static int
create_temporary (const char *path,
                  mode_t      mode,
                  char      **temporary_path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);

  for (int i = 0; i < N_NAME_ATTEMPTS; i++)
    {
      /* A long name is cut, so that the temporary one is not too long. */
      g_autofree char *temporary_name = g_strdup_printf (".%.200s.%08x", name, g_random_int ());
      g_autofree char *candidate = g_build_filename (folder, temporary_name, NULL);
      int fd = open (candidate, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);

      if (fd >= 0)
        {
          *temporary_path = g_steal_pointer (&candidate);
          return fd;
        }
      if (errno != EEXIST)
        return -1;
    }

  errno = EEXIST;
  return -1;
}

static int
move_into_place (const char *temporary_path,
                 const char *path,
                 gboolean    overwrite)
{
  if (overwrite)
    return rename (temporary_path, path);

  if (renameat2 (AT_FDCWD, temporary_path, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
    return 0;
  if (errno != EINVAL && errno != ENOSYS)
    return -1;

  /* The file system cannot do it: a link never replaces a file either. */
  if (link (temporary_path, path) != 0)
    return -1;
  unlink (temporary_path);
  return 0;
}

static void
sync_folder (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  /* The content is safe already; some file systems cannot sync a folder. */
  if (fd < 0)
    return;
  (void) fsync (fd);
  close (fd);
}

/* A device, a pipe or a terminal cannot be replaced: it is written to. */
static gboolean
write_to_special_file (const char      *path,
                       RscFileWriteFunc write_func,
                       gpointer         user_data,
                       GError         **error)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
  gboolean ok;

  if (fd < 0)
    {
      set_error_from_errno (error, path, errno);
      return FALSE;
    }
  ok = rsc_file_write_to (fd, path, write_func, user_data, error);
  close (fd);

  return ok;
}

/* @is_private: its owner's alone, whatever the umask says and the one before was.
 * Else one that is overwritten keeps its mode. */
static gboolean
replace (const char      *path,
         gboolean         overwrite,
         gboolean         is_private,
         RscFileWriteFunc write_func,
         gpointer         user_data,
         GError         **error)
{
  g_autofree char *temporary_path = NULL;
  g_autofree char *link_target = NULL;
  struct stat st;
  gboolean exists;
  int fd;

  g_return_val_if_fail (path != NULL, FALSE);
  g_return_val_if_fail (write_func != NULL, FALSE);

  exists = stat (path, &st) == 0;
  if (exists && S_ISDIR (st.st_mode))
    {
      set_error_from_errno (error, path, EISDIR);
      return FALSE;
    }
  if (exists && !S_ISREG (st.st_mode))
    return write_to_special_file (path, write_func, user_data, error);
  if (exists && !overwrite)
    {
      set_error_from_errno (error, path, EEXIST);
      return FALSE;
    }
  if (exists)
    {
      /* What a symbolic link points to is replaced, not the link. */
      link_target = realpath (path, NULL);
      if (link_target != NULL)
        path = link_target;
      if (access (path, W_OK) != 0)
        {
          set_error_from_errno (error, path, errno);
          return FALSE;
        }
    }

  /* Nobody may open it before it has the mode of the one that it replaces. */
  fd = create_temporary (path, exists || is_private ? 0600 : 0666, &temporary_path);
  if (fd < 0)
    {
      set_error_from_errno (error, path, errno);
      return FALSE;
    }
  if (is_private)
    (void) fchmod (fd, 0600);
  else if (exists)
    (void) fchmod (fd, st.st_mode & 0777);

  if (!rsc_file_write_to (fd, path, write_func, user_data, error))
    goto fail;
  if (fsync (fd) != 0 && errno != EINVAL)
    {
      set_error_from_errno (error, path, errno);
      goto fail;
    }
  if (close (g_steal_fd (&fd)) != 0)
    {
      set_error_from_errno (error, path, errno);
      goto fail;
    }
  if (move_into_place (temporary_path, path, overwrite) != 0)
    {
      set_error_from_errno (error, path, errno);
      goto fail;
    }
  sync_folder (path);

  return TRUE;

fail:
  if (fd >= 0)
    close (fd);
  unlink (temporary_path);
  return FALSE;
}

gboolean
rsc_file_replace (const char      *path,
                  gboolean         overwrite,
                  RscFileWriteFunc write_func,
                  gpointer         user_data,
                  GError         **error)
{
  return replace (path, overwrite, FALSE, write_func, user_data, error);
}

gboolean
rsc_file_replace_private (const char      *path,
                          gboolean         overwrite,
                          RscFileWriteFunc write_func,
                          gpointer         user_data,
                          GError         **error)
{
  return replace (path, overwrite, TRUE, write_func, user_data, error);
}

typedef struct
{
  const guint8 *data;
  gsize size;
  GCancellable *cancellable;
} Contents;

static gboolean
write_contents (int       fd,
                gpointer  user_data,
                GError  **error)
{
  const Contents *contents = user_data;

  for (gsize at = 0; at < contents->size; at += MIN (contents->size - at, WRITTEN_AT_ONCE))
    if (g_cancellable_set_error_if_cancelled (contents->cancellable, error)
        || !rsc_file_write_all (fd, contents->data + at, MIN (contents->size - at, WRITTEN_AT_ONCE), error))
      return FALSE;

  return !g_cancellable_set_error_if_cancelled (contents->cancellable, error);
}

gboolean
rsc_file_replace_contents (const char    *path,
                           gboolean       overwrite,
                           const void    *data,
                           gsize          size,
                           GCancellable  *cancellable,
                           GError       **error)
{
  Contents contents = { data, size, cancellable };

  return rsc_file_replace (path, overwrite, write_contents, &contents, error);
}
