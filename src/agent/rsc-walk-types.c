/* What is to be known of each type, found out once. */
#include "rsc-walk-private.h"

#define N_BUCKETS (sizeof ((RscWalk *) 0)->type_buckets / sizeof (RscTypeInfo *))
#define MAX_MEMBERS 4096

/* Borrowed; 0 for none.  From 3.12 the dict of a static type is the interpreter's. */
RscAddress
rsc_walk_type_dict (const RscWalk *walk, RscAddress type)
{
  RscAddress dict = rsc_word (type, RSC_PY_TP_DICT);

  if (dict == 0 && walk->type_get_dict != NULL && (rsc_word (type, RSC_PY_TP_FLAGS) & RSC_PY_FLAG_STATIC_BUILTIN))
    {
      dict = (RscAddress) walk->type_get_dict ((void *) type);
      if (dict != 0)
        {
          /* Not the last reference, the type holds one: no call needed to give this one back. */
          uint32_t *refcount = (uint32_t *) (dict + RSC_PY_REFCOUNT);

          if ((int32_t) *refcount > 1)
            --*refcount;
        }
    }
  return dict;
}

static void
read_own (RscWalk *walk, RscTypeInfo *info)
{
  RscAddress dict = rsc_walk_type_dict (walk, info->type), key, value;
  RscDictIter iter;

  if (dict == 0)
    return;
  rsc_dict_iter_init (walk, &iter, dict);
  while (rsc_dict_iter_next (&iter, &key, &value))
    {
      if (rsc_str_equals (walk, key, "__sizeof__"))
        info->own_sizeof = value;
      else if (rsc_str_equals (walk, key, "__del__"))
        info->own_del = true;
    }
}

static RscTypeInfo *
find (RscWalk *walk, RscAddress type)
{
  RscTypeInfo **bucket = &walk->type_buckets[(type >> 4 ^ type >> 16) % N_BUCKETS];
  RscTypeInfo *info;

  for (info = *bucket; info != NULL; info = info->next)
    if (info->type == type)
      return info;
  info = rsc_walk_alloc (walk, sizeof *info);
  info->type = type;
  info->next = *bucket;
  *bucket = info;
  read_own (walk, info);
  return info;
}

static bool
name_is (RscAddress type, const char *name)
{
  const char *own = (const char *) (uintptr_t) rsc_word (type, RSC_PY_TP_NAME);

  return strcmp (own, name) == 0;
}

static RscKind
find_kind (RscWalk *walk, RscAddress type)
{
  static const struct
  {
    const char *name;
    RscKind kind;
  } by_name[] = {
    { "collections.deque", RSC_KIND_DEQUE },
    { "property", RSC_KIND_PROPERTY },
  };

  for (RscAddress t = type; t != 0; t = rsc_word (t, RSC_PY_TP_BASE))
    {
      for (unsigned i = 0; i < walk->n_known; i++)
        if (walk->known[i].type == t)
          return walk->known[i].kind;
      for (size_t i = 0; i < sizeof by_name / sizeof by_name[0]; i++)
        if (name_is (t, by_name[i].name))
          {
            RscTypeInfo *info = find (walk, t);

            /* A class of the program may have any name, but no C method of its own. */
            if (by_name[i].kind != RSC_KIND_DEQUE
                || (info->own_sizeof != 0 && rsc_type_of (info->own_sizeof) == walk->t_method_descriptor
                    && rsc_word (info->own_sizeof, RSC_PY_DESCR_TYPE) == t))
              return by_name[i].kind;
          }
    }
  return RSC_KIND_GENERIC;
}

/* Whose __sizeof__ an instance has, as a formula. */
static RscSizeKind
find_size_kind (RscWalk *walk, RscAddress owner, RscAddress own_sizeof)
{
  static const struct
  {
    const char *name;
    RscSizeKind kind;
  } by_name[] = {
    { "int", RSC_SIZE_INT },
    { "str", RSC_SIZE_STR },
    { "bytearray", RSC_SIZE_BYTEARRAY },
    { "list", RSC_SIZE_LIST },
    { "dict", RSC_SIZE_DICT },
    { "frozendict", RSC_SIZE_DICT },
    { "set", RSC_SIZE_SET },
    { "frozenset", RSC_SIZE_SET },
    { "type", RSC_SIZE_TYPE },
    { "code", RSC_SIZE_CODE },
    { "frame", RSC_SIZE_FRAME },
    { "generator", RSC_SIZE_GENERATOR },
    { "coroutine", RSC_SIZE_GENERATOR },
    { "async_generator", RSC_SIZE_GENERATOR },
    { "collections.OrderedDict", RSC_SIZE_ORDERED_DICT },
    { "collections.deque", RSC_SIZE_DEQUE },
    { "array.array", RSC_SIZE_ARRAY },
    { "_io.BytesIO", RSC_SIZE_BYTES_IO },
    { "_io.BufferedReader", RSC_SIZE_BUFFERED },
    { "_io.BufferedWriter", RSC_SIZE_BUFFERED },
    { "_io.BufferedRandom", RSC_SIZE_BUFFERED },
    { "_struct.Struct", RSC_SIZE_STRUCT },
    { "decimal.Decimal", RSC_SIZE_DECIMAL },
    { "itertools.product", RSC_SIZE_PRODUCT },
    { "itertools.combinations", RSC_SIZE_COMBINATIONS },
    { "itertools.combinations_with_replacement", RSC_SIZE_COMBINATIONS },
    { "itertools.permutations", RSC_SIZE_PERMUTATIONS },
  };

  if (rsc_type_of (own_sizeof) != walk->t_method_descriptor || rsc_word (own_sizeof, RSC_PY_DESCR_TYPE) != owner)
    return RSC_SIZE_ESTIMATED; /* the program's own code */
  if (owner == walk->t_object)
    return RSC_SIZE_OBJECT;
  for (size_t i = 0; i < sizeof by_name / sizeof by_name[0]; i++)
    if (name_is (owner, by_name[i].name))
      return by_name[i].kind;
  return RSC_SIZE_ESTIMATED;
}

