#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-collect-bar.h"

#include "collect/rsc-comparison.h"

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

typedef struct
{
  RscSnapshot *snapshot;
  GArray *nodes; /* of it */
} Listed;

static void
listed_free (gpointer data, GClosure *closure)
{
  Listed *listed = data;

  rsc_snapshot_unref (listed->snapshot);
  g_array_unref (listed->nodes);
  g_free (listed);
}

static void
on_listed_clicked (GtkButton *button, gpointer user_data)
{
  Listed *listed = user_data;
  GtkWidget *bar = gtk_widget_get_ancestor (GTK_WIDGET (button), RSC_TYPE_COLLECT_BAR);

  g_signal_emit (bar, signals[SHOW_NODES], 0, gtk_button_get_label (button), listed->snapshot, listed->nodes);
}

/* A chip that lists @nodes, which it takes over.  They are of @snapshot; if that is
 * not what is shown, they may be there under other numbers, or, if @gone, are not. */
static void
add_nodes (RscCollectBar *self, RscSnapshot *snapshot, GArray *nodes, gboolean gone, const char *label)
{
  GtkWidget *button;
  g_autofree char *number = rsc_number_dup (nodes->len);
  /* Translators: a number of objects, and what came of them */
  g_autofree char *text = g_strdup_printf (_("%s %s"), number, label);
  gboolean there = !gone || snapshot == rsc_session_get_snapshot (self->session);
  Listed *listed;

  if (nodes->len == 0)
    {
      g_array_unref (nodes);
      return;
    }
  button = gtk_button_new_with_label (text);
  gtk_label_set_wrap (GTK_LABEL (gtk_button_get_child (GTK_BUTTON (button))), TRUE);
  gtk_widget_add_css_class (button, "chip");
  gtk_widget_set_tooltip_text (button, there ? _("List them") : _("They are gone here: see them before the collection"));
  gtk_widget_set_sensitive (button, there);
  listed = g_new0 (Listed, 1);
  listed->snapshot = rsc_snapshot_ref (snapshot);
  listed->nodes = nodes;
  g_signal_connect_data (button, "clicked", G_CALLBACK (on_listed_clicked), listed, listed_free, 0);
  rsc_wrap_box_append (self->counts, button);
}

/* What the collector finds, and keeps for a finalizer of the old kind. */
static void
add_uncollectable (RscCollectBar *self, RscSnapshot *snapshot, const RscPrediction *prediction)
{
  GArray *nodes = g_array_new (FALSE, FALSE, sizeof (RscNode));
  guint32 n_nodes = rsc_snapshot_peek_columns (snapshot)->n_nodes;

  for (RscNode node = 0; node < n_nodes && nodes->len < prediction->n_uncollectable; node++)
    if (rsc_bitset_get (prediction->uncollectable, node))
      g_array_append_val (nodes, node);
  /* Translators: "2 uncollectable": objects that the collector finds unreachable and keeps */
  add_nodes (self, snapshot, nodes, FALSE, _("uncollectable"));
}

static void
fill_comparison (RscCollectBar *self, RscCollectionDiff *diff, GString *note)
{
  RscHeapCapture *capture = rsc_session_get_capture (self->session);
  guint generation = rsc_heap_capture_get_collection (capture)->generation;
  RscPrediction *prediction = rsc_heap_capture_get_prediction (capture, RSC_SIDE_BEFORE, generation, NULL);
  RscSnapshot *before = rsc_heap_capture_get_snapshot (capture, RSC_SIDE_BEFORE);
  g_autoptr (RscComparison) comparison = NULL;
  g_autofree char *number = NULL;

  if (prediction == NULL)
    return;

  comparison = rsc_comparison_new (prediction, diff);
  number = rsc_number_dup (prediction->n_unreachable);
  if (!rsc_comparison_is_different (comparison))
    g_string_append_printf (note, g_dngettext (GETTEXT_PACKAGE, "As predicted: %s object was to be found unreachable, and no other went.",
                                               "As predicted: %s objects were to be found unreachable, and no others went.",
                                               RSC_PLURAL (prediction->n_unreachable)), number);
  else
    g_string_append_printf (note, g_dngettext (GETTEXT_PACKAGE, "Otherwise than predicted, which was %s object; finalizers and other threads may have changed it.",
                                               "Otherwise than predicted, which were %s objects; finalizers and other threads may have changed it.",
                                               RSC_PLURAL (prediction->n_unreachable)), number);
  g_string_append_c (note, ' ');
  add_nodes (self, before, g_array_ref (comparison->only_predicted), FALSE, _("predicted, but still there"));
  add_nodes (self, before, g_array_ref (comparison->only_real), TRUE, _("freed, but not predicted"));
  add_uncollectable (self, before, prediction);
}

static void
fill_diff (RscCollectBar *self, RscCollectionDiff *diff, RscOverlay *overlay)
{
  RscCollection *collection = rsc_heap_capture_get_collection (rsc_session_get_capture (self->session));
  RscSide side = rsc_session_get_side (self->session);
  g_autofree char *title = NULL;
  GString *note = g_string_new (NULL);

  if (collection->by_itself)
    title = g_strdup_printf (_("The program itself collected generation %u: %d unreachable"), collection->generation, (int) collection->returned);
  else
    title = g_strdup_printf (_("gc.collect(%u) returned %d"), collection->generation, (int) collection->returned);
  gtk_label_set_text (self->title, title);
  if (!collection->on_main_thread && !collection->by_itself)
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
  add_uncollectable (self, rsc_overlay_get_snapshot (overlay), prediction);
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
                                      G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_POINTER, G_TYPE_POINTER);
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
