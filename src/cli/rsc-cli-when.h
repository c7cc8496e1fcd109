/* What capture --when waits for: "uss > 2G and count(type = 'Session') > 1000".
 *
 * Comparisons of a measure with a number, joined by and, or, not and
 * parentheses.  Measures: uss and rss, and of the heap count(FILTER) and
 * bytes(FILTER), whose filter is one of query/rsc-filter.h, with text in double
 * quotes too.  What is asked cheaply is asked first: where that decides, the
 * heap need not be known. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _RscWhen RscWhen;

typedef enum
{
  RSC_WHEN_NO,
  RSC_WHEN_YES,
  RSC_WHEN_UNKNOWN /* it hangs by a measure that is not known */
} RscWhenAnswer;

typedef enum
{
  RSC_MEASURE_USS,
  RSC_MEASURE_RSS,
  RSC_MEASURE_COUNT,
  RSC_MEASURE_BYTES
} RscMeasureKind;

typedef struct
{
  RscMeasureKind kind;
  char *filter;   /* of COUNT and BYTES; NULL: all objects */
  char *text;     /* as it was written */
  gboolean known;
  guint64 value;
} RscMeasure;

/* RSC_CLI_ERROR, USAGE: says at which character it goes wrong, and what is right. */
RscWhen *rsc_when_parse (const char *text, GError **error);
void     rsc_when_free  (RscWhen *self);

/* The measures, whose values are set by who asks.  Owned by @self. */
RscMeasure *rsc_when_get_measures (RscWhen *self, guint *n);
/* Whether there is one of the heap. */
gboolean    rsc_when_needs_heap   (const RscWhen *self);
/* Whether a filter asks for what strings and numbers are. */
gboolean    rsc_when_asks_value   (const RscWhen *self);

RscWhenAnswer rsc_when_ask (const RscWhen *self);

const char *rsc_when_get_text (const RscWhen *self);
/* "uss: 37.1 MiB, count(type='Session'): 12": what is known; "" if nothing is.
 * Free with g_free(). */
char       *rsc_when_describe (const RscWhen *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscWhen, rsc_when_free)

G_END_DECLS
