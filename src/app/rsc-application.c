#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-application.h"

#include <sys/wait.h>
#include <unistd.h>

#include "layout/rsc-layout.h"

#include "rsc-test-interface.h"
#include "rsc-window.h"

/* As the command line's. */
#define RSC_EXIT_USAGE 2
#define RSC_EXIT_CANNOT_ATTACH 4

struct _RscApplication
{
  AdwApplication parent_instance;

  char **program;
  gboolean hold;          /* the program, at its marks */
  pid_t process;          /* to attach to; 0: none */
  gboolean reads_input;   /* a heap comes from standard input, and is not opened yet */
  RscSession *session;    /* of the program or process */
  gboolean holds_itself;  /* we wait for the program's end */
  GListModel *lessons;
  char *lesson;           /* the one to open at first */
  GtkFileChooserNative *chooser;
  RscTestInterface *test_interface;
};

G_DEFINE_FINAL_TYPE (RscApplication, rsc_application, ADW_TYPE_APPLICATION)

static RscWindow *
new_window (RscApplication *self)
{
  return RSC_WINDOW (rsc_window_new (GTK_APPLICATION (self), self->lessons));
}

/* The active window, or a new one. */
static RscWindow *
get_window (RscApplication *self)
{
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (self));

  /* A dialog may be the active one. */
  while (window != NULL && !RSC_IS_WINDOW (window))
    window = gtk_window_get_transient_for (window);

  return window != NULL ? RSC_WINDOW (window) : new_window (self);
}

/* Actions. */

static void
on_quit (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  GList *windows = g_list_copy (gtk_application_get_windows (user_data));

  /* Each may have something to ask. */
  for (GList *window = windows; window != NULL; window = window->next)
    if (RSC_IS_WINDOW (window->data))
      gtk_window_close (window->data);
  g_list_free (windows);
}

static void
on_about (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RscApplication *self = user_data;
  const char *developers[] = { "The Refscope developers", NULL };

  adw_show_about_window (GTK_WINDOW (get_window (self)),
                         "application-name", "Refscope",
                         "application-icon", RSC_APPLICATION_ID,
                         "developer-name", "The Refscope developers",
                         "developers", developers,
                         "version", RSC_VERSION,
                         "comments", _("See who refers to whom in a live Python program, and what keeps its memory."),
                         "license-type", GTK_LICENSE_MIT_X11,
                         /* Translators: your names, one a line */
                         "translator-credits", _("translator-credits"),
                         NULL);
}

static void
on_new_window (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  gtk_window_present (GTK_WINDOW (new_window (user_data)));
}

static void
on_file_chosen (RscApplication *self, int response, GtkFileChooser *chooser)
{
  if (response == GTK_RESPONSE_ACCEPT)
    {
      g_autoptr (GFile) file = gtk_file_chooser_get_file (chooser);
      RscWindow *window = get_window (self);

      if (file != NULL)
        {
          rsc_window_open_file (window, file);
          gtk_window_present (GTK_WINDOW (window));
        }
    }
  g_clear_object (&self->chooser);
}

static void
on_open (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RscApplication *self = user_data;
  g_autoptr (GtkFileFilter) heaps = gtk_file_filter_new ();
  g_autoptr (GtkFileFilter) all = gtk_file_filter_new ();

  g_clear_object (&self->chooser);
  self->chooser = gtk_file_chooser_native_new (_("Open a Heap"), GTK_WINDOW (get_window (self)), GTK_FILE_CHOOSER_ACTION_OPEN,
                                               _("_Open"), _("_Cancel"));
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (self->chooser), TRUE);
  gtk_file_filter_set_name (heaps, _("Heaps and DOT graphs"));
  gtk_file_filter_add_pattern (heaps, "*.refscope");
  gtk_file_filter_add_pattern (heaps, "*.dot");
  gtk_file_filter_add_pattern (heaps, "*.gv");
  gtk_file_filter_set_name (all, _("All files"));
  gtk_file_filter_add_pattern (all, "*");
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (self->chooser), heaps);
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (self->chooser), all);
  g_signal_connect_object (self->chooser, "response", G_CALLBACK (on_file_chosen), self, G_CONNECT_SWAPPED);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (self->chooser));
}

