#include "rsc-cli-drop.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "analysis/rsc-holders.h"
#include "analysis/rsc-names.h"
#include "base/rsc-error.h"
#include "query/rsc-object-ref.h"
#include "rsc-cli-source.h"

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
resolve_one (RscCli      *cli,
             const char  *text,
             GError     **error)
{
  const char *references[] = { text, NULL };
  g_autoptr (GArray) nodes = rsc_source_resolve (cli, references, 1, error);

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
resolve_edge (RscCli      *cli,
              const char  *text,
              GError     **error)
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
  source = resolve_one (cli, from, error);
  if (source == RSC_NODE_NONE)
    return G_MAXUINT64;
  target = resolve_one (cli, to, error);
  if (target == RSC_NODE_NONE)
    return G_MAXUINT64;

  edge = find_edge (cli->snapshot, source, target, label);
  if (edge == G_MAXUINT64)
    g_set_error (error, RSC_QUERY_ERROR, RSC_ERROR_NOT_FOUND,
                 _("There is no reference “%s” in this heap."), text);

  return edge;
}

static gboolean
append_drop (RscCli      *cli,
             GArray      *drops,
             const char  *text,
             GError     **error)
{
  RscDrop drop = { G_MAXUINT64, RSC_NODE_NONE };

  if (find_arrow (text) != NULL)
    {
      drop.edge = resolve_edge (cli, text, error);
    }
  else if (rsc_object_ref_is_valid (text) && !g_str_has_prefix (text, "name:"))
    {
      const char *references[] = { text, NULL };
      g_autoptr (GArray) nodes = rsc_source_resolve (cli, references, 1, error);

      for (guint i = 0; nodes != NULL && i < nodes->len; i++)
        {
          drop.node = g_array_index (nodes, RscNode, i);
          g_array_append_val (drops, drop);
        }
      return nodes != NULL;
    }
  else
    {
      drop.edge = rsc_names_lookup_edge (cli->snapshot, g_str_has_prefix (text, "name:") ? text + strlen ("name:") : text,
                                         error);
    }
  if (drop.edge == G_MAXUINT64)
    return FALSE;
  g_array_append_val (drops, drop);

  return TRUE;
}

GArray *
rsc_drops_resolve (RscCli             *cli,
                   const char *const  *texts,
                   GError            **error)
{
  g_autoptr (GArray) drops = g_array_new (FALSE, FALSE, sizeof (RscDrop));

  if (rsc_snapshot_get_columns (cli->snapshot, RSC_BLOCK_ALL & ~RSC_BLOCK_ADDRESSES, error) == NULL)
    return NULL;
  for (gsize i = 0; texts[i] != NULL; i++)
    if (!append_drop (cli, drops, texts[i], error))
      return NULL;

  return g_steal_pointer (&drops);
}
