/* The private folder by which the program and Refscope find each other. */
#include "config.h"

#include "rsc-target-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/rsc-error.h"
#include "wire/rsc-wire-folder.h"

#define FOLDER_PREFIX "refscope-"
#define FOLDER_TEMPLATE FOLDER_PREFIX "XXXXXX"
/* What is not listened to yet has another name than what is. */
#define NEW_SOCKET RSC_WIRE_SOCKET ".new"

/* The folder's name stands in LD_PRELOAD, where spaces and colons separate, and
 * in a socket's address, which is short. */
static gboolean
is_usable (const char *parent)
{
  struct sockaddr_un address;

  return parent != NULL && g_path_is_absolute (parent) && strpbrk (parent, " :\t\n$") == NULL
         && strlen (parent) + sizeof "/" FOLDER_TEMPLATE "/" NEW_SOCKET <= sizeof address.sun_path
         && access (parent, W_OK | X_OK) == 0;
}

/* The socket goes last: a folder without one is not known to be left over. */
static void
remove_folder (const char *folder)
{
  static const char *const names[] = {
    RSC_WIRE_PRELOAD_LINK, RSC_WIRE_AGENT_LINK, RSC_WIRE_PACKAGE_LINK, NEW_SOCKET, RSC_WIRE_SOCKET
  };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (folder, names[i], NULL);

      g_unlink (path);
    }
  g_rmdir (folder);
}

/* Whether it is one of ours, and nobody listens in it any more. */
static gboolean
is_left_over (const char *folder)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  gboolean refused;
  GStatBuf status;
  int fd;

  if (g_lstat (folder, &status) != 0 || !S_ISDIR (status.st_mode) || status.st_uid != geteuid ()
      || (status.st_mode & 07777) != 0700)
    return FALSE;
  g_snprintf (address.sun_path, sizeof address.sun_path, "%s/" RSC_WIRE_SOCKET, folder);
  if (g_lstat (address.sun_path, &status) != 0 || !S_ISSOCK (status.st_mode))
    return FALSE;
  fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  refused = fd >= 0 && connect (fd, (const struct sockaddr *) &address, sizeof address) != 0 && errno == ECONNREFUSED;
  if (fd >= 0)
    close (fd);

  return refused;
}

/* Whether a process that was started with the folder in its environment lives:
 * what it starts is to find the files there. */
static gboolean
is_in_use (const char *folder)
{
  g_autoptr(GDir) processes = g_dir_open ("/proc", 0, NULL);
  gsize length = strlen (folder);
  const char *name;

  while (processes != NULL && (name = g_dir_read_name (processes)) != NULL)
    {
      g_autofree char *path = NULL;
      g_autofree char *variables = NULL;
      gsize size;

      if (!g_ascii_isdigit (name[0]))
        continue;
      path = g_build_filename ("/proc", name, "environ", NULL);
      if (g_file_get_contents (path, &variables, &size, NULL)
          && memmem (variables, size, folder, length) != NULL)
        return TRUE;
    }

  return FALSE;
}

/* Removes what a Refscope that was killed left behind. */
static void
sweep (const char *parent)
{
  g_autoptr(GDir) folders = g_dir_open (parent, 0, NULL);
  const char *name;

  while (folders != NULL && (name = g_dir_read_name (folders)) != NULL)
    {
      g_autofree char *folder = NULL;

      if (strlen (name) != strlen (FOLDER_TEMPLATE) || !g_str_has_prefix (name, FOLDER_PREFIX))
        continue;
      folder = g_build_filename (parent, name, NULL);
      if (is_left_over (folder) && !is_in_use (folder))
        remove_folder (folder);
    }
}

char *
rsc_target_make_folder (GError **error)
{
  const char *const parents[] = { g_getenv ("XDG_RUNTIME_DIR"), g_get_tmp_dir (), "/tmp" };
  int saved_errno = ENOENT;

  for (gsize i = 0; i < G_N_ELEMENTS (parents); i++)
    {
      g_autofree char *folder = NULL;

      if (!is_usable (parents[i]))
        continue;
      sweep (parents[i]);
      folder = g_build_filename (parents[i], FOLDER_TEMPLATE, NULL);
      if (g_mkdtemp_full (folder, 0700) != NULL)
        return g_steal_pointer (&folder);
      saved_errno = errno;
    }
  g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_PERMISSION,
               _("No private folder could be made for the connection to the program (%s). Set XDG_RUNTIME_DIR or TMPDIR to a folder that you may write to."),
               g_strerror (saved_errno));

  return NULL;
}

void
rsc_target_remove_folder (RscTarget *self)
{
  if (self->folder != NULL)
    remove_folder (self->folder);
}

gboolean
rsc_target_listen (RscTarget *self, GError **error)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  g_autofree char *path = g_build_filename (self->folder, RSC_WIRE_SOCKET, NULL);

  g_snprintf (address.sun_path, sizeof address.sun_path, "%s/" NEW_SOCKET, self->folder);
  self->listener = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (self->listener >= 0
      && bind (self->listener, (const struct sockaddr *) &address, sizeof address) == 0
      && chmod (address.sun_path, 0600) == 0
      && listen (self->listener, 8) == 0
      && rename (address.sun_path, path) == 0)
    return TRUE;
  g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_FAILED,
               _("The socket %s could not be made: %s."), path, g_strerror (errno));

  return FALSE;
}
