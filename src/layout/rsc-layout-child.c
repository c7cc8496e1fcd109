#include "config.h"

#include "rsc-layout-child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib-unix.h>

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#define PROGRAM "refscope-layout"
#define READ_STEP 65536
#define MAX_STDERR 16384u

extern char **environ;

typedef struct
{
  char *program;
  pid_t pid;
  int in, out, err; /* our ends of its standard streams */
} Child;

static GMutex spare_lock;
static Child *spare; /* owned, guarded by spare_lock */
static int keep_warm; /* atomic: a spare is wanted after each layout */

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

/* Kills it where it still runs, and reaps it.  Its wait status. */
static int
child_finish (Child *self)
{
  int status = 0;

  close_fd (&self->in);
  close_fd (&self->out);
  close_fd (&self->err);
  if (self->pid > 0)
    {
      kill (self->pid, SIGKILL);
      while (waitpid (self->pid, &status, 0) < 0 && errno == EINTR)
        ;
    }
  self->pid = 0;
  return status;
}

static void
child_free (Child *self)
{
  child_finish (self);
  g_free (self->program);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Child, child_free)

static char *
find_program (void)
{
  const char *program = g_getenv ("RSC_LAYOUT");

  return program != NULL && program[0] != '\0' ? g_strdup (program)
                                               : g_build_filename (RSC_LIBEXECDIR, PROGRAM, NULL);
}

