#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include <adwaita.h>

#include "rsc-program-bar.h"

#include "rsc-menus.h"
#include "rsc-template.h"
#include "rsc-wrap-box.h"

struct _RscProgramBar
{
  GtkWidget parent_instance;

  RscSession *session;
  gboolean compact;

  /* Template */
  GtkImage *state_icon;
  GtkLabel *state_label;
  GtkWidget *program_buttons;
  GtkWidget *continue_button;
  GtkWidget *stop_button;
  GtkWidget *output_button;
  GtkWidget *collect_button;
  AdwButtonContent *capture_content;
  AdwButtonContent *stop_content;
  AdwButtonContent *collect_content;
  AdwButtonContent *cycles_content;
};

G_DEFINE_FINAL_TYPE (RscProgramBar, rsc_program_bar, GTK_TYPE_WIDGET)

/* Told by the shape of the icon as well as by its colour. */
static const struct
{
  const char *icon;
  const char *css_class;
} appearances[] = {
  [RSC_SESSION_LOADING] = { "content-loading-symbolic", "state-starting" },
  [RSC_SESSION_READY] = { "document-open-symbolic", "state-exited" },
  [RSC_SESSION_STARTING] = { "content-loading-symbolic", "state-starting" },
  [RSC_SESSION_RUNNING] = { "media-playback-start-symbolic", "state-running" },
  [RSC_SESSION_HELD] = { "media-playback-pause-symbolic", "state-held" },
  [RSC_SESSION_EXITED] = { "media-playback-stop-symbolic", "state-exited" },
  [RSC_SESSION_FAILED] = { "dialog-error-symbolic", "state-failed" },
  [RSC_SESSION_DETACHED] = { "media-eject-symbolic", "state-exited" }
};

static GtkWidget *
find_label (GtkWidget *widget)
{
  GtkWidget *label = GTK_IS_LABEL (widget) ? widget : NULL;

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL && label == NULL; child = gtk_widget_get_next_sibling (child))
    label = find_label (child);

  return label;
}

/* Hidden, not taken away: the word is the button's name all the same. */
static void
show_word (AdwButtonContent *content, gboolean seen)
{
  gtk_widget_set_visible (find_label (GTK_WIDGET (content)), seen);
}

/* A process that ran before is not ours to be stopped: what is over is that we look. */
static void
update_stop_button (RscProgramBar *self)
{
  gboolean again = rsc_session_can_attach_again (self->session);

  if (!rsc_session_is_process (self->session))
    return;

  adw_button_content_set_icon_name (self->stop_content, again ? "mail-attachment-symbolic" : "media-eject-symbolic");
  adw_button_content_set_label (self->stop_content, again ? _("Attach Again") : _("Detach"));
  show_word (self->stop_content, !self->compact);
  gtk_widget_set_tooltip_text (self->stop_button, again ? _("Attach to the program again: captures go on where they ended") :
                               _("Let go of the program, which runs on (Shift+F4)"));
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->stop_button), again ? "page.attach-again" : "page.stop");
  /* What was never there cannot be had again: the page offers to try once more. */
  gtk_widget_set_visible (self->stop_button, rsc_session_get_state (self->session) != RSC_SESSION_FAILED);
  gtk_widget_set_visible (self->continue_button, rsc_session_get_state (self->session) == RSC_SESSION_HELD ||
                          rsc_session_get_hold (self->session));
}

