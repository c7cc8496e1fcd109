#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-step-bar.h"

#include <math.h>
#include <string.h>

#include "rsc-drop-down.h"
#include "rsc-menus.h"
#include "rsc-number.h"
#include "rsc-object-item.h"
#include "rsc-template.h"
#include "rsc-wrap-box.h"

/* In a low window it scrolls; so much of it is in sight. */
#define HEIGHT_MIN 108

struct _RscStepBar
{
  GtkWidget parent_instance;

  RscSession *session;
  RscLessonGuide *guide;  /* NULL: no lesson */
  RscReplay *replay;      /* what the widgets were filled for; NULL: none */
  gboolean filling;
  guint play_source;
  guint scroll_source;

  /* Template */
  GtkWidget *scroller;
  GtkWidget *content;
  GtkLabel *title;
  GtkWidget *sentence_box;
  GtkLabel *sentence;
  GtkLabel *code;
  GtkLabel *position;
  GtkWidget *outside_box;
  GtkLabel *outside;
  GtkWidget *draw_button;
  GtkButton *play_button;
  GtkToggleButton *drawn_button;
  GtkWidget *speed_box;
  GtkWidget *own_buttons;
  GtkMenuButton *export_button;
  GtkWidget *real_button;
  GtkRange *scrubber;
  GtkScrolledWindow *phase_scroller;
  GtkWidget *phases;
  GtkLabel *note;
  GtkLabel *hint;

  GtkDropDown *speed;
};

enum
{
  ENDED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RscStepBar, rsc_step_bar, GTK_TYPE_WIDGET)

/* Steps in a second. */
static const guint speeds[] = { 1, 2, 5, 15, 50 };
#define SPEED_DEFAULT 1

/* What is said. */

static char *
dup_title (RscReplay *replay)
{
  switch (rsc_replay_get_kind (replay))
    {
    case RSC_REPLAY_MARK_SWEEP:
      return g_strdup (_("Mark and sweep, step by step"));
    case RSC_REPLAY_DROP:
      return g_strdup (_("What would follow if this reference went"));
    case RSC_REPLAY_COLLECTION:
    default:
      return g_strdup_printf (_("A collection of generation %u, step by step"), rsc_replay_get_summary (replay)->generation);
    }
}

/* Before the first step. */
static char *
dup_beginning (RscReplay *replay)
{
  const RscReplaySummary *summary = rsc_replay_get_summary (replay);
  g_autofree char *number = rsc_number_dup (summary->examined);

  switch (rsc_replay_get_kind (replay))
    {
    case RSC_REPLAY_MARK_SWEEP:
      return g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "Nothing is marked yet: %s object is white.",
                                           "Nothing is marked yet: all %s objects are white.", RSC_PLURAL (summary->examined)),
                              number);
    case RSC_REPLAY_DROP:
      return g_strdup (_("Nothing was dropped yet: the counts are as they were captured."));
    case RSC_REPLAY_COLLECTION:
    default:
      return g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "The collector has not begun yet: it will examine %s object.",
                                           "The collector has not begun yet: it will examine %s objects.",
                                           RSC_PLURAL (summary->examined)),
                              number);
    }
}

static void
take_part (GString *text, char *part)
{
  g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "", part);
  g_free (part);
}

/* What it comes to, and what it cannot know. */
static char *
dup_note (RscReplay *replay)
{
  const RscReplaySummary *summary = rsc_replay_get_summary (replay);
  GString *text = g_string_new (NULL);
  g_autofree char *found = rsc_number_dup (summary->unreachable);
  g_autofree char *freed = rsc_number_dup (summary->freed);
  g_autofree char *bytes = g_format_size_full (summary->freed_bytes, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *left = rsc_number_dup (summary->left);

  switch (rsc_replay_get_kind (replay))
    {
    case RSC_REPLAY_MARK_SWEEP:
      take_part (text, g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "In the end %s object is swept.", "In the end %s objects are swept.",
                                                     RSC_PLURAL (summary->unreachable)), found));
      break;
    case RSC_REPLAY_DROP:
      take_part (text, g_strdup (_("A what-if: the program keeps its reference.")));
      /* Translators: a number of objects, and their size */
      take_part (text, g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%1$s object (%2$s) would be freed.", "%1$s objects (%2$s) would be freed.",
                                                     RSC_PLURAL (summary->freed)), freed, bytes));
      if (summary->left > 0)
        take_part (text, g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%s could not be reached any more, but a cycle would keep it.",
                                                       "%s could not be reached any more, but cycles would keep them.",
                                                       RSC_PLURAL (summary->left)), left));
      break;
    case RSC_REPLAY_COLLECTION:
    default:
      take_part (text, g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "Predicted: the collector finds %1$s unreachable object; %2$s (%3$s) are freed with all that only it held.",
                                                     "Predicted: the collector finds %1$s unreachable objects; %2$s (%3$s) are freed with all that only they held.",
                                                     RSC_PLURAL (summary->unreachable)), found, freed, bytes));
      break;
    }
  if (summary->finalizers + summary->callbacks > 0)
    {
      g_autofree char *number = rsc_number_dup (summary->finalizers + summary->callbacks);

      take_part (text, g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%s finalizer or callback runs; what it does cannot be predicted.",
                                                     "%s finalizers and callbacks run; what they do cannot be predicted.",
                                                     RSC_PLURAL (summary->finalizers + summary->callbacks)), number));
    }

  return g_string_free (text, FALSE);
}

