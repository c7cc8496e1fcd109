#include "config.h"

#include "rsc-growth.h"

#include <string.h>

#include "rsc-histogram.h"

#define SECONDS_OF_AN_HOUR 3600.0

/* One type: its two columns grow with the heaps. */
typedef struct
{
  RscGrowthRow row;
  GArray *counts, *bytes; /* of guint64 */
} Entry;

struct _RscGrowth
{
  GHashTable *entries; /* "module\ntype" -> Entry */
  GArray *times;       /* of gint64, microseconds since 1970; 0: not known */
};

static void
entry_free (gpointer data)
{
  Entry *self = data;

  g_free (self->row.type);
  g_free (self->row.module);
  g_array_unref (self->counts);
  g_array_unref (self->bytes);
  g_free (self);
}

RscGrowth *
rsc_growth_new (void)
{
  RscGrowth *self = g_new0 (RscGrowth, 1);

  self->entries = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, entry_free);
  self->times = g_array_new (FALSE, FALSE, sizeof (gint64));

  return self;
}

void
rsc_growth_free (RscGrowth *self)
{
  g_hash_table_unref (self->entries);
  g_array_unref (self->times);
  g_free (self);
}

guint
rsc_growth_get_n_heaps (const RscGrowth *self)
{
  return self->times->len;
}

static Entry *
get_entry (RscGrowth *self,
           RscType    type)
{
  g_autofree char *key = g_strconcat (type.module, "\n", type.name, NULL);
  Entry *entry = g_hash_table_lookup (self->entries, key);

  if (entry == NULL)
    {
      entry = g_new0 (Entry, 1);
      entry->row.type = g_strdup (type.name);
      entry->row.module = g_strdup (type.module);
      entry->counts = g_array_new (FALSE, TRUE, sizeof (guint64));
      entry->bytes = g_array_new (FALSE, TRUE, sizeof (guint64));
      g_hash_table_insert (self->entries, g_steal_pointer (&key), entry);
    }

  return entry;
}

gboolean
rsc_growth_add (RscGrowth          *self,
                RscSnapshot        *snapshot,
                const RscProgress  *progress,
                GCancellable       *cancellable,
                GError            **error)
{
  g_autoptr (GArray) histogram = rsc_histogram_compute (snapshot, NULL, progress, cancellable, error);
  guint heap = self->times->len;
  gint64 captured_at = 0;

  if (histogram == NULL)
    return FALSE;

  g_variant_lookup (rsc_snapshot_get_info (snapshot), "captured-at", "x", &captured_at);
  g_array_append_val (self->times, captured_at);

  for (guint i = 0; i < histogram->len; i++)
    {
      const RscHistogramRow *row = &g_array_index (histogram, RscHistogramRow, i);
      Entry *entry = get_entry (self, rsc_snapshot_get_type (snapshot, row->type));

      /* What was not there before is 0. */
      if (entry->counts->len <= heap)
        {
          g_array_set_size (entry->counts, heap + 1);
          g_array_set_size (entry->bytes, heap + 1);
        }
      g_array_index (entry->counts, guint64, heap) += row->count;
      g_array_index (entry->bytes, guint64, heap) += row->bytes;
    }

  return TRUE;
}

gboolean
rsc_growth_has_times (const RscGrowth *self)
{
  for (guint i = 0; i < self->times->len; i++)
    if (g_array_index (self->times, gint64, i) <= (i > 0 ? g_array_index (self->times, gint64, i - 1) : 0))
      return FALSE;

  return self->times->len > 0;
}

guint
rsc_growth_find_disorder (const RscGrowth *self)
{
  for (guint i = 1; i < self->times->len; i++)
    {
      gint64 before = g_array_index (self->times, gint64, i - 1), time = g_array_index (self->times, gint64, i);

      if (before != 0 && time != 0 && time < before)
        return i;
    }

  return 0;
}

/* Least squares; @times: NULL for 0, 1, 2 … */
static double
compute_slope (const guint64 *counts,
               const GArray  *times,
               guint          n)
{
  double mean_x = 0, mean_y = 0, above = 0, below = 0;

  for (guint pass = 0; pass < 2; pass++)
    for (guint i = 0; i < n; i++)
      {
        double x = i;

        if (times != NULL)
          x = (double) (g_array_index (times, gint64, i) - g_array_index (times, gint64, 0)) / G_USEC_PER_SEC / SECONDS_OF_AN_HOUR;
        if (pass == 0)
          {
            mean_x += x / n;
            mean_y += (double) counts[i] / n;
          }
        else
          {
            above += (x - mean_x) * ((double) counts[i] - mean_y);
            below += (x - mean_x) * (x - mean_x);
          }
      }

  return below > 0 ? above / below : 0;
}

static void
compute_row (RscGrowth *self,
             Entry     *entry)
{
  RscGrowthRow *row = &entry->row;
  guint n = self->times->len;
  gboolean fell = FALSE;

  g_array_set_size (entry->counts, n);
  g_array_set_size (entry->bytes, n);
  row->counts = (guint64 *) entry->counts->data;
  row->bytes = (guint64 *) entry->bytes->data;
  row->growth = (gint64) (row->counts[n - 1] - row->counts[0]);
  row->bytes_growth = (gint64) (row->bytes[n - 1] - row->bytes[0]);
  row->grew = 0;
  for (guint i = 1; i < n; i++)
    {
      row->grew += row->counts[i] > row->counts[i - 1];
      fell = fell || row->counts[i] < row->counts[i - 1];
    }
  row->monotonic = row->growth > 0 && !fell;
  row->per_step = compute_slope (row->counts, NULL, n);
  row->per_hour = rsc_growth_has_times (self) ? compute_slope (row->counts, self->times, n) : 0;
}

static int
compare_rows (gconstpointer a,
              gconstpointer b)
{
  const RscGrowthRow *one = *(RscGrowthRow *const *) a, *other = *(RscGrowthRow *const *) b;
  int order;

  if (one->grew != other->grew)
    return one->grew > other->grew ? -1 : 1;
  if (one->growth != other->growth)
    return one->growth > other->growth ? -1 : 1;
  if (one->bytes_growth != other->bytes_growth)
    return one->bytes_growth > other->bytes_growth ? -1 : 1;

  order = strcmp (one->type, other->type);

  return order != 0 ? order : strcmp (one->module, other->module);
}

GPtrArray *
rsc_growth_compute (RscGrowth *self,
                    gboolean   all)
{
  GPtrArray *rows = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer value;

  g_return_val_if_fail (self->times->len >= 2, rows);

  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Entry *entry = value;

      compute_row (self, entry);
      if (all || entry->row.growth > 0 || entry->row.bytes_growth > 0)
        g_ptr_array_add (rows, &entry->row);
    }
  g_ptr_array_sort (rows, compare_rows);

  return rows;
}
