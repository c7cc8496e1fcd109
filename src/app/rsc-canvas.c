#include "config.h"

#include "rsc-canvas-private.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "base/rsc-census.h"
#include "rsc-picture.h"

G_DEFINE_FINAL_TYPE (RscCanvas, rsc_canvas, GTK_TYPE_WIDGET)

enum
{
  PROP_0,
  PROP_SCENE,
  PROP_OVERLAY,
  PROP_THEME,
  PROP_SELECTED_NODE,
  PROP_SELECTED_EDGE,
  PROP_ZOOM,
  PROP_HIGHLIGHT_NEIGHBOURS,
  N_PROPERTIES
};

enum
{
  NODE_SELECTED,
  NODE_ACTIVATED,
  FOLD_ACTIVATED,
  EDGE_SELECTED,
  HOVER_CHANGED,
  CONTEXT_MENU,
  ZOOM_CHANGED,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPERTIES];
static guint signals[N_SIGNALS];

static gsize
get_n_nodes (RscCanvas *self)
{
  gsize n = 0;

  if (self->scene != NULL)
    rsc_scene_get_nodes (self->scene, &n);
  return n;
}

static gsize
get_n_edges (RscCanvas *self)
{
  gsize n = 0;

  if (self->scene != NULL)
    rsc_scene_get_edges (self->scene, &n);
  return n;
}

static void
forget_marks (RscCanvas *self)
{
  g_clear_pointer (&self->marks, gsk_render_node_unref);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

/* Colours or states changed: the same places, painted anew. */
static void
repaint (RscCanvas *self)
{
  forget_marks (self);
  if (self->moving_nodes != NULL)
    g_hash_table_remove_all (self->moving_nodes);
  rsc_canvas_renew_tiles (self);
  rsc_canvas_renew_overview (self);
}

void
rsc_canvas_viewport_moved (RscCanvas *self, gboolean zoom_changed)
{
  forget_marks (self);
  if (zoom_changed)
    {
      /* Their pictures were made for the zoom before. */
      if (self->moving_nodes != NULL)
        g_hash_table_remove_all (self->moving_nodes);
      rsc_canvas_settle_later (self);
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ZOOM]);
      g_signal_emit (self, signals[ZOOM_CHANGED], 0);
    }
  if (self->tiles != NULL && rsc_tiles_get_zoom (self->tiles) == self->viewport.zoom)
    rsc_tiles_want (self->tiles, rsc_viewport_get_sight (&self->viewport));
}

void
rsc_canvas_viewport_changed (RscCanvas *self, gboolean zoom_changed)
{
  self->fly_start = 0;
  self->fitted = FALSE;
  rsc_canvas_viewport_moved (self, zoom_changed);
}

/* Scene */

static gssize
find_start (RscScene *scene)
{
  gsize n;
  const RscGraphNode *nodes = rsc_graph_get_nodes (rsc_scene_get_graph (scene), &n);

  for (gsize i = 0; i < n; i++)
    if (nodes[i].is_start)
      return (gssize) i;
  return n > 0 ? 0 : -1;
}

static RscPoint
get_center (RscScene *scene, gssize node)
{
  const RscSceneNode *nodes = rsc_scene_get_nodes (scene, NULL);

  if (node < 0)
    return (RscPoint) { 0, 0 };
  return (RscPoint) { nodes[node].x + nodes[node].width / 2, nodes[node].y + nodes[node].height / 2 };
}

static void
show_first_view (RscCanvas *self)
{
  if (self->scene == NULL || self->viewport.width <= 0)
    {
      self->needs_first_view = TRUE;
      return;
    }
  self->needs_first_view = FALSE;
  rsc_viewport_first (&self->viewport, get_center (self->scene, find_start (self->scene)));
  self->fitted = self->viewport.zoom == rsc_viewport_get_fit_zoom (&self->viewport);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ZOOM]);
  g_signal_emit (self, signals[ZOOM_CHANGED], 0);
}

/* At once where it was to end. */
static void
stop_flying (RscCanvas *self)
{
  if (self->fly_start == 0)
    return;
  self->viewport = self->fly_to;
  self->fly_start = 0;
}

