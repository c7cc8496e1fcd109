/* What a snapshot says of its values and edges, as text. */
#include "config.h"

#include "rsc-snapshot.h"

#include <string.h>

/* U+2400 stands for a NUL: see rsc_snapshot_builder_add_string(). */
#define SYMBOL_FOR_NULL 0x2400

/* As str.isprintable() has it, for what is no ASCII. */
static gboolean
is_printable (gunichar c)
{
  switch (g_unichar_type (c))
    {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_UNASSIGNED:
    case G_UNICODE_PRIVATE_USE:
    case G_UNICODE_SURROGATE:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
    case G_UNICODE_SPACE_SEPARATOR:
      return FALSE;
    default:
      return TRUE;
    }
}

static void
append_escaped (GString    *out,
                const char *text,
                char        quote,
                gboolean    is_bytes)
{
  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);

      if (c == SYMBOL_FOR_NULL)
        c = 0;
      if (c == '\n')
        g_string_append (out, "\\n");
      else if (c == '\r')
        g_string_append (out, "\\r");
      else if (c == '\t')
        g_string_append (out, "\\t");
      else if (c == '\\' || c == (gunichar) quote)
        g_string_append_printf (out, "\\%c", (char) c);
      else if (c >= 0x20 && c != 0x7f && (c < 0x80 || (!is_bytes && is_printable (c))))
        g_string_append_unichar (out, c);
      else if (c < 0x100)
        g_string_append_printf (out, "\\x%02x", c);
      else if (c < 0x10000)
        g_string_append_printf (out, "\\u%04x", c);
      else
        g_string_append_printf (out, "\\U%08x", c);
    }
}

char *
rsc_snapshot_dup_value (RscSnapshot *self,
                        RscNode      node)
{
  const RscColumns *columns = rsc_snapshot_get_columns (self, RSC_BLOCK_NODES | RSC_BLOCK_STRINGS, NULL);
  const char *text;
  GString *out;
  guint32 flags;
  char quote;

  if (columns == NULL)
    return g_strdup ("");
  g_return_val_if_fail (node < columns->n_nodes, g_strdup (""));

  flags = columns->flags[node];
  text = rsc_snapshot_get_string (self, columns->value[node]);
  if (!(flags & (RSC_NODE_TEXT | RSC_NODE_BYTES)))
    return flags & RSC_NODE_TRUNCATED ? g_strconcat (text, "…", NULL) : g_strdup (text);

  /* As repr() does: double quotes only where that saves escaping. */
  quote = strchr (text, '\'') != NULL && strchr (text, '"') == NULL ? '"' : '\'';
  out = g_string_new (flags & RSC_NODE_BYTES ? "b" : NULL);
  g_string_append_c (out, quote);
  append_escaped (out, text, quote, (flags & RSC_NODE_BYTES) != 0);
  g_string_append_c (out, quote);
  if (flags & RSC_NODE_TRUNCATED)
    g_string_append (out, "…");

  return g_string_free (out, FALSE);
}

static char *
dup_key_label (RscSnapshot *self,
               RscNode      key)
{
  g_autofree char *value = rsc_snapshot_dup_value (self, key);
  const RscColumns *columns = rsc_snapshot_peek_columns (self);

  if (*value == '\0' && !(columns->flags[key] & RSC_NODE_TEXT))
    return g_strdup_printf ("[%s]", rsc_snapshot_get_type (self, columns->type[key]).name);

  return g_strdup_printf ("[%s]", value);
}

/* The node whose edge @edge is. */
static RscNode
find_source (const RscColumns *columns,
             guint64           edge)
{
  guint32 low = 0, high = columns->n_nodes;

  while (low + 1 < high)
    {
      guint32 middle = low + (high - low) / 2;

      if (columns->first_edge[middle] <= edge)
        low = middle;
      else
        high = middle;
    }

  return low;
}

static gboolean
source_is_frame (RscSnapshot      *self,
                 const RscColumns *columns,
                 guint64           edge)
{
  RscNode source = find_source (columns, edge);

  return columns->flags[source] & RSC_NODE_SYNTHETIC
         || g_strcmp0 (rsc_snapshot_get_type (self, columns->type[source]).name, "frame") == 0;
}

char *
rsc_snapshot_dup_edge_label (RscSnapshot *self,
                             guint64      edge)
{
  const RscColumns *columns
      = rsc_snapshot_get_columns (self, RSC_BLOCK_NODES | RSC_BLOCK_EDGES | RSC_BLOCK_STRINGS, NULL);
  guint32 label;

  if (columns == NULL)
    return g_strdup ("");
  g_return_val_if_fail (edge < columns->n_edges, g_strdup (""));

  label = columns->label[edge];
  switch ((RscEdgeKind) (columns->kind[edge] & RSC_EDGE_KIND_MASK))
    {
    case RSC_EDGE_INDEX:
      return g_strdup_printf ("[%u]", label);
    case RSC_EDGE_KEY:
      return g_strdup ("key");
    case RSC_EDGE_VALUE:
      return dup_key_label (self, label);
    case RSC_EDGE_ATTRIBUTE:
    case RSC_EDGE_SLOT:
      return g_strconcat (".", rsc_snapshot_get_string (self, label), NULL);
    case RSC_EDGE_DICT:
      return g_strdup ("__dict__");
    case RSC_EDGE_TYPE:
      return g_strdup ("type");
    case RSC_EDGE_BASE:
      return g_strdup ("base");
    case RSC_EDGE_MRO:
      return g_strdup ("__mro__");
    case RSC_EDGE_CLOSURE:
      return g_strdup ("closure");
    case RSC_EDGE_CELL:
      return g_strdup ("cell");
    case RSC_EDGE_GLOBALS:
      return g_strdup (source_is_frame (self, columns, edge) ? "f_globals" : "__globals__");
    case RSC_EDGE_LOCAL:
      return g_strconcat ("local ", rsc_snapshot_get_string (self, label), NULL);
    case RSC_EDGE_CONSTANT:
      return g_strdup_printf ("co_consts[%u]", label);
    case RSC_EDGE_NAMED:
      return g_strdup (rsc_snapshot_get_string (self, label));
    case RSC_EDGE_ELEMENT:
      return g_strdup ("element");
    case RSC_EDGE_STACK:
      return g_strdup ("stack");
    case RSC_EDGE_WEAK_REFERENT:
      return g_strdup ("weak reference");
    case RSC_EDGE_PLAIN:
    case RSC_EDGE_N_KINDS:
    default:
      return g_strdup ("");
    }
}
