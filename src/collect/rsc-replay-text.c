/* Steps in words. */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "rsc-replay.h"

static const struct
{
  const char *id;
  const char *label;
} phase_facts[RSC_N_PHASES] = {
  /* Translators: phases of a garbage collection */
  [RSC_PHASE_MERGE] = { "merge", N_("Merge younger generations") },
  [RSC_PHASE_UPDATE_REFS] = { "update_refs", N_("Copy reference counts") },
  [RSC_PHASE_SUBTRACT_REFS] = { "subtract_refs", N_("Subtract inner references") },
  [RSC_PHASE_MOVE_UNREACHABLE] = { "move_unreachable", N_("Set aside what is not held") },
  [RSC_PHASE_UNTRACK] = { "untrack", N_("Untrack what cannot be in a cycle") },
  [RSC_PHASE_PROMOTE] = { "promote", N_("Promote the survivors") },
  [RSC_PHASE_LEGACY] = { "legacy_finalizers", N_("Keep what has a legacy finalizer") },
  [RSC_PHASE_CALLBACKS] = { "weakref_callbacks", N_("Call weak references back") },
  [RSC_PHASE_WEAKREFS] = { "weakrefs", N_("Clear weak references") },
  [RSC_PHASE_FINALIZE] = { "finalize", N_("Call finalizers") },
  [RSC_PHASE_RESURRECTION] = { "resurrection", N_("Count once more") },
  [RSC_PHASE_CLEAR] = { "clear", N_("Break the cycles") },
  [RSC_PHASE_MARK] = { "mark", N_("Mark") },
  [RSC_PHASE_SWEEP] = { "sweep", N_("Sweep") },
  [RSC_PHASE_DROP] = { "drop", N_("Drop references") },
  [RSC_PHASE_LEFT] = { "left", N_("What cycles keep") },
};

