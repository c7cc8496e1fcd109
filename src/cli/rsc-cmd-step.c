#include "rsc-commands.h"

#include <inttypes.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "film/rsc-replay-film.h"
#include "graph/rsc-graph.h"
#include "query/rsc-drop-ref.h"
#include "rsc-cli-interpreter.h"
#include "rsc-cli-progress.h"

#define MAX_ACTORS 12
#define LAYOUT_SECONDS 10

/* Not given. */
#define UNSET (-1)

static int generation = UNSET;
static int interpreter;
static gboolean mark_sweep;
static gboolean breadth_first;
static char **from;
static char **drop;
static char *phase;
static gboolean objects_only;
static int max_depth = 2;
static gint64 limit;
static double seconds = RSC_FILM_DEFAULT_SECONDS;

static const GOptionEntry entries[] = {
  { "generation", 'g', 0, G_OPTION_ARG_INT, &generation, N_("Collect this generation and the younger ones: 0, 1 or 2 (default: 2, all)"), N_("G") },
  { "interpreter", 0, 0, G_OPTION_ARG_INT, &interpreter, N_("The sub-interpreter whose collection it is, by its number (default: 0, the main one)"), N_("NUMBER") },
  { "mark-sweep", 0, 0, G_OPTION_ARG_NONE, &mark_sweep, N_("Mark from the roots and sweep, as a textbook has it"), NULL },
  { "from", 0, 0, G_OPTION_ARG_STRING_ARRAY, &from, N_("Mark from OBJECT (may be repeated; default: all roots)"), N_("OBJECT") },
  { "breadth-first", 0, 0, G_OPTION_ARG_NONE, &breadth_first, N_("Mark breadth first (default: depth first)"), NULL },
  { "drop", 0, 0, G_OPTION_ARG_STRING_ARRAY, &drop, N_("Drop a NAME, a reference (FROM->TO) or an OBJECT, and follow the reference counts"), N_("WHAT") },
  { "phase", 0, 0, G_OPTION_ARG_STRING, &phase, N_("Only the steps of this phase (“subtract_refs”)"), N_("NAME") },
  { "objects-only", 0, 0, G_OPTION_ARG_NONE, &objects_only, N_("Leave out the steps of single references"), NULL },
  { "limit", 'n', 0, G_OPTION_ARG_INT64, &limit, N_("At most so many steps (0, the default: all)"), N_("N") },
  { "max-depth", 0, 0, G_OPTION_ARG_INT, &max_depth, N_("Of a picture: go this far from the objects (default: 2)"), N_("N") },
  { "seconds", 0, 0, G_OPTION_ARG_DOUBLE, &seconds, N_("Of an animated picture: show each step so long (default: 1.2)"), N_("SECONDS") },
  G_OPTION_ENTRY_NULL
};

static gboolean
check_phase (GError **error)
{
  g_autoptr (GString) known = g_string_new (NULL);

  for (guint p = 0; phase != NULL && p < RSC_N_PHASES; p++)
    {
      if (strcmp (phase, rsc_phase_get_id (p)) == 0)
        return TRUE;
      g_string_append_printf (known, "%s%s", p > 0 ? ", " : "", rsc_phase_get_id (p));
    }
  if (phase == NULL)
    return TRUE;

  g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE, _("There is no phase “%s”; there are: %s."), phase, known->str);
  return FALSE;
}

