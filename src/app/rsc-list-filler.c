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
  GPtrArray *items;
  guint next;        /* of them */
  guint n_old;       /* items of before, after the new ones */
  guint source;
} Filling;

static guint n_fillings;

static void
filling_free (gpointer data)
{
  Filling *filling = data;

  g_source_remove (filling->source);
  g_ptr_array_unref (filling->items);
  g_free (filling);
  n_fillings--;
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
  guint n_added = MIN (most, items->len - start);
  guint n_removed = MIN (most, filling->n_old);
  /* Without new ones in their place, they go from the end. */
  guint position = n_added > 0 ? start : start + filling->n_old - n_removed;

  filling->next += n_added;
  filling->n_old -= n_removed;
  /* Whoever hears of the last piece finds nothing left to do. */
  if (filling->next == items->len && filling->n_old == 0)
    g_object_set_data (G_OBJECT (store), FILLING, NULL);
  g_list_store_splice (store, position, n_removed, items->pdata + start, n_added);

  return G_SOURCE_CONTINUE;
}

void
rsc_list_fill (GListStore *store, GPtrArray *items)
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
      filling->source = g_idle_add (change_piece, filling);
      n_fillings++;
      g_object_set_data_full (G_OBJECT (store), FILLING, filling, filling_free);
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
  return n_fillings > 0;
}
