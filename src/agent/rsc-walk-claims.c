/* What an object's structure says it refers to, and by which name.  Each kind
 * lists its references in the order in which its tp_traverse visits them. */
#include "rsc-walk-private.h"

#define MAX_LOCALS 65536u
#define MAX_STACK 65536u

void
rsc_walk_claim (RscWalk *walk, RscAddress target, uint32_t kind, uint64_t label, RscClaimState state)
{
  RscClaim claim = { .target = target, .label = label, .kind = kind, .state = state };

  if (target != 0)
    rsc_vector_append (walk, &walk->claims, &claim, sizeof claim);
}

static void
claim_named (RscWalk *walk, RscAddress object, size_t offset, const char *name)
{
  RscAddress target;

  if (offset == 0)
    return;
  target = rsc_word (object, offset);
  if (target != 0)
    rsc_walk_claim (walk, target, RSC_WIRE_EDGE_NAMED, rsc_walk_label (walk, name), RSC_CLAIM_OPEN);
}

/* Slots, attributes, __dict__, type: what subtype_traverse() sees before the base's part. */
static void
claim_instance (RscWalk *walk, RscAddress object, const RscTypeInfo *info)
{
  RscAttributes attributes = { 0, 0 };

  for (uint32_t i = 0; i < info->n_members; i++)
    rsc_walk_claim (walk, rsc_word (object, info->members[i].offset), info->members[i].kind, info->members[i].string,
                    RSC_CLAIM_OPEN);
  if ((info->flags & RSC_PY_FLAG_MANAGED_DICT) || info->dict_offset != 0)
    attributes = rsc_attributes_find (walk, object, info);
  if (attributes.values != 0)
    {
      /* Where there is a dict as well (3.13), one of the two holds them, and its visits tell which. */
      RscClaimState state = attributes.dict != 0 ? RSC_CLAIM_NAME : RSC_CLAIM_OPEN;
      RscDictIter iter;
      RscAddress key, value;

      rsc_keys_iter_init (walk, &iter, info->cached_keys, attributes.values);
      while (rsc_dict_iter_next (&iter, &key, &value))
        rsc_walk_claim (walk, value, RSC_WIRE_EDGE_ATTRIBUTE,
                        rsc_walk_is_left_out (walk, key) ? rsc_walk_label (walk, "…") : rsc_walk_name (walk, key), state);
    }
  rsc_walk_claim (walk, attributes.dict, RSC_WIRE_EDGE_DICT, 0, RSC_CLAIM_OPEN);
  if (info->flags & RSC_PY_FLAG_HEAP)
    rsc_walk_claim (walk, info->type, RSC_WIRE_EDGE_TYPE, 0, RSC_CLAIM_OPEN);
}

static void
claim_items (RscWalk *walk, RscAddress items, uint64_t n)
{
  /* list and tuple are traversed from their end. */
  for (uint64_t i = n; i-- > 0;)
    rsc_walk_claim (walk, rsc_word (items, 8 * i), RSC_WIRE_EDGE_INDEX, i, RSC_CLAIM_OPEN);
}

static void
claim_dict (RscWalk *walk, RscAddress dict, size_t n_visited)
{
  RscDictIter iter;
  RscAddress key, value, values = rsc_word (dict, RSC_PY_DICT_VALUES);
  RscClaimState keys_state, values_state = RSC_CLAIM_OPEN;

  /* From 3.13 the values of an instance's dict may lie in the instance: they are its, not the dict's. */
  if (values != 0 && walk->layout->values_offset != 0 && rsc_byte (values, 2) != 0)
    values_state = RSC_CLAIM_NAME;
  rsc_dict_iter_init (walk, &iter, dict);
  /* Keys that are all str are not visited.  That they are is not always told by the table: it is by the visits. */
  keys_state = n_visited >= 2 * rsc_word (dict, RSC_PY_DICT_USED) ? RSC_CLAIM_OPEN : RSC_CLAIM_EXTRA;
  while (rsc_dict_iter_next (&iter, &key, &value))
    {
      rsc_walk_claim (walk, value, RSC_WIRE_EDGE_VALUE, key, values_state);
      /* Shared keys are held by the class's table. */
      if (values == 0)
        rsc_walk_claim (walk, key, RSC_WIRE_EDGE_KEY, 0, keys_state);
    }
}