static gboolean
is_in_sight (RscCanvas *self, gssize node)
{
  RscBox box = rsc_viewport_box_to_widget (&self->viewport, &rsc_scene_get_nodes (self->scene, NULL)[node]);

  return box.x >= 0 && box.y >= 0 && box.x + box.width <= self->viewport.width && box.y + box.height <= self->viewport.height;
}

/* Where @old_scene's anchor is, @self's comes; what the picture is about has to
 * be in sight all the same. */
static void
keep_place (RscCanvas *self, RscScene *old_scene, const char *anchor_id, const char *selected_id)
{
  RscPoint middle = rsc_viewport_to_scene (&self->viewport, self->viewport.width / 2, self->viewport.height / 2);
  const char *preferred = anchor_id != NULL && rsc_viewport_find_id (self->scene, anchor_id) >= 0 ? anchor_id : selected_id;
  gssize subject = preferred != NULL ? rsc_viewport_find_id (self->scene, preferred) : -1;
  gsize from, to;

  if (rsc_viewport_choose_anchor (old_scene, self->scene, preferred, middle, &from, &to))
    {
      RscPoint before = get_center (old_scene, (gssize) from), after = get_center (self->scene, (gssize) to);
      RscPoint place = rsc_viewport_to_widget (&self->viewport, before.x, before.y);

      rsc_viewport_put (&self->viewport, after.x, after.y, place.x, place.y);
    }
  else
    {
      RscPoint start = get_center (self->scene, find_start (self->scene));

      rsc_viewport_center_on (&self->viewport, start.x, start.y);
    }
  if (subject < 0)
    subject = find_start (self->scene);
  if (subject >= 0 && !is_in_sight (self, subject))
    rsc_viewport_reveal (&self->viewport, &rsc_scene_get_nodes (self->scene, NULL)[subject]);
  self->fitted = FALSE;
}

static void
update_accessible (RscCanvas *self)
{
  g_autofree char *description = NULL;

  if (self->selected_node >= 0)
    {
      const RscGraphNode *nodes = rsc_graph_get_nodes (rsc_scene_get_graph (self->scene), NULL);

      /* Translators: %s is what is written on the selected node of the graph. */
      description = g_strdup_printf (_("Selected: %s"), nodes[self->selected_node].label);
      g_strdelimit (description, "\n", ' ');
    }
  else
    description = g_strdup_printf (ngettext ("%lu object", "%lu objects", (gulong) get_n_nodes (self)), (gulong) get_n_nodes (self));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, description, -1);
}

/* Borrowed from the scene. */
static const char *
get_id (RscScene *scene, int node)
{
  return scene != NULL && node >= 0 ? rsc_graph_get_nodes (rsc_scene_get_graph (scene), NULL)[node].id : NULL;
}

static void
set_selection (RscCanvas *self, int node, int edge)
{
  gboolean node_changed = node != self->selected_node, edge_changed = edge != self->selected_edge;

  if (!node_changed && !edge_changed)
    return;
  self->selected_node = node;
  self->selected_edge = edge;
  forget_marks (self);
  update_accessible (self);
  if (node_changed)
    {
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SELECTED_NODE]);
      g_signal_emit (self, signals[NODE_SELECTED], 0, node);
    }
  if (edge_changed)
    {
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SELECTED_EDGE]);
      g_signal_emit (self, signals[EDGE_SELECTED], 0, edge);
    }
}

