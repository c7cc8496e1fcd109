/* Loaded into an interpreter by walk_check.py: one walk, in place. */
#include "agent/rsc-walk-private.h"

/* GIL held (ctypes.PyDLL).  NULL, or a sentence. */
__attribute__ ((visibility ("default"))) const char *rsc_probe_walk (int fd);

/* Bytes of 8 each: the key's two, and what comes of it. */
__attribute__ ((visibility ("default"))) uint64_t rsc_probe_sip_hash (const uint64_t key[2], const void *data, size_t size);

uint64_t
rsc_probe_sip_hash (const uint64_t key[2], const void *data, size_t size)
{
  return rsc_walk_sip_hash (key, data, size);
}

static const char *
say (const char *written)
{
  static char sentence[2 * RSC_WIRE_SENTENCE_SIZE];
  char parameters[RSC_WIRE_SENTENCE_PARAMETERS][RSC_WIRE_SENTENCE_SIZE];

  rsc_wire_sentence_format (sentence, sizeof sentence,
                            rsc_wire_sentence_get_message (rsc_wire_sentence_read (written, parameters)), parameters);
  return sentence;
}

const char *
rsc_probe_walk (int fd)
{
  char error[RSC_WALK_ERROR_SIZE];
  RscWalkOptions options = { .in_place = 1 };
  RscWalk *walk = rsc_walk_prepare (&options, error);
  const char *sentence = NULL;

  if (walk == NULL)
    return say (error);
  if (rsc_walk_run (walk, fd) != 0)
    sentence = say (rsc_walk_get_error (walk));
  rsc_walk_finish (walk);
  return sentence;
}
