/* CPython's collector on the references and counts of a snapshot, in the order
 * of Modules/gcmodule.c (3.10 to 3.12) and Python/gc.c (3.13 and later). */
#include "config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/rsc-error.h"
#include "rsc-collector.h"
#include "rsc-replay-private.h"

#define OLDEST 2u

typedef struct
{
  RscReplay *replay;
  const RscColumns *columns;
  const RscCollector *collector;
  guint generation;
  guint32 tuple_type;       /* G_MAXUINT32: none */
  guint32 *type_flags;      /* of each type */
  gboolean knows_clear;     /* RSC_TYPE_CLEAR is among them */
  GArray *young;            /* of RscNode: the list that is collected, in its order */
  GArray *unreachable;      /* what was set aside, in its order; rescued ones too, until they are left out */
} Collection;

static const RscSegment generation_segments[] = {
  RSC_SEGMENT_GENERATION_0,
  RSC_SEGMENT_GENERATION_1,
  RSC_SEGMENT_GENERATION_2,
};

static const RscList generation_lists[] = {
  RSC_LIST_GENERATION_0,
  RSC_LIST_GENERATION_1,
  RSC_LIST_GENERATION_2,
};

static RscSegment
get_segment (Collection *collection,
             RscNode     node)
{
  return rsc_replay_peek (collection->replay, node)->segment;
}

static guint32
find_builtin_type (Collection *collection,
                   const char *name)
{
  for (guint32 t = 0; t < collection->columns->n_types; t++)
    {
      RscType type = rsc_snapshot_get_type (collection->replay->snapshot, t);

      if (strcmp (type.name, name) == 0 && strcmp (type.module, "builtins") == 0)
        return t;
    }

  return G_MAXUINT32;
}

/* Heaps that were captured before it was written down which types have a
 * tp_clear are told by the one common type that has none. */
static void
look_up_types (Collection *collection)
{
  guint32 n_types = collection->columns->n_types;

  collection->tuple_type = find_builtin_type (collection, "tuple");
  collection->type_flags = g_new (guint32, MAX (n_types, 1));
  for (guint32 t = 0; t < n_types; t++)
    {
      collection->type_flags[t] = rsc_snapshot_get_type (collection->replay->snapshot, t).flags;
      collection->knows_clear |= (collection->type_flags[t] & RSC_TYPE_CLEAR) != 0;
    }
}

static void
append_generation (Collection *collection,
                   guint       generation)
{
  const RscColumns *columns = collection->columns;

  for (RscNode node = 0; node < columns->n_nodes; node++)
    if (columns->generation[node] == generation + collection->replay->interpreter * RSC_N_COLLECTOR_LISTS && (columns->flags[node] & RSC_NODE_TRACKED))
      g_array_append_val (collection->young, node);
}

static void
merge_younger (Collection *collection)
{
  RscReplay *replay = collection->replay;
  guint generation = collection->generation;

  rsc_replay_begin_phase (replay, RSC_PHASE_MERGE, 0);
  append_generation (collection, generation);
  for (guint younger = 0; younger < generation; younger++)
    {
      append_generation (collection, younger);
      rsc_replay_join (replay, RSC_STEP_MERGE, &generation_segments[younger], 1, generation_lists[generation]);
    }
}

static void
update_refs (Collection *collection,
             GArray     *list)
{
  const RscColumns *columns = collection->columns;
  guint kept = 0;

  for (guint i = 0; i < list->len; i++)
    {
      RscNode node = g_array_index (list, RscNode, i);

      if (collection->collector->immortal != RSC_IMMORTAL_COUNTED && (columns->flags[node] & RSC_NODE_IMMORTAL))
        {
          gboolean stays = collection->collector->immortal == RSC_IMMORTAL_SET_ASIDE;

          if (!rsc_replay_add (collection->replay, stays ? RSC_STEP_IMMORTAL : RSC_STEP_UNTRACK_IMMORTAL, node))
            return;
          continue;
        }
      if (!rsc_replay_add (collection->replay, RSC_STEP_SET_REFS, node))
        return;
      g_array_index (list, RscNode, kept++) = node;
    }
  g_array_set_size (list, kept);
}

