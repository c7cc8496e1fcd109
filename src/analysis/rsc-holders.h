/* A reference count explained: who holds each reference. */
#pragma once

#include "snapshot/rsc-snapshot.h"

G_BEGIN_DECLS

typedef enum
{
  RSC_HOLDER_OBJECT,  /* an object of the heap refers to it, @edge says how */
  RSC_HOLDER_LOCAL,   /* a local variable of a running function */
  RSC_HOLDER_STACK,   /* a running function's evaluation stack */
  RSC_HOLDER_ROOT     /* the runtime itself */
} RscHolderKind;

#define RSC_N_HOLDER_KINDS (RSC_HOLDER_ROOT + 1)

typedef struct
{
  RscHolderKind kind;
  RscNode node;   /* the object or the frame that holds it; RSC_NODE_NONE for a root */
  guint64 edge;   /* G_MAXUINT64: none */
  /* Takes part in the reference count.  So does what tp_traverse visits, and of
   * what it does not visit: dict keys, constants, locals and stack entries of
   * running functions, and an object's type if that was made at run time.  So
   * do not: weak references, what a frame borrows (its globals, its caller, on
   * 3.14 arguments: RSC_EDGE_BORROWED, or in older captures told by there being fewer references), static types and the bases of such, and
   * a second name for a field that tp_traverse visits. */
  gboolean counted;
} RscHolder;

typedef struct
{
  guint32 refcount;     /* RSC_REFCOUNT_UNKNOWN: immortal or none */
  guint32 explained;    /* counted holders, listed or not */
  guint32 counted[RSC_N_HOLDER_KINDS]; /* the same by kind */
  guint32 unexplained;  /* refcount - explained, 0 if never freed: C code, borrowed stack entries */
  /* What sys.getrefcount() would say: one more for its argument, but for a local
   * variable on 3.14 and later, where calls borrow. */
  guint32 getrefcount;
  GArray *holders;      /* of RscHolder, each reference one entry; at most @limit */
  guint64 n_holders;    /* all */
} RscHolders;

/* Whether the reference @edge of @source takes part in its target's count, as
 * told above.  Asks for no blocks: RSC_BLOCK_NODES and RSC_BLOCK_EDGES must have been. */
gboolean    rsc_edge_is_counted (RscSnapshot *snapshot, RscNode source, guint64 edge);

/* Never fails but for a damaged file. */
RscHolders *rsc_holders_compute (RscSnapshot *snapshot, RscNode node, gsize limit, GError **error);
void        rsc_holders_free    (RscHolders *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscHolders, rsc_holders_free)

G_END_DECLS
