#include "config.h"

#include "rsc-mapped-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rsc-error.h"

/* Unmapped at once. */
#define PIECE ((gsize) 64 * 1024 * 1024)

/* What the signal handler reads, on any thread at any moment: guards are never
 * freed, only used again, and size is 0 while one is not in use. */
typedef struct _Guard Guard;
struct _Guard
{
  Guard *next; /* constant once published */
  atomic_uintptr_t start;
  atomic_size_t size;
  atomic_bool lost;
  gboolean in_use; /* guarded by guards_lock */
};

struct _RscMappedFile
{
  Guard *guard;
  guint8 *data;
  gsize size;
};

static _Atomic (Guard *) guards;
static GMutex guards_lock;
static struct sigaction previous_action;
static uintptr_t page_size;

static void
pass_on (int        signal_number,
         siginfo_t *info,
         void      *context)
{
  if (previous_action.sa_flags & SA_SIGINFO)
    {
      previous_action.sa_sigaction (signal_number, info, context);
    }
  else if (previous_action.sa_handler != SIG_DFL && previous_action.sa_handler != SIG_IGN)
    {
      previous_action.sa_handler (signal_number);
    }
  else
    {
      /* Returning runs the faulting instruction again, now with the default
       * action; a signal that was sent is sent again. */
      signal (signal_number, SIG_DFL);
      if (info->si_code <= 0)
        raise (signal_number);
    }
}

static void
on_sigbus (int        signal_number,
           siginfo_t *info,
           void      *context)
{
  int saved_errno = errno;
  uintptr_t address = (uintptr_t) info->si_addr;

  if (info->si_code > 0)
    for (Guard *guard = atomic_load (&guards); guard != NULL; guard = guard->next)
      {
        gsize size = atomic_load (&guard->size);
        uintptr_t start = atomic_load (&guard->start);
        void *page = (void *) (address & ~(page_size - 1));

        if (address < start || address - start >= size)
          continue;
        atomic_store (&guard->lost, true);
        if (mmap (page, page_size, PROT_READ, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
          break;
        errno = saved_errno;
        return;
      }

  pass_on (signal_number, info, context);
  errno = saved_errno;
}

static void
install_handler (void)
{
  static gsize installed;

  if (g_once_init_enter (&installed))
    {
      struct sigaction action = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO | SA_ONSTACK };

      page_size = (uintptr_t) sysconf (_SC_PAGESIZE);
      sigemptyset (&action.sa_mask);
      sigaction (SIGBUS, NULL, &previous_action);
      sigaction (SIGBUS, &action, NULL);
      g_once_init_leave (&installed, 1);
    }
}

static Guard *
guard_acquire (const void *start,
               gsize       size)
{
  Guard *guard;

  g_mutex_lock (&guards_lock);
  for (guard = atomic_load (&guards); guard != NULL; guard = guard->next)
    if (!guard->in_use)
      break;
  if (guard == NULL)
    {
      guard = g_new0 (Guard, 1);
      guard->next = atomic_load (&guards);
      atomic_store (&guards, guard);
    }
  guard->in_use = TRUE;
  atomic_store (&guard->lost, false);
  atomic_store (&guard->start, (uintptr_t) start);
  /* Last: the handler takes a guard for used once it has a size. */
  atomic_store (&guard->size, size);
  g_mutex_unlock (&guards_lock);

  return guard;
}

static void
guard_release (Guard *guard)
{
  g_mutex_lock (&guards_lock);
  atomic_store (&guard->size, 0);
  guard->in_use = FALSE;
  g_mutex_unlock (&guards_lock);
}

static gboolean
set_open_error (GError    **error,
                const char *path,
                int         saved_errno)
{
  g_autofree char *shown = g_filename_display_name (path);
  RscErrorCode code = RSC_ERROR_IO;

  if (saved_errno == ENOENT || saved_errno == ENOTDIR)
    code = RSC_ERROR_NOT_FOUND;
  else if (saved_errno == EACCES || saved_errno == EPERM)
    code = RSC_ERROR_PERMISSION;
  /* Translators: the first %s is a file name, the second the system's reason */
  g_set_error (error, RSC_FORMAT_ERROR, code, _("Cannot open “%s”: %s."), shown, g_strerror (saved_errno));

  return FALSE;
}

static gboolean
check_regular (int          fd,
               const char  *path,
               struct stat *st,
               GError     **error)
{
  g_autofree char *shown = g_filename_display_name (path);

  if (fstat (fd, st) != 0)
    return set_open_error (error, path, errno);
  if (!S_ISREG (st->st_mode))
    {
      if (S_ISDIR (st->st_mode))
        /* Translators: %s is a file name */
        g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_UNSUPPORTED, _("“%s” is a folder. Choose a file in it."), shown);
      else
        g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_UNSUPPORTED,
                     /* Translators: %s is a file name */
                     _("“%s” is a pipe or a device. Save its content to a file first."), shown);
      return FALSE;
    }

  return TRUE;
}

RscMappedFile *
rsc_mapped_file_new_for_fd (int          fd,
                            const char  *name,
                            GError     **error)
{
  g_autoptr(RscMappedFile) self = NULL;
  struct stat st;
  void *data;

  if (!check_regular (fd, name, &st, error))
    return NULL;

  self = g_new0 (RscMappedFile, 1);
  if (st.st_size > 0)
    {
      install_handler ();
      data = mmap (NULL, (gsize) st.st_size, PROT_READ, MAP_SHARED, fd, 0);
      if (data == MAP_FAILED)
        {
          set_open_error (error, name, errno);
          return NULL;
        }
      self->data = data;
      self->size = (gsize) st.st_size;
      self->guard = guard_acquire (data, self->size);
    }

  return g_steal_pointer (&self);
}

RscMappedFile *
rsc_mapped_file_new (const char *path,
                     GError    **error)
{
  RscMappedFile *self;
  int fd;

  g_return_val_if_fail (path != NULL, NULL);

  /* Without waiting: a pipe nobody writes to would hang. */
  fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0)
    {
      set_open_error (error, path, errno);
      return NULL;
    }
  self = rsc_mapped_file_new_for_fd (fd, path, error);
  close (fd);

  return self;
}

void
rsc_mapped_file_free (RscMappedFile *self)
{
  if (self->guard != NULL)
    guard_release (self->guard);
  /* In pieces: who needs the address space meanwhile, waits for one of them only. */
  for (gsize done = 0; done < self->size; done += PIECE)
    munmap (self->data + done, MIN (PIECE, self->size - done));
  g_free (self);
}

const guint8 *
rsc_mapped_file_get_data (RscMappedFile *self)
{
  return self->data;
}

gsize
rsc_mapped_file_get_size (RscMappedFile *self)
{
  return self->size;
}

gboolean
rsc_mapped_file_is_lost (RscMappedFile *self)
{
  return self->guard != NULL && atomic_load (&self->guard->lost);
}
