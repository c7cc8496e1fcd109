#include "config.h"

#include "rsc-agent-entry.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/rsc-error.h"
#include "rsc-process-fd.h"
#include "rsc-process-symbols.h"
#include "wire/rsc-wire-attach.h"

/* The system shows it as it is for us: from outside, what is in another root begins with that. */
static char *
dup_path (pid_t pid, const char *path)
{
  g_autofree char *link = g_strdup_printf ("/proc/%d/root", (int) pid);
  g_autofree char *root = g_file_read_link (link, NULL);
  gsize length = root != NULL ? strlen (root) : 0;

  return g_strdup (length > 1 && g_str_has_prefix (path, root) && path[length] == '/' ? path + length : path);
}

guint64
rsc_agent_entry_find (RscProcessMemory *memory, const char *symbol, char **path)
{
  for (guint i = 0; i < memory->mappings->len; i++)
    {
      const RscMapping *mapping = &g_array_index (memory->mappings, RscMapping, i);
      guint64 address;

      if (mapping->offset != 0 || !mapping->readable || strstr (mapping->path, RSC_AGENT_FILE_NAME) == NULL)
        continue;
      address = rsc_process_symbols_find (memory, mapping->start, symbol);
      if (address == 0)
        continue;
      if (path != NULL)
        *path = dup_path (memory->pid, mapping->path);
      return address;
    }

  return 0;
}

gboolean
rsc_agent_entry_take (pid_t pid, gint64 result, int end, RscInjection *injection, GError **error)
{
  int fd;

  injection->is_busy = result == RSC_WIRE_ATTACH_BUSY || result == RSC_WIRE_ATTACH_LEAVING;
  if (result == RSC_WIRE_ATTACH_LEAVING)
    g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_BUSY,
                 _("The agent in process %d is still letting go of the Refscope before, as the program is inside long-running C code: try again in a moment."),
                 (int) pid);
  else if (injection->is_busy)
    g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_BUSY,
                 _("Another Refscope looks at process %d already, or did until just now: end that, or detach it there, and try again."), (int) pid);
  else if (result != RSC_WIRE_ATTACHED)
    g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_FAILED,
                 _("The agent could not begin in process %d: it may open no more files or create no more threads (its limits, or a filter of system calls), or its interpreter is not running. It goes on as before."),
                 (int) pid);
  if (result != RSC_WIRE_ATTACHED)
    return FALSE;

  fd = rsc_process_copy_fd (pid, end);
  if (fd < 0)
    {
      g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_UNSUPPORTED,
                   _("No connection to process %d could be made: %s. It needs Linux 5.6 or later."), (int) pid,
                   g_strerror (errno));
      return FALSE;
    }
  fcntl (fd, F_SETFL, O_NONBLOCK);
  injection->connection = fd;

  return TRUE;
}
