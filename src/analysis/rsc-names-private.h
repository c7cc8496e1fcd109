/* What lookup and description of names share. */
#pragma once

#include "rsc-names.h"

G_BEGIN_DECLS

/* An identifier that may follow a dot. */
gboolean _rsc_names_is_identifier (const char *text);

/* The text of a running function's root: "name", of RSC_ROOT_FRAME's entry. */
const char *_rsc_names_get_function (RscSnapshot *snapshot, RscNode frame);

G_END_DECLS
