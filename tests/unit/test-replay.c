#include <string.h>

#include "analysis/rsc-holders.h"
#include "base/rsc-error.h"
#include "collect/rsc-collect.h"
#include "collect/rsc-replay.h"
#include "random-heap.h"

#define N_SEEDS 300

static RscSnapshot *
make_heap (guint32 seed)
{
  RandomHeapShape shape = {
    .n_nodes = 1 + seed % 40,
    .n_edges = (seed * 5) % 100,
    .weak = .1,
    .untraversed = seed % 2 ? .2 : 0,
    .untracked = .15,
    .borrowed = seed % 7 == 0 ? .1 : 0,
    .held = seed % 5 * .1,
    .legacy = seed % 3 == 0,
  };

  return random_heap_new (seed, &shape);
}

static gboolean
any_tracked (const RscColumns *columns)
{
  for (guint32 i = 0; i < columns->n_nodes; i++)
    if (columns->flags[i] & RSC_NODE_TRACKED)
      return TRUE;

  return FALSE;
}

static void
assert_same_state (const RscNodeState *a, const RscNodeState *b)
{
  g_assert_cmpuint (a->refcount, ==, b->refcount);
  g_assert_cmpuint (a->gc_refs, ==, b->gc_refs);
  g_assert_cmpint (a->state, ==, b->state);
  g_assert_cmpint (a->list, ==, b->list);
  g_assert_cmpuint (a->order, ==, b->order);
}

static RscNodeState *
copy_states (RscReplayCursor *cursor)
{
  guint32 n = rsc_snapshot_peek_columns (rsc_replay_get_snapshot (rsc_replay_cursor_get_replay (cursor)))->n_nodes;
  RscNodeState *states = g_new (RscNodeState, n);

  for (guint32 i = 0; i < n; i++)
    states[i] = rsc_replay_cursor_get (cursor, i);

  return states;
}

/* Every position from every side: what was seen going forwards is seen again
 * going back, and after a jump. */
static void
check_positions (RscReplay *replay, guint32 seed)
{
  g_autoptr(RscReplayCursor) cursor = rsc_replay_cursor_new (replay);
  g_autoptr(GRand) rand = g_rand_new_with_seed (seed);
  g_autoptr(GPtrArray) seen = g_ptr_array_new_with_free_func (g_free);
  guint32 n_nodes = rsc_snapshot_peek_columns (rsc_replay_get_snapshot (replay))->n_nodes;
  guint64 n = rsc_replay_get_n_steps (replay);

  g_ptr_array_add (seen, copy_states (cursor));
  for (guint64 p = 1; p <= n; p++)
    {
      g_assert_cmpuint (rsc_replay_cursor_find (cursor, RSC_GRAIN_STEP, TRUE), ==, p);
      rsc_replay_cursor_seek (cursor, p);
      g_ptr_array_add (seen, copy_states (cursor));
    }
  for (guint round = 0; round < 40; round++)
    {
      guint64 p = round == 0 ? 0 : (guint64) g_rand_int_range (rand, 0, (gint32) n + 1);
      guint64 lists[RSC_N_LISTS], states[RSC_N_STATES];
      guint64 counted_lists[RSC_N_LISTS] = { 0 }, counted_states[RSC_N_STATES] = { 0 };

      rsc_replay_cursor_seek (cursor, p);
      g_assert_cmpuint (rsc_replay_cursor_get_position (cursor), ==, p);
      for (guint32 i = 0; i < n_nodes; i++)
        {
          RscNodeState now = rsc_replay_cursor_get (cursor, i);

          assert_same_state (&now, &((RscNodeState *) seen->pdata[p])[i]);
          counted_lists[now.list]++;
          counted_states[now.state]++;
        }
      rsc_replay_cursor_count (cursor, lists, states);
      g_assert_cmpmem (lists, sizeof lists, counted_lists, sizeof counted_lists);
      g_assert_cmpmem (states, sizeof states, counted_states, sizeof counted_states);
    }
}