static void
claim_set (RscWalk *walk, RscAddress set)
{
  RscAddress table = rsc_word (set, RSC_PY_SET_TABLE);
  uint64_t mask = rsc_word (set, RSC_PY_SET_MASK);

  for (uint64_t i = 0; i <= mask; i++)
    {
      RscAddress key = rsc_word (table, 16 * i);

      /* A removed entry holds the dummy, which has the hash -1. */
      if (key != 0 && rsc_word (table, 16 * i + 8) != UINT64_MAX)
        rsc_walk_claim (walk, key, RSC_WIRE_EDGE_ELEMENT, 0, RSC_CLAIM_OPEN);
    }
}

static void
claim_deque (RscWalk *walk, RscAddress deque)
{
  uint64_t n = rsc_word (deque, RSC_PY_SIZE), at = rsc_word (deque, 40);
  RscAddress block = rsc_word (deque, 24);

  for (uint64_t i = 0; i < n && block != 0; i++)
    {
      rsc_walk_claim (walk, rsc_word (block, 8 + 8 * at), RSC_WIRE_EDGE_INDEX, i, RSC_CLAIM_OPEN);
      if (++at == 64)
        {
          at = 0;
          block = rsc_word (block, 8 + 8 * 64);
        }
    }
}

static void
claim_ordered_dict (RscWalk *walk, RscAddress dict, size_t n_visited)
{
  uint64_t n = rsc_word (dict, RSC_PY_DICT_USED);
  RscAddress node = rsc_word (dict, RSC_PY_ODICT_FIRST);

  rsc_walk_claim (walk, rsc_word (dict, RSC_PY_ODICT_DICT), RSC_WIRE_EDGE_DICT, 0, RSC_CLAIM_OPEN);
  for (uint64_t i = 0; i < n && node != 0; i++)
    {
      rsc_walk_claim (walk, rsc_word (node, RSC_PY_ODICT_NODE_KEY), RSC_WIRE_EDGE_KEY, 0, RSC_CLAIM_OPEN);
      node = rsc_word (node, RSC_PY_ODICT_NODE_NEXT);
    }
  /* The keys of the order were visited as well: what is left tells of the dict's. */
  claim_dict (walk, dict, n_visited > n ? n_visited - n : 0);
}

static void
claim_type (RscWalk *walk, RscAddress type)
{
  const RscPythonLayout *layout = walk->layout;
  bool heap = (rsc_word (type, RSC_PY_TP_FLAGS) & RSC_PY_FLAG_HEAP) != 0;

  rsc_walk_claim (walk, rsc_walk_type_dict (walk, type), RSC_WIRE_EDGE_DICT, 0, RSC_CLAIM_OPEN);
  if (heap)
    claim_named (walk, type, RSC_PY_TP_CACHE, "tp_cache");
  rsc_walk_claim (walk, rsc_word (type, RSC_PY_TP_MRO), RSC_WIRE_EDGE_MRO, 0, RSC_CLAIM_OPEN);
  claim_named (walk, type, RSC_PY_TP_BASES, "__bases__");
  /* A static type does not own its base: its tuple of bases does. */
  rsc_walk_claim (walk, rsc_word (type, RSC_PY_TP_BASE), RSC_WIRE_EDGE_BASE, 0, heap ? RSC_CLAIM_OPEN : RSC_CLAIM_NAME);
  if (heap)
    {
      RscAddress keys = rsc_word (type, RSC_PY_HT_CACHED_KEYS (layout));
      RscAddress subclasses = rsc_word (type, RSC_PY_TP_SUBCLASSES);

      claim_named (walk, type, RSC_PY_HT_MODULE (layout), "ht_module");
      claim_named (walk, type, RSC_PY_HT_NAME (layout), "__name__");
      claim_named (walk, type, RSC_PY_HT_QUALNAME (layout), "__qualname__");
      claim_named (walk, type, layout->ht_slots, "__slots__");
      if (subclasses > 65536) /* an index, in static types of 3.12 */
        claim_named (walk, type, RSC_PY_TP_SUBCLASSES, "__subclasses__");
      if (keys != 0)
        {
          RscDictIter iter;
          RscAddress key;

          rsc_keys_iter_init (walk, &iter, keys, 0);
          for (uint64_t i = 0; i < iter.n; i++)
            {
              key = rsc_word (iter.entries + i * iter.entry_size, iter.key_offset);
              rsc_walk_claim (walk, key, RSC_WIRE_EDGE_NAMED, rsc_walk_label (walk, "attribute name"), RSC_CLAIM_EXTRA);
            }
        }
    }
}

