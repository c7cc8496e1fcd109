/* Address space that is kept for captures, in a program that may not have as much
 * as it likes.
 *
 * A walk needs memory, and a clone() of a program that has reached its limit has as
 * little as the program.  A soft limit is raised for the walk, and a hard one where
 * that is allowed.  Where it is not, some address space is taken at the start, never
 * touched, and given back for the time of a walk: the child gives back its own copy.  Not in a program that was attached to:
 * it was not started to be looked at, and would run out of memory so much earlier. */

#include "rsc-agent-private.h"

#include <sys/mman.h>
#include <sys/resource.h>

/* Of the limit, and in bytes. */
#define RESERVE_PART 16
#define RESERVE_LEAST (UINT64_C (8) * 1024 * 1024)
#define RESERVE_MOST (UINT64_C (64) * 1024 * 1024)

/* guarded by the GIL */
static void *reserve;
static size_t reserve_size;

/* Whether the limit cannot be taken away by this process. */
static bool
is_fixed (int resource, uint64_t *limit)
{
  struct rlimit before, lifted;

  if (getrlimit ((__rlimit_resource_t) resource, &before) != 0 || before.rlim_max == RLIM_INFINITY)
    return false;
  lifted = before;
  lifted.rlim_max = RLIM_INFINITY;
  if (setrlimit ((__rlimit_resource_t) resource, &lifted) == 0)
    {
      setrlimit ((__rlimit_resource_t) resource, &before);
      return false;
    }
  *limit = before.rlim_max;

  return true;
}

void
rsc_agent_reserve_take (void)
{
  uint64_t limit;

  if (rsc_agent.is_launched && reserve == NULL && (is_fixed (RLIMIT_AS, &limit) || is_fixed (RLIMIT_DATA, &limit)))
    rsc_agent_reserve_take_for (limit);
}

void
rsc_agent_reserve_take_for (uint64_t limit)
{
  uint64_t size = limit / RESERVE_PART;
  void *data;

  if (reserve != NULL)
    return;
  size = size < RESERVE_LEAST ? RESERVE_LEAST : size > RESERVE_MOST ? RESERVE_MOST : size;
  size &= ~UINT64_C (0xffff);
  /* Writable, or RLIMIT_DATA would not count it. */
  data = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED)
    return;
  reserve = data;
  reserve_size = size;
}

void
rsc_agent_reserve_give (void)
{
  if (reserve != NULL)
    munmap (reserve, reserve_size);
  reserve = NULL;
}
