/* A button in a lesson's text.  It does what the button or the key of the page
 * does, and says which key that is. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* @word is one of a lesson's "Do": continue, capture, collect, collect0,
 * collect1, cycles, steps, steps0, steps1, mark, drop, refs, backrefs, both,
 * deeper, memory, output, export, show:OBJECT, names:NAME,NAME.  NULL for any other. */
GtkWidget *rsc_lesson_button_new (const char *word);

G_END_DECLS
