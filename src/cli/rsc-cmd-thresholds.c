#include "rsc-commands.h"

#include <inttypes.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "base/rsc-error.h"
#include "collect/rsc-threshold-model.h"
#include "collect/rsc-thresholds.h"
#include "config.h"
#include "rsc-cli-progress.h"

#define DEFAULT_ALLOCATIONS 100000
#define RSC_ALLOCATIONS_UNSET G_MININT64
/* What a record is taken to be made with if nothing else is said: CPython's own. */
static const guint64 usual_thresholds[RSC_N_GENERATIONS] = { 700, 10, 10 };

static char **set;
static char *counts;
static char *survive;
static gint64 allocations = RSC_ALLOCATIONS_UNSET;
static char *record;
static char *recorded;

static const GOptionEntry entries[] = {
  { "set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &set, N_("Thresholds, as for gc.set_threshold() (default: the heap's); with --record they may be given repeatedly"), N_("T0,T1,T2") },
  { "counts", 0, 0, G_OPTION_ARG_STRING, &counts, N_("The counts to begin with, as of gc.get_count() (default: the heap's; without one: 0,0,0)"), N_("C0,C1,C2") },
  { "allocations", 'a', 0, G_OPTION_ARG_INT64, &allocations, N_("Containers allocated, less those given back (default: 100000)"), N_("N") },
  { "survive", 0, 0, G_OPTION_ARG_STRING, &survive, N_("What share of them survives a collection, from 0 to 1, by their generation; one number: of generation 0 (default: 1,1,1)"), N_("S0,S1,S2") },
  { "record", 0, 0, G_OPTION_ARG_FILENAME, &record, N_("What those thresholds would do to a run: the collections as CPython wrote them to standard error, with gc.set_debug(gc.DEBUG_STATS)"), N_("FILE") },
  { "recorded", 0, 0, G_OPTION_ARG_STRING, &recorded, N_("The thresholds that the record was made with (default: the heap's; without one: 700,10,10)"), N_("T0,T1,T2") },
  G_OPTION_ENTRY_NULL
};

enum
{
  FIELD_THRESHOLDS,
  FIELD_COUNTS,
  FIELD_ALLOCATIONS,
  FIELD_COLLECTIONS_0,
  FIELD_COLLECTIONS_1,
  FIELD_COLLECTIONS_2,
  FIELD_EXAMINED,
  FIELD_FREED,
  FIELD_PEAK_OBJECTS,
  FIELD_NEXT_IN,
  FIELD_NEXT_GENERATION,
  N_FIELDS
};

static const RscField fields[N_FIELDS] = {
  [FIELD_THRESHOLDS] = { "thresholds", N_("Thresholds"), RSC_FIELD_TEXT, RSC_FIELD_TABLE_ONLY },
  /* Translators: how far the collector had counted for each generation at the beginning. */
  [FIELD_COUNTS] = { "counts", N_("Counts at the beginning"), RSC_FIELD_TEXT, RSC_FIELD_TABLE_ONLY },
  [FIELD_ALLOCATIONS] = { "allocations", N_("Allocations"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_COLLECTIONS_0] = { "collections_0", N_("Collections of generation 0"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_COLLECTIONS_1] = { "collections_1", N_("Collections of generation 1"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_COLLECTIONS_2] = { "collections_2", N_("Collections of generation 2"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_EXAMINED] = { "examined", N_("Examined objects"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_FREED] = { "freed", N_("Would be freed"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  /* Translators: the most tracked objects that there are at one moment. */
  [FIELD_PEAK_OBJECTS] = { "peak_objects", N_("Most objects at once"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_NEXT_IN] = { "next_in", N_("Allocations until the next collection"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_NEXT_GENERATION] = { "next_generation", N_("Its generation"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
};

enum
{
  COLLECTION_ALLOCATIONS,
  COLLECTION_GENERATION,
  COLLECTION_EXAMINED,
  COLLECTION_SURVIVORS,
  N_COLLECTION_FIELDS
};

static const RscField collection_fields[N_COLLECTION_FIELDS] = {
  /* Translators: a collection runs with this allocation, counted from the beginning. */
  [COLLECTION_ALLOCATIONS] = { "allocations", N_("At allocation"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [COLLECTION_GENERATION] = { "generation", N_("Generation"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [COLLECTION_EXAMINED] = { "examined", N_("Examined objects"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [COLLECTION_SURVIVORS] = { "survivors", N_("Survivors"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
};

/* With --record: a row for the record, one for what the model makes of it, one for each --set. */
enum
{
  RUN_RUN,
  RUN_THRESHOLDS,
  RUN_COLLECTIONS_0,
  RUN_COLLECTIONS_1,
  RUN_COLLECTIONS_2,
  RUN_PAUSE,
  RUN_LONGEST,
  RUN_EXAMINED,
  RUN_FREED,
  RUN_PEAK_OBJECTS,
  RUN_PEAK_GARBAGE,
  RUN_PEAK_BYTES,
  RUN_GARBAGE_BYTES,
  N_RUN_FIELDS,
  N_RUN_FIELDS_WITHOUT_HEAP = RUN_PEAK_BYTES
};

static const RscField run_fields[N_RUN_FIELDS] = {
  /* Translators: a program's run: the one that was recorded, or what it would be. */
  [RUN_RUN] = { "run", N_("Run"), RSC_FIELD_TEXT, RSC_FIELD_SHOWN },
  [RUN_THRESHOLDS] = { "thresholds", N_("Thresholds"), RSC_FIELD_TEXT, RSC_FIELD_SHOWN },
  /* Translators: collections of generation 0, the heading of a narrow column. */
  [RUN_COLLECTIONS_0] = { "collections_0", N_("Gen. 0"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [RUN_COLLECTIONS_1] = { "collections_1", N_("Gen. 1"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [RUN_COLLECTIONS_2] = { "collections_2", N_("Gen. 2"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [RUN_PAUSE] = { "paused_ms", N_("Pauses (ms)"), RSC_FIELD_REAL, RSC_FIELD_SHOWN },
  [RUN_LONGEST] = { "longest_ms", N_("Longest (ms)"), RSC_FIELD_REAL, RSC_FIELD_SHOWN },
  [RUN_EXAMINED] = { "examined", N_("Examined"), RSC_FIELD_COUNT, RSC_FIELD_HIDDEN },
  [RUN_FREED] = { "freed", N_("Freed"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [RUN_PEAK_OBJECTS] = { "peak_objects", N_("Most objects"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  /* Translators: the most objects that nothing reaches and that are not collected yet. */
  [RUN_PEAK_GARBAGE] = { "peak_garbage", N_("Most garbage"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [RUN_PEAK_BYTES] = { "peak_bytes", N_("Bytes of most objects"), RSC_FIELD_BYTES, RSC_FIELD_SHOWN },
  [RUN_GARBAGE_BYTES] = { "garbage_bytes", N_("Bytes of most garbage"), RSC_FIELD_BYTES, RSC_FIELD_SHOWN },
};

typedef struct
{
  const char *name;
  guint64 thresholds[RSC_N_GENERATIONS];
  RscThresholdsRun run;
} Run;

typedef struct
{
  GArray *runs;          /* of Run; the first is the record */
  double bytes_per_object; /* a mean over the heap; 0: not known */
} Runs;

typedef struct
{
  RscCli *cli;
  RscThresholdsStart start;
  RscThresholdsOutcome *outcome;
  gboolean long_lived_known;
  gboolean disabled; /* the program has its collector off */
} Thresholds;

/* What was given; with it the heap's numbers are not asked. */
static RscThresholdsStart given;

static char *
join_numbers (const guint64 numbers[RSC_N_GENERATIONS])
{
  return g_strdup_printf ("%" PRIu64 ", %" PRIu64 ", %" PRIu64, numbers[0], numbers[1], numbers[2]);
}

static void
fill (gsize    row,
      RscCell *cells,
      gpointer data)
{
  Thresholds *self = data;
  const RscThresholdsOutcome *outcome = self->outcome;

  rsc_cell_take_text (&cells[FIELD_THRESHOLDS], join_numbers (self->start.counter.thresholds));
  rsc_cell_take_text (&cells[FIELD_COUNTS], join_numbers (self->start.counter.counts));
  rsc_cell_set_number (&cells[FIELD_ALLOCATIONS], self->start.allocations);
  for (guint g = 0; g < RSC_N_GENERATIONS; g++)
    rsc_cell_set_number (&cells[FIELD_COLLECTIONS_0 + g], outcome->collections[g]);
  rsc_cell_set_number (&cells[FIELD_EXAMINED], outcome->examined);
  rsc_cell_set_number (&cells[FIELD_FREED], outcome->freed);
  rsc_cell_set_number (&cells[FIELD_PEAK_OBJECTS], outcome->peak_objects);
  if (outcome->until_next > 0)
    {
      rsc_cell_set_number (&cells[FIELD_NEXT_IN], outcome->until_next);
      rsc_cell_set_number (&cells[FIELD_NEXT_GENERATION], outcome->next_generation);
    }
}

static void
fill_collection (gsize    row,
                 RscCell *cells,
                 gpointer data)
{
  Thresholds *self = data;
  const RscThresholdsCollection *collection = &g_array_index (self->outcome->listed, RscThresholdsCollection, row);

  rsc_cell_set_number (&cells[COLLECTION_ALLOCATIONS], collection->allocations);
  rsc_cell_set_number (&cells[COLLECTION_GENERATION], collection->generation);
  rsc_cell_set_number (&cells[COLLECTION_EXAMINED], collection->examined);
  rsc_cell_set_number (&cells[COLLECTION_SURVIVORS], collection->survivors);
}

static void
append_numbers (GString       *json,
                const char    *name,
                const guint64  numbers[RSC_N_GENERATIONS])
{
  g_autofree char *joined = join_numbers (numbers);

  g_string_append_printf (json, ",\n  \"%s\": [%s]", name, joined);
}

static void
append_more (GString *json,
             gpointer data)
{
  Thresholds *self = data;
  gint64 limit = self->cli->options.limit;
  gsize n = self->outcome->listed->len;
  RscRows collections = {
    .fields = collection_fields, .n_fields = N_COLLECTION_FIELDS, .n_rows = n, .fill = fill_collection, .data = self
  };

  append_numbers (json, "thresholds", self->start.counter.thresholds);
  append_numbers (json, "counts", self->start.counter.counts);
  g_string_append_printf (json, ",\n  \"long_lived_total\": %" PRIu64 ",\n  \"long_lived_pending\": %" PRIu64,
                          self->start.counter.long_lived_total, self->start.counter.long_lived_pending);
  g_string_append (json, ",\n  \"collections\": [");
  if (limit > 0)
    n = MIN (n, (guint64) limit);
  for (gsize i = 0; i < n; i++)
    {
      g_string_append (json, i > 0 ? ",\n    " : "\n    ");
      rsc_rows_append_json_row (&collections, i, json);
    }
  g_string_append (json, n > 0 ? "\n  ]" : "]");
}

/* "700,10,10" */
static gboolean
parse_numbers (const char *text,
               const char *option,
               guint64     numbers[RSC_N_GENERATIONS],
               GError    **error)
{
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);
  gboolean good = g_strv_length (parts) == RSC_N_GENERATIONS;

  for (guint g = 0; good && g < RSC_N_GENERATIONS; g++)
    good = g_ascii_string_to_unsigned (g_strstrip (parts[g]), 10, 0, RSC_THRESHOLD_MAX, &numbers[g], NULL);
  if (!good)
    g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                 _("%s takes three numbers from 0 to 2147483647, as in 700,10,10, not “%s”."), option, text);

  return good;
}

static void
fill_run (gsize    row,
          RscCell *cells,
          gpointer data)
{
  const Runs *self = data;
  const Run *run = &g_array_index (self->runs, Run, row);

  rsc_cell_set_text (&cells[RUN_RUN], run->name);
  rsc_cell_take_text (&cells[RUN_THRESHOLDS], join_numbers (run->thresholds));
  for (guint g = 0; g < RSC_N_GENERATIONS; g++)
    rsc_cell_set_number (&cells[RUN_COLLECTIONS_0 + g], run->run.collections[g]);
  rsc_cell_set_real (&cells[RUN_PAUSE], 1e3 * run->run.seconds);
  rsc_cell_set_real (&cells[RUN_LONGEST], 1e3 * run->run.longest);
  rsc_cell_set_number (&cells[RUN_EXAMINED], run->run.examined);
  rsc_cell_set_number (&cells[RUN_FREED], run->run.freed);
  rsc_cell_set_number (&cells[RUN_PEAK_OBJECTS], run->run.peak_objects);
  if (row > 0)
    rsc_cell_set_number (&cells[RUN_PEAK_GARBAGE], run->run.peak_garbage);
  if (self->bytes_per_object > 0)
    {
      rsc_cell_set_number (&cells[RUN_PEAK_BYTES], (guint64) ((double) run->run.peak_objects * self->bytes_per_object));
      if (row > 0)
        rsc_cell_set_number (&cells[RUN_GARBAGE_BYTES], (guint64) ((double) run->run.peak_garbage * self->bytes_per_object));
    }
}

static gboolean
parse_shares (const char *text,
              double      shares[RSC_N_GENERATIONS],
              GError    **error)
{
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);
  guint n = g_strv_length (parts);
  gboolean good = n == 1 || n == RSC_N_GENERATIONS;

  for (guint g = 0; good && g < n; g++)
    {
      char *end;

      g_strstrip (parts[g]);
      shares[g] = g_ascii_strtod (parts[g], &end);
      good = end != parts[g] && *end == '\0' && shares[g] >= 0 && shares[g] <= 1;
    }
  if (!good)
    g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                 _("--survive takes one number from 0 to 1, or three of them, as in 0.2,0.5,1, not “%s”."), text);

  return good;
}

static gboolean
set_usage_error (GError    **error,
                 const char *message)
{
  g_set_error_literal (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE, message);
  return FALSE;
}

/* --record goes through a run that was, the rest through one to come. */
static gboolean
check_record (GError **error)
{
  guint64 numbers[RSC_N_GENERATIONS];

  if (counts != NULL || survive != NULL || allocations != RSC_ALLOCATIONS_UNSET)
    return set_usage_error (error, _("--counts, --allocations and --survive are for a simulation; with --record all that is taken from the record."));
  if (set == NULL)
    return set_usage_error (error, _("Say by --set which thresholds to try on the record."));
  for (gsize i = 0; set[i] != NULL; i++)
    if (!parse_numbers (set[i], "--set", numbers, error))
      return FALSE;

  return recorded == NULL || parse_numbers (recorded, "--recorded", numbers, error);
}

static gboolean
check_simulation (RscCli  *cli,
                  GError **error)
{
  if (recorded != NULL)
    return set_usage_error (error, _("--recorded says with which thresholds a record was made: it needs --record."));
  if (set != NULL && set[1] != NULL)
    return set_usage_error (error, _("One --set is simulated; several can be tried on a run that was recorded (--record)."));
  if (set != NULL && !parse_numbers (set[0], "--set", given.counter.thresholds, error))
    return FALSE;
  if (counts != NULL && !parse_numbers (counts, "--counts", given.counter.counts, error))
    return FALSE;
  if (survive != NULL && !parse_shares (survive, given.survive, error))
    return FALSE;
  if (allocations == RSC_ALLOCATIONS_UNSET)
    allocations = DEFAULT_ALLOCATIONS;
  if (allocations < 0 || (guint64) allocations > RSC_THRESHOLDS_MAX_ALLOCATIONS)
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                   _("--allocations takes a number from 0 to %" PRIu64 "."), RSC_THRESHOLDS_MAX_ALLOCATIONS);
      return FALSE;
    }
  given.allocations = (guint64) allocations;
  if (cli->source == NULL && cli->program == NULL && set == NULL)
    return set_usage_error (error, _("Say with which thresholds: by --set, or by a heap file or a program that has some."));

  return TRUE;
}

/* Without a heap nothing is known of bytes. */
static gsize
count_run_fields (RscCli *cli)
{
  return cli->source != NULL || cli->program != NULL ? N_RUN_FIELDS : N_RUN_FIELDS_WITHOUT_HEAP;
}

static gboolean
check (RscCli  *cli,
       GError **error)
{
  for (guint g = 0; g < RSC_N_GENERATIONS; g++)
    given.survive[g] = 1;
  if (!(record != NULL ? check_record (error) : check_simulation (cli, error)))
    return FALSE;

  return cli->options.fail_if == NULL
         || rsc_condition_check (cli->options.fail_if, record != NULL ? run_fields : fields,
                                 record != NULL ? count_run_fields (cli) : N_FIELDS, error);
}

/* The heap's numbers, but for those that were given. */
static gboolean
read_heap (Thresholds *self,
           RscCli     *cli,
           GError    **error)
{
  g_autoptr (GError) local_error = NULL;
  gboolean enabled;

  if (!rsc_thresholds_read (cli->snapshot, &self->start, &self->long_lived_known, &local_error))
    {
      if (local_error == NULL)
        g_set_error (&local_error, RSC_ANALYSIS_ERROR, RSC_ERROR_UNSUPPORTED,
                     _("This heap says nothing of a collector's thresholds and counts: give them by --set and --counts, without a heap."));
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  self->disabled = g_variant_lookup (rsc_snapshot_get_info (cli->snapshot), "gc-enabled", "b", &enabled) && !enabled;
  self->start.allocations = given.allocations;
  memcpy (self->start.survive, given.survive, sizeof given.survive);
  if (set != NULL)
    memcpy (self->start.counter.thresholds, given.counter.thresholds, sizeof given.counter.thresholds);
  if (counts != NULL)
    memcpy (self->start.counter.counts, given.counter.counts, sizeof given.counter.counts);

  return TRUE;
}

/* What was assumed. */
static char *
describe (const Thresholds *self)
{
  GString *text = g_string_new (_("Simulated by CPython's rule (3.10 to 3.13, 3.14.5 and later): each allocation is of a container that is tracked; "
                                  "what comes from a free list is not counted by CPython."));
  const double *shares = self->start.survive;

  g_string_append_c (text, '\n');
  g_string_append_printf (text, _("Of the new objects in generations 0, 1 and 2, %g %%, %g %% and %g %% survive a collection; "
                                  "those that were there before all stay."),
                          100 * shares[0], 100 * shares[1], 100 * shares[2]);
  if (self->cli->snapshot != NULL && !self->long_lived_known)
    g_string_append_printf (text, "\n%s", _("How much survived since the last full collection is not in the heap: taken as nothing."));
  if (self->start.counter.thresholds[0] == 0)
    g_string_append_printf (text, "\n%s", _("With a threshold 0 of 0 no collection runs by itself."));
  if (self->disabled)
    g_string_append_printf (text, "\n%s", _("The program had its collector turned off: this is what would run if it were on."));
  if (self->outcome->listed->len == RSC_THRESHOLDS_MAX_LISTED)
    g_string_append_printf (text, "\n%s", _("Only the first 100000 collections are listed."));

  return g_string_free (text, FALSE);
}

static gboolean
simulate (RscCli  *cli,
          GError **error)
{
  Thresholds self = { .cli = cli, .start = given };
  g_autoptr (RscThresholdsOutcome) outcome = NULL;
  g_autofree char *footer = NULL;
  RscRows collections = {
    .fields = collection_fields, .n_fields = N_COLLECTION_FIELDS, .fill = fill_collection, .data = &self
  };
  RscRows rows = {
    .fields = fields, .n_fields = N_FIELDS, .n_rows = 1, .single = TRUE,
    .fill = fill, .append_more = append_more, .data = &self, .details = &collections
  };

  if (cli->snapshot != NULL && !read_heap (&self, cli, error))
    return FALSE;

  outcome = rsc_thresholds_simulate (&self.start, cli->cancellable, error);
  rsc_cli_progress_clear ();
  if (outcome == NULL)
    return FALSE;

  self.outcome = outcome;
  collections.n_rows = outcome->listed->len;
  footer = describe (&self);
  rows.footer = footer;

  return rsc_rows_print (&rows, cli, error);
}

/* The thresholds of the record, and how large an object is. */
static gboolean
read_recorded (RscCli  *cli,
               guint64  thresholds[RSC_N_GENERATIONS],
               double  *bytes_per_object,
               GError **error)
{
  const RscColumns *columns;
  RscThresholdsStart start;
  gboolean long_lived_known;
  double bytes = 0, n = 0;

  memcpy (thresholds, usual_thresholds, sizeof usual_thresholds);
  if (cli->snapshot != NULL)
    {
      g_autoptr (GError) local_error = NULL;

      if (rsc_thresholds_read (cli->snapshot, &start, &long_lived_known, &local_error))
        memcpy (thresholds, start.counter.thresholds, sizeof start.counter.thresholds);
      if (local_error != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
      columns = rsc_snapshot_get_columns (cli->snapshot, RSC_BLOCK_NODES, error);
      if (columns == NULL)
        return FALSE;
      for (RscNode node = 0; node < columns->n_nodes; node++)
        if (columns->flags[node] & RSC_NODE_TRACKED)
          {
            bytes += (double) columns->size[node];
            n++;
          }
    }
  *bytes_per_object = n > 0 ? bytes / n : 0;

  return recorded == NULL || parse_numbers (recorded, "--recorded", thresholds, error);
}

/* What the numbers rest on. */
static char *
describe_model (const RscThresholdsModel *model,
                const Runs               *runs)
{
  const RscThresholdsRun *numbers = rsc_thresholds_model_get_recorded (model);
  guint64 asked = rsc_thresholds_model_get_asked (model), left_out = rsc_thresholds_model_get_left_out (model);
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, _("Over %" PRIu64 " allocations, by CPython's rule (3.10 to 3.13, 3.14.5 and later). Assumed: with an allocation as much "
                                  "garbage is made and as many objects stay as in the record on the average, and a pause takes as "
                                  "long for each object examined as there. “model” is what comes out of this for the record itself."),
                          rsc_thresholds_model_get_allocations (model));
  if (asked > 0)
    {
      g_string_append_c (text, '\n');
      g_string_append_printf (text, g_dngettext (RSC_GETTEXT_DOMAIN,
                                                 "%" PRIu64 " collection is not by the rule: taken as asked for (gc.collect()), it stays where it was.",
                                                 "%" PRIu64 " collections are not by the rule: taken as asked for (gc.collect()), they stay where they were.",
                                                 asked),
                              asked);
    }
  if (asked > (numbers->collections[0] + numbers->collections[1] + numbers->collections[2]) / 2)
    g_string_append_printf (text, "\n%s", _("Those are most of them: was the record made with other thresholds? Then say so by --recorded."));
  if (left_out > 0)
    {
      g_string_append_c (text, '\n');
      g_string_append_printf (text, g_dngettext (RSC_GETTEXT_DOMAIN, "%" PRIu64 " collection at the program's end is left out.",
                                                 "%" PRIu64 " collections at the program's end are left out.", left_out),
                              left_out);
    }
  if (runs->bytes_per_object > 0)
    {
      g_string_append_c (text, '\n');
      g_string_append_printf (text, _("Bytes: of %.0f each, the mean of the heap's tracked objects."), runs->bytes_per_object);
    }

  return g_string_free (text, FALSE);
}

static void
add_run (Runs                   *self,
         const char             *name,
         const guint64           thresholds[RSC_N_GENERATIONS],
         const RscThresholdsRun *numbers)
{
  Run run = { .name = name, .run = *numbers };

  memcpy (run.thresholds, thresholds, sizeof run.thresholds);
  g_array_append_val (self->runs, run);
}

static gboolean
try_on_record (RscCli  *cli,
               GError **error)
{
  g_autoptr (GArray) log = rsc_collection_log_read (record, cli->cancellable, error);
  g_autoptr (GArray) list = g_array_new (FALSE, FALSE, sizeof (Run));
  g_autoptr (RscThresholdsModel) model = NULL;
  g_autofree char *footer = NULL;
  Runs runs = { .runs = list };
  RscRows rows = { .fields = run_fields, .n_fields = count_run_fields (cli), .fill = fill_run, .data = &runs };
  guint64 thresholds[RSC_N_GENERATIONS];
  RscThresholdsRun numbers;

  if (log == NULL || !read_recorded (cli, thresholds, &runs.bytes_per_object, error))
    return FALSE;
  model = rsc_thresholds_model_new (log, thresholds, error);
  if (model == NULL)
    return FALSE;

  add_run (&runs, "recorded", thresholds, rsc_thresholds_model_get_recorded (model));
  if (!rsc_thresholds_model_run (model, thresholds, &numbers, cli->cancellable, error))
    return FALSE;
  add_run (&runs, "model", thresholds, &numbers);
  for (gsize i = 0; set[i] != NULL; i++)
    {
      if (!parse_numbers (set[i], "--set", thresholds, error)
          || !rsc_thresholds_model_run (model, thresholds, &numbers, cli->cancellable, error))
        return FALSE;
      add_run (&runs, "what-if", thresholds, &numbers);
    }
  rsc_cli_progress_clear ();
  rows.n_rows = list->len;
  footer = describe_model (model, &runs);
  rows.footer = footer;

  return rsc_rows_print (&rows, cli, error);
}

static gboolean
run (RscCli  *cli,
     GError **error)
{
  if ((cli->source != NULL || cli->program != NULL) && rsc_source_open (cli, error) == NULL)
    return FALSE;

  return record != NULL ? try_on_record (cli, error) : simulate (cli, error);
}

const RscCliCommand rsc_cmd_thresholds = {
  .name = "thresholds",
  .parameters = N_("[SOURCE] [--set T0,T1,T2]"),
  .summary = N_("Which collections would run when, by the collector's thresholds"),
  .description = N_("Goes on from the heap's own counts and thresholds, or from those that are given, for a number of allocations: "
                    "which generation is collected with which of them, what it examines, and when the next one is due. "
                    "Nothing is collected. With --record: what other thresholds would have done to a run whose collections CPython "
                    "wrote down, in collections, pauses and memory."),
  .examples = "  refscope-cli thresholds heap.refscope\n"
              "  refscope-cli thresholds heap.refscope --set 5000,20,20 --allocations 1000000 --survive 0.1\n"
              "  refscope-cli thresholds --set 700,10,10 --json\n"
              "  refscope-cli thresholds --record gc.log --set 2000,10,10 --set 10000,20,50",
  .flags = RSC_COMMAND_ROWS | RSC_COMMAND_LIVE | RSC_COMMAND_OUTPUT | RSC_COMMAND_SOURCE_OPTIONAL,
  .entries = entries,
  .check = check,
  .run = run,
};
