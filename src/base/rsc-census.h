/* How many of the large things are alive, and how much is allocated: what tests
 * ask in order to find leaks.  From any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  RSC_CENSUS_SNAPSHOT,
  RSC_CENSUS_GRAPH,
  RSC_CENSUS_SCENE,
  RSC_CENSUS_OVERLAY,
  RSC_CENSUS_TILES,
  RSC_CENSUS_CANVAS,
  RSC_CENSUS_SESSION,
  RSC_CENSUS_PAGE,
  RSC_N_CENSUS
} RscCensus;

void        rsc_census_born        (RscCensus what);
void        rsc_census_died        (RscCensus what);
guint       rsc_census_count       (RscCensus what);
const char *rsc_census_get_name    (RscCensus what);
/* What the allocator has given out, of all pools and large blocks; 0 where it does not say. */
guint64     rsc_census_count_bytes (void);

G_END_DECLS
