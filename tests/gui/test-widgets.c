/* Each widget class with its template is made, measured and freed: a name that
 * a template has and its class has not, or the other way round, is fatal. */
#include <adwaita.h>
#include <glib/gstdio.h>

#include "app/rsc-application.h"
#include "app/rsc-attach-dialog.h"
#include "app/rsc-capture-strip.h"
#include "app/rsc-collect-bar.h"
#include "app/rsc-collector-panel.h"
#include "app/rsc-cycles-panel.h"
#include "app/rsc-condition-row.h"
#include "app/rsc-details-panel.h"
#include "app/rsc-filter-editor.h"
#include "app/rsc-find-panel.h"
#include "app/rsc-graph-list.h"
#include "app/rsc-heap-page.h"
#include "app/rsc-launch-dialog.h"
#include "app/rsc-lesson-bar.h"
#include "app/rsc-lesson-pane.h"
#include "app/rsc-list-filler.h"
#include "app/rsc-memory-plot.h"
#include "app/rsc-output-pane.h"
#include "app/rsc-plot-swatch.h"
#include "app/rsc-process-item.h"
#include "app/rsc-process-origin.h"
#include "app/rsc-program-bar.h"
#include "app/rsc-start-page.h"
#include "app/rsc-toggles.h"
#include "app/rsc-view-controls.h"
#include "app/rsc-window.h"
#include "app/rsc-wrap-box.h"
#include "inject/rsc-process-status.h"

static GType (*const types[]) (void) = {
  rsc_capture_strip_get_type,
  rsc_collect_bar_get_type,
  rsc_collector_panel_get_type,
  rsc_cycles_panel_get_type,
  rsc_condition_row_get_type,
  rsc_details_panel_get_type,
  rsc_filter_editor_get_type,
  rsc_find_panel_get_type,
  rsc_graph_list_get_type,
  rsc_heap_page_get_type,
  rsc_lesson_bar_get_type,
  rsc_lesson_pane_get_type,
  rsc_memory_plot_get_type,
  rsc_output_pane_get_type,
  rsc_plot_swatch_get_type,
  rsc_program_bar_get_type,
  rsc_start_page_get_type,
  rsc_view_controls_get_type,
  rsc_wrap_box_get_type
};

static void
test_widget (gconstpointer data)
{
  GType type = GPOINTER_TO_SIZE (data);
  GtkWidget *widget = g_object_new (type, NULL);
  gpointer alive = widget;
  int minimum, natural;

  g_object_ref_sink (widget);
  g_object_add_weak_pointer (G_OBJECT (widget), &alive);
  gtk_widget_measure (widget, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, &natural, NULL, NULL);
  /* It has to fit into a window of 360 px. */
  g_assert_cmpint (minimum, <=, 360);
  g_assert_cmpint (natural, >=, minimum);
  gtk_widget_measure (widget, GTK_ORIENTATION_VERTICAL, MAX (minimum, 360), &minimum, &natural, NULL, NULL);
  g_assert_cmpint (natural, >=, minimum);
  g_object_unref (widget);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (alive);
}

/* The first of the type below a widget, whether it is shown or not. */
static GtkWidget *
find_below (GtkWidget *widget, GType type)
{
  if (G_TYPE_CHECK_INSTANCE_TYPE (widget, type))
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_below (child, type);

      if (found != NULL)
        return found;
    }

  return NULL;
}

/* The menus of a widget and of what is below it. */
static void
find_menus (GtkWidget *widget, GPtrArray *menus)
{
  if (g_object_class_find_property (G_OBJECT_GET_CLASS (widget), "menu-model") != NULL)
    {
      GMenuModel *menu;

      g_object_get (widget, "menu-model", &menu, NULL);
      if (menu != NULL)
        g_ptr_array_add (menus, menu);
    }
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    find_menus (child, menus);
}

/* GTK keeps the sections of each menu that was in a popover (see rsc-menus.h),
 * so there may be no new ones with each page. */
