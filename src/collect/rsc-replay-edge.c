/* Which reference a step is about.  The log holds its target only: the source
 * is the node that was taken up before, and which of its references it is, is
 * told by how many were gone through since. */
#include "config.h"

#include "rsc-replay-private.h"

/* A node that was taken up, whose references are gone through. */
typedef struct
{
  RscNode source;
  RscStepKind kind;     /* of the step that took it up */
  guint64 next;         /* edge: those below were gone through */
  RscRelease release;   /* CLEAR and DEALLOCATE: in their order */
} Open;

/* The nodes that are open before a step; the last is the innermost. */
struct _RscOpenNodes
{
  guint64 index; /* of the step */
  GArray *open;  /* of Open */
};

RscOpenNodes *
rsc_open_nodes_new (void)
{
  RscOpenNodes *self = g_new0 (RscOpenNodes, 1);

  self->open = g_array_new (FALSE, FALSE, sizeof (Open));

  return self;
}

void
rsc_open_nodes_free (RscOpenNodes *self)
{
  g_array_unref (self->open);
  g_free (self);
}

static Open
make_open (RscReplay  *replay,
           RscStepKind kind,
           RscNode     node)
{
  Open open = { .source = node, .kind = kind, .next = rsc_snapshot_peek_columns (replay->snapshot)->first_edge[node] };
  gboolean was_cleared = replay->cleared != NULL && rsc_bitset_get (replay->cleared, node);

  if (kind == RSC_STEP_CLEAR)
    rsc_release_begin (&open.release, replay, node, RSC_RELEASE_CLEAR);
  else if (kind == RSC_STEP_DEALLOCATE)
    rsc_release_begin (&open.release, replay, node, was_cleared ? RSC_RELEASE_REST : RSC_RELEASE_ALL);

  return open;
}

/* Those edges that the collector sees and whose targets are in the list that is
 * collected, as it is now. */
static gboolean
is_subtracted (const RscReplayState *state,
               const RscColumns     *columns,
               RscNode               source,
               guint64               edge)
{
  return rsc_edge_is_subtracted (columns->kind[edge])
         && state->lists.list[state->nodes[columns->target[edge]].segment]
                == state->lists.list[state->nodes[source].segment];
}

/* The next edge that a step of @kind is about; G_MAXUINT64: there is none. */
static guint64
take_edge (RscReplayCursor *cursor,
           Open            *open,
           RscStepKind      kind,
           RscNode          target)
{
  RscReplay *replay = rsc_replay_cursor_get_replay (cursor);
  const RscReplayState *state = rsc_replay_cursor_peek (cursor);
  const RscColumns *columns = rsc_snapshot_peek_columns (replay->snapshot);
  guint64 end = columns->first_edge[open->source + 1];
  guint64 edge;

  if (open->kind == RSC_STEP_CLEAR || open->kind == RSC_STEP_DEALLOCATE)
    return rsc_release_next (&open->release, replay, &edge) ? edge : G_MAXUINT64;

  while (open->next < end)
    {
      gboolean found;

      edge = open->next++;
      switch (kind)
        {
        case RSC_STEP_ENTER:
        case RSC_STEP_QUEUE:
        case RSC_STEP_SEEN:
          found = !(columns->kind[edge] & RSC_EDGE_WEAK);
          break;
        case RSC_STEP_SUBTRACT:
        case RSC_STEP_PASS:
          found = is_subtracted (state, columns, open->source, edge);
          break;
        default:
          /* What is followed has an effect at a target's first edge only. */
          found = rsc_edge_is_traversed (columns->kind[edge]) && columns->target[edge] == target;
          break;
        }
      if (found)
        return edge;
    }

  return G_MAXUINT64;
}

/* Goes over step @index, which the nodes are open before. */
static void
pass_step (RscReplayCursor *cursor,
           RscOpenNodes    *self,
           guint64          index,
           guint64         *edge,
           RscNode         *source)
{
  RscReplay *replay = rsc_replay_cursor_get_replay (cursor);
  RscStepKind kind = rsc_replay_get_step_kind (replay, index);
  RscNode node = rsc_replay_get_step_node (replay, index);

  if (rsc_step_is_edge (kind) && self->open->len > 0)
    {
      Open *open = &g_array_index (self->open, Open, self->open->len - 1);

      *source = open->source;
      *edge = take_edge (cursor, open, kind, node);
    }
  if (rsc_step_closes (kind) && self->open->len > 0)
    g_array_set_size (self->open, self->open->len - 1);
  if (rsc_step_opens (replay, kind))
    {
      Open open = make_open (replay, kind, node);

      /* Those that nothing closes are over when the next is taken up. */
      if (kind == RSC_STEP_VISIT || kind == RSC_STEP_HELD)
        g_array_set_size (self->open, 0);
      g_array_append_val (self->open, open);
    }
  self->index = index + 1;
}

/* Back to the step that took up the innermost node that is open before @index,
 * and forward again. */
static void
find_open (RscReplayCursor *cursor,
           RscOpenNodes    *self,
           guint64          index)
{
  RscReplay *replay = rsc_replay_cursor_get_replay (cursor);
  guint64 depth = 0;

  g_array_set_size (self->open, 0);
  self->index = index;
  for (guint64 i = index; i-- > 0;)
    {
      RscStepKind kind = rsc_replay_get_step_kind (replay, i);

      if (rsc_step_closes (kind))
        {
          depth++;
        }
      else if (rsc_step_opens (replay, kind) && depth > 0)
        {
          depth--;
        }
      else if (rsc_step_opens (replay, kind))
        {
          guint64 edge;
          RscNode source;

          for (guint64 j = i; j < index; j++)
            pass_step (cursor, self, j, &edge, &source);
          return;
        }
    }
}

/* How many references were dropped before tells which. */
static guint64
find_dropped (RscReplay *replay,
              guint64    index)
{
  guint64 n = 0;

  for (guint64 i = 0; i < index; i++)
    n += rsc_replay_get_step_kind (replay, i) == RSC_STEP_DROP;

  return g_array_index (replay->dropped, guint64, n);
}

RscNode
rsc_edge_get_source (const RscColumns *columns,
                     guint64           edge)
{
  RscNode low = 0;
  RscNode high = columns->n_nodes;

  while (high - low > 1)
    {
      RscNode middle = low + (high - low) / 2;

      if (columns->first_edge[middle] <= edge)
        low = middle;
      else
        high = middle;
    }

  return low;
}

void
rsc_replay_find_source (RscReplayCursor *cursor,
                        RscOpenNodes    *open,
                        guint64          index,
                        RscNode         *source,
                        guint64         *edge)
{
  RscReplay *replay = rsc_replay_cursor_get_replay (cursor);
  RscStepKind kind = rsc_replay_get_step_kind (replay, index);

  if (kind == RSC_STEP_DROP)
    {
      *edge = find_dropped (replay, index);
      *source = rsc_edge_get_source (rsc_snapshot_peek_columns (replay->snapshot), *edge);
    }
  /* Whoever goes on step by step has them already. */
  if (open->index != index)
    {
      if (!rsc_step_is_edge (kind))
        return;
      find_open (cursor, open, index);
    }
  pass_step (cursor, open, index, edge, source);
}
