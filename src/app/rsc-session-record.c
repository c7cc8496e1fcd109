/* The part of RscSession that keeps what was recorded of a program's collections. */
#include "config.h"

#include "rsc-session-private.h"

#include "collect/rsc-thresholds.h"

/* So many are kept one by one. */
#define RECORDED_MAX 4000

void
rsc_session_add_recorded (RscSession *self, const RscTargetEvent *event)
{
  RscRecordedCollection item = {
    .seconds = self->earlier_seconds + event->seconds,
    .duration = event->duration,
    .generation = MIN (event->generation, RSC_N_GENERATIONS - 1),
    .collected = event->collected,
    .uncollectable = event->uncollectable,
    .stands_for = 1,
    .together = event->duration,
  };

  for (guint i = 0; i < RSC_N_GENERATIONS; i++)
    {
      item.counts_before[i] = event->counts_before[i];
      item.counts_after[i] = event->counts_after[i];
      item.thresholds[i] = event->thresholds[i];
    }
  if (self->recorded->len >= RECORDED_MAX)
    rsc_recorded_thin (self->recorded);
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
