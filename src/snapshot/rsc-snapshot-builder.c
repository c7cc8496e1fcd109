#include "config.h"

#include "rsc-snapshot-builder.h"

#include <inttypes.h>
#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>

#include "base/rsc-error.h"
#include "rsc-column-checks.h"
#include "rsc-edge-index.h"
#include "rsc-snapshot-private.h"
#include "rsc-string-table.h"

/* Checking one stride of a column between two looks at the cancellable. */
#define CHECK_STRIDE (1u << 20)

struct _RscSnapshotBuilder
{
  RscColumnArrays columns;
  gsize nodes_allocated;
  gsize edges_allocated;
  guint32 *source; /* of each edge; NULL while they come in the order of their nodes */
  const char *over_limit; /* what there was too much of (untranslated), or NULL */
  gboolean misfit;        /* taken columns whose last offset is not their number of edges */

  RscStringTable *strings;
  GArray *types;   /* RscTypeRow */
  GArray *threads; /* RscThreadRow */
  GArray *frames;  /* RscFrameRow */
  GArray *roots;   /* RscRootRow */
  GVariantDict *info;
};

static void
clear_columns (RscColumnArrays *columns)
{
  g_free (columns->address);
  g_free (columns->size);
  g_free (columns->first_edge);
  g_free (columns->type);
  g_free (columns->refcount);
  g_free (columns->flags);
  g_free (columns->value);
  g_free (columns->target);
  g_free (columns->label);
  g_free (columns->generation);
  g_free (columns->kind);
  memset (columns, 0, sizeof *columns);
}

RscSnapshotBuilder *
rsc_snapshot_builder_new (void)
{
  RscSnapshotBuilder *self = g_new0 (RscSnapshotBuilder, 1);

  self->strings = rsc_string_table_new ();
  self->types = g_array_new (FALSE, FALSE, sizeof (RscTypeRow));
  self->threads = g_array_new (FALSE, FALSE, sizeof (RscThreadRow));
  self->frames = g_array_new (FALSE, FALSE, sizeof (RscFrameRow));
  self->roots = g_array_new (FALSE, FALSE, sizeof (RscRootRow));
  self->info = g_variant_dict_new (NULL);

  return self;
}

void
rsc_snapshot_builder_free (RscSnapshotBuilder *self)
{
  clear_columns (&self->columns);
  g_free (self->source);
  rsc_string_table_free (self->strings);
  g_array_unref (self->types);
  g_array_unref (self->threads);
  g_array_unref (self->frames);
  g_array_unref (self->roots);
  g_variant_dict_unref (self->info);
  g_free (self);
}

static void
allocate_nodes (RscSnapshotBuilder *self,
                gsize               n)
{
  RscColumnArrays *columns = &self->columns;

  columns->address = g_renew (guint64, columns->address, n);
  columns->size = g_renew (guint64, columns->size, n);
  columns->first_edge = g_renew (guint64, columns->first_edge, n + 1);
  columns->type = g_renew (guint32, columns->type, n);
  columns->refcount = g_renew (guint32, columns->refcount, n);
  columns->flags = g_renew (guint32, columns->flags, n);
  columns->value = g_renew (guint32, columns->value, n);
  columns->generation = g_renew (guint8, columns->generation, n);
  self->nodes_allocated = n;
}

static void
allocate_edges (RscSnapshotBuilder *self,
                gsize               n)
{
  RscColumnArrays *columns = &self->columns;

  columns->target = g_renew (guint32, columns->target, n);
  columns->label = g_renew (guint32, columns->label, n);
  columns->kind = g_renew (guint8, columns->kind, n);
  if (self->source != NULL)
    self->source = g_renew (guint32, self->source, n);
  self->edges_allocated = n;
}

void
rsc_snapshot_builder_reserve (RscSnapshotBuilder *self,
                              guint32             n_nodes,
                              guint64             n_edges)
{
  if (n_nodes > self->nodes_allocated && n_nodes <= RSC_MAX_NODES)
    allocate_nodes (self, n_nodes);
  if (n_edges > self->edges_allocated && n_edges <= RSC_MAX_EDGES)
    allocate_edges (self, n_edges);
}

