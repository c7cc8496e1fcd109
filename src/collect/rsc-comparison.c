#include "config.h"

#include "rsc-comparison.h"

#include "analysis/rsc-holders.h"

/* By which a class knows its subclass, that was freed: it goes with it. */
static gboolean
is_of_freed_class (const RscColumns        *columns,
                   const RscCollectionDiff *diff,
                   RscNode                  node)
{
  for (guint64 e = columns->first_edge[node]; e < columns->first_edge[node + 1]; e++)
    if ((columns->kind[e] & RSC_EDGE_KIND_MASK) == RSC_EDGE_WEAK_REFERENT)
      return (columns->flags[columns->target[e]] & RSC_NODE_TYPE) != 0
             && rsc_overlay_get_state (diff->before, columns->target[e]) == RSC_STATE_FREED;

  return FALSE;
}

/* What was freed with an object that holds it without showing it to the collector, as a class its tuple of __slots__: to the
 * collector it was held from outside, however tracked it was.  And what that held. */
static RscBitset *
find_held_unseen (const RscColumns        *columns,
                  const RscPrediction     *prediction,
                  const RscCollectionDiff *diff)
{
  RscSnapshot *before = rsc_overlay_get_snapshot (diff->before);
  RscBitset *found = rsc_bitset_new (columns->n_nodes);
  g_autoptr(GArray) freed = rsc_overlay_list (diff->before, RSC_STATE_FREED, G_MAXUINT);

  /* Grows: what is found is looked at behind the others. */
  for (guint i = 0; i < freed->len; i++)
    {
      RscNode node = g_array_index (freed, RscNode, i);
      guint8 seen = rsc_bitset_get (found, node) ? 0 : RSC_EDGE_TRAVERSED;

      for (guint64 e = columns->first_edge[node]; e < columns->first_edge[node + 1]; e++)
        {
          RscNode target = columns->target[e];

          if ((columns->kind[e] & seen) != 0 || rsc_bitset_get (found, target)
              || rsc_bitset_get (prediction->unreachable, target)
              || rsc_overlay_get_state (diff->before, target) != RSC_STATE_FREED
              /* A second name for what the collector sees holds nothing. */
              || !rsc_edge_is_counted (before, node, e))
            continue;
          rsc_bitset_set (found, target);
          g_array_append_val (freed, target);
        }
    }

  return found;
}

RscComparison *
rsc_comparison_new (const RscPrediction     *prediction,
                    const RscCollectionDiff *diff)
{
  RscComparison *self = g_new0 (RscComparison, 1);
  const RscColumns *columns = rsc_snapshot_peek_columns (rsc_overlay_get_snapshot (diff->before));
  g_autoptr(RscBitset) held_unseen = find_held_unseen (columns, prediction, diff);

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
          || (!predicted && (rsc_bitset_get (held_unseen, node) || is_of_freed_class (columns, diff, node))))
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
