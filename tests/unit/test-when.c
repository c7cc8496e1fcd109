/* The conditions of capture --when, and its times. */

#include "base/rsc-error.h"
#include "cli/rsc-cli-duration.h"
#include "cli/rsc-cli-when.h"
#include "cli/rsc-cli.h"

G_DEFINE_QUARK (rsc-cli-error-quark, rsc_cli_error)

#define GIB (1024.0 * 1024 * 1024)

/* @uss and @count: -1 is unknown. */
static RscWhenAnswer
ask (const char *text, double uss, double count)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RscWhen) when = rsc_when_parse (text, &error);
  RscMeasure *measures;
  guint n;

  g_assert_no_error (error);
  g_assert_cmpstr (rsc_when_get_text (when), ==, text);
  measures = rsc_when_get_measures (when, &n);
  for (guint i = 0; i < n; i++)
    {
      double value = measures[i].kind < RSC_MEASURE_COUNT ? uss : count;

      measures[i].known = value >= 0;
      measures[i].value = value >= 0 ? (guint64) value : 0;
    }

  return rsc_when_ask (when);
}

static void
test_answers (void)
{
  static const struct
  {
    const char *text;
    double uss, count;
    RscWhenAnswer answer;
  } cases[] = {
    { "uss > 2G", 2 * GIB, -1, RSC_WHEN_NO },
    { "uss > 2G", 2 * GIB + 1, -1, RSC_WHEN_YES },
    { "uss>=2GiB", 2 * GIB, -1, RSC_WHEN_YES },
    { "USS > 0.5G", GIB, -1, RSC_WHEN_YES },
    { "uss < 10M", 1024 * 1024 * 10 - 1, -1, RSC_WHEN_YES },
    { "rss <= 1k", 1024, -1, RSC_WHEN_YES },
    { "rss = 7", 7, -1, RSC_WHEN_YES },
    { "rss == 7", 8, -1, RSC_WHEN_NO },
    { "rss != 7", 8, -1, RSC_WHEN_YES },
    { "rss <> 7", 7, -1, RSC_WHEN_NO },
    { "uss > 1T", GIB, -1, RSC_WHEN_NO },
    { "uss > 1", -1, -1, RSC_WHEN_UNKNOWN },
    { "count(type=\"Session\") > 1000", -1, 1001, RSC_WHEN_YES },
    { "count(type = 'Session') > 1000", -1, 1000, RSC_WHEN_NO },
    { "count() > 3", -1, 4, RSC_WHEN_YES },
    { "count(*) > 3", -1, 4, RSC_WHEN_YES },
    { "bytes(type = 'str' and size > 100) > 1M", -1, 2e6, RSC_WHEN_YES },
    { "count(value = ')(') > 3 and uss > 1", 2, 4, RSC_WHEN_YES },
    /* What is known decides where it can. */
    { "uss > 10 and count() > 3", 5, -1, RSC_WHEN_NO },
    { "count() > 3 and uss > 10", 5, -1, RSC_WHEN_NO },
    { "uss > 10 and count() > 3", 11, -1, RSC_WHEN_UNKNOWN },
    { "uss > 10 or count() > 3", 11, -1, RSC_WHEN_YES },
    { "uss > 10 or count() > 3", 5, -1, RSC_WHEN_UNKNOWN },
    { "not uss > 10", 5, -1, RSC_WHEN_YES },
    { "not (uss > 10 or uss < 2)", 5, -1, RSC_WHEN_YES },
    { "uss > 10 or uss > 20 and uss > 30", 15, -1, RSC_WHEN_YES },
    { "(uss > 10 or uss > 20) and uss > 30", 15, -1, RSC_WHEN_NO },
    { "not not uss > 1", 2, -1, RSC_WHEN_YES },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("%s", cases[i].text);
      g_assert_cmpint (ask (cases[i].text, cases[i].uss, cases[i].count), ==, cases[i].answer);
    }
}

