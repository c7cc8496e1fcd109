#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-view-controls.h"

#include <string.h>

#include "query/rsc-filter.h"

#include "rsc-filter-editor.h"
#include "rsc-object-item.h"
#include "rsc-reveal.h"
#include "rsc-shrink.h"
#include "rsc-template.h"
#include "rsc-toggles.h"
#include "rsc-wrap-box.h"

/* Nobody wants a picture for every letter of an expression. */
#define TYPING_DELAY_MS 400

typedef enum
{
  EXPRESSION_FILTER,
  EXPRESSION_HIDE,
  EXPRESSION_HIGHLIGHT,
  EXPRESSION_EXTRA_INFO,
  N_EXPRESSIONS
} Expression;

struct _RscViewControls
{
  GtkWidget parent_instance;

  RscSession *session;
  gboolean filling; /* the widgets are being set from the view */
  guint typing_source;

  /* Template */
  GtkStackSwitcher *filter_switcher;
  GtkToggleButton *refs_button;
  GtkToggleButton *backrefs_button;
  GtkToggleButton *both_button;
  GtkSpinButton *depth_spin;
  GtkSpinButton *too_many_spin;
  GtkSpinButton *max_nodes_spin;
  GtkEntry *filter_entry;
  RscFilterEditor *filter_editor;
  RscFilterEditor *hide_editor;
  GtkMenuButton *filter_button;
  GtkEntry *highlight_entry;
  GtkEntry *extra_info_entry;
  GtkSwitch *refcounts_switch;
  GtkSwitch *shortnames_switch;
  GtkSwitch *collector_switch;
  GtkSwitch *type_edges_switch;
  GtkSwitch *swap_switch;
  GtkRevealer *error_revealer;
  GtkLabel *error_label;
  GtkRevealer *ignore_revealer;
  RscWrapBox *chips;
};

G_DEFINE_FINAL_TYPE (RscViewControls, rsc_view_controls, GTK_TYPE_WIDGET)

/* NULL: it has none on the bar. */
static GtkEntry *
get_entry (RscViewControls *self, Expression expression)
{
  GtkEntry *entries[N_EXPRESSIONS] = { self->filter_entry, NULL, self->highlight_entry, self->extra_info_entry };

  return entries[expression];
}

/* NULL: it is text only. */
static RscFilterEditor *
get_editor (RscViewControls *self, Expression expression)
{
  RscFilterEditor *editors[N_EXPRESSIONS] = { self->filter_editor, self->hide_editor, NULL, NULL };

  return editors[expression];
}

static const char *
get_typed (RscViewControls *self, Expression expression)
{
  GtkEntry *entry = get_entry (self, expression);

  return entry != NULL ? gtk_editable_get_text (GTK_EDITABLE (entry)) : rsc_filter_editor_get_text (get_editor (self, expression));
}

static const char *
get_expression (const RscViewParams *params, Expression expression)
{
  const char *texts[N_EXPRESSIONS] = { params->filter, params->hide, params->highlight, params->extra_info };

  return texts[expression] != NULL ? texts[expression] : "";
}

/* Expressions. */

static void
show_error (RscViewControls *self, const char *message)
{
  gtk_label_set_text (self->error_label, message != NULL ? message : "");
  rsc_reveal (self->error_revealer, message != NULL);
}

/* FALSE if one of the expressions does not parse; it is marked. */
static gboolean
check_expressions (RscViewControls *self)
{
  g_autofree char *message = NULL;

  for (guint i = 0; i < N_EXPRESSIONS; i++)
    {
      GtkEntry *entry = get_entry (self, i);
      RscFilterEditor *editor = get_editor (self, i);
      const char *text = get_typed (self, i);
      g_autoptr (GError) error = NULL;
      int position = -1;

      if (*text != '\0' && !rsc_filter_check (text, &position, &error))
        position = MAX (position, 0);
      else
        position = -1;
      if (entry != NULL)
        rsc_expression_entry_mark (entry, position);
      if (editor != NULL)
        rsc_filter_editor_show_error (editor, error != NULL ? error->message : NULL, position);
      if (error != NULL && message == NULL)
        message = g_strdup (error->message);
    }
  show_error (self, message);

  return message == NULL;
}

/* From the widgets to the view. */

static guint
get_number (GtkSpinButton *spin)
{
  return (guint) MAX (gtk_spin_button_get_value_as_int (spin), 0);
}

