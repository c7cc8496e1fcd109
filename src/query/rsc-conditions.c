#include "config.h"
#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN

#include "rsc-conditions.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/rsc-error.h"

/* What SQL calls the operators, by RscConditionOperator; NULL: said otherwise. */
static const char *const operator_signs[RSC_N_CONDITION_OPERATORS] = {
  [RSC_CONDITION_IS] = "=",
  [RSC_CONDITION_IS_NOT] = "IS NOT", /* true of what has no text at all */
  [RSC_CONDITION_EQUAL] = "=",
  [RSC_CONDITION_UNEQUAL] = "<>",
  [RSC_CONDITION_LESS] = "<",
  [RSC_CONDITION_AT_MOST] = "<=",
  [RSC_CONDITION_GREATER] = ">",
  [RSC_CONDITION_AT_LEAST] = ">="
};

RscCondition *
rsc_condition_new (RscNodeColumn column, RscConditionOperator operator, const char *value)
{
  RscCondition *self = g_new0 (RscCondition, 1);

  self->column = column;
  self->operator = operator;
  self->value = g_strdup (value != NULL ? value : "");

  return self;
}

void
rsc_condition_free (RscCondition *self)
{
  g_free (self->value);
  g_free (self);
}

static void
condition_free (gpointer data)
{
  rsc_condition_free (data);
}

RscConditionKind
rsc_condition_column_get_kind (RscNodeColumn column)
{
  switch (column)
    {
    case RSC_NODE_COLUMN_TYPE:
    case RSC_NODE_COLUMN_MODULE:
    case RSC_NODE_COLUMN_NAME:
    case RSC_NODE_COLUMN_VALUE:
      return RSC_CONDITION_TEXT;

    case RSC_NODE_COLUMN_ID:
    case RSC_NODE_COLUMN_ADDRESS:
    case RSC_NODE_COLUMN_SIZE:
    case RSC_NODE_COLUMN_REFCOUNT:
    case RSC_NODE_COLUMN_GENERATION:
    case RSC_NODE_COLUMN_REFERRERS:
    case RSC_NODE_COLUMN_REFERENCES:
    case RSC_NODE_COLUMN_REFS:
    case RSC_NODE_COLUMN_DEPTH:
      return RSC_CONDITION_NUMBER;

    case RSC_NODE_COLUMN_TRACKED:
    case RSC_NODE_COLUMN_ROOT:
    case RSC_NODE_COLUMN_CONTAINER:
    case RSC_NODE_COLUMN_FINALIZER:
    case RSC_NODE_COLUMN_WEAKREFS:
    case RSC_NODE_COLUMN_IMMORTAL:
    case RSC_NODE_COLUMN_SYNTHETIC:
      return RSC_CONDITION_FLAG;

    case RSC_N_NODE_COLUMNS:
    default:
      g_assert_not_reached ();
    }
}

RscConditionKind
rsc_condition_operator_get_kind (RscConditionOperator operator)
{
  if (operator >= RSC_CONDITION_YES)
    return RSC_CONDITION_FLAG;

  return operator >= RSC_CONDITION_EQUAL ? RSC_CONDITION_NUMBER : RSC_CONDITION_TEXT;
}

gboolean
rsc_condition_is_complete (const RscCondition *self)
{
  if (rsc_condition_operator_get_kind (self->operator) == RSC_CONDITION_FLAG)
    return TRUE;

  return *self->value != '\0';
}

/* An integer as SQL and people write it. */
static gboolean
is_number (const char *text)
{
  gint64 number;

  if (g_str_has_prefix (text, "0x") || g_str_has_prefix (text, "0X"))
    {
      gsize length = strlen (text + 2);

      return length > 0 && length <= 16 && strspn (text + 2, "0123456789abcdefABCDEF") == length;
    }

  return g_ascii_string_to_signed (text, 10, G_MININT64, G_MAXINT64, &number, NULL);
}

