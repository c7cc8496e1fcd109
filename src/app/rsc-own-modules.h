/* What of a Python heap the program's author wrote, and what libraries did. */
#pragma once

#include "snapshot/rsc-snapshot.h"

G_BEGIN_DECLS

#define RSC_MAIN_MODULE "__main__"

/* Code of this file is somebody else's: it says nothing about the program. */
gboolean    rsc_own_is_library      (const char *file);
/* "" for a module without a file. */
const char *rsc_own_get_module_file (RscSnapshot *snapshot, const RscColumns *columns, RscNode module);
/* Of the main module: what has no file was typed, or came by "-c". */
gboolean    rsc_own_main_is_own     (RscSnapshot *snapshot, const RscColumns *columns, RscNode module);
/* The modules (RscNode) whose files are no library's, but for the main one, in the order of the roots.
 * @names, a set, gets their names and the main one's. */
GArray     *rsc_own_find_modules    (RscSnapshot *snapshot, const RscColumns *columns, GHashTable *names);

/* Each object that a person gave a name: in the module, or as a local variable of running code. */
typedef void (*RscOwnNamedFunc) (RscNode node, gpointer user_data);

void rsc_own_foreach_global (RscSnapshot *snapshot, const RscColumns *columns, RscNode module, RscOwnNamedFunc func, gpointer user_data);
void rsc_own_foreach_local  (RscSnapshot *snapshot, const RscColumns *columns, RscNode frame, RscOwnNamedFunc func, gpointer user_data);

G_END_DECLS
