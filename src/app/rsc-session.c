#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-session-private.h"

#include <unistd.h>

#include "base/rsc-census.h"
#include "base/rsc-error.h"
#include "formats/rsc-heap-file.h"

#include "rsc-recent-programs.h"

/* Marks a job that did not just give way to a newer one. */
#define CANCELLED_BY_USER "rsc-cancelled-by-user"
/* Marks a job that goes on when the session is closed. */
#define LASTING "rsc-lasting"
/* Marks a job that asks something of the program. */
#define REQUEST "rsc-request"

enum
{
  PROP_0,
  PROP_STATE,
  PROP_CAPTURE,
  PROP_VIEW,
  PROP_SCENE,
  PROP_OVERLAY,
  PROP_SELECTED,
  PROP_HISTORY,
  PROP_BUSY,
  PROP_GC_INFO,
  PROP_STEPS,
  N_PROPS
};

enum
{
  OUTPUT,
  FAILED,
  MESSAGE,
  VIEW_FAILED,
  MEMORY_SAMPLED,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RscSession, rsc_session, G_TYPE_OBJECT)

static void
rsc_session_dispose (GObject *object)
{
  rsc_session_close (RSC_SESSION (object));

  G_OBJECT_CLASS (rsc_session_parent_class)->dispose (object);
}

static void
rsc_session_finalize (GObject *object)
{
  RscSession *self = RSC_SESSION (object);

  g_clear_pointer (&self->step_overlay, rsc_overlay_unref);
  g_clear_pointer (&self->steps, rsc_replay_cursor_free);
  g_clear_object (&self->file);
  g_clear_object (&self->lesson);
  g_strfreev (self->argv);
  g_strfreev (self->envp);
  g_free (self->cwd);
  g_free (self->title);
  g_clear_error (&self->error);
  g_free (self->hold_hint);
  g_free (self->hold_file);
  g_free (self->no_python);
  g_free (self->waiting);
  g_clear_pointer (&self->gc_info, g_variant_unref);
  g_array_unref (self->memory);
  g_array_unref (self->recorded);
  g_string_free (self->output, TRUE);
  for (guint i = 0; i < 2; i++)
    g_string_free (self->partial[i], TRUE);
  g_clear_pointer (&self->history, rsc_history_free);
  g_clear_pointer (&self->lost, rsc_place_free);
  g_clear_pointer (&self->view, rsc_view_unref);
  g_clear_pointer (&self->scene, rsc_scene_unref);
  g_clear_object (&self->capture);
  g_clear_object (&self->wanted_capture);
  g_clear_object (&self->captures);
  g_clear_object (&self->jobs);

  G_OBJECT_CLASS (rsc_session_parent_class)->finalize (object);
  rsc_census_died (RSC_CENSUS_SESSION);
}

