/* rsc_find_objects() of rsc-histogram.h. */
#include "config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "rsc-histogram.h"
#include "rsc-names.h"

/* Whether @text is @pattern, where '*' stands for anything.  Goes back to the
 * last star only, so that it takes at most the product of the lengths. */
static gboolean
matches (const char *pattern,
         const char *text)
{
  const char *star = NULL, *resume = NULL;

  while (*text != '\0')
    {
      if (*pattern == '*')
        {
          star = pattern++;
          resume = text;
        }
      else if (*pattern == *text)
        {
          pattern++;
          text++;
        }
      else if (star != NULL)
        {
          pattern = star + 1;
          text = ++resume;
        }
      else
        {
          return FALSE;
        }
    }
  while (*pattern == '*')
    pattern++;

  return *pattern == '\0';
}

static RscBitset *
find_types (RscSnapshot *snapshot,
            const char  *pattern)
{
  guint32 n_types = rsc_snapshot_peek_columns (snapshot)->n_types;
  RscBitset *found = rsc_bitset_new (n_types);

  for (guint32 t = 0; t < n_types; t++)
    {
      RscType type = rsc_snapshot_get_type (snapshot, t);
      g_autofree char *full = g_strconcat (type.module, ".", type.name, NULL);

      if (matches (pattern, type.name) || matches (pattern, full))
        rsc_bitset_set (found, t);
    }

  return found;
}

/* The types whose objects have their name as their value. */
static RscBitset *
find_named_types (RscSnapshot *snapshot)
{
  static const char *const names[] = {
    "function", "builtin_function_or_method", "method", "method_descriptor", "wrapper_descriptor",
    "classmethod_descriptor", "module", "code", "generator", "coroutine", "async_generator", NULL,
  };
  guint32 n_types = rsc_snapshot_peek_columns (snapshot)->n_types;
  RscBitset *found = rsc_bitset_new (n_types);

  for (guint32 t = 0; t < n_types; t++)
    if (g_strv_contains (names, rsc_snapshot_get_type (snapshot, t).name))
      rsc_bitset_set (found, t);

  return found;
}

/* "Outer.method" is called "method" as well. */
static gboolean
matches_name (const char *pattern,
              const char *name)
{
  const char *dot = strrchr (name, '.');

  return *name != '\0' && (matches (pattern, name) || (dot != NULL && matches (pattern, dot + 1)));
}

/* Whether @node has a name of its own that is as @pattern says. */
static gboolean
is_called (RscSnapshot       *snapshot,
           const RscColumns  *columns,
           RscNode            node,
           const char        *pattern,
           const RscOwnNames *own_names,
           const RscBitset   *named_types)
{
  if (own_names != NULL)
    return matches (pattern, rsc_own_names_get (own_names, node));

  return (columns->flags[node] & RSC_NODE_TYPE || rsc_bitset_get (named_types, columns->type[node]))
         && matches_name (pattern, rsc_snapshot_get_string (snapshot, columns->value[node]));
}

typedef struct
{
  const char *text;
  char *folded;
  gboolean is_ascii;
} Needle;

static gboolean
contains (const char   *text,
          const Needle *needle)
{
  g_autofree char *folded = NULL;

  if (needle->is_ascii)
    return strcasestr (text, needle->text) != NULL;
  if (g_str_is_ascii (text))
    return FALSE;
  folded = g_utf8_casefold (text, -1);

  return strstr (folded, needle->folded) != NULL;
}

GArray *
rsc_find_objects (RscSnapshot       *snapshot,
                  const char        *type,
                  const char        *name,
                  const char        *value,
                  gsize              limit,
                  guint64           *n_found,
                  const RscProgress *progress,
                  GCancellable      *cancellable,
                  GError           **error)
{
  const RscColumns *columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_NODES | RSC_BLOCK_STRINGS, error);
  g_autoptr(GArray) result = NULL;
  g_autoptr(RscBitset) types = NULL;
  g_autoptr(RscBitset) named_types = NULL;
  g_autofree char *folded = NULL;
  Needle needle = { 0 };
  RscOwnNames own_names = { 0 };
  gboolean has_own_names;
  RscNode by_path = RSC_NODE_NONE;
  guint64 count = 0;

  if (columns == NULL)
    return NULL;

  has_own_names = rsc_own_names_init (&own_names, snapshot);
  if (type != NULL)
    types = find_types (snapshot, type);
  if (name != NULL)
    {
      named_types = find_named_types (snapshot);
      by_path = rsc_names_lookup (snapshot, name, NULL);
    }
  if (value != NULL)
    {
      folded = g_utf8_casefold (value, -1);
      needle = (Needle) { value, folded, g_str_is_ascii (value) };
    }

  result = g_array_new (FALSE, FALSE, sizeof (RscNode));
  for (RscNode node = 0; node < columns->n_nodes; node++)
    {
      if (node % RSC_CANCEL_INTERVAL == 0)
        {
          if (g_cancellable_set_error_if_cancelled (cancellable, error))
            {
              rsc_own_names_clear (&own_names);
              return NULL;
            }
          if (node % (RSC_CANCEL_INTERVAL * 256) == 0)
            rsc_progress_report (progress, (double) node / columns->n_nodes, _("Looking for objects"));
        }
      if (columns->flags[node] & RSC_NODE_SYNTHETIC)
        continue;
      if (types != NULL && !rsc_bitset_get (types, columns->type[node]))
        continue;
      if (name != NULL && node != by_path
          && !is_called (snapshot, columns, node, name, has_own_names ? &own_names : NULL, named_types))
        continue;
      if (value != NULL && !contains (rsc_snapshot_get_string (snapshot, columns->value[node]), &needle))
        continue;

      count++;
      if (limit == 0 || result->len < limit)
        g_array_append_val (result, node);
    }

  rsc_own_names_clear (&own_names);
  if (!rsc_snapshot_check (snapshot, error))
    return NULL;
  if (n_found != NULL)
    *n_found = count;

  return g_steal_pointer (&result);
}
