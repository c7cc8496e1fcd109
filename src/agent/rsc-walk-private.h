/* What the walk's own files share.  Nothing here allocates from the program's
 * heap: memory comes from mmap() and goes away with the walk (or the child). */
#pragma once

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "rsc-python-layout.h"
#include "rsc-walk.h"
#include "wire/rsc-wire-heap.h"

/* An object's address in the program. */
typedef uintptr_t RscAddress;

typedef int (*RscVisit) (void *object, void *data);
typedef int (*RscTraverse) (void *object, RscVisit visit, void *data);
typedef int (*RscInquiry) (void *object);

static inline uint64_t
rsc_word (RscAddress address, size_t offset)
{
  uint64_t word;

  memcpy (&word, (const void *) (address + offset), sizeof word);
  return word;
}

static inline uint32_t
rsc_half (RscAddress address, size_t offset)
{
  uint32_t half;

  memcpy (&half, (const void *) (address + offset), sizeof half);
  return half;
}

static inline uint8_t
rsc_byte (RscAddress address, size_t offset)
{
  return *(const uint8_t *) (address + offset);
}

static inline RscAddress
rsc_type_of (RscAddress object)
{
  return rsc_word (object, RSC_PY_TYPE);
}

/* Types that the walk knows by their structure. */
typedef enum
{
  RSC_KIND_GENERIC,
  RSC_KIND_LIST,
  RSC_KIND_TUPLE,
  RSC_KIND_DICT,
  RSC_KIND_SET,
  RSC_KIND_FROZENSET,
  RSC_KIND_STR,
  RSC_KIND_BYTES,
  RSC_KIND_BYTEARRAY,
  RSC_KIND_INT,
  RSC_KIND_BOOL,
  RSC_KIND_FLOAT,
  RSC_KIND_COMPLEX,
  RSC_KIND_RANGE,
  RSC_KIND_NONE,
  RSC_KIND_ELLIPSIS,
  RSC_KIND_NOT_IMPLEMENTED,
  RSC_KIND_TYPE,
  RSC_KIND_MODULE,
  RSC_KIND_FUNCTION,
  RSC_KIND_METHOD,
  RSC_KIND_CFUNCTION,
  RSC_KIND_DESCRIPTOR,
  RSC_KIND_CODE,
  RSC_KIND_FRAME,
  RSC_KIND_GENERATOR,
  RSC_KIND_COROUTINE,
  RSC_KIND_ASYNC_GENERATOR,
  RSC_KIND_CELL,
  RSC_KIND_WEAKREF,
  RSC_KIND_EXCEPTION,
  RSC_KIND_ORDERED_DICT,
  RSC_KIND_MAPPING_PROXY,
  RSC_KIND_DICT_VIEW,
  RSC_KIND_DEQUE, /* from here on known by name */
  RSC_KIND_PROPERTY
} RscKind;

/* Whose members are read as those of any type, though it is known. */
static inline bool
rsc_kind_has_members (RscKind kind)
{
  return kind == RSC_KIND_GENERIC || kind == RSC_KIND_PROPERTY || kind == RSC_KIND_COMPLEX || kind == RSC_KIND_RANGE;
}

/* How sys.getsizeof() comes to its number: whose __sizeof__ it is. */
typedef enum
{
  RSC_SIZE_OBJECT,
  RSC_SIZE_ESTIMATED,
  RSC_SIZE_INT,
  RSC_SIZE_STR,
  RSC_SIZE_BYTEARRAY,
  RSC_SIZE_LIST,
  RSC_SIZE_DICT,
  RSC_SIZE_SET,
  RSC_SIZE_TYPE,
  RSC_SIZE_CODE,
  RSC_SIZE_FRAME,
  RSC_SIZE_GENERATOR,
  RSC_SIZE_ORDERED_DICT,
  RSC_SIZE_DEQUE,
  RSC_SIZE_ARRAY,
  RSC_SIZE_BYTES_IO,
  RSC_SIZE_BUFFERED,
  RSC_SIZE_STRUCT,
  RSC_SIZE_COMBINATIONS,
  RSC_SIZE_PRODUCT,
  RSC_SIZE_PERMUTATIONS,
  RSC_SIZE_DECIMAL
} RscSizeKind;

