/* The canvas's pointer, touch, keys and actions. */
#include "config.h"

#include "rsc-canvas-private.h"

#include <math.h>

#define EDGE_TOLERANCE 5.0 /* pixels */
#define KEY_PAN 60.0
#define SCROLL_PAN 48.0
#define DRAG_ZOOM 0.01     /* per pixel, of the logarithm */

static gboolean
is_on_map (RscCanvas *self, double x, double y)
{
  double zoom;
  RscBox box;

  return self->scene != NULL && rsc_viewport_get_map (&self->viewport, &box, &zoom) &&
         x >= box.x && y >= box.y && x <= box.x + box.width && y <= box.y + box.height;
}

static void
find_at (RscCanvas *self, double x, double y, int *node, int *edge)
{
  RscPoint at = rsc_viewport_to_scene (&self->viewport, x, y);

  *node = *edge = -1;
  if (self->scene == NULL || is_on_map (self, x, y))
    return;
  *node = (int) rsc_scene_find_node (self->scene, at.x, at.y);
  if (*node < 0)
    *edge = (int) rsc_scene_find_edge (self->scene, at.x, at.y, EDGE_TOLERANCE / self->viewport.zoom);
}

static void
update_hover (RscCanvas *self)
{
  int node = -1, edge = -1;

  if (self->pointer_inside && self->drag_mode == RSC_DRAG_NONE)
    find_at (self, self->pointer_x, self->pointer_y, &node, &edge);
  rsc_canvas_hover (self, node, edge);
}

static void
motion (GtkEventControllerMotion *controller, double x, double y, gpointer data)
{
  RscCanvas *self = data;

  self->pointer_x = x;
  self->pointer_y = y;
  self->pointer_inside = TRUE;
  if (self->drag_mode == RSC_DRAG_NONE)
    update_hover (self);
}

static void
leave (GtkEventControllerMotion *controller, gpointer data)
{
  RscCanvas *self = data;

  self->pointer_inside = FALSE;
  update_hover (self);
}

/* Where the edge's other end, seen from the click, is. */
static void
fly_to_far_end (RscCanvas *self, int edge, double x, double y)
{
  const RscGraphEdge *graph_edge = &rsc_graph_get_edges (rsc_scene_get_graph (self->scene), NULL)[edge];
  const RscSceneNode *nodes = rsc_scene_get_nodes (self->scene, NULL);
  const RscSceneNode *source = &nodes[graph_edge->source], *target = &nodes[graph_edge->target];
  RscPoint at = rsc_viewport_to_scene (&self->viewport, x, y);
  double to_source = hypot (at.x - source->x - source->width / 2, at.y - source->y - source->height / 2);
  double to_target = hypot (at.x - target->x - target->width / 2, at.y - target->y - target->height / 2);

  rsc_canvas_center_on_node (self, (int) (to_source > to_target ? graph_edge->source : graph_edge->target));
}

static void
pressed (GtkGestureClick *gesture, int n_press, double x, double y, gpointer data)
{
  RscCanvas *self = data;
  GdkEvent *event = gtk_event_controller_get_current_event (GTK_EVENT_CONTROLLER (gesture));
  int node, edge;

  gtk_widget_grab_focus (GTK_WIDGET (self));
  self->dragged = FALSE;
  if (self->scene == NULL || event == NULL || !gdk_event_triggers_context_menu (event))
    return;
  find_at (self, x, y, &node, &edge);
  if (node >= 0)
    rsc_canvas_select_node (self, node);
  else if (edge >= 0)
    rsc_canvas_select_edge (self, edge);
  rsc_canvas_emit_context_menu (self, node, edge, x, y);
  gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
}

