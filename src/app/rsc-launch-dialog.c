#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-launch-dialog.h"

#include "rsc-shrink.h"

#include <string.h>

/* More do not fit below the command on a small screen. */
#define RECENT_SHOWN 5

struct _RscLaunchDialog
{
  AdwWindow parent_instance;

  char *folder;
  GtkFileChooserNative *chooser;

  /* Template */
  GtkWidget *launch_button;
  AdwPreferencesGroup *recent_group;
  AdwEntryRow *command_row;
  AdwActionRow *folder_row;
  GtkSwitch *hold_switch;
  GtkLabel *error_label;
};

enum
{
  LAUNCH,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RscLaunchDialog, rsc_launch_dialog, ADW_TYPE_WINDOW)

static void
on_command_changed (RscLaunchDialog *self)
{
  const char *command = gtk_editable_get_text (GTK_EDITABLE (self->command_row));
  g_autoptr (GError) error = NULL;
  gboolean valid = g_shell_parse_argv (command, NULL, NULL, &error);
  gboolean empty = g_error_matches (error, G_SHELL_ERROR, G_SHELL_ERROR_EMPTY_STRING);

  gtk_widget_set_sensitive (self->launch_button, valid);
  gtk_label_set_text (self->error_label, valid || empty ? "" : _("A quotation mark is not closed."));
  gtk_widget_set_visible (GTK_WIDGET (self->error_label), !valid && !empty);
}

/* "script.py --verbose" means what a shell would not make of it: the script, run by Python. */
static GStrv
put_python_before_script (RscLaunchDialog *self, GStrv argv)
{
  g_autofree char *path = g_canonicalize_filename (argv[0], self->folder);
  guint length = g_strv_length (argv);

  if (!g_str_has_suffix (argv[0], ".py") || !g_file_test (path, G_FILE_TEST_IS_REGULAR) ||
      g_file_test (path, G_FILE_TEST_IS_EXECUTABLE))
    return argv;

  argv = g_renew (char *, argv, length + 2);
  memmove (argv + 1, argv, (length + 1) * sizeof *argv);
  argv[0] = g_strdup ("python3");

  return argv;
}

static void
on_launch (RscLaunchDialog *self)
{
  g_auto (GStrv) argv = NULL;
  g_autoptr (GVariant) program = NULL;

  if (!g_shell_parse_argv (gtk_editable_get_text (GTK_EDITABLE (self->command_row)), NULL, &argv, NULL))
    return;

  argv = put_python_before_script (self, argv);
  program = g_variant_ref_sink (g_variant_new ("(^assb)", argv, self->folder != NULL ? self->folder : "",
                                               gtk_switch_get_active (self->hold_switch)));
  g_signal_emit (self, signals[LAUNCH], 0, program);
  gtk_window_close (GTK_WINDOW (self));
}

static void
on_cancel (RscLaunchDialog *self)
{
  gtk_window_close (GTK_WINDOW (self));
}

static void
set_folder (RscLaunchDialog *self, const char *folder)
{
  g_autofree char *current = g_get_current_dir ();

  g_free (self->folder);
  self->folder = g_strdup (folder);
  adw_action_row_set_subtitle (self->folder_row, folder != NULL ? folder : current);
}

/* Recent programs: they fill the dialog, to be launched as they are or changed. */

static void
on_recent_activated (RscLaunchDialog *self, GtkWidget *row)
{
  RscRecentProgram *program = g_object_get_data (G_OBJECT (row), "program");
  g_autofree char *command = rsc_recent_program_dup_command (program);

  set_folder (self, rsc_recent_program_get_folder (program));
  gtk_switch_set_active (self->hold_switch, rsc_recent_program_get_hold (program));
  gtk_editable_set_text (GTK_EDITABLE (self->command_row), command);
  gtk_widget_grab_focus (self->launch_button);
}

static void
fill_recent (RscLaunchDialog *self, GListModel *recent)
{
  guint n = MIN (g_list_model_get_n_items (recent), RECENT_SHOWN);

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (RscRecentProgram) program = g_list_model_get_item (recent, i);
      GtkWidget *row = adw_action_row_new ();
      g_autofree char *command = rsc_recent_program_dup_command (program);
      const char *folder = rsc_recent_program_get_folder (program);

      g_object_set (row, "use-markup", FALSE, "title", command, "subtitle", folder != NULL ? folder : "",
                    "title-lines", 1, "subtitle-lines", 1, "activatable", TRUE,
                    "tooltip-text", _("Fill in this command"), NULL);
      g_object_set_data_full (G_OBJECT (row), "program", g_object_ref (program), g_object_unref);
      g_signal_connect_object (row, "activated", G_CALLBACK (on_recent_activated), self, G_CONNECT_SWAPPED);
      adw_preferences_group_add (self->recent_group, row);
    }
  gtk_widget_set_visible (GTK_WIDGET (self->recent_group), n > 0);
}