typedef struct
{
  uint32_t offset;
  uint32_t kind;   /* RSC_WIRE_EDGE_SLOT or _NAMED */
  uint32_t string; /* the member's name */
} RscMember;

/* What the walk keeps of a type. */
typedef struct _RscTypeInfo RscTypeInfo;
struct _RscTypeInfo
{
  RscAddress type;
  RscTypeInfo *next; /* in its bucket */
  RscTraverse traverse;
  RscInquiry is_gc;
  int64_t basic_size, item_size;
  int64_t dict_offset, weaklist_offset;
  uint64_t flags;
  RscAddress cached_keys;
  const RscMember *members;
  const RscPythonField *fields; /* n_fields of them */
  uint32_t n_members, n_fields;
  uint32_t number;     /* on the wire */
  uint32_t node_flags; /* that all instances have */
  uint16_t pre_header; /* bytes before the object that count */
  uint8_t kind;
  uint8_t size_kind;
  RscAddress own_sizeof; /* in the type's own dict, or 0 */
  bool own_del;
  bool complete;       /* else only the own_ fields are filled in */
};

/* A reference that the object's structure says it holds. */
typedef struct
{
  RscAddress target;
  uint64_t label; /* by kind; for RSC_WIRE_EDGE_VALUE the key's address */
  uint32_t kind;
  uint32_t state; /* RscClaimState */
} RscClaim;

typedef enum
{
  RSC_CLAIM_OPEN,  /* tp_traverse may visit it */
  RSC_CLAIM_EXTRA, /* tp_traverse does not visit it: added in any case */
  RSC_CLAIM_NAME,  /* only a name for what tp_traverse visits: another object holds it */
  RSC_CLAIM_TAKEN
} RscClaimState;

/* An edge whose nodes have no numbers yet. */
typedef struct
{
  uint32_t *slot, *label_slot;
  RscAddress target;
  uint64_t label;
  uint32_t kind;
} RscPendingEdge;

typedef struct
{
  uint8_t *data;
  size_t used;
  uint32_t kind;
} RscBuffer;

typedef struct
{
  void *data;
  size_t capacity; /* bytes */
  size_t used;     /* bytes */
} RscVector;

typedef struct
{
  uint64_t key;
  uint64_t value;
} RscPair;

/* Open addressing, from nonzero addresses to numbers. */
typedef struct
{
  RscPair *pairs;
  size_t n, capacity;
} RscMap;

typedef struct
{
  uint64_t page;
  uint32_t *numbers; /* one for each 16 bytes of the page */
} RscPage;

/* Shared between parent and child. */
typedef struct
{
  char error[RSC_WALK_ERROR_SIZE];
  uint64_t pause_ns;
  RscAddress current_type;
  uint32_t word; /* the agent's */
} RscShared;

/* A running Python function. */
typedef struct
{
  RscAddress code;
  RscAddress iframe; /* 3.11+: the interpreter's frame; 3.10: 0 */
  RscAddress object; /* its frame object, or 0: a synthetic node stands for it */
  uint32_t thread;
  uint32_t line;
  uint32_t function, file; /* strings */
  uint32_t name;           /* string: function (file:line) */
} RscRunningFrame;

typedef struct
{
  RscAddress object;
  uint32_t kind, thread, name;
  uint32_t frame; /* index + 1 of the running frame that it is, 0: object */
} RscPendingRoot;

/* What the walk knows of an interpreter. */
typedef struct
{
  RscAddress state;
  int64_t id;
  RscAddress heads[4];
  RscWalkGcState gc;
  bool collecting;
  uint64_t generation_objects[4];
  uint64_t hidden[4]; /* tracked, and left out; without the walk's marker */
} RscWalkInterpreter;

