/* Finding the interpreter's structures, and checking them before they are trusted. */
#define Py_LIMITED_API 0x030A0000
#include <Python.h>

#include "rsc-walk-private.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <sys/mman.h>

/* "3.11.2 (main, ...) [GCC 12.2.0]" */
static const RscPythonLayout *
find_layout (uint32_t *version_hex, char error[RSC_WALK_ERROR_SIZE])
{
  const char *version = Py_GetVersion ();
  char *end;
  unsigned long major = strtoul (version, &end, 10), minor, micro = 0, level = 0xf, serial = 0;
  const RscPythonLayout *layout = NULL;
  char shown[32] = "";
  size_t length = strcspn (version, " ");

  memcpy (shown, version, length < sizeof shown ? length : sizeof shown - 1);
  minor = *end == '.' ? strtoul (end + 1, &end, 10) : 0;
  if (*end == '.')
    micro = strtoul (end + 1, &end, 10);
  if (*end == 'a' || *end == 'b')
    level = *end == 'a' ? 0xa : 0xb;
  else if (*end == 'r')
    level = 0xc;
  if (level != 0xf)
    serial = strtoul (end + (level == 0xc ? 2 : 1), NULL, 10);
  *version_hex = (uint32_t) (major << 24 | minor << 16 | micro << 8 | level << 4 | serial);

  if (strstr (version, "free-threading") != NULL)
    {
      rsc_wire_sentence_write (error, RSC_SENTENCE_FREE_THREADED, shown, NULL);
      return NULL;
    }
  if (sizeof (void *) != 8)
    {
      rsc_wire_sentence_write (error, RSC_SENTENCE_32_BIT, NULL, NULL);
      return NULL;
    }
  if (major == 3)
    layout = rsc_python_layout_get ((unsigned) minor);
  if (layout == NULL)
    rsc_wire_sentence_write (error, RSC_SENTENCE_UNKNOWN_VERSION, shown, NULL);
  else if (*version_hex < layout->generations_since)
    {
      rsc_wire_sentence_write (error, RSC_SENTENCE_INCREMENTAL_COLLECTOR, shown, NULL);
      return NULL;
    }
  return layout;
}

/* From 3.13 the interpreter itself says where some of its fields are. */
static bool
read_debug_offsets (RscPythonLayout *layout, uint32_t version_hex, bool *moved)
{
  RscAddress runtime = (RscAddress) dlsym (RTLD_DEFAULT, "_PyRuntime");
  uint64_t gc, next, first;
  int64_t delta;

  *moved = false;
  if (layout->debug_gc == 0)
    return true;
  if (runtime == 0 || memcmp ((const void *) runtime, RSC_PY_DEBUG_COOKIE, 8) != 0
      || rsc_word (runtime, 8 * RSC_PY_DEBUG_VERSION) != version_hex
      || rsc_word (runtime, 8 * RSC_PY_DEBUG_FREE_THREADED) != 0)
    return false;
  gc = rsc_word (runtime, 8 * layout->debug_gc);
  next = rsc_word (runtime, 8 * RSC_PY_DEBUG_INTERP_NEXT);
  first = rsc_word (runtime, 8 * RSC_PY_DEBUG_INTERP_THREADS);
  delta = (int64_t) gc - (int64_t) layout->gc_start;
  if (gc > 60000 || next > 60000 || first > 60000)
    return false;
  *moved = delta != 0;

  layout->interp_next = (uint16_t) next;
  layout->interp_threads = (uint16_t) first;
  layout->gc_enabled = (uint16_t) (layout->gc_enabled + delta);
  layout->gc_generations = (uint16_t) (layout->gc_generations + delta);
  layout->gc_permanent = (uint16_t) (layout->gc_permanent + delta);
  layout->gc_stats = (uint16_t) (layout->gc_stats + delta);
  layout->gc_collecting = (uint16_t) (layout->gc_collecting + delta);
  layout->gc_garbage = (uint16_t) (layout->gc_garbage + delta);
  layout->gc_generation0 = (uint16_t) (layout->gc_generation0 + delta);
  if (layout->gc_long_lived != 0)
    layout->gc_long_lived = (uint16_t) (layout->gc_long_lived + delta);
  layout->interp_modules = (uint16_t) rsc_word (runtime, 8 * (layout->debug_gc + 1u));
  layout->interp_sysdict = (uint16_t) rsc_word (runtime, 8 * (layout->debug_gc + 2u));
  layout->interp_builtins = (uint16_t) rsc_word (runtime, 8 * (layout->debug_gc + 3u));
  layout->interp_importlib = (uint16_t) (layout->interp_importlib + delta);
  layout->interp_dict = (uint16_t) (layout->interp_dict + delta);
  layout->interp_codecs = (uint16_t) (layout->interp_codecs + delta);
  layout->interp_forkers = (uint16_t) (layout->interp_forkers + delta);
  layout->thread_next = (uint16_t) rsc_word (runtime, 8 * layout->debug_thread);
  layout->thread_interp = (uint16_t) rsc_word (runtime, 8 * (layout->debug_thread + 1u));
  layout->thread_frame = (uint16_t) rsc_word (runtime, 8 * (layout->debug_thread + 2u));
  layout->thread_id = (uint16_t) rsc_word (runtime, 8 * layout->debug_thread_id);
  layout->thread_native_id = (uint16_t) rsc_word (runtime, 8 * (layout->debug_thread_id + 1u));
  return true;
}

