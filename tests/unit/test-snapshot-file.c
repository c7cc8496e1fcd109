#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rsc-error.h"
#include "forge.h"
#include "random-heap.h"
#include "test-folder.h"

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture_init (fixture, "a.refscope");
}

/* A new file each time: there are thousands of these, and a file system syncs
 * what is truncated and written again. */
static void
put (const char *path, gconstpointer content, gsize size)
{
  int fd;

  g_remove (path);
  fd = g_open (path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  g_assert_cmpint (write (fd, content, size), ==, (gssize) size);
  close (fd);
}

static void
save_random (Fixture *fixture, guint32 seed, guint32 n_nodes, guint32 n_edges)
{
  RandomHeapShape shape = { .n_nodes = n_nodes, .n_edges = n_edges, .weak = .1, .untraversed = .2, .held = -1 };
  g_autoptr(RscSnapshot) snapshot = random_heap_new (seed, &shape);
  g_autoptr(GError) error = NULL;

  g_assert_true (rsc_snapshot_save (snapshot, fixture->path, TRUE, NULL, NULL, &error));
  g_assert_no_error (error);
}

/* Looks at everything; the first error, or NULL. */
static GError *
use_all (const char *path)
{
  g_autoptr(RscSnapshot) snapshot = NULL;
  const RscColumns *columns;
  GError *error = NULL;

  snapshot = rsc_snapshot_open (path, &error);
  if (snapshot == NULL)
    return error;
  columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL, &error);
  if (columns == NULL)
    return error;
  for (guint32 i = 0; i < columns->n_nodes; i++)
    g_free (rsc_snapshot_dup_value (snapshot, i));
  for (guint64 e = 0; e < columns->n_edges; e++)
    g_free (rsc_snapshot_dup_edge_label (snapshot, e));
  for (guint32 i = 0; i < columns->n_strings; i++)
    rsc_snapshot_get_string (snapshot, i);
  for (guint32 i = 0; i < columns->n_types; i++)
    rsc_snapshot_get_type (snapshot, i);
  for (guint32 i = 0; i < columns->n_roots; i++)
    rsc_snapshot_get_root (snapshot, i);
  for (guint32 i = 0; i < columns->n_threads; i++)
    rsc_snapshot_get_thread (snapshot, i);
  for (guint32 i = 0; i < columns->n_frames; i++)
    rsc_snapshot_get_frame (snapshot, i);
  if (rsc_snapshot_check (snapshot, &error))
    rsc_snapshot_verify (snapshot, NULL, NULL, &error);

  return error;
}