/* What stands for it in CPython's source, or in a textbook, in our words. */
static const struct
{
  const char *id;
  const char *code;
} step_facts[RSC_N_STEP_KINDS] = {
  [RSC_STEP_MERGE] = { "merge", "gc_list_merge(younger, young)" },
  [RSC_STEP_SET_REFS] = { "set_refs", "update_refs: gc_refs = ob_refcnt" },
  [RSC_STEP_IMMORTAL] = { "immortal", "update_refs: if immortal: gc_list_move(gc, permanent_generation)" },
  [RSC_STEP_UNTRACK_IMMORTAL] = { "untrack_immortal", "update_refs: if immortal: _PyObject_GC_UNTRACK(op)" },
  [RSC_STEP_VISIT] = { "visit", "tp_traverse(op, visit)" },
  [RSC_STEP_SUBTRACT] = { "subtract", "subtract_refs, visit_decref: gc_refs -= 1" },
  [RSC_STEP_PASS] = { "pass", "(nothing)" },
  [RSC_STEP_HELD] = { "held", "move_unreachable: if gc_refs > 0: tp_traverse(op, visit_reachable)" },
  [RSC_STEP_SET_ASIDE] = { "set_aside", "move_unreachable: if gc_refs == 0: move to unreachable" },
  [RSC_STEP_KEEP] = { "keep", "visit_reachable: if gc_refs == 0: gc_refs = 1" },
  [RSC_STEP_RESCUE] = { "rescue", "visit_reachable: if in unreachable: gc_list_move(gc, young); gc_refs = 1" },
  [RSC_STEP_UNTRACK] = { "untrack", "untrack_tuples, untrack_dicts: _PyObject_GC_UNTRACK(op)" },
  [RSC_STEP_PROMOTE] = { "promote", "gc_list_merge(young, old)" },
  [RSC_STEP_LEGACY] = { "legacy", "move_legacy_finalizers: if tp_del: gc_list_move(gc, finalizers)" },
  [RSC_STEP_LEGACY_REACHED] = { "legacy_reached", "visit_move: gc_list_move(gc, finalizers)" },
  [RSC_STEP_CLEAR_WEAKREF] = { "clear_weakref", "handle_weakrefs: _PyWeakref_ClearRef(wr)" },
  [RSC_STEP_CALLBACK] = { "callback", "handle_weakrefs: call wr_callback(wr)" },
  [RSC_STEP_TOLD] = { "told", "handle_weakrefs: gc_list_move(gc, old)" },
  [RSC_STEP_FINALIZE] = { "finalize", "finalize_garbage: tp_finalize(op)" },
  [RSC_STEP_STILL_UNREACHABLE] = { "still_unreachable", "handle_resurrected_objects: gc_refs == 0: still unreachable" },
  [RSC_STEP_RESURRECT] = { "resurrect", "handle_resurrected_objects: reached: gc_refs = 1" },
  [RSC_STEP_GIVE_BACK] = { "give_back", "gc_list_merge(resurrected, old_generation)" },
  [RSC_STEP_CLEAR] = { "clear", "delete_garbage: tp_clear(op)" },
  [RSC_STEP_CLEARED] = { "cleared", "delete_garbage: Py_DECREF(op)" },
  [RSC_STEP_NO_CLEAR] = { "no_clear", "delete_garbage: tp_clear == NULL: gc_list_move(gc, old)" },
  [RSC_STEP_ALIVE] = { "alive", "delete_garbage: still alive: gc_list_move(gc, old)" },
  [RSC_STEP_DECREF] = { "decref", "Py_DECREF: ob_refcnt -= 1" },
  [RSC_STEP_DEALLOCATE] = { "deallocate", "Py_DECREF: if ob_refcnt == 0: tp_dealloc(op)" },
  [RSC_STEP_FREE] = { "free", "tp_free(op)" },
  [RSC_STEP_ROOT] = { "root", "for root in roots: mark(root)" },
  [RSC_STEP_ENTER] = { "enter", "if white: mark(child)" },
  [RSC_STEP_QUEUE] = { "queue", "if white: queue.append(child)" },
  [RSC_STEP_SEEN] = { "seen", "if not white: pass" },
  [RSC_STEP_TAKE] = { "take", "node = queue.popleft()" },
  [RSC_STEP_LEAVE] = { "leave", "colour[node] = black" },
  [RSC_STEP_SWEEP] = { "sweep", "if white: free(node)" },
  [RSC_STEP_DROP] = { "drop", "Py_DECREF: ob_refcnt -= 1" },
  [RSC_STEP_LEFT] = { "left", "(no reference count falls to zero: the collector's work)" },
};

static const struct
{
  const char *id;
  const char *label;
} list_facts[RSC_N_LISTS] = {
  /* Translators: the lists of a garbage collector */
  [RSC_LIST_NONE] = { "untracked", N_("Not tracked") },
  [RSC_LIST_GENERATION_0] = { "generation-0", N_("Generation 0") },
  [RSC_LIST_GENERATION_1] = { "generation-1", N_("Generation 1") },
  [RSC_LIST_GENERATION_2] = { "generation-2", N_("Generation 2") },
  [RSC_LIST_PERMANENT] = { "permanent", N_("Permanent") },
  [RSC_LIST_UNREACHABLE] = { "unreachable", N_("Unreachable") },
  [RSC_LIST_LEGACY] = { "legacy", N_("Legacy finalizers") },
  [RSC_LIST_FREED] = { "freed", N_("Freed") },
};

const char *
rsc_phase_get_id (RscPhase phase)
{
  return phase_facts[phase].id;
}

const char *
rsc_phase_get_label (RscPhase phase)
{
  return _(phase_facts[phase].label);
}

const char *
rsc_step_get_id (RscStepKind kind)
{
  return step_facts[kind].id;
}

const char *
rsc_step_get_code (RscStepKind kind)
{
  return step_facts[kind].code;
}

const char *
rsc_list_get_id (RscList list)
{
  return list_facts[list].id;
}

const char *
rsc_list_get_label (RscList list)
{
  return _(list_facts[list].label);
}

static char *
dup_count (guint32 count)
{
  /* Translators: a reference count that is not known */
  return count == RSC_REFCOUNT_UNKNOWN ? g_strdup (_("unknown")) : g_strdup_printf ("%u", count);
}

