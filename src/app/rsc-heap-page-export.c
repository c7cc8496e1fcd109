/* Writing a page's picture and heap, and copying. */
#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-heap-page-private.h"

#include <string.h>

#include "base/rsc-error.h"
#include "film/rsc-replay-film.h"

#include "rsc-number.h"

typedef struct
{
  const char *id;
  const char *ending; /* of the proposed name, with the extension */
  RscExportFormat format;
  double scale;
  RscFilmFormat film; /* of a run */
} Format;

static const Format formats[] = {
  { "png", ".png", RSC_EXPORT_PNG, 1 },
  { "png2", ".png", RSC_EXPORT_PNG, 2 },
  { "svg", ".svg", RSC_EXPORT_SVG, 1 },
  { "pdf", ".pdf", RSC_EXPORT_PDF, 1 },
  { "dot", ".dot", RSC_EXPORT_DOT, 1 },
  { "heap", ".refscope", 0, 1 },
  { "run-html", "-steps.html", 0, 1, RSC_FILM_HTML },
  { "run-svg", "-steps.svg", 0, 1, RSC_FILM_SVG },
  /* A folder, of which no chooser says that it exists. */
  { "run-frames", "-steps", 0, 1, RSC_FILM_FRAMES }
};

/* What is to be written where: a picture, a heap, or with a replay the run of it.
 * All is kept as it was when the export was asked for. */
typedef struct
{
  const Format *format;
  RscScene *scene;
  RscOverlay *overlay;
  RscSnapshot *snapshot;
  RscReplay *replay;
  char *path;
  gboolean overwrite;
  /* Of a run that was written */
  guint n_frames;
  guint64 n_left_out, n_cut;
} Export;

static void
export_free (gpointer data)
{
  Export *export = data;

  g_clear_pointer (&export->scene, rsc_scene_unref);
  g_clear_pointer (&export->overlay, rsc_overlay_unref);
  g_clear_pointer (&export->snapshot, rsc_snapshot_unref);
  g_clear_pointer (&export->replay, rsc_replay_unref);
  g_free (export->path);
  g_free (export);
}

static Export *
export_copy (const Export *export)
{
  Export *copy = g_new0 (Export, 1);

  copy->format = export->format;
  copy->scene = export->scene != NULL ? rsc_scene_ref (export->scene) : NULL;
  copy->overlay = export->overlay != NULL ? rsc_overlay_ref (export->overlay) : NULL;
  copy->snapshot = export->snapshot != NULL ? rsc_snapshot_ref (export->snapshot) : NULL;
  copy->replay = export->replay != NULL ? rsc_replay_ref (export->replay) : NULL;
  copy->path = g_strdup (export->path);
  copy->overwrite = export->overwrite;

  return copy;
}

static void start_export (RscHeapPage *self, Export *export);

static gpointer
write_export (gpointer data, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  Export *export = data;

  if (export->snapshot != NULL)
    rsc_snapshot_save (export->snapshot, export->path, export->overwrite, progress, cancellable, error);
  else if (export->replay != NULL)
    rsc_replay_film_write (export->replay, export->scene, RSC_GRAIN_STEP, export->format->film, RSC_FILM_DEFAULT_SECONDS, export->path,
                           export->overwrite, &export->n_frames, &export->n_left_out, &export->n_cut, progress, cancellable, error);
  else
    rsc_export_scene (export->scene, export->overlay, export->format->format, export->format->scale, export->path,
                      export->overwrite, cancellable, error);

  return NULL;
}

static void
on_overwrite_response (GtkWidget *dialog, const char *response, gpointer user_data)
{
  RscHeapPage *self = user_data;
  Export *export = g_object_get_data (G_OBJECT (dialog), "export");

  if (strcmp (response, "replace") == 0 && self->session != NULL)
    {
      Export *again = export_copy (export);

      again->overwrite = TRUE;
      start_export (self, again);
    }
}

static gboolean
is_folder (const Export *export)
{
  return export->replay != NULL && export->format->film == RSC_FILM_FRAMES;
}

