/* An immutable heap: columns of nodes and edges, in memory or mapped from a
 * .refscope file.  Thread-safe: any thread may read it.
 *
 * A block of a mapped file is checked (sum and bounds) when it is first asked
 * for, strings as they are looked up; after that its pointers need no further checks, except that the file
 * may shrink under the map: the page then reads as zeros and
 * rsc_snapshot_check() returns the error.  Long computations call it once at
 * their end. */
#pragma once

#include <gio/gio.h>

#include "base/rsc-progress.h"
#include "rsc-types.h"

G_BEGIN_DECLS

typedef struct _RscSnapshot RscSnapshot;

/* The first eight bytes of a .refscope file. */
#define RSC_SNAPSHOT_MAGIC "\x89RSC\r\n\x1a\n"

/* Groups of columns, to be asked for together. */
typedef enum
{
  RSC_BLOCK_NODES = 1 << 0,     /* address, type, size, refcount, flags, generation, value; types */
  RSC_BLOCK_EDGES = 1 << 1,     /* first_edge, target, label, kind */
  RSC_BLOCK_REFERRERS = 1 << 2, /* first_referrer, referrer */
  RSC_BLOCK_STRINGS = 1 << 3,   /* the string table: no column, so it is checked as it is used */
  RSC_BLOCK_ROOTS = 1 << 4,     /* roots, threads, frames */
  RSC_BLOCK_ADDRESSES = 1 << 5, /* by_address */
  RSC_BLOCK_ALL = (1 << 6) - 1
} RscBlocks;

/* Borrowed from the snapshot.  A column that was not asked for may be NULL. */
typedef struct
{
  guint32 n_nodes;
  guint32 n_types;
  guint32 n_strings;
  guint32 n_roots;
  guint32 n_threads;
  guint32 n_frames;
  guint64 n_edges;

  /* per node */
  const guint64 *address;    /* the object's address or id; 0 for none */
  const guint64 *size;       /* bytes, shallow, as sys.getsizeof() says */
  const guint32 *type;       /* index into the types */
  const guint32 *refcount;   /* RSC_REFCOUNT_UNKNOWN where there is none */
  const guint32 *flags;      /* RscNodeFlags */
  const guint32 *value;      /* string: text made without running the target's code; 0 is "" */
  const guint8 *generation;  /* RSC_GENERATION_... */

  /* edges of node i: first_edge[i] to first_edge[i + 1], exclusive; what the
   * collector traverses comes first, in tp_traverse's order and multiplicity */
  const guint64 *first_edge; /* n_nodes + 1 */
  const guint32 *target;     /* RscNode */
  const guint32 *label;      /* by kind, see RscEdgeKind */
  const guint8 *kind;        /* RscEdgeKind | RSC_EDGE_TRAVERSED | RSC_EDGE_WEAK | RSC_EDGE_BORROWED */

  /* referrers of node i, ascending (list order), one entry for each edge */
  const guint64 *first_referrer; /* n_nodes + 1 */
  const guint32 *referrer;       /* RscNode */

  /* all nodes, sorted by address */
  const guint32 *by_address;
} RscColumns;

typedef struct
{
  const char *name;   /* __qualname__ of the type without its module ("Widget") */
  const char *module; /* "builtins", "__main__"; "" if unknown */
  RscNode node;       /* the type object, or RSC_NODE_NONE */
  guint32 flags;      /* RscTypeFlags */
  guint64 n_objects;  /* its objects in this heap, without synthetic ones */
  guint64 bytes;      /* their shallow sizes */
} RscType;

typedef struct
{
  RscNode node;
  RscRootKind kind;
  guint32 thread; /* index of the thread, or G_MAXUINT32 */
  const char *name;
} RscRoot;

typedef struct
{
  guint64 id;       /* threading.get_ident() */
  guint64 native_id; /* the kernel's thread id, 0 if unknown */
  const char *name; /* "MainThread", or "" */
} RscThread;

