#include "rsc-cli-when.h"

#include <math.h>
#include <string.h>

#include <glib/gi18n-lib.h>
#include <inttypes.h>

#include "query/rsc-filter.h"
#include "rsc-cli.h"

/* How deep parentheses and "not" go: the parser calls itself. */
#define MAX_DEPTH 50
#define MAX_LENGTH 10000

typedef enum
{
  TERM_COMPARE,
  TERM_NOT,
  TERM_AND,
  TERM_OR
} TermKind;

typedef enum
{
  COMPARE_LESS,
  COMPARE_LESS_OR_EQUAL,
  COMPARE_GREATER,
  COMPARE_GREATER_OR_EQUAL,
  COMPARE_EQUAL,
  COMPARE_DIFFERENT
} Comparison;

typedef struct _Term Term;

struct _Term
{
  TermKind kind;
  Term *left, *right; /* right: AND, OR */
  guint measure;      /* COMPARE */
  Comparison comparison;
  double number;
};

struct _RscWhen
{
  char *text;
  Term *term;
  GArray *measures;
};

typedef struct
{
  RscWhen *when;
  const char *at;
  guint depth;
  GError **error;
} Parser;

static Term *parse_or (Parser *self);

static void
term_free (Term *self)
{
  if (self == NULL)
    return;
  term_free (self->left);
  term_free (self->right);
  g_free (self);
}

static void
measure_clear (gpointer data)
{
  RscMeasure *self = data;

  g_free (self->filter);
  g_free (self->text);
}

/* The number of a character, from 1 on. */
static int
get_position (Parser     *self,
              const char *at)
{
  return (int) g_utf8_strlen (self->when->text, at - self->when->text) + 1;
}

/* @what: a phrase that ends the sentence.  Always NULL. */
static gpointer
fail (Parser     *self,
      const char *at,
      const char *what)
{
  g_set_error (self->error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
               /* Translators: %d is the number of a character, the %s the condition and what is wrong. */
               _("The condition “%s” of --when goes wrong at character %d: %s. "
                 "Write, for example, --when 'uss > 2G' or --when \"count(type = 'Session') > 1000\"."),
               self->when->text, get_position (self, at),
               *at == '\0' ? _("it ends too early") : what);
  return NULL;
}

static void
skip_space (Parser *self)
{
  while (g_ascii_isspace (*self->at))
    self->at++;
}

/* Whether the next word is @word; passes it. */
static gboolean
take_word (Parser     *self,
           const char *word)
{
  gsize length = strlen (word);

  skip_space (self);
  if (g_ascii_strncasecmp (self->at, word, length) != 0 || g_ascii_isalnum (self->at[length]) || self->at[length] == '_')
    return FALSE;
  self->at += length;

  return TRUE;
}

/* The bracket that closes the one before @at, or NULL. */
static const char *
find_closing (const char *at)
{
  guint depth = 1;
  char quote = '\0';

  for (; *at != '\0'; at++)
    {
      if (quote != '\0')
        quote = *at == quote ? '\0' : quote;
      else if (*at == '\'' || *at == '"')
        quote = *at;
      else if (*at == '(')
        depth++;
      else if (*at == ')' && --depth == 0)
        return at;
    }

  return NULL;
}

/* "Session" is 'Session' to SQL; but "references" is the column. */
static char *
dup_filter (const char *begin,
            const char *end)
{
  g_autofree char *written = g_strndup (begin, end - begin);
  g_autoptr (GString) filter = g_string_new (NULL);

  for (const char *at = g_strstrip (written); *at != '\0'; at++)
    {
      const char *closing = *at == '"' || *at == '\'' ? strchr (at + 1, *at) : NULL;

      if (closing == NULL)
        {
          g_string_append_c (filter, *at);
          continue;
        }

      if (*at == '\'' || g_str_has_prefix (at, "\"references\""))
        {
          g_string_append_len (filter, at, closing + 1 - at);
        }
      else
        {
          g_string_append_c (filter, '\'');
          for (const char *p = at + 1; p < closing; p++)
            {
              /* Twice in SQL. */
              if (*p == '\'')
                g_string_append_c (filter, '\'');
              g_string_append_c (filter, *p);
            }
          g_string_append_c (filter, '\'');
        }
      at = closing;
    }

  if (filter->len == 0 || strcmp (filter->str, "*") == 0)
    return NULL;

  return g_string_free (g_steal_pointer (&filter), FALSE);
}

/* What stands in the brackets of count(…) and bytes(…). */
static gboolean
parse_filter (Parser     *self,
              RscMeasure *measure)
{
  g_autoptr (GError) local_error = NULL;
  const char *opening, *closing;

  skip_space (self);
  opening = self->at;
  if (*opening != '(')
    return fail (self, opening, _("a bracket with a condition on objects is expected here, as in count(type = 'Session')")) != NULL;

  closing = find_closing (opening + 1);
  if (closing == NULL)
    return fail (self, opening, _("this bracket is not closed")) != NULL;

  measure->filter = dup_filter (opening + 1, closing);
  if (measure->filter != NULL && !rsc_filter_check (measure->filter, NULL, &local_error))
    {
      /* It shows the place itself. */
      g_set_error (self->error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                   /* Translators: %d is the number of a character; a whole sentence follows. */
                   _("In the brackets at character %d of --when: %s"), get_position (self, opening), local_error->message);
      return FALSE;
    }
  self->at = closing + 1;

  return TRUE;
}

