/* Launching, without a CPython: what Refscope's own side keeps. */
#include "config.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "capture/rsc-target.h"

#define N_REFERENCES 300000

static RscTarget *
launch (const char *program)
{
  const char *argv[] = { program, NULL };
  RscLaunchOptions options = { .argv = argv, .pipe_streams = TRUE };
  g_autoptr(GError) error = NULL;
  RscTarget *target = rsc_target_launch (&options, &error);

  g_assert_no_error (error);

  return target;
}

static gpointer
take_references (gpointer data)
{
  RscTarget *target = data;

  for (guint i = 0; i < N_REFERENCES; i++)
    {
      rsc_target_ref (target);
      rsc_target_unref (target);
    }

  return NULL;
}

/* Whoever waits for an answer does so in a thread with a reference of its own. */
static void
test_references_of_threads (void)
{
  RscTarget *target = launch ("/bin/cat");
  GThread *threads[4];

  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("references", take_references, target);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_true (rsc_target_write_input (target, NULL, 0, NULL));
  while (rsc_target_get_state (target, NULL) != RSC_TARGET_EXITED)
    {
      RscTargetEvent *event = rsc_target_next_event (target, -1, NULL, NULL);

      g_assert_nonnull (event);
      rsc_target_event_free (event);
    }
  rsc_target_unref (target);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  if (g_getenv ("RSC_AGENT") == NULL)
    {
      g_print ("1..0 # SKIP the agent is not built: -Dagent=disabled, or no Python headers\n");
      return 0;
    }
  g_test_add_func ("/target/references-of-threads", test_references_of_threads);

  return g_test_run ();
}