#define RSC_WALK_MAX_EXCLUDED 256
#define RSC_WALK_FILTER_BITS 4096
/* Three of them are there at once, and the program may have little room for them. */
#define RSC_BUFFER_SIZE ((size_t) 512 * 1024)

struct _RscWalk
{
  const RscPythonLayout *layout; /* &own_layout */
  RscPythonLayout own_layout;    /* the version's row, put right by what the interpreter says */
  bool layout_moved;             /* it had to be: what it does not say is not known for sure */
  RscShared *shared;
  uint32_t version_hex;
  bool in_place;
  int (*is_cancelled) (void);     /* NULL in a child */

  RscAddress this_thread;         /* to be left out, or 0 */
  RscWalkInterpreter interpreters[1 + RSC_WALK_MAX_OTHERS]; /* the caller's first */
  unsigned n_interpreters;
  void *marker;                   /* PyObject: found the lists, left out */
  uint32_t n_not_captured;        /* further interpreters */

  RscAddress t_type, t_object, t_tuple, t_list, t_dict, t_str, t_code, t_module, t_method_descriptor, t_frame;
  RscAddress none;
  struct
  {
    RscAddress type;
    RscKind kind;
  } known[48];
  unsigned n_known;
  void *(*type_get_dict) (void *type); /* 3.12+: PyType_GetDict() */

  RscAddress excluded[RSC_WALK_MAX_EXCLUDED];
  unsigned n_excluded;
  uint64_t filter[RSC_WALK_FILTER_BITS / 64]; /* addresses that may be excluded or corrected */
  RscMap corrections;                          /* references of excluded objects, by target */

  /* the run */
  jmp_buf failure;
  int fd;
  uint64_t offset;
  RscBuffer nodes, edges, strings;
  uint64_t n_nodes_out, n_edges_out;
  uint32_t n_strings;
  RscVector types, threads, frames, roots, notes; /* wire records */
  RscVector running;                              /* RscRunningFrame */
  RscVector pending_roots;                        /* RscPendingRoot */
  RscVector objects;                              /* addresses by number, with the generation in the low 3 bits */
  RscVector visited;                              /* addresses */
  RscVector claims;                               /* RscClaim */
  RscVector pending;                              /* RscPendingEdge */
  size_t node_edges;                              /* of the node at hand */

  RscPage *pages;
  size_t n_pages, page_capacity;
  RscPage last_page;
  void *arena_chunk;
  uint8_t *arena;
  size_t arena_left;

  RscMap names;                /* str objects and C strings -> string numbers */
  RscMap proper_modules;
  RscMap code_names;           /* str objects that the code names, and code that was looked at */
  uint32_t values;             /* RSC_WIRE_VALUES_... */
  uint64_t hash_key[2];
  RscTypeInfo *type_buckets[4096];
  uint32_t n_types;
};

/* rsc-walk-probe.c */
/* GIL held.  Finds the calling thread's interpreter, and what its version's row says, put right by what the interpreter
 * says; checks both.  false, with a sentence. */
bool rsc_walk_find_gc (RscPythonLayout *layout, RscAddress *interp, uint32_t *version_hex, bool *moved,
                       char error[RSC_WALK_ERROR_SIZE]);

/* rsc-walk-memory.c */
_Noreturn void rsc_walk_fail (RscWalk *walk, RscSentence sentence, const char *a, const char *b);
void rsc_walk_write_no_memory (char error[RSC_WALK_ERROR_SIZE]); /* says which memory */
_Noreturn void rsc_walk_fail_memory (RscWalk *walk);
void *rsc_walk_map (size_t size); /* zeroed, or NULL */
void *rsc_walk_alloc (RscWalk *walk, size_t size); /* zeroed, never freed */
void rsc_vector_reserve (RscWalk *walk, RscVector *vector, size_t size);
void rsc_vector_append (RscWalk *walk, RscVector *vector, const void *data, size_t size);
void rsc_vector_free (RscVector *vector);
void rsc_walk_free_memory (RscWalk *walk); /* all of it, but the walk itself and what is shared */
uint64_t *rsc_map_at (RscWalk *walk, RscMap *map, uint64_t key); /* made with 0 if missing */
uint64_t rsc_map_get (const RscMap *map, uint64_t key);          /* 0 if missing */
uint32_t *rsc_walk_slot_slow (RscWalk *walk, RscAddress object);

