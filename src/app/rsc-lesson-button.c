#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-lesson-button.h"

#include <string.h>

#include "rsc-heap-page.h"

#define SHOW_PREFIX "show:"
#define NAMES_PREFIX "names:"

static const struct
{
  const char *word;
  const char *action;
  const char *label;
} buttons[] = {
  { "continue", "page.continue", N_("Continue") },
  { "capture", "page.capture", N_("Capture") },
  { "collect", "page.collect(uint32 2)", N_("Collect") },
  { "collect0", "page.collect(uint32 0)", N_("Collect Generation 0") },
  { "collect1", "page.collect(uint32 1)", N_("Collect Generation 1") },
  { "cycles", "page.cycles", N_("Cycles") },
  { "steps", "page.step(uint32 2)", N_("Collect Step by Step") },
  { "steps0", "page.step(uint32 0)", N_("Collect Generation 0 Step by Step") },
  { "steps1", "page.step(uint32 1)", N_("Collect Generation 1 Step by Step") },
  { "mark", "page.step-mark-here", N_("Mark Step by Step") },
  { "drop", "page.step-drop", N_("Drop Its References Step by Step") },
  { "refs", "page.direction('refs')", N_("References") },
  { "backrefs", "page.direction('backrefs')", N_("Referrers") },
  { "both", "page.direction('both')", N_("Both Directions") },
  { "deeper", "page.deeper", N_("One Step Deeper") },
  { "memory", "page.collector", N_("Memory Plot") },
  { "output", "page.output", N_("Output") },
  { "export", "page.export('png')", N_("Export Picture…") }
};

/* The first key of an action; NULL: it has none. */
static char *
dup_key (const char *action)
{
  const RscHeapPageAccel *accels;
  gsize n_accels;

  accels = rsc_heap_page_get_accels (&n_accels);
  for (gsize i = 0; i < n_accels; i++)
    {
      guint key;
      GdkModifierType modifiers;

      if (accels[i].accels[0] != NULL && strcmp (accels[i].action, action) == 0 &&
          gtk_accelerator_parse (accels[i].accels[0], &key, &modifiers))
        return gtk_accelerator_get_label (key, modifiers);
    }

  return NULL;
}

static GtkWidget *
make (const char *label, const char *key)
{
  GtkWidget *button = gtk_button_new ();
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *text = gtk_label_new (label);
  g_autofree char *name = key != NULL ? g_strdup_printf ("%s (%s)", label, key) : g_strdup (label);

  gtk_label_set_ellipsize (GTK_LABEL (text), PANGO_ELLIPSIZE_END);
  gtk_box_append (GTK_BOX (box), text);
  if (key != NULL)
    {
      GtkWidget *hint = gtk_label_new (key);

      gtk_widget_add_css_class (hint, "lesson-key");
      gtk_box_append (GTK_BOX (box), hint);
    }
  gtk_widget_add_css_class (button, "lesson-button");
  gtk_button_set_child (GTK_BUTTON (button), box);
  gtk_widget_set_tooltip_text (button, name);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);

  return button;
}

GtkWidget *
rsc_lesson_button_new (const char *word)
{
  if (g_str_has_prefix (word, SHOW_PREFIX))
    {
      const char *object = word + strlen (SHOW_PREFIX);
      const char *name = strrchr (object, ':');
      g_autofree char *label = NULL;
      GtkWidget *button;

      /* Translators: %s is the name or the type of an object of the program */
      label = g_strdup_printf (_("Show %s"), name != NULL ? name + 1 : object);
      button = make (label, NULL);
      gtk_actionable_set_action_target (GTK_ACTIONABLE (button), "s", object);
      gtk_actionable_set_action_name (GTK_ACTIONABLE (button), "page.show-object");

      return button;
    }

  if (g_str_has_prefix (word, NAMES_PREFIX))
    {
      g_auto (GStrv) names = g_strsplit (word + strlen (NAMES_PREFIX), ",", -1);
      GtkWidget *button = make (_("Drop the Names Step by Step"), NULL);

      gtk_actionable_set_action_target (GTK_ACTIONABLE (button), "^as", names);
      gtk_actionable_set_action_name (GTK_ACTIONABLE (button), "page.step-drop-names");

      return button;
    }

  for (gsize i = 0; i < G_N_ELEMENTS (buttons); i++)
    if (strcmp (buttons[i].word, word) == 0)
      {
        g_autofree char *key = dup_key (buttons[i].action);
        GtkWidget *button = make (_(buttons[i].label), key);

        gtk_actionable_set_detailed_action_name (GTK_ACTIONABLE (button), buttons[i].action);

        return button;
      }

  return NULL;
}
