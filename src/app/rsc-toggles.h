/* Toggle buttons of which one is chosen: beside each other where all their words fit.
 * Else, if each has an AdwSqueezer (the word, then an icon) for a child, all show
 * their icons; otherwise they are below each other, and there a text wraps between
 * words.  Of no word anything is cut. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define RSC_TYPE_TOGGLES (rsc_toggles_get_type ())
G_DECLARE_FINAL_TYPE (RscToggles, rsc_toggles, RSC, TOGGLES, GtkWidget)

G_END_DECLS
