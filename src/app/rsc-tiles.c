#include "config.h"

#include "rsc-tiles.h"

#include <math.h>

#include "base/rsc-census.h"

/* At once, so that a set that is dropped leaves little to be painted in vain. */
#define MAX_PENDING 2
/* Tiles kept that are out of sight: 64 MB. */
#define MAX_SPARE 64
#define N_WORKERS 2

struct _RscTiles
{
  gatomicrefcount ref_count; /* ours, and one for each tile being painted */
  int closed;                /* atomic: nobody wants it any more */
  RscScene *scene;
  RscOverlay *overlay;
  RscTheme theme;
  double zoom;
  int scale_factor;

  /* main thread only */
  GHashTable *tiles;         /* key -> GdkTexture, or NULL while it is painted */
  RscBox sight;
  guint n_pending;
  GSourceFunc changed;
  gpointer user_data;
};

typedef struct
{
  RscTiles *set; /* a reference */
  gint32 column, row;
  GBytes *pixels;
} Job;

static gpointer
make_key (gint32 column, gint32 row)
{
  return GSIZE_TO_POINTER ((gsize) (guint32) column << 32 | (guint32) row);
}

static gint32
get_column (gpointer key)
{
  return (gint32) (GPOINTER_TO_SIZE (key) >> 32);
}

static gint32
get_row (gpointer key)
{
  return (gint32) (guint32) GPOINTER_TO_SIZE (key);
}

static void
tiles_unref (RscTiles *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_pointer (&self->tiles, g_hash_table_unref);
  rsc_scene_unref (self->scene);
  g_clear_pointer (&self->overlay, rsc_overlay_unref);
  g_free (self);
  rsc_census_died (RSC_CENSUS_TILES);
}

static void
job_free (Job *job)
{
  g_clear_pointer (&job->pixels, g_bytes_unref);
  tiles_unref (job->set);
  g_free (job);
}

/* Of a tile, in units. */
static double
get_side (RscTiles *self)
{
  return RSC_TILE_SIZE / (self->zoom * self->scale_factor);
}

static void
set_source (cairo_t *cr, guint32 rgb)
{
  cairo_set_source_rgb (cr, (rgb >> 16 & 0xff) / 255.0, (rgb >> 8 & 0xff) / 255.0, (rgb & 0xff) / 255.0);
}

/* In a worker thread. */
static GBytes *
paint_tile (RscTiles *self, gint32 column, gint32 row)
{
  int stride = RSC_TILE_SIZE * 4;
  guint8 *pixels = g_malloc0 ((gsize) stride * RSC_TILE_SIZE);
  cairo_surface_t *surface = cairo_image_surface_create_for_data (pixels, CAIRO_FORMAT_ARGB32, RSC_TILE_SIZE,
                                                                  RSC_TILE_SIZE, stride);
  cairo_t *cr = cairo_create (surface);

  set_source (cr, rsc_theme_get_background (self->theme));
  cairo_paint (cr);
  cairo_translate (cr, -(double) column * RSC_TILE_SIZE, -(double) row * RSC_TILE_SIZE);
  cairo_scale (cr, self->zoom * self->scale_factor, self->zoom * self->scale_factor);
  rsc_painter_draw (self->scene, self->overlay, self->theme, self->zoom * self->scale_factor, cr);
  cairo_destroy (cr);
  cairo_surface_finish (surface);
  cairo_surface_destroy (surface);
  return g_bytes_new_take (pixels, (gsize) stride * RSC_TILE_SIZE);
}

static void start_jobs (RscTiles *self);

static gboolean
take_tile (gpointer data)
{
  Job *job = data;
  RscTiles *self = job->set;

  if (!g_atomic_int_get (&self->closed))
    {
      self->n_pending--;
      if (job->pixels != NULL)
        g_hash_table_insert (self->tiles, make_key (job->column, job->row),
                             gdk_memory_texture_new (RSC_TILE_SIZE, RSC_TILE_SIZE, GDK_MEMORY_DEFAULT, job->pixels,
                                                     RSC_TILE_SIZE * 4));
      start_jobs (self);
      self->changed (self->user_data);
    }
  job_free (job);
  return G_SOURCE_REMOVE;
}

static void
work (gpointer data, gpointer user_data)
{
  Job *job = data;

  if (!g_atomic_int_get (&job->set->closed))
    job->pixels = paint_tile (job->set, job->column, job->row);
  /* Even a dropped set is freed in the main thread, where its textures are. */
  g_idle_add_full (G_PRIORITY_DEFAULT, take_tile, job, NULL);
}

static GThreadPool *
get_pool (void)
{
  static GThreadPool *pool;

  /* Not exclusive: idle threads go back to GLib. */
  if (g_once_init_enter (&pool))
    g_once_init_leave (&pool, g_thread_pool_new (work, NULL, N_WORKERS, FALSE, NULL));
  return pool;
}

static void
clear_texture (gpointer texture)
{
  g_clear_object (&texture);
}

