/* What an object's value is, as text or number; no code of the target runs. */
#include "rsc-walk-private.h"

static void
set_string (RscWalk *walk, RscWireNode *node, const char *data, size_t size)
{
  node->value = rsc_walk_add_string (walk, data, size);
  node->flags |= (uint32_t) RSC_WIRE_VALUE_STRING << RSC_WIRE_VALUE_SHIFT;
}

static void
set_label (RscWalk *walk, RscWireNode *node, uint32_t string)
{
  node->value = string;
  node->flags |= (uint32_t) RSC_WIRE_VALUE_STRING << RSC_WIRE_VALUE_SHIFT;
}

static void
set_items (RscWireNode *node, uint64_t n)
{
  node->value = n;
  node->flags |= (uint32_t) RSC_WIRE_VALUE_ITEMS << RSC_WIRE_VALUE_SHIFT;
}

static void
append_str (const RscWalk *walk, RscText *text, RscAddress str)
{
  char buffer[RSC_WALK_MAX_VALUE];
  bool truncated;

  if (rsc_is_str (str))
    rsc_text_append (text, buffer, rsc_str_read (walk, str, buffer, sizeof buffer, &truncated));
}

/* "function (file:line)" */
uint32_t
rsc_walk_frame_name (RscWalk *walk, RscAddress code, uint32_t line)
{
  RscText text = { .used = 0 };

  append_str (walk, &text, rsc_word (code, walk->layout->code_name));
  rsc_text_append_string (&text, " (");
  append_str (walk, &text, rsc_word (code, walk->layout->code_filename));
  rsc_text_append_string (&text, ":");
  rsc_text_append_number (&text, line);
  rsc_text_append_string (&text, ")");
  return rsc_walk_add_string (walk, text.data, text.used);
}

static void
set_code (RscWalk *walk, RscWireNode *node, RscAddress code, uint32_t line, bool with_name)
{
  RscText text = { .used = 0 };

  if (with_name)
    {
      append_str (walk, &text, rsc_word (code, walk->layout->code_name));
      rsc_text_append_string (&text, " (");
    }
  append_str (walk, &text, rsc_word (code, walk->layout->code_filename));
  rsc_text_append_string (&text, ":");
  rsc_text_append_number (&text, line);
  if (with_name)
    rsc_text_append_string (&text, ")");
  set_string (walk, node, text.data, text.used);
}

static void
set_int (RscWalk *walk, RscWireNode *node, RscAddress object)
{
  bool negative, fits;
  uint64_t value = rsc_long_read (walk, object, &negative, &fits);

  if (fits)
    {
      node->value = negative ? -value : value;
      node->flags |= (uint32_t) RSC_WIRE_VALUE_INT << RSC_WIRE_VALUE_SHIFT;
    }
  else
    {
      uint32_t text[2 + RSC_WIRE_BIG_INT_MAX_DIGITS];
      uint64_t n = rsc_long_n_digits (walk, object, &negative), first = 0;

      /* Of a very long one the most significant digits. */
      if (n > RSC_WIRE_BIG_INT_MAX_DIGITS)
        {
          first = n - RSC_WIRE_BIG_INT_MAX_DIGITS;
          n = RSC_WIRE_BIG_INT_MAX_DIGITS;
          node->flags |= RSC_WIRE_NODE_TRUNCATED;
        }
      text[0] = negative;
      text[1] = first < UINT32_MAX ? (uint32_t) first : UINT32_MAX;
      memcpy (text + 2, (const void *) (object + RSC_PY_LONG_DIGITS + 4 * first), 4 * n);
      node->value = rsc_walk_add_string (walk, text, 4 * (2 + n));
      node->flags |= (uint32_t) RSC_WIRE_VALUE_BIG_INT << RSC_WIRE_VALUE_SHIFT;
    }
}

/* "range(3)" is range(0, 3), as repr() says; nothing where a number is too large. */
static void
set_range (RscWalk *walk, RscWireNode *node, RscAddress range)
{
  RscText text = { .used = 0 };

  rsc_text_append_string (&text, "range(");
  for (unsigned i = 0; i < 3; i++)
    {
      RscAddress number = rsc_word (range, RSC_PY_RANGE_START + 8 * i);
      RscKind kind = number != 0 ? (RscKind) rsc_walk_type (walk, rsc_type_of (number))->kind : RSC_KIND_NONE;
      bool negative, fits;
      uint64_t value;

      if (kind != RSC_KIND_INT && kind != RSC_KIND_BOOL)
        return;
      value = rsc_long_read (walk, number, &negative, &fits);
      if (!fits)
        return;
      if (i == 2 && value == 1 && !negative)
        break;
      rsc_text_append_string (&text, i == 0 ? "" : ", ");
      rsc_text_append_string (&text, negative ? "-" : "");
      rsc_text_append_number (&text, value);
    }
  rsc_text_append_string (&text, ")");
  set_string (walk, node, text.data, text.used);
}

