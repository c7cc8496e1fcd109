#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-step-lanes.h"

#include "rsc-number.h"
#include "rsc-object-item.h"
#include "rsc-row-tooltip.h"

/* So many boxes of a lane at most. */
#define BOXES_MAX 24
/* A small heap's short lists are shown whole. */
#define WHOLE_NODES_MAX 20000
/* ... and of a drawing with so few nodes all of them, whatever colour they have. */
#define ALL_NODES_MAX 40
/* Each is looked at with each step; more are not set apart. */
#define ROOTS_MAX 65536
#define BOX_CHARS 12
#define BOX_WIDTH_MAX 124
#define GAP 16        /* between boxes, for the links */
#define ROW_GAP 6
#define HEAD 12       /* the list's head: a dot */
#define LANE_GAP 12
#define MOVE_SECONDS 0.24

typedef struct
{
  GtkWidget *button;
  RscNode node;
  guint lane;
  char *spoken;      /* what it was given last */
  gboolean lit;
  gboolean placed;   /* it has been somewhere */
  double x, y;       /* where it is */
  double from_x, from_y, to_x, to_y;
  int width, height;
} Box;

typedef struct
{
  GtkWidget *heading;
  gboolean shown;
  gboolean whole;    /* nothing lies between its boxes */
  double y;          /* of its first row of boxes */
  int row_height;
  GPtrArray *boxes;  /* of Box, in order; borrowed */
} Lane;

/* Lanes of lists come first, then those of states, then the roots. */
#define N_LANES (RSC_N_LISTS + RSC_N_STATES + 1)
#define LANE_ROOTS (N_LANES - 1)

struct _RscStepLanes
{
  GtkWidget parent_instance;

  RscSession *session;
  GHashTable *boxes;     /* node -> Box */
  Lane lanes[N_LANES];
  RscReplay *replay;     /* whose they are; only to be compared */
  GArray *roots;         /* of RscNode: the heap's, drawn or not; NULL: not set apart */
  guint tick;
  gint64 moving_since;   /* frame time; 0: nothing moves */
};

G_DEFINE_FINAL_TYPE (RscStepLanes, rsc_step_lanes, GTK_TYPE_WIDGET)

/* From top to bottom. */
static const guint lists_order[] = {
  RSC_LIST_GENERATION_0, RSC_LIST_GENERATION_1, RSC_LIST_GENERATION_2, RSC_LIST_PERMANENT, RSC_LIST_UNREACHABLE,
  RSC_LIST_LEGACY, RSC_LIST_NONE, RSC_LIST_FREED
};
static const guint mark_order[] = {
  LANE_ROOTS, RSC_N_LISTS + RSC_STATE_WHITE, RSC_N_LISTS + RSC_STATE_GREY, RSC_N_LISTS + RSC_STATE_BLACK, RSC_LIST_FREED
};

static const guint *
get_order (RscStepLanes *self, RscReplay *replay, gsize *n)
{
  gsize skip = self->roots == NULL ? 1 : 0;

  if (rsc_replay_get_kind (replay) != RSC_REPLAY_MARK_SWEEP)
    {
      *n = G_N_ELEMENTS (lists_order);
      return lists_order;
    }

  *n = G_N_ELEMENTS (mark_order) - skip;

  return mark_order + skip;
}

static void
box_free (gpointer data)
{
  Box *box = data;

  gtk_widget_unparent (box->button);
  g_free (box->spoken);
  g_free (box);
}

/* Who is where. */

static guint
get_lane (RscStepLanes *self, RscReplay *replay, RscNode node, const RscNodeState *state)
{
  if (rsc_replay_get_kind (replay) != RSC_REPLAY_MARK_SWEEP || state->list == RSC_LIST_FREED)
    return state->list;
  if (self->roots != NULL && (rsc_snapshot_peek_columns (rsc_replay_get_snapshot (replay))->flags[node] & RSC_NODE_ROOT))
    return LANE_ROOTS;

  return RSC_N_LISTS + state->state;
}

