#include "config.h"

#include "rsc-test-interface.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <unistd.h>

#include "base/rsc-census.h"
#include "rsc-list-filler.h"
#include "rsc-widget-audit.h"
#include "rsc-window.h"

#define VARIABLE "RSC_TEST_INTERFACE"
#define OBJECT_PATH "/io/github/refscope/Refscope/Test"
#define INTERFACE "io.github.refscope.Refscope.Test"
#define POLL_MS 15
#define SETTLE_TIMEOUT_MS 60000
/* A window that cannot be so small stays larger. */
#define RESIZE_TIMEOUT_MS 3000
/* At rest for this many looks in a row. */
#define SETTLED_LOOKS 3
#define BEAT_MS 10

struct _RscTestInterface
{
  GtkApplication *application; /* borrowed */
  guint owner;
  guint registration;
  GDBusConnection *connection;
  /* How late the main loop came to a timer that is due every BEAT_MS. */
  guint beat;
  gint64 last_beat, last_queued, worst_delay, worst_own_delay; /* microseconds */
  int schedstat;                 /* -1: the kernel does not count */
  guint drawn_beats;             /* in a row, at which a graph was on the screen */
  gint64 first_graph;            /* monotonic time; 0: there was none yet */
};

static const char introspection[] =
  "<node>"
  "<interface name='" INTERFACE "'>"
  /* Answers when no job runs, the lists are filled, nothing slides, and the canvas is painted. */
  "<method name='Settle'/>"
  /* The graph (as refscope-cli's JSON), and the session's facts. */
  "<method name='Describe'><arg type='s' direction='out' name='graph'/><arg type='a{sv}' direction='out' name='facts'/></method>"
  /* Where a node of the graph is, in the window's surface. */
  "<method name='NodeRect'><arg type='i' direction='in' name='node'/><arg type='(dddd)' direction='out' name='rect'/></method>"
  /* Activates a detailed action on the active window. */
  "<method name='Activate'><arg type='s' direction='in' name='action'/></method>"
  /* Answers when the window has that size. */
  "<method name='Resize'><arg type='i' direction='in'/><arg type='i' direction='in'/></method>"
  /* Right to left from now on. */
  "<method name='Mirror'/>"
  /* Text of that percentage from now on, as a desktop's setting says. */
  "<method name='Enlarge'><arg type='i' direction='in' name='percent'/></method>"
  "<method name='Screenshot'><arg type='s' direction='in' name='path'/><arg type='d' direction='in' name='scale'/></method>"
  /* What is wrong with the places of the widgets in sight, and which windows cannot be so narrow. */
  "<method name='Audit'><arg type='i' direction='in' name='narrowest'/><arg type='as' direction='out' name='complaints'/></method>"
  /* How many of the large things are alive. */
  "<method name='Count'><arg type='a{su}' direction='out' name='counts'/></method>"
  /* How many bytes the allocator has given out; 0: not known. */
  "<method name='Allocated'><arg type='t' direction='out' name='bytes'/></method>"
  /* For how many seconds, at most, the main loop stood still since the last call; and the same without the time for
   * which it only waited for a processor that others had. */
  "<method name='TakeStall'><arg type='d' direction='out' name='seconds'/><arg type='d' direction='out' name='own'/></method>"
  /* When the first graph was on the screen, in microseconds of the monotonic clock; 0: not yet. */
  "<method name='FirstGraph'><arg type='x' direction='out' name='time'/></method>"
  "</interface>"
  "</node>";

static RscWindow *
get_window (RscTestInterface *self)
{
  GtkWindow *window = gtk_application_get_active_window (self->application);

  while (window != NULL && !RSC_IS_WINDOW (window))
    window = gtk_window_get_transient_for (window);

  return window != NULL ? RSC_WINDOW (window) : NULL;
}

static RscHeapPage *
get_page (RscTestInterface *self)
{
  RscWindow *window = get_window (self);

  return window != NULL ? rsc_window_get_page (window) : NULL;
}

