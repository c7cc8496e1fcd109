#include "rsc-thread-stack.h"

#include <stdint.h>
#include <string.h>

/* The C library's description of a thread begins or ends at the thread pointer, and is of less than so many bytes. */
#define MAX_DESCRIPTION 4096
/* It is on top of the stack, below at most so many bytes of it. */
#define MAX_ABOVE (64 * 1024)

/* In the description, whose layout is not the same in every version, there is the block of memory: its address, its size, and how much
 * of it is to guard it. */
static gboolean
is_block (const guint64 block[3], guint64 sp, guint64 tls)
{
  guint64 start = block[0], size = block[1], guard = block[2];

  return start < sp && sp < tls && tls - start < size && size - (tls - start) < MAX_ABOVE && guard < sp - start;
}

gboolean
rsc_thread_stack_find (RscProcessMemory *memory, pid_t tid, guint64 sp, guint64 tls, guint64 *bottom)
{
  const RscMapping *mapping = rsc_process_memory_find (memory, sp);
  guint64 words[MAX_DESCRIPTION / sizeof (guint64)];

  if (mapping == NULL)
    return FALSE;
  *bottom = mapping->start;
  /* The main thread of a child that another thread made is on the stack of that one. */
  if (tid == memory->pid && strcmp (mapping->path, "[stack]") == 0)
    return TRUE;

  if (tls < mapping->start || tls >= mapping->end)
    return FALSE;
#ifdef __x86_64__
  guint64 from = tls, to = MIN (tls + MAX_DESCRIPTION, mapping->end);
#else
  guint64 from = MAX (tls - MIN (tls, MAX_DESCRIPTION), mapping->start), to = tls;
#endif
  from = (from + 7) & ~UINT64_C (7);
  if (from >= to || !rsc_process_memory_read (memory, from, words, (to - from) & ~UINT64_C (7)))
    return FALSE;
  for (guint64 i = 0; i + 3 <= (to - from) / sizeof *words; i++)
    if (is_block (words + i, sp, tls))
      {
        *bottom = MAX (words[i] + words[i + 2], mapping->start);
        return TRUE;
      }

  return FALSE;
}
