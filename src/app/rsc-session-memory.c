/* The part of RscSession that follows a program's memory. */
#include "config.h"

#include "rsc-session-private.h"

#define SAMPLE_INTERVAL_MS 500
/* The kernel goes through all of a program's pages for it, and keeps it from mapping others meanwhile: at most every
 * so-manieth part of the time. */
#define SAMPLE_PART 100
/* An hour of samples; then every second one goes. */
#define MEMORY_POINTS_MAX 7200

/* Leaves out every second sample, and every second collection of each
 * generation.  Marks stay, and the first sample. */
static void
thin_memory_points (GArray *points)
{
  gboolean drop[4] = { FALSE };
  guint n = 0;

  for (guint i = 0; i < points->len; i++)
    {
      RscMemoryPoint *point = &g_array_index (points, RscMemoryPoint, i);
      gboolean *turn = &drop[CLAMP (point->generation + 1, 0, 3)];

      if (point->hint == NULL)
        {
          *turn = !*turn;
          if (!*turn)
            continue;
        }
      if (n < i)
        {
          g_array_index (points, RscMemoryPoint, n) = *point;
          point->hint = NULL; /* it has moved */
        }
      n++;
    }
  g_array_set_size (points, n);
}

void
rsc_session_add_memory_point (RscSession *self, RscMemoryPoint point)
{
  if (self->memory->len >= MEMORY_POINTS_MAX)
    thin_memory_points (self->memory);
  g_array_append_val (self->memory, point);
  g_signal_emit_by_name (self, "memory-sampled");
}

typedef struct
{
  guint64 uss, rss;
  gint64 took; /* microseconds */
} MemorySample;

static gpointer
sample_memory (gpointer data, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  MemorySample sample = { 0, };
  gint64 began = g_get_monotonic_time ();

  if (!rsc_target_sample_memory (data, &sample.uss, &sample.rss))
    return NULL;
  sample.took = g_get_monotonic_time () - began;

  return g_memdup2 (&sample, sizeof sample);
}

static void
memory_sampled (gpointer owner, RscJob *job, gpointer result, const GError *error)
{
  RscSession *self = owner;
  g_autofree MemorySample *sample = result;
  double seconds = self->earlier_seconds + (double) (g_get_monotonic_time () - self->launched_at) / G_USEC_PER_SEC;

  self->sampling = FALSE;
  if (sample == NULL || self->closed)
    return;
  self->next_sample = g_get_monotonic_time () + SAMPLE_PART * sample->took;

  rsc_session_add_memory_point (self, (RscMemoryPoint) { .seconds = seconds, .uss = sample->uss,
                                                        .rss = sample->rss, .generation = -1 });
}

static gboolean
on_sample_time (gpointer user_data)
{
  RscSession *self = user_data;
  g_autoptr (RscJob) job = NULL;

  if (self->sampling || g_get_monotonic_time () < self->next_sample)
    return G_SOURCE_CONTINUE;

  self->sampling = TRUE;
  job = rsc_job_start (self, "", sample_memory, rsc_target_ref (self->target),
                       (GDestroyNotify) rsc_target_unref, g_free, memory_sampled);

  return G_SOURCE_CONTINUE;
}

void
rsc_session_start_sampling (RscSession *self)
{
  self->sample_source = g_timeout_add (SAMPLE_INTERVAL_MS, on_sample_time, self);
}
