#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-object-item.h"

#include <string.h>

#include "graph/rsc-graph.h"

#include "rsc-row-tooltip.h"

/* Of how it is referred to: less than the first is never cut, more than the
 * second always, as the type beside it is to be read, too. */
#define PREFIX_CHARS_MIN 16
#define PREFIX_CHARS_MAX 24
/* Of what an object without a value of its own is told by. */
#define BRIEF_EDGES 16
#define BRIEF_ATTRIBUTES 3

/* Of a row: what it shows. */
#define ITEM "rsc-object-item"

struct _RscObjectItem
{
  GObject parent_instance;

  RscSnapshot *snapshot;
  RscNode node;
  char *prefix;
  char *note;
  char *spoken;
  int index;
  guint64 edge;
};

G_DEFINE_FINAL_TYPE (RscObjectItem, rsc_object_item, G_TYPE_OBJECT)

static void
rsc_object_item_finalize (GObject *object)
{
  RscObjectItem *self = RSC_OBJECT_ITEM (object);

  g_clear_pointer (&self->snapshot, rsc_snapshot_unref);
  g_free (self->prefix);
  g_free (self->note);
  g_free (self->spoken);

  G_OBJECT_CLASS (rsc_object_item_parent_class)->finalize (object);
}

static void
rsc_object_item_class_init (RscObjectItemClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rsc_object_item_finalize;
}

static void
rsc_object_item_init (RscObjectItem *self)
{
  self->node = RSC_NODE_NONE;
  self->index = -1;
  self->edge = G_MAXUINT64;
}

RscObjectItem *
rsc_object_item_new (RscSnapshot *snapshot, RscNode node, const char *prefix, const char *note)
{
  RscObjectItem *self = g_object_new (RSC_TYPE_OBJECT_ITEM, NULL);

  self->snapshot = rsc_snapshot_ref (snapshot);
  self->node = node;
  self->prefix = g_strdup (prefix);
  self->note = g_strdup (note);

  return self;
}

RscNode
rsc_object_item_get_node (RscObjectItem *self)
{
  return self->node;
}

RscSnapshot *
rsc_object_item_get_snapshot (RscObjectItem *self)
{
  return self->snapshot;
}

int
rsc_object_item_get_index (RscObjectItem *self)
{
  return self->index;
}

void
rsc_object_item_set_index (RscObjectItem *self, int index)
{
  self->index = index;
}

guint64
rsc_object_item_get_edge (RscObjectItem *self)
{
  return self->edge;
}

void
rsc_object_item_set_edge (RscObjectItem *self, guint64 edge)
{
  self->edge = edge;
}

void
rsc_object_item_take_spoken (RscObjectItem *self, char *spoken)
{
  g_free (self->spoken);
  self->spoken = spoken;
}

char *
rsc_node_dup_type (RscSnapshot *snapshot, RscNode node, gboolean with_module)
{
  const RscColumns *columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_NODES | RSC_BLOCK_STRINGS, NULL);
  RscType type;

  if (columns == NULL || node >= columns->n_nodes)
    return g_strdup ("?");

  type = rsc_snapshot_get_type (snapshot, columns->type[node]);
  if (!with_module || *type.module == '\0' || strcmp (type.module, "builtins") == 0)
    return g_strdup (type.name);

  return g_strdup_printf ("%s.%s", type.module, type.name);
}

/* "func (/srv/shop.py:21)" in a sentence: "func, shop.py:21". */
static char *
dup_place (const char *value)
{
  const char *open = strstr (value, " (");
  const char *slash = strrchr (value, '/');
  const char *file;

  if (open == NULL || !g_str_has_suffix (value, ")"))
    return g_strdup (value);

  file = slash != NULL && slash > open ? slash + 1 : open + strlen (" (");

  return g_strdup_printf ("%.*s, %.*s", (int) (open - value), value, (int) strlen (file) - 1, file);
}

char *
rsc_node_dup_name (RscSnapshot *snapshot, RscNode node)
{
  g_autofree char *type = rsc_node_dup_type (snapshot, node, FALSE);
  g_autofree char *value = rsc_node_dup_value (snapshot, node);

  if (value == NULL || *value == '\0')
    return g_steal_pointer (&type);
  if (g_str_has_prefix (rsc_snapshot_get_info_string (snapshot, "runtime"), "DOT"))
    return g_steal_pointer (&value);
  if (strcmp (type, "frame") == 0)
    {
      g_autofree char *place = dup_place (value);

      return g_strdup_printf (_("%s (%s)"), type, place);
    }

  /* Translators: an object's type and its value: "list (2 items)" */
  return g_strdup_printf (_("%s (%s)"), type, value);
}