void
rsc_canvas_set_scene (RscCanvas *self, RscScene *scene, const char *anchor_id)
{
  g_autoptr(RscScene) old_scene = NULL;
  const char *selected_id;
  int selected = -1;

  g_return_if_fail (RSC_IS_CANVAS (self));
  if (scene == self->scene)
    return;
  rsc_canvas_stop_moving (self);
  old_scene = g_steal_pointer (&self->scene);
  selected_id = get_id (old_scene, self->selected_node);
  self->scene = scene != NULL ? rsc_scene_ref (scene) : NULL;
  g_array_set_size (self->matches, 0);
  self->hovered_node = self->hovered_edge = -1;
  self->lit_node = self->lit_edge = -1;
  rsc_canvas_drop_tiles (self);
  if (self->overlay != NULL &&
      (scene == NULL || rsc_overlay_get_snapshot (self->overlay) != rsc_graph_get_snapshot (rsc_scene_get_graph (scene))))
    rsc_canvas_set_overlay (self, NULL);
  if (scene != NULL)
    {
      rsc_scene_get_size (scene, &self->viewport.scene_width, &self->viewport.scene_height);
      if (selected_id != NULL)
        selected = (int) rsc_viewport_find_id (scene, selected_id);
      if (old_scene != NULL && !self->needs_first_view && self->viewport.width > 0)
        {
          RscViewport old_viewport;

          stop_flying (self);
          old_viewport = self->viewport;
          keep_place (self, old_scene, anchor_id, selected_id);
          rsc_canvas_start_moving (self, old_scene, &old_viewport);
        }
      else
        show_first_view (self);
    }
  if (selected == self->selected_node)
    self->selected_edge = -1;
  set_selection (self, selected, -1);
  update_accessible (self);
  repaint (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SCENE]);
}

RscScene *
rsc_canvas_get_scene (RscCanvas *self)
{
  g_return_val_if_fail (RSC_IS_CANVAS (self), NULL);
  return self->scene;
}

void
rsc_canvas_set_overlay (RscCanvas *self, RscOverlay *overlay)
{
  g_return_if_fail (RSC_IS_CANVAS (self));
  if (overlay == self->overlay)
    return;
  if (overlay != NULL)
    rsc_overlay_ref (overlay);
  g_clear_pointer (&self->overlay, rsc_overlay_unref);
  self->overlay = overlay;
  repaint (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_OVERLAY]);
}

RscOverlay *
rsc_canvas_get_overlay (RscCanvas *self)
{
  g_return_val_if_fail (RSC_IS_CANVAS (self), NULL);
  return self->overlay;
}

void
rsc_canvas_set_theme (RscCanvas *self, RscTheme theme)
{
  g_return_if_fail (RSC_IS_CANVAS (self));
  if (theme == self->theme)
    return;
  self->theme = theme;
  /* Old colours below new ones would flash. */
  rsc_canvas_drop_tiles (self);
  repaint (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_THEME]);
}

RscTheme
rsc_canvas_get_theme (RscCanvas *self)
{
  g_return_val_if_fail (RSC_IS_CANVAS (self), RSC_THEME_LIGHT);
  return self->theme;
}

void
rsc_canvas_set_highlight_neighbours (RscCanvas *self, gboolean highlight)
{
  g_return_if_fail (RSC_IS_CANVAS (self));
  highlight = highlight != FALSE;
  if (highlight == self->highlight_neighbours)
    return;
  self->highlight_neighbours = highlight;
  forget_marks (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HIGHLIGHT_NEIGHBOURS]);
}

gboolean
rsc_canvas_get_highlight_neighbours (RscCanvas *self)
{
  g_return_val_if_fail (RSC_IS_CANVAS (self), FALSE);
  return self->highlight_neighbours;
}

void
rsc_canvas_set_lit (RscCanvas *self, int node, int edge)
{
  g_return_if_fail (RSC_IS_CANVAS (self));
  g_return_if_fail (node >= -1 && node < (int) get_n_nodes (self));
  g_return_if_fail (edge >= -1 && edge < (int) get_n_edges (self));
  if (node == self->lit_node && edge == self->lit_edge)
    return;
  self->lit_node = node;
  self->lit_edge = edge;
  forget_marks (self);
}

int
rsc_canvas_get_lit_node (RscCanvas *self)
{
  g_return_val_if_fail (RSC_IS_CANVAS (self), -1);
  return self->lit_node;
}

int
rsc_canvas_get_lit_edge (RscCanvas *self)
{
  g_return_val_if_fail (RSC_IS_CANVAS (self), -1);
  return self->lit_edge;
}

