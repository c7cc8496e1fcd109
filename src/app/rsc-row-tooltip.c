#include "config.h"

#include "rsc-row-tooltip.h"

#define TEXT "rsc-row-tooltip"

static gboolean
on_query (GtkWidget *widget, int x, int y, gboolean keyboard, GtkTooltip *tooltip, gpointer user_data)
{
  gtk_tooltip_set_text (tooltip, g_object_get_data (G_OBJECT (widget), TEXT));

  return TRUE;
}

void
rsc_row_tooltip_set (GtkWidget *widget, const char *text)
{
  if (g_object_get_data (G_OBJECT (widget), TEXT) == NULL)
    {
      g_signal_connect (widget, "query-tooltip", G_CALLBACK (on_query), NULL);
      gtk_widget_set_has_tooltip (widget, TRUE);
    }
  g_object_set_data_full (G_OBJECT (widget), TEXT, g_strdup (text), g_free);
}
