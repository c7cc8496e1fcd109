/* The walk's memory: everything is mapped, nothing comes from the program's heap. */
#include "rsc-walk-private.h"

#include <sys/mman.h>
#include <sys/resource.h>

#define ARENA_SIZE (1024 * 1024)
#define PAGE_NUMBERS 256 /* of 16 bytes in 4096 */

void
rsc_walk_fail (RscWalk *walk, RscSentence sentence, const char *a, const char *b)
{
  if (walk->shared->error[0] == '\0')
    rsc_wire_sentence_write (walk->shared->error, sentence, a, b);
  longjmp (walk->failure, 1);
}

/* A limit of the program's own, which somebody may raise, or the machine's. */
void
rsc_walk_write_no_memory (char error[RSC_WALK_ERROR_SIZE])
{
  static const struct
  {
    int resource;
    const char *name;
  } limits[] = { { RLIMIT_AS, "RLIMIT_AS, ulimit -v" }, { RLIMIT_DATA, "RLIMIT_DATA, ulimit -d" } };

  for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
    {
      struct rlimit limit;
      char buffer[24];

      if (getrlimit ((__rlimit_resource_t) limits[i].resource, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        {
          rsc_wire_sentence_write (error, RSC_SENTENCE_MEMORY_LIMIT, limits[i].name,
                                   rsc_wire_sentence_number (buffer, limit.rlim_cur / (1024 * 1024)));
          return;
        }
    }
  rsc_wire_sentence_write (error, RSC_SENTENCE_NO_MEMORY, NULL, NULL);
}

void
rsc_walk_fail_memory (RscWalk *walk)
{
  if (walk->shared->error[0] == '\0')
    rsc_walk_write_no_memory (walk->shared->error);
  longjmp (walk->failure, 1);
}

void *
rsc_walk_map (size_t size)
{
  void *data = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  return data == MAP_FAILED ? NULL : data;
}

void *
rsc_walk_alloc (RscWalk *walk, size_t size)
{
  void *data;

  size = (size + 15) & ~(size_t) 15;
  if (size > walk->arena_left)
    {
      size_t chunk = size > ARENA_SIZE ? size : ARENA_SIZE;

      /* The chunk begins with where the one before is, and its own size. */
      chunk += 16;
      data = rsc_walk_map (chunk);
      if (data == NULL)
        rsc_walk_fail_memory (walk);
      ((uint64_t *) data)[0] = (uint64_t) (uintptr_t) walk->arena_chunk;
      ((uint64_t *) data)[1] = chunk;
      walk->arena_chunk = data;
      walk->arena = (uint8_t *) data + 16;
      walk->arena_left = chunk - 16;
    }
  data = walk->arena;
  walk->arena += size;
  walk->arena_left -= size;
  return data;
}

/* Room for @size more bytes. */
void
rsc_vector_reserve (RscWalk *walk, RscVector *vector, size_t size)
{
  size_t capacity = vector->capacity ? vector->capacity : 65536;
  void *data;

  if (vector->used + size <= vector->capacity)
    return;
  while (capacity < vector->used + size)
    capacity *= 2;
  data = vector->data == NULL ? rsc_walk_map (capacity) : mremap (vector->data, vector->capacity, capacity, MREMAP_MAYMOVE);
  if (data == NULL || data == MAP_FAILED)
    rsc_walk_fail_memory (walk);
  vector->data = data;
  vector->capacity = capacity;
}

void
rsc_vector_append (RscWalk *walk, RscVector *vector, const void *data, size_t size)
{
  rsc_vector_reserve (walk, vector, size);
  memcpy ((uint8_t *) vector->data + vector->used, data, size);
  vector->used += size;
}

static size_t
map_index (const RscMap *map, uint64_t key)
{
  size_t i = (key >> 3) * UINT64_C (0x9E3779B97F4A7C15) >> 20;

  for (i &= map->capacity - 1; map->pairs[i].key != 0 && map->pairs[i].key != key;)
    i = (i + 1) & (map->capacity - 1);
  return i;
}

uint64_t *
rsc_map_at (RscWalk *walk, RscMap *map, uint64_t key)
{
  size_t i;

  if (map->n * 2 >= map->capacity)
    {
      RscMap old = *map;

      map->capacity = old.capacity ? old.capacity * 2 : 4096;
      map->pairs = rsc_walk_map (map->capacity * sizeof (RscPair));
      if (map->pairs == NULL)
        rsc_walk_fail_memory (walk);
      for (i = 0; i < old.capacity; i++)
        if (old.pairs[i].key != 0)
          map->pairs[map_index (map, old.pairs[i].key)] = old.pairs[i];
      if (old.pairs != NULL)
        munmap (old.pairs, old.capacity * sizeof (RscPair));
    }
  i = map_index (map, key);
  if (map->pairs[i].key == 0)
    {
      map->pairs[i].key = key;
      map->n++;
    }
  return &map->pairs[i].value;
}

uint64_t
rsc_map_get (const RscMap *map, uint64_t key)
{
  size_t i;

  if (map->n == 0)
    return 0;
  i = map_index (map, key);
  return map->pairs[i].key == key ? map->pairs[i].value : 0;
}

static size_t
page_index (const RscPage *pages, size_t capacity, uint64_t page)
{
  size_t i = page * UINT64_C (0x9E3779B97F4A7C15) >> 24;

  for (i &= capacity - 1; pages[i].numbers != NULL && pages[i].page != page;)
    i = (i + 1) & (capacity - 1);
  return i;
}

/* The numbers of a page of the program's memory stand together, in the order of
 * the addresses: objects that are neighbours there are neighbours here, and two
 * objects never begin within the same 16 bytes. */
uint32_t *
rsc_walk_slot_slow (RscWalk *walk, RscAddress object)
{
  uint64_t page = object >> 12;
  size_t i;

  if (walk->n_pages * 2 >= walk->page_capacity)
    {
      size_t capacity = walk->page_capacity ? walk->page_capacity * 2 : 16384;
      RscPage *pages = rsc_walk_map (capacity * sizeof (RscPage));

      if (pages == NULL)
        rsc_walk_fail_memory (walk);
      for (i = 0; i < walk->page_capacity; i++)
        if (walk->pages[i].numbers != NULL)
          pages[page_index (pages, capacity, walk->pages[i].page)] = walk->pages[i];
      if (walk->pages != NULL)
        munmap (walk->pages, walk->page_capacity * sizeof (RscPage));
      walk->pages = pages;
      walk->page_capacity = capacity;
    }
  i = page_index (walk->pages, walk->page_capacity, page);
  if (walk->pages[i].numbers == NULL)
    {
      walk->pages[i].page = page;
      walk->pages[i].numbers = rsc_walk_alloc (walk, PAGE_NUMBERS * sizeof (uint32_t));
      walk->n_pages++;
    }
  walk->last_page = walk->pages[i];
  return &walk->pages[i].numbers[(object & 4095) >> 4];
}

bool
rsc_walk_is_excluded (const RscWalk *walk, RscAddress object)
{
  if (!rsc_walk_filter (walk, object))
    return false;
  for (unsigned i = 0; i < walk->n_excluded; i++)
    if (walk->excluded[i] == object)
      return true;
  return false;
}

void
rsc_vector_free (RscVector *vector)
{
  if (vector->data != NULL)
    munmap (vector->data, vector->capacity);
  *vector = (RscVector) { NULL, 0, 0 };
}

static void
free_map (RscMap *map)
{
  if (map->pairs != NULL)
    munmap (map->pairs, map->capacity * sizeof (RscPair));
  *map = (RscMap) { NULL, 0, 0 };
}

void
rsc_walk_free_memory (RscWalk *walk)
{
  RscVector *vectors[] = {
    &walk->types, &walk->threads, &walk->frames, &walk->roots, &walk->notes, &walk->running, &walk->pending_roots,
    &walk->objects, &walk->visited, &walk->claims, &walk->pending,
  };
  RscBuffer *buffers[] = { &walk->nodes, &walk->edges, &walk->strings };

  for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
    rsc_vector_free (vectors[i]);
  for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++)
    if (buffers[i]->data != NULL)
      munmap (buffers[i]->data, RSC_BUFFER_SIZE);
  free_map (&walk->names);
  free_map (&walk->proper_modules);
  free_map (&walk->code_names);
  free_map (&walk->corrections);
  if (walk->pages != NULL)
    munmap (walk->pages, walk->page_capacity * sizeof (RscPage));
  while (walk->arena_chunk != NULL)
    {
      uint64_t *chunk = walk->arena_chunk;

      walk->arena_chunk = (void *) (uintptr_t) chunk[0];
      munmap (chunk, chunk[1]);
    }
}
