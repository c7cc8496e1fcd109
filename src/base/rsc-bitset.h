/* A fixed number of bits, one for each node of a snapshot. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  gsize n_bits;
  guint64 words[];
} RscBitset;

/* All bits clear.  Free with rsc_bitset_free(). */
RscBitset *rsc_bitset_new  (gsize n_bits);
void       rsc_bitset_free (RscBitset *self);
/* The number of set bits. */
gsize      rsc_bitset_count (const RscBitset *self);

static inline gboolean
rsc_bitset_get (const RscBitset *self, gsize bit)
{
  return (self->words[bit >> 6] >> (bit & 63)) & 1;
}

static inline void
rsc_bitset_set (RscBitset *self, gsize bit)
{
  self->words[bit >> 6] |= G_GUINT64_CONSTANT (1) << (bit & 63);
}

static inline void
rsc_bitset_unset (RscBitset *self, gsize bit)
{
  self->words[bit >> 6] &= ~(G_GUINT64_CONSTANT (1) << (bit & 63));
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RscBitset, rsc_bitset_free)

G_END_DECLS
