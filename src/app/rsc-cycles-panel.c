#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-cycles-panel.h"

#include <string.h>

#include "analysis/rsc-names.h"
#include "graph/rsc-graph.h"

#include "rsc-drop-down.h"
#include "rsc-job.h"
#include "rsc-list-filler.h"
#include "rsc-number.h"
#include "rsc-object-item.h"
#include "rsc-row-tooltip.h"
#include "rsc-template.h"
#include "rsc-toggles.h"
#include "rsc-wrap-box.h"

/* As many rows as a person may want to scroll through; the first are the largest. */
#define ROWS_MAX 2000
/* As many members of one cycle are drawn. */
#define MEMBERS_DRAWN_MAX 40
#define MEMBERS_NAMED 4
/* Of a container's contents are told, if short, of those that are looked at. */
#define CONTENTS_MAX 2
#define CONTENTS_SEEN_MAX 16
#define CONTENTS_CHARS_MAX 24
/* Names are looked for of so many rows, and for so long. */
#define ROWS_NAMED_MAX 200
#define NAMES_TIME_MAX (2 * G_TIME_SPAN_SECOND)
#define NAME_STEPS_MAX 8

/* Which cycles are listed. */
typedef enum
{
  SHOWN_ALL,
  SHOWN_OWN, /* of the author's making */
  SHOWN_GARBAGE
} Shown;

/* In the order of the drop-down. */
typedef enum
{
  ORDER_BYTES,
  ORDER_OBJECTS
} Order;

/* An entry of the list: the index of a component. */
#define RSC_TYPE_CYCLE_ITEM (rsc_cycle_item_get_type ())
G_DECLARE_FINAL_TYPE (RscCycleItem, rsc_cycle_item, RSC, CYCLE_ITEM, GObject)

struct _RscCycleItem
{
  GObject parent_instance;
  guint32 index;
  char *name; /* how a name leads to its first member; NULL: none does, or it is not known yet */
};

G_DEFINE_FINAL_TYPE (RscCycleItem, rsc_cycle_item, G_TYPE_OBJECT)

