#include "rsc-commands.h"

#include <inttypes.h>
#include <math.h>
#include <sys/wait.h>

#include <glib/gi18n-lib.h>

#include "base/rsc-error.h"
#include "config.h"
#include "rsc-cli-kept.h"
#include "rsc-cli-options.h"
#include "rsc-cli-pairs.h"
#include "rsc-cli-source.h"

/* A day between two samples is enough for anybody. */
#define MAX_INTERVAL (24 * 3600.0)
#define MIN_INTERVAL 0.01
#define TELLING_TIME (G_USEC_PER_SEC / 5)

static double interval = 1.0;
static double duration = RSC_SECONDS_UNSET;
static double after = RSC_SECONDS_UNSET;
static gboolean record;
static char *captures;
static int generation = 2;
static gint64 keep = -1, count = -1; /* not given */

static const GOptionEntry entries[] = {
  { "interval", 'i', 0, G_OPTION_ARG_DOUBLE, &interval, N_("Between two samples (default: 1)"), N_("SECONDS") },
  { "after", 0, 0, G_OPTION_ARG_DOUBLE, &after, N_("Begin to watch this many seconds after the launch (default: at once)"), N_("SECONDS") },
  { "duration", 'd', 0, G_OPTION_ARG_DOUBLE, &duration, N_("Stop watching after this time (default: when the program has ended)"), N_("SECONDS") },
  { "record", 'r', 0, G_OPTION_ARG_NONE, &record, N_("A line for every single collection, with its duration, and the collector's counts and thresholds: by a callback in the program's gc.callbacks"), NULL },
  { "captures", 0, 0, G_OPTION_ARG_FILENAME, &captures, N_("Also capture collections before and after, one after the other, as pairs of heaps in FOLDER, and say what was freed and what moved up; those that come while a pair is written have none (with --record)"), N_("FOLDER") },
  { "generation", 'g', 0, G_OPTION_ARG_INT, &generation, N_("With --captures: of this generation and older ones: 0, 1 or 2 (default: 2)"), N_("G") },
  { "keep", 0, 0, G_OPTION_ARG_INT64, &keep, N_("With --captures: keep the last N pairs, and remove older ones of this run (default: 5)"), N_("N") },
  { "count", 0, 0, G_OPTION_ARG_INT64, &count, N_("With --captures: stop watching after N pairs"), N_("N") },
  G_OPTION_ENTRY_NULL
};

enum
{
  FIELD_SECONDS,
  FIELD_EVENT,
  FIELD_USS,
  FIELD_RSS,
  FIELD_COLLECTIONS_0,
  FIELD_COLLECTIONS_1,
  FIELD_COLLECTIONS_2,
  FIELD_COLLECTED,
  FIELD_GENERATION,
  FIELD_COLLECTIONS,
  FIELD_FREED,
  FIELD_UNCOLLECTABLE,
  FIELD_DURATION,
  FIELD_COUNTS_BEFORE,
  FIELD_COUNTS_AFTER,
  FIELD_THRESHOLDS,
  FIELD_HINT,
  FIELD_FILE,
  FIELD_LINE,
  FIELD_EXIT_STATUS,
  N_WITHOUT_CAPTURES,
  FIELD_BEFORE = N_WITHOUT_CAPTURES,
  FIELD_AFTER,
  FIELD_REALLY,
  FIELD_ONLY_PREDICTED,
  FIELD_ONLY_REAL,
  FIELD_FREED_ALONG,
  FIELD_FREED_BYTES,
  FIELD_PROMOTED,
  N_FIELDS
};

