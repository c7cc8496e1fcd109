#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-window.h"

#include <string.h>

#include "rsc-attach-dialog.h"
#include "rsc-launch-dialog.h"
#include "rsc-recent-programs.h"
#include "rsc-settings.h"
#include "rsc-start-page.h"

#define RECENT_KEPT 10

/* Of a toast: in pixels what surrounds its text, and the length of its lines. */
#define TOAST_FRAME 110
#define TOAST_CHARS_MIN 8
#define TOAST_CHARS_MAX 60

struct _RscWindow
{
  AdwApplicationWindow parent_instance;

  /* Owned */
  GListModel *lessons;
  GSettings *settings; /* may be NULL */
  RscRecentPrograms *recent_programs;
  gboolean closing;    /* the question was answered */

  /* Borrowed */
  RscHeapPage *page;

  /* Template */
  AdwToastOverlay *toasts;
  GtkStack *stack;
  RscStartPage *start_page;
};

G_DEFINE_FINAL_TYPE (RscWindow, rsc_window, ADW_TYPE_APPLICATION_WINDOW)

/* Puts a file first in the list of recent ones. */
static void
remember_file (RscWindow *self, const char *path)
{
  const char *key = "recent-files";
  g_auto (GStrv) old = NULL;
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) all = NULL;
  guint n = 1;

  if (self->settings == NULL || path == NULL || !g_utf8_validate (path, -1, NULL))
    return;

  old = g_settings_get_strv (self->settings, key);
  g_strv_builder_add (builder, path);
  for (guint i = 0; old[i] != NULL && n < RECENT_KEPT; i++)
    if (strcmp (old[i], path) != 0)
      {
        g_strv_builder_add (builder, old[i]);
        n++;
      }
  all = g_strv_builder_end (builder);
  g_settings_set_strv (self->settings, key, (const char *const *) all);
}

/* How much of the heading's text fits into a line of a toast.  The overlay gives it its natural size, and
 * the height of that. */
static int
count_toast_chars (RscWindow *self)
{
  PangoContext *context = gtk_widget_get_pango_context (GTK_WIDGET (self->toasts));
  g_autoptr (PangoFontDescription) bold = pango_font_description_copy (pango_context_get_font_description (context));
  int room = gtk_widget_get_width (GTK_WIDGET (self->toasts)) - TOAST_FRAME;
  int widest;
  PangoFontMetrics *metrics;

  pango_font_description_set_weight (bold, PANGO_WEIGHT_BOLD);
  metrics = pango_context_get_metrics (context, bold, NULL);
  widest = MAX (pango_font_metrics_get_approximate_char_width (metrics), pango_font_metrics_get_approximate_digit_width (metrics));
  pango_font_metrics_unref (metrics);

  return CLAMP (room * PANGO_SCALE / MAX (widest, 1), TOAST_CHARS_MIN, TOAST_CHARS_MAX);
}

static void
on_toast (RscWindow *self, const char *text)
{
  AdwToast *toast = adw_toast_new ("");
  GtkWidget *label = gtk_label_new (text);

  /* Its own title is one line, of which a narrow window shows the beginning only. */
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_xalign (GTK_LABEL (label), 0.0f);
  gtk_label_set_max_width_chars (GTK_LABEL (label), count_toast_chars (self));
  gtk_widget_add_css_class (label, "heading");
  adw_toast_set_custom_title (toast, label);
  adw_toast_overlay_add_toast (self->toasts, toast);
}

RscHeapPage *
rsc_window_get_page (RscWindow *self)
{
  return self->page;
}

/* The lesson that is so many after this window's (-1: before it), or NULL. */
static RscLesson *
find_lesson (RscWindow *self, int steps)
{
  RscLesson *lesson = self->page != NULL ? rsc_session_get_lesson (rsc_heap_page_get_session (self->page)) : NULL;

  for (guint i = 0; i < g_list_model_get_n_items (self->lessons); i++)
    {
      g_autoptr (RscLesson) candidate = g_list_model_get_item (self->lessons, i);

      if (candidate == lesson)
        return g_list_model_get_item (self->lessons, (guint) ((int) i + steps));
    }

  return NULL;
}