enum
{
  NAMED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
rsc_cycle_item_finalize (GObject *object)
{
  g_free (((RscCycleItem *) object)->name);

  G_OBJECT_CLASS (rsc_cycle_item_parent_class)->finalize (object);
}

static void
rsc_cycle_item_class_init (RscCycleItemClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rsc_cycle_item_finalize;

  signals[NAMED] = g_signal_new ("named", RSC_TYPE_CYCLE_ITEM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
rsc_cycle_item_init (RscCycleItem *self)
{
}

struct _RscCyclesPanel
{
  GtkWidget parent_instance;

  RscSession *session;
  GListStore *items;
  /* What the list was filled with. */
  RscHeapCapture *capture;
  RscComponents *components; /* borrowed from the capture */
  Shown shown;
  Order order;
  RscJob *names_job;

  /* Template */
  GtkStack *stack;
  GtkLabel *title;
  GtkSwitch *show_switch;
  GtkToggleButton *all_button;
  GtkToggleButton *own_button;
  GtkDropDown *order_drop;
  GtkListView *view;
};

G_DEFINE_FINAL_TYPE (RscCyclesPanel, rsc_cycles_panel, GTK_TYPE_WIDGET)

static gboolean
has_own_name (RscSnapshot *snapshot, RscNode node)
{
  static const char *const named[] = { "function", "module" };
  const RscColumns *columns = rsc_snapshot_peek_columns (snapshot);
  g_autofree char *type = rsc_node_dup_type (snapshot, node, FALSE);

  if (columns->flags[node] & RSC_NODE_TYPE)
    return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (named); i++)
    if (strcmp (type, named[i]) == 0)
      return TRUE;
  return FALSE;
}

/* "[0]: 'left', name: 'a'": what tells a container of many that are alike, other than the cycle itself. */
static char *
dup_contents (RscSnapshot *snapshot, RscComponents *components, RscNode node)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (snapshot);
  gint64 own = rsc_components_find (components, node);
  GString *text = g_string_new (NULL);
  guint n = 0;

  for (guint64 e = columns->first_edge[node]; e < columns->first_edge[node + 1] && e - columns->first_edge[node] < CONTENTS_SEEN_MAX && n < CONTENTS_MAX; e++)
    {
      g_autofree char *label = NULL;
      g_autofree char *value = NULL;

      if (rsc_components_find (components, columns->target[e]) == own || (columns->flags[columns->target[e]] & RSC_NODE_TYPE))
        continue;
      label = rsc_snapshot_dup_edge_label (snapshot, e);
      value = rsc_node_dup_value (snapshot, columns->target[e]);
      /* What has no label is a dictionary's key, which is the label of its value. */
      if (*label == '\0' || value == NULL || *value == '\0' || strpbrk (value, "\r\n") != NULL || g_utf8_strlen (value, -1) > CONTENTS_CHARS_MAX)
        continue;
      g_string_append_printf (text, "%s%s: %s", n > 0 ? ", " : "", *label == '.' ? label + 1 : label, value);
      n++;
    }

  return g_string_free (text, FALSE);
}

/* "type Node", "list 2 items ([0]: 'left')"; a node of a drawing is told by its name alone. */
static char *
dup_member (RscSnapshot *snapshot, RscComponents *components, RscNode node, gboolean drawing)
{
  g_autofree char *title = NULL;
  g_autofree char *contents = NULL;

  if (drawing)
    {
      g_autofree char *value = rsc_node_dup_value (snapshot, node);

      if (value != NULL && *value != '\0')
        return g_steal_pointer (&value);
    }

  title = rsc_node_dup_title (snapshot, node);
  if (has_own_name (snapshot, node))
    return g_steal_pointer (&title);
  contents = dup_contents (snapshot, components, node);

  return *contents != '\0' ? g_strdup_printf ("%s (%s)", title, contents) : g_steal_pointer (&title);
}

/* "main().a: list 2 items, dict 1 item and 3 more" */
static char *
dup_members (RscSnapshot *snapshot, RscComponents *components, const RscComponent *component, const char *name)
{
  GString *text = g_string_new (NULL);

  if (name != NULL)
    g_string_append_printf (text, "%s: ", name);
  for (guint32 i = 0; i < MIN (component->n_members, MEMBERS_NAMED); i++)
    {
      g_autofree char *member = dup_member (snapshot, components, component->members[i], component->bytes == 0);

      g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", member);
    }
  if (component->n_members > MEMBERS_NAMED)
    {
      g_autofree char *number = rsc_number_dup (component->n_members - MEMBERS_NAMED);

      g_string_append_c (text, ' ');
      g_string_append_printf (text, g_dngettext (GETTEXT_PACKAGE, "and %s more", "and %s more",
                                                 component->n_members - MEMBERS_NAMED), number);
    }

  return g_string_free (text, FALSE);
}

typedef struct
{
  GtkWidget *title;
  GtkWidget *state;
  GtkWidget *members;
  GtkWidget *held;
} Row;

static GtkWidget *
add_label (GtkWidget *box, const char *css_class, gboolean expand)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (label), 0.0f);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_widget_set_hexpand (label, expand);
  gtk_widget_add_css_class (label, css_class);
  gtk_box_append (GTK_BOX (box), label);

  return label;
}

static void
setup_row (GtkListItemFactory *factory, GtkListItem *list_item, gpointer user_data)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 2);
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  Row *row = g_new0 (Row, 1);

  gtk_widget_add_css_class (box, "object-row");
  gtk_box_append (GTK_BOX (box), line);
  row->title = add_label (line, "object-type", TRUE);
  row->state = add_label (line, "cycle-state", FALSE);
  gtk_label_set_ellipsize (GTK_LABEL (row->state), PANGO_ELLIPSIZE_NONE);
  row->members = add_label (box, "object-value", FALSE);
  row->held = add_label (box, "object-value", FALSE);
  g_object_set_data_full (G_OBJECT (box), "row", row, g_free);
  gtk_list_item_set_child (list_item, box);
}