void
rsc_canvas_set_matches (RscCanvas *self, const guint *nodes, gsize n_nodes)
{
  g_return_if_fail (RSC_IS_CANVAS (self));
  g_array_set_size (self->matches, 0);
  for (gsize i = 0; i < n_nodes; i++)
    if (nodes[i] < get_n_nodes (self))
      g_array_append_val (self->matches, nodes[i]);
  forget_marks (self);
}

void
rsc_canvas_select_node (RscCanvas *self, int node)
{
  g_return_if_fail (RSC_IS_CANVAS (self));
  g_return_if_fail (node >= -1 && node < (int) get_n_nodes (self));
  set_selection (self, node, -1);
}

int
rsc_canvas_get_selected_node (RscCanvas *self)
{
  g_return_val_if_fail (RSC_IS_CANVAS (self), -1);
  return self->selected_node;
}

void
rsc_canvas_select_edge (RscCanvas *self, int edge)
{
  g_return_if_fail (RSC_IS_CANVAS (self));
  g_return_if_fail (edge >= -1 && edge < (int) get_n_edges (self));
  set_selection (self, -1, edge);
}

int
rsc_canvas_get_selected_edge (RscCanvas *self)
{
  g_return_val_if_fail (RSC_IS_CANVAS (self), -1);
  return self->selected_edge;
}

int
rsc_canvas_get_hovered_node (RscCanvas *self)
{
  g_return_val_if_fail (RSC_IS_CANVAS (self), -1);
  return self->hovered_node;
}

void
rsc_canvas_hover (RscCanvas *self, int node, int edge)
{
  if (node == self->hovered_node && edge == self->hovered_edge)
    return;
  self->hovered_node = node;
  self->hovered_edge = edge;
  gtk_widget_set_cursor_from_name (GTK_WIDGET (self), node >= 0 || edge >= 0 ? "pointer" : NULL);
  forget_marks (self);
  g_signal_emit (self, signals[HOVER_CHANGED], 0, node, edge);
}

void
rsc_canvas_emit_activate (RscCanvas *self, int node)
{
  const RscGraphNode *nodes = rsc_graph_get_nodes (rsc_scene_get_graph (self->scene), NULL);

  g_signal_emit (self, signals[nodes[node].kind == RSC_GRAPH_NODE_FOLD ? FOLD_ACTIVATED : NODE_ACTIVATED], 0, (guint) node);
}

void
rsc_canvas_emit_context_menu (RscCanvas *self, int node, int edge, double x, double y)
{
  g_signal_emit (self, signals[CONTEXT_MENU], 0, node, edge, x, y);
}

void
rsc_canvas_center_on_node (RscCanvas *self, int node)
{
  RscViewport to;
  RscPoint center;

  g_return_if_fail (RSC_IS_CANVAS (self));
  g_return_if_fail (node >= 0 && node < (int) get_n_nodes (self));
  to = self->viewport;
  center = get_center (self->scene, node);
  rsc_viewport_center_on (&to, center.x, center.y);
  rsc_canvas_fly_to (self, &to);
}

void
rsc_canvas_reveal_node (RscCanvas *self, int node)
{
  RscViewport to;

  g_return_if_fail (RSC_IS_CANVAS (self));
  g_return_if_fail (node >= 0 && node < (int) get_n_nodes (self));
  to = self->fly_start != 0 ? self->fly_to : self->viewport;
  rsc_viewport_reveal (&to, &rsc_scene_get_nodes (self->scene, NULL)[node]);
  if (to.x != self->viewport.x || to.y != self->viewport.y)
    rsc_canvas_fly_to (self, &to);
}

double
rsc_canvas_get_zoom (RscCanvas *self)
{
  g_return_val_if_fail (RSC_IS_CANVAS (self), 1);
  return self->viewport.zoom;
}

void
rsc_canvas_set_zoom (RscCanvas *self, double zoom)
{
  RscViewport to;

  g_return_if_fail (RSC_IS_CANVAS (self));
  to = self->viewport;
  rsc_viewport_zoom_at (&to, zoom, to.width / 2, to.height / 2);
  rsc_canvas_fly_to (self, &to);
}