static gboolean
check (RscCli  *cli,
       GError **error)
{
  RscFilmFormat format;
  gboolean marks = mark_sweep || from != NULL || breadth_first;

  if (generation != UNSET && (generation < RSC_GENERATION_0 || generation > RSC_GENERATION_2))
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE, _("--generation takes 0, 1 or 2, not %d."), generation);
      return FALSE;
    }
  if (marks && drop != NULL)
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                   _("--drop follows reference counts, --mark-sweep marks from roots: give one of them."));
      return FALSE;
    }
  if ((generation != UNSET || interpreter != 0) && (marks || drop != NULL))
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                   _("%s is of a collection: neither marking nor --drop knows any."), interpreter != 0 ? "--interpreter" : "--generation");
      return FALSE;
    }
  if (cli->options.output != NULL && (phase != NULL || limit > 0))
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                   _("--phase and --limit choose lines; with -o all steps of what is drawn are shown."));
      return FALSE;
    }
  if (max_depth < 0)
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE, _("%s takes 0 or more, not %d."), "--max-depth", max_depth);
      return FALSE;
    }
  if (limit < 0)
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE, _("--limit takes a number of rows, or 0 for all."));
      return FALSE;
    }
  if (!(seconds >= 0.05 && seconds <= 3600))
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE, _("--seconds takes 0.05 to 3600, not %g."), seconds);
      return FALSE;
    }
  if (cli->options.output != NULL && !rsc_film_format_from_path (cli->options.output, &format))
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                   _("“%s” does not say what to write: a page (.html), an animated picture (.svg), or a folder of numbered "
                     "pictures (a name that ends in “/”)."), cli->options.output);
      return FALSE;
    }

  return check_phase (error);
}

static RscReplay *
make_replay (RscCli  *cli,
             GError **error)
{
  RscReplay *replay = NULL;

  if (drop != NULL)
    {
      g_autoptr (GArray) drops = rsc_drop_refs_resolve (cli->snapshot, (const char *const *) drop, cli->cancellable, error);

      if (drops != NULL)
        replay = rsc_replay_new_drop (cli->snapshot, (const RscDrop *) drops->data, drops->len, &cli->progress,
                                      cli->cancellable, error);
    }
  else if (mark_sweep || from != NULL || breadth_first)
    {
      const char *const all_roots[] = { NULL };
      g_autoptr (GArray) starts = rsc_source_resolve (cli, from != NULL ? (const char *const *) from : all_roots, -1, error);

      if (starts != NULL)
        replay = rsc_replay_new_mark_sweep (cli->snapshot, (const RscNode *) starts->data, starts->len,
                                            breadth_first ? RSC_ORDER_BREADTH_FIRST : RSC_ORDER_DEPTH_FIRST,
                                            &cli->progress, cli->cancellable, error);
    }
  else
    {
      guint collected;

      if (rsc_cli_find_generation (cli->snapshot, interpreter, generation != UNSET ? (guint) generation : RSC_GENERATION_2, &collected, error))
        replay = rsc_replay_new_collection (cli->snapshot, collected, &cli->progress, cli->cancellable, error);
    }
  rsc_cli_progress_clear ();

  return replay;
}

/* --- As JSON lines ---------------------------------------------------------- */

typedef struct
{
  RscCli *cli;
  RscReplay *replay;
  GArray *objects; /* of RscNode, those that were asked for; empty: all */
  guint64 n_written;
} Steps;

static void
append_state (GString            *json,
              const char         *member,
              const RscNodeState *state)
{
  g_string_append_printf (json, ", \"%s\": {\"refcount\": ", member);
  if (state->refcount != RSC_REFCOUNT_UNKNOWN)
    g_string_append_printf (json, "%u", state->refcount);
  else
    g_string_append (json, "null");
  g_string_append (json, ", \"gc_refs\": ");
  if (state->gc_refs != RSC_GC_REFS_NONE)
    g_string_append_printf (json, "%u", state->gc_refs);
  else
    g_string_append (json, "null");
  g_string_append_printf (json, ", \"state\": \"%s\", \"list\": \"%s\"}", rsc_state_get_id (state->state),
                          rsc_list_get_id (state->list));
}

