/* Seeded random heaps for tests that compare an analysis with a naive one. */
#pragma once

#include "snapshot/rsc-snapshot-builder.h"

typedef struct
{
  guint32 n_nodes;
  guint32 n_edges;
  double weak;        /* share of the edges that are weak */
  double untraversed; /* share that the collector does not see */
  double untracked;   /* share of the nodes that are not in its lists */
} RandomHeapShape;

/* Nodes n0, n1, ... as values; addresses are not in node order.  Edges have
 * parallels, self loops and a hub.  The type of each node is "T0".."T4". */
static inline RscSnapshot *
random_heap_new (guint32 seed, const RandomHeapShape *shape)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed (seed);
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
  g_autoptr(GError) error = NULL;
  RscSnapshot *snapshot;
  guint32 attribute;

  for (guint t = 0; t < 5; t++)
    {
      g_autofree char *name = g_strdup_printf ("T%u", t);

      rsc_snapshot_builder_add_type (builder, name, t % 2 == 0 ? "builtins" : "__main__", RSC_NODE_NONE, 0);
    }
  attribute = rsc_snapshot_builder_intern_string (builder, "x", -1);

  for (guint32 i = 0; i < shape->n_nodes; i++)
    {
      g_autofree char *value = g_strdup_printf ("n%u", i);
      gboolean tracked = g_rand_double (rand) >= shape->untracked;
      RscNodeRecord record = {
        .address = 0x7f0000000000 + ((guint64) ((i * 7919u) % (shape->n_nodes + 1)) << 4),
        .size = 16 + (guint64) g_rand_int_range (rand, 0, 100),
        .type = (guint32) g_rand_int_range (rand, 0, 5),
        .refcount = RSC_REFCOUNT_UNKNOWN,
        .flags = tracked ? RSC_NODE_CONTAINER | RSC_NODE_TRACKED : 0,
        .value = rsc_snapshot_builder_add_string (builder, value, -1),
        .generation = tracked ? (guint8) g_rand_int_range (rand, 0, 3) : (guint8) RSC_GENERATION_NONE,
      };

      rsc_snapshot_builder_add_node (builder, &record);
    }
  for (guint32 e = 0; e < shape->n_edges && shape->n_nodes > 0; e++)
    {
      RscNode source = (RscNode) g_rand_int_range (rand, 0, (gint32) shape->n_nodes);
      RscNode target = (RscNode) g_rand_int_range (rand, 0, (gint32) shape->n_nodes);
      guint8 kind = RSC_EDGE_TRAVERSED;

      if (g_rand_int_range (rand, 0, 20) == 0)
        target = source;
      if (g_rand_int_range (rand, 0, 8) == 0)
        target = 0;
      if (g_rand_double (rand) < shape->untraversed)
        kind = 0;
      if (g_rand_double (rand) < shape->weak)
        kind |= RSC_EDGE_WEAK;
      switch (g_rand_int_range (rand, 0, 4))
        {
        case 0:
          rsc_snapshot_builder_add_edge_from (builder, source, target, kind | RSC_EDGE_INDEX, e);
          break;
        case 1:
          rsc_snapshot_builder_add_edge_from (builder, source, target, kind | RSC_EDGE_ATTRIBUTE, attribute);
          break;
        case 2:
          rsc_snapshot_builder_add_edge_from (builder, source, target, kind | RSC_EDGE_VALUE, source);
          break;
        default:
          rsc_snapshot_builder_add_edge_from (builder, source, target, kind | RSC_EDGE_PLAIN, 0);
          break;
        }
      if (g_rand_int_range (rand, 0, 10) == 0)
        rsc_snapshot_builder_add_edge_from (builder, source, target, kind | RSC_EDGE_PLAIN, 0);
    }
  if (shape->n_nodes > 0)
    {
      guint32 thread = rsc_snapshot_builder_add_thread (builder, 1, 2, "MainThread");

      rsc_snapshot_builder_add_root (builder, 0, RSC_ROOT_DECLARED, G_MAXUINT32, "n0");
      rsc_snapshot_builder_add_root (builder, shape->n_nodes - 1, RSC_ROOT_FRAME, thread, "f (f.py:1)");
      rsc_snapshot_builder_add_frame (builder, thread, shape->n_nodes - 1, "f", "f.py", 1);
    }
  rsc_snapshot_builder_set_info (builder, "runtime", g_variant_new_string ("Test"));

  snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, &error);
  g_assert_no_error (error);

  return snapshot;
}