static void
find_roots (RscStepLanes *self)
{
  const RscColumns *columns;

  g_clear_pointer (&self->roots, g_array_unref);
  if (self->replay == NULL || rsc_replay_get_kind (self->replay) != RSC_REPLAY_MARK_SWEEP)
    return;

  columns = rsc_snapshot_peek_columns (rsc_replay_get_snapshot (self->replay));
  self->roots = g_array_new (FALSE, FALSE, sizeof (RscNode));
  for (RscNode node = 0; node < columns->n_nodes && self->roots->len <= ROOTS_MAX; node++)
    if (columns->flags[node] & RSC_NODE_ROOT)
      g_array_append_val (self->roots, node);
  if (self->roots->len > ROOTS_MAX)
    g_clear_pointer (&self->roots, g_array_unref);
}

/* A root stands apart, and not among those of its colour; how many do. */
static guint64
take_roots_out (RscStepLanes *self, RscReplayCursor *cursor, guint64 *states)
{
  guint64 n = 0;

  for (guint i = 0; self->roots != NULL && i < self->roots->len; i++)
    {
      RscNodeState state = rsc_replay_cursor_get (cursor, g_array_index (self->roots, RscNode, i));

      if (state.list == RSC_LIST_FREED)
        continue;
      n++;
      if (states[state.state] > 0)
        states[state.state]--;
    }

  return n;
}

/* The reference that leads to @node in its lane's order: lists have one, colours the heap's. */
typedef struct
{
  RscNode node;
  guint64 order;
} Member;

static int
compare_members (gconstpointer a, gconstpointer b)
{
  const Member *first = a, *second = b;

  return first->order != second->order ? (first->order > second->order) - (first->order < second->order) :
                                         (first->node > second->node) - (first->node < second->node);
}

static void
add_node (GHashTable *nodes, RscNode node)
{
  if (node != RSC_NODE_NONE)
    g_hash_table_add (nodes, GUINT_TO_POINTER (node));
}

/* Those that somebody looks at: what is drawn, selected, and what the step is about. */
static GHashTable *
list_nodes (RscStepLanes *self, RscReplayCursor *cursor, const guint64 *lists)
{
  GHashTable *nodes = g_hash_table_new (NULL, NULL);
  RscReplay *replay = rsc_replay_cursor_get_replay (cursor);
  RscScene *scene = rsc_session_get_scene (self->session);
  guint32 n_all = rsc_snapshot_peek_columns (rsc_replay_get_snapshot (replay))->n_nodes;
  gboolean small = n_all <= WHOLE_NODES_MAX;
  const RscGraphNode *drawn;
  gsize n_drawn;
  RscStep step;

  if (scene != NULL && rsc_graph_get_snapshot (rsc_scene_get_graph (scene)) == rsc_replay_get_snapshot (replay))
    {
      drawn = rsc_graph_get_nodes (rsc_scene_get_graph (scene), &n_drawn);
      for (gsize i = 0; i < n_drawn; i++)
        if (drawn[i].kind == RSC_GRAPH_NODE_OBJECT)
          add_node (nodes, drawn[i].node);
    }
  for (RscNode node = 0; node < n_all && n_all <= ALL_NODES_MAX; node++)
    add_node (nodes, node);
  add_node (nodes, rsc_session_get_selected (self->session));
  if (rsc_replay_cursor_get_step (cursor, &step))
    {
      add_node (nodes, step.node);
      add_node (nodes, step.source);
    }
  for (RscList list = RSC_LIST_GENERATION_0; list < RSC_LIST_FREED && small; list++)
    if (lists[list] > 0 && lists[list] <= BOXES_MAX)
      {
        g_autoptr (GArray) members = rsc_replay_cursor_list (cursor, list, 0, BOXES_MAX);

        for (guint i = 0; i < members->len; i++)
          add_node (nodes, g_array_index (members, RscNode, i));
      }

  return nodes;
}

static void
on_clicked (RscStepLanes *self, GtkWidget *button)
{
  rsc_session_select (self->session, GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (button), "node")));
}

static Box *
add_box (RscStepLanes *self, RscNode node)
{
  Box *box = g_new0 (Box, 1);
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_label_set_max_width_chars (GTK_LABEL (label), BOX_CHARS);
  box->node = node;
  box->button = gtk_button_new ();
  gtk_button_set_child (GTK_BUTTON (box->button), label);
  g_object_set_data (G_OBJECT (box->button), "node", GUINT_TO_POINTER (node));
  g_signal_connect_object (box->button, "clicked", G_CALLBACK (on_clicked), self, G_CONNECT_SWAPPED);
  gtk_widget_set_parent (box->button, GTK_WIDGET (self));
  g_hash_table_insert (self->boxes, GUINT_TO_POINTER (node), box);

  return box;
}

