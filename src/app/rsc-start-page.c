#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-start-page.h"

#include <adwaita.h>

#include "rsc-lesson.h"
#include "rsc-menus.h"
#include "rsc-recent-programs.h"
#include "rsc-settings.h"
#include "rsc-template.h"

#define RECENT_MAX 5

struct _RscStartPage
{
  GtkWidget parent_instance;

  GSettings *settings; /* may be NULL */
  RscRecentPrograms *recent_programs;
  GPtrArray *recent_rows; /* borrowed from the group */

  /* Template */
  AdwPreferencesGroup *lessons_group;
  AdwPreferencesGroup *recent_group;
  GtkWidget *demonstration_row;
  GtkMenuButton *menu_button;
};

G_DEFINE_FINAL_TYPE (RscStartPage, rsc_start_page, GTK_TYPE_WIDGET)

/* For the eye only. */
static GtkWidget *
make_icon (const char *name)
{
  GtkWidget *icon = g_object_new (GTK_TYPE_IMAGE, "icon-name", name, "accessible-role", GTK_ACCESSIBLE_ROLE_PRESENTATION, NULL);

  gtk_widget_add_css_class (icon, "start-icon");

  return icon;
}

static GtkWidget *
make_row (const char *title, const char *subtitle, GtkWidget *prefix, const char *action, GVariant *target)
{
  GtkWidget *row = adw_action_row_new ();
  g_autofree char *escaped_title = g_markup_escape_text (title, -1);
  g_autofree char *escaped_subtitle = g_markup_escape_text (subtitle, -1);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), escaped_title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), escaped_subtitle);
  if (prefix != NULL)
    adw_action_row_add_prefix (ADW_ACTION_ROW (row), prefix);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), make_icon ("go-next-symbolic"));
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), TRUE);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (row), action);
  gtk_actionable_set_action_target_value (GTK_ACTIONABLE (row), target);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, subtitle, -1);
  gtk_widget_set_tooltip_text (row, subtitle);

  return row;
}

static GtkWidget *
make_number (guint number)
{
  g_autofree char *text = g_strdup_printf ("%u", number);
  GtkWidget *label = gtk_label_new (text);

  gtk_widget_add_css_class (label, "lesson-number");
  gtk_widget_set_valign (label, GTK_ALIGN_CENTER);

  return label;
}

/* An expander row names its inner row only, and its lists not at all. */
static void
name_expander (GtkWidget *widget, const char *name)
{
  if (ADW_IS_EXPANDER_ROW (widget) || GTK_IS_LIST_BOX (widget))
    gtk_accessible_update_property (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    name_expander (child, name);
}

/* Several programs about one thing; it says how many. */
static GtkWidget *
make_chapter (RscLesson *lesson, GListModel *lessons)
{
  GtkWidget *row = adw_expander_row_new ();
  g_autofree char *title = g_markup_escape_text (rsc_lesson_get_chapter (lesson), -1);
  g_autofree char *subtitle = NULL;
  guint n = 0;

  for (guint i = 0; i < g_list_model_get_n_items (lessons); i++)
    {
      g_autoptr (RscLesson) other = g_list_model_get_item (lessons, i);

      n += rsc_lesson_get_number (other) == rsc_lesson_get_number (lesson);
    }
  subtitle = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%u example", "%u examples", n), n);
  adw_expander_row_set_subtitle (ADW_EXPANDER_ROW (row), subtitle);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  name_expander (row, rsc_lesson_get_chapter (lesson));
  adw_expander_row_add_prefix (ADW_EXPANDER_ROW (row), make_number (rsc_lesson_get_number (lesson)));

  return row;
}

void
rsc_start_page_set_lessons (RscStartPage *self, GListModel *lessons)
{
  GtkWidget *chapter = NULL;
  gboolean demonstration = FALSE;
  guint chapter_number = 0;
  guint n_shown = 0;

  for (guint i = 0; i < g_list_model_get_n_items (lessons); i++)
    {
      g_autoptr (RscLesson) lesson = g_list_model_get_item (lessons, i);
      guint number = rsc_lesson_get_number (lesson);

      if (number == 0)
        {
          gtk_actionable_set_action_target (GTK_ACTIONABLE (self->demonstration_row), "s", rsc_lesson_get_id (lesson));
          demonstration = TRUE;
          continue;
        }
      if (rsc_lesson_get_chapter (lesson) != NULL)
        {
          chapter = make_chapter (lesson, lessons);
          chapter_number = number;
          adw_preferences_group_add (self->lessons_group, chapter);
        }
      if (chapter != NULL && number == chapter_number)
        adw_expander_row_add_row (ADW_EXPANDER_ROW (chapter),
                                  make_row (rsc_lesson_get_title (lesson), rsc_lesson_get_look (lesson), NULL,
                                            "win.lesson", g_variant_new_string (rsc_lesson_get_id (lesson))));
      else
        adw_preferences_group_add (self->lessons_group,
                                   make_row (rsc_lesson_get_title (lesson), rsc_lesson_get_look (lesson), make_number (number),
                                             "win.lesson", g_variant_new_string (rsc_lesson_get_id (lesson))));
      n_shown++;
    }
  gtk_widget_set_visible (self->demonstration_row, demonstration);
  gtk_widget_set_visible (GTK_WIDGET (self->lessons_group), n_shown > 0);
}

static void
add_recent (RscStartPage *self, GtkWidget *row)
{
  adw_preferences_group_add (self->recent_group, row);
  g_ptr_array_add (self->recent_rows, row);
}

static void
fill_recent_files (RscStartPage *self)
{
  g_auto (GStrv) files = self->settings != NULL ? g_settings_get_strv (self->settings, "recent-files") : NULL;
  guint n = 0;

  for (guint i = 0; files != NULL && files[i] != NULL && n < RECENT_MAX; i++)
    if (g_file_test (files[i], G_FILE_TEST_IS_REGULAR))
      {
        g_autofree char *name = g_path_get_basename (files[i]);
        g_autofree char *folder = g_path_get_dirname (files[i]);

        add_recent (self, make_row (name, folder, make_icon ("refscope-graph-symbolic"), "win.open-path",
                                    g_variant_new_string (files[i])));
        n++;
      }
}

static void
fill_recent_programs (RscStartPage *self)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->recent_programs));

  for (guint i = 0; i < MIN (n, RECENT_MAX); i++)
    {
      g_autoptr (RscRecentProgram) program = g_list_model_get_item (G_LIST_MODEL (self->recent_programs), i);
      g_autofree char *title = rsc_program_dup_title (rsc_recent_program_get_argv (program));
      g_autofree char *command = rsc_recent_program_dup_command (program);
      g_autofree char *subtitle = NULL;

      /* Translators: a command and the folder that it is launched in */
      subtitle = rsc_recent_program_get_folder (program) == NULL ? g_strdup (command) :
                 g_strdup_printf (_("%s in %s"), command, rsc_recent_program_get_folder (program));
      add_recent (self, make_row (title, subtitle, make_icon ("media-playback-start-symbolic"), "win.launch-program",
                                  rsc_recent_program_get_variant (program)));
    }
}