static void
test_menus_are_shared (void)
{
  GType (*const with_menus[]) (void) = { rsc_heap_page_get_type, rsc_program_bar_get_type, rsc_start_page_get_type };

  for (gsize i = 0; i < G_N_ELEMENTS (with_menus); i++)
    {
      GtkWidget *first = g_object_ref_sink (g_object_new (with_menus[i] (), NULL));
      GtkWidget *second = g_object_ref_sink (g_object_new (with_menus[i] (), NULL));
      g_autoptr (GPtrArray) menus = g_ptr_array_new_with_free_func (g_object_unref);
      g_autoptr (GPtrArray) others = g_ptr_array_new_with_free_func (g_object_unref);

      find_menus (first, menus);
      find_menus (second, others);
      g_assert_cmpuint (menus->len, >, 0);
      g_assert_cmpuint (menus->len, ==, others->len);
      for (guint j = 0; j < menus->len; j++)
        {
          g_assert_cmpint (g_menu_model_get_n_items (g_ptr_array_index (menus, j)), >, 0);
          g_assert_true (g_ptr_array_index (menus, j) == g_ptr_array_index (others, j));
        }
      g_object_unref (first);
      g_object_unref (second);
    }
}

/* A popover is as wide as it likes to be, so it has to like what a narrow
 * screen has. */
static void
test_filter_is_narrow (void)
{
  GtkWidget *controls = g_object_ref_sink (g_object_new (RSC_TYPE_VIEW_CONTROLS, NULL));
  GtkWidget *editor = find_below (controls, RSC_TYPE_FILTER_EDITOR);
  GtkPopover *popover;
  int minimum, natural;

  g_assert_nonnull (editor);
  rsc_filter_editor_set_text (RSC_FILTER_EDITOR (editor),
                              "ifnull(type, '') NOT LIKE '%dict%' AND tracked AND references >= 1000000000");
  g_assert_nonnull (find_below (editor, RSC_TYPE_CONDITION_ROW));
  popover = GTK_POPOVER (gtk_widget_get_ancestor (editor, GTK_TYPE_POPOVER));
  /* The popover itself is hidden, and has no width until it is shown. */
  gtk_widget_measure (gtk_popover_get_child (popover), GTK_ORIENTATION_HORIZONTAL, -1, &minimum, &natural, NULL, NULL);
  g_assert_cmpint (minimum, >, 0);
  g_assert_cmpint (natural, <=, 330);
  g_object_unref (controls);
}

static void
test_dialog (void)
{
  g_autoptr (RscRecentPrograms) recent = rsc_recent_programs_new (NULL);
  GtkWidget *dialog = rsc_launch_dialog_new (NULL, recent);
  gpointer alive = dialog;

  g_object_add_weak_pointer (G_OBJECT (dialog), &alive);
  gtk_window_destroy (GTK_WINDOW (dialog));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (alive);
}

/* Also while it looks which programs run. */
static void
test_attach_dialog (void)
{
  GtkWidget *parent = gtk_window_new ();
  GtkWidget *dialog = rsc_attach_dialog_new (GTK_WINDOW (parent));
  gpointer alive = dialog;

  g_object_add_weak_pointer (G_OBJECT (dialog), &alive);
  gtk_window_destroy (GTK_WINDOW (dialog));
  while (alive != NULL)
    g_main_context_iteration (NULL, TRUE);
  gtk_window_destroy (GTK_WINDOW (parent));
}

static RscProcessItem *
make_process (pid_t pid, const char *command, const char *why_not)
{
  RscPythonProcess *process = g_new0 (RscPythonProcess, 1);

  process->pid = process->inner_pid = pid;
  process->user = g_strdup ("www-data");
  process->version = g_strdup ("3.11.2");
  process->command = g_strdup (command);
  process->uss = -1;
  process->why_not = g_strdup (why_not);

  return rsc_process_item_new (process);
}

/* Found by what its row shows; those that can be attached to first, then the newest. */
static void
test_processes (void)
{
  g_autoptr (RscProcessItem) old = make_process (11, "/usr/bin/python3 -c import os\nprint ('Größe')", NULL);
  g_autoptr (RscProcessItem) new = make_process (12, "/srv/venv/bin/python3 /srv/shop/worker.py --queue mail", NULL);
  g_autoptr (RscProcessItem) newest = make_process (13, "/usr/bin/python3 a.py", "It is stopped.");
  RscPythonProcess *process = g_new0 (RscPythonProcess, 1);
  RscProcessItem *items[] = { newest, old, new };
  guint changes = 0;

  g_assert_true (rsc_process_item_matches (new, ""));
  g_assert_true (rsc_process_item_matches (new, "Shop MAIL"));
  g_assert_true (rsc_process_item_matches (new, "venv"));
  g_assert_true (rsc_process_item_matches (new, "pid:12"));
  g_assert_true (rsc_process_item_matches (new, "3.11 www-data"));
  g_assert_false (rsc_process_item_matches (new, "shop web"));
  /* Several lines are shown as one. */
  g_assert_true (rsc_process_item_matches (old, "gröSSe"));

  qsort (items, G_N_ELEMENTS (items), sizeof *items, rsc_process_item_compare);
  g_assert_true (items[0] == new && items[1] == old && items[2] == newest);

  /* In a container it has two numbers; that nothing changed is no news. */
  g_signal_connect_swapped (new, "changed", G_CALLBACK (g_atomic_int_inc), &changes);
  *process = *rsc_process_item_get (new);
  process->inner_pid = 3;
  process->container = g_strdup ("1a2b3c4d5e6f");
  process->user = g_strdup (process->user);
  process->version = NULL;
  process->command = g_strdup (process->command);
  rsc_process_item_update (new, process);
  g_assert_cmpuint (changes, ==, 1);
  g_assert_true (rsc_process_item_matches (new, "12 (3 in its container)"));
  g_assert_true (rsc_process_item_matches (new, "1a2b3c4d5e6f"));
  process = g_new0 (RscPythonProcess, 1);
  *process = *rsc_process_item_get (new);
  process->user = g_strdup (process->user);
  process->command = g_strdup (process->command);
  process->container = g_strdup (process->container);
  rsc_process_item_update (new, process);
  g_assert_cmpuint (changes, ==, 1);
}