static void
ask_to_overwrite (RscHeapPage *self, const Export *export)
{
  g_autofree char *name = g_path_get_basename (export->path);
  g_autofree char *title = g_strdup_printf (_("Replace “%s”?"), name);
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *dialog = adw_message_dialog_new (GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL, title,
                                              is_folder (export)
                                              ? _("There are numbered pictures in this folder. Those of the same numbers will be lost.")
                                              : _("There is a file of this name. What is in it will be lost."));

  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "cancel", _("_Cancel"), "replace", _("_Replace"), NULL);
  adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "replace", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "cancel");
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "cancel");
  g_object_set_data_full (G_OBJECT (dialog), "export", export_copy (export), export_free);
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_overwrite_response), self, 0);
  gtk_window_present (GTK_WINDOW (dialog));
}

/* Of how much the run that was written consists; NULL where each step has its picture. */
static char *
dup_run_note (const Export *export)
{
  g_autofree char *frames = rsc_number_dup (export->n_frames);
  g_autofree char *rest = rsc_number_dup (export->n_cut > 0 ? export->n_cut : export->n_left_out);

  if (export->n_cut > 0)
    /* Translators: numbers */
    return g_strdup_printf (_("%1$s pictures, as many as there can be: %2$s steps before the last were cut. Draw fewer objects to see them."),
                            frames, rest);
  if (export->n_left_out > 0)
    /* Translators: numbers */
    return g_strdup_printf (_("%1$s pictures. The other %2$s steps change nothing of what is drawn, or are of single references."),
                            frames, rest);

  return NULL;
}

static const char *
get_job_title (const Export *export)
{
  if (export->snapshot != NULL)
    return _("Saving the heap");

  return export->replay != NULL ? _("Writing the steps") : _("Writing the picture");
}

static const char *
get_failure_title (const Export *export)
{
  if (export->snapshot != NULL)
    return _("The heap was not saved");

  return export->replay != NULL ? _("The steps were not written") : _("The picture was not written");
}

/* What is told besides that it is saved; NULL: nothing. */
static char *
dup_note (const Export *export)
{
  if (export->replay != NULL)
    return dup_run_note (export);
  if (export->scene != NULL)
    return rsc_export_dup_scale_note (export->scene, export->format->format, export->format->scale);

  return NULL;
}

