/* What can be done on a page, and the keys for it. */
#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "query/rsc-object-ref.h"

#include "rsc-heap-page-private.h"

#include "rsc-drop-dialog.h"

#include <string.h>

/* F6 and F8 are GtkPaned's, Ctrl and the arrows the canvas's, Ctrl+Shift+I and
 * Ctrl+Shift+D GTK's inspector's. */
static const RscHeapPageAccel accels[] = {
  { "page.back", { "<Alt>Left", "<Control>z" } },
  { "page.forward", { "<Alt>Right", "<Control><Shift>z" } },
  { "page.find", { "<Control>f" } },
  { "page.filter", { "<Control>k" } },
  { "page.conditions", { "<Control><Shift>k" } },
  { "page.list", { "<Control>m" } },
  { "page.collector", { "<Control>t" } },
  { "page.sidebar", { "F9" } },
  { "page.details", { "F11" } },
  { "page.lesson", { "F2" } },
  { "page.output", { "F7" } },
  { "page.capture", { "F5" } },
  { "page.continue", { "F4" } },
  { "page.stop", { "<Shift>F4" } },
  { "page.collect(uint32 0)", { "<Control><Shift>F3" } },
  { "page.collect(uint32 1)", { "<Control>F3" } },
  { "page.collect(uint32 2)", { "F3" } },
  { "page.step(uint32 2)", { "<Shift>F3" } },
  { "page.step-mark-here", { "<Alt>F3" } },
  { "page.step-drop", { "<Alt>Delete" } },
  { "page.step-drop-name", { "<Alt><Shift>Delete" } },
  { "page.step-to('next-step')", { "<Alt>period" } },
  { "page.step-to('previous-step')", { "<Alt>comma" } },
  { "page.step-to('next-own')", { "<Alt><Shift>period", "<Alt>greater" } },
  { "page.step-to('previous-own')", { "<Alt><Shift>comma", "<Alt>less" } },
  { "page.swap-side", { "<Control>b" } },
  { "page.cycles", { "<Control>l" } },
  { "page.direction('refs')", { "<Control>1" } },
  { "page.direction('backrefs')", { "<Control>2" } },
  { "page.direction('both')", { "<Control>3" } },
  { "page.deeper", { "<Alt>Down" } },
  { "page.shallower", { "<Alt>Up" } },
  { "page.ignore-object", { "<Control>i" } },
  { "page.ignore-type", { "<Alt>i" } },
  { "page.draw-selected", { "<Control>d" } },
  { "page.save-heap", { "<Control>s" } },
  { "page.export('png')", { "<Control>e" } },
  { "page.export('png2')", { NULL } },
  { "page.export('svg')", { "<Control><Shift>e" } },
  { "page.export('pdf')", { "<Control>p" } },
  { "page.export('dot')", { NULL } },
  { "page.copy-picture", { "<Control><Shift>p" } },
  { "page.copy-command", { "<Control><Shift>c" } },
  { "page.cancel", { "<Control>period" } },
  { "page.zoom-in", { "<Control>plus", "<Control>equal" } },
  { "page.zoom-out", { "<Control>minus" } },
  { "page.fit", { "<Control>0" } }
};

const RscHeapPageAccel *
rsc_heap_page_get_accels (gsize *n_accels)
{
  *n_accels = G_N_ELEMENTS (accels);

  return accels;
}

static void
show_side_page (RscHeapPage *self, const char *name)
{
  adw_view_stack_set_visible_child_name (self->side_stack, name);
  adw_flap_set_reveal_flap (self->find_flap, TRUE);
}

static void
on_back (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  rsc_session_go (((RscHeapPage *) user_data)->session, -1);
}

static void
on_forward (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  rsc_session_go (((RscHeapPage *) user_data)->session, 1);
}

static void
on_find (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RscHeapPage *self = user_data;

  show_side_page (self, "find");
  rsc_find_panel_focus (self->find_panel);
}

static void
on_list (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RscHeapPage *self = user_data;

  show_side_page (self, "list");
  gtk_widget_child_focus (GTK_WIDGET (self->graph_list), GTK_DIR_TAB_FORWARD);
}

static void
on_collector (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  show_side_page (user_data, "collector");
}

static void
on_filter (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  rsc_heap_page_call_controls (user_data);
  rsc_view_controls_focus_filter (((RscHeapPage *) user_data)->controls);
}

