/* What differs between CPython versions: the one place for it.
 *
 * Offsets and sizes are in bytes, for 64-bit machines.  What is the same in all
 * versions that are supported stands here as constants; what is not is a row of
 * the table in rsc-python-layout.c.  The limited API hides all of these, so the
 * probe (rsc-walk-probe.c) checks every row against the interpreter at hand
 * before it is trusted. */
#pragma once

#include <stdint.h>

/* PyObject, PyVarObject, PyGC_Head (which lies before a collectable object) */
#define RSC_PY_REFCOUNT 0
#define RSC_PY_TYPE 8
#define RSC_PY_SIZE 16
#define RSC_PY_GC_HEAD 16 /* its size: next, prev */

/* PyTypeObject */
#define RSC_PY_TP_NAME 24
#define RSC_PY_TP_BASICSIZE 32
#define RSC_PY_TP_ITEMSIZE 40
#define RSC_PY_TP_DEALLOC 48
#define RSC_PY_TP_FLAGS 168
#define RSC_PY_TP_TRAVERSE 184
#define RSC_PY_TP_CLEAR 192
#define RSC_PY_TP_WEAKLISTOFFSET 208
#define RSC_PY_TP_MEMBERS 240
#define RSC_PY_TP_BASE 256
#define RSC_PY_TP_DICT 264
#define RSC_PY_TP_DICTOFFSET 288
#define RSC_PY_TP_IS_GC 328
#define RSC_PY_TP_BASES 336
#define RSC_PY_TP_MRO 344
#define RSC_PY_TP_CACHE 352
#define RSC_PY_TP_SUBCLASSES 360
#define RSC_PY_TP_DEL 376
#define RSC_PY_TP_FINALIZE 392

/* tp_flags */
#define RSC_PY_FLAG_STATIC_BUILTIN (1ul << 1) /* 3.12: tp_dict is the interpreter's */
#define RSC_PY_FLAG_INLINE_VALUES (1ul << 2)  /* 3.13 */
#define RSC_PY_FLAG_MANAGED_WEAKREF (1ul << 3) /* 3.12 */
#define RSC_PY_FLAG_MANAGED_DICT (1ul << 4)   /* 3.11 */
#define RSC_PY_FLAG_HEAP (1ul << 9)
#define RSC_PY_FLAG_GC (1ul << 14)
#define RSC_PY_FLAG_LONG (1ul << 24)
#define RSC_PY_FLAG_LIST (1ul << 25)
#define RSC_PY_FLAG_TUPLE (1ul << 26)
#define RSC_PY_FLAG_BYTES (1ul << 27)
#define RSC_PY_FLAG_UNICODE (1ul << 28)
#define RSC_PY_FLAG_DICT (1ul << 29)
#define RSC_PY_FLAG_EXCEPTION (1ul << 30)
#define RSC_PY_FLAG_TYPE (1ul << 31)

/* PyHeapTypeObject */
#define RSC_PY_HT_NAME(layout) ((layout)->ht_slots - 8)
#define RSC_PY_HT_QUALNAME(layout) ((layout)->ht_slots + 8)
#define RSC_PY_HT_CACHED_KEYS(layout) ((layout)->ht_slots + 16)
#define RSC_PY_HT_MODULE(layout) ((layout)->ht_slots + 24)

/* PyMemberDef: name, type, offset, flags, doc */
#define RSC_PY_MEMBER_SIZE 40
#define RSC_PY_T_OBJECT 6
#define RSC_PY_T_OBJECT_EX 16
#define RSC_PY_MEMBER_RELATIVE 8

#define RSC_PY_LIST_ITEMS 24
#define RSC_PY_LIST_ALLOCATED 32
#define RSC_PY_LONG_DIGITS 24
#define RSC_PY_FLOAT_VALUE 16
#define RSC_PY_COMPLEX_VALUE 16 /* two doubles */
#define RSC_PY_RANGE_START 16   /* start, stop, step: ints */
#define RSC_PY_BYTES_DATA 32
#define RSC_PY_CELL_CONTENT 16
#define RSC_PY_WEAKREF_OBJECT 16
#define RSC_PY_WEAKREF_CALLBACK 24

/* PyUnicodeObject */
#define RSC_PY_STR_LENGTH 16
#define RSC_PY_STR_STATE 32
#define RSC_PY_STR_KIND(state) (((state) >> 2) & 7)
#define RSC_PY_STR_COMPACT 0x20u
#define RSC_PY_STR_ASCII 0x40u

/* PyDictObject */
#define RSC_PY_DICT_USED 16
#define RSC_PY_DICT_KEYS 32
#define RSC_PY_DICT_VALUES 40

