/* Replays a fuzz target's corpus without a fuzzing engine: every file as it
 * is, every prefix length of a few, and seeded mutations. */
#include <glib.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define N_MUTATIONS 300
#define N_PREFIXES 64

static void
run_exact (const char *data, gsize size)
{
  /* A buffer of just this size, so that a sanitizer sees a read past its end. */
  uint8_t *copy = g_malloc (MAX (size, 1));

  if (size > 0)
    memcpy (copy, data, size);
  LLVMFuzzerTestOneInput (copy, size);
  g_free (copy);
}

static void
replay_file (gconstpointer user_data)
{
  const char *path = user_data;
  g_autofree char *data = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GRand) rand = g_rand_new_with_seed (g_str_hash (path));
  gsize size;

  g_assert_true (g_file_get_contents (path, &data, &size, &error));
  run_exact (data, size);

  for (guint i = 0; i < N_PREFIXES && size > 0; i++)
    run_exact (data, (gsize) g_rand_int_range (rand, 0, (gint32) MIN (size, G_MAXINT32)));

  for (guint i = 0; i < N_MUTATIONS && size > 0; i++)
    {
      g_autofree char *mutant = g_memdup2 (data, size);
      guint n_changes = 1 + (guint) g_rand_int_range (rand, 0, 4);

      for (guint c = 0; c < n_changes; c++)
        {
          gsize at = (gsize) g_rand_int_range (rand, 0, (gint32) MIN (size, G_MAXINT32));
          static const guint8 interesting[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };

          if (g_rand_boolean (rand))
            mutant[at] = (char) interesting[g_rand_int_range (rand, 0, G_N_ELEMENTS (interesting))];
          else
            mutant[at] ^= (char) (1 << g_rand_int_range (rand, 0, 8));
        }
      run_exact (mutant, size);
    }
}

int
main (int argc, char *argv[])
{
  g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GError) error = NULL;
  g_autoptr(GDir) dir = NULL;
  const char *name;

  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, ==, 2);
  dir = g_dir_open (argv[1], 0, &error);
  g_assert_no_error (error);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *test_path = g_strdup_printf ("/corpus/%s", name);
      char *path = g_build_filename (argv[1], name, NULL);

      g_ptr_array_add (paths, path);
      g_test_add_data_func (test_path, path, replay_file);
    }
  g_assert_cmpuint (paths->len, >, 0);
  return g_test_run ();
}
