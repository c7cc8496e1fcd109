/* "Did you mean ...?": names that are nearly what was written. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How many letters have to change; G_MAXUINT if more than @limit. */
guint rsc_near_name_distance (const char *a, const char *b, guint limit);

/* Gathers the nearest of many candidates, which may be several. */
typedef struct
{
  const char *wanted;
  guint limit;         /* how far a candidate may be: as far as the best so far */
  guint n;
  const char *names[3]; /* borrowed */
} RscNearNames;

void  rsc_near_names_init (RscNearNames *self, const char *wanted);
/* @name must outlive the gathering. */
void  rsc_near_names_offer (RscNearNames *self, const char *name);
/* "dict, Dict or dirt"; NULL if there are none.  Free with g_free(). */
char *rsc_near_names_join (const RscNearNames *self);

G_END_DECLS
