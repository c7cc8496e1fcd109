#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-heap-page-private.h"

#include <string.h>

#include "base/rsc-census.h"
#include "base/rsc-error.h"

#include "rsc-allocator.h"
#include "rsc-menus.h"
#include "rsc-pane-memory.h"
#include "rsc-reveal.h"
#include "rsc-settings.h"
#include "rsc-shrink.h"
#include "rsc-template.h"

/* What is over sooner needs no progress bar. */
#define PROGRESS_DELAY_MS 350
#define PROGRESS_PULSE_MS 120

enum
{
  TOAST,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RscHeapPage, rsc_heap_page, GTK_TYPE_WIDGET)

void
rsc_heap_page_toast (RscHeapPage *self, const char *text)
{
  g_signal_emit (self, signals[TOAST], 0, text);
}

static AdwMessageDialog *
make_error_dialog (RscHeapPage *self, const char *title, const GError *error)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  AdwMessageDialog *dialog = ADW_MESSAGE_DIALOG (adw_message_dialog_new (GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL,
                                                                         title, error->message));

  adw_message_dialog_add_response (dialog, "close", _("_Close"));
  adw_message_dialog_set_default_response (dialog, "close");
  adw_message_dialog_set_close_response (dialog, "close");

  return dialog;
}

void
rsc_heap_page_show_error (RscHeapPage *self, const char *title, const GError *error)
{
  gtk_window_present (GTK_WINDOW (make_error_dialog (self, title, error)));
}

/* The canvas. */

static void
update_theme (RscHeapPage *self)
{
  AdwStyleManager *manager = adw_style_manager_get_default ();
  gboolean dark = adw_style_manager_get_dark (manager);
  gboolean contrast = adw_style_manager_get_high_contrast (manager);

  if (contrast)
    rsc_canvas_set_theme (self->canvas, dark ? RSC_THEME_HIGH_CONTRAST_DARK : RSC_THEME_HIGH_CONTRAST_LIGHT);
  else
    rsc_canvas_set_theme (self->canvas, dark ? RSC_THEME_DARK : RSC_THEME_LIGHT);
}

static void
update_info (RscHeapPage *self)
{
  RscScene *scene = rsc_session_get_scene (self->session);
  g_autofree char *objects = NULL;
  g_autofree char *text = NULL;
  g_autofree char *tooltip = NULL;
  const RscGraphNode *nodes;
  const char *note;
  gsize n_nodes;
  guint n_objects = 0;

  if (scene == NULL)
    {
      gtk_label_set_text (self->info_label, "");
      return;
    }

  nodes = rsc_graph_get_nodes (rsc_scene_get_graph (scene), &n_nodes);
  for (gsize i = 0; i < n_nodes; i++)
    n_objects += nodes[i].kind == RSC_GRAPH_NODE_OBJECT;
  objects = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%u object drawn", "%u objects drawn", n_objects), n_objects);
  note = rsc_scene_get_note (scene);
  text = note != NULL ? g_strdup_printf ("%s. %s", objects, note) : g_strdup (objects);
  gtk_label_set_text (self->info_label, text);
  /* Translators: how the layout was found: the engine, its settings, the time */
  tooltip = g_strdup_printf (_("Laid out by %s %s in %.2f s"), rsc_scene_get_engine (scene), rsc_scene_get_settings (scene),
                             rsc_scene_get_seconds (scene));
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->info_label), tooltip);
}

static void
show_selected (RscHeapPage *self)
{
  RscScene *scene = rsc_canvas_get_scene (self->canvas);
  RscNode selected = rsc_session_get_selected (self->session);
  int index = -1;

  if (scene != NULL && selected != RSC_NODE_NONE && rsc_graph_get_snapshot (rsc_scene_get_graph (scene)) == rsc_session_get_snapshot (self->session))
    index = (int) rsc_graph_find (rsc_scene_get_graph (scene), selected);
  if (index == rsc_canvas_get_selected_node (self->canvas))
    return;

  self->selecting = TRUE;
  rsc_canvas_select_node (self->canvas, index);
  if (index >= 0)
    rsc_canvas_reveal_node (self->canvas, index);
  self->selecting = FALSE;
}

/* The edge from @source to @target, or -1. */
static int
find_edge (RscGraph *graph, gssize source, gssize target)
{
  gboolean swap = rsc_view_get_params (rsc_graph_get_view (graph))->swap;
  gsize n_edges;
  const RscGraphEdge *edges = rsc_graph_get_edges (graph, &n_edges);

  for (gsize i = 0; i < n_edges; i++)
    if (edges[i].kind == RSC_GRAPH_EDGE_REFERENCE && (gssize) edges[i].source == (swap ? target : source) &&
        (gssize) edges[i].target == (swap ? source : target))
      return (int) i;

  return -1;
}

