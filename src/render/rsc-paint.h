/* Shapes that the painter and others draw alike. */
#pragma once

#include "rsc-scene.h"

G_BEGIN_DECLS

void rsc_paint_rounded_box (cairo_t *cr, double x, double y, double width, double height, double radius);

typedef struct
{
  double x, y, width, height;
} RscBadgeBox;

/* Where a node's badge is drawn. */
void rsc_badge_box_get (const RscSceneNode *node, const RscLabel *label, RscBadgeBox *box);

G_END_DECLS