static const GActionEntry entries[] = {
  { "quit", on_quit },
  { "about", on_about },
  { "new-window", on_new_window },
  { "open", on_open }
};

static const struct
{
  const char *action;
  const char *accels[3];
} application_accels[] = {
  { "app.quit", { "<Control>q" } },
  { "app.open", { "<Control>o" } },
  { "app.new-window", { "<Control><Shift>n" } },
  { "win.launch", { "<Control>n" } },
  { "win.attach", { "<Control>r" } },
  { "win.start-page", { "<Alt>Home" } },
  { "win.next-lesson", { "<Alt>Page_Down" } },
  { "win.previous-lesson", { "<Alt>Page_Up" } },
  { "win.show-help-overlay", { "<Control>question", "F1" } },
  { "window.close", { "<Control>w" } }
};

/* The launched program. */

static void
on_program_state (RscApplication *self)
{
  RscSessionState state = rsc_session_get_state (self->session);

  if (self->holds_itself && (state == RSC_SESSION_EXITED || state == RSC_SESSION_FAILED))
    {
      self->holds_itself = FALSE;
      g_application_release (G_APPLICATION (self));
    }
}

/* Who called from a terminal may look there. */
static void
on_process_state (RscApplication *self)
{
  if (rsc_session_get_state (self->session) == RSC_SESSION_FAILED)
    g_printerr ("refscope: %s\n", rsc_session_get_error (self->session)->message);
}

static void
launch_program (RscApplication *self)
{
  RscLaunchOptions options = {
    .argv = (const char *const *) self->program,
    .hold = self->hold,
    .pipe_streams = FALSE
  };
  RscWindow *window = new_window (self);

  self->session = rsc_session_new_for_program (&options);
  rsc_session_set_outlives_page (self->session, TRUE);
  /* Its status is ours, so its end is waited for, also without a window. */
  g_application_hold (G_APPLICATION (self));
  self->holds_itself = TRUE;
  g_signal_connect_object (self->session, "notify::state", G_CALLBACK (on_program_state), self, G_CONNECT_SWAPPED);
  rsc_window_open_program (window, self->session, &options);
  gtk_window_present (GTK_WINDOW (window));
}

static void
attach_to_process (RscApplication *self)
{
  RscWindow *window = new_window (self);

  self->session = rsc_session_new_for_process (self->process);
  g_signal_connect_object (self->session, "notify::state", G_CALLBACK (on_process_state), self, G_CONNECT_SWAPPED);
  rsc_window_open_session (window, self->session);
  gtk_window_present (GTK_WINDOW (window));
}

static void
open_input (RscApplication *self)
{
  RscWindow *window = new_window (self);
  g_autoptr (RscSession) session = rsc_session_new_for_input ();

  self->reads_input = FALSE;
  rsc_window_open_session (window, session);
  gtk_window_present (GTK_WINDOW (window));
}

int
rsc_application_get_exit_status (RscApplication *self)
{
  int status;

  if (self->session == NULL)
    return 0;
  if (self->process != 0)
    return rsc_session_get_state (self->session) == RSC_SESSION_FAILED ? RSC_EXIT_CANNOT_ATTACH : 0;
  if (rsc_session_get_state (self->session) != RSC_SESSION_EXITED)
    return 127;

  status = rsc_session_get_exit_status (self->session);

  return WIFSIGNALED (status) ? 128 + WTERMSIG (status) : WEXITSTATUS (status);
}

/* GApplication. */

static void
load_lessons (RscApplication *self)
{
  g_autoptr (GError) error = NULL;

  if (self->lessons != NULL)
    return;
  self->lessons = rsc_lesson_load_all (&error);
  if (error != NULL)
    g_message ("%s", error->message);
}

