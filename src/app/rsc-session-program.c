/* The part of RscSession that deals with a program, however it came to it. */
#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-session-private.h"

#include <glib-unix.h>
#include <string.h>
#include <sys/wait.h>

#include "rsc-kept-values.h"

/* Letting go of a target ends its reader thread, which may take a moment. */
static void
unref_target_in_thread (GTask *task, gpointer source_object, gpointer task_data, GCancellable *cancellable)
{
  g_task_return_boolean (task, TRUE);
}

void
rsc_session_drop_target (RscTarget *target)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, NULL, NULL);

  g_task_set_task_data (task, target, (GDestroyNotify) rsc_target_unref);
  g_task_run_in_thread (task, unref_target_in_thread);
}

/* Output. */

/* Shows what is whole; the bytes of a character whose rest is still to come
 * wait in self->partial. */
static void
add_output (RscSession *self, int fd, const void *data, gsize size, gboolean last)
{
  GString *partial = self->partial[fd == 2 ? 1 : 0];
  g_autofree char *text = NULL;
  gsize keep = 0;
  const char *end;

  if (size > 0)
    g_string_append_len (partial, data, (gssize) size);
  if (partial->len == 0)
    return;

  if (!last && !g_utf8_validate_len (partial->str, partial->len, &end))
    {
      gsize rest = partial->len - (gsize) (end - partial->str);

      /* An incomplete character has at most three bytes. */
      if (rest <= 3 && g_utf8_get_char_validated (end, (gssize) rest) == (gunichar) -2)
        keep = rest;
    }

  text = g_utf8_make_valid (partial->str, (gssize) (partial->len - keep));
  g_string_erase (partial, 0, (gssize) (partial->len - keep));
  if (*text == '\0')
    return;

  g_string_append (self->output, text);
  if (self->output->len > RSC_OUTPUT_MAX)
    {
      const char *cut = self->output->str + self->output->len - RSC_OUTPUT_MAX / 2;

      cut = g_utf8_find_next_char (cut, NULL);
      g_string_erase (self->output, 0, cut - self->output->str);
    }
  g_signal_emit_by_name (self, "output", fd, text);
}

/* Events. */

static void
set_hold_place (RscSession *self, const RscTargetEvent *event)
{
  g_free (self->hold_hint);
  g_free (self->hold_file);
  self->hold_kind = event->hold;
  self->hold_hint = g_strdup (event->hint);
  self->hold_file = g_strdup (event->file);
  self->hold_line = event->line;
}

/* On the way to a lesson's mark the program goes on by itself. */
static gboolean
should_go_on (RscSession *self)
{
  const char *mark;

  if (self->lesson == NULL || self->lesson_at_mark || self->user_drew)
    return FALSE;

  mark = rsc_lesson_get_mark (self->lesson);
  self->lesson_at_mark = self->hold_kind != RSC_HOLD_MARK || (mark != NULL && g_strcmp0 (mark, self->hold_hint) == 0);

  return !self->lesson_at_mark;
}

gboolean
rsc_session_is_on_its_way (RscSession *self)
{
  return self->lesson != NULL && !self->lesson_at_mark && !self->user_drew && self->hold && rsc_session_is_live (self) &&
         self->no_python == NULL && (self->state != RSC_SESSION_HELD || self->continue_after_capture);
}

static void
handle_state (RscSession *self, const RscTargetEvent *event)
{
  switch (event->state)
    {
    case RSC_TARGET_STARTING:
      /* Another program has taken the place of the first. */
      g_clear_pointer (&self->waiting, g_free);
      g_clear_pointer (&self->gc_info, g_variant_unref);
      g_object_notify (G_OBJECT (self), "gc-info");
      rsc_session_set_state (self, RSC_SESSION_STARTING);
      break;

    case RSC_TARGET_RUNNING:
      g_clear_pointer (&self->waiting, g_free);
      g_clear_pointer (&self->no_python, g_free);
      rsc_session_set_state (self, RSC_SESSION_RUNNING);
      if (self->gc_info == NULL)
        rsc_session_refresh_gc (self);
      break;

    case RSC_TARGET_HELD:
      /* It came to a stop before it heard that it need not stop any more. */
      if (!self->hold)
        {
          rsc_session_continue (self);
          break;
        }
      set_hold_place (self, event);
      rsc_session_set_state (self, RSC_SESSION_HELD);
      self->continue_after_capture = should_go_on (self);
      rsc_session_refresh_gc (self);
      rsc_session_capture (self);
      break;

    case RSC_TARGET_EXITED:
      self->exit_status = event->exit_status;
      if (event->message != NULL)
        {
          g_free (self->no_python);
          self->no_python = g_strdup (event->message);
        }
      for (int fd = 1; fd <= 2; fd++)
        add_output (self, fd, NULL, 0, TRUE);
      g_clear_handle_id (&self->sample_source, g_source_remove);
      rsc_session_set_state (self, RSC_SESSION_EXITED);
      /* A lesson's mark never came: what was passed is all there is. */
      if (self->lesson != NULL && self->wanted_capture == NULL)
        rsc_session_draw_again (self);
      break;
    }
}

