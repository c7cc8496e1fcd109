#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>
#include <inttypes.h>

#include "rsc-details-panel.h"

#include "analysis/rsc-holders.h"
#include "analysis/rsc-names.h"
#include "graph/rsc-graph.h"

#include "rsc-job.h"
#include "rsc-kept-values.h"
#include "rsc-list-filler.h"
#include "rsc-menus.h"
#include "rsc-number.h"
#include "rsc-object-item.h"
#include "rsc-template.h"
#include "rsc-toggles.h"

#define ROWS_MAX 200
#define NAME_STEPS_MAX 8

/* About half of the panel's width, in pixels. */
#define FACT_TITLE_MAX 150

struct _RscDetailsPanel
{
  GtkWidget parent_instance;

  /* Owned */
  RscSession *session;
  RscJob *job;
  GListStore *referrers;
  GListStore *references;

  /* What is shown or being found out. */
  guint64 snapshot_id;
  RscNode node;

  gboolean facts_below; /* each below its title */
  RscObjectItem *asked; /* what the menu is of */

  /* Template */
  GtkStack *stack;
  GtkLabel *type_label;
  GtkLabel *name_label;
  GtkLabel *value_label;
  GtkLabel *left_out_label;
  GtkLabel *fate_label;
  GtkLabel *size_label;
  GtkLabel *address_label;
  GtkLabel *generation_label;
  GtkLabel *facts_label;
  GtkGrid *facts_grid;
  GtkWidget *size_title;
  GtkWidget *address_title;
  GtkWidget *generation_title;
  GtkWidget *facts_title;
  GtkLabel *refcount_label;
  GtkLabel *explanation_label;
  GtkToggleButton *referrers_button;
  GtkToggleButton *references_button;
  GtkStack *lists;
  GtkListView *referrers_view;
  GtkListView *references_view;
  GtkLabel *referrers_rest;
  GtkLabel *references_rest;
  GtkLabel *error_label;
  GtkPopover *reference_popover;
};

G_DEFINE_FINAL_TYPE (RscDetailsPanel, rsc_details_panel, GTK_TYPE_WIDGET)

typedef struct
{
  RscSnapshot *snapshot;
  RscNode node;
} Request;

typedef struct
{
  char *path;
  RscHolders *holders;
  GPtrArray *referrers;  /* of RscObjectItem */
  GPtrArray *references;
  guint64 n_references;
  gboolean is_object; /* of the program */
} Result;

static void
request_free (gpointer data)
{
  Request *request = data;

  rsc_snapshot_unref (request->snapshot);
  g_free (request);
}

static void
result_free (gpointer data)
{
  Result *result = data;

  g_free (result->path);
  g_clear_pointer (&result->holders, rsc_holders_free);
  g_clear_pointer (&result->referrers, g_ptr_array_unref);
  g_clear_pointer (&result->references, g_ptr_array_unref);
  g_free (result);
}

static RscObjectItem *
make_holder (RscSnapshot *snapshot, const RscHolder *holder)
{
  g_autofree char *label = NULL;
  const char *note = NULL;
  RscObjectItem *item;

  if (holder->edge != G_MAXUINT64)
    label = rsc_snapshot_dup_edge_label (snapshot, holder->edge);

  switch (holder->kind)
    {
    case RSC_HOLDER_OBJECT:
    case RSC_HOLDER_LOCAL:
      note = holder->counted ? NULL : _("not counted");
      break;

    case RSC_HOLDER_STACK:
      note = holder->counted ? _("evaluation stack") : _("evaluation stack, not counted");
      break;

    case RSC_HOLDER_ROOT:
      note = _("the runtime itself");
      break;
    }

  item = rsc_object_item_new (snapshot, holder->node, label != NULL && *label != '\0' ? label : NULL, note);
  rsc_object_item_set_edge (item, holder->edge);

  return item;
}