static char *
dup_sentence (RscStepBar *self, RscReplayCursor *cursor, const RscStep *step)
{
  g_autofree char *node = NULL;
  g_autofree char *source = NULL;

  if (step == NULL)
    return dup_beginning (self->replay);

  if (step->node != RSC_NODE_NONE)
    node = rsc_node_dup_long_name (rsc_replay_get_snapshot (self->replay), step->node);
  if (step->source != RSC_NODE_NONE)
    source = rsc_node_dup_long_name (rsc_replay_get_snapshot (self->replay), step->source);

  return rsc_replay_describe (self->replay, step, node, source);
}

static void
update_outside (RscStepBar *self, const RscStep *step)
{
  guint64 outside[RSC_N_STATES];
  GString *text = g_string_new (NULL);
  gboolean drawn = rsc_session_is_step_drawn (self->session);

  if (step != NULL && !drawn)
    {
      /* Of a reference's two ends the one that is missing. */
      RscNode missing = rsc_session_is_node_drawn (self->session, step->node) ? step->source : step->node;
      g_autofree char *title = rsc_node_dup_name (rsc_replay_get_snapshot (self->replay), missing);

      /* Translators: what the step is about is not drawn */
      g_string_append_printf (text, _("Outside the picture: %s."), title);
    }
  gtk_widget_set_visible (self->draw_button, !drawn);

  rsc_session_count_outside (self->session, outside);
  for (guint state = 0, n = 0; state < RSC_N_STATES; state++)
    if (outside[state] > 0)
      {
        g_autofree char *number = rsc_number_dup (outside[state]);

        if (n++ == 0)
          /* Translators: followed by "12 examined, 3 freed" */
          g_string_append_printf (text, "%s%s ", text->len > 0 ? " " : "", _("Not drawn:"));
        else
          g_string_append (text, ", ");
        g_string_append_printf (text, _("%s %s"), number, rsc_state_get_label (state));
      }
  gtk_label_set_text (self->outside, text->str);
  gtk_widget_set_visible (self->outside_box, text->len > 0);
  g_string_free (text, TRUE);
}

/* The phases. */

static void
on_phase_clicked (RscStepBar *self, GtkWidget *button)
{
  const guint64 *first = g_object_get_data (G_OBJECT (button), "first");

  rsc_session_go_to_step (self->session, *first + 1);
}

static void
fill_phases (RscStepBar *self)
{
  gsize n;
  const RscPhaseSpan *spans = rsc_replay_get_phases (self->replay, &n);
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (self->phases)) != NULL)
    gtk_box_remove (GTK_BOX (self->phases), child);
  gtk_scale_clear_marks (GTK_SCALE (self->scrubber));
  for (gsize i = 0; i < n; i++)
    {
      GtkWidget *button = gtk_button_new_with_label (rsc_phase_get_label (spans[i].phase));
      g_autofree char *number = rsc_number_dup (spans[i].n_steps);
      g_autofree char *tooltip = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "Go to this phase: %s step", "Go to this phase: %s steps",
                                                               RSC_PLURAL (spans[i].n_steps)), number);

      gtk_widget_set_tooltip_text (button, tooltip);
      gtk_widget_add_css_class (button, "chip");
      gtk_widget_add_css_class (button, "phase");
      g_object_set_data_full (G_OBJECT (button), "first", g_memdup2 (&spans[i].first, sizeof spans[i].first), g_free);
      g_signal_connect_object (button, "clicked", G_CALLBACK (on_phase_clicked), self, G_CONNECT_SWAPPED);
      gtk_box_append (GTK_BOX (self->phases), button);
      if (i > 0)
        gtk_scale_add_mark (GTK_SCALE (self->scrubber), (double) spans[i].first, GTK_POS_BOTTOM, NULL);
    }
}

