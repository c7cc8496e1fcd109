#include "config.h"

#include "rsc-heap-stream-reader.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rsc-error.h"
#include "rsc-sentence.h"
#include "rsc-value-text.h"
#include "wire/rsc-wire-heap.h"

#define N_CHUNK_KINDS (RSC_WIRE_CHUNK_INTERPRETERS + 1)
#define MAX_CHUNKS (1u << 22)
#define MAX_NOTES 1000u
#define N_ITEMS_TEXTS 4096u /* texts like "3 items" that are made once */

/* The agent is built without GLib and has its own copies of these numbers. */
G_STATIC_ASSERT ((int) RSC_WIRE_NODE_CONTAINER == RSC_NODE_CONTAINER);
G_STATIC_ASSERT ((int) RSC_WIRE_NODE_TRACKED == RSC_NODE_TRACKED);
G_STATIC_ASSERT ((int) RSC_WIRE_NODE_FINALIZER == RSC_NODE_FINALIZER);
G_STATIC_ASSERT ((int) RSC_WIRE_NODE_FINALIZED == RSC_NODE_FINALIZED);
G_STATIC_ASSERT ((int) RSC_WIRE_NODE_HAS_WEAKREFS == RSC_NODE_HAS_WEAKREFS);
G_STATIC_ASSERT ((int) RSC_WIRE_NODE_IMMORTAL == RSC_NODE_IMMORTAL);
G_STATIC_ASSERT ((int) RSC_WIRE_NODE_SIZE_ESTIMATED == RSC_NODE_SIZE_ESTIMATED);
G_STATIC_ASSERT ((int) RSC_WIRE_NODE_SYNTHETIC == RSC_NODE_SYNTHETIC);
G_STATIC_ASSERT ((int) RSC_WIRE_NODE_PROPER_MODULE == RSC_NODE_PROPER_MODULE);
G_STATIC_ASSERT ((int) RSC_WIRE_NODE_TYPE == RSC_NODE_TYPE);
G_STATIC_ASSERT ((int) RSC_WIRE_NODE_TEXT == RSC_NODE_TEXT);
G_STATIC_ASSERT ((int) RSC_WIRE_NODE_BYTES == RSC_NODE_BYTES);
G_STATIC_ASSERT ((int) RSC_WIRE_NODE_TRUNCATED == RSC_NODE_TRUNCATED);
G_STATIC_ASSERT ((int) RSC_WIRE_NODE_HAS_DEL == RSC_NODE_HAS_DEL);
G_STATIC_ASSERT ((int) RSC_WIRE_EDGE_NAMED == RSC_EDGE_NAMED);
G_STATIC_ASSERT ((int) RSC_WIRE_EDGE_LOCAL == RSC_EDGE_LOCAL);
G_STATIC_ASSERT ((int) RSC_WIRE_EDGE_WEAK_REFERENT == RSC_EDGE_WEAK_REFERENT);
G_STATIC_ASSERT ((int) RSC_WIRE_EDGE_BORROWED == RSC_EDGE_BORROWED);
G_STATIC_ASSERT ((int) RSC_WIRE_EDGE_WEAK == RSC_EDGE_WEAK);
G_STATIC_ASSERT ((int) RSC_WIRE_EDGE_TRAVERSED == RSC_EDGE_TRAVERSED);
G_STATIC_ASSERT ((int) RSC_WIRE_ROOT_STATIC == RSC_ROOT_STATIC);
G_STATIC_ASSERT ((int) RSC_WIRE_TYPE_COLLECTED == RSC_TYPE_COLLECTED);
G_STATIC_ASSERT ((int) RSC_WIRE_TYPE_CLEAR == RSC_TYPE_CLEAR);
G_STATIC_ASSERT ((int) RSC_WIRE_TYPE_LEGACY_FINALIZER == RSC_TYPE_LEGACY_FINALIZER);

typedef struct
{
  const guint8 *data;
  gsize size;
  guint64 offset; /* in the stream, for messages */
} Span;

typedef struct
{
  const guint8 *data;
  gsize size;
  RscWireHeapHeader header;
  GArray *chunks[N_CHUNK_KINDS]; /* Span */
  guint64 used[N_CHUNK_KINDS];   /* bytes of all chunks of a kind */
  const guint8 **strings;        /* of each string its length and bytes; [0] NULL */
  guint32 *string_index;         /* the builder's, plus 1; 0: not asked for yet */
  guint32 items_index[N_ITEMS_TEXTS];
  RscSnapshotBuilder *builder;
  const RscProgress *progress;
  GCancellable *cancellable;
} Reader;

static void
reader_clear (Reader *self)
{
  for (guint kind = 0; kind < N_CHUNK_KINDS; kind++)
    g_clear_pointer (&self->chunks[kind], g_array_unref);
  g_free (self->strings);
  g_free (self->string_index);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Reader, reader_clear)