/* What the step is about stands out, and is in sight. */
static void
show_step (RscHeapPage *self)
{
  RscReplayCursor *steps = rsc_session_get_steps (self->session);
  RscScene *scene = rsc_canvas_get_scene (self->canvas);
  RscGraph *graph = scene != NULL ? rsc_scene_get_graph (scene) : NULL;
  int node = -1, edge = -1;
  RscStep step;

  if (graph == NULL)
    return;

  if (steps != NULL && rsc_graph_get_snapshot (graph) == rsc_replay_get_snapshot (rsc_replay_cursor_get_replay (steps)) &&
      rsc_replay_cursor_get_step (steps, &step) && step.node != RSC_NODE_NONE)
    {
      node = (int) rsc_graph_find (graph, step.node);
      if (node >= 0 && step.source != RSC_NODE_NONE && rsc_graph_find (graph, step.source) >= 0)
        edge = find_edge (graph, rsc_graph_find (graph, step.source), node);
    }
  if (node >= 0 && node != rsc_canvas_get_lit_node (self->canvas))
    rsc_canvas_reveal_node (self->canvas, node);
  rsc_canvas_set_lit (self->canvas, node, edge);
}

static void
update_overlay (RscHeapPage *self)
{
  /* A new capture's overlay is heard of before its scene is. */
  if (rsc_canvas_get_scene (self->canvas) == rsc_session_get_scene (self->session))
    {
      rsc_canvas_set_overlay (self->canvas, rsc_session_get_overlay (self->session));
      show_step (self);
    }
  rsc_heap_page_update_actions (self);
}

/* Which node stays in its place: the selected one if it is in the new picture. */
static void
on_scene_changed (RscHeapPage *self)
{
  RscScene *scene = rsc_session_get_scene (self->session);
  const char *anchor = NULL;
  RscNode selected = rsc_session_get_selected (self->session);

  if (scene != NULL && selected != RSC_NODE_NONE)
    {
      gssize index = rsc_graph_find (rsc_scene_get_graph (scene), selected);
      gsize n_nodes;

      if (index >= 0)
        anchor = rsc_graph_get_nodes (rsc_scene_get_graph (scene), &n_nodes)[index].id;
    }

  self->selecting = TRUE;
  rsc_canvas_set_scene (self->canvas, scene, anchor);
  if (scene != NULL && rsc_session_is_first_view (self->session))
    rsc_canvas_show_start (self->canvas);
  self->selecting = FALSE;
  update_overlay (self);
  update_info (self);
  show_selected (self);
}

static void
on_canvas_node_selected (RscHeapPage *self, int index)
{
  RscScene *scene = rsc_session_get_scene (self->session);
  const RscGraphNode *nodes;
  gsize n_nodes;

  if (self->selecting || scene == NULL)
    return;

  nodes = rsc_graph_get_nodes (rsc_scene_get_graph (scene), &n_nodes);
  if (index >= 0 && (gsize) index < n_nodes)
    {
      if (nodes[index].kind == RSC_GRAPH_NODE_OBJECT)
        rsc_session_select (self->session, nodes[index].node);
    }
  else
    rsc_session_select (self->session, RSC_NODE_NONE);
}

static void
on_canvas_node_activated (RscHeapPage *self, guint index)
{
  RscScene *scene = rsc_session_get_scene (self->session);
  const RscGraphNode *nodes;
  gsize n_nodes;

  if (scene == NULL)
    return;

  nodes = rsc_graph_get_nodes (rsc_scene_get_graph (scene), &n_nodes);
  if (index < n_nodes && nodes[index].node != RSC_NODE_NONE)
    rsc_session_draw_objects (self->session, &nodes[index].node, 1);
}

static void
on_fold_activated (RscHeapPage *self, guint index)
{
  RscScene *scene = rsc_session_get_scene (self->session);
  const RscGraphNode *nodes;
  gsize n_nodes;

  if (scene == NULL)
    return;

  nodes = rsc_graph_get_nodes (rsc_scene_get_graph (scene), &n_nodes);
  if (index < n_nodes && nodes[index].kind == RSC_GRAPH_NODE_FOLD)
    rsc_view_controls_expand (self->controls, nodes[index].node);
}

static void
on_canvas_context_menu (RscHeapPage *self, int node, int edge, double x, double y)
{
  GdkRectangle rectangle = { (int) x, (int) y, 1, 1 };
  GtkPopover *popover = node >= 0 ? self->node_popover : self->edge_popover;

  if (node < 0 && edge < 0)
    return;
  if (node < 0)
    rsc_canvas_select_edge (self->canvas, edge);

  gtk_popover_set_pointing_to (popover, &rectangle);
  gtk_popover_popup (popover);
}

