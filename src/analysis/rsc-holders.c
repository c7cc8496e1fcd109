#include "config.h"

#include "rsc-holders.h"

#include <string.h>

/* CPython 3.11 gives what it never frees this reference count, less a few. */
#define NEVER_FREED 500000000u

/* Whether tp_traverse of @source visits @target. */
static gboolean
is_traversed (const RscColumns *columns,
              RscNode           source,
              RscNode           target)
{
  for (guint64 e = columns->first_edge[source]; e < columns->first_edge[source + 1]; e++)
    {
      /* Those that are visited come first. */
      if (!(columns->kind[e] & RSC_EDGE_TRAVERSED))
        return FALSE;
      if (columns->target[e] == target && !(columns->kind[e] & RSC_EDGE_WEAK))
        return TRUE;
    }

  return FALSE;
}

static gboolean
is_frame (RscSnapshot      *snapshot,
          const RscColumns *columns,
          RscNode           node)
{
  return (columns->flags[node] & RSC_NODE_SYNTHETIC)
         || strcmp (rsc_snapshot_get_type (snapshot, columns->type[node]).name, "frame") == 0;
}

/* Stands for an interpreter, and refers to what that holds. */
static gboolean
is_interpreter (RscSnapshot      *snapshot,
                const RscColumns *columns,
                RscNode           node)
{
  return (columns->flags[node] & RSC_NODE_SYNTHETIC)
         && strcmp (rsc_snapshot_get_type (snapshot, columns->type[node]).name, "interpreter") == 0;
}

/* Whether an edge that tp_traverse does not visit is a reference all the same. */
static gboolean
added_edge_counts (RscSnapshot      *snapshot,
                   const RscColumns *columns,
                   RscNode           source,
                   guint64           edge)
{
  const char *name;

  switch ((RscEdgeKind) (columns->kind[edge] & RSC_EDGE_KIND_MASK))
    {
    case RSC_EDGE_TYPE:
      /* Objects hold a reference to their type if it was made at run time. */
      return (rsc_snapshot_get_type (snapshot, columns->type[source]).flags & RSC_TYPE_HEAP) != 0;
    case RSC_EDGE_BASE:
      /* Static types only, which borrow it: others are visited. */
    case RSC_EDGE_WEAK_REFERENT:
      return FALSE;
    case RSC_EDGE_GLOBALS:
      /* A function's are its own; a running frame borrows them from it. */
      return !is_frame (snapshot, columns, source);
    case RSC_EDGE_NAMED:
      name = rsc_snapshot_get_string (snapshot, columns->label[edge]);
      if (is_frame (snapshot, columns, source))
        return strcmp (name, "f_back") != 0 && strcmp (name, "f_builtins") != 0;
      G_GNUC_FALLTHROUGH;
    case RSC_EDGE_ATTRIBUTE:
    case RSC_EDGE_SLOT:
    case RSC_EDGE_DICT:
    case RSC_EDGE_MRO:
      /* A second name for a field that was visited already. */
      return !is_traversed (columns, source, columns->target[edge]);
    default:
      return TRUE;
    }
}

gboolean
rsc_edge_is_counted (RscSnapshot *snapshot,
                     RscNode      source,
                     guint64      edge)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (snapshot);

  if (columns->kind[edge] & (RSC_EDGE_WEAK | RSC_EDGE_BORROWED))
    return FALSE;
  if (columns->kind[edge] & RSC_EDGE_TRAVERSED)
    return TRUE;

  return added_edge_counts (snapshot, columns, source, edge);
}

static RscHolderKind
get_kind (const RscColumns *columns,
          guint64           edge)
{
  switch ((RscEdgeKind) (columns->kind[edge] & RSC_EDGE_KIND_MASK))
    {
    case RSC_EDGE_LOCAL:
      return RSC_HOLDER_LOCAL;
    case RSC_EDGE_STACK:
      return RSC_HOLDER_STACK;
    default:
      return RSC_HOLDER_OBJECT;
    }
}

/* Whether the runtime holds a reference of its own, beside those that objects of the heap hold.  @n_of_interpreters: of these
 * so many are told by edges already. */
static gboolean
root_counts (const RscColumns *columns,
             const RscRoot    *root,
             guint            *n_of_interpreters)
{
  switch (root->kind)
    {
    case RSC_ROOT_BUILTINS:
    case RSC_ROOT_INTERPRETER:
      if (*n_of_interpreters == 0)
        return TRUE;
      --*n_of_interpreters;
      return FALSE;
    case RSC_ROOT_THREAD:
    case RSC_ROOT_STATIC:
      return TRUE;
    case RSC_ROOT_FRAME:
      /* The running call holds its frame object. */
      return !(columns->flags[root->node] & RSC_NODE_SYNTHETIC);
    case RSC_ROOT_MODULE: /* sys.modules does, and it is an object */
    case RSC_ROOT_IMMORTAL:
    case RSC_ROOT_DECLARED:
    default:
      return FALSE;
    }
}

