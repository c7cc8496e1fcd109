#include "config.h"

#include "rsc-overlay.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/rsc-census.h"
#include "base/rsc-release.h"

struct _RscOverlay
{
  gatomicrefcount ref_count;
  RscSnapshot *snapshot;
  guint32 n_nodes;
  guint8 *states;      /* RscState of each node */
  gint32 *groups;      /* NULL until a group is set */
  GHashTable *badges;  /* node -> text; NULL until one is set */
  guint32 counts[RSC_N_STATES];
  RscNode lit_source, lit_target; /* RSC_NODE_NONE: no edge */
};

static const struct
{
  const char *id;
  const char *label;
  const char *sign;
} state_facts[RSC_N_STATES] = {
  /* Translators: states of objects, shown beside them */
  [RSC_STATE_NONE] = { "none", N_("plain") },
  [RSC_STATE_FREED] = { "freed", N_("freed"), "✕" },
  [RSC_STATE_PREDICTED] = { "predicted", N_("would be freed"), "✕?" },
  [RSC_STATE_PROMOTED] = { "promoted", N_("promoted"), "↑" },
  [RSC_STATE_STAYED] = { "stayed", N_("stayed"), "=" },
  [RSC_STATE_NEW] = { "new", N_("new"), "+" },
  [RSC_STATE_UNKNOWN] = { "unknown", N_("cannot be told"), "?" },
  [RSC_STATE_CYCLE] = { "cycle", N_("in a cycle"), "↻" },
  [RSC_STATE_GARBAGE_CYCLE] = { "garbage-cycle", N_("in a garbage cycle"), "↻" },
  [RSC_STATE_UNREACHABLE] = { "unreachable", N_("unreachable"), "∅" },
  [RSC_STATE_REACHED] = { "reached", N_("reached"), "✓" },
  [RSC_STATE_EXAMINED] = { "examined", N_("examined"), "⋯" },
  [RSC_STATE_TENTATIVE] = { "tentative", N_("tentatively unreachable"), "∅?" },
  [RSC_STATE_RESCUED] = { "rescued", N_("rescued"), "↩" },
  [RSC_STATE_KEPT] = { "kept", N_("kept for a legacy finalizer"), "!" },
  [RSC_STATE_FINALIZED] = { "finalized", N_("finalized"), "F" },
  [RSC_STATE_CLEARED] = { "cleared", N_("cleared"), "✂" },
  [RSC_STATE_DYING] = { "dying", N_("being deallocated"), "0" },
  /* Translators: colours of marking, as in textbooks */
  [RSC_STATE_WHITE] = { "white", N_("white"), "○" },
  [RSC_STATE_GREY] = { "grey", N_("grey"), "◐" },
  [RSC_STATE_BLACK] = { "black", N_("black"), "●" },
};

RscOverlay *
rsc_overlay_new (RscSnapshot *snapshot)
{
  RscOverlay *self = g_new0 (RscOverlay, 1);

  rsc_census_born (RSC_CENSUS_OVERLAY);
  g_atomic_ref_count_init (&self->ref_count);
  self->snapshot = rsc_snapshot_ref (snapshot);
  self->n_nodes = rsc_snapshot_peek_columns (snapshot)->n_nodes;
  self->states = g_malloc0 (MAX (self->n_nodes, 1));
  self->counts[RSC_STATE_NONE] = self->n_nodes;
  self->lit_source = self->lit_target = RSC_NODE_NONE;

  return self;
}

RscOverlay *
rsc_overlay_ref (RscOverlay *self)
{
  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

static void
free_overlay (gpointer data)
{
  RscOverlay *self = data;

  g_free (self->states);
  g_free (self->groups);
  g_clear_pointer (&self->badges, g_hash_table_unref);
  rsc_snapshot_unref (self->snapshot);
  g_free (self);
  rsc_census_died (RSC_CENSUS_OVERLAY);
}

void
rsc_overlay_unref (RscOverlay *self)
{
  if (g_atomic_ref_count_dec (&self->ref_count))
    rsc_release (self, free_overlay);
}

void
rsc_overlay_set (RscOverlay *self,
                 RscNode     node,
                 RscState    state,
                 int         group,
                 const char *badge)
{
  g_return_if_fail (node < self->n_nodes);
  g_return_if_fail (state < RSC_N_STATES);

  self->counts[self->states[node]]--;
  self->states[node] = (guint8) state;
  self->counts[state]++;

  if (self->groups == NULL && group >= 0)
    {
      self->groups = g_new (gint32, self->n_nodes);
      for (guint32 i = 0; i < self->n_nodes; i++)
        self->groups[i] = -1;
    }
  if (self->groups != NULL)
    self->groups[node] = MAX (group, -1);

  if (badge != NULL)
    {
      if (self->badges == NULL)
        self->badges = g_hash_table_new_full (NULL, NULL, NULL, g_free);
      g_hash_table_insert (self->badges, GUINT_TO_POINTER (node), g_strdup (badge));
    }
  else if (self->badges != NULL)
    {
      g_hash_table_remove (self->badges, GUINT_TO_POINTER (node));
    }
}

void
rsc_overlay_light_edge (RscOverlay *self,
                        RscNode     source,
                        RscNode     target)
{
  self->lit_source = source;
  self->lit_target = target;
}

gboolean
rsc_overlay_is_lit (RscOverlay *self,
                    RscNode     source,
                    RscNode     target)
{
  return source != RSC_NODE_NONE && self->lit_source == source && self->lit_target == target;
}

RscState
rsc_overlay_get_state (RscOverlay *self,
                       RscNode     node)
{
  g_return_val_if_fail (node < self->n_nodes, RSC_STATE_NONE);

  return (RscState) self->states[node];
}

int
rsc_overlay_get_group (RscOverlay *self,
                       RscNode     node)
{
  g_return_val_if_fail (node < self->n_nodes, -1);

  return self->groups != NULL ? self->groups[node] : -1;
}

const char *
rsc_overlay_get_badge (RscOverlay *self,
                       RscNode     node)
{
  g_return_val_if_fail (node < self->n_nodes, NULL);

  return self->badges != NULL ? g_hash_table_lookup (self->badges, GUINT_TO_POINTER (node)) : NULL;
}

guint32
rsc_overlay_count (RscOverlay *self,
                   RscState    state)
{
  g_return_val_if_fail (state < RSC_N_STATES, 0);

  return self->counts[state];
}

GArray *
rsc_overlay_list (RscOverlay *self,
                  RscState    state,
                  guint       max)
{
  GArray *nodes;
  const guint8 *at = self->states, *end = self->states + self->n_nodes;

  g_return_val_if_fail (state < RSC_N_STATES, NULL);

  max = MIN (max, self->counts[state]);
  nodes = g_array_sized_new (FALSE, FALSE, sizeof (RscNode), max);
  while (nodes->len < max && (at = memchr (at, (int) state, (gsize) (end - at))) != NULL)
    {
      RscNode node = (RscNode) (at - self->states);

      g_array_append_val (nodes, node);
      at++;
    }

  return nodes;
}

RscSnapshot *
rsc_overlay_get_snapshot (RscOverlay *self)
{
  return self->snapshot;
}

const char *
rsc_state_get_label (RscState state)
{
  g_return_val_if_fail (state < RSC_N_STATES, "");

  return _(state_facts[state].label);
}

const char *
rsc_state_get_id (RscState state)
{
  g_return_val_if_fail (state < RSC_N_STATES, "");

  return state_facts[state].id;
}

const char *
rsc_state_get_sign (RscState state)
{
  g_return_val_if_fail (state < RSC_N_STATES, NULL);

  return state_facts[state].sign;
}
