/* capture --every: a series of heaps, of which the last ones are kept.
 *
 * FILE.refscope stands for FILE-0001.refscope, FILE-0002.refscope and so on, after
 * what there is.  The oldest is removed once the new one is written, synced and
 * named; only what this run wrote is removed, and nothing is overwritten. */
#pragma once

#include "rsc-cli.h"

G_BEGIN_DECLS

typedef struct
{
  gint64 every;    /* microseconds */
  gint64 duration; /* microseconds from its begin on; 0: until the program ends */
  guint keep;      /* files, from 1 on */
  guint count;     /* captures; 0: no limit */
  gboolean at_once; /* the first one now, and not after one interval */
} RscSeriesOptions;

/* One is there, as @file; @cli->snapshot is its heap. */
typedef gboolean (*RscSeriesFunc) (RscCli *cli, const char *file, gpointer data, GError **error);

/* Of a target that was started.  If @cli->snapshot is there it is the first one.
 * Says beforehand how much room it takes.  RSC_CLI_ERROR, OUTPUT: there is not
 * enough; RSC_FORMAT_ERROR: one could not be written.  Those before stay. */
gboolean rsc_series_run (RscCli *cli, const RscSeriesOptions *options, RscSeriesFunc func, gpointer data, GError **error);

G_END_DECLS
