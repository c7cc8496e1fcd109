/* --drop: a name, an object, or a reference, which is to be gone. */
#pragma once

#include "collect/rsc-replay.h"
#include "rsc-cli.h"

G_BEGIN_DECLS

/* NAME ("cache", "__main__.cache"), an OBJECT, or EDGE: "FROM->TO",
 * "FROM->TO:LABEL" (a label as it is shown: "[3]", "['key']", ".attr").  An array of RscDrop; unref it. */
GArray *rsc_drops_resolve (RscCli *cli, const char *const *texts, GError **error);

G_END_DECLS
