/* Numbers for people, for messages that have to be found by translators: a
 * format macro within a message hides it from them. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* "1,234,567" as the locale writes it.  Free with g_free(). */
char *rsc_number_dup (guint64 number);

/* For the plural forms of g_dngettext(), which knows no more than a long. */
#define RSC_PLURAL(number) ((gulong) MIN ((guint64) (number), (guint64) G_MAXLONG))

G_END_DECLS
