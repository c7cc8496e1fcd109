#include "config.h"

#include "rsc-heap-file.h"

#define GETTEXT_PACKAGE RSC_GETTEXT_DOMAIN
#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/rsc-file.h"

/* Text is handed to the file in pieces of about this size. */
#define FLUSH_SIZE 65536
#define MAX_VALUE_CHARS 80

typedef struct
{
  RscSnapshot *snapshot;
  const RscColumns *columns;
  const RscProgress *progress;
  GCancellable *cancellable;
  int fd;
  GString *text;
} Writer;

static gboolean
flush (Writer *self, gsize least, GError **error)
{
  if (self->text->len < least)
    return TRUE;
  if (!rsc_file_write_all (self->fd, self->text->str, self->text->len, error))
    return FALSE;
  g_string_truncate (self->text, 0);
  return TRUE;
}

/* As rsc_graph names nodes. */
static void
append_name (Writer *self, RscNode node)
{
  if (self->columns->address[node] != 0)
    g_string_append_printf (self->text, "o%" G_GUINT64_FORMAT, self->columns->address[node]);
  else
    g_string_append_printf (self->text, "n%u", node);
}

static void
append_escaped (Writer *self, const char *text, gsize max_chars)
{
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (max_chars-- == 0)
        {
          g_string_append (self->text, "…");
          break;
        }
      if (c == '"' || c == '\\')
        g_string_append_c (self->text, '\\');
      if (c == '\n')
        g_string_append (self->text, "\\n");
      else
        g_string_append_unichar (self->text, g_unichar_iscntrl (c) ? ' ' : c);
    }
}

static void
append_node (Writer *self, RscNode node)
{
  RscType type = rsc_snapshot_get_type (self->snapshot, self->columns->type[node]);
  g_autofree char *value = rsc_snapshot_dup_value (self->snapshot, node);

  g_string_append (self->text, "  ");
  append_name (self, node);
  g_string_append (self->text, " [label=\"");
  append_escaped (self, type.name, G_MAXSIZE);
  if (value[0] != '\0')
    {
      g_string_append (self->text, "\\n");
      append_escaped (self, value, MAX_VALUE_CHARS);
    }
  g_string_append_c (self->text, '"');
  if (self->columns->flags[node] & RSC_NODE_ROOT)
    g_string_append (self->text, ", root=true");
  g_string_append (self->text, "];\n");
}

static void
append_edge (Writer *self, RscNode source, guint64 edge)
{
  g_autofree char *label = rsc_snapshot_dup_edge_label (self->snapshot, edge);
  gboolean weak = (self->columns->kind[edge] & RSC_EDGE_WEAK) != 0;

  g_string_append (self->text, "  ");
  append_name (self, source);
  g_string_append (self->text, " -> ");
  append_name (self, self->columns->target[edge]);
  if (label[0] != '\0' || weak)
    {
      g_string_append (self->text, " [");
      if (label[0] != '\0')
        {
          g_string_append (self->text, "label=\"");
          append_escaped (self, label, MAX_VALUE_CHARS);
          g_string_append_c (self->text, '"');
        }
      if (weak)
        g_string_append (self->text, label[0] != '\0' ? ", style=dashed" : "style=dashed");
      g_string_append_c (self->text, ']');
    }
  g_string_append (self->text, ";\n");
}

static gboolean
report (Writer *self, RscNode node, double start, GError **error)
{
  if (node % RSC_CANCEL_INTERVAL != 0)
    return TRUE;
  rsc_progress_report (self->progress, start + 0.5 * node / MAX (self->columns->n_nodes, 1), _("Writing the DOT file"));
  return !g_cancellable_set_error_if_cancelled (self->cancellable, error);
}

static gboolean
write_heap (int fd, gpointer user_data, GError **error)
{
  Writer *self = user_data;

  self->fd = fd;
  g_string_append (self->text, "digraph heap {\n  node [shape=box];\n");
  for (RscNode node = 0; node < self->columns->n_nodes; node++)
    {
      append_node (self, node);
      if (!report (self, node, 0, error) || !flush (self, FLUSH_SIZE, error))
        return FALSE;
    }
  for (RscNode node = 0; node < self->columns->n_nodes; node++)
    {
      for (guint64 edge = self->columns->first_edge[node]; edge < self->columns->first_edge[node + 1]; edge++)
        {
          append_edge (self, node, edge);
          if (!flush (self, FLUSH_SIZE, error))
            return FALSE;
        }
      if (!report (self, node, 0.5, error))
        return FALSE;
    }
  g_string_append (self->text, "}\n");
  return flush (self, 0, error) && rsc_snapshot_check (self->snapshot, error);
}

gboolean
rsc_dot_writer_write (RscSnapshot *snapshot, const char *path, gboolean overwrite, const RscProgress *progress,
                      GCancellable *cancellable, GError **error)
{
  g_autoptr(GString) text = g_string_sized_new (2 * FLUSH_SIZE);
  Writer writer = { .snapshot = snapshot, .progress = progress, .cancellable = cancellable, .text = text };

  writer.columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_NODES | RSC_BLOCK_EDGES | RSC_BLOCK_STRINGS, error);
  if (writer.columns == NULL)
    return FALSE;
  return rsc_file_replace_private (path, overwrite, write_heap, &writer, error);
}