static void
exported (gpointer owner, RscJob *job, gpointer result, const GError *error)
{
  RscHeapPage *self = owner;
  Export *export = rsc_job_get_data (job);
  g_autofree char *name = g_path_get_basename (export->path);

  if (g_application_get_default () != NULL)
    g_application_release (g_application_get_default ());
  if (self->session == NULL || !rsc_session_job_done (self->session, job, error))
    {
      /* No window is left to show it in. */
      if (error != NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        g_printerr ("%s: %s\n", g_get_prgname (), error->message);
      return;
    }

  if (g_error_matches (error, RSC_FORMAT_ERROR, RSC_ERROR_EXISTS))
    ask_to_overwrite (self, export);
  else if (error != NULL)
    rsc_heap_page_show_error (self, get_failure_title (export), error);
  else
    {
      g_autofree char *text = g_strdup_printf (_("Saved as “%s”"), name);
      g_autofree char *note = dup_note (export);

      rsc_heap_page_toast (self, text);
      if (note != NULL)
        rsc_heap_page_toast (self, note);
    }
}

static void
start_export (RscHeapPage *self, Export *export)
{
  /* The process waits for it, though its last window be closed. */
  if (g_application_get_default () != NULL)
    g_application_hold (g_application_get_default ());
  rsc_session_add_lasting_job (self->session,
                               rsc_job_start (self, get_job_title (export), write_export, export, export_free, NULL, exported));
}

/* ".html" of "-steps.html": what a name has to end in. */
static const char *
get_extension (const Format *format)
{
  const char *dot = strchr (format->ending, '.');

  return dot != NULL ? dot : "";
}

static void
remember_path (RscHeapPage *self, const Export *export)
{
  if (self->export_paths == NULL)
    self->export_paths = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  g_hash_table_insert (self->export_paths, (gpointer) export->format->id, g_strdup (export->path));
}

/* The name that was chosen the last time, in its folder; else one like what is shown. */
static void
propose_path (RscHeapPage *self, GtkFileChooser *chooser, const Format *format)
{
  const char *last = self->export_paths != NULL ? g_hash_table_lookup (self->export_paths, format->id) : NULL;
  g_autofree char *stem = g_strdup (rsc_session_get_title (self->session));
  g_autofree char *name = NULL;
  char *dot = strrchr (stem, '.');

  if (last != NULL)
    {
      g_autofree char *folder_path = g_path_get_dirname (last);
      g_autoptr (GFile) folder = g_file_new_for_path (folder_path);

      name = g_path_get_basename (last);
      gtk_file_chooser_set_current_folder (chooser, folder, NULL);
    }
  else
    {
      if (dot != NULL && dot != stem)
        *dot = '\0';
      name = g_strconcat (stem, format->ending, NULL);
    }
  gtk_file_chooser_set_current_name (chooser, name);
}

static void
on_chooser_response (GtkNativeDialog *chooser, int response, gpointer user_data)
{
  RscHeapPage *self = user_data;
  Export *export = g_object_get_data (G_OBJECT (chooser), "export");

  if (response == GTK_RESPONSE_ACCEPT && self->session != NULL)
    {
      g_autoptr (GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser));
      g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;

      if (path != NULL)
        {
          const char *extension = get_extension (export->format);
          gboolean whole = g_str_has_suffix (path, extension);
          Export *chosen = export_copy (export);

          /* The chooser has asked about the file it was given; about another
           * name, or what is in a folder, it did not. */
          chosen->overwrite = whole && !is_folder (export);
          chosen->path = whole ? g_strdup (path) : g_strconcat (path, extension, NULL);
          remember_path (self, chosen);
          start_export (self, chosen);
        }
    }
  /* One that is kept, though out of sight, reads its folder again and again. */
  g_object_set_data (G_OBJECT (self), "chooser", NULL);
}

/* Takes @export over. */
static void
choose_file (RscHeapPage *self, const char *title, Export *export)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkFileChooserNative *chooser;
  chooser = gtk_file_chooser_native_new (title, GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL, GTK_FILE_CHOOSER_ACTION_SAVE,
                                         _("_Save"), _("_Cancel"));
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  propose_path (self, GTK_FILE_CHOOSER (chooser), export->format);
  if (!is_folder (export))
    {
      g_autoptr (GtkFileFilter) filter = gtk_file_filter_new ();
      g_autofree char *pattern = g_strconcat ("*", get_extension (export->format), NULL);

      gtk_file_filter_add_pattern (filter, pattern);
      gtk_file_filter_set_name (filter, pattern);
      gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (chooser), filter);
    }
  g_object_set_data_full (G_OBJECT (chooser), "export", export, export_free);
  g_signal_connect_object (chooser, "response", G_CALLBACK (on_chooser_response), self, 0);
  /* Until it is answered, or the page ends. */
  g_object_set_data_full (G_OBJECT (self), "chooser", chooser, g_object_unref);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

static const Format *
find_format (const char *id)
{
  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    if (strcmp (formats[i].id, id) == 0)
      return &formats[i];

  return NULL;
}

void
rsc_heap_page_export (RscHeapPage *self, const char *id)
{
  const Format *format = find_format (id);
  RscScene *scene = rsc_session_get_scene (self->session);
  RscOverlay *overlay = rsc_canvas_get_overlay (self->canvas);
  Export *export;

  g_return_if_fail (format != NULL);
  if (scene == NULL)
    return;

  export = g_new0 (Export, 1);
  export->format = format;
  export->scene = rsc_scene_ref (scene);
  export->overlay = overlay != NULL ? rsc_overlay_ref (overlay) : NULL;
  choose_file (self, _("Export the Picture"), export);
}

