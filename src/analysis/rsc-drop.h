/* What is to be gone, to see what would follow. */
#pragma once

#include "snapshot/rsc-snapshot.h"

G_BEGIN_DECLS

/* A reference to be dropped: @edge, or if that is G_MAXUINT64 every counted
 * reference to @node. */
typedef struct
{
  guint64 edge;
  RscNode node;
} RscDrop;

G_END_DECLS