static void
subtract_refs (Collection *collection,
               GArray     *list)
{
  RscReplay *replay = collection->replay;
  const RscColumns *columns = collection->columns;
  const RscLists *lists = &replay->now.lists;

  for (guint i = 0; i < list->len; i++)
    {
      RscNode node = g_array_index (list, RscNode, i);
      RscList own = lists->list[get_segment (collection, node)];

      if (!rsc_replay_add (replay, RSC_STEP_VISIT, node))
        return;
      for (guint64 e = columns->first_edge[node]; e < columns->first_edge[node + 1]; e++)
        {
          const RscReplayNode *target = rsc_replay_peek (replay, columns->target[e]);
          RscStepKind kind;

          if (!rsc_edge_is_subtracted (columns->kind[e]) || lists->list[target->segment] != own)
            continue;
          /* None falls below zero in a heap that stood still. */
          kind = target->gc_refs == 0 || target->gc_refs == RSC_REFCOUNT_UNKNOWN ? RSC_STEP_PASS : RSC_STEP_SUBTRACT;
          if (!rsc_replay_add (replay, kind, columns->target[e]))
            return;
        }
    }
}

/* Goes through @list, which grows by what comes back.  Invariant: what is to the
 * left was reached or set aside.  @set_aside, @come_back: the steps for it. */
static void
move_unreachable (Collection *collection,
                  GArray     *list,
                  GArray     *aside,
                  RscStepKind set_aside,
                  RscStepKind come_back)
{
  RscReplay *replay = collection->replay;
  const RscColumns *columns = collection->columns;

  for (guint i = 0; i < list->len; i++)
    {
      RscNode node = g_array_index (list, RscNode, i);

      if (rsc_replay_peek (replay, node)->gc_refs == 0)
        {
          if (!rsc_replay_add (replay, set_aside, node))
            return;
          g_array_append_val (aside, node);
          continue;
        }
      if (!rsc_replay_add (replay, RSC_STEP_HELD, node))
        return;
      for (guint64 e = columns->first_edge[node]; e < columns->first_edge[node + 1]; e++)
        {
          RscNode to = columns->target[e];
          const RscReplayNode *target = rsc_replay_peek (replay, to);

          if (!rsc_edge_is_traversed (columns->kind[e]) || target->gc_refs != 0)
            continue;
          if (target->state == RSC_STATE_EXAMINED)
            {
              if (!rsc_replay_add (replay, RSC_STEP_KEEP, to))
                return;
            }
          else if (target->state == (set_aside == RSC_STEP_SET_ASIDE ? RSC_STATE_TENTATIVE : RSC_STATE_UNREACHABLE))
            {
              if (!rsc_replay_add (replay, come_back, to))
                return;
              g_array_append_val (list, to);
            }
        }
    }
}

/* The members of @list that are in @segment still. */
static void
keep_members (Collection *collection,
              GArray     *list,
              RscSegment  segment)
{
  guint kept = 0;

  for (guint i = 0; i < list->len; i++)
    {
      RscNode node = g_array_index (list, RscNode, i);

      if (get_segment (collection, node) == segment)
        g_array_index (list, RscNode, kept++) = node;
    }
  g_array_set_size (list, kept);
}

/* The list as it is now: what was set aside is gone from its first @n_young, and
 * what came back stands at its end. */
static void
keep_survivors (Collection *collection,
                guint       n_young)
{
  GArray *young = collection->young;
  guint kept = 0;

  for (guint i = 0; i < young->len; i++)
    {
      RscNode node = g_array_index (young, RscNode, i);
      RscSegment segment = get_segment (collection, node);

      if (i < n_young ? segment != RSC_SEGMENT_UNREACHABLE && segment != RSC_SEGMENT_RESCUED
                      : segment == RSC_SEGMENT_RESCUED)
        g_array_index (young, RscNode, kept++) = node;
    }
  g_array_set_size (young, kept);
}

