/* A real collection, told from the heaps before and after it. */
#include "config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "rsc-collect.h"

#define OLDEST 2u
#define NO_TYPE G_MAXUINT32

typedef struct
{
  RscSnapshot *before;
  RscSnapshot *after;
  const RscColumns *old;
  const RscColumns *new;
  guint32 *new_type; /* of each type before: the same one after, or NO_TYPE */
  guint generation;
  guint promoted_to;
} Comparison;

static char *
dup_type_key (RscSnapshot *snapshot,
              guint32      index)
{
  RscType type = rsc_snapshot_get_type (snapshot, index);
  guint64 address = type.node != RSC_NODE_NONE ? rsc_snapshot_peek_columns (snapshot)->address[type.node] : 0;

  return g_strdup_printf ("%" G_GINT64_MODIFIER "x %s %s", address, type.module, type.name);
}

/* Types are numbered as they are met, so the same one may have two numbers. */
static void
match_types (Comparison *comparison)
{
  g_autoptr(GHashTable) by_key = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint32 t = 0; t < comparison->new->n_types; t++)
    g_hash_table_insert (by_key, dup_type_key (comparison->after, t), GUINT_TO_POINTER (t + 1));

  comparison->new_type = g_new (guint32, MAX (comparison->old->n_types, 1));
  for (guint32 t = 0; t < comparison->old->n_types; t++)
    {
      g_autofree char *key = dup_type_key (comparison->before, t);
      guint found = GPOINTER_TO_UINT (g_hash_table_lookup (by_key, key));

      comparison->new_type[t] = found > 0 ? found - 1 : NO_TYPE;
    }
}

static gboolean
looks_the_same (const Comparison *comparison,
                RscNode           before,
                RscNode           after)
{
  const RscColumns *old = comparison->old, *new = comparison->new;

  return comparison->new_type[old->type[before]] == new->type[after]
         && ((old->flags[before] ^ new->flags[after]) & RSC_NODE_CONTAINER) == 0;
}

static gboolean
has_same_text (const Comparison *comparison,
               RscNode           before,
               RscNode           after)
{
  const char *old_text = rsc_snapshot_get_string (comparison->before, comparison->old->value[before]);
  const char *new_text = rsc_snapshot_get_string (comparison->after, comparison->new->value[after]);

  return *old_text != '\0' && strcmp (old_text, new_text) == 0
         && comparison->old->size[before] == comparison->new->size[after];
}

/* What became of @before, with @after at the same address; FREED means that
 * @after is another object. */
static RscState
compare_nodes (const Comparison *comparison,
               RscNode           before,
               RscNode           after)
{
  const RscColumns *old = comparison->old, *new = comparison->new;

  if (!looks_the_same (comparison, before, after))
    return RSC_STATE_FREED;

  if (!(old->flags[before] & RSC_NODE_TRACKED))
    {
      /* Tracked only now: made since, or an empty container that was filled. */
      if (new->flags[after] & RSC_NODE_TRACKED)
        return RSC_STATE_UNKNOWN;
      /* An atom of the same text at the same place is the same, or as good as:
       * nothing that tells them apart exists.  Others could be anything. */
      if (!(old->flags[before] & RSC_NODE_CONTAINER) && has_same_text (comparison, before, after))
        return RSC_STATE_STAYED;
      return old->flags[before] & RSC_NODE_IMMORTAL ? RSC_STATE_STAYED : RSC_STATE_UNKNOWN;
    }

  /* The collection did not look at it. */
  if (old->generation[before] > comparison->generation)
    return new->flags[after] & RSC_NODE_TRACKED && new->generation[after] < old->generation[before]
               ? RSC_STATE_FREED
               : RSC_STATE_STAYED;
  /* A full collection untracks dicts and tuples that can hold no cycle. */
  if (!(new->flags[after] & RSC_NODE_TRACKED))
    return RSC_STATE_STAYED;
  /* What the collection kept is at least as old as what it promotes to. */
  if (new->generation[after] < comparison->promoted_to)
    return RSC_STATE_FREED;

  return new->generation[after] > old->generation[before] ? RSC_STATE_PROMOTED : RSC_STATE_STAYED;
}

