/* The private folder by which the program and Refscope find each other. */
#include "config.h"

#include "rsc-target-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/rsc-error.h"
#include "wire/rsc-wire-folder.h"

#define FOLDER_PREFIX "refscope-"
/* With the number of the process that makes it, and the longest that such a name can be. */
#define FOLDER_TEMPLATE FOLDER_PREFIX "%d-XXXXXX"
#define FOLDER_LONGEST FOLDER_PREFIX "2147483647-XXXXXX"
#define RANDOM_LENGTH 6
/* A folder in which nobody listens yet is in the making, unless it is older than this, in seconds. */
#define MAKING_SECONDS 60
/* What is not listened to yet has another name than what is. */
#define NEW_SOCKET RSC_WIRE_SOCKET ".new"

/* The folder's name stands in LD_PRELOAD, where spaces and colons separate, and
 * in a socket's address, which is short. */
static gboolean
is_usable (const char *parent)
{
  struct sockaddr_un address;

  return parent != NULL && g_path_is_absolute (parent) && strpbrk (parent, " :\t\n$") == NULL
         && strlen (parent) + sizeof "/" FOLDER_LONGEST "/" NEW_SOCKET <= sizeof address.sun_path
         && access (parent, W_OK | X_OK) == 0;
}

static const char *const file_names[] = {
  RSC_WIRE_PRELOAD_LINK, RSC_WIRE_AGENT_LINK, RSC_WIRE_PACKAGE_LINK, NEW_SOCKET, RSC_WIRE_SOCKET
};

/* Links are removed, not what they lead to; a folder with anything else in it stays. */
static void
remove_folder (const char *folder)
{
  for (gsize i = 0; i < G_N_ELEMENTS (file_names); i++)
    {
      g_autofree char *path = g_build_filename (folder, file_names[i], NULL);

      g_unlink (path);
    }
  g_rmdir (folder);
}

/* The number in the folder's name; 0 if it is no name of ours. */
static pid_t
get_maker (const char *name)
{
  char *end;
  guint64 pid;

  if (!g_str_has_prefix (name, FOLDER_PREFIX) || !g_ascii_isdigit (name[strlen (FOLDER_PREFIX)]))
    return 0;
  pid = g_ascii_strtoull (name + strlen (FOLDER_PREFIX), &end, 10);

  return pid > 0 && pid <= G_MAXINT && *end == '-' && strlen (end + 1) == RANDOM_LENGTH ? (pid_t) pid : 0;
}

static gboolean
has_only_ours (const char *folder)
{
  g_autoptr(GDir) files = g_dir_open (folder, 0, NULL);
  const char *name;

  while (files != NULL && (name = g_dir_read_name (files)) != NULL)
    {
      gboolean ours = FALSE;

      for (gsize i = 0; i < G_N_ELEMENTS (file_names); i++)
        ours |= g_str_equal (name, file_names[i]);
      if (!ours)
        return FALSE;
    }

  return files != NULL;
}

/* Whether it is one of ours, and nobody listens in it any more, or ever will. */
static gboolean
is_left_over (const char *folder, pid_t maker)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  gboolean refused;
  GStatBuf status, socket_status;
  int fd;

  if (g_lstat (folder, &status) != 0 || !S_ISDIR (status.st_mode) || status.st_uid != geteuid ()
      || (status.st_mode & 07777) != 0700 || !has_only_ours (folder))
    return FALSE;
  g_snprintf (address.sun_path, sizeof address.sun_path, "%s/" RSC_WIRE_SOCKET, folder);
  if (g_lstat (address.sun_path, &socket_status) != 0)
    /* Its maker was killed in the making of it.  That process need not be one of
     * this namespace: a young folder stays in any case. */
    return errno == ENOENT && kill (maker, 0) != 0 && errno == ESRCH
           && g_get_real_time () / G_USEC_PER_SEC - (gint64) status.st_mtime > MAKING_SECONDS;
  if (!S_ISSOCK (socket_status.st_mode))
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

      pid_t maker = get_maker (name);

      if (maker == 0)
        continue;
      folder = g_build_filename (parent, name, NULL);
      if (is_left_over (folder, maker) && !is_in_use (folder))
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
      folder = g_strdup_printf ("%s/" FOLDER_TEMPLATE, parents[i], (int) getpid ());
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
  /* What a program without Python starts later is to find the stub that its environment
   * names: the loader would complain.  The next launch removes it. */
  if (self->folder != NULL && !is_in_use (self->folder))
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