static void
rsc_session_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  RscSession *self = RSC_SESSION (object);

  switch (prop_id)
    {
    case PROP_STATE:
      g_value_set_uint (value, self->state);
      break;

    case PROP_CAPTURE:
      g_value_set_object (value, self->capture);
      break;

    case PROP_VIEW:
      g_value_set_pointer (value, self->view);
      break;

    case PROP_SCENE:
      g_value_set_pointer (value, self->scene);
      break;

    case PROP_OVERLAY:
      g_value_set_pointer (value, rsc_session_get_overlay (self));
      break;

    case PROP_SELECTED:
      g_value_set_uint (value, self->selected);
      break;

    case PROP_HISTORY:
      g_value_set_pointer (value, self->history);
      break;

    case PROP_BUSY:
      g_value_set_boolean (value, rsc_session_get_busy (self));
      break;

    case PROP_GC_INFO:
      g_value_set_variant (value, self->gc_info);
      break;

    case PROP_STEPS:
      g_value_set_pointer (value, self->steps);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
rsc_session_class_init (RscSessionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->dispose = rsc_session_dispose;
  object_class->finalize = rsc_session_finalize;
  object_class->get_property = rsc_session_get_property;

  properties[PROP_STATE] = g_param_spec_uint ("state", NULL, NULL, 0, G_MAXUINT, 0, flags);
  properties[PROP_CAPTURE] = g_param_spec_object ("capture", NULL, NULL, RSC_TYPE_HEAP_CAPTURE, flags);
  properties[PROP_VIEW] = g_param_spec_pointer ("view", NULL, NULL, flags);
  properties[PROP_SCENE] = g_param_spec_pointer ("scene", NULL, NULL, flags);
  properties[PROP_OVERLAY] = g_param_spec_pointer ("overlay", NULL, NULL, flags);
  properties[PROP_SELECTED] = g_param_spec_uint ("selected", NULL, NULL, 0, G_MAXUINT, RSC_NODE_NONE, flags);
  properties[PROP_HISTORY] = g_param_spec_pointer ("history", NULL, NULL, flags);
  properties[PROP_BUSY] = g_param_spec_boolean ("busy", NULL, NULL, FALSE, flags);
  properties[PROP_GC_INFO] = g_param_spec_variant ("gc-info", NULL, NULL, G_VARIANT_TYPE_VARDICT, NULL, flags);
  properties[PROP_STEPS] = g_param_spec_pointer ("steps", NULL, NULL, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  signals[OUTPUT] = g_signal_new ("output", RSC_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 2, G_TYPE_INT, G_TYPE_STRING);
  signals[FAILED] = g_signal_new ("failed", RSC_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_ERROR);
  signals[MESSAGE] = g_signal_new ("message", RSC_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[VIEW_FAILED] = g_signal_new ("view-failed", RSC_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                       G_TYPE_NONE, 1, G_TYPE_ERROR);
  signals[MEMORY_SAMPLED] = g_signal_new ("memory-sampled", RSC_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 0);
}

static void
memory_point_clear (gpointer data)
{
  RscMemoryPoint *point = data;

  g_free (point->hint);
}

static void
rsc_session_init (RscSession *self)
{
  rsc_census_born (RSC_CENSUS_SESSION);
  self->captures = g_list_store_new (RSC_TYPE_HEAP_CAPTURE);
  self->jobs = g_list_store_new (RSC_TYPE_JOB);
  self->history = rsc_history_new ();
  self->memory = g_array_new (FALSE, FALSE, sizeof (RscMemoryPoint));
  g_array_set_clear_func (self->memory, memory_point_clear);
  self->recorded = g_array_new (FALSE, FALSE, sizeof (RscRecordedCollection));
  self->output = g_string_new (NULL);
  for (guint i = 0; i < 2; i++)
    self->partial[i] = g_string_new (NULL);
  self->selected = RSC_NODE_NONE;
  self->shown_prediction = -1;
}

RscSession *
rsc_session_new_for_file (GFile *file)
{
  RscSession *self = g_object_new (RSC_TYPE_SESSION, NULL);

  self->file = g_object_ref (file);
  self->title = g_file_get_basename (file);
  self->state = RSC_SESSION_LOADING;

  return self;
}

RscSession *
rsc_session_new_for_input (void)
{
  RscSession *self = g_object_new (RSC_TYPE_SESSION, NULL);

  self->reads_input = TRUE;
  self->title = g_strdup (_("Standard input"));
  self->state = RSC_SESSION_LOADING;

  return self;
}

RscSession *
rsc_session_new_for_program (const RscLaunchOptions *options)
{
  RscSession *self = g_object_new (RSC_TYPE_SESSION, NULL);

  g_return_val_if_fail (options->argv != NULL && options->argv[0] != NULL, self);

  self->argv = g_strdupv ((char **) options->argv);
  self->envp = g_strdupv ((char **) options->envp);
  self->cwd = g_strdup (options->cwd);
  self->hold = options->hold;
  self->pipe_streams = options->pipe_streams;
  self->title = rsc_program_dup_title (options->argv);
  self->state = RSC_SESSION_STARTING;

  return self;
}

RscSession *
rsc_session_new_for_lesson (RscLesson *lesson)
{
  RscSession *self;

  if (rsc_lesson_is_program (lesson))
    {
      g_auto (GStrv) argv = rsc_lesson_dup_argv (lesson);
      RscLaunchOptions options = { .argv = (const char *const *) argv, .hold = TRUE, .pipe_streams = TRUE };

      self = rsc_session_new_for_program (&options);
    }
  else
    {
      g_autoptr (GFile) file = g_file_new_for_path (rsc_lesson_get_path (lesson));

      self = rsc_session_new_for_file (file);
    }
  self->lesson = g_object_ref (lesson);

  return self;
}

RscSession *
rsc_session_new_for_process (pid_t pid)
{
  RscSession *self = g_object_new (RSC_TYPE_SESSION, NULL);

  g_return_val_if_fail (pid > 0, self);

  self->attach_pid = pid;
  /* Until it is known what it runs. */
  self->title = g_strdup_printf ("pid:%d", (int) pid);
  self->state = RSC_SESSION_STARTING;

  return self;
}

static gpointer
open_file (gpointer data, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  return rsc_heap_file_open (data, progress, cancellable, error);
}

static gpointer
open_input (gpointer data, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  return rsc_heap_file_open_stream (STDIN_FILENO, _("standard input"), progress, cancellable, error);
}

static void
file_opened (gpointer owner, RscJob *job, gpointer result, const GError *error)
{
  RscSession *self = owner;
  g_autoptr (RscSnapshot) snapshot = result;
  g_autoptr (RscHeapCapture) capture = NULL;

  if (!rsc_session_job_done (self, job, NULL))
    return;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    self->error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, self->reads_input ? _("Start Refscope with the heap again to see it.")
                                                                                         : _("Open the file again to see it."));
  else if (error != NULL)
    self->error = g_error_copy (error);
  if (self->error != NULL)
    {
      rsc_session_set_state (self, RSC_SESSION_FAILED);
      return;
    }

  rsc_session_set_state (self, RSC_SESSION_READY);
  capture = rsc_heap_capture_new (snapshot, NULL, ++self->n_captures);
  rsc_session_add_capture (self, capture, FALSE);
}

void
rsc_session_start (RscSession *self)
{
  g_autofree char *path = NULL;

  if (self->reads_input)
    {
      rsc_session_add_job (self, rsc_job_start (self, _("Reading standard input"), open_input, NULL, NULL,
                                                (GDestroyNotify) rsc_snapshot_unref, file_opened));
      return;
    }
  if (self->file == NULL)
    {
      if (self->attach_pid != 0)
        rsc_session_start_process (self);
      else
        rsc_session_start_program (self);
      return;
    }

  path = g_file_get_path (self->file);
  if (path == NULL)
    {
      g_autofree char *uri = g_file_get_uri (self->file);

      g_set_error (&self->error, RSC_FORMAT_ERROR, RSC_ERROR_UNSUPPORTED,
                   _("“%s” is not on this machine. Copy the file to a local folder and open it there."), uri);
      rsc_session_set_state (self, RSC_SESSION_FAILED);
      return;
    }

  rsc_session_add_job (self, rsc_job_start (self, _("Opening the file"), open_file, g_steal_pointer (&path), g_free,
                                            (GDestroyNotify) rsc_snapshot_unref, file_opened));
}

static void
cancel_jobs (RscSession *self, gboolean lasting_too)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->jobs));

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (RscJob) job = g_list_model_get_item (G_LIST_MODEL (self->jobs), i);

      if (!lasting_too && g_object_get_data (G_OBJECT (job), LASTING) != NULL)
        continue;
      g_object_set_data (G_OBJECT (job), CANCELLED_BY_USER, self);
      rsc_job_cancel (job);
    }
}