static void
deduce_unreachable (Collection *collection)
{
  RscReplay *replay = collection->replay;
  guint n_young;

  rsc_replay_begin_phase (replay, RSC_PHASE_UPDATE_REFS, 0.1);
  update_refs (collection, collection->young);
  replay->summary.examined = collection->young->len;

  rsc_replay_begin_phase (replay, RSC_PHASE_SUBTRACT_REFS, 0.2);
  subtract_refs (collection, collection->young);

  rsc_replay_begin_phase (replay, RSC_PHASE_MOVE_UNREACHABLE, 0.4);
  n_young = collection->young->len;
  move_unreachable (collection, collection->young, collection->unreachable, RSC_STEP_SET_ASIDE, RSC_STEP_RESCUE);
  keep_survivors (collection, n_young);
  keep_members (collection, collection->unreachable, RSC_SEGMENT_UNREACHABLE);
}

/* Whether no item can be part of a cycle: numbers, texts, and tuples that have
 * left the collector themselves.  Of an instance only its attributes count. */
static gboolean
has_only_atoms (Collection *collection,
                RscNode     node,
                gboolean    is_instance)
{
  const RscColumns *columns = collection->columns;

  for (guint64 e = columns->first_edge[node]; e < columns->first_edge[node + 1]; e++)
    {
      RscNode item = columns->target[e];

      if (!rsc_edge_is_traversed (columns->kind[e]) || !(columns->flags[item] & RSC_NODE_CONTAINER)
          || (is_instance && (columns->kind[e] & RSC_EDGE_KIND_MASK) != RSC_EDGE_ATTRIBUTE))
        continue;
      if (columns->type[item] != collection->tuple_type || get_segment (collection, item) != RSC_SEGMENT_NONE)
        return FALSE;
    }

  return TRUE;
}

/* An item that is not set, or that the heap leaves out: Refscope's own is in no heap, but the collector meets it. */
static gboolean
lacks_item (Collection *collection,
            RscNode     tuple)
{
  const RscColumns *columns = collection->columns;
  guint64 n_items = 0, end = 0;

  for (guint64 e = columns->first_edge[tuple]; e < columns->first_edge[tuple + 1]; e++)
    if ((columns->kind[e] & RSC_EDGE_KIND_MASK) == RSC_EDGE_INDEX)
      {
        n_items++;
        end = MAX (end, (guint64) columns->label[e] + 1);
      }

  return n_items < end;
}

/* The instance of each __dict__.  From 3.13 the values of one that was asked for may lie in the instance still:
 * then it is the instance that visits them. */
static RscNode *
find_instances (const RscColumns *columns)
{
  RscNode *instances = g_new (RscNode, MAX (columns->n_nodes, 1));

  for (RscNode node = 0; node < columns->n_nodes; node++)
    instances[node] = RSC_NODE_NONE;
  for (RscNode node = 0; node < columns->n_nodes; node++)
    for (guint64 e = columns->first_edge[node]; e < columns->first_edge[node + 1]; e++)
      if ((columns->kind[e] & RSC_EDGE_KIND_MASK) == RSC_EDGE_DICT)
        instances[columns->target[e]] = node;

  return instances;
}

/* Tuples in every collection, dictionaries in a full one, where they are. */
static void
untrack (Collection *collection)
{
  gboolean with_dicts = collection->generation == OLDEST && collection->collector->untracks_dicts;
  g_autofree RscNode *instances = with_dicts ? find_instances (collection->columns) : NULL;
  RscReplay *replay = collection->replay;
  guint32 dict_type = with_dicts ? find_builtin_type (collection, "dict") : G_MAXUINT32;

  rsc_replay_begin_phase (replay, RSC_PHASE_UNTRACK, 0.6);
  for (guint round = 0; round < 2; round++)
    {
      guint32 type = round == 0 ? collection->tuple_type : dict_type;

      for (guint i = 0; type != G_MAXUINT32 && i < collection->young->len; i++)
        {
          RscNode node = g_array_index (collection->young, RscNode, i);

          if (collection->columns->type[node] == type && get_segment (collection, node) != RSC_SEGMENT_NONE
              && has_only_atoms (collection, node, FALSE)
              && (round != 0 || !lacks_item (collection, node))
              && (round == 0 || instances[node] == RSC_NODE_NONE || has_only_atoms (collection, instances[node], TRUE))
              && !rsc_replay_add (replay, RSC_STEP_UNTRACK, node))
            return;
        }
    }
}

