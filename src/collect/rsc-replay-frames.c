/* Which objects and which steps of a replay make a picture of it. */
#include "config.h"

#include "rsc-replay-private.h"

/* A heap of that many objects is drawn as a whole. */
#define SMALL_HEAP 60

static gboolean
is_actor (RscReplay  *self,
          RscStepKind kind)
{
  switch (kind)
    {
    case RSC_STEP_SET_ASIDE:
      return self->summary.unreachable > 0;
    case RSC_STEP_DROP:
    case RSC_STEP_DEALLOCATE:
    case RSC_STEP_LEFT:
      return self->kind == RSC_REPLAY_DROP;
    case RSC_STEP_HELD:
      return self->summary.unreachable == 0;
    case RSC_STEP_ROOT:
    case RSC_STEP_ENTER:
    case RSC_STEP_QUEUE:
      return TRUE;
    default:
      return FALSE;
    }
}

/* Set aside for good, not rescued later. */
static RscBitset *
find_rescued (RscReplay *self)
{
  RscBitset *rescued = rsc_bitset_new (rsc_snapshot_peek_columns (self->snapshot)->n_nodes);

  for (guint64 i = 0; i < self->n_steps; i++)
    if (rsc_replay_get_step_kind (self, i) == RSC_STEP_RESCUE)
      rsc_bitset_set (rescued, rsc_replay_get_step_node (self, i));

  return rescued;
}

GArray *
rsc_replay_list_actors (RscReplay *self,
                        guint      max)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (self->snapshot);
  GArray *actors = g_array_new (FALSE, FALSE, sizeof (RscNode));
  g_autoptr(RscBitset) passed = find_rescued (self);

  if (columns->n_nodes <= MIN (SMALL_HEAP, max))
    {
      for (RscNode node = 0; node < columns->n_nodes; node++)
        g_array_append_val (actors, node);
      return actors;
    }

  for (guint64 i = 0; i < self->n_steps && actors->len < max; i++)
    {
      RscNode node = rsc_replay_get_step_node (self, i);

      if (!is_actor (self, rsc_replay_get_step_kind (self, i)) || rsc_bitset_get (passed, node))
        continue;
      rsc_bitset_set (passed, node);
      g_array_append_val (actors, node);
    }

  return actors;
}

static gboolean
is_frame (RscReplay       *self,
          guint64          index,
          const RscBitset *drawn,
          RscGrain         grain)
{
  RscStepKind kind = rsc_replay_get_step_kind (self, index);

  if (rsc_step_is_join (kind))
    return TRUE;
  if (kind == RSC_STEP_PASS || kind == RSC_STEP_CLEARED)
    return FALSE;

  return rsc_bitset_get (drawn, rsc_replay_get_step_node (self, index))
         && (grain == RSC_GRAIN_STEP || !rsc_step_is_edge (kind));
}

static GArray *
list_frames (RscReplay       *self,
             const RscBitset *drawn,
             RscGrain         grain)
{
  GArray *frames = g_array_new (FALSE, FALSE, sizeof (guint64));
  guint64 position = 0;

  g_array_append_val (frames, position);
  for (guint64 i = 0; i < self->n_steps; i++)
    if (is_frame (self, i, drawn, grain))
      {
        position = i + 1;
        g_array_append_val (frames, position);
      }
  if (position != self->n_steps)
    g_array_append_val (frames, self->n_steps);

  return frames;
}

GArray *
rsc_replay_list_frames (RscReplay     *self,
                        const RscNode *nodes,
                        gsize          n_nodes,
                        RscGrain       grain,
                        guint          max,
                        guint64       *n_left_out,
                        guint64       *n_cut)
{
  g_autoptr(RscBitset) drawn = rsc_bitset_new (rsc_snapshot_peek_columns (self->snapshot)->n_nodes);
  GArray *frames;

  for (gsize i = 0; i < n_nodes; i++)
    if (nodes[i] != RSC_NODE_NONE)
      rsc_bitset_set (drawn, nodes[i]);

  frames = list_frames (self, drawn, grain);
  if (frames->len > max && grain == RSC_GRAIN_STEP)
    {
      g_array_unref (frames);
      frames = list_frames (self, drawn, RSC_GRAIN_OBJECT);
    }
  *n_cut = 0;
  if (frames->len > max)
    {
      *n_cut = frames->len - max;
      g_array_set_size (frames, max);
      g_array_index (frames, guint64, max - 1) = self->n_steps;
    }
  *n_left_out = self->n_steps + 1 - frames->len;

  return frames;
}
