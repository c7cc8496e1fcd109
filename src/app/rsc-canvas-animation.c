/* What moves in the canvas: the viewport flies, and nodes go to their new places. */
#include "config.h"

#include "rsc-canvas-private.h"

#include <math.h>

#define FLY_SECONDS 0.25
/* More than that are not moved one by one. */
#define MAX_MOVING 400

gboolean
rsc_canvas_can_animate (RscCanvas *self)
{
  gboolean enabled = FALSE;

  g_object_get (gtk_widget_get_settings (GTK_WIDGET (self)), "gtk-enable-animations", &enabled, NULL);
  return enabled && gtk_widget_get_mapped (GTK_WIDGET (self));
}

static double
ease_out (double t)
{
  return 1 - pow (1 - t, 3);
}

static gboolean
tick (GtkWidget *widget, GdkFrameClock *clock, gpointer user_data)
{
  RscCanvas *self = RSC_CANVAS (widget);
  gint64 now = gdk_frame_clock_get_frame_time (clock);

  if (self->fly_start != 0)
    {
      double t = CLAMP ((double) (now - self->fly_start) / G_USEC_PER_SEC / FLY_SECONDS, 0, 1);
      double before = self->viewport.zoom;

      rsc_viewport_interpolate (&self->viewport, &self->fly_from, &self->fly_to, ease_out (t));
      if (t >= 1)
        self->fly_start = 0;
      rsc_canvas_viewport_moved (self, before != self->viewport.zoom);
    }
  if (self->move_start != 0)
    {
      if (now - self->move_start >= (gint64) (RSC_CANVAS_MOVE_SECONDS * G_USEC_PER_SEC))
        rsc_canvas_stop_moving (self);
      gtk_widget_queue_draw (widget);
    }
  if (self->fly_start != 0 || self->move_start != 0)
    return G_SOURCE_CONTINUE;
  self->tick_id = 0;
  return G_SOURCE_REMOVE;
}

static gint64
start_animation (RscCanvas *self)
{
  GdkFrameClock *clock = gtk_widget_get_frame_clock (GTK_WIDGET (self));

  if (self->tick_id == 0)
    self->tick_id = gtk_widget_add_tick_callback (GTK_WIDGET (self), tick, NULL, NULL);
  return MAX (gdk_frame_clock_get_frame_time (clock), 1);
}

void
rsc_canvas_fly_to (RscCanvas *self, const RscViewport *to)
{
  gboolean zoom_changed = to->zoom != self->viewport.zoom;

  self->fitted = FALSE;
  if (rsc_canvas_can_animate (self))
    {
      self->fly_from = self->viewport;
      self->fly_to = *to;
      self->fly_start = start_animation (self);
      return;
    }
  self->fly_start = 0;
  self->viewport = *to;
  rsc_canvas_viewport_moved (self, zoom_changed);
}

void
rsc_canvas_stop_moving (RscCanvas *self)
{
  self->move_start = 0;
  g_clear_pointer (&self->old_scene, rsc_scene_unref);
  g_clear_pointer (&self->old_index, g_free);
  g_clear_pointer (&self->moving_nodes, g_hash_table_unref);
}

void
rsc_canvas_start_moving (RscCanvas *self, RscScene *old_scene, const RscViewport *old_viewport)
{
  g_autoptr(GHashTable) ids = g_hash_table_new (g_str_hash, g_str_equal);
  gsize n_old, n_new;
  const RscGraphNode *old_nodes = rsc_graph_get_nodes (rsc_scene_get_graph (old_scene), &n_old);
  const RscGraphNode *new_nodes = rsc_graph_get_nodes (rsc_scene_get_graph (self->scene), &n_new);

  if (n_new > MAX_MOVING || !rsc_canvas_can_animate (self))
    return;
  for (gsize i = 0; i < n_old; i++)
    g_hash_table_insert (ids, (gpointer) old_nodes[i].id, GSIZE_TO_POINTER (i));
  self->old_index = g_new (int, MAX (n_new, 1));
  for (gsize i = 0; i < n_new; i++)
    {
      gpointer index;

      self->old_index[i] = g_hash_table_lookup_extended (ids, new_nodes[i].id, NULL, &index) ? GPOINTER_TO_INT (index) : -1;
    }
  self->moving_nodes = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) gsk_render_node_unref);
  self->old_scene = rsc_scene_ref (old_scene);
  self->move_dx = self->viewport.x - old_viewport->x;
  self->move_dy = self->viewport.y - old_viewport->y;
  self->move_start = start_animation (self);
}