static void
primary_released (RscCanvas *self, int n_press, double x, double y)
{
  int node, edge;

  if (is_on_map (self, x, y))
    {
      RscViewport to = self->viewport;

      rsc_viewport_go_by_map (&to, x, y);
      rsc_canvas_fly_to (self, &to);
      return;
    }
  find_at (self, x, y, &node, &edge);
  if (n_press == 2)
    {
      const RscGraphNode *nodes = rsc_graph_get_nodes (rsc_scene_get_graph (self->scene), NULL);

      /* A fold has opened at the first click already. */
      if (node >= 0 && nodes[node].kind != RSC_GRAPH_NODE_FOLD)
        rsc_canvas_emit_activate (self, node);
      else if (edge >= 0)
        fly_to_far_end (self, edge, x, y);
      return;
    }
  if (n_press != 1)
    return;
  if (edge >= 0)
    rsc_canvas_select_edge (self, edge);
  else
    rsc_canvas_select_node (self, node);
  if (node >= 0 && rsc_graph_get_nodes (rsc_scene_get_graph (self->scene), NULL)[node].kind == RSC_GRAPH_NODE_FOLD)
    rsc_canvas_emit_activate (self, node);
}

static void
released (GtkGestureClick *gesture, int n_press, double x, double y, gpointer data)
{
  RscCanvas *self = data;
  guint button = gtk_gesture_single_get_current_button (GTK_GESTURE_SINGLE (gesture));

  if (self->scene != NULL && !self->dragged && (button == GDK_BUTTON_PRIMARY || button == 0))
    primary_released (self, n_press, x, y);
}

static void
long_pressed (GtkGestureLongPress *gesture, double x, double y, gpointer data)
{
  RscCanvas *self = data;
  int node, edge;

  if (self->scene == NULL)
    return;
  find_at (self, x, y, &node, &edge);
  if (node >= 0)
    rsc_canvas_select_node (self, node);
  rsc_canvas_emit_context_menu (self, node, edge, x, y);
  gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
}

/* Dragging */

static void
drag_begin (GtkGestureDrag *gesture, double x, double y, gpointer data)
{
  RscCanvas *self = data;

  self->drag_x = x;
  self->drag_y = y;
}

static RscDragMode
get_drag_mode (RscCanvas *self, GtkGestureDrag *gesture)
{
  GdkModifierType state = gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (gesture));

  if (gtk_gesture_single_get_current_button (GTK_GESTURE_SINGLE (gesture)) == GDK_BUTTON_MIDDLE)
    return RSC_DRAG_PAN;
  if (is_on_map (self, self->drag_x, self->drag_y))
    return RSC_DRAG_MAP;
  if (state & GDK_CONTROL_MASK)
    return RSC_DRAG_ZOOM;
  if (state & GDK_SHIFT_MASK)
    return RSC_DRAG_AREA;
  return RSC_DRAG_PAN;
}

static void
drag_update (GtkGestureDrag *gesture, double dx, double dy, gpointer data)
{
  RscCanvas *self = data;

  if (self->scene == NULL)
    return;
  if (self->drag_mode == RSC_DRAG_NONE)
    {
      if (!gtk_drag_check_threshold (GTK_WIDGET (self), 0, 0, (int) dx, (int) dy))
        return;
      self->drag_mode = get_drag_mode (self, gesture);
      self->drag_viewport = self->viewport;
      self->dragged = TRUE;
      gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
      rsc_canvas_hover (self, -1, -1);
      gtk_widget_set_cursor_from_name (GTK_WIDGET (self), self->drag_mode == RSC_DRAG_PAN || self->drag_mode == RSC_DRAG_MAP ? "grabbing"
                                                          : self->drag_mode == RSC_DRAG_ZOOM ? "ns-resize" : "crosshair");
    }
  switch (self->drag_mode)
    {
    case RSC_DRAG_PAN:
      self->viewport = self->drag_viewport;
      rsc_viewport_pan (&self->viewport, -dx, -dy);
      rsc_canvas_viewport_changed (self, FALSE);
      break;
    case RSC_DRAG_ZOOM:
      self->viewport = self->drag_viewport;
      rsc_viewport_zoom_at (&self->viewport, self->drag_viewport.zoom * exp (-dy * DRAG_ZOOM), self->drag_x, self->drag_y);
      rsc_canvas_viewport_changed (self, TRUE);
      break;
    case RSC_DRAG_AREA:
      self->drag_area = (RscBox) { MIN (self->drag_x, self->drag_x + dx), MIN (self->drag_y, self->drag_y + dy), fabs (dx), fabs (dy) };
      gtk_widget_queue_draw (GTK_WIDGET (self));
      break;
    case RSC_DRAG_MAP:
      rsc_viewport_go_by_map (&self->viewport, self->drag_x + dx, self->drag_y + dy);
      rsc_canvas_viewport_changed (self, FALSE);
      break;
    case RSC_DRAG_NONE:
    default:
      break;
    }
}

