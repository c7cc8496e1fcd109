/* Which reference a step is about.  The log holds its target only: the source
 * is the node that was taken up before, and which of its references it is, is
 * told by how many were gone through since. */
#include "config.h"

#include "rsc-replay-private.h"

/* The @nth of those edges that the collector sees and whose targets are in the
 * list that is collected, as it was before the step. */
static guint64
find_subtracted (RscReplayCursor  *cursor,
                 const RscColumns *columns,
                 RscNode           source,
                 guint64           nth)
{
  const RscReplayState *state = rsc_replay_cursor_peek (cursor);
  RscList list = state->lists.list[state->nodes[source].segment];

  for (guint64 e = columns->first_edge[source]; e < columns->first_edge[source + 1]; e++)
    if (rsc_edge_is_traversed (columns->kind[e])
        && state->lists.list[state->nodes[columns->target[e]].segment] == list && nth-- == 0)
      return e;

  return G_MAXUINT64;
}

static guint64
find_strong (const RscColumns *columns,
             RscNode           source,
             guint64           nth)
{
  for (guint64 e = columns->first_edge[source]; e < columns->first_edge[source + 1]; e++)
    if (!(columns->kind[e] & RSC_EDGE_WEAK) && nth-- == 0)
      return e;

  return G_MAXUINT64;
}

static guint64
find_released (RscReplay *replay,
               RscNode    source,
               gboolean   by_clear,
               guint64    nth)
{
  RscReleaseMode mode = RSC_RELEASE_CLEAR;
  RscRelease release;
  guint64 edge;

  if (!by_clear)
    mode = replay->cleared != NULL && rsc_bitset_get (replay->cleared, source) ? RSC_RELEASE_REST : RSC_RELEASE_ALL;
  rsc_release_begin (&release, replay, source, mode);
  while (rsc_release_next (&release, replay, &edge))
    if (nth-- == 0)
      return edge;

  return G_MAXUINT64;
}

/* What the collector follows has an effect once for each target, at its first. */
static guint64
find_first (const RscColumns *columns,
            RscNode           source,
            RscNode           target)
{
  for (guint64 e = columns->first_edge[source]; e < columns->first_edge[source + 1]; e++)
    if (rsc_edge_is_traversed (columns->kind[e]) && columns->target[e] == target)
      return e;

  return G_MAXUINT64;
}

static guint64
find_dropped (RscReplay *replay,
              guint64    index)
{
  guint64 n = 0;

  for (guint64 i = 0; i < index; i++)
    n += rsc_replay_get_step_kind (replay, i) == RSC_STEP_DROP;

  return n < replay->dropped->len ? g_array_index (replay->dropped, guint64, n) : G_MAXUINT64;
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
                        guint64          index,
                        RscNode         *source,
                        guint64         *edge)
{
  RscReplay *replay = rsc_replay_cursor_get_replay (cursor);
  const RscColumns *columns = rsc_snapshot_peek_columns (replay->snapshot);
  RscStepKind kind = rsc_replay_get_step_kind (replay, index);
  RscNode node = rsc_replay_get_step_node (replay, index);
  RscStepKind opener = RSC_N_STEP_KINDS;
  guint64 nth = 0;
  guint64 depth = 0;

  if (kind == RSC_STEP_DROP)
    {
      *edge = find_dropped (replay, index);
      if (*edge != G_MAXUINT64)
        *source = rsc_edge_get_source (columns, *edge);
      return;
    }
  if (!rsc_step_is_edge (kind))
    return;

  for (guint64 i = index; i-- > 0;)
    {
      RscStepKind earlier = rsc_replay_get_step_kind (replay, i);

      if (rsc_step_closes (earlier))
        depth++;
      else if (rsc_step_opens (replay, earlier) && depth == 0)
        {
          opener = earlier;
          *source = rsc_replay_get_step_node (replay, i);
          break;
        }
      else if (rsc_step_opens (replay, earlier))
        depth--;
      if (depth == 0 && rsc_step_is_edge (earlier))
        nth++;
    }

  switch (kind)
    {
    case RSC_STEP_ENTER:
    case RSC_STEP_QUEUE:
    case RSC_STEP_SEEN:
      *edge = find_strong (columns, *source, nth);
      break;
    case RSC_STEP_KEEP:
    case RSC_STEP_RESCUE:
    case RSC_STEP_RESURRECT:
    case RSC_STEP_LEGACY_REACHED:
      *edge = find_first (columns, *source, node);
      break;
    case RSC_STEP_DECREF:
    case RSC_STEP_PASS:
    case RSC_STEP_SUBTRACT:
    default:
      *edge = opener == RSC_STEP_CLEAR || opener == RSC_STEP_DEALLOCATE
                  ? find_released (replay, *source, opener == RSC_STEP_CLEAR, nth)
                  : find_subtracted (cursor, columns, *source, nth);
      break;
    }
}
