#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-heap-capture.h"

#include "rsc-kept-values.h"
#include "rsc-number.h"

#define N_GENERATIONS 3

struct _RscHeapCapture
{
  GObject parent_instance;

  guint number;
  char *title;
  char *subtitle;
  RscSnapshot *snapshots[2];
  RscCollection *collection;
  RscCollectionDiff *diff;

  /* By side. */
  RscPrediction *predictions[2][N_GENERATIONS];
  RscOverlay *prediction_overlays[2][N_GENERATIONS];
  RscComponents *components[2];
  RscOverlay *component_overlays[2];
  RscBitset *own_cycles[2];
};

G_DEFINE_FINAL_TYPE (RscHeapCapture, rsc_heap_capture, G_TYPE_OBJECT)

static void
rsc_heap_capture_finalize (GObject *object)
{
  RscHeapCapture *self = RSC_HEAP_CAPTURE (object);

  for (guint i = 0; i < 2; i++)
    {
      for (guint j = 0; j < N_GENERATIONS; j++)
        {
          g_clear_pointer (&self->predictions[i][j], rsc_prediction_free);
          g_clear_pointer (&self->prediction_overlays[i][j], rsc_overlay_unref);
        }
      g_clear_pointer (&self->components[i], rsc_components_free);
      g_clear_pointer (&self->component_overlays[i], rsc_overlay_unref);
      g_clear_pointer (&self->own_cycles[i], rsc_bitset_free);
      g_clear_pointer (&self->snapshots[i], rsc_snapshot_unref);
    }
  g_clear_pointer (&self->diff, rsc_collection_diff_free);
  g_clear_pointer (&self->collection, rsc_collection_free);
  g_free (self->title);
  g_free (self->subtitle);

  G_OBJECT_CLASS (rsc_heap_capture_parent_class)->finalize (object);
}

static void
rsc_heap_capture_class_init (RscHeapCaptureClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rsc_heap_capture_finalize;
}

static void
rsc_heap_capture_init (RscHeapCapture *self)
{
}

static char *
describe_size (RscSnapshot *snapshot)
{
  const RscColumns *columns = rsc_snapshot_get_columns (snapshot, 0, NULL);
  guint64 uss = rsc_snapshot_get_info_number (snapshot, "uss");
  const char *note = rsc_kept_values_get_note (snapshot);
  guint32 n = columns != NULL ? columns->n_nodes : 0;
  g_autofree char *number = rsc_number_dup (n);
  g_autofree char *objects = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%s object", "%s objects", n), number);
  g_autofree char *size = uss > 0 ? g_format_size_full (uss, G_FORMAT_SIZE_IEC_UNITS) : NULL;
  g_autofree char *text = NULL;

  /* Translators: "1,204 objects, 12.3 MB of memory" */
  text = size != NULL ? g_strdup_printf (_("%s, %s of memory"), objects, size) : g_steal_pointer (&objects);

  return note != NULL ? g_strdup_printf (_("%1$s, %2$s"), text, note) : g_steal_pointer (&text);
}

RscHeapCapture *
rsc_heap_capture_new (RscSnapshot *snapshot, const char *title, guint number)
{
  RscHeapCapture *self = g_object_new (RSC_TYPE_HEAP_CAPTURE, NULL);
  const char *hint = rsc_snapshot_get_info_string (snapshot, "hint");

  self->snapshots[RSC_SIDE_BEFORE] = rsc_snapshot_ref (snapshot);
  self->number = number;
  if (title != NULL && *title != '\0')
    self->title = g_strdup (title);
  else if (*hint != '\0')
    self->title = g_strdup (hint);
  else if (rsc_snapshot_get_info_boolean (snapshot, "at-exit"))
    self->title = g_strdup (_("At the end"));
  else
    /* Translators: a capture of a program's heap, with its number */
    self->title = g_strdup_printf (_("Capture %u"), number);
  self->subtitle = describe_size (snapshot);

  return self;
}