/* A tracked dict or tuple that the collection examined. */
static gboolean
can_be_untracked (const Comparison *comparison,
                  RscNode           before)
{
  const RscColumns *old = comparison->old;
  RscType type = rsc_snapshot_get_type (comparison->before, old->type[before]);

  return (old->flags[before] & RSC_NODE_TRACKED) != 0
         && old->generation[before] <= comparison->generation
         && old->refcount[before] != RSC_REFCOUNT_UNKNOWN
         && strcmp (type.module, "builtins") == 0
         && (strcmp (type.name, "dict") == 0 || strcmp (type.name, "tuple") == 0);
}

static gboolean
is_held_from_outside (const RscColumns *columns,
                      RscNode           node)
{
  return columns->refcount[node] > columns->first_referrer[node + 1] - columns->first_referrer[node];
}

/* Somebody outside the heap holds it too, or the one dict or tuple that holds it: if these were untracked, and nothing
 * that is tracked refers to them, the heap afterwards does not show them, though they live. */
static gboolean
may_have_been_untracked (const Comparison *comparison,
                         RscNode           before)
{
  const RscColumns *old = comparison->old;
  guint64 first = old->first_referrer[before];

  if (!can_be_untracked (comparison, before))
    return FALSE;
  if (is_held_from_outside (old, before))
    return TRUE;

  return old->first_referrer[before + 1] - first == 1 && can_be_untracked (comparison, old->referrer[first])
         && is_held_from_outside (old, old->referrer[first]);
}

static void
note_freed (RscCollectionDiff *self,
            const Comparison  *comparison,
            RscNode            before)
{
  if (comparison->old->flags[before] & RSC_NODE_SYNTHETIC)
    return;
  rsc_overlay_set (self->before, before, RSC_STATE_FREED, -1, NULL);
  self->freed++;
  self->freed_bytes += comparison->old->size[before];
}

/* Nothing is at its address. */
static void
note_gone (RscCollectionDiff *self,
           const Comparison  *comparison,
           RscNode            before)
{
  if (!may_have_been_untracked (comparison, before))
    {
      note_freed (self, comparison, before);
      return;
    }
  rsc_overlay_set (self->before, before, RSC_STATE_UNKNOWN, -1, NULL);
  self->unknown++;
}

static void
note_new (RscCollectionDiff *self,
          const Comparison  *comparison,
          RscNode            after)
{
  if (comparison->new->flags[after] & RSC_NODE_SYNTHETIC)
    return;
  rsc_overlay_set (self->after, after, RSC_STATE_NEW, -1, NULL);
  self->created++;
}

static void
note_pair (RscCollectionDiff *self,
           const Comparison  *comparison,
           RscNode            before,
           RscNode            after)
{
  RscState state;

  if ((comparison->old->flags[before] | comparison->new->flags[after]) & RSC_NODE_SYNTHETIC)
    {
      note_freed (self, comparison, before);
      note_new (self, comparison, after);
      return;
    }

  state = compare_nodes (comparison, before, after);
  if (state == RSC_STATE_FREED)
    {
      note_freed (self, comparison, before);
      note_new (self, comparison, after);
      return;
    }
  rsc_overlay_set (self->before, before, state, -1, NULL);
  rsc_overlay_set (self->after, after, state, -1, NULL);
  if (state == RSC_STATE_PROMOTED)
    self->promoted++;
  else if (state == RSC_STATE_STAYED)
    self->stayed++;
  else
    self->unknown++;
}

/* Both in the order of their addresses.  Nodes without one come first. */
static gboolean
merge (RscCollectionDiff *self,
       const Comparison  *comparison,
       const RscProgress *progress,
       GCancellable      *cancellable,
       GError           **error)
{
  const RscColumns *old = comparison->old, *new = comparison->new;
  guint32 o = 0, n = 0;
  guint64 n_steps = 0;

  while (o < old->n_nodes || n < new->n_nodes)
    {
      RscNode before = o < old->n_nodes ? old->by_address[o] : RSC_NODE_NONE;
      RscNode after = n < new->n_nodes ? new->by_address[n] : RSC_NODE_NONE;

      if (n_steps++ % RSC_CANCEL_INTERVAL == 0)
        {
          if (g_cancellable_set_error_if_cancelled (cancellable, error))
            return FALSE;
          rsc_progress_report (progress, (double) o / MAX (old->n_nodes, 1), _("Comparing the heaps"));
        }
      if (after == RSC_NODE_NONE || (before != RSC_NODE_NONE && old->address[before] < new->address[after])
          || (before != RSC_NODE_NONE && old->address[before] == 0))
        {
          note_gone (self, comparison, before);
          o++;
        }
      else if (before == RSC_NODE_NONE || new->address[after] < old->address[before])
        {
          note_new (self, comparison, after);
          n++;
        }
      else
        {
          note_pair (self, comparison, before, after);
          o++;
          n++;
        }
    }

  return TRUE;
}