static void
show_row (GtkWidget *box, const char *title, const char *state, const char *members, const char *held, const char *description)
{
  Row *row = g_object_get_data (G_OBJECT (box), "row");

  gtk_label_set_text (GTK_LABEL (row->title), title);
  gtk_label_set_text (GTK_LABEL (row->state), state);
  gtk_label_set_text (GTK_LABEL (row->members), members);
  gtk_label_set_text (GTK_LABEL (row->held), held);
  rsc_row_tooltip_set (box, description);
  if (gtk_widget_get_parent (box) != NULL)
    gtk_accessible_update_property (GTK_ACCESSIBLE (gtk_widget_get_parent (box)),
                                    GTK_ACCESSIBLE_PROPERTY_LABEL, description, -1);
}

static void
show_item (RscCyclesPanel *self, GtkListItem *list_item)
{
  RscCycleItem *item = gtk_list_item_get_item (list_item);
  GtkWidget *box = gtk_list_item_get_child (list_item);
  Row *row = g_object_get_data (G_OBJECT (box), "row");
  RscComponent component;
  g_autofree char *number = NULL;
  g_autofree char *objects = NULL;
  g_autofree char *size = NULL;
  g_autofree char *title = NULL;
  g_autofree char *members = NULL;
  g_autofree char *held = NULL;
  g_autofree char *description = NULL;
  const char *state;

  /* Until its piece of the list is filled, a row may be of components that are no more. */
  if (self->components == NULL || item->index >= rsc_components_get_n (self->components) ||
      rsc_list_is_old (self->items, gtk_list_item_get_position (list_item)))
    {
      show_row (box, "", "", "", "", "");
      return;
    }

  component = rsc_components_get (self->components, item->index);
  number = rsc_number_dup (component.n_members);
  objects = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%s object", "%s objects", component.n_members), number);
  size = g_format_size_full (component.bytes, G_FORMAT_SIZE_IEC_UNITS);
  /* The nodes of a drawing have no size. */
  title = component.bytes > 0 ? g_strdup_printf ("%s, %s", objects, size) : g_strdup (objects);
  members = dup_members (rsc_session_get_snapshot (self->session), self->components, &component, item->name);
  state = component.garbage ? _("garbage") : _("alive");
  if (component.held_from_outside > 0)
    {
      g_autofree char *times = rsc_number_dup (component.held_from_outside);

      held = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "held by %s reference from outside",
                                           "held by %s references from outside", RSC_PLURAL (component.held_from_outside)), times);
    }
  else
    held = g_strdup (_("no object outside refers to it"));

  if (component.garbage)
    gtk_widget_add_css_class (row->state, "garbage");
  else
    gtk_widget_remove_css_class (row->state, "garbage");

  description = g_strdup_printf ("%s: %s; %s; %s", state, title, members, held);
  show_row (box, title, state, members, held, description);
}

static void
on_named (RscCycleItem *item, GtkListItem *list_item)
{
  GtkWidget *panel = gtk_widget_get_ancestor (gtk_list_item_get_child (list_item), RSC_TYPE_CYCLES_PANEL);

  if (panel != NULL)
    show_item (RSC_CYCLES_PANEL (panel), list_item);
}

static void
bind_row (GtkListItemFactory *factory, GtkListItem *list_item, gpointer user_data)
{
  g_signal_connect (gtk_list_item_get_item (list_item), "named", G_CALLBACK (on_named), list_item);
  show_item (user_data, list_item);
}

static void
unbind_row (GtkListItemFactory *factory, GtkListItem *list_item, gpointer user_data)
{
  g_signal_handlers_disconnect_by_func (gtk_list_item_get_item (list_item), on_named, list_item);
}

/* Names, found by a worker: each may take some milliseconds. */