/* Of those that began today the time is told, of others the day; of this one its parent. */
static void
test_origin (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_local (2026, 3, 1, 12, 0, 0);
  g_autoptr (GDateTime) today = g_date_time_new_local (2026, 3, 1, 0, 0, 7);
  g_autoptr (GDateTime) before = g_date_time_new_local (2026, 2, 28, 23, 59, 59);
  g_autofree char *of_today = rsc_process_origin_dup_time (today, now);
  g_autofree char *of_before = rsc_process_origin_dup_time (before, now);
  g_autofree char *parent = rsc_process_origin_dup_parent (getpid ());
  g_autofree char *since = rsc_process_origin_dup_since (rsc_process_get_start (getpid ()));
  g_autofree char *of_none = rsc_process_origin_dup_since (rsc_process_get_start (G_MAXINT));
  g_autofree char *number = g_strdup_printf ("child of %d (", (int) getppid ());

  g_assert_cmpstr (of_today, ==, "since 00:00:07");
  g_assert_cmpstr (of_before, ==, "since 2026-02-28 23:59");
  g_assert_true (getppid () <= 1 ? parent == NULL : g_str_has_prefix (parent, number));
  g_assert_true (g_str_has_prefix (since, "since "));
  g_assert_null (of_none);
}

/* Launches come back whole, the newest first and each once. */
static void
test_recent_programs (void)
{
  g_autoptr (GSettings) settings = g_settings_new ("io.github.refscope.Refscope");
  g_autoptr (RscRecentPrograms) programs = rsc_recent_programs_new (settings);
  g_autoptr (RscRecentPrograms) others = rsc_recent_programs_new (settings);
  g_autofree char *current = g_get_current_dir ();
  const char *first[] = { "/usr/bin/python3", "-X", "dev", "it's here.py", "", NULL };
  g_autofree char *command = NULL;
  g_autofree char *title = NULL;
  g_autoptr (RscRecentProgram) program = NULL;
  g_autoptr (RscRecentProgram) newest = NULL;
  g_auto (GStrv) parsed = NULL;

  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (programs)), ==, 0);
  rsc_recent_programs_add (programs, first, "/tmp", FALSE);
  program = g_list_model_get_item (G_LIST_MODEL (others), 0);
  g_assert_nonnull (program);
  g_assert_true (g_strv_equal (rsc_recent_program_get_argv (program), first));
  g_assert_cmpstr (rsc_recent_program_get_folder (program), ==, "/tmp");
  g_assert_false (rsc_recent_program_get_hold (program));
  /* What the dialog shows is what it launches. */
  command = rsc_recent_program_dup_command (program);
  g_assert_true (g_shell_parse_argv (command, NULL, &parsed, NULL));
  g_assert_true (g_strv_equal ((const char *const *) parsed, first));
  title = rsc_program_dup_title (first);
  g_assert_cmpstr (title, ==, "it's here.py");

  for (guint i = 0; i < RSC_RECENT_PROGRAMS_MAX + 3; i++)
    {
      g_autofree char *name = g_strdup_printf ("program-%u", i % (RSC_RECENT_PROGRAMS_MAX + 1));
      const char *argv[] = { name, NULL };

      rsc_recent_programs_add (programs, argv, NULL, TRUE);
    }
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (others)), ==, RSC_RECENT_PROGRAMS_MAX);
  newest = g_list_model_get_item (G_LIST_MODEL (others), 0);
  g_assert_cmpstr (rsc_recent_program_get_argv (newest)[0], ==, "program-1");
  g_assert_cmpstr (rsc_recent_program_get_folder (newest), ==, current);
  g_assert_true (rsc_recent_program_get_hold (newest));

  rsc_recent_programs_clear (others);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (programs)), ==, 0);

  /* Settings can be written by anybody. */
  g_settings_set (settings, "recent-programs", "a(assb)", NULL);
  g_settings_set_value (settings, "recent-programs", g_variant_new_parsed ("[(@as [], '', true), ([''], '', true), (['a'], '', true)]"));
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (programs)), ==, 1);
  g_assert_null (rsc_recent_program_new_from_variant (g_variant_new_string ("a")));
}

