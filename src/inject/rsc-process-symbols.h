/* The symbols that a program or library of another process exports, read from its
 * memory: the file may be gone, replaced, or in another mount namespace. */
#pragma once

#include "rsc-process-memory.h"

G_BEGIN_DECLS

/* The address of @name in the ELF object that is mapped at @base; 0: it has none. */
guint64 rsc_process_symbols_find (RscProcessMemory *memory, guint64 base, const char *name);
/* As above; *size: its bytes, if it has any. */
guint64 rsc_process_symbols_find_sized (RscProcessMemory *memory, guint64 base, const char *name, gsize *size);

/* The first mapping of the file whose base name @matches; NULL: there is none. */
const RscMapping *rsc_process_symbols_find_object (RscProcessMemory *memory, gboolean (*matches) (const char *name));

G_END_DECLS
