#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-kept-values.h"

#include <string.h>

const char *
rsc_kept_values_get_sentence (RscSnapshot *snapshot)
{
  const char *kept = rsc_snapshot_get_info_string (snapshot, "values");

  if (strcmp (kept, "none") == 0)
    return _("Values were left out when this heap was captured.");
  if (strcmp (kept, "lengths") == 0)
    return _("Values were left out when this heap was captured; lengths were kept.");
  if (strcmp (kept, "hashes") == 0)
    return _("Values were left out when this heap was captured; lengths were kept, and hashes, which are equal where the values are.");

  return NULL;
}

const char *
rsc_kept_values_get_note (RscSnapshot *snapshot)
{
  const char *kept = rsc_snapshot_get_info_string (snapshot, "values");

  if (strcmp (kept, "none") == 0)
    /* Translators: of a heap: what its strings and numbers are was left out when it was captured */
    return _("without values");
  if (strcmp (kept, "lengths") == 0)
    /* Translators: of a heap: of its strings and numbers only the lengths were captured */
    return _("lengths for values");
  if (strcmp (kept, "hashes") == 0)
    /* Translators: of a heap: of its strings and numbers only hashes were captured */
    return _("hashes for values");

  return NULL;
}