static void
assert_same_columns (RscSnapshot *a, RscSnapshot *b)
{
  g_autoptr(GError) error = NULL;
  const RscColumns *x = rsc_snapshot_get_columns (a, RSC_BLOCK_ALL, &error);
  const RscColumns *y = rsc_snapshot_get_columns (b, RSC_BLOCK_ALL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (x->n_nodes, ==, y->n_nodes);
  g_assert_cmpuint (x->n_edges, ==, y->n_edges);
#define COMPARE(column, n) \
  g_assert_cmpmem (x->column, (n) * sizeof *x->column, y->column, (n) * sizeof *y->column)
  COMPARE (address, x->n_nodes);
  COMPARE (size, x->n_nodes);
  COMPARE (type, x->n_nodes);
  COMPARE (refcount, x->n_nodes);
  COMPARE (flags, x->n_nodes);
  COMPARE (value, x->n_nodes);
  COMPARE (generation, x->n_nodes);
  COMPARE (first_edge, x->n_nodes + 1);
  COMPARE (target, x->n_edges);
  COMPARE (label, x->n_edges);
  COMPARE (kind, x->n_edges);
  COMPARE (first_referrer, x->n_nodes + 1);
  COMPARE (referrer, x->n_edges);
  COMPARE (by_address, x->n_nodes);
#undef COMPARE
  g_assert_cmpuint (x->n_strings, ==, y->n_strings);
  for (guint32 i = 0; i < x->n_strings; i++)
    g_assert_cmpstr (rsc_snapshot_get_string (a, i), ==, rsc_snapshot_get_string (b, i));
  g_assert_cmpuint (x->n_types, ==, y->n_types);
  for (guint32 i = 0; i < x->n_types; i++)
    {
      RscType s = rsc_snapshot_get_type (a, i), t = rsc_snapshot_get_type (b, i);

      g_assert_cmpstr (s.name, ==, t.name);
      g_assert_cmpstr (s.module, ==, t.module);
      g_assert_cmpuint (s.node, ==, t.node);
      g_assert_cmpuint (s.n_objects, ==, t.n_objects);
    }
  g_assert_cmpuint (x->n_roots, ==, y->n_roots);
  for (guint32 i = 0; i < x->n_roots; i++)
    g_assert_cmpstr (rsc_snapshot_get_root (a, i).name, ==, rsc_snapshot_get_root (b, i).name);
  g_assert_cmpuint (x->n_frames, ==, y->n_frames);
  for (guint32 i = 0; i < x->n_frames; i++)
    g_assert_cmpstr (rsc_snapshot_get_frame (a, i).function, ==, rsc_snapshot_get_frame (b, i).function);
  g_assert_true (g_variant_equal (rsc_snapshot_get_info (a), rsc_snapshot_get_info (b)));
  g_assert_cmpuint (rsc_snapshot_get_total_bytes (a), ==, rsc_snapshot_get_total_bytes (b));
  g_assert_cmpuint (rsc_snapshot_get_id (a), !=, rsc_snapshot_get_id (b));
}

static void
test_round_trip (Fixture *fixture, gconstpointer data)
{
  g_autofree char *second_path = g_build_filename (fixture->folder, "b.refscope", NULL);
  /* Nothing, little, and several chunks. */
  static const guint32 sizes[][2] = { { 0, 0 }, { 1, 0 }, { 30, 100 }, { 3000, 400000 } };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      RandomHeapShape shape = { .n_nodes = sizes[i][0], .n_edges = sizes[i][1], .weak = .1, .held = -1 };
      g_autoptr(RscSnapshot) made = random_heap_new (i, &shape);
      g_autoptr(RscSnapshot) opened = NULL;
      g_autoptr(GError) error = NULL;
      g_autofree char *first = NULL;
      g_autofree char *second = NULL;
      gsize first_size, second_size;

      g_assert_true (rsc_snapshot_save (made, fixture->path, TRUE, NULL, NULL, &error));
      g_assert_cmpstr (rsc_snapshot_get_path (made), ==, fixture->path);
      opened = rsc_snapshot_open (fixture->path, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (rsc_snapshot_get_path (opened), ==, fixture->path);
      assert_same_columns (made, opened);
      g_assert_true (rsc_snapshot_verify (opened, NULL, NULL, &error));
      g_assert_no_error (error);

      g_assert_true (rsc_snapshot_save (opened, second_path, TRUE, NULL, NULL, &error));
      g_assert_true (g_file_get_contents (fixture->path, &first, &first_size, NULL));
      g_assert_true (g_file_get_contents (second_path, &second, &second_size, NULL));
      g_assert_cmpmem (first, first_size, second, second_size);
    }
}

/* The strings are looked up one by one at first, then checked as a whole. */
static void
test_many_strings (Fixture *fixture, gconstpointer data)
{
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
  g_autoptr(RscSnapshot) made = NULL;
  g_autoptr(RscSnapshot) opened = NULL;
  guint32 n_strings = 300000;

  for (guint32 i = 1; i < n_strings; i++)
    {
      g_autofree char *text = g_strdup_printf ("text %u é", i);

      rsc_snapshot_builder_add_string (builder, text, -1);
    }
  made = rsc_snapshot_builder_freeze (builder, NULL, NULL, NULL);
  g_assert_true (rsc_snapshot_save (made, fixture->path, TRUE, NULL, NULL, NULL));
  opened = rsc_snapshot_open (fixture->path, NULL);
  for (guint32 i = 0; i < n_strings; i++)
    g_assert_cmpstr (rsc_snapshot_get_string (opened, n_strings - 1 - i), ==,
                     rsc_snapshot_get_string (made, n_strings - 1 - i));
  g_assert_true (rsc_snapshot_check (opened, NULL));
}

static void
test_truncated (Fixture *fixture, gconstpointer data)
{
  g_autofree char *content = NULL;
  gsize size;

  save_random (fixture, 3, 12, 30);
  g_assert_true (g_file_get_contents (fixture->path, &content, &size, NULL));
  for (gsize length = 0; length < size; length++)
    {
      g_autoptr(GError) error = NULL;

      put (fixture->path, content, length);
      error = use_all (fixture->path);
      g_assert_error (error, RSC_FORMAT_ERROR, RSC_ERROR_TRUNCATED);
    }
}

/* Every byte of the file is accounted for. */
static void
test_bit_flips (Fixture *fixture, gconstpointer data)
{
  g_autofree char *content = NULL;
  gsize size;

  save_random (fixture, 4, 12, 30);
  g_assert_true (g_file_get_contents (fixture->path, &content, &size, NULL));
  for (gsize i = 0; i <= size; i++)
    {
      g_autoptr(GError) error = NULL;

      if (i < size)
        content[i] ^= (char) (1 << i % 8);
      put (fixture->path, content, size);
      if (i < size)
        content[i] ^= (char) (1 << i % 8);
      error = use_all (fixture->path);
      if (i == size)
        g_assert_no_error (error);
      else if (i < 8)
        g_assert_error (error, RSC_FORMAT_ERROR, RSC_ERROR_BAD_MAGIC);
      else if (i < 12)
        g_assert_error (error, RSC_FORMAT_ERROR, RSC_ERROR_BAD_VERSION);
      else
        g_assert_error (error, RSC_FORMAT_ERROR, RSC_ERROR_CORRUPT);
    }
}

/* Values that would lead out of the heap, under sums that are right. */
static void
test_forged (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    RscColumn column;
    gsize offset; /* in the column; -1: its last item */
    gsize size;
    guint64 value;
  } forgeries[] = {
    { RSC_COLUMN_TYPES, 0, 4, 0xffffff }, { RSC_COLUMN_TYPES, 4, 4, 0xffffffff }, { RSC_COLUMN_TYPES, 8, 4, 12 },
    { RSC_COLUMN_TYPES, 16, 8, 99 }, { RSC_COLUMN_TYPES, 24, 8, 99 },
    { RSC_COLUMN_THREADS, 16, 4, 0xffffff },
    { RSC_COLUMN_FRAMES, 0, 4, 1 }, { RSC_COLUMN_FRAMES, 8, 4, 12 }, { RSC_COLUMN_FRAMES, 12, 4, 0xffffff },
    { RSC_COLUMN_FRAMES, 16, 4, 0xffffff },
    { RSC_COLUMN_ROOTS, 0, 4, 12 }, { RSC_COLUMN_ROOTS, 4, 4, 99 }, { RSC_COLUMN_ROOTS, 8, 4, 1 },
    { RSC_COLUMN_ROOTS, 12, 4, 0xffffff },
    { RSC_COLUMN_STRING_OFFSETS, 0, 8, 1 }, { RSC_COLUMN_STRING_OFFSETS, 8, 8, 0xffffffffffff },
    { RSC_COLUMN_STRING_OFFSETS, 8, 8, 0 }, { RSC_COLUMN_STRING_OFFSETS, (gsize) -1, 8, 1 },
    { RSC_COLUMN_STRING_OFFSETS, 16, 8, 2 },
    { RSC_COLUMN_STRING_DATA, 0, 1, 'x' }, { RSC_COLUMN_STRING_DATA, (gsize) -1, 1, 'x' },
    { RSC_COLUMN_STRING_DATA, 1, 1, 0xff }, { RSC_COLUMN_STRING_DATA, 1, 1, 0 }, { RSC_COLUMN_STRING_DATA, 2, 1, 0xe4 },
    { RSC_COLUMN_SIZE, 0, 8, 1 << 20 },
    { RSC_COLUMN_TYPE, 0, 4, 5 }, { RSC_COLUMN_TYPE, (gsize) -1, 4, 0xffffffff },
    { RSC_COLUMN_VALUE, 4, 4, 0xffffffff },
    { RSC_COLUMN_GENERATION, 3, 1, 4 },
    { RSC_COLUMN_FIRST_EDGE, 0, 8, 1 }, { RSC_COLUMN_FIRST_EDGE, 16, 8, 0xffffffffffffffff },
    { RSC_COLUMN_FIRST_EDGE, (gsize) -1, 8, 0 },
    { RSC_COLUMN_TARGET, 0, 4, 12 }, { RSC_COLUMN_TARGET, (gsize) -1, 4, 0xffffffff },
    { RSC_COLUMN_KIND, 0, 1, 0x3f }, { RSC_COLUMN_KIND, 0, 1, RSC_EDGE_N_KINDS },
    { RSC_COLUMN_FIRST_REFERRER, 8, 8, 0xffffffff }, { RSC_COLUMN_FIRST_REFERRER, (gsize) -1, 8, 0 },
    { RSC_COLUMN_REFERRER, 0, 4, 12 }, { RSC_COLUMN_REFERRER, 0, 4, 11 },
    { RSC_COLUMN_BY_ADDRESS, 0, 4, 12 }, { RSC_COLUMN_BY_ADDRESS, 0, 4, 11 },
    { RSC_COLUMN_INFO, 0, 1, 0xff },
  };
  g_autofree char *content = NULL;
  gsize size;

  save_random (fixture, 5, 12, 40);
  g_assert_true (g_file_get_contents (fixture->path, &content, &size, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (forgeries); i++)
    {
      g_autofree guint8 *forged = g_memdup2 (content, size);
      RscSnapshotEntry *entry = &forge_get_entries (forged, size)[forgeries[i].column];
      gsize offset = forgeries[i].offset != (gsize) -1 ? forgeries[i].offset : entry->size - forgeries[i].size;
      g_autoptr(GError) error = NULL;

      memcpy (forged + entry->offset + offset, &forgeries[i].value, forgeries[i].size);
      forge_sums (forged, size);
      put (fixture->path, forged, size);
      error = use_all (fixture->path);
      if (error == NULL)
        g_error ("forgery %u was not noticed", i);
      g_assert_error (error, RSC_FORMAT_ERROR, RSC_ERROR_CORRUPT);
    }
}

/* Labels of every kind that points somewhere. */
static void
test_forged_labels (Fixture *fixture, gconstpointer data)
{
  for (guint8 kind = 0; kind < RSC_EDGE_N_KINDS; kind++)
    {
      gboolean points = kind == RSC_EDGE_VALUE || kind == RSC_EDGE_ATTRIBUTE || kind == RSC_EDGE_SLOT
                        || kind == RSC_EDGE_LOCAL || kind == RSC_EDGE_NAMED;
      g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
      g_autoptr(RscSnapshot) snapshot = NULL;
      g_autoptr(GError) error = NULL;
      g_autofree char *content = NULL;
      RscSnapshotEntry *entry;
      RscNodeRecord record = { 0 };
      gsize size;

      rsc_snapshot_builder_add_type (builder, "t", "", RSC_NODE_NONE, 0);
      rsc_snapshot_builder_add_node (builder, &record);
      rsc_snapshot_builder_add_edge (builder, 0, kind, 0);
      snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, NULL);
      g_assert_true (rsc_snapshot_save (snapshot, fixture->path, TRUE, NULL, NULL, NULL));
      g_assert_true (g_file_get_contents (fixture->path, &content, &size, NULL));
      entry = &forge_get_entries ((guint8 *) content, size)[RSC_COLUMN_LABEL];
      memset (content + entry->offset, 0xff, 4);
      forge_sums ((guint8 *) content, size);
      put (fixture->path, content, size);
      error = use_all (fixture->path);
      if (points)
        g_assert_error (error, RSC_FORMAT_ERROR, RSC_ERROR_CORRUPT);
      else
        g_assert_no_error (error);
    }
}