static void
promote (Collection *collection)
{
  RscReplay *replay = collection->replay;
  guint generation = collection->generation;
  RscList to = generation_lists[MIN (generation + 1, OLDEST)];
  RscSegment segments[G_N_ELEMENTS (generation_segments) + 1];
  gsize n_segments = 0;

  rsc_replay_begin_phase (replay, RSC_PHASE_PROMOTE, 0.65);
  segments[n_segments++] = generation_segments[generation];
  for (guint younger = 0; younger < generation; younger++)
    segments[n_segments++] = generation_segments[younger];
  segments[n_segments++] = RSC_SEGMENT_RESCUED;
  /* Of the oldest generation they stay where they are, and the step says so. */
  rsc_replay_join (replay, RSC_STEP_PROMOTE, segments, n_segments, to);

  replay->summary.promoted_to = MIN (generation + 1, OLDEST);
}

static guint32
get_type_flags (Collection *collection,
                RscNode     node)
{
  return collection->type_flags[collection->columns->type[node]];
}

static void
move_legacy_finalizers (Collection *collection)
{
  RscReplay *replay = collection->replay;
  const RscColumns *columns = collection->columns;
  g_autoptr(GArray) legacy = g_array_new (FALSE, FALSE, sizeof (RscNode));

  rsc_replay_begin_phase (replay, RSC_PHASE_LEGACY, 0.68);
  for (guint i = 0; i < collection->unreachable->len; i++)
    {
      RscNode node = g_array_index (collection->unreachable, RscNode, i);

      if (!(get_type_flags (collection, node) & RSC_TYPE_LEGACY_FINALIZER))
        continue;
      if (!rsc_replay_add (replay, RSC_STEP_LEGACY, node))
        return;
      g_array_append_val (legacy, node);
    }

  for (guint i = 0; i < legacy->len; i++)
    {
      RscNode node = g_array_index (legacy, RscNode, i);

      if (!rsc_replay_add (replay, RSC_STEP_VISIT, node))
        return;
      for (guint64 e = columns->first_edge[node]; e < columns->first_edge[node + 1]; e++)
        {
          RscNode target = columns->target[e];

          if (!rsc_edge_is_traversed (columns->kind[e]) || get_segment (collection, target) != RSC_SEGMENT_UNREACHABLE)
            continue;
          if (!rsc_replay_add (replay, RSC_STEP_LEGACY_REACHED, target))
            return;
          g_array_append_val (legacy, target);
        }
    }
  replay->summary.legacy = legacy->len;
  keep_members (collection, collection->unreachable, RSC_SEGMENT_UNREACHABLE);
}

/* handle_weakrefs, or handle_weakref_callbacks where the others are cleared later. */
static void
handle_weakrefs (Collection *collection)
{
  gboolean callbacks_only = collection->collector->clears_weakrefs_last;
  g_autoptr(GArray) callbacks = g_array_new (FALSE, FALSE, sizeof (RscNode));

  rsc_replay_begin_phase (collection->replay, callbacks_only ? RSC_PHASE_CALLBACKS : RSC_PHASE_WEAKREFS, 0.7);
  for (guint i = 0; i < collection->unreachable->len; i++)
    {
      RscNode node = g_array_index (collection->unreachable, RscNode, i);

      if (!callbacks_only)
        rsc_replay_clear_weakref (collection->replay, node);
      rsc_replay_clear_weakrefs (collection->replay, node, callbacks_only, callbacks);
    }
  /* None of them can be asked any more when the first callback runs. */
  for (guint i = 0; i < callbacks->len; i++)
    {
      RscNode weakref = g_array_index (callbacks, RscNode, i);
      gboolean was_kept = get_segment (collection, weakref) == RSC_SEGMENT_LEGACY;

      rsc_replay_call_back (collection->replay, weakref);
      if (rsc_replay_add (collection->replay, RSC_STEP_TOLD, weakref))
        collection->replay->summary.legacy -= was_kept;
    }
}

