/* A scene under one overlay after the other, as a lecture needs it: numbered
 * pictures, one animated picture, or a page with buttons. */
#pragma once

#include "render/rsc-painter.h"

G_BEGIN_DECLS

/* A frame; the receiver frees it. */
typedef struct
{
  RscOverlay *overlay;
  char *heading;  /* "Subtract inner references" */
  char *sentence; /* what happens */
  char *code;     /* the line of the algorithm, or NULL */
} RscFilmFrame;

/* Fills the empty @frame number @index. */
typedef void (*RscFilmFunc) (gsize index, RscFilmFrame *frame, gpointer data);

typedef struct
{
  RscScene *scene;
  const char *title;
  gsize n_frames;
  RscFilmFunc get_frame;
  gpointer data;
} RscFilm;

typedef enum
{
  RSC_FILM_HTML,  /* a page that needs nothing else, with buttons and keys */
  RSC_FILM_SVG,   /* one animated picture */
  RSC_FILM_FRAMES /* a folder of 0001.svg, 0002.svg, ... */
} RscFilmFormat;

/* ".html", ".htm", ".svg", or a path that ends in a slash. */
gboolean rsc_film_format_from_path (const char *path, RscFilmFormat *format);

#define RSC_FILM_DEFAULT_SECONDS 1.2

/* @seconds: of each frame of an animated picture.  A file is replaced as a
 * whole; a folder is made if it is not there, and files in it are replaced only
 * with @overwrite; without it a failure leaves none of them.  RSC_FORMAT_ERROR as rsc_file_replace(). */
gboolean rsc_film_write (const RscFilm *self, RscFilmFormat format, double seconds, const char *path,
                         gboolean overwrite, const RscProgress *progress, GCancellable *cancellable, GError **error);

G_END_DECLS