RscTiles *
rsc_tiles_new (RscScene *scene, RscOverlay *overlay, RscTheme theme, double zoom, int scale_factor,
               GSourceFunc changed, gpointer user_data)
{
  RscTiles *self = g_new0 (RscTiles, 1);

  rsc_census_born (RSC_CENSUS_TILES);
  g_atomic_ref_count_init (&self->ref_count);
  self->scene = rsc_scene_ref (scene);
  self->overlay = overlay != NULL ? rsc_overlay_ref (overlay) : NULL;
  self->theme = theme;
  self->zoom = zoom;
  self->scale_factor = scale_factor;
  self->tiles = g_hash_table_new_full (NULL, NULL, NULL, clear_texture);
  self->changed = changed;
  self->user_data = user_data;
  return self;
}

void
rsc_tiles_close (RscTiles *self)
{
  g_atomic_int_set (&self->closed, 1);
  g_hash_table_remove_all (self->tiles);
  tiles_unref (self);
}

double
rsc_tiles_get_zoom (RscTiles *self)
{
  return self->zoom;
}

typedef struct
{
  gint32 left, top, right, bottom; /* exclusive */
} Range;

/* The tiles that @sight and the scene have in common. */
static Range
get_range (RscTiles *self, RscBox sight)
{
  double side = get_side (self), width, height;
  Range range;

  rsc_scene_get_size (self->scene, &width, &height);
  range.left = (gint32) floor (MAX (sight.x, 0) / side);
  range.top = (gint32) floor (MAX (sight.y, 0) / side);
  range.right = (gint32) ceil (MIN (sight.x + sight.width, width) / side);
  range.bottom = (gint32) ceil (MIN (sight.y + sight.height, height) / side);
  return range;
}

static void
start_jobs (RscTiles *self)
{
  Range range = get_range (self, self->sight);
  double side = get_side (self);
  double middle_x = (self->sight.x + self->sight.width / 2) / side - 0.5;
  double middle_y = (self->sight.y + self->sight.height / 2) / side - 0.5;

  while (self->n_pending < MAX_PENDING)
    {
      double best = INFINITY;
      gint32 best_column = 0, best_row = 0;
      Job *job;

      for (gint32 row = range.top; row < range.bottom; row++)
        for (gint32 column = range.left; column < range.right; column++)
          {
            double distance = hypot (column - middle_x, row - middle_y);

            if (distance < best && !g_hash_table_contains (self->tiles, make_key (column, row)))
              {
                best = distance;
                best_column = column;
                best_row = row;
              }
          }
      if (best == INFINITY)
        return;
      job = g_new0 (Job, 1);
      g_atomic_ref_count_inc (&self->ref_count);
      job->set = self;
      job->column = best_column;
      job->row = best_row;
      self->n_pending++;
      g_hash_table_insert (self->tiles, make_key (best_column, best_row), NULL);
      g_thread_pool_push (get_pool (), job, NULL);
    }
}

/* Tiles out of sight go once there are many; what is being painted stays. */
static void
forget_spare (RscTiles *self, Range range)
{
  guint in_sight = (guint) MAX (range.right - range.left, 0) * (guint) MAX (range.bottom - range.top, 0);
  GHashTableIter iter;
  gpointer key, texture;

  if (g_hash_table_size (self->tiles) <= in_sight + MAX_SPARE)
    return;
  g_hash_table_iter_init (&iter, self->tiles);
  while (g_hash_table_iter_next (&iter, &key, &texture))
    if (texture != NULL && (get_column (key) < range.left - 1 || get_column (key) > range.right ||
                            get_row (key) < range.top - 1 || get_row (key) > range.bottom))
      g_hash_table_iter_remove (&iter);
}

void
rsc_tiles_want (RscTiles *self, RscBox sight)
{
  self->sight = sight;
  forget_spare (self, get_range (self, sight));
  start_jobs (self);
}

gboolean
rsc_tiles_is_complete (RscTiles *self, RscBox sight)
{
  Range range = get_range (self, sight);

  for (gint32 row = range.top; row < range.bottom; row++)
    for (gint32 column = range.left; column < range.right; column++)
      if (g_hash_table_lookup (self->tiles, make_key (column, row)) == NULL)
        return FALSE;
  return TRUE;
}

void
rsc_tiles_snapshot (RscTiles *self, GtkSnapshot *snapshot, const RscViewport *viewport)
{
  Range range = get_range (self, rsc_viewport_get_sight (viewport));
  double side = RSC_TILE_SIZE / (self->zoom * self->scale_factor) * viewport->zoom;
  double left = -viewport->x * viewport->zoom, top = -viewport->y * viewport->zoom;

  /* Whole pixels of the device at the tiles' own zoom, so that text is sharp;
   * not while zooming, which would tremble. */
  if (viewport->zoom == self->zoom)
    {
      left = round (left * self->scale_factor) / self->scale_factor;
      top = round (top * self->scale_factor) / self->scale_factor;
    }

  for (gint32 row = range.top; row < range.bottom; row++)
    for (gint32 column = range.left; column < range.right; column++)
      {
        GdkTexture *texture = g_hash_table_lookup (self->tiles, make_key (column, row));

        if (texture != NULL)
          gtk_snapshot_append_texture (snapshot, texture,
                                       &GRAPHENE_RECT_INIT ((float) (left + column * side), (float) (top + row * side),
                                                            (float) side, (float) side));
      }
}
