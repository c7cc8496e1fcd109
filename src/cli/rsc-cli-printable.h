/* Text of others' on a terminal. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Names and values come from the program that was captured, and file names from anybody: what could move
 * the terminal's cursor, or begin a line, is shown as an escape.  Free it. */
char *rsc_printable (const char *text);

G_END_DECLS
