/* XXH64, the published 64-bit hash: sums of file blocks, and hash tables.
 *
 * Four lanes of multiply and rotate run at memory speed without special
 * instructions; every round is a bijection, so that no single changed word of a
 * stripe can go unseen within its lane, and unrelated damage is missed once in
 * 2^64.  It is no protection against someone who forges a file: offsets are
 * checked besides. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

guint64 rsc_hash_bytes (const void *data, gsize size, guint64 seed);

/* A good mix of one number, for tables keyed by addresses and indices. */
static inline guint64
rsc_hash_number (guint64 x)
{
  x ^= x >> 32;
  x *= G_GUINT64_CONSTANT (0x9fb21c651e98df25);
  x ^= x >> 28;
  return x;
}

G_END_DECLS