/* A heap that is closed leaves nothing behind, however often. */
static void
test_closed_heap_is_freed (void)
{
  g_autofree char *folder = g_dir_make_tmp ("refscope-test-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "graph.dot", NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);

  g_assert_true (g_file_set_contents (path, "digraph g { a -> b; b -> c; c -> a; }", -1, NULL));
  for (guint i = 0; i < 3; i++)
    {
      RscSession *session = rsc_session_new_for_file (file);
      GtkWidget *page = g_object_ref_sink (rsc_heap_page_new (session));
      gpointer alive_session = session, alive_page = page, alive_capture, alive_canvas;

      while (rsc_session_get_scene (session) == NULL)
        {
          g_assert_cmpint (rsc_session_get_state (session), !=, RSC_SESSION_FAILED);
          g_main_context_iteration (NULL, TRUE);
        }
      alive_capture = rsc_session_get_capture (session);
      alive_canvas = rsc_heap_page_get_canvas (RSC_HEAP_PAGE (page));
      g_object_add_weak_pointer (G_OBJECT (session), &alive_session);
      g_object_add_weak_pointer (G_OBJECT (page), &alive_page);
      g_object_add_weak_pointer (G_OBJECT (alive_capture), &alive_capture);
      g_object_add_weak_pointer (G_OBJECT (alive_canvas), &alive_canvas);

      rsc_heap_page_close (RSC_HEAP_PAGE (page));
      g_object_unref (session);
      g_object_unref (page);
      /* What still ran was cancelled and lets go when it answers. */
      while (alive_session != NULL)
        g_main_context_iteration (NULL, TRUE);
      while (g_main_context_iteration (NULL, FALSE))
        ;
      g_assert_null (alive_page);
      g_assert_null (alive_canvas);
      g_assert_null (alive_capture);
    }
  g_assert_cmpint (g_remove (path), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

/* The rows are full: what does not fit goes on in the next one. */
static void
test_wrap_box (void)
{
  GtkWidget *box = g_object_ref_sink (rsc_wrap_box_new ());
  int wide, narrow, minimum;

  for (guint i = 0; i < 3; i++)
    {
      GtkWidget *child = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);

      gtk_widget_set_size_request (child, 100, 20);
      rsc_wrap_box_append (RSC_WRAP_BOX (box), child);
    }
  gtk_widget_measure (box, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, &wide, NULL, NULL);
  g_assert_cmpint (minimum, ==, 100);
  g_assert_cmpint (wide, ==, 312);
  gtk_widget_measure (box, GTK_ORIENTATION_VERTICAL, 312, NULL, &wide, NULL, NULL);
  g_assert_cmpint (wide, ==, 20);
  gtk_widget_measure (box, GTK_ORIENTATION_VERTICAL, 311, NULL, &narrow, NULL, NULL);
  g_assert_cmpint (narrow, ==, 46);
  gtk_widget_measure (box, GTK_ORIENTATION_VERTICAL, 100, NULL, &narrow, NULL, NULL);
  g_assert_cmpint (narrow, ==, 72);
  rsc_wrap_box_remove_all (RSC_WRAP_BOX (box));
  g_assert_null (gtk_widget_get_first_child (box));
  g_object_unref (box);
}

static GtkWidget *
build_toggles (GtkBuilder **builder, const char *first, const char *second)
{
  g_autofree char *text = g_strdup_printf (
    "<interface><object class='RscToggles' id='toggles'>"
    "<child><object class='GtkToggleButton' id='first'>%s</object></child>"
    "<child><object class='GtkToggleButton' id='second'>%s</object></child>"
    "</object></interface>", first, second);

  g_type_ensure (RSC_TYPE_TOGGLES);
  *builder = gtk_builder_new_from_string (text, -1);

  return g_object_ref_sink (GTK_WIDGET (gtk_builder_get_object (*builder, "toggles")));
}

static GtkAllocation
allocate_toggles (GtkWidget *toggles, GtkBuilder *builder, int width, const char *name)
{
  GtkAllocation place;
  int height;

  gtk_widget_measure (toggles, GTK_ORIENTATION_VERTICAL, width, NULL, &height, NULL, NULL);
  gtk_widget_size_allocate (toggles, &(GtkAllocation) { 0, 0, width, height }, -1);
  gtk_widget_get_allocation (GTK_WIDGET (gtk_builder_get_object (builder, name)), &place);

  return place;
}

/* Beside each other as long as each has what it needs, then below each other: of no word anything is cut. */
static void
test_toggles_of_words (void)
{
  g_autoptr (GtkBuilder) builder = NULL;
  GtkWidget *toggles = build_toggles (&builder, "<property name='label'>Held By (3)</property>",
                                      "<property name='label'>Refers To (1,000,000)</property>");
  GtkWidget *long_one = GTK_WIDGET (gtk_builder_get_object (builder, "second"));
  GtkAllocation place;
  int minimum, natural, needed, row, column;

  gtk_widget_measure (toggles, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, &natural, NULL, NULL);
  gtk_widget_measure (long_one, GTK_ORIENTATION_HORIZONTAL, -1, NULL, &needed, NULL, NULL);
  g_assert_cmpint (minimum, <, natural);
  gtk_widget_measure (toggles, GTK_ORIENTATION_VERTICAL, natural, NULL, &row, NULL, NULL);
  place = allocate_toggles (toggles, builder, natural, "second");
  g_assert_cmpint (place.y, ==, 0);
  g_assert_cmpint (place.width, >=, needed);

  gtk_widget_measure (toggles, GTK_ORIENTATION_VERTICAL, natural - 1, NULL, &column, NULL, NULL);
  g_assert_cmpint (column, >=, 2 * row);
  place = allocate_toggles (toggles, builder, natural - 1, "second");
  g_assert_cmpint (place.x, ==, 0);
  g_assert_cmpint (place.y, >, 0);
  g_assert_cmpint (place.width, ==, natural - 1);

  /* Narrower than that one needs: it wraps between its words. */
  g_assert_cmpint (minimum, <, needed);
  place = allocate_toggles (toggles, builder, minimum, "second");
  g_assert_cmpint (place.height, >, row);
  g_object_unref (toggles);
}

/* Either all words are seen, or all icons. */
static void
test_toggles_with_icons (void)
{
#define SQUEEZED(word, id) \
  "<property name='child'><object class='AdwSqueezer' id='" id "'>" \
  "<child><object class='GtkLabel'><property name='label'>" word "</property></object></child>" \
  "<child><object class='GtkImage'><property name='icon-name'>go-next-symbolic</property></object></child>" \
  "</object></property>"
  g_autoptr (GtkBuilder) builder = NULL;
  GtkWidget *toggles = build_toggles (&builder, SQUEEZED ("References", "long"), SQUEEZED ("Any", "short"));
  static const char *const squeezers[] = { "long", "short" };
  int minimum, natural;

  gtk_widget_measure (toggles, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, &natural, NULL, NULL);
  for (int words = 1; words >= 0; words--)
    {
      GtkAllocation place = allocate_toggles (toggles, builder, words ? natural : natural - 1, "second");

      g_assert_cmpint (place.y, ==, 0);
      for (gsize i = 0; i < G_N_ELEMENTS (squeezers); i++)
        {
          AdwSqueezer *squeezer = ADW_SQUEEZER (gtk_builder_get_object (builder, squeezers[i]));

          g_assert_true (words ? GTK_IS_LABEL (adw_squeezer_get_visible_child (squeezer))
                               : GTK_IS_IMAGE (adw_squeezer_get_visible_child (squeezer)));
        }
    }
  g_assert_cmpint (minimum, <, natural);
  g_object_unref (toggles);
#undef SQUEEZED
}

/* Every action with a key is in the window of the shortcuts, and every key that
 * is there is an action's; those of the canvas and of the bar of the steps are their own. */
static void
test_shortcuts (void)
{
  g_autoptr (RscApplication) application = rsc_application_new (NULL);
  g_autoptr (GtkBuilder) builder = gtk_builder_new_from_resource ("/io/github/refscope/Refscope/ui/rsc-shortcuts.ui");
  g_autoptr (GSList) objects = gtk_builder_get_objects (builder);
  g_autoptr (GHashTable) listed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_auto (GStrv) actions = NULL;
  g_autoptr (GError) error = NULL;
  GHashTableIter iter;
  gpointer key;
  guint n_actions = 0;

  g_application_set_flags (G_APPLICATION (application), G_APPLICATION_NON_UNIQUE);
  g_application_set_application_id (G_APPLICATION (application), "io.github.refscope.Refscope.Shortcuts");
  g_assert_true (g_application_register (G_APPLICATION (application), NULL, &error));
  g_assert_no_error (error);

  for (GSList *object = objects; object != NULL; object = object->next)
    if (GTK_IS_SHORTCUTS_SHORTCUT (object->data))
      {
        g_autofree char *text = NULL;
        g_auto (GStrv) words = NULL;

        g_object_get (object->data, "accelerator", &text, NULL);
        words = g_strsplit (text, " ", -1);
        for (guint i = 0; words[i] != NULL; i++)
          {
            guint keyval;
            GdkModifierType modifiers;
            g_autofree char *name = NULL;

            g_assert_true (gtk_accelerator_parse (words[i], &keyval, &modifiers));
            name = gtk_accelerator_name (keyval, modifiers);
            if (!g_hash_table_add (listed, g_steal_pointer (&name)))
              g_error ("%s is listed twice", words[i]);
          }
      }
  g_assert_cmpuint (g_hash_table_size (listed), >, 30);

  actions = gtk_application_list_action_descriptions (GTK_APPLICATION (application));
  for (guint i = 0; actions[i] != NULL; i++)
    {
      g_auto (GStrv) accels = gtk_application_get_accels_for_action (GTK_APPLICATION (application), actions[i]);
      gboolean found = accels[0] == NULL;

      for (guint j = 0; accels[j] != NULL; j++)
        {
          found |= g_hash_table_contains (listed, accels[j]);
          g_hash_table_add (known, g_strdup (accels[j]));
          n_actions++;
        }
      if (!found)
        g_error ("the window of the shortcuts does not list %s (%s)", actions[i], accels[0]);
    }
  g_assert_cmpuint (n_actions, >, 30);

  g_hash_table_iter_init (&iter, listed);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      const char *own[] = { "Tab", "<Shift>Tab", "Up", "Down", "Left", "Right", "<Control>Left", "<Control>Right", "Return", "plus",
                            "minus", "w", "1", "<Shift>F10", "Menu", "Escape", "comma", "period", "p", "Delete", NULL };

      if (!g_hash_table_contains (known, key) && !g_strv_contains (own, key))
        g_error ("no action has the key %s, which is listed", (const char *) key);
    }
  gtk_window_destroy (GTK_WINDOW (gtk_builder_get_object (builder, "shortcuts")));
}

static GPtrArray *
make_items (guint n)
{
  GPtrArray *items = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (items, g_object_new (G_TYPE_OBJECT, NULL));

  return items;
}

static void
check_begins_with (GListStore *store, GPtrArray *items, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GObject) item = g_list_model_get_item (G_LIST_MODEL (store), i);

      g_assert_true (item == items->pdata[i]);
      g_assert_false (rsc_list_is_old (store, i));
    }
}

