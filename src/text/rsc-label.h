/* A node's or edge's text, laid out once by Pango, unhinted, at unit scale, so
 * that the canvas at any zoom and every export have the same geometry.
 * One RscLabelContext for one thread. */
#pragma once

#include <cairo.h>
#include <glib.h>

G_BEGIN_DECLS

typedef struct _RscLabelContext RscLabelContext;
typedef struct _RscLabel RscLabel;

RscLabelContext *rsc_label_context_new  (void);
void             rsc_label_context_free (RscLabelContext *self);

typedef enum
{
  RSC_LABEL_NODE, /* 11 units, the first line bold; lines over 40 characters end in an ellipsis */
  RSC_LABEL_EDGE  /* 9 units */
} RscLabelStyle;

RscLabel *rsc_label_new (RscLabelContext *context, RscLabelStyle style, const char *text);
/* May be called from any thread. */
void      rsc_label_free (RscLabel *self);

/* In units (1/72 inch at zoom 1). */
void rsc_label_get_size (const RscLabel *self, double *width, double *height);
const char *rsc_label_get_text (const RscLabel *self);

/* Draws with the current source colour, centred on (x, y).  As text, not as
 * paths, where the surface can (SVG, PDF). */
void rsc_label_draw (const RscLabel *self, cairo_t *cr, double x, double y);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscLabelContext, rsc_label_context_free)

G_END_DECLS
