#include "rsc-census.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

/* These sanitizers bring an allocator of their own: the C library's is not in use then. */
#if defined (__SANITIZE_ADDRESS__) || defined (__SANITIZE_THREAD__)
#define SANITISED
#elif defined (__has_feature)
#if __has_feature (address_sanitizer) || __has_feature (thread_sanitizer)
#define SANITISED
#endif
#endif
#ifdef SANITISED
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
#if defined (SANITISED)
  /* Without what is freed and still in quarantine. */
  return __sanitizer_get_current_allocated_bytes ();
#elif defined (__GLIBC__) && __GLIBC_PREREQ (2, 33)
  struct mallinfo2 info = mallinfo2 ();

  return info.uordblks + info.hblkhd;
#else
  return 0;
#endif
}