static const char *
get_lane_label (guint lane)
{
  if (lane == LANE_ROOTS)
    return _("Roots");

  return lane < RSC_N_LISTS ? rsc_list_get_label (lane) : rsc_state_get_label (lane - RSC_N_LISTS);
}

static void
show_box (RscStepLanes *self, RscReplayCursor *cursor, Box *box, gboolean lit)
{
  RscSnapshot *snapshot = rsc_replay_get_snapshot (rsc_replay_cursor_get_replay (cursor));
  RscNodeState state = rsc_replay_cursor_get (cursor, box->node);
  g_autofree char *name = rsc_node_dup_name (snapshot, box->node);
  g_autofree char *long_name = rsc_node_dup_long_name (snapshot, box->node);
  g_autofree char *told = NULL;
  g_autofree char *spoken = NULL;
  g_autofree char *state_class = g_strconcat ("state-", rsc_state_get_id (state.state), NULL);
  const char *classes[] = { "lane-box", state_class, lit ? "lit" : NULL, NULL };

  if (state.gc_refs != RSC_GC_REFS_NONE)
    /* Translators: an object, its state, and the collector's count */
    told = g_strdup_printf (_("%s, %s, gc_refs %u"), long_name, rsc_state_get_label (state.state), state.gc_refs);
  else
    /* Translators: an object and its state */
    told = g_strdup_printf (_("%s, %s"), long_name, rsc_state_get_label (state.state));
  /* Translators: an object with its state, and the list it is in: what one hears who does not see the list's heading */
  spoken = g_strdup_printf (_("%1$s (%2$s)"), told, get_lane_label (box->lane));
  /* Of most boxes a step changes nothing, and while it plays there are many steps. */
  if (g_strcmp0 (spoken, box->spoken) == 0 && lit == box->lit)
    return;

  gtk_label_set_text (GTK_LABEL (gtk_button_get_child (GTK_BUTTON (box->button))), name);
  gtk_widget_set_css_classes (box->button, (const char **) classes);
  rsc_row_tooltip_set (box->button, spoken);
  gtk_accessible_update_property (GTK_ACCESSIBLE (box->button), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
  g_free (box->spoken);
  box->spoken = g_steal_pointer (&spoken);
  box->lit = lit;
}

/* Of a lane that is too long the part around what the step is about. */
static void
fill_lane (RscStepLanes *self, RscReplayCursor *cursor, guint index, GArray *members, guint64 count, RscNode lit)
{
  Lane *lane = &self->lanes[index];
  g_autofree char *number = rsc_number_dup (count);
  g_autofree char *text = NULL;
  guint first = 0, n;

  g_ptr_array_set_size (lane->boxes, 0);
  g_array_sort (members, compare_members);
  for (guint i = 0; i < members->len; i++)
    if (g_array_index (members, Member, i).node == lit && i >= BOXES_MAX / 2)
      first = MIN (i - BOXES_MAX / 2, members->len - MIN (members->len, BOXES_MAX));
  n = MIN (members->len - first, BOXES_MAX);
  for (guint i = first; i < first + n; i++)
    {
      RscNode node = g_array_index (members, Member, i).node;
      Box *box = g_hash_table_lookup (self->boxes, GUINT_TO_POINTER (node));

      if (box == NULL)
        box = add_box (self, node);
      box->lane = index;
      show_box (self, cursor, box, node == lit);
      g_ptr_array_add (lane->boxes, box);
    }

  lane->whole = n == count;
  if (count > n && n > 0)
    {
      g_autofree char *rest = rsc_number_dup (count - n);

      /* Translators: a list, how many are in it, and how many of these are not shown */
      text = g_strdup_printf (_("%s: %s (%s not shown)"), get_lane_label (index), number, rest);
    }
  else
    /* Translators: a list, and how many are in it */
    text = g_strdup_printf (_("%s: %s"), get_lane_label (index), number);
  gtk_label_set_text (GTK_LABEL (lane->heading), text);
}

static guint64
count_lane (guint lane, const guint64 *lists, const guint64 *states, guint64 n_roots)
{
  if (lane == LANE_ROOTS)
    return n_roots;

  return lane < RSC_N_LISTS ? lists[lane] : states[lane - RSC_N_LISTS];
}

/* What is always there, so that one sees it empty. */
static gboolean
is_lasting (guint lane)
{
  return lane != RSC_LIST_PERMANENT && lane != RSC_LIST_LEGACY && lane != RSC_LIST_NONE;
}

static gboolean
move_on (GtkWidget *widget, GdkFrameClock *clock, gpointer user_data)
{
  RscStepLanes *self = RSC_STEP_LANES (widget);

  gtk_widget_queue_allocate (widget);
  if ((double) (gdk_frame_clock_get_frame_time (clock) - self->moving_since) < MOVE_SECONDS * G_USEC_PER_SEC)
    return G_SOURCE_CONTINUE;

  self->tick = 0;
  self->moving_since = 0;

  return G_SOURCE_REMOVE;
}

/* Boxes go from where they are. */
static void
start_moving (RscStepLanes *self)
{
  GHashTableIter iter;
  gpointer value;
  gboolean animated = FALSE;

  g_object_get (gtk_widget_get_settings (GTK_WIDGET (self)), "gtk-enable-animations", &animated, NULL);
  if (!animated || !gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;

  g_hash_table_iter_init (&iter, self->boxes);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Box *box = value;

      box->from_x = box->x;
      box->from_y = box->y;
    }
  self->moving_since = gdk_frame_clock_get_frame_time (gtk_widget_get_frame_clock (GTK_WIDGET (self)));
  if (self->tick == 0)
    self->tick = gtk_widget_add_tick_callback (GTK_WIDGET (self), move_on, NULL, NULL);
}

static void
drop_boxes (RscStepLanes *self)
{
  for (guint i = 0; i < N_LANES; i++)
    {
      g_ptr_array_set_size (self->lanes[i].boxes, 0);
      self->lanes[i].shown = FALSE;
      if (self->lanes[i].heading != NULL)
        gtk_widget_hide (self->lanes[i].heading);
    }
  g_hash_table_remove_all (self->boxes);
}

static gboolean
is_in_no_lane (gpointer key, gpointer value, gpointer user_data)
{
  RscStepLanes *self = user_data;
  Box *box = value;

  return !g_ptr_array_find (self->lanes[box->lane].boxes, box, NULL);
}

static void
update (RscStepLanes *self)
{
  RscReplayCursor *cursor = self->session != NULL ? rsc_session_get_steps (self->session) : NULL;
  RscReplay *replay = cursor != NULL ? rsc_replay_cursor_get_replay (cursor) : NULL;
  g_autoptr (GHashTable) nodes = NULL;
  GArray *members[N_LANES] = { NULL };
  guint64 lists[RSC_N_LISTS], states[RSC_N_STATES], n_roots;
  GHashTableIter iter;
  gpointer key;
  RscStep step;
  RscNode lit = RSC_NODE_NONE;
  const guint *order;
  gsize n_order;

  if (replay != self->replay)
    {
      drop_boxes (self);
      self->replay = replay;
      find_roots (self);
    }
  /* Out of sight nobody sees it: it is done when it is shown. */
  if (replay == NULL || !gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;

  rsc_replay_cursor_count (cursor, lists, states);
  n_roots = take_roots_out (self, cursor, states);
  if (rsc_replay_cursor_get_step (cursor, &step))
    lit = step.node;
  nodes = list_nodes (self, cursor, lists);
  g_hash_table_iter_init (&iter, nodes);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      RscNode node = GPOINTER_TO_UINT (key);
      RscNodeState state = rsc_replay_cursor_get (cursor, node);
      guint lane = get_lane (self, replay, node, &state);
      Member member = { node, lane < RSC_N_LISTS ? state.order : 0 };

      if (members[lane] == NULL)
        members[lane] = g_array_new (FALSE, FALSE, sizeof (Member));
      g_array_append_val (members[lane], member);
    }

  start_moving (self);
  order = get_order (self, replay, &n_order);
  for (gsize i = 0; i < n_order; i++)
    {
      guint index = order[i];
      Lane *lane = &self->lanes[index];
      guint64 count;

      if (members[index] == NULL)
        members[index] = g_array_new (FALSE, FALSE, sizeof (Member));
      count = count_lane (index, lists, states, n_roots);
      if (lane->heading == NULL)
        {
          lane->heading = gtk_label_new (NULL);
          gtk_label_set_xalign (GTK_LABEL (lane->heading), 0);
          gtk_label_set_wrap (GTK_LABEL (lane->heading), TRUE);
          gtk_widget_add_css_class (lane->heading, "lane-heading");
          gtk_widget_set_parent (lane->heading, GTK_WIDGET (self));
        }
      fill_lane (self, cursor, index, members[index], count, lit);
      lane->shown = count > 0 || is_lasting (index);
      gtk_widget_set_visible (lane->heading, lane->shown);
    }
  for (guint i = 0; i < N_LANES; i++)
    g_clear_pointer (&members[i], g_array_unref);
  g_hash_table_foreach_remove (self->boxes, is_in_no_lane, self);
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

/* Places. */

/* Gives each box its place in @width; the height that is needed. */
static int
arrange (RscStepLanes *self, int width)
{
  double y = 0;
  const guint *order;
  gsize n_order;

  if (self->replay == NULL)
    return 0;

  order = get_order (self, self->replay, &n_order);
  for (gsize i = 0; i < n_order; i++)
    {
      Lane *lane = &self->lanes[order[i]];
      double x = HEAD + GAP;
      int heading;

      if (!lane->shown)
        continue;
      gtk_widget_measure (lane->heading, GTK_ORIENTATION_VERTICAL, width, NULL, &heading, NULL, NULL);
      y += heading + ROW_GAP;
      lane->y = y;
      lane->row_height = HEAD;
      for (guint b = 0; b < lane->boxes->len; b++)
        {
          Box *box = lane->boxes->pdata[b];
          int natural;

          gtk_widget_measure (box->button, GTK_ORIENTATION_HORIZONTAL, -1, NULL, &natural, NULL, NULL);
          box->width = MIN (natural, MAX (MIN (BOX_WIDTH_MAX, width - HEAD - GAP), 40));
          gtk_widget_measure (box->button, GTK_ORIENTATION_VERTICAL, box->width, NULL, &box->height, NULL, NULL);
          if (x + box->width > width && x > HEAD + GAP)
            {
              x = HEAD + GAP;
              y += lane->row_height + ROW_GAP;
            }
          lane->row_height = MAX (lane->row_height, box->height);
          box->to_x = x;
          box->to_y = y;
          x += box->width + GAP;
        }
      y += lane->row_height + LANE_GAP;
    }

  return (int) y;
}

static void
rsc_step_lanes_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                        int *minimum_baseline, int *natural_baseline)
{
  *minimum_baseline = *natural_baseline = -1;
  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    {
      *minimum = 160;
      *natural = 270;
    }
  else
    *minimum = *natural = arrange (RSC_STEP_LANES (widget), for_size > 0 ? for_size : 270);
}

static GtkSizeRequestMode
rsc_step_lanes_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static double
get_progress (RscStepLanes *self)
{
  double t;

  if (self->moving_since == 0)
    return 1;
  t = (double) (gdk_frame_clock_get_frame_time (gtk_widget_get_frame_clock (GTK_WIDGET (self))) - self->moving_since) /
      (MOVE_SECONDS * G_USEC_PER_SEC);
  t = CLAMP (t, 0, 1);

  return 1 - (1 - t) * (1 - t);
}

static void
rsc_step_lanes_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  RscStepLanes *self = RSC_STEP_LANES (widget);
  double t = get_progress (self);
  GHashTableIter iter;
  gpointer value;

  arrange (self, width);
  for (guint i = 0; i < N_LANES; i++)
    if (self->lanes[i].shown)
      {
        GtkAllocation place = { 0, 0, width, 0 };

        gtk_widget_measure (self->lanes[i].heading, GTK_ORIENTATION_VERTICAL, width, NULL, &place.height, NULL, NULL);
        place.y = (int) self->lanes[i].y - ROW_GAP - place.height;
        gtk_widget_size_allocate (self->lanes[i].heading, &place, -1);
      }
  g_hash_table_iter_init (&iter, self->boxes);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Box *box = value;
      GtkAllocation place;

      if (!box->placed)
        {
          box->from_x = box->to_x;
          box->from_y = box->to_y;
          box->placed = TRUE;
        }
      box->x = box->from_x + (box->to_x - box->from_x) * t;
      box->y = box->from_y + (box->to_y - box->from_y) * t;
      place = (GtkAllocation) { (int) box->x, (int) box->y, box->width, box->height };
      if (gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL)
        place.x = width - place.x - place.width;
      gtk_widget_size_allocate (box->button, &place, -1);
    }
}