static gpointer
describe (gpointer data, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  Request *request = data;
  RscSnapshot *snapshot = request->snapshot;
  const RscColumns *columns;
  Result *result;
  guint64 first, last;

  columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL & ~RSC_BLOCK_ADDRESSES, error);
  if (columns == NULL)
    return NULL;

  result = g_new0 (Result, 1);
  result->is_object = (columns->flags[request->node] & RSC_NODE_SYNTHETIC) == 0;
  result->holders = rsc_holders_compute (snapshot, request->node, ROWS_MAX, error);
  if (result->holders == NULL)
    {
      result_free (result);
      return NULL;
    }

  result->referrers = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < result->holders->holders->len; i++)
    {
      const RscHolder *holder = &g_array_index (result->holders->holders, RscHolder, i);

      g_ptr_array_add (result->referrers, make_holder (snapshot, holder));
    }

  result->references = g_ptr_array_new_with_free_func (g_object_unref);
  first = columns->first_edge[request->node];
  last = columns->first_edge[request->node + 1];
  result->n_references = last - first;
  for (guint64 e = first; e < last && e - first < ROWS_MAX; e++)
    {
      g_autofree char *label = rsc_snapshot_dup_edge_label (snapshot, e);
      RscObjectItem *item = rsc_object_item_new (snapshot, columns->target[e], *label != '\0' ? label : NULL,
                                                 columns->kind[e] & RSC_EDGE_WEAK ? _("weak") : NULL);

      rsc_object_item_set_edge (item, e);
      g_ptr_array_add (result->references, item);
    }

  if (!g_cancellable_is_cancelled (cancellable))
    result->path = rsc_names_describe (snapshot, request->node, NAME_STEPS_MAX);

  return result;
}

static void
set_text (GtkLabel *label, const char *text)
{
  gtk_label_set_text (label, text != NULL ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (label), text != NULL && *text != '\0');
}

static char *
dup_generation (RscSnapshot *snapshot, guint8 generation)
{
  guint interpreter = rsc_generation_get_interpreter (generation);

  if (interpreter > 0)
    {
      g_autofree char *own = dup_generation (snapshot, rsc_generation_in_interpreter (generation));

      /* Translators: a generation, or "Permanent (frozen)", and the number of the sub-interpreter whose it is */
      return g_strdup_printf (_("%1$s, of interpreter %2$" PRId64), own, rsc_snapshot_get_interpreter_id (snapshot, interpreter));
    }

  switch (generation)
    {
    case RSC_GENERATION_PERMANENT:
      return g_strdup (_("Permanent (frozen)"));

    case RSC_GENERATION_NONE:
      return g_strdup (_("Not tracked"));

    default:
      return g_strdup_printf ("%u", generation);
    }
}

static char *
dup_facts (guint32 flags)
{
  static const struct
  {
    RscNodeFlags flag;
    const char *text;
  } facts[] = {
    { RSC_NODE_ROOT, N_("root") },
    { RSC_NODE_IMMORTAL, N_("immortal") },
    { RSC_NODE_FINALIZER, N_("has a finalizer") },
    { RSC_NODE_FINALIZED, N_("finalizer has run") },
    { RSC_NODE_HAS_WEAKREFS, N_("weak references exist") },
    { RSC_NODE_SYNTHETIC, N_("no object of the program") },
    { RSC_NODE_HIDDEN_HOLDERS, N_("held from outside the heap") }
  };
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (facts); i++)
    if (flags & facts[i].flag)
      g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", _(facts[i].text));

  return g_string_free (text, FALSE);
}

static void
take_part (GStrvBuilder *parts, char *part)
{
  g_strv_builder_add (parts, part);
  g_free (part);
}

