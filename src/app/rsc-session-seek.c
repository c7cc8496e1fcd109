/* The part of RscSession that looks for the next step, or the one before, of what
 * somebody looks at.  It is mostly near; where it is not, a worker looks on. */
#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-session-private.h"

/* Looked at on the main thread: less than a millisecond. */
#define STEPS_AT_ONCE 65536
/* ... by the worker, before it asks whether it is wanted still. */
#define STEPS_OF_WORKER (G_GUINT64_CONSTANT (1) << 20)

typedef struct
{
  RscReplay *replay;
  RscBitset *nodes;  /* what is drawn; NULL: @node's own */
  RscNode node;
  gboolean forwards;
  guint64 from;      /* where the steps stood */
  guint64 position;
  RscSearchResult result;
} Search;

static void
search_free (gpointer data)
{
  Search *search = data;

  rsc_replay_unref (search->replay);
  g_clear_pointer (&search->nodes, rsc_bitset_free);
  g_free (search);
}

static void
arrive (RscSession *self, const Search *search)
{
  if (search->nodes == NULL && search->result == RSC_SEARCH_NONE)
    rsc_session_message (self, search->forwards ? _("The selected object has no step after this one.")
                                                : _("The selected object has no step before this one."));
  else
    rsc_session_go_to_step (self, search->position);
}

static gpointer
look_on (gpointer data, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  Search *search = data;
  guint64 n_steps = rsc_replay_get_n_steps (search->replay);

  while (search->result == RSC_SEARCH_UNFINISHED && !g_cancellable_set_error_if_cancelled (cancellable, error))
    {
      search->result = rsc_replay_search (search->replay, search->nodes, search->node, search->forwards, STEPS_OF_WORKER,
                                          &search->position);
      rsc_progress_report (progress, (double) (search->forwards ? search->position : n_steps - search->position) / (double) n_steps,
                           _("Looking for the step"));
    }

  return NULL;
}

static void
looked (gpointer owner, RscJob *job, gpointer data, const GError *error)
{
  RscSession *self = owner;
  Search *search = rsc_job_get_data (job);
  gboolean late = job != self->seek_job;

  if (!late)
    self->seek_job = NULL;
  /* Who has gone elsewhere meanwhile does not want it any more. */
  if (!rsc_session_job_done (self, job, error) || late || error != NULL)
    return;

  arrive (self, search);
}

void
rsc_session_cancel_seek (RscSession *self)
{
  if (self->seek_job != NULL)
    rsc_job_cancel (self->seek_job);
  self->seek_job = NULL;
}

/* Takes @nodes. */
static void
seek (RscSession *self, RscBitset *nodes, RscNode node, gboolean forwards)
{
  Search *search = g_new0 (Search, 1);

  search->replay = rsc_replay_ref (rsc_replay_cursor_get_replay (self->steps));
  search->nodes = nodes;
  search->node = node;
  search->forwards = forwards;
  search->from = search->position = rsc_replay_cursor_get_position (self->steps);
  search->result = rsc_replay_search (search->replay, nodes, node, forwards, STEPS_AT_ONCE, &search->position);
  rsc_session_cancel_seek (self);
  if (search->result == RSC_SEARCH_UNFINISHED)
    {
      self->seek_job = rsc_session_add_job (self, rsc_job_start (self, _("Looking for the step"), look_on, search, search_free, NULL,
                                                                 looked));
      return;
    }

  arrive (self, search);
  search_free (search);
}

/* Is the same being looked for? */
static gboolean
is_seeking (RscSession *self, gboolean drawn, gboolean forwards)
{
  const Search *search = self->seek_job != NULL ? rsc_job_get_data (self->seek_job) : NULL;

  return search != NULL && (search->nodes != NULL) == drawn && search->forwards == forwards;
}

void
rsc_session_seek_drawn_step (RscSession *self, gboolean forwards)
{
  const RscGraphNode *nodes = NULL;
  RscBitset *drawn;
  gsize n_nodes = 0;

  if (self->steps == NULL || is_seeking (self, TRUE, forwards))
    return;

  drawn = rsc_bitset_new (rsc_snapshot_peek_columns (rsc_replay_get_snapshot (rsc_replay_cursor_get_replay (self->steps)))->n_nodes);
  if (self->scene != NULL)
    nodes = rsc_graph_get_nodes (rsc_scene_get_graph (self->scene), &n_nodes);
  for (gsize i = 0; i < n_nodes; i++)
    if (nodes[i].kind == RSC_GRAPH_NODE_OBJECT)
      rsc_bitset_set (drawn, nodes[i].node);
  seek (self, drawn, RSC_NODE_NONE, forwards);
}

void
rsc_session_seek_own_step (RscSession *self, gboolean forwards)
{
  if (self->steps != NULL && self->selected != RSC_NODE_NONE && !is_seeking (self, FALSE, forwards))
    seek (self, NULL, self->selected, forwards);
}
