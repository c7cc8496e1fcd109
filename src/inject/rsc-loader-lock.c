#include "rsc-loader-lock.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "rsc-process-symbols.h"

/* struct rtld_global has 4336 bytes in glibc 2.36; what is much larger is something else. */
#define MAX_GLOBALS (64 * 1024)
/* There are so many namespaces at most (DL_NNS). */
#define MAX_NAMESPACES 16

/* In words: how large a mutex is, and where of it are its kind, and the list of a thread's robust ones, of which it is none. */
enum
{
  MUTEX_WORDS = sizeof (pthread_mutex_t) / sizeof (guint64),
  AT_KIND = 2,
  AT_LIST = 3,
};

static gboolean
is_loader (const char *name)
{
  return g_str_has_prefix (name, "ld-linux") || (g_str_has_prefix (name, "ld-2.") && g_str_has_suffix (name, ".so"));
}

static gboolean
is_recursive_mutex (const guint64 *words)
{
  return (guint32) words[AT_KIND] == PTHREAD_MUTEX_RECURSIVE && words[AT_LIST] == 0 && words[AT_LIST + 1] == 0;
}

/* How much comes before differs from version to version, but not what stands there: the number of namespaces (_dl_nns), then
 * _dl_load_lock, then _dl_load_write_lock. */
static gboolean
is_before_lock (const guint64 *words)
{
  return words[0] >= 1 && words[0] <= MAX_NAMESPACES && is_recursive_mutex (words + 1) && is_recursive_mutex (words + 1 + MUTEX_WORDS);
}

guint64
rsc_loader_lock_find (RscProcessMemory *memory)
{
  const RscMapping *loader = rsc_process_symbols_find_object (memory, is_loader);
  g_autofree guint64 *words = NULL;
  guint64 globals, found = 0;
  gsize size;

  if (loader == NULL)
    return 0;
  globals = rsc_process_symbols_find_sized (memory, loader->start, "_rtld_global", &size);
  if (globals == 0 || size > MAX_GLOBALS)
    return 0;
  words = g_malloc (size);
  if (!rsc_process_memory_read (memory, globals, words, size))
    return 0;
  for (gsize i = 0; i + 1 + 2 * MUTEX_WORDS <= size / sizeof *words; i++)
    if (is_before_lock (words + i))
      {
        if (found != 0)
          return 0;
        found = globals + (i + 1) * sizeof *words;
      }

  return found;
}

gboolean
rsc_loader_lock_is_taken (RscProcessMemory *memory, guint64 lock)
{
  guint32 state;

  return rsc_process_memory_read (memory, lock, &state, sizeof state) && state != 0;
}

gboolean
rsc_loader_lock_is_of (RscProcessMemory *memory, guint64 lock, pid_t tid)
{
  struct { gint32 lock; guint32 count; gint32 owner; } mutex; /* as a pthread_mutex_t begins */

  return rsc_process_memory_read (memory, lock, &mutex, sizeof mutex) && mutex.count != 0 && mutex.owner == tid;
}