char *
rsc_node_dup_title (RscSnapshot *snapshot, RscNode node)
{
  g_autofree char *type = rsc_node_dup_type (snapshot, node, FALSE);
  g_autofree char *value = rsc_node_dup_value (snapshot, node);

  if (value == NULL || *value == '\0')
    return g_steal_pointer (&type);

  return g_strdup_printf ("%s %s", type, value);
}

/* An attribute whose value is said in a word. */
static gboolean
append_attribute (GString *text, RscSnapshot *snapshot, const RscColumns *columns, guint64 edge)
{
  g_autofree char *label = rsc_snapshot_dup_edge_label (snapshot, edge);
  g_autofree char *value = rsc_node_dup_value (snapshot, columns->target[edge]);

  if (*label != '.' || value == NULL || *value == '\0' || strpbrk (value, "\r\n") != NULL)
    return FALSE;

  g_string_append_printf (text, "%s%s: %s", text->len > 0 ? ", " : "", label + 1, value);
  return TRUE;
}

/* Tells instances of one class apart: "customer: 'Mei 8', items: 3 items"; at most @max attributes. */
static char *
dup_brief (RscSnapshot *snapshot, RscNode node, guint max)
{
  const RscColumns *columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_NODES | RSC_BLOCK_EDGES | RSC_BLOCK_STRINGS, NULL);
  GString *text = g_string_new (NULL);
  guint n = 0;

  for (guint64 e = columns != NULL ? columns->first_edge[node] : 0;
       columns != NULL && e < columns->first_edge[node + 1] && e - columns->first_edge[node] < BRIEF_EDGES && n < max; e++)
    n += append_attribute (text, snapshot, columns, e);

  return g_string_free (text, FALSE);
}

char *
rsc_node_dup_long_name (RscSnapshot *snapshot, RscNode node)
{
  g_autofree char *value = rsc_node_dup_value (snapshot, node);
  g_autofree char *brief = value == NULL || *value == '\0' ? dup_brief (snapshot, node, 1) : NULL;
  g_autofree char *type = NULL;

  if (brief == NULL || *brief == '\0')
    return rsc_node_dup_name (snapshot, node);
  type = rsc_node_dup_type (snapshot, node, FALSE);

  return g_strdup_printf (_("%s (%s)"), type, brief);
}

static char *
dup_size (RscObjectItem *self)
{
  const RscColumns *columns = rsc_snapshot_get_columns (self->snapshot, RSC_BLOCK_NODES, NULL);

  if (self->node == RSC_NODE_NONE || columns == NULL || columns->size[self->node] == 0)
    return NULL;

  return g_format_size_full (columns->size[self->node], G_FORMAT_SIZE_IEC_UNITS);
}

char *
rsc_object_item_dup_description (RscObjectItem *self)
{
  GString *text = g_string_new (NULL);

  if (self->prefix != NULL)
    g_string_append_printf (text, "%s: ", self->prefix);
  if (self->node != RSC_NODE_NONE)
    {
      g_autofree char *title = rsc_node_dup_title (self->snapshot, self->node);
      g_autofree char *size = dup_size (self);

      g_string_append (text, title);
      if (size != NULL)
        g_string_append_printf (text, ", %s", size);
    }
  if (self->note != NULL)
    g_string_append_printf (text, "%s%s", text->len > 0 && self->node != RSC_NODE_NONE ? ", " : "", self->note);

  return g_string_free (text, FALSE);
}

/* What is seen as signs is said in words. */
static char *
dup_spoken (RscObjectItem *self)
{
  g_autofree char *title = NULL;
  g_autofree char *size = NULL;

  if (self->spoken == NULL)
    return rsc_object_item_dup_description (self);
  if (self->node == RSC_NODE_NONE)
    return g_strdup (self->spoken);

  title = rsc_node_dup_title (self->snapshot, self->node);
  size = dup_size (self);

  return g_strjoin (", ", title, self->spoken, size, NULL);
}

/* The row: how it is referred to, and the type; below them the value or the
 * note. The size stands at the end of the first line, or where that is needed for
 * how it is referred to, of the second. */

typedef struct
{
  GtkWidget *prefix;
  GtkWidget *type;
  GtkWidget *size;
  GtkWidget *value;
  GtkWidget *size_below;
} Row;

static GtkWidget *
add_label (GtkBox *box, PangoEllipsizeMode ellipsize, const char *css_class)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_ellipsize (GTK_LABEL (label), ellipsize);
  gtk_label_set_xalign (GTK_LABEL (label), 0.0f);
  if (css_class != NULL)
    gtk_widget_add_css_class (label, css_class);
  gtk_box_append (box, label);

  return label;
}

