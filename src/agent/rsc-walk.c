#include "rsc-walk-private.h"

#include <signal.h>

#define MAX_PENDING 2048       /* edges whose numbers are being fetched */
#define MATCH_AHEAD 16         /* claims that are looked at from where the last match was */
#define MATCH_START 64         /* and from the beginning */
#define PREFETCH_AHEAD 8       /* objects */
#define CANCEL_INTERVAL 4096   /* objects */
#define UNTAGGED(entry) ((RscAddress) ((entry) & ~UINT64_C (7)))

static int
note_visit (void *object, void *data)
{
  RscWalk *walk = data;
  RscVector *visited = &walk->visited;

  if (visited->used == visited->capacity)
    rsc_vector_reserve (walk, visited, sizeof (RscAddress));
  *(RscAddress *) (void *) ((uint8_t *) visited->data + visited->used) = (RscAddress) object;
  visited->used += sizeof (RscAddress);
  return 0;
}

/* By now the processor has fetched what was asked for when they were noted. */
static void
resolve_pending (RscWalk *walk)
{
  RscPendingEdge *edges = walk->pending.data;
  size_t n = walk->pending.used / sizeof *edges;

  for (size_t i = 0; i < n; i++)
    {
      RscWireEdge edge = { .target = rsc_walk_number_at (walk, edges[i].slot, edges[i].target), .kind = edges[i].kind };

      edge.label = edges[i].label_slot != NULL ? rsc_walk_number_at (walk, edges[i].label_slot, edges[i].label)
                                               : (uint32_t) edges[i].label;
      rsc_buffer_append (walk, &walk->edges, &edge, sizeof edge);
    }
  walk->n_edges_out += n;
  walk->pending.used = 0;
}

static void
add_edge (RscWalk *walk, RscAddress target, uint32_t kind, uint64_t label)
{
  RscPendingEdge *edge;

  if (rsc_walk_is_excluded (walk, target))
    return;
  if (walk->pending.used == MAX_PENDING * sizeof *edge)
    resolve_pending (walk);
  edge = (RscPendingEdge *) (void *) ((uint8_t *) walk->pending.data + walk->pending.used);
  walk->pending.used += sizeof *edge;
  edge->target = target;
  edge->kind = kind;
  edge->label = label;
  edge->slot = rsc_walk_slot (walk, target);
  edge->label_slot = NULL;
  __builtin_prefetch (edge->slot);
  if ((kind & ~(uint32_t) RSC_WIRE_EDGE_TRAVERSED) == RSC_WIRE_EDGE_VALUE)
    {
      edge->label_slot = rsc_walk_slot (walk, label);
      __builtin_prefetch (edge->label_slot);
    }
  walk->node_edges++;
}

static inline bool
is_free (const RscClaim *claim)
{
  return claim->state == RSC_CLAIM_OPEN || claim->state == RSC_CLAIM_NAME;
}

/* Gives each visit the name that the object's structure has for it, once, in
 * the order in which both stand; what was not visited is added behind. */
static void
match_claims (RscWalk *walk)
{
  RscClaim *claims = walk->claims.data;
  const RscAddress *visited = walk->visited.data;
  size_t n_claims = walk->claims.used / sizeof *claims, n_visited = walk->visited.used / sizeof *visited, cursor = 0;

  for (size_t i = 0; i < n_visited; i++)
    {
      size_t end = cursor + MATCH_AHEAD < n_claims ? cursor + MATCH_AHEAD : n_claims, c;

      for (c = cursor; c < end; c++)
        if (claims[c].target == visited[i] && is_free (&claims[c]))
          break;
      if (c == end)
        {
          end = n_claims < MATCH_START ? n_claims : MATCH_START;
          for (c = 0; c < end; c++)
            if (claims[c].target == visited[i] && is_free (&claims[c]))
              break;
        }
      if (c == end)
        {
          add_edge (walk, visited[i], RSC_WIRE_EDGE_PLAIN | RSC_WIRE_EDGE_TRAVERSED, 0);
          continue;
        }
      claims[c].state = RSC_CLAIM_TAKEN;
      cursor = c + 1;
      add_edge (walk, visited[i], claims[c].kind | RSC_WIRE_EDGE_TRAVERSED, claims[c].label);
    }
  for (size_t c = 0; c < n_claims; c++)
    if (claims[c].state == RSC_CLAIM_OPEN || claims[c].state == RSC_CLAIM_EXTRA)
      add_edge (walk, claims[c].target, claims[c].kind, claims[c].label);
}

/* Exact lists and tuples, which are many: what is visited is their items, last first.
 * FALSE if it is not so. */
