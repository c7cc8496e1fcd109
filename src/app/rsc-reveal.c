#include "config.h"

#include "rsc-reveal.h"

static void
hide_if_closed (GtkRevealer *revealer)
{
  if (!gtk_revealer_get_reveal_child (revealer) && !gtk_revealer_get_child_revealed (revealer))
    gtk_widget_hide (GTK_WIDGET (revealer));
}

void
rsc_reveal (GtkRevealer *revealer, gboolean open)
{
  if (g_object_get_data (G_OBJECT (revealer), "rsc-reveal") == NULL)
    {
      g_signal_connect (revealer, "notify::child-revealed", G_CALLBACK (hide_if_closed), NULL);
      g_object_set_data (G_OBJECT (revealer), "rsc-reveal", revealer);
    }

  if (open)
    gtk_widget_show (GTK_WIDGET (revealer));
  gtk_revealer_set_reveal_child (revealer, open);
  hide_if_closed (revealer);
}