static void
drag_end (GtkGestureDrag *gesture, double dx, double dy, gpointer data)
{
  RscCanvas *self = data;
  RscDragMode mode = self->drag_mode;

  self->drag_mode = RSC_DRAG_NONE;
  if (mode == RSC_DRAG_NONE)
    return;
  gtk_widget_set_cursor (GTK_WIDGET (self), NULL);
  if (mode == RSC_DRAG_AREA && self->drag_area.width > 4 && self->drag_area.height > 4)
    {
      RscViewport to = self->viewport;

      rsc_viewport_zoom_to_area (&to, self->drag_area);
      rsc_canvas_fly_to (self, &to);
    }
  gtk_widget_queue_draw (GTK_WIDGET (self));
  update_hover (self);
}

static void
drag_cancel (GtkGesture *gesture, GdkEventSequence *sequence, gpointer data)
{
  RscCanvas *self = data;

  self->drag_mode = RSC_DRAG_NONE;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

/* Wheel and pinch */

static gboolean
scrolled (GtkEventControllerScroll *controller, double dx, double dy, gpointer data)
{
  RscCanvas *self = data;
  GdkModifierType state = gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (controller));
  GdkEvent *event = gtk_event_controller_get_current_event (GTK_EVENT_CONTROLLER (controller));
  /* Wheels count in clicks, touchpads (unit "surface", since 4.8) in pixels. */
  double step = event != NULL && gdk_event_get_event_type (event) == GDK_SCROLL &&
                    gdk_scroll_event_get_unit (event) == GDK_SCROLL_UNIT_SURFACE
                  ? 1 : SCROLL_PAN;

  if (self->scene == NULL)
    return GDK_EVENT_PROPAGATE;
  if (state & GDK_CONTROL_MASK)
    {
      rsc_viewport_zoom_at (&self->viewport, self->viewport.zoom * pow (RSC_VIEWPORT_ZOOM_STEP, -dy * step / SCROLL_PAN),
                            self->pointer_x, self->pointer_y);
      rsc_canvas_viewport_changed (self, TRUE);
    }
  else
    {
      if (state & GDK_SHIFT_MASK)
        {
          double swap = dx;

          dx = dy;
          dy = swap;
        }
      rsc_viewport_pan (&self->viewport, dx * step, dy * step);
      rsc_canvas_viewport_changed (self, FALSE);
    }
  update_hover (self);
  return GDK_EVENT_STOP;
}

static void
pinch_begin (GtkGesture *gesture, GdkEventSequence *sequence, gpointer data)
{
  RscCanvas *self = data;

  self->pinch_zoom = self->viewport.zoom;
  gtk_gesture_set_state (gesture, GTK_EVENT_SEQUENCE_CLAIMED);
}

static void
pinched (GtkGestureZoom *gesture, double scale, gpointer data)
{
  RscCanvas *self = data;
  double x, y;

  if (self->scene == NULL)
    return;
  if (!gtk_gesture_is_active (GTK_GESTURE (gesture)) || !gtk_gesture_get_bounding_box_center (GTK_GESTURE (gesture), &x, &y))
    {
      x = self->pointer_x;
      y = self->pointer_y;
    }
  rsc_viewport_zoom_at (&self->viewport, self->pinch_zoom * scale, x, y);
  rsc_canvas_viewport_changed (self, TRUE);
}

/* Keys */

static void
pan_by (RscCanvas *self, RscWay way)
{
  rsc_viewport_pan (&self->viewport, way == RSC_WAY_LEFT ? -KEY_PAN : way == RSC_WAY_RIGHT ? KEY_PAN : 0,
                    way == RSC_WAY_UP ? -KEY_PAN : way == RSC_WAY_DOWN ? KEY_PAN : 0);
  rsc_canvas_viewport_changed (self, FALSE);
}