static bool
has_offset (const RscMember *members, uint32_t n, uint32_t offset)
{
  for (uint32_t i = 0; i < n; i++)
    if (members[i].offset == offset)
      return true;
  return false;
}

static void
read_members (RscWalk *walk, RscTypeInfo *info)
{
  RscMember *members = NULL;
  uint32_t n = 0, room = 0;

  for (RscAddress t = info->type; t != 0 && n < MAX_MEMBERS; t = rsc_word (t, RSC_PY_TP_BASE))
    {
      RscAddress member = rsc_word (t, RSC_PY_TP_MEMBERS);
      bool heap = (rsc_word (t, RSC_PY_TP_FLAGS) & RSC_PY_FLAG_HEAP) != 0;
      bool slots = heap && rsc_word (t, walk->layout->ht_slots) != 0;

      if (member == 0 || (!slots && !rsc_kind_has_members ((RscKind) info->kind)))
        continue;
      for (; rsc_word (member, 0) != 0 && n < MAX_MEMBERS; member += RSC_PY_MEMBER_SIZE)
        {
          uint32_t type = rsc_half (member, 8), flags = rsc_half (member, 24);
          uint64_t offset = rsc_word (member, 16);

          if ((type != RSC_PY_T_OBJECT && type != RSC_PY_T_OBJECT_EX) || (!slots && (flags & RSC_PY_MEMBER_RELATIVE))
              || offset < 16 || offset > UINT32_MAX - 8)
            continue;
          /* One reference may have two names (__func__ and __wrapped__): the first is taken. */
          if ((int64_t) offset == info->dict_offset || has_offset (members, n, (uint32_t) offset))
            continue;
          if (n == room)
            {
              RscMember *more = rsc_walk_alloc (walk, (room ? room * 2 : 8) * sizeof *more);

              if (n > 0)
                memcpy (more, members, n * sizeof *more);
              members = more;
              room = room ? room * 2 : 8;
            }
          members[n++] = (RscMember) {
            .offset = (uint32_t) offset,
            .kind = slots ? RSC_WIRE_EDGE_SLOT : RSC_WIRE_EDGE_NAMED,
            .string = rsc_walk_label (walk, (const char *) (uintptr_t) rsc_word (member, 0)),
          };
        }
    }
  info->members = members;
  info->n_members = n;
}

/* Those of C types only: a class of the program may have any name. */
static void
find_fields (RscTypeInfo *info)
{
  for (unsigned i = 0; i < rsc_python_n_fields; i++)
    if (name_is (info->type, rsc_python_fields[i].type)
        && (!(info->flags & RSC_PY_FLAG_HEAP) || strchr (rsc_python_fields[i].type, '.') != NULL)
        && info->basic_size >= rsc_python_fields[i].offset + 8)
      {
        if (info->n_fields == 0)
          info->fields = &rsc_python_fields[i];
        info->n_fields++;
      }
}