/* A build --with-pydebug: what it has besides is in the middle of some structures, and what
 * its own checks say to a walk is not known.  3.14's ended the program. */
static bool
is_debug_build (void)
{
  static int known = -1; /* asked first when the program begins, when there is memory for it */

  if (known < 0)
    known = PySys_GetObject ("gettotalrefcount") != NULL;

  return known != 0;
}

bool
rsc_walk_find_gc (RscPythonLayout *layout, RscAddress *interp, uint32_t *version_hex, bool *moved,
                  char error[RSC_WALK_ERROR_SIZE])
{
  const RscPythonLayout *row = find_layout (version_hex, error);
  RscAddress thread;
  uint64_t generations;

  if (row == NULL)
    return false;
  *layout = *row;
  thread = (RscAddress) PyThreadState_Get ();
  *interp = (RscAddress) PyInterpreterState_Get ();
  if (is_debug_build () || !read_debug_offsets (layout, *version_hex, moved))
    thread = 0;
  /* The collector points to the first of its lists itself.  How the lists are
   * aligned differs between builds of one version: 3.13.5 has them at 4 bytes. */
  generations = rsc_word (*interp, layout->gc_generation0) - *interp;
  if (thread == 0 || rsc_word (thread, layout->thread_interp) != *interp
      || rsc_word (*interp, layout->interp_modules) != (RscAddress) PyImport_GetModuleDict ()
      || generations > layout->gc_generations || generations + 8 <= layout->gc_generations)
    {
      rsc_wire_sentence_write (error, RSC_SENTENCE_UNKNOWN_STRUCTURES, Py_GetVersion (), NULL);
      return false;
    }
  layout->gc_generations = (uint16_t) generations;
  return true;
}

/* A list that leads back to its head, forwards and backwards at its ends. */
static bool
check_list (RscAddress head)
{
  RscAddress next = rsc_word (head, 0) & ~UINT64_C (3), previous = rsc_word (head, 8) & ~UINT64_C (3);

  return next != 0 && previous != 0 && (rsc_word (next, 8) & ~UINT64_C (3)) == head
         && (rsc_word (previous, 0) & ~UINT64_C (3)) == head;
}