typedef struct
{
  RscSnapshot *snapshot;
  GPtrArray *items; /* of RscCycleItem, for the main thread only */
  GArray *nodes;    /* of each item the member to be named */
} NamesRequest;

static void
names_request_free (gpointer data)
{
  NamesRequest *request = data;

  rsc_snapshot_unref (request->snapshot);
  g_ptr_array_unref (request->items);
  g_array_unref (request->nodes);
  g_free (request);
}

static void
names_free (gpointer data)
{
  g_ptr_array_unref (data);
}

/* What was not named in time stays without. */
static gpointer
find_names (gpointer data, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  NamesRequest *request = data;
  gint64 until = g_get_monotonic_time () + NAMES_TIME_MAX;
  g_autoptr (GPtrArray) names = g_ptr_array_new_full (request->nodes->len, g_free);

  for (guint i = 0; i < request->nodes->len && g_get_monotonic_time () < until; i++)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;
      g_ptr_array_add (names, rsc_names_describe (request->snapshot, g_array_index (request->nodes, RscNode, i), NAME_STEPS_MAX));
    }

  return g_steal_pointer (&names);
}

static void
names_found (gpointer owner, RscJob *job, gpointer data, const GError *error)
{
  RscCyclesPanel *self = owner;
  NamesRequest *request = rsc_job_get_data (job);
  g_autoptr (GPtrArray) names = data;

  if (job != self->names_job)
    return;

  g_clear_object (&self->names_job);
  for (guint i = 0; names != NULL && i < names->len; i++)
    {
      RscCycleItem *item = g_ptr_array_index (request->items, i);

      if (g_ptr_array_index (names, i) == NULL)
        continue;
      item->name = g_strdup (g_ptr_array_index (names, i));
      g_signal_emit (item, signals[NAMED], 0);
    }
}

static void
cancel_names (RscCyclesPanel *self)
{
  if (self->names_job != NULL)
    rsc_job_cancel (self->names_job);
  g_clear_object (&self->names_job);
}

/* Of the rows whose members have no names of their own. */
static void
start_names (RscCyclesPanel *self, GPtrArray *items)
{
  RscSnapshot *snapshot = rsc_session_get_snapshot (self->session);
  NamesRequest *request = g_new0 (NamesRequest, 1);

  request->snapshot = rsc_snapshot_ref (snapshot);
  request->items = g_ptr_array_new_with_free_func (g_object_unref);
  request->nodes = g_array_new (FALSE, FALSE, sizeof (RscNode));
  for (guint i = 0; i < MIN (items->len, ROWS_NAMED_MAX); i++)
    {
      RscCycleItem *item = g_ptr_array_index (items, i);
      RscComponent component = rsc_components_get (self->components, item->index);

      if (component.bytes == 0 || component.garbage || has_own_name (snapshot, component.members[0]))
        continue;
      g_ptr_array_add (request->items, g_object_ref (item));
      g_array_append_val (request->nodes, component.members[0]);
    }
  if (request->nodes->len == 0)
    {
      names_request_free (request);
      return;
    }
  self->names_job = rsc_job_start (self, _("Finding the names of cycles"), find_names, request, names_request_free, names_free, names_found);
}

static Shown
get_shown (RscCyclesPanel *self, const RscBitset *own)
{
  /* Of a group the one that is left toggles first. */
  if (gtk_toggle_button_get_active (self->all_button))
    return SHOWN_ALL;
  if (gtk_toggle_button_get_active (self->own_button))
    return own != NULL ? SHOWN_OWN : SHOWN_ALL;
  return SHOWN_GARBAGE;
}