/* Runs in the spawning thread. */
static Child *
child_start (const char *program, GError **error)
{
  g_autoptr(Child) self = g_new0 (Child, 1);
  g_autofree char *parent = g_strdup_printf ("%d", (int) getpid ());
  char *argv[] = { (char *) program, parent, NULL };
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, broken_pipe;
  int in[2], out[2], err[2];
  int failure;

  self->in = self->out = self->err = -1;
  self->program = g_strdup (program);
  if (!g_unix_open_pipe (in, FD_CLOEXEC, error))
    return NULL;
  self->in = in[1];
  if (!g_unix_open_pipe (out, FD_CLOEXEC, error))
    {
      close (in[0]);
      return NULL;
    }
  self->out = out[0];
  if (!g_unix_open_pipe (err, FD_CLOEXEC, error))
    {
      close (in[0]);
      close (out[1]);
      return NULL;
    }
  self->err = err[0];

  posix_spawn_file_actions_init (&actions);
  posix_spawn_file_actions_adddup2 (&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2 (&actions, out[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2 (&actions, err[1], STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np (&actions, STDERR_FILENO + 1);
  posix_spawnattr_init (&attributes);
  sigemptyset (&none);
  sigemptyset (&broken_pipe);
  sigaddset (&broken_pipe, SIGPIPE);
  posix_spawnattr_setsigmask (&attributes, &none);
  posix_spawnattr_setsigdefault (&attributes, &broken_pipe);
  posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  failure = posix_spawn (&self->pid, program, &actions, &attributes, argv, environ);
  posix_spawnattr_destroy (&attributes);
  posix_spawn_file_actions_destroy (&actions);
  close (in[0]);
  close (out[1]);
  close (err[1]);
  if (failure != 0)
    {
      self->pid = 0;
      g_set_error (error, RSC_LAYOUT_ERROR, failure == ENOENT ? RSC_ERROR_NOT_FOUND : RSC_ERROR_FAILED,
                   _("The layout program “%s” could not be started: %s. Install Refscope whole, or set RSC_LAYOUT."),
                   program, g_strerror (failure));
      return NULL;
    }
  g_unix_set_fd_nonblocking (self->in, TRUE, NULL);
  g_unix_set_fd_nonblocking (self->out, TRUE, NULL);
  g_unix_set_fd_nonblocking (self->err, TRUE, NULL);
  return g_steal_pointer (&self);
}

/* PR_SET_PDEATHSIG fires when the *thread* that started the child ends, and
 * callers are pool threads that come and go: so one thread, which never ends,
 * starts all children. */
typedef struct
{
  char *program;
  gboolean as_spare; /* nobody waits */
  Child *child;
  GError *error;
  GMutex lock;
  GCond cond;
  gboolean done;
} Start;

static void
start_spare (const char *program)
{
  g_autoptr(Child) child = NULL;

  g_mutex_lock (&spare_lock);
  if (spare == NULL)
    {
      spare = child_start (program, NULL);
    }
  else if (strcmp (spare->program, program) != 0)
    {
      child = spare;
      spare = child_start (program, NULL);
    }
  g_mutex_unlock (&spare_lock);
}

static gpointer
spawning_thread (gpointer data)
{
  GAsyncQueue *queue = data;

  for (;;)
    {
      Start *start = g_async_queue_pop (queue);

      if (start->as_spare)
        {
          start_spare (start->program);
          g_free (start->program);
          g_free (start);
          continue;
        }
      start->child = child_start (start->program, &start->error);
      g_mutex_lock (&start->lock);
      start->done = TRUE;
      g_cond_signal (&start->cond);
      g_mutex_unlock (&start->lock);
    }
  return NULL;
}

static GAsyncQueue *
get_queue (void)
{
  static GAsyncQueue *queue;

  if (g_once_init_enter (&queue))
    {
      GAsyncQueue *made = g_async_queue_new ();

      g_thread_unref (g_thread_new ("layout-spawn", spawning_thread, made));
      g_once_init_leave (&queue, made);
    }
  return queue;
}

static void
ask_for_spare (void)
{
  Start *start = g_new0 (Start, 1);

  start->program = find_program ();
  start->as_spare = TRUE;
  g_async_queue_push (get_queue (), start);
}

void
rsc_layout_child_warm_up (void)
{
  g_atomic_int_set (&keep_warm, 1);
  ask_for_spare ();
}

static Child *
take_child (GError **error)
{
  g_autofree char *program = find_program ();
  g_autoptr(Child) child = NULL;
  Start start = { .program = program };

  g_mutex_lock (&spare_lock);
  child = g_steal_pointer (&spare);
  g_mutex_unlock (&spare_lock);
  if (child != NULL)
    {
      int status;

      if (strcmp (child->program, program) == 0 && waitpid (child->pid, &status, WNOHANG) == 0)
        return g_steal_pointer (&child);
      /* Another program, or it has ended meanwhile (and is reaped). */
      if (strcmp (child->program, program) == 0)
        child->pid = 0;
    }

  g_mutex_init (&start.lock);
  g_cond_init (&start.cond);
  g_async_queue_push (get_queue (), &start);
  g_mutex_lock (&start.lock);
  while (!start.done)
    g_cond_wait (&start.cond, &start.lock);
  g_mutex_unlock (&start.lock);
  g_mutex_clear (&start.lock);
  g_cond_clear (&start.cond);
  if (start.error != NULL)
    g_propagate_error (error, start.error);
  return start.child;
}

static void
set_ended_error (GError **error, int status, const GByteArray *words)
{
  g_autofree char *text = g_utf8_make_valid ((const char *) words->data, (gssize) words->len);

  g_strstrip (text);
  if (WIFSIGNALED (status) && WTERMSIG (status) == SIGXCPU)
    g_set_error_literal (error, RSC_LAYOUT_ERROR, RSC_ERROR_TIMEOUT,
                         _("The layout took more processor time than it is given. Show fewer objects."));
  else if (WIFSIGNALED (status) && WTERMSIG (status) != SIGKILL)
    g_set_error (error, RSC_LAYOUT_ERROR, RSC_ERROR_FAILED,
                 /* Translators: the name of a signal, a colon, what the program wrote. */
                 _("The layout program was ended by a signal (%s): %s"), g_strsignal (WTERMSIG (status)),
                 text[0] != '\0' ? text : _("it said nothing"));
  else
    g_set_error (error, RSC_LAYOUT_ERROR, RSC_ERROR_FAILED, _("The layout program ended without an answer: %s"),
                 text[0] != '\0' ? text : _("it said nothing"));
}

typedef enum
{
  READ_AGAIN,
  READ_END,
  READ_FAILED
} ReadStatus;

/* Appends what is there, up to @ceiling bytes in all. */
static ReadStatus
read_some (int fd, GByteArray *to, gsize ceiling)
{
  for (;;)
    {
      gsize room = ceiling - to->len;
      guint8 discarded[512];
      gsize step = room > 0 ? MIN (room, READ_STEP) : sizeof discarded;
      guint before = to->len;
      gssize n;

      if (room > 0)
        g_byte_array_set_size (to, before + (guint) step);
      n = read (fd, room > 0 ? to->data + before : discarded, step);
      if (room > 0)
        g_byte_array_set_size (to, before + (guint) MAX (n, 0));
      if (n > 0)
        continue;
      if (n == 0)
        return READ_END;
      if (errno == EINTR)
        continue;
      return errno == EAGAIN ? READ_AGAIN : READ_FAILED;
    }
}

/* TRUE once the whole record is there. */
static gboolean
is_complete (const GByteArray *reply, RscLayoutHeader *header, GError **error)
{
  if (reply->len < sizeof *header)
    return FALSE;
  memcpy (header, reply->data, sizeof *header);
  if (!rsc_layout_wire_check_header (header, error))
    return FALSE;
  return reply->len >= sizeof *header + header->length;
}

static GByteArray *
exchange (Child *child, const GByteArray *request, double seconds, GCancellable *cancellable,
          RscLayoutHeader *header, GError **error)
{
  gint64 deadline = g_get_monotonic_time () + (gint64) (seconds * G_USEC_PER_SEC);
  g_autoptr(GByteArray) reply = g_byte_array_new ();
  g_autoptr(GByteArray) words = g_byte_array_new ();
  GPollFD cancel_fd = { -1, 0, 0 };
  gboolean cancel_pollable = g_cancellable_make_pollfd (cancellable, &cancel_fd);
  gboolean ok = FALSE;
  gsize sent = 0;

  for (;;)
    {
      struct pollfd fds[4] = {
        { child->out, POLLIN, 0 },
        { child->err, POLLIN, 0 },
        { child->in, POLLOUT, 0 },
        { cancel_pollable ? cancel_fd.fd : -1, POLLIN, 0 },
      };
      gint64 left = deadline - g_get_monotonic_time ();
      g_autoptr(GError) local_error = NULL;
      ReadStatus status = READ_AGAIN;

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        break;
      if (left <= 0)
        {
          g_set_error (error, RSC_LAYOUT_ERROR, RSC_ERROR_TIMEOUT,
                       _("The layout was not ready within %.1f seconds. Show fewer objects."), seconds);
          break;
        }
      if (poll (fds, G_N_ELEMENTS (fds), (int) MIN (left / 1000 + 1, G_MAXINT)) < 0 && errno != EINTR)
        {
          g_set_error (error, RSC_LAYOUT_ERROR, RSC_ERROR_FAILED, _("Waiting for the layout program failed: %s."),
                       g_strerror (errno));
          break;
        }
      if (fds[2].revents & POLLOUT)
        {
          gssize n = write (child->in, request->data + sent, request->len - sent);

          if (n > 0)
            sent += (gsize) n;
          if (sent == request->len || (n < 0 && errno != EAGAIN && errno != EINTR))
            close_fd (&child->in);
        }
      else if (fds[2].revents & (POLLERR | POLLHUP | POLLNVAL))
        close_fd (&child->in);
      if (fds[1].revents != 0 && read_some (child->err, words, MAX_STDERR) != READ_AGAIN)
        close_fd (&child->err);
      if (fds[0].revents != 0)
        status = read_some (child->out, reply, sizeof *header + RSC_LAYOUT_MAX_PAYLOAD);
      if (is_complete (reply, header, &local_error))
        {
          ok = TRUE;
          break;
        }
      if (local_error != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          break;
        }
      if (status != READ_AGAIN)
        {
          int wait_status = 0;
          pid_t ended = 0;

          /* It is ending by itself; its last words are in the pipe. */
          for (guint i = 0; i < 100 && ended == 0; i++)
            {
              ended = waitpid (child->pid, &wait_status, WNOHANG);
              if (ended == 0)
                g_usleep (1000);
            }
          if (child->err >= 0)
            read_some (child->err, words, MAX_STDERR);
          if (ended > 0)
            child->pid = 0;
          else
            wait_status = child_finish (child);
          set_ended_error (error, wait_status, words);
          break;
        }
    }
  if (cancel_pollable)
    g_cancellable_release_fd (cancellable);
  if (!ok)
    return NULL;
  g_byte_array_remove_range (reply, 0, sizeof *header);
  g_byte_array_set_size (reply, header->length);
  return g_steal_pointer (&reply);
}

/* Writing to a child that has ended must not end us. SIGPIPE goes to the
 * thread that writes: it is blocked here and taken off if it came. */
static GByteArray *
exchange_without_sigpipe (Child *child, const GByteArray *request, double seconds, GCancellable *cancellable,
                          RscLayoutHeader *header, GError **error)
{
  static const struct timespec at_once = { 0, 0 };
  sigset_t broken_pipe, pending, before;
  GByteArray *reply;
  gboolean was_pending;

  sigemptyset (&broken_pipe);
  sigaddset (&broken_pipe, SIGPIPE);
  sigpending (&pending);
  was_pending = sigismember (&pending, SIGPIPE);
  pthread_sigmask (SIG_BLOCK, &broken_pipe, &before);
  reply = exchange (child, request, seconds, cancellable, header, error);
  if (!was_pending)
    while (sigtimedwait (&broken_pipe, NULL, &at_once) < 0 && errno == EINTR)
      ;
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  return reply;
}

GByteArray *
rsc_layout_child_exchange (const GByteArray *request, double seconds, GCancellable *cancellable,
                           RscLayoutHeader *header, GError **error)
{
  g_autoptr(Child) child = NULL;
  GByteArray *reply;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  child = take_child (error);
  if (child == NULL)
    return NULL;
  reply = exchange_without_sigpipe (child, request, seconds, cancellable, header, error);
  if (g_atomic_int_get (&keep_warm))
    ask_for_spare ();
  return reply;
}