static void
finalize_garbage (Collection *collection)
{
  RscReplay *replay = collection->replay;
  const RscColumns *columns = collection->columns;

  rsc_replay_begin_phase (replay, RSC_PHASE_FINALIZE, 0.75);
  replay->finalized = rsc_bitset_new (columns->n_nodes);
  for (guint i = 0; i < collection->unreachable->len; i++)
    {
      RscNode node = g_array_index (collection->unreachable, RscNode, i);

      if ((columns->flags[node] & (RSC_NODE_FINALIZER | RSC_NODE_FINALIZED)) != RSC_NODE_FINALIZER)
        continue;
      rsc_bitset_set (replay->finalized, node);
      replay->summary.finalizers++;
      if (!rsc_replay_add (replay, RSC_STEP_FINALIZE, node))
        return;
    }
}

/* Counts once more, for a finalizer may have stored what it was given.  As what
 * finalizers do is taken to be nothing, all are found unreachable again. */
static GArray *
handle_resurrected (Collection *collection)
{
  RscReplay *replay = collection->replay;
  GArray *final = g_array_new (FALSE, FALSE, sizeof (RscNode));
  static const RscSegment given_back[] = { RSC_SEGMENT_UNREACHABLE, RSC_SEGMENT_RESURRECTED };

  rsc_replay_begin_phase (replay, RSC_PHASE_RESURRECTION, 0.8);
  update_refs (collection, collection->unreachable);
  subtract_refs (collection, collection->unreachable);
  move_unreachable (collection, collection->unreachable, final, RSC_STEP_STILL_UNREACHABLE, RSC_STEP_RESURRECT);
  keep_members (collection, final, RSC_SEGMENT_FINAL);
  if (final->len < collection->unreachable->len)
    rsc_replay_join (replay, RSC_STEP_GIVE_BACK, given_back, G_N_ELEMENTS (given_back),
                     generation_lists[replay->summary.promoted_to]);

  return final;
}

/* So that nothing that is being cleared can be got at: the weak references in and to @garbage. */
static void
clear_weakrefs (Collection *collection,
                GArray     *garbage)
{
  g_autoptr(GArray) callbacks = g_array_new (FALSE, FALSE, sizeof (RscNode));

  rsc_replay_begin_phase (collection->replay, RSC_PHASE_WEAKREFS, 0.83);
  for (guint i = 0; i < garbage->len; i++)
    {
      RscNode node = g_array_index (garbage, RscNode, i);

      rsc_replay_clear_weakref (collection->replay, node);
      rsc_replay_clear_weakrefs (collection->replay, node, FALSE, callbacks);
    }
}

static void
delete_garbage (Collection *collection,
                GArray     *garbage)
{
  static const RscSegment legacy = RSC_SEGMENT_LEGACY;
  RscReplay *replay = collection->replay;

  rsc_replay_begin_phase (replay, RSC_PHASE_CLEAR, 0.85);
  replay->cleared = rsc_bitset_new (collection->columns->n_nodes);
  for (guint i = 0; i < garbage->len && replay->error == NULL; i++)
    {
      RscNode node = g_array_index (garbage, RscNode, i);
      gboolean clears = collection->knows_clear
                            ? (get_type_flags (collection, node) & RSC_TYPE_CLEAR) != 0
                            : collection->columns->type[node] != collection->tuple_type;

      if (get_segment (collection, node) != RSC_SEGMENT_FINAL)
        continue;
      if (clears)
        rsc_replay_clear (replay, node);
      if (get_segment (collection, node) == RSC_SEGMENT_FINAL)
        rsc_replay_add (replay, clears ? RSC_STEP_ALIVE : RSC_STEP_NO_CLEAR, node);
    }
  if (replay->now.in_segment[RSC_SEGMENT_LEGACY] > 0)
    rsc_replay_join (replay, RSC_STEP_GIVE_BACK, &legacy, 1, generation_lists[replay->summary.promoted_to]);
  for (guint i = 0; i < garbage->len; i++)
    replay->summary.left += get_segment (collection, g_array_index (garbage, RscNode, i)) == RSC_SEGMENT_ALIVE;
}

