/* Sub-interpreters: finding them, and keeping those still that have a GIL of their own.
 *
 * Whoever holds the main interpreter's GIL keeps all those still that have it in common: every one up to 3.11, later
 * those that were not made isolated.  An isolated one is kept still by taking its GIL, too, and that without a thread state
 * in it: an interpreter that somebody ends while there is one that it does not know ends the program.  So the GIL is taken
 * as CPython's take_gil() does it, but never waited for by its condition variable:
 *
 * - it is tried for again and again, for a short time.  Each time the list of interpreters is locked, so that what is
 *   looked at is not freed meanwhile, and nothing is waited for with that lock;
 * - who holds it is asked for it, by the bit that threads ask by.  Whoever drops it after that waits until somebody has
 *   taken it: so a request that is given up is taken back, while it is certain that the GIL is still held;
 * - its last holder is then ours: a thread state that is all zeros, which stays, as whoever waits for the GIL sets a bit in it. */
#define Py_LIMITED_API 0x030A0000
#include <Python.h>

#include "rsc-walk-private.h"

#include <dlfcn.h>
#include <pthread.h>
#include <time.h>

#define MAX_LISTED 100000u
#define TRY_INTERVAL 100000 /* nanoseconds */
#define LIST_TRIES 1000

static _Alignas (64) uint8_t holder[4096];

typedef struct
{
  RscPythonLayout layout;
  RscAddress interp; /* the caller's */
  RscAddress list;   /* where the first of the list is; its lock stands before it */
  RscAddress (*first) (void);
  int (*lock_try) (void *lock, int wait);
  void (*lock_leave) (void *lock);
  void (*mutex_unlock) (void *mutex);
} Runtime;

static void
look_up (const char *name, void *function)
{
  void *symbol = dlsym (RTLD_DEFAULT, name);

  memcpy (function, &symbol, sizeof symbol);
}

static RscAddress
find_gil (const RscPythonLayout *layout, RscAddress interp)
{
  return rsc_word (interp, layout->interp_gil);
}

static bool
has_own_gil (const RscPythonLayout *layout, RscAddress interp)
{
  return layout->interp_gil != 0 && rsc_half (interp, layout->interp_gil + 8u) != 0;
}

/* Where the version has no such thing, and where it is not as the table says, there is no list: then nothing of this is done. */
static void
find_list (Runtime *runtime)
{
  const RscPythonLayout *layout = &runtime->layout;
  RscAddress base = (RscAddress) dlsym (RTLD_DEFAULT, "_PyRuntime");
  size_t head = layout->runtime_head;

  if (layout->interp_gil == 0 || base == 0)
    return;
  if (head == 0)
    head = rsc_word (base, 8 * RSC_PY_DEBUG_INTERP_HEAD);
  if (head < 8 || head > 100000 || rsc_word (base, head) != runtime->first ())
    return;
  if (layout->thread_eval_breaker != 0)
    look_up ("PyMutex_Unlock", &runtime->mutex_unlock);
  else
    {
      look_up ("PyThread_acquire_lock", &runtime->lock_try);
      look_up ("PyThread_release_lock", &runtime->lock_leave);
    }
  if (runtime->mutex_unlock != NULL || (runtime->lock_try != NULL && runtime->lock_leave != NULL))
    runtime->list = base + head;
}

/* The GIL that is held just now is what the table says a GIL is. */
static bool
check_gil (const RscPythonLayout *layout, RscAddress interp, RscAddress thread)
{
  RscAddress gil = find_gil (layout, interp);

  return gil % 8 == 0 && gil != 0 && rsc_half (gil, RSC_PY_GIL_LOCKED) == 1
         && rsc_word (gil, RSC_PY_GIL_LAST_HOLDER) == thread;
}

static bool
open_runtime (Runtime *runtime)
{
  char error[RSC_WALK_ERROR_SIZE];
  uint32_t version_hex;
  bool moved;

  memset (runtime, 0, sizeof *runtime);
  look_up ("PyInterpreterState_Head", &runtime->first);
  if (runtime->first == NULL || !rsc_walk_find_gc (&runtime->layout, &runtime->interp, &version_hex, &moved, error))
    return false;
  if (runtime->layout.interp_gil != 0 && check_gil (&runtime->layout, runtime->interp, (RscAddress) PyThreadState_Get ()))
    find_list (runtime);

  return true;
}

