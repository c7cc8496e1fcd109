#include "config.h"

#include "rsc-heap-file.h"

#include <string.h>

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "base/rsc-error.h"
#include "layout/rsc-layout.h"
#include "snapshot/rsc-snapshot-builder.h"

#define PLAIN_TYPE "node"

/* Names that are kept beside the labels, in bytes: a snapshot's info has a ceiling. */
#define MAX_NAMES_SIZE (32u << 20)

/* What a DOT graph says of its objects: they may hold others, and that is all. */
#define NODE_FLAGS (RSC_NODE_CONTAINER | RSC_NODE_TRACKED)

/* The names that objgraph and our own writers give. */
typedef enum
{
  NAME_OTHER,
  NAME_ADDRESS, /* "o140": an object at that address */
  NAME_INDEX,   /* "n3": one without an address */
  NAME_BOX      /* "too_many_o140", "o140_has_a_del": no object, but what was left out at one, or its mark */
} NameKind;

static gboolean
is_number (const char *text, const char *end)
{
  if (text == end)
    return FALSE;
  while (text < end && g_ascii_isdigit (*text))
    text++;
  return text == end;
}

static NameKind
classify_name (const char *name, guint64 *address)
{
  static const char *const prefixes[] = { "too_many_", "depth_", "max_nodes_", "filter_" };
  static const char mark[] = "_has_a_del";
  const char *end = name + strlen (name);

  if (name[0] == 'o' && g_ascii_string_to_unsigned (name + 1, 10, 1, G_MAXUINT64, address, NULL))
    return NAME_ADDRESS;
  if (name[0] == 'n' && is_number (name + 1, end))
    return NAME_INDEX;
  if (g_str_has_suffix (name, mark) && strchr ("on", name[0]) != NULL && is_number (name + 1, end - strlen (mark)))
    return NAME_BOX;
  for (gsize i = 0; i < G_N_ELEMENTS (prefixes); i++)
    if (g_str_has_prefix (name, prefixes[i]))
      {
        const char *owner = name + strlen (prefixes[i]);

        if (g_str_has_prefix (owner, "back_"))
          owner += strlen ("back_");
        if (strcmp (owner, "start") == 0 || (strchr ("on", owner[0]) != NULL && is_number (owner + 1, end)))
          return NAME_BOX;
      }
  return NAME_OTHER;
}

/* Addresses and types are taken from names and labels only if all names are
 * of those kinds, and no address is there twice. */
static gboolean
have_addresses (const RscDotGraph *graph)
{
  g_autoptr(GHashTable) seen = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);

  for (gsize i = 0; i < graph->n_nodes; i++)
    {
      guint64 address;
      NameKind kind = classify_name (graph->names[i], &address);

      if (kind == NAME_OTHER
          || (kind == NAME_ADDRESS && !g_hash_table_add (seen, g_memdup2 (&address, sizeof address))))
        return FALSE;
    }
  return g_hash_table_size (seen) > 0;
}

/* Type by name. */
typedef struct
{
  RscSnapshotBuilder *builder;
  GHashTable *indices; /* char* -> index + 1 */
} Types;

static guint32
get_type (Types *types, const char *name)
{
  guint32 index = GPOINTER_TO_UINT (g_hash_table_lookup (types->indices, name));

  if (index == 0)
    {
      index = 1 + rsc_snapshot_builder_add_type (types->builder, name, "", RSC_NODE_NONE, RSC_TYPE_COLLECTED);
      g_hash_table_insert (types->indices, g_strdup (name), GUINT_TO_POINTER (index));
    }
  return index - 1;
}

/* A node named by an address has its type in the first line and its value in
 * the others, as objgraph writes them. */
static void
add_node (Types *types, const RscDotGraph *graph, gsize i, gboolean addresses)
{
  const char *label = graph->labels[i];
  const char *newline = strchr (label, '\n');
  RscNodeRecord record = {
    .address = i + 1, .refcount = RSC_REFCOUNT_UNKNOWN, .flags = NODE_FLAGS, .generation = RSC_GENERATION_NONE
  };
  g_autofree char *type = NULL;

  if (addresses)
    {
      if (classify_name (graph->names[i], &record.address) != NAME_ADDRESS)
        {
          record.address = 0;
          record.flags = RSC_NODE_SYNTHETIC;
        }
      type = newline != NULL ? g_strndup (label, (gsize) (newline - label)) : g_strdup (label);
      record.value = rsc_snapshot_builder_add_string (types->builder, newline != NULL ? newline + 1 : "", -1);
    }
  else
    record.value = rsc_snapshot_builder_add_string (types->builder, label, -1);
  record.type = get_type (types, type != NULL && type[0] != '\0' ? type : PLAIN_TYPE);
  rsc_snapshot_builder_add_node (types->builder, &record);
}