static const RscField fields[N_FIELDS] = {
  [FIELD_SECONDS] = { "seconds", NULL, RSC_FIELD_REAL, RSC_FIELD_SHOWN },
  [FIELD_EVENT] = { "event", NULL, RSC_FIELD_TEXT, RSC_FIELD_SHOWN },
  [FIELD_USS] = { "uss", NULL, RSC_FIELD_BYTES, RSC_FIELD_SHOWN },
  [FIELD_RSS] = { "rss", NULL, RSC_FIELD_BYTES, RSC_FIELD_SHOWN },
  [FIELD_COLLECTIONS_0] = { "collections_0", NULL, RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_COLLECTIONS_1] = { "collections_1", NULL, RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_COLLECTIONS_2] = { "collections_2", NULL, RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_COLLECTED] = { "collected", NULL, RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_GENERATION] = { "generation", NULL, RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_COLLECTIONS] = { "collections", NULL, RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_FREED] = { "freed", NULL, RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_UNCOLLECTABLE] = { "uncollectable", NULL, RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_DURATION] = { "duration_ms", NULL, RSC_FIELD_REAL, RSC_FIELD_SHOWN },
  [FIELD_COUNTS_BEFORE] = { "counts_before", NULL, RSC_FIELD_TEXT, RSC_FIELD_SHOWN },
  [FIELD_COUNTS_AFTER] = { "counts_after", NULL, RSC_FIELD_TEXT, RSC_FIELD_SHOWN },
  [FIELD_THRESHOLDS] = { "thresholds", NULL, RSC_FIELD_TEXT, RSC_FIELD_SHOWN },
  [FIELD_HINT] = { "hint", NULL, RSC_FIELD_TEXT, RSC_FIELD_SHOWN },
  [FIELD_FILE] = { "file", NULL, RSC_FIELD_TEXT, RSC_FIELD_SHOWN },
  [FIELD_LINE] = { "line", NULL, RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_EXIT_STATUS] = { "exit_status", NULL, RSC_FIELD_SIGNED, RSC_FIELD_SHOWN },
  [FIELD_BEFORE] = { "before", NULL, RSC_FIELD_TEXT, RSC_FIELD_SHOWN },
  [FIELD_AFTER] = { "after", NULL, RSC_FIELD_TEXT, RSC_FIELD_SHOWN },
  [FIELD_REALLY] = { "really_unreachable", NULL, RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_ONLY_PREDICTED] = { "only_predicted", NULL, RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_ONLY_REAL] = { "only_real", NULL, RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_FREED_ALONG] = { "freed_along", NULL, RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_FREED_BYTES] = { "freed_bytes", NULL, RSC_FIELD_BYTES, RSC_FIELD_SHOWN },
  [FIELD_PROMOTED] = { "promoted", NULL, RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
};

typedef struct
{
  double seconds;
  const char *event;
  gboolean has_memory;
  guint64 uss, rss;
  gboolean has_collections;
  guint64 collections[3]; /* so far, as the next */
  guint64 collected;
  RscTargetEvent *collection;
  RscPair *pair; /* its captures */
  char *hint;
  char *file;
  guint line;
  gboolean ended;
  int exit_status;
} Sample;

/* What the program last said of its collector.  It is asked on a thread of its
 * own: memory is sampled also while the program keeps the GIL. */
typedef struct
{
  GMutex lock;
  GThread *asker;    /* only the watching thread uses it */
  gboolean is_asking;
  RscTarget *target; /* borrowed */
  GCancellable *cancellable;
  gboolean is_known; /* it has answered */
  guint64 collections[3];
  guint64 collected;
} Statistics;

typedef struct
{
  RscCli *cli;
  RscRows rows;
  GPtrArray *samples; /* kept only for --fail-if; else the last one */
  gint64 launched;
  double last_seconds; /* lines are in the order of time */
  gboolean has_begun;  /* --after is over */
  Statistics statistics;
  RscTargetEvent *mark; /* passed, and not written yet */
  double mark_seconds;
  RscPairs *pairs;      /* NULL: collections are not captured */
  GCancellable *wake;   /* cancelled when there is a pair, and with the whole */
  GQueue collections;   /* of RscTargetEvent: captured, and their pair is not there yet */
  GQueue early;         /* of RscPair, whose collection was not told of yet */
  guint64 n_without;    /* collections that --captures would have been for */
  GError *error;
} Watch;

static void
sample_free (gpointer data)
{
  Sample *sample = data;

  g_clear_pointer (&sample->collection, rsc_target_event_free);
  g_clear_pointer (&sample->pair, rsc_pair_free);
  g_free (sample->hint);
  g_free (sample->file);
  g_free (sample);
}

/* "700,10,10" */
static char *
dup_numbers (const guint64 numbers[3])
{
  return g_strdup_printf ("%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT, numbers[0], numbers[1], numbers[2]);
}

static void
fill_collection (const RscTargetEvent *collection,
                 RscCell              *cells)
{
  rsc_cell_set_number (&cells[FIELD_GENERATION], collection->generation);
  rsc_cell_set_number (&cells[FIELD_COLLECTIONS], collection->collections);
  rsc_cell_set_number (&cells[FIELD_FREED], collection->collected);
  rsc_cell_set_number (&cells[FIELD_UNCOLLECTABLE], collection->uncollectable);
  if (!collection->recorded)
    return;

  rsc_cell_set_real (&cells[FIELD_DURATION], collection->duration * 1000);
  rsc_cell_take_text (&cells[FIELD_COUNTS_BEFORE], dup_numbers (collection->counts_before));
  rsc_cell_take_text (&cells[FIELD_COUNTS_AFTER], dup_numbers (collection->counts_after));
  rsc_cell_take_text (&cells[FIELD_THRESHOLDS], dup_numbers (collection->thresholds));
}

static void
fill_pair (const RscPair *pair,
           RscCell       *cells)
{
  rsc_cell_set_number (&cells[FIELD_GENERATION], pair->generation);
  rsc_cell_set_text (&cells[FIELD_BEFORE], pair->before);
  rsc_cell_set_text (&cells[FIELD_AFTER], pair->after);
  rsc_cell_set_number (&cells[FIELD_REALLY], pair->really_unreachable);
  rsc_cell_set_number (&cells[FIELD_ONLY_PREDICTED], pair->only_predicted);
  rsc_cell_set_number (&cells[FIELD_ONLY_REAL], pair->only_real);
  rsc_cell_set_number (&cells[FIELD_FREED_ALONG], pair->freed_along);
  rsc_cell_set_number (&cells[FIELD_FREED_BYTES], pair->freed_bytes);
  rsc_cell_set_number (&cells[FIELD_PROMOTED], pair->promoted);
}

static void
fill (gsize    row,
      RscCell *cells,
      gpointer data)
{
  Watch *self = data;
  const Sample *sample = g_ptr_array_index (self->samples, row);

  rsc_cell_set_real (&cells[FIELD_SECONDS], sample->seconds);
  rsc_cell_set_text (&cells[FIELD_EVENT], sample->event);
  if (sample->has_memory)
    {
      rsc_cell_set_number (&cells[FIELD_USS], sample->uss);
      rsc_cell_set_number (&cells[FIELD_RSS], sample->rss);
    }
  if (sample->has_collections)
    {
      for (gsize i = 0; i < G_N_ELEMENTS (sample->collections); i++)
        rsc_cell_set_number (&cells[FIELD_COLLECTIONS_0 + i], sample->collections[i]);
      rsc_cell_set_number (&cells[FIELD_COLLECTED], sample->collected);
    }
  if (sample->collection != NULL)
    fill_collection (sample->collection, cells);
  if (sample->pair != NULL)
    fill_pair (sample->pair, cells);
  rsc_cell_set_text (&cells[FIELD_HINT], sample->hint);
  rsc_cell_set_text (&cells[FIELD_FILE], sample->file);
  if (sample->line > 0)
    rsc_cell_set_number (&cells[FIELD_LINE], sample->line);
  if (sample->ended)
    rsc_cell_set_number (&cells[FIELD_EXIT_STATUS],
                         (guint64) (gint64) (WIFSIGNALED (sample->exit_status) ? -WTERMSIG (sample->exit_status)
                                                                               : WEXITSTATUS (sample->exit_status)));
}

static gpointer
ask (gpointer data)
{
  Statistics *self = data;
  g_autoptr (GVariant) info = rsc_target_get_gc_info (self->target, self->cancellable, NULL);
  g_autoptr (GVariant) stats = NULL;

  if (info != NULL)
    stats = g_variant_lookup_value (info, "gc-stats", G_VARIANT_TYPE ("a(ttt)"));

  g_mutex_lock (&self->lock);
  if (stats != NULL)
    {
      self->is_known = TRUE;
      self->collected = 0;
      for (gsize i = 0; i < MIN (g_variant_n_children (stats), G_N_ELEMENTS (self->collections)); i++)
        {
          guint64 collected, uncollectable;

          g_variant_get_child (stats, i, "(ttt)", &self->collections[i], &collected, &uncollectable);
          self->collected += collected;
        }
    }
  self->is_asking = FALSE;
  g_mutex_unlock (&self->lock);

  return NULL;
}

static void
join_asker (Statistics *self)
{
  g_clear_pointer (&self->asker, g_thread_join);
}

/* Asks for the next sample; if the last question is still open, not again. */
static void
start_asking (Statistics *self)
{
  gboolean is_asking;

  g_mutex_lock (&self->lock);
  is_asking = self->is_asking;
  self->is_asking = TRUE;
  g_mutex_unlock (&self->lock);
  if (is_asking)
    return;

  join_asker (self);
  self->asker = g_thread_new ("statistics", ask, self);
}

/* While the program is held it answers at once. */
static void
ask_now (Statistics *self)
{
  join_asker (self);
  ask (self);
}

static double
get_seconds (Watch *self)
{
  return (double) (g_get_monotonic_time () - self->launched) / G_USEC_PER_SEC;
}

static Sample *
sample_new (Watch      *self,
            const char *event)
{
  Sample *sample = g_new0 (Sample, 1);

  sample->event = event;
  sample->seconds = get_seconds (self);

  g_mutex_lock (&self->statistics.lock);
  for (gsize i = 0; i < G_N_ELEMENTS (sample->collections); i++)
    sample->collections[i] = self->statistics.collections[i];
  sample->collected = self->statistics.collected;
  sample->has_collections = self->statistics.is_known;
  g_mutex_unlock (&self->statistics.lock);

  return sample;
}

/* Writes it at once: who watches wants to see. */
static gboolean
emit_sample (Watch     *self,
             Sample    *sample,
             RscOutput *output)
{
  GString *text = rsc_output_get_buffer (output);

  /* What was told late is not put in before; a recorded collection keeps its time. */
  if (sample->collection == NULL || !sample->collection->recorded)
    sample->seconds = MAX (sample->seconds, self->last_seconds);
  self->last_seconds = MAX (sample->seconds, self->last_seconds);

  if (self->cli->options.fail_if == NULL)
    g_ptr_array_set_size (self->samples, 0);
  g_ptr_array_add (self->samples, sample);

  if (self->cli->options.json)
    {
      rsc_rows_append_json_row (&self->rows, self->samples->len - 1, text);
      g_string_append_c (text, '\n');
    }
  else
    {
      rsc_csv_append_row (&self->rows, self->samples->len - 1, text);
    }

  return rsc_output_flush (output);
}

static gboolean
emit_memory (Watch      *self,
             const char *event,
             RscOutput  *output)
{
  Sample *sample = sample_new (self, event);

  sample->has_memory = rsc_target_sample_memory (self->cli->target, &sample->uss, &sample->rss);

  return emit_sample (self, sample, output);
}

/* A mark is written when the program stops at it, and can be asked. */
static gboolean
emit_mark (Watch     *self,
           RscOutput *output)
{
  g_autoptr (RscTargetEvent) mark = g_steal_pointer (&self->mark);
  Sample *sample;

  if (mark == NULL)
    return TRUE;

  sample = sample_new (self, "mark");
  sample->seconds = self->mark_seconds;
  sample->has_memory = mark->rss > 0;
  sample->uss = mark->uss;
  sample->rss = mark->rss;
  sample->hint = g_strdup (mark->hint);
  sample->file = g_strdup (mark->file);
  sample->line = mark->line;

  return emit_sample (self, sample, output);
}

/* Unless it is recorded, the collector counts, and is asked now and then: of quick ones several
 * are told in one line.  Takes over both; one of them may be NULL. */
static gboolean
emit_collection (Watch          *self,
                 RscTargetEvent *collection,
                 RscPair        *pair,
                 RscOutput      *output)
{
  Sample *sample = sample_new (self, "collection");

  if (collection != NULL)
    sample->seconds = collection->seconds;
  sample->has_collections = FALSE;
  sample->collection = collection;
  sample->pair = pair;

  return emit_sample (self, sample, output);
}

/* One that was captured is written with its pair, in the order in which they were waited for; the others at once. */
static gboolean
handle_collection (Watch          *self,
                   RscTargetEvent *collection,
                   RscOutput      *output)
{
  const RscPair *next;
  gboolean going_on = TRUE;

  if (collection->request == 0 || self->pairs == NULL)
    {
      if (self->pairs != NULL && collection->generation >= (guint) generation)
        self->n_without += collection->collections;
      return emit_collection (self, collection, NULL, output);
    }

  while (going_on && (next = g_queue_peek_head (&self->early)) != NULL && next->request <= collection->request)
    {
      gboolean is_its = next->request == collection->request;

      going_on = emit_collection (self, is_its ? collection : NULL, g_queue_pop_head (&self->early), output);
      if (is_its)
        return going_on;
    }
  g_queue_push_tail (&self->collections, collection);

  return going_on;
}

static gboolean
handle_pair (Watch     *self,
             RscPair   *pair,
             RscOutput *output)
{
  const RscTargetEvent *next;
  gboolean going_on = TRUE;

  while (going_on && (next = g_queue_peek_head (&self->collections)) != NULL && next->request <= pair->request)
    {
      gboolean is_its = next->request == pair->request;

      going_on = emit_collection (self, g_queue_pop_head (&self->collections), is_its ? pair : NULL, output);
      if (is_its)
        return going_on;
    }
  g_queue_push_tail (&self->early, pair);

  return going_on;
}

/* What is there.  FALSE: it is the end. */
static gboolean
handle_pairs (Watch     *self,
              RscOutput *output)
{
  RscPair *pair;

  if (self->pairs == NULL)
    return TRUE;
  while ((pair = rsc_pairs_pop (self->pairs, &self->error)) != NULL)
    if (!handle_pair (self, pair, output))
      return FALSE;

  return self->error == NULL && !rsc_pairs_is_done (self->pairs);
}

/* At the end: the last pair is waited for, and those of which only one half came are told of, too. */
static void
finish_pairs (Watch     *self,
              RscOutput *output)
{
  g_autoptr (RscTargetEvent) event = NULL;
  RscTargetEvent *collection;
  RscPair *pair;

  if (self->pairs == NULL)
    return;
  rsc_pairs_finish (self->pairs);
  while ((event = rsc_target_next_event (self->cli->target, 0, NULL, NULL)) != NULL)
    {
      if (event->type == RSC_EVENT_COLLECTION)
        handle_collection (self, g_steal_pointer (&event), output);
      g_clear_pointer (&event, rsc_target_event_free);
    }
  while ((pair = rsc_pairs_pop (self->pairs, self->error == NULL ? &self->error : NULL)) != NULL)
    handle_pair (self, pair, output);
  while ((collection = g_queue_pop_head (&self->collections)) != NULL)
    emit_collection (self, collection, NULL, output);
  while ((pair = g_queue_pop_head (&self->early)) != NULL)
    emit_collection (self, NULL, pair, output);

  if (self->n_without > 0)
    rsc_cli_note (self->cli,
                  g_dngettext (RSC_GETTEXT_DOMAIN,
                               "%" PRIu64 " collection was not captured: it came while another one was written, or before one was waited for.",
                               "%" PRIu64 " collections were not captured: they came while another one was written, or before one was waited for.",
                               self->n_without),
                  self->n_without);
}

static void
resume_pairs (Watch *self)
{
  if (self->pairs != NULL && self->has_begun && rsc_target_get_state (self->cli->target, NULL) == RSC_TARGET_RUNNING)
    rsc_pairs_resume (self->pairs);
}

static gboolean
handle_state (Watch          *self,
              RscTargetEvent *event,
              RscOutput      *output)
{
  gboolean going_on = TRUE;

  if (event->state == RSC_TARGET_HELD)
    {
      /* While a collection is waited for nothing else is answered. */
      if (self->pairs != NULL && event->hold != RSC_HOLD_MARK)
        rsc_pairs_pause (self->pairs);
      if (self->pairs == NULL || event->hold != RSC_HOLD_MARK)
        ask_now (&self->statistics);
      if (!self->has_begun && event->hold != RSC_HOLD_MARK)
        rsc_cli_note (self->cli, _("The program is done after %.1f s, before the %g s of --after were over."),
                      get_seconds (self), after);
      going_on = emit_mark (self, output);
      /* The last look at it while everything is still there. */
      if (going_on && event->hold != RSC_HOLD_MARK)
        going_on = emit_memory (self, "end", output);
      rsc_target_continue (self->cli->target, NULL);
    }
  else if (event->state == RSC_TARGET_RUNNING)
    {
      start_asking (&self->statistics);
      resume_pairs (self);
    }
  else if (event->state == RSC_TARGET_EXITED)
    {
      Sample *sample;

      if (!emit_mark (self, output))
        return FALSE;
      sample = sample_new (self, "exit");
      sample->ended = !rsc_target_is_attached (self->cli->target); /* else its status is told its parent only */
      sample->exit_status = event->exit_status;
      self->cli->target_ended = TRUE;
      self->cli->exit_status = event->exit_status;
      emit_sample (self, sample, output);
      going_on = FALSE;
    }

  return going_on;
}

static gboolean
handle_event (Watch           *self,
              RscTargetEvent **event,
              RscOutput       *output)
{
  gboolean going_on;

  switch ((*event)->type)
    {
    case RSC_EVENT_MARK:
      if (!self->has_begun)
        return TRUE;
      going_on = emit_mark (self, output);
      self->mark_seconds = get_seconds (self);
      self->mark = g_steal_pointer (event);
      return going_on;
    case RSC_EVENT_STATE:
      return handle_state (self, *event, output);
    case RSC_EVENT_NO_PYTHON:
      rsc_cli_note (self->cli, "%s", (*event)->message != NULL
                                       ? (*event)->message
                                       : _("The program has no CPython; only its memory can be watched."));
      return TRUE;
    case RSC_EVENT_WAITING:
      rsc_cli_warn (_("%s Meanwhile its memory is watched."), (*event)->message);
      return TRUE;
    case RSC_EVENT_COLLECTION:
      return !self->has_begun || handle_collection (self, g_steal_pointer (event), output);
    case RSC_EVENT_UNRECORDED:
      rsc_cli_warn (g_dngettext (RSC_GETTEXT_DOMAIN, "%" PRIu64 " collection could not be recorded.",
                                 "%" PRIu64 " collections could not be recorded.", (*event)->collections), (*event)->collections);
      return TRUE;
    case RSC_EVENT_OUTPUT:
    default:
      return TRUE;
    }
}

/* The next event, or NULL after @timeout_ms, or because there is a pair, or if cancelled (self->error). */
static RscTargetEvent *
next_event (Watch  *self,
            gint64  timeout_ms)
{
  g_autoptr (GError) local_error = NULL;
  RscTargetEvent *event = rsc_target_next_event (self->cli->target, (int) MIN (timeout_ms, G_MAXINT), self->wake, &local_error);

  if (local_error == NULL)
    return event;
  g_cancellable_reset (self->wake);
  g_cancellable_set_error_if_cancelled (self->cli->cancellable, &self->error);

  return event;
}

/* Those of the end: the agent tells of them ten times a second. */
static void
hear_last_collections (Watch     *self,
                       RscOutput *output)
{
  gint64 until = g_get_monotonic_time () + TELLING_TIME;

  for (gint64 left; self->error == NULL && (left = until - g_get_monotonic_time ()) > 0;)
    {
      g_autoptr (RscTargetEvent) event = next_event (self, left / 1000 + 1);

      if (event != NULL && event->type == RSC_EVENT_COLLECTION && !handle_event (self, &event, output))
        break;
    }
}

static void
on_cancelled (GCancellable *cancellable,
              gpointer      wake)
{
  g_cancellable_cancel (wake);
}

static void
watch (RscOutput *output,
       gpointer   data)
{
  Watch *self = data;
  RscCli *cli = self->cli;
  gint64 step = (gint64) (interval * G_USEC_PER_SEC);
  gint64 begin = self->launched + (after >= 0 ? (gint64) (after * G_USEC_PER_SEC) : 0);
  gint64 next = after >= 0 ? begin : begin + step;
  gint64 end = duration >= 0 ? begin + (gint64) (duration * G_USEC_PER_SEC) : G_MAXINT64;
  gboolean going_on = TRUE;

  if (!cli->options.json)
    rsc_csv_write_header (&self->rows, rsc_output_get_buffer (output));
  resume_pairs (self);

  while (going_on)
    {
      g_autoptr (RscTargetEvent) event = NULL;
      gint64 now = g_get_monotonic_time ();
      gint64 left = MIN (next, end) - now;

      if (now >= end)
        {
          if (!cli->options.stop)
            {
              if (cli->records && self->has_begun)
                hear_last_collections (self, output);
              break;
            }
          /* Its exit is still to be seen. */
          rsc_source_release (cli);
          end = G_MAXINT64;
          continue;
        }

      if (left <= 0)
        {
          if (!self->has_begun)
            {
              self->has_begun = TRUE;
              resume_pairs (self);
            }
          going_on = emit_mark (self, output) && emit_memory (self, "sample", output);
          start_asking (&self->statistics);
          /* A sample that was missed is left out, not made up for. */
          next += step * (1 + (now - next) / step);
          continue;
        }

      event = next_event (self, left / 1000 + 1);
      if (self->error != NULL)
        break;
      if (event != NULL)
        going_on = handle_event (self, &event, output);
      else if (rsc_target_get_state (cli->target, NULL) == RSC_TARGET_EXITED)
        going_on = FALSE;
      going_on = going_on && handle_pairs (self, output);
    }
  finish_pairs (self, output);
}

static gboolean
check_captures (GError **error)
{
  const char *message = NULL;

  if (captures == NULL && (generation != 2 || keep != -1 || count != -1))
    message = _("--generation, --keep and --count say which collections are captured: give --captures, too.");
  else if (captures != NULL && !record)
    message = _("--captures is for collections that are recorded: give --record, too.");
  else if (generation < 0 || generation > 2)
    message = _("--generation takes 0, 1 or 2.");
  else if (keep != -1 && (keep < 1 || keep > RSC_KEPT_MAX))
    message = _("--keep takes a number of pairs, from 1 to 10,000.");
  else if (count != -1 && (count < 1 || count > G_MAXINT))
    message = _("--count takes a number of pairs, from 1 on.");
  if (message == NULL)
    return TRUE;

  g_set_error_literal (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE, message);

  return FALSE;
}

static gboolean
check (RscCli  *cli,
       GError **error)
{
  if (!isfinite (interval) || interval < MIN_INTERVAL || interval > MAX_INTERVAL)
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE, _("--interval takes a number of seconds, from 0.01 to a day."));
      return FALSE;
    }
  if (after != RSC_SECONDS_UNSET && !rsc_source_check_seconds (after, "--after", error))
    return FALSE;
  if (duration != RSC_SECONDS_UNSET && !rsc_source_check_seconds (duration, "--duration", error))
    return FALSE;

  if (!check_captures (error))
    return FALSE;

  return cli->options.fail_if == NULL
         || rsc_condition_check (cli->options.fail_if, fields, captures != NULL ? N_FIELDS : N_WITHOUT_CAPTURES, error);
}

