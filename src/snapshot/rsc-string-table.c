#include "rsc-string-table.h"

#include <string.h>

#include "base/rsc-hash.h"
#include "rsc-types.h"

#define MIN_SLOTS 1024u
#define MAX_STRINGS (G_MAXUINT32 - 1u)

struct _RscStringTable
{
  guint64 *offsets; /* n + 1 */
  gsize n;
  gsize offsets_allocated;
  char *data;
  gsize size;
  gsize data_allocated;
  gboolean whole;

  /* Open addressing: index + 1 of the interned strings, 0 for a free slot. */
  guint32 *slots;
  gsize n_slots; /* a power of two */
  gsize n_interned;
};

static void
start (RscStringTable *self)
{
  self->offsets_allocated = 16;
  self->offsets = g_new (guint64, self->offsets_allocated);
  self->data_allocated = 64;
  self->data = g_malloc (self->data_allocated);
  self->data[0] = '\0';
  self->size = 1;
  self->offsets[0] = 0;
  self->offsets[1] = 1;
  self->n = 1;
  self->whole = TRUE;
}

RscStringTable *
rsc_string_table_new (void)
{
  RscStringTable *self = g_new0 (RscStringTable, 1);

  start (self);

  return self;
}

void
rsc_string_table_free (RscStringTable *self)
{
  g_free (self->offsets);
  g_free (self->data);
  g_free (self->slots);
  g_free (self);
}

/* Appends @text, which is clean: UTF-8 without a NUL. */
static guint32
append (RscStringTable *self,
        const char     *text,
        gsize           length)
{
  if (self->n >= MAX_STRINGS)
    {
      self->whole = FALSE;
      return 0;
    }
  if (self->n + 2 > self->offsets_allocated)
    {
      self->offsets_allocated *= 2;
      self->offsets = g_renew (guint64, self->offsets, self->offsets_allocated);
    }
  if (self->size + length + 1 > self->data_allocated)
    {
      while (self->size + length + 1 > self->data_allocated)
        self->data_allocated *= 2;
      self->data = g_realloc (self->data, self->data_allocated);
    }

  memcpy (self->data + self->size, text, length);
  self->size += length;
  self->data[self->size++] = '\0';
  self->offsets[++self->n] = self->size;

  return (guint32) self->n - 1;
}

/* Makes UTF-8 of what is none, shows a NUL as U+2400 and cuts what is too long
 * between two characters.  Returns NULL if @text is clean as it is, with its
 * length in @length. */
static char *
clean (const char *text,
       gssize     *length)
{
  gsize size = *length < 0 ? strlen (text) : (gsize) *length;
  g_autoptr(GString) result = NULL;
  g_autofree char *valid = NULL;
  const char *end;
  gsize valid_size;

  if (size <= RSC_MAX_STRING && g_utf8_validate_len (text, size, NULL))
    {
      *length = (gssize) size;
      return NULL;
    }

  /* No character is longer than the slack, so that the cut below has a whole
   * one to cut before. */
  size = MIN (size, RSC_MAX_STRING + 8);
  result = g_string_sized_new (size + 16);
  for (gsize i = 0; i < size; i++)
    if (text[i] == '\0')
      g_string_append (result, "\xe2\x90\x80");
    else
      g_string_append_c (result, text[i]);

  if (result->len > RSC_MAX_STRING)
    {
      gsize cut = RSC_MAX_STRING;

      while (cut > RSC_MAX_STRING - 4 && ((guchar) result->str[cut] & 0xc0) == 0x80)
        cut--;
      g_string_truncate (result, cut);
    }
  if (g_utf8_validate_len (result->str, result->len, NULL))
    {
      *length = (gssize) result->len;
      return g_string_free (g_steal_pointer (&result), FALSE);
    }

  /* Replacing a byte by U+FFFD makes it longer: cut again. */
  valid = g_utf8_make_valid (result->str, (gssize) result->len);
  valid_size = strlen (valid);
  if (valid_size > RSC_MAX_STRING)
    {
      end = g_utf8_find_prev_char (valid, valid + RSC_MAX_STRING + 1);
      valid[end - valid] = '\0';
      valid_size = (gsize) (end - valid);
    }
  *length = (gssize) valid_size;

  return g_steal_pointer (&valid);
}

guint32
rsc_string_table_add (RscStringTable *self,
                      const char     *text,
                      gssize          length)
{
  g_autofree char *cleaned = NULL;

  if (text == NULL)
    return 0;
  cleaned = clean (text, &length);

  return append (self, cleaned != NULL ? cleaned : text, (gsize) length);
}

static void
grow_slots (RscStringTable *self)
{
  gsize n_slots = MAX (self->n_slots * 2, MIN_SLOTS);
  guint32 *slots = g_new0 (guint32, n_slots);

  for (gsize i = 0; i < self->n_slots; i++)
    {
      guint32 entry = self->slots[i];
      gsize length, at;

      if (entry == 0)
        continue;
      length = (gsize) (self->offsets[entry] - self->offsets[entry - 1] - 1);
      at = rsc_hash_bytes (self->data + self->offsets[entry - 1], length, 0) & (n_slots - 1);
      while (slots[at] != 0)
        at = (at + 1) & (n_slots - 1);
      slots[at] = entry;
    }
  g_free (self->slots);
  self->slots = slots;
  self->n_slots = n_slots;
}

guint32
rsc_string_table_intern (RscStringTable *self,
                         const char     *text,
                         gssize          length)
{
  g_autofree char *cleaned = NULL;
  gsize at;

  if (text == NULL)
    return 0;
  cleaned = clean (text, &length);
  if (cleaned != NULL)
    text = cleaned;
  if (length == 0)
    return 0;

  if (self->n_interned * 2 >= self->n_slots)
    grow_slots (self);
  at = rsc_hash_bytes (text, (gsize) length, 0) & (self->n_slots - 1);
  for (guint32 entry; (entry = self->slots[at]) != 0; at = (at + 1) & (self->n_slots - 1))
    {
      guint64 offset = self->offsets[entry - 1];

      if (self->offsets[entry] - offset - 1 == (guint64) length
          && memcmp (self->data + offset, text, (gsize) length) == 0)
        return entry - 1;
    }

  self->slots[at] = append (self, text, (gsize) length) + 1;
  self->n_interned++;

  return self->slots[at] - 1;
}

guint32
rsc_string_table_get_n (RscStringTable *self)
{
  return (guint32) self->n;
}

const char *
rsc_string_table_get (RscStringTable *self,
                      guint32         index)
{
  g_return_val_if_fail (index < self->n, "");

  return self->data + self->offsets[index];
}

gboolean
rsc_string_table_is_whole (RscStringTable *self)
{
  return self->whole;
}

void
rsc_string_table_steal (RscStringTable *self,
                        guint64       **offsets,
                        guint32        *n_strings,
                        char          **data,
                        guint64        *data_size)
{
  *n_strings = (guint32) self->n;
  *offsets = g_steal_pointer (&self->offsets);
  *data_size = self->size;
  *data = g_steal_pointer (&self->data);
  g_clear_pointer (&self->slots, g_free);
  self->n_slots = 0;
  self->n_interned = 0;
  start (self);
}