/* Where the number of the node at @object is kept, plus one; 0 for none. */
static inline uint32_t *
rsc_walk_slot (RscWalk *walk, RscAddress object)
{
  if (walk->last_page.page == object >> 12 && walk->last_page.numbers != NULL)
    return &walk->last_page.numbers[(object & 4095) >> 4];
  return rsc_walk_slot_slow (walk, object);
}

/* May be excluded, or corrected: the small filter says no at once. */
static inline bool
rsc_walk_filter (const RscWalk *walk, RscAddress object)
{
  size_t bit = (object >> 4) % RSC_WALK_FILTER_BITS;

  return (walk->filter[bit / 64] >> (bit % 64)) & 1;
}

bool rsc_walk_is_excluded (const RscWalk *walk, RscAddress object);

/* The number of the node whose slot is known; a new one gets the next. */
static inline uint32_t
rsc_walk_number_at (RscWalk *walk, uint32_t *slot, RscAddress object)
{
  if (*slot == 0)
    {
      uint64_t entry = object | RSC_WIRE_GENERATION_NONE;

      if (walk->objects.used / sizeof (uint64_t) >= UINT32_MAX - 2)
        rsc_walk_fail (walk, RSC_SENTENCE_TOO_MANY_OBJECTS, NULL, NULL);
      rsc_vector_append (walk, &walk->objects, &entry, sizeof entry);
      *slot = (uint32_t) (walk->objects.used / sizeof (uint64_t));
    }
  return *slot - 1;
}

static inline uint32_t
rsc_walk_number (RscWalk *walk, RscAddress object)
{
  return rsc_walk_number_at (walk, rsc_walk_slot (walk, object), object);
}

/* rsc-walk-output.c */
void rsc_walk_output_begin (RscWalk *walk);
void rsc_walk_output_end (RscWalk *walk);
void rsc_buffer_append (RscWalk *walk, RscBuffer *buffer, const void *data, size_t size);
uint32_t rsc_walk_add_string (RscWalk *walk, const void *data, size_t size);
/* Each distinct address once: a name's str object, or a C string. */
uint32_t rsc_walk_name (RscWalk *walk, RscAddress str);
uint32_t rsc_walk_label (RscWalk *walk, const char *text);
void rsc_walk_note (RscWalk *walk, RscSentence sentence, const char *a);

typedef struct
{
  char data[512];
  size_t used;
} RscText;
void rsc_text_append (RscText *text, const char *data, size_t size);
void rsc_text_append_string (RscText *text, const char *string);
void rsc_text_append_number (RscText *text, uint64_t number);

/* rsc-walk-objects.c: reading objects */
#define RSC_WALK_MAX_VALUE 256 /* bytes of text */
/* UTF-8; returns the length, and whether it was cut. */
size_t rsc_str_read (const RscWalk *walk, RscAddress str, char *buffer, size_t size, bool *truncated);
/* Its characters, or NULL for a string that has none yet (a legacy one of 3.10 and 3.11); @kind: bytes of each. */
const uint8_t *rsc_str_data (const RscWalk *walk, RscAddress str, uint32_t *kind, uint64_t *length);
bool rsc_str_equals (const RscWalk *walk, RscAddress str, const char *ascii);
bool rsc_is_str (RscAddress object);
bool rsc_is_instance (RscAddress object, RscAddress type);