static void
check_filled (GListStore *store, GPtrArray *items)
{
  while (rsc_list_filling ())
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (store)), ==, items->len);
  check_begins_with (store, items, items->len);
}

/* From each number of items to each other, waiting for the end, in its midst, and without it. */
static void
test_list_filler (void)
{
  static const guint numbers[] = { 0, 1, 24, 25, 100, 300, 1000 };
  GtkWidget *window = gtk_window_new ();
  GtkWidget *view = gtk_label_new (NULL);

  gtk_window_set_child (GTK_WINDOW (window), view);
  gtk_window_present (GTK_WINDOW (window));
  while (!gtk_widget_get_mapped (view))
    g_main_context_iteration (NULL, TRUE);
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (numbers); j++)
      for (guint n_pieces = 0; n_pieces < 3; n_pieces++)
        {
          g_autoptr (GListStore) store = g_list_store_new (G_TYPE_OBJECT);
          g_autoptr (GPtrArray) first = make_items (numbers[i]);
          g_autoptr (GPtrArray) second = make_items (numbers[j]);
          guint n_old;

          rsc_list_fill (store, view, first);
          check_begins_with (store, first, MIN (first->len, 24));
          for (guint k = 0; k < n_pieces && rsc_list_filling (); k++)
            g_main_context_iteration (NULL, TRUE);
          if (n_pieces == 0)
            check_filled (store, first);
          n_old = g_list_model_get_n_items (G_LIST_MODEL (store));

          rsc_list_fill (store, view, second);
          check_begins_with (store, second, MIN (second->len, 24));
          if (n_old > 24)
            g_assert_true (rsc_list_is_old (store, g_list_model_get_n_items (G_LIST_MODEL (store)) - 1));
          check_filled (store, second);

          /* What goes with its items to come leaves nothing behind. */
          rsc_list_fill (store, view, first);
        }
  g_assert_false (rsc_list_filling ());
  gtk_window_destroy (GTK_WINDOW (window));
}

