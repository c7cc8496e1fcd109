/* What sys.getsizeof() says, without asking: a formula for each __sizeof__. */
#include "rsc-walk-private.h"

#define DEQUE_BLOCK 64
#define SET_ENTRY 16
#define ORDERED_DICT_NODE 32
#define BYTES_BASIC_SIZE 33
#define BUFFERED_BUFFER 56
#define BUFFERED_SIZE 120
#define STRUCT_CODE 32
#define MAX_STRUCT_CODES 1000000u

static uint64_t
dict_size (const RscWalk *walk, RscAddress dict, uint64_t basic_size)
{
  const RscPythonLayout *layout = walk->layout;
  RscAddress keys = rsc_word (dict, RSC_PY_DICT_KEYS), values = rsc_word (dict, RSC_PY_DICT_VALUES);
  uint64_t size = basic_size;

  if (values != 0)
    {
      /* 3.10 goes by the table's size, later ones by how many keys there are and may come. */
      if (layout->keys_kind == 0)
        size += (rsc_word (keys, 8) << 1) / 3 * 8;
      else
        size += (rsc_word (keys, layout->keys_nentries) + rsc_word (keys, layout->keys_usable)) * 8;
    }
  /* Shared keys belong to the class. */
  if ((layout->keys_kind ? rsc_half (keys, 0) : rsc_word (keys, 0)) == 1)
    size += rsc_keys_size (walk, keys);
  return size;
}

static uint64_t
str_size (const RscWalk *walk, RscAddress str)
{
  const RscPythonLayout *layout = walk->layout;
  uint32_t state = rsc_half (str, RSC_PY_STR_STATE), kind = RSC_PY_STR_KIND (state);
  uint64_t length = rsc_word (str, RSC_PY_STR_LENGTH), size;
  bool compact = (state & RSC_PY_STR_COMPACT) != 0, ascii = (state & RSC_PY_STR_ASCII) != 0;
  RscAddress data = 0;

  if (compact && ascii)
    size = layout->str_ascii_size + length + 1;
  else if (compact)
    size = layout->str_compact_size + (length + 1) * kind;
  else
    {
      size = layout->str_size;
      data = rsc_word (str, layout->str_data);
      if (data != 0)
        size += (length + 1) * kind;
    }
  if (layout->str_wstr != 0)
    {
      RscAddress wide = rsc_word (str, layout->str_wstr);
      RscAddress text = compact ? str + (ascii ? layout->str_ascii_size : layout->str_compact_size) : data;

      if (wide != 0 && wide != text)
        size += ((compact && ascii ? length : rsc_word (str, layout->str_wstr_length)) + 1) * sizeof (wchar_t);
    }
  if (!(compact && ascii))
    {
      RscAddress utf8 = rsc_word (str, layout->str_utf8);

      if (utf8 != 0 && utf8 != data)
        size += rsc_word (str, layout->str_utf8_length) + 1;
    }
  return size;
}

static uint64_t
tuple_length (RscAddress tuple)
{
  return tuple == 0 ? 0 : rsc_word (tuple, RSC_PY_SIZE);
}

/* Locals, cells, free variables and the stack, in words. */
static uint64_t
frame_slots (const RscWalk *walk, RscAddress code)
{
  const RscPythonLayout *layout = walk->layout;

  if (layout->code_nlocalsplus != 0)
    return (uint64_t) rsc_half (code, layout->code_nlocalsplus) + rsc_half (code, layout->code_stacksize);
  return (uint64_t) rsc_half (code, layout->code_stacksize) + rsc_half (code, layout->code_nlocals)
         + tuple_length (rsc_word (code, layout->code_cellvars)) + tuple_length (rsc_word (code, layout->code_freevars));
}

static uint64_t
code_size (const RscWalk *walk, RscAddress code, uint64_t basic_size)
{
  const RscPythonLayout *layout = walk->layout;
  RscAddress extra = rsc_word (code, layout->code_extra);
  uint64_t size = basic_size;

  if (layout->code_adaptive == 0)
    {
      if (rsc_word (code, layout->code_cell2arg) != 0)
        size += tuple_length (rsc_word (code, layout->code_cellvars)) * 8;
      if (rsc_word (code, layout->code_opcache) != 0)
        size += rsc_word (code, layout->code_code) != 0
                ? rsc_byte (code, layout->code_opcache_size) * 32u
                  + tuple_length (rsc_word (code, layout->code_code)) / 2
                : 0;
    }
  else
    size = (size + rsc_word (code, RSC_PY_SIZE) * 2 + 7) & ~UINT64_C (7); /* code units */
  if (extra != 0)
    size += 8 + 8 * rsc_word (extra, 0);
  return size;
}

/* The raw interpreter frame's code, tags taken off. */
static RscAddress
iframe_code (const RscWalk *walk, RscAddress iframe)
{
  return rsc_untag (walk->layout, rsc_word (iframe, walk->layout->iframe_code));
}

