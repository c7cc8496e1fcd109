#include "base/rsc-bitset.h"

static void
test_set_get_count (void)
{
  g_autoptr(RscBitset) set = rsc_bitset_new (131);

  g_assert_cmpuint (rsc_bitset_count (set), ==, 0);
  for (gsize i = 0; i < 131; i += 5)
    rsc_bitset_set (set, i);
  for (gsize i = 0; i < 131; i++)
    g_assert_cmpint (rsc_bitset_get (set, i), ==, i % 5 == 0);
  g_assert_cmpuint (rsc_bitset_count (set), ==, 27);

  rsc_bitset_unset (set, 130);
  g_assert_false (rsc_bitset_get (set, 130));
  g_assert_cmpuint (rsc_bitset_count (set), ==, 26);
}

static void
test_empty (void)
{
  g_autoptr(RscBitset) set = rsc_bitset_new (0);

  g_assert_cmpuint (rsc_bitset_count (set), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bitset/set-get-count", test_set_get_count);
  g_test_add_func ("/bitset/empty", test_empty);
  return g_test_run ();
}
