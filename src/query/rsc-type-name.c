#include "rsc-type-name.h"

#include <string.h>

gboolean
rsc_type_name_matches (const RscType *type, const char *wanted)
{
  const char *dot;
  gsize length = strlen (type->module);

  if (strcmp (type->name, wanted) == 0)
    return TRUE;
  /* The bare name of a nested class. */
  dot = strrchr (type->name, '.');
  if (dot != NULL && strcmp (dot + 1, wanted) == 0)
    return TRUE;
  return length > 0 && strncmp (wanted, type->module, length) == 0 && wanted[length] == '.'
         && (strcmp (wanted + length + 1, type->name) == 0
             || (dot != NULL && strcmp (wanted + length + 1, dot + 1) == 0));
}