/* The middle: the canvas, or a page that says why there is none. */

/* Also if nothing has it, as then the middle is what the keys are to reach. */
static gboolean
has_focus_in_center (RscHeapPage *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;

  return root != NULL && (focus == NULL || gtk_widget_is_ancestor (focus, GTK_WIDGET (self->center_stack)));
}

/* What is hidden must not have the focus, or Tab would go nowhere that is seen.
 * What scrolls in the status page takes it, and would pass a grab on to what is
 * in it. */
void
rsc_heap_page_focus_center (RscHeapPage *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));

  if (gtk_stack_get_visible_child (self->center_stack) == GTK_WIDGET (self->status_page))
    gtk_root_set_focus (root, gtk_widget_get_first_child (GTK_WIDGET (self->status_page)));
  else
    gtk_widget_grab_focus (GTK_WIDGET (self->canvas));
}

/* Where there is nothing, there is nothing to list. What the user likes is kept
 * for the next heap. */
static void
hide_panes (RscHeapPage *self)
{
  rsc_pane_memory_close (self->find_flap);
  rsc_pane_memory_close (self->details_flap);
}

/* Controls of a picture that cannot be there yet say nothing; in a narrow window steps need their room, so that one
 * reads the counts in the picture. */
static void
update_controls (RscHeapPage *self)
{
  gboolean stepping = rsc_session_get_steps (self->session) != NULL;

  gtk_widget_set_visible (GTK_WIDGET (self->controls), rsc_session_get_snapshot (self->session) != NULL &&
                          (!stepping || self->controls_called || !adw_flap_get_folded (self->find_flap)));
}

void
rsc_heap_page_call_controls (RscHeapPage *self)
{
  self->controls_called = rsc_session_get_steps (self->session) != NULL;
  update_controls (self);
}

static void
update_center (RscHeapPage *self)
{
  RscSessionState state = rsc_session_get_state (self->session);
  const GError *error = rsc_session_get_error (self->session);
  const char *no_python = rsc_session_get_no_python (self->session);
  const char *icon = "refscope-graph-symbolic", *title = "", *description = "", *button = NULL;
  gboolean process = rsc_session_is_process (self->session);
  gboolean waiting = FALSE, again = FALSE, draw = FALSE;

  update_controls (self);
  gtk_widget_set_visible (self->canvas_bar, rsc_session_get_scene (self->session) != NULL);
  if (rsc_session_get_scene (self->session) != NULL)
    {
      gboolean focused = has_focus_in_center (self);

      gtk_stack_set_visible_child_name (self->center_stack, "canvas");
      if (focused)
        rsc_heap_page_focus_center (self);
      return;
    }

  switch (state)
    {
    case RSC_SESSION_LOADING:
      title = _("Opening the File");
      waiting = TRUE;
      break;

    case RSC_SESSION_READY:
      title = rsc_session_get_busy (self->session) ? _("Drawing") : _("Nothing Is Drawn");
      draw = TRUE;
      break;

    case RSC_SESSION_STARTING:
      description = rsc_session_get_waiting (self->session);
      title = process ? _("Attaching to the Program") : description != NULL ? _("Waiting for Python") : _("Starting the Program");
      description = description != NULL ? description : "";
      waiting = TRUE;
      break;

    case RSC_SESSION_RUNNING:
      if (no_python != NULL)
        {
          icon = "dialog-warning-symbolic";
          title = _("No Python to Capture");
          description = no_python;
        }
      else if (rsc_session_is_on_its_way (self->session))
        {
          title = _("The Lesson Begins in a Moment");
          waiting = TRUE;
        }
      else
        {
          title = _("The Program Is Running");
          description = !process ? _("It will be held at its marks and before it ends. Capture its heap to see it now.") :
                        _("Refscope is attached. When its heap is captured, the program stands still for a moment, and runs on.");
          button = _("Capture");
        }
      break;

    case RSC_SESSION_HELD:
      title = rsc_session_is_on_its_way (self->session) ? _("The Lesson Begins in a Moment") : _("The Program Is Held");
      waiting = rsc_session_get_busy (self->session);
      description = waiting ? "" : _("Capture its heap to see it.");
      button = waiting ? NULL : _("Capture");
      break;

    case RSC_SESSION_EXITED:
      icon = "dialog-warning-symbolic";
      title = _("The Program Has Ended");
      draw = g_list_model_get_n_items (rsc_session_get_captures (self->session)) > 0;
      description = no_python != NULL ? no_python : process ? _("It ended before its heap was captured.") :
                    _("It ended before its heap was captured. Its output is below. Is it a Python program, and does it run by itself?");
      break;

    case RSC_SESSION_FAILED:
      hide_panes (self);
      icon = "dialog-error-symbolic";
      if (process)
        title = _("Refscope Is Not Attached");
      else if (rsc_session_is_program (self->session))
        title = _("The Program Did Not Start");
      else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        title = _("Opening Was Cancelled");
      else
        title = _("The File Cannot Be Opened");
      description = error != NULL ? error->message : "";
      button = process ? _("Try Again") : rsc_session_is_program (self->session) ? _("Launch Again…") : NULL;
      again = TRUE;
      break;

    case RSC_SESSION_DETACHED:
      title = _("Detached");
      description = _("The program runs on. Its heap was not captured.");
      draw = g_list_model_get_n_items (rsc_session_get_captures (self->session)) > 0;
      button = _("Attach Again");
      again = !draw;
      break;
    }

  if (draw)
    {
      waiting = rsc_session_get_busy (self->session);
      description = waiting ? "" : _("The drawing was cancelled, or it failed.");
      button = waiting ? NULL : _("Draw");
    }

  adw_status_page_set_icon_name (self->status_page, waiting ? NULL : icon);
  adw_status_page_set_title (self->status_page, title);
  {
    g_autofree char *escaped = g_markup_escape_text (description, -1);

    adw_status_page_set_description (self->status_page, escaped);
  }
  gtk_widget_set_visible (GTK_WIDGET (self->status_button), button != NULL);
  if (button != NULL)
    {
      gtk_button_set_label (self->status_button, button);
      gtk_actionable_set_action_name (GTK_ACTIONABLE (self->status_button),
                                      again && process ? "page.attach-again" : again ? "win.launch" : draw ? "page.draw-again" : "page.capture");
      gtk_widget_set_tooltip_text (GTK_WIDGET (self->status_button),
                                   again && process ? _("Attach to this program") :
                                   again ? _("Launch this program in another way, or another one") :
                                   draw ? _("Draw the captured heap") : _("Capture the heap now (F5)"));
    }
  gtk_widget_set_visible (GTK_WIDGET (self->status_spinner), waiting);
  gtk_spinner_set_spinning (self->status_spinner, waiting);
  gtk_accessible_update_property (GTK_ACCESSIBLE (gtk_widget_get_first_child (GTK_WIDGET (self->status_page))),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, title, GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, description, -1);
  if (g_strcmp0 (gtk_stack_get_visible_child_name (self->center_stack), "status") != 0)
    {
      gboolean focused = has_focus_in_center (self);

      gtk_stack_set_visible_child_name (self->center_stack, "status");
      if (focused)
        rsc_heap_page_focus_center (self);
    }
}