static void
select_and_reveal (RscCanvas *self, int node)
{
  rsc_canvas_select_node (self, node);
  rsc_canvas_reveal_node (self, node);
}

static void
go (RscCanvas *self, RscWay way, GdkModifierType state)
{
  gssize next;

  if (self->selected_node < 0 || (state & GDK_CONTROL_MASK))
    {
      pan_by (self, way);
      return;
    }
  next = rsc_viewport_find_next (self->scene, (gsize) self->selected_node, way);
  if (next >= 0)
    select_and_reveal (self, (int) next);
}

/* FALSE at the ends, where the focus is to leave. */
static gboolean
select_by (RscCanvas *self, int step)
{
  gsize n;
  int next = self->selected_node + step;

  if (self->scene == NULL)
    return FALSE;
  rsc_scene_get_nodes (self->scene, &n);
  if (next < 0 || next >= (int) n)
    return FALSE;
  select_and_reveal (self, next);
  return TRUE;
}

static void
select_start (RscCanvas *self)
{
  gsize n;
  const RscGraphNode *nodes = rsc_graph_get_nodes (rsc_scene_get_graph (self->scene), &n);

  for (gsize i = 0; i < n; i++)
    if (nodes[i].is_start)
      {
        select_and_reveal (self, (int) i);
        return;
      }
}

static void
context_menu_by_key (RscCanvas *self)
{
  graphene_rect_t rect;

  if (rsc_canvas_get_node_rect (self, self->selected_node, &rect))
    rsc_canvas_emit_context_menu (self, self->selected_node, -1, rect.origin.x + rect.size.width / 2,
                                  rect.origin.y + rect.size.height);
}

static gboolean
key_pressed (GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state, gpointer data)
{
  RscCanvas *self = data;
  gboolean control = (state & GDK_CONTROL_MASK) != 0;

  if (self->scene == NULL || (state & GDK_ALT_MASK))
    return GDK_EVENT_PROPAGATE;
  switch (key)
    {
    case GDK_KEY_Left: case GDK_KEY_KP_Left:
      go (self, RSC_WAY_LEFT, state);
      break;
    case GDK_KEY_Right: case GDK_KEY_KP_Right:
      go (self, RSC_WAY_RIGHT, state);
      break;
    case GDK_KEY_Up: case GDK_KEY_KP_Up:
      go (self, RSC_WAY_UP, state);
      break;
    case GDK_KEY_Down: case GDK_KEY_KP_Down:
      go (self, RSC_WAY_DOWN, state);
      break;
    case GDK_KEY_plus: case GDK_KEY_equal: case GDK_KEY_KP_Add: case GDK_KEY_Page_Up:
      rsc_canvas_zoom_in (self);
      break;
    case GDK_KEY_minus: case GDK_KEY_KP_Subtract: case GDK_KEY_Page_Down:
      rsc_canvas_zoom_out (self);
      break;
    case GDK_KEY_1: case GDK_KEY_KP_1:
      rsc_canvas_set_zoom (self, 1);
      break;
    case GDK_KEY_0: case GDK_KEY_KP_0:
      if (control)
        rsc_canvas_set_zoom (self, 1);
      else
        rsc_canvas_fit (self);
      break;
    case GDK_KEY_w: case GDK_KEY_W:
      if (control)
        return GDK_EVENT_PROPAGATE;
      rsc_canvas_fit (self);
      break;
    case GDK_KEY_Home: case GDK_KEY_KP_Home:
      select_start (self);
      break;
    case GDK_KEY_Tab: case GDK_KEY_KP_Tab: case GDK_KEY_ISO_Left_Tab:
      if (control || self->selected_node < 0)
        return GDK_EVENT_PROPAGATE;
      return select_by (self, state & GDK_SHIFT_MASK || key == GDK_KEY_ISO_Left_Tab ? -1 : 1);
    case GDK_KEY_Return: case GDK_KEY_KP_Enter: case GDK_KEY_ISO_Enter:
      if (self->selected_node < 0)
        return GDK_EVENT_PROPAGATE;
      rsc_canvas_emit_activate (self, self->selected_node);
      break;
    case GDK_KEY_Menu:
      context_menu_by_key (self);
      break;
    case GDK_KEY_F10:
      if (!(state & GDK_SHIFT_MASK))
        return GDK_EVENT_PROPAGATE;
      context_menu_by_key (self);
      break;
    case GDK_KEY_Escape:
      if (self->selected_node < 0 && self->selected_edge < 0)
        return GDK_EVENT_PROPAGATE;
      rsc_canvas_select_node (self, -1);
      break;
    default:
      return GDK_EVENT_PROPAGATE;
    }
  return GDK_EVENT_STOP;
}