/* Each number of the header and of the table of contents, made wrong. */
static void
test_forged_header (Fixture *fixture, gconstpointer data)
{
  static const guint64 values[] = { 0, 1, 13, 0xffffffff, 0xfffffffffffffff8, 0xffffffffffffffff };
  g_autofree char *content = NULL;
  gsize size, end;

  save_random (fixture, 6, 12, 40);
  g_assert_true (g_file_get_contents (fixture->path, &content, &size, NULL));
  end = sizeof (RscSnapshotHeader) + RSC_N_COLUMNS * sizeof (RscSnapshotEntry);
  for (gsize at = 8; at < end; at += 4)
    for (guint v = 0; v < G_N_ELEMENTS (values) * 2; v++)
      {
        gsize width = v % 2 ? 8 : 4;
        g_autofree guint8 *forged = g_memdup2 (content, size);
        g_autoptr(GError) error = NULL;

        if (memcmp (forged + at, &values[v / 2], width) == 0 || at + width > end)
          continue;
        /* What forge_sums() sets itself. */
        if (at == 16 || at == 20 || (at >= 112 && at < 128) || (width == 8 && (at == 12 || at == 108)))
          continue;
        memcpy (forged + at, &values[v / 2], width);
        forge_sums (forged, size);
        put (fixture->path, forged, size);
        error = use_all (fixture->path);
        if (error == NULL)
          g_error ("value %u at %" G_GSIZE_FORMAT " was not noticed", v, at);
        g_assert_true (error->domain == RSC_FORMAT_ERROR);
      }
}

