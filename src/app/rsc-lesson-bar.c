#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-lesson-bar.h"

#include "rsc-reveal.h"
#include "rsc-template.h"

struct _RscLessonBar
{
  GtkWidget parent_instance;

  RscLessonGuide *guide;

  /* Template */
  GtkRevealer *revealer;
  GtkLabel *step_label;
  GtkLabel *look_label;
  GtkButton *read_button;
};

G_DEFINE_FINAL_TYPE (RscLessonBar, rsc_lesson_bar, GTK_TYPE_WIDGET)

static void
on_guide_changed (RscLessonBar *self)
{
  RscLesson *lesson = rsc_lesson_guide_get_lesson (self->guide);
  int current = rsc_lesson_guide_get_current (self->guide);
  g_autofree char *title = NULL;
  g_autofree char *look = NULL;

  if (current < 0)
    {
      gtk_label_set_text (self->step_label, rsc_lesson_get_title (lesson));
      gtk_label_set_text (self->look_label, rsc_lesson_get_look (lesson));
      return;
    }

  /* Translators: the number of a lesson's step, how many there are, its title */
  title = g_strdup_printf (_("%d of %u: %s"), current + 1, rsc_lesson_get_n_steps (lesson),
                           rsc_lesson_step_get_title (rsc_lesson_get_step (lesson, (guint) current)));
  look = rsc_lesson_guide_dup_look (self->guide, (guint) current);
  gtk_label_set_text (self->step_label, title);
  gtk_label_set_text (self->look_label, look);
}

void
rsc_lesson_bar_set_guide (RscLessonBar *self, RscLessonGuide *guide)
{
  g_return_if_fail (self->guide == NULL);

  self->guide = g_object_ref (guide);
  g_signal_connect_object (guide, "changed", G_CALLBACK (on_guide_changed), self, G_CONNECT_SWAPPED);
  on_guide_changed (self);
}

void
rsc_lesson_bar_set_revealed (RscLessonBar *self, gboolean revealed)
{
  rsc_reveal (self->revealer, revealed && self->guide != NULL);
}

void
rsc_lesson_bar_set_compact (RscLessonBar *self, gboolean compact)
{
  if (compact)
    gtk_button_set_icon_name (self->read_button, "refscope-lesson-symbolic");
  else
    gtk_button_set_label (self->read_button, C_("lesson", "Read"));
}

static void
on_close_clicked (RscLessonBar *self)
{
  rsc_lesson_bar_set_revealed (self, FALSE);
}

static void
rsc_lesson_bar_dispose (GObject *object)
{
  RscLessonBar *self = RSC_LESSON_BAR (object);

  g_clear_object (&self->guide);
  rsc_template_dispose (GTK_WIDGET (self), RSC_TYPE_LESSON_BAR);

  G_OBJECT_CLASS (rsc_lesson_bar_parent_class)->dispose (object);
}

static void
rsc_lesson_bar_class_init (RscLessonBarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rsc_lesson_bar_dispose;

  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/refscope/Refscope/ui/rsc-lesson-bar.ui");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "lessonbar");
  gtk_widget_class_bind_template_child (widget_class, RscLessonBar, revealer);
  gtk_widget_class_bind_template_child (widget_class, RscLessonBar, step_label);
  gtk_widget_class_bind_template_child (widget_class, RscLessonBar, look_label);
  gtk_widget_class_bind_template_child (widget_class, RscLessonBar, read_button);
  gtk_widget_class_bind_template_callback (widget_class, on_close_clicked);
}

static void
rsc_lesson_bar_init (RscLessonBar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