static void
append_step (GString       *json,
             RscReplay     *replay,
             const RscStep *step)
{
  RscSnapshot *snapshot = rsc_replay_get_snapshot (replay);
  g_autofree char *node = rsc_replay_dup_title (snapshot, step->node);
  g_autofree char *source = rsc_replay_dup_title (snapshot, step->source);
  g_autofree char *sentence = rsc_replay_describe (replay, step, node, source);

  g_string_append_printf (json, "{\"step\": %" PRIu64 ", \"phase\": \"%s\", \"action\": \"%s\"", step->index + 1,
                          rsc_phase_get_id (step->phase), rsc_step_get_id (step->kind));
  if (step->node != RSC_NODE_NONE)
    {
      g_string_append (json, ", \"object\": ");
      rsc_node_append_json (json, snapshot, step->node);
    }
  if (step->source != RSC_NODE_NONE)
    {
      g_autofree char *label = step->edge != G_MAXUINT64 ? rsc_snapshot_dup_edge_label (snapshot, step->edge) : NULL;

      g_string_append (json, ", \"source\": ");
      rsc_node_append_json (json, snapshot, step->source);
      g_string_append (json, ", \"label\": ");
      rsc_json_append_string (json, label != NULL ? label : "");
    }
  if (step->node != RSC_NODE_NONE)
    {
      append_state (json, "before", &step->before);
      append_state (json, "after", &step->after);
    }
  else
    {
      g_string_append_printf (json, ", \"before\": {\"list\": \"%s\"}, \"after\": {\"list\": \"%s\"}",
                              rsc_list_get_id (step->before.list), rsc_list_get_id (step->after.list));
    }
  g_string_append (json, ", \"code\": ");
  rsc_json_append_string (json, rsc_step_get_code (step->kind));
  g_string_append (json, ", \"sentence\": ");
  rsc_json_append_string (json, sentence);
  g_string_append (json, "}\n");
}

static gboolean
is_asked_for (const Steps   *self,
              const RscStep *step)
{
  if (phase != NULL && strcmp (phase, rsc_phase_get_id (step->phase)) != 0)
    return FALSE;
  if (objects_only && step->source != RSC_NODE_NONE)
    return FALSE;
  for (guint i = 0; i < self->objects->len; i++)
    if (g_array_index (self->objects, RscNode, i) == step->node
        || g_array_index (self->objects, RscNode, i) == step->source)
      return TRUE;

  return self->objects->len == 0;
}

static void
emit (RscOutput *output,
      gpointer   data)
{
  Steps *self = data;
  g_autoptr (RscReplayCursor) cursor = rsc_replay_cursor_new (self->replay);
  guint64 n = rsc_replay_get_n_steps (self->replay);
  guint64 max = limit > 0 ? (guint64) limit : G_MAXUINT64;

  for (guint64 p = 1; p <= n && self->n_written < max; p++)
    {
      RscStep step;

      rsc_replay_cursor_seek (cursor, p);
      if (!rsc_replay_cursor_get_step (cursor, &step) || !is_asked_for (self, &step))
        continue;
      append_step (rsc_output_get_buffer (output), self->replay, &step);
      self->n_written++;
      if (!rsc_output_flush_some (output)
          || (p % RSC_CANCEL_INTERVAL == 0 && g_cancellable_is_cancelled (self->cli->cancellable)))
        return;
    }
}

static void
note_summary (RscCli    *cli,
              RscReplay *replay)
{
  const RscReplaySummary *summary = rsc_replay_get_summary (replay);
  guint64 n = rsc_replay_get_n_steps (replay);

  switch (rsc_replay_get_kind (replay))
    {
    case RSC_REPLAY_COLLECTION:
      rsc_cli_note (cli, _("%" PRIu64 " steps: %" PRIu64 " objects examined, %" PRIu64
                           " unreachable, %" PRIu64 " freed with what they held."),
                    n, summary->examined, summary->unreachable, summary->freed);
      break;
    case RSC_REPLAY_MARK_SWEEP:
      rsc_cli_note (cli, _("%" PRIu64 " steps: %" PRIu64 " objects marked, %" PRIu64 " swept."),
                    n, summary->reachable, summary->unreachable);
      break;
    case RSC_REPLAY_DROP:
    default:
      rsc_cli_note (cli, _("%" PRIu64 " steps: %" PRIu64 " objects freed, %" PRIu64
                           " left in cycles."),
                    n, summary->freed, summary->left);
      break;
    }
  if (summary->finalizers + summary->callbacks > 0)
    rsc_cli_note (cli, _("%" PRIu64 " finalizers and %" PRIu64
                         " callbacks would run; what they do is not predicted."),
                  summary->finalizers, summary->callbacks);
}

/* --- As a picture ----------------------------------------------------------- */

