#include "config.h"

#include "rsc-comparison.h"

/* A weak reference to what was freed: the one by which a class knows its subclass goes with that. */
static gboolean
is_weak_reference_to_freed (const RscColumns        *columns,
                            const RscCollectionDiff *diff,
                            RscNode                  node)
{
  for (guint64 e = columns->first_edge[node]; e < columns->first_edge[node + 1]; e++)
    if ((columns->kind[e] & RSC_EDGE_KIND_MASK) == RSC_EDGE_WEAK_REFERENT)
      return rsc_overlay_get_state (diff->before, columns->target[e]) == RSC_STATE_FREED;

  return FALSE;
}

RscComparison *
rsc_comparison_new (const RscPrediction     *prediction,
                    const RscCollectionDiff *diff)
{
  RscComparison *self = g_new0 (RscComparison, 1);
  const RscColumns *columns = rsc_snapshot_peek_columns (rsc_overlay_get_snapshot (diff->before));

  self->really = g_array_new (FALSE, FALSE, sizeof (RscNode));
  self->only_predicted = g_array_new (FALSE, FALSE, sizeof (RscNode));
  self->only_real = g_array_new (FALSE, FALSE, sizeof (RscNode));
  for (RscNode node = 0; node < columns->n_nodes; node++)
    {
      gboolean predicted = rsc_bitset_get (prediction->unreachable, node);

      if (rsc_overlay_get_state (diff->before, node) != RSC_STATE_FREED)
        {
          /* What stands for no object of the program cannot be there or gone. */
          if (predicted && (columns->flags[node] & RSC_NODE_SYNTHETIC) == 0)
            g_array_append_val (self->only_predicted, node);
          continue;
        }
      if ((columns->flags[node] & RSC_NODE_TRACKED) == 0 || columns->generation[node] > prediction->generation
          || (!predicted && is_weak_reference_to_freed (columns, diff, node)))
        {
          self->freed_along++;
          continue;
        }
      g_array_append_val (self->really, node);
      if (!predicted)
        g_array_append_val (self->only_real, node);
    }

  return self;
}

void
rsc_comparison_free (RscComparison *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->really);
  g_array_unref (self->only_predicted);
  g_array_unref (self->only_real);
  g_free (self);
}

gboolean
rsc_comparison_is_different (const RscComparison *self)
{
  return self->only_predicted->len + self->only_real->len > 0;
}