static void
set_name (RscWalk *walk, RscWireNode *node, RscAddress str)
{
  if (rsc_is_str (str))
    set_label (walk, node, rsc_walk_name (walk, str));
}

/* One that may have been set at run time.  Where it came as data, and values are left out, it is @instead, or nothing. */
static void
set_said_name (RscWalk *walk, RscWireNode *node, RscAddress str, RscAddress instead)
{
  set_name (walk, node, rsc_is_str (str) && rsc_walk_is_left_out (walk, str) ? instead : str);
}

/* What @code calls itself: 0, it is none. */
static RscAddress
code_name (const RscWalk *walk, RscAddress code, bool qualified)
{
  const RscPythonLayout *layout = walk->layout;

  if (code == 0 || rsc_type_of (code) != walk->t_code)
    return 0;
  return rsc_word (code, qualified && layout->code_qualname != 0 ? layout->code_qualname : layout->code_name);
}

static RscAddress
generator_code (const RscWalk *walk, RscAddress generator)
{
  const RscPythonLayout *layout = walk->layout;

  return layout->gen_code != 0 ? rsc_word (generator, layout->gen_code)
                               : rsc_untag (layout, rsc_word (generator + layout->gen_iframe, layout->iframe_code));
}

/* _io calls itself io, which is another module. */
static RscAddress
key_of_module (const RscWalk *walk, RscAddress module)
{
  for (unsigned i = 0; i < walk->n_interpreters; i++)
    {
      RscAddress modules = rsc_word (walk->interpreters[i].state, walk->layout->interp_modules), key, value;
      RscDictIter iter;

      if (modules == 0 || (rsc_word (rsc_type_of (modules), RSC_PY_TP_FLAGS) & RSC_PY_FLAG_DICT) == 0)
        continue;
      rsc_dict_iter_init (walk, &iter, modules);
      while (rsc_dict_iter_next (&iter, &key, &value))
        if (value == module)
          return key;
    }
  return 0;
}

