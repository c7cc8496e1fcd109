/* The heap as the agent's child writes it to a memfd: a header, then chunks.
 *
 * C11 only, no GLib: this file is compiled into the program that is inspected.
 * All numbers are in the machine's own byte order: both ends are one machine.
 *
 *   [RscWireHeapHeader] [RscWireChunk][payload] [RscWireChunk][payload] ...
 *
 * Chunks of one kind, put one after the other, are one array; no record and no
 * string lies across two chunks.  Nodes are
 * numbered in the order in which they were found, tracked ones first in the
 * order of the collector's lists, one interpreter after the other; edges stand in the order of their nodes, each
 * node saying how many are its own.  The header is rewritten last: a reader
 * that finds state other than DONE reads an unfinished capture. */
#pragma once

#include <assert.h>
#include <stdint.h>

#define RSC_WIRE_HEAP_MAGIC 0x3150414548435352ull /* "RSCHEAP1", little-endian */
#define RSC_WIRE_HEAP_VERSION 3u

enum
{
  RSC_WIRE_STATE_STARTED = 0,
  RSC_WIRE_STATE_DONE = 1,
  RSC_WIRE_STATE_FAILED = 2 /* error holds a sentence */
};

typedef struct
{
  uint64_t magic;
  uint32_t version;
  uint32_t state;
  uint64_t n_nodes;
  uint64_t n_edges;
  uint64_t n_strings;   /* in the chunks: string 0, which is "", does not count */
  uint64_t size;        /* of the whole stream in bytes */
  char error[384];
} RscWireHeapHeader;
static_assert (sizeof (RscWireHeapHeader) == 432, "wire layout");

enum
{
  RSC_WIRE_CHUNK_NODES = 1,   /* RscWireNode */
  RSC_WIRE_CHUNK_EDGES = 2,   /* RscWireEdge */
  RSC_WIRE_CHUNK_TYPES = 3,   /* RscWireType */
  RSC_WIRE_CHUNK_STRINGS = 4, /* uint32_t length, bytes; each referred to by its number, from 1; 0 is "" */
  RSC_WIRE_CHUNK_THREADS = 5,
  RSC_WIRE_CHUNK_FRAMES = 6,
  RSC_WIRE_CHUNK_ROOTS = 7,
  RSC_WIRE_CHUNK_INFO = 8,    /* RscWireInfo */
  RSC_WIRE_CHUNK_COUNTER = 9, /* RscWireCounter; none where the collector does not count so */
  RSC_WIRE_CHUNK_INTERPRETERS = 10 /* RscWireInterpreter for each further one, in the order of their objects; none if there is one only */
};

typedef struct
{
  uint32_t kind;
  uint32_t reserved;
  uint64_t size; /* of the payload in bytes; a multiple of 8: padded with zeros, see used */
  uint64_t used; /* bytes of the payload that count */
} RscWireChunk;
static_assert (sizeof (RscWireChunk) == 24, "wire layout");

/* What was said of the values of strings, bytes and numbers: RscWireInfo.in_place has it. */
enum
{
  RSC_WIRE_VALUES_ALL = 0,
  RSC_WIRE_VALUES_NONE = 1,
  RSC_WIRE_VALUES_LENGTHS = 2,
  RSC_WIRE_VALUES_HASHES = 3 /* with a key of this capture, which nobody keeps; and lengths */
};
#define RSC_WIRE_INFO_VALUES_SHIFT 8
#define RSC_WIRE_VALUES_MASK 3u

/* How RscWireNode.value is to be read. */
enum
{
  RSC_WIRE_VALUE_NONE = 0,
  RSC_WIRE_VALUE_STRING = 1, /* a string's number: text, raw */
  RSC_WIRE_VALUE_INT = 2,    /* an int64_t */
  RSC_WIRE_VALUE_FLOAT = 3,  /* a double's bits */
  RSC_WIRE_VALUE_ITEMS = 4,  /* "N items" */
  RSC_WIRE_VALUE_BIG_INT = 5, /* a string's number: uint32_t: 1 if negative; how many low digits were left out; then
                               * 30-bit digits, least first */
  RSC_WIRE_VALUE_COMPLEX = 6 /* a string's number: two doubles */
};
#define RSC_WIRE_BIG_INT_MAX_DIGITS 128

/* The numbers of snapshot/rsc-types.h, which needs GLib: RscNodeFlags,
 * RscEdgeKind, RscRootKind, RscTypeFlags.  The reader asserts that they agree. */
enum
{
  RSC_WIRE_NODE_CONTAINER = 1 << 0,
  RSC_WIRE_NODE_TRACKED = 1 << 1,
  RSC_WIRE_NODE_FINALIZER = 1 << 3,
  RSC_WIRE_NODE_FINALIZED = 1 << 4,
  RSC_WIRE_NODE_HAS_WEAKREFS = 1 << 5,
  RSC_WIRE_NODE_IMMORTAL = 1 << 6,
  RSC_WIRE_NODE_SIZE_ESTIMATED = 1 << 7,
  RSC_WIRE_NODE_SYNTHETIC = 1 << 8,
  RSC_WIRE_NODE_PROPER_MODULE = 1 << 9,
  RSC_WIRE_NODE_TYPE = 1 << 10,
  RSC_WIRE_NODE_TEXT = 1 << 11,
  RSC_WIRE_NODE_BYTES = 1 << 12,
  RSC_WIRE_NODE_TRUNCATED = 1 << 13,
  RSC_WIRE_NODE_HAS_DEL = 1 << 15
};

