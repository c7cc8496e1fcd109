/* Filters over all objects of a heap. */
#pragma once

#include "base/rsc-bitset.h"
#include "rsc-cli.h"

G_BEGIN_DECLS

/* The objects, synthetic ones left out, for which @expression is true. */
RscBitset *rsc_cli_filter_nodes (RscCli *cli, const char *expression, GError **error);

/* The nodes whose bit is @value, as an array of RscNode, synthetic ones left out; unref it. */
GArray *rsc_cli_list_nodes (RscSnapshot *snapshot, const RscBitset *set, gboolean value, GError **error);

G_END_DECLS