/* FALSE: there is no such lesson; it is said which there are. */
static gboolean
check_lesson (RscApplication *self)
{
  g_autoptr (GString) known = g_string_new (NULL);

  load_lessons (self);
  for (guint i = 0; i < g_list_model_get_n_items (self->lessons); i++)
    {
      g_autoptr (RscLesson) lesson = g_list_model_get_item (self->lessons, i);

      if (strcmp (rsc_lesson_get_id (lesson), self->lesson) == 0)
        return TRUE;
      g_string_append_printf (known, "%s%s", known->len > 0 ? ", " : "", rsc_lesson_get_id (lesson));
    }
  /* Translators: the names that may be given */
  g_printerr (_("There is no lesson “%s”. There are: %s.\n"), self->lesson, known->str);
  return FALSE;
}

static void
rsc_application_startup (GApplication *application)
{
  RscApplication *self = RSC_APPLICATION (application);
  const RscHeapPageAccel *page_accels;
  gsize n_page_accels;

  G_APPLICATION_CLASS (rsc_application_parent_class)->startup (application);

  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
  for (gsize i = 0; i < G_N_ELEMENTS (application_accels); i++)
    gtk_application_set_accels_for_action (GTK_APPLICATION (self), application_accels[i].action, application_accels[i].accels);
  /* The page has these keys itself; here they are for the menus to show. */
  page_accels = rsc_heap_page_get_accels (&n_page_accels);
  for (gsize i = 0; i < n_page_accels; i++)
    gtk_application_set_accels_for_action (GTK_APPLICATION (self), page_accels[i].action, page_accels[i].accels);

  load_lessons (self);
  rsc_layout_warm_up ();
  self->test_interface = rsc_test_interface_new_from_environment (GTK_APPLICATION (self));
}

static void
rsc_application_activate (GApplication *application)
{
  RscApplication *self = RSC_APPLICATION (application);

  if (self->program != NULL && self->session == NULL)
    launch_program (self);
  else if (self->process != 0 && self->session == NULL)
    attach_to_process (self);
  else if (self->reads_input)
    open_input (self);
  else
    {
      RscWindow *window = get_window (self);
      g_autofree char *lesson = g_steal_pointer (&self->lesson);

      if (lesson != NULL)
        gtk_widget_activate_action (GTK_WIDGET (window), "win.lesson", "s", lesson);
      gtk_window_present (GTK_WINDOW (window));
    }
}

static void
rsc_application_open (GApplication *application, GFile **files, int n_files, const char *hint)
{
  RscApplication *self = RSC_APPLICATION (application);

  if (self->process != 0 && self->session == NULL)
    attach_to_process (self);
  if (self->reads_input)
    open_input (self);
  for (int i = 0; i < n_files; i++)
    {
      RscWindow *window = get_window (self);

      rsc_window_open_file (window, files[i]);
      gtk_window_present (GTK_WINDOW (window));
    }
}

/* FALSE: @text is no process's number; it is said. */
static gboolean
read_process (RscApplication *self, const char *text)
{
  char *end;
  guint64 pid = g_ascii_strtoull (text, &end, 10);

  if (!g_ascii_isdigit (text[0]) || *end != '\0' || pid == 0 || pid > G_MAXINT)
    {
      g_printerr (_("“%s” is no number of a process: “refscope-cli ps” lists them.\n"), text);
      return FALSE;
    }
  if (self->program != NULL)
    {
      g_printerr (_("A process to attach to and a program to launch are two things: give one of them.\n"));
      return FALSE;
    }
  self->process = (pid_t) pid;

  return TRUE;
}

/* FALSE: nothing can be read from there; it is said. */
static gboolean
check_input (RscApplication *self)
{
  if (self->program != NULL || self->process != 0)
    {
      g_printerr (_("A heap from standard input and a program to look at are two things: give one of them.\n"));
      return FALSE;
    }
  if (isatty (STDIN_FILENO))
    {
      g_printerr (_("Standard input is a terminal: let a program write a heap to it by a pipe.\n"));
      return FALSE;
    }

  return TRUE;
}