enum
{
  RSC_WIRE_EDGE_PLAIN,
  RSC_WIRE_EDGE_INDEX,
  RSC_WIRE_EDGE_KEY,
  RSC_WIRE_EDGE_VALUE,
  RSC_WIRE_EDGE_ATTRIBUTE,
  RSC_WIRE_EDGE_SLOT,
  RSC_WIRE_EDGE_DICT,
  RSC_WIRE_EDGE_TYPE,
  RSC_WIRE_EDGE_BASE,
  RSC_WIRE_EDGE_MRO,
  RSC_WIRE_EDGE_CLOSURE,
  RSC_WIRE_EDGE_CELL,
  RSC_WIRE_EDGE_GLOBALS,
  RSC_WIRE_EDGE_LOCAL,
  RSC_WIRE_EDGE_CONSTANT,
  RSC_WIRE_EDGE_NAMED,
  RSC_WIRE_EDGE_ELEMENT,
  RSC_WIRE_EDGE_STACK,
  RSC_WIRE_EDGE_WEAK_REFERENT,
  RSC_WIRE_EDGE_BORROWED = 0x20, /* the target's reference count has it not */
  RSC_WIRE_EDGE_WEAK = 0x40,
  RSC_WIRE_EDGE_TRAVERSED = 0x80
};

enum
{
  RSC_WIRE_ROOT_MODULE,
  RSC_WIRE_ROOT_FRAME,
  RSC_WIRE_ROOT_BUILTINS,
  RSC_WIRE_ROOT_INTERPRETER,
  RSC_WIRE_ROOT_THREAD,
  RSC_WIRE_ROOT_IMMORTAL,
  RSC_WIRE_ROOT_STATIC
};

enum
{
  RSC_WIRE_TYPE_FINALIZER = 1 << 0,
  RSC_WIRE_TYPE_HAS_DEL = 1 << 1,
  RSC_WIRE_TYPE_HEAP = 1 << 2,
  RSC_WIRE_TYPE_COLLECTED = 1 << 3,
  RSC_WIRE_TYPE_CLEAR = 1 << 4,
  RSC_WIRE_TYPE_LEGACY_FINALIZER = 1 << 5
};

/* flags: the low 24 bits are the flags above, bits 24-27 the value's kind, bits
 * 28-30 the generation (RSC_WIRE_GENERATION_NONE: untracked). */
#define RSC_WIRE_VALUE_SHIFT 24
#define RSC_WIRE_GENERATION_SHIFT 28
#define RSC_WIRE_GENERATION_NONE 7u

typedef struct
{
  uint64_t address;
  uint64_t size;
  uint64_t value;
  uint32_t type;     /* the type's number */
  uint32_t refcount; /* saturated; UINT32_MAX: unknown */
  uint32_t flags;
  uint32_t n_edges;
} RscWireNode;
static_assert (sizeof (RscWireNode) == 40, "wire layout");

typedef struct
{
  uint32_t target; /* a node's number */
  uint32_t label;  /* by kind: an index, a node's number, a string's number */
  uint32_t kind;   /* RscEdgeKind with its flag bits */
} RscWireEdge;
static_assert (sizeof (RscWireEdge) == 12, "wire layout");

typedef struct
{
  uint32_t node;  /* the type object's number */
  uint32_t name;  /* strings */
  uint32_t module;
  uint32_t flags; /* RscTypeFlags */
} RscWireType;
static_assert (sizeof (RscWireType) == 16, "wire layout");

typedef struct
{
  uint64_t id;
  uint64_t native_id;
  uint32_t name;
  uint32_t reserved;
} RscWireThread;
static_assert (sizeof (RscWireThread) == 24, "wire layout");

typedef struct
{
  uint32_t thread;
  uint32_t node;
  uint32_t function;
  uint32_t file;
  uint32_t line;
  uint32_t reserved;
} RscWireFrame;
static_assert (sizeof (RscWireFrame) == 24, "wire layout");

typedef struct
{
  uint32_t node;
  uint32_t kind;   /* RscRootKind */
  uint32_t thread; /* UINT32_MAX: none */
  uint32_t name;
} RscWireRoot;
static_assert (sizeof (RscWireRoot) == 16, "wire layout");

/* What the agent knows of the main interpreter, as it was when the child began. */
typedef struct
{
  uint32_t version_hex;      /* Py_Version: 0x030b02f0 */
  uint32_t gc_enabled;
  uint32_t thresholds[3];
  uint32_t counts[3];
  uint64_t frozen;
  uint64_t collections[3];
  uint64_t collected[3];
  uint64_t uncollectable[3];
  uint64_t generation_objects[4]; /* as walked */
  uint64_t pause_ns;              /* how long the program stood still */
  uint32_t in_place;              /* 0 or 1; from bit RSC_WIRE_INFO_VALUES_SHIFT on RSC_WIRE_VALUES_... */
  uint32_t n_notes;               /* further strings: numbers follow in the chunk as uint32_t */
} RscWireInfo;
static_assert (sizeof (RscWireInfo) == 160, "wire layout");

/* The same of a sub-interpreter. */
typedef struct
{
  int64_t id;
  uint32_t gc_enabled;
  uint32_t thresholds[3];
  uint32_t counts[3];
  uint32_t reserved;
  uint64_t collections[3];
  uint64_t collected[3];
  uint64_t uncollectable[3];
  uint64_t generation_objects[4];
} RscWireInterpreter;
static_assert (sizeof (RscWireInterpreter) == 144, "wire layout");

/* What the collector goes by when it leaves a full collection out: objects. */
typedef struct
{
  uint64_t long_lived_total;   /* survived the last full collection */
  uint64_t long_lived_pending; /* survived others since, and await their first full one */
  uint64_t hidden[3];          /* the agent's own in each generation, which the walk leaves out */
} RscWireCounter;
static_assert (sizeof (RscWireCounter) == 40, "wire layout");
