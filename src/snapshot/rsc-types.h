/* The words of the snapshot: node and edge numbers, flags, kinds. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A node's index in its snapshot.  Objects tracked by the collector come
 * first, in the order of the collector's lists (generation 0 first, then 1, 2
 * and the permanent one; those of one interpreter behind those of another), so that node order is list order; untracked objects
 * follow in the order in which they were found; synthetic nodes come last. */
typedef guint32 RscNode;
#define RSC_NODE_NONE G_MAXUINT32

/* Ceilings for everything that is read from outside. */
#define RSC_MAX_NODES (G_MAXUINT32 - 1u)
#define RSC_MAX_EDGES G_GUINT64_CONSTANT (0x1000000000) /* 2^36 */
#define RSC_MAX_STRING 65536u                           /* bytes of one string */

#define RSC_REFCOUNT_UNKNOWN G_MAXUINT32

/* The value of the generation column: of the main interpreter's objects.  Those of CPython's first sub-interpreter have
 * four more, those of the next eight more, and so on: what is compared with a generation is the main one's. */
enum
{
  RSC_GENERATION_0 = 0,
  RSC_GENERATION_1 = 1,
  RSC_GENERATION_2 = 2,
  RSC_GENERATION_PERMANENT = 3, /* gc.freeze() */
  RSC_GENERATION_NONE = 255     /* not tracked, or the runtime has none */
};

#define RSC_N_COLLECTOR_LISTS 4u /* of an interpreter */
#define RSC_MAX_INTERPRETERS 63u

/* The generation that an object has in its own interpreter. */
static inline guint8
rsc_generation_in_interpreter (guint8 generation)
{
  return generation == RSC_GENERATION_NONE ? generation : generation % RSC_N_COLLECTOR_LISTS;
}

/* 0: the main one. */
static inline guint
rsc_generation_get_interpreter (guint8 generation)
{
  return generation == RSC_GENERATION_NONE ? 0 : generation / RSC_N_COLLECTOR_LISTS;
}

/* In place of the generation that is collected: the oldest of every interpreter. */
#define RSC_GENERATION_OF_ALL 254u

/* Whether a collection of @collected (a value of the generation column) looks at what is in @generation: that or a younger one
 * of the same interpreter. */
static inline gboolean
rsc_generation_is_collected (guint8 generation, guint collected)
{
  if (collected == RSC_GENERATION_OF_ALL)
    return rsc_generation_in_interpreter (generation) <= RSC_GENERATION_2;

  return generation <= collected && generation / RSC_N_COLLECTOR_LISTS == collected / RSC_N_COLLECTOR_LISTS;
}

typedef enum
{
  RSC_NODE_CONTAINER = 1 << 0,      /* has a collector's header */
  RSC_NODE_TRACKED = 1 << 1,        /* is in one of the collector's lists */
  RSC_NODE_ROOT = 1 << 2,           /* a root entry names it */
  RSC_NODE_FINALIZER = 1 << 3,      /* its type has a finalizer (tp_finalize or tp_del) */
  RSC_NODE_FINALIZED = 1 << 4,      /* its finalizer has run */
  RSC_NODE_HAS_WEAKREFS = 1 << 5,   /* weak references to it exist */
  RSC_NODE_IMMORTAL = 1 << 6,       /* never freed; the refcount is unknown */
  RSC_NODE_SIZE_ESTIMATED = 1 << 7, /* size is basicsize + items, not exact */
  RSC_NODE_SYNTHETIC = 1 << 8,      /* no object of the program: stands for a running frame */
  RSC_NODE_PROPER_MODULE = 1 << 9,  /* a module that is sys.modules[its __name__] */
  RSC_NODE_TYPE = 1 << 10,          /* a type object */
  RSC_NODE_TEXT = 1 << 11,          /* the value is text (a str): shown with quotes */
  RSC_NODE_BYTES = 1 << 12,         /* the value is bytes: shown as b'...' */
  RSC_NODE_TRUNCATED = 1 << 13,     /* the value was cut */
  RSC_NODE_HIDDEN_HOLDERS = 1 << 14, /* references from outside the heap are known of */
  RSC_NODE_HAS_DEL = 1 << 15        /* hasattr(type, '__del__'), as objgraph asks */
} RscNodeFlags;