typedef struct
{
  RscAddress entries, values; /* values: 0 unless they stand apart */
  uint64_t n, i;
  uint32_t entry_size, key_offset, value_offset;
} RscDictIter;
void rsc_dict_iter_init (const RscWalk *walk, RscDictIter *iter, RscAddress dict);
void rsc_keys_iter_init (const RscWalk *walk, RscDictIter *iter, RscAddress keys, RscAddress values);
bool rsc_dict_iter_next (RscDictIter *iter, RscAddress *key, RscAddress *value);
RscAddress rsc_dict_get (const RscWalk *walk, RscAddress dict, const char *key);
uint64_t rsc_keys_size (const RscWalk *walk, RscAddress keys);
/* Where an instance keeps its attributes; 0 for none. */
typedef struct
{
  RscAddress dict;
  RscAddress values; /* the first one; their names are the type's cached keys */
} RscAttributes;
RscAttributes rsc_attributes_find (const RscWalk *walk, RscAddress object, const RscTypeInfo *info);
RscAddress rsc_attribute_get (RscWalk *walk, RscAddress object, const char *name);
uint32_t rsc_code_line (const RscPythonLayout *layout, RscAddress code, int64_t instruction_offset);
uint64_t rsc_long_read (const RscWalk *walk, RscAddress object, bool *negative, bool *fits);
uint64_t rsc_long_n_digits (const RscWalk *walk, RscAddress object, bool *negative);

/* rsc-walk-types.c */
RscTypeInfo *rsc_walk_type (RscWalk *walk, RscAddress type);
RscAddress rsc_walk_type_dict (const RscWalk *walk, RscAddress type);

/* rsc-walk-sizes.c */
uint64_t rsc_walk_size (const RscWalk *walk, RscAddress object, const RscTypeInfo *info, bool container, bool *estimated);

/* rsc-walk-values.c */
void rsc_walk_value (RscWalk *walk, RscAddress object, const RscTypeInfo *info, RscWireNode *node);
uint32_t rsc_walk_frame_name (RscWalk *walk, RscAddress code, uint32_t line);

/* rsc-walk-left-out.c: captures without values */
/* Of the tracked objects and the running functions, which were found before. */
void rsc_walk_find_names (RscWalk *walk);
/* Whether this str is the program's data, and values are left out. */
bool rsc_walk_is_left_out (RscWalk *walk, RscAddress str);
/* Sets what is said in place of the value; false: it is none that is left out. */
bool rsc_walk_leave_out (RscWalk *walk, RscAddress object, const RscTypeInfo *info, RscWireNode *node);
bool rsc_walk_make_hash_key (RscWalk *walk);
uint64_t rsc_walk_sip_hash (const uint64_t key[2], const void *data, size_t size);

/* rsc-walk-claims.c */
void rsc_walk_claim (RscWalk *walk, RscAddress target, uint32_t kind, uint64_t label, RscClaimState state);
void rsc_walk_gather_claims (RscWalk *walk, RscAddress object, const RscTypeInfo *info);
void rsc_walk_claim_frame (RscWalk *walk, RscAddress iframe, RscClaimState state);

/* rsc-walk-threads.c */
void rsc_walk_find_threads (RscWalk *walk);
/* The innermost running function of a thread: the str of its file, and the line.  false: there is none. */
bool rsc_walk_find_place (const RscPythonLayout *layout, RscAddress thread, RscAddress t_code, RscAddress *file, uint32_t *line);
void rsc_walk_find_roots (RscWalk *walk);
/* "main" or its number, with @before before it. */
uint32_t rsc_walk_interpreter_name (RscWalk *walk, const RscWalkInterpreter *interpreter, const char *before);
/* Which roots are an interpreter's own objects: the claims of the node that stands for it. */
void rsc_walk_claim_interpreter (RscWalk *walk, const RscWalkInterpreter *interpreter);

/* Of a tagged reference, whether its frame only borrows it: another reference, or that nobody frees it, keeps the object. */
static inline uint32_t
rsc_borrowed (const RscPythonLayout *layout, uint64_t reference)
{
  return layout->tagged_stack && (reference & 3) == 1 ? RSC_WIRE_EDGE_BORROWED : 0;
}

static inline RscAddress
rsc_untag (const RscPythonLayout *layout, uint64_t reference)
{
  if (!layout->tagged_stack)
    return reference;
  if ((reference & 3) >= 2) /* a small integer; from 3.15 another thing that is no object */
    return 0;
  return reference & ~(uint64_t) 3;
}