static gboolean
fail_at (GError **error, RscErrorCode code, guint64 offset, const char *what)
{
  g_set_error (error, RSC_FORMAT_ERROR, (gint) code,
               /* Translators: %s is what was wrong, a whole clause */
               _("The captured heap cannot be read: at byte %" PRIu64 ", %s."), offset, what);
  return FALSE;
}

static gboolean
poll_cancel (Reader *self, guint64 i, GError **error)
{
  return i % RSC_CANCEL_INTERVAL != 0 || !g_cancellable_set_error_if_cancelled (self->cancellable, error);
}

static gboolean
read_header (Reader *self, GError **error)
{
  RscWireHeapHeader *header = &self->header;

  if (self->size < sizeof *header)
    return fail_at (error, RSC_ERROR_TRUNCATED, self->size, _("the header ends too early"));
  memcpy (header, self->data, sizeof *header);
  header->error[sizeof header->error - 1] = '\0';
  if (header->magic != RSC_WIRE_HEAP_MAGIC)
    return fail_at (error, RSC_ERROR_BAD_MAGIC, 0, _("this is no heap from the agent"));
  if (header->version != RSC_WIRE_HEAP_VERSION)
    return fail_at (error, RSC_ERROR_BAD_VERSION, 8, _("the agent is of another version of Refscope"));
  if (header->state == RSC_WIRE_STATE_FAILED)
    {
      g_autofree char *sentence = rsc_sentence_dup (header->error);

      g_set_error_literal (error, RSC_CAPTURE_ERROR, RSC_ERROR_FAILED, sentence);
      return FALSE;
    }
  if (header->state != RSC_WIRE_STATE_DONE)
    return fail_at (error, RSC_ERROR_TRUNCATED, 12, _("the capture was not finished"));
  if (header->size != self->size)
    return fail_at (error, header->size > self->size ? RSC_ERROR_TRUNCATED : RSC_ERROR_CORRUPT, self->size,
                    _("the stream is not as long as it says"));
  if (header->n_nodes > RSC_MAX_NODES || header->n_edges > RSC_MAX_EDGES || header->n_strings >= G_MAXUINT32)
    return fail_at (error, RSC_ERROR_LIMIT, 16, _("there are more objects than a snapshot can hold"));
  return TRUE;
}

static gboolean
find_chunks (Reader *self, GError **error)
{
  static const gsize record_sizes[N_CHUNK_KINDS] = {
    [RSC_WIRE_CHUNK_NODES] = sizeof (RscWireNode), [RSC_WIRE_CHUNK_EDGES] = sizeof (RscWireEdge),
    [RSC_WIRE_CHUNK_TYPES] = sizeof (RscWireType), [RSC_WIRE_CHUNK_STRINGS] = 1,
    [RSC_WIRE_CHUNK_THREADS] = sizeof (RscWireThread), [RSC_WIRE_CHUNK_FRAMES] = sizeof (RscWireFrame),
    [RSC_WIRE_CHUNK_ROOTS] = sizeof (RscWireRoot), [RSC_WIRE_CHUNK_INFO] = 1,
    [RSC_WIRE_CHUNK_COUNTER] = sizeof (RscWireCounter), [RSC_WIRE_CHUNK_INTERPRETERS] = sizeof (RscWireInterpreter),
  };
  gsize at = sizeof (RscWireHeapHeader);

  for (guint kind = 0; kind < N_CHUNK_KINDS; kind++)
    self->chunks[kind] = g_array_new (FALSE, FALSE, sizeof (Span));
  for (guint n = 0; at < self->size; n++)
    {
      RscWireChunk chunk;
      Span span;

      if (n == MAX_CHUNKS)
        return fail_at (error, RSC_ERROR_LIMIT, at, _("there are too many chunks"));
      if (self->size - at < sizeof chunk)
        return fail_at (error, RSC_ERROR_TRUNCATED, at, _("a chunk's head ends too early"));
      memcpy (&chunk, self->data + at, sizeof chunk);
      if (chunk.kind == 0 || chunk.kind >= N_CHUNK_KINDS)
        return fail_at (error, RSC_ERROR_CORRUPT, at, _("there is a chunk of an unknown kind"));
      if (chunk.size > self->size - at - sizeof chunk)
        return fail_at (error, RSC_ERROR_TRUNCATED, at, _("a chunk ends too early"));
      if (chunk.used > chunk.size || chunk.size % 8 != 0 || chunk.used % record_sizes[chunk.kind] != 0)
        return fail_at (error, RSC_ERROR_CORRUPT, at, _("a chunk has an impossible size"));
      span.data = self->data + at + sizeof chunk;
      span.size = chunk.used;
      span.offset = at + sizeof chunk;
      g_array_append_val (self->chunks[chunk.kind], span);
      self->used[chunk.kind] += chunk.used;
      at += sizeof chunk + chunk.size;
    }
  if (self->used[RSC_WIRE_CHUNK_NODES] / sizeof (RscWireNode) != self->header.n_nodes
      || self->used[RSC_WIRE_CHUNK_EDGES] / sizeof (RscWireEdge) != self->header.n_edges
      || self->header.n_strings > self->used[RSC_WIRE_CHUNK_STRINGS] / sizeof (guint32))
    return fail_at (error, RSC_ERROR_CORRUPT, 16, _("the header's numbers are not those of the chunks"));
  return TRUE;
}