guint32
rsc_snapshot_builder_add_string (RscSnapshotBuilder *self,
                                 const char         *text,
                                 gssize              length)
{
  return rsc_string_table_add (self->strings, text, length);
}

guint32
rsc_snapshot_builder_intern_string (RscSnapshotBuilder *self,
                                    const char         *text,
                                    gssize              length)
{
  return rsc_string_table_intern (self->strings, text, length);
}

guint32
rsc_snapshot_builder_add_bytes (RscSnapshotBuilder *self,
                                const guint8       *bytes,
                                gsize               length)
{
  g_autoptr(GString) text = NULL;

  length = MIN (length, RSC_MAX_STRING);
  text = g_string_sized_new (length * 2);
  for (gsize i = 0; i < length; i++)
    if (bytes[i] < 0x80)
      g_string_append_c (text, (char) bytes[i]);
    else
      g_string_append_unichar (text, bytes[i]);

  return rsc_string_table_add (self->strings, text->str, (gssize) text->len);
}

const char *
rsc_snapshot_builder_get_string (RscSnapshotBuilder *self,
                                 guint32             index)
{
  return rsc_string_table_get (self->strings, index);
}

guint32
rsc_snapshot_builder_get_n_nodes (RscSnapshotBuilder *self)
{
  return self->columns.n_nodes;
}

guint32
rsc_snapshot_builder_add_type (RscSnapshotBuilder *self,
                               const char         *name,
                               const char         *module,
                               RscNode             node,
                               guint32             type_flags)
{
  RscTypeRow row = {
    .name = rsc_string_table_intern (self->strings, name, -1),
    .module = rsc_string_table_intern (self->strings, module, -1),
    .node = node,
    .flags = type_flags,
  };

  g_array_append_val (self->types, row);

  return self->types->len - 1;
}

RscNode
rsc_snapshot_builder_add_node (RscSnapshotBuilder  *self,
                               const RscNodeRecord *record)
{
  RscColumnArrays *columns = &self->columns;
  guint32 i = columns->n_nodes;

  if (i >= RSC_MAX_NODES)
    {
      self->over_limit = N_("objects");
      return RSC_NODE_NONE;
    }
  if (i >= self->nodes_allocated)
    allocate_nodes (self, MIN (MAX (self->nodes_allocated * 2, 64), RSC_MAX_NODES));

  columns->address[i] = record->address;
  columns->size[i] = record->size;
  columns->type[i] = record->type;
  columns->refcount[i] = record->refcount;
  columns->flags[i] = record->flags;
  columns->value[i] = record->value;
  columns->generation[i] = record->generation;
  columns->first_edge[i] = columns->n_edges;
  columns->n_nodes = i + 1;

  return i;
}

static void
append_edge (RscSnapshotBuilder *self,
             RscNode             source,
             RscNode             target,
             guint8              kind,
             guint32             label)
{
  RscColumnArrays *columns = &self->columns;
  guint64 i = columns->n_edges;

  if (i >= RSC_MAX_EDGES)
    {
      self->over_limit = N_("references");
      return;
    }
  if (i >= self->edges_allocated)
    allocate_edges (self, MIN (MAX (self->edges_allocated * 2, 256), RSC_MAX_EDGES));

  columns->target[i] = target;
  columns->kind[i] = kind;
  columns->label[i] = label;
  if (self->source != NULL)
    self->source[i] = source;
  columns->n_edges = i + 1;
}

void
rsc_snapshot_builder_add_edge (RscSnapshotBuilder *self,
                               RscNode             target,
                               guint8              kind,
                               guint32             label)
{
  g_return_if_fail (self->columns.n_nodes > 0);

  append_edge (self, self->columns.n_nodes - 1, target, kind, label);
}

/* From now on each edge has its source beside it. */
static void
note_sources (RscSnapshotBuilder *self)
{
  const RscColumnArrays *columns = &self->columns;

  self->source = g_new (guint32, MAX (self->edges_allocated, 1));
  for (guint32 node = 0; node < columns->n_nodes; node++)
    {
      guint64 end = node + 1 < columns->n_nodes ? columns->first_edge[node + 1] : columns->n_edges;

      for (guint64 e = columns->first_edge[node]; e < end; e++)
        self->source[e] = node;
    }
}