/* What the heap needs to have for a collection to be replayed on it. */
static gboolean
check_heap (RscSnapshot      *snapshot,
            const RscColumns *columns,
            GError          **error)
{
  gboolean counted = FALSE;

  for (RscNode node = 0; !counted && node < columns->n_nodes; node++)
    counted = (columns->flags[node] & RSC_NODE_TRACKED) && columns->generation[node] != RSC_GENERATION_NONE
              && columns->refcount[node] != RSC_REFCOUNT_UNKNOWN;
  if (!counted)
    {
      g_set_error_literal (error, RSC_ANALYSIS_ERROR, RSC_ERROR_UNSUPPORTED,
                           _("This heap has no reference counts and generations, so CPython's collector cannot be"
                             " replayed on it. Play mark and sweep instead, from its roots or from an object that you"
                             " choose."));
      return FALSE;
    }

  if (rsc_collector_get (snapshot) == NULL)
    {
      /* Translators: %2$s are versions: "3.10 to 3.13, ..." */
      g_set_error (error, RSC_ANALYSIS_ERROR, RSC_ERROR_UNSUPPORTED,
                   _("The collector of CPython %1$s is not replayed: those of %2$s are, which collect in generations. Play"
                     " mark and sweep instead."),
                   rsc_snapshot_get_info_string (snapshot, "version"), rsc_collector_get_known ());
      return FALSE;
    }

  return TRUE;
}

RscReplay *
rsc_replay_new_collection (RscSnapshot       *snapshot,
                           guint              collected,
                           const RscProgress *progress,
                           GCancellable      *cancellable,
                           GError           **error)
{
  const RscColumns *columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL & ~RSC_BLOCK_ADDRESSES, error);
  g_autoptr(GArray) young = g_array_new (FALSE, FALSE, sizeof (RscNode));
  g_autoptr(GArray) unreachable = g_array_new (FALSE, FALSE, sizeof (RscNode));
  g_autoptr(GArray) final = NULL;
  guint generation = rsc_generation_in_interpreter ((guint8) collected);
  Collection collection = { .columns = columns, .generation = generation, .young = young, .unreachable = unreachable };

  g_return_val_if_fail (generation <= OLDEST, NULL);

  if (columns == NULL || g_cancellable_set_error_if_cancelled (cancellable, error)
      || !check_heap (snapshot, columns, error))
    return NULL;

  collection.collector = rsc_collector_get (snapshot);
  collection.replay = rsc_replay_new (snapshot, RSC_REPLAY_COLLECTION, RSC_STATE_NONE,
                                      rsc_generation_get_interpreter ((guint8) collected), progress, cancellable);
  collection.replay->summary.generation = generation;
  look_up_types (&collection);
  /* Ends of lists that are empty at first. */
  rsc_replay_set_end (collection.replay, RSC_SEGMENT_RESCUED, generation_lists[generation]);
  rsc_replay_set_end (collection.replay, RSC_SEGMENT_TOLD, generation_lists[MIN (generation + 1, OLDEST)]);
  rsc_replay_set_end (collection.replay, RSC_SEGMENT_ALIVE, generation_lists[MIN (generation + 1, OLDEST)]);
  merge_younger (&collection);
  deduce_unreachable (&collection);
  untrack (&collection);
  promote (&collection);
  move_legacy_finalizers (&collection);
  collection.replay->summary.unreachable = unreachable->len;
  collection.replay->summary.reachable = collection.replay->summary.examined - unreachable->len;
  handle_weakrefs (&collection);
  finalize_garbage (&collection);
  final = handle_resurrected (&collection);
  if (collection.collector->clears_weakrefs_last)
    clear_weakrefs (&collection, final);
  delete_garbage (&collection, final);
  g_free (collection.type_flags);

  return rsc_replay_finish (collection.replay, error);
}