void
rsc_session_close (RscSession *self)
{
  if (self->closed)
    return;

  self->closed = TRUE;
  cancel_jobs (self, FALSE);
  rsc_session_dispose_program (self);
}

/* Jobs. */

RscJob *
rsc_session_add_job (RscSession *self, RscJob *job)
{
  g_list_store_append (self->jobs, job);
  g_object_unref (job);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BUSY]);

  return job;
}

void
rsc_session_add_lasting_job (RscSession *self, RscJob *job)
{
  g_object_set_data (G_OBJECT (job), LASTING, self);
  rsc_session_add_job (self, job);
}

void
rsc_session_add_request (RscSession *self, RscJob *job)
{
  g_object_set_data (G_OBJECT (job), REQUEST, self);
  rsc_session_add_job (self, job);
}

void
rsc_session_cancel_requests (RscSession *self)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->jobs)); i++)
    {
      g_autoptr (RscJob) job = g_list_model_get_item (G_LIST_MODEL (self->jobs), i);

      if (g_object_get_data (G_OBJECT (job), REQUEST) != NULL)
        rsc_job_cancel (job);
    }
}

gboolean
rsc_session_job_done (RscSession *self, RscJob *job, const GError *error)
{
  guint position;

  if (g_list_store_find (self->jobs, job, &position))
    g_list_store_remove (self->jobs, position);
  if (self->closed)
    return FALSE;

  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BUSY]);
  if (g_object_get_data (G_OBJECT (job), CANCELLED_BY_USER) != NULL &&
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      /* Translators: %s is what was cancelled: "Finding cycles" */
      g_autofree char *message = g_strdup_printf (_("Cancelled: %s"), rsc_job_get_title (job));

      rsc_session_message (self, message);
    }

  return !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

