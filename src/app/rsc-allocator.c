#include "config.h"

#include "rsc-allocator.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

/* What is larger is mapped by itself, and unmapped when it is freed: the columns
 * of a heap, a graph's arrays, the tiles. */
#define MAPPED_FROM (128 * 1024)
/* One for the main thread, one for all workers. */
#define POOLS 2

void
rsc_allocator_init (void)
{
#ifdef __GLIBC__
  mallopt (M_ARENA_MAX, POOLS);
  /* Setting them also ends their growing by themselves. */
  mallopt (M_MMAP_THRESHOLD, MAPPED_FROM);
  mallopt (M_TRIM_THRESHOLD, MAPPED_FROM);
#endif
}

guint64
rsc_allocator_get_in_use (void)
{
#if defined (__GLIBC__) && __GLIBC_PREREQ (2, 33)
  struct mallinfo2 info = mallinfo2 ();

  return info.uordblks + info.hblkhd;
#else
  return 0;
#endif
}