/* Out of sight there is a screen of items, and nothing of before; the rest comes when it is shown. */
static void
test_list_filler_out_of_sight (void)
{
  GtkWidget *window = gtk_window_new ();
  GtkWidget *view = gtk_label_new (NULL);
  g_autoptr (GListStore) store = g_list_store_new (G_TYPE_OBJECT);
  g_autoptr (GPtrArray) first = make_items (500);
  g_autoptr (GPtrArray) second = make_items (300);

  gtk_window_set_child (GTK_WINDOW (window), view);
  for (guint i = 0; i < 2; i++)
    {
      GPtrArray *items = i == 0 ? first : second;

      gtk_widget_hide (view);
      rsc_list_fill (store, view, items);
      while (rsc_list_filling ())
        g_main_context_iteration (NULL, TRUE);
      g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (store)), ==, 24);
      check_begins_with (store, items, 24);

      gtk_widget_show (view);
      gtk_window_present (GTK_WINDOW (window));
      while (!gtk_widget_get_mapped (view))
        g_main_context_iteration (NULL, TRUE);
      check_filled (store, items);
    }

  gtk_widget_hide (view);
  rsc_list_fill (store, view, first);
  gtk_window_destroy (GTK_WINDOW (window));
}

static gboolean
says (RscMemoryPlot *plot, double x, double y, const char *text)
{
  g_autofree char *said = rsc_memory_plot_dup_text_at (plot, x, y);

  return text == NULL ? said == NULL : said != NULL && strstr (said, text) != NULL;
}

