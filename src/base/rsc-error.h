/* Error domains and codes shared by every layer above the wire.
 *
 * One enumeration serves all domains: the domain says which layer failed, the
 * code what a caller can do about it.  A cancelled operation is always
 * G_IO_ERROR_CANCELLED.  Messages are complete, translated sentences that say
 * what happened, to what, and what to do; a format error's message carries the
 * byte offset and the record. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define RSC_FORMAT_ERROR (rsc_format_error_quark ())
#define RSC_CAPTURE_ERROR (rsc_capture_error_quark ())
#define RSC_ANALYSIS_ERROR (rsc_analysis_error_quark ())
#define RSC_LAYOUT_ERROR (rsc_layout_error_quark ())
#define RSC_QUERY_ERROR (rsc_query_error_quark ())

typedef enum
{
  RSC_ERROR_FAILED,      /* none of the below */
  RSC_ERROR_TRUNCATED,   /* the input ends too early */
  RSC_ERROR_BAD_MAGIC,   /* the input is of another kind */
  RSC_ERROR_BAD_VERSION, /* right kind, unknown version */
  RSC_ERROR_CORRUPT,     /* a checksum, offset or value is wrong */
  RSC_ERROR_LIMIT,       /* a named ceiling was exceeded */
  RSC_ERROR_PERMISSION,  /* the system forbids it */
  RSC_ERROR_TIMEOUT,     /* a time limit passed */
  RSC_ERROR_NOT_FOUND,   /* an object, name or file does not exist */
  RSC_ERROR_EXISTS,      /* the output exists and overwriting was not asked */
  RSC_ERROR_UNSUPPORTED, /* this runtime, version or option cannot be served */
  RSC_ERROR_EXITED,      /* the target has ended, or ended during the call */
  RSC_ERROR_BUSY,        /* the target is doing something else; try again */
  RSC_ERROR_SYNTAX,      /* an expression does not parse */
  RSC_ERROR_IO,          /* reading or writing failed (disk full, ...) */
  RSC_ERROR_BLOCKED      /* the target's main thread does not come to it: another may, if the user says so */
} RscErrorCode;

GQuark rsc_format_error_quark (void);
GQuark rsc_capture_error_quark (void);
GQuark rsc_analysis_error_quark (void);
GQuark rsc_layout_error_quark (void);
GQuark rsc_query_error_quark (void);

G_END_DECLS