/* A running function, the innermost of a thread first. */
typedef struct
{
  guint32 thread; /* index of the thread */
  guint32 line;   /* 0: unknown */
  RscNode node;   /* its frame object or the synthetic node that stands for it */
  const char *function;
  const char *file;
} RscFrame;

/* Opens a .refscope file by mapping it: checks the header and the table of
 * contents only.  RSC_FORMAT_ERROR: TRUNCATED, BAD_MAGIC, BAD_VERSION,
 * CORRUPT, PERMISSION, NOT_FOUND, IO. */
RscSnapshot *rsc_snapshot_open (const char  *path,
                                GError     **error);
/* The same of a file without a name that @fd is open on, which stays the caller's; @name is what messages call it. */
RscSnapshot *rsc_snapshot_open_fd (int fd, const char *name, GError **error);
/* How long a file is that begins with these bytes, by what it says of itself: nothing is checked.  0: they are not the
 * begin of a .refscope file, or too few to tell. */
#define RSC_SNAPSHOT_PEEK_SIZE 128u
guint64      rsc_snapshot_peek_file_size (const void *data, gsize size);

/* Writes a .refscope file atomically (see rsc_file_replace_private()).  Saving what
 * was opened gives the same columns again. */
gboolean rsc_snapshot_save (RscSnapshot        *self,
                            const char         *path,
                            gboolean            overwrite,
                            const RscProgress  *progress,
                            GCancellable       *cancellable,
                            GError            **error);

/* The same to a descriptor, which may be a pipe; @name is what messages call it.
 * While nobody reads it can be cancelled. */
gboolean rsc_snapshot_write (RscSnapshot        *self,
                             int                 fd,
                             const char         *name,
                             const RscProgress  *progress,
                             GCancellable       *cancellable,
                             GError            **error);

/* How large the file will be, in bytes; 0 with @error as rsc_snapshot_get_columns(). */
guint64  rsc_snapshot_compute_file_size (RscSnapshot *self, GError **error);

RscSnapshot *rsc_snapshot_ref   (RscSnapshot *self);
void         rsc_snapshot_unref (RscSnapshot *self);

/* The columns, with @blocks checked.  NULL: RSC_FORMAT_ERROR, CORRUPT, with
 * the block and the offset.  For a snapshot in memory it never fails.
 * RSC_BLOCK_ADDRESSES is computed at first use where the file lacks it. */
const RscColumns *rsc_snapshot_get_columns (RscSnapshot  *self,
                                            RscBlocks     blocks,
                                            GError      **error);

/* As above, for callers that have asked for the blocks before (a programmer's
 * mistake otherwise). */
const RscColumns *rsc_snapshot_peek_columns (RscSnapshot *self);

/* FALSE if a page of the mapped file was lost since it was opened. */
gboolean rsc_snapshot_check (RscSnapshot  *self,
                             GError      **error);

/* Checks every sum and offset ("verify"). */
gboolean rsc_snapshot_verify (RscSnapshot        *self,
                              const RscProgress  *progress,
                              GCancellable       *cancellable,
                              GError            **error);

/* Unique in the process: tells the nodes of one snapshot from another's. */
guint64 rsc_snapshot_get_id (RscSnapshot *self);

/* The shallow sizes of all objects but synthetic ones, in bytes. */
guint64 rsc_snapshot_get_total_bytes (RscSnapshot *self);

/* These ask for what they need, and of a mapped file only for that: the types
 * answer without the nodes.  Indices out of range are a programmer's mistake.
 * What a damaged file cannot tell is "" or RSC_NODE_NONE, and
 * rsc_snapshot_check() has the error. */
const char *rsc_snapshot_get_string (RscSnapshot *self, guint32 index);
RscType     rsc_snapshot_get_type   (RscSnapshot *self, guint32 index);
RscRoot     rsc_snapshot_get_root   (RscSnapshot *self, guint32 index);
RscThread   rsc_snapshot_get_thread (RscSnapshot *self, guint32 index);
RscFrame    rsc_snapshot_get_frame  (RscSnapshot *self, guint32 index);

