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
  double borrowed;    /* share of what the collector sees that the count has not */
  double held;        /* share of the nodes held from outside; < 0: no refcounts */
  gboolean legacy;    /* T4 has a finalizer of the old kind */
  double immortal;    /* share of the nodes that are */
} RandomHeapShape;

typedef struct
{
  RscNode source;
  RscNode target;
  guint32 label;
  guint8 kind;
} RandomEdge;

/* Nodes n0, n1, ... as values; addresses are not in node order.  Edges have
 * parallels, self loops and a hub.  The type of each node is "T0".."T4". */
static inline RscSnapshot *
random_heap_new (guint32 seed, const RandomHeapShape *shape)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed (seed);
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
  g_autoptr(GArray) edges = g_array_new (FALSE, FALSE, sizeof (RandomEdge));
  g_autoptr(GError) error = NULL;
  RscSnapshot *snapshot;
  guint32 attribute;

  for (guint t = 0; t < 5; t++)
    {
      g_autofree char *name = g_strdup_printf ("T%u", t);

      rsc_snapshot_builder_add_type (builder, name, t % 2 == 0 ? "builtins" : "__main__", RSC_NODE_NONE,
                                     shape->legacy && t == 4 ? RSC_TYPE_LEGACY_FINALIZER : 0);
    }
  attribute = rsc_snapshot_builder_intern_string (builder, "x", -1);

  for (guint32 e = 0; e < shape->n_edges && shape->n_nodes > 0; e++)
    {
      RandomEdge edge = {
        .source = (RscNode) g_rand_int_range (rand, 0, (gint32) shape->n_nodes),
        .target = (RscNode) g_rand_int_range (rand, 0, (gint32) shape->n_nodes),
        .kind = RSC_EDGE_TRAVERSED,
      };

      if (g_rand_int_range (rand, 0, 20) == 0)
        edge.target = edge.source;
      if (g_rand_int_range (rand, 0, 8) == 0)
        edge.target = 0;
      if (g_rand_double (rand) < shape->untraversed)
        edge.kind = 0;
      if (g_rand_double (rand) < shape->weak)
        edge.kind |= RSC_EDGE_WEAK;
      if (shape->borrowed > 0 && (edge.kind & RSC_EDGE_TRAVERSED) && g_rand_double (rand) < shape->borrowed)
        edge.kind |= RSC_EDGE_BORROWED;
      switch (g_rand_int_range (rand, 0, 4))
        {
        case 0:
          edge.kind |= RSC_EDGE_INDEX;
          edge.label = e;
          break;
        case 1:
          edge.kind |= RSC_EDGE_ATTRIBUTE;
          edge.label = attribute;
          break;
        case 2:
          edge.kind |= RSC_EDGE_VALUE;
          edge.label = edge.source;
          break;
        default:
          break;
        }
      g_array_append_val (edges, edge);
      if (g_rand_int_range (rand, 0, 10) == 0)
        g_array_append_val (edges, edge);
    }

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
        .generation = tracked ? (guint8) g_rand_int_range (rand, 0, 4) : (guint8) RSC_GENERATION_NONE,
      };

      if (shape->held >= 0)
        {
          record.refcount = g_rand_double (rand) < shape->held ? 1 : 0;
          for (guint e = 0; e < edges->len; e++)
            {
              const RandomEdge *edge = &g_array_index (edges, RandomEdge, e);

              if (edge->target == i && !(edge->kind & (RSC_EDGE_WEAK | RSC_EDGE_BORROWED)))
                record.refcount++;
            }
        }
      if (g_rand_int_range (rand, 0, 6) == 0)
        record.flags |= RSC_NODE_FINALIZER;
      if (shape->immortal > 0 && g_rand_double (rand) < shape->immortal)
        {
          record.flags |= RSC_NODE_IMMORTAL;
          record.refcount = RSC_REFCOUNT_UNKNOWN;
        }
      rsc_snapshot_builder_add_node (builder, &record);
    }
  for (guint e = 0; e < edges->len; e++)
    {
      const RandomEdge *edge = &g_array_index (edges, RandomEdge, e);

      rsc_snapshot_builder_add_edge_from (builder, edge->source, edge->target, edge->kind, edge->label);
    }
  if (shape->n_nodes > 0)
    {
      guint32 thread = rsc_snapshot_builder_add_thread (builder, 1, 2, "MainThread");

      rsc_snapshot_builder_add_root (builder, 0, RSC_ROOT_DECLARED, G_MAXUINT32, "n0");
      rsc_snapshot_builder_add_root (builder, shape->n_nodes - 1, RSC_ROOT_FRAME, thread, "f (f.py:1)");
      rsc_snapshot_builder_add_frame (builder, thread, shape->n_nodes - 1, "f", "f.py", 1);
    }
  rsc_snapshot_builder_set_info (builder, "runtime", g_variant_new_string ("Test"));
  rsc_snapshot_builder_set_info (builder, "version", g_variant_new_string ("3.11.2"));

  snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, &error);
  g_assert_no_error (error);

  return snapshot;
}