static void
handle_event (RscSession *self, const RscTargetEvent *event)
{
  switch (event->type)
    {
    case RSC_EVENT_STATE:
      handle_state (self, event);
      break;

    case RSC_EVENT_OUTPUT:
      if (event->bytes != NULL)
        {
          gsize size;
          const void *data = g_bytes_get_data (event->bytes, &size);

          add_output (self, event->fd, data, size, FALSE);
        }
      break;

    case RSC_EVENT_MARK:
      rsc_session_add_memory_point (self, (RscMemoryPoint) { .seconds = self->earlier_seconds + event->seconds, .uss = event->uss, .rss = event->rss,
                                                             .hint = g_strdup (event->hint != NULL ? event->hint : ""),
                                                             .generation = -1 });
      break;

    case RSC_EVENT_COLLECTION:
      if (event->recorded)
        rsc_session_add_recorded (self, event);
      else
        rsc_session_add_memory_point (self, (RscMemoryPoint) { .seconds = self->earlier_seconds + event->seconds, .generation = (int) event->generation });
      break;

    case RSC_EVENT_UNRECORDED:
      rsc_session_add_unrecorded (self, event->collections);
      break;

    case RSC_EVENT_WAITING:
      g_free (self->waiting);
      self->waiting = g_strdup (event->message);
      rsc_session_set_state (self, RSC_SESSION_STARTING);
      break;

    case RSC_EVENT_NO_PYTHON:
      g_free (self->no_python);
      self->no_python = g_strdup (event->message != NULL ? event->message :
                                  _("The program runs, but it is no Python that can be captured."));
      rsc_session_set_state (self, RSC_SESSION_RUNNING);
      break;
    }
}

static gboolean
on_events (int fd, GIOCondition condition, gpointer user_data)
{
  RscSession *self = user_data;

  /* Handlers may close the session. */
  g_object_ref (self);
  while (!self->closed)
    {
      g_autoptr (RscTargetEvent) event = rsc_target_next_event (self->target, 0, NULL, NULL);

      if (event == NULL)
        break;
      handle_event (self, event);
    }

  if (!self->closed && self->state == RSC_SESSION_EXITED && (condition & (G_IO_HUP | G_IO_ERR)) != 0)
    {
      self->event_source = 0;
      g_object_unref (self);
      return G_SOURCE_REMOVE;
    }
  g_object_unref (self);

  return G_SOURCE_CONTINUE;
}

void
rsc_session_take_target (RscSession *self, RscTarget *target)
{
  gint64 now = g_get_monotonic_time ();

  if (self->launched_at != 0)
    self->earlier_seconds += (double) (now - self->launched_at) / G_USEC_PER_SEC;
  self->launched_at = now;
  self->target = target;
  if (rsc_target_is_attached (target))
    rsc_session_resume_recording (self);
  self->event_source = g_unix_fd_add (rsc_target_get_event_fd (target), G_IO_IN | G_IO_HUP | G_IO_ERR, on_events, self);
  rsc_session_start_sampling (self);
  g_object_notify (G_OBJECT (self), "state");
}

/* Launching. */

static gpointer
launch (gpointer data, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  RscSession *self = data;
  RscLaunchOptions options = {
    .argv = (const char *const *) self->argv,
    .envp = (const char *const *) self->envp,
    .cwd = self->cwd,
    .hold = self->hold,
    .pipe_streams = self->pipe_streams,
    .record = self->recording
  };

  return rsc_target_launch (&options, error);
}

