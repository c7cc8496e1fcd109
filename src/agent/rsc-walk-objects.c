/* Reading objects by their structure, without running any of their code. */
#include "rsc-walk-private.h"

bool
rsc_is_str (RscAddress object)
{
  return object != 0 && (rsc_word (rsc_type_of (object), RSC_PY_TP_FLAGS) & RSC_PY_FLAG_UNICODE) != 0;
}

bool
rsc_is_instance (RscAddress object, RscAddress type)
{
  if (object == 0)
    return false;
  for (RscAddress t = rsc_type_of (object); t != 0; t = rsc_word (t, RSC_PY_TP_BASE))
    if (t == type)
      return true;
  return false;
}

const uint8_t *
rsc_str_data (const RscWalk *walk, RscAddress str, uint32_t *kind, uint64_t *length)
{
  uint32_t state = rsc_half (str, RSC_PY_STR_STATE);

  *kind = RSC_PY_STR_KIND (state);
  *length = rsc_word (str, RSC_PY_STR_LENGTH);
  if (*kind == 0)
    return NULL;
  if ((state & RSC_PY_STR_COMPACT) == 0)
    return (const uint8_t *) (uintptr_t) rsc_word (str, walk->layout->str_data);
  return (const uint8_t *) (str + ((state & RSC_PY_STR_ASCII) ? walk->layout->str_ascii_size
                                                              : walk->layout->str_compact_size));
}

size_t
rsc_str_read (const RscWalk *walk, RscAddress str, char *buffer, size_t size, bool *truncated)
{
  uint32_t kind;
  uint64_t length;
  const uint8_t *data = rsc_str_data (walk, str, &kind, &length);
  size_t used = 0;

  *truncated = false;
  if (data == NULL)
    return 0;
  if (rsc_half (str, RSC_PY_STR_STATE) & RSC_PY_STR_ASCII)
    {
      *truncated = length > size;
      used = *truncated ? size : length;
      memcpy (buffer, data, used);
      return used;
    }
  for (uint64_t i = 0; i < length; i++)
    {
      uint32_t c = kind == 1 ? data[i] : 0;

      if (kind == 2)
        {
          uint16_t half;

          memcpy (&half, data + 2 * i, sizeof half);
          c = half;
        }
      else if (kind == 4)
        memcpy (&c, data + 4 * i, sizeof c);
      /* A lone surrogate has no UTF-8. */
      if ((c >= 0xd800 && c < 0xe000) || c > 0x10ffff)
        c = 0xfffd;
      if (used + 4 > size)
        {
          *truncated = true;
          break;
        }
      if (c < 0x80)
        buffer[used++] = (char) c;
      else if (c < 0x800)
        {
          buffer[used++] = (char) (0xc0 | c >> 6);
          buffer[used++] = (char) (0x80 | (c & 0x3f));
        }
      else if (c < 0x10000)
        {
          buffer[used++] = (char) (0xe0 | c >> 12);
          buffer[used++] = (char) (0x80 | (c >> 6 & 0x3f));
          buffer[used++] = (char) (0x80 | (c & 0x3f));
        }
      else
        {
          buffer[used++] = (char) (0xf0 | c >> 18);
          buffer[used++] = (char) (0x80 | (c >> 12 & 0x3f));
          buffer[used++] = (char) (0x80 | (c >> 6 & 0x3f));
          buffer[used++] = (char) (0x80 | (c & 0x3f));
        }
    }
  return used;
}

bool
rsc_str_equals (const RscWalk *walk, RscAddress str, const char *ascii)
{
  size_t n = strlen (ascii);
  uint32_t kind;
  uint64_t length;
  const uint8_t *data;

  if (!rsc_is_str (str) || rsc_word (str, RSC_PY_STR_LENGTH) != n)
    return false;
  data = rsc_str_data (walk, str, &kind, &length);
  return data != NULL && kind == 1 && memcmp (data, ascii, n) == 0;
}