static gboolean
find_strings (Reader *self, GError **error)
{
  guint64 n = 0, n_strings = self->header.n_strings;

  self->strings = g_new (const guint8 *, n_strings + 1);
  self->string_index = g_new0 (guint32, n_strings + 1);
  self->strings[0] = NULL;
  for (guint c = 0; c < self->chunks[RSC_WIRE_CHUNK_STRINGS]->len; c++)
    {
      const Span *span = &g_array_index (self->chunks[RSC_WIRE_CHUNK_STRINGS], Span, c);
      gsize at = 0;

      while (at < span->size)
        {
          guint32 length;

          if (span->size - at < sizeof length)
            return fail_at (error, RSC_ERROR_CORRUPT, span->offset + at, _("a string ends too early"));
          memcpy (&length, span->data + at, sizeof length);
          if (length > span->size - at - sizeof length || length > RSC_MAX_STRING)
            return fail_at (error, RSC_ERROR_CORRUPT, span->offset + at, _("a string is too long"));
          if (n == n_strings)
            return fail_at (error, RSC_ERROR_CORRUPT, span->offset + at, _("there are more strings than the header says"));
          self->strings[++n] = span->data + at;
          at += sizeof length + length;
          if (!poll_cancel (self, n, error))
            return FALSE;
        }
    }
  if (n != n_strings)
    return fail_at (error, RSC_ERROR_CORRUPT, 32, _("there are fewer strings than the header says"));
  return TRUE;
}

/* The bytes of string @number, which has been checked. */
static const guint8 *
get_string (const Reader *self, guint32 number, guint32 *length)
{
  *length = 0;
  if (number == 0)
    return (const guint8 *) "";
  memcpy (length, self->strings[number], sizeof *length);
  return self->strings[number] + sizeof *length;
}

/* The builder's index of string @number, which has been checked. */
static guint32
take_string (Reader *self, guint32 number)
{
  if (number == 0)
    return 0;
  if (self->string_index[number] == 0)
    {
      guint32 length;
      const guint8 *bytes = get_string (self, number, &length);

      self->string_index[number] = rsc_snapshot_builder_add_string (self->builder, (const char *) bytes, length) + 1;
    }
  return self->string_index[number] - 1;
}

/* NULL if there is no such string. */
static char *
dup_string (Reader *self, guint32 number)
{
  guint32 length;
  const guint8 *bytes;

  if (number > self->header.n_strings)
    return NULL;
  bytes = get_string (self, number, &length);
  return g_utf8_make_valid ((const char *) bytes, length);
}

static guint32
take_items (Reader *self, guint64 n)
{
  char text[RSC_VALUE_TEXT_SIZE];
  gsize length;

  if (n < N_ITEMS_TEXTS && self->items_index[n] != 0)
    return self->items_index[n];
  length = rsc_value_text_items (text, n);
  if (n >= N_ITEMS_TEXTS)
    return rsc_snapshot_builder_add_string (self->builder, text, (gssize) length);
  return self->items_index[n] = rsc_snapshot_builder_add_string (self->builder, text, (gssize) length);
}

