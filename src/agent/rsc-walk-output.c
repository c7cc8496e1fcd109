/* The stream: chunks of at most RSC_BUFFER_SIZE, but for the few that are whole, and the header at the end. */
#include "rsc-walk-private.h"

#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

void
rsc_text_append (RscText *text, const char *data, size_t size)
{
  if (size > sizeof text->data - 1 - text->used)
    size = sizeof text->data - 1 - text->used;
  memcpy (text->data + text->used, data, size);
  text->used += size;
  text->data[text->used] = '\0';
}

void
rsc_text_append_string (RscText *text, const char *string)
{
  rsc_text_append (text, string, strlen (string));
}

void
rsc_text_append_number (RscText *text, uint64_t number)
{
  char digits[20];
  size_t n = 0;

  do
    digits[sizeof digits - ++n] = (char) ('0' + number % 10);
  while ((number /= 10) != 0);
  rsc_text_append (text, digits + sizeof digits - n, n);
}

static _Noreturn void
fail_write (RscWalk *walk, int code)
{
  char written[24], number[24];
  RscSentence sentence = code == EFBIG ? RSC_SENTENCE_WRITE_FILE_LIMIT
                         : code == ENOSPC || code == ENOMEM ? RSC_SENTENCE_WRITE_NO_MEMORY
                         : code == 0 ? RSC_SENTENCE_WRITE_NOTHING
                         : RSC_SENTENCE_WRITE_ERROR;

  rsc_walk_fail (walk, sentence, rsc_wire_sentence_number (written, walk->offset),
                 sentence == RSC_SENTENCE_WRITE_ERROR ? rsc_wire_sentence_number (number, (uint64_t) code) : NULL);
}

static void
write_all (RscWalk *walk, const void *data, size_t size, uint64_t offset)
{
  const uint8_t *from = data;

  while (size > 0)
    {
      ssize_t n = pwrite (walk->fd, from, size, (off_t) offset);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        fail_write (walk, n < 0 ? errno : 0);
      from += n;
      size -= (size_t) n;
      offset += (uint64_t) n;
    }
}

static void
write_chunk (RscWalk *walk, uint32_t kind, const void *data, size_t used)
{
  static const uint8_t zeros[8];
  size_t padding = (8 - used % 8) % 8;
  RscWireChunk chunk = { .kind = kind, .size = used + padding, .used = used };

  if (used == 0)
    return;
  write_all (walk, &chunk, sizeof chunk, walk->offset);
  write_all (walk, data, used, walk->offset + sizeof chunk);
  write_all (walk, zeros, padding, walk->offset + sizeof chunk + used);
  walk->offset += sizeof chunk + used + padding;
}

static void
buffer_flush (RscWalk *walk, RscBuffer *buffer)
{
  write_chunk (walk, buffer->kind, buffer->data, buffer->used);
  buffer->used = 0;
}

void
rsc_buffer_append (RscWalk *walk, RscBuffer *buffer, const void *data, size_t size)
{
  if (buffer->used + size > RSC_BUFFER_SIZE)
    buffer_flush (walk, buffer);
  memcpy (buffer->data + buffer->used, data, size);
  buffer->used += size;
}

static void
write_header (RscWalk *walk, uint32_t state)
{
  RscWireHeapHeader header = {
    .magic = RSC_WIRE_HEAP_MAGIC,
    .version = RSC_WIRE_HEAP_VERSION,
    .state = state,
    .n_nodes = walk->n_nodes_out,
    .n_edges = walk->n_edges_out,
    .n_strings = walk->n_strings,
    .size = walk->offset,
  };

  write_all (walk, &header, sizeof header, 0);
}

static void
buffer_init (RscWalk *walk, RscBuffer *buffer, uint32_t kind)
{
  buffer->kind = kind;
  buffer->used = 0;
  buffer->data = rsc_walk_map (RSC_BUFFER_SIZE);
  if (buffer->data == NULL)
    rsc_walk_fail_memory (walk);
}

void
rsc_walk_output_begin (RscWalk *walk)
{
  buffer_init (walk, &walk->nodes, RSC_WIRE_CHUNK_NODES);
  buffer_init (walk, &walk->edges, RSC_WIRE_CHUNK_EDGES);
  buffer_init (walk, &walk->strings, RSC_WIRE_CHUNK_STRINGS);
  walk->offset = sizeof (RscWireHeapHeader);
  write_header (walk, RSC_WIRE_STATE_STARTED);
}

static void
write_sub_interpreters (RscWalk *walk)
{
  RscVector records = { NULL, 0, 0 };

  for (unsigned i = 1; i < walk->n_interpreters; i++)
    {
      const RscWalkInterpreter *from = &walk->interpreters[i];
      RscWireInterpreter record = { .id = from->id, .gc_enabled = from->gc.enabled };

      memcpy (record.thresholds, from->gc.thresholds, sizeof record.thresholds);
      memcpy (record.counts, from->gc.counts, sizeof record.counts);
      memcpy (record.collections, from->gc.collections, sizeof record.collections);
      memcpy (record.collected, from->gc.collected, sizeof record.collected);
      memcpy (record.uncollectable, from->gc.uncollectable, sizeof record.uncollectable);
      memcpy (record.generation_objects, from->generation_objects, sizeof record.generation_objects);
      rsc_vector_append (walk, &records, &record, sizeof record);
    }
  write_chunk (walk, RSC_WIRE_CHUNK_INTERPRETERS, records.data, records.used);
  rsc_vector_free (&records);
}