/* From @from to where a search comes that looks at @max steps at a time. */
static guint64
search (RscReplay *replay, guint64 from, const RscBitset *nodes, RscNode node, gboolean forwards, guint64 max,
        RscSearchResult *result)
{
  guint64 position = from;

  for (;;)
    {
      guint64 before = position;

      *result = rsc_replay_search (replay, nodes, node, forwards, max, &position);
      if (*result != RSC_SEARCH_UNFINISHED)
        return position;
      g_assert_cmpuint (forwards ? position - before : before - position, ==, max);
    }
}

/* Forwards and backwards over the steps of one object alone. */
static void
check_own (RscReplay *replay, RscNode node, guint64 max)
{
  g_autoptr(RscReplayCursor) cursor = rsc_replay_cursor_new (replay);
  guint64 n = rsc_replay_get_n_steps (replay), last = 0;
  RscSearchResult result;

  for (guint64 p = 1; p <= n; p++)
    {
      RscStep step;

      rsc_replay_cursor_seek (cursor, p);
      g_assert_true (rsc_replay_cursor_get_step (cursor, &step));
      if (step.node != node)
        continue;
      g_assert_cmpuint (search (replay, last, NULL, node, TRUE, max, &result), ==, p);
      g_assert_cmpint (result, ==, RSC_SEARCH_FOUND);
      g_assert_cmpuint (search (replay, p, NULL, node, FALSE, max, &result), ==, last);
      g_assert_cmpint (result, ==, last > 0 ? RSC_SEARCH_FOUND : RSC_SEARCH_NONE);
      last = p;
    }
  g_assert_cmpuint (search (replay, last, NULL, node, TRUE, max, &result), ==, n);
  g_assert_cmpint (result, ==, RSC_SEARCH_NONE);
}

/* Forwards and backwards over the steps of every third object, and of lists. */
static void
check_concerning (RscReplay *replay)
{
  g_autoptr(RscReplayCursor) cursor = rsc_replay_cursor_new (replay);
  guint32 n_nodes = rsc_snapshot_peek_columns (rsc_replay_get_snapshot (replay))->n_nodes;
  guint64 n = rsc_replay_get_n_steps (replay), last = 0;
  g_autoptr(RscBitset) nodes = rsc_bitset_new (n_nodes);
  RscSearchResult result;

  for (guint32 i = 0; i < n_nodes; i += 3)
    rsc_bitset_set (nodes, i);
  for (guint64 p = 1; p <= n; p++)
    {
      RscStep step;

      rsc_replay_cursor_seek (cursor, p);
      g_assert_true (rsc_replay_cursor_get_step (cursor, &step));
      if (step.node != RSC_NODE_NONE && step.node % 3 != 0 && p != n)
        continue;
      g_assert_cmpuint (search (replay, last, nodes, RSC_NODE_NONE, TRUE, 1 + p % 4, &result), ==, p);
      g_assert_cmpuint (search (replay, p, nodes, RSC_NODE_NONE, FALSE, 1 + p % 4, &result), ==, last);
      last = p;
    }
  g_assert_cmpuint (search (replay, n, nodes, RSC_NODE_NONE, TRUE, 1, &result), ==, n);
  g_assert_cmpint (result, ==, RSC_SEARCH_NONE);
  g_assert_cmpuint (search (replay, 0, nodes, RSC_NODE_NONE, FALSE, 1, &result), ==, 0);
  g_assert_cmpint (result, ==, RSC_SEARCH_NONE);
  for (guint32 i = 0; i < MIN (n_nodes, 3); i++)
    check_own (replay, i, 1 + i);
}