/* Says of what is pointed at, and of many collections at one place the longest. */
static void
test_memory_plot (void)
{
  RscMemoryPlot *plot = g_object_ref_sink (g_object_new (RSC_TYPE_MEMORY_PLOT, NULL));
  g_autoptr (GArray) points = g_array_new (FALSE, FALSE, sizeof (RscMemoryPoint));
  g_autoptr (GArray) recorded = g_array_new (FALSE, FALSE, sizeof (RscRecordedCollection));
  RscMemoryPoint sampled[] = {
    { .seconds = 0.5, .uss = 10 << 20, .rss = 12 << 20, .generation = -1 },
    { .seconds = 5, .uss = 11 << 20, .rss = 13 << 20, .generation = -1, .hint = (char *) "filled" },
    { .seconds = 10, .uss = 14 << 20, .rss = 15 << 20, .generation = -1 },
  };
  RscMemoryPoint unrecorded = { .seconds = 2, .generation = 1 };
  int low, high, above, width = 400;
  double right;

  /* Without anything it is quiet. */
  rsc_memory_plot_set_points (plot, points, recorded);
  gtk_widget_size_allocate (GTK_WIDGET (plot), &(GtkAllocation) { 0, 0, width, 100 }, -1);
  g_assert_true (says (plot, 200, 50, NULL));

  g_array_append_vals (points, sampled, G_N_ELEMENTS (sampled));
  rsc_memory_plot_changed (plot);
  gtk_widget_measure (GTK_WIDGET (plot), GTK_ORIENTATION_VERTICAL, -1, &low, NULL, NULL, NULL);

  /* Collections need rows of their own. */
  g_array_append_val (points, unrecorded);
  for (guint i = 0; i < 1000; i++)
    {
      RscRecordedCollection item = { .seconds = 6 + i * 1e-6, .duration = i == 500 ? 0.02 : 0.001, .generation = 0,
                                     .collected = i, .stands_for = 1, .together = i == 500 ? 0.02 : 0.001 };

      g_array_append_val (recorded, item);
    }
  rsc_memory_plot_changed (plot);
  gtk_widget_measure (GTK_WIDGET (plot), GTK_ORIENTATION_VERTICAL, -1, &high, NULL, NULL, NULL);
  g_assert_cmpint (high, >, low + 3 * 14);
  gtk_widget_size_allocate (GTK_WIDGET (plot), &(GtkAllocation) { 0, 0, width, high }, -1);

  /* The row of generation 0 is the lowest: somewhere in it is the longest of a thousand. */
  right = 0;
  for (int x = 0; x < width; x++)
    for (above = 16; above < 40; above++)
      if (right == 0 && says (plot, x, high - above, "Generation 0: 20.00 ms, 500 freed"))
        right = x;
  g_assert_cmpfloat (right, >, width / 2);
  for (above = 16; above < 60 && !says (plot, right, high - above, "1000 collections here, 1019.00 ms together"); above++)
    ;
  g_assert_cmpint (above, <, 60);
  /* One that was not recorded is told as that, in its row only; far from all nothing is. */
  g_assert_true (says (plot, right, high - above - 3 * 20, NULL) || says (plot, right, high - above - 3 * 20, "USS"));
  for (int x = 0, n = 0; x <= width; x++)
    {
      for (int y = high - 100; y < high; y++)
        n += says (plot, x, y, "Generation 1, at 2.00 s: not recorded");
      g_assert_true (x < width || n > 0);
    }
  /* The memory, and the mark with it. */
  g_assert_true (says (plot, width - 5, 60, "At 10.00 s: USS 14.0"));
  g_assert_true (says (plot, width - 5, 60, "RSS 15.0"));
  g_assert_true (says (plot, 0, 60, NULL));
  for (int x = 0, n = 0; x <= width; x++)
    {
      n += says (plot, x, 60, "filled\nAt 5.00 s");
      g_assert_true (x < width || n > 0);
    }
  g_object_unref (plot);
}

