/* From names to objects and back: "__main__.a", "json.decoder.JSONDecoder",
 * "__main__.table['key'][3].attr"; for a DOT heap the node's own name. */
#pragma once

#include "snapshot/rsc-snapshot.h"

G_BEGIN_DECLS

/* The names of a heap's own that its nodes have one by one: a DOT graph's. */
typedef struct
{
  RscSnapshot *snapshot;      /* borrowed */
  const RscColumns *columns;
  GVariant *names;            /* NULL: the values are the names */
} RscOwnNames;

/* FALSE: nodes have no names of their own in such a heap.  The nodes and strings
 * must have been asked for.  Clear it in the end. */
gboolean    rsc_own_names_init  (RscOwnNames *self, RscSnapshot *snapshot);
void        rsc_own_names_clear (RscOwnNames *self);
/* Borrowed from the snapshot. */
const char *rsc_own_names_get   (const RscOwnNames *self, RscNode node);

/* RSC_NODE_NONE and RSC_ANALYSIS_ERROR, NOT_FOUND: says how far the path could
 * be followed.  A path that starts with no module's name is tried in __main__,
 * then as a local variable of a running function, the innermost first; "f().x"
 * is the local x of a running function f.  Last come the locals of frames that
 * are kept: by the traceback of an exception, by a generator.  Attributes are looked up as Python
 * does, in the object and then in its class and the bases; [3] and [-1] count
 * items, ['key'] is a str, any other subscript is a key by its text. */
RscNode rsc_names_lookup (RscSnapshot *snapshot, const char *path, GError **error);

/* The counted reference that @path stands for, as "del" would drop it: the
 * entry of a module's dictionary, a local variable, an attribute, an item.
 * G_MAXUINT64 and RSC_ANALYSIS_ERROR, NOT_FOUND. */
guint64 rsc_names_lookup_edge (RscSnapshot *snapshot, const char *path, GError **error);

/* The shortest path of names to @node from a module, a frame's local or a
 * class ("__main__.cache['users'][3]", "main().x"), or NULL if none has at most
 * @max_steps (8 is good for people).  rsc_names_lookup() finds the node by it.
 * Takes at most some 10 ms: a hub's referrers are not all looked at, so a path
 * that exists may not be found.  Free with g_free(). */
char *rsc_names_describe (RscSnapshot *snapshot, RscNode node, guint max_steps);

G_END_DECLS