static RscGraph *
make_graph (RscCli    *cli,
            RscReplay *replay,
            GArray    *objects,
            GError   **error)
{
  RscViewParams params = RSC_VIEW_PARAMS_INIT;
  g_autoptr (RscView) view = NULL;
  g_autoptr (GArray) actors = objects->len > 0 ? g_array_ref (objects) : rsc_replay_list_actors (replay, MAX_ACTORS);

  params.objects = (const RscNode *) actors->data;
  params.n_objects = actors->len;
  params.max_depth = (guint) max_depth;
  params.direction = rsc_replay_get_kind (replay) == RSC_REPLAY_COLLECTION ? RSC_DIRECTION_BOTH : RSC_DIRECTION_REFS;
  params.max_nodes = RSC_VIEW_MAX_NODES_DEFAULT / 4;

  view = rsc_view_new (&params);

  return rsc_graph_build (cli->snapshot, view, &cli->progress, cli->cancellable, error);
}

static gboolean
draw (RscCli    *cli,
      RscReplay *replay,
      GArray    *objects,
      GError   **error)
{
  g_autoptr (RscGraph) graph = make_graph (cli, replay, objects, error);
  g_autoptr (RscScene) scene = NULL;
  RscFilmFormat format = RSC_FILM_HTML;
  guint64 n_left_out, n_cut;
  guint n_frames;

  if (graph == NULL)
    return FALSE;
  scene = rsc_scene_new (graph, LAYOUT_SECONDS, &cli->progress, cli->cancellable, error);
  if (scene == NULL)
    return FALSE;

  rsc_film_format_from_path (cli->options.output, &format);
  if (!rsc_replay_film_write (replay, scene, objects_only ? RSC_GRAIN_OBJECT : RSC_GRAIN_STEP, format, seconds,
                              cli->options.output, cli->options.force, &n_frames, &n_left_out, &n_cut, &cli->progress,
                              cli->cancellable, error))
    return FALSE;

  rsc_cli_progress_clear ();
  rsc_cli_note (cli, _("%s: %u pictures; %" PRIu64 " steps have none, as they change nothing of what is drawn or are of single"
                       " references."),
                cli->options.output, n_frames, n_left_out - n_cut);
  if (n_cut > 0)
    rsc_cli_note (cli, _("%" PRIu64 " steps before the last were cut: there are %u pictures at most. Choose fewer objects, or"
                         " --objects-only."),
                  n_cut, RSC_REPLAY_FILM_MAX_FRAMES);

  return TRUE;
}

static gboolean
run (RscCli  *cli,
     GError **error)
{
  g_autoptr (RscReplay) replay = NULL;
  g_autoptr (GArray) objects = NULL;
  Steps steps = { .cli = cli };

  if (rsc_source_open (cli, error) == NULL)
    return FALSE;
  objects = rsc_source_resolve (cli, cli->objects, -1, error);
  if (objects == NULL)
    return FALSE;
  replay = make_replay (cli, error);
  if (replay == NULL || !rsc_source_finish (cli, error))
    return FALSE;

  note_summary (cli, replay);
  if (cli->options.output != NULL)
    return draw (cli, replay, objects, error);

  steps.replay = replay;
  steps.objects = objects;

  return rsc_output_run (cli, emit, &steps, error) && !g_cancellable_set_error_if_cancelled (cli->cancellable, error);
}

const RscCliCommand rsc_cmd_step = {
  .name = "step",
  .parameters = N_("SOURCE [OBJECT…]"),
  .summary = N_("A garbage collection step by step"),
  .description = N_("Replays a collection on the capture, as CPython's collector does it, and prints each step as a line of JSON: its "
                    "phase, the object or reference, the counts and lists before and after. With OBJECT only the steps that "
                    "concern it. With -o FILE.html a page with buttons, with -o FILE.svg an animated picture, with -o FOLDER/ "
                    "numbered pictures."),
  .examples = "  refscope-cli step heap.refscope type:Session\n"
              "  refscope-cli step graph.dot --from name:A\n"
              "  refscope-cli step heap.refscope --drop cache -o drop.html\n"
              "  refscope-cli step --on-mark 'after del' -o collection.html -- python3 cycles.py",
  .flags = RSC_COMMAND_LIVE | RSC_COMMAND_OBJECTS | RSC_COMMAND_OUTPUT | RSC_COMMAND_FOLDER,
  .entries = entries,
  .check = check,
  .run = run,
};
