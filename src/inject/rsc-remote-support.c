#include "config.h"

#include "rsc-remote-support.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/rsc-error.h"
#include "rsc-process-symbols.h"

#define COOKIE "xdebugpy"
/* What is in another process's memory may be anything. */
#define MAX_RUNTIME (64 * 1024 * 1024)
#define MAX_PATH_SIZE 65536
#define MAX_INTERPRETERS 4096

/* _PyRuntime begins with a table of offsets of what is in the interpreter.  Where in it, in bytes, they are: the same
 * in all releases of a minor version. */
typedef struct
{
  guint minor;
  guint runtime_size, interpreters, next, main_thread;
  guint support; /* of the last ones, in this order: see below */
} Table;

static const Table tables[] = {
  { 14, .runtime_size = 24, .interpreters = 40, .next = 64, .main_thread = 80, .support = 712 },
  { 15, .runtime_size = 24, .interpreters = 40, .next = 64, .main_thread = 80, .support = 840 },
};

typedef struct
{
  guint64 breaker, support; /* of a thread's state */
  guint64 enabled;          /* of an interpreter */
  guint64 pending, path;    /* of the support */
  guint64 path_size;
} Support;

static gboolean
read_word (RscProcessMemory *memory, guint64 address, guint64 *word)
{
  return rsc_process_memory_read (memory, address, word, sizeof *word);
}

static const Table *
find_table (RscProcessMemory *memory, guint64 runtime)
{
  struct { char cookie[8]; guint64 version, free_threaded; } head;

  if (!rsc_process_memory_read (memory, runtime, &head, sizeof head) || memcmp (head.cookie, COOKIE, sizeof head.cookie) != 0
      || head.free_threaded != 0 || head.version >> 24 != 3
      /* Before a release, anything may change. */
      || (head.version & 0xf0) != 0xf0)
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (tables); i++)
    if (tables[i].minor == (head.version >> 16 & 0xff))
      return &tables[i];

  return NULL;
}

/* The main interpreter: each new one comes before those that there are.  0: it is not as expected. */
static guint64
find_main (RscProcessMemory *memory, guint64 runtime, guint64 size, const Table *table)
{
  guint64 offset, interpreter, next;

  if (!read_word (memory, runtime + table->interpreters, &offset) || offset > size
      || !read_word (memory, runtime + offset, &interpreter)
      || !read_word (memory, runtime + table->next, &offset) || offset > size)
    return 0;
  for (guint i = 0; i < MAX_INTERPRETERS; i++)
    {
      if (!read_word (memory, interpreter + offset, &next))
        return 0;
      if (next == 0)
        return interpreter;
      interpreter = next;
    }

  return 0;
}

/* FALSE: it is not as expected. */
static gboolean
find (RscProcessMemory *memory, guint64 runtime, const Table *table, RscRemoteSupport *found, gboolean *enabled)
{
  guint64 size, offset, interpreter, thread;
  Support support;
  gint32 flag;

  if (!read_word (memory, runtime + table->runtime_size, &size) || size > MAX_RUNTIME
      || !rsc_process_memory_read (memory, runtime + table->support, &support, sizeof support)
      || support.pending != 0 || support.path != sizeof (gint32) || support.path_size == 0 || support.path_size > MAX_PATH_SIZE)
    return FALSE;
  interpreter = find_main (memory, runtime, size, table);
  if (interpreter == 0 || !read_word (memory, runtime + table->main_thread, &offset)
      || support.enabled > size || !rsc_process_memory_read (memory, interpreter + support.enabled, &flag, sizeof flag)
      || !read_word (memory, interpreter + offset, &thread))
    return FALSE;
  /* Another state than that of the thread it was born with may be freed while it is written to. */
  if (thread < runtime || thread - runtime > size || support.breaker > size || support.support > size
      || thread - runtime + support.support + support.path + support.path_size > size)
    return FALSE;

  *enabled = flag == 1;
  *found = (RscRemoteSupport) {
    .breaker = thread + support.breaker + (G_BYTE_ORDER == G_BIG_ENDIAN ? sizeof (guint64) - 1 : 0),
    .pending = thread + support.support + support.pending,
    .path = thread + support.support + support.path,
    .path_size = support.path_size,
  };

  return TRUE;
}

gboolean
rsc_remote_support_find (RscProcessMemory *memory, const RscInterpreter *interpreter, RscRemoteSupport *support, GError **error)
{
  guint64 runtime = rsc_process_symbols_find (memory, interpreter->base, "_PyRuntime");
  const Table *table = runtime != 0 ? find_table (memory, runtime) : NULL;
  gboolean enabled;

  if (table == NULL)
    g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_UNSUPPORTED,
                 _("The Python of process %d is none that can be asked to load the agent by itself: that is there in CPython 3.14 and 3.15."),
                 (int) memory->pid);
  else if (!find (memory, runtime, table, support, &enabled))
    g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_UNSUPPORTED,
                 _("The Python of process %d cannot be asked to load the agent by itself: its main thread has ended, or it is a forked copy of another thread."),
                 (int) memory->pid);
  else if (!enabled)
    g_set_error (error, RSC_CAPTURE_ERROR, RSC_ERROR_UNSUPPORTED,
                 _("The Python of process %d was told not to be debugged from outside (-X disable-remote-debug or PYTHON_DISABLE_REMOTE_DEBUG)."),
                 (int) memory->pid);
  else
    return TRUE;

  return FALSE;
}
