#include "config.h"

#include "rsc-release.h"

static RscReleaseFunc release_func;

void
rsc_release_set_func (RscReleaseFunc func)
{
  release_func = func;
}

void
rsc_release (gpointer       data,
             GDestroyNotify destroy)
{
  if (data == NULL)
    return;
  if (release_func != NULL)
    release_func (data, destroy);
  else
    destroy (data);
}
