/* refscope [FILE | -- PROGRAM ARGS...] */
#include "config.h"

#include <string.h>

#include "base/rsc-locale.h"
#include "rsc-allocator.h"
#include "rsc-application.h"

int
main (int argc, char **argv)
{
  g_autoptr (RscApplication) application = NULL;
  const char *const *program = NULL;
  int status;

  rsc_allocator_init ();
  rsc_locale_init ();

  /* What comes after "--" is the program's and none of our options. */
  for (int i = 1; i < argc; i++)
    if (strcmp (argv[i], "--") == 0)
      {
        if (i + 1 < argc)
          program = (const char *const *) argv + i + 1;
        argc = i;
        break;
      }

  application = rsc_application_new (program);
  if (program == NULL)
    return g_application_run (G_APPLICATION (application), argc, argv);

  {
    /* The arguments after argc are not to be seen by the option parser. */
    g_autofree char **own = g_new0 (char *, (gsize) argc + 1);

    memcpy (own, argv, sizeof own[0] * (gsize) argc);
    status = g_application_run (G_APPLICATION (application), argc, own);
  }

  return status != 0 ? status : rsc_application_get_exit_status (application);
}
