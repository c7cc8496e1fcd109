/* A synchronous core call on a worker thread, with its progress and a way to
 * cancel it, for the window.  Lives on the main thread. */
#pragma once

#include <gio/gio.h>

#include "base/rsc-progress.h"

G_BEGIN_DECLS

#define RSC_TYPE_JOB (rsc_job_get_type ())
G_DECLARE_FINAL_TYPE (RscJob, rsc_job, RSC, JOB, GObject)

/* On the worker thread: the result, or NULL with @error set. */
typedef gpointer (*RscJobFunc) (gpointer            data,
                                const RscProgress  *progress,
                                GCancellable       *cancellable,
                                GError            **error);

/* On the main thread, once.  The result is the receiver's; on failure it is
 * NULL and @error tells why.  A cancelled job always fails. */
typedef void (*RscJobDone) (gpointer      owner,
                            RscJob       *job,
                            gpointer      result,
                            const GError *error);

/* Starts at once.  @owner is kept alive until @done was called.  @title is a
 * translated phrase for people.  @data_free and @result_free may be NULL; the
 * latter frees a result that comes after the job was cancelled. */
RscJob *rsc_job_start (gpointer       owner,
                       const char    *title,
                       RscJobFunc     func,
                       gpointer       data,
                       GDestroyNotify data_free,
                       GDestroyNotify result_free,
                       RscJobDone     done);

void        rsc_job_cancel       (RscJob *self);
gboolean    rsc_job_is_cancelled (RscJob *self);
/* What was given as @data. */
gpointer    rsc_job_get_data     (RscJob *self);
const char *rsc_job_get_title    (RscJob *self);
/* What it is at now, or NULL. */
const char *rsc_job_get_phrase   (RscJob *self);
/* 0.0 to 1.0, negative while unknown. */
double      rsc_job_get_fraction (RscJob *self);

G_END_DECLS
