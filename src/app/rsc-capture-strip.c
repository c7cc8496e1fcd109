#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-capture-strip.h"

#include "rsc-template.h"

struct _RscCaptureStrip
{
  GtkWidget parent_instance;

  RscSession *session;
  gboolean filling;

  /* Template */
  GtkScrolledWindow *scroller;
  GtkBox *box;
};

G_DEFINE_FINAL_TYPE (RscCaptureStrip, rsc_capture_strip, GTK_TYPE_WIDGET)

static void
on_toggled (RscCaptureStrip *self, GtkToggleButton *button)
{
  RscHeapCapture *capture = g_object_get_data (G_OBJECT (button), "capture");

  if (!self->filling && gtk_toggle_button_get_active (button) && capture != rsc_session_get_capture (self->session))
    rsc_session_show_capture (self->session, capture, RSC_SIDE_BEFORE);
}

static void
add_button (RscCaptureStrip *self, RscHeapCapture *capture)
{
  GtkWidget *first = gtk_widget_get_first_child (GTK_WIDGET (self->box));
  GtkWidget *button = gtk_toggle_button_new ();
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *label = gtk_label_new (rsc_heap_capture_get_title (capture));
  gboolean collection = rsc_heap_capture_get_collection (capture) != NULL;
  g_autofree char *number = g_strdup_printf ("%u", rsc_heap_capture_get_number (capture));
  g_autofree char *name = NULL;
  GtkWidget *number_label = gtk_label_new (number);

  name = g_strdup_printf ("%s %s: %s", number, rsc_heap_capture_get_title (capture), rsc_heap_capture_get_subtitle (capture));
  gtk_widget_add_css_class (number_label, "capture-number");
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 28);
  gtk_box_append (GTK_BOX (box), number_label);
  if (collection)
    gtk_box_append (GTK_BOX (box), gtk_image_new_from_icon_name ("refscope-collect-symbolic"));
  gtk_box_append (GTK_BOX (box), label);
  gtk_button_set_child (GTK_BUTTON (button), box);
  gtk_widget_add_css_class (button, "capture");
  gtk_widget_set_tooltip_text (button, name);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  g_object_set_data_full (G_OBJECT (button), "capture", g_object_ref (capture), g_object_unref);
  if (first != NULL)
    gtk_toggle_button_set_group (GTK_TOGGLE_BUTTON (button), GTK_TOGGLE_BUTTON (first));
  g_signal_connect_object (button, "toggled", G_CALLBACK (on_toggled), self, G_CONNECT_SWAPPED);
  gtk_box_append (self->box, button);
}

static void
on_captures_changed (RscCaptureStrip *self, guint position, guint removed, guint added, GListModel *captures)
{
  g_return_if_fail (removed == 0);

  for (guint i = 0; i < added; i++)
    {
      g_autoptr (RscHeapCapture) capture = g_list_model_get_item (captures, position + i);

      add_button (self, capture);
    }
  gtk_widget_set_visible (GTK_WIDGET (self), g_list_model_get_n_items (captures) > (rsc_session_is_program (self->session) ? 0 : 1));
}

static gboolean
scroll_to_end (gpointer user_data)
{
  RscCaptureStrip *self = user_data;
  GtkAdjustment *adjustment;

  if (self->scroller != NULL)
    {
      adjustment = gtk_scrolled_window_get_hadjustment (self->scroller);
      /* Right to left, the end is on the left. */
      gtk_adjustment_set_value (adjustment, gtk_widget_get_direction (GTK_WIDGET (self->scroller)) == GTK_TEXT_DIR_RTL
                                              ? gtk_adjustment_get_lower (adjustment) : gtk_adjustment_get_upper (adjustment));
    }

  return G_SOURCE_REMOVE;
}

static void
on_capture_changed (RscCaptureStrip *self)
{
  RscHeapCapture *shown = rsc_session_get_capture (self->session);
  GtkWidget *button;

  self->filling = TRUE;
  for (button = gtk_widget_get_first_child (GTK_WIDGET (self->box)); button != NULL; button = gtk_widget_get_next_sibling (button))
    if (g_object_get_data (G_OBJECT (button), "capture") == shown)
      {
        gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (button), TRUE);
        if (gtk_widget_get_next_sibling (button) == NULL)
          g_idle_add_full (G_PRIORITY_LOW, scroll_to_end, g_object_ref (self), g_object_unref);
      }
  self->filling = FALSE;
}

void
rsc_capture_strip_set_session (RscCaptureStrip *self, RscSession *session)
{
  GListModel *captures = rsc_session_get_captures (session);

  g_return_if_fail (self->session == NULL);

  self->session = g_object_ref (session);
  g_signal_connect_object (captures, "items-changed", G_CALLBACK (on_captures_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::capture", G_CALLBACK (on_capture_changed), self, G_CONNECT_SWAPPED);
  on_captures_changed (self, 0, 0, g_list_model_get_n_items (captures), captures);
  on_capture_changed (self);
}

static void
rsc_capture_strip_dispose (GObject *object)
{
  RscCaptureStrip *self = RSC_CAPTURE_STRIP (object);

  self->filling = TRUE;
  g_clear_object (&self->session);
  rsc_template_dispose (GTK_WIDGET (self), RSC_TYPE_CAPTURE_STRIP);

  G_OBJECT_CLASS (rsc_capture_strip_parent_class)->dispose (object);
}

static void
rsc_capture_strip_class_init (RscCaptureStripClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rsc_capture_strip_dispose;

  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/refscope/Refscope/ui/rsc-capture-strip.ui");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_bind_template_child (widget_class, RscCaptureStrip, scroller);
  gtk_widget_class_bind_template_child (widget_class, RscCaptureStrip, box);
}

static void
rsc_capture_strip_init (RscCaptureStrip *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
