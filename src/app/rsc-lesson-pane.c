#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-lesson-pane.h"

#include "rsc-lesson-button.h"
#include "rsc-template.h"
#include "rsc-wrap-box.h"

#define LAST_LESSON 8

typedef struct
{
  GtkWidget *card;
  GtkWidget *header;
  GtkWidget *revealer;
  GtkLabel *number;
  GtkLabel *look;
  GtkLabel *press;
  GtkLabel *meaning;
} Step;

struct _RscLessonPane
{
  GtkWidget parent_instance;

  RscLessonGuide *guide;
  GArray *steps;   /* of Step */
  int shown;       /* the step that was opened as the one that is now */
  guint scrolling;

  /* Template */
  GtkScrolledWindow *scroller;
  GtkLabel *number_label;
  GtkLabel *title_label;
  GtkLabel *version_label;
  GtkBox *steps_box;
};

G_DEFINE_FINAL_TYPE (RscLessonPane, rsc_lesson_pane, GTK_TYPE_WIDGET)

/* The current step's head goes to the top of what is in sight. */
static gboolean
scroll_to_shown (gpointer user_data)
{
  RscLessonPane *self = user_data;
  GtkAdjustment *adjustment = gtk_scrolled_window_get_vadjustment (self->scroller);
  graphene_rect_t bounds;

  self->scrolling = 0;
  if (self->shown >= 0 &&
      gtk_widget_compute_bounds (g_array_index (self->steps, Step, self->shown).card, GTK_WIDGET (self->steps_box), &bounds))
    {
      graphene_point_t top = GRAPHENE_POINT_INIT (0, bounds.origin.y), there;
      GtkWidget *content = gtk_widget_get_parent (GTK_WIDGET (self->steps_box));

      if (gtk_widget_compute_point (GTK_WIDGET (self->steps_box), content, &top, &there))
        gtk_adjustment_set_value (adjustment, self->shown == 0 ? 0 : there.y - 6);
    }

  return G_SOURCE_REMOVE;
}

static void
set_text (GtkLabel *label, char *text)
{
  gtk_label_set_text (label, text);
  g_free (text);
}

static void
on_guide_changed (RscLessonPane *self)
{
  int current = rsc_lesson_guide_get_current (self->guide);
  const char *version = rsc_lesson_guide_get_version (self->guide);

  for (guint i = 0; i < self->steps->len; i++)
    {
      Step *step = &g_array_index (self->steps, Step, i);
      gboolean now = (int) i == current;
      gboolean reached = rsc_lesson_guide_is_reached (self->guide, i);
      const char *state;

      set_text (step->look, rsc_lesson_guide_dup_look (self->guide, i));
      set_text (step->press, rsc_lesson_guide_dup_press (self->guide, i));
      set_text (step->meaning, rsc_lesson_guide_dup_meaning (self->guide, i));
      gtk_widget_remove_css_class (step->card, "now");
      gtk_widget_remove_css_class (step->card, "done");
      if (now)
        {
          gtk_widget_add_css_class (step->card, "now");
          state = C_("step of a lesson", "Now");
        }
      else if (reached)
        {
          gtk_widget_add_css_class (step->card, "done");
          state = C_("step of a lesson", "Done");
        }
      else
        state = C_("step of a lesson", "To come");
      if (reached && !now)
        gtk_label_set_text (step->number, "✓");
      gtk_accessible_update_property (GTK_ACCESSIBLE (step->header), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, state, -1);
    }

  if (version != NULL)
    {
      g_autofree char *text = g_strdup_printf (_("CPython %s"), version);

      gtk_label_set_text (self->version_label, text);
    }
  gtk_widget_set_visible (GTK_WIDGET (self->version_label), version != NULL);

  if (current >= 0 && current != self->shown)
    {
      if (self->shown >= 0)
        gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (g_array_index (self->steps, Step, self->shown).header), FALSE);
      gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (g_array_index (self->steps, Step, current).header), TRUE);
      self->shown = current;
      /* Once the cards have their sizes. */
      if (self->scrolling == 0)
        self->scrolling = g_timeout_add (300, scroll_to_shown, self);
    }
}

/* Building. */

static GtkLabel *
add_text (GtkWidget *box, const char *heading, const char *css_class)
{
  GtkWidget *part = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *label = gtk_label_new (NULL);
  GtkWidget *head = gtk_label_new (heading);

  gtk_label_set_xalign (GTK_LABEL (head), 0);
  gtk_widget_add_css_class (head, "lesson-heading");
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_widget_add_css_class (label, css_class);
  gtk_box_append (GTK_BOX (part), head);
  gtk_box_append (GTK_BOX (part), label);
  gtk_box_append (GTK_BOX (box), part);

  return GTK_LABEL (label);
}

