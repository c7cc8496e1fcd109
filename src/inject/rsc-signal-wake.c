#include "rsc-signal-wake.h"

#include "rsc-process-status.h"
#include "rsc-process-symbols.h"
#include "rsc-thread-stop.h"

/* How often, and at which intervals in microseconds, the main thread is looked at: if it still waits at two of them, it does not know.
 * The thread that got the signal may have to wait for a processor. */
#define WAKE_LOOKS 20
#define WAKE_INTERVAL 1000

guint64
rsc_signal_wake_find (RscProcessMemory *memory, const RscInterpreter *interpreter)
{
  /* In _PyRuntime, bytes: ceval.signals_pending, from 3.12 on signals.is_tripped. */
  static const struct { guint minor; guint64 at; } places[] = {
    { 10, 344 }, { 11, 352 }, { 12, 1512 }, { 13, 2128 }, { 14, 2304 }, { 15, 2432 },
  };
  guint64 runtime = rsc_process_symbols_find (memory, interpreter->base, "_PyRuntime");

  for (gsize i = 0; runtime != 0 && i < G_N_ELEMENTS (places); i++)
    if (interpreter->major == 3 && interpreter->minor == places[i].minor)
      return runtime + places[i].at;

  return 0;
}

static gboolean
is_noted (RscProcessMemory *memory, guint64 address)
{
  gint32 value;

  return rsc_process_memory_read (memory, address, &value, sizeof value) && value == 1;
}

/* Whether none is about to be noted. */
static gboolean
is_settled (pid_t pid, pid_t tid)
{
  g_autofree char *status = rsc_process_status_read (pid);
  const char *pending = rsc_process_status_find (status, "ShdPnd");

  return pending == NULL || (g_ascii_strtoull (pending, NULL, 16) == 0 && tid != 0 && tid != pid && rsc_process_get_state (tid) != 'R');
}

void
rsc_signal_wake (RscProcessMemory *memory, guint64 address, pid_t tid)
{
  g_autofree char *before = NULL;
  gboolean goes_on = address != 0;

  for (guint i = 0; i < WAKE_LOOKS && goes_on; i++)
    {
      gboolean settled = is_settled (memory->pid, tid), noted = is_noted (memory, address);
      g_autofree char *call = rsc_process_read_call (memory->pid);

      if (noted && call != NULL && g_ascii_isdigit (*call) && g_strcmp0 (call, before) == 0)
        rsc_thread_end_wait (memory->pid);
      g_free (before);
      before = g_steal_pointer (&call);
      goes_on = !settled || noted;
      if (goes_on)
        g_usleep (WAKE_INTERVAL);
    }
}