void
rsc_walk_value (RscWalk *walk, RscAddress object, const RscTypeInfo *info, RscWireNode *node)
{
  const RscPythonLayout *layout = walk->layout;

  if (walk->values != RSC_WIRE_VALUES_ALL && rsc_walk_leave_out (walk, object, info, node))
    return;
  switch ((RscKind) info->kind)
    {
    case RSC_KIND_STR:
      {
        char text[RSC_WALK_MAX_VALUE];
        bool truncated;
        size_t length = rsc_str_read (walk, object, text, sizeof text, &truncated);

        set_string (walk, node, text, length);
        node->flags |= RSC_WIRE_NODE_TEXT | (truncated ? RSC_WIRE_NODE_TRUNCATED : 0);
      }
      break;
    case RSC_KIND_BYTES:
    case RSC_KIND_BYTEARRAY:
      {
        uint64_t length = rsc_word (object, RSC_PY_SIZE);
        RscAddress data = info->kind == RSC_KIND_BYTES ? object + RSC_PY_BYTES_DATA : rsc_word (object, 40);

        node->flags |= RSC_WIRE_NODE_BYTES;
        if (length > RSC_WALK_MAX_VALUE)
          {
            length = RSC_WALK_MAX_VALUE;
            node->flags |= RSC_WIRE_NODE_TRUNCATED;
          }
        set_string (walk, node, (const char *) data, length);
      }
      break;
    case RSC_KIND_INT:
      set_int (walk, node, object);
      break;
    case RSC_KIND_BOOL:
      {
        bool negative, fits;

        set_label (walk, node, rsc_walk_label (walk, rsc_long_read (walk, object, &negative, &fits) ? "True" : "False"));
      }
      break;
    case RSC_KIND_FLOAT:
      node->value = rsc_word (object, RSC_PY_FLOAT_VALUE);
      node->flags |= (uint32_t) RSC_WIRE_VALUE_FLOAT << RSC_WIRE_VALUE_SHIFT;
      break;
    case RSC_KIND_COMPLEX:
      node->value = rsc_walk_add_string (walk, (const char *) object + RSC_PY_COMPLEX_VALUE, 2 * sizeof (double));
      node->flags |= (uint32_t) RSC_WIRE_VALUE_COMPLEX << RSC_WIRE_VALUE_SHIFT;
      break;
    case RSC_KIND_RANGE:
      set_range (walk, node, object);
      break;
    case RSC_KIND_NONE:
      set_label (walk, node, rsc_walk_label (walk, "None"));
      break;
    case RSC_KIND_ELLIPSIS:
      set_label (walk, node, rsc_walk_label (walk, "Ellipsis"));
      break;
    case RSC_KIND_NOT_IMPLEMENTED:
      set_label (walk, node, rsc_walk_label (walk, "NotImplemented"));
      break;
    case RSC_KIND_LIST:
    case RSC_KIND_TUPLE:
    case RSC_KIND_DEQUE:
      set_items (node, rsc_word (object, RSC_PY_SIZE));
      break;
    case RSC_KIND_DICT:
    case RSC_KIND_ORDERED_DICT:
      set_items (node, rsc_word (object, RSC_PY_DICT_USED));
      break;
    case RSC_KIND_SET:
    case RSC_KIND_FROZENSET:
      set_items (node, rsc_word (object, RSC_PY_SET_USED));
      break;
    case RSC_KIND_TYPE:
      {
        const char *name = (const char *) (uintptr_t) rsc_word (object, RSC_PY_TP_NAME), *dot = strrchr (name, '.');

        if (rsc_word (object, RSC_PY_TP_FLAGS) & RSC_PY_FLAG_HEAP)
          set_name (walk, node, rsc_word (object, RSC_PY_HT_NAME (layout)));
        else
          set_label (walk, node, rsc_walk_label (walk, dot ? dot + 1 : name));
      }
      break;
    case RSC_KIND_MODULE:
      {
        /* What the program calls it; _collections_abc calls itself collections.abc. */
        RscAddress name = rsc_dict_get (walk, rsc_word (object, RSC_PY_MODULE_DICT), "__name__");

        if (!rsc_is_str (name))
          name = rsc_word (object, walk->layout->module_name);
        /* One that is in sys.modules under it need not share the very str. */
        if (rsc_map_get (&walk->proper_modules, object) != 0)
          set_name (walk, node, name);
        else
          set_said_name (walk, node, name, walk->values != RSC_WIRE_VALUES_ALL ? key_of_module (walk, object) : 0);
      }
      break;
    case RSC_KIND_FUNCTION:
      {
        RscAddress name = rsc_word (object, layout->func_name), code = rsc_word (object, layout->func_code);

        if (rsc_str_equals (walk, name, "<lambda>") && code != 0 && rsc_type_of (code) == walk->t_code)
          set_code (walk, node, code, rsc_half (code, layout->code_firstlineno), true);
        else
          set_said_name (walk, node, rsc_word (object, layout->func_qualname), code_name (walk, code, true));
      }
      break;
    case RSC_KIND_METHOD:
      {
        RscAddress function = rsc_word (object, RSC_PY_METHOD_FUNCTION);

        if (function != 0 && rsc_walk_type (walk, rsc_type_of (function))->kind == RSC_KIND_FUNCTION)
          set_said_name (walk, node, rsc_word (function, layout->func_name),
                         code_name (walk, rsc_word (function, layout->func_code), false));
        else if (function != 0 && rsc_walk_type (walk, rsc_type_of (function))->kind == RSC_KIND_CFUNCTION)
          set_label (walk, node, rsc_walk_label (walk, (const char *) (uintptr_t)
                                                 rsc_word (rsc_word (function, RSC_PY_CFUNCTION_DEF), 0)));
      }
      break;
    case RSC_KIND_CFUNCTION:
      {
        RscAddress def = rsc_word (object, RSC_PY_CFUNCTION_DEF);

        if (def != 0 && rsc_word (def, 0) != 0)
          set_label (walk, node, rsc_walk_label (walk, (const char *) (uintptr_t) rsc_word (def, 0)));
      }
      break;
    case RSC_KIND_DESCRIPTOR:
      set_name (walk, node, rsc_word (object, RSC_PY_DESCR_NAME));
      break;
    case RSC_KIND_CODE:
      set_code (walk, node, object, rsc_half (object, layout->code_firstlineno), true);
      break;
    case RSC_KIND_FRAME:
      {
        RscAddress code;
        int64_t instruction;

        if (layout->frame_frame != 0)
          {
            RscAddress iframe = rsc_word (object, layout->frame_frame);

            code = rsc_untag (layout, rsc_word (iframe, layout->iframe_code));
            if (code == 0 || rsc_type_of (code) != walk->t_code)
              break;
            instruction = (int64_t) (rsc_word (iframe, layout->iframe_instr) - (code + layout->code_adaptive));
          }
        else
          {
            code = rsc_word (object, layout->frame_code);
            instruction = 2 * (int64_t) (int32_t) rsc_half (object, layout->frame_lasti);
          }
        set_code (walk, node, code, rsc_code_line (layout, code, instruction), false);
      }
      break;
    case RSC_KIND_GENERATOR:
    case RSC_KIND_COROUTINE:
    case RSC_KIND_ASYNC_GENERATOR:
      set_said_name (walk, node, rsc_word (object, layout->gen_qualname),
                     code_name (walk, generator_code (walk, object), true));
      break;
    default:
      break;
    }
}
