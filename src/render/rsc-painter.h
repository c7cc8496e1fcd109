/* The one painter of scenes. */
#pragma once

#include "rsc-scene.h"

G_BEGIN_DECLS

typedef enum
{
  RSC_THEME_LIGHT,
  RSC_THEME_DARK,
  RSC_THEME_HIGH_CONTRAST_LIGHT,
  RSC_THEME_HIGH_CONTRAST_DARK
} RscTheme;

/* Draws at unit scale (1 unit = 1 user unit of @cr; the caller scales).
 * @overlay may be NULL.  @zoom: how many device pixels a unit has, for levels
 * of detail: labels below 6 px are not drawn.  0: everything is drawn.
 * Only what meets the clip is drawn.  No background is painted. */
void rsc_painter_draw (RscScene *scene, RscOverlay *overlay, RscTheme theme, double zoom, cairo_t *cr);

/* Single items, for hover and selection drawn on top. */
void rsc_painter_draw_node (RscScene *scene, gsize node, RscOverlay *overlay, RscTheme theme, double zoom, cairo_t *cr);
void rsc_painter_draw_edge (RscScene *scene, gsize edge, RscTheme theme, double zoom, gboolean emphasised, cairo_t *cr);

/* The page's background, 0xRRGGBB. */
guint32 rsc_theme_get_background (RscTheme theme);

typedef enum
{
  RSC_EXPORT_PNG,
  RSC_EXPORT_SVG,
  RSC_EXPORT_PDF,
  RSC_EXPORT_DOT,
  RSC_EXPORT_JSON
} RscExportFormat;

/* By the file name's ending; RSC_FORMAT_ERROR, UNSUPPORTED names the known ones. */
gboolean rsc_export_format_from_path (const char *path, RscExportFormat *format, GError **error);

/* The scale at which a picture is written that was wanted at @scale: less where
 * a PNG's or a PDF's page would be larger than readers take. */
double rsc_export_get_scale (RscScene *scene, RscExportFormat format, double scale);

/* Says so; NULL if the picture is as large as was wanted. */
char *rsc_export_dup_scale_note (RscScene *scene, RscExportFormat format, double scale);

/* Light theme, solid background, full labels.  @scale: 1 or 2 (PNG only).
 * Atomic (rsc_file_replace()).  SVG and PDF have real text; SVG has a title for
 * every node and edge, and links to nothing outside. */
gboolean rsc_export_scene (RscScene         *scene,
                           RscOverlay       *overlay,
                           RscExportFormat   format,
                           double            scale,
                           const char       *path,
                           gboolean          overwrite,
                           GCancellable     *cancellable,
                           GError          **error);

/* The same, to memory. */
GBytes *rsc_export_scene_to_bytes (RscScene *scene, RscOverlay *overlay, RscExportFormat format,
                                   double scale, GCancellable *cancellable, GError **error);

G_END_DECLS