/* The phase that is now comes into sight, once it has its place. */
static gboolean
scroll_to_phase (gpointer user_data)
{
  RscStepBar *self = user_data;
  GtkAdjustment *adjustment = gtk_scrolled_window_get_hadjustment (self->phase_scroller);

  self->scroll_source = 0;
  for (GtkWidget *child = gtk_widget_get_first_child (self->phases); child != NULL; child = gtk_widget_get_next_sibling (child))
    {
      graphene_rect_t bounds;

      if (gtk_widget_has_css_class (child, "now") && gtk_widget_compute_bounds (child, self->phases, &bounds))
        gtk_adjustment_clamp_page (adjustment, bounds.origin.x, bounds.origin.x + bounds.size.width);
    }

  return G_SOURCE_REMOVE;
}

static void
mark_phase (RscStepBar *self, guint64 position)
{
  gsize n;
  const RscPhaseSpan *spans = rsc_replay_get_phases (self->replay, &n);
  GtkWidget *child = gtk_widget_get_first_child (self->phases);

  for (gsize i = 0; i < n && child != NULL; i++, child = gtk_widget_get_next_sibling (child))
    {
      gboolean now = position > spans[i].first && position <= spans[i].first + spans[i].n_steps;

      if (now == gtk_widget_has_css_class (child, "now"))
        continue;
      if (now)
        gtk_widget_add_css_class (child, "now");
      else
        gtk_widget_remove_css_class (child, "now");
      gtk_accessible_update_property (GTK_ACCESSIBLE (child), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, now ? _("Now") : "", -1);
    }
  if (self->scroll_source == 0)
    self->scroll_source = g_idle_add (scroll_to_phase, self);
}

/* All of it. */

static void
update_position (RscStepBar *self, RscReplayCursor *cursor)
{
  guint64 position = rsc_replay_cursor_get_position (cursor);
  g_autofree char *now = rsc_number_dup (position);
  g_autofree char *all = rsc_number_dup (rsc_replay_get_n_steps (self->replay));
  g_autofree char *text = NULL;

  if (position > 0)
    /* Translators: numbers: "Step 12 of 345: Mark" */
    text = g_strdup_printf (_("Step %s of %s: %s"), now, all, rsc_phase_get_label (rsc_replay_get_phase (self->replay, position - 1)));
  else
    text = g_strdup_printf (_("Step %s of %s"), now, all);
  gtk_label_set_text (self->position, text);
  gtk_range_set_value (self->scrubber, (double) position);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->scrubber), GTK_ACCESSIBLE_PROPERTY_VALUE_TEXT, text, -1);
  mark_phase (self, position);
}

static void
update_step (RscStepBar *self)
{
  RscReplayCursor *cursor = rsc_session_get_steps (self->session);
  RscStep step;
  gboolean any = rsc_replay_cursor_get_step (cursor, &step);
  g_autofree char *sentence = dup_sentence (self, cursor, any ? &step : NULL);
  const char *code = any ? rsc_step_get_code (step.kind) : "";
  const char *hint = self->guide != NULL ? rsc_lesson_guide_get_hint (self->guide) : NULL;
  g_autofree char *spoken = NULL;

  gtk_label_set_text (self->sentence, sentence);
  gtk_label_set_text (self->code, code);
  gtk_widget_set_visible (GTK_WIDGET (self->code), *code != '\0');
  update_position (self, cursor);
  gtk_label_set_text (self->hint, hint != NULL ? hint : "");
  gtk_widget_set_visible (GTK_WIDGET (self->hint), hint != NULL);
  /* What has the focus is heard when its name changes. */
  spoken = g_strdup_printf ("%s. %s%s%s", gtk_label_get_text (self->position), sentence, hint != NULL ? " " : "",
                            hint != NULL ? hint : "");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->sentence_box), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken,
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, code, -1);
  update_outside (self, any ? &step : NULL);
  /* What it comes to is said where it begins and where it ends. */
  gtk_widget_set_visible (GTK_WIDGET (self->note), !any || step.index + 1 == rsc_replay_get_n_steps (self->replay));
}