/* What a name finds, where the label says something else. */
static void
add_names (RscSnapshotBuilder *builder, const RscDotGraph *graph)
{
  GVariantBuilder names;
  gboolean differ = FALSE;
  gsize size = 0;

  for (gsize i = 0; i < graph->n_nodes; i++)
    {
      differ = differ || strcmp (graph->names[i], graph->labels[i]) != 0;
      size += strlen (graph->names[i]) + 1;
    }
  if (!differ || size > MAX_NAMES_SIZE)
    return;
  g_variant_builder_init (&names, G_VARIANT_TYPE_STRING_ARRAY);
  for (gsize i = 0; i < graph->n_nodes; i++)
    g_variant_builder_add (&names, "s", graph->names[i]);
  rsc_snapshot_builder_set_info (builder, "names", g_variant_builder_end (&names));
}

static void
add_note (RscSnapshotBuilder *builder, const char *note)
{
  const char *notes[] = { note, NULL };

  rsc_snapshot_builder_set_info (builder, "notes", g_variant_new_strv (notes, -1));
}

static void
add_edges (RscSnapshotBuilder *builder, const RscDotGraph *graph)
{
  for (gsize e = 0; e < graph->n_edges; e++)
    {
      const char *label = graph->edge_labels[e];
      guint8 kind = (label[0] != '\0' ? RSC_EDGE_NAMED : RSC_EDGE_PLAIN) | RSC_EDGE_TRAVERSED;
      guint32 text = label[0] != '\0' ? rsc_snapshot_builder_intern_string (builder, label, -1) : 0;

      rsc_snapshot_builder_add_edge_from (builder, graph->sources[e], graph->targets[e], kind, text);
    }
}

RscSnapshot *
rsc_dot_reader_read (const char *text, gsize length, const RscProgress *progress, GCancellable *cancellable,
                     GError **error)
{
  g_autoptr(RscSnapshotBuilder) builder = NULL;
  g_autoptr(RscDotGraph) graph = NULL;
  g_autoptr(GHashTable) indices = NULL;
  gboolean addresses;
  Types types;

  rsc_progress_report (progress, -1, _("Reading the DOT graph"));
  graph = rsc_layout_parse_dot (text, length, cancellable, error);
  if (graph == NULL)
    return NULL;
  if (!graph->directed)
    {
      g_set_error_literal (error, RSC_FORMAT_ERROR, RSC_ERROR_BAD_MAGIC,
                           /* Translators: digraph and -> are words of the DOT language. */
                           _("This is an undirected graph, but a heap's references have a direction: write “digraph”"
                             " in place of “graph”, and “->” in place of “--”."));
      return NULL;
    }

  builder = rsc_snapshot_builder_new ();
  indices = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  types = (Types) { builder, indices };
  rsc_snapshot_builder_reserve (builder, (guint32) graph->n_nodes, graph->n_edges);
  addresses = have_addresses (graph);
  for (gsize i = 0; i < graph->n_nodes; i++)
    {
      if (i % RSC_CANCEL_INTERVAL == 0 && g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;
      add_node (&types, graph, i, addresses);
    }
  add_edges (builder, graph);
  if (!addresses)
    add_names (builder, graph);
  if (graph->more)
    add_note (builder, _("The DOT file has further graphs; only the first was read."));
  rsc_snapshot_builder_set_info (builder, "runtime", g_variant_new_string ("DOT graph"));
  if (graph->n_nodes > 0)
    {
      RscNode start = graph->root < graph->n_nodes ? graph->root : 0;

      rsc_snapshot_builder_add_root (builder, start, RSC_ROOT_DECLARED, G_MAXUINT32, graph->names[start]);
      rsc_snapshot_builder_set_info (builder, "start", g_variant_new_uint32 (start));
    }
  return rsc_snapshot_builder_freeze (builder, progress, cancellable, error);
}