static void
fill (RscCyclesPanel *self)
{
  RscHeapCapture *capture = rsc_session_get_capture (self->session);
  RscComponents *components = rsc_session_get_components (self->session);
  const RscBitset *own = capture != NULL ? rsc_heap_capture_get_own_cycles (capture, rsc_session_get_side (self->session)) : NULL;
  Order order = gtk_drop_down_get_selected (self->order_drop) == ORDER_OBJECTS ? ORDER_OBJECTS : ORDER_BYTES;
  Shown shown = get_shown (self, own);
  gboolean marked = rsc_session_get_overlay_mode (self->session) == RSC_OVERLAY_MODE_CYCLES;
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);
  g_autofree char *title = NULL;
  g_autofree char *n_all_text = NULL;
  g_autofree char *n_garbage_text = NULL;
  g_autofree char *all_text = NULL;
  guint32 n = components != NULL ? rsc_components_get_n (components) : 0;
  guint32 n_garbage = 0;

  if (gtk_switch_get_active (self->show_switch) != marked)
    gtk_switch_set_active (self->show_switch, marked);

  /* Each picture says that there may be another overlay. */
  if (components != NULL && components == self->components && capture == self->capture && shown == self->shown && order == self->order)
    return;

  cancel_names (self);
  /* The rows are bound to the components. */
  self->components = components;
  self->shown = shown;
  self->order = order;
  g_set_object (&self->capture, capture);
  if (components == NULL)
    {
      rsc_list_fill (self->items, GTK_WIDGET (self->view), items);
      gtk_stack_set_visible_child_name (self->stack, "nothing");
      return;
    }

  /* Another kind of heap has no modules. */
  gtk_widget_set_visible (GTK_WIDGET (self->own_button), own != NULL);
  for (guint32 i = 0; i < n; i++)
    {
      guint32 index = order == ORDER_BYTES ? rsc_components_get_by_bytes (components, i) : i;
      RscComponent component = rsc_components_get (components, index);

      n_garbage += component.garbage;
      if (items->len < ROWS_MAX && (shown == SHOWN_ALL || (shown == SHOWN_OWN ? rsc_bitset_get (own, index) : component.garbage)))
        {
          RscCycleItem *item = g_object_new (RSC_TYPE_CYCLE_ITEM, NULL);

          item->index = index;
          g_ptr_array_add (items, item);
        }
    }
  rsc_list_fill (self->items, GTK_WIDGET (self->view), items);
  start_names (self, items);

  n_all_text = rsc_number_dup (n);
  n_garbage_text = rsc_number_dup (n_garbage);
  all_text = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%s cycle", "%s cycles", n), n_all_text);
  /* Translators: "12 cycles, 3 garbage" */
  title = g_strdup_printf (_("%s, %s garbage"), all_text, n_garbage_text);
  gtk_label_set_text (self->title, title);
  gtk_stack_set_visible_child_name (self->stack, items->len > 0 ? "list" : "none");
}

static void
on_filter_toggled (RscCyclesPanel *self)
{
  if (self->session != NULL)
    fill (self);
}

static void
on_show_changed (RscCyclesPanel *self)
{
  gboolean wanted = gtk_switch_get_active (self->show_switch);
  gboolean shown;

  if (self->session == NULL)
    return;

  shown = rsc_session_get_overlay_mode (self->session) == RSC_OVERLAY_MODE_CYCLES;
  if (wanted != shown)
    rsc_session_set_overlay_mode (self->session, wanted ? RSC_OVERLAY_MODE_CYCLES : RSC_OVERLAY_MODE_NONE);
}

static void
on_find_clicked (RscCyclesPanel *self)
{
  if (self->session != NULL)
    rsc_session_set_overlay_mode (self->session, RSC_OVERLAY_MODE_CYCLES);
}

/* Then its arrows include those from objects to their class. */
static gboolean
has_class (RscSnapshot *snapshot, const RscComponent *component)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (snapshot);

  for (guint32 i = 0; i < MIN (component->n_members, MEMBERS_DRAWN_MAX); i++)
    if (columns->flags[component->members[i]] & RSC_NODE_TYPE)
      return TRUE;
  return FALSE;
}