void
rsc_snapshot_builder_add_edge_from (RscSnapshotBuilder *self,
                                    RscNode             source,
                                    RscNode             target,
                                    guint8              kind,
                                    guint32             label)
{
  if (self->source == NULL && source + 1 != self->columns.n_nodes)
    note_sources (self);
  append_edge (self, source, target, kind, label);
}

guint32
rsc_snapshot_builder_add_thread (RscSnapshotBuilder *self,
                                 guint64             id,
                                 guint64             native_id,
                                 const char         *name)
{
  RscThreadRow row = {
    .id = id,
    .native_id = native_id,
    .name = rsc_string_table_intern (self->strings, name, -1),
  };

  g_array_append_val (self->threads, row);

  return self->threads->len - 1;
}

void
rsc_snapshot_builder_add_frame (RscSnapshotBuilder *self,
                                guint32             thread,
                                RscNode             node,
                                const char         *function,
                                const char         *file,
                                guint32             line)
{
  RscFrameRow row = {
    .thread = thread,
    .line = line,
    .node = node,
    .function = rsc_string_table_intern (self->strings, function, -1),
    .file = rsc_string_table_intern (self->strings, file, -1),
  };

  g_array_append_val (self->frames, row);
}

void
rsc_snapshot_builder_add_root (RscSnapshotBuilder *self,
                               RscNode             node,
                               RscRootKind         kind,
                               guint32             thread,
                               const char         *name)
{
  RscRootRow row = {
    .node = node,
    .kind = kind,
    .thread = thread,
    .name = rsc_string_table_intern (self->strings, name, -1),
  };

  g_array_append_val (self->roots, row);
}

void
rsc_snapshot_builder_set_info (RscSnapshotBuilder *self,
                               const char         *key,
                               GVariant           *value)
{
  g_variant_dict_insert_value (self->info, key, value);
}

void
rsc_snapshot_builder_take_columns (RscSnapshotBuilder *self,
                                   RscColumnArrays    *arrays)
{
  clear_columns (&self->columns);
  g_clear_pointer (&self->source, g_free);
  self->columns = *arrays;
  memset (arrays, 0, sizeof *arrays);
  self->misfit = self->columns.first_edge != NULL
                 && self->columns.first_edge[self->columns.n_nodes] != self->columns.n_edges;
  self->nodes_allocated = self->columns.n_nodes;
  self->edges_allocated = self->columns.n_edges;
}

static gboolean
fail_corrupt (GError    **error,
              const char *what,
              guint64     index)
{
  g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_CORRUPT,
               /* Translators: %s is the name of a table ("target"), which stays as it is */
               _("The heap is damaged: entry %" PRIu64 " of “%s” points to nothing."), index, what);
  return FALSE;
}