/* "3 references: 2 from objects, 1 from a local variable" */
static char *
dup_explanation (const Result *result)
{
  const RscHolders *holders = result->holders;
  guint32 objects = holders->counted[RSC_HOLDER_OBJECT];
  guint32 locals = holders->counted[RSC_HOLDER_LOCAL];
  guint32 roots = holders->counted[RSC_HOLDER_ROOT] + holders->counted[RSC_HOLDER_STACK];
  g_autoptr (GStrvBuilder) parts = g_strv_builder_new ();
  g_auto (GStrv) from = NULL;
  g_autofree char *list = NULL;
  g_autofree char *getrefcount = NULL;

  if (!result->is_object)
    return g_strdup (_("It is no object of the program, so nothing counts references to it."));
  if (holders->refcount == RSC_REFCOUNT_UNKNOWN)
    return g_strdup (_("This object has no reference count that tells anything: it is immortal, or its runtime does not count."));

  if (objects > 0)
    take_part (parts, g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%u from an object", "%u from objects", objects), objects));
  if (locals > 0)
    take_part (parts, g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%u from a local variable", "%u from local variables", locals), locals));
  if (roots > 0)
    take_part (parts, g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%u from the runtime", "%u from the runtime", roots), roots));
  if (holders->unexplained > 0)
    take_part (parts, g_strdup_printf (_("%u unexplained (held by C code, or lent to a call)"), holders->unexplained));

  from = g_strv_builder_end (parts);
  list = g_strjoinv (", ", from);
  getrefcount = g_strdup_printf (_("sys.getrefcount() would say %u: its argument is one more."), holders->getrefcount);

  return g_strconcat (list, *list != '\0' ? ". " : "", getrefcount, NULL);
}

static void
fill_list (GListStore *store, GtkListView *view, GPtrArray *items, guint64 n_all, GtkLabel *rest)
{
  g_autofree char *text = NULL;
  guint64 n_more = n_all > items->len ? n_all - items->len : 0;

  rsc_list_fill (store, GTK_WIDGET (view), items);
  if (n_more > 0)
    {
      g_autofree char *more = rsc_number_dup (n_more);

      text = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "and %s more", "and %s more", RSC_PLURAL (n_more)), more);
    }
  else if (n_all == 0)
    text = g_strdup (_("None"));
  set_text (rest, text);
}

static void
described (gpointer owner, RscJob *job, gpointer data, const GError *error)
{
  RscDetailsPanel *self = owner;
  Result *result = data;
  g_autofree char *explanation = NULL;
  g_autofree char *count = NULL;
  g_autofree char *referrers = NULL;
  g_autofree char *references = NULL;
  g_autofree char *n_referrers = NULL;
  g_autofree char *n_references = NULL;

  if (job != self->job)
    {
      g_clear_pointer (&result, result_free);
      return;
    }

  g_clear_object (&self->job);
  if (error != NULL)
    {
      gtk_label_set_text (self->error_label, error->message);
      gtk_stack_set_visible_child_name (self->stack, "error");
      return;
    }

  set_text (self->name_label, result->path);
  if (result->holders->refcount == RSC_REFCOUNT_UNKNOWN)
    count = g_strdup ("–");
  else
    count = g_strdup_printf ("%u", result->holders->refcount);
  gtk_label_set_text (self->refcount_label, count);
  explanation = dup_explanation (result);
  gtk_label_set_text (self->explanation_label, explanation);
  fill_list (self->referrers, self->referrers_view, result->referrers, result->holders->n_holders, self->referrers_rest);
  fill_list (self->references, self->references_view, result->references, result->n_references, self->references_rest);
  n_referrers = rsc_number_dup (result->holders->n_holders);
  n_references = rsc_number_dup (result->n_references);
  /* Translators: a tab's title: how many references there are to the object */
  referrers = g_strdup_printf (_("Held By (%s)"), n_referrers);
  gtk_button_set_label (GTK_BUTTON (self->referrers_button), referrers);
  /* Translators: a tab's title: how many references the object has */
  references = g_strdup_printf (_("Refers To (%s)"), n_references);
  gtk_button_set_label (GTK_BUTTON (self->references_button), references);
  result_free (result);
}

/* What the columns say is shown at once; the rest when the worker is done. */
static void
show_facts (RscDetailsPanel *self, RscSnapshot *snapshot, RscNode node)
{
  const RscColumns *columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_NODES | RSC_BLOCK_STRINGS, NULL);
  g_autofree char *type = rsc_node_dup_type (snapshot, node, TRUE);
  g_autofree char *value = NULL;
  g_autofree char *address = NULL;
  g_autofree char *size = NULL;
  g_autofree char *generation = NULL;
  g_autofree char *facts = NULL;
  gboolean counts = !g_str_has_prefix (rsc_snapshot_get_info_string (snapshot, "runtime"), "DOT");

  if (columns == NULL || node >= columns->n_nodes)
    return;

  value = rsc_node_dup_value (snapshot, node);
  set_text (self->type_label, type);
  set_text (self->value_label, value);
  /* A text that is there all the same is a name in the program's code. */
  set_text (self->left_out_label, columns->flags[node] & (RSC_NODE_TEXT | RSC_NODE_BYTES | RSC_NODE_SYNTHETIC) ? NULL :
            rsc_kept_values_get_sentence (snapshot));
  /* A drawing's nodes lie nowhere: what stands in for addresses is told to nobody. */
  if (counts && columns->address[node] != 0)
    address = g_strdup_printf ("0x%" G_GINT64_MODIFIER "x", columns->address[node]);
  set_text (self->address_label, address);
  if (columns->flags[node] & RSC_NODE_SIZE_ESTIMATED)
    {
      g_autofree char *plain = g_format_size_full (columns->size[node], G_FORMAT_SIZE_IEC_UNITS);

      /* Translators: a size that is not known exactly */
      size = g_strdup_printf (_("about %s"), plain);
    }
  else
    size = g_format_size_full (columns->size[node], G_FORMAT_SIZE_IEC_UNITS | G_FORMAT_SIZE_LONG_FORMAT);
  set_text (self->size_label, columns->size[node] > 0 ? size : NULL);
  if (counts && (columns->flags[node] & RSC_NODE_SYNTHETIC) == 0)
    generation = dup_generation (snapshot, columns->generation[node]);
  set_text (self->generation_label, generation);
  facts = dup_facts (columns->flags[node]);
  set_text (self->facts_label, facts);
  gtk_widget_set_visible (self->size_title, columns->size[node] > 0);
  gtk_widget_set_visible (self->address_title, address != NULL);
  gtk_widget_set_visible (self->generation_title, generation != NULL);
  gtk_widget_set_visible (self->facts_title, *facts != '\0');
}

