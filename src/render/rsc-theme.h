/* The colours of the four themes. */
#pragma once

#include "graph/rsc-graph.h"
#include "rsc-painter.h"

G_BEGIN_DECLS

typedef struct
{
  guint32 fill, stroke, title;
} RscRoleColors;

typedef struct
{
  guint32 background;
  guint32 text;         /* second and further lines */
  guint32 edge, edge_weak, edge_text;
  guint32 fold_fill, fold_stroke, fold_text;
  guint32 start_text;   /* on a start node, whose fill is its role's title colour */
  guint32 ring;         /* highlighted */
  guint32 emphasis;     /* hovered and selected edges */
  guint32 danger, danger_fill; /* garbage, freed, predicted */
  guint32 success;      /* reached, new, promoted */
  guint32 badge_text;   /* on danger, success, and the groups' colours */
  guint32 groups[6];    /* live cycles, by group */
  double line_width;
  RscRoleColors roles[RSC_N_ROLES];
} RscThemeColors;

const RscThemeColors *rsc_theme_get_colors (RscTheme theme);

G_END_DECLS
