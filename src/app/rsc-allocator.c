#include "config.h"

#include "rsc-allocator.h"

#include "base/rsc-release.h"
#include "base/rsc-sanitizer.h"

#if defined (__GLIBC__) && !defined (RSC_SANITIZER_ALLOCATES)
#define HAVE_POOLS
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

static GThread *main_thread;

typedef struct
{
  gpointer data;
  GDestroyNotify destroy;
} Release;

static void
run_release (gpointer data, gpointer user_data)
{
  Release *release = data;

  release->destroy (release->data);
  g_free (release);
}

/* A worker frees what it lets go of; for the main thread another does. */
static void
release (gpointer data, GDestroyNotify destroy)
{
  static GThreadPool *pool;
  Release *order;

  if (g_thread_self () != main_thread)
    {
      destroy (data);
      return;
    }

  if (pool == NULL)
    pool = g_thread_pool_new (run_release, NULL, 1, FALSE, NULL);
  order = g_new (Release, 1);
  order->data = data;
  order->destroy = destroy;
  g_thread_pool_push (pool, order, NULL);
}

void
rsc_allocator_init (void)
{
  main_thread = g_thread_self ();
  rsc_release_set_func (release);
#ifdef HAVE_POOLS
  mallopt (M_ARENA_MAX, POOLS);
  /* Setting them also ends their growing by themselves. */
  mallopt (M_MMAP_THRESHOLD, MAPPED_FROM);
  mallopt (M_TRIM_THRESHOLD, KEPT_FREE);
#endif
}

#ifdef HAVE_POOLS
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
#ifdef HAVE_POOLS
  g_timeout_add_once (TRIM_AFTER_MS, on_trim_time, NULL);
#endif
}
