#include "config.h"
#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN

#include "rsc-expression.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/rsc-error.h"
#include "rsc-near-name.h"
#include "rsc-node-table.h"

#define MAX_EXPRESSION (32 * 1024)

typedef enum
{
  TOKEN_WORD,     /* a name, with dots; also a keyword */
  TOKEN_QUOTED,   /* "..." */
  TOKEN_TEXT,     /* '...' */
  TOKEN_NUMBER,
  TOKEN_OPERATOR,
  TOKEN_OPEN,
  TOKEN_CLOSE,
  TOKEN_COMMA
} TokenKind;

typedef struct
{
  TokenKind kind;
  gsize start;
  gsize length;
} Token;

static const char *const keywords[] = {
  "and", "or", "not", "in", "is", "null", "isnull", "notnull", "like", "glob", "between", "escape",
  "case", "when", "then", "else", "end", "cast", "as", "collate", "true", "false", "distinct"
};

static const char *const functions[] = {
  "abs", "char", "coalesce", "format", "glob", "hex", "ifnull", "iif", "instr", "length", "like",
  "lower", "ltrim", "max", "min", "nullif", "printf", "quote", "replace", "round", "rtrim", "sign",
  "substr", "substring", "trim", "typeof", "unicode", "upper"
};

static const char *const collations[] = { "binary", "nocase", "rtrim" };
static const char *const cast_types[] = { "integer", "int", "real", "text", "numeric", "blob" };

/* Longest first. */
static const char *const operators[] = {
  "->>", "||", "<<", ">>", "<=", ">=", "<>", "==", "!=", "->",
  "<", ">", "=", "+", "-", "*", "/", "%", "&", "|", "~"
};

gboolean
rsc_expression_set_error (const char *text, gsize offset, const char *what, int *position, GError **error)
{
  glong character = g_utf8_pointer_to_offset (text, text + offset);
  g_autoptr(GString) line = g_string_new (NULL);
  g_autoptr(GString) caret = g_string_new (NULL);
  glong i = 0;

  /* One line, and below it a mark under the character. */
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p), i++)
    {
      gunichar c = g_utf8_get_char (p);

      g_string_append_unichar (line, c < ' ' ? ' ' : c);
      if (i < character)
        g_string_append (caret, g_unichar_iswide (c) ? "  " : " ");
    }
  if (position != NULL)
    *position = character;
  g_set_error (error, RSC_QUERY_ERROR, RSC_ERROR_SYNTAX,
               /* Translators: the first %s says what is wrong, the second is its
                * full stop, if any; below stand the expression and a line with
                * a mark under the character. */
               _("The expression does not parse at character %ld: %s%s\n  %s\n  %s^"),
               character + 1, what, g_str_has_suffix (what, "?") ? "" : ".", line->str, caret->str);
  return FALSE;
}

/* Tokens */

static gboolean
is_word_start (char c)
{
  return g_ascii_isalpha (c) || c == '_' || (guchar) c >= 0x80;
}

static gboolean
is_word_part (char c)
{
  return is_word_start (c) || g_ascii_isdigit (c) || c == '.' || c == '$';
}

/* The length of what begins at @p with the quote *p, or 0 if it never ends. */
static gsize
quoted_length (const char *p)
{
  char quote = *p;

  for (const char *q = p + 1; *q != '\0'; q++)
    if (*q == quote)
      {
        if (q[1] != quote)
          return q + 1 - p;
        q++;
      }
  return 0;
}

static gsize
number_length (const char *p)
{
  const char *q = p;

  if (q[0] == '0' && (q[1] == 'x' || q[1] == 'X'))
    {
      for (q += 2; g_ascii_isxdigit (*q); q++)
        ;
      return q - p;
    }
  while (g_ascii_isdigit (*q) || *q == '.')
    q++;
  if ((*q == 'e' || *q == 'E')
      && (g_ascii_isdigit (q[1]) || ((q[1] == '+' || q[1] == '-') && g_ascii_isdigit (q[2]))))
    for (q += 2; g_ascii_isdigit (*q); q++)
      ;
  return q - p;
}