gboolean
rsc_condition_check (const RscCondition *self, GError **error)
{
  g_autofree char *value = g_strstrip (g_strdup (self->value));

  if (!rsc_condition_is_complete (self) || rsc_condition_operator_get_kind (self->operator) != RSC_CONDITION_NUMBER ||
      is_number (value))
    return TRUE;

  g_set_error (error, RSC_QUERY_ERROR, RSC_ERROR_SYNTAX, _("“%s” is not a whole number; write one such as 1000."), self->value);
  return FALSE;
}

/* Rows to text. */

/* In quotes; with @pattern the signs that LIKE knows are escaped.  The caller
 * says what the escape sign is if *escaped. */
static void
append_text (GString *expression, const char *before, const char *value, const char *after, gboolean pattern, gboolean *escaped)
{
  g_string_append_c (expression, '\'');
  g_string_append (expression, before);
  for (const char *p = value; *p != '\0'; p++)
    {
      if (pattern && strchr ("%_\\", *p) != NULL)
        {
          g_string_append_c (expression, '\\');
          *escaped = TRUE;
        }
      if (*p == '\'')
        g_string_append_c (expression, '\'');
      g_string_append_c (expression, *p);
    }
  g_string_append (expression, after);
  g_string_append_c (expression, '\'');
}

static void
append_condition (GString *expression, const RscCondition *condition)
{
  const char *column = rsc_node_column_names[condition->column];
  gboolean escaped = FALSE;

  switch (condition->operator)
    {
    case RSC_CONDITION_IS:
    case RSC_CONDITION_IS_NOT:
      g_string_append_printf (expression, "%s %s ", column, operator_signs[condition->operator]);
      append_text (expression, "", condition->value, "", FALSE, NULL);
      break;

    case RSC_CONDITION_CONTAINS:
    case RSC_CONDITION_BEGINS:
      g_string_append_printf (expression, "%s LIKE ", column);
      append_text (expression, condition->operator == RSC_CONDITION_CONTAINS ? "%" : "", condition->value, "%", TRUE, &escaped);
      break;

    case RSC_CONDITION_CONTAINS_NOT:
      /* What has no text does not contain any. */
      g_string_append_printf (expression, "ifnull(%s, '') NOT LIKE ", column);
      append_text (expression, "%", condition->value, "%", TRUE, &escaped);
      break;

    case RSC_CONDITION_EQUAL:
    case RSC_CONDITION_UNEQUAL:
    case RSC_CONDITION_LESS:
    case RSC_CONDITION_AT_MOST:
    case RSC_CONDITION_GREATER:
    case RSC_CONDITION_AT_LEAST:
      {
        g_autofree char *value = g_strstrip (g_strdup (condition->value));

        g_string_append_printf (expression, "%s %s %s", column, operator_signs[condition->operator], value);
        break;
      }

    case RSC_CONDITION_YES:
      g_string_append (expression, column);
      break;

    case RSC_CONDITION_NO:
      g_string_append_printf (expression, "NOT %s", column);
      break;

    case RSC_N_CONDITION_OPERATORS:
    default:
      g_assert_not_reached ();
    }
  if (escaped)
    g_string_append (expression, " ESCAPE '\\'");
}

char *
rsc_conditions_to_expression (GPtrArray *conditions, RscMatch match)
{
  g_autoptr (GString) expression = g_string_new (NULL);

  for (guint i = 0; i < conditions->len; i++)
    {
      const RscCondition *condition = g_ptr_array_index (conditions, i);

      if (!rsc_condition_is_complete (condition))
        continue;
      if (expression->len > 0)
        g_string_append (expression, match == RSC_MATCH_ALL ? " AND " : " OR ");
      append_condition (expression, condition);
    }
  if (match == RSC_MATCH_NONE && expression->len > 0)
    {
      g_string_prepend (expression, "NOT (");
      g_string_append_c (expression, ')');
    }

  return g_strdup (expression->str);
}

/* Text to rows.  Each reader leaves *p behind what it has read, or where it was
 * if that is not there. */

static void
skip_spaces (const char **p)
{
  while (g_ascii_isspace (**p))
    (*p)++;
}