/* What the bar below does not say: where the file is, or which process it is. */
static char *
dup_subtitle (RscHeapPage *self)
{
  GFile *file = rsc_session_get_file (self->session);
  g_autoptr (GFile) folder = file != NULL ? g_file_get_parent (file) : NULL;
  int pid = (int) rsc_session_get_pid (self->session);

  if (rsc_session_get_lesson (self->session) != NULL)
    return g_strdup (rsc_session_get_title (self->session));
  if (folder != NULL)
    {
      g_autoptr (GFile) home = g_file_new_for_path (g_get_home_dir ());
      g_autofree char *below_home = g_file_get_relative_path (home, folder);

      if (g_file_equal (home, folder))
        return g_strdup ("~");
      return below_home != NULL ? g_strdup_printf ("~/%s", below_home) : g_file_get_parse_name (folder);
    }
  /* As the command line takes it.  Before it is known what it runs, that is its title. */
  if (rsc_session_is_process (self->session))
    return g_str_has_prefix (rsc_session_get_title (self->session), "pid:") ? g_strdup ("") : g_strdup_printf ("pid:%d", pid);
  /* Translators: %d is its number */
  return pid > 0 ? g_strdup_printf (_("Process %d"), pid) : g_strdup ("");
}

static void
update_title (RscHeapPage *self)
{
  g_autofree char *subtitle = dup_subtitle (self);
  RscLesson *lesson = rsc_session_get_lesson (self->session);
  const char *title = lesson != NULL ? rsc_lesson_get_title (lesson) : rsc_session_get_title (self->session);
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));

  adw_window_title_set_title (self->title, title);
  adw_window_title_set_subtitle (self->title, subtitle);
  /* A narrow window has place for its beginning only. */
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->title), title);
  if (GTK_IS_WINDOW (root))
    gtk_window_set_title (GTK_WINDOW (root), title);
}

static void
on_state_changed (RscHeapPage *self)
{
  update_title (self);
  update_center (self);
  rsc_heap_page_update_actions (self);
}

