/* Arrays of many megabytes, all of which are written soon. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* @size bytes, not set to anything, in huge pages where the system has them: a page that is
 * touched the first time costs as much whether it is small or huge.  g_free() it. */
gpointer rsc_large_alloc (gsize size);

G_END_DECLS
