#include "capture/rsc-value-text.h"

#include <string.h>

static void
test_int (void)
{
  static const gint64 numbers[] = { 0, 1, -1, 9, 10, 1234567890123, G_MAXINT64, G_MININT64 };

  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      char text[RSC_VALUE_TEXT_SIZE], expected[32];
      gsize length = rsc_value_text_int (text, numbers[i]);

      g_snprintf (expected, sizeof expected, "%" G_GINT64_FORMAT, numbers[i]);
      g_assert_cmpstr (text, ==, expected);
      g_assert_cmpuint (length, ==, strlen (expected));
    }
}

static void
test_items (void)
{
  char text[RSC_VALUE_TEXT_SIZE];

  g_assert_cmpuint (rsc_value_text_items (text, G_MAXUINT64), ==, strlen ("18446744073709551615 items"));
  g_assert_cmpstr (text, ==, "18446744073709551615 items");
}

/* As CPython writes them. */
static void
test_float (void)
{
  static const struct
  {
    double number;
    const char *text;
  } cases[] = {
    { 0.0, "0.0" }, { -0.0, "-0.0" }, { 1.0, "1.0" }, { -1.5, "-1.5" }, { 0.1, "0.1" }, { 0.1 + 0.2, "0.30000000000000004" },
    { 1.0 / 3, "0.3333333333333333" }, { 1e15, "1000000000000000.0" }, { 1e16, "1e+16" }, { 123456789012345680.0, "1.2345678901234568e+17" },
    { 0.0001, "0.0001" }, { 0.00001, "1e-05" }, { 1.25e-7, "1.25e-07" }, { 5e-324, "5e-324" }, { 1.7976931348623157e308, "1.7976931348623157e+308" },
    { 100.0, "100.0" }, { 9999999999999998.0, "9999999999999998.0" }, { 3.141592653589793, "3.141592653589793" },
  };
  char text[RSC_VALUE_TEXT_SIZE];

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_assert_cmpuint (rsc_value_text_float (text, cases[i].number), ==, strlen (cases[i].text));
      g_assert_cmpstr (text, ==, cases[i].text);
    }
  rsc_value_text_float (text, 1e300 * 1e300);
  g_assert_cmpstr (text, ==, "inf");
  rsc_value_text_float (text, -1e300 * 1e300);
  g_assert_cmpstr (text, ==, "-inf");
  rsc_value_text_float (text, 1e300 * 1e300 * 0);
  g_assert_cmpstr (text, ==, "nan");
}

static void
test_complex (void)
{
  static const struct
  {
    double real, imaginary;
    const char *text;
  } cases[] = {
    { 3, 4, "(3+4j)" }, { 0, 1, "1j" }, { 0, -0.0, "-0j" }, { -0.0, 1, "(-0+1j)" }, { 1.5, -2.25, "(1.5-2.25j)" },
    { 1e100, 1e-7, "(1e+100+1e-07j)" }, { 0, 1e300 * 1e300, "infj" }, { -1e300 * 1e300, 1e300 * 1e300 * 0, "(-inf+nanj)" },
    { 1.0 / 3, 0, "(0.3333333333333333+0j)" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = rsc_value_text_dup_complex (cases[i].real, cases[i].imaginary);

      g_assert_cmpstr (text, ==, cases[i].text);
    }
}

static void
test_float_round_trip (void)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed (7);

  for (guint i = 0; i < 20000; i++)
    {
      guint64 bits = (guint64) g_rand_int (rand) << 32 | g_rand_int (rand);
      char text[RSC_VALUE_TEXT_SIZE];
      double number;

      memcpy (&number, &bits, sizeof number);
      if (number != number)
        continue;
      g_assert_cmpuint (rsc_value_text_float (text, number), ==, strlen (text));
      if (number - number == 0)
        g_assert_true (g_ascii_strtod (text, NULL) == number);
    }
}

static void
test_big_int (void)
{
  static const guint32 two_to_64[] = { 0, 0, 16 };
  /* 10 ** 30 */
  static const guint32 ten_to_30[] = { 0, 433305513, 852086020, 807 };
  static const guint32 one[] = { 1 };
  g_autofree char *a = rsc_value_text_dup_big_int (two_to_64, 3, 0, FALSE);
  g_autofree char *b = rsc_value_text_dup_big_int (two_to_64, 3, 0, TRUE);
  g_autofree char *c = rsc_value_text_dup_big_int (NULL, 0, 0, FALSE);
  g_autofree char *d = rsc_value_text_dup_big_int (one, 1, 1000, FALSE);
  g_autofree char *e = rsc_value_text_dup_big_int (ten_to_30, G_N_ELEMENTS (ten_to_30), 0, FALSE);

  g_assert_cmpstr (a, ==, "18446744073709551616");
  g_assert_cmpstr (b, ==, "-18446744073709551616");
  g_assert_cmpstr (c, ==, "0");
  /* 2 ** 30000 is 7.94e+9030 */
  g_assert_cmpstr (d, ==, "7.94e+9030");
  g_assert_cmpstr (e, ==, "1000000000000000000000000000000");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/value-text/int", test_int);
  g_test_add_func ("/value-text/items", test_items);
  g_test_add_func ("/value-text/float", test_float);
  g_test_add_func ("/value-text/complex", test_complex);
  g_test_add_func ("/value-text/float/round-trip", test_float_round_trip);
  g_test_add_func ("/value-text/big-int", test_big_int);
  return g_test_run ();
}