static gsize
word_length (const char *p)
{
  gsize length = 0;

  while (g_ascii_isalnum (p[length]) || p[length] == '_')
    length++;

  return length;
}

static gboolean
read_word (const char **p, const char *word)
{
  skip_spaces (p);
  if (word_length (*p) != strlen (word) || g_ascii_strncasecmp (*p, word, strlen (word)) != 0)
    return FALSE;

  *p += strlen (word);
  return TRUE;
}

static gboolean
read_sign (const char **p, const char *sign)
{
  skip_spaces (p);
  if (!g_str_has_prefix (*p, sign))
    return FALSE;

  *p += strlen (sign);
  return TRUE;
}

static gboolean
read_column (const char **p, RscNodeColumn *column)
{
  for (guint i = 0; i < RSC_N_NODE_COLUMNS; i++)
    if (read_word (p, rsc_node_column_names[i]))
      {
        *column = i == RSC_NODE_COLUMN_REFS ? RSC_NODE_COLUMN_REFERENCES : i;
        return TRUE;
      }

  return FALSE;
}

/* A text in single quotes. */
static char *
read_text (const char **p)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const char *q;

  skip_spaces (p);
  if (**p != '\'')
    return NULL;

  for (q = *p + 1; *q != '\0'; q++)
    {
      if (*q == '\'')
        {
          if (q[1] != '\'')
            {
              *p = q + 1;
              return g_strdup (text->str);
            }
          q++;
        }
      g_string_append_c (text, *q);
    }

  return NULL;
}

static char *
read_number (const char **p)
{
  g_autofree char *text = NULL;
  gsize length;

  skip_spaces (p);
  length = **p == '-' || **p == '+' ? 1 : 0;
  length += word_length (*p + length);
  text = g_strndup (*p, length);
  /* A fraction is more than rows can say. */
  if (!is_number (text) || (*p)[length] == '.')
    return NULL;

  *p += length;
  return g_steal_pointer (&text);
}

/* A pattern without its escapes and the % around it.  NULL if it has others. */
static char *
read_pattern (const char **p, gboolean *begins)
{
  g_autofree char *pattern = read_text (p);
  g_autoptr (GString) text = g_string_new (NULL);
  gboolean escaped = FALSE;
  gsize length;
  const char *q;

  if (pattern == NULL)
    return NULL;
  if (read_word (p, "escape"))
    {
      g_autofree char *sign = read_text (p);

      if (g_strcmp0 (sign, "\\") != 0)
        return NULL;
      escaped = TRUE;
    }

  q = pattern;
  *begins = *q != '%';
  if (*q == '%')
    q++;
  length = strlen (q);
  if (length < 2 || q[length - 1] != '%')
    return NULL;

  for (const char *end = q + length - 1; q < end; q++)
    {
      if (escaped && *q == '\\')
        {
          /* An escaped sign at the very end has taken the last %. */
          if (++q == end)
            return NULL;
        }
      else if (*q == '%' || *q == '_')
        return NULL;
      g_string_append_c (text, *q);
    }

  return g_strdup (text->str);
}

static RscCondition *
read_text_condition (const char **p, RscNodeColumn column)
{
  RscConditionOperator operator;
  g_autofree char *value = NULL;
  gboolean begins;

  if (read_word (p, "like"))
    {
      value = read_pattern (p, &begins);
      operator = begins ? RSC_CONDITION_BEGINS : RSC_CONDITION_CONTAINS;
    }
  else
    {
      if (read_sign (p, "==") || read_sign (p, "="))
        operator = RSC_CONDITION_IS;
      else if (read_sign (p, "<>") || read_sign (p, "!="))
        operator = RSC_CONDITION_IS_NOT;
      else if (!read_word (p, "is"))
        return NULL;
      else
        operator = read_word (p, "not") ? RSC_CONDITION_IS_NOT : RSC_CONDITION_IS;
      value = read_text (p);
    }

  /* An empty row would say nothing. */
  return value != NULL && *value != '\0' ? rsc_condition_new (column, operator, value) : NULL;
}

