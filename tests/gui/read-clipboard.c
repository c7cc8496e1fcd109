/* Writes what is on the clipboard, of the MIME type that is named, to standard
 * output: what another program gets when it pastes. */
#include "config.h"

#include <gio/gunixoutputstream.h>
#include <gtk/gtk.h>
#include <stdlib.h>
#include <unistd.h>

static void
written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GMainLoop *loop = user_data;
  g_autoptr (GError) error = NULL;

  if (g_output_stream_splice_finish (G_OUTPUT_STREAM (source), result, &error) < 0)
    g_error ("%s", error->message);
  g_main_loop_quit (loop);
}

static void
opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GOutputStream) output = g_unix_output_stream_new (STDOUT_FILENO, FALSE);
  g_autoptr (GError) error = NULL;
  g_autoptr (GInputStream) input = gdk_clipboard_read_finish (GDK_CLIPBOARD (source), result, NULL, &error);

  if (input == NULL)
    {
      g_printerr ("%s\n", error->message);
      exit (1);
    }
  g_output_stream_splice_async (output, input, G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE, G_PRIORITY_DEFAULT, NULL, written, user_data);
}

int
main (int argc, char *argv[])
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  const char *types[] = { argc > 1 ? argv[1] : NULL, NULL };

  if (argc != 2)
    g_error ("read-clipboard MIME-TYPE");
  gtk_init ();
  gdk_clipboard_read_async (gdk_display_get_clipboard (gdk_display_get_default ()), types, G_PRIORITY_DEFAULT, NULL, opened, loop);
  g_main_loop_run (loop);

  return 0;
}