/* A step changes nothing but what it says, and an edge is one of its source to its target. */
static void
check_steps (RscReplay *replay)
{
  g_autoptr(RscReplayCursor) cursor = rsc_replay_cursor_new (replay);
  RscSnapshot *snapshot = rsc_replay_get_snapshot (replay);
  const RscColumns *columns = rsc_snapshot_peek_columns (snapshot);
  g_autofree RscNodeState *before = copy_states (cursor);
  RscStep step;

  g_assert_false (rsc_replay_cursor_get_step (cursor, &step));
  for (guint64 p = 1; p <= rsc_replay_get_n_steps (replay); p++)
    {
      g_autofree RscNodeState *after = NULL;
      g_autofree char *sentence = NULL;

      rsc_replay_cursor_seek (cursor, p);
      after = copy_states (cursor);
      g_assert_true (rsc_replay_cursor_get_step (cursor, &step));
      g_assert_cmpuint (step.index, ==, p - 1);
      sentence = rsc_replay_describe (replay, &step, "NODE", "SOURCE");
      g_assert_cmpstr (sentence, !=, "");
      g_assert_nonnull (rsc_step_get_code (step.kind));
      g_assert_nonnull (rsc_step_get_id (step.kind));
      if (step.node != RSC_NODE_NONE)
        {
          assert_same_state (&step.before, &before[step.node]);
          assert_same_state (&step.after, &after[step.node]);
          g_assert_nonnull (strstr (sentence, "NODE"));
        }
      if (step.source != RSC_NODE_NONE)
        {
          g_assert_cmpuint (step.edge, >=, columns->first_edge[step.source]);
          g_assert_cmpuint (step.edge, <, columns->first_edge[step.source + 1]);
          g_assert_cmpuint (columns->target[step.edge], ==, step.node);
        }
      g_free (before);
      before = g_steal_pointer (&after);
    }
}

static gboolean
is_traversed (guint8 kind)
{
  return (kind & (RSC_EDGE_TRAVERSED | RSC_EDGE_WEAK)) == RSC_EDGE_TRAVERSED;
}

/* CPython's two lists as plain linked ones: how they stand after move_unreachable. */
static void
naive_move_unreachable (const RscColumns *columns, guint generation, GList **young, GList **unreachable)
{
  g_autofree gint64 *refs = g_new (gint64, columns->n_nodes);
  g_autofree gboolean *collecting = g_new0 (gboolean, columns->n_nodes);
  guint order[3] = { generation, 0, 1 };

  for (guint k = 0; k <= generation; k++)
    for (guint32 i = 0; i < columns->n_nodes; i++)
      if ((columns->flags[i] & RSC_NODE_TRACKED) && columns->generation[i] == order[k])
        {
          *young = g_list_append (*young, GUINT_TO_POINTER (i));
          collecting[i] = TRUE;
          refs[i] = columns->refcount[i];
        }
  for (GList *l = *young; l != NULL; l = l->next)
    for (guint64 e = columns->first_edge[GPOINTER_TO_UINT (l->data)];
         e < columns->first_edge[GPOINTER_TO_UINT (l->data) + 1]; e++)
      if (is_traversed (columns->kind[e]) && !(columns->kind[e] & RSC_EDGE_BORROWED) && collecting[columns->target[e]])
        refs[columns->target[e]]--;
  for (GList *l = *young; l != NULL;)
    {
      guint32 node = GPOINTER_TO_UINT (l->data);
      GList *next;

      if (refs[node] == 0)
        {
          next = l->next;
          *young = g_list_delete_link (*young, l);
          *unreachable = g_list_append (*unreachable, GUINT_TO_POINTER (node));
          l = next;
          continue;
        }
      collecting[node] = FALSE;
      for (guint64 e = columns->first_edge[node]; e < columns->first_edge[node + 1]; e++)
        {
          guint32 target = columns->target[e];

          if (!is_traversed (columns->kind[e]) || !collecting[target])
            continue;
          if (g_list_find (*unreachable, GUINT_TO_POINTER (target)) != NULL)
            {
              *unreachable = g_list_remove (*unreachable, GUINT_TO_POINTER (target));
              *young = g_list_append (*young, GUINT_TO_POINTER (target));
              refs[target] = 1;
            }
          else if (refs[target] == 0)
            {
              refs[target] = 1;
            }
        }
      l = l->next;
    }
}

