#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-condition-row.h"

#include "rsc-drop-down.h"
#include "rsc-template.h"
#include "rsc-wrap-box.h"

struct _RscConditionRow
{
  GtkWidget parent_instance;

  RscConditionKind kind; /* whose operators are offered */
  gboolean filling;

  /* Children */
  GtkWidget *box;
  GtkDropDown *column_drop;
  GtkDropDown *operator_drop;
  GtkEntry *value_entry;
  GtkLabel *error_label;
};

enum
{
  CHANGED,
  REMOVED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RscConditionRow, rsc_condition_row, GTK_TYPE_WIDGET)

/* What people filter by most comes first. */
static const struct
{
  RscNodeColumn column;
  const char *label;
  const char *example;
} columns[] = {
  { RSC_NODE_COLUMN_TYPE, N_("Type"), "dict" },
  { RSC_NODE_COLUMN_MODULE, N_("Module"), "__main__" },
  { RSC_NODE_COLUMN_NAME, N_("Name"), "main" },
  { RSC_NODE_COLUMN_VALUE, N_("Value"), "hello" },
  { RSC_NODE_COLUMN_SIZE, N_("Size in bytes"), "1000" },
  { RSC_NODE_COLUMN_REFCOUNT, N_("Reference count"), "2" },
  { RSC_NODE_COLUMN_GENERATION, N_("Generation"), "2" },
  { RSC_NODE_COLUMN_REFERRERS, N_("Number of referrers"), "1" },
  { RSC_NODE_COLUMN_REFERENCES, N_("Number of references"), "10" },
  { RSC_NODE_COLUMN_DEPTH, N_("Depth"), "2" },
  { RSC_NODE_COLUMN_ADDRESS, N_("Address"), "0x7f0123456789" },
  { RSC_NODE_COLUMN_TRACKED, N_("Tracked by the collector"), NULL },
  { RSC_NODE_COLUMN_ROOT, N_("A root"), NULL },
  { RSC_NODE_COLUMN_CONTAINER, N_("A container"), NULL },
  { RSC_NODE_COLUMN_FINALIZER, N_("Has a finalizer"), NULL },
  { RSC_NODE_COLUMN_WEAKREFS, N_("Has weak references"), NULL },
  { RSC_NODE_COLUMN_IMMORTAL, N_("Immortal"), NULL },
  { RSC_NODE_COLUMN_SYNTHETIC, N_("Added for reading"), NULL }
};

/* By RscConditionOperator. */
static const char *const operator_labels[RSC_N_CONDITION_OPERATORS] = {
  [RSC_CONDITION_IS] = N_("is"),
  [RSC_CONDITION_IS_NOT] = N_("is not"),
  [RSC_CONDITION_CONTAINS] = N_("contains"),
  [RSC_CONDITION_CONTAINS_NOT] = N_("does not contain"),
  [RSC_CONDITION_BEGINS] = N_("begins with"),
  [RSC_CONDITION_EQUAL] = "=",
  [RSC_CONDITION_UNEQUAL] = "≠",
  [RSC_CONDITION_LESS] = "<",
  [RSC_CONDITION_AT_MOST] = "≤",
  [RSC_CONDITION_GREATER] = ">",
  [RSC_CONDITION_AT_LEAST] = "≥",
  [RSC_CONDITION_YES] = N_("yes"),
  [RSC_CONDITION_NO] = N_("no")
};

/* The first operator of a kind; those of one kind stand together. */
static RscConditionOperator
get_first_operator (RscConditionKind kind)
{
  for (guint i = 0; i < RSC_N_CONDITION_OPERATORS; i++)
    if (rsc_condition_operator_get_kind (i) == kind)
      return i;

  g_assert_not_reached ();
}

/* Offers the operators of the column. */
static void
update_column (RscConditionRow *self)
{
  guint selected = gtk_drop_down_get_selected (self->column_drop);
  RscConditionKind kind = rsc_condition_column_get_kind (columns[selected].column);
  const char *example = columns[selected].example;

  if (self->kind != kind || gtk_drop_down_get_model (self->operator_drop) == NULL)
    {
      g_autoptr (GtkStringList) operators = gtk_string_list_new (NULL);

      for (guint i = 0; i < RSC_N_CONDITION_OPERATORS; i++)
        if (rsc_condition_operator_get_kind (i) == kind)
          gtk_string_list_append (operators, _(operator_labels[i]));
      self->kind = kind;
      gtk_drop_down_set_model (self->operator_drop, G_LIST_MODEL (operators));
    }
  gtk_widget_set_visible (GTK_WIDGET (self->value_entry), kind != RSC_CONDITION_FLAG);
  gtk_entry_set_placeholder_text (self->value_entry, example);
}

static void
show_error (RscConditionRow *self, const GError *error)
{
  gtk_label_set_text (self->error_label, error != NULL ? error->message : "");
  gtk_widget_set_visible (GTK_WIDGET (self->error_label), error != NULL);
  if (error != NULL)
    gtk_widget_add_css_class (GTK_WIDGET (self->value_entry), "error");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->value_entry), "error");
  gtk_accessible_update_state (GTK_ACCESSIBLE (self->value_entry), GTK_ACCESSIBLE_STATE_INVALID,
                               error != NULL ? GTK_ACCESSIBLE_INVALID_TRUE : GTK_ACCESSIBLE_INVALID_FALSE, -1);
}