/* Where the newest numbers of a generation are: how often it was collected, what that freed, and what it could not. */
static const uint64_t *
find_statistics (const RscWalkGcCounters *counters, unsigned g)
{
  const uint8_t *base = counters->statistics;
  size_t items = g == 0 ? RSC_PY_STATS_YOUNG_ITEMS : RSC_PY_STATS_OLD_ITEMS;
  int8_t index;

  if (!counters->in_buffers)
    return (const uint64_t *) (const void *) base + 3 * g;
  /* Each buffer ends with its index, and is as large as what follows needs. */
  if (g > 0)
    base += RSC_PY_STATS_YOUNG_ITEMS * RSC_PY_STATS_ITEM_SIZE + 8 + (g - 1) * (RSC_PY_STATS_OLD_ITEMS * RSC_PY_STATS_ITEM_SIZE + 8);
  index = __atomic_load_n ((const int8_t *) base + items * RSC_PY_STATS_ITEM_SIZE, __ATOMIC_ACQUIRE);
  if (index < 0 || (size_t) index >= items)
    index = 0;

  return (const uint64_t *) (const void *) (base + (size_t) index * RSC_PY_STATS_ITEM_SIZE + RSC_PY_STATS_COLLECTIONS);
}

static void
place_counters (const RscPythonLayout *layout, RscAddress interp, RscWalkGcCounters *counters)
{
  counters->in_buffers = layout->gc_stats_apart;
  counters->statistics = (const void *) (layout->gc_stats_apart ? rsc_word (interp, layout->gc_stats) : interp + layout->gc_stats);
}

static void
read_gc (const RscPythonLayout *layout, RscAddress interp, RscWalkGcState *state)
{
  RscWalkGcCounters counters;

  place_counters (layout, interp, &counters);
  state->enabled = rsc_half (interp, layout->gc_enabled) != 0;
  for (unsigned g = 0; g < 3; g++)
    {
      RscAddress generation = interp + layout->gc_generations + g * RSC_PY_GENERATION_SIZE;
      const uint64_t *statistics = find_statistics (&counters, g);

      state->thresholds[g] = rsc_half (generation, RSC_PY_GENERATION_THRESHOLD);
      state->counts[g] = rsc_half (generation, RSC_PY_GENERATION_COUNT);
      state->collections[g] = statistics[0];
      state->collected[g] = statistics[1];
      state->uncollectable[g] = statistics[2];
    }
  state->has_long_lived = layout->gc_long_lived != 0;
  for (unsigned i = 0; i < 2 && state->has_long_lived; i++)
    state->long_lived[i] = rsc_word (interp, layout->gc_long_lived + 8 * i);
}

static uint64_t
count_list (RscAddress head)
{
  uint64_t n = 0;

  for (RscAddress at = rsc_word (head, 0) & ~UINT64_C (3); at != head; at = rsc_word (at, 0) & ~UINT64_C (3))
    n++;
  return n;
}

int
rsc_walk_read_gc_state (RscWalkGcState *state, int count_objects, char error[RSC_WALK_ERROR_SIZE])
{
  RscAddress interp;
  RscPythonLayout own_layout;
  const RscPythonLayout *layout = &own_layout;
  bool moved;

  memset (state, 0, sizeof *state);
  if (!rsc_walk_find_gc (&own_layout, &interp, &state->version_hex, &moved, error))
    return -1;
  read_gc (layout, interp, state);
  if (count_objects)
    {
      for (unsigned g = 0; g < 3; g++)
        state->generation_objects[g] = count_list (interp + layout->gc_generations + g * RSC_PY_GENERATION_SIZE);
      state->frozen = count_list (interp + layout->gc_permanent);
    }
  return 0;
}

