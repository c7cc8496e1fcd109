/* The window's state.  The schema is missing in a build that was not installed
 * and whose GSETTINGS_SCHEMA_DIR is not set: then nothing is kept. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* NULL without the schema. */
GSettings *rsc_settings_new     (void);
/* An older schema may be installed beside a newer program, and to ask GSettings
 * for what its schema has not ends the program. */
gboolean   rsc_settings_has_key (GSettings *settings, const char *key);

G_END_DECLS