static void
on_conditions (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  rsc_heap_page_call_controls (user_data);
  rsc_view_controls_show_conditions (((RscHeapPage *) user_data)->controls);
}

static void
on_sidebar (GSimpleAction *action, GVariant *state, gpointer user_data)
{
  adw_flap_set_reveal_flap (((RscHeapPage *) user_data)->find_flap, g_variant_get_boolean (state));
}

static void
on_details (GSimpleAction *action, GVariant *state, gpointer user_data)
{
  adw_flap_set_reveal_flap (((RscHeapPage *) user_data)->details_flap, g_variant_get_boolean (state));
}

static void
on_lesson (GSimpleAction *action, GVariant *state, gpointer user_data)
{
  adw_flap_set_reveal_flap (((RscHeapPage *) user_data)->lesson_flap, g_variant_get_boolean (state));
}

/* Of the lessons, whose heaps are small enough for it to be found at once. */
static void
on_show_object (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RscHeapPage *self = user_data;
  RscSnapshot *snapshot = rsc_session_get_snapshot (self->session);
  g_autoptr (GArray) nodes = NULL;
  g_autoptr (GError) error = NULL;

  if (snapshot == NULL)
    return;

  nodes = rsc_object_ref_resolve (snapshot, g_variant_get_string (parameter, NULL), NULL, &error);
  if (nodes != NULL)
    rsc_session_draw_objects (self->session, &g_array_index (nodes, RscNode, 0), 1);
  else
    rsc_heap_page_toast (self, error->message);
}

static void
on_output (GSimpleAction *action, GVariant *state, gpointer user_data)
{
  RscHeapPage *self = user_data;

  self->output_was_shown = TRUE;
  gtk_widget_set_visible (self->output_box, g_variant_get_boolean (state));
  rsc_heap_page_update_actions (self);
}

static void
on_capture (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  rsc_session_capture (((RscHeapPage *) user_data)->session);
}

static void
on_continue (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  rsc_session_continue (((RscHeapPage *) user_data)->session);
}

static void
on_stop (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  rsc_session_stop (((RscHeapPage *) user_data)->session);
}

static void
on_attach_again (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  rsc_session_attach_again (((RscHeapPage *) user_data)->session);
}

static void
on_hold (GSimpleAction *action, GVariant *state, gpointer user_data)
{
  g_simple_action_set_state (action, state);
  rsc_session_set_hold (((RscHeapPage *) user_data)->session, g_variant_get_boolean (state));
}

static void
on_collect (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  rsc_session_collect (((RscHeapPage *) user_data)->session, MIN (g_variant_get_uint32 (parameter), 2));
}

static void
on_await_collection (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  rsc_session_await_collection (((RscHeapPage *) user_data)->session, MIN (g_variant_get_uint32 (parameter), 2));
}

static void
on_step (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  rsc_session_step_collection (((RscHeapPage *) user_data)->session, MIN (g_variant_get_uint32 (parameter), 2));
}

static void
on_step_mark (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  rsc_session_step_mark_sweep (((RscHeapPage *) user_data)->session, NULL, 0);
}

static void
on_step_mark_here (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RscHeapPage *self = user_data;
  RscNode node = rsc_session_get_selected (self->session);

  if (node != RSC_NODE_NONE)
    rsc_session_step_mark_sweep (self->session, &node, 1);
}

static void
on_step_drop (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RscHeapPage *self = user_data;
  RscNode node = rsc_session_get_selected (self->session);

  if (node != RSC_NODE_NONE)
    rsc_session_step_drop_object (self->session, node);
}

static void
on_step_drop_name (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RscHeapPage *self = user_data;

  rsc_drop_dialog_present (GTK_WIDGET (self), self->session, rsc_details_panel_get_name (self->details_panel));
}

static void
on_step_drop_names (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  g_autofree const char **names = g_variant_get_strv (parameter, NULL);

  rsc_session_step_drop_named (((RscHeapPage *) user_data)->session, names);
}

