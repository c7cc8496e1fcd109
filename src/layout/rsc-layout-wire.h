/* The records that the layout child and its parent exchange over a pipe.
 *
 *   header   RscLayoutHeader: magic, version, type, length of what follows
 *   payload  by type, below; little more than arrays of fixed-size numbers
 *
 * One request and one reply for each child.  Both sides read what they get as
 * if it came from outside: every count is checked against its ceiling and
 * against what is left of the record before anything is allocated.  Numbers
 * are in the machine's own byte order, for both ends are on one machine. */
#pragma once

#include "base/rsc-error.h"
#include "rsc-layout.h"

G_BEGIN_DECLS

#define RSC_LAYOUT_MAGIC 0x4c435352u /* "RSCL" */
#define RSC_LAYOUT_VERSION 2

/* Ceilings.  The scene refuses long before. */
#define RSC_LAYOUT_MAX_NODES 20000u
#define RSC_LAYOUT_MAX_EDGES 400000u
#define RSC_LAYOUT_MAX_POINTS 8000000u
#define RSC_LAYOUT_MAX_SIDE 20000.0       /* of a box, in points */
#define RSC_LAYOUT_MAX_COORDINATE 1.0e7
#define RSC_LAYOUT_MAX_WEIGHT 1000u
#define RSC_LAYOUT_MAX_DOT_TEXT (64u << 20)
#define RSC_LAYOUT_MAX_DOT_NODES 4000000u
#define RSC_LAYOUT_MAX_DOT_EDGES 16000000u
#define RSC_LAYOUT_MAX_DOT_STRING 65536u  /* bytes of a name or label; longer is cut */
#define RSC_LAYOUT_MAX_ERROR_TEXT 65536u
#define RSC_LAYOUT_MAX_PAYLOAD (512u << 20)

typedef enum
{
  RSC_LAYOUT_RECORD_PLACE = 1, /* request: sizes and settings */
  RSC_LAYOUT_RECORD_PARSE = 2, /* request: DOT text */
  RSC_LAYOUT_RECORD_PLACES = 3, /* reply to PLACE */
  RSC_LAYOUT_RECORD_DOT = 4,   /* reply to PARSE */
  RSC_LAYOUT_RECORD_ERROR = 5  /* reply to either */
} RscLayoutRecordType;

typedef struct
{
  guint32 magic;
  guint16 version;
  guint16 type;
  guint32 length; /* of the payload, in bytes */
  guint32 reserved; /* 0 */
} RscLayoutHeader;
G_STATIC_ASSERT (sizeof (RscLayoutHeader) == 16);

typedef enum
{
  RSC_LAYOUT_ENGINE_DOT,
  RSC_LAYOUT_ENGINE_SFDP,
  RSC_LAYOUT_N_ENGINES
} RscLayoutEngine;

/* How the engine is to be run; 0 and FALSE: the engine's own defaults. */
typedef struct
{
  RscLayoutEngine engine;
  double nslimit;   /* of nslimit and nslimit1 */
  double mclimit;
  gboolean lines;   /* splines=line */
} RscLayoutSettings;

/* What the child could not do. */
typedef struct
{
  guint32 code;   /* RscErrorCode */
  guint32 line;   /* of a DOT text, as Graphviz counts; 0: unknown */
  guint32 offset; /* in it, in bytes: where the word begins that is wrong; its end, if it ends too early */
  guint32 length; /* of that word; with RSC_LAYOUT_OFFSET_UNKNOWN 0 */
} RscLayoutFault;
G_STATIC_ASSERT (sizeof (RscLayoutFault) == 16);

#define RSC_LAYOUT_OFFSET_UNKNOWN G_MAXUINT32

/* Each appends header and payload. */
void rsc_layout_wire_append_place (GByteArray *out, const RscLayoutRequest *request,
                                   const RscLayoutSettings *settings);
void rsc_layout_wire_append_parse (GByteArray *out, const char *text, gsize length);
void rsc_layout_wire_append_places (GByteArray *out, const RscLayoutResult *result);
void rsc_layout_wire_append_dot (GByteArray *out, const RscDotGraph *graph);
void rsc_layout_wire_append_error (GByteArray *out, const RscLayoutFault *fault, const char *text);

/* FALSE with RSC_LAYOUT_ERROR, CORRUPT or BAD_VERSION or LIMIT, if the header is not one. */
gboolean rsc_layout_wire_check_header (const RscLayoutHeader *header, GError **error);

/* Readers of a payload. NULL, FALSE: RSC_LAYOUT_ERROR, CORRUPT or LIMIT. */

/* Owns its arrays; free with rsc_layout_place_free(). */
typedef struct
{
  RscLayoutRequest request;
  RscLayoutSettings settings;
} RscLayoutPlace;
RscLayoutPlace *rsc_layout_wire_read_place (const guint8 *payload, gsize length, GError **error);
void            rsc_layout_place_free (RscLayoutPlace *self);

/* engine, settings, note and seconds are left for the caller to fill in. */
RscLayoutResult *rsc_layout_wire_read_places (const guint8 *payload, gsize length, GError **error);
RscDotGraph     *rsc_layout_wire_read_dot (const guint8 *payload, gsize length, GError **error);
/* *text is to be freed and is valid UTF-8. */
gboolean         rsc_layout_wire_read_error (const guint8 *payload, gsize length,
                                             RscLayoutFault *fault, char **text, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscLayoutPlace, rsc_layout_place_free)

G_END_DECLS
