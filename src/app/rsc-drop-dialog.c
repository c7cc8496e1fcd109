#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-drop-dialog.h"

#include <adwaita.h>
#include <string.h>

static void
on_changed (AdwMessageDialog *dialog, GtkEditable *entry)
{
  g_autofree char *text = g_strstrip (g_strdup (gtk_editable_get_text (entry)));

  adw_message_dialog_set_response_enabled (dialog, "show", *text != '\0');
}

static void
on_response (GtkEditable *entry, const char *response, AdwMessageDialog *dialog)
{
  g_autofree char *text = g_strstrip (g_strdup (gtk_editable_get_text (entry)));

  if (strcmp (response, "show") == 0)
    rsc_session_step_drop_named (g_object_get_data (G_OBJECT (dialog), "session"), (const char *const[]) { text, NULL });
}

void
rsc_drop_dialog_present (GtkWidget *widget, RscSession *session, const char *proposed)
{
  GtkRoot *root = gtk_widget_get_root (widget);
  GtkWidget *dialog = adw_message_dialog_new (GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL, _("What If It Went?"),
                                              _("Shows what would be freed if this went, and what a cycle would keep. Nothing is "
                                                "changed in the program."));
  GtkWidget *entry = gtk_entry_new ();

  gtk_editable_set_text (GTK_EDITABLE (entry), proposed != NULL ? proposed : "");
  /* Translators: examples of a name and of a reference, as they are typed */
  gtk_entry_set_placeholder_text (GTK_ENTRY (entry), _("cache, or name:a->name:b"));
  gtk_widget_set_tooltip_text (entry, _("A name as after “del”, an object (type:Session), or a reference (FROM->TO)"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (entry), GTK_ACCESSIBLE_PROPERTY_LABEL, _("What goes"), -1);
  gtk_entry_set_activates_default (GTK_ENTRY (entry), TRUE);
  adw_message_dialog_set_extra_child (ADW_MESSAGE_DIALOG (dialog), entry);
  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "cancel", _("_Cancel"), "show", _("_Show What Follows"), NULL);
  adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "show", ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "show");
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "cancel");
  g_object_set_data_full (G_OBJECT (dialog), "session", g_object_ref (session), g_object_unref);
  g_signal_connect_object (entry, "changed", G_CALLBACK (on_changed), dialog, G_CONNECT_SWAPPED);
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_response), entry, G_CONNECT_SWAPPED);
  on_changed (ADW_MESSAGE_DIALOG (dialog), GTK_EDITABLE (entry));
  gtk_window_present (GTK_WINDOW (dialog));
  gtk_widget_grab_focus (entry);
}
