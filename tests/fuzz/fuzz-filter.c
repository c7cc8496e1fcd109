/* Expressions and object references: whatever is written, a filter or an error. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "query/rsc-filter.h"
#include "query/rsc-object-ref.h"
#include "snapshot/rsc-snapshot-builder.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static RscSnapshot *
make_heap (void)
{
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
  RscNodeRecord record = { .address = 0x1000, .size = 64, .refcount = 1, .flags = RSC_NODE_TEXT };

  rsc_snapshot_builder_add_type (builder, "str", "builtins", RSC_NODE_NONE, 0);
  rsc_snapshot_builder_add_type (builder, "list", "builtins", RSC_NODE_NONE, 0);
  record.value = rsc_snapshot_builder_add_string (builder, "it's 中文", -1);
  rsc_snapshot_builder_add_node (builder, &record);
  record = (RscNodeRecord) { .address = 0x1010, .size = 56, .type = 1, .refcount = RSC_REFCOUNT_UNKNOWN,
                             .flags = RSC_NODE_TRACKED, .generation = 2 };
  rsc_snapshot_builder_add_node (builder, &record);
  rsc_snapshot_builder_add_edge (builder, 0, RSC_EDGE_TRAVERSED | RSC_EDGE_INDEX, 0);
  return rsc_snapshot_builder_freeze (builder, NULL, NULL, NULL);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static RscSnapshot *snapshot;
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) reference_error = NULL;
  g_autoptr(RscFilter) filter = NULL;
  g_autoptr(GArray) nodes = NULL;
  int position = -1;

  if (snapshot == NULL)
    snapshot = make_heap ();

  filter = rsc_filter_new (snapshot, text, &error);
  if ((filter == NULL) != (error != NULL))
    abort ();
  if (rsc_filter_check (text, &position, NULL) != (filter != NULL))
    abort ();
  for (RscNode node = 0; filter != NULL && error == NULL && node < 2; node++)
    {
      g_autofree char *value = rsc_filter_evaluate (filter, node, 0, &error);

      if ((value == NULL) != (error != NULL) || (value != NULL && !g_utf8_validate (value, -1, NULL)))
        abort ();
    }
  /* A mistake lies within the text. */
  if (filter == NULL && g_utf8_validate (text, -1, NULL)
      && (position < 0 || position > g_utf8_strlen (text, -1)))
    abort ();

  nodes = rsc_object_ref_resolve (snapshot, text, NULL, &reference_error);
  if ((nodes == NULL) != (reference_error != NULL) || (nodes != NULL && nodes->len == 0))
    abort ();
  return 0;
}
