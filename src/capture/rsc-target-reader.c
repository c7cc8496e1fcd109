/* The reader's thread: the agent's messages, the program's output, its end. */
#include "config.h"

#include "rsc-target-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rsc-error.h"
#include "inject/rsc-process-status.h"
#include "rsc-sentence.h"

/* How long an agent's hang-up may be the program's end, in microseconds. */
#define LOST_GRACE 300000
/* Without a pidfd the program's end is looked for so often, in milliseconds. */
#define POLL_INTERVAL 50
/* So many reads empty a pipe, and do not run after a program that never stops. */
#define READS_AHEAD 16
#define READ_SIZE 65536
/* More messages than a socket's buffer holds. */
#define MESSAGES_AHEAD 1024
/* Until the agent of a program that was attached to says hello, in milliseconds. */
#define HELLO_MS 5000

double
rsc_target_get_seconds (RscTarget *self)
{
  return (double) (g_get_monotonic_time () - self->launched) / G_USEC_PER_SEC;
}

static RscHoldKind
get_hold_kind (const RscWireMessage *message)
{
  switch ((RscWireHold) rsc_wire_message_number (message, RSC_WIRE_HOLD, RSC_WIRE_HOLD_NONE))
    {
    case RSC_WIRE_HOLD_MARK:
      return RSC_HOLD_MARK;
    case RSC_WIRE_HOLD_AT_EXIT:
      return RSC_HOLD_AT_EXIT;
    case RSC_WIRE_HOLD_UNCAUGHT:
      return RSC_HOLD_UNCAUGHT;
    case RSC_WIRE_HOLD_NONE:
    default:
      return RSC_HOLD_NONE;
    }
}

static char *
dup_text (const RscWireMessage *message, RscWireFieldId field)
{
  const char *text = rsc_wire_message_string (message, field);

  /* What comes from the program need not be UTF-8. */
  return text != NULL ? g_utf8_make_valid (text, -1) : NULL;
}

static void
clear_mark (gpointer data)
{
  RscTargetMark *mark = data;

  g_free (mark->hint);
  g_free (mark->file);
}

/* @time in nanoseconds of the program's clock. */
static double
get_launch_seconds (RscTarget *self, guint64 time)
{
  return (((double) time - (double) self->clock_offset) / 1000 - (double) self->launched) / G_USEC_PER_SEC;
}

static void
on_mark (RscTarget *self, const RscWireMessage *message)
{
  RscTargetEvent *event = g_new0 (RscTargetEvent, 1);

  event->type = RSC_EVENT_MARK;
  event->hint = dup_text (message, RSC_WIRE_HINT);
  event->file = dup_text (message, RSC_WIRE_FILE);
  event->line = (guint) rsc_wire_message_number (message, RSC_WIRE_LINE, 0);
  event->uss = rsc_wire_message_number (message, RSC_WIRE_USS, 0);
  event->rss = rsc_wire_message_number (message, RSC_WIRE_RSS, 0);
  event->seconds = get_launch_seconds (self, rsc_wire_message_number (message, RSC_WIRE_TIME, 0));
  if (event->hint == NULL)
    event->hint = g_strdup ("");

  g_free (self->hint);
  self->hint = g_strdup (event->hint);
  if (self->marks->len < RSC_TARGET_MAX_MARKS)
    {
      RscTargetMark mark = {
        .hint = g_strdup (event->hint), .file = g_strdup (event->file),
        .line = event->line, .seconds = event->seconds, .uss = event->uss
      };

      g_array_append_val (self->marks, mark);
    }
  rsc_target_push_event (self, event);
}

