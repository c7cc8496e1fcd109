/* How long a big heap takes to freeze, save, open and answer.
 *
 *   bench-snapshot [OBJECTS [FOLDER]]
 *
 * Prints a line "name, milliseconds, milliseconds of processor time" for each step; the heap is made from a seed:
 * 1.6 references an object, a quarter of them to neighbours, some to hubs. */
#include <glib/gstdio.h>
#include <stdlib.h>
#include <time.h>

#include "analysis/rsc-components.h"
#include "analysis/rsc-histogram.h"
#include "analysis/rsc-holders.h"
#include "analysis/rsc-names.h"
#include "analysis/rsc-reach.h"
#include "collect/rsc-collect.h"
#include "snapshot/rsc-snapshot-builder.h"

#define N_TYPES 200u

static gint64 started;
static clock_t started_clock;

static void
start (void)
{
  started = g_get_monotonic_time ();
  started_clock = clock ();
}

static void
stop (const char *name)
{
  double cpu = (double) (clock () - started_clock) * 1000.0 / CLOCKS_PER_SEC;

  g_print ("%-28s %8.1f %8.1f\n", name, (double) (g_get_monotonic_time () - started) / 1000.0, cpu);
}

static guint32
next_random (guint64 *state)
{
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return (guint32) (*state >> 16);
}

static void
fill (RscSnapshotBuilder *builder, guint32 n_nodes)
{
  guint64 state = 88172645463325252u;
  guint32 attribute = rsc_snapshot_builder_intern_string (builder, "attr", -1);

  for (guint t = 0; t < N_TYPES; t++)
    {
      g_autofree char *name = g_strdup_printf ("Type%u", t);

      rsc_snapshot_builder_add_type (builder, name, "bench", RSC_NODE_NONE, RSC_TYPE_HEAP);
    }
  rsc_snapshot_builder_reserve (builder, n_nodes, (guint64) n_nodes * 8 / 5);
  for (guint32 i = 0; i < n_nodes; i++)
    {
      char value[32];
      gboolean is_text = i % 4 == 3;
      RscNodeRecord record = {
        .address = 0x7f0000000000 + (guint64) (next_random (&state) % n_nodes) * 4096 + (i & 255) * 16,
        .size = 48 + next_random (&state) % 100,
        .type = next_random (&state) % N_TYPES,
        .refcount = 2,
        .flags = is_text ? RSC_NODE_TEXT : RSC_NODE_CONTAINER | RSC_NODE_TRACKED,
        .generation = is_text ? (guint8) RSC_GENERATION_NONE : 2,
      };

      if (is_text)
        {
          g_snprintf (value, sizeof value, "text number %u", i);
          record.value = rsc_snapshot_builder_add_string (builder, value, -1);
        }
      rsc_snapshot_builder_add_node (builder, &record);
      for (guint e = 0; !is_text && e < 2 + i % 2 * (i % 4 == 1); e++)
        {
          guint32 random = next_random (&state);
          RscNode target = random % 10 == 0 ? random % 100
                           : random % 4 == 0 ? MIN (i + random % 64, n_nodes - 1) : random % n_nodes;

          rsc_snapshot_builder_add_edge (builder, MIN (target, n_nodes - 1),
                                         RSC_EDGE_TRAVERSED | RSC_EDGE_ATTRIBUTE, attribute);
        }
    }
  rsc_snapshot_builder_add_root (builder, 0, RSC_ROOT_MODULE, G_MAXUINT32, "__main__");
}

static void
measure_open (const char *path)
{
  g_autoptr(RscSnapshot) snapshot = NULL;
  g_autoptr(GArray) rows = NULL;
  g_autoptr(RscHolders) holders = NULL;
  const RscColumns *columns;

  start ();
  snapshot = rsc_snapshot_open (path, NULL);
  stop ("open");
  start ();
  rows = rsc_histogram_compute (snapshot, NULL, NULL, NULL, NULL);
  stop ("types, first answer");
  start ();
  rsc_snapshot_get_columns (snapshot, RSC_BLOCK_NODES, NULL);
  stop ("check nodes");
  start ();
  rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ADDRESSES, NULL);
  stop ("check addresses");
  start ();
  rsc_snapshot_get_columns (snapshot, RSC_BLOCK_EDGES, NULL);
  stop ("check edges");
  start ();
  rsc_snapshot_get_columns (snapshot, RSC_BLOCK_REFERRERS, NULL);
  stop ("check referrers");
  columns = rsc_snapshot_peek_columns (snapshot);
  start ();
  holders = rsc_holders_compute (snapshot, columns->n_nodes / 2, 100, NULL);
  stop ("holders of one object");
  start ();
  g_assert_true (rsc_snapshot_verify (snapshot, NULL, NULL, NULL));
  stop ("verify");
}

static void
measure_walks (RscSnapshot *snapshot)
{
  g_autoptr(RscPrediction) prediction = NULL;
  g_autoptr(RscComponents) components = NULL;
  g_autoptr(RscBitset) reached = NULL;
  g_autoptr(RscBitset) referring = NULL;
  g_autoptr(GArray) found = NULL;
  g_autofree char *name = NULL;
  RscNode first = 0;

  start ();
  prediction = rsc_collect_predict (snapshot, 2, NULL, NULL, NULL);
  stop ("predict a collection");
  start ();
  components = rsc_components_compute (snapshot, prediction->unreachable, NULL, NULL, NULL);
  stop ("components");
  start ();
  reached = rsc_reach_compute (snapshot, &first, 1, RSC_REACH_STRONG, NULL, NULL, NULL);
  stop ("reach");
  start ();
  referring = rsc_reach_compute (snapshot, &first, 1, RSC_REACH_BACKWARDS, NULL, NULL, NULL);
  stop ("reach backwards");
  start ();
  found = rsc_find_objects (snapshot, NULL, NULL, "NUMBER 77", 100, NULL, NULL, NULL, NULL);
  stop ("find by value");
  start ();
  name = rsc_names_describe (snapshot, 5, 8);
  stop ("describe a hub");
}

int
main (int argc, char *argv[])
{
  guint32 n_nodes = argc > 1 ? (guint32) strtoul (argv[1], NULL, 10) : 1000000;
  g_autofree char *path = g_build_filename (argc > 2 ? argv[2] : g_get_tmp_dir (), "bench.refscope", NULL);
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
  g_autoptr(RscSnapshot) snapshot = NULL;
  g_autoptr(GError) error = NULL;

  start ();
  fill (builder, n_nodes);
  stop ("fill the builder");
  start ();
  snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, &error);
  g_assert_no_error (error);
  stop ("freeze");
  g_print ("# %u objects, %" G_GUINT64_FORMAT " references\n", rsc_snapshot_peek_columns (snapshot)->n_nodes,
           rsc_snapshot_peek_columns (snapshot)->n_edges);
  start ();
  rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ADDRESSES, NULL);
  stop ("sort addresses");
  start ();
  if (!rsc_snapshot_save (snapshot, path, TRUE, NULL, NULL, &error))
    g_error ("%s", error->message);
  stop ("save");
  measure_open (path);
  measure_walks (snapshot);
  g_remove (path);

  return 0;
}