static const char *
get_text_or_null (RscViewControls *self, Expression expression)
{
  const char *text = get_typed (self, expression);

  return *text != '\0' ? text : NULL;
}

static void
apply (RscViewControls *self)
{
  RscView *old = self->session != NULL ? rsc_session_get_view (self->session) : NULL;
  g_autoptr (RscView) view = NULL;
  RscViewParams params;

  g_clear_handle_id (&self->typing_source, g_source_remove);
  if (self->filling || old == NULL || !check_expressions (self))
    return;

  params = *rsc_view_get_params (old);
  if (gtk_toggle_button_get_active (self->backrefs_button))
    params.direction = RSC_DIRECTION_BACKREFS;
  else if (gtk_toggle_button_get_active (self->both_button))
    params.direction = RSC_DIRECTION_BOTH;
  else
    params.direction = RSC_DIRECTION_REFS;
  params.max_depth = get_number (self->depth_spin);
  params.too_many = get_number (self->too_many_spin);
  params.max_nodes = get_number (self->max_nodes_spin);
  params.filter = get_text_or_null (self, EXPRESSION_FILTER);
  params.hide = get_text_or_null (self, EXPRESSION_HIDE);
  params.highlight = get_text_or_null (self, EXPRESSION_HIGHLIGHT);
  params.extra_info = get_text_or_null (self, EXPRESSION_EXTRA_INFO);
  params.refcounts = gtk_switch_get_active (self->refcounts_switch);
  params.shortnames = gtk_switch_get_active (self->shortnames_switch);
  params.swap = gtk_switch_get_active (self->swap_switch);
  params.edges = gtk_switch_get_active (self->collector_switch) ? RSC_EDGES_COLLECTOR : RSC_EDGES_EVERYTHING;
  params.type_edges = gtk_switch_get_active (self->type_edges_switch);
  view = rsc_view_new (&params);
  rsc_session_set_view (self->session, view);
}

static void
on_changed (RscViewControls *self)
{
  apply (self);
}

static void
on_direction_toggled (RscViewControls *self, GtkToggleButton *button)
{
  /* The one that is left toggles too. */
  if (gtk_toggle_button_get_active (button))
    apply (self);
}

static gboolean
on_typing_over (gpointer user_data)
{
  RscViewControls *self = user_data;

  self->typing_source = 0;
  apply (self);

  return G_SOURCE_REMOVE;
}

static void
apply_soon (RscViewControls *self)
{
  g_clear_handle_id (&self->typing_source, g_source_remove);
  self->typing_source = g_timeout_add (TYPING_DELAY_MS, on_typing_over, self);
}

static void
on_typed (RscViewControls *self, GtkEntry *entry)
{
  const char *text = gtk_editable_get_text (GTK_EDITABLE (entry));

  gtk_entry_set_icon_from_icon_name (entry, GTK_ENTRY_ICON_SECONDARY, *text != '\0' ? "edit-clear-symbolic" : NULL);
  if (self->filling)
    return;

  if (entry == self->filter_entry)
    rsc_filter_editor_set_text (self->filter_editor, text);
  apply_soon (self);
}

static void
on_filter_edited (RscViewControls *self)
{
  gboolean filling = self->filling;

  /* The entry is empty for a moment, which the rows must not become. */
  self->filling = TRUE;
  gtk_editable_set_text (GTK_EDITABLE (self->filter_entry), rsc_filter_editor_get_text (self->filter_editor));
  self->filling = filling;
  if (!self->filling)
    apply_soon (self);
}

static void
on_hide_edited (RscViewControls *self)
{
  if (!self->filling)
    apply_soon (self);
}

/* The button tells that something is filtered while its popover is closed. */
static void
update_filter_button (RscViewControls *self)
{
  gboolean any = *get_typed (self, EXPRESSION_FILTER) != '\0' || *get_typed (self, EXPRESSION_HIDE) != '\0';

  if (any)
    gtk_widget_add_css_class (GTK_WIDGET (self->filter_button), "filtered");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->filter_button), "filtered");
}

static void
on_clear_pressed (RscViewControls *self, GtkEntryIconPosition position, GtkEntry *entry)
{
  gtk_editable_set_text (GTK_EDITABLE (entry), "");
  apply (self);
}

/* Ignored objects and types, as chips. */

