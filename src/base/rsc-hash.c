#include "rsc-hash.h"

#include <string.h>

#define PRIME_1 G_GUINT64_CONSTANT (0x9E3779B185EBCA87)
#define PRIME_2 G_GUINT64_CONSTANT (0xC2B2AE3D27D4EB4F)
#define PRIME_3 G_GUINT64_CONSTANT (0x165667B19E3779F9)
#define PRIME_4 G_GUINT64_CONSTANT (0x85EBCA77C2B2AE63)
#define PRIME_5 G_GUINT64_CONSTANT (0x27D4EB2F165667C5)

static inline guint64
rotate (guint64 x, int bits)
{
  return (x << bits) | (x >> (64 - bits));
}

static inline guint64
read_u64 (const guint8 *at)
{
  guint64 x;

  memcpy (&x, at, sizeof x);
  return GUINT64_FROM_LE (x);
}

static inline guint32
read_u32 (const guint8 *at)
{
  guint32 x;

  memcpy (&x, at, sizeof x);
  return GUINT32_FROM_LE (x);
}

static inline guint64
mix_round (guint64 lane, guint64 input)
{
  return rotate (lane + input * PRIME_2, 31) * PRIME_1;
}

static inline guint64
merge_lane (guint64 hash, guint64 lane)
{
  return (hash ^ mix_round (0, lane)) * PRIME_1 + PRIME_4;
}

guint64
rsc_hash_bytes (const void *data, gsize size, guint64 seed)
{
  const guint8 *at = data;
  gsize left = size;
  guint64 hash;

  if (left >= 32)
    {
      guint64 a = seed + PRIME_1 + PRIME_2;
      guint64 b = seed + PRIME_2;
      guint64 c = seed;
      guint64 d = seed - PRIME_1;

      for (; left >= 32; at += 32, left -= 32)
        {
          a = mix_round (a, read_u64 (at));
          b = mix_round (b, read_u64 (at + 8));
          c = mix_round (c, read_u64 (at + 16));
          d = mix_round (d, read_u64 (at + 24));
        }
      hash = rotate (a, 1) + rotate (b, 7) + rotate (c, 12) + rotate (d, 18);
      hash = merge_lane (hash, a);
      hash = merge_lane (hash, b);
      hash = merge_lane (hash, c);
      hash = merge_lane (hash, d);
    }
  else
    {
      hash = seed + PRIME_5;
    }

  hash += size;
  for (; left >= 8; at += 8, left -= 8)
    hash = rotate (hash ^ mix_round (0, read_u64 (at)), 27) * PRIME_1 + PRIME_4;
  if (left >= 4)
    {
      hash = rotate (hash ^ (read_u32 (at) * PRIME_1), 23) * PRIME_2 + PRIME_3;
      at += 4;
      left -= 4;
    }
  for (; left > 0; at++, left--)
    hash = rotate (hash ^ (*at * PRIME_5), 11) * PRIME_1;

  hash ^= hash >> 33;
  hash *= PRIME_2;
  hash ^= hash >> 29;
  hash *= PRIME_3;
  hash ^= hash >> 32;

  return hash;
}
