#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-collection-log.h"

#include <string.h>

#include "base/rsc-error.h"
#include "base/rsc-mapped-file.h"
#include "base/rsc-progress.h"

/* CPython's lines are shorter. */
#define MAX_LINE 400

/* The collection whose lines are being read. */
typedef struct
{
  RscLoggedCollection collection;
  gboolean has_sizes;
  gboolean begun;
} Reading;

/* The number at *@at, which is set to what follows it. */
static gboolean
read_number (const char **at, guint64 *number)
{
  char *end;

  if (!g_ascii_isdigit (**at))
    return FALSE;

  *number = g_ascii_strtoull (*at, &end, 10);
  *at = end;

  return TRUE;
}

static gboolean
skip (const char **at, const char *text)
{
  if (!g_str_has_prefix (*at, text))
    return FALSE;

  *at += strlen (text);

  return TRUE;
}

static void
read_begin (Reading *self, const char *at)
{
  guint64 generation;

  *self = (Reading) { .begun = read_number (&at, &generation) && generation < G_N_ELEMENTS (self->collection.sizes) };
  if (self->begun)
    self->collection.generation = (guint32) generation;
}

static void
read_sizes (Reading *self, const char *at)
{
  self->has_sizes = TRUE;
  for (gsize g = 0; self->has_sizes && g < G_N_ELEMENTS (self->collection.sizes); g++)
    self->has_sizes = skip (&at, " ") && read_number (&at, &self->collection.sizes[g]);
}

/* TRUE if the collection is whole. */
static gboolean
read_end (Reading *self, const char *at)
{
  RscLoggedCollection *collection = &self->collection;
  char *end;

  if (!self->begun || !self->has_sizes)
    return FALSE;
  if (!read_number (&at, &collection->unreachable) || !skip (&at, " unreachable, ")
      || !read_number (&at, &collection->uncollectable) || !skip (&at, " uncollectable, ") || !g_ascii_isdigit (*at))
    return FALSE;

  collection->seconds = g_ascii_strtod (at, &end);

  return g_str_has_prefix (end, "s elapsed");
}

/* A line of the program may stand before CPython's, if it did not end. */
static const char *
find_line (const char *line, const char *start)
{
  const char *found = strstr (line, start);

  return found != NULL ? found + strlen (start) : NULL;
}

static void
read_line (Reading *self, const char *line, GArray *collections)
{
  const char *at;

  if ((at = find_line (line, "gc: collecting generation ")) != NULL)
    {
      read_begin (self, at);
    }
  else if ((at = find_line (line, "gc: objects in each generation:")) != NULL)
    {
      read_sizes (self, at);
    }
  else if ((at = find_line (line, "gc: done, ")) != NULL)
    {
      if (read_end (self, at))
        g_array_append_val (collections, self->collection);
      self->begun = FALSE;
    }
}

GArray *
rsc_collection_log_parse (const char *text, gsize size, GCancellable *cancellable, GError **error)
{
  g_autoptr (GArray) collections = g_array_new (FALSE, FALSE, sizeof (RscLoggedCollection));
  Reading reading = { .begun = FALSE };
  gsize length;

  for (gsize at = 0, n = 0; at < size; at += length + 1, n++)
    {
      const char *end = memchr (text + at, '\n', size - at);

      length = end != NULL ? (gsize) (end - text) - at : size - at;
      if (n % RSC_CANCEL_INTERVAL == 0 && g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;
      if (length <= MAX_LINE)
        {
          char line[MAX_LINE + 1];

          memcpy (line, text + at, length);
          line[length] = '\0';
          read_line (&reading, line, collections);
        }
      if (collections->len > RSC_COLLECTION_LOG_MAX)
        {
          g_set_error (error, RSC_FORMAT_ERROR, RSC_ERROR_LIMIT,
                       _("The record has more than %u collections: cut it to a part of the run."), RSC_COLLECTION_LOG_MAX);
          return NULL;
        }
    }

  if (collections->len == 0)
    {
      g_set_error_literal (error, RSC_FORMAT_ERROR, RSC_ERROR_BAD_MAGIC,
                           _("The record has no collections as CPython writes them. Call gc.set_debug(gc.DEBUG_STATS) in the "
                             "program, and keep its standard error in a file."));
      return NULL;
    }

  return g_steal_pointer (&collections);
}

GArray *
rsc_collection_log_read (const char *path, GCancellable *cancellable, GError **error)
{
  g_autoptr (RscMappedFile) file = rsc_mapped_file_new (path, error);

  if (file == NULL)
    return NULL;

  return rsc_collection_log_parse ((const char *) rsc_mapped_file_get_data (file), rsc_mapped_file_get_size (file),
                                   cancellable, error);
}
