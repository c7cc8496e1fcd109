#include "capture/rsc-heap-stream-reader.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/rsc-error.h"
#include "wire/rsc-wire-heap.h"

static GBytes *
load (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "corpus", "heap-stream", name, NULL);
  g_autoptr(GError) error = NULL;
  char *data;
  gsize size;

  g_assert_true (g_file_get_contents (path, &data, &size, &error));
  return g_bytes_new_take (data, size);
}

static RscSnapshot *
read_memory (gconstpointer data, gsize size, GError **error)
{
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();

  if (!rsc_heap_stream_read_memory (data, size, builder, NULL, NULL, error))
    return NULL;
  return rsc_snapshot_builder_freeze (builder, NULL, NULL, error);
}

static RscNode
find_type (RscSnapshot *snapshot, const char *name)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (snapshot);

  for (RscNode node = 0; node < columns->n_nodes; node++)
    if (strcmp (rsc_snapshot_get_type (snapshot, columns->type[node]).name, name) == 0)
      return node;
  return RSC_NODE_NONE;
}

static void
check (RscSnapshot *snapshot)
{
  const RscColumns *columns;
  g_autoptr(GError) error = NULL;
  g_autoptr(GHashTable) values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  RscNode thing;
  gboolean seen_name = FALSE, seen_local = FALSE;

  columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (columns->n_nodes, ==, 120);
  for (RscNode node = 0; node < columns->n_nodes; node++)
    {
      g_hash_table_add (values, rsc_snapshot_dup_value (snapshot, node));
      g_assert_cmpint ((columns->flags[node] & RSC_NODE_TRACKED) != 0, ==, columns->generation[node] != RSC_GENERATION_NONE);
    }
  g_assert_true (g_hash_table_contains (values, "b'\\x00\\xff'"));
  g_assert_true (g_hash_table_contains (values, "2.5"));
  g_assert_true (g_hash_table_contains (values, "10000000000000000000000000000000000000000"));
  g_assert_true (g_hash_table_contains (values, "'café'"));
  g_assert_true (g_hash_table_contains (values, "6 items"));
  g_assert_true (g_hash_table_contains (values, "None"));

  thing = find_type (snapshot, "Thing");
  g_assert_cmpuint (thing, !=, RSC_NODE_NONE);
  for (guint64 e = columns->first_edge[thing]; e < columns->first_edge[thing + 1]; e++)
    {
      g_autofree char *label = rsc_snapshot_dup_edge_label (snapshot, e);

      if (strcmp (label, ".numbers") == 0)
        {
          seen_name = TRUE;
          g_assert_cmpuint (columns->kind[e], ==, RSC_EDGE_ATTRIBUTE | RSC_EDGE_TRAVERSED);
        }
    }
  g_assert_true (seen_name);
  for (guint32 i = 0; i < columns->n_frames; i++)
    {
      RscFrame frame = rsc_snapshot_get_frame (snapshot, i);

      for (guint64 e = columns->first_edge[frame.node]; e < columns->first_edge[frame.node + 1]; e++)
        {
          g_autofree char *label = rsc_snapshot_dup_edge_label (snapshot, e);

          if (columns->target[e] == thing && strcmp (frame.function, "main") == 0)
            {
              g_assert_cmpstr (label, ==, "local thing");
              seen_local = TRUE;
            }
        }
    }
  g_assert_true (seen_local);
  g_assert_cmpstr (rsc_snapshot_get_info_string (snapshot, "runtime"), ==, "CPython");
  g_assert_true (g_str_has_prefix (rsc_snapshot_get_info_string (snapshot, "version"), "3.1"));
}

static void
test_read (gconstpointer name)
{
  g_autoptr(GBytes) bytes = load (name);
  g_autoptr(GError) error = NULL;
  g_autoptr(RscSnapshot) snapshot = read_memory (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &error);

  g_assert_no_error (error);
  check (snapshot);
}

static void
read_descriptor (int fd)
{
  g_autoptr(GBytes) bytes = load ("python-3.11");
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
  g_autoptr(RscSnapshot) snapshot = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (write (fd, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes)), ==, (gssize) g_bytes_get_size (bytes));
  g_assert_true (rsc_heap_stream_read (fd, builder, NULL, NULL, &error));
  g_assert_no_error (error);
  snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, &error);
  g_assert_no_error (error);
  check (snapshot);
}