static gsize
operator_length (const char *p)
{
  for (gsize i = 0; i < G_N_ELEMENTS (operators); i++)
    if (g_str_has_prefix (p, operators[i]))
      return strlen (operators[i]);
  return 0;
}

/* Finds the next token at or after *offset; FALSE at the end, or with @error. */
static gboolean
next_token (const char *text, gsize *offset, Token *token, int *position, GError **error)
{
  const char *p = text + *offset;

  while (g_ascii_isspace (*p))
    p++;
  token->start = p - text;
  if (*p == '\0')
    return FALSE;

  if (g_str_has_prefix (p, "--") || g_str_has_prefix (p, "/*"))
    return rsc_expression_set_error (text, p - text, _("comments cannot be used here"), position, error);
  if (g_str_has_prefix (p, "&&"))
    return rsc_expression_set_error (text, p - text, _("“&&” is not known; did you mean AND?"), position, error);

  if (is_word_start (*p))
    {
      const char *q = p;

      while (is_word_part (*q))
        q++;
      token->kind = TOKEN_WORD;
      token->length = q - p;
    }
  else if (g_ascii_isdigit (*p) || (*p == '.' && g_ascii_isdigit (p[1])))
    {
      token->kind = TOKEN_NUMBER;
      token->length = number_length (p);
      if (is_word_part (p[token->length]))
        return rsc_expression_set_error (text, p - text, _("this is neither a number nor a name"), position, error);
    }
  else if (*p == '\'' || *p == '"')
    {
      token->kind = *p == '\'' ? TOKEN_TEXT : TOKEN_QUOTED;
      token->length = quoted_length (p);
      if (token->length == 0)
        return rsc_expression_set_error (text, p - text, _("the text that begins here has no closing quote"),
                                         position, error);
    }
  else if (*p == '(' || *p == ')' || *p == ',')
    {
      token->kind = *p == '(' ? TOKEN_OPEN : *p == ')' ? TOKEN_CLOSE : TOKEN_COMMA;
      token->length = 1;
    }
  else
    {
      token->kind = TOKEN_OPERATOR;
      token->length = operator_length (p);
      if (token->length == 0)
        {
          g_autofree char *what = g_strdup_printf (_("“%c” cannot be used here"), *p);

          return rsc_expression_set_error (text, p - text, what, position, error);
        }
    }
  *offset = token->start + token->length;
  return TRUE;
}