static void
show_fate (RscDetailsPanel *self)
{
  switch (rsc_session_get_selected_fate (self->session))
    {
    case RSC_FATE_NONE:
      set_text (self->fate_label, NULL);
      break;

    case RSC_FATE_SAME:
      set_text (self->fate_label, _("The same object as in the capture before."));
      break;

    case RSC_FATE_PRESUMED:
      set_text (self->fate_label, _("Presumed the same as in the capture before: address, type and size agree."));
      break;

    case RSC_FATE_GONE:
      set_text (self->fate_label, NULL);
      break;
    }
}

static void
update (RscDetailsPanel *self)
{
  RscSnapshot *snapshot = rsc_session_get_snapshot (self->session);
  RscNode node = rsc_session_get_selected (self->session);
  Request *request;

  if (self->job != NULL)
    rsc_job_cancel (self->job);
  g_clear_object (&self->job);
  self->node = node;

  if (snapshot == NULL || node == RSC_NODE_NONE)
    {
      gtk_stack_set_visible_child_name (self->stack,
                                        rsc_session_get_selected_fate (self->session) == RSC_FATE_GONE ? "gone" : "nothing");
      self->snapshot_id = 0;
      return;
    }

  self->snapshot_id = rsc_snapshot_get_id (snapshot);
  show_facts (self, snapshot, node);
  show_fate (self);
  gtk_stack_set_visible_child_name (self->stack, "object");

  request = g_new0 (Request, 1);
  request->snapshot = rsc_snapshot_ref (snapshot);
  request->node = node;
  self->job = rsc_job_start (self, _("Finding who holds the object"), describe, request, request_free, result_free, described);
}

static void
on_selected_changed (RscDetailsPanel *self)
{
  RscSnapshot *snapshot = rsc_session_get_snapshot (self->session);

  if (snapshot != NULL && self->snapshot_id == rsc_snapshot_get_id (snapshot) && self->node == rsc_session_get_selected (self->session))
    {
      show_fate (self);
      return;
    }
  update (self);
}

static void
visit (RscDetailsPanel *self, GListStore *store, guint position)
{
  g_autoptr (RscObjectItem) item = g_list_model_get_item (G_LIST_MODEL (store), position);

  if (item != NULL && rsc_object_item_get_node (item) != RSC_NODE_NONE &&
      rsc_object_item_get_snapshot (item) == rsc_session_get_snapshot (self->session))
    rsc_session_visit (self->session, rsc_object_item_get_node (item));
}