static void
on_activated (RscCyclesPanel *self, guint position)
{
  g_autoptr (RscCycleItem) item = g_list_model_get_item (G_LIST_MODEL (self->items), position);
  g_autoptr (RscView) view = NULL;
  RscViewParams params = RSC_VIEW_PARAMS_INIT;
  RscComponent component;

  if (item == NULL || self->components == NULL || rsc_list_is_old (self->items, position))
    return;

  component = rsc_components_get (self->components, item->index);
  if (rsc_session_get_view (self->session) != NULL)
    params = *rsc_view_get_params (rsc_session_get_view (self->session));
  params.objects = component.members;
  params.n_objects = MIN (component.n_members, MEMBERS_DRAWN_MAX);
  params.direction = RSC_DIRECTION_REFS;
  params.max_depth = 1;
  params.type_edges = params.type_edges || has_class (rsc_session_get_snapshot (self->session), &component);
  params.expansions = NULL;
  params.n_expansions = 0;
  view = rsc_view_new (&params);

  if (rsc_session_get_overlay_mode (self->session) != RSC_OVERLAY_MODE_CYCLES)
    rsc_session_set_overlay_mode (self->session, RSC_OVERLAY_MODE_CYCLES);
  rsc_session_select (self->session, component.members[0]);
  rsc_session_set_view (self->session, view);
}

void
rsc_cycles_panel_set_session (RscCyclesPanel *self, RscSession *session)
{
  g_return_if_fail (self->session == NULL);

  self->session = g_object_ref (session);
  g_signal_connect_object (session, "notify::overlay", G_CALLBACK (fill), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::capture", G_CALLBACK (fill), self, G_CONNECT_SWAPPED);
  fill (self);
}

static void
rsc_cycles_panel_dispose (GObject *object)
{
  RscCyclesPanel *self = RSC_CYCLES_PANEL (object);

  cancel_names (self);
  g_clear_object (&self->session);
  self->components = NULL;
  g_clear_object (&self->capture);
  rsc_template_dispose (GTK_WIDGET (self), RSC_TYPE_CYCLES_PANEL);
  g_clear_object (&self->items);

  G_OBJECT_CLASS (rsc_cycles_panel_parent_class)->dispose (object);
}

static void
rsc_cycles_panel_class_init (RscCyclesPanelClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rsc_cycles_panel_dispose;

  g_type_ensure (RSC_TYPE_WRAP_BOX);
  g_type_ensure (RSC_TYPE_TOGGLES);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/refscope/Refscope/ui/rsc-cycles-panel.ui");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_bind_template_child (widget_class, RscCyclesPanel, stack);
  gtk_widget_class_bind_template_child (widget_class, RscCyclesPanel, title);
  gtk_widget_class_bind_template_child (widget_class, RscCyclesPanel, show_switch);
  gtk_widget_class_bind_template_child (widget_class, RscCyclesPanel, all_button);
  gtk_widget_class_bind_template_child (widget_class, RscCyclesPanel, own_button);
  gtk_widget_class_bind_template_child (widget_class, RscCyclesPanel, order_drop);
  gtk_widget_class_bind_template_child (widget_class, RscCyclesPanel, view);
  gtk_widget_class_bind_template_callback (widget_class, on_filter_toggled);
  gtk_widget_class_bind_template_callback (widget_class, on_show_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_find_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_activated);
}

static void
rsc_cycles_panel_init (RscCyclesPanel *self)
{
  g_autoptr (GtkListItemFactory) factory = gtk_signal_list_item_factory_new ();
  g_autoptr (GtkSelectionModel) selection = NULL;

  gtk_widget_init_template (GTK_WIDGET (self));
  rsc_drop_down_set_name (self->order_drop, _("Order"));

  self->items = g_list_store_new (RSC_TYPE_CYCLE_ITEM);
  selection = GTK_SELECTION_MODEL (gtk_no_selection_new (g_object_ref (G_LIST_MODEL (self->items))));
  g_signal_connect (factory, "setup", G_CALLBACK (setup_row), self);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_row), self);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind_row), NULL);
  gtk_list_view_set_factory (self->view, factory);
  gtk_list_view_set_model (self->view, selection);
}
