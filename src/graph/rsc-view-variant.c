/* Views as GVariants, for saved state and for the window's history, and as
 * command lines. */
#include "config.h"
#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/rsc-error.h"
#include "rsc-view.h"

/* Objects in a view that comes from outside. */
#define MAX_OBJECTS (1u << 20)

static const char *const direction_ids[] = { "refs", "backrefs", "both" };
static const char *const edges_ids[] = { "everything", "collector" };

/* An object is written as (address, type name, node); the node counts only
 * where there is no address. */
#define OBJECT_FORMAT "(tsu)"

static GVariant *
object_to_variant (RscSnapshot *snapshot, const RscColumns *columns, RscNode node)
{
  g_assert (node < columns->n_nodes);
  return g_variant_new (OBJECT_FORMAT, columns->address[node],
                        rsc_snapshot_get_type (snapshot, columns->type[node]).name, node);
}

static GVariant *
objects_to_variant (RscSnapshot *snapshot, const RscNode *nodes, gsize n_nodes)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (snapshot);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a" OBJECT_FORMAT));
  for (gsize i = 0; i < n_nodes; i++)
    g_variant_builder_add_value (&builder, object_to_variant (snapshot, columns, nodes[i]));
  return g_variant_builder_end (&builder);
}

static void
add_text (GVariantBuilder *builder, const char *key, const char *text)
{
  if (text != NULL)
    g_variant_builder_add (builder, "{sv}", key, g_variant_new_string (text));
}

GVariant *
rsc_view_to_variant (RscView *self, RscSnapshot *snapshot)
{
  const RscViewParams *params = rsc_view_get_params (self);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "direction", g_variant_new_string (direction_ids[params->direction]));
  g_variant_builder_add (&builder, "{sv}", "edges", g_variant_new_string (edges_ids[params->edges]));
  g_variant_builder_add (&builder, "{sv}", "max-depth", g_variant_new_uint32 (params->max_depth));
  g_variant_builder_add (&builder, "{sv}", "too-many", g_variant_new_uint32 (params->too_many));
  g_variant_builder_add (&builder, "{sv}", "max-nodes", g_variant_new_uint32 (params->max_nodes));
  g_variant_builder_add (&builder, "{sv}", "refcounts", g_variant_new_boolean (params->refcounts));
  g_variant_builder_add (&builder, "{sv}", "shortnames", g_variant_new_boolean (params->shortnames));
  g_variant_builder_add (&builder, "{sv}", "swap", g_variant_new_boolean (params->swap));
  g_variant_builder_add (&builder, "{sv}", "type-edges", g_variant_new_boolean (params->type_edges));
  g_variant_builder_add (&builder, "{sv}", "objgraph", g_variant_new_boolean (params->objgraph));
  add_text (&builder, "filter", params->filter);
  add_text (&builder, "hide", params->hide);
  add_text (&builder, "highlight", params->highlight);
  add_text (&builder, "extra-info", params->extra_info);
  if (params->ignore_types != NULL)
    g_variant_builder_add (&builder, "{sv}", "ignore-types", g_variant_new_strv (params->ignore_types, -1));

  /* A damaged file has no objects to be named. */
  if (rsc_snapshot_get_columns (snapshot, RSC_BLOCK_NODES | RSC_BLOCK_STRINGS, NULL) != NULL)
    {
      g_variant_builder_add (&builder, "{sv}", "objects",
                             objects_to_variant (snapshot, params->objects, params->n_objects));
      if (params->n_extra_ignore > 0)
        g_variant_builder_add (&builder, "{sv}", "extra-ignore",
                               objects_to_variant (snapshot, params->extra_ignore, params->n_extra_ignore));
      if (params->n_expansions > 0)
        {
          const RscColumns *columns = rsc_snapshot_peek_columns (snapshot);
          GVariantBuilder list;

          g_variant_builder_init (&list, G_VARIANT_TYPE ("a(" OBJECT_FORMAT "u)"));
          for (gsize i = 0; i < params->n_expansions; i++)
            {
              RscNode node = params->expansions[i].node;
              GVariant *object = node == RSC_NODE_NONE
                                   ? g_variant_new (OBJECT_FORMAT, G_GUINT64_CONSTANT (0), "", node)
                                   : object_to_variant (snapshot, columns, node);

              g_variant_builder_add (&list, "(@" OBJECT_FORMAT "u)", object, params->expansions[i].extra);
            }
          g_variant_builder_add (&builder, "{sv}", "expansions", g_variant_builder_end (&list));
        }
    }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

/* The node that (address, type, index) names in @snapshot, or NONE. */
static RscNode
find_object (RscSnapshot *snapshot, guint64 address, const char *type, guint32 index)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (snapshot);
  RscNode node = address != 0 ? rsc_snapshot_find_address (snapshot, address) : index;

  if (node >= columns->n_nodes
      || strcmp (rsc_snapshot_get_type (snapshot, columns->type[node]).name, type) != 0)
    return RSC_NODE_NONE;
  return node;
}

