#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-collect-bar.h"

#include "rsc-number.h"
#include "rsc-reveal.h"
#include "rsc-template.h"
#include "rsc-toggles.h"
#include "rsc-wrap-box.h"

struct _RscCollectBar
{
  GtkWidget parent_instance;

  RscSession *session;
  gboolean filling;

  /* Template */
  GtkRevealer *revealer;
  GtkLabel *title;
  GtkLabel *note;
  GtkWidget *sides;
  GtkToggleButton *before_button;
  GtkToggleButton *after_button;
  RscWrapBox *counts;
};

enum
{
  SHOW_STATE,
  SHOW_NODES,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RscCollectBar, rsc_collect_bar, GTK_TYPE_WIDGET)

static void
on_count_clicked (RscCollectBar *self, GtkWidget *button)
{
  g_signal_emit (self, signals[SHOW_STATE], 0, GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (button), "state")));
}

/* How many of a state are drawn. */
static guint
count_drawn (RscCollectBar *self, RscOverlay *overlay, RscState state)
{
  RscScene *scene = rsc_session_get_scene (self->session);
  const RscGraphNode *nodes;
  gsize n_nodes;
  guint n = 0;

  if (scene == NULL || rsc_graph_get_snapshot (rsc_scene_get_graph (scene)) != rsc_overlay_get_snapshot (overlay))
    return 0;

  nodes = rsc_graph_get_nodes (rsc_scene_get_graph (scene), &n_nodes);
  for (gsize i = 0; i < n_nodes; i++)
    n += nodes[i].kind == RSC_GRAPH_NODE_OBJECT && rsc_overlay_get_state (overlay, nodes[i].node) == state;

  return n;
}

static void
add_count (RscCollectBar *self, RscOverlay *overlay, RscState state, guint64 count, guint64 bytes)
{
  g_autofree char *number = rsc_number_dup (count);
  g_autofree char *text = NULL;
  g_autofree char *tooltip = NULL;
  g_autofree char *css_class = g_strconcat ("state-", rsc_state_get_id (state), NULL);
  guint n_drawn = count_drawn (self, overlay, state);
  GtkWidget *button;

  if (bytes > 0)
    {
      g_autofree char *size = g_format_size_full (bytes, G_FORMAT_SIZE_IEC_UNITS);

      /* Translators: "12 freed (1.2 KiB)" */
      text = g_strdup_printf (_("%s %s (%s)"), number, rsc_state_get_label (state), size);
    }
  else
    /* Translators: "12 promoted" */
    text = g_strdup_printf (_("%s %s"), number, rsc_state_get_label (state));
  tooltip = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "List them; %u is in the picture", "List them; %u are in the picture", n_drawn), n_drawn);

  button = gtk_button_new_with_label (text);
  gtk_label_set_wrap (GTK_LABEL (gtk_button_get_child (GTK_BUTTON (button))), TRUE);
  gtk_widget_add_css_class (button, "chip");
  gtk_widget_add_css_class (button, css_class);
  gtk_widget_set_tooltip_text (button, tooltip);
  gtk_widget_set_sensitive (button, rsc_overlay_count (overlay, state) > 0);
  g_object_set_data (G_OBJECT (button), "state", GUINT_TO_POINTER (state));
  g_signal_connect_object (button, "clicked", G_CALLBACK (on_count_clicked), self, G_CONNECT_SWAPPED);
  rsc_wrap_box_append (self->counts, button);
}

static void
on_difference_clicked (RscCollectBar *self, GtkWidget *button)
{
  g_signal_emit (self, signals[SHOW_NODES], 0, gtk_button_get_label (GTK_BUTTON (button)),
                 g_object_get_data (G_OBJECT (button), "nodes"));
}

/* Takes @nodes over. */
static void
add_difference (RscCollectBar *self, GArray *nodes, const char *label)
{
  GtkWidget *button;
  g_autofree char *number = rsc_number_dup (nodes->len);
  /* Translators: a number of objects, and what came of them */
  g_autofree char *text = g_strdup_printf (_("%s %s"), number, label);

  if (nodes->len == 0)
    {
      g_array_unref (nodes);
      return;
    }
  button = gtk_button_new_with_label (text);
  gtk_label_set_wrap (GTK_LABEL (gtk_button_get_child (GTK_BUTTON (button))), TRUE);
  gtk_widget_add_css_class (button, "chip");
  gtk_widget_set_tooltip_text (button, _("List them"));
  g_object_set_data_full (G_OBJECT (button), "nodes", nodes, (GDestroyNotify) g_array_unref);
  g_signal_connect_object (button, "clicked", G_CALLBACK (on_difference_clicked), self, G_CONNECT_SWAPPED);
  rsc_wrap_box_append (self->counts, button);
}

