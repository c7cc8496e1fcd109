#include "config.h"

#include "rsc-film.h"

#include <errno.h>
#include <string.h>

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include "base/rsc-error.h"
#include "base/rsc-file.h"
#include "render/rsc-svg.h"

#define CAPTION_SIZE 13.0
#define CAPTION_LINE 18.0
#define CAPTION_MARGIN 12.0
/* A letter's width at that size, on the safe side: SVG does not break lines. */
#define CAPTION_LETTER 7.2
#define MONOSPACE_WIDTH 1.15 /* of that */
#define MIN_WIDTH 480.0
#define MAX_CAPTION_LINES 4

gboolean
rsc_film_format_from_path (const char *path, RscFilmFormat *format)
{
  g_autofree char *lower = g_ascii_strdown (path, -1);

  if (g_str_has_suffix (lower, ".html") || g_str_has_suffix (lower, ".htm"))
    *format = RSC_FILM_HTML;
  else if (g_str_has_suffix (lower, ".svg"))
    *format = RSC_FILM_SVG;
  else if (g_str_has_suffix (lower, G_DIR_SEPARATOR_S))
    *format = RSC_FILM_FRAMES;
  else
    return FALSE;
  return TRUE;
}

static void
clear_frame (RscFilmFrame *frame)
{
  g_clear_pointer (&frame->overlay, rsc_overlay_unref);
  g_clear_pointer (&frame->heading, g_free);
  g_clear_pointer (&frame->sentence, g_free);
  g_clear_pointer (&frame->code, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RscFilmFrame, clear_frame)

static double
get_width (const RscFilm *self)
{
  double width, height;

  rsc_scene_get_size (self->scene, &width, &height);
  return MAX (width, MIN_WIDTH);
}

static double
get_height (const RscFilm *self)
{
  double width, height;

  rsc_scene_get_size (self->scene, &width, &height);
  return height + 2 * CAPTION_MARGIN + (3 + MAX_CAPTION_LINES) * CAPTION_LINE;
}

/* How many bytes of @text fit on a line, broken at a space where there is one.
 * Letters of Chinese are twice as wide, and may be parted anywhere. */
static gsize
get_line_length (const char *text, double width)
{
  const char *space = NULL;
  double used = 0;

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      used += g_unichar_iswide (c) ? 2 * CAPTION_LETTER : CAPTION_LETTER;
      if (used > width && p > text)
        return (gsize) ((space != NULL ? space : p) - text);
      if (c == ' ' || g_unichar_iswide (c))
        space = c == ' ' ? p : g_utf8_next_char (p);
    }
  return strlen (text);
}

static void
append_line (GString *svg, double y, const char *style, const char *text, gsize length)
{
  g_autofree char *line = g_strndup (text, length);
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_formatd (number, sizeof number, "%.2f", y);
  g_string_append_printf (svg, "<text x=\"%g\" y=\"%s\" text-anchor=\"start\" font-size=\"%g\" fill=\"#1d1d20\" %s>",
                          CAPTION_MARGIN, number, CAPTION_SIZE, style);
  rsc_svg_append_escaped (svg, line);
  g_string_append (svg, "</text>\n");
}

/* Below @y; returns the last one's. */
static double
append_lines (GString *svg, const char *text, double width, double y, const char *style)
{
  for (guint l = 0; l < MAX_CAPTION_LINES && *text != '\0'; l++)
    {
      gsize length = get_line_length (text, width);

      append_line (svg, y += CAPTION_LINE, style, text, length);
      text += length;
      text += strspn (text, " ");
    }
  return y;
}

static void
append_caption (GString *svg, const RscFilm *self, const RscFilmFrame *frame)
{
  double line_width = get_width (self) - 2 * CAPTION_MARGIN;
  double width, height, y;

  rsc_scene_get_size (self->scene, &width, &height);
  y = height + CAPTION_MARGIN + CAPTION_LINE / 2;
  append_line (svg, y, "font-weight=\"bold\"", frame->heading, strlen (frame->heading));
  y = append_lines (svg, frame->sentence, line_width, y, "");
  append_lines (svg, frame->code != NULL ? frame->code : "", line_width / MONOSPACE_WIDTH, y, "font-family=\"monospace\"");
}

