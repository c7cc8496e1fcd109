#include "config.h"

#include "rsc-place.h"

struct _RscHistory
{
  GPtrArray *places;
  int current; /* -1: none */
};

RscPlace *
rsc_place_new (RscHeapCapture *capture, RscSide side, RscView *view, RscNode selected)
{
  RscPlace *self = g_new0 (RscPlace, 1);

  self->capture = g_object_ref (capture);
  self->side = side;
  self->view = rsc_view_ref (view);
  self->selected = selected;

  return self;
}

void
rsc_place_free (RscPlace *self)
{
  g_object_unref (self->capture);
  rsc_view_unref (self->view);
  g_free (self);
}

static void
place_free (gpointer data)
{
  rsc_place_free (data);
}

RscHistory *
rsc_history_new (void)
{
  RscHistory *self = g_new0 (RscHistory, 1);

  self->places = g_ptr_array_new_with_free_func (place_free);
  self->current = -1;

  return self;
}

void
rsc_history_free (RscHistory *self)
{
  g_ptr_array_unref (self->places);
  g_free (self);
}

void
rsc_history_push (RscHistory *self, RscPlace *place)
{
  RscPlace *current = rsc_history_get_current (self);

  if (current != NULL && current->capture == place->capture && current->side == place->side &&
      rsc_view_equal (current->view, place->view))
    {
      rsc_place_free (current);
      self->places->pdata[self->current] = place;
      return;
    }

  g_ptr_array_set_size (self->places, self->current + 1);
  if (self->places->len == RSC_HISTORY_MAX)
    g_ptr_array_remove_index (self->places, 0);
  g_ptr_array_add (self->places, place);
  self->current = (int) self->places->len - 1;
}

RscPlace *
rsc_history_get_current (RscHistory *self)
{
  return rsc_history_peek (self, 0);
}

RscPlace *
rsc_history_peek (RscHistory *self, int steps)
{
  int index = self->current + steps;

  if (self->current < 0 || index < 0 || index >= (int) self->places->len)
    return NULL;

  return g_ptr_array_index (self->places, index);
}

void
rsc_history_go (RscHistory *self, int steps)
{
  g_return_if_fail (rsc_history_peek (self, steps) != NULL);

  self->current += steps;
}