static void
test_no_files (Fixture *fixture, gconstpointer data)
{
  static const char wrong[] = "digraph G { a -> b }";
  g_autoptr(GError) missing = NULL;
  g_autoptr(GError) empty = NULL;
  g_autoptr(GError) folder = NULL;
  g_autoptr(GError) fifo = NULL;
  g_autoptr(GError) magic = NULL;
  g_autoptr(GError) device = NULL;

  g_assert_null (rsc_snapshot_open (fixture->path, &missing));
  g_assert_error (missing, RSC_FORMAT_ERROR, RSC_ERROR_NOT_FOUND);
  g_assert_null (rsc_snapshot_open (fixture->folder, &folder));
  g_assert_error (folder, RSC_FORMAT_ERROR, RSC_ERROR_UNSUPPORTED);
  g_assert_cmpint (mkfifo (fixture->path, 0600), ==, 0);
  g_assert_null (rsc_snapshot_open (fixture->path, &fifo));
  g_assert_error (fifo, RSC_FORMAT_ERROR, RSC_ERROR_UNSUPPORTED);
  g_assert_null (rsc_snapshot_open ("/dev/zero", &device));
  g_assert_error (device, RSC_FORMAT_ERROR, RSC_ERROR_UNSUPPORTED);
  g_remove (fixture->path);
  put (fixture->path, "", 0);
  g_assert_null (rsc_snapshot_open (fixture->path, &empty));
  g_assert_error (empty, RSC_FORMAT_ERROR, RSC_ERROR_TRUNCATED);
  put (fixture->path, wrong, strlen (wrong));
  g_assert_null (rsc_snapshot_open (fixture->path, &magic));
  g_assert_error (magic, RSC_FORMAT_ERROR, RSC_ERROR_BAD_MAGIC);
}