/* A step of an edge. */
static char *
describe_edge (const RscStep *step,
               const char    *node,
               const char    *source,
               const char    *how)
{
  g_autofree char *refs = dup_count (step->after.gc_refs);
  g_autofree char *count = dup_count (step->after.refcount);

  switch (step->kind)
    {
    case RSC_STEP_SUBTRACT:
      /* Translators: %1$s refers to %2$s by %3$s (".attr", "[3]"), %4$s is a number */
      return g_strdup_printf (_("%1$s refers to %2$s (%3$s): a reference from within, so the latter’s gc_refs falls to %4$s."),
                              source, node, how, refs);
    case RSC_STEP_PASS:
      return g_strdup_printf (_("%1$s refers to %2$s (%3$s), whose count is not known or zero already: nothing changes."),
                              source, node, how);
    case RSC_STEP_KEEP:
      return g_strdup_printf (_("%1$s is reachable and refers to %2$s (%3$s), which is to be looked at: gc_refs = 1."),
                              source, node, how);
    case RSC_STEP_RESCUE:
    case RSC_STEP_RESURRECT:
      return g_strdup_printf (_("%1$s is reachable and refers to %2$s (%3$s), which had been set aside: it is rescued and"
                                " goes back to the end of the list."),
                              source, node, how);
    case RSC_STEP_LEGACY_REACHED:
      return g_strdup_printf (_("%1$s has a legacy finalizer and reaches %2$s (%3$s): that is kept as well."), source,
                              node, how);
    case RSC_STEP_ENTER:
      return g_strdup_printf (_("%1$s refers to %2$s (%3$s), which is white: it becomes grey, and its references are"
                                " followed first."),
                              source, node, how);
    case RSC_STEP_QUEUE:
      return g_strdup_printf (_("%1$s refers to %2$s (%3$s), which is white: it becomes grey and waits."), source, node,
                              how);
    case RSC_STEP_SEEN:
      return g_strdup_printf (_("%1$s refers to %2$s (%3$s), which was marked before."), source, node, how);
    case RSC_STEP_DROP:
      return g_strdup_printf (_("The reference of %1$s to %2$s (%3$s) is dropped: the latter’s reference count falls to %4$s."),
                              source, node, how, count);
    case RSC_STEP_DECREF:
    default:
      return g_strdup_printf (_("%1$s lets go of %2$s (%3$s): the latter’s reference count falls to %4$s."), source, node, how,
                              count);
    }
}

static char *
describe_held (const RscStep *step,
               const char    *node)
{
  g_autofree char *refs = dup_count (step->after.gc_refs);

  if (step->before.state == RSC_STATE_RESCUED)
    return g_strdup_printf (_("%s was rescued: it is reachable, and what it refers to is followed."), node);

  return g_strdup_printf (_("%1$s has gc_refs %2$s: something outside holds it, so it is reachable, and what it refers to"
                            " is followed."),
                          node, refs);
}

