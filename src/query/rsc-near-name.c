#include "config.h"
#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN

#include "rsc-near-name.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* Longer names are not compared. */
#define MAX_LENGTH 96

guint
rsc_near_name_distance (const char *a, const char *b, guint limit)
{
  gsize length_a = strlen (a);
  gsize length_b = strlen (b);
  guint row[MAX_LENGTH + 1];

  if (length_a > MAX_LENGTH || length_b > MAX_LENGTH
      || (length_a > length_b ? length_a - length_b : length_b - length_a) > limit)
    return G_MAXUINT;

  for (gsize j = 0; j <= length_b; j++)
    row[j] = j;
  for (gsize i = 1; i <= length_a; i++)
    {
      guint diagonal = row[0];
      guint best;

      row[0] = i;
      best = row[0];
      for (gsize j = 1; j <= length_b; j++)
        {
          guint change = diagonal + (g_ascii_tolower (a[i - 1]) != g_ascii_tolower (b[j - 1]));

          diagonal = row[j];
          row[j] = MIN (change, MIN (row[j], row[j - 1]) + 1);
          best = MIN (best, row[j]);
        }
      if (best > limit)
        return G_MAXUINT;
    }
  return row[length_b] <= limit ? row[length_b] : G_MAXUINT;
}

void
rsc_near_names_init (RscNearNames *self, const char *wanted)
{
  gsize length = strlen (wanted);

  memset (self, 0, sizeof *self);
  self->wanted = wanted;
  self->limit = length <= 2 ? 1 : length <= 6 ? 2 : 3;
}

void
rsc_near_names_offer (RscNearNames *self, const char *name)
{
  guint distance = rsc_near_name_distance (self->wanted, name, self->limit);

  if (distance == G_MAXUINT)
    return;
  for (guint i = 0; i < self->n; i++)
    if (strcmp (self->names[i], name) == 0)
      return;

  /* Only the nearest ones, and those that are as near. */
  if (distance < self->limit)
    {
      self->limit = distance;
      self->n = 0;
    }
  if (self->n < G_N_ELEMENTS (self->names))
    self->names[self->n++] = name;
}

char *
rsc_near_names_join (const RscNearNames *self)
{
  switch (self->n)
    {
    case 0:
      return NULL;
    case 1:
      return g_strdup (self->names[0]);
    case 2:
      /* Translators: two names that may have been meant. */
      return g_strdup_printf (_("%s or %s"), self->names[0], self->names[1]);
    default:
      /* Translators: three names that may have been meant. */
      return g_strdup_printf (_("%s, %s or %s"), self->names[0], self->names[1], self->names[2]);
    }
}
