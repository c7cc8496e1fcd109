#include "rsc-visiting-file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/rsc-file.h"
#include "rsc-agent-entry.h"
#include "rsc-process-status.h"

#define NAME_PREFIX RSC_AGENT_FILE_NAME "-"
#define NAME_DIGITS 16
/* What was left by a Refscope that was killed is taken away when it is older, in seconds: a new one may not be locked yet.
 * Of a folder with more entries not all are looked at. */
#define LEFT_AGE 60
/* A program that waits for something may still be about to run a script: CPython says on its standard error that one is not there. */
#define LEFT_SCRIPT_AGE (30 * 24 * 60 * 60)
#define MAX_ENTRIES 10000

static gboolean
is_our_name (const char *name)
{
  if (!g_str_has_prefix (name, NAME_PREFIX))
    return FALSE;
  name += strlen (NAME_PREFIX);

  return strspn (name, "0123456789abcdef") == NAME_DIGITS && (strcmp (name + NAME_DIGITS, ".py") == 0 || strcmp (name + NAME_DIGITS, ".so") == 0);
}

/* Who is still there has it locked. */
static void
remove_if_left (int folder, const char *name)
{
  int fd = openat (folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  time_t age = g_str_has_suffix (name, ".py") ? LEFT_SCRIPT_AGE : LEFT_AGE;
  struct stat status;

  if (fd < 0)
    return;
  if (fstat (fd, &status) == 0 && S_ISREG (status.st_mode) && time (NULL) - status.st_mtime > age
      && flock (fd, LOCK_EX | LOCK_NB) == 0)
    unlinkat (folder, name, 0);
  close (fd);
}

static void
remove_left (int folder)
{
  int fd = openat (folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *entries = fd >= 0 ? fdopendir (fd) : NULL;
  const struct dirent *entry;

  if (entries == NULL)
    {
      if (fd >= 0)
        close (fd);
      return;
    }
  for (guint i = 0; i < MAX_ENTRIES && (entry = readdir (entries)) != NULL; i++)
    if (is_our_name (entry->d_name))
      remove_if_left (folder, entry->d_name);
  closedir (entries);
}

/* The last of the four numbers of @field: by which files are opened. */
static gboolean
read_file_id (const char *status, const char *field, guint *id)
{
  const char *at = rsc_process_status_find (status, field);
  char *end = NULL;

  if (at == NULL)
    return FALSE;
  for (guint i = 0; i < 4; i++, at = end)
    *id = (guint) strtoul (at, &end, 10);

  return TRUE;
}

static gboolean
give_to_user (pid_t pid, int fd)
{
  g_autofree char *status = rsc_process_status_read (pid);
  guint user, group;

  return read_file_id (status, "Uid", &user) && read_file_id (status, "Gid", &group) && fchown (fd, user, group) == 0;
}

static gboolean
may_be_loaded (int fd)
{
  struct statvfs status;

  return fstatvfs (fd, &status) == 0 && (status.f_flag & ST_NOEXEC) == 0;
}

RscVisitingFile *
rsc_visiting_file_create (pid_t pid, RscVisitingKind kind, const char *suffix, const char *bytes, gsize size)
{
  static const char *const folders[] = { "dev/shm", "tmp", "var/tmp" };
  /* A link in there must not lead to a folder of ours. */
  const struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
  g_autofree char *root_path = g_strdup_printf ("/proc/%d/root", (int) pid);
  int root = open (root_path, O_PATH | O_DIRECTORY | O_CLOEXEC), code = errno;
  RscVisitingFile *self = NULL;

  for (gsize i = 0; root >= 0 && self == NULL && i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *name = g_strdup_printf (NAME_PREFIX "%08x%08x%s", g_random_int (), g_random_int (), suffix);
      int folder = (int) syscall (SYS_openat2, root, folders[i], &how, sizeof how);
      int fd = folder >= 0 ? openat (folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0700) : -1;

      if (fd >= 0)
        flock (fd, LOCK_EX | LOCK_NB);
      if (fd >= 0 && rsc_file_write_all (fd, bytes, size, NULL)
          && (kind == RSC_VISITING_CODE ? may_be_loaded (fd) && fchmod (fd, 0755) == 0
                                        : fchmod (fd, 0400) == 0 && give_to_user (pid, fd)))
        {
          self = g_new0 (RscVisitingFile, 1);
          self->path = g_strdup_printf ("/%s/%s", folders[i], name);
          self->name = g_steal_pointer (&name);
          self->folder = folder;
          self->fd = fd;
          break;
        }
      code = errno;
      if (fd >= 0)
        {
          unlinkat (folder, name, 0);
          close (fd);
        }
      if (folder >= 0)
        close (folder);
    }
  if (root >= 0)
    close (root);
  errno = code;

  return self;
}

void
rsc_visiting_file_free (RscVisitingFile *self)
{
  if (self == NULL)
    return;
  unlinkat (self->folder, self->name, 0);
  remove_left (self->folder);
  close (self->folder);
  close (self->fd);
  g_free (self->path);
  g_free (self->name);
  g_free (self);
}

void
rsc_visiting_file_empty (RscVisitingFile *self)
{
  /* Nothing is to be done if it cannot be: it is gone then. */
  if (ftruncate (self->fd, 0) != 0)
    unlinkat (self->folder, self->name, 0);
}
