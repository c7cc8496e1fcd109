/* What of a text from outside may stand in a file that others read. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Stands for what may not. */
#define RSC_CHARACTER_REPLACEMENT 0xfffd

/* FALSE for what a control character could be to a terminal, and for what XML 1.0 does not
 * admit, not even escaped.  A line's end and a tab are as they are. */
static inline gboolean
rsc_character_is_printable (gunichar c)
{
  return c == '\n' || c == '\t' || !(g_unichar_iscntrl (c) || c == 0xfffe || c == 0xffff);
}

G_END_DECLS
