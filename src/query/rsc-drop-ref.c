#include "config.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "rsc-drop-ref.h"

#include <string.h>

#include "analysis/rsc-holders.h"
#include "analysis/rsc-names.h"
#include "base/rsc-bitset.h"
#include "base/rsc-error.h"
#include "rsc-object-ref.h"

#define ARROW "->"

/* Outside of quotes: a key may have one. */
static const char *
find_arrow (const char *text)
{
  char quote = '\0';

  for (const char *p = text; *p != '\0'; p++)
    if (quote != '\0')
      quote = *p == quote ? '\0' : quote;
    else if (*p == '\'' || *p == '"')
      quote = *p;
    else if (g_str_has_prefix (p, ARROW))
      return p;

  return NULL;
}

static RscNode
resolve_one (RscSnapshot   *snapshot,
             const char    *text,
             GCancellable  *cancellable,
             GError       **error)
{
  g_autoptr (GArray) nodes = rsc_object_ref_resolve (snapshot, text, cancellable, error);

  if (nodes == NULL)
    return RSC_NODE_NONE;
  if (nodes->len > 1)
    {
      g_set_error (error, RSC_QUERY_ERROR, RSC_ERROR_NOT_FOUND,
                   _("“%s” names %u objects; a reference has one at each end. Name it by 0xADDRESS, #INDEX or name:PATH."),
                   text, nodes->len);
      return RSC_NODE_NONE;
    }

  return g_array_index (nodes, RscNode, 0);
}

/* A reference from @source to @target, the one called @label if that is not NULL; one that counts before others. */
static guint64
find_edge (RscSnapshot *snapshot,
           RscNode      source,
           RscNode      target,
           const char  *label)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (snapshot);
  guint64 found = G_MAXUINT64;

  for (guint64 e = columns->first_edge[source]; e < columns->first_edge[source + 1]; e++)
    {
      g_autofree char *own = NULL;

      if (columns->target[e] != target)
        continue;
      own = rsc_snapshot_dup_edge_label (snapshot, e);
      if (label != NULL && strcmp (label, own) != 0)
        continue;
      if (rsc_edge_is_counted (snapshot, source, e))
        return e;
      found = e;
    }

  return found;
}

static guint64
resolve_edge (RscSnapshot   *snapshot,
              const char    *text,
              GCancellable  *cancellable,
              GError       **error)
{
  const char *arrow = find_arrow (text);
  g_autofree char *from = g_strndup (text, (gsize) (arrow - text));
  g_autofree char *to = g_strdup (arrow + strlen (ARROW));
  g_autofree char *label = NULL;
  char *colon = strchr (to, ':');
  RscNode source, target;
  guint64 edge;

  /* "name:b:[0]": the first colon is the object's own. */
  if (colon != NULL && (to[0] == '#' || to[0] == '0'))
    ;
  else if (colon != NULL)
    colon = strchr (colon + 1, ':');
  if (colon != NULL)
    {
      label = g_strdup (colon + 1);
      *colon = '\0';
    }
  source = resolve_one (snapshot, from, cancellable, error);
  if (source == RSC_NODE_NONE)
    return G_MAXUINT64;
  target = resolve_one (snapshot, to, cancellable, error);
  if (target == RSC_NODE_NONE)
    return G_MAXUINT64;

  edge = find_edge (snapshot, source, target, label);
  if (edge == G_MAXUINT64)
    g_set_error (error, RSC_QUERY_ERROR, RSC_ERROR_NOT_FOUND,
                 _("There is no reference “%s” in this heap."), text);

  return edge;
}

/* Each object once: a query may have it more often. */
static gboolean
append_objects (RscSnapshot   *snapshot,
                GArray        *drops,
                const char    *text,
                GCancellable  *cancellable,
                GError       **error)
{
  g_autoptr (GArray) nodes = rsc_object_ref_resolve (snapshot, text, cancellable, error);
  g_autoptr (RscBitset) seen = NULL;

  if (nodes == NULL)
    return FALSE;

  seen = rsc_bitset_new (rsc_snapshot_peek_columns (snapshot)->n_nodes);
  for (guint i = 0; i < nodes->len; i++)
    {
      RscDrop drop = { G_MAXUINT64, g_array_index (nodes, RscNode, i) };

      if (rsc_bitset_get (seen, drop.node))
        continue;
      rsc_bitset_set (seen, drop.node);
      g_array_append_val (drops, drop);
    }

  return TRUE;
}

static gboolean
append_drop (RscSnapshot   *snapshot,
             GArray        *drops,
             const char    *text,
             GCancellable  *cancellable,
             GError       **error)
{
  RscDrop drop = { G_MAXUINT64, RSC_NODE_NONE };

  if (find_arrow (text) != NULL)
    drop.edge = resolve_edge (snapshot, text, cancellable, error);
  else if (rsc_object_ref_is_valid (text) && !g_str_has_prefix (text, "name:"))
    return append_objects (snapshot, drops, text, cancellable, error);
  else
    drop.edge = rsc_names_lookup_edge (snapshot, g_str_has_prefix (text, "name:") ? text + strlen ("name:") : text, error);

  if (drop.edge == G_MAXUINT64)
    return FALSE;
  g_array_append_val (drops, drop);

  return TRUE;
}

GArray *
rsc_drop_refs_resolve (RscSnapshot        *snapshot,
                       const char *const  *texts,
                       GCancellable       *cancellable,
                       GError            **error)
{
  g_autoptr (GArray) drops = g_array_new (FALSE, FALSE, sizeof (RscDrop));

  if (rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL & ~RSC_BLOCK_ADDRESSES, error) == NULL)
    return NULL;
  for (gsize i = 0; texts[i] != NULL; i++)
    if (!append_drop (snapshot, drops, texts[i], cancellable, error))
      return NULL;

  return g_steal_pointer (&drops);
}