static gboolean
run (RscCli  *cli,
     GError **error)
{
  g_autoptr (GPtrArray) samples = g_ptr_array_new_with_free_func (sample_free);
  Watch self = {
    .cli = cli,
    .rows = { .fields = fields, .n_fields = captures != NULL ? N_FIELDS : N_WITHOUT_CAPTURES, .fill = fill, .data = &self },
    .samples = samples,
    .launched = g_get_monotonic_time (),
    .has_begun = after < 0,
  };
  RscPairsOptions options = {
    .folder = captures, .generation = (guint) generation,
    .keep = keep == -1 ? RSC_KEPT_DEFAULT : (guint) keep, .count = count == -1 ? 0 : (guint) count,
  };
  g_autoptr (GCancellable) asking = g_cancellable_new ();
  g_autoptr (GCancellable) wake = g_cancellable_new ();
  g_autoptr (RscPairs) pairs = NULL;
  gulong id;
  gboolean written;

  if (rsc_options_output_ends (&cli->options, ".json") || rsc_options_output_ends (&cli->options, ".jsonl"))
    cli->options.json = TRUE;
  cli->records = record;
  if (captures != NULL)
    {
      pairs = rsc_pairs_new (cli, &options, wake, error);
      if (pairs == NULL)
        return FALSE;
    }
  if (!rsc_source_start (cli, TRUE, error))
    return FALSE;

  self.pairs = pairs;
  self.wake = wake;
  id = g_cancellable_connect (cli->cancellable, G_CALLBACK (on_cancelled), wake, NULL);
  self.statistics.target = cli->target;
  self.statistics.cancellable = asking;
  written = rsc_output_run (cli, watch, &self, error);

  g_cancellable_disconnect (cli->cancellable, id);
  g_cancellable_cancel (asking);
  join_asker (&self.statistics);
  g_clear_pointer (&self.mark, rsc_target_event_free);
  if (!written)
    {
      g_clear_error (&self.error);
      return FALSE;
    }

  if (self.error != NULL)
    {
      g_propagate_error (error, self.error);
      return FALSE;
    }

  rsc_source_release (cli);
  self.rows.n_rows = samples->len;

  return cli->options.fail_if == NULL
         || rsc_condition_evaluate (cli->options.fail_if, &self.rows, cli->cancellable, &cli->condition_held, error);
}

