#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-graph-list.h"

#include "rsc-list-filler.h"
#include "rsc-number.h"
#include "rsc-object-item.h"
#include "rsc-template.h"

struct _RscGraphList
{
  GtkWidget parent_instance;

  RscSession *session;
  GListStore *items;
  GtkSingleSelection *selection;
  gboolean selecting; /* we set it, not the user */
  /* What the list was filled with. */
  RscScene *scene;
  RscOverlay *overlay;

  /* Template */
  GtkStack *stack;
  GtkLabel *title;
  GtkListView *view;
};

enum
{
  FOLD_ACTIVATED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RscGraphList, rsc_graph_list, GTK_TYPE_WIDGET)

/* "start, → 2, ← 1, freed" */
static char *
dup_note (RscScene *scene, RscOverlay *overlay, gsize index, const guint *n_out, const guint *n_in)
{
  gsize n_nodes;
  const RscGraphNode *node = &rsc_graph_get_nodes (rsc_scene_get_graph (scene), &n_nodes)[index];
  GString *note;

  if (node->kind != RSC_GRAPH_NODE_OBJECT)
    return g_strdelimit (g_strdup (node->label), "\n", ' ');

  note = g_string_new (NULL);
  if (node->is_start)
    g_string_append (note, _("start"));
  if (n_out[index] > 0)
    {
      g_autofree char *number = rsc_number_dup (n_out[index]);

      g_string_append_printf (note, "%s→ %s", note->len > 0 ? ", " : "", number);
    }
  if (n_in[index] > 0)
    {
      g_autofree char *number = rsc_number_dup (n_in[index]);

      g_string_append_printf (note, "%s← %s", note->len > 0 ? ", " : "", number);
    }
  if (overlay != NULL && rsc_overlay_get_state (overlay, node->node) != RSC_STATE_NONE)
    g_string_append_printf (note, "%s%s", note->len > 0 ? ", " : "", rsc_state_get_label (rsc_overlay_get_state (overlay, node->node)));
  if (node->highlighted)
    g_string_append_printf (note, "%s%s", note->len > 0 ? ", " : "", _("highlighted"));

  return g_string_free (note, FALSE);
}

/* For each node the reference by which the walk came to it, -1 for none. */
static int *
find_ways (const RscGraphNode *nodes, gsize n_nodes, const RscGraphEdge *edges, gsize n_edges)
{
  int *ways = g_new (int, n_nodes);

  for (gsize i = 0; i < n_nodes; i++)
    ways[i] = -1;
  for (gsize i = 0; i < n_edges; i++)
    {
      guint32 source = edges[i].source, target = edges[i].target;
      guint32 deeper;

      /* A fold stands as deep as what it belongs to. */
      if (nodes[source].kind != RSC_GRAPH_NODE_OBJECT || nodes[source].depth > nodes[target].depth)
        deeper = source;
      else if (nodes[target].kind != RSC_GRAPH_NODE_OBJECT || nodes[target].depth > nodes[source].depth)
        deeper = target;
      else
        continue;
      if (ways[deeper] < 0)
        ways[deeper] = (int) i;
    }

  return ways;
}