static void
on_referrer_activated (RscDetailsPanel *self, guint position)
{
  visit (self, self->referrers, position);
}

static void
on_reference_activated (RscDetailsPanel *self, guint position)
{
  visit (self, self->references, position);
}

static void
on_list_toggled (RscDetailsPanel *self)
{
  gtk_stack_set_visible_child_name (self->lists,
                                    gtk_toggle_button_get_active (self->referrers_button) ? "referrers" : "references");
}

static void
on_draw_clicked (RscDetailsPanel *self)
{
  RscNode node = rsc_session_get_selected (self->session);

  if (node != RSC_NODE_NONE)
    rsc_session_draw_objects (self->session, &node, 1);
}

/* What if a reference went? */

const char *
rsc_details_panel_get_name (RscDetailsPanel *self)
{
  /* Until the worker is done it is that of what was selected before. */
  if (self->job != NULL || g_strcmp0 (gtk_stack_get_visible_child_name (self->stack), "object") != 0)
    return NULL;

  return gtk_widget_get_visible (GTK_WIDGET (self->name_label)) ? gtk_label_get_text (self->name_label) : NULL;
}

static void
drop_reference (RscDetailsPanel *self, RscObjectItem *item)
{
  if (rsc_object_item_get_edge (item) != G_MAXUINT64 &&
      rsc_object_item_get_snapshot (item) == rsc_session_get_snapshot (self->session))
    rsc_session_step_drop_edge (self->session, rsc_object_item_get_edge (item));
}

static void
what_if_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RscDetailsPanel *self = RSC_DETAILS_PANEL (widget);

  if (self->asked != NULL)
    drop_reference (self, self->asked);
}

static GtkWidget *
get_focused (RscDetailsPanel *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));

  return root != NULL ? gtk_root_get_focus (root) : NULL;
}

/* Beside the row that @widget is, or is in. */
static gboolean
show_menu (RscDetailsPanel *self, GtkWidget *widget, GdkRectangle *place)
{
  RscObjectItem *item = rsc_object_item_at (widget);

  if (item == NULL || rsc_object_item_get_edge (item) == G_MAXUINT64)
    return FALSE;

  g_set_object (&self->asked, item);
  gtk_popover_set_pointing_to (self->reference_popover, place);
  gtk_popover_popup (self->reference_popover);

  return TRUE;
}

static void
on_menu_clicked (RscDetailsPanel *self, int n_press, double x, double y, GtkGesture *gesture)
{
  GdkRectangle place = { (int) x, (int) y, 1, 1 };

  if (show_menu (self, gtk_widget_pick (GTK_WIDGET (self), x, y, GTK_PICK_DEFAULT), &place))
    gtk_gesture_set_state (gesture, GTK_EVENT_SEQUENCE_CLAIMED);
}

static gboolean
on_list_key_pressed (RscDetailsPanel *self, guint key, guint code, GdkModifierType modifiers)
{
  GtkWidget *focus = get_focused (self);
  RscObjectItem *item = rsc_object_item_at (focus);
  GdkModifierType pressed = modifiers & gtk_accelerator_get_default_mod_mask ();
  graphene_rect_t bounds;
  GdkRectangle place;

  if (item == NULL)
    return GDK_EVENT_PROPAGATE;
  if ((key == GDK_KEY_Delete || key == GDK_KEY_KP_Delete) && pressed == 0)
    {
      drop_reference (self, item);
      return GDK_EVENT_STOP;
    }
  if (!(key == GDK_KEY_Menu && pressed == 0) && !(key == GDK_KEY_F10 && pressed == GDK_SHIFT_MASK))
    return GDK_EVENT_PROPAGATE;
  if (!gtk_widget_compute_bounds (focus, GTK_WIDGET (self), &bounds))
    return GDK_EVENT_PROPAGATE;

  place = (GdkRectangle) { (int) bounds.origin.x, (int) bounds.origin.y, (int) bounds.size.width, (int) bounds.size.height };

  return show_menu (self, focus, &place);
}

