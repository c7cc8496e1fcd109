#include "config.h"

#include "rsc-painter.h"

#include <cairo-pdf.h>
#include <math.h>
#include <string.h>

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "base/rsc-error.h"
#include "base/rsc-file.h"
#include "rsc-svg.h"
#include "rsc-theme.h"

/* cairo's images end at 32,767 pixels a side, PDF readers' pages at 200 inches. */
#define MAX_IMAGE_SIDE 32000.0
#define MAX_IMAGE_PIXELS 200.0e6
#define MAX_PAGE_SIDE 14400.0

static const struct
{
  const char *ending;
  RscExportFormat format;
} endings[] = {
  { ".png", RSC_EXPORT_PNG },
  { ".svg", RSC_EXPORT_SVG },
  { ".pdf", RSC_EXPORT_PDF },
  { ".dot", RSC_EXPORT_DOT },
  { ".gv", RSC_EXPORT_DOT },
  { ".json", RSC_EXPORT_JSON },
};

gboolean
rsc_export_format_from_path (const char *path, RscExportFormat *format, GError **error)
{
  g_autofree char *lower = g_ascii_strdown (path, -1);

  for (gsize i = 0; i < G_N_ELEMENTS (endings); i++)
    if (g_str_has_suffix (lower, endings[i].ending))
      {
        *format = endings[i].format;
        return TRUE;
      }
  g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_UNSUPPORTED,
               _("The name “%s” does not say what to write. It must end in .png, .svg, .pdf, .dot, .gv or .json."), path);
  return FALSE;
}

/* Where cairo writes a picture to, piece by piece. */
typedef struct
{
  GByteArray *bytes;
  GCancellable *cancellable;
} Stream;

static cairo_status_t
append_to_stream (void *closure, const unsigned char *data, unsigned int length)
{
  Stream *stream = closure;

  /* Large pictures are packed for longer than they are drawn. */
  if (g_cancellable_is_cancelled (stream->cancellable))
    return CAIRO_STATUS_WRITE_ERROR;
  g_byte_array_append (stream->bytes, data, length);
  return CAIRO_STATUS_SUCCESS;
}

static gboolean
check_status (cairo_status_t status, GCancellable *cancellable, GError **error)
{
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (status == CAIRO_STATUS_SUCCESS)
    return TRUE;
  g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_FAILED, _("The picture could not be drawn: %s."),
               cairo_status_to_string (status));
  return FALSE;
}

static void
paint (RscScene *scene, RscOverlay *overlay, double scale, cairo_t *cr)
{
  guint32 ground = rsc_theme_get_background (RSC_THEME_LIGHT);

  cairo_set_source_rgb (cr, (ground >> 16 & 0xff) / 255.0, (ground >> 8 & 0xff) / 255.0, (ground & 0xff) / 255.0);
  cairo_paint (cr);
  cairo_scale (cr, scale, scale);
  rsc_painter_draw (scene, overlay, RSC_THEME_LIGHT, 0, cr);
}

double
rsc_export_get_scale (RscScene *scene, RscExportFormat format, double scale)
{
  double width, height;

  rsc_scene_get_size (scene, &width, &height);
  switch (format)
    {
    case RSC_EXPORT_PNG:
      scale = MIN (scale, MAX_IMAGE_SIDE / MAX (width, height));
      return MIN (scale, sqrt (MAX_IMAGE_PIXELS / (width * height)));
    case RSC_EXPORT_PDF:
      return MIN (1, MAX_PAGE_SIDE / MAX (width, height));
    default:
      return 1;
    }
}

char *
rsc_export_dup_scale_note (RscScene *scene, RscExportFormat format, double scale)
{
  double wanted = format == RSC_EXPORT_PNG ? scale : 1;
  double got = rsc_export_get_scale (scene, format, scale);

  if (got >= wanted)
    return NULL;
  /* Translators: what a percentage of its size a picture has */
  return g_strdup_printf (_("The picture is too large for this format and was reduced to %.3g %% of its size; "
                            "SVG has no such limit, and fewer objects or a lower depth make it smaller."),
                          100 * got / wanted);
}