/* A lesson on steps says itself what was printed: the room is the picture's. */
static void
on_output (RscHeapPage *self)
{
  RscLesson *lesson = rsc_session_get_lesson (self->session);

  if (self->output_was_shown || (lesson != NULL && rsc_lesson_opens_steps (lesson)))
    return;

  self->output_was_shown = TRUE;
  gtk_widget_show (self->output_box);
  rsc_heap_page_update_actions (self);
}

/* Progress. */

static void
update_progress (RscHeapPage *self)
{
  const char *phrase;
  double fraction;

  if (self->shown_job == NULL)
    return;

  phrase = rsc_job_get_phrase (self->shown_job);
  fraction = rsc_job_get_fraction (self->shown_job);
  gtk_label_set_text (self->progress_label, phrase != NULL ? phrase : rsc_job_get_title (self->shown_job));
  if (fraction >= 0)
    gtk_progress_bar_set_fraction (self->progress_bar, fraction);
}

static gboolean
on_progress_pulse (gpointer user_data)
{
  RscHeapPage *self = user_data;

  if (self->shown_job != NULL && rsc_job_get_fraction (self->shown_job) < 0)
    gtk_progress_bar_pulse (self->progress_bar);

  return G_SOURCE_CONTINUE;
}

static gboolean
on_progress_due (gpointer user_data)
{
  RscHeapPage *self = user_data;

  update_progress (self);
  rsc_reveal (self->progress_revealer, TRUE);
  self->progress_source = g_timeout_add (PROGRESS_PULSE_MS, on_progress_pulse, self);

  return G_SOURCE_REMOVE;
}

/* The job that runs longest is the one that is waited for. */
static void
on_jobs_changed (RscHeapPage *self)
{
  GListModel *jobs = rsc_session_get_jobs (self->session);
  g_autoptr (RscJob) first = g_list_model_get_item (jobs, 0);

  if (self->shown_job != NULL && self->shown_job != first)
    g_signal_handlers_disconnect_by_func (self->shown_job, update_progress, self);
  if (self->shown_job != first && first != NULL)
    {
      g_signal_connect_object (first, "notify::fraction", G_CALLBACK (update_progress), self, G_CONNECT_SWAPPED);
      gtk_progress_bar_set_fraction (self->progress_bar, 0);
    }
  g_set_object (&self->shown_job, first);

  if (first == NULL)
    {
      g_clear_handle_id (&self->progress_source, g_source_remove);
      rsc_reveal (self->progress_revealer, FALSE);
    }
  else
    {
      update_progress (self);
      if (self->progress_source == 0)
        self->progress_source = g_timeout_add (PROGRESS_DELAY_MS, on_progress_due, self);
    }
  rsc_heap_page_update_actions (self);
  if (rsc_session_get_scene (self->session) == NULL)
    update_center (self);
}

/* What the session says. */

static void
on_blocked_response (AdwMessageDialog *dialog, const char *response, RscHeapPage *self)
{
  if (strcmp (response, "collect") == 0)
    rsc_session_collect_on_agent_thread (self->session);
}

