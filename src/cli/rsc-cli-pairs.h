/* watch --captures: collections captured before and after, one after the other, as pairs of files.
 *
 * A thread of its own waits for the program's next collection, writes the two heaps, and waits
 * again.  FOLDER/000001-gen2-1-before.refscope and FOLDER/000001-gen2-2-after.refscope are the first
 * pair; another run goes on with the numbers.  The last ones are kept. */
#pragma once

#include "rsc-cli.h"

G_BEGIN_DECLS

typedef struct _RscPairs RscPairs;

typedef struct
{
  const char *folder; /* it is made, its owner's alone, if it is not there; without a pair in the end it is removed again */
  guint generation;   /* collections of this one and older ones */
  guint keep;         /* pairs, from 1 on */
  guint count;        /* pairs, after which it is done; 0: no limit */
} RscPairsOptions;

/* One that is there. */
typedef struct
{
  guint32 request;    /* as in the collection's event */
  guint generation;
  char *before, *after; /* files */
  guint64 really_unreachable, only_predicted, only_real, freed_along; /* objects, see RscComparison */
  guint64 freed_bytes;  /* of all that is gone */
  guint64 promoted;     /* objects that moved to an older generation */
} RscPair;

void rsc_pair_free (RscPair *self);

/* Of the target that @cli starts; not before rsc_pairs_resume().  @wake is cancelled whenever there is news. */
RscPairs *rsc_pairs_new  (RscCli *cli, const RscPairsOptions *options, GCancellable *wake, GError **error);
/* What is being written is written. */
void      rsc_pairs_free (RscPairs *self);

/* The program runs; or it does not, or comes to its end: nothing is waited for. */
void rsc_pairs_resume (RscPairs *self);
void rsc_pairs_pause  (RscPairs *self);
/* Does so, and waits for the pair that is being written. */
void rsc_pairs_finish (RscPairs *self);

/* The next pair; NULL: there is none now, or @error, after which there will be none.  RSC_CLI_ERROR, OUTPUT; those
 * of captures and files. */
RscPair  *rsc_pairs_pop     (RscPairs *self, GError **error);
gboolean  rsc_pairs_is_done (RscPairs *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscPair, rsc_pair_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscPairs, rsc_pairs_free)

G_END_DECLS