/* A pane or a page that comes or goes catches the pointer elsewhere than where it ends. */
static gboolean
is_sliding (GtkWidget *widget)
{
  if (!gtk_widget_get_mapped (widget))
    return FALSE;
  if (ADW_IS_FLAP (widget) && adw_flap_get_reveal_progress (ADW_FLAP (widget)) != (adw_flap_get_reveal_flap (ADW_FLAP (widget)) ? 1 : 0))
    return TRUE;
  if (GTK_IS_STACK (widget) && gtk_stack_get_transition_running (GTK_STACK (widget)))
    return TRUE;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    if (is_sliding (child))
      return TRUE;

  return FALSE;
}

typedef struct
{
  RscTestInterface *self;
  GDBusMethodInvocation *invocation;
  gint64 until;
  guint looks;
  int width, height; /* for Resize */
} Settling;

static gboolean
look_whether_settled (gpointer user_data)
{
  Settling *settling = user_data;
  RscHeapPage *page = get_page (settling->self);
  gboolean settled = TRUE;

  if (page != NULL)
    {
      RscCanvas *canvas = rsc_heap_page_get_canvas (page);

      settled = !rsc_session_get_busy (rsc_heap_page_get_session (page)) && !rsc_list_filling () &&
                !rsc_session_has_orders (rsc_heap_page_get_session (page)) &&
                (!gtk_widget_get_mapped (GTK_WIDGET (canvas)) || rsc_canvas_get_scene (canvas) == NULL || rsc_canvas_is_settled (canvas)) &&
                !is_sliding (GTK_WIDGET (page));
    }

  settling->looks = settled ? settling->looks + 1 : 0;
  if (settling->looks < SETTLED_LOOKS && g_get_monotonic_time () < settling->until)
    return G_SOURCE_CONTINUE;

  if (settling->looks >= SETTLED_LOOKS)
    g_dbus_method_invocation_return_value (settling->invocation, NULL);
  else
    g_dbus_method_invocation_return_error_literal (settling->invocation, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "still busy");

  return G_SOURCE_REMOVE;
}

static void
settle (RscTestInterface *self, GDBusMethodInvocation *invocation)
{
  Settling *settling = g_new0 (Settling, 1);

  settling->self = self;
  settling->invocation = invocation;
  settling->until = g_get_monotonic_time () + SETTLE_TIMEOUT_MS * G_TIME_SPAN_MILLISECOND;
  g_timeout_add_full (G_PRIORITY_LOW, POLL_MS, look_whether_settled, settling, g_free);
}

static gboolean
look_whether_resized (gpointer user_data)
{
  Settling *settling = user_data;
  RscWindow *window = get_window (settling->self);
  GdkSurface *surface = window != NULL ? gtk_native_get_surface (GTK_NATIVE (window)) : NULL;
  gboolean resized = surface == NULL || (gdk_surface_get_width (surface) == settling->width &&
                                         gdk_surface_get_height (surface) == settling->height);

  settling->looks = resized ? settling->looks + 1 : 0;
  if (settling->looks < SETTLED_LOOKS && g_get_monotonic_time () < settling->until)
    return G_SOURCE_CONTINUE;

  g_dbus_method_invocation_return_value (settling->invocation, NULL);

  return G_SOURCE_REMOVE;
}

static void
resize (RscTestInterface *self, int width, int height, GDBusMethodInvocation *invocation)
{
  RscWindow *window = get_window (self);
  Settling *settling = g_new0 (Settling, 1);

  if (window != NULL)
    gtk_window_set_default_size (GTK_WINDOW (window), width, height);
  settling->self = self;
  settling->invocation = invocation;
  settling->until = g_get_monotonic_time () + RESIZE_TIMEOUT_MS * G_TIME_SPAN_MILLISECOND;
  settling->width = width;
  settling->height = height;
  g_timeout_add_full (G_PRIORITY_LOW, POLL_MS, look_whether_resized, settling, g_free);
}