static void
write_type (RscWalk *walk, RscTypeInfo *info)
{
  RscWireType record = { .node = rsc_walk_number (walk, info->type) };
  const char *tp_name = (const char *) (uintptr_t) rsc_word (info->type, RSC_PY_TP_NAME);
  const char *dot = strrchr (tp_name, '.');
  RscAddress module = 0;

  if (info->flags & RSC_PY_FLAG_HEAP)
    {
      RscAddress name = rsc_word (info->type, RSC_PY_HT_QUALNAME (walk->layout));

      if (rsc_is_str (name))
        record.name = rsc_walk_name (walk, name);
      module = rsc_dict_get (walk, rsc_walk_type_dict (walk, info->type), "__module__");
      record.flags |= RSC_WIRE_TYPE_HEAP;
    }
  if (record.name == 0)
    record.name = rsc_walk_label (walk, dot ? dot + 1 : tp_name);
  if (rsc_is_str (module))
    record.module = rsc_walk_name (walk, module);
  else if (dot != NULL && dot - tp_name <= RSC_WALK_MAX_VALUE)
    record.module = rsc_walk_add_string (walk, tp_name, (size_t) (dot - tp_name));
  else
    record.module = rsc_walk_label (walk, "builtins");
  if (info->node_flags & RSC_WIRE_NODE_FINALIZER)
    record.flags |= RSC_WIRE_TYPE_FINALIZER;
  if (info->node_flags & RSC_WIRE_NODE_HAS_DEL)
    record.flags |= RSC_WIRE_TYPE_HAS_DEL;
  if (info->flags & RSC_PY_FLAG_GC)
    record.flags |= RSC_WIRE_TYPE_COLLECTED;
  if (rsc_word (info->type, RSC_PY_TP_CLEAR) != 0)
    record.flags |= RSC_WIRE_TYPE_CLEAR;
  if (rsc_word (info->type, RSC_PY_TP_DEL) != 0)
    record.flags |= RSC_WIRE_TYPE_LEGACY_FINALIZER;
  rsc_vector_append (walk, &walk->types, &record, sizeof record);
  info->number = walk->n_types++;

  if (!(info->flags & RSC_PY_FLAG_HEAP))
    {
      RscPendingRoot root = { .object = info->type, .kind = RSC_WIRE_ROOT_STATIC, .thread = UINT32_MAX,
                              .name = rsc_walk_label (walk, tp_name) };

      rsc_vector_append (walk, &walk->pending_roots, &root, sizeof root);
    }
}

static void
complete (RscWalk *walk, RscTypeInfo *info)
{
  RscAddress type = info->type, mro = rsc_word (type, RSC_PY_TP_MRO), sizeof_owner = 0, sizeof_method = 0;
  RscAddress metatype = rsc_type_of (type);
  uint64_t traverse;

  info->complete = true;
  info->flags = rsc_word (type, RSC_PY_TP_FLAGS);
  info->basic_size = (int64_t) rsc_word (type, RSC_PY_TP_BASICSIZE);
  info->item_size = (int64_t) rsc_word (type, RSC_PY_TP_ITEMSIZE);
  info->dict_offset = (int64_t) rsc_word (type, RSC_PY_TP_DICTOFFSET);
  info->weaklist_offset = (int64_t) rsc_word (type, RSC_PY_TP_WEAKLISTOFFSET);
  if (info->flags & RSC_PY_FLAG_GC)
    {
      traverse = rsc_word (type, RSC_PY_TP_TRAVERSE);
      memcpy (&info->traverse, &traverse, sizeof info->traverse);
      traverse = rsc_word (type, RSC_PY_TP_IS_GC);
      memcpy (&info->is_gc, &traverse, sizeof info->is_gc);
    }
  if (info->flags & RSC_PY_FLAG_HEAP)
    info->cached_keys = rsc_word (type, RSC_PY_HT_CACHED_KEYS (walk->layout));
  if (info->flags & walk->layout->pre_header_flags)
    info->pre_header = 16;

  if (mro != 0 && (rsc_word (rsc_type_of (mro), RSC_PY_TP_FLAGS) & RSC_PY_FLAG_TUPLE))
    {
      RscAddress items = mro + rsc_word (walk->t_tuple, RSC_PY_TP_BASICSIZE);
      uint64_t n = rsc_word (mro, RSC_PY_SIZE);

      for (uint64_t i = 0; i < n; i++)
        {
          RscAddress base = rsc_word (items, 8 * i);
          const RscTypeInfo *own = base == type ? info : find (walk, base);

          if (sizeof_owner == 0 && own->own_sizeof != 0)
            {
              sizeof_owner = base;
              sizeof_method = own->own_sizeof;
            }
          if (own->own_del)
            info->node_flags |= RSC_WIRE_NODE_HAS_DEL;
        }
    }
  /* hasattr(type, '__del__') asks the metatype as well. */
  for (RscAddress t = metatype; t != 0 && t != walk->t_type; t = rsc_word (t, RSC_PY_TP_BASE))
    if (find (walk, t)->own_del)
      info->node_flags |= RSC_WIRE_NODE_HAS_DEL;
  if (rsc_word (type, RSC_PY_TP_FINALIZE) != 0 || rsc_word (type, RSC_PY_TP_DEL) != 0)
    info->node_flags |= RSC_WIRE_NODE_FINALIZER;

  info->kind = (uint8_t) find_kind (walk, type);
  info->size_kind = (uint8_t) (sizeof_owner != 0 ? find_size_kind (walk, sizeof_owner, sizeof_method) : RSC_SIZE_ESTIMATED);
  if (info->kind == RSC_KIND_TYPE)
    info->node_flags |= RSC_WIRE_NODE_TYPE;
  read_members (walk, info);
  if (rsc_kind_has_members ((RscKind) info->kind))
    find_fields (info);
  write_type (walk, info);
}

RscTypeInfo *
rsc_walk_type (RscWalk *walk, RscAddress type)
{
  RscTypeInfo *info = find (walk, type);

  if (!info->complete)
    complete (walk, info);
  return info;
}