static void
on_program_chosen (RscLaunchDialog *self, int response, GtkFileChooser *chooser)
{
  if (response == GTK_RESPONSE_ACCEPT)
    {
      g_autoptr (GFile) file = gtk_file_chooser_get_file (chooser);
      g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;

      if (path != NULL)
        {
          g_autofree char *quoted = g_shell_quote (path);
          g_autofree char *command = NULL;
          g_autofree char *folder = g_path_get_dirname (path);

          if (g_str_has_suffix (path, ".py") || !g_file_test (path, G_FILE_TEST_IS_EXECUTABLE))
            command = g_strconcat ("python3 ", quoted, NULL);
          gtk_editable_set_text (GTK_EDITABLE (self->command_row), command != NULL ? command : quoted);
          if (self->folder == NULL)
            set_folder (self, folder);
        }
    }
  g_clear_object (&self->chooser);
}

static void
on_folder_chosen (RscLaunchDialog *self, int response, GtkFileChooser *chooser)
{
  if (response == GTK_RESPONSE_ACCEPT)
    {
      g_autoptr (GFile) file = gtk_file_chooser_get_file (chooser);
      g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;

      if (path != NULL)
        set_folder (self, path);
    }
  g_clear_object (&self->chooser);
}

static void
choose (RscLaunchDialog *self, const char *title, GtkFileChooserAction action, GCallback chosen)
{
  g_clear_object (&self->chooser);
  self->chooser = gtk_file_chooser_native_new (title, GTK_WINDOW (self), action, _("_Choose"), _("_Cancel"));
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (self->chooser), TRUE);
  g_signal_connect_object (self->chooser, "response", chosen, self, G_CONNECT_SWAPPED);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (self->chooser));
}

static void
on_choose_program (RscLaunchDialog *self)
{
  choose (self, _("Choose a Program"), GTK_FILE_CHOOSER_ACTION_OPEN, G_CALLBACK (on_program_chosen));
}

static void
on_choose_folder (RscLaunchDialog *self)
{
  choose (self, _("Choose a Folder"), GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, G_CALLBACK (on_folder_chosen));
}

static void
rsc_launch_dialog_dispose (GObject *object)
{
  RscLaunchDialog *self = RSC_LAUNCH_DIALOG (object);

  g_clear_object (&self->chooser);
  gtk_widget_dispose_template (GTK_WIDGET (self), RSC_TYPE_LAUNCH_DIALOG);

  G_OBJECT_CLASS (rsc_launch_dialog_parent_class)->dispose (object);
}

static void
rsc_launch_dialog_finalize (GObject *object)
{
  g_free (RSC_LAUNCH_DIALOG (object)->folder);

  G_OBJECT_CLASS (rsc_launch_dialog_parent_class)->finalize (object);
}

static void
rsc_launch_dialog_class_init (RscLaunchDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rsc_launch_dialog_dispose;
  G_OBJECT_CLASS (klass)->finalize = rsc_launch_dialog_finalize;

  signals[LAUNCH] = g_signal_new ("launch", RSC_TYPE_LAUNCH_DIALOG, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_VARIANT);

  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/refscope/Refscope/ui/rsc-launch-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, RscLaunchDialog, launch_button);
  gtk_widget_class_bind_template_child (widget_class, RscLaunchDialog, recent_group);
  gtk_widget_class_bind_template_child (widget_class, RscLaunchDialog, command_row);
  gtk_widget_class_bind_template_child (widget_class, RscLaunchDialog, folder_row);
  gtk_widget_class_bind_template_child (widget_class, RscLaunchDialog, hold_switch);
  gtk_widget_class_bind_template_child (widget_class, RscLaunchDialog, error_label);
  gtk_widget_class_bind_template_callback (widget_class, on_command_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_launch);
  gtk_widget_class_bind_template_callback (widget_class, on_cancel);
  gtk_widget_class_bind_template_callback (widget_class, on_choose_program);
  gtk_widget_class_bind_template_callback (widget_class, on_choose_folder);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
rsc_launch_dialog_init (RscLaunchDialog *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  rsc_shrink_buttons (gtk_widget_get_parent (self->launch_button), PANGO_ELLIPSIZE_END);
  /* A group without a title has nothing else to name its list. */
  gtk_accessible_update_property (GTK_ACCESSIBLE (gtk_widget_get_ancestor (GTK_WIDGET (self->command_row), GTK_TYPE_LIST_BOX)),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, _("Program to launch"), -1);
  set_folder (self, NULL);
  on_command_changed (self);
  gtk_widget_grab_focus (GTK_WIDGET (self->command_row));
}

GtkWidget *
rsc_launch_dialog_new (GtkWindow *parent, RscRecentPrograms *recent)
{
  RscLaunchDialog *self = g_object_new (RSC_TYPE_LAUNCH_DIALOG, "transient-for", parent, NULL);

  fill_recent (self, G_LIST_MODEL (recent));

  return GTK_WIDGET (self);
}