static void
fill (RscStepBar *self)
{
  g_autofree char *title = dup_title (self->replay);
  g_autofree char *note = dup_note (self->replay);
  guint64 n_steps = rsc_replay_get_n_steps (self->replay);

  gtk_label_set_text (self->title, title);
  gtk_label_set_text (self->note, note);
  gtk_range_set_range (self->scrubber, 0, MAX ((double) n_steps, 1));
  gtk_range_set_increments (self->scrubber, 1, MAX (round ((double) n_steps / 20), 1));
  fill_phases (self);
  gtk_widget_set_visible (self->real_button, rsc_replay_get_kind (self->replay) == RSC_REPLAY_COLLECTION &&
                          rsc_session_is_program (self->session));
}

static gboolean
has_focus (RscStepBar *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;

  return focus != NULL && gtk_widget_is_ancestor (focus, GTK_WIDGET (self));
}

static void
on_steps_changed (RscStepBar *self)
{
  RscReplayCursor *cursor = rsc_session_get_steps (self->session);
  RscReplay *replay = cursor != NULL ? rsc_replay_cursor_get_replay (cursor) : NULL;
  gboolean begun = replay != NULL && replay != self->replay;
  gboolean focused;

  if (replay == NULL)
    {
      rsc_step_bar_set_playing (self, FALSE);
      focused = has_focus (self);
      g_clear_pointer (&self->replay, rsc_replay_unref);
      gtk_widget_hide (GTK_WIDGET (self));
      if (focused)
        g_signal_emit (self, signals[ENDED], 0);
      return;
    }

  self->filling = TRUE;
  if (begun)
    {
      rsc_step_bar_set_playing (self, FALSE);
      g_clear_pointer (&self->replay, rsc_replay_unref);
      self->replay = rsc_replay_ref (replay);
      fill (self);
    }
  update_step (self);
  self->filling = FALSE;

  if (begun)
    {
      gtk_widget_show (GTK_WIDGET (self));
      gtk_widget_grab_focus (self->sentence_box);
    }
}

static void
on_scene_changed (RscStepBar *self)
{
  if (self->replay != NULL && rsc_session_get_steps (self->session) != NULL)
    on_steps_changed (self);
}

static void
on_selected_changed (RscStepBar *self)
{
  gtk_widget_set_sensitive (self->own_buttons, rsc_session_get_selected (self->session) != RSC_NODE_NONE);
}

/* Going. */

void
rsc_step_bar_go (RscStepBar *self, const char *where)
{
  RscReplayCursor *cursor = rsc_session_get_steps (self->session);
  gboolean forwards = g_str_has_prefix (where, "next-");
  const char *grain = strchr (where, '-');

  if (cursor == NULL)
    return;

  if (strcmp (where, "next-step") == 0 && self->guide != NULL &&
      rsc_replay_cursor_get_position (cursor) == rsc_replay_get_n_steps (self->replay))
    rsc_lesson_guide_go_on (self->guide);
  else if (strcmp (where, "first") == 0)
    rsc_session_go_to_step (self->session, 0);
  else if (strcmp (where, "last") == 0)
    rsc_session_go_to_step (self->session, rsc_replay_get_n_steps (self->replay));
  else if (g_strcmp0 (grain, "-step") == 0 && gtk_toggle_button_get_active (self->drawn_button))
    rsc_session_seek_drawn_step (self->session, forwards);
  else if (g_strcmp0 (grain, "-step") == 0)
    rsc_session_go_to_step (self->session, rsc_replay_cursor_find (cursor, RSC_GRAIN_STEP, forwards));
  else if (g_strcmp0 (grain, "-object") == 0)
    rsc_session_go_to_step (self->session, rsc_replay_cursor_find (cursor, RSC_GRAIN_OBJECT, forwards));
  else if (g_strcmp0 (grain, "-phase") == 0)
    rsc_session_go_to_step (self->session, rsc_replay_cursor_find (cursor, RSC_GRAIN_PHASE, forwards));
  else if (g_strcmp0 (grain, "-own") == 0)
    rsc_session_seek_own_step (self->session, forwards);
}

static gboolean
play_on (gpointer user_data)
{
  RscStepBar *self = user_data;
  RscReplayCursor *cursor = rsc_session_get_steps (self->session);

  if (cursor == NULL || rsc_replay_cursor_get_position (cursor) == rsc_replay_get_n_steps (self->replay))
    {
      self->play_source = 0;
      rsc_step_bar_set_playing (self, FALSE);
      return G_SOURCE_REMOVE;
    }
  rsc_step_bar_go (self, "next-step");

  return G_SOURCE_CONTINUE;
}