static void
set_ignored (RscViewControls *self, const RscNode *nodes, gsize n_nodes, const char *const *types)
{
  g_autoptr (RscView) view = NULL;
  RscViewParams params;

  if (rsc_session_get_view (self->session) == NULL)
    return;

  params = *rsc_view_get_params (rsc_session_get_view (self->session));
  params.extra_ignore = nodes;
  params.n_extra_ignore = n_nodes;
  params.ignore_types = types;
  view = rsc_view_new (&params);
  rsc_session_set_view (self->session, view);
}

void
rsc_view_controls_ignore_object (RscViewControls *self, RscNode node)
{
  RscView *view = rsc_session_get_view (self->session);
  const RscViewParams *params;
  g_autoptr (GArray) nodes = NULL;

  if (view == NULL)
    return;

  params = rsc_view_get_params (view);
  nodes = g_array_new (FALSE, FALSE, sizeof (RscNode));
  g_array_append_vals (nodes, params->extra_ignore, (guint) params->n_extra_ignore);
  g_array_append_val (nodes, node);
  set_ignored (self, (const RscNode *) (gconstpointer) nodes->data, nodes->len, params->ignore_types);
}

void
rsc_view_controls_ignore_type (RscViewControls *self, RscNode node)
{
  RscView *view = rsc_session_get_view (self->session);
  const RscViewParams *params;
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *type = NULL;
  g_auto (GStrv) types = NULL;

  if (view == NULL)
    return;

  params = rsc_view_get_params (view);
  type = rsc_node_dup_type (rsc_session_get_snapshot (self->session), node, TRUE);
  if (params->ignore_types != NULL)
    g_strv_builder_addv (builder, (const char **) params->ignore_types);
  g_strv_builder_add (builder, type);
  types = g_strv_builder_end (builder);
  set_ignored (self, params->extra_ignore, params->n_extra_ignore, (const char *const *) types);
}

static void
on_chip_clicked (RscViewControls *self, GtkWidget *button)
{
  const RscViewParams *params = rsc_view_get_params (rsc_session_get_view (self->session));
  const char *type = g_object_get_data (G_OBJECT (button), "type");
  g_autoptr (GArray) nodes = g_array_new (FALSE, FALSE, sizeof (RscNode));
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) types = NULL;
  RscNode node = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (button), "node"));

  for (gsize i = 0; i < params->n_extra_ignore; i++)
    if (type != NULL || params->extra_ignore[i] != node)
      g_array_append_val (nodes, params->extra_ignore[i]);
  for (gsize i = 0; params->ignore_types != NULL && params->ignore_types[i] != NULL; i++)
    if (g_strcmp0 (type, params->ignore_types[i]) != 0)
      g_strv_builder_add (builder, params->ignore_types[i]);
  types = g_strv_builder_end (builder);
  set_ignored (self, (const RscNode *) (gconstpointer) nodes->data, nodes->len, (const char *const *) types);
}

static void
add_chip (RscViewControls *self, const char *text, const char *type, RscNode node)
{
  GtkWidget *button = gtk_button_new ();
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *label = gtk_label_new (text);
  g_autofree char *name = g_strdup_printf (_("Stop ignoring %s"), text);

  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 24);
  gtk_box_append (GTK_BOX (box), label);
  gtk_box_append (GTK_BOX (box), gtk_image_new_from_icon_name ("window-close-symbolic"));
  gtk_button_set_child (GTK_BUTTON (button), box);
  gtk_widget_add_css_class (button, "chip");
  gtk_widget_set_tooltip_text (button, name);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  g_object_set_data_full (G_OBJECT (button), "type", g_strdup (type), g_free);
  g_object_set_data (G_OBJECT (button), "node", GUINT_TO_POINTER (node));
  g_signal_connect_object (button, "clicked", G_CALLBACK (on_chip_clicked), self, G_CONNECT_SWAPPED);
  rsc_wrap_box_append (self->chips, button);
}