static void
test_permission (Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;

  if (geteuid () == 0)
    {
      g_test_skip ("root may read everything");
      return;
    }
  save_random (fixture, 1, 5, 5);
  g_assert_cmpint (g_chmod (fixture->path, 0), ==, 0);
  g_assert_null (rsc_snapshot_open (fixture->path, &error));
  g_assert_error (error, RSC_FORMAT_ERROR, RSC_ERROR_PERMISSION);
}

static void
test_save_failures (Fixture *fixture, gconstpointer data)
{
  RandomHeapShape shape = { .n_nodes = 3000, .n_edges = 30000, .held = -1 };
  g_autoptr(RscSnapshot) snapshot = random_heap_new (1, &shape);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) exists = NULL;
  g_autoptr(GError) full = NULL;
  g_autoptr(GError) cancelled = NULL;
  g_autoptr(GError) error = NULL;
  struct rlimit old_limit, limit;

  save_random (fixture, 2, 5, 5);
  g_assert_false (rsc_snapshot_save (snapshot, fixture->path, FALSE, NULL, NULL, &exists));
  g_assert_error (exists, RSC_FORMAT_ERROR, RSC_ERROR_EXISTS);

  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &old_limit), ==, 0);
  limit = old_limit;
  limit.rlim_cur = 100000;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  g_assert_false (rsc_snapshot_save (snapshot, fixture->path, TRUE, NULL, NULL, &full));
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &old_limit), ==, 0);
  g_assert_error (full, RSC_FORMAT_ERROR, RSC_ERROR_IO);

  g_cancellable_cancel (cancellable);
  g_assert_false (rsc_snapshot_save (snapshot, fixture->path, TRUE, NULL, cancellable, &cancelled));
  g_assert_error (cancelled, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  /* What was there is still there, and good. */
  error = use_all (fixture->path);
  g_assert_no_error (error);
}

