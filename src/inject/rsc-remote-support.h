/* Where CPython 3.14 and later wants to be told of a script to run: what sys.remote_exec() writes to. */
#pragma once

#include "rsc-python-process.h"

G_BEGIN_DECLS

/* The oldest that has it. */
#define RSC_REMOTE_OLDEST_MINOR 14

/* Addresses in the process.  They are part of the interpreter's own data, which is never freed. */
typedef struct
{
  guint64 breaker;   /* the byte with the flags by which the main thread is told to look for what there is to do */
  guint64 pending;   /* a 32-bit number: 1: the script is to be run */
  guint64 path;      /* of the script, NUL-terminated */
  gsize path_size;   /* what there is room for, bytes */
} RscRemoteSupport;

/* RSC_CAPTURE_ERROR, UNSUPPORTED: it cannot be asked, with the reason. */
gboolean rsc_remote_support_find (RscProcessMemory *memory, const RscInterpreter *interpreter, RscRemoteSupport *support,
                                  GError **error);

G_END_DECLS
