#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-type-item.h"

#include <string.h>

#include "rsc-row-tooltip.h"

struct _RscTypeItem
{
  GObject parent_instance;

  char *name;
  guint64 count;
  guint64 bytes;
};

G_DEFINE_FINAL_TYPE (RscTypeItem, rsc_type_item, G_TYPE_OBJECT)

static void
rsc_type_item_finalize (GObject *object)
{
  g_free (RSC_TYPE_ITEM (object)->name);

  G_OBJECT_CLASS (rsc_type_item_parent_class)->finalize (object);
}

static void
rsc_type_item_class_init (RscTypeItemClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rsc_type_item_finalize;
}

static void
rsc_type_item_init (RscTypeItem *self)
{
}

RscTypeItem *
rsc_type_item_new (RscSnapshot *snapshot, const RscHistogramRow *row)
{
  RscTypeItem *self = g_object_new (RSC_TYPE_TYPE_ITEM, NULL);
  RscType type = rsc_snapshot_get_type (snapshot, row->type);

  if (*type.module == '\0' || strcmp (type.module, "builtins") == 0)
    self->name = g_strdup (type.name);
  else
    self->name = g_strdup_printf ("%s.%s", type.module, type.name);
  self->count = row->count;
  self->bytes = row->bytes;

  return self;
}

const char *
rsc_type_item_get_name (RscTypeItem *self)
{
  return self->name;
}

guint64
rsc_type_item_get_count (RscTypeItem *self)
{
  return self->count;
}

guint64
rsc_type_item_get_bytes (RscTypeItem *self)
{
  return self->bytes;
}

typedef enum
{
  COLUMN_NAME,
  COLUMN_COUNT,
  COLUMN_BYTES
} Column;

static char *
dup_cell (RscTypeItem *self, Column column)
{
  switch (column)
    {
    case COLUMN_NAME:
      return g_strdup (self->name);

    case COLUMN_COUNT:
      return g_strdup_printf ("%'" G_GUINT64_FORMAT, self->count);

    case COLUMN_BYTES:
      return g_format_size_full (self->bytes, G_FORMAT_SIZE_IEC_UNITS);

    default:
      g_assert_not_reached ();
    }
}

static void
setup_cell (GtkListItemFactory *factory, GtkListItem *list_item, gpointer user_data)
{
  Column column = GPOINTER_TO_UINT (user_data);
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (label), column == COLUMN_NAME ? 0.0f : 1.0f);
  gtk_label_set_ellipsize (GTK_LABEL (label), column == COLUMN_NAME ? PANGO_ELLIPSIZE_START : PANGO_ELLIPSIZE_NONE);
  if (column != COLUMN_NAME)
    gtk_widget_add_css_class (label, "numeric");
  gtk_list_item_set_child (list_item, label);
}

static void
bind_cell (GtkListItemFactory *factory, GtkListItem *list_item, gpointer user_data)
{
  Column column = GPOINTER_TO_UINT (user_data);
  RscTypeItem *self = gtk_list_item_get_item (list_item);
  GtkWidget *label = gtk_list_item_get_child (list_item);
  g_autofree char *text = dup_cell (self, column);

  gtk_label_set_text (GTK_LABEL (label), text);
  if (column == COLUMN_NAME)
    {
      GtkWidget *cell = gtk_widget_get_parent (label);
      GtkWidget *row = cell != NULL ? gtk_widget_get_parent (cell) : NULL;
      g_autofree char *size = dup_cell (self, COLUMN_BYTES);
      g_autofree char *count = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%u object", "%u objects", self->count), (guint) self->count);
      g_autofree char *description = g_strjoin (", ", self->name, count, size, NULL);

      rsc_row_tooltip_set (label, self->name);
      /* The row has the focus, so that is where the name belongs. */
      if (row != NULL)
        gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL, description, -1);
    }
}

static int
compare_items (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const RscTypeItem *first = a, *second = b;

  switch ((Column) GPOINTER_TO_UINT (user_data))
    {
    case COLUMN_NAME:
      return g_utf8_collate (first->name, second->name);

    case COLUMN_COUNT:
      return (first->count > second->count) - (first->count < second->count);

    case COLUMN_BYTES:
      return (first->bytes > second->bytes) - (first->bytes < second->bytes);

    default:
      g_assert_not_reached ();
    }
}

static GtkColumnViewColumn *
add_column (GtkColumnView *view, const char *title, Column column)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  g_autoptr (GtkColumnViewColumn) view_column = NULL;
  g_autoptr (GtkSorter) sorter = NULL;

  g_signal_connect (factory, "setup", G_CALLBACK (setup_cell), GUINT_TO_POINTER (column));
  g_signal_connect (factory, "bind", G_CALLBACK (bind_cell), GUINT_TO_POINTER (column));
  view_column = gtk_column_view_column_new (title, factory);
  sorter = GTK_SORTER (gtk_custom_sorter_new (compare_items, GUINT_TO_POINTER (column), NULL));
  gtk_column_view_column_set_sorter (view_column, sorter);
  gtk_column_view_column_set_expand (view_column, column == COLUMN_NAME);
  gtk_column_view_append_column (view, view_column);

  return view_column;
}

void
rsc_type_item_add_columns (GtkColumnView *view)
{
  GtkColumnViewColumn *bytes;

  /* The row of headings and the list of the view's own take the focus, too. */
  for (GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (view)); child != NULL; child = gtk_widget_get_next_sibling (child))
    gtk_accessible_update_property (GTK_ACCESSIBLE (child), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                    child == gtk_widget_get_first_child (GTK_WIDGET (view)) ? _("Column headings") : _("Types"), -1);

  add_column (view, _("Type"), COLUMN_NAME);
  add_column (view, _("Count"), COLUMN_COUNT);
  bytes = add_column (view, _("Size"), COLUMN_BYTES);
  gtk_column_view_sort_by_column (view, bytes, GTK_SORT_DESCENDING);
}
