#include "config.h"

#include "rsc-svg.h"

#include <string.h>

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "base/rsc-character.h"

#include "rsc-bezier.h"
#include "rsc-paint.h"
#include "rsc-style.h"
#include "rsc-theme.h"

/* Two decimals: a hundredth of a point. */
static void
append_number (GString *svg, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  char *end;

  g_ascii_formatd (text, sizeof text, "%.2f", value);
  end = text + strlen (text);
  while (end[-1] == '0')
    *--end = '\0';
  if (end[-1] == '.')
    end[-1] = '\0';
  g_string_append (svg, strcmp (text, "-0") == 0 ? "0" : text);
}

static void
append_attribute (GString *svg, const char *name, double value)
{
  g_string_append_printf (svg, " %s=\"", name);
  append_number (svg, value);
  g_string_append_c (svg, '"');
}

static void
append_color (GString *svg, const char *name, guint32 rgb)
{
  g_string_append_printf (svg, " %s=\"#%06x\"", name, rgb & 0xffffff);
}

static void
append_escaped (GString *svg, const char *text, gsize length)
{
  for (const char *p = text; p < text + length; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c == '&')
        g_string_append (svg, "&amp;");
      else if (c == '<')
        g_string_append (svg, "&lt;");
      else if (c == '>')
        g_string_append (svg, "&gt;");
      else if (c == '"')
        g_string_append (svg, "&quot;");
      else
        g_string_append_unichar (svg, rsc_character_is_printable (c) ? c : RSC_CHARACTER_REPLACEMENT);
    }
}

static void
append_title (GString *svg, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);

  g_string_append (svg, "<title>");
  append_escaped (svg, valid, strlen (valid));
  g_string_append (svg, "</title>\n");
}

static void
append_dashes (GString *svg, RscLine line, double width)
{
  double dashes[4];
  int n;

  rsc_line_get_dashes (line, width, dashes, &n);
  if (n == 0)
    return;
  g_string_append (svg, " stroke-dasharray=\"");
  for (int i = 0; i < n; i++)
    {
      if (i > 0)
        g_string_append_c (svg, ' ');
      append_number (svg, dashes[i]);
    }
  g_string_append_c (svg, '"');
}

/* An outline, left open for more attributes; inset as the painter's. */
static void
append_outline (GString *svg, const RscSceneNode *node, RscShape shape, double inset)
{
  double width = MAX (node->width - 2 * inset, 0), height = MAX (node->height - 2 * inset, 0);

  if (shape == RSC_SHAPE_OVAL)
    {
      g_string_append (svg, "<ellipse");
      append_attribute (svg, "cx", node->x + node->width / 2);
      append_attribute (svg, "cy", node->y + node->height / 2);
      append_attribute (svg, "rx", width / 2);
      append_attribute (svg, "ry", height / 2);
      return;
    }
  g_string_append (svg, "<rect");
  append_attribute (svg, "x", node->x + inset);
  append_attribute (svg, "y", node->y + inset);
  append_attribute (svg, "width", width);
  append_attribute (svg, "height", height);
  append_attribute (svg, "rx", shape == RSC_SHAPE_PILL ? height / 2 : MAX (RSC_CORNER_RADIUS - inset, 1));
}

/* A line for a line, each centred where the painter's is.  textLength keeps its
 * width where another font is taken. */
static void
append_label (GString *svg, const RscLabel *label, double x, double y, guint32 first_rgb, guint32 rest_rgb)
{
  gsize n_lines;
  const RscLabelLine *lines = rsc_label_get_lines (label, &n_lines);

  for (gsize l = 0; l < n_lines; l++)
    {
      if (lines[l].length == 0)
        continue;
      g_string_append (svg, "<text");
      append_attribute (svg, "x", x + lines[l].x + lines[l].width / 2);
      append_attribute (svg, "y", y + lines[l].baseline);
      append_attribute (svg, "font-size", rsc_label_get_font_size (label));
      if (lines[l].bold)
        g_string_append (svg, " font-weight=\"bold\"");
      append_color (svg, "fill", l == 0 ? first_rgb : rest_rgb);
      append_attribute (svg, "textLength", lines[l].width);
      g_string_append (svg, " lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\">");
      append_escaped (svg, lines[l].text, lines[l].length);
      g_string_append (svg, "</text>\n");
    }
}

static void
append_badge (GString *svg, const RscSceneNode *node, const RscNodeStyle *style)
{
  g_autoptr(RscLabel) label = rsc_label_new (rsc_label_context_get_for_thread (), RSC_LABEL_BADGE, style->badge);
  RscBadgeBox box;

  rsc_badge_box_get (node, label, &box);
  g_string_append (svg, "<rect");
  append_attribute (svg, "x", box.x);
  append_attribute (svg, "y", box.y);
  append_attribute (svg, "width", box.width);
  append_attribute (svg, "height", box.height);
  append_attribute (svg, "rx", box.height / 2);
  append_color (svg, "fill", style->badge_fill);
  g_string_append (svg, "/>\n");
  append_label (svg, label, box.x + box.width / 2, box.y + box.height / 2, style->badge_text, style->badge_text);
}

