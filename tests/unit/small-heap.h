/* Hand-made heaps for tests of filters and graphs. */
#pragma once

#include "snapshot/rsc-snapshot-builder.h"

typedef struct
{
  RscSnapshotBuilder *builder;
  GHashTable *types; /* "module.name" -> index + 1 */
} SmallHeap;

static inline void
small_heap_init (SmallHeap *self)
{
  self->builder = rsc_snapshot_builder_new ();
  self->types = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

static inline guint32
small_heap_type (SmallHeap *self, const char *module, const char *name, guint32 type_flags)
{
  char *key = g_strconcat (module, ".", name, NULL);
  gpointer found = g_hash_table_lookup (self->types, key);
  guint32 index;

  if (found != NULL)
    {
      g_free (key);
      return GPOINTER_TO_UINT (found) - 1;
    }
  index = rsc_snapshot_builder_add_type (self->builder, name, module, RSC_NODE_NONE, type_flags);
  g_hash_table_insert (self->types, key, GUINT_TO_POINTER (index + 1));
  return index;
}

/* Node i lies at 0x1000 + 16 * i.  Anything but text and numbers is tracked. */
static inline RscNode
small_heap_node (SmallHeap *self, const char *type, const char *value, guint32 flags)
{
  const char *dot = strchr (type, '.');
  g_autofree char *module = dot != NULL ? g_strndup (type, dot - type) : g_strdup ("builtins");
  guint32 n;
  gboolean tracked = !(flags & (RSC_NODE_TEXT | RSC_NODE_BYTES | RSC_NODE_SYNTHETIC)) && strcmp (type, "int") != 0
                     && strcmp (type, "NoneType") != 0;
  RscNodeRecord record = {
    .size = 64,
    .type = small_heap_type (self, module, dot != NULL ? dot + 1 : type, dot != NULL ? RSC_TYPE_HEAP : 0),
    .refcount = 1,
    .flags = flags | (tracked ? RSC_NODE_TRACKED | RSC_NODE_CONTAINER : 0),
    .value = value != NULL ? rsc_snapshot_builder_add_string (self->builder, value, -1) : 0,
    .generation = tracked ? RSC_GENERATION_2 : RSC_GENERATION_NONE,
  };

  n = g_hash_table_contains (self->types, "#count")
        ? GPOINTER_TO_UINT (g_hash_table_lookup (self->types, "#count")) : 0;
  record.address = (flags & RSC_NODE_SYNTHETIC) ? 0 : 0x1000 + 16 * (guint64) n;
  g_hash_table_insert (self->types, g_strdup ("#count"), GUINT_TO_POINTER (n + 1));
  return rsc_snapshot_builder_add_node (self->builder, &record);
}

static inline RscNode
small_heap_text (SmallHeap *self, const char *text)
{
  return small_heap_node (self, "str", text, RSC_NODE_TEXT);
}

static inline void
small_heap_edge (SmallHeap *self, RscNode source, RscNode target, guint8 kind, guint32 label)
{
  rsc_snapshot_builder_add_edge_from (self->builder, source, target, kind, label);
}

static inline void
small_heap_named_edge (SmallHeap *self, RscNode source, RscNode target, guint8 kind, const char *label)
{
  small_heap_edge (self, source, target, kind, rsc_snapshot_builder_intern_string (self->builder, label, -1));
}

static inline RscSnapshot *
small_heap_freeze (SmallHeap *self)
{
  g_autoptr(GError) error = NULL;
  RscSnapshot *snapshot = rsc_snapshot_builder_freeze (self->builder, NULL, NULL, &error);

  g_assert_no_error (error);
  g_clear_pointer (&self->builder, rsc_snapshot_builder_free);
  g_clear_pointer (&self->types, g_hash_table_unref);
  return snapshot;
}

#define T RSC_EDGE_TRAVERSED