static void
fill_chips (RscViewControls *self, const RscViewParams *params)
{
  RscSnapshot *snapshot = rsc_session_get_snapshot (self->session);
  gboolean any = params->n_extra_ignore > 0;

  rsc_wrap_box_remove_all (self->chips);
  for (gsize i = 0; params->ignore_types != NULL && params->ignore_types[i] != NULL; i++)
    {
      /* Translators: a chip: all objects of this type are ignored */
      g_autofree char *text = g_strdup_printf (_("type %s"), params->ignore_types[i]);

      add_chip (self, text, params->ignore_types[i], RSC_NODE_NONE);
      any = TRUE;
    }
  for (gsize i = 0; i < params->n_extra_ignore; i++)
    {
      g_autofree char *text = rsc_node_dup_title (snapshot, params->extra_ignore[i]);

      add_chip (self, text, NULL, params->extra_ignore[i]);
    }
  rsc_reveal (self->ignore_revealer, any);
}

void
rsc_view_controls_expand (RscViewControls *self, RscNode node)
{
  RscView *view = rsc_session_get_view (self->session);
  g_autoptr (RscView) expanded = NULL;
  g_autoptr (GArray) expansions = g_array_new (FALSE, FALSE, sizeof (RscExpansion));
  RscExpansion more = { node, RSC_VIEW_EXPAND_STEP };
  RscViewParams params;

  if (view == NULL)
    return;

  params = *rsc_view_get_params (view);
  for (gsize i = 0; i < params.n_expansions; i++)
    if (params.expansions[i].node == node)
      more.extra += params.expansions[i].extra;
    else
      g_array_append_val (expansions, params.expansions[i]);
  g_array_append_val (expansions, more);
  params.expansions = (const RscExpansion *) (gconstpointer) expansions->data;
  params.n_expansions = expansions->len;
  expanded = rsc_view_new (&params);
  rsc_session_set_view (self->session, expanded);
}

/* From the view to the widgets. */

static void
set_entry (GtkEntry *entry, const char *text)
{
  /* A text that is being typed keeps its cursor. */
  if (strcmp (gtk_editable_get_text (GTK_EDITABLE (entry)), text) != 0)
    gtk_editable_set_text (GTK_EDITABLE (entry), text);
}

static void
on_view_changed (RscViewControls *self)
{
  RscView *view = rsc_session_get_view (self->session);
  const RscViewParams *params;

  gtk_widget_set_sensitive (GTK_WIDGET (self), view != NULL);
  /* Not while somebody types: the view will follow. */
  if (view == NULL || self->typing_source != 0)
    return;

  params = rsc_view_get_params (view);
  self->filling = TRUE;
  gtk_toggle_button_set_active (self->refs_button, params->direction == RSC_DIRECTION_REFS);
  gtk_toggle_button_set_active (self->backrefs_button, params->direction == RSC_DIRECTION_BACKREFS);
  gtk_toggle_button_set_active (self->both_button, params->direction == RSC_DIRECTION_BOTH);
  gtk_spin_button_set_value (self->depth_spin, params->max_depth);
  gtk_spin_button_set_value (self->too_many_spin, params->too_many);
  gtk_spin_button_set_value (self->max_nodes_spin, params->max_nodes);
  for (guint i = 0; i < N_EXPRESSIONS; i++)
    {
      if (get_entry (self, i) != NULL)
        set_entry (get_entry (self, i), get_expression (params, i));
      if (get_editor (self, i) != NULL)
        rsc_filter_editor_set_text (get_editor (self, i), get_expression (params, i));
    }
  update_filter_button (self);
  gtk_switch_set_active (self->refcounts_switch, params->refcounts);
  gtk_switch_set_active (self->shortnames_switch, params->shortnames);
  gtk_switch_set_active (self->swap_switch, params->swap);
  gtk_switch_set_active (self->collector_switch, params->edges == RSC_EDGES_COLLECTOR);
  gtk_switch_set_active (self->type_edges_switch, params->type_edges);
  fill_chips (self, params);
  check_expressions (self);
  self->filling = FALSE;
}

static void
on_view_failed (RscViewControls *self, const GError *error)
{
  show_error (self, error->message);
}

void
rsc_view_controls_set_direction (RscViewControls *self, RscDirection direction)
{
  GtkToggleButton *buttons[] = { self->refs_button, self->backrefs_button, self->both_button };

  gtk_toggle_button_set_active (buttons[direction], TRUE);
}

void
rsc_view_controls_add_depth (RscViewControls *self, int by)
{
  gtk_spin_button_spin (self->depth_spin, by > 0 ? GTK_SPIN_STEP_FORWARD : GTK_SPIN_STEP_BACKWARD, ABS (by));
}

