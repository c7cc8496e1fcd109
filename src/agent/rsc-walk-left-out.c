/* Captures without the program's data: what strings and numbers say does not
 * even leave its process.
 *
 * A heap keeps its shape by names, and most names are strings: keys of the
 * dicts of modules, classes and instances.  A string is such a name, and stays, if
 * the program's code says it: if it is among the names of a code object, or
 * names something in a module or a class.  It is the very object that counts, not
 * its text: code and the attributes that it sets share theirs, as CPython interns
 * both.  What came as data and was made a key or an attribute is left out. */
#include "rsc-walk-private.h"

#include <sys/syscall.h>
#include <unistd.h>

#define MAX_TUPLE (UINT64_C (1) << 20)

static void
add_name (RscWalk *walk, RscAddress str)
{
  if (rsc_is_str (str))
    *rsc_map_at (walk, &walk->code_names, str) = 1;
}

static bool
is_tuple (const RscWalk *walk, RscAddress object)
{
  return object != 0 && rsc_type_of (object) == walk->t_tuple && rsc_word (object, RSC_PY_SIZE) < MAX_TUPLE;
}

static RscAddress
get_item (const RscWalk *walk, RscAddress tuple, uint64_t i)
{
  return rsc_word (tuple, rsc_word (walk->t_tuple, RSC_PY_TP_BASICSIZE) + 8 * i);
}

static void
push_code (RscWalk *walk, RscAddress code)
{
  uint64_t *seen;

  if (code == 0 || rsc_type_of (code) != walk->t_code)
    return;
  seen = rsc_map_at (walk, &walk->code_names, code);
  if (*seen != 0)
    return;
  *seen = 1;
  rsc_vector_append (walk, &walk->claims, &code, sizeof code);
}

/* The names that @code uses, and those of the code within: on a list of our own,
 * not by recursion. */
static void
add_code (RscWalk *walk, RscAddress code)
{
  const RscPythonLayout *layout = walk->layout;
  const uint8_t tuples[] = { layout->code_names, layout->code_localsplusnames, layout->code_varnames, layout->code_cellvars,
                             layout->code_freevars };
  const uint8_t strings[] = { layout->code_filename, layout->code_name, layout->code_qualname };

  walk->claims.used = 0;
  push_code (walk, code);
  while (walk->claims.used > 0)
    {
      RscAddress at, tuple;

      walk->claims.used -= sizeof at;
      memcpy (&at, (uint8_t *) walk->claims.data + walk->claims.used, sizeof at);
      for (size_t i = 0; i < sizeof strings; i++)
        if (strings[i] != 0)
          add_name (walk, rsc_word (at, strings[i]));
      for (size_t t = 0; t < sizeof tuples; t++)
        {
          tuple = tuples[t] != 0 ? rsc_word (at, tuples[t]) : 0;
          for (uint64_t i = 0; is_tuple (walk, tuple) && i < rsc_word (tuple, RSC_PY_SIZE); i++)
            add_name (walk, get_item (walk, tuple, i));
        }
      tuple = rsc_word (at, layout->code_consts);
      for (uint64_t i = 0; is_tuple (walk, tuple) && i < rsc_word (tuple, RSC_PY_SIZE); i++)
        push_code (walk, get_item (walk, tuple, i));
    }
}

static void
add_keys (RscWalk *walk, RscAddress dict)
{
  RscDictIter iter;
  RscAddress key, value;

  if (dict == 0 || (rsc_word (rsc_type_of (dict), RSC_PY_TP_FLAGS) & RSC_PY_FLAG_DICT) == 0)
    return;
  rsc_dict_iter_init (walk, &iter, dict);
  while (rsc_dict_iter_next (&iter, &key, &value))
    add_name (walk, key);
}

void
rsc_walk_find_names (RscWalk *walk)
{
  size_t n = walk->objects.used / sizeof (uint64_t);

  if (walk->values == RSC_WIRE_VALUES_ALL)
    return;
  for (size_t i = 0; i < n; i++)
    {
      RscAddress object = (RscAddress) (((const uint64_t *) walk->objects.data)[i] & ~UINT64_C (7));

      walk->shared->current_type = rsc_type_of (object);
      switch ((RscKind) rsc_walk_type (walk, rsc_type_of (object))->kind)
        {
        case RSC_KIND_FUNCTION:
          add_code (walk, rsc_word (object, walk->layout->func_code));
          break;
        case RSC_KIND_MODULE:
          add_keys (walk, rsc_word (object, RSC_PY_MODULE_DICT));
          break;
        case RSC_KIND_TYPE:
          add_keys (walk, rsc_walk_type_dict (walk, object));
          break;
        default:
          break;
        }
    }
  for (size_t i = 0; i < walk->running.used / sizeof (RscRunningFrame); i++)
    add_code (walk, ((const RscRunningFrame *) walk->running.data)[i].code);
  for (unsigned i = 0; i < walk->n_interpreters; i++)
    add_keys (walk, rsc_word (walk->interpreters[i].state, walk->layout->interp_modules));
}

bool
rsc_walk_is_left_out (RscWalk *walk, RscAddress str)
{
  return walk->values != RSC_WIRE_VALUES_ALL && rsc_map_get (&walk->code_names, str) == 0;
}