static bool
add_items (RscWalk *walk, RscAddress object, const RscTypeInfo *info)
{
  const RscAddress *visited = walk->visited.data;
  size_t n_visited = walk->visited.used / sizeof *visited;
  uint64_t n;
  RscAddress items;

  if (info->type == walk->t_list)
    items = rsc_word (object, RSC_PY_LIST_ITEMS);
  else if (info->type == walk->t_tuple)
    items = object + (uint64_t) info->basic_size;
  else
    return false;
  n = rsc_word (object, RSC_PY_SIZE);
  if (n != n_visited)
    return false;
  for (uint64_t i = 0; i < n; i++)
    if (rsc_word (items, 8 * i) != visited[n - 1 - i])
      return false;
  for (uint64_t i = n; i-- > 0;)
    add_edge (walk, visited[n - 1 - i], RSC_WIRE_EDGE_INDEX | RSC_WIRE_EDGE_TRAVERSED, (uint32_t) i);
  return true;
}

static uint32_t
read_refcount (const RscWalk *walk, RscAddress object, uint32_t *flags)
{
  uint64_t refcount;

  if (walk->layout->int32_refcounts)
    {
      refcount = rsc_half (object, RSC_PY_REFCOUNT);
      if (refcount >> 31)
        {
          *flags |= RSC_WIRE_NODE_IMMORTAL;
          return UINT32_MAX;
        }
    }
  else
    refcount = rsc_word (object, RSC_PY_REFCOUNT);
  if (walk->corrections.n > 0 && rsc_walk_filter (walk, object))
    {
      uint64_t ours = rsc_map_get (&walk->corrections, object);

      refcount -= ours < refcount ? ours : refcount;
    }
  return refcount < UINT32_MAX ? (uint32_t) refcount : UINT32_MAX - 1;
}

static void
walk_node (RscWalk *walk, uint64_t entry)
{
  RscAddress object = UNTAGGED (entry);
  const RscTypeInfo *info = rsc_walk_type (walk, rsc_type_of (object));
  RscWireNode node = { .address = object, .type = info->number };
  uint32_t generation = entry & 7;
  bool container, estimated;

  walk->shared->current_type = info->type;
  walk->visited.used = 0;
  walk->claims.used = 0;
  walk->node_edges = 0;
  container = (info->flags & RSC_PY_FLAG_GC) && (info->is_gc == NULL || info->is_gc ((void *) object));
  if (container && info->traverse != NULL)
    info->traverse ((void *) object, note_visit, walk);

  if (!add_items (walk, object, info))
    {
      rsc_walk_gather_claims (walk, object, info);
      match_claims (walk);
    }

  node.flags = info->node_flags | generation << RSC_WIRE_GENERATION_SHIFT;
  node.refcount = read_refcount (walk, object, &node.flags);
  if (container)
    {
      node.flags |= RSC_WIRE_NODE_CONTAINER;
      if (rsc_word (object - RSC_PY_GC_HEAD, 8) & 1)
        node.flags |= RSC_WIRE_NODE_FINALIZED;
    }
  if (generation != RSC_WIRE_GENERATION_NONE)
    node.flags |= RSC_WIRE_NODE_TRACKED;
  if (info->weaklist_offset != 0 && rsc_word (object, (size_t) info->weaklist_offset) != 0
      && (info->kind != RSC_KIND_TYPE || container))
    node.flags |= RSC_WIRE_NODE_HAS_WEAKREFS;
  if (info->kind == RSC_KIND_MODULE && rsc_map_get (&walk->proper_modules, object))
    node.flags |= RSC_WIRE_NODE_PROPER_MODULE;
  node.size = rsc_walk_size (walk, object, info, container, &estimated);
  if (estimated)
    node.flags |= RSC_WIRE_NODE_SIZE_ESTIMATED;
  rsc_walk_value (walk, object, info, &node);
  node.n_edges = (uint32_t) walk->node_edges;
  rsc_buffer_append (walk, &walk->nodes, &node, sizeof node);
  walk->n_nodes_out++;
}

static void
find_tracked (RscWalk *walk, RscWalkInterpreter *interpreter)
{
  for (unsigned g = 0; g < 4; g++)
    for (RscAddress at = rsc_word (interpreter->heads[g], 0) & ~UINT64_C (3); at != interpreter->heads[g];
         at = rsc_word (at, 0) & ~UINT64_C (3))
      {
        RscAddress object = at + RSC_PY_GC_HEAD;
        uint64_t entry = object | g;
        uint32_t *slot;

        __builtin_prefetch ((const void *) (rsc_word (at, 0) & ~UINT64_C (3)));
        if (rsc_walk_is_excluded (walk, object))
          {
            interpreter->hidden[g] += object != (RscAddress) walk->marker;
            continue;
          }
        slot = rsc_walk_slot (walk, object);
        if (*slot != 0)
          continue;
        if (walk->objects.used / sizeof (uint64_t) >= UINT32_MAX - 2)
          rsc_walk_fail (walk, RSC_SENTENCE_TOO_MANY_OBJECTS, NULL, NULL);
        rsc_vector_append (walk, &walk->objects, &entry, sizeof entry);
        *slot = (uint32_t) (walk->objects.used / sizeof (uint64_t));
        interpreter->generation_objects[g]++;
      }
}