static void
on_collected (RscTarget *self, const RscWireMessage *message)
{
  RscTargetEvent *event = g_new0 (RscTargetEvent, 1);

  event->type = RSC_EVENT_COLLECTION;
  event->generation = (guint) MIN (rsc_wire_message_number (message, RSC_WIRE_GENERATION, 0), 2);
  event->collections = rsc_wire_message_number (message, RSC_WIRE_COLLECTIONS, 0);
  event->collected = rsc_wire_message_number (message, RSC_WIRE_FREED, 0);
  event->uncollectable = rsc_wire_message_number (message, RSC_WIRE_UNCOLLECTABLE, 0);
  event->seconds = get_launch_seconds (self, rsc_wire_message_number (message, RSC_WIRE_TIME, 0));
  rsc_target_push_event (self, event);
}

static void
on_recorded (RscTarget *self, const RscWireMessage *message)
{
  RscWireRecord records[RSC_WIRE_RECORDS_MAX];
  gsize n = rsc_wire_message_list (message, RSC_WIRE_RECORDS, (uint64_t *) records,
                                   RSC_WIRE_RECORDS_MAX * RSC_WIRE_RECORD_VALUES);

  for (gsize i = 0; i < MIN (n / RSC_WIRE_RECORD_VALUES, RSC_WIRE_RECORDS_MAX); i++)
    {
      RscTargetEvent *event = g_new0 (RscTargetEvent, 1);

      event->type = RSC_EVENT_COLLECTION;
      event->generation = (guint) MIN (records[i].generation, 2);
      event->collections = 1;
      event->collected = records[i].collected;
      event->uncollectable = records[i].uncollectable;
      event->recorded = TRUE;
      event->seconds = get_launch_seconds (self, records[i].began);
      event->duration = (double) records[i].duration / 1e9;
      memcpy (event->counts_before, records[i].counts_before, sizeof event->counts_before);
      memcpy (event->counts_after, records[i].counts_after, sizeof event->counts_after);
      memcpy (event->thresholds, records[i].thresholds, sizeof event->thresholds);
      event->request = (guint32) records[i].request;
      rsc_target_push_event (self, event);
    }
}

static void
on_unrecorded (RscTarget *self, const RscWireMessage *message)
{
  RscTargetEvent *event = g_new0 (RscTargetEvent, 1);

  event->type = RSC_EVENT_UNRECORDED;
  event->collections = rsc_wire_message_number (message, RSC_WIRE_COLLECTIONS, 0);
  event->seconds = get_launch_seconds (self, rsc_wire_message_number (message, RSC_WIRE_TIME, 0));
  rsc_target_push_event (self, event);
}

/* It came to a stop before it heard that it need not stop any more. */
static gboolean
is_held_in_vain (RscTarget *self, const RscWireMessage *message)
{
  const char *hint = rsc_wire_message_string (message, RSC_WIRE_HINT);

  if (self->hold)
    return FALSE;

  return get_hold_kind (message) != RSC_HOLD_MARK || hint == NULL || self->hold_names == NULL
         || !g_strv_contains ((const char *const *) self->hold_names, hint);
}

static void
on_held (RscTarget *self, const RscWireMessage *message)
{
  RscTargetEvent *event;

  self->n_held++;
  if (is_held_in_vain (self, message))
    {
      g_autofree RscWireMessage *answer = g_new (RscWireMessage, 1);

      rsc_wire_message_init (answer, RSC_WIRE_CONTINUE, 0);
      if (rsc_wire_message_send (answer, self->socket, NULL, 0) == 0)
        return;
    }

  event = g_new0 (RscTargetEvent, 1);
  self->state = RSC_TARGET_HELD;
  self->hold_kind = get_hold_kind (message);
  event->type = RSC_EVENT_STATE;
  event->hold = self->hold_kind;
  event->hint = dup_text (message, RSC_WIRE_HINT);
  event->file = dup_text (message, RSC_WIRE_FILE);
  event->line = (guint) rsc_wire_message_number (message, RSC_WIRE_LINE, 0);
  if (self->hold_kind == RSC_HOLD_MARK)
    {
      g_free (self->hint);
      self->hint = g_strdup (event->hint);
    }
  rsc_target_push_event (self, event);
}

