#include "config.h"

#include "rsc-snapshot.h"

#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <string.h>

#include "base/rsc-census.h"
#include "base/rsc-error.h"
#include "base/rsc-release.h"
#include "rsc-edge-index.h"
#include "rsc-snapshot-private.h"

static const struct
{
  const char *name;
  gsize item_size;
} column_facts[RSC_N_COLUMNS] = {
  [RSC_COLUMN_INFO] = { "info", 1 },
  [RSC_COLUMN_TYPES] = { "types", sizeof (RscTypeRow) },
  [RSC_COLUMN_THREADS] = { "threads", sizeof (RscThreadRow) },
  [RSC_COLUMN_FRAMES] = { "frames", sizeof (RscFrameRow) },
  [RSC_COLUMN_ROOTS] = { "roots", sizeof (RscRootRow) },
  [RSC_COLUMN_STRING_OFFSETS] = { "string_offsets", sizeof (guint64) },
  [RSC_COLUMN_STRING_DATA] = { "string_data", 1 },
  [RSC_COLUMN_ADDRESS] = { "address", sizeof (guint64) },
  [RSC_COLUMN_SIZE] = { "size", sizeof (guint64) },
  [RSC_COLUMN_TYPE] = { "type", sizeof (guint32) },
  [RSC_COLUMN_REFCOUNT] = { "refcount", sizeof (guint32) },
  [RSC_COLUMN_FLAGS] = { "flags", sizeof (guint32) },
  [RSC_COLUMN_VALUE] = { "value", sizeof (guint32) },
  [RSC_COLUMN_GENERATION] = { "generation", sizeof (guint8) },
  [RSC_COLUMN_FIRST_EDGE] = { "first_edge", sizeof (guint64) },
  [RSC_COLUMN_TARGET] = { "target", sizeof (guint32) },
  [RSC_COLUMN_LABEL] = { "label", sizeof (guint32) },
  [RSC_COLUMN_KIND] = { "kind", sizeof (guint8) },
  [RSC_COLUMN_FIRST_REFERRER] = { "first_referrer", sizeof (guint64) },
  [RSC_COLUMN_REFERRER] = { "referrer", sizeof (guint32) },
  [RSC_COLUMN_BY_ADDRESS] = { "by_address", sizeof (guint32) },
};

gsize
_rsc_column_get_item_size (RscColumn column)
{
  return column_facts[column].item_size;
}

const char *
_rsc_column_get_name (RscColumn column)
{
  return column_facts[column].name;
}

guint64
_rsc_column_get_n_items (RscColumn         column,
                         const RscColumns *columns)
{
  switch (column)
    {
    case RSC_COLUMN_TYPES:
      return columns->n_types;
    case RSC_COLUMN_THREADS:
      return columns->n_threads;
    case RSC_COLUMN_FRAMES:
      return columns->n_frames;
    case RSC_COLUMN_ROOTS:
      return columns->n_roots;
    case RSC_COLUMN_STRING_OFFSETS:
      return (guint64) columns->n_strings + 1;
    case RSC_COLUMN_ADDRESS:
    case RSC_COLUMN_SIZE:
    case RSC_COLUMN_TYPE:
    case RSC_COLUMN_REFCOUNT:
    case RSC_COLUMN_FLAGS:
    case RSC_COLUMN_VALUE:
    case RSC_COLUMN_GENERATION:
    case RSC_COLUMN_BY_ADDRESS:
      return columns->n_nodes;
    case RSC_COLUMN_FIRST_EDGE:
    case RSC_COLUMN_FIRST_REFERRER:
      return (guint64) columns->n_nodes + 1;
    case RSC_COLUMN_TARGET:
    case RSC_COLUMN_LABEL:
    case RSC_COLUMN_KIND:
    case RSC_COLUMN_REFERRER:
      return columns->n_edges;
    case RSC_COLUMN_INFO:
    case RSC_COLUMN_STRING_DATA:
    case RSC_N_COLUMNS:
    default:
      g_return_val_if_reached (0);
    }
}