static void
describe (RscTestInterface *self, GDBusMethodInvocation *invocation)
{
  RscHeapPage *page = get_page (self);
  RscSession *session;
  RscScene *scene;
  RscView *view;
  GVariantBuilder builder;
  g_autofree char *graph = NULL;
  g_autofree char *status = NULL;
  g_autofree char *command = NULL;

  if (page == NULL)
    {
      g_dbus_method_invocation_return_value (invocation, g_variant_new ("(s@a{sv})", "", g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0)));
      return;
    }

  session = rsc_heap_page_get_session (page);
  scene = rsc_session_get_scene (session);
  view = rsc_session_get_view (session);
  graph = scene != NULL ? rsc_graph_to_json (rsc_scene_get_graph (scene)) : g_strdup ("");
  status = rsc_session_dup_status (session);
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "status", g_variant_new_string (status));
  g_variant_builder_add (&builder, "{sv}", "state", g_variant_new_uint32 (rsc_session_get_state (session)));
  g_variant_builder_add (&builder, "{sv}", "pid", g_variant_new_int32 ((int) rsc_session_get_pid (session)));
  g_variant_builder_add (&builder, "{sv}", "captures", g_variant_new_uint32 (g_list_model_get_n_items (rsc_session_get_captures (session))));
  if (rsc_session_get_capture (session) != NULL)
    g_variant_builder_add (&builder, "{sv}", "capture", g_variant_new_uint32 (rsc_heap_capture_get_number (rsc_session_get_capture (session))));
  g_variant_builder_add (&builder, "{sv}", "jobs", g_variant_new_uint32 (g_list_model_get_n_items (rsc_session_get_jobs (session))));
  g_variant_builder_add (&builder, "{sv}", "side", g_variant_new_uint32 (rsc_session_get_side (session)));
  g_variant_builder_add (&builder, "{sv}", "selected", g_variant_new_uint32 (rsc_session_get_selected (session)));
  g_variant_builder_add (&builder, "{sv}", "width", g_variant_new_int32 (gtk_widget_get_width (GTK_WIDGET (get_window (self)))));
  g_variant_builder_add (&builder, "{sv}", "zoom", g_variant_new_double (rsc_canvas_get_zoom (rsc_heap_page_get_canvas (page))));
  if (rsc_session_get_steps (session) != NULL)
    {
      RscReplayCursor *steps = rsc_session_get_steps (session);

      g_variant_builder_add (&builder, "{sv}", "step", g_variant_new_uint64 (rsc_replay_cursor_get_position (steps)));
      g_variant_builder_add (&builder, "{sv}", "steps", g_variant_new_uint64 (rsc_replay_get_n_steps (rsc_replay_cursor_get_replay (steps))));
      g_variant_builder_add (&builder, "{sv}", "lit-node", g_variant_new_int32 (rsc_canvas_get_lit_node (rsc_heap_page_get_canvas (page))));
      g_variant_builder_add (&builder, "{sv}", "lit-edge", g_variant_new_int32 (rsc_canvas_get_lit_edge (rsc_heap_page_get_canvas (page))));
    }
  if (view != NULL)
    {
      command = rsc_view_to_command_line (view, rsc_session_get_snapshot (session), "HEAP");
      g_variant_builder_add (&builder, "{sv}", "command", g_variant_new_string (command));
    }
  if (scene != NULL)
    {
      RscGraph *drawn = rsc_scene_get_graph (scene);
      RscOverlay *overlay = rsc_session_get_overlay (session);
      GVariantBuilder nodes, badges;
      const RscGraphNode *graph_nodes;
      gsize n_nodes;

      graph_nodes = rsc_graph_get_nodes (drawn, &n_nodes);
      g_variant_builder_init (&nodes, G_VARIANT_TYPE ("a(uuss)"));
      for (gsize i = 0; i < n_nodes; i++)
        g_variant_builder_add (&nodes, "(uuss)", (guint) graph_nodes[i].kind, (guint) graph_nodes[i].node, graph_nodes[i].label,
                               overlay != NULL && rsc_overlay_get_snapshot (overlay) == rsc_graph_get_snapshot (drawn) ?
                               rsc_state_get_id (rsc_overlay_get_state (overlay, graph_nodes[i].node)) : "");
      g_variant_builder_add (&builder, "{sv}", "nodes", g_variant_builder_end (&nodes));
      g_variant_builder_init (&badges, G_VARIANT_TYPE ("as"));
      for (gsize i = 0; i < n_nodes; i++)
        {
          const char *badge = overlay != NULL && rsc_overlay_get_snapshot (overlay) == rsc_graph_get_snapshot (drawn) &&
                              graph_nodes[i].kind == RSC_GRAPH_NODE_OBJECT ? rsc_overlay_get_badge (overlay, graph_nodes[i].node) : NULL;

          g_variant_builder_add (&badges, "s", badge != NULL ? badge : "");
        }
      g_variant_builder_add (&builder, "{sv}", "badges", g_variant_builder_end (&badges));
    }
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(sa{sv})", graph, &builder));
}