void
rsc_step_bar_set_playing (RscStepBar *self, gboolean playing)
{
  guint speed = MIN (gtk_drop_down_get_selected (self->speed), G_N_ELEMENTS (speeds) - 1);
  const char *name = playing ? _("Pause") : _("Play");

  g_clear_handle_id (&self->play_source, g_source_remove);
  if (playing)
    self->play_source = g_timeout_add (1000 / speeds[speed], play_on, self);
  gtk_button_set_icon_name (self->play_button, playing ? "media-playback-pause-symbolic" : "media-playback-start-symbolic");
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->play_button), playing ? _("Pause (P)") : _("Play the steps (P)"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->play_button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

gboolean
rsc_step_bar_get_playing (RscStepBar *self)
{
  return self->play_source != 0;
}

static void
on_speed_changed (RscStepBar *self)
{
  if (self->play_source != 0)
    rsc_step_bar_set_playing (self, TRUE);
}

static void
on_play_clicked (RscStepBar *self)
{
  rsc_step_bar_set_playing (self, self->play_source == 0);
}

static void
on_scrubbed (RscStepBar *self)
{
  double value = gtk_range_get_value (self->scrubber);

  if (!self->filling && self->session != NULL)
    rsc_session_go_to_step (self->session, (guint64) MAX (round (value), 0));
}

static void
on_draw_clicked (RscStepBar *self)
{
  rsc_session_draw_step (self->session);
  /* The button goes with what it did. */
  gtk_widget_grab_focus (self->sentence_box);
}

static void
on_follow_toggled (RscStepBar *self, GtkToggleButton *button)
{
  rsc_session_set_follow_steps (self->session, gtk_toggle_button_get_active (button));
}

static void
on_close_clicked (RscStepBar *self)
{
  rsc_session_stop_stepping (self->session);
}

static const struct
{
  guint key;
  const char *where;
} keys[] = {
  { GDK_KEY_Left, "previous-step" },
  { GDK_KEY_comma, "previous-step" },
  { GDK_KEY_Right, "next-step" },
  { GDK_KEY_period, "next-step" },
  { GDK_KEY_Up, "previous-object" },
  { GDK_KEY_Down, "next-object" },
  { GDK_KEY_Page_Up, "previous-phase" },
  { GDK_KEY_Page_Down, "next-phase" },
  { GDK_KEY_Home, "first" },
  { GDK_KEY_End, "last" },
};

static gboolean
on_key_pressed (RscStepBar *self, guint key, guint code, GdkModifierType modifiers)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;

  /* A list of choices has keys of its own, and a surface. */
  if ((modifiers & gtk_accelerator_get_default_mod_mask ()) != 0 || focus == NULL ||
      gtk_widget_get_native (focus) != gtk_widget_get_native (GTK_WIDGET (self)))
    return GDK_EVENT_PROPAGATE;

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    if (keys[i].key == key)
      {
        rsc_step_bar_go (self, keys[i].where);
        return GDK_EVENT_STOP;
      }
  if (key == GDK_KEY_p || key == GDK_KEY_P)
    {
      on_play_clicked (self);
      return GDK_EVENT_STOP;
    }
  if (key == GDK_KEY_Escape)
    {
      on_close_clicked (self);
      return GDK_EVENT_STOP;
    }

  return GDK_EVENT_PROPAGATE;
}

void
rsc_step_bar_set_guide (RscStepBar *self, RscLessonGuide *guide)
{
  g_set_object (&self->guide, guide);
}

void
rsc_step_bar_set_session (RscStepBar *self, RscSession *session)
{
  g_return_if_fail (self->session == NULL);

  self->session = g_object_ref (session);
  g_signal_connect_object (session, "notify::steps", G_CALLBACK (on_steps_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::scene", G_CALLBACK (on_scene_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::selected", G_CALLBACK (on_selected_changed), self, G_CONNECT_SWAPPED);
  on_selected_changed (self);
}

/* It wraps, so its height depends on its width; where that is too much, it scrolls. */
static void
rsc_step_bar_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                      int *minimum_baseline, int *natural_baseline)
{
  RscStepBar *self = RSC_STEP_BAR (widget);

  gtk_widget_measure (self->content, orientation, for_size, minimum, natural, NULL, NULL);
  if (orientation == GTK_ORIENTATION_VERTICAL)
    *minimum = MIN (*minimum, HEIGHT_MIN);
  *minimum_baseline = *natural_baseline = -1;
}

static void
rsc_step_bar_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  gtk_widget_allocate (RSC_STEP_BAR (widget)->scroller, width, height, -1, NULL);
}