/* "depth 1, referred to as “other” by Pair, 2 references, 1 referrer, freed" */
static char *
dup_spoken (RscGraph *graph, RscOverlay *overlay, guint32 index, int way, guint n_out, guint n_in)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func (g_free);
  gsize n_nodes, n_edges;
  const RscGraphNode *nodes = rsc_graph_get_nodes (graph, &n_nodes);
  const RscGraphNode *node = &nodes[index];
  gboolean swap = rsc_view_get_params (rsc_graph_get_view (graph))->swap;
  const RscGraphEdge *edge = way >= 0 ? &rsc_graph_get_edges (graph, &n_edges)[way] : NULL;
  g_autofree char *end = NULL;

  if (edge != NULL)
    end = rsc_node_dup_title (rsc_graph_get_snapshot (graph), nodes[edge->source == index ? edge->target : edge->source].node);

  if (node->kind != RSC_GRAPH_NODE_OBJECT)
    {
      g_autofree char *label = g_strdelimit (g_strdup (node->label), "\n", ' ');

      if (end != NULL && node->kind == RSC_GRAPH_NODE_FOLD && (edge->source == index) == swap)
        {
          g_autofree char *by = g_strdup_printf (_("referred to by %s"), end);

          return g_strjoin (", ", label, by, NULL);
        }

      /* Translators: "5 more referrers of list [1, 2, 3]" */
      return end != NULL ? g_strdup_printf (_("%s of %s"), label, end) : g_steal_pointer (&label);
    }

  if (node->is_start)
    g_ptr_array_add (parts, g_strdup (_("start")));
  else
    /* Translators: how many references it is away from the start */
    g_ptr_array_add (parts, g_strdup_printf (_("depth %u"), node->depth));
  if (edge != NULL)
    {
      gboolean refers = (edge->source == index) != swap;

      if (edge->kind == RSC_GRAPH_EDGE_BRIDGE)
        /* Translators: there are objects between the two that are not drawn */
        g_ptr_array_add (parts, g_strdup_printf (refers ? _("refers over hidden objects to %s") : _("referred to over hidden objects by %s"), end));
      else if (*edge->label == '\0')
        g_ptr_array_add (parts, g_strdup_printf (refers ? _("refers to %s") : _("referred to by %s"), end));
      else
        /* Translators: the first is the reference's label: a name or "[0]" */
        g_ptr_array_add (parts, g_strdup_printf (refers ? _("refers as %s to %s") : _("referred to as %s by %s"), edge->label, end));
    }
  /* They were counted as they are drawn. */
  if (swap)
    {
      guint n = n_out;

      n_out = n_in;
      n_in = n;
    }
  if (n_out > 0)
    g_ptr_array_add (parts, g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%u reference", "%u references", n_out), n_out));
  if (n_in > 0)
    g_ptr_array_add (parts, g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%u referrer", "%u referrers", n_in), n_in));
  if (overlay != NULL && rsc_overlay_get_state (overlay, node->node) != RSC_STATE_NONE)
    g_ptr_array_add (parts, g_strdup (rsc_state_get_label (rsc_overlay_get_state (overlay, node->node))));
  if (node->highlighted)
    g_ptr_array_add (parts, g_strdup (_("highlighted")));
  g_ptr_array_add (parts, NULL);

  return g_strjoinv (", ", (char **) parts->pdata);
}

static void
show_selected (RscGraphList *self)
{
  RscNode selected = rsc_session_get_selected (self->session);
  guint position = GTK_INVALID_LIST_POSITION;
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->items));

  for (guint i = 0; i < n && selected != RSC_NODE_NONE; i++)
    {
      g_autoptr (RscObjectItem) item = g_list_model_get_item (G_LIST_MODEL (self->items), i);

      if (rsc_object_item_get_node (item) == selected && !rsc_list_is_old (self->items, i))
        {
          position = i;
          break;
        }
    }

  self->selecting = TRUE;
  gtk_single_selection_set_selected (self->selection, position);
  self->selecting = FALSE;
}

static void
keep_filled (RscGraphList *self, RscScene *scene, RscOverlay *overlay)
{
  g_clear_pointer (&self->scene, rsc_scene_unref);
  g_clear_pointer (&self->overlay, rsc_overlay_unref);
  if (scene != NULL)
    self->scene = rsc_scene_ref (scene);
  if (overlay != NULL)
    self->overlay = rsc_overlay_ref (overlay);
}

static void
fill (RscGraphList *self)
{
  RscScene *scene = rsc_session_get_scene (self->session);
  RscOverlay *overlay = rsc_session_get_overlay (self->session);
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);
  g_autofree guint *n_out = NULL;
  g_autofree guint *n_in = NULL;
  g_autofree int *ways = NULL;
  g_autofree char *title = NULL;
  g_autofree char *objects = NULL;
  g_autofree char *references = NULL;
  RscGraph *graph;
  const RscGraphNode *nodes;
  const RscGraphEdge *edges;
  gsize n_nodes, n_edges, n_objects = 0;

  if (scene == NULL)
    {
      gtk_stack_set_visible_child_name (self->stack, "nothing");
      return;
    }

  graph = rsc_scene_get_graph (scene);
  if (overlay != NULL && rsc_overlay_get_snapshot (overlay) != rsc_graph_get_snapshot (graph))
    overlay = NULL;
  /* Each picture says that there may be another overlay. */
  if (scene == self->scene && overlay == self->overlay)
    return;

  keep_filled (self, scene, overlay);
  nodes = rsc_graph_get_nodes (graph, &n_nodes);
  edges = rsc_graph_get_edges (graph, &n_edges);
  n_out = g_new0 (guint, n_nodes);
  n_in = g_new0 (guint, n_nodes);
  for (gsize i = 0; i < n_edges; i++)
    if (edges[i].kind == RSC_GRAPH_EDGE_REFERENCE)
      {
        n_out[edges[i].source]++;
        n_in[edges[i].target]++;
      }

  ways = find_ways (nodes, n_nodes, edges, n_edges);

  for (gsize i = 0; i < n_nodes; i++)
    {
      g_autofree char *note = dup_note (scene, overlay, i, n_out, n_in);
      RscNode node = nodes[i].kind == RSC_GRAPH_NODE_OBJECT ? nodes[i].node : RSC_NODE_NONE;
      RscObjectItem *item = rsc_object_item_new (rsc_graph_get_snapshot (graph), node, NULL, *note != '\0' ? note : NULL);

      n_objects += nodes[i].kind == RSC_GRAPH_NODE_OBJECT;
      rsc_object_item_set_index (item, (int) i);
      rsc_object_item_take_spoken (item, dup_spoken (graph, overlay, (guint32) i, ways[i], n_out[i], n_in[i]));
      g_ptr_array_add (items, item);
    }

  self->selecting = TRUE;
  rsc_list_fill (self->items, GTK_WIDGET (self->view), items);
  self->selecting = FALSE;

  objects = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%u object", "%u objects", n_objects), (guint) n_objects);
  references = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%u reference", "%u references", n_edges), (guint) n_edges);
  /* Translators: "12 objects, 15 references" are drawn */
  title = g_strdup_printf (_("%s, %s"), objects, references);
  gtk_label_set_text (self->title, title);
  gtk_stack_set_visible_child_name (self->stack, "list");
  show_selected (self);
}