static void
get_node_rect (RscTestInterface *self, int node, GDBusMethodInvocation *invocation)
{
  RscHeapPage *page = get_page (self);
  graphene_rect_t rect;
  graphene_point_t corner;
  double surface_x, surface_y;
  GtkNative *native;
  GtkWidget *canvas;

  if (page == NULL || !rsc_canvas_get_node_rect (rsc_heap_page_get_canvas (page), node, &rect))
    {
      g_dbus_method_invocation_return_error_literal (invocation, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no such node");
      return;
    }

  canvas = GTK_WIDGET (rsc_heap_page_get_canvas (page));
  native = gtk_widget_get_native (canvas);
  if (!gtk_widget_compute_point (canvas, GTK_WIDGET (native), &rect.origin, &corner))
    corner = rect.origin;
  gtk_native_get_surface_transform (native, &surface_x, &surface_y);
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("((dddd))", corner.x + surface_x, corner.y + surface_y,
                                                                    (double) rect.size.width, (double) rect.size.height));
}

static void
paint_widget (GtkSnapshot *snapshot, GtkWidget *widget, double x, double y)
{
  g_autoptr (GdkPaintable) paintable = gtk_widget_paintable_new (widget);
  graphene_rect_t bounds;

  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT ((float) x, (float) y));
  /* A paintable begins where the widget's frame does. */
  if (gtk_widget_compute_bounds (widget, widget, &bounds))
    gtk_snapshot_translate (snapshot, &bounds.origin);
  gdk_paintable_snapshot (paintable, snapshot, gdk_paintable_get_intrinsic_width (paintable),
                          gdk_paintable_get_intrinsic_height (paintable));
  gtk_snapshot_restore (snapshot);
}

/* Popovers have surfaces of their own, whose place is relative to the window's. */
static void
paint_popovers (GtkSnapshot *snapshot, GtkWidget *widget, GtkWindow *window)
{
  if (GTK_IS_POPOVER (widget) && gtk_widget_get_mapped (widget))
    {
      GdkPopup *popup = GDK_POPUP (gtk_native_get_surface (GTK_NATIVE (widget)));
      double window_x, window_y, x, y;

      gtk_native_get_surface_transform (GTK_NATIVE (window), &window_x, &window_y);
      gtk_native_get_surface_transform (GTK_NATIVE (widget), &x, &y);
      paint_widget (snapshot, widget, gdk_popup_get_position_x (popup) + x - window_x,
                    gdk_popup_get_position_y (popup) + y - window_y);
    }
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    if (gtk_widget_get_mapped (child))
      paint_popovers (snapshot, child, window);
}

/* In the middle, as window managers do with dialogs. */
static void
paint_dialogs (GtkSnapshot *snapshot, GtkWindow *window)
{
  GListModel *toplevels = gtk_window_get_toplevels ();

  for (guint i = 0; i < g_list_model_get_n_items (toplevels); i++)
    {
      g_autoptr (GtkWindow) dialog = g_list_model_get_item (toplevels, i);

      if (gtk_window_get_transient_for (dialog) == window && gtk_widget_get_mapped (GTK_WIDGET (dialog)))
        paint_widget (snapshot, GTK_WIDGET (dialog),
                      (gtk_widget_get_width (GTK_WIDGET (window)) - gtk_widget_get_width (GTK_WIDGET (dialog))) / 2.0,
                      (gtk_widget_get_height (GTK_WIDGET (window)) - gtk_widget_get_height (GTK_WIDGET (dialog))) / 2.0);
    }
}