/* The node at @address, or RSC_NODE_NONE.  Asks for RSC_BLOCK_ADDRESSES. */
RscNode rsc_snapshot_find_address (RscSnapshot *self, guint64 address);

/* What the value column shows for people: a str in quotes, bytes as b'...',
 * escaped as repr() would, anything else as it is.  Free with g_free(). */
char *rsc_snapshot_dup_value (RscSnapshot *self, RscNode node);

/* "[3]", "['key']", ".attr", "__dict__", "local x" ...: how edge @edge says it
 * holds its target.  "" for RSC_EDGE_PLAIN.  Free with g_free(). */
char *rsc_snapshot_dup_edge_label (RscSnapshot *self, guint64 edge);

/* The edge from @source to @target that says most (a named one before a plain
 * one), or G_MAXUINT64 if there is none. */
guint64 rsc_snapshot_find_edge (RscSnapshot *self, RscNode source, RscNode target);

/* What the target said of itself and of its collector, an a{sv}.  Never NULL;
 * borrowed.  Keys (each may be missing):
 *   runtime s ("CPython", "DOT graph")   version s ("3.11.2")   pid u
 *   argv as   executable s   captured-at x (microseconds since 1970)
 *   hint s (the mark at which it was taken; "" for none)
 *   values s (of strings, bytes and numbers: "none", "lengths" or "hashes" were kept; missing: all)
 *   at-exit b   collected-before b   in-place b   paused-us t   total-us t
 *   gc-enabled b   gc-thresholds au   gc-counts au   gc-frozen t
 *   gc-long-lived (tt) (objects: survived the last full collection; survived others, and await their first full one)
 *   gc-hidden (ttt) (objects in generations 0, 1, 2 that are Refscope's own, and not among the nodes)
 *   gc-stats a(ttt) (collections, collected, uncollectable of each generation)
 *   generations a(sut) (interpreter: "main", or its number; generation; objects)
 *   interpreters a(xbauaua(ttt)) (sub-interpreters in the order of their objects: number, then gc-enabled, gc-thresholds,
 *                                 gc-counts and gc-stats of each; what has no such list is of the main one)
 *   rss t   uss t (bytes, before the capture's child existed)
 *   marks a(sdsut) (hint, seconds since the start, file, line, USS in bytes)
 *   names as (DOT: the nodes' names, where their values are labels)
 *   start u (DOT: the node to start from)   notes as (what could not be read) */
GVariant *rsc_snapshot_get_info (RscSnapshot *self);

/* Shorthands over rsc_snapshot_get_info(): "" / 0 / FALSE where missing. */
const char *rsc_snapshot_get_info_string  (RscSnapshot *self, const char *key);
guint64     rsc_snapshot_get_info_number  (RscSnapshot *self, const char *key);
gboolean    rsc_snapshot_get_info_boolean (RscSnapshot *self, const char *key);
/* With the main one; 1 also for what is no CPython.  At most RSC_MAX_INTERPRETERS. */
guint       rsc_snapshot_get_n_interpreters (RscSnapshot *self);
/* The number by which CPython knows its interpreter @index (see rsc_generation_get_interpreter()). */
gint64      rsc_snapshot_get_interpreter_id (RscSnapshot *self, guint index);
/* The version of the CPython 3 that the heap is of, as CPython itself writes it (PY_VERSION_HEX): 0x030e05c1 is 3.14.5rc1; 0: another
 * runtime, or unknown. */
guint32     rsc_snapshot_get_python_version (RscSnapshot *self);
/* The minor version of it; 0: likewise. */
guint       rsc_snapshot_get_python_minor (RscSnapshot *self);

/* The file it was opened from or last saved to, or NULL. */
const char *rsc_snapshot_get_path (RscSnapshot *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscSnapshot, rsc_snapshot_unref)

G_END_DECLS
