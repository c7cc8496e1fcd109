#include "config.h"

#include "rsc-style.h"

#include <math.h>

#include "rsc-theme.h"

#define START_WIDTH 2.0
#define LIT_WIDTH 3.2
#define STATE_WIDTH 2.0
#define GHOST_OPACITY 0.72
#define UNREACHED_OPACITY 0.85
#define FADED_EDGE_OPACITY 0.85 /* thin lines fade out of sight before boxes do */

static gboolean
is_objgraph (RscScene *scene)
{
  RscView *view = rsc_graph_get_view (rsc_scene_get_graph (scene));

  return view != NULL && rsc_view_get_params (view)->objgraph;
}

static RscState
get_state (RscOverlay *overlay, const RscGraphNode *node)
{
  if (overlay == NULL || node->node == RSC_NODE_NONE || node->kind != RSC_GRAPH_NODE_OBJECT)
    return RSC_STATE_NONE;
  return rsc_overlay_get_state (overlay, node->node);
}

static guint32
get_group_color (const RscThemeColors *colors, RscOverlay *overlay, RscNode node)
{
  int group = rsc_overlay_get_group (overlay, node);

  return colors->groups[(guint) MAX (group, 0) % G_N_ELEMENTS (colors->groups)];
}

static void
set_line (RscNodeStyle *style, guint32 stroke, double width, RscLine line)
{
  style->stroke = stroke;
  style->stroke_width = width;
  style->line = line;
}

static void
set_badge (RscNodeStyle *style, const char *badge, guint32 fill, guint32 text)
{
  style->badge = badge;
  style->badge_fill = fill;
  style->badge_text = text;
}

/* A pattern is not seen on the dark ground of a start node. */
static void
lighten (RscNodeStyle *style, const RscThemeColors *colors, const RscGraphNode *node)
{
  const RscRoleColors *role = &colors->roles[node->role < RSC_N_ROLES ? node->role : RSC_ROLE_OTHER];

  if (node->is_start && style->fill == role->title)
    {
      style->fill = role->fill;
      style->title = role->title;
      style->text = colors->text;
    }
}

/* The node keeps its role's colours inside, so that what it is can still be
 * seen; the state speaks by the border, the pattern and the badge. */
