/* The heaps that a run writes, of which the last ones are kept.
 *
 * They come one at a time, or two: a collection's, before and after.  How much room
 * they will take is said before the first is written.  Only what this run
 * wrote is removed, and nothing is overwritten. */
#pragma once

#include "rsc-cli.h"

G_BEGIN_DECLS

#define RSC_KEPT_DEFAULT 5
#define RSC_KEPT_MAX 10000

typedef struct _RscKept RscKept;

/* In @folder: the last @keep of @count (0: no limit), of @n_files each. */
RscKept *rsc_kept_new  (RscCli *cli, const char *folder, guint keep, guint count, guint n_files);
void     rsc_kept_free (RscKept *self);

/* Whether there is room for the next one, whose files take @size together; says before the first one
 * what all of them take.  RSC_CLI_ERROR, OUTPUT. */
gboolean rsc_kept_check_room (RscKept *self, guint64 size, GError **error);
/* The next one was written: @paths are its files. */
void     rsc_kept_add        (RscKept *self, const char *const *paths);
guint    rsc_kept_get_n_written (RscKept *self);
/* Removes the oldest one, if there is one too many. */
gboolean rsc_kept_remove_old (RscKept *self, GError **error);
/* After a failure: says what there is. */
void     rsc_kept_note       (RscKept *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscKept, rsc_kept_free)

G_END_DECLS
