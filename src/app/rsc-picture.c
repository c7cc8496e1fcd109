#include "config.h"

#include "rsc-picture.h"

struct _RscPicture
{
  cairo_surface_t *surface;
  GdkTexture *texture;
};

RscPicture *
rsc_picture_new (cairo_surface_t *surface)
{
  RscPicture *self = g_new0 (RscPicture, 1);

  cairo_surface_flush (surface);
  self->surface = surface;
  return self;
}

void
rsc_picture_free (RscPicture *self)
{
  g_clear_object (&self->texture);
  cairo_surface_destroy (self->surface);
  g_free (self);
}

cairo_surface_t *
rsc_picture_get_surface (RscPicture *self)
{
  return self->surface;
}

GdkTexture *
rsc_picture_get_texture (RscPicture *self)
{
  if (self->texture == NULL)
    {
      int stride = cairo_image_surface_get_stride (self->surface), height = cairo_image_surface_get_height (self->surface);
      g_autoptr(GBytes) pixels = g_bytes_new_with_free_func (cairo_image_surface_get_data (self->surface), (gsize) stride * height,
                                                             (GDestroyNotify) cairo_surface_destroy,
                                                             cairo_surface_reference (self->surface));

      self->texture = gdk_memory_texture_new (cairo_image_surface_get_width (self->surface), height, GDK_MEMORY_DEFAULT,
                                              pixels, stride);
    }
  return self->texture;
}

gboolean
rsc_picture_is_software (GtkWidget *widget)
{
  GtkNative *native = gtk_widget_get_native (widget);
  GskRenderer *renderer = native != NULL ? gtk_native_get_renderer (native) : NULL;

  return renderer != NULL && GSK_IS_CAIRO_RENDERER (renderer);
}
