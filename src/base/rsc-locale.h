/* The language of messages. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* For main(): sets the locale, and finds the translations: in RSC_LOCALEDIR
 * of the environment (uninstalled programs), else where they are installed. */
void rsc_locale_init (void);

G_END_DECLS
