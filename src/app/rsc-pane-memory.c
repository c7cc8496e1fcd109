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

/* A flap that moves before it was given a size, as when a file turns out bad at once, begins
 * at a place that is no number (libadwaita 1.2), and so do the widths of all that is
 * in it.  While it is not mapped it does not move, but is at once where it goes. */
static void
set_revealed (AdwFlap *flap, gboolean revealed)
{
  gboolean visible = gtk_widget_get_child_visible (GTK_WIDGET (flap));
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (flap));
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;

  if (gtk_widget_get_width (GTK_WIDGET (flap)) == 0)
    gtk_widget_set_child_visible (GTK_WIDGET (flap), FALSE);
  adw_flap_set_reveal_flap (flap, revealed);
  gtk_widget_set_child_visible (GTK_WIDGET (flap), visible);
  /* Not being mapped for a moment does not move the focus of what is beside the pane. */
  if (focus != NULL && gtk_widget_is_ancestor (focus, adw_flap_get_content (flap)))
    gtk_root_set_focus (root, focus);
}

static void
on_folded (PaneMemory *self)
{
  set_revealed (self->flap, !adw_flap_get_folded (self->flap) && self->wanted);
}

void
rsc_pane_memory_close (AdwFlap *flap)
{
  PaneMemory *self = g_object_get_data (G_OBJECT (flap), "rsc-pane-memory");

  if (self != NULL)
    g_clear_object (&self->settings);
  set_revealed (flap, FALSE);
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
