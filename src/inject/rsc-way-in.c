#include "config.h"

#include "rsc-way-in.h"

#include "base/rsc-error.h"
#include "rsc-process-status.h"
#include "rsc-python-process.h"
#include "rsc-remote-exec.h"
#include "rsc-remote-support.h"

/* Another Refscope traces a process for so long at most, usually; in microseconds. */
#define OTHER_PATIENCE 50000

/* Whether the injector's failure leaves the other way, and process @pid has a Python of a version that has it. */
static gboolean
may_be_asked (pid_t pid, const RscInjection *injection, const GError *error)
{
  g_autoptr(RscProcessMemory) memory = NULL;
  g_autoptr(RscInterpreter) interpreter = NULL;

  /* One that was stopped does not come to it. */
  if (!injection->other_way || g_error_matches (error, RSC_CAPTURE_ERROR, RSC_ERROR_EXITED) || rsc_process_get_state (pid) == 'T')
    return FALSE;
  memory = rsc_process_memory_open (pid, FALSE, NULL);
  interpreter = memory != NULL ? rsc_interpreter_find (memory) : NULL;

  return interpreter != NULL && interpreter->major == 3 && interpreter->minor >= RSC_REMOTE_OLDEST_MINOR;
}

/* FALSE: @injector_error says why; *asked: the other way is left. */
static gboolean
try_injector (pid_t pid, const char *library, RscInjection *injection, gboolean *asked, GError **injector_error)
{
  g_clear_error (injector_error);
  if (rsc_inject (pid, library, injection, injector_error))
    return TRUE;
  *asked = may_be_asked (pid, injection, *injector_error);

  return FALSE;
}

gboolean
rsc_way_in (pid_t pid, const char *library, RscInjection *injection, GError **error)
{
  const char *way = g_getenv ("RSC_ATTACH_WAY");
  GError *injector_error = NULL, *remote_error = NULL;
  gboolean asked;

  if (g_strcmp0 (way, "remote") == 0)
    return rsc_remote_exec (pid, library, injection, error);
  if (g_strcmp0 (way, "injector") == 0)
    return rsc_inject (pid, library, injection, error);

  if (try_injector (pid, library, injection, &asked, &injector_error))
    return TRUE;
  if (asked && g_error_matches (injector_error, RSC_CAPTURE_ERROR, RSC_ERROR_BUSY))
    {
      g_usleep (OTHER_PATIENCE);
      if (try_injector (pid, library, injection, &asked, &injector_error))
        return TRUE;
    }
  if (!asked)
    {
      g_propagate_error (error, injector_error);
      return FALSE;
    }

  if (rsc_remote_exec (pid, library, injection, &remote_error))
    {
      g_clear_error (&injector_error);
      return TRUE;
    }
  /* Each has its remedy, except where somebody else is in there. */
  if (!injection->is_busy && !g_error_matches (remote_error, RSC_CAPTURE_ERROR, RSC_ERROR_EXITED))
    g_prefix_error (&remote_error, "%s ", injector_error->message);
  g_clear_error (&injector_error);
  g_propagate_error (error, remote_error);

  return FALSE;
}