static void
assert_list (RscReplayCursor *cursor, RscList list, GList *expected)
{
  g_autoptr(GArray) members = rsc_replay_cursor_list (cursor, list, 0, G_MAXUINT);

  g_assert_cmpuint (members->len, ==, g_list_length (expected));
  for (guint i = 0; i < members->len; i++)
    g_assert_cmpuint (g_array_index (members, RscNode, i), ==, GPOINTER_TO_UINT (g_list_nth_data (expected, i)));
}

static guint64
find_phase_end (RscReplay *replay, RscPhase phase)
{
  gsize n;
  const RscPhaseSpan *spans = rsc_replay_get_phases (replay, &n);

  for (gsize i = 0; i < n; i++)
    if (spans[i].phase == phase)
      return spans[i].first + spans[i].n_steps;

  return G_MAXUINT64;
}

/* Counts in the end: what there was, less what was dropped, less what freed and
 * cleared objects had referred to; and nothing is freed that has a count. */
static void
check_counts (RscSnapshot *snapshot, RscReplayCursor *cursor, GHashTable *dropped)
{
  const RscColumns *columns = rsc_snapshot_peek_columns (snapshot);
  g_autofree guint32 *lost = g_new0 (guint32, columns->n_nodes);

  for (guint32 source = 0; source < columns->n_nodes; source++)
    {
      RscNodeState state = rsc_replay_cursor_get (cursor, source);

      for (guint64 e = columns->first_edge[source]; e < columns->first_edge[source + 1]; e++)
        if (rsc_edge_is_counted (snapshot, source, e)
            && (state.list == RSC_LIST_FREED || state.state == RSC_STATE_CLEARED
                || (dropped != NULL && g_hash_table_contains (dropped, GSIZE_TO_POINTER (e)))))
          lost[columns->target[e]]++;
    }
  for (guint32 i = 0; i < columns->n_nodes; i++)
    {
      RscNodeState state = rsc_replay_cursor_get (cursor, i);

      g_assert_cmpint (state.list == RSC_LIST_FREED, ==, state.state == RSC_STATE_FREED);
      if (state.list == RSC_LIST_FREED)
        g_assert_cmpuint (state.refcount, ==, 0);
      else
        g_assert_cmpuint (state.refcount, ==, columns->refcount[i] - lost[i]);
    }
}

static void
test_collection_random (void)
{
  guint64 n_freed = 0;

  for (guint32 seed = 0; seed < N_SEEDS; seed++)
    {
      guint generation = seed % 3;
      g_autoptr(RscSnapshot) snapshot = make_heap (seed);
      const RscColumns *columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL, NULL);
      g_autoptr(GError) error = NULL;
      g_autoptr(RscReplay) replay = rsc_replay_new_collection (snapshot, generation, NULL, NULL, &error);
      g_autoptr(RscPrediction) prediction = NULL;
      g_autoptr(RscReplayCursor) cursor = NULL;
      g_autoptr(GList) young = NULL;
      g_autoptr(GList) unreachable = NULL;
      const RscReplaySummary *summary;
      guint64 end;

      if (!any_tracked (columns))
        {
          g_assert_error (error, RSC_ANALYSIS_ERROR, RSC_ERROR_UNSUPPORTED);
          continue;
        }
      g_assert_no_error (error);
      summary = rsc_replay_get_summary (replay);
      prediction = rsc_collect_predict (snapshot, generation, NULL, NULL, NULL);
      g_assert_cmpuint (summary->examined, ==, prediction->examined);
      g_assert_cmpuint (summary->unreachable, ==, prediction->n_unreachable);
      g_assert_cmpuint (summary->reachable, ==, prediction->survivors);
      g_assert_cmpuint (summary->legacy, ==, prediction->n_uncollectable);
      g_assert_cmpuint (summary->promoted_to, ==, prediction->promoted_to);

      cursor = rsc_replay_cursor_new (replay);
      naive_move_unreachable (columns, generation, &young, &unreachable);
      end = find_phase_end (replay, RSC_PHASE_MOVE_UNREACHABLE);
      if (end != G_MAXUINT64)
        {
          rsc_replay_cursor_seek (cursor, end);
          assert_list (cursor, (RscList) (RSC_LIST_GENERATION_0 + generation), young);
          assert_list (cursor, RSC_LIST_UNREACHABLE, unreachable);
          for (GList *l = unreachable; l != NULL; l = l->next)
            g_assert_true (rsc_bitset_get (prediction->unreachable, GPOINTER_TO_UINT (l->data))
                           || rsc_bitset_get (prediction->uncollectable, GPOINTER_TO_UINT (l->data)));
        }

      /* In the end a survivor is where it was promised to be. */
      rsc_replay_cursor_seek (cursor, rsc_replay_get_n_steps (replay));
      for (GList *l = young; l != NULL; l = l->next)
        {
          RscNodeState state = rsc_replay_cursor_get (cursor, GPOINTER_TO_UINT (l->data));

          /* What garbage held without the collector seeing it goes with it. */
          if (state.list == RSC_LIST_FREED)
            continue;
          g_assert_cmpint (state.list, ==, RSC_LIST_GENERATION_0 + (int) summary->promoted_to);
          g_assert_true (state.state == RSC_STATE_PROMOTED || state.state == RSC_STATE_STAYED);
        }
      check_counts (snapshot, cursor, NULL);
      check_positions (replay, seed);
      check_steps (replay);
      check_concerning (replay);
      n_freed += summary->freed;
    }
  g_assert_cmpuint (n_freed, >, 100);
}