static void
focus_changed (RscCanvas *self)
{
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
rsc_canvas_add_input (RscCanvas *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  GtkEventController *controller;
  GtkGesture *click, *drag, *pinch, *press;

  controller = gtk_event_controller_motion_new ();
  g_signal_connect (controller, "enter", G_CALLBACK (motion), self);
  g_signal_connect (controller, "motion", G_CALLBACK (motion), self);
  g_signal_connect (controller, "leave", G_CALLBACK (leave), self);
  gtk_widget_add_controller (widget, controller);

  drag = gtk_gesture_drag_new ();
  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (drag), 0);
  g_signal_connect (drag, "drag-begin", G_CALLBACK (drag_begin), self);
  g_signal_connect (drag, "drag-update", G_CALLBACK (drag_update), self);
  g_signal_connect (drag, "drag-end", G_CALLBACK (drag_end), self);
  g_signal_connect (drag, "cancel", G_CALLBACK (drag_cancel), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (drag));

  click = gtk_gesture_click_new ();
  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (click), 0);
  g_signal_connect (click, "pressed", G_CALLBACK (pressed), self);
  g_signal_connect (click, "released", G_CALLBACK (released), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (click));

  press = gtk_gesture_long_press_new ();
  gtk_gesture_single_set_touch_only (GTK_GESTURE_SINGLE (press), TRUE);
  g_signal_connect (press, "pressed", G_CALLBACK (long_pressed), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (press));

  pinch = gtk_gesture_zoom_new ();
  g_signal_connect (pinch, "begin", G_CALLBACK (pinch_begin), self);
  g_signal_connect (pinch, "scale-changed", G_CALLBACK (pinched), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (pinch));

  controller = gtk_event_controller_scroll_new (GTK_EVENT_CONTROLLER_SCROLL_BOTH_AXES);
  g_signal_connect (controller, "scroll", G_CALLBACK (scrolled), self);
  gtk_widget_add_controller (widget, controller);

  controller = gtk_event_controller_key_new ();
  g_signal_connect (controller, "key-pressed", G_CALLBACK (key_pressed), self);
  gtk_widget_add_controller (widget, controller);

  controller = gtk_event_controller_focus_new ();
  g_signal_connect_swapped (controller, "enter", G_CALLBACK (focus_changed), self);
  g_signal_connect_swapped (controller, "leave", G_CALLBACK (focus_changed), self);
  gtk_widget_add_controller (widget, controller);
}

/* Actions */

static void
zoom_in_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  rsc_canvas_zoom_in (RSC_CANVAS (widget));
}

static void
zoom_out_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  rsc_canvas_zoom_out (RSC_CANVAS (widget));
}

static void
fit_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  rsc_canvas_fit (RSC_CANVAS (widget));
}

static void
zoom_normal_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  rsc_canvas_set_zoom (RSC_CANVAS (widget), 1);
}

static void
select_next_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  select_by (RSC_CANVAS (widget), 1);
}

static void
select_previous_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  select_by (RSC_CANVAS (widget), -1);
}

void
rsc_canvas_add_actions (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "canvas.zoom-in", NULL, zoom_in_action);
  gtk_widget_class_install_action (widget_class, "canvas.zoom-out", NULL, zoom_out_action);
  gtk_widget_class_install_action (widget_class, "canvas.fit", NULL, fit_action);
  gtk_widget_class_install_action (widget_class, "canvas.zoom-normal", NULL, zoom_normal_action);
  gtk_widget_class_install_action (widget_class, "canvas.select-next", NULL, select_next_action);
  gtk_widget_class_install_action (widget_class, "canvas.select-previous", NULL, select_previous_action);
}
