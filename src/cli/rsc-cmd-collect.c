#include "rsc-commands.h"

#include <glib/gi18n-lib.h>

#include "base/rsc-error.h"
#include "collect/rsc-comparison.h"
#include "rsc-cli-filter.h"
#include "rsc-cli-interpreter.h"
#include "rsc-cli-progress.h"

static int generation = RSC_GENERATION_2;
static int interpreter;
static gboolean live;
static gboolean next;
static gboolean fail_if_different;

static const GOptionEntry entries[] = {
  { "generation", 'g', 0, G_OPTION_ARG_INT, &generation, N_("Collect this generation and the younger ones: 0, 1 or 2 (default: 2, all)"), N_("G") },
  { "interpreter", 0, 0, G_OPTION_ARG_INT, &interpreter, N_("The sub-interpreter whose collection it is, by its number (default: 0, the main one)"), N_("NUMBER") },
  { "live", 0, 0, G_OPTION_ARG_NONE, &live, N_("Really collect in the program, and compare with the prediction"), NULL },
  { "next", 0, 0, G_OPTION_ARG_NONE, &next, N_("Wait for the next collection of that generation or an older one that the program makes by itself, and compare it with the prediction"), NULL },
  { "fail-if-different", 0, 0, G_OPTION_ARG_NONE, &fail_if_different, N_("With --live or --next: exit with status 1 unless exactly what was predicted is freed"), NULL },
  G_OPTION_ENTRY_NULL
};

enum
{
  FIELD_GENERATION,
  FIELD_RULE,
  FIELD_EXAMINED,
  FIELD_UNREACHABLE,
  FIELD_BYTES,
  FIELD_FINALIZERS,
  FIELD_UNCOLLECTABLE,
  FIELD_SURVIVORS,
  FIELD_PROMOTED_TO,
  N_PREDICTED,
  FIELD_RETURNED = N_PREDICTED,
  FIELD_REALLY,
  FIELD_ONLY_PREDICTED,
  FIELD_ONLY_REAL,
  FIELD_FREED_ALONG,
  FIELD_OTHERS_RAN,
  N_FIELDS
};