static void
apply_state (RscNodeStyle *style, const RscThemeColors *colors, RscOverlay *overlay, const RscGraphNode *node)
{
  const char *badge = NULL;
  RscState state = get_state (overlay, node);
  const char *sign = rsc_state_get_sign (state);

  switch (state)
    {
    case RSC_STATE_FREED:
      set_line (style, colors->danger, STATE_WIDTH, RSC_LINE_DASHED);
      style->fill = colors->background;
      style->title = style->text = colors->text;
      style->opacity = GHOST_OPACITY;
      set_badge (style, sign, colors->danger, colors->badge_text);
      break;
    case RSC_STATE_PREDICTED:
      set_line (style, colors->danger, STATE_WIDTH, RSC_LINE_DASHED);
      set_badge (style, sign, colors->danger, colors->badge_text);
      break;
    case RSC_STATE_PROMOTED:
      set_line (style, colors->success, STATE_WIDTH, RSC_LINE_SOLID);
      set_badge (style, sign, colors->success, colors->badge_text);
      break;
    case RSC_STATE_STAYED:
      set_badge (style, sign, colors->edge_text, colors->background);
      break;
    case RSC_STATE_NEW:
      set_line (style, colors->success, STATE_WIDTH, RSC_LINE_DASH_DOT);
      set_badge (style, sign, colors->success, colors->badge_text);
      break;
    case RSC_STATE_UNKNOWN:
      style->line = RSC_LINE_DOTTED;
      set_badge (style, sign, colors->edge_text, colors->background);
      break;
    case RSC_STATE_CYCLE:
      {
        guint32 group = get_group_color (colors, overlay, node->node);

        set_line (style, group, STATE_WIDTH, RSC_LINE_SOLID);
        style->double_border = TRUE;
        set_badge (style, sign, group, colors->badge_text);
        break;
      }
    case RSC_STATE_GARBAGE_CYCLE:
      set_line (style, colors->danger, STATE_WIDTH, RSC_LINE_SOLID);
      style->double_border = TRUE;
      style->pattern = RSC_PATTERN_HATCH;
      style->pattern_rgb = colors->danger;
      set_badge (style, sign, colors->danger, colors->badge_text);
      break;
    case RSC_STATE_UNREACHABLE:
      lighten (style, colors, node);
      set_line (style, colors->danger, style->stroke_width, RSC_LINE_DOTTED);
      style->pattern = RSC_PATTERN_DOTS;
      style->pattern_rgb = colors->danger;
      style->opacity = UNREACHED_OPACITY;
      set_badge (style, sign, colors->danger, colors->badge_text);
      break;
    case RSC_STATE_REACHED:
      set_line (style, colors->success, STATE_WIDTH, RSC_LINE_SOLID);
      set_badge (style, sign, colors->success, colors->badge_text);
      break;
    case RSC_STATE_EXAMINED:
      set_line (style, colors->edge_text, STATE_WIDTH, RSC_LINE_SOLID);
      set_badge (style, sign, colors->edge_text, colors->background);
      break;
    case RSC_STATE_TENTATIVE:
      lighten (style, colors, node);
      set_line (style, colors->danger, STATE_WIDTH, RSC_LINE_DASHED);
      style->pattern = RSC_PATTERN_DOTS;
      style->pattern_rgb = colors->danger;
      set_badge (style, sign, colors->danger, colors->badge_text);
      break;
    case RSC_STATE_RESCUED:
      set_line (style, colors->success, STATE_WIDTH, RSC_LINE_DASH_DOT);
      set_badge (style, sign, colors->success, colors->badge_text);
      break;
    case RSC_STATE_KEPT:
      set_line (style, colors->danger, STATE_WIDTH, RSC_LINE_SOLID);
      set_badge (style, sign, colors->danger, colors->badge_text);
      break;
    case RSC_STATE_FINALIZED:
      lighten (style, colors, node);
      set_line (style, colors->danger, STATE_WIDTH, RSC_LINE_DASH_DOT);
      style->pattern = RSC_PATTERN_DOTS;
      style->pattern_rgb = colors->danger;
      set_badge (style, sign, colors->danger, colors->badge_text);
      break;
    case RSC_STATE_CLEARED:
      lighten (style, colors, node);
      set_line (style, colors->danger, STATE_WIDTH, RSC_LINE_DOTTED);
      style->pattern = RSC_PATTERN_HATCH;
      style->pattern_rgb = colors->danger;
      set_badge (style, sign, colors->danger, colors->badge_text);
      break;
    case RSC_STATE_DYING:
      lighten (style, colors, node);
      set_line (style, colors->danger, STATE_WIDTH, RSC_LINE_SOLID);
      style->pattern = RSC_PATTERN_HATCH;
      style->pattern_rgb = colors->danger;
      set_badge (style, sign, colors->danger, colors->badge_text);
      break;
    case RSC_STATE_WHITE:
      set_line (style, colors->edge_text, style->stroke_width, RSC_LINE_DASHED);
      style->fill = colors->background;
      style->title = style->text = colors->text;
      set_badge (style, sign, colors->edge_text, colors->background);
      break;
    case RSC_STATE_GREY:
      set_line (style, colors->edge_text, STATE_WIDTH, RSC_LINE_DASHED);
      style->fill = colors->background;
      style->title = style->text = colors->text;
      style->pattern = RSC_PATTERN_HATCH;
      style->pattern_rgb = colors->edge_text;
      set_badge (style, sign, colors->edge_text, colors->background);
      break;
    case RSC_STATE_BLACK:
      set_line (style, colors->text, STATE_WIDTH, RSC_LINE_SOLID);
      style->double_border = TRUE;
      style->fill = colors->text;
      style->title = style->text = colors->background;
      set_badge (style, sign, colors->edge_text, colors->background);
      break;
    case RSC_STATE_NONE:
    case RSC_N_STATES:
    default:
      break;
    }
  if (overlay != NULL && node->node != RSC_NODE_NONE && node->kind == RSC_GRAPH_NODE_OBJECT)
    badge = rsc_overlay_get_badge (overlay, node->node);
  if (badge != NULL && style->badge == NULL)
    set_badge (style, badge, colors->edge_text, colors->background);
  else if (badge != NULL)
    style->badge = badge;
}

static void
apply_object (RscNodeStyle *style, const RscThemeColors *colors, const RscGraphNode *node)
{
  const RscRoleColors *role = &colors->roles[node->role < RSC_N_ROLES ? node->role : RSC_ROLE_OTHER];

  style->fill = role->fill;
  style->title = role->title;
  style->text = colors->text;
  set_line (style, role->stroke, colors->line_width, RSC_LINE_SOLID);
  if (node->is_start)
    {
      style->fill = role->title;
      style->title = style->text = colors->start_text;
      set_line (style, role->title, START_WIDTH, RSC_LINE_SOLID);
    }
  if (node->highlighted)
    {
      style->ring = TRUE;
      style->ring_rgb = colors->ring;
    }
}