static gboolean
parse_measure (Parser *self,
               guint  *index)
{
  static const char *const names[] = {
    [RSC_MEASURE_USS] = "uss", [RSC_MEASURE_RSS] = "rss", [RSC_MEASURE_COUNT] = "count", [RSC_MEASURE_BYTES] = "bytes",
  };
  RscMeasure measure = { 0 };
  const char *begin;
  gsize kind;

  skip_space (self);
  begin = self->at;
  for (kind = 0; kind < G_N_ELEMENTS (names); kind++)
    if (take_word (self, names[kind]))
      break;
  if (kind == G_N_ELEMENTS (names))
    return fail (self, begin, _("uss, rss, count(…) or bytes(…) is expected here")) != NULL;

  measure.kind = (RscMeasureKind) kind;
  if (kind >= RSC_MEASURE_COUNT && !parse_filter (self, &measure))
    {
      measure_clear (&measure);
      return FALSE;
    }
  measure.text = g_strndup (begin, self->at - begin);
  *index = self->when->measures->len;
  g_array_append_val (self->when->measures, measure);

  return TRUE;
}

static gboolean
parse_comparison (Parser     *self,
                  Comparison *comparison)
{
  static const struct
  {
    const char *written;
    Comparison meant;
  } known[] = {
    { "<=", COMPARE_LESS_OR_EQUAL }, { ">=", COMPARE_GREATER_OR_EQUAL }, { "<>", COMPARE_DIFFERENT }, { "!=", COMPARE_DIFFERENT },
    { "==", COMPARE_EQUAL }, { "<", COMPARE_LESS }, { ">", COMPARE_GREATER }, { "=", COMPARE_EQUAL },
  };

  skip_space (self);
  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (g_str_has_prefix (self->at, known[i].written))
      {
        self->at += strlen (known[i].written);
        *comparison = known[i].meant;
        return TRUE;
      }

  return fail (self, self->at, _("a comparison is expected here: >, >=, <, <=, = or !=")) != NULL;
}

/* "2G": powers of 1,024, as everything about memory here. */
static gboolean
parse_number (Parser   *self,
              gboolean  is_count,
              double   *number)
{
  static const char units[] = "KMGT";
  const char *unit;
  char *end;

  skip_space (self);
  if (!g_ascii_isdigit (*self->at) && *self->at != '.')
    return fail (self, self->at, _("a number is expected here")) != NULL;
  *number = g_ascii_strtod (self->at, &end);
  if (end == self->at || !isfinite (*number))
    return fail (self, self->at, _("a number is expected here")) != NULL;
  self->at = end;
  if (!g_ascii_isalpha (*self->at))
    return TRUE;

  unit = strchr (units, g_ascii_toupper (*self->at));
  if (is_count)
    return fail (self, self->at, _("a count has no unit")) != NULL;
  if (unit == NULL)
    return fail (self, self->at, _("this is no unit: K, M, G and T are known")) != NULL;
  end++;
  if (*end == 'i')
    end++;
  if (*end == 'B')
    end++;
  if (g_ascii_isalnum (*end))
    return fail (self, self->at, _("this is no unit: K, M, G and T are known")) != NULL;
  *number = ldexp (*number, 10 * (int) (unit - units + 1));
  self->at = end;

  return TRUE;
}

static Term *
term_new (TermKind  kind,
          Term     *left,
          Term     *right)
{
  Term *term = g_new0 (Term, 1);

  term->kind = kind;
  term->left = left;
  term->right = right;

  return term;
}

static Term *
parse_one (Parser *self)
{
  Term *term;

  skip_space (self);
  if (self->depth >= MAX_DEPTH)
    return fail (self, self->at, _("brackets go too deep here"));

  if (take_word (self, "not"))
    {
      self->depth++;
      term = parse_one (self);
      self->depth--;
      return term != NULL ? term_new (TERM_NOT, term, NULL) : NULL;
    }

  if (*self->at == '(')
    {
      const char *opening = self->at++;

      self->depth++;
      term = parse_or (self);
      self->depth--;
      if (term == NULL)
        return NULL;
      skip_space (self);
      if (*self->at != ')')
        {
          term_free (term);
          return fail (self, opening, _("this bracket is not closed"));
        }
      self->at++;
      return term;
    }

  term = term_new (TERM_COMPARE, NULL, NULL);
  if (!parse_measure (self, &term->measure) || !parse_comparison (self, &term->comparison)
      || !parse_number (self, g_array_index (self->when->measures, RscMeasure, term->measure).kind == RSC_MEASURE_COUNT,
                        &term->number))
    g_clear_pointer (&term, term_free);

  return term;
}

