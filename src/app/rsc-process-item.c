#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-process-item.h"

#include <string.h>

#include "inject/rsc-process-status.h"
#include "rsc-process-origin.h"
#include "rsc-recent-programs.h"
#include "rsc-row-tooltip.h"

struct _RscProcessItem
{
  GObject parent_instance;

  RscPythonProcess *process;
  char *title;   /* "server.py" */
  char *command; /* in one line */
  char *facts;   /* number, parent, user, version, since when, container */
  char *size;
  char *folded;  /* all of it, for the search */

  /* When it began: told once, or it would waver between two seconds. */
  guint64 start;
  char *since;
};

enum
{
  CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RscProcessItem, rsc_process_item, G_TYPE_OBJECT)

static void
forget (RscProcessItem *self)
{
  g_clear_pointer (&self->process, rsc_python_process_free);
  g_clear_pointer (&self->title, g_free);
  g_clear_pointer (&self->command, g_free);
  g_clear_pointer (&self->facts, g_free);
  g_clear_pointer (&self->size, g_free);
  g_clear_pointer (&self->folded, g_free);
}

static void
rsc_process_item_finalize (GObject *object)
{
  forget (RSC_PROCESS_ITEM (object));
  g_free (RSC_PROCESS_ITEM (object)->since);

  G_OBJECT_CLASS (rsc_process_item_parent_class)->finalize (object);
}

static void
rsc_process_item_class_init (RscProcessItemClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rsc_process_item_finalize;

  signals[CHANGED] = g_signal_new ("changed", RSC_TYPE_PROCESS_ITEM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
rsc_process_item_init (RscProcessItem *self)
{
}

/* What a program is given by -c may have many lines. */
static char *
dup_in_one_line (const char *text)
{
  GString *line = g_string_new (NULL);

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar character = g_utf8_get_char (p);

      if (!g_unichar_isspace (character) && !g_unichar_iscntrl (character))
        g_string_append_unichar (line, character);
      else if (line->len > 0 && line->str[line->len - 1] != ' ')
        g_string_append_c (line, ' ');
    }

  return g_strchomp (g_string_free (line, FALSE));
}

static char *
dup_title (const char *command)
{
  g_auto (GStrv) words = g_strsplit (command, " ", -1);

  return words[0] != NULL ? rsc_program_dup_title ((const char *const *) words) : g_strdup (command);
}

static char *
dup_facts (const RscPythonProcess *process, const char *since)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) facts = NULL;
  g_autofree char *pid = NULL;
  g_autofree char *parent = NULL;

  /* Translators: a process's number; in a container it has a second one */
  pid = process->inner_pid == process->pid ? g_strdup_printf (_("PID %d"), (int) process->pid) :
        g_strdup_printf (_("PID %d (%d in its container)"), (int) process->pid, (int) process->inner_pid);
  g_strv_builder_add (builder, pid);
  parent = rsc_process_origin_dup_parent (process->pid);
  if (parent != NULL)
    g_strv_builder_add (builder, parent);
  g_strv_builder_add (builder, process->user);
  if (process->version != NULL)
    {
      g_autofree char *version = g_strdup_printf ("Python %s", process->version);

      g_strv_builder_add (builder, version);
    }
  if (since != NULL)
    g_strv_builder_add (builder, since);
  if (process->container != NULL)
    {
      /* Translators: %s is its name or number */
      g_autofree char *container = g_strdup_printf (_("Container: %s"), process->container);

      g_strv_builder_add (builder, container);
    }
  facts = g_strv_builder_end (builder);

  return g_strjoinv (" · ", facts);
}

static char *
dup_size (const RscPythonProcess *process)
{
  g_autofree char *size = NULL;

  if (process->uss < 0)
    return g_strdup ("");

  size = g_format_size_full ((guint64) process->uss, G_FORMAT_SIZE_IEC_UNITS);

  return g_strdup_printf (_("USS %s"), size);
}

static void
take (RscProcessItem *self, RscPythonProcess *process)
{
  guint64 start = rsc_process_get_start (process->pid);
  g_autofree char *all = NULL;

  forget (self);
  self->process = process;
  self->command = dup_in_one_line (process->command);
  self->title = dup_title (self->command);
  if (start != self->start || start == 0)
    {
      self->start = start;
      g_free (self->since);
      self->since = rsc_process_origin_dup_since (start);
    }
  self->facts = dup_facts (process, self->since);
  self->size = dup_size (process);
  all = g_strdup_printf ("%s\n%s\npid:%d", self->command, self->facts, (int) process->pid);
  self->folded = g_utf8_casefold (all, -1);
}

RscProcessItem *
rsc_process_item_new (RscPythonProcess *process)
{
  RscProcessItem *self = g_object_new (RSC_TYPE_PROCESS_ITEM, NULL);

  take (self, process);

  return self;
}

void
rsc_process_item_update (RscProcessItem *self, RscPythonProcess *process)
{
  g_autofree char *folded = g_steal_pointer (&self->folded);
  g_autofree char *size = g_steal_pointer (&self->size);
  g_autofree char *why_not = g_strdup (self->process->why_not);

  take (self, process);
  if (strcmp (folded, self->folded) != 0 || strcmp (size, self->size) != 0 || g_strcmp0 (why_not, process->why_not) != 0)
    g_signal_emit (self, signals[CHANGED], 0);
}

const RscPythonProcess *
rsc_process_item_get (RscProcessItem *self)
{
  return self->process;
}

gboolean
rsc_process_item_matches (RscProcessItem *self, const char *text)
{
  g_autofree char *folded = g_utf8_casefold (text, -1);
  g_auto (GStrv) words = g_strsplit (folded, " ", -1);

  for (guint i = 0; words[i] != NULL; i++)
    if (strstr (self->folded, words[i]) == NULL)
      return FALSE;

  return TRUE;
}

