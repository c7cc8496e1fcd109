#include "config.h"

#include "rsc-replay-film.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

typedef struct
{
  RscReplay *replay;
  RscReplayCursor *cursor;
  GArray *drawn;     /* of RscNode */
  GArray *positions; /* of guint64 */
} ReplayFilm;

char *
rsc_replay_dup_title (RscSnapshot *snapshot, RscNode node)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (snapshot);
  g_autofree char *value = NULL;
  RscType type;

  if (node == RSC_NODE_NONE)
    return NULL;
  type = rsc_snapshot_get_type (snapshot, columns->type[node]);
  value = rsc_node_dup_value (snapshot, node);
  /* A node of a DOT graph has a name, and an address that is only its number. */
  if (*type.module == '\0' && value != NULL && *value != '\0')
    return g_steal_pointer (&value);
  return g_strdup_printf ("%s%s%s 0x%" G_GINT64_MODIFIER "x", type.name, value != NULL && *value != '\0' ? " " : "",
                          value != NULL ? value : "", columns->address[node]);
}

static void
get_frame (gsize index, RscFilmFrame *frame, gpointer data)
{
  ReplayFilm *self = data;
  RscSnapshot *snapshot = rsc_replay_get_snapshot (self->replay);
  RscStep step;

  rsc_replay_cursor_seek (self->cursor, g_array_index (self->positions, guint64, index));
  frame->overlay = rsc_replay_cursor_to_overlay (self->cursor, (const RscNode *) (void *) self->drawn->data, self->drawn->len);
  if (rsc_replay_cursor_get_step (self->cursor, &step))
    {
      g_autofree char *node = rsc_replay_dup_title (snapshot, step.node);
      g_autofree char *source = rsc_replay_dup_title (snapshot, step.source);
      g_autofree char *number = g_strdup_printf ("%" G_GUINT64_FORMAT, step.index + 1);

      /* Translators: the number of a step of a garbage collection, and its phase */
      frame->heading = g_strdup_printf (_("Step %1$s: %2$s"), number, rsc_phase_get_label (step.phase));
      frame->sentence = rsc_replay_describe (self->replay, &step, node, source);
      frame->code = g_strdup (rsc_step_get_code (step.kind));
    }
  else
    {
      frame->heading = g_strdup (_("Before the first step"));
      frame->sentence = g_strdup (_("The objects as they were captured."));
    }
}

static const char *
get_title (RscReplay *replay)
{
  switch (rsc_replay_get_kind (replay))
    {
    case RSC_REPLAY_MARK_SWEEP:
      return _("Mark and sweep, step by step");
    case RSC_REPLAY_DROP:
      return _("What goes with a reference, step by step");
    case RSC_REPLAY_COLLECTION:
    default:
      return _("A collection, step by step");
    }
}

gboolean
rsc_replay_film_write (RscReplay *replay, RscScene *scene, RscGrain grain, RscFilmFormat format, double seconds,
                       const char *path, gboolean overwrite, guint *n_frames, guint64 *n_left_out, guint64 *n_cut,
                       const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  g_autoptr(GArray) drawn = g_array_new (FALSE, FALSE, sizeof (RscNode));
  g_autoptr(RscReplayCursor) cursor = rsc_replay_cursor_new (replay);
  g_autoptr(GArray) positions = NULL;
  const RscGraphNode *nodes;
  ReplayFilm film;
  RscFilm writer;
  gsize n;

  nodes = rsc_graph_get_nodes (rsc_scene_get_graph (scene), &n);
  for (gsize i = 0; i < n; i++)
    if (nodes[i].kind == RSC_GRAPH_NODE_OBJECT)
      g_array_append_val (drawn, nodes[i].node);
  positions = rsc_replay_list_frames (replay, (const RscNode *) (void *) drawn->data, drawn->len, grain,
                                      RSC_REPLAY_FILM_MAX_FRAMES, n_left_out, n_cut);
  *n_frames = positions->len;
  film = (ReplayFilm) { replay, cursor, drawn, positions };
  writer = (RscFilm) { scene, get_title (replay), positions->len, get_frame, &film };
  return rsc_film_write (&writer, format, seconds, path, overwrite, progress, cancellable, error);
}
