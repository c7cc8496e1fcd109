/* What the agent says, in the user's language. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* @text: from the wire, untrusted; what is no sentence with a number is taken as
 * it is.  Valid UTF-8; "" for NULL.  (transfer full) */
char *rsc_sentence_dup (const char *text);

G_END_DECLS
