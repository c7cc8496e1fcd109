#include "config.h"

#include "rsc-allocator.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

/* What is larger is mapped by itself, and unmapped when it is freed: the columns
 * of a large heap.  What cairo needs to draw a tile is smaller, and comes and
 * goes with each frame: mapping that anew would take many times what drawing takes. */
#define MAPPED_FROM (4 * 1024 * 1024)
/* A pool's free end may be so large; as much as a frame's needs. */
#define KEPT_FREE (16 * 1024 * 1024)
/* One for the main thread, one for all workers. */
#define POOLS 2
/* By then what a page had on other threads is freed, too. */
#define TRIM_AFTER_MS 2000

void
rsc_allocator_init (void)
{
#ifdef __GLIBC__
  mallopt (M_ARENA_MAX, POOLS);
  /* Setting them also ends their growing by themselves. */
  mallopt (M_MMAP_THRESHOLD, MAPPED_FROM);
  mallopt (M_TRIM_THRESHOLD, KEPT_FREE);
#endif
}

#ifdef __GLIBC__
static gpointer
trim (gpointer data)
{
  malloc_trim (0);

  return NULL;
}

static void
on_trim_time (gpointer user_data)
{
  GThread *thread = g_thread_try_new ("trim", trim, NULL, NULL);

  if (thread != NULL)
    g_thread_unref (thread);
}
#endif

void
rsc_allocator_trim_soon (void)
{
#ifdef __GLIBC__
  g_timeout_add_once (TRIM_AFTER_MS, on_trim_time, NULL);
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