void
rsc_session_cancel (RscSession *self)
{
  cancel_jobs (self, TRUE);
}

GListModel *
rsc_session_get_jobs (RscSession *self)
{
  return G_LIST_MODEL (self->jobs);
}

gboolean
rsc_session_get_busy (RscSession *self)
{
  return g_list_model_get_n_items (G_LIST_MODEL (self->jobs)) > 0;
}

gboolean
rsc_session_has_orders (RscSession *self)
{
  return self->n_orders > 0;
}

void
rsc_session_set_outlives_page (RscSession *self, gboolean outlives)
{
  self->outlives_page = outlives;
}

gboolean
rsc_session_get_outlives_page (RscSession *self)
{
  return self->outlives_page;
}

void
rsc_session_fail (RscSession *self, const char *title, const GError *error)
{
  if (!self->closed)
    g_signal_emit (self, signals[FAILED], 0, title, error);
}

void
rsc_session_message (RscSession *self, const char *message)
{
  if (!self->closed)
    g_signal_emit (self, signals[MESSAGE], 0, message);
}

void
rsc_session_set_state (RscSession *self, RscSessionState state)
{
  self->state = state;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
}

/* Plain questions. */

gboolean
rsc_session_is_program (RscSession *self)
{
  return self->argv != NULL || self->attach_pid != 0;
}

gboolean
rsc_session_is_process (RscSession *self)
{
  return self->attach_pid != 0;
}

gboolean
rsc_session_has_output (RscSession *self)
{
  return self->argv != NULL && self->pipe_streams;
}

RscSessionState
rsc_session_get_state (RscSession *self)
{
  return self->state;
}

gboolean
rsc_session_is_live (RscSession *self)
{
  return self->target != NULL && (self->state == RSC_SESSION_RUNNING || self->state == RSC_SESSION_HELD ||
                                  self->state == RSC_SESSION_STARTING);
}

const GError *
rsc_session_get_error (RscSession *self)
{
  return self->error;
}

const char *
rsc_session_get_title (RscSession *self)
{
  return self->title;
}

RscLesson *
rsc_session_get_lesson (RscSession *self)
{
  return self->lesson;
}

GFile *
rsc_session_get_file (RscSession *self)
{
  return self->file;
}

GListModel *
rsc_session_get_captures (RscSession *self)
{
  return G_LIST_MODEL (self->captures);
}

RscHeapCapture *
rsc_session_get_capture (RscSession *self)
{
  return self->capture;
}

RscSide
rsc_session_get_side (RscSession *self)
{
  return self->side;
}

RscSnapshot *
rsc_session_get_snapshot (RscSession *self)
{
  return self->capture != NULL ? rsc_heap_capture_get_snapshot (self->capture, self->side) : NULL;
}

RscView *
rsc_session_get_view (RscSession *self)
{
  return self->view;
}

RscScene *
rsc_session_get_scene (RscSession *self)
{
  return self->scene;
}