static GBytes *
write_png (RscScene *scene, RscOverlay *overlay, double wanted_scale, GCancellable *cancellable, GError **error)
{
  g_autoptr(GByteArray) bytes = g_byte_array_new ();
  Stream stream = { bytes, cancellable };
  double scale = rsc_export_get_scale (scene, RSC_EXPORT_PNG, wanted_scale);
  double width, height;
  cairo_surface_t *surface;
  cairo_t *cr;
  cairo_status_t status;

  rsc_scene_get_size (scene, &width, &height);
  surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, MAX ((int) ceil (width * scale), 1),
                                        MAX ((int) ceil (height * scale), 1));
  cr = cairo_create (surface);
  paint (scene, overlay, scale, cr);
  status = cairo_status (cr);
  cairo_destroy (cr);
  if (status == CAIRO_STATUS_SUCCESS && !g_cancellable_is_cancelled (cancellable))
    status = cairo_surface_write_to_png_stream (surface, append_to_stream, &stream);
  cairo_surface_destroy (surface);
  if (!check_status (status, cancellable, error))
    return NULL;
  return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}

static GBytes *
write_pdf (RscScene *scene, RscOverlay *overlay, GCancellable *cancellable, GError **error)
{
  g_autoptr(GByteArray) bytes = g_byte_array_new ();
  Stream stream = { bytes, cancellable };
  double scale = rsc_export_get_scale (scene, RSC_EXPORT_PDF, 1);
  double width, height;
  cairo_surface_t *surface;
  cairo_t *cr;
  cairo_status_t status;

  rsc_scene_get_size (scene, &width, &height);
  surface = cairo_pdf_surface_create_for_stream (append_to_stream, &stream, width * scale, height * scale);
  cairo_pdf_surface_set_metadata (surface, CAIRO_PDF_METADATA_TITLE, _("Reference graph"));
  cairo_pdf_surface_set_metadata (surface, CAIRO_PDF_METADATA_CREATOR, "Refscope " RSC_VERSION);
  cr = cairo_create (surface);
  paint (scene, overlay, scale, cr);
  cairo_show_page (cr);
  status = cairo_status (cr);
  cairo_destroy (cr);
  cairo_surface_finish (surface);
  if (status == CAIRO_STATUS_SUCCESS)
    status = cairo_surface_status (surface);
  cairo_surface_destroy (surface);
  if (!check_status (status, cancellable, error))
    return NULL;
  return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}

GBytes *
rsc_export_scene_to_bytes (RscScene *scene, RscOverlay *overlay, RscExportFormat format, double scale,
                           GCancellable *cancellable, GError **error)
{
  char *text = NULL;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  switch (format)
    {
    case RSC_EXPORT_PNG:
      return write_png (scene, overlay, scale > 0 ? scale : 1, cancellable, error);
    case RSC_EXPORT_PDF:
      return write_pdf (scene, overlay, cancellable, error);
    case RSC_EXPORT_SVG:
      text = rsc_svg_write (scene, overlay, RSC_THEME_LIGHT);
      break;
    case RSC_EXPORT_DOT:
      text = rsc_graph_to_dot (rsc_scene_get_graph (scene));
      break;
    case RSC_EXPORT_JSON:
      text = rsc_graph_to_json (rsc_scene_get_graph (scene));
      break;
    default:
      g_return_val_if_reached (NULL);
    }
  return g_bytes_new_take (text, strlen (text));
}

gboolean
rsc_export_scene (RscScene *scene, RscOverlay *overlay, RscExportFormat format, double scale, const char *path,
                  gboolean overwrite, GCancellable *cancellable, GError **error)
{
  g_autoptr(GBytes) bytes = rsc_export_scene_to_bytes (scene, overlay, format, scale, cancellable, error);
  gsize size;
  const void *data;

  if (bytes == NULL)
    return FALSE;
  data = g_bytes_get_data (bytes, &size);
  return rsc_file_replace_contents (path, overwrite, data, size, cancellable, error);
}