/* A set by repeated passes: what the marked ones refer to. */
static void
test_mark_sweep_random (void)
{
  for (guint32 seed = 0; seed < N_SEEDS; seed++)
    {
      RscMarkOrder order = seed % 2 ? RSC_ORDER_BREADTH_FIRST : RSC_ORDER_DEPTH_FIRST;
      g_autoptr(RscSnapshot) snapshot = make_heap (seed);
      const RscColumns *columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL, NULL);
      RscNode start = seed % columns->n_nodes;
      g_autoptr(GError) error = NULL;
      g_autoptr(RscReplay) replay = rsc_replay_new_mark_sweep (snapshot, &start, 1, order, NULL, NULL, &error);
      g_autoptr(RscReplayCursor) cursor = NULL;
      g_autofree gboolean *marked = g_new0 (gboolean, columns->n_nodes);
      guint n_marked = 1;

      g_assert_no_error (error);
      marked[start] = TRUE;
      for (gboolean changed = TRUE; changed;)
        {
          changed = FALSE;
          for (guint32 i = 0; i < columns->n_nodes; i++)
            for (guint64 e = columns->first_edge[i]; marked[i] && e < columns->first_edge[i + 1]; e++)
              if (!(columns->kind[e] & RSC_EDGE_WEAK) && !marked[columns->target[e]])
                {
                  changed = marked[columns->target[e]] = TRUE;
                  n_marked++;
                }
        }
      cursor = rsc_replay_cursor_new (replay);
      rsc_replay_cursor_seek (cursor, rsc_replay_get_n_steps (replay));
      for (guint32 i = 0; i < columns->n_nodes; i++)
        g_assert_cmpint (rsc_replay_cursor_get (cursor, i).state, ==, marked[i] ? RSC_STATE_BLACK : RSC_STATE_FREED);
      g_assert_cmpuint (rsc_replay_get_summary (replay)->reachable, ==, n_marked);
      g_assert_cmpuint (rsc_replay_get_summary (replay)->unreachable, ==, columns->n_nodes - n_marked);
      check_positions (replay, seed);
      check_steps (replay);
      check_concerning (replay);
    }
}

