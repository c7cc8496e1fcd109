#include "config.h"

#include "rsc-view.h"

#include <string.h>


struct _RscView
{
  gatomicrefcount refs;

  /* All pointers in it are owned. */
  RscViewParams params;
};

static gpointer
copy_array (gconstpointer items, gsize n, gsize size)
{
  return n == 0 ? NULL : g_memdup2 (items, n * size);
}

/* An empty expression is none. */
static char *
copy_expression (const char *text)
{
  return text == NULL || *text == '\0' ? NULL : g_strdup (text);
}

RscView *
rsc_view_new (const RscViewParams *params)
{
  RscView *self = g_new0 (RscView, 1);
  RscViewParams *own = &self->params;

  g_atomic_ref_count_init (&self->refs);
  *own = *params;
  own->objects = copy_array (params->objects, params->n_objects, sizeof (RscNode));
  own->extra_ignore = copy_array (params->extra_ignore, params->n_extra_ignore, sizeof (RscNode));
  own->expansions = copy_array (params->expansions, params->n_expansions, sizeof (RscExpansion));
  if (params->ignore_types != NULL && params->ignore_types[0] != NULL)
    own->ignore_types = (const char *const *) g_strdupv ((char **) params->ignore_types);
  else
    own->ignore_types = NULL;
  own->filter = copy_expression (params->filter);
  own->hide = copy_expression (params->hide);
  own->highlight = copy_expression (params->highlight);
  own->extra_info = copy_expression (params->extra_info);
  own->refcounts = !!params->refcounts;
  own->shortnames = !!params->shortnames;
  own->swap = !!params->swap;
  own->type_edges = !!params->type_edges;
  own->objgraph = !!params->objgraph;
  return self;
}

RscView *
rsc_view_ref (RscView *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
rsc_view_unref (RscView *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;

  g_free ((gpointer) self->params.objects);
  g_free ((gpointer) self->params.extra_ignore);
  g_free ((gpointer) self->params.expansions);
  g_strfreev ((char **) self->params.ignore_types);
  g_free ((gpointer) self->params.filter);
  g_free ((gpointer) self->params.hide);
  g_free ((gpointer) self->params.highlight);
  g_free ((gpointer) self->params.extra_info);
  g_free (self);
}

const RscViewParams *
rsc_view_get_params (RscView *self)
{
  return &self->params;
}

static gboolean
arrays_equal (gconstpointer a, gsize n_a, gconstpointer b, gsize n_b, gsize size)
{
  return n_a == n_b && (n_a == 0 || memcmp (a, b, n_a * size) == 0);
}

gboolean
rsc_view_equal (RscView *a, RscView *b)
{
  const RscViewParams *p = &a->params;
  const RscViewParams *q = &b->params;
  const char *const none[] = { NULL };

  return p->direction == q->direction && p->edges == q->edges
         && p->max_depth == q->max_depth && p->too_many == q->too_many && p->max_nodes == q->max_nodes
         && p->refcounts == q->refcounts && p->shortnames == q->shortnames
         && p->swap == q->swap && p->type_edges == q->type_edges && p->objgraph == q->objgraph
         && g_strcmp0 (p->filter, q->filter) == 0 && g_strcmp0 (p->hide, q->hide) == 0
         && g_strcmp0 (p->highlight, q->highlight) == 0 && g_strcmp0 (p->extra_info, q->extra_info) == 0
         && arrays_equal (p->objects, p->n_objects, q->objects, q->n_objects, sizeof (RscNode))
         && arrays_equal (p->extra_ignore, p->n_extra_ignore, q->extra_ignore, q->n_extra_ignore, sizeof (RscNode))
         && arrays_equal (p->expansions, p->n_expansions, q->expansions, q->n_expansions, sizeof (RscExpansion))
         && g_strv_equal (p->ignore_types != NULL ? p->ignore_types : none,
                          q->ignore_types != NULL ? q->ignore_types : none);
}

RscNode
rsc_view_carry_over (RscSnapshot *from, RscNode node, RscSnapshot *to, gboolean *presumed)
{
  const RscColumns *old;
  const RscColumns *new;
  RscType old_type, new_type;
  RscNode found;

  if (presumed != NULL)
    *presumed = FALSE;
  if (node == RSC_NODE_NONE)
    return RSC_NODE_NONE;
  if (rsc_snapshot_get_id (from) == rsc_snapshot_get_id (to))
    return node;

  old = rsc_snapshot_get_columns (from, RSC_BLOCK_NODES | RSC_BLOCK_STRINGS, NULL);
  new = rsc_snapshot_get_columns (to, RSC_BLOCK_NODES | RSC_BLOCK_STRINGS | RSC_BLOCK_ADDRESSES, NULL);
  if (old == NULL || new == NULL || node >= old->n_nodes || old->address[node] == 0)
    return RSC_NODE_NONE;

  found = rsc_snapshot_find_address (to, old->address[node]);
  if (found == RSC_NODE_NONE || old->size[node] != new->size[found])
    return RSC_NODE_NONE;
  old_type = rsc_snapshot_get_type (from, old->type[node]);
  new_type = rsc_snapshot_get_type (to, new->type[found]);
  if (strcmp (old_type.name, new_type.name) != 0 || strcmp (old_type.module, new_type.module) != 0)
    return RSC_NODE_NONE;

  if (presumed != NULL)
    *presumed = TRUE;
  return found;
}