/* The selected one may be among those that came. */
static void
on_items_changed (RscGraphList *self)
{
  if (!self->selecting && self->session != NULL)
    show_selected (self);
}

static void
on_selected_changed (RscGraphList *self)
{
  if (!self->selecting)
    show_selected (self);
}

static void
on_row_selected (RscGraphList *self)
{
  RscObjectItem *item;

  if (self->selecting)
    return;

  item = gtk_single_selection_get_selected_item (self->selection);
  if (item == NULL || rsc_object_item_get_node (item) == RSC_NODE_NONE ||
      rsc_list_is_old (self->items, gtk_single_selection_get_selected (self->selection)))
    return;

  self->selecting = TRUE;
  rsc_session_select (self->session, rsc_object_item_get_node (item));
  self->selecting = FALSE;
}

static void
on_activated (RscGraphList *self, guint position)
{
  g_autoptr (RscObjectItem) item = g_list_model_get_item (G_LIST_MODEL (self->items), position);
  RscScene *scene = rsc_session_get_scene (self->session);
  const RscGraphNode *nodes;
  gsize n_nodes;
  RscNode node;

  if (item == NULL || scene == NULL || rsc_list_is_old (self->items, position))
    return;

  nodes = rsc_graph_get_nodes (rsc_scene_get_graph (scene), &n_nodes);
  if ((gsize) rsc_object_item_get_index (item) >= n_nodes)
    return;
  node = rsc_object_item_get_node (item);
  if (node != RSC_NODE_NONE)
    rsc_session_draw_objects (self->session, &node, 1);
  else if (nodes[rsc_object_item_get_index (item)].kind == RSC_GRAPH_NODE_FOLD)
    g_signal_emit (self, signals[FOLD_ACTIVATED], 0, (guint) rsc_object_item_get_index (item));
}

void
rsc_graph_list_set_session (RscGraphList *self, RscSession *session)
{
  g_return_if_fail (self->session == NULL);

  self->session = g_object_ref (session);
  g_signal_connect_object (session, "notify::scene", G_CALLBACK (fill), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::overlay", G_CALLBACK (fill), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::selected", G_CALLBACK (on_selected_changed), self, G_CONNECT_SWAPPED);
  fill (self);
}

static void
rsc_graph_list_dispose (GObject *object)
{
  RscGraphList *self = RSC_GRAPH_LIST (object);

  self->selecting = TRUE;
  keep_filled (self, NULL, NULL);
  g_clear_object (&self->session);
  g_clear_object (&self->items);
  g_clear_object (&self->selection);
  rsc_template_dispose (GTK_WIDGET (self), RSC_TYPE_GRAPH_LIST);

  G_OBJECT_CLASS (rsc_graph_list_parent_class)->dispose (object);
}

static void
rsc_graph_list_class_init (RscGraphListClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rsc_graph_list_dispose;

  signals[FOLD_ACTIVATED] = g_signal_new ("fold-activated", RSC_TYPE_GRAPH_LIST, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 1, G_TYPE_UINT);

  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/refscope/Refscope/ui/rsc-graph-list.ui");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_bind_template_child (widget_class, RscGraphList, stack);
  gtk_widget_class_bind_template_child (widget_class, RscGraphList, title);
  gtk_widget_class_bind_template_child (widget_class, RscGraphList, view);
  gtk_widget_class_bind_template_callback (widget_class, on_activated);
}

static void
rsc_graph_list_init (RscGraphList *self)
{
  g_autoptr (GtkListItemFactory) factory = rsc_object_item_factory_new ();

  gtk_widget_init_template (GTK_WIDGET (self));

  self->items = g_list_store_new (RSC_TYPE_OBJECT_ITEM);
  self->selection = gtk_single_selection_new (g_object_ref (G_LIST_MODEL (self->items)));
  gtk_single_selection_set_autoselect (self->selection, FALSE);
  gtk_single_selection_set_can_unselect (self->selection, TRUE);
  gtk_list_view_set_factory (self->view, factory);
  gtk_list_view_set_model (self->view, GTK_SELECTION_MODEL (self->selection));
  /* After the selection's own, which counts its position from them. */
  g_signal_connect_object (self->items, "items-changed", G_CALLBACK (on_items_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->selection, "notify::selected", G_CALLBACK (on_row_selected), self, G_CONNECT_SWAPPED);
}
