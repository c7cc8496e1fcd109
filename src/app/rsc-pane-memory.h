/* Whether a pane beside the graph is wanted.  In a window that is too narrow for
 * it the pane goes, without being forgotten or kept from being called; once there
 * is room again, it is as it was.  AdwFlap alone opens each pane that has room,
 * also one that was closed. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* Remembers in @key of @settings (NULL: for this page only, beginning with how it is). */
void rsc_pane_memory_attach (AdwFlap *flap, GSettings *settings, const char *key);

/* Closes it because there is nothing to show: the settings stay as they are. */
void rsc_pane_memory_close (AdwFlap *flap);

G_END_DECLS