void
rsc_style_get_node (RscNodeStyle *style, RscScene *scene, gsize node_index, RscOverlay *overlay, RscTheme theme)
{
  const RscThemeColors *colors = rsc_theme_get_colors (theme);
  const RscGraphNode *node = &rsc_graph_get_nodes (rsc_scene_get_graph (scene), NULL)[node_index];

  *style = (RscNodeStyle) { .shape = RSC_SHAPE_BOX, .opacity = 1 };
  switch (node->kind)
    {
    case RSC_GRAPH_NODE_FOLD:
      style->shape = RSC_SHAPE_PILL;
      style->fill = colors->fold_fill;
      style->title = style->text = colors->fold_text;
      set_line (style, colors->fold_stroke, colors->line_width, RSC_LINE_DASHED);
      break;
    case RSC_GRAPH_NODE_FINALIZER:
      style->shape = RSC_SHAPE_OVAL;
      style->fill = colors->danger_fill;
      style->title = style->text = colors->danger;
      style->double_border = TRUE;
      set_line (style, colors->danger, colors->line_width, RSC_LINE_SOLID);
      break;
    case RSC_GRAPH_NODE_OBJECT:
    default:
      apply_object (style, colors, node);
      break;
    }
  if (is_objgraph (scene))
    {
      style->fill = node->fill;
      style->title = style->text = node->font;
      set_line (style, 0x000000, colors->line_width, RSC_LINE_SOLID);
      style->ring = FALSE;
    }
  apply_state (style, colors, overlay, node);
}

static void
apply_edge_states (RscEdgeStyle *style, const RscThemeColors *colors, RscOverlay *overlay,
                   const RscGraphNode *source, const RscGraphNode *target)
{
  RscState from = get_state (overlay, source), to = get_state (overlay, target);

  if (rsc_overlay_is_lit (overlay, source->node, target->node))
    {
      style->stroke = colors->ring;
      style->width = LIT_WIDTH;
    }
  else if ((from == RSC_STATE_CYCLE || from == RSC_STATE_GARBAGE_CYCLE) && from == to &&
      rsc_overlay_get_group (overlay, source->node) == rsc_overlay_get_group (overlay, target->node))
    {
      style->stroke = from == RSC_STATE_CYCLE ? get_group_color (colors, overlay, source->node) : colors->danger;
      style->width = STATE_WIDTH;
    }
  else if (from == RSC_STATE_FREED || to == RSC_STATE_FREED)
    {
      style->line = RSC_LINE_DASHED;
      style->opacity = FADED_EDGE_OPACITY;
    }
  else if (from == RSC_STATE_UNREACHABLE || to == RSC_STATE_UNREACHABLE)
    style->opacity = FADED_EDGE_OPACITY;
}

void
rsc_style_get_edge (RscEdgeStyle *style, RscScene *scene, gsize edge_index, RscOverlay *overlay, RscTheme theme)
{
  const RscThemeColors *colors = rsc_theme_get_colors (theme);
  RscGraph *graph = rsc_scene_get_graph (scene);
  const RscGraphEdge *edge = &rsc_graph_get_edges (graph, NULL)[edge_index];
  const RscGraphNode *nodes = rsc_graph_get_nodes (graph, NULL);

  *style = (RscEdgeStyle) {
    .opacity = 1, .stroke = colors->edge, .width = colors->line_width, .line = RSC_LINE_SOLID, .text = colors->edge_text
  };
  if (edge->kind == RSC_GRAPH_EDGE_FOLD)
    {
      style->line = RSC_LINE_DOTTED;
      style->stroke = is_objgraph (scene) ? 0xff0000 : colors->fold_stroke;
    }
  else if (edge->kind == RSC_GRAPH_EDGE_BRIDGE)
    style->line = RSC_LINE_DASHED;
  else if (edge->edge_kind & RSC_EDGE_WEAK)
    {
      style->line = RSC_LINE_DASH_DOT;
      style->stroke = colors->edge_weak;
      style->hollow_arrow = TRUE;
    }
  if (overlay != NULL)
    apply_edge_states (style, colors, overlay, &nodes[edge->source], &nodes[edge->target]);
}

void
rsc_line_get_dashes (RscLine line, double width, double dashes[4], int *n)
{
  double unit = MAX (width, 1);

  switch (line)
    {
    case RSC_LINE_DASHED:
      dashes[0] = 4 * unit;
      dashes[1] = 3 * unit;
      *n = 2;
      break;
    case RSC_LINE_DOTTED:
      dashes[0] = unit;
      dashes[1] = 2.2 * unit;
      *n = 2;
      break;
    case RSC_LINE_DASH_DOT:
      dashes[0] = 6 * unit;
      dashes[1] = 2 * unit;
      dashes[2] = unit;
      dashes[3] = 2 * unit;
      *n = 4;
      break;
    case RSC_LINE_SOLID:
    default:
      *n = 0;
      break;
    }
}

static double
get_luminance (guint32 rgb)
{
  static const double weights[3] = { 0.2126, 0.7152, 0.0722 };
  double sum = 0;

  for (guint i = 0; i < 3; i++)
    {
      double c = (rgb >> (16 - 8 * i) & 0xff) / 255.0;

      sum += weights[i] * (c <= 0.04045 ? c / 12.92 : pow ((c + 0.055) / 1.055, 2.4));
    }
  return sum;
}

double
rsc_contrast_ratio (guint32 a, guint32 b)
{
  double la = get_luminance (a), lb = get_luminance (b);

  return (MAX (la, lb) + 0.05) / (MIN (la, lb) + 0.05);
}