static void
update_turning (RscWindow *self)
{
  g_autoptr (RscLesson) next = find_lesson (self, 1);
  g_autoptr (RscLesson) previous = find_lesson (self, -1);

  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.next-lesson", next != NULL);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.previous-lesson", previous != NULL);
}

void
rsc_window_open_session (RscWindow *self, RscSession *session)
{
  GtkWidget *page;

  if (self->page != NULL)
    {
      GtkWidget *window = rsc_window_new (gtk_window_get_application (GTK_WINDOW (self)), self->lessons);

      rsc_window_open_session (RSC_WINDOW (window), session);
      gtk_window_present (GTK_WINDOW (window));
      return;
    }

  page = rsc_heap_page_new (session);
  self->page = RSC_HEAP_PAGE (page);
  update_turning (self);
  g_signal_connect_object (page, "toast", G_CALLBACK (on_toast), self, G_CONNECT_SWAPPED);
  gtk_stack_add_named (self->stack, page, "heap");
  gtk_stack_set_visible_child (self->stack, page);
  /* A screen reader would find it behind the page. */
  if (self->start_page != NULL)
    gtk_stack_remove (self->stack, GTK_WIDGET (self->start_page));
  self->start_page = NULL;
  rsc_heap_page_focus_center (self->page);
}

void
rsc_window_open_file (RscWindow *self, GFile *file)
{
  g_autoptr (RscSession) session = rsc_session_new_for_file (file);
  g_autofree char *path = g_file_get_path (file);

  remember_file (self, path);
  rsc_window_open_session (self, session);
}

void
rsc_window_open_program (RscWindow *self, RscSession *session, const RscLaunchOptions *options)
{
  rsc_recent_programs_add (self->recent_programs, options->argv, options->cwd, options->hold);
  rsc_window_open_session (self, session);
}

/* The window of @self's application that looks at the process, or NULL. */
static GtkWindow *
find_window_of (RscWindow *self, pid_t pid)
{
  GtkApplication *application = gtk_window_get_application (GTK_WINDOW (self));

  for (GList *item = application != NULL ? gtk_application_get_windows (application) : NULL; item != NULL; item = item->next)
    {
      RscHeapPage *page = RSC_IS_WINDOW (item->data) ? RSC_WINDOW (item->data)->page : NULL;
      RscSession *session = page != NULL ? rsc_heap_page_get_session (page) : NULL;

      if (session != NULL && rsc_session_get_pid (session) == pid &&
          (rsc_session_is_live (session) || rsc_session_get_state (session) == RSC_SESSION_STARTING))
        return item->data;
    }

  return NULL;
}

void
rsc_window_open_process (RscWindow *self, pid_t pid)
{
  GtkWindow *window = find_window_of (self, pid);
  g_autoptr (RscSession) session = NULL;

  if (window != NULL)
    {
      gtk_window_present (window);
      return;
    }
  session = rsc_session_new_for_process (pid);
  rsc_window_open_session (self, session);
}

/* Actions. */