static void
claim_function (RscWalk *walk, RscAddress function)
{
  const RscPythonLayout *layout = walk->layout;

  claim_named (walk, function, layout->func_code, "__code__");
  rsc_walk_claim (walk, rsc_word (function, layout->func_globals), RSC_WIRE_EDGE_GLOBALS, 0, RSC_CLAIM_OPEN);
  claim_named (walk, function, layout->func_module, "__module__");
  claim_named (walk, function, layout->func_defaults, "__defaults__");
  claim_named (walk, function, layout->func_kwdefaults, "__kwdefaults__");
  claim_named (walk, function, layout->func_doc, "__doc__");
  claim_named (walk, function, layout->func_name, "__name__");
  rsc_walk_claim (walk, rsc_word (function, layout->func_dict), RSC_WIRE_EDGE_DICT, 0, RSC_CLAIM_OPEN);
  rsc_walk_claim (walk, rsc_word (function, layout->func_closure), RSC_WIRE_EDGE_CLOSURE, 0, RSC_CLAIM_OPEN);
  claim_named (walk, function, layout->func_annotations, "__annotations__");
  claim_named (walk, function, layout->func_annotate, "__annotate__");
  claim_named (walk, function, layout->func_typeparams, "__type_params__");
  claim_named (walk, function, layout->func_qualname, "__qualname__");
  claim_named (walk, function, layout->func_builtins, "__builtins__");
}

static void
claim_code (RscWalk *walk, RscAddress code)
{
  const RscPythonLayout *layout = walk->layout;

  claim_named (walk, code, layout->code_consts, "co_consts");
  claim_named (walk, code, layout->code_names, "co_names");
  claim_named (walk, code, layout->code_localsplusnames, "co_varnames");
  claim_named (walk, code, layout->code_localspluskinds, "co_localspluskinds");
  claim_named (walk, code, layout->code_varnames, "co_varnames");
  claim_named (walk, code, layout->code_cellvars, "co_cellvars");
  claim_named (walk, code, layout->code_freevars, "co_freevars");
  claim_named (walk, code, layout->code_filename, "co_filename");
  claim_named (walk, code, layout->code_name, "co_name");
  claim_named (walk, code, layout->code_qualname, "co_qualname");
  claim_named (walk, code, layout->code_linetable, "co_linetable");
  claim_named (walk, code, layout->code_exceptiontable, "co_exceptiontable");
  claim_named (walk, code, layout->code_code, "co_code");
  if (layout->code_cached != 0)
    {
      RscAddress cached = rsc_word (code, layout->code_cached);

      /* _PyCoCached: co_code, co_varnames, co_cellvars, co_freevars */
      if (cached != 0)
        {
          rsc_walk_claim (walk, rsc_word (cached, 0), RSC_WIRE_EDGE_NAMED, rsc_walk_label (walk, "co_code"), RSC_CLAIM_OPEN);
          claim_named (walk, cached, 8, "co_varnames");
          claim_named (walk, cached, 16, "co_cellvars");
          claim_named (walk, cached, 24, "co_freevars");
        }
    }
}

