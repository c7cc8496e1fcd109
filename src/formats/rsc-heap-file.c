#include "config.h"

#include "rsc-heap-file.h"

#include <string.h>
#include <unistd.h>

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "base/rsc-error.h"
#include "base/rsc-mapped-file.h"
#include "rsc-heap-spool.h"

/* Files that people may well try, and what to say of them. */
static const struct
{
  const char *start;
  gsize length;
  const char *what;
} foreign[] = {
  { "JAVA PROFILE ", 13, N_("a heap dump of a Java program (HPROF)") },
  { "{\"snapshot\"", 11, N_("a heap snapshot of Chrome or Node.js") },
  { "\177ELF", 4, N_("a program or a core dump (ELF)") },
  { "\037\213", 2, N_("compressed by gzip; unpack it first") },
  { "\050\265\057\375", 4, N_("compressed by zstd; unpack it first") },
  { "PK\003\004", 4, N_("a ZIP archive; unpack it first") },
  { "SQLite format 3", 15, N_("an SQLite database") },
  { "\211PNG", 4, N_("a picture (PNG)") },
  { "%PDF", 4, N_("a PDF document") },
  { "<?xml", 5, N_("an XML document") },
  { "<svg", 4, N_("a picture (SVG)") },
};

static const char *
skip_comment (const char *at, const char *end)
{
  if (end - at >= 2 && at[0] == '/' && at[1] == '*')
    {
      const char *close = g_strstr_len (at + 2, end - at - 2, "*/");

      return close != NULL ? close + 2 : end;
    }
  /* "//", or "#" which the C preprocessor leaves */
  while (at < end && *at != '\n')
    at++;
  return at;
}

static const char *
skip_space (const char *at, const char *end)
{
  if (end - at >= 3 && memcmp (at, "\xef\xbb\xbf", 3) == 0)
    at += 3;
  while (at < end)
    {
      if (g_ascii_isspace (*at))
        at++;
      else if (*at == '#' || (end - at >= 2 && at[0] == '/' && (at[1] == '/' || at[1] == '*')))
        at = skip_comment (at, end);
      else
        break;
    }
  return at;
}

static gboolean
is_word (const char *at, const char *end, const char *word)
{
  gsize length = strlen (word);

  return (gsize) (end - at) > length && g_ascii_strncasecmp (at, word, length) == 0 &&
         !g_ascii_isalnum (at[length]) && at[length] != '_';
}

static gboolean
is_dot (const char *text, gsize length)
{
  const char *end = text + length;
  const char *at = skip_space (text, end);

  if (is_word (at, end, "strict"))
    at = skip_space (at + strlen ("strict"), end);
  return is_word (at, end, "digraph") || is_word (at, end, "graph");
}

static void
set_foreign_error (const char *path, const char *data, gsize size, GError **error)
{
  g_autofree char *shown = g_filename_display_name (path);

  for (gsize i = 0; i < G_N_ELEMENTS (foreign); i++)
    if (size >= foreign[i].length && memcmp (data, foreign[i].start, foreign[i].length) == 0)
      {
        g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_BAD_MAGIC,
                     /* Translators: the first %s is a file name, the second says what kind of file it is. */
                     _("“%s” is %s. Refscope opens .refscope files and DOT graphs."), shown, _(foreign[i].what));
        return;
      }
  g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_BAD_MAGIC,
               _("“%s” is no heap file: it starts neither as a .refscope file nor as a DOT graph."), shown);
}

/* Takes over @mapped; NULL and @error: it could not be opened. */
static RscSnapshot *
open_other (RscMappedFile *mapped, const char *path, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  g_autoptr(RscMappedFile) file = mapped;
  g_autofree char *text = NULL;
  const char *data;
  gsize size;

  if (file == NULL)
    return NULL;
  data = (const char *) rsc_mapped_file_get_data (file);
  size = rsc_mapped_file_get_size (file);
  if (data == NULL || !is_dot (data, size))
    {
      set_foreign_error (path, data != NULL ? data : "", size, error);
      return NULL;
    }
  if (size > RSC_HEAP_FILE_MAX_DOT)
    {
      g_autofree char *shown = g_filename_display_name (path);

      g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_LIMIT,
                   _("“%s” is too large for a DOT graph: more than %u bytes are not read."), shown, RSC_HEAP_FILE_MAX_DOT);
      return NULL;
    }
  /* A copy: the file may change while the child reads. */
  text = g_malloc (size + 1);
  memcpy (text, data, size);
  text[size] = '\0';
  if (rsc_mapped_file_is_lost (file))
    {
      g_autofree char *shown = g_filename_display_name (path);

      g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_IO, _("“%s” was cut while it was read."), shown);
      return NULL;
    }
  return rsc_dot_reader_read (text, size, progress, cancellable, error);
}

RscSnapshot *
rsc_heap_file_open (const char *path, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  g_autoptr(GError) local_error = NULL;
  RscSnapshot *snapshot;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  snapshot = rsc_snapshot_open (path, &local_error);
  if (snapshot != NULL)
    return snapshot;
  if (!g_error_matches (local_error, RSC_FORMAT_ERROR, RSC_ERROR_BAD_MAGIC))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }
  return open_other (rsc_mapped_file_new (path, error), path, progress, cancellable, error);
}

RscSnapshot *
rsc_heap_file_open_stream (int fd, const char *name, const RscProgress *progress, GCancellable *cancellable, GError **error)
{
  g_autoptr(GError) local_error = NULL;
  RscSnapshot *snapshot;
  int spool = rsc_heap_spool (fd, name, progress, cancellable, error);

  if (spool < 0)
    return NULL;
  snapshot = rsc_snapshot_open_fd (spool, name, &local_error);
  if (snapshot == NULL && g_error_matches (local_error, RSC_FORMAT_ERROR, RSC_ERROR_BAD_MAGIC))
    snapshot = open_other (rsc_mapped_file_new_for_fd (spool, name, error), name, progress, cancellable, error);
  else if (snapshot == NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));
  close (spool);

  return snapshot;
}
