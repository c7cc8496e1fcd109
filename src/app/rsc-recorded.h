/* A collection that was recorded, and what is said of it. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  double seconds;  /* since the launch */
  double duration; /* seconds */
  guint generation; /* 0 to 2 */
  guint64 collected, uncollectable; /* objects */
  guint64 counts_before[3], counts_after[3], thresholds[3];
  guint64 stands_for; /* collections of its generation about its time that it was the longest of: itself, if it is alone */
  double together;    /* seconds that these took */
} RscRecordedCollection;

/* "Generation 2: 12.30 ms, 1,204 freed" */
char *rsc_recorded_dup_title   (const RscRecordedCollection *item);
/* "At 3.21 s. Counts 701, 10, 10 → 0, 0, 0; thresholds 700, 10, 10" */
char *rsc_recorded_dup_counts  (const RscRecordedCollection *item);
/* When, its counts and its thresholds, a line each. */
char *rsc_recorded_dup_details (const RscRecordedCollection *item);

/* Halves what is kept (of RscRecordedCollection, oldest first): of each two of a generation that follow each other the longer
 * stands for both. */
void  rsc_recorded_thin        (GArray *recorded);

G_END_DECLS