static gboolean
read_value (Reader *self, const RscWireNode *node, guint64 offset, guint32 *value, GError **error)
{
  guint kind = node->flags >> RSC_WIRE_VALUE_SHIFT & 15;
  char text[RSC_VALUE_TEXT_SIZE];
  gsize length;

  *value = 0;
  if ((kind == RSC_WIRE_VALUE_STRING || kind == RSC_WIRE_VALUE_BIG_INT || kind == RSC_WIRE_VALUE_COMPLEX)
      && node->value > self->header.n_strings)
    return fail_at (error, RSC_ERROR_CORRUPT, offset, _("an object's value is a string that is not there"));
  switch (kind)
    {
    case RSC_WIRE_VALUE_NONE:
      break;
    case RSC_WIRE_VALUE_STRING:
      if (node->flags & RSC_WIRE_NODE_BYTES)
        {
          guint32 n;
          const guint8 *bytes = get_string (self, (guint32) node->value, &n);

          if (n > 0)
            *value = rsc_snapshot_builder_add_bytes (self->builder, bytes, n);
        }
      else
        *value = take_string (self, (guint32) node->value);
      break;
    case RSC_WIRE_VALUE_INT:
      length = rsc_value_text_int (text, (gint64) node->value);
      *value = rsc_snapshot_builder_add_string (self->builder, text, (gssize) length);
      break;
    case RSC_WIRE_VALUE_FLOAT:
      {
        double number;

        memcpy (&number, &node->value, sizeof number);
        length = rsc_value_text_float (text, number);
        *value = rsc_snapshot_builder_add_string (self->builder, text, (gssize) length);
      }
      break;
    case RSC_WIRE_VALUE_ITEMS:
      *value = take_items (self, node->value);
      break;
    case RSC_WIRE_VALUE_BIG_INT:
      {
        guint32 n, words[2 + RSC_WIRE_BIG_INT_MAX_DIGITS];
        const guint8 *bytes = get_string (self, (guint32) node->value, &n);
        g_autofree char *digits = NULL;

        if (n % sizeof (guint32) != 0 || n < 2 * sizeof (guint32) || n > sizeof words)
          return fail_at (error, RSC_ERROR_CORRUPT, offset, _("a large integer has an impossible length"));
        memcpy (words, bytes, n);
        digits = rsc_value_text_dup_big_int (words + 2, n / sizeof (guint32) - 2, words[1], words[0] != 0);
        *value = rsc_snapshot_builder_add_string (self->builder, digits, -1);
      }
      break;
    case RSC_WIRE_VALUE_COMPLEX:
      {
        guint32 n;
        double parts[2];
        const guint8 *bytes = get_string (self, (guint32) node->value, &n);
        g_autofree char *number = NULL;

        if (n != sizeof parts)
          return fail_at (error, RSC_ERROR_CORRUPT, offset, _("a complex number has an impossible length"));
        memcpy (parts, bytes, sizeof parts);
        number = rsc_value_text_dup_complex (parts[0], parts[1]);
        *value = rsc_snapshot_builder_add_string (self->builder, number, -1);
      }
      break;
    default:
      return fail_at (error, RSC_ERROR_CORRUPT, offset, _("an object's value is of an unknown kind"));
    }
  return TRUE;
}

static void
columns_clear (RscColumnArrays *columns)
{
  g_free (columns->address);
  g_free (columns->size);
  g_free (columns->first_edge);
  g_free (columns->type);
  g_free (columns->refcount);
  g_free (columns->flags);
  g_free (columns->value);
  g_free (columns->generation);
  g_free (columns->target);
  g_free (columns->label);
  g_free (columns->kind);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RscColumnArrays, columns_clear)

static gboolean
read_nodes (Reader *self, RscColumnArrays *columns, GError **error)
{
  const guint32 known_flags = (1u << RSC_WIRE_VALUE_SHIFT) - 1;
  guint64 i = 0, n = self->header.n_nodes, edge = 0;

  columns->n_nodes = (guint32) n;
  columns->address = g_new (guint64, MAX (n, 1));
  columns->size = g_new (guint64, MAX (n, 1));
  columns->first_edge = g_new (guint64, n + 1);
  columns->type = g_new (guint32, MAX (n, 1));
  columns->refcount = g_new (guint32, MAX (n, 1));
  columns->flags = g_new (guint32, MAX (n, 1));
  columns->value = g_new (guint32, MAX (n, 1));
  columns->generation = g_new (guint8, MAX (n, 1));
  for (guint c = 0; c < self->chunks[RSC_WIRE_CHUNK_NODES]->len; c++)
    {
      const Span *span = &g_array_index (self->chunks[RSC_WIRE_CHUNK_NODES], Span, c);

      for (gsize at = 0; at < span->size; at += sizeof (RscWireNode), i++)
        {
          RscWireNode node;
          guint generation;

          memcpy (&node, span->data + at, sizeof node);
          generation = node.flags >> RSC_WIRE_GENERATION_SHIFT & 7;
          if (generation > RSC_GENERATION_PERMANENT && generation != RSC_WIRE_GENERATION_NONE)
            return fail_at (error, RSC_ERROR_CORRUPT, span->offset + at, _("an object is in an unknown generation"));
          if (node.n_edges > self->header.n_edges - edge)
            return fail_at (error, RSC_ERROR_CORRUPT, span->offset + at, _("an object has more references than there are"));
          columns->address[i] = node.address;
          columns->size[i] = node.size;
          columns->first_edge[i] = edge;
          columns->type[i] = node.type;
          columns->refcount[i] = node.refcount;
          columns->flags[i] = node.flags & known_flags;
          columns->generation[i] = generation == RSC_WIRE_GENERATION_NONE ? RSC_GENERATION_NONE : (guint8) generation;
          if (!read_value (self, &node, span->offset + at, &columns->value[i], error) || !poll_cancel (self, i, error))
            return FALSE;
          if (i % (1u << 18) == 0)
            rsc_progress_report (self->progress, 0.6 * (double) i / (double) n, _("Reading objects"));
          edge += node.n_edges;
        }
    }
  columns->first_edge[n] = edge;
  if (edge != self->header.n_edges)
    return fail_at (error, RSC_ERROR_CORRUPT, 24, _("there are references that belong to no object"));
  return TRUE;
}