/* The names of a code's locals, cells and free variables, one after the other. */
static RscAddress
local_name (const RscWalk *walk, RscAddress code, uint64_t i)
{
  const RscPythonLayout *layout = walk->layout;
  uint64_t items = rsc_word (walk->t_tuple, RSC_PY_TP_BASICSIZE);
  const uint8_t tuples[3] = { layout->code_varnames, layout->code_cellvars, layout->code_freevars };

  if (layout->code_localsplusnames != 0)
    {
      RscAddress names = rsc_word (code, layout->code_localsplusnames);

      return i < rsc_word (names, RSC_PY_SIZE) ? rsc_word (names, items + 8 * i) : 0;
    }
  for (int t = 0; t < 3; t++)
    {
      RscAddress names = rsc_word (code, tuples[t]);
      uint64_t n = rsc_word (names, RSC_PY_SIZE);

      if (i < n)
        return rsc_word (names, items + 8 * i);
      i -= n;
    }
  return 0;
}

static void
claim_local (RscWalk *walk, RscAddress code, uint64_t i, uint64_t reference, RscClaimState state)
{
  RscAddress target = rsc_untag (walk->layout, reference), name;

  if (target == 0)
    return;
  name = local_name (walk, code, i);
  rsc_walk_claim (walk, target, RSC_WIRE_EDGE_LOCAL | rsc_borrowed (walk->layout, reference),
                  rsc_is_str (name) ? rsc_walk_name (walk, name) : 0, state);
}

/* How many references are on the stack above the locals; FALSE while that is
 * not known, because the function is in the middle of an instruction. */
static bool
stack_depth (const RscWalk *walk, RscAddress iframe, uint64_t n_locals, uint64_t *depth)
{
  const RscPythonLayout *layout = walk->layout;

  *depth = 0;
  if (layout->iframe_stacktop != 0)
    {
      int32_t top = (int32_t) rsc_half (iframe, layout->iframe_stacktop);

      if (top < 0)
        return false;
      *depth = (uint64_t) top > n_locals ? (uint64_t) top - n_locals : 0;
    }
  else
    {
      RscAddress top = rsc_word (iframe, layout->iframe_stackpointer), bottom = iframe + layout->iframe_localsplus + 8 * n_locals;

      if (top == 0)
        return false;
      *depth = top > bottom ? (top - bottom) / 8 : 0;
    }
  return true;
}

/* An interpreter frame (3.11 and later), in the order of its traversal.  With
 * RSC_CLAIM_EXTRA for a node that stands for a running function. */
