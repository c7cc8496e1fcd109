/* Loaded into an interpreter by walk_check.py: one walk, in place. */
#include "agent/rsc-walk.h"

#include <string.h>

/* GIL held (ctypes.PyDLL).  NULL, or a sentence. */
__attribute__ ((visibility ("default"))) const char *rsc_probe_walk (int fd);

const char *
rsc_probe_walk (int fd)
{
  static char error[RSC_WALK_ERROR_SIZE];
  RscWalkOptions options = { .in_place = 1 };
  RscWalk *walk = rsc_walk_prepare (&options, error);
  int result;

  if (walk == NULL)
    return error;
  result = rsc_walk_run (walk, fd);
  if (result != 0)
    memcpy (error, rsc_walk_get_error (walk), sizeof error);
  rsc_walk_finish (walk);
  return result != 0 ? error : NULL;
}
