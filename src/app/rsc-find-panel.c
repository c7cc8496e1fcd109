#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-find-panel.h"

#include <string.h>

#include "base/rsc-error.h"
#include "query/rsc-object-ref.h"

#include "rsc-job.h"
#include "rsc-list-filler.h"
#include "rsc-number.h"
#include "rsc-object-item.h"
#include "rsc-template.h"
#include "rsc-toggles.h"
#include "rsc-type-item.h"

typedef enum
{
  FIND_TYPE,
  FIND_NAME,
  FIND_VALUE,
  FIND_REFERENCE /* "0x...", "sql:SELECT ...": what the command line takes */
} FindBy;

struct _RscFindPanel
{
  GtkWidget parent_instance;

  /* Owned */
  RscSession *session;
  GListStore *types;
  GListStore *results;
  GtkFilter *type_filter;
  RscSnapshot *types_snapshot; /* what the types are of */
  RscJob *types_job;
  RscJob *find_job;
  guint64 types_serial;
  guint64 find_serial;

  /* Template */
  GtkWidget *box;
  GtkSearchEntry *entry;
  GtkToggleButton *by_type;
  GtkToggleButton *by_name;
  GtkToggleButton *by_value;
  GtkStack *stack;
  GtkColumnView *types_view;
  GtkListView *results_view;
  GtkLabel *results_title;
  GtkLabel *error_label;
};

G_DEFINE_FINAL_TYPE (RscFindPanel, rsc_find_panel, GTK_TYPE_WIDGET)

/* What comes after objects were found. */
typedef enum
{
  THEN_NOTHING,
  THEN_DRAW, /* the first of them, as Return says in the entry */
  THEN_FOCUS /* the first of them: what had the focus is out of sight now */
} Then;

typedef struct
{
  RscSnapshot *snapshot;
  FindBy by;
  char *text;
  guint64 serial;
  Then then;
} FindRequest;

typedef struct
{
  GArray *nodes;
  guint64 n_found;
} FindResult;

static void
find_request_free (gpointer data)
{
  FindRequest *request = data;

  rsc_snapshot_unref (request->snapshot);
  g_free (request->text);
  g_free (request);
}

static void
find_result_free (gpointer data)
{
  FindResult *result = data;

  g_array_unref (result->nodes);
  g_free (result);
}

static gpointer
find (gpointer data, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  FindRequest *request = data;
  guint64 n_found = 0;
  GArray *nodes;
  FindResult *result;

  if (request->by == FIND_REFERENCE)
    {
      nodes = rsc_object_ref_resolve (request->snapshot, request->text, cancellable, error);
      n_found = nodes != NULL ? nodes->len : 0;
    }
  else
    nodes = rsc_find_objects (request->snapshot,
                              request->by == FIND_TYPE ? request->text : NULL,
                              request->by == FIND_NAME ? request->text : NULL,
                              request->by == FIND_VALUE ? request->text : NULL,
                              RSC_FIND_PANEL_ROWS_MAX, &n_found, progress, cancellable, error);
  if (nodes == NULL)
    return NULL;

  result = g_new0 (FindResult, 1);
  result->nodes = nodes;
  result->n_found = n_found;

  return result;
}

static void
show_results (RscFindPanel *self, const char *title, RscSnapshot *snapshot, GArray *nodes)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < MIN (nodes->len, RSC_FIND_PANEL_ROWS_MAX); i++)
    g_ptr_array_add (items, rsc_object_item_new (snapshot, g_array_index (nodes, RscNode, i), NULL, NULL));
  rsc_list_fill (self->results, GTK_WIDGET (self->results_view), items);
  gtk_label_set_text (self->results_title, title);
  gtk_stack_set_visible_child_name (self->stack, items->len > 0 ? "results" : "nothing");
}

static void
draw_result (RscFindPanel *self, guint position)
{
  g_autoptr (RscObjectItem) item = g_list_model_get_item (G_LIST_MODEL (self->results), position);
  RscNode node;

  if (item == NULL || rsc_object_item_get_snapshot (item) != rsc_session_get_snapshot (self->session))
    return;

  node = rsc_object_item_get_node (item);
  rsc_session_draw_objects (self->session, &node, 1);
}

