#include "config.h"

#include "rsc-job.h"

struct _RscJob
{
  GObject parent_instance;

  char *title;
  GCancellable *cancellable;
  RscJobFunc func;
  RscJobDone done;
  gpointer data;
  GDestroyNotify data_free;
  GDestroyNotify result_free;

  /* What the worker reports, under the lock; the main thread copies it to the
   * fields below when the idle runs. */
  GMutex lock;
  double reported_fraction;
  char *reported_phrase;
  gboolean report_pending;

  double fraction;
  char *phrase;
};

enum
{
  PROP_0,
  PROP_TITLE,
  PROP_PHRASE,
  PROP_FRACTION,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (RscJob, rsc_job, G_TYPE_OBJECT)

static void
rsc_job_finalize (GObject *object)
{
  RscJob *self = RSC_JOB (object);

  if (self->data_free != NULL && self->data != NULL)
    self->data_free (self->data);
  g_clear_object (&self->cancellable);
  g_mutex_clear (&self->lock);
  g_free (self->title);
  g_free (self->phrase);
  g_free (self->reported_phrase);

  G_OBJECT_CLASS (rsc_job_parent_class)->finalize (object);
}

static void
rsc_job_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  RscJob *self = RSC_JOB (object);

  switch (prop_id)
    {
    case PROP_TITLE:
      g_value_set_string (value, self->title);
      break;

    case PROP_PHRASE:
      g_value_set_string (value, self->phrase);
      break;

    case PROP_FRACTION:
      g_value_set_double (value, self->fraction);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
rsc_job_class_init (RscJobClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = rsc_job_finalize;
  object_class->get_property = rsc_job_get_property;

  properties[PROP_TITLE] = g_param_spec_string ("title", NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_PHRASE] = g_param_spec_string ("phrase", NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_FRACTION] = g_param_spec_double ("fraction", NULL, NULL, -1.0, 1.0, -1.0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
rsc_job_init (RscJob *self)
{
  g_mutex_init (&self->lock);
  self->cancellable = g_cancellable_new ();
  self->fraction = -1.0;
  self->reported_fraction = -1.0;
}

static gboolean
publish_report (gpointer user_data)
{
  RscJob *self = user_data;

  g_mutex_lock (&self->lock);
  self->report_pending = FALSE;
  self->fraction = self->reported_fraction;
  g_free (self->phrase);
  self->phrase = g_steal_pointer (&self->reported_phrase);
  g_mutex_unlock (&self->lock);

  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PHRASE]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FRACTION]);

  return G_SOURCE_REMOVE;
}

/* On the worker thread. */
static void
report (double fraction, const char *what, gpointer user_data)
{
  RscJob *self = user_data;
  gboolean schedule;

  g_mutex_lock (&self->lock);
  self->reported_fraction = CLAMP (fraction, -1.0, 1.0);
  if (what != NULL)
    {
      g_free (self->reported_phrase);
      self->reported_phrase = g_strdup (what);
    }
  else if (self->reported_phrase == NULL)
    self->reported_phrase = g_strdup (self->phrase);
  schedule = !self->report_pending;
  self->report_pending = TRUE;
  g_mutex_unlock (&self->lock);

  if (schedule)
    g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, publish_report, g_object_ref (self), g_object_unref);
}

static void
run_in_thread (GTask *task, gpointer source_object, gpointer task_data, GCancellable *cancellable)
{
  RscJob *self = task_data;
  RscProgress progress = { report, self };
  GError *error = NULL;
  gpointer result;

  if (g_task_return_error_if_cancelled (task))
    return;

  result = self->func (self->data, &progress, cancellable, &error);
  if (error != NULL)
    {
      if (result != NULL && self->result_free != NULL)
        self->result_free (result);
      g_task_return_error (task, error);
    }
  else
    g_task_return_pointer (task, result, self->result_free);
}

static void
finished (GObject *source_object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RscJob) self = user_data;
  g_autoptr (GError) error = NULL;
  gpointer value = g_task_propagate_pointer (G_TASK (result), &error);

  self->done (source_object, self, value, error);
}

RscJob *
rsc_job_start (gpointer       owner,
               const char    *title,
               RscJobFunc     func,
               gpointer       data,
               GDestroyNotify data_free,
               GDestroyNotify result_free,
               RscJobDone     done)
{
  RscJob *self = g_object_new (RSC_TYPE_JOB, NULL);
  g_autoptr (GTask) task = NULL;

  self->title = g_strdup (title);
  self->func = func;
  self->data = data;
  self->data_free = data_free;
  self->result_free = result_free;
  self->done = done;

  task = g_task_new (owner, self->cancellable, finished, g_object_ref (self));
  g_task_set_source_tag (task, rsc_job_start);
  g_task_set_task_data (task, g_object_ref (self), g_object_unref);
  g_task_run_in_thread (task, run_in_thread);

  return self;
}

void
rsc_job_cancel (RscJob *self)
{
  g_cancellable_cancel (self->cancellable);
}

gboolean
rsc_job_is_cancelled (RscJob *self)
{
  return g_cancellable_is_cancelled (self->cancellable);
}

gpointer
rsc_job_get_data (RscJob *self)
{
  return self->data;
}

const char *
rsc_job_get_title (RscJob *self)
{
  return self->title;
}

const char *
rsc_job_get_phrase (RscJob *self)
{
  return self->phrase;
}

double
rsc_job_get_fraction (RscJob *self)
{
  return self->fraction;
}