static double
get_target_zoom (RscCanvas *self)
{
  return self->fly_start != 0 ? self->fly_to.zoom : self->viewport.zoom;
}

void
rsc_canvas_zoom_in (RscCanvas *self)
{
  rsc_canvas_set_zoom (self, get_target_zoom (self) * RSC_VIEWPORT_ZOOM_STEP);
}

void
rsc_canvas_zoom_out (RscCanvas *self)
{
  rsc_canvas_set_zoom (self, get_target_zoom (self) / RSC_VIEWPORT_ZOOM_STEP);
}

void
rsc_canvas_fit (RscCanvas *self)
{
  RscViewport to;

  g_return_if_fail (RSC_IS_CANVAS (self));
  if (self->scene == NULL)
    return;
  to = self->viewport;
  rsc_viewport_fit (&to);
  rsc_canvas_fly_to (self, &to);
  self->fitted = TRUE;
}

void
rsc_canvas_show_start (RscCanvas *self)
{
  RscViewport to;

  g_return_if_fail (RSC_IS_CANVAS (self));
  if (self->scene == NULL || self->needs_first_view)
    return;
  to = self->viewport;
  rsc_viewport_first (&to, get_center (self->scene, find_start (self->scene)));
  rsc_canvas_fly_to (self, &to);
  self->fitted = to.zoom == rsc_viewport_get_fit_zoom (&to);
}

gboolean
rsc_canvas_get_node_rect (RscCanvas *self, int node, graphene_rect_t *rect)
{
  RscBox box;

  g_return_val_if_fail (RSC_IS_CANVAS (self), FALSE);
  if (node < 0 || node >= (int) get_n_nodes (self))
    return FALSE;
  box = rsc_viewport_box_to_widget (&self->viewport, &rsc_scene_get_nodes (self->scene, NULL)[node]);
  graphene_rect_init (rect, (float) box.x, (float) box.y, (float) box.width, (float) box.height);
  return TRUE;
}

gboolean
rsc_canvas_is_settled (RscCanvas *self)
{
  g_return_val_if_fail (RSC_IS_CANVAS (self), TRUE);
  if (self->scene == NULL)
    return TRUE;
  return self->fly_start == 0 && self->move_start == 0 && self->settle_id == 0 && self->tiles != NULL &&
         rsc_tiles_get_zoom (self->tiles) == self->viewport.zoom &&
         rsc_tiles_is_complete (self->tiles, rsc_viewport_get_sight (&self->viewport));
}

/* Widget */

static void
rsc_canvas_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  RscCanvas *self = RSC_CANVAS (widget);
  double before = self->viewport.zoom;
  gboolean had_selected;

  /* Menus that were given the canvas as their parent. */
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    if (GTK_IS_POPOVER (child))
      gtk_popover_present (GTK_POPOVER (child));
  if (width == (int) self->viewport.width && height == (int) self->viewport.height)
    return;
  had_selected = self->scene != NULL && self->selected_node >= 0 && is_in_sight (self, self->selected_node);
  rsc_viewport_resize (&self->viewport, width, height);
  /* What is flying ends where it was to, seen from the new size. */
  if (self->fly_start != 0)
    {
      rsc_viewport_resize (&self->fly_to, width, height);
      self->viewport = self->fly_to;
      self->fly_start = 0;
    }
  if (self->needs_first_view)
    show_first_view (self);
  else if (self->fitted && self->scene != NULL)
    rsc_viewport_fit (&self->viewport);
  /* A pane that opens beside the picture does not hide what is looked at. */
  else if (had_selected && !is_in_sight (self, self->selected_node))
    rsc_viewport_reveal (&self->viewport, &rsc_scene_get_nodes (self->scene, NULL)[self->selected_node]);
  if (self->tiles == NULL)
    rsc_canvas_renew_tiles (self);
  rsc_canvas_viewport_moved (self, before != self->viewport.zoom);
}

static void
rsc_canvas_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                    int *minimum_baseline, int *natural_baseline)
{
  *minimum = 100;
  *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? 640 : 480;
  *minimum_baseline = *natural_baseline = -1;
}

