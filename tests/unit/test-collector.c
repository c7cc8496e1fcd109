/* How the collectors of CPython's versions differ: which are replayed, and what of it is another one's. */
#include <string.h>

#include "base/rsc-error.h"
#include "collect/rsc-collect.h"
#include "collect/rsc-collector.h"
#include "collect/rsc-replay.h"
#include "small-heap.h"

static void
set_version (SmallHeap *heap, const char *version)
{
  rsc_snapshot_builder_set_info (heap->builder, "version", g_variant_new_string (version));
}

/* In generation 2. */
static RscNode
add (SmallHeap *heap, const char *type, guint32 flags, guint32 refcount)
{
  gboolean tracked = strcmp (type, "int") != 0;
  RscNodeRecord record = {
    .size = 64,
    .type = small_heap_type (heap, "builtins", type, 0),
    .refcount = refcount,
    .flags = flags | (tracked ? RSC_NODE_TRACKED | RSC_NODE_CONTAINER : 0),
    .generation = tracked ? RSC_GENERATION_2 : RSC_GENERATION_NONE,
  };

  return rsc_snapshot_builder_add_node (heap->builder, &record);
}

/* A list that only it itself refers to. */
static RscNode
add_cycle (SmallHeap *heap, guint32 flags)
{
  RscNode node = add (heap, "list", flags, 1);

  small_heap_edge (heap, node, node, T | RSC_EDGE_INDEX, 0);

  return node;
}

static RscReplay *
replay (RscSnapshot *snapshot)
{
  g_autoptr(GError) error = NULL;
  RscReplay *self = rsc_replay_new_collection (snapshot, 2, NULL, NULL, &error);

  g_assert_no_error (error);

  return self;
}

/* "clear_weakref 1, callback 1": the steps of these kinds, with their nodes. */
static char *
list_steps (RscReplay *self, const RscStepKind *kinds, gsize n_kinds)
{
  g_autoptr(RscReplayCursor) cursor = rsc_replay_cursor_new (self);
  GString *text = g_string_new (NULL);

  for (guint64 p = 1; p <= rsc_replay_get_n_steps (self); p++)
    {
      RscStep step;

      rsc_replay_cursor_seek (cursor, p);
      g_assert_true (rsc_replay_cursor_get_step (cursor, &step));
      for (gsize i = 0; i < n_kinds; i++)
        if (step.kind == kinds[i])
          g_string_append_printf (text, "%s%s %u", text->len > 0 ? ", " : "", rsc_step_get_id (step.kind), step.node);
    }

  return g_string_free (text, FALSE);
}

