/* Threads, the functions that run in them, and the other roots. */
#include "rsc-walk-private.h"

#define MAX_THREADS 65536u
#define MAX_FRAMES 1000000u
#define MAX_EXCEPTIONS 1000u

static void
add_root (RscWalk *walk, RscAddress object, uint32_t kind, uint32_t thread, uint32_t name)
{
  RscPendingRoot root = { .object = object, .kind = kind, .thread = thread, .name = name };

  if (object == 0 || rsc_walk_is_excluded (walk, object))
    return;
  rsc_walk_number (walk, object);
  rsc_vector_append (walk, &walk->pending_roots, &root, sizeof root);
}

static void
add_frame (RscWalk *walk, RscRunningFrame *frame, int64_t instruction)
{
  const RscPythonLayout *layout = walk->layout;
  RscPendingRoot root = { .kind = RSC_WIRE_ROOT_FRAME, .thread = frame->thread };

  frame->line = rsc_code_line (walk->layout, frame->code, instruction);
  frame->function = rsc_walk_name (walk, rsc_word (frame->code, layout->code_name));
  frame->file = rsc_walk_name (walk, rsc_word (frame->code, layout->code_filename));
  frame->name = rsc_walk_frame_name (walk, frame->code, frame->line);
  rsc_vector_append (walk, &walk->running, frame, sizeof *frame);
  if (frame->object != 0)
    rsc_walk_number (walk, frame->object);
  root.frame = (uint32_t) (walk->running.used / sizeof *frame);
  root.name = frame->name;
  rsc_vector_append (walk, &walk->pending_roots, &root, sizeof root);
}

typedef enum
{
  FRAME_RUNS,
  FRAME_IS_NONE,   /* an entry from C, or a function that has not begun */
  FRAME_IS_UNKNOWN /* what stands there is no frame */
} FrameState;

/* The innermost frame of a thread, or 0. */
static RscAddress
first_frame (const RscPythonLayout *layout, RscAddress thread)
{
  RscAddress at = rsc_word (thread, layout->thread_frame);

  return layout->thread_has_cframe && at != 0 ? rsc_word (at, layout->cframe_current) : at;
}

/* Reads the frame at *@at, which becomes its caller's. */
static FrameState
read_frame (const RscPythonLayout *layout, RscAddress t_code, RscAddress *at, RscRunningFrame *frame, int64_t *instruction)
{
  RscAddress here = *at;

  if (layout->frame_frame == 0)
    {
      frame->object = here;
      frame->code = rsc_word (here, layout->frame_code);
      *instruction = 2 * (int64_t) (int32_t) rsc_half (here, layout->frame_lasti);
      *at = rsc_word (here, layout->frame_back);
    }
  else
    {
      uint8_t owner = rsc_byte (here, layout->iframe_owner);

      frame->iframe = here;
      frame->code = rsc_untag (layout, rsc_word (here, layout->iframe_code));
      frame->object = rsc_word (here, layout->iframe_object);
      *instruction = (int64_t) rsc_word (here, layout->iframe_instr);
      *at = rsc_word (here, layout->iframe_previous);
      if (owner > RSC_PY_OWNER_FRAME_OBJECT || frame->code == 0)
        return FRAME_IS_NONE;
      if (rsc_type_of (frame->code) == t_code)
        {
          *instruction -= (int64_t) (frame->code + layout->code_adaptive);
          if (owner != RSC_PY_OWNER_GENERATOR
              && *instruction < 2 * (int64_t) (int32_t) rsc_half (frame->code, layout->code_firsttraceable))
            return FRAME_IS_NONE;
        }
    }

  return frame->code != 0 && rsc_type_of (frame->code) == t_code ? FRAME_RUNS : FRAME_IS_UNKNOWN;
}

/* The frames of a thread, the innermost first.  From 3.11 most are no objects,
 * and asking for them would make them so. */
static void
find_frames (RscWalk *walk, RscAddress thread, uint32_t index)
{
  RscAddress at = first_frame (walk->layout, thread);
  unsigned n = 0;

  while (at != 0 && n++ < MAX_FRAMES)
    {
      RscRunningFrame frame = { .thread = index };
      int64_t instruction;
      FrameState state = read_frame (walk->layout, walk->t_code, &at, &frame, &instruction);

      if (state == FRAME_IS_UNKNOWN)
        {
          rsc_walk_note (walk, RSC_SENTENCE_FRAMES_UNREADABLE, NULL);
          break;
        }
      if (state == FRAME_RUNS)
        add_frame (walk, &frame, instruction);
    }
}

bool
rsc_walk_find_place (const RscPythonLayout *layout, RscAddress thread, RscAddress t_code, RscAddress *file, uint32_t *line)
{
  RscAddress at = first_frame (layout, thread);
  unsigned n = 0;

  while (at != 0 && n++ < MAX_FRAMES)
    {
      RscRunningFrame frame = { .thread = 0 };
      int64_t instruction;

      switch (read_frame (layout, t_code, &at, &frame, &instruction))
        {
        case FRAME_RUNS:
          *file = rsc_word (frame.code, layout->code_filename);
          *line = rsc_code_line (layout, frame.code, instruction);
          return true;
        case FRAME_IS_NONE:
          break;
        case FRAME_IS_UNKNOWN:
        default:
          return false;
        }
    }

  return false;
}