static void
test_drop_random (void)
{
  guint n_freed = 0, n_left = 0;

  for (guint32 seed = 0; seed < N_SEEDS; seed++)
    {
      g_autoptr(RscSnapshot) snapshot = make_heap (seed);
      const RscColumns *columns = rsc_snapshot_get_columns (snapshot, RSC_BLOCK_ALL, NULL);
      g_autoptr(GArray) drops = g_array_new (FALSE, FALSE, sizeof (RscDrop));
      g_autoptr(GHashTable) dropped = g_hash_table_new (NULL, NULL);
      g_autoptr(GError) error = NULL;
      g_autoptr(RscReplay) replay = NULL;
      g_autoptr(RscReplayCursor) cursor = NULL;

      for (guint32 i = 0; i < columns->n_nodes; i++)
        for (guint64 e = columns->first_edge[i]; e < columns->first_edge[i + 1]; e++)
          if ((e * 7 + seed) % 9 == 0 && rsc_edge_is_counted (snapshot, i, e))
            {
              RscDrop drop = { e, RSC_NODE_NONE };

              g_array_append_val (drops, drop);
              g_hash_table_add (dropped, GSIZE_TO_POINTER (e));
            }
      replay = rsc_replay_new_drop (snapshot, (const RscDrop *) (void *) drops->data, drops->len, NULL, NULL, &error);
      g_assert_no_error (error);
      cursor = rsc_replay_cursor_new (replay);
      rsc_replay_cursor_seek (cursor, rsc_replay_get_n_steps (replay));
      check_counts (snapshot, cursor, dropped);
      n_freed += (guint) rsc_replay_get_summary (replay)->freed;
      n_left += (guint) rsc_replay_get_summary (replay)->left;
      check_positions (replay, seed);
      check_steps (replay);
      check_concerning (replay);
    }
  g_assert_cmpuint (n_freed, >, 100);
  g_assert_cmpuint (n_left, >, 20);
}

/* The eighth lesson's graph: A->B,C; B->A,E; C->E; D->F; F->D, from A. */
static void
test_textbook (void)
{
  static const struct { guint source, target; } edges[] = {
    { 0, 1 }, { 0, 2 }, { 1, 0 }, { 1, 4 }, { 2, 4 }, { 3, 5 }, { 5, 3 },
  };
  static const struct { RscStepKind kind; char node; } expected[] = {
    { RSC_STEP_ROOT, 'A' }, { RSC_STEP_ENTER, 'B' }, { RSC_STEP_SEEN, 'A' }, { RSC_STEP_ENTER, 'E' },
    { RSC_STEP_LEAVE, 'E' }, { RSC_STEP_LEAVE, 'B' }, { RSC_STEP_ENTER, 'C' }, { RSC_STEP_SEEN, 'E' },
    { RSC_STEP_LEAVE, 'C' }, { RSC_STEP_LEAVE, 'A' }, { RSC_STEP_SWEEP, 'D' }, { RSC_STEP_SWEEP, 'F' },
  };
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
  g_autoptr(RscSnapshot) snapshot = NULL;
  g_autoptr(RscReplay) replay = NULL;
  g_autoptr(RscReplayCursor) cursor = NULL;
  RscNode start = 0;

  rsc_snapshot_builder_add_type (builder, "node", "", RSC_NODE_NONE, 0);
  for (guint i = 0; i < 6; i++)
    {
      RscNodeRecord record = { .address = i + 1, .refcount = RSC_REFCOUNT_UNKNOWN, .generation = RSC_GENERATION_NONE };

      rsc_snapshot_builder_add_node (builder, &record);
    }
  for (guint e = 0; e < G_N_ELEMENTS (edges); e++)
    rsc_snapshot_builder_add_edge_from (builder, edges[e].source, edges[e].target, RSC_EDGE_TRAVERSED, 0);
  snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, NULL);
  replay = rsc_replay_new_mark_sweep (snapshot, &start, 1, RSC_ORDER_DEPTH_FIRST, NULL, NULL, NULL);
  cursor = rsc_replay_cursor_new (replay);
  g_assert_cmpuint (rsc_replay_get_n_steps (replay), ==, G_N_ELEMENTS (expected));
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      RscStep step;

      rsc_replay_cursor_seek (cursor, i + 1);
      g_assert_true (rsc_replay_cursor_get_step (cursor, &step));
      g_assert_cmpint (step.kind, ==, expected[i].kind);
      g_assert_cmpint ((int) step.node + 'A', ==, expected[i].node);
    }
}

