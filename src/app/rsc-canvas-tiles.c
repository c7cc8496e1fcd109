/* The canvas's sets of tiles: at the zoom that is shown, at that before, and of all. */
#include "config.h"

#include "rsc-canvas-private.h"

/* Zooming rests for so long before tiles are painted anew. */
#define SETTLE_MILLISECONDS 90
#define OVERVIEW_PIXELS 1400.0

static gboolean
tile_came (gpointer data)
{
  RscCanvas *self = data;

  if (self->previous_tiles != NULL && self->tiles != NULL &&
      rsc_tiles_is_complete (self->tiles, rsc_viewport_get_sight (&self->viewport)))
    g_clear_pointer (&self->previous_tiles, rsc_tiles_close);
  gtk_widget_queue_draw (GTK_WIDGET (self));
  return G_SOURCE_REMOVE;
}

static gboolean
overview_came (gpointer data)
{
  rsc_canvas_forget_map (data);
  return tile_came (data);
}

void
rsc_canvas_drop_tiles (RscCanvas *self)
{
  rsc_canvas_forget_map (self);
  g_clear_pointer (&self->tiles, rsc_tiles_close);
  g_clear_pointer (&self->previous_tiles, rsc_tiles_close);
  g_clear_pointer (&self->overview, rsc_tiles_close);
}

void
rsc_canvas_renew_tiles (RscCanvas *self)
{
  RscBox sight = rsc_viewport_get_sight (&self->viewport);

  if (self->scene == NULL || self->viewport.width <= 0)
    return;
  if (self->tiles != NULL && (self->previous_tiles == NULL || rsc_tiles_is_complete (self->tiles, sight)))
    {
      g_clear_pointer (&self->previous_tiles, rsc_tiles_close);
      self->previous_tiles = g_steal_pointer (&self->tiles);
    }
  g_clear_pointer (&self->tiles, rsc_tiles_close);
  self->tiles = rsc_tiles_new (self->scene, self->overlay, self->theme, self->viewport.zoom,
                               gtk_widget_get_scale_factor (GTK_WIDGET (self)), tile_came, self);
  rsc_tiles_want (self->tiles, sight);
}

void
rsc_canvas_renew_overview (RscCanvas *self)
{
  double extent = MAX (self->viewport.scene_width, self->viewport.scene_height);
  int scale = gtk_widget_get_scale_factor (GTK_WIDGET (self));

  rsc_canvas_forget_map (self);
  g_clear_pointer (&self->overview, rsc_tiles_close);
  if (self->scene == NULL || extent <= 0)
    return;
  /* The map of a small scene is as large as that, in pixels of the screen. */
  self->overview = rsc_tiles_new (self->scene, self->overlay, self->theme, MIN (OVERVIEW_PIXELS / extent, scale), 1, overview_came, self);
  rsc_tiles_want (self->overview, (RscBox) { 0, 0, self->viewport.scene_width, self->viewport.scene_height });
}

static gboolean
settle (gpointer data)
{
  RscCanvas *self = data;

  self->settle_id = 0;
  if (self->tiles == NULL || rsc_tiles_get_zoom (self->tiles) != self->viewport.zoom)
    rsc_canvas_renew_tiles (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
  return G_SOURCE_REMOVE;
}

void
rsc_canvas_settle_later (RscCanvas *self)
{
  g_clear_handle_id (&self->settle_id, g_source_remove);
  self->settle_id = g_timeout_add (SETTLE_MILLISECONDS, settle, self);
}
