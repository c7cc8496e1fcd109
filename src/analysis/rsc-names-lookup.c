#include "config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/rsc-error.h"
#include "rsc-names-private.h"

/* No class has more bases than this in its order of lookup. */
#define MAX_CLASSES 256

/* How a NUL stands in the snapshot's strings. */
#define SYMBOL_FOR_NULL 0x2400

typedef struct
{
  RscSnapshot *snapshot;
  const RscColumns *columns;
} Heap;

static const char *
get_value (const Heap *heap,
           RscNode     node)
{
  return rsc_snapshot_get_string (heap->snapshot, heap->columns->value[node]);
}

gboolean
_rsc_names_is_identifier (const char *text)
{
  gunichar c = g_utf8_get_char (text);

  if (c != '_' && !g_unichar_isalpha (c))
    return FALSE;
  for (; *text != '\0'; text = g_utf8_next_char (text))
    {
      c = g_utf8_get_char (text);
      if (c != '_' && !g_unichar_isalnum (c) && !g_unichar_ismark (c))
        return FALSE;
    }

  return TRUE;
}

const char *
_rsc_names_get_function (RscSnapshot *snapshot,
                         RscNode      frame)
{
  guint32 n_frames = rsc_snapshot_peek_columns (snapshot)->n_frames;

  for (guint32 i = 0; i < n_frames; i++)
    {
      RscFrame row = rsc_snapshot_get_frame (snapshot, i);

      if (row.node == frame)
        return row.function;
    }

  return NULL;
}

/* The first edge of @node with @kind. */
static RscNode
follow_kind (const Heap *heap,
             RscNode     node,
             RscEdgeKind kind)
{
  const RscColumns *columns = heap->columns;

  for (guint64 e = columns->first_edge[node]; e < columns->first_edge[node + 1]; e++)
    if ((columns->kind[e] & RSC_EDGE_KIND_MASK) == kind)
      return columns->target[e];

  return RSC_NODE_NONE;
}

/* An attribute or a local variable; or, with @fields, what else has a name. */
static RscNode
follow_label (const Heap *heap,
              RscNode     node,
              const char *name,
              gboolean    fields)
{
  const RscColumns *columns = heap->columns;

  for (guint64 e = columns->first_edge[node]; e < columns->first_edge[node + 1]; e++)
    switch ((RscEdgeKind) (columns->kind[e] & RSC_EDGE_KIND_MASK))
      {
      case RSC_EDGE_ATTRIBUTE:
      case RSC_EDGE_SLOT:
      case RSC_EDGE_LOCAL:
      case RSC_EDGE_NAMED:
        if (fields == ((columns->kind[e] & RSC_EDGE_KIND_MASK) == RSC_EDGE_NAMED)
            && strcmp (rsc_snapshot_get_string (heap->snapshot, columns->label[e]), name) == 0)
          return columns->target[e];
        break;
      default:
        break;
      }

  return RSC_NODE_NONE;
}

/* The value whose key reads @text: a str, or, with @literal, anything else. */
static RscNode
follow_key (const Heap *heap,
            RscNode     dict,
            const char *text,
            gboolean    literal)
{
  const RscColumns *columns = heap->columns;
  guint32 mask = RSC_NODE_TEXT | RSC_NODE_TRUNCATED | (literal ? RSC_NODE_BYTES : 0);
  guint32 wanted = literal ? 0 : RSC_NODE_TEXT;

  for (guint64 e = columns->first_edge[dict]; e < columns->first_edge[dict + 1]; e++)
    if ((columns->kind[e] & RSC_EDGE_KIND_MASK) == RSC_EDGE_VALUE
        && (columns->flags[columns->label[e]] & mask) == wanted
        && strcmp (get_value (heap, columns->label[e]), text) == 0)
      return columns->target[e];

  return RSC_NODE_NONE;
}