static void
on_attach (GtkWidget *widget, const char *name, GVariant *parameter)
{
  GtkWidget *dialog = rsc_attach_dialog_new (GTK_WINDOW (widget));

  g_signal_connect_object (dialog, "attach", G_CALLBACK (rsc_window_open_process), widget, G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
on_attach_process (GtkWidget *widget, const char *name, GVariant *parameter)
{
  gint32 pid = g_variant_get_int32 (parameter);

  if (pid > 0)
    rsc_window_open_process (RSC_WINDOW (widget), pid);
}

static void
launch (RscWindow *self, GVariant *parameter)
{
  g_autoptr (RscRecentProgram) program = rsc_recent_program_new_from_variant (parameter);
  g_autoptr (RscSession) session = NULL;
  RscLaunchOptions options = { .pipe_streams = TRUE };

  if (program == NULL)
    return;

  options.argv = rsc_recent_program_get_argv (program);
  options.cwd = rsc_recent_program_get_folder (program);
  options.hold = rsc_recent_program_get_hold (program);
  session = rsc_session_new_for_program (&options);
  rsc_window_open_program (self, session, &options);
}

static void
on_launch (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RscWindow *self = RSC_WINDOW (widget);
  GtkWidget *dialog = rsc_launch_dialog_new (GTK_WINDOW (self), self->recent_programs);

  g_signal_connect_object (dialog, "launch", G_CALLBACK (launch), self, G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
on_launch_program (GtkWidget *widget, const char *name, GVariant *parameter)
{
  launch (RSC_WINDOW (widget), parameter);
}

static void
on_clear_recent (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RscWindow *self = RSC_WINDOW (widget);

  rsc_recent_programs_clear (self->recent_programs);
  if (self->settings != NULL)
    g_settings_reset (self->settings, "recent-files");
}

static void
on_open_path (GtkWidget *widget, const char *name, GVariant *parameter)
{
  g_autoptr (GFile) file = g_file_new_for_path (g_variant_get_string (parameter, NULL));

  rsc_window_open_file (RSC_WINDOW (widget), file);
}

static void
on_lesson (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RscWindow *self = RSC_WINDOW (widget);
  const char *id = g_variant_get_string (parameter, NULL);

  for (guint i = 0; i < g_list_model_get_n_items (self->lessons); i++)
    {
      g_autoptr (RscLesson) lesson = g_list_model_get_item (self->lessons, i);

      if (strcmp (rsc_lesson_get_id (lesson), id) == 0)
        {
          g_autoptr (RscSession) session = rsc_session_new_for_lesson (lesson);

          rsc_window_open_session (self, session);
          return;
        }
    }
}

/* Goes on in the same window.  A lesson's program is ours, and nobody misses it. */
static void
on_turn_lesson (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RscWindow *self = RSC_WINDOW (widget);
  g_autoptr (RscLesson) lesson = find_lesson (self, strcmp (name, "win.next-lesson") == 0 ? 1 : -1);
  g_autoptr (RscHeapPage) page = NULL;
  g_autoptr (RscSession) session = NULL;

  if (lesson == NULL)
    return;

  page = g_object_ref (self->page);
  if (rsc_session_is_live (rsc_heap_page_get_session (page)))
    rsc_session_stop (rsc_heap_page_get_session (page));
  self->page = NULL;
  gtk_stack_remove (self->stack, GTK_WIDGET (page));
  session = rsc_session_new_for_lesson (lesson);
  rsc_window_open_session (self, session);
}

static void
on_start_page (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RscWindow *self = RSC_WINDOW (widget);
  GtkWidget *window;

  if (self->page == NULL)
    return;

  window = rsc_window_new (gtk_window_get_application (GTK_WINDOW (self)), self->lessons);
  gtk_window_present (GTK_WINDOW (window));
}

/* Dropping files. */

static gboolean
on_drop (RscWindow *self, const GValue *value, double x, double y)
{
  GSList *files = g_value_get_boxed (value);

  for (GSList *file = files; file != NULL; file = file->next)
    rsc_window_open_file (self, file->data);

  return files != NULL;
}

/* Closing. */

static gboolean
close_in_idle (gpointer user_data)
{
  gtk_window_close (user_data);

  return G_SOURCE_REMOVE;
}

static void
on_close_response (GtkWidget *dialog, const char *response, gpointer user_data)
{
  RscWindow *self = user_data;
  RscSession *session = self->page != NULL ? rsc_heap_page_get_session (self->page) : NULL;

  if (session == NULL || strcmp (response, "cancel") == 0)
    return;

  if (strcmp (response, "stop") == 0)
    rsc_session_stop (session);
  else
    rsc_session_release (session);
  self->closing = TRUE;
  /* Not before the dialog is gone, which still looks at its parent. */
  g_idle_add_full (G_PRIORITY_LOW, close_in_idle, g_object_ref (self), g_object_unref);
}

static gboolean
rsc_window_close_request (GtkWindow *window)
{
  RscWindow *self = RSC_WINDOW (window);
  RscSession *session = self->page != NULL ? rsc_heap_page_get_session (self->page) : NULL;
  GtkWidget *dialog;
  g_autofree char *title = NULL;

  /* A process that ran before runs on, and there is nothing to ask. */
  if (session == NULL || !rsc_session_is_live (session) || rsc_session_is_process (session) || self->closing)
    {
      if (self->settings != NULL)
        {
          int width, height;

          gtk_window_get_default_size (window, &width, &height);
          g_settings_set_boolean (self->settings, "maximized", gtk_window_is_maximized (window));
          if (!gtk_window_is_maximized (window))
            g_settings_set (self->settings, "window-size", "(ii)", width, height);
        }
      if (self->page != NULL)
        rsc_heap_page_close (self->page);
      return GTK_WINDOW_CLASS (rsc_window_parent_class)->close_request (window);
    }

  title = g_strdup_printf (_("“%s” Has Not Ended"), rsc_session_get_title (session));
  dialog = adw_message_dialog_new (window, title,
                                   _("The program can run on without Refscope, held no more, or be stopped. Captures that were not saved are lost."));
  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "cancel", _("_Cancel"), "stop", _("_Stop It"),
                                    "keep", _("_Keep It Running"), NULL);
  adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "stop", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "keep");
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "cancel");
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_close_response), self, 0);
  gtk_window_present (GTK_WINDOW (dialog));

  return TRUE;
}