/* Only what the collector examines can be unreachable to it: what is freed besides went along. */
static void
fill_comparison (RscCollectBar *self, RscCollectionDiff *diff, GString *note)
{
  RscHeapCapture *capture = rsc_session_get_capture (self->session);
  guint generation = rsc_heap_capture_get_collection (capture)->generation;
  RscPrediction *prediction = rsc_heap_capture_get_prediction (capture, RSC_SIDE_BEFORE, generation, NULL);
  const RscColumns *columns = rsc_snapshot_peek_columns (rsc_heap_capture_get_snapshot (capture, RSC_SIDE_BEFORE));
  g_autofree char *number = NULL;
  GArray *only_predicted, *only_real;

  if (prediction == NULL)
    return;

  only_predicted = g_array_new (FALSE, FALSE, sizeof (RscNode));
  only_real = g_array_new (FALSE, FALSE, sizeof (RscNode));
  for (RscNode node = 0; node < columns->n_nodes; node++)
    {
      gboolean predicted = rsc_bitset_get (prediction->unreachable, node);
      gboolean freed = rsc_overlay_get_state (diff->before, node) == RSC_STATE_FREED;

      if (predicted && !freed)
        g_array_append_val (only_predicted, node);
      else if (freed && !predicted && (columns->flags[node] & RSC_NODE_TRACKED) && columns->generation[node] <= generation)
        g_array_append_val (only_real, node);
    }

  number = rsc_number_dup (prediction->n_unreachable);
  if (only_predicted->len == 0 && only_real->len == 0)
    g_string_append_printf (note, g_dngettext (GETTEXT_PACKAGE, "As predicted: %s object was to be found unreachable, and no other went.",
                                               "As predicted: %s objects were to be found unreachable, and no others went.",
                                               RSC_PLURAL (prediction->n_unreachable)), number);
  else
    g_string_append_printf (note, g_dngettext (GETTEXT_PACKAGE, "Otherwise than predicted, which was %s object; finalizers and other threads may have changed it.",
                                               "Otherwise than predicted, which were %s objects; finalizers and other threads may have changed it.",
                                               RSC_PLURAL (prediction->n_unreachable)), number);
  g_string_append_c (note, ' ');
  add_difference (self, only_predicted, _("predicted, but still there"));
  add_difference (self, only_real, _("freed, but not predicted"));
}

static void
fill_diff (RscCollectBar *self, RscCollectionDiff *diff, RscOverlay *overlay)
{
  RscCollection *collection = rsc_heap_capture_get_collection (rsc_session_get_capture (self->session));
  RscSide side = rsc_session_get_side (self->session);
  g_autofree char *title = NULL;
  GString *note = g_string_new (NULL);

  title = g_strdup_printf (_("gc.collect(%u) returned %d"), collection->generation, (int) collection->returned);
  gtk_label_set_text (self->title, title);
  if (!collection->on_main_thread)
    g_string_append (note, _("It ran on the agent’s thread. "));
  if (collection->others_ran)
    g_string_append (note, _("Other threads ran meanwhile. "));
  if (diff->freed > diff->found)
    {
      g_autofree char *found = rsc_number_dup (diff->found);
      g_autofree char *along = rsc_number_dup (diff->freed - diff->found);

      /* Translators: both are numbers of objects that a collection freed */
      g_string_append_printf (note, _("The collector found %1$s; %2$s that only these held went along."), found, along);
      g_string_append_c (note, ' ');
    }

  if (side == RSC_SIDE_BEFORE)
    add_count (self, overlay, RSC_STATE_FREED, diff->freed, diff->freed_bytes);
  else
    add_count (self, overlay, RSC_STATE_NEW, diff->created, 0);
  add_count (self, overlay, RSC_STATE_PROMOTED, diff->promoted, 0);
  add_count (self, overlay, RSC_STATE_STAYED, diff->stayed, 0);
  if (side == RSC_SIDE_BEFORE && diff->unknown > 0)
    add_count (self, overlay, RSC_STATE_UNKNOWN, diff->unknown, 0);
  fill_comparison (self, diff, note);

  gtk_label_set_text (self->note, note->str);
  gtk_widget_set_visible (GTK_WIDGET (self->note), note->len > 0);
  g_string_free (note, TRUE);
}