/* What the objects in the work list refer to, until nothing new comes. */
static void
walk_all (RscWalk *walk)
{
  for (size_t i = walk->n_nodes_out;; i++)
    {
      size_t n = walk->objects.used / sizeof (uint64_t);

      if (i == n)
        {
          resolve_pending (walk);
          n = walk->objects.used / sizeof (uint64_t);
          if (i == n)
            break;
        }
      if (walk->is_cancelled != NULL && i % CANCEL_INTERVAL == 0 && walk->is_cancelled ())
        rsc_walk_fail (walk, RSC_SENTENCE_CANCELLED, NULL, NULL);
      if (i + PREFETCH_AHEAD < n)
        {
          const uint64_t *entries = walk->objects.data;
          RscAddress ahead = UNTAGGED (entries[i + PREFETCH_AHEAD]);

          __builtin_prefetch ((const void *) ahead);
          __builtin_prefetch ((const void *) (ahead + 64));
        }
      walk_node (walk, ((const uint64_t *) walk->objects.data)[i]);
    }
}

/* A node for each running function that is no object, behind all others. */
static void
write_frames (RscWalk *walk)
{
  RscRunningFrame *frames = walk->running.data;
  size_t n = walk->running.used / sizeof *frames;
  uint32_t synthetic = (uint32_t) (walk->objects.used / sizeof (uint64_t)), type = rsc_walk_type (walk, walk->t_frame)->number;

  for (size_t i = 0; i < n; i++)
    {
      RscWireFrame frame = { .thread = frames[i].thread, .function = frames[i].function, .file = frames[i].file,
                             .line = frames[i].line };

      if (frames[i].object != 0)
        frame.node = rsc_walk_number (walk, frames[i].object);
      else
        {
          RscWireNode node = { .type = type, .refcount = UINT32_MAX, .value = frames[i].name };

          node.flags = RSC_WIRE_NODE_SYNTHETIC | (uint32_t) RSC_WIRE_VALUE_STRING << RSC_WIRE_VALUE_SHIFT
                       | RSC_WIRE_GENERATION_NONE << RSC_WIRE_GENERATION_SHIFT;
          walk->claims.used = walk->visited.used = 0;
          walk->node_edges = 0;
          rsc_walk_claim_frame (walk, frames[i].iframe, RSC_CLAIM_EXTRA);
          match_claims (walk);
          node.n_edges = (uint32_t) walk->node_edges;
          rsc_buffer_append (walk, &walk->nodes, &node, sizeof node);
          walk->n_nodes_out++;
          frame.node = synthetic++;
        }
      frames[i].object = frame.node; /* for the roots */
      rsc_vector_append (walk, &walk->frames, &frame, sizeof frame);
    }
  resolve_pending (walk);
}

/* Where there are several: a node for each, which refers to what is its own, and is a root.  Behind all others. */
static void
write_interpreters (RscWalk *walk)
{
  RscWireType type = { .node = UINT32_MAX, .name = rsc_walk_label (walk, "interpreter") };

  if (walk->n_interpreters == 1)
    return;
  rsc_vector_append (walk, &walk->types, &type, sizeof type);
  for (unsigned i = 0; i < walk->n_interpreters; i++)
    {
      const RscWalkInterpreter *interpreter = &walk->interpreters[i];
      RscWireNode node = { .type = walk->n_types, .refcount = UINT32_MAX };
      RscWireRoot root = { .node = (uint32_t) walk->n_nodes_out, .kind = RSC_WIRE_ROOT_INTERPRETER, .thread = UINT32_MAX };

      node.value = rsc_walk_interpreter_name (walk, interpreter, "");
      root.name = rsc_walk_interpreter_name (walk, interpreter, "interpreter-");

      node.flags = RSC_WIRE_NODE_SYNTHETIC | (uint32_t) RSC_WIRE_VALUE_STRING << RSC_WIRE_VALUE_SHIFT
                   | RSC_WIRE_GENERATION_NONE << RSC_WIRE_GENERATION_SHIFT;
      walk->claims.used = walk->visited.used = 0;
      walk->node_edges = 0;
      rsc_walk_claim_interpreter (walk, interpreter);
      match_claims (walk);
      node.n_edges = (uint32_t) walk->node_edges;
      rsc_buffer_append (walk, &walk->nodes, &node, sizeof node);
      walk->n_nodes_out++;
      rsc_vector_append (walk, &walk->roots, &root, sizeof root);
    }
  walk->n_types++;
  resolve_pending (walk);
}

