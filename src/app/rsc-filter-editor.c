#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-filter-editor.h"

#include <string.h>

#include "rsc-condition-row.h"
#include "rsc-drop-down.h"
#include "rsc-template.h"

struct _RscFilterEditor
{
  GtkWidget parent_instance;

  gboolean filling; /* set by the program, not by the user */
  gboolean forced;  /* shown as text because rows cannot say it */

  /* Template */
  GtkLabel *sentence_label;
  GtkDropDown *match_drop;
  GtkSwitch *expression_switch;
  GtkWidget *rows_box;
  GtkBox *rows;
  GtkWidget *text_box;
  GtkEntry *entry;
  GtkLabel *note_label;
  GtkLabel *error_label;
};

enum
{
  CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RscFilterEditor, rsc_filter_editor, GTK_TYPE_WIDGET)

void
rsc_expression_entry_mark (GtkEntry *entry, int position)
{
  g_autoptr (PangoAttrList) attributes = pango_attr_list_new ();
  const char *text = gtk_editable_get_text (GTK_EDITABLE (entry));

  if (position >= 0)
    {
      PangoAttribute *underline = pango_attr_underline_new (PANGO_UNDERLINE_ERROR);
      glong length = g_utf8_strlen (text, -1);

      /* What went wrong at the end is shown at the last character. */
      position = (int) CLAMP (position, 0, MAX (length - 1, 0));
      underline->start_index = (guint) (g_utf8_offset_to_pointer (text, position) - text);
      pango_attr_list_insert (attributes, underline);
      gtk_widget_add_css_class (GTK_WIDGET (entry), "error");
    }
  else
    gtk_widget_remove_css_class (GTK_WIDGET (entry), "error");
  gtk_entry_set_attributes (entry, attributes);
  gtk_accessible_update_state (GTK_ACCESSIBLE (entry), GTK_ACCESSIBLE_STATE_INVALID,
                               position >= 0 ? GTK_ACCESSIBLE_INVALID_TRUE : GTK_ACCESSIBLE_INVALID_FALSE, -1);
}

/* From the rows to the text. */

