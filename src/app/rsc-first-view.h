/* What is drawn of a heap before anybody said what to draw, and what becomes of
 * a view when it is moved to another snapshot. */
#pragma once

#include "graph/rsc-view.h"

G_BEGIN_DECLS

/* At most this many start objects. */
#define RSC_FIRST_VIEW_MAX_OBJECTS 6

/* @base: the parameters to take over, objects excepted.  @object_ref: what to
 * start from, or NULL; if it does not resolve (the object may come later), the
 * program's own named objects are taken, else its main module, else a root.
 * The program's own: of its main module, and of those whose files are neither
 * the interpreter's nor installed packages'.  @object_found: whether it resolved.
 * Runs for some time on a large heap: for a worker thread. */
RscView *rsc_first_view_new (RscSnapshot         *snapshot,
                             const RscViewParams *base,
                             const char          *object_ref,
                             gboolean            *object_found,
                             GError             **error);

/* @view, made for @from, for @to: objects are looked up again, what is gone is
 * left out.  NULL if none of the start objects is there any more. */
RscView *rsc_view_move (RscView *view, RscSnapshot *from, RscSnapshot *to);

G_END_DECLS
