#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-recorded.h"

#include "rsc-number.h"

#define N_GENERATIONS 3

char *
rsc_recorded_dup_title (const RscRecordedCollection *item)
{
  g_autofree char *freed = rsc_number_dup (item->collected);

  /* Translators: a collection of the generation %1$u took %2$.2f ms and freed %3$s objects */
  return g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "Generation %1$u: %2$.2f ms, %3$s freed", "Generation %1$u: %2$.2f ms, %3$s freed",
                                       RSC_PLURAL (item->collected)), item->generation, item->duration * 1000, freed);
}

static char *
dup_numbers (const guint64 numbers[3])
{
  return g_strdup_printf ("%" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT, numbers[0], numbers[1], numbers[2]);
}

char *
rsc_recorded_dup_counts (const RscRecordedCollection *item)
{
  g_autofree char *before = dup_numbers (item->counts_before);
  g_autofree char *after = dup_numbers (item->counts_after);
  g_autofree char *thresholds = dup_numbers (item->thresholds);

  /* Translators: when a collection began; the collector's counts of the three generations before and after it, and their thresholds */
  return g_strdup_printf (_("At %1$.2f s. Counts %2$s → %3$s; thresholds %4$s"), item->seconds, before, after, thresholds);
}

char *
rsc_recorded_dup_details (const RscRecordedCollection *item)
{
  g_autofree char *before = dup_numbers (item->counts_before);
  g_autofree char *after = dup_numbers (item->counts_after);
  g_autofree char *thresholds = dup_numbers (item->thresholds);

  return g_strdup_printf (_("Began at %1$.2f s\nOf generations 0, 1 and 2:\nCounts before: %2$s\nCounts after: %3$s\nThresholds: %4$s"),
                          item->seconds, before, after, thresholds);
}

void
rsc_recorded_thin (GArray *recorded)
{
  RscRecordedCollection *items = (RscRecordedCollection *) (gpointer) recorded->data;
  RscRecordedCollection *first[N_GENERATIONS] = { NULL, };
  guint n = 0;

  for (guint i = 0; i < recorded->len; i++)
    {
      RscRecordedCollection *item = &items[i], **other = &first[item->generation];
      RscRecordedCollection *longer, *shorter;

      if (*other == NULL)
        {
          *other = item;
          continue;
        }
      longer = item->duration > (*other)->duration ? item : *other;
      shorter = longer == item ? *other : item;
      longer->stands_for += shorter->stands_for;
      longer->together += shorter->together;
      shorter->stands_for = 0;
      *other = NULL;
    }
  for (guint i = 0; i < recorded->len; i++)
    if (items[i].stands_for > 0)
      items[n++] = items[i];
  g_array_set_size (recorded, n);
}