/* What only a running function refers to, and the type of all frames, have to
 * have their numbers before the synthetic nodes begin. */
static void
find_frame_targets (RscWalk *walk)
{
  const RscRunningFrame *frames = walk->running.data;
  size_t n = walk->running.used / sizeof *frames;

  rsc_walk_type (walk, walk->t_frame);
  for (size_t i = 0; i < n; i++)
    {
      const RscClaim *claims;

      if (frames[i].object != 0)
        continue;
      walk->claims.used = 0;
      rsc_walk_claim_frame (walk, frames[i].iframe, RSC_CLAIM_EXTRA);
      claims = walk->claims.data;
      for (size_t c = 0; c < walk->claims.used / sizeof *claims; c++)
        if (!rsc_walk_is_excluded (walk, claims[c].target))
          rsc_walk_number (walk, claims[c].target);
    }
}

static void
write_roots (RscWalk *walk)
{
  const RscPendingRoot *roots = walk->pending_roots.data;
  const RscRunningFrame *frames = walk->running.data;
  size_t n = walk->pending_roots.used / sizeof *roots;

  for (size_t i = 0; i < n; i++)
    {
      RscWireRoot root = { .kind = roots[i].kind, .thread = roots[i].thread, .name = roots[i].name };

      root.node = roots[i].frame != 0 ? (uint32_t) frames[roots[i].frame - 1].object : rsc_walk_number (walk, roots[i].object);
      rsc_vector_append (walk, &walk->roots, &root, sizeof root);
    }
}

static void
run (RscWalk *walk)
{
  rsc_walk_output_begin (walk);
  rsc_vector_reserve (walk, &walk->pending, MAX_PENDING * sizeof (RscPendingEdge));
  rsc_vector_reserve (walk, &walk->visited, 65536);
  rsc_vector_reserve (walk, &walk->claims, 65536);
  for (unsigned i = 0; i < walk->n_interpreters; i++)
    find_tracked (walk, &walk->interpreters[i]);
  rsc_walk_find_threads (walk);
  rsc_walk_find_roots (walk);
  find_frame_targets (walk);
  rsc_walk_find_names (walk);
  walk_all (walk);
  write_frames (walk);
  write_roots (walk);
  write_interpreters (walk);
  for (unsigned i = 0; i < walk->n_interpreters; i++)
    if (walk->interpreters[i].collecting)
      {
        rsc_walk_note (walk, RSC_SENTENCE_COLLECTION_RUNNING, NULL);
        break;
      }
  if (walk->n_not_captured > 0)
    {
      char number[24];

      rsc_walk_note (walk, RSC_SENTENCE_NOT_CAPTURED_INTERPRETERS, rsc_wire_sentence_number (number, walk->n_not_captured));
    }
  walk->shared->current_type = 0;
  rsc_walk_output_end (walk);
}

int
rsc_walk_run (RscWalk *walk, int fd)
{
  walk->fd = fd;
  if (_setjmp (walk->failure) != 0)
    return -1;
  run (walk);
  return 0;
}

const char *
rsc_walk_get_error (RscWalk *walk)
{
  return walk->shared->error;
}

void
rsc_walk_note_fault (RscWalk *walk, int signum)
{
  static const struct
  {
    int signum;
    const char *name;
  } names[] = { { SIGSEGV, "SIGSEGV" }, { SIGBUS, "SIGBUS" }, { SIGILL, "SIGILL" }, { SIGFPE, "SIGFPE" }, { SIGABRT, "SIGABRT" } };
  RscAddress type = walk->shared->current_type;
  const char *signal_name = "a signal", *name = NULL;
  char type_name[97];
  size_t length = 0;

  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (names[i].signum == signum)
      signal_name = names[i].name;
  if (type != 0)
    name = (const char *) (uintptr_t) rsc_word (type, RSC_PY_TP_NAME);
  for (; name != NULL && length < sizeof type_name - 1 && name[length] != '\0'; length++)
    type_name[length] = name[length];
  type_name[length] = '\0';
  rsc_wire_sentence_write (walk->shared->error, name != NULL ? RSC_SENTENCE_FAULT_IN_TYPE : RSC_SENTENCE_FAULT,
                           signal_name, type_name);
}

void
rsc_walk_note_death (RscWalk *walk, int signum)
{
  char number[24];

  if (walk->shared->error[0] == '\0')
    rsc_wire_sentence_write (walk->shared->error, RSC_SENTENCE_CHILD_KILLED,
                             rsc_wire_sentence_number (number, (uint64_t) signum), NULL);
}

void
rsc_walk_set_pause (RscWalk *walk, uint64_t nanoseconds)
{
  walk->shared->pause_ns = nanoseconds;
}

uint32_t *
rsc_walk_get_word (RscWalk *walk)
{
  return &walk->shared->word;
}
