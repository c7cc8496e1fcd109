/* From step to step of those objects that somebody looks at. */
#include "config.h"

#include "rsc-replay-private.h"

static gboolean
concerns (RscReplay       *self,
          guint64          index,
          const RscBitset *nodes)
{
  return rsc_step_is_join (rsc_replay_get_step_kind (self, index))
         || rsc_bitset_get (nodes, rsc_replay_get_step_node (self, index));
}

guint64
rsc_replay_find_concerning (RscReplay       *self,
                            guint64          position,
                            const RscBitset *nodes,
                            gboolean         forwards)
{
  guint64 n_steps = rsc_replay_get_n_steps (self);

  if (forwards)
    {
      while (position < n_steps && !concerns (self, position, nodes))
        position++;
      return MIN (position + 1, n_steps);
    }

  while (position > 1 && !concerns (self, position - 2, nodes))
    position--;
  return position > 0 ? position - 1 : 0;
}