int
rsc_process_item_compare (gconstpointer a, gconstpointer b)
{
  const RscPythonProcess *first = (*(RscProcessItem *const *) a)->process;
  const RscPythonProcess *second = (*(RscProcessItem *const *) b)->process;

  if ((first->why_not == NULL) != (second->why_not == NULL))
    return first->why_not == NULL ? -1 : 1;

  return (first->pid < second->pid) - (first->pid > second->pid);
}

/* Where the interpreter is says little, and takes the room of what does. */
static const char *
get_shown_command (RscProcessItem *self)
{
  const char *end = strchr (self->command, ' ');
  const char *slash = g_strrstr_len (self->command, end != NULL ? end - self->command : -1, "/");

  return slash != NULL ? slash + 1 : self->command;
}

/* Rows. */

typedef struct
{
  GtkLabel *title;
  GtkLabel *size;
  GtkLabel *command;
  GtkLabel *facts;
  GtkWidget *why_not_box;
  GtkLabel *why_not;
} Row;

static GtkLabel *
add_label (GtkWidget *box, const char *css_class, gboolean wrap)
{
  GtkLabel *label = GTK_LABEL (gtk_label_new (NULL));

  gtk_label_set_xalign (label, 0.0f);
  if (wrap)
    {
      gtk_label_set_wrap (label, TRUE);
      gtk_label_set_wrap_mode (label, PANGO_WRAP_WORD_CHAR);
    }
  else
    gtk_label_set_ellipsize (label, PANGO_ELLIPSIZE_END);
  gtk_widget_add_css_class (GTK_WIDGET (label), css_class);
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (label));

  return label;
}

static void
setup_row (GtkListItemFactory *factory, GtkListItem *list_item, gpointer user_data)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 3);
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  GtkWidget *icon = g_object_new (GTK_TYPE_IMAGE, "icon-name", "changes-prevent-symbolic",
                                  "accessible-role", GTK_ACCESSIBLE_ROLE_PRESENTATION, "valign", GTK_ALIGN_START, NULL);
  Row *row = g_new0 (Row, 1);

  gtk_widget_add_css_class (box, "process-row");
  gtk_box_append (GTK_BOX (box), line);
  row->title = add_label (line, "process-title", FALSE);
  gtk_widget_set_hexpand (GTK_WIDGET (row->title), TRUE);
  row->size = add_label (line, "numeric", FALSE);
  gtk_label_set_ellipsize (row->size, PANGO_ELLIPSIZE_NONE);
  row->command = add_label (box, "process-command", FALSE);
  row->facts = add_label (box, "process-facts", TRUE);
  row->why_not_box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  gtk_box_append (GTK_BOX (row->why_not_box), icon);
  row->why_not = add_label (row->why_not_box, "process-why-not", TRUE);
  gtk_box_append (GTK_BOX (box), row->why_not_box);
  g_object_set_data_full (G_OBJECT (box), "row", row, g_free);
  gtk_list_item_set_child (list_item, box);
}

static char *
dup_description (RscProcessItem *self)
{
  g_autofree char *description = g_strjoin (*self->size != '\0' ? ", " : "", self->title, self->size, NULL);

  if (self->process->why_not != NULL)
    /* Translators: of a running program: its name and memory, its number and user, and why it cannot be attached to */
    return g_strdup_printf (_("%s, %s. Cannot be attached to: %s"), description, self->facts, self->process->why_not);

  return g_strdup_printf ("%s, %s", description, self->facts);
}

static void
show (RscProcessItem *self, GtkListItem *list_item)
{
  GtkWidget *box = gtk_list_item_get_child (list_item);
  Row *row = g_object_get_data (G_OBJECT (box), "row");
  gboolean can = self->process->why_not == NULL;
  g_autofree char *description = dup_description (self);

  gtk_label_set_text (row->title, self->title);
  gtk_label_set_text (row->size, self->size);
  gtk_label_set_text (row->command, get_shown_command (self));
  gtk_label_set_text (row->facts, self->facts);
  gtk_label_set_text (row->why_not, can ? "" : self->process->why_not);
  gtk_widget_set_visible (row->why_not_box, !can);
  if (can)
    gtk_widget_remove_css_class (box, "impossible");
  else
    gtk_widget_add_css_class (box, "impossible");
  rsc_row_tooltip_set (box, self->command);
  /* The row has the focus, so that is where the name belongs. */
  if (gtk_widget_get_parent (box) != NULL)
    {
      GtkAccessible *accessible = GTK_ACCESSIBLE (gtk_widget_get_parent (box));

      gtk_accessible_update_property (accessible, GTK_ACCESSIBLE_PROPERTY_LABEL, description,
                                      GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, self->command, -1);
      gtk_accessible_update_state (accessible, GTK_ACCESSIBLE_STATE_DISABLED, !can, -1);
    }
}

static void
bind_row (GtkListItemFactory *factory, GtkListItem *list_item, gpointer user_data)
{
  RscProcessItem *self = gtk_list_item_get_item (list_item);

  g_signal_connect (self, "changed", G_CALLBACK (show), list_item);
  show (self, list_item);
}

static void
unbind_row (GtkListItemFactory *factory, GtkListItem *list_item, gpointer user_data)
{
  g_signal_handlers_disconnect_by_func (gtk_list_item_get_item (list_item), show, list_item);
}

GtkListItemFactory *
rsc_process_item_factory_new (void)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();

  g_signal_connect (factory, "setup", G_CALLBACK (setup_row), NULL);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_row), NULL);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind_row), NULL);

  return factory;
}