/* The links, in the colour of the text. */

static void
draw_link (cairo_t *cr, double x, double y)
{
  /* There and back. */
  cairo_move_to (cr, x + 1, y - 2.5);
  cairo_rel_line_to (cr, GAP - 3, 0);
  cairo_rel_line_to (cr, -3, -2.5);
  cairo_move_to (cr, x + GAP - 2, y + 2.5);
  cairo_rel_line_to (cr, 3 - GAP, 0);
  cairo_rel_line_to (cr, 3, 2.5);
}

static void
draw_lane (RscStepLanes *self, cairo_t *cr, Lane *lane)
{
  double middle = lane->y + (lane->boxes->len > 0 ? ((Box *) lane->boxes->pdata[0])->height : lane->row_height) / 2.0;

  cairo_new_path (cr);
  cairo_arc (cr, HEAD / 2.0, middle, HEAD / 2.0 - 2, 0, 2 * G_PI);
  if (lane->boxes->len > 0)
    cairo_fill (cr);
  else
    cairo_stroke (cr);
  if (!lane->whole)
    cairo_set_dash (cr, (double[]) { 2, 2 }, 2, 0);
  for (guint i = 0; i < lane->boxes->len; i++)
    {
      Box *box = lane->boxes->pdata[i];

      draw_link (cr, box->x - GAP, box->y + box->height / 2.0);
    }
  cairo_stroke (cr);
  cairo_set_dash (cr, NULL, 0, 0);
}