static void
test_versions (void)
{
  static const struct
  {
    const char *version;
    guint32 number;
    gboolean is_known;
  } cases[] = {
    { "3.9.18", 0x030912f0, FALSE },     { "3.10.0", 0x030a00f0, TRUE },     { "3.13.5", 0x030d05f0, TRUE },
    { "3.14.0", 0x030e00f0, FALSE },     { "3.14.4", 0x030e04f0, FALSE },    { "3.14.5rc1", 0x030e05c1, TRUE },
    { "3.14.10", 0x030e0af0, TRUE },     { "3.15.0a8", 0x030f00a8, FALSE },  { "3.15.0b1", 0x030f00b1, TRUE },
    { "3.15.0rc3+", 0x030f00c3, TRUE },  { "3.15.2", 0x030f02f0, TRUE },     { "3.16.0a1", 0x031000a1, FALSE },
    { "3.", 0, FALSE },                  { "2.7.18", 0, FALSE },             { "22.3.0", 0, FALSE },
    { "", 0, FALSE },                    { "3.99999999999", 0x03ff00f0, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      SmallHeap heap;
      g_autoptr(RscSnapshot) snapshot = NULL;
      g_autoptr(RscReplay) self = NULL;
      g_autoptr(GError) error = NULL;

      g_test_message ("%s", cases[i].version);
      small_heap_init (&heap);
      set_version (&heap, cases[i].version);
      add_cycle (&heap, 0);
      snapshot = small_heap_freeze (&heap);
      g_assert_cmphex (rsc_snapshot_get_python_version (snapshot), ==, cases[i].number);
      g_assert_true ((rsc_collector_get (snapshot) != NULL) == cases[i].is_known);
      self = rsc_replay_new_collection (snapshot, 2, NULL, NULL, &error);
      g_assert_true ((self != NULL) == cases[i].is_known);
      if (self != NULL)
        continue;
      g_assert_error (error, RSC_ANALYSIS_ERROR, RSC_ERROR_UNSUPPORTED);
      g_assert_nonnull (strstr (error->message, "3.14 from 3.14.5 on"));
    }
}

/* A generator that is garbage has an object as its local variable and, borrowed from that, on its stack; somebody outside has
 * it, too. */
static void
test_borrowed (void)
{
  for (guint borrowed = 0; borrowed < 2; borrowed++)
    {
      static const RscStepKind kinds[] = { RSC_STEP_SUBTRACT, RSC_STEP_PASS };
      SmallHeap heap;
      RscNode generator, object;
      g_autoptr(RscSnapshot) snapshot = NULL;
      g_autoptr(RscReplay) self = NULL;
      g_autoptr(RscPrediction) prediction = NULL;
      g_autofree char *steps = NULL;

      small_heap_init (&heap);
      set_version (&heap, "3.14.10");
      generator = add_cycle (&heap, 0);
      object = add (&heap, "list", 0, 2);
      small_heap_named_edge (&heap, generator, object, T | RSC_EDGE_LOCAL, "a");
      small_heap_edge (&heap, generator, object, T | RSC_EDGE_STACK | (borrowed ? RSC_EDGE_BORROWED : 0), 0);
      snapshot = small_heap_freeze (&heap);

      self = replay (snapshot);
      prediction = rsc_collect_predict (snapshot, 2, NULL, NULL, NULL);
      g_assert_cmpuint (prediction->n_unreachable, ==, borrowed ? 1 : 2);
      g_assert_cmpuint (rsc_replay_get_summary (self)->unreachable, ==, borrowed ? 1 : 2);
      g_assert_cmpuint (rsc_replay_get_summary (self)->freed, ==, borrowed ? 1 : 2);
      steps = list_steps (self, kinds, G_N_ELEMENTS (kinds));
      /* The second time, where it is looked at once more what finalizers did, the object is in another list. */
      g_assert_cmpstr (steps, ==, borrowed ? "subtract 0, subtract 1, subtract 0"
                                           : "subtract 0, subtract 1, subtract 1, subtract 0, subtract 1, subtract 1");
    }
}

/* One with a callback and one without, to an object that has a finalizer. */
static void
test_weakrefs (void)
{
  static const RscStepKind kinds[] = { RSC_STEP_CLEAR_WEAKREF, RSC_STEP_CALLBACK, RSC_STEP_FINALIZE, RSC_STEP_CLEAR };
  static const char *const versions[][2] = {
    { "3.13.5", "clear_weakref 3, clear_weakref 1, callback 1, finalize 0, clear 0" },
    { "3.14.10", "clear_weakref 3, clear_weakref 1, callback 1, finalize 0, clear 0" },
    { "3.15.2", "clear_weakref 1, callback 1, finalize 0, clear_weakref 3, clear 0" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (versions); i++)
    {
      SmallHeap heap;
      RscNode object, told, callback, silent;
      g_autoptr(RscSnapshot) snapshot = NULL;
      g_autoptr(RscReplay) self = NULL;
      g_autofree char *steps = NULL;

      small_heap_init (&heap);
      set_version (&heap, versions[i][0]);
      object = add_cycle (&heap, RSC_NODE_FINALIZER | RSC_NODE_HAS_WEAKREFS);
      told = add (&heap, "ReferenceType", 0, 1);
      callback = add (&heap, "function", 0, 2);
      silent = add (&heap, "ReferenceType", 0, 1);
      small_heap_edge (&heap, told, object, RSC_EDGE_WEAK_REFERENT | RSC_EDGE_WEAK, 0);
      small_heap_edge (&heap, silent, object, RSC_EDGE_WEAK_REFERENT | RSC_EDGE_WEAK, 0);
      small_heap_named_edge (&heap, told, callback, T | RSC_EDGE_NAMED, "__callback__");
      snapshot = small_heap_freeze (&heap);

      self = replay (snapshot);
      steps = list_steps (self, kinds, G_N_ELEMENTS (kinds));
      g_assert_cmpstr (steps, ==, versions[i][1]);
    }
}

/* What leaves the collector: a dict and a tuple without anything that could be in a cycle, and what is never freed. */
static void
test_untrack (void)
{
  static const RscStepKind kinds[] = { RSC_STEP_IMMORTAL, RSC_STEP_UNTRACK_IMMORTAL, RSC_STEP_UNTRACK };
  static const struct
  {
    const char *version, *steps;
    RscList list; /* where an immortal object then is */
  } cases[] = {
    { "3.11.2", "untrack 1, untrack 0", RSC_LIST_GENERATION_2 },
    { "3.13.5", "immortal 2, untrack 1, untrack 0", RSC_LIST_PERMANENT },
    { "3.14.10", "untrack_immortal 2, untrack 1", RSC_LIST_NONE },
    { "3.15.2", "untrack_immortal 2, untrack 1", RSC_LIST_NONE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      SmallHeap heap;
      RscNode dict, tuple, immortal, number, other;
      g_autoptr(RscSnapshot) snapshot = NULL;
      g_autoptr(RscReplay) self = NULL;
      g_autoptr(RscReplayCursor) cursor = NULL;
      g_autofree char *steps = NULL;

      small_heap_init (&heap);
      set_version (&heap, cases[i].version);
      dict = add (&heap, "dict", 0, 1);
      tuple = add (&heap, "tuple", 0, 1);
      immortal = add (&heap, "list", RSC_NODE_IMMORTAL, RSC_REFCOUNT_UNKNOWN);
      number = add (&heap, "int", 0, 3);
      small_heap_edge (&heap, dict, number, T | RSC_EDGE_VALUE, number);
      small_heap_edge (&heap, tuple, number, T | RSC_EDGE_INDEX, 0);
      /* Of this one an item is not in the heap: the collector sees one that we do not. */
      other = add (&heap, "tuple", 0, 1);
      small_heap_edge (&heap, other, number, T | RSC_EDGE_INDEX, 1);
      snapshot = small_heap_freeze (&heap);

      self = replay (snapshot);
      steps = list_steps (self, kinds, G_N_ELEMENTS (kinds));
      g_assert_cmpstr (steps, ==, cases[i].steps);
      cursor = rsc_replay_cursor_new (self);
      rsc_replay_cursor_seek (cursor, rsc_replay_get_n_steps (self));
      g_assert_cmpint (rsc_replay_cursor_get (cursor, immortal).list, ==, cases[i].list);
      g_assert_cmpint (rsc_replay_cursor_get (cursor, other).list, ==, RSC_LIST_GENERATION_2);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/collector/versions", test_versions);
  g_test_add_func ("/collector/borrowed", test_borrowed);
  g_test_add_func ("/collector/weakrefs", test_weakrefs);
  g_test_add_func ("/collector/untrack", test_untrack);

  return g_test_run ();
}
