#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-attach-dialog.h"

#include "rsc-job.h"
#include "rsc-process-item.h"

/* Looking costs the machine no more than a tenth of the time: to measure memory, the kernel goes through
 * all of a process's pages. */
#define REFRESH_INTERVAL_MS 2500
#define REFRESH_SHARE 10
/* Of the window around it, in pixels. */
#define PARENT_MARGIN 20

struct _RscAttachDialog
{
  AdwWindow parent_instance;

  GListStore *items;     /* of RscProcessItem, in order */
  GtkFilter *filter;
  GtkFilterListModel *found;
  GtkSingleSelection *selection;
  RscJob *job;           /* that looks; NULL: none */
  gint64 looked_at;
  guint refresh_source;
  gboolean has_looked;

  /* Template */
  GtkWidget *attach_button;
  GtkSearchEntry *entry;
  GtkStack *stack;
  GtkListView *view;
};

enum
{
  ATTACH,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RscAttachDialog, rsc_attach_dialog, ADW_TYPE_WINDOW)

static void look (RscAttachDialog *self);

/* What is chosen, or NULL. */
static const RscPythonProcess *
get_chosen (RscAttachDialog *self)
{
  RscProcessItem *item = gtk_single_selection_get_selected_item (self->selection);

  return item != NULL ? rsc_process_item_get (item) : NULL;
}

static void
on_selection_changed (RscAttachDialog *self)
{
  const RscPythonProcess *chosen = get_chosen (self);
  gboolean can = chosen != NULL && chosen->why_not == NULL;

  gtk_widget_set_sensitive (self->attach_button, can);
  gtk_widget_set_tooltip_text (self->attach_button, chosen != NULL && !can ? chosen->why_not : _("Attach to the chosen program (Return)"));
}

static void
on_attach (RscAttachDialog *self)
{
  const RscPythonProcess *chosen = get_chosen (self);

  if (chosen == NULL)
    return;
  if (chosen->why_not != NULL)
    {
      /* Its row says why. */
      gtk_widget_error_bell (GTK_WIDGET (self));
      return;
    }
  g_signal_emit (self, signals[ATTACH], 0, (int) chosen->pid);
  gtk_window_close (GTK_WINDOW (self));
}

static void
on_cancel (RscAttachDialog *self)
{
  gtk_window_close (GTK_WINDOW (self));
}

/* Another way to begin, where nothing runs. */
static void
on_launch (RscAttachDialog *self)
{
  GtkWindow *parent = gtk_window_get_transient_for (GTK_WINDOW (self));

  if (parent != NULL)
    gtk_widget_activate_action (GTK_WIDGET (parent), "win.launch", NULL);
  gtk_window_close (GTK_WINDOW (self));
}

static void
on_activate (RscAttachDialog *self, guint position)
{
  gtk_single_selection_set_selected (self->selection, position);
  on_attach (self);
}

/* Searching. */

static gboolean
is_wanted (gpointer item, gpointer user_data)
{
  RscAttachDialog *self = user_data;

  return rsc_process_item_matches (item, gtk_editable_get_text (GTK_EDITABLE (self->entry)));
}

static void
update_stack (RscAttachDialog *self)
{
  const char *page = "list";

  if (!self->has_looked)
    page = "looking";
  else if (g_list_model_get_n_items (G_LIST_MODEL (self->items)) == 0)
    page = "nothing";
  else if (g_list_model_get_n_items (G_LIST_MODEL (self->found)) == 0)
    page = "not-found";
  gtk_stack_set_visible_child_name (self->stack, page);
  on_selection_changed (self);
}

static void
on_search_changed (RscAttachDialog *self)
{
  gtk_filter_changed (self->filter, GTK_FILTER_CHANGE_DIFFERENT);
  /* What was typed is about the best of what is left, not about what was chosen before. */
  gtk_single_selection_set_selected (self->selection, 0);
  update_stack (self);
}

static void
on_stop_search (RscAttachDialog *self)
{
  if (*gtk_editable_get_text (GTK_EDITABLE (self->entry)) != '\0')
    gtk_editable_set_text (GTK_EDITABLE (self->entry), "");
  else
    gtk_window_close (GTK_WINDOW (self));
}

static gboolean
on_entry_key (RscAttachDialog *self, guint keyval)
{
  if (keyval != GDK_KEY_Down && keyval != GDK_KEY_KP_Down)
    return GDK_EVENT_PROPAGATE;

  gtk_widget_grab_focus (GTK_WIDGET (self->view));

  return GDK_EVENT_STOP;
}

/* Looking which there are.  What is still there keeps its row, so that neither the choice nor the place moves. */

static gpointer
list (gpointer data, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  return rsc_python_process_list (cancellable);
}

static void
free_processes (gpointer data)
{
  g_ptr_array_unref (data);
}

static RscProcessItem *
find_item (RscAttachDialog *self, pid_t pid)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->items)); i++)
    {
      g_autoptr (RscProcessItem) item = g_list_model_get_item (G_LIST_MODEL (self->items), i);

      if (rsc_process_item_get (item)->pid == pid)
        return g_steal_pointer (&item);
    }

  return NULL;
}

/* Puts @items (in order) in the place of what was there, and moves only what has to go elsewhere. */
static void
merge (RscAttachDialog *self, GPtrArray *items)
{
  for (guint i = g_list_model_get_n_items (G_LIST_MODEL (self->items)); i-- > 0;)
    {
      g_autoptr (RscProcessItem) item = g_list_model_get_item (G_LIST_MODEL (self->items), i);
      g_autoptr (RscProcessItem) next = g_list_model_get_item (G_LIST_MODEL (self->items), i + 1);

      if (!g_ptr_array_find (items, item, NULL) || (next != NULL && rsc_process_item_compare (&item, &next) > 0))
        g_list_store_remove (self->items, i);
    }
  for (guint i = 0; i < items->len; i++)
    {
      g_autoptr (RscProcessItem) there = g_list_model_get_item (G_LIST_MODEL (self->items), i);

      if (there != g_ptr_array_index (items, i))
        g_list_store_insert (self->items, i, g_ptr_array_index (items, i));
    }
}

