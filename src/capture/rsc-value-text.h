/* Python's numbers as Python writes them. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Room for any of these, with the NUL at the end. */
#define RSC_VALUE_TEXT_SIZE 48

/* Each returns the length. */
gsize rsc_value_text_int   (char text[RSC_VALUE_TEXT_SIZE], gint64 number);
gsize rsc_value_text_items (char text[RSC_VALUE_TEXT_SIZE], guint64 n);   /* "3 items" */
/* The shortest text that reads as the same number, as repr() does. */
gsize rsc_value_text_float (char text[RSC_VALUE_TEXT_SIZE], double number);

/* "(3+4j)", "2j".  Free with g_free(). */
char *rsc_value_text_dup_complex (double real, double imaginary);

/* @digits: 30 bits each, least first; @n_omitted lower ones are not known: the
 * text is then like 1.234567e+4321. */
char *rsc_value_text_dup_big_int (const guint32 *digits, gsize n_digits, guint32 n_omitted, gboolean negative);

G_END_DECLS