static gboolean
read_edges (Reader *self, RscColumnArrays *columns, GError **error)
{
  const guint64 string_kinds = G_GUINT64_CONSTANT (1) << RSC_EDGE_ATTRIBUTE | G_GUINT64_CONSTANT (1) << RSC_EDGE_SLOT
                               | G_GUINT64_CONSTANT (1) << RSC_EDGE_LOCAL | G_GUINT64_CONSTANT (1) << RSC_EDGE_NAMED;
  guint64 i = 0, n = self->header.n_edges;

  columns->n_edges = n;
  columns->target = g_new (guint32, MAX (n, 1));
  columns->label = g_new (guint32, MAX (n, 1));
  columns->kind = g_new (guint8, MAX (n, 1));
  for (guint c = 0; c < self->chunks[RSC_WIRE_CHUNK_EDGES]->len; c++)
    {
      const Span *span = &g_array_index (self->chunks[RSC_WIRE_CHUNK_EDGES], Span, c);

      for (gsize at = 0; at < span->size; at += sizeof (RscWireEdge), i++)
        {
          RscWireEdge edge;
          guint kind;

          memcpy (&edge, span->data + at, sizeof edge);
          kind = edge.kind & RSC_EDGE_KIND_MASK;
          if (edge.kind > G_MAXUINT8 || kind >= RSC_EDGE_N_KINDS)
            return fail_at (error, RSC_ERROR_CORRUPT, span->offset + at, _("a reference is of an unknown kind"));
          columns->target[i] = edge.target;
          columns->kind[i] = (guint8) edge.kind;
          if (string_kinds >> kind & 1)
            {
              if (edge.label > self->header.n_strings)
                return fail_at (error, RSC_ERROR_CORRUPT, span->offset + at, _("a reference has a name that is not there"));
              columns->label[i] = take_string (self, edge.label);
            }
          else
            columns->label[i] = edge.label;
          if (!poll_cancel (self, i, error))
            return FALSE;
          if (i % (1u << 20) == 0)
            rsc_progress_report (self->progress, 0.6 + 0.4 * (double) i / (double) n, _("Reading references"));
        }
    }
  return TRUE;
}

/* Calls @read with each record of the small tables. */
static gboolean
for_each (Reader *self, guint kind, gsize record_size, gboolean (*read) (Reader *, const guint8 *, guint64, GError **), GError **error)
{
  guint64 n = 0;

  for (guint c = 0; c < self->chunks[kind]->len; c++)
    {
      const Span *span = &g_array_index (self->chunks[kind], Span, c);

      for (gsize at = 0; at < span->size; at += record_size)
        if (!read (self, span->data + at, span->offset + at, error) || !poll_cancel (self, ++n, error))
          return FALSE;
    }
  return TRUE;
}

static gboolean
fail_name (GError **error, guint64 offset)
{
  return fail_at (error, RSC_ERROR_CORRUPT, offset, _("a name is not there"));
}

static gboolean
fail_node (GError **error, guint64 offset)
{
  return fail_at (error, RSC_ERROR_CORRUPT, offset, _("an entry names an object that is not there"));
}

static gboolean
read_type (Reader *self, const guint8 *data, guint64 offset, GError **error)
{
  RscWireType type;
  g_autofree char *name = NULL, *module = NULL;

  memcpy (&type, data, sizeof type);
  name = dup_string (self, type.name);
  module = dup_string (self, type.module);
  if (name == NULL || module == NULL)
    return fail_name (error, offset);
  if (type.node != RSC_NODE_NONE && type.node >= self->header.n_nodes)
    return fail_node (error, offset);
  rsc_snapshot_builder_add_type (self->builder, name, module, type.node, type.flags);
  return TRUE;
}

static gboolean
read_thread (Reader *self, const guint8 *data, guint64 offset, GError **error)
{
  RscWireThread thread;
  g_autofree char *name = NULL;

  memcpy (&thread, data, sizeof thread);
  name = dup_string (self, thread.name);
  if (name == NULL)
    return fail_name (error, offset);
  rsc_snapshot_builder_add_thread (self->builder, thread.id, thread.native_id, name);
  return TRUE;
}

static guint64
n_threads (const Reader *self)
{
  return self->used[RSC_WIRE_CHUNK_THREADS] / sizeof (RscWireThread);
}