/* Operands that are joined by @word, each read by @parse. */
static Term *
parse_joined (Parser     *self,
              const char *word,
              TermKind    kind,
              Term     *(*parse) (Parser *self))
{
  Term *term = parse (self);

  while (term != NULL && take_word (self, word))
    {
      Term *right = parse (self);

      if (right == NULL)
        g_clear_pointer (&term, term_free);
      else
        term = term_new (kind, term, right);
    }

  return term;
}

static Term *
parse_and (Parser *self)
{
  return parse_joined (self, "and", TERM_AND, parse_one);
}

static Term *
parse_or (Parser *self)
{
  return parse_joined (self, "or", TERM_OR, parse_and);
}

RscWhen *
rsc_when_parse (const char  *text,
                GError     **error)
{
  g_autoptr (RscWhen) when = NULL;
  Parser parser;

  if (!g_utf8_validate (text, -1, NULL) || strlen (text) > MAX_LENGTH)
    {
      g_set_error (error, RSC_CLI_ERROR, RSC_CLI_ERROR_USAGE,
                   _("The condition of --when is no text, or longer than %d bytes."), MAX_LENGTH);
      return NULL;
    }

  when = g_new0 (RscWhen, 1);
  when->text = g_strdup (text);
  when->measures = g_array_new (FALSE, FALSE, sizeof (RscMeasure));
  g_array_set_clear_func (when->measures, measure_clear);

  parser = (Parser) { .when = when, .at = when->text, .error = error };
  when->term = parse_or (&parser);
  if (when->term == NULL)
    return NULL;
  skip_space (&parser);
  if (*parser.at != '\0')
    return fail (&parser, parser.at, _("and, or, or the end is expected here"));

  return g_steal_pointer (&when);
}

void
rsc_when_free (RscWhen *self)
{
  term_free (self->term);
  g_array_unref (self->measures);
  g_free (self->text);
  g_free (self);
}

RscMeasure *
rsc_when_get_measures (RscWhen *self,
                       guint   *n)
{
  *n = self->measures->len;

  return (RscMeasure *) self->measures->data;
}

gboolean
rsc_when_needs_heap (const RscWhen *self)
{
  for (guint i = 0; i < self->measures->len; i++)
    if (g_array_index (self->measures, RscMeasure, i).kind >= RSC_MEASURE_COUNT)
      return TRUE;

  return FALSE;
}

gboolean
rsc_when_asks_value (const RscWhen *self)
{
  for (guint i = 0; i < self->measures->len; i++)
    {
      const char *filter = g_array_index (self->measures, RscMeasure, i).filter;

      if (filter != NULL && rsc_filter_asks_value (filter))
        return TRUE;
    }

  return FALSE;
}

static gboolean
compare (double     value,
         Comparison comparison,
         double     number)
{
  switch (comparison)
    {
    case COMPARE_LESS:
      return value < number;
    case COMPARE_LESS_OR_EQUAL:
      return value <= number;
    case COMPARE_GREATER:
      return value > number;
    case COMPARE_GREATER_OR_EQUAL:
      return value >= number;
    case COMPARE_EQUAL:
      return value == number;
    case COMPARE_DIFFERENT:
    default:
      return value != number;
    }
}

/* As SQL: what is not known decides nothing, and is in nobody's way. */
static RscWhenAnswer
ask (const RscWhen *self,
     const Term    *term)
{
  const RscMeasure *measure;
  RscWhenAnswer left, right, decides;

  if (term->kind == TERM_COMPARE)
    {
      measure = &g_array_index (self->measures, RscMeasure, term->measure);
      if (!measure->known)
        return RSC_WHEN_UNKNOWN;
      return compare ((double) measure->value, term->comparison, term->number) ? RSC_WHEN_YES : RSC_WHEN_NO;
    }

  left = ask (self, term->left);
  if (term->kind == TERM_NOT)
    return left == RSC_WHEN_UNKNOWN ? left : left == RSC_WHEN_YES ? RSC_WHEN_NO : RSC_WHEN_YES;

  right = ask (self, term->right);
  decides = term->kind == TERM_AND ? RSC_WHEN_NO : RSC_WHEN_YES;
  if (left == decides || right == decides)
    return decides;

  return left == RSC_WHEN_UNKNOWN ? left : right;
}

RscWhenAnswer
rsc_when_ask (const RscWhen *self)
{
  return ask (self, self->term);
}

const char *
rsc_when_get_text (const RscWhen *self)
{
  return self->text;
}

char *
rsc_when_describe (const RscWhen *self)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < self->measures->len; i++)
    {
      const RscMeasure *measure = &g_array_index (self->measures, RscMeasure, i);
      g_autofree char *value = measure->kind == RSC_MEASURE_COUNT
                                 ? g_strdup_printf ("%" PRIu64, measure->value)
                                 : g_format_size_full (measure->value, G_FORMAT_SIZE_IEC_UNITS);

      if (measure->known)
        g_string_append_printf (text, "%s%s: %s", text->len > 0 ? ", " : "", measure->text, value);
    }

  return g_string_free (g_steal_pointer (&text), FALSE);
}
