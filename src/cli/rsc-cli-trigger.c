#include "rsc-cli-trigger.h"

#include <glib/gi18n-lib.h>

#include "base/rsc-error.h"
#include "rsc-cli-duration.h"
#include "rsc-cli-filter.h"
#include "rsc-cli-source.h"

/* So many times as long as reading the memory, or a capture, took, it is left alone afterwards. */
#define MEMORY_REST 99
#define HEAP_REST 19

typedef struct
{
  RscCli *cli;
  RscWhen *when;
  gint64 interval;
  gint64 memory_cost; /* microseconds that the last reading took */
  gint64 next_heap;   /* monotonic: not captured before */
  gboolean told_late; /* that the program did not answer */
} Trigger;

static void
read_memory (Trigger *self)
{
  gint64 began = g_get_monotonic_time ();
  guint64 uss = 0, rss = 0;
  gboolean known = rsc_target_sample_memory (self->cli->target, &uss, &rss);
  guint n;
  RscMeasure *measures = rsc_when_get_measures (self->when, &n);

  self->memory_cost = g_get_monotonic_time () - began;
  for (guint i = 0; i < n; i++)
    {
      measures[i].known = known && measures[i].kind < RSC_MEASURE_COUNT;
      if (measures[i].known)
        measures[i].value = measures[i].kind == RSC_MEASURE_USS ? uss : rss;
    }
}

static gboolean
count (RscCli      *cli,
       RscMeasure  *measure,
       GError     **error)
{
  const RscColumns *columns = rsc_snapshot_get_columns (cli->snapshot, RSC_BLOCK_NODES, error);
  g_autoptr (RscBitset) only = NULL;

  if (columns == NULL)
    return FALSE;
  if (measure->filter != NULL)
    {
      only = rsc_cli_filter_nodes (cli, measure->filter, error);
      if (only == NULL)
        return FALSE;
    }

  measure->value = 0;
  for (RscNode node = 0; node < columns->n_nodes; node++)
    if (!(columns->flags[node] & RSC_NODE_SYNTHETIC) && (only == NULL || rsc_bitset_get (only, node)))
      measure->value += measure->kind == RSC_MEASURE_COUNT ? 1 : columns->size[node];
  measure->known = TRUE;

  return TRUE;
}

/* Captures, and counts.  What could not be captured now is tried again later, unless
 * the program is at its end. */
static gboolean
read_heap (Trigger   *self,
           gboolean   is_last,
           GError   **error)
{
  RscCli *cli = self->cli;
  gint64 began = g_get_monotonic_time ();
  g_autoptr (GError) local_error = NULL;
  guint n;
  RscMeasure *measures = rsc_when_get_measures (self->when, &n);
  gboolean ok = TRUE;

  if (!rsc_source_capture (cli, &local_error))
    {
      ok = !is_last && rsc_source_may_come_later (local_error);
      if (!ok)
        g_propagate_error (error, g_steal_pointer (&local_error));
      else if (!self->told_late)
        rsc_cli_note (cli, _("%s It is tried again."), local_error->message);
      self->told_late = TRUE;
    }
  else
    {
      for (guint i = 0; ok && i < n; i++)
        if (measures[i].kind >= RSC_MEASURE_COUNT)
          ok = count (cli, &measures[i], error);
    }

  self->next_heap = g_get_monotonic_time () + HEAP_REST * (g_get_monotonic_time () - began);

  return ok;
}

static void
set_never_error (Trigger  *self,
                 GError  **error)
{
  g_autofree char *last = rsc_when_describe (self->when);

  if (*last != '\0')
    g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_EXITED,
                 _("The program ended before “%s” held; the last time it was %s. Nothing was written."),
                 rsc_when_get_text (self->when), last);
  else
    g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_EXITED,
                 _("The program ended before “%s” held. Nothing was written."), rsc_when_get_text (self->when));
}

/* Looks once.  @holds: it is the moment. */
static gboolean
look (Trigger   *self,
      gboolean   is_last,
      gboolean  *holds,
      GError   **error)
{
  RscWhenAnswer answer;

  read_memory (self);
  answer = rsc_when_ask (self->when);
  if (answer == RSC_WHEN_UNKNOWN && rsc_when_needs_heap (self->when)
      && (is_last || g_get_monotonic_time () >= self->next_heap))
    {
      if (!read_heap (self, is_last, error))
        return FALSE;
      answer = rsc_when_ask (self->when);
    }

  *holds = answer == RSC_WHEN_YES;
  if (!*holds)
    g_clear_pointer (&self->cli->snapshot, rsc_snapshot_unref);

  return TRUE;
}

static void
note_waiting (Trigger *self)
{
  g_autofree char *interval = rsc_duration_format (self->interval);

  if (rsc_when_needs_heap (self->when))
    rsc_cli_note (self->cli, _("Waiting until %s. Its memory is read every %s; what is in the heap is looked at by captures, which take at most a twentieth of the time. Ctrl+C ends the waiting."),
                  rsc_when_get_text (self->when), interval);
  else
    rsc_cli_note (self->cli, _("Waiting until %s. Its memory is read every %s, from outside. Ctrl+C ends the waiting."),
                  rsc_when_get_text (self->when), interval);
}

gboolean
rsc_trigger_wait (RscCli   *cli,
                  RscWhen  *when,
                  gint64    interval,
                  GError  **error)
{
  Trigger self = { .cli = cli, .when = when, .interval = interval };
  gint64 began = g_get_monotonic_time (), next = began;

  note_waiting (&self);
  for (;;)
    {
      g_autoptr (GError) local_error = NULL;
      RscHoldKind hold = RSC_HOLD_NONE;
      gboolean is_last, holds;

      /* It may end while it is waited for, and while it is looked at. */
      is_last = FALSE;
      holds = FALSE;
      if (rsc_source_wait_until (cli, next, &local_error))
        {
          is_last = rsc_target_get_state (cli->target, &hold) == RSC_TARGET_HELD && hold != RSC_HOLD_MARK;
          look (&self, is_last, &holds, &local_error);
        }
      if (local_error != NULL)
        {
          if (rsc_source_has_ended (cli, local_error))
            set_never_error (&self, error);
          else
            g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }

      if (holds)
        {
          g_autofree char *now = rsc_when_describe (when);
          g_autofree char *after = rsc_duration_format (g_get_monotonic_time () - began);

          rsc_cli_note (cli, _("After %s: %s."), after, now);
          return TRUE;
        }
      if (is_last)
        {
          set_never_error (&self, error);
          return FALSE;
        }

      next = g_get_monotonic_time () + MAX (interval, MEMORY_REST * self.memory_cost);
    }
}