static void
rsc_canvas_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  rsc_canvas_draw (RSC_CANVAS (widget), snapshot, rsc_picture_is_software (widget));
}

static void
scale_changed (RscCanvas *self)
{
  repaint (self);
}

static gboolean
query_tooltip (GtkWidget *widget, int x, int y, gboolean keyboard, GtkTooltip *tooltip)
{
  RscCanvas *self = RSC_CANVAS (widget);
  int node = keyboard ? self->selected_node : self->hovered_node;
  const RscGraphNode *graph_node;
  graphene_rect_t rect;

  if (self->scene == NULL || node < 0)
    return FALSE;
  graph_node = &rsc_graph_get_nodes (rsc_scene_get_graph (self->scene), NULL)[node];
  /* Only what cannot be read in the picture. */
  if (self->viewport.zoom >= RSC_VIEWPORT_LEGIBLE_ZOOM &&
      g_strcmp0 (rsc_label_get_text (rsc_scene_get_nodes (self->scene, NULL)[node].label), graph_node->label) == 0)
    return FALSE;
  rsc_canvas_get_node_rect (self, node, &rect);
  gtk_tooltip_set_text (tooltip, graph_node->label);
  gtk_tooltip_set_tip_area (tooltip, &(GdkRectangle) { (int) rect.origin.x, (int) rect.origin.y,
                                                       (int) rect.size.width, (int) rect.size.height });
  return TRUE;
}