/* The low bits of the kind column: how the source refers to the target.  The
 * label column's meaning depends on it. */
typedef enum
{
  RSC_EDGE_PLAIN,       /* label unused: a reference without a name */
  RSC_EDGE_INDEX,       /* label: the index in a sequence:  [3] */
  RSC_EDGE_KEY,         /* target is a dict's key; label unused */
  RSC_EDGE_VALUE,       /* target is a dict's value; label: the key's node:  ['key'] */
  RSC_EDGE_ATTRIBUTE,   /* label: a string:  .attr */
  RSC_EDGE_SLOT,        /* label: a string: a member of __slots__:  .attr */
  RSC_EDGE_DICT,        /* __dict__ */
  RSC_EDGE_TYPE,        /* the object's type (or a class's metaclass) */
  RSC_EDGE_BASE,        /* a class's base */
  RSC_EDGE_MRO,         /* a class's __mro__ */
  RSC_EDGE_CLOSURE,     /* a function's __closure__ */
  RSC_EDGE_CELL,        /* a cell's content */
  RSC_EDGE_GLOBALS,     /* __globals__ or f_globals */
  RSC_EDGE_LOCAL,       /* label: a string: the name of a local variable */
  RSC_EDGE_CONSTANT,    /* label: the index in co_consts */
  RSC_EDGE_NAMED,       /* label: a string: any other field (__self__, __func__, f_back ...) */
  RSC_EDGE_ELEMENT,     /* a member of a set */
  RSC_EDGE_STACK,       /* on a frame's evaluation stack */
  RSC_EDGE_WEAK_REFERENT, /* what a weak reference points to */
  RSC_EDGE_N_KINDS
} RscEdgeKind;

#define RSC_EDGE_KIND_MASK 0x1f
/* It is borrowed: it takes no part in its target's reference count (what frames borrow, CPython 3.14 and later). */
#define RSC_EDGE_BORROWED 0x20
/* The collector sees it: tp_traverse visits it.  A replay uses only these. */
#define RSC_EDGE_TRAVERSED 0x80
/* It does not keep its target alive. */
#define RSC_EDGE_WEAK 0x40

typedef enum
{
  RSC_ROOT_MODULE,    /* name: the module's name */
  RSC_ROOT_FRAME,     /* name: "function (file:line)"; thread is set */
  RSC_ROOT_BUILTINS,  /* the interpreter's builtins */
  RSC_ROOT_INTERPRETER, /* sys.modules, the interpreter's own dictionaries */
  RSC_ROOT_THREAD,    /* a thread's state: its exception, its dict */
  RSC_ROOT_IMMORTAL,  /* never freed */
  RSC_ROOT_STATIC,    /* static types and what C code keeps */
  RSC_ROOT_DECLARED   /* a DOT graph's start node, or one the user named */
} RscRootKind;

typedef enum
{
  RSC_TYPE_FINALIZER = 1 << 0,  /* tp_finalize or tp_del */
  RSC_TYPE_HAS_DEL = 1 << 1,    /* hasattr(type, '__del__') */
  RSC_TYPE_HEAP = 1 << 2,       /* made at run time */
  RSC_TYPE_COLLECTED = 1 << 3,  /* Py_TPFLAGS_HAVE_GC */
  RSC_TYPE_CLEAR = 1 << 4,      /* tp_clear: how the collector breaks a cycle; without it the others of the cycle have to */
  RSC_TYPE_LEGACY_FINALIZER = 1 << 5 /* tp_del: the collector leaves these, and what they refer to, in gc.garbage */
} RscTypeFlags;

G_END_DECLS