static void
append_frame (GString *svg, const RscFilm *self, const RscFilmFrame *frame)
{
  double width, height;
  char shift[G_ASCII_DTOSTR_BUF_SIZE];

  /* A small drawing stands in the middle above its caption. */
  rsc_scene_get_size (self->scene, &width, &height);
  g_ascii_formatd (shift, sizeof shift, "%.2f", (get_width (self) - width) / 2);
  g_string_append_printf (svg, "<g transform=\"translate(%s,0)\">", shift);
  rsc_svg_append_scene (svg, self->scene, frame->overlay, RSC_THEME_LIGHT, FALSE);
  g_string_append (svg, "</g>\n");
  append_caption (svg, self, frame);
}

/* --- Numbered pictures ------------------------------------------------------ */

static char *
build_frame_path (const RscFilm *self, const char *folder, gsize index)
{
  int digits = self->n_frames > 9999 ? 6 : 4;
  g_autofree char *name = g_strdup_printf ("%0*" G_GSIZE_FORMAT ".svg", digits, index + 1);

  return g_build_filename (folder, name, NULL);
}

static gboolean
write_frame (const RscFilm *self, const char *folder, gsize index, gboolean overwrite, GCancellable *cancellable,
             GError **error)
{
  g_autofree char *path = build_frame_path (self, folder, index);
  g_autoptr(GString) svg = g_string_new ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
  g_auto(RscFilmFrame) frame = { NULL };

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  self->get_frame (index, &frame, self->data);
  rsc_svg_begin (svg, get_width (self), get_height (self), RSC_THEME_LIGHT);
  rsc_svg_append_patterns (svg, RSC_THEME_LIGHT);
  append_frame (svg, self, &frame);
  g_string_append (svg, "</svg>\n");
  return rsc_file_replace_contents (path, overwrite, svg->str, svg->len, cancellable, error);
}

/* Nobody wants the beginning of a run that was cancelled; of what was overwritten nothing can be had again. */
static void
remove_frames (const RscFilm *self, const char *folder, gsize n_written, gboolean made_folder)
{
  for (gsize i = 0; i < n_written; i++)
    {
      g_autofree char *path = build_frame_path (self, folder, i);

      g_unlink (path);
    }
  if (made_folder)
    g_rmdir (folder);
}

static gboolean
write_frames (const RscFilm *self, const char *folder, gboolean overwrite, const RscProgress *progress,
              GCancellable *cancellable, GError **error)
{
  gboolean was_there = g_file_test (folder, G_FILE_TEST_EXISTS);

  if (g_mkdir_with_parents (folder, 0777) != 0)
    {
      int code = errno;

      g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_IO, _("The folder “%s” could not be made: %s."), folder,
                   g_strerror (code));
      return FALSE;
    }
  for (gsize i = 0; i < self->n_frames; i++)
    {
      if (!write_frame (self, folder, i, overwrite, cancellable, error))
        {
          if (!overwrite)
            remove_frames (self, folder, i, !was_there);
          return FALSE;
        }
      rsc_progress_report (progress, (double) i / (double) self->n_frames, _("Drawing steps"));
    }
  return TRUE;
}

/* --- One animated picture --------------------------------------------------- */

/* Each frame is shown when the one before has been; after the last comes the first, which is also what is
 * shown where nothing is animated. */
