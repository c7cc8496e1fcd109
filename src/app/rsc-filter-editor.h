/* An expression over objects, as rows of "column / operator / value" or, where
 * rows cannot say it or somebody prefers it, as text.
 *
 * Signals:
 *   changed ()   by the user, to something that rows or text say */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define RSC_TYPE_FILTER_EDITOR (rsc_filter_editor_get_type ())
G_DECLARE_FINAL_TYPE (RscFilterEditor, rsc_filter_editor, RSC, FILTER_EDITOR, GtkWidget)

/* @sentence: what comes of the objects that match; @name: of the expression's entry. */
void        rsc_filter_editor_describe (RscFilterEditor *self, const char *sentence, const char *name);
const char *rsc_filter_editor_get_text (RscFilterEditor *self);
/* Rows that say the same stay as they are. */
void        rsc_filter_editor_set_text (RscFilterEditor *self, const char *text);
/* What is wrong with the expression, and at which character; NULL: nothing. */
void        rsc_filter_editor_show_error (RscFilterEditor *self, const char *message, int position);

/* Marks the character of an expression in an entry; negative: none. */
void rsc_expression_entry_mark (GtkEntry *entry, int position);

G_END_DECLS