/* PyODictObject; a node of its order: key, hash, next, previous */
#define RSC_PY_ODICT_FIRST 48
#define RSC_PY_ODICT_TABLE_SIZE 72
#define RSC_PY_ODICT_DICT 96
#define RSC_PY_ODICT_NODE_KEY 0
#define RSC_PY_ODICT_NODE_NEXT 16

/* PySetObject */
#define RSC_PY_SET_USED 24
#define RSC_PY_SET_MASK 32
#define RSC_PY_SET_TABLE 40
#define RSC_PY_SET_SMALL_TABLE 64

/* PyModuleObject */
#define RSC_PY_MODULE_DICT 16

/* PyCFunctionObject */
#define RSC_PY_CFUNCTION_DEF 16
#define RSC_PY_CFUNCTION_SELF 24
#define RSC_PY_CFUNCTION_MODULE 32

/* PyMethodObject */
#define RSC_PY_METHOD_FUNCTION 16
#define RSC_PY_METHOD_SELF 24

/* PyDescrObject, in every kind of descriptor of a C type */
#define RSC_PY_DESCR_TYPE 16
#define RSC_PY_DESCR_NAME 24
#define RSC_PY_DESCR_QUALNAME 32

/* struct gc_generation: head (next, prev), threshold, count */
#define RSC_PY_GENERATION_SIZE 24
#define RSC_PY_GENERATION_THRESHOLD 16
#define RSC_PY_GENERATION_COUNT 20

/* struct gc_stats (3.15): for each generation the last of some items, and which of them is the newest */
#define RSC_PY_STATS_ITEM_SIZE 64
#define RSC_PY_STATS_COLLECTIONS 16 /* then collected, uncollectable */
#define RSC_PY_STATS_YOUNG_ITEMS 11
#define RSC_PY_STATS_OLD_ITEMS 3

/* struct _gil_runtime_state (3.12): interval; last_holder; locked; switch_number; then pthread_cond_t and pthread_mutex_t, twice */
#define RSC_PY_GIL_LAST_HOLDER 8
#define RSC_PY_GIL_LOCKED 16
#define RSC_PY_GIL_COND 32
#define RSC_PY_GIL_MUTEX 80
#define RSC_PY_GIL_SWITCH_COND 120
#define RSC_PY_GIL_SWITCH_MUTEX 168
/* eval_breaker's bit by which a thread is asked for the GIL (3.13) */
#define RSC_PY_GIL_DROP_REQUEST 1u

/* Who owns an interpreter frame (3.11). */
#define RSC_PY_OWNER_THREAD 0
#define RSC_PY_OWNER_GENERATOR 1
#define RSC_PY_OWNER_FRAME_OBJECT 2

/* Fields of types that have no members, by the type's tp_name. */
typedef struct
{
  const char *type;
  uint16_t offset;
  const char *name;
} RscPythonField;
extern const RscPythonField rsc_python_fields[];
extern const unsigned rsc_python_n_fields;

typedef enum
{
  RSC_PY_MANAGED_NONE,
  RSC_PY_MANAGED_TWO_WORDS, /* 3.11: values at -32, dict at -24 */
  RSC_PY_MANAGED_ONE_WORD,  /* 3.12: at -24 either a dict, or values minus one */
  RSC_PY_MANAGED_INLINE     /* 3.13: dict at -24, values behind the basic size */
} RscPythonManaged;

/* 0 in a row: this version has no such field (no field stands at 0 but the
 * two that say so). */