int
rsc_walk_find_gc_counters (RscWalkGcCounters *counters, char error[RSC_WALK_ERROR_SIZE])
{
  RscPythonLayout layout;
  RscAddress interp;
  uint32_t version_hex;
  bool moved;

  if (!rsc_walk_find_gc (&layout, &interp, &version_hex, &moved, error))
    return -1;
  place_counters (&layout, interp, counters);
  counters->collecting = (const uint32_t *) (interp + layout.gc_collecting);
  counters->callbacks = (void *const *) (interp + layout.gc_garbage + 8); /* the field behind it */
  for (unsigned g = 0; g < 3; g++)
    {
      RscAddress generation = interp + layout.gc_generations + g * RSC_PY_GENERATION_SIZE;

      counters->thresholds[g] = (const uint32_t *) (generation + RSC_PY_GENERATION_THRESHOLD);
      counters->counts[g] = (const uint32_t *) (generation + RSC_PY_GENERATION_COUNT);
    }

  return 0;
}

void
rsc_walk_load_gc_counts (const RscWalkGcCounters *counters, RscWalkGcCounts *counts)
{
  for (unsigned g = 0; g < 3; g++)
    {
      const uint64_t *statistics = find_statistics (counters, g);

      counts->collections[g] = __atomic_load_n (&statistics[0], __ATOMIC_ACQUIRE);
      counts->collected[g] = __atomic_load_n (&statistics[1], __ATOMIC_ACQUIRE);
      counts->uncollectable[g] = __atomic_load_n (&statistics[2], __ATOMIC_ACQUIRE);
    }
}

int
rsc_walk_read_gc_counters (const RscWalkGcCounters *counters, RscWalkGcCounts *counts)
{
  RscWalkGcCounts again;

  /* Both numbers of a generation are written by a collection before it says
   * that it is over: what is the same before and after such a word is whole. */
  rsc_walk_load_gc_counts (counters, counts);
  if (__atomic_load_n (counters->collecting, __ATOMIC_ACQUIRE) != 0)
    return -1;
  rsc_walk_load_gc_counts (counters, &again);

  return memcmp (counts, &again, sizeof again) == 0 ? 0 : -1;
}

int
rsc_walk_get_place (void **file, uint32_t *line)
{
  char error[RSC_WALK_ERROR_SIZE];
  RscPythonLayout layout;
  RscAddress interp, name;
  uint32_t version_hex;
  bool moved;

  if (!rsc_walk_find_gc (&layout, &interp, &version_hex, &moved, error)
      || !rsc_walk_find_place (&layout, (RscAddress) PyThreadState_Get (), (RscAddress) dlsym (RTLD_DEFAULT, "PyCode_Type"),
                               &name, line))
    return -1;
  *file = (void *) name;

  return 0;
}

static void
add_known (RscWalk *walk, const char *symbol, RscKind kind)
{
  RscAddress type = (RscAddress) dlsym (RTLD_DEFAULT, symbol);

  if (type != 0 && walk->n_known < sizeof walk->known / sizeof walk->known[0])
    {
      walk->known[walk->n_known].type = type;
      walk->known[walk->n_known].kind = kind;
      walk->n_known++;
    }
}