static gboolean
read_frame (Reader *self, const guint8 *data, guint64 offset, GError **error)
{
  RscWireFrame frame;
  g_autofree char *function = NULL, *file = NULL;

  memcpy (&frame, data, sizeof frame);
  function = dup_string (self, frame.function);
  file = dup_string (self, frame.file);
  if (function == NULL || file == NULL)
    return fail_name (error, offset);
  if (frame.node >= self->header.n_nodes || frame.thread >= n_threads (self))
    return fail_node (error, offset);
  rsc_snapshot_builder_add_frame (self->builder, frame.thread, frame.node, function, file, frame.line);
  return TRUE;
}

static gboolean
read_root (Reader *self, const guint8 *data, guint64 offset, GError **error)
{
  RscWireRoot root;
  g_autofree char *name = NULL;

  memcpy (&root, data, sizeof root);
  name = dup_string (self, root.name);
  if (name == NULL)
    return fail_name (error, offset);
  if (root.node >= self->header.n_nodes || (root.thread != G_MAXUINT32 && root.thread >= n_threads (self)))
    return fail_node (error, offset);
  if (root.kind > RSC_ROOT_STATIC)
    return fail_at (error, RSC_ERROR_CORRUPT, offset, _("a root is of an unknown kind"));
  rsc_snapshot_builder_add_root (self->builder, root.node, (RscRootKind) root.kind, root.thread, name);
  return TRUE;
}

static GVariant *
three_numbers (const guint32 numbers[3])
{
  return g_variant_new_fixed_array (G_VARIANT_TYPE_UINT32, numbers, 3, sizeof numbers[0]);
}

/* 0x030b02f0 -> "3.11.2" */
static char *
dup_version (guint32 hex)
{
  g_autoptr(GString) text = g_string_new (NULL);
  guint level = hex >> 4 & 15;

  g_string_printf (text, "%u.%u.%u", hex >> 24, hex >> 16 & 255, hex >> 8 & 255);
  if (level != 15)
    g_string_append_printf (text, "%s%u", level == 10 ? "a" : level == 11 ? "b" : "rc", hex & 15);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
read_counter (Reader *self)
{
  const GArray *chunks = self->chunks[RSC_WIRE_CHUNK_COUNTER];
  RscWireCounter counter;

  if (chunks->len == 0 || g_array_index (chunks, Span, 0).size < sizeof counter)
    return;

  memcpy (&counter, g_array_index (chunks, Span, 0).data, sizeof counter);
  rsc_snapshot_builder_set_info (self->builder, "gc-long-lived",
                                 g_variant_new ("(tt)", counter.long_lived_total, counter.long_lived_pending));
  rsc_snapshot_builder_set_info (self->builder, "gc-hidden",
                                 g_variant_new ("(ttt)", counter.hidden[0], counter.hidden[1], counter.hidden[2]));
}

/* Where it is not all: what was said of values. */
static void
read_values (Reader *self, guint32 in_place)
{
  static const char *const names[] = {
    [RSC_WIRE_VALUES_ALL] = NULL,
    [RSC_WIRE_VALUES_NONE] = "none",
    [RSC_WIRE_VALUES_LENGTHS] = "lengths",
    [RSC_WIRE_VALUES_HASHES] = "hashes",
  };
  const char *name = names[in_place >> RSC_WIRE_INFO_VALUES_SHIFT & RSC_WIRE_VALUES_MASK];

  if (name != NULL)
    rsc_snapshot_builder_set_info (self->builder, "values", g_variant_new_string (name));
}

static guint
n_sub_interpreters (const Reader *self)
{
  return (guint) (self->used[RSC_WIRE_CHUNK_INTERPRETERS] / sizeof (RscWireInterpreter));
}

/* Chunks of few records are whole. */
static RscWireInterpreter
get_sub_interpreter (const Reader *self, guint i)
{
  const Span *span = &g_array_index (self->chunks[RSC_WIRE_CHUNK_INTERPRETERS], Span, 0);
  RscWireInterpreter interpreter;

  memcpy (&interpreter, span->data + i * sizeof interpreter, sizeof interpreter);

  return interpreter;
}

/* The objects of the collector's lists stand first, one interpreter's behind another's: the generations of each
 * sub-interpreter become other ones than the main interpreter's. */
static gboolean
assign_interpreters (Reader *self, RscColumnArrays *columns, GError **error)
{
  const GArray *chunks = self->chunks[RSC_WIRE_CHUNK_INTERPRETERS];
  const GArray *infos = self->chunks[RSC_WIRE_CHUNK_INFO];
  RscWireInfo info;
  guint64 at = 0;

  if (chunks->len == 0)
    return TRUE;
  if (chunks->len > 1 || n_sub_interpreters (self) >= RSC_MAX_INTERPRETERS)
    return fail_at (error, RSC_ERROR_LIMIT, g_array_index (chunks, Span, 0).offset, _("there are too many interpreters"));
  if (infos->len != 1 || g_array_index (infos, Span, 0).size < sizeof info)
    return fail_at (error, RSC_ERROR_CORRUPT, self->size, _("what the agent knows of the interpreter is missing"));

  memcpy (&info, g_array_index (infos, Span, 0).data, sizeof info);
  for (guint g = 0; g < RSC_N_COLLECTOR_LISTS; g++)
    if (info.generation_objects[g] > columns->n_nodes || (at += info.generation_objects[g]) > columns->n_nodes)
      return fail_at (error, RSC_ERROR_CORRUPT, g_array_index (infos, Span, 0).offset, _("a generation has more objects than there are"));
  for (guint i = 0; i < n_sub_interpreters (self); i++)
    {
      RscWireInterpreter interpreter = get_sub_interpreter (self, i);

      for (guint g = 0; g < RSC_N_COLLECTOR_LISTS; g++)
        {
          guint64 n = interpreter.generation_objects[g];

          if (n > columns->n_nodes - at)
            return fail_at (error, RSC_ERROR_CORRUPT, g_array_index (chunks, Span, 0).offset,
                            _("a generation has more objects than there are"));
          for (; n > 0; n--, at++)
            if (columns->generation[at] == g)
              columns->generation[at] = (guint8) (g + RSC_N_COLLECTOR_LISTS * (i + 1));
        }
    }

  return TRUE;
}

static void
read_interpreters (Reader *self, GVariantBuilder *generations)
{
  GVariantBuilder list;

  if (n_sub_interpreters (self) == 0)
    return;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("a(xbauaua(ttt))"));
  for (guint i = 0; i < n_sub_interpreters (self); i++)
    {
      RscWireInterpreter interpreter = get_sub_interpreter (self, i);
      char name[24];
      GVariantBuilder stats;

      g_snprintf (name, sizeof name, "%" G_GINT64_FORMAT, interpreter.id);
      g_variant_builder_init (&stats, G_VARIANT_TYPE ("a(ttt)"));
      for (guint g = 0; g < 3; g++)
        g_variant_builder_add (&stats, "(ttt)", interpreter.collections[g], interpreter.collected[g], interpreter.uncollectable[g]);
      for (guint g = 0; g < RSC_N_COLLECTOR_LISTS; g++)
        g_variant_builder_add (generations, "(sut)", name, g, interpreter.generation_objects[g]);
      g_variant_builder_add (&list, "(xb@au@au@a(ttt))", interpreter.id, interpreter.gc_enabled != 0,
                             three_numbers (interpreter.thresholds), three_numbers (interpreter.counts),
                             g_variant_builder_end (&stats));
    }
  rsc_snapshot_builder_set_info (self->builder, "interpreters", g_variant_builder_end (&list));
}