char *
rsc_replay_describe (RscReplay     *self,
                     const RscStep *step,
                     const char    *node,
                     const char    *source)
{
  g_autofree char *how = NULL;
  g_autofree char *refs = dup_count (step->after.gc_refs);

  if (step->source != RSC_NODE_NONE)
    {
      if (step->edge != G_MAXUINT64)
        how = rsc_snapshot_dup_edge_label (rsc_replay_get_snapshot (self), step->edge);
      /* Translators: a reference that has no name */
      if (how == NULL || how[0] == '\0')
        {
          g_free (how);
          how = g_strdup (_("unnamed"));
        }
      return describe_edge (step, node, source, how);
    }

  switch (step->kind)
    {
    case RSC_STEP_MERGE:
      /* Translators: %s are lists: "Generation 0" */
      return g_strdup_printf (_("%1$s joins the end of %2$s: they are collected together."),
                              rsc_list_get_label (step->before.list), rsc_list_get_label (step->after.list));
    case RSC_STEP_PROMOTE:
      if (step->before.list == step->after.list)
        return g_strdup_printf (_("The survivors stay in %s, which is the oldest."), rsc_list_get_label (step->after.list));
      return g_strdup_printf (_("The survivors join the end of %s."), rsc_list_get_label (step->after.list));
    case RSC_STEP_GIVE_BACK:
      return g_strdup_printf (_("What is kept joins the end of %s."), rsc_list_get_label (step->after.list));
    case RSC_STEP_SET_REFS:
      return g_strdup_printf (_("%1$s: its reference count %2$s is copied to gc_refs."), node, refs);
    case RSC_STEP_IMMORTAL:
      return g_strdup_printf (_("%s is never freed: it moves to the permanent generation."), node);
    case RSC_STEP_UNTRACK_IMMORTAL:
      return g_strdup_printf (_("%s is never freed: the collector need not look at it again."), node);
    case RSC_STEP_VISIT:
      return g_strdup_printf (_("The references of %s are gone through."), node);
    case RSC_STEP_HELD:
      return describe_held (step, node);
    case RSC_STEP_SET_ASIDE:
      return g_strdup_printf (_("%s has gc_refs 0: nothing outside is known to hold it, so it is set aside as tentatively"
                                " unreachable."),
                              node);
    case RSC_STEP_UNTRACK:
      return g_strdup_printf (_("%s holds nothing that could be part of a cycle: the collector need not look at it"
                                " again."),
                              node);
    case RSC_STEP_LEGACY:
      return g_strdup_printf (_("%s has a legacy finalizer (tp_del): it is not cleared, but goes to gc.garbage."), node);
    case RSC_STEP_CLEAR_WEAKREF:
      return g_strdup_printf (_("%s is cleared: it gives None from now on."), node);
    case RSC_STEP_CALLBACK:
      return g_strdup_printf (_("The callback of %s is called. What it does is not predicted."), node);
    case RSC_STEP_TOLD:
      return g_strdup_printf (_("%1$s moves to the end of %2$s."), node, rsc_list_get_label (step->after.list));
    case RSC_STEP_FINALIZE:
      return g_strdup_printf (_("The finalizer of %s is called. What it does is not predicted: it is taken to do"
                                " nothing."),
                              node);
    case RSC_STEP_STILL_UNREACHABLE:
      return g_strdup_printf (_("%s has gc_refs 0 once more, so no finalizer has brought it back: it is unreachable and"
                                " will be cleared."),
                              node);
    case RSC_STEP_CLEAR:
      return g_strdup_printf (_("%s is cleared: it lets go of what it refers to, which breaks its cycles."), node);
    case RSC_STEP_CLEARED:
      return g_strdup_printf (_("%s is cleared: it has let go of everything."), node);
    case RSC_STEP_NO_CLEAR:
      return g_strdup_printf (_("%s cannot be cleared (its type has no tp_clear): it goes when others let go of it."),
                              node);
    case RSC_STEP_ALIVE:
      return g_strdup_printf (_("%s is still referred to after being cleared: it goes when others let go of it."), node);
    case RSC_STEP_DEALLOCATE:
      return g_strdup_printf (_("%s has reference count 0: it is deallocated, and lets go of what it refers to."), node);
    case RSC_STEP_FREE:
      return g_strdup_printf (_("%s is freed: its memory is given back."), node);
    case RSC_STEP_ROOT:
      return g_strdup_printf (_("%s is a root: it becomes grey, and what it refers to is marked."), node);
    case RSC_STEP_TAKE:
      return g_strdup_printf (_("%s is next: its references are followed."), node);
    case RSC_STEP_LEAVE:
      return g_strdup_printf (_("All references of %s were followed: it becomes black."), node);
    case RSC_STEP_SWEEP:
      return g_strdup_printf (_("%s is still white: nothing that is marked leads to it, so it is freed."), node);
    case RSC_STEP_LEFT:
      return g_strdup_printf (_("%s cannot be reached any more, but its cycle keeps its reference count above zero: only"
                                " the collector can free it."),
                              node);
    default:
      return g_strdup ("");
    }
}
