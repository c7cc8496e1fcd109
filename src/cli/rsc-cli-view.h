/* Drawing: from the parameters of a view to a picture, DOT or JSON. */
#pragma once

#include "graph/rsc-graph.h"
#include "render/rsc-painter.h"
#include "rsc-cli.h"

G_BEGIN_DECLS

/* TRUE if -o names a picture or DOT; an ending nobody knows is an error. */
gboolean rsc_picture_check (RscCli *cli, GError **error);

/* Builds the graph and writes it: to -o FILE, or as DOT or JSON to standard
 * output.  Waits for a launched program before that.  @scale: of a PNG. */
gboolean rsc_picture_draw (RscCli *cli, const RscViewParams *params, double scale, GError **error);

G_END_DECLS