/* Of the edge that is selected in the picture. */
static void
on_step_drop_reference (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RscHeapPage *self = user_data;
  RscScene *scene = rsc_canvas_get_scene (self->canvas);
  int index = rsc_canvas_get_selected_edge (self->canvas);
  const RscGraphNode *nodes;
  const RscGraphEdge *edge;
  gboolean swap;

  if (scene == NULL || index < 0 || scene != rsc_session_get_scene (self->session))
    return;

  nodes = rsc_graph_get_nodes (rsc_scene_get_graph (scene), NULL);
  edge = &rsc_graph_get_edges (rsc_scene_get_graph (scene), NULL)[index];
  swap = rsc_view_get_params (rsc_graph_get_view (rsc_scene_get_graph (scene)))->swap;
  if (edge->kind == RSC_GRAPH_EDGE_REFERENCE)
    rsc_session_step_drop_reference (self->session, nodes[swap ? edge->target : edge->source].node,
                                     nodes[swap ? edge->source : edge->target].node);
  else
    rsc_heap_page_toast (self, _("This line stands for more than one reference. Draw what lies between, and choose one of those."));
}

static void
on_step_lists (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  show_side_page (user_data, "steps");
}

static void
on_step_to (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  rsc_step_bar_go (((RscHeapPage *) user_data)->step_bar, g_variant_get_string (parameter, NULL));
}

static void
on_step_real (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  rsc_session_do_steps (((RscHeapPage *) user_data)->session);
}

static void
on_swap_side (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RscSession *session = ((RscHeapPage *) user_data)->session;
  RscHeapCapture *capture = rsc_session_get_capture (session);

  if (capture != NULL && rsc_heap_capture_get_diff (capture) != NULL)
    rsc_session_show_capture (session, capture, rsc_session_get_side (session) == RSC_SIDE_BEFORE ? RSC_SIDE_AFTER : RSC_SIDE_BEFORE);
}

static void
on_cycles (GSimpleAction *action, GVariant *state, gpointer user_data)
{
  RscHeapPage *self = user_data;
  gboolean shown = g_variant_get_boolean (state);

  rsc_session_set_overlay_mode (self->session, shown ? RSC_OVERLAY_MODE_CYCLES : RSC_OVERLAY_MODE_NONE);
  if (shown)
    show_side_page (self, "cycles");
}

static void
on_direction (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RscHeapPage *self = user_data;
  const char *name = g_variant_get_string (parameter, NULL);
  RscDirection direction = RSC_DIRECTION_REFS;

  if (strcmp (name, "backrefs") == 0)
    direction = RSC_DIRECTION_BACKREFS;
  else if (strcmp (name, "both") == 0)
    direction = RSC_DIRECTION_BOTH;
  rsc_view_controls_set_direction (self->controls, direction);
}

static void
on_deeper (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  rsc_view_controls_add_depth (((RscHeapPage *) user_data)->controls, 1);
}

static void
on_shallower (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  rsc_view_controls_add_depth (((RscHeapPage *) user_data)->controls, -1);
}

static void
on_ignore_object (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RscHeapPage *self = user_data;
  RscNode node = rsc_session_get_selected (self->session);

  if (node != RSC_NODE_NONE)
    rsc_view_controls_ignore_object (self->controls, node);
}

static void
on_ignore_type (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RscHeapPage *self = user_data;
  RscNode node = rsc_session_get_selected (self->session);

  if (node != RSC_NODE_NONE)
    rsc_view_controls_ignore_type (self->controls, node);
}

static void
on_draw_selected (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RscHeapPage *self = user_data;
  RscNode node = rsc_session_get_selected (self->session);

  if (node != RSC_NODE_NONE)
    rsc_session_draw_objects (self->session, &node, 1);
}

static void
on_expand (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RscHeapPage *self = user_data;
  RscNode node = rsc_session_get_selected (self->session);

  if (node != RSC_NODE_NONE)
    rsc_view_controls_expand (self->controls, node);
}

static void
on_copy_address (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RscHeapPage *self = user_data;
  RscNode node = rsc_session_get_selected (self->session);
  RscSnapshot *snapshot = rsc_session_get_snapshot (self->session);
  const RscColumns *columns = snapshot != NULL ? rsc_snapshot_get_columns (snapshot, RSC_BLOCK_NODES, NULL) : NULL;
  g_autofree char *text = NULL;

  if (node == RSC_NODE_NONE || columns == NULL)
    return;

  text = g_strdup_printf ("0x%" G_GINT64_MODIFIER "x", columns->address[node]);
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), text);
  rsc_heap_page_toast (self, _("Address copied"));
}

static void
on_save_heap (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  rsc_heap_page_save_heap (user_data);
}