static void
find_types (RscWalk *walk)
{
  static const struct
  {
    const char *symbol;
    RscKind kind;
  } types[] = {
    { "PyBool_Type", RSC_KIND_BOOL },
    { "PyLong_Type", RSC_KIND_INT },
    { "PyUnicode_Type", RSC_KIND_STR },
    { "PyBytes_Type", RSC_KIND_BYTES },
    { "PyByteArray_Type", RSC_KIND_BYTEARRAY },
    { "PyFloat_Type", RSC_KIND_FLOAT },
    { "PyComplex_Type", RSC_KIND_COMPLEX },
    { "PyRange_Type", RSC_KIND_RANGE },
    { "PyList_Type", RSC_KIND_LIST },
    { "PyTuple_Type", RSC_KIND_TUPLE },
    { "PyODict_Type", RSC_KIND_ORDERED_DICT },
    { "PyDict_Type", RSC_KIND_DICT },
    { "PyFrozenDict_Type", RSC_KIND_DICT },
    { "PySet_Type", RSC_KIND_SET },
    { "PyFrozenSet_Type", RSC_KIND_FROZENSET },
    { "PyType_Type", RSC_KIND_TYPE },
    { "PyModule_Type", RSC_KIND_MODULE },
    { "PyFunction_Type", RSC_KIND_FUNCTION },
    { "PyMethod_Type", RSC_KIND_METHOD },
    { "PyCFunction_Type", RSC_KIND_CFUNCTION },
    { "PyMethodDescr_Type", RSC_KIND_DESCRIPTOR },
    { "PyClassMethodDescr_Type", RSC_KIND_DESCRIPTOR },
    { "PyGetSetDescr_Type", RSC_KIND_DESCRIPTOR },
    { "PyMemberDescr_Type", RSC_KIND_DESCRIPTOR },
    { "PyWrapperDescr_Type", RSC_KIND_DESCRIPTOR },
    { "PyCode_Type", RSC_KIND_CODE },
    { "PyFrame_Type", RSC_KIND_FRAME },
    { "PyGen_Type", RSC_KIND_GENERATOR },
    { "PyCoro_Type", RSC_KIND_COROUTINE },
    { "PyAsyncGen_Type", RSC_KIND_ASYNC_GENERATOR },
    { "PyCell_Type", RSC_KIND_CELL },
    { "_PyWeakref_RefType", RSC_KIND_WEAKREF },
    { "_PyWeakref_ProxyType", RSC_KIND_WEAKREF },
    { "_PyWeakref_CallableProxyType", RSC_KIND_WEAKREF },
    { "PyDictProxy_Type", RSC_KIND_MAPPING_PROXY },
    { "PyDictKeys_Type", RSC_KIND_DICT_VIEW },
    { "PyDictValues_Type", RSC_KIND_DICT_VIEW },
    { "PyDictItems_Type", RSC_KIND_DICT_VIEW },
    { "PyProperty_Type", RSC_KIND_PROPERTY },
  };
  const struct
  {
    const char *symbol;
    RscKind kind;
  } objects[] = {
    { "_Py_EllipsisObject", RSC_KIND_ELLIPSIS },
    { "_Py_NotImplementedStruct", RSC_KIND_NOT_IMPLEMENTED },
    { "_Py_NoneStruct", RSC_KIND_NONE },
  };

  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
    add_known (walk, types[i].symbol, types[i].kind);
  for (size_t i = 0; i < sizeof objects / sizeof objects[0]; i++)
    {
      RscAddress object = (RscAddress) dlsym (RTLD_DEFAULT, objects[i].symbol);

      if (object != 0)
        {
          walk->known[walk->n_known].type = rsc_type_of (object);
          walk->known[walk->n_known++].kind = objects[i].kind;
        }
    }
  walk->known[walk->n_known].type = (RscAddress) PyExc_BaseException;
  walk->known[walk->n_known++].kind = RSC_KIND_EXCEPTION;

  walk->t_type = (RscAddress) &PyType_Type;
  walk->t_object = (RscAddress) &PyBaseObject_Type;
  walk->t_tuple = (RscAddress) &PyTuple_Type;
  walk->t_list = (RscAddress) &PyList_Type;
  walk->t_dict = (RscAddress) &PyDict_Type;
  walk->t_str = (RscAddress) &PyUnicode_Type;
  walk->t_module = (RscAddress) &PyModule_Type;
  walk->t_code = (RscAddress) dlsym (RTLD_DEFAULT, "PyCode_Type");
  walk->t_frame = (RscAddress) dlsym (RTLD_DEFAULT, "PyFrame_Type");
  walk->t_method_descriptor = (RscAddress) dlsym (RTLD_DEFAULT, "PyMethodDescr_Type");
  walk->none = (RscAddress) Py_None;
}