static const RscField fields[N_FIELDS] = {
  [FIELD_GENERATION] = { "generation", N_("Generation"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  /* Translators: by what rule an object counts as unreachable. */
  [FIELD_RULE] = { "rule", N_("Rule"), RSC_FIELD_TEXT, RSC_FIELD_SHOWN },
  [FIELD_EXAMINED] = { "examined", N_("Examined objects"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_UNREACHABLE] = { "unreachable", N_("Predicted unreachable"), RSC_FIELD_COUNT, RSC_FIELD_TABLE_ONLY },
  [FIELD_BYTES] = { "bytes", N_("Their bytes"), RSC_FIELD_BYTES, RSC_FIELD_SHOWN },
  [FIELD_FINALIZERS] = { "finalizers", N_("With a finalizer"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  /* Translators: unreachable objects that the collector keeps, for a C type's old kind of finalizer (tp_del). */
  [FIELD_UNCOLLECTABLE] = { "uncollectable", N_("Uncollectable"), RSC_FIELD_COUNT, RSC_FIELD_TABLE_ONLY },
  [FIELD_SURVIVORS] = { "survivors", N_("Survivors"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_PROMOTED_TO] = { "promoted_to", N_("Survivors move to generation"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_RETURNED] = { "returned", N_("The collector reported"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_REALLY] = { "really_unreachable", N_("Really freed"), RSC_FIELD_COUNT, RSC_FIELD_TABLE_ONLY },
  [FIELD_ONLY_PREDICTED] = { "only_predicted", N_("Predicted, but still there"), RSC_FIELD_COUNT, RSC_FIELD_TABLE_ONLY },
  [FIELD_ONLY_REAL] = { "only_real", N_("Freed, but not predicted"), RSC_FIELD_COUNT, RSC_FIELD_TABLE_ONLY },
  /* Translators: untracked objects that nobody referred to but what was freed. */
  [FIELD_FREED_ALONG] = { "freed_along", N_("Freed along with them"), RSC_FIELD_COUNT, RSC_FIELD_SHOWN },
  [FIELD_OTHERS_RAN] = { "others_ran", N_("Other threads ran meanwhile"), RSC_FIELD_BOOLEAN, RSC_FIELD_SHOWN },
};

typedef struct
{
  RscSnapshot *snapshot;
  RscPrediction *prediction;
  RscCollection *collection; /* NULL: only predicted */
  GArray *unreachable;       /* of RscNode, all of them */
  GArray *uncollectable;
  RscComparison *comparison; /* NULL: only predicted */
} Collect;

static void
clear_collect (Collect *self)
{
  g_clear_pointer (&self->prediction, rsc_prediction_free);
  g_clear_pointer (&self->collection, rsc_collection_free);
  g_clear_pointer (&self->unreachable, g_array_unref);
  g_clear_pointer (&self->uncollectable, g_array_unref);
  g_clear_pointer (&self->comparison, rsc_comparison_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Collect, clear_collect)

static void
fill (gsize    row,
      RscCell *cells,
      gpointer data)
{
  Collect *self = data;
  const RscPrediction *prediction = self->prediction;

  rsc_cell_set_number (&cells[FIELD_GENERATION], prediction->generation);
  rsc_cell_set_text (&cells[FIELD_RULE], prediction->rule == RSC_RULE_REFCOUNTS ? "refcounts" : "roots");
  rsc_cell_set_number (&cells[FIELD_EXAMINED], prediction->examined);
  rsc_cell_set_number (&cells[FIELD_UNREACHABLE], prediction->n_unreachable);
  rsc_cell_set_number (&cells[FIELD_BYTES], prediction->bytes);
  rsc_cell_set_number (&cells[FIELD_FINALIZERS], prediction->n_finalizers);
  rsc_cell_set_number (&cells[FIELD_UNCOLLECTABLE], prediction->n_uncollectable);
  rsc_cell_set_number (&cells[FIELD_SURVIVORS], prediction->survivors);
  rsc_cell_set_number (&cells[FIELD_PROMOTED_TO], prediction->promoted_to);

  if (self->collection == NULL)
    return;

  rsc_cell_set_number (&cells[FIELD_RETURNED], (guint64) self->collection->returned);
  rsc_cell_set_number (&cells[FIELD_REALLY], self->comparison->really->len);
  rsc_cell_set_number (&cells[FIELD_ONLY_PREDICTED], self->comparison->only_predicted->len);
  rsc_cell_set_number (&cells[FIELD_ONLY_REAL], self->comparison->only_real->len);
  rsc_cell_set_number (&cells[FIELD_FREED_ALONG], self->comparison->freed_along);
  rsc_cell_set_number (&cells[FIELD_OTHERS_RAN], self->collection->others_ran);
}

static void
append_more (GString *json,
             gpointer data)
{
  Collect *self = data;

  rsc_objects_append_addresses (json, self->snapshot, "unreachable", self->unreachable);
  rsc_objects_append_addresses (json, self->snapshot, "uncollectable", self->uncollectable);
  if (self->collection == NULL)
    return;

  rsc_objects_append_addresses (json, self->snapshot, "really_unreachable", self->comparison->really);
  rsc_objects_append_addresses (json, self->snapshot, "only_predicted", self->comparison->only_predicted);
  rsc_objects_append_addresses (json, self->snapshot, "only_real", self->comparison->only_real);
}

/* Whether the program collects, and not only the prediction is asked for. */
static gboolean
is_real (void)
{
  return live || next;
}

static gboolean
check (RscCli  *cli,
       GError **error)
{
  if (generation < RSC_GENERATION_0 || generation > RSC_GENERATION_2)
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE, _("--generation takes 0, 1 or 2, not %d."), generation);
      return FALSE;
    }
  if (interpreter != 0 && (live || next))
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                   _("%s is a collection of the main interpreter's: for --interpreter, a collection is only predicted."), live ? "--live" : "--next");
      return FALSE;
    }
  cli->collects = live && !next;
  if ((live || next) && !rsc_source_is_live (cli))
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                   _("%s needs a program that collects, after “--” or as pid:N: with a file, collect predicts."),
                   live ? "--live" : "--next");
      return FALSE;
    }
  if (next && (live || cli->options.on_mark != NULL || cli->options.at_exit || cli->options.collect))
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                   _("--next waits for a collection of the program's own: --live, --on-mark, --at-exit and --collect-before cannot be had with it."));
      return FALSE;
    }
  if (fail_if_different && !is_real ())
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                   _("--fail-if-different compares the prediction with a real collection: it needs --live or --next."));
      return FALSE;
    }
  if (is_real () && cli->options.in_place)
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                   _("%s captures before and after in cloned children; --in-place cannot be had with it."), live ? "--live" : "--next");
      return FALSE;
    }

  return cli->options.fail_if == NULL
         || rsc_condition_check (cli->options.fail_if, fields, is_real () ? N_FIELDS : N_PREDICTED, error);
}

/* And compares it with the real one. */
static gboolean
predict (Collect  *self,
         RscCli   *cli,
         GError  **error)
{
  g_autoptr (RscCollectionDiff) diff = NULL;
  guint collected;

  if (!is_real ())
    {
      if (!rsc_cli_find_generation (cli->snapshot, interpreter, (guint) generation, &collected, error))
        return FALSE;
      self->prediction = rsc_collect_predict (cli->snapshot, collected, &cli->progress, cli->cancellable, error);
      return self->prediction != NULL;
    }

  diff = rsc_collection_diff_compute (self->collection->before, self->collection->after, (guint) generation,
                                      &cli->progress, cli->cancellable, error);
  if (diff == NULL)
    return FALSE;
  self->comparison = rsc_comparison_new (diff->prediction, diff);
  self->prediction = g_steal_pointer (&diff->prediction);

  return TRUE;
}