static void
on_rows_changed (RscFilterEditor *self)
{
  g_autoptr (GPtrArray) conditions = g_ptr_array_new_with_free_func ((GDestroyNotify) rsc_condition_free);
  g_autofree char *expression = NULL;
  gboolean valid = TRUE;
  guint n = 0;

  if (self->filling)
    return;

  for (GtkWidget *row = gtk_widget_get_first_child (GTK_WIDGET (self->rows)); row != NULL; row = gtk_widget_get_next_sibling (row))
    {
      RscCondition *condition = rsc_condition_row_read (RSC_CONDITION_ROW (row));

      if (condition != NULL)
        g_ptr_array_add (conditions, condition);
      else
        valid = FALSE;
      n++;
    }
  gtk_widget_set_visible (GTK_WIDGET (self->rows), n > 0);
  /* What was drawn stays until the row is right. */
  if (!valid)
    return;

  expression = rsc_conditions_to_expression (conditions, gtk_drop_down_get_selected (self->match_drop));
  if (strcmp (expression, rsc_filter_editor_get_text (self)) == 0)
    return;

  self->filling = TRUE;
  gtk_editable_set_text (GTK_EDITABLE (self->entry), expression);
  self->filling = FALSE;
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
on_row_removed (RscFilterEditor *self, GtkWidget *row)
{
  gtk_box_remove (self->rows, row);
  on_rows_changed (self);
}

static GtkWidget *
add_row (RscFilterEditor *self, const RscCondition *condition)
{
  GtkWidget *row = rsc_condition_row_new (condition);

  g_signal_connect_object (row, "changed", G_CALLBACK (on_rows_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (row, "removed", G_CALLBACK (on_row_removed), self, G_CONNECT_SWAPPED);
  gtk_box_append (self->rows, row);
  gtk_widget_set_visible (GTK_WIDGET (self->rows), TRUE);

  return row;
}

static void
on_add_clicked (RscFilterEditor *self)
{
  gtk_widget_grab_focus (add_row (self, NULL));
}

/* From the text to the rows. */

static void
on_expression_switched (RscFilterEditor *self)
{
  gboolean text = gtk_switch_get_active (self->expression_switch);

  self->forced = FALSE;
  gtk_widget_set_visible (self->rows_box, !text);
  gtk_widget_set_visible (self->text_box, text);
}

/* Shows the text as rows if they can say it. */
static void
fill_rows (RscFilterEditor *self)
{
  RscMatch match;
  g_autoptr (GPtrArray) conditions = rsc_conditions_from_expression (rsc_filter_editor_get_text (self), &match);
  GtkWidget *row;
  gboolean filling = self->filling;

  gtk_widget_set_visible (GTK_WIDGET (self->note_label), conditions == NULL);
  gtk_widget_set_sensitive (GTK_WIDGET (self->expression_switch), conditions != NULL);
  if (conditions == NULL)
    {
      if (!gtk_switch_get_active (self->expression_switch))
        {
          gtk_switch_set_active (self->expression_switch, TRUE);
          self->forced = TRUE;
        }
      return;
    }

  self->filling = TRUE;
  while ((row = gtk_widget_get_first_child (GTK_WIDGET (self->rows))) != NULL)
    gtk_box_remove (self->rows, row);
  for (guint i = 0; i < conditions->len; i++)
    add_row (self, g_ptr_array_index (conditions, i));
  gtk_widget_set_visible (GTK_WIDGET (self->rows), conditions->len > 0);
  /* One row, or none, is joined by nothing: the choice stays. */
  if (conditions->len > 1 || match == RSC_MATCH_NONE)
    gtk_drop_down_set_selected (self->match_drop, match);
  else if (conditions->len == 1 && gtk_drop_down_get_selected (self->match_drop) == RSC_MATCH_NONE)
    gtk_drop_down_set_selected (self->match_drop, RSC_MATCH_ALL);
  self->filling = filling;
}

static void
on_entry_changed (RscFilterEditor *self)
{
  if (self->filling)
    return;

  fill_rows (self);
  g_signal_emit (self, signals[CHANGED], 0);
}

void
rsc_filter_editor_describe (RscFilterEditor *self, const char *sentence, const char *name)
{
  gtk_label_set_text (self->sentence_label, sentence);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->entry), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

const char *
rsc_filter_editor_get_text (RscFilterEditor *self)
{
  return gtk_editable_get_text (GTK_EDITABLE (self->entry));
}

void
rsc_filter_editor_set_text (RscFilterEditor *self, const char *text)
{
  if (strcmp (rsc_filter_editor_get_text (self), text) == 0)
    return;

  self->filling = TRUE;
  gtk_editable_set_text (GTK_EDITABLE (self->entry), text);
  fill_rows (self);
  self->filling = FALSE;
  /* Half of an expression that is typed elsewhere is none that rows can say:
   * once it is whole the rows are back.  Who types here keeps the text. */
  if (self->forced && gtk_widget_get_sensitive (GTK_WIDGET (self->expression_switch)))
    gtk_switch_set_active (self->expression_switch, FALSE);
}

void
rsc_filter_editor_show_error (RscFilterEditor *self, const char *message, int position)
{
  rsc_expression_entry_mark (self->entry, message != NULL ? MAX (position, 0) : -1);
  gtk_label_set_text (self->error_label, message != NULL ? message : "");
  gtk_widget_set_visible (GTK_WIDGET (self->error_label), message != NULL);
}

static void
rsc_filter_editor_dispose (GObject *object)
{
  RscFilterEditor *self = RSC_FILTER_EDITOR (object);

  self->filling = TRUE;
  rsc_template_dispose (GTK_WIDGET (self), RSC_TYPE_FILTER_EDITOR);

  G_OBJECT_CLASS (rsc_filter_editor_parent_class)->dispose (object);
}

static void
rsc_filter_editor_class_init (RscFilterEditorClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rsc_filter_editor_dispose;

  signals[CHANGED] = g_signal_new ("changed", RSC_TYPE_FILTER_EDITOR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);

  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/refscope/Refscope/ui/rsc-filter-editor.ui");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_bind_template_child (widget_class, RscFilterEditor, sentence_label);
  gtk_widget_class_bind_template_child (widget_class, RscFilterEditor, match_drop);
  gtk_widget_class_bind_template_child (widget_class, RscFilterEditor, expression_switch);
  gtk_widget_class_bind_template_child (widget_class, RscFilterEditor, rows_box);
  gtk_widget_class_bind_template_child (widget_class, RscFilterEditor, rows);
  gtk_widget_class_bind_template_child (widget_class, RscFilterEditor, text_box);
  gtk_widget_class_bind_template_child (widget_class, RscFilterEditor, entry);
  gtk_widget_class_bind_template_child (widget_class, RscFilterEditor, note_label);
  gtk_widget_class_bind_template_child (widget_class, RscFilterEditor, error_label);
  gtk_widget_class_bind_template_callback (widget_class, on_rows_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_add_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_expression_switched);
  gtk_widget_class_bind_template_callback (widget_class, on_entry_changed);
}

static void
rsc_filter_editor_init (RscFilterEditor *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_widget_set_visible (GTK_WIDGET (self->rows), FALSE);
  rsc_drop_down_set_name (self->match_drop, _("Conditions to meet"));
}