static void
on_export (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  rsc_heap_page_export (user_data, g_variant_get_string (parameter, NULL));
}

static void
on_export_run (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  rsc_heap_page_export_run (user_data, g_variant_get_string (parameter, NULL));
}

static void
on_copy_picture (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  rsc_heap_page_copy_picture (user_data);
}

static void
on_copy_command (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  rsc_heap_page_copy_command (user_data);
}

static void
on_draw_again (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  rsc_session_draw_again (((RscHeapPage *) user_data)->session);
}

static void
on_cancel (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  rsc_session_cancel (((RscHeapPage *) user_data)->session);
}

static void
on_zoom_in (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  rsc_canvas_zoom_in (((RscHeapPage *) user_data)->canvas);
}

static void
on_zoom_out (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  rsc_canvas_zoom_out (((RscHeapPage *) user_data)->canvas);
}

static void
on_fit (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  rsc_canvas_fit (((RscHeapPage *) user_data)->canvas);
}

static const GActionEntry entries[] = {
  { "back", on_back },
  { "forward", on_forward },
  { "find", on_find },
  { "list", on_list },
  { "collector", on_collector },
  { "filter", on_filter },
  { "conditions", on_conditions },
  { "sidebar", NULL, NULL, "true", on_sidebar },
  { "details", NULL, NULL, "true", on_details },
  { "lesson", NULL, NULL, "false", on_lesson },
  { "show-object", on_show_object, "s" },
  { "output", NULL, NULL, "false", on_output },
  { "capture", on_capture },
  { "continue", on_continue },
  { "stop", on_stop },
  { "attach-again", on_attach_again },
  { "hold", NULL, NULL, "true", on_hold },
  { "collect", on_collect, "u" },
  { "await-collection", on_await_collection, "u" },
  { "step", on_step, "u" },
  { "step-mark", on_step_mark },
  { "step-mark-here", on_step_mark_here },
  { "step-drop", on_step_drop },
  { "step-drop-name", on_step_drop_name },
  { "step-drop-names", on_step_drop_names, "as" },
  { "step-drop-reference", on_step_drop_reference },
  { "step-lists", on_step_lists },
  { "step-to", on_step_to, "s" },
  { "step-real", on_step_real },
  { "swap-side", on_swap_side },
  { "cycles", NULL, NULL, "false", on_cycles },
  { "direction", on_direction, "s" },
  { "deeper", on_deeper },
  { "shallower", on_shallower },
  { "ignore-object", on_ignore_object },
  { "ignore-type", on_ignore_type },
  { "draw-selected", on_draw_selected },
  { "expand", on_expand },
  { "copy-address", on_copy_address },
  { "save-heap", on_save_heap },
  { "export", on_export, "s" },
  { "export-run", on_export_run, "s" },
  { "copy-picture", on_copy_picture },
  { "copy-command", on_copy_command },
  { "cancel", on_cancel },
  { "draw-again", on_draw_again },
  { "zoom-in", on_zoom_in },
  { "zoom-out", on_zoom_out },
  { "fit", on_fit }
};

static void
set_enabled (RscHeapPage *self, const char *name, gboolean enabled)
{
  g_simple_action_set_enabled (G_SIMPLE_ACTION (g_action_map_lookup_action (G_ACTION_MAP (self->actions), name)), enabled);
}

static void
set_state (RscHeapPage *self, const char *name, gboolean state)
{
  GSimpleAction *action = G_SIMPLE_ACTION (g_action_map_lookup_action (G_ACTION_MAP (self->actions), name));

  g_simple_action_set_state (action, g_variant_new_boolean (state));
}