static bool
lock_list (Runtime *runtime)
{
  RscAddress lock = runtime->list - 8;

  for (unsigned i = 0; i < LIST_TRIES; i++)
    {
      uint8_t unlocked = 0;

      if (runtime->mutex_unlock != NULL
              ? __atomic_compare_exchange_n ((uint8_t *) lock, &unlocked, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)
              : runtime->lock_try ((void *) rsc_word (lock, 0), 0) == 1)
        return true;
      nanosleep (&(struct timespec) { .tv_nsec = TRY_INTERVAL / 10 }, NULL);
    }

  return false;
}

static void
unlock_list (Runtime *runtime)
{
  RscAddress lock = runtime->list - 8;

  if (runtime->mutex_unlock != NULL)
    runtime->mutex_unlock ((void *) lock);
  else
    runtime->lock_leave ((void *) rsc_word (lock, 0));
}

/* With the list locked. */
static bool
is_listed (const Runtime *runtime, RscAddress interp)
{
  unsigned n = 0;

  for (RscAddress at = rsc_word (runtime->list, 0); at != 0 && n++ < MAX_LISTED; at = rsc_word (at, runtime->layout.interp_next))
    if (at == interp)
      return true;

  return false;
}

/* It is there as a whole: not being made or taken apart. */
static bool
is_whole (const RscPythonLayout *layout, RscAddress interp)
{
  return rsc_word (interp, layout->interp_modules) != 0 && rsc_word (interp, layout->interp_sysdict) != 0
         && rsc_word (interp, layout->interp_builtins) != 0;
}

/* With its mutex locked, and held by somebody. */
static void
ask_holder (const RscPythonLayout *layout, RscAddress interp, RscAddress gil, bool ask)
{
  if (layout->thread_eval_breaker != 0)
    {
      RscAddress thread = rsc_word (gil, RSC_PY_GIL_LAST_HOLDER);
      uint64_t *breaker = (uint64_t *) (thread + layout->thread_eval_breaker);

      if (thread == 0)
        return;
      if (ask)
        __atomic_fetch_or (breaker, (uint64_t) RSC_PY_GIL_DROP_REQUEST, __ATOMIC_RELAXED);
      else
        __atomic_fetch_and (breaker, ~(uint64_t) RSC_PY_GIL_DROP_REQUEST, __ATOMIC_RELAXED);
    }
  else
    {
      __atomic_store_n ((uint32_t *) (interp + layout->interp_drop_request), ask, __ATOMIC_RELAXED);
      /* That it is looked at once in vain does no harm. */
      if (ask)
        __atomic_store_n ((uint32_t *) (interp + layout->interp_drop_request - 4), 1, __ATOMIC_RELAXED);
    }
}

typedef enum
{
  GIL_TAKEN,
  GIL_HELD,    /* by another */
  GIL_UNKNOWN, /* somebody is just changing it */
  GIL_GONE     /* nothing to be captured: the interpreter has ended, or is not whole */
} GilState;

/* With its list locked.  @ask: whoever holds it is asked for it, else no more. */
static GilState
try_gil (const Runtime *runtime, RscAddress interp, bool ask)
{
  const RscPythonLayout *layout = &runtime->layout;
  RscAddress gil = find_gil (layout, interp);
  pthread_mutex_t *mutex = (pthread_mutex_t *) (gil + RSC_PY_GIL_MUTEX);
  pthread_mutex_t *switch_mutex = (pthread_mutex_t *) (gil + RSC_PY_GIL_SWITCH_MUTEX);
  GilState result = GIL_UNKNOWN;
  int32_t locked;

  if (gil == 0 || (int32_t) rsc_half (gil, RSC_PY_GIL_LOCKED) < 0)
    return GIL_GONE;
  if (pthread_mutex_trylock (mutex) != 0)
    return GIL_UNKNOWN;
  locked = __atomic_load_n ((int32_t *) (gil + RSC_PY_GIL_LOCKED), __ATOMIC_RELAXED);
  if (locked < 0)
    result = GIL_GONE;
  else if (locked == 1)
    {
      ask_holder (layout, interp, gil, ask);
      result = GIL_HELD;
    }
  else if (pthread_mutex_trylock (switch_mutex) == 0)
    {
      __atomic_store_n ((int32_t *) (gil + RSC_PY_GIL_LOCKED), 1, __ATOMIC_RELAXED);
      __atomic_store_n ((RscAddress *) (gil + RSC_PY_GIL_LAST_HOLDER), (RscAddress) holder, __ATOMIC_RELAXED);
      pthread_cond_signal ((pthread_cond_t *) (gil + RSC_PY_GIL_SWITCH_COND));
      pthread_mutex_unlock (switch_mutex);
      result = GIL_TAKEN;
    }
  pthread_mutex_unlock (mutex);

  return result;
}