/* dk_kind (3.11): 0 has hashes, for any keys; 1 str keys; 2 shared by instances. */
void
rsc_keys_iter_init (const RscWalk *walk, RscDictIter *iter, RscAddress keys, RscAddress values)
{
  const RscPythonLayout *layout = walk->layout;
  uint64_t index_bytes;

  *iter = (RscDictIter) { .values = values, .n = rsc_word (keys, layout->keys_nentries) };
  if (layout->keys_kind != 0)
    {
      bool has_hashes = rsc_byte (keys, layout->keys_kind) == 0;

      index_bytes = UINT64_C (1) << rsc_byte (keys, layout->keys_log2_index_bytes);
      iter->entry_size = has_hashes ? 24 : 16;
      iter->key_offset = has_hashes ? 8 : 0;
    }
  else
    {
      uint64_t size = rsc_word (keys, 8);

      index_bytes = size * (size <= 0xff ? 1 : size <= 0xffff ? 2 : size <= 0xffffffff ? 4 : 8);
      iter->entry_size = 24;
      iter->key_offset = 8;
    }
  /* PyDictValues begins with how many it has room for (3.13). */
  if (values != 0 && layout->values_offset != 0 && iter->n > rsc_byte (values - layout->values_offset, 0))
    iter->n = rsc_byte (values - layout->values_offset, 0);
  iter->value_offset = iter->key_offset + 8;
  iter->entries = keys + layout->keys_indices + index_bytes;
}

void
rsc_dict_iter_init (const RscWalk *walk, RscDictIter *iter, RscAddress dict)
{
  RscAddress values = rsc_word (dict, RSC_PY_DICT_VALUES);

  rsc_keys_iter_init (walk, iter, rsc_word (dict, RSC_PY_DICT_KEYS),
                      values ? values + walk->layout->values_offset : 0);
}

bool
rsc_dict_iter_next (RscDictIter *iter, RscAddress *key, RscAddress *value)
{
  while (iter->i < iter->n)
    {
      RscAddress entry = iter->entries + iter->i * iter->entry_size;

      *value = iter->values ? rsc_word (iter->values, 8 * iter->i) : rsc_word (entry, iter->value_offset);
      *key = rsc_word (entry, iter->key_offset);
      iter->i++;
      if (*value != 0 && *key != 0)
        return true;
    }
  return false;
}

RscAddress
rsc_dict_get (const RscWalk *walk, RscAddress dict, const char *name)
{
  RscDictIter iter;
  RscAddress key, value;

  if (dict == 0 || (rsc_word (rsc_type_of (dict), RSC_PY_TP_FLAGS) & RSC_PY_FLAG_DICT) == 0)
    return 0;
  rsc_dict_iter_init (walk, &iter, dict);
  while (rsc_dict_iter_next (&iter, &key, &value))
    if (rsc_str_equals (walk, key, name))
      return value;
  return 0;
}

/* What _PyDict_KeysSize() says: header, indices and entries. */
uint64_t
rsc_keys_size (const RscWalk *walk, RscAddress keys)
{
  RscDictIter iter;
  uint64_t size, usable;

  rsc_keys_iter_init (walk, &iter, keys, 0);
  size = walk->layout->keys_kind ? UINT64_C (1) << rsc_byte (keys, walk->layout->keys_log2_size) : rsc_word (keys, 8);
  usable = (size << 1) / 3;
  return (iter.entries - keys) + usable * iter.entry_size;
}

RscAttributes
rsc_attributes_find (const RscWalk *walk, RscAddress object, const RscTypeInfo *info)
{
  const RscPythonLayout *layout = walk->layout;
  RscAttributes found = { 0, 0 };

  if (info->flags & RSC_PY_FLAG_MANAGED_DICT)
    {
      uint64_t word = rsc_word (object, (size_t) -24);

      switch ((RscPythonManaged) layout->managed)
        {
        case RSC_PY_MANAGED_TWO_WORDS:
          found.dict = word;
          found.values = rsc_word (object, (size_t) -32);
          break;
        case RSC_PY_MANAGED_ONE_WORD:
          if (word & 1)
            found.values = word + 1;
          else
            found.dict = word;
          break;
        case RSC_PY_MANAGED_INLINE:
          found.dict = word;
          if (info->flags & RSC_PY_FLAG_INLINE_VALUES)
            {
              RscAddress values = object + (uint64_t) info->basic_size;

              if (rsc_byte (values, 3) != 0) /* valid */
                found.values = values;
            }
          break;
        case RSC_PY_MANAGED_NONE:
          found.dict = 0;
          break;
        }
      if (found.values != 0)
        found.values += layout->values_offset;
      if (info->cached_keys == 0)
        found.values = 0;
    }
  else if (info->dict_offset > 0)
    found.dict = rsc_word (object, (size_t) info->dict_offset);
  else if (info->dict_offset < 0 && info->item_size > 0)
    {
      /* Behind the items. */
      int64_t n = (int64_t) rsc_word (object, RSC_PY_SIZE);
      uint64_t end;

      if (info->flags & RSC_PY_FLAG_LONG)
        {
          bool negative;

          n = (int64_t) rsc_long_n_digits (walk, object, &negative);
        }
      end = (uint64_t) info->basic_size + (uint64_t) info->item_size * (uint64_t) (n < 0 ? -n : n);
      end = (end + 7) & ~UINT64_C (7);
      found.dict = rsc_word (object, end + (uint64_t) info->dict_offset);
    }
  return found;
}