static void
launched (gpointer owner, RscJob *job, gpointer result, const GError *error)
{
  RscSession *self = owner;
  RscTarget *target = result;

  if (!rsc_session_job_done (self, job, NULL))
    {
      if (target != NULL)
        rsc_session_drop_target (target);
      return;
    }
  if (error != NULL)
    {
      self->error = g_error_copy (error);
      rsc_session_set_state (self, RSC_SESSION_FAILED);
      return;
    }

  rsc_session_take_target (self, target);
}

void
rsc_session_start_program (RscSession *self)
{
  rsc_session_add_job (self, rsc_job_start (self, _("Starting the program"), launch, self, NULL,
                                            (GDestroyNotify) rsc_target_unref, launched));
}

void
rsc_session_dispose_program (RscSession *self)
{
  g_clear_handle_id (&self->event_source, g_source_remove);
  g_clear_handle_id (&self->sample_source, g_source_remove);
  if (self->target != NULL)
    rsc_session_drop_target (g_steal_pointer (&self->target));
}

/* Capturing. */

static gpointer
capture (gpointer data, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  RscCaptureOptions options = { 0, };

  return rsc_target_capture (data, &options, progress, cancellable, error);
}

static void
captured (gpointer owner, RscJob *job, gpointer result, const GError *error)
{
  RscSession *self = owner;
  g_autoptr (RscSnapshot) snapshot = result;
  gboolean go_on = self->continue_after_capture;

  self->continue_after_capture = FALSE;
  if (!rsc_session_job_done (self, job, error))
    return;

  if (error != NULL)
    rsc_session_fail (self, _("The program could not be captured"), error);
  else
    {
      g_autoptr (RscHeapCapture) item = rsc_heap_capture_new (snapshot, NULL, ++self->n_captures);

      /* What a lesson only passes on the way to its mark is not drawn: a picture that comes and goes
       * says nothing. */
      rsc_session_add_capture (self, item, go_on && self->state == RSC_SESSION_HELD);
    }

  if (go_on && self->state == RSC_SESSION_HELD)
    rsc_session_continue (self);
}

void
rsc_session_capture (RscSession *self)
{
  if (self->target == NULL || !rsc_session_is_live (self))
    return;
  rsc_session_stop_awaiting (self);

  rsc_session_add_request (self, rsc_job_start (self, _("Capturing the heap"), capture, rsc_target_ref (self->target),
                                                (GDestroyNotify) rsc_target_unref, (GDestroyNotify) rsc_snapshot_unref, captured));
}

/* Plain questions. */

static char *
dup_exit_status (int status)
{
  if (WIFSIGNALED (status))
    {
      const char *name = sigabbrev_np (WTERMSIG (status));

      /* Translators: a program was ended by a signal; %s is its name, as in SIGTERM */
      return g_strdup_printf (_("Ended by SIG%s"), name != NULL ? name : "?");
    }

  /* Translators: a program ended; the number is its exit status */
  return g_strdup_printf (_("Exited (%d)"), WEXITSTATUS (status));
}

static char *
dup_hold_place (RscSession *self)
{
  g_autofree char *file = NULL;

  if (self->hold_file == NULL || *self->hold_file == '\0')
    return g_strdup ("");

  file = g_path_get_basename (self->hold_file);
  if (self->hold_line == 0)
    return g_strdup_printf (" (%s)", file);

  return g_strdup_printf (" (%s:%u)", file, self->hold_line);
}