static int
rsc_application_handle_local_options (GApplication *application, GVariantDict *options)
{
  RscApplication *self = RSC_APPLICATION (application);
  const char *process;

  if (g_variant_dict_contains (options, "version"))
    {
      g_print ("refscope %s\n", RSC_VERSION);
      return 0;
    }
  if (g_variant_dict_contains (options, "no-hold"))
    self->hold = FALSE;
  if (g_variant_dict_lookup (options, "pid", "&s", &process))
    {
      if (!read_process (self, process))
        return RSC_EXIT_USAGE;
      g_application_set_flags (application, g_application_get_flags (application) | G_APPLICATION_NON_UNIQUE);
    }
  self->reads_input = g_variant_dict_contains (options, "standard-input");
  if (self->reads_input)
    {
      if (!check_input (self))
        return RSC_EXIT_USAGE;
      /* One that runs already has another. */
      g_application_set_flags (application, g_application_get_flags (application) | G_APPLICATION_NON_UNIQUE);
    }
  if (g_variant_dict_lookup (options, "lesson", "s", &self->lesson))
    {
      if (!check_lesson (self))
        return 1;
      /* Not in the window of another that runs already. */
      g_application_set_flags (application, g_application_get_flags (application) | G_APPLICATION_NON_UNIQUE);
    }

  return G_APPLICATION_CLASS (rsc_application_parent_class)->handle_local_options (application, options);
}

static void
rsc_application_dispose (GObject *object)
{
  RscApplication *self = RSC_APPLICATION (object);

  g_clear_object (&self->chooser);
  if (self->session != NULL)
    rsc_session_close (self->session);
  g_clear_object (&self->session);
  g_clear_object (&self->lessons);
  g_clear_pointer (&self->test_interface, rsc_test_interface_free);

  G_OBJECT_CLASS (rsc_application_parent_class)->dispose (object);
}

static void
rsc_application_finalize (GObject *object)
{
  g_strfreev (RSC_APPLICATION (object)->program);
  g_free (RSC_APPLICATION (object)->lesson);

  G_OBJECT_CLASS (rsc_application_parent_class)->finalize (object);
}

static void
rsc_application_class_init (RscApplicationClass *klass)
{
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rsc_application_dispose;
  G_OBJECT_CLASS (klass)->finalize = rsc_application_finalize;
  application_class->startup = rsc_application_startup;
  application_class->activate = rsc_application_activate;
  application_class->open = rsc_application_open;
  application_class->handle_local_options = rsc_application_handle_local_options;
}

static void
rsc_application_init (RscApplication *self)
{
  const GOptionEntry options[] = {
    { "version", 'V', G_OPTION_FLAG_NONE, G_OPTION_ARG_NONE, NULL, N_("Print the version and exit"), NULL },
    { "no-hold", 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_NONE, NULL, N_("Do not hold the program at its marks and its end"), NULL },
    { "pid", 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_STRING, NULL, N_("Attach to this running Python; “pid:N” says the same"), N_("N") },
    { "standard-input", 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_NONE, NULL, N_("Open the heap that comes from standard input; “-” says the same"), NULL },
    { "lesson", 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_STRING, NULL, N_("Open this lesson; “demo” is the demonstration"), N_("NAME") },
    { NULL }
  };

  self->hold = TRUE;
  g_application_add_main_option_entries (G_APPLICATION (self), options);
  g_application_set_option_context_parameter_string (G_APPLICATION (self), _("[FILE… | - | pid:N | -- PROGRAM ARGUMENTS…]"));
  g_application_set_option_context_summary (G_APPLICATION (self),
                                            _("Shows who refers to whom in the heap of a live Python program or of a file."));
}

RscApplication *
rsc_application_new (const char *const *program)
{
  RscApplication *self = g_object_new (RSC_TYPE_APPLICATION,
                                       "application-id", RSC_APPLICATION_ID,
                                       "flags", G_APPLICATION_HANDLES_OPEN | G_APPLICATION_CAN_OVERRIDE_APP_ID | (program != NULL ? G_APPLICATION_NON_UNIQUE : 0),
                                       "resource-base-path", "/io/github/refscope/Refscope",
                                       NULL);

  self->program = g_strdupv ((char **) program);

  return self;
}