static void
found (gpointer owner, RscJob *job, gpointer data, const GError *error)
{
  RscFindPanel *self = owner;
  FindRequest *request = rsc_job_get_data (job);
  FindResult *result = data;
  g_autofree char *title = NULL;
  g_autofree char *shown = NULL;
  g_autofree char *all = NULL;

  if (request->serial != self->find_serial || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_clear_pointer (&result, find_result_free);
      return;
    }

  g_clear_object (&self->find_job);
  if (error != NULL)
    {
      if (g_error_matches (error, RSC_QUERY_ERROR, RSC_ERROR_NOT_FOUND))
        gtk_stack_set_visible_child_name (self->stack, "nothing");
      else
        {
          gtk_label_set_text (self->error_label, error->message);
          gtk_stack_set_visible_child_name (self->stack, "error");
        }
      return;
    }

  shown = rsc_number_dup (result->nodes->len);
  all = rsc_number_dup (result->n_found);
  if (result->n_found > result->nodes->len)
    /* Translators: "1,000 of 23,456 objects" are listed */
    title = g_strdup_printf (_("%s of %s objects"), shown, all);
  else
    title = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%s object", "%s objects", RSC_PLURAL (result->n_found)), all);
  show_results (self, title, request->snapshot, result->nodes);
  if (request->then == THEN_DRAW)
    draw_result (self, 0);
  else if (request->then == THEN_FOCUS)
    gtk_widget_grab_focus (GTK_WIDGET (self->results_view));
  find_result_free (result);
}

static void
start_find (RscFindPanel *self, FindBy by, const char *text, Then then)
{
  RscSnapshot *snapshot = self->session != NULL ? rsc_session_get_snapshot (self->session) : NULL;
  FindRequest *request;

  if (self->find_job != NULL)
    rsc_job_cancel (self->find_job);
  g_clear_object (&self->find_job);
  self->find_serial++;
  if (snapshot == NULL)
    return;

  request = g_new0 (FindRequest, 1);
  request->snapshot = rsc_snapshot_ref (snapshot);
  request->by = by;
  request->text = g_strdup (text);
  request->serial = self->find_serial;
  request->then = then;
  self->find_job = rsc_job_start (self, _("Finding objects"), find, request, find_request_free, find_result_free, found);
}

static gboolean
match_type (gpointer item, gpointer user_data)
{
  RscFindPanel *self = user_data;
  g_autofree char *needle = NULL;
  g_autofree char *name = NULL;

  if (!gtk_toggle_button_get_active (self->by_type))
    return TRUE;

  needle = g_utf8_casefold (gtk_editable_get_text (GTK_EDITABLE (self->entry)), -1);
  name = g_utf8_casefold (rsc_type_item_get_name (item), -1);

  return strstr (name, needle) != NULL;
}

static void
show_types (RscFindPanel *self)
{
  GtkSelectionModel *model = gtk_column_view_get_model (self->types_view);

  if (model != NULL && g_list_model_get_n_items (G_LIST_MODEL (model)) == 0 && self->types_snapshot != NULL)
    gtk_stack_set_visible_child_name (self->stack, "nothing");
  else if (self->types_snapshot == NULL)
    gtk_stack_set_visible_child_name (self->stack, "none");
  else
    gtk_stack_set_visible_child_name (self->stack, "types");
}

static void
search (RscFindPanel *self)
{
  const char *text = gtk_editable_get_text (GTK_EDITABLE (self->entry));

  gtk_filter_changed (self->type_filter, GTK_FILTER_CHANGE_DIFFERENT);
  if (rsc_object_ref_is_valid (text))
    start_find (self, FIND_REFERENCE, text, THEN_NOTHING);
  else if (gtk_toggle_button_get_active (self->by_type) || *text == '\0')
    {
      self->find_serial++;
      show_types (self);
    }
  else
    start_find (self, gtk_toggle_button_get_active (self->by_name) ? FIND_NAME : FIND_VALUE, text, THEN_NOTHING);
}

static void
on_search_changed (RscFindPanel *self)
{
  search (self);
}

static void
on_by_toggled (RscFindPanel *self, GtkToggleButton *button)
{
  if (gtk_toggle_button_get_active (button))
    search (self);
}

static void
find_type (RscFindPanel *self, guint position, Then then)
{
  g_autoptr (RscTypeItem) item = g_list_model_get_item (G_LIST_MODEL (gtk_column_view_get_model (self->types_view)), position);

  if (item != NULL)
    start_find (self, FIND_TYPE, rsc_type_item_get_name (item), then);
}

