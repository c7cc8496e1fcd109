/* Tells ThreadSanitizer what GLib orders between threads.  GLib is not built with
 * it and its locks are system calls of its own, so that all that they protect
 * would seem unprotected.  Preloaded by the tests of a build with -Db_sanitize=thread;
 * in other programs (the weak symbols are missing there) it changes nothing. */
#include <dlfcn.h>
#include <gio/gio.h>

void __tsan_acquire (void *address) __attribute__ ((weak));
void __tsan_release (void *address) __attribute__ ((weak));

#define EXPORT __attribute__ ((visibility ("default")))

/* GLib's own function of this name. */
#define REAL(name) \
  static __typeof__ (&name) real; \
  if (real == NULL) \
    real = (__typeof__ (&name)) dlsym (RTLD_NEXT, #name)

/* What was done before @address was released has happened for who acquires it then. */
static void
acquire (gpointer address)
{
  if (__tsan_acquire != NULL)
    __tsan_acquire (address);
}

static void
release (gpointer address)
{
  if (__tsan_release != NULL)
    __tsan_release (address);
}

EXPORT void
g_mutex_lock (GMutex *mutex)
{
  REAL (g_mutex_lock);
  real (mutex);
  acquire (mutex);
}

EXPORT gboolean
g_mutex_trylock (GMutex *mutex)
{
  REAL (g_mutex_trylock);
  if (!real (mutex))
    return FALSE;
  acquire (mutex);
  return TRUE;
}

EXPORT void
g_mutex_unlock (GMutex *mutex)
{
  REAL (g_mutex_unlock);
  release (mutex);
  real (mutex);
}

EXPORT void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  REAL (g_cond_wait);
  release (mutex);
  real (cond, mutex);
  acquire (mutex);
}

EXPORT gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end_time)
{
  gboolean in_time;

  REAL (g_cond_wait_until);
  release (mutex);
  in_time = real (cond, mutex, end_time);
  acquire (mutex);
  return in_time;
}

EXPORT void
g_async_queue_push (GAsyncQueue *queue, gpointer data)
{
  REAL (g_async_queue_push);
  release (queue);
  real (queue, data);
}

EXPORT gpointer
g_async_queue_pop (GAsyncQueue *queue)
{
  gpointer data;

  REAL (g_async_queue_pop);
  data = real (queue);
  acquire (queue);
  return data;
}

EXPORT gboolean
(g_atomic_ref_count_dec) (gatomicrefcount *count)
{
  REAL (g_atomic_ref_count_dec);
  release (count);
  if (!real (count))
    return FALSE;
  acquire (count);
  return TRUE;
}

EXPORT gboolean
(g_once_init_enter) (volatile void *location)
{
  gboolean first;

  REAL (g_once_init_enter);
  first = real (location);
  acquire ((gpointer) location);
  return first;
}

EXPORT void
(g_once_init_leave) (volatile void *location, gsize result)
{
  REAL (g_once_init_leave);
  release ((gpointer) location);
  real (location, result);
}

/* What a worker is given. */
typedef struct
{
  GFunc func;
  gpointer user_data;
} Work;

static void
run_work (gpointer data, gpointer user_data)
{
  Work *work = user_data;

  acquire (data);
  work->func (data, work->user_data);
}

/* Pools live as long as the program. */
EXPORT GThreadPool *
g_thread_pool_new (GFunc func, gpointer user_data, int max_threads, gboolean exclusive, GError **error)
{
  Work *work = g_new (Work, 1);

  REAL (g_thread_pool_new);
  work->func = func;
  work->user_data = user_data;
  return real (run_work, work, max_threads, exclusive, error);
}

EXPORT gboolean
g_thread_pool_push (GThreadPool *pool, gpointer data, GError **error)
{
  REAL (g_thread_pool_push);
  release (data);
  return real (pool, data, error);
}

/* What the main loop is given. */
typedef struct
{
  GSourceFunc func;
  gpointer data;
  GDestroyNotify destroy;
} Idle;

static gboolean
run_idle (gpointer user_data)
{
  Idle *idle = user_data;

  acquire (idle);
  return idle->func (idle->data);
}

static void
idle_free (gpointer user_data)
{
  Idle *idle = user_data;

  acquire (idle);
  if (idle->destroy != NULL)
    idle->destroy (idle->data);
  g_free (idle);
}

EXPORT guint
g_idle_add_full (int priority, GSourceFunc func, gpointer data, GDestroyNotify destroy)
{
  Idle *idle = g_new (Idle, 1);

  REAL (g_idle_add_full);
  idle->func = func;
  idle->data = data;
  idle->destroy = destroy;
  release (idle);
  return real (priority, run_idle, idle, idle_free);
}
