#include <string.h>

#include "base/rsc-hash.h"

/* What the published XXH64 gives. */
static void
test_vectors (void)
{
  static const struct
  {
    const char *text;
    guint64 seed;
    guint64 hash;
  } vectors[] = {
    { "", 0, G_GUINT64_CONSTANT (0xef46db3751d8e999) },
    { "a", 0, G_GUINT64_CONSTANT (0xd24ec4f1a98c6e5b) },
    { "abc", 0, G_GUINT64_CONSTANT (0x44bc2cf5ad770999) },
    { "Nobody inspects the spammish repetition", 0, G_GUINT64_CONSTANT (0xfbcea83c8a378bf1) },
  };

  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    g_assert_cmphex (rsc_hash_bytes (vectors[i].text, strlen (vectors[i].text), vectors[i].seed), ==, vectors[i].hash);
}

/* No single changed bit goes unseen, at any place and length. */
static void
test_bit_flips (void)
{
  guint8 data[200];

  for (gsize i = 0; i < sizeof data; i++)
    data[i] = (guint8) (i * 37);
  for (gsize size = 1; size <= sizeof data; size += 7)
    {
      guint64 hash = rsc_hash_bytes (data, size, 5);

      g_assert_cmphex (rsc_hash_bytes (data, size, 6), !=, hash);
      for (gsize bit = 0; bit < size * 8; bit++)
        {
          data[bit / 8] ^= (guint8) (1 << bit % 8);
          g_assert_cmphex (rsc_hash_bytes (data, size, 5), !=, hash);
          data[bit / 8] ^= (guint8) (1 << bit % 8);
        }
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hash/vectors", test_vectors);
  g_test_add_func ("/hash/bit-flips", test_bit_flips);
  return g_test_run ();
}
