/* The numbers of a heap as a whole. */
#pragma once

#include "rsc-cli-rows.h"

G_BEGIN_DECLS

typedef struct
{
  guint64 objects; /* without synthetic ones */
  guint64 edges;
  guint64 bytes;
} RscSummary;

gboolean rsc_summary_compute (RscSnapshot *snapshot, RscSummary *summary, GError **error);

/* An info key that holds microseconds. */
void rsc_summary_set_milliseconds (RscCell *cell, RscSnapshot *snapshot, const char *key);

G_END_DECLS
