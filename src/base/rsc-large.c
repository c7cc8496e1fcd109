#include "rsc-large.h"

#include <stdlib.h>
#include <sys/mman.h>

#define HUGE_PAGE (2 * 1024 * 1024)
/* Less would be rounded up by too much. */
#define LEAST (4 * HUGE_PAGE)

gpointer
rsc_large_alloc (gsize size)
{
  gsize rounded = (size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
  void *memory;

  if (size < LEAST || rounded < size || posix_memalign (&memory, HUGE_PAGE, rounded) != 0)
    return g_malloc (MAX (size, 1));
  /* A system without them has small ones. */
  madvise (memory, rounded, MADV_HUGEPAGE);

  return memory;
}