static bool
basic_size_is (RscAddress type, uint64_t size)
{
  return type != 0 && rsc_word (type, RSC_PY_TP_BASICSIZE) == size;
}

/* The sizes that the types themselves declare tell whether the table's row fits. */
static bool
check_layout (const RscWalk *walk)
{
  const RscPythonLayout *layout = walk->layout;
  RscAddress function = (RscAddress) dlsym (RTLD_DEFAULT, "PyFunction_Type");
  uint64_t function_size = basic_size_is (function, 0) ? 0 : rsc_word (function, RSC_PY_TP_BASICSIZE);

  return basic_size_is (walk->t_dict, 48) && basic_size_is (walk->t_list, 40) && basic_size_is (walk->t_str, layout->str_size)
         && basic_size_is (walk->t_type, layout->heap_type_size) && basic_size_is (walk->t_code, layout->code_size)
         && function_size > layout->func_annotations && function_size < 200
         && (layout->frame_frame == 0 || basic_size_is (walk->t_frame, layout->frame_size + layout->iframe_localsplus));
}

static void
add_filter (RscWalk *walk, RscAddress object)
{
  size_t bit = (object >> 4) % RSC_WALK_FILTER_BITS;

  walk->filter[bit / 64] |= UINT64_C (1) << (bit % 64);
}

static int
correct_visit (void *object, void *data)
{
  RscWalk *walk = data;

  add_filter (walk, (RscAddress) object);
  ++*rsc_map_at (walk, &walk->corrections, (RscAddress) object);
  return 0;
}

static void
exclude (RscWalk *walk, RscAddress object)
{
  uint64_t flags = rsc_word (rsc_type_of (object), RSC_PY_TP_FLAGS), word;

  for (unsigned i = 0; i < walk->n_excluded; i++)
    if (walk->excluded[i] == object)
      return;
  if (walk->n_excluded == RSC_WALK_MAX_EXCLUDED)
    return;
  walk->excluded[walk->n_excluded++] = object;
  add_filter (walk, object);
  if (flags & RSC_PY_FLAG_GC)
    {
      RscTraverse traverse = NULL;
      RscInquiry is_gc = NULL;

      word = rsc_word (rsc_type_of (object), RSC_PY_TP_TRAVERSE);
      memcpy (&traverse, &word, sizeof traverse);
      word = rsc_word (rsc_type_of (object), RSC_PY_TP_IS_GC);
      memcpy (&is_gc, &word, sizeof is_gc);
      if (traverse != NULL && (is_gc == NULL || is_gc ((void *) object)))
        traverse ((void *) object, correct_visit, walk);
    }
}

/* false: its lists do not look like lists.  It may be about to be made. */
static bool
add_interpreter (RscWalk *walk, RscAddress state)
{
  int64_t (*get_id) (void *) = NULL;
  void *symbol = dlsym (RTLD_DEFAULT, "PyInterpreterState_GetID");
  RscWalkInterpreter *self = &walk->interpreters[walk->n_interpreters];
  const RscPythonLayout *layout = walk->layout;

  self->state = state;
  memcpy (&get_id, &symbol, sizeof get_id);
  self->id = get_id != NULL ? get_id ((void *) state) : walk->n_interpreters;
  read_gc (layout, state, &self->gc);
  self->collecting = rsc_half (state, layout->gc_collecting) != 0;
  self->heads[3] = state + layout->gc_permanent;
  for (unsigned g = 0; g < 3; g++)
    self->heads[g] = state + layout->gc_generations + g * RSC_PY_GENERATION_SIZE;
  for (unsigned g = 0; g < 4; g++)
    if (!check_list (self->heads[g]))
      return false;
  walk->n_interpreters++;

  return true;
}

static void
add_others (RscWalk *walk, const RscWalkOthers *others)
{
  /* The interpreter lists the newest first. */
  for (unsigned i = others->n; i-- > 0;)
    walk->n_not_captured += !add_interpreter (walk, (RscAddress) others->states[i]);
  walk->n_not_captured += others->n_running + others->n_left_out;
}

