/* The part of RscSession that keeps what was recorded of a program's collections. */
#include "config.h"

#include "rsc-session-private.h"

#include "collect/rsc-thresholds.h"

/* So many are kept one by one: then every second one of each generation goes, the longest stays. */
#define RECORDED_MAX 4000

static void
thin (GArray *recorded)
{
  gboolean drop[RSC_N_GENERATIONS] = { FALSE };
  double longest = 0;
  guint n = 0;

  for (guint i = 0; i < recorded->len; i++)
    longest = MAX (longest, g_array_index (recorded, RscRecordedCollection, i).duration);
  for (guint i = 0; i < recorded->len; i++)
    {
      RscRecordedCollection *item = &g_array_index (recorded, RscRecordedCollection, i);
      gboolean *turn = &drop[item->generation];

      *turn = !*turn;
      if (*turn || item->duration == longest)
        g_array_index (recorded, RscRecordedCollection, n++) = *item;
    }
  g_array_set_size (recorded, n);
}

void
rsc_session_add_recorded (RscSession *self, const RscTargetEvent *event)
{
  RscRecordedCollection item = {
    .seconds = self->earlier_seconds + event->seconds,
    .duration = event->duration,
    .generation = MIN (event->generation, RSC_N_GENERATIONS - 1),
    .collected = event->collected,
    .uncollectable = event->uncollectable,
  };

  for (guint i = 0; i < RSC_N_GENERATIONS; i++)
    {
      item.counts_before[i] = event->counts_before[i];
      item.counts_after[i] = event->counts_after[i];
      item.thresholds[i] = event->thresholds[i];
    }
  if (self->recorded->len >= RECORDED_MAX)
    thin (self->recorded);
  g_array_append_val (self->recorded, item);
  self->record_totals.collections++;
  self->record_totals.seconds += item.duration;
  self->record_totals.longest = MAX (self->record_totals.longest, item.duration);
  g_signal_emit_by_name (self, "memory-sampled");
}

void
rsc_session_add_unrecorded (RscSession *self, guint64 collections)
{
  self->record_totals.missed += collections;
  g_signal_emit_by_name (self, "memory-sampled");
}

GArray *
rsc_session_get_recorded (RscSession *self)
{
  return self->recorded;
}

const RscRecordTotals *
rsc_session_get_record_totals (RscSession *self)
{
  return &self->record_totals;
}

gboolean
rsc_session_get_recording (RscSession *self)
{
  return self->recording;
}