static void
append_node (GString *svg, RscScene *scene, gsize index, RscOverlay *overlay, RscTheme theme, gboolean with_id)
{
  const RscSceneNode *node = &rsc_scene_get_nodes (scene, NULL)[index];
  const RscGraphNode *graph_node = &rsc_graph_get_nodes (rsc_scene_get_graph (scene), NULL)[index];
  RscNodeStyle style;

  rsc_style_get_node (&style, scene, index, overlay, theme);
  g_string_append (svg, "<g class=\"node\"");
  if (with_id)
    {
      g_string_append (svg, " id=\"");
      append_escaped (svg, graph_node->id, strlen (graph_node->id));
      g_string_append_c (svg, '"');
    }
  if (style.opacity < 1)
    append_attribute (svg, "opacity", style.opacity);
  g_string_append (svg, ">\n");
  append_title (svg, graph_node->label);
  if (style.ring)
    {
      append_outline (svg, node, style.shape, -RSC_RING_GAP - style.stroke_width);
      g_string_append (svg, " fill=\"none\"");
      append_color (svg, "stroke", style.ring_rgb);
      append_attribute (svg, "stroke-width", 2.4);
      g_string_append (svg, "/>\n");
    }
  append_outline (svg, node, style.shape, 0);
  append_color (svg, "fill", style.fill);
  if (style.pattern == RSC_PATTERN_NONE)
    {
      append_color (svg, "stroke", style.stroke);
      append_attribute (svg, "stroke-width", style.stroke_width);
      append_dashes (svg, style.line, style.stroke_width);
    }
  g_string_append (svg, "/>\n");
  if (style.pattern != RSC_PATTERN_NONE)
    {
      append_outline (svg, node, style.shape, 0);
      g_string_append_printf (svg, " fill=\"url(#%s)\"", style.pattern == RSC_PATTERN_HATCH ? "hatch" : "dots");
      append_color (svg, "stroke", style.stroke);
      append_attribute (svg, "stroke-width", style.stroke_width);
      append_dashes (svg, style.line, style.stroke_width);
      g_string_append (svg, "/>\n");
    }
  if (style.double_border)
    {
      append_outline (svg, node, style.shape, RSC_DOUBLE_GAP);
      g_string_append (svg, " fill=\"none\"");
      append_color (svg, "stroke", style.stroke);
      append_attribute (svg, "stroke-width", MAX (style.stroke_width / 2, 0.8));
      append_dashes (svg, style.line, style.stroke_width);
      g_string_append (svg, "/>\n");
    }
  append_label (svg, node->label, node->x + node->width / 2, node->y + node->height / 2, style.title, style.text);
  if (style.badge != NULL)
    append_badge (svg, node, &style);
  g_string_append (svg, "</g>\n");
}

static void
append_point (GString *svg, char command, RscPoint point)
{
  if (command != '\0')
    g_string_append_c (svg, command);
  append_number (svg, point.x);
  g_string_append_c (svg, ',');
  append_number (svg, point.y);
  g_string_append_c (svg, ' ');
}

static void
append_edge_title (GString *svg, RscScene *scene, const RscGraphEdge *edge)
{
  const RscGraphNode *nodes = rsc_graph_get_nodes (rsc_scene_get_graph (scene), NULL);
  g_autofree char *source = g_strndup (nodes[edge->source].label, strcspn (nodes[edge->source].label, "\n"));
  g_autofree char *target = g_strndup (nodes[edge->target].label, strcspn (nodes[edge->target].label, "\n"));
  g_autofree char *title = edge->label != NULL && edge->label[0] != '\0'
                             ? g_strdup_printf ("%s → %s: %s", source, target, edge->label)
                             : g_strdup_printf ("%s → %s", source, target);

  append_title (svg, title);
}

