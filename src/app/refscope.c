/* refscope [FILE | - | --pid N | -- PROGRAM ARGS...] */
#include "config.h"

#include <string.h>

#include "base/rsc-locale.h"
#include "rsc-allocator.h"
#include "rsc-application.h"

#define PROCESS_PREFIX "pid:"
#define STANDARD_INPUT "-"

/* As the command line takes it; a file of this name is a file. */
static gboolean
is_process (const char *argument)
{
  return g_str_has_prefix (argument, PROCESS_PREFIX) && !g_file_test (argument, G_FILE_TEST_EXISTS);
}

/* Arguments that say by a word what options say.  @argument is copied if it is none of them. */
static char *
dup_option (const char *argument)
{
  if (strcmp (argument, STANDARD_INPUT) == 0)
    return g_strdup ("--standard-input");
  if (is_process (argument))
    return g_strconcat ("--pid=", argument + strlen (PROCESS_PREFIX), NULL);

  return g_strdup (argument);
}

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
  {
    /* The arguments after argc are not to be seen by the option parser. */
    g_auto (GStrv) own = g_new0 (char *, (gsize) argc + 1);

    for (int i = 0; i < argc; i++)
      own[i] = dup_option (argv[i]);
    status = g_application_run (G_APPLICATION (application), argc, own);
  }

  return status != 0 ? status : rsc_application_get_exit_status (application);
}