static void
rsc_canvas_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  RscCanvas *self = RSC_CANVAS (object);

  switch (id)
    {
    case PROP_SCENE:
      g_value_set_pointer (value, self->scene);
      break;
    case PROP_OVERLAY:
      g_value_set_pointer (value, self->overlay);
      break;
    case PROP_THEME:
      g_value_set_int (value, (int) self->theme);
      break;
    case PROP_SELECTED_NODE:
      g_value_set_int (value, self->selected_node);
      break;
    case PROP_SELECTED_EDGE:
      g_value_set_int (value, self->selected_edge);
      break;
    case PROP_ZOOM:
      g_value_set_double (value, self->viewport.zoom);
      break;
    case PROP_HIGHLIGHT_NEIGHBOURS:
      g_value_set_boolean (value, self->highlight_neighbours);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
rsc_canvas_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  RscCanvas *self = RSC_CANVAS (object);

  switch (id)
    {
    case PROP_SCENE:
      rsc_canvas_set_scene (self, g_value_get_pointer (value), NULL);
      break;
    case PROP_OVERLAY:
      rsc_canvas_set_overlay (self, g_value_get_pointer (value));
      break;
    case PROP_THEME:
      rsc_canvas_set_theme (self, (RscTheme) g_value_get_int (value));
      break;
    case PROP_SELECTED_NODE:
      rsc_canvas_select_node (self, g_value_get_int (value));
      break;
    case PROP_SELECTED_EDGE:
      rsc_canvas_select_edge (self, g_value_get_int (value));
      break;
    case PROP_ZOOM:
      rsc_canvas_set_zoom (self, g_value_get_double (value));
      break;
    case PROP_HIGHLIGHT_NEIGHBOURS:
      rsc_canvas_set_highlight_neighbours (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
rsc_canvas_dispose (GObject *object)
{
  RscCanvas *self = RSC_CANVAS (object);
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  g_clear_handle_id (&self->settle_id, g_source_remove);
  rsc_canvas_stop_moving (self);
  rsc_canvas_drop_tiles (self);
  g_clear_pointer (&self->marks, gsk_render_node_unref);
  g_clear_pointer (&self->scene, rsc_scene_unref);
  g_clear_pointer (&self->overlay, rsc_overlay_unref);
  self->selected_node = self->selected_edge = self->hovered_node = self->hovered_edge = -1;
  self->lit_node = self->lit_edge = -1;
  G_OBJECT_CLASS (rsc_canvas_parent_class)->dispose (object);
}

static void
rsc_canvas_finalize (GObject *object)
{
  g_array_unref (RSC_CANVAS (object)->matches);
  rsc_census_died (RSC_CENSUS_CANVAS);
  G_OBJECT_CLASS (rsc_canvas_parent_class)->finalize (object);
}

static void
rsc_canvas_class_init (RscCanvasClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = rsc_canvas_get_property;
  object_class->set_property = rsc_canvas_set_property;
  object_class->dispose = rsc_canvas_dispose;
  object_class->finalize = rsc_canvas_finalize;
  widget_class->size_allocate = rsc_canvas_size_allocate;
  widget_class->measure = rsc_canvas_measure;
  widget_class->snapshot = rsc_canvas_snapshot;
  widget_class->query_tooltip = query_tooltip;

  /* RscScene and RscOverlay are no GObjects. */
  properties[PROP_SCENE] = g_param_spec_pointer ("scene", NULL, NULL, flags);
  properties[PROP_OVERLAY] = g_param_spec_pointer ("overlay", NULL, NULL, flags);
  properties[PROP_THEME] = g_param_spec_int ("theme", NULL, NULL, RSC_THEME_LIGHT, RSC_THEME_HIGH_CONTRAST_DARK,
                                             RSC_THEME_LIGHT, flags);
  properties[PROP_SELECTED_NODE] = g_param_spec_int ("selected-node", NULL, NULL, -1, G_MAXINT, -1, flags);
  properties[PROP_SELECTED_EDGE] = g_param_spec_int ("selected-edge", NULL, NULL, -1, G_MAXINT, -1, flags);
  properties[PROP_ZOOM] = g_param_spec_double ("zoom", NULL, NULL, 0, RSC_VIEWPORT_MAX_ZOOM, 1, flags);
  properties[PROP_HIGHLIGHT_NEIGHBOURS] = g_param_spec_boolean ("highlight-neighbours", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);

  signals[NODE_SELECTED] = g_signal_new ("node-selected", RSC_TYPE_CANVAS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 1, G_TYPE_INT);
  signals[NODE_ACTIVATED] = g_signal_new ("node-activated", RSC_TYPE_CANVAS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 1, G_TYPE_UINT);
  signals[FOLD_ACTIVATED] = g_signal_new ("fold-activated", RSC_TYPE_CANVAS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 1, G_TYPE_UINT);
  signals[EDGE_SELECTED] = g_signal_new ("edge-selected", RSC_TYPE_CANVAS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 1, G_TYPE_INT);
  signals[HOVER_CHANGED] = g_signal_new ("hover-changed", RSC_TYPE_CANVAS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 2, G_TYPE_INT, G_TYPE_INT);
  signals[CONTEXT_MENU] = g_signal_new ("context-menu", RSC_TYPE_CANVAS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                        G_TYPE_NONE, 4, G_TYPE_INT, G_TYPE_INT, G_TYPE_DOUBLE, G_TYPE_DOUBLE);
  signals[ZOOM_CHANGED] = g_signal_new ("zoom-changed", RSC_TYPE_CANVAS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                        G_TYPE_NONE, 0);

  rsc_canvas_add_actions (widget_class);
  gtk_widget_class_set_css_name (widget_class, "canvas");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
rsc_canvas_init (RscCanvas *self)
{
  rsc_census_born (RSC_CENSUS_CANVAS);
  self->viewport.zoom = 1;
  self->selected_node = self->selected_edge = self->hovered_node = self->hovered_edge = -1;
  self->lit_node = self->lit_edge = -1;
  self->matches = g_array_new (FALSE, FALSE, sizeof (guint));
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  gtk_widget_set_hexpand (GTK_WIDGET (self), TRUE);
  gtk_widget_set_vexpand (GTK_WIDGET (self), TRUE);
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
  gtk_widget_set_has_tooltip (GTK_WIDGET (self), TRUE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Reference graph"), -1);
  g_signal_connect (self, "notify::scale-factor", G_CALLBACK (scale_changed), NULL);
  rsc_canvas_add_input (self);
}

GtkWidget *
rsc_canvas_new (void)
{
  return g_object_new (RSC_TYPE_CANVAS, NULL);
}