static void
on_failed (RscHeapPage *self, const char *title, const GError *error)
{
  AdwMessageDialog *dialog = make_error_dialog (self, title, error);

  if (g_error_matches (error, RSC_CAPTURE_ERROR, RSC_ERROR_BLOCKED))
    {
      /* Translators: a button: the collection that the program's main thread did not run is run on the thread
       * of Refscope's agent in the program. */
      adw_message_dialog_add_response (dialog, "collect", _("_Collect on the Agent's Thread"));
      g_signal_connect_object (dialog, "response", G_CALLBACK (on_blocked_response), self, 0);
    }
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
on_view_failed (RscHeapPage *self, const GError *error)
{
  if (rsc_session_get_scene (self->session) == NULL)
    rsc_heap_page_show_error (self, _("The graph cannot be drawn"), error);
}

static void
on_message (RscHeapPage *self, const char *message)
{
  rsc_heap_page_toast (self, message);
}

static void
on_show_state (RscHeapPage *self, guint state)
{
  RscOverlay *overlay = rsc_session_get_overlay (self->session);
  g_autoptr (GArray) nodes = NULL;
  g_autofree char *title = NULL;
  g_autofree char *number = NULL;

  if (overlay == NULL)
    return;

  /* Of millions only so many as a list has rows. */
  nodes = rsc_overlay_list (overlay, state, RSC_FIND_PANEL_ROWS_MAX);
  number = g_strdup_printf ("%'u", rsc_overlay_count (overlay, state));
  title = g_strdup_printf (_("%s %s"), number, rsc_state_get_label (state));
  rsc_find_panel_show_nodes (self->find_panel, title, rsc_overlay_get_snapshot (overlay), nodes);
  adw_view_stack_set_visible_child_name (self->side_stack, "find");
  adw_flap_set_reveal_flap (self->find_flap, TRUE);
}

static void
on_show_nodes (RscHeapPage *self, const char *title, RscSnapshot *snapshot, GArray *nodes)
{
  RscSnapshot *shown = rsc_session_get_snapshot (self->session);
  g_autoptr (GArray) first = g_array_new (FALSE, FALSE, sizeof (RscNode));

  for (guint i = 0; i < MIN (nodes->len, RSC_FIND_PANEL_ROWS_MAX); i++)
    {
      RscNode node = g_array_index (nodes, RscNode, i);
      gboolean presumed;

      /* What is listed is to be gone to: after the collection it has another number. */
      if (snapshot != shown)
        node = rsc_view_carry_over (snapshot, node, shown, &presumed);
      if (node != RSC_NODE_NONE)
        g_array_append_val (first, node);
    }
  rsc_find_panel_show_nodes (self->find_panel, title, shown, first);
  adw_view_stack_set_visible_child_name (self->side_stack, "find");
  adw_flap_set_reveal_flap (self->find_flap, TRUE);
}

static void
on_steps_ended (RscHeapPage *self)
{
  rsc_heap_page_focus_center (self);
}

/* Their lists have a page while there are steps; it comes to the front where lists are in sight. */
static void
on_steps_changed (RscHeapPage *self)
{
  gboolean stepping = rsc_session_get_steps (self->session) != NULL;
  RscLesson *lesson = rsc_session_get_lesson (self->session);
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;

  self->controls_called &= stepping;
  update_controls (self);
  if (adw_view_stack_page_get_visible (self->steps_page) == stepping)
    return;

  if (!stepping && focus != NULL && gtk_widget_is_ancestor (focus, GTK_WIDGET (self->step_lanes)))
    rsc_heap_page_focus_center (self);
  if (!stepping && g_strcmp0 (adw_view_stack_get_visible_child_name (self->side_stack), "steps") == 0)
    adw_view_stack_set_visible_child_name (self->side_stack, "find");
  adw_view_stack_page_set_visible (self->steps_page, stepping);
  if (!stepping)
    return;

  adw_view_stack_set_visible_child_name (self->side_stack, "steps");
  /* Once, where there is room: who closes them does not want them again. */
  if (lesson != NULL && rsc_lesson_shows_lists (lesson) && !self->lists_were_shown && !adw_flap_get_folded (self->find_flap))
    {
      self->lists_were_shown = TRUE;
      adw_flap_set_reveal_flap (self->find_flap, TRUE);
    }
}

static void
on_history_changed (RscHeapPage *self)
{
  rsc_heap_page_update_actions (self);
}

static void
on_flap_changed (RscHeapPage *self)
{
  rsc_heap_page_update_actions (self);
}

static gboolean
update_compact (gpointer user_data)
{
  RscHeapPage *self = user_data;
  gboolean compact;

  if (self->find_flap == NULL)
    return G_SOURCE_REMOVE;
  compact = adw_flap_get_folded (self->find_flap);
  rsc_program_bar_set_compact (self->program_bar, compact);
  rsc_lesson_bar_set_compact (self->lesson_bar, compact);
  if (compact)
    gtk_widget_add_css_class (GTK_WIDGET (self), "compact");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self), "compact");
  if (self->session != NULL)
    update_controls (self);

  return G_SOURCE_REMOVE;
}

/* Folding is found out while sizes are given: what changes them has to wait. */
static void
on_folded_changed (RscHeapPage *self)
{
  g_idle_add_full (G_PRIORITY_HIGH_IDLE, update_compact, g_object_ref (self), g_object_unref);
}

static gboolean
update_lesson_bar (gpointer user_data)
{
  RscHeapPage *self = user_data;

  if (self->lesson_flap != NULL)
    rsc_lesson_bar_set_revealed (self->lesson_bar, !adw_flap_get_reveal_flap (self->lesson_flap));

  return G_SOURCE_REMOVE;
}

/* In a narrow window the pane goes by itself, while sizes are given. */
static void
on_lesson_flap_changed (RscHeapPage *self)
{
  g_idle_add_full (G_PRIORITY_HIGH_IDLE, update_lesson_bar, g_object_ref (self), g_object_unref);
  rsc_heap_page_update_actions (self);
}

static void
on_side_page_changed (RscHeapPage *self)
{
  if (self->session != NULL && g_strcmp0 (adw_view_stack_get_visible_child_name (self->side_stack), "collector") == 0)
    rsc_session_refresh_gc (self->session);
}

/* Building. */

static void
set_lesson (RscHeapPage *self)
{
  g_autoptr (RscLessonGuide) guide = rsc_lesson_guide_new (self->session);

  rsc_lesson_pane_set_guide (self->lesson_pane, guide);
  gtk_widget_show (GTK_WIDGET (self->lesson_pane));
  rsc_lesson_bar_set_guide (self->lesson_bar, guide);
  rsc_step_bar_set_guide (self->step_bar, guide);
  gtk_widget_show (self->lesson_button);
  adw_flap_set_reveal_flap (self->lesson_flap, TRUE);
}