static void
on_resumed (RscTarget *self)
{
  if (self->n_held > 0)
    self->n_held--;
  if (self->n_held == 0)
    rsc_target_set_state (self, RSC_TARGET_RUNNING, RSC_HOLD_NONE);
}

/* Whether only code of the program's own has it said: what it wanted to execute has
 * failed, then. */
static gboolean
is_of_the_program (RscWireMessageType type)
{
  return type == RSC_WIRE_MARK || type == RSC_WIRE_HELD || type == RSC_WIRE_RESUMED || type == RSC_WIRE_GOODBYE;
}

static void
on_message (RscTarget *self, const RscWireMessage *message)
{
  RscTargetExchange *exchange = self->exchange;
  guint32 number = rsc_wire_message_get_number (message);

  if (is_of_the_program (rsc_wire_message_get_type (message)))
    g_clear_pointer (&self->executed, g_free);
  switch (rsc_wire_message_get_type (message))
    {
    case RSC_WIRE_MARK:
      on_mark (self, message);
      break;
    case RSC_WIRE_COLLECTED:
      on_collected (self, message);
      break;
    case RSC_WIRE_RECORDED:
      on_recorded (self, message);
      break;
    case RSC_WIRE_UNRECORDED:
      on_unrecorded (self, message);
      break;
    case RSC_WIRE_HELD:
      on_held (self, message);
      break;
    case RSC_WIRE_RESUMED:
      on_resumed (self);
      break;
    case RSC_WIRE_CHILD:
      if (exchange != NULL && exchange->number == number)
        {
          exchange->begun = TRUE;
          /* In place there is none. */
          if (rsc_wire_message_has (message, RSC_WIRE_PID))
            {
              self->capturing = TRUE;
              exchange->child_end = g_get_monotonic_time () + (gint64) self->child_seconds * G_USEC_PER_SEC;
            }
          exchange->pause_ns = MAX (exchange->pause_ns, rsc_wire_message_number (message, RSC_WIRE_PAUSE, 0));
        }
      break;
    case RSC_WIRE_BEGUN:
      if (exchange != NULL && exchange->number == number)
        {
          exchange->begun = TRUE;
          exchange->child_end = 0;
        }
      break;
    case RSC_WIRE_REPLY:
      /* One that came too late has another number. */
      if (exchange != NULL && exchange->number == number)
        {
          exchange->reply = *message;
          exchange->answered = TRUE;
        }
      break;
    case RSC_WIRE_EXEC:
      g_free (self->executed);
      self->executed = dup_text (message, RSC_WIRE_TEXT);
      self->followed = rsc_wire_message_number (message, RSC_WIRE_FOLLOWED, 0) != 0;
      break;
    case RSC_WIRE_EXEC_FAILED:
      g_clear_pointer (&self->executed, g_free);
      break;
    case RSC_WIRE_GOODBYE:
      self->said_goodbye = TRUE;
      break;
    default:
      break;
    }
  g_cond_broadcast (&self->changed);
}

/* What takes the interpreter's place is to say hello.  Where that is not the launched
 * process, which may have ended, no pidfd tells of its end. */
static gboolean
is_to_follow (RscTarget *self)
{
  if (self->socket >= 0 || self->said_goodbye || self->executed == NULL || !self->followed)
    return FALSE;

  return self->python_pid == self->pid ? !self->reaped : !rsc_process_has_ended (self->python_pid);
}

static void
close_socket (RscTarget *self)
{
  if (self->socket < 0)
    return;
  close (self->socket);
  self->socket = -1;
  self->n_held = 0;
  if (is_to_follow (self))
    {
      self->silent_since = g_get_monotonic_time ();
      self->said_waiting = FALSE;
      rsc_target_set_state (self, RSC_TARGET_STARTING, RSC_HOLD_NONE);
    }
  else if (!self->said_goodbye)
    self->lost_at = g_get_monotonic_time ();
  if (self->state == RSC_TARGET_HELD)
    rsc_target_set_state (self, RSC_TARGET_RUNNING, RSC_HOLD_NONE);
  g_cond_broadcast (&self->changed);
}

