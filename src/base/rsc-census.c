#include "rsc-census.h"

static int living[RSC_N_CENSUS];

void
rsc_census_born (RscCensus what)
{
  g_atomic_int_inc (&living[what]);
}

void
rsc_census_died (RscCensus what)
{
  g_atomic_int_add (&living[what], -1);
}

guint
rsc_census_count (RscCensus what)
{
  return (guint) g_atomic_int_get (&living[what]);
}

const char *
rsc_census_get_name (RscCensus what)
{
  static const char *const names[RSC_N_CENSUS] = {
    [RSC_CENSUS_SNAPSHOT] = "snapshots", [RSC_CENSUS_GRAPH] = "graphs", [RSC_CENSUS_SCENE] = "scenes",
    [RSC_CENSUS_OVERLAY] = "overlays", [RSC_CENSUS_TILES] = "tiles", [RSC_CENSUS_CANVAS] = "canvases",
    [RSC_CENSUS_SESSION] = "sessions", [RSC_CENSUS_PAGE] = "pages"
  };

  return names[what];
}