const RscCliCommand rsc_cmd_watch = {
  .name = "watch",
  .parameters = N_("-- PROGRAM ARGS…"),
  .summary = N_("A program's memory and collections over time"),
  .description = N_("Launches PROGRAM and prints a line for every sample, for every mark that it passes, for its collections, its "
                    "end and its exit: unique and resident set size in bytes, how often each generation was collected so far, "
                    "and how many objects that freed; for collections the generation, how many there were since the last such "
                    "line, and how many objects they freed or could not free. With --record a line for every single collection, at the time when it began: also "
                    "how long it took, and the collector's counts before and after it, and its thresholds; with --captures the heap before and after, one "
                    "collection after the other, and what it freed and moved to an older generation. CSV, or with --json, or an ending .json or .jsonl, a JSON object a line."),
  .examples = "  refscope-cli watch --interval 0.1 -- python3 script.py\n"
              "  refscope-cli watch --json -o memory.jsonl --duration 60 --stop -- python3 -m http.server\n"
              "  refscope-cli watch --json --after 10 -- python3 server.py | grep collection\n"
              "  refscope-cli watch --record --fail-if 'max(duration_ms) > 50' pid:4711\n"
              "  refscope-cli watch --record --captures heaps/ --keep 3 --json pid:4711\n"
              "  refscope-cli watch --fail-if 'max(uss) > 500e6' -- python3 test.py",
  .flags = RSC_COMMAND_PROGRAM_ONLY | RSC_COMMAND_OUTPUT | RSC_COMMAND_CONDITION,
  .entries = entries,
  .check = check,
  .run = run,
};