static void
test_unsupported (void)
{
  RandomHeapShape shape = { .n_nodes = 5, .n_edges = 5, .held = -1 };
  g_autoptr(RscSnapshot) uncounted = random_heap_new (1, &shape);
  RscDrop drop = { G_MAXUINT64, 0 };
  g_autoptr(GError) error = NULL;

  g_assert_null (rsc_replay_new_collection (uncounted, 2, NULL, NULL, &error));
  g_assert_error (error, RSC_ANALYSIS_ERROR, RSC_ERROR_UNSUPPORTED);
  g_clear_error (&error);
  g_assert_null (rsc_replay_new_drop (uncounted, &drop, 1, NULL, NULL, &error));
  g_assert_error (error, RSC_ANALYSIS_ERROR, RSC_ERROR_UNSUPPORTED);
}

static void
test_cancelled (void)
{
  g_autoptr(RscSnapshot) snapshot = make_heap (39);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_null (rsc_replay_new_collection (snapshot, 2, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* A chain of a million: no recursion, and a far jump is right. */
static void
test_chain (void)
{
  enum { LENGTH = 1000000 };
  g_autoptr(RscSnapshotBuilder) builder = rsc_snapshot_builder_new ();
  g_autoptr(RscSnapshot) snapshot = NULL;
  g_autoptr(RscReplay) replay = NULL;
  g_autoptr(RscReplayCursor) cursor = NULL;
  RscDrop drop = { 0, RSC_NODE_NONE };
  guint64 n;

  rsc_snapshot_builder_add_type (builder, "list", "builtins", RSC_NODE_NONE, 0);
  for (guint i = 0; i < LENGTH; i++)
    {
      RscNodeRecord record = { .address = 16 * (i + 1), .refcount = 1, .size = 1, .generation = 0,
                               .flags = RSC_NODE_CONTAINER | RSC_NODE_TRACKED };

      rsc_snapshot_builder_add_node (builder, &record);
    }
  for (guint i = 0; i + 1 < LENGTH; i++)
    rsc_snapshot_builder_add_edge_from (builder, i, i + 1, RSC_EDGE_TRAVERSED | RSC_EDGE_INDEX, 0);
  snapshot = rsc_snapshot_builder_freeze (builder, NULL, NULL, NULL);
  replay = rsc_replay_new_drop (snapshot, &drop, 1, NULL, NULL, NULL);
  g_assert_cmpuint (rsc_replay_get_summary (replay)->freed, ==, LENGTH - 1);
  n = rsc_replay_get_n_steps (replay);
  g_assert_cmpuint (n, ==, 3 * (LENGTH - 1));
  cursor = rsc_replay_cursor_new (replay);
  rsc_replay_cursor_seek (cursor, n);
  g_assert_cmpint (rsc_replay_cursor_get (cursor, 1).state, ==, RSC_STATE_FREED);
  rsc_replay_cursor_seek (cursor, n / 3);
  g_assert_cmpint (rsc_replay_cursor_get (cursor, 1).state, ==, RSC_STATE_DYING);
  rsc_replay_cursor_seek (cursor, 0);
  g_assert_cmpuint (rsc_replay_cursor_get (cursor, LENGTH - 1).refcount, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/replay/collection-random", test_collection_random);
  g_test_add_func ("/replay/mark-sweep-random", test_mark_sweep_random);
  g_test_add_func ("/replay/drop-random", test_drop_random);
  g_test_add_func ("/replay/textbook", test_textbook);
  g_test_add_func ("/replay/unsupported", test_unsupported);
  g_test_add_func ("/replay/cancelled", test_cancelled);
  g_test_add_func ("/replay/chain", test_chain);

  return g_test_run ();
}
