/* A position of a replay, to be seen. */
#include "config.h"

#include "rsc-replay.h"

/* CPython 3.11 gives what it never frees this count, less a few: no number to show. */
#define NEVER_FREED 500000000u

static char *
dup_badge (RscReplayKind       kind,
           const RscNodeState *state)
{
  const char *sign = rsc_state_get_sign (state->state);
  g_autofree char *numbers = NULL;

  if (kind == RSC_REPLAY_MARK_SWEEP || state->state == RSC_STATE_FREED || state->refcount >= NEVER_FREED)
    return g_strdup (sign);
  if (state->gc_refs != RSC_GC_REFS_NONE)
    numbers = g_strdup_printf ("gc %u/%u", state->gc_refs, state->refcount);
  else
    numbers = g_strdup_printf ("%u", state->refcount);

  return sign != NULL ? g_strdup_printf ("%s %s", sign, numbers) : g_steal_pointer (&numbers);
}

RscOverlay *
rsc_replay_cursor_to_overlay (RscReplayCursor *self,
                              const RscNode   *nodes,
                              gsize            n_nodes)
{
  RscReplay *replay = rsc_replay_cursor_get_replay (self);
  RscOverlay *overlay = rsc_overlay_new (rsc_replay_get_snapshot (replay));
  RscStep step;

  for (gsize i = 0; i < n_nodes; i++)
    {
      RscNodeState state;
      g_autofree char *badge = NULL;

      if (nodes[i] == RSC_NODE_NONE)
        continue;
      state = rsc_replay_cursor_get (self, nodes[i]);
      badge = dup_badge (rsc_replay_get_kind (replay), &state);
      rsc_overlay_set (overlay, nodes[i], state.state, -1, badge);
    }
  if (rsc_replay_cursor_get_step (self, &step) && step.source != RSC_NODE_NONE)
    rsc_overlay_light_edge (overlay, step.source, step.node);

  return overlay;
}
