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

/* "12 objects, 1 reference"; free with g_free(). */
char *rsc_summary_dup_counts (guint64 objects, guint64 references);

/* An info key that holds microseconds. */
void rsc_summary_set_milliseconds (RscCell *cell, RscSnapshot *snapshot, const char *key);

G_END_DECLS