/* However often they are halved, none is forgotten, the longest stays, and the order does. */
static void
test_recorded (void)
{
  g_autoptr (GArray) recorded = g_array_new (FALSE, FALSE, sizeof (RscRecordedCollection));
  guint64 stand_for = 0;
  double together = 0, longest = 0, last = -1;

  for (guint i = 0; i < 1001; i++)
    {
      double duration = i == 777 ? 1 : 0.001 * (i % 10);
      RscRecordedCollection item = { .seconds = i, .duration = duration, .generation = i % 10 == 9 ? 1 : 0,
                                     .stands_for = 1, .together = duration };

      together += duration;
      g_array_append_val (recorded, item);
    }
  for (guint rounds = 0; rounds < 3; rounds++)
    {
      guint before = recorded->len;

      rsc_recorded_thin (recorded);
      g_assert_cmpuint (recorded->len, <=, before / 2 + 1);
    }
  for (guint i = 0; i < recorded->len; i++)
    {
      const RscRecordedCollection *item = &g_array_index (recorded, RscRecordedCollection, i);

      g_assert_cmpfloat (item->seconds, >, last);
      last = item->seconds;
      stand_for += item->stands_for;
      together -= item->together;
      longest = MAX (longest, item->duration);
    }
  g_assert_cmpuint (stand_for, ==, 1001);
  g_assert_cmpfloat_with_epsilon (together, 0, 1e-9);
  g_assert_cmpfloat (longest, ==, 1);
}

int
main (int argc, char **argv)
{
  g_setenv ("GSETTINGS_BACKEND", "memory", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_WARNING | G_LOG_LEVEL_CRITICAL);
  adw_init ();

  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    {
      GType type = types[i] ();
      g_autofree char *name = g_strdup_printf ("/widgets/%s", g_type_name (type));

      g_test_add_data_func (name, GSIZE_TO_POINTER (type), test_widget);
    }
  g_test_add_func ("/widgets/RscLaunchDialog", test_dialog);
  g_test_add_func ("/widgets/RscAttachDialog", test_attach_dialog);
  g_test_add_func ("/processes", test_processes);
  g_test_add_func ("/processes/origin", test_origin);
  g_test_add_func ("/memory-plot", test_memory_plot);
  g_test_add_func ("/recorded", test_recorded);
  g_test_add_func ("/widgets/RscViewControls/narrow-filter", test_filter_is_narrow);
  g_test_add_func ("/shared-menus", test_menus_are_shared);
  g_test_add_func ("/closed-heap", test_closed_heap_is_freed);
  g_test_add_func ("/shortcuts", test_shortcuts);
  g_test_add_func ("/recent-programs", test_recent_programs);
  g_test_add_func ("/toggles/words", test_toggles_of_words);
  g_test_add_func ("/toggles/icons", test_toggles_with_icons);
  g_test_add_func ("/wrap-box/rows", test_wrap_box);
  g_test_add_func ("/list-filler", test_list_filler);
  g_test_add_func ("/list-filler/out-of-sight", test_list_filler_out_of_sight);

  return g_test_run ();
}