static void
fill_recent (RscStartPage *self)
{
  for (guint i = 0; i < self->recent_rows->len; i++)
    adw_preferences_group_remove (self->recent_group, g_ptr_array_index (self->recent_rows, i));
  g_ptr_array_set_size (self->recent_rows, 0);
  fill_recent_programs (self);
  fill_recent_files (self);
  gtk_widget_set_visible (GTK_WIDGET (self->recent_group), self->recent_rows->len > 0);
}

static void
rsc_start_page_dispose (GObject *object)
{
  RscStartPage *self = RSC_START_PAGE (object);

  g_clear_object (&self->settings);
  g_clear_object (&self->recent_programs);
  g_clear_pointer (&self->recent_rows, g_ptr_array_unref);
  rsc_template_dispose (GTK_WIDGET (self), RSC_TYPE_START_PAGE);

  G_OBJECT_CLASS (rsc_start_page_parent_class)->dispose (object);
}

static void
rsc_start_page_class_init (RscStartPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rsc_start_page_dispose;

  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/refscope/Refscope/ui/rsc-start-page.ui");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "startpage");
  gtk_widget_class_bind_template_child (widget_class, RscStartPage, lessons_group);
  gtk_widget_class_bind_template_child (widget_class, RscStartPage, recent_group);
  gtk_widget_class_bind_template_child (widget_class, RscStartPage, demonstration_row);
  gtk_widget_class_bind_template_child (widget_class, RscStartPage, menu_button);
}

static void
rsc_start_page_init (RscStartPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_menu_button_set_menu_model (self->menu_button, rsc_menus_get ("start_menu"));

  /* A group without a title has nothing else to name its list. */
  gtk_accessible_update_property (GTK_ACCESSIBLE (gtk_widget_get_ancestor (self->demonstration_row, GTK_TYPE_LIST_BOX)),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, _("Ways to begin"), -1);

  self->recent_rows = g_ptr_array_new ();
  self->settings = rsc_settings_new ();
  self->recent_programs = rsc_recent_programs_new (self->settings);
  if (self->settings != NULL)
    g_signal_connect_object (self->settings, "changed::recent-files", G_CALLBACK (fill_recent), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->recent_programs, "items-changed", G_CALLBACK (fill_recent), self, G_CONNECT_SWAPPED);
  fill_recent (self);
}

GtkWidget *
rsc_start_page_new (void)
{
  return g_object_new (RSC_TYPE_START_PAGE, NULL);
}