void
rsc_walk_claim_frame (RscWalk *walk, RscAddress iframe, RscClaimState state)
{
  const RscPythonLayout *layout = walk->layout;
  RscAddress code = rsc_untag (walk->layout, rsc_word (iframe, layout->iframe_code)), locals;
  uint64_t n_locals, n_stack;
  bool of_generator = state == RSC_CLAIM_EXTRA && rsc_byte (iframe, layout->iframe_owner) == RSC_PY_OWNER_GENERATOR;
  RscClaimState rest = of_generator ? RSC_CLAIM_NAME : state;

  if (code == 0 || rsc_type_of (code) != walk->t_code)
    return;
  n_locals = rsc_half (code, layout->code_nlocalsplus);
  if (n_locals > MAX_LOCALS)
    return;
  /* A running generator holds its frame itself, and all that is in it as long as
   * it knows how deep its stack is.  The frame lies in it, and has no reference to it. */
  if (of_generator)
    rsc_walk_claim (walk, iframe - layout->gen_iframe, RSC_WIRE_EDGE_NAMED | RSC_WIRE_EDGE_BORROWED,
                    rsc_walk_label (walk, "generator"), state);
  if (stack_depth (walk, iframe, n_locals, &n_stack) && of_generator)
    state = RSC_CLAIM_NAME;

  rsc_walk_claim (walk, rsc_word (iframe, layout->iframe_object), RSC_WIRE_EDGE_NAMED, rsc_walk_label (walk, "frame"), rest);
  rsc_walk_claim (walk, rsc_word (iframe, layout->iframe_locals), RSC_WIRE_EDGE_NAMED, rsc_walk_label (walk, "f_locals"), rest);
  rsc_walk_claim (walk, rsc_untag (walk->layout, rsc_word (iframe, layout->iframe_func)), RSC_WIRE_EDGE_NAMED,
                  rsc_walk_label (walk, "function"), rest);
  rsc_walk_claim (walk, code, RSC_WIRE_EDGE_NAMED, rsc_walk_label (walk, "f_code"), rest);
  /* The function holds its globals; that a running one uses them is asked for all the same. */
  rsc_walk_claim (walk, rsc_word (iframe, layout->iframe_globals), RSC_WIRE_EDGE_GLOBALS, 0,
                  rest == RSC_CLAIM_EXTRA ? RSC_CLAIM_EXTRA : RSC_CLAIM_NAME);

  locals = iframe + layout->iframe_localsplus;
  for (uint64_t i = 0; i < n_locals; i++)
    claim_local (walk, code, i, rsc_word (locals, 8 * i), state);
  if (n_stack > rsc_half (code, layout->code_stacksize))
    return;
  for (uint64_t i = n_locals; i < n_locals + n_stack; i++)
    {
      uint64_t reference = rsc_word (locals, 8 * i);

      rsc_walk_claim (walk, rsc_untag (layout, reference), RSC_WIRE_EDGE_STACK | rsc_borrowed (layout, reference), 0, state);
    }
}

/* While a function runs, its frame object stands for what its frame holds; of a
 * generator that waits, the generator does. */
static RscClaimState
frame_object_state (const RscWalk *walk, RscAddress iframe)
{
  const RscPythonLayout *layout = walk->layout;
  RscAddress generator = iframe - layout->gen_iframe;

  if (rsc_byte (iframe, layout->iframe_owner) != RSC_PY_OWNER_GENERATOR)
    return RSC_CLAIM_OPEN;
  return (int8_t) rsc_byte (generator, layout->gen_state) == layout->gen_executing ? RSC_CLAIM_EXTRA : RSC_CLAIM_NAME;
}

static void
claim_frame_object (RscWalk *walk, RscAddress frame)
{
  const RscPythonLayout *layout = walk->layout;

  claim_named (walk, frame, layout->frame_back, "f_back");
  if (layout->frame_frame != 0)
    {
      RscAddress iframe = rsc_word (frame, layout->frame_frame);

      claim_named (walk, frame, layout->frame_trace, "f_trace");
      if (iframe != 0)
        rsc_walk_claim_frame (walk, iframe, frame_object_state (walk, iframe));
    }
  else
    {
      RscAddress code = rsc_word (frame, layout->frame_code), stack;
      int32_t depth = (int32_t) rsc_half (frame, layout->frame_stackdepth);
      uint64_t n_locals;

      claim_named (walk, frame, layout->frame_code, "f_code");
      claim_named (walk, frame, layout->frame_builtins, "f_builtins");
      rsc_walk_claim (walk, rsc_word (frame, layout->frame_globals), RSC_WIRE_EDGE_GLOBALS, 0, RSC_CLAIM_OPEN);
      claim_named (walk, frame, layout->frame_locals, "f_locals");
      claim_named (walk, frame, layout->frame_trace, "f_trace");
      stack = rsc_word (frame, layout->frame_valuestack);
      n_locals = (stack - (frame + layout->frame_localsplus)) / 8;
      if (n_locals > MAX_LOCALS)
        return;
      for (uint64_t i = 0; i < n_locals; i++)
        claim_local (walk, code, i, rsc_word (frame, layout->frame_localsplus + 8 * i), RSC_CLAIM_OPEN);
      for (int32_t i = 0; i < depth && (uint32_t) i < MAX_STACK; i++)
        rsc_walk_claim (walk, rsc_word (stack, 8 * (size_t) i), RSC_WIRE_EDGE_STACK, 0, RSC_CLAIM_OPEN);
    }
}