static gpointer
read_all (gpointer data)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (data);
  guint64 sum = 0;

  for (guint32 i = 0; i < columns->n_nodes; i++)
    for (guint64 e = columns->first_edge[i]; e < columns->first_edge[i + 1]; e++)
      sum += columns->target[e] + columns->size[i];

  return GSIZE_TO_POINTER (sum | 1);
}

/* The file becomes shorter while several threads read it. */
static void
test_shrink (Fixture *fixture, gconstpointer data)
{
  g_autofree char *other_path = g_build_filename (fixture->folder, "other.refscope", NULL);
  g_autoptr(RscSnapshot) snapshot = NULL;
  g_autoptr(RscSnapshot) other = NULL;
  g_autoptr(RscSnapshot) late = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) save_error = NULL;
  GThread *threads[4];

  save_random (fixture, 7, 2000, 200000);
  snapshot = rsc_snapshot_open (fixture->path, &error);
  g_assert_no_error (error);
  late = rsc_snapshot_open (fixture->path, &error);
  g_assert_no_error (error);
  g_assert_true (rsc_snapshot_save (snapshot, other_path, FALSE, NULL, NULL, NULL));
  other = rsc_snapshot_open (other_path, NULL);
  g_assert_nonnull (rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL, NULL));
  g_assert_true (rsc_snapshot_check (snapshot, NULL));

  g_assert_cmpint (truncate (fixture->path, 8192), ==, 0);
  for (guint i = 0; i < 4; i++)
    threads[i] = g_thread_new ("reader", read_all, snapshot);
  for (guint i = 0; i < 4; i++)
    g_assert_nonnull (g_thread_join (threads[i]));
  g_assert_false (rsc_snapshot_check (snapshot, &error));
  g_assert_error (error, RSC_FORMAT_ERROR, RSC_ERROR_TRUNCATED);
  g_assert_false (rsc_snapshot_save (snapshot, fixture->path, TRUE, NULL, NULL, &save_error));
  g_assert_error (save_error, RSC_FORMAT_ERROR, RSC_ERROR_TRUNCATED);

  /* Checked only now. */
  g_clear_error (&error);
  g_assert_null (rsc_snapshot_get_columns (late, RSC_BLOCK_ALL, &error));
  g_assert_error (error, RSC_FORMAT_ERROR, RSC_ERROR_TRUNCATED);
  /* Another file's map is not affected. */
  g_assert_true (rsc_snapshot_verify (other, NULL, NULL, NULL));
}

typedef struct
{
  RscSnapshot *snapshot;
  RscSnapshot *expected;
  guint seed;
} Reader;

/* Asks for everything in an order of its own. */
static gpointer
read_in_some_order (gpointer data)
{
  Reader *reader = data;
  RscSnapshot *a = reader->snapshot, *b = reader->expected;
  const RscColumns *columns = rsc_snapshot_peek_columns (b);
  g_autoptr(GRand) rand = g_rand_new_with_seed (reader->seed);

  for (guint i = 0; i < 3000; i++)
    {
      guint32 string = (guint32) g_rand_int_range (rand, 0, (gint32) columns->n_strings);
      RscNode node = (RscNode) g_rand_int_range (rand, 0, (gint32) columns->n_nodes);

      g_assert_cmpstr (rsc_snapshot_get_string (a, string), ==, rsc_snapshot_get_string (b, string));
      switch (g_rand_int_range (rand, 0, 5))
        {
        case 0:
          g_assert_cmpuint (rsc_snapshot_find_address (a, columns->address[node]), ==, node);
          break;
        case 1:
          g_assert_nonnull (rsc_snapshot_get_columns (a, RSC_BLOCK_REFERRERS, NULL));
          break;
        case 2:
          g_assert_cmpuint (rsc_snapshot_find_edge (a, node, 0), ==, rsc_snapshot_find_edge (b, node, 0));
          break;
        case 3:
          g_assert_cmpstr (rsc_snapshot_get_type (a, columns->type[node]).name, ==,
                           rsc_snapshot_get_type (b, columns->type[node]).name);
          break;
        default:
          g_assert_cmpuint (rsc_snapshot_get_root (a, 0).node, ==, 0);
          break;
        }
    }

  return NULL;
}

