#include "rsc-graph-private.h"

/* Refscope's own colours on a light page: text stands out by 7:1 or more. */
static const struct { guint32 fill, font; } role_colors[RSC_N_ROLES] = {
  [RSC_ROLE_OTHER] = { 0xebebed, 0x24242a },
  [RSC_ROLE_INSTANCE] = { 0xd5e6fb, 0x0e2a4a },
  [RSC_ROLE_CLASS] = { 0xe9ddf8, 0x35174f },
  [RSC_ROLE_FUNCTION] = { 0xfde8c8, 0x4a2c00 },
  [RSC_ROLE_MODULE] = { 0xd2f0d8, 0x0d3a1c },
  [RSC_ROLE_CONTAINER] = { 0xd3f0f2, 0x06363b },
  [RSC_ROLE_VALUE] = { 0xfdfdf6, 0x2b2b22 },
  [RSC_ROLE_FRAME] = { 0xfbdcd2, 0x54180a },
};

#define HIGHLIGHT_FILL 0x1a5fb4
#define HIGHLIGHT_FONT 0xffffff
#define FOLD_FILL 0xfff4f4
#define FOLD_FONT 0x9b1a28
#define START_FONT 0xff0000 /* objgraph's red */

static RscHsv
gradient (RscHsv start, RscHsv end, guint depth, guint max_depth)
{
  double f;

  if (max_depth == 0)
    return start;
  f = (double) depth / max_depth;
  return (RscHsv) { start.h * (1 - f) + end.h * f, start.s * (1 - f) + end.s * f, start.v * (1 - f) + end.v * f };
}

RscHsv
rsc_graph_objgraph_fill (guint depth, guint max_depth, gboolean is_module, gboolean highlighted)
{
  RscHsv color = gradient ((RscHsv) { 0, 0, 1 }, (RscHsv) { 0, 0, .3 }, depth, max_depth);

  if (is_module)
    {
      color.h = .3;
      color.s = 1;
    }
  if (highlighted)
    {
      color.h = .6;
      color.s = .6;
      color.v = 0.5 + color.v * 0.5;
    }
  return color;
}

RscHsv
rsc_graph_objgraph_fold_fill (guint depth, guint max_depth)
{
  return gradient ((RscHsv) { 0, 1, 1 }, (RscHsv) { 0, 1, .3 }, depth, max_depth);
}

guint32
rsc_hsv_to_rgb (RscHsv color)
{
  double v = CLAMP (color.v, 0, 1); /* an opened fold lies beyond max_depth */
  double sector = color.h * 6;
  int i = (int) sector;
  double f = sector - i;
  double p = v * (1 - color.s);
  double q = v * (1 - color.s * f);
  double t = v * (1 - color.s * (1 - f));
  double r, g, b;

  switch (i % 6)
    {
    case 0: r = v; g = t; b = p; break;
    case 1: r = q; g = v; b = p; break;
    case 2: r = p; g = v; b = t; break;
    case 3: r = p; g = q; b = v; break;
    case 4: r = t; g = p; b = v; break;
    default: r = v; g = p; b = q; break;
    }
  return (guint32) (r * 255 + .5) << 16 | (guint32) (g * 255 + .5) << 8 | (guint32) (b * 255 + .5);
}

static void
color_as_objgraph (RscGraphNode *node, guint max_depth)
{
  RscHsv fill;

  switch (node->kind)
    {
    case RSC_GRAPH_NODE_FOLD:
      node->fill = rsc_hsv_to_rgb (rsc_graph_objgraph_fold_fill (node->depth, max_depth));
      node->font = 0xffffff;
      break;
    case RSC_GRAPH_NODE_FINALIZER:
      node->fill = rsc_hsv_to_rgb ((RscHsv) { 0, .5, 1 });
      node->font = 0x000000;
      break;
    case RSC_GRAPH_NODE_OBJECT:
    default:
      fill = rsc_graph_objgraph_fill (node->depth, max_depth, node->is_module, node->highlighted);
      node->fill = rsc_hsv_to_rgb (fill);
      node->font = fill.v < 0.5 ? 0xffffff : node->is_start ? START_FONT : 0x000000;
      break;
    }
}

void
rsc_graph_color_node (RscGraphNode *node, const RscViewParams *params)
{
  if (params->objgraph)
    color_as_objgraph (node, params->max_depth);
  else if (node->kind != RSC_GRAPH_NODE_OBJECT)
    {
      node->fill = FOLD_FILL;
      node->font = FOLD_FONT;
    }
  else if (node->highlighted)
    {
      node->fill = HIGHLIGHT_FILL;
      node->font = HIGHLIGHT_FONT;
    }
  else
    {
      node->fill = role_colors[node->role].fill;
      node->font = role_colors[node->role].font;
    }
}