static void
claim_generator (RscWalk *walk, RscAddress generator)
{
  const RscPythonLayout *layout = walk->layout;

  claim_named (walk, generator, layout->gen_code, "gi_code");
  claim_named (walk, generator, layout->gen_name, "__name__");
  claim_named (walk, generator, layout->gen_qualname, "__qualname__");
  claim_named (walk, generator, layout->gen_frame, "gi_frame");
  if (layout->gen_iframe != 0)
    {
      int8_t state = (int8_t) rsc_byte (generator, layout->gen_state);

      if (state < layout->gen_completed)
        rsc_walk_claim_frame (walk, generator + layout->gen_iframe,
                              state == layout->gen_executing ? RSC_CLAIM_NAME : RSC_CLAIM_OPEN);
    }
  for (unsigned i = 0; i < layout->exc_n; i++)
    claim_named (walk, generator, layout->gen_exc + 8 * i, "exception");
}

static void
claim_exception (RscWalk *walk, RscAddress exception)
{
  const RscPythonLayout *layout = walk->layout;

  rsc_walk_claim (walk, rsc_word (exception, layout->exc_dict), RSC_WIRE_EDGE_DICT, 0, RSC_CLAIM_OPEN);
  claim_named (walk, exception, layout->exc_args, "args");
  claim_named (walk, exception, layout->exc_notes, "__notes__");
  claim_named (walk, exception, layout->exc_traceback, "__traceback__");
  claim_named (walk, exception, layout->exc_cause, "__cause__");
  claim_named (walk, exception, layout->exc_context, "__context__");
}

/* Fields of C types that declare no members: names for what is visited, no more. */
static void
claim_known_fields (RscWalk *walk, RscAddress object, const RscTypeInfo *info)
{
  for (uint32_t i = 0; i < info->n_fields; i++)
    {
      bool is_member = false;

      for (uint32_t m = 0; m < info->n_members && !is_member; m++)
        is_member = info->members[m].offset == info->fields[i].offset;
      if (!is_member)
        rsc_walk_claim (walk, rsc_word (object, info->fields[i].offset), RSC_WIRE_EDGE_NAMED,
                        rsc_walk_label (walk, info->fields[i].name), RSC_CLAIM_NAME);
    }
}

