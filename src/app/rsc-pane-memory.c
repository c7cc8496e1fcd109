#include "config.h"

#include "rsc-pane-memory.h"

typedef struct
{
  AdwFlap *flap;        /* borrowed: it owns this */
  GSettings *settings;  /* NULL: not kept */
  const char *key;      /* static */
  gboolean wanted;
} PaneMemory;

static void
pane_memory_free (gpointer data)
{
  PaneMemory *self = data;

  g_clear_object (&self->settings);
  g_free (self);
}

static void
on_revealed (PaneMemory *self)
{
  gboolean revealed = adw_flap_get_reveal_flap (self->flap);

  /* What is called in a narrow window covers the graph for a moment. */
  if (adw_flap_get_folded (self->flap) || revealed == self->wanted)
    return;

  self->wanted = revealed;
  if (self->settings != NULL)
    g_settings_set_boolean (self->settings, self->key, revealed);
}

static void
on_folded (PaneMemory *self)
{
  adw_flap_set_reveal_flap (self->flap, !adw_flap_get_folded (self->flap) && self->wanted);
}

void
rsc_pane_memory_forget (AdwFlap *flap)
{
  PaneMemory *self = g_object_get_data (G_OBJECT (flap), "rsc-pane-memory");

  if (self != NULL)
    g_clear_object (&self->settings);
}

void
rsc_pane_memory_attach (AdwFlap *flap, GSettings *settings, const char *key)
{
  PaneMemory *self = g_new0 (PaneMemory, 1);

  self->flap = flap;
  self->settings = settings != NULL ? g_object_ref (settings) : NULL;
  self->key = key;
  self->wanted = settings != NULL ? g_settings_get_boolean (settings, key) : adw_flap_get_reveal_flap (flap);
  g_object_set_data_full (G_OBJECT (flap), "rsc-pane-memory", self, pane_memory_free);
  g_signal_connect_swapped (flap, "notify::reveal-flap", G_CALLBACK (on_revealed), self);
  g_signal_connect_swapped (flap, "notify::folded", G_CALLBACK (on_folded), self);
  adw_flap_set_locked (flap, TRUE);
  on_folded (self);
}