static gboolean
append_animation (GString *svg, const RscFilm *self, double seconds, const RscProgress *progress,
                  GCancellable *cancellable, GError **error)
{
  char duration[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_formatd (duration, sizeof duration, "%.2f", seconds);
  g_string_append (svg, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
  rsc_svg_begin (svg, get_width (self), get_height (self), RSC_THEME_LIGHT);
  rsc_svg_append_patterns (svg, RSC_THEME_LIGHT);
  for (gsize i = 0; i < self->n_frames; i++)
    {
      g_auto(RscFilmFrame) frame = { NULL };

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      self->get_frame (i, &frame, self->data);
      g_string_append (svg, i == 0 ? "<g><set attributeName=\"visibility\" to=\"hidden\" begin=\"0s\"/>"
                                   : "<g visibility=\"hidden\">");
      if (i == 0)
        g_string_append_printf (svg, "<set id=\"frame0\" attributeName=\"visibility\" to=\"visible\" begin=\"0s;frame%"
                                G_GSIZE_FORMAT ".end\" dur=\"%ss\"/>\n", self->n_frames - 1, duration);
      else
        g_string_append_printf (svg, "<set id=\"frame%" G_GSIZE_FORMAT "\" attributeName=\"visibility\" to=\"visible\""
                                " begin=\"frame%" G_GSIZE_FORMAT ".end\" dur=\"%ss\"/>\n", i, i - 1, duration);
      append_frame (svg, self, &frame);
      g_string_append (svg, "</g>\n");
      rsc_progress_report (progress, (double) i / (double) self->n_frames, _("Drawing steps"));
    }
  g_string_append (svg, "</svg>\n");
  return TRUE;
}

/* --- A page ----------------------------------------------------------------- */

static const char style[] =
  "body{font:16px/1.5 system-ui,sans-serif;margin:0;color:#1d1d20;background:#fff}\n"
  "main{max-width:1100px;margin:0 auto;padding:16px}\n"
  "svg{max-width:100%;height:auto;display:block;margin:0 auto}\n"
  "nav{display:flex;flex-wrap:wrap;gap:8px;align-items:center;position:sticky;top:0;background:#fff;padding:8px 0}\n"
  "button{font:inherit;padding:6px 14px;border:1px solid #8a8a90;border-radius:8px;background:#f3f3f5;color:inherit}\n"
  "button:disabled{opacity:.5}\n"
  "input[type=range]{flex:1;min-width:160px}\n"
  "output{font-variant-numeric:tabular-nums}\n"
  "code{display:block;background:#f3f3f5;padding:4px 8px;border-radius:6px;white-space:pre-wrap}\n"
  "h1{font-size:1.3em}h2{font-size:1.1em;margin:.4em 0}\n"
  ".frame[hidden]{display:none}\n";

static const char script[] =
  "const frames=[...document.querySelectorAll('.frame')];const byId=i=>document.getElementById(i);\n"
  "let at=0,timer=null;\n"
  "function show(i){at=Math.max(0,Math.min(frames.length-1,i));frames.forEach((f,n)=>f.hidden=n!==at);\n"
  " byId('place').value=at;byId('count').value=(at+1)+' / '+frames.length;\n"
  " byId('first').disabled=byId('back').disabled=at===0;byId('next').disabled=byId('last').disabled=at===frames.length-1;\n"
  " byId('say').textContent=frames[at].querySelector('.sentence').textContent;}\n"
  "function stop(){clearInterval(timer);timer=null;byId('play').setAttribute('aria-pressed','false');}\n"
  "function play(){if(timer){stop();return;}byId('play').setAttribute('aria-pressed','true');\n"
  " if(at===frames.length-1)show(0);timer=setInterval(()=>{show(at+1);if(at===frames.length-1)stop();},1200);}\n"
  "byId('first').onclick=()=>show(0);byId('back').onclick=()=>show(at-1);byId('next').onclick=()=>show(at+1);\n"
  "byId('last').onclick=()=>show(frames.length-1);byId('play').onclick=play;\n"
  "byId('place').oninput=e=>show(Number(e.target.value));\n"
  "document.addEventListener('keydown',e=>{if(e.target.tagName==='INPUT')return;\n"
  " const moves={ArrowRight:1,ArrowLeft:-1,PageDown:10,PageUp:-10};\n"
  " if(e.key in moves)show(at+moves[e.key]);else if(e.key==='Home')show(0);else if(e.key==='End')show(frames.length-1);\n"
  " else if(e.key===' '&&e.target.tagName!=='BUTTON')play();else return;e.preventDefault();});\n"
  "show(0);\n";

static void
append_button (GString *html, const char *id, const char *label, const char *more)
{
  g_string_append_printf (html, "<button id=\"%s\"%s>", id, more);
  rsc_svg_append_escaped (html, label);
  g_string_append (html, "</button>\n");
}

static void
append_element (GString *html, const char *open, const char *text, const char *close)
{
  g_string_append (html, open);
  rsc_svg_append_escaped (html, text);
  g_string_append (html, close);
}

/* The patterns that all drawings share stand in one of their own, which is never
 * hidden: browsers do not draw those of a hidden one. */
static gboolean
append_page (GString *html, const RscFilm *self, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  double width, height;

  rsc_scene_get_size (self->scene, &width, &height);
  append_element (html, "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n"
                        "<meta name=\"viewport\" content=\"width=device-width\">\n<title>", self->title, "</title>\n");
  g_string_append_printf (html, "<style>\n%s</style>\n</head>\n<body>\n<main>\n", style);
  append_element (html, "<h1>", self->title, "</h1>\n<nav>\n");
  /* Translators: buttons that go through the steps of a garbage collection */
  append_button (html, "first", _("First"), "");
  append_button (html, "back", _("Back"), "");
  append_button (html, "next", _("Next"), " autofocus");
  append_button (html, "last", _("Last"), "");
  append_button (html, "play", _("Play"), " aria-pressed=\"false\"");
  append_element (html, "<input id=\"place\" type=\"range\" min=\"0\" value=\"0\" aria-label=\"", _("Step"), "\"");
  g_string_append_printf (html, " max=\"%" G_GSIZE_FORMAT "\">\n<output id=\"count\"></output>\n</nav>\n"
                          "<p id=\"say\" role=\"status\" aria-live=\"polite\""
                          " style=\"position:absolute;width:1px;height:1px;overflow:hidden\"></p>\n",
                          self->n_frames - 1);
  g_string_append (html, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"0\" height=\"0\" aria-hidden=\"true\""
                         " style=\"position:absolute\">\n");
  rsc_svg_append_patterns (html, RSC_THEME_LIGHT);
  g_string_append (html, "</svg>\n");
  for (gsize i = 0; i < self->n_frames; i++)
    {
      g_auto(RscFilmFrame) frame = { NULL };

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      self->get_frame (i, &frame, self->data);
      append_element (html, "<section class=\"frame\" hidden>\n<h2>", frame.heading, "</h2>\n");
      append_element (html, "<p class=\"sentence\">", frame.sentence, "</p>\n");
      if (frame.code != NULL)
        append_element (html, "<code>", frame.code, "</code>\n");
      rsc_svg_begin (html, width, height, RSC_THEME_LIGHT);
      rsc_svg_append_scene (html, self->scene, frame.overlay, RSC_THEME_LIGHT, FALSE);
      g_string_append (html, "</svg>\n</section>\n");
      rsc_progress_report (progress, (double) i / (double) self->n_frames, _("Drawing steps"));
    }
  g_string_append_printf (html, "</main>\n<script>\n%s</script>\n</body>\n</html>\n", script);
  return TRUE;
}

gboolean
rsc_film_write (const RscFilm *self, RscFilmFormat format, double seconds, const char *path, gboolean overwrite,
                const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  g_autoptr(GString) text = g_string_new (NULL);

  g_return_val_if_fail (self->n_frames > 0, FALSE);

  switch (format)
    {
    case RSC_FILM_FRAMES:
      return write_frames (self, path, overwrite, progress, cancellable, error);
    case RSC_FILM_SVG:
      if (!append_animation (text, self, seconds, progress, cancellable, error))
        return FALSE;
      break;
    case RSC_FILM_HTML:
    default:
      if (!append_page (text, self, progress, cancellable, error))
        return FALSE;
      break;
    }
  return rsc_file_replace_contents (path, overwrite, text->str, text->len, cancellable, error);
}
