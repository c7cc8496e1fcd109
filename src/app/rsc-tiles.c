#include "config.h"

#include "rsc-tiles.h"

#include <math.h>

#include "base/rsc-census.h"
#include "rsc-picture.h"

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
  GHashTable *tiles;         /* key -> RscPicture, or NULL while it is painted */
  RscBox sight;
  guint n_pending;
  GSourceFunc changed;
  gpointer user_data;
};

typedef struct
{
  RscTiles *set; /* a reference */
  gint32 column, row;
  cairo_surface_t *surface;
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
  g_clear_pointer (&job->surface, cairo_surface_destroy);
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
static cairo_surface_t *
paint_tile (RscTiles *self, gint32 column, gint32 row)
{
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, RSC_TILE_SIZE, RSC_TILE_SIZE);
  cairo_t *cr = cairo_create (surface);

  set_source (cr, rsc_theme_get_background (self->theme));
  cairo_paint (cr);
  cairo_translate (cr, -(double) column * RSC_TILE_SIZE, -(double) row * RSC_TILE_SIZE);
  cairo_scale (cr, self->zoom * self->scale_factor, self->zoom * self->scale_factor);
  rsc_painter_draw (self->scene, self->overlay, self->theme, self->zoom * self->scale_factor, cr);
  cairo_destroy (cr);
  return surface;
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
      if (job->surface != NULL)
        g_hash_table_insert (self->tiles, make_key (job->column, job->row), rsc_picture_new (g_steal_pointer (&job->surface)));
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
    job->surface = paint_tile (job->set, job->column, job->row);
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
clear_picture (gpointer picture)
{
  g_clear_pointer (&picture, rsc_picture_free);
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
  self->tiles = g_hash_table_new_full (NULL, NULL, NULL, clear_picture);
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
  gpointer key, picture;

  if (g_hash_table_size (self->tiles) <= in_sight + MAX_SPARE)
    return;
  g_hash_table_iter_init (&iter, self->tiles);
  while (g_hash_table_iter_next (&iter, &key, &picture))
    if (picture != NULL && (get_column (key) < range.left - 1 || get_column (key) > range.right ||
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

/* Where the tiles' upper left corner is, in pixels of @viewport: whole pixels of
 * the device at the tiles' own zoom, so that text is sharp; not while zooming,
 * which would tremble. */
static RscPoint
get_corner (RscTiles *self, const RscViewport *viewport)
{
  RscPoint corner = { -viewport->x * viewport->zoom, -viewport->y * viewport->zoom };

  if (viewport->zoom == self->zoom)
    {
      corner.x = round (corner.x * self->scale_factor) / self->scale_factor;
      corner.y = round (corner.y * self->scale_factor) / self->scale_factor;
    }
  return corner;
}

/* Where a tile is, in pixels of @viewport: between whole pixels of the device, so
 * that its edges need no smoothing, and leave no seams. */
static RscBox
get_box (RscTiles *self, const RscViewport *viewport, gint32 column, gint32 row)
{
  double scale = self->scale_factor, side = get_side (self) * viewport->zoom * scale;
  RscPoint corner = get_corner (self, viewport);
  double left = round (corner.x * scale + column * side), top = round (corner.y * scale + row * side);
  double right = round (corner.x * scale + (column + 1) * side), bottom = round (corner.y * scale + (row + 1) * side);

  return (RscBox) { left / scale, top / scale, (right - left) / scale, (bottom - top) / scale };
}

static void
draw_picture (RscTiles *self, RscPicture *picture, const RscBox *box, cairo_t *cr)
{
  double own_side = RSC_TILE_SIZE / (double) self->scale_factor;
  gboolean is_same = box->width == own_side && box->height == own_side;

  cairo_save (cr);
  cairo_rectangle (cr, box->x, box->y, box->width, box->height);
  cairo_translate (cr, box->x, box->y);
  cairo_scale (cr, box->width / RSC_TILE_SIZE, box->height / RSC_TILE_SIZE);
  cairo_set_source_surface (cr, rsc_picture_get_surface (picture), 0, 0);
  cairo_pattern_set_filter (cairo_get_source (cr), is_same ? CAIRO_FILTER_NEAREST : CAIRO_FILTER_BILINEAR);
  cairo_pattern_set_extend (cairo_get_source (cr), CAIRO_EXTEND_PAD);
  /* Tiles are opaque. */
  cairo_set_operator (cr, CAIRO_OPERATOR_SOURCE);
  cairo_fill (cr);
  cairo_restore (cr);
}

/* A node for each tile: what a node of cairo's draws goes through memory of its
 * own, and a large piece of that is had from the system anew for each frame. */
static void
append_picture (RscTiles *self, RscPicture *picture, const RscBox *box, const RscViewport *viewport, GtkSnapshot *snapshot)
{
  graphene_rect_t bounds = GRAPHENE_RECT_INIT ((float) box->x, (float) box->y, (float) box->width, (float) box->height);
  graphene_rect_t widget = GRAPHENE_RECT_INIT (0, 0, (float) viewport->width, (float) viewport->height);
  cairo_t *cr;

  if (!graphene_rect_intersection (&bounds, &widget, &bounds))
    return;
  cr = gtk_snapshot_append_cairo (snapshot, &bounds);
  draw_picture (self, picture, box, cr);
  cairo_destroy (cr);
}

void
rsc_tiles_snapshot (RscTiles *self, GtkSnapshot *snapshot, const RscViewport *viewport, gboolean software)
{
  Range range = get_range (self, rsc_viewport_get_sight (viewport));
  double side = get_side (self) * viewport->zoom;
  RscPoint corner = get_corner (self, viewport);

  for (gint32 row = range.top; row < range.bottom; row++)
    for (gint32 column = range.left; column < range.right; column++)
      {
        RscPicture *picture = g_hash_table_lookup (self->tiles, make_key (column, row));

        if (picture == NULL)
          continue;
        if (software)
          {
            RscBox box = get_box (self, viewport, column, row);

            append_picture (self, picture, &box, viewport, snapshot);
          }
        else
          gtk_snapshot_append_texture (snapshot, rsc_picture_get_texture (picture),
                                       &GRAPHENE_RECT_INIT ((float) (corner.x + column * side), (float) (corner.y + row * side),
                                                            (float) side, (float) side));
      }
}

void
rsc_tiles_draw (RscTiles *self, cairo_t *cr, const RscViewport *viewport)
{
  Range range = get_range (self, rsc_viewport_get_sight (viewport));

  for (gint32 row = range.top; row < range.bottom; row++)
    for (gint32 column = range.left; column < range.right; column++)
      {
        RscPicture *picture = g_hash_table_lookup (self->tiles, make_key (column, row));
        RscBox box = get_box (self, viewport, column, row);

        if (picture != NULL)
          draw_picture (self, picture, &box, cr);
      }
}