void
rsc_heap_page_export_run (RscHeapPage *self, const char *id)
{
  const Format *format = find_format (id);
  RscScene *scene = rsc_session_get_scene (self->session);
  RscReplayCursor *steps = rsc_session_get_steps (self->session);
  Export *export;

  g_return_if_fail (format != NULL);
  if (scene == NULL || steps == NULL ||
      rsc_graph_get_snapshot (rsc_scene_get_graph (scene)) != rsc_replay_get_snapshot (rsc_replay_cursor_get_replay (steps)))
    return;

  export = g_new0 (Export, 1);
  export->format = format;
  export->scene = rsc_scene_ref (scene);
  export->replay = rsc_replay_ref (rsc_replay_cursor_get_replay (steps));
  choose_file (self, is_folder (export) ? _("Export the Steps into a Folder") : _("Export the Steps"), export);
}

void
rsc_heap_page_save_heap (RscHeapPage *self)
{
  RscSnapshot *snapshot = rsc_session_get_snapshot (self->session);
  Export *export;

  if (snapshot == NULL)
    return;

  export = g_new0 (Export, 1);
  export->format = find_format ("heap");
  export->snapshot = rsc_snapshot_ref (snapshot);
  choose_file (self, _("Save the Heap"), export);
}

/* Copying. */

static gpointer
draw_picture (gpointer data, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  Export *export = data;

  return rsc_export_scene_to_bytes (export->scene, export->overlay, RSC_EXPORT_PNG, 2, cancellable, error);
}

static void
free_bytes (gpointer data)
{
  g_bytes_unref (data);
}

static void
picture_drawn (gpointer owner, RscJob *job, gpointer result, const GError *error)
{
  RscHeapPage *self = owner;
  g_autoptr (GBytes) png = result;
  g_autoptr (GdkTexture) texture = NULL;
  g_autoptr (GError) texture_error = NULL;

  if (self->session == NULL || !rsc_session_job_done (self->session, job, error))
    return;
  if (png != NULL)
    texture = gdk_texture_new_from_bytes (png, &texture_error);
  if (texture == NULL)
    {
      rsc_heap_page_show_error (self, _("The picture was not copied"), error != NULL ? error : texture_error);
      return;
    }

  gdk_clipboard_set_texture (gtk_widget_get_clipboard (GTK_WIDGET (self)), texture);
  rsc_heap_page_toast (self, _("Picture copied"));
}

void
rsc_heap_page_copy_picture (RscHeapPage *self)
{
  RscScene *scene = rsc_session_get_scene (self->session);
  RscOverlay *overlay = rsc_canvas_get_overlay (self->canvas);
  Export *export;

  if (scene == NULL)
    return;

  export = g_new0 (Export, 1);
  export->scene = rsc_scene_ref (scene);
  export->overlay = overlay != NULL ? rsc_overlay_ref (overlay) : NULL;
  rsc_session_add_job (self->session, rsc_job_start (self, _("Drawing the picture"), draw_picture, export, export_free, free_bytes,
                                                     picture_drawn));
}

void
rsc_heap_page_copy_command (RscHeapPage *self)
{
  RscView *view = rsc_session_get_view (self->session);
  RscSnapshot *snapshot = rsc_session_get_snapshot (self->session);
  g_autofree char *source = NULL;
  g_autofree char *command = NULL;
  g_autofree char *text = NULL;
  gboolean saved;

  if (view == NULL || snapshot == NULL)
    return;

  source = rsc_session_dup_source (self->session, &saved);
  command = rsc_view_to_command_line (view, snapshot, source);
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), command);
  if (!saved && g_str_has_prefix (source, "pid:"))
    text = g_strdup (rsc_session_is_live (self->session) ?
                     _("Command copied. It captures the program anew: detach before you run it.") :
                     _("Command copied. It captures the program anew."));
  else if (!saved)
    text = g_strdup_printf (_("Command copied. It reads “%s”: save the heap under this name."), source);
  rsc_heap_page_toast (self, saved ? _("Command copied") : text);
}