static void
test_mistakes (void)
{
  static const struct
  {
    const char *text, *said;
  } cases[] = {
    { "", "character 1: it ends too early" },
    { "uss", "character 4: it ends too early" },
    { "uss >", "character 6: it ends too early" },
    { "uss >> 2G", "character 6: a number" },
    { "uss > 2G rss > 1", "character 10: and, or, or the end" },
    { "uss > 2X", "character 8: this is no unit" },
    { "uss > 2Gx", "character 8: this is no unit" },
    { "uss > 1e999", "character 7: a number" },
    { "uss 2G", "character 5: a comparison" },
    { "uzz > 2G", "character 1: uss, rss, count" },
    { "ussr > 2G", "character 1: uss, rss, count" },
    { "2G < uss", "character 1: uss, rss, count" },
    { "count > 1", "character 7: a bracket" },
    { "count(type = 'a' > 1", "character 6: this bracket is not closed" },
    { "count(type = 'a') > 1K", "character 22: a count has no unit" },
    { "count(typ = 'a') > 1", "at character 6 of --when: The expression does not parse at character 1: there is no column “typ”" },
    { "count(type = ) > 1", "too early" },
    { "(uss > 1", "character 1: this bracket is not closed" },
    { "(uss > 1 x", "character 1: this bracket is not closed" },
    { "uss > 1 and", "character 12: it ends too early" },
    { "“uss” > 1", "character 1: uss" },
    { "\xff", "no text" },
  };
  g_autofree char *deep = g_strnfill (5000, '(');
  g_autoptr (GError) too_deep = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (rsc_when_parse (cases[i].text, &error));
      g_assert_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE);
      if (strstr (error->message, cases[i].said) == NULL)
        g_error ("%s: %s", cases[i].text, error->message);
    }

  g_assert_null (rsc_when_parse (deep, &too_deep));
  g_assert_nonnull (strstr (too_deep->message, "too deep"));
}

static void
test_filter (void)
{
  static const struct
  {
    const char *text, *filter;
  } cases[] = {
    { "count(type=\"Session\") > 1", "type='Session'" },
    { "count( type = \"it's\" and \"references\" > 2 ) > 1", "type = 'it''s' and \"references\" > 2" },
    { "bytes(value = 'say \"a\"') > 1", "value = 'say \"a\"'" },
    { "count( * ) > 1", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RscWhen) when = rsc_when_parse (cases[i].text, &error);
      guint n;

      g_assert_no_error (error);
      g_assert_true (rsc_when_needs_heap (when));
      g_assert_cmpstr (rsc_when_get_measures (when, &n)->filter, ==, cases[i].filter);
      g_assert_cmpuint (n, ==, 1);
    }
}

static void
test_describe (void)
{
  g_autoptr (RscWhen) when = rsc_when_parse ("uss > 1 and count(type='a') > 2", NULL);
  guint n;
  RscMeasure *measures = rsc_when_get_measures (when, &n);
  g_autofree char *nothing = rsc_when_describe (when);
  g_autofree char *both = NULL;

  g_assert_cmpstr (nothing, ==, "");
  measures[0].known = measures[1].known = TRUE;
  measures[0].value = 3 * 1024 * 1024;
  measures[1].value = 12;
  both = rsc_when_describe (when);
  g_assert_cmpstr (both, ==, "uss: 3.0\302\240MiB, count(type='a'): 12");
}

static void
test_durations (void)
{
  static const struct
  {
    const char *text;
    gint64 milliseconds; /* 0: refused */
  } cases[] = {
    { "60s", 60000 }, { "5m", 300000 }, { "5min", 300000 }, { "1h", 3600000 }, { "2d", 172800000 }, { "0.5", 500 }, { "20ms", 20 },
    { "1.5 h", 5400000 },
    { "", 0 }, { "s", 0 }, { "0", 0 }, { "-1s", 0 }, { "1w", 0 }, { "60s x", 0 }, { "32d", 0 }, { "nan", 0 }, { "inf", 0 }, { "1e-9", 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      gint64 microseconds = 0;
      gboolean ok = rsc_duration_parse (cases[i].text, "--every", &microseconds, &error);

      g_test_message ("%s", cases[i].text);
      g_assert_cmpint (ok, ==, cases[i].milliseconds > 0);
      g_assert_cmpint (microseconds, ==, 1000 * cases[i].milliseconds);
      if (!ok)
        g_assert_nonnull (strstr (error->message, "--every"));
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/when/answers", test_answers);
  g_test_add_func ("/when/mistakes", test_mistakes);
  g_test_add_func ("/when/filter", test_filter);
  g_test_add_func ("/when/describe", test_describe);
  g_test_add_func ("/when/durations", test_durations);
  return g_test_run ();
}