static gboolean
check_indices (const char    *what,
               const guint32 *items,
               guint64        n,
               guint32        limit,
               GCancellable  *cancellable,
               GError       **error)
{
  for (guint64 start = 0; start < n; start += CHECK_STRIDE)
    {
      guint64 count = MIN (CHECK_STRIDE, n - start);
      gsize bad = rsc_check_indices (items + start, count, limit);

      if (bad < count)
        return fail_corrupt (error, what, start + bad);
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
check_labels (const RscColumnArrays *columns,
              guint32                n_strings,
              GCancellable          *cancellable,
              GError               **error)
{
  for (guint64 start = 0; start < columns->n_edges; start += CHECK_STRIDE)
    {
      guint64 count = MIN (CHECK_STRIDE, columns->n_edges - start);
      gsize bad = rsc_check_labels (columns->label + start, columns->kind + start, count, columns->n_nodes, n_strings);

      if (bad < count)
        return fail_corrupt (error, "label", start + bad);
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
    }

  return TRUE;
}

/* A node, or none. */
static inline gboolean
is_node_or_none (guint32 node,
                 guint32 n_nodes)
{
  return node < n_nodes || node == RSC_NODE_NONE;
}

static gboolean
check_tables (RscSnapshotBuilder *self,
              GError            **error)
{
  guint32 n_nodes = self->columns.n_nodes;

  for (guint i = 0; i < self->types->len; i++)
    if (!is_node_or_none (g_array_index (self->types, RscTypeRow, i).node, n_nodes))
      return fail_corrupt (error, "types", i);
  for (guint i = 0; i < self->frames->len; i++)
    {
      const RscFrameRow *row = &g_array_index (self->frames, RscFrameRow, i);

      if (row->thread >= self->threads->len || !is_node_or_none (row->node, n_nodes))
        return fail_corrupt (error, "frames", i);
    }
  for (guint i = 0; i < self->roots->len; i++)
    {
      const RscRootRow *row = &g_array_index (self->roots, RscRootRow, i);

      if (row->node >= n_nodes || row->kind > RSC_ROOT_DECLARED
          || (row->thread >= self->threads->len && row->thread != G_MAXUINT32))
        return fail_corrupt (error, "roots", i);
      self->columns.flags[row->node] |= RSC_NODE_ROOT;
    }

  return TRUE;
}

static gboolean
check_all (RscSnapshotBuilder *self,
           GCancellable       *cancellable,
           GError            **error)
{
  const RscColumnArrays *columns = &self->columns;
  guint32 n_strings = rsc_string_table_get_n (self->strings);
  gsize bad;

  if (self->over_limit == NULL && !rsc_string_table_is_whole (self->strings))
    self->over_limit = N_("strings");
  if (self->over_limit == NULL && (columns->n_nodes > RSC_MAX_NODES || columns->n_edges > RSC_MAX_EDGES))
    self->over_limit = N_("references");
  if (self->over_limit != NULL)
    {
      g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_LIMIT,
                   /* Translators: %s is "objects", "references" or "strings" */
                   _("The heap has more %s than a snapshot can hold."), _(self->over_limit));
      return FALSE;
    }

  if (self->source == NULL)
    {
      bad = rsc_check_offsets (columns->first_edge, (gsize) columns->n_nodes + 1, 0, columns->n_edges);
      if (bad <= columns->n_nodes)
        return fail_corrupt (error, "first_edge", bad);
      if (columns->first_edge[0] != 0 || self->misfit)
        return fail_corrupt (error, "first_edge", columns->n_nodes);
    }
  else if (!check_indices ("source", self->source, columns->n_edges, columns->n_nodes, cancellable, error))
    {
      return FALSE;
    }

  return check_indices ("type", columns->type, columns->n_nodes, self->types->len, cancellable, error)
         && check_indices ("value", columns->value, columns->n_nodes, n_strings, cancellable, error)
         && check_indices ("target", columns->target, columns->n_edges, columns->n_nodes, cancellable, error)
         && check_labels (columns, n_strings, cancellable, error)
         && check_tables (self, error);
}

static guint64
add_up_types (RscSnapshotBuilder *self)
{
  const RscColumnArrays *columns = &self->columns;
  RscTypeRow *rows = (RscTypeRow *) (void *) self->types->data;
  guint64 total = 0;

  for (guint32 i = 0; i < columns->n_nodes; i++)
    {
      if (columns->flags[i] & RSC_NODE_SYNTHETIC)
        continue;
      rows[columns->type[i]].n_objects++;
      rows[columns->type[i]].bytes += columns->size[i];
      total += columns->size[i];
    }

  return total;
}

static void
set_extent (RscSnapshot *snapshot,
            RscColumn    column,
            void        *data)
{
  guint64 n = _rsc_column_get_n_items (column, &snapshot->columns);

  snapshot->owned[column] = TRUE;
  snapshot->extents[column].data = data;
  snapshot->extents[column].size = n * _rsc_column_get_item_size (column);
}

static gpointer
steal_rows (GArray  **array,
            guint32  *n)
{
  guint row_size = g_array_get_element_size (*array);

  *n = (*array)->len;
  return g_array_steal (*array, NULL) ?: g_malloc (row_size);
}

static RscSnapshot *
make_snapshot (RscSnapshotBuilder *self,
               guint64             total_bytes,
               guint64            *first_referrer,
               guint32            *referrer)
{
  RscSnapshot *snapshot = _rsc_snapshot_new_empty ();
  RscColumnArrays *from = &self->columns;
  RscColumns *columns = &snapshot->columns;
  guint64 *string_offsets;
  char *string_data;
  gpointer types, threads, frames, roots;

  columns->n_nodes = from->n_nodes;
  columns->n_edges = from->n_edges;
  snapshot->total_bytes = total_bytes;
  types = steal_rows (&self->types, &columns->n_types);
  threads = steal_rows (&self->threads, &columns->n_threads);
  frames = steal_rows (&self->frames, &columns->n_frames);
  roots = steal_rows (&self->roots, &columns->n_roots);
  rsc_string_table_steal (self->strings, &string_offsets, &columns->n_strings,
                          &string_data, &snapshot->string_data_size);

  set_extent (snapshot, RSC_COLUMN_TYPES, types);
  set_extent (snapshot, RSC_COLUMN_THREADS, threads);
  set_extent (snapshot, RSC_COLUMN_FRAMES, frames);
  set_extent (snapshot, RSC_COLUMN_ROOTS, roots);
  set_extent (snapshot, RSC_COLUMN_STRING_OFFSETS, string_offsets);
  snapshot->owned[RSC_COLUMN_STRING_DATA] = TRUE;
  snapshot->extents[RSC_COLUMN_STRING_DATA] = (RscExtent) { string_data, snapshot->string_data_size };
  set_extent (snapshot, RSC_COLUMN_ADDRESS, from->address);
  set_extent (snapshot, RSC_COLUMN_SIZE, from->size);
  set_extent (snapshot, RSC_COLUMN_TYPE, from->type);
  set_extent (snapshot, RSC_COLUMN_REFCOUNT, from->refcount);
  set_extent (snapshot, RSC_COLUMN_FLAGS, from->flags);
  set_extent (snapshot, RSC_COLUMN_VALUE, from->value);
  set_extent (snapshot, RSC_COLUMN_GENERATION, from->generation);
  set_extent (snapshot, RSC_COLUMN_FIRST_EDGE, from->first_edge);
  set_extent (snapshot, RSC_COLUMN_TARGET, from->target);
  set_extent (snapshot, RSC_COLUMN_LABEL, from->label);
  set_extent (snapshot, RSC_COLUMN_KIND, from->kind);
  set_extent (snapshot, RSC_COLUMN_FIRST_REFERRER, first_referrer);
  set_extent (snapshot, RSC_COLUMN_REFERRER, referrer);
  memset (from, 0, sizeof *from);
  self->nodes_allocated = 0;
  self->edges_allocated = 0;
  _rsc_snapshot_take_info (snapshot, g_variant_dict_end (self->info));
  _rsc_snapshot_trust (snapshot, RSC_ALL_BLOCKS & ~RSC_BLOCK_ADDRESSES);

  return snapshot;
}

RscSnapshot *
rsc_snapshot_builder_freeze (RscSnapshotBuilder *self,
                             const RscProgress  *progress,
                             GCancellable       *cancellable,
                             GError            **error)
{
  RscColumnArrays *columns = &self->columns;
  g_autofree guint64 *first_referrer = NULL;
  g_autofree guint32 *referrer = NULL;
  guint64 total_bytes;

  if (columns->first_edge == NULL)
    allocate_nodes (self, 1);
  if (columns->target == NULL)
    allocate_edges (self, 1);

  rsc_progress_report (progress, 0.0, _("Checking references"));
  columns->first_edge[columns->n_nodes] = columns->n_edges;
  if (!check_all (self, cancellable, error))
    return NULL;

  if (self->source != NULL)
    {
      if (!rsc_edge_index_sort_by_source (columns->n_nodes, columns->n_edges, self->source, columns->first_edge,
                                          &columns->target, &columns->label, &columns->kind, cancellable, error))
        return NULL;
      g_clear_pointer (&self->source, g_free);
    }
  if (!rsc_edge_index_put_traversed_first (columns->n_nodes, columns->first_edge, columns->target,
                                           columns->label, columns->kind, cancellable, error))
    return NULL;

  rsc_progress_report (progress, 0.4, _("Indexing references"));
  first_referrer = g_new0 (guint64, (gsize) columns->n_nodes + 1);
  referrer = g_new (guint32, MAX (columns->n_edges, 1));
  if (!rsc_edge_index_invert (columns->n_nodes, columns->first_edge, columns->target,
                              first_referrer, referrer, cancellable, error))
    return NULL;

  total_bytes = add_up_types (self);
  rsc_progress_report (progress, 1.0, _("Indexing references"));

  return make_snapshot (self, total_bytes, g_steal_pointer (&first_referrer), g_steal_pointer (&referrer));
}
