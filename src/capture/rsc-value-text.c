#include "rsc-value-text.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* What repr() writes without an exponent. */
#define FIXED_MIN_POINT (-4)
#define FIXED_MAX_POINT 16

static gsize
write_unsigned (char *text, guint64 number)
{
  char digits[20];
  gsize n = 0;

  do
    digits[sizeof digits - ++n] = (char) ('0' + number % 10);
  while ((number /= 10) != 0);
  memcpy (text, digits + sizeof digits - n, n);
  text[n] = '\0';
  return n;
}

gsize
rsc_value_text_int (char text[RSC_VALUE_TEXT_SIZE], gint64 number)
{
  if (number >= 0)
    return write_unsigned (text, (guint64) number);
  text[0] = '-';
  return 1 + write_unsigned (text + 1, -(guint64) number);
}

gsize
rsc_value_text_items (char text[RSC_VALUE_TEXT_SIZE], guint64 n)
{
  gsize length = write_unsigned (text, n);

  strcpy (text + length, " items");
  return length + strlen (" items");
}

gsize
rsc_value_text_float (char text[RSC_VALUE_TEXT_SIZE], double number)
{
  char shortest[RSC_VALUE_TEXT_SIZE], digits[24];
  gsize n_digits = 0, n = 0;
  int exponent, point;

  if (isnan (number))
    return (gsize) g_strlcpy (text, "nan", RSC_VALUE_TEXT_SIZE);
  if (isinf (number))
    return (gsize) g_strlcpy (text, number < 0 ? "-inf" : "inf", RSC_VALUE_TEXT_SIZE);

  /* Fifteen digits read as they were written, but for the smallest numbers, which have fewer. */
  for (int precision = fabs (number) < DBL_MIN ? 0 : 14; precision <= 16; precision++)
    {
      char format[8] = "%.00e";

      format[2] = (char) ('0' + precision / 10);
      format[3] = (char) ('0' + precision % 10);
      g_ascii_formatd (shortest, sizeof shortest, format, number);
      if (precision == 16 || g_ascii_strtod (shortest, NULL) == number)
        break;
    }

  /* "-d.ddde+XX" taken apart */
  for (const char *p = shortest; *p != 'e'; p++)
    if (g_ascii_isdigit (*p) && n_digits < sizeof digits)
      digits[n_digits++] = *p;
  exponent = (int) g_ascii_strtoll (strchr (shortest, 'e') + 1, NULL, 10);
  while (n_digits > 1 && digits[n_digits - 1] == '0')
    n_digits--;
  point = exponent + 1;

  if (signbit (number))
    text[n++] = '-';
  if (point > FIXED_MIN_POINT && point <= FIXED_MAX_POINT)
    {
      if (point <= 0)
        {
          text[n++] = '0';
          text[n++] = '.';
          for (int i = point; i < 0; i++)
            text[n++] = '0';
          memcpy (text + n, digits, n_digits);
          n += n_digits;
        }
      else
        {
          for (int i = 0; i < point; i++)
            text[n++] = (gsize) i < n_digits ? digits[i] : '0';
          text[n++] = '.';
          if (n_digits > (gsize) point)
            {
              memcpy (text + n, digits + point, n_digits - (gsize) point);
              n += n_digits - (gsize) point;
            }
          else
            text[n++] = '0';
        }
      text[n] = '\0';
      return n;
    }
  text[n++] = digits[0];
  if (n_digits > 1)
    {
      text[n++] = '.';
      memcpy (text + n, digits + 1, n_digits - 1);
      n += n_digits - 1;
    }
  return n + (gsize) g_snprintf (text + n, RSC_VALUE_TEXT_SIZE - n, "e%c%02d", exponent < 0 ? '-' : '+', ABS (exponent));
}

/* Without the ".0" that a float has. */
static void
write_part (char text[RSC_VALUE_TEXT_SIZE], double number)
{
  gsize length = rsc_value_text_float (text, number);

  if (length > 2 && strcmp (text + length - 2, ".0") == 0)
    text[length - 2] = '\0';
}

char *
rsc_value_text_dup_complex (double real, double imaginary)
{
  char first[RSC_VALUE_TEXT_SIZE], second[RSC_VALUE_TEXT_SIZE];

  write_part (first, real);
  write_part (second, imaginary);
  if (real == 0 && !signbit (real))
    return g_strconcat (second, "j", NULL);
  return g_strconcat ("(", first, second[0] == '-' ? "" : "+", second, "j)", NULL);
}

char *
rsc_value_text_dup_big_int (const guint32 *digits, gsize n_digits, guint32 n_omitted, gboolean negative)
{
  g_autofree guint32 *rest = NULL;
  g_autoptr(GString) reversed = g_string_new (NULL);

  if (n_omitted > 0)
    {
      double top = 0, logarithm, whole, mantissa;

      for (gsize i = n_digits; i > 0 && i + 4 > n_digits; i--)
        top = top * 1073741824.0 + digits[i - 1];
      logarithm = log10 (MAX (top, 1)) + ((double) n_omitted + (double) n_digits - (double) MIN (n_digits, 4)) * 30 * log10 (2.0);
      mantissa = pow (10, modf (logarithm, &whole));
      return g_strdup_printf ("%s%c.%02de+%.0f", negative ? "-" : "", '0' + (int) mantissa,
                              (int) ((mantissa - floor (mantissa)) * 100), whole);
    }

  /* Nine decimal digits at a time, the last ones first. */
  rest = g_memdup2 (digits, MAX (n_digits, 1) * sizeof *digits);
  while (n_digits > 0)
    {
      guint64 remainder = 0;

      for (gsize i = n_digits; i-- > 0;)
        {
          remainder = remainder << 30 | (rest[i] & 0x3fffffff);
          rest[i] = (guint32) (remainder / 1000000000);
          remainder %= 1000000000;
        }
      while (n_digits > 0 && rest[n_digits - 1] == 0)
        n_digits--;
      for (guint i = 0; i < 9 && (n_digits > 0 || remainder > 0); i++, remainder /= 10)
        g_string_append_c (reversed, (char) ('0' + remainder % 10));
    }
  if (reversed->len == 0)
    g_string_append_c (reversed, '0');
  if (negative)
    g_string_append_c (reversed, '-');
  g_strreverse (reversed->str);
  return g_string_free (g_steal_pointer (&reversed), FALSE);
}
