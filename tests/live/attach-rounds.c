/* Attaches to a process and detaches, again and again.
 *
 *   attach-rounds PID ROUNDS [EVERY]
 *
 * EVERY: each so many-th round also captures.  Prints one JSON object: how long, in
 * milliseconds, the program's thread stood still in each round, and the objects of the last
 * capture.  Exit status 1 with a sentence if a round failed. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/rsc-error.h"
#include "capture/rsc-target.h"

int
main (int argc, char *argv[])
{
  pid_t pid = (pid_t) atoi (argv[1]);
  int rounds = atoi (argv[2]);
  int every = argc > 3 ? atoi (argv[3]) : 0;
  g_autoptr(GString) json = g_string_new ("{\"pauses_ms\": [");
  RscNode n_objects = 0;

  for (int i = 0; i < rounds; i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(RscTarget) target = rsc_target_attach (pid, NULL, &error);

      if (target != NULL && every > 0 && i % every == 0)
        {
          RscCaptureOptions options = { .timeout_seconds = 60 };
          g_autoptr(RscSnapshot) snapshot = rsc_target_capture (target, &options, NULL, NULL, &error);
          const RscColumns *columns = snapshot != NULL ? rsc_snapshot_get_columns (snapshot, RSC_BLOCK_NODES, &error) : NULL;

          if (columns != NULL)
            n_objects = columns->n_nodes;
        }
      if (error != NULL)
        {
          fprintf (stderr, "round %d: %s\n", i, error->message);
          return 1;
        }
      g_string_append_printf (json, "%s%.3f", i > 0 ? ", " : "", rsc_target_get_attach_pause (target) * 1000);
    }
  printf ("%s], \"objects\": %u}\n", json->str, n_objects);

  return 0;
}