static void
add_step (RscLessonPane *self, guint index)
{
  RscLessonStep *text = rsc_lesson_get_step (rsc_lesson_guide_get_lesson (self->guide), index);
  const char *const *buttons = rsc_lesson_step_get_buttons (text);
  g_autofree char *number = g_strdup_printf ("%u", index + 1);
  GtkWidget *head = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 9);
  GtkWidget *title = gtk_label_new (rsc_lesson_step_get_title (text));
  GtkWidget *body = gtk_box_new (GTK_ORIENTATION_VERTICAL, 12);
  Step step = { .card = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0), .header = gtk_toggle_button_new (), .revealer = gtk_revealer_new (),
                .number = GTK_LABEL (gtk_label_new (number)) };

  gtk_widget_add_css_class (GTK_WIDGET (step.number), "lesson-number");
  gtk_widget_set_valign (GTK_WIDGET (step.number), GTK_ALIGN_START);
  gtk_label_set_xalign (GTK_LABEL (title), 0);
  gtk_label_set_wrap (GTK_LABEL (title), TRUE);
  gtk_widget_set_hexpand (title, TRUE);
  gtk_box_append (GTK_BOX (head), GTK_WIDGET (step.number));
  gtk_box_append (GTK_BOX (head), title);
  gtk_button_set_child (GTK_BUTTON (step.header), head);
  gtk_widget_add_css_class (step.header, "flat");
  gtk_widget_add_css_class (step.header, "lesson-head");
  gtk_widget_set_tooltip_text (step.header, _("Show or hide this step’s text"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (step.header), GTK_ACCESSIBLE_PROPERTY_LABEL, rsc_lesson_step_get_title (text), -1);

  gtk_widget_add_css_class (body, "lesson-body");
  step.look = add_text (body, _("What to look at"), "lesson-look");
  step.press = add_text (body, _("What to press"), "lesson-press");
  if (buttons != NULL)
    {
      GtkWidget *row = rsc_wrap_box_new ();

      gtk_widget_add_css_class (row, "lesson-buttons");
      for (guint i = 0; buttons[i] != NULL; i++)
        {
          GtkWidget *button = rsc_lesson_button_new (buttons[i]);

          if (button != NULL)
            rsc_wrap_box_append (RSC_WRAP_BOX (row), button);
        }
      gtk_box_append (GTK_BOX (body), row);
    }
  step.meaning = add_text (body, _("What it means"), "lesson-meaning");

  gtk_revealer_set_child (GTK_REVEALER (step.revealer), body);
  g_object_bind_property (step.header, "active", step.revealer, "reveal-child", G_BINDING_SYNC_CREATE);
  gtk_box_append (GTK_BOX (step.card), step.header);
  gtk_box_append (GTK_BOX (step.card), step.revealer);
  gtk_widget_add_css_class (step.card, "lesson-step");
  gtk_box_append (self->steps_box, step.card);
  g_array_append_val (self->steps, step);
}

void
rsc_lesson_pane_set_guide (RscLessonPane *self, RscLessonGuide *guide)
{
  RscLesson *lesson = rsc_lesson_guide_get_lesson (guide);
  guint number = rsc_lesson_get_number (lesson);

  g_return_if_fail (self->guide == NULL);

  self->guide = g_object_ref (guide);
  gtk_label_set_text (self->title_label, rsc_lesson_get_title (lesson));
  if (number == 0)
    gtk_label_set_text (self->number_label, _("Demonstration"));
  else
    set_text (self->number_label, g_strdup_printf (_("Lesson %u of %u"), number, LAST_LESSON));
  for (guint i = 0; i < rsc_lesson_get_n_steps (lesson); i++)
    add_step (self, i);
  g_signal_connect_object (guide, "changed", G_CALLBACK (on_guide_changed), self, G_CONNECT_SWAPPED);
  on_guide_changed (self);
}

static void
rsc_lesson_pane_dispose (GObject *object)
{
  RscLessonPane *self = RSC_LESSON_PANE (object);

  g_clear_handle_id (&self->scrolling, g_source_remove);
  g_clear_object (&self->guide);
  rsc_template_dispose (GTK_WIDGET (self), RSC_TYPE_LESSON_PANE);

  G_OBJECT_CLASS (rsc_lesson_pane_parent_class)->dispose (object);
}

static void
rsc_lesson_pane_finalize (GObject *object)
{
  g_array_unref (RSC_LESSON_PANE (object)->steps);

  G_OBJECT_CLASS (rsc_lesson_pane_parent_class)->finalize (object);
}

static void
rsc_lesson_pane_class_init (RscLessonPaneClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rsc_lesson_pane_dispose;
  G_OBJECT_CLASS (klass)->finalize = rsc_lesson_pane_finalize;

  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/refscope/Refscope/ui/rsc-lesson-pane.ui");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "lessonpane");
  gtk_widget_class_bind_template_child (widget_class, RscLessonPane, scroller);
  gtk_widget_class_bind_template_child (widget_class, RscLessonPane, number_label);
  gtk_widget_class_bind_template_child (widget_class, RscLessonPane, title_label);
  gtk_widget_class_bind_template_child (widget_class, RscLessonPane, version_label);
  gtk_widget_class_bind_template_child (widget_class, RscLessonPane, steps_box);
}

static void
rsc_lesson_pane_init (RscLessonPane *self)
{
  self->steps = g_array_new (FALSE, FALSE, sizeof (Step));
  self->shown = -1;
  gtk_widget_init_template (GTK_WIDGET (self));
}