static void
take_screenshot (RscTestInterface *self, const char *path, double scale, GDBusMethodInvocation *invocation)
{
  RscWindow *shown = get_window (self);
  GtkWindow *window = shown != NULL ? GTK_WINDOW (shown) : NULL;
  g_autoptr (GtkSnapshot) snapshot = NULL;
  g_autoptr (GskRenderNode) node = NULL;
  g_autoptr (GdkTexture) texture = NULL;
  int width, height;

  if (window == NULL)
    {
      g_dbus_method_invocation_return_error_literal (invocation, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no window");
      return;
    }

  width = gtk_widget_get_width (GTK_WIDGET (window));
  height = gtk_widget_get_height (GTK_WIDGET (window));
  snapshot = gtk_snapshot_new ();
  gtk_snapshot_scale (snapshot, (float) scale, (float) scale);
  paint_widget (snapshot, GTK_WIDGET (window), 0, 0);
  paint_popovers (snapshot, GTK_WIDGET (window), window);
  paint_dialogs (snapshot, window);
  node = gtk_snapshot_to_node (snapshot);
  texture = gsk_renderer_render_texture (gtk_native_get_renderer (GTK_NATIVE (window)), node,
                                         &GRAPHENE_RECT_INIT (0, 0, (float) (width * scale), (float) (height * scale)));
  if (gdk_texture_save_to_png (texture, path))
    g_dbus_method_invocation_return_value (invocation, NULL);
  else
    g_dbus_method_invocation_return_error_literal (invocation, G_IO_ERROR, G_IO_ERROR_FAILED, "not written");
}

static gboolean
is_graph_drawn (RscTestInterface *self)
{
  RscHeapPage *page = get_page (self);
  RscCanvas *canvas = page != NULL ? rsc_heap_page_get_canvas (page) : NULL;

  return canvas != NULL && gtk_widget_get_mapped (GTK_WIDGET (canvas)) && rsc_canvas_get_scene (canvas) != NULL &&
         rsc_canvas_is_settled (canvas);
}

/* At the second beat in a row the frame that shows it has been drawn. */
static void
look_for_first_graph (RscTestInterface *self, gint64 now)
{
  self->drawn_beats = is_graph_drawn (self) ? self->drawn_beats + 1 : 0;
  if (self->drawn_beats == 2)
    self->first_graph = now;
}

/* For how long the main thread could have run, and did not get a processor, in microseconds. */
static gint64
get_queued_time (RscTestInterface *self)
{
  char text[128] = "";
  gint64 queued = 0;

  /* "RUNNING QUEUED SLICES", in nanoseconds. */
  if (self->schedstat >= 0 && pread (self->schedstat, text, sizeof text - 1, 0) > 0)
    sscanf (text, "%*d %" G_GINT64_MODIFIER "d", &queued);

  return queued / 1000;
}

static gboolean
on_beat (gpointer user_data)
{
  RscTestInterface *self = user_data;
  gint64 now = g_get_monotonic_time ();
  gint64 queued = get_queued_time (self);
  gint64 delay = now - self->last_beat - BEAT_MS * G_TIME_SPAN_MILLISECOND;

  self->worst_delay = MAX (self->worst_delay, delay);
  self->worst_own_delay = MAX (self->worst_own_delay, delay - (queued - self->last_queued));
  self->last_beat = now;
  self->last_queued = queued;
  if (self->first_graph == 0)
    look_for_first_graph (self, now);
  return G_SOURCE_CONTINUE;
}

static void
take_stall (RscTestInterface *self, GDBusMethodInvocation *invocation)
{
  double seconds = (double) self->worst_delay / G_USEC_PER_SEC;
  double own = (double) self->worst_own_delay / G_USEC_PER_SEC;

  self->worst_delay = self->worst_own_delay = 0;
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(dd)", seconds, own));
}

static void
count (GDBusMethodInvocation *invocation)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{su}"));
  for (RscCensus what = 0; what < RSC_N_CENSUS; what++)
    g_variant_builder_add (&builder, "{su}", rsc_census_get_name (what), rsc_census_count (what));
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(a{su})", &builder));
}

static void
audit (int narrowest, GDBusMethodInvocation *invocation)
{
  g_auto (GStrv) complaints = rsc_widget_audit (narrowest);

  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(^as)", complaints));
}