static GtkSizeRequestMode
rsc_step_bar_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
rsc_step_bar_dispose (GObject *object)
{
  RscStepBar *self = RSC_STEP_BAR (object);

  self->filling = TRUE;
  g_clear_handle_id (&self->play_source, g_source_remove);
  g_clear_handle_id (&self->scroll_source, g_source_remove);
  g_clear_pointer (&self->replay, rsc_replay_unref);
  g_clear_object (&self->guide);
  g_clear_object (&self->session);
  rsc_template_dispose (GTK_WIDGET (self), RSC_TYPE_STEP_BAR);

  G_OBJECT_CLASS (rsc_step_bar_parent_class)->dispose (object);
}

static void
rsc_step_bar_class_init (RscStepBarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rsc_step_bar_dispose;
  widget_class->measure = rsc_step_bar_measure;
  widget_class->size_allocate = rsc_step_bar_size_allocate;
  widget_class->get_request_mode = rsc_step_bar_get_request_mode;

  signals[ENDED] = g_signal_new ("ended", RSC_TYPE_STEP_BAR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);

  g_type_ensure (RSC_TYPE_WRAP_BOX);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/refscope/Refscope/ui/rsc-step-bar.ui");
  gtk_widget_class_set_css_name (widget_class, "stepbar");
  gtk_widget_class_bind_template_child (widget_class, RscStepBar, scroller);
  gtk_widget_class_bind_template_child (widget_class, RscStepBar, content);
  gtk_widget_class_bind_template_child (widget_class, RscStepBar, title);
  gtk_widget_class_bind_template_child (widget_class, RscStepBar, sentence_box);
  gtk_widget_class_bind_template_child (widget_class, RscStepBar, sentence);
  gtk_widget_class_bind_template_child (widget_class, RscStepBar, code);
  gtk_widget_class_bind_template_child (widget_class, RscStepBar, position);
  gtk_widget_class_bind_template_child (widget_class, RscStepBar, outside_box);
  gtk_widget_class_bind_template_child (widget_class, RscStepBar, outside);
  gtk_widget_class_bind_template_child (widget_class, RscStepBar, draw_button);
  gtk_widget_class_bind_template_child (widget_class, RscStepBar, play_button);
  gtk_widget_class_bind_template_child (widget_class, RscStepBar, drawn_button);
  gtk_widget_class_bind_template_child (widget_class, RscStepBar, speed_box);
  gtk_widget_class_bind_template_child (widget_class, RscStepBar, own_buttons);
  gtk_widget_class_bind_template_child (widget_class, RscStepBar, export_button);
  gtk_widget_class_bind_template_child (widget_class, RscStepBar, real_button);
  gtk_widget_class_bind_template_child (widget_class, RscStepBar, scrubber);
  gtk_widget_class_bind_template_child (widget_class, RscStepBar, phase_scroller);
  gtk_widget_class_bind_template_child (widget_class, RscStepBar, phases);
  gtk_widget_class_bind_template_child (widget_class, RscStepBar, note);
  gtk_widget_class_bind_template_child (widget_class, RscStepBar, hint);
  gtk_widget_class_bind_template_callback (widget_class, on_play_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_scrubbed);
  gtk_widget_class_bind_template_callback (widget_class, on_draw_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_follow_toggled);
  gtk_widget_class_bind_template_callback (widget_class, on_close_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_key_pressed);
}

static void
fill_speeds (RscStepBar *self)
{
  GtkStringList *names = gtk_string_list_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (speeds); i++)
    {
      g_autofree char *name = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%u step a second", "%u steps a second", speeds[i]), speeds[i]);

      gtk_string_list_append (names, name);
    }
  self->speed = GTK_DROP_DOWN (gtk_drop_down_new (G_LIST_MODEL (names), NULL));
  gtk_drop_down_set_selected (self->speed, SPEED_DEFAULT);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->speed), _("How fast it plays"));
  rsc_drop_down_set_name (self->speed, _("Speed"));
  gtk_box_append (GTK_BOX (self->speed_box), GTK_WIDGET (self->speed));
  g_signal_connect_object (self->speed, "notify::selected", G_CALLBACK (on_speed_changed), self, G_CONNECT_SWAPPED);
}

static void
rsc_step_bar_init (RscStepBar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  fill_speeds (self);
  gtk_menu_button_set_menu_model (self->export_button, rsc_menus_get ("export_menu"));
  rsc_step_bar_set_playing (self, FALSE);
}