void
rsc_view_controls_focus_filter (RscViewControls *self)
{
  gtk_widget_grab_focus (GTK_WIDGET (self->filter_entry));
}

void
rsc_view_controls_show_conditions (RscViewControls *self)
{
  gtk_menu_button_popup (self->filter_button);
}

void
rsc_view_controls_set_session (RscViewControls *self, RscSession *session)
{
  g_return_if_fail (self->session == NULL);

  self->session = g_object_ref (session);
  g_signal_connect_object (session, "notify::view", G_CALLBACK (on_view_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "view-failed", G_CALLBACK (on_view_failed), self, G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  on_view_changed (self);
}

static void
rsc_view_controls_dispose (GObject *object)
{
  RscViewControls *self = RSC_VIEW_CONTROLS (object);

  self->filling = TRUE;
  g_clear_handle_id (&self->typing_source, g_source_remove);
  g_clear_object (&self->session);
  rsc_template_dispose (GTK_WIDGET (self), RSC_TYPE_VIEW_CONTROLS);

  G_OBJECT_CLASS (rsc_view_controls_parent_class)->dispose (object);
}

static void
rsc_view_controls_class_init (RscViewControlsClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rsc_view_controls_dispose;

  g_type_ensure (RSC_TYPE_FILTER_EDITOR);
  g_type_ensure (RSC_TYPE_WRAP_BOX);
  g_type_ensure (RSC_TYPE_TOGGLES);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/refscope/Refscope/ui/rsc-view-controls.ui");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "viewcontrols");
  gtk_widget_class_bind_template_child (widget_class, RscViewControls, filter_switcher);
  gtk_widget_class_bind_template_child (widget_class, RscViewControls, refs_button);
  gtk_widget_class_bind_template_child (widget_class, RscViewControls, backrefs_button);
  gtk_widget_class_bind_template_child (widget_class, RscViewControls, both_button);
  gtk_widget_class_bind_template_child (widget_class, RscViewControls, depth_spin);
  gtk_widget_class_bind_template_child (widget_class, RscViewControls, too_many_spin);
  gtk_widget_class_bind_template_child (widget_class, RscViewControls, max_nodes_spin);
  gtk_widget_class_bind_template_child (widget_class, RscViewControls, filter_entry);
  gtk_widget_class_bind_template_child (widget_class, RscViewControls, filter_editor);
  gtk_widget_class_bind_template_child (widget_class, RscViewControls, hide_editor);
  gtk_widget_class_bind_template_child (widget_class, RscViewControls, filter_button);
  gtk_widget_class_bind_template_child (widget_class, RscViewControls, highlight_entry);
  gtk_widget_class_bind_template_child (widget_class, RscViewControls, extra_info_entry);
  gtk_widget_class_bind_template_child (widget_class, RscViewControls, refcounts_switch);
  gtk_widget_class_bind_template_child (widget_class, RscViewControls, shortnames_switch);
  gtk_widget_class_bind_template_child (widget_class, RscViewControls, collector_switch);
  gtk_widget_class_bind_template_child (widget_class, RscViewControls, type_edges_switch);
  gtk_widget_class_bind_template_child (widget_class, RscViewControls, swap_switch);
  gtk_widget_class_bind_template_child (widget_class, RscViewControls, error_revealer);
  gtk_widget_class_bind_template_child (widget_class, RscViewControls, error_label);
  gtk_widget_class_bind_template_child (widget_class, RscViewControls, ignore_revealer);
  gtk_widget_class_bind_template_child (widget_class, RscViewControls, chips);
  gtk_widget_class_bind_template_callback (widget_class, on_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_direction_toggled);
  gtk_widget_class_bind_template_callback (widget_class, on_typed);
  gtk_widget_class_bind_template_callback (widget_class, on_filter_edited);
  gtk_widget_class_bind_template_callback (widget_class, on_hide_edited);
  gtk_widget_class_bind_template_callback (widget_class, on_clear_pressed);
}

static void
rsc_view_controls_init (RscViewControls *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  /* They begin alike. */
  rsc_shrink_switcher (self->filter_switcher);
  rsc_filter_editor_describe (self->filter_editor, _("The way goes only through objects that meet:"), _("Filter expression"));
  rsc_filter_editor_describe (self->hide_editor, _("Left out, and bridged by a dashed arrow, are objects that meet:"),
                              _("Hide"));
}