static gboolean
token_is_listed (const char *text, const Token *token, const char *const *list, gsize n)
{
  for (gsize i = 0; i < n; i++)
    if (strlen (list[i]) == token->length
        && g_ascii_strncasecmp (text + token->start, list[i], token->length) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
token_is (const char *text, const Token *token, const char *word)
{
  return token_is_listed (text, token, &word, 1);
}

static int
token_column (const char *text, const Token *token)
{
  for (int i = 0; i < RSC_N_NODE_COLUMNS; i++)
    if (token_is (text, token, rsc_node_column_names[i]))
      return i;
  return -1;
}

/* Mistakes */

static gboolean
is_comparison (const char *text, const Token *token)
{
  static const char *const words[] = { "like", "glob", "is", "=", "==", "!=", "<>", "<", "<=", ">", ">=" };

  return (token->kind == TOKEN_OPERATOR || token->kind == TOKEN_WORD)
         && token_is_listed (text, token, words, G_N_ELEMENTS (words));
}

/* "type = 'dict'" for the word or quoted text at @at, or what is nearest to
 * it; NULL if there is nothing sensible. */
static char *
suggest (const char *text, const Token *tokens, guint at)
{
  const Token *token = &tokens[at];
  gboolean quoted = token->kind == TOKEN_QUOTED;
  g_autofree char *word = g_strndup (text + token->start + quoted, token->length - 2 * quoted);
  RscNearNames near;

  if (at >= 2 && is_comparison (text, &tokens[at - 1]) && tokens[at - 2].kind == TOKEN_WORD
      && token_column (text, &tokens[at - 2]) >= 0)
    return g_strdup_printf ("%.*s %.*s '%s'",
                            (int) tokens[at - 2].length, text + tokens[at - 2].start,
                            (int) tokens[at - 1].length, text + tokens[at - 1].start, word);

  if (at >= 1 && (tokens[at - 1].kind == TOKEN_OPEN || tokens[at - 1].kind == TOKEN_COMMA))
    for (guint i = at - 1; i > 0; i--)
      if (tokens[i].kind == TOKEN_OPEN)
        {
          if (token_is (text, &tokens[i - 1], "in"))
            return g_strdup_printf ("'%s'", word);
          break;
        }

  rsc_near_names_init (&near, word);
  for (guint i = 0; i < RSC_N_NODE_COLUMNS; i++)
    rsc_near_names_offer (&near, rsc_node_column_names[i]);
  if (near.n > 0)
    return g_strdup (near.names[0]);
  if (at >= 1 && is_comparison (text, &tokens[at - 1]))
    return g_strdup_printf ("'%s'", word);
  return NULL;
}

static gboolean
set_unknown_word (const char *text, const Token *tokens, guint at, int *position, GError **error)
{
  const Token *token = &tokens[at];
  g_autofree char *suggestion = suggest (text, tokens, at);
  g_autofree char *what = NULL;

  if (token->kind == TOKEN_QUOTED)
    what = suggestion != NULL
             ? g_strdup_printf (_("text stands in single quotes; did you mean %s?"), suggestion)
             : g_strdup (_("text stands in single quotes"));
  else if (suggestion != NULL)
    what = g_strdup_printf (_("there is no column “%.*s”; did you mean %s?"),
                            (int) token->length, text + token->start, suggestion);
  else
    {
      g_autofree char *columns = NULL;
      const char *names[RSC_N_NODE_COLUMNS + 1] = { NULL };

      memcpy (names, rsc_node_column_names, sizeof rsc_node_column_names);
      columns = g_strjoinv (", ", (char **) names);
      what = g_strdup_printf (_("there is no column “%.*s”; the columns are %s"),
                              (int) token->length, text + token->start, columns);
    }
  return rsc_expression_set_error (text, token->start, what, position, error);
}

static gboolean
set_unknown_function (const char *text, const Token *token, int *position, GError **error)
{
  g_autofree char *word = g_strndup (text + token->start, token->length);
  g_autofree char *what = NULL;
  RscNearNames near;

  rsc_near_names_init (&near, word);
  for (gsize i = 0; i < G_N_ELEMENTS (functions); i++)
    rsc_near_names_offer (&near, functions[i]);
  if (near.n > 0)
    what = g_strdup_printf (_("the function “%s” cannot be used; did you mean %s?"), word, near.names[0]);
  else
    what = g_strdup_printf (_("the function “%s” cannot be used"), word);
  return rsc_expression_set_error (text, token->start, what, position, error);
}

/* Whether the word at @at may stand there; @next is what follows it. */
static gboolean
check_word (const char *text, const Token *tokens, guint at, const Token *next,
            guint32 *columns_used, int *position, GError **error)
{
  const Token *token = &tokens[at];
  const Token *previous = at > 0 ? &tokens[at - 1] : NULL;
  int column = token_column (text, token);

  if (previous != NULL && token_is (text, previous, "collate"))
    {
      if (token_is_listed (text, token, collations, G_N_ELEMENTS (collations)))
        return TRUE;
      return rsc_expression_set_error (text, token->start, _("only BINARY, NOCASE and RTRIM can follow COLLATE"),
                                       position, error);
    }
  if (previous != NULL && token_is (text, previous, "as"))
    {
      if (token_is_listed (text, token, cast_types, G_N_ELEMENTS (cast_types)))
        return TRUE;
      return rsc_expression_set_error (text, token->start, _("this is not a type to cast to; use INTEGER, REAL or TEXT"),
                                       position, error);
    }
  if (previous != NULL && token_is (text, previous, "distinct") && token_is (text, token, "from"))
    return TRUE;

  if (column >= 0)
    {
      *columns_used |= 1u << column;
      return TRUE;
    }
  if (next != NULL && next->kind == TOKEN_OPEN && !token_is_listed (text, token, keywords, G_N_ELEMENTS (keywords)))
    {
      if (token_is_listed (text, token, functions, G_N_ELEMENTS (functions)))
        return TRUE;
      return set_unknown_function (text, token, position, error);
    }
  if (token_is_listed (text, token, keywords, G_N_ELEMENTS (keywords)))
    return TRUE;
  if (token_is (text, token, "select"))
    return rsc_expression_set_error (text, token->start, _("SELECT cannot be used in an expression"), position, error);
  return set_unknown_word (text, tokens, at, position, error);
}

static gboolean
check_parentheses (const char *text, const Token *tokens, guint n_tokens, int *position, GError **error)
{
  g_autoptr(GArray) open = g_array_new (FALSE, FALSE, sizeof (gsize));

  for (guint i = 0; i < n_tokens; i++)
    if (tokens[i].kind == TOKEN_OPEN)
      g_array_append_val (open, tokens[i].start);
    else if (tokens[i].kind == TOKEN_CLOSE)
      {
        if (open->len == 0)
          return rsc_expression_set_error (text, tokens[i].start, _("this parenthesis was never opened"),
                                           position, error);
        g_array_set_size (open, open->len - 1);
      }
  if (open->len > 0)
    return rsc_expression_set_error (text, g_array_index (open, gsize, open->len - 1),
                                     _("this parenthesis is never closed"), position, error);
  return TRUE;
}

static gboolean
tokenize (const char *text, GArray *tokens, int *position, GError **error)
{
  gsize offset = 0;
  Token token;
  GError *local = NULL;

  while (next_token (text, &offset, &token, position, &local))
    g_array_append_val (tokens, token);
  if (local != NULL)
    {
      g_propagate_error (error, local);
      return FALSE;
    }
  if (tokens->len == 0)
    return rsc_expression_set_error (text, 0, _("there is nothing to evaluate"), position, error);
  return TRUE;
}

char *
rsc_expression_prepare (const char *text, guint32 *columns_used, int *position, GError **error)
{
  g_autoptr(GArray) tokens = g_array_new (FALSE, FALSE, sizeof (Token));
  const Token *list;
  char *sql;

  *columns_used = 0;
  if (position != NULL)
    *position = 0;
  if (!g_utf8_validate (text, -1, NULL))
    {
      g_set_error_literal (error, RSC_QUERY_ERROR, RSC_ERROR_SYNTAX,
                           _("The expression is not UTF-8 text; write it again."));
      return NULL;
    }
  if (strlen (text) > MAX_EXPRESSION)
    {
      g_set_error (error, RSC_QUERY_ERROR, RSC_ERROR_SYNTAX,
                   _("The expression is longer than %d bytes; shorten it."), MAX_EXPRESSION);
      return NULL;
    }
  if (!tokenize (text, tokens, position, error))
    return NULL;

  list = (const Token *) tokens->data;
  if (!check_parentheses (text, list, tokens->len, position, error))
    return NULL;
  for (guint i = 0; i < tokens->len; i++)
    {
      const Token *next = i + 1 < tokens->len ? &list[i + 1] : NULL;

      if (list[i].kind == TOKEN_WORD
          && !check_word (text, list, i, next, columns_used, position, error))
        return NULL;
      if (list[i].kind == TOKEN_QUOTED)
        {
          Token inner = { TOKEN_WORD, list[i].start + 1, list[i].length - 2 };
          int column = token_column (text, &inner);

          if (column < 0)
            {
              set_unknown_word (text, list, i, position, error);
              return NULL;
            }
          *columns_used |= 1u << column;
        }
    }

  /* "references" is a word of SQL's own: its short form stands in for it. */
  sql = g_strdup (text);
  for (guint i = 0; i < tokens->len; i++)
    if (list[i].kind == TOKEN_WORD && token_is (text, &list[i], "references"))
      memcpy (sql + list[i].start, "refs      ", list[i].length);
  return sql;
}