static RscCondition *
read_number_condition (const char **p, RscNodeColumn column)
{
  /* What begins like another comes after it. */
  static const struct { const char *sign; RscConditionOperator operator; } signs[] = {
    { "<>", RSC_CONDITION_UNEQUAL },
    { "!=", RSC_CONDITION_UNEQUAL },
    { "<=", RSC_CONDITION_AT_MOST },
    { ">=", RSC_CONDITION_AT_LEAST },
    { "==", RSC_CONDITION_EQUAL },
    { "=", RSC_CONDITION_EQUAL },
    { "<", RSC_CONDITION_LESS },
    { ">", RSC_CONDITION_GREATER }
  };

  for (gsize i = 0; i < G_N_ELEMENTS (signs); i++)
    if (read_sign (p, signs[i].sign))
      {
        g_autofree char *value = read_number (p);

        return value != NULL ? rsc_condition_new (column, signs[i].operator, value) : NULL;
      }

  return NULL;
}

static RscCondition *
read_condition (const char **p)
{
  RscNodeColumn column;
  gboolean begins;

  if (read_word (p, "not"))
    {
      if (read_column (p, &column) && rsc_condition_column_get_kind (column) == RSC_CONDITION_FLAG)
        return rsc_condition_new (column, RSC_CONDITION_NO, NULL);
      return NULL;
    }
  if (read_word (p, "ifnull"))
    {
      g_autofree char *nothing = NULL;
      g_autofree char *value = NULL;

      if (!read_sign (p, "(") || !read_column (p, &column) || !read_sign (p, ","))
        return NULL;
      nothing = read_text (p);
      if (g_strcmp0 (nothing, "") != 0 || !read_sign (p, ")") || !read_word (p, "not") || !read_word (p, "like"))
        return NULL;
      value = read_pattern (p, &begins);
      if (value == NULL || begins || rsc_condition_column_get_kind (column) != RSC_CONDITION_TEXT)
        return NULL;
      return rsc_condition_new (column, RSC_CONDITION_CONTAINS_NOT, value);
    }
  if (!read_column (p, &column))
    return NULL;

  switch (rsc_condition_column_get_kind (column))
    {
    case RSC_CONDITION_TEXT:
      return read_text_condition (p, column);

    case RSC_CONDITION_NUMBER:
      return read_number_condition (p, column);

    case RSC_CONDITION_FLAG:
    default:
      return rsc_condition_new (column, RSC_CONDITION_YES, NULL);
    }
}

/* Reads up to the end, or to the parenthesis that closes the NOT. */
static gboolean
read_conditions (const char **p, GPtrArray *conditions, RscMatch *match)
{
  gboolean none = *match == RSC_MATCH_NONE;

  for (;;)
    {
      RscCondition *condition = read_condition (p);
      RscMatch joined;

      if (condition == NULL || conditions->len == RSC_CONDITIONS_MAX)
        {
          g_clear_pointer (&condition, rsc_condition_free);
          return FALSE;
        }
      g_ptr_array_add (conditions, condition);

      if (read_word (p, "and"))
        joined = RSC_MATCH_ALL;
      else if (read_word (p, "or"))
        joined = RSC_MATCH_ANY;
      else
        return none ? read_sign (p, ")") : TRUE;
      /* Rows are joined in one way only. */
      if (none ? joined != RSC_MATCH_ANY : conditions->len > 1 && joined != *match)
        return FALSE;
      if (!none)
        *match = joined;
    }
}

GPtrArray *
rsc_conditions_from_expression (const char *expression, RscMatch *match)
{
  g_autoptr (GPtrArray) conditions = g_ptr_array_new_with_free_func (condition_free);
  const char *p = expression;

  *match = RSC_MATCH_ALL;
  skip_spaces (&p);
  if (*p == '\0')
    return g_steal_pointer (&conditions);

  if (read_word (&p, "not") && read_sign (&p, "("))
    *match = RSC_MATCH_NONE;
  else
    p = expression;
  if (!read_conditions (&p, conditions, match))
    return NULL;
  skip_spaces (&p);
  if (*p != '\0')
    return NULL;

  return g_steal_pointer (&conditions);
}
