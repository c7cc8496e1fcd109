/* From step to step of those objects that somebody looks at. */
#include "config.h"

#include "rsc-replay-private.h"

static gboolean
concerns (RscReplay       *self,
          guint64          index,
          const RscBitset *nodes,
          RscNode          node)
{
  if (rsc_step_is_join (rsc_replay_get_step_kind (self, index)))
    return nodes != NULL;

  return nodes != NULL ? rsc_bitset_get (nodes, rsc_replay_get_step_node (self, index))
                       : rsc_replay_get_step_node (self, index) == node;
}

RscSearchResult
rsc_replay_search (RscReplay       *self,
                   const RscBitset *nodes,
                   RscNode          node,
                   gboolean         forwards,
                   guint64          max,
                   guint64         *position)
{
  guint64 n_steps = rsc_replay_get_n_steps (self);

  for (guint64 looked = 0; looked < max; looked++)
    {
      /* Of position p the step that is done next is p, the one that led to the position before is p - 2. */
      if (forwards ? *position >= n_steps : *position <= 1)
        {
          *position = forwards ? n_steps : 0;
          return RSC_SEARCH_NONE;
        }
      if (concerns (self, forwards ? *position : *position - 2, nodes, node))
        {
          *position += forwards ? 1 : -1;
          return RSC_SEARCH_FOUND;
        }
      *position += forwards ? 1 : -1;
    }

  return RSC_SEARCH_UNFINISHED;
}