uint64_t
rsc_walk_size (const RscWalk *walk, RscAddress object, const RscTypeInfo *info, bool container, bool *estimated)
{
  const RscPythonLayout *layout = walk->layout;
  uint64_t basic = (uint64_t) info->basic_size, size = basic;
  bool negative;

  *estimated = false;
  switch ((RscSizeKind) info->size_kind)
    {
    case RSC_SIZE_ESTIMATED:
      *estimated = true;
    /* fall through */
    case RSC_SIZE_OBJECT:
      if (info->item_size > 0)
        {
          int64_t n = (int64_t) rsc_word (object, RSC_PY_SIZE);

          size += (uint64_t) info->item_size * (uint64_t) (n < 0 ? -n : n);
        }
      break;
    case RSC_SIZE_INT:
      {
        uint64_t n = rsc_long_n_digits (walk, object, &negative);

        size = RSC_PY_LONG_DIGITS + 4 * (layout->zero_has_digit && n == 0 ? 1 : n);
      }
      break;
    case RSC_SIZE_STR:
      size = str_size (walk, object);
      break;
    case RSC_SIZE_BYTEARRAY:
      size += rsc_word (object, 24);
      if (layout->bytearray_of_bytes && rsc_word (object, 24) != 0)
        size += RSC_PY_BYTES_DATA + 1;
      break;
    case RSC_SIZE_LIST:
      size += 8 * rsc_word (object, RSC_PY_LIST_ALLOCATED);
      break;
    case RSC_SIZE_DICT:
      size = dict_size (walk, object, basic);
      break;
    case RSC_SIZE_SET:
      if (rsc_word (object, RSC_PY_SET_TABLE) != object + RSC_PY_SET_SMALL_TABLE)
        size += (rsc_word (object, RSC_PY_SET_MASK) + 1) * SET_ENTRY;
      break;
    case RSC_SIZE_TYPE:
      if (rsc_word (object, RSC_PY_TP_FLAGS) & RSC_PY_FLAG_HEAP)
        {
          RscAddress keys = rsc_word (object, RSC_PY_HT_CACHED_KEYS (layout));

          size = layout->heap_type_size + (keys ? rsc_keys_size (walk, keys) : 0);
        }
      else
        size = layout->type_size;
      break;
    case RSC_SIZE_CODE:
      size = code_size (walk, object, basic);
      break;
    case RSC_SIZE_FRAME:
      if (layout->frame_frame != 0)
        {
          size = layout->frame_size + layout->iframe_localsplus
                 + 8 * frame_slots (walk, iframe_code (walk, rsc_word (object, layout->frame_frame)));
        }
      else
        size = layout->frame_size + 8 * (frame_slots (walk, rsc_word (object, layout->frame_code)) - 1);
      break;
    case RSC_SIZE_GENERATOR:
      if (layout->gen_iframe != 0)
        size = layout->gen_iframe + layout->iframe_localsplus
               + 8 * frame_slots (walk, iframe_code (walk, object + layout->gen_iframe));
      break;
    case RSC_SIZE_ORDERED_DICT:
      size = dict_size (walk, object, basic) + 8 * rsc_word (object, RSC_PY_ODICT_TABLE_SIZE);
      if (rsc_word (object, RSC_PY_ODICT_FIRST) != 0)
        size += ORDERED_DICT_NODE * rsc_word (object, RSC_PY_DICT_USED);
      break;
    case RSC_SIZE_DEQUE:
      {
        uint64_t n = rsc_word (object, RSC_PY_SIZE), left = rsc_word (object, 40);

        size += (left + n + DEQUE_BLOCK - 1) / DEQUE_BLOCK * (8 * DEQUE_BLOCK + 16);
      }
      break;
    case RSC_SIZE_ARRAY:
      size += rsc_word (object, 32) * rsc_half (rsc_word (object, 40), 4);
      break;
    case RSC_SIZE_BYTES_IO:
      {
        RscAddress buffer = rsc_word (object, 16);

        /* A buffer that others hold as well is not counted. */
        if (buffer != 0 && rsc_half (buffer, RSC_PY_REFCOUNT) == 1)
          size += BYTES_BASIC_SIZE + rsc_word (buffer, RSC_PY_SIZE);
      }
      break;
    case RSC_SIZE_BUFFERED:
      if (rsc_word (object, BUFFERED_BUFFER) != 0)
        size += rsc_word (object, BUFFERED_SIZE);
      break;
    case RSC_SIZE_STRUCT:
      {
        RscAddress codes = rsc_word (object, 32);
        uint64_t n = 0;

        while (codes != 0 && n < MAX_STRUCT_CODES && rsc_word (codes, STRUCT_CODE * n) != 0)
          n++;
        size += STRUCT_CODE * (n + 1);
      }
      break;
    case RSC_SIZE_PRODUCT:
      size += 8 * tuple_length (rsc_word (object, 16));
      break;
    case RSC_SIZE_COMBINATIONS:
      size += 8 * rsc_word (object, 40);
      break;
    case RSC_SIZE_PERMUTATIONS:
      size += 8 * (tuple_length (rsc_word (object, 16)) + rsc_word (object, 48));
      break;
    case RSC_SIZE_DECIMAL:
      /* Digits of its own: neither static, shared nor constant. */
      if ((rsc_byte (object, 24) & 0xe0) == 0)
        size += 8 * rsc_word (object, 56);
      break;
    }
  /* 3.11 and 3.12 count a collector's header for static types, which have none. */
  if (container || (layout->header_by_type && (info->flags & RSC_PY_FLAG_GC)))
    size += RSC_PY_GC_HEAD;
  return size + info->pre_header;
}
