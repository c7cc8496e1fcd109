#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include <adwaita.h>

#include "rsc-output-pane.h"

#include "rsc-shrink.h"
#include "rsc-template.h"

/* Older output goes when there is more: a text view of more is slow. */
#define CHARACTERS_MAX (512 * 1024)
/* In pixels: nearer than this counts as at the end. */
#define END_DISTANCE 32

struct _RscOutputPane
{
  GtkWidget parent_instance;

  RscSession *session;
  GtkTextTag *error_tag;
  GtkTextTag *input_tag;
  GtkTextMark *end;   /* the buffer's */
  gboolean following; /* new output is scrolled to */
  double scrolled;    /* to where, last */

  /* Template */
  GtkScrolledWindow *scroller;
  GtkTextView *view;
  GtkEntry *input;
  GtkWidget *send_button;
  GtkWidget *end_button;
};

G_DEFINE_FINAL_TYPE (RscOutputPane, rsc_output_pane, GTK_TYPE_WIDGET)

static void
append (RscOutputPane *self, const char *text, GtkTextTag *tag)
{
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (self->view);
  GtkTextIter end;
  int n;

  gtk_text_buffer_get_end_iter (buffer, &end);
  gtk_text_buffer_insert_with_tags (buffer, &end, text, -1, tag, NULL);

  n = gtk_text_buffer_get_char_count (buffer);
  if (n > CHARACTERS_MAX)
    {
      GtkTextIter start, cut;

      gtk_text_buffer_get_start_iter (buffer, &start);
      gtk_text_buffer_get_iter_at_offset (buffer, &cut, n - CHARACTERS_MAX / 2);
      gtk_text_iter_forward_line (&cut);
      gtk_text_buffer_delete (buffer, &start, &cut);
    }
  if (self->following)
    gtk_text_view_scroll_mark_onscreen (self->view, self->end);
}

/* The end stays in sight until somebody scrolls away from it, which is upwards. How
 * high the text is turns out later than it comes, and in steps; the view, too, moves
 * meanwhile, but downwards. */
static void
on_height_changed (RscOutputPane *self, GtkAdjustment *adjustment)
{
  if (self->following)
    gtk_adjustment_set_value (adjustment, gtk_adjustment_get_upper (adjustment) - gtk_adjustment_get_page_size (adjustment));
}

static void
on_scrolled (RscOutputPane *self, GtkAdjustment *adjustment)
{
  double value = gtk_adjustment_get_value (adjustment);

  if (value + gtk_adjustment_get_page_size (adjustment) >= gtk_adjustment_get_upper (adjustment) - END_DISTANCE)
    self->following = TRUE;
  else if (value < self->scrolled)
    self->following = FALSE;
  self->scrolled = value;
}

static void
on_output (RscOutputPane *self, int fd, const char *text)
{
  append (self, text, fd == 2 ? self->error_tag : NULL);
}

static void
on_state_changed (RscOutputPane *self)
{
  gboolean live = rsc_session_is_live (self->session);

  gtk_widget_set_sensitive (GTK_WIDGET (self->input), live);
  gtk_widget_set_sensitive (self->send_button, live);
  gtk_widget_set_sensitive (self->end_button, live);
}

static void
on_send (RscOutputPane *self)
{
  g_autofree char *line = NULL;

  if (self->session == NULL || !rsc_session_is_live (self->session))
    return;

  line = g_strconcat (gtk_editable_get_text (GTK_EDITABLE (self->input)), "\n", NULL);
  gtk_editable_set_text (GTK_EDITABLE (self->input), "");
  append (self, line, self->input_tag);
  rsc_session_write_input (self->session, line);
}

static void
on_end_of_input (RscOutputPane *self)
{
  if (self->session != NULL)
    rsc_session_close_input (self->session);
  gtk_widget_set_sensitive (self->end_button, FALSE);
}

void
rsc_output_pane_set_session (RscOutputPane *self, RscSession *session)
{
  g_return_if_fail (self->session == NULL);

  self->session = g_object_ref (session);
  append (self, rsc_session_get_output (session), NULL);
  g_signal_connect_object (session, "output", G_CALLBACK (on_output), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::state", G_CALLBACK (on_state_changed), self, G_CONNECT_SWAPPED);
  on_state_changed (self);
}

static void
rsc_output_pane_dispose (GObject *object)
{
  RscOutputPane *self = RSC_OUTPUT_PANE (object);

  g_clear_object (&self->session);
  rsc_template_dispose (GTK_WIDGET (self), RSC_TYPE_OUTPUT_PANE);

  G_OBJECT_CLASS (rsc_output_pane_parent_class)->dispose (object);
}

static void
rsc_output_pane_class_init (RscOutputPaneClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rsc_output_pane_dispose;

  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/refscope/Refscope/ui/rsc-output-pane.ui");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "outputpane");
  gtk_widget_class_bind_template_child (widget_class, RscOutputPane, scroller);
  gtk_widget_class_bind_template_child (widget_class, RscOutputPane, view);
  gtk_widget_class_bind_template_child (widget_class, RscOutputPane, input);
  gtk_widget_class_bind_template_child (widget_class, RscOutputPane, send_button);
  gtk_widget_class_bind_template_child (widget_class, RscOutputPane, end_button);
  gtk_widget_class_bind_template_callback (widget_class, on_send);
  gtk_widget_class_bind_template_callback (widget_class, on_end_of_input);
}

/* One red cannot be read on both grounds. */
static void
update_color (RscOutputPane *self)
{
  gboolean dark = adw_style_manager_get_dark (adw_style_manager_get_default ());

  g_object_set (self->error_tag, "foreground", dark ? "#ff7b63" : "#c01c28", NULL);
}

static void
rsc_output_pane_init (RscOutputPane *self)
{
  GtkAdjustment *adjustment;
  GtkTextBuffer *buffer;
  GtkTextIter end;

  gtk_widget_init_template (GTK_WIDGET (self));
  rsc_shrink_buttons (gtk_widget_get_parent (self->send_button), PANGO_ELLIPSIZE_END);

  buffer = gtk_text_view_get_buffer (self->view);
  gtk_text_buffer_get_end_iter (buffer, &end);
  self->end = gtk_text_buffer_create_mark (buffer, NULL, &end, FALSE);
  /* Both differ by more than their colour: slanted, and bold. */
  self->error_tag = gtk_text_buffer_create_tag (buffer, "error", "style", PANGO_STYLE_ITALIC, NULL);
  self->input_tag = gtk_text_buffer_create_tag (buffer, "input", "weight", PANGO_WEIGHT_BOLD, NULL);
  g_signal_connect_object (adw_style_manager_get_default (), "notify::dark", G_CALLBACK (update_color), self, G_CONNECT_SWAPPED);
  update_color (self);

  self->following = TRUE;
  adjustment = gtk_scrolled_window_get_vadjustment (self->scroller);
  g_signal_connect_object (adjustment, "changed", G_CALLBACK (on_height_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (adjustment, "value-changed", G_CALLBACK (on_scrolled), self, G_CONNECT_SWAPPED);
}