/* A memfd that can be sealed is mapped, and nobody changes it after that. */
static void
test_sealed (void)
{
  int fd = memfd_create ("heap", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  read_descriptor (fd);
  g_assert_cmpint (ftruncate (fd, 0), ==, -1);
  close (fd);
}

/* One that cannot is read into memory. */
static void
test_unsealed (void)
{
  int fd = memfd_create ("heap", MFD_CLOEXEC);

  read_descriptor (fd);
  g_assert_cmpint (ftruncate (fd, 0), ==, 0);
  close (fd);
}

static void
expect (gconstpointer data, gsize size, GQuark domain, gint code)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RscSnapshot) snapshot = read_memory (data, size, &error);

  g_assert_null (snapshot);
  g_assert_error (error, domain, code);
}

static void
test_damaged (void)
{
  g_autoptr(GBytes) bytes = load ("python-3.13");
  gsize size = g_bytes_get_size (bytes);
  g_autofree guint8 *data = g_memdup2 (g_bytes_get_data (bytes, NULL), size);
  RscWireHeapHeader *header = (RscWireHeapHeader *) (void *) data, good = *header;
  RscWireChunk *chunk = (RscWireChunk *) (void *) (data + sizeof *header), good_chunk = *chunk;
  RscWireNode *node = (RscWireNode *) (void *) (data + sizeof *header + sizeof *chunk), good_node = *node;

  expect (data, 0, RSC_FORMAT_ERROR, RSC_ERROR_TRUNCATED);
  expect (data, sizeof *header - 1, RSC_FORMAT_ERROR, RSC_ERROR_TRUNCATED);
  expect (data, size - 8, RSC_FORMAT_ERROR, RSC_ERROR_TRUNCATED);
  header->magic ^= 1;
  expect (data, size, RSC_FORMAT_ERROR, RSC_ERROR_BAD_MAGIC);
  *header = good;
  header->version++;
  expect (data, size, RSC_FORMAT_ERROR, RSC_ERROR_BAD_VERSION);
  *header = good;
  header->state = RSC_WIRE_STATE_STARTED;
  expect (data, size, RSC_FORMAT_ERROR, RSC_ERROR_TRUNCATED);
  header->state = RSC_WIRE_STATE_FAILED;
  expect (data, size, RSC_CAPTURE_ERROR, RSC_ERROR_FAILED);
  *header = good;
  header->n_nodes++;
  expect (data, size, RSC_FORMAT_ERROR, RSC_ERROR_CORRUPT);
  *header = good;
  header->n_edges = RSC_MAX_EDGES + 1;
  expect (data, size, RSC_FORMAT_ERROR, RSC_ERROR_LIMIT);
  *header = good;
  header->n_strings--;
  expect (data, size, RSC_FORMAT_ERROR, RSC_ERROR_CORRUPT);
  *header = good;
  chunk->size = G_MAXUINT64 - 7;
  expect (data, size, RSC_FORMAT_ERROR, RSC_ERROR_TRUNCATED);
  *chunk = good_chunk;
  chunk->used = chunk->size + 1;
  expect (data, size, RSC_FORMAT_ERROR, RSC_ERROR_CORRUPT);
  *chunk = good_chunk;
  chunk->kind = 99;
  expect (data, size, RSC_FORMAT_ERROR, RSC_ERROR_CORRUPT);
  *chunk = good_chunk;
  node->type = 100000;
  expect (data, size, RSC_FORMAT_ERROR, RSC_ERROR_CORRUPT);
  *node = good_node;
  node->n_edges = G_MAXUINT32;
  expect (data, size, RSC_FORMAT_ERROR, RSC_ERROR_CORRUPT);
  *node = good_node;
  node->flags = (node->flags & 0xf0ffffff) | 15u << RSC_WIRE_VALUE_SHIFT;
  expect (data, size, RSC_FORMAT_ERROR, RSC_ERROR_CORRUPT);
  *node = good_node;
  g_assert_true (memcmp (data, g_bytes_get_data (bytes, NULL), size) == 0);
}

static void
test_cancelled (void)
{
  g_autoptr(GBytes) bytes = load ("python-3.11");
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_false (rsc_heap_stream_read_memory (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), builder, NULL,
                                               cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/heap-stream/read/3.11", "python-3.11", test_read);
  g_test_add_data_func ("/heap-stream/read/3.13", "python-3.13", test_read);
  g_test_add_func ("/heap-stream/sealed", test_sealed);
  g_test_add_func ("/heap-stream/unsealed", test_unsealed);
  g_test_add_func ("/heap-stream/damaged", test_damaged);
  g_test_add_func ("/heap-stream/cancelled", test_cancelled);
  return g_test_run ();
}