/* One message.  TRUE if there may be more. */
static gboolean
read_socket (RscTarget *self)
{
  g_autofree RscWireMessage *message = g_new (RscWireMessage, 1);
  RscWireResult result;
  int error = rsc_wire_message_receive (message, self->socket, NULL, NULL, &result);

  if (error == 0)
    on_message (self, message);
  else if (error != EAGAIN)
    /* Hung up, or talks nonsense: with that one there is no talking. */
    close_socket (self);

  return error == 0;
}

/* Everybody who can reach the socket is this user already, by the folder's
 * permissions; the kernel says so as well. */
static gboolean
is_own_user (int connection, pid_t *pid)
{
  struct ucred peer;
  socklen_t size = sizeof peer;

  if (getsockopt (connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || size != sizeof peer)
    return FALSE;
  *pid = peer.pid;

  return peer.uid == geteuid ();
}

static void
welcome (RscTarget *self, int connection, pid_t pid, const RscWireMessage *hello)
{
  g_autofree RscWireMessage *message = g_new (RscWireMessage, 1);

  /* The one before may have executed this one, and neither that nor its end were read yet. */
  for (guint i = 0; i < MESSAGES_AHEAD && self->socket >= 0 && read_socket (self); i++)
    ;
  if (self->socket >= 0)
    {
      /* Another interpreter is the program already. */
      rsc_wire_message_init (message, RSC_WIRE_TURNED_AWAY, 0);
      rsc_wire_message_send (message, connection, NULL, 0);
      close (connection);
      return;
    }

  rsc_wire_message_init (message, RSC_WIRE_WELCOME, 0);
  rsc_wire_message_add_number (message, RSC_WIRE_HOLD_ALL, self->hold);
  rsc_wire_message_add_number (message, RSC_WIRE_ENABLED, self->record);
  for (gsize i = 0; self->hold_names != NULL && self->hold_names[i] != NULL; i++)
    rsc_wire_message_add_string (message, RSC_WIRE_HOLD_NAME, self->hold_names[i]);
  if (rsc_wire_message_send (message, connection, NULL, 0) != 0)
    {
      close (connection);
      return;
    }
  self->socket = connection;
  self->python_pid = pid;
  self->clock_offset = rsc_process_get_clock_offset (pid);
  self->had_python = TRUE;
  self->said_goodbye = FALSE;
  self->lost_at = 0;
  g_clear_pointer (&self->why_not, g_free);
  g_clear_pointer (&self->executed, g_free);
  g_free (self->version);
  self->version = dup_text (hello, RSC_WIRE_TEXT);
  /* Told in any case: what ran before may have been no Python, or another. */
  self->state = RSC_TARGET_STARTING;
  rsc_target_set_state (self, RSC_TARGET_RUNNING, RSC_HOLD_NONE);
}

gboolean
rsc_target_take_agent (RscTarget *self, int connection, GError **error)
{
  g_autofree RscWireMessage *message = g_new (RscWireMessage, 1);
  struct pollfd waiting = { .fd = connection, .events = POLLIN };
  RscWireResult result;

  gboolean received;

  /* An agent that was there before may have told of a mark. */
  do
    received = poll (&waiting, 1, HELLO_MS) == 1
               && rsc_wire_message_receive (message, connection, NULL, NULL, &result) == 0;
  while (received && rsc_wire_message_get_type (message) != RSC_WIRE_HELLO);
  if (received)
    {
      g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->lock);

      welcome (self, connection, self->python_pid, message);
      if (self->socket >= 0)
        return TRUE;
    }
  else
    close (connection);
  g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_FAILED,
               _("The agent in process %d did not answer: the process ended, is stopped, may create no more threads, or has a filter of system calls (seccomp) that keeps the agent from answering. It goes on as before."),
               (int) self->pid);

  return FALSE;
}