void
rsc_heap_page_update_actions (RscHeapPage *self)
{
  RscSession *session = self->session;
  RscSessionState state;
  gboolean live, drawn, selected, python;

  if (session == NULL || self->actions == NULL)
    return;

  state = rsc_session_get_state (session);
  live = rsc_session_is_live (session);
  python = rsc_session_get_no_python (session) == NULL;
  drawn = rsc_session_get_scene (session) != NULL;
  selected = drawn && rsc_session_get_selected (session) != RSC_NODE_NONE;

  set_enabled (self, "back", rsc_session_can_go (session, -1));
  set_enabled (self, "forward", rsc_session_can_go (session, 1));
  set_enabled (self, "capture", live && python && state != RSC_SESSION_STARTING);
  set_enabled (self, "continue", state == RSC_SESSION_HELD);
  set_enabled (self, "stop", live);
  set_enabled (self, "attach-again", rsc_session_can_attach_again (session));
  set_enabled (self, "hold", live && python);
  set_state (self, "hold", rsc_session_get_hold (session));
  set_enabled (self, "await-collection", live && python && state == RSC_SESSION_RUNNING);
  set_enabled (self, "collect", (live && python && state != RSC_SESSION_STARTING) || drawn);
  set_enabled (self, "step", drawn);
  set_enabled (self, "step-mark", drawn);
  set_enabled (self, "step-mark-here", selected);
  set_enabled (self, "step-drop", selected);
  set_enabled (self, "step-drop-name", drawn);
  set_enabled (self, "step-drop-names", drawn);
  set_enabled (self, "step-drop-reference", drawn);
  set_enabled (self, "step-to", rsc_session_get_steps (session) != NULL);
  set_enabled (self, "step-lists", rsc_session_get_steps (session) != NULL);
  set_enabled (self, "step-real", rsc_session_get_steps (session) != NULL && live && python && state != RSC_SESSION_STARTING);
  set_enabled (self, "swap-side", drawn && rsc_heap_capture_get_diff (rsc_session_get_capture (session)) != NULL);
  set_enabled (self, "cycles", drawn);
  set_state (self, "cycles", rsc_session_get_overlay_mode (session) == RSC_OVERLAY_MODE_CYCLES);
  set_enabled (self, "output", rsc_session_has_output (session));
  set_state (self, "output", gtk_widget_get_visible (self->output_box));
  set_state (self, "sidebar", adw_flap_get_reveal_flap (self->find_flap));
  set_state (self, "details", adw_flap_get_reveal_flap (self->details_flap));
  set_enabled (self, "lesson", rsc_session_get_lesson (session) != NULL);
  set_state (self, "lesson", adw_flap_get_reveal_flap (self->lesson_flap));
  set_enabled (self, "show-object", drawn);
  set_enabled (self, "filter", drawn);
  set_enabled (self, "conditions", drawn);
  set_enabled (self, "direction", drawn);
  set_enabled (self, "deeper", drawn);
  set_enabled (self, "shallower", drawn);
  set_enabled (self, "ignore-object", selected);
  set_enabled (self, "ignore-type", selected);
  set_enabled (self, "draw-selected", selected);
  set_enabled (self, "expand", selected);
  set_enabled (self, "copy-address", selected);
  set_enabled (self, "save-heap", drawn);
  set_enabled (self, "export", drawn);
  set_enabled (self, "export-run", drawn && rsc_session_get_steps (session) != NULL);
  set_enabled (self, "copy-picture", drawn);
  set_enabled (self, "copy-command", drawn);
  set_enabled (self, "cancel", rsc_session_get_busy (session));
  set_enabled (self, "zoom-in", drawn);
  set_enabled (self, "zoom-out", drawn);
  set_enabled (self, "fit", drawn);
}

void
rsc_heap_page_init_actions (RscHeapPage *self)
{
  GtkEventController *controller = gtk_shortcut_controller_new ();

  self->actions = g_simple_action_group_new ();
  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), entries, G_N_ELEMENTS (entries), self);
  gtk_widget_insert_action_group (GTK_WIDGET (self), "page", G_ACTION_GROUP (self->actions));

  gtk_shortcut_controller_set_scope (GTK_SHORTCUT_CONTROLLER (controller), GTK_SHORTCUT_SCOPE_MANAGED);
  for (gsize i = 0; i < G_N_ELEMENTS (accels); i++)
    {
      g_autofree char *name = NULL;
      g_autoptr (GVariant) target = NULL;

      g_action_parse_detailed_name (accels[i].action, &name, &target, NULL);
      for (gsize j = 0; accels[i].accels[j] != NULL; j++)
        {
          GtkShortcut *shortcut = gtk_shortcut_new (gtk_shortcut_trigger_parse_string (accels[i].accels[j]),
                                                    gtk_named_action_new (name));

          if (target != NULL)
            gtk_shortcut_set_arguments (shortcut, target);
          gtk_shortcut_controller_add_shortcut (GTK_SHORTCUT_CONTROLLER (controller), shortcut);
        }
    }
  gtk_widget_add_controller (GTK_WIDGET (self), controller);
}
