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
/* A lock that CPython holds for some instructions only, and that is not to be had for so long, is nobody's any more: what
 * has to be done is done without, or not at all.  Nanoseconds. */
#define HARD_END UINT64_C (1000000000)

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

static Runtime found_runtime;

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

/* What was found once is kept: the list stays where it is.  NULL: nothing is known of other interpreters. */
static Runtime *
open_runtime (void)
{
  Runtime *runtime = &found_runtime;
  char error[RSC_WALK_ERROR_SIZE];
  uint32_t version_hex;
  bool moved;

  if (runtime->list != 0)
    return runtime;
  look_up ("PyInterpreterState_Head", &runtime->first);
  if (runtime->first == NULL || !rsc_walk_find_gc (&runtime->layout, &runtime->interp, &version_hex, &moved, error))
    return NULL;
  if (runtime->layout.interp_gil != 0 && check_gil (&runtime->layout, runtime->interp, (RscAddress) PyThreadState_Get ()))
    find_list (runtime);

  return runtime;
}

void
rsc_walk_forget_interpreters (void)
{
  found_runtime = (Runtime) { 0 };
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
  uint64_t hard_end = end + HARD_END;

  for (;;)
    {
      uint64_t at = now ();
      bool last = at > end;
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
      if (at > hard_end)
        return GIL_HELD;
      nanosleep (&(struct timespec) { .tv_nsec = TRY_INTERVAL }, NULL);
    }
}

typedef struct
{
  RscAddress state;
  bool has_own_gil;
} Found;

/* The others that are there as a whole, up to RSC_WALK_MAX_OTHERS; those beyond count as left out.  What is not locked may
 * be freed at once: an interpreter is only read here, or with its GIL.  One that has the caller's GIL in common and is whole
 * needs that for its end.  false: the list cannot be had just now. */
static bool
find_others (Runtime *runtime, RscWalkOthers *self, Found found[RSC_WALK_MAX_OTHERS], unsigned *n_found)
{
  const RscPythonLayout *layout = &runtime->layout;
  unsigned n = 0;

  *n_found = 0;
  if (runtime->list != 0 && !lock_list (runtime))
    return false;
  for (RscAddress at = runtime->list != 0 ? rsc_word (runtime->list, 0) : runtime->first (); at != 0 && n++ < MAX_LISTED;
       at = rsc_word (at, layout->interp_next))
    {
      if (at == runtime->interp || !is_whole (layout, at))
        continue;
      if (*n_found == RSC_WALK_MAX_OTHERS)
        self->n_left_out++;
      else
        found[(*n_found)++] = (Found) { at, has_own_gil (layout, at) };
    }
  if (runtime->list != 0)
    unlock_list (runtime);

  return true;
}

void
rsc_walk_stop_others (RscWalkOthers *self, int with_own_gil, uint64_t nanoseconds)
{
  uint64_t end = now () + nanoseconds;
  Runtime *runtime = open_runtime ();
  Found found[RSC_WALK_MAX_OTHERS];
  unsigned n_found;

  memset (self, 0, sizeof *self);
  if (runtime == NULL)
    return;
  /* From 3.12 on others come to their end without the caller's GIL: without the list's lock nothing is read of them. */
  if (runtime->list == 0 && runtime->layout.interp_gil != 0)
    {
      self->n_left_out += runtime->first () != runtime->interp;
      return;
    }
  if (!find_others (runtime, self, found, &n_found))
    {
      self->n_running++;
      return;
    }
  for (unsigned i = 0; i < n_found; i++)
    {
      if (found[i].has_own_gil && !with_own_gil)
        {
          self->n_left_out++;
          continue;
        }
      if (found[i].has_own_gil)
        {
          GilState state = take_gil (runtime, found[i].state, end);

          self->n_running += state == GIL_HELD;
          if (state != GIL_TAKEN)
            continue;
        }
      self->states[self->n] = (void *) found[i].state;
      self->has_own_gil[self->n++] = found[i].has_own_gil;
    }
}

void
rsc_walk_let_others_go (RscWalkOthers *self)
{
  Runtime *runtime = open_runtime ();

  for (unsigned i = self->n; i-- > 0;)
    {
      uint64_t hard_end = now () + HARD_END;
      bool locked = false;

      if (!self->has_own_gil[i])
        continue;
      while (!locked && now () < hard_end)
        locked = lock_list (runtime);
      /* It cannot end while its GIL is held here, unless it was at its end when that was taken: then it is not listed. */
      if (!locked || is_listed (runtime, (RscAddress) self->states[i]))
        drop_gil (runtime, (RscAddress) self->states[i]);
      if (locked)
        unlock_list (runtime);
    }
  self->n = 0;
}