void
rsc_details_panel_set_session (RscDetailsPanel *self, RscSession *session)
{
  g_return_if_fail (self->session == NULL);

  self->session = g_object_ref (session);
  g_signal_connect_object (session, "notify::selected", G_CALLBACK (on_selected_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::capture", G_CALLBACK (on_selected_changed), self, G_CONNECT_SWAPPED);
  update (self);
}

static void
rsc_details_panel_dispose (GObject *object)
{
  RscDetailsPanel *self = RSC_DETAILS_PANEL (object);

  if (self->job != NULL)
    rsc_job_cancel (self->job);
  g_clear_object (&self->job);
  g_clear_object (&self->asked);
  if (self->reference_popover != NULL)
    gtk_widget_unparent (GTK_WIDGET (self->reference_popover));
  self->reference_popover = NULL;
  g_clear_object (&self->session);
  g_clear_object (&self->referrers);
  g_clear_object (&self->references);
  rsc_template_dispose (GTK_WIDGET (self), RSC_TYPE_DETAILS_PANEL);

  G_OBJECT_CLASS (rsc_details_panel_parent_class)->dispose (object);
}

static void
rsc_details_panel_class_init (RscDetailsPanelClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rsc_details_panel_dispose;

  g_type_ensure (RSC_TYPE_TOGGLES);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/refscope/Refscope/ui/rsc-details-panel.ui");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "detailspanel");
  gtk_widget_class_bind_template_child (widget_class, RscDetailsPanel, stack);
  gtk_widget_class_bind_template_child (widget_class, RscDetailsPanel, type_label);
  gtk_widget_class_bind_template_child (widget_class, RscDetailsPanel, name_label);
  gtk_widget_class_bind_template_child (widget_class, RscDetailsPanel, value_label);
  gtk_widget_class_bind_template_child (widget_class, RscDetailsPanel, left_out_label);
  gtk_widget_class_bind_template_child (widget_class, RscDetailsPanel, fate_label);
  gtk_widget_class_bind_template_child (widget_class, RscDetailsPanel, size_label);
  gtk_widget_class_bind_template_child (widget_class, RscDetailsPanel, address_label);
  gtk_widget_class_bind_template_child (widget_class, RscDetailsPanel, generation_label);
  gtk_widget_class_bind_template_child (widget_class, RscDetailsPanel, facts_label);
  gtk_widget_class_bind_template_child (widget_class, RscDetailsPanel, facts_title);
  gtk_widget_class_bind_template_child (widget_class, RscDetailsPanel, facts_grid);
  gtk_widget_class_bind_template_child (widget_class, RscDetailsPanel, size_title);
  gtk_widget_class_bind_template_child (widget_class, RscDetailsPanel, address_title);
  gtk_widget_class_bind_template_child (widget_class, RscDetailsPanel, generation_title);
  gtk_widget_class_bind_template_child (widget_class, RscDetailsPanel, refcount_label);
  gtk_widget_class_bind_template_child (widget_class, RscDetailsPanel, explanation_label);
  gtk_widget_class_bind_template_child (widget_class, RscDetailsPanel, referrers_button);
  gtk_widget_class_bind_template_child (widget_class, RscDetailsPanel, references_button);
  gtk_widget_class_bind_template_child (widget_class, RscDetailsPanel, lists);
  gtk_widget_class_bind_template_child (widget_class, RscDetailsPanel, referrers_view);
  gtk_widget_class_bind_template_child (widget_class, RscDetailsPanel, references_view);
  gtk_widget_class_bind_template_child (widget_class, RscDetailsPanel, referrers_rest);
  gtk_widget_class_bind_template_child (widget_class, RscDetailsPanel, references_rest);
  gtk_widget_class_bind_template_child (widget_class, RscDetailsPanel, error_label);
  gtk_widget_class_bind_template_callback (widget_class, on_referrer_activated);
  gtk_widget_class_bind_template_callback (widget_class, on_reference_activated);
  gtk_widget_class_bind_template_callback (widget_class, on_list_toggled);
  gtk_widget_class_bind_template_callback (widget_class, on_draw_clicked);
  gtk_widget_class_install_action (widget_class, "reference.what-if", NULL, what_if_action);
}

static void
set_up_list (GtkListView *view, GListStore *store)
{
  g_autoptr (GtkSelectionModel) selection = GTK_SELECTION_MODEL (gtk_no_selection_new (g_object_ref (G_LIST_MODEL (store))));
  g_autoptr (GtkListItemFactory) factory = rsc_object_item_factory_new ();

  gtk_list_view_set_factory (view, factory);
  gtk_list_view_set_model (view, selection);
}

/* Of large print a title and what it says do not fit beside each other: then they are below each other. */
static void
arrange_facts (RscDetailsPanel *self)
{
  GtkLayoutManager *layout = gtk_widget_get_layout_manager (GTK_WIDGET (self->facts_grid));
  int widest = 0;
  gboolean below;

  for (GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (self->facts_grid)); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      int width;

      if (gtk_widget_get_hexpand (child))
        continue;
      gtk_widget_measure (child, GTK_ORIENTATION_HORIZONTAL, -1, NULL, &width, NULL, NULL);
      widest = MAX (widest, width);
    }
  below = widest > FACT_TITLE_MAX;
  if (below == self->facts_below)
    return;

  self->facts_below = below;
  for (GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (self->facts_grid)); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      GtkGridLayoutChild *place = GTK_GRID_LAYOUT_CHILD (gtk_layout_manager_get_layout_child (layout, child));
      int row = gtk_grid_layout_child_get_row (place);

      gtk_grid_layout_child_set_row (place, below ? 2 * row + gtk_grid_layout_child_get_column (place) : row / 2);
      gtk_grid_layout_child_set_column (place, below ? 0 : row % 2);
    }
}