static gboolean
set_wrong_type (GError **error)
{
  g_set_error_literal (error, RSC_QUERY_ERROR, RSC_ERROR_CORRUPT,
                       _("The saved view cannot be read; choose what to draw again."));
  return FALSE;
}

/* Objects that are gone are left out; *n_gone counts them. */
static gboolean
read_objects (GVariantDict *dict, const char *key, RscSnapshot *snapshot,
              GArray *nodes, gsize *n_gone, GError **error)
{
  g_autoptr(GVariant) list = g_variant_dict_lookup_value (dict, key, NULL);
  GVariantIter iter;
  guint64 address;
  const char *type;
  guint32 index;

  if (list == NULL)
    return TRUE;
  if (!g_variant_is_of_type (list, G_VARIANT_TYPE ("a" OBJECT_FORMAT))
      || g_variant_n_children (list) > MAX_OBJECTS)
    return set_wrong_type (error);

  g_variant_iter_init (&iter, list);
  while (g_variant_iter_next (&iter, "(t&su)", &address, &type, &index))
    {
      RscNode node = find_object (snapshot, address, type, index);

      if (node == RSC_NODE_NONE)
        (*n_gone)++;
      else
        g_array_append_val (nodes, node);
    }
  return TRUE;
}

static gboolean
read_expansions (GVariantDict *dict, RscSnapshot *snapshot, GArray *expansions, GError **error)
{
  g_autoptr(GVariant) list = g_variant_dict_lookup_value (dict, "expansions", NULL);
  GVariantIter iter;
  guint64 address;
  const char *type;
  guint32 index, extra;

  if (list == NULL)
    return TRUE;
  if (!g_variant_is_of_type (list, G_VARIANT_TYPE ("a(" OBJECT_FORMAT "u)"))
      || g_variant_n_children (list) > MAX_OBJECTS)
    return set_wrong_type (error);

  g_variant_iter_init (&iter, list);
  while (g_variant_iter_next (&iter, "((t&su)u)", &address, &type, &index, &extra))
    {
      gboolean of_starts = address == 0 && index == RSC_NODE_NONE;
      RscExpansion expansion = { RSC_NODE_NONE, extra };

      if (!of_starts)
        expansion.node = find_object (snapshot, address, type, index);
      if (of_starts || expansion.node != RSC_NODE_NONE)
        g_array_append_val (expansions, expansion);
    }
  return TRUE;
}

/* Sets *value to the place of the text under @key in @ids. */
static gboolean
read_id (GVariantDict *dict, const char *key, const char *const *ids, guint n_ids,
         guint *value, GError **error)
{
  const char *text;

  if (!g_variant_dict_contains (dict, key))
    return TRUE;
  if (g_variant_dict_lookup (dict, key, "&s", &text))
    for (guint i = 0; i < n_ids; i++)
      if (strcmp (text, ids[i]) == 0)
        {
          *value = i;
          return TRUE;
        }
  return set_wrong_type (error);
}

RscView *
rsc_view_from_variant (GVariant *variant, RscSnapshot *snapshot, GError **error)
{
  RscViewParams params = RSC_VIEW_PARAMS_INIT;
  g_autoptr(GArray) objects = g_array_new (FALSE, FALSE, sizeof (RscNode));
  g_autoptr(GArray) ignore = g_array_new (FALSE, FALSE, sizeof (RscNode));
  g_autoptr(GArray) expansions = g_array_new (FALSE, FALSE, sizeof (RscExpansion));
  g_autoptr(GVariantDict) dict = NULL;
  g_autofree const char **types = NULL;
  guint direction = params.direction;
  guint edges = params.edges;
  gsize n_gone = 0, n_not_ignored = 0;

  if (!g_variant_is_of_type (variant, G_VARIANT_TYPE_VARDICT))
    {
      set_wrong_type (error);
      return NULL;
    }
  if (rsc_snapshot_get_columns (snapshot, RSC_BLOCK_NODES | RSC_BLOCK_STRINGS | RSC_BLOCK_ADDRESSES, error) == NULL)
    return NULL;

  dict = g_variant_dict_new (variant);
  if (!read_id (dict, "direction", direction_ids, G_N_ELEMENTS (direction_ids), &direction, error)
      || !read_id (dict, "edges", edges_ids, G_N_ELEMENTS (edges_ids), &edges, error)
      || !read_objects (dict, "objects", snapshot, objects, &n_gone, error)
      || !read_objects (dict, "extra-ignore", snapshot, ignore, &n_not_ignored, error)
      || !read_expansions (dict, snapshot, expansions, error))
    return NULL;
  if (objects->len == 0 && n_gone > 0)
    {
      g_set_error_literal (error, RSC_QUERY_ERROR, RSC_ERROR_NOT_FOUND,
                           _("The objects of the saved view are not in this heap any more; choose others."));
      return NULL;
    }

  params.direction = direction;
  params.edges = edges;
  g_variant_dict_lookup (dict, "max-depth", "u", &params.max_depth);
  g_variant_dict_lookup (dict, "too-many", "u", &params.too_many);
  g_variant_dict_lookup (dict, "max-nodes", "u", &params.max_nodes);
  g_variant_dict_lookup (dict, "refcounts", "b", &params.refcounts);
  g_variant_dict_lookup (dict, "shortnames", "b", &params.shortnames);
  g_variant_dict_lookup (dict, "swap", "b", &params.swap);
  g_variant_dict_lookup (dict, "type-edges", "b", &params.type_edges);
  g_variant_dict_lookup (dict, "objgraph", "b", &params.objgraph);
  g_variant_dict_lookup (dict, "filter", "&s", &params.filter);
  g_variant_dict_lookup (dict, "hide", "&s", &params.hide);
  g_variant_dict_lookup (dict, "highlight", "&s", &params.highlight);
  g_variant_dict_lookup (dict, "extra-info", "&s", &params.extra_info);
  g_variant_dict_lookup (dict, "ignore-types", "^a&s", &types);
  params.ignore_types = types;
  params.objects = (const RscNode *) objects->data;
  params.n_objects = objects->len;
  params.extra_ignore = (const RscNode *) ignore->data;
  params.n_extra_ignore = ignore->len;
  params.expansions = (const RscExpansion *) expansions->data;
  params.n_expansions = expansions->len;
  return rsc_view_new (&params);
}