char *
rsc_session_dup_status (RscSession *self)
{
  g_autofree char *place = NULL;

  switch (self->state)
    {
    case RSC_SESSION_LOADING:
      return g_strdup (_("Opening"));

    case RSC_SESSION_READY:
      {
        RscSnapshot *snapshot = rsc_session_get_snapshot (self);
        const char *runtime = snapshot != NULL ? rsc_snapshot_get_info_string (snapshot, "runtime") : "";
        const char *version = snapshot != NULL ? rsc_snapshot_get_info_string (snapshot, "version") : "";
        const char *note = snapshot != NULL ? rsc_kept_values_get_note (snapshot) : NULL;
        g_autofree char *name = NULL;

        if (strcmp (runtime, "DOT graph") == 0)
          return g_strdup (_("DOT graph"));
        name = *version != '\0' ? g_strdup_printf ("%s %s", runtime, version) : g_strdup (runtime);
        /* Translators: a runtime with its version, and what a heap of it was captured with: "CPython 3.11.2, without values" */
        return note != NULL ? g_strdup_printf (_("%1$s, %2$s"), name, note) : g_steal_pointer (&name);
      }

    case RSC_SESSION_STARTING:
      if (self->attach_pid != 0)
        return g_strdup (_("Attaching"));
      return g_strdup (self->waiting != NULL ? _("Waiting for Python") : _("Starting"));

    case RSC_SESSION_RUNNING:
      if (self->no_python != NULL)
        return g_strdup (_("Running, no Python"));
      return g_strdup (self->attach_pid != 0 ? _("Running, attached") : _("Running"));

    case RSC_SESSION_HELD:
      place = dup_hold_place (self);
      if (self->hold_kind == RSC_HOLD_UNCAUGHT)
        /* Translators: %1$s is an exception's type, %2$s is " (demo.py:12)" or empty */
        return g_strdup_printf (_("Held at its %1$s%2$s"), self->hold_hint != NULL ? self->hold_hint : _("exception"), place);
      if (self->hold_kind == RSC_HOLD_AT_EXIT)
        return g_strdup_printf (_("Held at its end%s"), place);
      /* Translators: %1$s is a mark's hint, %2$s is " (demo.py:12)" or empty */
      return g_strdup_printf (_("Held at ‘%1$s’%2$s"), self->hold_hint != NULL ? self->hold_hint : "", place);

    case RSC_SESSION_EXITED:
      /* How a process ended is told to its parent only. */
      return self->attach_pid != 0 ? g_strdup (_("Ended, how is unknown")) : dup_exit_status (self->exit_status);

    case RSC_SESSION_FAILED:
      return g_strdup (_("Failed"));

    case RSC_SESSION_DETACHED:
      return g_strdup (_("Detached"));

    default:
      g_assert_not_reached ();
    }
}

const char *
rsc_session_get_status_reason (RscSession *self)
{
  RscSnapshot *snapshot = rsc_session_get_snapshot (self);

  if (self->state == RSC_SESSION_EXITED && self->attach_pid != 0)
    return _("The system tells only a program’s parent how it ended and with which status, and Refscope had attached to this one. What was captured stays.");
  if (self->state == RSC_SESSION_READY && snapshot != NULL)
    return rsc_kept_values_get_sentence (snapshot);

  return NULL;
}

RscHoldKind
rsc_session_get_hold_kind (RscSession *self)
{
  return self->state == RSC_SESSION_HELD ? self->hold_kind : RSC_HOLD_NONE;
}

const char *
rsc_session_get_hold_hint (RscSession *self)
{
  return self->state == RSC_SESSION_HELD ? self->hold_hint : NULL;
}

const char *
rsc_session_get_waiting (RscSession *self)
{
  return self->state == RSC_SESSION_STARTING ? self->waiting : NULL;
}

const char *
rsc_session_get_no_python (RscSession *self)
{
  return self->no_python;
}

pid_t
rsc_session_get_pid (RscSession *self)
{
  return self->target != NULL ? rsc_target_get_pid (self->target) : self->attach_pid;
}

int
rsc_session_get_exit_status (RscSession *self)
{
  return self->exit_status;
}

char *
rsc_session_dup_source (RscSession *self, gboolean *saved)
{
  RscSnapshot *snapshot = rsc_session_get_snapshot (self);
  const char *path = snapshot != NULL ? rsc_snapshot_get_path (snapshot) : NULL;
  g_autofree char *stem = NULL;
  char *dot;

  *saved = TRUE;
  if (path != NULL)
    return g_strdup (path);
  if (self->file != NULL)
    return g_file_get_path (self->file);

  *saved = FALSE;
  if (self->attach_pid != 0 && self->state != RSC_SESSION_EXITED)
    return g_strdup_printf ("pid:%d", (int) self->attach_pid);
  stem = g_strdup (self->title);
  dot = strrchr (stem, '.');
  if (dot != NULL && dot != stem)
    *dot = '\0';

  return g_strconcat (stem, ".refscope", NULL);
}

const char *
rsc_session_get_output (RscSession *self)
{
  return self->output->str;
}

GVariant *
rsc_session_get_gc_info (RscSession *self)
{
  if (rsc_session_is_live (self) && self->gc_info != NULL)
    return self->gc_info;
  if (self->capture != NULL)
    return rsc_snapshot_get_info (rsc_session_get_snapshot (self));

  return self->gc_info;
}

GArray *
rsc_session_get_memory (RscSession *self)
{
  return self->memory;
}