void
rsc_walk_output_end (RscWalk *walk)
{
  const RscWalkInterpreter *main_interpreter = &walk->interpreters[0];
  RscVector info = { NULL, 0, 0 };
  RscWireInfo record = {
    .version_hex = walk->version_hex,
    .gc_enabled = main_interpreter->gc.enabled,
    .frozen = main_interpreter->generation_objects[3],
    .pause_ns = walk->shared->pause_ns,
    .in_place = (uint32_t) walk->in_place | walk->values << RSC_WIRE_INFO_VALUES_SHIFT,
    .n_notes = (uint32_t) (walk->notes.used / sizeof (uint32_t)),
  };

  memcpy (record.thresholds, main_interpreter->gc.thresholds, sizeof record.thresholds);
  memcpy (record.counts, main_interpreter->gc.counts, sizeof record.counts);
  memcpy (record.collections, main_interpreter->gc.collections, sizeof record.collections);
  memcpy (record.collected, main_interpreter->gc.collected, sizeof record.collected);
  memcpy (record.uncollectable, main_interpreter->gc.uncollectable, sizeof record.uncollectable);
  memcpy (record.generation_objects, main_interpreter->generation_objects, sizeof record.generation_objects);

  buffer_flush (walk, &walk->nodes);
  buffer_flush (walk, &walk->edges);
  buffer_flush (walk, &walk->strings);
  write_chunk (walk, RSC_WIRE_CHUNK_TYPES, walk->types.data, walk->types.used);
  write_chunk (walk, RSC_WIRE_CHUNK_THREADS, walk->threads.data, walk->threads.used);
  write_chunk (walk, RSC_WIRE_CHUNK_FRAMES, walk->frames.data, walk->frames.used);
  write_chunk (walk, RSC_WIRE_CHUNK_ROOTS, walk->roots.data, walk->roots.used);
  rsc_vector_append (walk, &info, &record, sizeof record);
  if (walk->notes.used > 0)
    rsc_vector_append (walk, &info, walk->notes.data, walk->notes.used);
  write_chunk (walk, RSC_WIRE_CHUNK_INFO, info.data, info.used);
  write_sub_interpreters (walk);
  if (main_interpreter->gc.has_long_lived)
    {
      RscWireCounter counter = { .long_lived_total = main_interpreter->gc.long_lived[0],
                                 .long_lived_pending = main_interpreter->gc.long_lived[1] };

      memcpy (counter.hidden, main_interpreter->hidden, sizeof counter.hidden);
      write_chunk (walk, RSC_WIRE_CHUNK_COUNTER, &counter, sizeof counter);
    }
  rsc_vector_free (&info);
  write_header (walk, RSC_WIRE_STATE_DONE);
}

uint32_t
rsc_walk_add_string (RscWalk *walk, const void *data, size_t size)
{
  uint32_t length = (uint32_t) size;

  if (size == 0)
    return 0;
  if (walk->strings.used + sizeof length + size > RSC_BUFFER_SIZE)
    buffer_flush (walk, &walk->strings);
  memcpy (walk->strings.data + walk->strings.used, &length, sizeof length);
  memcpy (walk->strings.data + walk->strings.used + sizeof length, data, size);
  walk->strings.used += sizeof length + size;
  if (walk->n_strings == UINT32_MAX - 1)
    rsc_walk_fail (walk, RSC_SENTENCE_TOO_MANY_TEXTS, NULL, NULL);
  return ++walk->n_strings;
}

uint32_t
rsc_walk_name (RscWalk *walk, RscAddress str)
{
  uint64_t *number = rsc_map_at (walk, &walk->names, str);

  if (*number == 0)
    {
      char text[RSC_WALK_MAX_VALUE];
      bool truncated;
      size_t length = rsc_str_read (walk, str, text, sizeof text, &truncated);

      *number = (uint64_t) rsc_walk_add_string (walk, text, length) + 1;
    }
  return (uint32_t) (*number - 1);
}

uint32_t
rsc_walk_label (RscWalk *walk, const char *text)
{
  uint64_t *number = rsc_map_at (walk, &walk->names, (uint64_t) (uintptr_t) text);

  if (*number == 0)
    *number = (uint64_t) rsc_walk_add_string (walk, text, strlen (text)) + 1;
  return (uint32_t) (*number - 1);
}

void
rsc_walk_note (RscWalk *walk, RscSentence sentence, const char *a)
{
  char text[RSC_WIRE_SENTENCE_SIZE];
  uint32_t string;

  rsc_wire_sentence_write (text, sentence, a, NULL);
  string = rsc_walk_add_string (walk, text, strlen (text));

  rsc_vector_append (walk, &walk->notes, &string, sizeof string);
}
