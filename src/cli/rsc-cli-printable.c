#include "rsc-cli-printable.h"

char *
rsc_printable (const char *text)
{
  GString *printable = g_string_new (NULL);

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c == '\n')
        g_string_append (printable, "\\n");
      else if (c == '\t')
        g_string_append (printable, "\\t");
      else if (g_unichar_iscntrl (c))
        g_string_append_printf (printable, "\\x%02x", c);
      else if (g_unichar_type (c) == G_UNICODE_FORMAT || g_unichar_type (c) == G_UNICODE_LINE_SEPARATOR
               || g_unichar_type (c) == G_UNICODE_PARAGRAPH_SEPARATOR)
        g_string_append_printf (printable, "\\u%04x", c);
      else
        g_string_append_unichar (printable, c);
    }

  return g_string_free (printable, FALSE);
}