static void
fill_prediction (RscCollectBar *self, RscPrediction *prediction, RscOverlay *overlay)
{
  g_autofree char *title = g_strdup_printf (_("Predicted: a collection of generation %u"), prediction->generation);
  GString *note = g_string_new (NULL);

  gtk_label_set_text (self->title, title);
  if (prediction->rule == RSC_RULE_REFCOUNTS)
    g_string_append (note, _("Nothing was collected: by reference counts and what the collector sees, this is what a collection would free."));
  else
    g_string_append (note, _("Nothing was collected: there are no reference counts, so this is what cannot be reached from the roots."));
  if (prediction->n_finalizers > 0)
    {
      g_autofree char *number = rsc_number_dup (prediction->n_finalizers);

      g_string_append_c (note, ' ');
      g_string_append_printf (note, g_dngettext (GETTEXT_PACKAGE, "%s finalizer would run; what it does cannot be predicted.",
                                                 "%s finalizers would run; what they do cannot be predicted.",
                                                 RSC_PLURAL (prediction->n_finalizers)), number);
    }
  gtk_label_set_text (self->note, note->str);
  gtk_widget_show (GTK_WIDGET (self->note));
  g_string_free (note, TRUE);

  add_count (self, overlay, RSC_STATE_PREDICTED, prediction->n_unreachable, prediction->bytes);
  add_count (self, overlay, RSC_STATE_PROMOTED, rsc_overlay_count (overlay, RSC_STATE_PROMOTED), 0);
  add_count (self, overlay, RSC_STATE_STAYED, rsc_overlay_count (overlay, RSC_STATE_STAYED), 0);
}

static void
update (RscCollectBar *self)
{
  RscCollectionDiff *diff = rsc_session_get_diff (self->session);
  RscPrediction *prediction = rsc_session_get_prediction (self->session);
  RscOverlay *overlay = rsc_session_get_overlay (self->session);

  if (rsc_session_get_overlay_mode (self->session) != RSC_OVERLAY_MODE_COLLECTION || overlay == NULL)
    {
      rsc_reveal (self->revealer, FALSE);
      return;
    }

  self->filling = TRUE;
  rsc_wrap_box_remove_all (self->counts);
  gtk_widget_set_visible (self->sides, diff != NULL);
  gtk_toggle_button_set_active (self->before_button, rsc_session_get_side (self->session) == RSC_SIDE_BEFORE);
  gtk_toggle_button_set_active (self->after_button, rsc_session_get_side (self->session) == RSC_SIDE_AFTER);
  if (diff != NULL)
    fill_diff (self, diff, overlay);
  else if (prediction != NULL)
    fill_prediction (self, prediction, overlay);
  self->filling = FALSE;
  rsc_reveal (self->revealer, TRUE);
}

static void
on_side_toggled (RscCollectBar *self)
{
  /* Of a group the one that is left toggles first. */
  RscSide side = gtk_toggle_button_get_active (self->before_button) ? RSC_SIDE_BEFORE : RSC_SIDE_AFTER;

  if (!self->filling && self->session != NULL && side != rsc_session_get_side (self->session))
    rsc_session_show_capture (self->session, rsc_session_get_capture (self->session), side);
}

static void
on_close_clicked (RscCollectBar *self)
{
  rsc_session_set_overlay_mode (self->session, RSC_OVERLAY_MODE_NONE);
}

void
rsc_collect_bar_set_session (RscCollectBar *self, RscSession *session)
{
  g_return_if_fail (self->session == NULL);

  self->session = g_object_ref (session);
  g_signal_connect_object (session, "notify::overlay", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
}

static void
rsc_collect_bar_dispose (GObject *object)
{
  RscCollectBar *self = RSC_COLLECT_BAR (object);

  self->filling = TRUE;
  g_clear_object (&self->session);
  rsc_template_dispose (GTK_WIDGET (self), RSC_TYPE_COLLECT_BAR);

  G_OBJECT_CLASS (rsc_collect_bar_parent_class)->dispose (object);
}

static void
rsc_collect_bar_class_init (RscCollectBarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rsc_collect_bar_dispose;

  signals[SHOW_NODES] = g_signal_new ("show-nodes", RSC_TYPE_COLLECT_BAR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                      G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_POINTER);
  signals[SHOW_STATE] = g_signal_new ("show-state", RSC_TYPE_COLLECT_BAR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                      G_TYPE_NONE, 1, G_TYPE_UINT);

  g_type_ensure (RSC_TYPE_WRAP_BOX);
  g_type_ensure (RSC_TYPE_TOGGLES);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/refscope/Refscope/ui/rsc-collect-bar.ui");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "collectbar");
  gtk_widget_class_bind_template_child (widget_class, RscCollectBar, revealer);
  gtk_widget_class_bind_template_child (widget_class, RscCollectBar, title);
  gtk_widget_class_bind_template_child (widget_class, RscCollectBar, note);
  gtk_widget_class_bind_template_child (widget_class, RscCollectBar, sides);
  gtk_widget_class_bind_template_child (widget_class, RscCollectBar, before_button);
  gtk_widget_class_bind_template_child (widget_class, RscCollectBar, after_button);
  gtk_widget_class_bind_template_child (widget_class, RscCollectBar, counts);
  gtk_widget_class_bind_template_callback (widget_class, on_side_toggled);
  gtk_widget_class_bind_template_callback (widget_class, on_close_clicked);
}

static void
rsc_collect_bar_init (RscCollectBar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