RscCondition *
rsc_condition_row_read (RscConditionRow *self)
{
  g_autoptr (RscCondition) condition = NULL;
  g_autoptr (GError) error = NULL;

  condition = rsc_condition_new (columns[gtk_drop_down_get_selected (self->column_drop)].column,
                                 get_first_operator (self->kind) + gtk_drop_down_get_selected (self->operator_drop),
                                 self->kind == RSC_CONDITION_FLAG ? NULL : gtk_editable_get_text (GTK_EDITABLE (self->value_entry)));
  rsc_condition_check (condition, &error);
  show_error (self, error);

  return error == NULL ? g_steal_pointer (&condition) : NULL;
}

static void
on_changed (RscConditionRow *self)
{
  if (!self->filling)
    g_signal_emit (self, signals[CHANGED], 0);
}

static void
on_column_changed (RscConditionRow *self)
{
  gboolean filling = self->filling;

  self->filling = TRUE;
  update_column (self);
  self->filling = filling;
  on_changed (self);
}

static void
on_remove_clicked (RscConditionRow *self)
{
  g_signal_emit (self, signals[REMOVED], 0);
}

static gboolean
rsc_condition_row_grab_focus (GtkWidget *widget)
{
  RscConditionRow *self = RSC_CONDITION_ROW (widget);

  return gtk_widget_grab_focus (GTK_WIDGET (self->column_drop));
}

static void
rsc_condition_row_dispose (GObject *object)
{
  RscConditionRow *self = RSC_CONDITION_ROW (object);

  self->filling = TRUE;
  g_clear_pointer (&self->box, gtk_widget_unparent);

  G_OBJECT_CLASS (rsc_condition_row_parent_class)->dispose (object);
}

static void
rsc_condition_row_class_init (RscConditionRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rsc_condition_row_dispose;
  widget_class->grab_focus = rsc_condition_row_grab_focus;

  signals[CHANGED] = g_signal_new ("changed", RSC_TYPE_CONDITION_ROW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[REMOVED] = g_signal_new ("removed", RSC_TYPE_CONDITION_ROW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);

  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
}

static GtkWidget *
make_drop_down (const char *name, const char *tooltip)
{
  GtkWidget *drop_down = gtk_drop_down_new (NULL, NULL);

  gtk_widget_set_tooltip_text (drop_down, tooltip);
  rsc_drop_down_set_name (GTK_DROP_DOWN (drop_down), name);

  return drop_down;
}

static void
rsc_condition_row_init (RscConditionRow *self)
{
  GtkWidget *line = rsc_wrap_box_new ();
  GtkWidget *column_drop = make_drop_down (_("Column"), _("What of the objects is compared"));
  GtkWidget *operator_drop = make_drop_down (_("Comparison"), _("How it is compared"));
  GtkWidget *value_entry = gtk_entry_new ();
  GtkWidget *remove_button = gtk_button_new_from_icon_name ("list-remove-symbolic");
  GtkWidget *error_label = gtk_label_new (NULL);
  g_autoptr (GtkStringList) names = gtk_string_list_new (NULL);

  self->column_drop = GTK_DROP_DOWN (column_drop);
  self->operator_drop = GTK_DROP_DOWN (operator_drop);
  self->value_entry = GTK_ENTRY (value_entry);
  self->error_label = GTK_LABEL (error_label);

  self->filling = TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (columns); i++)
    gtk_string_list_append (names, _(columns[i].label));
  gtk_drop_down_set_model (self->column_drop, G_LIST_MODEL (names));

  gtk_editable_set_width_chars (GTK_EDITABLE (value_entry), 8);
  gtk_widget_set_hexpand (value_entry, TRUE);
  gtk_widget_set_tooltip_text (value_entry, _("What it is compared with"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (value_entry), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Compared with"), -1);
  gtk_widget_add_css_class (remove_button, "flat");
  gtk_widget_set_tooltip_text (remove_button, _("Remove this condition"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (remove_button), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Remove this condition"), -1);
  gtk_label_set_xalign (self->error_label, 0);
  gtk_label_set_wrap (self->error_label, TRUE);
  gtk_widget_add_css_class (error_label, "error");
  gtk_widget_set_visible (error_label, FALSE);

  rsc_wrap_box_append (RSC_WRAP_BOX (line), column_drop);
  rsc_wrap_box_append (RSC_WRAP_BOX (line), operator_drop);
  rsc_wrap_box_append (RSC_WRAP_BOX (line), value_entry);
  rsc_wrap_box_append (RSC_WRAP_BOX (line), remove_button);
  self->box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 3);
  gtk_box_append (GTK_BOX (self->box), line);
  gtk_box_append (GTK_BOX (self->box), error_label);
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));

  update_column (self);
  self->filling = FALSE;

  g_signal_connect_object (column_drop, "notify::selected", G_CALLBACK (on_column_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (operator_drop, "notify::selected", G_CALLBACK (on_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (value_entry, "changed", G_CALLBACK (on_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (remove_button, "clicked", G_CALLBACK (on_remove_clicked), self, G_CONNECT_SWAPPED);
}

GtkWidget *
rsc_condition_row_new (const RscCondition *condition)
{
  RscConditionRow *self = g_object_new (RSC_TYPE_CONDITION_ROW, NULL);

  if (condition != NULL)
    {
      self->filling = TRUE;
      for (guint i = 0; i < G_N_ELEMENTS (columns); i++)
        if (columns[i].column == condition->column)
          gtk_drop_down_set_selected (self->column_drop, i);
      gtk_drop_down_set_selected (self->operator_drop, condition->operator - get_first_operator (self->kind));
      gtk_editable_set_text (GTK_EDITABLE (self->value_entry), condition->value);
      self->filling = FALSE;
    }

  return GTK_WIDGET (self);
}
