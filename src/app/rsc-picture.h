/* Pixels that are shown again and again.
 *
 * A graphics card wants them as a texture.  GTK's software renderer wants a
 * surface of cairo's: of a texture it makes a new one for each frame, pixel by
 * pixel, which takes several times as long as the drawing itself. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

typedef struct _RscPicture RscPicture;

/* Takes @surface, an image in ARGB32 that nobody draws on any more. */
RscPicture *rsc_picture_new  (cairo_surface_t *surface);
void        rsc_picture_free (RscPicture *self);

/* Borrowed. */
cairo_surface_t *rsc_picture_get_surface (RscPicture *self);
/* Borrowed; made when first asked for, of the same memory. */
GdkTexture      *rsc_picture_get_texture (RscPicture *self);

/* Whether @widget's window is drawn by GTK's software renderer. */
gboolean rsc_picture_is_software (GtkWidget *widget);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscPicture, rsc_picture_free)

G_END_DECLS
