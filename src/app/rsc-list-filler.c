#include "config.h"

#include "rsc-list-filler.h"

#define FILLING "rsc-list-filling"
/* About a screen of rows: what is in sight changes in one go. */
#define FIRST_PIECE 24
/* What fits between two frames. */
#define PIECE 8
/* So many items get widgets, and some more; the rest costs nothing. */
#define WITH_WIDGETS 256

typedef struct
{
  GListStore *store; /* borrowed: it owns this */
  GtkWidget *view;   /* weak */
  gulong map_handler;
  GPtrArray *items;
  guint next;        /* of them */
  guint n_old;       /* items of before, after the new ones */
  guint source;      /* 0: nothing is to be done until the view is in sight */
} Filling;

static guint n_filling;

static void
set_source (Filling *filling, guint source)
{
  n_filling = n_filling - (filling->source != 0) + (source != 0);
  filling->source = source;
}

static void
filling_free (gpointer data)
{
  Filling *filling = data;

  if (filling->source != 0)
    g_source_remove (filling->source);
  set_source (filling, 0);
  if (filling->view != NULL)
    g_clear_signal_handler (&filling->map_handler, filling->view);
  g_clear_weak_pointer (&filling->view);
  g_ptr_array_unref (filling->items);
  g_free (filling);
}

static gboolean
is_in_sight (Filling *filling)
{
  return filling->view != NULL && gtk_widget_get_mapped (filling->view);
}

/* New ones in the place of old ones, whose widgets they get. */
static gboolean
change_piece (gpointer user_data)
{
  Filling *filling = user_data;
  g_autoptr (GPtrArray) items = g_ptr_array_ref (filling->items);
  GListStore *store = filling->store;
  guint start = filling->next;
  guint most = start < WITH_WIDGETS ? PIECE : G_MAXUINT;
  guint n_added = is_in_sight (filling) ? MIN (most, items->len - start) : 0;
  guint n_removed = MIN (most, filling->n_old);
  /* Without new ones in their place, they go from the end. */
  guint position = n_added > 0 ? start : start + filling->n_old - n_removed;
  gboolean more;

  /* Those far behind have no widgets. */
  if (n_added == 0 && filling->n_old > WITH_WIDGETS)
    {
      n_removed = filling->n_old - WITH_WIDGETS;
      position = start + WITH_WIDGETS;
    }
  filling->next += n_added;
  filling->n_old -= n_removed;
  more = filling->n_old > 0 || (filling->next < items->len && is_in_sight (filling));
  if (!more)
    set_source (filling, 0);
  /* Whoever hears of the last piece finds nothing left to do. */
  if (!more && filling->next == items->len)
    g_object_set_data (G_OBJECT (store), FILLING, NULL);
  g_list_store_splice (store, position, n_removed, items->pdata + start, n_added);

  return more ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
on_map (Filling *filling)
{
  if (filling->source == 0)
    set_source (filling, g_idle_add (change_piece, filling));
}

void
rsc_list_fill (GListStore *store, GtkWidget *view, GPtrArray *items)
{
  guint n_old = g_list_model_get_n_items (G_LIST_MODEL (store));
  guint n_removed = MIN (n_old, FIRST_PIECE);
  guint n_added = MIN (items->len, FIRST_PIECE);

  g_object_set_data (G_OBJECT (store), FILLING, NULL);
  if (n_added < items->len || n_removed < n_old)
    {
      Filling *filling = g_new0 (Filling, 1);

      filling->store = store;
      filling->items = g_ptr_array_ref (items);
      filling->next = n_added;
      filling->n_old = n_old - n_removed;
      g_set_weak_pointer (&filling->view, view);
      filling->map_handler = g_signal_connect_swapped (view, "map", G_CALLBACK (on_map), filling);
      g_object_set_data_full (G_OBJECT (store), FILLING, filling, filling_free);
      on_map (filling);
    }
  g_list_store_splice (store, 0, n_removed, items->pdata, n_added);
}

gboolean
rsc_list_is_old (GListStore *store, guint position)
{
  Filling *filling = g_object_get_data (G_OBJECT (store), FILLING);

  return filling != NULL && position >= filling->next;
}

gboolean
rsc_list_filling (void)
{
  return n_filling > 0;
}