static void
append_edge (GString *svg, RscScene *scene, gsize index, RscOverlay *overlay, RscTheme theme)
{
  const RscThemeColors *colors = rsc_theme_get_colors (theme);
  const RscSceneEdge *edge = &rsc_scene_get_edges (scene, NULL)[index];
  const RscGraphEdge *graph_edge = &rsc_graph_get_edges (rsc_scene_get_graph (scene), NULL)[index];
  gsize last = edge->n_points - 1;
  RscEdgeStyle style;
  RscArrow arrow;

  rsc_style_get_edge (&style, scene, index, overlay, theme);
  rsc_bezier_get_arrow (edge->points, edge->n_points, RSC_ARROW_LENGTH + style.width, RSC_ARROW_WIDTH + style.width, &arrow);
  g_string_append (svg, "<g class=\"edge\"");
  if (style.opacity < 1)
    append_attribute (svg, "opacity", style.opacity);
  g_string_append (svg, ">\n");
  append_edge_title (svg, scene, graph_edge);
  g_string_append (svg, "<path d=\"");
  append_point (svg, 'M', edge->points[0]);
  for (gsize p = 1; p <= last; p++)
    append_point (svg, p == 1 ? 'C' : '\0', p == last ? arrow.base : edge->points[p]);
  g_string_append (svg, "\" fill=\"none\"");
  append_color (svg, "stroke", style.stroke);
  append_attribute (svg, "stroke-width", style.width);
  append_dashes (svg, style.line, style.width);
  g_string_append (svg, "/>\n<path d=\"");
  append_point (svg, 'M', arrow.tip);
  append_point (svg, 'L', arrow.left);
  append_point (svg, 'L', arrow.right);
  g_string_append (svg, "Z\"");
  if (style.hollow_arrow)
    {
      g_string_append (svg, " fill=\"none\"");
      append_color (svg, "stroke", style.stroke);
      append_attribute (svg, "stroke-width", style.width);
      g_string_append (svg, " stroke-linejoin=\"round\"");
    }
  else
    append_color (svg, "fill", style.stroke);
  g_string_append (svg, "/>\n");
  if (edge->label != NULL)
    {
      double width, height;

      rsc_label_get_size (edge->label, &width, &height);
      g_string_append (svg, "<rect");
      append_attribute (svg, "x", edge->label_x - width / 2 - 1.5);
      append_attribute (svg, "y", edge->label_y - height / 2);
      append_attribute (svg, "width", width + 3);
      append_attribute (svg, "height", height);
      append_attribute (svg, "rx", 3);
      append_color (svg, "fill", colors->background);
      g_string_append (svg, " fill-opacity=\"0.82\"/>\n");
      append_label (svg, edge->label, edge->label_x, edge->label_y, style.text, style.text);
    }
  g_string_append (svg, "</g>\n");
}

static void
append_patterns (GString *svg, guint32 rgb)
{
  g_string_append_printf (svg,
    "<defs>\n"
    "<pattern id=\"hatch\" width=\"4.95\" height=\"4.95\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">"
    "<path d=\"M2.475,0 V4.95\" stroke=\"#%06x\" stroke-opacity=\"0.22\" stroke-width=\"1.2\"/></pattern>\n"
    "<pattern id=\"dots\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\">"
    "<circle cx=\"3.5\" cy=\"3.5\" r=\"0.8\" fill=\"#%06x\" fill-opacity=\"0.35\"/></pattern>\n"
    "</defs>\n", rgb, rgb);
}

void
rsc_svg_begin (GString *svg, double width, double height, RscTheme theme)
{
  const RscThemeColors *colors = rsc_theme_get_colors (theme);

  g_string_append (svg, "<svg xmlns=\"http://www.w3.org/2000/svg\"");
  append_attribute (svg, "width", width);
  append_attribute (svg, "height", height);
  g_string_append (svg, " viewBox=\"0 0 ");
  append_number (svg, width);
  g_string_append_c (svg, ' ');
  append_number (svg, height);
  g_string_append_printf (svg, "\" font-family=\"%s, sans-serif\" text-anchor=\"middle\">\n", rsc_label_get_families ());
  append_title (svg, _("Reference graph"));
  g_string_append (svg, "<rect width=\"100%\" height=\"100%\"");
  append_color (svg, "fill", colors->background);
  g_string_append (svg, "/>\n");
}

void
rsc_svg_append_patterns (GString *svg, RscTheme theme)
{
  append_patterns (svg, rsc_theme_get_colors (theme)->danger);
}

void
rsc_svg_append_scene (GString *svg, RscScene *scene, RscOverlay *overlay, RscTheme theme, gboolean with_ids)
{
  gsize n_nodes, n_edges;

  rsc_scene_get_nodes (scene, &n_nodes);
  rsc_scene_get_edges (scene, &n_edges);
  for (gsize e = 0; e < n_edges; e++)
    append_edge (svg, scene, e, overlay, theme);
  for (gsize i = 0; i < n_nodes; i++)
    append_node (svg, scene, i, overlay, theme, with_ids);
}

void
rsc_svg_append_escaped (GString *svg, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);

  append_escaped (svg, valid, strlen (valid));
}

char *
rsc_svg_write (RscScene *scene, RscOverlay *overlay, RscTheme theme)
{
  GString *svg = g_string_new ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
  double width, height;

  rsc_scene_get_size (scene, &width, &height);
  rsc_svg_begin (svg, width, height, theme);
  rsc_svg_append_patterns (svg, theme);
  rsc_svg_append_scene (svg, scene, overlay, theme, TRUE);
  g_string_append (svg, "</svg>\n");
  return g_string_free (svg, FALSE);
}