void
rsc_walk_gather_claims (RscWalk *walk, RscAddress object, const RscTypeInfo *info)
{
  size_t n_visited = walk->visited.used / sizeof (RscAddress);

  /* Frames, types and the like have no attributes of an instance's kind. */
  if (info->kind != RSC_KIND_TYPE && info->kind != RSC_KIND_FUNCTION && info->kind != RSC_KIND_EXCEPTION
      && info->kind != RSC_KIND_ORDERED_DICT && info->kind != RSC_KIND_MODULE)
    claim_instance (walk, object, info);
  else if (info->flags & RSC_PY_FLAG_HEAP)
    {
      for (uint32_t i = 0; i < info->n_members; i++)
        rsc_walk_claim (walk, rsc_word (object, info->members[i].offset), info->members[i].kind, info->members[i].string,
                        RSC_CLAIM_OPEN);
      rsc_walk_claim (walk, info->type, RSC_WIRE_EDGE_TYPE, 0, RSC_CLAIM_OPEN);
    }

  switch ((RscKind) info->kind)
    {
    case RSC_KIND_LIST:
      claim_items (walk, rsc_word (object, RSC_PY_LIST_ITEMS), rsc_word (object, RSC_PY_SIZE));
      break;
    case RSC_KIND_TUPLE:
      claim_items (walk, object + rsc_word (walk->t_tuple, RSC_PY_TP_BASICSIZE), rsc_word (object, RSC_PY_SIZE));
      break;
    case RSC_KIND_DICT:
      claim_dict (walk, object, n_visited);
      break;
    case RSC_KIND_ORDERED_DICT:
      claim_ordered_dict (walk, object, n_visited);
      break;
    case RSC_KIND_SET:
    case RSC_KIND_FROZENSET:
      claim_set (walk, object);
      break;
    case RSC_KIND_DEQUE:
      claim_deque (walk, object);
      break;
    case RSC_KIND_TYPE:
      claim_type (walk, object);
      break;
    case RSC_KIND_MODULE:
      rsc_walk_claim (walk, rsc_word (object, RSC_PY_MODULE_DICT), RSC_WIRE_EDGE_DICT, 0, RSC_CLAIM_OPEN);
      claim_named (walk, object, walk->layout->module_name, "__name__");
      break;
    case RSC_KIND_FUNCTION:
      claim_function (walk, object);
      break;
    case RSC_KIND_METHOD:
      claim_named (walk, object, RSC_PY_METHOD_FUNCTION, "__func__");
      claim_named (walk, object, RSC_PY_METHOD_SELF, "__self__");
      break;
    case RSC_KIND_CFUNCTION:
      claim_named (walk, object, RSC_PY_CFUNCTION_SELF, "__self__");
      claim_named (walk, object, RSC_PY_CFUNCTION_MODULE, "__module__");
      break;
    case RSC_KIND_DESCRIPTOR:
      claim_named (walk, object, RSC_PY_DESCR_TYPE, "__objclass__");
      claim_named (walk, object, RSC_PY_DESCR_NAME, "__name__");
      claim_named (walk, object, RSC_PY_DESCR_QUALNAME, "__qualname__");
      break;
    case RSC_KIND_CODE:
      claim_code (walk, object);
      break;
    case RSC_KIND_FRAME:
      claim_frame_object (walk, object);
      break;
    case RSC_KIND_GENERATOR:
      claim_generator (walk, object);
      break;
    case RSC_KIND_COROUTINE:
    case RSC_KIND_ASYNC_GENERATOR:
      claim_generator (walk, object);
      claim_named (walk, object, walk->layout->gen_origin,
                   info->kind == RSC_KIND_COROUTINE ? "cr_origin" : "ag_finalizer");
      break;
    case RSC_KIND_CELL:
      rsc_walk_claim (walk, rsc_word (object, RSC_PY_CELL_CONTENT), RSC_WIRE_EDGE_CELL, 0, RSC_CLAIM_OPEN);
      break;
    case RSC_KIND_MAPPING_PROXY:
    case RSC_KIND_DICT_VIEW:
      claim_named (walk, object, 16, "mapping");
      break;
    case RSC_KIND_WEAKREF:
      {
        RscAddress referent = rsc_word (object, RSC_PY_WEAKREF_OBJECT);

        claim_named (walk, object, RSC_PY_WEAKREF_CALLBACK, "__callback__");
        /* Dead ones point to None; one whose object is being freed says nothing. */
        if (referent != 0 && referent != walk->none && rsc_half (referent, RSC_PY_REFCOUNT) != 0)
          rsc_walk_claim (walk, referent, RSC_WIRE_EDGE_WEAK_REFERENT | RSC_WIRE_EDGE_WEAK, 0, RSC_CLAIM_EXTRA);
      }
      break;
    case RSC_KIND_EXCEPTION:
      claim_exception (walk, object);
      break;
    default:
      claim_known_fields (walk, object, info);
      break;
    }
}
