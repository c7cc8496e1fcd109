#include "rsc-census.h"

#include "rsc-sanitizer.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#ifdef RSC_SANITIZER_ALLOCATES
/* Of <sanitizer/allocator_interface.h>, which gcc's package lacks. */
size_t __sanitizer_get_current_allocated_bytes (void);
#endif

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

guint64
rsc_census_count_bytes (void)
{
#if defined (RSC_SANITIZER_ALLOCATES)
  /* Without what is freed and still in quarantine. */
  return __sanitizer_get_current_allocated_bytes ();
#elif defined (__GLIBC__) && __GLIBC_PREREQ (2, 33)
  struct mallinfo2 info = mallinfo2 ();

  return info.uordblks + info.hblkhd;
#else
  return 0;
#endif
}