/* Only if it is still ours: it may have been ended, and another made in its place. */
static void
drop_gil (const Runtime *runtime, RscAddress interp)
{
  RscAddress gil = find_gil (&runtime->layout, interp);
  pthread_mutex_t *mutex = (pthread_mutex_t *) (gil + RSC_PY_GIL_MUTEX);

  if (gil == 0 || rsc_word (gil, RSC_PY_GIL_LAST_HOLDER) != (RscAddress) holder || rsc_half (gil, RSC_PY_GIL_LOCKED) != 1
      || pthread_mutex_lock (mutex) != 0)
    return;
  __atomic_store_n ((int32_t *) (gil + RSC_PY_GIL_LOCKED), 0, __ATOMIC_RELAXED);
  pthread_cond_signal ((pthread_cond_t *) (gil + RSC_PY_GIL_COND));
  pthread_mutex_unlock (mutex);
}

static uint64_t
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);

  return (uint64_t) time.tv_sec * UINT64_C (1000000000) + (uint64_t) time.tv_nsec;
}

/* GIL_HELD after @end, when it is certain that nobody is asked any more. */
static GilState
take_gil (Runtime *runtime, RscAddress interp, uint64_t end)
{
  bool last = false;

  for (;;)
    {
      GilState state = GIL_UNKNOWN;

      if (lock_list (runtime))
        {
          state = !is_listed (runtime, interp) ? GIL_GONE : try_gil (runtime, interp, !last);
          if (state == GIL_TAKEN && !is_whole (&runtime->layout, interp))
            {
              drop_gil (runtime, interp);
              state = GIL_GONE;
            }
          unlock_list (runtime);
        }
      if (state == GIL_TAKEN || state == GIL_GONE || (state == GIL_HELD && last))
        return state;
      nanosleep (&(struct timespec) { .tv_nsec = TRY_INTERVAL }, NULL);
      last = now () > end;
    }
}

void
rsc_walk_stop_others (RscWalkOthers *self, int with_own_gil, uint64_t nanoseconds)
{
  uint64_t end = now () + nanoseconds;
  Runtime runtime;
  unsigned n = 0;

  memset (self, 0, sizeof *self);
  if (!open_runtime (&runtime))
    return;
  for (RscAddress at = runtime.first (); at != 0 && n++ < MAX_LISTED; at = rsc_word (at, runtime.layout.interp_next))
    {
      bool own = has_own_gil (&runtime.layout, at);

      if (at == runtime.interp)
        continue;
      if (self->n == RSC_WALK_MAX_OTHERS || (own && (runtime.list == 0 || !with_own_gil)))
        {
          self->n_running++;
          continue;
        }
      if (own)
        {
          GilState state = take_gil (&runtime, at, end);

          self->n_running += state == GIL_HELD;
          if (state != GIL_TAKEN)
            continue;
        }
      else if (!is_whole (&runtime.layout, at))
        continue;
      self->states[self->n] = (void *) at;
      self->has_own_gil[self->n++] = own;
    }
}

void
rsc_walk_let_others_go (RscWalkOthers *self)
{
  Runtime runtime;
  bool open = false;

  for (unsigned i = self->n; i-- > 0;)
    {
      if (!self->has_own_gil[i])
        continue;
      if (!open)
        open = open_runtime (&runtime);
      /* Nothing keeps the list for long, and this has to be. */
      while (!lock_list (&runtime))
        ;
      if (is_listed (&runtime, (RscAddress) self->states[i]))
        drop_gil (&runtime, (RscAddress) self->states[i]);
      unlock_list (&runtime);
    }
  self->n = 0;
}
