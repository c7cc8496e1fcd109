/* From a name to the reference that it stands for: rsc_names_lookup_edge(). */
#include "config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/rsc-error.h"
#include "rsc-holders.h"
#include "rsc-names.h"

/* Where the last part of a path begins: at its '[' or '.'; 0 for a single name. */
static gsize
find_last_part (const char *path)
{
  gsize last = 0;
  char quote = '\0';

  for (gsize i = 0; path[i] != '\0'; i++)
    {
      if (quote != '\0')
        {
          if (path[i] == quote)
            quote = '\0';
        }
      else if (path[i] == '\'' || path[i] == '"')
        {
          quote = path[i];
        }
      else if (path[i] == '[' || path[i] == '.')
        {
          last = i;
        }
    }

  return last;
}

/* Whether the reference is called so: ".x", "[3]"; an attribute may stand in a
 * dictionary, or be a local variable. */
static gboolean
is_called (RscSnapshot *snapshot,
           guint64      edge,
           const char  *part)
{
  g_autofree char *label = rsc_snapshot_dup_edge_label (snapshot, edge);
  const char *name = part[0] == '.' ? part + 1 : part;
  g_autofree char *key = NULL;

  if (strcmp (label, part) == 0)
    return TRUE;
  if (part[0] == '[')
    {
      /* ["x"] as well as ['x'] */
      key = g_strdelimit (g_strdup (part), "\"", '\'');
      return strcmp (label, key) == 0;
    }
  if ((rsc_snapshot_peek_columns (snapshot)->kind[edge] & RSC_EDGE_KIND_MASK) == RSC_EDGE_LOCAL)
    return strcmp (label, name) == 0
           || (g_str_has_suffix (label, name) && label[strlen (label) - strlen (name) - 1] == ' ');
  key = g_strdup_printf ("['%s']", name);

  return strcmp (label, key) == 0 || strcmp (label + (label[0] == '.'), name) == 0;
}

/* Whether @source is @parent or its dictionary. */
static gboolean
belongs_to (const RscColumns *columns,
            RscNode           source,
            RscNode           parent)
{
  if (source == parent)
    return TRUE;
  for (guint64 e = columns->first_edge[parent]; e < columns->first_edge[parent + 1]; e++)
    if (columns->target[e] == source && (columns->kind[e] & RSC_EDGE_KIND_MASK) == RSC_EDGE_DICT)
      return TRUE;

  return FALSE;
}

guint64
rsc_names_lookup_edge (RscSnapshot *snapshot,
                       const char  *path,
                       GError     **error)
{
  const RscColumns *columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL & ~RSC_BLOCK_ADDRESSES, error);
  gsize last = find_last_part (path);
  g_autofree char *prefix = last > 0 ? g_strndup (path, last) : g_strdup ("__main__");
  RscNode target, parent;
  RscNode previous = RSC_NODE_NONE;
  guint64 found = G_MAXUINT64;

  if (columns == NULL)
    return G_MAXUINT64;
  target = rsc_names_lookup (snapshot, path, error);
  if (target == RSC_NODE_NONE)
    return G_MAXUINT64;
  /* A running function has no name of its own: "f().x". */
  parent = rsc_names_lookup (snapshot, prefix, NULL);

  for (guint64 r = columns->first_referrer[target]; r < columns->first_referrer[target + 1]; r++)
    {
      RscNode source = columns->referrer[r];

      if (source == previous)
        continue;
      previous = source;
      for (guint64 e = columns->first_edge[source]; e < columns->first_edge[source + 1]; e++)
        {
          if (columns->target[e] != target || !rsc_edge_is_counted (snapshot, source, e)
              || !is_called (snapshot, e, path + last))
            continue;
          if (parent != RSC_NODE_NONE && belongs_to (columns, source, parent))
            return e;
          if (found == G_MAXUINT64)
            found = e;
        }
    }
  if (found == G_MAXUINT64)
    g_set_error (error, RSC_ANALYSIS_ERROR, RSC_ERROR_NOT_FOUND,
                 _("“%s” is an object of this heap, but no counted reference of that name leads to it. Name the"
                   " reference as FROM->TO."),
                 path);

  return found;
}