/* What an untracked tuple or dict refers to is shown by the heap afterwards as little
 * as that: it may live as well, if nothing else that is gone says otherwise. */
static gboolean
spread_unknown (RscCollectionDiff *self,
                const Comparison  *comparison,
                GCancellable      *cancellable,
                GError           **error)
{
  const RscColumns *old = comparison->old;
  g_autoptr(GArray) work = rsc_overlay_list (self->before, RSC_STATE_UNKNOWN, G_MAXUINT);

  for (guint i = 0; i < work->len; i++)
    {
      RscNode node = g_array_index (work, RscNode, i);

      if (i % RSC_CANCEL_INTERVAL == 0 && g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      for (guint64 e = old->first_edge[node]; e < old->first_edge[node + 1]; e++)
        {
          RscNode target = old->target[e];

          if (rsc_overlay_get_state (self->before, target) != RSC_STATE_FREED
              || (old->flags[target] & RSC_NODE_TRACKED) != 0)
            continue;
          rsc_overlay_set (self->before, target, RSC_STATE_UNKNOWN, -1, NULL);
          self->freed--;
          self->freed_bytes -= old->size[target];
          self->unknown++;
          g_array_append_val (work, target);
        }
    }

  return TRUE;
}

static gboolean
predict (RscCollectionDiff *self,
         const Comparison  *comparison,
         const RscProgress *progress,
         GCancellable      *cancellable,
         GError           **error)
{
  g_autoptr(GArray) freed = rsc_overlay_list (self->before, RSC_STATE_FREED, G_MAXUINT);

  self->prediction = rsc_collect_predict (comparison->before, comparison->generation, progress, cancellable, error);
  if (self->prediction == NULL)
    return FALSE;
  for (guint i = 0; i < freed->len; i++)
    self->found += rsc_bitset_get (self->prediction->unreachable, g_array_index (freed, RscNode, i));

  return TRUE;
}

RscCollectionDiff *
rsc_collection_diff_compute (RscSnapshot       *before,
                             RscSnapshot       *after,
                             guint              generation,
                             const RscProgress *progress,
                             GCancellable      *cancellable,
                             GError           **error)
{
  const RscBlocks blocks = RSC_BLOCK_NODES | RSC_BLOCK_STRINGS | RSC_BLOCK_ADDRESSES | RSC_BLOCK_EDGES | RSC_BLOCK_REFERRERS;
  Comparison comparison = {
    .before = before,
    .after = after,
    .generation = generation,
    .promoted_to = MIN (generation + 1, OLDEST),
  };
  g_autoptr(RscCollectionDiff) self = NULL;
  gboolean ok;

  g_return_val_if_fail (generation <= OLDEST, NULL);

  comparison.old = rsc_snapshot_get_columns (before, blocks, error);
  if (comparison.old == NULL)
    return NULL;
  comparison.new = rsc_snapshot_get_columns (after, blocks, error);
  if (comparison.new == NULL)
    return NULL;

  self = g_new0 (RscCollectionDiff, 1);
  self->before = rsc_overlay_new (before);
  self->after = rsc_overlay_new (after);
  match_types (&comparison);
  ok = merge (self, &comparison, progress, cancellable, error)
       && spread_unknown (self, &comparison, cancellable, error)
       && predict (self, &comparison, progress, cancellable, error)
       && rsc_snapshot_check (before, error) && rsc_snapshot_check (after, error);
  g_free (comparison.new_type);
  if (!ok)
    return NULL;

  return g_steal_pointer (&self);
}

void
rsc_collection_diff_free (RscCollectionDiff *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->before, rsc_overlay_unref);
  g_clear_pointer (&self->after, rsc_overlay_unref);
  g_clear_pointer (&self->prediction, rsc_prediction_free);
  g_free (self);
}