static RscNode
follow_index (const Heap *heap,
              RscNode     node,
              gint64      index)
{
  const RscColumns *columns = heap->columns;
  gint64 length = 0;

  if (index < 0)
    {
      for (guint64 e = columns->first_edge[node]; e < columns->first_edge[node + 1]; e++)
        if ((columns->kind[e] & RSC_EDGE_KIND_MASK) == RSC_EDGE_INDEX)
          length = MAX (length, (gint64) columns->label[e] + 1);
      index += length;
    }
  for (guint64 e = columns->first_edge[node]; e < columns->first_edge[node + 1]; e++)
    if ((columns->kind[e] & RSC_EDGE_KIND_MASK) == RSC_EDGE_INDEX && columns->label[e] == index)
      return columns->target[e];

  return RSC_NODE_NONE;
}

static RscNode
follow_own (const Heap *heap,
            RscNode     node,
            const char *name)
{
  RscNode dict = follow_kind (heap, node, RSC_EDGE_DICT);
  RscNode found = follow_label (heap, node, name, FALSE);

  if (found == RSC_NODE_NONE && dict != RSC_NODE_NONE)
    found = follow_key (heap, dict, name, FALSE);
  if (found == RSC_NODE_NONE)
    found = follow_label (heap, node, name, TRUE);

  return found;
}

/* In the classes of @class's __mro__, in their order. */
static RscNode
follow_mro (const Heap *heap,
            RscNode     mro,
            const char *name)
{
  for (guint i = 0; i < MAX_CLASSES; i++)
    {
      RscNode class = follow_index (heap, mro, i);
      RscNode found = class != RSC_NODE_NONE ? follow_own (heap, class, name) : RSC_NODE_NONE;

      if (found != RSC_NODE_NONE || class == RSC_NODE_NONE)
        return found;
    }

  return RSC_NODE_NONE;
}

/* In a class and those it is made of.  Where there is no __mro__, the bases
 * breadth first: not Python's order where the sides of a diamond differ. */
static RscNode
follow_class (const Heap *heap,
              RscNode     class,
              const char *name)
{
  const RscColumns *columns = heap->columns;
  RscNode mro = follow_kind (heap, class, RSC_EDGE_MRO);
  RscNode classes[MAX_CLASSES];
  guint n_classes = 1;

  if (mro != RSC_NODE_NONE)
    return follow_mro (heap, mro, name);

  classes[0] = class;
  for (guint i = 0; i < n_classes; i++)
    {
      RscNode found = follow_own (heap, classes[i], name);

      if (found != RSC_NODE_NONE)
        return found;
      for (guint64 e = columns->first_edge[classes[i]];
           e < columns->first_edge[classes[i] + 1] && n_classes < MAX_CLASSES; e++)
        {
          guint seen = 0;

          if ((columns->kind[e] & RSC_EDGE_KIND_MASK) != RSC_EDGE_BASE
              || !(columns->flags[columns->target[e]] & RSC_NODE_TYPE))
            continue;
          while (seen < n_classes && classes[seen] != columns->target[e])
            seen++;
          if (seen == n_classes)
            classes[n_classes++] = columns->target[e];
        }
    }

  return RSC_NODE_NONE;
}

static RscNode
follow_attribute (const Heap *heap,
                  RscNode     node,
                  const char *name)
{
  static const struct
  {
    const char *name;
    RscEdgeKind kind;
  } special[] = {
    { "__dict__", RSC_EDGE_DICT },
    { "__closure__", RSC_EDGE_CLOSURE },
    { "cell_contents", RSC_EDGE_CELL },
    { "__globals__", RSC_EDGE_GLOBALS },
    { "f_globals", RSC_EDGE_GLOBALS },
    { "__mro__", RSC_EDGE_MRO },
  };
  RscNode class = rsc_snapshot_get_type (heap->snapshot, heap->columns->type[node]).node;
  RscNode found = RSC_NODE_NONE;

  for (gsize i = 0; i < G_N_ELEMENTS (special); i++)
    if (strcmp (name, special[i].name) == 0)
      found = follow_kind (heap, node, special[i].kind);
  if (found != RSC_NODE_NONE)
    return found;
  if (strcmp (name, "__class__") == 0)
    return class;

  found = heap->columns->flags[node] & RSC_NODE_TYPE ? follow_class (heap, node, name) : follow_own (heap, node, name);
  if (found == RSC_NODE_NONE && class != RSC_NODE_NONE && class != node)
    found = follow_class (heap, class, name);

  return found;
}

