/* Names of types as people write them. */
#pragma once

#include "snapshot/rsc-snapshot.h"

G_BEGIN_DECLS

/* As objgraph compares: "dict", "Widget", "__main__.Widget"; a nested class also
 * by its own name alone. */
gboolean rsc_type_name_matches (const RscType *type, const char *wanted);

G_END_DECLS
