/* A node's or edge's text, laid out once by Pango, unhinted, at unit scale, so
 * that the canvas at any zoom and every export have the same geometry.
 *
 * One RscLabelContext for one thread.  A label that was made is immutable and
 * holds glyphs and cairo's fonts only: any thread may draw or free it. */
#pragma once

#include <cairo.h>
#include <glib.h>

G_BEGIN_DECLS

typedef struct _RscLabelContext RscLabelContext;
typedef struct _RscLabel RscLabel;

RscLabelContext *rsc_label_context_new  (void);
void             rsc_label_context_free (RscLabelContext *self);
/* The calling thread's own, made at its first use; borrowed. */
RscLabelContext *rsc_label_context_get_for_thread (void);

/* A line is cut after this many characters, with an ellipsis, and a label after
 * this many lines. */
#define RSC_LABEL_MAX_CHARS 40
#define RSC_LABEL_MAX_LINES 12

typedef enum
{
  RSC_LABEL_NODE, /* 11 units, the first line bold */
  RSC_LABEL_EDGE, /* 9 units */
  RSC_LABEL_FOLD, /* 9.5 units */
  RSC_LABEL_BADGE /* 8 units, bold */
} RscLabelStyle;

/* @text: UTF-8; control characters other than \n are shown as spaces. */
RscLabel *rsc_label_new (RscLabelContext *context, RscLabelStyle style, const char *text);
/* May be called from any thread. */
void      rsc_label_free (RscLabel *self);

/* In units (1/72 inch at zoom 1). */
void rsc_label_get_size (const RscLabel *self, double *width, double *height);
/* As it is shown: lines cut. */
const char *rsc_label_get_text (const RscLabel *self);
double rsc_label_get_font_size (const RscLabel *self);

/* The families asked for, as a CSS list. */
const char *rsc_label_get_families (void);

/* A line of it.  x and baseline are relative to the label's centre. */
typedef struct
{
  const char *text; /* not NUL-terminated */
  gsize length;
  double x, baseline, width;
  gboolean bold;
} RscLabelLine;
const RscLabelLine *rsc_label_get_lines (const RscLabel *self, gsize *n_lines);

/* Draws with the current source colour, centred on (x, y).  As text, not as
 * paths, where the surface can (PDF). */
void rsc_label_draw (const RscLabel *self, cairo_t *cr, double x, double y);
/* The same, with @first_rgb for the bold first line and @rest_rgb (0xRRGGBB)
 * for what follows. */
void rsc_label_draw_colored (const RscLabel *self, cairo_t *cr, double x, double y,
                             guint32 first_rgb, guint32 rest_rgb);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscLabelContext, rsc_label_context_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscLabel, rsc_label_free)

G_END_DECLS
