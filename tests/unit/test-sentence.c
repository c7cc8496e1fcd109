/* What the agent says: numbers and parameters on the wire, sentences here. */
#include "config.h"

#include <glib.h>
#include <string.h>

#include "capture/rsc-sentence.h"
#include "wire/rsc-wire-sentence.h"

static void
test_every_sentence (void)
{
  for (int i = RSC_SENTENCE_NONE + 1; i < RSC_N_SENTENCES; i++)
    {
      char text[RSC_WIRE_SENTENCE_SIZE];
      char parameters[RSC_WIRE_SENTENCE_PARAMETERS][RSC_WIRE_SENTENCE_SIZE];
      const char *message = rsc_wire_sentence_get_message ((RscSentence) i);
      g_autofree char *sentence = NULL;

      g_assert_nonnull (message);
      g_assert_true (g_str_has_suffix (message, "."));
      rsc_wire_sentence_write (text, (RscSentence) i, "ONE!", "TWO!");
      g_assert_cmpint (rsc_wire_sentence_read (text, parameters), ==, i);
      g_assert_cmpstr (parameters[0], ==, "ONE!");
      g_assert_cmpstr (parameters[1], ==, "TWO!");
      sentence = rsc_sentence_dup (text);
      g_assert_null (strchr (sentence, '%'));
      g_assert_cmpint (strstr (message, "%s") != NULL || strstr (message, "%1$s") != NULL, ==,
                       strstr (sentence, "ONE!") != NULL);
      g_assert_cmpint (strstr (message, "%2$s") != NULL, ==, strstr (sentence, "TWO!") != NULL);
    }
}

static void
test_format (void)
{
  static const struct
  {
    const char *message;
    const char *expected;
  } cases[] = {
    { "", "" },
    { "%s and %s", "a and b" },
    { "%2$s, then %1$s", "b, then a" },
    { "100 %%, %s", "100 %, a" },
    { "%s %s %s", "a b " },
    { "%3$s%9$s.", "." },
    { "%d %", "%d %" },
  };
  char parameters[RSC_WIRE_SENTENCE_PARAMETERS][RSC_WIRE_SENTENCE_SIZE] = { "a", "b" };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      char buffer[64], small[4];

      g_assert_cmpuint (rsc_wire_sentence_format (buffer, sizeof buffer, cases[i].message, parameters), ==,
                        strlen (cases[i].expected));
      g_assert_cmpstr (buffer, ==, cases[i].expected);
      rsc_wire_sentence_format (small, sizeof small, cases[i].message, parameters);
      g_assert_cmpuint (strlen (small), <, sizeof small);
      g_assert_true (g_str_has_prefix (cases[i].expected, small));
      g_assert_cmpuint (rsc_wire_sentence_format (NULL, 0, cases[i].message, parameters), ==, strlen (cases[i].expected));
    }
}

/* The other side may be anything. */
static void
test_foreign (void)
{
  static const char *const foreign[] = {
    "", "A sentence.", "\x1f", "\0379999999999999999999\037a", "\0370", "\x1fx"
  };
  char parameters[RSC_WIRE_SENTENCE_PARAMETERS][RSC_WIRE_SENTENCE_SIZE];
  g_autofree char *long_text = g_strnfill (3000, 'x');
  g_autofree char *long_parameter = g_strconcat ("\x1f" "9\x1f", long_text, "\x1f\xff\x1fmore", NULL);
  g_autofree char *null = rsc_sentence_dup (NULL);
  g_autofree char *cut = rsc_sentence_dup (long_parameter);
  char text[RSC_WIRE_SENTENCE_SIZE];

  for (gsize i = 0; i < G_N_ELEMENTS (foreign); i++)
    {
      g_autofree char *sentence = rsc_sentence_dup (foreign[i]);

      g_assert_cmpint (rsc_wire_sentence_read (foreign[i], parameters), ==, RSC_SENTENCE_NONE);
      g_assert_true (g_utf8_validate (sentence, -1, NULL));
    }
  g_assert_cmpstr (null, ==, "");
  g_assert_true (g_utf8_validate (cut, -1, NULL));
  g_assert_cmpuint (strlen (cut), <, 1000);

  /* What separates is not in a parameter, and what is too long is cut. */
  rsc_wire_sentence_write (text, RSC_SENTENCE_FAULT, "a\x1f" "b\nc", long_text);
  g_assert_cmpint (rsc_wire_sentence_read (text, parameters), ==, RSC_SENTENCE_FAULT);
  g_assert_cmpstr (parameters[0], ==, "a b c");
  g_assert_cmpuint (strlen (text), ==, RSC_WIRE_SENTENCE_SIZE - 1);
}

static void
test_numbers (void)
{
  char buffer[24];

  g_assert_cmpstr (rsc_wire_sentence_number (buffer, 0), ==, "0");
  g_assert_cmpstr (rsc_wire_sentence_number (buffer, 120), ==, "120");
  g_assert_cmpstr (rsc_wire_sentence_number (buffer, G_MAXUINT64), ==, "18446744073709551615");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sentence/every", test_every_sentence);
  g_test_add_func ("/sentence/format", test_format);
  g_test_add_func ("/sentence/foreign", test_foreign);
  g_test_add_func ("/sentence/numbers", test_numbers);

  return g_test_run ();
}
