#include "config.h"

#include "rsc-lesson-bar.h"

#include "rsc-template.h"

struct _RscLessonBar
{
  GtkWidget parent_instance;

  RscSession *session;

  /* Template */
  GtkRevealer *revealer;
  GtkLabel *look_label;
  GtkLabel *explanation_label;
  GtkRevealer *explanation_revealer;
  GtkToggleButton *why_button;
};

G_DEFINE_FINAL_TYPE (RscLessonBar, rsc_lesson_bar, GTK_TYPE_WIDGET)

/* The explanation is for the version of Python at hand, which is known once
 * there is a capture. */
static void
on_capture_changed (RscLessonBar *self)
{
  RscLesson *lesson = rsc_session_get_lesson (self->session);
  RscSnapshot *snapshot = rsc_session_get_snapshot (self->session);
  g_autofree char *explanation = NULL;

  if (lesson == NULL)
    return;

  explanation = rsc_lesson_dup_explanation (lesson, snapshot != NULL ? rsc_snapshot_get_info_string (snapshot, "version") : NULL);
  gtk_label_set_text (self->explanation_label, explanation);
  gtk_widget_set_visible (GTK_WIDGET (self->why_button), *explanation != '\0');
}

static void
on_why_toggled (RscLessonBar *self)
{
  gtk_revealer_set_reveal_child (self->explanation_revealer, gtk_toggle_button_get_active (self->why_button));
}

static void
on_close_clicked (RscLessonBar *self)
{
  gtk_revealer_set_reveal_child (self->revealer, FALSE);
}

void
rsc_lesson_bar_set_session (RscLessonBar *self, RscSession *session)
{
  RscLesson *lesson = rsc_session_get_lesson (session);

  g_return_if_fail (self->session == NULL);

  self->session = g_object_ref (session);
  if (lesson == NULL)
    return;

  gtk_label_set_text (self->look_label, rsc_lesson_get_look (lesson));
  gtk_revealer_set_reveal_child (self->revealer, TRUE);
  g_signal_connect_object (session, "notify::capture", G_CALLBACK (on_capture_changed), self, G_CONNECT_SWAPPED);
  on_capture_changed (self);
}

static void
rsc_lesson_bar_dispose (GObject *object)
{
  RscLessonBar *self = RSC_LESSON_BAR (object);

  g_clear_object (&self->session);
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
  gtk_widget_class_bind_template_child (widget_class, RscLessonBar, look_label);
  gtk_widget_class_bind_template_child (widget_class, RscLessonBar, explanation_label);
  gtk_widget_class_bind_template_child (widget_class, RscLessonBar, explanation_revealer);
  gtk_widget_class_bind_template_child (widget_class, RscLessonBar, why_button);
  gtk_widget_class_bind_template_callback (widget_class, on_why_toggled);
  gtk_widget_class_bind_template_callback (widget_class, on_close_clicked);
}

static void
rsc_lesson_bar_init (RscLessonBar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