RscWalk *
rsc_walk_prepare (const RscWalkOptions *options, char error[RSC_WALK_ERROR_SIZE])
{
  uint32_t version_hex;
  RscAddress interp, list;
  RscPythonLayout own_layout;
  const RscPythonLayout *layout;
  RscWalk *walk;
  uint32_t *gc_enabled;
  uint32_t enabled;
  bool good, moved;
  void *symbol;

  error[0] = '\0';
  if (!rsc_walk_find_gc (&own_layout, &interp, &version_hex, &moved, error))
    return NULL;
  walk = rsc_walk_map (sizeof *walk);
  if (walk == NULL)
    {
      rsc_walk_write_no_memory (error);
      return NULL;
    }
  walk->shared = mmap (NULL, sizeof *walk->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (walk->shared == MAP_FAILED)
    {
      walk->shared = NULL;
      rsc_walk_write_no_memory (error);
      rsc_walk_finish (walk);
      return NULL;
    }
  walk->own_layout = own_layout;
  walk->layout = layout = &walk->own_layout;
  walk->layout_moved = moved;
  walk->version_hex = version_hex;
  walk->in_place = options->in_place;
  walk->values = options->values & RSC_WIRE_VALUES_MASK;
  /* Without a key there are no hashes; who asked for them sees it in the info. */
  if (walk->values == RSC_WIRE_VALUES_HASHES && !rsc_walk_make_hash_key (walk))
    walk->values = RSC_WIRE_VALUES_NONE;
  walk->is_cancelled = options->in_place ? options->is_cancelled : NULL;
  walk->this_thread = options->skip_this_thread ? (RscAddress) PyThreadState_Get () : 0;
  find_types (walk);
  if (layout->type_dict_apart)
    {
      symbol = dlsym (RTLD_DEFAULT, "PyType_GetDict");
      memcpy (&walk->type_get_dict, &symbol, sizeof symbol);
    }

  /* A new container is the last of the youngest list: it must stand just before
   * the head that the table says.  Making it must not start a collection. */
  gc_enabled = (uint32_t *) (interp + layout->gc_enabled);
  enabled = *gc_enabled;
  *gc_enabled = 0;
  walk->marker = PyList_New (0);
  *gc_enabled = enabled;
  list = (RscAddress) walk->marker;
  good = list != 0 && rsc_type_of (list) == walk->t_list
         && (rsc_word (list - RSC_PY_GC_HEAD, 0) & ~UINT64_C (3)) == interp + layout->gc_generations;
  if (!good || !add_interpreter (walk, interp) || !check_layout (walk))
    {
      rsc_wire_sentence_write (error, RSC_SENTENCE_UNKNOWN_STRUCTURES, Py_GetVersion (), NULL);
      rsc_walk_finish (walk);
      return NULL;
    }

  if (_setjmp (walk->failure) != 0)
    {
      memcpy (error, walk->shared->error, RSC_WALK_ERROR_SIZE);
      rsc_walk_finish (walk);
      return NULL;
    }
  if (options->others != NULL)
    add_others (walk, options->others);
  exclude (walk, list);
  for (size_t i = 0; i < options->n_excluded; i++)
    if (options->excluded[i] != NULL)
      exclude (walk, (RscAddress) options->excluded[i]);
  return walk;
}

void
rsc_walk_drop_marker (RscWalk *walk)
{
  Py_XDECREF ((PyObject *) walk->marker);
  walk->marker = NULL;
}

void
rsc_walk_finish (RscWalk *walk)
{
  if (walk == NULL)
    return;
  rsc_walk_drop_marker (walk);
  rsc_walk_free_memory (walk);
  if (walk->shared != NULL)
    munmap (walk->shared, sizeof *walk->shared);
  munmap (walk, sizeof *walk);
}