static void
setup_row (GtkListItemFactory *factory, GtkListItem *list_item, gpointer user_data)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 2);
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *below = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  Row *row = g_new0 (Row, 1);

  gtk_widget_add_css_class (box, "object-row");
  gtk_box_append (GTK_BOX (box), line);
  row->prefix = add_label (GTK_BOX (line), PANGO_ELLIPSIZE_MIDDLE, "reference-label");
  gtk_label_set_max_width_chars (GTK_LABEL (row->prefix), PREFIX_CHARS_MAX);
  row->type = add_label (GTK_BOX (line), PANGO_ELLIPSIZE_END, "object-type");
  gtk_widget_set_hexpand (row->type, TRUE);
  row->size = add_label (GTK_BOX (line), PANGO_ELLIPSIZE_NONE, "object-size");
  gtk_box_append (GTK_BOX (box), below);
  row->value = add_label (GTK_BOX (below), PANGO_ELLIPSIZE_END, "object-value");
  row->size_below = add_label (GTK_BOX (below), PANGO_ELLIPSIZE_NONE, "object-size");
  gtk_widget_set_hexpand (row->size_below, TRUE);
  gtk_label_set_xalign (GTK_LABEL (row->size_below), 1.0f);
  g_object_set_data_full (G_OBJECT (box), "row", row, g_free);
  gtk_list_item_set_child (list_item, box);
}

static void
set_text (GtkWidget *label, const char *text)
{
  gtk_label_set_text (GTK_LABEL (label), text != NULL ? text : "");
  gtk_widget_set_visible (label, text != NULL && *text != '\0');
}

/* One line of it: labels in a list do not wrap. */
static char *
first_line (const char *text)
{
  const char *end = strpbrk (text, "\r\n");

  return end != NULL ? g_strndup (text, (gsize) (end - text)) : g_strdup (text);
}

static void
bind_row (GtkListItemFactory *factory, GtkListItem *list_item, gpointer user_data)
{
  RscObjectItem *self = gtk_list_item_get_item (list_item);
  GtkWidget *box = gtk_list_item_get_child (list_item);
  Row *row = g_object_get_data (G_OBJECT (box), "row");
  g_autofree char *description = rsc_object_item_dup_description (self);
  g_autofree char *spoken = dup_spoken (self);
  g_autofree char *type = NULL;
  g_autofree char *value = NULL;
  g_autofree char *line = NULL;
  g_autofree char *size = dup_size (self);

  set_text (row->prefix, self->prefix);
  gtk_label_set_width_chars (GTK_LABEL (row->prefix), self->prefix != NULL ? (int) MIN (g_utf8_strlen (self->prefix, -1), PREFIX_CHARS_MIN) : -1);
  if (self->node != RSC_NODE_NONE)
    {
      type = rsc_node_dup_type (self->snapshot, self->node, FALSE);
      value = rsc_node_dup_value (self->snapshot, self->node);
      if (self->note != NULL)
        {
          g_autofree char *plain = g_steal_pointer (&value);

          value = *plain != '\0' ? g_strdup_printf ("%s · %s", plain, self->note) : g_strdup (self->note);
        }
      if (value == NULL || *value == '\0')
        {
          g_free (value);
          value = dup_brief (self->snapshot, self->node, BRIEF_ATTRIBUTES);
        }
      line = first_line (value);
      set_text (row->type, type);
      set_text (row->value, line);
    }
  else
    {
      set_text (row->type, self->note);
      set_text (row->value, NULL);
    }
  set_text (row->size, self->prefix == NULL ? size : NULL);
  set_text (row->size_below, self->prefix != NULL ? size : NULL);

  g_object_set_data_full (G_OBJECT (box), ITEM, g_object_ref (self), g_object_unref);
  rsc_row_tooltip_set (box, description);
  /* The row's own widget has the focus, so that is where the name belongs. */
  if (gtk_widget_get_parent (box) != NULL)
    gtk_accessible_update_property (GTK_ACCESSIBLE (gtk_widget_get_parent (box)),
                                    GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
}

static void
unbind_row (GtkListItemFactory *factory, GtkListItem *list_item, gpointer user_data)
{
  g_object_set_data (G_OBJECT (gtk_list_item_get_child (list_item)), ITEM, NULL);
}

RscObjectItem *
rsc_object_item_at (GtkWidget *widget)
{
  GtkWidget *inner = widget != NULL ? gtk_widget_get_first_child (widget) : NULL;

  if (inner != NULL && g_object_get_data (G_OBJECT (inner), ITEM) != NULL)
    return g_object_get_data (G_OBJECT (inner), ITEM);
  for (; widget != NULL && !GTK_IS_LIST_VIEW (widget); widget = gtk_widget_get_parent (widget))
    if (g_object_get_data (G_OBJECT (widget), ITEM) != NULL)
      return g_object_get_data (G_OBJECT (widget), ITEM);

  return NULL;
}

GtkListItemFactory *
rsc_object_item_factory_new (void)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();

  g_signal_connect (factory, "setup", G_CALLBACK (setup_row), NULL);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_row), NULL);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind_row), NULL);

  return factory;
}