static gboolean
on_refresh_time (gpointer user_data)
{
  RscAttachDialog *self = user_data;

  self->refresh_source = 0;
  look (self);

  return G_SOURCE_REMOVE;
}

static void
listed (gpointer owner, RscJob *job, gpointer result, const GError *error)
{
  RscAttachDialog *self = owner;
  g_autoptr (GPtrArray) processes = result;
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);
  gint64 took = (g_get_monotonic_time () - self->looked_at) / G_TIME_SPAN_MILLISECOND;

  if (job != self->job)
    return;

  g_clear_object (&self->job);
  self->refresh_source = g_timeout_add ((guint) MAX (REFRESH_INTERVAL_MS, took * REFRESH_SHARE), on_refresh_time, self);
  if (processes == NULL)
    return;

  /* Each goes to an item. */
  g_ptr_array_set_free_func (processes, NULL);
  for (guint i = 0; i < processes->len; i++)
    {
      RscPythonProcess *process = g_ptr_array_index (processes, i);
      RscProcessItem *item = find_item (self, process->pid);

      if (item != NULL)
        rsc_process_item_update (item, process);
      else
        item = rsc_process_item_new (process);
      g_ptr_array_add (items, item);
    }
  g_ptr_array_sort (items, rsc_process_item_compare);
  merge (self, items);
  if (!self->has_looked)
    gtk_single_selection_set_selected (self->selection, 0);
  self->has_looked = TRUE;
  update_stack (self);
}

static void
look (RscAttachDialog *self)
{
  self->looked_at = g_get_monotonic_time ();
  self->job = rsc_job_start (self, "", list, NULL, NULL, free_processes, listed);
}

/* Building. */

static void
rsc_attach_dialog_dispose (GObject *object)
{
  RscAttachDialog *self = RSC_ATTACH_DIALOG (object);

  g_clear_handle_id (&self->refresh_source, g_source_remove);
  if (self->job != NULL)
    rsc_job_cancel (self->job);
  g_clear_object (&self->job);
  gtk_widget_dispose_template (GTK_WIDGET (self), RSC_TYPE_ATTACH_DIALOG);
  g_clear_object (&self->selection);
  g_clear_object (&self->found);
  g_clear_object (&self->filter);
  g_clear_object (&self->items);

  G_OBJECT_CLASS (rsc_attach_dialog_parent_class)->dispose (object);
}

static void
rsc_attach_dialog_class_init (RscAttachDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rsc_attach_dialog_dispose;

  signals[ATTACH] = g_signal_new ("attach", RSC_TYPE_ATTACH_DIALOG, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_INT);

  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/refscope/Refscope/ui/rsc-attach-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, RscAttachDialog, attach_button);
  gtk_widget_class_bind_template_child (widget_class, RscAttachDialog, entry);
  gtk_widget_class_bind_template_child (widget_class, RscAttachDialog, stack);
  gtk_widget_class_bind_template_child (widget_class, RscAttachDialog, view);
  gtk_widget_class_bind_template_callback (widget_class, on_attach);
  gtk_widget_class_bind_template_callback (widget_class, on_cancel);
  gtk_widget_class_bind_template_callback (widget_class, on_launch);
  gtk_widget_class_bind_template_callback (widget_class, on_activate);
  gtk_widget_class_bind_template_callback (widget_class, on_search_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_stop_search);
  gtk_widget_class_bind_template_callback (widget_class, on_entry_key);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
rsc_attach_dialog_init (RscAttachDialog *self)
{
  g_autoptr (GtkListItemFactory) factory = rsc_process_item_factory_new ();

  gtk_widget_init_template (GTK_WIDGET (self));

  self->items = g_list_store_new (RSC_TYPE_PROCESS_ITEM);
  self->filter = GTK_FILTER (gtk_custom_filter_new (is_wanted, self, NULL));
  self->found = gtk_filter_list_model_new (g_object_ref (G_LIST_MODEL (self->items)), g_object_ref (self->filter));
  self->selection = gtk_single_selection_new (g_object_ref (G_LIST_MODEL (self->found)));
  g_signal_connect_object (self->selection, "notify::selected-item", G_CALLBACK (on_selection_changed), self, G_CONNECT_SWAPPED);
  gtk_list_view_set_factory (self->view, factory);
  gtk_list_view_set_model (self->view, GTK_SELECTION_MODEL (self->selection));
  gtk_search_entry_set_key_capture_widget (self->entry, GTK_WIDGET (self->view));
  update_stack (self);
  gtk_widget_grab_focus (GTK_WIDGET (self->entry));
  look (self);
}

GtkWidget *
rsc_attach_dialog_new (GtkWindow *parent)
{
  GtkWidget *self = g_object_new (RSC_TYPE_ATTACH_DIALOG, "transient-for", parent, NULL);
  int width, height;

  /* No wider than what it stands on. */
  gtk_window_get_default_size (GTK_WINDOW (self), &width, &height);
  if (gtk_widget_get_mapped (GTK_WIDGET (parent)))
    gtk_window_set_default_size (GTK_WINDOW (self), MIN (width, gtk_widget_get_width (GTK_WIDGET (parent)) - PARENT_MARGIN),
                                 MIN (height, gtk_widget_get_height (GTK_WIDGET (parent)) - 2 * PARENT_MARGIN));

  return self;
}