typedef struct
{
  uint8_t minor;
  uint8_t int32_refcounts;  /* 3.12: the low 32 bits count; bit 31: immortal */
  uint8_t tagged_long;      /* 3.12: lv_tag holds sign and number of digits */
  uint8_t tagged_stack;     /* 3.14: locals and stack are tagged references */
  uint8_t header_by_type;   /* sys.getsizeof() goes by the type's flag, also for objects without the header */
  uint8_t line_pairs;       /* 3.10: the line table is pairs of code and line differences */
  uint8_t type_dict_apart;  /* 3.12: PyType_GetDict() gives the dict of a static type */
  uint8_t managed;          /* RscPythonManaged: where an instance's attributes are */
  /* The first release (PY_VERSION_HEX) whose collector keeps generations, if there were others of this minor version: these have
   * another structure in this place. */
  uint32_t generations_since;
  uint32_t pre_header_flags; /* the tp_flags that put two words before the collector's header */
  uint8_t bytearray_of_bytes; /* 3.15: what it holds has a header */
  uint8_t zero_has_digit;   /* 3.11: an int of 0 is as large as one of 1 */

  /* From 3.13 _PyRuntime begins with _Py_DebugOffsets, which tells what differs between patch releases: at which words
   * of it the interpreter's gc (then imports.modules, sysdict, builtins) and the thread state's next (then interp,
   * current_frame) and thread_id (then
   * native_thread_id) are. */
  uint8_t debug_gc, debug_thread, debug_thread_id;

  /* interpreter and its collector */
  uint16_t interp_next, interp_threads, interp_modules, interp_importlib, interp_sysdict, interp_builtins, interp_dict,
           interp_codecs, interp_forkers;
  /* Interpreters with a GIL of their own (3.12): where the pointer to it is, with own_gil behind it; where one is asked
   * for: in the interpreter, with eval_breaker before it, or in the thread state, a bit; and where _PyRuntime has the
   * first interpreter (else its debug offsets say it), with the lock for the list before it. */
  uint16_t interp_gil, interp_drop_request, thread_eval_breaker, runtime_head;
  uint16_t gc_start; /* only where there are debug offsets */
  uint8_t gc_stats_apart; /* 3.15: gc_stats points to a buffer for each generation, see RSC_PY_STATS_ */
  uint16_t gc_enabled, gc_generations, gc_permanent, gc_stats, gc_collecting, gc_garbage, gc_generation0;
  uint16_t gc_long_lived; /* long_lived_total and long_lived_pending; 0: there are none */

  /* thread state */
  uint16_t thread_next, thread_interp, thread_id, thread_native_id, thread_frame, thread_dict, thread_context, thread_async_exc,
           thread_exc_info, thread_exception;
  uint8_t thread_n_exceptions; /* objects at thread_exception */
  uint8_t thread_has_cframe;   /* thread_frame points to a _PyCFrame */
  uint8_t cframe_current;      /* may stand at 0 */
  uint8_t exc_value, exc_previous, exc_n; /* _PyErr_StackItem; exc_n objects from its start */

  uint8_t module_name;

  /* types */
  uint16_t type_size, heap_type_size, ht_slots;

  /* str */
  uint8_t str_ascii_size, str_compact_size, str_size, str_utf8_length, str_utf8, str_data, str_wstr, str_wstr_length;

  /* dict */
  uint8_t keys_kind, keys_log2_size, keys_log2_index_bytes, keys_nentries, keys_usable, keys_indices;
  uint8_t values_offset; /* of the first one in PyDictValues; may be 0 */

  /* functions: where each field is, 0 for none */
  uint8_t func_code, func_globals, func_builtins, func_name, func_qualname, func_defaults, func_kwdefaults, func_closure, func_doc,
          func_dict, func_module, func_annotations, func_annotate, func_typeparams;

  /* code */
  uint8_t code_size, code_consts, code_names, code_filename, code_name, code_qualname, code_linetable, code_firstlineno,
          code_stacksize, code_nlocals, code_extra, code_exceptiontable, code_nlocalsplus, code_localsplusnames,
          code_localspluskinds, code_adaptive, code_firsttraceable, code_varnames, code_cellvars, code_freevars, code_code,
          code_cell2arg, code_opcache, code_opcache_size, code_cached;

  /* frame objects */
  uint16_t frame_back, frame_frame, frame_trace, frame_size;
  /* 3.10's frame object holds what an interpreter frame does later */
  uint16_t frame_code, frame_builtins, frame_globals, frame_locals, frame_valuestack, frame_stackdepth, frame_lasti,
           frame_localsplus;

  /* interpreter frames (3.11); code and func may stand at 0 */
  uint8_t iframe_code, iframe_func, iframe_globals, iframe_builtins, iframe_locals, iframe_object, iframe_previous, iframe_instr,
          iframe_stacktop, iframe_stackpointer, iframe_owner, iframe_localsplus;

  /* generators */
  int8_t gen_executing, gen_completed; /* gen_state while it runs; from here on it has ended */
  uint8_t gen_frame, gen_iframe, gen_state, gen_code, gen_name, gen_qualname, gen_exc, gen_origin;

  /* BaseException */
  uint8_t exc_dict, exc_args, exc_notes, exc_traceback, exc_context, exc_cause;
} RscPythonLayout;

/* _Py_DebugOffsets: cookie, version, free_threaded, runtime (3), interpreter's size, id, next, threads_head */
#define RSC_PY_DEBUG_COOKIE "xdebugpy"
#define RSC_PY_DEBUG_VERSION 1
#define RSC_PY_DEBUG_FREE_THREADED 2
#define RSC_PY_DEBUG_INTERP_HEAD 5
#define RSC_PY_DEBUG_INTERP_NEXT 8
#define RSC_PY_DEBUG_INTERP_THREADS 9

/* NULL if there is no row for 3.@minor. */
const RscPythonLayout *rsc_python_layout_get (unsigned minor);

#define RSC_PY_OLDEST_MINOR 10
#define RSC_PY_NEWEST_MINOR 15
