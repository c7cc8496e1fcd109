/* Another program, out of whose window a file is dragged: its path is the argument.
 * Says on standard output what becomes of it, a line each: "ready", "dragging",
 * "accepted" (where the pointer is it may be dropped), "dropped". */
#include "config.h"

#include <gtk/gtk.h>
#include <stdlib.h>

#define SIDE 120

static void
say (const char *what)
{
  g_print ("%s\n", what);
}

static void
action_changed (GdkDrag *drag, GParamSpec *pspec, gpointer user_data)
{
  if (gdk_drag_get_selected_action (drag) != 0)
    say ("accepted");
}

static void
drag_begin (GtkDragSource *source, GdkDrag *drag, gpointer user_data)
{
  g_signal_connect (drag, "notify::selected-action", G_CALLBACK (action_changed), NULL);
  say ("dragging");
}

static void
drag_end (GtkDragSource *source, GdkDrag *drag, gboolean delete_data, gpointer user_data)
{
  say ("dropped");
}

int
main (int argc, char *argv[])
{
  g_autoptr (GFile) file = NULL;
  GtkDragSource *source;
  GtkWidget *window;

  if (argc != 2)
    g_error ("drag-file FILE");
  gtk_init ();
  file = g_file_new_for_path (argv[1]);
  source = gtk_drag_source_new ();
  gtk_drag_source_set_content (source, gdk_content_provider_new_typed (G_TYPE_FILE, file));
  g_signal_connect (source, "drag-begin", G_CALLBACK (drag_begin), NULL);
  g_signal_connect (source, "drag-end", G_CALLBACK (drag_end), NULL);
  window = gtk_window_new ();
  gtk_window_set_title (GTK_WINDOW (window), "drag-file");
  gtk_window_set_decorated (GTK_WINDOW (window), FALSE);
  gtk_widget_set_size_request (window, SIDE, SIDE);
  gtk_widget_add_controller (window, GTK_EVENT_CONTROLLER (source));
  gtk_window_present (GTK_WINDOW (window));
  say ("ready");
  while (TRUE)
    g_main_context_iteration (NULL, TRUE);
}