static void
rsc_window_dispose (GObject *object)
{
  RscWindow *self = RSC_WINDOW (object);

  self->page = NULL;
  g_clear_object (&self->lessons);
  g_clear_object (&self->settings);
  g_clear_object (&self->recent_programs);
  gtk_widget_dispose_template (GTK_WIDGET (self), RSC_TYPE_WINDOW);

  G_OBJECT_CLASS (rsc_window_parent_class)->dispose (object);
}

static void
rsc_window_class_init (RscWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rsc_window_dispose;
  GTK_WINDOW_CLASS (klass)->close_request = rsc_window_close_request;

  g_type_ensure (RSC_TYPE_START_PAGE);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/refscope/Refscope/ui/rsc-window.ui");
  gtk_widget_class_bind_template_child (widget_class, RscWindow, toasts);
  gtk_widget_class_bind_template_child (widget_class, RscWindow, stack);
  gtk_widget_class_bind_template_child (widget_class, RscWindow, start_page);

  gtk_widget_class_install_action (widget_class, "win.launch", NULL, on_launch);
  gtk_widget_class_install_action (widget_class, "win.launch-program", RSC_RECENT_PROGRAM_FORMAT, on_launch_program);
  gtk_widget_class_install_action (widget_class, "win.attach", NULL, on_attach);
  gtk_widget_class_install_action (widget_class, "win.attach-process", "i", on_attach_process);
  gtk_widget_class_install_action (widget_class, "win.clear-recent", NULL, on_clear_recent);
  gtk_widget_class_install_action (widget_class, "win.open-path", "s", on_open_path);
  gtk_widget_class_install_action (widget_class, "win.lesson", "s", on_lesson);
  gtk_widget_class_install_action (widget_class, "win.next-lesson", NULL, on_turn_lesson);
  gtk_widget_class_install_action (widget_class, "win.previous-lesson", NULL, on_turn_lesson);
  gtk_widget_class_install_action (widget_class, "win.start-page", NULL, on_start_page);
}

static void
rsc_window_init (RscWindow *self)
{
  GtkDropTarget *drop_target = gtk_drop_target_new (GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);
  g_autoptr (GtkBuilder) builder = NULL;

  gtk_widget_init_template (GTK_WIDGET (self));

  g_signal_connect_object (drop_target, "drop", G_CALLBACK (on_drop), self, G_CONNECT_SWAPPED);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (drop_target));

  builder = gtk_builder_new_from_resource ("/io/github/refscope/Refscope/ui/rsc-shortcuts.ui");
  gtk_application_window_set_help_overlay (GTK_APPLICATION_WINDOW (self),
                                           GTK_SHORTCUTS_WINDOW (gtk_builder_get_object (builder, "shortcuts")));

  self->settings = rsc_settings_new ();
  self->recent_programs = rsc_recent_programs_new (self->settings);
  if (self->settings != NULL)
    {
      int width, height;

      g_settings_get (self->settings, "window-size", "(ii)", &width, &height);
      gtk_window_set_default_size (GTK_WINDOW (self), width, height);
      if (g_settings_get_boolean (self->settings, "maximized"))
        gtk_window_maximize (GTK_WINDOW (self));
    }
}

GtkWidget *
rsc_window_new (GtkApplication *application, GListModel *lessons)
{
  RscWindow *self = g_object_new (RSC_TYPE_WINDOW, "application", application, NULL);

  self->lessons = g_object_ref (lessons);
  rsc_start_page_set_lessons (self->start_page, lessons);

  return GTK_WIDGET (self);
}
