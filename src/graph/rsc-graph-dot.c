/* DOT text: byte for byte objgraph's with its rules, else Refscope's own. */
#include "base/rsc-character.h"

#include "rsc-graph-private.h"

/* objgraph's _quote() */
static void
append_quoted (GString *dot, const char *text)
{
  for (const char *p = text; *p != '\0'; p++)
    switch (*p)
      {
      case '\\':
        g_string_append (dot, "\\\\");
        break;
      case '"':
        g_string_append (dot, "\\\"");
        break;
      case '\n':
        g_string_append (dot, "\\n");
        break;
      default:
        g_string_append_c (dot, *p);
      }
}

static void
append_printable (GString *dot, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  g_autoptr(GString) printable = g_string_new (NULL);

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      g_string_append_unichar (printable, rsc_character_is_printable (c) ? c : RSC_CHARACTER_REPLACEMENT);
    }
  append_quoted (dot, printable->str);
}

/* "%g,%g,%g" in the C locale */
static void
append_hsv (GString *dot, RscHsv color)
{
  char h[G_ASCII_DTOSTR_BUF_SIZE], s[G_ASCII_DTOSTR_BUF_SIZE], v[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_printf (dot, "%s,%s,%s",
                          g_ascii_formatd (h, sizeof h, "%g", color.h),
                          g_ascii_formatd (s, sizeof s, "%g", color.s),
                          g_ascii_formatd (v, sizeof v, "%g", color.v));
}

static const RscGraphNode *
get_node (RscGraph *graph, gsize index)
{
  return &g_array_index (graph->nodes, RscGraphNode, index);
}

/* objgraph's */

static void
append_objgraph_fold (GString *dot, RscGraph *graph, const RscGraphEdge *edge, guint max_depth)
{
  const RscGraphNode *source = get_node (graph, edge->source);
  const RscGraphNode *target = get_node (graph, edge->target);
  const RscGraphNode *box = source->kind == RSC_GRAPH_NODE_OBJECT ? target : source;

  g_string_append_printf (dot, "  %s->%s[color=red,style=dotted,len=0.25,weight=10];\n", source->id, target->id);
  if (box->kind == RSC_GRAPH_NODE_FINALIZER)
    {
      g_string_append_printf (dot, "  %s[label=\"__del__\",shape=doublecircle,height=0.25,color=red,"
                                   "fillcolor=\"0,.5,1\",fontsize=6];\n", box->id);
      return;
    }
  g_string_append_printf (dot, "  %s[label=\"", box->id);
  append_quoted (dot, box->label);
  g_string_append (dot, "\",shape=box,height=0.25,color=red,fillcolor=\"");
  append_hsv (dot, rsc_graph_objgraph_fold_fill (box->depth, max_depth));
  g_string_append_printf (dot, "\",fontsize=6];\n  %s[fontcolor=white];\n", box->id);
}

static void
append_objgraph_edge (GString *dot, RscGraph *graph, const RscGraphEdge *edge)
{
  g_string_append_printf (dot, "  %s -> %s", get_node (graph, edge->source)->id, get_node (graph, edge->target)->id);
  if (*edge->label != '\0' || edge->weight > 1)
    {
      g_string_append (dot, " [label=\"");
      append_quoted (dot, edge->label);
      g_string_append_c (dot, '"');
      if (edge->weight > 1)
        g_string_append_printf (dot, ",weight=%u", edge->weight);
      g_string_append_c (dot, ']');
    }
  g_string_append (dot, ";\n");
}

static void
append_objgraph_node (GString *dot, const RscGraphNode *node, guint max_depth)
{
  RscHsv fill = rsc_graph_objgraph_fill (node->depth, max_depth, node->is_module, node->highlighted);

  g_string_append_printf (dot, "  %s[label=\"", node->id);
  append_quoted (dot, node->label);
  g_string_append_printf (dot, "\"];\n  %s[fillcolor=\"", node->id);
  append_hsv (dot, fill);
  g_string_append (dot, "\"];\n");
  if (fill.v < 0.5)
    g_string_append_printf (dot, "  %s[fontcolor=white];\n", node->id);
}

/* As the walk went: each object, then what was drawn from it. */
static void
append_objgraph (GString *dot, RscGraph *graph)
{
  const RscViewParams *params = rsc_view_get_params (graph->view);
  guint edge_index = 0;

  g_string_append (dot, "digraph ObjectGraph {\n  node[shape=box, style=filled, fillcolor=white];\n");
  for (gsize i = 0; i < params->n_objects; i++)
    {
      gssize index = rsc_graph_find (graph, params->objects[i]);

      /* Not all are drawn where max_nodes holds. */
      if (index >= 0)
        g_string_append_printf (dot, "  %s[fontcolor=red];\n", get_node (graph, index)->id);
    }
  for (guint i = 0; i < graph->queue->len; i++)
    {
      append_objgraph_node (dot, get_node (graph, g_array_index (graph->queue, guint32, i)), params->max_depth);
      for (; edge_index < graph->edges->len && g_array_index (graph->owners, guint32, edge_index) == i; edge_index++)
        {
          const RscGraphEdge *edge = &g_array_index (graph->edges, RscGraphEdge, edge_index);

          if (edge->kind == RSC_GRAPH_EDGE_FOLD)
            append_objgraph_fold (dot, graph, edge, params->max_depth);
          else
            append_objgraph_edge (dot, graph, edge);
        }
    }
  g_string_append (dot, "}\n");
}

/* Refscope's own */

static void
append_own_node (GString *dot, const RscGraphNode *node)
{
  g_string_append_printf (dot, "  %s[label=\"", node->id);
  append_printable (dot, node->label);
  g_string_append_printf (dot, "\",fillcolor=\"#%06x\",fontcolor=\"#%06x\"", node->fill, node->font);
  switch (node->kind)
    {
    case RSC_GRAPH_NODE_FOLD:
      g_string_append (dot, ",height=0.25,color=\"#9b1a28\",fontsize=9,style=\"filled,rounded,dashed\"");
      break;
    case RSC_GRAPH_NODE_FINALIZER:
      g_string_append (dot, ",shape=doublecircle,height=0.25,color=\"#9b1a28\",fontsize=6,style=filled");
      break;
    case RSC_GRAPH_NODE_OBJECT:
    default:
      if (node->is_start)
        g_string_append (dot, ",penwidth=3");
    }
  g_string_append (dot, "];\n");
}

static void
append_own_edge (GString *dot, RscGraph *graph, const RscGraphEdge *edge)
{
  g_string_append_printf (dot, "  %s -> %s [label=\"", get_node (graph, edge->source)->id,
                          get_node (graph, edge->target)->id);
  append_printable (dot, edge->label);
  g_string_append_c (dot, '"');
  if (edge->weight > 1)
    g_string_append_printf (dot, ",weight=%u", edge->weight);
  if (edge->kind == RSC_GRAPH_EDGE_FOLD)
    g_string_append (dot, ",style=dotted,color=\"#9b1a28\"");
  else if (edge->kind == RSC_GRAPH_EDGE_BRIDGE || (edge->edge_kind & RSC_EDGE_WEAK))
    g_string_append (dot, ",style=dashed");
  g_string_append (dot, "];\n");
}

static void
append_own (GString *dot, RscGraph *graph)
{
  g_string_append (dot, "digraph ObjectGraph {\n"
                        "  node[shape=box, style=\"filled,rounded\", fillcolor=white, fontname=\"sans-serif\", fontsize=11];\n"
                        "  edge[fontname=\"sans-serif\", fontsize=9];\n");
  for (guint i = 0; i < graph->nodes->len; i++)
    append_own_node (dot, get_node (graph, i));
  for (guint i = 0; i < graph->edges->len; i++)
    append_own_edge (dot, graph, &g_array_index (graph->edges, RscGraphEdge, i));
  g_string_append (dot, "}\n");
}

char *
rsc_graph_to_dot (RscGraph *self)
{
  GString *dot = g_string_new (NULL);

  if (rsc_view_get_params (self->view)->objgraph)
    append_objgraph (dot, self);
  else
    append_own (dot, self);
  return g_string_free (dot, FALSE);
}
