#include "config.h"

#include "rsc-heap-file.h"

#include <string.h>

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>

#include "base/rsc-error.h"
#include "layout/rsc-layout.h"
#include "snapshot/rsc-snapshot-builder.h"

#define PLAIN_TYPE "node"
/* What a DOT graph says of its objects: they may hold others, and that is all. */
#define NODE_FLAGS (RSC_NODE_CONTAINER | RSC_NODE_TRACKED)

/* "o140": the name objgraph, and our own writer, give an object. 0 if it is
 * another one. */
static guint64
parse_object_name (const char *name)
{
  guint64 address;

  if (name[0] != 'o' || !g_ascii_isdigit (name[1]) ||
      !g_ascii_string_to_unsigned (name + 1, 10, 1, G_MAXUINT64, &address, NULL))
    return 0;
  return address;
}

/* Addresses are taken from the names only if all have one of their own. */
static gboolean
have_addresses (const RscDotGraph *graph)
{
  g_autoptr(GHashTable) seen = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);

  for (gsize i = 0; i < graph->n_nodes; i++)
    {
      guint64 address = parse_object_name (graph->names[i]);

      if (address == 0 || !g_hash_table_add (seen, g_memdup2 (&address, sizeof address)))
        return FALSE;
    }
  return graph->n_nodes > 0;
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
      type = newline != NULL ? g_strndup (label, (gsize) (newline - label)) : g_strdup (label);
      record.address = parse_object_name (graph->names[i]);
      record.value = rsc_snapshot_builder_add_string (types->builder, newline != NULL ? newline + 1 : "", -1);
    }
  else
    record.value = rsc_snapshot_builder_add_string (types->builder, label, -1);
  record.type = get_type (types, type != NULL && type[0] != '\0' ? type : PLAIN_TYPE);
  rsc_snapshot_builder_add_node (types->builder, &record);
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
      /* An edge without a direction holds both ways. */
      if (!graph->directed && graph->sources[e] != graph->targets[e])
        rsc_snapshot_builder_add_edge_from (builder, graph->targets[e], graph->sources[e], kind, text);
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
  rsc_snapshot_builder_set_info (builder, "runtime", g_variant_new_string ("DOT graph"));
  if (graph->n_nodes > 0)
    {
      RscNode start = graph->root < graph->n_nodes ? graph->root : 0;

      rsc_snapshot_builder_add_root (builder, start, RSC_ROOT_DECLARED, G_MAXUINT32, graph->names[start]);
      rsc_snapshot_builder_set_info (builder, "start", g_variant_new_uint32 (start));
    }
  return rsc_snapshot_builder_freeze (builder, progress, cancellable, error);
}