/* The text of a quoted literal whose opening quote is at @at; moves @at behind
 * the closing one.  NULL if it does not close. */
static char *
parse_quoted (const char **at)
{
  g_autoptr(GString) text = g_string_new (NULL);
  const char *p = *at;
  char quote = *p++;

  while (*p != '\0' && *p != quote)
    {
      gunichar c = g_utf8_get_char (p);

      p = g_utf8_next_char (p);
      if (c == '\\')
        {
          guint n_digits = *p == 'x' ? 2 : *p == 'u' ? 4 : *p == 'U' ? 8 : 0;

          c = g_utf8_get_char (p);
          if (c == '\0')
            return NULL;
          p = g_utf8_next_char (p);
          c = c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
          if (n_digits > 0)
            {
              c = 0;
              for (guint i = 0; i < n_digits; i++, p++)
                {
                  if (!g_ascii_isxdigit (*p))
                    return NULL;
                  c = c << 4 | (guint) g_ascii_xdigit_value (*p);
                }
            }
          if (c == 0)
            c = SYMBOL_FOR_NULL;
          if (!g_unichar_validate (c))
            return NULL;
        }
      g_string_append_unichar (text, c);
    }
  if (*p != quote)
    return NULL;
  *at = p + 1;

  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* Follows one subscript; *at is at its '[' and moves behind its ']'. */
static RscNode
follow_subscript (const Heap  *heap,
                  RscNode      node,
                  const char **at)
{
  const char *p = *at + 1, *end;
  g_autofree char *literal = NULL;
  RscNode found = RSC_NODE_NONE;
  char *number_end;
  gint64 index;

  if (*p == '\'' || *p == '"')
    {
      g_autofree char *key = parse_quoted (&p);

      if (key == NULL || *p != ']')
        return RSC_NODE_NONE;
      *at = p + 1;
      return follow_key (heap, node, key, FALSE);
    }

  end = strchr (p, ']');
  if (end == NULL || end == p)
    return RSC_NODE_NONE;
  literal = g_strndup (p, (gsize) (end - p));
  *at = end + 1;

  index = g_ascii_strtoll (literal, &number_end, 10);
  if (*number_end == '\0')
    found = follow_index (heap, node, index);
  if (found == RSC_NODE_NONE)
    found = follow_key (heap, node, literal, TRUE);

  return found;
}

/* Follows ".name" and "[...]" up to the end of @rest.  *failed_at is where it
 * went no further. */
static RscNode
follow_path (const Heap  *heap,
             RscNode      node,
             const char  *rest,
             const char **failed_at)
{
  while (node != RSC_NODE_NONE && *rest != '\0')
    {
      const char *start = rest;

      *failed_at = start;
      if (*rest == '.')
        {
          gsize length = strcspn (++rest, ".[");
          g_autofree char *name = g_strndup (rest, length);

          rest += length;
          node = length > 0 ? follow_attribute (heap, node, name) : RSC_NODE_NONE;
        }
      else if (*rest == '[')
        {
          node = follow_subscript (heap, node, &rest);
        }
      else
        {
          node = RSC_NODE_NONE;
        }
    }

  return node;
}

/* The best start so far, for the message. */
typedef struct
{
  const char *failed_at;
} Progress;

static RscNode
try_path (const Heap *heap,
          RscNode     start,
          const char *rest,
          Progress   *progress)
{
  const char *failed_at = rest;
  RscNode node = follow_path (heap, start, rest, &failed_at);

  if (node == RSC_NODE_NONE && failed_at > progress->failed_at)
    progress->failed_at = failed_at;

  return node;
}

static gboolean
root_is_named (RscSnapshot *snapshot,
               guint32      index,
               RscRootKind  kind,
               const char  *name,
               gsize        length)
{
  RscRoot root = rsc_snapshot_get_root (snapshot, index);

  return root.kind == kind && root.node != RSC_NODE_NONE
         && strncmp (root.name, name, length) == 0 && root.name[length] == '\0';
}

static RscNode
find_root (RscSnapshot *snapshot,
           RscRootKind  kind,
           const char  *name,
           gsize        length)
{
  guint32 n_roots = rsc_snapshot_peek_columns (snapshot)->n_roots;

  for (guint32 i = 0; i < n_roots; i++)
    if (root_is_named (snapshot, i, kind, name, length))
      return rsc_snapshot_get_root (snapshot, i).node;

  return RSC_NODE_NONE;
}

/* From the module with the longest name that begins @path, then from shorter
 * ones: "os.path.join" may be found in either.  Declared names are as good. */
static RscNode
lookup_in_modules (const Heap *heap,
                   const char *path,
                   Progress   *progress)
{
  gsize length = strcspn (path, "[");

  while (length > 0)
    {
      RscNode module = find_root (heap->snapshot, RSC_ROOT_MODULE, path, length);

      if (module == RSC_NODE_NONE)
        module = find_root (heap->snapshot, RSC_ROOT_DECLARED, path, length);
      /* What stands for an interpreter where there are several. */
      if (module == RSC_NODE_NONE && g_str_has_prefix (path, "interpreter-"))
        module = find_root (heap->snapshot, RSC_ROOT_INTERPRETER, path, length);
      if (module != RSC_NODE_NONE)
        {
          RscNode node = try_path (heap, module, path + length, progress);

          if (node != RSC_NODE_NONE)
            return node;
        }
      while (length > 0 && path[--length] != '.')
        ;
    }

  return RSC_NODE_NONE;
}

/* A class by its module's and its own name, though the module is not there, or
 * does not hold it: "ast.Load". */
static RscNode
lookup_in_types (const Heap *heap,
                 const char *path,
                 Progress   *progress)
{
  for (guint32 t = 0; t < heap->columns->n_types; t++)
    {
      RscType type = rsc_snapshot_get_type (heap->snapshot, t);
      gsize module_length = strlen (type.module), length = module_length + 1 + strlen (type.name);
      RscNode node;

      if (type.node == RSC_NODE_NONE || module_length == 0 || strncmp (path, type.module, module_length) != 0
          || path[module_length] != '.' || !g_str_has_prefix (path + module_length + 1, type.name)
          || (path[length] != '\0' && path[length] != '.' && path[length] != '['))
        continue;
      node = try_path (heap, type.node, path + length, progress);
      if (node != RSC_NODE_NONE)
        return node;
    }

  return RSC_NODE_NONE;
}

/* "f().x", or just "x": a local variable of a running function, the innermost
 * that has it. */
static RscNode
lookup_in_frames (const Heap *heap,
                  const char *path,
                  Progress   *progress)
{
  const char *call = strstr (path, "()");
  g_autofree char *function = call != NULL ? g_strndup (path, (gsize) (call - path)) : NULL;
  g_autofree char *as_attribute = call == NULL ? g_strconcat (".", path, NULL) : NULL;
  Progress unused = { NULL };

  for (guint32 i = 0; i < heap->columns->n_frames; i++)
    {
      RscFrame frame = rsc_snapshot_get_frame (heap->snapshot, i);
      RscNode node;

      if (frame.node == RSC_NODE_NONE || (function != NULL && strcmp (frame.function, function) != 0))
        continue;
      if (function != NULL)
        node = try_path (heap, frame.node, call + 2, progress);
      else
        node = try_path (heap, frame.node, as_attribute, &unused);
      if (node != RSC_NODE_NONE)
        return node;
    }

  return RSC_NODE_NONE;
}

/* Frames that run no more, but are kept: by the traceback of an exception that
 * nobody caught, by a generator that waits. */
static RscNode
lookup_in_kept_frames (const Heap *heap,
                       const char *path)
{
  g_autofree char *as_attribute = g_strconcat (".", path, NULL);
  Progress unused = { NULL };

  for (RscNode node = 0; node < heap->columns->n_nodes; node++)
    {
      guint64 edge = heap->columns->first_edge[node];

      for (; edge < heap->columns->first_edge[node + 1]; edge++)
        if ((heap->columns->kind[edge] & RSC_EDGE_KIND_MASK) == RSC_EDGE_LOCAL)
          break;
      if (edge < heap->columns->first_edge[node + 1])
        {
          RscNode found = try_path (heap, node, as_attribute, &unused);

          if (found != RSC_NODE_NONE)
            return found;
        }
    }

  return RSC_NODE_NONE;
}

/* By its own name; else by what its label says. */
static RscNode
lookup_in_own_names (const Heap        *heap,
                     const RscOwnNames *names,
                     const char        *name)
{
  for (RscNode node = 0; node < heap->columns->n_nodes; node++)
    if (strcmp (rsc_own_names_get (names, node), name) == 0)
      return node;
  for (RscNode node = 0; node < heap->columns->n_nodes; node++)
    if (strcmp (get_value (heap, node), name) == 0)
      return node;

  return RSC_NODE_NONE;
}

RscNode
rsc_names_lookup (RscSnapshot *snapshot,
                  const char  *path,
                  GError     **error)
{
  Heap heap = { snapshot };
  Progress progress = { path };
  RscOwnNames own_names;
  RscNode node = RSC_NODE_NONE;

  g_return_val_if_fail (path != NULL, RSC_NODE_NONE);

  heap.columns = rsc_snapshot_get_columns (
      snapshot, RSC_BLOCK_NODES | RSC_BLOCK_EDGES | RSC_BLOCK_STRINGS | RSC_BLOCK_ROOTS, error);
  if (heap.columns == NULL)
    return RSC_NODE_NONE;

  if (rsc_own_names_init (&own_names, snapshot))
    {
      node = lookup_in_own_names (&heap, &own_names, path);
      rsc_own_names_clear (&own_names);
    }
  else if (*path != '\0')
    {
      RscNode main_module = find_root (snapshot, RSC_ROOT_MODULE, "__main__", strlen ("__main__"));

      node = lookup_in_modules (&heap, path, &progress);
      if (node == RSC_NODE_NONE && main_module != RSC_NODE_NONE)
        {
          g_autofree char *as_attribute = g_strconcat (".", path, NULL);
          Progress in_main = { as_attribute };

          node = try_path (&heap, main_module, as_attribute, &in_main);
          if (in_main.failed_at > as_attribute)
            progress.failed_at = MAX (progress.failed_at, path + (in_main.failed_at - as_attribute) - 1);
        }
      if (node == RSC_NODE_NONE)
        node = lookup_in_types (&heap, path, &progress);
      if (node == RSC_NODE_NONE)
        node = lookup_in_frames (&heap, path, &progress);
      if (node == RSC_NODE_NONE)
        node = lookup_in_kept_frames (&heap, path);
    }
  if (node != RSC_NODE_NONE)
    return node;

  if (!rsc_snapshot_check (snapshot, error))
    return RSC_NODE_NONE;
  if (progress.failed_at > path)
    {
      g_autofree char *found = g_strndup (path, (gsize) (progress.failed_at - path));

      g_set_error (error, RSC_ANALYSIS_ERROR, RSC_ERROR_NOT_FOUND,
                   /* Translators: %1$s is a path of names, %2$s its part that exists, %3$s the rest */
                   _("There is no “%1$s” in this heap: “%2$s” is there, but it has no “%3$s”."),
                   path, found, progress.failed_at);
    }
  else
    {
      g_set_error (error, RSC_ANALYSIS_ERROR, RSC_ERROR_NOT_FOUND,
                   /* Translators: %s is a name */
                   _("There is no “%s” in this heap. Give a module's name, a variable of the program, or a local"
                     " variable of a running function."),
                   path);
    }

  return RSC_NODE_NONE;
}