RscHeapCapture *
rsc_heap_capture_new_for_collection (RscCollection *collection, RscCollectionDiff *diff, guint number)
{
  RscHeapCapture *self = g_object_new (RSC_TYPE_HEAP_CAPTURE, NULL);
  g_autofree char *freed = NULL;

  self->number = number;
  self->snapshots[RSC_SIDE_BEFORE] = rsc_snapshot_ref (collection->before);
  self->snapshots[RSC_SIDE_AFTER] = rsc_snapshot_ref (collection->after);
  self->title = g_strdup_printf (_("Collection of generation %u"), collection->generation);
  /* As many as gc.collect() says, not what went along with them. */
  freed = rsc_number_dup (diff->found);
  self->subtitle = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%s object freed", "%s objects freed", RSC_PLURAL (diff->found)), freed);
  self->collection = collection;
  self->diff = diff;

  return self;
}

const char *
rsc_heap_capture_get_title (RscHeapCapture *self)
{
  return self->title;
}

const char *
rsc_heap_capture_get_subtitle (RscHeapCapture *self)
{
  return self->subtitle;
}

guint
rsc_heap_capture_get_number (RscHeapCapture *self)
{
  return self->number;
}

RscSnapshot *
rsc_heap_capture_get_snapshot (RscHeapCapture *self, RscSide side)
{
  return self->snapshots[side] != NULL ? self->snapshots[side] : self->snapshots[RSC_SIDE_BEFORE];
}

RscCollection *
rsc_heap_capture_get_collection (RscHeapCapture *self)
{
  return self->collection;
}

RscCollectionDiff *
rsc_heap_capture_get_diff (RscHeapCapture *self)
{
  return self->diff;
}

/* A capture with one snapshot has one side. */
static RscSide
effective_side (RscHeapCapture *self, RscSide side)
{
  return self->snapshots[side] != NULL ? side : RSC_SIDE_BEFORE;
}

RscPrediction *
rsc_heap_capture_get_prediction (RscHeapCapture *self, RscSide side, guint generation, RscOverlay **overlay)
{
  g_return_val_if_fail (generation < N_GENERATIONS, NULL);

  side = effective_side (self, side);
  if (overlay != NULL)
    *overlay = self->prediction_overlays[side][generation];

  return self->predictions[side][generation];
}

void
rsc_heap_capture_set_prediction (RscHeapCapture *self, RscSide side, RscPrediction *prediction, RscOverlay *overlay)
{
  guint generation = prediction->generation;

  g_return_if_fail (generation < N_GENERATIONS);

  side = effective_side (self, side);
  g_clear_pointer (&self->predictions[side][generation], rsc_prediction_free);
  g_clear_pointer (&self->prediction_overlays[side][generation], rsc_overlay_unref);
  self->predictions[side][generation] = prediction;
  self->prediction_overlays[side][generation] = overlay;
}

RscComponents *
rsc_heap_capture_get_components (RscHeapCapture *self, RscSide side, RscOverlay **overlay)
{
  side = effective_side (self, side);
  if (overlay != NULL)
    *overlay = self->component_overlays[side];

  return self->components[side];
}

void
rsc_heap_capture_set_components (RscHeapCapture *self, RscSide side, RscComponents *components, RscOverlay *overlay, RscBitset *own)
{
  side = effective_side (self, side);
  g_clear_pointer (&self->components[side], rsc_components_free);
  g_clear_pointer (&self->component_overlays[side], rsc_overlay_unref);
  g_clear_pointer (&self->own_cycles[side], rsc_bitset_free);
  self->components[side] = components;
  self->component_overlays[side] = overlay;
  self->own_cycles[side] = own;
}

RscBitset *
rsc_heap_capture_get_own_cycles (RscHeapCapture *self, RscSide side)
{
  return self->own_cycles[effective_side (self, side)];
}
