/* Times layouts of seeded random trees with cross edges.
 *
 *   bench-layout [NODES [CROSS [REPEATS]]]
 *
 * CROSS is the number of cross edges for each node (0.1, 0.3).  Without
 * arguments the sizes of reference measurements.  Prints a line a layout. */
#include "config.h"

#include <stdio.h>

#include "layout/rsc-layout.h"

#define SEED 4711

static void
run (guint n_nodes, double cross, guint repeats)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed (SEED);
  g_autoptr(GArray) nodes = g_array_new (FALSE, FALSE, sizeof (RscLayoutNode));
  g_autoptr(GArray) edges = g_array_new (FALSE, FALSE, sizeof (RscLayoutEdge));
  guint n_cross = (guint) (n_nodes * cross);

  for (guint i = 0; i < n_nodes; i++)
    {
      /* The widths of real two-line labels. */
      RscLayoutNode node = { g_rand_double_range (rand, 60, 160), 38 };

      g_array_append_val (nodes, node);
      if (i > 0)
        {
          RscLayoutEdge edge = { (guint32) g_rand_int_range (rand, (gint32) 0, (gint32) i), i, 0, 0, 1, FALSE };

          g_array_append_val (edges, edge);
        }
    }
  for (guint c = 0; c < n_cross; c++)
    {
      RscLayoutEdge edge = { (guint32) g_rand_int_range (rand, 0, (gint32) n_nodes),
                             (guint32) g_rand_int_range (rand, 0, (gint32) n_nodes), 0, 0, 1, FALSE };

      g_array_append_val (edges, edge);
    }

  for (guint r = 0; r < repeats; r++)
    {
      RscLayoutRequest request = { .n_nodes = nodes->len, .nodes = (RscLayoutNode *) (gpointer) nodes->data,
                                   .n_edges = edges->len, .edges = (RscLayoutEdge *) (gpointer) edges->data };
      g_autoptr(GError) error = NULL;
      g_autoptr(RscLayoutResult) result = rsc_layout_run (&request, 60, NULL, &error);

      if (result == NULL)
        printf ("%u nodes, %u edges: %s\n", nodes->len, edges->len, error->message);
      else
        printf ("%u nodes, %u edges: %.3f s, %s %s, %.0f x %.0f%s%s\n", nodes->len, edges->len, result->seconds,
                result->engine, result->settings, result->width, result->height,
                result->note != NULL ? "; " : "", result->note != NULL ? result->note : "");
      fflush (stdout);
    }
}

int
main (int argc, char *argv[])
{
  static const guint sizes[] = { 100, 200, 400, 600, 1000, 2000, 5000 };
  static const double crosses[] = { 0.1, 0.3 };
  guint repeats = argc > 3 ? (guint) g_ascii_strtoull (argv[3], NULL, 10) : 1;

  if (argc > 1)
    {
      run ((guint) g_ascii_strtoull (argv[1], NULL, 10), argc > 2 ? g_ascii_strtod (argv[2], NULL) : 0.1, repeats);
      return 0;
    }
  for (gsize c = 0; c < G_N_ELEMENTS (crosses); c++)
    for (gsize s = 0; s < G_N_ELEMENTS (sizes); s++)
      run (sizes[s], crosses[c], repeats);
  return 0;
}