static void
test_many_readers (Fixture *fixture, gconstpointer data)
{
  RandomHeapShape shape = { .n_nodes = 4000, .n_edges = 300000, .held = -1 };
  g_autoptr(RscSnapshot) expected = random_heap_new (9, &shape);

  g_assert_true (rsc_snapshot_save (expected, fixture->path, TRUE, NULL, NULL, NULL));
  for (guint round = 0; round < 20; round++)
    {
      g_autoptr(RscSnapshot) snapshot = rsc_snapshot_open (fixture->path, NULL);
      Reader readers[6];
      GThread *threads[G_N_ELEMENTS (readers)];

      for (guint i = 0; i < G_N_ELEMENTS (readers); i++)
        {
          readers[i] = (Reader) { snapshot, expected, round * 10 + i };
          threads[i] = g_thread_new ("reader", read_in_some_order, &readers[i]);
        }
      for (guint i = 0; i < G_N_ELEMENTS (readers); i++)
        g_thread_join (threads[i]);
      g_assert_true (rsc_snapshot_check (snapshot, NULL));
    }
}

static sigjmp_buf jump;

static void
on_own_sigbus (int signal_number)
{
  siglongjmp (jump, 1);
}

/* Reads a lost page of a map that is not ours. */
static void
touch_lost_page (Fixture *fixture)
{
  char *path = g_build_filename (fixture->folder, "foreign", NULL);
  int fd = g_open (path, O_RDWR | O_CREAT, 0600);
  volatile const char *map;

  g_assert_cmpint (ftruncate (fd, 8192), ==, 0);
  map = mmap (NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
  g_assert_true (map != MAP_FAILED);
  g_assert_cmpint (ftruncate (fd, 0), ==, 0);
  close (fd);
  g_free (path);
  tear_down (fixture, NULL);
  (void) map[4096];
}

/* Every other SIGBUS goes to the handler before ours, or ends the process. */
static void
test_foreign_sigbus (void)
{
  g_test_trap_subprocess ("/snapshot-file/foreign-sigbus/subprocess/handled", 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_subprocess ("/snapshot-file/foreign-sigbus/subprocess/default", 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*reached*");
}

static void
test_foreign_sigbus_handled (void)
{
  Fixture fixture;
  struct sigaction action = { .sa_handler = on_own_sigbus };

  set_up (&fixture, NULL);
  sigaction (SIGBUS, &action, NULL);
  save_random (&fixture, 1, 5, 5);
  g_assert_null (use_all (fixture.path));
  if (sigsetjmp (jump, 1) == 0)
    {
      touch_lost_page (&fixture);
      g_assert_not_reached ();
    }
}

static void
test_foreign_sigbus_default (void)
{
  struct rlimit no_core = { 0, 0 };
  struct sigaction action = { .sa_handler = SIG_DFL };
  Fixture fixture;

  set_up (&fixture, NULL);
  setrlimit (RLIMIT_CORE, &no_core);
  sigaction (SIGBUS, &action, NULL);
  save_random (&fixture, 1, 5, 5);
  g_assert_null (use_all (fixture.path));
  g_printerr ("reached\n");
  touch_lost_page (&fixture);
  _exit (0);
}

int
main (int argc, char *argv[])
{
  static const struct
  {
    const char *path;
    void (*func) (Fixture *, gconstpointer);
  } tests[] = {
    { "/snapshot-file/round-trip", test_round_trip },
    { "/snapshot-file/many-strings", test_many_strings },
    { "/snapshot-file/truncated", test_truncated },
    { "/snapshot-file/bit-flips", test_bit_flips },
    { "/snapshot-file/forged", test_forged },
    { "/snapshot-file/forged-labels", test_forged_labels },
    { "/snapshot-file/forged-header", test_forged_header },
    { "/snapshot-file/no-files", test_no_files },
    { "/snapshot-file/permission", test_permission },
    { "/snapshot-file/save-failures", test_save_failures },
    { "/snapshot-file/shrink", test_shrink },
    { "/snapshot-file/many-readers", test_many_readers },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].func, tear_down);
  g_test_add_func ("/snapshot-file/foreign-sigbus", test_foreign_sigbus);
  g_test_add_func ("/snapshot-file/foreign-sigbus/subprocess/handled", test_foreign_sigbus_handled);
  g_test_add_func ("/snapshot-file/foreign-sigbus/subprocess/default", test_foreign_sigbus_default);
  return g_test_run ();
}
