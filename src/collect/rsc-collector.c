#include "config.h"

#include <glib/gi18n-lib.h>

#include "rsc-collector.h"

/* 3.14 was released with a collector that goes through the older objects in increments, and has no generations but two.  3.14.5rc1 and
 * 3.15.0b1 came back to 3.13's (their "What's New", gh-142516), with what had changed around it since. */
static const RscCollector collectors[] = {
  { .since = 0x030a0000, .has_generations = TRUE, .untracks_dicts = TRUE, .collects_in_allocation = TRUE },
  { .since = 0x030c0000, .has_generations = TRUE, .untracks_dicts = TRUE, .immortal = RSC_IMMORTAL_SET_ASIDE },
  { .since = 0x030e0000 },
  { .since = 0x030e05c1, .has_generations = TRUE, .immortal = RSC_IMMORTAL_UNTRACKED },
  { .since = 0x030f0000 },
  { .since = 0x030f00b1, .has_generations = TRUE, .immortal = RSC_IMMORTAL_UNTRACKED, .clears_weakrefs_last = TRUE },
  { .since = 0x03100000 },
};

const char *
rsc_collector_get_known (void)
{
  /* Translators: versions of CPython */
  return _("3.10 to 3.13, 3.14 from 3.14.5 on, and 3.15");
}

const RscCollector *
rsc_collector_get (RscSnapshot *snapshot)
{
  guint32 version = rsc_snapshot_get_python_version (snapshot);
  const RscCollector *found = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (collectors) && collectors[i].since <= version; i++)
    found = &collectors[i];

  return found != NULL && found->has_generations ? found : NULL;
}