static void
on_type_activated (RscFindPanel *self, guint position)
{
  find_type (self, position, THEN_FOCUS);
}

static void
on_result_activated (RscFindPanel *self, guint position)
{
  draw_result (self, position);
}

static void
on_entry_activated (RscFindPanel *self)
{
  if (g_strcmp0 (gtk_stack_get_visible_child_name (self->stack), "results") == 0)
    draw_result (self, 0);
  else if (g_strcmp0 (gtk_stack_get_visible_child_name (self->stack), "types") == 0)
    find_type (self, 0, THEN_DRAW);
}

static void
on_back_clicked (RscFindPanel *self)
{
  gtk_editable_set_text (GTK_EDITABLE (self->entry), "");
  self->find_serial++;
  gtk_filter_changed (self->type_filter, GTK_FILTER_CHANGE_DIFFERENT);
  show_types (self);
}

static void
on_stop_search (RscFindPanel *self)
{
  on_back_clicked (self);
}

/* Types. */

static gpointer
count_types (gpointer data, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  return rsc_histogram_compute (data, NULL, progress, cancellable, error);
}

static void
free_array (gpointer data)
{
  g_array_unref (data);
}

static void
free_snapshot (gpointer data)
{
  rsc_snapshot_unref (data);
}

static void
types_counted (gpointer owner, RscJob *job, gpointer result, const GError *error)
{
  RscFindPanel *self = owner;
  RscSnapshot *snapshot = rsc_job_get_data (job);
  g_autoptr (GArray) rows = result;
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);

  if (job != self->types_job)
    return;

  g_clear_object (&self->types_job);
  if (error != NULL)
    {
      gtk_label_set_text (self->error_label, error->message);
      gtk_stack_set_visible_child_name (self->stack, "error");
      return;
    }

  for (guint i = 0; i < rows->len; i++)
    g_ptr_array_add (items, rsc_type_item_new (snapshot, &g_array_index (rows, RscHistogramRow, i)));
  g_list_store_splice (self->types, 0, g_list_model_get_n_items (G_LIST_MODEL (self->types)), items->pdata, items->len);
  search (self);
}

static void
on_capture_changed (RscFindPanel *self)
{
  RscSnapshot *snapshot = rsc_session_get_snapshot (self->session);

  if (snapshot == self->types_snapshot || snapshot == NULL)
    return;

  g_clear_pointer (&self->types_snapshot, rsc_snapshot_unref);
  self->types_snapshot = rsc_snapshot_ref (snapshot);
  if (self->types_job != NULL)
    rsc_job_cancel (self->types_job);
  g_clear_object (&self->types_job);
  self->types_job = rsc_job_start (self, _("Counting types"), count_types, rsc_snapshot_ref (snapshot), free_snapshot,
                                   free_array, types_counted);
}

void
rsc_find_panel_set_session (RscFindPanel *self, RscSession *session)
{
  g_return_if_fail (self->session == NULL);

  self->session = g_object_ref (session);
  g_signal_connect_object (session, "notify::capture", G_CALLBACK (on_capture_changed), self, G_CONNECT_SWAPPED);
  on_capture_changed (self);
}

void
rsc_find_panel_focus (RscFindPanel *self)
{
  gtk_widget_grab_focus (GTK_WIDGET (self->entry));
}

void
rsc_find_panel_show_nodes (RscFindPanel *self, const char *title, RscSnapshot *snapshot, GArray *nodes)
{
  self->find_serial++;
  show_results (self, title, snapshot, nodes);
}

static void
rsc_find_panel_dispose (GObject *object)
{
  RscFindPanel *self = RSC_FIND_PANEL (object);

  if (self->find_job != NULL)
    rsc_job_cancel (self->find_job);
  g_clear_object (&self->find_job);
  if (self->types_job != NULL)
    rsc_job_cancel (self->types_job);
  g_clear_object (&self->types_job);
  self->find_serial++;
  g_clear_object (&self->session);
  g_clear_object (&self->types);
  g_clear_object (&self->results);
  g_clear_pointer (&self->types_snapshot, rsc_snapshot_unref);
  rsc_template_dispose (GTK_WIDGET (self), RSC_TYPE_FIND_PANEL);

  G_OBJECT_CLASS (rsc_find_panel_parent_class)->dispose (object);
}