/* Once the labels have what was told of. */
static void
on_after_paint (RscDetailsPanel *self, GdkFrameClock *clock)
{
  g_signal_handlers_disconnect_by_func (clock, on_after_paint, self);
  arrange_facts (self);
}

static void
on_text_size_changed (RscDetailsPanel *self)
{
  GdkFrameClock *clock = gtk_widget_get_frame_clock (GTK_WIDGET (self));

  if (clock == NULL || !gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;

  g_signal_handlers_disconnect_by_func (clock, on_after_paint, self);
  g_signal_connect_object (clock, "after-paint", G_CALLBACK (on_after_paint), self, G_CONNECT_SWAPPED);
  gdk_frame_clock_request_phase (clock, GDK_FRAME_CLOCK_PHASE_LAYOUT | GDK_FRAME_CLOCK_PHASE_AFTER_PAINT);
}

static void
set_up_menu (RscDetailsPanel *self)
{
  GtkGesture *click = gtk_gesture_click_new ();
  GtkEventController *keys = gtk_event_controller_key_new ();

  self->reference_popover = GTK_POPOVER (gtk_popover_menu_new_from_model (rsc_menus_get ("reference_menu")));
  gtk_popover_set_has_arrow (self->reference_popover, FALSE);
  gtk_widget_set_parent (GTK_WIDGET (self->reference_popover), GTK_WIDGET (self));
  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (click), GDK_BUTTON_SECONDARY);
  g_signal_connect_object (click, "pressed", G_CALLBACK (on_menu_clicked), self, G_CONNECT_SWAPPED);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (click));
  g_signal_connect_object (keys, "key-pressed", G_CALLBACK (on_list_key_pressed), self, G_CONNECT_SWAPPED);
  gtk_widget_add_controller (GTK_WIDGET (self), keys);
}

static void
rsc_details_panel_init (RscDetailsPanel *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));

  self->node = RSC_NODE_NONE;
  self->referrers = g_list_store_new (RSC_TYPE_OBJECT_ITEM);
  self->references = g_list_store_new (RSC_TYPE_OBJECT_ITEM);
  set_up_list (self->referrers_view, self->referrers);
  set_up_list (self->references_view, self->references);
  set_up_menu (self);
  g_signal_connect (self, "map", G_CALLBACK (arrange_facts), NULL);
  g_signal_connect_object (gtk_settings_get_default (), "notify::gtk-xft-dpi", G_CALLBACK (on_text_size_changed), self, G_CONNECT_SWAPPED);
}