static gboolean
read_info (Reader *self, GError **error)
{
  const Span *span;
  RscWireInfo info;
  GVariantBuilder stats, generations, notes;
  g_autofree char *version = NULL;

  if (self->chunks[RSC_WIRE_CHUNK_INFO]->len != 1)
    return fail_at (error, RSC_ERROR_CORRUPT, self->size, _("what the agent knows of the interpreter is missing"));
  span = &g_array_index (self->chunks[RSC_WIRE_CHUNK_INFO], Span, 0);
  if (span->size < sizeof info)
    return fail_at (error, RSC_ERROR_TRUNCATED, span->offset, _("what the agent knows of the interpreter ends too early"));
  memcpy (&info, span->data, sizeof info);
  if (info.n_notes > MAX_NOTES || info.n_notes * sizeof (guint32) > span->size - sizeof info)
    return fail_at (error, RSC_ERROR_CORRUPT, span->offset, _("there are more notes than there is room for"));

  version = dup_version (info.version_hex);
  rsc_snapshot_builder_set_info (self->builder, "runtime", g_variant_new_string ("CPython"));
  rsc_snapshot_builder_set_info (self->builder, "version", g_variant_new_string (version));
  rsc_snapshot_builder_set_info (self->builder, "in-place", g_variant_new_boolean ((info.in_place & 1) != 0));
  read_values (self, info.in_place);
  if (info.pause_ns != 0)
    rsc_snapshot_builder_set_info (self->builder, "paused-us", g_variant_new_uint64 (info.pause_ns / 1000));
  rsc_snapshot_builder_set_info (self->builder, "gc-enabled", g_variant_new_boolean (info.gc_enabled != 0));
  rsc_snapshot_builder_set_info (self->builder, "gc-thresholds", three_numbers (info.thresholds));
  rsc_snapshot_builder_set_info (self->builder, "gc-counts", three_numbers (info.counts));
  read_counter (self);
  rsc_snapshot_builder_set_info (self->builder, "gc-frozen", g_variant_new_uint64 (info.frozen));
  g_variant_builder_init (&stats, G_VARIANT_TYPE ("a(ttt)"));
  for (guint g = 0; g < 3; g++)
    g_variant_builder_add (&stats, "(ttt)", info.collections[g], info.collected[g], info.uncollectable[g]);
  rsc_snapshot_builder_set_info (self->builder, "gc-stats", g_variant_builder_end (&stats));
  g_variant_builder_init (&generations, G_VARIANT_TYPE ("a(sut)"));
  for (guint g = 0; g < RSC_N_COLLECTOR_LISTS; g++)
    g_variant_builder_add (&generations, "(sut)", "main", g, info.generation_objects[g]);
  read_interpreters (self, &generations);
  rsc_snapshot_builder_set_info (self->builder, "generations", g_variant_builder_end (&generations));

  g_variant_builder_init (&notes, G_VARIANT_TYPE ("as"));
  for (guint32 i = 0; i < info.n_notes; i++)
    {
      guint32 number;
      g_autofree char *note = NULL;
      g_autofree char *sentence = NULL;

      memcpy (&number, span->data + sizeof info + i * sizeof number, sizeof number);
      note = dup_string (self, number);
      if (note == NULL)
        {
          g_variant_builder_clear (&notes);
          return fail_name (error, span->offset);
        }
      sentence = rsc_sentence_dup (note);
      g_variant_builder_add (&notes, "s", sentence);
    }
  rsc_snapshot_builder_set_info (self->builder, "notes", g_variant_builder_end (&notes));
  return TRUE;
}