static void
rsc_find_panel_class_init (RscFindPanelClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rsc_find_panel_dispose;

  g_type_ensure (RSC_TYPE_TOGGLES);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/refscope/Refscope/ui/rsc-find-panel.ui");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "findpanel");
  gtk_widget_class_bind_template_child (widget_class, RscFindPanel, box);
  gtk_widget_class_bind_template_child (widget_class, RscFindPanel, entry);
  gtk_widget_class_bind_template_child (widget_class, RscFindPanel, by_type);
  gtk_widget_class_bind_template_child (widget_class, RscFindPanel, by_name);
  gtk_widget_class_bind_template_child (widget_class, RscFindPanel, by_value);
  gtk_widget_class_bind_template_child (widget_class, RscFindPanel, stack);
  gtk_widget_class_bind_template_child (widget_class, RscFindPanel, types_view);
  gtk_widget_class_bind_template_child (widget_class, RscFindPanel, results_view);
  gtk_widget_class_bind_template_child (widget_class, RscFindPanel, results_title);
  gtk_widget_class_bind_template_child (widget_class, RscFindPanel, error_label);
  gtk_widget_class_bind_template_callback (widget_class, on_search_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_by_toggled);
  gtk_widget_class_bind_template_callback (widget_class, on_type_activated);
  gtk_widget_class_bind_template_callback (widget_class, on_result_activated);
  gtk_widget_class_bind_template_callback (widget_class, on_entry_activated);
  gtk_widget_class_bind_template_callback (widget_class, on_back_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_stop_search);
}

/* From what is typed down to what was found, past what it is looked for by. */
static gboolean
on_entry_key (RscFindPanel *self, guint keyval, guint keycode, GdkModifierType state)
{
  const char *shown = gtk_stack_get_visible_child_name (self->stack);

  if ((keyval != GDK_KEY_Down && keyval != GDK_KEY_KP_Down) || (state & gtk_accelerator_get_default_mod_mask ()) != 0)
    return GDK_EVENT_PROPAGATE;
  if (g_strcmp0 (shown, "results") == 0)
    return gtk_widget_grab_focus (GTK_WIDGET (self->results_view));
  if (g_strcmp0 (shown, "types") == 0)
    return gtk_widget_grab_focus (GTK_WIDGET (self->types_view));
  return GDK_EVENT_PROPAGATE;
}

static void
rsc_find_panel_init (RscFindPanel *self)
{
  GtkEventController *keys = gtk_event_controller_key_new ();
  GtkFilterListModel *filtered;
  GtkSortListModel *sorted;
  g_autoptr (GtkSelectionModel) selection = NULL;
  g_autoptr (GtkSelectionModel) results_selection = NULL;
  g_autoptr (GtkListItemFactory) factory = rsc_object_item_factory_new ();

  gtk_widget_init_template (GTK_WIDGET (self));
  /* After the input method, which chooses among its candidates with this key. */
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_BUBBLE);
  g_signal_connect_object (keys, "key-pressed", G_CALLBACK (on_entry_key), self, G_CONNECT_SWAPPED);
  gtk_widget_add_controller (GTK_WIDGET (self->entry), keys);

  self->types = g_list_store_new (RSC_TYPE_TYPE_ITEM);
  self->type_filter = GTK_FILTER (gtk_custom_filter_new (match_type, self, NULL));
  filtered = gtk_filter_list_model_new (G_LIST_MODEL (g_object_ref (self->types)), self->type_filter);
  sorted = gtk_sort_list_model_new (G_LIST_MODEL (filtered), g_object_ref (gtk_column_view_get_sorter (self->types_view)));
  selection = GTK_SELECTION_MODEL (gtk_no_selection_new (G_LIST_MODEL (sorted)));
  gtk_column_view_set_model (self->types_view, selection);
  rsc_type_item_add_columns (self->types_view);

  self->results = g_list_store_new (RSC_TYPE_OBJECT_ITEM);
  results_selection = GTK_SELECTION_MODEL (gtk_no_selection_new (G_LIST_MODEL (g_object_ref (self->results))));
  gtk_list_view_set_factory (self->results_view, factory);
  gtk_list_view_set_model (self->results_view, results_selection);
}