/* A lesson takes the place of the lists: those can be called, and are not
 * remembered as they are during a lesson. */
static void
remember_panes (RscHeapPage *self, gboolean lesson)
{
  rsc_pane_memory_attach (self->lesson_flap, NULL, NULL);
  rsc_pane_memory_attach (self->details_flap, self->settings, "details-panel-visible");
  if (lesson)
    adw_flap_set_reveal_flap (self->find_flap, FALSE);
  rsc_pane_memory_attach (self->find_flap, lesson ? NULL : self->settings, "find-panel-visible");
}

static void
set_session (RscHeapPage *self, RscSession *session)
{
  gboolean program = rsc_session_is_program (session);

  self->session = g_object_ref (session);
  rsc_program_bar_set_session (self->program_bar, session);
  rsc_capture_strip_set_session (self->capture_strip, session);
  remember_panes (self, rsc_session_get_lesson (session) != NULL);
  if (rsc_session_get_lesson (session) != NULL)
    set_lesson (self);
  rsc_find_panel_set_session (self->find_panel, session);
  rsc_graph_list_set_session (self->graph_list, session);
  rsc_cycles_panel_set_session (self->cycles_panel, session);
  rsc_collector_panel_set_session (self->collector_panel, session);
  rsc_details_panel_set_session (self->details_panel, session);
  rsc_view_controls_set_session (self->controls, session);
  rsc_collect_bar_set_session (self->collect_bar, session);
  rsc_step_bar_set_session (self->step_bar, session);
  rsc_step_lanes_set_session (self->step_lanes, session);
  if (rsc_session_has_output (session))
    {
      rsc_output_pane_set_session (self->output_pane, session);
      g_signal_connect_object (session, "output", G_CALLBACK (on_output), self, G_CONNECT_SWAPPED);
    }
  gtk_widget_set_visible (self->output_box, FALSE);

  g_signal_connect_object (session, "notify::state", G_CALLBACK (on_state_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::capture", G_CALLBACK (on_state_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::scene", G_CALLBACK (on_scene_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::scene", G_CALLBACK (update_center), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::selected", G_CALLBACK (show_selected), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::selected", G_CALLBACK (rsc_heap_page_update_actions), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::overlay", G_CALLBACK (update_overlay), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::steps", G_CALLBACK (on_steps_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::history", G_CALLBACK (on_history_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::view", G_CALLBACK (rsc_heap_page_update_actions), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "failed", G_CALLBACK (on_failed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "view-failed", G_CALLBACK (on_view_failed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "message", G_CALLBACK (on_message), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (rsc_session_get_jobs (session), "items-changed", G_CALLBACK (on_jobs_changed), self, G_CONNECT_SWAPPED);

  if (program)
    gtk_widget_add_css_class (GTK_WIDGET (self), "program");
  on_state_changed (self);
}

GtkWidget *
rsc_heap_page_new (RscSession *session)
{
  RscHeapPage *self = g_object_new (RSC_TYPE_HEAP_PAGE, NULL);

  set_session (self, session);
  rsc_session_start (session);

  return GTK_WIDGET (self);
}

RscSession *
rsc_heap_page_get_session (RscHeapPage *self)
{
  return self->session;
}

RscCanvas *
rsc_heap_page_get_canvas (RscHeapPage *self)
{
  return self->canvas;
}

void
rsc_heap_page_close (RscHeapPage *self)
{
  if (self->session == NULL)
    return;
  if (rsc_session_get_outlives_page (self->session))
    rsc_session_cancel (self->session);
  else
    rsc_session_close (self->session);
}

static void
rsc_heap_page_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (rsc_heap_page_parent_class)->map (widget);

  update_title (RSC_HEAP_PAGE (widget));
}

static void
rsc_heap_page_finalize (GObject *object)
{
  G_OBJECT_CLASS (rsc_heap_page_parent_class)->finalize (object);
  rsc_census_died (RSC_CENSUS_PAGE);
  rsc_allocator_trim_soon ();
}

static void
rsc_heap_page_dispose (GObject *object)
{
  RscHeapPage *self = RSC_HEAP_PAGE (object);

  rsc_heap_page_close (self);
  self->selecting = TRUE;
  g_clear_handle_id (&self->progress_source, g_source_remove);
  g_clear_object (&self->shown_job);
  if (self->node_popover != NULL)
    gtk_widget_unparent (GTK_WIDGET (self->node_popover));
  if (self->edge_popover != NULL)
    gtk_widget_unparent (GTK_WIDGET (self->edge_popover));
  rsc_template_dispose (GTK_WIDGET (self), RSC_TYPE_HEAP_PAGE);
  g_clear_object (&self->session);
  g_clear_object (&self->actions);
  g_clear_object (&self->settings);
  g_clear_pointer (&self->export_paths, g_hash_table_unref);

  G_OBJECT_CLASS (rsc_heap_page_parent_class)->dispose (object);
}

static void
rsc_heap_page_class_init (RscHeapPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rsc_heap_page_dispose;
  G_OBJECT_CLASS (klass)->finalize = rsc_heap_page_finalize;
  widget_class->map = rsc_heap_page_map;

  signals[TOAST] = g_signal_new ("toast", RSC_TYPE_HEAP_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 1, G_TYPE_STRING);

  g_type_ensure (RSC_TYPE_CANVAS);
  g_type_ensure (RSC_TYPE_CAPTURE_STRIP);
  g_type_ensure (RSC_TYPE_COLLECT_BAR);
  g_type_ensure (RSC_TYPE_COLLECTOR_PANEL);
  g_type_ensure (RSC_TYPE_CYCLES_PANEL);
  g_type_ensure (RSC_TYPE_DETAILS_PANEL);
  g_type_ensure (RSC_TYPE_FIND_PANEL);
  g_type_ensure (RSC_TYPE_GRAPH_LIST);
  g_type_ensure (RSC_TYPE_LESSON_BAR);
  g_type_ensure (RSC_TYPE_LESSON_PANE);
  g_type_ensure (RSC_TYPE_OUTPUT_PANE);
  g_type_ensure (RSC_TYPE_PROGRAM_BAR);
  g_type_ensure (RSC_TYPE_STEP_BAR);
  g_type_ensure (RSC_TYPE_STEP_LANES);
  g_type_ensure (RSC_TYPE_VIEW_CONTROLS);

  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/refscope/Refscope/ui/rsc-heap-page.ui");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "heappage");
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, box);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, title);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, program_bar);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, capture_strip);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, lesson_bar);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, lesson_button);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, lesson_flap);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, lesson_pane);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, find_flap);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, details_flap);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, side_stack);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, find_panel);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, graph_list);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, cycles_panel);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, collector_panel);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, details_panel);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, controls);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, collect_bar);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, step_bar);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, steps_page);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, step_lanes);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, center_stack);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, canvas);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, status_page);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, status_button);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, status_spinner);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, info_label);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, canvas_bar);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, progress_revealer);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, progress_label);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, progress_bar);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, output_box);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, output_pane);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, node_popover);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, edge_popover);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, menu_button);
  gtk_widget_class_bind_template_child (widget_class, RscHeapPage, export_button);
  gtk_widget_class_bind_template_callback (widget_class, on_canvas_node_selected);
  gtk_widget_class_bind_template_callback (widget_class, on_canvas_node_activated);
  gtk_widget_class_bind_template_callback (widget_class, on_canvas_context_menu);
  gtk_widget_class_bind_template_callback (widget_class, on_fold_activated);
  gtk_widget_class_bind_template_callback (widget_class, on_show_state);
  gtk_widget_class_bind_template_callback (widget_class, on_show_nodes);
  gtk_widget_class_bind_template_callback (widget_class, on_steps_ended);
  gtk_widget_class_bind_template_callback (widget_class, on_flap_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_folded_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_lesson_flap_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_side_page_changed);
}