static void
accept_connection (RscTarget *self)
{
  g_autofree RscWireMessage *message = g_new (RscWireMessage, 1);
  struct pollfd waiting;
  RscWireResult result;
  pid_t pid = 0;
  int connection = accept4 (self->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

  if (connection < 0)
    return;
  waiting = (struct pollfd) { .fd = connection, .events = POLLIN };
  /* Who connects says hello in the next line of code. */
  if (!is_own_user (connection, &pid)
      || poll (&waiting, 1, 1000) != 1
      || rsc_wire_message_receive (message, connection, NULL, NULL, &result) != 0)
    {
      close (connection);
      return;
    }

  switch (rsc_wire_message_get_type (message))
    {
    case RSC_WIRE_HELLO:
      welcome (self, connection, pid, message);
      return;
    case RSC_WIRE_REFUSED:
      if (self->socket < 0)
        {
          g_autofree char *why = rsc_sentence_dup (rsc_wire_message_string (message, RSC_WIRE_TEXT));

          self->said_no_python = TRUE;
          if (self->state == RSC_TARGET_STARTING)
            rsc_target_set_state (self, RSC_TARGET_RUNNING, RSC_HOLD_NONE);
          rsc_target_push_no_python (self, why);
        }
      break;
    default:
      break;
    }
  close (connection);
}

static void
close_stream (RscTarget *self, int which)
{
  if (self->streams[which] >= 0)
    close (self->streams[which]);
  self->streams[which] = -1;
}

/* What is there now.  TRUE if there may be more. */
static gboolean
read_stream (RscTarget *self, int which)
{
  g_autofree char *buffer = g_malloc (READ_SIZE);
  ssize_t length = read (self->streams[which], buffer, READ_SIZE);
  RscTargetEvent *event;

  if (length <= 0)
    {
      if (length == 0 || (errno != EAGAIN && errno != EINTR))
        close_stream (self, which);
      return FALSE;
    }
  event = g_new0 (RscTargetEvent, 1);
  event->type = RSC_EVENT_OUTPUT;
  event->fd = which;
  event->bytes = g_bytes_new_take (g_steal_pointer (&buffer), (gsize) length);
  rsc_target_push_event (self, event);

  return TRUE;
}

static void
write_input (RscTarget *self)
{
  while (self->input->len > 0)
    {
      ssize_t written = write (self->streams[0], self->input->data, self->input->len);

      if (written < 0)
        {
          if (errno != EAGAIN && errno != EINTR)
            {
              /* It does not read any more. */
              g_byte_array_set_size (self->input, 0);
              close_stream (self, 0);
            }
          return;
        }
      g_byte_array_remove_range (self->input, 0, (guint) written);
    }
  if (self->input_ends)
    close_stream (self, 0);
}

static void
look_for_end (RscTarget *self)
{
  int status;
  pid_t ended;

  if (self->attached)
    {
      struct pollfd end = { .fd = self->pidfd, .events = POLLIN };

      self->reaped = poll (&end, 1, 0) == 1;
      return;
    }
  ended = waitpid (self->pid, &status, WNOHANG);
  if (ended == self->pid)
    {
      self->exit_status = status;
      self->reaped = TRUE;
    }
  else if (ended < 0 && errno == ECHILD)
    /* Someone else in this process waited for it. */
    self->reaped = TRUE;
}

/* What was executed in the interpreter's place has ended, without a word. */
static char *
dup_how_executed_ended (RscTarget *self)
{
  int status = self->exit_status;

  /* The status is the launched process's, behind which another was the program. */
  if (self->python_pid != self->pid)
    return self->followed
             ? g_strdup_printf (_("The program executed another one in its place (%s), which ended before Python code began to run in it. To see a heap of the first, capture at a mark before that."),
                                self->executed)
             : g_strdup_printf (_("The program has executed another one in its place (%s), which is not watched. To see a heap of the first, capture at a mark before that; of the second, launch it itself."),
                                self->executed);
  if (WIFSIGNALED (status))
    return g_strdup_printf (self->followed
                              ? _("The program executed another one in its place (%1$s), which was ended by signal %2$d (%3$s) before Python code began to run in it. To see a heap of the first, capture at a mark before that.")
                              : _("The program executed another one in its place (%1$s), which is not watched, and was ended by signal %2$d (%3$s). To see a heap of the first, capture at a mark before that; of the second, launch it itself."),
                            self->executed, WTERMSIG (status), g_strsignal (WTERMSIG (status)));

  return g_strdup_printf (self->followed
                            ? _("The program executed another one in its place (%1$s), which ended with status %2$d before Python code began to run in it. To see a heap of the first, capture at a mark before that.")
                            : _("The program executed another one in its place (%1$s), which is not watched, and ended with status %2$d. To see a heap of the first, capture at a mark before that; of the second, launch it itself."),
                          self->executed, WEXITSTATUS (status));
}

/* The interpreter did not come to its end: why not, as far as it is known. */
static char *
dup_why_ended (RscTarget *self)
{
  if (!self->had_python || self->said_goodbye)
    return NULL;
  if (self->executed != NULL)
    return dup_how_executed_ended (self);
  /* Said already; of what was executed it is news how it ended.  Of others' children nothing is known. */
  if (self->why_not != NULL || self->attached)
    return NULL;
  if (WIFEXITED (self->exit_status) && self->python_pid == self->pid)
    return g_strdup_printf (_("The program ended with status %d at once (by os._exit(), by C code, or after it had closed the agent's connection), and did not come to the interpreter's end, where it would have been held. Capture it at a mark before that."),
                            WEXITSTATUS (self->exit_status));

  return NULL;
}

/* An interpreter that is not the launched process, and is still there, is the
 * program: behind a shell that did not wait for it.  So is what follows it. */
static void
look_whether_finished (RscTarget *self)
{
  if (!self->reaped || self->finished || (self->socket >= 0 && self->python_pid != self->pid)
      || is_to_follow (self))
    return;

  /* What it said last is heard; a child that captures may still have the socket
   * open for a moment. */
  while (self->socket >= 0 && read_socket (self))
    ;
  close_socket (self);

  for (int i = 1; i < 3; i++)
    while (self->streams[i] >= 0 && read_stream (self, i))
      ;
  if (!self->had_python && !self->said_no_python)
    {
      self->said_no_python = TRUE;
      rsc_target_push_no_python (self, _("The program ended, and no Python in it loaded Refscope's agent: there was nothing to capture. Either it ran no Python code, or it cleared the environment before (as “env -i” and sudo do): then launch python3 itself."));
    }
  self->lost_at = 0;
  self->why_ended = dup_why_ended (self);
  rsc_target_set_state (self, RSC_TARGET_EXITED, RSC_HOLD_NONE);
  self->finished = TRUE;
  g_cond_broadcast (&self->changed);
}

/* It is still to be said that no Python has started. */
static gboolean
is_silent (RscTarget *self)
{
  return self->state == RSC_TARGET_STARTING && !self->said_waiting;
}

static void
look_at_the_clock (RscTarget *self)
{
  gint64 now = g_get_monotonic_time ();

  if (self->lost_at != 0 && now - self->lost_at > LOST_GRACE)
    {
      self->lost_at = 0;
      if (!rsc_process_has_ended (self->python_pid))
        {
          g_autofree char *message = NULL;

          if (self->executed != NULL)
            message = g_strdup_printf (_("The program has executed another one in its place (%s), which is not watched. To see a heap of the first, capture at a mark before that; of the second, launch it itself."),
                                       self->executed);
          else
            message = g_strdup (_("The program has closed the agent's connection, as programs do that close all their descriptors, or execute another program: it goes on, but cannot be captured any more."));
          rsc_target_push_no_python (self, message);
        }
    }
  if (is_silent (self) && now - self->silent_since > (gint64) (RSC_TARGET_SILENCE_SECONDS * G_USEC_PER_SEC))
    {
      self->said_waiting = TRUE;
      rsc_target_push_waiting (self, _("No Python has started in this program yet; Refscope waits until a CPython 3.10 or later runs in it. It sees none that is statically linked, that is loaded only later, as plugins load it, or that runs as another user or with a cleared environment."));
    }
}

static int
get_timeout (RscTarget *self)
{
  gint64 now = g_get_monotonic_time ();
  gint64 until = -1;

  if (self->lost_at != 0)
    until = self->lost_at + LOST_GRACE - now;
  else if (is_silent (self))
    until = MAX (self->silent_since + (gint64) (RSC_TARGET_SILENCE_SECONDS * G_USEC_PER_SEC) - now, 0);
  if (((!self->reaped && self->pidfd < 0) || (self->reaped && is_to_follow (self))) && (until < 0 || until > POLL_INTERVAL * 1000))
    return POLL_INTERVAL;

  return until < 0 && self->lost_at == 0 ? -1 : (int) (MAX (until, 0) / 1000) + 1;
}

gpointer
rsc_target_read (gpointer target)
{
  RscTarget *self = target;

  g_mutex_lock (&self->lock);
  while (!self->quit)
    {
      struct pollfd fds[] = {
        { .fd = self->wake_fd, .events = POLLIN },
        { .fd = self->listener, .events = POLLIN },
        { .fd = self->socket, .events = POLLIN },
        { .fd = self->reaped ? -1 : self->pidfd, .events = POLLIN },
        { .fd = self->streams[0], .events = self->input->len > 0 || self->input_ends ? POLLOUT : 0 },
        { .fd = self->streams[1], .events = POLLIN },
        { .fd = self->streams[2], .events = POLLIN },
      };
      int timeout = get_timeout (self);
      int n;

      g_mutex_unlock (&self->lock);
      n = poll (fds, G_N_ELEMENTS (fds), timeout);
      g_mutex_lock (&self->lock);

      if (n > 0 && fds[0].revents != 0)
        {
          guint64 count;

          if (read (self->wake_fd, &count, sizeof count) < 0)
            continue;
        }
      /* What the agent says is heard before the program's end is seen, and what
       * the program wrote before the agent spoke is heard before that. */
      for (int i = 1; i < 3; i++)
        if (n > 0 && fds[2].revents != 0)
          for (int reads = 0; reads < READS_AHEAD && self->streams[i] >= 0 && read_stream (self, i); reads++)
            ;
      if (n > 0 && fds[2].revents != 0 && self->socket == fds[2].fd)
        read_socket (self);
      if (n > 0 && fds[1].revents != 0)
        accept_connection (self);
      for (int i = 1; i < 3; i++)
        if (n > 0 && fds[4 + i].revents != 0 && self->streams[i] >= 0)
          read_stream (self, i);
      if (n > 0 && fds[4].revents != 0 && self->streams[0] >= 0)
        {
          if ((fds[4].revents & POLLERR) != 0)
            close_stream (self, 0);
          else
            write_input (self);
        }
      if (!self->reaped && (self->pidfd < 0 || (n > 0 && fds[3].revents != 0)))
        look_for_end (self);
      look_whether_finished (self);
      look_at_the_clock (self);
    }
  g_mutex_unlock (&self->lock);

  return NULL;
}

GArray *
rsc_target_new_marks (void)
{
  GArray *marks = g_array_new (FALSE, FALSE, sizeof (RscTargetMark));

  g_array_set_clear_func (marks, clear_mark);

  return marks;
}
