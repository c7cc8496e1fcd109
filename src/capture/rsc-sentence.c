#include "config.h"

#include "rsc-sentence.h"

#include <glib/gi18n-lib.h>

#include "wire/rsc-wire-sentence.h"

char *
rsc_sentence_dup (const char *text)
{
  char parameters[RSC_WIRE_SENTENCE_PARAMETERS][RSC_WIRE_SENTENCE_SIZE];
  g_autofree char *buffer = NULL;
  const char *message;
  RscSentence sentence;
  gsize length;

  if (text == NULL)
    return g_strdup ("");
  sentence = rsc_wire_sentence_read (text, parameters);
  if (sentence == RSC_SENTENCE_NONE)
    return g_utf8_make_valid (text, -1);

  message = _(rsc_wire_sentence_get_message (sentence));
  length = rsc_wire_sentence_format (NULL, 0, message, parameters);
  buffer = g_malloc (length + 1);
  rsc_wire_sentence_format (buffer, length + 1, message, parameters);

  return g_utf8_make_valid (buffer, -1);
}