RscAddress
rsc_attribute_get (RscWalk *walk, RscAddress object, const char *name)
{
  const RscTypeInfo *info = rsc_walk_type (walk, rsc_type_of (object));
  RscAttributes attributes = rsc_attributes_find (walk, object, info);

  if (attributes.values != 0)
    {
      RscDictIter iter;
      RscAddress key, value;

      rsc_keys_iter_init (walk, &iter, info->cached_keys, attributes.values);
      while (rsc_dict_iter_next (&iter, &key, &value))
        if (rsc_str_equals (walk, key, name))
          return value;
    }
  return rsc_dict_get (walk, attributes.dict, name);
}

uint64_t
rsc_long_n_digits (const RscWalk *walk, RscAddress object, bool *negative)
{
  int64_t word = (int64_t) rsc_word (object, RSC_PY_SIZE);

  if (walk->layout->tagged_long)
    {
      *negative = (word & 3) == 2;
      return (uint64_t) word >> 3;
    }
  *negative = word < 0;
  return (uint64_t) (word < 0 ? -word : word);
}

/* Its absolute value, if it @fits in 63 bits. */
uint64_t
rsc_long_read (const RscWalk *walk, RscAddress object, bool *negative, bool *fits)
{
  uint64_t n = rsc_long_n_digits (walk, object, negative), value = 0;

  *fits = n <= 2 || (n == 3 && rsc_half (object, RSC_PY_LONG_DIGITS + 8) < 8);
  for (uint64_t i = *fits ? n : 0; i-- > 0;)
    value = value << 30 | rsc_half (object, RSC_PY_LONG_DIGITS + 4 * i);
  return value;
}

static int64_t
read_svarint (const uint8_t **p, const uint8_t *end)
{
  uint64_t value = 0;
  unsigned shift = 0;

  while (*p < end)
    {
      uint8_t byte = *(*p)++;

      value |= (uint64_t) (byte & 63) << shift;
      shift += 6;
      if ((byte & 64) == 0 || shift > 36)
        break;
    }
  return value & 1 ? -(int64_t) (value >> 1) : (int64_t) (value >> 1);
}

/* The line of the instruction at @offset bytes; 0 if it has none. */
uint32_t
rsc_code_line (const RscPythonLayout *layout, RscAddress code, int64_t offset)
{
  int64_t line = (int32_t) rsc_half (code, layout->code_firstlineno), address = 0;
  RscAddress table = rsc_word (code, layout->code_linetable);
  const uint8_t *p, *end;

  if (table == 0 || (rsc_word (rsc_type_of (table), RSC_PY_TP_FLAGS) & RSC_PY_FLAG_BYTES) == 0)
    return 0;
  if (offset < 0)
    return (uint32_t) line;
  p = (const uint8_t *) (table + RSC_PY_BYTES_DATA);
  end = p + rsc_word (table, RSC_PY_SIZE);

  if (layout->line_pairs)
    {
      /* Pairs: how far the code goes, and how many lines; -128: no line. */
      for (; p + 1 < end; p += 2)
        {
          int delta = (int8_t) p[1];

          line += delta == -128 ? 0 : delta;
          address += p[0];
          if (address > offset)
            return delta == -128 ? 0 : (uint32_t) line;
        }
      return 0;
    }
  /* A byte with the number of code units and a form, then what the form has. */
  while (p < end)
    {
      uint8_t first = *p++;
      unsigned form = first >> 3 & 15;
      bool none = form == 15;

      if (form == 14 || form == 13)
        line += read_svarint (&p, end);
      else if (form >= 10 && form <= 12)
        line += form - 10;
      address += ((first & 7) + 1) * 2;
      if (address > offset)
        return none ? 0 : (uint32_t) line;
      while (p < end && (*p & 0x80) == 0)
        p++;
    }
  return 0;
}