static void
on_state_changed (RscProgramBar *self)
{
  RscSessionState state = rsc_session_get_state (self->session);
  g_autofree char *status = rsc_session_dup_status (self->session);
  const char *reason = rsc_session_get_status_reason (self->session);
  g_autofree char *tooltip = NULL;

  update_stop_button (self);
  gtk_label_set_text (self->state_label, status);
  tooltip = reason != NULL ? g_strdup_printf ("%s\n%s", status, reason) : g_strdup (status);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->state_label), tooltip);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->state_label), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, reason != NULL ? reason : "", -1);
  gtk_image_set_from_icon_name (self->state_icon, appearances[state].icon);
  for (guint i = 0; i < G_N_ELEMENTS (appearances); i++)
    gtk_widget_remove_css_class (GTK_WIDGET (self->state_icon), appearances[i].css_class);
  gtk_widget_add_css_class (GTK_WIDGET (self->state_icon), appearances[state].css_class);
  if (state == RSC_SESSION_HELD)
    gtk_widget_add_css_class (self->continue_button, "suggested-action");
  else
    gtk_widget_remove_css_class (self->continue_button, "suggested-action");
}

/* Continue keeps its word: it is what is pressed most, and wide enough to hit. */
void
rsc_program_bar_set_compact (RscProgramBar *self, gboolean compact)
{
  self->compact = compact;
  show_word (self->capture_content, !compact);
  show_word (self->stop_content, !compact);
  show_word (self->collect_content, !compact);
  show_word (self->cycles_content, !compact);
}

void
rsc_program_bar_set_session (RscProgramBar *self, RscSession *session)
{
  g_return_if_fail (self->session == NULL);

  self->session = g_object_ref (session);
  gtk_widget_set_visible (self->program_buttons, rsc_session_is_program (session));
  gtk_widget_set_visible (self->output_button, rsc_session_has_output (session));
  g_signal_connect_object (session, "notify::state", G_CALLBACK (on_state_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::capture", G_CALLBACK (on_state_changed), self, G_CONNECT_SWAPPED);
  on_state_changed (self);
}

static void
rsc_program_bar_dispose (GObject *object)
{
  RscProgramBar *self = RSC_PROGRAM_BAR (object);

  g_clear_object (&self->session);
  rsc_template_dispose (GTK_WIDGET (self), RSC_TYPE_PROGRAM_BAR);

  G_OBJECT_CLASS (rsc_program_bar_parent_class)->dispose (object);
}

static void
rsc_program_bar_class_init (RscProgramBarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rsc_program_bar_dispose;

  g_type_ensure (RSC_TYPE_WRAP_BOX);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/refscope/Refscope/ui/rsc-program-bar.ui");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_bind_template_child (widget_class, RscProgramBar, state_icon);
  gtk_widget_class_bind_template_child (widget_class, RscProgramBar, state_label);
  gtk_widget_class_bind_template_child (widget_class, RscProgramBar, program_buttons);
  gtk_widget_class_bind_template_child (widget_class, RscProgramBar, continue_button);
  gtk_widget_class_bind_template_child (widget_class, RscProgramBar, stop_button);
  gtk_widget_class_bind_template_child (widget_class, RscProgramBar, output_button);
  gtk_widget_class_bind_template_child (widget_class, RscProgramBar, collect_button);
  gtk_widget_class_bind_template_child (widget_class, RscProgramBar, capture_content);
  gtk_widget_class_bind_template_child (widget_class, RscProgramBar, stop_content);
  gtk_widget_class_bind_template_child (widget_class, RscProgramBar, collect_content);
  gtk_widget_class_bind_template_child (widget_class, RscProgramBar, cycles_content);
}

static void
rsc_program_bar_init (RscProgramBar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  adw_split_button_set_menu_model (ADW_SPLIT_BUTTON (self->collect_button), rsc_menus_get ("collect_menu"));

  /* Of a split button only the first half has a name, and is grey when there is nothing to collect. */
  for (GtkWidget *half = gtk_widget_get_first_child (self->collect_button); half != NULL; half = gtk_widget_get_next_sibling (half))
    if (GTK_IS_MENU_BUTTON (half))
      {
        gtk_accessible_update_property (GTK_ACCESSIBLE (half), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Choose the generation"), -1);
        g_object_bind_property (gtk_widget_get_first_child (self->collect_button), "sensitive", half, "sensitive", G_BINDING_SYNC_CREATE);
      }
}