/* From 3.14 on a call does not take a reference to a local variable that it is
 * given, so sys.getrefcount(x) in its function counts one less. */
static gboolean
calls_borrow (RscSnapshot *snapshot)
{
  return rsc_snapshot_get_python_minor (snapshot) >= 14;
}

static void
add_holder (RscHolders *self,
            gsize       limit,
            RscHolder   holder)
{
  self->n_holders++;
  if (holder.counted)
    {
      self->explained++;
      self->counted[holder.kind]++;
    }
  if (limit == 0 || self->holders->len < limit)
    g_array_append_val (self->holders, holder);
}

/* In captures of 3.14 that do not say it, what a frame borrows looks like what it holds.  More holders than
 * references means that some borrow: stack entries before local variables. */
static void
find_borrowers (RscHolders *self)
{
  static const RscHolderKind kinds[] = { RSC_HOLDER_STACK, RSC_HOLDER_LOCAL };

  for (gsize k = 0; k < G_N_ELEMENTS (kinds); k++)
    for (guint i = 0; i < self->holders->len && self->explained > self->refcount; i++)
      {
        RscHolder *holder = &g_array_index (self->holders, RscHolder, i);

        if (holder->kind == kinds[k] && holder->counted)
          {
            holder->counted = FALSE;
            self->explained--;
            self->counted[holder->kind]--;
          }
      }
}

RscHolders *
rsc_holders_compute (RscSnapshot *snapshot,
                     RscNode      node,
                     gsize        limit,
                     GError     **error)
{
  g_autoptr(RscHolders) self = NULL;
  RscNode previous = RSC_NODE_NONE;
  const RscColumns *columns;
  gboolean is_local = FALSE;
  guint n_of_interpreters = 0;

  columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL & ~RSC_BLOCK_ADDRESSES, error);
  if (columns == NULL)
    return NULL;
  g_return_val_if_fail (node < columns->n_nodes, NULL);

  self = g_new0 (RscHolders, 1);
  self->holders = g_array_new (FALSE, FALSE, sizeof (RscHolder));

  for (guint64 r = columns->first_referrer[node]; r < columns->first_referrer[node + 1]; r++)
    {
      RscNode source = columns->referrer[r];

      /* One entry for each edge: all of a source's are taken at its first. */
      if (source == previous)
        continue;
      previous = source;
      for (guint64 e = columns->first_edge[source]; e < columns->first_edge[source + 1]; e++)
        {
          RscHolder holder = { .kind = get_kind (columns, e), .node = source, .edge = e };

          if (columns->target[e] != node)
            continue;
          if (is_interpreter (snapshot, columns, source))
            {
              holder.kind = RSC_HOLDER_ROOT;
              n_of_interpreters++;
            }
          holder.counted = rsc_edge_is_counted (snapshot, source, e);
          is_local |= holder.kind == RSC_HOLDER_LOCAL;
          add_holder (self, limit, holder);
        }
    }
  if (columns->flags[node] & RSC_NODE_ROOT)
    for (guint32 i = 0; i < columns->n_roots; i++)
      {
        RscRoot root = rsc_snapshot_get_root (snapshot, i);

        if (root.node == node && root_counts (columns, &root, &n_of_interpreters))
          add_holder (self, limit, (RscHolder) { RSC_HOLDER_ROOT, RSC_NODE_NONE, G_MAXUINT64, TRUE });
      }

  self->refcount = columns->flags[node] & RSC_NODE_IMMORTAL ? RSC_REFCOUNT_UNKNOWN : columns->refcount[node];
  self->getrefcount = self->refcount;
  if (self->refcount != RSC_REFCOUNT_UNKNOWN)
    {
      if (calls_borrow (snapshot))
        find_borrowers (self);
      if (self->refcount > self->explained && self->refcount < NEVER_FREED)
        self->unexplained = self->refcount - self->explained;
      if (!(is_local && calls_borrow (snapshot)))
        self->getrefcount++;
    }
  if (!rsc_snapshot_check (snapshot, error))
    return NULL;

  return g_steal_pointer (&self);
}

void
rsc_holders_free (RscHolders *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->holders);
  g_free (self);
}