gboolean
rsc_heap_stream_read_memory (const void          *data,
                             gsize                size,
                             RscSnapshotBuilder  *builder,
                             const RscProgress   *progress,
                             GCancellable        *cancellable,
                             GError             **error)
{
  g_auto(Reader) self = { .data = data, .size = size, .builder = builder, .progress = progress, .cancellable = cancellable };
  g_auto(RscColumnArrays) columns = { 0 };

  if (!read_header (&self, error)
      || !find_chunks (&self, error)
      || !find_strings (&self, error)
      || !read_nodes (&self, &columns, error)
      || !assign_interpreters (&self, &columns, error)
      || !read_edges (&self, &columns, error))
    return FALSE;
  rsc_snapshot_builder_take_columns (builder, &columns);
  return for_each (&self, RSC_WIRE_CHUNK_TYPES, sizeof (RscWireType), read_type, error)
         && for_each (&self, RSC_WIRE_CHUNK_THREADS, sizeof (RscWireThread), read_thread, error)
         && for_each (&self, RSC_WIRE_CHUNK_FRAMES, sizeof (RscWireFrame), read_frame, error)
         && for_each (&self, RSC_WIRE_CHUNK_ROOTS, sizeof (RscWireRoot), read_root, error)
         && read_info (&self, error);
}

static gboolean
fail_read (GError **error, int code)
{
  g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_IO, _("The captured heap cannot be read: %s."), g_strerror (code));
  return FALSE;
}

/* All of @fd into memory of our own. */
static void *
read_all (int fd, gsize size, GError **error)
{
  g_autofree guint8 *data = g_try_malloc (MAX (size, 1));
  gsize done = 0;

  if (data == NULL)
    {
      fail_read (error, ENOMEM);
      return NULL;
    }
  while (done < size)
    {
      ssize_t n = pread (fd, data + done, size - done, (off_t) done);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          fail_read (error, errno);
          return NULL;
        }
      if (n == 0)
        {
          fail_at (error, RSC_ERROR_TRUNCATED, done, _("the stream ends too early"));
          return NULL;
        }
      done += (gsize) n;
    }
  return g_steal_pointer (&data);
}

gboolean
rsc_heap_stream_read (int                  fd,
                      RscSnapshotBuilder  *builder,
                      const RscProgress   *progress,
                      GCancellable        *cancellable,
                      GError             **error)
{
  struct stat status;
  g_autofree void *copy = NULL;
  void *map;
  gsize size;
  gboolean result;

  /* The program has the descriptor too: a map is only safe once nobody can
   * shrink or change the file any more; else it is read into our own memory. */
  if (fcntl (fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0)
    {
      if (fstat (fd, &status) != 0)
        return fail_read (error, errno);
      size = (gsize) status.st_size;
      if (size == 0)
        return rsc_heap_stream_read_memory ("", 0, builder, progress, cancellable, error);
      map = mmap (NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
      if (map == MAP_FAILED)
        return fail_read (error, errno);
      result = rsc_heap_stream_read_memory (map, size, builder, progress, cancellable, error);
      munmap (map, size);
      return result;
    }
  if (fstat (fd, &status) != 0)
    return fail_read (error, errno);
  copy = read_all (fd, (gsize) status.st_size, error);
  if (copy == NULL)
    return FALSE;
  return rsc_heap_stream_read_memory (copy, (gsize) status.st_size, builder, progress, cancellable, error);
}