bool
rsc_walk_make_hash_key (RscWalk *walk)
{
  return syscall (SYS_getrandom, walk->hash_key, sizeof walk->hash_key, 0) == (long) sizeof walk->hash_key;
}

static inline uint64_t
rotate (uint64_t word, unsigned n)
{
  return word << n | word >> (64 - n);
}

static void
sip_round (uint64_t v[4])
{
  v[0] += v[1];
  v[1] = rotate (v[1], 13) ^ v[0];
  v[0] = rotate (v[0], 32);
  v[2] += v[3];
  v[3] = rotate (v[3], 16) ^ v[2];
  v[0] += v[3];
  v[3] = rotate (v[3], 21) ^ v[0];
  v[2] += v[1];
  v[1] = rotate (v[1], 17) ^ v[2];
  v[2] = rotate (v[2], 32);
}

/* SipHash-2-4: who has not the key, which nobody keeps, cannot try what a hash
 * may be of. */
uint64_t
rsc_walk_sip_hash (const uint64_t key[2], const void *data, size_t size)
{
  uint64_t v[4] = { key[0] ^ UINT64_C (0x736f6d6570736575), key[1] ^ UINT64_C (0x646f72616e646f6d),
                    key[0] ^ UINT64_C (0x6c7967656e657261), key[1] ^ UINT64_C (0x7465646279746573) };
  const uint8_t *bytes = data;
  uint64_t last = (uint64_t) size << 56;
  size_t whole = size - size % 8;

  for (size_t at = 0; at <= whole; at += 8)
    {
      uint64_t word = last;

      if (at < whole)
        memcpy (&word, bytes + at, 8);
      else
        for (size_t i = 0; i < size % 8; i++)
          word |= (uint64_t) bytes[whole + i] << (8 * i);
      v[3] ^= word;
      sip_round (v);
      sip_round (v);
      v[0] ^= word;
    }
  v[2] ^= 0xff;
  for (int i = 0; i < 4; i++)
    sip_round (v);
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* What is said in place of the value: "12 characters #0123456789abcdef".  @unit: NULL where there is no length.
 * @domain: equal bytes of different kinds have different hashes. */
static void
say (RscWalk *walk, RscWireNode *node, const char *unit, uint64_t length, unsigned domain, const void *data, size_t size)
{
  RscText text = { .used = 0 };

  if (walk->values == RSC_WIRE_VALUES_NONE)
    return;
  if (unit != NULL)
    {
      rsc_text_append_number (&text, length);
      rsc_text_append_string (&text, unit);
    }
  if (walk->values == RSC_WIRE_VALUES_HASHES && data != NULL)
    {
      uint64_t key[2] = { walk->hash_key[0] ^ domain, walk->hash_key[1] };
      uint64_t hash = rsc_walk_sip_hash (key, data, size);
      char digits[17];

      for (int i = 0; i < 16; i++)
        digits[i] = "0123456789abcdef"[hash >> (60 - 4 * i) & 15];
      digits[16] = '\0';
      rsc_text_append_string (&text, text.used > 0 ? " #" : "#");
      rsc_text_append_string (&text, digits);
    }
  if (text.used == 0)
    return;
  node->value = rsc_walk_add_string (walk, text.data, text.used);
  node->flags |= (uint32_t) RSC_WIRE_VALUE_STRING << RSC_WIRE_VALUE_SHIFT;
}

bool
rsc_walk_leave_out (RscWalk *walk, RscAddress object, const RscTypeInfo *info, RscWireNode *node)
{
  switch ((RscKind) info->kind)
    {
    case RSC_KIND_STR:
      {
        uint64_t length;
        uint32_t kind;
        const uint8_t *data;

        if (!rsc_walk_is_left_out (walk, object))
          return false;
        data = rsc_str_data (walk, object, &kind, &length);
        say (walk, node, length == 1 ? " character" : " characters", length, kind, data, (size_t) (length * kind));
      }
      return true;
    case RSC_KIND_BYTES:
    case RSC_KIND_BYTEARRAY:
      {
        uint64_t length = rsc_word (object, RSC_PY_SIZE);
        RscAddress data = info->kind == RSC_KIND_BYTES ? object + RSC_PY_BYTES_DATA : rsc_word (object, 40);

        say (walk, node, length == 1 ? " byte" : " bytes", length, 8, (const void *) data, length);
      }
      return true;
    case RSC_KIND_INT:
      {
        bool negative;
        uint64_t n = rsc_long_n_digits (walk, object, &negative);

        say (walk, node, NULL, 0, negative ? 17 : 16, (const void *) (object + RSC_PY_LONG_DIGITS), (size_t) (4 * n));
      }
      return true;
    case RSC_KIND_FLOAT:
      say (walk, node, NULL, 0, 32, (const void *) (object + RSC_PY_FLOAT_VALUE), sizeof (double));
      return true;
    case RSC_KIND_COMPLEX:
      say (walk, node, NULL, 0, 64, (const void *) (object + RSC_PY_COMPLEX_VALUE), 2 * sizeof (double));
      return true;
    case RSC_KIND_RANGE:
      return true;
    default:
      return false;
    }
}
