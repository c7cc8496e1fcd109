#include "rsc-cli-view.h"

#include <inttypes.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "base/rsc-file.h"
#include "render/rsc-scene.h"
#include "rsc-cli-objects.h"
#include "rsc-cli-output.h"
#include "rsc-cli-progress.h"
#include "rsc-cli-source.h"
#include "rsc-cli-summary.h"

gboolean
rsc_picture_check (RscCli  *cli,
                   GError **error)
{
  RscExportFormat format;

  if (cli->options.output == NULL)
    return TRUE;
  if (!rsc_export_format_from_path (cli->options.output, &format, error))
    return FALSE;

  if (cli->options.json && format != RSC_EXPORT_JSON)
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                   _("%s and the ending of “%s” say different formats."), "--json", cli->options.output);
      return FALSE;
    }

  return TRUE;
}

/* The graph's JSON object with the program's exit status as one more member. */
static char *
get_json (RscGraph *graph,
          RscCli   *cli)
{
  g_autofree char *text = rsc_graph_to_json (graph);
  GString *json = g_string_new (g_strchomp (text));

  g_assert (json->len > 0 && json->str[json->len - 1] == '}');

  if (cli->target != NULL)
    {
      g_string_truncate (json, json->len - 1);
      rsc_source_append_exit_status (cli, json);
      g_string_append_c (json, '}');
    }
  g_string_append_c (json, '\n');

  return g_string_free (json, FALSE);
}

static gboolean
write_text (RscCli      *cli,
            const char  *text,
            GError     **error)
{
  if (cli->options.output != NULL)
    return rsc_file_replace_contents (cli->options.output, cli->options.force, text, strlen (text), NULL, error);

  return rsc_output_write (cli, text, strlen (text), error);
}

static gboolean
evaluate_condition (RscCli    *cli,
                    RscGraph  *graph,
                    GError   **error)
{
  g_autoptr (GArray) nodes = g_array_new (FALSE, FALSE, sizeof (RscNode));
  const RscGraphNode *drawn;
  RscObjects objects;
  RscRows rows;
  gsize n;

  drawn = rsc_graph_get_nodes (graph, &n);
  for (gsize i = 0; i < n; i++)
    if (drawn[i].kind == RSC_GRAPH_NODE_OBJECT)
      g_array_append_val (nodes, drawn[i].node);

  return rsc_objects_init_rows (&objects, &rows, cli, (const RscNode *) nodes->data, nodes->len, RSC_OBJECTS_PLAIN, error)
         && rsc_condition_evaluate (cli->options.fail_if, &rows, cli->cancellable, &cli->condition_held, error);
}

static void
note_graph (RscCli   *cli,
            RscGraph *graph)
{
  const RscGraphNode *nodes;
  gsize n_nodes, n_edges, n_objects = 0, n_drawn = 0;
  guint64 n_folded = 0;
  g_autofree char *counts = NULL;
  const RscGraphEdge *edges;

  nodes = rsc_graph_get_nodes (graph, &n_nodes);
  edges = rsc_graph_get_edges (graph, &n_edges);
  for (gsize i = 0; i < n_edges; i++)
    n_drawn += edges[i].kind != RSC_GRAPH_EDGE_FOLD;
  for (gsize i = 0; i < n_nodes; i++)
    {
      n_objects += nodes[i].kind == RSC_GRAPH_NODE_OBJECT;
      if (nodes[i].kind == RSC_GRAPH_NODE_FOLD)
        n_folded += nodes[i].count;
    }

  counts = rsc_summary_dup_counts (n_objects, n_drawn);
  if (n_folded == 0)
    /* Translators: a file's name; "12 objects, 34 references" */
    rsc_cli_note (cli, _("%s: %s."), cli->options.output, counts);
  else
    rsc_cli_note (cli, ngettext ("%s: %s; %" PRIu64 " more is folded.", "%s: %s; %" PRIu64 " more are folded.",
                                 (gulong) n_folded),
                  cli->options.output, counts, n_folded);
}

static void
note_layout (RscCli   *cli,
             RscScene *scene)
{
  const char *settings = rsc_scene_get_settings (scene);

  if (rsc_scene_get_note (scene) != NULL)
    rsc_cli_note (cli, "%s", rsc_scene_get_note (scene));

  rsc_cli_note (cli, _("Laid out by %s%s%s in %.2f s."), rsc_scene_get_engine (scene),
                *settings != '\0' ? " " : "", settings, rsc_scene_get_seconds (scene));
}

static gboolean
write_graph (RscCli           *cli,
             RscGraph         *graph,
             RscExportFormat   format,
             RscScene         *scene,
             double            scale,
             GError          **error)
{
  g_autofree char *text = NULL;

  if (scene != NULL)
    /* Not to be cancelled: who stops waiting for the program's end is to have the picture. */
    return rsc_export_scene (scene, NULL, format, scale, cli->options.output, cli->options.force, NULL, error);

  text = format == RSC_EXPORT_JSON ? get_json (graph, cli) : rsc_graph_to_dot (graph);

  return write_text (cli, text, error);
}

gboolean
rsc_picture_draw (RscCli               *cli,
                  const RscViewParams  *params,
                  double                scale,
                  GError              **error)
{
  g_autoptr (RscView) view = rsc_view_new (params);
  g_autoptr (RscGraph) graph = NULL;
  g_autoptr (RscScene) scene = NULL;
  g_autoptr (GError) finish_error = NULL;
  RscExportFormat format = cli->options.json ? RSC_EXPORT_JSON : RSC_EXPORT_DOT;

  if (cli->options.output != NULL && !rsc_export_format_from_path (cli->options.output, &format, error))
    return FALSE;

  graph = rsc_graph_build (cli->snapshot, view, &cli->progress, cli->cancellable, error);
  if (graph == NULL)
    return FALSE;

  if (cli->options.fail_if != NULL && !evaluate_condition (cli, graph, error))
    return FALSE;

  if (format != RSC_EXPORT_DOT && format != RSC_EXPORT_JSON)
    {
      scene = rsc_scene_new (graph, 0, &cli->progress, cli->cancellable, error);
      if (scene == NULL)
        return FALSE;
    }
  rsc_cli_progress_clear ();

  rsc_source_finish (cli, &finish_error);

  if (!write_graph (cli, graph, format, scene, scale, error))
    return FALSE;

  if (cli->options.output != NULL)
    note_graph (cli, graph);
  if (scene != NULL)
    {
      g_autofree char *note = rsc_export_dup_scale_note (scene, format, scale);

      note_layout (cli, scene);
      if (note != NULL)
        rsc_cli_note (cli, "%s", note);
    }

  if (finish_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&finish_error));
      return FALSE;
    }

  return TRUE;
}