/* The name that the threading module knows, read from its own table. */
static uint32_t
thread_name (RscWalk *walk, const RscWalkInterpreter *interpreter, uint64_t id)
{
  RscAddress modules = rsc_word (interpreter->state, walk->layout->interp_modules);
  RscAddress threading = rsc_dict_get (walk, modules, "threading"), active, key, thread;
  RscDictIter iter;

  if (!rsc_is_instance (threading, walk->t_module))
    return 0;
  active = rsc_dict_get (walk, rsc_word (threading, RSC_PY_MODULE_DICT), "_active");
  if (active == 0 || rsc_type_of (active) != walk->t_dict)
    return 0;
  rsc_dict_iter_init (walk, &iter, active);
  while (rsc_dict_iter_next (&iter, &key, &thread))
    {
      bool negative, fits;
      RscAddress name;

      if ((rsc_word (rsc_type_of (key), RSC_PY_TP_FLAGS) & RSC_PY_FLAG_LONG) == 0
          || rsc_long_read (walk, key, &negative, &fits) != id || !fits)
        continue;
      name = rsc_attribute_get (walk, thread, "_name");
      return rsc_is_str (name) && walk->values == RSC_WIRE_VALUES_ALL ? rsc_walk_name (walk, name) : 0;
    }
  return 0;
}

static void
find_thread_roots (RscWalk *walk, RscAddress thread, uint32_t index)
{
  const RscPythonLayout *layout = walk->layout;
  RscAddress item = rsc_word (thread, layout->thread_exc_info);

  add_root (walk, rsc_word (thread, layout->thread_dict), RSC_WIRE_ROOT_THREAD, index, rsc_walk_label (walk, "dict"));
  add_root (walk, rsc_word (thread, layout->thread_context), RSC_WIRE_ROOT_THREAD, index, rsc_walk_label (walk, "context"));
  add_root (walk, rsc_word (thread, layout->thread_async_exc), RSC_WIRE_ROOT_THREAD, index,
            rsc_walk_label (walk, "asynchronous exception"));
  for (unsigned i = 0; i < layout->thread_n_exceptions; i++)
    add_root (walk, rsc_word (thread, layout->thread_exception + 8 * i), RSC_WIRE_ROOT_THREAD, index,
              rsc_walk_label (walk, "exception being raised"));
  for (unsigned n = 0; item != 0 && n < MAX_EXCEPTIONS; n++)
    {
      add_root (walk, rsc_word (item, layout->exc_value), RSC_WIRE_ROOT_THREAD, index,
                rsc_walk_label (walk, "exception being handled"));
      item = rsc_word (item, layout->exc_previous);
    }
}

static void
find_threads (RscWalk *walk, const RscWalkInterpreter *interpreter)
{
  const RscPythonLayout *layout = walk->layout;
  RscAddress thread = rsc_word (interpreter->state, layout->interp_threads);
  uint32_t n = (uint32_t) (walk->threads.used / sizeof (RscWireThread));

  for (; thread != 0 && n < MAX_THREADS; thread = rsc_word (thread, layout->thread_next))
    {
      RscWireThread record = { .id = rsc_word (thread, layout->thread_id) };

      if (thread == walk->this_thread)
        continue;
      if (layout->thread_native_id != 0)
        record.native_id = rsc_word (thread, layout->thread_native_id);
      record.name = thread_name (walk, interpreter, record.id);
      rsc_vector_append (walk, &walk->threads, &record, sizeof record);
      find_frames (walk, thread, n);
      find_thread_roots (walk, thread, n);
      n++;
    }
}

void
rsc_walk_find_threads (RscWalk *walk)
{
  for (unsigned i = 0; i < walk->n_interpreters; i++)
    find_threads (walk, &walk->interpreters[i]);
}

/* A module of a sub-interpreter has that before its name, and is found by both: another has a module of the same name. */
static uint32_t
module_name (RscWalk *walk, const RscWalkInterpreter *interpreter, RscAddress key)
{
  char name[RSC_WALK_MAX_VALUE];
  bool truncated;
  RscText text = { .used = 0 };

  if (interpreter == &walk->interpreters[0])
    return rsc_walk_name (walk, key);
  rsc_text_append_string (&text, "interpreter-");
  rsc_text_append_number (&text, (uint64_t) interpreter->id);
  rsc_text_append_string (&text, ":");
  rsc_text_append (&text, name, rsc_str_read (walk, key, name, sizeof name, &truncated));

  return rsc_walk_add_string (walk, text.data, text.used);
}