static void
activate (RscTestInterface *self, const char *detailed_name, GDBusMethodInvocation *invocation)
{
  RscWindow *window = get_window (self);
  RscHeapPage *page = get_page (self);
  g_autofree char *name = NULL;
  g_autoptr (GVariant) target = NULL;

  if (window != NULL && g_action_parse_detailed_name (detailed_name, &name, &target, NULL) &&
      gtk_widget_activate_action_variant (page != NULL ? GTK_WIDGET (page) : GTK_WIDGET (window), name, target))
    g_dbus_method_invocation_return_value (invocation, NULL);
  else
    g_dbus_method_invocation_return_error (invocation, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no action %s", detailed_name);
}

static void
on_method_call (GDBusConnection       *connection,
                const char            *sender,
                const char            *object_path,
                const char            *interface_name,
                const char            *method_name,
                GVariant              *parameters,
                GDBusMethodInvocation *invocation,
                gpointer               user_data)
{
  RscTestInterface *self = user_data;

  if (g_str_equal (method_name, "Settle"))
    settle (self, invocation);
  else if (g_str_equal (method_name, "Describe"))
    describe (self, invocation);
  else if (g_str_equal (method_name, "Count"))
    count (invocation);
  else if (g_str_equal (method_name, "Allocated"))
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(t)", rsc_census_count_bytes ()));
  else if (g_str_equal (method_name, "TakeStall"))
    take_stall (self, invocation);
  else if (g_str_equal (method_name, "FirstGraph"))
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(x)", self->first_graph));
  else if (g_str_equal (method_name, "Audit"))
    {
      int narrowest;

      g_variant_get (parameters, "(i)", &narrowest);
      audit (narrowest, invocation);
    }
  else if (g_str_equal (method_name, "NodeRect"))
    {
      int node;

      g_variant_get (parameters, "(i)", &node);
      get_node_rect (self, node, invocation);
    }
  else if (g_str_equal (method_name, "Activate"))
    {
      const char *name;

      g_variant_get (parameters, "(&s)", &name);
      activate (self, name, invocation);
    }
  else if (g_str_equal (method_name, "Resize"))
    {
      int width, height;

      g_variant_get (parameters, "(ii)", &width, &height);
      resize (self, width, height, invocation);
    }
  else if (g_str_equal (method_name, "Mirror"))
    {
      gtk_widget_set_default_direction (GTK_TEXT_DIR_RTL);
      g_dbus_method_invocation_return_value (invocation, NULL);
    }
  else if (g_str_equal (method_name, "Enlarge"))
    {
      int percent;

      g_variant_get (parameters, "(i)", &percent);
      g_object_set (gtk_settings_get_default (), "gtk-xft-dpi", 96 * PANGO_SCALE * percent / 100, NULL);
      g_dbus_method_invocation_return_value (invocation, NULL);
    }
  else
    {
      const char *path;
      double scale;

      g_variant_get (parameters, "(&sd)", &path, &scale);
      take_screenshot (self, path, scale, invocation);
    }
}

static void
on_bus_acquired (GDBusConnection *connection, const char *name, gpointer user_data)
{
  static const GDBusInterfaceVTable vtable = { .method_call = on_method_call };
  RscTestInterface *self = user_data;
  g_autoptr (GDBusNodeInfo) info = g_dbus_node_info_new_for_xml (introspection, NULL);

  self->connection = g_object_ref (connection);
  self->registration = g_dbus_connection_register_object (connection, OBJECT_PATH, info->interfaces[0], &vtable, self, NULL, NULL);
}

RscTestInterface *
rsc_test_interface_new_from_environment (GtkApplication *application)
{
  const char *name = g_getenv (VARIABLE);
  RscTestInterface *self;

  if (name == NULL || !g_dbus_is_name (name) || g_dbus_is_unique_name (name))
    return NULL;

  self = g_new0 (RscTestInterface, 1);
  self->application = application;
  self->owner = g_bus_own_name (G_BUS_TYPE_SESSION, name, G_BUS_NAME_OWNER_FLAGS_NONE, on_bus_acquired, NULL, NULL, self, NULL);
  self->schedstat = g_open ("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
  self->last_queued = get_queued_time (self);
  self->last_beat = g_get_monotonic_time ();
  self->beat = g_timeout_add_full (G_PRIORITY_HIGH, BEAT_MS, on_beat, self, NULL);

  return self;
}

void
rsc_test_interface_free (RscTestInterface *self)
{
  g_source_remove (self->beat);
  if (self->schedstat >= 0)
    close (self->schedstat);
  if (self->registration != 0)
    g_dbus_connection_unregister_object (self->connection, self->registration);
  g_bus_unown_name (self->owner);
  g_clear_object (&self->connection);
  g_free (self);
}