/* Quotes only what a shell would not take as it is. */
static void
append_argument (GString *line, const char *text)
{
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,+@%";

  if (line->len > 0)
    g_string_append_c (line, ' ');
  if (*text != '\0' && strspn (text, plain) == strlen (text))
    g_string_append (line, text);
  else
    {
      g_autofree char *quoted = g_shell_quote (text);

      g_string_append (line, quoted);
    }
}

static void
append_object (GString *line, const RscColumns *columns, RscNode node)
{
  g_autofree char *text = columns != NULL && node < columns->n_nodes && columns->address[node] != 0
                            ? g_strdup_printf ("0x%" G_GINT64_MODIFIER "x", columns->address[node])
                            : g_strdup_printf ("#%u", node);

  append_argument (line, text);
}

static void
append_number (GString *line, const char *option, guint value)
{
  g_string_append_printf (line, " %s %u", option, value);
}

static void
append_text (GString *line, const char *option, const char *value)
{
  if (value == NULL)
    return;
  append_argument (line, option);
  append_argument (line, value);
}

char *
rsc_view_to_command_line (RscView *self, RscSnapshot *snapshot, const char *source)
{
  static const RscViewParams defaults = RSC_VIEW_PARAMS_INIT;
  const RscViewParams *params = rsc_view_get_params (self);
  const RscColumns *columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_NODES, NULL);
  GString *line = g_string_new ("refscope-cli");

  append_argument (line, params->direction == RSC_DIRECTION_BACKREFS ? "backrefs" : "refs");
  append_argument (line, source);
  for (gsize i = 0; i < params->n_objects; i++)
    append_object (line, columns, params->objects[i]);
  if (params->direction == RSC_DIRECTION_BOTH)
    append_argument (line, "--both");
  if (params->objgraph)
    append_argument (line, "--objgraph");
  if (params->edges == RSC_EDGES_COLLECTOR && !params->objgraph)
    append_text (line, "--edges", "collector");
  if (params->max_depth != defaults.max_depth)
    append_number (line, "--max-depth", params->max_depth);
  if (params->too_many != defaults.too_many)
    append_number (line, "--too-many", params->too_many);
  if (params->max_nodes != (params->objgraph ? 0 : defaults.max_nodes))
    append_number (line, "--max-nodes", params->max_nodes);
  append_text (line, "--filter", params->filter);
  append_text (line, "--hide", params->hide);
  append_text (line, "--highlight", params->highlight);
  append_text (line, "--extra-info", params->extra_info);
  for (gsize i = 0; i < params->n_extra_ignore; i++)
    {
      append_argument (line, "--extra-ignore");
      append_object (line, columns, params->extra_ignore[i]);
    }
  for (gsize i = 0; params->ignore_types != NULL && params->ignore_types[i] != NULL; i++)
    {
      g_autofree char *object = g_strconcat ("type:", params->ignore_types[i], NULL);

      append_text (line, "--extra-ignore", object);
    }
  if (params->refcounts)
    append_argument (line, "--refcounts");
  if (!params->shortnames)
    append_argument (line, "--no-shortnames");
  if (params->swap)
    append_argument (line, "--swap");
  if (params->type_edges)
    append_argument (line, "--types");
  return g_string_free (line, FALSE);
}