static void
rsc_heap_page_init (RscHeapPage *self)
{
  AdwStyleManager *manager = adw_style_manager_get_default ();

  rsc_census_born (RSC_CENSUS_PAGE);
  gtk_widget_init_template (GTK_WIDGET (self));
  rsc_shrink_title (self->title);
  gtk_menu_button_set_menu_model (self->menu_button, rsc_menus_get ("page_menu"));
  gtk_menu_button_set_menu_model (self->export_button, rsc_menus_get ("export_menu"));
  gtk_popover_menu_set_menu_model (GTK_POPOVER_MENU (self->node_popover), rsc_menus_get ("node_menu"));
  gtk_widget_set_parent (GTK_WIDGET (self->node_popover), GTK_WIDGET (self->canvas));
  gtk_popover_menu_set_menu_model (GTK_POPOVER_MENU (self->edge_popover), rsc_menus_get ("edge_menu"));
  gtk_widget_set_parent (GTK_WIDGET (self->edge_popover), GTK_WIDGET (self->canvas));

  rsc_heap_page_init_actions (self);
  self->settings = rsc_settings_new ();

  g_signal_connect_object (manager, "notify::dark", G_CALLBACK (update_theme), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (manager, "notify::high-contrast", G_CALLBACK (update_theme), self, G_CONNECT_SWAPPED);
  update_theme (self);
}