RscSnapshot *
_rsc_snapshot_new_empty (void)
{
  static guint64 last_id;
  static GMutex last_id_lock;
  RscSnapshot *self = g_new0 (RscSnapshot, 1);

  rsc_census_born (RSC_CENSUS_SNAPSHOT);
  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  g_mutex_lock (&last_id_lock);
  self->id = ++last_id;
  g_mutex_unlock (&last_id_lock);

  return self;
}

RscSnapshot *
rsc_snapshot_ref (RscSnapshot *self)
{
  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

static void
free_snapshot (gpointer data)
{
  RscSnapshot *self = data;

  for (guint c = 0; c < RSC_N_COLUMNS; c++)
    if (self->owned[c])
      g_free ((gpointer) self->extents[c].data);
  g_clear_pointer (&self->info, g_variant_unref);
  g_clear_pointer (&self->file, rsc_mapped_file_free);
  g_clear_error (&self->damage);
  g_free (self->shown_path);
  g_free (self->good_chunks);
  g_mutex_clear (&self->lock);
  g_free (self);
  rsc_census_died (RSC_CENSUS_SNAPSHOT);
}

void
rsc_snapshot_unref (RscSnapshot *self)
{
  if (g_atomic_ref_count_dec (&self->ref_count))
    rsc_release (self, free_snapshot);
}

guint64
rsc_snapshot_get_id (RscSnapshot *self)
{
  return self->id;
}

guint64
rsc_snapshot_get_total_bytes (RscSnapshot *self)
{
  return self->total_bytes;
}

const char *
rsc_snapshot_get_path (RscSnapshot *self)
{
  return g_atomic_pointer_get (&self->path);
}

void
_rsc_snapshot_set_path (RscSnapshot *self,
                        const char  *path)
{
  /* Somebody may hold the old one, so it lives on as an interned string. */
  g_atomic_pointer_set (&self->path, g_intern_string (path));
}

void
_rsc_snapshot_trust (RscSnapshot *self,
                     guint        blocks)
{
  RscColumns *columns = &self->columns;
  const RscExtent *extents = self->extents;

  if (blocks & RSC_BLOCK_NODES)
    {
      columns->address = extents[RSC_COLUMN_ADDRESS].data;
      columns->size = extents[RSC_COLUMN_SIZE].data;
      columns->type = extents[RSC_COLUMN_TYPE].data;
      columns->refcount = extents[RSC_COLUMN_REFCOUNT].data;
      columns->flags = extents[RSC_COLUMN_FLAGS].data;
      columns->value = extents[RSC_COLUMN_VALUE].data;
      columns->generation = extents[RSC_COLUMN_GENERATION].data;
    }
  if (blocks & RSC_BLOCK_EDGES)
    {
      columns->first_edge = extents[RSC_COLUMN_FIRST_EDGE].data;
      columns->target = extents[RSC_COLUMN_TARGET].data;
      columns->label = extents[RSC_COLUMN_LABEL].data;
      columns->kind = extents[RSC_COLUMN_KIND].data;
    }
  if (blocks & RSC_BLOCK_REFERRERS)
    {
      columns->first_referrer = extents[RSC_COLUMN_FIRST_REFERRER].data;
      columns->referrer = extents[RSC_COLUMN_REFERRER].data;
    }
  if (blocks & RSC_BLOCK_ADDRESSES)
    columns->by_address = extents[RSC_COLUMN_BY_ADDRESS].data;

  g_atomic_int_or (&self->checked, blocks);
}

/* by_address of a snapshot that came without: needs the nodes. */
static void
make_addresses (RscSnapshot *self)
{
  guint32 *by_address = rsc_edge_index_sort_addresses (self->columns.n_nodes,
                                                       self->extents[RSC_COLUMN_ADDRESS].data, NULL, NULL);

  self->owned[RSC_COLUMN_BY_ADDRESS] = TRUE;
  self->extents[RSC_COLUMN_BY_ADDRESS].data = by_address;
  self->extents[RSC_COLUMN_BY_ADDRESS].size = (guint64) self->columns.n_nodes * sizeof *by_address;
}

/* With the lock held. */
static gboolean
check_block (RscSnapshot *self,
             guint        block,
             GError     **error)
{
  g_autoptr(GError) local_error = NULL;

  if (self->checked & block)
    return TRUE;

  if (block == RSC_BLOCK_ADDRESSES && self->extents[RSC_COLUMN_BY_ADDRESS].data == NULL)
    {
      if (!check_block (self, RSC_BLOCK_NODES, error))
        return FALSE;
      make_addresses (self);
    }
  else if (!_rsc_snapshot_file_check_block (self, block, &local_error))
    {
      if (self->damage == NULL)
        self->damage = g_error_copy (local_error);
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  _rsc_snapshot_trust (self, block);

  return TRUE;
}

gboolean
_rsc_snapshot_ask_for (RscSnapshot *self,
                       guint        blocks,
                       GError     **error)
{
  gboolean ok = TRUE;

  if (G_LIKELY (((guint) g_atomic_int_get (&self->checked) & blocks) == blocks))
    return TRUE;

  g_mutex_lock (&self->lock);
  for (guint b = 0; ok && b < RSC_N_BLOCKS; b++)
    if (blocks & (1u << b))
      ok = check_block (self, 1u << b, error);
  g_mutex_unlock (&self->lock);

  return ok;
}

const RscColumns *
rsc_snapshot_get_columns (RscSnapshot *self,
                          RscBlocks    blocks,
                          GError     **error)
{
  /* No pointer leads to the strings: they are checked as they are looked up. */
  guint all = blocks & RSC_BLOCK_ALL & ~RSC_BLOCK_STRINGS;

  if (all & RSC_BLOCK_NODES)
    all |= RSC_BLOCK_TYPES;
  if (!_rsc_snapshot_ask_for (self, all, error))
    return NULL;

  return &self->columns;
}

const RscColumns *
rsc_snapshot_peek_columns (RscSnapshot *self)
{
  return &self->columns;
}

void
_rsc_snapshot_note_damage (RscSnapshot  *self,
                           const GError *error)
{
  g_mutex_lock (&self->lock);
  if (self->damage == NULL)
    self->damage = g_error_copy (error);
  g_mutex_unlock (&self->lock);
}

gboolean
_rsc_snapshot_check_lost (RscSnapshot *self,
                          GError     **error)
{
  if (self->file == NULL || !rsc_mapped_file_is_lost (self->file))
    return TRUE;

  g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_TRUNCATED,
               /* Translators: %s is a file name */
               _("“%s” became shorter, or could not be read, while it was open. Open it again."),
               self->shown_path);
  return FALSE;
}

gboolean
rsc_snapshot_check (RscSnapshot *self,
                    GError     **error)
{
  gboolean ok;

  if (!_rsc_snapshot_check_lost (self, error))
    return FALSE;

  g_mutex_lock (&self->lock);
  ok = self->damage == NULL;
  if (!ok && error != NULL)
    *error = g_error_copy (self->damage);
  g_mutex_unlock (&self->lock);

  return ok;
}

const char *
rsc_snapshot_get_string (RscSnapshot *self,
                         guint32      index)
{
  const guint64 *offsets;

  g_return_val_if_fail (index < self->columns.n_strings, "");

  /* A few strings are not worth checking all of them. */
  if (!((guint) g_atomic_int_get (&self->checked) & RSC_BLOCK_STRINGS))
    return _rsc_snapshot_file_get_string (self, index);
  offsets = self->extents[RSC_COLUMN_STRING_OFFSETS].data;

  return (const char *) self->extents[RSC_COLUMN_STRING_DATA].data + offsets[index];
}

RscType
rsc_snapshot_get_type (RscSnapshot *self,
                       guint32      index)
{
  const RscTypeRow *row;

  g_return_val_if_fail (index < self->columns.n_types, ((RscType) { "", "", RSC_NODE_NONE, 0, 0, 0 }));

  if (!_rsc_snapshot_ask_for (self, RSC_BLOCK_TYPES, NULL))
    return (RscType) { "", "", RSC_NODE_NONE, 0, 0, 0 };
  row = (const RscTypeRow *) self->extents[RSC_COLUMN_TYPES].data + index;

  return (RscType) {
    .name = rsc_snapshot_get_string (self, row->name),
    .module = rsc_snapshot_get_string (self, row->module),
    .node = row->node,
    .flags = row->flags,
    .n_objects = row->n_objects,
    .bytes = row->bytes,
  };
}

RscRoot
rsc_snapshot_get_root (RscSnapshot *self,
                       guint32      index)
{
  static const RscRoot nothing = { RSC_NODE_NONE, RSC_ROOT_STATIC, G_MAXUINT32, "" };
  const RscRootRow *row;

  g_return_val_if_fail (index < self->columns.n_roots, nothing);

  if (!_rsc_snapshot_ask_for (self, RSC_BLOCK_ROOTS, NULL))
    return nothing;
  row = (const RscRootRow *) self->extents[RSC_COLUMN_ROOTS].data + index;

  return (RscRoot) { row->node, (RscRootKind) row->kind, row->thread, rsc_snapshot_get_string (self, row->name) };
}

RscThread
rsc_snapshot_get_thread (RscSnapshot *self,
                         guint32      index)
{
  static const RscThread nothing = { 0, 0, "" };
  const RscThreadRow *row;

  g_return_val_if_fail (index < self->columns.n_threads, nothing);

  if (!_rsc_snapshot_ask_for (self, RSC_BLOCK_ROOTS, NULL))
    return nothing;
  row = (const RscThreadRow *) self->extents[RSC_COLUMN_THREADS].data + index;

  return (RscThread) { row->id, row->native_id, rsc_snapshot_get_string (self, row->name) };
}

RscFrame
rsc_snapshot_get_frame (RscSnapshot *self,
                        guint32      index)
{
  static const RscFrame nothing = { 0, 0, RSC_NODE_NONE, "", "" };
  const RscFrameRow *row;

  g_return_val_if_fail (index < self->columns.n_frames, nothing);

  if (!_rsc_snapshot_ask_for (self, RSC_BLOCK_ROOTS, NULL))
    return nothing;
  row = (const RscFrameRow *) self->extents[RSC_COLUMN_FRAMES].data + index;

  return (RscFrame) {
    .thread = row->thread,
    .line = row->line,
    .node = row->node,
    .function = rsc_snapshot_get_string (self, row->function),
    .file = rsc_snapshot_get_string (self, row->file),
  };
}

RscNode
rsc_snapshot_find_address (RscSnapshot *self,
                           guint64      address)
{
  const RscColumns *columns = rsc_snapshot_get_columns (self, RSC_BLOCK_NODES | RSC_BLOCK_ADDRESSES, NULL);
  guint32 low = 0, high;

  if (columns == NULL || address == 0)
    return RSC_NODE_NONE;

  high = columns->n_nodes;
  while (low < high)
    {
      guint32 middle = low + (high - low) / 2;

      if (columns->address[columns->by_address[middle]] < address)
        low = middle + 1;
      else
        high = middle;
    }
  if (low < columns->n_nodes && columns->address[columns->by_address[low]] == address)
    return columns->by_address[low];

  return RSC_NODE_NONE;
}

/* How much an edge's kind says, most first. */
static guint
rank_kind (guint8 kind)
{
  switch ((RscEdgeKind) (kind & RSC_EDGE_KIND_MASK))
    {
    case RSC_EDGE_ATTRIBUTE:
    case RSC_EDGE_SLOT:
    case RSC_EDGE_LOCAL:
    case RSC_EDGE_VALUE:
    case RSC_EDGE_NAMED:
    case RSC_EDGE_INDEX:
      return 0;
    case RSC_EDGE_DICT:
    case RSC_EDGE_CLOSURE:
    case RSC_EDGE_CELL:
    case RSC_EDGE_GLOBALS:
    case RSC_EDGE_CONSTANT:
    case RSC_EDGE_BASE:
    case RSC_EDGE_MRO:
    case RSC_EDGE_WEAK_REFERENT:
      return 1;
    case RSC_EDGE_TYPE:
    case RSC_EDGE_KEY:
    case RSC_EDGE_ELEMENT:
    case RSC_EDGE_STACK:
      return 2;
    case RSC_EDGE_PLAIN:
    case RSC_EDGE_N_KINDS:
    default:
      return 3;
    }
}

guint64
rsc_snapshot_find_edge (RscSnapshot *self,
                        RscNode      source,
                        RscNode      target)
{
  const RscColumns *columns = rsc_snapshot_get_columns (self, RSC_BLOCK_EDGES, NULL);
  guint64 best = G_MAXUINT64;
  guint best_rank = G_MAXUINT;

  if (columns == NULL)
    return G_MAXUINT64;
  g_return_val_if_fail (source < columns->n_nodes, G_MAXUINT64);

  for (guint64 e = columns->first_edge[source]; e < columns->first_edge[source + 1] && best_rank > 0; e++)
    if (columns->target[e] == target && rank_kind (columns->kind[e]) < best_rank)
      {
        best = e;
        best_rank = rank_kind (columns->kind[e]);
      }

  return best;
}

void
_rsc_snapshot_take_info (RscSnapshot *self,
                         GVariant    *info)
{
  g_clear_pointer (&self->info, g_variant_unref);
  self->info = g_variant_take_ref (info);
  self->extents[RSC_COLUMN_INFO].data = g_variant_get_data (self->info);
  self->extents[RSC_COLUMN_INFO].size = g_variant_get_size (self->info);
}

GVariant *
rsc_snapshot_get_info (RscSnapshot *self)
{
  return self->info;
}

const char *
rsc_snapshot_get_info_string (RscSnapshot *self,
                              const char  *key)
{
  const char *value = "";

  g_variant_lookup (self->info, key, "&s", &value);

  return value;
}

guint32
rsc_snapshot_get_python_version (RscSnapshot *self)
{
  guint minor, micro = 0, serial = 0, level;
  char name[3] = "";

  if (sscanf (rsc_snapshot_get_info_string (self, "version"), "3.%3u.%3u%2[abrc]%2u", &minor, &micro, name, &serial) < 1)
    return 0;
  level = name[0] == 'a' ? 0xa : name[0] == 'b' ? 0xb : name[0] == 'r' ? 0xc : 0xf;

  return 3u << 24 | MIN (minor, 255) << 16 | MIN (micro, 255) << 8 | level << 4 | MIN (serial, 15);
}

guint
rsc_snapshot_get_python_minor (RscSnapshot *self)
{
  return rsc_snapshot_get_python_version (self) >> 16 & 0xff;
}

static GVariant *
lookup_sub_interpreters (RscSnapshot *self)
{
  return g_variant_lookup_value (self->info, "interpreters", G_VARIANT_TYPE ("a(xbauaua(ttt))"));
}

guint
rsc_snapshot_get_n_interpreters (RscSnapshot *self)
{
  g_autoptr(GVariant) list = lookup_sub_interpreters (self);

  return list != NULL ? (guint) MIN (g_variant_n_children (list) + 1, RSC_MAX_INTERPRETERS) : 1;
}

gint64
rsc_snapshot_get_interpreter_id (RscSnapshot *self,
                                 guint        index)
{
  g_autoptr(GVariant) list = NULL;
  g_autoptr(GVariant) interpreter = NULL;
  gint64 id = 0;

  if (index == 0)
    return 0;
  list = lookup_sub_interpreters (self);
  if (list == NULL || index > g_variant_n_children (list))
    return index;
  interpreter = g_variant_get_child_value (list, index - 1);
  g_variant_get_child (interpreter, 0, "x", &id);

  return id;
}

guint64
rsc_snapshot_get_info_number (RscSnapshot *self,
                              const char  *key)
{
  g_autoptr(GVariant) value = g_variant_lookup_value (self->info, key, NULL);

  if (value == NULL)
    return 0;
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64))
    return g_variant_get_uint64 (value);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_UINT32))
    return g_variant_get_uint32 (value);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT64))
    return (guint64) MAX (g_variant_get_int64 (value), 0);

  return 0;
}

gboolean
rsc_snapshot_get_info_boolean (RscSnapshot *self,
                               const char  *key)
{
  gboolean value = FALSE;

  g_variant_lookup (self->info, key, "b", &value);

  return value;
}
