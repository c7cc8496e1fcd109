#include "config.h"

#include "rsc-settings.h"

#define SCHEMA_ID "io.github.refscope.Refscope"

GSettings *
rsc_settings_new (void)
{
  GSettingsSchemaSource *source = g_settings_schema_source_get_default ();
  g_autoptr (GSettingsSchema) schema = NULL;

  if (source != NULL)
    schema = g_settings_schema_source_lookup (source, SCHEMA_ID, TRUE);
  if (schema == NULL)
    return NULL;

  return g_settings_new_full (schema, NULL, NULL);
}

gboolean
rsc_settings_has_key (GSettings *settings, const char *key)
{
  g_autoptr (GSettingsSchema) schema = NULL;

  g_object_get (settings, "settings-schema", &schema, NULL);
  if (g_settings_schema_has_key (schema, key))
    return TRUE;

  g_debug ("The installed schema " SCHEMA_ID " has no key “%s”: it is older than this program, and what the key is for is not kept.", key);

  return FALSE;
}