static RscCollection *
collect (RscCli  *cli,
         GError **error)
{
  RscCollectFlags flags = RSC_COLLECT_CAPTURE | (cli->options.agent_thread ? RSC_COLLECT_AGENT_THREAD : 0);
  RscCollection *collection;

  /* As soon as it runs, if nothing else is said. */
  if (next && cli->options.after == RSC_SECONDS_UNSET)
    cli->options.after = 0;
  if (!rsc_source_start (cli, !next, error) || !rsc_source_wait_for_moment (cli, error))
    return NULL;

  if (next)
    collection = rsc_target_await_collection (cli->target, (guint) generation, &cli->progress, cli->cancellable, error);
  else
    collection = rsc_target_collect (cli->target, (guint) generation, flags, &cli->progress, cli->cancellable, error);
  if (collection == NULL)
    {
      rsc_source_add_remedy (error);
      return NULL;
    }

  rsc_source_release (cli);
  cli->snapshot = rsc_snapshot_ref (collection->before);
  generation = (int) collection->generation;

  return collection;
}

/* A list of objects below the others, in the table for people; an empty one is left out. */
typedef struct
{
  RscObjects objects;
  RscRows rows;
} List;

static gboolean
add_list (List      *list,
          RscRows  **last,
          RscCli    *cli,
          const char *title,
          GArray     *nodes,
          GError    **error)
{
  if (nodes == NULL || nodes->len == 0)
    return TRUE;
  if (!rsc_objects_init_rows (&list->objects, &list->rows, cli, (const RscNode *) (void *) nodes->data, nodes->len,
                              RSC_OBJECTS_PLAIN, error))
    return FALSE;

  if (title != NULL)
    (*last)->footer = title;
  (*last)->details = &list->rows;
  *last = &list->rows;

  return TRUE;
}

/* What was predicted, and where the collection was otherwise, each object. */
static gboolean
add_lists (Collect *self,
           List     lists[3],
           RscRows *rows,
           RscCli  *cli,
           GError **error)
{
  RscRows *last = rows;
  gboolean titles = is_real () && rsc_comparison_is_different (self->comparison);

  if (!is_real ())
    rows->footer = _("Predicted from the capture, before finalizers run; nothing was collected.");
  else if (!titles)
    rows->footer = _("What was predicted was freed, and nothing else that the collector looked at.");

  return add_list (&lists[0], &last, cli, titles ? _("Predicted unreachable, before finalizers run:") : NULL, self->unreachable, error)
         && add_list (&lists[1], &last, cli, _("Predicted, but still there (a finalizer may have brought them back):"),
                      is_real () ? self->comparison->only_predicted : NULL, error)
         && add_list (&lists[2], &last, cli, _("Freed, but not predicted (their last reference went with the garbage, or a finalizer freed them):"),
                      is_real () ? self->comparison->only_real : NULL, error);
}

static gboolean
run (RscCli  *cli,
     GError **error)
{
  g_auto (Collect) self = { 0 };
  List lists[3];
  RscRows rows = {
    .fields = fields, .n_fields = is_real () ? N_FIELDS : N_PREDICTED, .n_rows = 1, .single = TRUE,
    .fill = fill, .append_more = append_more, .data = &self
  };

  if (is_real ())
    self.collection = collect (cli, error);
  else
    rsc_source_open (cli, error);
  if (cli->snapshot == NULL)
    return FALSE;

  self.snapshot = cli->snapshot;
  if (!predict (&self, cli, error))
    return FALSE;

  self.unreachable = rsc_cli_list_nodes (cli->snapshot, self.prediction->unreachable, TRUE, error);
  self.uncollectable = rsc_cli_list_nodes (cli->snapshot, self.prediction->uncollectable, TRUE, error);
  if (self.unreachable == NULL || self.uncollectable == NULL || !add_lists (&self, lists, &rows, cli, error))
    return FALSE;
  rsc_cli_progress_clear ();

  if (!rsc_rows_print (&rows, cli, error))
    return FALSE;
  if (fail_if_different && rsc_comparison_is_different (self.comparison))
    cli->condition_held = TRUE;

  return TRUE;
}

const RscCliCommand rsc_cmd_collect = {
  .name = "collect",
  .parameters = N_("SOURCE"),
  .summary = N_("What a garbage collection would free, or with --live frees"),
  .description = N_("Predicts a collection of CPython's from the references that the collector traverses and the reference counts (where a heap "
                    "has none: from the roots): what it would find unreachable, and where the survivors would go. With --live the "
                    "program really collects, and every difference is shown; with --next the program's own next collection is waited for, and "
                    "captured before and after, in the middle of it."),
  .examples = "  refscope-cli collect heap.refscope\n"
              "  refscope-cli collect --next --generation 2 pid:4711\n"
              "  refscope-cli collect heap.refscope --generation 0 --json\n"
              "  refscope-cli collect --live --on-mark 'after del' -- python3 script.py\n"
              "  refscope-cli collect --live --fail-if-different -- python3 script.py\n"
              "  refscope-cli collect --fail-if 'unreachable > 1000' -- python3 test.py",
  .flags = RSC_COMMAND_LIVE | RSC_COMMAND_OUTPUT | RSC_COMMAND_ROWS,
  .entries = entries,
  .check = check,
  .run = run,
};