static void
find_modules (RscWalk *walk, const RscWalkInterpreter *interpreter)
{
  RscAddress modules = rsc_word (interpreter->state, walk->layout->interp_modules), key, module;
  RscDictIter iter;

  if (modules == 0 || (rsc_word (rsc_type_of (modules), RSC_PY_TP_FLAGS) & RSC_PY_FLAG_DICT) == 0)
    return;
  rsc_dict_iter_init (walk, &iter, modules);
  while (rsc_dict_iter_next (&iter, &key, &module))
    {
      RscAddress name;

      if (!rsc_is_str (key))
        continue;
      add_root (walk, module, RSC_WIRE_ROOT_MODULE, UINT32_MAX, module_name (walk, interpreter, key));
      if (!rsc_is_instance (module, walk->t_module))
        continue;
      name = rsc_dict_get (walk, rsc_word (module, RSC_PY_MODULE_DICT), "__name__");
      if (name == key)
        *rsc_map_at (walk, &walk->proper_modules, module) = 1;
      else if (rsc_is_str (name))
        {
          char a[RSC_WALK_MAX_VALUE], b[RSC_WALK_MAX_VALUE];
          bool cut_a, cut_b;
          size_t n_a = rsc_str_read (walk, key, a, sizeof a, &cut_a), n_b = rsc_str_read (walk, name, b, sizeof b, &cut_b);

          if (n_a == n_b && memcmp (a, b, n_a) == 0 && !cut_a && !cut_b)
            *rsc_map_at (walk, &walk->proper_modules, module) = 1;
        }
    }
}

#define N_OWN 12

/* What the interpreter itself refers to; 0 where it is not sure that it is an object. */
static RscAddress
read_own (RscWalk *walk, const RscWalkInterpreter *interpreter, unsigned i, const char **name)
{
  const RscPythonLayout *layout = walk->layout;
  const struct
  {
    uint16_t offset;
    const char *name;
  } own[N_OWN] = {
    { layout->interp_modules, "sys.modules" },
    { layout->interp_sysdict, "sys" },
    { layout->interp_importlib, "importlib" },
    { layout->interp_dict, "interpreter dict" },
    { layout->interp_codecs, "codec search path" },
    { (uint16_t) (layout->interp_codecs + 8), "codec search cache" },
    { (uint16_t) (layout->interp_codecs + 16), "codec error handlers" },
    { layout->interp_forkers, "before fork" },
    { (uint16_t) (layout->interp_forkers + 8), "after fork in the parent" },
    { (uint16_t) (layout->interp_forkers + 16), "after fork in the child" },
    { layout->gc_garbage, "gc.garbage" },
    { (uint16_t) (layout->gc_garbage + 8), "gc.callbacks" },
  };
  RscAddress object = rsc_word (interpreter->state, own[i].offset);

  *name = own[i].name;
  if (object % 8 != 0)
    return 0;
  /* Where it is not sure that this is an object, only one that is known already is taken. */
  if (walk->layout_moved && *rsc_walk_slot (walk, object) == 0)
    return 0;

  return object;
}

static void
find_roots (RscWalk *walk, const RscWalkInterpreter *interpreter)
{
  find_modules (walk, interpreter);
  add_root (walk, rsc_word (interpreter->state, walk->layout->interp_builtins), RSC_WIRE_ROOT_BUILTINS, UINT32_MAX,
            rsc_walk_label (walk, "builtins"));
  for (unsigned i = 0; i < N_OWN; i++)
    {
      const char *name;
      RscAddress object = read_own (walk, interpreter, i, &name);

      add_root (walk, object, RSC_WIRE_ROOT_INTERPRETER, UINT32_MAX, rsc_walk_label (walk, name));
    }
}

void
rsc_walk_find_roots (RscWalk *walk)
{
  for (unsigned i = 0; i < walk->n_interpreters; i++)
    find_roots (walk, &walk->interpreters[i]);
}

uint32_t
rsc_walk_interpreter_name (RscWalk *walk, const RscWalkInterpreter *interpreter, const char *before)
{
  RscText text = { .used = 0 };

  rsc_text_append_string (&text, before);
  if (interpreter == &walk->interpreters[0])
    rsc_text_append_string (&text, "main");
  else
    rsc_text_append_number (&text, (uint64_t) interpreter->id);

  return rsc_walk_add_string (walk, text.data, text.used);
}

void
rsc_walk_claim_interpreter (RscWalk *walk, const RscWalkInterpreter *interpreter)
{
  RscAddress builtins = rsc_word (interpreter->state, walk->layout->interp_builtins);

  if (builtins != 0)
    rsc_walk_claim (walk, builtins, RSC_WIRE_EDGE_NAMED, rsc_walk_label (walk, "builtins"), RSC_CLAIM_EXTRA);
  for (unsigned i = 0; i < N_OWN; i++)
    {
      const char *name;
      RscAddress object = read_own (walk, interpreter, i, &name);

      if (object != 0)
        rsc_walk_claim (walk, object, RSC_WIRE_EDGE_NAMED, rsc_walk_label (walk, name), RSC_CLAIM_EXTRA);
    }
}