static void
rsc_step_lanes_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  RscStepLanes *self = RSC_STEP_LANES (widget);
  int width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);
  GdkRGBA color;
  cairo_t *cr;

  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &color);
  color.alpha *= 0.65f;
  cr = gtk_snapshot_append_cairo (snapshot, &GRAPHENE_RECT_INIT (0, 0, (float) width, (float) height));
  gdk_cairo_set_source_rgba (cr, &color);
  cairo_set_line_width (cr, 1);
  if (gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL)
    {
      cairo_translate (cr, width, 0);
      cairo_scale (cr, -1, 1);
    }
  for (guint i = 0; i < N_LANES; i++)
    if (self->lanes[i].shown)
      draw_lane (self, cr, &self->lanes[i]);
  cairo_destroy (cr);

  GTK_WIDGET_CLASS (rsc_step_lanes_parent_class)->snapshot (widget, snapshot);
}

static void
rsc_step_lanes_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (rsc_step_lanes_parent_class)->map (widget);

  update (RSC_STEP_LANES (widget));
}

void
rsc_step_lanes_set_session (RscStepLanes *self, RscSession *session)
{
  g_return_if_fail (self->session == NULL);

  self->session = g_object_ref (session);
  g_signal_connect_object (session, "notify::steps", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::scene", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::selected", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
}

static void
rsc_step_lanes_dispose (GObject *object)
{
  RscStepLanes *self = RSC_STEP_LANES (object);

  if (self->tick != 0)
    gtk_widget_remove_tick_callback (GTK_WIDGET (self), self->tick);
  self->tick = 0;
  if (self->boxes != NULL)
    drop_boxes (self);
  g_clear_pointer (&self->boxes, g_hash_table_unref);
  g_clear_pointer (&self->roots, g_array_unref);
  for (guint i = 0; i < N_LANES; i++)
    {
      g_clear_pointer (&self->lanes[i].heading, gtk_widget_unparent);
      g_clear_pointer (&self->lanes[i].boxes, g_ptr_array_unref);
    }
  g_clear_object (&self->session);

  G_OBJECT_CLASS (rsc_step_lanes_parent_class)->dispose (object);
}

static void
rsc_step_lanes_class_init (RscStepLanesClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rsc_step_lanes_dispose;
  widget_class->measure = rsc_step_lanes_measure;
  widget_class->size_allocate = rsc_step_lanes_size_allocate;
  widget_class->get_request_mode = rsc_step_lanes_get_request_mode;
  widget_class->snapshot = rsc_step_lanes_snapshot;
  widget_class->map = rsc_step_lanes_map;
  gtk_widget_class_set_css_name (widget_class, "steplanes");
}

static void
rsc_step_lanes_init (RscStepLanes *self)
{
  self->boxes = g_hash_table_new_full (NULL, NULL, NULL, box_free);
  for (guint i = 0; i < N_LANES; i++)
    self->lanes[i].boxes = g_ptr_array_new ();
}
